//! Dates and times of day as files write them.
//!
//! The parsing is jiff's. What is here is which layout fits, what is too odd to be believed, and a memory of texts that
//! were read before, since the rows of a day carry the same text.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::column::ColumnRule;
use super::seen::Seen;
use crate::stats::sun;

/// Day 0 of a spreadsheet's serial numbers, as Excel counts from March 1900 on.
const EXCEL_EPOCH: Date = Date::constant(1899, 12, 30);
/// Years in which a stop may lie: others are slips of the pen.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;
/// Minutes of a day.
pub const MINUTES: u16 = 24 * 60;

/// A date, and the second of the day where the text had a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day, by the local clock.
    pub date: Date,
    /// Seconds since midnight, by the local clock.
    pub second: Option<u32>,
    /// Whether only the year is known, of which `date` is the first day.
    pub is_year: bool,
}

/// Why a text is no date or time: what is said of it, and what to do.
pub type Odd = (String, String);

/// How one column's dates are written.
#[derive(Debug, Clone)]
pub struct MomentReader {
    layouts: Vec<Layout>,
    /// The zone of the place, where the column states UTC.
    local: Option<TimeZone>,
    known: Seen<Moment>,
}

#[derive(Debug, Clone)]
enum Layout {
    /// YYYY-MM-DD, the whole of it.
    Iso,
    /// A spreadsheet's serial number.
    Excel,
    /// A calendar year and nothing else.
    Year,
    /// `strftime`'s notation.
    Strftime(String),
}

impl Layout {
    fn new(text: &str) -> Self {
        match text {
            "excel" => Self::Excel,
            "%Y-%m-%d" => Self::Iso,
            "%Y" => Self::Year,
            other => Self::Strftime(other.to_owned()),
        }
    }

    fn read(&self, text: &str) -> Option<DateTime> {
        match self {
            Self::Iso => iso(text).map(|date| date.at(0, 0, 0, 0)),
            Self::Excel => excel(text),
            Self::Year => year(text),
            Self::Strftime(layout) => {
                let padded = padded(layout, text)?;
                let parts = BrokenDownTime::parse(layout, &*padded).ok()?;
                let time = parts.to_time().unwrap_or(Time::MIN);
                let at = parts.to_date().ok()?.to_datetime(time);
                // An offset within the text says how far it is from UTC; the clock on the wall is what counts.
                Some(at)
            }
        }
    }

    /// Whether a text of this layout carries a time of day: a serial number does where it has a fraction.
    fn has_time(&self, text: &str) -> bool {
        match self {
            Self::Iso | Self::Year => false,
            Self::Excel => text.contains('.'),
            Self::Strftime(layout) => has_clock(layout),
        }
    }
}

/// Whether a layout of `strftime` has a time of day.
pub(super) fn has_clock(layout: &str) -> bool {
    let parts = ["%H", "%I", "%T", "%R", "%k", "%l", "%-H", "%-I", "%c"];
    parts.iter().any(|part| layout.contains(part))
}

/// A date as `YYYY-MM-DD` and nothing else.
fn iso(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// A calendar year in four digits, as its first day.
fn year(text: &str) -> Option<DateTime> {
    let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    let year = text.parse().ok().filter(|_| is_year)?;
    Some(Date::new(year, 1, 1).ok()?.at(0, 0, 0, 0))
}

/// The digits of a layout without separators, with the first zero that a spreadsheet took away: 1022011 is 01022011.
/// `None` where they are too few or too many, which the parser would divide as it likes.
fn padded<'t>(layout: &str, text: &'t str) -> Option<Cow<'t, str>> {
    let mut width = 0;
    for directive in layout.split('%').skip(1) {
        width += match directive {
            "Y" => 4,
            "m" | "d" | "y" | "H" | "M" | "S" => 2,
            _ => return Some(Cow::Borrowed(text)),
        };
    }
    if !layout.starts_with('%') {
        return Some(Cow::Borrowed(text));
    }
    match width - i64::try_from(text.len()).ok()? {
        0 => Some(Cow::Borrowed(text)),
        1 => Some(Cow::Owned(format!("0{text}"))),
        _ => None,
    }
}

/// A serial number, whose fraction is the time of day.
fn excel(text: &str) -> Option<DateTime> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let serial: f64 = text.parse().ok().filter(|_| is_number)?;
    let days = serial.floor();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "held against the years below: far from the limits of an integer"
    )]
    let (days, seconds) = (
        days.min(1e6) as i64,
        ((serial - days) * 86_400.0).round() as i64,
    );
    let date = EXCEL_EPOCH
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()?;
    date.at(0, 0, 0, 0)
        .checked_add(jiff::Span::new().try_seconds(seconds).ok()?)
        .ok()
}

impl MomentReader {
    /// A reader of a rule's layouts; `YYYY-MM-DD` where it names none.
    ///
    /// `zone` is the zone of the place where the column states UTC.
    ///
    /// # Errors
    /// A zone that the database of time zones does not know.
    pub fn new(rule: &ColumnRule, zone: Option<&str>) -> Result<Self, Odd> {
        let layouts: Vec<Layout> = match rule.layouts() {
            [] => vec![Layout::Iso],
            several => several.iter().map(|text| Layout::new(text)).collect(),
        };
        let local = zone.map(time_zone).transpose()?;
        Ok(Self {
            layouts,
            local,
            known: Seen::default(),
        })
    }

    /// The moment that a text states.
    ///
    /// # Errors
    /// No layout fits; several fit and disagree; a year outside 1900 to 2100.
    #[inline]
    pub fn read(&mut self, raw: &[u8]) -> Result<Moment, Odd> {
        if let Some(known) = self.known.get(raw) {
            return Ok(known);
        }
        self.read_new(raw)
    }

    #[cold]
    fn read_new(&mut self, raw: &[u8]) -> Result<Moment, Odd> {
        let moment = self.first_time(raw)?;
        Ok(self.known.keep(raw, moment))
    }

    fn first_time(&self, raw: &[u8]) -> Result<Moment, Odd> {
        let shown = String::from_utf8_lossy(raw);
        let text = std::str::from_utf8(raw).unwrap_or_default().trim();
        let mut found: Vec<(&Layout, DateTime)> = Vec::new();
        for layout in &self.layouts {
            // A reading in a year that none of the others could mean is none, where there are others.
            let is_odd = |at: &DateTime| self.layouts.len() > 1 && !YEARS.contains(&at.year());
            if let Some(at) = layout.read(text).filter(|at| !is_odd(at))
                && !found.iter().any(|(_, earlier)| *earlier == at)
            {
                found.push((layout, at));
            }
        }
        let (layout, at) = match found.as_slice() {
            [one] => one,
            [] => return Err(self.unread(text)),
            [(_, a), (_, b), ..] => {
                return Err((
                    format!(
                        "found `{shown}`, which is {} by one layout and {} by another",
                        a.date(),
                        b.date()
                    ),
                    "day and month cannot be told apart here: name the one layout that is right"
                        .into(),
                ));
            }
        };
        let at = match &self.local {
            Some(zone) => to_local(*at, zone).ok_or_else(|| self.unread(text))?,
            None => *at,
        };
        if !YEARS.contains(&at.year()) {
            return Err((
                format!("found `{shown}`, of the year {}", at.year()),
                format!("stops lie between {} and {}", YEARS.start(), YEARS.end()),
            ));
        }
        Ok(Moment {
            date: at.date(),
            second: layout.has_time(text).then(|| second(at.time())),
            is_year: matches!(layout, Layout::Year),
        })
    }

    fn unread(&self, text: &str) -> Odd {
        let is_serial = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        let found = format!("found {}", super::quoted_or_blank(text));
        if is_serial && !self.layouts.iter().any(|l| matches!(l, Layout::Excel)) {
            return (
                found,
                "this looks like a spreadsheet's serial number: say so, date = { column = \"...\", layout = \"excel\" }, or format the column as a date before saving it".into(),
            );
        }
        let layouts: Vec<&str> = self
            .layouts
            .iter()
            .map(|layout| match layout {
                Layout::Iso => "YYYY-MM-DD",
                Layout::Excel => "a serial number",
                Layout::Year => "YYYY",
                Layout::Strftime(layout) => layout,
            })
            .collect();
        (
            found,
            format!(
                "a date is written {} here; another way is said by date = {{ column = \"...\", layout = \"%m/%d/%Y\" }}",
                layouts.join(" or ")
            ),
        )
    }
}

/// A zone by its name in the tz database.
pub(super) fn time_zone(name: &str) -> Result<TimeZone, Odd> {
    sun::time_zone(name).ok_or_else(|| {
        let all = sun::time_zones();
        let hint = crate::error::nearest_hint(name, all.iter().map(String::as_str));
        (
            format!("`{name}` is no time zone"),
            format!("a name of the tz database, such as America/New_York; {hint}"),
        )
    })
}

fn to_local(utc: DateTime, zone: &TimeZone) -> Option<DateTime> {
    let at = TimeZone::UTC.to_timestamp(utc).ok()?;
    Some(zone.to_datetime(at))
}

fn second(time: Time) -> u32 {
    let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
    u32::try_from(minute * 60 + i32::from(time.second())).unwrap_or_default()
}

/// How one column's times of day are written.
#[derive(Debug, Clone)]
pub struct ClockReader {
    layouts: Vec<String>,
    known: Seen<u32>,
}

impl ClockReader {
    /// A reader of a rule's layouts; `%H:%M` and `%H:%M:%S` where it names none.
    #[must_use]
    pub fn new(rule: &ColumnRule) -> Self {
        let layouts = match rule.layouts() {
            [] => vec!["%H:%M".to_owned(), "%H:%M:%S".to_owned()],
            several => several.to_vec(),
        };
        Self {
            layouts,
            known: Seen::default(),
        }
    }

    /// The second of the day that a text states.
    ///
    /// # Errors
    /// No layout fits: 24:60, or 2500.
    pub fn read(&mut self, raw: &[u8]) -> Result<u32, Odd> {
        if let Some(known) = self.known.get(raw) {
            return Ok(known);
        }
        let text = std::str::from_utf8(raw).unwrap_or_default().trim();
        // An hour without its leading zero in a layout without a colon: 905 is 09:05.
        let padded =
            (text.len() < 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| format!("{text:0>4}"));
        let read = self.layouts.iter().find_map(|layout| {
            let text = padded
                .as_deref()
                .filter(|_| layout == "%H%M")
                .unwrap_or(text);
            BrokenDownTime::parse(layout, text).ok()?.to_time().ok()
        });
        let at = read.map(second).ok_or_else(|| {
            (
                format!("found {}, which is no time of day here", super::quoted_or_blank(text)),
                format!(
                    "a time is written {} here; another way is said by time = {{ column = \"...\", layout = \"%H%M\" }}, and values that say that none is known by missing = [\"...\"]",
                    self.layouts.join(" or ")
                ),
            )
        })?;
        Ok(self.known.keep(raw, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(rule: &str) -> MomentReader {
        MomentReader::new(&toml::from_str(rule).unwrap(), None).unwrap()
    }

    fn read(rule: &str, text: &str) -> Option<(String, Option<u32>)> {
        let moment = reader(rule).read(text.as_bytes()).ok()?;
        Some((moment.date.to_string(), moment.second))
    }

    #[test]
    fn dates_are_read_as_the_layout_says_and_not_otherwise() {
        assert_eq!(read("", "2013-02-28"), Some(("2013-02-28".into(), None)));
        for odd in [
            "2013-02-30",
            "2013-2-3",
            "41561",
            "9999-01-01",
            "2/3/2013",
            "",
        ] {
            assert_eq!(read("", odd), None, "{odd}");
        }
        let us = "layout = '%m/%d/%Y'";
        assert_eq!(read(us, "2/3/2013"), Some(("2013-02-03".into(), None)));
        assert_eq!(read(us, "13/3/2013"), None);
        assert_eq!(read(us, "2/3/2013 x"), None);
        assert_eq!(
            read("layout = '%m/%d/%Y %I:%M %p'", "02/03/2013 1:05 PM"),
            Some(("2013-02-03".into(), Some(785 * 60)))
        );
        assert_eq!(
            read("layout = ['%m/%d/%Y', 'excel']", "41561.5"),
            Some(("2013-10-14".into(), Some(720 * 60)))
        );
        assert_eq!(
            read("layout = 'excel'", "41561"),
            Some(("2013-10-14".into(), None))
        );
        assert_eq!(
            read("layout = 'excel'", "41561.5"),
            Some(("2013-10-14".into(), Some(720 * 60)))
        );
    }

    #[test]
    fn a_zero_that_a_spreadsheet_took_away_is_put_back() {
        let packed = |text: &str| read("layout = ['%m%d%Y', '%Y%m%d']", text).map(|(day, _)| day);
        assert_eq!(packed("1022011").as_deref(), Some("2011-01-02"));
        assert_eq!(packed("10222011").as_deref(), Some("2011-10-22"));
        assert_eq!(packed("20111022").as_deref(), Some("2011-10-22"));
        for odd in ["122011", "110222011", "13012011", "1 22011", ""] {
            assert_eq!(packed(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_year_is_a_year_and_no_day_of_it() {
        let moment = reader("layout = '%Y'").read(b"2013").unwrap();
        assert!(moment.is_year && moment.second.is_none());
        assert_eq!(moment.date.to_string(), "2013-01-01");
        for odd in ["13", "2013.0", "1813", "20133", "+201"] {
            assert_eq!(read("layout = '%Y'", odd), None, "{odd}");
        }
    }

    #[test]
    fn two_layouts_that_disagree_are_an_error_with_the_evidence() {
        let mut both = reader("layout = ['%m/%d/%Y', '%d/%m/%Y']");
        assert_eq!(
            both.read(b"03/03/2013").unwrap().date.to_string(),
            "2013-03-03"
        );
        assert_eq!(
            both.read(b"31/03/2013").unwrap().date.to_string(),
            "2013-03-31"
        );
        let (message, _) = both.read(b"03/04/2013").unwrap_err();
        assert!(
            message.contains("2013-03-04") && message.contains("2013-04-03"),
            "{message}"
        );
    }

    #[test]
    fn universal_time_becomes_the_clock_of_the_place_and_its_day() {
        let rule = toml::from_str("layout = '%Y-%m-%dT%H:%M:%SZ'").unwrap();
        let mut utc = MomentReader::new(&rule, Some("America/New_York")).unwrap();
        let moment = utc.read(b"2013-07-01T03:30:00Z").unwrap();
        assert_eq!(
            (moment.date.to_string(), moment.second),
            ("2013-06-30".into(), Some(23 * 3600 + 30 * 60))
        );
        assert!(MomentReader::new(&rule, Some("America/Charlotte")).is_err());
    }

    #[test]
    fn times_that_do_not_exist_are_refused() {
        let clock = |rule: &str, text: &str| {
            ClockReader::new(&toml::from_str(rule).unwrap())
                .read(text.as_bytes())
                .ok()
        };
        assert_eq!(clock("", "19:05"), Some(1145 * 60));
        assert_eq!(clock("", "19:05:59"), Some(1145 * 60 + 59));
        assert_eq!(clock("layout = '%H%M'", "905"), Some(545 * 60));
        assert_eq!(clock("layout = '%I:%M %p'", "12:10 AM"), Some(600));
        for odd in ["24:60", "24:00", "2500", "1905", "", "7 pm"] {
            assert_eq!(clock("", odd), None, "{odd}");
        }
    }
}
