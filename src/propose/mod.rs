//! A study for files that nobody has described: what was found in them, put into the words of a study.
//!
//! For `init` and `rates`. Nothing is decided in silence: every line has its reason and how sure it is, and what the files
//! cannot say is asked at the end.

mod draft;
mod formats;
mod groups;
mod layout;
mod people;
mod published;
mod questions;
mod register;
mod rows;
mod sound;
mod sums;
mod totals;

use serde::Serialize;

pub use draft::{Draft, Entry};

use crate::error::{DataFault, Error};
use crate::ingest::sniff::{ColumnProfile, Confidence, FileProfile, TableKind};
use draft::quoted;
use groups::{FoundGroups, GroupColumns};
use layout::layout;
use rows::{Mapped, Mapping};

/// Files that are read as one, and what was found in them.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// The files, relative to the study.
    pub files: Vec<String>,
    /// What was found.
    pub profile: FileProfile,
}

impl Part {
    /// The first file.
    pub(super) fn name(&self) -> &str {
        self.files.first().map_or("", String::as_str)
    }

    fn headers(&self) -> Vec<String> {
        let columns = self.profile.columns.iter();
        columns.map(|column| column.name.clone()).collect()
    }
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
    /// Whether it stops until somebody says which of two layouts its dates are in.
    pub waits_for_a_layout: bool,
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
    if main.profile.rows == 0 {
        return Err(DataFault::new(
            std::path::Path::new(main.name()),
            "the file has a header and no row below it",
            "name a file with rows; nothing was written",
        )
        .into());
    }
    asked_for_are_there(parts, main, wishes)?;
    let mut work = Work::new(parts, main, wishes);
    work.head();
    if main.profile.table.value == TableKind::Counts || wishes.events.is_some() {
        work.counts()?;
    } else {
        work.rows()?;
    }
    let proposal = work.finish();
    // A file that holds no table is nothing to complete.
    let names = || ["[[stops]]", "[[counts]]"].into_iter();
    if !names().any(|table| proposal.study.has_table(table)) {
        let why = proposal.missing.join("; ");
        return Err(DataFault::new(
            std::path::Path::new(main.name()),
            format!("no study can be made of it; it lacks {why}"),
            "name a file with a row for each stop, or with counts and what they are counted out of",
        )
        .into());
    }
    Ok(proposal)
}

/// The calendar years that numbers are of.
#[derive(Debug, Clone, Copy)]
struct Years {
    first: i16,
    last: i16,
    /// Whether each number is known to be of one of them, so that people are taken of the same year.
    is_key: bool,
}

/// The proposal in the making.
struct Work<'a> {
    parts: &'a Parts,
    main: &'a Part,
    wishes: &'a Wishes,
    draft: Draft,
    questions: Vec<String>,
    missing: Vec<String>,
    waits_for_a_layout: bool,
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
            waits_for_a_layout: false,
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

    /// The baseline, where there is one that these numbers can be put over; `time` says why rates per head cannot be made.
    fn baseline(
        &mut self,
        groups: &mut FoundGroups,
        time: Result<Years, String>,
    ) -> Result<Option<people::Baseline<'a>>, Error> {
        let Some(part) = self.parts.population.as_ref() else {
            return Ok(None);
        };
        let found = time.and_then(|years| {
            let Some(baseline) = people::Baseline::of(part, self.main, self.wishes, years) else {
                return Err("it has no column of groups, or none of people".to_owned());
            };
            if baseline.place.is_none() && baseline.has_several_places() {
                return Err(format!(
                    "it has several places, and no column of it has a value that stands in a column of places of {}",
                    self.main.files.join(", ")
                ));
            }
            let (values, others) = baseline.groups();
            let mut with_people = groups.clone();
            with_people.take_baseline(values, others);
            if with_people.rows.len() - with_people.without_people().len() < 2 {
                return Err("fewer than two groups of the stops are in it".to_owned());
            }
            *groups = with_people;
            Ok(baseline)
        });
        match found {
            Ok(baseline) => {
                self.questions.extend(baseline.question_of_its_place());
                Ok(Some(baseline))
            }
            Err(why) if self.wishes.rates_only => Err(DataFault::new(
                std::path::Path::new(part.name()),
                format!("--population cannot be used: {why}"),
                "leave --population out",
            )
            .into()),
            Err(why) => {
                self.questions.push(format!(
                    "The baseline in {} was left out of the study: {why}.",
                    part.files.join(", ")
                ));
                Ok(None)
            }
        }
    }

    /// Writes `[groups]`, or says why nobody can be compared.
    fn write_groups(&mut self, groups: &FoundGroups) -> Result<(), Error> {
        let asked = groups.asked_reference(self.wishes)?;
        if let Err(missing) = groups.write(&mut self.draft, asked) {
            self.missing.push(missing);
        }
        Ok(())
    }

    fn rows(&mut self) -> Result<(), Error> {
        if let Some(format) = formats::fit(&self.main.profile, self.wishes) {
            return self.rows_of_a_format(&format);
        }
        let table = &self.main.profile.table;
        if table.value == TableKind::Other && self.wishes.group.is_none() {
            self.missing.push(format!(
                "rows of stops, or counts of them: {}",
                table.reason
            ));
            return Ok(());
        }
        let columns = &self.main.profile.columns;
        let of_race = GroupColumns::of(columns, self.wishes);
        let Some(found) = of_race.or_else(|| GroupColumns::stopgap(columns)) else {
            self.missing
                .push("a column that tells groups apart: none was found".into());
            return Ok(());
        };
        self.ask_about_groups(&found);
        let mut groups = found.found();
        let time = self.years_of_rows(None);
        let baseline = self.baseline(&mut groups, time)?;
        let place = baseline.as_ref().and_then(|baseline| baseline.place);
        let date = rows::dates(columns.iter()).first().copied();
        if let Some((column, date)) = date {
            sound::one_order(self.main, column, date)?;
        }
        let unreadable = sound::readable(self.main, date)?;
        let mapping = Mapping::of(self.main, &found, self.wishes, place);
        let mut tables = Draft::default();
        let mapped = mapping.write(&mut tables, &self.main.files);
        self.captions(&mapped);
        self.write_groups(&groups)?;
        if baseline.is_some() {
            self.periods(&mapped);
        }
        self.draft.append(tables);
        self.questions.extend(unreadable);
        self.after_the_rows(&groups, &mapped, baseline.as_ref());
        Ok(())
    }

    /// What only a person can say of the columns of groups.
    fn ask_about_groups(&mut self, found: &GroupColumns<'_>) {
        if let Some(ethnicity) = found.unused_ethnicity {
            self.questions.push(format!(
                "Should Hispanic people be a group of their own? `{}` says who is, and was not asked for: they are counted by their race in `{}`.",
                ethnicity.name, found.race.name
            ));
        }
        if found.as_written && self.wishes.group.is_none() {
            self.questions.push(format!(
                "No column of race or ethnicity was found. Which groups are to be compared? `{}` was taken, so that the rows can be counted at all.",
                found.race.name
            ));
        }
    }

    /// The years of the rows: those of the dates of `column`, or of the only column of dates; why not, in words.
    fn years_of_rows(&self, column: Option<&ColumnProfile>) -> Result<Years, String> {
        let columns = self.main.profile.columns.iter();
        let date = column.or_else(|| rows::date_of_stop(columns.clone()));
        let span = date.and_then(|column| column.date_span());
        match span {
            Some((first, last)) => Ok(Years {
                first: first.year(),
                last: last.year(),
                is_key: true,
            }),
            None => Err("no date tells how long the rows go on, and rates per head need to know it: say `years = 2.0` under [[stops]], and the baseline under [[population]]".into()),
        }
    }

    /// Everything below `[[stops]]`.
    fn after_the_rows(
        &mut self,
        groups: &FoundGroups,
        mapped: &Mapped,
        baseline: Option<&people::Baseline<'_>>,
    ) {
        let date = mapped.date.as_ref();
        self.waits_for_a_layout = date.is_some_and(|date| date.either.is_some());
        self.questions.extend(mapped.questions.iter().cloned());
        self.population(baseline);
        self.agreements();
        self.disclosure();
        self.ask_of_rows(mapped, baseline.is_some());
        self.ask_always(groups, baseline.is_some());
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
        if let Some(baseline) = baseline {
            baseline.write(&mut self.draft, &mut self.questions);
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
            waits_for_a_layout: self.waits_for_a_layout,
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
