//! How a table is written: separator, quotes, lines before the header, the header itself.

use serde::Serialize;

use super::cut::Cut;
use super::dates::DateTally;
use super::{Confidence, Guess};
use crate::ingest::layout::Separator;

/// Whether quotes enclose fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quotes {
    /// They do, or there are none.
    Enclose,
    /// They are characters like any other.
    Plain,
}

/// How a table is written.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// What separates the fields.
    pub separator: Guess<Separator>,
    /// What quotes mean.
    pub quotes: Guess<Quotes>,
    /// Lines before the header.
    pub preamble: Guess<u64>,
    /// Rows of the header: 0, 1 or 2.
    pub header_rows: Guess<u8>,
    /// Where the names of the columns come from.
    pub source: NameSource,
    /// Names of the columns; `column_1`, `column_2` ... where the file has none.
    pub names: Vec<String>,
}

/// Where the names of the columns come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameSource {
    /// The first row of the header.
    First,
    /// The second row of two.
    Second,
    /// Neither: there is no header, or both rows are needed. The study names them.
    Study {
        /// Lines before the first row of data.
        skip_lines: u64,
    },
}

impl Dialect {
    /// Looks at the beginning of a text, `whole` or cut off somewhere.
    #[must_use]
    pub(super) fn of(text: &str, whole: Whole, separators: &[Separator]) -> Self {
        let text = match whole {
            Whole::Yes => text,
            // The last line may be cut off in its middle.
            Whole::No => &text[..text.rfind(['\n', '\r']).map_or(text.len(), |end| end + 1)],
        };
        let cut = |quotes| {
            let own = separators.iter();
            own.map(move |separator| Cut::new(text, *separator, quotes))
        };
        let mut cuts: Vec<Cut> = cut(Quotes::Enclose).collect();
        // A quote that opens and never closes swallows rows, so the plain reading is tried beside.
        cuts.extend(cut(Quotes::Plain));
        let best = (0..cuts.len())
            .max_by(|&a, &b| cuts[a].score().cmp(&cuts[b].score()).then(b.cmp(&a)))
            .unwrap_or_default();
        let separator = separator_guess(&cuts, best);
        let quotes = quotes_guess(text, &cuts[best]);
        let rows = &cuts[best].rows;
        let width = cuts[best].width;
        let start = header_at(rows, width);
        let rows = &rows[start.min(rows.len())..];
        let (header_rows, joined) = header_guess(rows, width);
        let (source, names) = name_source(rows, header_rows.value, joined);
        Self {
            preamble: preamble_guess(rows, width),
            source,
            separator,
            quotes,
            header_rows,
            names,
        }
    }
}

/// Whether a text is all of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// It is.
    Yes,
    /// It breaks off somewhere.
    No,
}

fn name_of(separator: Separator) -> &'static str {
    Separator::ALL
        .iter()
        .find(|(own, _)| *own == separator)
        .map_or("a separator", |(_, name)| name)
}

fn separator_guess(cuts: &[Cut], best: usize) -> Guess<Separator> {
    let cut = &cuts[best];
    if cut.width < 2 {
        return Guess::new(
            Separator::Comma,
            Confidence::Doubtful,
            "no separator makes more than one column of the rows".into(),
        );
    }
    let rows = cut.rows.len();
    let same = cut
        .rows
        .iter()
        .filter(|(_, row)| row.len() == cut.width)
        .count();
    let second = cuts
        .iter()
        .filter(|other| other.separator != cut.separator && other.width > 1)
        .max_by_key(|other| other.score());
    let reason = format!(
        "{} makes {} fields of {same} of the first {rows} rows",
        name_of(cut.separator),
        cut.width
    );
    match second {
        Some(other) if other.score().0 * 10 >= cut.score().0 * 9 => Guess::new(
            cut.separator,
            Confidence::Doubtful,
            format!(
                "{reason}; {} would make {} fields of {:.0} % of them",
                name_of(other.separator),
                other.width,
                other.share * 100.0
            ),
        ),
        _ if same == rows => Guess::new(cut.separator, Confidence::Certain, reason),
        _ => Guess::new(cut.separator, Confidence::Likely, reason),
    }
}

fn quotes_guess(text: &str, cut: &Cut) -> Guess<Quotes> {
    let quotes = memchr::memchr_iter(b'"', text.as_bytes()).count();
    match (cut.quotes, quotes) {
        (_, 0) => Guess::new(Quotes::Enclose, Confidence::Certain, "there are no quotes in the part that was looked at".into()),
        (Quotes::Enclose, _) => {
            Guess::new(Quotes::Enclose, Confidence::Likely, "quotes enclose fields: read so, rows have the same number of fields".into())
        }
        (Quotes::Plain, _) => Guess::new(
            Quotes::Plain,
            Confidence::Likely,
            "quotes are characters like any other: read as enclosing fields, they would swallow separators and rows".into(),
        ),
    }
}

/// Which row is the header, or the first of data: the first of full width whose cells are filled.
fn header_at(rows: &[(u64, Vec<String>)], width: usize) -> usize {
    let is_full = |row: &[String]| {
        let filled = row.iter().filter(|cell| !cell.trim().is_empty()).count();
        // One more or one less field of many is a separator at the end of some rows.
        (row.len() == width || width > 5 && row.len().abs_diff(width) == 1) && filled * 2 > width
    };
    let first = rows
        .iter()
        .position(|(_, row)| is_full(row))
        .unwrap_or_default();
    // A row above the full one that is filled in part, under which names repeat, is the upper of two header rows.
    let is_upper = |row: &[String]| {
        row.len() == width && row.iter().filter(|cell| !cell.trim().is_empty()).count() >= 2
    };
    let repeats = rows.get(first).is_some_and(|(_, row)| has_twins(row));
    match first.checked_sub(1) {
        Some(above) if repeats && is_upper(&rows[above].1) => above,
        _ => first,
    }
}

fn has_twins(row: &[String]) -> bool {
    let mut names: Vec<&str> = row
        .iter()
        .map(|cell| cell.trim())
        .filter(|cell| !cell.is_empty())
        .collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// Which row names the columns, of the one or two that the header has.
fn name_source(
    rows: &[(u64, Vec<String>)],
    header_rows: u8,
    joined: Vec<String>,
) -> (NameSource, Vec<String>) {
    let names_all = |row: &[String]| {
        !has_twins(row) && row.iter().filter(|cell| cell.trim().is_empty()).count() <= 1
    };
    let line_of = |row: usize| rows.get(row).map_or(0, |(line, _)| line.saturating_sub(1));
    match header_rows {
        1 => (NameSource::First, joined),
        2 if names_all(&rows[0].1) => (NameSource::First, rows[0].1.clone()),
        2 if names_all(&rows[1].1) => (NameSource::Second, rows[1].1.clone()),
        2 => (
            NameSource::Study {
                skip_lines: line_of(2),
            },
            joined,
        ),
        _ => (
            NameSource::Study {
                skip_lines: line_of(0),
            },
            joined,
        ),
    }
}

/// The lines above the first of these rows.
fn preamble_guess(rows: &[(u64, Vec<String>)], width: usize) -> Guess<u64> {
    let line = rows.first().map_or(1, |(line, _)| *line);
    match line.saturating_sub(1) {
        0 => Guess::new(0, Confidence::Certain, "the table begins on line 1".into()),
        lines => Guess::new(
            lines,
            Confidence::Likely,
            format!(
                "line {line} is the first that fills most of {width} columns; what stands above it is no table"
            ),
        ),
    }
}

/// How many rows the header has, and the names.
fn header_guess(rows: &[(u64, Vec<String>)], width: usize) -> (Guess<u8>, Vec<String>) {
    let numbered = || (1..=width).map(|i| format!("column_{i}")).collect();
    let Some((_, first)) = rows.first() else {
        return (
            Guess::new(0, Confidence::Doubtful, "there is no row".into()),
            numbered(),
        );
    };
    let below = |from: usize| -> Vec<&[String]> {
        rows.iter()
            .skip(from)
            .map(|(_, row)| row.as_slice())
            .collect()
    };
    if let Some(reason) = second_row_is_header(rows, width) {
        return (
            Guess::new(2, Confidence::Likely, reason),
            joined(&rows[0].1, &rows[1].1, width),
        );
    }
    let data = below(1);
    let typed = typed_columns(&data, width);
    let text_over_typed = (0..width)
        .filter(|&i| typed[i] && first.get(i).is_some_and(|cell| is_name(cell)))
        .count();
    let typed_cells = first
        .iter()
        .enumerate()
        .filter(|(i, cell)| is_typed(cell) && !is_year_over_others(cell, *i, &data))
        .count();
    let years = first.iter().filter(|cell| is_typed(cell)).count() - typed_cells;
    let typed_below = typed.iter().filter(|typed| **typed).count();
    let repeats_below = first
        .iter()
        .enumerate()
        .filter(|(i, cell)| {
            !cell.trim().is_empty() && data.iter().any(|row| row.get(*i) == Some(*cell))
        })
        .count();
    let filled = first.iter().filter(|cell| !cell.trim().is_empty()).count();
    let names = || first.clone();
    if text_over_typed > 0 && typed_cells * 2 <= filled {
        let reason = format!(
            "{text_over_typed} of {typed_below} columns of numbers and dates have words in the first row"
        );
        return (Guess::new(1, Confidence::Certain, reason), names());
    }
    if years > 0 && typed_cells == 0 {
        let reason =
            format!("{years} columns have a year in the first row and other numbers below it");
        return (Guess::new(1, Confidence::Likely, reason), names());
    }
    if typed_cells > 0 && text_over_typed == 0 {
        let reason = format!(
            "the first row has numbers or dates in {typed_cells} columns, like the rows below it"
        );
        return (Guess::new(0, Confidence::Likely, reason), numbered());
    }
    if repeats_below * 2 > filled {
        let reason = format!(
            "{repeats_below} of the {filled} values of the first row stand in the same column further down too"
        );
        return (Guess::new(0, Confidence::Likely, reason), numbered());
    }
    let reason = "no value of the first row but few stands in the rows below it".to_owned();
    let confidence = if repeats_below == 0 {
        Confidence::Likely
    } else {
        Confidence::Doubtful
    };
    (Guess::new(1, confidence, reason), names())
}

/// Why the second row belongs to the header, if it does.
fn second_row_is_header(rows: &[(u64, Vec<String>)], width: usize) -> Option<String> {
    let [(_, first), (_, second), data @ ..] = rows else {
        return None;
    };
    if data.is_empty() || first.iter().any(|cell| is_typed(cell)) && !has_twins(first) {
        return None;
    }
    let data: Vec<&[String]> = data.iter().map(|(_, row)| row.as_slice()).collect();
    let typed = typed_columns(&data, width);
    let columns = typed.iter().filter(|typed| **typed).count();
    let worded = (0..width)
        .filter(|&i| typed[i] && second.get(i).is_some_and(|cell| is_name(cell)))
        .count();
    let any_typed = second.iter().any(|cell| is_typed(cell));
    let needed = columns.div_ceil(2).max(1);
    // Names do not stand again below them; the words of a row of data do.
    let is_again_below =
        |i: usize, cell: &String| is_name(cell) && data.iter().any(|row| row.get(i) == Some(cell));
    let again = second.iter().enumerate();
    let again = again.filter(|(i, cell)| is_again_below(*i, cell)).count();
    let named = second.iter().filter(|cell| is_name(cell)).count();
    (columns > 0 && worded >= needed && !any_typed && again * 2 <= named)
        .then(|| format!("the second row has words in {worded} of the {columns} columns that hold numbers or dates below it"))
}

/// Names of two rows put together; an upper name stands for the columns to its right that have none.
fn joined(upper: &[String], lower: &[String], width: usize) -> Vec<String> {
    let mut last = "";
    (0..width)
        .map(|i| {
            let above = upper.get(i).map_or("", |cell| cell.trim());
            if !above.is_empty() {
                last = above;
            }
            let below = lower.get(i).map_or("", |cell| cell.trim());
            match (last, below) {
                ("", name) | (name, "") => name.to_owned(),
                (above, below) => format!("{above} {below}"),
            }
        })
        .collect()
}

/// Which columns hold numbers, dates or times in most filled rows.
fn typed_columns(rows: &[&[String]], width: usize) -> Vec<bool> {
    (0..width)
        .map(|i| {
            let cells: Vec<&String> = rows
                .iter()
                .filter_map(|row| row.get(i))
                .filter(|cell| !super::is_blank_or_missing(cell))
                .collect();
            let typed = cells.iter().filter(|cell| is_typed(cell)).count();
            !cells.is_empty() && typed * 10 >= cells.len() * 9
        })
        .collect()
}

/// Whether a cell is a year that stands over numbers of another kind: the name of its column.
fn is_year_over_others(cell: &str, column: usize, rows: &[&[String]]) -> bool {
    let is_year = |cell: &str| {
        cell.trim()
            .parse::<u16>()
            .is_ok_and(|year| (1900..=2100).contains(&year))
    };
    let below: Vec<&String> = rows.iter().filter_map(|row| row.get(column)).collect();
    is_year(cell) && below.iter().filter(|cell| is_year(cell)).count() * 2 < below.len()
}

fn is_name(cell: &str) -> bool {
    !super::is_blank_or_missing(cell) && !is_typed(cell)
}

/// A number, a date or a time of day.
fn is_typed(cell: &str) -> bool {
    let cell = cell.trim();
    let number = cell
        .trim_start_matches(['±', '$', '-', '+'])
        .trim_end_matches('%')
        .replace([',', '.'], "");
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    if is_shaped_like_a_date(cell) {
        return true;
    }
    let mut dates = DateTally::default();
    dates.take(cell, 1, 0);
    dates.fit + dates.time_only > 0
}

/// Three numbers with the same mark between them: what a date looks like, be there such a day or not.
fn is_shaped_like_a_date(cell: &str) -> bool {
    ['-', '/', '.'].into_iter().any(|mark| {
        let parts: Vec<&str> = cell.split(mark).collect();
        parts.len() == 3
            && parts.iter().all(|part| {
                (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(text: &str) -> Dialect {
        Dialect::of(
            text,
            Whole::Yes,
            &Separator::ALL.map(|(separator, _)| separator),
        )
    }

    #[test]
    fn separators_are_told_by_the_rows_they_make() {
        for (text, separator) in [
            ("a,b,c\n1,2,3\n4,5,6\n", Separator::Comma),
            ("a;b;c\n1;2,5;3\n4;5,5;6\n", Separator::Semicolon),
            ("a\tb\n1,0\t2\n3,5\t4\n", Separator::Tab),
            ("a|b\n1|2\n", Separator::Bar),
            ("a~b~c\n1~x,y~2\n1~x,z~2\n", Separator::Tilde),
            ("name,note\nx,\"a;b;c\"\ny,\"d;e\"\n", Separator::Comma),
        ] {
            assert_eq!(dialect(text).separator.value, separator, "{text:?}");
        }
    }

    #[test]
    fn decimal_commas_do_not_make_a_comma_the_separator() {
        let text = "1;2,5;3,1\n4;5,5;6,0\n7;8,5;9,9\n";
        assert_eq!(dialect(text).separator.value, Separator::Semicolon);
    }

    #[test]
    fn lines_before_the_header() {
        let text = "Records request 17\nmade for somebody, in May\n\ndate,race,searched\n2016-01-01,W,1\n2016-01-02,B,0\n2016-01-02,B,0\n";
        let dialect = dialect(text);
        assert_eq!((dialect.preamble.value, dialect.header_rows.value), (3, 1));
        assert_eq!(dialect.names, ["date", "race", "searched"]);
        let padded = "Report,,\nAll,,\nyear,race,stops\n2016,W,5\n2017,W,6\n2018,W,6\n";
        let padded = super::tests::dialect(padded);
        assert_eq!(padded.preamble.value, 2);
    }

    #[test]
    fn rows_without_a_header() {
        let dialect = dialect("1,2016-01-01,W\n2,2016-01-02,B\n");
        assert_eq!((dialect.header_rows.value, dialect.preamble.value), (0, 0));
        assert_eq!(dialect.names, ["column_1", "column_2", "column_3"]);
        let words = super::tests::dialect("x,W\nx,B\ny,W\ny,B\nx,W\n");
        assert_eq!(words.header_rows.value, 0);
        assert_eq!(
            super::tests::dialect("city,race\nx,W\nx,B\ny,W\n")
                .header_rows
                .value,
            1
        );
    }

    #[test]
    fn two_rows_of_header() {
        let census = dialect(
            "GEO_ID,NAME,B01_001E\nGeography,Name of the area,Estimate!!Total\n05001,Alpha,10\n05003,Beta,20\n",
        );
        assert_eq!(
            (census.header_rows.value, census.source),
            (2, NameSource::First)
        );
        let labels_first =
            dialect("the area,,people\ngeo,name,total\n05001,Alpha,10\n05003,Beta,20\n");
        assert_eq!(labels_first.names, ["the area", "", "people"]);
        let spread = dialect(
            ",White,,Black,\nyear,stops,searches,stops,searches\n2016,5,1,7,2\n2017,6,1,8,2\n",
        );
        assert_eq!(spread.header_rows.value, 2);
        assert_eq!(spread.source, NameSource::Study { skip_lines: 2 });
        assert_eq!(
            spread.names,
            [
                "year",
                "White stops",
                "White searches",
                "Black stops",
                "Black searches"
            ]
        );
    }

    #[test]
    fn years_as_names_are_names() {
        let dialect = dialect("purpose,2015,2016\nSpeed,104,220\nLight,15,17\n");
        assert_eq!(dialect.header_rows.value, 1);
    }

    #[test]
    fn quotes_that_enclose_nothing() {
        let text = "a~b~c\n1~5\" pipe~2\n2~\"x~2\n3~y~3\n4~z~3\n";
        assert_eq!(dialect(text).quotes.value, Quotes::Plain);
        assert_eq!(
            dialect("a,b\n\"x, y\",2\n\"z, w\",3\n").quotes.value,
            Quotes::Enclose
        );
    }
}
