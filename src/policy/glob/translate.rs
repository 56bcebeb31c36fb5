//! The tokens of one alternative → a glob as globset reads it, and the folder it is relative to.
//!
//! Owns: what a part means: anchored or at any depth, `**`, `.`, `..`, folders only. Must not:
//! know the anchor; `matcher` does.
//!
//! "A pattern that matches a folder takes its subtree" is not written into the glob: the matcher
//! asks for each folder above a file too. So `app/**` becomes `app`, folders only.

use super::parse::Token;
use super::{Kind, Platform, Problem, alphabet};

/// The folders below which installers put code.
pub(in crate::policy) const INSTALLED: [&str; 2] = ["site-packages", "dist-packages"];

/// What a glob is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Base {
    /// The pattern's anchor, or the folder so many levels above it.
    Anchor(usize),
    /// The user's home folder, or one so many levels above it.
    Home(usize),
    /// The file system's root; on Windows that of the anchor's drive.
    Root,
    /// The root of a drive of Windows.
    Drive(char),
}

/// One alternative of a pattern, ready for globset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Glob {
    /// What the names it is matched against are relative to.
    pub base: Base,
    /// The glob, for names in `alphabet`'s spelling.
    pub text: String,
    /// It matches folders only: a file is matched by way of a folder above it.
    pub folders_only: bool,
    /// The parts before the first wildcard, joined by `/`.
    pub fixed: String,
    /// A part says in so many words where installed code lies.
    pub names_installed: bool,
}

impl Base {
    /// The folder above, as far as there is one.
    fn up(&mut self) {
        if let Self::Anchor(levels) | Self::Home(levels) = self {
            *levels += 1;
        }
    }
}

/// Translates one alternative of a pattern.
pub(super) fn glob(kind: Kind, tokens: &[Token], platform: Platform) -> Result<Glob, Problem> {
    let parts: Vec<_> = tokens
        .split(|token| *token == Token::Separator)
        .map(Part::from)
        .collect();
    match kind {
        Kind::Path => path_glob(parts, platform),
        Kind::Module | Kind::Function if parts.contains(&Part::EMPTY) => {
            Err(Problem::with_way_out(
                "an empty part",
                "the parts of a name are joined by single dots",
            ))
        }
        Kind::Module => Ok(finish(parts, Base::Anchor(0), true, false)),
        Kind::Function => {
            let anchored = parts.len() > 1;
            Ok(finish(parts, Base::Anchor(0), anchored, false))
        }
    }
}

fn path_glob(mut parts: Vec<Part<'_>>, platform: Platform) -> Result<Glob, Problem> {
    let folders_only = parts.len() > 1 && parts.last() == Some(&Part::EMPTY);
    let base = base(&parts, platform);
    if base != Base::Anchor(0) {
        parts.remove(0);
    }
    if folders_only {
        parts.pop();
    }
    let anchored = base != Base::Anchor(0) || parts.len() > 1 || parts.iter().any(Part::is_dots);
    let (parts, base) = walk_dots(parts, base)?;
    Ok(finish(parts, base, anchored, folders_only))
}

/// What the first part says the rest is relative to.
fn base(parts: &[Part<'_>], platform: Platform) -> Base {
    if parts.len() < 2 {
        return Base::Anchor(0);
    }
    match parts[0] {
        Part::EMPTY => Base::Root,
        Part::Name([Token::Tilde]) => Base::Home(0),
        Part::Name([Token::Literal(drive), Token::Literal(':')])
            if platform == Platform::Windows =>
        {
            Base::Drive(*drive)
        }
        _ => Base::Anchor(0),
    }
}

/// Follows a `./` at the start and every `..`, which name folders and never are a part of a file's name.
fn walk_dots(parts: Vec<Part<'_>>, mut base: Base) -> Result<(Vec<Part<'_>>, Base), Problem> {
    let may_start_with_dot = base == Base::Anchor(0);
    let mut walked: Vec<Part<'_>> = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        match part.literal().as_deref() {
            Some("") => return Err(Problem::new("'//'")),
            Some(".") if index == 0 && may_start_with_dot => {}
            Some(".") => {
                return Err(Problem::with_way_out(
                    "'/./'",
                    "'.' stands only at the start, as in ./app",
                ));
            }
            Some("..") => match walked.pop() {
                None => base.up(),
                Some(above) if above.literal().is_some() => {}
                Some(_) => return Err(Problem::new("'..' after a wildcard")),
            },
            _ => walked.push(part),
        }
    }
    Ok((walked, base))
}

fn finish(mut parts: Vec<Part<'_>>, base: Base, anchored: bool, mut folders_only: bool) -> Glob {
    parts.dedup_by(both_deep);
    if !folders_only && parts.len() > 1 && parts.last() == Some(&Part::Deep) {
        parts.pop();
        folders_only = true;
    }
    // The base itself: all that lies below it.
    if parts.is_empty() {
        parts.push(Part::Deep);
        folders_only = false;
    }
    let names_installed = parts
        .iter()
        .filter_map(Part::literal)
        .any(|name| INSTALLED.contains(&&*name));
    let mut fixed: Vec<_> = parts.iter().map_while(Part::literal).collect();
    if !anchored {
        fixed.clear();
        parts.insert(0, Part::Deep);
        parts.dedup_by(both_deep);
    }
    let (text, fixed) = (joined(&parts), fixed.join("/"));
    Glob {
        base,
        text,
        folders_only,
        fixed,
        names_installed,
    }
}

/// `**/**` is `**`.
fn both_deep(next: &mut Part<'_>, part: &mut Part<'_>) -> bool {
    *next == Part::Deep && *part == Part::Deep
}

fn joined(parts: &[Part<'_>]) -> String {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push('/');
        }
        part.push_glob(&mut text);
    }
    text
}

/// What stands between two separators.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    /// Any number of folders: `**`.
    Deep,
    /// One name.
    Name(&'a [Token]),
}

impl<'a> From<&'a [Token]> for Part<'a> {
    fn from(tokens: &'a [Token]) -> Self {
        if tokens == [Token::Star, Token::Star] {
            Self::Deep
        } else {
            Self::Name(tokens)
        }
    }
}

impl Part<'_> {
    const EMPTY: Part<'static> = Part::Name(&[]);

    /// The name, if no wildcard is in it.
    fn literal(&self) -> Option<String> {
        let Self::Name(tokens) = self else {
            return None;
        };
        let character = |token: &Token| match token {
            Token::Literal(c) => Some(*c),
            Token::Tilde => Some('~'),
            Token::Star | Token::Any | Token::Class(_) | Token::Separator => None,
        };
        tokens.iter().map(character).collect()
    }

    fn is_dots(&self) -> bool {
        matches!(self.literal().as_deref(), Some("." | ".."))
    }

    fn push_glob(&self, glob: &mut String) {
        let Self::Name(tokens) = self else {
            glob.push_str("**");
            return;
        };
        let mut starred = false;
        for token in *tokens {
            match token {
                Token::Literal(c) => alphabet::push_literal(glob, *c),
                Token::Tilde => alphabet::push_literal(glob, '~'),
                // A run of stars is one: written out, it could read as `**`.
                Token::Star if starred => {}
                Token::Star => glob.push('*'),
                Token::Any => alphabet::push_any(glob),
                Token::Class(ranges) => alphabet::push_class(glob, ranges),
                Token::Separator => {}
            }
            starred = *token == Token::Star;
        }
    }
}
