//! Searches and hits: which columns say yes and no.

use super::super::draft::{inline, list, quoted};
use super::super::sound;
use super::{Line, Mapping};
use crate::ingest::OutcomeCodes;
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Example, Kind, boolean_word, has_word, is_missing_word,
};
use crate::number::count;

impl<'a> Mapping<'a> {
    pub(super) fn outcomes(&mut self) {
        let columns = self.columns();
        let yes_no = |wanted: &[&str], unwanted: &[&str]| -> Vec<&'a ColumnProfile> {
            let fits = |column: &&ColumnProfile| {
                let words = column.words();
                matches!(column.kind.value, Kind::YesNo { .. })
                    && has_word(&words, wanted)
                    && !has_word(&words, unwanted)
            };
            columns.iter().filter(fits).collect()
        };
        let not_a_search = [
            "consent",
            "requested",
            "asked",
            "authority",
            "authorization",
            "basis",
            "reason",
            "type",
            "warrant",
            "contraband",
            "found",
            "dog",
            "passenger",
            "search_id",
            "given",
            "by",
        ];
        let searches = one_if_exact(
            yes_no(&["search", "searched", "searches"], &not_a_search),
            &[
                "search_conducted",
                "searched",
                "driver_searched",
                "search",
                "searchconducted",
            ],
        );
        self.ask_about_odd_answers();
        if searches.is_empty() {
            if let Some(line) = self.kind_of_search() {
                self.ask(
                    "Is nobody searched where the kind of search is blank? It was taken so.".into(),
                );
                self.lines.push(line);
                self.mapped.searched = true;
            }
        } else {
            let line = self.yes_no_line("searched", &searches);
            self.lines.push(line);
            self.mapped.searched = true;
        }
        let hits = one_if_exact(
            yes_no(
                &["contraband", "hit", "contrabn"],
                &[
                    "drugs",
                    "drug",
                    "weapons",
                    "weapon",
                    "alcohol",
                    "money",
                    "other",
                    "type",
                    "destroyed",
                ],
            ),
            &[
                "contraband_found",
                "contraband",
                "hit",
                "ContrabandIndicator",
            ],
        );
        if hits.is_empty() || !self.mapped.searched {
            return;
        }
        let line = self.yes_no_line("hit", &hits);
        self.lines.push(line);
        self.mapped.hit = true;
    }

    /// Columns of yes and no in which a few rows say something else: left out, and never in silence.
    fn ask_about_odd_answers(&mut self) {
        let named = [
            "search",
            "searched",
            "contraband",
            "hit",
            "frisk",
            "frisked",
            "arrest",
            "arrested",
        ];
        for column in self.columns() {
            let may_be = match column.kind.value {
                Kind::Category | Kind::Text => true,
                Kind::Count | Kind::Number => has_word(&column.words(), &named),
                _ => false,
            };
            if let Some(odd) = may_be.then(|| odd_answers(column)).flatten() {
                self.ask(format!(
                    "What does {odd} mean in `{}`? All other values are yes or no. The column was left out because of it: mend the file, or say what it means.",
                    column.name
                ));
            }
        }
    }

    /// A column that names the kind of search where there was one.
    fn kind_of_search(&self) -> Option<Line> {
        let column = self.columns().iter().find(|column| {
            let words = column.words();
            column.kind.value == Kind::Category
                && has_word(&words, &["search"])
                && has_word(&words, &["type", "basis", "kind"])
                && column.blank > column.filled
        })?;
        let rule = [
            ("column".to_owned(), quoted(&column.name)),
            ("no".into(), list([""])),
            ("unclear".into(), quoted("yes")),
        ];
        let reason = format!(
            "{} rows name a kind of search and {} are blank; a blank was taken for no search",
            count(column.filled),
            count(column.blank)
        );
        Some(Line {
            key: "searched",
            value: inline(&rule),
            confidence: Confidence::Doubtful,
            reason,
        })
    }

    fn yes_no_line(&mut self, key: &'static str, columns: &[&ColumnProfile]) -> Line {
        let known = OutcomeCodes::default();
        let mut parts = match columns {
            [one] => vec![("column".to_owned(), quoted(&one.name))],
            several => vec![(
                "any".to_owned(),
                list(several.iter().map(|column| column.name.as_str())),
            )],
        };
        let (mut yes, mut no): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for column in columns {
            if let Kind::YesNo {
                yes: own_yes,
                no: own_no,
            } = &column.kind.value
            {
                yes.extend(
                    own_yes
                        .iter()
                        .filter(|word| !yes.contains(word))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                no.extend(
                    own_no
                        .iter()
                        .filter(|word| !no.contains(word))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
        }
        if yes.iter().any(|word| !known.yes.contains(word))
            || no.iter().any(|word| !known.no.contains(word))
        {
            parts.push(("yes".into(), list(yes.iter().map(String::as_str))));
            parts.push(("no".into(), list(no.iter().map(String::as_str))));
        }
        let unclear: u64 = columns
            .iter()
            .map(|column| column.blank + column.missing.iter().map(|(_, rows)| rows).sum::<u64>())
            .sum();
        let mut reason = columns
            .iter()
            .map(|column| format!("`{}`: {}", column.name, column.kind.reason))
            .collect::<Vec<_>>()
            .join("; ");
        if columns.len() > 1 {
            reason.push_str("; one yes is enough");
        }
        if unclear > 0 {
            parts.push(("unclear".into(), quoted("missing")));
            reason.push_str(&format!(
                "; {} values say neither: taken as not known, and left out of this outcome",
                count(unclear)
            ));
            if key == "searched" {
                self.ask(format!("What does a blank in {} mean: no search, or not recorded? It was taken as not recorded.", columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")));
            }
        }
        let value = match parts.as_slice() {
            [(key, value)] if key == "column" => value.clone(),
            parts => inline(parts),
        };
        let confidence = if columns.len() == 1 && unclear == 0 {
            Confidence::Likely
        } else {
            Confidence::Doubtful
        };
        Line {
            key,
            value,
            confidence,
            reason,
        }
    }
}

/// The values beside yes and no, with their rows and first lines, where they are in at most one row of twenty.
fn odd_answers(column: &ColumnProfile) -> Option<String> {
    let values = column.kept.as_ref()?.iter();
    let said = values.filter(|(value, _)| !is_missing_word(value.trim()));
    let (plain, odd): (Vec<_>, Vec<_>) = said.partition(|(value, _)| boolean_word(value).is_some());
    let says = |meaning| {
        let mut plain = plain.iter();
        plain.any(|(value, _)| boolean_word(value) == Some(meaning))
    };
    let rows = |values: &[(&String, &u64)]| values.iter().map(|(_, rows)| **rows).sum::<u64>();
    let are_few = !odd.is_empty() && rows(&odd) * 20 <= column.filled;
    if !(are_few && says(true) && says(false)) {
        return None;
    }
    let shown = odd.iter().take(5).map(|(value, rows)| {
        let first = Example {
            value: value.trim().to_owned(),
            line: column.first_lines.get(*value).copied().unwrap_or_default(),
        };
        let rows = match rows {
            1 => "1 row".to_owned(),
            rows => format!("{} rows", count(**rows)),
        };
        format!("{} ({rows})", sound::shown(&first))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    Some(match odd.len() {
        0..=5 => shown,
        more => format!("{shown} and {} other values", more - 5),
    })
}

/// One column alone where it has a name that says all.
fn one_if_exact<'a>(columns: Vec<&'a ColumnProfile>, exact: &[&str]) -> Vec<&'a ColumnProfile> {
    let found = columns.iter().copied().find(|column| {
        exact
            .iter()
            .any(|name| column.name.eq_ignore_ascii_case(name))
    });
    found.map_or(columns, |column| vec![column])
}
