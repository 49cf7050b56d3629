//! What census tables write where there is no number, and what a margin of error says.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::notation::Notation;
use crate::stats::acs::MarginOfError;

/// What a blank margin of error means; nothing in the file tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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

/// A margin of error; `None` where the table says that it has none; otherwise the text as found.
pub(super) fn margin_of_error(
    text: &str,
    blank: BlankMargin,
    notation: Notation,
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
    let value = notation.signed(plain).ok();
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
    fn every_code_and_note_of_the_census_is_known() {
        let margin = |text| margin_of_error(text, BlankMargin::Missing, Notation::default());
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
            margin_of_error(" ", BlankMargin::Controlled, Notation::default()),
            Ok(Some(MarginOfError::CONTROLLED))
        );
    }
}
