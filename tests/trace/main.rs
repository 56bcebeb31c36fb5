//! The writer's files, as readers find them: after a good end, a kill, a full disk.
//!
//! Owns: which parts the tests have. Must not: hold one.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod child;
mod files;
mod folder;
mod kill;
mod load;
