//! What a column is, from its name and the shapes of its values, with the evidence.

mod quantities;
#[cfg(test)]
mod tests;
mod when;

use jiff::civil::Date;
use serde::Serialize;

use super::columns::{ColumnTally, Shapes};
use super::dates::{Example, MixedDates};
use super::words::{RaceWord, has_word, is_total_word, name_words, race_word};
use super::{Confidence, Guess};
use crate::number::count as shown;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Kind {
    /// Nothing at all.
    Empty,
    /// Dates, or dates with a time of day.
    Date(DateKind),
    /// Times of day.
    Time {
        /// Their layouts in the notation of `strftime`, the commonest first.
        layouts: Vec<&'static str>,
    },
    /// Race, or race and ethnicity in one.
    Race,
    /// Hispanic or not.
    Ethnicity,
    /// Sex or gender.
    Sex,
    /// Age in years.
    Age,
    /// Yes or no.
    YesNo {
        /// Spellings of yes.
        yes: Vec<String>,
        /// Spellings of no.
        no: Vec<String>,
    },
    /// Federal codes of counties.
    CountyCode,
    /// Names or codes of places, agencies and their parts.
    Place,
    /// Who made the stop.
    Officer,
    /// A name, a number or an address that tells who somebody is.
    Private,
    /// A number of its own for each row.
    Identifier,
    /// A degree of latitude or longitude.
    Coordinate,
    /// A calendar year.
    Year,
    /// Whole numbers from 0.
    Count,
    /// Numbers of people who live somewhere.
    Population,
    /// The margin of error of another column.
    Margin,
    /// Other numbers.
    Number,
    /// Shares, percentages, or two numbers with a stroke.
    Share,
    /// A few values that stand again and again.
    Category,
    /// Anything else.
    Text,
}

/// How dates are written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DateKind {
    /// Layouts that together read the values, the commonest first. More than one where values are written in several ways.
    pub layouts: Vec<&'static str>,
    /// Two layouts that both read every value and mean different days.
    pub either: Option<[&'static str; 2]>,
    /// Layouts of the time of day behind the date, the commonest first; none where there is no time.
    pub times: Vec<&'static str>,
    /// Dates without a time of day, where others have one.
    pub without_time: u64,
    /// Values whose time of day is midnight.
    pub at_midnight: u64,
    /// `T` between date and time.
    pub has_t: bool,
    /// Values with an offset from universal time.
    pub with_offset: u64,
    /// Values that are days of a spreadsheet: whole numbers since 30 December 1899.
    pub serials: u64,
    /// Values that are none of these.
    pub unread: u64,
    /// The first of them.
    #[serde(skip)]
    pub first_unread: Option<Example>,
    /// Values with the day first beside values with the month first.
    pub mixed: Option<Box<MixedDates>>,
    /// First and last day, where the layout is known.
    #[serde(serialize_with = "span")]
    pub span: Option<(Date, Date)>,
}

fn span<S: serde::Serializer>(
    span: &Option<(Date, Date)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    span.map(|(first, last)| [first.to_string(), last.to_string()])
        .serialize(serializer)
}

/// The name of a column, taken apart, and what was counted in it.
struct Column<'a> {
    name: &'a str,
    words: Vec<String>,
    tally: &'a ColumnTally,
}

type Verdict = Option<Guess<Kind>>;

/// What the column is.
pub(super) fn kind_of(name: &str, tally: &ColumnTally) -> Guess<Kind> {
    let column = Column {
        name,
        words: name_words(name),
        tally,
    };
    if column.shapes().filled == 0 {
        let why = match (tally.rows, tally.missing.is_empty()) {
            (0, _) => "there is no row".to_owned(),
            (_, true) => "every row is blank".to_owned(),
            (_, false) => "every row is blank or a word for what is missing".to_owned(),
        };
        return Guess::new(Kind::Empty, Confidence::Certain, why);
    }
    let rules: [for<'a, 'b> fn(&'a Column<'b>) -> Verdict; 12] = [
        |column| column.officer(),
        |column| column.private(),
        |column| column.dates(),
        |column| column.times(),
        |column| column.margin(),
        |column| column.race(),
        |column| column.yes_no(),
        |column| column.sex_or_age(),
        |column| column.codes_of_places(),
        |column| column.numbers(),
        |column| column.place(),
        |column| column.identifier(),
    ];
    rules
        .iter()
        .find_map(|rule| rule(&column))
        .unwrap_or_else(|| column.rest())
}

/// Words for somebody of the police.
const POLICE: [&str; 5] = ["officer", "deputy", "trooper", "badge", "employee"];

impl Column<'_> {
    fn shapes(&self) -> &Shapes {
        &self.tally.shapes
    }

    fn has(&self, wanted: &[&str]) -> bool {
        has_word(&self.words, wanted)
    }

    /// Whether at least nine in ten values are so.
    fn most(&self, count: u64) -> bool {
        count * 10 >= self.shapes().filled * 9
    }

    fn of(&self, count: u64) -> String {
        match self.shapes().filled {
            filled if filled == count => format!("all {} values", shown(count)),
            filled => format!("{} of {} values", shown(count), shown(filled)),
        }
    }

    fn distinct(&self) -> String {
        match self.tally.distinct() {
            (1, true) => "one value".to_owned(),
            (count, true) => format!("{} different values", shown(count)),
            (count, false) => format!("at least {} different values", shown(count)),
        }
    }

    fn guess(kind: Kind, confidence: Confidence, reason: String) -> Verdict {
        Some(Guess::new(kind, confidence, reason))
    }

    fn officer(&self) -> Verdict {
        let about = [
            "race",
            "sex",
            "gender",
            "age",
            "years",
            "year",
            "rank",
            "unit",
            "squad",
            "assignment",
            "injury",
            "force",
            "ethnicity",
            "dob",
            "yob",
            "count",
            "type",
        ];
        let names = [
            "id",
            "identification",
            "number",
            "no",
            "num",
            "hash",
            "badge",
            "key",
            "code",
        ];
        if !self.has(&POLICE) || self.has(&about) {
            return None;
        }
        let is_id = self.has(&names) || self.words.len() == 1;
        let (distinct, _) = self.tally.distinct();
        if !is_id || distinct < 2 {
            return None;
        }
        let confidence = if distinct >= 6 {
            Confidence::Likely
        } else {
            Confidence::Doubtful
        };
        Self::guess(
            Kind::Officer,
            confidence,
            format!(
                "its name, and {} in {} rows",
                self.distinct(),
                shown(self.tally.rows)
            ),
        )
    }

    fn private(&self) -> Verdict {
        let by_name = [
            "surname",
            "dob",
            "birth",
            "birthdate",
            "plate",
            "license",
            "licence",
            "vin",
            "ssn",
            "phone",
            "email",
            "alien",
            "address",
            "street",
            "narrative",
            "notes",
            "comments",
            "remarks",
            "intersection",
        ];
        let of_a_person = self.has(&["name"])
            && self.has(&[
                "first",
                "last",
                "middle",
                "subject",
                "driver",
                "person",
                "suspect",
                "passenger",
                "officer",
                "deputy",
                "trooper",
                "victim",
            ]);
        let of_a_place = self.has(&["location"]) && self.has(&["description", "text"]);
        let is_state = self.has(&["state"]);
        // `last_seen` is no name, and a date of anything but birth nobody's.
        let is_event = self.has(&["seen", "updated", "check", "signed", "date"])
            && !self.has(&["birth", "dob", "birthdate"]);
        if (self.has(&by_name) || of_a_person || of_a_place) && !is_state && !is_event {
            return Self::guess(
                Kind::Private,
                Confidence::Likely,
                "its name says that it may tell who somebody is: it is not used, and no value of it is shown".into(),
            );
        }
        None
    }

    fn race(&self) -> Verdict {
        // A row that adds up others is of no group, and says nothing against the column.
        let values: Vec<(&String, &u64)> = self
            .tally
            .values
            .iter()
            .flatten()
            .filter(|(value, _)| !is_total_word(value))
            .collect();
        let shapes = self.shapes();
        let known: Vec<(RaceWord, u64)> = values
            .iter()
            .filter_map(|(value, count)| race_word(value).map(|word| (word, **count)))
            .collect();
        let says = |wanted: RaceWord| known.iter().any(|(word, _)| *word == wanted);
        let rows: u64 = values.iter().map(|(_, count)| **count).sum();
        let rows_known: u64 = known.iter().map(|(_, count)| count).sum();
        let is_named = self.has(&[
            "race",
            "ethnicity",
            "ethnic",
            "eth",
            "group",
            "re",
            "hispanic",
            "racial",
        ]);
        let of_police = self.has(&POLICE);
        let groups = known
            .iter()
            .filter(|(word, _)| matches!(word, RaceWord::Group(_)))
            .count();
        let hispanic = says(RaceWord::Group("hispanic"));
        let two_main = says(RaceWord::Group("white")) && says(RaceWord::Group("black"));
        let enough = rows_known * 10 >= rows * 8;
        if of_police || groups == 0 || !enough || !(is_named || two_main) || shapes.dates.fit > 0 {
            return None;
        }
        let others = values.len() - known.len();
        let reason = format!(
            "{} of its {} values are spellings of groups, in {} of {} rows{}",
            known.len(),
            values.len(),
            shown(rows_known),
            shown(rows),
            match others {
                0 => String::new(),
                1 => "; one is not known".to_owned(),
                others => format!("; {others} are not known"),
            }
        );
        let only_hispanic = hispanic && groups <= 2 && !two_main && says(RaceWord::NotHispanic);
        let confidence = if others == 0 && is_named {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        Self::guess(
            if only_hispanic {
                Kind::Ethnicity
            } else {
                Kind::Race
            },
            confidence,
            reason,
        )
    }

    fn yes_no(&self) -> Verdict {
        let values = self.tally.values.as_ref()?;
        let shapes = self.shapes();
        if shapes.booleans != shapes.filled || values.len() > 8 {
            return None;
        }
        let spelled = |meaning: bool| -> Vec<String> {
            let means = |value: &&String| super::words::boolean_word(value) == Some(meaning);
            values
                .keys()
                .filter(means)
                .map(|value| value.trim().to_owned())
                .collect()
        };
        let (yes, no) = (spelled(true), spelled(false));
        let both = !yes.is_empty() && !no.is_empty();
        let reason = format!(
            "its values are {}",
            values
                .iter()
                .filter(|(value, _)| super::words::boolean_word(value).is_some())
                .map(|(value, count)| format!("{} ({})", value.trim(), shown(*count)))
                .collect::<Vec<_>>()
                .join(" and ")
        );
        let is_digit_alone = !both && shapes.whole == shapes.filled;
        // In a table with a column for each group, 0 and 1 under a group are small counts.
        let is_of_a_group = shapes.whole == shapes.filled
            && self.name.chars().count() > 2
            && matches!(race_word(self.name), Some(RaceWord::Group(_)));
        if is_digit_alone || is_of_a_group {
            return None;
        }
        let confidence = if both {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        Self::guess(Kind::YesNo { yes, no }, confidence, reason)
    }

    fn sex_or_age(&self) -> Verdict {
        let shapes = self.shapes();
        if self.has(&["sex", "gender"]) && self.most(shapes.sexes) {
            return Self::guess(
                Kind::Sex,
                Confidence::Certain,
                format!("its name, and {} are words for it", self.of(shapes.sexes)),
            );
        }
        let in_years = shapes.most.is_some_and(|most| most <= 130.0)
            && self.most(shapes.whole + shapes.decimal_points);
        (self.has(&["age"]) && in_years).then(|| {
            Guess::new(
                Kind::Age,
                Confidence::Likely,
                "its name, and numbers up to 130 at most".into(),
            )
        })
    }

    fn place(&self) -> Verdict {
        let names = [
            "county",
            "city",
            "town",
            "place",
            "agency",
            "department",
            "precinct",
            "district",
            "beat",
            "neighborhood",
            "neighbourhood",
            "municipality",
            "jurisdiction",
            "zone",
            "division",
            "organization",
            "location",
            "geography",
            "pct",
            "fips",
            "countyname",
            "facility",
            "troop",
            "state",
        ];
        let (distinct, exact) = self.tally.distinct();
        let repeats = exact && distinct * 2 <= self.shapes().filled || self.tally.rows < 5_000;
        // A place with a number of its own in most rows is an address.
        let of_what = self.has(&["type", "activity", "level", "category"]);
        (self.has(&names) && !of_what && repeats).then(|| {
            Guess::new(
                Kind::Place,
                Confidence::Likely,
                format!(
                    "its name, and {} in {} rows",
                    self.distinct(),
                    shown(self.tally.rows)
                ),
            )
        })
    }

    fn identifier(&self) -> Verdict {
        let (distinct, exact) = self.tally.distinct();
        let filled = self.shapes().filled;
        let is_unique = filled > 20
            && ((exact && distinct == filled)
                || (!exact && distinct * 10 >= filled.min(50_000) * 9));
        (is_unique && self.shapes().dates.fit == 0 && self.shapes().decimal_points == 0).then(
            || {
                Guess::new(
                    Kind::Identifier,
                    Confidence::Likely,
                    format!(
                        "{} in {} rows: nearly every row has its own",
                        self.distinct(),
                        shown(filled)
                    ),
                )
            },
        )
    }

    fn rest(&self) -> Guess<Kind> {
        let (distinct, exact) = self.tally.distinct();
        if self.tally.values.is_some() && (distinct * 4 <= self.shapes().filled || distinct <= 12) {
            return Guess::new(
                Kind::Category,
                Confidence::Likely,
                format!("{} in {} rows", self.distinct(), shown(self.tally.rows)),
            );
        }
        let about = if exact { "" } else { ", maybe more" };
        Guess::new(
            Kind::Text,
            Confidence::Doubtful,
            format!(
                "`{}` has {distinct} different values{about} of no kind that is known",
                self.name
            ),
        )
    }
}
