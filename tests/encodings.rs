//! The JSON and the CBOR form of any record hold the same, and count the same length for every value.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use _native::trace::{
    Cbor, Encoding, EventKind, FunctionId, Json, PathId, TypeId, TypeKind, VariableId,
};
use base64::Engine as _;
use proptest::prelude::*;
use serde_json::{Value as Tree, json};

#[derive(Debug, Clone)]
enum Value {
    Int(i64, u32),
    BigInt(Vec<u8>, bool, u32),
    Bool(bool, u32),
    String(String, u32),
    None(u32),
    Raw(String, u32),
    Error(String, u32),
    Sequence(Vec<Value>, usize, u32),
    Tuple(Vec<Value>, usize, u32),
    Struct(Vec<Value>, usize, u32),
}

type Begin = fn(&mut Vec<u8>, usize) -> (_native::trace::encode::Open, usize);
type End = fn(&mut Vec<u8>, _native::trace::encode::Open, usize, TypeId) -> usize;

fn write_list<E: Encoding>(
    out: &mut Vec<u8>,
    items: &[Value],
    spare: usize,
    id: u32,
    ends: (Begin, End),
) -> usize {
    let (open, mut length) = ends.0(out, items.len() + spare);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            length += E::separator(out);
        }
        length += item.write::<E>(out);
    }
    length + ends.1(out, open, items.len(), TypeId(id))
}

impl Value {
    fn write<E: Encoding>(&self, out: &mut Vec<u8>) -> usize {
        match self {
            Self::Int(i, id) => E::int(out, *i, TypeId(*id)),
            Self::BigInt(b, negative, id) => E::big_int(out, b, *negative, TypeId(*id)),
            Self::Bool(b, id) => E::bool(out, *b, TypeId(*id)),
            Self::String(text, id) => E::string(out, text, TypeId(*id)),
            Self::None(id) => E::none(out, TypeId(*id)),
            Self::Raw(text, id) => E::raw(out, text, TypeId(*id)),
            Self::Error(text, id) => E::error(out, text, TypeId(*id)),
            Self::Sequence(items, spare, id) => write_list::<E>(
                out,
                items,
                *spare,
                *id,
                (E::sequence_begin, E::sequence_end),
            ),
            Self::Tuple(items, spare, id) => {
                write_list::<E>(out, items, *spare, *id, (E::tuple_begin, E::tuple_end))
            }
            Self::Struct(items, spare, id) => {
                write_list::<E>(out, items, *spare, *id, (E::struct_begin, E::struct_end))
            }
        }
    }

    fn tree(&self) -> Tree {
        let trees = |items: &[Value]| items.iter().map(Value::tree).collect::<Vec<_>>();
        match self {
            Self::Int(i, id) => json!({"kind": "Int", "i": i, "type_id": id}),
            Self::BigInt(b, negative, id) => {
                let text = base64::engine::general_purpose::STANDARD.encode(b);
                json!({"kind": "BigInt", "b": text, "negative": negative, "type_id": id})
            }
            Self::Bool(b, id) => json!({"kind": "Bool", "b": b, "type_id": id}),
            Self::String(text, id) => json!({"kind": "String", "text": text, "type_id": id}),
            Self::None(id) => json!({"kind": "None", "type_id": id}),
            Self::Raw(text, id) => json!({"kind": "Raw", "r": text, "type_id": id}),
            Self::Error(text, id) => json!({"kind": "Error", "msg": text, "type_id": id}),
            Self::Sequence(items, _, id) => {
                json!({"kind": "Sequence", "elements": trees(items), "is_slice": false, "type_id": id})
            }
            Self::Tuple(items, _, id) => {
                json!({"kind": "Tuple", "elements": trees(items), "type_id": id})
            }
            Self::Struct(items, _, id) => {
                json!({"kind": "Struct", "field_values": trees(items), "type_id": id})
            }
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        r#"[\x00-\x22\\a-z!"é😀\n]{0,40}"#,
        any::<String>(),
        "[a-z]{20,300}"
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let id = prop_oneof![0..30u32, any::<u32>()];
    let leaf = prop_oneof![
        (prop_oneof![-300..300i64, any::<i64>()], id.clone()).prop_map(|(i, id)| Value::Int(i, id)),
        (
            prop::collection::vec(any::<u8>(), 0..40),
            any::<bool>(),
            id.clone()
        )
            .prop_map(|(b, negative, id)| Value::BigInt(b, negative, id)),
        (any::<bool>(), id.clone()).prop_map(|(b, id)| Value::Bool(b, id)),
        (any_text(), id.clone()).prop_map(|(text, id)| Value::String(text, id)),
        id.clone().prop_map(Value::None),
        (any_text(), id.clone()).prop_map(|(text, id)| Value::Raw(text, id)),
        (any_text(), id.clone()).prop_map(|(text, id)| Value::Error(text, id)),
    ];
    leaf.prop_recursive(4, 60, 30, move |inner| {
        let spare = prop_oneof![
            Just(0usize),
            1..30usize,
            200..400usize,
            Just(70_000),
            Just(1 << 33)
        ];
        (prop::collection::vec(inner, 0..30), spare, id.clone(), 0..3).prop_map(
            |(items, spare, id, kind)| match kind {
                0 => Value::Sequence(items, spare, id),
                1 => Value::Tuple(items, spare, id),
                _ => Value::Struct(items, spare, id),
            },
        )
    })
}

/// One event of each kind around these values and texts, beside what a reader must see.
fn write_events<E: Encoding>(values: &[Value], text: &str, number: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let fields = [text, "b"];
    E::path(&mut out, text);
    E::variable_name(&mut out, text);
    E::plain_type(&mut out, TypeKind::NonExpanded, text);
    E::struct_type(&mut out, text, &fields, TypeId(number));
    E::struct_type(&mut out, text, &[], TypeId(number));
    E::function(&mut out, PathId(number), number, text);
    E::step(&mut out, PathId(number), number);
    E::event(&mut out, EventKind::Error, text, text);
    E::call_begin(&mut out, FunctionId(number), values.len());
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            E::separator(&mut out);
        }
        E::argument_begin(&mut out, VariableId(number));
        value.write::<E>(&mut out);
        E::argument_end(&mut out);
    }
    E::call_end(&mut out);
    for value in values {
        E::value_begin(&mut out, VariableId(number));
        value.write::<E>(&mut out);
        E::value_end(&mut out);
        E::return_begin(&mut out);
        value.write::<E>(&mut out);
        E::return_end(&mut out);
    }
    out
}

fn expected_events(values: &[Value], text: &str, number: u32) -> Vec<Tree> {
    let named = |value: &Value| json!({"variable_id": number, "value": value.tree()});
    let mut events = vec![
        json!({"Path": text}),
        json!({"VariableName": text}),
        json!({"Type": {"kind": 31, "lang_type": text, "specific_info": {"kind": "None"}}}),
        json!({"Type": {"kind": 6, "lang_type": text, "specific_info": {"kind": "Struct", "fields":
            [{"name": text, "type_id": number}, {"name": "b", "type_id": number}]}}}),
        json!({"Type": {"kind": 6, "lang_type": text, "specific_info": {"kind": "Struct", "fields": []}}}),
        json!({"Function": {"path_id": number, "line": number, "name": text}}),
        json!({"Step": {"path_id": number, "line": number}}),
        json!({"Event": {"kind": 11, "metadata": text, "content": text}}),
        json!({"Call": {"function_id": number, "args": values.iter().map(named).collect::<Vec<_>>()}}),
    ];
    for value in values {
        events.push(json!({"Value": named(value)}));
        events.push(json!({"Return": {"return_value": value.tree()}}));
    }
    events
}

fn json_events(bytes: &[u8]) -> Vec<Tree> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.split_terminator('\n')
        .map(|line| serde_json::from_str(line.strip_prefix(',').unwrap()).unwrap())
        .collect()
}

fn cbor_events(mut bytes: &[u8]) -> Vec<Tree> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        events.push(cbor4ii::serde::from_reader(&mut bytes).unwrap());
    }
    events
}

proptest! {
    #[test]
    fn values(value in any_value()) {
        let (mut json, mut cbor) = (Vec::new(), Vec::new());
        let length = value.write::<Json>(&mut json);
        prop_assert_eq!(length, json.len());
        prop_assert_eq!(length, value.write::<Cbor>(&mut cbor));
        // Compared as text: the order of the keys counts too.
        prop_assert_eq!(&String::from_utf8(json).unwrap(), &value.tree().to_string());
        let read: Tree = cbor4ii::serde::from_slice(&cbor).unwrap();
        prop_assert_eq!(read.to_string(), value.tree().to_string());
    }

    #[test]
    fn events(values in prop::collection::vec(any_value(), 0..4), text in any_text(), number in any::<u32>()) {
        let expected = expected_events(&values, &text, number);
        prop_assert_eq!(&json_events(&write_events::<Json>(&values, &text, number)), &expected);
        prop_assert_eq!(&cbor_events(&write_events::<Cbor>(&values, &text, number)), &expected);
    }
}
