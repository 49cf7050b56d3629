//! What differs between two plans, in words: which keys of which tables.

use toml::{Table, Value};

use crate::error::shortened;

/// Differences that are told one by one.
const TOLD: usize = 20;

/// What differs between a plan as it was and as it is. Two texts that say the same differ in comments, spacing or order.
pub(super) fn differences(then: &str, now: &str) -> Vec<String> {
    let (Ok(then), Ok(now)) = (then.parse::<Table>(), now.parse::<Table>()) else {
        return vec!["the plan has another text".into()];
    };
    let mut found = Vec::new();
    tables("", &then, &now, &mut found);
    if found.is_empty() {
        found.push("no key or value, only comments, spacing or order".into());
    }
    let more = found.len().saturating_sub(TOLD);
    found.truncate(TOLD);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

fn tables(at: &str, then: &Table, now: &Table, found: &mut Vec<String>) {
    let path = |key: &str| match at {
        "" => key.to_owned(),
        at => format!("{at}.{key}"),
    };
    for (key, was) in then {
        match now.get(key) {
            Some(is) => values(&path(key), was, is, found),
            None => found.push(format!(
                "`{}` was taken out; it was {}",
                path(key),
                show(was)
            )),
        }
    }
    let added = now.iter().filter(|(key, _)| !then.contains_key(*key));
    found.extend(added.map(|(key, is)| format!("`{}` was added: {}", path(key), show(is))));
}

fn values(at: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Table(was), Value::Table(is)) => tables(at, was, is, found),
        (Value::Array(was), Value::Array(is)) if of_tables(was) && of_tables(is) => {
            lists(at, was, is, found);
        }
        _ if was == is => {}
        _ => found.push(format!("`{at}` is {}, and was {}", show(is), show(was))),
    }
}

fn of_tables(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(Value::is_table)
}

/// Tables of a list: those that stand in both are passed over, those that remain are held against each other in turn.
fn lists(at: &str, then: &[Value], now: &[Value], found: &mut Vec<String>) {
    let mut is_taken = vec![false; now.len()];
    let mut left = Vec::new();
    for was in then {
        let twin = now
            .iter()
            .enumerate()
            .position(|(i, is)| !is_taken[i] && is == was);
        match twin {
            Some(twin) => is_taken[twin] = true,
            None => left.push(was),
        }
    }
    let mut fresh = now.iter().enumerate().filter(|(i, _)| !is_taken[*i]);
    for was in left {
        match fresh.next() {
            Some((i, is)) => values(&format!("{at}[{}]", i + 1), was, is, found),
            None => found.push(format!("a table of `{at}` was taken out: {}", show(was))),
        }
    }
    found.extend(fresh.map(|(i, is)| format!("`{at}[{}]` was added: {}", i + 1, show(is))));
}

/// A value on one line, and no longer than a message may have it.
fn show(value: &Value) -> String {
    shortened(&value.to_string().lines().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_what_it_was() {
        let then = "a = 1\n[g]\nx = 'w'\n[[r]]\nn = 1\n[[r]]\nn = 2\nby = ['p']\n";
        assert_eq!(
            differences(then, "a = 2\n[g]\n[[r]]\nn = 2\n[[r]]\nn = 1\nq = true\n"),
            [
                "`a` is 2, and was 1",
                "`g.x` was taken out; it was \"w\"",
                "`r[1].by` was taken out; it was [\"p\"]",
                "`r[2].q` was added: true",
            ]
        );
        assert_eq!(
            differences(then, &then.replace("[[r]]\nn = 1\n", "")),
            ["a table of `r` was taken out: { n = 1 }"]
        );
        assert_eq!(
            differences(then, &format!("# a remark\n{then}")),
            ["no key or value, only comments, spacing or order"]
        );
    }
}
