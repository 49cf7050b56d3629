//! Values of keys.

use rustc_hash::FxHashMap;

/// Values of one key, each with its code.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    by_value: FxHashMap<String, u32>,
    /// By the number of the year.
    by_year: Vec<Option<u32>>,
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
        let at = usize::try_from(year).ok();
        if let Some(code) = at.and_then(|at| *self.by_year.get(at)?) {
            return code;
        }
        let code = self.code(&year.to_string());
        if let Some(at) = at {
            self.by_year.resize(self.by_year.len().max(at + 1), None);
            self.by_year[at] = Some(code);
        }
        code
    }

    /// All values, each at its code.
    pub(crate) fn values(&self) -> &[String] {
        &self.values
    }

    pub(crate) fn value(&self, code: u32) -> &str {
        &self.values[code as usize]
    }
}
