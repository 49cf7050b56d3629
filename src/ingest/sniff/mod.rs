//! Looking at a file that nobody has described: how it is written, what its columns hold, and why it is thought so.
//!
//! For `init`, which proposes a study; `run` never guesses. Every verdict carries its reason and how sure it is. Reasons
//! count rows and never show a value of a column that may tell who somebody is.

mod bytes;
mod columns;
mod container;
mod cut;
mod dates;
mod dialect;
mod kinds;
mod table;
mod words;

pub use bytes::LineEnds;
pub use container::Container;
pub use dates::{Example, MixedDates};
pub use dialect::{NameSource, Quotes};
pub use kinds::{DateKind, Kind};
pub use table::{TableKind, WideSet, torn_groups, wide_sets};
pub use words::{
    RaceWord, boolean_word, has_word, is_missing_word, is_total_word, leaves_hispanic_out,
    name_words, race_word,
};

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use encoding_rs_io::DecodeReaderBytesBuilder;
use serde::Serialize;

use super::csv_file::broken_off;
use super::layout::{Separator, TextEncoding};
use crate::error::Error;
use crate::world::World;
use bytes::ByteCensus;
use columns::ColumnTally;
use dialect::{Dialect, Whole};

/// Bytes of text from which the dialect is told.
const HEAD: u64 = 1 << 20;

/// Rows that are kept as they are: tables of counts have fewer.
const KEPT_ROWS: usize = 5_000;

/// Distinct values that are shown of a category.
const SHOWN: usize = 40;

/// What is thought, why, and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guess<T> {
    /// What is thought.
    pub value: T,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why: a fragment without a final period.
    pub reason: String,
}

/// How sure a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Somebody must look.
    Doubtful,
    /// What speaks against it is unlikely.
    Likely,
    /// Every row says so.
    Certain,
}

impl<T> Guess<T> {
    /// A guess.
    #[must_use]
    pub fn new(value: T, confidence: Confidence, reason: String) -> Self {
        Self {
            value,
            confidence,
            reason,
        }
    }
}

impl Confidence {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Doubtful => "doubtful",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What was found in a file.
#[derive(Debug, Clone, Serialize)]
pub struct FileProfile {
    /// How the file is packed.
    pub container: Guess<Container>,
    /// How characters are written.
    pub encoding: Guess<TextEncoding>,
    /// How lines end.
    pub line_ends: LineEnds,
    /// What separates fields.
    pub separator: Guess<Separator>,
    /// What quotes mean.
    pub quotes: Guess<Quotes>,
    /// Lines before the header.
    pub skip_lines: Guess<u64>,
    /// Rows of the header.
    pub header_rows: Guess<u8>,
    /// Where the names of the columns come from.
    pub names_from: NameSource,
    /// Rows of data, and of those the ones with another number of fields than the header.
    pub rows: u64,
    /// Rows with another number of fields than the header.
    pub ragged: u64,
    /// Line of the first of them.
    pub first_ragged: Option<u64>,
    /// All rows with their lines, where they are few: for adding up what is published, never for showing.
    #[serde(skip)]
    pub all_rows: Option<Vec<(u64, Vec<String>)>>,
    /// Every column.
    pub columns: Vec<ColumnProfile>,
    /// What kind of table it is.
    pub table: Guess<TableKind>,
}

/// What was found in a column.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Guess<Kind>,
    /// Rows that have a value.
    pub filled: u64,
    /// Blank rows.
    pub blank: u64,
    /// Words for what is missing, with their rows.
    pub missing: Vec<(String, u64)>,
    /// How many different values it has at least.
    pub distinct: u64,
    /// Whether those are all.
    pub distinct_is_exact: bool,
    /// Its values with their rows, where they are few and tell nobody who somebody is.
    pub values: Option<Vec<(String, u64)>>,
    /// All its values, where they are few enough to be kept: for comparing files, never for showing.
    #[serde(skip)]
    pub kept: Option<BTreeMap<String, u64>>,
    /// The first line of each of those.
    #[serde(skip)]
    pub first_lines: BTreeMap<String, u64>,
    /// Its largest number, for telling shares from numbers of people.
    #[serde(skip)]
    pub most: Option<f64>,
    /// Values with spaces around them.
    pub padded: u64,
    /// Numbers with a decimal comma.
    pub decimal_commas: u64,
    /// Numbers with a comma at the thousands.
    pub grouped: u64,
    /// Numbers whose points stand at the thousands, where others have a decimal comma.
    pub points_at_thousands: u64,
}

impl ColumnProfile {
    fn of(name: &str, tally: &ColumnTally) -> Self {
        let kind = kinds::kind_of(name, tally);
        let (distinct, distinct_is_exact) = tally.distinct();
        let may_show = match kind.value {
            Kind::Race | Kind::Ethnicity | Kind::Sex | Kind::YesNo { .. } => true,
            Kind::Category | Kind::Year => distinct as usize <= SHOWN,
            _ => false,
        };
        let values = tally.values.as_ref().filter(|_| may_show);
        Self {
            name: name.to_owned(),
            filled: tally.shapes.filled,
            blank: tally.blank,
            missing: tally
                .missing
                .iter()
                .map(|(word, rows)| (word.clone(), *rows))
                .collect(),
            distinct,
            distinct_is_exact,
            values: values.map(|values| {
                values
                    .iter()
                    .map(|(value, rows)| (value.clone(), *rows))
                    .collect()
            }),
            kept: tally.values.clone(),
            first_lines: tally.first_lines.clone(),
            most: tally.shapes.most,
            padded: tally.shapes.padded,
            decimal_commas: tally.shapes.decimal_commas,
            grouped: tally.shapes.grouped + tally.shapes.grouped_fractions,
            points_at_thousands: tally.shapes.points_at_thousands,
            kind,
        }
    }

    /// Whether it says for how many alike rows a row stands.
    #[must_use]
    pub fn is_weight(&self) -> bool {
        let names = [
            "count",
            "n",
            "freq",
            "frequency",
            "weight",
            "number_of_stops",
        ];
        self.kind.value == Kind::Count && names.contains(&self.name.to_lowercase().as_str())
    }

    /// Its first and its last day, where it holds dates that can be read.
    #[must_use]
    pub fn date_span(&self) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
        match &self.kind.value {
            Kind::Date(date) => date.span,
            _ => None,
        }
    }

    /// The words of its name.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        name_words(&self.name)
    }
}

/// How a file is written, before its rows are looked at.
#[derive(Debug, Clone)]
pub struct Look {
    path: PathBuf,
    container: Guess<Container>,
    encoding: Guess<TextEncoding>,
    line_ends: LineEnds,
    dialect: Dialect,
}

/// The tables of a file, and what in it is none.
#[derive(Debug, Clone)]
pub struct Looks {
    /// Its tables. Sheets of a workbook, or members of an archive, that have the same header are one.
    pub tables: Vec<Look>,
    /// Sheets and members that are no table, with the reason.
    pub left_out: Vec<String>,
}

impl Look {
    /// Looks at a file: all of its bytes, and the first rows of each table in it.
    ///
    /// # Errors
    /// A folder, a missing or empty file, bytes that cannot be unpacked or read.
    pub fn at(world: &World, path: &Path) -> Result<Looks, Error> {
        let containers = container::of(world, path)?;
        let several = containers.len() > 1;
        let mut looks = Looks {
            tables: Vec::new(),
            left_out: Vec::new(),
        };
        for container in containers {
            let name = container
                .value
                .taken_of_several()
                .map(|taken| taken.join(", "));
            match (Self::into(world, path, container), name) {
                (Ok(look), _) => looks.take(look),
                (Err(fault), Some(name)) if several => {
                    looks.left_out.push(format!(
                        "`{name}`: {}",
                        fault.to_string().lines().next().unwrap_or_default()
                    ));
                }
                (Err(fault), _) => return Err(fault),
            }
        }
        looks.without_patterns();
        Ok(looks)
    }

    /// Looks into one table of a file.
    fn into(world: &World, path: &Path, container: Guess<Container>) -> Result<Self, Error> {
        let census = ByteCensus::take(container::text(world, path, &container.value)?, path)?;
        let encoding = census.encoding();
        let raw = container::text(world, path, &container.value)?;
        let mut head = Vec::new();
        decode(raw, encoding.value)
            .take(HEAD)
            .read_to_end(&mut head)
            .map_err(|fault| broken_off(path, &fault.to_string()))?;
        let whole = if (head.len() as u64) < HEAD {
            Whole::Yes
        } else {
            Whole::No
        };
        let separators = container::separators(&container.value);
        let dialect = Dialect::of(&String::from_utf8_lossy(&head), whole, separators);
        Ok(Self {
            path: path.to_path_buf(),
            container,
            encoding,
            line_ends: census.line_ends(),
            dialect,
        })
    }

    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.dialect.names
    }

    /// The name of the sheet or member, where the file holds several.
    #[must_use]
    pub fn table_name(&self) -> Option<String> {
        let taken = self.container.value.taken_of_several();
        taken.map(|taken| taken.join(", "))
    }

    /// Whether two files can be read as one: the same columns, written the same way.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.container.value.taken_of_several() == other.container.value.taken_of_several()
            && self.is_written_like(other)
    }

    fn is_written_like(&self, other: &Self) -> bool {
        self.dialect.names == other.dialect.names
            && self.encoding.value == other.encoding.value
            && self.dialect.separator.value == other.dialect.separator.value
            && self.dialect.preamble.value == other.dialect.preamble.value
            && self.dialect.header_rows.value == other.dialect.header_rows.value
    }
}

impl Looks {
    /// Members of one header that no pattern names alone are not read together.
    fn without_patterns(&mut self) {
        for look in &mut self.tables {
            let container = &mut look.container.value;
            if container.member_pattern().is_some() {
                continue;
            }
            if let Container::Zip { taken, .. } = container {
                let more = taken.split_off(1);
                let first = taken.join(", ");
                self.left_out.extend(more.iter().map(|name| {
                    format!("`{name}`: it has the header of `{first}`, and no pattern names both and no other; unpack the archive and name the files")
                }));
            }
        }
    }

    /// Takes a table: as a part of one with the same header, where a study can name both together.
    fn take(&mut self, look: Look) {
        for own in self
            .tables
            .iter_mut()
            .filter(|own| own.is_written_like(&look))
        {
            if let Some(both) = own.container.value.with(&look.container.value) {
                own.container.value = both;
                return;
            }
        }
        self.tables.push(look);
    }
}

/// What is found in files that are read as one, all rows of them.
///
/// # Errors
/// Bytes that cannot be read.
pub fn profile(world: &World, looks: &[Look]) -> Result<FileProfile, Error> {
    let first = looks
        .first()
        .ok_or_else(|| Error::Internal("a profile of no file was asked for".into()))?;
    let mut table = Table::new(&first.dialect);
    for look in looks {
        let texts = container::texts(world, &look.path, &look.container.value)?;
        table.is_of_several_texts |= looks.len() > 1 || texts.len() > 1;
        for raw in texts {
            table.read(decode(raw, look.encoding.value), look)?;
        }
    }
    table.tallies.iter_mut().for_each(ColumnTally::finish);
    let columns: Vec<ColumnProfile> = table
        .names
        .iter()
        .zip(&table.tallies)
        .map(|(name, tally)| ColumnProfile::of(name, tally))
        .collect();
    let first = first.clone();
    Ok(FileProfile {
        container: first.container,
        line_ends: first.line_ends,
        encoding: first.encoding,
        separator: first.dialect.separator,
        quotes: first.dialect.quotes,
        skip_lines: first.dialect.preamble,
        header_rows: first.dialect.header_rows,
        names_from: first.dialect.source,
        rows: table.rows,
        ragged: table.ragged,
        first_ragged: table.first_ragged,
        all_rows: table.all_rows,
        table: table::table_kind(&columns, table.rows),
        columns,
    })
}

fn decode(raw: Box<dyn Read + Send>, encoding: TextEncoding) -> Box<dyn Read> {
    let codec = match encoding {
        TextEncoding::Utf8 => encoding_rs::UTF_8,
        TextEncoding::Windows1252 => encoding_rs::WINDOWS_1252,
        TextEncoding::Utf16 => encoding_rs::UTF_16LE,
    };
    Box::new(
        DecodeReaderBytesBuilder::new()
            .encoding(Some(codec))
            .bom_override(true)
            .strip_bom(true)
            .build(raw),
    )
}

/// A word for a missing value, or nothing.
fn is_blank_or_missing(cell: &str) -> bool {
    cell.trim().is_empty() || words::is_missing_word(cell)
}

/// All rows of a table, counted by column.
struct Table {
    names: Vec<String>,
    tallies: Vec<ColumnTally>,
    rows: u64,
    ragged: u64,
    first_ragged: Option<u64>,
    all_rows: Option<Vec<(u64, Vec<String>)>>,
    /// Then a line alone says nothing.
    is_of_several_texts: bool,
}

impl Table {
    fn new(dialect: &Dialect) -> Self {
        Self {
            names: dialect.names.clone(),
            tallies: vec![ColumnTally::default(); dialect.names.len()],
            rows: 0,
            ragged: 0,
            first_ragged: None,
            all_rows: Some(Vec::new()),
            is_of_several_texts: false,
        }
    }

    fn keep(&mut self, record: &ByteRecord, line: u64) {
        let Some(rows) = &mut self.all_rows else {
            return;
        };
        if rows.len() == KEPT_ROWS {
            self.all_rows = None;
            return;
        }
        let fields = record.iter();
        let fields = fields.map(|field| String::from_utf8_lossy(field).into_owned());
        rows.push((line, fields.collect()));
    }

    fn read(&mut self, text: Box<dyn Read>, look: &Look) -> Result<(), Error> {
        let failed = |why: &str| Error::from(broken_off(&look.path, why));
        let dialect = &look.dialect;
        let mut text = BufReader::with_capacity(1 << 18, text);
        let skipped = dialect.preamble.value;
        for _ in 0..skipped {
            text.read_until(b'\n', &mut Vec::new())
                .map_err(|fault| failed(&fault.to_string()))?;
        }
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.separator.value.byte())
            .quoting(dialect.quotes.value == Quotes::Enclose)
            .from_reader(text);
        let mut record = ByteRecord::new();
        let mut header = dialect.header_rows.value;
        while reader
            .read_byte_record(&mut record)
            .map_err(|fault| failed(&fault.to_string()))?
        {
            if header > 0 {
                header -= 1;
                continue;
            }
            self.rows += 1;
            let line = skipped + record.position().map_or(0, csv::Position::line);
            let known_line = if self.is_of_several_texts { 0 } else { line };
            if record.len() != self.names.len() {
                self.ragged += 1;
                self.first_ragged = self.first_ragged.or((known_line > 0).then_some(line));
            }
            self.keep(&record, known_line);
            for (tally, field) in self.tallies.iter_mut().zip(&record) {
                tally.take(&String::from_utf8_lossy(field), known_line);
            }
        }
        Ok(())
    }
}
