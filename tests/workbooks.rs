//! Workbooks of spreadsheet programs: cells as a table has them, sheets as the study says. The library that reads them
//! cannot write, so the tests put the least that makes a workbook together.

use evenhand::ingest::Layout;

use crate::containers::{archive, read, refusal};
use crate::harness::{SMALL_SEARCHES, Workspace, refused};

/// A cell of a workbook.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Text(&'a str),
    Number(&'a str),
    Date(&'a str),
    Bool(&'a str),
    Fault(&'a str),
    Formula(&'a str),
    Never,
    Empty,
    Absent,
}
use Cell::{Absent, Bool, Date, Empty, Fault, Formula, Never, Number, Text};

fn sheet_xml(rows: &[&[Cell<'_>]]) -> String {
    let mut xml = String::new();
    for (r, row) in rows.iter().enumerate() {
        if row.is_empty() {
            continue;
        }
        xml.push_str(&format!("<row r=\"{}\">", r + 1));
        for (c, cell) in row.iter().enumerate() {
            let at = format!(
                "r=\"{}{}\"",
                char::from(b'A' + u8::try_from(c).unwrap()),
                r + 1
            );
            xml.push_str(&match cell {
                Text(t) => format!(
                    "<c {at} t=\"inlineStr\"><is><t xml:space=\"preserve\">{t}</t></is></c>"
                ),
                Number(n) => format!("<c {at}><v>{n}</v></c>"),
                Date(n) => format!("<c {at} s=\"1\"><v>{n}</v></c>"),
                Bool(b) => format!("<c {at} t=\"b\"><v>{b}</v></c>"),
                Fault(e) => format!("<c {at} t=\"e\"><v>{e}</v></c>"),
                Formula(v) => format!("<c {at}><f>1+1</f><v>{v}</v></c>"),
                Never => format!("<c {at}><f>1+1</f></c>"),
                Empty => format!("<c {at} s=\"1\"/>"),
                Absent => String::new(),
            });
        }
        xml.push_str("</row>");
    }
    format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{xml}</sheetData></worksheet>"
    )
}

/// A workbook of the least that makes one; a name that begins with `-` is a hidden sheet.
fn workbook(sheets: &[(&str, &[&[Cell<'_>]])]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let (mut list, mut relations) = (String::new(), String::new());
    for (i, (name, _)) in sheets.iter().enumerate() {
        let hidden = if name.starts_with('-') {
            " state=\"hidden\""
        } else {
            ""
        };
        list.push_str(&format!(
            "<sheet name=\"{}\" sheetId=\"{}\" r:id=\"r{i}\"{hidden}/>",
            name.trim_start_matches('-'),
            i + 1
        ));
        relations.push_str(&format!("<Relationship Id=\"r{i}\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet{i}.xml\"/>"));
    }
    let mut members: Vec<(String, String)> = vec![
        (
            "[Content_Types].xml".into(),
            format!("<?xml version=\"1.0\"?><Types xmlns=\"{package}/content-types\"/>"),
        ),
        (
            "_rels/.rels".into(),
            format!(
                "<?xml version=\"1.0\"?><Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"r\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".into(),
            format!(
                "<?xml version=\"1.0\"?><workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{list}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels".into(),
            format!(
                "<?xml version=\"1.0\"?><Relationships xmlns=\"{package}/relationships\">{relations}<Relationship Id=\"s\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml".into(),
            format!(
                "<?xml version=\"1.0\"?><styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
            ),
        ),
    ];
    for (i, (_, rows)) in sheets.iter().enumerate() {
        members.push((format!("xl/worksheets/sheet{i}.xml"), sheet_xml(rows)));
    }
    let members: Vec<(&str, &[u8])> = members
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_bytes()))
        .collect();
    archive(&members)
}

/// The cells of a small CSV text, numbers as numbers.
fn cells(text: &str) -> Vec<Vec<Cell<'_>>> {
    fn cell(field: &str) -> Cell<'_> {
        match field.parse::<u64>() {
            Ok(_) => Number(field),
            Err(_) => Text(field),
        }
    }
    text.lines()
        .map(|line| line.split(',').map(cell).collect())
        .collect()
}

fn rows_of<'a>(cells: &'a [Vec<Cell<'a>>]) -> Vec<&'a [Cell<'a>]> {
    cells.iter().map(Vec::as_slice).collect()
}

/// The cells of a small CSV text as a workbook of one sheet.
pub(crate) fn of_text(name: &str, text: &str) -> Vec<u8> {
    workbook(&[(name, &rows_of(&cells(text)))])
}

#[test]
fn cells_of_a_workbook_are_text_as_a_table_has_it() {
    let rows: [&[Cell<'_>]; 7] = [
        &[Text("when"), Text("Total\nstops"), Text("yes"), Text("x")],
        &[Date("45714"), Number("3.0"), Bool("1"), Fault("#N/A")],
        &[
            Date("45714.5868055556"),
            Number("0.25"),
            Bool("0"),
            Formula("7"),
        ],
        &[Date("0.5868055556"), Absent, Text("a, \"b\""), Empty],
        &[],
        &[Text(" "), Empty],
        &[Empty],
    ];
    let table = read("a.xlsx", &workbook(&[("S", &rows)]), "", "Total stops").unwrap();
    assert_eq!(
        table.fields(),
        [
            vec!["2025-02-26", "3", "TRUE", "#N/A"],
            vec!["2025-02-26 14:05:00", "0.25", "FALSE", "7"],
            vec!["14:05:00", "", "a, \"b\"", ""],
        ]
    );
    assert_eq!(
        table.note.as_deref(),
        Some("3 blank rows at the end of a sheet are left out")
    );
    let never: [&[Cell<'_>]; 2] = [&[Text("a")], &[Never]];
    refusal(
        "a.xlsx",
        &workbook(&[("S", &never)]),
        "",
        "a",
        &["a.xlsx, sheet `S`:2: ", "never calculated"],
    );
    let wide: [&[Cell<'_>]; 2] = [&[Text("a")], &[Number("1"), Absent, Text("note")]];
    refusal(
        "a.xlsx",
        &workbook(&[("S", &wide)]),
        "",
        "a",
        &["sheet `S`:2: ", "found 3 fields where the header has 1"],
    );
    let gap: [&[Cell<'_>]; 4] = [
        &[Text("a"), Text("b")],
        &[],
        &[],
        &[Number("1"), Number("2")],
    ];
    assert_eq!(
        read("a", &workbook(&[("S", &gap)]), "", "a")
            .unwrap()
            .lines(),
        [2, 3, 4]
    );
    let late: [&[Cell<'_>]; 4] = [&[], &[], &[Text("a")], &[Number("1")]];
    refusal(
        "a",
        &workbook(&[("S", &late)]),
        "",
        "a",
        &[
            "a, sheet `S`:1: the row of the header is blank",
            "skip_lines = 2",
        ],
    );
    assert_eq!(
        read("a", &workbook(&[("S", &late)]), "skip_lines = 2", "a")
            .unwrap()
            .lines(),
        [4]
    );
    refusal(
        "a",
        &workbook(&[("S", &late)]),
        "skip_lines = 9",
        "a",
        &["has 4 rows", "correct `skip_lines`"],
    );
}

#[test]
fn a_workbook_of_several_sheets_is_read_as_the_study_says() {
    let (a, b, c) = (
        cells("x,y\n1,2\n"),
        cells("x,y\n3,4\n5,6\n"),
        cells("x,z\n7,8\n"),
    );
    let (a, b, c) = (rows_of(&a), rows_of(&b), rows_of(&c));
    let book = workbook(&[("2018", &a), ("2019", &b), ("other", &c)]);
    refusal(
        "a.xlsx",
        &book,
        "",
        "x",
        &[
            "a.xlsx: the workbook has 3 sheets: `2018`, `2019`, `other`",
            "sheet = \"name\"",
        ],
    );
    let one = read("a", &book, "sheet = \"2019\"", "x").unwrap();
    assert_eq!(one.fields(), [["3", "4"], ["5", "6"]]);
    let two = read("a", &book, "sheet = [\"2018\", \"2019\"]", "x").unwrap();
    assert_eq!(two.fields(), [["1", "2"], ["3", "4"], ["5", "6"]]);
    assert_eq!(two.lines(), [2, 2, 3]);
    refusal(
        "a",
        &book,
        "sheet = \"all\"",
        "x",
        &[
            "a, sheet `other`:1: its header is not that of a, sheet `2018`: column 2 is `y` there and `z` here",
        ],
    );
    refusal(
        "a",
        &book,
        "sheet = \"2017\"",
        "x",
        &["no sheet `2017`", "`2018`"],
    );
    refusal(
        "a",
        &book,
        "sheet = [\"2018\", \"2018\"]",
        "x",
        &["named twice"],
    );
    refusal("a", &book, "sheet = []", "x", &["no sheet is named"]);
    let hidden = workbook(&[("2018", &a), ("-2019", &b)]);
    refusal("a", &hidden, "", "x", &["`2019` (hidden)"]);
    refusal(
        "a",
        &hidden,
        "sheet = \"all\"",
        "x",
        &["hidden sheet: `2019`"],
    );
    assert_eq!(
        read("a", &hidden, "sheet = \"2019\"", "x").unwrap().lines(),
        [2, 3]
    );
    let plain = workbook(&[("2018", &a)]);
    for (layout, word) in [
        ("separator = \";\"", "`separator`"),
        ("encoding = \"latin-1\"", "`encoding`"),
        ("quotes = false", "`quotes`"),
        ("member = \"a\"", "member"),
    ] {
        refusal("a", &plain, layout, "x", &["workbook", word]);
    }
    refusal("a", b"x\n1\n", "sheet = \"2018\"", "x", &["is no workbook"]);
    assert!(
        toml::from_str::<Layout>("sheet = 3")
            .unwrap_err()
            .to_string()
            .contains("the name of a sheet")
    );
}

#[test]
fn blank_rows_at_the_end_stand_in_the_account() {
    let text = "race,searched,contraband\nW,yes,yes\nB,no,no\n";
    let cells = cells(text);
    let mut rows = rows_of(&cells);
    rows.extend([[Empty].as_slice(), &[Text(" ")]]);
    let workspace = Workspace::rows();
    workspace.write_bytes("rows.csv", &workbook(&[("S", &rows)]));
    workspace.write_bytes("more.xlsx", &of_text("S", text));
    workspace.change(
        "study.toml",
        "[\"rows.csv\"]",
        "[\"more.xlsx\", \"rows.csv\"]",
    );
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let flat = outcome
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        flat.contains("rows.csv: 2 blank rows at the end of a sheet are left out"),
        "{flat}"
    );
}

#[test]
fn a_cell_that_stands_in_two_sheets_is_refused_with_both() {
    let two = cells(SMALL_SEARCHES);
    let two = rows_of(&two);
    let book = workbook(&[("2018", &two), ("2019", &two)]);
    refused(
        |w| {
            w.write_bytes("searches.csv", &book);
            let all = "file = \"searches.csv\"\nlayout = { sheet = \"all\" }";
            w.change("study.toml", "file = \"searches.csv\"", all);
        },
        &[
            "searches.csv, sheet `2019`:2: the cell white / Alpha / 287(g) stands here again, first on line 2 of searches.csv, sheet `2018`",
        ],
    );
}

/// The library panics on this one: its list of sectors breaks off in the middle of a number.
#[test]
fn an_old_workbook_that_breaks_off_is_refused() {
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.extend([0; 16]);
    for half in [0x3e_u16, 3, 0xfffe, 9, 6, 0, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    for word in [0, 1, 1, 0, 4096, u32::MAX - 1, 0, u32::MAX - 1, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.resize(512, 0xff);
    bytes.extend([1, 2, 3]);
    refused(
        |w| {
            w.write_bytes("searches.csv", &bytes);
        },
        &[
            "searches.csv: the workbook is damaged or is none",
            "it points to bytes that it does not have",
        ],
    );
}

#[test]
fn a_workbook_behind_a_password_is_called_so() {
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.resize(512, 0);
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    refusal(
        "a.xlsx",
        &bytes,
        "",
        "x",
        &["a.xlsx: the workbook is protected by a password"],
    );
}
