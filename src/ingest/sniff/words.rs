//! The words that tell what a column holds: how its name is built, and the spellings that values have.
//!
//! A spelling is taken only where every word of it is known, so that a street called White is nobody's race.

/// What a value of race or ethnicity means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RaceWord {
    /// A group by its standard name.
    Group(&'static str),
    /// Not Hispanic, which says nothing about race.
    NotHispanic,
    /// Somebody wrote down that it is not known.
    Unknown,
}

/// The parts of a column's name in lower case: `SubjectRaceCode` and `subject_race_code` are subject, race, code.
#[must_use]
pub fn name_words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (i, &letter) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| letters[i]);
        let after = letters.get(i + 1);
        // A capital begins a word after a small letter, and as the last of several capitals: `VINNumber`.
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        let changes = before.is_some_and(|before| {
            before.is_alphabetic() && letter.is_numeric()
                || before.is_numeric() && letter.is_alphabetic()
        });
        if (begins || changes || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a name has one of the words. Words of five letters and more are found inside others too, since many
/// publishers write names in one piece (`datestop`, `vehiclesearched`).
#[must_use]
pub fn has_word(words: &[String], wanted: &[&str]) -> bool {
    words.iter().any(|word| {
        wanted
            .iter()
            .any(|&wanted| word == wanted || wanted.len() >= 5 && word.contains(wanted))
    })
}

/// The text in lower case, every run of other characters one space.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Codes of one or a few letters.
const SHORT: [(&str, RaceWord); 30] = [
    ("w", RaceWord::Group("white")),
    ("wh", RaceWord::Group("white")),
    ("nhw", RaceWord::Group("white")),
    ("b", RaceWord::Group("black")),
    ("bl", RaceWord::Group("black")),
    ("nhb", RaceWord::Group("black")),
    ("aa", RaceWord::Group("black")),
    ("h", RaceWord::Group("hispanic")),
    ("l", RaceWord::Group("hispanic")),
    ("hl", RaceWord::Group("hispanic")),
    ("hs", RaceWord::Group("hispanic")),
    ("a", RaceWord::Group("asian")),
    ("p", RaceWord::Group("pacific")),
    ("pi", RaceWord::Group("pacific")),
    ("nhpi", RaceWord::Group("pacific")),
    ("aapi", RaceWord::Group("asian_pacific")),
    ("api", RaceWord::Group("asian_pacific")),
    ("ap", RaceWord::Group("asian_pacific")),
    ("i", RaceWord::Group("native")),
    ("ai", RaceWord::Group("native")),
    ("aian", RaceWord::Group("native")),
    ("ai an", RaceWord::Group("native")),
    ("mena", RaceWord::Group("middle_eastern")),
    ("me", RaceWord::Group("middle_eastern")),
    ("o", RaceWord::Group("other")),
    ("oth", RaceWord::Group("other")),
    ("u", RaceWord::Unknown),
    ("unk", RaceWord::Unknown),
    ("n", RaceWord::NotHispanic),
    ("nh", RaceWord::NotHispanic),
];

/// Words of longer spellings, and the group that each points to; `None` for words that say nothing by themselves.
const LONG: [(&str, Option<&str>); 60] = [
    ("white", Some("white")),
    ("whites", Some("white")),
    ("caucasian", Some("white")),
    ("anglo", Some("white")),
    ("european", Some("white")),
    ("black", Some("black")),
    ("blacks", Some("black")),
    ("african", Some("black")),
    ("negro", Some("black")),
    ("hispanic", Some("hispanic")),
    ("hispanics", Some("hispanic")),
    ("latino", Some("hispanic")),
    ("latina", Some("hispanic")),
    ("latinx", Some("hispanic")),
    ("latine", Some("hispanic")),
    ("latin", Some("hispanic")),
    ("asian", Some("asian")),
    ("oriental", Some("asian")),
    ("pacific", Some("pacific")),
    ("islander", Some("pacific")),
    ("hawaiian", Some("pacific")),
    ("indian", Some("native")),
    ("native", Some("native")),
    ("indigenous", Some("native")),
    ("alaskan", Some("native")),
    ("alaska", Some("native")),
    ("aian", Some("native")),
    ("nhpi", Some("pacific")),
    ("amerindian", Some("native")),
    ("middle", Some("middle_eastern")),
    ("eastern", Some("middle_eastern")),
    ("arab", Some("middle_eastern")),
    ("multiple", Some("multiple")),
    ("multiracial", Some("multiple")),
    ("biracial", Some("multiple")),
    ("mixed", Some("multiple")),
    ("two", Some("multiple")),
    ("more", Some("multiple")),
    ("other", Some("other")),
    ("another", Some("other")),
    ("some", None),
    ("south", None),
    ("driver", None),
    ("drivers", None),
    ("person", None),
    ("persons", None),
    ("people", None),
    ("resident", None),
    ("residents", None),
    ("the", None),
    ("american", None),
    ("or", None),
    ("and", None),
    ("alone", None),
    ("race", None),
    ("races", None),
    ("origin", None),
    ("descent", None),
    ("any", None),
    ("of", None),
];

const UNKNOWN: [&str; 13] = [
    "unknown",
    "not known",
    "unspecified",
    "not specified",
    "not reported",
    "not recorded",
    "undetermined",
    "refused",
    "declined",
    "declined to state",
    "other or unknown",
    "other unknown",
    "not available",
];

/// What a value of a column of race or ethnicity means, where its spelling is one that is in use.
#[must_use]
pub fn race_word(text: &str) -> Option<RaceWord> {
    let text = plain(text);
    if let Some((_, word)) = SHORT.iter().find(|(short, _)| *short == text) {
        return Some(*word);
    }
    if UNKNOWN.contains(&text.as_str()) {
        return Some(RaceWord::Unknown);
    }
    let mut rest = text.clone();
    for (not, word) in [
        ("non", "hispanic"),
        ("not", "hispanic"),
        ("non", "latino"),
        ("not", "latino"),
    ] {
        for latino in [
            " or latino",
            " or hispanic",
            " or latinx",
            " latino",
            " latinx",
            "",
        ] {
            let found = format!("{not} {word}{latino}");
            rest = format!(" {rest} ")
                .replace(&format!(" {found} "), " ~ ")
                .trim()
                .to_owned();
        }
    }
    rest = rest
        .replace("nonhispanic", "~")
        .replace("nonlatino", "~")
        .replace("native hawaiian", "hawaiian")
        .replace("other pacific", "pacific")
        .replace("asian indian", "asian");
    let not_hispanic = rest.contains('~') || rest.split(' ').any(|word| word == "nh");
    let mut groups = Vec::new();
    for word in rest
        .split(' ')
        .filter(|word| !["~", "nh", ""].contains(word))
    {
        let (_, group) = LONG.iter().find(|(long, _)| *long == word)?;
        groups.extend(*group);
    }
    groups.sort_unstable();
    groups.dedup();
    let has = |group: &str| groups.contains(&group);
    match groups.as_slice() {
        [] => not_hispanic.then_some(RaceWord::NotHispanic),
        [one] => Some(RaceWord::Group(one)),
        // Whoever is Hispanic is so of whatever race, as the census counts.
        _ if has("hispanic") => Some(RaceWord::Group("hispanic")),
        _ if has("other") && groups.len() == 2 && has("multiple") => {
            Some(RaceWord::Group("multiple"))
        }
        ["asian", "pacific"] => Some(RaceWord::Group("asian_pacific")),
        _ if has("middle_eastern") => Some(RaceWord::Group("middle_eastern")),
        _ => None,
    }
}

/// Whether the value of a yes-or-no column means yes; `None` for any other word.
#[must_use]
pub fn boolean_word(text: &str) -> Option<bool> {
    match plain(text).as_str() {
        "1" | "true" | "t" | "y" | "yes" => Some(true),
        "0" | "false" | "f" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// Whether the value is a word for the sex of a person.
#[must_use]
pub(super) fn is_sex_word(text: &str) -> bool {
    matches!(
        plain(text).as_str(),
        "m" | "f"
            | "male"
            | "female"
            | "x"
            | "u"
            | "man"
            | "woman"
            | "nonbinary"
            | "non binary"
            | "transgender"
            | "gender non binary"
            | "gender non conforming"
            | "unknown"
    )
}

/// Words of published tables for what is not there; a blank is none of them.
#[must_use]
pub fn is_missing_word(text: &str) -> bool {
    let text = text.trim();
    let exact = [
        "#REF!", "#N/A", "#N/A N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "-", "--",
        "---", ".", "?", "NULL", "null", "NA", "N/A", "n/a", "NaN", "nan", "nil", "(blank)",
        "[blank]",
    ];
    exact.contains(&text)
        || matches!(
            plain(text).as_str(),
            "unknown"
                | "unk"
                | "missing"
                | "not reported"
                | "not recorded"
                | "not available"
                | "not specified"
                | "unspecified"
                | "redacted"
                | "withheld"
        )
        || is_redaction(text)
}

/// Whether a spelling or a name says that Hispanic people are not meant.
#[must_use]
pub fn leaves_hispanic_out(text: &str) -> bool {
    let out = ["nh", "nhw", "non", "not", "nonhispanic", "nonlatino"];
    has_word(&name_words(text), &out)
}

/// Whether the value names a row that adds up others: a total among places, groups or years.
#[must_use]
pub fn is_total_word(text: &str) -> bool {
    let text = plain(text);
    let whole = [
        "total",
        "totals",
        "all",
        "overall",
        "sum",
        "grand total",
        "subtotal",
        "statewide",
        "state total",
        "county total",
        "citywide",
        "countywide",
        "nationwide",
        "everybody",
        "everyone",
        "both sexes",
        "total population",
    ];
    let of_what = [
        "ages", "races", "groups", "counties", "agencies", "places", "years", "persons", "people",
        "drivers", "stops",
    ];
    let is_all = |text: &str| {
        text.strip_prefix("all ")
            .is_some_and(|rest| of_what.contains(&rest))
    };
    whole.contains(&text.as_str()) || is_all(&text)
}

/// Whether the value is what a records office puts in place of what the law lets it withhold: `(b)(6)`, `b(6), b(7)c`.
#[must_use]
pub(super) fn is_redaction(text: &str) -> bool {
    let letters = plain(text).replace(' ', "");
    if !text.contains('(') || letters.is_empty() {
        return false;
    }
    letters.split('b').skip(1).all(|part| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first.is_ascii_digit())
            && letters.all(|letter| matches!(letter, 'a'..='f'))
    }) && letters.starts_with('b')
}

/// Codes of the states and territories in the federal numbering.
const STATE_CODES: [u8; 56] = [
    1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 44, 45, 46, 47, 48, 49, 50, 51, 53, 54,
    55, 56, 60, 66, 69, 72, 78,
];

/// Whether five digits may be the federal code of a county.
#[must_use]
pub(super) fn is_county_code(text: &str) -> bool {
    let state = text.get(..2).and_then(|state| state.parse::<u8>().ok());
    text.len() == 5
        && text.bytes().all(|digit| digit.is_ascii_digit())
        && state.is_some_and(|state| STATE_CODES.contains(&state))
        && !text.ends_with("000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(name_words("SubjectRaceCode"), ["subject", "race", "code"]);
        assert_eq!(name_words("driver_race"), ["driver", "race"]);
        assert_eq!(name_words("VINNumber"), ["vin", "number"]);
        assert_eq!(name_words("pop2010"), ["pop", "2010"]);
        assert!(has_word(&name_words("datestop"), &["datestop"]));
        assert!(has_word(&name_words("vehiclesearched"), &["search"]));
        assert!(!has_word(&name_words("update"), &["date"]));
    }

    #[test]
    fn spellings_of_groups() {
        let group = |text: &str| match race_word(text) {
            Some(RaceWord::Group(group)) => group,
            Some(RaceWord::NotHispanic) => "not",
            Some(RaceWord::Unknown) => "unknown",
            None => "none",
        };
        for (text, expected) in [
            ("W", "white"),
            ("WHITE", "white"),
            ("Black drivers", "black"),
            ("nh_aian", "native"),
            ("drivers", "none"),
            ("White, non-Hispanic", "white"),
            ("White Non Hispanic", "white"),
            ("Caucasian", "white"),
            ("Black or African American", "black"),
            (
                "Not Hispanic or Latino: Black or African American alone",
                "black",
            ),
            ("LATINO", "hispanic"),
            ("Latinx", "hispanic"),
            ("Hispanic or Latino", "hispanic"),
            ("White Hispanic", "hispanic"),
            ("Black-Hispanic", "hispanic"),
            ("asian/pacific islander", "asian_pacific"),
            ("Asian Indian", "asian"),
            ("Native Hawaiian or Other Pacific Islander", "pacific"),
            ("Asian or Native Hawaiian", "asian_pacific"),
            ("Middle Eastern/South Asian", "middle_eastern"),
            ("Native Hawaiian", "pacific"),
            ("American Indian or Alaska Native", "native"),
            ("Native American", "native"),
            ("Indigenous", "native"),
            ("Middle Eastern", "middle_eastern"),
            ("Two or more races", "multiple"),
            ("Other", "other"),
            ("Unknown", "unknown"),
            ("U", "unknown"),
            ("Non-Hispanic", "not"),
            ("Not Hispanic or Latino", "not"),
            ("N", "not"),
            ("White Street", "none"),
            ("Minority", "none"),
        ] {
            assert_eq!(group(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_there_has_many_words() {
        for text in [
            "NA",
            "NULL",
            "#REF!",
            "#N/A",
            "(b)(6)",
            "b(6), b(7)c",
            "(b)(6), (b)(7)(C)",
            "-",
            "Unknown",
        ] {
            assert!(is_missing_word(text), "{text}");
        }
        for text in ["", "None", "B", "b", "Bob (6)", "N", "0", "(b)"] {
            assert!(!is_missing_word(text), "{text}");
        }
    }

    #[test]
    fn rows_that_add_up_others_are_known_by_their_names() {
        for text in [
            "Total",
            "STATEWIDE",
            "All",
            "All races",
            "Grand Total:",
            "(total)",
        ] {
            assert!(is_total_word(text), "{text}");
        }
        for text in [
            "",
            "Allegheny",
            "Total Wine",
            "Alleghany County",
            "Other",
            "Both",
        ] {
            assert!(!is_total_word(text), "{text}");
        }
    }

    #[test]
    fn codes_of_counties() {
        assert!(is_county_code("01001") && is_county_code("37119"));
        assert!(
            !is_county_code("03001")
                && !is_county_code("37000")
                && !is_county_code("1001")
                && !is_county_code("9x001")
        );
    }
}
