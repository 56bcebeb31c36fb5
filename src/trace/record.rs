//! A record of the trace as its readers see it.
//!
//! Owns: `Record`, `Value` and their parts. Must not: know the file a record came from.
//!
//! The shapes are those of `TraceLowLevelEvent` and `ValueRecord` in the crate `codetracer_trace_types`,
//! as far as `docs/trace.md` has use for them; the rest is kept by name (`Other`), so that the trace of
//! another recorder can be looked at too.

mod parse;

use super::{FunctionId, PathId, TypeId, VariableId};

/// One entry of the trace.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// Defines the next path id.
    Path(String),
    /// Defines the next variable id.
    VariableName(String),
    /// Defines the next type id.
    Type(Type),
    /// Defines the next function id.
    Function(Function),
    /// A function was called, at the last step.
    Call(Call),
    /// The innermost open call ended with this value.
    Return(Value),
    /// A line is about to run.
    Step(Step),
    /// What a variable holds at the last step.
    Value(Variable),
    /// Output, input or an exception, at the last step.
    Event(Event),
    /// An event of this name, which is none of ours.
    Other(String),
}

/// A type of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Number of the `TypeKind`; readers must expect any.
    pub kind: u8,
    /// Name as the program's language has it.
    pub name: String,
    /// Names and types of the fields, if it is a struct.
    pub fields: Vec<Field>,
}

/// A field of a struct type.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Field {
    /// Name of the field.
    pub name: String,
    /// Its type as announced; each value carries its own.
    pub type_id: TypeId,
}

/// A function of the program.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Function {
    /// The file it is defined in.
    pub path_id: PathId,
    /// Line of its `def`, from 1.
    pub line: i64,
    /// Its qualname.
    pub name: String,
}

/// The beginning of a call.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct Call {
    /// What was called.
    pub function_id: FunctionId,
    /// Its arguments, in order.
    pub args: Vec<Variable>,
}

/// A line that is about to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Step {
    /// The file.
    pub path_id: PathId,
    /// The line, from 1.
    pub line: i64,
}

/// A variable or argument and what it holds.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct Variable {
    /// Its name.
    pub variable_id: VariableId,
    /// What it holds.
    pub value: Value,
}

/// Output, input or an exception.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Event {
    /// Number of the `EventLogKind`; readers must expect any.
    pub kind: u8,
    /// What the recorder adds of its own.
    pub metadata: String,
    /// The text, with its own newlines.
    pub content: String,
}

/// A value as it was recorded.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(remote = "Self")] // `parse.rs` hands it what stands behind the key `kind`
#[allow(missing_docs)] // the fields are those of `ValueRecord`, under its names
pub enum Value {
    Int {
        i: i64,
        type_id: TypeId,
    },
    /// A whole number beyond 64 bits: its magnitude in big-endian bytes.
    BigInt {
        #[serde(rename = "b", deserialize_with = "parse::base64")]
        magnitude: Vec<u8>,
        negative: bool,
        type_id: TypeId,
    },
    Float {
        #[serde(deserialize_with = "parse::number_or_text")]
        f: f64,
        type_id: TypeId,
    },
    Bool {
        b: bool,
        type_id: TypeId,
    },
    String {
        text: String,
        type_id: TypeId,
    },
    None {
        type_id: TypeId,
    },
    Sequence {
        elements: Vec<Value>,
        is_slice: bool,
        type_id: TypeId,
    },
    Tuple {
        elements: Vec<Value>,
        type_id: TypeId,
    },
    /// Field values in the order of the type's fields.
    Struct {
        field_values: Vec<Value>,
        type_id: TypeId,
    },
    /// Text that stands for a value without a form of its own.
    Raw {
        r: String,
        type_id: TypeId,
    },
    Error {
        msg: String,
        type_id: TypeId,
    },
    Reference {
        dereferenced: Box<Value>,
        address: u64,
        mutable: bool,
        type_id: TypeId,
    },
    /// A kind of value that is none of ours, by its name.
    #[serde(skip)]
    Other {
        kind: String,
        type_id: Option<TypeId>,
    },
}

impl Value {
    /// Names of the kinds, but for `Other`.
    const KINDS: [&str; 12] = [
        "Int",
        "BigInt",
        "Float",
        "Bool",
        "String",
        "None",
        "Sequence",
        "Tuple",
        "Struct",
        "Raw",
        "Error",
        "Reference",
    ];

    /// Name of the kind.
    pub fn kind(&self) -> &str {
        match self {
            Self::Int { .. } => "Int",
            Self::BigInt { .. } => "BigInt",
            Self::Float { .. } => "Float",
            Self::Bool { .. } => "Bool",
            Self::String { .. } => "String",
            Self::None { .. } => "None",
            Self::Sequence { .. } => "Sequence",
            Self::Tuple { .. } => "Tuple",
            Self::Struct { .. } => "Struct",
            Self::Raw { .. } => "Raw",
            Self::Error { .. } => "Error",
            Self::Reference { .. } => "Reference",
            Self::Other { kind, .. } => kind,
        }
    }

    /// The type of the value; none where a foreign kind has none.
    pub fn type_id(&self) -> Option<TypeId> {
        match self {
            Self::Int { type_id, .. }
            | Self::BigInt { type_id, .. }
            | Self::Float { type_id, .. }
            | Self::Bool { type_id, .. }
            | Self::String { type_id, .. }
            | Self::None { type_id }
            | Self::Sequence { type_id, .. }
            | Self::Tuple { type_id, .. }
            | Self::Struct { type_id, .. }
            | Self::Raw { type_id, .. }
            | Self::Error { type_id, .. }
            | Self::Reference { type_id, .. } => Some(*type_id),
            Self::Other { type_id, .. } => *type_id,
        }
    }
}
