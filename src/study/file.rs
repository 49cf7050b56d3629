//! The study file as written. Each layer owns the struct of its table; this file puts them together.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::faults::BLANK_TITLE;
use crate::analyses::Analysis;
use crate::analyses::adoption::AdoptionOptions;
use crate::analyses::disparity::DisparityOptions;
use crate::analyses::legal::LegalOptions;
use crate::analyses::missing::MissingOptions;
use crate::analyses::outcome_test::OutcomeTestOptions;
use crate::analyses::rates::RatesOptions;
use crate::analyses::regression::RegressionOptions;
use crate::analyses::stratified::StratifiedOptions;
use crate::analyses::threshold_test::ThresholdTestOptions;
use crate::analyses::veil_of_darkness::VeilOptions;
use crate::cells::Groups;
use crate::disclosure::{DisclosureConfig, PublishedRule};
use crate::error::Error;
use crate::ingest::{
    AgreementsConfig, CountsConfig, DataRoot, DaylightConfig, Format, PeriodConfig, PeriodsConfig,
    PopulationConfig, StopsConfig, is_pattern,
};
use crate::stops::Input;
use crate::world::World;

/// The version of the study file that this program reads.
pub(super) const FORMAT: u32 = 1;

/// A study: the whole plan of an analysis, said before it is run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyFile {
    /// Version of the format: 1.
    #[schemars(with = "u32")]
    pub format: Spanned<u32>,
    /// Title of the report.
    #[serde(deserialize_with = "title")]
    #[schemars(extend("pattern" = r"\S"))]
    pub title: String,
    /// Whose stops these are, for captions.
    pub agency: Option<String>,
    /// What span of time the study covers, for captions.
    pub period: Option<String>,
    /// Seed of analyses that draw random numbers.
    pub seed: Option<u64>,
    /// Cautions that stand at the head of the report.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// Date and author of the report, as the study states them: a bundle knows no clock.
    #[serde(default)]
    pub report: ReportConfig,
    /// Who is compared with whom.
    pub groups: Groups,
    /// How places are named.
    #[serde(default)]
    pub places: PlacesConfig,
    /// Before, during, after.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, PeriodConfig>")]
    pub periods: PeriodsConfig,
    /// Published counts.
    #[serde(default)]
    pub counts: Vec<CountsConfig>,
    /// Rows of stops.
    #[serde(default)]
    pub stops: Vec<StopsConfig>,
    /// Where the places are, so that rows can be told by daylight and darkness.
    pub daylight: Option<DaylightConfig>,
    /// Baselines.
    #[serde(default)]
    pub population: Vec<PopulationConfig>,
    /// Registers of agreements.
    #[serde(default)]
    pub agreements: Vec<AgreementsConfig>,
    /// What may be shown.
    #[serde(default)]
    pub disclosure: DisclosureConfig,
    /// Tables of the analysis `rates`.
    #[serde(default)]
    #[schemars(with = "Vec<RatesOptions>")]
    pub rates: Vec<Spanned<RatesOptions>>,
    /// Tables of the analysis `disparity`.
    #[serde(default)]
    #[schemars(with = "Vec<DisparityOptions>")]
    pub disparity: Vec<Spanned<DisparityOptions>>,
    /// Tables of the analysis `legal`.
    #[serde(default)]
    #[schemars(with = "Vec<LegalOptions>")]
    pub legal: Vec<Spanned<LegalOptions>>,
    /// Tables of the analysis `stratified`.
    #[serde(default)]
    #[schemars(with = "Vec<StratifiedOptions>")]
    pub stratified: Vec<Spanned<StratifiedOptions>>,
    /// Tables of the analysis `outcome_test`.
    #[serde(default)]
    #[schemars(with = "Vec<OutcomeTestOptions>")]
    pub outcome_test: Vec<Spanned<OutcomeTestOptions>>,
    /// Tables of the analysis `threshold_test`.
    #[serde(default)]
    #[schemars(with = "Vec<ThresholdTestOptions>")]
    pub threshold_test: Vec<Spanned<ThresholdTestOptions>>,
    /// Tables of the analysis `regression`.
    #[serde(default)]
    #[schemars(with = "Vec<RegressionOptions>")]
    pub regression: Vec<Spanned<RegressionOptions>>,
    /// Tables of the analysis `veil_of_darkness`.
    #[serde(default)]
    #[schemars(with = "Vec<VeilOptions>")]
    pub veil_of_darkness: Vec<Spanned<VeilOptions>>,
    /// Tables of the analysis `missing`.
    #[serde(default)]
    #[schemars(with = "Vec<MissingOptions>")]
    pub missing: Vec<Spanned<MissingOptions>>,
    /// Tables of the analysis `adoption`.
    #[serde(default)]
    #[schemars(with = "Vec<AdoptionOptions>")]
    pub adoption: Vec<Spanned<AdoptionOptions>>,
    /// The study's own formats, as the manifest records them.
    #[serde(skip)]
    pub formats: Vec<Input>,
}

/// The `[report]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportConfig {
    /// Date printed on the report.
    pub date: Option<String>,
    /// Author printed on the report.
    pub author: Option<String>,
}

/// The `[places]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacesConfig {
    /// Places whose name begins so are several places counted together; charts draw them hollow.
    pub pooled: Option<String>,
}

impl StudyFile {
    /// Holds the file against itself, as far as no other table is concerned.
    ///
    /// # Errors
    /// Another version of the format; groups that contradict themselves; no data; more than one table of rows.
    pub fn check(&self) -> Result<(), Error> {
        if *self.format.get_ref() != FORMAT {
            let message = format!("format {} is not known", self.format.get_ref());
            return Err(Error::study(
                self.format.span(),
                message,
                format!("this program reads format = {FORMAT}"),
            ));
        }
        self.groups.check()?;
        if self.counts.is_empty() && self.stops.is_empty() {
            return Err(Error::study(
                0..0,
                "the study names no data",
                "add a [[counts]] table for published totals, or a [[stops]] table for rows",
            ));
        }
        let withholds = self.disclosure.published == PublishedRule::Withhold
            && self.disclosure.smallest_shown() > 0;
        let benchmark = self.population.iter().find_map(|p| p.counts.as_ref());
        if let (true, Some(counts)) = (withholds, benchmark) {
            return Err(Error::study(
                counts.span(),
                "counts as a benchmark, where small counts that were published are withheld",
                "a benchmark's numbers are printed: leave published = \"withhold\" out, or the benchmark",
            ));
        }
        if let [_, second, ..] = self.stops.as_slice() {
            return Err(Error::study(
                second.files.span(),
                "a second [[stops]] table",
                "a study reads one table of rows: list further files of the same layout in `files`",
            ));
        }
        Ok(())
    }

    /// The file with what its formats bring. Where the files of rows are there, their headers say which columns of a format
    /// they have.
    ///
    /// # Errors
    /// A format that is not there or describes something else; files of rows whose columns differ.
    pub fn with_formats(mut self, world: &World, root: &DataRoot) -> Result<Self, Error> {
        for stops in &mut self.stops {
            let Some(name) = stops.format.clone() else {
                continue;
            };
            let format = Format::find(world, root, &name)?;
            *stops = stops.clone().with_format(&format, name.span())?;
            if let Some(headers) = headers(stops, world, root)? {
                stops.bind(&headers)?;
            }
            for (group, label) in format.groups.labels {
                self.groups.labels.entry(group).or_insert(label);
            }
            self.formats.extend(format.input);
        }
        for counts in &mut self.counts {
            let Some(name) = counts.format.clone() else {
                continue;
            };
            let format = Format::find(world, root, &name)?;
            let brought = brought(&format, format.counts.as_ref(), (&name, "published counts"))?;
            *counts = counts.clone().with_format(brought);
            counts.cautions.splice(0..0, format.cautions);
            for (group, label) in format.groups.labels {
                self.groups.labels.entry(group).or_insert(label);
            }
            self.formats.extend(format.input);
        }
        for population in &mut self.population {
            let Some(name) = population.format.clone() else {
                continue;
            };
            let format = Format::find(world, root, &name)?;
            let brought = brought(&format, format.population.as_ref(), (&name, "a population"))?;
            *population = population.clone().with_format(brought);
            population.cautions.splice(0..0, format.cautions);
            // A group that only a population knows would be one without events, so its label is taken where the study
            // compares it.
            for (group, label) in format.groups.labels {
                if self.groups.shown().any(|shown| shown == group) {
                    self.groups.labels.entry(group).or_insert(label);
                }
            }
            self.formats.extend(format.input);
        }
        for agreements in &mut self.agreements {
            let Some(name) = agreements.format.clone() else {
                continue;
            };
            let format = Format::find(world, root, &name)?;
            *agreements = agreements.clone().with_format(&format, name.span())?;
            self.formats.extend(format.input);
        }
        Ok(self)
    }

    /// Whether small counts may have to be withheld.
    #[must_use]
    pub fn protects_counts(&self) -> bool {
        let has_counts =
            !self.stops.is_empty() || self.disclosure.published == PublishedRule::Withhold;
        has_counts && self.disclosure.smallest_shown() > 0
    }

    /// The analyses in the order in which they stand in the file.
    #[must_use]
    pub fn analyses(&self) -> Vec<Box<dyn Analysis>> {
        let mut found: Vec<(Range<usize>, Box<dyn Analysis>)> = Vec::new();
        found.extend(boxed(&self.rates));
        found.extend(boxed(&self.disparity));
        found.extend(boxed(&self.legal));
        found.extend(boxed(&self.stratified));
        found.extend(boxed(&self.outcome_test));
        found.extend(boxed(&self.threshold_test));
        found.extend(boxed(&self.regression));
        found.extend(boxed(&self.veil_of_darkness));
        found.extend(boxed(&self.missing));
        found.extend(boxed(&self.adoption));
        found.sort_by_key(|(span, _)| span.start);
        found.into_iter().map(|(_, analysis)| analysis).collect()
    }
}

/// What a format says of a table of the study.
fn brought<'a, T>(
    format: &Format,
    part: Option<&'a T>,
    (name, what): (&Spanned<String>, &str),
) -> Result<&'a T, Error> {
    part.ok_or_else(|| {
        Error::study(
            name.span(),
            format!("the format `{}` does not describe {what}", format.name),
            format!("it is one of [[{}]]: name it there", format.table()),
        )
    })
}

/// The header of each file of rows; `None` where one is not there.
fn headers(stops: &StopsConfig, world: &World, root: &DataRoot) -> Result<Option<Headers>, Error> {
    let joined = stops.join.iter().map(|join| &join.file);
    let is_absent = |file: &Spanned<String>| {
        !is_pattern(file.get_ref()) && !world.exists(&root.locate(file.get_ref()))
    };
    if stops.files.get_ref().iter().chain(joined).any(is_absent) {
        return Ok(None);
    }
    let files = stops.all_files(world, root)?.into_iter();
    let headers = files.map(|file| Ok((file.clone(), stops.header_of(&file, world, root)?)));
    headers.collect::<Result<_, Error>>().map(Some)
}

/// Files with their headers.
type Headers = Vec<(String, Vec<String>)>;

/// A title that says something.
fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let title = String::deserialize(deserializer)?;
    if title.trim().is_empty() {
        return Err(D::Error::custom(BLANK_TITLE));
    }
    Ok(title)
}

fn boxed<A: Analysis + Clone + 'static>(
    tables: &[Spanned<A>],
) -> impl Iterator<Item = (Range<usize>, Box<dyn Analysis>)> {
    tables.iter().map(|table| {
        (
            table.span(),
            Box::new(table.get_ref().clone()) as Box<dyn Analysis>,
        )
    })
}
