//! In which layouts the values of a column are dates and times of day.
//!
//! Every layout is counted for itself. Where day before month and month before day fit the same values, both are handed
//! on: the file cannot tell them apart, and nobody guesses.

use std::collections::BTreeMap;

use serde::Serialize;

use jiff::civil::{Date, Time};
use jiff::fmt::strtime::BrokenDownTime;

/// Layouts of dates, in the notation of `strftime`.
pub(super) const DATES: [&str; 25] = [
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%m/%d/%y",
    "%d/%m/%y",
    "%y/%m/%d",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m-%d-%y",
    "%d-%m-%y",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d.%m.%y",
    "%m%d%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%A, %B %d, %Y",
    "%a, %d %b %Y",
    "%Y.%m.%d",
    "%d%b%Y",
];

/// Layouts of times of day.
pub(super) const TIMES: [&str; 6] = [
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S%.f",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%H%M",
];

/// Years in which police records lie; a layout that reads another year reads the value wrongly.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// Values that are tried with every layout before those that never fit are given up.
const TRIALS: u64 = 2_000;

/// How many values each layout fits.
#[derive(Debug, Clone, Default)]
pub(super) struct DateTally {
    seen: u64,
    dates: [u64; DATES.len()],
    times: [u64; TIMES.len()],
    /// Values that fit some layout of dates.
    pub(super) fit: u64,
    /// Of those, values with a time of day, at midnight, and with an offset from universal time.
    pub(super) with_time: u64,
    pub(super) at_midnight: u64,
    pub(super) with_offset: u64,
    /// Joined by the `T` of ISO 8601 instead of a space.
    pub(super) with_t: u64,
    /// Values that are a time of day alone.
    pub(super) time_only: u64,
    first: Option<Date>,
    last: Option<Date>,
    /// For each set of layouts that read the same values (a bit each): how many values, and the first of them with its line.
    together: BTreeMap<u32, (u64, Example)>,
}

/// A value and the line on which it stands first; 0 where no line is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The value as it is written.
    pub value: String,
    /// Its line.
    pub line: u64,
}

impl Example {
    fn new(value: &str, line: u64) -> Self {
        Self {
            value: value.to_owned(),
            line,
        }
    }
}

/// The layouts and the first example of a day before a month, where others have the month first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MixedDates {
    /// A layout, how many values only it reads of the two, and the first of these.
    pub one: (&'static str, u64, Example),
    /// The same of the other.
    pub other: (&'static str, u64, Example),
}

impl DateTally {
    /// Takes one value, which occurs `times`, first on a line.
    pub(super) fn take(&mut self, text: &str, times: u64, line: u64) {
        // Looked at, not weighed: a text that stands in many rows is one trial.
        self.seen += 1;
        let may_be = text.len() <= 40 && text.bytes().any(|byte| byte.is_ascii_digit());
        if !may_be {
            self.set_apart(0, text, times, line);
            return;
        }
        let parts = Parts::of(text);
        let (mut fits, mut layouts) = (false, 0_u32);
        for (i, layout) in DATES.iter().enumerate() {
            if self.is_given_up(self.dates[i]) || !shape_fits(layout, parts.date) {
                continue;
            }
            if let Some(date) = date_in(layout, parts.date) {
                self.dates[i] += times;
                layouts |= 1 << i;
                if !fits {
                    self.first = Some(self.first.map_or(date, |first| first.min(date)));
                    self.last = Some(self.last.map_or(date, |last| last.max(date)));
                }
                fits = true;
            }
        }
        self.set_apart(layouts, text, times, line);
        let mut is_time = false;
        if let Some(time) = parts.time {
            for (i, layout) in TIMES.iter().enumerate() {
                if let Some(found) = time_in(layout, time) {
                    self.times[i] += times;
                    if !is_time && found == Time::midnight() {
                        self.at_midnight += times;
                    }
                    is_time = true;
                }
            }
        }
        if fits {
            self.fit += times;
            self.with_time += if is_time { times } else { 0 };
            self.with_offset += if parts.has_offset { times } else { 0 };
            self.with_t += if parts.has_t { times } else { 0 };
        } else if is_time && parts.date.is_empty() {
            self.time_only += times;
        }
    }

    fn set_apart(&mut self, layouts: u32, text: &str, times: u64, line: u64) {
        let (count, example) = self
            .together
            .entry(layouts)
            .or_insert_with(|| (0, Example::new(text, line)));
        *count += times;
        if line < example.line {
            *example = Example::new(text, line);
        }
    }

    /// The first value that none of these layouts reads.
    pub(super) fn unread_by(&self, layouts: &[&str]) -> Option<&Example> {
        let read = bits(layouts);
        let unread = self.together.iter().filter(|(own, _)| *own & read == 0);
        unread
            .map(|(_, (_, example))| example)
            .min_by_key(|example| example.line)
    }

    /// Whether values that only `layout` reads stand beside values that only one of `rivals` reads.
    pub(super) fn mixed(
        &self,
        layout: &'static str,
        rivals: &[&'static str],
    ) -> Option<MixedDates> {
        let one = self.read_by(layout, rivals)?;
        rivals.iter().find_map(|rival| {
            Some(MixedDates {
                one: one.clone(),
                other: self.read_by(rival, &[layout])?,
            })
        })
    }

    /// How many values a layout reads and these others do not, and the first of them.
    fn read_by(
        &self,
        layout: &'static str,
        others: &[&'static str],
    ) -> Option<(&'static str, u64, Example)> {
        let (own, others) = (bits(&[layout]), bits(others));
        let alone = self.together.iter();
        let alone = alone.filter(|(read, _)| *read & own != 0 && *read & others == 0);
        let counted: Vec<&(u64, Example)> = alone.map(|(_, counted)| counted).collect();
        let first = counted.iter().min_by_key(|(_, example)| example.line)?;
        let values = counted.iter().map(|(count, _)| count).sum();
        Some((layout, values, first.1.clone()))
    }

    fn is_given_up(&self, count: u64) -> bool {
        self.seen > TRIALS && count == 0
    }

    /// The layouts of dates that fit anything, the one that fits most first.
    pub(super) fn date_layouts(&self) -> Vec<(&'static str, u64)> {
        most_first(&DATES, &self.dates)
    }

    /// The layouts of times of day that fit anything, the one that fits most first.
    pub(super) fn time_layouts(&self) -> Vec<(&'static str, u64)> {
        most_first(&TIMES, &self.times)
    }

    /// The first and the last date, as the commonest layout reads them.
    pub(super) fn span(&self) -> Option<(Date, Date)> {
        self.first.zip(self.last)
    }
}

/// The bits of these layouts.
fn bits(layouts: &[&str]) -> u32 {
    let all = DATES.iter().enumerate();
    all.filter(|(_, own)| layouts.contains(own))
        .fold(0, |bits, (i, _)| bits | 1 << i)
}

fn most_first(names: &[&'static str], counts: &[u64]) -> Vec<(&'static str, u64)> {
    let mut found: Vec<(&'static str, u64)> = names
        .iter()
        .copied()
        .zip(counts.iter().copied())
        .filter(|(_, count)| *count > 0)
        .collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

/// A value, taken apart.
struct Parts<'a> {
    date: &'a str,
    time: Option<&'a str>,
    has_t: bool,
    has_offset: bool,
}

impl<'a> Parts<'a> {
    /// The time of day begins with the digits before the first colon.
    fn of(text: &'a str) -> Self {
        let Some(colon) = text.find(':') else {
            let is_digits = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            return Self {
                date: if is_digits && text.len() >= 3 {
                    ""
                } else {
                    text
                },
                time: is_digits.then_some(text),
                has_t: false,
                has_offset: false,
            };
        };
        let hours = text[..colon]
            .trim_end_matches(|letter: char| letter.is_ascii_digit())
            .len();
        let (before, time) = text.split_at(hours);
        let (time, has_offset) = without_offset(time);
        let date = before.trim_end();
        let without_t = date
            .strip_suffix('T')
            .filter(|date| date.ends_with(|last: char| last.is_ascii_digit()));
        Self {
            date: without_t.unwrap_or(date),
            time: Some(time),
            has_t: without_t.is_some(),
            has_offset,
        }
    }
}

/// A time of day without `Z`, `+00:00`, `-0500` or `+00` at its end.
fn without_offset(time: &str) -> (&str, bool) {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return (time.trim_end(), true);
    }
    if let Some(time) = time.strip_suffix(" UTC") {
        return (time, true);
    }
    match time.rfind(['+', '-']) {
        Some(sign)
            if time[sign + 1..]
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b':')
                && sign + 1 < time.len() =>
        {
            (time[..sign].trim_end(), true)
        }
        _ => (time, false),
    }
}

/// A quick look that spares most values the trial of most layouts.
fn shape_fits(layout: &str, text: &str) -> bool {
    let has_letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let wants_letters = layout.contains("%b") || layout.contains("%A");
    let mark = layout
        .bytes()
        .find(|byte| matches!(byte, b'-' | b'/' | b'.' | b','));
    has_letters == wants_letters
        && mark.is_none_or(|mark| text.as_bytes().contains(&mark))
        && (layout != "%Y%m%d" && layout != "%m%d%Y" || text.len() == 8)
}

/// The date that a layout reads.
#[must_use]
pub(super) fn date_in(layout: &str, text: &str) -> Option<Date> {
    let date = BrokenDownTime::parse(layout, text).ok()?.to_date().ok()?;
    YEARS.contains(&date.year()).then_some(date)
}

fn time_in(layout: &str, text: &str) -> Option<Time> {
    // Four digits, or three where the zero before them was lost.
    if layout == "%H%M" {
        let is_digits =
            matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i8 = if is_digits {
            text[..text.len() - 2].parse().ok()?
        } else {
            return None;
        };
        return Time::new(number, text[text.len() - 2..].parse().ok()?, 0, 0).ok();
    }
    BrokenDownTime::parse(layout, text).ok()?.to_time().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(values: &[&str]) -> DateTally {
        let mut tally = DateTally::default();
        values.iter().for_each(|value| tally.take(value, 1, 0));
        tally
    }

    fn full(tally: &DateTally, count: u64) -> Vec<&'static str> {
        tally
            .date_layouts()
            .into_iter()
            .filter(|(_, fits)| *fits == count)
            .map(|(layout, _)| layout)
            .collect()
    }

    #[test]
    fn a_day_above_twelve_tells_month_and_day_apart() {
        assert_eq!(full(&tally(&["01/02/2016", "01/13/2016"]), 2), ["%m/%d/%Y"]);
        assert_eq!(full(&tally(&["01/02/2016", "13/01/2016"]), 2), ["%d/%m/%Y"]);
        assert_eq!(
            full(&tally(&["01/02/2016", "11/12/2016"]), 2),
            ["%m/%d/%Y", "%d/%m/%Y"]
        );
        assert_eq!(
            full(&tally(&["13/01/2016", "01/13/2016"]), 2),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn layouts_in_use() {
        for (value, layout, time) in [
            ("2017-01-01 00:00:42", "%Y-%m-%d", Some("%H:%M:%S")),
            ("2011-01-01T00:07", "%Y-%m-%d", Some("%H:%M")),
            ("Tuesday, October 01, 2013", "%A, %B %d, %Y", None),
            ("9/10/2018 18:16", "%m/%d/%Y", Some("%H:%M")),
            ("5/22/18 20:18", "%m/%d/%y", Some("%H:%M")),
            ("20160131", "%Y%m%d", None),
            ("03-JAN-2015", "%d-%b-%Y", None),
            ("1/31/2019 1:02:00 PM", "%m/%d/%Y", Some("%I:%M:%S %p")),
        ] {
            let tally = tally(&[value]);
            assert!(
                tally.date_layouts().contains(&(layout, 1)),
                "{value}: {:?}",
                tally.date_layouts()
            );
            assert_eq!(
                tally.time_layouts().first().map(|(layout, _)| *layout),
                time,
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_no_date() {
        for value in [
            "1234",
            "12",
            "3.5",
            "37063",
            "1/2",
            "Main Street 5",
            "2016-13-45",
            "10-20-30-40",
        ] {
            assert_eq!(tally(&[value]).fit, 0, "{value}");
        }
    }

    #[test]
    fn offsets_and_times_alone() {
        for value in [
            "2016-01-01T10:00:00Z",
            "2016-01-01 10:00:00+00",
            "2016-01-01 10:00:00-05:00",
        ] {
            assert_eq!(tally(&[value]).with_offset, 1, "{value}");
        }
        assert_eq!(tally(&["2016-01-01 10:00"]).with_offset, 0);
        for value in ["4:21:00 PM", "00:15", "935", "0935", "2:05 AM"] {
            assert_eq!(tally(&[value]).time_only, 1, "{value}");
        }
        assert_eq!(tally(&["2560"]).time_only, 0);
    }

    #[test]
    fn a_value_of_many_rows_gives_no_layout_up() {
        let mut tally = DateTally::default();
        tally.take("41561", TRIALS * 2, 0);
        tally.take("Tuesday, October 01, 2013", 5, 0);
        assert_eq!(tally.date_layouts(), [("%A, %B %d, %Y", 5)]);
    }

    #[test]
    fn the_span_of_dates() {
        let (first, last) = tally(&["2016-03-01", "2015-12-31"]).span().unwrap();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2015-12-31".into(), "2016-03-01".into())
        );
    }
}
