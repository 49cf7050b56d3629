//! Formats of agreements that come with evenhand: what a publisher's file is like, once for all studies.

use serde::Deserialize;
use toml::Spanned;

use super::config::{AgreementsConfig, no_such_format};
use crate::error::Error;

/// The formats, each with its text.
const FORMATS: [(&str, &str); 6] = [
    ("agreements", include_str!("../formats/agreements.toml")),
    ("ice-287g", include_str!("../formats/ice-287g.toml")),
    (
        "ice-287g-seen",
        include_str!("../formats/ice-287g-seen.toml"),
    ),
    (
        "287g-condensed",
        include_str!("../formats/287g-condensed.toml"),
    ),
    (
        "tracking-287g",
        include_str!("../formats/tracking-287g.toml"),
    ),
    (
        "secure-communities",
        include_str!("../formats/secure-communities.toml"),
    ),
];

/// What this layer takes of a format.
#[derive(Deserialize)]
struct Format {
    agreements: AgreementsConfig,
}

/// The part of an `[[agreements]]` table that a format says.
///
/// # Errors
/// There is no such format.
pub(super) fn named(name: &Spanned<String>) -> Result<AgreementsConfig, Error> {
    let known = FORMATS.map(|(known, _)| known);
    let (_, text) = FORMATS
        .into_iter()
        .find(|(known, _)| known == name.get_ref())
        .ok_or_else(|| no_such_format(name, &known))?;
    let format: Format = toml::from_str(text)
        .map_err(|error| Error::Internal(format!("format {}: {error}", name.get_ref())))?;
    Ok(format.agreements)
}
