//! How the numbers of a table are written: which character stands before the decimals, which between the thousands.
//!
//! Without a word from the study numbers are digits with a decimal point. A separator of thousands must be said, and then
//! stands between groups of three digits or nowhere: `12,34` is refused, not joined.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

/// The notation of numbers; digits with a decimal point where the study says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notation {
    /// What stands before the decimals; a point where nothing is said.
    pub decimal: Option<DecimalMark>,
    /// What stands between groups of three digits.
    pub thousands: Option<ThousandsMark>,
}

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum DecimalMark {
    /// `1234.5`
    #[serde(rename = ".")]
    Point,
    /// `1234,5`
    #[serde(rename = ",")]
    Comma,
}

/// What stands between groups of three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ThousandsMark {
    /// `1,234`
    #[serde(rename = ",")]
    Comma,
    /// `1.234`
    #[serde(rename = ".")]
    Point,
    /// `1 234`, with a common, a no-break or a thin space.
    #[serde(rename = " ", alias = "\u{a0}", alias = "\u{2009}", alias = "\u{202f}")]
    #[schemars(extend("enum" = [" ", "\u{a0}", "\u{2009}", "\u{202f}"]))]
    Space,
    /// `1'234`, with a straight or a curly apostrophe.
    #[serde(rename = "'", alias = "\u{2019}")]
    #[schemars(extend("enum" = ["'", "\u{2019}"]))]
    Apostrophe,
}

/// Why a text is no number in a notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoNumber {
    /// It has a sign where none is expected, no digits, or characters that no number has.
    Other,
    /// A whole number above the largest integer.
    TooLarge,
    /// Decimals where a whole number is expected.
    Fractional,
    /// It would be a number if this stood between its thousands.
    Thousands(ThousandsMark),
    /// It would be a number if a comma stood before its decimals.
    DecimalComma,
    /// `1.234` may be one and a bit, or one thousand.
    Ambiguous,
}

impl DecimalMark {
    fn character(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

impl ThousandsMark {
    const ALL: [Self; 4] = [Self::Comma, Self::Point, Self::Space, Self::Apostrophe];

    fn is(self, character: char) -> bool {
        match self {
            Self::Comma => character == ',',
            Self::Point => character == '.',
            Self::Space => matches!(character, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}'),
            Self::Apostrophe => matches!(character, '\'' | '\u{2019}'),
        }
    }

    /// The word in a study.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Point => ".",
            Self::Space => " ",
            Self::Apostrophe => "'",
        }
    }
}

impl NoNumber {
    /// What a study may say about it; `None` where it can say nothing.
    #[must_use]
    pub fn hint(self) -> Option<String> {
        match self {
            Self::Thousands(ThousandsMark::Point) => Some(
                "if points separate thousands in this file, say so: layout = { thousands = \".\", decimal = \",\" }"
                    .to_owned(),
            ),
            Self::Thousands(mark) => Some(format!(
                "if `{0}` separates thousands in this file, say so: layout = {{ thousands = \"{0}\" }}",
                mark.word()
            )),
            Self::DecimalComma => Some(
                "if a comma stands before decimals in this file, say so: layout = { decimal = \",\" }"
                    .to_owned(),
            ),
            Self::Ambiguous => Some(
                "the point may stand before decimals or between thousands, so say which: layout = { decimal = \".\" } or layout = { thousands = \".\", decimal = \",\" }"
                    .to_owned(),
            ),
            Self::Other | Self::TooLarge | Self::Fractional => None,
        }
    }
}

impl Notation {
    /// Whether one character is to mean two things.
    #[must_use]
    pub fn contradicts_itself(self) -> bool {
        let decimal = self.decimal.unwrap_or(DecimalMark::Point).character();
        self.thousands.is_some_and(|mark| mark.is(decimal))
    }

    /// A number from 0; blanks around it do not count.
    ///
    /// # Errors
    /// No digits, a sign, an exponent, separators that the notation does not have or that stand elsewhere than between groups
    /// of three; a number such as `1.234` of which nobody has said what the point means.
    pub fn number(self, text: &str) -> Result<f64, NoNumber> {
        let text = text.trim();
        let Some(plain) = self.plain(text) else {
            return Err(self.why_not(text));
        };
        if self.may_be_thousands(&plain) {
            return Err(NoNumber::Ambiguous);
        }
        let value: Option<f64> = plain.parse().ok();
        value.filter(|v| v.is_finite()).ok_or(NoNumber::Other)
    }

    /// The same with a minus sign before it, or without.
    ///
    /// # Errors
    /// As [`Notation::number`].
    pub fn signed(self, text: &str) -> Result<f64, NoNumber> {
        let text = text.trim();
        let below = text
            .strip_prefix('-')
            .or_else(|| text.strip_prefix('\u{2212}'));
        match below {
            Some(rest) if !rest.starts_with(char::is_whitespace) => self.number(rest).map(|v| -v),
            _ => self.number(text),
        }
    }

    /// A whole number from 0; decimals that are all zeros do not count (`12.0`).
    ///
    /// # Errors
    /// As [`Notation::number`]; other decimals; above the largest integer.
    pub fn count(self, text: &str) -> Result<u64, NoNumber> {
        let text = text.trim();
        let Some(plain) = self.plain(text) else {
            return Err(self.why_not(text));
        };
        if self.may_be_thousands(&plain) {
            return Err(NoNumber::Ambiguous);
        }
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        if decimals.bytes().any(|b| b != b'0') {
            return Err(NoNumber::Fractional);
        }
        whole.parse().map_err(|_| NoNumber::TooLarge)
    }

    /// The number as digits with a decimal point; `None` where it is not written in this notation.
    fn plain(self, text: &str) -> Option<Cow<'_, str>> {
        let decimal = self.decimal.unwrap_or(DecimalMark::Point).character();
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, decimals) = match text.split_once(decimal) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        if decimals.is_some_and(|decimals| !is_digits(decimals)) {
            return None;
        }
        if is_digits(whole) {
            return Some(match decimals {
                Some(decimals) if decimal != '.' => Cow::Owned(format!("{whole}.{decimals}")),
                _ => Cow::Borrowed(text),
            });
        }
        let mark = self.thousands?;
        let mut groups = whole.split(|c| mark.is(c));
        let first = groups.next()?;
        let mut joined = String::with_capacity(text.len());
        if !is_digits(first) || first.len() > 3 || first.starts_with('0') {
            return None;
        }
        joined.push_str(first);
        for group in groups {
            if !is_digits(group) || group.len() != 3 {
                return None;
            }
            joined.push_str(group);
        }
        if let Some(decimals) = decimals {
            joined.push('.');
            joined.push_str(decimals);
        }
        Some(Cow::Owned(joined))
    }

    /// Whether a point may as well separate thousands: nobody has said what it is, and three digits follow one to three.
    fn may_be_thousands(self, plain: &str) -> bool {
        let is_said = self.decimal.is_some() || self.thousands.is_some();
        !is_said
            && plain.split_once('.').is_some_and(|(whole, decimals)| {
                decimals.len() == 3 && whole.len() <= 3 && !whole.starts_with('0')
            })
    }

    /// Which word of the study would make a number of it.
    fn why_not(self, text: &str) -> NoNumber {
        let reads =
            |notation: Self| !notation.contradicts_itself() && notation.plain(text).is_some();
        if self.thousands.is_none() {
            for mark in ThousandsMark::ALL {
                let decimal = match mark {
                    ThousandsMark::Point => self.decimal.or(Some(DecimalMark::Comma)),
                    _ => self.decimal,
                };
                let thousands = Some(mark);
                if text.contains(|c| mark.is(c)) && reads(Self { decimal, thousands }) {
                    return NoNumber::Thousands(mark);
                }
            }
        }
        let decimal = Some(DecimalMark::Comma);
        if self.decimal.is_none() && reads(Self { decimal, ..self }) {
            return NoNumber::DecimalComma;
        }
        NoNumber::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Notation = Notation {
        decimal: None,
        thousands: None,
    };

    fn with(decimal: DecimalMark, thousands: ThousandsMark) -> Notation {
        Notation {
            decimal: Some(decimal),
            thousands: Some(thousands),
        }
    }

    #[test]
    fn a_count_is_whole_however_it_is_written() {
        for (text, count) in [
            ("0", 0),
            (" 12 ", 12),
            ("1.0", 1),
            ("12.00", 12),
            ("1234.000", 1234),
        ] {
            assert_eq!(PLAIN.count(text), Ok(count), "{text}");
        }
        for text in ["", "-1", "+1", "1e3", "0x1f", "1.", ".5", "1 0", "\u{661}"] {
            assert_eq!(PLAIN.count(text), Err(NoNumber::Other), "{text}");
        }
        assert_eq!(PLAIN.count("1.5"), Err(NoNumber::Fractional));
        assert_eq!(PLAIN.count("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(PLAIN.count("18446744073709551616"), Err(NoNumber::TooLarge));
    }

    #[test]
    fn what_is_not_said_is_refused_with_what_to_say() {
        for (text, mark) in [
            ("1,234", ThousandsMark::Comma),
            ("1,234.5", ThousandsMark::Comma),
            ("1.234.567", ThousandsMark::Point),
            ("1 234", ThousandsMark::Space),
            ("1\u{a0}234\u{202f}567", ThousandsMark::Space),
            ("1\u{2019}234", ThousandsMark::Apostrophe),
        ] {
            assert_eq!(PLAIN.number(text), Err(NoNumber::Thousands(mark)), "{text}");
        }
        assert_eq!(PLAIN.number("12,5"), Err(NoNumber::DecimalComma));
        assert_eq!(PLAIN.number("1.234"), Err(NoNumber::Ambiguous));
        assert_eq!(PLAIN.count("1.000"), Err(NoNumber::Ambiguous));
        assert_eq!(PLAIN.number("0.123"), Ok(0.123));
        assert_eq!(PLAIN.number("1234.567"), Ok(1234.567));
    }

    #[test]
    fn separators_stand_between_groups_of_three() {
        let english = with(DecimalMark::Point, ThousandsMark::Comma);
        assert_eq!(english.count("1,234,567"), Ok(1_234_567));
        assert_eq!(english.count("1234567"), Ok(1_234_567));
        assert_eq!(english.number("1,234.5"), Ok(1_234.5));
        assert_eq!(english.number("1.234"), Ok(1.234));
        assert_eq!(english.signed("-555,555,555"), Ok(-555_555_555.0));
        for text in [
            "12,34", "1,2345", "1,,234", ",234", "0,123", "1234,567", "1,234,", "1 234",
        ] {
            assert!(english.number(text).is_err(), "{text}");
        }
        let german = with(DecimalMark::Comma, ThousandsMark::Point);
        assert_eq!(german.number("1.234,5"), Ok(1_234.5));
        assert_eq!(german.count("1.000"), Ok(1_000));
        assert_eq!(german.count("12,0"), Ok(12));
        assert!(german.number("1.5").is_err());
        let swiss = with(DecimalMark::Point, ThousandsMark::Apostrophe);
        assert_eq!(swiss.count("1'234"), Ok(1_234));
        assert_eq!(swiss.count("1\u{2019}234"), Ok(1_234));
        let french = with(DecimalMark::Comma, ThousandsMark::Space);
        assert_eq!(
            french.number("1\u{202f}234\u{202f}567,25"),
            Ok(1_234_567.25)
        );
    }

    #[test]
    fn one_character_means_one_thing() {
        assert!(with(DecimalMark::Comma, ThousandsMark::Comma).contradicts_itself());
        let thousands = Some(ThousandsMark::Point);
        assert!(Notation { thousands, ..PLAIN }.contradicts_itself());
        assert!(!with(DecimalMark::Comma, ThousandsMark::Point).contradicts_itself());
    }

    #[test]
    fn a_sign_stands_right_before_the_digits() {
        assert_eq!(PLAIN.signed("-12"), Ok(-12.0));
        assert_eq!(PLAIN.signed("12"), Ok(12.0));
        assert!(PLAIN.signed("- 12").is_err() && PLAIN.signed("--12").is_err());
    }
}
