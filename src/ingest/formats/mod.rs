//! Formats as data: what a publisher's files hold, said once, in the words that a study uses for its own.
//!
//! A format is a TOML file. Its `[stops]`, `[counts]`, `[population]` or `[agreements]` table is a part of the same table of
//! a study, and the keys of the study go before those of the format. So there is one grammar and one engine, and
//! whatever a format can say, a study can say too. Those that come with the program stand in this folder; a study's own
//! stands beside the study: `format = "my-agency.toml"`.

mod page;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::DataRoot;
use super::agreements::AgreementsConfig;
use super::counts::CountsFragment;
use super::csv_file::sha256;
use super::population::PopulationFragment;
use super::stops::StopsConfig;
use crate::error::{Error, nearest_hint};
use crate::stops::Input;
use crate::world::World;

/// One format.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Name by which a study asks for it.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Who publishes files of this kind.
    pub publisher: String,
    /// What a file holds, and what to know before using it.
    pub about: String,
    /// Where the layout is documented.
    pub source: String,
    /// What the description was held against.
    pub checked: Checked,
    /// What the publisher does not record.
    #[serde(default)]
    pub not_recorded: Vec<String>,
    /// Cautions printed beside every number made from such a file.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// What only a person can say.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// By which header the format is known.
    #[serde(default)]
    pub fingerprint: Fingerprint,
    /// The groups that its codes lead to.
    #[serde(default)]
    pub groups: FormatGroups,
    /// Rows of stops.
    pub stops: Option<StopsConfig>,
    /// Published counts.
    pub counts: Option<CountsFragment>,
    /// Who could have been counted.
    pub population: Option<PopulationFragment>,
    /// Registers of agreements.
    pub agreements: Option<AgreementsConfig>,
    /// The file itself, where it is not one of those that come with the program.
    #[serde(skip)]
    pub input: Option<Input>,
    #[serde(skip)]
    text: String,
}

/// What a description was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Checked {
    /// Real files were read with it, and their totals are those that their publisher states.
    #[serde(rename = "against data")]
    AgainstData,
    /// It follows the publisher's documentation.
    #[serde(rename = "from documentation")]
    FromDocumentation,
    /// It follows what is generally known: look at a file before relying on it.
    #[serde(rename = "from general knowledge")]
    FromGeneralKnowledge,
}

impl Checked {
    /// The word of the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AgainstData => "against data",
            Self::FromDocumentation => "from documentation",
            Self::FromGeneralKnowledge => "from general knowledge",
        }
    }

    /// What it means, after "checked".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AgainstData => {
                "against data: real files were read with it, and every row was counted twice"
            }
            Self::FromDocumentation => {
                "from documentation, and not yet against a file: look at the account of the rows (`evenhand check`)"
            }
            Self::FromGeneralKnowledge => {
                "from general knowledge only: look at a file before relying on it"
            }
        }
    }
}

/// What only a person can say of a publisher's files: a text, or `{ ask = "...", columns = ["..."] }` where it is about
/// columns that not every file has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a text, or { ask = ..., columns = [...] }"
)]
pub enum Question {
    /// Of every file.
    Always(String),
    /// Of files that have one of the columns.
    Of {
        /// The question.
        ask: String,
        /// The columns that it is about.
        columns: Vec<String>,
    },
}

impl Question {
    /// The question.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Always(text) | Self::Of { ask: text, .. } => text,
        }
    }

    /// Whether a file with this header raises it.
    #[must_use]
    pub fn concerns(&self, headers: &[String]) -> bool {
        match self {
            Self::Always(_) => true,
            Self::Of { columns, .. } => columns.iter().any(|column| headers.contains(column)),
        }
    }
}

/// The header by which a format is known, by whole names.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fingerprint {
    /// Every one of these stands in the header.
    pub all: Vec<String>,
    /// At least one of these.
    pub any: Vec<String>,
    /// None of these.
    pub none: Vec<String>,
}

impl Fingerprint {
    /// Whether a header is of the format. A format without a fingerprint is known by its name only.
    #[must_use]
    pub fn fits(&self, headers: &[String]) -> bool {
        let has = |name: &String| headers.contains(name);
        !(self.all.is_empty() && self.any.is_empty())
            && self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.none.iter().any(has)
    }
}

/// The groups that a format's codes lead to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FormatGroups {
    /// Name to label.
    pub labels: BTreeMap<String, String>,
    /// Whom a first study compares the others with; `white` unless said.
    pub reference: Option<String>,
    /// Whom it compares; `black` and `hispanic` unless said.
    pub compare: Vec<String>,
}

/// The formats that come with the program, in the order of their names.
const SHIPPED: &[&str] = &[
    include_str!("287g-condensed.toml"),
    include_str!("acs-b01001-15.toml"),
    include_str!("acs-b01001-16.toml"),
    include_str!("acs-b01001-18.toml"),
    include_str!("acs-b03002-api.toml"),
    include_str!("acs-b03002-descriptive.toml"),
    include_str!("acs-b03002-long.toml"),
    include_str!("acs-b03002-wide.toml"),
    include_str!("acs-data-census-gov.toml"),
    include_str!("agreements.toml"),
    include_str!("cc-est.toml"),
    include_str!("cc-est-15.toml"),
    include_str!("census-rc-eth.toml"),
    include_str!("connecticut.toml"),
    include_str!("copwatch.toml"),
    include_str!("copwatch-rates.toml"),
    include_str!("drivers-licensed.toml"),
    include_str!("drivers-not-at-fault.toml"),
    include_str!("ice-287g.toml"),
    include_str!("ice-287g-seen.toml"),
    include_str!("ice-arrests.toml"),
    include_str!("ice-arrests-2012.toml"),
    include_str!("ice-detainers.toml"),
    include_str!("ice-detainers-pa.toml"),
    include_str!("ice-detentions.toml"),
    include_str!("ice-encounters.toml"),
    include_str!("ice-removals.toml"),
    include_str!("illinois-itss.toml"),
    include_str!("mecklenburg-sheriff.toml"),
    include_str!("minneapolis.toml"),
    include_str!("missouri-vsr.toml"),
    include_str!("nc-export.toml"),
    include_str!("nc-sbi.toml"),
    include_str!("nypd-sqf.toml"),
    include_str!("nypd-sqf-2017.toml"),
    include_str!("openpolicedata.toml"),
    include_str!("ripa.toml"),
    include_str!("ripa-2024.toml"),
    include_str!("same-agency.toml"),
    include_str!("seattle-terry.toml"),
    include_str!("secure-communities.toml"),
    include_str!("stanford-v1.toml"),
    include_str!("stanford-v2.toml"),
    include_str!("texas-dps.toml"),
    include_str!("texas-tcole.toml"),
    include_str!("tracking-287g.toml"),
    include_str!("usdata-county-2019.toml"),
    include_str!("usdata-county-complete.toml"),
    include_str!("weather-paper.toml"),
];

/// The formats as they are read, once for all that ask.
static READ: LazyLock<Result<Vec<Format>, String>> = LazyLock::new(|| {
    let read = |text: &&str| Format::parse(text).map_err(|fault| fault.to_string());
    SHIPPED.iter().map(read).collect()
});

/// All formats that come with the program.
///
/// # Errors
/// [`Error::Internal`] where one of them cannot be read: our defect, which a test finds.
pub fn shipped() -> Result<&'static [Format], Error> {
    let failed = |fault: &String| Error::Internal(format!("a format cannot be read: {fault}"));
    READ.as_deref().map_err(failed)
}

impl Format {
    /// Reads a format.
    ///
    /// # Errors
    /// The text is no format.
    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let format: Self = toml::from_str(text)?;
        Ok(Self {
            text: text.to_owned(),
            ..format
        })
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The table of a study that it describes.
    #[must_use]
    pub fn table(&self) -> &'static str {
        let tables = [
            ("stops", self.stops.is_some()),
            ("counts", self.counts.is_some()),
            ("population", self.population.is_some()),
            ("agreements", self.agreements.is_some()),
        ];
        let described = tables.iter().find(|(_, is_described)| *is_described);
        described.map_or("nothing", |(name, _)| name)
    }

    /// The format that a study names: one that comes with the program, or a file of the study.
    ///
    /// # Errors
    /// There is none of that name; the file is not there or is no format.
    pub fn find(world: &World, root: &DataRoot, name: &Spanned<String>) -> Result<Self, Error> {
        let wanted = name.get_ref();
        if Path::new(wanted).extension().is_some_and(|e| e == "toml") {
            return Self::of_file(world, root, name);
        }
        let shipped = shipped()?;
        let hint = || {
            let names = shipped.iter().map(|format| format.name.as_str());
            format!(
                "{}; a format of your own is named by its file, \"my-agency.toml\"",
                nearest_hint(wanted, names)
            )
        };
        match shipped.iter().find(|format| format.name == *wanted) {
            Some(format) => Ok(format.clone()),
            None => Err(Error::study(
                name.span(),
                format!("there is no format `{wanted}`"),
                hint(),
            )),
        }
    }

    fn of_file(world: &World, root: &DataRoot, name: &Spanned<String>) -> Result<Self, Error> {
        let path = root.locate(name.get_ref());
        if !world.exists(&path) {
            return Err(Error::study(
                name.span(),
                format!("there is no file `{}`", name.get_ref()),
                format!(
                    "looked for {}; paths are relative to the study file",
                    path.display()
                ),
            ));
        }
        Self::read(world, &path, name.get_ref())
    }

    /// Reads a format of a user's own.
    ///
    /// # Errors
    /// The file is not there, is not UTF-8 or is no format.
    pub fn read(world: &World, path: &Path, shown_as: &str) -> Result<Self, Error> {
        let bytes = world.read(path)?;
        let hash = sha256(&bytes);
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::bundle(
                format!("{}: the format is not UTF-8", path.display()),
                "save it as UTF-8",
            )
        })?;
        let format = Self::parse(&text).map_err(|fault| {
            let message = fault.message().lines().collect::<Vec<_>>().join(" ");
            Error::study(
                fault.span().unwrap_or(0..0),
                message,
                "`evenhand explain FORMAT` shows one that comes with the program",
            )
            .in_study(path, &text)
        })?;
        Ok(Self {
            input: Some(Input {
                file: shown_as.to_owned(),
                sha256: hash,
                rows: None,
                used_for: format!("format {}", format.name),
            }),
            ..format
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_of_a_format_by_whole_names() {
        let print: Fingerprint =
            toml::from_str("all = ['a', 'b']\nany = ['c', 'd']\nnone = ['e']").unwrap();
        let fits = |names: &[&str]| {
            let headers: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
            print.fits(&headers)
        };
        assert!(fits(&["a", "b", "d"]));
        assert!(!fits(&["a", "b"]) && !fits(&["a", "c"]) && !fits(&["a", "b", "c", "e"]));
        assert!(!Fingerprint::default().fits(&["a".to_owned()]));
    }

    #[test]
    fn formats_that_come_with_the_program_are_sound_and_sorted() {
        let formats = shipped().unwrap();
        assert_eq!(formats.len(), SHIPPED.len());
        assert!(formats.is_sorted_by(|a, b| a.name < b.name));
    }
}
