//! A Python object → an encoded value, under limits, running no code of the program.
//!
//! Owns: what is shown of an object and where it is cut. Must not: know the session, or call
//! anything that could run Python code: objects are read by their exact type, from memory.

mod classes;
mod standard;
pub mod text;

use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::object;
use crate::policy::Limits;
use crate::trace::{Definitions, Encoding, NONE_TYPE, TypeId, TypeKind};

use classes::{Class, Classes, Reading};

pub use standard::{class_attribute, loaded};

/// JSON levels around a value: file, event, its body, arguments, argument, value.
const OUTER_NESTING: usize = 6;
/// JSON levels at which nothing more is opened; readers refuse 128.
const MAX_NESTING: usize = 118;
/// The field that tells how many more there are.
const MORE: &str = "…";

/// Types of Python's own that every program uses.
#[derive(Clone, Copy)]
enum Known {
    Int,
    Str,
    CutStr,
    Bool,
    Float,
    List,
    Tuple,
    Dict,
    Item,
    More,
}

const KNOWN: [(TypeKind, &str); 10] = [
    (TypeKind::Int, "int"),
    (TypeKind::String, "str"),
    (TypeKind::String, "str (cut)"),
    (TypeKind::Bool, "bool"),
    (TypeKind::Float, "float"),
    (TypeKind::Seq, "list"),
    (TypeKind::Tuple, "tuple"),
    (TypeKind::Seq, "dict"),
    (TypeKind::Tuple, "item"),
    (TypeKind::NonExpanded, MORE),
];

/// `limits` with "no limit" as the largest number.
#[derive(Clone, Copy)]
struct Bounds {
    depth: usize,
    items: usize,
    string: usize,
    bytes: usize,
}

fn bound(limit: u64) -> usize {
    match limit {
        0 => usize::MAX / 2,
        limit => usize::try_from(limit)
            .unwrap_or(usize::MAX / 2)
            .min(usize::MAX / 2),
    }
}

/// What is kept between values: facts about classes, ids of types, buffers.
pub struct Values {
    bounds: Bounds,
    classes: Classes,
    known: [Option<TypeId>; KNOWN.len()],
    scratch: String,
    open: Vec<Object>,
    used: usize,
    nesting: usize,
    /// How often a value was cut.
    pub truncations: u64,
}

impl Values {
    /// Values under these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            bounds: Bounds {
                depth: bound(limits.depth),
                items: bound(limits.items),
                string: bound(limits.string),
                bytes: bound(limits.value_bytes),
            },
            classes: Classes::new(),
            known: [None; KNOWN.len()],
            scratch: String::new(),
            open: Vec::new(),
            used: 0,
            nesting: 0,
            truncations: 0,
        }
    }

    /// Appends one variable's value to `out`.
    #[inline]
    pub fn write<E: Encoding>(
        &mut self,
        out: &mut Vec<u8>,
        definitions: &mut Definitions<E>,
        object: Object,
    ) {
        self.used = 0;
        self.nesting = OUTER_NESTING;
        self.open.clear();
        self.classes.bound();
        Encoder {
            out,
            definitions,
            values: self,
        }
        .value(object, 0);
    }

    /// Appends the value of a yield or a suspension: a struct with the one field `value`.
    pub fn write_yielded<E: Encoding>(
        &mut self,
        out: &mut Vec<u8>,
        definitions: &mut Definitions<E>,
        object: Object,
    ) {
        let type_id = definitions.struct_type("yield", &["value"]);
        let (open, _) = E::struct_begin(out, 1);
        self.write(out, definitions, object);
        E::struct_end(out, open, 1, type_id);
    }

    /// Appends what a suspended coroutine waits for, by type only.
    pub fn write_awaited<E: Encoding>(
        &mut self,
        out: &mut Vec<u8>,
        definitions: &mut Definitions<E>,
        object: Object,
    ) {
        let type_id = definitions.struct_type("await", &["value"]);
        let (open, _) = E::struct_begin(out, 1);
        self.used = 0;
        Encoder {
            out,
            definitions,
            values: self,
        }
        .by_type(object);
        E::struct_end(out, open, 1, type_id);
    }

    /// Appends the exception by which a frame was left.
    pub fn write_raised<E: Encoding>(
        &mut self,
        out: &mut Vec<u8>,
        definitions: &mut Definitions<E>,
        exception: Object,
    ) {
        let type_id = definitions.plain_type(TypeKind::Error, "raise");
        E::error(out, &self.exception_text(exception), type_id);
    }

    /// Type and message of an exception, cut at `limits.string`.
    pub fn exception_text(&mut self, exception: Object) -> String {
        text::exception(exception, self.bounds.string)
    }
}

/// Appends a mark in place of a value that cannot be had.
pub fn write_mark<E: Encoding>(out: &mut Vec<u8>, definitions: &mut Definitions<E>, mark: &str) {
    let type_id = definitions.plain_type(TypeKind::NonExpanded, MORE);
    E::raw(out, mark, type_id);
}

/// Appends `None`.
pub fn write_none<E: Encoding>(out: &mut Vec<u8>) {
    E::none(out, NONE_TYPE);
}

struct Encoder<'a, E> {
    out: &'a mut Vec<u8>,
    definitions: &'a mut Definitions<E>,
    values: &'a mut Values,
}

/// Is called with name and value of each field, until it says false.
type Visit<'a> = &'a mut dyn FnMut(Object, Object) -> bool;

/// The two forms of a container of items.
#[derive(Clone, Copy)]
enum Form {
    Sequence,
    Tuple,
}

impl<E: Encoding> Encoder<'_, E> {
    #[inline]
    fn value(&mut self, object: Object, depth: usize) {
        // SAFETY: a live object; each branch reads what its exact type has.
        unsafe {
            let class = ffi::Py_TYPE(object);
            if class == &raw mut ffi::PyLong_Type {
                let type_id = self.known(Known::Int);
                self.int(object, type_id);
            } else if class == &raw mut ffi::PyUnicode_Type {
                self.string(object, None);
            } else if object == ffi::Py_None() {
                self.values.used += E::none(self.out, NONE_TYPE);
            } else if class == &raw mut ffi::PyBool_Type {
                let type_id = self.known(Known::Bool);
                self.values.used += E::bool(self.out, object == ffi::Py_True(), type_id);
            } else if class == &raw mut ffi::PyFloat_Type {
                let type_id = self.known(Known::Float);
                self.float(ffi::PyFloat_AS_DOUBLE(object), type_id);
            } else if class == &raw mut ffi::PyList_Type {
                self.list(object, Known::List, None, depth);
            } else if class == &raw mut ffi::PyTuple_Type {
                self.list(object, Known::Tuple, None, depth);
            } else if class == &raw mut ffi::PyDict_Type {
                self.dict(object, None, depth);
            } else {
                self.other(object, class, depth);
            }
        }
    }

    fn known(&mut self, known: Known) -> TypeId {
        match self.values.known[known as usize] {
            Some(id) => id,
            None => {
                let (kind, name) = KNOWN[known as usize];
                let id = self.definitions.plain_type(kind, name);
                self.values.known[known as usize] = Some(id);
                id
            }
        }
    }

    /// The id of the type that a class itself stands for.
    fn class_type(&mut self, place: usize, kind: TypeKind) -> TypeId {
        let class = self.values.classes.get_mut(place);
        let definitions = &mut *self.definitions;
        *class
            .type_id
            .get_or_insert_with(|| definitions.plain_type(kind, &class.name))
    }

    fn room(&self) -> usize {
        self.values.bounds.bytes.saturating_sub(self.values.used)
    }

    fn raw(&mut self, text: &str, type_id: TypeId) {
        let text = text::fit(text, self.room().max(64));
        self.values.used += E::raw(self.out, text, type_id);
    }

    fn int(&mut self, object: Object, type_id: TypeId) {
        let mut overflow = 0;
        // SAFETY: an int; for one, nothing of the program's is called.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
        if overflow == 0 {
            self.values.used += E::int(self.out, value, type_id);
        } else {
            self.big_int(object, overflow < 0, type_id);
        }
    }

    /// An int beyond 64 bits: its magnitude, or its size alone where that is beyond the limit.
    fn big_int(&mut self, object: Object, negative: bool, type_id: TypeId) {
        let room = self.values.bounds.string.min(self.room() / 2);
        let magnitude = Python::attach(|py| -> PyResult<Result<Vec<u8>, usize>> {
            // SAFETY: an int; the methods of the exact type are called, not those of a subclass.
            let number = unsafe { Bound::from_borrowed_ptr(py, object) };
            let int = py.get_type::<pyo3::types::PyInt>();
            let bits: usize = int.call_method1("bit_length", (&number,))?.extract()?;
            let size = bits.div_ceil(8);
            if size > room {
                return Ok(Err(bits));
            }
            let number = int.call_method1("__abs__", (number,))?;
            Ok(Ok(int
                .call_method1("to_bytes", (number, size, "big"))?
                .extract()?))
        });
        match magnitude {
            Ok(Ok(bytes)) => self.values.used += E::big_int(self.out, &bytes, negative, type_id),
            Ok(Err(bits)) => self.mark(&format!("<int of {bits} bits>")),
            Err(_) => self.mark("<int>"),
        }
    }

    fn float(&mut self, value: f64, type_id: TypeId) {
        let mut digits = std::mem::take(&mut self.values.scratch);
        text::float(value, &mut digits);
        self.values.used += E::raw(self.out, &digits, type_id);
        self.values.scratch = digits;
    }

    /// A str, or what inherits from str (`place`: its class).
    fn string(&mut self, object: Object, place: Option<usize>) {
        let mut scratch = std::mem::take(&mut self.values.scratch);
        let room = self.room();
        let piece = text::read(object, self.values.bounds.string.min(room), &mut scratch);
        let shown = text::fit(piece.text, room);
        let cut = piece.rest
            + if shown.len() == piece.text.len() {
                0
            } else {
                piece.text[shown.len()..].chars().count()
            };
        if cut == 0 {
            let type_id = match place {
                None => self.known(Known::Str),
                Some(place) => self.class_type(place, TypeKind::String),
            };
            self.values.used += E::string(self.out, shown, type_id);
        } else {
            let text = format!("{shown}… (+{cut} chars)");
            let type_id = match place {
                None => self.known(Known::CutStr),
                Some(place) => {
                    let name = format!("{} (cut)", self.values.classes.get(place).name);
                    self.definitions.plain_type(TypeKind::String, &name)
                }
            };
            self.values.truncations += 1;
            self.values.used += E::string(self.out, &text, type_id);
        }
        self.values.scratch = scratch;
    }

    fn bytes(&mut self, object: Object, place: usize) {
        let bytes = text::bytes_of(object);
        let max = self.values.bounds.string.min(self.room() / 5);
        let literal = text::bytes_literal(bytes, max);
        let name = Rc::clone(&self.values.classes.get(place).name);
        let literal = if &*name == "bytes" {
            literal
        } else {
            format!("{name}({literal})")
        };
        if bytes.len() > max {
            self.values.truncations += 1;
            let type_id = self
                .definitions
                .plain_type(TypeKind::String, &format!("{name} (cut)"));
            self.values.used += E::raw(
                self.out,
                &format!("{literal}… (+{} bytes)", bytes.len() - max),
                type_id,
            );
        } else {
            let type_id = self.class_type(place, TypeKind::String);
            self.values.used += E::raw(self.out, &literal, type_id);
        }
    }

    /// What stands for something that is not opened.
    fn mark(&mut self, text: &str) {
        self.values.truncations += 1;
        let type_id = self.known(Known::More);
        self.raw(text, type_id);
    }

    /// `<list of 12>`, `<Order>`.
    fn by_type(&mut self, object: Object) {
        // SAFETY: a live object.
        let place = self.values.classes.place(unsafe { ffi::Py_TYPE(object) });
        let known = self.values.classes.get_mut(place);
        if let Some((bytes, used)) = &known.closed {
            self.out.extend_from_slice(bytes);
            self.values.used += used;
            return;
        }
        let definitions = &mut *self.definitions;
        let type_id = *known
            .closed_type
            .get_or_insert_with(|| definitions.plain_type(TypeKind::NonExpanded, &known.name));
        let start = self.out.len();
        let size = size(object, known.reading);
        let text = &mut self.values.scratch;
        text.clear();
        text.push('<');
        text.push_str(&known.name);
        if let Some(size) = size {
            text.push_str(" of ");
            text.push_str(itoa::Buffer::new().format(size));
        }
        text.push('>');
        let used = E::raw(self.out, text, type_id);
        self.values.used += used;
        if size.is_none() {
            known.closed = Some((self.out[start..].into(), used));
        }
    }

    /// Takes a container onto the path to the value at hand, or says what stands in its place.
    fn enter(&mut self, object: Object, depth: usize, is_empty: bool) -> bool {
        if self.values.open.contains(&object) {
            // SAFETY: a live object.
            let name = text::class_name(unsafe { ffi::Py_TYPE(object) });
            let type_id = self.definitions.plain_type(TypeKind::Recursion, &name);
            self.raw(&format!("<cycle {name}>"), type_id);
            return false;
        }
        let too_deep = depth >= self.values.bounds.depth || self.values.nesting >= MAX_NESTING;
        if too_deep && !is_empty {
            self.values.truncations += 1;
            self.by_type(object);
            return false;
        }
        self.values.open.push(object);
        true
    }

    fn leave(&mut self) {
        self.values.open.pop();
    }

    /// The mark that ends a cut container; true when there is no room for the next element.
    fn is_full(&self, written: usize) -> bool {
        written >= self.values.bounds.items || self.values.used >= self.values.bounds.bytes
    }

    fn more(&mut self, rest: usize) {
        self.values.truncations += 1;
        let type_id = self.known(Known::More);
        let mut text = std::mem::take(&mut self.values.scratch);
        text.clear();
        text.push_str(MORE);
        text.push(' ');
        text.push_str(itoa::Buffer::new().format(rest));
        text.push_str(" more");
        self.values.used += E::raw(self.out, &text, type_id);
        self.values.scratch = text;
    }

    fn separate(&mut self, written: usize) {
        if written > 0 {
            self.values.used += E::separator(self.out);
        }
    }

    fn open(&mut self, form: Form, size: usize) -> crate::trace::Open {
        let planned = size.min(self.values.bounds.items.saturating_add(1));
        let (open, used) = match form {
            Form::Sequence => E::sequence_begin(self.out, planned),
            Form::Tuple => E::tuple_begin(self.out, planned),
        };
        self.values.used += used;
        open
    }

    fn close(&mut self, form: Form, open: crate::trace::Open, count: usize, type_id: TypeId) {
        self.values.used += match form {
            Form::Sequence => E::sequence_end(self.out, open, count, type_id),
            Form::Tuple => E::tuple_end(self.out, open, count, type_id),
        };
    }

    /// A list or tuple, or what inherits from one (`place`: its class).
    fn list(&mut self, object: Object, known: Known, place: Option<usize>, depth: usize) {
        // SAFETY: a list or tuple; nothing changes it while it is read.
        let (size, items) = unsafe {
            let size = usize::try_from(ffi::Py_SIZE(object)).unwrap_or(0);
            let is_list = ffi::PyList_Check(object) != 0;
            let items = move |index: usize| {
                let index = index.cast_signed();
                if is_list {
                    ffi::PyList_GET_ITEM(object, index)
                } else {
                    ffi::PyTuple_GET_ITEM(object, index)
                }
            };
            (size, items)
        };
        let form = if matches!(known, Known::Tuple) {
            Form::Tuple
        } else {
            Form::Sequence
        };
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = match place {
            None => self.known(known),
            Some(place) => self.class_type(place, KNOWN[known as usize].0),
        };
        self.items(form, size, items, type_id, depth);
        self.leave();
    }

    #[inline]
    fn items(
        &mut self,
        form: Form,
        size: usize,
        item: impl Fn(usize) -> Object,
        type_id: TypeId,
        depth: usize,
    ) {
        let open = self.open(form, size);
        self.values.nesting += 2;
        let mut written = 0;
        while written < size {
            self.separate(written);
            if self.is_full(written) {
                self.more(size - written);
                written += 1;
                break;
            }
            let item = item(written);
            if item.is_null() {
                self.values.used += E::none(self.out, NONE_TYPE);
            } else {
                self.value(item, depth + 1);
            }
            written += 1;
        }
        self.values.nesting -= 2;
        self.close(form, open, written, type_id);
    }

    /// A dict, or what inherits from dict (`place`: its class): pairs of key and value.
    fn dict(&mut self, object: Object, place: Option<usize>, depth: usize) {
        // SAFETY: a dict.
        let size = unsafe { usize::try_from(ffi::PyDict_Size(object)).unwrap_or(0) };
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = match place {
            None => self.known(Known::Dict),
            Some(place) => self.class_type(place, TypeKind::Seq),
        };
        let open = self.open(Form::Sequence, size);
        self.values.nesting += 4;
        let mut written = 0;
        object::each_item(object, |key, value| {
            self.separate(written);
            let full = self.is_full(written);
            if full {
                self.more(size - written);
            } else {
                self.pair(key, value, depth + 1);
            }
            written += 1;
            !full
        });
        self.values.nesting -= 4;
        self.close(Form::Sequence, open, written, type_id);
        self.leave();
    }

    fn pair(&mut self, key: Object, value: Object, depth: usize) {
        let type_id = self.known(Known::Item);
        let (open, used) = E::tuple_begin(self.out, 2);
        self.values.used += used;
        self.value(key, depth);
        self.values.used += E::separator(self.out);
        self.value(value, depth);
        self.values.used += E::tuple_end(self.out, open, 2, type_id);
    }

    /// Items through the C iterator of an exact type (or of the built-in set type).
    fn iterated(&mut self, object: Object, place: usize, kind: TypeKind, depth: usize) {
        let reading = self.values.classes.get(place).reading;
        let size = size(object, reading).unwrap_or(0);
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = self.class_type(place, kind);
        let open = self.open(Form::Sequence, size);
        self.values.nesting += 2;
        let written = self.iterate(object, reading, size, depth);
        self.values.nesting -= 2;
        self.close(Form::Sequence, open, written, type_id);
        self.leave();
    }

    fn iterate(&mut self, object: Object, reading: Reading, size: usize, depth: usize) -> usize {
        // SAFETY: the iterator is the built-in type's own, also for what inherits from set; each new
        // reference is given back, the container keeps its own.
        unsafe {
            let class = if reading == Reading::Set {
                &raw mut ffi::PySet_Type
            } else {
                ffi::Py_TYPE(object)
            };
            let Some(make) = (*class).tp_iter else {
                return 0;
            };
            let iterator = make(object);
            if iterator.is_null() {
                ffi::PyErr_Clear();
                return 0;
            }
            let mut written = 0;
            while written < size {
                self.separate(written);
                if self.is_full(written) {
                    self.more(size - written);
                    written += 1;
                    break;
                }
                let item = ffi::PyIter_Next(iterator);
                if item.is_null() {
                    ffi::PyErr_Clear();
                    self.mark("<changed>");
                    written += 1;
                    break;
                }
                self.value(item, depth + 1);
                ffi::Py_DECREF(item);
                written += 1;
            }
            ffi::Py_DECREF(iterator);
            written
        }
    }

    /// An `array.array`: its items are made anew, as ints, floats or characters, and given back.
    fn array(&mut self, object: Object, place: usize, depth: usize) {
        let size = size(object, Reading::Array).unwrap_or(0);
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = self.class_type(place, TypeKind::Array);
        let open = self.open(Form::Sequence, size);
        self.values.nesting += 2;
        let mut written = 0;
        while written < size {
            self.separate(written);
            if self.is_full(written) {
                self.more(size - written);
                written += 1;
                break;
            }
            // SAFETY: an exact array; the item is a new reference to an exact built-in.
            unsafe {
                let item = ffi::PySequence_GetItem(object, written.cast_signed());
                if item.is_null() {
                    ffi::PyErr_Clear();
                    self.mark("<changed>");
                } else {
                    self.value(item, depth + 1);
                    ffi::Py_DECREF(item);
                }
            }
            written += 1;
        }
        self.values.nesting -= 2;
        self.close(Form::Sequence, open, written, type_id);
        self.leave();
    }

    fn other(&mut self, object: Object, class: *mut ffi::PyTypeObject, depth: usize) {
        let place = self.values.classes.place(class);
        let known = self.values.classes.get(place);
        if known.base.is_some() && known.layout.count(object) > 0 {
            return self.instance(object, place, depth);
        }
        self.content(object, place, known.reading, depth);
    }

    /// An object as its class is read, attributes beside the content left out.
    fn content(&mut self, object: Object, place: usize, reading: Reading, depth: usize) {
        match reading {
            Reading::Int => {
                let type_id = self.class_type(place, TypeKind::Int);
                self.int(object, type_id);
            }
            Reading::Float => {
                let type_id = self.class_type(place, TypeKind::Float);
                // SAFETY: a float or what inherits from it.
                self.float(unsafe { ffi::PyFloat_AS_DOUBLE(object) }, type_id);
            }
            Reading::Str => self.string(object, Some(place)),
            Reading::Bytes => self.bytes(object, place),
            Reading::List => self.list(object, Known::List, Some(place), depth),
            Reading::Tuple => self.list(object, Known::Tuple, Some(place), depth),
            Reading::NamedTuple => self.named_tuple(object, place, depth),
            Reading::Dict => self.dict(object, Some(place), depth),
            Reading::Set => self.iterated(object, place, TypeKind::Set, depth),
            Reading::Iterated => self.iterated(object, place, TypeKind::Seq, depth),
            Reading::Array => self.array(object, place, depth),
            Reading::Enum => self.member(object, place),
            Reading::Exception => {
                let type_id = self.class_type(place, TypeKind::Error);
                let message = text::exception_message(object, self.values.bounds.string);
                self.values.used += E::error(self.out, text::fit(&message, self.room()), type_id);
            }
            Reading::Function | Reading::Class | Reading::Module => self.named(object, reading),
            Reading::Standard(standard) => self.standard(object, place, standard),
            Reading::Instance => self.instance(object, place, depth),
            Reading::Opaque => self.by_type(object),
        }
    }

    fn standard(&mut self, object: Object, place: usize, standard: standard::Standard) {
        let layout = Rc::clone(&self.values.classes.get(place).layout);
        match standard::read(standard, object, &layout, self.values.bounds.string) {
            Some(text) => {
                let kind = match standard {
                    standard::Standard::NumpyInt => TypeKind::Int,
                    standard::Standard::NumpyFloat => TypeKind::Float,
                    standard::Standard::NumpyArray => TypeKind::NonExpanded,
                    _ => TypeKind::Raw,
                };
                let type_id = self.class_type(place, kind);
                self.raw(&text, type_id);
            }
            None => self.by_type(object),
        }
    }

    /// `Color.RED`
    fn member(&mut self, object: Object, place: usize) {
        let class = self.values.classes.get(place);
        let (name, layout) = (Rc::clone(&class.name), Rc::clone(&class.layout));
        let mut text = name.to_string();
        let part = |attribute| standard::attribute(&layout, object, attribute);
        match (
            part("_name_").filter(|&name| text::is_str(name)),
            part("_value_"),
        ) {
            (Some(name), _) => {
                text.push('.');
                text::scalar(name, false, self.values.bounds.string, &mut text);
            }
            (None, Some(value)) => {
                text.push('(');
                text::scalar(value, true, self.values.bounds.string, &mut text);
                text.push(')');
            }
            (None, None) => {}
        }
        let type_id = self.class_type(place, TypeKind::Enum);
        self.raw(&text, type_id);
    }

    /// `<function NAME>`, `<class NAME>`, `<module NAME>`.
    fn named(&mut self, object: Object, reading: Reading) {
        let (kind, word) = match reading {
            Reading::Function => (TypeKind::FunctionKind, "function"),
            Reading::Class => (TypeKind::TypeValue, "class"),
            _ => (TypeKind::Raw, "module"),
        };
        let type_id = self.definitions.plain_type(kind, word);
        let name = own_name(object, reading).unwrap_or_default();
        self.raw(
            &format!("<{word}{}{name}>", if name.is_empty() { "" } else { " " }),
            type_id,
        );
    }

    /// A struct of the fields of a named tuple.
    fn named_tuple(&mut self, object: Object, place: usize, depth: usize) {
        let fields = Rc::clone(&self.values.classes.get(place).fields);
        // SAFETY: a tuple.
        let size = unsafe { usize::try_from(ffi::Py_SIZE(object)).unwrap_or(0) };
        if size != fields.len() {
            return self.list(object, Known::Tuple, Some(place), depth);
        }
        let items = |visit: Visit<'_>| {
            for (index, field) in fields.iter().enumerate() {
                // SAFETY: the index is below the size.
                let item = unsafe { ffi::PyTuple_GET_ITEM(object, index.cast_signed()) };
                if !visit(field.as_ptr(), item) {
                    return;
                }
            }
        };
        self.fields(object, place, size, depth, &items);
    }

    /// A struct of an object's attributes, after the content it inherits from a built-in.
    fn instance(&mut self, object: Object, place: usize, depth: usize) {
        let class = self.values.classes.get(place);
        let (layout, base) = (
            Rc::clone(&class.layout),
            class.base.as_ref().map(Py::as_ptr),
        );
        let size = layout.count(object) + usize::from(base.is_some());
        let attributes = |visit: Visit<'_>| {
            if base.is_none_or(|base| visit(base, object)) {
                layout.for_each(object, visit);
            }
        };
        self.fields(object, place, size, depth, &attributes);
    }

    /// A struct of pairs of name and value. The field whose value is the object itself is the content
    /// that the object inherits from a built-in.
    fn fields(
        &mut self,
        object: Object,
        place: usize,
        size: usize,
        depth: usize,
        pairs: &dyn Fn(Visit<'_>),
    ) {
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let (start, used) = (self.out.len(), self.values.used);
        let planned = size.min(self.values.bounds.items.saturating_add(1));
        let (open, begun) = E::struct_begin(self.out, planned);
        self.values.used += begun;
        self.values.nesting += 2;
        let (mut written, mut shape) = (0, Some(Class::NO_FIELDS));
        pairs(&mut |name, value| {
            self.separate(written);
            let full = self.is_full(written);
            let key = if full { more_key() } else { name };
            shape =
                shape.and_then(|shape| self.values.classes.get_mut(place).with_field(shape, key));
            if full {
                self.more(size - written);
            } else if value == object
                && written == 0
                && self.values.classes.get(place).base.is_some()
            {
                self.values.open.pop();
                let reading = self.values.classes.get(place).reading;
                self.content(object, place, reading, depth);
                self.values.open.push(object);
            } else {
                self.value(value, depth + 1);
            }
            written += 1;
            !full && shape.is_some()
        });
        self.values.nesting -= 2;
        match shape {
            Some(shape) => {
                let definitions = &mut *self.definitions;
                let class = self.values.classes.get_mut(place);
                let type_id =
                    class.shape_type(shape, |name, fields| definitions.struct_type(name, fields));
                self.values.used += E::struct_end(self.out, open, written, type_id);
            }
            None => {
                self.out.truncate(start);
                self.values.used = used;
                self.by_type(object);
            }
        }
        self.leave();
    }
}

/// The name of the field that stands for those left out.
fn more_key() -> Object {
    static KEY: pyo3::sync::PyOnceLock<Py<pyo3::types::PyString>> = pyo3::sync::PyOnceLock::new();
    Python::attach(|py| {
        KEY.get_or_init(py, || pyo3::types::PyString::intern(py, MORE).unbind())
            .as_ptr()
    })
}

/// How many items an object has, where its type tells without running code.
fn size(object: Object, reading: Reading) -> Option<usize> {
    // SAFETY: a live object of the kind that the reading stands for.
    unsafe {
        let size = match reading {
            Reading::List | Reading::Tuple => ffi::Py_SIZE(object),
            Reading::Dict => ffi::PyDict_Size(object),
            Reading::Set => ffi::PySet_Size(object),
            Reading::Iterated | Reading::Array => ffi::PyObject_Size(object),
            _ => return None,
        };
        usize::try_from(size).ok()
    }
}

/// The name that a function, class or module carries, read without running code of the program.
fn own_name(object: Object, reading: Reading) -> Option<String> {
    // SAFETY: a live object of that kind.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if reading == Reading::Class {
            return Some(text::class_name(object.cast()));
        }
        let name = if reading == Reading::Module {
            let namespace = ffi::PyModule_GetDict(object);
            ffi::PyDict_GetItemString(namespace, c"__name__".as_ptr())
        } else if class == &raw mut ffi::PyFunction_Type {
            let name = ffi::PyObject_GetAttrString(object, c"__qualname__".as_ptr());
            ffi::Py_XDECREF(name);
            name
        } else if class == &raw mut classes::PyMethod_Type {
            return own_name(classes::PyMethod_Function(object), Reading::Function);
        } else if class == &raw mut ffi::PyCFunction_Type {
            let definition = (*object.cast::<ffi::PyCFunctionObject>()).m_ml;
            let name = std::ffi::CStr::from_ptr((*definition).ml_name);
            return Some(name.to_string_lossy().into_owned());
        } else {
            std::ptr::null_mut()
        };
        if name.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        text::is_str(name).then(|| text::whole(name))
    }
}

/// Whether a variable of a module is one that the program made as data: no module, function or class.
#[inline]
pub fn is_data(object: Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        let class = ffi::Py_TYPE(object);
        class != &raw mut ffi::PyFunction_Type
            && class != &raw mut ffi::PyCFunction_Type
            && ffi::PyType_Check(object) == 0
            && !classes::inherits(class, &raw mut ffi::PyModule_Type)
    }
}

/// What tells two states of a variable apart: the object, and for those that the interpreter may
/// change in place when nobody else looks (str, float, int) its content.
#[inline]
pub fn fingerprint(object: Object) -> u64 {
    if object.is_null() {
        return 0;
    }
    let address = object as u64;
    // SAFETY: a live object of the exact type that each branch has checked.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if class == &raw mut ffi::PyUnicode_Type {
            address
                ^ ffi::PyUnicode_GET_LENGTH(object)
                    .cast_unsigned()
                    .rotate_left(40) as u64
        } else if class == &raw mut ffi::PyFloat_Type {
            address ^ ffi::PyFloat_AS_DOUBLE(object).to_bits().rotate_left(17)
        } else {
            address
        }
    }
}

/// The text of an attribute of an object, read from memory.
pub fn attribute_text(object: &Bound<'_, PyAny>, name: &str) -> Option<String> {
    let py = object.py();
    let layout = object::Layout::of(py, object.get_type_ptr(), object::access(py));
    let value = standard::attribute(&layout, object.as_ptr(), name)?;
    text::is_str(value).then(|| text::whole(value))
}
