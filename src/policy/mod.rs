//! The policy: what Python resolved, compiled once, asked once per code object.
//!
//! Owns: globs, matchers, decisions. Must not: see the interpreter, read TOML, argv or the
//! environment, or know what a trace is.
//!
//! `Spec` (as Python hands it over) → `CompiledPolicy::compile` → `decide(Scope)` → `Decision`.

mod compile;
mod decide;
mod explain;
mod glob;
mod kind;
mod matcher;
mod path;
mod redact;
mod rules;
mod spec;

#[cfg(test)]
mod tests;

pub use compile::CompiledPolicy;
pub use decide::{Decision, Reason, Scope};
pub use explain::explain;
pub use glob::{Kind as GlobKind, problem};
pub use path::absolute_path;
pub use redact::{Mark, Redaction, Stream, Told, name_problem};
pub use rules::Ruled;
pub use spec::{
    Capture, Format, Limits, Pattern, Places, Processes, Record, Redact, Rule, Spec, Visibility,
};
