//! The grain at which rows are counted for disclosure and for what the study names.

use crate::cells::{Absent, Only, Rows, Tabulation};
use crate::ingest::says_key;
use crate::study::Study;

/// Rows at the finest grain that any request asks for but for officers: what is counted there protects every sum, and says
/// which places, periods and groups there are. Further counts are told by a key of all rows.
pub(super) fn requests(study: &Study, asked: &[Tabulation]) -> Vec<Tabulation> {
    let offered = |key: &&str| {
        let mut outcomes = study.setting.outcomes.iter();
        outcomes.any(|outcome| outcome.keys_on_request.iter().any(|own| own == key))
    };
    let further = |request: &Tabulation| {
        let stops = study.file.stops.first()?;
        stops
            .further(&request.counts)
            .map(|_| says_key(&request.counts))
    };
    let mut named: Vec<String> = asked
        .iter()
        .flat_map(|request| {
            request
                .by
                .iter()
                .map(String::as_str)
                .chain(request.only.keys())
        })
        .filter(offered)
        .map(str::to_owned)
        .chain(asked.iter().filter_map(further))
        .collect();
    named.sort();
    named.dedup();
    let of_rows = study
        .setting
        .outcomes
        .iter()
        .filter(|outcome| outcome.absent == Absent::Zero)
        .filter(|outcome| {
            let stops = study.file.stops.first();
            stops.is_none_or(|stops| stops.further(&outcome.name).is_none())
        });
    of_rows
        .map(|outcome| Tabulation {
            counts: outcome.name.clone(),
            by: outcome.keys.iter().chain(&named).cloned().collect(),
            only: Only::default(),
            of: Rows::Known,
        })
        .collect()
}
