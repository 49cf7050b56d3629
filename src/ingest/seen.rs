//! A memory of what raw texts mean, so that each text of a column is judged once and found by its bytes afterwards.

use rustc_hash::FxHashMap;

/// Texts that are remembered; after that the memory starts again.
const REMEMBERED: usize = 1 << 16;
/// Bytes of a text that is found in the quick table.
const SHORT: usize = 15;
/// Slots of an empty table.
const FIRST_SLOTS: usize = 64;

/// What the raw texts of one column mean.
#[derive(Debug, Clone)]
pub(crate) struct Seen<T> {
    /// Short texts, as integers; as many slots as a power of two, at most half of them taken.
    slots: Vec<Option<(Short, T)>>,
    taken: usize,
    long: FxHashMap<Box<[u8]>, T>,
}

/// The bytes of a short text and, at the top, its length: no two texts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Short(u64, u64);

impl Short {
    /// Reads two overlapping pieces rather than byte after byte.
    #[inline]
    fn new(raw: &[u8]) -> Option<Self> {
        let length = raw.len();
        let (low, high) = match length {
            8..=SHORT => {
                let (first, last) = (raw.first_chunk()?, raw.last_chunk()?);
                let last = u64::from_le_bytes(*last);
                let more = last.checked_shr(8 * (16 - u32::try_from(length).ok()?));
                (u64::from_le_bytes(*first), more.unwrap_or(0))
            }
            4..8 => {
                let (first, last) = (raw.first_chunk()?, raw.last_chunk()?);
                let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
                (u64::from(first) | u64::from(last) << 32, 0)
            }
            1..4 => {
                let [first, middle, last] = [0, length / 2, length - 1].map(|i| u64::from(raw[i]));
                (first | middle << 8 | last << 16, 0)
            }
            0 => (0, 0),
            _ => return None,
        };
        Some(Self(low, high | (length as u64) << 56))
    }

    /// Any number that depends on all bytes; its upper bits are the best mixed.
    #[inline]
    fn hash(self) -> u64 {
        let mixed = self.0 ^ self.1.rotate_left(29);
        (mixed ^ (mixed >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self {
            slots: std::iter::repeat_with(|| None).take(FIRST_SLOTS).collect(),
            taken: 0,
            long: FxHashMap::default(),
        }
    }
}

impl<T: Copy> Seen<T> {
    /// What a text means, where it was seen.
    #[inline]
    pub(crate) fn get(&self, raw: &[u8]) -> Option<T> {
        match Short::new(raw) {
            Some(short) => self.slots[self.slot(short)].map(|(_, meaning)| meaning),
            None => self.long.get(raw).copied(),
        }
    }

    /// Remembers and hands back.
    pub(crate) fn keep(&mut self, raw: &[u8], meaning: T) -> T {
        if self.taken + self.long.len() == REMEMBERED {
            *self = Self::default();
        }
        match Short::new(raw) {
            Some(short) => self.keep_short(short, meaning),
            None => {
                self.long.insert(raw.into(), meaning);
            }
        }
        meaning
    }

    fn keep_short(&mut self, short: Short, meaning: T) {
        if 2 * self.taken >= self.slots.len() {
            let wider = vec![None; 2 * self.slots.len()];
            let before = std::mem::replace(&mut self.slots, wider);
            for (short, meaning) in before.into_iter().flatten() {
                let slot = self.slot(short);
                self.slots[slot] = Some((short, meaning));
            }
        }
        let slot = self.slot(short);
        self.taken += usize::from(self.slots[slot].is_none());
        self.slots[slot] = Some((short, meaning));
    }

    /// Where a text is, or the free slot in which it would be.
    #[inline]
    fn slot(&self, short: Short) -> usize {
        let mask = self.slots.len() - 1;
        // The upper half of the hash, cut to the number of slots.
        let mut slot = (short.hash() >> 32) as usize & mask;
        while let Some((other, _)) = &self.slots[slot]
            && *other != short
        {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_keeps_its_own_meaning_whatever_its_length() {
        let mut seen = Seen::default();
        let texts: Vec<Vec<u8>> = (0..40usize)
            .flat_map(|length| {
                (0..length.max(1)).map(move |at| {
                    let mut text = vec![b'a'; length];
                    if let Some(byte) = text.get_mut(at) {
                        *byte = 0;
                    }
                    text
                })
            })
            .chain((0..5000).map(|n: u32| n.to_string().into_bytes()))
            .collect();
        for (meaning, text) in texts.iter().enumerate() {
            assert_eq!(seen.get(text), None, "{text:?}");
            assert_eq!(seen.keep(text, meaning), meaning);
        }
        for (meaning, text) in texts.iter().enumerate() {
            assert_eq!(seen.get(text), Some(meaning), "{text:?}");
        }
    }

    #[test]
    fn a_column_of_numbers_does_not_fill_the_memory() {
        let mut seen = Seen::default();
        for n in 0..200_000u32 {
            seen.keep(n.to_string().as_bytes(), n);
        }
        assert!(seen.taken <= REMEMBERED);
        assert_eq!(seen.get(b"199999"), Some(199_999));
    }
}
