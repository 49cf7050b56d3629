//! Places over time: what the register makes of each, and which of its times the question can use.

use std::collections::BTreeMap;

use super::super::Answers;
use super::super::strata::Stratum;
use crate::error::Error;
use crate::ingest::{Status, Whereabouts};
use crate::stops::{PERIOD, PLACE, STATE, YEAR};

/// Places by times.
#[derive(Debug)]
pub(super) struct Panel<'s> {
    /// The times, in their order.
    pub(super) times: Vec<String>,
    /// The places that the question can use.
    pub(super) places: Vec<Place<'s>>,
    /// The places that it cannot, by the reason.
    pub(super) aside: BTreeMap<Aside, Vec<String>>,
    /// Times of adopters that are on neither side of the adoption, by what they are.
    pub(super) between: BTreeMap<Between, Vec<String>>,
}

/// One place.
#[derive(Debug)]
pub(super) struct Place<'s> {
    /// Its name, with the state where the counts have one.
    pub(super) name: String,
    /// The state, where the counts have one.
    pub(super) state: Option<String>,
    /// The first time wholly under an agreement; `None` where there never was one.
    pub(super) adopted: Option<usize>,
    /// The times that count, and what was counted then.
    pub(super) seen: Vec<(usize, &'s Stratum)>,
}

/// Why a place is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aside {
    /// Under an agreement at its first time: nothing before it is seen.
    Always,
    /// The register does not say of some of its times.
    NotKnown,
    /// An agreement had ended before its first time.
    Earlier,
    /// Begun within the data, and no whole time of it is there.
    NoTimeUnder,
}

/// Why a time of a place that can be used is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Between {
    /// The agreement began or ended within it.
    Transition,
    /// After the agreement had ended.
    Ended,
    /// From the time on at which every place has had its agreement.
    NobodyLeft,
}

impl Aside {
    /// The reason in words, after a list of places.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Always => {
                "under an agreement when the counts begin, so that nothing before it is seen"
            }
            Self::NotKnown => "the register does not say of some of the times",
            Self::Earlier => "an earlier agreement had ended when the counts begin",
            Self::NoTimeUnder => "an agreement began, and no whole time under it was counted",
        }
    }
}

impl Between {
    /// What it is, before a list of places and times.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Transition => "within which an agreement began or ended",
            Self::Ended => "after the agreement had ended",
            Self::NobodyLeft => "at which no place is left that has not had one",
        }
    }
}

impl<'s> Panel<'s> {
    /// Sorts the strata, one for each place and time, by what the status key says of them.
    ///
    /// # Errors
    /// A time that is none of the study's; a place whose state is not known.
    pub(super) fn new(
        strata: &'s [Stratum],
        (status, time): (&str, &str),
        answers: &Answers<'_>,
    ) -> Result<Self, Error> {
        let times = times(strata, time, answers);
        let mut by_place: BTreeMap<Vec<&str>, Vec<(usize, &Stratum)>> = BTreeMap::new();
        for stratum in strata {
            let key: Vec<&str> = [STATE, PLACE]
                .iter()
                .filter_map(|key| stratum.key(key))
                .collect();
            let found = stratum.key(time).unwrap_or_default();
            let at = times.iter().position(|own| own == found);
            let at = at.ok_or_else(|| Error::Internal(format!("no time `{found}`")))?;
            by_place.entry(key).or_default().push((at, stratum));
        }
        let mut panel = Self {
            times,
            places: Vec::new(),
            aside: BTreeMap::new(),
            between: BTreeMap::new(),
        };
        for (key, mut seen) in by_place {
            seen.sort_by_key(|(time, _)| *time);
            let statuses = seen
                .iter()
                .map(|(_, stratum)| status_of(stratum, status, answers))
                .collect::<Result<Vec<_>, _>>()?;
            panel.add(&key, &seen, &statuses);
        }
        Ok(panel)
    }

    fn add(&mut self, key: &[&str], seen: &[(usize, &'s Stratum)], statuses: &[Status]) {
        let name = key.iter().rev().copied().collect::<Vec<_>>().join(", ");
        let adopted = match role(statuses) {
            Ok(None) => None,
            Ok(Some(at)) => Some(seen[at].0),
            Err(why) => {
                self.aside.entry(why).or_default().push(name);
                return;
            }
        };
        let mut kept = Vec::new();
        let (mut under, mut lost) = (false, false);
        for (&(time, stratum), status) in seen.iter().zip(statuses) {
            let between = match status {
                // After a loss an agreement may be signed again: that is another question.
                Status::None | Status::InForce if lost => Some(Between::Ended),
                Status::None | Status::InForce => None,
                Status::Ended => Some(Between::Ended),
                Status::Transition | Status::NotKnown => Some(Between::Transition),
            };
            let is_under = *status == Status::InForce;
            lost |= under && !is_under;
            under |= is_under;
            match between {
                None => kept.push((time, stratum)),
                Some(what) => {
                    let when = format!("{name} {}", self.times[time]);
                    self.between.entry(what).or_default().push(when);
                }
            }
        }
        self.places.push(Place {
            name,
            state: (key.len() > 1).then(|| key[0].to_owned()),
            adopted,
            seen: kept,
        });
    }

    /// Where every place adopted, nobody is left to be compared with from the last first time on: these times are put
    /// aside, and the places that adopted then are places that have not yet.
    pub(super) fn end_with_the_last_comparison(&mut self) {
        if self.never().next().is_some() {
            return;
        }
        let Some(last) = self.cohorts().keys().next_back().copied() else {
            return;
        };
        for place in &mut self.places {
            let (kept, without): (Vec<_>, Vec<_>) = place
                .seen
                .iter()
                .copied()
                .partition(|(time, _)| *time < last);
            place.seen = kept;
            place.adopted = place.adopted.filter(|adopted| *adopted < last);
            let cut = without
                .iter()
                .map(|(time, _)| format!("{} {}", place.name, self.times[*time]));
            self.between
                .entry(Between::NobodyLeft)
                .or_default()
                .extend(cut);
        }
    }

    /// The places that adopted.
    pub(super) fn adopters(&self) -> impl Iterator<Item = &Place<'s>> {
        self.places.iter().filter(|place| place.adopted.is_some())
    }

    /// The places that never had an agreement.
    pub(super) fn never(&self) -> impl Iterator<Item = &Place<'s>> {
        self.places.iter().filter(|place| place.adopted.is_none())
    }

    /// The strata of all places and times that count.
    pub(super) fn strata(&self) -> impl Iterator<Item = &'s Stratum> {
        let seen = self.places.iter().flat_map(|place| &place.seen);
        seen.map(|(_, stratum)| *stratum)
    }

    /// The first times under an agreement, each with its number of places.
    pub(super) fn cohorts(&self) -> BTreeMap<usize, usize> {
        let mut cohorts = BTreeMap::new();
        for adopted in self.adopters().filter_map(|place| place.adopted) {
            *cohorts.entry(adopted).or_default() += 1;
        }
        cohorts
    }
}

/// Where among its times a place comes under an agreement for the first time; `None` where it never does.
fn role(statuses: &[Status]) -> Result<Option<usize>, Aside> {
    if statuses.contains(&Status::NotKnown) {
        return Err(Aside::NotKnown);
    }
    match statuses.first() {
        Some(Status::InForce | Status::Transition) => return Err(Aside::Always),
        Some(Status::Ended) => return Err(Aside::Earlier),
        _ => {}
    }
    match statuses.iter().position(|s| *s == Status::InForce) {
        Some(at) => Ok(Some(at)),
        None if statuses.iter().all(|s| *s == Status::None) => Ok(None),
        None => Err(Aside::NoTimeUnder),
    }
}

/// What the register says of the place and time of a stratum.
fn status_of(stratum: &Stratum, status: &str, answers: &Answers<'_>) -> Result<Status, Error> {
    let at = Whereabouts {
        place: stratum.key(PLACE).unwrap_or_default(),
        state: stratum.key(STATE),
        year: stratum.key(YEAR),
        period: stratum.key(PERIOD),
    };
    let found = answers.statuses.status(status, &at)?;
    found.ok_or_else(|| Error::Internal(format!("`{status}` is no key of a register")))
}

/// The times of the data: years by number, periods in the order of the study.
fn times(strata: &[Stratum], time: &str, answers: &Answers<'_>) -> Vec<String> {
    let mut times: Vec<String> = strata
        .iter()
        .filter_map(|stratum| stratum.key(time))
        .map(str::to_owned)
        .collect();
    if time == PERIOD {
        times.sort_by_key(|name| answers.setting.periods.rank(name));
    } else {
        times.sort_by_key(|year| year.parse::<i64>().unwrap_or(i64::MAX));
    }
    times.dedup();
    times
}

#[cfg(test)]
mod tests {
    use super::Status::{Ended, InForce, None as No, NotKnown, Transition};
    use super::*;

    #[test]
    fn a_place_adopts_never_adopts_or_cannot_be_used() {
        assert_eq!(role(&[No, No, No]), Ok(None));
        assert_eq!(role(&[No, Transition, InForce, InForce]), Ok(Some(2)));
        assert_eq!(role(&[No, InForce, Transition, Ended]), Ok(Some(1)));
        assert_eq!(role(&[InForce, InForce]), Err(Aside::Always));
        assert_eq!(role(&[Transition, InForce]), Err(Aside::Always));
        assert_eq!(role(&[Ended, Ended]), Err(Aside::Earlier));
        assert_eq!(role(&[No, NotKnown, InForce]), Err(Aside::NotKnown));
        assert_eq!(role(&[No, Transition]), Err(Aside::NoTimeUnder));
    }
}
