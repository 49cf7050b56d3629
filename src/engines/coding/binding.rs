//! The columns of a mapping are found in a file once, before its first row.

use super::values::Seen;
use super::{BoundDate, BoundRule, From};
use crate::cells::GROUP;
use crate::error::Error;
use crate::ingest::{ColumnRule, ColumnSource, CsvFile, MomentReader, StopsConfig};
use crate::stops::{DATE, OFFICER, PERIOD, PLACE, YEAR};

/// Binds the columns of a mapping to those of a file.
pub(super) struct Binder<'a, 'f> {
    pub(super) config: &'a StopsConfig,
    pub(super) file: &'f CsvFile,
}

impl<'a> Binder<'a, '_> {
    pub(super) fn missing(&self, rule: &ColumnRule) -> Vec<String> {
        self.config
            .missing
            .iter()
            .chain(&rule.missing)
            .cloned()
            .collect()
    }

    /// The one column of a canonical name that takes no list of rules.
    pub(super) fn one(&self, name: &str) -> Result<Option<(&'a ColumnRule, usize)>, Error> {
        let Some(source) = self.config.column(name) else {
            return Ok(None);
        };
        let rules = source.rules();
        let rule = rules.iter().find(|rule| rule.fits(self.file.headers()));
        let rule = rule.unwrap_or(&rules[0]);
        match rule.find(self.file)?.as_slice() {
            [column] => Ok(Some((rule, *column))),
            _ => Err(Error::Internal(format!(
                "`{name}` has more than one column"
            ))),
        }
    }

    pub(super) fn date(&self) -> Result<Option<BoundDate>, Error> {
        let Some((rule, column)) = self.one(DATE)? else {
            return Ok(None);
        };
        let zone = self
            .config
            .timezone
            .as_ref()
            .map(|zone| zone.get_ref().as_str());
        let reader = MomentReader::new(rule, zone.filter(|_| self.config.utc));
        Ok(Some(BoundDate {
            column,
            reader: reader.map_err(|(message, _)| Error::Internal(message))?,
            missing: self.missing(rule),
        }))
    }

    fn rules(&self, source: &ColumnSource) -> Result<Vec<BoundRule>, Error> {
        let rules = source.rules();
        let here = |rule: &&ColumnRule| rules.len() == 1 || rule.fits(self.file.headers());
        let here: Vec<&ColumnRule> = rules.iter().filter(here).collect();
        // With none of the columns the error names that of the first rule.
        let here = if here.is_empty() {
            vec![&rules[0]]
        } else {
            here
        };
        let last = here.len() - 1;
        let bound = here.into_iter().enumerate().map(|(i, rule)| {
            Ok(BoundRule {
                column: rule.find(self.file)?.first().copied(),
                is: rule.is.clone().unwrap_or_default(),
                codes: rule.codes.clone(),
                missing: self.missing(rule),
                goes_on: i < last,
                seen: Seen::default(),
            })
        });
        bound.collect()
    }

    pub(super) fn key(&self, key: &str) -> Result<From, Error> {
        let unmapped = || Error::Internal(format!("key `{key}` was asked for and is not mapped"));
        Ok(match key {
            GROUP => From::Group(self.rules(self.config.column(GROUP).ok_or_else(unmapped)?)?),
            YEAR => From::Year,
            PERIOD => From::Period,
            PLACE | OFFICER => {
                From::Text(self.rules(self.config.column(key).ok_or_else(unmapped)?)?)
            }
            own => From::Text(self.rules(self.config.own_key(own).ok_or_else(unmapped)?)?),
        })
    }
}
