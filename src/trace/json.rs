//! Records as JSON text.
//!
//! Owns: the JSON form. Must not: decide what is recorded, or touch a file.
//!
//! An event is `,{…}` and a line break; no other line break is ever written, so every line
//! is one event.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::encode::{Encoding, Open};
use super::escape::push_quoted;
use super::{EventKind, FunctionId, PathId, TypeId, TypeKind, VariableId};

/// The encoding of `trace.json`.
#[derive(Debug)]
pub struct Json;

fn push_integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The digits of a small number, and how many there are.
type Digits = ([u8; 3], u8);

static SMALL: [Digits; 1000] = {
    let mut table = [([0; 3], 0); 1000];
    let mut number = 0;
    while number < table.len() {
        let (hundreds, tens, ones) = (number / 100, number / 10 % 10, number % 10);
        let [a, b, c] = [b'0' + hundreds as u8, b'0' + tens as u8, b'0' + ones as u8];
        table[number] = match number {
            0..10 => ([c, 0, 0], 1),
            10..100 => ([b, c, 0], 2),
            _ => ([a, b, c], 3),
        };
        number += 1;
    }
    table
};

/// Appends an id, a line or another number, most of which are small.
#[inline]
fn push_number(out: &mut Vec<u8>, number: u32) {
    match SMALL.get(number as usize) {
        Some((digits, count)) => {
            let end = out.len() + usize::from(*count);
            // Three at once and some taken back is faster than as many as there are.
            out.extend_from_slice(digits);
            out.truncate(end);
        }
        None => push_integer(out, number),
    }
}

/// Appends what is common to the end of every value.
fn close(out: &mut Vec<u8>, type_id: TypeId) {
    out.extend_from_slice(b",\"type_id\":");
    push_number(out, type_id.0);
    out.push(b'}');
}

fn open(out: &mut Vec<u8>, head: &[u8], planned: usize) -> Open {
    let at = out.len();
    out.extend_from_slice(head);
    Open { at, planned }
}

/// A value with one field of text; `head` ends where the text begins.
fn text_value(out: &mut Vec<u8>, head: &[u8], text: &[u8], type_id: TypeId) {
    out.extend_from_slice(head);
    push_quoted(out, text);
    close(out, type_id);
}

fn list_end(out: &mut Vec<u8>, tail: &[u8], type_id: TypeId) {
    out.extend_from_slice(tail);
    close(out, type_id);
}

impl Encoding for Json {
    fn path(out: &mut Vec<u8>, path: &[u8]) {
        out.extend_from_slice(b",{\"Path\":");
        push_quoted(out, path);
        out.extend_from_slice(b"}\n");
    }

    fn variable_name(out: &mut Vec<u8>, name: &[u8]) {
        out.extend_from_slice(b",{\"VariableName\":");
        push_quoted(out, name);
        out.extend_from_slice(b"}\n");
    }

    fn plain_type(out: &mut Vec<u8>, kind: TypeKind, name: &[u8]) {
        out.extend_from_slice(b",{\"Type\":{\"kind\":");
        push_integer(out, kind as u8);
        out.extend_from_slice(b",\"lang_type\":");
        push_quoted(out, name);
        out.extend_from_slice(b",\"specific_info\":{\"kind\":\"None\"}}}\n");
    }

    fn struct_type(out: &mut Vec<u8>, name: &[u8], fields: &[&[u8]], field_type: TypeId) {
        out.extend_from_slice(b",{\"Type\":{\"kind\":6,\"lang_type\":");
        push_quoted(out, name);
        out.extend_from_slice(b",\"specific_info\":{\"kind\":\"Struct\",\"fields\":[");
        for (index, field) in fields.iter().enumerate() {
            let head: &[u8] = if index == 0 {
                b"{\"name\":"
            } else {
                b",{\"name\":"
            };
            text_value(out, head, field, field_type);
        }
        out.extend_from_slice(b"]}}}\n");
    }

    fn function(out: &mut Vec<u8>, path: PathId, line: u32, name: &[u8]) {
        out.extend_from_slice(b",{\"Function\":{\"path_id\":");
        push_number(out, path.0);
        out.extend_from_slice(b",\"line\":");
        push_number(out, line);
        out.extend_from_slice(b",\"name\":");
        push_quoted(out, name);
        out.extend_from_slice(b"}}\n");
    }

    fn step(out: &mut Vec<u8>, path: PathId, line: u32) {
        out.extend_from_slice(b",{\"Step\":{\"path_id\":");
        push_number(out, path.0);
        out.extend_from_slice(b",\"line\":");
        push_number(out, line);
        out.extend_from_slice(b"}}\n");
    }

    fn event(out: &mut Vec<u8>, kind: EventKind, metadata: &[u8], content: &[u8]) {
        out.extend_from_slice(b",{\"Event\":{\"kind\":");
        push_integer(out, kind as u8);
        out.extend_from_slice(b",\"metadata\":");
        push_quoted(out, metadata);
        out.extend_from_slice(b",\"content\":");
        push_quoted(out, content);
        out.extend_from_slice(b"}}\n");
    }

    fn call_begin(out: &mut Vec<u8>, function: FunctionId, _count: usize) {
        out.extend_from_slice(b",{\"Call\":{\"function_id\":");
        push_number(out, function.0);
        out.extend_from_slice(b",\"args\":[");
    }

    fn argument_begin(out: &mut Vec<u8>, variable: VariableId) {
        out.extend_from_slice(b"{\"variable_id\":");
        push_number(out, variable.0);
        out.extend_from_slice(b",\"value\":");
    }

    fn argument_end(out: &mut Vec<u8>) {
        out.push(b'}');
    }

    fn call_end(out: &mut Vec<u8>) {
        out.extend_from_slice(b"]}}\n");
    }

    fn value_begin(out: &mut Vec<u8>, variable: VariableId) {
        out.extend_from_slice(b",{\"Value\":{\"variable_id\":");
        push_number(out, variable.0);
        out.extend_from_slice(b",\"value\":");
    }

    fn value_end(out: &mut Vec<u8>) {
        out.extend_from_slice(b"}}\n");
    }

    fn return_begin(out: &mut Vec<u8>) {
        out.extend_from_slice(b",{\"Return\":{\"return_value\":");
    }

    fn return_end(out: &mut Vec<u8>) {
        out.extend_from_slice(b"}}\n");
    }

    fn int(out: &mut Vec<u8>, value: i64, type_id: TypeId) {
        out.extend_from_slice(b"{\"kind\":\"Int\",\"i\":");
        match u32::try_from(value) {
            Ok(number) => push_number(out, number),
            Err(_) => push_integer(out, value),
        }
        close(out, type_id);
    }

    fn big_int(out: &mut Vec<u8>, magnitude: &[u8], negative: bool, type_id: TypeId) {
        out.extend_from_slice(b"{\"kind\":\"BigInt\",\"b\":\"");
        out.extend_from_slice(BASE64.encode(magnitude).as_bytes());
        out.extend_from_slice(if negative {
            b"\",\"negative\":true"
        } else {
            b"\",\"negative\":false"
        });
        close(out, type_id);
    }

    fn bool(out: &mut Vec<u8>, value: bool, type_id: TypeId) {
        out.extend_from_slice(if value {
            b"{\"kind\":\"Bool\",\"b\":true"
        } else {
            b"{\"kind\":\"Bool\",\"b\":false"
        });
        close(out, type_id);
    }

    fn string(out: &mut Vec<u8>, text: &[u8], type_id: TypeId) {
        text_value(out, b"{\"kind\":\"String\",\"text\":", text, type_id);
    }

    fn none(out: &mut Vec<u8>, type_id: TypeId) {
        out.extend_from_slice(b"{\"kind\":\"None\"");
        close(out, type_id);
    }

    fn raw(out: &mut Vec<u8>, text: &[u8], type_id: TypeId) {
        text_value(out, b"{\"kind\":\"Raw\",\"r\":", text, type_id);
    }

    fn error(out: &mut Vec<u8>, message: &[u8], type_id: TypeId) {
        text_value(out, b"{\"kind\":\"Error\",\"msg\":", message, type_id);
    }

    fn sequence_begin(out: &mut Vec<u8>, planned: usize) -> Open {
        open(out, b"{\"kind\":\"Sequence\",\"elements\":[", planned)
    }

    fn sequence_end(out: &mut Vec<u8>, _open: Open, _count: usize, type_id: TypeId) {
        list_end(out, b"],\"is_slice\":false", type_id);
    }

    fn tuple_begin(out: &mut Vec<u8>, planned: usize) -> Open {
        open(out, b"{\"kind\":\"Tuple\",\"elements\":[", planned)
    }

    fn tuple_end(out: &mut Vec<u8>, _open: Open, _count: usize, type_id: TypeId) {
        list_end(out, b"]", type_id);
    }

    fn struct_begin(out: &mut Vec<u8>, planned: usize) -> Open {
        open(out, b"{\"kind\":\"Struct\",\"field_values\":[", planned)
    }

    fn struct_end(out: &mut Vec<u8>, _open: Open, _count: usize, type_id: TypeId) {
        list_end(out, b"]", type_id);
    }

    fn separator(out: &mut Vec<u8>) {
        out.push(b',');
    }
}
