//! The output folder: written whole, exchanged in one step, owned by a marker, checked byte by byte.

mod verify;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ingest::sha256;
use crate::report::{OutputFile, Report, exporters};
use crate::results::{FORMAT, Identity};
use crate::stops::Input;
use crate::study::Study;
use crate::world::World;

pub use verify::{Verdict, verify};

/// Name of the file that makes a folder ours.
pub const MANIFEST: &str = "manifest.json";

/// Name of the plan in a bundle.
pub const STUDY: &str = "study.toml";

/// What every manifest of ours says in its `format` field.
const MARKER: &str = "evenhand bundle";

/// `manifest.json`: what is in a bundle and what made it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The marker of our folders.
    pub format: String,
    /// Version of the bundle's format.
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// Name of the study.
    pub study: String,
    /// SHA-256 of the plan.
    pub plan_sha256: String,
    /// The command that makes the bundle again.
    pub command: String,
    /// Seed.
    pub seed: u64,
    /// The one analysis that was run, where it was not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// The files read.
    pub inputs: Vec<Input>,
    /// The files of the bundle, this one excepted.
    pub outputs: Vec<Output>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Path inside the bundle, with `/`.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// The files of a bundle in the order of their names, the manifest last.
///
/// # Errors
/// [`Error::Internal`] when an exporter fails: our defect.
pub fn files(report: &Report, only: Option<&str>, world: &World) -> Result<Vec<OutputFile>, Error> {
    let mut files = export(report, world)?;
    files.push(OutputFile {
        path: STUDY.into(),
        bytes: report.study_text.clone().into_bytes(),
    });
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = manifest(&report.run.identity, &report.run.inputs, only, &files);
    let mut text = serde_json::to_string_pretty(&manifest)
        .expect("a manifest holds texts and whole numbers only");
    text.push('\n');
    files.push(OutputFile {
        path: MANIFEST.into(),
        bytes: text.into_bytes(),
    });
    Ok(files)
}

/// Exporters work side by side; their files do not depend on how many at once.
fn export(report: &Report, world: &World) -> Result<Vec<OutputFile>, Error> {
    let exporters = exporters();
    if world.threads() < 2 {
        return exporters
            .iter()
            .map(|exporter| exporter.write(report))
            .collect::<Result<Vec<_>, _>>()
            .map(|files| files.into_iter().flatten().collect());
    }
    let written = std::thread::scope(|scope| {
        let handles: Vec<_> = exporters
            .iter()
            .map(|exporter| scope.spawn(|| exporter.write(report)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("exporters do not panic"))
            .collect::<Result<Vec<_>, _>>()
    });
    written.map(|files| files.into_iter().flatten().collect())
}

fn manifest(
    identity: &Identity,
    inputs: &[Input],
    only: Option<&str>,
    files: &[OutputFile],
) -> Manifest {
    let output = |file: &OutputFile| Output {
        file: slashed(&file.path),
        sha256: sha256(&file.bytes),
        bytes: file.bytes.len() as u64,
    };
    Manifest {
        format: MARKER.into(),
        version: FORMAT,
        program: identity.version.clone(),
        study: identity.study.clone(),
        plan_sha256: identity.plan_sha256.clone(),
        command: identity.command.clone(),
        seed: identity.seed,
        only: only.map(str::to_owned),
        inputs: inputs.to_vec(),
        outputs: files.iter().map(output).collect(),
    }
}

fn slashed(path: &Path) -> String {
    path.components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// Where the bundle of a study goes unless the command line says otherwise.
#[must_use]
pub fn default_folder(study: &Study) -> PathBuf {
    Path::new("notebooks-out").join(study.name())
}

/// Refuses a folder that is not ours, before any work is done.
///
/// # Errors
/// Something stands there that has no manifest of ours.
pub fn check_folder(world: &World, folder: &Path) -> Result<(), Error> {
    if !world.exists(folder) {
        return Ok(());
    }
    let hint = "choose another folder with --out, or move that one away: evenhand replaces only folders that it made";
    if !world.is_folder(folder) {
        return Err(Error::bundle(
            format!("{} exists and is not a folder", folder.display()),
            hint,
        ));
    }
    if world.files_below(folder)?.is_empty() {
        return Ok(());
    }
    let manifest = world
        .read(&folder.join(MANIFEST))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    match manifest {
        Some(manifest) if manifest.format == MARKER => Ok(()),
        _ => Err(Error::bundle(
            format!(
                "{} exists and is not a bundle of evenhand",
                folder.display()
            ),
            hint,
        )),
    }
}

/// Puts the files where the folder is, or leaves everything as it was.
///
/// They are written to a sibling first. Where the system can exchange two folders in one step, it does; elsewhere the
/// old folder is moved aside, and the next run brings it back after a kill in between.
///
/// # Errors
/// The folder is not ours, another run is writing it, or the disk fails.
pub fn write(world: &World, folder: &Path, files: &[OutputFile]) -> Result<(), Error> {
    let parent = folder
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    world.create_folder(parent)?;
    let path = sibling(folder, "lock")?;
    let busy = || {
        let message = format!("another run is writing {}", folder.display());
        Error::bundle(message, "wait for it, or choose another folder with --out")
    };
    let lock = world.lock(&path)?.ok_or_else(busy)?;
    let written = replace(world, folder, files);
    // Removed while it is held: whoever opens it from now on makes a new one.
    world.remove_file(&path)?;
    drop(lock);
    written
}

fn replace(world: &World, folder: &Path, files: &[OutputFile]) -> Result<(), Error> {
    restore(world, folder)?;
    check_folder(world, folder)?;
    let (fresh, old) = (sibling(folder, "new")?, sibling(folder, "old")?);
    if world.exists(&fresh) {
        world.remove_folder(&fresh)?;
    }
    let written = files
        .iter()
        .try_for_each(|file| world.write(&fresh.join(&file.path), &file.bytes));
    if let Err(error) = written {
        // The message of the failure matters more than a second one about cleaning up after it.
        let _ = world.remove_folder(&fresh);
        return Err(error);
    }
    if !world.exists(folder) {
        return world.rename(&fresh, folder);
    }
    if world.exchange(&fresh, folder)? {
        return world.remove_folder(&fresh);
    }
    world.rename(folder, &old)?;
    world.rename(&fresh, folder)?;
    world.remove_folder(&old)
}

/// Brings back what a kill between two renames left aside.
fn restore(world: &World, folder: &Path) -> Result<(), Error> {
    let old = sibling(folder, "old")?;
    if !world.exists(&old) {
        return Ok(());
    }
    if world.exists(folder) {
        world.remove_folder(&old)
    } else {
        world.rename(&old, folder)
    }
}

/// A hidden neighbour of the folder: on the same disk, so that renaming is one step.
fn sibling(folder: &Path, ending: &str) -> Result<PathBuf, Error> {
    let name = folder.file_name().ok_or_else(|| {
        Error::bundle(
            format!("{} cannot be an output folder", folder.display()),
            "name a folder with --out",
        )
    })?;
    Ok(folder.with_file_name(format!(".{}.evenhand-{ending}", name.to_string_lossy())))
}
