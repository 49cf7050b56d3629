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

/// Tables of a list: those that stand in both are passed over; those that remain are held against the one of their name,
/// else against the next.
fn lists(at: &str, then: &[Value], now: &[Value], found: &mut Vec<String>) {
    let mut fresh: Vec<(usize, &Value)> = now.iter().enumerate().collect();
    let mut left: Vec<&Value> = then.iter().collect();
    left.retain(|was| {
        let twin = fresh.iter().position(|(_, is)| is == was);
        twin.map(|twin| fresh.remove(twin)).is_none()
    });
    let name = |table: &Value| table.get("name").cloned();
    left.retain(|was| {
        let is_its = |(_, is): &(usize, &Value)| name(was).is_some() && name(was) == name(is);
        let Some(own) = fresh.iter().position(is_its) else {
            return true;
        };
        let (i, is) = fresh.remove(own);
        values(&format!("{at}[{}]", i + 1), was, is, found);
        false
    });
    let mut fresh = fresh.into_iter();
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
        let then = "a = 1\n[g]\nx = 'w'\n[[r]]\nname = 'p'\nn = 1\n[[r]]\nname = 'q'\nby = ['p']\n";
        let now = "a = 2\n[g]\n[[r]]\nname = 'q'\n[[r]]\nname = 'p'\nn = 1\n[[r]]\nn = 3\n";
        assert_eq!(
            differences(then, now),
            [
                "`a` is 2, and was 1",
                "`g.x` was taken out; it was \"w\"",
                "`r[1].by` was taken out; it was [\"p\"]",
                "`r[3]` was added: { n = 3 }",
            ]
        );
        assert_eq!(
            differences(then, &then.replace("[[r]]\nname = 'p'\nn = 1\n", "")),
            ["a table of `r` was taken out: { name = \"p\", n = 1 }"]
        );
        assert_eq!(
            differences(then, &format!("# a remark\n{then}")),
            ["no key or value, only comments, spacing or order"]
        );
    }
}
