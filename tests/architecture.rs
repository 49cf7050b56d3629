//! The layers hold: a file uses only layers above its own, and a few libraries are named in one place only.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom, as `lib.rs` lists them.
const LAYERS: [&str; 24] = [
    "error",
    "number",
    "warning",
    "world",
    "stats",
    "calc",
    "figures",
    "stops",
    "cells",
    "ingest",
    "engines",
    "findings",
    "disclosure",
    "analyses",
    "study",
    "results",
    "propose",
    "pipeline",
    "replicate",
    "simulate",
    "fetch",
    "report",
    "bundle",
    "cli",
];

/// Libraries, and the only places that may name them.
const ONLY_IN: [(&str, &[&str]); 13] = [
    ("clap", &["cli/"]),
    ("miette", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("plotters", &["figures/svg.rs"]),
    ("resvg", &["figures/png.rs"]),
    ("calamine", &["ingest/layout/"]),
    ("zip", &["ingest/layout/", "fetch/unpack.rs"]),
    ("minijinja", &["report/html.rs"]),
    ("ureq", &["fetch/client.rs"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("xxhash_rust", &["engines/likeness.rs"]),
    ("nuts_rs", &["stats/threshold/sampler.rs"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.clone()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The code of a file without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
}

fn layer_of(file: &str) -> Option<usize> {
    let name = file.split('/').next()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == name)
}

#[test]
fn a_file_uses_only_layers_above_its_own() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let Some(own) = layer_of(&file) else { continue };
        for (number, line) in code(&text) {
            for used in line.split("crate::").skip(1) {
                let name: String = used
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if LAYERS
                    .iter()
                    .position(|layer| *layer == name)
                    .is_some_and(|layer| layer > own)
                {
                    broken.push(format!(
                        "src/{file}:{number} uses {name}, a layer below its own"
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_folder_and_file_of_src_is_a_layer() {
    for (file, _) in sources() {
        assert!(
            layer_of(&file).is_some() || ["lib.rs", "main.rs"].contains(&file.as_str()),
            "src/{file} belongs to no layer"
        );
    }
}

/// Whether a line names a library, and no module or longer word that ends like it.
fn names(line: &str, library: &str) -> bool {
    let path = format!("{library}::");
    let mut found = line.match_indices(&path).map(|(at, _)| &line[..at]);
    found.any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

#[test]
fn some_libraries_are_named_in_one_place_only() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        for (library, places) in ONLY_IN {
            let named = code(&text).any(|(_, line)| names(line, library));
            if named && !places.iter().any(|place| file.starts_with(place)) {
                broken.push(format!("src/{file} names {library}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Nothing but `evenhand fetch` touches the network: the client is one file, and one command uses it.
#[test]
fn the_network_has_one_door_and_one_command_goes_through_it() {
    const WORDS: [&str; 5] = ["ureq", "TcpStream", "TcpListener", "UdpSocket", "std::net"];
    const CLIENT: &str = "fetch/client.rs";
    let all = sources();
    let mut broken = Vec::new();
    for (file, text) in &all {
        for (number, line) in code(text) {
            let network = WORDS.iter().any(|word| line.contains(word)) && file != CLIENT;
            let fetcher =
                line.contains("Fetcher") && !file.starts_with("fetch/") && file != "cli/fetch.rs";
            if network || fetcher {
                broken.push(format!("src/{file}:{number}: {line}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let names = |file: &str, word: &str| {
        let (_, text) = all.iter().find(|(name, _)| name == file).unwrap();
        code(text).any(|(_, line)| line.contains(word))
    };
    assert!(
        names(CLIENT, "ureq") && names("cli/fetch.rs", "Fetcher"),
        "the test looks for the wrong words"
    );
}

#[test]
fn the_pure_layer_knows_no_other() {
    for (file, text) in sources()
        .into_iter()
        .filter(|(file, _)| file.starts_with("stats/"))
    {
        for (number, line) in code(&text) {
            let outside = line
                .split("crate::")
                .skip(1)
                .find(|used| !used.starts_with("stats"));
            assert!(
                outside.is_none(),
                "src/{file}:{number} reaches out of stats"
            );
        }
    }
}

#[test]
fn no_file_grows_past_six_hundred_lines() {
    for (file, text) in sources() {
        assert!(
            text.lines().count() <= 600,
            "src/{file} has {} lines",
            text.lines().count()
        );
    }
}

/// The headings of a statistic, in their order.
const HEADINGS: [&str; 5] = ["Definition", "Units", "Edge cases", "Errors", "Source"];

/// Whoever defines a statistic says all of it: units, edge cases, errors, and the source with the software it agrees with.
#[test]
fn statistics_are_documented_under_every_heading() {
    let mut documented = 0;
    let mut missing = Vec::new();
    for (name, text) in sources() {
        if !name.starts_with("stats") {
            continue;
        }
        let mut headings: Vec<&str> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(comment) = line.strip_prefix("///") {
                headings.extend(comment.trim().strip_prefix("# "));
            } else if !line.starts_with("#[") {
                let given = |heading: &&&str| headings.contains(*heading);
                let found: Vec<&&str> = HEADINGS.iter().filter(given).collect();
                if line.starts_with("pub fn") && (given(&&"Definition") || given(&&"Source")) {
                    documented += 1;
                    if found.len() < HEADINGS.len() {
                        missing.push(format!("{name}: {line}"));
                    }
                }
                headings.clear();
            }
        }
    }
    assert!(missing.is_empty(), "headings are missing: {missing:#?}");
    assert!(documented > 100, "{documented} statistics");
}
