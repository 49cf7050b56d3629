//! The counts behind the numbers: each group before and under the agreement, where there was one and where there was none.

use super::super::rates::Question;
use super::lines::Adoption;
use super::panel::Place;
use crate::analyses::strata::Stratum;
use crate::error::Error;
use crate::findings::Line;

/// The keys of these cells.
const KEYS: [&str; 3] = ["agreement from", "places", "time"];

/// The rates of each group in the cells of each first time under an agreement.
pub(super) fn lines(adoption: &Adoption<'_>) -> Result<Vec<Line>, Error> {
    let panel = adoption.panel;
    let mut strata: Vec<Stratum> = Vec::new();
    for cohort in panel.cohorts().keys() {
        let from = &panel.times[*cohort];
        let own = |place: &&Place<'_>| place.adopted == Some(*cohort);
        let adopters: Vec<&Place<'_>> = panel.places.iter().filter(own).collect();
        let others: Vec<&Place<'_>> = panel.never().collect();
        for (who, places) in [("with an agreement", &adopters), ("without one", &others)] {
            for (when, under) in [("before", false), ("under", true)] {
                let cells = places.iter().flat_map(|place| {
                    let seen = place.seen.iter();
                    seen.filter(|(time, _)| (time >= cohort) == under)
                        .map(|(_, stratum)| *stratum)
                });
                let at = KEYS.iter().zip([from.as_str(), who, when]);
                let at = at
                    .map(|(key, value)| ((*key).to_owned(), value.to_owned()))
                    .collect();
                strata.extend(Stratum::together(at, cells));
            }
        }
    }
    let question = Question {
        outcome: adoption.common.outcome,
        baseline: adoption.baseline,
        per: f64::from(adoption.options.per),
        uncertainty: adoption.common.uncertainty(),
    };
    question.lines(&strata, &adoption.answers.setting.groups)
}
