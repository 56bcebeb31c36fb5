//! Which of a stream's layers tells what is written and read: the one that the program called.
//!
//! Owns: the call that the calling thread is inside of. Must not: know what a layer is.

use std::cell::Cell;

use crate::frame;
use crate::recorder::Channel;

/// The standard stream that a layer ends in, or stands for.
#[derive(Clone, Copy)]
pub struct End {
    /// The stream.
    pub channel: Channel,
    /// Whether it stands for it.
    pub stands: bool,
}

/// A call that tells what is done at an end.
#[derive(Clone, Copy)]
struct Turn {
    end: End,
    /// Who called.
    frame: usize,
}

thread_local! {
    static TURN: Cell<Option<Turn>> = const { Cell::new(None) };
    /// Whether something was read from standard input, or from what stands for it.
    static HAS_READ: Cell<bool> = const { Cell::new(false) };
}

/// Whether it is the interpreter's own code that calls, within a call that tells what it does: that has no frame. Code of
/// the program that is run there (a signal's handler, a codec) speaks for itself.
pub fn is_within() -> bool {
    TURN.get()
        .is_some_and(|turn| !turn.end.stands && turn.frame == frame::innermost())
}

/// Whether a call tells what is done at a stream because what it was made of stands for that: what lies beneath may be the
/// program's.
pub fn is_stood_for(channel: Channel) -> bool {
    TURN.get()
        .is_some_and(|turn| turn.end.stands && turn.end.channel == channel)
}

/// Runs a call that tells what is done at this end meanwhile.
pub fn take<R>(end: End, call: impl FnOnce() -> R) -> R {
    let frame = frame::innermost();
    let before = TURN.replace(Some(Turn { end, frame }));
    let result = call();
    TURN.set(before);
    result
}

/// Standard input is being read.
pub fn read() {
    HAS_READ.set(true);
}

/// Runs a call, and says whether the calling thread has read standard input meanwhile.
pub fn has_read<R>(call: impl FnOnce() -> R) -> (R, bool) {
    let before = HAS_READ.replace(false);
    let result = call();
    let has_read = HAS_READ.replace(before);
    HAS_READ.set(before || has_read);
    (result, has_read)
}
