//! How a record is read from any self-describing form, by serde.
//!
//! Owns: the names of events, value kinds and fields. Must not: know JSON from CBOR.
//!
//! The keys of an object may come in any order, and unknown ones are passed over. Values are tagged by a key inside
//! them (`kind`); serde's own way with such enums keeps all fields in a buffer until it has met the tag, which costs
//! more than the rest of the reading, so all known fields are collected by name and put together at the end.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Field, Record, Type, Value};
use crate::trace::{FunctionId, PathId, TypeId, VariableId};

macro_rules! ids_are_bare_numbers {
    ($($name:ident)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                u32::deserialize(from).map(Self)
            }
        }
    )*};
}

ids_are_bare_numbers!(PathId VariableId FunctionId TypeId);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an event: an object with one key")
    }

    /// An event without content, of another recorder (`"DropLastStep"`).
    fn visit_str<E: Error>(self, name: &str) -> Result<Record, E> {
        Ok(Record::Other(name.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Record, M::Error> {
        #[derive(serde::Deserialize)]
        struct Return {
            return_value: Value,
        }
        #[derive(serde::Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        let Some(Name(name)) = map.next_key()? else {
            return Err(Error::custom("an event without a name"));
        };
        let record = match &*name {
            "Step" => Record::Step(map.next_value()?),
            "Value" => Record::Value(map.next_value()?),
            "Call" => Record::Call(map.next_value()?),
            "Return" => Record::Return(map.next_value::<Return>()?.return_value),
            "Event" => Record::Event(map.next_value()?),
            "Path" => Record::Path(map.next_value()?),
            "VariableName" => Record::VariableName(map.next_value()?),
            "Type" => Record::Type(map.next_value()?),
            "Function" => Record::Function(map.next_value()?),
            _ => {
                map.next_value::<IgnoredAny>()?;
                Record::Other(name.into_owned())
            }
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(record),
            Some(_) => Err(Error::custom("an event with two names")),
        }
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Shape {
            kind: u8,
            lang_type: String,
            specific_info: SpecificInfo,
        }
        #[derive(serde::Deserialize)]
        struct SpecificInfo {
            #[serde(default)]
            fields: Vec<Field>,
        }
        let shape = Shape::deserialize(from)?;
        Ok(Self {
            kind: shape.kind,
            name: shape.lang_type,
            fields: shape.specific_info.fields,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        ValueFields::deserialize(from)?.into_value()
    }
}

/// The fields of all kinds of value together.
#[derive(serde::Deserialize)]
struct ValueFields<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    type_id: Option<TypeId>,
    i: Option<i64>,
    b: Option<BoolOrBase64>,
    negative: Option<bool>,
    f: Option<NumberOrText>,
    text: Option<String>,
    elements: Option<Vec<Value>>,
    is_slice: Option<bool>,
    field_values: Option<Vec<Value>>,
    r: Option<String>,
    msg: Option<String>,
    dereferenced: Option<Box<Value>>,
    address: Option<u64>,
    mutable: Option<bool>,
}

/// `b` is the truth of a `Bool` and the magnitude of a `BigInt`.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum BoolOrBase64 {
    Bool(bool),
    Base64(String),
}

/// `f` is a number up to version 0.16.1 of `codetracer_trace_types`, and text since.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(f64),
    Text(String),
}

impl ValueFields<'_> {
    fn into_value<E: Error>(self) -> Result<Value, E> {
        let Some(type_id) = self.type_id else {
            return self.without_type();
        };
        Ok(match &*self.kind {
            "Int" => Value::Int {
                i: needed(self.i, "i")?,
                type_id,
            },
            "String" => Value::String {
                text: needed(self.text, "text")?,
                type_id,
            },
            "None" => Value::None { type_id },
            "Bool" | "BigInt" => self.bool_or_big_int(type_id)?,
            "Float" => Value::Float {
                f: needed(self.f, "f")?.number()?,
                type_id,
            },
            "Sequence" => Value::Sequence {
                elements: needed(self.elements, "elements")?,
                is_slice: needed(self.is_slice, "is_slice")?,
                type_id,
            },
            "Tuple" => Value::Tuple {
                elements: needed(self.elements, "elements")?,
                type_id,
            },
            "Struct" => Value::Struct {
                field_values: needed(self.field_values, "field_values")?,
                type_id,
            },
            "Raw" => Value::Raw {
                r: needed(self.r, "r")?,
                type_id,
            },
            "Error" => Value::Error {
                msg: needed(self.msg, "msg")?,
                type_id,
            },
            "Reference" => Value::Reference {
                dereferenced: needed(self.dereferenced, "dereferenced")?,
                address: needed(self.address, "address")?,
                mutable: needed(self.mutable, "mutable")?,
                type_id,
            },
            _ => Value::Other {
                kind: self.kind.into_owned(),
                type_id: Some(type_id),
            },
        })
    }

    /// Of all kinds of value only some foreign ones have no type.
    fn without_type<E: Error>(self) -> Result<Value, E> {
        const OURS: [&str; 12] = [
            "Int",
            "String",
            "None",
            "Bool",
            "BigInt",
            "Float",
            "Sequence",
            "Tuple",
            "Struct",
            "Raw",
            "Error",
            "Reference",
        ];
        if OURS.contains(&&*self.kind) {
            return Err(Error::missing_field("type_id"));
        }
        Ok(Value::Other {
            kind: self.kind.into_owned(),
            type_id: None,
        })
    }

    fn bool_or_big_int<E: Error>(self, type_id: TypeId) -> Result<Value, E> {
        match (&*self.kind, needed(self.b, "b")?) {
            ("Bool", BoolOrBase64::Bool(b)) => Ok(Value::Bool { b, type_id }),
            ("BigInt", BoolOrBase64::Base64(text)) => Ok(Value::BigInt {
                magnitude: BASE64.decode(text).map_err(Error::custom)?,
                negative: needed(self.negative, "negative")?,
                type_id,
            }),
            (kind, _) => Err(Error::custom(format_args!("a {kind} with a foreign `b`"))),
        }
    }
}

impl NumberOrText {
    fn number<E: Error>(self) -> Result<f64, E> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Text(text) => text.parse().map_err(Error::custom),
        }
    }
}

fn needed<T, E: Error>(field: Option<T>, name: &'static str) -> Result<T, E> {
    field.ok_or_else(|| Error::missing_field(name))
}
