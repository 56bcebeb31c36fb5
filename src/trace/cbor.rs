//! Records as CBOR items (RFC 8949), as serde writes the same shapes.
//!
//! Owns: the CBOR form. Must not: decide what is recorded, or touch a file.
//!
//! The templates below hold heads of short texts (`\x64` before `kind`: text of four bytes) and of maps
//! (`\xa3`: map of three pairs). Heads of arrays are written for the planned count and, where fewer
//! elements came, patched in place in the same width, which readers accept though it is not the shortest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::encode::{Encoding, Open};
use super::{EventKind, FunctionId, PathId, TypeId, TypeKind, VariableId};

/// The encoding of `trace.bin`, before compression.
#[derive(Debug)]
pub struct Cbor;

const UNSIGNED: u8 = 0x00;
const NEGATIVE: u8 = 0x20;
const TEXT: u8 = 0x60;
const ARRAY: u8 = 0x80;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;

/// A head: the kind of item and its number, in the shortest width.
fn push_head(out: &mut Vec<u8>, kind: u8, number: u64) {
    if number < 24 {
        out.push(kind | number as u8);
    } else if let Ok(number) = u8::try_from(number) {
        out.extend_from_slice(&[kind | 24, number]);
    } else if let Ok(number) = u16::try_from(number) {
        let [a, b] = number.to_be_bytes();
        out.extend_from_slice(&[kind | 25, a, b]);
    } else if let Ok(number) = u32::try_from(number) {
        let [a, b, c, d] = number.to_be_bytes();
        out.extend_from_slice(&[kind | 26, a, b, c, d]);
    } else {
        out.push(kind | 27);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn push_unsigned(out: &mut Vec<u8>, number: impl Into<u64>) {
    push_head(out, UNSIGNED, number.into());
}

fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 9);
    push_head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text);
}

/// Replaces the number in the head of an array by a smaller one, in the same width.
fn patch_array(out: &mut [u8], at: usize, count: usize) {
    let width = match out[at] & 0x1f {
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => {
            out[at] = ARRAY | count as u8;
            return;
        }
    };
    let number = (count as u64).to_be_bytes();
    out[at + 1..=at + width].copy_from_slice(&number[8 - width..]);
}

/// Appends what is common to the end of every value.
fn close(out: &mut Vec<u8>, type_id: TypeId) {
    out.extend_from_slice(b"\x67type_id");
    push_unsigned(out, type_id.0);
}

/// Opens a container: `head` is all before its array.
fn open(out: &mut Vec<u8>, head: &[u8], planned: usize) -> Open {
    out.extend_from_slice(head);
    let at = out.len();
    push_head(out, ARRAY, planned as u64);
    Open { at, planned }
}

fn text_value(out: &mut Vec<u8>, head: &[u8], text: &[u8], type_id: TypeId) {
    out.extend_from_slice(head);
    push_text(out, text);
    close(out, type_id);
}

fn list_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) {
    if count < open.planned {
        patch_array(out, open.at, count);
    }
    close(out, type_id);
}

impl Encoding for Cbor {
    fn path(out: &mut Vec<u8>, path: &[u8]) {
        out.extend_from_slice(b"\xa1\x64Path");
        push_text(out, path);
    }

    fn variable_name(out: &mut Vec<u8>, name: &[u8]) {
        out.extend_from_slice(b"\xa1\x6cVariableName");
        push_text(out, name);
    }

    fn plain_type(out: &mut Vec<u8>, kind: TypeKind, name: &[u8]) {
        out.extend_from_slice(b"\xa1\x64Type\xa3\x64kind");
        push_unsigned(out, kind as u8);
        out.extend_from_slice(b"\x69lang_type");
        push_text(out, name);
        out.extend_from_slice(b"\x6dspecific_info\xa1\x64kind\x64None");
    }

    fn struct_type(out: &mut Vec<u8>, name: &[u8], fields: &[&[u8]], field_type: TypeId) {
        out.extend_from_slice(b"\xa1\x64Type\xa3\x64kind\x06\x69lang_type");
        push_text(out, name);
        out.extend_from_slice(b"\x6dspecific_info\xa2\x64kind\x66Struct\x66fields");
        push_head(out, ARRAY, fields.len() as u64);
        for field in fields {
            out.extend_from_slice(b"\xa2\x64name");
            push_text(out, field);
            close(out, field_type);
        }
    }

    fn function(out: &mut Vec<u8>, path: PathId, line: u32, name: &[u8]) {
        out.extend_from_slice(b"\xa1\x68Function\xa3\x67path_id");
        push_unsigned(out, path.0);
        out.extend_from_slice(b"\x64line");
        push_unsigned(out, line);
        out.extend_from_slice(b"\x64name");
        push_text(out, name);
    }

    fn step(out: &mut Vec<u8>, path: PathId, line: u32) {
        out.extend_from_slice(b"\xa1\x64Step\xa2\x67path_id");
        push_unsigned(out, path.0);
        out.extend_from_slice(b"\x64line");
        push_unsigned(out, line);
    }

    fn event(out: &mut Vec<u8>, kind: EventKind, metadata: &[u8], content: &[u8]) {
        out.extend_from_slice(b"\xa1\x65Event\xa3\x64kind");
        push_unsigned(out, kind as u8);
        out.extend_from_slice(b"\x68metadata");
        push_text(out, metadata);
        out.extend_from_slice(b"\x67content");
        push_text(out, content);
    }

    fn call_begin(out: &mut Vec<u8>, function: FunctionId, count: usize) {
        out.extend_from_slice(b"\xa1\x64Call\xa2\x6bfunction_id");
        push_unsigned(out, function.0);
        out.extend_from_slice(b"\x64args");
        push_head(out, ARRAY, count as u64);
    }

    fn argument_begin(out: &mut Vec<u8>, variable: VariableId) {
        out.extend_from_slice(b"\xa2\x6bvariable_id");
        push_unsigned(out, variable.0);
        out.extend_from_slice(b"\x65value");
    }

    fn argument_end(_out: &mut Vec<u8>) {}

    fn call_end(_out: &mut Vec<u8>) {}

    fn value_begin(out: &mut Vec<u8>, variable: VariableId) {
        out.extend_from_slice(b"\xa1\x65Value\xa2\x6bvariable_id");
        push_unsigned(out, variable.0);
        out.extend_from_slice(b"\x65value");
    }

    fn value_end(_out: &mut Vec<u8>) {}

    fn return_begin(out: &mut Vec<u8>) {
        out.extend_from_slice(b"\xa1\x66Return\xa1\x6creturn_value");
    }

    fn return_end(_out: &mut Vec<u8>) {}

    fn int(out: &mut Vec<u8>, value: i64, type_id: TypeId) {
        out.extend_from_slice(b"\xa3\x64kind\x63Int\x61i");
        if value < 0 {
            push_head(out, NEGATIVE, !value as u64);
        } else {
            push_head(out, UNSIGNED, value as u64);
        }
        close(out, type_id);
    }

    fn big_int(out: &mut Vec<u8>, magnitude: &[u8], negative: bool, type_id: TypeId) {
        let text = BASE64.encode(magnitude);
        out.extend_from_slice(b"\xa4\x64kind\x66BigInt\x61b");
        push_text(out, text.as_bytes());
        out.extend_from_slice(b"\x68negative");
        out.push(if negative { TRUE } else { FALSE });
        close(out, type_id);
    }

    fn bool(out: &mut Vec<u8>, value: bool, type_id: TypeId) {
        out.extend_from_slice(b"\xa3\x64kind\x64Bool\x61b");
        out.push(if value { TRUE } else { FALSE });
        close(out, type_id);
    }

    fn string(out: &mut Vec<u8>, text: &[u8], type_id: TypeId) {
        text_value(out, b"\xa3\x64kind\x66String\x64text", text, type_id);
    }

    fn none(out: &mut Vec<u8>, type_id: TypeId) {
        out.extend_from_slice(b"\xa2\x64kind\x64None");
        close(out, type_id);
    }

    fn raw(out: &mut Vec<u8>, text: &[u8], type_id: TypeId) {
        text_value(out, b"\xa3\x64kind\x63Raw\x61r", text, type_id);
    }

    fn error(out: &mut Vec<u8>, message: &[u8], type_id: TypeId) {
        text_value(out, b"\xa3\x64kind\x65Error\x63msg", message, type_id);
    }

    fn sequence_begin(out: &mut Vec<u8>, planned: usize) -> Open {
        let head = b"\xa4\x64kind\x68Sequence\x68elements";
        open(out, head, planned)
    }

    fn sequence_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) {
        out.extend_from_slice(b"\x68is_slice");
        out.push(FALSE);
        list_end(out, open, count, type_id);
    }

    fn tuple_begin(out: &mut Vec<u8>, planned: usize) -> Open {
        let head = b"\xa3\x64kind\x65Tuple\x68elements";
        open(out, head, planned)
    }

    fn tuple_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) {
        list_end(out, open, count, type_id);
    }

    fn struct_begin(out: &mut Vec<u8>, planned: usize) -> Open {
        let head = b"\xa3\x64kind\x66Struct\x6cfield_values";
        open(out, head, planned)
    }

    fn struct_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) {
        list_end(out, open, count, type_id);
    }

    fn separator(_out: &mut Vec<u8>) {}
}
