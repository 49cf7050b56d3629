//! A study as it is being written: every line with its reason and how sure it is.

use serde::Serialize;

use crate::ingest::sniff::Confidence;

/// Columns at which remarks are wrapped.
const WIDTH: usize = 110;

/// A study file in the making.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Draft {
    entries: Vec<Entry>,
}

/// One piece of the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Entry {
    /// The head of a table, with its brackets.
    Table {
        /// `[groups]`, `[[stops]]`.
        head: String,
    },
    /// A key with its value, as the file has them.
    Key {
        /// The key.
        key: String,
        /// The value in TOML.
        value: String,
        /// How sure it is; `None` for what is the same in every study.
        confidence: Option<Confidence>,
        /// Why.
        reason: String,
    },
    /// A line for the reader.
    Remark {
        /// Its text.
        text: String,
    },
}

impl Draft {
    /// Begins a table.
    pub fn table(&mut self, head: &str) {
        self.entries.push(Entry::Table { head: head.into() });
    }

    /// A line that is the same in every study.
    pub fn fixed(&mut self, key: &str, value: String, reason: &str) {
        self.entries.push(Entry::Key {
            key: key_text(key),
            value,
            confidence: None,
            reason: reason.into(),
        });
    }

    /// A line that was inferred.
    pub fn key(
        &mut self,
        key: &str,
        value: String,
        confidence: Confidence,
        reason: impl Into<String>,
    ) {
        self.entries.push(Entry::Key {
            key: key_text(key),
            value,
            confidence: Some(confidence),
            reason: reason.into(),
        });
    }

    /// A line for the reader.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.entries.push(Entry::Remark { text: text.into() });
    }

    /// Puts another draft behind this one.
    pub fn append(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// Whether it has a table of that head.
    #[must_use]
    pub fn has_table(&self, wanted: &str) -> bool {
        let is_wanted = |entry: &Entry| matches!(entry, Entry::Table { head } if head == wanted);
        self.entries.iter().any(is_wanted)
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            match entry {
                Entry::Table { head } => {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&format!("{head}\n"));
                }
                Entry::Key {
                    key,
                    value,
                    confidence,
                    reason,
                } => {
                    text.push_str(&format!("{key} = {value}\n"));
                    let why = match (confidence, reason.as_str()) {
                        (None, "") => continue,
                        (None, reason) => reason.to_owned(),
                        (Some(confidence), reason) => format!("{}: {reason}", confidence.word()),
                    };
                    text.push_str(&remark(&why, "    # "));
                }
                Entry::Remark { text: remarked } => text.push_str(&remark(remarked, "# ")),
            }
        }
        text
    }
}

fn remark(text: &str, before: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(before)
        .subsequent_indent(before)
        .break_words(false);
    format!("{}\n", textwrap::fill(text, options))
}

/// A text as TOML writes it.
#[must_use]
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Texts as an array.
#[must_use]
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// Pairs as an inline table.
#[must_use]
pub(super) fn inline(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{} = {value}", key_text(key)))
        .collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// A key as TOML writes it: in quotes where it holds more than plain characters.
fn key_text(key: &str) -> String {
    let is_plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_plain {
        key.to_owned()
    } else {
        quoted(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_followed_by_its_reason() {
        let mut draft = Draft::default();
        draft.fixed("format", "1".into(), "");
        draft.table("[groups]");
        draft.key(
            "reference",
            quoted("white"),
            Confidence::Likely,
            "it is there",
        );
        draft.key("Ünï \"x\"", list(["a\\b"]), Confidence::Doubtful, "odd");
        draft.remark("a question");
        let text = draft.text();
        assert_eq!(
            text,
            "format = 1\n\n[groups]\nreference = \"white\"\n    # likely: it is there\n'Ünï \"x\"' = ['a\\b']\n    # doubtful: odd\n# a question\n"
        );
        assert!(toml::from_str::<toml::Table>(&text).is_ok());
    }

    #[test]
    fn inline_tables_are_read_again() {
        let text = format!(
            "x = {}",
            inline(&[("a b".into(), quoted("c")), ("d".into(), list(["e"]))])
        );
        assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
    }
}
