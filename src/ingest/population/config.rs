//! The `[[population]]` table of a study, and what a publisher's format says of it in advance.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::super::key_column::{KeyColumn, named_columns};
use super::super::layout::Layout;
use super::super::row_filter::RowFilter;
use super::commuting::CommutingConfig;
use super::margins::BlankMargin;
use super::matches::PlaceMatch;
use super::wide_groups::WideGroup;
use crate::cells::GROUP;
use crate::error::{Error, nearest_hint};
use crate::stops::{PLACE, YEAR};

pub(super) const POPULATION: &str = "population";
pub(super) const MOE90: &str = "moe90";

/// Groups of a file that has columns for each.
pub type Wide = BTreeMap<String, WideGroup>;
/// What the values of a key mean: value as found to value of the key; an empty one leaves the row out.
pub type Codes = BTreeMap<String, BTreeMap<String, String>>;

/// A `[[population]]` table of the study: who could have been counted.
///
/// One row is one cell (`columns` has `group`), or one place with a column for each group (`wide`). Any file of people
/// by group will do. `universe` says who they are, and what the numbers can show depends on it:
///
/// - *residents*, of all ages or of 15, 16 or 18 and over: who lives there, not who drives there;
/// - *licensed drivers*: who may drive; people without a licence, and drivers from elsewhere, are not among them;
/// - *drivers in crashes who were not at fault*: who is on the road, as far as crashes are a sample of driving; crashes
///   follow hours and roads, and reporting differs by place. They are counts, so they have an error of their own;
/// - *estimated driving population*: residents without those who commute out and with those who commute in
///   (`commuting`), a picture of working hours;
/// - *stops of the same agency* in another period or by another unit (`counts`): a comparison with itself, which shows
///   a change or a difference and not whether either is even.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationConfig {
    /// The name by which analyses ask for this baseline.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The publisher's format, by the name of one that comes with the program or by a file of the study's own.
    #[schemars(with = "Option<String>")]
    pub format: Option<Spanned<String>>,
    /// The CSV file, relative to the study.
    #[schemars(with = "Option<String>")]
    pub file: Option<Spanned<String>>,
    /// Several files in place of one: places or years of one layout, or with `wide` files that hold different groups.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Spanned<String>>,
    /// Published counts of this study in place of a file: their events are the benchmark, with the error of a count.
    #[schemars(with = "Option<String>")]
    pub counts: Option<Spanned<String>>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    pub layout: Option<Layout>,
    /// `population` and `group` are required unless `wide` has them; `moe90` is a 90 % margin of error; every other name
    /// is a key to join by.
    #[schemars(with = "Option<BTreeMap<String, KeyColumn>>")]
    pub columns: Option<Spanned<BTreeMap<String, Spanned<KeyColumn>>>>,
    /// Groups as columns: which of them hold the people of each group.
    #[schemars(with = "Option<Wide>")]
    pub wide: Option<Spanned<Wide>>,
    /// Codes of keys, as in `columns`, that depend on the edition of the file.
    #[serde(default)]
    pub vintages: BTreeMap<String, Codes>,
    /// Which edition of the file it is.
    #[schemars(with = "Option<String>")]
    pub vintage_file: Option<Spanned<String>>,
    /// Keys of which one value is taken: rows with another are left out, and the key is none to join by.
    #[serde(default)]
    pub at: BTreeMap<String, String>,
    /// Columns over whose values the rows of a cell are added up; each cell stands once for each of them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub sum_over: Vec<Spanned<String>>,
    /// What a blank margin of error means; `missing` unless said otherwise.
    pub blank_moe: Option<BlankMargin>,
    /// Rows to leave out, each with a line in the ledger.
    #[serde(default)]
    pub filter: Vec<RowFilter>,
    /// Which names of the counts are which places of the file, where they are not equal letter by letter.
    pub place_match: Option<PlaceMatch>,
    /// Who commutes where, to make the people on the road in working hours out of residents.
    pub commuting: Option<CommutingConfig>,
    /// Who is counted: `all residents`, `residents 16 and over`.
    pub universe: Option<String>,
    /// When and by whom.
    pub vintage: Option<String>,
    /// Cautions printed beside every number made from this baseline.
    #[serde(default)]
    pub cautions: Vec<String>,
}

/// What a format says of a population in advance; the study's own words go before these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PopulationFragment {
    /// As in [`PopulationConfig`].
    pub layout: Option<Layout>,
    /// As in [`PopulationConfig`].
    pub columns: BTreeMap<String, KeyColumn>,
    /// As in [`PopulationConfig`].
    pub wide: Option<Wide>,
    /// As in [`PopulationConfig`].
    pub vintages: BTreeMap<String, Codes>,
    /// As in [`PopulationConfig`].
    pub sum_over: Vec<String>,
    /// As in [`PopulationConfig`].
    pub blank_moe: Option<BlankMargin>,
    /// As in [`PopulationConfig`].
    pub filter: Vec<RowFilter>,
    /// As in [`PopulationConfig`].
    pub universe: Option<String>,
    /// As in [`PopulationConfig`].
    pub vintage: Option<String>,
}

impl PopulationConfig {
    /// The table with what a format says of everything that it does not say itself.
    ///
    /// Columns and groups are taken one by one, everything else whole. Faults of what the format says point at the
    /// name of the table.
    #[must_use]
    pub fn with_format(mut self, fragment: &PopulationFragment) -> Self {
        let span = self.name.span();
        let spanned = |column: &KeyColumn| Spanned::new(span.clone(), column.clone());
        let mut columns = self
            .columns
            .unwrap_or_else(|| Spanned::new(span.clone(), BTreeMap::new()));
        for (key, column) in &fragment.columns {
            let own = columns.get_mut().entry(key.clone());
            own.or_insert_with(|| spanned(column));
        }
        self.columns = Some(columns);
        if let Some(wide) = &fragment.wide {
            let own = self
                .wide
                .get_or_insert_with(|| Spanned::new(span.clone(), Wide::new()));
            for (group, columns) in wide {
                own.get_mut()
                    .entry(group.clone())
                    .or_insert_with(|| columns.clone());
            }
        }
        for (edition, codes) in &fragment.vintages {
            merge_codes(self.vintages.entry(edition.clone()).or_default(), codes);
        }
        if self.sum_over.is_empty() {
            let names = fragment.sum_over.iter();
            self.sum_over = names
                .map(|name| Spanned::new(span.clone(), name.clone()))
                .collect();
        }
        self.filter.splice(0..0, fragment.filter.iter().cloned());
        self.layout = self.layout.or_else(|| fragment.layout.clone());
        self.blank_moe = self.blank_moe.or(fragment.blank_moe);
        self.universe = self.universe.or_else(|| fragment.universe.clone());
        self.vintage = self.vintage.or_else(|| fragment.vintage.clone());
        self
    }

    /// The files that hold people, as the study names them.
    pub fn sources(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.file.iter().chain(&self.files)
    }

    /// Every file that the table names.
    pub fn all_files(&self) -> impl Iterator<Item = &Spanned<String>> {
        let matches = self.place_match.iter().map(|table| &table.file);
        let flows = self.commuting.iter().map(|flows| &flows.file);
        self.sources().chain(matches).chain(flows)
    }

    /// The columns of a key, where the file has it.
    pub(super) fn column(&self, key: &str) -> Option<&Spanned<KeyColumn>> {
        self.columns.as_ref()?.get_ref().get(key)
    }

    /// The keys by which the baseline is joined to counts, `group` among them.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let named = self
            .columns
            .iter()
            .flat_map(|columns| columns.get_ref().keys());
        let mut keys: Vec<String> = named
            .filter(|name| *name != POPULATION && *name != MOE90 && !self.at.contains_key(*name))
            .cloned()
            .collect();
        if self.wide.is_some() && !keys.iter().any(|key| key == GROUP) {
            keys.push(GROUP.to_owned());
            keys.sort();
        }
        keys
    }

    /// The codes of the file's edition.
    pub(super) fn all_codes(&self) -> Codes {
        let columns = self.columns.iter().flat_map(|columns| columns.get_ref());
        let mut codes: Codes = columns
            .filter(|(_, column)| !column.get_ref().codes.is_empty())
            .map(|(key, column)| (key.clone(), column.get_ref().codes.clone()))
            .collect();
        if let Some(edition) = &self.vintage_file
            && let Some(own) = self.vintages.get(edition.get_ref())
        {
            merge_codes(&mut codes, own);
        }
        codes
    }

    /// Holds the table against itself.
    ///
    /// # Errors
    /// No file, or no group, population, universe or vintage; groups as columns and as rows; codes of a key that is not
    /// there; an edition that the codes do not know; years that are added up.
    pub fn check(&self) -> Result<(), Error> {
        let lacks = |what: &str, hint: &str| {
            let message = format!("population `{}` {what}", self.name.get_ref());
            Err(Error::study(self.name.span(), message, hint))
        };
        for (word, value, example) in [
            (
                "universe",
                &self.universe,
                "universe = \"residents 16 and over\"",
            ),
            (
                "vintage",
                &self.vintage,
                "vintage = \"ACS 2013-2017, table B03002\"",
            ),
        ] {
            if value.is_none() {
                return lacks(
                    &format!("does not say its {word}"),
                    &format!("add {example}"),
                );
            }
        }
        if let Some(counts) = &self.counts {
            return self.check_counts(counts);
        }
        match (&self.file, self.files.as_slice()) {
            (None, []) => {
                return lacks(
                    "names no file",
                    "add file = \"people.csv\", or counts = \"...\" for counts of this study",
                );
            }
            (Some(_), [second, ..]) => {
                return Err(Error::study(
                    second.span(),
                    "`file` and `files`",
                    "name one file, or list them all in `files`",
                ));
            }
            _ => {}
        }
        if let Some(name) = crate::error::repeated(&self.files) {
            return Err(Error::study(
                name.span(),
                format!("`{}` is listed twice", name.get_ref()),
                "everybody in it would count twice: name each file once",
            ));
        }
        self.check_columns()?;
        self.check_codes()?;
        let is_year = |column: &&Spanned<String>| column.get_ref().eq_ignore_ascii_case(YEAR);
        if let Some(year) = self.sum_over.iter().find(is_year) {
            return Err(Error::study(
                year.span(),
                "people of several years are not added up: each year has its own",
                "map the column as the key `year`, or keep one year of the file",
            ));
        }
        let columns = self
            .columns
            .iter()
            .flat_map(|columns| columns.get_ref().values());
        super::super::check_summed(&self.sum_over, named_columns(columns).iter())?;
        self.check_places()
    }

    fn check_counts(&self, counts: &Spanned<String>) -> Result<(), Error> {
        let others = [
            self.file.is_some() || !self.files.is_empty(),
            self.wide.is_some(),
            !self.sum_over.is_empty(),
            !self.filter.is_empty(),
            self.commuting.is_some(),
            self.place_match.is_some(),
            !self.vintages.is_empty() || !self.at.is_empty(),
        ];
        let Some(columns) = &self.columns else {
            return Err(Error::study(
                counts.span(),
                "counts as a benchmark, by which keys?",
                "say which keys of the counts are those of the benchmark: columns = { place = \"place\", group = \"group\" }",
            ));
        };
        if others.contains(&true) {
            return Err(Error::study(
                counts.span(),
                "counts as a benchmark, and keys that describe a file",
                "beside `counts` a population has `columns`, `universe`, `vintage` and `cautions` only",
            ));
        }
        let names = columns.get_ref();
        let plain = |(key, column): (&String, &Spanned<KeyColumn>)| {
            *column.get_ref() == KeyColumn::plain(key)
        };
        if !names.contains_key(GROUP) || !names.iter().all(plain) {
            return Err(Error::study(
                columns.span(),
                "the keys of counts as a benchmark are those of the counts, `group` among them",
                "columns = { place = \"place\", group = \"group\" }",
            ));
        }
        Ok(())
    }

    fn check_columns(&self) -> Result<(), Error> {
        let empty = BTreeMap::new();
        let columns = self.columns.as_ref().map_or(&empty, Spanned::get_ref);
        let span = self
            .columns
            .as_ref()
            .map_or(self.name.span(), Spanned::span);
        for required in [GROUP, POPULATION] {
            if self.wide.is_some() == columns.contains_key(required) {
                let (message, hint) = if self.wide.is_some() {
                    (
                        format!(
                            "`wide` has a column for each group, and `columns` names `{required}`"
                        ),
                        format!("take `{required}` out of `columns`, or `wide` out of the table"),
                    )
                } else {
                    (
                        format!("`columns` names no column for `{required}`"),
                        format!(
                            "add {required} = \"the column's name in the file\", or `wide` where each group has a column"
                        ),
                    )
                };
                return Err(Error::study(span, message, hint));
            }
        }
        if let (Some(margin), true) = (columns.get(MOE90), self.wide.is_some()) {
            return Err(Error::study(
                margin.span(),
                "`wide` has a column for each group, and `columns` names `moe90`",
                "give each group its own: wide = { black = { population = \"...\", moe90 = \"...\" } }",
            ));
        }
        for number in [POPULATION, MOE90] {
            if let Some(column) = columns.get(number)
                && !(column.get_ref().is_plain() && column.get_ref().columns.len() == 1)
            {
                return Err(Error::study(
                    column.span(),
                    format!("`{number}` is one column, as it is"),
                    "columns of a row are added up with `wide`, rows of a cell with `sum_over`",
                ));
            }
        }
        Ok(())
    }

    fn check_codes(&self) -> Result<(), Error> {
        let mut keys = self.keys();
        if let Some(key) = self
            .at
            .keys()
            .find(|key| *key == GROUP || self.column(key).is_none())
        {
            return Err(Error::study(
                self.name.span(),
                format!(
                    "`at` speaks of `{key}`, which is no key of population `{}`",
                    self.name.get_ref()
                ),
                nearest_hint(
                    key,
                    keys.iter().filter(|key| *key != GROUP).map(String::as_str),
                ),
            ));
        }
        keys.extend(self.at.keys().cloned());
        for key in self.vintages.values().flat_map(BTreeMap::keys) {
            if !keys.contains(key) || (key == GROUP && self.wide.is_some()) {
                return Err(Error::study(
                    self.name.span(),
                    format!(
                        "`vintages` speaks of `{key}`, which is no column of population `{}`",
                        self.name.get_ref()
                    ),
                    nearest_hint(key, keys.iter().map(String::as_str)),
                ));
            }
        }
        let editions = self.vintages.keys().map(String::as_str);
        match &self.vintage_file {
            None if !self.vintages.is_empty() => Err(Error::study(
                self.name.span(),
                format!(
                    "the codes of population `{}` depend on the edition of its file",
                    self.name.get_ref()
                ),
                format!("add vintage_file = \"...\"; {}", nearest_hint("", editions)),
            )),
            Some(edition) if !self.vintages.contains_key(edition.get_ref()) => Err(Error::study(
                edition.span(),
                format!("no codes are known for the edition `{}`", edition.get_ref()),
                nearest_hint(edition.get_ref(), editions),
            )),
            _ => Ok(()),
        }
    }

    fn check_places(&self) -> Result<(), Error> {
        let has_place = self.column(PLACE).is_some();
        if let (Some(table), false) = (&self.place_match, has_place) {
            return Err(Error::study(
                table.file.span(),
                "a table of matches, and no column of places",
                "add place = \"the column's name in the file\" to `columns`",
            ));
        }
        if let Some(flows) = &self.commuting
            && self.keys() != [GROUP, PLACE]
        {
            return Err(Error::study(
                flows.file.span(),
                format!(
                    "commuters between places, and people by {}",
                    self.keys().join(", ")
                ),
                "residents that commuters are taken from and added to are by `place` and `group` and nothing else",
            ));
        }
        Ok(())
    }
}

/// Adds codes that are not there.
fn merge_codes(own: &mut Codes, more: &Codes) {
    for (key, values) in more {
        let own = own.entry(key.clone()).or_default();
        for (raw, value) in values {
            own.entry(raw.clone()).or_insert_with(|| value.clone());
        }
    }
}
