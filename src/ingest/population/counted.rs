//! Counts as a benchmark: what the same agency counted in another period, or another unit of it.

use std::path::PathBuf;

use super::baseline::{Baseline, People};
use super::config::PopulationConfig;
use crate::cells::{CellTable, Only, Outcome};
use crate::error::{Error, nearest_hint};
use crate::stats::acs::MarginOfError;

/// Makes a benchmark of published counts.
///
/// A count is a benchmark with an error of its own: its variance is the count, as that of a Poisson variable, so its
/// margin of error at the 90 % level is 1.645 times its root. A count of 0 says nothing of its error, and has no margin.
///
/// # Errors
/// Counts that the study does not have, or that are averages; a key that they do not have.
pub fn from_counts(
    config: &PopulationConfig,
    (outcome, table): (&Outcome, &CellTable),
) -> Result<Baseline, Error> {
    let name = config
        .counts
        .as_ref()
        .expect("only a table that names counts comes here");
    if outcome.annual_average {
        return Err(Error::study(
            name.span(),
            format!("counts `{}` are annual averages", outcome.name),
            "an average has no error of counting: give the counts of whole years",
        ));
    }
    let keys = config.keys();
    if let Some(key) = keys.iter().find(|key| table.position(key).is_none()) {
        let span = config
            .columns
            .as_ref()
            .map_or(name.span(), toml::Spanned::span);
        return Err(Error::study(
            span,
            format!("counts `{}` have no key `{key}`", outcome.name),
            nearest_hint(key, table.keys().iter().map(String::as_str)),
        ));
    }
    let rolled = table.roll_up(&keys, &Only::default()).ok_or_else(|| {
        Error::Internal(format!(
            "counts `{}` do not add up by their own keys",
            outcome.name
        ))
    })?;
    let people = |events: u64| {
        let events = events as f64;
        let error = (events > 0.0).then(|| events.sqrt());
        People::of(
            events,
            error.and_then(MarginOfError::from_standard_error),
            true,
        )
    };
    let cells = rolled
        .cells()
        .iter()
        .map(|cell| (cell.key.clone(), people(cell.events)))
        .collect();
    Ok(Baseline {
        name: config.name.get_ref().clone(),
        universe: config.universe.clone().unwrap_or_default(),
        vintage: config.vintage.clone().unwrap_or_default(),
        cautions: config.cautions.clone(),
        keys: rolled.keys().to_vec(),
        states_margins: true,
        cells,
        path: PathBuf::from(outcome.files.first().map_or("", String::as_str)),
        column: outcome.events.clone(),
    })
}

/// The counts of that name.
///
/// # Errors
/// The study has none.
pub fn counts_of<'a>(
    config: &PopulationConfig,
    all: impl Iterator<Item = (&'a Outcome, &'a CellTable)> + Clone,
) -> Result<Option<(&'a Outcome, &'a CellTable)>, Error> {
    let Some(name) = &config.counts else {
        return Ok(None);
    };
    let found = all
        .clone()
        .find(|(outcome, _)| outcome.name == *name.get_ref());
    match found {
        Some(counts) => Ok(Some(counts)),
        None => {
            let known: Vec<&str> = all.map(|(outcome, _)| outcome.name.as_str()).collect();
            Err(Error::study(
                name.span(),
                format!(
                    "the study has no [[counts]] `{}` to be a benchmark",
                    name.get_ref()
                ),
                nearest_hint(name.get_ref(), known),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Cell;

    #[test]
    fn a_count_has_the_margin_of_its_root() {
        let config: PopulationConfig = toml::from_str(
            "name = 'b'\ncounts = 's'\nuniverse = 'u'\nvintage = 'v'\ncolumns = { group = 'group' }",
        )
        .unwrap();
        let cell = |place: &str, events| Cell {
            key: vec!["g".into(), place.into()],
            events,
            trials: None,
        };
        let keys = vec!["group".to_owned(), "place".to_owned()];
        let table = CellTable::new(keys, [cell("p", 60), cell("q", 40)]).unwrap();
        let outcome = Outcome {
            name: "s".into(),
            events: "s".into(),
            trials: None,
            unit: "stop".into(),
            annual_average: false,
            years: None,
            note: None,
            cautions: Vec::new(),
            keys: table.keys().to_vec(),
            keys_on_request: Vec::new(),
            by_officer: false,
            clock: false,
            daylight: false,
            covered: crate::cells::Covered::All,
            absent: crate::cells::Absent::Unknown,
            files: Vec::new(),
        };
        let baseline = from_counts(&config, (&outcome, &table)).unwrap();
        let people = baseline.people(&["g".into()]).unwrap().unwrap();
        assert!((people.population() - 100.0).abs() < 1e-9);
        let margin = people.margin().unwrap();
        assert!((margin.standard_error() - 10.0).abs() < 1e-9);
    }
}
