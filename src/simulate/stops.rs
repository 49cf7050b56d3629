#![doc = include_str!("stops.md")]

mod check;
mod clock;
mod model;
mod plan;
mod rows;
mod sky;
mod source;
mod study;
mod truth;

use std::path::Path;

pub use clock::Clock;
pub use plan::{GroupPlan, PlacePlan, Plan, Records, SearchBasis, Spread, Trend};
pub use source::{Overrides, Source};
pub use truth::{
    DarkTruth, GroupTruth, PlaceTruth, Ratio, RatioTruth, RowsTruth, Truth, WindowTruth,
};

use super::folder;
use crate::error::Error;
use crate::world::{DEFAULT_SEED, World};
use model::Model;
use rows::Division;

/// The page that defines the model.
pub const PAGE: &str = include_str!("stops.md");

/// Version of the model. It goes up whenever the same plan and seed give other rows.
pub const VERSION: u32 = 2;

/// Most files that rows are divided into.
const MOST_FILES: u32 = 10_000;

/// How the rows are written.
#[derive(Debug, Clone, Copy)]
pub enum Packing {
    /// As they are.
    Plain,
    /// With gzip.
    Gzip,
}

/// Writes rows, residents, the truth and a study into a new folder.
///
/// # Errors
/// A parameter that cannot be; a folder that is not empty; a failure of the disk. Nothing is left then.
pub fn simulate(
    source: &Source,
    files: u32,
    packing: Packing,
    folder: &Path,
    world: &World,
) -> Result<Truth, Error> {
    if !(1..=MOST_FILES).contains(&files) {
        return Err(Error::bundle(
            format!("`--files` is {files}"),
            format!("rows go into 1 to {MOST_FILES} files"),
        ));
    }
    folder::refuse_taken(world, folder)?;
    let seed = world.seed().or(source.plan.seed).unwrap_or(DEFAULT_SEED);
    let model = Model::new(source.plan.clone(), seed).map_err(|fault| source.locate(fault))?;
    let division = Division {
        files,
        is_packed: matches!(packing, Packing::Gzip),
    };
    if u64::from(files) > model.rows.stops {
        return Err(Error::bundle(
            format!("{} stops are to go into {files} files", model.rows.stops),
            "every file holds at least one: lower --files, or raise --rows",
        ));
    }
    world.watcher().stage("drawing");
    let truth = Truth::new(&model);
    folder::make(world, folder, |fresh| {
        rows::write(&model, division, fresh, world)?;
        let write = |name: &str, text: &str| world.write(&fresh.join(name), text.as_bytes());
        write("population.csv", &study::population(&model))?;
        write("points.csv", &study::points(&model))?;
        write("study.toml", &study::study(&model, &division.names()))?;
        write("truth.json", &truth.to_json())
    })?;
    Ok(truth)
}

impl Truth {
    /// `truth.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self)
            .expect("the truth holds texts and finite numbers only");
        format!("{text}\n")
    }
}
