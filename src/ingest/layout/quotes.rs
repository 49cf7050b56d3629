//! Rows that vanish in a quote that nobody closes.
//!
//! A reader of CSV takes everything after an opening quote for one field, line ends too, until a quote closes it. Where
//! one is missing, the rows up to the next quote become text of that field and are counted by nobody. What cannot be meant
//! is refused here: a quoted field that ends with the file, or one over several lines that ends in the middle of a field.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::carried;
use super::places::Places;
use crate::error::DataFault;

/// Holds the quotes of a text against one another.
pub(super) struct Quotes<R> {
    inner: R,
    path: PathBuf,
    places: Places,
    separator: u8,
    state: State,
    /// The last byte before what is read next.
    last: u8,
    /// Line ends so far.
    lines: u64,
    /// The line on which the open quote stands.
    opened: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside,
    /// Right after a quote within a field: it closes the field, or is half of a doubled one.
    Closing,
}

impl<R> Quotes<R> {
    pub(super) fn new(inner: R, path: &Path, places: Places, separator: u8) -> Self {
        Self {
            inner,
            path: path.to_path_buf(),
            places,
            separator,
            state: State::Outside,
            last: b'\n',
            lines: 0,
            opened: 0,
        }
    }

    fn look(&mut self, bytes: &[u8]) -> Result<(), DataFault> {
        let mut seen = 0;
        // A quote at the very end of the last piece waits for the byte after it.
        if self.state == State::Closing {
            self.close(bytes[0])?;
            seen = usize::from(bytes[0] == b'"');
        }
        for at in memchr::memchr_iter(b'"', bytes) {
            if at < seen {
                continue;
            }
            self.lines += line_ends(&bytes[seen..at]);
            let before = if at == 0 { self.last } else { bytes[at - 1] };
            seen = at + 1;
            match self.state {
                State::Outside => {
                    let begins = before == self.separator || matches!(before, b'\n' | b'\r');
                    if begins {
                        (self.state, self.opened) = (State::Inside, self.lines + 1);
                    }
                }
                State::Inside => {
                    self.state = State::Closing;
                    if let Some(&next) = bytes.get(at + 1) {
                        let was_doubled = next == b'"';
                        self.close(next)?;
                        if was_doubled {
                            seen = at + 2;
                        }
                    }
                }
                State::Closing => {}
            }
        }
        self.lines += line_ends(bytes.get(seen..).unwrap_or_default());
        if let Some(&last) = bytes.last() {
            self.last = last;
        }
        Ok(())
    }

    /// After a quote within a field comes another, the end of the field, or what cannot be meant.
    fn close(&mut self, next: u8) -> Result<(), DataFault> {
        if next == b'"' {
            self.state = State::Inside;
            return Ok(());
        }
        self.state = State::Outside;
        let ends = next == self.separator || matches!(next, b'\n' | b'\r');
        let line = self.lines + 1;
        if !ends && line > self.opened {
            let message = format!(
                "the quote that is opened here is closed on line {} in the middle of a field, and the rows between are lost in it",
                self.places.line(line)
            );
            return Err(self.fault(message));
        }
        Ok(())
    }

    fn end(&self) -> Result<(), DataFault> {
        if self.state == State::Inside {
            return Err(self.fault("the quote that is opened here is never closed".into()));
        }
        Ok(())
    }

    fn fault(&self, message: String) -> DataFault {
        DataFault::new(
            &self.places.path(&self.path, self.opened),
            message,
            "close or remove the quote, or say that quotes mean nothing in this file: layout = { quotes = false }",
        )
        .at_line(self.places.line(self.opened))
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let looked = match &buffer[..read] {
            [] if buffer.is_empty() => Ok(()),
            [] => self.end(),
            bytes => self.look(bytes),
        };
        looked.map_err(|fault| carried(fault.into()))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a text in pieces of one size.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let size = self.1.min(self.0.len()).min(buffer.len());
            buffer[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    fn looked(text: &str, size: usize) -> Result<(), String> {
        let pieces = Pieces(text.as_bytes(), size);
        let mut quotes = Quotes::new(pieces, Path::new("a.csv"), Places::default(), b',');
        let read = std::io::copy(&mut quotes, &mut std::io::sink());
        read.map(|_| ()).map_err(|e| e.to_string())
    }

    #[test]
    fn rows_that_vanish_in_a_quote_are_found_however_the_text_comes() {
        for size in [1, 2, 3, 7, 100] {
            for fine in [
                "a,b\n\"x\",\"y\ny\"\n",
                "a,\"b\"\"b\"\n\"\"\"\n\"\"\",c\n",
                "a,5\" gun\nc,d\n",
                "a,\"b\"x\nc,d\n",
                "a,\"\"\n\"\",\"\"",
            ] {
                assert_eq!(looked(fine, size), Ok(()), "{fine} in pieces of {size}");
            }
            let error = looked("a,b\n1,\"2\n3,4\n5,6\n", size).unwrap_err();
            assert!(
                error.starts_with("a.csv:2: ") && error.contains("never closed"),
                "{error}"
            );
            assert!(looked("a,\"b", size).is_err());
            let error = looked("a,b\n1,\"2\n3,\"4\"\n5,6\n", size).unwrap_err();
            assert!(
                error.starts_with("a.csv:2: ") && error.contains("on line 3"),
                "{error}"
            );
        }
    }
}
