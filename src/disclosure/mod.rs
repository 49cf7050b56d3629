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
mod protected;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::findings::{CountRef, Finding, Line, Part, Test, glossary};
use crate::number::significant;
use crate::stats::Interval;
use crate::warning::Warning;

pub use account::{Account, DroppedRows, account, inputs};
pub use protected::Protected;

use audit::{Audit, Sum};
use protected::Index;

/// The `[disclosure]` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisclosureConfig {
    /// Who reads the bundle.
    pub mode: Mode,
    /// The smallest count that may be shown in public.
    pub minimum: u64,
    /// Whether counts that were published already are treated like rows.
    pub published: PublishedRule,
}

/// Who reads the bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Anyone.
    #[default]
    Public,
    /// A court and the parties, under a protective order.
    Court,
}

/// What happens to counts that were published already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
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

/// Something that disclosure has let through. Only this module makes one: [`disclose`] and [`account()`].
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
    /// Whether the number of rows kept may be shown beside them.
    pub keeps_total: bool,
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
            keeps_total: true,
        };
    }
    let shown: BTreeSet<CountRef> = lines()
        .flat_map(|line| &line.rests_on)
        .filter(is_protected)
        .cloned()
        .collect();
    let fits: BTreeMap<*const Vec<CountRef>, Arc<Vec<CountRef>>> = lines()
        .filter(|line| line.fitted_on.iter().any(|count| is_protected(&count)))
        .map(|line| (Arc::as_ptr(&line.fitted_on), Arc::clone(&line.fitted_on)))
        .collect();
    let mut withheld = BTreeSet::new();
    let mut spreads = BTreeMap::new();
    let mut keeps_total = true;
    for (number, source) in protected.sources.iter().enumerate() {
        let mut index = Index::new(source);
        let elementary = source.elementary();
        let mut by_parts: BTreeMap<Vec<usize>, Vec<&CountRef>> = BTreeMap::new();
        for count in shown
            .iter()
            .filter(|count| protected.source(count) == Some(number))
        {
            by_parts.entry(index.parts(count)).or_default().push(count);
        }
        let (parts, counts): (Vec<_>, Vec<_>) = by_parts.into_iter().unzip();
        let stated = parts.into_iter().zip(&counts).map(|(parts, counts)| Sum {
            parts,
            count: counts[0].count,
            is_expendable: false,
        });
        let sums: Vec<Sum> = stated
            .chain(source.counts_rows.then(|| source.everything()))
            .collect();
        let audit = Audit::new(&sums, &elementary, config.minimum);
        for (counts, _) in counts.iter().zip(&audit.is_withheld).filter(|(_, w)| **w) {
            withheld.extend(counts.iter().map(|count| (*count).clone()));
        }
        keeps_total &= !source.counts_rows || !audit.is_withheld[sums.len() - 1];
        for (&pointer, fit) in &fits {
            let own: Vec<&CountRef> = fit
                .iter()
                .filter(|count| protected.source(count) == Some(number))
                .collect();
            if !own.is_empty() {
                let parts: Vec<Vec<usize>> = own.iter().map(|count| index.parts(count)).collect();
                let spread = spread(&audit, (&own, &parts), config.minimum);
                spreads.insert(pointer, spread);
            }
        }
    }
    for finding in &mut findings {
        let is_withheld = |line: &Line| line.rests_on.iter().any(|count| withheld.contains(count));
        finding
            .lines
            .retain(|line| !(is_withheld(line) && is_occasional(line)));
    }
    for line in findings.iter_mut().flat_map(|finding| &mut finding.lines) {
        if line.rests_on.iter().any(|count| withheld.contains(count)) {
            withhold(line, config.minimum);
            continue;
        }
        match spreads.get(&Arc::as_ptr(&line.fitted_on)) {
            None | Some(Spread::Shown) => {}
            Some(Spread::Rounded) => round(line, config.minimum),
            Some(Spread::Withheld) => withhold_spread(line, config.minimum),
        }
    }
    Decided {
        findings: findings.into_iter().map(Disclosed).collect(),
        keeps_total,
    }
}

/// Lines that stand there for some counts only: that they are there would say something about what is withheld.
fn is_occasional(line: &Line) -> bool {
    [
        glossary::MINIMUM_DETECTABLE_RATIO,
        glossary::CMH_EXACT,
        glossary::PREDICTION,
        glossary::STANDARD_DEVIATIONS_DISPERSED,
    ]
    .contains(&line.estimand)
}

/// What may be shown of a dispersion, and of what is made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    Shown,
    Rounded,
    Withheld,
}

/// A number fitted to counts is one equation between them. It gives nothing away where all of them are shown, and in
/// three digits next to nothing where at least as many independent unknowns as the minimum stand behind it.
fn spread(audit: &Audit<'_>, (fit, parts): (&[&CountRef], &[Vec<usize>]), minimum: u64) -> Spread {
    let wanted = usize::try_from(minimum).unwrap_or(usize::MAX / 8);
    let unknowns = audit.unknowns(parts, wanted);
    let is_small = |pair: &[&CountRef]| {
        let rest = match pair {
            [events, trials] if events.part == Part::Events && trials.part == Part::Trials => {
                trials.count.saturating_sub(events.count)
            }
            _ => minimum,
        };
        pair[0].count < minimum || rest < minimum
    };
    let any_small = fit.windows(2).any(is_small) || fit.last().is_some_and(|c| c.count < minimum);
    let any_withheld = audit.is_withheld.iter().any(|withheld| *withheld);
    match unknowns {
        0 => Spread::Shown,
        _ if !any_small && !any_withheld => Spread::Shown,
        unknowns if unknowns >= wanted => Spread::Rounded,
        _ => Spread::Withheld,
    }
}

/// Digits of a number that rests on hidden counts.
const DIGITS: usize = 3;

fn round(line: &mut Line, minimum: u64) {
    let rounded = |value: Option<f64>| value.map(|value| significant(value, DIGITS));
    if line.headline.is_none() && line.dispersion.is_none() && !line.is_of_spread {
        return;
    }
    line.dispersion = rounded(line.dispersion);
    if line.is_of_spread {
        line.estimate = rounded(line.estimate);
    }
    if let Some(band) = &mut line.headline {
        line.std_error = rounded(line.std_error);
        band.interval = Interval::new(
            significant(band.interval.low, DIGITS),
            significant(band.interval.high, DIGITS),
        );
        band.test = band.test.map(|test| Test {
            statistic: rounded(test.statistic),
            p_value: rounded(test.p_value),
            ..test
        });
    }
    line.warn(Warning::SpreadRounded { minimum });
}

fn withhold_spread(line: &mut Line, minimum: u64) {
    if line.headline.is_none() && line.dispersion.is_none() && !line.is_of_spread {
        return;
    }
    if line.headline.take().is_some() {
        line.std_error = None;
    }
    line.dispersion = None;
    if line.is_of_spread {
        line.estimate = None;
    }
    line.warn(Warning::SpreadWithheld { minimum });
}

fn withhold(line: &mut Line, minimum: u64) {
    if line.estimand == glossary::LARGEST_WEIGHT {
        line.at.clear();
    }
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
