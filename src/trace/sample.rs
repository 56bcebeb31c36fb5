//! A small trace with every kind of record, for the tests of readers, in both forms.
//!
//! Owns: bytes as any writer of these forms could have made them. Must not: use our own encoders.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::reader::{Health, Reader};
use super::record::Record;

/// The header of a binary trace.
pub const HEADER: [u8; 8] = [0xC0, 0xDE, 0x72, 0xAC, 0xE2, 0x01, 0x00, 0x00];

/// The events of a program that does a little of everything.
pub fn events() -> Vec<Value> {
    let mut events = definitions();
    events.extend(story());
    events
}

fn plain_type(kind: u8, name: &str) -> Value {
    json!({"Type": {"kind": kind, "lang_type": name, "specific_info": {"kind": "None"}}})
}

fn struct_type(name: &str, fields: &[&str]) -> Value {
    let fields: Vec<Value> = fields
        .iter()
        .map(|name| json!({"name": name, "type_id": 0}))
        .collect();
    json!({"Type": {"kind": 6, "lang_type": name, "specific_info": {"kind": "Struct", "fields": fields}}})
}

fn definitions() -> Vec<Value> {
    let mut events = vec![
        plain_type(30, "None"),
        plain_type(7, "int"),
        plain_type(9, "str"),
        plain_type(9, "str (cut)"),
        plain_type(8, "float"),
        plain_type(0, "list"),
        plain_type(0, "dict"),
        plain_type(27, "tuple"),
        struct_type("Order", &["id", "total"]),
        struct_type("yield", &["value"]),
        plain_type(24, "raise"),
        plain_type(31, "Order"),
        plain_type(1, "frozenset"),
        plain_type(12, "bool"),
        plain_type(14, "Ref"),
        json!({"Path": "/app/main.py"}),
        json!({"Path": "/lib/other.py"}),
    ];
    for (path, line, name) in [
        (0, 1, "<toplevel>"),
        (0, 1, "<module>"),
        (0, 1, "f"),
        (1, 7, "gen (resumed)"),
    ] {
        events.push(json!({"Function": {"path_id": path, "line": line, "name": name}}));
    }
    for name in ["a", "b", "value"] {
        events.push(json!({"VariableName": name}));
    }
    events
}

fn step(path: u32, line: u32) -> Value {
    json!({"Step": {"path_id": path, "line": line}})
}

fn value(variable: u32, value: Value) -> Value {
    json!({"Value": {"variable_id": variable, "value": value}})
}

fn int(i: i64) -> Value {
    json!({"kind": "Int", "i": i, "type_id": 1})
}

fn text(text: &str) -> Value {
    json!({"kind": "String", "text": text, "type_id": 2})
}

fn story() -> Vec<Value> {
    let pair = json!({"kind": "Tuple", "elements": [text("k"), int(1)], "type_id": 7});
    let order = json!({"kind": "Struct", "field_values": [int(1), {"kind": "Raw", "r": "9.5", "type_id": 4}], "type_id": 8});
    vec![
        json!({"Call": {"function_id": 0, "args": []}}),
        step(0, 1),
        json!({"Call": {"function_id": 1, "args": []}}),
        step(0, 1),
        step(0, 4),
        json!({"Call": {"function_id": 2, "args": [{"variable_id": 0, "value": int(3)}]}}),
        step(0, 2),
        value(0, int(-3)),
        value(
            1,
            json!({"kind": "Sequence", "elements": [int(1), {"kind": "Raw", "r": "… 98 more", "type_id": 11}], "is_slice": false, "type_id": 5}),
        ),
        value(
            1,
            json!({"kind": "Sequence", "elements": [pair], "is_slice": false, "type_id": 6}),
        ),
        value(1, order),
        value(
            1,
            json!({"kind": "String", "text": "it's\u{1b}[1m é\n… (+9 chars)", "type_id": 3}),
        ),
        value(
            1,
            json!({"kind": "BigInt", "b": "AQAAAAAAAAAA", "negative": true, "type_id": 1}),
        ),
        value(1, json!({"kind": "Float", "f": "1.5", "type_id": 4})),
        value(1, json!({"kind": "Bool", "b": true, "type_id": 13})),
        value(
            1,
            json!({"kind": "Reference", "dereferenced": int(5), "address": 4096, "mutable": false, "type_id": 14}),
        ),
        value(
            1,
            json!({"kind": "Sequence", "elements": [int(1)], "is_slice": false, "type_id": 12}),
        ),
        value(
            1,
            json!({"kind": "Tuple", "elements": [int(1)], "type_id": 7}),
        ),
        value(
            1,
            json!({"kind": "Raw", "r": "<redacted: name password>", "type_id": 2}),
        ),
        json!({"Event": {"kind": 11, "metadata": "", "content": "ValueError: bad"}}),
        json!({"Return": {"return_value": {"kind": "Error", "msg": "ValueError: bad", "type_id": 10}}}),
        json!({"Event": {"kind": 0, "metadata": "", "content": "[3, 1.5]\n"}}),
        step(1, 7),
        json!({"Call": {"function_id": 3, "args": [{"variable_id": 2, "value": {"kind": "None", "type_id": 0}}]}}),
        json!({"Return": {"return_value": {"kind": "Struct", "field_values": [text("x")], "type_id": 9}}}),
        json!({"Return": {"return_value": {"kind": "None", "type_id": 0}}}),
        json!({"Return": {"return_value": {"kind": "None", "type_id": 0}}}),
    ]
}

/// `trace.json` in the layout of our own writer.
pub fn json(events: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = events.iter().map(|event| format!("{event}\n")).collect();
    format!("[{}]", lines.join(",")).into_bytes()
}

/// The events as CBOR items, before compression.
pub fn cbor(events: &[Value]) -> Vec<u8> {
    events.iter().fold(Vec::new(), |bytes, event| {
        cbor4ii::serde::to_vec(bytes, event).unwrap()
    })
}

/// `trace.bin` of these contents, one frame each.
pub fn binary(frames: &[&[u8]]) -> Vec<u8> {
    let mut file = HEADER.to_vec();
    let mut table = zeekstd::SeekTable::new();
    for content in frames {
        let mut frame = Vec::with_capacity(zstd_safe::compress_bound(content.len()));
        zstd_safe::compress(&mut frame, content, 3).unwrap();
        table
            .log_frame(frame.len() as u32, content.len() as u32)
            .unwrap();
        file.extend(frame);
    }
    let mut table = table.into_serializer();
    let mut bytes = vec![0; table.encoded_len()];
    table.write_into(&mut bytes);
    file.extend(bytes);
    file
}

/// A trace folder with this event stream and sound metadata.
pub fn folder(name: &str, content: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), content).unwrap();
    fs::write(
        dir.path().join("trace_metadata.json"),
        r#"{"workdir": "/app", "program": "main.py", "args": [], "status": "complete"}"#,
    )
    .unwrap();
    dir
}

/// All records of the trace in `dir`, and its health.
pub fn read(dir: &Path) -> (Vec<Record>, Health) {
    let mut reader = Reader::open(dir).unwrap();
    let records = reader
        .by_ref()
        .map(|record| record.unwrap().as_ref().clone());
    let records = records.collect();
    (records, reader.health().clone())
}
