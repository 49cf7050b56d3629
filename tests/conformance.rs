//! What holds for every analysis, in one loop over the studies that come with the source.

use std::collections::BTreeSet;

use evenhand::analyses::ALL;
use evenhand::findings::{COLUMNS, tidy};
use evenhand::pipeline;
use evenhand::report::{Report, exporters};
use evenhand::results::Run;
use evenhand::study::Study;
use evenhand::world::World;

use crate::harness::{objects, root};

const STUDIES: [&str; 9] = [
    "mecklenburg-adoption",
    "287g-counties",
    "mecklenburg",
    "raw-rows",
    "georgia-sentences",
    "hazelwood",
    "missouri",
    "missing",
    "veil",
];

/// Studies that sample for long: they run in fewer of the loops.
const SAMPLED: [&str; 1] = ["threshold"];

fn study(name: &str) -> Study {
    let path = root().join(format!("datasets/studies/{name}.toml"));
    Study::read(&World::new(None, None), &path).unwrap()
}

fn run(name: &str) -> (Study, Run) {
    let world = World::new(None, None);
    let study = study(name);
    let run = pipeline::run(&study, &world).unwrap();
    (study, run)
}

#[test]
fn every_analysis_has_a_page_with_all_headings_and_a_study_that_runs_it() {
    let headings = [
        "# ",
        "## Question",
        "## Data needed",
        "## Estimator",
        "## Assumptions",
        "## What it cannot show",
        "## Edge cases",
        "## Sources",
    ];
    let kinds = |name: &&str| {
        let planned = study(name).analyses.into_iter();
        planned
            .map(|planned| planned.analysis.kind())
            .collect::<Vec<_>>()
    };
    let used: BTreeSet<&str> = STUDIES.iter().chain(&SAMPLED).flat_map(kinds).collect();
    for method in ALL {
        let mut from = 0;
        for heading in headings {
            let at = method.page[from..].find(heading);
            assert!(
                at.is_some(),
                "{}.md has no `{heading}` in its place",
                method.name
            );
            from += at.unwrap_or_default();
        }
        assert!(
            used.contains(method.name),
            "no study of ours runs {}",
            method.name
        );
        assert!(
            root()
                .join(format!("src/analyses/{}.rs", method.name))
                .exists()
        );
    }
}

#[test]
fn every_analysis_of_the_list_is_a_table_of_the_study_file() {
    for method in ALL {
        let text = format!(
            "format = 1\ntitle = 't'\n[groups]\nreference = 'a'\ncompare = ['b']\n[[{}]]\nno_such_key = 1\n",
            method.name
        );
        let error = toml::from_str::<evenhand::study::StudyFile>(&text).unwrap_err();
        assert!(
            error.message().contains("no_such_key"),
            "{}: {error}",
            method.name
        );
    }
}

#[test]
fn every_number_keeps_the_rules_of_result_tables() {
    for name in STUDIES.into_iter().chain(SAMPLED) {
        let (_, run) = run(name);
        for exhibit in &run.findings {
            let finding = &exhibit.finding;
            assert!(
                !finding.lines.is_empty() && !exhibit.sentences.is_empty(),
                "{}",
                finding.id
            );
            for row in tidy(finding) {
                assert_eq!(row.fields().len(), COLUMNS.len());
                let at = format!(
                    "{name}/{}: {} {:?} {}",
                    finding.id, row.stratum, row.group, row.estimand
                );
                for value in [
                    row.estimate,
                    row.std_error,
                    row.conf_low,
                    row.conf_high,
                    row.p_value,
                    row.statistic,
                    row.dispersion,
                ] {
                    assert!(value.is_none_or(|v| !v.is_nan()), "NaN at {at}");
                }
                if let (Some(low), Some(high)) = (row.conf_low, row.conf_high) {
                    assert!(low <= high, "{at}");
                    assert!(
                        row.estimate.is_none_or(|e| low <= e && e <= high),
                        "the interval leaves the estimate out at {at}: {low} {:?} {high}",
                        row.estimate
                    );
                    assert!(
                        row.conf_method.is_some()
                            && row.variance.is_some()
                            && row.conf_level.is_some(),
                        "{at}"
                    );
                }
                assert!(row.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)), "{at}");
                assert!(
                    row.events
                        .zip(row.trials)
                        .is_none_or(|(events, trials)| events <= trials),
                    "{at}"
                );
                assert!(
                    row.estimate.is_some()
                        || !row.warning.is_empty()
                        || row.estimand == "excess_share"
                        || row.estimand.starts_with("four_fifths"),
                    "undefined without a caution at {at}"
                );
            }
        }
    }
}

#[test]
fn every_figure_has_words_and_every_exporter_writes_every_study() {
    for name in STUDIES {
        let (study, run) = run(name);
        let report = Report::new(run, &study).unwrap();
        for picture in report.sections.iter().flat_map(|section| &section.pictures) {
            assert!(
                picture.alt.len() > 40 && !picture.title.is_empty(),
                "{}",
                picture.id
            );
            assert!(
                picture.svg.contains("<desc") && picture.svg.contains("<title"),
                "{}",
                picture.id
            );
        }
        for exporter in exporters() {
            let files = exporter.write(&report).unwrap();
            assert!(files.iter().all(|file| {
                !file.bytes.is_empty()
                    && file
                        .path
                        .extension()
                        .is_some_and(|e| e == exporter.extension())
            }));
        }
    }
}

#[test]
fn results_survive_the_way_through_json() {
    for name in STUDIES {
        let run = run(name).1;
        let value: serde_json::Value = serde_json::from_str(&run.to_json()).unwrap();
        for (exhibit, finding) in run
            .findings
            .iter()
            .zip(value["findings"].as_array().unwrap())
        {
            let (rows, read) = (tidy(&exhibit.finding), objects(finding));
            assert_eq!(rows.len(), read.len());
            for (row, read) in rows.iter().zip(read) {
                assert_eq!(read["estimate"].as_f64(), row.estimate);
                assert_eq!(
                    read.get("conf_low").and_then(|v| v.as_f64()),
                    row.conf_low.filter(|v| v.is_finite())
                );
                assert_eq!(read.get("events").and_then(|v| v.as_u64()), row.events);
            }
        }
    }
}

#[test]
fn identifiers_are_never_in_output() {
    let (study, run) = run("raw-rows");
    let report = Report::new(run, &study).unwrap();
    for exporter in exporters() {
        for file in exporter
            .write(&report)
            .unwrap()
            .iter()
            .filter(|file| file.path.extension().is_some_and(|e| e != "png"))
        {
            let text = String::from_utf8_lossy(&file.bytes);
            for officer in ["badgeN1", "badgeN2", "badgeS3", "badgeW2"] {
                let named = text.contains(officer);
                assert!(!named, "{} names officer {officer}", file.path.display());
            }
        }
    }
}
