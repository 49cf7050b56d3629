//! The `[periods]` table: dates and yearly counts become before, during, after.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::error::Error;

/// The `[periods]` table as written: name to first and last day.
pub type PeriodsConfig = BTreeMap<Spanned<String>, PeriodConfig>;

/// First and last day of a period, both included.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodConfig {
    from: Spanned<Datetime>,
    until: Spanned<Datetime>,
}

/// One period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its name in the study.
    pub name: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// The periods of a study, by first day; they do not overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods(Vec<Period>);

impl Periods {
    /// Reads and orders the table.
    ///
    /// # Errors
    /// A date that is none, a period that ends before it begins, periods that overlap.
    pub fn new(config: &PeriodsConfig) -> Result<Self, Error> {
        let mut periods = Vec::new();
        for (name, period) in config {
            let (from, until) = (day(&period.from)?, day(&period.until)?);
            if until < from {
                return Err(Error::study(
                    period.until.span(),
                    "the period ends before it begins",
                    "`until` is the last day of the period",
                ));
            }
            periods.push((
                Period {
                    name: name.get_ref().clone(),
                    from,
                    until,
                },
                name.span(),
            ));
        }
        periods.sort_by_key(|(period, _)| period.from);
        for pair in periods.windows(2) {
            let [(earlier, _), (later, span)] = pair else {
                continue;
            };
            if later.from <= earlier.until {
                let message = format!(
                    "period `{}` begins before `{}` ends",
                    later.name, earlier.name
                );
                return Err(Error::study(
                    span.clone(),
                    message,
                    "periods must not overlap",
                ));
            }
        }
        Ok(Self(
            periods.into_iter().map(|(period, _)| period).collect(),
        ))
    }

    /// Whether the study has no periods.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The period of a day.
    #[must_use]
    pub fn of_day(&self, day: Date) -> Option<&str> {
        self.0
            .iter()
            .find(|period| period.from <= day && day <= period.until)
            .map(|period| period.name.as_str())
    }

    /// The period of a calendar year whose counts cannot be divided: the period that holds all of it; a period of its
    /// own, `transition (2006)`, when the year touches a period without lying in it; none otherwise.
    #[must_use]
    pub fn of_year(&self, year: i16) -> Option<String> {
        let first = Date::new(year, 1, 1).ok()?;
        let last = Date::new(year, 12, 31).ok()?;
        if let Some(period) = self
            .0
            .iter()
            .find(|period| period.from <= first && last <= period.until)
        {
            return Some(period.name.clone());
        }
        let touches = self
            .0
            .iter()
            .any(|period| period.from <= last && first <= period.until);
        touches.then(|| format!("transition ({year})"))
    }

    /// How long a period is, in years of 365.25 days.
    #[must_use]
    pub fn years(&self, name: &str) -> Option<f64> {
        let period = self.0.iter().find(|period| period.name == name)?;
        let days = period.from.until(period.until).ok()?.get_days() + 1;
        Some(f64::from(days) / 365.25)
    }

    /// The order in which the periods are shown, transitions between them.
    #[must_use]
    pub fn rank(&self, name: &str) -> (Option<Date>, String) {
        let transition = || {
            name.strip_prefix("transition (")?
                .strip_suffix(')')?
                .parse()
                .ok()
                .and_then(|year| Date::new(year, 1, 1).ok())
        };
        let first = self
            .0
            .iter()
            .find(|period| period.name == name)
            .map(|period| period.from);
        (first.or_else(transition), name.to_owned())
    }
}

fn day(value: &Spanned<Datetime>) -> Result<Date, Error> {
    let text = value.get_ref().to_string();
    text.parse().map_err(|_| {
        Error::study(
            value.span(),
            format!("found `{text}`"),
            "a period is given by dates: from = 2011-01-01, until = 2012-12-31",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods() -> Periods {
        let text = "before = { from = 2002-01-01, until = 2006-02-26 }\nduring = { from = 2006-02-27, until = 2018-12-04 }";
        Periods::new(&toml::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn a_year_that_straddles_the_agreement_is_a_period_of_its_own() {
        assert_eq!(periods().of_year(2005).as_deref(), Some("before"));
        assert_eq!(
            periods().of_year(2006).as_deref(),
            Some("transition (2006)")
        );
        assert_eq!(periods().of_year(2017).as_deref(), Some("during"));
        assert_eq!(
            periods().of_year(2018).as_deref(),
            Some("transition (2018)")
        );
        assert_eq!(periods().of_year(2019), None);
        let order = ["before", "transition (2006)", "during", "transition (2018)"];
        assert!(order.is_sorted_by_key(|period| periods().rank(period)));
    }

    #[test]
    fn overlapping_or_reversed_periods_are_refused() {
        for text in [
            "a = { from = 2002-01-01, until = 2001-01-01 }",
            "a = { from = 2002-01-01, until = 2003-01-01 }\nb = { from = 2003-01-01, until = 2004-01-01 }",
        ] {
            assert!(Periods::new(&toml::from_str(text).unwrap()).is_err());
        }
    }

    #[test]
    fn the_length_of_a_period_counts_both_ends() {
        let periods =
            Periods::new(&toml::from_str("a = { from = 2011-01-01, until = 2014-12-31 }").unwrap())
                .unwrap();
        assert!((periods.years("a").unwrap() - 4.0).abs() < 1e-12);
    }
}
