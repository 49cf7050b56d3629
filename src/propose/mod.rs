//! A study for files that nobody has described: what was found in them, put into the words of a study.
//!
//! For `init` and `rates`. Nothing is decided in silence: every line has its reason and how sure it is, and what the files
//! cannot say is asked at the end.

mod draft;
mod formats;
mod groups;
mod people;
mod published;
mod questions;
mod register;
mod rows;

use serde::Serialize;

pub use draft::{Draft, Entry};

use crate::error::{DataFault, Error};
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Container, FileProfile, Guess, Kind, NameSource, Quotes, TableKind,
};
use crate::ingest::{Separator, TextEncoding};
use crate::number::count;
use draft::quoted;
use groups::{FoundGroups, GroupColumns};
use rows::{Mapped, Mapping};

/// Files that are read as one, and what was found in them.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// The files, relative to the study.
    pub files: Vec<String>,
    /// What was found.
    pub profile: FileProfile,
}

/// What whoever asks has said already.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The column of groups.
    pub group: Option<String>,
    /// The column of places.
    pub by: Option<String>,
    /// The group that others are compared with.
    pub reference: Option<String>,
    /// The column of events, of published counts.
    pub events: Option<String>,
    /// The column of what they are counted out of.
    pub trials: Option<String>,
    /// The column of people in the baseline.
    pub population_column: Option<String>,
    /// The column of groups in the baseline.
    pub population_group: Option<String>,
    /// Rates only, and no further questions.
    pub rates_only: bool,
}

/// The files by what they are.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Parts {
    /// Rows of stops, or published counts.
    pub main: Option<Part>,
    /// The baseline.
    pub population: Option<Part>,
    /// The register of agreements.
    pub agreements: Option<Part>,
}

/// A proposed study.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// Its lines.
    pub study: Draft,
    /// What only a person can say.
    pub questions: Vec<String>,
    /// Why it cannot run as it is, where that is known already.
    pub missing: Vec<String>,
}

impl Proposal {
    /// The study file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut draft = self.study.clone();
        if !self.missing.is_empty() {
            draft.table("# What is missing before this study runs");
            self.missing
                .iter()
                .for_each(|missing| draft.remark(format!("- {missing}")));
        }
        if !self.questions.is_empty() {
            draft.table("# What only a person can say");
            self.questions
                .iter()
                .for_each(|question| draft.remark(format!("- {question}")));
        }
        draft.text()
    }
}

/// Puts a study together.
///
/// # Errors
/// No file is of rows or counts; a column that was asked for is not there.
pub fn propose(parts: &Parts, wishes: &Wishes) -> Result<Proposal, Error> {
    let Some(main) = &parts.main else {
        let others = [&parts.population, &parts.agreements];
        let looks_like: Vec<String> = others
            .into_iter()
            .flatten()
            .map(|part| format!("{}: {}", part.files.join(", "), part.profile.table.reason))
            .collect();
        return Err(Error::bundle(
            format!(
                "no file holds rows of stops or counts of them ({})",
                looks_like.join("; ")
            ),
            "name a file with stops beside it; a population or a register of agreements alone makes no study",
        ));
    };
    asked_for_are_there(parts, main, wishes)?;
    let mut work = Work::new(parts, main, wishes);
    work.head();
    work.ask_about_containers();
    if main.profile.table.value == TableKind::Counts || wishes.events.is_some() {
        work.counts();
    } else {
        work.rows();
    }
    Ok(work.finish())
}

/// The proposal in the making.
struct Work<'a> {
    parts: &'a Parts,
    main: &'a Part,
    wishes: &'a Wishes,
    draft: Draft,
    questions: Vec<String>,
    missing: Vec<String>,
}

impl<'a> Work<'a> {
    fn new(parts: &'a Parts, main: &'a Part, wishes: &'a Wishes) -> Self {
        Self {
            parts,
            main,
            wishes,
            draft: Draft::default(),
            questions: Vec::new(),
            missing: Vec::new(),
        }
    }

    fn head(&mut self) {
        let command = if self.wishes.rates_only {
            "rates"
        } else {
            "init"
        };
        self.draft.remark(format!("Written by `evenhand {command}` from what it found in the files. Every line is followed by how sure it is and why; what the files cannot say stands at the end."));
        self.draft.fixed("format", "1".into(), "");
        let name = self
            .main
            .files
            .first()
            .map_or("", |file| file.rsplit('/').next().unwrap_or(file));
        let title = match self.main.files.len() {
            1 => format!("First look at {name}"),
            files => format!("First look at {name} and {} more", files - 1),
        };
        self.draft.fixed(
            "title",
            quoted(&title),
            "change it: it is printed above the report",
        );
    }

    /// What the baseline's columns are, where there is one.
    fn baseline(&mut self, groups: &mut FoundGroups) -> Option<people::Baseline<'a>> {
        let part = self.parts.population.as_ref()?;
        let baseline = people::Baseline::of(part, self.main, self.wishes);
        if let Some(baseline) = &baseline
            && baseline.place.is_none()
            && baseline.has_several_places()
        {
            self.missing.push(format!(
                "places that the files name alike: no column of {} has a value that stands in a column of places of {} too",
                part.files.join(", "),
                self.main.files.join(", ")
            ));
        }
        if let Some(baseline) = &baseline {
            let (values, others) = baseline.groups();
            groups.take_baseline(values, others);
        }
        baseline
    }

    /// What was not looked at.
    fn ask_about_containers(&mut self) {
        let parts = &self.parts;
        for part in [&parts.main, &parts.population, &parts.agreements]
            .into_iter()
            .flatten()
        {
            let (what, names, taken) = match &part.profile.container.value {
                Container::Zip { members, member } => ("member", members, member),
                Container::Workbook { sheets, sheet } => ("sheet", sheets, sheet),
                _ => continue,
            };
            if names.len() > 1 {
                let others: Vec<String> = names
                    .iter()
                    .filter(|name| *name != taken)
                    .map(|name| format!("`{name}`"))
                    .collect();
                self.questions.push(format!(
                    "`{taken}` was looked at. Is it the one, or should {what} be {}?",
                    others.join(" or ")
                ));
            }
        }
    }

    fn rows(&mut self) {
        if let Some(format) = formats::fit(&self.main.profile, self.wishes) {
            return self.rows_of_a_format(&format);
        }
        let table = &self.main.profile.table;
        if table.value == TableKind::Other && self.wishes.group.is_none() {
            self.missing.push(format!(
                "rows of stops, or counts of them: {}",
                table.reason
            ));
            return;
        }
        let columns = &self.main.profile.columns;
        let of_race = GroupColumns::of(columns, self.wishes);
        let Some(found) = of_race.or_else(|| GroupColumns::stopgap(columns)) else {
            self.missing.push("a column that tells groups apart: none was found. Name it under [stops.columns] as `group`, and its groups under [groups]".into());
            return;
        };
        if let Some(ethnicity) = found.unused_ethnicity {
            self.questions.push(format!(
                "Should Hispanic people be a group of their own? `{}` says who is, and was not asked for: they are counted by their race in `{}`.",
                ethnicity.name, found.race.name
            ));
        }
        if found.as_written {
            self.questions.push(format!(
                "No column of race or ethnicity was found. Which groups are to be compared? `{}` was taken, so that the rows can be counted at all.",
                found.race.name
            ));
        }
        let mut groups = found.found();
        let baseline = self.baseline(&mut groups);
        let place = baseline.as_ref().and_then(|baseline| baseline.place);
        let mapping = Mapping::of(self.main, &found, self.wishes, place);
        let mut tables = Draft::default();
        let mapped = mapping.write(&mut tables, &self.main.files);
        self.captions(&mapped);
        let mut written = Draft::default();
        if let Err(missing) = groups.write(&mut written, self.wishes) {
            self.missing.push(missing);
        }
        self.draft.append(written);
        if baseline.is_some() {
            self.periods(&mapped);
        }
        self.draft.append(tables);
        self.questions.extend(mapped.questions.iter().cloned());
        self.population(baseline.as_ref());
        self.agreements();
        self.disclosure();
        self.ask_of_rows(&mapped, baseline.is_some());
        self.ask_always(&groups, baseline.is_some());
    }

    fn captions(&mut self, mapped: &Mapped) {
        if let Some(agency) = &mapped.agency {
            self.draft.key(
                "agency",
                quoted(agency),
                Confidence::Likely,
                "the one value of the column that names the agency",
            );
        }
        if let Some((first, last)) = mapped.date.as_ref().and_then(|date| date.span) {
            self.draft.key(
                "period",
                quoted(&format!("{first} to {last}")),
                Confidence::Certain,
                "the first and the last date in the file",
            );
        }
    }

    /// One period from the first to the last day, which rates per head need.
    fn periods(&mut self, mapped: &Mapped) {
        let Some((first, last)) = mapped.date.as_ref().and_then(|date| date.span) else {
            return;
        };
        self.draft.table("[periods]");
        let value = draft::inline(&[
            ("from".into(), first.to_string()),
            ("until".into(), last.to_string()),
        ]);
        self.draft.key("all", value, Confidence::Likely, "rates per head and year need to know how long the rows go on: from the first to the last date in the file");
        self.questions.push(format!("Do the files hold every row from {first} to {last}? A month that is missing makes every rate per head too low."));
    }

    fn population(&mut self, baseline: Option<&people::Baseline<'_>>) {
        match (baseline, &self.parts.population) {
            (Some(baseline), _) => baseline.write(&mut self.draft, &mut self.questions),
            (None, Some(part)) => self.missing.push(format!(
                "a baseline: in {} no column of groups and no column of people was found",
                part.files.join(", ")
            )),
            (None, None) => {}
        }
    }

    fn agreements(&mut self) {
        if let Some(part) = &self.parts.agreements {
            register::write(&mut self.draft, part, &mut self.questions);
        }
    }

    fn disclosure(&mut self) {
        self.draft.table("[disclosure]");
        self.draft.fixed(
            "mode",
            quoted("public"),
            "small counts of persons are withheld; `court` shows and marks them",
        );
    }

    fn finish(self) -> Proposal {
        Proposal {
            study: self.draft,
            questions: self.questions,
            missing: self.missing,
        }
    }
}

/// Writes how a file is written, where it is not plain CSV in UTF-8.
fn layout(draft: &mut Draft, profile: &FileProfile) {
    let mut words = Words::default();
    match &profile.container.value {
        Container::Zip { members, member } if members.len() > 1 => {
            words.say("member", quoted(member), &profile.container);
        }
        Container::Workbook { sheets, sheet } if sheets.len() > 1 => {
            words.say("sheet", quoted(sheet), &profile.container);
        }
        _ => {}
    }
    let encoding = &profile.encoding;
    match encoding.value {
        TextEncoding::Utf8 => {}
        TextEncoding::Windows1252 => words.say("encoding", quoted("windows-1252"), encoding),
        TextEncoding::Utf16 => words.say("encoding", quoted("utf-16"), encoding),
    }
    let separator = &profile.separator;
    if separator.value != Separator::Comma {
        words.say("separator", quoted(separator.value.word()), separator);
    }
    if profile.quotes.value == Quotes::Plain {
        words.say("quotes", "false".into(), &profile.quotes);
    }
    words.header(profile);
    words.numbers(&profile.columns);
    if !words.parts.is_empty() {
        let least = words.least.unwrap_or(Confidence::Certain);
        draft.key(
            "layout",
            draft::inline(&words.parts),
            least,
            words.reasons.join("; "),
        );
    }
}

/// The words of a `layout`, each with its reason.
#[derive(Default)]
struct Words {
    parts: Vec<(String, String)>,
    reasons: Vec<String>,
    least: Option<Confidence>,
}

impl Words {
    fn say<T>(&mut self, key: &str, value: String, guess: &Guess<T>) {
        self.parts.push((key.to_owned(), value));
        if !self.reasons.contains(&guess.reason) {
            self.reasons.push(guess.reason.clone());
        }
        let least = self.least.unwrap_or(Confidence::Certain);
        self.least = Some(least.min(guess.confidence));
    }

    /// Lines before the header, its rows, and names that the study gives.
    fn header(&mut self, profile: &FileProfile) {
        let (skip, rows) = (&profile.skip_lines, &profile.header_rows);
        let NameSource::Study { skip_lines } = profile.names_from else {
            if skip.value > 0 {
                self.say("skip_lines", skip.value.to_string(), skip);
            }
            if rows.value == 2 {
                self.say("header_rows", "2".into(), rows);
            }
            if profile.names_from == NameSource::Second {
                self.say("take", quoted("second"), rows);
            }
            return;
        };
        if skip_lines > 0 {
            let reason = if rows.value == 2 {
                rows
            } else {
                &Guess::new(0, skip.confidence, skip.reason.clone())
            };
            self.say("skip_lines", skip_lines.to_string(), reason);
        }
        let names = profile.columns.iter().map(|column| column.name.as_str());
        self.say("header", draft::list(names), rows);
    }

    /// Commas and points in numbers.
    fn numbers(&mut self, columns: &[ColumnProfile]) {
        let is_number = |column: &&ColumnProfile| {
            matches!(
                column.kind.value,
                Kind::Count | Kind::Number | Kind::Population | Kind::Margin | Kind::Share
            )
        };
        let sum = |of: fn(&ColumnProfile) -> u64| -> u64 {
            columns.iter().filter(is_number).map(of).sum()
        };
        let commas = sum(|column| column.decimal_commas);
        let grouped = sum(|column| column.grouped);
        let points = sum(|column| column.points_at_thousands);
        let likely = |reason: String| Guess::new((), Confidence::Likely, reason);
        match (commas, grouped, points) {
            (0, 0, _) => {}
            (0, grouped, _) => {
                let reason = format!(
                    "{} numbers have a comma before three digits",
                    count(grouped)
                );
                self.say("thousands", quoted(","), &likely(reason));
            }
            (commas, _, points) => {
                let reason = format!(
                    "{} numbers have a comma before their decimals",
                    count(commas)
                );
                self.say("decimal", quoted(","), &likely(reason));
                if points > 0 {
                    let reason = format!(
                        "{} numbers have a point before three digits, beside decimal commas",
                        count(points)
                    );
                    self.say("thousands", quoted("."), &likely(reason));
                }
            }
        }
    }
}

/// Columns that were asked for must be there.
fn asked_for_are_there(parts: &Parts, main: &Part, wishes: &Wishes) -> Result<(), Error> {
    let of_main = [&wishes.group, &wishes.by, &wishes.events, &wishes.trials];
    let of_people = [&wishes.population_column, &wishes.population_group];
    let people = parts
        .population
        .iter()
        .flat_map(|part| of_people.iter().map(move |wish| (part, *wish)));
    for (part, wish) in of_main.iter().map(|wish| (main, *wish)).chain(people) {
        let names = || {
            part.profile
                .columns
                .iter()
                .map(|column: &ColumnProfile| column.name.as_str())
        };
        if let Some(wanted) = wish
            && !names().any(|name| name == wanted)
        {
            let file = part.files.first().map_or("", String::as_str);
            return Err(DataFault::new(
                std::path::Path::new(file),
                "there is no such column in the header",
                crate::error::nearest_hint(wanted, names()),
            )
            .in_column(wanted)
            .into());
        }
    }
    Ok(())
}
