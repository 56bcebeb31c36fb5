//! Secrets by their shape: the table of `tokens`, compiled.
//!
//! Owns: when the automata are made, and what they find. Must not: know of names.

use std::cell::OnceCell;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::tokens::SHAPES;
use super::{Hidden, Mark};

/// Bytes of the shortest secret that is known by its shape.
pub(super) const SHORTEST: usize = 12;
/// Bytes of a word that is a line of a key rather than of a sentence.
const LINE: usize = 24;

/// The shapes. Each automaton is made when a text first needs it: the expressions, which few programs need, take
/// milliseconds, the needles less than one.
#[derive(Default)]
pub(super) struct Shapes {
    needles: OnceCell<Option<AhoCorasick>>,
    whole: OnceCell<Option<Regex>>,
    begins: OnceCell<Option<Regex>>,
}

fn compiled<'a>(expressions: impl Iterator<Item = &'a str>, end: &str) -> Option<Regex> {
    let expressions: Vec<String> = expressions.map(|one| format!("(?:{one}){end}")).collect();
    // Bytes that are no ASCII are taken as a run, so that what is found begins and ends between characters.
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    Regex::builder()
        .syntax(syntax)
        .build_many(&expressions)
        .ok()
}

fn mark(shape: usize) -> Mark {
    Arc::from(format!("<redacted: content {}>", SHAPES[shape].name))
}

/// How much of what was found is secret, and whether it ends there. A frame that the text does not close goes on behind
/// it, unless a line says that it was broken off.
fn frame(found: &str) -> (usize, bool) {
    let is_closed = || found.contains("-----END") && found.ends_with("-----");
    if !found.starts_with("-----BEGIN") || is_closed() {
        return (found.len(), true);
    }
    let (mut length, mut is_head) = (0, true);
    for line in found.split_inclusive('\n') {
        is_head &= length == 0 || line.contains(": ");
        let is_whole = line.ends_with('\n');
        if is_whole && !is_head && !is_body(line) {
            return (length, true);
        }
        length += line.len();
    }
    (length, false)
}

/// Whether a line can stand in the frame of a key: base64, whatever stands before it in a log.
fn is_body(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_long = |word: &str| word.len() >= LINE && word.bytes().all(is_base64);
    line.split_whitespace().any(is_long) || words.nth(1).is_none()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

impl Shapes {
    /// Whether a text holds what stands in every secret of one of the shapes, and in what may begin one, or it cannot be
    /// decided.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        let needles = || SHAPES.iter().flat_map(|shape| shape.needles);
        let needles = (self.needles).get_or_init(|| AhoCorasick::new(needles()).ok());
        (needles.as_ref()).is_none_or(|needles| needles.is_match(text))
    }

    /// What of a text that they may be in is secret.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Hidden>) {
        let whole = self
            .whole
            .get_or_init(|| compiled(SHAPES.iter().map(|shape| shape.shape), ""));
        let Some(whole) = whole else {
            // Where it cannot be decided, all is hidden.
            found.push(Hidden {
                range: 0..text.len(),
                mark: mark(0),
                ends: false,
            });
            return;
        };
        for shape in whole.find_iter(text) {
            let place = shape.pattern().as_usize();
            let secret = SHAPES[place].secret(&text[shape.range()]);
            let range = shape.start() + secret.start..shape.start() + secret.end;
            let (length, ends) = frame(&text[range.clone()]);
            found.push(Hidden {
                range: range.start..range.start + length,
                mark: mark(place),
                ends,
            });
        }
    }

    /// What a text ends in that may be the beginning of a secret.
    pub(super) fn begun(&self, text: &str) -> Option<Hidden> {
        if !self.may_be_in(text) {
            return None;
        }
        let begins = self
            .begins
            .get_or_init(|| compiled(SHAPES.iter().map(|shape| shape.begin), r"\z"));
        let found = begins.as_ref()?.find(text)?;
        let place = found.pattern().as_usize();
        let secret = SHAPES[place].secret(&text[found.range()]);
        Some(Hidden {
            range: found.start() + secret.start..text.len(),
            mark: mark(place),
            ends: false,
        })
    }
}
