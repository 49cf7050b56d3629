#![doc = include_str!("legal.md")]

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::measures::{Comparer, Pair, two_by_two};
use super::missing::{Asked, MissingOptions, Panel};
use super::noise::{Noise, Shape, Side, refused};
use super::strata::{Split, Stratum};
use super::wanted::{each, name_headline};
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::{OneOrMany, Only};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, Finding, Line, Test, Variance};
use crate::ingest::Baseline;
use crate::stats::binomial_test::BinomialTest;
use crate::stats::dispersion::phi_tip;
use crate::stats::two_by_two::{OddsRatioMethod, TwoByTwo};
use crate::stats::{Level, special};
use crate::warning::{self, Warning};

/// The word in the study file.
pub const NAME: &str = "legal";

/// A `[[legal]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalOptions {
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
    /// Which counts: those that are a part of something.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// Baselines whose shares the counts are held against, where the counts are not a part of something.
    #[schemars(with = "Option<OneOrMany>")]
    pub population: Option<Spanned<OneOrMany>>,
    /// Keys of the strata.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub by: Vec<Spanned<String>>,
    /// Whether events are drawn from a pool without replacement, so that the hypergeometric standard deviation is given too.
    #[schemars(with = "Option<bool>")]
    pub without_replacement: Option<Spanned<bool>>,
    /// Whether a panel beside the finding shows what becomes of it under the unknown.
    #[schemars(with = "Option<Panel>")]
    pub missing: Option<Spanned<Panel>>,
}

/// Least share of the pool that makes a group a comparator of the four-fifths rule.
const COMPARATOR_SHARE: f64 = 0.02;

impl Analysis for LegalOptions {
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
        let common = self.header().check(setting)?;
        if common.outcome.annual_average {
            return Err(Error::study(
                self.counts.span(),
                format!(
                    "counts `{}` are annual averages: the legal table needs events that happened",
                    common.outcome.name
                ),
                "name counts of events",
            ));
        }
        let names = each(self.population.as_ref());
        common.check_baselines(setting, &names, "legal table")?;
        if let (Some(pool), false) = (&self.without_replacement, names.is_empty()) {
            return Err(Error::study(
                pool.span(),
                "events are drawn from a pool of trials, and these are held against a population",
                "take `without_replacement` out",
            ));
        }
        Ok(Asks {
            tabulations: common.tabulations(!names.is_empty()),
            baselines: names.into_iter().map(Spanned::into_inner).collect(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
        let mut finding = common.finding(
            NAME,
            answers,
            format!(
                "The legal table: {}{}",
                common.outcome.events,
                charts::by_words(&self.by)
            ),
        );
        let names = each(self.population.as_ref());
        let baselines: Vec<Option<&Baseline>> = if names.is_empty() {
            vec![None]
        } else {
            let named = |name: &Spanned<String>| Some(&answers.baselines[name.get_ref()]);
            names.iter().map(named).collect()
        };
        for baseline in baselines {
            self.add_to(&mut finding, &common, (answers, baseline))?;
        }
        finding.frame.comparisons = finding
            .lines
            .iter()
            .filter(|line| {
                [glossary::STANDARD_DEVIATIONS, glossary::POOLED_Z].contains(&line.estimand)
                    && line.estimate.is_some()
            })
            .count();
        if names.is_empty() {
            name_headline(&mut finding);
        } else {
            finding.frame.headline = "none: standard deviations carry no interval".into();
            finding.frame.counting = "the binomial distribution, events independent".into();
        }
        Ok(finding)
    }

    fn panel(&self) -> Option<Result<MissingOptions, Error>> {
        let population = self.population.as_ref();
        let panel = || MissingOptions::panel(self.header(), population, Asked::Ratios);
        self.missing.as_ref().map(|_| Ok(panel()))
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        charts::null_distributions(finding, setting)
    }
}

impl LegalOptions {
    /// The blocks of every group and stratum under one benchmark.
    fn add_to(
        &self,
        finding: &mut Finding,
        common: &Common<'_>,
        (answers, baseline): (&Answers<'_>, Option<&Baseline>),
    ) -> Result<(), Error> {
        let strata = Split::new(common, answers.tables, baseline).strata(answers)?;
        charts::describe_baseline(finding, baseline, &strata);
        if baseline.is_some_and(Baseline::carries_margins) {
            warning::add(&mut finding.warnings, Warning::MarginNotCarried);
        }
        let comparer = Comparer {
            outcome: common.outcome,
            baseline,
            level: common.level,
            per: 1000.0,
        };
        if baseline.is_none() {
            finding.frame.counting = comparer.counting_words().into();
        }
        let groups = &answers.setting.groups;
        let reference = groups.reference();
        let all: Vec<Side> = answers.tables[0]
            .distinct(crate::cells::GROUP)
            .into_iter()
            .map(Side::Group)
            .collect();
        for group in groups.compared() {
            let sides = [group, reference].map(|side| Side::Group(side.into()));
            let ratio_noise = baseline
                .is_none()
                .then(|| {
                    Noise::fit(
                        &strata,
                        sides.to_vec(),
                        (Shape::Ratio, common.uncertainty()),
                    )
                })
                .transpose()?;
            let share_noise = Noise::fit(
                &strata,
                all.clone(),
                (Shape::Share(group.into()), common.uncertainty()),
            )?;
            for stratum in &strata {
                let pair = Pair {
                    stratum,
                    group,
                    label: groups.label(group),
                    other: stratum.tally(reference),
                    other_label: groups.label(reference),
                    others: vec![reference],
                };
                let table = LegalTable {
                    comparer: &comparer,
                    pair: &pair,
                    without_replacement: self
                        .without_replacement
                        .as_ref()
                        .is_some_and(|w| *w.get_ref()),
                };
                finding.lines.extend(table.against_benchmark(&share_noise)?);
                if let Some(noise) = &ratio_noise {
                    finding.lines.extend(table.against_reference(noise)?);
                }
            }
        }
        Ok(())
    }
}

struct LegalTable<'a> {
    comparer: &'a Comparer<'a>,
    pair: &'a Pair<'a>,
    without_replacement: bool,
}

impl LegalTable<'_> {
    /// Observed against expected: the Castaneda form, with the group's share of trials as benchmark.
    fn against_benchmark(&self, noise: &Noise<'_>) -> Result<Vec<Line>, Error> {
        let line = |estimand| self.pair.benchmark_line(self.comparer, estimand);
        let (Some(group), Some(all)) = (
            self.pair.stratum.tally(self.pair.group),
            self.pair.stratum.all(),
        ) else {
            let mut absent = line(glossary::EXPECTED);
            absent.warn(Warning::GroupAbsent {
                group: self.pair.label.to_owned(),
            });
            return Ok(vec![absent]);
        };
        let Some(share) = self.comparer.benchmark_share(self.pair) else {
            let mut empty = line(glossary::EXPECTED);
            empty.warn(Warning::EmptyDenominator);
            return Ok(vec![empty]);
        };
        let test = BinomialTest::new(group.events, all.events, share).map_err(refused)?;
        let observed_minus_expected = group.events as f64 - test.expected();
        let mut lines = vec![
            self.number(glossary::EXPECTED, Some(test.expected())),
            self.number(glossary::BINOMIAL_SD, Some(test.sd())),
            self.number(glossary::DIFFERENCE, Some(observed_minus_expected)),
        ];
        lines.extend(self.deviations(test.z(), noise));
        if let (true, Some(pool)) = (self.without_replacement, all.trials) {
            let sd = test.sd_without_replacement(pool).map_err(refused)?;
            let mut line = self.number(
                glossary::STANDARD_DEVIATIONS_WITHOUT_REPLACEMENT,
                (sd > 0.0).then(|| observed_minus_expected / sd),
            );
            if line.estimate.is_none() {
                line.warn(Warning::EmptyDenominator);
            }
            lines.push(line);
        }
        for (estimand, log10, p) in [
            (
                glossary::LOG10_P_CENTRAL,
                test.log10_central(),
                test.p_central(),
            ),
            (
                glossary::LOG10_P_MINIMUM_LIKELIHOOD,
                test.log10_minimum_likelihood(),
                test.p_minimum_likelihood(),
            ),
        ] {
            lines.push(Line {
                test: Some(Test {
                    statistic: None,
                    df: None,
                    p_value: Some(p.get()),
                }),
                ..self.number(estimand, Some(log10))
            });
        }
        Ok(lines)
    }

    fn number(&self, estimand: Estimand, estimate: Option<f64>) -> Line {
        Line {
            estimate,
            ..self.pair.benchmark_line(self.comparer, estimand)
        }
    }

    /// Standard deviations, and the same over the root of the dispersion where it is known.
    fn deviations(&self, z: Option<f64>, noise: &Noise<'_>) -> Vec<Line> {
        let mut deviations = Line {
            test: z.map(|z| Test {
                statistic: Some(z),
                df: None,
                p_value: Some(2.0 * special::normal_sf(z.abs())),
            }),
            ..self.number(glossary::STANDARD_DEVIATIONS, z)
        };
        noise.put_dispersion(&mut deviations, self.pair.stratum);
        deviations.dispersion_tip = z.and_then(|z| phi_tip(z, 1.0, 0.0));
        let phi = deviations.dispersion;
        match (z, phi) {
            (None, _) => deviations.warn(Warning::EmptyDenominator),
            (Some(_), None) => deviations.warn(Warning::NoReplication),
            _ => {}
        }
        let dispersed = z.zip(phi).map(|(z, phi)| Line {
            dispersion: Some(phi),
            fitted_on: deviations.fitted_on.clone(),
            is_of_spread: true,
            ..self.number(
                glossary::STANDARD_DEVIATIONS_DISPERSED,
                Some(z / phi.max(1.0).sqrt()),
            )
        });
        std::iter::once(deviations).chain(dispersed).collect()
    }

    /// Two-sample tests and effect sizes against the reference group.
    fn against_reference(&self, noise: &Noise<'_>) -> Result<Vec<Line>, Error> {
        let mut lines = self.comparer.against_reference(self.pair, noise)?;
        lines.truncate(2);
        let (Some(group), Some(other)) =
            (self.pair.stratum.tally(self.pair.group), self.pair.other)
        else {
            return Ok(lines);
        };
        let (Some(n1), Some(n2)) = (
            group.trials.filter(|n| *n > 0),
            other.trials.filter(|n| *n > 0),
        ) else {
            return Ok(lines);
        };
        let table = two_by_two((group.events, n1), (other.events, n2))?;
        let pooled_test = table.pooled_p().map(|p| Test {
            statistic: table.pooled_z(),
            df: None,
            p_value: Some(p.get()),
        });
        lines.push(Line {
            test: pooled_test,
            ..self.beside(glossary::POOLED_Z, table.pooled_z())
        });
        lines.push(self.beside(glossary::COHEN_H, table.cohen_h()));
        let (selection, adverse) = self.four_fifths();
        // The highest and the lowest rate may be any group's.
        let every = self.pair.stratum.group_names();
        let rests_on = self
            .pair
            .stratum
            .rests_on(&self.comparer.outcome.name, &every);
        for (estimand, estimate) in [
            (glossary::FOUR_FIFTHS_SELECTION, selection),
            (glossary::FOUR_FIFTHS_ADVERSE, adverse),
        ] {
            lines.push(Line {
                rests_on: rests_on.clone(),
                ..self.beside(estimand, estimate)
            });
        }
        let odds = table.odds_ratio().filter(|or| or.is_finite());
        lines.push(Line {
            counting: odds_band(&table, self.comparer.level),
            ..self.beside(glossary::ODDS_RATIO, odds)
        });
        let detectable = self.comparer.minimum_detectable(self.pair, &lines[0]);
        lines.extend(detectable);
        Ok(lines)
    }

    /// A number against the reference group, or the caution that it is undefined.
    fn beside(&self, estimand: Estimand, estimate: Option<f64>) -> Line {
        let mut line = self
            .pair
            .line(self.comparer, Comparison::Reference, estimand);
        line.estimate = estimate;
        if estimate.is_none() {
            line.warn(Warning::Undefined);
        }
        line
    }

    /// Both conventions of the four-fifths rule against the most favourable rate of a group with enough of the pool.
    fn four_fifths(&self) -> (Option<f64>, Option<f64>) {
        let stratum: &Stratum = self.pair.stratum;
        let pool = stratum.all().and_then(|all| all.trials).unwrap_or_default() as f64;
        let rate = |tally: &super::strata::Tally| {
            tally
                .trials
                .filter(|n| *n > 0)
                .map(|n| tally.events as f64 / n as f64)
        };
        let comparators = stratum.groups.tallies().filter(|tally| {
            tally
                .trials
                .is_some_and(|n| n as f64 >= COMPARATOR_SHARE * pool)
        });
        let rates: Vec<f64> = comparators.filter_map(rate).collect();
        let (Some(own), Some(highest)) = (
            stratum.tally(self.pair.group).as_ref().and_then(rate),
            rates.iter().copied().max_by(f64::total_cmp),
        ) else {
            return (None, None);
        };
        let lowest = rates
            .iter()
            .copied()
            .min_by(f64::total_cmp)
            .unwrap_or(highest);
        let over = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        (over(own, highest), over(1.0 - own, 1.0 - lowest))
    }
}

fn odds_band(table: &TwoByTwo, level: Level) -> Option<Band> {
    let interval = table.odds_ratio_interval(OddsRatioMethod::ExactConditional, level)?;
    Some(Band {
        interval,
        level,
        method: "exact conditional, central".into(),
        variance: Variance::Counting,
        test: None,
    })
}

impl Pair<'_> {
    fn benchmark_line(&self, comparer: &Comparer<'_>, estimand: Estimand) -> Line {
        let against_all = Pair {
            others: self.stratum.others(self.group),
            ..*self
        };
        let mut line = against_all.line(comparer, Comparison::BenchmarkShare, estimand);
        if let Some(trials) = &comparer.outcome.trials {
            line.benchmark = Some(format!("share of {trials}"));
        }
        line
    }
}
