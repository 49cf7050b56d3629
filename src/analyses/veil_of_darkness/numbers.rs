//! Values as numbers.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Values as numbers, in the order in which they come.
#[derive(Debug)]
pub(super) struct Numbers<T> {
    pub(super) values: Vec<T>,
    numbers: BTreeMap<T, u32>,
    /// The number of the value that came last: cells are sorted.
    last: u32,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: BTreeMap::new(),
            last: 0,
        }
    }
}

impl<T: Ord + Clone> Numbers<T> {
    pub(super) fn number<Q>(&mut self, value: &Q) -> u32
    where
        T: Borrow<Q>,
        Q: Ord + ToOwned<Owned = T> + ?Sized,
    {
        let last = self.values.get(self.last as usize);
        if last.is_some_and(|last| last.borrow() == value) {
            return self.last;
        }
        self.last = match self.numbers.get(value) {
            Some(number) => *number,
            None => {
                let number = self.values.len() as u32;
                self.values.push(value.to_owned());
                self.numbers.insert(value.to_owned(), number);
                number
            }
        };
        self.last
    }
}
