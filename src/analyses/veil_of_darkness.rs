#![doc = include_str!("veil_of_darkness.md")]

mod account;
mod counted;
mod lines;
mod model;
mod numbers;
mod rows;
mod sample;
mod sweep;
mod windows;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::wanted::{check_key, each};
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::{self, Absent, GROUP, OneOrMany, Only, Tabulation};
use crate::disclosure::Disclosed;
use crate::error::{Error, nearest_hint, repeated};
use crate::figures::Figure;
use crate::findings::Finding;
use crate::stops::{DATE, LIGHT, MINUTE, OFFICER, PLACE, STATE, WEEKDAY, YEAR};
use crate::warning::{self, Warning};
use counted::{Counted, MOST_PLACEBOS};
use lines::{Veil, Way};
use model::Clock;
use rows::Rows;
use sample::{ClusterBy, Held};
pub use windows::Window;

/// The word in the study file.
pub const NAME: &str = "veil_of_darkness";

/// A `[[veil_of_darkness]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VeilOptions {
    /// Name of the finding.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Title of its section.
    pub title: Option<String>,
    /// Confidence level.
    #[schemars(with = "Option<f64>")]
    pub level: Option<Spanned<f64>>,
    /// Which stops to look at.
    #[schemars(with = "Option<Only>")]
    pub only: Option<Spanned<Only>>,
    /// The study's remark.
    pub note: Option<String>,
    /// Counts of stops, made from rows.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// The compared groups to look at; all of them if left out.
    #[schemars(with = "Option<OneOrMany>")]
    pub group: Option<Spanned<OneOrMany>>,
    /// Which hours.
    #[serde(default)]
    pub window: Window,
    /// Columns of a natural cubic spline of the clock.
    #[schemars(with = "Option<u8>")]
    pub spline: Option<Spanned<u8>>,
    /// Minutes of bins of the clock, each with an effect of its own.
    #[schemars(with = "Option<u16>")]
    pub bins: Option<Spanned<u16>>,
    /// Degree of a polynomial of the clock.
    #[schemars(with = "Option<u8>")]
    pub polynomial: Option<Spanned<u8>>,
    /// What is held equal besides the clock; place, weekday and year as far as they are known if left out.
    #[schemars(with = "Option<Vec<String>>")]
    pub adjust: Option<Vec<Spanned<String>>>,
    /// Only stops within so many days of a change of the clocks.
    #[schemars(with = "Option<u16>")]
    pub clock_change: Option<Spanned<u16>>,
    /// By what errors are clustered.
    #[schemars(with = "Option<ClusterBy>")]
    pub cluster: Option<Spanned<ClusterBy>>,
    /// Minutes by which dusk and dawn are moved to where they change nothing.
    #[serde(default)]
    #[schemars(with = "Vec<i64>")]
    pub placebo_minutes: Vec<Spanned<i32>>,
    /// Whether windows and models are varied.
    #[serde(default)]
    pub sweep: bool,
}

/// Columns of the spline, unless the study says otherwise.
const COLUMNS: u8 = 6;
/// Days around a change of the clocks, where the sweep looks at them and the study does not say how many.
const DAYS: u16 = 30;
/// Minutes of bins that divide a day well.
const BINS: std::ops::RangeInclusive<u16> = 5..=60;
/// Least and most minutes by which a placebo moves dusk and dawn.
const SHIFTS: std::ops::RangeInclusive<i32> = 30..=480;

impl Analysis for VeilOptions {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn header(&self) -> Header<'_> {
        Header {
            name: self.name.as_ref(),
            title: self.title.as_deref(),
            level: self.level.as_ref(),
            only: self.only.as_ref(),
            note: self.note.as_deref(),
            dispersion: DispersionRule::Common,
            counts: &self.counts,
            by: &[],
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let common = self.header().check(setting)?;
        self.check_counts(&common)?;
        self.compared(setting)?;
        self.clock()?;
        self.check_numbers()?;
        let held = self.held(&common)?;
        let cluster = self.cluster(&common)?;
        Ok(Asks {
            tabulations: vec![Tabulation {
                counts: common.outcome.name.clone(),
                by: by(&common, &held, cluster),
                only: common.only.clone(),
                of: cells::Rows::Known,
            }],
            baselines: Vec::new(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
        let Some(sun) = answers.sun else {
            return Err(self.no_daylight());
        };
        let (held, cluster) = (self.held(&common)?, self.cluster(&common)?);
        let own: Vec<String> = held.iter().filter_map(Held::own_key).collect();
        let table = answers.tables.first().ok_or_else(|| {
            Error::Internal("the veil of darkness asked for counts and got none".into())
        })?;
        let rows = Rows::new(table, sun, &own, self.days())?;
        let mut groups = vec![answers.setting.groups.reference()];
        groups.extend(self.compared(answers.setting)?);
        let group_of: Vec<Option<usize>> = rows
            .groups
            .iter()
            .map(|group| groups.iter().position(|own| own == group))
            .collect();
        let shifts: Vec<i32> = self.placebo_minutes.iter().map(|m| *m.get_ref()).collect();
        let slices = lines::slices(&rows, &group_of, self.window.parts());
        let name = format!("{} of {}", common.outcome.name, answers.id);
        let counted = Counted::new(name, &rows, &group_of, (&slices, &shifts));
        let mut finding =
            common.finding(NAME, answers, self.default_title(&common, &groups, answers));
        finding.frame.counting = "errors of the model, stops independent".into();
        let veil = Veil {
            options: self,
            common: &common,
            answers,
            rows: &rows,
            counted: &counted,
            group_of: &group_of,
            groups: &groups,
            cluster,
            slices: &slices,
            shifts: &shifts,
            way: Way {
                parts: self.window.parts(),
                is_near: self.clock_change.is_some(),
                clock: self.clock()?,
                held: &held,
                shift: None,
            },
        };
        veil.check_light(self)?;
        warning::add(&mut finding.warnings, Warning::VeilOfDarkness);
        veil.caution(&mut finding);
        veil.fill(&mut finding);
        finding.frame.comparisons = groups.len() - 1;
        finding.frame.headline = finding.headline_methods();
        finding.sky = veil.sky();
        finding.own_counts = Some(counted.table());
        Ok(finding)
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        let mut figures = charts::veil_forest(finding, setting);
        figures.extend(charts::twilight(finding, setting));
        figures.extend(charts::veil_trio(finding, setting));
        figures
    }
}

/// The keys of the request.
fn by(common: &Common<'_>, held: &[Held], cluster: ClusterBy) -> Vec<String> {
    let known = |key: &&str| common.outcome.keys.iter().any(|own| own == key);
    let places = [STATE, PLACE];
    let places = places.iter().filter(|key| {
        known(key) && (**key == PLACE || common.outcome.keys.iter().any(|own| own == PLACE))
    });
    let wants_officer = cluster == ClusterBy::Officer || held.contains(&Held::Officer);
    let mut by = vec![DATE.to_owned()];
    by.extend(places.map(|key| (*key).to_owned()));
    by.extend([GROUP, MINUTE, LIGHT].map(str::to_owned));
    by.extend(wants_officer.then(|| OFFICER.to_owned()));
    for own in held.iter().filter_map(Held::own_key) {
        if !by.contains(&own) {
            by.push(own);
        }
    }
    by
}

impl VeilOptions {
    fn check_counts(&self, common: &Common<'_>) -> Result<(), Error> {
        let fault =
            |message: String, hint: &str| Err(Error::study(self.counts.span(), message, hint));
        let name = &common.outcome.name;
        if common.outcome.absent != Absent::Zero {
            return fault(
                format!("counts `{name}` are published: they tell no time of day"),
                "the veil of darkness needs rows with date and time of day: name counts of a [[stops]] table",
            );
        }
        if let Some(trials) = &common.outcome.trials {
            return fault(
                format!("counts `{name}` are counted out of {trials}"),
                "the veil of darkness asks who is stopped: name the counts of all stops; searches by light are a question for [[regression]]",
            );
        }
        if !common.outcome.daylight {
            return Err(self.no_daylight());
        }
        Ok(())
    }

    fn no_daylight(&self) -> Error {
        Error::study(
            self.counts.span(),
            "the study does not say where the stops were made, so it is not known when it was dark there",
            "add a [daylight] table with the points and time zones of the places, and map `date` and `time` in [stops.columns]",
        )
    }

    /// The compared groups that are looked at.
    fn compared<'s>(&self, setting: &'s Setting) -> Result<Vec<&'s str>, Error> {
        let all: Vec<&str> = setting.groups.compared().collect();
        let named = each(self.group.as_ref());
        if let Some(name) = repeated(&named) {
            return Err(Error::study(
                name.span(),
                format!("group `{}` is named twice", name.get_ref()),
                "name each once",
            ));
        }
        if let Some(name) = named
            .iter()
            .find(|name| !all.contains(&name.get_ref().as_str()))
        {
            return Err(Error::study(
                name.span(),
                format!("`{}` is not compared with anybody", name.get_ref()),
                nearest_hint(name.get_ref(), all.iter().copied()),
            ));
        }
        if named.is_empty() {
            return Ok(all);
        }
        let is_named = |group: &&str| named.iter().any(|name| name.get_ref() == group);
        Ok(all.into_iter().filter(is_named).collect())
    }

    /// How the clock is held equal.
    fn clock(&self) -> Result<Clock, Error> {
        let given = [
            self.spline.as_ref().map(|s| (s.span(), "spline")),
            self.bins.as_ref().map(|s| (s.span(), "bins")),
            self.polynomial.as_ref().map(|s| (s.span(), "polynomial")),
        ];
        let given: Vec<_> = given.into_iter().flatten().collect();
        if let [(_, first), (span, second), ..] = given.as_slice() {
            return Err(Error::study(
                span.clone(),
                format!("`{second}` beside `{first}`"),
                "the clock is held equal in one way: name one of spline, bins and polynomial; sweep = true shows others beside it",
            ));
        }
        let outside = |span: std::ops::Range<usize>, what: &str, hint: &str| {
            Error::study(
                span,
                format!("{what} is no way to hold the clock equal"),
                hint,
            )
        };
        if let Some(bins) = &self.bins {
            let minutes = *bins.get_ref();
            if !BINS.contains(&minutes) || 60 % minutes != 0 {
                let what = format!("bins = {minutes}");
                return Err(outside(
                    bins.span(),
                    &what,
                    "5, 6, 10, 12, 15, 20, 30 or 60 minutes",
                ));
            }
            return Ok(Clock::Bins(minutes));
        }
        if let Some(degree) = &self.polynomial {
            if !(1..=5).contains(degree.get_ref()) {
                let what = format!("polynomial = {}", degree.get_ref());
                return Err(outside(degree.span(), &what, "a degree from 1 to 5"));
            }
            return Ok(Clock::Polynomial(*degree.get_ref()));
        }
        match &self.spline {
            None => Ok(Clock::Spline(COLUMNS)),
            Some(columns) if (1..=12).contains(columns.get_ref()) => {
                Ok(Clock::Spline(*columns.get_ref()))
            }
            Some(columns) => {
                let what = format!("spline = {}", columns.get_ref());
                Err(outside(
                    columns.span(),
                    &what,
                    "1 is a straight line, 12 columns the most",
                ))
            }
        }
    }

    fn check_numbers(&self) -> Result<(), Error> {
        if let Some(days) = &self.clock_change
            && !(7..=60).contains(days.get_ref())
        {
            return Err(Error::study(
                days.span(),
                format!("clock_change = {} days", days.get_ref()),
                "from 7 to 60 days on either side of a change of the clocks; 30 is usual",
            ));
        }
        if let Some(fifth) = self.placebo_minutes.get(MOST_PLACEBOS) {
            return Err(Error::study(
                fifth.span(),
                format!("more than {MOST_PLACEBOS} placebos"),
                "name the few that matter: a list of many is a search",
            ));
        }
        let is_wrong = |m: &&Spanned<i32>| !SHIFTS.contains(&m.get_ref().abs());
        if let Some(minutes) = self.placebo_minutes.iter().find(is_wrong) {
            return Err(Error::study(
                minutes.span(),
                format!("a placebo {} minutes from dusk", minutes.get_ref()),
                "from 30 to 480 minutes: later is night, below 0 is day",
            ));
        }
        let mut minutes: Vec<i32> = self.placebo_minutes.iter().map(|m| *m.get_ref()).collect();
        minutes.sort_unstable();
        if let Some(pair) = minutes.windows(2).find(|pair| pair[0] == pair[1]) {
            let of = self
                .placebo_minutes
                .iter()
                .find(|m| *m.get_ref() == pair[0]);
            return Err(Error::study(
                of.map_or(0..0, Spanned::span),
                format!("the placebo of {} minutes stands there twice", pair[0]),
                "name each once",
            ));
        }
        Ok(())
    }

    /// What is held equal.
    fn held(&self, common: &Common<'_>) -> Result<Vec<Held>, Error> {
        let outcome = common.outcome;
        let has = |key: &str| outcome.keys.iter().any(|known| known == key);
        let Some(adjust) = &self.adjust else {
            let places = has(PLACE).then_some(Held::Place);
            return Ok(places
                .into_iter()
                .chain([Held::Weekday, Held::Year])
                .collect());
        };
        if let Some(key) = repeated(adjust) {
            return Err(Error::study(
                key.span(),
                format!("`{}` stands there twice", key.get_ref()),
                "name each once",
            ));
        }
        let one = |key: &Spanned<String>| match key.get_ref().as_str() {
            // A key of the study's own that is called so is what the study means.
            WEEKDAY if !has(WEEKDAY) => Ok(Held::Weekday),
            "season" if !has("season") => Ok(Held::Season),
            YEAR => Ok(Held::Year),
            OFFICER if outcome.by_officer => Ok(Held::Officer),
            PLACE if has(PLACE) => Ok(Held::Place),
            own => {
                check_key(outcome, key).map_err(|error| match error {
                    Error::Study(mut fault) => {
                        fault.hint = format!(
                            "{}; also weekday, season and year, which are made from the date",
                            fault.hint
                        );
                        Error::Study(fault)
                    }
                    other => other,
                })?;
                Ok(Held::Own(own.to_owned()))
            }
        };
        adjust.iter().map(one).collect()
    }

    /// By what errors are clustered: as named, else by officer, place and date, or date, whichever is known first.
    fn cluster(&self, common: &Common<'_>) -> Result<ClusterBy, Error> {
        let has_places = common.outcome.keys.iter().any(|key| key == PLACE);
        let Some(named) = &self.cluster else {
            return Ok(match (common.outcome.by_officer, has_places) {
                (true, _) => ClusterBy::Officer,
                (false, true) => ClusterBy::PlaceAndDate,
                (false, false) => ClusterBy::Date,
            });
        };
        let lacks = match named.get_ref() {
            ClusterBy::Officer if !common.outcome.by_officer => Some(OFFICER),
            ClusterBy::PlaceAndDate | ClusterBy::Place if !has_places => Some(PLACE),
            _ => None,
        };
        match lacks {
            None => Ok(*named.get_ref()),
            Some(column) => Err(Error::study(
                named.span(),
                format!(
                    "errors by {}, where the rows name no {column}",
                    named.get_ref().words()
                ),
                format!("map `{column}` in [stops.columns], or cluster by date"),
            )),
        }
    }

    fn days(&self) -> u16 {
        self.clock_change
            .as_ref()
            .map_or(DAYS, |days| *days.get_ref())
    }

    fn default_title(&self, common: &Common<'_>, groups: &[&str], answers: &Answers<'_>) -> String {
        let labels = &answers.setting.groups;
        let compared: Vec<&str> = groups[1..]
            .iter()
            .map(|group| labels.label(group))
            .collect();
        format!(
            "Veil of darkness: {} of {} and {} in daylight and in darkness, {}",
            common.outcome.events,
            compared.join(", "),
            labels.label(groups[0]),
            self.window.word()
        )
    }
}
