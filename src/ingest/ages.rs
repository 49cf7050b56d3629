//! Ages as files write them: in years, or as the year of birth.

use jiff::civil::Date;

use super::column::ColumnRule;
use super::moments::Odd;
use super::stops::UnclearRule;

/// The oldest person who may stand in a row.
const OLDEST: i64 = 120;
/// The layout of a column that holds the year of birth.
const BIRTH_YEAR: &str = "birth_year";

/// How one column's ages are written.
#[derive(Debug, Clone)]
pub struct AgeReader {
    is_birth_year: bool,
    /// Whether a value that is no age says that none is known.
    odd_is_unknown: bool,
}

impl AgeReader {
    /// A reader of a rule's layout: years where it names none.
    ///
    /// # Errors
    /// A layout that is none of an age; an `unclear` other than `missing` and `error`.
    pub fn new(rule: &ColumnRule) -> Result<Self, Odd> {
        let is_birth_year = match rule.layouts() {
            [] => false,
            [one] if one == BIRTH_YEAR => true,
            other => {
                return Err((
                    format!("found the layout `{}`", other.join("`, `")),
                    format!(
                        "an age is in years, which needs no layout, or layout = \"{BIRTH_YEAR}\""
                    ),
                ));
            }
        };
        let odd_is_unknown = match rule.unclear.unwrap_or_default() {
            UnclearRule::Missing => true,
            UnclearRule::Error => false,
            UnclearRule::Yes | UnclearRule::No => {
                return Err((
                    "an age is neither yes nor no".into(),
                    "what is no age is an error, or not known: unclear = \"missing\"".into(),
                ));
            }
        };
        Ok(Self {
            is_birth_year,
            odd_is_unknown,
        })
    }

    /// The age on a day, in whole years; `None` where none is known. From a year of birth it is the age that the person
    /// reaches in the year of the stop, up to one year too high.
    ///
    /// # Errors
    /// No age from 0 to 120; a year of birth after the stop.
    pub fn read(&self, raw: &[u8], day: Option<Date>) -> Result<Option<u8>, Odd> {
        let text = String::from_utf8_lossy(raw);
        let digits = text.trim().trim_end_matches(".0");
        if digits.is_empty() {
            return Ok(None);
        }
        let number: Option<i64> = Some(digits)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        let age = match (number, self.is_birth_year) {
            (Some(years), false) => Some(years),
            (Some(_), true) if day.is_none() => return Ok(None),
            (Some(birth), true) => day.map(|day| i64::from(day.year()) - birth),
            (None, _) => None,
        };
        let known = age
            .filter(|age| (0..=OLDEST).contains(age))
            .and_then(|age| u8::try_from(age).ok());
        match known {
            Some(age) => Ok(Some(age)),
            None if self.odd_is_unknown => Ok(None),
            None if self.is_birth_year => Err((
                format!("found `{text}`, which is no year of birth of a person stopped here"),
                format!(
                    "it lies at most {OLDEST} years before the stop; values that say that none is known are named by missing = [\"...\"], and unclear = \"missing\" takes whatever is none for not known"
                ),
            )),
            None => Err((
                format!("found `{text}`, which is no age"),
                format!(
                    "an age is a whole number of years from 0 to {OLDEST}; values that say that none is known are named by missing = [\"...\"], and unclear = \"missing\" takes whatever is none for not known"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(rule: &str) -> Result<AgeReader, Odd> {
        AgeReader::new(&toml::from_str(rule).unwrap())
    }

    #[test]
    fn an_age_is_in_years_or_made_from_the_year_of_birth() {
        let day = Some(Date::constant(2013, 5, 1));
        let years = reader("").unwrap();
        let read = |text: &str| years.read(text.as_bytes(), day);
        assert_eq!(read("17").unwrap(), Some(17));
        assert_eq!(read(" 17.0").unwrap(), Some(17));
        assert_eq!(read(" ").unwrap(), None);
        for odd in ["121", "-3", "17.5", "+17", "old"] {
            assert!(read(odd).is_err(), "{odd}");
        }
        let birth = reader("layout = 'birth_year'").unwrap();
        assert_eq!(birth.read(b"1980", day).unwrap(), Some(33));
        assert_eq!(birth.read(b"1980", None).unwrap(), None);
        assert!(birth.read(b"2014", day).is_err() && birth.read(b"80", day).is_err());
        let lenient = reader("unclear = 'missing'").unwrap();
        assert_eq!(lenient.read(b"999", day).unwrap(), None);
        assert!(reader("unclear = 'yes'").is_err() && reader("layout = '%Y'").is_err());
    }
}
