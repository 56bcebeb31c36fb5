//! Texts that were hidden once, found again under other names and inside longer texts.
//!
//! Owns: which texts are followed, and in which forms. Must not: grow without bound.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, Range};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use foldhash::fast::RandomState;

use super::stream::boundary;

/// Characters of the shortest text that is followed, and bytes by which texts are found.
const SHORTEST: usize = 8;
/// Characters of the shortest text that is hidden where it is all of a text.
const SHORTEST_ALONE: usize = 4;
/// Characters of a text that are compared: what goes on behind them is hidden to its end.
const LONGEST: usize = 1024;
/// Texts that are followed at the most, their forms included.
const MOST: usize = 1 << 16;
/// Bits of the filter for each of them: one place in sixteen is looked up in vain.
const BITS: usize = 16;
/// Bits of the filter at the least.
const SMALLEST_FILTER: usize = 1 << 16;
/// How much of a followed text may stand at the end of one write without being taken for its beginning.
const UNSUSPICIOUS: usize = 4;

/// The first bytes of a text.
type Key = [u8; SHORTEST];

/// How a followed text is hidden.
struct Text {
    mark: Arc<str>,
    reach: Reach,
}

/// How far what is hidden reaches where a text is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To the text's end.
    Whole,
    /// To the end of all: the text is the beginning of a longer one.
    On,
    /// Over the base64 around it, too: its first and last digits hold bits of the text.
    Around,
}

/// The texts.
#[derive(Default)]
pub(super) struct Followed {
    texts: BTreeMap<Box<[u8]>, Text>,
    /// How long those are that have the same first bytes, in order.
    lengths: HashMap<Key, Vec<usize>, RandomState>,
    /// Which first bytes there are, as one bit of their hash each.
    filter: Vec<u64>,
    /// Bytes of the longest text.
    longest: usize,
    /// Bytes of the longest text that has more than one line.
    lines: usize,
    /// Texts that are too short for that: hidden where one is all of a text.
    short: BTreeMap<Box<str>, Arc<str>>,
    /// How many there are.
    pub count: usize,
    /// Whether a text could not be followed any more.
    pub is_full: bool,
}

/// What was found: where, and why it is hidden.
pub(super) type Found = (Range<usize>, Arc<str>);

fn key(bytes: &[u8]) -> Key {
    let mut first = [0; SHORTEST];
    first.copy_from_slice(&bytes[..SHORTEST]);
    first
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

impl Followed {
    /// Follows a text, and what encodings of the standard library make of it.
    pub(super) fn add(&mut self, text: &str, mark: &Arc<str>) {
        self.add_bytes(text.as_bytes(), text, mark);
    }

    /// The same of bytes that read as this text.
    pub(super) fn add_bytes(&mut self, bytes: &[u8], text: &str, mark: &Arc<str>) {
        // Texts come again at each line.
        if !self.knows(text) && !is_filler(text) {
            self.add_forms(bytes, text, mark);
        }
    }

    /// The same of a number, whose few digits may come again and again.
    pub(super) fn add_number(&mut self, digits: &str, mark: &Arc<str>) {
        self.add_forms(digits.as_bytes(), digits, mark);
    }

    /// Follows a text that is too short to be found in others, where it stands alone.
    pub(super) fn add_short(&mut self, text: &str, mark: &Arc<str>) {
        let is_short = (SHORTEST_ALONE..SHORTEST).contains(&text.chars().take(SHORTEST).count());
        if is_short && self.count < MOST && !self.short.contains_key(text) {
            self.short.insert(text.into(), Arc::clone(mark));
            self.count += 1;
        }
    }

    fn add_forms(&mut self, bytes: &[u8], text: &str, mark: &Arc<str>) {
        if self.is_full || text.chars().take(SHORTEST).count() < SHORTEST {
            return;
        }
        let (text, goes_on) = match text.char_indices().nth(LONGEST) {
            Some((end, _)) => (&text[..end], true),
            None => (text, false),
        };
        if self.knows(text) {
            return;
        }
        let bytes = &bytes[..bytes
            .len()
            .min(if goes_on { text.len() } else { usize::MAX })];
        for (form, reach) in forms(bytes, text) {
            let reach = if goes_on { Reach::On } else { reach };
            self.insert(&form, mark, reach);
        }
    }

    fn knows(&self, text: &str) -> bool {
        text.len() >= SHORTEST && self.texts.contains_key(text.as_bytes())
    }

    fn insert(&mut self, text: &str, mark: &Arc<str>, reach: Reach) {
        if self.knows(text) {
            return;
        }
        if self.count >= MOST {
            self.is_full = true;
            return;
        }
        let mark = Arc::clone(mark);
        self.texts
            .insert(text.as_bytes().into(), Text { mark, reach });
        self.count += 1;
        let lengths = self.lengths.entry(key(text.as_bytes())).or_default();
        if let Err(place) = lengths.binary_search(&text.len()) {
            lengths.insert(place, text.len());
        }
        self.longest = self.longest.max(text.len());
        if text.contains('\n') {
            self.lines = self.lines.max(text.len());
        }
        self.note(text);
    }

    /// Notes in the filter that there is a text, in a larger filter where it would let too much pass.
    fn note(&mut self, text: &str) {
        let bits = SMALLEST_FILTER.max((self.count * BITS).next_power_of_two());
        if self.filter.len() * 64 < bits {
            self.filter = vec![0; bits / 64];
            let keys: Vec<Key> = self.lengths.keys().copied().collect();
            keys.iter().for_each(|key| self.set(key));
        } else {
            self.set(&key(text.as_bytes()));
        }
    }

    fn set(&mut self, key: &Key) {
        let bit = self.bit(key);
        self.filter[bit >> 6] |= 1 << (bit & 63);
    }

    fn bit(&self, key: &Key) -> usize {
        // The upper bits of a product: they depend on all of the key's.
        let product = u64::from_le_bytes(*key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (product >> (64 - (self.filter.len() * 64).ilog2())) as usize
    }

    /// Whether there may be a text with these first bytes.
    #[inline]
    fn may_be_first(&self, key: &Key) -> bool {
        let bit = self.bit(key);
        self.filter[bit >> 6] >> (bit & 63) & 1 == 1
    }

    /// Where followed texts stand in a text.
    #[inline]
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        if self.count > 0 {
            self.find_any(text, found);
        }
    }

    fn find_any(&self, text: &str, found: &mut Vec<Found>) {
        if let Some(mark) = self.short.get(text) {
            found.push((0..text.len(), Arc::clone(mark)));
        }
        if self.lengths.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        let (mut at, mut done) = (0, 0);
        while at + SHORTEST <= bytes.len() {
            let key = key(&bytes[at..]);
            if self.may_be_first(&key)
                && let Some((length, longest)) = self.at(&key, &bytes[at..])
            {
                let range = longest.range(bytes, at..at + length, done);
                done = range.end;
                at = done;
                found.push((range, Arc::clone(&longest.mark)));
            } else {
                at += 1;
            }
        }
    }

    /// The longest followed text that the bytes begin with, and its length.
    fn at(&self, key: &Key, bytes: &[u8]) -> Option<(usize, &Text)> {
        let lengths = self.lengths.get(key)?.iter().rev();
        lengths.copied().find_map(|length| {
            let known = self.texts.get(bytes.get(..length)?)?;
            Some((length, known))
        })
    }

    /// From where on a text is to be kept whose last line begins at `line`, for texts of more lines to be found.
    pub(super) fn reach(&self, text: &str, line: usize) -> usize {
        let from = line.min(text.len().saturating_sub(self.lines));
        boundary(text, from)
    }

    /// Where, at the end of a text whose last line begins at `line`, a followed one begins that may go on in the next.
    pub(super) fn begun(&self, text: &str, line: usize) -> Option<Found> {
        if self.lengths.is_empty() {
            return None;
        }
        // What begins before does not go on behind the end.
        let near = boundary(text, text.len().saturating_sub(self.longest));
        let from = self.reach(text, line).max(near);
        // A followed text is one of characters: what it begins with begins at one.
        let last = text.len().checked_sub(UNSUSPICIOUS)?;
        (from..=last).find_map(|at| {
            let known = self.beginning_with(&text.as_bytes()[at..])?;
            Some((at..text.len(), Arc::clone(&known.mark)))
        })
    }

    fn beginning_with(&self, rest: &[u8]) -> Option<&Text> {
        if rest.len() >= SHORTEST && !self.may_be_first(&key(rest)) {
            return None;
        }
        let from = (Bound::Included(rest), Bound::Unbounded);
        let (text, known) = self.texts.range::<[u8], _>(from).next()?;
        text.starts_with(rest).then_some(known)
    }
}

impl Text {
    /// What is hidden where the text stands; what lies before `done` is hidden already.
    fn range(&self, bytes: &[u8], text: Range<usize>, done: usize) -> Range<usize> {
        match self.reach {
            Reach::Whole => text,
            Reach::On => text.start..bytes.len(),
            Reach::Around => {
                let around = |byte: &&u8| is_base64(**byte);
                let before = bytes[done..text.start].iter().rev().take_while(around);
                let behind = bytes[text.end..].iter().take_while(around);
                text.start - before.count()..text.end + behind.count()
            }
        }
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

/// The text as it is, and as JSON, URLs, hexadecimal digits and base64 have it or its bytes.
fn forms(bytes: &[u8], text: &str) -> Vec<(String, Reach)> {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut forms = vec![
        text.to_owned(),
        json.trim_matches('"').to_owned(),
        in_ascii(json.trim_matches('"')),
        in_url(text, b""),
        in_url(text, b"/"),
        in_url(text, b"").replace("%20", "+"),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
    ];
    let exact = forms.len();
    // Behind one, two or three other bytes, without the digits that depend on these.
    for skipped in 0..3 {
        let bytes = &bytes[skipped.min(bytes.len())..];
        let whole = &bytes[..bytes.len() / 3 * 3];
        forms.push(STANDARD_NO_PAD.encode(whole));
        forms.push(URL_SAFE_NO_PAD.encode(whole));
    }
    let reach = |place| {
        if place < exact {
            Reach::Whole
        } else {
            Reach::Around
        }
    };
    let forms = forms.into_iter().enumerate();
    forms
        .map(|(place, form)| (form, reach(place)))
        .filter(|(form, _)| form.len() >= SHORTEST)
        .collect()
}

/// As `json.dumps` writes what is JSON already: in ASCII.
fn in_ascii(json: &str) -> String {
    let mut halves = [0; 2];
    let mut shown = String::with_capacity(json.len());
    for unit in json.chars() {
        if unit.is_ascii() {
            shown.push(unit);
        } else {
            let escaped = unit.encode_utf16(&mut halves).iter();
            shown.extend(escaped.map(|half| format!("\\u{half:04x}")));
        }
    }
    shown
}

/// As `urllib.parse.quote` writes it, with these as they are.
fn in_url(text: &str, safe: &[u8]) -> String {
    let escaped = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        byte if safe.contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
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
            "p=hunter2+%22x%22&q",
            "68756e7465723220227822",
            "68756E7465723220227822",
            "aHVudGVyMiAieCI=",
            // b"bob:" and b"me:" before it.
            "Ym9iOmh1bnRlcjIgIngi",
            "bWU6aHVudGVyMiAieCI=",
        ] {
            assert_eq!(found(&followed, text).len(), 1, "{text}");
        }
        assert!(found(&followed, "hunter2 'x'").is_empty());
    }

    #[test]
    fn base64_is_hidden_whole() {
        let followed = followed("hunter2 \"x\"");
        let text = "Basic Ym9iOmh1bnRlcjIgIngi, x";
        assert_eq!(found(&followed, text), ["Ym9iOmh1bnRlcjIgIngi"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_found_in_their_forms() {
        let mut followed = Followed::default();
        let bytes = [0xfe, 1, 2, 0xc3, 4, 0x80, 6, 7, 0xff, 9];
        let text = String::from_utf8_lossy(&bytes);
        followed.add_bytes(&bytes, &text, &Arc::from("mark"));
        for text in [
            &text,
            "fe0102c304800607ff09",
            "FE0102C304800607FF09",
            "/gECwwSABgf/CQ==",
            "_gECwwSABgf_CQ",
        ] {
            assert_eq!(found(&followed, &format!("a {text} b")), [text]);
        }
    }

    #[test]
    fn as_many_are_followed_as_there_is_room_for() {
        let mut followed = Followed::default();
        for number in 0..MOST {
            followed.add(&format!("zQ8431w-{number:05}"), &Arc::from("mark"));
        }
        assert!(followed.is_full && followed.count == MOST);
        for number in [0, 1000, 5000] {
            assert_eq!(
                found(&followed, &format!("a zQ8431w-{number:05} b")).len(),
                1
            );
        }
        assert!(found(&followed, "a zQ8431w-99999 b and other text").is_empty());
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
        let begun = |text| followed.begun(text, 0).map(|(range, _)| range);
        assert_eq!(begun("it is correct-h"), Some(6..15));
        assert_eq!(begun("it is cor"), None);
        assert_eq!(begun("it is correct"), Some(6..13));
        assert_eq!(begun("it is Correct-h"), None);
        assert_eq!(
            begun(&format!("{}correct-hors", "é".repeat(50))),
            Some(100..112)
        );
    }

    #[test]
    fn a_beginning_of_more_lines_is_seen() {
        let followed = followed("line 1\nline 2\nline 3");
        let begun = |text: &str, line| followed.begun(text, line).map(|(range, _)| range);
        assert_eq!(begun("x\nline 1\nli", 9), Some(2..11));
        assert_eq!(begun("x\nline 1\n", 9), Some(2..9));
        assert_eq!(begun("x\nline 2\n", 9), None);
    }
}
