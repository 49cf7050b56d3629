//! A baseline: people by place and group, in rows or in columns.

use super::draft::{Draft, inline, quoted};
use super::formats::{self, Named};
use super::groups::Others;
use super::questions::BASELINE;
use super::rows::common;
use super::{Part, Wishes};
use crate::cells::GROUP;
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Kind, RaceWord, WideSet, race_word, wide_sets,
};
use crate::ingest::{Format, PopulationFragment};

/// The columns of a baseline.
pub(super) struct Baseline<'a> {
    part: &'a Part,
    shape: Shape<'a>,
    pub(super) place: Option<&'a ColumnProfile>,
}

enum Shape<'a> {
    /// What a publisher's format says.
    Format(Box<Named>),
    /// A row for each place and group.
    Long {
        group: &'a ColumnProfile,
        people: &'a ColumnProfile,
        margin: Option<&'a ColumnProfile>,
    },
    /// A column for each group.
    Wide {
        people: WideSet,
        margins: Option<WideSet>,
        /// The column of everybody, where the others are shares of it, and what makes a whole: 1 or 100.
        of: Option<(&'a ColumnProfile, f64)>,
    },
}

impl<'a> Baseline<'a> {
    /// The columns of a baseline, where it has them; its places are those that `main` names too.
    pub(super) fn of(part: &'a Part, main: &Part, wishes: &Wishes) -> Option<Self> {
        let is_said = wishes.population_column.is_some() || wishes.population_group.is_some();
        let format = || {
            let named = formats::named(&part.profile, |format| format.population.is_some())?;
            Some(Shape::Format(Box::new(named)))
        };
        let shape = (if is_said { None } else { format() })
            .or_else(|| Shape::long(part, wishes))
            .or_else(|| Shape::wide(part))?;
        let is_place = |column: &&ColumnProfile| {
            matches!(
                column.kind.value,
                Kind::CountyCode | Kind::Place | Kind::Identifier
            )
        };
        let places = || main.profile.columns.iter().filter(is_place);
        let shared = |column: &ColumnProfile| {
            places()
                .map(|own| common(own, column))
                .max()
                .unwrap_or_default()
        };
        let place = part
            .profile
            .columns
            .iter()
            .filter(is_place)
            .filter(|column| column.distinct > 1 && shared(column) > 0)
            .max_by_key(|column| (shared(column), column.kind.value == Kind::CountyCode));
        Some(Self { part, shape, place })
    }

    /// Its values that are groups with what they are, and whether it has others.
    pub(super) fn groups(&self) -> (Vec<(String, String)>, Others) {
        let group = match &self.shape {
            Shape::Format(named) => return (groups_of(&named.format), Others::No),
            Shape::Long { group, .. } => group,
            Shape::Wide { people, .. } => {
                let names = people.groups.iter().map(|(group, _)| (*group).to_owned());
                return (names.map(|name| (name.clone(), name)).collect(), Others::No);
            }
        };
        let mut groups = Vec::new();
        let mut others = Others::No;
        for value in group.kept.iter().flat_map(|values| values.keys()) {
            match race_word(value) {
                Some(RaceWord::Group(group)) => groups.push((value.clone(), group.to_owned())),
                _ => others = Others::Yes,
            }
        }
        (groups, others)
    }

    /// Writes `[[population]]`.
    pub(super) fn write(&self, draft: &mut Draft, questions: &mut Vec<String>) {
        let profile = &self.part.profile;
        let file = self.part.files.first().map_or("", String::as_str);
        draft.table("[[population]]");
        draft.fixed("name", quoted(BASELINE), "");
        draft.key(
            "file",
            quoted(file),
            profile.table.confidence,
            profile.table.reason.clone(),
        );
        let said = match &self.shape {
            Shape::Format(named) => {
                draft.key(
                    "format",
                    quoted(&named.format.name),
                    Confidence::Likely,
                    named.reason.clone(),
                );
                questions.extend(named.format.questions.iter().cloned());
                named.format.population.clone().unwrap_or_default()
            }
            _ => PopulationFragment::default(),
        };
        if said.layout.is_none() {
            super::layout(draft, profile);
        }
        self.write_captions(draft, questions, &said);
        self.write_columns(draft, questions);
    }

    /// Who is counted, and when, where a format does not say it.
    fn write_captions(
        &self,
        draft: &mut Draft,
        questions: &mut Vec<String>,
        said: &PopulationFragment,
    ) {
        if said.universe.is_none() {
            draft.key(
                "universe",
                quoted("not said"),
                Confidence::Doubtful,
                "who is counted: all residents, residents of 16 and over, drivers? Say it here",
            );
        }
        if said.vintage.is_none() {
            draft.key(
                "vintage",
                quoted("not said"),
                Confidence::Doubtful,
                "whose numbers, and of when? Say it here",
            );
        }
        if said.universe.is_none() || said.vintage.is_none() {
            questions.push("Whose numbers is the baseline made of, of which year, and who is counted? Say it under `universe` and `vintage`.".into());
        }
    }

    fn write_columns(&self, draft: &mut Draft, questions: &mut Vec<String>) {
        if self.place.is_some() || matches!(self.shape, Shape::Long { .. }) {
            draft.table("[population.columns]");
        }
        if let Shape::Long {
            group,
            people,
            margin,
        } = &self.shape
        {
            for (key, column) in [
                ("group", Some(*group)),
                ("population", Some(*people)),
                ("moe90", *margin),
            ] {
                if let Some(column) = column {
                    draft.key(
                        key,
                        quoted(&column.name),
                        column.kind.confidence,
                        column.kind.reason.clone(),
                    );
                }
            }
        }
        if let Some(place) = self.place {
            draft.key(
                "place",
                quoted(&place.name),
                place.kind.confidence,
                place.kind.reason.clone(),
            );
        }
        self.write_wide(draft, questions);
        if self.has_margins() {
            questions.push(
                "Are the margins of error those of 90 %, as the Census Bureau publishes them?"
                    .into(),
            );
        }
    }

    /// Whether it holds more than one place.
    pub(super) fn has_several_places(&self) -> bool {
        let columns = self.part.profile.columns.iter();
        columns
            .filter(|column| matches!(column.kind.value, Kind::CountyCode | Kind::Place))
            .any(|column| column.distinct > 1)
    }

    fn has_margins(&self) -> bool {
        match &self.shape {
            // A format says which margins they are.
            Shape::Format(_) => false,
            Shape::Long { margin, .. } => margin.is_some(),
            Shape::Wide { margins, .. } => margins.is_some(),
        }
    }

    fn write_wide(&self, draft: &mut Draft, questions: &mut Vec<String>) {
        let Shape::Wide {
            people,
            margins,
            of,
        } = &self.shape
        else {
            return;
        };
        let name = |at: usize| quoted(&self.part.profile.columns[at].name);
        draft.table("[population.wide]");
        for (group, at) in &people.groups {
            let mut parts = match of {
                None => vec![("population".to_owned(), name(*at))],
                Some((total, whole)) => {
                    let key = if *whole > 1.0 { "percent" } else { "share" };
                    vec![
                        (key.to_owned(), name(*at)),
                        ("of".to_owned(), quoted(&total.name)),
                    ]
                }
            };
            let margin = margins
                .iter()
                .flat_map(|set| &set.groups)
                .find(|(other, _)| other == group);
            parts.extend(margin.map(|(_, at)| ("moe90".to_owned(), name(*at))));
            let value = if parts.len() == 1 {
                name(*at)
            } else {
                inline(&parts)
            };
            let reason = match of {
                None => "its name, and numbers of people".to_owned(),
                Some((total, whole)) => format!(
                    "its name, and no number above {whole}: a share of `{}`",
                    total.name
                ),
            };
            draft.key(group, value, Confidence::Doubtful, reason);
        }
        let doubled: Vec<String> = people
            .doubled
            .iter()
            .map(|group| format!("`{group}`"))
            .collect();
        if !doubled.is_empty() {
            questions.push(format!("Several columns of the baseline are of {}: is the one taken under [population.wide] right, and does it leave Hispanic people out?", doubled.join(", ")));
        }
    }
}

impl<'a> Shape<'a> {
    fn long(part: &'a Part, wishes: &Wishes) -> Option<Self> {
        let columns = &part.profile.columns;
        let named = |wish: &Option<String>| {
            wish.as_ref()
                .and_then(|name| columns.iter().find(|column| column.name == *name))
        };
        let is = |kind: Kind| columns.iter().find(move |column| column.kind.value == kind);
        Some(Self::Long {
            group: named(&wishes.population_group)
                .or_else(|| is(Kind::Race))
                .or_else(|| is(Kind::Ethnicity))?,
            people: named(&wishes.population_column)
                .or_else(|| is(Kind::Population))
                .or_else(|| is(Kind::Count))?,
            margin: is(Kind::Margin),
        })
    }

    fn wide(part: &'a Part) -> Option<Self> {
        let columns = &part.profile.columns;
        let sets = wide_sets(columns, |kind| {
            matches!(kind, Kind::Count | Kind::Population | Kind::Number)
        });
        let people = sets.into_iter().max_by_key(|set| set.groups.len())?;
        let mut margins = wide_sets(columns, |kind| *kind == Kind::Margin);
        let most = people
            .groups
            .iter()
            .filter_map(|(_, at)| columns[*at].most)
            .fold(0.0, f64::max);
        let whole = if most <= 1.0 { 1.0 } else { 100.0 };
        let total = columns
            .iter()
            .find(|column| column.kind.value == Kind::Population);
        let of = total.filter(|_| most <= 100.0).map(|total| (total, whole));
        Some(Self::Wide {
            margins: (!margins.is_empty()).then(|| margins.remove(0)),
            people,
            of,
        })
    }
}

/// The groups that a format's columns or codes lead to.
fn groups_of(format: &Format) -> Vec<(String, String)> {
    let Some(population) = &format.population else {
        return Vec::new();
    };
    let wide = population.wide.iter().flat_map(|wide| wide.keys());
    let codes = population
        .columns
        .get(GROUP)
        .into_iter()
        .flat_map(|column| column.codes.values());
    let names = wide.chain(codes).filter(|name| !name.is_empty());
    names.map(|name| (name.clone(), name.clone())).collect()
}
