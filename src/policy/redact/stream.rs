//! Texts that come in pieces: what is written to a standard stream, or read from one.
//!
//! Owns: what of the pieces before must be known. Must not: keep more than a bounded part of them.

use super::prompt::{self, Question};
use super::{Hidden, Redaction};

/// Bytes of the line at hand that are kept.
const LINE: usize = 4096;
/// Bytes kept of a secret that has not ended; beyond, the rest of its line is hidden, and the stream goes on.
const OPEN: usize = 64 << 10;
/// Bytes of what came last that are kept, for what it asks.
const LAST: usize = 4096;
/// What tells that the end of a secret was not looked for any more.
const LOST: &str = "<redacted: no end in 64 kB>";

/// What is known of a stream.
#[derive(Default)]
pub struct Stream {
    /// The end of what came before: the line at hand, or all since a secret began.
    before: String,
    /// Whether what came last was hidden and has not ended.
    is_hiding: bool,
    /// Whether the line at hand is that in which a secret was too long for its end to be told.
    is_lost: bool,
    /// What came last, as it came.
    last: String,
}

impl Stream {
    /// The next piece with marks in place of what is secret in it, seen with what came before.
    pub fn next(&mut self, redaction: &mut Redaction, piece: &str) -> String {
        if !redaction.is_on {
            return piece.to_owned();
        }
        self.hear(piece);
        let piece = self.behind_lost(piece);
        if piece.is_empty() {
            return String::new();
        }
        let seen = self.before.len();
        self.before.push_str(piece);
        let text = std::mem::take(&mut self.before);
        let hidden = redaction.find_open(&text);
        let mut shown = self.show(&text, seen, &hidden);
        self.keep(redaction, text, hidden.last());
        if self.is_lost {
            shown.push_str(LOST);
        }
        shown
    }

    /// Takes a piece in that is not shown: it may ask for something all the same.
    pub fn hear(&mut self, piece: &str) {
        self.last.push_str(piece);
        if self.last.len() > 2 * LAST {
            let from = boundary(&self.last, self.last.len() - LAST);
            self.last.drain(..from);
        }
    }

    /// What of a piece lies behind the line in which a secret was lost.
    fn behind_lost<'a>(&mut self, piece: &'a str) -> &'a str {
        if !self.is_lost {
            return piece;
        }
        let end = piece.find('\n');
        self.is_lost = end.is_none();
        &piece[end.unwrap_or(piece.len())..]
    }

    /// What of the text lies behind `seen`.
    fn show(&self, text: &str, seen: usize, hidden: &[Hidden]) -> String {
        let mut shown = String::with_capacity(text.len() - seen);
        let mut at = seen;
        for part in hidden
            .iter()
            .filter(|part| part.range.end > seen || part.range.start >= seen)
        {
            let start = part.range.start.max(at);
            shown.push_str(&text[at..start]);
            let goes_on = self.is_hiding && part.range.start < seen;
            if !goes_on && start < part.range.end {
                shown.push_str(&part.mark);
            }
            at = part.range.end.max(at);
        }
        shown.push_str(&text[at..]);
        shown
    }

    fn keep(&mut self, redaction: &Redaction, mut text: String, last: Option<&Hidden>) {
        let open = last.filter(|last| !last.ends && last.range.end == text.len());
        self.is_hiding = open.is_some_and(|open| !open.range.is_empty());
        let from = match open {
            // With the line that the secret begins in: there its name stands.
            Some(open) => text[..open.range.start].rfind('\n').map_or(0, |at| at + 1),
            None => redaction.followed.reach(&text, last_line(&text)),
        };
        text.drain(..from);
        if text.len() > OPEN {
            self.is_lost = open.is_some();
            text.clear();
        }
        self.before = text;
    }

    /// A secret that was asked for was given elsewhere: a new line begins.
    pub fn answered(&mut self) {
        self.forget_question();
        self.before.clear();
        self.is_hiding = false;
    }

    /// What was asked for is asked for no more.
    pub fn forget_question(&mut self) {
        self.last.clear();
    }

    /// What was asked for last.
    pub fn question(&self) -> Option<Question> {
        prompt::question(&self.last)
    }
}

/// Where the line at hand begins, as far as it is looked at.
pub(super) fn last_line(text: &str) -> usize {
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    boundary(text, line.max(text.len().saturating_sub(LINE)))
}

/// The next place in a text, from this one on, where a character begins.
pub(super) fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
