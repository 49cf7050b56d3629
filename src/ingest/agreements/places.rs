//! How a place of the register is found among those of the counts: by state and name, or by the county's federal code.

use super::states;

/// A place: its state where that is known, and its name or federal code as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlaceId {
    pub(super) state: Option<String>,
    pub(super) name: String,
}

/// The federal code of a county in five digits; a spreadsheet takes away a zero at its head.
pub(super) fn county(text: &str) -> Option<String> {
    let text = text.trim();
    let is_code = text.bytes().all(|b| b.is_ascii_digit()) && (4..=5).contains(&text.len());
    is_code.then(|| format!("{text:0>5}"))
}

impl PlaceId {
    /// By the county's federal code; the code says the state.
    pub(super) fn by_code(code: &str) -> Self {
        Self {
            state: states::of_county(code).map(str::to_owned),
            name: code.to_owned(),
        }
    }

    /// By name: capitals and blanks do not count, and a state after the last comma is the state.
    pub(super) fn by_name(text: &str, state: Option<&str>) -> Self {
        let suffix = text.rsplit_once(',').and_then(|(name, last)| {
            let is_word = !last.trim().starts_with(|c: char| c.is_ascii_digit());
            let code = states::code(last).filter(|_| is_word)?;
            // A name that ends in another state than its own is another place.
            state
                .is_none_or(|state| state == code)
                .then_some((name, code))
        });
        let (name, own) = suffix.map_or((text, None), |(name, code)| (name, Some(code)));
        let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
        Self {
            state: state.or(own).map(str::to_owned),
            name: words.join(" "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_name_and_state() {
        let with_suffix = PlaceId::by_name("Maricopa County, AZ", None);
        let with_key = PlaceId::by_name("MARICOPA  county", Some("AZ"));
        assert_eq!(with_suffix, with_key);
        assert_ne!(with_suffix, PlaceId::by_name("Maricopa County", None));
        assert_ne!(
            PlaceId::by_name("Lee County, AL", Some("FL")),
            PlaceId::by_name("Lee County", Some("FL"))
        );
        assert_eq!(county("4013").as_deref(), Some("04013"));
        assert_eq!(county("Maricopa"), None);
        assert_eq!(PlaceId::by_code("04013").state.as_deref(), Some("AZ"));
    }
}
