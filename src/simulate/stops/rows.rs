//! The rows: stops are drawn one by one, each from a stream of its own, and written in order whoever draws them.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use chacha20::ChaCha8Rng;
use flate2::Crc;
use rand::RngExt as _;

use super::model::{Cell, Model, visible};
use crate::error::Error;
use crate::simulate::folder::NewFile;
use crate::world::World;

/// Header of every file.
pub(super) const HEADER: &str = "raw_row_number,date,time,county_name,subject_race,subject_sex,subject_age,officer_id_hash,type,violation,search_conducted,search_basis,contraband_found,citation_issued,arrest_made,outcome\n";

/// Stops that one thread draws at a time.
const PIECE: u64 = 16_384;

/// Why a driver was stopped: nothing depends on it. A second citation of a stop names another one.
const VIOLATIONS: [&str; 5] = [
    "speeding",
    "equipment",
    "registration",
    "moving violation",
    "seat belt",
];

/// Youngest age, and how many years the oldest is older.
const AGES: (u32, u32) = (16, 64);

/// How the rows are divided into files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Division {
    pub(super) files: u32,
    pub(super) is_packed: bool,
}

impl Division {
    /// `stops.csv`, or `stops-1.csv` to `stops-3.csv`; numbers of one width, so that names sort as they count.
    pub(super) fn names(self) -> Vec<String> {
        let packed = if self.is_packed { ".gz" } else { "" };
        if self.files == 1 {
            return vec![format!("stops.csv{packed}")];
        }
        let width = self.files.to_string().len();
        let name = |i| format!("stops-{i:0width$}.csv{packed}");
        (1..=self.files).map(name).collect()
    }

    /// The stops of a file, counted from 0.
    fn stops(self, file: usize, all: u64) -> Range<u64> {
        let end = |file: usize| (u128::from(all) * file as u128 / u128::from(self.files)) as u64;
        end(file)..end(file + 1)
    }
}

/// Writes the files of stops into a folder.
///
/// # Errors
/// The disk fails.
pub(super) fn write(
    model: &Model,
    division: Division,
    folder: &Path,
    world: &World,
) -> Result<(), Error> {
    for (i, name) in division.names().iter().enumerate() {
        let mut file = NewFile::create(world, folder.join(name))?;
        let header = HEADER.as_bytes().to_vec();
        file.append(&packed(header, division))?;
        let stops = division.stops(i, model.rows.stops);
        let mut next = stops.start;
        while next < stops.end {
            let pieces: Vec<Range<u64>> = (0..world.threads() as u64)
                .map(|i| next + i * PIECE)
                .take_while(|start| *start < stops.end)
                .map(|start| start..(start + PIECE).min(stops.end))
                .collect();
            next = pieces.last().map_or(stops.end, |piece| piece.end);
            let (first, last) = (pieces[0].start, next);
            for bytes in drawn(model, division, pieces) {
                file.append(&bytes)?;
            }
            let rows = model.rows.before(last) - model.rows.before(first);
            world.watcher().rows(rows);
        }
        file.finish()?;
    }
    Ok(())
}

/// The bytes of each piece, drawn side by side.
fn drawn(model: &Model, division: Division, pieces: Vec<Range<u64>>) -> Vec<Vec<u8>> {
    let draw = |piece: Range<u64>| packed(text(model, piece), division);
    if let [piece] = pieces.as_slice() {
        return vec![draw(piece.clone())];
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> = pieces
            .into_iter()
            .map(|piece| scope.spawn(move || draw(piece)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("drawing does not panic"))
            .collect()
    })
}

/// Head of a packed file: deflate, no name, no time, no system.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// How hard packing tries.
const EFFORT: u8 = 6;

/// The bytes as they go into the file. Pieces are packed one by one: a gzip file may be several behind one another. Not
/// by the crate that unpacks, since what that one packs depends on the processor.
fn packed(text: Vec<u8>, division: Division) -> Vec<u8> {
    if !division.is_packed {
        return text;
    }
    let mut check = Crc::new();
    check.update(&text);
    let mut out = GZIP_HEAD.to_vec();
    out.extend(miniz_oxide::deflate::compress_to_vec(&text, EFFORT));
    out.extend(check.sum().to_le_bytes());
    out.extend(check.amount().to_le_bytes());
    out
}

/// The rows of a range of stops.
pub(super) fn text(model: &Model, stops: Range<u64>) -> Vec<u8> {
    let mut out = Vec::with_capacity((stops.end - stops.start) as usize * 120);
    let mut number = model.rows.before(stops.start) + 1;
    let (trend, mut bits) = (model.search_trend(), model.bits());
    let mut line = Vec::with_capacity(160);
    for i in stops {
        bits.set_stream(i);
        let (next, rows) = (i + 1, &model.rows);
        let is_repeated = rows.duplicates_before(next) > rows.duplicates_before(i);
        let has_second = rows.second_citations_before(next) > rows.second_citations_before(i);
        let stop = Stop::draw(model, &trend, has_second, &mut bits);
        let mut put = |violation| {
            line.clear();
            stop.write(model, violation, &mut line);
            push_number(&mut out, number);
            out.extend_from_slice(&line);
            number += 1;
        };
        put(stop.violations[0]);
        if is_repeated {
            put(stop.violations[0]);
        }
        if has_second {
            put(stop.violations[1]);
        }
    }
    out
}

/// One stop as it is recorded.
struct Stop {
    place: usize,
    /// `None` is not recorded.
    group: Option<usize>,
    day: usize,
    minute: usize,
    officer: usize,
    is_man: bool,
    age: u32,
    is_pedestrian: bool,
    is_searched: bool,
    /// Where there was a search, which basis it has.
    basis: usize,
    /// `None` where there was no search.
    has_contraband: Option<bool>,
    is_cited: bool,
    is_arrested: bool,
    violations: [usize; 2],
}

impl Stop {
    /// Every stop takes its draws in this order; `stops.md` lists them.
    fn draw(model: &Model, trend: &[f64], has_second: bool, bits: &mut ChaCha8Rng) -> Self {
        let (plan, records) = (&model.plan, &model.plan.records);
        let cell = bits.sample(&model.cells);
        let (place, group) = (cell / plan.groups.len(), cell % plan.groups.len());
        let (own, times) = (&plan.groups[group], model.times(place, group));
        let cell: &Cell = &model.places[place].groups[group];
        let day = bits.sample(&times.days);
        let minute = minute(model, (place, group, day), bits);
        let officer = bits.random_range(model.places[place].officers.clone()) as usize;
        let factor = model.officers[officer].factors[group] * trend[model.days[day].year];
        let is_searched = bits.random_bool((cell.search_rate * factor).min(1.0));
        let basis = bits.sample(&model.bases);
        let is_hit = is_searched && bits.random_bool(cell.hit_rate);
        let arrest_rate = if is_hit {
            records.arrest_after_hit
        } else {
            own.arrest_rate
        };
        let is_arrested = bits.random_bool(arrest_rate);
        let is_cited = has_second || bits.random_bool(model.other_citation_rate(group));
        let has_race = !bits.random_bool(own.missing_race + records.missing_race);
        let at_midnight = bits.random_bool(records.midnight);
        let contradicts = bits.random_bool(records.hit_without_search) && !is_searched;
        let is_pedestrian = bits.random_bool(records.pedestrians);
        let is_man = bits.random_bool(records.men);
        let ages = [bits.random_range(0..=AGES.1), bits.random_range(0..=AGES.1)];
        let first = bits.random_range(0..VIOLATIONS.len() as u32) as usize;
        let step = bits.random_range(1..VIOLATIONS.len() as u32) as usize;
        Self {
            place,
            group: has_race.then_some(group),
            day,
            minute: if at_midnight { 0 } else { minute },
            officer,
            is_man,
            age: AGES.0 + ages[0].min(ages[1]),
            is_pedestrian,
            is_searched,
            basis,
            has_contraband: (is_searched || contradicts).then_some(is_hit || contradicts),
            is_cited,
            is_arrested,
            violations: [first, (first + step) % VIOLATIONS.len()],
        }
    }

    /// The line behind its number.
    fn write(&self, model: &Model, violation: usize, line: &mut Vec<u8>) {
        let truth = |yes: bool| if yes { "TRUE" } else { "FALSE" };
        let race = self.group.map_or("NA", |g| &model.plan.groups[g].name);
        let outcome = match (self.is_arrested, self.is_cited) {
            (true, _) => "arrest",
            (false, true) => "citation",
            (false, false) => "warning",
        };
        let clock = [self.minute / 60, self.minute % 60].map(two_digits);
        let age = two_digits(self.age as usize);
        let fields: [&[u8]; 9] = [
            model.days[self.day].text.as_bytes(),
            &[
                clock[0][0],
                clock[0][1],
                b':',
                clock[1][0],
                clock[1][1],
                b':',
                b'0',
                b'0',
            ],
            model.places[self.place].name.as_bytes(),
            race.as_bytes(),
            if self.is_man { b"male" } else { b"female" },
            &age,
            model.officers[self.officer].hash.as_bytes(),
            if self.is_pedestrian {
                b"pedestrian"
            } else {
                b"vehicular"
            },
            VIOLATIONS[violation].as_bytes(),
        ];
        let basis = model.plan.search_basis.shares()[self.basis].0;
        let outcomes = [
            truth(self.is_searched),
            if self.is_searched { basis } else { "NA" },
            self.has_contraband.map_or("NA", truth),
            truth(self.is_cited),
            truth(self.is_arrested),
            outcome,
        ];
        for field in fields.into_iter().chain(outcomes.map(str::as_bytes)) {
            line.push(b',');
            line.extend_from_slice(field);
        }
        line.push(b'\n');
    }
}

/// A minute of the day, with what light makes of its weight: one is drawn as if light were everywhere alike, and kept as
/// often as it counts beside the most that any counts.
fn minute(
    model: &Model,
    (place, group, day): (usize, usize, usize),
    bits: &mut ChaCha8Rng,
) -> usize {
    let (own, date) = (&model.plan.groups[group], model.days[day].date);
    let most = own.daylight_odds_ratio.max(1.0);
    loop {
        let minute = bits.sample(&model.minutes[group]);
        let light = model.sky.light(model.sky.point_of[place], date, minute);
        if bits.random_bool(visible(own, light) / most) {
            return minute;
        }
    }
}

fn two_digits(number: usize) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    write!(out, "{number}").expect("memory takes every write");
}
