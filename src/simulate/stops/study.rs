//! The study that comes with the rows, and their residents.

use jiff::civil::Date;

use super::model::Model;

/// `population.csv`.
pub(super) fn population(model: &Model) -> String {
    let mut text = "county_name,subject_race,population\n".to_owned();
    for place in &model.places {
        for (cell, group) in place.groups.iter().zip(&model.plan.groups) {
            text.push_str(&format!(
                "{},{},{}\n",
                place.name, group.name, cell.population
            ));
        }
    }
    text
}

/// `points.csv`: where the places are.
pub(super) fn points(model: &Model) -> String {
    let mut text = "county_name,latitude,longitude,timezone\n".to_owned();
    for (place, at) in model.places.iter().zip(&model.sky.point_of) {
        let point = &model.sky.table.points()[*at];
        let (latitude, longitude) = (point.point.latitude(), point.point.longitude());
        text.push_str(&format!(
            "{},{latitude},{longitude},{}\n",
            place.name, point.zone
        ));
    }
    text
}

/// `study.toml`: what the rows can answer as they are.
pub(super) fn study(model: &Model, files: &[String]) -> String {
    let plan = &model.plan;
    let names: Vec<String> = plan
        .groups
        .iter()
        .map(|group| quoted(&group.name))
        .collect();
    let list = |names: &[String]| names.join(", ");
    let (reference, compared) = (&names[0], list(&names[1..]));
    let files: Vec<String> = files.iter().map(|file| quoted(file)).collect();
    let files = list(&files);
    let filter = if plan.records.pedestrians > 0.0 {
        "\n[[stops.filter]]\ndrop  = \"a pedestrian\"\nwhere = { type = { not = \"vehicular\" } }\n"
    } else {
        ""
    };
    let periods = periods(plan.from, plan.until);
    let (from, until, seed) = (plan.from, plan.until, model.seed);
    format!(
        r#"format = 1
title  = "Made-up stops with known truth"
agency = "Made-up agencies"
period = "{from} to {until}"
seed   = {seed}
cautions = ["These stops are made up; truth.json says what is true of them. They say nothing about anybody."]

[groups]
reference = {reference}
compare   = [{compared}]
unknown   = "missing"

[periods]
{periods}
# Repetitions and second citations are counted as they stand: they fall on all groups alike.
[[stops]]
files    = [{files}]
unit     = "stop"
columns  = {{ date = "date", time = "time", place = "county_name", group = "subject_race", officer = "officer_id_hash", searched = "search_conducted", hit = "contraband_found" }}
outcomes = {{ yes = ["TRUE"], no = ["FALSE"] }}
{filter}
[daylight]
file    = "points.csv"
columns = {{ place = "county_name", timezone = "timezone" }}

[[population]]
name     = "residents"
file     = "population.csv"
columns  = {{ place = "county_name", group = "subject_race", population = "population" }}
universe = "made-up residents"
vintage  = "made up"

[[rates]]
name   = "search-rates"
counts = "searches"
by     = ["place"]

[[rates]]
name       = "stop-rates"
counts     = "stops"
population = "residents"
by         = ["place"]

[[disparity]]
name   = "disparity-searches"
counts = "searches"

[[disparity]]
name       = "disparity-stops"
counts     = "stops"
population = "residents"
by         = ["place"]

[[outcome_test]]
name          = "outcome-test"
counts        = "hits"
searches      = "all"
search_counts = "searches"
"#
    )
}

/// A period for every calendar year, so that a rate per head knows how long the rows go on.
fn periods(from: Date, until: Date) -> String {
    (from.year()..=until.year())
        .map(|year| {
            let first = from.max(Date::constant(year, 1, 1));
            let last = until.min(Date::constant(year, 12, 31));
            format!("\"{year}\" = {{ from = {first}, until = {last} }}\n")
        })
        .collect()
}

/// A text as TOML writes it; names hold neither quotes nor backslashes.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
