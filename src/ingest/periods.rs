//! The `[periods]` table: dates and yearly counts become before, during, after.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::error::Error;

/// The `[periods]` table as written: name to first and last day.
pub type PeriodsConfig = BTreeMap<Spanned<String>, PeriodConfig>;

/// First and last day of a period, both included.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodConfig {
    /// First day.
    #[schemars(with = "super::schema::Day")]
    from: Spanned<Datetime>,
    /// Last day.
    #[schemars(with = "super::schema::Day")]
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

/// The part of a calendar year that lies in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct PartOfYear {
    /// Name of the period.
    pub period: String,
    /// The calendar year.
    pub year: i16,
    /// How much of that year: 1 for all of it.
    pub length: f64,
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
            let [(earlier, earlier_span), (later, span)] = pair else {
                continue;
            };
            if later.from <= earlier.until {
                let message = format!(
                    "period `{}` begins on {}, and `{}` ends on {}",
                    later.name, later.from, earlier.name, earlier.until
                );
                return Err(Error::study(
                    span.clone(),
                    message,
                    "periods do not overlap, since a stop belongs to one: let the later one begin a day after the earlier one ends",
                )
                .against(earlier_span.clone()));
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

    /// First and last day of a period, or of the year of a transition.
    #[must_use]
    pub fn days_of(&self, name: &str) -> Option<(Date, Date)> {
        let own = self.0.iter().find(|period| period.name == name);
        own.map(|period| (period.from, period.until)).or_else(|| {
            let year = transition_year(name)?;
            Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
        })
    }

    /// The calendar years that the periods touch, each with the part of it that lies in the period.
    #[must_use]
    pub fn years(&self) -> Vec<PartOfYear> {
        let of = |period: &Period| {
            let (from, until, name) = (period.from, period.until, period.name.clone());
            (from.year()..=until.year()).filter_map(move |year| {
                let first = from.max(Date::new(year, 1, 1).ok()?);
                let last = until.min(Date::new(year, 12, 31).ok()?);
                let days = first.until(last).ok()?.get_days() + 1;
                Some(PartOfYear {
                    period: name.clone(),
                    year,
                    length: f64::from(days) / f64::from(first.days_in_year()),
                })
            })
        };
        self.0.iter().flat_map(of).collect()
    }

    /// The order in which the periods are shown, transitions between them.
    #[must_use]
    pub fn rank(&self, name: &str) -> (Option<Date>, String) {
        let transition = || Date::new(transition_year(name)?, 1, 1).ok();
        let first = self
            .0
            .iter()
            .find(|period| period.name == name)
            .map(|period| period.from);
        (first.or_else(transition), name.to_owned())
    }
}

/// The year of a transition.
fn transition_year(name: &str) -> Option<i16> {
    name.strip_prefix("transition (")?
        .strip_suffix(')')?
        .parse()
        .ok()
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
    fn a_period_is_measured_in_parts_of_calendar_years() {
        let text = "a = { from = 2011-01-01, until = 2012-07-01 }\nb = { from = 2012-07-02, until = 2012-12-31 }";
        let periods = Periods::new(&toml::from_str(text).unwrap()).unwrap();
        let parts: Vec<(String, i16, f64)> = periods
            .years()
            .into_iter()
            .map(|part| (part.period, part.year, part.length))
            .collect();
        let want = [
            ("a".to_owned(), 2011, 1.0),
            ("a".to_owned(), 2012, 183.0 / 366.0),
            ("b".to_owned(), 2012, 183.0 / 366.0),
        ];
        assert_eq!(parts, want);
    }
}
