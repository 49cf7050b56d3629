//! Files that are not plain CSV in UTF-8: packed, in another encoding, with another separator, after a preamble, many as one.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::harness::{ROWS, SMALL_SEARCHES, Workspace, objects};

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The rows of the first finding; what the run says about itself (hashes, names of files) is not part of them.
fn numbers(workspace: &Workspace) -> Vec<Value> {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let results: Value = serde_json::from_str(&outcome.stdout).unwrap();
    objects(&results["findings"][0])
}

fn refusal(workspace: &Workspace) -> String {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    outcome.stderr
}

/// The small study with its searches written otherwise, as `layout` says.
fn searches(bytes: &[u8], layout: &str) -> Workspace {
    let workspace = Workspace::small();
    workspace.write_bytes("searches.csv", bytes);
    let with_layout = format!("file = \"searches.csv\"\nlayout = {{ {layout} }}");
    workspace.change("study.toml", "file = \"searches.csv\"", &with_layout);
    workspace
}

#[test]
fn however_a_table_is_written_its_numbers_are_the_same() {
    let plain = numbers(&Workspace::small());
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(SMALL_SEARCHES.encode_utf16());
        units.flat_map(order).collect()
    };
    let preamble = format!("State of X\nprinted 2020\n{SMALL_SEARCHES}");
    let written: [(Vec<u8>, &str); 9] = [
        (SMALL_SEARCHES.replace(',', ";").into(), "separator = \";\""),
        (
            SMALL_SEARCHES.replace(',', "\t").into(),
            "separator = \"tab\"",
        ),
        (SMALL_SEARCHES.replace(',', "|").into(), "separator = \"|\""),
        (SMALL_SEARCHES.replace(',', "~").into(), "separator = \"~\""),
        (preamble.into(), "skip_lines = 2"),
        (utf16(u16::to_le_bytes), "encoding = \"utf-16\""),
        (utf16(u16::to_be_bytes), "encoding = \"utf-16\""),
        (packed(SMALL_SEARCHES), ""),
        (
            packed(&SMALL_SEARCHES.replace(',', ";").replace('\n', "\r\n")),
            "separator = \";\", encoding = \"windows-1252\"",
        ),
    ];
    for (bytes, layout) in written {
        assert_eq!(numbers(&searches(&bytes, layout)), plain, "{layout}");
    }
}

#[test]
fn letters_of_another_encoding_are_those_that_were_written() {
    let text = SMALL_SEARCHES.replace("Alpha", "Pe\u{f1}asco");
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    for name in ["windows-1252", "latin-1"] {
        let workspace = searches(&latin, &format!("encoding = \"{name}\""));
        let outcome = workspace.evenhand(&[
            "run",
            "study.toml",
            "--only",
            "rates",
            "--out",
            "out",
            "--json",
        ]);
        assert!(
            outcome.stdout.contains("Pe\u{f1}asco"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_hash_is_that_of_the_file_on_disk() {
    let workspace = Workspace::small();
    workspace.write_bytes("searches.csv", &packed(SMALL_SEARCHES));
    numbers(&workspace);
    let manifest = std::fs::read_to_string(workspace.path("out/manifest.json")).unwrap();
    let hash = evenhand::ingest::sha256(&packed(SMALL_SEARCHES));
    assert!(manifest.contains(&hash));
}

#[test]
fn packed_files_that_are_damaged_are_refused() {
    let many = (0..2_000).map(|i| format!("P{i},none,white,{},900\n", i % 97));
    let whole = packed(&format!("{SMALL_SEARCHES}{}", many.collect::<String>()));
    let cut = &whole[..whole.len() / 2];
    let error = refusal(&searches(cut, ""));
    assert!(
        error.contains("searches.csv") && error.contains("the packed file is damaged"),
        "{error}"
    );
    let mut spoilt = packed(SMALL_SEARCHES);
    let last = spoilt.len() - 6;
    spoilt[last] ^= 1;
    let error = refusal(&searches(&spoilt, ""));
    assert!(error.contains("cannot be read to its end"), "{error}");
    let mut outer = GzEncoder::new(Vec::new(), Compression::fast());
    outer.write_all(&packed(SMALL_SEARCHES)).unwrap();
    let error = refusal(&searches(&outer.finish().unwrap(), ""));
    assert!(
        error.contains("packed in a way that is not read"),
        "{error}"
    );
}

#[test]
fn faults_count_the_lines_that_were_left_out() {
    let text = format!(
        "one\ntwo\n{}",
        SMALL_SEARCHES.replace("white,40,", "white,-40,")
    );
    let error = refusal(&searches(text.as_bytes(), "skip_lines = 2"));
    assert!(error.contains("searches.csv:4"), "{error}");
    let error = refusal(&searches(b"one\n", "skip_lines = 2"));
    assert!(error.contains("the file has 1 lines"), "{error}");
    let error = refusal(&searches(b"a", "skip_line = 2"));
    assert!(
        error.contains("study.toml:") && error.contains("skip_line"),
        "{error}"
    );
    let error = refusal(&searches(b"a", "encoding = \"ebcdic\""));
    assert!(
        error.contains("study.toml:") && error.contains("ebcdic"),
        "{error}"
    );
}

#[test]
fn a_pattern_stands_for_every_file_that_it_matches() {
    let workspace = Workspace::rows();
    let once = numbers(&workspace);
    let header = ROWS.lines().next().unwrap();
    for (i, row) in ROWS.lines().skip(1).enumerate() {
        let bytes = packed(&format!("{header}\n{row}\n"));
        workspace.write_bytes(&format!("years/stops-{i}.csv.gz"), &bytes);
    }
    workspace.write("years/readme.txt", "no rows here");
    workspace.change("study.toml", "[\"rows.csv\"]", "[\"years/stops-*.csv.gz\"]");
    assert_eq!(numbers(&workspace), once);
    workspace.change(
        "study.toml",
        "[\"years/",
        "[\"years/stops-0.csv.gz\", \"years/",
    );
    let error = refusal(&workspace);
    assert!(
        error.contains("`years/stops-0.csv.gz` is named twice"),
        "{error}"
    );
    workspace.change(
        "study.toml",
        "[\"years/stops-0.csv.gz\", \"years/stops-*",
        "[\"years/spots-*",
    );
    let error = refusal(&workspace);
    assert!(
        error.contains("no file matches") && error.contains("study.toml:"),
        "{error}"
    );
}

#[test]
fn a_file_may_have_a_character_of_a_pattern_in_its_name() {
    let workspace = Workspace::rows();
    let once = numbers(&workspace);
    workspace.write("rows [1].csv", ROWS);
    workspace.change("study.toml", "[\"rows.csv\"]", "[\"rows [1].csv\"]");
    assert_eq!(numbers(&workspace), once);
}
