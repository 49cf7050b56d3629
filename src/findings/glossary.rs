//! The glossary of estimands: what each is called in results, how it is written, and what it is.

use crate::number::Style;

/// A kind of number that an analysis may report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimand {
    /// The word in result tables.
    pub name: &'static str,
    /// What people read in a table heading.
    pub heading: &'static str,
    /// How it is written.
    pub style: Style,
}

const fn estimand(name: &'static str, heading: &'static str, style: Style) -> Estimand {
    Estimand {
        name,
        heading,
        style,
    }
}

/// Trials of unknown group out of all trials; of counts that are not a part of something, events.
pub const UNKNOWN_SHARE: Estimand = estimand("unknown_share", "Unknown group", Style::Percent);
/// Events of unknown group out of all events, where both are counted.
pub const UNKNOWN_SHARE_OF_EVENTS: Estimand = estimand(
    "unknown_share_of_events",
    "Unknown group, of events",
    Style::Percent,
);
/// The lowest rate that any allocation of the unknown gives: a bound.
pub const LOWEST_PROPORTION: Estimand =
    estimand("lowest_proportion", "Lowest possible rate", Style::Percent);
/// The highest rate that any allocation of the unknown gives: a bound.
pub const HIGHEST_PROPORTION: Estimand = estimand(
    "highest_proportion",
    "Highest possible rate",
    Style::Percent,
);
/// The rate if the group is missing at random within strata.
pub const PROPORTION_AT_RANDOM: Estimand = estimand(
    "proportion_missing_at_random",
    "Rate, missing at random",
    Style::Percent,
);
/// The lowest rate per head that any allocation of the unknown gives: a bound.
pub const LOWEST_RATE: Estimand = estimand("lowest_rate", "Lowest possible rate", Style::Quantity);
/// The highest rate per head that any allocation of the unknown gives: a bound.
pub const HIGHEST_RATE: Estimand =
    estimand("highest_rate", "Highest possible rate", Style::Quantity);
/// The rate per head if the group is missing at random within strata.
pub const RATE_AT_RANDOM: Estimand = estimand(
    "rate_missing_at_random",
    "Rate, missing at random",
    Style::Quantity,
);
/// The lowest ratio that any allocation of the unknown gives: a bound.
pub const LOWEST_RATIO: Estimand = estimand("lowest_ratio", "Lowest possible ratio", Style::Ratio);
/// The highest ratio that any allocation of the unknown gives: a bound.
pub const HIGHEST_RATIO: Estimand =
    estimand("highest_ratio", "Highest possible ratio", Style::Ratio);
/// The ratio if the group is missing at random within strata.
pub const RATIO_AT_RANDOM: Estimand = estimand(
    "ratio_missing_at_random",
    "Ratio, missing at random",
    Style::Ratio,
);
/// The smallest share of the unknown events that, given to the group, makes the ratio 1.
pub const TIPPING_UNKNOWN: Estimand = estimand(
    "tipping_share_of_unknown",
    "Tipping share of the unknown",
    Style::Percent,
);
/// The group's share of the known events of both groups, to hold the tipping share against.
pub const KNOWN_SHARE: Estimand = estimand("known_share", "Share of the known", Style::Percent);
/// The ratio of counts corrected for misrecording.
pub const RATIO_CORRECTED: Estimand = estimand(
    "ratio_corrected_for_misrecording",
    "Ratio, misrecording corrected",
    Style::Ratio,
);
/// The smallest share of misrecording at which the corrected ratio is 1.
pub const CLOSING_MISRECORDING: Estimand = estimand(
    "misrecording_that_closes_the_gap",
    "Misrecording that would close the gap",
    Style::Percent,
);
/// Events per head of the benchmark and year, times the study's `per`.
pub const RATE: Estimand = estimand("rate", "Rate", Style::Quantity);
/// Events out of trials.
pub const PROPORTION: Estimand = estimand("proportion", "Rate", Style::Percent);
/// Events of a group out of the events of all groups.
pub const SHARE: Estimand = estimand("share", "Share", Style::Percent);
/// Ratio of two rates per head.
pub const RATE_RATIO: Estimand = estimand("rate_ratio", "Rate ratio", Style::Ratio);
/// Ratio of two proportions.
pub const RISK_RATIO: Estimand = estimand("risk_ratio", "Risk ratio", Style::Ratio);
/// Difference of two rates per head, times the study's `per`.
pub const RATE_DIFFERENCE: Estimand =
    estimand("rate_difference", "Rate difference", Style::Quantity);
/// Difference of two proportions.
pub const RISK_DIFFERENCE: Estimand = estimand("risk_difference", "Risk difference", Style::Points);
/// Odds ratio of two proportions.
pub const ODDS_RATIO: Estimand = estimand("odds_ratio", "Odds ratio", Style::Ratio);
/// Odds ratio with other keys held equal, from a regression.
pub const ADJUSTED_ODDS_RATIO: Estimand =
    estimand("adjusted_odds_ratio", "Adjusted odds ratio", Style::Ratio);
/// Risk ratio with other keys held equal, from a regression.
pub const ADJUSTED_RISK_RATIO: Estimand =
    estimand("adjusted_risk_ratio", "Adjusted risk ratio", Style::Ratio);
/// Rate ratio with other keys held equal, from a regression.
pub const ADJUSTED_RATE_RATIO: Estimand =
    estimand("adjusted_rate_ratio", "Adjusted rate ratio", Style::Ratio);
/// Wald test that all groups are as the reference group, with the errors to be quoted.
pub const WALD_GROUPS: Estimand = estimand(
    "wald_groups",
    "Groups together, Wald chi-square",
    Style::Statistic,
);
/// Likelihood-ratio test that all groups are as the reference group.
pub const LIKELIHOOD_RATIO_GROUPS: Estimand = estimand(
    "likelihood_ratio_groups",
    "Groups together, likelihood-ratio chi-square (counting alone)",
    Style::Statistic,
);
/// Residual deviance of a regression.
pub const DEVIANCE: Estimand = estimand("deviance", "Deviance", Style::Statistic);
/// Residual deviance of the regression without the groups.
pub const DEVIANCE_WITHOUT_GROUPS: Estimand = estimand(
    "deviance_without_groups",
    "Deviance without the groups",
    Style::Statistic,
);
/// The rate, or the odds, of all groups together, from the regression without the groups.
pub const CONSTANT_WITHOUT_GROUPS: Estimand = estimand(
    "constant_without_groups",
    "Rate or odds of all groups together",
    Style::Quantity,
);
/// How the variance of a negative binomial grows: mean + mean^2 / theta.
pub const THETA: Estimand = estimand("theta", "Theta of the negative binomial", Style::Statistic);
/// Share of events over share of the benchmark.
pub const DISPARITY_INDEX: Estimand = estimand("disparity_index", "Disparity index", Style::Ratio);
/// Events beyond the group's own share of the benchmark.
pub const SURPLUS_OVER_SHARE: Estimand = estimand(
    "surplus_over_own_share",
    "Surplus over own share",
    Style::Count,
);
/// Events beyond what the reference group's rate would give.
pub const EXCESS_OVER_REFERENCE: Estimand = estimand(
    "excess_over_reference_rate",
    "Excess over the reference rate",
    Style::Count,
);
/// Part of the group's events beyond what the reference group's rate would give.
pub const EXCESS_SHARE: Estimand = estimand("excess_share", "Excess share", Style::Percent);
/// The benchmark share that would make the disparity vanish.
pub const TIPPING_SHARE: Estimand =
    estimand("tipping_share", "Tipping benchmark share", Style::Percent);
/// The group's share of the benchmark.
pub const BENCHMARK_SHARE: Estimand =
    estimand("benchmark_share", "Benchmark share", Style::Percent);
/// Events expected under the benchmark.
pub const EXPECTED: Estimand = estimand("expected", "Expected", Style::Count);
/// Standard deviation of the events under the benchmark, if they were independent.
pub const BINOMIAL_SD: Estimand = estimand(
    "binomial_sd",
    "Standard deviation under the benchmark",
    Style::Statistic,
);
/// Observed minus expected.
pub const DIFFERENCE: Estimand = estimand(
    "observed_minus_expected",
    "Observed − expected",
    Style::Count,
);
/// Standard deviations between observed and expected.
pub const STANDARD_DEVIATIONS: Estimand = estimand(
    "standard_deviations",
    "Standard deviations",
    Style::Statistic,
);
/// Standard deviations divided by the root of the dispersion.
pub const STANDARD_DEVIATIONS_DISPERSED: Estimand = estimand(
    "standard_deviations_dispersed",
    "Standard deviations / √φ",
    Style::Statistic,
);
/// Standard deviations by the hypergeometric distribution.
pub const STANDARD_DEVIATIONS_WITHOUT_REPLACEMENT: Estimand = estimand(
    "standard_deviations_without_replacement",
    "Standard deviations, without replacement",
    Style::Statistic,
);
/// Exact binomial p, the doubled smaller tail, as its decimal logarithm.
pub const LOG10_P_CENTRAL: Estimand = estimand(
    "log10_p_binomial_central",
    "log10 p, exact binomial (doubled smaller tail)",
    Style::Statistic,
);
/// Exact binomial p by minimum likelihood, as its decimal logarithm.
pub const LOG10_P_MINIMUM_LIKELIHOOD: Estimand = estimand(
    "log10_p_binomial_minimum_likelihood",
    "log10 p, exact binomial (minimum likelihood)",
    Style::Statistic,
);
/// Pooled two-sample Z of two proportions.
pub const POOLED_Z: Estimand = estimand("pooled_z", "Two-sample Z", Style::Statistic);
/// Four-fifths ratio when the event is a selection.
pub const FOUR_FIFTHS_SELECTION: Estimand = estimand(
    "four_fifths_selection",
    "Four-fifths, event as selection",
    Style::Ratio,
);
/// Four-fifths ratio when the event is adverse: of the rates of its absence.
pub const FOUR_FIFTHS_ADVERSE: Estimand = estimand(
    "four_fifths_adverse",
    "Four-fifths, 1 − adverse rate",
    Style::Ratio,
);
/// Cohen's h of two proportions.
pub const COHEN_H: Estimand = estimand("cohen_h", "Cohen's h", Style::Statistic);
/// The smallest ratio that the data would find with 80 % power.
pub const MINIMUM_DETECTABLE_RATIO: Estimand = estimand(
    "minimum_detectable_ratio",
    "Minimum detectable ratio",
    Style::Ratio,
);
/// The smallest difference that the data would find with 80 % power.
pub const MINIMUM_DETECTABLE_DIFFERENCE: Estimand = estimand(
    "minimum_detectable_difference",
    "Minimum detectable difference",
    Style::Points,
);
/// Ratio in one arm of a programme over the ratio in the other.
pub const RATIO_OF_RATIOS: Estimand = estimand("ratio_of_ratios", "Ratio of ratios", Style::Ratio);
/// The same, pooled over strata whose true values differ.
pub const POOLED_BETWEEN: Estimand = estimand(
    "ratio_of_ratios_paule_mandel",
    "Ratio of ratios, strata may differ (Paule-Mandel)",
    Style::Ratio,
);
/// The same, pooled as if all strata had one value.
pub const POOLED_FIXED: Estimand = estimand(
    "ratio_of_ratios_fixed_effect",
    "Ratio of ratios, one value for all (fixed effect)",
    Style::Ratio,
);
/// Where the value of a further stratum would fall.
pub const PREDICTION: Estimand = estimand(
    "ratio_of_ratios_prediction",
    "Prediction for a further stratum",
    Style::Ratio,
);
/// Median over strata.
pub const MEDIAN: Estimand = estimand(
    "ratio_of_ratios_median",
    "Median of the strata",
    Style::Ratio,
);
/// Pool without one stratum.
pub const LEAVE_ONE_OUT: Estimand = estimand(
    "ratio_of_ratios_without_stratum",
    "Pool without this stratum",
    Style::Ratio,
);
/// Standard deviation of the strata's true values, on the logarithmic scale.
pub const TAU: Estimand = estimand(
    "tau",
    "Spread between strata (τ, log scale)",
    Style::Statistic,
);
/// Test of homogeneity.
pub const COCHRAN_Q: Estimand = estimand("cochran_q", "Cochran's Q", Style::Statistic);
/// Strata in which the ratio is above 1.
pub const STRATA_ABOVE_ONE: Estimand = estimand("strata_above_one", "Strata above 1", Style::Count);
/// Largest share of the fixed-effect weight.
pub const LARGEST_WEIGHT: Estimand = estimand(
    "largest_weight",
    "Largest fixed-effect weight",
    Style::Percent,
);
/// Mantel-Haenszel risk ratio.
pub const MH_RISK_RATIO: Estimand = estimand(
    "mantel_haenszel_risk_ratio",
    "Mantel-Haenszel risk ratio",
    Style::Ratio,
);
/// The same without one stratum.
pub const MH_RISK_RATIO_WITHOUT: Estimand = estimand(
    "mantel_haenszel_risk_ratio_without_stratum",
    "Mantel-Haenszel risk ratio without this stratum",
    Style::Ratio,
);
/// Mantel-Haenszel odds ratio.
pub const MH_ODDS_RATIO: Estimand = estimand(
    "mantel_haenszel_odds_ratio",
    "Mantel-Haenszel odds ratio",
    Style::Ratio,
);
/// Mantel-Haenszel risk difference.
pub const MH_RISK_DIFFERENCE: Estimand = estimand(
    "mantel_haenszel_risk_difference",
    "Mantel-Haenszel risk difference",
    Style::Points,
);
/// Cochran-Mantel-Haenszel statistic.
pub const CMH: Estimand = estimand(
    "cochran_mantel_haenszel",
    "Cochran-Mantel-Haenszel",
    Style::Statistic,
);
/// Cochran-Mantel-Haenszel statistic with continuity correction.
pub const CMH_CORRECTED: Estimand = estimand(
    "cochran_mantel_haenszel_corrected",
    "Cochran-Mantel-Haenszel, continuity corrected",
    Style::Statistic,
);
/// Exact p of the common odds ratio.
pub const CMH_EXACT: Estimand = estimand(
    "common_odds_ratio_exact",
    "Common odds ratio, exact",
    Style::Ratio,
);
/// Breslow-Day statistic.
pub const BRESLOW_DAY: Estimand = estimand("breslow_day", "Breslow-Day", Style::Statistic);
/// Breslow-Day statistic with Tarone's correction.
pub const TARONE: Estimand = estimand(
    "breslow_day_tarone",
    "Breslow-Day, Tarone corrected",
    Style::Statistic,
);
/// Risk ratio of the strata added up.
pub const CRUDE_RISK_RATIO: Estimand =
    estimand("crude_risk_ratio", "Crude risk ratio", Style::Ratio);
/// Hits out of searches.
pub const HIT_RATE: Estimand = estimand("hit_rate", "Hit rate", Style::Percent);
/// Searches out of stops.
pub const SEARCH_RATE: Estimand = estimand("search_rate", "Search rate", Style::Percent);
/// Searches of one kind of basis out of all searches.
pub const SHARE_OF_SEARCHES: Estimand =
    estimand("share_of_searches", "Share of searches", Style::Percent);
/// Probability of the event that a regression predicts for a group, everybody being taken as of that group.
pub const PREDICTED_PROBABILITY: Estimand = estimand(
    "predicted_probability",
    "Predicted probability",
    Style::Percent,
);
/// Chi-square of equal hit rates.
pub const EQUAL_HIT_RATES: Estimand = estimand(
    "equal_hit_rates_chi_square",
    "Chi-square of equal hit rates",
    Style::Statistic,
);
/// Odds that a stop in daylight is of the group over the same odds in darkness, the clock held equal.
pub const DAYLIGHT_ODDS_RATIO: Estimand = estimand(
    "daylight_odds_ratio",
    "Odds ratio, daylight to darkness (K)",
    Style::Ratio,
);
/// The same with nothing held equal.
pub const DAYLIGHT_ODDS_RATIO_UNADJUSTED: Estimand = estimand(
    "daylight_odds_ratio_unadjusted",
    "The same, clock not held equal",
    Style::Ratio,
);
/// The same by Mantel-Haenszel over bins of the clock.
pub const DAYLIGHT_ODDS_RATIO_BINS: Estimand = estimand(
    "daylight_odds_ratio_mantel_haenszel",
    "The same, Mantel-Haenszel over bins of the clock",
    Style::Ratio,
);
/// The same where dusk and dawn are moved to where the light does not change.
pub const DAYLIGHT_ODDS_RATIO_PLACEBO: Estimand = estimand(
    "daylight_odds_ratio_placebo",
    "Placebo: odds ratio where the light does not change",
    Style::Ratio,
);
/// The same under another window or model.
pub const DAYLIGHT_ODDS_RATIO_SWEEP: Estimand = estimand(
    "daylight_odds_ratio_sweep",
    "Odds ratio, daylight to darkness (K)",
    Style::Ratio,
);
/// Stops of the group out of those of it and the reference group.
pub const SHARE_OF_PAIR: Estimand = estimand(
    "share_of_two_groups",
    "Share of the two groups' stops",
    Style::Percent,
);
/// Stops by what became of them.
pub const STOPS_ACCOUNTED: Estimand = estimand("stops_accounted", "Stops", Style::Count);
/// Mean over places of the difference of hit rates.
pub const MEAN_HIT_RATE_DIFFERENCE: Estimand = estimand(
    "mean_hit_rate_difference",
    "Mean difference of hit rates over places",
    Style::Points,
);
/// The same with the published standard error.
pub const MEAN_HIT_RATE_DIFFERENCE_PUBLISHED: Estimand = estimand(
    "mean_hit_rate_difference_published_se",
    "Mean difference over places, published standard error",
    Style::Points,
);
/// Probability of contraband at which a search is made, if the model of the threshold test holds.
pub const INFERRED_THRESHOLD: Estimand = estimand(
    "inferred_threshold",
    "Inferred threshold of search",
    Style::Percent,
);
/// Inferred threshold of a group less that of the reference group.
pub const INFERRED_THRESHOLD_DIFFERENCE: Estimand = estimand(
    "inferred_threshold_difference",
    "Difference of inferred thresholds",
    Style::Points,
);
/// Posterior probability that a group's threshold is above that of the reference group.
pub const PROBABILITY_THRESHOLD_ABOVE: Estimand = estimand(
    "probability_threshold_above",
    "Posterior probability that the threshold is above the reference group's",
    Style::Percent,
);
/// Search rate that the model predicts.
pub const PREDICTED_SEARCH_RATE: Estimand = estimand(
    "predicted_search_rate",
    "Search rate predicted by the model",
    Style::Percent,
);
/// Hit rate that the model predicts.
pub const PREDICTED_HIT_RATE: Estimand = estimand(
    "predicted_hit_rate",
    "Hit rate predicted by the model",
    Style::Percent,
);
/// Root of the mean square of observed less predicted search rate, weighted by stops.
pub const SEARCH_RATE_PREDICTION_ERROR: Estimand = estimand(
    "search_rate_prediction_error",
    "Observed − predicted search rate, root mean square",
    Style::Points,
);
/// Root of the mean square of observed less predicted hit rate, weighted by searches.
pub const HIT_RATE_PREDICTION_ERROR: Estimand = estimand(
    "hit_rate_prediction_error",
    "Observed − predicted hit rate, root mean square",
    Style::Points,
);
/// Largest rank-normalised split R-hat of a sampled posterior.
pub const R_HAT: Estimand = estimand("largest_r_hat", "Largest R-hat", Style::Statistic);
/// Smallest bulk effective sample size of a sampled posterior.
pub const BULK_ESS: Estimand = estimand(
    "smallest_bulk_ess",
    "Smallest bulk effective sample size",
    Style::Count,
);
/// Smallest tail effective sample size of a sampled posterior.
pub const TAIL_ESS: Estimand = estimand(
    "smallest_tail_ess",
    "Smallest tail effective sample size",
    Style::Count,
);
/// Draws of a sampled posterior whose trajectory diverged.
pub const DIVERGENCES: Estimand = estimand("divergences", "Divergent draws", Style::Count);
/// Change, at the adoption of an agreement, of the ratio of a group's rate to that of the reference group, over its change
/// where there was no agreement.
pub const ADOPTION_RATIO_OF_RATIOS: Estimand = estimand(
    "adoption_ratio_of_ratios",
    "Change of the ratio at the agreement",
    Style::Ratio,
);
/// Change of a group's rate at the adoption of an agreement, over its change where there was no agreement.
pub const ADOPTION_RATE_RATIO: Estimand = estimand(
    "adoption_rate_ratio",
    "Change of the rate at the agreement",
    Style::Ratio,
);
/// The ratio before an agreement over that in the last time before it, over the same where there was no agreement.
pub const PRE_TREND: Estimand = estimand(
    "adoption_ratio_before",
    "Before the agreement, against its last time",
    Style::Ratio,
);
/// The studentised change at the agreement among those of the same dates given to other places.
pub const RANDOMISED_DATES: Estimand = estimand(
    "randomised_dates",
    "Change over its error; p by dates given to other places",
    Style::Statistic,
);
