//! The format that fits a header, where one does.

use std::collections::BTreeMap;

use super::draft::{inline, list, quoted};
use super::groups::FoundGroups;
use super::layout::layout;
use super::rows::Mapped;
use super::{Part, Wishes, Work, Years};
use crate::cells::GROUP;
use crate::error::Error;
use crate::ingest::sniff::{
    ColumnProfile, Confidence, FileProfile, Kind, RaceWord, is_total_word, race_word,
};
use crate::ingest::{Format, StopsConfig, shipped_formats};
use crate::number::count;
use crate::stops::{DATE, HIT, OFFICER, PLACE, SEARCHED};

/// Nine of ten rows of a column are of groups that a format or the language knows.
const KNOWN: f64 = 0.9;

/// A format whose fingerprint fits, why, and what was asked for otherwise than it says.
pub(super) struct Fit {
    named: Named,
    stops: StopsConfig,
    /// Another column of groups, with the codes of the format.
    group: Option<(String, BTreeMap<String, String>)>,
    /// Another column of places.
    place: Option<String>,
}

/// A format that fits a header, and why.
pub(super) struct Named {
    pub(super) format: &'static Format,
    pub(super) reason: String,
}

impl Named {
    /// What only a person can say of a file with these columns.
    pub(super) fn questions(&self, part: &Part) -> Vec<String> {
        let headers = part.headers();
        let questions = self.format.questions.iter();
        let concerning = questions.filter(|question| question.concerns(&headers));
        concerning
            .map(|question| question.text().to_owned())
            .collect()
    }
}

/// The format that fits a header best among those that have what is wanted: the one that asks for most names.
pub(super) fn named(profile: &FileProfile, has: impl Fn(&Format) -> bool) -> Option<Named> {
    let headers = headers(profile);
    let fits = |format: &&Format| has(format) && format.fingerprint.fits(&headers);
    let mut fitting: Vec<&'static Format> = shipped_formats().ok()?.iter().filter(fits).collect();
    fitting.sort_by_key(|format| std::cmp::Reverse(format.fingerprint.all.len()));
    let (format, others) = fitting.split_first()?;
    Some(Named {
        reason: why(format, others),
        format,
    })
}

fn why(format: &Format, others: &[&Format]) -> String {
    let mut reason = format!(
        "its header has {}, as {} writes it; the description was held {}",
        format.fingerprint.all.join(", "),
        format.publisher,
        format.checked.words()
    );
    let others: Vec<&str> = others.iter().map(|format| format.name.as_str()).collect();
    if !others.is_empty() {
        reason.push_str(&format!("; it would also be {}", others.join(" or ")));
    }
    reason
}

/// The format of rows of stops that fits, with what was asked for. A column of groups that is no such column to the
/// format, and holds none of its words, is mapped without it.
pub(super) fn fit(profile: &FileProfile, wishes: &Wishes) -> Option<Fit> {
    let named = named(profile, |format| format.stops.is_some())?;
    let stops = named.format.stops.clone()?;
    let mut fit = Fit {
        named,
        stops,
        group: None,
        place: None,
    };
    let is_source = |fit: &Fit, name: &str, wanted: &str| {
        let sources = fit.sources(name, profile);
        sources.iter().any(|column| column.name == wanted)
    };
    if let Some(wanted) = &wishes.group
        && !is_source(&fit, GROUP, wanted)
    {
        fit.group = Some((wanted.clone(), fit.codes_of(wanted, profile)?));
    }
    fit.place = wishes
        .by
        .clone()
        .filter(|wanted| !is_source(&fit, PLACE, wanted));
    Some(fit)
}

fn headers(profile: &FileProfile) -> Vec<String> {
    profile
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect()
}

impl Fit {
    /// What the values of another column of groups mean: by the codes of the format, or by the words for groups.
    fn codes_of(&self, wanted: &str, profile: &FileProfile) -> Option<BTreeMap<String, String>> {
        let column = profile.columns.iter().find(|own| own.name == wanted)?;
        let values = column.kept.as_ref()?;
        let rules = self.stops.column(GROUP)?.rules();
        let group_of = |value: &str| {
            let coded = rules.iter().find_map(|rule| rule.codes.get(value));
            coded.cloned().or_else(|| match race_word(value) {
                Some(RaceWord::Group(group)) => Some(group.to_owned()),
                _ => None,
            })
        };
        let codes: BTreeMap<String, String> = values
            .keys()
            .filter_map(|value| Some((value.trim().to_owned(), group_of(value.trim())?)))
            .collect();
        let (mut known, mut all) = (0, 0);
        for (value, rows) in values {
            let says_nothing = crate::ingest::sniff::is_missing_word(value) || is_total_word(value);
            all += if says_nothing { 0 } else { *rows };
            known += if codes.contains_key(value.trim()) {
                *rows
            } else {
                0
            };
        }
        (known > 0 && known as f64 >= KNOWN * all as f64).then_some(codes)
    }

    /// The columns of the file that a canonical column comes from.
    fn sources<'p>(&self, name: &str, profile: &'p FileProfile) -> Vec<&'p ColumnProfile> {
        let names: Vec<&str> = self
            .stops
            .column(name)
            .iter()
            .flat_map(|source| source.rules())
            .flat_map(|rule| rule.names())
            .collect();
        let is_named = |column: &&ColumnProfile| names.contains(&column.name.as_str());
        profile.columns.iter().filter(is_named).collect()
    }

    /// Filters for the rows of groups of whom the baseline has nobody: the format names those groups, so that they are not
    /// unlisted. A rule decides where none before it does.
    fn filters(&self, without: &[String], profile: &FileProfile) -> Vec<String> {
        let asked = self.group.as_ref();
        let rules: Vec<(&ColumnProfile, &BTreeMap<String, String>)> = match asked {
            Some((name, codes)) => {
                let own = profile.columns.iter().find(|own| own.name == *name);
                own.map(|own| (own, codes)).into_iter().collect()
            }
            None => {
                let rules = self.stops.column(GROUP);
                let rules = rules.iter().flat_map(|source| source.rules());
                rules
                    .filter_map(|rule| {
                        let mut columns = profile.columns.iter();
                        let own = columns.find(|own| rule.names().any(|name| name == own.name))?;
                        Some((own, &rule.codes))
                    })
                    .collect()
            }
        };
        let mut filters = Vec::new();
        for (i, (column, codes)) in rules.iter().enumerate() {
            let values: Vec<&str> = column
                .kept
                .iter()
                .flat_map(|kept| kept.keys())
                .filter(|value| {
                    let group = codes.get(value.trim()).map_or(value.trim(), String::as_str);
                    without.iter().any(|own| own == group)
                })
                .map(String::as_str)
                .collect();
            if values.is_empty() {
                continue;
            }
            let mut fits = vec![(column.name.clone(), list(values.iter().copied()))];
            for (earlier, codes) in &rules[..i] {
                let decided = codes.keys().map(String::as_str);
                let none = inline(&[("not".into(), list(decided))]);
                fits.push((earlier.name.clone(), none));
            }
            let words: Vec<String> = values
                .iter()
                .map(|value| format!("`{}`", value.trim()))
                .collect();
            let rule = format!("no people in the baseline: {}", words.join(", "));
            filters.push(inline(&[
                ("drop".into(), quoted(&rule)),
                ("where".into(), inline(&fits)),
            ]));
        }
        filters
    }

    /// The groups with their rows, as the codes of the format read the values.
    fn groups(&self, profile: &FileProfile) -> FoundGroups {
        let mut found = FoundGroups {
            labels: self.named.format.groups.labels.clone(),
            all: profile.rows,
            ..FoundGroups::default()
        };
        if let Some((name, codes)) = &self.group {
            let column = profile.columns.iter().find(|own| own.name == *name);
            found.take_with(column, codes);
            return found;
        }
        let rules = self
            .stops
            .column(GROUP)
            .map_or(&[][..], |source| source.rules());
        for (i, rule) in rules.iter().enumerate() {
            let is_last = i + 1 == rules.len();
            let of_rule = |column: &&ColumnProfile| rule.names().any(|name| name == column.name);
            let Some(column) = profile.columns.iter().find(of_rule) else {
                continue;
            };
            if is_last && column.blank > 0 {
                found.unknown.insert(String::new(), column.blank);
            }
            for (value, rows) in column.kept.iter().flatten() {
                let group = rule
                    .codes
                    .get(value.trim())
                    .map_or(value.trim(), String::as_str);
                if found.labels.contains_key(group) {
                    *found.rows.entry(group.to_owned()).or_default() += rows;
                } else if is_last {
                    *found.unknown.entry(value.clone()).or_default() += rows;
                }
            }
        }
        found
    }
}

impl Work<'_> {
    /// Rows of a publisher whose format is known.
    pub(super) fn rows_of_a_format(&mut self, fit: &Fit) -> Result<(), Error> {
        let profile = &self.main.profile;
        let headers = headers(profile);
        let has = |name: &str| {
            let source = fit.stops.column(name);
            source.is_some_and(|source| source.fits(&headers))
        };
        let mut groups = fit.groups(profile);
        let dates = fit.sources(DATE, profile);
        let date = dates.iter().find_map(|column| match &column.kind.value {
            Kind::Date(date) => Some(date.clone()),
            _ => None,
        });
        let of_year = |column: &&&ColumnProfile| column.kind.value == Kind::Year;
        let years = dates.iter().find(of_year).and_then(|year| years_in(year));
        let time = match (&date, years) {
            (None, Some(years)) => Ok(years),
            _ => self.years_of_rows(dates.first().copied()),
        };
        let baseline = self.baseline(&mut groups, time)?;
        let mapped = Mapped {
            date,
            searched: has(SEARCHED),
            hit: has(HIT),
            officer: has(OFFICER),
            rows_are: fit.stops.rows_are().to_owned(),
            questions: fit.named.questions(self.main),
            ..Mapped::default()
        };
        self.captions(&mapped);
        self.write_groups(&groups)?;
        if baseline.is_some() {
            self.periods(&mapped);
        }
        self.write_format(fit, &groups, baseline.is_some() && mapped.date.is_none());
        self.ask_about_columns_together(fit);
        self.after_the_rows(&groups, &mapped, baseline.as_ref());
        Ok(())
    }

    /// Writes `[[stops]]`.
    fn write_format(&mut self, fit: &Fit, groups: &FoundGroups, by_year: bool) {
        let profile = &self.main.profile;
        let format = fit.named.format;
        self.draft.table("[[stops]]");
        let files = self.main.files.iter().map(String::as_str);
        self.draft.key(
            "files",
            list(files),
            Confidence::Certain,
            format!("{} rows", count(profile.rows)),
        );
        self.draft.key(
            "format",
            quoted(&format.name),
            Confidence::Likely,
            fit.named.reason.clone(),
        );
        layout(&mut self.draft, profile);
        if by_year {
            let reason = "no date tells how long the rows go on: a place counts in the years of which it has rows";
            let with_rows = quoted("with_rows");
            self.draft
                .key("covered", with_rows, Confidence::Doubtful, reason);
        }
        let without: Vec<String> = groups.without_people().into_iter().cloned().collect();
        let filters = fit.filters(&without, profile);
        if !filters.is_empty() {
            let reason = format!(
                "the baseline has nobody of {}: the rows stand in the account, and in no number",
                without.join(", ")
            );
            let filters = format!("[{}]", filters.join(", "));
            self.draft
                .key("filter", filters, Confidence::Likely, reason);
        }
        let asked = [
            (GROUP, fit.group.as_ref().map(|(name, _)| name)),
            (PLACE, fit.place.as_ref()),
        ];
        for (what, name) in [
            ("groups", GROUP),
            ("dates", DATE),
            ("places", PLACE),
            ("searches", SEARCHED),
            ("hits", HIT),
        ] {
            if asked
                .iter()
                .any(|(own, asked)| *own == name && asked.is_some())
            {
                continue;
            }
            let columns: Vec<String> = fit
                .sources(name, profile)
                .iter()
                .map(|column| format!("`{}`", column.name))
                .collect();
            let said = match columns.as_slice() {
                [] => format!("The format finds no column of {what} in this file."),
                columns => format!("The format takes {what} from {}.", columns.join(", ")),
            };
            self.draft.remark(said);
        }
        if !format.not_recorded.is_empty() {
            self.draft.remark(format!(
                "Not recorded by {}: {}.",
                format.publisher,
                format.not_recorded.join("; ")
            ));
        }
        if asked.iter().any(|(_, asked)| asked.is_some()) {
            self.draft.table("[stops.columns]");
        }
        if let Some((name, codes)) = &fit.group {
            let codes: Vec<(String, String)> = codes
                .iter()
                .map(|(value, group)| (value.clone(), quoted(group)))
                .collect();
            let rule = inline(&[
                ("column".into(), quoted(name)),
                ("codes".into(), inline(&codes)),
            ]);
            let reason =
                "asked for; its values mean what they mean in the column that the format takes";
            self.draft.key(GROUP, rule, Confidence::Likely, reason);
        }
        if let Some(name) = &fit.place {
            self.draft
                .key(PLACE, quoted(name), Confidence::Certain, "asked for");
        }
    }

    /// One column was asked for, and the format reads it together with others.
    fn ask_about_columns_together(&mut self, fit: &Fit) {
        let sources = fit.sources(GROUP, &self.main.profile);
        if let (Some(asked), None, true) = (&self.wishes.group, &fit.group, sources.len() > 1) {
            let names: Vec<String> = sources
                .iter()
                .map(|column| format!("`{}`", column.name))
                .collect();
            self.questions.push(format!(
                "Are the groups those of {} together, as the format {} reads them, or those of `{asked}` alone? They were read together: `group` under [stops.columns] says otherwise.",
                names.join(" and "),
                fit.named.format.name
            ));
        }
    }
}

/// The years that a column holds.
pub(super) fn years_in(column: &ColumnProfile) -> Option<Years> {
    let values = column.kept.as_ref()?.keys();
    let years: Vec<i16> = values
        .filter_map(|value| value.trim().parse().ok())
        .collect();
    Some(Years {
        first: *years.iter().min()?,
        last: *years.iter().max()?,
        is_key: true,
    })
}
