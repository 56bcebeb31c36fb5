//! Programs that the process starts, or becomes: those that are Python are told to go on recording.
//!
//! Owns: the calls that start a program, and what a Python program is recognised by. Must not: begin a recording.

#[cfg(not(unix))]
pub(super) use elsewhere::{unwatch, watch};
#[cfg(unix)]
pub(super) use unix::{unwatch, watch};

/// Nothing is followed here yet.
#[cfg(not(unix))]
mod elsewhere {
    use pyo3::prelude::*;

    pub fn watch(_py: Python<'_>) {}
    pub fn unwatch(_py: Python<'_>) {}
}

#[cfg(unix)]
mod unix;
