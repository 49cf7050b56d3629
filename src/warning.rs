//! Every caution that does not stop a study: what was seen, and what to do or not to conclude.
//!
//! A warning travels in the result beside the number it touches and is printed there. Whoever returns an undefined
//! number also returns one of these.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::number::{Style, count};

/// A caution with its particulars.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Warning {
    /// Nothing repeats within the stratum, so dispersion cannot be seen.
    NoReplication,
    /// The counts are annual averages.
    AnnualAverage,
    /// The places of a stratum agree more closely than chance would have it, and the counts are averages.
    DispersionBelowOne,
    /// A rate per head above one.
    RateAboveOne,
    /// Nobody in the denominator, and no events.
    EmptyDenominator,
    /// No events in a group whose ratio or logarithm is asked for.
    NoEvents {
        /// The group, or the side of the comparison.
        side: String,
    },
    /// Every trial of a group is an event, so that its logarithm has no spread.
    AllEvents {
        /// The group, or the side of the comparison.
        side: String,
    },
    /// Fewer officers than an estimate of the spread between them can do with.
    TooFewOfficers {
        /// How many are needed on either side.
        fewest: usize,
    },
    /// So few officers that the spread between them is likely to be underestimated.
    FewOfficers {
        /// How many would do on either side.
        few: usize,
    },
    /// Fewer clusters than an estimate of the spread between them can do with.
    TooFewClusters {
        /// How many are needed.
        fewest: usize,
    },
    /// So few clusters that the spread between them is likely to be underestimated.
    FewClusters {
        /// How many would do.
        few: usize,
    },
    /// So few places on one side of an adoption that nothing estimates the spread between them.
    FewAdopters {
        /// How many are needed on either side.
        fewest: usize,
    },
    /// So few ways to give the dates of agreements to other places that no p-value could be small.
    FewAssignments,
    /// Places that a comparison of before and after cannot use.
    PlacesAside {
        /// Which.
        places: Vec<String>,
        /// Why.
        why: String,
    },
    /// Times of places that are neither before nor under an agreement.
    TimesBetween {
        /// Places with their times.
        times: Vec<String>,
        /// What they are.
        what: String,
    },
    /// What a comparison of before and after rests on.
    ParallelTrends,
    /// Two keys of clusters whose variance is not above 0.
    NoClusteredVariance,
    /// Values of a key in which there are no events, or nothing but events, and which a regression leaves out.
    SilentValues {
        /// The keys with their values.
        values: Vec<String>,
    },
    /// The spread between places, periods or officers was withheld.
    SpreadWithheld {
        /// The smallest count that may be shown.
        minimum: u64,
    },
    /// The spread between places, periods or officers was rounded.
    SpreadRounded {
        /// The smallest count that may be shown.
        minimum: u64,
    },
    /// A group of the comparison is not in the stratum at all.
    GroupAbsent {
        /// The group.
        group: String,
    },
    /// A key that crosses places, so that everybody is taken to be exposed to each of its values.
    CrossingKey {
        /// The key.
        key: String,
    },
    /// A compared group of which no counts have a row.
    NoRowOfGroup {
        /// The group.
        group: String,
        /// Groups of the data that the study does not compare.
        others: Vec<String>,
    },
    /// The group's rate is not above that of the reference group.
    NoExcess,
    /// A margin of error is missing in the baseline.
    MarginMissing,
    /// A baseline of which some or all cells are controlled to population estimates.
    MarginControlled,
    /// A baseline with margins of error, in numbers that take its shares as fixed.
    MarginNotCarried,
    /// Places that the baseline does not have; they are left out of numerator and denominator alike.
    NoBaseline {
        /// The places.
        places: Vec<String>,
        /// The baseline.
        baseline: String,
    },
    /// Places of which it is not said where they are, so that it is not known whether it was light there.
    NoPoint {
        /// The places.
        places: Vec<String>,
    },
    /// One stratum holds over half of the weight of a fixed-effect pool.
    DominantStratum {
        /// The stratum.
        stratum: String,
        /// Its share of the weight.
        share: f64,
    },
    /// The strata disagree by more than counting noise.
    Heterogeneous {
        /// p-value of the test of homogeneity.
        p: f64,
    },
    /// The number is not defined on these counts.
    Undefined,
    /// No row is of unknown group.
    NothingUnknown,
    /// No share of the unknown tips a ratio over 1.
    NoTipping,
    /// No share of misrecording closes a gap.
    NothingCloses,
    /// Unknown in strata in which nobody is known.
    UnknownAlone,
    /// Bounds are not confidence intervals.
    BoundsAreNoIntervals,
    /// A correction for misrecording that gives fewer than none.
    Impossible {
        /// The group of which there would be fewer than none.
        group: String,
    },
    /// A share of misrecording whose uncertainty the study does not state.
    MisrecordingTakenAsExact,
    /// A side of a difference without events, or with nothing but events.
    NoSpreadOfSide,
    /// The strata agree exactly, which leaves no spread to measure.
    NoSpread,
    /// No stratum contributes to a pooled number.
    NoPool,
    /// Too few strata to pool.
    FewStrata,
    /// A stratum has only one arm of the contrast, and is dropped.
    OneArm {
        /// The stratum.
        stratum: String,
        /// The arm that is missing.
        missing: String,
    },
    /// A stratum whose ratio of ratios is undefined, and is dropped.
    UndefinedStratum,
    /// The pooled comparison points the other way than the crude one.
    Simpson {
        /// The crude ratio.
        crude: f64,
        /// The pooled ratio.
        pooled: f64,
    },
    /// A filter of the study fits no row.
    FilterNeverFired {
        /// The source.
        source: String,
        /// The rule.
        rule: String,
    },
    /// Rows with contraband and without a search.
    HitWithoutSearch {
        /// How many, as it may be shown.
        rows: String,
    },
    /// A cell of a chi-square test with an expected count below five.
    SmallExpected {
        /// The smallest expected count.
        smallest: f64,
    },
    /// Too few places for a paired comparison.
    FewPlaces {
        /// How many there are.
        places: usize,
    },
    /// An outcome test says nothing about a threshold by itself.
    InfraMarginality,
    /// A rule of discretion that leaves no search out.
    RuleLeavesNothingOut,
    /// Searches whose basis is not recorded.
    BasisNotRecorded,
    /// What the veil of darkness can and cannot show.
    VeilOfDarkness,
    /// What the times of day look like.
    Clock {
        /// What was seen.
        remark: String,
    },
    /// Many rows name no group.
    MissingGroup {
        /// Their share.
        share: f64,
    },
    /// Places with few stops in the window.
    SmallPlaces {
        /// How many.
        places: usize,
        /// Out of how many.
        of: usize,
        /// Stops under which a place is small.
        fewest: u64,
    },
    /// Dates without a dusk or a dawn.
    NoDusk,
    /// A model that has no answer.
    NotFitted {
        /// Why, and what to do.
        why: String,
    },
    /// What a threshold test takes for granted.
    ThresholdModel,
    /// The chains of a sampler do not agree, so no number is shown.
    NotConverged {
        /// Which check failed.
        why: String,
    },
    /// A number that a run samples, and a check does not.
    NotSampled,
    /// The sign of a difference changes with the prior.
    DependsOnPrior,
    /// The difference was looked at under one prior only.
    OnePrior,
    /// Every draw lies on one side.
    AllDraws {
        /// How many there are.
        draws: u64,
    },
    /// Groups that differ by chance alone come out different.
    PlaceboMoved,
    /// Places that are left out of a threshold test.
    PlacesLeftOut {
        /// How many.
        places: usize,
        /// Of how many.
        of: usize,
        /// The fewest stops of each group that a place must have.
        minimum: u64,
    },
    /// The share is one of the groups in the data, not of everybody.
    ShareOfGroupsInData {
        /// The groups, as they are labelled.
        groups: Vec<String>,
    },
    /// A count was withheld, and with it what is derived from it.
    Withheld {
        /// The smallest count that may be shown.
        minimum: u64,
    },
    /// A count of the comparison is small enough that its ratio says little.
    SmallCount {
        /// The smallest count that the study would publish of persons.
        minimum: u64,
    },
    /// A caution that the study itself brings for its counts or baseline.
    Study(String),
    /// The plan is not the one that was locked.
    PlanChanged {
        /// What differs, in words.
        how: Vec<String>,
    },
}

impl Warning {
    /// The kind, as result columns carry it: a short word that never changes.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoReplication => "no_replication",
            Self::AnnualAverage => "annual_average",
            Self::DispersionBelowOne => "dispersion_below_one",
            Self::RateAboveOne => "rate_above_one",
            Self::EmptyDenominator => "empty_denominator",
            Self::NoEvents { .. } => "no_events",
            Self::AllEvents { .. } => "all_events",
            Self::TooFewOfficers { .. } => "too_few_officers",
            Self::FewOfficers { .. } => "few_officers",
            Self::TooFewClusters { .. } => "too_few_clusters",
            Self::FewClusters { .. } => "few_clusters",
            Self::FewAdopters { .. } => "few_adopters",
            Self::FewAssignments => "few_assignments",
            Self::PlacesAside { .. } => "places_aside",
            Self::TimesBetween { .. } => "times_between",
            Self::ParallelTrends => "parallel_trends",
            Self::NoClusteredVariance => "no_clustered_variance",
            Self::SilentValues { .. } => "silent_values",
            Self::SpreadWithheld { .. } => "spread_withheld",
            Self::SpreadRounded { .. } => "spread_rounded",
            Self::GroupAbsent { .. } => "group_absent",
            Self::CrossingKey { .. } => "crossing_key",
            Self::NoRowOfGroup { .. } => "no_row_of_group",
            Self::NoExcess => "no_excess",
            Self::MarginMissing => "margin_missing",
            Self::MarginControlled => "margin_controlled",
            Self::MarginNotCarried => "margin_not_carried",
            Self::NoBaseline { .. } => "no_baseline",
            Self::NoPoint { .. } => "no_point",
            Self::DominantStratum { .. } => "dominant_stratum",
            Self::Heterogeneous { .. } => "heterogeneous",
            Self::Undefined => "undefined",
            Self::NothingUnknown => "nothing_unknown",
            Self::NoTipping => "no_tipping",
            Self::NothingCloses => "nothing_closes",
            Self::UnknownAlone => "unknown_alone",
            Self::BoundsAreNoIntervals => "bounds_are_no_intervals",
            Self::Impossible { .. } => "impossible_correction",
            Self::MisrecordingTakenAsExact => "misrecording_taken_as_exact",
            Self::NoSpreadOfSide => "no_spread_of_side",
            Self::NoSpread => "no_spread",
            Self::NoPool => "no_pool",
            Self::FewStrata => "few_strata",
            Self::OneArm { .. } => "one_arm",
            Self::UndefinedStratum => "undefined_stratum",
            Self::Simpson { .. } => "simpson",
            Self::FilterNeverFired { .. } => "filter_never_fired",
            Self::HitWithoutSearch { .. } => "hit_without_search",
            Self::SmallExpected { .. } => "small_expected",
            Self::FewPlaces { .. } => "few_places",
            Self::InfraMarginality => "infra_marginality",
            Self::RuleLeavesNothingOut => "rule_leaves_nothing_out",
            Self::BasisNotRecorded => "basis_not_recorded",
            Self::VeilOfDarkness => "veil_of_darkness",
            Self::Clock { .. } => "clock",
            Self::MissingGroup { .. } => "missing_group",
            Self::SmallPlaces { .. } => "small_places",
            Self::NoDusk => "no_dusk",
            Self::NotFitted { .. } => "not_fitted",
            Self::ThresholdModel => "threshold_model",
            Self::NotConverged { .. } => "not_converged",
            Self::NotSampled => "not_sampled",
            Self::DependsOnPrior => "depends_on_prior",
            Self::OnePrior => "one_prior",
            Self::AllDraws { .. } => "all_draws",
            Self::PlaceboMoved => "placebo_moved",
            Self::PlacesLeftOut { .. } => "places_left_out",
            Self::ShareOfGroupsInData { .. } => "share_of_groups_in_data",
            Self::Withheld { .. } => "withheld",
            Self::SmallCount { .. } => "small_count",
            Self::Study(_) => "study",
            Self::PlanChanged { .. } => "plan_changed",
        }
    }
}

/// Names that are listed; of more it says how many.
const MOST_LISTED: usize = 12;

/// The first of some names.
fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_LISTED)].join("; ");
    match names.len() - names.len().min(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {} more", count(more as u64)),
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: &[String]| items.join(", ");
        match self {
            Self::NoReplication => write!(
                f,
                "No replication: nothing repeats within this cell, so the interval counts the noise of counting only and understates uncertainty."
            ),
            Self::AnnualAverage => write!(
                f,
                "These counts are annual averages: rates and ratios have no counting interval, and an interval only where places repeat."
            ),
            Self::DispersionBelowOne => write!(
                f,
                "Dispersion below 1 on an annual average cannot be judged: no interval is given."
            ),
            Self::RateAboveOne => write!(
                f,
                "More events than people in the benchmark: those counted are not only its residents. Do not read this as a rate of residents."
            ),
            Self::EmptyDenominator => write!(
                f,
                "Nothing to divide by: the rate is undefined, which is not zero."
            ),
            Self::NoEvents { side } => write!(
                f,
                "No events for {side}: the ratio or its logarithm is undefined or has no upper or lower end."
            ),
            Self::AllEvents { side } => write!(
                f,
                "Nothing but events for {side}: no interval on the logarithmic scale is given."
            ),
            Self::TooFewOfficers { fewest } => write!(
                f,
                "Fewer than {fewest} officers on one side: the spread between officers is not estimated."
            ),
            Self::FewOfficers { few } => write!(
                f,
                "Fewer than {few} officers on one side: the interval by officer is likely to be too narrow."
            ),
            Self::TooFewClusters { fewest } => write!(
                f,
                "Fewer than {fewest} clusters: errors are not clustered, and widened by the dispersion of the cells instead."
            ),
            Self::FewClusters { few } => write!(
                f,
                "Fewer than {few} clusters: the clustered interval is likely to be too narrow."
            ),
            Self::FewAdopters { fewest } => write!(
                f,
                "Fewer than {fewest} places on one side: nothing estimates how places differ by themselves, so the interval is of counting alone and too narrow."
            ),
            Self::FewAssignments => f.write_str(
                "The dates can be given to other places in fewer than 20 ways: no p-value of them could be small, so none is given.",
            ),
            Self::PlacesAside { places, why } => write!(
                f,
                "Left out, {why}: {} places ({}).",
                count(places.len() as u64),
                some_of(places)
            ),
            Self::TimesBetween { times, what } => write!(
                f,
                "Left out, times {what}: {} ({}).",
                count(times.len() as u64),
                some_of(times)
            ),
            Self::ParallelTrends => f.write_str(
                "This rests on the assumption that, without the agreement, the ratio would have changed by the same factor where there was one as where there was none. No test shows that it holds.",
            ),
            Self::NoClusteredVariance => write!(
                f,
                "The clusters of two keys give no variance above 0: the errors are widened by the dispersion of the cells instead."
            ),
            Self::SilentValues { values } => write!(
                f,
                "Left out of the regression, having no events or nothing but events: {}.",
                list(values)
            ),
            Self::SpreadWithheld { minimum } => write!(
                f,
                "The spread between places, periods or officers rests on counts under {minimum} and is withheld: what is left counts the noise of counting only and understates uncertainty."
            ),
            Self::SpreadRounded { minimum } => write!(
                f,
                "The spread between places, periods or officers rests on counts under {minimum}, so it and its interval are rounded to three digits."
            ),
            Self::GroupAbsent { group } => write!(
                f,
                "{group} does not stand in this cell of the data: nothing is known about it, which is not zero."
            ),
            Self::CrossingKey { key } => write!(
                f,
                "The values of {key} occur in several places each: people of all places are taken to be exposed to every one of them."
            ),
            Self::NoRowOfGroup { group, others } => {
                write!(
                    f,
                    "No counts have a row of the group {group}: look whether its code is spelled as in the data, or take it out of `compare`."
                )?;
                match others.as_slice() {
                    [] => Ok(()),
                    others => write!(
                        f,
                        " Groups in the data that are not compared: {}.",
                        list(others)
                    ),
                }
            }
            Self::NoExcess => write!(
                f,
                "The ratio is below 1: there is no excess, and no share of it."
            ),
            Self::MarginMissing => write!(
                f,
                "The baseline states no margin of error for a cell: no interval that would carry it is given."
            ),
            Self::MarginControlled => write!(
                f,
                "Margins of 0 in the baseline are controlled to population estimates: sampling error not stated, not absent."
            ),
            Self::MarginNotCarried => write!(
                f,
                "Standard deviations take the shares of the baseline as fixed: its margins of error are not carried; a disparity index carries them."
            ),
            Self::NoBaseline { places, baseline } => write!(
                f,
                "Not in baseline {baseline} with people of every group that was counted there, and left out of events and people alike: {}.",
                list(places)
            ),
            Self::NoPoint { places } => write!(
                f,
                "Places without a point in [daylight], whose rows are neither light nor dark: {}.",
                list(places)
            ),
            Self::DominantStratum { stratum, share } => write!(
                f,
                "{stratum} holds {} of the fixed-effect weight: that pool is mostly a statement about one stratum.",
                Style::Percent.show(Some(*share))
            ),
            Self::Heterogeneous { p } => write!(
                f,
                "The strata differ by more than the noise of counting (homogeneity p = {}): a single common ratio does not describe them.",
                Style::PValue.show(Some(*p))
            ),
            Self::Undefined => write!(
                f,
                "Undefined on these counts: a rate that it divides by, or the whole table, is 0 or 1."
            ),
            Self::NothingUnknown => write!(
                f,
                "No row is of unknown group, so there is nothing to allocate: missing groups cannot change these numbers."
            ),
            Self::NoTipping => write!(
                f,
                "No share of the unknown events makes the ratio 1, the other unknown being divided as the known are."
            ),
            Self::NothingCloses => write!(
                f,
                "No share of this misrecording that the counts allow makes the ratio 1."
            ),
            Self::UnknownAlone => write!(
                f,
                "In some strata all are of unknown group; those are divided as the known of all strata are."
            ),
            Self::BoundsAreNoIntervals => write!(
                f,
                "The lowest and the highest number hold for every way in which the unknown may be divided. They are bounds and no confidence interval; each has its own interval of counting."
            ),
            Self::Impossible { group } => write!(
                f,
                "With the stated misrecording there would be fewer than none of {group} here: no corrected number is given."
            ),
            Self::MisrecordingTakenAsExact => write!(
                f,
                "The study states no uncertainty of a share of misrecording: it is taken as exact, and the interval counts the noise of counting alone."
            ),
            Self::NoSpreadOfSide => write!(
                f,
                "One side has no events, or nothing but events, and so no spread: the difference has the interval of counting only."
            ),
            Self::NoSpread => write!(
                f,
                "The strata agree exactly: there is no spread to measure, and no interval that would count it."
            ),
            Self::NoPool => write!(
                f,
                "Undefined: no stratum has what this pooled number needs, such as events on both sides."
            ),
            Self::FewStrata => write!(
                f,
                "Too few strata with a ratio of ratios to pool (5 are needed): the table is shown, no pooled estimate."
            ),
            Self::OneArm { stratum, missing } => write!(
                f,
                "{stratum} has no {missing} arm and is left out of the contrast."
            ),
            Self::UndefinedStratum => write!(
                f,
                "A cell without events: the ratio of ratios is undefined, and the stratum is left out of the contrast."
            ),
            Self::Simpson { crude, pooled } => write!(
                f,
                "Pooled over strata the ratio is {}, crude it is {}: they fall on different sides of 1. Read the strata, not the crude figure.",
                Style::Ratio.show(Some(*pooled)),
                Style::Ratio.show(Some(*crude))
            ),
            Self::FilterNeverFired { source, rule } => write!(
                f,
                "The filter \"{rule}\" of {source} fits no row: look at its column and values, or take it out."
            ),
            Self::HitWithoutSearch { rows } => write!(
                f,
                "{rows} rows record contraband and no search; they are counted as stops, neither as searches nor as hits."
            ),
            Self::SmallExpected { smallest } => write!(
                f,
                "The smallest expected count is {}: below 5 the chi-square p-value is unreliable.",
                Style::Quantity.show(Some(*smallest))
            ),
            Self::FewPlaces { places } => write!(
                f,
                "{places} places with searches of every compared group: at least 2 are needed for a comparison over places."
            ),
            Self::InfraMarginality => write!(
                f,
                "Equal or unequal hit rates do not by themselves show equal or unequal thresholds of suspicion: groups may differ in how risk is spread (infra-marginality)."
            ),
            Self::RuleLeavesNothingOut => write!(
                f,
                "The rule of discretion leaves no search out: look whether the basis of searches is read as the file means it, or say searches = \"all\"."
            ),
            Self::BasisNotRecorded => write!(
                f,
                "Searches whose basis is not recorded are in no rule of discretion and are left out; their share stands beside the others."
            ),
            Self::VeilOfDarkness => write!(
                f,
                "K compares the two groups' stops in daylight and in darkness at the same time of day. Above 1 is consistent with race being seen before a stop, and does not show it: who drives, where and how may change with the light and the season. Near 1 does not show equal treatment: street light shows race in the dark, and by day it is often not seen either, which draws K towards 1."
            ),
            Self::Clock { remark } => write!(f, "Times of day: {remark}."),
            Self::MissingGroup { share } => write!(
                f,
                "{} of the rows name no group and are left out: if race is recorded more often in daylight for one group than for the other, K moves with it.",
                Style::Percent.show(Some(*share))
            ),
            Self::SmallPlaces { places, of, fewest } => write!(
                f,
                "{places} of {of} places have fewer than {fewest} stops in the window: they say little by themselves."
            ),
            Self::NoDusk => write!(
                f,
                "On some dates the sun does not cross the altitude of civil dusk or dawn at a place: windows are made from the other dates."
            ),
            Self::NotFitted { why } => write!(f, "No number: {why}."),
            Self::ThresholdModel => write!(
                f,
                "A threshold is inferred, not observed. It rests on a model: officers see one signal of risk, search whoever is above a bar, and the signal of those who carry contraband and of those who do not has the same spread in every group. It says nothing about why a bar is where it is."
            ),
            Self::NotConverged { why } => write!(
                f,
                "The sampler did not converge ({why}), so no number is shown: take more draws, or leave places with few searches out."
            ),
            Self::NotSampled => write!(
                f,
                "Not sampled: a check looks at the data and the plan, a run samples."
            ),
            Self::DependsOnPrior => write!(
                f,
                "Depends on the prior that groups have nearly equal risk: the sign changes within the sweep, so no difference is quoted. The lines of the sweep show each."
            ),
            Self::OnePrior => write!(
                f,
                "Looked at under one prior only: how far the prior that groups have nearly equal risk decides it is not known. Say sweep = true."
            ),
            Self::AllDraws { draws } => write!(
                f,
                "All {} draws lie on one side: the probability is nearer to 0 or 1 than they can tell.",
                count(*draws)
            ),
            Self::PlaceboMoved => write!(
                f,
                "Random halves of one group come out with thresholds whose interval leaves 0 out: chance does that to one placebo in twenty at 95 %; a wide miss, or several, would say that the intervals of this test are too narrow."
            ),
            Self::PlacesLeftOut {
                places,
                of,
                minimum,
            } => write!(
                f,
                "{places} of {of} places are left out: in each a compared group has fewer than {minimum} stops, or counts that are not known."
            ),
            Self::ShareOfGroupsInData { groups } => write!(
                f,
                "Shares are shares of {} only: the data hold no other group.",
                list(groups)
            ),
            Self::Withheld { minimum } => write!(
                f,
                "Withheld: it rests on a count under {minimum}, or would give one back."
            ),
            Self::SmallCount { minimum } => write!(
                f,
                "It rests on a count under {minimum}: shown under the court's protection, and too small for its ratio to say much."
            ),
            Self::Study(text) => f.write_str(text),
            Self::PlanChanged { how } => write!(
                f,
                "The plan was changed since it was locked: {}.",
                how.join("; ")
            ),
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Warning", 2)?;
        fields.serialize_field("kind", self.kind())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}

/// Adds a warning unless it is there already.
pub fn add(warnings: &mut Vec<Warning>, warning: Warning) {
    if !warnings.contains(&warning) {
        warnings.push(warning);
    }
}
