//! Numbers among the kinds: counts, people, margins of error, codes, degrees.

use super::shown;
use super::{Column, Confidence, Guess, Kind, Verdict};

impl Column<'_> {
    pub(super) fn margin(&self) -> Verdict {
        let is_named =
            self.has(&["moe", "moe90", "margin"]) || (self.has(&["m"]) && self.has(&["b03002"]));
        (is_named && self.most(self.shapes().numbers_of_any_kind())).then(|| {
            Guess::new(
                Kind::Margin,
                Confidence::Likely,
                "its name says margin of error, and its values are numbers".into(),
            )
        })
    }

    pub(super) fn codes_of_places(&self) -> Verdict {
        let shapes = self.shapes();
        let is_named = self.has(&["fips", "geoid", "county", "countyfips"]);
        if is_named && self.most(shapes.county_codes) {
            let confidence = if shapes.county_codes == shapes.filled {
                Confidence::Certain
            } else {
                Confidence::Likely
            };
            return Self::guess(
                Kind::CountyCode,
                confidence,
                format!(
                    "{} are five digits that begin with the code of a state",
                    self.of(shapes.county_codes)
                ),
            );
        }
        let degrees = self.has(&[
            "lat",
            "lng",
            "lon",
            "long",
            "latitude",
            "longitude",
            "x",
            "y",
        ]);
        let in_range = shapes.least.is_some_and(|least| least >= -180.0)
            && shapes.most.is_some_and(|most| most <= 180.0);
        if self.has(&["latitude", "longitude"]) {
            let reason = "its name says that it is a coordinate".to_owned();
            return Self::guess(Kind::Coordinate, Confidence::Likely, reason);
        }
        (degrees && in_range && shapes.decimal_points > 0).then(|| {
            Guess::new(
                Kind::Coordinate,
                Confidence::Likely,
                "its name, and numbers with decimals between -180 and 180".into(),
            )
        })
    }

    pub(super) fn numbers(&self) -> Verdict {
        let shapes = self.shapes();
        if shapes.percents + shapes.fractions > 0 && self.most(shapes.percents + shapes.fractions) {
            return Self::guess(
                Kind::Share,
                Confidence::Likely,
                "its values are percentages, or two numbers with a stroke between them".into(),
            );
        }
        if !self.most(shapes.numbers_of_any_kind()) {
            return None;
        }
        if self.has(&["year", "yr", "fy"]) && self.most(shapes.years) {
            return Self::guess(
                Kind::Year,
                Confidence::Certain,
                "its name, and whole numbers between 1900 and 2100".into(),
            );
        }
        let is_code = self.has(&[
            "fips", "geoid", "zip", "ori", "code", "precinct", "district", "beat", "zone", "sector",
        ]) || shapes.zero_in_front > 0;
        let is_id = self.has(&["id", "id2", "key", "number", "identification"]);
        let (distinct, exact) = self.tally.distinct();
        let is_unique = exact && distinct == shapes.filled && distinct > 1;
        if is_id && is_unique {
            return Self::guess(
                Kind::Identifier,
                Confidence::Likely,
                "its name, and a value of its own in every row".into(),
            );
        }
        if is_code || is_id {
            return None;
        }
        if distinct == 1 && shapes.most.is_some_and(|most| most <= 1.0) {
            let reason = format!("one value in {} rows", shown(self.tally.rows));
            return Self::guess(Kind::Category, Confidence::Likely, reason);
        }
        let notation = self.notation();
        let people = ["population", "pop", "residents", "people", "estimate"];
        let kind = if self.has(&people) {
            Kind::Population
        } else if shapes.below_zero == 0
            && self.most(shapes.whole + shapes.grouped + shapes.whole_decimals)
            && shapes.decimal_points + shapes.decimal_commas == shapes.whole_decimals
        {
            Kind::Count
        } else {
            Kind::Number
        };
        let what = match kind {
            Kind::Population => "its name, and",
            Kind::Count => "whole numbers from 0:",
            _ => "numbers:",
        };
        Self::guess(
            kind,
            Confidence::Likely,
            format!(
                "{what} {} are numbers{notation}",
                self.of(shapes.numbers_of_any_kind())
            ),
        )
    }

    /// What is particular about how the numbers are written.
    fn notation(&self) -> String {
        let shapes = self.shapes();
        match (shapes.grouped, shapes.decimal_commas) {
            (0, 0) => String::new(),
            (grouped, 0) => format!(", {} of them with a comma at the thousands", shown(grouped)),
            (_, commas) => format!(", {} of them with a decimal comma", shown(commas)),
        }
    }
}
