//! The rows of a block, without copying them: where each field begins and ends.
//!
//! Separators, quotes and line breaks are found 64 bytes at a time, which was measured at a quarter of the processor time
//! of a machine that looks at every byte. What a row is, is what the `csv` crate says: a property test holds the two together.

use std::ops::Index;

use wide::u8x16;

/// A row: its fields by their numbers.
pub trait Record: Index<usize, Output = [u8]> {}

impl<T: Index<usize, Output = [u8]>> Record for T {}

/// Where the fields of a row are: room that is used again for the next.
#[derive(Debug, Default)]
pub struct Fields {
    /// From and until; behind the end of the block they lie in `own`.
    spans: Vec<(usize, usize)>,
    /// Fields that do not stand in the block as they are.
    own: Vec<u8>,
}

impl Fields {
    fn clear(&mut self) {
        self.spans.clear();
        self.own.clear();
    }

    /// Ends a field of which the pieces since `start` of `own` were written.
    fn end_own(&mut self, block: &[u8], start: usize) {
        self.spans
            .push((block.len() + start, block.len() + self.own.len()));
    }
}

/// One row of a block.
#[derive(Debug)]
pub struct Split<'a> {
    block: &'a [u8],
    fields: &'a mut Fields,
}

impl<'a> Split<'a> {
    /// The row that was split last.
    #[inline]
    pub(super) fn new(block: &'a [u8], fields: &'a mut Fields) -> Self {
        Self { block, fields }
    }

    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.fields.spans.len()
    }

    /// The fields in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|i| &self[i])
    }

    /// Adds a field at the end.
    pub fn push_field(&mut self, field: &[u8]) {
        let start = self.fields.own.len();
        self.fields.own.extend_from_slice(field);
        self.fields.end_own(self.block, start);
    }
}

impl Index<usize> for Split<'_> {
    type Output = [u8];

    fn index(&self, column: usize) -> &[u8] {
        let (from, until) = self.fields.spans[column];
        let length = self.block.len();
        if until <= length {
            &self.block[from..until]
        } else {
            &self.fields.own[from - length..until - length]
        }
    }
}

/// Bytes that are looked at together.
const CHUNK: usize = 64;

/// Which characters divide a text, beside line ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// Between fields.
    pub(super) separator: u8,
    /// Whether `"` may stand around a field.
    pub(super) quotes: bool,
}

/// Splits one block into rows.
#[derive(Debug)]
pub(super) struct Splitter {
    marks: Marks,
    /// Where the next row begins, blank lines before it included.
    at: usize,
    /// The chunk that is looked at.
    chunk: usize,
    /// Its marks that were not yet taken.
    ahead: Found,
}

/// Marks among 64 bytes as bits, the lowest first.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    separators: u64,
    /// Line ends and quotes.
    others: u64,
}

impl Splitter {
    pub(super) fn new(block: &[u8], marks: Marks) -> Self {
        Self {
            marks,
            at: 0,
            chunk: 0,
            ahead: marks.find(block),
        }
    }

    /// Splits the next row, for [`Split::new`]: where it begins. `None` at the end of the block.
    #[inline]
    pub(super) fn next(&mut self, block: &[u8], fields: &mut Fields) -> Option<usize> {
        fields.clear();
        let (mut row, mut field) = (self.at, self.at);
        loop {
            field = self.separated(field, fields);
            let mut mark = self.mark(block);
            let is_separator = block.get(mark) == Some(&self.marks.separator);
            let is_quote = self.marks.quotes && block.get(mark) == Some(&b'"');
            if is_separator {
                fields.spans.push((field, mark));
                field = mark + 1;
                continue;
            }
            if is_quote && mark > field {
                continue;
            }
            if is_quote {
                mark = self.quoted(block, mark, fields);
                if block.get(mark) == Some(&self.marks.separator) {
                    field = mark + 1;
                    continue;
                }
            }
            let next = (mark + 1).min(block.len());
            if !is_quote {
                let end = without_return(block, field, mark);
                if end == row {
                    if mark == block.len() {
                        self.at = next;
                        return None;
                    }
                    (row, field) = (next, next);
                    continue;
                }
                fields.spans.push((field, end));
            }
            self.at = next;
            return Some(row);
        }
    }

    /// Ends fields at the separators of this chunk before its next line end or quote; where the field after them begins.
    #[inline]
    fn separated(&mut self, mut field: usize, fields: &mut Fields) -> usize {
        let Found { separators, others } = self.ahead;
        let mut own = separators & (others & others.wrapping_neg()).wrapping_sub(1);
        self.ahead.separators ^= own;
        while own != 0 {
            let mark = self.chunk + own.trailing_zeros() as usize;
            fields.spans.push((field, mark));
            field = mark + 1;
            own &= own - 1;
        }
        field
    }

    /// The next byte that means something, or the end of the block.
    #[inline]
    fn mark(&mut self, block: &[u8]) -> usize {
        while self.ahead.separators | self.ahead.others == 0 {
            self.chunk += CHUNK;
            match block.get(self.chunk..) {
                Some(rest) if !rest.is_empty() => self.ahead = self.marks.find(rest),
                _ => return block.len(),
            }
        }
        let all = self.ahead.separators | self.ahead.others;
        let lowest = all & all.wrapping_neg();
        self.ahead.separators &= !lowest;
        self.ahead.others &= !lowest;
        self.chunk + all.trailing_zeros() as usize
    }

    fn quote(&mut self, block: &[u8]) -> usize {
        loop {
            let mark = self.mark(block);
            if block.get(mark).is_none_or(|byte| *byte == b'"') {
                return mark;
            }
        }
    }

    /// Reads the field that `open` begins; what ends it.
    fn quoted(&mut self, block: &[u8], open: usize, fields: &mut Fields) -> usize {
        let (mut from, start) = (open + 1, fields.own.len());
        loop {
            let quote = self.quote(block);
            if quote == block.len() {
                fields.own.extend_from_slice(&block[from..]);
                fields.end_own(block, start);
                return quote;
            }
            if block.get(quote + 1) == Some(&b'"') {
                self.mark(block);
                fields.own.extend_from_slice(&block[from..=quote]);
                from = quote + 2;
                continue;
            }
            let mut end = self.mark(block);
            while block.get(end) == Some(&b'"') {
                end = self.mark(block);
            }
            let rest = &block[quote + 1..without_return(block, quote + 1, end)];
            if rest.is_empty() && from == open + 1 {
                fields.spans.push((from, quote));
            } else {
                fields.own.extend_from_slice(&block[from..quote]);
                fields.own.extend_from_slice(rest);
                fields.end_own(block, start);
            }
            return end;
        }
    }
}

/// The end of the text between `from` and a line end, without the first half of a Windows line end.
#[inline]
fn without_return(block: &[u8], from: usize, end: usize) -> usize {
    let is_line_end = block.get(end) == Some(&b'\n');
    let has_return = end > from && block[end - 1] == b'\r';
    end - usize::from(is_line_end && has_return)
}

impl Marks {
    /// The bytes among the first 64 that mean something, as bits.
    #[inline]
    fn find(self, text: &[u8]) -> Found {
        match text.first_chunk() {
            Some(chunk) => self.find_in(chunk),
            None => {
                let mut chunk = [0; CHUNK];
                chunk[..text.len()].copy_from_slice(text);
                self.find_in(&chunk)
            }
        }
    }

    #[inline]
    fn find_in(self, chunk: &[u8; CHUNK]) -> Found {
        let quote = if self.quotes { b'"' } else { b'\n' };
        let (parts, _) = chunk.as_chunks::<16>();
        let mut found = Found::default();
        for (i, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            let separators = part.simd_eq(u8x16::splat(self.separator));
            let others = part.simd_eq(u8x16::splat(b'\n')) | part.simd_eq(u8x16::splat(quote));
            found.separators |= u64::from(separators.to_bitmask()) << (16 * i);
            found.others |= u64::from(others.to_bitmask()) << (16 * i);
        }
        found
    }
}
