//! The columns of a mapping are found in a file once, before its first row.

use super::on_request::{BasisColumn, OnRequest};
use super::rules::BoundRule;
use super::yes_no::YesNo;
use super::{BoundDate, From};
use crate::cells::GROUP;
use crate::error::Error;
use crate::ingest::{
    AgeReader, ColumnRule, ColumnSource, CsvFile, MomentReader, Seen, StopsConfig, counts_of_key,
};
use crate::stops::{
    AGE, DATE, HOUR, LIGHT, MINUTE, MONTH, OFFICER, PERIOD, PLACE, SEARCH_BASIS, WEEKDAY, YEAR,
};

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

    pub(super) fn age(&self) -> Result<Option<(usize, AgeReader, Vec<String>)>, Error> {
        let Some((rule, column)) = self.one(AGE)? else {
            return Ok(None);
        };
        let reader = AgeReader::new(rule).map_err(|(message, _)| Error::Internal(message))?;
        Ok(Some((column, reader, self.missing(rule))))
    }

    /// A column that says yes or no. Every column that the study itself lists must be there; of those of a format, one.
    pub(super) fn yes_no(&self, name: &str) -> Result<Option<YesNo>, Error> {
        let Some(source) = self.config.column(name) else {
            return Ok(None);
        };
        if !self.config.is_brought(name) {
            let all = source.rules().iter().flat_map(|rule| &rule.any);
            all.map(|column| self.file.column(column))
                .collect::<Result<Vec<_>, _>>()?;
        }
        self.says(source).map(Some)
    }

    fn says(&self, source: &ColumnSource) -> Result<YesNo, Error> {
        let outcomes = self.config.yes_and_no();
        YesNo::new(source, self.file, (&outcomes, &self.config.missing))
    }

    /// A key that is made where it is asked for; `None` for every other.
    fn on_request(&self, key: &str) -> Result<Option<OnRequest>, Error> {
        if let Some(counts) = counts_of_key(key).and_then(|name| self.config.further(name)) {
            return self
                .says(counts.column.get_ref())
                .map(|says| Some(OnRequest::Says(says)));
        }
        if self.config.own_key(key).is_some() {
            return Ok(None);
        }
        Ok(match (key, self.config.column(SEARCH_BASIS)) {
            (WEEKDAY, _) => Some(OnRequest::Weekday),
            (MONTH, _) => Some(OnRequest::Month),
            (HOUR, _) => Some(OnRequest::Hour),
            (SEARCH_BASIS, Some(source)) => Some(OnRequest::Bases(BasisColumn::all(source, self)?)),
            _ => None,
        })
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
                with: rule
                    .with
                    .iter()
                    .map(|column| self.file.column(column))
                    .collect::<Result<_, _>>()?,
                is: rule.is.clone().unwrap_or_default(),
                codes: rule.codes.clone(),
                first: rule.first,
                missing: self.missing(rule),
                goes_on: i < last,
                seen: Seen::default(),
            })
        });
        bound.collect()
    }

    pub(super) fn key(&self, key: &str) -> Result<From, Error> {
        if let Some(made) = self.on_request(key)? {
            return Ok(From::OnRequest(made));
        }
        let unmapped = || Error::Internal(format!("key `{key}` was asked for and is not mapped"));
        Ok(match key {
            GROUP => From::Group(self.rules(self.config.column(GROUP).ok_or_else(unmapped)?)?),
            YEAR => From::Year,
            PERIOD => From::Period,
            DATE => From::Date,
            MINUTE => From::Minute,
            LIGHT => From::Light,
            PLACE | OFFICER => {
                From::Text(self.rules(self.config.column(key).ok_or_else(unmapped)?)?)
            }
            own => From::Text(self.rules(self.config.own_key(own).ok_or_else(unmapped)?)?),
        })
    }
}
