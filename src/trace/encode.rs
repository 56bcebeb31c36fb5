//! How records become the bytes of a file: the contract that the JSON and the CBOR encoder fulfil.
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

/// One form of the event stream, as functions that append to `out`. Texts are UTF-8.
///
/// Events: whole with one call (`step`, `event`, definitions), or between `…_begin` and `…_end`.
/// Values: each function appends one whole value, or opens and closes a container; between the
/// elements of a container stands `separator` (nothing before the first).
pub trait Encoding: 'static {
    /// Defines the next path id.
    fn path(out: &mut Vec<u8>, path: &[u8]);
    /// Defines the next variable id.
    fn variable_name(out: &mut Vec<u8>, name: &[u8]);
    /// Defines the next type id.
    fn plain_type(out: &mut Vec<u8>, kind: TypeKind, name: &[u8]);
    /// Defines the next type id, of kind `Struct` with these fields, each of type `field_type`.
    fn struct_type(out: &mut Vec<u8>, name: &[u8], fields: &[&[u8]], field_type: TypeId);
    /// Defines the next function id; `line` is that of the `def`, from 1.
    fn function(out: &mut Vec<u8>, path: PathId, line: u32, name: &[u8]);

    /// A `Step`; `line` from 1.
    fn step(out: &mut Vec<u8>, path: PathId, line: u32);
    /// An `Event`: output, input or an exception, bound to the last step.
    fn event(out: &mut Vec<u8>, kind: EventKind, metadata: &[u8], content: &[u8]);

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
    fn int(out: &mut Vec<u8>, value: i64, type_id: TypeId);
    /// `BigInt`: big-endian magnitude, written as base64 text.
    fn big_int(out: &mut Vec<u8>, magnitude: &[u8], negative: bool, type_id: TypeId);
    /// `Bool`.
    fn bool(out: &mut Vec<u8>, value: bool, type_id: TypeId);
    /// `String`.
    fn string(out: &mut Vec<u8>, text: &[u8], type_id: TypeId);
    /// `None`.
    fn none(out: &mut Vec<u8>, type_id: TypeId);
    /// `Raw`: text that stands for a value without a form of its own.
    fn raw(out: &mut Vec<u8>, text: &[u8], type_id: TypeId);
    /// `Error`.
    fn error(out: &mut Vec<u8>, message: &[u8], type_id: TypeId);

    /// Opens a `Sequence` of `planned` elements at the most.
    fn sequence_begin(out: &mut Vec<u8>, planned: usize) -> Open;
    /// Closes a `Sequence` (`is_slice` is always false) that got `count` elements, `count <= planned`.
    fn sequence_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId);
    /// Opens a `Tuple` of `planned` elements at the most.
    fn tuple_begin(out: &mut Vec<u8>, planned: usize) -> Open;
    /// Closes a `Tuple` that got `count` elements, `count <= planned`.
    fn tuple_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId);
    /// Opens a `Struct` of `planned` fields at the most.
    fn struct_begin(out: &mut Vec<u8>, planned: usize) -> Open;
    /// Closes a `Struct` that got `count` fields, `count <= planned`.
    fn struct_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId);
    /// Stands between two elements of a container, or two arguments of a call.
    fn separator(out: &mut Vec<u8>);
}
