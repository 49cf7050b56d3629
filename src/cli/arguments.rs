//! What may be typed. Help is written here and nowhere else.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Disparity statistics of police stops and detentions, with honest uncertainty.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    arg_required_else_help = true,
    after_help = "\
Examples:
  evenhand run datasets/studies/287g-counties.toml        the whole bundle, into notebooks-out/287g-counties
  evenhand check my-study.toml                            read and count, print and write no estimate
  evenhand verify notebooks-out/287g-counties --data datasets
  evenhand explain stratified                             what is computed, exactly

Exit codes: 0 done; 1 the study or the data is at fault; 2 wrong usage, or a failure of evenhand itself."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command honours.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Print the result as one JSON document
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print nothing but the result and errors
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Work with at most this many threads; results do not depend on it [default: all processors]
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Seed of analyses that draw random numbers [default: the study's]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(super) seed: Option<u64>,
}

/// A seed, or what one looks like.
fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a study: count, estimate, draw, and write the bundle
    #[command(after_help = "\
Examples:
  evenhand run datasets/studies/287g-counties.toml
  evenhand run my-study.toml --out exhibits/my-study
  evenhand run my-study.toml --only disparity --json")]
    Run(RunOptions),
    /// Read, map and count everything a study asks for; print and write no estimate
    #[command(after_help = "\
Examples:
  evenhand check my-study.toml              where every row goes, and what stands in one file only
  evenhand check my-study.toml --charts seen   rows by month and where they went, as charts with their data
  evenhand check my-study.toml --json")]
    Check(CheckOptions),
    /// Look at files that nobody has described and write a study, with a reason for every line
    #[command(after_help = "\
Examples:
  evenhand init stops.csv                                 writes stops.toml
  evenhand init 2015.csv 2016.csv -o stops.toml           several files as one
  evenhand init stops.csv --population residents.csv      with a baseline, for rates per head
  evenhand init stops.csv --json                          the profile of every column, and the proposal")]
    Init(InitOptions),
    /// A first look without a study: rates by group, and the study that made them
    #[command(after_help = "\
Examples:
  evenhand rates stops.csv --group race --by county
  evenhand rates stops.csv --group race --population residents.csv
  evenhand rates counts.csv --group race --events searches --trials stops")]
    Rates(FirstLookOptions),
    /// Propose which names of the counts are which places of a baseline
    #[command(after_help = "\
Examples:
  evenhand match my-study.toml                        the table to standard output
  evenhand match my-study.toml -o matches.csv         to a file that is not there yet
  evenhand match my-study.toml --population acs2017 -o matches.csv

It proposes: the same name, the same but for capitals, punctuation, `County` and `Saint`, the same county code; else a
blank with the names that look nearest. A person decides, and the study says place_match = \"matches.csv\".")]
    Match(MatchOptions),
    /// Check every hash of a bundle, run its study again and compare byte for byte
    #[command(after_help = "\
Examples:
  evenhand verify notebooks-out/287g-counties --data datasets
  evenhand verify received-bundle           without the data: integrity only, and it says so")]
    Verify(VerifyOptions),
    /// One statistic by hand, or many through a pipe
    #[command(after_help = "\
Examples:
  evenhand calc proportion x=12 n=80                      Wilson, 95 %
  evenhand calc two_by_two a=38 n1=190 c=43 n2=363 method=rr_mn level=0.9
  evenhand calc hit_rates hits=30,44,12 searches=100,120,61
  evenhand calc --list                                    every kind with its fields and answers
  evenhand calc --jsonl < requests.jsonl                  one JSON object a line: {\"id\":1,\"kind\":\"proportion\",\"x\":12,\"n\":80}

Undefined numbers are null, with the reason; infinite ends are \"inf\". A line of the pipe that cannot be answered is
answered with an error, the rest goes on, and the exit code is 1.")]
    Calc(CalcOptions),
    /// The smallest disparity that data would find, or the data that a disparity needs
    #[command(after_help = "\
Examples:
  evenhand power --rate 0.04 --group 900 --reference 5000        the ratios found with 80 % power
  evenhand power --rate 0.04 --ratio 1.5                         the trials that a ratio of 1.5 needs
  evenhand power --rate 0.04 --ratio 1.5 --share 0.1 --power 0.9
  evenhand power --rate 0.04 --ratio 1.5 --group 900 --reference 5000

The test is the pooled two-sample Z. Stops are taken as independent: with dispersion phi, divide the trials by phi.")]
    Power(PowerOptions),
    /// Recompute published figures and say which agree
    #[command(after_help = "\
Examples:
  evenhand replicate --all                                every figure that comes with the program
  evenhand replicate CASTANEDA-A-Z HAZELWOOD-197274-Z57   what is known of one, with its inputs and formula
  evenhand replicate --list
  evenhand replicate --all --data ../public-data          with the public files that some figures need
  evenhand replicate --catalogue my-figures.csv           your own list, in the same columns; exit 1 when one differs")]
    Replicate(ReplicateOptions),
    /// Make up data of any size with known truth
    #[command(after_help = "\
Examples:
  evenhand simulate stops -o made-up        rows of stops, residents, a study of them, and the truth
  evenhand simulate stops --explain         what is drawn, exactly")]
    Simulate(super::simulate::SimulateOptions),
    /// Bring public datasets from their publishers, held to their hashes; the only command that uses the network
    #[command(after_help = "\
Examples:
  evenhand fetch --list                            what there is; untried addresses are called so
  evenhand fetch nc-durham ice-arrests             into datasets/fetched/nc-durham and ice-arrests
  evenhand fetch nc-durham --mirror ~/downloads    from a folder that has it; no network is used
  evenhand fetch nc-durham --mirror https://example.org/data --into data

A broken fetch goes on where it broke. Where the catalogue knows no hash, the first fetch writes
it into fetched.toml, and later ones must find the same. Files with other bytes are never
overwritten.")]
    Fetch(FetchOptions),
    /// Write the plan down before the outcomes are read
    #[command(after_help = "\
Examples:
  evenhand lock my-study.toml                into my-study.lock
  evenhand lock my-study.toml --inputs       with the hashes of the input files, read and not counted

A lock holds the plan and the hashes of its own formats and tables of matches. `run` and `check`
then say whether the plan is still the one locked; a report of another plan says what was changed.
A lock says what was planned, not when: it holds no clock, and whoever can write it can write
another. Send it, on the day, to somebody who keeps it: a registry, the court, the other side.")]
    Lock(LockOptions),
    /// Print the JSON schema of the study file, for editors
    #[command(after_help = "\
Examples:
  evenhand schema > study.schema.json                     of a study
  evenhand schema format > format.schema.json             of a format: what a publisher's files hold

An editor that knows TOML schemas (Taplo, Even Better TOML) completes and checks a study whose
first line is
  #:schema ./study.schema.json
A schema says which keys and words there are. Whether they fit each other and the data, `evenhand
check` says.")]
    Schema(SchemaOptions),
    /// Print the completions of a shell
    #[command(after_help = "\
Examples:
  evenhand completions bash > ~/.local/share/bash-completion/completions/evenhand
  evenhand completions fish > ~/.config/fish/completions/evenhand.fish")]
    Completions(CompletionsOptions),
    /// Print the manual page, or write one for every command
    #[command(after_help = "\
Examples:
  evenhand man > evenhand.1
  evenhand man --into ~/.local/share/man/man1             evenhand.1, evenhand-run.1 ...")]
    Man(ManOptions),
    /// Print the page of an analysis, of a format, or of the table of stops
    #[command(after_help = "\
Examples:
  evenhand explain disparity                what is computed, exactly
  evenhand explain stanford-v2              which columns and codes of a publisher's files are read, and what he does not record
  evenhand explain stops                    every column of a stop, and the rules that map a file
  evenhand explain my-agency.toml           the same of a format of your own
  evenhand list analyses; evenhand list formats")]
    Explain(ExplainOptions),
    /// List what there is
    #[command(after_help = "\
Examples:
  evenhand list analyses
  evenhand list columns                     the columns of every result table")]
    List(ListOptions),
}

#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Folder of the bundle [default: notebooks-out/<name of the study>]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// One finding by its name, or all findings of one analysis
    #[arg(long, value_name = "ANALYSIS")]
    pub(super) only: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// New folder for two charts of the rows, by month and by rule, as SVG, PNG and CSV
    #[arg(long, value_name = "DIR")]
    pub(super) charts: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct InitOptions {
    /// The files: rows of stops or published counts, and a population or a register of agreements beside them
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// The study to write; it must not exist [default: the name of the first file, in this folder]
    #[arg(long, short, value_name = "STUDY.toml")]
    pub(super) out: Option<PathBuf>,
    /// A file of people by place and group, the baseline
    #[arg(long, value_name = "FILE")]
    pub(super) population: Option<PathBuf>,
    /// A file of 287(g) agreements
    #[arg(long, value_name = "FILE")]
    pub(super) agreements: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct FirstLookOptions {
    /// Rows of stops, or published counts
    #[arg(value_name = "DATA.csv", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// The column of race or ethnicity
    #[arg(long, value_name = "COLUMN")]
    pub(super) group: String,
    /// The column of places to tell apart
    #[arg(long, value_name = "COLUMN")]
    pub(super) by: Option<String>,
    /// The group that others are compared with
    #[arg(long, value_name = "GROUP")]
    pub(super) reference: Option<String>,
    /// The column of events, where the file holds counts
    #[arg(long, value_name = "COLUMN")]
    pub(super) events: Option<String>,
    /// The column of what the events are counted out of
    #[arg(long, value_name = "COLUMN", requires = "events")]
    pub(super) trials: Option<String>,
    /// A file of people by place and group, the baseline
    #[arg(long, value_name = "POP.csv")]
    pub(super) population: Option<PathBuf>,
    /// The column of people in the baseline
    #[arg(long, value_name = "COLUMN", requires = "population")]
    pub(super) population_column: Option<String>,
    /// The column of groups in the baseline
    #[arg(long, value_name = "COLUMN", requires = "population")]
    pub(super) population_group: Option<String>,
    /// The study to write; it must not exist [default: the name of the first file and `-rates.toml`]
    #[arg(long, short, value_name = "STUDY.toml")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct MatchOptions {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// File of the table, which must not be there yet [default: standard output]
    #[arg(long, short, value_name = "FILE.csv")]
    pub(super) out: Option<PathBuf>,
    /// The baseline, where the study has several
    #[arg(long, value_name = "NAME")]
    pub(super) population: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    /// The folder of the bundle
    #[arg(value_name = "DIR")]
    pub(super) bundle: PathBuf,
    /// Folder that holds the input files, by the paths of the study without their leading `..`
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CalcOptions {
    /// Which statistic
    #[arg(value_name = "KIND", required_unless_present_any = ["jsonl", "list"])]
    pub(super) kind: Option<String>,
    /// Its fields
    #[arg(value_name = "FIELD=VALUE")]
    pub(super) fields: Vec<String>,
    /// Answer requests from standard input, one JSON object a line
    #[arg(long, conflicts_with_all = ["kind", "list"])]
    pub(super) jsonl: bool,
    /// List every kind with its fields and answers
    #[arg(long, conflicts_with = "kind")]
    pub(super) list: bool,
}

#[derive(Debug, Args)]
pub(super) struct PowerOptions {
    /// Rate of the reference group, as a share
    #[arg(long, value_name = "P")]
    pub(super) rate: f64,
    /// Trials of the group
    #[arg(long, value_name = "N", requires = "reference")]
    pub(super) group: Option<u64>,
    /// Trials of the reference group
    #[arg(long, value_name = "N", requires = "group")]
    pub(super) reference: Option<u64>,
    /// Ratio of the group's rate to the reference's
    #[arg(long, value_name = "R", required_unless_present = "group")]
    pub(super) ratio: Option<f64>,
    /// Power wanted [default: 0.8]
    #[arg(long, value_name = "P")]
    pub(super) power: Option<f64>,
    /// Share of the group in all trials, where a sample is planned [default: 0.5]
    #[arg(long, value_name = "P")]
    pub(super) share: Option<f64>,
    /// Confidence level [default: 0.95]
    #[arg(long, value_name = "P")]
    pub(super) level: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct ReplicateOptions {
    /// Figures by their names
    #[arg(value_name = "ID", required_unless_present_any = ["all", "list", "catalogue"])]
    pub(super) ids: Vec<String>,
    /// Every figure
    #[arg(long, conflicts_with_all = ["ids", "list"])]
    pub(super) all: bool,
    /// List the figures
    #[arg(long, conflicts_with = "ids")]
    pub(super) list: bool,
    /// A catalogue of your own instead of the one that comes with the program
    #[arg(long, value_name = "FILE.csv")]
    pub(super) catalogue: Option<PathBuf>,
    /// Folder of the data that some figures need and that do not come with the program
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct FetchOptions {
    /// Datasets by their names
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub(super) names: Vec<String>,
    /// List the datasets
    #[arg(long, conflicts_with = "names")]
    pub(super) list: bool,
    /// A folder, or an address with https, that has the files by their names; it is looked at instead of their addresses
    #[arg(long, value_name = "DIR|URL")]
    pub(super) mirror: Option<String>,
    /// Folder of the datasets; each gets a folder of its name in it
    #[arg(long, value_name = "DIR", default_value = crate::fetch::INTO)]
    pub(super) into: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct LockOptions {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Lock the bytes of the input files too
    #[arg(long)]
    pub(super) inputs: bool,
    /// Lock a plan that was changed; the lock before is kept as STUDY.lock.1
    #[arg(long)]
    pub(super) again: bool,
}

#[derive(Debug, Args)]
pub(super) struct SchemaOptions {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaOf::Study)]
    pub(super) of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SchemaOf {
    /// The study file
    Study,
    /// A study's own format
    Format,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManOptions {
    /// Write one page for every command into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) into: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// An analysis, a format by its name or its file, `stops` or `agreements`
    #[arg(value_name = "PAGE", value_parser = super::explain::known_page)]
    pub(super) what: String,
}

#[derive(Debug, Args)]
pub(super) struct ListOptions {
    /// Of what
    #[arg(value_enum)]
    pub(super) what: Catalogue,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Catalogue {
    /// The questions a study may ask
    Analyses,
    /// What kinds of file can be read
    Formats,
    /// The data that come with the source, and those that can be fetched
    Datasets,
    /// The charts
    Charts,
    /// The columns of every result table
    Columns,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_contradict_nothing() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
