//! A value in one line, as Python would print it, marks as they are.
//!
//! Owns: where a type's name stands beside a value, and where it goes without saying. Must not: shorten.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::integer;
use super::quote::{push_bare, push_quoted};
use super::story::Story;
use crate::trace::record::Value;
use crate::trace::{TypeId, TypeKind};

/// Standard mappings, which are sequences of pairs in the trace; a class derived from them is shown as pairs.
const MAPPINGS: [&str; 5] = [
    "dict",
    "OrderedDict",
    "defaultdict",
    "Counter",
    "mappingproxy",
];

/// Appends `value` as text.
pub fn push_value(out: &mut String, value: &Value, story: &Story) {
    match value {
        Value::Int { i, type_id } => push_typed(out, *type_id, "int", story, |out| {
            out.push_str(itoa::Buffer::new().format(*i));
        }),
        Value::BigInt {
            magnitude,
            negative,
            type_id,
        } => push_typed(out, *type_id, "int", story, |out| {
            out.push_str(&integer::digits(magnitude, *negative));
        }),
        Value::Float { f, type_id } => push_typed(out, *type_id, "float", story, |out| {
            let _ = write!(out, "{f:?}");
        }),
        Value::Bool { b, type_id } => push_typed(out, *type_id, "bool", story, |out| {
            out.push_str(if *b { "True" } else { "False" });
        }),
        Value::String { text, type_id } => push_typed(out, *type_id, "str", story, |out| {
            push_quoted(out, text);
        }),
        Value::None { .. } => out.push_str("None"),
        Value::Raw { r, type_id } => push_raw(out, r, *type_id, story),
        Value::Error { msg, type_id } => {
            push_typed(out, *type_id, "", story, |out| push_bare(out, msg));
        }
        Value::Sequence {
            elements, type_id, ..
        } => push_sequence(out, elements, *type_id, story),
        Value::Tuple { elements, type_id } => push_tuple(out, elements, *type_id, story),
        Value::Struct {
            field_values,
            type_id,
        } => push_struct(out, field_values, *type_id, story),
        Value::Reference { dereferenced, .. } => {
            out.push('&');
            push_value(out, dereferenced, story);
        }
        Value::Other { kind, .. } => {
            out.push('<');
            push_bare(out, kind);
            out.push('>');
        }
    }
}

/// Appends what `push_item` makes of each item and its index, with commas between.
pub fn push_list<T>(
    out: &mut String,
    items: &[T],
    mut push_item: impl FnMut(&mut String, usize, &T),
) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_item(out, index, item);
    }
}

/// Appends `TypeName(…)`, or what stands between the brackets alone if the type is the one called `usual`.
/// What a type's name says in brackets (`str (cut)`) stands behind.
fn push_typed(
    out: &mut String,
    type_id: TypeId,
    usual: &str,
    story: &Story,
    push: impl FnOnce(&mut String),
) {
    let name = story.type_name(type_id);
    let (name, remark) = split_remark(&name);
    if name == usual {
        push(out);
    } else {
        push_bare(out, name);
        out.push('(');
        push(out);
        out.push(')');
    }
    push_bare(out, remark);
}

/// Cuts a type's name before its remark: `str (cut)` is `str` and ` (cut)`.
fn split_remark(name: &str) -> (&str, &str) {
    if !name.ends_with(')') {
        return (name, "");
    }
    name.split_at(name.find(" (").unwrap_or(name.len()))
}

/// Raw text says by itself what it is if it is a mark, names its type, or is written as no other type's values are.
fn push_raw(out: &mut String, text: &str, type_id: TypeId, story: &Story) {
    const MARKS: [TypeKind; 2] = [TypeKind::NonExpanded, TypeKind::Recursion];
    const UNMISTAKABLE: [&str; 3] = ["float", "bytes", "complex"];
    let type_name = story.type_name(type_id);
    let (name, remark) = split_remark(&type_name);
    let is_mark = |kind: u8| MARKS.iter().any(|mark| *mark as u8 == kind);
    let known = story.type_of(type_id);
    if text.starts_with('<') || known.is_some_and(|known| is_mark(known.kind)) {
        push_bare(out, text);
    } else if UNMISTAKABLE.contains(&name) || text.contains(name) {
        push_bare(out, text);
        push_bare(out, remark);
    } else {
        push_typed(out, type_id, "", story, |out| push_bare(out, text));
    }
}

fn push_sequence(out: &mut String, elements: &[Value], type_id: TypeId, story: &Story) {
    let name = story.type_name(type_id);
    let name = split_remark(&name).0;
    let is_set = story
        .type_of(type_id)
        .is_some_and(|known| known.kind == TypeKind::Set as u8);
    if is_set && elements.is_empty() {
        push_bare(out, name);
        out.push_str("()");
    } else if MAPPINGS.contains(&name.rsplit('.').next().unwrap_or(name)) {
        push_typed(out, type_id, "dict", story, |out| {
            push_mapping(out, elements, story);
        });
    } else if is_set {
        push_typed(out, type_id, "set", story, |out| {
            push_bracketed(out, "{", elements, "}", story);
        });
    } else if name == "tuple" {
        push_tuple(out, elements, type_id, story);
    } else {
        push_typed(out, type_id, "list", story, |out| {
            push_bracketed(out, "[", elements, "]", story);
        });
    }
}

/// A mapping's elements are pairs; a mark is none and stands as it is.
fn push_mapping(out: &mut String, elements: &[Value], story: &Story) {
    out.push('{');
    push_list(out, elements, |out, _, element| match element {
        Value::Tuple { elements, .. } if elements.len() == 2 => {
            push_value(out, &elements[0], story);
            out.push_str(": ");
            push_value(out, &elements[1], story);
        }
        mark => push_value(out, mark, story),
    });
    out.push('}');
}

fn push_tuple(out: &mut String, elements: &[Value], type_id: TypeId, story: &Story) {
    let name = story.type_name(type_id);
    let (name, remark) = split_remark(&name);
    let is_plain = name == "tuple";
    if !is_plain {
        push_bare(out, name);
    }
    let close = if is_plain && elements.len() == 1 {
        ",)"
    } else {
        ")"
    };
    push_bracketed(out, "(", elements, close, story);
    push_bare(out, remark);
}

fn push_bracketed(out: &mut String, open: &str, elements: &[Value], close: &str, story: &Story) {
    out.push_str(open);
    push_list(out, elements, |out, _, element| {
        push_value(out, element, story);
    });
    out.push_str(close);
}

fn push_struct(out: &mut String, values: &[Value], type_id: TypeId, story: &Story) {
    let name = story.type_name(type_id);
    let (name, remark) = split_remark(&name);
    push_bare(out, name);
    out.push('(');
    push_list(out, values, |out, index, value| {
        if !is_rest(value) {
            push_bare(out, &field_name(story, type_id, index));
            out.push('=');
        }
        push_value(out, value, story);
    });
    out.push(')');
    push_bare(out, remark);
}

/// The mark for what was left out of a container.
fn is_rest(value: &Value) -> bool {
    matches!(value, Value::Raw { r, .. } if r.starts_with("… "))
}

/// Name of a struct's field; `?2` where the type has no third one.
pub fn field_name<'a>(story: &'a Story, type_id: TypeId, index: usize) -> Cow<'a, str> {
    let fields = story.type_of(type_id).map(|known| &known.fields);
    match fields.and_then(|fields| fields.get(index)) {
        Some(field) => Cow::Borrowed(&field.name),
        None => Cow::Owned(format!("?{index}")),
    }
}
