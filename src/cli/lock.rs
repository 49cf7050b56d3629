//! `evenhand lock`: the plan, written down before the outcomes are read.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::LockOptions;
use super::printer::Printer;
use crate::error::Error;
use crate::study::{Lock, Study};
use crate::world::World;

#[derive(Serialize)]
struct Document<'a> {
    lock: String,
    state: &'static str,
    plan_sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
}

pub(super) fn command(
    options: &LockOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let study = Study::read(world, &options.study)?;
    let inputs = options
        .inputs
        .then(|| study.locked_inputs(world))
        .transpose()?;
    let lock = Lock::of(&study, world, inputs)?;
    let path = study.lock_path();
    let (state, kept) = if world.exists(&path) {
        again(&lock, &path, world, options.again)?
    } else {
        world.replace(&path, lock.text().as_bytes())?;
        ("locked", None)
    };
    let kept = kept.map(|kept| kept.display().to_string());
    if printer.json {
        printer.document(&Document {
            lock: path.display().to_string(),
            state,
            plan_sha256: &study.sha256,
            kept,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = path.display();
    let told = match state {
        "same" => format!("{name} holds the same plan; nothing was written.\n"),
        _ => format!("{name}: plan {}\n", study.sha256),
    };
    let kept = kept.map_or_else(String::new, |kept| format!("The lock before is {kept}.\n"));
    printer.text(&format!("{told}{kept}"))?;
    Ok(ExitCode::SUCCESS)
}

/// What becomes of a lock that is there: the same plan is locked already; another is kept beside the new one.
fn again(
    lock: &Lock,
    path: &Path,
    world: &World,
    is_wanted: bool,
) -> Result<(&'static str, Option<PathBuf>), Error> {
    let bytes = world.read(path)?;
    let found = Lock::read(path, bytes.clone())?;
    let differences = found.against(lock);
    if differences.is_empty() {
        return Ok(("same", None));
    }
    if !is_wanted {
        return Err(Error::bundle(
            format!(
                "{} holds another plan: {}",
                path.display(),
                differences.join("; ")
            ),
            "take the changes back, or lock the plan as it is with --again: the lock that is there is kept beside the new one",
        ));
    }
    let numbered = |number: u32| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{number}"));
        path.with_file_name(name)
    };
    let kept = (1..)
        .map(numbered)
        .find(|path| !world.exists(path))
        .expect("there are numbers enough");
    world.write(&kept, &bytes)?;
    world.replace(path, lock.text().as_bytes())?;
    Ok(("replaced", Some(kept)))
}
