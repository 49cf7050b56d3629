#![doc = include_str!("outcome_test.md")]

mod basis;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::bands::detectable;
use super::measures::{Comparer, Pair};
use super::missing::{Asked, MissingOptions, Panel};
use super::noise::{Noise, Shape, Side, Uncertainty, refused};
use super::pooled::pooled_lines;
use super::strata::{Split, Stratum, Tally};
use super::wanted::name_headline;
use super::{Analysis, Answers, Asks, DispersionRule, Header, Setting, charts, rates};
use crate::cells::{Absent, Only, Outcome};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, Counted, Finding, Line, Test, Variance};
use crate::stats::chi_square::EqualRates;
use crate::stats::paired::{PairedDifferences, average_over_places_std_error};
use crate::stats::{Interval, Level, special};
use crate::stops::{NOT_RECORDED, PLACE, SEARCH_BASIS, STATE};
use crate::warning::{self, Warning};

/// The word in the study file.
pub const NAME: &str = "outcome_test";

/// An `[[outcome_test]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeTestOptions {
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
    /// Whether strata share their dispersion.
    #[serde(default)]
    pub dispersion: DispersionRule,
    /// Counts of hits out of searches.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// Which searches are looked at: a named rule, since it decides the result.
    #[schemars(with = "SearchRule")]
    pub searches: Spanned<SearchRule>,
    /// What is done with searches of several bases; required unless all searches are looked at.
    #[schemars(with = "Option<MixedBasis>")]
    pub mixed_basis: Option<Spanned<MixedBasis>>,
    /// Counts of searches out of stops, to be set beside the hit rates.
    #[schemars(with = "Option<String>")]
    pub search_counts: Option<Spanned<String>>,
    /// Keys of the strata.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub by: Vec<Spanned<String>>,
    /// Whether a panel beside the finding shows what becomes of it under the unknown.
    #[schemars(with = "Option<Panel>")]
    pub missing: Option<Spanned<Panel>>,
}

/// Which searches are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchRule {
    /// All searches.
    All,
    /// Searches by consent.
    Consent,
    /// Searches with discretion: consent, probable cause, plain view, K9.
    Discretionary,
}

/// What is done with searches of several bases of which some count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MixedBasis {
    /// One basis that counts is enough.
    Counted,
    /// Every basis must be one that counts.
    LeftOut,
}

impl Analysis for OutcomeTestOptions {
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
            dispersion: self.dispersion,
            counts: &self.counts,
            by: &self.by,
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let mut common = self.header().check(setting)?;
        if common.outcome.trials.is_none() {
            let message = format!(
                "counts `{}` are not counted out of anything: an outcome test needs hits out of searches",
                common.outcome.name
            );
            return Err(Error::study(
                self.counts.span(),
                message,
                "name counts whose `trials` are searches",
            ));
        }
        // Of rows it is known what is a part of what; of published counts the search counts beside tell.
        let of_stops = |outcome: &Outcome| {
            let beside = setting.outcomes.iter();
            let mut rows = beside.filter(|own| own.absent == Absent::Zero && own.trials.is_none());
            outcome.absent == Absent::Zero
                && rows.any(|rows| outcome.trials.as_ref() == Some(&rows.events))
        };
        let same_whole = |name: &Spanned<String>| {
            let mut all = setting.outcomes.iter();
            all.any(|own| own.name == *name.get_ref() && own.trials == common.outcome.trials)
        };
        if of_stops(common.outcome) || self.search_counts.as_ref().is_some_and(same_whole) {
            let message = format!(
                "counts `{}` are out of {}, so they are no hits of searches",
                common.outcome.name,
                common.outcome.trials.as_deref().unwrap_or_default()
            );
            return Err(Error::study(
                self.counts.span(),
                message,
                "name counts whose `trials` are searches, such as `hits`; searches out of stops are `search_counts`",
            ));
        }
        self.check_rule(&common)?;
        let mut tabulations = self.by_basis(&mut common).tabulations(false);
        if let Some(name) = &self.search_counts {
            let mut searches = self.searches(name).check(setting)?;
            if searches.outcome.trials.is_none() {
                return Err(Error::study(
                    name.span(),
                    format!(
                        "counts `{}` are not counted out of stops",
                        searches.outcome.name
                    ),
                    "name counts of searches whose `trials` are stops",
                ));
            }
            if self.rule().is_some() {
                self.check_search_counts(name, &searches)?;
            }
            tabulations.extend(self.by_basis(&mut searches).tabulations(false));
        }
        tabulations.extend(self.kinds_request(setting)?);
        Ok(Asks {
            tabulations,
            baselines: Vec::new(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
        let mut finding = common.finding(
            NAME,
            answers,
            format!(
                "Outcome test: hit rates of {}{}",
                self.trials_words(common.outcome),
                charts::by_words(&self.by)
            ),
        );
        self.describe(&mut finding, common.outcome);
        finding.frame.counting = "Wilson; Newcombe for differences".into();
        warning::add(&mut finding.warnings, Warning::InfraMarginality);
        let asked = 1 + usize::from(common.outcome.by_officer);
        let (own, rest) = answers.tables.split_at(asked);
        let own = self.under_rule(own, &mut finding.warnings)?;
        let split = Split::new(&common, &own, None);
        let strata = split.strata(answers)?;
        let test = OutcomeTest {
            answers,
            outcome: common.outcome,
            level: common.level,
            uncertainty: common.uncertainty(),
        };
        test.rates(&mut finding, &strata, glossary::HIT_RATE)?;
        if let Some(name) = &self.search_counts {
            let searches = self.searches(name).check(answers.setting)?;
            let rule = self.rule();
            let split = Split {
                events_of: rule.as_ref(),
                ..Split::new(&searches, rest, None)
            };
            let strata = split.strata(answers)?;
            let test = OutcomeTest {
                outcome: searches.outcome,
                uncertainty: searches.uncertainty(),
                ..test
            };
            let before = finding.lines.len();
            test.rates(&mut finding, &strata, glossary::SEARCH_RATE)?;
            let counted = finding.lines[before..].iter_mut();
            for counted in counted.filter_map(|line| line.counted.as_mut()) {
                if rule.is_some() {
                    counted.events = self.trials_words(common.outcome);
                }
            }
        }
        test.differences(&mut finding, &strata)?;
        for stratum in &strata {
            finding.lines.push(test.equal_rates(stratum)?);
        }
        let by: Vec<String> = [STATE, PLACE]
            .into_iter()
            .filter(|key| common.outcome.keys.iter().any(|known| known == key))
            .map(str::to_owned)
            .collect();
        if by.iter().any(|key| key == PLACE) {
            let split = Split {
                officers: None,
                by: &by,
                ..split
            };
            test.over_places(&mut finding, &split.strata(answers)?)?;
        }
        if let (Some(name), Some(table)) = (self.kinds_of(answers.setting), answers.tables.last()) {
            let lines = basis::shares(table, &name, (&answers.setting.groups, common.level))?;
            let is_unknown = |line: &Line| line.key(SEARCH_BASIS) == Some(NOT_RECORDED);
            if lines.iter().any(is_unknown) {
                warning::add(&mut finding.warnings, Warning::BasisNotRecorded);
            }
            finding.lines.extend(lines);
        }
        finding.frame.comparisons = strata.len() * answers.setting.groups.compared().count();
        name_headline(&mut finding);
        Ok(finding)
    }

    fn panel(&self) -> Option<Result<MissingOptions, Error>> {
        let asked = self.missing.as_ref()?;
        Some(match self.rule() {
            None => Ok(MissingOptions::panel(self.header(), None, Asked::Ratios)),
            Some(rule) => Err(basis::no_panel(asked, &rule)),
        })
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        let mut figures = if self.search_counts.is_some() {
            charts::rate_pair(finding, setting)
        } else {
            charts::dots(finding, setting)
        };
        if self.by.iter().any(|key| key.get_ref() == PLACE) {
            for estimand in [glossary::HIT_RATE, glossary::SEARCH_RATE] {
                figures.extend(charts::scatter_of(finding, setting, estimand));
            }
        }
        figures.extend(charts::shares(finding, setting));
        figures
    }
}

#[derive(Clone, Copy)]
struct OutcomeTest<'a> {
    answers: &'a Answers<'a>,
    outcome: &'a Outcome,
    level: Level,
    uncertainty: Uncertainty<'a>,
}

impl OutcomeTestOptions {
    /// The searches that are set beside the hits: the same question of other counts.
    fn searches<'a>(&'a self, counts: &'a Spanned<String>) -> Header<'a> {
        Header {
            counts,
            ..self.header()
        }
    }
}

impl OutcomeTest<'_> {
    fn rates(
        &self,
        finding: &mut Finding,
        strata: &[Stratum],
        estimand: Estimand,
    ) -> Result<(), Error> {
        let question = rates::Question {
            outcome: self.outcome,
            baseline: None,
            per: 1.0,
            uncertainty: self.uncertainty,
        };
        let lines = question.lines(strata, &self.answers.setting.groups)?;
        let counted = (self.outcome.name != finding.frame.counts).then(|| Counted {
            events: self.outcome.events.clone(),
            trials: self.outcome.trials.clone(),
        });
        finding.lines.extend(lines.into_iter().map(|line| Line {
            estimand,
            counted: counted.clone(),
            ..line
        }));
        Ok(())
    }

    /// Difference of hit rates of each compared group and the reference group, by stratum.
    fn differences(&self, finding: &mut Finding, strata: &[Stratum]) -> Result<(), Error> {
        let groups = &self.answers.setting.groups;
        let reference = groups.reference();
        let comparer = Comparer {
            outcome: self.outcome,
            baseline: None,
            level: self.level,
            per: 1.0,
        };
        for group in groups.compared() {
            let noise = Noise::fit(
                strata,
                vec![Side::Group(group.into()), Side::Group(reference.into())],
                (Shape::Ratio, self.uncertainty),
            )?;
            for stratum in strata {
                let pair = Pair {
                    stratum,
                    group,
                    label: groups.label(group),
                    other: stratum.tally(reference),
                    other_label: groups.label(reference),
                    others: vec![reference],
                };
                let kept = [
                    glossary::RISK_RATIO,
                    glossary::RISK_DIFFERENCE,
                    glossary::MINIMUM_DETECTABLE_RATIO,
                ];
                let lines = comparer.against_reference(&pair, &noise)?.into_iter();
                finding
                    .lines
                    .extend(lines.filter(|line| kept.contains(&line.estimand)));
            }
        }
        Ok(())
    }

    /// Knowles, Persico and Todd: Pearson chi-square of equal hit rates.
    fn equal_rates(&self, stratum: &Stratum) -> Result<Line, Error> {
        let shown: Vec<&str> = self.answers.setting.groups.shown().collect();
        let counts: Vec<(u64, u64)> = shown
            .iter()
            .filter_map(|group| stratum.tally(group))
            .filter_map(|t| Some((t.events, t.trials?)))
            .collect();
        let test = EqualRates::new(counts).map_err(refused)?.test();
        let mut line = Line::new(&stratum.at, "", Comparison::None, glossary::EQUAL_HIT_RATES);
        line.rests_on = stratum.rests_on(&self.outcome.name, &shown);
        match test {
            None => line.warn(Warning::EmptyDenominator),
            Some(test) => {
                line.estimate = Some(test.statistic);
                line.test = Some(Test {
                    statistic: Some(test.statistic),
                    df: Some(test.df as f64),
                    p_value: Some(test.p.get()),
                });
                if test.min_expected < 5.0 {
                    line.warn(Warning::SmallExpected {
                        smallest: test.min_expected,
                    });
                }
            }
        }
        Ok(line)
    }

    /// Over places in which every compared group was searched: paired t, the published standard error, and the pool by place.
    fn over_places(&self, finding: &mut Finding, places: &[Stratum]) -> Result<(), Error> {
        let groups = &self.answers.setting.groups;
        let complete = |place: &&Stratum| {
            groups.shown().all(|group| {
                place
                    .tally(group)
                    .is_some_and(|t| t.trials.is_some_and(|n| n > 0))
            })
        };
        let used: Vec<&Stratum> = places.iter().filter(complete).collect();
        for group in groups.compared() {
            let label = groups.label(group);
            let pairs: Vec<(Tally, Tally)> = used
                .iter()
                .filter_map(|place| place.tally(group).zip(place.tally(groups.reference())))
                .collect();
            let rests_on: Vec<_> = used
                .iter()
                .flat_map(|place| place.rests_on(&self.outcome.name, &[group, groups.reference()]))
                .collect();
            let of_all = places
                .iter()
                .filter(|place| {
                    place.tally(group).is_some() || place.tally(groups.reference()).is_some()
                })
                .count();
            let base = |estimand| Line {
                trials: None,
                rests_on: rests_on.clone(),
                ..Line::new(&[], label, Comparison::Reference, estimand)
            };
            let [mean, published] = self.means(&base, (&pairs, of_all))?;
            let detectable = mean.std_error.and_then(|error| {
                detectable(&mean, error, glossary::MINIMUM_DETECTABLE_DIFFERENCE)
            });
            finding.lines.extend([mean, published]);
            finding.lines.extend(detectable);
            let pairs: Vec<_> = pairs.into_iter().map(|(g, r)| (Some(g), Some(r))).collect();
            let pooled = pooled_lines(&base(glossary::MH_RISK_DIFFERENCE), &pairs, self.level);
            finding.lines.extend(pooled.into_iter().map(|line| Line {
                at: vec![(
                    "pooled".into(),
                    format!("by {PLACE}, {} places", used.len()),
                )],
                ..line
            }));
        }
        Ok(())
    }

    fn means(
        &self,
        base: &impl Fn(Estimand) -> Line,
        (pairs, of_all): (&[(Tally, Tally)], usize),
    ) -> Result<[Line; 2], Error> {
        let rate = |tally: &Tally| tally.events as f64 / tally.trials.unwrap_or_default() as f64;
        let differences: Vec<f64> = pairs.iter().map(|(g, r)| rate(g) - rate(r)).collect();
        let at = vec![(
            "places".to_owned(),
            format!("{} of {of_all} places", pairs.len()),
        )];
        let mut mean = Line {
            at: at.clone(),
            ..base(glossary::MEAN_HIT_RATE_DIFFERENCE)
        };
        let mut published = Line {
            at,
            ..base(glossary::MEAN_HIT_RATE_DIFFERENCE_PUBLISHED)
        };
        let Some(test) = PairedDifferences::new(&differences)
            .map_err(refused)?
            .test(self.level)
        else {
            for line in [&mut mean, &mut published] {
                line.warn(match pairs.len() {
                    places @ 0..2 => Warning::FewPlaces { places },
                    _ => Warning::NoSpread,
                });
            }
            return Ok([mean, published]);
        };
        (mean.estimate, published.estimate) = (Some(test.mean), Some(test.mean));
        mean.std_error = Some(test.std_error);
        let t = Test {
            statistic: Some(test.t),
            df: Some(test.df as f64),
            p_value: Some(test.p.get()),
        };
        mean.headline = Some(Band {
            interval: Interval::new(test.interval.low.max(-1.0), test.interval.high.min(1.0)),
            level: self.level,
            method: format!("paired t over places, {} df, within −1 and 1", test.df),
            variance: Variance::Between,
            test: Some(t),
        });
        let of = |pick: fn(&(Tally, Tally)) -> Tally| {
            let places: Vec<(u64, u64)> = pairs
                .iter()
                .map(|pair| (pick(pair).events, pick(pair).trials.unwrap_or_default()))
                .collect();
            average_over_places_std_error(&places).map_err(refused)
        };
        if let (Some(a), Some(b)) = (of(|pair| pair.0)?, of(|pair| pair.1)?) {
            let std_error = libm::hypot(a, b);
            let z = test.mean / std_error;
            let half = self.level.z() * std_error;
            let p = (std_error > 0.0).then(|| 2.0 * special::normal_sf(z.abs()));
            published.std_error = Some(std_error);
            published.counting = Some(Band {
                interval: Interval::new(test.mean - half, test.mean + half),
                level: self.level,
                method: "sqrt(sum p(1-p)/n) / places".into(),
                variance: Variance::Counting,
                test: p.map(|p| Test {
                    statistic: Some(z),
                    df: None,
                    p_value: Some(p),
                }),
            });
        }
        Ok([mean, published])
    }
}
