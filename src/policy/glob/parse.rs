//! A pattern's text → tokens, one sequence per alternative of its braces.
//!
//! Owns: the characters that mean something, and their mistakes. Must not: know what a part between
//! separators means; `translate` does.

use std::iter::Peekable;
use std::str::Chars;

use super::{Kind, Platform};
use crate::policy::path::LONGEST;

/// More than this many alternatives in one pattern (`{a,b}{c,d}…` multiply) are refused.
const MOST_ALTERNATIVES: usize = 4096;

/// A unit of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// This character.
    Literal(char),
    /// An unescaped `~`: the home folder where it is the first part, else itself.
    Tilde,
    /// `*`.
    Star,
    /// `?`: one character, never the separator.
    Any,
    /// One character of these inclusive ranges (sorted); never the separator.
    Class(Vec<(u32, u32)>),
    /// What stands between parts.
    Separator,
}

/// What is wrong with a pattern, around the place where its text is quoted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    what: String,
    way_out: &'static str,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            way_out: "",
        }
    }

    /// `way_out` says what to write instead.
    pub(super) fn with_way_out(what: impl Into<String>, way_out: &'static str) -> Self {
        Self {
            what: what.into(),
            way_out,
        }
    }

    /// The whole sentence.
    pub(super) fn in_pattern(&self, text: &str) -> String {
        let shown: String = text.chars().take(80).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        let way_out = if self.way_out.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.way_out)
        };
        format!("{} in {shown:?}{more}{way_out}", self.what)
    }
}

type Sequence = Vec<Token>;

/// Reads a pattern; every alternative of the result is a pattern without braces.
pub(super) fn parse(kind: Kind, text: &str, platform: Platform) -> Result<Vec<Sequence>, Problem> {
    check_whole(text)?;
    let parser = Parser {
        kind,
        platform,
        rest: text.chars().peekable(),
        done: vec![Vec::new()],
        group: None,
    };
    parser.run()
}

fn check_whole(text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(Problem::new("no pattern"));
    }
    if text.len() > LONGEST {
        return Err(Problem::new(format!("more than {LONGEST} bytes")));
    }
    if text.contains('\0') {
        return Err(Problem::new("NUL"));
    }
    if text.contains(['\n', '\r']) {
        return Err(Problem::new("line break"));
    }
    if text.starts_with('!') {
        let way_out =
            "a pattern cannot take back another one: list what is not wanted under exclude";
        return Err(Problem::with_way_out("'!' at the start", way_out));
    }
    Ok(())
}

struct Parser<'a> {
    kind: Kind,
    platform: Platform,
    rest: Peekable<Chars<'a>>,
    /// The alternatives of what has been read, without the open braces.
    done: Vec<Sequence>,
    /// The alternatives of the open braces.
    group: Option<Vec<Sequence>>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Vec<Sequence>, Problem> {
        while let Some(c) = self.rest.next() {
            match c {
                '{' => self.open()?,
                '}' => self.close()?,
                ',' if self.group.is_some() => self
                    .group
                    .iter_mut()
                    .for_each(|group| group.push(Vec::new())),
                _ => {
                    let token = self.token(c)?;
                    self.push(token);
                }
            }
        }
        if self.group.is_some() {
            return Err(Problem::new("unclosed '{'"));
        }
        Ok(self.done)
    }

    fn push(&mut self, token: Token) {
        match &mut self.group {
            Some(group) => group
                .last_mut()
                .into_iter()
                .for_each(|alternative| alternative.push(token.clone())),
            None => self
                .done
                .iter_mut()
                .for_each(|alternative| alternative.push(token.clone())),
        }
    }

    fn token(&mut self, c: char) -> Result<Token, Problem> {
        Ok(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => Token::Class(self.class()?),
            '~' => Token::Tilde,
            '\\' if self.separates_too() => Token::Separator,
            '\\' => {
                let c = escaped(self.rest.next())?;
                self.literal_or_separator(c)
            }
            '/' if self.kind == Kind::Module => {
                let way_out = "the parts of a module's name are joined by '.'";
                return Err(Problem::with_way_out("'/'", way_out));
            }
            _ => self.literal_or_separator(c),
        })
    }

    fn literal_or_separator(&self, c: char) -> Token {
        if c == self.kind.separator() {
            Token::Separator
        } else {
            Token::Literal(c)
        }
    }

    /// Whether `\` is a separator here, so that nothing escapes.
    fn separates_too(&self) -> bool {
        self.kind == Kind::Path && self.platform == Platform::Windows
    }

    fn open(&mut self) -> Result<(), Problem> {
        if self.group.is_some() {
            return Err(Problem::new("nested '{'"));
        }
        self.group = Some(vec![Vec::new()]);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(group) = self.group.take() else {
            return Err(Problem::with_way_out(
                "'}' without '{'",
                "[}] is the character itself",
            ));
        };
        if group.iter().all(Vec::is_empty) {
            return Err(Problem::new("empty braces"));
        }
        if group.iter().any(Vec::is_empty) && self.stands_alone() {
            return Err(Problem::new("an empty alternative where a name must stand"));
        }
        if self.done.len() * group.len() > MOST_ALTERNATIVES {
            return Err(Problem::new(format!(
                "more than {MOST_ALTERNATIVES} alternatives"
            )));
        }
        self.done = product(&self.done, &group);
        Ok(())
    }

    /// Whether the braces just closed fill a whole part for some alternative before them.
    fn stands_alone(&mut self) -> bool {
        let next = self.rest.peek().copied();
        let ends =
            next.is_none_or(|c| c == self.kind.separator() || (c == '\\' && self.separates_too()));
        ends && self
            .done
            .iter()
            .any(|before| matches!(before.last(), None | Some(Token::Separator)))
    }

    /// The ranges of a class whose `[` has been read.
    fn class(&mut self) -> Result<Vec<(u32, u32)>, Problem> {
        let unclosed = || Problem::with_way_out("unclosed '['", "[[] is the character itself");
        let negated = self.rest.next_if(|&c| c == '!' || c == '^').is_some();
        let mut ranges = Vec::new();
        let mut first = true;
        loop {
            let c = self.rest.next().ok_or_else(unclosed)?;
            match c {
                ']' if !first => break,
                '[' if self.rest.peek() == Some(&':') && self.names_a_class() => {
                    return Err(Problem::with_way_out(
                        "a named class",
                        "write its ranges, as in [a-zA-Z]",
                    ));
                }
                _ => {
                    let low = self.member(c)?;
                    ranges.push(self.range_from(low)?);
                }
            }
            first = false;
        }
        let ranges = if negated { complement(ranges) } else { ranges };
        let ranges = without(ranges, self.kind.separator());
        if ranges.is_empty() {
            return Err(Problem::new("a class that holds nothing but the separator"));
        }
        Ok(ranges)
    }

    /// Whether what follows `[` in a class reads `:name:]`.
    fn names_a_class(&self) -> bool {
        let mut ahead = self
            .rest
            .clone()
            .skip(1)
            .skip_while(char::is_ascii_alphabetic);
        ahead.next() == Some(':') && ahead.next() == Some(']')
    }

    /// A character of a class, read as far as its first.
    fn member(&mut self, c: char) -> Result<char, Problem> {
        if c == '\\' && !self.separates_too() {
            escaped(self.rest.next())
        } else {
            Ok(c)
        }
    }

    /// The range that begins with `low`: itself, unless `-` and another character follow.
    fn range_from(&mut self, low: char) -> Result<(u32, u32), Problem> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            return Ok((u32::from(low), u32::from(low)));
        }
        self.rest.next();
        let high = match self.rest.next() {
            Some(c) => self.member(c)?,
            None => low,
        };
        if high < low {
            return Err(Problem::new(format!("range {low}-{high} runs backwards")));
        }
        Ok((u32::from(low), u32::from(high)))
    }
}

fn escaped(c: Option<char>) -> Result<char, Problem> {
    c.ok_or_else(|| Problem::with_way_out("'\\' at the end", "it escapes the character after it"))
}

fn product(before: &[Sequence], group: &[Sequence]) -> Vec<Sequence> {
    before
        .iter()
        .flat_map(|start| {
            group
                .iter()
                .map(move |end| [start.as_slice(), end].concat())
        })
        .collect()
}

/// All characters that lie in none of the ranges.
fn complement(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut rest = Vec::new();
    let mut next = 0;
    for (first, last) in ranges {
        if next < first {
            rest.push((next, first - 1));
        }
        next = next.max(last + 1);
    }
    if next <= u32::from(char::MAX) {
        rest.push((next, u32::from(char::MAX)));
    }
    rest
}

/// The ranges, merged, without the separator: a class never matches it.
fn without(ranges: Vec<(u32, u32)>, separator: char) -> Vec<(u32, u32)> {
    let mut outside = complement(ranges);
    outside.push((u32::from(separator), u32::from(separator)));
    complement(outside)
}
