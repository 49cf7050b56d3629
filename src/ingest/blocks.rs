//! The text of a table in blocks of whole rows, so that several threads can share one file.
//!
//! A block ends where a row ends: quoted line breaks are inside a row. What is a quote and what is a letter that looks
//! like one is decided as the `csv` crate does, and held against it by a property test.

use std::io::{ErrorKind, Read};

use memchr::{memchr_iter, memrchr};

use super::rows::Marks;

/// Bytes of the longest row: beyond this a quote was opened and never closed.
const LONGEST_ROW: usize = 1 << 26;

/// Whole rows of a table, and where they stand in it.
#[derive(Debug, Default)]
pub struct Block {
    buffer: Vec<u8>,
    length: usize,
    /// Which block of the file it is, from 0.
    pub number: u64,
    /// Line of its first byte.
    pub(super) first_line: u64,
    /// Where it begins in the table.
    pub(super) first_byte: u64,
}

impl Block {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

/// Why there is no next block.
pub(super) enum Broken {
    /// The system, or the packing.
    Unreadable(std::io::Error),
    /// A row that goes on and on, and its line.
    Endless(u64),
}

/// A table that is read block by block.
pub(super) struct Blocks {
    /// `None` at its end.
    text: Option<Box<dyn Read + Send>>,
    /// The row that the block before began and did not end.
    begun: Vec<u8>,
    /// What is said once the rows before it were handed out.
    broken: Option<std::io::Error>,
    marks: Marks,
    size: usize,
    number: u64,
    line: u64,
    byte: u64,
}

impl Blocks {
    /// A table from its first row on, which stands on `line` and at `byte`.
    pub(super) fn new(
        text: Box<dyn Read + Send>,
        (marks, size): (Marks, usize),
        (line, byte): (u64, u64),
    ) -> Self {
        Self {
            text: Some(text),
            begun: Vec::new(),
            broken: None,
            marks,
            size,
            number: 0,
            line,
            byte,
        }
    }

    /// The number of the block that comes next.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Fills `block` with the next rows; `false` at the end.
    ///
    /// # Errors
    /// The text cannot be read on; a row without an end.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<bool, Broken> {
        let mut wanted = self.size.max(2 * self.begun.len());
        let mut filled = self.begun.len();
        grow(&mut block.buffer, wanted);
        block.buffer[..filled].copy_from_slice(&self.begun);
        self.begun.clear();
        let mut edges = Edges::new(self.marks);
        let end = loop {
            filled = self.fill(&mut block.buffer[..wanted], filled);
            let edge = edges.last(&block.buffer[..filled]);
            match (self.text.is_some(), edge) {
                (true, Some(edge)) => break edge,
                (true, None) if filled >= LONGEST_ROW => {
                    self.text = None;
                    return Err(Broken::Endless(self.line));
                }
                (true, None) => {
                    wanted = filled * 2;
                    grow(&mut block.buffer, wanted);
                }
                // The row in which the text broke off is no row.
                (false, edge) if self.broken.is_some() => break edge.unwrap_or(0),
                (false, _) => break filled,
            }
        };
        if end == 0 {
            return match self.broken.take() {
                Some(error) => Err(Broken::Unreadable(error)),
                None => Ok(false),
            };
        }
        if self.text.is_some() {
            self.begun.extend_from_slice(&block.buffer[end..filled]);
        }
        (block.length, block.number) = (end, self.number);
        (block.first_line, block.first_byte) = (self.line, self.byte);
        self.number += 1;
        self.line += lines(block.bytes());
        self.byte += end as u64;
        Ok(true)
    }

    /// Reads until the buffer is full or the text ends.
    fn fill(&mut self, buffer: &mut [u8], mut filled: usize) -> usize {
        while filled < buffer.len()
            && let Some(text) = &mut self.text
        {
            match text.read(&mut buffer[filled..]) {
                Ok(0) => self.text = None,
                Ok(more) => filled += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => (self.text, self.broken) = (None, Some(error)),
            }
        }
        filled
    }
}

fn grow(buffer: &mut Vec<u8>, size: usize) {
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
}

/// Line breaks in a text.
pub(super) fn lines(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

/// Where rows end, in a text that begins with a row and grows.
struct Edges {
    marks: Marks,
    state: State,
    /// Up to here the text was looked at.
    seen: usize,
    /// Behind the last line break that ends a row.
    last: Option<usize>,
}

#[derive(Clone, Copy)]
enum State {
    /// Outside quotes, and not yet searched for line breaks from here on.
    Outside(usize),
    Inside,
    /// Behind a quote that closes a field, unless another follows.
    Closed(usize),
}

impl Edges {
    fn new(marks: Marks) -> Self {
        Self {
            marks,
            state: State::Outside(0),
            seen: 0,
            last: None,
        }
    }

    /// Behind the last row that ends in `text`, which goes on where it ended before.
    fn last(&mut self, text: &[u8]) -> Option<usize> {
        let new = if self.marks.quotes {
            &text[self.seen..]
        } else {
            &[]
        };
        for at in memchr_iter(b'"', new) {
            let at = self.seen + at;
            self.state = match self.state {
                State::Inside => State::Closed(at + 1),
                State::Closed(since) if since == at => State::Inside,
                State::Closed(since) | State::Outside(since) if self.opens(text, at) => {
                    self.search(text, since, at);
                    State::Inside
                }
                State::Closed(since) => State::Outside(since),
                outside @ State::Outside(_) => outside,
            };
        }
        self.seen = text.len();
        match self.state {
            State::Closed(since) | State::Outside(since) if since < text.len() => {
                self.search(text, since, text.len());
                self.state = State::Outside(text.len());
            }
            _ => {}
        }
        self.last
    }

    /// Whether a quote outside others opens a field: it is its first character.
    fn opens(&self, text: &[u8], at: usize) -> bool {
        match at.checked_sub(1).map(|before| text[before]) {
            None | Some(b'\n') => true,
            Some(before) => before == self.marks.separator,
        }
    }

    fn search(&mut self, text: &[u8], since: usize, until: usize) {
        if let Some(at) = memrchr(b'\n', &text[since..until]) {
            self.last = Some(since + at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use csv::ReaderBuilder;
    use proptest::prelude::*;

    use super::super::rows::{Fields, Split, Splitter};
    use super::*;

    /// The fields of a row, its line and its first byte.
    type Placed = (Vec<Vec<u8>>, u64, u64);

    /// A reader that hands out a few bytes at a time.
    struct Dripping(Cursor<Vec<u8>>, usize);

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    fn marks(quotes: bool) -> Marks {
        Marks {
            separator: b',',
            quotes,
        }
    }

    fn rows_in_blocks(text: &[u8], marks: Marks, size: usize, drip: usize) -> Vec<Placed> {
        let reader = Box::new(Dripping(Cursor::new(text.to_vec()), drip));
        let mut blocks = Blocks::new(reader, (marks, size), (1, 0));
        let (mut block, mut fields, mut rows) = (Block::default(), Fields::default(), Vec::new());
        let mut number = 0;
        while blocks.next(&mut block).unwrap_or_else(|_| panic!("broken")) {
            assert_eq!(block.number, number);
            number += 1;
            let bytes = block.bytes();
            let mut splitter = Splitter::new(bytes, marks);
            while let Some(start) = splitter.next(bytes, &mut fields) {
                let row = Split::new(bytes, &mut fields);
                let row = row.iter().map(<[u8]>::to_vec).collect();
                let line = block.first_line + lines(&bytes[..start]);
                rows.push((row, line, block.first_byte + start as u64));
            }
        }
        assert!(!blocks.next(&mut block).unwrap_or(true));
        rows
    }

    fn rows_of_csv(text: &[u8], marks: Marks) -> Vec<Placed> {
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .quoting(marks.quotes)
            .from_reader(text);
        let records = reader.byte_records().map(Result::unwrap);
        let placed = |record: csv::ByteRecord| {
            // The crate's own position is that of the row before's end.
            let before = usize::try_from(record.position().unwrap().byte()).unwrap();
            let blank = text[before..].iter().take_while(|b| b"\r\n".contains(b));
            let start = before + blank.count();
            let fields = record.iter().map(<[u8]>::to_vec).collect();
            (fields, 1 + lines(&text[..start]), start as u64)
        };
        records.map(placed).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rows_are_those_of_the_csv_crate_whatever_the_blocks(
            text in prop::collection::vec(prop::sample::select(&["a", "a", "b", ",", ",", ",", "\"", "\"", "\"", "\n", "\n", "\r\n", "\0"][..]), 0..300),
            quotes in any::<bool>(),
            size in 1usize..90,
            drip in 1usize..40,
        ) {
            let (text, marks) = (text.concat().into_bytes(), marks(quotes));
            prop_assert_eq!(rows_in_blocks(&text, marks, size, drip), rows_of_csv(&text, marks));
        }

        #[test]
        fn quoted_fields_too(
            pieces in prop::collection::vec(prop::sample::select(&["\"a\n,b\"", "\"\"", "\"x\"\"y\"", "abcdefghij", "a\"b", "\"c\"d", ",", ",", ",", "\n", "\r\n"][..]), 0..120),
            size in 1usize..200,
        ) {
            let text = pieces.concat().into_bytes();
            prop_assert_eq!(rows_in_blocks(&text, marks(true), size, usize::MAX), rows_of_csv(&text, marks(true)));
        }
    }

    #[test]
    fn a_carriage_return_alone_is_a_character_and_before_a_line_end_it_is_none() {
        let rows = rows_in_blocks(b"a\rb,c\r\n\r\n\n\r\n\"d\r\",\r\n", marks(true), 5, 2);
        let fields = |i: usize| rows[i].0.iter().map(Vec::as_slice).collect::<Vec<_>>();
        assert_eq!(rows.len(), 2);
        assert_eq!(fields(0), [&b"a\rb"[..], b"c"]);
        assert_eq!(fields(1), [&b"d\r"[..], b""]);
        assert_eq!((rows[1].1, rows[1].2), (5, 12));
    }

    /// A text that ends in a failure.
    struct Failing(Cursor<Vec<u8>>);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::Error::other("gone")),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn whole_rows_before_a_failure_are_handed_out_and_the_broken_row_is_not() {
        let text = Failing(Cursor::new(b"a,b\nc,d\ne".to_vec()));
        let mut blocks = Blocks::new(Box::new(text), (marks(true), 1 << 10), (1, 0));
        let mut block = Block::default();
        assert!(blocks.next(&mut block).unwrap_or(false));
        assert_eq!(block.bytes(), b"a,b\nc,d\n");
        assert!(matches!(
            blocks.next(&mut block),
            Err(Broken::Unreadable(_))
        ));
        assert!(!blocks.next(&mut block).unwrap_or(true));
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_with_its_line_and_not_with_the_memory() {
        let text = Cursor::new(b"a,b\nc,\"d\n".to_vec()).chain(std::io::repeat(b'x'));
        let mut blocks = Blocks::new(Box::new(text), (marks(true), 1 << 20), (1, 0));
        let mut block = Block::default();
        assert!(blocks.next(&mut block).unwrap_or(false));
        assert_eq!(block.bytes(), b"a,b\n");
        assert!(matches!(blocks.next(&mut block), Err(Broken::Endless(2))));
    }
}
