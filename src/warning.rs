//! Every caution that does not stop a study: what was seen, and what to do or not to conclude.
//!
//! A warning travels in the result beside the number it touches and is printed there. Whoever returns an undefined
//! number also returns one of these.

mod words;

use serde::{Serialize, Serializer};

use crate::number::count;

/// The first of some names, and how many more there are.
pub(crate) fn some_of(names: &[String], most: usize) -> String {
    let (shown, rest) = names.split_at(names.len().min(most));
    let shown = shown.join("; ");
    match rest.len() {
        0 => shown,
        more => format!("{shown} and {} more", count(more as u64)),
    }
}

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
    MissingGroup,
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
    PlaceboMoved {
        /// The level of the interval that leaves 0 out.
        level: f64,
    },
    /// Places that are left out of a threshold test.
    PlacesLeftOut {
        /// How many.
        places: usize,
        /// Of how many.
        of: usize,
        /// The fewest stops of each group that a place must have.
        stops: u64,
        /// The fewest searches of each group that a place must have.
        searches: u64,
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
            Self::MissingGroup => "missing_group",
            Self::SmallPlaces { .. } => "small_places",
            Self::NoDusk => "no_dusk",
            Self::NotFitted { .. } => "not_fitted",
            Self::ThresholdModel => "threshold_model",
            Self::NotConverged { .. } => "not_converged",
            Self::NotSampled => "not_sampled",
            Self::DependsOnPrior => "depends_on_prior",
            Self::OnePrior => "one_prior",
            Self::AllDraws { .. } => "all_draws",
            Self::PlaceboMoved { .. } => "placebo_moved",
            Self::PlacesLeftOut { .. } => "places_left_out",
            Self::ShareOfGroupsInData { .. } => "share_of_groups_in_data",
            Self::Withheld { .. } => "withheld",
            Self::SmallCount { .. } => "small_count",
            Self::Study(_) => "study",
            Self::PlanChanged { .. } => "plan_changed",
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
