//! Tables of counts, trends, fits, two Poisson counts, adjusted p-values, standardised rates.

use serde::Deserialize;

use super::answer::Answer;
use super::counts::paired;
use super::fields::{Confidence, Count, Probability};
use super::{Refusal, Request};
use crate::stats::adjust::{Adjustment, adjust};
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::contingency::ContingencyTable;
use crate::stats::goodness_of_fit::{Distribution, GoodnessOfFit};
use crate::stats::proportion::Proportion;
use crate::stats::rate::{Rate, RateMethod};
use crate::stats::rate_ratio::RateRatio;
use crate::stats::standardise::{
    DirectStandardisation, DirectStratum, IndirectStandardisation, IndirectStratum,
};
use crate::stats::trend::Trend;
use crate::stats::two_by_two::TwoByTwo;
use crate::stats::{ExactForm, PValue, StatsError};

fn with_test(
    answer: Answer,
    [statistic, p]: [&'static str; 2],
    test: Option<ChiSquareTest>,
) -> Answer {
    answer
        .with(statistic, test.map(|t| t.statistic))
        .with(p, test.map(|t| t.p.get()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table2x2Request {
    a: Count,
    b: Count,
    c: Count,
    d: Count,
}

impl Request for Table2x2Request {
    fn answer(self) -> Result<Answer, Refusal> {
        let table = TwoByTwo::from_cells(self.a.0, self.b.0, self.c.0, self.d.0)?;
        let fisher = |form| table.fisher(form).map(PValue::get);
        let mut answer = Answer::default()
            .with("fisher", fisher(ExactForm::MinimumLikelihood))
            .with("fisher_central", fisher(ExactForm::Central))
            .with("fisher_less", fisher(ExactForm::Less))
            .with("fisher_greater", fisher(ExactForm::Greater))
            .with(
                "log10_fisher",
                table.log10_fisher(ExactForm::MinimumLikelihood),
            );
        answer = with_test(answer, ["chisq", "chisq_p"], table.pearson());
        answer = with_test(answer, ["chisq_yates", "chisq_yates_p"], table.yates());
        answer = with_test(answer, ["g", "g_p"], table.g_test());
        Ok(answer
            .with("phi", table.phi())
            .because("a margin of the table is 0"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableRequest {
    table: Vec<Vec<Count>>,
}

impl Request for TableRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let rows = self.table.iter();
        let table = ContingencyTable::new(
            rows.map(|row| row.iter().map(|count| count.0).collect())
                .collect(),
        )?;
        let pearson = table.pearson();
        let mut answer = Answer::default()
            .with("fisher", table.fisher().ok().map(PValue::get))
            .with("log10_fisher", table.log10_fisher().ok())
            .with("df", pearson.map(|t| t.df as f64));
        answer = with_test(answer, ["chisq", "chisq_p"], pearson);
        answer = with_test(answer, ["g", "g_p"], table.g_test());
        Ok(answer
            .with("min_expected", table.min_expected())
            .with("cramer", table.cramer_v())
            .because("fewer than two rows or columns with counts, or an exact test beyond its bounds: take chisq_p then"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrendRequest {
    x: Vec<Count>,
    n: Vec<Count>,
    score: Option<Vec<f64>>,
}

impl Request for TrendRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        paired(&self.x, &self.n)?;
        let numbers = || (1..=self.x.len()).map(|i| i as f64).collect();
        let score = self.score.clone().unwrap_or_else(numbers);
        paired(&self.x, &score)?;
        let group =
            |((x, n), score): ((&Count, &Count), &f64)| Ok((Proportion::new(x.0, n.0)?, *score));
        let groups = self.x.iter().zip(&self.n).zip(&score).map(group);
        let trend = Trend::new(groups.collect::<Result<_, StatsError>>()?)?;
        let answer = with_test(Answer::default(), ["stat", "p"], trend.test());
        Ok(with_test(
            answer,
            ["stat_n_minus_1", "p_n_minus_1"],
            trend.test_n_minus_1(),
        )
        .with("z", trend.z())
        .because("all scores equal, or rates that are all 0 or all 1"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoodnessOfFitRequest {
    x: Vec<Count>,
    p: Vec<f64>,
}

impl Request for GoodnessOfFitRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        paired(&self.x, &self.p)?;
        let counts = self.x.iter().map(|count| count.0).collect();
        let fit = GoodnessOfFit::new(counts, Distribution::new(self.p)?)?;
        let pearson = fit.pearson();
        let answer = with_test(Answer::default(), ["chisq", "p"], pearson);
        Ok(with_test(answer, ["g", "g_p"], fit.g_test())
            .with("df", pearson.map(|t| t.df as f64))
            .with("min_expected", fit.min_expected())
            .because("no counts, or one class only"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TotalVariationRequest {
    p: Vec<f64>,
    q: Vec<f64>,
}

impl Request for TotalVariationRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        paired(&self.p, &self.q)?;
        let distance = Distribution::new(self.p)?.total_variation(&Distribution::new(self.q)?)?;
        Ok(Answer::default().with("distance", distance))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoissonCompareRequest {
    x1: Count,
    t1: f64,
    x2: Count,
    t2: f64,
}

impl Request for PoissonCompareRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let ratio = RateRatio::new(
            Rate::new(self.x1.0, self.t1)?,
            Rate::new(self.x2.0, self.t2)?,
        );
        let conditional = |form| ratio.conditional(form).map(PValue::get);
        Ok(Answer::default()
            .with(
                "conditional_two",
                conditional(ExactForm::MinimumLikelihood),
            )
            .with("conditional_central", conditional(ExactForm::Central))
            .with("conditional_greater", conditional(ExactForm::Greater))
            .with("conditional_less", conditional(ExactForm::Less))
            .with("etest", ratio.e_test().ok().flatten().map(PValue::get))
            .because("no exposure on a side, or an E-test beyond a million events: take conditional_two then"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustRequest {
    p: Vec<Probability>,
}

impl Request for AdjustRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let p: Vec<PValue> = self.p.iter().map(|p| p.0).collect();
        paired(&p, &p)?;
        let all = [
            ("holm", Adjustment::Holm),
            ("bh", Adjustment::BenjaminiHochberg),
            ("by", Adjustment::BenjaminiYekutieli),
            ("bonferroni", Adjustment::Bonferroni),
            ("hochberg", Adjustment::Hochberg),
        ];
        let with = |answer: Answer, (name, adjustment): (&'static str, Adjustment)| {
            let adjusted = adjust(&p, adjustment);
            answer.with_all(name, adjusted.into_iter().map(PValue::get))
        };
        Ok(all.into_iter().fold(Answer::default(), with))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectRequest {
    count: Vec<Count>,
    pop: Vec<f64>,
    std: Vec<f64>,
    #[serde(default)]
    level: Confidence,
}

impl Request for DirectRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        paired(&self.count, &self.pop)?;
        paired(&self.count, &self.std)?;
        let strata = self.count.iter().zip(&self.pop).zip(&self.std);
        let stratum = |((count, &pop), &standard): ((&Count, &f64), &f64)| {
            Ok(DirectStratum {
                rate: Rate::new(count.0, pop)?,
                standard,
            })
        };
        let direct =
            DirectStandardisation::new(strata.map(stratum).collect::<Result<_, StatsError>>()?)?;
        Ok(Answer::default()
            .with("crude", direct.crude())
            .with("adj", direct.estimate())
            .between(direct.interval(self.level.0))
            .with("var", direct.variance())
            .because("a stratum of the standard has nobody here"))
    }
}

/// Observed and expected, or the rates of a standard and the people of each stratum.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndirectRequest {
    obs: Option<Count>,
    exp: Option<f64>,
    count: Option<Vec<Count>>,
    pop: Option<Vec<f64>>,
    stdcount: Option<Vec<Count>>,
    stdpop: Option<Vec<f64>>,
    #[serde(default)]
    level: Confidence,
}

impl IndirectRequest {
    fn standardisation(&self) -> Result<IndirectStandardisation, StatsError> {
        if let (Some(observed), Some(expected)) = (self.obs, self.exp) {
            return IndirectStandardisation::new(observed.0, expected);
        }
        let (Some(count), Some(pop), Some(stdcount), Some(stdpop)) =
            (&self.count, &self.pop, &self.stdcount, &self.stdpop)
        else {
            return Err(StatsError::OutOfRange {
                what: "fields given",
                value: 0.0,
                allowed: "`obs` and `exp`, or `count`, `pop`, `stdcount` and `stdpop`",
            });
        };
        paired(count, pop)?;
        paired(count, stdcount)?;
        paired(count, stdpop)?;
        let strata = count.iter().zip(pop).zip(stdcount.iter().zip(stdpop));
        let stratum = |((count, &pop), (stdcount, &stdpop)): ((&Count, &f64), (&Count, &f64))| {
            Ok(IndirectStratum {
                rate: Rate::new(count.0, pop)?,
                standard: Rate::new(stdcount.0, stdpop)?,
            })
        };
        IndirectStandardisation::from_strata(
            &strata
                .map(stratum)
                .collect::<Result<Vec<_>, StatsError>>()?,
        )
    }
}

impl Request for IndirectRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let indirect = self.standardisation()?;
        Ok(Answer::default()
            .with("smr", indirect.ratio())
            .ends(
                "exact_low",
                "exact_high",
                indirect.interval(RateMethod::Garwood, self.level.0),
            )
            .ends(
                "byar_low",
                "byar_high",
                indirect.interval(RateMethod::Byar, self.level.0),
            )
            .because("nothing was expected"))
    }
}
