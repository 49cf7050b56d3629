//! `report.html`: one file that needs no network and no script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment};
use pulldown_cmark::{Options, Parser, html};
use serde::Serialize;

use super::{Exporter, OutputFile, Report, Section};
use crate::disclosure::{Account, Disclosed, DisclosureConfig};
use crate::error::{Error, visible};
use crate::ingest::Agreement;
use crate::number::count;
use crate::results::Identity;
use crate::stops::Input;
use crate::warning::Warning;

const TEMPLATE: &str = include_str!("report.html");
const REGULAR: &[u8] = include_bytes!("../../assets/fonts/EvenhandSans-Regular.woff2");
const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/EvenhandSans-Semibold.woff2");

pub(super) struct Html;

impl Exporter for Html {
    fn extension(&self) -> &'static str {
        "html"
    }

    fn write(&self, report: &Report) -> Result<Vec<OutputFile>, Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.add_filter("grouped", |n: Option<u64>| {
            n.map_or_else(|| "withheld".to_owned(), count)
        });
        environment
            .add_template("report.html", TEMPLATE)
            .map_err(defect)?;
        let template = environment.get_template("report.html").map_err(defect)?;
        let text = template
            .render(Value::from(Serde(Page::of(report))))
            .map_err(defect)?;
        Ok(vec![OutputFile {
            path: "report.html".into(),
            bytes: visible(&text).into_owned().into_bytes(),
        }])
    }
}

/// What the template sees.
#[derive(Serialize)]
struct Page<'a> {
    identity: &'a Identity,
    cautions: &'a [String],
    sections: Vec<PageSection<'a>>,
    ledger: &'a [Disclosed<Account>],
    unmatched: &'a [String],
    warnings: &'a [Warning],
    agreements: &'a [Agreement],
    agreement_columns: AgreementsShown,
    register: &'a [String],
    inputs: &'a [Input],
    disclosure: DisclosureConfig,
    methods: Vec<(&'a str, String)>,
    study: &'a str,
    regular: String,
    semibold: String,
}

/// Which columns of the agreements some agreement has something in, beyond those that are always shown.
#[derive(Serialize)]
struct AgreementsShown {
    kind: bool,
    counts_from: bool,
    seen: bool,
    evidence: bool,
    ori: bool,
}

impl AgreementsShown {
    fn of(all: &[Agreement]) -> Self {
        let any = |has: fn(&Agreement) -> bool| all.iter().any(has);
        Self {
            kind: any(|a| a.kind.is_some()),
            counts_from: any(|a| a.begins != a.signed),
            seen: any(|a| a.first_seen.or(a.last_seen).is_some()),
            evidence: any(|a| a.evidence_from.or(a.evidence_to).is_some()),
            ori: any(|a| !a.ori.is_empty()),
        }
    }
}

/// A section with its drawings as they stand inside a page.
#[derive(Serialize)]
struct PageSection<'a> {
    #[serde(flatten)]
    section: &'a Section,
    drawings: Vec<&'a str>,
}

impl<'a> Page<'a> {
    fn of(report: &'a Report) -> Self {
        let run = &report.run;
        Self {
            identity: &run.identity,
            cautions: &report.cautions,
            sections: report
                .sections
                .iter()
                .map(|section| PageSection {
                    section,
                    drawings: section
                        .pictures
                        .iter()
                        .map(|picture| inline(&picture.svg))
                        .collect(),
                })
                .collect(),
            ledger: &run.ledger,
            unmatched: &run.unmatched,
            warnings: &run.warnings,
            agreements: &run.agreements,
            agreement_columns: AgreementsShown::of(&run.agreements),
            register: &run.register,
            inputs: &run.inputs,
            disclosure: run.disclosure,
            methods: report
                .methods
                .iter()
                .map(|method| (method.name, method_page(method.page)))
                .collect(),
            study: &report.study_text,
            regular: STANDARD.encode(REGULAR),
            semibold: STANDARD.encode(SEMIBOLD),
        }
    }
}

/// The drawing without what only a file of its own needs.
fn inline(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |at| &svg[at..])
}

/// A method page as HTML, its headings three levels down, below those of the report.
fn method_page(page: &str) -> String {
    use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};
    let lower = |level: HeadingLevel| {
        if level == HeadingLevel::H1 {
            HeadingLevel::H3
        } else {
            HeadingLevel::H4
        }
    };
    let events = Parser::new_ext(page, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Heading {
            level,
            id,
            classes,
            attrs,
        }) => Event::Start(Tag::Heading {
            level: lower(level),
            id,
            classes,
            attrs,
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        other => other,
    });
    let mut text = String::new();
    html::push_html(&mut text, events);
    text
}

fn defect(error: minijinja::Error) -> Error {
    Error::Internal(format!("the report template failed: {error:#}"))
}
