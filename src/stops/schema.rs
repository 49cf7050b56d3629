//! The columns that evenhand knows by name. Read this first when a file is to be mapped.

/// Name of the group key, which every set of counts has.
pub const GROUP: &str = "group";
/// Name of the key of places.
pub const PLACE: &str = "place";
/// Name of the key of states, which tells places of the same name apart.
pub const STATE: &str = "state";
/// Name of the date of a stop, from which `year` and `period` are made.
pub const DATE: &str = "date";
/// Name of the calendar year, made from the date or carried by yearly counts.
pub const YEAR: &str = "year";
/// Name of the study's period, made from the date or the year.
pub const PERIOD: &str = "period";
/// Whether the stop led to a search of a person or vehicle.
pub const SEARCHED: &str = "searched";
/// Whether the search found contraband.
pub const HIT: &str = "hit";
/// Name of the day of the week, made from the date: `1 Monday` to `7 Sunday`.
pub const WEEKDAY: &str = "weekday";
/// Name of the month of the year, made from the date: `01` to `12`.
pub const MONTH: &str = "month";
/// Name of the hour of the day, made from the time: `00` to `23`.
pub const HOUR: &str = "hour";
/// Why a search was made, by which searches with discretion are told from others.
pub const SEARCH_BASIS: &str = "search_basis";
/// What a key of which nothing is known is called.
pub const NOT_RECORDED: &str = "not recorded";
/// Name of the counts of all rows, unless the study calls them otherwise.
pub const STOPS: &str = "stops";
/// Name of the counts of searches, out of the rows whose search is known.
pub const SEARCHES: &str = "searches";
/// Name of the counts of hits, out of the searches whose find is known.
pub const HITS: &str = "hits";
/// Time of day of the stop, by the local clock.
pub const TIME: &str = "time";
/// Name of the minute of the day, HH:MM by the local clock: a key for counting, made from the time.
pub const MINUTE: &str = "minute";
/// Name of the key that says whether it was `light`, `twilight` or `dark`: made from the date, the time and the point of
/// the place.
pub const LIGHT: &str = "light";
/// The value of [`DATE`], [`MINUTE`] and [`LIGHT`] where nothing is known. A group that is not known has a word of its own.
pub const CLOCK_UNKNOWN: &str = "unknown";
/// Age of the person stopped, in whole years.
pub const AGE: &str = "age";
/// How many stops a row stands for.
pub const WEIGHT: &str = "weight";
/// The officer who made the stop: a key for counting, never in output.
pub const OFFICER: &str = "officer";

/// One canonical column of a table of stops.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The name that a study's `columns` table uses.
    pub name: &'static str,
    /// What it holds.
    pub meaning: &'static str,
}

impl Column {
    /// All canonical columns; only `group` is required.
    pub const ALL: [Self; 10] = [
        Self {
            name: GROUP,
            meaning: "race or ethnicity code of the person stopped",
        },
        Self {
            name: DATE,
            meaning: "date of the stop by the local clock, YYYY-MM-DD unless its rule says otherwise",
        },
        Self {
            name: TIME,
            meaning: "time of day of the stop by the local clock, HH:MM or HH:MM:SS unless its rule says otherwise",
        },
        Self {
            name: PLACE,
            meaning: "place where the stop was made",
        },
        Self {
            name: AGE,
            meaning: "age in whole years from 0 to 120",
        },
        Self {
            name: WEIGHT,
            meaning: "how many stops a row stands for, a whole number; each row is one stop without it",
        },
        Self {
            name: SEARCHED,
            meaning: "whether a person or vehicle was searched",
        },
        Self {
            name: HIT,
            meaning: "whether the search found contraband",
        },
        Self {
            name: SEARCH_BASIS,
            meaning: "why a search was made; several bases in one value are divided by | or ;",
        },
        Self {
            name: OFFICER,
            meaning: "who made the stop; used to count uncertainty, never shown",
        },
    ];
}
