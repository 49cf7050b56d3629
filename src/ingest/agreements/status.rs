//! The `status` tables of a register: keys of the counts that are made from it, and their rules in words.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::config::{AgreementsConfig, ColumnName, UndatedRule};
use super::kinds::{Kind, Level};
use super::states;
use crate::error::Error;
use crate::stops::{Column, GROUP, OFFICER, PERIOD, PLACE, STATE, YEAR};

/// A key of the counts that says whether an agreement was in force in the place and time of a cell.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusConfig {
    /// Name of the key. Registers that name the same key make it together.
    #[schemars(with = "String")]
    pub key: Spanned<String>,
    /// Kinds of agreements that count; those of 287(g), or the file's only kind, where none is named.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// Levels of the agreements of a place that count; all where none is named.
    #[serde(default)]
    pub levels: Vec<Level>,
    /// Whether an agreement of a state covers its places; to be said where the register has one that counts.
    pub statewide: Option<Statewide>,
    /// What it means that neither an end is known nor that an agreement goes on.
    #[serde(default)]
    pub unknown_end: UnknownEnd,
    /// How places of the register and of the counts are known to be the same.
    #[serde(default)]
    pub join: Join,
    /// The state of all counts, where they have neither a key `state` nor places that end in it.
    #[schemars(with = "Option<String>")]
    pub state: Option<Spanned<String>>,
    /// The words of the key.
    #[serde(default)]
    pub words: StatusWords,
}

/// Whether an agreement of a state covers its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Statewide {
    /// Every place of the state.
    Covers,
    /// None: it is listed, and does not count.
    Apart,
}

/// What it means that the end of an agreement is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownEnd {
    /// A fault of the register.
    #[default]
    Error,
    /// It went on.
    InForce,
    /// It went on until the last day that anything says so, and ended then.
    InForceUntilEvidence,
    /// It went on until then, and from then on the status is not known.
    NotKnownAfterEvidence,
}

/// How places are known to be the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// By state and name.
    #[default]
    Name,
    /// By the county's federal code.
    Fips,
}

/// The words of a status key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatusWords {
    /// An agreement was in force.
    pub(super) in_force: String,
    /// There was one, and it ended.
    pub(super) ended: String,
    /// There was none.
    pub(super) none: String,
    /// It began or ended within the time that a cell is of.
    pub(super) transition: String,
    /// The register does not say.
    pub(super) not_known: String,
}

impl Default for StatusWords {
    fn default() -> Self {
        Self {
            in_force: "in force".into(),
            ended: "ended".into(),
            none: "none".into(),
            transition: "transition".into(),
            not_known: "not known".into(),
        }
    }
}

impl StatusWords {
    fn all(&self) -> [&str; 5] {
        [
            &self.in_force,
            &self.ended,
            &self.none,
            &self.transition,
            &self.not_known,
        ]
    }
}

impl StatusConfig {
    /// Whether kinds are asked for that only a table of spellings can tell.
    pub(super) fn asks_for_kinds(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// The kinds that count; `None` where the register does not tell kinds apart, and all count.
    pub(super) fn counted(&self, config: &AgreementsConfig) -> Option<Vec<Kind>> {
        if !self.kinds.is_empty() {
            return Some(self.kinds.clone());
        }
        match config.kind {
            Some(kind) => Some(vec![kind]),
            None => config.reads_kinds().then(|| Kind::OF_287G.to_vec()),
        }
    }

    /// The levels that count.
    pub(super) fn levels(&self) -> &[Level] {
        if self.levels.is_empty() {
            &Level::LOCAL
        } else {
            &self.levels
        }
    }

    /// The state of all counts, by its postal code.
    pub(super) fn state_code(&self) -> Option<String> {
        let state = self.state.as_ref()?;
        let code = states::code(state.get_ref()).map(str::to_owned);
        Some(code.unwrap_or_else(|| state.get_ref().clone()))
    }

    /// Holds the table against its register's.
    ///
    /// # Errors
    /// A key that evenhand uses itself; two conditions with one word; a join by a column that is not named; a state
    /// among the levels of places.
    pub(super) fn check(&self, config: &AgreementsConfig) -> Result<(), Error> {
        let fault = |message: String, hint: &str| Err(Error::study(self.key.span(), message, hint));
        let key = self.key.get_ref().as_str();
        let own = [GROUP, PLACE, STATE, YEAR, PERIOD, OFFICER].contains(&key)
            || Column::ALL.iter().any(|column| column.name == key);
        if own || key.trim().is_empty() {
            return fault(
                format!("`{key}` is no name of a status key"),
                "choose another, such as \"program\" or \"task_force\"",
            );
        }
        let words = self.words.all();
        if let Some(twin) = (1..words.len()).find(|&i| words[..i].contains(&words[i])) {
            return fault(
                format!("two conditions have the word `{}`", words[twin]),
                "give each condition of `words` a word of its own",
            );
        }
        if words.iter().any(|word| word.trim().is_empty()) {
            return fault(
                "a condition has a blank for its word".into(),
                "name it in `words`",
            );
        }
        let (column, named) = match self.join {
            Join::Name => ("place", config.columns.named(ColumnName::Place)),
            Join::Fips => ("fips", config.columns.named(ColumnName::Fips)),
        };
        if named.is_none() {
            return fault(
                format!(
                    "places are to be joined by `{column}`, and the agreements name no such column"
                ),
                "add it to `columns`, or say join = \"name\" or \"fips\"",
            );
        }
        if self.levels.contains(&Level::State) {
            return fault(
                "`levels` are those of the agreements of a place".into(),
                "take \"state\" out, and say whether a state's agreement covers its places: statewide = \"covers\" or \"apart\"",
            );
        }
        Ok(())
    }

    /// The rule in words.
    pub(super) fn rule(&self, config: &AgreementsConfig) -> String {
        let listed = |words: Vec<&str>| words.join(", ");
        let kinds = self.counted(config).map_or_else(
            || "every agreement".to_owned(),
            |kinds| {
                if Kind::OF_287G.iter().all(|kind| kinds.contains(kind)) && kinds.len() == Kind::OF_287G.len() {
                    return "agreements of every kind of 287(g), also where the kind is not recorded".into();
                }
                let words = kinds.iter().map(|kind| kind.aloud()).collect();
                format!("agreements of these kinds: {}", listed(words))
            },
        );
        let hybrid = match self.counted(config) {
            Some(kinds)
                if !kinds.contains(&Kind::Hybrid)
                    && (kinds.contains(&Kind::Jail) || kinds.contains(&Kind::TaskForce)) =>
            {
                " (a hybrid of jail and task force is not among them)"
            }
            _ => "",
        };
        let doubted = match self.counted(config) {
            Some(kinds)
                if !kinds.contains(&Kind::NotRecorded)
                    && kinds.iter().any(|kind| Kind::OF_287G.contains(kind)) =>
            {
                "; where the kind is not recorded the status is not known"
            }
            _ => "",
        };
        let levels = if self.levels() == Level::LOCAL {
            "of every level but that of a state".to_owned()
        } else {
            let words = self.levels().iter().map(|level| level.aloud()).collect();
            format!("of these levels: {}", listed(words))
        };
        let statewide = match self.statewide {
            Some(Statewide::Covers) => "an agreement of a state covers every place of it",
            Some(Statewide::Apart) => "an agreement of a state is listed and does not count",
            None => "none is of a state",
        };
        let end = match self.unknown_end {
            UnknownEnd::Error => "every end is known, or that there is none",
            UnknownEnd::InForce => "an agreement whose end is not known went on",
            UnknownEnd::InForceUntilEvidence => {
                "an agreement whose end is not known ended on the last day that anything says it was in force"
            }
            UnknownEnd::NotKnownAfterEvidence => {
                "after the last day that anything says an agreement was in force its status is not known"
            }
        };
        let undated = match config.undated() {
            UndatedRule::Error => "",
            UndatedRule::NotKnown => "; where an agreement has no date the status is not known",
        };
        let join = match self.join {
            Join::Name => "state and name",
            Join::Fips => "the county's federal code",
        };
        format!(
            "{}: {kinds}{hybrid}, {levels}, each for the whole place that it names; {statewide}; an agreement begins {}; {end}{undated}{doubted}; places are the same by {join}.",
            config.file.get_ref(),
            config.date().aloud()
        )
    }

    /// What the words of the key mean, in words; `year` where it refers to one year.
    pub(super) fn meaning(&self, year: Option<i16>) -> String {
        let words = &self.words;
        let key = self.key.get_ref();
        match year {
            Some(year) => format!(
                "`{key}` is made from the register of agreements: `{}` where one was in force at some time in {year}, `{}` where all had ended before, `{}` where there was none by then, `{}` where the register cannot say.",
                words.in_force, words.ended, words.none, words.not_known
            ),
            None => format!(
                "`{key}` is made from the register of agreements: `{}` where one was in force on every day of the year or period, `{}` where on some days only, `{}` where all had ended before, `{}` where there was none by then, `{}` where the register cannot say.",
                words.in_force, words.transition, words.ended, words.none, words.not_known
            ),
        }
    }
}
