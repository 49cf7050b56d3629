//! What names of columns and files say: which date and place is the one, what a row is, how dates are written.

use super::super::Part;
use super::super::draft::{list, quoted};
use crate::ingest::sniff::{ColumnProfile, DateKind, Kind, has_word, name_words};

/// What a row is, by the names of columns and files.
pub(super) fn unit(part: &Part) -> (&'static str, Option<&'static str>, String) {
    let words: Vec<String> = part
        .profile
        .columns
        .iter()
        .flat_map(ColumnProfile::words)
        .collect();
    let mut in_file: Vec<String> = part
        .files
        .iter()
        .flat_map(|file| name_words(file.rsplit('/').next().unwrap_or(file)))
        .collect();
    in_file.dedup();
    let has = |wanted: &[&str]| has_word(&in_file, wanted) || has_word(&words, wanted);
    for (unit, rows_are, wanted) in [
        ("detainer", "detainers", ["detainer", "detainers"]),
        ("detention", "detentions", ["detention", "detentions"]),
        ("encounter", "encounters", ["encounter", "encounters"]),
    ] {
        if has(&wanted) {
            return (
                unit,
                Some(rows_are),
                format!("a name of a column or file says {unit}: say whether a row is one"),
            );
        }
    }
    if has_word(&in_file, &["arrest", "arrests"]) {
        return (
            "arrest",
            Some("arrests"),
            "the file's name says arrests: say whether a row is one".into(),
        );
    }
    if has_word(&words, &["driver"]) {
        return (
            "driver",
            None,
            "columns speak of drivers: say whether a row is a driver".into(),
        );
    }
    if has_word(&words, &["person_number", "pid"])
        || words
            .windows(2)
            .any(|pair| pair[0] == "person" && pair[1] == "number")
    {
        return (
            "person",
            None,
            "columns number the persons of a stop: say whether a row is a person".into(),
        );
    }
    (
        "stop",
        None,
        "nothing says otherwise: say whether a row is a stop, a person or a citation".into(),
    )
}

/// The layouts of whole values: of the date, of what joins, of the time.
pub(super) fn date_layouts(date: &DateKind) -> Vec<String> {
    let joiner = if date.has_t { "T" } else { " " };
    let mut layouts = Vec::new();
    let both = date
        .either
        .map_or_else(|| date.layouts.clone(), |both| both.to_vec());
    for day in &both {
        for time in &date.times {
            layouts.push(format!("{day}{joiner}{time}"));
            if date.with_offset > 0 {
                layouts.push(format!("{day}{joiner}{time}Z"));
                layouts.push(format!("{day}{joiner}{time}%z"));
                layouts.push(format!("{day}{joiner}{time}%:z"));
            }
        }
        if date.times.is_empty() || date.without_time > 0 {
            layouts.push((*day).to_owned());
        }
    }
    if date.serials > 0 {
        layouts.push("excel".into());
    }
    layouts
}

pub(super) fn one_or_list(layouts: &[&'static str]) -> String {
    match layouts {
        [one] => quoted(one),
        several => list(several.iter().copied()),
    }
}

/// Which date is that of the stop: less is better.
pub(super) fn date_rank(column: &ColumnProfile) -> usize {
    let words = column.words();
    let has = |wanted: &[&str]| has_word(&words, wanted);
    match () {
        () if has(&["birth", "dob", "birthdate"]) => 9,
        () if has(&[
            "created",
            "updated",
            "entered",
            "end",
            "seen",
            "disposition",
            "released",
            "lift",
            "departed",
        ]) =>
        {
            5
        }
        () if has(&[
            "stop",
            "intervention",
            "incident",
            "stopped",
            "datestop",
            "apprehension",
            "arrest",
            "occurred",
            "local",
            "prepare",
        ]) =>
        {
            0
        }
        () if words.len() == 1 => 1,
        () => 3,
    }
}

/// Which place is the one of the stop: less is better, `None` for what is no place of stops.
pub(super) fn place_rank(column: &ColumnProfile) -> Option<usize> {
    if column.kind.value == Kind::CountyCode {
        return Some(0);
    }
    let words = column.words();
    let has = |wanted: &[&str]| has_word(&words, wanted);
    if has(&[
        "id",
        "identification",
        "ori",
        "type",
        "state",
        "zip",
        "birth",
        "resident",
    ]) {
        return None;
    }
    [
        &["county", "countyname"][..],
        &["agency", "department"],
        &["city", "town", "municipality", "place"],
        &["facility"],
        &["precinct", "district", "division", "pct"],
        &[
            "neighborhood",
            "neighbourhood",
            "beat",
            "zone",
            "sector",
            "troop",
            "location",
        ],
    ]
    .iter()
    .position(|wanted| has(wanted))
    .map(|rank| rank + 1)
}
