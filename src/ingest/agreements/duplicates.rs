//! One agreement that stands in a register twice: exactly, by another spelling, or as the study says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use toml::Spanned;

use super::Agreement;
use crate::error::{Error, nearest_hint};

/// Names at least so alike are suspected to be one: 1 for the same, 0 for nothing in common. A letter too many in a name
/// of ten leaves 0.9; at 0.8 `Henderson` and `Anderson` would still be told apart.
const ALIKE: f64 = 0.8;

/// Whole names, with the words that all agencies share, at least so alike.
const WHOLE: f64 = 0.9;

/// Days between the beginnings of what may be one agreement.
const DAYS: i32 = 31;

/// Words that say what an agency is, and not which.
const GENERIC: [&str; 14] = [
    "county",
    "parish",
    "sheriff",
    "office",
    "police",
    "department",
    "city",
    "town",
    "of",
    "the",
    "state",
    "public",
    "safety",
    "corrections",
];

/// Without rows that say word for word what an earlier one said, and how many those were.
pub(super) fn without_repeats(read: Vec<Agreement>) -> (Vec<Agreement>, u64) {
    let mut kept: Vec<Agreement> = Vec::with_capacity(read.len());
    let mut seen: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    let mut twice = 0;
    for agreement in read {
        let alike = seen
            .entry((agreement.state.clone(), agreement.agency.clone()))
            .or_default();
        if alike.iter().any(|&at| kept[at].said() == agreement.said()) {
            twice += 1;
        } else {
            alike.push(kept.len());
            kept.push(agreement);
        }
    }
    (kept, twice)
}

/// With the spellings that the study calls one agency as its first, their agreements of one kind and about one date as
/// one, and how many rows that took away.
///
/// # Errors
/// A spelling that the register does not have.
pub(super) fn merged(
    read: Vec<Agreement>,
    same: &[Vec<Spanned<String>>],
) -> Result<(Vec<Agreement>, u64), Error> {
    let mut kept: Vec<Agreement> = read;
    let mut gone = 0;
    for spellings in same {
        let Some((first, others)) = spellings.split_first() else {
            continue;
        };
        for name in spellings {
            let is_there = kept.iter().any(|a| a.agency == *name.get_ref());
            if !is_there {
                let known: BTreeSet<&str> = kept.iter().map(|a| a.agency.as_str()).collect();
                return Err(Error::study(
                    name.span(),
                    format!("no agreement is of an agency `{}`", name.get_ref()),
                    nearest_hint(name.get_ref(), known),
                ));
            }
        }
        let mut result: Vec<Agreement> = Vec::with_capacity(kept.len());
        for mut agreement in kept {
            if others.iter().any(|o| *o.get_ref() == agreement.agency) {
                first.get_ref().clone_into(&mut agreement.agency);
            } else if agreement.agency != *first.get_ref() {
                result.push(agreement);
                continue;
            }
            match result.iter_mut().find(|own| is_one(own, &agreement)) {
                Some(own) => {
                    join(own, agreement);
                    gone += 1;
                }
                None => result.push(agreement),
            }
        }
        kept = result;
    }
    Ok((kept, gone))
}

/// Whether two rows of one agency can be one agreement.
fn is_one(a: &Agreement, b: &Agreement) -> bool {
    a.agency == b.agency && is_same_matter(a, b)
}

fn is_same_matter(a: &Agreement, b: &Agreement) -> bool {
    let is_near = match (a.begins, b.begins) {
        (Some(a), Some(b)) => days_between(a, b) <= DAYS,
        _ => true,
    };
    a.state_code == b.state_code
        && a.state_code.is_some() | (a.state == b.state)
        && a.kind == b.kind
        && (a.kind.is_some() || a.model == b.model)
        && is_near
}

fn days_between(a: Date, b: Date) -> i32 {
    a.until(b).map_or(i32::MAX, |span| span.get_days().abs())
}

/// Both rows as one: from the earlier beginning to the later end, with the evidence of both.
fn join(own: &mut Agreement, other: Agreement) {
    let earlier = |a: Option<Date>, b: Option<Date>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    own.begins = earlier(own.begins, other.begins);
    own.signed = earlier(own.signed, other.signed);
    own.first_seen = earlier(own.first_seen, other.first_seen);
    own.evidence_from = earlier(own.evidence_from, other.evidence_from);
    own.ended = own.ended.max(other.ended);
    own.is_open |= other.is_open;
    if own.is_open {
        own.ended = None;
    }
    own.last_seen = own.last_seen.max(other.last_seen);
    own.evidence_to = own.evidence_to.max(other.evidence_to);
    for place in other.places {
        if !own.places.contains(&place) {
            own.places.push(place);
        }
    }
    own.place = own.places.join("; ");
    for county in other.counties {
        if !own.counties.contains(&county) {
            own.counties.push(county);
        }
    }
    if own.ori.is_empty() {
        own.ori = other.ori;
    }
}

/// A name without what spellings differ in: capitals, signs, the order of its words.
struct Name {
    whole: String,
    core: String,
    /// Numbers are no spelling: constables of two precincts are two.
    numbers: Vec<String>,
}

impl Name {
    fn of(agency: &str) -> Self {
        let plain: String = agency
            .to_lowercase()
            .chars()
            .filter(|c| !"'’.".contains(*c))
            .map(|c| if c.is_alphanumeric() { c } else { ' ' })
            .collect();
        let mut words: Vec<&str> = plain
            .split_whitespace()
            .map(|word| match word {
                "sheriffs" => "sheriff",
                "dept" => "department",
                "co" => "county",
                word => word,
            })
            .collect();
        words.sort_unstable();
        let is_digit = |c: char| c.is_ascii_digit();
        let numbers = plain.split(|c| !is_digit(c)).filter(|n| !n.is_empty());
        let mut numbers: Vec<String> = numbers.map(str::to_owned).collect();
        numbers.sort_unstable();
        let core: Vec<&str> = words
            .iter()
            .filter(|word| !GENERIC.contains(word))
            .copied()
            .collect();
        Self {
            core: core.join(" "),
            whole: words.join(" "),
            numbers,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let alike = strsim::normalized_damerau_levenshtein;
        self.numbers == other.numbers
            && alike(&self.core, &other.core) >= ALIKE
            && alike(&self.whole, &other.whole) >= WHOLE
    }
}

/// Pairs of rows that may be one agreement: same state and kind, one name or names that differ by spelling, beginnings at
/// most a month apart, and not in two counties.
pub(super) fn suspected(agreements: &[Agreement]) -> Vec<String> {
    let names: Vec<Name> = agreements.iter().map(|a| Name::of(&a.agency)).collect();
    let mut by_state: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, agreement) in agreements.iter().enumerate() {
        let state = agreement.state_code.as_deref();
        by_state
            .entry(state.unwrap_or(&agreement.state))
            .or_default()
            .push(at);
    }
    let mut notes = Vec::new();
    for in_state in by_state.values() {
        for (i, &a) in in_state.iter().enumerate() {
            for &b in &in_state[i + 1..] {
                let (one, other) = (&agreements[a], &agreements[b]);
                let is_suspect = is_same_matter(one, other)
                    && !are_apart(one, other)
                    && names[a].is_like(&names[b]);
                if is_suspect {
                    notes.push(describe(one, other));
                }
            }
        }
    }
    notes
}

/// Whether two agreements are known to cover different places.
fn are_apart(a: &Agreement, b: &Agreement) -> bool {
    let apart = |a: &[String], b: &[String]| {
        !a.is_empty() && !b.is_empty() && !a.iter().any(|place| b.contains(place))
    };
    apart(&a.counties, &b.counties)
        || (a.counties.is_empty() && b.counties.is_empty() && apart(&a.places, &b.places) && {
            let names = |list: &[String]| Name::of(&list.join(" "));
            !names(&a.places).is_like(&names(&b.places))
        })
}

fn describe(a: &Agreement, b: &Agreement) -> String {
    let day = |a: &Agreement| a.begins.map_or("no date".into(), |day| day.to_string());
    let state = if a.state == b.state {
        String::new()
    } else {
        format!("{} ", b.state)
    };
    format!(
        "suspected to be one agreement, and kept as two: {} `{}` ({}, line {}) and {state}`{}` ({}, line {}), {}",
        a.state,
        a.agency,
        day(a),
        a.line,
        b.agency,
        day(b),
        b.line,
        a.kind.map_or(a.model.as_str(), |kind| kind.aloud()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_spelling_or_by_what_they_name() {
        let is_like = |a: &str, b: &str| Name::of(a).is_like(&Name::of(b));
        assert!(is_like(
            "Albermarle County Sheriff's Office",
            "Albemarle County Sheriff’s Office"
        ));
        assert!(is_like(
            "Wyoming Highway State Patrol",
            "Wyoming State Highway Patrol"
        ));
        assert!(!is_like(
            "Bay County Sheriff's Office",
            "Clay County Sheriff's Office"
        ));
        assert!(!is_like("Clay County Sheriff", "Clay Police Department"));
        assert!(!is_like(
            "Henderson County Sheriff",
            "Anderson County Sheriff"
        ));
        assert!(!is_like(
            "Guadalupe County Constable Precinct 1",
            "Guadalupe County Constable Precinct 4"
        ));
    }
}
