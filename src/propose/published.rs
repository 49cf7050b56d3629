//! Published counts and registers of agreements.

use super::draft::{inline, list, quoted};
use super::formats::{self, Named, years_in};
use super::groups::{FoundGroups, GroupColumns};
use super::layout::layout;
use super::{Work, Years, sums, totals};
use crate::error::Error;
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Kind, WideSet, has_word, leaves_hispanic_out, name_words,
    torn_groups, wide_sets,
};
use crate::ingest::{CountsFragment, WideCounts};
use crate::stops::YEAR;

/// One column of numbers, and what they count.
struct Counted<'a> {
    column: &'a ColumnProfile,
    what: String,
}

impl<'a> Work<'a> {
    /// Published counts with a row for each cell.
    pub(super) fn counts(&mut self) -> Result<(), Error> {
        let columns = &self.main.profile.columns;
        let is_said = self.wishes.events.is_some() || self.wishes.group.is_some();
        let format = formats::named(&self.main.profile, |format| {
            let counts = format.counts.as_ref();
            counts.is_some_and(|counts| reads_fractions(counts) == self.holds_fractions())
        });
        if let Some(named) = format.filter(|_| !is_said) {
            return self.counts_of_a_format(&named);
        }
        let Some(found) = GroupColumns::of(columns, self.wishes) else {
            return self.wide_counts();
        };
        let mut groups = FoundGroups::default();
        groups.take(found.race);
        let sets = self.sets();
        if sets.is_empty() {
            self.missing.push("two columns of counts of which one is a part of the other, such as searches and stops".into());
            return Ok(());
        }
        // Rows of published counts are cells, not persons.
        let trials = sets.iter().find_map(|(_, _, trials)| trials.as_deref());
        let time = self.years_of_counts(trials, self.year());
        let baseline = self.baseline(&mut groups, time)?;
        self.write_groups(&groups)?;
        for (name, events, trials) in &sets {
            self.write_counts(found.race, name, events, trials.as_deref());
        }
        self.population(baseline.as_ref());
        self.agreements();
        self.disclosure();
        for (name, _, trials) in &sets {
            match trials {
                Some(trials) if name == "hits" => {
                    self.out_of(name, &format!("{trials} that found something"));
                    if sets.iter().any(|(other, _, _)| other == "searches") {
                        self.outcome_test();
                    }
                }
                Some(trials) => self.out_of(name, &format!("`{trials}` that are `{name}`")),
                None if baseline.is_some() => self.per_head(name),
                None => self.shares(name),
            }
        }
        self.ask_always(&groups, baseline.is_some());
        Ok(())
    }

    /// The years of the counts, where they can be put over people.
    fn years_of_counts(
        &self,
        trials: Option<&str>,
        year: Option<&ColumnProfile>,
    ) -> Result<Years, String> {
        if let Some(trials) = trials {
            return Err(format!(
                "these counts are out of `{trials}` already, and what is out of something needs no people"
            ));
        }
        year.and_then(years_in).ok_or_else(|| {
            "no column says of which years the counts are, and rates per head need to know it: say `years = 2.0` under [[counts]], and the baseline under [[population]]".into()
        })
    }

    /// The column of years.
    fn year(&self) -> Option<&'a ColumnProfile> {
        let mut columns = self.main.profile.columns.iter();
        columns.find(|column| column.kind.value == Kind::Year)
    }

    /// Categories that are no key: rows are added up over them.
    fn summed(&self, used: &[String]) -> Vec<&'a ColumnProfile> {
        let results = [
            "average", "mean", "median", "percent", "pct", "rate", "share",
        ];
        // Numbers that somebody has computed tell no rows apart, and are nothing to add up over.
        let is_result = |column: &ColumnProfile| {
            let mut values = column.kept.iter().flat_map(|kept| kept.keys());
            let is_decimal = |value: &String| {
                let value = value.trim();
                value.contains('.') && value.parse::<f64>().is_ok()
            };
            has_word(&column.words(), &results) || values.any(is_decimal)
        };
        let is_summed = |column: &&ColumnProfile| {
            matches!(column.kind.value, Kind::Category | Kind::Sex | Kind::Age)
                && !column.name.trim().is_empty()
                && !is_result(column)
                && !used.contains(&column.name)
        };
        let columns = self.main.profile.columns.iter();
        columns.filter(is_summed).collect()
    }

    fn write_summed(&mut self, summed: &[&ColumnProfile]) {
        if !summed.is_empty() {
            let names = summed.iter().map(|column| column.name.as_str());
            let reason = "rows are added up over what is no key";
            self.draft
                .key("sum_over", list(names), Confidence::Doubtful, reason);
        }
    }

    /// Leaves out rows that add up others; those that are told by their numbers are asked about.
    fn leave_sums_out(&mut self, columns: &[&ColumnProfile]) {
        let by_number = sums::sums(&self.main.profile);
        totals::leave_out(&mut self.draft, columns, &by_number, |_| true);
        for sum in by_number {
            let is_filtered = columns.iter().any(|column| column.name == sum.column);
            let (list, line) = if is_filtered {
                (
                    &mut self.questions,
                    format!(
                        "Do the rows with {} add up all other rows? In every column of counts they do: they were left out, so that nothing counts twice.",
                        sum.shown()
                    ),
                )
            } else {
                (
                    &mut self.missing,
                    format!(
                        "a file without sums: the rows with {} are the sums of all others",
                        sum.shown()
                    ),
                )
            };
            if !list.contains(&line) {
                list.push(line);
            }
        }
    }

    /// The columns of these names.
    fn columns_named(&self, names: &[String]) -> Vec<&'a ColumnProfile> {
        let is_named = |column: &&ColumnProfile| names.contains(&column.name);
        let columns = self.main.profile.columns.iter();
        columns.filter(is_named).collect()
    }

    /// Published counts of a publisher whose format is known.
    fn counts_of_a_format(&mut self, named: &Named) -> Result<(), Error> {
        let said = named.format.counts.clone().unwrap_or_default();
        let mut groups = FoundGroups {
            labels: named.format.groups.labels.clone(),
            ..FoundGroups::default()
        };
        let of_groups = said.wide.iter().flat_map(|wide| wide.keys());
        for group in of_groups.chain(groups.labels.clone().keys()) {
            groups.rows.insert(group.clone(), self.main.profile.rows);
        }
        let what = match (self.what_file_counts(), reads_fractions(&said)) {
            (what, true) => of_fractions(what),
            (what, false) => what,
        };
        let trials_are = reads_fractions(&said).then(|| out_of_what(what));
        let trials = said.trials_are.clone().or(said.trials.clone());
        let trials = trials.or(trials_are.map(str::to_owned));
        let year = said.keys.get(YEAR).map(|key| key.columns.clone());
        let year = self.columns_named(&year.unwrap_or_default());
        let time = self.years_of_counts(trials.as_deref(), year.first().copied());
        let baseline = self.baseline(&mut groups, time)?;
        self.write_groups(&groups)?;
        self.draft.table("[[counts]]");
        let names = "what is counted is said by the file's name, or by nobody: correct it";
        self.draft
            .key("name", quoted(what), Confidence::Doubtful, names);
        let file = self.main.files.first().map_or("", String::as_str);
        let table = &self.main.profile.table;
        self.draft
            .key("file", quoted(file), table.confidence, table.reason.clone());
        self.draft.key(
            "format",
            quoted(&named.format.name),
            Confidence::Likely,
            named.reason.clone(),
        );
        if said.layout.is_none() {
            layout(&mut self.draft, &self.main.profile);
        }
        if let (Some(trials), None) = (trials_are, &said.trials_are) {
            let reason = "what they are counted out of, by their name";
            self.draft
                .key("trials_are", quoted(trials), Confidence::Doubtful, reason);
        }
        let used: Vec<String> = said
            .keys
            .values()
            .flat_map(|key| key.columns.iter().cloned())
            .collect();
        let mut sums = self.columns_named(&used);
        if said.sum_over.is_empty() && said.lines.is_none() {
            let summed = self.summed(&used);
            self.write_summed(&summed);
            sums.extend(summed);
        }
        self.leave_sums_out(&sums);
        self.questions.extend(named.questions(self.main));
        self.population(baseline.as_ref());
        self.agreements();
        self.disclosure();
        match trials {
            Some(trials) => self.out_of(what, &format!("{trials} that are {what}")),
            None if baseline.is_some() => self.per_head(what),
            None => self.shares(what),
        }
        self.ask_always(&groups, baseline.is_some());
        Ok(())
    }

    /// Whether most columns of numbers hold two with a stroke between them.
    fn holds_fractions(&self) -> bool {
        let columns = &self.main.profile.columns;
        let of = |kind: Kind| {
            columns
                .iter()
                .filter(|column| column.kind.value == kind)
                .count()
        };
        of(Kind::Share) > of(Kind::Count)
    }

    /// What the file's name says that is counted.
    fn what_file_counts(&self) -> &'static str {
        let file = self.main.files.first().map_or("", String::as_str);
        let words = name_words(file.rsplit('/').next().unwrap_or(file));
        counts_what(&words).unwrap_or("events")
    }

    /// Published counts with a column for each group.
    fn wide_counts(&mut self) -> Result<(), Error> {
        let columns = &self.main.profile.columns;
        let sets = wide_sets(columns, |kind| matches!(kind, Kind::Count | Kind::Share));
        let Some(largest) = sets.iter().max_by_key(|set| set.groups.len()) else {
            self.missing
                .push("a column of groups, or a column for each group".into());
            return Ok(());
        };
        let torn = torn_groups(columns, largest);
        if !torn.is_empty() {
            let (torn, own) = (
                names_of(columns, &torn),
                names_of(columns, &largest.columns()),
            );
            self.missing.push(format!(
                "names that say which of {torn} belongs to {own}: name the columns of all groups alike"
            ));
            return Ok(());
        }
        let mut groups = FoundGroups::default();
        for (group, at) in &largest.groups {
            groups
                .rows
                .insert((*group).to_owned(), self.main.profile.rows);
            let name = &columns[*at].name;
            groups.without_hispanic |= *group == "white" && leaves_hispanic_out(name);
        }
        let sets = self.wide_pairs(&sets);
        let trials = sets
            .iter()
            .find_map(|(what, events, trials)| self.trials_of(what, events, *trials));
        let time = self.years_of_counts(trials, self.year());
        let baseline = self.baseline(&mut groups, time)?;
        self.write_groups(&groups)?;
        for (what, events, trials) in &sets {
            self.write_wide(what, events, *trials);
        }
        self.population(baseline.as_ref());
        self.agreements();
        self.disclosure();
        for (what, events, trials) in &sets {
            let out_of = self.trials_of(what, events, *trials);
            if let (Some(out_of), None) = (out_of, trials) {
                let names = names_of(columns, &events.columns());
                self.questions.push(format!("What are the two numbers in {names}? They were taken as {what} out of {out_of}: say it by `name` and `trials_are` under [[counts]]."));
            }
            match out_of {
                Some(trials) => self.out_of(what, &format!("{trials} that are {what}")),
                None if baseline.is_some() => self.per_head(what),
                None => self.shares(what),
            }
        }
        self.ask_always(&groups, baseline.is_some());
        Ok(())
    }

    /// Sets of columns with what they count, and those that they are counted out of.
    fn wide_pairs<'s>(
        &self,
        sets: &'s [WideSet],
    ) -> Vec<(String, &'s WideSet, Option<&'s WideSet>)> {
        let file = self.main.files.first().map_or("", String::as_str);
        let in_file = name_words(file.rsplit('/').next().unwrap_or(file));
        let of = |set: &WideSet| {
            counts_what(&name_words(&set.stem))
                .or_else(|| counts_what(&in_file))
                .unwrap_or("events")
        };
        let find = |what: &str| {
            sets.iter()
                .find(|set| counts_what(&name_words(&set.stem)) == Some(what))
        };
        let pair = |set: &'s WideSet| {
            let is_fraction =
                |(_, at): &(&str, usize)| self.main.profile.columns[*at].kind.value == Kind::Share;
            let what = match of(set) {
                what if set.groups.iter().all(is_fraction) => of_fractions(what),
                what => what,
            };
            let trials = match what {
                "searches" => find("stops"),
                "hits" => find("searches"),
                _ => None,
            };
            (what.to_owned(), set, trials)
        };
        let mut pairs: Vec<_> = sets.iter().map(pair).collect();
        for i in 0..pairs.len() {
            let twice = pairs[..i].iter().any(|(name, _, _)| *name == pairs[i].0);
            if twice {
                let stem = name_words(&pairs[i].1.stem).join("-");
                pairs[i].0 = format!("{}-{stem}-{}", pairs[i].0, i + 1);
            }
        }
        pairs
    }

    /// What wide counts are out of, where that is known.
    fn trials_of(
        &self,
        what: &str,
        events: &WideSet,
        trials: Option<&WideSet>,
    ) -> Option<&'static str> {
        let of_fractions =
            |(_, at): &(&str, usize)| self.main.profile.columns[*at].kind.value == Kind::Share;
        match trials {
            Some(trials) => counts_what(&name_words(&trials.stem)),
            None if events.groups.iter().all(of_fractions) => Some(out_of_what(what)),
            None => None,
        }
    }

    fn write_wide(&mut self, what: &str, events: &WideSet, trials: Option<&WideSet>) {
        let profile = &self.main.profile;
        self.draft.table("[[counts]]");
        let names =
            "what is counted is said by the columns' or the file's name, or by nobody: correct it";
        self.draft
            .key("name", quoted(what), Confidence::Doubtful, names);
        let file = self.main.files.first().map_or("", String::as_str);
        self.draft.key(
            "file",
            quoted(file),
            profile.table.confidence,
            profile.table.reason.clone(),
        );
        layout(&mut self.draft, profile);
        self.write_keys(None);
        if let Some(trials) = self.trials_of(what, events, trials) {
            self.draft.key(
                "trials_are",
                quoted(trials),
                Confidence::Doubtful,
                "what they are counted out of",
            );
        }
        self.draft.table("[counts.wide]");
        for (group, at) in &events.groups {
            let name = quoted(&profile.columns[*at].name);
            let out_of = trials.and_then(|set| set.groups.iter().find(|(other, _)| other == group));
            let value = match out_of {
                Some((_, at)) => inline(&[
                    ("events".into(), name),
                    ("trials".into(), quoted(&profile.columns[*at].name)),
                ]),
                None if profile.columns[*at].kind.value == Kind::Share => {
                    inline(&[("fraction".into(), name)])
                }
                None => name,
            };
            self.draft.key(group, value, Confidence::Likely, "its name");
        }
    }

    /// Names of counts, their columns of events, and of what these are counted out of.
    fn sets(&self) -> Vec<(String, String, Option<String>)> {
        if let Some(events) = &self.wishes.events {
            return vec![(events.clone(), events.clone(), self.wishes.trials.clone())];
        }
        let counted = self.counted();
        let find = |what: &str| {
            counted
                .iter()
                .find(|counted| counted.what == what)
                .map(|counted| counted.column.name.clone())
        };
        let (stops, searches, hits) = (find("stops"), find("searches"), find("hits"));
        let mut sets = Vec::new();
        if let (Some(searches), Some(stops)) = (&searches, &stops) {
            sets.push(("searches".to_owned(), searches.clone(), Some(stops.clone())));
        }
        if let (Some(hits), Some(searches)) = (&hits, &searches) {
            sets.push(("hits".to_owned(), hits.clone(), Some(searches.clone())));
        }
        if let Some(stops) = &stops {
            for other in counted.iter().filter(|counted| counted.what == "other") {
                let name = other.column.words().join("-");
                sets.push((name, other.column.name.clone(), Some(stops.clone())));
            }
        }
        sets
    }

    fn counted(&self) -> Vec<Counted<'_>> {
        let is_count = |column: &&ColumnProfile| column.kind.value == Kind::Count;
        self.main
            .profile
            .columns
            .iter()
            .filter(is_count)
            .filter_map(|column| {
                let what = counts_what(&column.words())?;
                Some(Counted {
                    column,
                    what: what.into(),
                })
            })
            .collect()
    }

    /// The keys of the cells, and the columns over which rows are added up.
    fn write_keys(&mut self, group: Option<&ColumnProfile>) {
        let profile = &self.main.profile;
        let mut keys: Vec<(&str, String)> = Vec::new();
        let mut reasons: Vec<String> = Vec::new();
        if let Some(group) = group {
            keys.push(("group", group.name.clone()));
            reasons.push(format!("`{}`: {}", group.name, group.kind.reason));
        }
        let place = self.wishes.by.clone().or_else(|| {
            let mut places = profile.columns.iter().filter(|column| {
                matches!(column.kind.value, Kind::CountyCode | Kind::Place)
                    && !has_word(&column.words(), &["state"])
            });
            places.next().map(|column| column.name.clone())
        });
        let state = profile
            .columns
            .iter()
            .find(|column| column.kind.value == Kind::Place && column.words() == ["state"]);
        let others = [
            ("state", state.map(|column| column.name.clone())),
            ("place", place),
            ("year", self.year().map(|column| column.name.clone())),
        ];
        for (key, column) in others {
            if let Some(column) = column {
                reasons.push(format!("`{column}` by its name and values"));
                keys.push((key, column));
            }
        }
        if !keys.is_empty() {
            let pairs: Vec<(String, String)> = keys
                .iter()
                .map(|(key, column)| ((*key).to_owned(), quoted(column)))
                .collect();
            let reasons = reasons.join("; ");
            self.draft
                .key("keys", inline(&pairs), Confidence::Likely, reasons);
        }
        let used: Vec<String> = keys.into_iter().map(|(_, column)| column).collect();
        let summed = self.summed(&used);
        self.write_summed(&summed);
        let mut sums = self.columns_named(&used);
        sums.extend(summed);
        self.leave_sums_out(&sums);
    }

    fn write_counts(
        &mut self,
        group: &ColumnProfile,
        name: &str,
        events: &str,
        trials: Option<&str>,
    ) {
        let profile = &self.main.profile;
        self.draft.table("[[counts]]");
        self.draft.fixed("name", quoted(name), "");
        let file = self.main.files.first().map_or("", String::as_str);
        self.draft.key(
            "file",
            quoted(file),
            profile.table.confidence,
            profile.table.reason.clone(),
        );
        layout(&mut self.draft, profile);
        self.write_keys(Some(group));
        self.draft
            .key("events", quoted(events), Confidence::Likely, "its name");
        if let Some(trials) = trials {
            self.draft.key(
                "trials",
                quoted(trials),
                Confidence::Likely,
                format!("`{events}` are counted out of them"),
            );
        }
    }
}

/// The names of the columns at these positions.
fn names_of(columns: &[ColumnProfile], at: &[usize]) -> String {
    let names = at.iter().map(|at| format!("`{}`", columns[*at].name));
    names.collect::<Vec<_>>().join(", ")
}

/// Whether a format reads columns like `1,792 / 39,207`.
fn reads_fractions(counts: &CountsFragment) -> bool {
    let mut columns = counts.wide.iter().flat_map(|wide| wide.values());
    columns.any(|column| matches!(column, WideCounts::Fraction(_)))
}

/// What two numbers with a stroke count, where their name says it; `stops` may be either of the two.
fn of_fractions(what: &'static str) -> &'static str {
    match what {
        "searches" | "hits" => what,
        _ => "events",
    }
}

/// What counts of a name are counted out of.
fn out_of_what(what: &str) -> &'static str {
    match what {
        "searches" => "stops",
        "hits" => "searches",
        _ => "trials",
    }
}

/// What a column of numbers counts, by the words of its name.
fn counts_what(words: &[String]) -> Option<&'static str> {
    let has = |wanted: &[&str]| has_word(words, wanted);
    match () {
        () if has(&["contraband", "hit", "hits"]) => Some("hits"),
        () if has(&["search", "searches", "searched"]) => Some("searches"),
        () if has(&["stop", "stops", "stopped"]) => Some("stops"),
        () if has(&["arrest", "citation", "frisk", "warning"]) => Some("other"),
        () => None,
    }
}
