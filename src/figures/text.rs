//! Texts made fit for a picture: cleaned, wrapped to a width, shortened in the middle.
//!
//! Labels come from other people's files. Control characters and direction overrides are removed, because they can
//! break the document or make a line read otherwise than it is stored.

use super::svg::{Font, Weight, text_width};

/// Title of the figure. Sizes are for a picture of 960 pixels printed 6.5 inches wide, where 14.4 are 7 points.
pub(super) const TITLE: Font = Font {
    size: 23.0,
    weight: Weight::Semibold,
};
/// Agency, period and unit.
pub(super) const SUBTITLE: Font = Font {
    size: 17.0,
    weight: Weight::Regular,
};
/// Row labels and numbers.
pub(super) const BODY: Font = Font {
    size: 15.5,
    weight: Weight::Regular,
};
/// Headings and pooled rows.
pub(super) const STRONG: Font = Font {
    size: 15.5,
    weight: Weight::Semibold,
};
/// Ticks, legend, notes and foot: the smallest.
pub(super) const SMALL: Font = Font {
    size: 14.5,
    weight: Weight::Regular,
};
/// Column headings.
pub(super) const SMALL_STRONG: Font = Font {
    size: 14.5,
    weight: Weight::Semibold,
};

/// Distance of two baselines.
pub(super) fn line_height(font: Font) -> f64 {
    (font.size * 1.26).round()
}

/// Baseline of a text whose capitals are centred on `y`.
pub(super) fn centred(y: f64, font: Font) -> f64 {
    y + 0.33 * font.size
}

/// The text without control characters and direction overrides, runs of spaces made one.
pub(super) fn clean(text: &str) -> String {
    let spaced: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if is_break(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = spaced.split(' ').filter(|w| !w.is_empty()).collect();
    // A number keeps its percent sign when a line is broken.
    words.join(" ").replace(" %", "\u{a0}%")
}

/// Lines no wider than `width`, broken at spaces, or inside a word that has none.
pub(super) fn wrap(text: &str, font: Font, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in clean(text).split(' ').flat_map(|w| pieces(w, font, width)) {
        let longer = if line.is_empty() {
            word.clone()
        } else {
            format!("{line} {word}")
        };
        if line.is_empty() || text_width(&longer, font) <= width {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, word));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// As [`wrap`], the text being shortened in the middle until it takes at most `most` lines.
pub(super) fn wrap_short(text: &str, (font, width): (Font, f64), most: usize) -> Vec<String> {
    let whole = clean(text);
    let lines = wrap(&whole, font, width);
    if lines.len() <= most {
        return lines;
    }
    let chars: Vec<char> = whole.chars().collect();
    let fits = |kept: usize| {
        let lines = wrap(&middle_out(&chars, kept), font, width);
        (lines.len() <= most).then_some(lines)
    };
    largest(chars.len(), fits).unwrap_or_else(|| vec!["…".to_owned()])
}

/// One line no wider than `width`, with `…` in the middle if need be.
pub(super) fn shorten(text: &str, font: Font, width: f64) -> String {
    let whole = clean(text);
    if text_width(&whole, font) <= width {
        return whole;
    }
    let chars: Vec<char> = whole.chars().collect();
    let fits = |kept: usize| {
        let short = middle_out(&chars, kept);
        (text_width(&short, font) <= width).then_some(short)
    };
    largest(chars.len(), fits).unwrap_or_else(|| "…".to_owned())
}

/// What `make` gives for the largest number below `limit` at which it gives anything.
fn largest<T>(limit: usize, make: impl Fn(usize) -> Option<T>) -> Option<T> {
    let (mut low, mut high, mut best) = (0, limit, None);
    while low < high {
        let kept = usize::midpoint(low, high);
        match make(kept) {
            Some(made) => (low, best) = (kept + 1, Some(made)),
            None => high = kept,
        }
    }
    best
}

/// The first and last of `kept` characters, with an ellipsis between them.
fn middle_out(chars: &[char], kept: usize) -> String {
    let head: String = chars[..kept.div_ceil(2)].iter().collect();
    let tail: String = chars[chars.len() - kept / 2..].iter().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// The word itself, or parts of it that fit.
fn pieces(word: &str, font: Font, width: f64) -> Vec<String> {
    if text_width(word, font) <= width {
        return vec![word.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut used = 0.0;
    for c in word.chars() {
        let advance = text_width(c.encode_utf8(&mut [0; 4]), font);
        if used + advance > width && used > 0.0 {
            parts.push(String::new());
            used = 0.0;
        }
        used += advance;
        parts.last_mut().expect("parts begins with one").push(c);
    }
    parts
}

fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Direction marks and overrides, the byte order mark, and what XML does not allow.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_overrides_are_removed() {
        assert_eq!(clean("a\u{202e}b\u{0}c\n\td  e\u{feff}"), "ab c d e");
        assert_eq!(clean("3.98 % of stops"), "3.98\u{a0}% of stops");
        assert_eq!(clean(" \u{1b}[31m"), "[31m");
    }

    #[test]
    fn lines_fit_and_keep_every_word() {
        let text = "Stops by the Sheriff of a county with a very-long-hyphenated-name-that-has-no-space-in-it at all";
        let lines = wrap(text, BODY, 120.0);
        assert!(lines.iter().all(|l| text_width(l, BODY) <= 120.0));
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        assert!(wrap("", BODY, 120.0).is_empty());
    }

    #[test]
    fn long_labels_keep_both_ends() {
        let text = "Metropolitan Police Department of the Consolidated City of Somewhere (Second District)";
        let short = shorten(text, BODY, 200.0);
        assert!(text_width(&short, BODY) <= 200.0);
        assert!(
            short.starts_with("Metro") && short.ends_with("District)") && short.contains('…'),
            "{short}"
        );
        assert_eq!(wrap_short(text, (BODY, 150.0), 2).len(), 2);
        assert_eq!(shorten("abc", BODY, 1.0), "…");
    }
}
