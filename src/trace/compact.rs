//! Records in few bytes, as they wait for the writer.
//!
//! Owns: the compact form, written; `expand` reads it. Must not: decide what is recorded, or touch a file.
//!
//! A record or value is a tag and its parts, of fixed width: ids, lines and counts in four bytes, numbers in eight,
//! all little-endian; a text is its length and its UTF-8. A container is its tag, the planned number of elements, the
//! elements, the tag `End`, and its type. So no value's bytes are the beginning of another's.
//!
//! A value that may come again is written behind the tag `Keep` and a place, and when it does it is the tag `Again` and
//! that place: whoever reads the compact form keeps what was made of it, until the tag `Forget` before a value. In the
//! same way the values that a step or call shows are kept behind the tag `Scene`, and `SameStep` shows them. So does
//! `NextStep`, after some of them were put in the place of others: each behind `Changed` or `Added` and its place among
//! those before, or `Gone`, in the order of these places. That works in one stream, from its beginning.

use super::escape::quoted_length;
use super::{EventKind, FunctionId, PathId, TypeId, TypeKind, VariableId};

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Path,
    VariableName,
    PlainType,
    StructType,
    Function,
    Step,
    Event,
    Call,
    Value,
    Return,
    Int,
    BigInt,
    False,
    True,
    String,
    None,
    Raw,
    Error,
    Sequence,
    Tuple,
    Struct,
    End,
    Keep,
    Again,
    Forget,
    Scene,
    SameStep,
    NextStep,
    Changed,
    Added,
    Gone,
}

/// All tags, each at its own number.
const TAGS: [Tag; 31] = [
    Tag::Path,
    Tag::VariableName,
    Tag::PlainType,
    Tag::StructType,
    Tag::Function,
    Tag::Step,
    Tag::Event,
    Tag::Call,
    Tag::Value,
    Tag::Return,
    Tag::Int,
    Tag::BigInt,
    Tag::False,
    Tag::True,
    Tag::String,
    Tag::None,
    Tag::Raw,
    Tag::Error,
    Tag::Sequence,
    Tag::Tuple,
    Tag::Struct,
    Tag::End,
    Tag::Keep,
    Tag::Again,
    Tag::Forget,
    Tag::Scene,
    Tag::SameStep,
    Tag::NextStep,
    Tag::Changed,
    Tag::Added,
    Tag::Gone,
];

impl Tag {
    #[inline]
    pub(super) fn of(byte: u8) -> Option<Self> {
        TAGS.get(usize::from(byte)).copied()
    }
}

/// Lengths of what stands around the parts of a record in JSON text.
mod around {
    pub(super) const STEP: usize = r#",{"Step":{"path_id":,"line":}}"#.len() + 1;
    pub(super) const CALL: usize = r#",{"Call":{"function_id":,"args":[]}}"#.len() + 1;
    pub(super) const VARIABLE: usize = r#"{"variable_id":,"value":}"#.len();
    pub(super) const VALUE: usize = r#",{"Value":}"#.len() + 1 + VARIABLE;
    pub(super) const RETURN: usize = r#",{"Return":{"return_value":}}"#.len() + 1;
    pub(super) const EVENT: usize = r#",{"Event":{"kind":,"metadata":,"content":}}"#.len() + 1;
    pub(super) const INT: usize = r#"{"kind":"Int","i":,"type_id":}"#.len();
    pub(super) const BIG_INT: usize = r#"{"kind":"BigInt","b":"","negative":,"type_id":}"#.len();
    pub(super) const BOOL: usize = r#"{"kind":"Bool","b":,"type_id":}"#.len();
    pub(super) const STRING: usize = r#"{"kind":"String","text":,"type_id":}"#.len();
    pub(super) const NONE: usize = r#"{"kind":"None","type_id":}"#.len();
    pub(super) const RAW: usize = r#"{"kind":"Raw","r":,"type_id":}"#.len();
    pub(super) const ERROR: usize = r#"{"kind":"Error","msg":,"type_id":}"#.len();
    pub(super) const SEQUENCE: usize = r#"{"kind":"Sequence","elements":["#.len();
    pub(super) const SEQUENCE_END: usize = r#"],"is_slice":false,"type_id":}"#.len();
    pub(super) const TUPLE: usize = r#"{"kind":"Tuple","elements":["#.len();
    pub(super) const STRUCT: usize = r#"{"kind":"Struct","field_values":["#.len();
    pub(super) const LIST_END: usize = r#"],"type_id":}"#.len();
}

/// Number of decimal digits.
#[inline]
fn digits(number: u64) -> usize {
    match number {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        _ => number.ilog10() as usize + 1,
    }
}

/// Whole records, one after another, and how long they are as JSON text.
///
/// Records: whole with one call (`step`, `event`, definitions), or begun (`call`, `value`, `result`) and followed by
/// their value or arguments. Values: whole with one call, or a container between `…_begin` and `…_end`.
#[derive(Debug, Default)]
pub struct Compact {
    bytes: Vec<u8>,
    length: u64,
    keeps: bool,
}

/// How many bytes of JSON text are as much to write as one of these is to hold.
pub(super) const DENSITY: usize = 16;
/// Places of values that may come again.
pub const PLACES: usize = 1 << 12;
/// Places of what steps showed.
pub const SCENES: usize = 1 << 6;
/// Bytes of the JSON text of a value, or of a step's values, that may come again.
pub const LONGEST_KEPT: u64 = 16 << 10;

/// Length of the JSON text of an argument as a `Value`.
pub fn length_as_value(argument: u64) -> u64 {
    argument + (around::VALUE - around::VARIABLE) as u64
}

/// Some records or one value, to be appended again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    bytes: Box<[u8]>,
    length: u64,
}

impl Excerpt {
    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// A place to go back to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    at: usize,
    length: u64,
}

impl Place {
    /// How many bytes it comes after another.
    #[inline]
    pub fn after(&self, other: Self) -> usize {
        self.at - other.at
    }
}

impl Compact {
    /// An empty one with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes for which there is room.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Length in bytes of the same as JSON text: the measure of `limits.value-bytes` and `limits.trace-bytes`, so that
    /// both forms of the trace cut at the same place.
    #[inline]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How much it is for who holds it and who writes it, in bytes of JSON text.
    #[inline]
    pub(super) fn weight(&self) -> usize {
        (self.bytes.len() * DENSITY).max(self.length as usize)
    }

    /// Whether values may be kept to come again.
    #[inline]
    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// Says whether values may be kept to come again.
    #[inline]
    pub(super) fn set_keeps(&mut self, keeps: bool) {
        self.keeps = keeps;
    }

    /// This place.
    #[inline]
    pub fn place(&self) -> Place {
        Place {
            at: self.bytes.len(),
            length: self.length,
        }
    }

    /// Takes back what came after a place.
    pub fn go_back(&mut self, place: Place) {
        self.bytes.truncate(place.at);
        self.length = place.length;
    }

    /// What came after a place.
    pub fn since(&self, place: Place) -> Excerpt {
        Excerpt {
            bytes: self.bytes_since(place).into(),
            length: self.length - place.length,
        }
    }

    /// The bytes after a place.
    #[inline]
    pub fn bytes_since(&self, place: Place) -> &[u8] {
        &self.bytes[place.at..]
    }

    /// Length, as JSON text, of what came after a place.
    #[inline]
    pub fn length_since(&self, place: Place) -> u64 {
        self.length - place.length
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.go_back(Place::default());
    }

    /// Appends what stood elsewhere.
    #[inline]
    pub fn append(&mut self, excerpt: &Excerpt) {
        self.append_bytes(&excerpt.bytes, excerpt.length);
    }

    /// Appends bytes that stood elsewhere, whose JSON text is so long.
    #[inline]
    pub fn append_bytes(&mut self, bytes: &[u8], length: u64) {
        self.bytes.extend_from_slice(bytes);
        self.length += length;
    }

    /// Moves whole records to a place between two, or to the end.
    pub fn insert(&mut self, place: Place, records: &mut Self) {
        self.bytes
            .splice(place.at..place.at, records.bytes.drain(..));
        self.length += records.length;
        records.length = 0;
    }

    #[inline]
    fn tag(&mut self, tag: Tag) {
        self.bytes.push(tag as u8);
    }

    /// A tag and one id or count.
    #[inline]
    fn one(&mut self, tag: Tag, number: u32) {
        let [a, b, c, d] = number.to_le_bytes();
        self.bytes.extend_from_slice(&[tag as u8, a, b, c, d]);
    }

    /// A tag and two ids or counts.
    #[inline]
    fn two(&mut self, tag: Tag, first: u32, second: u32) {
        let ([a, b, c, d], [e, f, g, h]) = (first.to_le_bytes(), second.to_le_bytes());
        self.bytes
            .extend_from_slice(&[tag as u8, a, b, c, d, e, f, g, h]);
    }

    #[inline]
    fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    #[inline]
    fn text(&mut self, text: &[u8]) {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.bytes.extend_from_slice(text);
    }

    #[inline]
    fn longer(&mut self, bytes: usize) {
        self.length += bytes as u64;
    }

    /// A value of one text; `around`: the length of what stands around it and its type in JSON.
    #[inline]
    fn text_value(&mut self, tag: Tag, around: usize, text: &str, type_id: TypeId) {
        self.text_of_length(tag, around + quoted_length(text), text, type_id);
    }

    /// The same; `length`: of its JSON text but for the number of its type.
    #[inline]
    fn text_of_length(&mut self, tag: Tag, length: usize, text: &str, type_id: TypeId) {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.two(tag, type_id.0, size);
        self.bytes.extend_from_slice(text.as_bytes());
        self.longer(length + digits(type_id.0.into()));
    }
}

/// Definitions, which count no length: they are few.
impl Compact {
    /// Defines the next path id.
    pub fn path(&mut self, path: &str) {
        self.tag(Tag::Path);
        self.text(path.as_bytes());
    }

    /// Defines the next variable id.
    pub fn variable_name(&mut self, name: &str) {
        self.tag(Tag::VariableName);
        self.text(name.as_bytes());
    }

    /// Defines the next type id.
    pub fn plain_type(&mut self, kind: TypeKind, name: &str) {
        self.tag(Tag::PlainType);
        self.bytes.push(kind as u8);
        self.text(name.as_bytes());
    }

    /// Defines the next type id, of kind `Struct` with these fields, each of type `field_type`.
    pub fn struct_type(&mut self, name: &str, fields: &[&str], field_type: TypeId) {
        self.one(Tag::StructType, field_type.0);
        self.text(name.as_bytes());
        self.number(u32::try_from(fields.len()).unwrap_or(u32::MAX));
        for field in fields {
            self.text(field.as_bytes());
        }
    }

    /// Defines the next function id; `line` is that of the `def`, from 1.
    pub fn function(&mut self, path: PathId, line: u32, name: &str) {
        self.two(Tag::Function, path.0, line);
        self.text(name.as_bytes());
    }
}

/// Events.
impl Compact {
    /// A `Step`; `line` from 1.
    #[inline]
    pub fn step(&mut self, path: PathId, line: u32) {
        self.two(Tag::Step, path.0, line);
        self.longer(around::STEP + digits(path.0.into()) + digits(line.into()));
    }

    /// Before a step or a call: the values that it shows are kept at this place, below `SCENES`.
    #[inline]
    pub fn scene(&mut self, place: u16) {
        let [a, b] = place.to_le_bytes();
        self.bytes.extend_from_slice(&[Tag::Scene as u8, a, b]);
    }

    /// A `Step` and the `Value`s that are kept at this place; `values`: their length as JSON text.
    #[inline]
    pub fn same_step(&mut self, place: u16, path: PathId, line: u32, values: u64) {
        self.step_again(Tag::SameStep, place, path, line, values);
    }

    /// The same where some of the values have changed: `changed`, `added` and `gone` follow.
    #[inline]
    pub fn next_step(&mut self, place: u16, path: PathId, line: u32, values: u64) {
        self.step_again(Tag::NextStep, place, path, line, values);
    }

    #[inline]
    fn step_again(&mut self, tag: Tag, place: u16, path: PathId, line: u32, values: u64) {
        let [a, b] = place.to_le_bytes();
        let ([c, d, e, f], [g, h, i, j]) = (path.0.to_le_bytes(), line.to_le_bytes());
        self.bytes
            .extend_from_slice(&[tag as u8, a, b, c, d, e, f, g, h, i, j]);
        self.longer(around::STEP + digits(path.0.into()) + digits(line.into()));
        self.length += values;
    }

    /// After `next_step`: another value of this variable, which follows, in the place of one.
    #[inline]
    pub fn changed(&mut self, place: u16, variable: VariableId) {
        self.change(Tag::Changed, place, variable);
    }

    /// After `next_step`: a value of this variable, which follows, before the one at a place.
    #[inline]
    pub fn added(&mut self, place: u16, variable: VariableId) {
        self.change(Tag::Added, place, variable);
    }

    /// After `next_step`: no value any more in a place.
    pub fn gone(&mut self, place: u16) {
        let [a, b] = place.to_le_bytes();
        self.bytes.extend_from_slice(&[Tag::Gone as u8, a, b]);
    }

    /// So many bytes of JSON text that `next_step` was told of are not shown.
    #[inline]
    pub fn count_off(&mut self, length: u64) {
        self.length -= length;
    }

    #[inline]
    fn change(&mut self, tag: Tag, place: u16, variable: VariableId) {
        let ([a, b], [c, d, e, f]) = (place.to_le_bytes(), variable.0.to_le_bytes());
        self.bytes.extend_from_slice(&[tag as u8, a, b, c, d, e, f]);
        self.longer(around::VALUE + digits(variable.0.into()));
    }

    /// An `Event`: output, input or an exception, bound to the last step.
    pub fn event(&mut self, kind: EventKind, metadata: &str, content: &str) {
        self.tag(Tag::Event);
        self.bytes.push(kind as u8);
        self.text(metadata.as_bytes());
        self.text(content.as_bytes());
        let texts = quoted_length(metadata) + quoted_length(content);
        self.longer(around::EVENT + digits(kind as u64) + texts);
    }

    /// A `Call`; `count` arguments follow, each as `argument` and its value.
    #[inline]
    pub fn call(&mut self, function: FunctionId, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.two(Tag::Call, function.0, count);
        self.longer(around::CALL + digits(function.0.into()));
    }

    /// An argument of a call; its value follows.
    #[inline]
    pub fn argument(&mut self, variable: VariableId) {
        self.number(variable.0);
        self.longer(around::VARIABLE + digits(variable.0.into()));
    }

    /// A `Value` of the last step; its value follows.
    #[inline]
    pub fn value(&mut self, variable: VariableId) {
        self.one(Tag::Value, variable.0);
        self.longer(around::VALUE + digits(variable.0.into()));
    }

    /// A `Return`; its value follows.
    #[inline]
    pub fn result(&mut self) {
        self.tag(Tag::Return);
        self.longer(around::RETURN);
    }
}

/// Values.
impl Compact {
    /// `Int`.
    #[inline]
    pub fn int(&mut self, value: i64, type_id: TypeId) {
        let [a, b, c, d] = type_id.0.to_le_bytes();
        let [e, f, g, h, i, j, k, l] = value.to_le_bytes();
        let tag = Tag::Int as u8;
        self.bytes
            .extend_from_slice(&[tag, a, b, c, d, e, f, g, h, i, j, k, l]);
        let number = usize::from(value < 0) + digits(value.unsigned_abs());
        self.longer(around::INT + number + digits(type_id.0.into()));
    }

    /// `BigInt`: big-endian magnitude.
    pub fn big_int(&mut self, magnitude: &[u8], negative: bool, type_id: TypeId) {
        self.one(Tag::BigInt, type_id.0);
        self.bytes.push(negative.into());
        self.text(magnitude);
        let sign = if negative { "true" } else { "false" };
        let text = magnitude.len().div_ceil(3) * 4 + sign.len();
        self.longer(around::BIG_INT + text + digits(type_id.0.into()));
    }

    /// `Bool`.
    #[inline]
    pub fn bool(&mut self, value: bool, type_id: TypeId) {
        let (tag, text) = if value {
            (Tag::True, "true")
        } else {
            (Tag::False, "false")
        };
        self.one(tag, type_id.0);
        self.longer(around::BOOL + text.len() + digits(type_id.0.into()));
    }

    /// `String`.
    #[inline]
    pub fn string(&mut self, text: &str, type_id: TypeId) {
        self.text_value(Tag::String, around::STRING, text, type_id);
    }

    /// `None`.
    #[inline]
    pub fn none(&mut self, type_id: TypeId) {
        self.one(Tag::None, type_id.0);
        self.longer(around::NONE + digits(type_id.0.into()));
    }

    /// `Raw`: text that stands for a value without a form of its own.
    #[inline]
    pub fn raw(&mut self, text: &str, type_id: TypeId) {
        self.text_value(Tag::Raw, around::RAW, text, type_id);
    }

    /// `Raw` of a float: nothing in its digits is escaped.
    #[inline]
    pub fn float(&mut self, digits: &str, type_id: TypeId) {
        self.text_of_length(Tag::Raw, around::RAW + digits.len() + 2, digits, type_id);
    }

    /// `Error`.
    pub fn error(&mut self, message: &str, type_id: TypeId) {
        self.text_value(Tag::Error, around::ERROR, message, type_id);
    }

    /// Opens a `Sequence` of `planned` elements at the most.
    #[inline]
    pub fn sequence_begin(&mut self, planned: usize) {
        self.begin(Tag::Sequence, planned, around::SEQUENCE);
    }

    /// Closes a `Sequence` (`is_slice` is always false).
    #[inline]
    pub fn sequence_end(&mut self, type_id: TypeId) {
        self.end(type_id, around::SEQUENCE_END);
    }

    /// Opens a `Tuple` of `planned` elements at the most.
    #[inline]
    pub fn tuple_begin(&mut self, planned: usize) {
        self.begin(Tag::Tuple, planned, around::TUPLE);
    }

    /// Closes a `Tuple`.
    #[inline]
    pub fn tuple_end(&mut self, type_id: TypeId) {
        self.end(type_id, around::LIST_END);
    }

    /// Opens a `Struct` of `planned` fields at the most.
    #[inline]
    pub fn struct_begin(&mut self, planned: usize) {
        self.begin(Tag::Struct, planned, around::STRUCT);
    }

    /// Closes a `Struct`.
    #[inline]
    pub fn struct_end(&mut self, type_id: TypeId) {
        self.end(type_id, around::LIST_END);
    }

    /// Before a value, and before `keep`: nothing that is kept comes again.
    pub fn forget(&mut self) {
        self.tag(Tag::Forget);
    }

    /// Before a value that may come again: where it is kept, below `PLACES`.
    #[inline]
    pub fn keep(&mut self, place: u16) {
        let [a, b] = place.to_le_bytes();
        self.bytes.extend_from_slice(&[Tag::Keep as u8, a, b]);
    }

    /// The value that is kept at this place; `length`: of its JSON text.
    #[inline(always)]
    pub fn again(&mut self, place: u16, length: u64) {
        let [a, b] = place.to_le_bytes();
        self.bytes.extend_from_slice(&[Tag::Again as u8, a, b]);
        self.length += length;
    }

    /// Between two elements of a container, or two arguments of a call.
    #[inline]
    pub fn separator(&mut self) {
        self.longer(1);
    }

    #[inline]
    fn begin(&mut self, tag: Tag, planned: usize, around: usize) {
        self.one(tag, u32::try_from(planned).unwrap_or(u32::MAX));
        self.longer(around);
    }

    #[inline]
    fn end(&mut self, type_id: TypeId, around: usize) {
        self.one(Tag::End, type_id.0);
        self.longer(around + digits(type_id.0.into()));
    }
}
