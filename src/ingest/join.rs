//! Files of a publisher that belong together: a row of the main file and what other files say of it.
//!
//! Each joined file is held in memory, keyed by the columns that both have, and becomes further columns of the main
//! file, `person.Race`, and `person.rows`: how many of its rows belong to this one. Nothing is multiplied: a stop with
//! two searches stays one stop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use csv::ByteRecord;
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::DataRoot;
use super::at::At;
use super::csv_file::CsvFile;
use super::layout::Layout;
use super::row_filter::{Condition, fit};
use super::rows::{Record, Split};
use crate::error::Error;
use crate::stops::Input;
use crate::world::World;

/// Name of the column that counts the rows of a joined file.
const ROWS: &str = "rows";
/// What separates the columns of a key; no file that is read holds it.
const BETWEEN: u8 = 0;

/// A `join` table of rows: a further file, and how its rows belong to those of the main one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinConfig {
    /// The name before its columns: `person` makes `person.Race`, and `person.rows` the number of its rows.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The file, relative to the study; in a format, relative to the folder of the main file.
    #[schemars(with = "String")]
    pub file: Spanned<String>,
    /// How the file is written.
    #[serde(default)]
    pub layout: Layout,
    /// Its columns by which rows belong together, each with the column of the main file (or of a join before) that holds
    /// the same value.
    pub on: BTreeMap<String, String>,
    /// Which of its rows count; all of them where nothing is said. Several columns must all fit.
    #[serde(default, rename = "where")]
    pub fits: BTreeMap<String, Condition>,
}

impl JoinConfig {
    /// Its columns among names like `person.Race`, without those that count rows.
    fn asked<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let prefix = format!("{}.", self.name.get_ref());
        let mut asked: BTreeSet<String> = names
            .filter_map(|name| name.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect();
        asked.remove(ROWS);
        asked.into_iter().collect()
    }

    /// The columns that the join adds, for a header.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn header(&self, world: &World, root: &DataRoot) -> Result<Vec<String>, Error> {
        let file = CsvFile::open(world, &root.locate(self.file.get_ref()), &self.layout)?;
        let own = file.headers().iter().map(String::as_str).chain([ROWS]);
        Ok(own.map(|column| self.column(column)).collect())
    }

    fn column(&self, own: &str) -> String {
        format!("{}.{own}", self.name.get_ref())
    }
}

/// One joined file in memory.
#[derive(Debug)]
pub struct Joined {
    name: String,
    file: String,
    /// The columns that it adds, the last of which counts its rows.
    columns: Vec<String>,
    /// The columns of the main file that make the key.
    on: Vec<String>,
    by_key: FxHashMap<Box<[u8]>, u32>,
    entries: Vec<Entry>,
    values: Vec<u32>,
    texts: Vec<Box<str>>,
    left_out: u64,
    /// Rows of which a column of the key is blank.
    blank: u64,
    input: Input,
}

/// The rows of one key.
#[derive(Debug)]
struct Entry {
    rows: u32,
    line: u64,
    belongs: AtomicBool,
}

/// Texts, each stored once.
#[derive(Default)]
struct Texts {
    by_text: FxHashMap<Box<str>, u32>,
    all: Vec<Box<str>>,
}

impl Texts {
    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.by_text.get(text) {
            return *code;
        }
        let code = u32::try_from(self.all.len()).expect("fewer texts than four thousand million");
        self.by_text.insert(text.into(), code);
        self.all.push(text.into());
        code
    }
}

impl Joined {
    /// Reads a joined file; `asked` are all column names that the study uses.
    ///
    /// # Errors
    /// Anything in the file that is not as the study says; two rows of one key that say different things.
    pub fn read<'a>(
        config: &JoinConfig,
        asked: impl Iterator<Item = &'a str>,
        world: &World,
        root: &DataRoot,
    ) -> Result<Self, Error> {
        let path = root.locate(config.file.get_ref());
        let mut file = CsvFile::open(world, &path, &config.layout)?;
        let asked = config.asked(asked);
        let columns = asked
            .iter()
            .map(|name| file.column(name))
            .collect::<Result<Vec<_>, _>>()?;
        let key_columns = config
            .on
            .keys()
            .map(|name| file.column(name))
            .collect::<Result<Vec<_>, _>>()?;
        let conditions = config
            .fits
            .iter()
            .map(|(name, condition)| Ok((file.column(name)?, condition)))
            .collect::<Result<Vec<_>, Error>>()?;
        let mut joined = Self {
            name: config.name.get_ref().clone(),
            file: config.file.get_ref().clone(),
            columns: asked
                .iter()
                .map(String::as_str)
                .chain([ROWS])
                .map(|own| config.column(own))
                .collect(),
            on: config.on.values().cloned().collect(),
            by_key: FxHashMap::default(),
            entries: Vec::new(),
            values: Vec::new(),
            texts: Vec::new(),
            left_out: 0,
            blank: 0,
            input: Input::default(),
        };
        let mut texts = Texts::default();
        let (mut record, mut key, mut row) = (ByteRecord::new(), Vec::new(), Vec::new());
        while let Some(at) = file.next(&mut record)? {
            if !fit(&conditions, &at, &record)? {
                joined.left_out += 1;
                continue;
            }
            if !make_key(&mut key, &record, &key_columns) {
                joined.blank += 1;
                continue;
            }
            row.clear();
            for &column in &columns {
                row.push(texts.code(at.text(&record, column)?));
            }
            joined.add(&key, &row, &at, &asked)?;
        }
        joined.input = file.finish(
            config.file.get_ref(),
            format!("rows, joined as {}", joined.name),
        )?;
        joined.texts = texts.all;
        Ok(joined)
    }

    fn add(&mut self, key: &[u8], row: &[u32], at: &At<'_>, asked: &[String]) -> Result<(), Error> {
        let Some(&known) = self.by_key.get(key) else {
            let next =
                u32::try_from(self.entries.len()).expect("fewer rows than four thousand million");
            self.by_key.insert(key.into(), next);
            self.entries.push(Entry {
                rows: 1,
                line: at.line(),
                belongs: AtomicBool::new(false),
            });
            self.values.extend_from_slice(row);
            return Ok(());
        };
        let start = known as usize * row.len();
        let before = &self.values[start..start + row.len()];
        if let Some(differs) = before.iter().zip(row).position(|(a, b)| a != b) {
            let entry = &self.entries[known as usize];
            let message = format!(
                "a second row of the same {}, the first is on line {}, and they differ in `{}`",
                self.on.join(" and "),
                entry.line,
                asked[differs]
            );
            let hint = "a row can say one thing only: keep some of the rows by where = { ... }, or use the count of rows, `.rows`";
            return Err(at.fault(message, hint).into());
        }
        self.entries[known as usize].rows += 1;
        Ok(())
    }

    /// The columns that it adds to the main file.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// Binds the join to the columns of a main file.
    ///
    /// # Errors
    /// The main file lacks a column of the key.
    pub fn bind(&self, file: &CsvFile) -> Result<Vec<usize>, Error> {
        self.on.iter().map(|column| file.column(column)).collect()
    }

    /// Adds to a row of the main file what this file says of it: blanks and 0 rows where it says nothing.
    pub fn widen(&self, record: &mut Split<'_>, on: &[usize], key: &mut Vec<u8>) {
        // What is blank on both sides is not the same stop.
        let found = make_key(key, record, on)
            .then(|| self.by_key.get(key.as_slice()).map(|at| *at as usize))
            .flatten();
        let width = self.columns.len() - 1;
        match found {
            Some(at) => {
                for value in &self.values[at * width..(at + 1) * width] {
                    record.push_field(self.texts[*value as usize].as_bytes());
                }
                let entry = &self.entries[at];
                entry.belongs.store(true, Ordering::Relaxed);
                record.push_field(entry.rows.to_string().as_bytes());
            }
            None => {
                (0..width).for_each(|_| record.push_field(b""));
                record.push_field(b"0");
            }
        }
    }

    /// The account of the file, once all rows of the main one were widened; numbers of rows below `smallest_shown` are
    /// only called so.
    #[must_use]
    pub fn note(&self, smallest_shown: u64) -> String {
        let count = |rows: u64| match rows {
            rows if rows > 0 && rows < smallest_shown => format!("fewer than {smallest_shown}"),
            rows => crate::number::count(rows),
        };
        let orphans: u64 = self
            .entries
            .iter()
            .filter(|entry| !entry.belongs.load(Ordering::Relaxed))
            .map(|entry| u64::from(entry.rows))
            .sum();
        let blank = match self.blank {
            0 => String::new(),
            rows => format!(", {} with a blank in what joins them", count(rows)),
        };
        format!(
            "{} joined as {}: {} rows, {} of them left out by its `where`, {} that belong to no row of the main file{blank}",
            self.file,
            self.name,
            count(self.input.rows.unwrap_or_default()),
            count(self.left_out),
            count(orphans)
        )
    }

    /// The file, as the manifest records it.
    #[must_use]
    pub fn input(&self) -> Input {
        self.input.clone()
    }
}

/// Makes the key of a row; whether every column of it says something.
fn make_key(key: &mut Vec<u8>, record: &impl Record, columns: &[usize]) -> bool {
    key.clear();
    for (i, &column) in columns.iter().enumerate() {
        if i > 0 {
            key.push(BETWEEN);
        }
        key.extend_from_slice(&record[column]);
    }
    columns
        .iter()
        .all(|&column| !record[column].trim_ascii().is_empty())
}
