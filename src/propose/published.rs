//! Published counts, baselines and registers of agreements.

use super::draft::{Draft, inline, list, quoted};
use super::groups::{FoundGroups, GroupColumns, Others};
use super::questions::BASELINE;
use super::{Part, Wishes, Work};
use crate::ingest::sniff::{ColumnProfile, Confidence, Kind, RaceWord, has_word, race_word};

/// A baseline with a row for each place and group.
pub(super) struct Baseline<'a> {
    group: &'a ColumnProfile,
    people: &'a ColumnProfile,
    margin: Option<&'a ColumnProfile>,
    pub(super) place: Option<&'a ColumnProfile>,
}

impl<'a> Baseline<'a> {
    /// The columns of a baseline, where it has them.
    pub(super) fn of(part: &'a Part, wishes: &Wishes) -> Option<Self> {
        let columns = &part.profile.columns;
        let named = |wish: &Option<String>| {
            wish.as_ref()
                .and_then(|name| columns.iter().find(|column| column.name == *name))
        };
        let is = |kind: Kind| columns.iter().find(move |column| column.kind.value == kind);
        let is_count = |column: &&ColumnProfile| column.kind.value == Kind::Count;
        let place = columns
            .iter()
            .filter(|column| matches!(column.kind.value, Kind::CountyCode | Kind::Place))
            .min_by_key(|column| column.kind.value != Kind::CountyCode);
        Some(Self {
            group: named(&wishes.population_group)
                .or_else(|| is(Kind::Race))
                .or_else(|| is(Kind::Ethnicity))?,
            people: named(&wishes.population_column)
                .or_else(|| is(Kind::Population))
                .or_else(|| columns.iter().find(is_count))?,
            margin: is(Kind::Margin),
            place,
        })
    }

    /// Its values that are groups, and whether it has others.
    pub(super) fn groups(&self) -> (Vec<(String, String)>, Others) {
        let mut groups = Vec::new();
        let mut others = Others::No;
        for value in self.group.kept.iter().flat_map(|values| values.keys()) {
            match race_word(value) {
                Some(RaceWord::Group(group)) => groups.push((value.clone(), group.to_owned())),
                _ => others = Others::Yes,
            }
        }
        (groups, others)
    }

    /// Writes `[[population]]`.
    pub(super) fn write(&self, draft: &mut Draft, part: &Part, questions: &mut Vec<String>) {
        let file = part.files.first().map_or("", String::as_str);
        draft.table("[[population]]");
        draft.fixed("name", quoted(BASELINE), "");
        let table = &part.profile.table;
        draft.key("file", quoted(file), table.confidence, table.reason.clone());
        super::layout(draft, &part.profile);
        draft.key(
            "universe",
            quoted("not said"),
            Confidence::Doubtful,
            "who is counted: all residents, residents of 16 and over, drivers? Say it here",
        );
        draft.key(
            "vintage",
            quoted("not said"),
            Confidence::Doubtful,
            "whose numbers, and of when? Say it here",
        );
        draft.table("[population.columns]");
        let mut column = |key: &str, column: &ColumnProfile| {
            draft.key(
                key,
                quoted(&column.name),
                column.kind.confidence,
                column.kind.reason.clone(),
            );
        };
        column("group", self.group);
        column("population", self.people);
        self.margin
            .iter()
            .for_each(|margin| column("moe90", margin));
        self.place.iter().for_each(|place| column("place", place));
        if self.margin.is_some() {
            questions.push(
                "Are the margins of error those of 90 %, as the Census Bureau publishes them?"
                    .into(),
            );
        }
        questions.push("Whose numbers is the baseline made of, of which year, and who is counted? Say it under `universe` and `vintage`.".into());
    }
}

/// One column of numbers, and what they count.
struct Counted<'a> {
    column: &'a ColumnProfile,
    what: String,
}

impl Work<'_> {
    /// Published counts with a row for each cell.
    pub(super) fn counts(&mut self) {
        let columns = &self.main.profile.columns;
        let Some(found) = GroupColumns::of(columns, self.wishes) else {
            self.missing.push("a column of groups: tables with a column for each group are not proposed, write `[counts.wide]` by hand".into());
            return;
        };
        let mut groups = FoundGroups::default();
        groups.take(found.race);
        // Rows of published counts are cells, not persons.
        let baseline = self.baseline(&mut groups);
        let mut written = Draft::default();
        if let Err(missing) = groups.write(&mut written, self.wishes) {
            self.missing.push(missing);
        }
        self.draft.append(written);
        let sets = self.sets();
        if sets.is_empty() {
            self.missing.push("two columns of counts of which one is a part of the other, such as searches and stops".into());
        }
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
                None => {}
            }
        }
        self.ask_always(&groups, baseline.is_some());
    }

    /// Names of counts, their columns of events, and of what these are counted out of.
    fn sets(&self) -> Vec<(String, String, Option<String>)> {
        if let Some(events) = &self.wishes.events {
            return vec![("events".into(), events.clone(), self.wishes.trials.clone())];
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
                let words = column.words();
                let has = |wanted: &[&str]| has_word(&words, wanted);
                let what = match () {
                    () if has(&["contraband", "hit", "hits"]) => "hits",
                    () if has(&["search", "searches", "searched"]) => "searches",
                    () if has(&["stop", "stops", "stopped"]) => "stops",
                    () if has(&["arrest", "citation", "frisk", "warning"]) => "other",
                    () => return None,
                };
                Some(Counted {
                    column,
                    what: what.into(),
                })
            })
            .collect()
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
        super::layout(&mut self.draft, profile);
        let mut keys = vec![("group".to_owned(), quoted(&group.name))];
        let mut reasons = vec![format!("`{}`: {}", group.name, group.kind.reason)];
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
        let year = profile
            .columns
            .iter()
            .find(|column| column.kind.value == Kind::Year);
        let others = [
            ("state", state.map(|column| column.name.clone())),
            ("place", place),
            ("year", year.map(|column| column.name.clone())),
        ];
        for (key, column) in others {
            if let Some(column) = column {
                reasons.push(format!("`{column}` by its name and values"));
                keys.push((key.to_owned(), quoted(&column)));
            }
        }
        self.draft.key(
            "keys",
            inline(&keys),
            Confidence::Likely,
            reasons.join("; "),
        );
        let used =
            |column: &&ColumnProfile| keys.iter().any(|(_, own)| *own == quoted(&column.name));
        let summed: Vec<&str> = profile
            .columns
            .iter()
            .filter(|column| column.kind.value == Kind::Category && !used(column))
            .map(|column| column.name.as_str())
            .collect();
        if !summed.is_empty() {
            self.draft.key(
                "sum_over",
                list(summed),
                Confidence::Doubtful,
                "rows are added up over what is no key",
            );
        }
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

/// Writes `[[agreements]]`.
pub(super) fn agreements(draft: &mut Draft, part: &Part, missing: &mut Vec<String>) {
    let columns = &part.profile.columns;
    let find = |wanted: &[&str]| {
        columns
            .iter()
            .find(|column| wanted.contains(&column.name.to_lowercase().as_str()))
    };
    draft.table("[[agreements]]");
    let file = part.files.first().map_or("", String::as_str);
    let table = &part.profile.table;
    draft.key("file", quoted(file), table.confidence, table.reason.clone());
    super::layout(draft, &part.profile);
    let wanted: [(&str, &[&str]); 6] = [
        ("state", &["state"]),
        ("place", &["county", "county_fips", "place"]),
        ("level", &["level"]),
        ("agency", &["agency", "law enforcement agency"]),
        ("model", &["model", "support type", "type"]),
        ("signed", &["signed", "first_signed"]),
    ];
    let mut pairs = Vec::new();
    for (key, names) in wanted {
        match find(names) {
            Some(column) => pairs.push((key.to_owned(), quoted(&column.name))),
            None if ["agency", "model"].contains(&key) => {
                missing.push(format!("a column for `{key}` of the agreements"))
            }
            None => {}
        }
    }
    draft.key(
        "columns",
        inline(&pairs),
        Confidence::Likely,
        "by their names",
    );
}
