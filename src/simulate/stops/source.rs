//! Where a plan was read, and its faults at their place in the text.

use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::plan::Plan;
use crate::error::Error;
use crate::number::file_text;
use crate::study;
use crate::world::World;

/// What the command line says instead of the plan.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Rows of all files together.
    pub rows: Option<u64>,
    /// Number of places.
    pub places: Option<u32>,
    /// Officers of all places together.
    pub officers: Option<u32>,
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

/// A plan, and where it was read, so that a fault is shown in its text.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The plan.
    pub plan: Plan,
    file: Option<(PathBuf, String)>,
    overridden: Vec<&'static str>,
}

/// A parameter that cannot be: which (`group.1.search_rate`, lists from 0), what was found, what is allowed.
#[derive(Debug)]
pub(super) struct Fault {
    path: String,
    message: String,
    hint: String,
}

impl Fault {
    pub(super) fn new(
        path: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// A number that is not what it has to be.
    pub(super) fn number(path: impl Into<String>, found: f64, hint: impl Into<String>) -> Self {
        let path = path.into();
        let message = format!("`{}` is {}", shown(&path), file_text(Some(found)));
        Self::new(path, message, hint)
    }
}

/// The path as a person counts: `group 2: search_rate`.
pub(super) fn shown(path: &str) -> String {
    let mut text = String::new();
    for step in path.split('.') {
        match step.parse::<usize>() {
            Ok(index) => text.push_str(&format!(" {}:", index + 1)),
            Err(_) if text.is_empty() || text.ends_with(':') => {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(step);
            }
            Err(_) => text.push_str(&format!(".{step}")),
        }
    }
    text
}

impl Source {
    /// Reads a plan.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or has a key that no plan has.
    pub fn read(world: &World, path: &Path) -> Result<Self, Error> {
        let text = String::from_utf8(world.read(path)?).map_err(|_| {
            let message = format!("{}: the plan is not UTF-8", path.display());
            Error::bundle(message, "save it as UTF-8")
        })?;
        let plan = toml::from_str(&text)
            .map_err(|error| study::from_toml(&error, &text).in_study(path, &text))?;
        Ok(Self {
            plan,
            file: Some((path.to_path_buf(), text)),
            overridden: Vec::new(),
        })
    }

    /// The same plan with what the command line says.
    #[must_use]
    pub fn with(mut self, overrides: &Overrides) -> Self {
        let mut said = |name: &'static str, is_said: bool| {
            self.overridden.extend(is_said.then_some(name));
        };
        said("rows", overrides.rows.is_some());
        said("places", overrides.places.is_some());
        said("officers", overrides.officers.is_some());
        said("from", overrides.from.is_some());
        said("until", overrides.until.is_some());
        let plan = &mut self.plan;
        plan.rows = overrides.rows.unwrap_or(plan.rows);
        plan.places = overrides.places.or(plan.places);
        plan.officers = overrides.officers.or(plan.officers);
        plan.from = overrides.from.unwrap_or(plan.from);
        plan.until = overrides.until.unwrap_or(plan.until);
        self
    }

    /// A fault as an error, at its place in the text where it stands there.
    pub(super) fn locate(&self, fault: Fault) -> Error {
        let head = fault.path.split('.').next().unwrap_or_default();
        let is_written = !self.overridden.contains(&head);
        if let Some((file, text)) = &self.file
            && is_written
            && let Some(span) = span_of(text, &fault.path)
        {
            return Error::study(span, fault.message, fault.hint).in_study(file, text);
        }
        Error::bundle(fault.message, fault.hint)
    }
}

/// Where the deepest part of a path stands that the text has.
fn span_of(text: &str, path: &str) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut steps = path.split('.');
    let mut here = entry(table.get_ref(), steps.next()?)?;
    for step in steps {
        let next = match here.get_ref() {
            DeValue::Table(table) => entry(table, step),
            DeValue::Array(list) => step.parse::<usize>().ok().and_then(|i| list.get(i)),
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    Some(here.span())
}

fn entry<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<&'a Spanned<DeValue<'t>>> {
    let mut entries = table.iter();
    entries
        .find(|(name, _)| name.get_ref() == key)
        .map(|(_, value)| value)
}
