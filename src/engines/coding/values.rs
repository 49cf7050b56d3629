//! Values of keys, and what the raw texts of a column turned out to be.

use rustc_hash::FxHashMap;

/// Values of one key, each with its code.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    by_value: FxHashMap<String, u32>,
    by_year: FxHashMap<i16, u32>,
    values: Vec<String>,
}

impl Codes {
    pub(crate) fn code(&mut self, value: &str) -> u32 {
        if let Some(code) = self.by_value.get(value) {
            return *code;
        }
        let code = u32::try_from(self.values.len())
            .expect("a key has fewer than four thousand million values");
        self.by_value.insert(value.to_owned(), code);
        self.values.push(value.to_owned());
        code
    }

    /// The code of a calendar year.
    pub(crate) fn of_year(&mut self, year: i16) -> u32 {
        match self.by_year.get(&year) {
            Some(code) => *code,
            None => {
                let code = self.code(&year.to_string());
                self.by_year.insert(year, code);
                code
            }
        }
    }

    pub(crate) fn value(&self, code: u32) -> &str {
        &self.values[code as usize]
    }
}

/// Raw texts that are remembered of one column; after that the memory starts again.
const REMEMBERED: usize = 1 << 16;

/// What the raw texts of one column mean, remembered: each text is judged once.
#[derive(Debug)]
pub(super) struct Seen<T> {
    by_raw: FxHashMap<Box<[u8]>, T>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self {
            by_raw: FxHashMap::default(),
        }
    }
}

impl<T: Copy> Seen<T> {
    pub(super) fn get(&self, raw: &[u8]) -> Option<T> {
        self.by_raw.get(raw).copied()
    }

    /// Remembers and hands back.
    pub(super) fn keep(&mut self, raw: &[u8], meaning: T) -> T {
        if self.by_raw.len() == REMEMBERED {
            self.by_raw.clear();
        }
        self.by_raw.insert(raw.into(), meaning);
        meaning
    }
}
