//! The glob language of the policy: gitignore's manners for paths, the same with `.` for modules and functions.
//!
//! Owns: what a pattern means and what is wrong with one. Must not: know what a match leads to.
//!
//! text → `parse` → tokens, one sequence per alternative of its braces → `translate` → a glob as
//! globset reads it, for texts in `alphabet`'s spelling.

mod alphabet;
mod class;
mod parse;
mod translate;

pub(super) use alphabet::spell;
pub(super) use translate::{Base, Glob, INSTALLED};

use parse::parse;
use translate::glob;

/// What a pattern is matched against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// File names: gitignore's manners, separator `/`.
    Path,
    /// Module names: separator `.`, always anchored.
    Module,
    /// Qualnames: separator `.`, at any depth without one.
    Function,
}

impl Kind {
    /// The kind that Python calls by this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "path" => Some(Self::Path),
            "module" => Some(Self::Module),
            "function" => Some(Self::Function),
            _ => None,
        }
    }

    /// What stands between the parts of such a name.
    fn separator(self) -> char {
        match self {
            Self::Path => '/',
            Self::Module | Self::Function => '.',
        }
    }
}

/// How the file system's names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    /// `\` escapes, case counts.
    Posix,
    /// `\` separates, case does not count, drives.
    Windows,
}

impl Platform {
    /// The one this program runs on.
    pub(super) const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Posix
    };
}

/// What is wrong with a pattern, around the place where its text is quoted.
#[derive(Debug)]
struct Problem {
    what: String,
    way_out: &'static str,
}

impl Problem {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            way_out: "",
        }
    }

    /// `way_out` says what to write instead.
    fn with_way_out(what: impl Into<String>, way_out: &'static str) -> Self {
        Self {
            what: what.into(),
            way_out,
        }
    }

    /// The whole sentence.
    fn in_pattern(&self, text: &str) -> String {
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

/// What is wrong with a pattern, in words that quote it (`unclosed '[' in "src/["`); `None` if it is sound.
pub fn problem(kind: Kind, text: &str) -> Option<String> {
    globs(kind, text, Platform::HERE).err()
}

/// The globs that a pattern stands for, one per alternative of its braces, or what is wrong with it.
pub(super) fn globs(kind: Kind, text: &str, platform: Platform) -> Result<Vec<Glob>, String> {
    parse(kind, text, platform)
        .and_then(|alternatives| {
            alternatives
                .iter()
                .map(|tokens| glob(kind, tokens, platform))
                .collect()
        })
        .map_err(|problem| problem.in_pattern(text))
}
