//! The dump as lines for readers: definitions begin with `#`, the rest is indented by open calls.
//!
//! Owns: the words of a line. Must not: format a value.

use std::fmt::Write as _;

use super::quote::{push_bare, push_quoted};
use super::story::Story;
use super::value::{push_list, push_value};
use super::{Form, event_name};
use crate::trace::definitions::RESUMED;
use crate::trace::record::{Call, Event, Function, Record, Step, Type, Value};
use crate::trace::{EventKind, TypeId};

/// Calls up to which a line is indented; deeper ones have their depth written before them, so that a deep
/// recursion's dump does not grow with its square.
const INDENTED: usize = 40;

/// Names of `TypeKind`, by number.
const KINDS: &str = "Seq Set HashSet OrderedSet Array Varargs Struct Int Float String CString Char Bool Literal Ref \
    Recursion Raw Enum Enum16 Enum32 C TableKind Union Pointer Error FunctionKind TypeValue Tuple Variant Html None \
    NonExpanded Any Slice";

/// The form for readers.
pub struct Text;

impl Form for Text {
    fn record(&self, line: &mut String, record: &Record, story: &mut Story) {
        match record {
            Record::Path(_) | Record::VariableName(_) | Record::Function(_) | Record::Type(_) => {
                push_definition(line, record, story)
            }
            Record::Value(variable) => {
                indent(line, story.depth() + 1);
                push_bare(line, &story.variable(variable.variable_id));
                line.push_str(" = ");
                push_value(line, &variable.value, story);
            }
            _ => {
                indent(line, story.depth());
                push_happening(line, record, story);
            }
        }
    }

    fn partial(&self, line: &mut String, why: &str) {
        line.push_str("partial: ");
        push_bare(line, why);
    }
}

fn indent(line: &mut String, depth: usize) {
    for _ in 0..depth.min(INDENTED) {
        line.push_str("  ");
    }
    if depth > INDENTED {
        let _ = write!(line, "[{depth}] ");
    }
}

fn push_definition(line: &mut String, record: &Record, story: &Story) {
    let id = story.last_id(record);
    match record {
        Record::Path(_) => {
            let _ = write!(line, "# path {id} ");
            push_bare(line, story.last_path());
        }
        Record::VariableName(name) => {
            let _ = write!(line, "# name {id} ");
            push_bare(line, name);
        }
        Record::Function(Function {
            path_id,
            line: number,
            name,
        }) => {
            let _ = write!(line, "# function {id} ");
            push_bare(line, name);
            line.push_str(" at ");
            push_bare(line, &story.path(*path_id));
            let _ = write!(line, ":{number}");
        }
        Record::Type(definition) => {
            let _ = write!(line, "# type {id} ");
            push_type(line, definition);
        }
        _ => {}
    }
}

fn push_type(line: &mut String, definition: &Type) {
    push_bare(line, &definition.name);
    line.push_str(" (");
    match KINDS.split(' ').nth(definition.kind.into()) {
        Some(kind) => line.push_str(kind),
        None => {
            let _ = write!(line, "kind {}", definition.kind);
        }
    }
    for (index, field) in definition.fields.iter().enumerate() {
        line.push_str(if index == 0 { ": " } else { ", " });
        push_bare(line, &field.name);
    }
    line.push(')');
}

fn push_happening(line: &mut String, record: &Record, story: &mut Story) {
    match record {
        Record::Step(step) => push_step(line, *step, story),
        Record::Call(call) => push_call(line, call, story),
        Record::Return(value) => push_return(line, value, story),
        Record::Event(event) => push_event(line, event),
        Record::Other(name) => {
            line.push_str("? ");
            push_bare(line, name);
        }
        _ => {}
    }
}

fn push_step(line: &mut String, step: Step, story: &mut Story) {
    line.push_str("step ");
    push_bare(line, &story.path(step.path_id));
    let _ = write!(line, ":{}", step.line);
    if let Some(source) = story.source(step) {
        line.push_str(" | ");
        push_bare(line, &source);
    }
}

fn push_call(line: &mut String, call: &Call, story: &Story) {
    let name = story.function_name(call.function_id);
    let (word, name) = match name.strip_suffix(RESUMED) {
        Some(name) => ("resume ", name),
        None => ("call ", &*name),
    };
    line.push_str(word);
    push_bare(line, name);
    line.push('(');
    push_list(line, &call.args, |line, _, argument| {
        push_bare(line, &story.variable(argument.variable_id));
        line.push('=');
        push_value(line, &argument.value, story);
    });
    line.push(')');
}

/// A yield, a suspension and an exception are returns of a value whose type is named by the keyword, a name
/// that no type of the program can have.
fn push_return(line: &mut String, value: &Value, story: &Story) {
    let type_name = |id: &TypeId| story.type_name(*id);
    match value {
        Value::Struct {
            field_values,
            type_id,
        } if matches!(&*type_name(type_id), "yield" | "await") => {
            line.push_str(&type_name(type_id));
            for value in field_values {
                line.push(' ');
                push_value(line, value, story);
            }
        }
        Value::Error { msg, type_id } if type_name(type_id) == "raise" => {
            line.push_str("raise ");
            push_bare(line, msg);
        }
        _ => {
            line.push_str("return ");
            push_value(line, value, story);
        }
    }
}

fn push_event(line: &mut String, event: &Event) {
    line.push_str(&event_name(event.kind));
    line.push(' ');
    if event.kind == EventKind::Error as u8 {
        push_bare(line, &event.content);
    } else {
        push_quoted(line, &event.content);
    }
    if !event.metadata.is_empty() {
        line.push_str(" # ");
        push_bare(line, &event.metadata);
    }
}
