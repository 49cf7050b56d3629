//! What the values of one column look like, counted over the whole file in bounded memory.

use std::collections::BTreeMap;

use rustc_hash::{FxHashSet, FxHasher};
use std::hash::Hasher as _;

use super::dates::DateTally;
use super::words::{
    boolean_word, is_county_code, is_missing_word, is_redaction, is_sex_word, race_word,
};
use crate::ingest::{DecimalMark, Notation, ThousandsMark};

/// Distinct values that are kept as they are.
pub(super) const DISTINCT: usize = 4_000;

/// Distinct values that are told apart at all.
const HASHES: usize = 50_000;

/// Serial numbers of spreadsheet days from 1982 to 2064.
pub(super) const SERIALS: std::ops::RangeInclusive<u64> = 30_000..=60_000;

/// The longest value that is looked at as more than text.
const LONGEST: usize = 120;

/// One column, while its values go by.
#[derive(Debug, Clone)]
pub(super) struct ColumnTally {
    pub(super) rows: u64,
    pub(super) blank: u64,
    /// Words for what is not there, with their counts; a redaction is one of them.
    pub(super) missing: BTreeMap<String, u64>,
    /// Every distinct value that is not blank, until there are too many.
    pub(super) values: Option<BTreeMap<String, u64>>,
    /// The first line of each of them.
    pub(super) first_lines: BTreeMap<String, u64>,
    hashes: FxHashSet<u64>,
    pub(super) shapes: Shapes,
}

/// How many values have which shape; blanks and words for missing values are in none.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes {
    /// Values that are there.
    pub(super) filled: u64,
    /// Whole numbers from 0, and of those the ones with a zero in front, and days of spreadsheets.
    pub(super) whole: u64,
    pub(super) zero_in_front: u64,
    pub(super) serials: u64,
    pub(super) years: u64,
    pub(super) below_zero: u64,
    /// `2.5`, `2,5`, `1,234`, `5 %`, `45/1,792`.
    pub(super) decimal_points: u64,
    pub(super) decimal_commas: u64,
    /// Of those, `12.0` and `12,0`: whole numbers, as counts are read.
    pub(super) whole_decimals: u64,
    pub(super) grouped: u64,
    /// `1.234` and `1.234,5`: points at the thousands, if the comma is a decimal one.
    pub(super) points_at_thousands: u64,
    pub(super) percents: u64,
    pub(super) fractions: u64,
    /// Fractions with a comma at the thousands.
    pub(super) grouped_fractions: u64,
    pub(super) county_codes: u64,
    pub(super) races: u64,
    pub(super) booleans: u64,
    pub(super) sexes: u64,
    pub(super) redactions: u64,
    pub(super) letters: u64,
    pub(super) of_several_words: u64,
    pub(super) padded: u64,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) dates: DateTally,
}

impl Default for ColumnTally {
    fn default() -> Self {
        Self {
            rows: 0,
            blank: 0,
            missing: BTreeMap::new(),
            values: Some(BTreeMap::new()),
            first_lines: BTreeMap::new(),
            hashes: FxHashSet::default(),
            shapes: Shapes::default(),
        }
    }
}

impl ColumnTally {
    /// Takes the value of the row on a line.
    pub(super) fn take(&mut self, raw: &str, line: u64) {
        self.rows += 1;
        if raw.trim().is_empty() {
            self.blank += 1;
            return;
        }
        let Some(values) = &mut self.values else {
            self.remember(raw);
            self.look_at(raw, 1, line);
            return;
        };
        if let Some(count) = values.get_mut(raw) {
            *count += 1;
            return;
        }
        values.insert(raw.to_owned(), 1);
        self.first_lines.insert(raw.to_owned(), line);
        if values.len() > DISTINCT {
            self.spill();
        }
    }

    /// Ends the counting: what is kept is looked at.
    pub(super) fn finish(&mut self) {
        if let Some(values) = self.values.clone() {
            for (value, count) in &values {
                self.look_at(value, *count, self.first_line(value));
            }
        }
    }

    /// How many distinct values there are at least, and whether that is all of them.
    pub(super) fn distinct(&self) -> (u64, bool) {
        match &self.values {
            Some(values) => (values.len() as u64, true),
            None => (self.hashes.len() as u64, self.hashes.len() < HASHES),
        }
    }

    /// Too many values to keep them: they become shapes.
    fn spill(&mut self) {
        for (value, count) in self.values.take().unwrap_or_default() {
            self.remember(&value);
            self.look_at(&value, count, self.first_line(&value));
        }
        self.first_lines = BTreeMap::new();
    }

    fn first_line(&self, value: &str) -> u64 {
        self.first_lines.get(value).copied().unwrap_or_default()
    }

    fn remember(&mut self, raw: &str) {
        if self.hashes.len() < HASHES {
            let mut hasher = FxHasher::default();
            hasher.write(raw.as_bytes());
            self.hashes.insert(hasher.finish());
        }
    }

    fn look_at(&mut self, raw: &str, times: u64, line: u64) {
        let text = raw.trim();
        if is_missing_word(text) {
            // Redactions have few spellings; whoever writes others is cut off.
            if self.missing.len() < DISTINCT {
                *self.missing.entry(text.to_owned()).or_default() += times;
            }
            self.shapes.redactions += if is_redaction(text) { times } else { 0 };
            return;
        }
        self.shapes.padded += if text.len() == raw.len() { 0 } else { times };
        self.shapes.take(text, times, line);
    }
}

impl Shapes {
    fn take(&mut self, text: &str, times: u64, line: u64) {
        self.filled += times;
        self.letters += if text.chars().any(char::is_alphabetic) {
            times
        } else {
            0
        };
        self.of_several_words += if text.contains(' ') { times } else { 0 };
        if text.len() > LONGEST {
            return;
        }
        self.numbers(text, times);
        self.dates.take(text, times, line);
        let mut count = |is: bool, counter: fn(&mut Self) -> &mut u64| {
            if is {
                *counter(self) += times;
            }
        };
        count(is_county_code(text), |shapes| &mut shapes.county_codes);
        count(race_word(text).is_some(), |shapes| &mut shapes.races);
        count(boolean_word(text).is_some(), |shapes| &mut shapes.booleans);
        count(is_sex_word(text), |shapes| &mut shapes.sexes);
    }

    fn numbers(&mut self, text: &str, times: u64) {
        let whole = text.split(',').next().unwrap_or_default();
        self.points_at_thousands += if has_groups_of_three(whole, '.') {
            times
        } else {
            0
        };
        match Number::of(text) {
            None => {}
            Some(Number::Whole(number)) => {
                self.whole += times;
                self.zero_in_front += if text.len() > 1 && text.starts_with('0') {
                    times
                } else {
                    0
                };
                self.serials += if SERIALS.contains(&number) { times } else { 0 };
                self.years += if (1900..=2100).contains(&number) {
                    times
                } else {
                    0
                };
                self.range(number as f64);
            }
            Some(Number::Decimal(number)) => {
                self.decimal_points += times;
                self.whole_if(Notation::default(), text, times);
                self.below_zero += if number < 0.0 { times } else { 0 };
                self.range(number);
            }
            Some(Number::DecimalComma) => {
                self.decimal_commas += times;
                let notation = Notation {
                    decimal: Some(DecimalMark::Comma),
                    thousands: Some(ThousandsMark::Point),
                };
                self.whole_if(notation, text, times);
            }
            Some(Number::Grouped) => self.grouped += times,
            Some(Number::Percent) => self.percents += times,
            Some(Number::Fraction) => {
                self.fractions += times;
                self.grouped_fractions += if text.contains(',') { times } else { 0 };
            }
        }
    }

    fn whole_if(&mut self, notation: Notation, text: &str, times: u64) {
        self.whole_decimals += if notation.count(text).is_ok() {
            times
        } else {
            0
        };
    }

    fn range(&mut self, number: f64) {
        self.least = Some(self.least.map_or(number, |least| least.min(number)));
        self.most = Some(self.most.map_or(number, |most| most.max(number)));
    }

    /// Values that are numbers of some kind.
    pub(super) fn numbers_of_any_kind(&self) -> u64 {
        self.whole + self.decimal_points + self.decimal_commas + self.grouped
    }
}

/// Whether the digits of a number stand in threes: `1,234,567`.
fn has_groups_of_three(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && text.contains(mark)
        && groups.all(|group| group.len() == 3 && digits(group))
}

/// The notation of a number.
enum Number {
    Whole(u64),
    /// With a point, or with a sign.
    Decimal(f64),
    DecimalComma,
    Grouped,
    Percent,
    Fraction,
}

impl Number {
    fn of(text: &str) -> Option<Self> {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits(text) {
            return text.parse().ok().map(Self::Whole);
        }
        if let Some((above, below)) = text.split_once('/') {
            let is = |part: &str| digits(&part.trim().replace(',', ""));
            return (is(above) && is(below)).then_some(Self::Fraction);
        }
        if text.ends_with('%') {
            let number = text.trim_end_matches('%').trim().replace(',', ".");
            return number.parse::<f64>().is_ok().then_some(Self::Percent);
        }
        let plain = text.strip_prefix(['-', '+', '±']).unwrap_or(text);
        if !plain
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
        {
            return None;
        }
        let is_grouped = has_groups_of_three(plain.split('.').next().unwrap_or_default(), ',');
        if is_grouped {
            return Some(Self::Grouped);
        }
        if let Some((whole, part)) = plain.split_once(',') {
            let is_whole = digits(whole) || has_groups_of_three(whole, '.');
            return (is_whole && digits(part)).then_some(Self::DecimalComma);
        }
        let number: f64 = text.replace(['+', '±'], "").parse().ok()?;
        number.is_finite().then_some(Self::Decimal(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(values: &[&str]) -> ColumnTally {
        let mut tally = ColumnTally::default();
        values.iter().for_each(|value| tally.take(value, 0));
        tally.finish();
        tally
    }

    #[test]
    fn numbers_have_notations() {
        let shapes = tally(&[
            "12",
            "007",
            "2.5",
            "-3",
            "2,5",
            "1,234",
            "1,234,567",
            "5 %",
            "450/1,792",
            "x1",
            "41561",
        ])
        .shapes;
        assert_eq!(
            (shapes.whole, shapes.zero_in_front, shapes.serials),
            (3, 1, 1)
        );
        assert_eq!(
            (shapes.decimal_points, shapes.decimal_commas, shapes.grouped),
            (2, 1, 2)
        );
        assert_eq!(
            (shapes.percents, shapes.fractions, shapes.filled),
            (1, 1, 11)
        );
    }

    #[test]
    fn points_may_stand_at_the_thousands() {
        let shapes = tally(&["1.234,5", "1.234", "12,5"]).shapes;
        assert_eq!((shapes.decimal_commas, shapes.points_at_thousands), (2, 2));
    }

    #[test]
    fn blanks_and_words_for_missing_values_have_no_shape() {
        let tally = tally(&["", "  ", "NA", "#REF!", "(b)(6)", "Unknown", "5"]);
        assert_eq!(
            (
                tally.rows,
                tally.blank,
                tally.shapes.filled,
                tally.shapes.redactions
            ),
            (7, 2, 1, 1)
        );
        assert_eq!(tally.missing.len(), 4);
    }

    #[test]
    fn many_values_are_counted_and_not_kept() {
        let many: Vec<String> = (0..5_000).map(|i| format!("value {i}")).collect();
        let twice: Vec<&str> = many.iter().chain(&many).map(String::as_str).collect();
        let tally = tally(&twice);
        assert!(tally.values.is_none());
        assert_eq!(tally.distinct(), (5_000, true));
        assert_eq!(tally.shapes.letters, 10_000);
    }
}
