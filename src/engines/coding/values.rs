//! Values of keys.

use rustc_hash::FxHashMap;

/// Values of one key, each with its code.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    by_value: FxHashMap<String, u32>,
    /// By number, of values that have one: years, days, minutes.
    by_number: Vec<Option<u32>>,
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

    /// The code of a value that has a number of its own.
    #[inline]
    pub(crate) fn numbered(&mut self, number: u32, value: impl FnOnce() -> String) -> u32 {
        let at = number as usize;
        if let Some(Some(code)) = self.by_number.get(at) {
            return *code;
        }
        let code = self.code(&value());
        self.by_number
            .resize(self.by_number.len().max(at + 1), None);
        self.by_number[at] = Some(code);
        code
    }

    /// The codes that values of other codes have here, each at its code there; new ones are added.
    pub(crate) fn of_all(&mut self, other: &Codes) -> Vec<u32> {
        let values = other.values().iter();
        values.map(|value| self.code(value)).collect()
    }

    /// All values, each at its code.
    pub(crate) fn values(&self) -> &[String] {
        &self.values
    }

    pub(crate) fn value(&self, code: u32) -> &str {
        &self.values[code as usize]
    }
}
