//! Published figures, recomputed: a catalogue of what was printed with the numbers it was made from, and whether the
//! statistics kernel gives it again. No figure has a way of its own: each is one or two requests to [`crate::calc`], or a
//! row of what a study gives, a field of the answer and a change of unit.

mod catalogue;
mod quantity;
mod sources;

use std::path::Path;

use serde::Serialize;

pub use catalogue::{Asked, Catalogue, Entry};
pub use quantity::QUANTITIES;

use crate::world::{Shelf, World};
use sources::{Fault, Sources};

/// The figures that come with the program, below [`crate::world::SHELF`]; `datasets/published/README.md` says where they
/// are from.
pub const SHIPPED: &str = "(shipped)/published/figures.csv";

/// The catalogue, and the studies that it asks.
pub const FILES: Shelf = &[
    shipped!("published/figures.csv"),
    shipped!("published/frisk.toml"),
    shipped!("studies/georgia-sentences.toml"),
    shipped!("georgia/sentences.csv"),
];

/// A file of `datasets/` as part of the program.
macro_rules! shipped {
    ($path:literal) => {
        ($path, include_bytes!(concat!("../../datasets/", $path)))
    };
}
use shipped;

/// How a recomputed figure stands to the printed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Within the printed precision.
    Agrees,
    /// Printed as less or more than a number, which holds.
    BoundHolds,
    /// Neither.
    Differs,
    /// The source prints no numbers to compute it from.
    NoInputs,
}

impl Status {
    /// The word in output and in a catalogue's `expected` column.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::BoundHolds => "bound_holds",
            Self::Differs => "differs",
            Self::NoInputs => "no_inputs",
        }
    }
}

/// One figure recomputed.
#[derive(Debug, Clone, Serialize)]
pub struct Replication {
    /// Its name in the catalogue.
    pub id: String,
    /// What it is.
    pub quantity: String,
    /// What was printed.
    pub published: Option<f64>,
    /// What comes out.
    pub computed: Option<f64>,
    /// How the two stand.
    pub status: Status,
    /// Why, where the catalogue or the kernel knows.
    pub reason: String,
    /// Whether the status is the one that the catalogue expects.
    #[serde(skip)]
    pub is_expected: bool,
}

/// Whoever recomputes figures of one catalogue.
#[derive(Debug)]
pub struct Replicator<'a>(Sources<'a>);

impl<'a> Replicator<'a> {
    /// For a catalogue at `path`, whose studies are relative to it, with the folder of data that do not come with it.
    #[must_use]
    pub fn new(world: &'a World, path: &Path, data: Option<&Path>) -> Self {
        Self(Sources::new(world, path, data))
    }

    /// Recomputes one entry.
    pub fn replicate(&mut self, entry: &Entry) -> Replication {
        let (value, fault) = match quantity::compute(entry, &mut self.0) {
            Ok(value) => (Some(value), None),
            Err(fault) => (None, Some(fault)),
        };
        let status = match (value, entry.published) {
            (Some(value), Some(published)) => compare(entry, value, published),
            _ => Status::NoInputs,
        };
        let is_expected = match (&fault, &entry.expected) {
            (Some(Fault::NeedsData(_)), _) => true,
            (_, Some(word)) => word == status.word(),
            (_, None) => [Status::Agrees, Status::BoundHolds].contains(&status),
        };
        let reason = match fault {
            Some(Fault::NeedsData(why)) => why,
            _ if !entry.reason.is_empty() => entry.reason.clone(),
            Some(Fault::Said(why)) => why,
            None => String::new(),
        };
        Replication {
            id: entry.id.clone(),
            quantity: entry.quantity.clone(),
            published: entry.published,
            computed: value,
            status,
            reason,
            is_expected,
        }
    }
}

/// A printed value has the precision that it was printed with, or is a bound; sizes are printed without their sign.
fn compare(entry: &Entry, value: f64, published: f64) -> Status {
    let says = |word: &str| entry.unit.contains(word);
    if entry.tolerance == 0.0 && (says("less than") || says("more than") || says("over")) {
        let size = if entry.is_size() { value.abs() } else { value };
        let holds = if says("less than") {
            size < published
        } else {
            size > published
        };
        return if holds {
            Status::BoundHolds
        } else {
            Status::Differs
        };
    }
    let (value, published) = if entry.is_size() {
        (value.abs(), published.abs())
    } else {
        (value, published)
    };
    // Rounding of decimal tolerances must not decide.
    if (value - published).abs() <= entry.tolerance * (1.0 + 1e-9) + 1e-12 {
        Status::Agrees
    } else {
        Status::Differs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Vec<Replication> {
        let world = World::new(None, None).with_shelf(FILES);
        let path = Path::new(SHIPPED);
        let catalogue = Catalogue::read(path, &world.read(path).unwrap()).unwrap();
        let mut replicator = Replicator::new(&world, path, None);
        catalogue
            .entries
            .iter()
            .map(|entry| replicator.replicate(entry))
            .collect()
    }

    #[test]
    fn every_shipped_figure_has_the_status_that_is_expected_of_it() {
        let odd: Vec<String> = shipped()
            .iter()
            .filter(|r| !r.is_expected)
            .map(|r| format!("{} {:?} {:?}", r.id, r.computed, r.status))
            .collect();
        assert!(odd.is_empty(), "{odd:?}");
    }

    #[test]
    fn most_published_figures_come_out_and_the_rest_say_why_not() {
        let all = shipped();
        let count = |status| all.iter().filter(|r| r.status == status).count();
        let good = count(Status::Agrees) + count(Status::BoundHolds);
        assert!(good >= 290, "{good} of {}", all.len());
        assert_eq!(count(Status::Differs), 6);
        let unexplained = |r: &&Replication| {
            [Status::Differs, Status::NoInputs].contains(&r.status) && r.reason.is_empty()
        };
        assert_eq!(all.iter().filter(unexplained).count(), 0);
    }

    #[test]
    fn a_printed_figure_that_is_changed_is_found_out() {
        let header = "id,quantity,numerator,denominator,published_value,published_unit,tolerance\n";
        let status = |row: &str| {
            let text = format!("{header}{row}\n");
            let catalogue = Catalogue::read(Path::new("own"), text.as_bytes()).unwrap();
            let world = World::new(None, None);
            Replicator::new(&world, Path::new("own"), None)
                .replicate(&catalogue.entries[0])
                .status
        };
        assert_eq!(
            status("a,rate_per_100,30,400,7.5,percent,0.05"),
            Status::Agrees
        );
        assert_eq!(
            status("a,rate_per_100,30,400,7.6,percent,0.05"),
            Status::Differs
        );
        assert_eq!(
            status("a,rate_per_100,,400,7.5,percent,0.05"),
            Status::NoInputs
        );
        let bound = "a,rate_per_100,30,400,7,\"percent, printed as more than\",0";
        assert_eq!(status(bound), Status::BoundHolds);
        assert_eq!(status(&bound.replace(",7,", ",8,")), Status::Differs);
    }
}
