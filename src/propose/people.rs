//! A baseline: people by place and group, in rows or in columns.

use super::draft::{Draft, inline, list, quoted};
use super::formats::{self, Named, years_in};
use super::groups::{Others, is_hispanic};
use super::layout::layout;
use super::questions::BASELINE;
use super::rows::common;
use super::{Part, Wishes, Years, totals};
use crate::cells::GROUP;
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Kind, RaceWord, WideSet, has_word, is_total_word, race_word,
    wide_sets,
};
use crate::ingest::{Format, PopulationFragment};
use crate::stops::YEAR;

/// The columns of a baseline.
pub(super) struct Baseline<'a> {
    part: &'a Part,
    shape: Shape<'a>,
    pub(super) place: Option<&'a ColumnProfile>,
    year: Option<Year<'a>>,
}

/// A column of years in a baseline of several.
enum Year<'a> {
    /// People of the year that the numbers are of.
    Key(&'a ColumnProfile),
    /// People of one year, for all numbers.
    At(&'a ColumnProfile, i16),
}

impl<'a> Year<'a> {
    /// By year where every year of the numbers is there; else the last one that is not after them.
    fn of(part: &'a Part, wanted: Years) -> Option<Self> {
        let columns = part.profile.columns.iter();
        let mut years = columns.filter(|column| column.kind.value == Kind::Year);
        let column = years.find(|column| column.distinct > 1)?;
        let own = years_in(column)?;
        let has = |year: &i16| {
            let values = column.kept.iter().flat_map(|kept| kept.keys());
            values
                .filter_map(|value| value.trim().parse::<i16>().ok())
                .any(|own| own == *year)
        };
        if wanted.is_key && (wanted.first..=wanted.last).all(|year| has(&year)) {
            return Some(Self::Key(column));
        }
        let before = (own.first..=wanted.last.min(own.last)).rev();
        Some(Self::At(
            column,
            before.into_iter().find(has).unwrap_or(own.first),
        ))
    }
}

enum Shape<'a> {
    /// What a publisher's format says.
    Format(Box<Named>),
    /// A row for each place and group.
    Long {
        group: &'a ColumnProfile,
        /// Who is Hispanic, where the race does not say it.
        ethnicity: Option<&'a ColumnProfile>,
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
    pub(super) fn of(part: &'a Part, main: &Part, wishes: &Wishes, years: Years) -> Option<Self> {
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
        let year = match shape {
            Shape::Format(_) => None,
            _ => Year::of(part, years),
        };
        Some(Self {
            part,
            shape,
            place,
            year,
        })
    }

    /// Its values that are groups with what they are, and whether it has others.
    pub(super) fn groups(&self) -> (Vec<(String, String)>, Others) {
        let group = match &self.shape {
            Shape::Format(named) => return (groups_of(named.format), Others::No),
            Shape::Long {
                group,
                ethnicity: Some(ethnicity),
                ..
            } => {
                let codes = codes_of_both(group, ethnicity);
                let names = codes.into_iter().map(|(_, group)| (group.clone(), group));
                return (names.collect(), Others::Yes);
            }
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
                questions.extend(named.questions(self.part));
                named.format.population.clone().unwrap_or_default()
            }
            _ => PopulationFragment::default(),
        };
        if said.layout.is_none() {
            layout(draft, profile);
        }
        self.write_captions(draft, questions, &said);
        if !matches!(self.shape, Shape::Format(_)) {
            self.write_lines(draft, questions);
        }
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

    /// Which rows make up a cell: what is added up, which year is taken, and which rows add up others.
    fn write_lines(&self, draft: &mut Draft, questions: &mut Vec<String>) {
        if let Some(Year::At(column, year)) = self.year {
            let reason = format!(
                "`{}` has several years, and not all of the stops: the people of {year} stand for all",
                column.name
            );
            let at = inline(&[(YEAR.into(), quoted(&year.to_string()))]);
            draft.key("at", at, Confidence::Doubtful, reason);
            questions.push(format!(
                "Whose people are they? The baseline has several years; those of {year} were taken (`at` under [[population]])."
            ));
        }
        let Shape::Long {
            group, ethnicity, ..
        } = &self.shape
        else {
            let places: Vec<&ColumnProfile> = self.place.into_iter().collect();
            return totals::leave_out(draft, &places, &[], |_| true);
        };
        let is_key = |column: &ColumnProfile| {
            let year = self.year.as_ref().map(|year| match year {
                Year::Key(column) | Year::At(column, _) => *column,
            });
            let keys = [Some(*group), *ethnicity, self.place, year];
            keys.into_iter()
                .flatten()
                .any(|key| key.name == column.name)
        };
        let is_part = |column: &&ColumnProfile| {
            let kind = &column.kind.value;
            let tells_people_apart = matches!(
                kind,
                Kind::Category | Kind::Sex | Kind::Age | Kind::Ethnicity | Kind::Race
            );
            tells_people_apart && column.distinct > 1 && !is_key(column)
        };
        let columns = &self.part.profile.columns;
        // A code beside a key, such as `ID Race` beside `Race`, tells no people apart that the key does not.
        let is_code_of_key = |column: &ColumnProfile| {
            let others = ["id", "code", "slug", "key", "name"];
            let words = column.words();
            let bare: Vec<&String> = words
                .iter()
                .filter(|word| !others.contains(&word.as_str()))
                .collect();
            let mut keys = columns.iter().filter(|own| is_key(own));
            keys.any(|key| key.words().iter().collect::<Vec<_>>() == bare)
        };
        let parts: Vec<&ColumnProfile> = columns
            .iter()
            .filter(is_part)
            .filter(|column| !is_code_of_key(column))
            .collect();
        if !parts.is_empty() {
            let names = parts.iter().map(|column| column.name.as_str());
            let reason = "people are added up over what is no key";
            draft.key("sum_over", list(names), Confidence::Doubtful, reason);
        }
        let mut sums = vec![*group];
        sums.extend(ethnicity.iter().copied().chain(self.place).chain(parts));
        totals::leave_out(draft, &sums, &[], |_| true);
    }

    fn write_columns(&self, draft: &mut Draft, questions: &mut Vec<String>) {
        if self.place.is_some() || self.year.is_some() || matches!(self.shape, Shape::Long { .. }) {
            draft.table("[population.columns]");
        }
        if let Some(Year::Key(column) | Year::At(column, _)) = self.year {
            let reason = column.kind.reason.clone();
            draft.key(YEAR, quoted(&column.name), column.kind.confidence, reason);
        }
        if let Shape::Long {
            group,
            ethnicity,
            people,
            margin,
        } = &self.shape
        {
            if let Some(ethnicity) = ethnicity {
                let codes: Vec<(String, String)> = codes_of_both(group, ethnicity)
                    .into_iter()
                    .map(|(value, group)| (value, quoted(&group)))
                    .collect();
                let rule = inline(&[
                    (
                        "columns".into(),
                        list([group.name.as_str(), ethnicity.name.as_str()]),
                    ),
                    ("codes".into(), inline(&codes)),
                ]);
                let reason = format!(
                    "who is Hispanic by `{}` is so of any race; both values are put together, and the codes say what they mean",
                    ethnicity.name
                );
                draft.key(GROUP, rule, Confidence::Likely, reason);
            }
            let of_race = ethnicity.is_none().then_some(*group);
            for (key, column) in [
                ("group", of_race),
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

    /// What to ask where every row is of one place, which nothing in the study says.
    pub(super) fn question_of_its_place(&self) -> Option<String> {
        let named = [
            "geography",
            "area",
            "name",
            "county",
            "city",
            "town",
            "place",
            "state",
        ];
        let columns = self.part.profile.columns.iter();
        let places: Vec<String> = columns
            .filter(|column| {
                let is_place = matches!(
                    column.kind.value,
                    Kind::CountyCode | Kind::Place | Kind::Category | Kind::Text
                );
                is_place && column.distinct == 1 && has_word(&column.words(), &named)
            })
            .filter_map(|column| {
                let value = column.kept.as_ref()?.keys().next()?;
                Some(format!("`{}` (`{}`)", value.trim(), column.name))
            })
            .collect();
        (self.place.is_none() && !places.is_empty()).then(|| {
            format!(
                "Were all stops made in {}? Every row of the baseline in {} is of that place, and its people stand for all stops.",
                places.join(", "),
                self.part.files.join(", ")
            )
        })
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
        let group = named(&wishes.population_group)
            .or_else(|| is(Kind::Race))
            .or_else(|| is(Kind::Ethnicity))?;
        let says_hispanic = |column: &ColumnProfile| {
            let mut values = column.kept.iter().flat_map(|kept| kept.keys());
            values.any(|value| is_hispanic(value))
        };
        let is_race_alone = wishes.population_group.is_none()
            && group.kind.value == Kind::Race
            && !says_hispanic(group);
        Some(Self::Long {
            group,
            ethnicity: is(Kind::Ethnicity).filter(|column| is_race_alone && says_hispanic(column)),
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

/// What race and ethnicity mean that are put together as one text.
fn codes_of_both(race: &ColumnProfile, ethnicity: &ColumnProfile) -> Vec<(String, String)> {
    let values = |column: &'_ ColumnProfile| -> Vec<String> {
        let kept = column.kept.iter().flat_map(|kept| kept.keys());
        kept.cloned().collect()
    };
    let mut codes = Vec::new();
    for own in values(race) {
        for other in values(ethnicity) {
            let group = match race_word(&own) {
                _ if totals_in(&own, &other) => continue,
                _ if is_hispanic(&other) => "hispanic",
                Some(RaceWord::Group(group)) => group,
                _ => continue,
            };
            codes.push((format!("{own}{other}"), group.to_owned()));
        }
    }
    codes
}

fn totals_in(race: &str, ethnicity: &str) -> bool {
    is_total_word(race) || is_total_word(ethnicity)
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
