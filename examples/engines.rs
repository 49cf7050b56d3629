//! From rows to rates, without drawing: the part of a run that other programs are timed beside.
//!
//! `engines STUDY [THREADS [BLOCK]]` reads, maps and counts, accounts for every row, estimates the rates with their
//! intervals, and writes the counts as a table. `scripts/engines.sh` times it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to whoever starts it"
)]

use std::path::Path;
use std::process::ExitCode;

use evenhand::analyses::Effort;
use evenhand::error::Error;
use evenhand::pipeline;
use evenhand::study::Study;
use evenhand::world::World;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(study) = arguments.first() else {
        eprintln!("usage: engines STUDY [THREADS [BLOCK]]");
        return ExitCode::from(2);
    };
    let number = |i: usize| arguments.get(i).and_then(|text| text.parse().ok());
    let mut world = World::new(None, number(1));
    if let Some(block) = number(2) {
        world = world.in_blocks_of(block);
    }
    match counted(Path::new(study), &world) {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn counted(study: &Path, world: &World) -> Result<String, Error> {
    let study = Study::read(world, study)?;
    let reading = pipeline::read(&study, world)?;
    let judged = pipeline::judge(&study, world, &reading, Effort::Run)?;
    for source in &judged.ledger {
        eprintln!("{source:?}");
    }
    eprintln!("{} findings, {:?}", judged.findings.len(), judged.inputs);
    let mut table = String::new();
    for counts in reading.tables.iter().flatten() {
        table.push_str(&format!("{},events,trials\n", counts.keys().join(",")));
        for cell in counts.cells() {
            let trials = cell.trials.unwrap_or_default();
            table.push_str(&format!(
                "{},{},{trials}\n",
                cell.key.join(","),
                cell.events
            ));
        }
    }
    Ok(table)
}
