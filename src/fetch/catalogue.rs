//! What can be fetched: a CSV file that comes with the program, a dataset a row.

use std::path::Path;

use serde::Serialize;

use crate::error::{Error, nearest_hint};
use crate::ingest::{ListRow, read_list};

/// The catalogue that comes with the program.
const SHIPPED: &[u8] = include_bytes!("catalogue.csv");

/// Where messages say that it stands.
const SHIPPED_NAME: &str = "(shipped)/fetch/catalogue.csv";

/// Formats by which evenhand reads what is fetched. `csv` is a plain table whose columns the study names.
pub const FORMATS: [&str; 13] = [
    "acs-b03002-api",
    "acs-b03002-wide",
    "cc-est",
    "connecticut",
    "ice-287g",
    "ice-arrests",
    "ice-detainers",
    "ice-detentions",
    "ice-encounters",
    "mecklenburg-sheriff",
    "minneapolis",
    "nc-sbi",
    "stanford-v2",
];

/// What stands in place of a format where a study maps the columns itself.
const NONE: &str = "none";

/// The datasets that are known by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// In the order of the file.
    pub datasets: Vec<Dataset>,
}

/// One dataset: what it is, where it is, and how it is known to be the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// How evenhand reads it: one of [`FORMATS`], or `none` where a study maps the columns itself.
    pub format: String,
    /// What it is.
    pub title: String,
    /// Under which licence, as far as known; `not stated` where nobody says.
    pub licence: String,
    /// Whether it is unpacked once it is here.
    pub packed: Packing,
    /// The name that the file gets, and by which a mirror has it.
    pub file: String,
    /// Its length in bytes, where known.
    pub bytes: Option<u64>,
    /// SHA-256 of the file as it comes over the network, where known; otherwise the first fetch records it.
    pub sha256: Option<String>,
    /// Its address, with `https`; `None` where no public one is known, and only a mirror can give it.
    pub address: Option<String>,
    /// Who names the address.
    pub named_by: String,
    /// Whether somebody of this project has fetched it from there.
    pub tried: bool,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Not, or read packed as it is.
    No,
    /// A zip archive.
    Zip,
    /// One file packed with gzip.
    Gz,
}

impl Packing {
    const WORDS: [(&'static str, Self); 3] =
        [("no", Self::No), ("zip", Self::Zip), ("gz", Self::Gz)];
}

const COLUMNS: [&str; 11] = [
    "name", "format", "title", "licence", "packed", "file", "bytes", "sha256", "address",
    "named_by", "tried",
];

impl Catalogue {
    /// The one that comes with the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self::read(Path::new(SHIPPED_NAME), SHIPPED)
            .expect("a test reads the catalogue that comes with the program")
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// A missing column, a name twice, a word that a column does not know, a hash or a file name that is none.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let mut datasets: Vec<Dataset> = Vec::new();
        let about = "a catalogue is a CSV file in UTF-8 with a header";
        read_list((path, bytes), about, &COLUMNS, |row| {
            let dataset = Row(row).dataset()?;
            if datasets.iter().any(|known| known.name == dataset.name) {
                let message = format!("`{}` stands there twice", dataset.name);
                let hint = "give each dataset a name of its own";
                return Err(row.fault("name", message, hint).into());
            }
            datasets.push(dataset);
            Ok(())
        })?;
        Ok(Self { datasets })
    }

    /// A dataset by its name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(&self, name: &str) -> Result<&Dataset, Error> {
        let found = self.datasets.iter().find(|dataset| dataset.name == name);
        found.ok_or_else(|| {
            let known = self.datasets.iter().map(|dataset| dataset.name.as_str());
            Error::bundle(
                format!("the catalogue has no dataset `{name}`"),
                format!(
                    "{}; `evenhand fetch --list` shows them",
                    nearest_hint(name, known)
                ),
            )
        })
    }
}

/// A row of the catalogue, read as a dataset.
struct Row<'a>(&'a ListRow<'a>);

impl Row<'_> {
    /// The text of a column if it is as it should be.
    fn checked(
        &self,
        column: &str,
        is_good: impl Fn(&str) -> bool,
        allowed: &str,
    ) -> Result<String, Error> {
        let text = self.0.text(column);
        if is_good(text) {
            return Ok(text.to_owned());
        }
        Err(self
            .0
            .fault(column, format!("found `{text}`"), allowed)
            .into())
    }

    /// What a word of a column stands for.
    fn word<T: Copy>(&self, column: &str, words: &[(&str, T)]) -> Result<T, Error> {
        let text = self.0.text(column);
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let hint = nearest_hint(text, words.iter().map(|(word, _)| *word));
            self.0.fault(column, format!("found `{text}`"), hint).into()
        })
    }

    fn dataset(&self) -> Result<Dataset, Error> {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let said = |text: &str| !text.is_empty();
        let bytes = self.checked(
            "bytes",
            |text| text.is_empty() || text.parse::<u64>().is_ok(),
            "a length in bytes, or nothing",
        )?;
        Ok(Dataset {
            name: self.checked("name", is_plain, "small letters, digits and `-`")?,
            format: self.checked(
                "format",
                |text| text == NONE || FORMATS.contains(&text),
                &FORMATS.join(", "),
            )?,
            title: self.checked("title", said, "what it is")?,
            licence: self.checked("licence", said, "a licence, or `not stated`")?,
            packed: self.word("packed", &Packing::WORDS)?,
            file: self.checked(
                "file",
                is_file_name,
                "a file name of letters, digits, `.`, `_` and `-`",
            )?,
            bytes: bytes.parse().ok(),
            sha256: some(self.checked(
                "sha256",
                |text| text.is_empty() || is_hash(text),
                "64 hexadecimal digits, or nothing",
            )?),
            address: some(self.checked(
                "address",
                |text| text.is_empty() || text.starts_with("https://"),
                "an address that begins with https://, or nothing",
            )?),
            named_by: self.checked("named_by", said, "who names the address")?,
            tried: self.word("tried", &[("yes", true), ("no", false)])?,
        })
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a file may be called so in its folder: it is joined to paths and to addresses, and our own files end otherwise.
fn is_file_name(name: &str) -> bool {
    let is_good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !name.is_empty()
        && name.bytes().all(is_good)
        && !name.starts_with('.')
        && !name.ends_with(".toml")
}

/// Whether a text may be a SHA-256.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: &str) -> Result<Catalogue, Error> {
        let text = format!("{}\n{row}\n", COLUMNS.join(","));
        Catalogue::read(Path::new("c.csv"), text.as_bytes())
    }

    #[test]
    fn the_shipped_catalogue_is_sound() {
        let catalogue = Catalogue::shipped();
        assert!(
            catalogue.datasets.len() >= 100,
            "{}",
            catalogue.datasets.len()
        );
        let known = crate::ingest::shipped_formats().unwrap();
        for format in FORMATS {
            assert!(known.iter().any(|own| own.name == format), "{format}");
            assert!(
                catalogue.datasets.iter().any(|d| d.format == format),
                "none of {format}"
            );
        }
        for dataset in &catalogue.datasets {
            assert!(
                dataset.sha256.is_none() || dataset.bytes.is_some(),
                "{}",
                dataset.name
            );
            if let Some(address) = &dataset.address {
                assert!(
                    super::super::client::Address::new(address).is_ok(),
                    "{address}"
                );
            }
        }
    }

    #[test]
    fn every_column_is_checked() {
        let good = "a,none,A,MIT,no,a.csv,,,https://a.org/a,b,no";
        assert_eq!(read(good).unwrap().datasets.len(), 1);
        for (from, to, column) in [
            ("a,none", "A b,none", "name"),
            (",none,", ",excel,", "format"),
            (",MIT,", ",,", "licence"),
            (",no,a.csv", ",rar,a.csv", "packed"),
            ("a.csv", "../a.csv", "file"),
            (",,,https", ",x,,https", "bytes"),
            (",,,https", ",,abc,https", "sha256"),
            ("https://", "http://", "address"),
            (",b,no", ",b,maybe", "tried"),
        ] {
            let error = read(&good.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("c.csv:2: column `{column}`")),
                "{error}"
            );
        }
        let twice = format!("{good}\n{good}");
        assert!(read(&twice).unwrap_err().to_string().contains("twice"));
    }
}
