//! Owns: that the JSON and the CBOR form of any record hold what its compact form was made of, and that the length that
//! counts is that of the JSON text. Must not: use our reader.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

use _native::trace::{
    Compact, EventKind, Expander, Format, FunctionId, LONGEST_KEPT, PathId, TypeId, TypeKind,
    VariableId, length_as_value,
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

fn write_items(out: &mut Compact, items: &[Value]) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.separator();
        }
        item.write(out);
    }
}

impl Value {
    fn write(&self, out: &mut Compact) {
        match self {
            Self::Int(i, id) => out.int(*i, TypeId(*id)),
            Self::BigInt(b, negative, id) => out.big_int(b, *negative, TypeId(*id)),
            Self::Bool(b, id) => out.bool(*b, TypeId(*id)),
            Self::String(text, id) => out.string(text, TypeId(*id)),
            Self::None(id) => out.none(TypeId(*id)),
            Self::Raw(text, id) => out.raw(text, TypeId(*id)),
            Self::Error(text, id) => out.error(text, TypeId(*id)),
            Self::Sequence(items, spare, id) => {
                out.sequence_begin(items.len() + spare);
                write_items(out, items);
                out.sequence_end(TypeId(*id));
            }
            Self::Tuple(items, spare, id) => {
                out.tuple_begin(items.len() + spare);
                write_items(out, items);
                out.tuple_end(TypeId(*id));
            }
            Self::Struct(items, spare, id) => {
                out.struct_begin(items.len() + spare);
                write_items(out, items);
                out.struct_end(TypeId(*id));
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

/// The records in a form of the trace.
fn expanded(format: Format, compact: &Compact) -> Vec<u8> {
    let mut all = Vec::new();
    Expander::new(format)
        .expand(compact.bytes(), |piece: &[u8]| {
            all.extend_from_slice(piece);
            Ok(())
        })
        .unwrap();
    all
}

fn define(out: &mut Compact, text: &str, number: u32) {
    let fields = [text, "b"];
    out.path(text);
    out.variable_name(text);
    out.plain_type(TypeKind::NonExpanded, text);
    out.struct_type(text, &fields, TypeId(number));
    out.struct_type(text, &[], TypeId(number));
    out.function(PathId(number), number, text);
}

/// One event of each kind around these values and texts, beside what a reader must see.
fn write_events(out: &mut Compact, values: &[Value], text: &str, number: u32) {
    out.step(PathId(number), number);
    out.event(EventKind::Error, text, text);
    out.call(FunctionId(number), values.len());
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.separator();
        }
        out.argument(VariableId(number));
        value.write(out);
    }
    for value in values {
        out.value(VariableId(number));
        value.write(out);
        out.result();
        value.write(out);
    }
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

/// The values of a step; returns their length.
fn write_variables(out: &mut Compact, values: &[Value]) -> u64 {
    let begun = out.length();
    for (id, value) in (0..).zip(values) {
        out.value(VariableId(id));
        value.write(out);
    }
    out.length() - begun
}

/// A call with these values as arguments; returns the length of these.
fn write_call(out: &mut Compact, values: &[Value]) -> u64 {
    out.call(FunctionId(1), values.len());
    let begun = out.length();
    for (id, value) in (0..).zip(values) {
        if id > 0 {
            out.separator();
        }
        out.argument(VariableId(id));
        value.write(out);
    }
    out.length() - begun
}

fn is_refused(expander: &mut Expander, compact: &Compact) -> bool {
    let result = expander.expand(compact.bytes(), |_: &[u8]| Ok(()));
    result.is_err()
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

/// A value in whose front something is forgotten is no value that a variable is known by.
#[test]
fn what_is_forgotten_is_forgotten_each_time() {
    for format in [Format::Json, Format::Binary] {
        let (mut all, mut each) = (Compact::default(), Compact::default());
        for (variable, text, forgets) in [(0, "one", true), (1, "other", false), (0, "one", true)] {
            all.value(VariableId(variable));
            if forgets {
                all.forget();
            }
            all.keep(1);
            each.value(VariableId(variable));
            for out in [&mut all, &mut each] {
                out.string(text, TypeId(0));
            }
        }
        all.value(VariableId(2));
        each.value(VariableId(2));
        let begun = each.place();
        each.string("one", TypeId(0));
        all.again(1, each.length_since(begun));
        assert_eq!(expanded(format, &all), expanded(format, &each));
    }
}

proptest! {
    #[test]
    fn values(value in any_value()) {
        let mut compact = Compact::default();
        compact.result();
        let before = compact.length();
        value.write(&mut compact);
        let json = expanded(Format::Json, &compact);
        // Compared as text: the order of the keys counts too.
        let text = value.tree().to_string();
        let expected = format!(",{{\"Return\":{{\"return_value\":{text}}}}}\n");
        prop_assert_eq!(&String::from_utf8(json).unwrap(), &expected);
        prop_assert_eq!(compact.length() - before, text.len() as u64);
        let cbor = expanded(Format::Binary, &compact);
        prop_assert!(cbor.len() <= expected.len());
        let read: Tree = cbor4ii::serde::from_slice(&cbor).unwrap();
        prop_assert_eq!(read["Return"]["return_value"].to_string(), text);
    }

    #[test]
    fn events(values in prop::collection::vec(any_value(), 0..4), text in any_text(), number in any::<u32>()) {
        let mut compact = Compact::default();
        write_events(&mut compact, &values, &text, number);
        prop_assert_eq!(compact.length(), expanded(Format::Json, &compact).len() as u64);
        let mut all = Compact::default();
        define(&mut all, &text, number);
        write_events(&mut all, &values, &text, number);
        let expected = expected_events(&values, &text, number);
        prop_assert_eq!(&json_events(&expanded(Format::Json, &all)), &expected);
        prop_assert_eq!(&cbor_events(&expanded(Format::Binary, &all)), &expected);
    }

    #[test]
    fn a_value_after_others_is_what_it_is_alone(
        values in prop::collection::vec(any_value(), 1..4),
        shown in prop::collection::vec((0..2u32, any::<prop::sample::Index>()), 1..30),
    ) {
        for format in [Format::Json, Format::Binary] {
            let (mut all, mut each) = (Compact::default(), Vec::new());
            for (variable, index) in &shown {
                let mut alone = Compact::default();
                for out in [&mut all, &mut alone] {
                    out.value(VariableId(variable * 128));
                    index.get(&values).write(out);
                }
                each.extend(expanded(format, &alone));
            }
            prop_assert_eq!(expanded(format, &all), each);
        }
    }

    #[test]
    fn a_value_that_comes_again_is_what_it_was(
        values in prop::collection::vec(any_value(), 1..4),
        shown in prop::collection::vec((0..3usize, any::<prop::sample::Index>(), any::<bool>()), 1..30),
    ) {
        for format in [Format::Json, Format::Binary] {
            let (mut all, mut each) = (Compact::default(), Vec::new());
            let mut kept: [Option<usize>; 3] = [None; 3];
            for (place, index, is_again) in &shown {
                // The last place there is among them; a value is kept in the place of another, too.
                let (at, index) = ((place * 255 + 1) as u16, index.index(values.len()));
                let mut alone = Compact::default();
                alone.result();
                let begun = alone.place();
                match kept[*place] {
                    Some(known) if *is_again => {
                        values[known].write(&mut alone);
                        all.result();
                        all.again(at, alone.length_since(begun));
                    }
                    _ => {
                        values[index].write(&mut alone);
                        all.result();
                        all.keep(at);
                        values[index].write(&mut all);
                        kept[*place] = (alone.length_since(begun) <= LONGEST_KEPT).then_some(index);
                    }
                }
                each.push(alone);
            }
            let lengths: u64 = each.iter().map(Compact::length).sum();
            prop_assert_eq!(all.length(), lengths);
            let alone: Vec<u8> = each.iter().flat_map(|one| expanded(format, one)).collect();
            prop_assert_eq!(expanded(format, &all), alone);
        }
    }

    #[test]
    fn a_step_that_shows_the_same_is_what_it_was(
        values in prop::collection::vec(any_value(), 0..4),
        shown in prop::collection::vec((0..3usize, 0..4u32, any::<prop::sample::Index>()), 1..30),
    ) {
        for format in [Format::Json, Format::Binary] {
            let (mut all, mut each) = (Compact::default(), Compact::default());
            let mut kept: [Option<(usize, u64)>; 3] = [None; 3];
            for (place, how, count) in &shown {
                // The last place there is among them.
                let (at, path) = ((place * 31 + 1) as u16, PathId(*how));
                let again = kept[*place].filter(|_| *how < 2);
                let count = again.map_or(count.index(values.len() + 1), |(count, _)| count);
                let values = &values[..count];
                if let Some((_, length)) = again {
                    all.same_step(at, path, 9, length);
                    each.step(path, 9);
                    write_variables(&mut each, values);
                    continue;
                }
                all.scene(at);
                let length = if *how == 2 {
                    write_call(&mut each, values);
                    let arguments = write_call(&mut all, values);
                    let separators = count.saturating_sub(1) as u64;
                    arguments - separators + length_as_value(0) * count as u64
                } else {
                    each.step(path, 9);
                    write_variables(&mut each, values);
                    all.step(path, 9);
                    write_variables(&mut all, values)
                };
                kept[*place] = (length <= LONGEST_KEPT).then_some((count, length));
            }
            prop_assert_eq!(all.length(), each.length());
            prop_assert_eq!(expanded(format, &all), expanded(format, &each));
        }
    }

    #[test]
    fn a_step_that_shows_changes_is_what_it_was(
        values in prop::collection::vec(any_value(), 1..4),
        steps in prop::collection::vec(
            prop::collection::vec((0..6u32, any::<prop::sample::Index>()), 0..8),
            1..12,
        ),
    ) {
        for format in [Format::Json, Format::Binary] {
            let (mut all, mut each) = (Compact::default(), Compact::default());
            // The values that are shown, and how long they are.
            let mut shown: Vec<(usize, u64)> = Vec::new();
            all.scene(7);
            all.step(PathId(0), 1);
            each.step(PathId(0), 1);
            for changes in &steps {
                let mut next = Vec::new();
                all.next_step(7, PathId(0), 9, shown.iter().map(|(_, length)| length).sum());
                for (place, (how, index)) in changes.iter().enumerate() {
                    let old = shown.get(place);
                    let (at, value) = (place as u16, index.index(values.len()));
                    if let Some((_, length)) = old && *how < 2 {
                        all.count_off(*length);
                    }
                    match (how, old) {
                        (0, Some(_)) => all.gone(at),
                        (1, Some(_)) => {
                            let begun = all.place();
                            all.changed(at, VariableId(value as u32));
                            values[value].write(&mut all);
                            next.push((value, all.length_since(begun)));
                        }
                        (2, _) if place <= shown.len() => {
                            let begun = all.place();
                            all.added(at, VariableId(value as u32));
                            values[value].write(&mut all);
                            next.push((value, all.length_since(begun)));
                            next.extend(old);
                        }
                        _ => next.extend(old),
                    }
                }
                next.extend(shown.iter().skip(changes.len()));
                shown = next;
                each.step(PathId(0), 9);
                for (value, _) in &shown {
                    each.value(VariableId(*value as u32));
                    values[*value].write(&mut each);
                }
                if shown.iter().map(|(_, length)| length).sum::<u64>() > LONGEST_KEPT {
                    break; // it is not shown again
                }
            }
            prop_assert_eq!(all.length(), each.length());
            prop_assert_eq!(expanded(format, &all), expanded(format, &each));
        }
    }

    #[test]
    fn what_is_not_kept_is_not_shown(value in any_value()) {
        let mut kept = Compact::default();
        kept.result();
        kept.keep(7);
        value.write(&mut kept);
        let (mut again, mut same, mut forgotten) = <(Compact, Compact, Compact)>::default();
        let (mut next, mut beyond) = <(Compact, Compact)>::default();
        again.result();
        again.again(7, 1);
        same.same_step(7, PathId(0), 1, 1);
        next.next_step(7, PathId(0), 1, 1);
        beyond.scene(7);
        beyond.step(PathId(0), 1);
        beyond.next_step(7, PathId(0), 1, 1);
        beyond.gone(0);
        forgotten.result();
        forgotten.forget();
        forgotten.none(TypeId(0));
        for format in [Format::Json, Format::Binary] {
            let mut expander = Expander::new(format);
            prop_assert!(is_refused(&mut expander, &again));
            prop_assert!(is_refused(&mut expander, &same));
            prop_assert!(is_refused(&mut expander, &next));
            prop_assert!(is_refused(&mut Expander::new(format), &beyond));
            prop_assert!(!is_refused(&mut expander, &kept));
            prop_assert!(!is_refused(&mut expander, &again));
            prop_assert!(!is_refused(&mut expander, &forgotten));
            prop_assert!(is_refused(&mut expander, &again));
            prop_assert!(is_refused(&mut Expander::without_places(format), &kept));
        }
    }

    #[test]
    fn what_has_become_too_long_is_shown_once(more in 0..100usize) {
        let mut all = Compact::default();
        all.scene(7);
        all.step(PathId(0), 1);
        all.next_step(7, PathId(0), 2, 0);
        all.added(0, VariableId(0));
        all.string(&"x".repeat(LONGEST_KEPT as usize + more), TypeId(0));
        let mut again = Compact::default();
        again.same_step(7, PathId(0), 3, 0);
        for format in [Format::Json, Format::Binary] {
            let mut expander = Expander::new(format);
            prop_assert!(!is_refused(&mut expander, &all));
            prop_assert!(is_refused(&mut expander, &again));
        }
    }

    #[test]
    fn what_is_no_record_is_refused(bytes in prop::collection::vec(prop_oneof![0..32u8, any::<u8>()], 1..60)) {
        for format in [Format::Json, Format::Binary] {
            let mut made = 0;
            let result = Expander::new(format).expand(&bytes, |piece: &[u8]| {
                made += piece.len();
                Ok(())
            });
            prop_assert!(result.is_err() || made > 0);
        }
    }
}
