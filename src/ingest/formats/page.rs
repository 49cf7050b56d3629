//! The page of a format, as `explain` prints it: everything that its file says, in words, and a first study that uses it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Format, Question};
use crate::cells::OneOrMany;
use crate::ingest::column::{ColumnRule, ColumnSource, ReadAs};
use crate::ingest::row_counts::OutOf;
use crate::ingest::stops::{Columns, StopsConfig, UnclearRule};
use crate::stops::SEARCHED;

impl Format {
    /// The page of the format, in Markdown.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = format!(
            "# {}\n\n{}, as published by {}. Read by `[[{}]]`.\n\n{}\n\n- Layout documented at: {}\n- This description was checked {}.\n",
            self.name,
            self.title,
            self.publisher,
            self.table(),
            self.about,
            self.source,
            self.checked.words()
        );
        section(&mut page, "Known by its header", &self.known_by());
        if let Some(stops) = &self.stops {
            page.push_str(&stops_sections(stops, self.layout()));
        } else if let Some(at) = self.text.find(&format!("\n[{}", self.table())) {
            let _ = write!(
                page,
                "\n## What it says\n\n```toml\n{}```\n",
                &self.text[at + 1..]
            );
        }
        section(&mut page, "Groups", &self.group_lines());
        section(&mut page, "Not recorded", &self.not_recorded);
        let title = "Cautions, printed beside every number";
        section(&mut page, title, &self.cautions);
        let questions: Vec<&str> = self.questions.iter().map(Question::text).collect();
        section(&mut page, "What only you can say", &questions);
        let title = match self.stops {
            Some(_) => "A first study",
            None => "In a study",
        };
        let study = self.first_study();
        let _ = write!(page, "\n## {title}\n\n```toml\n{study}```\n");
        page
    }

    /// A small study that uses the format, or its table in one.
    #[must_use]
    pub fn first_study(&self) -> String {
        let reference = self.groups.reference.as_deref().unwrap_or("white");
        let compare = if self.groups.compare.is_empty() {
            vec!["black".to_owned(), "hispanic".to_owned()]
        } else {
            self.groups.compare.clone()
        };
        let unknown = if self.groups.labels.is_empty() {
            "unknown   = \"other\"      # groups that are not listed here are counted together\n"
        } else {
            "unknown   = \"missing\"    # unlisted codes are left out and counted in the ledger\n"
        };
        let head = format!(
            "format = 1\ntitle  = \"A first look\"\n\n[groups]\nreference = \"{reference}\"\ncompare   = {compare:?}\n{unknown}"
        );
        let table = self.table();
        match &self.stops {
            None => format!("[[{table}]]\nformat = \"{}\"\n", self.name),
            Some(stops) if stops.column(SEARCHED).is_some() => format!(
                "{head}\n[[stops]]\nformat = \"{}\"\nfiles  = [\"stops.csv\"]\n\n[[disparity]]\ncounts = \"searches\"\n",
                self.name
            ),
            Some(stops) => format!(
                "{head}\n[[stops]]\nformat = \"{}\"\nfiles  = [\"stops.csv\"]\nyears  = 1.0              # how long the rows go on\n\n[[population]]\nname     = \"residents\"\nfile     = \"people.csv\"   # group,people\ncolumns  = {{ group = \"group\", population = \"people\" }}\nuniverse = \"residents\"\nvintage  = \"2020\"\n\n[[disparity]]\ncounts     = \"{}\"\npopulation = \"residents\"\n",
                self.name,
                stops.rows_are()
            ),
        }
    }

    fn known_by(&self) -> Vec<String> {
        let print = &self.fingerprint;
        [
            ("every one of", &print.all),
            ("at least one of", &print.any),
            ("none of", &print.none),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(which, names)| format!("{which} {}", quoted(names)))
        .collect()
    }

    fn group_lines(&self) -> Vec<String> {
        let labels = self.groups.labels.iter();
        labels
            .map(|(name, label)| format!("`{name}`: {label}"))
            .collect()
    }

    /// The layout as the file writes it.
    fn layout(&self) -> Option<String> {
        let file: toml::Table = self.text.parse().ok()?;
        let layout = file.get(self.table())?.get("layout")?;
        Some(layout.to_string())
    }
}

fn section(page: &mut String, title: &str, lines: &[impl std::fmt::Display]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "\n## {title}\n\n");
    for line in lines {
        let _ = writeln!(page, "- {line}");
    }
}

fn stops_sections(stops: &StopsConfig, layout: Option<String>) -> String {
    let mut page = String::new();
    let mut rows = Vec::new();
    if let Some(unit) = stops.unit {
        rows.push(format!(
            "a row is one {}, and the counts of all rows are `{}`",
            unit.noun(),
            stops.rows_are()
        ));
    }
    rows.extend(layout.map(|layout| format!("the files are written so: `layout = {layout}`")));
    if let Some(zone) = &stops.timezone {
        let clock = if stops.utc {
            "dates state universal time and are turned into the clock of"
        } else {
            "dates and times are those of the clock of"
        };
        rows.push(format!("{clock} {}", zone.get_ref()));
    }
    if !stops.missing.is_empty() {
        let words = quoted(&stops.missing);
        rows.push(format!(
            "in every mapped column nothing is known where it says {words}"
        ));
    }
    let filters = stops.filter.iter();
    rows.extend(filters.map(|filter| {
        let columns: Vec<String> = filter.fits.keys().cloned().collect();
        format!("rows are left out by {}: {}", quoted(&columns), filter.drop)
    }));
    for join in &stops.join {
        rows.push(format!(
            "`{}` is joined as `{}`: a row of it belongs to the row with the same {}{}",
            join.file.get_ref(),
            join.name.get_ref(),
            quoted(&join.on.values().cloned().collect::<Vec<_>>()),
            match join.fits.len() {
                0 => String::new(),
                _ => format!(
                    ", and only some of its rows count, by {}",
                    quoted(&join.fits.keys().cloned().collect::<Vec<_>>())
                ),
            }
        ));
    }
    section(&mut page, "Rows", &rows);
    section(&mut page, "Columns", &sources(stops.columns.get_ref()));
    section(&mut page, "Keys", &sources(&stops.keys));
    let further = stops.counts.iter().map(|counts| {
        let rules = counts.column.get_ref().rules();
        let rules: Vec<String> = rules
            .iter()
            .map(|rule| described(rule, ReadAs::YesOrNo))
            .collect();
        let part = match counts.out_of {
            OutOf::Rows => "rows",
            OutOf::Searches => "searches",
        };
        format!(
            "`{}` out of {part}: {}",
            counts.name.get_ref(),
            rules.join("; or ")
        )
    });
    section(&mut page, "Further counts", &further.collect::<Vec<_>>());
    page
}

fn sources(columns: &Columns) -> Vec<String> {
    let line = |(name, source): (&toml::Spanned<String>, &ColumnSource)| {
        let kind = ReadAs::of(name.get_ref());
        let rules: Vec<String> = source
            .rules()
            .iter()
            .map(|rule| described(rule, kind))
            .collect();
        let name = name.get_ref();
        match (rules.as_slice(), kind) {
            ([one], _) => format!("`{name}`: {one}"),
            (several, ReadAs::YesOrNo) => {
                format!(
                    "`{name}`, where one says yes:\n  - {}",
                    several.join("\n  - ")
                )
            }
            (several, ReadAs::Bases) => {
                format!(
                    "`{name}`, of which each adds its own:\n  - {}",
                    several.join("\n  - ")
                )
            }
            (several, _) => format!(
                "`{name}`, by the first that lists the value:\n  - {}",
                several.join("\n  - ")
            ),
        }
    };
    columns.iter().map(line).collect()
}

/// One rule in words.
fn described(rule: &ColumnRule, kind: ReadAs) -> String {
    let mut parts = vec![place_of(rule)];
    if !rule.with.is_empty() {
        parts.push(format!("with {} after it", quoted(&rule.with)));
    }
    if let Some(first) = rule.first {
        let characters = if first == 1 {
            "character"
        } else {
            "characters"
        };
        parts.push(format!("its first {first} {characters} only"));
    }
    if let [_, ..] = rule.layouts() {
        parts.push(match kind {
            ReadAs::Age => "the year of birth, from which the age is made".to_owned(),
            _ => format!("written as {}", quoted(rule.layouts())),
        });
    }
    let mut by_target: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (raw, target) in &rule.codes {
        by_target.entry(target).or_default().push(raw.clone());
    }
    let codes = by_target.iter();
    parts.extend(codes.map(|(target, raws)| format!("{target} from {}", quoted(raws))));
    for (words, meaning) in [(&rule.yes, "yes"), (&rule.no, "no")] {
        if let Some(words) = words.as_ref().filter(|words| !words.is_empty()) {
            parts.push(format!("{meaning} from {}", quoted(words)));
        }
    }
    if !rule.missing.is_empty() {
        parts.push(format!("not known from {}", quoted(&rule.missing)));
    }
    parts.extend(rule.unclear.map(|unclear| {
        let meaning = match unclear {
            UnclearRule::No => "no",
            UnclearRule::Yes => "yes",
            UnclearRule::Missing => "not known",
            UnclearRule::Error => "an error",
        };
        format!("anything else is {meaning}")
    }));
    parts.join("; ")
}

fn place_of(rule: &ColumnRule) -> String {
    match (&rule.column, &rule.is) {
        (Some(OneOrMany::Many(names)), _) if names.len() > 1 => {
            format!("the first of {} that the file has", quoted(names))
        }
        (Some(names), _) => quoted(names.values()),
        (None, Some(is)) => format!("`{is}` in every row"),
        (None, None) => format!("any of {}", quoted(&rule.any)),
    }
}

/// Names or values in a sentence; a blank is called blank.
fn quoted(words: &[String]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| match word.trim() {
            "" => "a blank".to_owned(),
            _ => format!("`{word}`"),
        })
        .collect();
    quoted.join(", ")
}
