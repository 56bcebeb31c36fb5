//! The dump as one JSON object a line, for programs.
//!
//! Owns: the keys of these objects. Must not: differ from the text in what it tells.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::story::Story;
use super::value::field_name;
use super::{Form, event_name, integer};
use crate::trace::record::{self, Record};

/// The form for programs.
pub struct Json;

impl Form for Json {
    fn record(&self, line: &mut String, record: &Record, story: &mut Story) {
        let source = match record {
            Record::Step(step) => story.source(*step),
            _ => None,
        };
        push(line, &Line::new(record, source, story));
    }

    fn partial(&self, line: &mut String, why: &str) {
        push(line, &Line::Partial { depth: 0, why });
    }
}

fn push(line: &mut String, object: &Line) {
    if let Ok(text) = serde_json::to_string(object) {
        line.push_str(&text);
    }
}

/// The objects, by the record they tell of.
#[derive(serde::Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Line<'a> {
    Path {
        depth: usize,
        id: usize,
        path: &'a str,
    },
    Name {
        depth: usize,
        id: usize,
        name: &'a str,
    },
    Type {
        depth: usize,
        id: usize,
        name: &'a str,
        kind: u8,
        fields: Vec<&'a str>,
    },
    Function {
        depth: usize,
        id: usize,
        name: &'a str,
        path: Cow<'a, str>,
        line: i64,
    },
    Call {
        depth: usize,
        function: Cow<'a, str>,
        args: Vec<Variable<'a>>,
    },
    Return {
        depth: usize,
        value: Value<'a>,
    },
    Step {
        depth: usize,
        path: Cow<'a, str>,
        line: i64,
        source: Option<String>,
    },
    Value {
        depth: usize,
        #[serde(flatten)]
        variable: Variable<'a>,
    },
    Event {
        depth: usize,
        kind: Cow<'a, str>,
        content: &'a str,
        metadata: &'a str,
    },
    Other {
        depth: usize,
        name: &'a str,
    },
    Partial {
        depth: usize,
        why: &'a str,
    },
}

#[derive(serde::Serialize)]
struct Variable<'a> {
    name: Cow<'a, str>,
    value: Value<'a>,
}

impl<'a> Line<'a> {
    fn new(record: &'a Record, source: Option<String>, story: &'a Story) -> Self {
        let (depth, id) = (story.depth(), story.last_id(record));
        let variable = |of: &'a record::Variable| Variable {
            name: story.variable(of.variable_id),
            value: Value::new(&of.value, story),
        };
        match record {
            Record::Path(_) => Self::Path {
                depth,
                id,
                path: story.last_path(),
            },
            Record::VariableName(name) => Self::Name { depth, id, name },
            Record::Type(of) => Self::Type {
                depth,
                id,
                name: &of.name,
                kind: of.kind,
                fields: of.fields.iter().map(|field| &*field.name).collect(),
            },
            Record::Function(of) => Self::Function {
                depth,
                id,
                name: &of.name,
                path: story.path(of.path_id),
                line: of.line,
            },
            Record::Call(of) => Self::Call {
                depth,
                function: story.function_name(of.function_id),
                args: of.args.iter().map(variable).collect(),
            },
            Record::Return(value) => Self::Return {
                depth,
                value: Value::new(value, story),
            },
            Record::Step(of) => Self::Step {
                depth,
                path: story.path(of.path_id),
                line: of.line,
                source,
            },
            Record::Value(of) => Self::Value {
                depth,
                variable: variable(of),
            },
            Record::Event(of) => Self::Event {
                depth,
                kind: event_name(of.kind),
                content: &of.content,
                metadata: &of.metadata,
            },
            Record::Other(name) => Self::Other { depth, name },
        }
    }
}

/// A value as in the trace, with names in place of ids.
struct Value<'a> {
    value: &'a record::Value,
    story: &'a Story,
}

impl<'a> Value<'a> {
    fn new(value: &'a record::Value, story: &'a Story) -> Self {
        Self { value, story }
    }

    fn all(&self, values: &'a [record::Value]) -> Vec<Self> {
        let of = |value| Self::new(value, self.story);
        values.iter().map(of).collect()
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("kind", self.value.kind())?;
        let type_name = self.value.type_id().map(|id| self.story.type_name(id));
        map.serialize_entry("type", &type_name)?;
        match self.value {
            record::Value::Int { i, .. } => map.serialize_entry("i", i)?,
            record::Value::BigInt {
                magnitude,
                negative,
                ..
            } => map.serialize_entry("i", &integer::digits(magnitude, *negative))?,
            record::Value::Float { f, .. } => map.serialize_entry("f", &format!("{f:?}"))?,
            record::Value::Bool { b, .. } => map.serialize_entry("b", b)?,
            record::Value::String { text, .. } => map.serialize_entry("text", text)?,
            record::Value::Raw { r, .. } => map.serialize_entry("r", r)?,
            record::Value::Error { msg, .. } => map.serialize_entry("msg", msg)?,
            record::Value::Sequence { elements, .. } | record::Value::Tuple { elements, .. } => {
                map.serialize_entry("elements", &self.all(elements))?;
            }
            record::Value::Struct {
                field_values,
                type_id,
            } => {
                let field = |(index, value)| Variable {
                    name: field_name(self.story, *type_id, index),
                    value,
                };
                let values = self.all(field_values).into_iter().enumerate();
                map.serialize_entry("fields", &values.map(field).collect::<Vec<_>>())?;
            }
            record::Value::Reference { dereferenced, .. } => {
                map.serialize_entry("dereferenced", &Self::new(dereferenced, self.story))?;
            }
            record::Value::None { .. } | record::Value::Other { .. } => {}
        }
        map.end()
    }
}
