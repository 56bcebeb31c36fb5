//! The policy: what Python resolved, compiled once, asked once per code object.
//!
//! Owns: globs, matchers, decisions. Must not: see the interpreter, read TOML, argv or the environment, or know what a trace is.
