//! Faults that the TOML reader finds, in our words: where, what, and the nearest allowed word.

use crate::error::{Error, nearest_hint};

/// A fault of the TOML reader as one of the study.
pub(super) fn from_toml(error: &toml::de::Error, text: &str) -> Error {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    if let Some((found, allowed)) = unknown_word(message) {
        let what = if message.starts_with("unknown field") {
            "key"
        } else {
            "word"
        };
        let span = narrow(&span, &found, text);
        return Error::study(
            span,
            format!("unknown {what} `{found}`"),
            nearest_hint(&found, allowed.iter().map(String::as_str)),
        );
    }
    if let Some(missing) = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'))
    {
        return Error::study(
            span,
            format!("the key `{missing}` is missing here"),
            format!("add `{missing} = ...`; `evenhand explain` and the README show each table"),
        );
    }
    Error::study(span, message.lines().collect::<Vec<_>>().join(" "), "")
}

/// The offending word and the allowed ones, from ``unknown field `x`, expected one of `a`, `b` ``.
///
/// Serde hands unknown words over in this sentence only; a test holds it, so that another wording would be seen.
fn unknown_word(message: &str) -> Option<(String, Vec<String>)> {
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((words.next()?, words.collect()))
}

/// The reader points at a whole table for some unknown keys; this points at the key itself.
fn narrow(span: &std::ops::Range<usize>, found: &str, text: &str) -> std::ops::Range<usize> {
    match text.get(span.clone()).and_then(|piece| piece.find(found)) {
        Some(at) => span.start + at..span.start + at + found.len(),
        None => span.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_of_unknown_words_is_understood() {
        let (found, allowed) =
            unknown_word("unknown field `dispairty`, expected one of `rates`, `disparity`")
                .unwrap();
        assert_eq!((found.as_str(), allowed.len()), ("dispairty", 2));
        assert!(unknown_word("invalid type: integer").is_none());
    }
}
