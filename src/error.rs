//! The one error type of the native side, and its one way into Python.
//!
//! Owns: `Error`, and the words for what the system refuses. Must not: know what raised it beyond the text it carries.

use std::{fmt, io};

use pyo3::prelude::*;

use crate::interpreter;

/// What can go wrong, as the user reads it: place, problem, way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The policy is wrong (`PolicyError` in Python).
    Policy(String),
    /// Recording cannot start, or is not in the state asked for (`SessionError`).
    Session(String),
    /// A trace cannot be read or written (`TraceError`).
    Trace(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(text) | Self::Session(text) | Self::Trace(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the system refuses, in its words alone, as Python's `strerror`: without the number that Rust puts behind them.
pub fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => text.replace(&format!(" (os error {number})"), ""),
        None => text,
    }
}

impl From<Error> for PyErr {
    /// The class of the same name in `codetracer_python_recorder.errors`.
    fn from(error: Error) -> Self {
        let name = match error {
            Error::Policy(_) => "PolicyError",
            Error::Session(_) => "SessionError",
            Error::Trace(_) => "TraceError",
        };
        interpreter::attached(|py| {
            let class = py
                .import("codetracer_python_recorder.errors")
                .and_then(|module| module.getattr(name));
            match class.and_then(|class| class.call1((error.to_string(),))) {
                Ok(exception) => Self::from_value(exception),
                Err(problem) => problem,
            }
        })
    }
}
