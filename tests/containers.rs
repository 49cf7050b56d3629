//! What agencies send besides CSV: archives, workbooks, tables in JSON. Each is read as the table in it, and every fault has
//! its place: the member, the sheet, the row.

use std::io::Write as _;

use csv::ByteRecord;
use evenhand::ingest::{CsvFile, Layout, sha256};
use evenhand::world::World;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::harness::{SMALL_SEARCHES, Workspace, refused};
use crate::workbooks::of_text;

/// A table as it was read: lines with their fields, the note for the account, the hash.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    pub(crate) rows: Vec<(u64, Vec<String>)>,
    pub(crate) note: Option<String>,
    pub(crate) sha256: String,
}

impl Table {
    pub(crate) fn fields(&self) -> Vec<Vec<&str>> {
        let mut all = Vec::new();
        for (_, row) in &self.rows {
            all.push(row.iter().map(String::as_str).collect());
        }
        all
    }

    pub(crate) fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(line, _)| *line).collect()
    }
}

/// Reads a file of these bytes, whose header must have `column`; a refusal with its hint.
pub(crate) fn read(name: &str, bytes: &[u8], layout: &str, column: &str) -> Result<Table, String> {
    let workspace = Workspace::new();
    workspace.write_bytes(name, bytes);
    let told = |error: evenhand::error::Error| {
        let folder = format!("{}/", workspace.path("").display()).replace("//", "/");
        format!("{error} | {}", error.hint().unwrap_or_default()).replace(&folder, "")
    };
    let layout: Layout = toml::from_str(layout).unwrap();
    let world = World::new(None, None);
    let mut file = CsvFile::open(&world, &workspace.path(name), &layout).map_err(told)?;
    file.column(column).map_err(told)?;
    let (mut record, mut rows) = (ByteRecord::new(), Vec::new());
    while let Some(at) = file.next(&mut record).map_err(told)? {
        let fields = (0..record.len()).map(|i| at.text(&record, i).map(str::to_owned));
        rows.push((at.line(), fields.collect::<Result<_, _>>().map_err(told)?));
    }
    let note = file.note();
    let input = file.finish(name, "a test".into()).map_err(told)?;
    assert_eq!(input.rows, Some(rows.len() as u64));
    Ok(Table {
        rows,
        note,
        sha256: input.sha256,
    })
}

/// Expects a refusal with all of these words in it.
pub(crate) fn refusal(name: &str, bytes: &[u8], layout: &str, column: &str, words: &[&str]) {
    let error = match read(name, bytes, layout, column) {
        Err(error) => error,
        Ok(table) => panic!("{layout}: read as {table:?}"),
    };
    for word in words {
        assert!(error.contains(word), "no `{word}` in: {error}");
    }
    assert!(!error.ends_with("| "), "no hint: {error}");
}

/// A zip archive; a name that ends in a slash is a folder, and what is short is not packed.
pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        if let Some(folder) = name.strip_suffix('/') {
            writer
                .add_directory(folder, SimpleFileOptions::default())
                .unwrap();
            continue;
        }
        let method = if bytes.len() < 40 {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn json(text: &str) -> String {
    let rows: Vec<String> = text
        .lines()
        .map(|line| format!("[\"{}\"]", line.replace(',', "\",\"")))
        .collect();
    format!("[{}]\n", rows.join(",\n"))
}

#[test]
fn whatever_a_table_comes_in_it_is_the_same_table() {
    let plain = read("a.csv", SMALL_SEARCHES.as_bytes(), "", "place").unwrap();
    let book = of_text("Searches", SMALL_SEARCHES);
    let zipped = archive(&[
        ("data/", b""),
        ("__MACOSX/data/._a.csv", b"rubbish"),
        ("data/notes.pdf", b"%PDF"),
        ("data/a.csv", SMALL_SEARCHES.as_bytes()),
    ]);
    let containers = [
        (json(SMALL_SEARCHES).into_bytes(), ""),
        (packed(json(SMALL_SEARCHES).as_bytes()), ""),
        (book.clone(), ""),
        (book.clone(), "sheet = \"Searches\""),
        (book.clone(), "sheet = \"all\""),
        (archive(&[("x/county.xlsx", &book)]), ""),
        (zipped.clone(), ""),
        (zipped.clone(), "member = \"data/a.csv\""),
        (
            archive(&[("a.csv.gz", &packed(SMALL_SEARCHES.as_bytes()))]),
            "",
        ),
        (
            archive(&[
                ("readme.txt", b"words"),
                ("a.csv", SMALL_SEARCHES.as_bytes()),
            ]),
            "member = \"*.csv\"",
        ),
        (
            archive(&[("a.csv", SMALL_SEARCHES.replace(',', ";").as_bytes())]),
            "separator = \";\"",
        ),
    ];
    for (bytes, layout) in containers {
        let table = read("a.csv", &bytes, layout, "place").unwrap();
        assert_eq!(table.rows, plain.rows, "{layout}");
        assert_eq!(table.note, None);
        assert_eq!(table.sha256, sha256(&bytes), "{layout}");
    }
}

#[test]
fn a_bundle_from_a_workbook_has_the_hash_of_the_workbook() {
    let workspace = Workspace::small();
    let numbers = |out: &str| {
        let outcome = workspace.evenhand(&["run", "study.toml", "--out", out]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        std::fs::read_to_string(workspace.path(&format!("{out}/tables/disparity-searches.csv")))
            .or_else(|_| {
                std::fs::read_to_string(workspace.path(&format!("{out}/tables/disparity.csv")))
            })
            .unwrap()
    };
    let plain = numbers("plain");
    let book = of_text("S", SMALL_SEARCHES);
    workspace.write_bytes("searches.csv", &book);
    assert_eq!(numbers("book"), plain);
    let manifest = std::fs::read_to_string(workspace.path("book/manifest.json")).unwrap();
    assert!(manifest.contains(&sha256(&book)));
}

#[test]
fn faults_name_the_member_the_sheet_and_the_row() {
    let spoilt = SMALL_SEARCHES.replace("black,50,", "black,-50,");
    let bad = |bytes: Vec<u8>, layout: &'static str, place: &'static str| {
        refused(
            |w| {
                w.write_bytes("searches.csv", &bytes);
                let said = format!("file = \"searches.csv\"\nlayout = {{ {layout} }}");
                w.change("study.toml", "file = \"searches.csv\"", &said);
            },
            &[place, "column `searches`", "found `-50`"],
        );
    };
    bad(json(&spoilt).into_bytes(), "", "searches.csv:5: ");
    bad(
        of_text("2019", &spoilt),
        "",
        "searches.csv, sheet `2019`:5: ",
    );
    bad(
        archive(&[("d/b.csv", spoilt.as_bytes())]),
        "",
        "searches.csv/d/b.csv:5: ",
    );
    let two = archive(&[
        (
            "a.csv",
            SMALL_SEARCHES
                .replace("Alpha", "Gamma")
                .replace("Beta", "Delta")
                .as_bytes(),
        ),
        ("b.csv", spoilt.as_bytes()),
    ]);
    bad(two, "member = \"?.csv\"", "searches.csv/b.csv:5: ");
    let inner = archive(&[("x.xlsx", &of_text("S", &format!("about\n\n{spoilt}")))]);
    bad(
        inner,
        "skip_lines = 2",
        "searches.csv/x.xlsx, sheet `S`:7: ",
    );
}

#[test]
fn an_archive_of_several_members_is_read_as_the_study_says() {
    let zip = archive(&[
        ("d/b.csv", b"x,y\n3,4\n"),
        ("d/a.csv", b"\xef\xbb\xbfx,y\r\n1,2"),
        ("read me.txt", b"words"),
    ]);
    refusal(
        "a.zip",
        &zip,
        "",
        "x",
        &[
            "a.zip: the archive has 3 members: `d/a.csv`, `d/b.csv`, `read me.txt`",
            "member = ",
        ],
    );
    let zip = archive(&[
        ("d/b.csv", b"x,y\n3,4\n"),
        ("d/a.csv", b"\xef\xbb\xbfx,y\r\n1,2"),
        ("c.csv", b"x\n1\n"),
    ]);
    let table = read("a.zip", &zip, "member = \"d/*.csv\"", "x").unwrap();
    assert_eq!(table.fields(), [["1", "2"], ["3", "4"]]);
    assert_eq!(table.lines(), [2, 2]);
    refusal(
        "a.zip",
        &zip,
        "member = \"*.csv\"",
        "x",
        &["a.zip/d/a.csv:1: its header is not that of a.zip/c.csv: 1 columns there and 2 here"],
    );
    refusal(
        "a.zip",
        &zip,
        "member = \"d/c.csv\"",
        "x",
        &["no member `d/c.csv`", "did you mean"],
    );
    refusal("a.zip", &zip, "member = \"[\"", "x", &["is no pattern"]);
    refusal(
        "a.zip",
        &archive(&[("a.pdf", b"%PDF")]),
        "",
        "x",
        &["no member that could be a table"],
    );
    refusal(
        "a.csv",
        b"x\n1\n",
        "member = \"a\"",
        "x",
        &["no zip archive"],
    );
    refusal(
        "a.zip",
        &archive(&[("in.zip", &zip)]),
        "",
        "x",
        &["a.zip/in.zip: it is an archive within an archive"],
    );
    let many: Vec<(String, &[u8])> = (0..25)
        .map(|i| (format!("{i:02}.csv"), b"x\n1\n".as_slice()))
        .collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), *b)).collect();
    refusal(
        "a.zip",
        &archive(&many),
        "",
        "x",
        &["has 25 members", "`19.csv`, and 5 more"],
    );
    assert_eq!(
        read("a.zip", &archive(&many), "member = \"*\"", "x")
            .unwrap()
            .rows
            .len(),
        25
    );
    let bare = archive(&[("a.csv", b"1,2\n"), ("b.csv", b"3,4\n")]);
    let table = read(
        "a.zip",
        &bare,
        "member = \"*\"\nheader = [\"x\", \"y\"]",
        "x",
    )
    .unwrap();
    assert_eq!(
        (table.fields(), table.lines()),
        (vec![vec!["1", "2"], vec!["3", "4"]], vec![1, 1])
    );
}

#[test]
fn damaged_archives_and_bombs_are_refused() {
    let rows: String = (0..3000)
        .map(|i| format!("{i},{}\n", i * 7919 % 3001))
        .collect();
    let zip = archive(&[("a.csv", format!("x,y\n{rows}").as_bytes())]);
    assert_eq!(read("a.zip", &zip, "", "x").unwrap().rows.len(), 3000);
    refusal(
        "a.zip",
        &zip[..zip.len() / 2],
        "",
        "x",
        &["a.zip: ", "the packed file is damaged"],
    );
    let mut spoilt = zip.clone();
    let middle = spoilt.len() / 2;
    spoilt[middle] ^= 0x55;
    refusal("a.zip", &spoilt, "", "x", &["the packed file is damaged"]);
    let mut locked = zip.clone();
    let central = locked.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    locked[central + 8] |= 1;
    locked[6] |= 1;
    refusal(
        "a.zip",
        &locked,
        "",
        "x",
        &["a.zip/a.csv: it is protected by a password"],
    );
    let mut bomb = zip.clone();
    bomb[central + 24..central + 28].copy_from_slice(&4_000_000_000_u32.to_le_bytes());
    refusal(
        "a.zip",
        &bomb,
        "",
        "x",
        &["would unpack to", "4000000000 bytes"],
    );
    let mut short = zip.clone();
    let size = u32::from_le_bytes(short[central + 24..central + 28].try_into().unwrap());
    short[central + 24..central + 28].copy_from_slice(&(size - 1).to_le_bytes());
    refusal("a.zip", &short, "", "x", &["the packed file is damaged"]);
    let book = of_text("S", SMALL_SEARCHES);
    let sheets = archive(&[
        ("[Content_Types].xml", b"<a/>"),
        ("xl/workbook.xml", b"<a/>"),
    ]);
    refusal(
        "a.xlsx",
        &sheets,
        "",
        "x",
        &["a.xlsx: ", "the workbook is damaged or is none"],
    );
    refusal("a.xlsx", &book[..book.len() - 30], "", "x", &["damaged"]);
    refusal(
        "a.xls",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no more",
        "",
        "x",
        &["a.xls: ", "the workbook is damaged or is none"],
    );
}

/// Bytes that are changed, left out or cut off are refused or read; nothing else.
#[test]
fn damage_anywhere_is_a_message_and_no_panic() {
    let zip = archive(&[("a.csv", SMALL_SEARCHES.as_bytes())]);
    let quoted = SMALL_SEARCHES.replace(',', "\",\"").replace('\n', "\"\n\"");
    let wholes = [
        of_text("S", SMALL_SEARCHES),
        zip,
        packed(SMALL_SEARCHES.as_bytes()),
        json(SMALL_SEARCHES).into_bytes(),
        format!("\"{quoted}\"").into_bytes(),
    ];
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(300),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let damage = (0..wholes.len(), any::<Index>(), any::<u8>(), any::<bool>());
    let done = runner.run(&damage, |(which, at, byte, is_cut)| {
        let mut bytes = wholes[which].clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if is_cut {
            bytes.truncate(at);
        }
        if let Err(error) = read("a.csv", &bytes, "", "place") {
            prop_assert!(
                error.starts_with("a.csv") && !error.ends_with("| "),
                "{}",
                error
            );
        }
        Ok(())
    });
    done.unwrap();
}

#[test]
fn a_table_in_json_is_rows_of_values() {
    let table = read(
        "a.json",
        b" [ [\"NAME\", \"n\"],\n [\"A, \\\"B\\\"\\nC\", 12],\n [null, 1.50] ]",
        "",
        "NAME",
    )
    .unwrap();
    assert_eq!(table.fields(), [["A, \"B\" C", "12"], ["", "1.50"]]);
    assert_eq!(table.lines(), [2, 3]);
    refusal(
        "a.json",
        b"[[\"a\"],[{\"b\":1}]]",
        "",
        "a",
        &["a.json:2: ", "row 2 of the table"],
    );
    refusal("a.json", b"[[\"a\"],[\"b\"", "", "a", &["breaks off"]);
    refusal(
        "a.json",
        b"[[\"a\"],[\"b\",\"c\"]]",
        "",
        "a",
        &["a.json:2: found 2 fields where the header has 1"],
    );
    refusal(
        "a.json",
        b"[[\"a\"],[\"b\"]]",
        "separator = \"tab\"",
        "a",
        &["`separator`"],
    );
    refusal(
        "a.json",
        b"[{\"a\": 1}]",
        "",
        "a",
        &["JSON of named values"],
    );
}

#[test]
fn files_that_are_no_tables_are_called_what_they_are() {
    let mut tar = b"a.csv".to_vec();
    tar.resize(257, 0);
    tar.extend(b"ustar  rest of it");
    for (bytes, what) in [
        (b"%PDF-1.4".as_slice(), "a PDF"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PAR1", "Parquet"),
        (tar.as_slice(), "tar"),
        (b"<!DOCTYPE html><p>403", "a web page"),
        (b"\n<html>", "a web page"),
    ] {
        refusal("a.csv", bytes, "", "x", &["a.csv: the file is ", what]);
        refusal(
            "a.zip",
            &archive(&[("a.csv", bytes)]),
            "",
            "x",
            &["a.zip/a.csv: the file is ", what],
        );
    }
}
