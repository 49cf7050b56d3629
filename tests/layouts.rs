//! Files that are not plain CSV in UTF-8: packed, in another encoding, with another separator, after a preamble, many as one.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::containers::{read, refusal as refused_table};
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

/// Lines and fields of a table that is read.
fn table(text: impl AsRef<[u8]>, layout: &str) -> Vec<(u64, String)> {
    let table = read("a.csv", text.as_ref(), layout, "x").unwrap();
    let joined = |(line, fields): (u64, Vec<String>)| (line, fields.join("|"));
    table.rows.into_iter().map(joined).collect()
}

fn rows(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
    rows.iter()
        .map(|(line, row)| (*line, (*row).to_owned()))
        .collect()
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let expected = rows(&[(2, "1|2"), (4, "3|4"), (5, "5|6\n7"), (7, "8|9")]);
    let text = "x,y\n1,2\n\n3,4\n5,\"6\n7\"\n8,9\n";
    assert_eq!(table(text, ""), expected);
    assert_eq!(table(text.trim_end(), ""), expected);
    assert_eq!(table(text.replace('\n', "\r"), ""), expected);
    let windows = text.replace('\n', "\r\n");
    let expected = rows(&[(2, "1|2"), (4, "3|4"), (5, "5|6\r\n7"), (7, "8|9")]);
    assert_eq!(table(&windows, ""), expected);
    assert_eq!(table(windows.trim_end(), ""), expected);
    let quoted = windows.replace("8,9", "\"8\",\"9\"");
    assert_eq!(table(quoted, ""), expected);
    let after = rows(&[(6, "1|2"), (8, "3|4")]);
    for end in ["\n", "\r\n", "\r"] {
        let text = "about\nthis\n\n\nx,y\n1,2\n\n3,4\n".replace('\n', end);
        assert_eq!(table(&text, "skip_lines = 2"), after);
        let bad = text.replace("3,4", "3");
        refused_table(
            "a.csv",
            bad.as_bytes(),
            "skip_lines = 2",
            "x",
            &["a.csv:8: found 1 fields where the header has 2"],
        );
    }
    assert_eq!(
        table("x\r\n1\r\n\r\n\"\"\r\n", ""),
        rows(&[(2, "1"), (4, "")])
    );
}

#[test]
fn a_fault_in_a_file_of_windows_stands_on_its_line() {
    let text = SMALL_SEARCHES
        .replace("black,50,", "black,-50,")
        .replace('\n', "\r\n");
    let error = refusal(&searches(text.as_bytes(), ""));
    assert!(error.contains("searches.csv:5: "), "{error}");
}

#[test]
fn a_file_without_a_header_has_that_of_the_study() {
    let named = "header = [\"x\", \"y\"]";
    assert_eq!(table("1,2\n3,4\n", named), rows(&[(1, "1|2"), (2, "3|4")]));
    let skipped = format!("{named}\nskip_lines = 1\nseparator = \"tab\"");
    assert_eq!(table("-- rows\n1\t2\n", &skipped), rows(&[(2, "1|2")]));
    let refused = |text: &str, layout: &str, words: &[&str]| {
        refused_table("a.csv", text.as_bytes(), layout, "x", words);
    };
    refused(
        "1,2,3\n",
        named,
        &["a.csv:1: found 3 fields where the header has 2"],
    );
    refused("1,2\0\n", named, &["a.csv:1: found a NUL byte"]);
    refused(
        "1,2\n",
        "header = [\"z\", \"y\"]",
        &["a.csv: column `x`: there is no such column"],
    );
    refused("1,2\n", "header = [\"x\", \"x\"]", &["column `x` twice"]);
    refused("1,2\n", "header = []", &["without a column"]);
    refused(
        "1,2\n",
        "header = [\"x\", \"y\"]\nheader_rows = 2",
        &["both `header` and `header_rows`"],
    );
    assert_eq!(
        table("1,2,3\n", "header = [\"x\", \"\", \"\"]"),
        rows(&[(1, "1|2|3")])
    );
    refused("", named, &["a.csv: there is a header and no row"]);
}

#[test]
fn of_two_rows_of_a_header_one_names_the_columns() {
    let text = "x,NAME,\nTotal,Area,\n1,a,\n2,b,\n";
    let expected = rows(&[(3, "1|a|"), (4, "2|b|")]);
    assert_eq!(table(text, "header_rows = 2"), expected);
    assert_eq!(table(text, "header_rows = 2\ntake = \"first\""), expected);
    let second = read(
        "a.csv",
        text.as_bytes(),
        "header_rows = 2\ntake = \"second\"",
        "Total",
    );
    assert_eq!(second.unwrap().rows[0].0, 3);
    let refused = |text: &str, layout: &str, column: &str, words: &[&str]| {
        refused_table("a.csv", text.as_bytes(), layout, column, words);
    };
    refused(
        text,
        "header_rows = 2\ntake = \"second\"",
        "x",
        &["a.csv:2: column `x`: there is no such column"],
    );
    refused(
        text,
        "header_rows = 2",
        "X",
        &["a.csv:1: ", "did you mean `x`?"],
    );
    refused(text, "header_rows = 3", "x", &["3 rows of a header"]);
    refused(text, "take = \"second\"", "x", &["`take`"]);
    refused(
        "x\n",
        "header_rows = 2",
        "x",
        &["ends before the second row of its header"],
    );
    refused("x,\n1,2\n", "", "y", &["no such column"]);
    refused("x,,\n1,2,3\n", "", "", &["several columns have no name"]);
    assert_eq!(table("x,,\n1,2,3\n", ""), rows(&[(2, "1|2|3")]));
}

#[test]
fn quotes_are_what_the_study_says() {
    let text = "x,y\n5\" gun,\"a\"\n\"b,2\n";
    let expected = rows(&[(2, "5\" gun|\"a\""), (3, "\"b|2")]);
    assert_eq!(table(text, "quotes = false"), expected);
    let refused = |text: &str, words: &[&str]| {
        refused_table("a.csv", text.as_bytes(), "", "x", words);
    };
    refused(
        text,
        &[
            "a.csv:3: the quote that is opened here is never closed",
            "quotes = false",
        ],
    );
    refused(
        "x,y\n1,\"2\n3,4\n5,6\n",
        &["a.csv:2: the quote that is opened here is never closed"],
    );
    refused(
        "x,y\n1,\"2\n3,\"4\"\n5,6\n",
        &["a.csv:2: the quote that is opened here is closed on line 3 in the middle of a field"],
    );
    refused(
        "x,y\n1,\"2\n3\",4\n5,6\n",
        &["a.csv:2: found 3 fields", "goes on over 2 lines"],
    );
}

#[test]
fn what_stands_twice_in_a_file_is_refused() {
    let refused = |text: &str, words: &[&str]| {
        refused_table("a.csv", text.as_bytes(), "", "x", words);
    };
    refused(
        "x,y\n1,2\nx,y\n3,4\n",
        &["a.csv:3: the header stands here again", "several exports"],
    );
    refused(
        "x,y\n1,2\n\u{feff}x,y\n3,4\n",
        &["a.csv:3: found a byte order mark in the middle"],
    );
    assert_eq!(table("x,y\nx,2\n", ""), rows(&[(2, "x|2")]));
    assert_eq!(table("\u{feff}x,y\n1,2\n", ""), rows(&[(2, "1|2")]));
    assert_eq!(table(packed("\u{feff}x,y\n1,2\n"), ""), rows(&[(2, "1|2")]));
    let mut twice = packed("x,y\n1,2\n");
    twice.extend(packed("3,4\n"));
    assert_eq!(table(twice, ""), rows(&[(2, "1|2"), (3, "3|4")]));
}

#[test]
fn bytes_of_another_encoding_are_found_where_they_stand() {
    let bytes = b"x,y\n1,fine\n2,Pe\xf1asco\n3,4\n";
    refused_table(
        "a.csv",
        bytes,
        "",
        "x",
        &[
            "a.csv:3: column `y`: ",
            "not UTF-8 (byte 0xf1)",
            "begins at byte 11 of the table",
            "windows-1252",
        ],
    );
    let windows = b"x,y\r\n1,fine\r\n2,Pe\xf1asco\r\n";
    refused_table(
        "a.csv",
        windows,
        "",
        "x",
        &["a.csv:3: column `y`: ", "begins at byte 13 of the table"],
    );
}

#[test]
fn a_column_that_differs_in_what_cannot_be_seen_is_shown() {
    for (header, shown) in [
        ("\u{a0}RACE ", "\"\\u00a0RACE \""),
        (" RACE ", "\" RACE \""),
        ("RA\u{200b}CE", "\"RA\\u200bCE\""),
        ("race\t", "\"race\\t\""),
    ] {
        let text = format!("x,{header}\n1,2\n");
        refused_table(
            "a.csv",
            text.as_bytes(),
            "",
            "RACE",
            &[
                "a.csv:1: column `RACE`",
                "with other blanks, write it so: ",
                shown,
            ],
        );
    }
}

#[test]
fn what_is_huge_is_read_or_refused_in_few_words() {
    let field = "z".repeat(10 << 20);
    let read_whole = read("a.csv", format!("x,y\n1,{field}\n").as_bytes(), "", "x").unwrap();
    assert_eq!(read_whole.rows[0].1[1].len(), field.len());
    let error = refusal(&searches(
        SMALL_SEARCHES
            .replace("50,", &format!("{field},"))
            .as_bytes(),
        "",
    ));
    assert!(error.contains("searches.csv:5: column `searches`: found `zzz") && error.len() < 1000);
    let mut bytes = format!("x,y\n1,{field}").into_bytes();
    bytes.extend(b"\xff\n");
    let error = read("a.csv", &bytes, "", "x").unwrap_err();
    assert!(
        error.contains("0xff") && error.len() < 1000,
        "{}",
        error.len()
    );
    let names: Vec<String> = (0..1_000_000).map(|i| format!("c{i}")).collect();
    let wide = format!("x,{}\n", names.join(","));
    let error = read("a.csv", wide.as_bytes(), "", "wanted").unwrap_err();
    assert!(
        error.contains("and 999981 more") && error.len() < 2000,
        "{}",
        error.len()
    );
}

#[test]
fn numbers_are_read_in_the_notation_of_the_study() {
    let plain = numbers(&Workspace::small());
    for (thousands, decimal, layout) in [
        (",", ".", "thousands = \",\""),
        (" ", ",", "thousands = \" \", decimal = \",\""),
        ("\u{202f}", ".", "thousands = \"\u{202f}\""),
        (".", ",", "thousands = \".\", decimal = \",\""),
        ("'", ".", "thousands = \"'\""),
    ] {
        let text = SMALL_SEARCHES
            .replace(',', ";")
            .replace("1000", &format!("1{thousands}000"))
            .replace("900", &format!("900{decimal}0"));
        let layout = format!("separator = \";\", {layout}");
        assert_eq!(
            numbers(&searches(text.as_bytes(), &layout)),
            plain,
            "{layout}"
        );
    }
    let with = |number: &str| SMALL_SEARCHES.replace(',', ";").replace("1000", number);
    for (number, hint) in [
        ("1,000", "thousands = \",\""),
        ("1 000", "thousands = \" \""),
        (
            "1.000",
            "the point may stand before decimals or between thousands",
        ),
        ("1000.5", "a count is a whole number"),
    ] {
        let error = refusal(&searches(with(number).as_bytes(), "separator = \";\""));
        let flat = error.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(&format!("found `{number}`")) && flat.contains(hint),
            "{error}"
        );
    }
    let error = refusal(&searches(
        with("1000").as_bytes(),
        "separator = \";\", thousands = \".\"",
    ));
    assert!(error.contains("the same character"), "{error}");
}

#[test]
fn rows_after_one_that_cannot_be_read_can_be() {
    use evenhand::ingest::{CsvFile, Layout, Row};
    let workspace = Workspace::new();
    workspace.write("a.csv", "x,y\n1,2\n3\n4,\0\nx,y\n5,6\n");
    let world = evenhand::world::World::new(None, None);
    let mut file = CsvFile::open(&world, &workspace.path("a.csv"), &Layout::default()).unwrap();
    let (mut record, mut seen) = (csv::ByteRecord::new(), Vec::new());
    loop {
        match file.next_or_fault(&mut record).unwrap() {
            Row::End => break,
            Row::Row(at) => seen.push((at.line(), "row".to_owned())),
            Row::Unreadable(fault) => seen.push((fault.line.unwrap(), fault.message)),
        }
    }
    let expected = [
        (2, "row"),
        (3, "found 1 fields where the header has 2"),
        (4, "found a NUL byte"),
        (5, "the header stands here again"),
        (6, "row"),
    ];
    assert_eq!(seen, rows(&expected));
    assert_eq!(file.finish("a.csv", "a test".into()).unwrap().rows, Some(5));
}

#[test]
fn rows_that_cannot_be_read_are_tolerated_up_to_the_share_that_the_study_says() {
    let workspace = Workspace::rows();
    let header = ROWS.lines().next().unwrap();
    let body = ROWS[header.len() + 1..].repeat(100);
    workspace.write("rows.csv", &format!("{header}\n{body}"));
    let whole = numbers(&workspace);
    workspace.write(
        "rows.csv",
        &format!("{header}\n{body}W,yes\n{header}\nB,\0,yes\n"),
    );
    let error = refusal(&workspace);
    assert!(error.contains("rows.csv:602: found 2 fields"), "{error}");
    workspace.change(
        "study.toml",
        "years = 2.0",
        "years = 2.0\ntolerated_unreadable = 0.01",
    );
    assert_eq!(numbers(&workspace), whole);
    let account = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        account.stdout.contains("603") && account.stdout.contains("row cannot be read"),
        "{}",
        account.stdout
    );
    workspace.change(
        "study.toml",
        "tolerated_unreadable = 0.01",
        "tolerated_unreadable = 0.001",
    );
    assert!(refusal(&workspace).contains("rows.csv:602"));
}
