//! The first rows of a text, cut by one separator and one meaning of quotes, and how well that goes.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder};

use super::dialect::Quotes;
use crate::ingest::layout::Separator;

/// Rows that are looked at.
const ROWS: usize = 400;

/// The first rows of a text as one separator and one meaning of quotes cut them.
pub(super) struct Cut {
    pub(super) separator: Separator,
    pub(super) quotes: Quotes,
    pub(super) rows: Vec<(u64, Vec<String>)>,
    pub(super) width: usize,
    pub(super) share: f64,
    clean: f64,
}

impl Cut {
    pub(super) fn new(text: &str, separator: Separator, quotes: Quotes) -> Self {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator.byte())
            .quoting(quotes == Quotes::Enclose)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        let mut record = ByteRecord::new();
        let bytes = text.as_bytes();
        let (mut counted, mut line) = (0, 1);
        while rows.len() < ROWS && reader.read_byte_record(&mut record).unwrap_or(false) {
            let place = record.position().map_or(0, csv::Position::byte);
            let mut place = usize::try_from(place)
                .unwrap_or(bytes.len())
                .min(bytes.len());
            // The reader steps over blank lines after it has noted where it is.
            while bytes
                .get(place)
                .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
            {
                place += 1;
            }
            line += memchr::memchr_iter(b'\n', &bytes[counted..place]).count() as u64;
            counted = place;
            let fields = record
                .iter()
                .map(|field| String::from_utf8_lossy(field).into_owned())
                .collect();
            rows.push((line, fields));
        }
        let mut cut = Self {
            separator,
            quotes,
            rows,
            width: 0,
            share: 0.0,
            clean: 0.0,
        };
        cut.measure();
        cut
    }

    /// The commonest number of fields, how many rows have it, and how many fields are free of other separators.
    fn measure(&mut self) {
        let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
        for (_, row) in &self.rows {
            *widths.entry(row.len()).or_default() += 1;
        }
        let Some((width, count)) = widths
            .into_iter()
            .max_by_key(|(width, count)| (*count, *width))
        else {
            return;
        };
        self.width = width;
        self.share = count as f64 / self.rows.len() as f64;
        let fields: Vec<&String> = self.rows.iter().flat_map(|(_, row)| row).collect();
        let clean = fields.iter().filter(|field| self.is_clean(field)).count();
        self.clean = clean as f64 / fields.len().max(1) as f64;
    }

    /// Without another separator, where a comma in a number is none.
    fn is_clean(&self, field: &str) -> bool {
        let is_number = field
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b'.' || byte == b'-');
        let own = char::from(self.separator.byte());
        is_number
            || !field
                .chars()
                .any(|letter| letter != own && matches!(letter, ';' | '\t' | '|' | '~'))
                && (own == ',' || !field.contains(',') || field.contains(' '))
    }

    /// Rows that have the commonest number of fields are worth most, then fields free of other separators, then more fields.
    pub(super) fn score(&self) -> (u64, u64, usize) {
        let thousandths = |share: f64| (share * 1000.0).round() as u64;
        if self.width < 2 {
            return (0, 0, 0);
        }
        (
            thousandths(self.share * self.clean),
            thousandths(self.share),
            self.width,
        )
    }
}
