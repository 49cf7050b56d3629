//! Where a line of the text stands on disk: in which member of an archive, in which sheet of a workbook, on which line of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Finds the place of a line of the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Lines before the text of a file that is one table.
    skipped: u64,
    /// The tables of a container, as far as the text has come.
    parts: Option<Arc<Mutex<Vec<Place>>>>,
    blank_rows: Arc<AtomicU64>,
}

/// Where a part of the text comes from.
#[derive(Debug, Clone)]
struct Place {
    /// The first line of the text that is of this part.
    from: u64,
    /// What that line is in the part.
    own: u64,
    /// What follows the name of the file: `/2019.csv`, ``, sheet `2019` ``.
    name: String,
}

impl Places {
    /// Of a file that is one table, after some lines.
    pub(super) fn after(skipped: u64) -> Self {
        Self {
            skipped,
            ..Self::default()
        }
    }

    /// Of a container.
    pub(super) fn of_parts() -> Self {
        Self {
            parts: Some(Arc::default()),
            ..Self::default()
        }
    }

    /// Notes where a part begins, parts in the order of the text.
    pub(super) fn begin(&self, name: &str, (from, own): (u64, u64)) {
        if let Some(parts) = &self.parts {
            let mut parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
            parts.push(Place {
                from,
                own,
                name: name.to_owned(),
            });
        }
    }

    /// Counts blank rows at the end of a sheet, which are no part of the text.
    pub(super) fn leave_out(&self, blank_rows: u64) {
        self.blank_rows.fetch_add(blank_rows, Ordering::Relaxed);
    }

    /// Blank rows at the ends of sheets so far.
    pub(crate) fn blank_rows(&self) -> u64 {
        self.blank_rows.load(Ordering::Relaxed)
    }

    /// The line on disk, or the row of a sheet, of a line of the text.
    pub(crate) fn line(&self, line: u64) -> u64 {
        match self.part(line) {
            Some(place) => place.own + (line - place.from),
            None => self.skipped + line,
        }
    }

    /// The file with the part of it in which a line of the text stands.
    pub(crate) fn path(&self, file: &Path, line: u64) -> PathBuf {
        match self.part(line) {
            Some(place) => with_part(file, &place.name),
            None => file.to_path_buf(),
        }
    }

    fn part(&self, line: u64) -> Option<Place> {
        let parts = self.parts.as_ref()?;
        let parts = parts.lock().unwrap_or_else(PoisonError::into_inner);
        let after = parts.partition_point(|place| place.from <= line);
        parts.get(after.checked_sub(1)?).cloned()
    }
}

/// A file with the name of a part of it, for a message.
pub(super) fn with_part(file: &Path, part: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(part);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_text_is_found_in_its_part() {
        let places = Places::of_parts();
        places.begin("/a.csv", (1, 3));
        places.begin("/b.csv", (5, 4));
        let (file, of) = (Path::new("x.zip"), |line| {
            (places.path(Path::new("x.zip"), line), places.line(line))
        });
        assert_eq!(of(1), (with_part(file, "/a.csv"), 3));
        assert_eq!(of(4), (with_part(file, "/a.csv"), 6));
        assert_eq!(of(5), (with_part(file, "/b.csv"), 4));
        assert_eq!(of(9), (with_part(file, "/b.csv"), 8));
        assert_eq!(Places::after(2).line(1), 3);
    }
}
