//! One CSV table per finding, with the columns that never vary.

use super::{Exporter, OutputFile, Report};
use crate::error::{Error, visible};
use crate::findings::{COLUMNS, tidy};

pub(super) struct Csv;

impl Exporter for Csv {
    fn extension(&self) -> &'static str {
        "csv"
    }

    fn write(&self, report: &Report) -> Result<Vec<OutputFile>, Error> {
        report
            .run
            .findings
            .iter()
            .map(|exhibit| {
                let mut writer = csv::Writer::from_writer(Vec::new());
                let header = writer.write_record(COLUMNS.map(|(name, _)| name));
                let rows = tidy(&exhibit.finding).into_iter().try_for_each(|row| {
                    writer.write_record(
                        row.fields()
                            .iter()
                            .map(|field| harmless(field).into_owned()),
                    )
                });
                header
                    .and(rows)
                    .map_err(|e| Error::Internal(e.to_string()))?;
                let bytes = writer
                    .into_inner()
                    .map_err(|e| Error::Internal(e.to_string()))?;
                Ok(OutputFile {
                    path: format!("tables/{}.csv", exhibit.finding.id).into(),
                    bytes,
                })
            })
            .collect()
    }
}

/// A text from the data that a spreadsheet would run as a formula gets an apostrophe, and what a terminal would obey stands
/// there as its code; numbers stay numbers.
pub(super) fn harmless(field: &str) -> std::borrow::Cow<'_, str> {
    let is_formula =
        field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    let field = visible(field);
    if is_formula {
        format!("'{field}").into()
    } else {
        field
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_formula_from_the_data_is_disarmed_and_a_number_is_not() {
        assert_eq!(harmless("=1+2"), "'=1+2");
        assert_eq!(harmless("-0.25"), "-0.25");
        assert_eq!(harmless("-inf"), "-inf");
        assert_eq!(harmless("CA"), "CA");
        assert_eq!(harmless("A\u{1b}[2J"), "A\\u{1b}[2J");
    }
}
