//! Names of figures: plain characters, and no two alike in a bundle.

use crate::analyses::Setting;

/// Characters of a group's name that go into a file name.
const LONGEST: usize = 60;

/// What a figure shows of its finding; all of it by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// One compared group.
    pub(super) group: Option<&'a str>,
    /// One of several pages, counted from 1.
    pub(super) page: Option<usize>,
}

/// The part of a figure that is about places and no group. Names of groups have no `+`.
pub(super) const PLACES: &str = "+places";

/// The name of a figure, which is the stem of its files. A dot stands in no finding's name, so what follows one cannot be
/// mistaken for a part of it.
pub(super) fn figure_name(finding: &str, part: Part<'_>, setting: &Setting) -> String {
    let names = group_names(setting);
    let own = |group| {
        if group == PLACES {
            return "places";
        }
        let found = names.iter().find(|(compared, _)| *compared == group);
        found.map_or("", |(_, name)| name)
    };
    let group = part.group.map(|group| format!(".{}", own(group)));
    let page = part.page.map(|page| format!(".{page}"));
    [finding.to_owned()]
        .into_iter()
        .chain(group)
        .chain(page)
        .collect()
}

/// The compared groups with their names in letters, digits, `-` and `_`, each its own.
fn group_names(setting: &Setting) -> Vec<(&str, String)> {
    let mut names: Vec<(&str, String)> = Vec::new();
    for group in setting.groups.compared() {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let plain: String = group
            .chars()
            .take(LONGEST)
            .map(|c| if is_plain(c) { c } else { '-' })
            .collect();
        let name = std::iter::once(plain.clone())
            .chain((2..).map(|n| format!("{plain}-{n}")))
            .find(|name| names.iter().all(|(_, taken)| taken != name))
            .expect("there are numbers enough");
        names.push((group, name));
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn setting(compare: &str) -> Setting {
        Setting {
            groups: toml::from_str(&format!("reference = 'white'\ncompare = {compare}")).unwrap(),
            outcomes: Vec::new(),
            baselines: BTreeMap::new(),
            periods: crate::ingest::Periods::default(),
            agency: None,
            period: None,
            pooled_prefix: None,
        }
    }

    #[test]
    fn a_page_cannot_be_taken_for_another_finding() {
        let setting = setting("['black']");
        let name = |finding, part| figure_name(finding, part, &setting);
        let second = Part {
            page: Some(2),
            ..Part::default()
        };
        assert_eq!(name("rates-s", second), "rates-s.2");
        assert_eq!(name("rates-s-2", Part::default()), "rates-s-2");
    }

    #[test]
    fn names_of_groups_become_plain_and_stay_apart() {
        let setting = setting("['../up', 'Black/AA', 'Black AA', 'weiß']");
        let names: Vec<String> = setting
            .groups
            .compared()
            .map(|group| Part {
                group: Some(group),
                page: None,
            })
            .map(|part| figure_name("a", part, &setting))
            .collect();
        assert_eq!(names, ["a.---up", "a.Black-AA", "a.Black-AA-2", "a.wei-"]);
    }
}
