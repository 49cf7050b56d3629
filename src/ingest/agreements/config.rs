//! The `[[agreements]]` table: where a register stands, which column holds what, and what its spellings mean.
//!
//! What a publisher writes always the same way stands in a format, which is the same table in part; the study's own
//! keys go before it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::super::formats::Format;
use super::super::layout::Layout;
use super::super::row_filter::RowFilter;
use super::kinds::{Kind, Level};
use super::status::StatusConfig;
use crate::error::Error;

/// An `[[agreements]]` table of the study, or the part of one that a format says.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementsConfig {
    /// The CSV file, relative to the study.
    #[serde(default = "not_said")]
    #[schemars(with = "String")]
    pub file: Spanned<String>,
    /// A format that says what this table does not.
    #[schemars(with = "Option<String>")]
    pub format: Option<Spanned<String>>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    pub layout: Option<Layout>,
    /// Which columns hold what.
    #[serde(default)]
    pub columns: AgreementColumns,
    /// Columns by our name that some of a publisher's files do not have.
    #[serde(default)]
    pub may_lack: Vec<ColumnName>,
    /// The kind of every agreement of the file, where no column says it.
    pub kind: Option<Kind>,
    /// The file's spelling of a kind to the kind; a spelling that is neither here nor a kind is an error.
    #[serde(default)]
    pub kinds: BTreeMap<String, Kind>,
    /// The level of every agreement of the file, where no column says it.
    pub level: Option<Level>,
    /// The file's spelling of a level to the level.
    #[serde(default)]
    pub levels: BTreeMap<String, Level>,
    /// The file's spelling of a state to the state, where it is not its name or code.
    #[serde(default)]
    pub states: BTreeMap<String, String>,
    /// What stands between the places of an agreement that covers several.
    pub places_apart: Option<String>,
    /// Words that are no more than a blank.
    #[serde(default)]
    pub blanks: Vec<String>,
    /// Words in the column `ended` of an agreement that is known to go on.
    #[serde(default)]
    pub open: Vec<String>,
    /// How dates are written, as patterns of strptime, tried in turn; YYYY-MM-DD where there is none.
    #[serde(default)]
    pub date_layouts: Vec<String>,
    /// The file's spelling of a day to the day, YYYY-MM-DD, where it is plainly misspelt.
    #[serde(default)]
    pub dates: BTreeMap<String, String>,
    /// The date on which an agreement begins to count.
    pub date: Option<DateRule>,
    /// What an agreement without that date is.
    pub undated: Option<UndatedRule>,
    /// The day of a list that names no days: every agreement on it was seen on that day.
    #[schemars(with = "Option<super::super::schema::Day>")]
    pub as_of: Option<Spanned<Datetime>>,
    /// Spellings of one agency, the first the one that is kept: what is suspected to be the same is merged only so.
    #[serde(default)]
    #[schemars(with = "Vec<Vec<String>>")]
    pub same: Vec<Vec<Spanned<String>>>,
    /// Rows to leave out, each with a line in the ledger.
    #[serde(default)]
    pub filter: Vec<RowFilter>,
    /// The calendar year to which the status refers: an agreement counts when it was in force at some time in it.
    #[schemars(with = "Option<i16>")]
    pub in_force: Option<Spanned<i16>>,
    /// The words of a programme key that the counts carry, for holding it against the register.
    pub words: Option<ProgramWords>,
    /// Cautions printed beside every number that the register has a part in.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// Keys of the counts that are made from the register.
    #[serde(default)]
    pub status: Vec<StatusConfig>,
}

/// Columns of a register of agreements, by our names.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementColumns {
    /// The state, by name or code.
    #[schemars(with = "Option<String>")]
    pub state: Option<Spanned<String>>,
    /// The place or places that the agreement covers; blank for an agreement of a whole state.
    #[schemars(with = "Option<String>")]
    pub place: Option<Spanned<String>>,
    /// The federal code of the counties that the agreement covers.
    #[schemars(with = "Option<String>")]
    pub fips: Option<Spanned<String>>,
    /// Who signed: state, county or city.
    #[schemars(with = "Option<String>")]
    pub level: Option<Spanned<String>>,
    /// The agency that signed.
    #[schemars(with = "Option<String>")]
    pub agency: Option<Spanned<String>>,
    /// The kind of agreement.
    #[schemars(with = "Option<String>")]
    pub model: Option<Spanned<String>>,
    /// The day on which it was signed.
    #[schemars(with = "Option<String>")]
    pub signed: Option<Spanned<String>>,
    /// The day on which operations began.
    #[schemars(with = "Option<String>")]
    pub began: Option<Spanned<String>>,
    /// The year in which operations began, with `began_month`; the first day of the month is taken.
    #[schemars(with = "Option<String>")]
    pub began_year: Option<Spanned<String>>,
    /// The month, in digits.
    #[schemars(with = "Option<String>")]
    pub began_month: Option<Spanned<String>>,
    /// The last day; blank where it is not known.
    #[schemars(with = "Option<String>")]
    pub ended: Option<Spanned<String>>,
    /// First day on which a list had it.
    #[schemars(with = "Option<String>")]
    pub first_seen: Option<Spanned<String>>,
    /// Last day on which a list had it.
    #[schemars(with = "Option<String>")]
    pub last_seen: Option<Spanned<String>>,
    /// First day that the sources speak to.
    #[schemars(with = "Option<String>")]
    pub evidence_from: Option<Spanned<String>>,
    /// Last day that the sources speak to.
    #[schemars(with = "Option<String>")]
    pub evidence_to: Option<Spanned<String>>,
    /// The agency's number in the federal register of police agencies.
    #[schemars(with = "Option<String>")]
    pub ori: Option<Spanned<String>>,
}

/// A column by our name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the field of the same name above")]
pub enum ColumnName {
    State,
    Place,
    Fips,
    Level,
    Agency,
    Model,
    Signed,
    Began,
    BeganYear,
    BeganMonth,
    Ended,
    FirstSeen,
    LastSeen,
    EvidenceFrom,
    EvidenceTo,
    Ori,
}

impl ColumnName {
    /// Every column, in the order of the template.
    pub(super) const ALL: [Self; 16] = [
        Self::State,
        Self::Place,
        Self::Fips,
        Self::Level,
        Self::Agency,
        Self::Model,
        Self::Signed,
        Self::Began,
        Self::BeganYear,
        Self::BeganMonth,
        Self::Ended,
        Self::FirstSeen,
        Self::LastSeen,
        Self::EvidenceFrom,
        Self::EvidenceTo,
        Self::Ori,
    ];
}

/// The date on which an agreement begins to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DateRule {
    /// When it was signed.
    #[default]
    Signed,
    /// When a list first had it.
    FirstSeen,
    /// When operations began.
    Began,
}

impl DateRule {
    /// The rule in words, after "begins".
    pub(super) fn aloud(self) -> &'static str {
        match self {
            Self::Signed => "on the day it was signed",
            Self::FirstSeen => "on the day a list first had it",
            Self::Began => "on the day operations began",
        }
    }

    /// What an agreement without the date is told to have.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Signed => "every agreement has the date on which it was signed",
            Self::FirstSeen => "every agreement has the date on which a list first had it",
            Self::Began => "every agreement has the date on which operations began",
        }
    }
}

/// What an agreement without a date is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndatedRule {
    /// A fault of the file.
    #[default]
    Error,
    /// Kept: the status of its places is not known until it ended.
    NotKnown,
}

/// The programme key's words for the three conditions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramWords {
    /// An agreement was in force.
    pub(super) in_force: String,
    /// There was one, and it ended.
    pub(super) ended: String,
    /// There was none.
    pub(super) none: String,
}

impl Default for ProgramWords {
    fn default() -> Self {
        Self {
            in_force: "287(g)".into(),
            ended: "ended".into(),
            none: "none".into(),
        }
    }
}

fn not_said() -> Spanned<String> {
    Spanned::new(0..0, String::new())
}

impl AgreementColumns {
    /// The file's column of ours.
    pub(super) fn named(&self, name: ColumnName) -> Option<&Spanned<String>> {
        match name {
            ColumnName::State => self.state.as_ref(),
            ColumnName::Place => self.place.as_ref(),
            ColumnName::Fips => self.fips.as_ref(),
            ColumnName::Level => self.level.as_ref(),
            ColumnName::Agency => self.agency.as_ref(),
            ColumnName::Model => self.model.as_ref(),
            ColumnName::Signed => self.signed.as_ref(),
            ColumnName::Began => self.began.as_ref(),
            ColumnName::BeganYear => self.began_year.as_ref(),
            ColumnName::BeganMonth => self.began_month.as_ref(),
            ColumnName::Ended => self.ended.as_ref(),
            ColumnName::FirstSeen => self.first_seen.as_ref(),
            ColumnName::LastSeen => self.last_seen.as_ref(),
            ColumnName::EvidenceFrom => self.evidence_from.as_ref(),
            ColumnName::EvidenceTo => self.evidence_to.as_ref(),
            ColumnName::Ori => self.ori.as_ref(),
        }
    }

    fn with_format(self, format: Self) -> Self {
        Self {
            state: self.state.or(format.state),
            place: self.place.or(format.place),
            fips: self.fips.or(format.fips),
            level: self.level.or(format.level),
            agency: self.agency.or(format.agency),
            model: self.model.or(format.model),
            signed: self.signed.or(format.signed),
            began: self.began.or(format.began),
            began_year: self.began_year.or(format.began_year),
            began_month: self.began_month.or(format.began_month),
            ended: self.ended.or(format.ended),
            first_seen: self.first_seen.or(format.first_seen),
            last_seen: self.last_seen.or(format.last_seen),
            evidence_from: self.evidence_from.or(format.evidence_from),
            evidence_to: self.evidence_to.or(format.evidence_to),
            ori: self.ori.or(format.ori),
        }
    }
}

/// The first list, unless it is empty.
fn or<T>(own: Vec<T>, format: Vec<T>) -> Vec<T> {
    if own.is_empty() { format } else { own }
}

/// Both tables; where both have a word, the first has it.
fn both<T>(own: BTreeMap<String, T>, format: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let mut all = format;
    all.extend(own);
    all
}

impl AgreementsConfig {
    /// This table with what another says where this one says nothing.
    fn with_fragment(self, format: Self) -> Self {
        // A column that the study names itself has to be there, whatever other files lack.
        let own = self.columns.clone();
        let lacking = |name: &ColumnName| own.named(*name).is_none();
        let may_lack = or(
            self.may_lack,
            format.may_lack.into_iter().filter(lacking).collect(),
        );
        Self {
            file: self.file,
            format: self.format,
            layout: self.layout.or(format.layout),
            columns: self.columns.with_format(format.columns),
            may_lack,
            kind: self.kind.or(format.kind),
            kinds: both(self.kinds, format.kinds),
            level: self.level.or(format.level),
            levels: both(self.levels, format.levels),
            states: both(self.states, format.states),
            places_apart: self.places_apart.or(format.places_apart),
            blanks: or(self.blanks, format.blanks),
            open: or(self.open, format.open),
            date_layouts: or(self.date_layouts, format.date_layouts),
            dates: both(self.dates, format.dates),
            date: self.date.or(format.date),
            undated: self.undated.or(format.undated),
            as_of: self.as_of.or(format.as_of),
            same: or(self.same, format.same),
            filter: or(self.filter, format.filter),
            in_force: self.in_force.or(format.in_force),
            words: self.words.or(format.words),
            status: or(self.status, format.status),
            cautions: or(self.cautions, format.cautions),
        }
    }

    /// The table with what its format brings, wherever the table says nothing itself. `span` is where the format is named.
    ///
    /// # Errors
    /// The format describes other files than agreements.
    pub fn with_format(self, format: &Format, span: std::ops::Range<usize>) -> Result<Self, Error> {
        let Some(brought) = format.agreements.clone() else {
            return Err(Error::study(
                span,
                format!("the format `{}` describes no agreements", format.name),
                format!("it is one of [[{}]]: name it there", format.table()),
            ));
        };
        let mut whole = self.with_fragment(brought);
        whole.cautions.extend(format.cautions.iter().cloned());
        Ok(whole)
    }

    /// How this table is known in the study, for errors that concern all of it.
    fn span(&self) -> std::ops::Range<usize> {
        let format = self.format.as_ref().map(Spanned::span);
        let file = Some(self.file.span()).filter(|span| !span.is_empty());
        let year = self.in_force.as_ref().map(Spanned::span);
        let columns = || ColumnName::ALL.iter().find_map(|n| self.columns.named(*n));
        file.or(format)
            .or(year)
            .or_else(|| columns().map(Spanned::span))
            .unwrap_or(0..0)
    }

    /// Holds the table against itself, once its format is in it.
    ///
    /// # Errors
    /// No file; no column that is needed; a day that is none; a status that asks for what is not there.
    pub fn check(&self) -> Result<(), Error> {
        let fault = |message: String, hint: &str| Err(Error::study(self.span(), message, hint));
        if self.file.get_ref().is_empty() {
            return fault(
                "the key `file` is missing in [[agreements]]".into(),
                "add file = \"the register, a CSV file\"",
            );
        }
        let has = |name| self.columns.named(name).is_some();
        if has(ColumnName::BeganYear) != has(ColumnName::BeganMonth)
            || has(ColumnName::Began) && has(ColumnName::BeganYear)
        {
            return fault(
                "the beginning is one column, or a column of years and one of months".into(),
                "name `began`, or `began_year` and `began_month`",
            );
        }
        for (name, is_there) in [
            ("agency", has(ColumnName::Agency) || self.kind.is_some()),
            ("model", has(ColumnName::Model) || self.kind.is_some()),
            ("state", has(ColumnName::State)),
        ] {
            if !is_there {
                return fault(
                    format!("the columns of the agreements name no `{name}`"),
                    "add it to `columns`; a file of one kind says kind = \"...\" instead of `agency` and `model`",
                );
            }
        }
        let dates = match self.date() {
            DateRule::Signed => has(ColumnName::Signed),
            DateRule::FirstSeen => has(ColumnName::FirstSeen) || self.as_of.is_some(),
            DateRule::Began => has(ColumnName::Began) || has(ColumnName::BeganYear),
        };
        if !dates && self.undated() == UndatedRule::Error {
            return fault(
                format!(
                    "an agreement begins {}, and no column says when",
                    self.date().aloud()
                ),
                "name the column in `columns`, choose another date = \"signed\", \"first_seen\" or \"began\", or say undated = \"not_known\"",
            );
        }
        self.as_of()?;
        self.status.iter().try_for_each(|status| status.check(self))
    }

    /// The date on which an agreement begins to count.
    #[must_use]
    pub fn date(&self) -> DateRule {
        self.date.unwrap_or_default()
    }

    /// What an agreement without that date is.
    #[must_use]
    pub fn undated(&self) -> UndatedRule {
        self.undated.unwrap_or_default()
    }

    /// The day of a list that names no days.
    ///
    /// # Errors
    /// It is no day.
    pub(super) fn as_of(&self) -> Result<Option<Date>, Error> {
        let Some(day) = &self.as_of else {
            return Ok(None);
        };
        let text = day.get_ref().to_string();
        let refuse = |_| {
            let hint = "the day of the list is a date: as_of = 2026-05-18";
            Error::study(day.span(), format!("found `{text}`"), hint)
        };
        text.parse().map(Some).map_err(refuse)
    }

    /// Whether a spelling of a kind that leads nowhere is a fault: not in a register whose kinds nobody asks for.
    pub(super) fn reads_kinds(&self) -> bool {
        !self.kinds.is_empty() || self.status.iter().any(StatusConfig::asks_for_kinds)
    }

    /// Whether a spelling of a level that leads nowhere is a fault.
    pub(super) fn reads_levels(&self) -> bool {
        !self.levels.is_empty() || !self.status.is_empty()
    }

    /// Whether a spelling of a state that leads nowhere is a fault.
    pub(super) fn reads_states(&self) -> bool {
        !self.states.is_empty() || !self.status.is_empty()
    }
}
