//! The people on the road in working hours, made of residents and of who commutes where.
//!
//! Residents of a group, less those of them who work elsewhere, and those who live elsewhere and work here. Whoever
//! commutes is taken to be gone, or here, all the time; whoever does not, to be at home. Nobody else is on the road:
//! no through traffic, no shoppers, no visitors.

use std::collections::{BTreeMap, BTreeSet};

use csv::ByteRecord;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::super::csv_file::CsvFile;
use super::super::layout::Layout;
use super::baseline::{Baseline, Fault, People, Unusable};
use super::fields::number;
use super::margins::{BlankMargin, margin_of_error};
use crate::cells::{Coded, GROUP, Groups};
use crate::error::Error;
use crate::ingest::DataRoot;
use crate::stops::{Input, PLACE};
use crate::world::World;

/// The `commuting` table of a population: a CSV file with one row for each home, place of work and group.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommutingConfig {
    /// The CSV file, relative to the study.
    #[schemars(with = "String")]
    pub file: Spanned<String>,
    /// The column of where people live, named as in the baseline.
    pub home: String,
    /// The column of where they work.
    pub work: String,
    /// The column of their group.
    pub group: String,
    /// The column of how many they are.
    pub workers: String,
    /// The column of the 90 % margin of error.
    pub moe90: Option<String>,
}

/// Flows of workers by place and group.
struct Flows {
    leaving: BTreeMap<(String, String), People>,
    arriving: BTreeMap<(String, String), People>,
    /// Places that stand in the file, as home or as place of work.
    places: BTreeSet<String>,
    unknown_groups: u64,
}

/// Turns residents into people on the road; the remarks for the account, and the file.
///
/// # Errors
/// The same flow twice, a flow that is no number, a column that is not there.
pub(super) fn apply(
    world: &World,
    root: &DataRoot,
    config: &CommutingConfig,
    baseline: &mut Baseline,
    groups: &Groups,
) -> Result<(Vec<String>, Input), Error> {
    baseline.states_margins |= config.moe90.is_some();
    let (flows, input) = read(world, root, config, groups, baseline)?;
    let place_at = baseline
        .position(PLACE)
        .expect("`check` has refused commuters without places");
    let group_at = baseline.position(GROUP).expect("every baseline has groups");
    let path = root.locate(config.file.get_ref());
    let mut without = BTreeSet::new();
    for (key, people) in &mut baseline.cells {
        let (place, group) = (key[place_at].clone(), key[group_at].clone());
        if !flows.places.contains(&place) {
            without.insert(place);
            continue;
        }
        let flow = (place, group);
        if let Some(leaving) = flows.leaving.get(&flow) {
            people.subtract(leaving.clone());
        }
        if let Some(arriving) = flows.arriving.get(&flow) {
            people.add(arriving.clone());
        }
        if people.population() < 0.0 {
            people.spoil(Unusable {
                path: path.clone(),
                line: 0,
                column: config.workers.clone(),
                found: "more people commute out than live there and commute in".into(),
                what: Fault::Negative,
            });
        }
    }
    // Residents alone would be another kind of number than everywhere else.
    baseline
        .cells
        .retain(|key, _| !without.contains(&key[place_at]));
    let mut notes =
        vec!["residents, less those who commute out, and those who commute in".to_owned()];
    if !without.is_empty() {
        let names: Vec<&str> = without.iter().map(String::as_str).collect();
        notes.push(format!(
            "places without commuters in {} have no population: {}",
            config.file.get_ref(),
            names.join(", ")
        ));
    }
    if flows.unknown_groups > 0 {
        notes.push(format!(
            "rows of {} of groups that the study does not know: {}",
            config.file.get_ref(),
            flows.unknown_groups
        ));
    }
    Ok((notes, input))
}

fn read(
    world: &World,
    root: &DataRoot,
    config: &CommutingConfig,
    groups: &Groups,
    baseline: &Baseline,
) -> Result<(Flows, Input), Error> {
    let path = root.locate(config.file.get_ref());
    let mut file = CsvFile::open(world, &path, &Layout::default())?;
    let home = file.column(&config.home)?;
    let work = file.column(&config.work)?;
    let group_column = file.column(&config.group)?;
    let workers = file.column(&config.workers)?;
    let margin = config.moe90.as_ref().map(|name| file.column(name));
    let margin = margin.transpose()?;
    let mut flows = Flows {
        leaving: BTreeMap::new(),
        arriving: BTreeMap::new(),
        places: BTreeSet::new(),
        unknown_groups: 0,
    };
    let mut seen = BTreeMap::new();
    let mut record = ByteRecord::new();
    while let Some(at) = file.next(&mut record)? {
        let from = at.text(&record, home)?.trim();
        let to = at.text(&record, work)?.trim();
        let Coded::Group(group) = groups.classify(at.text(&record, group_column)?) else {
            flows.unknown_groups += 1;
            continue;
        };
        let row = vec![from.to_owned(), to.to_owned(), group.to_owned()];
        super::super::once(
            &mut seen,
            row,
            &at,
            "each flow stands once: remove one of the two",
        )?;
        let value = number(&at, &record, workers)?.map_err(|found| {
            let message = format!("found {}", super::super::quoted_or_blank(&found));
            at.fault_in(
                workers,
                message,
                "commuters are a finite number from 0, in digits",
            )
        })?;
        let margin = match margin {
            None => None,
            Some(column) => margin_of_error(
                at.text(&record, column)?,
                BlankMargin::Missing,
                at.notation(),
            )
            .map_err(|found| {
                let message = format!("found {}", super::super::quoted_or_blank(&found));
                at.fault_in(
                    column,
                    message,
                    "a margin of error is a number from 0, or a code of the census",
                )
            })?,
        };
        flows.places.extend([from.to_owned(), to.to_owned()]);
        if from == to {
            continue;
        }
        let people = People::of(value, margin, baseline.states_margins);
        let mut add =
            |place: &str, of: fn(&mut Flows) -> &mut BTreeMap<(String, String), People>| {
                let flow = (place.to_owned(), group.to_owned());
                of(&mut flows).entry(flow).or_default().add(people.clone());
            };
        add(from, |flows| &mut flows.leaving);
        add(to, |flows| &mut flows.arriving);
    }
    let input = file.finish(
        config.file.get_ref(),
        format!("commuters of population {}", baseline.name),
    )?;
    Ok((flows, input))
}
