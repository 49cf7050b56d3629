//! A folder of its own for a test, and the program run inside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A temporary folder with files.
pub(crate) struct Workspace {
    folder: TempDir,
}

/// What a run of the program left.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// A workspace with a small study of published counts that runs, and its files.
    pub(crate) fn small() -> Self {
        let workspace = Self::new();
        workspace.write("study.toml", SMALL_STUDY);
        workspace.write("searches.csv", SMALL_SEARCHES);
        workspace.write("stops.csv", SMALL_STOPS);
        workspace.write("people.csv", SMALL_PEOPLE);
        workspace
    }

    /// A workspace with a small study of rows that runs, and its file.
    pub(crate) fn rows() -> Self {
        let workspace = Self::new();
        workspace.write("study.toml", ROWS_STUDY);
        workspace.write("rows.csv", ROWS);
        workspace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        self.write_bytes(name, text.as_bytes())
    }

    pub(crate) fn write_bytes(&self, name: &str, bytes: &[u8]) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces one piece of a file; the piece must be there.
    pub(crate) fn change(&self, name: &str, from: &str, to: &str) -> &Self {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replacen(from, to, 1))
    }

    pub(crate) fn evenhand(&self, arguments: &[&str]) -> Outcome {
        run(self.folder.path(), arguments)
    }

    /// Every file below the folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_below(self.folder.path())
    }
}

/// Runs the small study after a change, and expects it to be refused with all of `words` in the message.
pub(crate) fn refused(change: impl FnOnce(&Workspace), words: &[&str]) {
    let workspace = Workspace::small();
    change(&workspace);
    let before = workspace.files();
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(
        outcome.code, 1,
        "stderr: {}\nstdout: {}",
        outcome.stderr, outcome.stdout
    );
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no `{word}` in: {}",
            outcome.stderr
        );
    }
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("\nhint: "),
        "no hint: {}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    assert_eq!(workspace.files(), before, "something was written");
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// The rows of a finding of `results.json` as objects.
pub(crate) fn objects(finding: &serde_json::Value) -> Vec<serde_json::Value> {
    let columns = finding["columns"].as_array().unwrap();
    let object = |row: &serde_json::Value| {
        let fields = columns.iter().zip(row.as_array().unwrap());
        fields
            .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    finding["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(object)
        .collect()
}

/// The folder of the source.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, sorted, relative to it.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// A small study of published counts: two places, two groups, one baseline.
pub(crate) const SMALL_STUDY: &str = r#"format = 1
title = "A small study"

[groups]
reference = "white"
compare = ["black"]

[[counts]]
name = "searches"
file = "searches.csv"
keys = { place = "place", program = "program", group = "group" }
events = "searches"
trials = "stops"

[[counts]]
name = "stops"
file = "stops.csv"
keys = { place = "place", group = "group" }
events = "stops"
years = 2.0

[[population]]
name = "residents"
file = "people.csv"
columns = { place = "place", group = "group", population = "people", moe90 = "moe" }
universe = "residents"
vintage = "2020"

[[disparity]]
counts = "searches"

[[rates]]
counts = "searches"
by = ["place"]

[[disparity]]
counts = "stops"
population = "residents"
by = ["place"]
"#;

pub(crate) const SMALL_SEARCHES: &str = "place,program,group,searches,stops
Alpha,287(g),white,40,1000
Alpha,287(g),black,60,800
Beta,none,white,30,900
Beta,none,black,50,1000
";

pub(crate) const SMALL_STOPS: &str = "place,group,stops
Alpha,white,1000
Alpha,black,800
Beta,white,900
Beta,black,1000
";

pub(crate) const SMALL_PEOPLE: &str = "place,group,people,moe
Alpha,white,20000,300
Alpha,black,8000,200
Beta,white,18000,0
Beta,black,9000,250
";

/// A small study of rows, one of them with contraband after a search that nobody knows of.
pub(crate) const ROWS_STUDY: &str = r#"format = 1
title = "A few rows"

[groups]
reference = "white"
compare = ["black"]
codes = { W = "white", B = "black" }

[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", searched = "searched", hit = "contraband" }
years = 2.0
outcomes = { unclear = "missing" }

[disclosure]
mode = "court"

[[rates]]
counts = "hits"
"#;

pub(crate) const ROWS: &str = "race,searched,contraband
W,yes,yes
W,yes,no
W,no,no
B,yes,yes
B,yes,no
B,,yes
";

/// A folder or file of the public data that are not part of the source; a test that wants one says so and passes without it.
#[expect(clippy::print_stdout, reason = "a test that did not run says so")]
pub(crate) fn public(path: &str) -> Option<PathBuf> {
    let found = std::env::var_os("EVENHAND_TEST_DATA").map(|root| Path::new(&root).join(path));
    if found.is_none() {
        println!("skipped: EVENHAND_TEST_DATA names no folder of public files");
    }
    found
}
