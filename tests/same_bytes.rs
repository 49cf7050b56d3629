//! A study gives the same bytes again, and whoever has a bundle can see it.

use std::fs;
use std::path::Path;

use crate::harness::{files_below, root, run};
use crate::studies::results;

#[test]
fn the_same_study_gives_the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::TempDir::new().unwrap();
    for study in ["287g-counties", "raw-rows"] {
        let path = format!("datasets/studies/{study}.toml");
        let outs: Vec<_> = ["1", "2"]
            .iter()
            .map(|threads| {
                let out = folder.path().join(format!("{study}-{threads}"));
                assert_eq!(
                    run(
                        root(),
                        &[
                            "run",
                            &path,
                            "--out",
                            out.to_str().unwrap(),
                            "--threads",
                            threads
                        ]
                    )
                    .code,
                    0
                );
                out
            })
            .collect();
        let files = files_below(&outs[0]);
        assert_eq!(files, files_below(&outs[1]));
        for file in files {
            assert!(
                fs::read(outs[0].join(&file)).unwrap() == fs::read(outs[1].join(&file)).unwrap(),
                "{} differs",
                file.display()
            );
        }
    }
}

#[test]
fn verify_says_equal_and_names_the_one_byte_that_is_not() {
    let folder = tempfile::TempDir::new().unwrap();
    let (out, data) = (folder.path().join("out"), folder.path().join("data"));
    results("raw-rows", &out);
    for file in files_below(&root().join("datasets/raw-rows")) {
        let to = data.join("raw-rows").join(&file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(root().join("datasets/raw-rows").join(&file), to).unwrap();
    }
    let verify = |with_data: bool| {
        let (out, data) = (
            out.to_str().unwrap().to_owned(),
            data.to_str().unwrap().to_owned(),
        );
        if with_data {
            run(root(), &["verify", &out, "--data", &data])
        } else {
            run(root(), &["verify", &out])
        }
    };
    let equal = verify(true);
    assert_eq!(equal.code, 0, "{}", equal.stdout);
    assert!(
        equal.stdout.contains("run again and gave the same bytes"),
        "{}",
        equal.stdout
    );
    let without = verify(false);
    assert_eq!(without.code, 0);
    assert!(
        without.stdout.contains("integrity only"),
        "{}",
        without.stdout
    );

    let change_one_byte = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let original = bytes.clone();
        let last_digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
        bytes[last_digit] = if bytes[last_digit] == b'1' {
            b'2'
        } else {
            b'1'
        };
        fs::write(path, bytes).unwrap();
        original
    };
    let table = out.join("tables/disparity-searches.csv");
    let original = change_one_byte(&table);
    let damaged = verify(true);
    assert_eq!(damaged.code, 1);
    assert!(
        damaged.stdout.contains("tables/disparity-searches.csv"),
        "{}",
        damaged.stdout
    );
    fs::write(&table, original).unwrap();

    change_one_byte(&data.join("raw-rows/population.csv"));
    let other_input = verify(true);
    assert_eq!(other_input.code, 1);
    assert!(
        other_input.stdout.contains("../raw-rows/population.csv"),
        "{}",
        other_input.stdout
    );
}

#[test]
fn the_committed_bundle_is_what_the_study_gives() {
    let outcome = run(
        root(),
        &[
            "verify",
            "notebooks-out/287g-counties",
            "--data",
            "datasets",
        ],
    );
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome.stdout.contains("run again and gave the same bytes"),
        "{}",
        outcome.stdout
    );
}
