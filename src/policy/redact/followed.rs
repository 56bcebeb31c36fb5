//! Texts that were hidden once, found again under other names and inside longer texts.
//!
//! Owns: which texts are followed, and in which forms. Must not: grow without bound.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Characters of the shortest text that is followed, and bytes by which texts are found.
const SHORTEST: usize = 8;
/// Characters of a text that are compared: what goes on behind them is hidden to its end.
const LONGEST: usize = 1024;
/// Texts that are followed at the most, their forms included.
const MOST: usize = 8192;
/// How much of a followed text may stand at the end of one write without being taken for its beginning.
const UNSUSPICIOUS: usize = 4;

struct Text {
    text: Box<str>,
    mark: Arc<str>,
    is_begin: bool,
}

/// The texts, by their first bytes.
#[derive(Default)]
pub(super) struct Followed {
    texts: HashMap<u64, Vec<Text>>,
    /// Which first bytes there are, as one bit of their hash each.
    filter: Vec<u64>,
    /// How many there are.
    pub count: usize,
    /// Whether a text could not be followed any more.
    pub is_full: bool,
}

/// What was found: where, and why it is hidden.
pub(super) type Found = (Range<usize>, Arc<str>);

fn key(bytes: &[u8]) -> u64 {
    let mut first = [0; SHORTEST];
    first.copy_from_slice(&bytes[..SHORTEST]);
    u64::from_le_bytes(first)
}

fn bit(key: u64) -> usize {
    // The upper 16 bits of a product: they depend on all of the key's.
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}

impl Followed {
    /// Follows a text, and what encodings of the standard library make of it.
    pub(super) fn add(&mut self, text: &str, mark: &Arc<str>) {
        if self.is_full || text.chars().take(SHORTEST).count() < SHORTEST || is_filler(text) {
            return;
        }
        let (text, is_begin) = match text.char_indices().nth(LONGEST) {
            Some((end, _)) => (&text[..end], true),
            None => (text, false),
        };
        if self.knows(text) {
            return;
        }
        for form in forms(text) {
            self.insert(&form, mark, is_begin);
        }
    }

    fn knows(&self, text: &str) -> bool {
        let known = self.texts.get(&key(text.as_bytes()));
        known.is_some_and(|known| known.iter().any(|known| *known.text == *text))
    }

    fn insert(&mut self, text: &str, mark: &Arc<str>, is_begin: bool) {
        if self.knows(text) {
            return;
        }
        if self.count >= MOST {
            self.is_full = true;
            return;
        }
        let known = self.texts.entry(key(text.as_bytes())).or_default();
        known.push(Text {
            text: text.into(),
            mark: Arc::clone(mark),
            is_begin,
        });
        self.count += 1;
        self.filter.resize(1 << 10, 0);
        let bit = bit(key(text.as_bytes()));
        self.filter[bit >> 6] |= 1 << (bit & 63);
    }

    /// Where followed texts stand in a text.
    #[inline]
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        if self.count > 0 && text.len() >= SHORTEST {
            self.find_any(text, found);
        }
    }

    fn find_any(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at + SHORTEST <= bytes.len() {
            let key = key(&bytes[at..]);
            let bit = bit(key);
            if self.filter[bit >> 6] >> (bit & 63) & 1 == 1
                && let Some(longest) = self.at(key, &bytes[at..])
            {
                let end = if longest.is_begin {
                    bytes.len()
                } else {
                    at + longest.text.len()
                };
                found.push((at..end, Arc::clone(&longest.mark)));
                at = end;
            } else {
                at += 1;
            }
        }
    }

    /// The longest followed text that the bytes begin with.
    fn at(&self, key: u64, bytes: &[u8]) -> Option<&Text> {
        let here = self.texts.get(&key)?.iter();
        here.filter(|known| bytes.starts_with(known.text.as_bytes()))
            .max_by_key(|known| known.text.len())
    }

    /// Where, at the end of a text, a followed one begins that may go on in the next.
    pub(super) fn begun(&self, text: &str) -> Option<Found> {
        if self.count == 0 {
            return None;
        }
        let places = text.char_indices().map(|(at, _)| at);
        places
            .filter(|&at| text.len() - at >= UNSUSPICIOUS)
            .find_map(|at| {
                let known = self.beginning_with(&text[at..])?;
                Some((at..text.len(), Arc::clone(&known.mark)))
            })
    }

    fn beginning_with(&self, rest: &str) -> Option<&Text> {
        let begins = |known: &&Text| known.text.starts_with(rest);
        if rest.len() < SHORTEST {
            return self.texts.values().flatten().find(begins);
        }
        self.texts.get(&key(rest.as_bytes()))?.iter().find(begins)
    }
}

/// Whether a text is no secret: the same few characters again and again.
fn is_filler(text: &str) -> bool {
    let mut seen: Vec<char> = Vec::new();
    for unit in text.chars() {
        if !seen.contains(&unit) {
            seen.push(unit);
        }
        if seen.len() > 2 {
            return false;
        }
    }
    true
}

/// The text as it is, and as JSON, URLs, hexadecimal digits and base64 have it.
fn forms(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut forms = vec![
        text.to_owned(),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        // Without what depends on the bytes behind it.
        STANDARD_NO_PAD.encode(&bytes[..bytes.len() / 3 * 3]),
    ];
    let json = serde_json::to_string(text).unwrap_or_default();
    forms.push(json.trim_matches('"').to_owned());
    forms.push(
        bytes
            .iter()
            .map(|&byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect(),
    );
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(text: &str) -> Followed {
        let mut followed = Followed::default();
        followed.add(text, &Arc::from("mark"));
        followed
    }

    fn found<'a>(followed: &Followed, text: &'a str) -> Vec<&'a str> {
        let mut found = Vec::new();
        followed.find(text, &mut found);
        found.into_iter().map(|(range, _)| &text[range]).collect()
    }

    #[test]
    fn a_text_is_found_again_in_its_forms() {
        let followed = followed("hunter2 \"x\"");
        assert_eq!(found(&followed, "a hunter2 \"x\" b"), ["hunter2 \"x\""]);
        for text in [
            r#"{"a": "hunter2 \"x\""}"#,
            "?p=hunter2%20%22x%22&q",
            "68756e7465723220227822",
            "aHVudGVyMiAieCI=",
        ] {
            assert_eq!(found(&followed, text).len(), 1, "{text}");
        }
        assert!(found(&followed, "hunter2 'x'").is_empty());
    }

    #[test]
    fn short_texts_and_fillers_are_not_followed() {
        for text in ["hunter2", "********", "ababababab"] {
            assert!(
                found(&followed(text), &format!("x{text}x")).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_long_text_is_hidden_to_the_end() {
        let long = "0123456789".repeat(200);
        let text = format!("a{long}b");
        assert_eq!(found(&followed(&long), &text), [&text[1..]]);
    }

    #[test]
    fn a_beginning_at_the_end_is_seen() {
        let followed = followed("correct-horse");
        let begun = |text| followed.begun(text).map(|(range, _)| range);
        assert_eq!(begun("it is correct-h"), Some(6..15));
        assert_eq!(begun("it is cor"), None);
    }
}
