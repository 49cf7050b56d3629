//! What columns are taken for.

use super::*;

fn kind(name: &str, values: &[&str]) -> Guess<Kind> {
    let mut tally = ColumnTally::default();
    values.iter().for_each(|value| tally.take(value, 0));
    tally.finish();
    kind_of(name, &tally)
}

fn date(name: &str, values: &[&str]) -> (DateKind, String) {
    match kind(name, values) {
        Guess {
            value: Kind::Date(date),
            reason,
            ..
        } => (date, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn dates_with_their_evidence() {
    let (plain, reason) = date("stop_date", &["01/13/2016", "02/01/2016", ""]);
    assert_eq!(
        (plain.layouts.as_slice(), plain.either),
        (["%m/%d/%Y"].as_slice(), None)
    );
    assert!(
        reason.contains("all 2 values read as %m/%d/%Y (%d/%m/%Y reads only 1)"),
        "{reason}"
    );
    let (torn, reason) = date("stop_date", &["01/02/2016", "03/04/2016"]);
    assert_eq!(torn.either, Some(["%m/%d/%Y", "%d/%m/%Y"]));
    assert!(reason.contains("no value tells which is meant"), "{reason}");
    assert_eq!(torn.span, None);
}

#[test]
fn days_of_a_spreadsheet_among_dates() {
    let (mixed, reason) = date(
        "InterventionDate",
        &[
            "Tuesday, October 01, 2013",
            "41561",
            "Wednesday, October 02, 2013",
        ],
    );
    assert_eq!((mixed.serials, mixed.unread), (1, 0));
    assert!(
        reason.contains("1 of 3 values are days of a spreadsheet"),
        "{reason}"
    );
    let (all, _) = date("date", &["45714", "45715"]);
    assert_eq!((all.layouts.len(), all.serials), (0, 2));
    assert_ne!(kind("zip", &["45714", "45715"]).value, Kind::Empty);
}

#[test]
fn two_digits_of_a_year_have_more_readings() {
    let (date, _) = date("date", &["01/02/03", "04/05/06"]);
    assert!(date.either.is_some());
}

#[test]
fn races_and_ethnicities() {
    assert_eq!(
        kind("driver_race", &["White", "Black", "Asian", "Unknown"]).value,
        Kind::Race
    );
    assert_eq!(
        kind("SubjectEthnicityCode", &["H", "N", "M", "N", "N", "N", "H"]).value,
        Kind::Ethnicity
    );
    assert_eq!(
        kind("driver_ethnicity", &["Hispanic", "Non-Hispanic"]).value,
        Kind::Ethnicity
    );
    assert_eq!(kind("code", &["W", "B", "H"]).value, Kind::Race);
    assert_ne!(kind("officer_race", &["W", "B"]).value, Kind::Race);
    assert_ne!(kind("answer", &["Y", "N"]).value, Kind::Race);
}

#[test]
fn yes_and_no() {
    let Kind::YesNo { yes, no } = kind("searched", &["t", "f", "f", "NA"]).value else {
        panic!()
    };
    assert_eq!((yes, no), (vec!["t".to_owned()], vec!["f".to_owned()]));
    assert!(matches!(
        kind("arrest", &["1", "0"]).value,
        Kind::YesNo { .. }
    ));
    assert!(!matches!(
        kind("lanes", &["1", "2"]).value,
        Kind::YesNo { .. }
    ));
}

#[test]
fn who_somebody_is_stays_unseen() {
    for name in [
        "subject_first_name",
        "DriverLastName",
        "plate",
        "home_address",
        "date_of_birth",
        "alien_number",
    ] {
        assert_eq!(
            kind(name, &["A12345", "B12345"]).value,
            Kind::Private,
            "{name}"
        );
    }
    let officers = kind("OfficerId", &["a1", "a2", "a3", "a4", "a5", "a6", "a1"]);
    assert_eq!(officers.value, Kind::Officer);
    assert!(!officers.reason.contains("a1"), "{}", officers.reason);
}

#[test]
fn numbers_by_name_and_shape() {
    assert_eq!(kind("stops", &["12", "0", "7"]).value, Kind::Count);
    assert_eq!(
        kind("population", &["12,345", "7,001"]).value,
        Kind::Population
    );
    assert_eq!(kind("moe90", &["12", "7"]).value, Kind::Margin);
    assert_eq!(kind("year", &["2015", "2016"]).value, Kind::Year);
    assert_eq!(
        kind("county_fips", &["37063", "01001"]).value,
        Kind::CountyCode
    );
    assert_eq!(kind("lat", &["44.96", "45.01"]).value, Kind::Coordinate);
    assert_eq!(kind("rate", &["2,5", "3,75"]).value, Kind::Number);
    assert_eq!(kind("share", &["12 %", "3.5%"]).value, Kind::Share);
    assert_eq!(kind("subject_age", &["25", "81"]).value, Kind::Age);
    assert_eq!(
        kind("stop_time", &["4:21:00 PM", "12:17:00 AM"]).value,
        Kind::Time {
            layouts: vec!["%I:%M:%S %p"]
        }
    );
    assert_eq!(
        kind("timestop", &["935", "0015"]).value,
        Kind::Time {
            layouts: vec!["%H%M"]
        }
    );
    assert_eq!(kind("nothing", &["", ""]).value, Kind::Empty);
}
