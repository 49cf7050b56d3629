//! The bytes of a file, read once from end to end: in which encoding they are text, and how its lines end.

use std::io::Read;
use std::path::Path;

use super::{Confidence, Guess};
use crate::error::Error;
use crate::ingest::csv_file::broken_off;
use crate::ingest::layout::TextEncoding;
use crate::number::count;

/// What was counted while all bytes of a file went by.
#[derive(Debug, Clone)]
pub(super) struct ByteCensus {
    bytes: u64,
    /// How often each byte from 0x80 on occurs.
    high: [u64; 128],
    zeros_at_even: u64,
    zeros_at_odd: u64,
    line_feeds: u64,
    returns: u64,
    pairs: u64,
    start: Vec<u8>,
    /// Line and offset of the first byte that is no UTF-8.
    first_bad: Option<(u64, u64)>,
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnds {
    /// A line feed, as Unix writes them.
    Lf,
    /// Return and line feed, as Windows writes them.
    CrLf,
    /// A return alone, as old Macs wrote them.
    Cr,
    /// Several of these.
    Mixed,
}

impl ByteCensus {
    /// Reads everything.
    ///
    /// # Errors
    /// Bytes that cannot be read.
    pub(super) fn take(mut source: impl Read, path: &Path) -> Result<Self, Error> {
        let mut census = Self {
            bytes: 0,
            high: [0; 128],
            zeros_at_even: 0,
            zeros_at_odd: 0,
            line_feeds: 0,
            returns: 0,
            pairs: 0,
            start: Vec::new(),
            first_bad: None,
        };
        let mut buffer = vec![0; 1 << 18];
        let mut utf8 = Utf8Watch::default();
        let mut last = 0;
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(fault) => return Err(broken_off(path, &fault.to_string()).into()),
            };
            census.count(&buffer[..read], &mut utf8, &mut last);
        }
        if census.first_bad.is_none() && !utf8.open.is_empty() {
            census.first_bad = Some((census.line_feeds + 1, census.bytes - utf8.open.len() as u64));
        }
        Ok(census)
    }

    fn count(&mut self, chunk: &[u8], utf8: &mut Utf8Watch, last: &mut u8) {
        if self.start.len() < 4 {
            let wanted = (4 - self.start.len()).min(chunk.len());
            self.start.extend_from_slice(&chunk[..wanted]);
        }
        if self.first_bad.is_none()
            && let Some(at) = utf8.first_bad(chunk, self.bytes)
        {
            let in_chunk = usize::try_from(at.saturating_sub(self.bytes)).unwrap_or_default();
            let before = memchr::memchr_iter(b'\n', &chunk[..in_chunk]).count() as u64;
            self.first_bad = Some((self.line_feeds + before + 1, at));
        }
        for (i, &byte) in chunk.iter().enumerate() {
            match byte {
                0 if (self.bytes + i as u64).is_multiple_of(2) => self.zeros_at_even += 1,
                0 => self.zeros_at_odd += 1,
                b'\n' => {
                    self.line_feeds += 1;
                    self.pairs += u64::from(*last == b'\r');
                }
                b'\r' => self.returns += 1,
                0x80.. => self.high[usize::from(byte - 0x80)] += 1,
                _ => {}
            }
            *last = byte;
        }
        self.bytes += chunk.len() as u64;
    }

    /// How characters are written, with the evidence.
    pub(super) fn encoding(&self) -> Guess<TextEncoding> {
        let certain = |value, reason: String| Guess::new(value, Confidence::Certain, reason);
        if self.start.starts_with(&[0xff, 0xfe]) || self.start.starts_with(&[0xfe, 0xff]) {
            return certain(
                TextEncoding::Utf16,
                "the file begins with the byte order mark of UTF-16".into(),
            );
        }
        if self.start.starts_with(&[0xef, 0xbb, 0xbf]) && self.first_bad.is_none() {
            return certain(
                TextEncoding::Utf8,
                "the file begins with the byte order mark of UTF-8, and all of it is valid".into(),
            );
        }
        if let Some(guess) = self.utf16_by_zeros() {
            return guess;
        }
        let high: u64 = self.high.iter().sum();
        let Some((line, byte)) = self.first_bad else {
            return match high {
                0 => certain(
                    TextEncoding::Utf8,
                    "every byte is plain ASCII, which is valid UTF-8".into(),
                ),
                _ => certain(
                    TextEncoding::Utf8,
                    format!(
                        "all {} bytes are valid UTF-8, {} of them beyond ASCII",
                        count(self.bytes),
                        count(high)
                    ),
                ),
            };
        };
        self.single_byte(line, byte)
    }

    fn utf16_by_zeros(&self) -> Option<Guess<TextEncoding>> {
        let half = self.bytes / 2;
        let (most, least, order) = if self.zeros_at_odd >= self.zeros_at_even {
            (self.zeros_at_odd, self.zeros_at_even, "second")
        } else {
            (self.zeros_at_even, self.zeros_at_odd, "first")
        };
        if half == 0 || most * 2 < half || least * 20 > most {
            return None;
        }
        let reason = format!(
            "{most} of {half} pairs of bytes have a zero as their {order}, which is how UTF-16 writes English"
        );
        Some(Guess::new(TextEncoding::Utf16, Confidence::Likely, reason))
    }

    /// One byte a character: Windows-1252, which latin-1 is a part of.
    fn single_byte(&self, line: u64, byte: u64) -> Guess<TextEncoding> {
        let place = format!("not UTF-8 from line {line}, byte {byte} on");
        let undefined: u64 = [0x01, 0x0d, 0x0f, 0x10, 0x1d]
            .iter()
            .map(|&i| self.high[i])
            .sum();
        let windows_only: u64 = self.high[..32].iter().sum();
        let shown = self.characters();
        let (confidence, why) = if undefined > 0 {
            (
                Confidence::Doubtful,
                format!(
                    "{undefined} bytes mean nothing in Windows-1252 either: it may be an encoding that is not read"
                ),
            )
        } else if windows_only > 0 {
            (
                Confidence::Likely,
                format!(
                    "{windows_only} bytes are characters in Windows-1252 and in latin-1 are none"
                ),
            )
        } else {
            (
                Confidence::Likely,
                "latin-1 and Windows-1252 read it the same".to_owned(),
            )
        };
        let reason =
            format!("{place}; {why}; read so, it has {shown}: look whether names come out right");
        Guess::new(TextEncoding::Windows1252, confidence, reason)
    }

    /// The commonest characters beyond ASCII, as Windows-1252 reads them.
    fn characters(&self) -> String {
        let mut bytes: Vec<(u64, u8)> = (0x80..=0xff_u8)
            .map(|byte| (self.high[usize::from(byte - 0x80)], byte))
            .filter(|(count, _)| *count > 0)
            .collect();
        bytes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let shown: Vec<String> = bytes
            .iter()
            .take(5)
            .map(|(_, byte)| {
                let one = [*byte];
                encoding_rs::WINDOWS_1252
                    .decode_without_bom_handling(&one)
                    .0
                    .escape_debug()
                    .to_string()
            })
            .collect();
        shown.join(" ")
    }

    /// How lines end. In UTF-16 the two bytes of a line end have zeros between them, so the count says nothing there.
    pub(super) fn line_ends(&self) -> LineEnds {
        let alone = self.line_feeds - self.pairs;
        let returns = self.returns - self.pairs;
        match (alone > 0, self.pairs > 0, returns > 0) {
            (_, false, false) => LineEnds::Lf,
            (false, true, false) => LineEnds::CrLf,
            (false, false, true) => LineEnds::Cr,
            _ => LineEnds::Mixed,
        }
    }
}

/// Validates UTF-8 chunk by chunk.
#[derive(Default)]
struct Utf8Watch {
    /// The begun character at the end of the last chunk.
    open: Vec<u8>,
}

impl Utf8Watch {
    /// The offset of the first byte that is no UTF-8, `before` bytes having gone by.
    fn first_bad(&mut self, chunk: &[u8], before: u64) -> Option<u64> {
        let begun = self.open.len() as u64;
        let joined;
        let bytes = if self.open.is_empty() {
            chunk
        } else {
            joined = [self.open.as_slice(), chunk].concat();
            &joined
        };
        match std::str::from_utf8(bytes) {
            Ok(_) => self.open = Vec::new(),
            Err(fault) if fault.error_len().is_none() => {
                self.open = bytes[fault.valid_up_to()..].to_vec();
            }
            Err(fault) => return Some(before - begun + fault.valid_up_to() as u64),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(bytes: &[u8]) -> ByteCensus {
        ByteCensus::take(bytes, Path::new("t.csv")).unwrap()
    }

    #[test]
    fn utf8_with_and_without_a_mark() {
        let plain = census(b"a,b\n1,2\n").encoding();
        assert_eq!(
            (plain.value, plain.confidence),
            (TextEncoding::Utf8, Confidence::Certain)
        );
        let marked = census(b"\xef\xbb\xbfa,b\n1,2\n").encoding();
        assert!(
            marked.reason.contains("byte order mark"),
            "{}",
            marked.reason
        );
        let accents = census("a,b\nDoña,2\n".as_bytes()).encoding();
        assert_eq!(accents.value, TextEncoding::Utf8);
        assert!(
            accents.reason.contains("2 of them beyond ASCII"),
            "{}",
            accents.reason
        );
    }

    #[test]
    fn one_byte_a_character_is_told_with_its_place() {
        let latin = census(b"city,n\nDo\xf1a Ana,2\n").encoding();
        assert_eq!(latin.value, TextEncoding::Windows1252);
        assert!(
            latin.reason.starts_with("not UTF-8 from line 2, byte 9 on"),
            "{}",
            latin.reason
        );
        assert!(
            latin.reason.contains("read it the same"),
            "{}",
            latin.reason
        );
        let windows = census(b"city,n\nSheriff\x92s,2\n").encoding();
        assert!(
            windows.reason.contains("in latin-1 are none"),
            "{}",
            windows.reason
        );
        let neither = census(b"city,n\nx\x81y,2\n").encoding();
        assert_eq!(neither.confidence, Confidence::Doubtful);
    }

    #[test]
    fn utf16_with_and_without_a_mark() {
        let wide: Vec<u8> = "a,b\r\n1,2\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let guess = census(&wide).encoding();
        assert_eq!(
            (guess.value, guess.confidence),
            (TextEncoding::Utf16, Confidence::Likely)
        );
        let marked = census(&[&[0xff, 0xfe], wide.as_slice()].concat()).encoding();
        assert_eq!(
            (marked.value, marked.confidence),
            (TextEncoding::Utf16, Confidence::Certain)
        );
    }

    #[test]
    fn a_character_may_lie_across_two_chunks() {
        let mut watch = Utf8Watch::default();
        assert_eq!(watch.first_bad(&[b'a', 0xc3], 0), None);
        assert_eq!(watch.first_bad(&[0xb1, b'b'], 2), None);
        assert_eq!(watch.first_bad(&[b'c', 0xff], 4), Some(5));
    }

    #[test]
    fn line_ends_are_counted() {
        assert_eq!(census(b"a\nb\n").line_ends(), LineEnds::Lf);
        assert_eq!(census(b"a\r\nb\r\n").line_ends(), LineEnds::CrLf);
        assert_eq!(census(b"a\rb\r").line_ends(), LineEnds::Cr);
        assert_eq!(census(b"a\r\nb\n").line_ends(), LineEnds::Mixed);
    }
}
