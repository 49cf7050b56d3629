//! How census tables write numbers, and what they write where there is none.

use serde::Deserialize;

use crate::stats::acs::MarginOfError;

/// What stands between groups of three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Thousands {
    /// `1,234`
    #[serde(rename = ",")]
    Comma,
}

/// What a blank margin of error means; nothing in the file tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlankMargin {
    /// There is none: intervals that would need it are not made.
    #[default]
    Missing,
    /// The estimate is controlled to a fixed total, as in files of American FactFinder: the margin is 0.
    Controlled,
}

/// What stands in place of a number: as a code of the census programming interface, as the note in a table, and what it says.
const ANNOTATIONS: [(f64, &str, &str); 7] = [
    (-111_111_111.0, "null", "no value"),
    (
        -222_222_222.0,
        "**",
        "too few sample observations for a standard error",
    ),
    (
        -333_333_333.0,
        "***",
        "the median lies in an open-ended interval",
    ),
    (
        -666_666_666.0,
        "-",
        "too few sample observations for an estimate",
    ),
    (-888_888_888.0, "(X)", "not applicable or not available"),
    (-999_999_999.0, "N", "too few sample cases to be shown"),
    (-555_555_555.0, "*****", "controlled: a margin of 0"),
];

/// What the census means by a text or code that is no number.
pub(super) fn annotation(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let code: Option<f64> = text.parse().ok();
    ANNOTATIONS
        .iter()
        .find(|(number, note, _)| {
            text == *note || code.is_some_and(|code| (code - number).abs() < 0.5)
        })
        .map(|(_, _, meaning)| *meaning)
}

/// The digits without what stands between groups of three; `None` where the groups are not of three.
pub(crate) fn without_thousands(text: &str, thousands: Option<Thousands>) -> Option<String> {
    if thousands.is_none() || !text.contains(',') {
        return Some(text.to_owned());
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    let joined = whole.replace(',', "");
    is_grouped.then(|| match fraction {
        Some(fraction) => format!("{joined}.{fraction}"),
        None => joined,
    })
}

/// A decimal number from 0; otherwise the text as found.
pub(super) fn number(text: &str, thousands: Option<Thousands>) -> Result<f64, String> {
    let found = || text.to_owned();
    let digits = without_thousands(text, thousands).ok_or_else(found)?;
    let is_decimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    digits
        .parse()
        .ok()
        .filter(|value: &f64| is_decimal && value.is_finite())
        .ok_or_else(found)
}

/// A margin of error; `None` where the table says that it has none; otherwise the text as found.
pub(super) fn margin_of_error(
    text: &str,
    blank: BlankMargin,
    thousands: Option<Thousands>,
) -> Result<Option<MarginOfError>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok((blank == BlankMargin::Controlled).then_some(MarginOfError::CONTROLLED));
    }
    if text == "*****" {
        return Ok(Some(MarginOfError::CONTROLLED));
    }
    let plain = text.strip_prefix('±').unwrap_or(text);
    let found = || text.to_owned();
    let value: Option<f64> = without_thousands(plain, thousands)
        .ok_or_else(found)?
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite());
    // The code of a controlled estimate is a margin, the other codes are none.
    if let Some(margin) = value.and_then(MarginOfError::from_census) {
        return Ok(Some(margin));
    }
    match annotation(plain) {
        Some(_) => Ok(None),
        None => Err(found()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_population_is_digits_and_nothing_else() {
        assert_eq!(number("1082", None), Ok(1082.0));
        for text in ["", "-3", "NaN", "inf", "0x1f", "1,082", "1.5e4"] {
            assert_eq!(number(text, None), Err(text.to_owned()));
        }
        let comma = Some(Thousands::Comma);
        assert_eq!(number("1,082", comma), Ok(1082.0));
        assert_eq!(number("12,001,082.5", comma), Ok(12_001_082.5));
        for text in ["1,08", "1082,000", ",082", "1,0820"] {
            assert_eq!(number(text, comma), Err(text.to_owned()));
        }
    }

    #[test]
    fn every_code_and_note_of_the_census_is_known() {
        let margin = |text| margin_of_error(text, BlankMargin::Missing, None);
        for controlled in ["-555555555", "*****", "0", "-555555555.0"] {
            assert_eq!(
                margin(controlled),
                Ok(Some(MarginOfError::CONTROLLED)),
                "{controlled}"
            );
        }
        for missing in [
            "-222222222",
            "-333333333",
            "-666666666",
            "-888888888",
            "-999999999",
            "**",
            "***",
            "-",
            "(X)",
            "N",
            "null",
            "",
        ] {
            assert_eq!(margin(missing), Ok(None), "{missing}");
        }
        assert_eq!(margin("±56"), Ok(MarginOfError::from_census(56.0)));
        for wrong in ["-12", "±", "****", "n", "56 ±", "1,056"] {
            assert_eq!(margin(wrong), Err(wrong.to_owned()));
        }
    }

    #[test]
    fn a_blank_margin_means_what_the_study_says() {
        assert_eq!(
            margin_of_error(" ", BlankMargin::Controlled, None),
            Ok(Some(MarginOfError::CONTROLLED))
        );
    }
}
