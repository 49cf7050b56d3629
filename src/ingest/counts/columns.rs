//! Where the counts of a row stand, bound to the columns of one file.

use super::super::csv_file::CsvFile;
use super::super::key_column::BoundKey;
use super::config::{CountsConfig, Lines, WideCounts};
use crate::cells::{GROUP, Groups, Outcome};
use crate::error::Error;

/// Where the counts of a row stand.
pub(super) enum Counted<'a> {
    /// The group, the events and the trials.
    Row(BoundKey<'a>, usize, Option<usize>),
    /// Each group with its columns.
    Groups(Vec<(String, BoundCounts)>),
}

/// The columns of one group.
pub(super) enum BoundCounts {
    Sums(Vec<usize>, Vec<usize>),
    Fraction(usize),
}

pub(super) struct Columns<'a> {
    /// The keys that are not the group, in the order of the outcome's.
    pub(super) keys: Vec<(String, BoundKey<'a>)>,
    /// Whether each key of the outcome is the group.
    pub(super) is_group: Vec<bool>,
    pub(super) sum_over: Vec<usize>,
    pub(super) counted: Counted<'a>,
    pub(super) lines: Option<(usize, &'a Lines)>,
    pub(super) unused: Option<String>,
}

impl<'a> Columns<'a> {
    pub(super) fn find(
        config: &'a CountsConfig,
        file: &CsvFile,
        outcome: &Outcome,
        groups: &Groups,
    ) -> Result<Self, Error> {
        let mut keys = Vec::new();
        let mut is_group = Vec::new();
        for name in &outcome.keys {
            if name == GROUP {
                is_group.push(true);
            } else if let Some(column) = config.key(name) {
                keys.push((name.clone(), BoundKey::new(column.get_ref(), file)?));
                is_group.push(false);
            }
        }
        let all = |names: &[String]| {
            let at = names.iter().map(|name| file.column(name));
            at.collect::<Result<Vec<_>, _>>()
        };
        let known = groups.known();
        let mut unused = Vec::new();
        let counted = match &config.wide {
            Some(wide) => {
                let mut bound = Vec::new();
                for (group, columns) in wide.get_ref() {
                    if !known.contains(group) {
                        unused.push(group.as_str());
                        continue;
                    }
                    let columns = match columns {
                        WideCounts::Sums { events, trials } => {
                            BoundCounts::Sums(all(events)?, all(trials)?)
                        }
                        WideCounts::Fraction(column) => BoundCounts::Fraction(file.column(column)?),
                    };
                    bound.push((group.clone(), columns));
                }
                Counted::Groups(bound)
            }
            None => {
                let group = config
                    .key(GROUP)
                    .expect("`outcome` has refused keys without a group");
                let events = config
                    .events
                    .as_ref()
                    .expect("`outcome` has refused counts without events");
                let trials = config
                    .trials
                    .as_ref()
                    .map(|column| file.column(column.get_ref()));
                Counted::Row(
                    BoundKey::new(group.get_ref(), file)?,
                    file.column(events.get_ref())?,
                    trials.transpose()?,
                )
            }
        };
        let lines = config.lines.as_ref().map(|lines| {
            let lines = lines.get_ref();
            Ok::<_, Error>((file.column(&lines.column)?, lines))
        });
        let sum_over = config
            .sum_over
            .iter()
            .map(|column| file.column(column.get_ref()));
        Ok(Self {
            keys,
            is_group,
            sum_over: sum_over.collect::<Result<_, _>>()?,
            counted,
            lines: lines.transpose()?,
            unused: (!unused.is_empty()).then(|| {
                format!(
                    "columns of groups that the study does not name were not read: {}",
                    unused.join(", ")
                )
            }),
        })
    }

    /// The key of a cell in the order of the outcome's.
    pub(super) fn cell(
        &self,
        values: &[String],
        group: &str,
        period: Option<&String>,
    ) -> Vec<String> {
        let mut rest = values.iter();
        let value = |is_group: &bool| {
            if *is_group {
                Some(group.to_owned())
            } else {
                rest.next().cloned()
            }
        };
        let mut key: Vec<String> = self.is_group.iter().filter_map(value).collect();
        key.extend(period.cloned());
        key
    }
}
