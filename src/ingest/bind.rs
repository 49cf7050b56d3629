//! A table of rows takes on what its format says, and leaves out what its files do not have.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::column::ColumnSource;
use super::formats::Format;
use super::layout::Layout;
use super::row_counts::RowCounts;
use super::row_filter::RowFilter;
use super::stops::{Columns, StopsConfig};
use crate::cells::GROUP;
use crate::error::Error;
use crate::stops::{DATE, HIT, HITS, PERIOD, SEARCH_BASIS, SEARCHED, SEARCHES, YEAR};

/// A file and its header.
type Header = (String, Vec<String>);

impl StopsConfig {
    /// The table with what its format brings, wherever the table says nothing itself. `span` is where the format is named.
    ///
    /// # Errors
    /// The format describes other files than rows of stops.
    pub fn with_format(mut self, format: &Format, span: Range<usize>) -> Result<Self, Error> {
        let Some(brought) = format.stops.clone() else {
            return Err(Error::study(
                span,
                format!("the format `{}` describes no rows of stops", format.name),
                format!("it is one of [[{}]]: name it there", format.table()),
            ));
        };
        let names = |columns: &Columns| -> BTreeSet<String> {
            columns.keys().map(|name| name.get_ref().clone()).collect()
        };
        let own: BTreeSet<String> = names(self.columns.get_ref())
            .union(&names(&self.keys))
            .cloned()
            .collect();
        let mut columns = self.columns.get_ref().clone();
        for (into, from) in [
            (&mut columns, brought.columns.into_inner()),
            (&mut self.keys, brought.keys),
        ] {
            for (name, source) in from {
                if !own.contains(name.get_ref()) {
                    self.brought.insert(name.get_ref().clone());
                    into.insert(Spanned::new(span.clone(), name.into_inner()), source);
                }
            }
        }
        self.columns = Spanned::new(span.clone(), columns);
        if self.layout == Layout::default() {
            self.layout = brought.layout;
        }
        self.unit = self.unit.or(brought.unit);
        self.same_stop = self.same_stop.or(brought.same_stop);
        self.rows_are = self.rows_are.or(brought.rows_are);
        self.outcomes = self.outcomes.or(brought.outcomes);
        self.timezone = self.timezone.or(brought.timezone);
        self.utc |= brought.utc;
        if self.missing.is_empty() {
            self.missing = brought.missing;
        }
        // The files of a publisher stand in one folder.
        let main = self
            .files
            .get_ref()
            .first()
            .map_or("", |file| file.get_ref());
        let folder = main
            .rsplit_once('/')
            .map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for mut join in brought.join {
            join.file = Spanned::new(
                self.files.span(),
                format!("{folder}{}", join.file.get_ref()),
            );
            self.join.push(join);
        }
        for counts in brought.counts {
            if self.further(counts.name.get_ref()).is_none() {
                let name = Spanned::new(span.clone(), counts.name.get_ref().clone());
                self.counts.push(RowCounts {
                    name,
                    ..counts.of_a_format()
                });
            }
        }
        let filters = brought.filter.into_iter().map(RowFilter::of_a_format);
        self.filter.splice(0..0, filters);
        self.cautions.splice(0..0, format.cautions.clone());
        Ok(self)
    }

    /// Whether a column or key came from the format, so that files may lack it.
    #[must_use]
    pub fn is_brought(&self, name: &str) -> bool {
        self.brought.contains(name)
    }

    /// Why there are no counts or no key of a name, where the files lack what the format makes them of.
    #[must_use]
    pub fn lacking(&self, name: &str) -> Option<String> {
        let column = match name {
            SEARCHES => SEARCHED,
            HITS => HIT,
            YEAR | PERIOD => DATE,
            key => key,
        };
        self.lacking.get(column).cloned()
    }

    /// Leaves out what the format knows and these files do not have.
    ///
    /// # Errors
    /// Some of the files have a column and others do not, so that its counts would be of some rows only; none has one
    /// for the groups.
    pub fn bind(&mut self, headers: &[Header]) -> Result<(), Error> {
        let mut absent = BTreeSet::new();
        let all = self.columns.get_ref().iter().chain(&self.keys);
        for (name, source) in all.filter(|(name, _)| self.is_brought(name.get_ref())) {
            let name = name.get_ref();
            let alike = self.same_everywhere(name, source, headers);
            // What is read only where it is asked for does no harm either.
            let is_key = self.own_key(name).is_some() || name == SEARCH_BASIS;
            let in_none = headers.iter().all(|(_, header)| !source.fits(header));
            match alike {
                // A key that nobody asks for does no harm.
                Err(_) if is_key => absent.insert((name.clone(), "not every file has a")),
                Ok(()) if in_none => absent.insert((name.clone(), "the files have no")),
                other => other.map(|()| false)?,
            };
        }
        for (name, have) in &absent {
            let source = self.column(name).or_else(|| self.own_key(name));
            let looked_for = source.map(ColumnSource::described).unwrap_or_default();
            let why = format!(
                "{have} column for `{name}`, which the format reads from {looked_for}: say where it is, {name} = \"the column's name in the file\", or leave the question out"
            );
            self.lacking.insert(name.clone(), why);
        }
        if self.lacking.contains_key(GROUP) {
            return Err(self.no_groups(headers));
        }
        // Hits are a part of searches: without these nothing can be said of them.
        for part in [HIT, SEARCH_BASIS] {
            if self.lacking.contains_key(SEARCHED) && self.is_brought(part) {
                let why = self.lacking[SEARCHED].clone();
                self.lacking.insert(part.to_owned(), why);
            }
        }
        let absent: BTreeSet<String> = self.lacking.keys().cloned().collect();
        let keep = |name: &Spanned<String>| !absent.contains(name.get_ref());
        let mut columns = self.columns.get_ref().clone();
        columns.retain(|name, _| keep(name));
        self.columns = Spanned::new(self.columns.span(), columns);
        self.keys.retain(|name, _| keep(name));
        self.bind_counts(headers);
        self.bind_filters(headers)
    }

    /// Files of one kind have the same of the columns that a source may read.
    fn same_everywhere(
        &self,
        name: &str,
        source: &ColumnSource,
        headers: &[Header],
    ) -> Result<(), Error> {
        let Some((first, header)) = headers.first() else {
            return Ok(());
        };
        let expected = source.found(header);
        let Some((other, header)) = headers
            .iter()
            .find(|(_, header)| source.found(header) != expected)
        else {
            return Ok(());
        };
        let (lacks, has) = if source.found(header).is_superset(&expected) {
            (first, other)
        } else {
            (other, first)
        };
        Err(Error::study(
            self.files.span(),
            format!("`{lacks}` lacks a column for `{name}` that `{has}` has"),
            format!(
                "the format reads it from {}; counts would be of some rows only: read files of one kind in one study, or say {name} = ... yourself",
                source.described()
            ),
        ))
    }

    fn no_groups(&self, headers: &[Header]) -> Error {
        let file = headers.first().map_or("", |(file, _)| file.as_str());
        let source = self.column(GROUP).map(ColumnSource::described);
        Error::study(
            self.files.span(),
            format!("`{file}` has no column for `{GROUP}`"),
            format!(
                "the format reads it from {}: look whether the file is of this format, or say {GROUP} = \"the column's name in the file\" yourself",
                source.unwrap_or_default()
            ),
        )
    }

    /// A filter of the format leaves nothing out of files that lack its columns.
    fn bind_filters(&mut self, headers: &[Header]) -> Result<(), Error> {
        let has = |filter: &RowFilter, header: &[String]| {
            filter.fits.keys().all(|name| header.contains(name))
        };
        for filter in self.filter.iter().filter(|filter| filter.brought) {
            let lacks = headers.iter().find(|(_, header)| !has(filter, header));
            let is_somewhere = headers.iter().any(|(_, header)| has(filter, header));
            if let Some((file, _)) = lacks.filter(|_| is_somewhere) {
                return Err(Error::study(
                    self.files.span(),
                    format!(
                        "`{file}` lacks the column by which the format leaves rows out ({}), and other files have it",
                        filter.drop
                    ),
                    "read files of one kind in one study",
                ));
            }
        }
        self.filter.retain(|filter| {
            !filter.brought || headers.iter().all(|(_, header)| has(filter, header))
        });
        Ok(())
    }
}
