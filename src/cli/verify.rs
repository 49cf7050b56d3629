//! `evenhand verify`: is a bundle what it says it is?

use std::process::ExitCode;

use super::arguments::VerifyOptions;
use super::printer::Printer;
use crate::bundle;
use crate::error::Error;
use crate::world::World;

pub(super) fn command(
    options: &VerifyOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let verdict = bundle::verify(world, &options.bundle, options.data.as_deref())?;
    world.watcher().done();
    let code = if verdict.differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    if printer.json {
        printer.document(&verdict)?;
        return Ok(code);
    }
    let mut text = String::new();
    for difference in &verdict.differences {
        text.push_str(&format!("differs: {difference}\n"));
    }
    if verdict.differences.is_empty() {
        text.push_str(&format!(
            "equal: {} files have the hashes of the manifest\n",
            verdict.files
        ));
        if verdict.inputs > 0 {
            text.push_str(&format!(
                "equal: {} input files have the hashes of the manifest\n",
                verdict.inputs
            ));
        }
    }
    match (
        &verdict.why_not,
        verdict.run_again && verdict.differences.is_empty(),
    ) {
        (_, true) => text.push_str("equal: the study was run again and gave the same bytes\n"),
        (Some(reason), _) => text.push_str(&format!("not run again: {reason}; integrity only\n")),
        _ => {}
    }
    printer.text(&text)?;
    Ok(code)
}
