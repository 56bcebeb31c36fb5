//! Redaction: names that tell of a secret, and secrets in texts.
//!
//! Owns: what is hidden and what stands in its place. Must not: see the interpreter, or know where a text comes from.
//!
//! A name → `Told`; a text → the text with marks in place of what is hidden. Where neither can be decided, it is hidden.
//! What was hidden once is followed.

mod extent;
mod followed;
mod pairs;
mod prompt;
mod shapes;
mod stream;
mod terminal;
mod tokens;
mod words;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde_json::Value;

use super::spec::Redact;
use crate::error::{Error, Result};

use followed::{Followed, Found};
use shapes::Shapes;
use terminal::Plain;
use words::{NamePattern, words};

pub use prompt::Question;
pub use stream::Stream;

/// Names whose verdict is remembered.
const MOST_NAMES: usize = 8192;
/// Digits of a payment card's number (ISO/IEC 7812-1).
const CARD: std::ops::RangeInclusive<usize> = 13..=19;
/// What stands around a text in brackets and quotes.
const IN_BRACKETS: [char; 8] = ['"', '\'', '[', ']', '{', '}', ',', ':'];

/// What stands in the place of what is hidden: `<redacted: name password>`.
pub type Mark = Arc<str>;

/// What a name says of its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Told {
    /// Nothing.
    #[default]
    Nothing,
    /// It may be the number of a payment card.
    Number,
    /// It is secret.
    Secret(Mark),
}

/// `[redact]`, compiled.
pub struct Redaction {
    is_on: bool,
    detects: bool,
    names: Vec<(NamePattern, Mark)>,
    allow: Vec<NamePattern>,
    told: HashMap<Box<str>, Told, RandomState>,
    shapes: Shapes,
    followed: Followed,
}

/// A part of a text that is hidden.
struct Hidden {
    range: Range<usize>,
    mark: Mark,
    /// Whether its end is in the text.
    ends: bool,
}

/// What is wrong with a pattern of names; `None` if nothing is.
pub fn name_problem(text: &str) -> Option<String> {
    NamePattern::parse(text).err()
}

fn parsed(pattern: &str) -> Result<NamePattern> {
    NamePattern::parse(pattern).map_err(|problem| Error::Policy(format!("redact: {problem}")))
}

impl Redaction {
    /// Compiles `[redact]`.
    ///
    /// # Errors
    /// `Error::Policy` for a bad pattern; the policy's checker has named its place before.
    pub fn compile(spec: &Redact) -> Result<Self> {
        let names = spec.names.iter().map(|pattern| {
            let mark = format!("<redacted: name {pattern}>");
            Ok((parsed(pattern)?, mark.into()))
        });
        Ok(Self {
            is_on: spec.enabled,
            detects: spec.enabled && spec.detect,
            names: names.collect::<Result<_>>()?,
            allow: spec
                .allow
                .iter()
                .map(|one| parsed(one))
                .collect::<Result<_>>()?,
            told: HashMap::default(),
            shapes: Shapes::default(),
            followed: Followed::default(),
        })
    }

    /// What a name says of its value.
    pub fn name(&mut self, name: &str) -> Told {
        if !self.is_on {
            return Told::Nothing;
        }
        if let Some(told) = self.told.get(name) {
            return told.clone();
        }
        let told = self.judge(name);
        if self.told.len() >= MOST_NAMES {
            self.told.clear();
        }
        self.told.insert(name.into(), told.clone());
        told
    }

    fn judge(&self, name: &str) -> Told {
        let words = words(name);
        let secret = || {
            self.names
                .iter()
                .find(|(pattern, _)| pattern.matches(&words))
        };
        let is_allowed = || self.allow.iter().any(|pattern| pattern.matches(&words));
        match secret() {
            Some((_, mark)) if !is_allowed() => Told::Secret(Arc::clone(mark)),
            _ if self.detects
                && words
                    .iter()
                    .any(|word| matches!(&**word, "card" | "number" | "pan" | "cc")) =>
            {
                Told::Number
            }
            _ => Told::Nothing,
        }
    }

    /// Whether a question asks for a secret: then its mark. On its own line any name in it tells of one, on the line before
    /// the last: what was said of others (`Your passwords were changed`) asks for none.
    pub fn asked(&mut self, question: &Question) -> Option<Mark> {
        if !self.is_on {
            return None;
        }
        if question.is_open
            && let Told::Secret(mark) = self.judge(&question.subject)
        {
            return Some(mark);
        }
        let mark = self.behind(&question.subject)?;
        (question.is_open || self.behind(question.before()).is_none()).then_some(mark)
    }

    /// The mark of what would stand behind a name.
    fn behind(&mut self, name: &str) -> Option<Mark> {
        let found = self.find(&format!("{name}: "));
        let last = found.last()?;
        (!last.ends && last.range.is_empty()).then(|| Arc::clone(&last.mark))
    }

    /// The place of the first pattern that tells of a secret, and of the first that allows the name all the same.
    pub fn explain(&self, name: &str) -> (Option<usize>, Option<usize>) {
        let words = words(name);
        (
            self.names
                .iter()
                .position(|(pattern, _)| pattern.matches(&words)),
            self.allow
                .iter()
                .position(|pattern| pattern.matches(&words)),
        )
    }

    /// Whether there were more texts to follow than can be.
    pub fn is_full(&self) -> bool {
        self.followed.is_full
    }

    /// Follows a text that was hidden for its name.
    pub fn follow(&mut self, text: &str, mark: &Mark) {
        self.followed.add(text, mark);
    }

    /// The same of one that is known to be a secret: a short one is hidden where it is all of a text.
    pub fn follow_answer(&mut self, text: &str, mark: &Mark) {
        self.followed.add(text, mark);
        self.followed.add_short(text, mark);
    }

    /// The same of bytes.
    pub fn follow_bytes(&mut self, bytes: &[u8], mark: &Mark) {
        let text = String::from_utf8_lossy(bytes);
        self.followed.add_bytes(bytes, &text, mark);
    }

    /// Whether a text under a name that says card or number is a card's, or holds one in brackets: then its mark. The
    /// number is followed, with what stands between its digits and without.
    pub fn card(&mut self, text: &str) -> Option<Mark> {
        let mut mark = None;
        for number in text.split(IN_BRACKETS).filter(|part| is_card(part)) {
            let mark = mark.get_or_insert_with(|| "<redacted: content card number>".into());
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            self.followed.add_number(number.trim(), mark);
            self.followed.add_number(&digits, mark);
        }
        mark
    }

    /// How many texts are followed: what was shown while these were may hide one more now.
    #[inline]
    pub fn followed(&self) -> usize {
        self.followed.count
    }

    /// The text with marks in place of what is secret in it; `None` if nothing is.
    pub fn text(&mut self, text: &str) -> Option<String> {
        if !self.is_on {
            return None;
        }
        let hidden = self.find(text);
        (!hidden.is_empty()).then(|| marked(text, &hidden, |_| 0))
    }

    /// The same of a text that goes on for `rest` more: what may begin a secret at its end is hidden.
    pub fn part(&mut self, text: &str, rest: usize) -> Option<String> {
        if rest == 0 || !self.is_on {
            return self.text(text);
        }
        let hidden = self.find_open(text);
        (!hidden.is_empty()).then(|| marked(text, &hidden, |_| 0))
    }

    /// The same of a source text, whose lines keep their numbers.
    pub fn source(&mut self, text: &str) -> Option<String> {
        if !self.is_on {
            return None;
        }
        let hidden = self.find(text);
        let lines = |part: &str| part.matches('\n').count();
        (!hidden.is_empty()).then(|| marked(text, &hidden, lines))
    }

    /// Hides what is secret in the texts of a JSON value.
    pub fn json(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(shown) = self.text(text) {
                    *text = shown;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.json(field)),
            _ => {}
        }
    }

    /// The arguments of a command with marks in place of secrets: `--token`, `abc` and `--token=abc`.
    pub fn arguments(&mut self, arguments: &[String]) -> Vec<String> {
        let mut option = Told::Nothing;
        let mut shown = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let told = std::mem::replace(&mut option, self.option(argument));
            shown.push(match told {
                Told::Secret(mark) => {
                    self.follow(argument, &mark);
                    option = Told::Nothing;
                    mark.to_string()
                }
                _ => (self.assigned(argument))
                    .or_else(|| self.text(argument))
                    .unwrap_or_else(|| argument.clone()),
            });
        }
        shown
    }

    /// An argument `--name=value`, or `name=value`, whose value is secret to its end.
    fn assigned(&mut self, argument: &str) -> Option<String> {
        let (name, value) = argument.split_once('=')?;
        let is_name = name.bytes().all(extent::is_name_byte);
        match self.name(name) {
            Told::Secret(mark) if is_name && !is_hidden(value) => {
                self.follow(value, &mark);
                Some(format!("{name}={mark}"))
            }
            _ => None,
        }
    }

    /// What an argument says of the one behind it: it is an option without a value of its own.
    pub fn option(&mut self, argument: &str) -> Told {
        if argument.starts_with('-') && !argument.contains(['=', ' ']) {
            self.name(argument)
        } else {
            Told::Nothing
        }
    }

    /// What is hidden in a text, in order, nothing twice.
    fn find(&mut self, text: &str) -> Vec<Hidden> {
        let may_hold_shapes =
            self.detects && text.len() >= shapes::SHORTEST && self.shapes.may_be_in(text);
        self.find_with(text, may_hold_shapes)
    }

    fn find_with(&mut self, text: &str, may_hold_shapes: bool) -> Vec<Hidden> {
        let mut found = Vec::new();
        let has_names = memchr::memchr3(b'=', b':', b'-', text.as_bytes()).is_some();
        if has_names && self.is_on {
            self.find_named(text, &mut found);
        }
        if may_hold_shapes {
            let named = found.len();
            self.shapes.find(text, &mut found);
            for shape in &found[named..] {
                let secret = &text[shape.range.clone()];
                self.followed.add(secret, &shape.mark);
                for line in secret.lines().filter(|line| !is_frame(line)) {
                    self.followed.add(line.trim(), &shape.mark);
                }
            }
        }
        let mut again: Vec<Found> = Vec::new();
        self.followed.find(text, &mut again);
        found.extend(again.into_iter().map(|(range, mark)| Hidden {
            range,
            mark,
            ends: true,
        }));
        if found.len() > 1 {
            merge(&mut found);
        }
        found
    }

    fn find_named(&mut self, text: &str, found: &mut Vec<Hidden>) {
        let mut marks: Vec<Mark> = Vec::new();
        let plain = Plain::of(text);
        let pairs = pairs::find(&plain.text, |name, value| match self.name(name) {
            Told::Secret(mark) => {
                marks.push(mark);
                true
            }
            Told::Number => match self.card(value()) {
                Some(mark) => {
                    marks.push(mark);
                    true
                }
                None => false,
            },
            Told::Nothing => false,
        });
        for (pair, mark) in pairs.into_iter().zip(marks) {
            let value = &plain.text[pair.value.clone()];
            if pair.ends && is_hidden(value) {
                continue;
            }
            for part in parts(value).into_iter().filter(|part| !is_prose(part)) {
                self.followed.add(part, &mark);
            }
            found.push(Hidden {
                range: plain.origin(pair.value),
                mark,
                ends: pair.ends,
            });
        }
    }

    /// What is hidden in a text that goes on, with what may begin a secret at its end.
    fn find_open(&mut self, text: &str) -> Vec<Hidden> {
        let may_hold_shapes = self.detects && self.shapes.may_be_in(text);
        let mut hidden = self.find_with(text, may_hold_shapes);
        if hidden.last().is_none_or(|last| last.range.end < text.len())
            && let Some(begun) = self.begun(text, may_hold_shapes)
        {
            hidden.push(begun);
            merge(&mut hidden);
        }
        hidden
    }

    /// What a text ends in that may be the beginning of a secret.
    fn begun(&self, text: &str, may_hold_shapes: bool) -> Option<Hidden> {
        let line = stream::last_line(text);
        let shape = || {
            let begun = self.shapes.begun(&text[line..])?;
            let range = begun.range.start + line..text.len();
            Some(Hidden { range, ..begun })
        };
        let followed = || {
            let (range, mark) = self.followed.begun(text, line)?;
            Some(Hidden {
                range,
                mark,
                ends: false,
            })
        };
        may_hold_shapes.then(shape).flatten().or_else(followed)
    }
}

/// Whether a line only says that a key begins or ends there (RFC 7468, section 3).
fn is_frame(line: &str) -> bool {
    line.starts_with("-----")
}

/// Whether a value is what a redaction has left, or nothing at all.
fn is_hidden(value: &str) -> bool {
    value.starts_with("<redacted: ") || value.is_empty()
}

/// The text with marks in place of what is hidden, and as many line breaks behind each as `breaks` says.
fn marked(text: &str, hidden: &[Hidden], breaks: impl Fn(&str) -> usize) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for part in hidden {
        shown.push_str(&text[at..part.range.start]);
        shown.push_str(&part.mark);
        shown.push_str(&"\n".repeat(breaks(&text[part.range.clone()])));
        at = part.range.end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// What is followed of a hidden value: it, and what stands in it in quotes and is no key.
fn parts(value: &str) -> Vec<&str> {
    const QUOTES: [char; 2] = ['"', '\''];
    let pieces: Vec<&str> = value.split(QUOTES).collect();
    let is_key = |place: &usize| {
        let next = pieces.get(place + 1).map(|next| next.trim_start());
        next.is_some_and(|next| next.starts_with([':', '=']))
    };
    let quoted = (1..pieces.len()).step_by(2).filter(|place| !is_key(place));
    let quoted = quoted.map(|place| pieces[place].trim_end_matches('\\'));
    std::iter::once(value.trim_matches(QUOTES))
        .chain(quoted)
        .collect()
}

/// Whether what stands behind a name in a text may be words about it (`password: required`), which others may use too.
fn is_prose(value: &str) -> bool {
    let is_word = |word: &str| {
        let mut units = word.trim_end_matches(['.', ',', '!', '?']).chars();
        units.next().is_some_and(char::is_alphabetic) && units.all(char::is_lowercase)
    };
    value.split_whitespace().all(is_word) || value.split_whitespace().count() > 1
}

/// Orders what was found and leaves out what lies within other.
fn merge(found: &mut Vec<Hidden>) {
    found.sort_by_key(|hidden| (hidden.range.start, usize::MAX - hidden.range.end));
    let mut merged: Vec<Hidden> = Vec::with_capacity(found.len());
    for hidden in found.drain(..) {
        match merged.last_mut() {
            Some(last) if hidden.range.start < last.range.end => {
                if hidden.range.end > last.range.end {
                    last.range.end = hidden.range.end;
                    last.ends = hidden.ends;
                }
            }
            _ => merged.push(hidden),
        }
    }
    *found = merged;
}

/// Whether a text is the number of a payment card: its digits, in groups or not, pass the check of ISO/IEC 7812-1.
fn is_card(text: &str) -> bool {
    let is_number = |byte: u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'-');
    if text.len() < *CARD.start() || !text.trim().bytes().all(is_number) {
        return false;
    }
    let digits: Vec<u32> = text.chars().filter_map(|unit| unit.to_digit(10)).collect();
    if !CARD.contains(&digits.len()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests;
