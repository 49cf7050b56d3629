//! What rows look like before anything is estimated from them: months, clocks, places with missing race.
//!
//! Nothing here changes a number. Each remark says what was seen, and what it may mean; whoever knows the agency decides.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::made_up::MadeUp;
use super::remarks::{listed, months_word, percent, runs, span};

/// Minutes of a day.
const MINUTES: usize = 24 * 60;
/// The first year of the calendar of rows; readers of dates refuse earlier ones.
const FIRST_YEAR: i16 = 1900;
/// Rows with a time of day below which the clock is not judged.
const ENOUGH_TIMES: u64 = 500;
/// Rows below which a place or a month is not compared with the others.
const ENOUGH_ROWS: u64 = 100;

/// What may be missing in a row, in the order of [`Month::missing`].
pub const FIELDS: [&str; 5] = ["group", "place", "time", "age", "search"];

/// What was seen of one row.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowSeen {
    /// The day.
    pub date: Option<Date>,
    /// The minute of the day.
    pub minute: Option<u16>,
    /// The age in whole years.
    pub age: Option<u8>,
    /// Which of [`FIELDS`] are missing; a field that the study does not map is not missing.
    pub missing: [bool; FIELDS.len()],
}

/// One calendar month of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Month {
    /// Rows that no filter dropped.
    pub rows: u64,
    /// Rows of which a field is missing, in the order of [`FIELDS`].
    pub missing: [u64; FIELDS.len()],
}

/// Counts of rows by month, day, minute and place.
#[derive(Debug, Clone, Default)]
pub struct Screens {
    months: Vec<Month>,
    days: Vec<u32>,
    minutes: Vec<u64>,
    places: BTreeMap<String, [u64; 2]>,
    made_up: MadeUp,
    /// Rows of which no date is known.
    undated: Month,
}

impl Month {
    fn add(&mut self, more: &Self) {
        self.rows += more.rows;
        for (sum, more) in self.missing.iter_mut().zip(more.missing) {
            *sum += more;
        }
    }
}

impl Screens {
    /// Takes a row in.
    pub fn add(&mut self, row: &RowSeen) {
        let take = |month: &mut Month| {
            month.rows += 1;
            for (sum, missing) in month.missing.iter_mut().zip(row.missing) {
                *sum += u64::from(missing);
            }
        };
        if let Some(date) = row.date {
            let month = month_index(date);
            grow(&mut self.months, month);
            take(&mut self.months[month]);
            let day = month * 31 + usize::from(date.day().unsigned_abs()) - 1;
            grow(&mut self.days, day);
            self.days[day] += 1;
        } else {
            take(&mut self.undated);
        }
        self.made_up.add_age(row.age);
        if let Some(minute) = row.minute {
            grow(&mut self.minutes, MINUTES - 1);
            self.minutes[usize::from(minute)] += 1;
        }
    }

    /// Takes in how many rows a place has, and of how many the group is missing.
    pub fn add_place(&mut self, place: &str, rows: u64, missing: u64) {
        let own = self.places.entry(place.to_owned()).or_default();
        own[0] += rows;
        own[1] += missing;
    }

    /// Takes in how many rows of a group a place has.
    pub fn add_group(&mut self, place: &str, group: &str, rows: u64) {
        self.made_up.add_group(place, group, rows);
    }

    /// Takes in what another part of the same source saw.
    pub fn join(&mut self, other: &Self) {
        self.made_up.join(&other.made_up);
        self.undated.add(&other.undated);
        grow(&mut self.months, other.months.len().saturating_sub(1));
        for (own, more) in self.months.iter_mut().zip(&other.months) {
            own.add(more);
        }
        grow(&mut self.days, other.days.len().saturating_sub(1));
        for (own, more) in self.days.iter_mut().zip(&other.days) {
            *own += more;
        }
        if !other.minutes.is_empty() {
            grow(&mut self.minutes, MINUTES - 1);
            for (own, more) in self.minutes.iter_mut().zip(&other.minutes) {
                *own += more;
            }
        }
        for (place, [rows, missing]) in &other.places {
            self.add_place(place, *rows, *missing);
        }
    }

    /// Every month from the first with a row to the last, those without any among them: year, month, rows.
    #[must_use]
    pub fn months(&self) -> Vec<(i16, i8, Month)> {
        let Some(first) = self.months.iter().position(|month| month.rows > 0) else {
            return Vec::new();
        };
        let last = self
            .months
            .iter()
            .rposition(|month| month.rows > 0)
            .unwrap_or(first);
        (first..=last)
            .map(|at| {
                let (year, month) = year_and_month(at);
                (year, month, self.months[at])
            })
            .collect()
    }

    /// All rows together.
    #[must_use]
    pub fn all(&self) -> Month {
        let mut all = self.undated;
        self.months.iter().for_each(|month| all.add(month));
        all
    }

    /// What a careful reader would remark on. Counts of rows below `smallest_shown` are not stated.
    #[must_use]
    pub fn remarks(&self, smallest_shown: u64) -> Vec<String> {
        let mut remarks = Vec::new();
        remarks.extend(self.one_day_a_year());
        if remarks.is_empty() {
            remarks.extend(self.months_remark());
            remarks.extend(self.burst_remark());
        }
        remarks.extend(self.clock_remarks());
        remarks.extend(self.missing_by_month(smallest_shown));
        remarks.extend(self.missing_by_place(smallest_shown));
        remarks.extend(self.made_up.remarks(smallest_shown));
        remarks
    }

    /// Dates that are a year and nothing else.
    fn one_day_a_year(&self) -> Option<String> {
        let rows: u64 = self.days.iter().map(|n| u64::from(*n)).sum();
        let first_of_january = self
            .days
            .iter()
            .step_by(12 * 31)
            .map(|n| u64::from(*n))
            .sum::<u64>();
        (rows >= ENOUGH_ROWS && share(first_of_january, rows) > 0.9).then(|| {
            format!(
                "{} of the dates are 1 January: they state a year, and neither month, weekday nor season can be told",
                percent(share(first_of_january, rows))
            )
        })
    }

    /// Months inside the span with no rows, or far fewer than others have.
    fn months_remark(&self) -> Vec<String> {
        let months = self.months();
        // Months without rows do not lower what is usual: they may be most of the span.
        let filled = months.iter().map(|(_, _, month)| month.rows);
        let typical = median(filled.filter(|rows| *rows > 0).collect());
        if months.len() < 3 || typical < ENOUGH_ROWS {
            return Vec::new();
        }
        let found = |wanted: &dyn Fn(u64) -> bool| -> Vec<usize> {
            let fit = months.iter().enumerate();
            fit.filter(|(_, (_, _, month))| wanted(month.rows))
                .map(|(at, _)| at)
                .collect()
        };
        let named = |found: &[usize]| -> Vec<String> {
            let name = |at: usize| format!("{}-{:02}", months[at].0, months[at].1);
            runs(found)
                .into_iter()
                .map(|(first, last)| span(&name(first), &name(last)))
                .collect()
        };
        let empty = found(&|rows| rows == 0);
        let few = found(&|rows| rows > 0 && rows * 2 < typical);
        let mut remarks = Vec::new();
        if !empty.is_empty() {
            remarks.push(format!(
                "{} without any row inside the span: {}",
                months_word(empty.len()),
                listed(&named(&empty))
            ));
        }
        if !few.is_empty() {
            remarks.push(format!(
                "{} with less than half of the rows of the median month: {}; reporting may be partial there",
                months_word(few.len()),
                listed(&named(&few))
            ));
        }
        remarks
    }

    /// Days with many times the rows of others.
    fn burst_remark(&self) -> Option<String> {
        let filled: Vec<u64> = self
            .days
            .iter()
            .filter(|n| **n > 0)
            .map(|n| u64::from(*n))
            .collect();
        if filled.len() < 30 {
            return None;
        }
        let typical = median(filled);
        let threshold = (typical * 5).max(50);
        let bursts: Vec<String> = self
            .days
            .iter()
            .enumerate()
            .filter(|(_, rows)| u64::from(**rows) > threshold)
            .map(|(at, _)| {
                let (year, month) = year_and_month(at / 31);
                format!("{year}-{month:02}-{:02}", at % 31 + 1)
            })
            .collect();
        (!bursts.is_empty()).then(|| {
            format!(
                "days with more than five times the rows of the median day: {}; a campaign, or records entered together",
                listed(&bursts)
            )
        })
    }

    /// What the times of day look like: midnight for a time that is not known, rounded times, another zone.
    #[must_use]
    pub fn clock_remarks(&self) -> Vec<String> {
        let times: u64 = self.minutes.iter().sum();
        if times < ENOUGH_TIMES {
            return Vec::new();
        }
        let mut remarks = Vec::new();
        let midnight = self.minutes[0];
        let around: u64 = (1..=30)
            .map(|m| self.minutes[m] + self.minutes[MINUTES - m])
            .sum();
        // A minute of the hour around midnight, if its rows were spread evenly.
        let expected = (around as f64 / 60.0).max(0.5);
        if midnight >= 30 && midnight as f64 > 5.0 * expected {
            remarks.push(format!(
                "{} of the times are 00:00, {:.0} times what the minutes around it have: midnight may stand for a time that is not known",
                percent(share(midnight, times)),
                midnight as f64 / expected
            ));
        }
        let on_the_hour: u64 = self.minutes.iter().skip(60).step_by(60).sum();
        let on_the_hour = share(on_the_hour, times - midnight);
        if on_the_hour > 0.05 {
            remarks.push(format!(
                "{} of the times are on the full hour, where 1.7 % would be: {}times are rounded",
                percent(on_the_hour),
                if on_the_hour < 0.5 { "some " } else { "" }
            ));
        }
        remarks.extend(self.quiet_hours(times));
        remarks
    }

    /// Stops are fewest before dawn; three quiet hours in the middle of the day are another zone's night.
    fn quiet_hours(&self, times: u64) -> Option<String> {
        let hour = |h: usize| -> u64 {
            // Minutes on the full hour are left out: they may stand for anything.
            let start = (h % 24) * 60;
            self.minutes[start + 1..start + 60].iter().sum()
        };
        let three = |h: usize| hour(h) + hour(h + 1) + hour(h + 2);
        let quietest = (0..24).min_by_key(|h| three(*h))?;
        let is_clear = three(quietest) * 16 < times;
        (is_clear && (7..=14).contains(&quietest)).then(|| {
            format!(
                "the fewest stops lie between {quietest}:00 and {}:00: the times may be universal time and not the clock of the place (timezone and utc = true turn them)",
                quietest + 3
            )
        })
    }

    /// Months in which the group is missing far more often than in all rows, in their order: a change of a form is a run of them.
    fn missing_by_month(&self, smallest_shown: u64) -> Option<String> {
        let overall = self.missing_share();
        let months = self.months();
        let far: Vec<usize> = (0..months.len())
            .filter(|at| {
                Self::is_far(
                    overall,
                    [months[*at].2.rows, months[*at].2.missing[0]],
                    smallest_shown,
                )
            })
            .collect();
        let name = |at: usize| format!("{}-{:02}", months[at].0, months[at].1);
        let own = |at: usize| share(months[at].2.missing[0], months[at].2.rows);
        let of_run = |(first, last): (usize, usize)| {
            let shares = (first..=last).map(own);
            let low = percent(shares.clone().fold(f64::INFINITY, f64::min));
            let high = percent(shares.fold(0.0, f64::max));
            let span_of = span(&name(first), &name(last));
            // A share of rows of which the others are shown would give the missing ones back.
            match smallest_shown {
                0 => format!("{span_of} ({})", span(&low, &high)),
                _ => span_of,
            }
        };
        let names: Vec<String> = runs(&far).into_iter().map(of_run).collect();
        self.uneven("months", (&names, smallest_shown), months.len())
    }

    fn missing_by_place(&self, smallest_shown: u64) -> Option<String> {
        let overall = self.missing_share();
        let places = self.places.iter();
        let mut far: Vec<(&str, f64)> = places
            .filter(|(_, counts)| Self::is_far(overall, **counts, smallest_shown))
            .map(|(name, [rows, missing])| (name.as_str(), share(*missing, *rows)))
            .collect();
        far.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        let names: Vec<String> = far
            .iter()
            .map(|(name, own)| match smallest_shown {
                0 => format!("{name} ({})", percent(*own)),
                _ => (*name).to_owned(),
            })
            .collect();
        self.uneven("places", (&names, smallest_shown), self.places.len())
    }

    /// Whether the group is missing in far more of a part than of all rows: by 10 points, and twice as often or by 30.
    fn is_far(overall: f64, [rows, missing]: [u64; 2], smallest_shown: u64) -> bool {
        let own = share(missing, rows);
        let is_shown = rows >= ENOUGH_ROWS && missing >= smallest_shown.max(1);
        is_shown && own > overall + 0.1 && own > (2.0 * overall).min(overall + 0.3)
    }

    /// The share of rows that name no group.
    #[must_use]
    pub fn missing_share(&self) -> f64 {
        let all = self.all();
        share(all.missing[0], all.rows)
    }

    fn uneven(
        &self,
        what: &str,
        (names, smallest_shown): (&[String], u64),
        parts: usize,
    ) -> Option<String> {
        (!names.is_empty() && parts > 1).then(|| match smallest_shown {
            0 => format!(
                "the group is missing in {} of all rows, and in far more of some {what}: {}",
                percent(self.missing_share()),
                listed(names)
            ),
            _ => format!(
                "the group is missing far more often in some {what}: {}",
                listed(names)
            ),
        })
    }
}

fn grow<T: Clone + Default>(list: &mut Vec<T>, at: usize) {
    if list.len() <= at {
        list.resize(at + 1, T::default());
    }
}

fn month_index(date: Date) -> usize {
    let years = usize::from(date.year().saturating_sub(FIRST_YEAR).unsigned_abs());
    years * 12 + usize::from(date.month().unsigned_abs()) - 1
}

fn year_and_month(at: usize) -> (i16, i8) {
    let whole = |n: usize| i16::try_from(n).unwrap_or_default();
    let month = i8::try_from(at % 12 + 1).unwrap_or_default();
    (FIRST_YEAR + whole(at / 12), month)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of rows does not depend on the sixteenth digit"
)]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn median(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(dates: &[&str], each: u64) -> Screens {
        let mut screens = Screens::default();
        for date in dates {
            for _ in 0..each {
                screens.add(&RowSeen {
                    date: date.parse().ok(),
                    ..RowSeen::default()
                });
            }
        }
        screens
    }

    fn has(screens: &Screens, words: &str) -> bool {
        screens
            .remarks(0)
            .iter()
            .any(|remark| remark.contains(words))
    }

    #[test]
    fn a_month_without_rows_and_one_with_few_are_named() {
        let mut screens = rows(
            &["2012-01-05", "2012-02-05", "2012-04-05", "2012-06-05"],
            200,
        );
        screens.join(&rows(&["2012-05-05"], 20));
        assert!(has(
            &screens,
            "1 month without any row inside the span: 2012-03"
        ));
        assert!(has(&screens, "rows of the median month: 2012-05"));
        assert_eq!(screens.months().len(), 6);
        assert!(
            rows(&["2012-01-05", "2012-02-05", "2012-03-05"], 200)
                .remarks(0)
                .is_empty()
        );
    }

    #[test]
    fn most_months_may_be_empty_and_are_named_as_a_span() {
        let mut screens = rows(&["2011-01-05", "2011-02-05", "2016-01-05"], 200);
        assert!(has(
            &screens,
            "58 months without any row inside the span: 2011-03 to 2015-12"
        ));
        screens.join(&rows(&["2016-02-05"], 20));
        assert!(has(&screens, "rows of the median month: 2016-02;"));
    }

    #[test]
    fn months_in_which_the_group_is_missing_are_told_in_their_order() {
        let mut screens = Screens::default();
        for (month, missing) in [
            (1, 10),
            (2, 20),
            (3, 80),
            (4, 90),
            (5, 10),
            (6, 10),
            (7, 70),
        ] {
            for i in 0..200 {
                let mut seen = RowSeen {
                    date: format!("2012-{month:02}-05").parse().ok(),
                    ..RowSeen::default()
                };
                seen.missing[0] = i < 2 * missing;
                screens.add(&seen);
            }
        }
        assert!(has(
            &screens,
            "some months: 2012-03 to 2012-04 (80 % to 90 %)"
        ));
        // The group is missing in 41 % of all rows: 70 % is not twice as often, and not 30 points more.
        assert!(!has(&screens, "2012-07"));
    }

    #[test]
    fn dates_that_are_years_are_said_to_be() {
        assert!(has(
            &rows(&["2012-01-01", "2013-01-01"], 100),
            "100 % of the dates are 1 January"
        ));
    }

    fn clock(minute: impl Fn(usize) -> u64) -> Screens {
        Screens {
            minutes: (0..MINUTES).map(minute).collect(),
            ..Screens::default()
        }
    }

    #[test]
    fn midnight_full_hours_and_universal_time_are_seen() {
        // Fewest from 3 to 6 o'clock.
        let local = |m: usize| if (180..360).contains(&m) { 1 } else { 10 };
        assert_eq!(clock(local).remarks(0), Vec::<String>::new());
        assert!(has(
            &clock(|m| if m == 0 { 900 } else { local(m) }),
            "are 00:00, 90 times"
        ));
        assert!(has(
            &clock(|m| if m % 60 == 0 { 60 } else { local(m) }),
            "on the full hour"
        ));
        assert!(has(
            &clock(|m| local((m + MINUTES - 300) % MINUTES)),
            "between 8:00 and 11:00"
        ));
    }

    #[test]
    fn a_place_where_the_group_is_missing_far_more_often_is_named() {
        let mut screens = Screens {
            undated: Month {
                rows: 1_200,
                missing: [66, 0, 0, 0, 0],
            },
            ..Screens::default()
        };
        screens.add_place("A", 1_000, 6);
        screens.add_place("B", 200, 60);
        assert!(has(
            &screens,
            "6 % of all rows, and in far more of some places: B (30 %)"
        ));
        assert!(screens.remarks(61).is_empty());
    }
}
