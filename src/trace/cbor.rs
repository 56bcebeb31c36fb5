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
use super::escape::quoted_length;
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

/// Length of `,"type_id":` and `}`, which end the JSON text of every value.
const JSON_CLOSE: usize = 12;

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

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 9);
    push_head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
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

/// Number of decimal digits.
fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Appends what is common to the end of every value; returns the length of its JSON text.
fn close(out: &mut Vec<u8>, type_id: TypeId) -> usize {
    out.extend_from_slice(b"\x67type_id");
    push_unsigned(out, type_id.0);
    JSON_CLOSE + digits(type_id.0.into())
}

/// Opens a container: `head` is all before its array, `json` the JSON text that stands for it.
fn open(out: &mut Vec<u8>, head: &[u8], json: &str, planned: usize) -> (Open, usize) {
    out.extend_from_slice(head);
    let at = out.len();
    push_head(out, ARRAY, planned as u64);
    (Open { at, planned }, json.len())
}

fn text_value(out: &mut Vec<u8>, head: &[u8], json: &str, text: &str, type_id: TypeId) -> usize {
    out.extend_from_slice(head);
    push_text(out, text);
    json.len() + quoted_length(text) + close(out, type_id)
}

fn list_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize {
    if count < open.planned {
        patch_array(out, open.at, count);
    }
    "]".len() + close(out, type_id)
}

impl Encoding for Cbor {
    fn path(out: &mut Vec<u8>, path: &str) {
        out.extend_from_slice(b"\xa1\x64Path");
        push_text(out, path);
    }

    fn variable_name(out: &mut Vec<u8>, name: &str) {
        out.extend_from_slice(b"\xa1\x6cVariableName");
        push_text(out, name);
    }

    fn plain_type(out: &mut Vec<u8>, kind: TypeKind, name: &str) {
        out.extend_from_slice(b"\xa1\x64Type\xa3\x64kind");
        push_unsigned(out, kind as u8);
        out.extend_from_slice(b"\x69lang_type");
        push_text(out, name);
        out.extend_from_slice(b"\x6dspecific_info\xa1\x64kind\x64None");
    }

    fn struct_type(out: &mut Vec<u8>, name: &str, fields: &[&str], field_type: TypeId) {
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

    fn function(out: &mut Vec<u8>, path: PathId, line: u32, name: &str) {
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

    fn event(out: &mut Vec<u8>, kind: EventKind, metadata: &str, content: &str) {
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

    fn int(out: &mut Vec<u8>, value: i64, type_id: TypeId) -> usize {
        out.extend_from_slice(b"\xa3\x64kind\x63Int\x61i");
        if value < 0 {
            push_head(out, NEGATIVE, !value as u64);
        } else {
            push_head(out, UNSIGNED, value as u64);
        }
        let sign = usize::from(value < 0);
        r#"{"kind":"Int","i":"#.len() + sign + digits(value.unsigned_abs()) + close(out, type_id)
    }

    fn big_int(out: &mut Vec<u8>, magnitude: &[u8], negative: bool, type_id: TypeId) -> usize {
        let text = BASE64.encode(magnitude);
        out.extend_from_slice(b"\xa4\x64kind\x66BigInt\x61b");
        push_text(out, &text);
        out.extend_from_slice(b"\x68negative");
        out.push(if negative { TRUE } else { FALSE });
        let json = if negative {
            r#"{"kind":"BigInt","b":"","negative":true"#
        } else {
            r#"{"kind":"BigInt","b":"","negative":false"#
        };
        json.len() + text.len() + close(out, type_id)
    }

    fn bool(out: &mut Vec<u8>, value: bool, type_id: TypeId) -> usize {
        out.extend_from_slice(b"\xa3\x64kind\x64Bool\x61b");
        out.push(if value { TRUE } else { FALSE });
        let json = if value {
            r#"{"kind":"Bool","b":true"#
        } else {
            r#"{"kind":"Bool","b":false"#
        };
        json.len() + close(out, type_id)
    }

    fn string(out: &mut Vec<u8>, text: &str, type_id: TypeId) -> usize {
        text_value(
            out,
            b"\xa3\x64kind\x66String\x64text",
            r#"{"kind":"String","text":"#,
            text,
            type_id,
        )
    }

    fn none(out: &mut Vec<u8>, type_id: TypeId) -> usize {
        out.extend_from_slice(b"\xa2\x64kind\x64None");
        r#"{"kind":"None""#.len() + close(out, type_id)
    }

    fn raw(out: &mut Vec<u8>, text: &str, type_id: TypeId) -> usize {
        text_value(
            out,
            b"\xa3\x64kind\x63Raw\x61r",
            r#"{"kind":"Raw","r":"#,
            text,
            type_id,
        )
    }

    fn error(out: &mut Vec<u8>, message: &str, type_id: TypeId) -> usize {
        text_value(
            out,
            b"\xa3\x64kind\x65Error\x63msg",
            r#"{"kind":"Error","msg":"#,
            message,
            type_id,
        )
    }

    fn sequence_begin(out: &mut Vec<u8>, planned: usize) -> (Open, usize) {
        let head = b"\xa4\x64kind\x68Sequence\x68elements";
        open(out, head, r#"{"kind":"Sequence","elements":["#, planned)
    }

    fn sequence_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize {
        out.extend_from_slice(b"\x68is_slice");
        out.push(FALSE);
        r#","is_slice":false"#.len() + list_end(out, open, count, type_id)
    }

    fn tuple_begin(out: &mut Vec<u8>, planned: usize) -> (Open, usize) {
        let head = b"\xa3\x64kind\x65Tuple\x68elements";
        open(out, head, r#"{"kind":"Tuple","elements":["#, planned)
    }

    fn tuple_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize {
        list_end(out, open, count, type_id)
    }

    fn struct_begin(out: &mut Vec<u8>, planned: usize) -> (Open, usize) {
        let head = b"\xa3\x64kind\x66Struct\x6cfield_values";
        open(out, head, r#"{"kind":"Struct","field_values":["#, planned)
    }

    fn struct_end(out: &mut Vec<u8>, open: Open, count: usize, type_id: TypeId) -> usize {
        list_end(out, open, count, type_id)
    }

    fn separator(_out: &mut Vec<u8>) -> usize {
        1
    }
}
