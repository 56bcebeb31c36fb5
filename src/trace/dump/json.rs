//! The dump as one JSON object a line, for programs.
//!
//! Owns: the keys of these objects. Must not: differ from the text in what it tells.

use serde_json::{Value as Object, json};

use super::story::Story;
use super::value::field_name;
use super::{Form, event_name, integer};
use crate::trace::record::{Call, Function, Record, Step, Type, Value, Variable};

/// The form for programs.
pub struct Json;

impl Form for Json {
    fn record(&self, line: &mut String, record: &Record, story: &mut Story) {
        let depth = story.depth();
        let id = story.last_id(record);
        let (name, mut rest) = match record {
            Record::Path(_) => ("path", json!({"id": id, "path": story.last_path()})),
            Record::VariableName(name) => ("name", json!({"id": id, "name": name})),
            Record::Type(definition) => ("type", type_object(id, definition)),
            Record::Function(function) => ("function", function_object(id, function, story)),
            Record::Call(call) => ("call", call_object(call, story)),
            Record::Return(value) => ("return", json!({"value": value_object(value, story)})),
            Record::Step(step) => ("step", step_object(*step, story)),
            Record::Value(variable) => ("value", variable_object(variable, story)),
            Record::Event(event) => {
                let kind = event_name(event.kind);
                let content =
                    json!({"kind": kind, "content": event.content, "metadata": event.metadata});
                ("event", content)
            }
            Record::Other(name) => ("other", json!({"name": name})),
        };
        let mut object = json!({"depth": depth, "record": name});
        append(&mut object, &mut rest);
        line.push_str(&object.to_string());
    }

    fn partial(&self, line: &mut String, why: &str) {
        line.push_str(&json!({"depth": 0, "record": "partial", "why": why}).to_string());
    }
}

fn append(object: &mut Object, rest: &mut Object) {
    if let (Some(object), Some(rest)) = (object.as_object_mut(), rest.as_object_mut()) {
        object.append(rest);
    }
}

fn type_object(id: usize, definition: &Type) -> Object {
    let fields: Vec<&str> = definition.fields.iter().map(|field| &*field.name).collect();
    json!({"id": id, "name": definition.name, "kind": definition.kind, "fields": fields})
}

fn function_object(id: usize, function: &Function, story: &Story) -> Object {
    json!({"id": id, "name": function.name, "path": story.path(function.path_id), "line": function.line})
}

fn call_object(call: &Call, story: &Story) -> Object {
    let args: Vec<Object> = call
        .args
        .iter()
        .map(|argument| variable_object(argument, story))
        .collect();
    json!({"function": story.function_name(call.function_id), "args": args})
}

fn step_object(step: Step, story: &mut Story) -> Object {
    let source = story.source(step);
    json!({"path": story.path(step.path_id), "line": step.line, "source": source})
}

fn variable_object(variable: &Variable, story: &Story) -> Object {
    json!({"name": story.variable(variable.variable_id), "value": value_object(&variable.value, story)})
}

/// The value as in the trace, with names in place of ids.
fn value_object(value: &Value, story: &Story) -> Object {
    let (kind, mut rest) = match value {
        Value::Int { i, .. } => ("Int", json!({"i": i})),
        Value::BigInt {
            magnitude,
            negative,
            ..
        } => (
            "BigInt",
            json!({"i": integer::digits(magnitude, *negative)}),
        ),
        Value::Float { f, .. } => ("Float", json!({"f": format!("{f:?}")})),
        Value::Bool { b, .. } => ("Bool", json!({"b": b})),
        Value::String { text, .. } => ("String", json!({"text": text})),
        Value::None { .. } => ("None", json!({})),
        Value::Sequence { elements, .. } => ("Sequence", elements_object(elements, story)),
        Value::Tuple { elements, .. } => ("Tuple", elements_object(elements, story)),
        Value::Struct {
            field_values,
            type_id,
        } => {
            let field = |(index, value)| json!({"name": field_name(story, *type_id, index), "value": value_object(value, story)});
            let fields: Vec<Object> = field_values.iter().enumerate().map(field).collect();
            ("Struct", json!({"fields": fields}))
        }
        Value::Raw { r, .. } => ("Raw", json!({"r": r})),
        Value::Error { msg, .. } => ("Error", json!({"msg": msg})),
        Value::Reference { dereferenced, .. } => (
            "Reference",
            json!({"dereferenced": value_object(dereferenced, story)}),
        ),
        Value::Other { kind, .. } => (&**kind, json!({})),
    };
    let type_name = value.type_id().map(|id| story.type_name(id));
    let mut object = json!({"kind": kind, "type": type_name});
    append(&mut object, &mut rest);
    object
}

fn elements_object(elements: &[Value], story: &Story) -> Object {
    let elements: Vec<Object> = elements
        .iter()
        .map(|element| value_object(element, story))
        .collect();
    json!({"elements": elements})
}
