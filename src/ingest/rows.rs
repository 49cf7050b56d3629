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
pub struct Row<'a> {
    block: &'a [u8],
    fields: &'a mut Fields,
}

impl Row<'_> {
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

impl Index<usize> for Row<'_> {
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

/// Splits one block into rows.
#[derive(Debug)]
pub(super) struct Splitter {
    separator: u8,
    /// Where the next row begins, line breaks before it included.
    at: usize,
    /// The chunk that is looked at.
    chunk: usize,
    /// Its bytes that mean something and were not yet taken, the lowest first.
    marks: u64,
}

impl Splitter {
    pub(super) fn new(block: &[u8], separator: u8) -> Self {
        Self {
            separator,
            at: 0,
            chunk: 0,
            marks: marks(block, separator),
        }
    }

    /// Where the next row begins, and the row; `None` at the end of the block.
    #[inline]
    pub(super) fn next<'a>(
        &mut self,
        block: &'a [u8],
        fields: &'a mut Fields,
    ) -> Option<(usize, Row<'a>)> {
        fields.clear();
        let (mut row, mut field) = (self.at, self.at);
        loop {
            let mut mark = self.mark(block);
            let is_quote = block.get(mark) == Some(&b'"');
            if is_quote && mark > field {
                continue;
            }
            if is_quote {
                mark = self.quoted(block, mark, fields);
            }
            let is_blank = !is_quote && mark == row;
            match block.get(mark) {
                None if is_blank => return None,
                Some(b'\n' | b'\r') if is_blank => {
                    (row, field) = (mark + 1, mark + 1);
                    continue;
                }
                _ if !is_quote => fields.spans.push((field, mark)),
                _ => {}
            }
            field = mark + 1;
            if block.get(mark) != Some(&self.separator) {
                self.at = field.min(block.len());
                return Some((row, Row { block, fields }));
            }
        }
    }

    /// The next byte that means something, or the end of the block.
    #[inline]
    fn mark(&mut self, block: &[u8]) -> usize {
        while self.marks == 0 {
            self.chunk += CHUNK;
            match block.get(self.chunk..) {
                Some(rest) if !rest.is_empty() => self.marks = marks(rest, self.separator),
                _ => return block.len(),
            }
        }
        let mark = self.chunk + self.marks.trailing_zeros() as usize;
        self.marks &= self.marks - 1;
        mark
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
            if end == quote + 1 && from == open + 1 {
                fields.spans.push((from, quote));
            } else {
                fields.own.extend_from_slice(&block[from..quote]);
                fields.own.extend_from_slice(&block[quote + 1..end]);
                fields.end_own(block, start);
            }
            return end;
        }
    }
}

/// The bytes among the first 64 that mean something, as bits.
#[inline]
fn marks(text: &[u8], separator: u8) -> u64 {
    let Some(chunk) = text.first_chunk::<CHUNK>() else {
        let mut chunk = [0; CHUNK];
        chunk[..text.len()].copy_from_slice(text);
        return chunk_marks(&chunk, separator);
    };
    chunk_marks(chunk, separator)
}

#[inline]
fn chunk_marks(chunk: &[u8; CHUNK], separator: u8) -> u64 {
    let (parts, _) = chunk.as_chunks::<16>();
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| {
        let part = u8x16::new(parts[i]);
        let meant = part.simd_eq(u8x16::splat(separator))
            | part.simd_eq(u8x16::splat(b'\n'))
            | part.simd_eq(u8x16::splat(b'\r'))
            | part.simd_eq(u8x16::splat(b'"'));
        u64::from(meant.to_bitmask())
    });
    a | b << 16 | c << 32 | d << 48
}
