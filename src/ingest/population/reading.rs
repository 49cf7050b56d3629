//! Reads the files of a population, cell by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::super::at::At;
use super::super::csv_file::CsvFile;
use super::super::key_column::BoundKey;
use super::super::row_filter::CompiledFilter;
use super::baseline::{Baseline, Fault, People, Unusable, split_group};
use super::config::{Codes, MOE90, POPULATION, PopulationConfig};
use super::fields::{BoundGroup, Fields};
use super::wide_groups::WideGroup;
use super::{commuting, matches};
use crate::cells::{Coded, GROUP, Groups};
use crate::error::{DataFault, Error};
use crate::ingest::DataRoot;
use crate::stops::{Dropped, Input, SourceLedger};
use crate::warning::Warning;
use crate::world::World;

const PEOPLE_AGAIN: &str = "each cell stands once: remove one, or add the key that tells the rows apart to `columns`; people of several ages, say, are added up with sum_over = [\"age\"], people of several years are not";

/// A baseline with the account of its rows and its files.
#[derive(Debug)]
pub struct ReadPopulation {
    /// The people by cell, as the counts name their places.
    pub baseline: Baseline,
    /// Where the rows went.
    pub ledger: SourceLedger,
    /// The files.
    pub inputs: Vec<Input>,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

/// Reads a baseline.
///
/// # Errors
/// A missing column, the same cell twice, an unreadable file; a table of matches that names a place which is not there.
/// A blank or impossible population is kept as found and is an error for the analysis that asks for it.
pub fn read_population(
    world: &World,
    root: &DataRoot,
    config: &PopulationConfig,
    groups: &Groups,
) -> Result<ReadPopulation, Error> {
    config.check()?;
    let mut reading = Reading::new(config, groups);
    let mut inputs = Vec::new();
    for file in config.sources() {
        let path = root.locate(file.get_ref());
        inputs.push(reading.file(world, &path, file.get_ref())?);
    }
    let first = config
        .sources()
        .next()
        .expect("`check` has refused a table without files");
    reading.every_group_was_found(&root.locate(first.get_ref()))?;
    let (mut baseline, mut ledger) = reading.finish(root.locate(first.get_ref()));
    if let Some(flows) = &config.commuting {
        let (notes, input) = commuting::apply(world, root, flows, &mut baseline, groups)?;
        ledger.notes.extend(notes);
        inputs.push(input);
    }
    if let Some(table) = &config.place_match {
        let (notes, input) = matches::apply(world, root, table, &mut baseline)?;
        ledger.notes.extend(notes);
        inputs.push(input);
    }
    baseline.cells.values_mut().for_each(People::settle);
    ledger.rows_in = inputs
        .iter()
        .take(config.sources().count())
        .filter_map(|input| input.rows)
        .sum();
    ledger.check()?;
    let warnings = super::super::silent_filters(&ledger, config.filter.len());
    Ok(ReadPopulation {
        warnings,
        baseline,
        ledger,
        inputs,
    })
}

struct Reading<'a> {
    config: &'a PopulationConfig,
    groups: &'a Groups,
    codes: Codes,
    keys: Vec<String>,
    states_margins: bool,
    cells: BTreeMap<Vec<String>, People>,
    /// The rows of each file, by the cell and what tells its rows apart.
    seen: Vec<(String, BTreeMap<Vec<String>, u64>)>,
    /// The values of the group in the file of which `codes` make a group, by cell and column that is added up over.
    coded: BTreeMap<Vec<String>, BTreeSet<String>>,
    /// How many rows each cell is made of.
    parts: BTreeMap<Vec<String>, usize>,
    /// Groups that some file has columns for.
    found: BTreeSet<String>,
    ledger: SourceLedger,
    unused: BTreeSet<String>,
}

/// Where the people of a row stand.
enum People90<'a> {
    /// The group, the population and its margin.
    Row(BoundKey<'a>, usize, Option<usize>),
    /// Each group with its columns.
    Columns(Vec<(String, BoundGroup<'a>)>),
}

/// A file as the table maps it.
struct Mapped<'a> {
    fields: Fields,
    filters: Vec<CompiledFilter<'a>>,
    keys: Vec<(String, BoundKey<'a>)>,
    at: Vec<(String, BoundKey<'a>)>,
    sum_over: Vec<usize>,
    people: People90<'a>,
}

impl<'a> Reading<'a> {
    fn new(config: &'a PopulationConfig, groups: &'a Groups) -> Self {
        let codes = config.all_codes();
        let mut rules: Vec<String> = config
            .filter
            .iter()
            .map(|filter| filter.drop.clone())
            .collect();
        if !codes.is_empty() {
            rules.push(LEFT_OUT.into());
        }
        if !config.at.is_empty() {
            rules.push(OTHER_VALUE.into());
        }
        if config.wide.is_none() {
            rules.push(UNKNOWN.into());
        }
        let states_margins = match &config.wide {
            Some(wide) => wide.get_ref().values().any(WideGroup::states_margins),
            None => config.column(MOE90).is_some(),
        };
        Self {
            config,
            groups,
            codes,
            keys: config.keys(),
            states_margins,
            cells: BTreeMap::new(),
            seen: Vec::new(),
            coded: BTreeMap::new(),
            parts: BTreeMap::new(),
            found: BTreeSet::new(),
            ledger: SourceLedger {
                source: config.name.get_ref().clone(),
                files: config
                    .sources()
                    .map(|file| file.get_ref().clone())
                    .collect(),
                dropped: rules
                    .into_iter()
                    .map(|rule| Dropped { rule, rows: 0 })
                    .collect(),
                ..SourceLedger::default()
            },
            unused: BTreeSet::new(),
        }
    }

    fn file(&mut self, world: &World, path: &Path, shown_as: &str) -> Result<Input, Error> {
        let layout = self.config.layout.clone().unwrap_or_default();
        let mut file = CsvFile::open(world, path, &layout)?;
        let mapped = self.map(path, &file)?;
        self.seen.push((shown_as.to_owned(), BTreeMap::new()));
        let mut record = ByteRecord::new();
        while let Some(at) = file.next(&mut record)? {
            self.row(&mapped, &at, &record)?;
        }
        self.ledger.notes.extend(file.note());
        file.finish(
            shown_as,
            format!("population {}", self.config.name.get_ref()),
        )
    }

    fn map(&mut self, path: &Path, file: &CsvFile) -> Result<Mapped<'a>, Error> {
        let config = self.config;
        let one = |key: &str| {
            let column = config
                .column(key)
                .map(|column| column.get_ref().columns[0].as_str());
            column.map(|name| file.column(name)).transpose()
        };
        let people = match &config.wide {
            Some(wide) => People90::Columns(self.groups_of(path, file, wide.get_ref())?),
            None => {
                let group = config
                    .column(GROUP)
                    .expect("`check` has refused a table without groups");
                let population =
                    one(POPULATION)?.expect("`check` has refused a table without people");
                People90::Row(
                    BoundKey::new(group.get_ref(), file)?,
                    population,
                    one(MOE90)?,
                )
            }
        };
        let bound = |key: &String| {
            let column = config.column(key).expect("the keys are those of `columns`");
            Ok((key.clone(), BoundKey::new(column.get_ref(), file)?))
        };
        let keys = self.keys.iter().filter(|key| *key != GROUP).map(bound);
        let at = config.at.keys().map(bound);
        let filters = config
            .filter
            .iter()
            .map(|filter| CompiledFilter::new(filter, file));
        let sum_over = config
            .sum_over
            .iter()
            .map(|column| file.column(column.get_ref()));
        Ok(Mapped {
            fields: Fields {
                path: path.to_path_buf(),
                blank: config.blank_moe.unwrap_or_default(),
                states_margins: self.states_margins,
            },
            filters: filters.collect::<Result<_, _>>()?,
            keys: keys.collect::<Result<_, Error>>()?,
            at: at.collect::<Result<_, Error>>()?,
            sum_over: sum_over.collect::<Result<_, _>>()?,
            people,
        })
    }

    /// The groups of the study that this file has columns for: all columns of a group, or none where the others files
    /// have them.
    fn groups_of(
        &mut self,
        path: &Path,
        file: &CsvFile,
        wide: &'a super::config::Wide,
    ) -> Result<Vec<(String, BoundGroup<'a>)>, Error> {
        let known = self.groups.known();
        let is_one_of_several = self.config.files.len() > 1;
        let mut bound = Vec::new();
        for (group, rule) in wide {
            if !known.contains(group) {
                self.unused.insert(group.clone());
                continue;
            }
            let columns = rule.columns();
            if is_one_of_several && !columns.iter().any(|column| file.has(column)) {
                continue;
            }
            let at = columns.iter().map(|column| file.column(column));
            let at = at.collect::<Result<_, _>>()?;
            self.found.insert(group.clone());
            bound.push((group.clone(), BoundGroup { rule, at }));
        }
        if bound.is_empty() {
            return Err(DataFault::new(
                path,
                "the file has no column of any group of the study",
                "`wide` says which columns hold the people of a group that [groups] names",
            )
            .into());
        }
        Ok(bound)
    }

    /// A group of several files that none of them has.
    fn every_group_was_found(&self, path: &Path) -> Result<(), Error> {
        let Some(wide) = &self.config.wide else {
            return Ok(());
        };
        let known = self.groups.known();
        let lost = wide
            .get_ref()
            .keys()
            .find(|group| known.contains(group) && !self.found.contains(*group));
        match lost {
            None => Ok(()),
            Some(group) => Err(DataFault::new(
                path,
                format!("neither this file nor the others have the columns of `{group}`"),
                format!(
                    "add the file that has `{}`",
                    wide.get_ref()[group].columns().join("`, `")
                ),
            )
            .into()),
        }
    }

    fn drop(&mut self, rule: &str) {
        self.ledger.drop_row(rule, self.config.filter.len());
    }

    fn row(&mut self, mapped: &Mapped<'_>, at: &At<'_>, record: &ByteRecord) -> Result<(), Error> {
        for (i, filter) in mapped.filters.iter().enumerate() {
            if filter.drops(at, record)? {
                self.ledger.dropped[i].rows += 1;
                return Ok(());
            }
        }
        let mut values = Vec::with_capacity(mapped.keys.len() + 1);
        for (key, column) in &mapped.keys {
            let raw = column.value(at, record)?;
            match column.decoded(key, raw, self.codes.get(key), at)? {
                Some(value) => values.push(value),
                None => {
                    self.drop(LEFT_OUT);
                    return Ok(());
                }
            }
        }
        for (key, column) in &mapped.at {
            let raw = column.value(at, record)?;
            let Some(value) = column.decoded(key, raw, self.codes.get(key), at)? else {
                self.drop(LEFT_OUT);
                return Ok(());
            };
            if self.config.at[key] != value {
                self.drop(OTHER_VALUE);
                return Ok(());
            }
        }
        let mut apart = Vec::with_capacity(mapped.sum_over.len() + 1);
        for &column in &mapped.sum_over {
            apart.push(at.text(record, column)?.trim().to_owned());
        }
        match &mapped.people {
            People90::Columns(groups) => {
                for (group, bound) in groups {
                    let people = bound.people(&mapped.fields, at, record)?;
                    self.keep(self.cell(&values, group), &apart, None, (at, people))?;
                }
            }
            People90::Row(column, population, margin) => {
                let raw = column.value(at, record)?;
                let (group, is_coded) = match self.group(&raw) {
                    Ok(found) => found,
                    Err(rule) => {
                        self.drop(rule);
                        return Ok(());
                    }
                };
                let people = mapped
                    .fields
                    .estimate(at, record, (*population, *margin), 1.0)?;
                let raw = is_coded.then_some(raw);
                self.keep(self.cell(&values, &group), &apart, raw, (at, people))?;
            }
        }
        self.ledger.rows_kept += 1;
        Ok(())
    }

    /// The group of a raw value, and whether it is by `codes`, where several values may be one group.
    fn group(&self, raw: &str) -> Result<(String, bool), &'static str> {
        let own = self.codes.get(GROUP).and_then(|codes| codes.get(raw));
        let (word, is_coded) = match own {
            Some(word) if !self.groups.codes.contains_key(raw) => (word.as_str(), true),
            _ => (raw, false),
        };
        if is_coded && word.is_empty() {
            return Err(LEFT_OUT);
        }
        match self.groups.classify(word) {
            Coded::Group(group) => Ok((group.to_owned(), is_coded)),
            _ => Err(UNKNOWN),
        }
    }

    fn cell(&self, values: &[String], group: &str) -> Vec<String> {
        let mut rest = values.iter();
        let value = |key: &String| match key.as_str() {
            GROUP => Some(group.to_owned()),
            _ => rest.next().cloned(),
        };
        self.keys.iter().filter_map(value).collect()
    }

    fn keep(
        &mut self,
        cell: Vec<String>,
        apart: &[String],
        coded: Option<String>,
        (at, people): (&At<'_>, People),
    ) -> Result<(), Error> {
        let mut row = cell.clone();
        row.extend(apart.iter().cloned());
        if let Some(raw) = coded {
            let known = self.coded.entry(row.clone()).or_default();
            known.insert(raw.clone());
            row.push(raw);
        }
        let (own, earlier) = self.seen.split_last_mut().expect("a file is open");
        for (file, rows) in earlier {
            if let Some(line) = rows.get(&row) {
                let message = format!(
                    "the cell {} stands here again, first in {file} on line {line}",
                    row.join(" / ")
                );
                return Err(at.fault(message, PEOPLE_AGAIN).into());
            }
        }
        super::super::once(&mut own.1, row, at, PEOPLE_AGAIN)?;
        *self.parts.entry(cell.clone()).or_default() += 1;
        match self.cells.get_mut(&cell) {
            Some(sum) => sum.add(people),
            None => {
                self.cells.insert(cell, people.on_line(at.line()));
            }
        }
        Ok(())
    }

    fn finish(mut self, path: PathBuf) -> (Baseline, SourceLedger) {
        self.refuse_incomplete(&path);
        self.ledger
            .notes
            .extend(super::super::summed_note(&self.config.sum_over));
        self.ledger.notes.extend(self.uneven_sums());
        if !self.unused.is_empty() {
            let names: Vec<&str> = self.unused.iter().map(String::as_str).collect();
            self.ledger.notes.push(format!(
                "columns of groups that the study does not name were not read: {}",
                names.join(", ")
            ));
        }
        let wide = self
            .config
            .wide
            .as_ref()
            .and_then(|wide| wide.get_ref().values().next());
        let first = wide.map(|group| group.columns()[0].to_owned());
        let population = self.config.column(POPULATION);
        let column = population.map(|column| column.get_ref().columns[0].clone());
        let baseline = Baseline {
            name: self.config.name.get_ref().clone(),
            universe: self.config.universe.clone().unwrap_or_default(),
            vintage: self.config.vintage.clone().unwrap_or_default(),
            cautions: self.config.cautions.clone(),
            keys: self.keys,
            states_margins: self.states_margins,
            cells: self.cells,
            path,
            column: column.or(first).unwrap_or_default(),
        };
        (baseline, self.ledger)
    }

    /// A group that `codes` make of several, and that lacks one of them somewhere, would be too small there without
    /// anybody seeing it.
    fn refuse_incomplete(&mut self, path: &Path) {
        let at = self
            .keys
            .iter()
            .position(|key| key == GROUP)
            .unwrap_or_default();
        let mut expected: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
        for (row, found) in &self.coded {
            expected.entry(row[at].as_str()).or_default().extend(found);
        }
        let column = self
            .config
            .column(GROUP)
            .map(|column| column.get_ref().columns[0].clone());
        for (row, found) in &self.coded {
            let Some(lost) = expected[row[at].as_str()]
                .iter()
                .find(|raw| !found.contains(**raw))
            else {
                continue;
            };
            let cell = &row[..self.keys.len()];
            let Some(people) = self.cells.get_mut(cell) else {
                continue;
            };
            people.spoil(Unusable {
                path: path.to_path_buf(),
                line: people.line,
                column: column.clone().unwrap_or_default(),
                found: format!("it is made of several groups, and there is no row of `{lost}`"),
                what: Fault::Incomplete,
            });
        }
    }

    /// Cells of which fewer rows are added up than of another group of the same place.
    fn uneven_sums(&self) -> Option<String> {
        if self.config.sum_over.is_empty() {
            return None;
        }
        let mut most: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (cell, parts) in &self.parts {
            let most = most.entry(split_group(&self.keys, cell).0).or_default();
            *most = (*most).max(*parts);
        }
        let is_short = |(cell, parts): &(&Vec<String>, &usize)| {
            **parts < most[&split_group(&self.keys, cell).0]
        };
        let mut short = self.parts.iter().filter(is_short);
        let (first, _) = short.next()?;
        Some(format!(
            "cells of which fewer rows are added up than of another group there: {}, first {}",
            short.count() + 1,
            first.join(" / ")
        ))
    }
}

const LEFT_OUT: &str = "left out by `codes`";
const OTHER_VALUE: &str = "another value than `at` says";
const UNKNOWN: &str = "group that the study does not know";
