//! A temporary file that has no name: the system takes it back when it is closed, however the program ends.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use crate::error::Error;

/// Room on the disk for what does not fit into memory.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    length: u64,
}

impl Scratch {
    pub(super) fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(|source| failed(&source))?;
        Ok(Self { file, length: 0 })
    }

    /// Writes bytes behind all others; where they begin.
    ///
    /// # Errors
    /// Any failure of the system, a full disk included.
    pub fn append(&mut self, bytes: &[u8]) -> Result<u64, Error> {
        let start = self.length;
        let end = self.file.seek(SeekFrom::Start(start));
        end.and_then(|_| self.file.write_all(bytes))
            .map_err(|source| failed(&source))?;
        self.length += bytes.len() as u64;
        Ok(start)
    }

    /// Reads the bytes that begin at `start`.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn read(&mut self, start: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let found = self.file.seek(SeekFrom::Start(start));
        found
            .and_then(|_| self.file.read_exact(bytes))
            .map_err(|source| failed(&source))
    }
}

fn failed(source: &std::io::Error) -> Error {
    let folder = std::env::temp_dir();
    Error::bundle(
        format!(
            "rows that do not fit into memory could not be kept in a temporary file in {}: {source}",
            folder.display()
        ),
        "make room there, or name another folder for temporary files: TMPDIR, on Windows TEMP",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_from_where_it_began() {
        let mut scratch = Scratch::new().unwrap();
        assert_eq!(scratch.append(b"abc").unwrap(), 0);
        assert_eq!(scratch.append(b"de").unwrap(), 3);
        let mut bytes = [0; 2];
        scratch.read(1, &mut bytes).unwrap();
        assert_eq!(&bytes, b"bc");
        assert_eq!(scratch.append(b"f").unwrap(), 5);
        scratch.read(4, &mut bytes).unwrap();
        assert_eq!(&bytes, b"ef");
        assert!(scratch.read(5, &mut bytes).is_err());
    }
}
