//! Files become tables: counts enter at the waist, populations become baselines, agreements become the register.
//!
//! Each table of the study file that describes data is a struct of this layer. Rows of stops are described here
//! ([`StopsConfig`]) and counted by [`crate::engines`].

mod ages;
mod agreements;
mod at;
mod bind;
mod blocks;
mod column;
mod counts;
mod csv_file;
mod daylight;
mod formats;
mod header;
mod join;
mod key_column;
mod layout;
mod listing;
mod moments;
mod notation;
mod periods;
mod population;
mod row_counts;
mod row_filter;
mod rows;
mod same_stop;
mod schema;
mod seen;
pub mod sniff;
mod stops;

pub use ages::AgeReader;
pub use agreements::{
    Agreement, AgreementColumns, AgreementsConfig, ColumnName, DateRule, Join, Kind, Level,
    PAGE as AGREEMENTS_PAGE, PlannedStatus, ProgramWords, Register, Statewide, Status,
    StatusConfig, StatusWords, Statuses, UndatedRule, UnknownEnd, Whereabouts,
    planned as planned_statuses, read_agreements,
};
pub use at::At;
pub use blocks::Block;
pub use column::{ColumnRule, ColumnSource, ReadAs, bases_of, known_bases};
pub use counts::{
    CountsConfig, CountsFragment, EventsAre, Lines, PublishedCounts, WideCounts, read_counts,
};
pub(crate) use counts::{UnlistedCodes, group_of};
pub(crate) use csv_file::hex;
pub use csv_file::{CsvFile, Row, Rows, quoted_or_blank, sha256, sha256_of_file};
pub use daylight::{DaylightConfig, PlacePoint, PointColumns, placed};
pub use formats::{Checked, Fingerprint, Format, Question, shipped as shipped_formats};
pub use join::{JoinConfig, Joined};
pub use key_column::KeyColumn;
pub use layout::{HeaderRow, Layout, Separator, SheetChoice, TextEncoding};
pub(crate) use listing::{ListRow, read_list};
pub use moments::{ClockReader, MINUTES, Moment, MomentReader, Odd};
pub use notation::{DecimalMark, NoNumber, Notation, ThousandsMark};
pub use periods::{PartOfYear, Period, PeriodConfig, Periods, PeriodsConfig};
pub use population::{
    Addend, Baseline, BlankMargin, Codes, CommutingConfig, CountyChange, FROM, How, People,
    PlaceMatch, PopulationConfig, PopulationFragment, Proposal, ReadPopulation, TO, Wide,
    WideGroup, counts_of, county_changes, from_counts, nearest, propose, read_population,
    why_not_there,
};
pub use row_counts::{NO, OutOf, RowCounts, YES, counts_of_key, says_key};
pub use row_filter::{CompiledFilter, RowFilter};
pub use rows::{Fields, Record, Split};
pub use same_stop::SameStop;
pub(crate) use seen::Seen;
pub use stops::{Columns, OutcomeCodes, StopsConfig, UnclearRule, Unit, is_pattern};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::error::{Error, repeated};
use crate::stops::{Dropped, SourceLedger};
use crate::warning::Warning;

/// Holds the years that counts or rows are said to cover.
///
/// # Errors
/// They are not above 0.
fn check_years(years: Option<&Spanned<f64>>) -> Result<(), Error> {
    match years {
        Some(years) if !(years.get_ref().is_finite() && *years.get_ref() > 0.0) => {
            Err(Error::study(
                years.span(),
                format!("found {} years", years.get_ref()),
                "the number of years that are covered is above 0: years = 2.0",
            ))
        }
        _ => Ok(()),
    }
}

/// Holds the columns over which rows are added up against those that are mapped.
///
/// # Errors
/// A column that the table uses already.
fn check_summed<'a>(
    names: &[Spanned<String>],
    mapped: impl Iterator<Item = &'a Spanned<String>> + Clone,
) -> Result<(), Error> {
    if let Some(name) = repeated(names) {
        return Err(Error::study(
            name.span(),
            format!("column `{}` stands there twice", name.get_ref()),
            "name each column once",
        ));
    }
    match names.iter().find(|name| {
        mapped
            .clone()
            .any(|column| column.get_ref() == name.get_ref())
    }) {
        None => Ok(()),
        Some(name) => Err(Error::study(
            name.span(),
            format!(
                "column `{}` is used already, so rows cannot be added up over it",
                name.get_ref()
            ),
            "take it out of one of the two",
        )),
    }
}

/// Notes a cell down, which is to stand there once.
fn once(
    first_line: &mut BTreeMap<Vec<String>, u64>,
    row: Vec<String>,
    at: &At<'_>,
    hint: &str,
) -> Result<(), Error> {
    if let Some(first) = first_line.get(&row) {
        let message = format!(
            "the cell {} stands here again, first on {}",
            row.join(" / "),
            at.shown(*first)
        );
        return Err(at.fault(message, hint).into());
    }
    first_line.insert(row, at.mark());
    Ok(())
}

/// The remark in the account of the rows, where some are added up.
fn summed_note(columns: &[Spanned<String>]) -> Option<String> {
    let names: Vec<&str> = columns
        .iter()
        .map(|column| column.get_ref().as_str())
        .collect();
    (!names.is_empty()).then(|| format!("rows of a cell are added up over {}", names.join(", ")))
}

/// A filter of the study that fits no row was meant for other rows, so it is a caution.
fn silent_filters(ledger: &SourceLedger, filters: usize) -> Vec<Warning> {
    let silent = ledger.dropped.iter().take(filters).filter(|d| d.rows == 0);
    let warning = |d: &Dropped| Warning::FilterNeverFired {
        source: ledger.source.clone(),
        rule: d.rule.clone(),
    };
    silent.map(warning).collect()
}

/// Where the files of a study are: beside the study file, or below a folder given to `verify --data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataRoot {
    /// Paths are relative to this folder, the one of the study file.
    BesideStudy(PathBuf),
    /// Paths lose their leading `..` and are looked for below this folder.
    Below(PathBuf),
}

impl DataRoot {
    /// Where a file named by the study is.
    #[must_use]
    pub fn locate(&self, file: &str) -> PathBuf {
        match self {
            Self::BesideStudy(folder) => folder.join(file),
            Self::Below(folder) => {
                let inner: PathBuf = Path::new(file)
                    .components()
                    .filter(|c| matches!(c, std::path::Component::Normal(_)))
                    .collect();
                folder.join(inner)
            }
        }
    }
}
