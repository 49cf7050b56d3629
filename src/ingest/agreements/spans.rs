//! When agreements were in force: stretches of days that are certain, and such that may be.

use jiff::civil::Date;

use super::Agreement;
use super::status::UnknownEnd;

/// Days from the first to the last, on which an agreement was in force or may have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Date,
    pub(super) until: Date,
    pub(super) is_certain: bool,
}

/// What a stretch of time is to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// An agreement was in force on every day of it.
    InForce,
    /// None was in force, and one had ended before.
    Ended,
    /// None was in force, nor before.
    None,
    /// One was in force on some of its days.
    Transition,
    /// The register does not say.
    NotKnown,
}

/// Of an agreement neither an end is known nor that it goes on, and the study does not say what that means.
#[derive(Debug)]
pub(super) struct EndNotSaid;

/// When an agreement was in force. Nothing, where the last evidence is taken for its end and lies before its beginning.
pub(super) fn stretches(
    agreement: &Agreement,
    rule: UnknownEnd,
) -> Result<Vec<Stretch>, EndNotSaid> {
    let certain = |from: Date, until: Date| Stretch {
        from,
        until,
        is_certain: true,
    };
    let possible = |from: Date, until: Date| Stretch {
        from,
        until,
        is_certain: false,
    };
    let Some(begins) = agreement.begins else {
        return Ok(match agreement.ended {
            // It was in force on its last day at least.
            Some(ended) => vec![possible(Date::MIN, ended), certain(ended, ended)],
            None => vec![possible(Date::MIN, Date::MAX)],
        });
    };
    if let Some(ended) = agreement.ended {
        return Ok(vec![certain(begins, ended)]);
    }
    if agreement.is_open || rule == UnknownEnd::InForce {
        return Ok(vec![certain(begins, Date::MAX)]);
    }
    let evidence = agreement.last_evidence();
    let until_evidence = evidence
        .filter(|evidence| *evidence >= begins)
        .map(|evidence| certain(begins, evidence));
    match (rule, evidence) {
        (UnknownEnd::Error | UnknownEnd::InForce, _) => Err(EndNotSaid),
        (_, None) => Ok(vec![possible(begins, Date::MAX)]),
        (UnknownEnd::InForceUntilEvidence, Some(_)) => Ok(until_evidence.into_iter().collect()),
        (UnknownEnd::NotKnownAfterEvidence, Some(evidence)) => {
            let after = evidence.tomorrow().unwrap_or(Date::MAX).max(begins);
            let rest = possible(after, Date::MAX);
            Ok(until_evidence.into_iter().chain([rest]).collect())
        }
    }
}

/// The status over a stretch of time that is not divided: in force on all of its days, or a transition where on some.
pub(super) fn throughout(days: (Date, Date), all: &[Stretch]) -> Status {
    if is_covered(days, all) {
        return Status::InForce;
    }
    let may_be_otherwise = |may: &Stretch| {
        let common = (days.0.max(may.from), days.1.min(may.until));
        common.0 <= common.1 && !is_covered(common, all)
    };
    let is_open_question = all
        .iter()
        .filter(|stretch| !stretch.is_certain)
        .any(may_be_otherwise);
    if is_open_question {
        Status::NotKnown
    } else if all.iter().any(|s| s.is_certain && s.touches(days)) {
        Status::Transition
    } else {
        before(days, all)
    }
}

/// The status by whether an agreement was in force at some time.
pub(super) fn at_some_time(days: (Date, Date), all: &[Stretch]) -> Status {
    if all.iter().any(|s| s.is_certain && s.touches(days)) {
        Status::InForce
    } else if all.iter().any(|s| s.touches(days)) {
        Status::NotKnown
    } else {
        before(days, all)
    }
}

/// The status of days on which nothing was in force.
fn before(days: (Date, Date), all: &[Stretch]) -> Status {
    let earlier = |certain: bool| {
        all.iter()
            .any(|s| s.is_certain == certain && s.until < days.0)
    };
    if earlier(true) {
        Status::Ended
    } else if earlier(false) {
        Status::NotKnown
    } else {
        Status::None
    }
}

/// Whether certain stretches together leave no day out: an agreement that is signed again the day after goes on.
fn is_covered(days: (Date, Date), all: &[Stretch]) -> bool {
    let mut certain: Vec<&Stretch> = all.iter().filter(|s| s.is_certain).collect();
    certain.sort_by_key(|s| s.from);
    let mut next = days.0;
    for stretch in certain {
        if stretch.from <= next && stretch.until >= next {
            if stretch.until >= days.1 {
                return true;
            }
            next = stretch.until.tomorrow().unwrap_or(Date::MAX);
        }
    }
    false
}

impl Stretch {
    fn touches(&self, days: (Date, Date)) -> bool {
        self.from <= days.1 && days.0 <= self.until
    }

    /// The same, where it is not certain that it counts.
    pub(super) fn doubted(self) -> Self {
        Self {
            is_certain: false,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn year(year: i16) -> (Date, Date) {
        (Date::constant(year, 1, 1), Date::constant(year, 12, 31))
    }

    fn agreement(begins: &str, ended: &str, evidence: &str) -> Agreement {
        let date = |text: &str| (!text.is_empty()).then(|| day(text));
        Agreement {
            begins: date(begins),
            ended: date(ended),
            evidence_to: date(evidence),
            ..Agreement::default()
        }
    }

    #[test]
    fn a_year_that_straddles_a_beginning_or_an_end_is_a_transition() {
        let own = agreement("2006-02-27", "2018-12-05", "");
        let all = stretches(&own, UnknownEnd::Error).unwrap();
        let of = |y| throughout(year(y), &all);
        assert_eq!(of(2005), Status::None);
        assert_eq!(of(2006), Status::Transition);
        assert_eq!(of(2007), Status::InForce);
        assert_eq!(of(2018), Status::Transition);
        assert_eq!(of(2019), Status::Ended);
        assert_eq!(at_some_time(year(2006), &all), Status::InForce);
        // Whole years on their own days are none.
        let own = agreement("2006-01-01", "2006-12-31", "");
        let all = stretches(&own, UnknownEnd::Error).unwrap();
        assert_eq!(throughout(year(2006), &all), Status::InForce);
    }

    #[test]
    fn an_agreement_that_is_signed_again_the_day_after_goes_on() {
        let mut all = stretches(
            &agreement("2010-01-01", "2013-06-27", ""),
            UnknownEnd::Error,
        )
        .unwrap();
        assert_eq!(throughout(year(2013), &all), Status::Transition);
        all.extend(
            stretches(
                &agreement("2013-06-28", "2014-12-31", ""),
                UnknownEnd::Error,
            )
            .unwrap(),
        );
        assert_eq!(throughout(year(2013), &all), Status::InForce);
        let gap = [
            all[0],
            Stretch {
                from: day("2013-06-29"),
                ..all[1]
            },
        ];
        assert_eq!(throughout(year(2013), &gap), Status::Transition);
    }

    #[test]
    fn an_end_that_is_not_known_is_what_the_study_says() {
        let own = agreement("2008-03-10", "", "2013-09-30");
        assert!(stretches(&own, UnknownEnd::Error).is_err());
        let of = |rule, y| throughout(year(y), &stretches(&own, rule).unwrap());
        assert_eq!(of(UnknownEnd::InForce, 2030), Status::InForce);
        assert_eq!(of(UnknownEnd::InForceUntilEvidence, 2012), Status::InForce);
        assert_eq!(
            of(UnknownEnd::InForceUntilEvidence, 2013),
            Status::Transition
        );
        assert_eq!(of(UnknownEnd::InForceUntilEvidence, 2014), Status::Ended);
        assert_eq!(of(UnknownEnd::NotKnownAfterEvidence, 2012), Status::InForce);
        assert_eq!(
            of(UnknownEnd::NotKnownAfterEvidence, 2013),
            Status::NotKnown
        );
        assert_eq!(
            of(UnknownEnd::NotKnownAfterEvidence, 2014),
            Status::NotKnown
        );
        assert_eq!(of(UnknownEnd::NotKnownAfterEvidence, 2007), Status::None);
        let without = agreement("2008-03-10", "", "");
        let all = stretches(&without, UnknownEnd::InForceUntilEvidence).unwrap();
        assert_eq!(throughout(year(2009), &all), Status::NotKnown);
        let open = Agreement {
            is_open: true,
            ..own
        };
        let all = stretches(&open, UnknownEnd::Error).unwrap();
        assert_eq!(throughout(year(2030), &all), Status::InForce);
    }

    #[test]
    fn what_may_be_is_not_known_until_something_certain_covers_it() {
        let doubted: Vec<Stretch> = stretches(
            &agreement("2008-01-01", "2009-12-31", ""),
            UnknownEnd::Error,
        )
        .unwrap()
        .into_iter()
        .map(Stretch::doubted)
        .collect();
        assert_eq!(throughout(year(2008), &doubted), Status::NotKnown);
        assert_eq!(throughout(year(2010), &doubted), Status::NotKnown);
        assert_eq!(throughout(year(2007), &doubted), Status::None);
        let mut all = doubted;
        all.extend(
            stretches(
                &agreement("2007-06-01", "2012-12-31", ""),
                UnknownEnd::Error,
            )
            .unwrap(),
        );
        assert_eq!(throughout(year(2008), &all), Status::InForce);
        assert_eq!(throughout(year(2007), &all), Status::Transition);
        let undated = stretches(&agreement("", "2010-12-31", ""), UnknownEnd::Error).unwrap();
        assert_eq!(throughout(year(2010), &undated), Status::NotKnown);
        assert_eq!(throughout(year(2011), &undated), Status::Ended);
    }
}
