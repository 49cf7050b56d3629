//! Every combination of declared choices, each with what it gives, in declared order.
//!
//! A result that holds under one way of doing it only is no result. Which ways are looked at is declared, not searched:
//! nothing here drops, sorts or picks.

/// One thing that can be done in several ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// What is chosen: `window`.
    pub(super) name: &'static str,
    /// The ways, in the order in which they are declared: `evening`, `morning`.
    pub(super) ways: Vec<String>,
}

/// One way of doing everything, with what it gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Specification<E> {
    /// What is chosen of each choice.
    pub(super) at: Vec<(String, String)>,
    /// What it gives.
    pub(super) gives: E,
}

/// Runs every combination; of the last choice the ways follow one another most closely. `estimate` gets the position of the
/// way chosen of each choice. A choice without ways leaves no combination.
pub(super) fn every<E>(
    choices: &[Choice],
    mut estimate: impl FnMut(&[usize]) -> E,
) -> Vec<Specification<E>> {
    let combinations: usize = choices.iter().map(|choice| choice.ways.len()).product();
    let mut found = Vec::with_capacity(combinations);
    for number in 0..combinations {
        let mut rest = number;
        let mut chosen = vec![0; choices.len()];
        for (at, choice) in choices.iter().enumerate().rev() {
            chosen[at] = rest % choice.ways.len();
            rest /= choice.ways.len();
        }
        let named = choices.iter().zip(&chosen);
        found.push(Specification {
            at: named
                .map(|(choice, &way)| (choice.name.to_owned(), choice.ways[way].clone()))
                .collect(),
            gives: estimate(&chosen),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(name: &'static str, ways: &[&str]) -> Choice {
        Choice {
            name,
            ways: ways.iter().map(|way| (*way).to_owned()).collect(),
        }
    }

    #[test]
    fn every_combination_stands_there_once_in_declared_order() {
        let choices = [
            choice("window", &["b", "a"]),
            choice("model", &["x", "y", "z"]),
        ];
        let all = every(&choices, <[usize]>::to_vec);
        let words: Vec<String> = all
            .iter()
            .map(|one| format!("{}{}", one.at[0].1, one.at[1].1))
            .collect();
        assert_eq!(words, ["bx", "by", "bz", "ax", "ay", "az"]);
        assert_eq!(all[4].gives, [1, 1]);
        assert_eq!(all[4].at[1], ("model".to_owned(), "y".to_owned()));
    }

    #[test]
    fn no_choice_is_one_way_and_a_choice_without_ways_is_none() {
        assert_eq!(every(&[], |_| ()).len(), 1);
        assert!(every(&[choice("window", &[])], |_| ()).is_empty());
    }
}
