#![doc = include_str!("regression.md")]

mod cells;
mod lines;
mod predicted;
mod quoted;

pub(super) use cells::together;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::missing::{MissingOptions, Panel};
use super::strata::Split;
use super::wanted::{check_key, each};
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::{OneOrMany, Only};
use crate::disclosure::Disclosed;
use crate::error::{Error, repeated};
use crate::figures::Figure;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Finding, Line};
use crate::stats::regression::{self as glm, RegressionError};
use crate::stops::PLACE;
use crate::warning::{self, Warning};
use cells::Cell;
pub(super) use lines::Behind;
use lines::Regression;
pub(super) use quoted::{ENOUGH, FEWEST, Quoter, band, half_width};

/// The word in the study file.
pub const NAME: &str = "regression";

/// A `[[regression]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegressionOptions {
    /// Name of the finding.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Title of its section.
    pub title: Option<String>,
    /// Confidence level.
    #[schemars(with = "Option<f64>")]
    pub level: Option<Spanned<f64>>,
    /// Which cells to look at.
    #[schemars(with = "Option<Only>")]
    pub only: Option<Spanned<Only>>,
    /// The study's remark.
    pub note: Option<String>,
    /// Which counts.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// The baseline, where the counts are not a part of something.
    #[schemars(with = "Option<String>")]
    pub population: Option<Spanned<String>>,
    /// Keys whose every value has an effect of its own.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub adjust: Vec<Spanned<String>>,
    /// Further keys by which cells are kept apart: coefficients stay, dispersion and deviance are of finer cells.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub cells: Vec<Spanned<String>>,
    /// A key whose numbers have an effect along a curve.
    pub smooth: Option<Smooth>,
    /// The keys by which errors are clustered.
    #[schemars(with = "Option<OneOrMany>")]
    pub cluster: Option<Spanned<OneOrMany>>,
    /// What the events are drawn from.
    #[schemars(with = "Option<EventFamily>")]
    pub family: Option<Spanned<EventFamily>>,
    /// What one observation is.
    #[schemars(with = "Option<Observation>")]
    pub observation: Option<Spanned<Observation>>,
    /// How the limits of counting alone are found.
    #[serde(default)]
    pub limits: Limits,
    /// A key of numbers along which predicted probabilities are shown for each group.
    #[schemars(with = "Option<String>")]
    pub display: Option<Spanned<String>>,
    /// Whether a panel beside the finding shows what becomes of it under the unknown.
    #[schemars(with = "Option<Panel>")]
    pub missing: Option<Spanned<Panel>>,
}

/// A natural cubic spline of a key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smooth {
    /// The key, whose values are numbers.
    #[schemars(with = "String")]
    pub key: Spanned<String>,
    /// Columns: 1 is a straight line.
    #[schemars(with = "u8")]
    pub df: Spanned<u8>,
}

/// What the events are drawn from, and so which ratio is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventFamily {
    /// Binomial: odds ratios.
    Logistic,
    /// Binomial with Firth's penalty: odds ratios that are finite where a group has no events, or nothing else.
    FirthLogistic,
    /// Poisson: ratios of risks or rates.
    Poisson,
    /// Poisson with a variance that grows with the square of the mean: the same ratios.
    NegativeBinomial,
}

/// How the limits of counting alone are found, and the p beside them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Limits {
    /// Wald: estimate and standard error.
    #[default]
    Wald,
    /// Profile likelihood, and the likelihood-ratio test.
    Profile,
}

impl EventFamily {
    fn kernel(self) -> glm::Family {
        match self {
            Self::Logistic => glm::Family::Logistic,
            Self::FirthLogistic => glm::Family::FirthLogistic,
            Self::Poisson => glm::Family::Poisson,
            Self::NegativeBinomial => glm::Family::NegativeBinomial,
        }
    }
}

/// What one observation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Observation {
    /// A trial.
    Trial,
    /// A cell.
    Cell,
}

/// Most keys whose effects are taken out.
const MOST_KEYS: usize = 2;

/// Most columns of a curve.
const MOST_COLUMNS: u8 = 20;

impl Analysis for RegressionOptions {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn header(&self) -> Header<'_> {
        Header {
            name: self.name.as_ref(),
            title: self.title.as_deref(),
            level: self.level.as_ref(),
            only: self.only.as_ref(),
            note: self.note.as_deref(),
            dispersion: DispersionRule::Common,
            counts: &self.counts,
            by: &self.adjust,
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let mut common = self.header().check(setting)?;
        if common.outcome.annual_average {
            return Err(Error::study(
                self.counts.span(),
                format!(
                    "counts `{}` are annual averages, which have no likelihood",
                    common.outcome.name
                ),
                "name counts of events that happened",
            ));
        }
        self.check_keys(&common)?;
        common.check_baselines(setting, self.population.as_slice(), "regression")?;
        if common.outcome.trials.is_none() {
            self.check_without_trials(&common)?;
        }
        if let (Some(EventFamily::NegativeBinomial), Some(observation)) =
            (self.family(), &self.observation)
            && *observation.get_ref() == Observation::Trial
        {
            return Err(Error::study(
                observation.span(),
                "a negative binomial regression is of counts by cell",
                "take `observation` out",
            ));
        }
        self.check_display(&common)?;
        self.with_cells(&mut common);
        Ok(Asks {
            tabulations: common.tabulations(self.population.is_some()),
            baselines: self
                .population
                .iter()
                .map(|p| p.get_ref().clone())
                .collect(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let mut common = self.header().check(answers.setting)?;
        let adjust = common.by.clone();
        let clusters = self.clusters(&common);
        self.with_cells(&mut common);
        let baseline = self
            .population
            .as_ref()
            .map(|name| &answers.baselines[name.get_ref()]);
        let split = Split {
            officers: None,
            ..Split::new(&common, answers.tables, baseline)
        };
        let strata = split.strata(answers)?;
        if let Some(display) = &self.display {
            predicted::is_numeric(&strata, display.get_ref()).map_err(|odd| {
                Error::study(
                    display.span(),
                    format!("`{}` has the value `{odd}`, which is no number", display.get_ref()),
                    "a display needs a key of numbers, such as a year, a month or an hour; `only` leaves out a value",
                )
            })?;
        }
        let curve = self.smooth.iter().map(|smooth| match *smooth.df.get_ref() {
            1 => format!("a straight line along {}", smooth.key.get_ref()),
            _ => format!("a curve along {}", smooth.key.get_ref()),
        });
        let held: Vec<String> = adjust.iter().cloned().chain(curve).collect();
        let held = if held.is_empty() {
            String::new()
        } else {
            format!(", {} held equal", held.join(" and "))
        };
        let kind = match self.family() {
            None | Some(EventFamily::Logistic) => "",
            Some(EventFamily::FirthLogistic) => " (Firth's penalty)",
            Some(EventFamily::Poisson) => " (Poisson)",
            Some(EventFamily::NegativeBinomial) => " (negative binomial)",
        };
        let title = format!(
            "Regression of {} on the group{held}{kind}",
            common.outcome.events
        );
        let mut finding = common.finding(NAME, answers, title);
        finding.frame.by = Vec::new();
        finding.frame.counting = match self.limits {
            Limits::Wald => "errors of the model, events independent",
            Limits::Profile => "profile likelihood, events independent",
        }
        .into();
        charts::describe_baseline(&mut finding, baseline, &strata);
        for caution in strata.iter().flat_map(|stratum| &stratum.warnings) {
            warning::add(&mut finding.warnings, caution.clone());
        }
        let groups: Vec<&str> = answers.setting.groups.shown().collect();
        let all = cells::cells(&strata, &groups);
        let mut cells: Vec<&Cell<'_>> = all.iter().collect();
        if self.family() != Some(EventFamily::FirthLogistic) {
            let left_out;
            (cells, left_out) =
                cells::informative(cells, &adjust, self.is_logistic(common.outcome));
            if !left_out.is_empty() {
                let caution = Warning::SilentValues { values: left_out };
                warning::add(&mut finding.warnings, caution);
            }
        }
        let name = &common.outcome.name;
        let strata_of = |group: usize| {
            let own = all.iter().filter(move |cell| cell.group == group);
            own.map(|cell| cell.stratum)
        };
        let behind: Vec<Behind> = (0..groups.len())
            .map(|group| Behind::of(strata_of(group), name, groups[group]))
            .collect();
        let regression = Regression {
            options: self,
            common: &common,
            answers,
            baseline,
            adjust: &adjust,
            clusters: &clusters,
            all: &all,
            cells: &cells,
            groups: &groups,
            behind: &behind,
        };
        finding.lines = regression.lines()?;
        finding.lines.extend(regression.predicted()?);
        let adjusted = |line: &&Line| is_adjusted(line.estimand);
        finding.frame.comparisons = finding.lines.iter().filter(adjusted).count();
        finding.frame.headline = finding.headline_methods();
        Ok(finding)
    }

    fn panel(&self) -> Option<Result<MissingOptions, Error>> {
        let asked = self.missing.as_ref()?;
        Some(Err(MissingOptions::no_panel(
            asked,
            "every allocation of the unknown would be a fit of its own",
            "ask for [[missing]] of the same counts, within the keys of the regression",
        )))
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        let mut figures = charts::forest(finding, setting, &|line| is_adjusted(line.estimand));
        if let Some(display) = &self.display {
            figures.extend(charts::predicted(finding, setting, display.get_ref()));
        }
        figures
    }
}

/// Whether a number is a coefficient of a regression.
pub(super) fn is_adjusted(estimand: Estimand) -> bool {
    [
        glossary::ADJUSTED_ODDS_RATIO,
        glossary::ADJUSTED_RISK_RATIO,
        glossary::ADJUSTED_RATE_RATIO,
    ]
    .contains(&estimand)
}

impl RegressionOptions {
    fn check_keys(&self, common: &Common<'_>) -> Result<(), Error> {
        if let Some(third) = self.adjust.get(MOST_KEYS) {
            return Err(Error::study(
                third.span(),
                format!("`{}` is the third key to adjust for", third.get_ref()),
                "two keys at most: name a key of the counts that combines them",
            ));
        }
        let held = self
            .adjust
            .iter()
            .chain(self.smooth.iter().map(|smooth| &smooth.key));
        if let Some(key) = repeated(held.chain(&self.cells)) {
            return Err(Error::study(
                key.span(),
                format!("`{}` stands there twice", key.get_ref()),
                "a key is in `adjust`, `smooth` or `cells`, once: each keeps cells apart",
            ));
        }
        let clusters = each(self.cluster.as_ref());
        for key in clusters.iter().chain(&self.cells) {
            check_key(common.outcome, key)?;
        }
        match clusters.as_slice() {
            [first, second] if first.get_ref() == second.get_ref() => {
                return Err(Error::study(
                    second.span(),
                    format!("`{}` stands there twice", second.get_ref()),
                    "name two keys, or one",
                ));
            }
            [_, _, third, ..] => {
                return Err(Error::study(
                    third.span(),
                    format!("`{}` is the third key of the clusters", third.get_ref()),
                    "errors are clustered by one key or by two",
                ));
            }
            _ => {}
        }
        let Some(smooth) = &self.smooth else {
            return Ok(());
        };
        check_key(common.outcome, &smooth.key)?;
        if !(1..=MOST_COLUMNS).contains(smooth.df.get_ref()) {
            return Err(Error::study(
                smooth.df.span(),
                format!("df = {} is no number of columns", smooth.df.get_ref()),
                format!("1 is a straight line, {MOST_COLUMNS} the most"),
            ));
        }
        Ok(())
    }

    /// Keeps cells apart by every key that the table names.
    fn with_cells(&self, common: &mut Common<'_>) {
        let clusters = self.clusters(common);
        let smooth = self.smooth.iter().map(|smooth| smooth.key.get_ref());
        let further = self.cells.iter().map(Spanned::get_ref);
        for key in clusters.iter().chain(smooth).chain(further) {
            if !common.by.contains(key) {
                common.by.push(key.clone());
            }
        }
    }

    /// Holds the display against the model.
    fn check_display(&self, common: &Common<'_>) -> Result<(), Error> {
        let Some(display) = &self.display else {
            return Ok(());
        };
        check_key(common.outcome, display)?;
        if self.kernel_family(common.outcome) != glm::Family::Logistic {
            return Err(Error::study(
                display.span(),
                "predicted probabilities are those of a logistic regression",
                "say family = \"logistic\" of counts with `trials`, or take `display` out",
            ));
        }
        let smooth = self.smooth.iter().map(|smooth| &smooth.key);
        let mut held = self.adjust.iter().chain(&self.cells).chain(smooth);
        if held.any(|key| key.get_ref() == display.get_ref()) {
            return Ok(());
        }
        Err(Error::study(
            display.span(),
            format!("`{}` is no key of this regression", display.get_ref()),
            "name it under `adjust` or as the key of `smooth`; under `cells` the lines differ by who was there alone",
        ))
    }

    fn check_without_trials(&self, common: &Common<'_>) -> Result<(), Error> {
        let is_by_trial = |o: &&Spanned<Observation>| *o.get_ref() == Observation::Trial;
        let is_of_odds = |f: &&Spanned<EventFamily>| f.get_ref().kernel().is_logistic();
        let family = self.family.as_ref().filter(is_of_odds).map(Spanned::span);
        let observation = self
            .observation
            .as_ref()
            .filter(is_by_trial)
            .map(Spanned::span);
        match family.or(observation) {
            None => Ok(()),
            Some(span) => Err(Error::study(
                span,
                format!("counts `{}` have no trials", common.outcome.name),
                "rates per head are \"poisson\" or \"negative_binomial\", observed by \"cell\"",
            )),
        }
    }

    fn family(&self) -> Option<EventFamily> {
        self.family.as_ref().map(|family| *family.get_ref())
    }

    /// The family of the kernel: as named, else logistic where there are trials and Poisson where there are none.
    fn kernel_family(&self, outcome: &crate::cells::Outcome) -> glm::Family {
        match self.family() {
            Some(family) => family.kernel(),
            None if outcome.trials.is_some() => glm::Family::Logistic,
            None => glm::Family::Poisson,
        }
    }

    fn is_logistic(&self, outcome: &crate::cells::Outcome) -> bool {
        self.kernel_family(outcome).is_logistic()
    }

    /// The keys of the clusters: as named, else the place where there are places.
    fn clusters(&self, common: &Common<'_>) -> Vec<String> {
        match &self.cluster {
            Some(keys) => keys.get_ref().values().to_vec(),
            None => {
                let has_places = common.outcome.keys.iter().any(|key| key == PLACE);
                has_places.then(|| PLACE.to_owned()).into_iter().collect()
            }
        }
    }

    fn refused(&self, fault: &RegressionError) -> Error {
        let hint = match fault {
            RegressionError::Separation { .. } => {
                "take the group or the key that it names out, add up more of the data, or say family = \"firth_logistic\""
            }
            RegressionError::Collinear(_) => {
                "take one of the keys out, or the group out of `compare`: in no value of the keys do both sides occur"
            }
            RegressionError::NoOverdispersion => "say family = \"poisson\"",
            RegressionError::TooFewObservations { .. } => {
                "keep cells apart by further keys of the counts (cells = [\"place\"]), adjust for fewer, or observe by \"trial\""
            }
            _ => "take the group or the key that it names out, or add up more of the data",
        };
        Error::study(
            self.counts.span(),
            format!("the regression has no answer: {fault}"),
            hint,
        )
    }
}
