//! What a request asks of the cells that were counted.

use super::coded::{Coded, Pick};
use super::tally::Sums;
use crate::cells::{GROUP, Rows, Tabulation, UNKNOWN};
use crate::error::Error;
use crate::ingest::{OutOf, StopsConfig, YES, says_key};
use crate::stops::{HITS, NOT_RECORDED, SEARCHES};

/// Events and trials that a request asks of a cell; none of those whose group is known where it asks for the others.
///
/// # Errors
/// Counts that rows do not have.
pub(super) fn pick<'c>(
    request: &Tabulation,
    (keys, cells): (&[String], &'c Coded),
    config: &StopsConfig,
) -> Result<Pick<'c>, Error> {
    let counted = counted(&request.counts, (keys, cells), config)?;
    let is_unknown = of_unknown_group(keys, cells);
    let wanted = request.of;
    Ok(Box::new(move |codes, sums| {
        if is_unknown(codes) == (wanted == Rows::Unknown) {
            counted(codes, sums)
        } else {
            None
        }
    }))
}

/// Whether a cell is of unknown group: its rows are dropped, and counted only for those who ask for them.
pub(super) fn of_unknown_group(keys: &[String], cells: &Coded) -> impl Fn(&[u32]) -> bool + use<> {
    let group = keys.iter().position(|key| key == GROUP);
    let unknown = group.and_then(|at| Some((at, cells.code(at, UNKNOWN)?)));
    move |codes| unknown.is_some_and(|(at, code)| codes[at] == code)
}

fn counted<'c>(
    counts: &str,
    (keys, cells): (&[String], &'c Coded),
    config: &StopsConfig,
) -> Result<Pick<'c>, Error> {
    if let Some(further) = config.further(counts) {
        // Rows that say yes, out of those of which it is known.
        let says = says_at(counts, keys)?;
        let (yes, unsaid) = (cells.code(says, YES), cells.code(says, NOT_RECORDED));
        let out_of = further.out_of;
        return Ok(Box::new(move |codes, sums| {
            let (all, code) = (parts_of(out_of, sums), Some(codes[says]));
            let events = if code == yes { all } else { 0 };
            Some((events, Some(if code == unsaid { 0 } else { all })))
        }));
    }
    Ok(match counts {
        rows if rows == config.rows_are() => Box::new(|_, m| Some((m[0], None))),
        SEARCHES => Box::new(|_, m| Some((m[2], Some(m[1])))),
        HITS => Box::new(|_, m| Some((m[4], Some(m[3])))),
        other => {
            return Err(Error::Internal(format!(
                "rows of stops have no counts `{other}`"
            )));
        }
    })
}

/// Where the key of further counts stands.
pub(super) fn says_at(name: &str, keys: &[String]) -> Result<usize, Error> {
    let wanted = says_key(name);
    let at = keys.iter().position(|key| *key == wanted);
    at.ok_or_else(|| Error::Internal(format!("`{name}` was counted and not asked for")))
}

/// The rows of a cell that further counts are a part of.
pub(super) fn parts_of(out_of: OutOf, sums: &Sums) -> u64 {
    match out_of {
        OutOf::Rows => sums[0],
        OutOf::Searches => sums[2],
    }
}
