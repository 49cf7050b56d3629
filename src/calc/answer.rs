//! The numbers of an answer, in their order, with the reason where one is undefined.

use serde_json::{Map, Number, Value};

use crate::stats::Interval;

/// Named numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    fields: Vec<(&'static str, Field)>,
    why: Option<&'static str>,
}

/// One number, several, or a text.
#[derive(Debug, Clone, PartialEq)]
enum Field {
    One(Option<f64>),
    Many(Vec<Option<f64>>),
    Text(Option<String>),
}

impl Answer {
    /// Adds a number; undefined is `None`.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Option<f64>>) -> Self {
        self.fields.push((name, Field::One(value.into())));
        self
    }

    /// Adds several numbers under one name; undefined is `None`.
    pub(super) fn with_all<N: Into<Option<f64>>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = N>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.fields.push((name, Field::Many(values)));
        self
    }

    /// Adds a text, such as a time; undefined is `None`.
    pub(super) fn with_text(mut self, name: &'static str, text: Option<String>) -> Self {
        self.fields.push((name, Field::Text(text)));
        self
    }

    /// Adds the two ends of an interval as `low` and `high`.
    pub(super) fn between(self, interval: Option<Interval>) -> Self {
        self.ends("low", "high", interval)
    }

    /// Adds the two ends of an interval under names of their own.
    pub(super) fn ends(
        self,
        low: &'static str,
        high: &'static str,
        interval: Option<Interval>,
    ) -> Self {
        self.with(low, interval.map(|i| i.low))
            .with(high, interval.map(|i| i.high))
    }

    /// Says why a number of this answer is undefined, should one be.
    pub(super) fn because(mut self, why: &'static str) -> Self {
        self.why = Some(why);
        self
    }

    /// A number by its name; `None` where it is undefined, or there is none of that name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let field = self.fields.iter().find(|(known, _)| *known == name);
        match field.map(|(_, field)| field) {
            Some(Field::One(value)) => *value,
            _ => None,
        }
    }

    /// Several numbers by their name; none where it names one number, nothing, or numbers one of which is undefined.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let field = self.fields.iter().find(|(known, _)| *known == name);
        let values = match field.map(|(_, field)| field) {
            Some(Field::Many(values)) => values.iter().copied().collect(),
            _ => None,
        };
        values.unwrap_or_default()
    }

    /// Names and numbers in their order, as text for people.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let text = |value: Option<f64>| match value {
            None => "undefined".to_owned(),
            Some(value) => crate::number::file_text(Some(value)),
        };
        let line = |(name, field): &(&'static str, Field)| match field {
            Field::One(value) => (*name, text(*value)),
            Field::Many(values) => {
                let all: Vec<String> = values.iter().map(|value| text(*value)).collect();
                (*name, all.join(" "))
            }
            Field::Text(None) => (*name, text(None)),
            Field::Text(Some(said)) => (*name, said.clone()),
        };
        self.fields.iter().map(line).collect()
    }

    /// Why a number is undefined, where one is.
    #[must_use]
    pub fn why(&self) -> Option<&'static str> {
        let is_undefined = |(_, field): &(_, Field)| match field {
            Field::One(value) => value.is_none(),
            Field::Many(values) => values.contains(&None),
            Field::Text(said) => said.is_none(),
        };
        self.fields
            .iter()
            .any(is_undefined)
            .then(|| self.why.unwrap_or("undefined on these numbers"))
    }

    /// The answer as members of a JSON object: undefined is `null`, an infinite end the text `inf` or `-inf`. Numbers
    /// are given in full.
    #[must_use]
    pub fn into_json(self) -> Map<String, Value> {
        let why = self.why();
        let defined = |number: f64| match Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None if number > 0.0 => "inf".into(),
            None => "-inf".into(),
        };
        let value = |number: Option<f64>| number.map_or(Value::Null, defined);
        let member = |(name, field): (&str, Field)| {
            let value = match field {
                Field::One(number) => value(number),
                Field::Many(numbers) => numbers.into_iter().map(value).collect(),
                Field::Text(said) => said.map_or(Value::Null, Value::String),
            };
            (name.to_owned(), value)
        };
        let mut members: Map<String, Value> = self.fields.into_iter().map(member).collect();
        members.extend(why.map(|why| ("why".to_owned(), why.into())));
        members
    }
}
