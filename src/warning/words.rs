//! What each caution says.

use std::fmt;

use super::{Warning, some_of};
use crate::number::{Style, count, level};

/// Names that are listed; of more it says how many.
const MOST_LISTED: usize = 12;

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
                "Fewer than {fewest} clusters on one side (with both, where effects are taken out within clusters): errors are not clustered, and widened by the dispersion of the cells instead."
            ),
            Self::FewClusters { few } => write!(
                f,
                "Fewer than {few} clusters on one side (with both, where effects are taken out within clusters): the clustered interval is likely to be too narrow."
            ),
            Self::FewAdopters { fewest } => write!(
                f,
                "Fewer than {fewest} places on one side: nothing estimates how places differ by themselves, so the interval is too narrow."
            ),
            Self::FewAssignments => f.write_str(
                "The dates can be given to other places in fewer than 20 ways: no p-value of them could be small, so none is given.",
            ),
            Self::PlacesAside { places, why } => write!(
                f,
                "Left out, {why}: {} places ({}).",
                count(places.len() as u64),
                some_of(places, MOST_LISTED)
            ),
            Self::TimesBetween { times, what } => write!(
                f,
                "Left out, times {what}: {} ({}).",
                count(times.len() as u64),
                some_of(times, MOST_LISTED)
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
            Self::MissingGroup => f.write_str(
                "Many rows name no group and are left out (the account of the rows says how many, where that can be shown): if race is recorded more often in daylight for one group than for the other, K moves with it.",
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
                "Looked at under one prior only: how far the prior that groups have nearly equal risk decides it is not known. `sweep = true` shows it, where the sampler converges under other priors."
            ),
            Self::AllDraws { draws } => write!(
                f,
                "All {} draws lie on one side: the probability is nearer to 0 or 1 than they can tell.",
                count(*draws)
            ),
            Self::PlaceboMoved { level: of } => write!(
                f,
                "Random halves of one group come out with thresholds whose interval leaves 0 out: chance does that to {} of such placebos; a wide miss, or several, would say that the intervals of this test are too narrow.",
                level(1.0 - of)
            ),
            Self::PlacesLeftOut {
                places,
                of,
                stops,
                searches,
            } => {
                write!(
                    f,
                    "{places} of {of} places are left out: in each a compared group has fewer than {stops} stops"
                )?;
                match searches {
                    0 => Ok(()),
                    _ => write!(f, " or {searches} searches"),
                }?;
                f.write_str(", or counts that are not known.")
            }
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
