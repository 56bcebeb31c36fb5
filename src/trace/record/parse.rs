//! How a record is read from any self-describing form, by serde.
//!
//! Owns: the names of events, value kinds and fields. Must not: know JSON from CBOR.
//!
//! The keys of an object may come in any order, and unknown ones are passed over. Values are tagged by a key inside
//! them (`kind`). Serde's own way with such enums first collects all fields in a buffer; here the tag is expected first,
//! where every known writer puts it, and the fields are read straight into their variant.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer,
    MapAccess, VariantAccess, Visitor,
};

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

/// Text that is borrowed where it stands in the input as it is.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

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
        from.deserialize_map(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value: an object with a `kind`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        match map.next_key::<Name>()? {
            Some(Name(key)) if key == "kind" => {
                let Name(kind) = map.next_value()?;
                of_kind(kind, map)
            }
            Some(Name(key)) => {
                let first = (key.into_owned(), map.next_value()?);
                kind_comes_later(first, map)
            }
            None => Err(Error::missing_field("kind")),
        }
    }
}

/// No writer is known that puts another key before `kind`; so this may take its time.
fn kind_comes_later<'de, M: MapAccess<'de>>(
    (key, value): (String, serde_json::Value),
    mut map: M,
) -> Result<Value, M::Error> {
    let mut fields = serde_json::Map::from_iter([(key, value)]);
    while let Some((key, value)) = map.next_entry()? {
        fields.insert(key, value);
    }
    let Some(serde_json::Value::String(kind)) = fields.remove("kind") else {
        return Err(Error::missing_field("kind"));
    };
    let fields = MapDeserializer::new(fields.into_iter());
    of_kind(Cow::Owned(kind), fields).map_err(|error: serde_json::Error| Error::custom(error))
}

fn of_kind<'de, M: MapAccess<'de>>(kind: Cow<'_, str>, fields: M) -> Result<Value, M::Error> {
    #[derive(serde::Deserialize)]
    struct OfAnyKind {
        type_id: Option<TypeId>,
    }

    if Value::KINDS.contains(&&*kind) {
        return Value::deserialize(Tagged { kind, fields });
    }
    let OfAnyKind { type_id } = OfAnyKind::deserialize(MapAccessDeserializer::new(fields))?;
    Ok(Value::Other {
        kind: kind.into_owned(),
        type_id,
    })
}

/// An enum as serde's derive reads it: the variant's name first, then its fields.
struct Tagged<'a, M> {
    kind: Cow<'a, str>,
    fields: M,
}

impl<'de, M: MapAccess<'de>> Deserializer<'de> for Tagged<'_, M> {
    type Error = M::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, M::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, M: MapAccess<'de>> EnumAccess<'de> for Tagged<'_, M> {
    type Error = M::Error;
    type Variant = Fields<M>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Fields<M>), M::Error> {
        let variant = seed.deserialize(self.kind.into_deserializer())?;
        Ok((variant, Fields(self.fields)))
    }
}

struct Fields<M>(M);

impl<'de, M: MapAccess<'de>> VariantAccess<'de> for Fields<M> {
    type Error = M::Error;

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, M::Error> {
        visitor.visit_map(self.0)
    }

    fn unit_variant(self) -> Result<(), M::Error> {
        Err(no_such_variant())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, M::Error> {
        Err(no_such_variant())
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        _visitor: V,
    ) -> Result<V::Value, M::Error> {
        Err(no_such_variant())
    }
}

fn no_such_variant<E: Error>() -> E {
    Error::custom("a kind of value without fields")
}

/// The magnitude of a `BigInt`.
pub fn base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let Name(text) = Name::deserialize(from)?;
    BASE64.decode(&*text).map_err(Error::custom)
}

/// The `f` of a `Float`: a number up to version 0.16.1 of `codetracer_trace_types`, and text since.
pub fn number_or_text<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(f64),
        Text(String),
    }
    match NumberOrText::deserialize(from)? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.parse().map_err(Error::custom),
    }
}
