//! How far a trace has come, as its metadata tell.
//!
//! Owns: the words for it, and their key. Must not: find out which of them is true.

use serde_json::{Map, Value};

/// What a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is being written, or was when its process was killed.
    Recording,
    /// It holds all that was to be recorded.
    Complete,
    /// Something is missing, and the metadata say why. So are words taken that are none of ours.
    Partial,
    /// It was not whole, and `recover` has made it so.
    Recovered,
}

impl Status {
    /// Where it stands in the metadata.
    pub const KEY: &str = "status";

    const ALL: [Self; 4] = [
        Self::Recording,
        Self::Complete,
        Self::Partial,
        Self::Recovered,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Recovered => "recovered",
        }
    }

    /// What metadata say; none in other recorders' traces.
    pub(super) fn of(metadata: &Map<String, Value>) -> Option<Self> {
        let word = metadata.get(Self::KEY)?.as_str()?;
        let known = Self::ALL.into_iter().find(|one| one.name() == word);
        Some(known.unwrap_or(Self::Partial))
    }

    /// Lets metadata say this.
    pub(super) fn note(self, metadata: &mut Map<String, Value>) {
        metadata.insert(Self::KEY.to_owned(), self.name().into());
    }
}
