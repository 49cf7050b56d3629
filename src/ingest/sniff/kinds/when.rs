//! Dates and times of day among the kinds.

use super::shown;
use super::{Column, Confidence, DateKind, Guess, Kind, Verdict};

impl Column<'_> {
    fn is_named_like_a_date(&self) -> bool {
        self.has(&[
            "date",
            "dt",
            "day",
            "datetime",
            "timestamp",
            "signed",
            "datestop",
            "stopdate",
        ])
    }

    pub(super) fn dates(&self) -> Verdict {
        let shapes = self.shapes();
        let dates = &shapes.dates;
        let serials = if self.is_named_like_a_date() {
            shapes.serials
        } else {
            0
        };
        let read = dates.fit + serials;
        if read == 0
            || read * 2 < shapes.filled
            || (!self.is_named_like_a_date() && !self.most(read))
        {
            return None;
        }
        let layouts = dates.date_layouts();
        let bare_digits = layouts.first().is_some_and(|(layout, _)| {
            !layout.contains(['-', '/', '.', ' ', ',']) && layout.starts_with("%Y%m")
        });
        if bare_digits && !self.is_named_like_a_date() && self.tally.rows < 20 {
            return None;
        }
        let chosen = chosen_layouts(&layouts, dates.fit);
        let either = rival(&layouts, chosen.first().copied());
        let covered: u64 = layouts
            .iter()
            .filter(|(layout, _)| chosen.contains(layout))
            .map(|(_, count)| *count)
            .sum::<u64>()
            .min(dates.fit);
        let kind = DateKind {
            times: chosen_layouts(&dates.time_layouts(), dates.with_time),
            without_time: dates.fit - dates.with_time,
            at_midnight: dates.at_midnight,
            has_t: dates.with_t * 2 > dates.with_time.max(1),
            with_offset: dates.with_offset,
            serials,
            unread: shapes.filled - covered - serials,
            first_unread: dates.unread_by(&chosen).filter(|_| serials == 0).cloned(),
            mixed: chosen.first().and_then(|layout| {
                let rivals: Vec<&'static str> = swapped(layout)
                    .into_iter()
                    .filter(|other| order(other) != order(layout))
                    .collect();
                dates.mixed(layout, &rivals).map(Box::new)
            }),
            span: dates.span().filter(|_| either.is_none()),
            layouts: chosen.clone(),
            either,
        };
        Some(self.date_guess(kind, &layouts))
    }

    fn date_guess(&self, kind: DateKind, layouts: &[(&'static str, u64)]) -> Guess<Kind> {
        let mut parts: Vec<String> = Vec::new();
        if let Some([one, other]) = kind.either {
            let count = layouts
                .iter()
                .find(|(layout, _)| *layout == one)
                .map_or(0, |(_, count)| *count);
            let reason = format!(
                "{} can be read as {one} and as {other}, and no value tells which is meant: none has a number above 12 where it would decide",
                self.of(count)
            );
            return Guess::new(Kind::Date(kind), Confidence::Doubtful, reason);
        }
        for (layout, count) in layouts
            .iter()
            .filter(|(layout, _)| kind.layouts.contains(layout))
        {
            let beside = layouts
                .iter()
                .find(|(other, _)| swapped(layout).contains(other))
                .map_or(String::new(), |(other, fits)| {
                    format!(" ({other} reads only {})", shown(*fits))
                });
            let behind = match (kind.times.first(), kind.without_time) {
                (None, _) => "",
                (Some(_), 0) => " with a time of day behind it",
                (Some(_), _) => ", some with a time of day behind it",
            };
            parts.push(format!(
                "{} read as {layout}{behind}{beside}",
                self.of(*count)
            ));
        }
        if kind.serials > 0 {
            parts.push(format!(
                "{} are days of a spreadsheet, counted from 1899-12-30",
                self.of(kind.serials)
            ));
        }
        if kind.unread > 0 {
            parts.push(format!("{} are no date", self.of(kind.unread)));
        }
        if let Some((first, last)) = kind.span {
            parts.push(format!("from {first} to {last}"));
        }
        let confidence = match (
            kind.unread,
            kind.layouts.len() + usize::from(kind.serials > 0),
        ) {
            (0, 1) if self.is_named_like_a_date() => Confidence::Certain,
            (0, _) => Confidence::Likely,
            _ => Confidence::Doubtful,
        };
        Guess::new(Kind::Date(kind), confidence, parts.join("; "))
    }

    pub(super) fn times(&self) -> Verdict {
        let dates = &self.shapes().dates;
        let (layout, count) = *dates.time_layouts().first()?;
        let is_named = self.has(&["time", "hour", "tod", "timestop", "clock"]);
        if !self.most(dates.time_only)
            || (layout == "%H%M" && !is_named)
            || self.has(&["duration", "minutes"])
        {
            return None;
        }
        let confidence = if count == self.shapes().filled && is_named {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        let midnight = match dates.at_midnight {
            0 => String::new(),
            rows => format!(
                "; {} say midnight, which often stands for a time that nobody wrote down",
                shown(rows)
            ),
        };
        Self::guess(
            Kind::Time {
                layouts: chosen_layouts(&dates.time_layouts(), dates.time_only),
            },
            confidence,
            format!("{} read as {layout}{midnight}", self.of(count)),
        )
    }
}

/// The fewest layouts that together read what any layout reads, the commonest first.
fn chosen_layouts(layouts: &[(&'static str, u64)], fit: u64) -> Vec<&'static str> {
    let mut chosen: Vec<&'static str> = Vec::new();
    let mut read = 0;
    for (layout, count) in layouts {
        let is_swapped = chosen.iter().any(|own| swapped(own).contains(layout));
        if read >= fit || is_swapped {
            continue;
        }
        chosen.push(layout);
        read += count;
    }
    chosen
}

/// Another layout that reads as many values as the chosen one, and means other days.
fn rival(
    layouts: &[(&'static str, u64)],
    chosen: Option<&'static str>,
) -> Option<[&'static str; 2]> {
    let chosen = chosen?;
    let own = layouts.iter().find(|(layout, _)| *layout == chosen)?.1;
    layouts
        .iter()
        .find(|(layout, count)| *count == own && swapped(chosen).contains(layout))
        .map(|(layout, _)| [chosen, *layout])
}

/// In which order a layout has day, month and year, however many digits the year has.
fn order(layout: &str) -> String {
    layout.to_lowercase()
}

/// The layouts of the same shape with day, month and year in another order.
fn swapped(layout: &str) -> Vec<&'static str> {
    let shape = |layout: &str| layout.replace(['d', 'm', 'y', 'Y'], "n");
    let is_iso = layout.starts_with("%Y");
    super::super::dates::DATES
        .iter()
        .copied()
        .filter(|other| {
            *other != layout && shape(other) == shape(layout) && !is_iso && !layout.contains("%b")
        })
        .collect()
}
