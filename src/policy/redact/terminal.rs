//! Texts as a terminal shows them: without the control sequences of colours.
//!
//! Owns: what a control sequence is, and where the rest of a text stood. Must not: know what is looked for.

use std::borrow::Cow;
use std::ops::Range;

const ESCAPE: char = '\x1b';

/// A text without its control sequences.
pub(super) struct Plain<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where each byte of it stood, and the end; none where nothing was left out.
    places: Vec<usize>,
}

impl<'a> Plain<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        if !text.contains(ESCAPE) {
            return Self {
                text: text.into(),
                places: Vec::new(),
            };
        }
        let (mut shown, mut places) = (String::with_capacity(text.len()), Vec::new());
        let mut units = text.char_indices();
        while let Some((at, unit)) = units.next() {
            if unit != ESCAPE {
                shown.push(unit);
                places.extend(at..at + unit.len_utf8());
            } else if units.next().is_some_and(|(_, next)| next == '[') {
                // ECMA-48, 5.4: a control sequence ends in one of these.
                let _ = units.find(|(_, unit)| matches!(unit, '@'..='~'));
            }
        }
        places.push(text.len());
        Self {
            text: shown.into(),
            places,
        }
    }

    /// Where a part of it stood, with the sequences within.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        if self.places.is_empty() {
            return part;
        }
        let start = self.places[part.start];
        let end = if part.is_empty() {
            start
        } else {
            self.places[part.end - 1] + 1
        };
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_left_out_and_places_known() {
        let text = "\x1b[1;36mkey\x1b[0m=\x1b[35mv\x1b[3mé\x1b[0m.";
        let plain = Plain::of(text);
        assert_eq!(plain.text, "key=vé.");
        let at = plain.text.find("vé").unwrap();
        assert_eq!(&text[plain.origin(at..at + 3)], "v\x1b[3mé");
        let end = plain.text.len();
        assert_eq!(plain.origin(end..end), text.len()..text.len());
        assert_eq!(Plain::of("key").origin(1..2), 1..2);
    }
}
