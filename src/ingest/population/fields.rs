//! The people of one row: estimates with their margins, sums of columns, shares of a total.

use std::path::PathBuf;

use csv::ByteRecord;

use super::super::at::At;
use super::baseline::{Fault, People, Unusable};
use super::margins::{BlankMargin, margin_of_error};
use super::wide_groups::WideGroup;
use crate::error::Error;
use crate::stats::acs::{Estimate, MarginOfError};

/// How the numbers of one file are written.
pub(super) struct Fields {
    /// The file, for faults that are told when an analysis asks.
    pub(super) path: PathBuf,
    pub(super) blank: BlankMargin,
    /// Whether the population has margins of error, so that one which is not there is missing.
    pub(super) states_margins: bool,
}

/// A number from 0; otherwise the text as found, which is judged when an analysis asks for it.
pub(super) fn number(
    at: &At<'_>,
    record: &ByteRecord,
    column: usize,
) -> Result<Result<f64, String>, Error> {
    let text = at.text(record, column)?;
    Ok(at.notation().number(text).map_err(|_| text.to_owned()))
}

/// A group bound to the columns of one file, in the order of [`WideGroup::columns`].
pub(super) struct BoundGroup<'a> {
    pub(super) rule: &'a WideGroup,
    pub(super) at: Vec<usize>,
}

impl Fields {
    /// An estimate and its margin as they stand in a row.
    pub(super) fn estimate(
        &self,
        at: &At<'_>,
        record: &ByteRecord,
        (population, margin): (usize, Option<usize>),
        times: f64,
    ) -> Result<People, Error> {
        let value = match number(at, record, population)? {
            Ok(value) => value,
            Err(found) => return Ok(self.unusable(at, population, found, Fault::Population)),
        };
        let margin = match self.margin(at, record, margin)? {
            Ok(margin) => margin,
            Err((column, found)) => return Ok(self.unusable(at, column, found, Fault::Margin)),
        };
        let margin = margin.and_then(|margin| MarginOfError::from_census(margin.get() * times));
        Ok(People::of(value * times, margin, self.states_margins))
    }

    fn margin(
        &self,
        at: &At<'_>,
        record: &ByteRecord,
        column: Option<usize>,
    ) -> Result<Result<Option<MarginOfError>, (usize, String)>, Error> {
        let Some(column) = column else {
            return Ok(Ok(None));
        };
        let blank = self.blank;
        let margin = margin_of_error(at.text(record, column)?, blank, at.notation());
        Ok(margin.map_err(|found| (column, found)))
    }

    fn unusable(&self, at: &At<'_>, column: usize, found: String, what: Fault) -> People {
        People::unusable(Unusable {
            path: self.path.clone(),
            line: at.line(),
            column: at.column_name(column).to_owned(),
            found,
            what,
        })
    }
}

impl BoundGroup<'_> {
    pub(super) fn people(
        &self,
        fields: &Fields,
        at: &At<'_>,
        record: &ByteRecord,
    ) -> Result<People, Error> {
        match self.rule {
            WideGroup::Sum { population, moe90 } => {
                let mut sum: Option<People> = None;
                for (i, addend) in population.iter().enumerate() {
                    let margin = (!moe90.is_empty()).then(|| self.at[population.len() + i]);
                    let part = fields.estimate(at, record, (self.at[i], margin), addend.times)?;
                    match &mut sum {
                        None => sum = Some(part),
                        Some(sum) => sum.add(part),
                    }
                }
                Ok(sum.unwrap_or_default())
            }
            WideGroup::Share {
                whole,
                moe90,
                of_moe90,
                ..
            } => self.share(
                fields,
                (at, record),
                (*whole, moe90.is_some(), of_moe90.is_some()),
            ),
        }
    }

    /// A total times a share, with the margin of a product.
    fn share(
        &self,
        fields: &Fields,
        (at, record): (&At<'_>, &ByteRecord),
        (whole, has_margin, has_total_margin): (f64, bool, bool),
    ) -> Result<People, Error> {
        let (share_at, total_at) = (self.at[0], self.at[1]);
        let share = match number(at, record, share_at)? {
            Ok(share) if share <= whole => share / whole,
            Ok(_) => {
                return Ok(fields.unusable(
                    at,
                    share_at,
                    at.text(record, share_at)?.to_owned(),
                    Fault::Share,
                ));
            }
            Err(found) => return Ok(fields.unusable(at, share_at, found, Fault::Share)),
        };
        let total = match number(at, record, total_at)? {
            Ok(total) => total,
            Err(found) => return Ok(fields.unusable(at, total_at, found, Fault::Population)),
        };
        let mut margins = [None, Some(MarginOfError::CONTROLLED)];
        for (i, (column, is_there)) in [(2, has_margin), (3, has_total_margin)]
            .into_iter()
            .enumerate()
        {
            if is_there {
                margins[i] = match fields.margin(at, record, Some(self.at[column]))? {
                    Ok(margin) => margin,
                    Err((column, found)) => {
                        return Ok(fields.unusable(at, column, found, Fault::Margin));
                    }
                };
            }
        }
        let margin = match margins {
            [Some(of_share), Some(of_total)] => {
                let of_share = MarginOfError::from_census(of_share.get() / whole);
                let share = of_share.map(|margin| Estimate {
                    value: share,
                    margin,
                });
                let total = Estimate {
                    value: total,
                    margin: of_total,
                };
                share
                    .and_then(|share| share.product(&total))
                    .map(|product| product.margin)
            }
            _ => None,
        };
        Ok(People::of(share * total, margin, fields.states_margins))
    }
}
