//! What can go wrong, for whoever shows it to a person.
//!
//! Every error names the file and, where there is one, the line, the column or key, what was found, what is
//! allowed and what to do. Messages are lowercase fragments without a final period; the command line adds
//! `error:` and the hint. Statistics have their own small enum in [`crate::stats`], since that layer knows no files.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

/// A failure of the study, of its data, of the output folder or of ourselves.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The study file is at fault, at a known position in its text.
    #[error("{0}")]
    Study(Box<StudyFault>),
    /// A data file is at fault.
    #[error("{0}")]
    Data(Box<DataFault>),
    /// A file or folder could not be read or written.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    File {
        /// What was touched.
        path: PathBuf,
        /// What was tried: `read`, `write`, `create` ...
        action: &'static str,
        /// The system's own words.
        source: std::io::Error,
    },
    /// The output folder, or a bundle that is being verified, is at fault.
    #[error("{message}")]
    Bundle {
        /// What was found.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// A statistic refused its input although everything before it accepted it: our failure.
    #[error("internal: {0}")]
    Internal(String),
}

/// A fault in the study file: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyFault {
    /// The study file; empty until the layer that knows it has filled it in.
    pub file: PathBuf,
    /// The text of the study file, so that the piece can be shown.
    pub text: String,
    /// The offending piece, in bytes of `text`.
    pub span: Range<usize>,
    /// The other piece, where two contradict each other.
    pub against: Option<Range<usize>>,
    /// What was found, a lowercase fragment.
    pub message: String,
    /// What is allowed or what to do.
    pub hint: String,
}

/// A fault in a data file: where, what was found, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFault {
    /// The file.
    pub file: PathBuf,
    /// Line in the file, counted from 1, the header included.
    pub line: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Error {
    /// A fault of the study file at `span`.
    #[must_use]
    pub fn study(span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Study(Box::new(StudyFault {
            file: PathBuf::new(),
            text: String::new(),
            span,
            against: None,
            message: message.into(),
            hint: hint.into(),
        }))
    }

    /// The same fault of the study file with the other piece that the first contradicts.
    #[must_use]
    pub fn against(self, other: Range<usize>) -> Self {
        match self {
            Self::Study(mut fault) => {
                fault.against = Some(other);
                Self::Study(fault)
            }
            error => error,
        }
    }

    /// The same fault with its file and text, filled in once by the layer that read them.
    #[must_use]
    pub fn in_study(self, file: &Path, text: &str) -> Self {
        match self {
            Self::Study(mut fault) if fault.file.as_os_str().is_empty() => {
                fault.file = file.to_path_buf();
                text.clone_into(&mut fault.text);
                Self::Study(fault)
            }
            other => other,
        }
    }

    /// A fault of the output folder or of a bundle.
    #[must_use]
    pub fn bundle(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Bundle {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// What to do about it, where there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Study(fault) => Some(fault.hint.as_str()),
            Self::Data(fault) => Some(fault.hint.as_str()),
            Self::Bundle { hint, .. } => Some(hint.as_str()),
            Self::File { action: "read", .. } => Some("check the path and its permissions"),
            Self::File { .. } => {
                Some("check permissions and free space, or choose another folder with --out")
            }
            Self::Internal(_) => Some("this is a defect of evenhand, not of the study; please report it with the study file"),
        }
        .filter(|hint| !hint.is_empty())
    }

    /// 1 when the study or the data is at fault, 2 when we are.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Internal(_) => 2,
            _ => 1,
        }
    }
}

impl From<DataFault> for Error {
    fn from(fault: DataFault) -> Self {
        Self::Data(Box::new(fault))
    }
}

impl DataFault {
    /// A fault of a whole file.
    #[must_use]
    pub fn new(file: &Path, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            file: file.to_path_buf(),
            line: None,
            column: None,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The line, counted from 1 with the header.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same fault with what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The column's name.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}

impl fmt::Display for DataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ": column `{column}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl fmt::Display for StudyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.span.start).unwrap_or_default();
        write!(
            f,
            "{}:{}: {}",
            self.file.display(),
            before.matches('\n').count() + 1,
            self.message
        )
    }
}

/// Words that a hint lists; more are counted only.
const MOST_WORDS: usize = 20;

/// Characters of a word that a message lists.
const LONGEST_WORD: usize = 60;

/// The allowed words as a hint, the nearest to what was found first: ``did you mean `rates`? allowed: ...``.
#[must_use]
pub fn nearest_hint<'a>(found: &str, allowed: impl IntoIterator<Item = &'a str>) -> String {
    let allowed: Vec<&str> = allowed.into_iter().collect();
    if allowed.is_empty() {
        return "there is none to choose from".into();
    }
    let mut list = allowed
        .iter()
        .take(MOST_WORDS)
        .map(|word| format!("`{}`", shortened(word)))
        .collect::<Vec<_>>()
        .join(", ");
    if allowed.len() > MOST_WORDS {
        list.push_str(&format!(" and {} more", allowed.len() - MOST_WORDS));
    }
    let similarity =
        |word: &&str| strsim::jaro_winkler(&found.to_lowercase(), &word.to_lowercase());
    let best = allowed
        .iter()
        .copied()
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match best {
        Some(word) if similarity(&word) > 0.75 => {
            format!("did you mean `{}`? allowed: {list}", shortened(word))
        }
        _ => format!("allowed: {list}"),
    }
}

/// The first name of a list that stands there before already.
pub fn repeated<'a>(
    names: impl IntoIterator<Item = &'a Spanned<String>>,
) -> Option<&'a Spanned<String>> {
    let mut known = BTreeSet::new();
    names
        .into_iter()
        .find(|name| !known.insert(name.get_ref().as_str()))
}

/// The first of some words that stands there before already.
pub fn repeated_word<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut known = BTreeSet::new();
    words.into_iter().find(|word| !known.insert(*word))
}

/// A text of the data as it may be shown: control characters and changes of the direction of writing, which a terminal or a
/// page would obey, stand there as their codes. Line ends stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| match c {
        c if is_obeyed(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    });
    Cow::Owned(shown.collect())
}

fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n' && c != '\t')
}

/// A word as a message may show it: a header that is none may be as long as its file.
#[must_use]
pub fn shortened(word: &str) -> String {
    if word.chars().count() <= LONGEST_WORD {
        return word.to_owned();
    }
    let start: String = word.chars().take(LONGEST_WORD).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_file_line_and_column() {
        let fault = DataFault::new(
            Path::new("a.csv"),
            "found `-3`",
            "counts are whole numbers from 0",
        )
        .at_line(7)
        .in_column("stops");
        assert_eq!(fault.to_string(), "a.csv:7: column `stops`: found `-3`");
    }

    #[test]
    fn a_study_fault_counts_lines_of_its_text() {
        let error = Error::study(5..8, "unknown key `abc`", "")
            .in_study(Path::new("s.toml"), "a=1\n\nabc=2");
        assert_eq!(error.to_string(), "s.toml:3: unknown key `abc`");
        assert_eq!(error.hint(), None);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_its_code() {
        assert_eq!(visible("a\n\tb"), "a\n\tb");
        assert_eq!(visible("a\u{1b}[31mb\r"), "a\\u{1b}[31mb\\u{d}");
        assert_eq!(visible("\u{202e}exe"), "\\u{202e}exe");
    }

    #[test]
    fn the_nearest_word_comes_first() {
        assert!(
            nearest_hint("dispairty", ["rates", "disparity"])
                .starts_with("did you mean `disparity`?")
        );
        assert_eq!(nearest_hint("zzz", ["rates"]), "allowed: `rates`");
    }
}
