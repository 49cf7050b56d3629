//! The command line: one file per command. Data goes to standard output, talk to standard error.

mod arguments;
mod calc;
mod check;
mod completions;
mod explain;
mod fetch;
mod first_look;
mod init;
mod list;
mod lock;
mod man;
mod matches;
mod printer;
mod progress;
mod replicate;
mod run;
mod schema;
mod simulate;
mod verify;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::error::Error;
use crate::world::World;
use arguments::{Arguments, Command};
use printer::Printer;

/// Reads the arguments of the process, does what they say, and tells how it went: 0 done, 1 the study or the data is
/// at fault, 2 wrong usage or our failure.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return answered(&answer),
    };
    let printer = Printer::new(&arguments.common);
    match dispatch(&arguments, &printer) {
        Ok(code) => code,
        Err(error) => {
            printer::error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Help, the version, or what is wrong with the arguments.
fn answered(answer: &clap::Error) -> ExitCode {
    let written = answer.print();
    if let Err(error) = printer::told(written)
        && !answer.use_stderr()
    {
        printer::error(&error);
        return ExitCode::from(error.exit_code());
    }
    u8::try_from(answer.exit_code()).map_or(ExitCode::from(2), ExitCode::from)
}

fn dispatch(arguments: &Arguments, printer: &Printer) -> Result<ExitCode, Error> {
    let common = &arguments.common;
    let world = World::new(common.seed, common.threads)
        .watched_by(Arc::new(progress::Progress::new(common.quiet)));
    match &arguments.command {
        Command::Run(options) => run::command(options, &world, printer),
        Command::Check(options) => check::command(options, &world, printer),
        Command::Init(options) => init::command(options, &world, printer),
        Command::Rates(options) => first_look::command(options, &world, printer),
        Command::Match(options) => matches::command(options, &world, printer),
        Command::Verify(options) => verify::command(options, &world, printer),
        Command::Calc(options) => calc::command(options, printer),
        Command::Power(options) => calc::power(options, printer),
        Command::Replicate(options) => replicate::command(options, &world, printer),
        Command::Simulate(options) => simulate::command(options, &world, printer),
        Command::Fetch(options) => fetch::command(options, &world, printer),
        Command::Lock(options) => lock::command(options, &world, printer),
        Command::Schema(options) => schema::command(options, printer),
        Command::Completions(options) => completions::command(options, printer),
        Command::Man(options) => man::command(options, &world, printer),
        Command::Explain(options) => explain::command(options, &world, printer),
        Command::List(options) => list::command(options, printer),
    }
}
