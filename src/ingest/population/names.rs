//! Names of places that may be one place: proposals for a person, never a join.

use std::collections::BTreeSet;

/// Similarity from which on a name is worth a person's look; 1 is the same name.
const WORTH_A_LOOK: f64 = 0.75;

/// The part of the similarity that is left where it takes leaving out what kind of place it is, or its state.
const WITHOUT_KIND: f64 = 0.95;

/// What census tables write behind the names of places.
const KINDS: [&str; 10] = [
    "city",
    "town",
    "village",
    "borough",
    "township",
    "municipality",
    "parish",
    "cdp",
    "police",
    "department",
];

/// Names that are proposed at most.
const MOST_PROPOSED: usize = 3;

/// How a name of the counts and a place of the baseline come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Letter by letter.
    Same,
    /// But for capitals, punctuation, `County` and `Saint`.
    Spelling,
    /// By a county code with or without its leading zero or what stands before it.
    Code,
    /// Not at all: a person decides.
    Open,
}

impl How {
    /// The word in a table of proposals.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Spelling => "spelling",
            Self::Code => "code",
            Self::Open => "open",
        }
    }
}

/// What is proposed for one name of the counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The name in the counts.
    pub from: String,
    /// The place of the baseline; `None` where a person decides.
    pub to: Option<String>,
    /// Why.
    pub how: How,
    /// Names that look alike, the nearest first, with their similarity from 0 to 1; for open names only.
    pub nearest: Vec<(String, f64)>,
}

/// A name without what is written one way or another.
fn normalised(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words = plain.split_whitespace().map(|word| match word {
        "st" | "ste" | "sainte" => "saint",
        "ft" => "fort",
        "mt" => "mount",
        word => word,
    });
    let words: Vec<&str> = words.filter(|word| *word != "county").collect();
    words.join(" ")
}

/// A county code as five digits: alone, without its leading zero, or at the end of a geographic identifier.
fn county_code(name: &str) -> Option<String> {
    let digits = match name.split_once("US") {
        Some((before, after)) if before.bytes().all(|b| b.is_ascii_digit()) => after,
        _ => name,
    };
    let is_code = (4..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_code.then(|| format!("{digits:0>5}"))
}

/// A name as it was, and without the kind of place and its state: `Raleigh city, North Carolina` is `raleigh`.
fn with_and_without_kind(name: &str) -> (String, String) {
    let place = name.split_once(',').map_or(name, |(place, _)| place);
    let plain = normalised(place);
    let words = plain.split(' ').filter(|word| !KINDS.contains(word));
    let bare = words.collect::<Vec<_>>().join(" ");
    (normalised(name), bare)
}

/// The names of a list that look most like another, with their similarity.
#[must_use]
pub fn nearest(name: &str, others: &BTreeSet<&str>) -> Vec<(String, f64)> {
    let (plain, bare) = with_and_without_kind(name);
    let is_code = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let similarity = |other: &str| {
        let (other, other_bare) = with_and_without_kind(other);
        let whole = strsim::normalized_damerau_levenshtein(&plain, &other);
        if bare.is_empty() || other_bare.is_empty() {
            return whole;
        }
        let part = strsim::normalized_damerau_levenshtein(&bare, &other_bare);
        whole.max(WITHOUT_KIND * part)
    };
    // A code that differs in one digit is another place, not a misspelt one.
    let mut found: Vec<(String, f64)> = others
        .iter()
        .filter(|other| !is_code(name) && !is_code(other))
        .map(|other| ((*other).to_owned(), similarity(other)))
        .filter(|(_, likeness)| *likeness >= WORTH_A_LOOK)
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found.truncate(MOST_PROPOSED);
    found
}

/// A place that is the same as a name in one way of looking, where no other place and no other name is.
fn only_one<'a>(
    name: &str,
    (names, places): (&BTreeSet<&str>, &BTreeSet<&'a str>),
    look: impl Fn(&str) -> Option<String>,
) -> Option<&'a str> {
    let own = look(name).filter(|own| !own.is_empty())?;
    let same = |other: &&&str| look(other).as_ref() == Some(&own);
    let mut found = places
        .iter()
        .filter(|place| look(place).as_ref() == Some(&own));
    let (first, second) = (found.next()?, found.next());
    (second.is_none() && names.iter().filter(same).count() == 1).then_some(*first)
}

/// A proposal for every name of the counts, in the order of the names.
#[must_use]
pub fn propose(names: &BTreeSet<&str>, places: &BTreeSet<&str>) -> Vec<Proposal> {
    let free: BTreeSet<&str> = places.difference(names).copied().collect();
    let open: BTreeSet<&str> = names.difference(places).copied().collect();
    let proposal = |name: &&str| {
        let made = |to: Option<&str>, how| Proposal {
            from: (*name).to_owned(),
            to: to.map(str::to_owned),
            how,
            nearest: Vec::new(),
        };
        if places.contains(name) {
            return made(Some(name), How::Same);
        }
        if let Some(place) = only_one(name, (&open, &free), |text| Some(normalised(text))) {
            return made(Some(place), How::Spelling);
        }
        if let Some(place) = only_one(name, (&open, &free), county_code) {
            return made(Some(place), How::Code);
        }
        Proposal {
            nearest: nearest(name, &free),
            ..made(None, How::Open)
        }
    };
    names.iter().map(proposal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_matched_by_spelling_or_code_and_else_left_to_a_person() {
        let names = BTreeSet::from([
            "Near - North",
            "St. Louis County",
            "1001",
            "Loring Prk",
            "Elliot",
            "Zzz",
        ]);
        let places = BTreeSet::from([
            "Near North",
            "Saint Louis",
            "01001",
            "Loring Park",
            "Elliot",
            "Elliott",
        ]);
        let proposals = propose(&names, &places);
        let of = |name: &str| proposals.iter().find(|p| p.from == name).unwrap();
        assert_eq!(
            (of("Elliot").to.as_deref(), of("Elliot").how),
            (Some("Elliot"), How::Same)
        );
        assert_eq!(
            (of("Near - North").to.as_deref(), of("Near - North").how),
            (Some("Near North"), How::Spelling)
        );
        assert_eq!(of("St. Louis County").to.as_deref(), Some("Saint Louis"));
        assert_eq!(
            (of("1001").to.as_deref(), of("1001").how),
            (Some("01001"), How::Code)
        );
        assert_eq!(
            (of("Loring Prk").to.clone(), of("Loring Prk").how),
            (None, How::Open)
        );
        assert_eq!(of("Loring Prk").nearest[0].0, "Loring Park");
        assert!(of("Zzz").to.is_none() && of("Zzz").nearest.is_empty());
    }

    #[test]
    fn the_kind_of_a_place_and_its_state_do_not_hide_a_name() {
        let places = BTreeSet::from([
            "Raleigh city, North Carolina",
            "Apex town, North Carolina",
            "Durham city",
            "New York city",
        ]);
        let first = |name: &str| nearest(name, &places).into_iter().next();
        assert_eq!(
            first("Raleigh"),
            Some(("Raleigh city, North Carolina".into(), 0.95))
        );
        assert_eq!(
            first("Apex Police Department").unwrap().0,
            "Apex town, North Carolina"
        );
        assert_eq!(first("city"), None);
        // It is still for a person to say.
        let open = propose(&BTreeSet::from(["Durham"]), &places);
        assert_eq!(
            (open[0].how, open[0].nearest[0].0.as_str()),
            (How::Open, "Durham city")
        );
    }

    #[test]
    fn what_two_places_or_two_names_may_be_is_left_open() {
        let both = propose(&BTreeSet::from(["A-b"]), &BTreeSet::from(["A b", "a.b"]));
        assert_eq!(both[0].how, How::Open);
        let twice = propose(&BTreeSet::from(["A-b", "a.b"]), &BTreeSet::from(["A b"]));
        assert!(twice.iter().all(|p| p.how == How::Open));
    }
}
