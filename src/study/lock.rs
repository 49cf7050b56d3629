//! The lock of a plan: its text and the hashes of what belongs to it, written before the outcomes are read.
//!
//! A lock says what was planned, not when: it holds no clock, and whoever can write it can write another. It is worth
//! as much as the place that it is sent to on the day, such as a registry, a court or a colleague.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Study;
use super::difference::differences;
use crate::error::Error;
use crate::ingest::{sha256, sha256_of_file};
use crate::stops::Input;
use crate::world::World;

/// The version of the lock that this program writes and reads.
const FORMAT: u32 = 1;

/// The head of a lock, for people.
const HEAD: &str =
    "# The plan of a study, made by `evenhand lock`: what was planned, not when. Do not edit it.\n";

/// A lock as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the format: 1.
    format: u32,
    /// Version of the program that wrote it.
    program: String,
    /// Name of the study file, without its folder.
    study: String,
    /// SHA-256 of the plan.
    plan_sha256: String,
    /// The plan, verbatim.
    plan: String,
    /// The study's own formats and tables of matches.
    #[serde(default)]
    files: Vec<LockedFile>,
    /// The input files, where they were locked too.
    inputs: Option<Vec<LockedFile>>,
}

/// A file and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    /// The path as the study writes it.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A lock that was found with a study.
#[derive(Debug, Clone)]
pub struct Found {
    lock: Lock,
    /// Its text, verbatim.
    pub text: String,
}

/// Whether a plan is the one that was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LockState {
    /// It is.
    Same,
    /// It was changed.
    Changed,
}

/// A plan held against its lock.
#[derive(Debug, Clone)]
pub struct Held {
    /// Whether it is the one locked.
    pub state: LockState,
    /// What differs, in words; empty where nothing does.
    pub differences: Vec<String>,
    /// Version of the program that wrote the lock.
    pub program: String,
}

impl Held {
    /// What was found, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.state {
            LockState::Same => format!(
                "The plan is the one locked, with evenhand {}.",
                self.program
            ),
            LockState::Changed => format!(
                "The plan was changed since it was locked: {}.",
                self.differences.join("; ")
            ),
        }
    }
}

impl Lock {
    /// The lock of a plan; with the hashes of `inputs` where they are locked too.
    ///
    /// # Errors
    /// A file of the plan that is not there.
    pub fn of(
        study: &Study,
        world: &World,
        inputs: Option<Vec<LockedFile>>,
    ) -> Result<Self, Error> {
        let name = study.path.file_name().unwrap_or_default();
        Ok(Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            study: name.to_string_lossy().into_owned(),
            plan_sha256: study.sha256.clone(),
            plan: study.text.clone(),
            files: files_of_plan(study, world)?,
            inputs,
        })
    }

    /// Reads a lock.
    ///
    /// # Errors
    /// It is no lock, one of another version, or its plan is not the one that it names.
    pub fn read(path: &Path, bytes: Vec<u8>) -> Result<Found, Error> {
        let fault = |message: String| {
            Error::bundle(
                format!("{}: {message}", path.display()),
                "a lock is not edited: bring the file back as `evenhand lock` wrote it, or move it away and say so",
            )
        };
        let text =
            String::from_utf8(bytes).map_err(|_| fault("the lock is not UTF-8".to_owned()))?;
        let lock: Self = toml::from_str(&text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(" ");
            fault(format!("this is no lock: {message}"))
        })?;
        if lock.format != FORMAT {
            return Err(fault(format!(
                "this is a lock of format {}, and this program knows format {FORMAT}",
                lock.format
            )));
        }
        if sha256(lock.plan.as_bytes()) != lock.plan_sha256 {
            return Err(fault(
                "its plan is not the one whose hash it has".to_owned(),
            ));
        }
        Ok(Found { lock, text })
    }

    /// The lock as it is written.
    #[must_use]
    pub fn text(&self) -> String {
        let body =
            toml::to_string_pretty(self).expect("a lock holds texts and a whole number only");
        format!("{HEAD}{body}")
    }

    /// What another lock of the study has otherwise, in words.
    fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.plan_sha256 != now.plan_sha256 {
            found.extend(differences(&self.plan, &now.plan));
        }
        found.extend(moved("the file", &self.files, &now.files));
        if let (Some(then), Some(inputs)) = (&self.inputs, &now.inputs) {
            found.extend(moved("the input", then, inputs));
        }
        found
    }
}

impl Found {
    /// Holds a lock against another of the same study: what differs, in words. That one says nothing of its inputs is a
    /// difference where the other is asked to.
    #[must_use]
    pub fn against(&self, now: &Lock) -> Vec<String> {
        let mut found = self.lock.differences(now);
        if self.lock.inputs.is_none() && now.inputs.is_some() {
            found.push("the inputs were not locked".into());
        }
        found
    }
}

impl Study {
    /// Where the lock of a study is: beside it.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.path.with_extension("lock")
    }

    /// The study with the lock that is beside it, where there is one.
    ///
    /// # Errors
    /// What is there is no lock.
    pub fn with_lock_beside(self, world: &World) -> Result<Self, Error> {
        let path = self.lock_path();
        if !world.exists(&path) {
            return Ok(self);
        }
        let bytes = world.read(&path)?;
        self.with_lock(&path, bytes)
    }

    /// The study with a lock.
    ///
    /// # Errors
    /// It is none.
    pub fn with_lock(mut self, path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        self.lock = Some(Lock::read(path, bytes)?);
        Ok(self)
    }

    /// Holds the plan against its lock, where it has one; `inputs` are the files that were read.
    ///
    /// # Errors
    /// A file of the plan that is not there any more.
    pub fn held(&self, world: &World, inputs: &[Input]) -> Result<Option<Held>, Error> {
        let Some(found) = &self.lock else {
            return Ok(None);
        };
        let files = files_of_plan(self, world)?;
        let is_input = |input: &&Input| files.iter().all(|own| own.file != input.file);
        let inputs = listed(inputs.iter().filter(is_input).map(|input| LockedFile {
            file: input.file.clone(),
            sha256: input.sha256.clone(),
        }));
        let differences = found
            .lock
            .differences(&Lock::of(self, world, Some(inputs))?);
        let state = if differences.is_empty() {
            LockState::Same
        } else {
            LockState::Changed
        };
        Ok(Some(Held {
            state,
            differences,
            program: found.lock.program.clone(),
        }))
    }

    /// The hashes of the input files. They are read, and nothing in them is counted.
    ///
    /// # Errors
    /// A file that is not there.
    pub fn locked_inputs(&self, world: &World) -> Result<Vec<LockedFile>, Error> {
        let file = &self.file;
        let own = files_of_plan(self, world)?;
        let mut names: Vec<String> = Vec::new();
        names.extend(
            file.counts
                .iter()
                .map(|counts| counts.file.get_ref().clone()),
        );
        for stops in &file.stops {
            names.extend(
                stops
                    .all_files(world, &self.root)
                    .map_err(|error| self.locate(error))?,
            );
            names.extend(stops.join.iter().map(|join| join.file.get_ref().clone()));
        }
        let people = file
            .population
            .iter()
            .flat_map(|population| population.all_files());
        names.extend(people.map(|named| named.get_ref().clone()));
        names.extend(
            file.agreements
                .iter()
                .map(|register| register.file.get_ref().clone()),
        );
        names.retain(|name| own.iter().all(|own| own.file != *name));
        let hashed = names.into_iter().map(|name| self.locked(world, name));
        hashed.collect::<Result<Vec<_>, Error>>().map(listed)
    }

    fn locked(&self, world: &World, file: String) -> Result<LockedFile, Error> {
        let sha256 = sha256_of_file(world, &self.root.locate(&file))?;
        Ok(LockedFile { file, sha256 })
    }
}

/// The files that belong to the plan: its own formats and its tables of matches.
fn files_of_plan(study: &Study, world: &World) -> Result<Vec<LockedFile>, Error> {
    let formats = study.file.formats.iter().map(|format| LockedFile {
        file: format.file.clone(),
        sha256: format.sha256.clone(),
    });
    let mut files: Vec<LockedFile> = formats.collect();
    for population in &study.file.population {
        if let Some(matches) = &population.place_match {
            files.push(study.locked(world, matches.file.get_ref().clone())?);
        }
    }
    Ok(listed(files))
}

/// Each file once, in the order of their names.
fn listed(files: impl IntoIterator<Item = LockedFile>) -> Vec<LockedFile> {
    let mut files: Vec<LockedFile> = files.into_iter().collect();
    files.sort_by(|a, b| a.file.cmp(&b.file));
    files.dedup();
    files
}

/// Files that are others than they were, in words.
fn moved(what: &str, then: &[LockedFile], now: &[LockedFile]) -> Vec<String> {
    let hash = |files: &[LockedFile], name: &str| {
        let found = files.iter().find(|file| file.file == name);
        found.map(|file| file.sha256.clone())
    };
    let mut found = Vec::new();
    for file in then {
        match hash(now, &file.file) {
            None => found.push(format!("{what} {} is not used any more", file.file)),
            Some(other) if other != file.sha256 => {
                found.push(format!("{what} {} has other bytes", file.file));
            }
            Some(_) => {}
        }
    }
    let fresh = now.iter().filter(|file| hash(then, &file.file).is_none());
    found.extend(fresh.map(|file| format!("{what} {} was not used then", file.file)));
    found
}
