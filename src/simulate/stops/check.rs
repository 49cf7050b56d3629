//! What each parameter may be.

use std::collections::{BTreeMap, BTreeSet};

use super::clock::check_hours;
use super::plan::{GroupPlan, PlacePlan, Plan};
use super::source::{Fault, shown};

/// Places where the plan says nothing.
const PLACES: u32 = 4;
/// Officers of a place where the plan says nothing.
const OFFICERS: u32 = 10;
/// Most rows: a row number stays a whole number in every program that reads the file.
const MOST_ROWS: u64 = 1_000_000_000_000;
/// Most places, and most officers of all places together.
const MOST: u32 = 1_000_000;
/// Calendar years that a plan may touch.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;
/// Largest ratio and factor, and one over the smallest.
const LARGEST_RATIO: f64 = 1000.0;

/// How many places there are.
pub(super) fn places(plan: &Plan) -> usize {
    if plan.listed.is_empty() {
        plan.places.unwrap_or(PLACES) as usize
    } else {
        plan.listed.len()
    }
}

/// How many officers a place has: what it states, or an even part of all.
pub(super) fn officers(plan: &Plan, place: usize) -> u32 {
    let stated = plan.listed.get(place).and_then(|place| place.officers);
    let places = places(plan) as u32;
    let even = plan.officers.map_or(OFFICERS, |all| {
        all / places + u32::from((place as u32) < all % places)
    });
    stated.unwrap_or(even)
}

/// Holds a plan against what it may be.
///
/// # Errors
/// The first parameter that cannot be.
pub(super) fn plan(plan: &Plan) -> Result<(), Fault> {
    sizes(plan)?;
    span(plan)?;
    spread(plan)?;
    records(plan)?;
    check_hours("clock.hours", &plan.clock.hours)?;
    search_basis(plan)?;
    groups(plan)?;
    listed(plan)
}

fn sizes(plan: &Plan) -> Result<(), Fault> {
    if !(1..=MOST_ROWS).contains(&plan.rows) {
        let hint = format!("from 1 to {MOST_ROWS} rows are drawn");
        return Err(Fault::number("rows", plan.rows as f64, hint));
    }
    if let (Some(_), false) = (plan.places, plan.listed.is_empty()) {
        return Err(Fault::new(
            "places",
            "`places` is given, and places are listed under [[place]]",
            "take one of the two out",
        ));
    }
    let few = |path: &str, found: Option<u32>, least: u32| match found {
        Some(n) if !(least..=MOST).contains(&n) => {
            let hint = format!("from {least} to {MOST} are drawn");
            Err(Fault::number(path, f64::from(n), hint))
        }
        _ => Ok(()),
    };
    few("places", plan.places, 1)?;
    let places = places(plan);
    if let Some(officers) = plan.officers
        && (officers as usize) < places
    {
        let hint = format!("every place has at least one: {places} or more");
        return Err(Fault::number("officers", f64::from(officers), hint));
    }
    few("officers", plan.officers, 1)?;
    let all: u64 = (0..places).map(|p| u64::from(officers(plan, p))).sum();
    if all > u64::from(MOST) {
        let hint = format!("at most {MOST} officers of all places together");
        return Err(Fault::number("officers", all as f64, hint));
    }
    match plan.people {
        Some(people) if !(1..=1_000_000_000_000).contains(&people) => Err(Fault::number(
            "people",
            people as f64,
            "from 1 to 1000000000000 residents of all places together",
        )),
        _ => Ok(()),
    }
}

fn span(plan: &Plan) -> Result<(), Fault> {
    for (name, day) in [("from", plan.from), ("until", plan.until)] {
        if !YEARS.contains(&day.year()) {
            let message = format!("`{name}` is {day}");
            let hint = "days from 1900-01-01 to 2100-12-31 are drawn";
            return Err(Fault::new(name, message, hint));
        }
    }
    if plan.until < plan.from {
        let message = format!("`until` is {}, and `from` is {}", plan.until, plan.from);
        return Err(Fault::new("until", message, "`until` is the last day"));
    }
    for (path, change) in [
        ("trend.stops", plan.trend.stops),
        ("trend.searches", plan.trend.searches),
    ] {
        if !(-0.9..=10.0).contains(&change) {
            let hint = "a yearly change is from -0.9 to 10: 0.05 is five percent more each year";
            return Err(Fault::number(path, change, hint));
        }
    }
    Ok(())
}

fn spread(plan: &Plan) -> Result<(), Fault> {
    let spread = &plan.spread;
    let widths = [
        ("population", spread.population),
        ("shares", spread.shares),
        ("stops", spread.stops),
        ("stop_ratio", spread.stop_ratio),
        ("searches", spread.searches),
        ("search_ratio", spread.search_ratio),
        ("hits", spread.hits),
        ("officers", spread.officers),
        ("officer_ratio", spread.officer_ratio),
    ];
    let bad = widths
        .into_iter()
        .find(|(_, width)| !(0.0..1.0).contains(width));
    match bad {
        Some((name, width)) => Err(Fault::number(
            format!("spread.{name}"),
            width,
            "a spread is from 0 to below 1: factors are drawn between 1 minus it and 1 plus it",
        )),
        None => Ok(()),
    }
}

fn records(plan: &Plan) -> Result<(), Fault> {
    let records = &plan.records;
    let shares = [
        ("duplicates", records.duplicates),
        ("second_citations", records.second_citations),
        ("missing_race", records.missing_race),
        ("midnight", records.midnight),
        ("hit_without_search", records.hit_without_search),
        ("pedestrians", records.pedestrians),
        ("men", records.men),
        ("arrest_after_hit", records.arrest_after_hit),
    ];
    for (name, found) in shares {
        share(&format!("records.{name}"), found)?;
    }
    let repeated = records.duplicates + records.second_citations;
    if repeated > 0.5 {
        return Err(Fault::new(
            "records.duplicates",
            format!(
                "`records.duplicates` and `records.second_citations` add up to {}",
                crate::number::file_text(Some(repeated))
            ),
            "together at most 0.5: a stop has at most one repetition and one second citation",
        ));
    }
    Ok(())
}

fn search_basis(plan: &Plan) -> Result<(), Fault> {
    let shares = plan.search_basis.shares();
    for (word, found) in shares {
        share(&format!("search_basis.{}", word.replace(' ', "_")), found)?;
    }
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if (sum - 1.0).abs() < 1e-9 {
        return Ok(());
    }
    Err(Fault::new(
        "search_basis",
        format!(
            "the shares of `search_basis` add up to {}",
            crate::number::file_text(Some(crate::number::significant(sum, 4)))
        ),
        "every search has one basis, so they add up to 1: state all five",
    ))
}

/// A share is from 0 to 1.
fn share(path: &str, found: f64) -> Result<(), Fault> {
    if (0.0..=1.0).contains(&found) {
        return Ok(());
    }
    Err(Fault::number(path, found, "a share is from 0 to 1"))
}

/// A ratio is above 0, and not so large that whole weights would round the others away.
fn ratio(path: &str, found: f64) -> Result<(), Fault> {
    if (1.0 / LARGEST_RATIO..=LARGEST_RATIO).contains(&found) {
        return Ok(());
    }
    let hint = format!(
        "from {} to {LARGEST_RATIO}; 1 is no difference",
        1.0 / LARGEST_RATIO
    );
    Err(Fault::number(path, found, hint))
}

fn groups(plan: &Plan) -> Result<(), Fault> {
    if plan.groups.len() < 2 {
        return Err(Fault::new(
            "group",
            format!("{} groups are given", plan.groups.len()),
            "at least two [[group]] tables: the reference and one that is compared with it",
        ));
    }
    let mut known = BTreeSet::new();
    for (g, group) in plan.groups.iter().enumerate() {
        name(&format!("group.{g}.name"), &group.name)?;
        if ["NA", ""].contains(&group.name.as_str()) || !known.insert(group.name.as_str()) {
            return Err(Fault::new(
                format!("group.{g}.name"),
                format!("a group cannot be called `{}`", group.name),
                "each group has a name of its own; NA stands for a race that is not recorded",
            ));
        }
        one_group(plan, g, group)?;
    }
    Ok(())
}

fn one_group(plan: &Plan, g: usize, group: &GroupPlan) -> Result<(), Fault> {
    let path = |key: &str| format!("group.{g}.{key}");
    for (key, found) in [
        ("search_rate", group.search_rate),
        ("hit_rate", group.hit_rate),
        ("citation_rate", group.citation_rate),
        ("arrest_rate", group.arrest_rate),
        ("missing_race", group.missing_race),
    ] {
        share(&path(key), found)?;
    }
    let missing = group.missing_race + plan.records.missing_race;
    if missing > 1.0 {
        let hint = "with `records.missing_race` it is at most 1";
        return Err(Fault::number(
            path("missing_race"),
            group.missing_race,
            hint,
        ));
    }
    ratio(&path("stop_ratio"), group.stop_ratio)?;
    ratio(&path("daylight_odds_ratio"), group.daylight_odds_ratio)?;
    let is_one = |found: f64| found.to_bits() == 1.0_f64.to_bits();
    for (key, found) in [
        ("stop_ratio", group.stop_ratio),
        ("daylight_odds_ratio", group.daylight_odds_ratio),
    ] {
        if g == 0 && !is_one(found) {
            let hint = "the first group is the reference, and its ratio to itself is 1";
            return Err(Fault::number(path(key), found, hint));
        }
    }
    if let Some(hours) = &group.hours {
        check_hours(&path("hours"), hours)?;
    }
    let is_stated = |place: &PlacePlan| place.population.is_some();
    let is_needed = plan.listed.is_empty() || !plan.listed.iter().all(is_stated);
    match group.share {
        Some(found) if !(found > 0.0 && found <= 1.0) => Err(Fault::number(
            path("share"),
            found,
            "a share of residents is above 0 and at most 1",
        )),
        None if is_needed => Err(Fault::new(
            format!("group.{g}"),
            format!("group `{}` has no `share`", group.name),
            "its share of residents is needed where a place does not state its `population`: share = 0.2",
        )),
        Some(_) if !is_needed => Err(Fault::new(
            path("share"),
            "`share` is given, and every place states its `population`",
            "take it out: it would have no effect",
        )),
        _ if g == 0 && is_needed => shares_add_up(plan),
        _ => Ok(()),
    }
}

fn shares_add_up(plan: &Plan) -> Result<(), Fault> {
    let sum: f64 = plan.groups.iter().filter_map(|group| group.share).sum();
    if plan.groups.iter().all(|group| group.share.is_some()) && (sum - 1.0).abs() > 1e-9 {
        return Err(Fault::new(
            "group",
            format!(
                "the shares of the groups add up to {}",
                crate::number::file_text(Some(sum))
            ),
            "they add up to 1: everybody belongs to one group",
        ));
    }
    Ok(())
}

/// A name stands in a CSV field and in a study without being quoted.
fn name(path: &str, found: &str) -> Result<(), Fault> {
    let is_plain = |c: char| !c.is_control() && !matches!(c, ',' | '"' | '\\');
    if found.trim() == found && !found.is_empty() && found.chars().all(is_plain) {
        return Ok(());
    }
    Err(Fault::new(
        path,
        format!("`{}` is `{}`", shown(path), found.escape_debug()),
        "a name has no comma, quote, backslash or control character, and no space at its ends",
    ))
}

fn listed(plan: &Plan) -> Result<(), Fault> {
    let mut known = BTreeSet::new();
    for (p, place) in plan.listed.iter().enumerate() {
        let path = |key: &str| format!("place.{p}.{key}");
        name(&path("name"), &place.name)?;
        if !known.insert(place.name.as_str()) {
            return Err(Fault::new(
                path("name"),
                format!("a second place is called `{}`", place.name),
                "each place has a name of its own",
            ));
        }
        if place.latitude.is_some() != place.longitude.is_some() {
            return Err(Fault::new(
                path("latitude"),
                format!("{} has half a point", place.name),
                "state latitude and longitude, or neither of them",
            ));
        }
        if place.officers == Some(0) {
            let hint = "every place has at least one officer";
            return Err(Fault::number(path("officers"), 0.0, hint));
        }
        if let Some(factor) = place.stop_factor {
            ratio(&path("stop_factor"), factor)?;
        }
        only_groups(plan, &path("stop_ratio"), &place.stop_ratio)?;
        only_groups(plan, &path("search_rate"), &place.search_rate)?;
        only_groups(plan, &path("hit_rate"), &place.hit_rate)?;
        for (group, found) in &place.stop_ratio {
            if *group == plan.groups[0].name {
                return Err(Fault::new(
                    path("stop_ratio"),
                    format!("`stop_ratio` of {} names the reference", place.name),
                    "its ratio to itself is 1; `stop_factor` is for all groups of a place",
                ));
            }
            ratio(&path("stop_ratio"), *found)?;
        }
        for (key, rates) in [
            ("search_rate", &place.search_rate),
            ("hit_rate", &place.hit_rate),
        ] {
            rates
                .values()
                .try_for_each(|rate| share(&path(key), *rate))?;
        }
        if let Some(population) = &place.population {
            only_groups(plan, &path("population"), population)?;
            residents(plan, p, place, population)?;
        }
    }
    Ok(())
}

fn only_groups<V>(plan: &Plan, path: &str, map: &BTreeMap<String, V>) -> Result<(), Fault> {
    let names = || plan.groups.iter().map(|group| group.name.as_str());
    match map.keys().find(|key| !names().any(|name| name == *key)) {
        Some(unknown) => Err(Fault::new(
            path,
            format!("`{unknown}` is no group of the plan"),
            crate::error::nearest_hint(unknown, names()),
        )),
        None => Ok(()),
    }
}

fn residents(
    plan: &Plan,
    p: usize,
    place: &PlacePlan,
    population: &BTreeMap<String, u64>,
) -> Result<(), Fault> {
    for group in &plan.groups {
        let found = population.get(&group.name).copied().unwrap_or(0);
        if !(1..=1_000_000_000_000).contains(&found) {
            return Err(Fault::new(
                format!("place.{p}.population"),
                format!(
                    "{} has {found} residents of group `{}`",
                    place.name, group.name
                ),
                "state every group's residents, from 1 to 1000000000000",
            ));
        }
    }
    Ok(())
}
