//! A catalogue of printed figures: a CSV file, a figure a row.

use std::path::Path;

use serde_json::{Map, Value};

use super::quantity::QUANTITIES;
use crate::error::{Error, nearest_hint};
use crate::ingest::{ListRow, read_list};

/// Printed figures.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

/// A request and the field of its answer.
pub type Asked = (Map<String, Value>, String);

/// One printed figure with the numbers that it was made from.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Its name.
    pub id: String,
    /// Who printed it.
    pub source: String,
    /// When.
    pub year: String,
    /// What it is: one of [`QUANTITIES`].
    pub quantity: String,
    /// Of whom.
    pub group: String,
    /// Against whom.
    pub comparison: String,
    /// The numbers: `numerator`, `denominator`, `comparison_numerator`, `comparison_denominator`, `benchmark_share`.
    pub inputs: [Option<f64>; 5],
    /// What was printed.
    pub published: Option<f64>,
    /// In which unit, and whether as a bound.
    pub unit: String,
    /// Half of the last printed digit, or 0 for a bound and for whole numbers that must be met.
    pub tolerance: f64,
    /// Where it was seen.
    pub note: String,
    /// A request that gives it, where its numbers do not fit the five columns; and the field of the answer.
    pub request: Option<Asked>,
    /// What is done to that field.
    pub transform: Transform,
    /// The status that is expected of it.
    pub expected: Option<String>,
    /// Why it does not agree, or has no inputs.
    pub reason: String,
}

/// What is done to a field before it is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transform {
    /// Nothing.
    #[default]
    None,
    /// Its natural logarithm: ratios that were printed as coefficients.
    Log,
    /// Times 100.
    Percent,
}

impl Transform {
    /// The words of the column `transform`.
    const WORDS: [(&'static str, Self); 3] = [
        ("", Self::None),
        ("log", Self::Log),
        ("percent", Self::Percent),
    ];

    pub(super) fn of(self, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::Log => libm::log(value),
            Self::Percent => 100.0 * value,
        }
    }
}

/// Quantities whose size is printed without a sign.
const SIZES: [&str; 5] = [
    "z_binomial",
    "z_two_proportions",
    "absolute_disparity_pp",
    "comparative_disparity_pct",
    "log_points_to_pct",
];

impl Entry {
    /// Whether the figure is printed without its sign.
    pub(super) fn is_size(&self) -> bool {
        SIZES.contains(&self.quantity.as_str())
    }
}

const NUMBERS: [&str; 5] = [
    "numerator",
    "denominator",
    "comparison_numerator",
    "comparison_denominator",
    "benchmark_share",
];

/// Columns without which a row says nothing.
const REQUIRED: [&str; 3] = ["id", "quantity", "published_value"];

impl Catalogue {
    /// Reads a catalogue. Columns that are not known are left alone.
    ///
    /// # Errors
    /// A missing column, an unknown quantity, a number that is none, a request that is no JSON, a name twice.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        let about =
            "a catalogue is a CSV file in UTF-8 with a header, like datasets/published/figures.csv";
        read_list((path, bytes), about, &REQUIRED, |row| {
            let entry = Row(row).entry()?;
            if entries.iter().any(|known| known.id == entry.id) {
                let message = format!("`{}` stands there twice", entry.id);
                let hint = "give each figure a name of its own";
                return Err(row.fault("id", message, hint).into());
            }
            entries.push(entry);
            Ok(())
        })?;
        Ok(Self { entries })
    }
}

/// A row of the catalogue, read as a figure.
struct Row<'a>(&'a ListRow<'a>);

impl Row<'_> {
    fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        let text = self.0.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| {
            self.0
                .fault(
                    name,
                    format!("found `{text}`"),
                    "a number in digits, with a point and without separators, or nothing",
                )
                .into()
        })
    }

    fn entry(&self) -> Result<Entry, Error> {
        let quantity = self.0.text("quantity");
        if !QUANTITIES.iter().any(|(name, _)| *name == quantity) {
            let hint = nearest_hint(quantity, QUANTITIES.iter().map(|(name, _)| *name));
            let message =
                format!("found `{quantity}`, which is no quantity that can be recomputed");
            return Err(self.0.fault("quantity", message, hint).into());
        }
        let mut inputs = [None; 5];
        for (input, name) in inputs.iter_mut().zip(NUMBERS) {
            *input = self.number(name)?;
        }
        let expected = Some(self.0.text("expected")).filter(|word| !word.is_empty());
        Ok(Entry {
            id: self.0.text("id").to_owned(),
            source: self.0.text("source").to_owned(),
            year: self.0.text("year").to_owned(),
            quantity: quantity.to_owned(),
            group: self.0.text("group").to_owned(),
            comparison: self.0.text("comparison_group").to_owned(),
            inputs,
            published: self.number("published_value")?,
            unit: self.0.text("published_unit").to_owned(),
            tolerance: self.number("tolerance")?.unwrap_or_default(),
            note: self.0.text("note").to_owned(),
            request: self.request()?,
            transform: self.transform()?,
            expected: expected.map(str::to_owned),
            reason: self.0.text("reason").to_owned(),
        })
    }

    fn transform(&self) -> Result<Transform, Error> {
        let text = self.0.text("transform");
        let found = Transform::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, transform)| *transform).ok_or_else(|| {
            self.0
                .fault(
                    "transform",
                    format!("found `{text}`"),
                    "log, percent, or nothing",
                )
                .into()
        })
    }

    fn request(&self) -> Result<Option<Asked>, Error> {
        let text = self.0.text("request");
        if text.is_empty() {
            return Ok(None);
        }
        let request = serde_json::from_str(text).map_err(|error| {
            self.0.fault(
                "request",
                format!("no JSON object: {error}"),
                "a request is what `evenhand calc --jsonl` takes, {\"kind\": ...}, or a row of a study, {\"study\": ...}",
            )
        })?;
        Ok(Some((request, self.0.text("field").to_owned())))
    }
}
