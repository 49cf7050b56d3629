//! Is a bundle what its manifest says, and does its study give it again?

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::{LOCK, MANIFEST, MARKER, Manifest, STUDY, files};
use crate::error::Error;
use crate::ingest::{DataRoot, sha256};
use crate::report::Report;
use crate::study::Study;
use crate::world::World;

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Files whose hashes were compared with the manifest.
    pub files: usize,
    /// Input files whose hashes were compared.
    pub inputs: usize,
    /// Whether the study was run again and every byte compared.
    pub run_again: bool,
    /// Why it was not, where it was not.
    pub why_not: Option<String>,
    /// What differs, in words; empty when everything is equal.
    pub differences: Vec<String>,
}

/// Checks every hash of a bundle; with its data, runs its study again and compares byte for byte.
///
/// # Errors
/// The folder is no bundle, or its study does not run any more.
pub fn verify(world: &World, folder: &Path, data: Option<&Path>) -> Result<Verdict, Error> {
    let manifest = read_manifest(world, folder)?;
    let mut differences = integrity(world, folder, &manifest)?;
    let mut verdict = Verdict {
        files: manifest.outputs.len(),
        inputs: 0,
        run_again: false,
        why_not: None,
        differences: Vec::new(),
    };
    if !differences.is_empty() {
        verdict.why_not = Some("the bundle itself is damaged".into());
        return Ok(Verdict {
            differences,
            ..verdict
        });
    }
    let Some(root) = data_root(world, folder, data, &manifest) else {
        verdict.why_not = Some(format!(
            "the input files are not at the places that the study names, seen from {}; say where with --data DIR",
            folder.display()
        ));
        return Ok(verdict);
    };
    for input in &manifest.inputs {
        let path = root.locate(&input.file);
        match world.read(&path) {
            Ok(bytes) if sha256(&bytes) == input.sha256 => {}
            Ok(_) => differences.push(format!(
                "input {} is not the file that the bundle was made from ({})",
                input.file,
                path.display()
            )),
            Err(_) => {
                differences.push(format!("input {} is not at {}", input.file, path.display()))
            }
        }
    }
    verdict.inputs = manifest.inputs.len();
    if differences.is_empty() && manifest.program != env!("CARGO_PKG_VERSION") {
        verdict.why_not = Some(format!(
            "the bundle was made by evenhand {}, this is {}",
            manifest.program,
            env!("CARGO_PKG_VERSION")
        ));
        return Ok(verdict);
    }
    if differences.is_empty() {
        differences = run_again(world, folder, root, &manifest)?;
        verdict.run_again = true;
    }
    Ok(Verdict {
        differences,
        ..verdict
    })
}

fn read_manifest(world: &World, folder: &Path) -> Result<Manifest, Error> {
    let hint = "name the folder of a bundle that evenhand made; it holds manifest.json";
    let bytes = world.read(&folder.join(MANIFEST)).map_err(|error| {
        Error::bundle(format!("{} is no bundle: {error}", folder.display()), hint)
    })?;
    super::refuse_newer(folder, &bytes)?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| {
        Error::bundle(
            format!("{} is not as evenhand wrote it: {error}", folder.join(MANIFEST).display()),
            "the manifest was changed or damaged, so nothing can be compared with it: get the bundle again",
        )
    })?;
    if manifest.format == MARKER {
        Ok(manifest)
    } else {
        Err(Error::bundle(
            format!("{} is no bundle of evenhand", folder.display()),
            hint,
        ))
    }
}

/// Files that are missing, changed or not listed.
fn integrity(world: &World, folder: &Path, manifest: &Manifest) -> Result<Vec<String>, Error> {
    let mut differences = Vec::new();
    for output in &manifest.outputs {
        match world.read(&folder.join(&output.file)) {
            Ok(bytes) if sha256(&bytes) == output.sha256 => {}
            Ok(_) => differences.push(format!(
                "{} is not the file that the manifest lists",
                output.file
            )),
            Err(_) => differences.push(format!("{} is missing", output.file)),
        }
    }
    for found in world.files_below(folder)? {
        let name = super::slashed(&found);
        if !manifest.lists(&name) {
            differences.push(format!("{name} is not in the manifest"));
        }
    }
    let plan = manifest.outputs.iter().find(|output| output.file == STUDY);
    if plan.is_none_or(|plan| plan.sha256 != manifest.plan_sha256) {
        differences.push(format!("{STUDY} is not the plan that the manifest names"));
    }
    Ok(differences)
}

/// Where the inputs are: in the folder given, else where the study would look from the usual places. `None` when not all are there.
fn data_root(
    world: &World,
    folder: &Path,
    data: Option<&Path>,
    manifest: &Manifest,
) -> Option<DataRoot> {
    if let Some(data) = data {
        return Some(DataRoot::Below(data.to_path_buf()));
    }
    let beside = DataRoot::BesideStudy(folder.to_path_buf());
    manifest
        .inputs
        .iter()
        .all(|input| world.exists(&beside.locate(&input.file)))
        .then_some(beside)
}

fn run_again(
    world: &World,
    folder: &Path,
    root: DataRoot,
    manifest: &Manifest,
) -> Result<Vec<String>, Error> {
    let text = String::from_utf8(world.read(&folder.join(STUDY))?)
        .map_err(|_| Error::bundle(format!("{STUDY} is not UTF-8"), ""))?;
    let mut study = Study::parse(
        world,
        Path::new(&format!("{}.toml", manifest.study)),
        text,
        root,
    )?;
    if manifest.outputs.iter().any(|output| output.file == LOCK) {
        let path = folder.join(LOCK);
        study = study.with_lock(&path, world.read(&path)?)?;
    }
    if let Some(only) = &manifest.only {
        study = study.only(only)?;
    }
    let same_seed = world.with_seed(manifest.seed);
    let run = crate::pipeline::run(&study, &same_seed)?;
    let fresh = files(&Report::new(run, &study)?, manifest.only.as_deref(), world)?;
    let fresh: BTreeMap<String, Vec<u8>> = fresh
        .into_iter()
        .map(|file| (super::slashed(&file.path), file.bytes))
        .collect();
    let mut differences = Vec::new();
    for (name, bytes) in &fresh {
        if world.read(&folder.join(name)).ok().as_ref() != Some(bytes) {
            differences.push(format!("{name} differs when the study is run again"));
        }
    }
    let extra = manifest
        .outputs
        .iter()
        .filter(|output| !fresh.contains_key(&output.file));
    differences.extend(
        extra.map(|output| format!("{} is not made when the study is run again", output.file)),
    );
    Ok(differences)
}
