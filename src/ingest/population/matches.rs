//! Which names of the counts are which places of a baseline: a table that a person has decided, never a guess.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use csv::ByteRecord;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::super::csv_file::CsvFile;
use super::super::layout::Layout;
use super::super::schema::{kinds, text};
use super::baseline::{Baseline, People};
use crate::error::{Error, nearest_hint};
use crate::ingest::DataRoot;
use crate::stops::{Input, PLACE};
use crate::world::World;

/// The column of the counts' names, unless the study says otherwise.
pub const FROM: &str = "from";
/// The column of the baseline's places, unless the study says otherwise.
pub const TO: &str = "to";

/// A table of matches: `"matches.csv"`, or `{ file = "matches.csv", from = "beat", to = "tract" }`.
///
/// A row says that a name of the counts (`from`) is a place of the baseline (`to`). A name with several rows is all those
/// places together, and their people are added up. A name with a blank `to` has no population. Names that the table
/// does not have stay as they are. Other columns are for people.
#[derive(Debug, Clone)]
pub struct PlaceMatch {
    /// The CSV file, relative to the study.
    pub file: Spanned<String>,
    /// The column of the counts' names.
    pub from: String,
    /// The column of the baseline's places.
    pub to: String,
}

/// A table of matches whose columns have other names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MatchRule")]
struct Rule {
    /// The CSV file, relative to the study.
    file: String,
    /// The column of the counts' names; `from` unless said otherwise.
    from: Option<String>,
    /// The column of the baseline's places; `to` unless said otherwise.
    to: Option<String>,
}

impl<'de> Deserialize<'de> for PlaceMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a file, or { file = ..., from = ..., to = ... }")
            }

            fn visit_str<E: serde::de::Error>(self, file: &str) -> Result<Rule, E> {
                let file = file.to_owned();
                Ok(Rule {
                    file,
                    from: None,
                    to: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rule, A::Error> {
                Rule::deserialize(MapAccessDeserializer::new(map))
            }
        }
        struct Whole(Rule);
        impl<'de> Deserialize<'de> for Whole {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Words).map(Self)
            }
        }
        let whole = Spanned::<Whole>::deserialize(deserializer)?;
        let span = whole.span();
        let Whole(rule) = whole.into_inner();
        Ok(Self {
            file: Spanned::new(span, rule.file),
            from: rule.from.unwrap_or_else(|| FROM.into()),
            to: rule.to.unwrap_or_else(|| TO.into()),
        })
    }
}

impl JsonSchema for PlaceMatch {
    fn schema_name() -> Cow<'static, str> {
        "PlaceMatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        kinds(
            "A table of matches: the name of a CSV file, or { file = \"matches.csv\", from = \"beat\", to = \"tract\" }.",
            [text(), generator.subschema_for::<Rule>()],
        )
    }
}

/// What a table says of a name.
#[derive(Default)]
struct Target {
    places: BTreeMap<String, u64>,
    has_blank: bool,
}

/// Names the places of a baseline as the counts do; the remarks for the account, and the file.
///
/// # Errors
/// A row that stands there twice; a place that the baseline does not have, or that two names stand for; a name that has
/// a population and none.
pub(super) fn apply(
    world: &World,
    root: &DataRoot,
    table: &PlaceMatch,
    baseline: &mut Baseline,
) -> Result<(Vec<String>, Input), Error> {
    let path = root.locate(table.file.get_ref());
    let at = baseline
        .position(PLACE)
        .expect("`check` has refused a table of matches without places");
    let (targets, input) = read(world, &path, table, baseline)?;
    let mut by_place: BTreeMap<String, Vec<(Vec<String>, People)>> = BTreeMap::new();
    for (key, people) in std::mem::take(&mut baseline.cells) {
        by_place
            .entry(key[at].clone())
            .or_default()
            .push((key, people));
    }
    let mut cells: BTreeMap<Vec<String>, People> = BTreeMap::new();
    let mut notes = Vec::new();
    for (name, target) in &targets {
        for cell in joined(name, target, at, &by_place) {
            cells.insert(cell.0, cell.1);
        }
        let places: Vec<String> = target
            .places
            .keys()
            .map(|place| format!("`{place}`"))
            .collect();
        if target.has_blank {
            notes.push(format!("`{name}` has no population by decision"));
        } else if places.len() > 1 || !target.places.contains_key(name) {
            notes.push(format!("`{name}` is {}", places.join(" and ")));
        }
    }
    let taken: BTreeSet<&String> = targets
        .values()
        .flat_map(|target| target.places.keys())
        .collect();
    for (place, own) in &by_place {
        if !taken.contains(place) && !targets.contains_key(place) {
            cells.extend(own.iter().cloned());
        }
    }
    baseline.cells = cells;
    let same = targets.len() - notes.len();
    notes.insert(
        0,
        format!(
            "{} names are matched by {}, {same} of them to the same name",
            targets.len(),
            table.file.get_ref()
        ),
    );
    Ok((notes, input))
}

/// The cells of several places together: those keys that every one of them has, so that no sum lacks a part.
fn joined(
    name: &str,
    target: &Target,
    at: usize,
    by_place: &BTreeMap<String, Vec<(Vec<String>, People)>>,
) -> Vec<(Vec<String>, People)> {
    let mut sums: BTreeMap<Vec<String>, (usize, People)> = BTreeMap::new();
    for place in target.places.keys() {
        for (key, people) in by_place.get(place).into_iter().flatten() {
            let mut key = key.clone();
            key[at] = name.to_owned();
            match sums.get_mut(&key) {
                Some((parts, sum)) => {
                    *parts += 1;
                    sum.add(people.clone());
                }
                None => {
                    sums.insert(key, (1, people.clone()));
                }
            }
        }
    }
    let is_whole = |(_, (parts, _)): &(Vec<String>, (usize, People))| *parts == target.places.len();
    sums.into_iter()
        .filter(is_whole)
        .map(|(key, (_, people))| (key, people))
        .collect()
}

fn read(
    world: &World,
    path: &Path,
    table: &PlaceMatch,
    baseline: &Baseline,
) -> Result<(BTreeMap<String, Target>, Input), Error> {
    let mut file = CsvFile::open(world, path, &Layout::default())?;
    let (from, to) = (file.column(&table.from)?, file.column(&table.to)?);
    let places = baseline.distinct(PLACE);
    let mut targets: BTreeMap<String, Target> = BTreeMap::new();
    let mut names: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let mut record = ByteRecord::new();
    while let Some(at) = file.next(&mut record)? {
        let name = at.text(&record, from)?.trim();
        let place = at.text(&record, to)?.trim();
        if name.is_empty() {
            return Err(at
                .fault_in(
                    from,
                    "found a blank",
                    "each row names a place of the counts",
                )
                .into());
        }
        let target = targets.entry(name.to_owned()).or_default();
        let blank = place.is_empty();
        if target.has_blank || (blank && !target.places.is_empty()) {
            let message = format!("`{name}` has no population here, and stands in another row too");
            return Err(at
                .fault_in(
                    to,
                    message,
                    "a name without population has one row, with a blank",
                )
                .into());
        }
        if blank {
            target.has_blank = true;
            continue;
        }
        if !places.contains(place) {
            let message = format!(
                "found `{place}`, which is no place of population `{}`",
                baseline.name
            );
            return Err(at
                .fault_in(to, message, nearest_hint(place, places.iter().copied()))
                .into());
        }
        if let Some((other, line)) = names.get(place) {
            let message =
                format!("`{place}` stands for `{name}`, and on line {line} for `{other}`");
            return Err(at
                .fault_in(to, message, "its people would count twice: write the place one way in the counts, or leave one of the two rows out")
                .into());
        }
        names.insert(place.to_owned(), (name.to_owned(), at.line()));
        target.places.insert(place.to_owned(), at.line());
    }
    let input = file.finish(
        table.file.get_ref(),
        format!("matches of population {}", baseline.name),
    )?;
    Ok((targets, input))
}
