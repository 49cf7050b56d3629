//! County codes that changed: why a place of the counts does not stand in a baseline of another vintage.
//!
//! It explains and never changes a number: people of a new county are not those of the old one.

/// Codes before and after, from which vintage on, what happened, and who says so.
const CHANGES: &str = include_str!("county_changes.tsv");

/// One county that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountyChange {
    /// Code before.
    pub before: &'static str,
    /// Code after; `*` at its end stands for any further digits.
    pub after: &'static str,
    /// First vintage with the new codes.
    pub vintage: &'static str,
    /// What happened.
    pub what: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// Every change that is known.
pub fn county_changes() -> impl Iterator<Item = CountyChange> {
    CHANGES.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        Some(CountyChange {
            before: fields.next()?,
            after: fields.next()?,
            vintage: fields.next()?,
            what: fields.next()?,
            source: fields.next()?,
        })
    })
}

impl CountyChange {
    fn is_after(&self, code: &str) -> bool {
        match self.after.strip_suffix('*') {
            Some(start) => code.len() == 5 && code.starts_with(start),
            None => code == self.after,
        }
    }
}

/// Why a county code stands on one side only, where the other side has the code of another vintage.
#[must_use]
pub fn why_not_there<'a>(
    code: &str,
    others: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'static str> {
    county_changes()
        .find(|change| {
            (change.before == code && others.clone().any(|other| change.is_after(other)))
                || (change.is_after(code) && others.clone().any(|other| change.before == other))
        })
        .map(|change| change.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_change_with_a_source() {
        let all: Vec<CountyChange> = county_changes().collect();
        assert_eq!(all.len(), CHANGES.lines().count() - 1);
        for change in all {
            assert!(change.before.len() == 5 && !change.source.is_empty());
            assert!(change.vintage.parse::<u16>().is_ok());
        }
    }

    #[test]
    fn connecticut_is_explained_in_both_directions_and_only_there() {
        let regions = ["09110", "09190"];
        let counties = ["09001", "09015"];
        assert!(
            why_not_there("09001", regions.into_iter())
                .unwrap()
                .contains("planning regions")
        );
        assert!(why_not_there("09190", counties.into_iter()).is_some());
        assert!(why_not_there("09001", counties.into_iter()).is_none());
        assert!(
            why_not_there("46113", ["46102"].into_iter())
                .unwrap()
                .contains("Oglala Lakota")
        );
        assert!(why_not_there("37001", ["37003"].into_iter()).is_none());
    }
}
