//! Faults that the TOML reader finds, in our words: where, what, and the nearest allowed word.

use crate::error::{Error, nearest_hint};
use crate::number::file_text;

/// What the reader of a title says of a blank one.
pub(super) const BLANK_TITLE: &str = "the title is blank";

/// What every study may be held against.
const TOML: &str = "a study is TOML: a line is key = value, a text stands in straight quotes, a list in [ ], and the lines of a table follow its [name]; the README has an example";

/// A fault of the TOML reader as one of the study.
pub(crate) fn from_toml(error: &toml::de::Error, text: &str) -> Error {
    if let Some(header) = table_of_data(text) {
        return Error::study(
            header,
            "this is a table of data, not a study",
            "name the study: a TOML file that names this one under [[counts]] (published totals) or [[stops]] (rows); the README has an example",
        );
    }
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
    if message == BLANK_TITLE {
        let hint = "say what the study is about: it stands at the head of the report";
        return Error::study(span, message, hint);
    }
    let piece = Piece::new(text, &span);
    if let Some(kind) = wrong_kind(message) {
        let (found, expected, hint) = piece.instead(&kind);
        return Error::study(
            span,
            format!("found `{found}`, where {expected} is expected"),
            hint,
        );
    }
    let (message, hint) = syntax(message, &piece);
    Error::study(span, message, hint)
}

/// The kind of value that a key takes, where it was given one of another kind.
fn wrong_kind(message: &str) -> Option<Kind> {
    let found_and_expected = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    match found_and_expected.and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((_, expected)) => Some(Kind::new(expected)),
        // What our own structs say that take one text or several, and the reader of a word that is one of a few.
        None if message.starts_with("a text") => Some(Kind::Texts(message.to_owned())),
        None if message == "wanted string or table" => Some(Kind::Texts("a word".into())),
        None => None,
    }
}

/// The first line of the text, where it is the header of a table: no line of TOML has a separator and nothing of TOML.
fn table_of_data(text: &str) -> Option<std::ops::Range<usize>> {
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    let is_toml = line.contains('=') || line.trim_start().starts_with(['[', '#']);
    let start = text.find(line)?;
    (line.contains([',', ';', '\t']) && !is_toml).then_some(start..start + line.len())
}

/// Faults of TOML itself: what was found, and what to write instead.
fn syntax(message: &str, piece: &Piece<'_>) -> (String, String) {
    let reader = || message.lines().collect::<Vec<_>>().join(" ");
    let starts = |words: &str| message.starts_with(words);
    if starts("string values must be quoted") {
        let text = piece
            .value
            .trim_matches(|c| "“”„‘’«»\"'".contains(c) || char::is_whitespace(c));
        if text.contains('/')
            && text.bytes().any(|b| b.is_ascii_digit())
            && !text.bytes().any(|b| b.is_ascii_alphabetic())
        {
            let hint = "a date is written YYYY-MM-DD, without quotes: 2011-01-31";
            return (format!("found `{}`", piece.value), hint.into());
        }
        let hint = share(text).map_or_else(
            || {
                let quoted = piece.assigned(&format!("\"{text}\""));
                format!("a text stands in straight quotes: {quoted}")
            },
            |share| format!("a share is a number: {}", piece.assigned(&share)),
        );
        (format!("found `{}` without quotes", piece.value), hint)
    } else if starts("duplicate key") {
        let hint = if piece.before.ends_with("[[") {
            format!(
                "write [[{}]] with two brackets wherever it stands",
                piece.value
            )
        } else {
            "keep one of the two, with the lines of both".into()
        };
        (format!("`{}` stands there twice", piece.value), hint)
    } else if starts("unexpected key or value") {
        let hint = "one value stands on a line; a number has a point and no comma: 2.5, 10000";
        (reader(), hint.into())
    } else if starts("invalid boolean") {
        let hint = "write true or false, in small letters";
        (format!("found `{}`", piece.value), hint.into())
    } else if starts("invalid date") || starts("invalid datetime") {
        let hint = "a date is written YYYY-MM-DD, without quotes: 2011-01-31";
        (
            format!("found `{}`, which is no date", piece.value),
            hint.into(),
        )
    } else {
        (reader(), TOML.into())
    }
}

/// `0.95` for `95 %`.
fn share(text: &str) -> Option<String> {
    let percent: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
    Some(file_text(Some(percent / 100.0)))
}

/// What kind of value a key takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    List,
    Text,
    /// A text, and what else may stand there.
    Texts(String),
    Whole,
    Number,
    Truth,
    Date,
    Table,
    /// In the words of the reader.
    Other(String),
}

impl Kind {
    fn new(expected: &str) -> Self {
        match expected {
            "a sequence" => Self::List,
            "a string" => Self::Text,
            "u8" | "u16" | "u32" | "u64" | "usize" => Self::Whole,
            "f64" => Self::Number,
            "a boolean" => Self::Truth,
            "a TOML datetime" => Self::Date,
            "a map" => Self::Table,
            table if table.starts_with("struct ") => Self::Table,
            other => Self::Other(other.to_owned()),
        }
    }

    fn words(&self) -> &str {
        match self {
            Self::List => "a list",
            Self::Text => "a text",
            Self::Whole => "a whole number from 0",
            Self::Number => "a number",
            Self::Truth => "true or false",
            Self::Date => "a date",
            Self::Table => "a table",
            Self::Texts(words) | Self::Other(words) => words,
        }
    }
}

/// The offending piece of the study: its first line, what stands before it on that line, and the key it is given to.
struct Piece<'a> {
    before: &'a str,
    key: Option<&'a str>,
    value: &'a str,
}

impl<'a> Piece<'a> {
    fn new(text: &'a str, span: &std::ops::Range<usize>) -> Self {
        let value = text.get(span.clone()).unwrap_or_default();
        let before = text.get(..span.start).unwrap_or_default();
        let before = before.rsplit('\n').next().unwrap_or_default();
        let key = before
            .trim_end()
            .strip_suffix('=')
            .and_then(|keys| keys.rsplit(['{', ',']).next())
            .map(str::trim);
        Self {
            before,
            key,
            value: value.lines().next().unwrap_or_default(),
        }
    }

    /// `key = value`, or the value alone where it is one of a list.
    fn assigned(&self, value: &str) -> String {
        self.key
            .map_or_else(|| value.to_owned(), |key| format!("{key} = {value}"))
    }

    /// What was found, what is expected, and what to write instead of a value of another kind.
    fn instead(&self, kind: &Kind) -> (String, String, String) {
        let expected = kind.words().to_owned();
        if self.before.is_empty() && self.value.starts_with('[') {
            return self.header();
        }
        let bare = self.value.trim_matches(['"', '\'']);
        let hint = match kind {
            Kind::List => format!(
                "a list stands in brackets: {}",
                self.assigned(&format!("[{}]", self.value))
            ),
            Kind::Text | Kind::Texts(_) if self.value.starts_with(['[', '{']) => {
                "a text stands in quotes, without brackets or braces around it".into()
            }
            Kind::Text | Kind::Texts(_) => format!(
                "a text stands in quotes: {}",
                self.assigned(&format!("\"{bare}\""))
            ),
            Kind::Whole if bare.parse::<u64>().is_ok() => {
                format!("a number stands without quotes: {}", self.assigned(bare))
            }
            Kind::Whole => "write a whole number without sign, point or quotes".into(),
            Kind::Number if bare.parse::<f64>().is_ok() => {
                format!("a number stands without quotes: {}", self.assigned(bare))
            }
            Kind::Number => share(bare).map_or_else(
                || "write a number, with a point and without quotes".into(),
                |share| format!("a share is a number: {}", self.assigned(&share)),
            ),
            Kind::Truth => "write true or false, without quotes".into(),
            Kind::Date if bare.parse::<toml::value::Datetime>().is_ok() => {
                format!("a date stands without quotes: {}", self.assigned(bare))
            }
            Kind::Date => format!(
                "a date is a day, without quotes: {}",
                self.assigned("2011-01-31")
            ),
            Kind::Table => format!(
                "a table stands in braces: {}",
                self.assigned("{ name = \"value\" }")
            ),
            Kind::Other(_) => TOML.into(),
        };
        (self.assigned(self.value), expected, hint)
    }

    /// The head of a table that should be one of many, or the only one.
    fn header(&self) -> (String, String, String) {
        let found = self.value.to_owned();
        let name = self.value.trim_matches(['[', ']']);
        if self.value.starts_with("[[") {
            let hint = format!("write [{name}]: a study has one of it");
            (found, "a single table".into(), hint)
        } else {
            let hint = format!("write [[{name}]]: a study may have several");
            (found, "one table of a list".into(), hint)
        }
    }
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
    #[test]
    fn a_piece_knows_the_key_that_it_is_given_to() {
        let text = "keys = { place = \"p\", group = 5 }\nby = \"x\"";
        let piece = |value: &str| {
            let at = text.find(value).unwrap();
            Piece::new(text, &(at..at + value.len())).assigned("v")
        };
        assert_eq!(piece("5"), "group = v");
        assert_eq!(piece("\"x\""), "by = v");
        assert_eq!(piece("{ place"), "keys = v");
    }
}
