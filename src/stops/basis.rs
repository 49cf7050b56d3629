//! Why a search was made, and which searches had discretion.
//!
//! A search may have several bases. Two newsrooms rank such mixes in opposite ways, so a mix is a value of its own, told
//! apart by what a rule of discretion asks: is consent among them, and are all of them, some or none with discretion.

/// One basis of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The person agreed.
    Consent,
    /// Probable cause.
    ProbableCause,
    /// Contraband or evidence in plain view.
    PlainView,
    /// A dog's alert.
    K9,
    /// A pat-down for weapons, or the officer's safety.
    ProtectiveFrisk,
    /// A search incident to an arrest.
    IncidentToArrest,
    /// An inventory, of a towed car for example.
    Inventory,
    /// A warrant.
    Warrant,
    /// A condition of parole or probation.
    Supervision,
    /// An emergency.
    Exigency,
    /// Another basis, named as such.
    Other,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Self; 11] = [
        Self::Consent,
        Self::ProbableCause,
        Self::PlainView,
        Self::K9,
        Self::ProtectiveFrisk,
        Self::IncidentToArrest,
        Self::Inventory,
        Self::Warrant,
        Self::Supervision,
        Self::Exigency,
        Self::Other,
    ];

    /// The value of the key `search_basis`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::ProbableCause => "probable cause",
            Self::PlainView => "plain view",
            Self::K9 => "k9",
            Self::ProtectiveFrisk => "protective frisk",
            Self::IncidentToArrest => "incident to arrest",
            Self::Inventory => "inventory",
            Self::Warrant => "warrant",
            Self::Supervision => "supervision",
            Self::Exigency => "exigency",
            Self::Other => "other",
        }
    }

    /// The basis of a word, capitals and blanks around it set aside.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let word = word.trim();
        Self::ALL
            .into_iter()
            .find(|basis| basis.word().eq_ignore_ascii_case(word))
    }

    /// Whether searches of this basis are left to the officer.
    #[must_use]
    pub fn has_discretion(self) -> bool {
        matches!(
            self,
            Self::Consent | Self::ProbableCause | Self::PlainView | Self::K9
        )
    }
}

/// A mix of bases, all with discretion, consent among them.
const CONSENT_ALL: &str = "mixed: consent, all discretionary";
/// A mix of consent with a basis without discretion.
const CONSENT_SOME: &str = "mixed: consent, not all discretionary";
/// A mix of bases with discretion, consent not among them.
const ALL: &str = "mixed: all discretionary";
/// A mix of bases of which some have discretion, consent not among them.
const SOME: &str = "mixed: some discretionary";
/// A mix of bases of which none has discretion.
const NONE: &str = "mixed: none discretionary";

/// The value of `search_basis` of a row without a search.
pub const NO_SEARCH: &str = "no search";

/// The bases of one search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bases(u16);

impl Bases {
    /// One more basis.
    #[must_use]
    pub fn with(self, basis: Basis) -> Self {
        Self(self.0 | 1 << basis as u16)
    }

    /// Those of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The value of the key `search_basis`; `None` where no basis is recorded.
    #[must_use]
    pub fn value(self) -> Option<&'static str> {
        let mut own = Basis::ALL
            .into_iter()
            .filter(|basis| self.0 & 1 << *basis as u16 != 0);
        let first = own.next()?;
        if self.0.is_power_of_two() {
            return Some(first.word());
        }
        let all = std::iter::once(first).chain(own);
        let has_consent = first == Basis::Consent;
        let (has_some, has_others) =
            all.into_iter()
                .fold((false, false), |(some, others), basis| {
                    let has = basis.has_discretion();
                    (some || has, others || !has)
                });
        Some(match (has_consent, has_some, has_others) {
            (true, _, false) => CONSENT_ALL,
            (true, _, true) => CONSENT_SOME,
            (false, true, false) => ALL,
            (false, true, true) => SOME,
            (false, false, _) => NONE,
        })
    }
}

/// What is done with searches of several bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mixed {
    /// One basis that counts is enough.
    Counted,
    /// Every basis must be one that counts.
    LeftOut,
}

/// The values of `search_basis` of searches by consent.
#[must_use]
pub fn by_consent(mixed: Mixed) -> &'static [&'static str] {
    const COUNTED: [&str; 3] = ["consent", CONSENT_ALL, CONSENT_SOME];
    match mixed {
        Mixed::Counted => &COUNTED,
        Mixed::LeftOut => &["consent"],
    }
}

/// The values of `search_basis` of searches with discretion: consent, probable cause, plain view, K9.
#[must_use]
pub fn with_discretion(mixed: Mixed) -> &'static [&'static str] {
    const COUNTED: [&str; 8] = [
        "consent",
        "probable cause",
        "plain view",
        "k9",
        CONSENT_ALL,
        ALL,
        CONSENT_SOME,
        SOME,
    ];
    match mixed {
        Mixed::Counted => &COUNTED,
        Mixed::LeftOut => &COUNTED[..6],
    }
}

/// Kinds of bases as they are shown, each with the values of `search_basis` that it holds. Every value is in one of them,
/// those of rows without a search apart.
pub const KINDS: [(&str, &[&str]); 7] = [
    ("consent", &["consent"]),
    ("probable cause", &["probable cause"]),
    ("plain view or K9", &["plain view", "k9"]),
    ("several, all with discretion", &[CONSENT_ALL, ALL]),
    ("several, some with discretion", &[CONSENT_SOME, SOME]),
    (
        "without discretion",
        &[
            "protective frisk",
            "incident to arrest",
            "inventory",
            "warrant",
            "supervision",
            "exigency",
            "other",
            NONE,
        ],
    ),
    ("not recorded", &[super::NOT_RECORDED]),
];

/// Whether a key `search_basis` may have a value.
#[must_use]
pub fn is_value(value: &str) -> bool {
    value == NO_SEARCH || KINDS.iter().any(|(_, values)| values.contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bases: &[Basis]) -> Option<&'static str> {
        let all = bases
            .iter()
            .fold(Bases::default(), |all, basis| all.with(*basis));
        all.value()
    }

    #[test]
    fn every_set_of_bases_has_one_value_and_rules_ask_what_it_says() {
        assert_eq!(value(&[]), None);
        for bits in 1u16..1 << Basis::ALL.len() {
            let own: Vec<Basis> = (0..Basis::ALL.len())
                .filter(|i| bits & 1 << i != 0)
                .map(|i| Basis::ALL[i])
                .collect();
            let found = value(&own).unwrap();
            let kinds = KINDS.iter().filter(|(_, values)| values.contains(&found));
            assert_eq!(kinds.count(), 1, "{found}");
            let any = own.iter().any(|basis| basis.has_discretion());
            let all = own.iter().all(|basis| basis.has_discretion());
            let consent = own.contains(&Basis::Consent);
            assert_eq!(
                with_discretion(Mixed::Counted).contains(&found),
                any,
                "{own:?}"
            );
            assert_eq!(
                with_discretion(Mixed::LeftOut).contains(&found),
                all,
                "{own:?}"
            );
            assert_eq!(
                by_consent(Mixed::Counted).contains(&found),
                consent,
                "{own:?}"
            );
            let alone = own == [Basis::Consent];
            assert_eq!(
                by_consent(Mixed::LeftOut).contains(&found),
                alone,
                "{own:?}"
            );
        }
    }

    #[test]
    fn words_are_read_without_capitals() {
        assert_eq!(Basis::of(" K9 "), Some(Basis::K9));
        assert_eq!(Basis::of("Probable Cause"), Some(Basis::ProbableCause));
        assert_eq!(Basis::of("hunch"), None);
    }
}
