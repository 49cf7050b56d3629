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

/// Name of the plan's lock in a bundle, where there is one.
pub const LOCK: &str = "study.lock";

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

/// The fields of every manifest, whatever its version.
#[derive(Deserialize)]
struct Marker {
    format: String,
    version: u32,
}

impl Manifest {
    /// Whether a file of the folder, with `/`, is one of the bundle.
    fn lists(&self, name: &str) -> bool {
        name == MANIFEST || self.outputs.iter().any(|output| output.file == name)
    }
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
/// [`Error::Internal`] when an exporter fails or two files have one name: our defect.
pub fn files(report: &Report, only: Option<&str>, world: &World) -> Result<Vec<OutputFile>, Error> {
    let mut files = export(report, world)?;
    files.push(OutputFile {
        path: STUDY.into(),
        bytes: report.study_text.clone().into_bytes(),
    });
    if let Some(lock) = &report.lock_text {
        files.push(OutputFile {
            path: LOCK.into(),
            bytes: lock.clone().into_bytes(),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    refuse_twins(&files)?;
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

/// Of two files of one name the second would be written over the first, and the manifest would list both.
fn refuse_twins(sorted: &[OutputFile]) -> Result<(), Error> {
    let twins = |pair: &&[OutputFile; 2]| pair[0].path == pair[1].path;
    match sorted.array_windows().find(twins) {
        Some([one, _]) => Err(Error::Internal(format!(
            "two files of the bundle are called {}",
            slashed(&one.path)
        ))),
        None => Ok(()),
    }
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
    let name = match &study.only {
        None => study.name(),
        Some(only) => format!("{}.{only}", study.name()),
    };
    Path::new("notebooks-out").join(name)
}

/// Refuses a folder that holds the bundle of another study, or another part of this one.
///
/// # Errors
/// It does.
pub fn check_owner(world: &World, folder: &Path, study: &Study) -> Result<(), Error> {
    let text = world.read(&folder.join(MANIFEST)).unwrap_or_default();
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else {
        return Ok(());
    };
    let part = |only: &Option<String>| match only {
        None => "all findings".to_owned(),
        Some(only) => format!("only {only}"),
    };
    let (theirs, ours) = (
        (manifest.study.clone(), part(&manifest.only)),
        (study.name(), part(&study.only)),
    );
    if theirs == ours {
        return Ok(());
    }
    let message = format!(
        "{} holds the bundle of study {} ({}), and this run is of {} ({})",
        folder.display(),
        theirs.0,
        theirs.1,
        ours.0,
        ours.1
    );
    Err(Error::bundle(
        message,
        "it would be replaced: choose another folder with --out, or remove that one",
    ))
}

/// Refuses a folder that is not ours, or holds more than what we made, before any work is done.
///
/// # Errors
/// Something stands there that has no manifest of ours, one of a newer format, or files beside those that it lists.
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
    let found = world.files_below(folder)?;
    if found.is_empty() {
        return Ok(());
    }
    let text = world.read(&folder.join(MANIFEST)).unwrap_or_default();
    refuse_newer(folder, &text)?;
    let manifest = serde_json::from_slice::<Manifest>(&text)
        .ok()
        .filter(|manifest| manifest.format == MARKER);
    let Some(manifest) = manifest else {
        return Err(Error::bundle(
            format!(
                "{} exists and is not a bundle of evenhand",
                folder.display()
            ),
            hint,
        ));
    };
    let foreign: Vec<String> = found
        .iter()
        .map(|path| slashed(path))
        .filter(|name| !manifest.lists(name))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    Err(Error::bundle(
        format!(
            "{} holds files that evenhand did not put there: {}",
            folder.display(),
            first_few(&foreign)
        ),
        "a run replaces the whole folder, and they would be lost: move them away, or choose another folder with --out",
    ))
}

/// A bundle of a newer format may hold what this program cannot judge.
fn refuse_newer(folder: &Path, manifest: &[u8]) -> Result<(), Error> {
    match serde_json::from_slice::<Marker>(manifest) {
        Ok(marker) if marker.format == MARKER && marker.version > FORMAT => Err(Error::bundle(
            format!(
                "{} is a bundle of format {}, and this program knows formats up to {FORMAT}",
                folder.display(),
                marker.version
            ),
            "use the evenhand that made it, or a newer one",
        )),
        _ => Ok(()),
    }
}

fn first_few(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
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
    let unlocked = world.unlock(&path, lock);
    written.and(unlocked)
}

fn replace(world: &World, folder: &Path, files: &[OutputFile]) -> Result<(), Error> {
    // Before anything is brought back or removed: what stands there may be the user's.
    check_folder(world, folder)?;
    restore(world, folder)?;
    let fresh = sibling(folder, "new")?;
    let exchanged = fill(world, &fresh, files)
        .map_err(nothing_replaced)
        .and_then(|()| exchange(world, &fresh, folder));
    match exchanged {
        Ok(None) => Ok(()),
        Ok(Some(old)) => world.remove_folder(&old).map_err(|error| {
            Error::bundle(
                format!(
                    "{} is the new bundle, but the old one is still there: {error}",
                    folder.display()
                ),
                format!("remove {} by hand", old.display()),
            )
        }),
        Err(error) => {
            // The message of the failure matters more than a second one about cleaning up after it.
            let _ = world.remove_folder(&fresh);
            Err(error)
        }
    }
}

/// A new folder with the files.
fn fill(world: &World, fresh: &Path, files: &[OutputFile]) -> Result<(), Error> {
    if world.exists(fresh) {
        world.remove_folder(fresh)?;
    }
    files
        .iter()
        .try_for_each(|file| world.write(&fresh.join(&file.path), &file.bytes))
}

/// Puts `fresh` where `folder` is; where the old folder is then, if there was one.
fn exchange(world: &World, fresh: &Path, folder: &Path) -> Result<Option<PathBuf>, Error> {
    if !world.exists(folder) {
        return world
            .rename(fresh, folder)
            .map(|()| None)
            .map_err(nothing_replaced);
    }
    if world.exchange(fresh, folder).map_err(nothing_replaced)? {
        return Ok(Some(fresh.to_path_buf()));
    }
    exchange_in_two_steps(world, fresh, folder).map(Some)
}

fn exchange_in_two_steps(world: &World, fresh: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let old = sibling(folder, "old")?;
    world.rename(folder, &old).map_err(nothing_replaced)?;
    let Err(error) = world.rename(fresh, folder) else {
        return Ok(old);
    };
    Err(match world.rename(&old, folder) {
        Ok(()) => nothing_replaced(error),
        Err(second) => Error::bundle(
            format!("{error}; and the old bundle could not be put back: {second}"),
            format!(
                "it is whole, in {}: rename it to {}, or run again",
                old.display(),
                folder.display()
            ),
        ),
    })
}

/// A failure of the system while the old bundle was still, or is again, in its place.
fn nothing_replaced(error: Error) -> Error {
    match error {
        Error::File { .. } => Error::bundle(
            error.to_string(),
            "nothing was replaced: check permissions and free space, or choose another folder with --out",
        ),
        other => other,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(world: &World, folder: &Path, name: &str) {
        world.write(&folder.join(name), name.as_bytes()).unwrap();
    }

    #[test]
    fn two_files_of_one_name_are_our_defect() {
        let file = |path: &str| OutputFile {
            path: path.into(),
            bytes: Vec::new(),
        };
        assert!(refuse_twins(&[file("a.svg"), file("b.svg")]).is_ok());
        let error = refuse_twins(&[file("a.svg"), file("b.svg"), file("b.svg")]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("b.svg"), "{error}");
    }

    #[test]
    fn without_an_exchange_the_old_folder_is_moved_aside() {
        let root = tempfile::TempDir::new().unwrap();
        let (world, folder) = (World::new(None, None), root.path().join("out"));
        let fresh = sibling(&folder, "new").unwrap();
        folder_with(&world, &folder, "old.txt");
        folder_with(&world, &fresh, "new.txt");
        let old = exchange_in_two_steps(&world, &fresh, &folder).unwrap();
        assert_eq!(world.files_below(&folder).unwrap(), [Path::new("new.txt")]);
        assert_eq!(world.files_below(&old).unwrap(), [Path::new("old.txt")]);
    }

    #[test]
    fn the_old_folder_is_put_back_when_the_new_one_cannot_take_its_place() {
        let root = tempfile::TempDir::new().unwrap();
        let (world, folder) = (World::new(None, None), root.path().join("out"));
        folder_with(&world, &folder, "old.txt");
        let missing = sibling(&folder, "new").unwrap();
        let error = exchange_in_two_steps(&world, &missing, &folder).unwrap_err();
        assert_eq!(world.files_below(&folder).unwrap(), [Path::new("old.txt")]);
        assert!(!world.exists(&sibling(&folder, "old").unwrap()));
        assert!(error.hint().unwrap().starts_with("nothing was replaced"));
    }

    #[test]
    fn what_a_kill_left_aside_comes_back() {
        let root = tempfile::TempDir::new().unwrap();
        let (world, folder) = (World::new(None, None), root.path().join("out"));
        let old = sibling(&folder, "old").unwrap();
        folder_with(&world, &old, "old.txt");
        restore(&world, &folder).unwrap();
        assert_eq!(world.files_below(&folder).unwrap(), [Path::new("old.txt")]);
        assert!(!world.exists(&old));
    }

    #[test]
    fn a_failure_to_replace_is_told_and_leaves_no_lock() {
        let root = tempfile::TempDir::new().unwrap();
        let (world, folder) = (World::new(None, None), root.path().join("out"));
        folder_with(&world, &folder, "thesis.txt");
        let error = write(&world, &folder, &[]).unwrap_err();
        assert!(error.to_string().contains("not a bundle"), "{error}");
        assert_eq!(world.files_below(root.path()).unwrap().len(), 1);
    }
}
