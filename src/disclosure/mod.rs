//! What may be shown. A finding becomes a [`Disclosed`] finding here and nowhere else, and everything that shows
//! numbers accepts nothing but that: forgetting disclosure does not compile.
//!
//! In `public` mode a count of persons under the minimum is withheld together with every number made from it, and
//! further counts are withheld until no sum of shown counts gives a withheld one back. Searches, stops without a search,
//! hits and searches without one are counts of persons alike. The dispersion between places, periods or officers rests
//! on counts that nobody sees; where small ones are among them it is withheld, or, with many unknowns behind it, rounded.
//! In `court` mode counts are shown and small ones are flagged. Counts that were published already are shown unless the
//! study asks otherwise.

mod account;
mod audit;
mod coverage;
mod protected;
mod remainders;
mod spread;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::findings::{Comparison, CountRef, Finding, Line, glossary};
use crate::warning::Warning;

pub use account::{Account, DroppedRows, account, inputs};
pub use coverage::{Coverage, ShownMonth, coverage};
pub use protected::Protected;

use audit::Sum;
use protected::Index;
use spread::{Judge, Known, Stated};

/// The `[disclosure]` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisclosureConfig {
    /// Who reads the bundle.
    pub mode: Mode,
    /// The smallest count that may be shown in public.
    #[serde(deserialize_with = "minimum")]
    #[schemars(range(min = LEAST_MINIMUM))]
    pub minimum: u64,
    /// Whether counts that were published already are treated like rows.
    pub published: PublishedRule,
}

/// Who reads the bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Anyone.
    #[default]
    Public,
    /// A court and the parties, under a protective order.
    Court,
}

/// What happens to counts that were published already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PublishedRule {
    /// They are shown: withholding them protects nobody.
    #[default]
    Show,
    /// They are treated like counts of rows.
    Withhold,
}

impl Default for DisclosureConfig {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            minimum: 10,
            published: PublishedRule::default(),
        }
    }
}

/// The smallest minimum of a public bundle: below it nothing would be withheld but zeros, or nothing.
const LEAST_MINIMUM: u64 = 3;

/// The smallest count that may be shown, of a bundle that withholds.
fn minimum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let minimum = u64::deserialize(deserializer)?;
    if minimum < LEAST_MINIMUM {
        return Err(D::Error::custom(format!(
            "a minimum of {minimum} withholds next to nothing: {LEAST_MINIMUM} at least, or mode = \"court\""
        )));
    }
    Ok(minimum)
}

impl DisclosureConfig {
    /// The smallest count of persons that may be shown.
    #[must_use]
    pub fn smallest_shown(&self) -> u64 {
        match self.mode {
            Mode::Public => self.minimum,
            Mode::Court => 0,
        }
    }
}

/// Something that disclosure has let through. Only this module makes one: [`disclose`], [`account()`] and [`coverage()`].
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Disclosed<T>(T);

impl<T> Deref for Disclosed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What disclosure has decided of a whole run.
#[derive(Debug)]
pub struct Decided {
    /// The findings.
    pub findings: Vec<Disclosed<Finding>>,
    /// Which sums of rows may be shown beside them.
    pub keeps: Keeps,
}

/// Which sums of rows may be shown beside the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeps {
    /// The number of rows kept.
    pub total: bool,
    /// The number of rows of unknown group.
    pub unknown: bool,
}

/// Lets findings through, all of one run together: two findings may give back what each withholds.
///
/// `protected` holds the counts of persons; findings on other counts are let through as they are.
#[must_use]
pub fn disclose(
    mut findings: Vec<Finding>,
    protected: &Protected,
    config: DisclosureConfig,
) -> Decided {
    let with_own = with_own_counts(&findings, protected);
    let protected = with_own.as_ref().unwrap_or(protected);
    let lines = || findings.iter().flat_map(|finding| &finding.lines);
    let is_protected = |count: &&CountRef| protected.source(count).is_some();
    if config.mode == Mode::Court {
        let warning = Warning::SmallCount {
            minimum: config.minimum,
        };
        for line in findings.iter_mut().flat_map(|finding| &mut finding.lines) {
            let mut counts = line.rests_on.iter().filter(is_protected);
            if counts.any(|count| count.count < config.minimum) {
                line.warn(warning.clone());
            }
        }
        return Decided {
            findings: findings.into_iter().map(Disclosed).collect(),
            keeps: Keeps {
                total: true,
                unknown: true,
            },
        };
    }
    let shown: BTreeSet<CountRef> = lines()
        .flat_map(|line| &line.rests_on)
        .filter(is_protected)
        .cloned()
        .collect();
    let mut withheld = BTreeSet::new();
    let mut known = Vec::new();
    let mut keeps = Keeps {
        total: true,
        unknown: true,
    };
    for (number, source) in protected.sources.iter().enumerate() {
        let mut index = Index::new(source);
        let elementary = source.elementary();
        let mut alike: BTreeMap<(Vec<usize>, Vec<usize>), Vec<&CountRef>> = BTreeMap::new();
        for count in &shown {
            if protected.source(count) == Some(number) {
                let sum = (index.cells(count), index.kinds(count).to_vec());
                alike.entry(sum).or_default().push(count);
            }
        }
        let (keys, counts): (Vec<_>, Vec<_>) = alike.into_iter().unzip();
        let stated = keys
            .into_iter()
            .zip(&counts)
            .map(|((cells, kinds), counts)| Sum {
                cells,
                kinds,
                count: counts[0].count,
                is_expendable: false,
            });
        let sums: Vec<Sum> = stated.chain(source.accounted()).collect();
        let is_withheld = audit::withheld(&sums, &elementary, config.minimum);
        let mut stated = Stated::default();
        for (sum, _) in sums.iter().zip(&is_withheld).filter(|(_, w)| !**w) {
            stated.add(&sum.kinds, sum.cells.clone());
        }
        for (counts, _) in counts.iter().zip(&is_withheld).filter(|(_, w)| **w) {
            withheld.extend(counts.iter().map(|&count| count.clone()));
        }
        let mut accounted = is_withheld.iter().skip(counts.len());
        keeps.total &= accounted.next() != Some(&true);
        keeps.unknown &= accounted.next() != Some(&true);
        known.push(Known { index, stated });
    }
    let mut judge = Judge::new(protected, known, config.minimum);
    for finding in &mut findings {
        let is_withheld = |line: &Line| line.rests_on.iter().any(|count| withheld.contains(count));
        let hides_strata = finding
            .lines
            .iter()
            .any(|line| line.estimand == glossary::RATIO_OF_RATIOS && is_withheld(line));
        if hides_strata {
            finding
                .warnings
                .retain(|warning| *warning != Warning::FewStrata);
        }
        if protected.holds(&finding.frame.counts) {
            let names_zeros = |warning: &Warning| {
                matches!(
                    warning,
                    Warning::SilentValues { .. } | Warning::OneArm { .. }
                )
            };
            finding.warnings.retain(|warning| !names_zeros(warning));
        }
        finding
            .lines
            .retain(|line| !(is_withheld(line) && is_occasional(line)));
        for line in &mut finding.lines {
            if is_withheld(line) {
                withhold(line, config.minimum);
            } else {
                spread::apply(judge.spread(&line.fitted_on), line, config.minimum);
            }
        }
        let is_spread_withheld = |line: &Line| {
            let hides = |w: &Warning| matches!(w, Warning::SpreadWithheld { .. });
            line.is_of_spread && line.warnings.iter().any(hides)
        };
        finding
            .lines
            .retain(|line| !(is_spread_withheld(line) && is_occasional(line)));
        let has_fits = finding.own_counts.is_some() || finding.lines.iter().any(|line| line.is_fit);
        if has_fits {
            finding.frame.headline = finding.headline_methods();
        }
    }
    Decided {
        findings: findings.into_iter().map(Disclosed).collect(),
        keeps,
    }
}

/// The counts with those that findings made for themselves; `None` where there are none of these.
fn with_own_counts(findings: &[Finding], protected: &Protected) -> Option<Protected> {
    let own: Vec<_> = findings
        .iter()
        .filter_map(|f| f.own_counts.as_ref())
        .collect();
    if own.is_empty() {
        return None;
    }
    let mut protected = protected.clone();
    for (name, table) in own {
        protected.add_own(name, table);
    }
    Some(protected)
}

/// Lines that stand there for some counts only, such as a pool of strata that have events everywhere: that they are
/// there would say something about what is withheld.
fn is_occasional(line: &Line) -> bool {
    [
        glossary::MINIMUM_DETECTABLE_RATIO,
        glossary::MINIMUM_DETECTABLE_DIFFERENCE,
        glossary::STANDARD_DEVIATIONS_DISPERSED,
        glossary::CMH_EXACT,
        glossary::POOLED_BETWEEN,
        glossary::POOLED_FIXED,
        glossary::PREDICTION,
        glossary::MEDIAN,
        glossary::STRATA_ABOVE_ONE,
        glossary::TAU,
        glossary::COCHRAN_Q,
        glossary::LARGEST_WEIGHT,
        glossary::LEAVE_ONE_OUT,
        glossary::RANDOMISED_DATES,
        glossary::PRE_TREND,
    ]
    .contains(&line.estimand)
        || line.estimand == glossary::ADOPTION_RATIO_OF_RATIOS && !line.at.is_empty()
        || line.comparison == Comparison::Reference && line.key("pooled").is_some()
}

fn withhold(line: &mut Line, minimum: u64) {
    // How many places contribute says of each that somebody is there.
    line.at
        .retain(|(key, _)| key != "places" && key != "pooled");
    line.estimate = None;
    line.std_error = None;
    line.headline = None;
    line.counting = None;
    line.dispersion = None;
    line.dispersion_tip = None;
    line.test = None;
    line.events = None;
    line.trials = None;
    line.exposure = None;
    line.warnings = vec![Warning::Withheld { minimum }];
}

#[cfg(test)]
mod tests;
