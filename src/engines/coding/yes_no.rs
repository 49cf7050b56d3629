//! Columns that say yes or no, one of them or several of which one yes is enough.

use crate::error::Error;
use crate::ingest::{At, ColumnSource, CsvFile, OutcomeCodes, Record, Seen, UnclearRule};

/// One yes-or-no column of a file, bound.
pub(super) struct YesNo {
    parts: Vec<Part>,
}

struct Part {
    column: usize,
    codes: OutcomeCodes,
    missing: Vec<String>,
    seen: Seen<Option<bool>>,
    /// Of texts that are not judged: whether they say yes in so many words.
    heard: Seen<bool>,
}

impl YesNo {
    /// Binds the rules to a file; what they do not say stands in `table`.
    pub(super) fn new(
        source: &ColumnSource,
        file: &CsvFile,
        (table, missing): (&OutcomeCodes, &[String]),
    ) -> Result<Self, Error> {
        let mut parts = Vec::new();
        for rule in source.rules() {
            if !rule.fits(file.headers()) && source.rules().len() > 1 {
                continue;
            }
            for column in rule.find(file)? {
                parts.push(Part {
                    column,
                    codes: OutcomeCodes {
                        yes: rule.yes.clone().unwrap_or_else(|| table.yes.clone()),
                        no: rule.no.clone().unwrap_or_else(|| table.no.clone()),
                        unclear: rule.unclear.unwrap_or(table.unclear),
                    },
                    missing: missing.iter().chain(&rule.missing).cloned().collect(),
                    seen: Seen::default(),
                    heard: Seen::default(),
                });
            }
        }
        if parts.is_empty() {
            // The error of the first rule: a file without any of the columns does not say no.
            source.rules()[0].find(file)?;
        }
        Ok(Self { parts })
    }

    /// Yes where one of the columns says yes; not known where none does and one is not known.
    pub(super) fn read(
        &mut self,
        at: &At<'_>,
        record: &impl Record,
    ) -> Result<Option<bool>, Error> {
        let mut all = Some(false);
        for part in &mut self.parts {
            match part.read(at, record)? {
                Some(true) => return Ok(Some(true)),
                Some(false) => {}
                None => all = None,
            }
        }
        Ok(all)
    }

    /// Whether one of the columns says yes in so many words; nothing else is judged.
    pub(super) fn says_yes(&mut self, record: &impl Record) -> bool {
        self.parts.iter_mut().any(|part| {
            let field = record[part.column].trim_ascii();
            part.heard.get(field).unwrap_or_else(|| {
                let mut yes = part.codes.yes.iter();
                part.heard
                    .keep(field, yes.any(|yes| yes.as_bytes() == field))
            })
        })
    }
}

impl Part {
    fn read(&mut self, at: &At<'_>, record: &impl Record) -> Result<Option<bool>, Error> {
        let raw = &record[self.column];
        if let Some(known) = self.seen.get(raw) {
            return Ok(known);
        }
        // A blank within the field is no word of its own.
        let text = at.text(record, self.column)?.trim();
        let listed = |list: &[String]| list.iter().any(|word| word == text);
        let meaning = if listed(&self.codes.yes) {
            Some(true)
        } else if listed(&self.codes.no) {
            Some(false)
        } else if listed(&self.missing) {
            None
        } else {
            match self.codes.unclear {
                UnclearRule::No => Some(false),
                UnclearRule::Yes => Some(true),
                UnclearRule::Missing => None,
                UnclearRule::Error => {
                    let hint = "list it in [stops.outcomes] under yes or no, or say there what else means: unclear = \"no\", \"yes\" or \"missing\"";
                    return Err(at
                        .fault_in(
                            self.column,
                            format!(
                                "found {}, neither yes nor no",
                                crate::ingest::quoted_or_blank(text)
                            ),
                            hint,
                        )
                        .into());
                }
            }
        };
        Ok(self.seen.keep(raw, meaning))
    }
}
