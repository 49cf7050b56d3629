//! `evenhand calc`: the statistics kernel by hand, and as a pipe.

use std::io::BufRead as _;
use std::process::ExitCode;

use serde_json::{Map, Value};

use super::arguments::{CalcOptions, PowerOptions};
use super::printer::Printer;
use crate::calc::{self, KINDS};
use crate::error::Error;

pub(super) fn command(options: &CalcOptions, printer: &Printer) -> Result<ExitCode, Error> {
    if options.list {
        let text: String = KINDS
            .iter()
            .map(|kind| {
                format!(
                    "{}: {}\n    fields: {}\n    answers: {}\n",
                    kind.name, kind.about, kind.fields, kind.answers
                )
            })
            .collect();
        printer.text(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(kind) = &options.kind else {
        return pipe(printer);
    };
    let fields = fields(&options.fields)?;
    print(kind, fields, printer)
}

/// `evenhand power`: the same by options.
pub(super) fn power(options: &PowerOptions, printer: &Printer) -> Result<ExitCode, Error> {
    let numbers = [
        ("rate", Some(Value::from(options.rate))),
        ("n1", options.group.map(Value::from)),
        ("n2", options.reference.map(Value::from)),
        ("ratio", options.ratio.map(Value::from)),
        ("power", options.power.map(Value::from)),
        ("share", options.share.map(Value::from)),
        ("level", options.level.map(Value::from)),
    ];
    let given = numbers.into_iter();
    let fields = given.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    print("power", fields.collect(), printer)
}

fn print(kind: &str, fields: Map<String, Value>, printer: &Printer) -> Result<ExitCode, Error> {
    let answer = calc::calculate(kind, fields).map_err(|fault| {
        Error::bundle(
            fault,
            "`evenhand calc --list` shows every kind with its fields",
        )
    })?;
    if printer.json {
        printer.document(&answer.into_json())?;
    } else {
        let lines = answer.lines().into_iter();
        let mut text: String = lines
            .map(|(name, value)| format!("{name:<16} {value}\n"))
            .collect();
        if let Some(why) = answer.why() {
            text.push_str(&format!("undefined: {why}\n"));
        }
        printer.text(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One line out for each line in, as soon as it is answered.
fn pipe(printer: &Printer) -> Result<ExitCode, Error> {
    let mut code = ExitCode::SUCCESS;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| {
            Error::bundle(
                format!("standard input cannot be read: {error}"),
                "send one JSON object a line, in UTF-8",
            )
        })?;
        if line.trim().is_empty() {
            continue;
        }
        let (answer, is_answer) = calc::answer_line(&line);
        if !is_answer {
            code = ExitCode::from(1);
        }
        printer.text(&format!("{answer}\n"))?;
    }
    Ok(code)
}

/// `x=12` is a number, `hits=1,2` an array, anything else that is no JSON a text.
fn fields(written: &[String]) -> Result<Map<String, Value>, Error> {
    let mut fields = Map::new();
    for field in written {
        let (name, text) = field.split_once('=').ok_or_else(|| {
            Error::bundle(
                format!("found `{field}`"),
                "a field is written name=value, without blanks around the sign",
            )
        })?;
        let list = || {
            text.contains(',')
                .then(|| serde_json::from_str(&format!("[{text}]")))
        };
        let value = serde_json::from_str(text)
            .or_else(|error| list().unwrap_or(Err(error)))
            .unwrap_or_else(|_| Value::String(text.to_owned()));
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(Error::bundle(
                format!("`{name}` is given twice"),
                "give each field once",
            ));
        }
    }
    Ok(fields)
}
