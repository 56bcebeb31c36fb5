//! The trace: records, their two encodings, the files they go to, and the way back.
//!
//! Owns: every byte of a trace folder. Must not: see the interpreter, or know what a policy is.
//!
//! The event stream is what CodeTracer's `runtime_tracing` / `codetracer_trace_types` crates define:
//! externally tagged events, ids given implicitly by the order of definition.

mod biased;
mod cbor;
mod compact;
mod compressor;
mod crash;
pub mod definitions;
pub mod dump;
mod encode;
mod escape;
mod expand;
mod folder;
mod held;
mod json;
mod json_file;
mod platform;
mod queue;
pub mod reader;
pub mod record;
mod recover;
#[cfg(test)]
mod sample;
mod seek_table;
mod sink;
mod status;
mod stream;
mod summary;
mod worker;
mod writer;
mod zstd_file;

use cbor::Cbor;
pub use compact::{Compact, Excerpt, LONGEST_KEPT, PLACES, Place, SCENES, length_as_value};
pub use definitions::{Definitions, MARK, NONE_TYPE, REDACTED, RESUMED, ROOT, root_of};
pub use dump::{Selection, dump};
use encode::Encoding;
pub use expand::{Expander, Target};
pub use folder::{CHILDREN, FolderPlace};
use json::Json;
pub use reader::Reader;
pub use record::Record;
pub use recover::{Recovered, recover};
pub use status::Status;
pub use stream::{Stream, StreamGuard};
pub use summary::summarize;
pub use writer::{OWN_ERROR, Writer, await_discarded};

/// The form of the event stream.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `trace.json`: one JSON array of events.
    Json,
    /// `trace.bin`: CBOR items in seekable zstd.
    Binary,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
    )*};
}

ids! {
    /// The n-th `Path` event.
    PathId
    /// The n-th `Type` event.
    TypeId
    /// The n-th `Function` event.
    FunctionId
    /// The n-th `VariableName` event.
    VariableId
}

/// `TypeKind` of `codetracer_trace_types`, as far as Python has use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // names and numbers are those of the crate
pub enum TypeKind {
    Seq = 0,
    Set = 1,
    Array = 4,
    Struct = 6,
    Int = 7,
    Float = 8,
    String = 9,
    Bool = 12,
    Ref = 14,
    Recursion = 15,
    Raw = 16,
    Enum = 17,
    Error = 24,
    FunctionKind = 25,
    TypeValue = 26,
    Tuple = 27,
    None = 30,
    NonExpanded = 31,
    Any = 32,
}

impl TypeKind {
    const ALL: [Self; 19] = [
        Self::Seq,
        Self::Set,
        Self::Array,
        Self::Struct,
        Self::Int,
        Self::Float,
        Self::String,
        Self::Bool,
        Self::Ref,
        Self::Recursion,
        Self::Raw,
        Self::Enum,
        Self::Error,
        Self::FunctionKind,
        Self::TypeValue,
        Self::Tuple,
        Self::None,
        Self::NonExpanded,
        Self::Any,
    ];

    /// The kind of this number.
    fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// `EventLogKind` of `codetracer_trace_types`: what an `Event` tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    /// Text written to standard output.
    Stdout = 0,
    /// Text written to standard error.
    Stderr = 2,
    /// Text read from standard input.
    Stdin = 3,
    /// An exception raised.
    Error = 11,
}

impl EventKind {
    /// The kind of this number.
    fn of(number: u8) -> Option<Self> {
        let all = [Self::Stdout, Self::Stderr, Self::Stdin, Self::Error];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}
