//! A pattern's text → tokens, one sequence per alternative of its braces.
//!
//! Owns: the characters that mean something, and their mistakes. Must not: know what a part between
//! separators means; `translate` does.

use std::iter::Peekable;
use std::str::Chars;

use super::class::{self, Ranges};
use super::{Kind, Platform, Problem};
use crate::policy::path::LONGEST;

/// Braces multiply (`{a,b}{c,d}…`): a pattern that comes to more tokens than this is refused.
const MOST_TOKENS: usize = 1 << 16;

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
    /// `[…]`: one character of these; never the separator.
    Class(Ranges),
    /// What stands between parts.
    Separator,
}

type Sequence = Vec<Token>;

/// Reads a pattern; every alternative of the result is a pattern without braces.
pub(super) fn parse(kind: Kind, text: &str, platform: Platform) -> Result<Vec<Sequence>, Problem> {
    check_whole(kind, text)?;
    let parser = Parser {
        kind,
        escapes: kind != Kind::Path || platform == Platform::Posix,
        rest: text.chars().peekable(),
        done: vec![Vec::new()],
        group: Vec::new(),
    };
    parser.run()
}

fn check_whole(kind: Kind, text: &str) -> Result<(), Problem> {
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
    if kind != Kind::Path && text.contains('/') {
        let way_out = match kind {
            Kind::Module => "the parts of a module's name are joined by '.'",
            _ => "the parts of a function's name are joined by '.'",
        };
        return Err(Problem::with_way_out("'/'", way_out));
    }
    Ok(())
}

struct Parser<'a> {
    kind: Kind,
    /// `\` escapes; where it does not, it separates.
    escapes: bool,
    rest: Peekable<Chars<'a>>,
    /// The alternatives of what has been read, without the open braces.
    done: Vec<Sequence>,
    /// The alternatives of the open braces; none where none are open.
    group: Vec<Sequence>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Vec<Sequence>, Problem> {
        while let Some(c) = self.rest.next() {
            match c {
                '{' => self.open()?,
                '}' => self.close()?,
                ',' if !self.group.is_empty() => self.group.push(Vec::new()),
                _ => {
                    let token = self.token(c)?;
                    self.push(token);
                }
            }
            if tokens(&self.done) > MOST_TOKENS {
                return Err(Problem::new("too many alternatives"));
            }
        }
        if !self.group.is_empty() {
            return Err(Problem::with_way_out(
                "unclosed '{'",
                "[{] is the character itself",
            ));
        }
        Ok(self.done)
    }

    fn push(&mut self, token: Token) {
        let last = self.group.len().saturating_sub(1);
        let open = if self.group.is_empty() {
            &mut self.done[..]
        } else {
            &mut self.group[last..]
        };
        for alternative in open {
            alternative.push(token.clone());
        }
    }

    fn token(&mut self, c: char) -> Result<Token, Problem> {
        Ok(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => Token::Class(class::read(
                &mut self.rest,
                self.kind.separator(),
                self.escapes,
            )?),
            '~' => Token::Tilde,
            '\\' if !self.escapes => Token::Separator,
            '\\' => {
                let way_out = "it escapes the character after it";
                let c = self
                    .rest
                    .next()
                    .ok_or_else(|| Problem::with_way_out("'\\' at the end", way_out))?;
                self.literal_or_separator(c)
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

    fn open(&mut self) -> Result<(), Problem> {
        if !self.group.is_empty() {
            return Err(Problem::new("nested '{'"));
        }
        self.group.push(Vec::new());
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let group = std::mem::take(&mut self.group);
        if group.is_empty() {
            return Err(Problem::with_way_out(
                "'}' without '{'",
                "[}] is the character itself",
            ));
        }
        if group.iter().all(Vec::is_empty) {
            return Err(Problem::new("empty braces"));
        }
        if group.iter().any(Vec::is_empty) && self.fills_a_part() {
            return Err(Problem::new("an empty alternative where a name must stand"));
        }
        if tokens(&self.done) * group.len() + self.done.len() * tokens(&group) > MOST_TOKENS {
            return Err(Problem::new("too many alternatives"));
        }
        let product = self
            .done
            .iter()
            .flat_map(|start| group.iter().map(|end| [&start[..], end].concat()));
        self.done = product.collect();
        Ok(())
    }

    /// Whether the braces just closed fill a whole part for some alternative before them.
    fn fills_a_part(&mut self) -> bool {
        let next = self.rest.peek().copied();
        let ends = next.is_none_or(|c| c == self.kind.separator() || (c == '\\' && !self.escapes));
        ends && self
            .done
            .iter()
            .any(|before| matches!(before.last(), None | Some(Token::Separator)))
    }
}

fn tokens(sequences: &[Sequence]) -> usize {
    sequences.iter().map(Vec::len).sum()
}
