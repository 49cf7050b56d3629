//! The model, and its numbers as lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::bands::detectable;
use super::super::strata::Stratum;
use super::super::{Answers, Common};
use super::cells::{Cell, numbered, together, value};
use super::quoted::{ENOUGH, FEWEST, band, half_width};
use super::{EventFamily, Limits, Observation, RegressionOptions, Smooth};
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, CountRef, Family, Line, Part, Test, Variance};
use crate::ingest::Baseline;
use crate::stats::regression::{
    self as glm, Clusters, Coefficient, Covariance, CovarianceKind, Design, Factor, Fit, Grain,
    Model, NaturalSpline, RegressionError, Response,
};
use crate::warning::Warning;

/// Most effects that are estimated as columns, where they cannot be taken out.
pub(super) const MOST_EFFECTS: usize = 200;

/// The name of the constant, where there are no effects to take its place.
const CONSTANT: &str = "intercept";

pub(super) struct Regression<'a> {
    pub(super) options: &'a RegressionOptions,
    pub(super) common: &'a Common<'a>,
    pub(super) answers: &'a Answers<'a>,
    pub(super) baseline: Option<&'a Baseline>,
    pub(super) adjust: &'a [String],
    pub(super) clusters: &'a [String],
    /// Every cell in which somebody could have been counted: what the counts beside a number add up.
    pub(super) all: &'a [Cell<'a>],
    /// Those that say something about the groups: what is fitted.
    pub(super) cells: &'a [&'a Cell<'a>],
    /// The reference group first.
    pub(super) groups: &'a [&'a str],
    /// The counts behind each of them.
    pub(super) behind: &'a [Behind],
}

/// The counts of a group behind every number of the regression, for disclosure.
pub(in crate::analyses) struct Behind {
    sums: Vec<CountRef>,
    families: Vec<Arc<Family>>,
}

impl Behind {
    /// Those of a group in some strata.
    pub(in crate::analyses) fn of<'s>(
        strata: impl Iterator<Item = &'s Stratum>,
        name: &str,
        group: &str,
    ) -> Self {
        let mut parts: BTreeMap<Part, Vec<CountRef>> = BTreeMap::new();
        for count in strata.flat_map(|stratum| stratum.rests_on(name, &[group])) {
            parts.entry(count.part).or_default().push(count);
        }
        Self {
            sums: parts
                .values()
                .filter_map(|counts| together(counts))
                .collect(),
            families: parts
                .into_values()
                .map(|counts| Arc::new(Family::Cells(counts)))
                .collect(),
        }
    }
}

impl Behind {
    /// Puts them under a line that is made from their sums and fitted to each of them.
    pub(in crate::analyses) fn put_under(&self, line: &mut Line) {
        line.rests_on.extend(self.sums.iter().cloned());
        line.fitted_on.extend(self.families.iter().cloned());
    }
}

/// A fitted model with its errors.
pub(super) struct Fitted {
    pub(super) model: Model,
    pub(super) fit: Fit,
    counting: Covariance,
    /// The keys whose effects are taken out.
    pub(super) factors: Vec<Factor>,
    /// The cells' clusters by each key, and the covariance from them.
    pub(super) clustered: Option<(Vec<Vec<u32>>, Covariance)>,
}

impl Regression<'_> {
    pub(super) fn lines(&self) -> Result<Vec<Line>, Error> {
        let model = self.model()?;
        self.fitted(model)
            .and_then(|fitted| {
                let mut lines = Vec::new();
                for group in &self.groups[1..] {
                    lines.extend(self.group_lines(&fitted, group)?);
                }
                lines.extend(self.model_lines(&fitted)?);
                Ok(lines)
            })
            .map_err(|fault| self.options.refused(&fault))
    }

    fn fitted(&self, model: Model) -> Result<Fitted, RegressionError> {
        let fit = model.fit()?;
        if let Some(dropped) = fit.dropped().first() {
            return Err(RegressionError::Collinear(dropped.clone()));
        }
        let ids: Vec<Vec<u32>> = self
            .clusters
            .iter()
            .map(|key| numbered(self.cells, key))
            .collect();
        let enough = ids.iter().all(|ids| distinct(ids.iter()) >= FEWEST);
        let clusters = match ids.as_slice() {
            [one] if enough => Some(Clusters::OneWay(one.clone())),
            [one, two] if enough => Some(Clusters::TwoWay(one.clone(), two.clone())),
            _ => None,
        };
        let covariance = clusters
            .map(|clusters| fit.covariance(&CovarianceKind::Cr1(clusters)))
            .transpose()?;
        Ok(Fitted {
            counting: fit.covariance(&CovarianceKind::Model)?,
            factors: self.factors(),
            clustered: covariance.map(|covariance| (ids, covariance)),
            model,
            fit,
        })
    }

    /// The ratio of a group, and what these data would have found where its interval reaches 1.
    fn group_lines(&self, fitted: &Fitted, group: &str) -> Result<Vec<Line>, RegressionError> {
        let mut line = self.line(group);
        let level = self.common.level;
        let Some(own) = fitted.fit.estimate(group, &fitted.counting, level)? else {
            line.warn(Warning::Undefined);
            return Ok(vec![line]);
        };
        line.estimate = Some(libm::exp(own.estimate));
        line.dispersion = fitted.fit.dispersion();
        // Theta allows for more than the noise of counting.
        if fitted.fit.theta().is_none() {
            line.counting = Some(self.counting(fitted, &own)?);
        }
        self.quoter(fitted, group).quote(&mut line, &own)?;
        let error = line.std_error.or_else(|| half_width(&line));
        let detectable =
            error.and_then(|error| detectable(&line, error, glossary::MINIMUM_DETECTABLE_RATIO));
        Ok(std::iter::once(line).chain(detectable).collect())
    }

    /// The interval of counting alone, with the test that agrees with it.
    fn counting(&self, fitted: &Fitted, own: &Coefficient) -> Result<Band, RegressionError> {
        let of = (self.common.level, Variance::Counting);
        if self.options.limits == Limits::Wald {
            return Ok(band(own, "model, normal".into(), of));
        }
        let own = fitted.model.profile(&own.name, self.common.level)?;
        Ok(band(&own, "profile likelihood".into(), of))
    }

    /// What the model as a whole says: the groups tested together, and how far the cells are from it.
    fn model_lines(&self, fitted: &Fitted) -> Result<Vec<Line>, RegressionError> {
        let compared = &self.groups[1..];
        let fit = &fitted.fit;
        let mut lines = Vec::new();
        let tested = |estimand, statistic: f64, test: Option<glm::Test>| Line {
            estimate: Some(statistic),
            test: test.map(chi_square),
            ..self.whole(estimand)
        };
        // Where an error was raised to that of counting, so would the joint test have to be.
        let mut enough = true;
        for group in compared {
            let errors = [&fitted.counting]
                .into_iter()
                .chain(fitted.clustered.iter().map(|(_, c)| c));
            let errors: Vec<Option<Coefficient>> = errors
                .map(|covariance| fit.estimate(group, covariance, self.common.level))
                .collect::<Result<_, _>>()?;
            let is_wider = match errors.as_slice() {
                [Some(counting), Some(clustered)] => clustered.std_error >= counting.std_error,
                _ => false,
            };
            enough &= is_wider && self.fewest_clusters(fitted, group) >= ENOUGH;
        }
        if let (Some((_, covariance)), true) = (&fitted.clustered, enough && compared.len() > 1) {
            match fit.wald(compared, covariance)? {
                Some(wald) => lines.push(tested(glossary::WALD_GROUPS, wald.statistic, Some(wald))),
                None => lines.push(self.undefined(glossary::WALD_GROUPS)),
            }
        }
        let smaller = if self.is_firth() {
            None
        } else {
            Some(fitted.model.fit_without(compared)?)
        };
        let ratio = match &smaller {
            Some(smaller) => fit.likelihood_ratio(smaller),
            // Its penalty stays that of all columns, which no smaller fit has.
            None => fitted.model.likelihood_ratio(compared),
        };
        match ratio {
            Ok(ratio) => lines.push(Line {
                dispersion: fit.dispersion(),
                ..tested(
                    glossary::LIKELIHOOD_RATIO_GROUPS,
                    ratio.statistic,
                    Some(ratio),
                )
            }),
            Err(RegressionError::Rounded) => {
                lines.push(self.undefined(glossary::LIKELIHOOD_RATIO_GROUPS));
            }
            Err(fault) => return Err(fault),
        }
        let Some(smaller) = smaller else {
            return Ok(lines);
        };
        lines.push(tested(glossary::DEVIANCE, fit.deviance(), None));
        lines.push(tested(
            glossary::DEVIANCE_WITHOUT_GROUPS,
            smaller.deviance(),
            None,
        ));
        if let (Some(constant), None) = (smaller.coefficient(CONSTANT), &self.options.smooth) {
            lines.push(tested(
                glossary::CONSTANT_WITHOUT_GROUPS,
                libm::exp(constant),
                None,
            ));
        }
        if let Some(theta) = fit.theta() {
            lines.push(tested(glossary::THETA, theta, None));
        }
        Ok(lines)
    }

    /// A number of the whole model.
    fn whole(&self, estimand: Estimand) -> Line {
        Line {
            benchmark: self.baseline.map(|baseline| baseline.name.clone()),
            ..self.resting_on(Line::new(&[], "", Comparison::None, estimand), self.groups)
        }
    }

    /// A number of the whole model that is not defined.
    fn undefined(&self, estimand: Estimand) -> Line {
        let mut line = self.whole(estimand);
        line.warn(Warning::Undefined);
        line
    }

    /// The line of a group with its counts.
    fn line(&self, group: &str) -> Line {
        let is_logistic = self.options.is_logistic(self.common.outcome);
        let estimand = match (is_logistic, self.baseline) {
            (true, _) => glossary::ADJUSTED_ODDS_RATIO,
            (false, None) => glossary::ADJUSTED_RISK_RATIO,
            (false, Some(_)) => glossary::ADJUSTED_RATE_RATIO,
        };
        let label = self.answers.setting.groups.label(group);
        let mut line = Line::new(&[], label, Comparison::Reference, estimand);
        line.benchmark = self.baseline.map(|baseline| baseline.name.clone());
        let own = || {
            self.all
                .iter()
                .filter(|cell| self.groups[cell.group] == group)
        };
        line.events = Some(own().map(|cell| cell.events).sum());
        line.trials = own().map(|cell| cell.trials).sum();
        line.exposure = self.baseline.map(|_| own().map(|cell| cell.size).sum());
        self.resting_on(line, &[group, self.groups[0]])
    }

    /// A line with the sums that it is made from, and the cells of every group, to which the effects are fitted.
    pub(super) fn resting_on(&self, mut line: Line, sums: &[&str]) -> Line {
        for (group, counts) in self.groups.iter().zip(self.behind) {
            if sums.contains(group) {
                line.rests_on.extend(counts.sums.iter().cloned());
            }
            line.fitted_on.extend(counts.families.iter().cloned());
        }
        (line.is_of_spread, line.is_fit) = (true, true);
        line
    }

    /// The keys whose effects are taken out.
    pub(super) fn factors(&self) -> Vec<Factor> {
        let factor = |key: &String| Factor {
            name: key.clone(),
            levels: numbered(self.cells, key),
        };
        self.adjust.iter().map(factor).collect()
    }

    pub(super) fn is_firth(&self) -> bool {
        self.options.family() == Some(EventFamily::FirthLogistic)
    }

    fn model(&self) -> Result<Model, Error> {
        let family = self.options.kernel_family(self.common.outcome);
        // Firth's penalty needs every effect as a column.
        let as_columns = self.is_firth();
        let has_constant = self.adjust.is_empty() || as_columns;
        let curve = self
            .options
            .smooth
            .as_ref()
            .map(|smooth| self.curve(smooth))
            .transpose()?;
        let factors = self.factors();
        let effects: usize = factors
            .iter()
            .map(|factor| distinct(factor.levels.iter()))
            .sum();
        if as_columns && effects > MOST_EFFECTS {
            return Err(Error::study(
                self.options.counts.span(),
                format!(
                    "Firth's penalty with {effects} effects of {}",
                    self.adjust.join(" and ")
                ),
                format!(
                    "it estimates each of them, {MOST_EFFECTS} at most: adjust for fewer keys, or say family = \"logistic\""
                ),
            ));
        }
        let build = || -> Result<Model, RegressionError> {
            let mut design = self.design(has_constant, curve.as_deref())?;
            if as_columns {
                for factor in &factors {
                    design = design.with_indicators(factor)?;
                }
                return self.of_design(family, design);
            }
            factors
                .into_iter()
                .try_fold(self.of_design(family, design)?, Model::absorbing)
        };
        build().map_err(|fault| self.options.refused(&fault))
    }

    pub(super) fn of_design(
        &self,
        family: glm::Family,
        design: Design,
    ) -> Result<Model, RegressionError> {
        let events: Vec<u64> = self.cells.iter().map(|cell| cell.events).collect();
        let trials: Option<Vec<u64>> = self.cells.iter().map(|cell| cell.trials).collect();
        match trials.filter(|_| family != glm::Family::NegativeBinomial) {
            Some(trials) => {
                let grain = match self.options.observation.as_ref().map(|o| *o.get_ref()) {
                    Some(Observation::Cell) => Grain::Cell,
                    _ => Grain::Trial,
                };
                Model::new(family, design, Response::Events { events, trials })?.observed_by(grain)
            }
            None => {
                let offset = self.cells.iter().map(|cell| libm::log(cell.size)).collect();
                Model::new(family, design, Response::Counts(events))?.with_offset(offset)
            }
        }
    }

    /// The constant where there is one, an indicator for each compared group, and the columns of the curve.
    pub(super) fn design(
        &self,
        has_constant: bool,
        curve: Option<&[Vec<f64>]>,
    ) -> Result<Design, RegressionError> {
        let columns = curve.and_then(<[_]>::first).map_or(0, Vec::len);
        let names = has_constant
            .then(|| CONSTANT.to_owned())
            .into_iter()
            .chain(self.groups[1..].iter().map(|group| (*group).to_owned()))
            .chain((1..=columns).map(|i| format!("curve {i}")));
        let mut values = Vec::new();
        for (i, cell) in self.cells.iter().enumerate() {
            values.extend(has_constant.then_some(1.0));
            values.extend((1..self.groups.len()).map(|g| f64::from(u8::from(g == cell.group))));
            values.extend(curve.iter().flat_map(|rows| rows[i].iter().copied()));
        }
        Design::new(names.collect(), values)
    }

    /// The columns of the curve at each cell.
    pub(super) fn curve(&self, smooth: &Smooth) -> Result<Vec<Vec<f64>>, Error> {
        let key = smooth.key.get_ref();
        let number = |cell: &&Cell<'_>| {
            let text = value(cell.stratum, key);
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| {
                Error::study(
                    smooth.key.span(),
                    format!("`{key}` has the value `{text}`, which is no number"),
                    "a curve needs a key of numbers, such as a year or an hour; `adjust` takes any key",
                )
            })
        };
        let values: Vec<f64> = self.cells.iter().map(number).collect::<Result<_, _>>()?;
        let counts: Vec<u64> = self
            .cells
            .iter()
            .map(|cell| cell.trials.unwrap_or(cell.size.ceil() as u64))
            .collect();
        let spline = NaturalSpline::new(&values, &counts, usize::from(*smooth.df.get_ref()));
        let spline = spline.map_err(|fault| {
            Error::study(
                smooth.df.span(),
                format!(
                    "no curve of `{key}` with df = {}: {fault}",
                    smooth.df.get_ref()
                ),
                "a curve needs more different numbers than columns: take a smaller df, or the key into `adjust`",
            )
        })?;
        // Every cell counts somebody, so no value lies beyond the ends of the curve.
        let outside = || Error::Internal(format!("a value of `{key}` lies outside its own curve"));
        let at = |value: &f64| spline.at(*value).ok_or_else(outside);
        values.iter().map(at).collect()
    }
}

fn chi_square(test: glm::Test) -> Test {
    Test {
        statistic: Some(test.statistic),
        df: Some(test.df as f64),
        p_value: Some(test.p.get()),
    }
}

pub(super) fn distinct<'i>(ids: impl Iterator<Item = &'i u32>) -> usize {
    ids.collect::<BTreeSet<_>>().len()
}
