//! How records become bytes: the contract that the JSON and the CBOR encoder fulfil.
//!
//! Owns: the shape of each record. Must not: decide what is recorded, or touch a file.

use super::{EventKind, FunctionId, PathId, TypeId, TypeKind, VariableId};

/// An open container: where its head stands in the output and how many elements were announced.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// Offset of the container's array head in the output.
    pub at: usize,
    /// Elements announced when it was opened.
    pub planned: usize,
}

/// One form of the event stream, as functions that append to `out`.
///
/// Events: whole with one call (`step`, `event`, definitions), or between `…_begin` and `…_end`.
/// Values: each function appends one whole value, or opens and closes a container; between the
/// elements of a container stands `separator` (nothing before the first). Every value function returns the
/// length in bytes of what it would append as JSON text, the measure of `limits.value-bytes`, so
/// that both forms cut at the same place.
pub trait Encoding: 'static {
    /// Defines the next path id.
    fn path(out: &mut Vec<u8>, path: &str);
    /// Defines the next variable id.
    fn variable_name(out: &mut Vec<u8>, name: &str);
    /// Defines the next type id.
    fn plain_type(out: &mut Vec<u8>, kind: TypeKind, name: &str);
    /// Defines the next type id, of kind `Struct` with these fields, each of type `field_type`.
    fn struct_type(out: &mut Vec<u8>, name: &str, fields: &[&str], field_type: TypeId);
    /// Defines the next function id; `line` is that of the `def`, from 1.
    fn function(out: &mut Vec<u8>, path: PathId, line: u32, name: &str);

    /// A `Step`; `line` from 1.
    fn step(out: &mut Vec<u8>, path: PathId, line: u32);
    /// An `Event`: output, input or an exception, bound to the last step.
    fn event(out: &mut Vec<u8>, kind: EventKind, metadata: &str, content: &str);

    /// Opens a `Call` with `count` arguments; then per argument `argument_begin`, a value,
    /// `argument_end`, with `separator` between two; then `call_end`.
    fn call_begin(out: &mut Vec<u8>, function: FunctionId, count: usize);
    /// Opens one argument of a call.
    fn argument_begin(out: &mut Vec<u8>, variable: VariableId);
    /// Closes one argument of a call.
    fn argument_end(out: &mut Vec<u8>);
    /// Closes a `Call`.
    fn call_end(out: &mut Vec<u8>);

    /// Opens a `Value` of the last step; exactly one value follows, then `value_end`.
    fn value_begin(out: &mut Vec<u8>, variable: VariableId);
    /// Closes a `Value`.
    fn value_end(out: &mut Vec<u8>);

    /// Opens a `Return`; exactly one value follows, then `return_end`.
    fn return_begin(out: &mut Vec<u8>);
    /// Closes a `Return`.
    fn return_end(out: &mut Vec<u8>);

    /// `Int`.
    fn int(out: &mut Vec<u8>, value: i64, type_id: TypeId) -> usize;
    /// `BigInt`: big-endian magnitude, written as base64 text.
    fn big_int(out: &mut Vec<u8>, magnitude: &[u8], negative: bool, type_id: TypeId) -> usize;
    /// `Bool`.
    fn bool(out: &mut Vec<u8>, value: bool, type_id: TypeId) -> usize;
    /// `String`.
    fn string(out: &mut Vec<u8>, text: &str, type_id: TypeId) -> usize;
    /// `None`.
    fn none(out: &mut Vec<u8>, type_id: TypeId) -> usize;
    /// `Raw`: text that stands for a value without a form of its own.
    fn raw(out: &mut Vec<u8>, text: &str, type_id: TypeId) -> usize;
    /// `Error`.
    fn error(out: &mut Vec<u8>, message: &str, type_id: TypeId) -> usize;

    /// Opens a `Sequence` of `planned` elements at the most.
    fn sequence_begin(out: &mut Vec<u8>, planned: usize) -> (Open, usize);
    /// Closes a `Sequence` (`is_slice` is always false) that got `count` elements, `count <= planned`.
    fn sequence_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize;
    /// Opens a `Tuple` of `planned` elements at the most.
    fn tuple_begin(out: &mut Vec<u8>, planned: usize) -> (Open, usize);
    /// Closes a `Tuple` that got `count` elements, `count <= planned`.
    fn tuple_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize;
    /// Opens a `Struct` of `planned` fields at the most.
    fn struct_begin(out: &mut Vec<u8>, planned: usize) -> (Open, usize);
    /// Closes a `Struct` that got `count` fields, `count <= planned`.
    fn struct_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize;
    /// Stands between two elements of a container, or two arguments of a call.
    fn separator(out: &mut Vec<u8>) -> usize;
}
