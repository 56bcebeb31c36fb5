//! A Python object → an encoded value, under limits, running no code of the program.
//!
//! Owns: what is shown of an object and where it is cut. Must not: know the session, or call
//! anything that could run Python code: objects are read by their exact type, from memory.

mod basis;
mod below;
mod classes;
mod containers;
mod decimal;
mod memo;
mod notes;
mod objects;
mod parts;
mod redacted;
mod scalars;
mod shapes;
mod standard;
mod structs;
pub mod text;
mod unchanged;

use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::fault;
use crate::frame::Object;
use crate::object::{self, content};
use crate::policy::{Limits, Redaction, Told};
use crate::trace::{Compact, Definitions, MARK, NONE_TYPE, TypeId, TypeKind};

use classes::Classes;
use decimal::Decimals;
use memo::{Floats, Memo};
use notes::Notes;
use unchanged::Unchanged;

pub use basis::Basis;
pub use memo::SPREAD;
pub use standard::{class_attribute, loaded, namespace};
pub use unchanged::{Extent, Patience};

/// JSON levels around a value: file, event, its body, arguments, argument, value.
const OUTER_NESTING: usize = 6;
/// JSON levels at which nothing more is opened; readers refuse 128.
const MAX_NESTING: usize = 118;

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
    Function,
    Class,
    Module,
}

const KNOWN: [(TypeKind, &str); 13] = [
    (TypeKind::Int, "int"),
    (TypeKind::String, "str"),
    (TypeKind::String, "str (cut)"),
    (TypeKind::Bool, "bool"),
    (TypeKind::Float, "float"),
    (TypeKind::Seq, "list"),
    (TypeKind::Tuple, "tuple"),
    (TypeKind::Seq, "dict"),
    (TypeKind::Tuple, "item"),
    (TypeKind::NonExpanded, MARK),
    (TypeKind::FunctionKind, "function"),
    (TypeKind::TypeValue, "class"),
    (TypeKind::Raw, "module"),
];

/// `limits` with "no limit" as the largest number.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
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

impl Bounds {
    fn new(limits: &Limits) -> Self {
        Self {
            depth: bound(limits.depth),
            items: bound(limits.items),
            string: bound(limits.string),
            bytes: bound(limits.value_bytes),
        }
    }
}

/// How the values of a code object are shown.
pub struct Manner {
    bounds: Bounds,
    /// What stands in the place of each of them.
    mark: Option<Rc<str>>,
    /// Whether variables are left out, and the types of what must be there.
    pub drops: bool,
}

impl Manner {
    /// Whether values are hidden.
    pub fn hides(&self) -> bool {
        self.mark.is_some()
    }

    /// As they are, under these limits.
    pub fn plain(limits: &Limits) -> Self {
        Self {
            bounds: Bounds::new(limits),
            mark: None,
            drops: false,
        }
    }

    /// Not at all, for the reason that the mark names.
    pub fn hidden(limits: &Limits, mark: &str, drops: bool) -> Self {
        Self {
            mark: Some(mark.into()),
            drops,
            ..Self::plain(limits)
        }
    }
}

/// How often each limit has cut a value.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Truncations {
    depth: u64,
    items: u64,
    string: u64,
    value_bytes: u64,
}

impl Truncations {
    /// Each limit of `[limits]`, and how often it has cut a value.
    pub fn by_limit(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("depth", self.depth),
            ("items", self.items),
            ("string", self.string),
            ("value-bytes", self.value_bytes),
        ]
    }

    /// What came after an earlier state.
    fn since(&self, earlier: &Self) -> Self {
        Self {
            depth: self.depth - earlier.depth,
            items: self.items - earlier.items,
            string: self.string - earlier.string,
            value_bytes: self.value_bytes - earlier.value_bytes,
        }
    }

    fn add(&mut self, more: &Self) {
        self.depth += more.depth;
        self.items += more.items;
        self.string += more.string;
        self.value_bytes += more.value_bytes;
    }
}

/// What is kept between values: facts about classes, ids of types, values that may come again, buffers.
pub struct Values {
    manner: Rc<Manner>,
    bounds: Bounds,
    classes: Classes,
    decimals: Decimals,
    memo: Memo,
    floats: Floats,
    unchanged: Unchanged,
    notes: Notes,
    /// How often a value was given to be followed, or could not be made: both are to be done each time.
    passing: u64,
    known: [Option<TypeId>; KNOWN.len()],
    yielded: Option<TypeId>,
    awaited: Option<TypeId>,
    scratch: String,
    open: Vec<Object>,
    /// Where the value at hand begins, as a length of JSON text.
    begun: u64,
    nesting: usize,
    /// How often a value was cut.
    pub truncations: Truncations,
    /// What is hidden.
    pub redaction: Redaction,
}

impl Values {
    /// Values shown in this manner until another one is asked for.
    pub fn new(manner: &Rc<Manner>, redaction: Redaction) -> Self {
        Self {
            manner: Rc::clone(manner),
            bounds: manner.bounds,
            classes: Classes::new(),
            decimals: Decimals::default(),
            memo: Memo::default(),
            floats: Floats::default(),
            unchanged: Unchanged::new(),
            notes: Notes::new(),
            passing: 0,
            known: [None; KNOWN.len()],
            yielded: None,
            awaited: None,
            scratch: String::new(),
            open: Vec::new(),
            begun: 0,
            nesting: 0,
            truncations: Truncations::default(),
            redaction,
        }
    }

    /// Shows values in this manner from now on.
    #[inline]
    pub fn obey(&mut self, manner: &Rc<Manner>) {
        if !Rc::ptr_eq(&self.manner, manner) {
            self.manner = Rc::clone(manner);
            self.bounds = manner.bounds;
        }
    }

    /// Forgets what is kept.
    #[cold]
    fn forget(&mut self) {
        self.classes = Classes::new();
        self.decimals = Decimals::default();
        self.memo = Memo::default();
        self.floats = Floats::default();
        self.unchanged = Unchanged::new();
        self.known = [None; KNOWN.len()];
        (self.yielded, self.awaited) = (None, None);
    }

    /// Appends one value to `out`.
    #[inline]
    pub fn write(&mut self, out: &mut Compact, definitions: &mut Definitions, object: Object) {
        self.write_named(out, definitions, &Told::Nothing, object);
    }

    /// Appends the value of something whose name says this of it.
    #[inline]
    pub fn write_named(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        told: &Told,
        object: Object,
    ) {
        fault::point("value");
        if fault::is_cold() {
            self.forget();
        }
        let is_hidden = self.manner.mark.is_some();
        let mut encoder = Encoder {
            out,
            definitions,
            values: self,
        };
        if is_hidden {
            encoder.hidden(object);
        } else if unchanged::is_brief_or_constant(object) || redacted::has_say(told, object) {
            encoder.anew(told, object);
        } else {
            encoder.whole(object);
        }
    }

    /// Follows the texts of something whose name says that it is secret, before anything is written of what may hold them.
    #[inline]
    pub fn foresee(&mut self, told: &Told, object: Object) {
        if let Told::Secret(mark) = told
            && !object.is_null()
        {
            self.follow(object, mark);
        }
    }

    /// Appends the value of something whose name says this of it, after `foresee`: what is hidden is not walked again.
    #[inline(always)]
    pub fn write_foreseen(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        told: &Told,
        object: Object,
    ) {
        match told {
            Told::Secret(mark) if !self.manner.hides() => Encoder {
                out,
                definitions,
                values: self,
            }
            .marked(object, mark),
            _ => self.write_named(out, definitions, told, object),
        }
    }

    /// Appends the value of a yield or a suspension: a struct with the one field `value`.
    pub fn write_yielded(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        told: &Told,
        object: Object,
    ) {
        self.write_yielded_as(out, definitions, |values, out, definitions| {
            values.write_named(out, definitions, told, object);
        });
    }

    /// The same of a value that a mark stands for.
    pub fn write_yielded_mark(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        mark: &str,
    ) {
        self.write_yielded_as(out, definitions, |_, out, definitions| {
            write_mark(out, definitions, mark);
        });
    }

    fn write_yielded_as(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        write: impl FnOnce(&mut Self, &mut Compact, &mut Definitions),
    ) {
        let define = || definitions.struct_type("yield", &["value"]);
        let type_id = *self.yielded.get_or_insert_with(define);
        out.struct_begin(1);
        write(self, out, definitions);
        out.struct_end(type_id);
    }

    /// Appends what a suspended coroutine waits for, by type only.
    pub fn write_awaited(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        object: Object,
    ) {
        let define = || definitions.struct_type("await", &["value"]);
        let type_id = *self.awaited.get_or_insert_with(define);
        out.struct_begin(1);
        self.begun = out.length();
        Encoder {
            out,
            definitions,
            values: self,
        }
        .by_type(object);
        out.struct_end(type_id);
    }

    /// Appends the exception by which a frame was left.
    pub fn write_raised(
        &mut self,
        out: &mut Compact,
        definitions: &mut Definitions,
        exception: Object,
    ) {
        let type_id = definitions.plain_type(TypeKind::Error, "raise");
        out.error(&self.exception_text(exception), type_id);
    }

    /// Type and message of an exception, cut at `limits.string`.
    pub fn exception_text(&mut self, exception: Object) -> String {
        let Some(mark) = &self.manner.mark else {
            return self.message(exception, text::exception);
        };
        if self.manner.drops {
            return mark.to_string();
        }
        // SAFETY: a live object.
        let class = text::class_name(unsafe { ffi::Py_TYPE(exception) });
        format!("{class}: {mark}")
    }

    /// A text of an exception, seen whole before it is cut: its parts before they are quoted, and all of it.
    fn message(
        &mut self,
        exception: Object,
        read: fn(Object, usize, &mut text::Veil<'_>) -> String,
    ) -> String {
        let redaction = &mut self.redaction;
        let seen = redacted::window(self.bounds.string);
        let seen = read(exception, seen, &mut |part, rest| {
            redaction.part(part, rest)
        });
        let shown = redaction.text(&seen).unwrap_or(seen);
        redacted::cut(shown, self.bounds.string, 0)
    }

    /// A name that is shown as a value and has so many more characters, cut at `limits.string`.
    fn name_as_value(&mut self, name: String, behind: usize) -> String {
        let limit = self.bounds.string;
        if behind == 0 && name.len() <= limit {
            return name;
        }
        let shown = self.redaction.part(&name, behind).unwrap_or(name);
        redacted::cut(shown, limit, behind)
    }
}

/// Appends a mark in place of a value that cannot be had.
pub fn write_mark(out: &mut Compact, definitions: &mut Definitions, mark: &str) {
    let type_id = definitions.plain_type(TypeKind::NonExpanded, MARK);
    out.raw(mark, type_id);
}

/// Appends `None`.
pub fn write_none(out: &mut Compact) {
    out.none(NONE_TYPE);
}

/// Appends one value to an event.
struct Encoder<'a> {
    out: &'a mut Compact,
    definitions: &'a mut Definitions,
    values: &'a mut Values,
}

impl Encoder<'_> {
    /// Length of what was written of the value at hand, as JSON text.
    #[inline]
    fn used(&self) -> usize {
        (self.out.length() - self.values.begun) as usize
    }

    /// A value that is no part of another, whatever is known of its object.
    #[inline(never)]
    fn anew(&mut self, told: &Told, object: Object) {
        self.begin_value(OUTER_NESTING);
        self.named_value(told, object, 0);
    }

    /// Makes ready for a value that is so deep in the trace.
    #[inline(always)]
    fn begin_value(&mut self, nesting: usize) {
        let values = &mut *self.values;
        values.begun = self.out.length();
        values.nesting = nesting;
        values.open.clear();
        values.classes.bound();
    }

    /// The mark of the manner in the place of a value, with its type unless that is dropped, too.
    #[cold]
    fn hidden(&mut self, object: Object) {
        let manner = Rc::clone(&self.values.manner);
        let mark = manner.mark.as_deref().unwrap_or_default();
        if manner.drops {
            return write_mark(self.out, self.definitions, mark);
        }
        self.marked(object, mark);
    }

    /// A mark in the place of a value, with its type.
    fn marked(&mut self, object: Object, mark: &str) {
        // SAFETY: a live object.
        let place = self.values.classes.place(unsafe { ffi::Py_TYPE(object) });
        let type_id = self.closed_type(place);
        self.out.raw(mark, type_id);
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

/// What tells two states of a variable apart: the object and, where that cannot change, its content, since its place in
/// memory may be given to the next one soon; of a str, of which a frame has many, no more than the length.
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
        } else if class == &raw mut ffi::PyLong_Type {
            let mut overflow = 0;
            let value = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
            if overflow != 0 {
                return fingerprint_of_content(object);
            }
            address ^ value.cast_unsigned().rotate_left(17)
        } else if class == &raw mut ffi::PyFloat_Type {
            address ^ ffi::PyFloat_AS_DOUBLE(object).to_bits().rotate_left(17)
        } else if class == &raw mut ffi::PyTuple_Type || class == &raw mut ffi::PyBytes_Type {
            fingerprint_of_content(object)
        } else {
            address
        }
    }
}

/// Items of a tuple that are looked at to tell two apart.
const TOLD_APART: isize = 8;

/// The same of an exact int, bytes or tuple.
#[inline(never)]
unsafe fn fingerprint_of_content(object: Object) -> u64 {
    let address = object as u64;
    // SAFETY: the caller's promise; an item of a tuple that is not there yet is null.
    unsafe {
        if ffi::PyLong_Check(object) != 0 {
            return address ^ memo::digest(content::digits(object));
        }
        if ffi::PyBytes_Check(object) != 0 {
            return address ^ memo::digest(text::bytes_of(object));
        }
        let size = ffi::PyTuple_GET_SIZE(object);
        (0..size.min(TOLD_APART)).fold(address ^ size as u64, |print, index| {
            let item = ffi::PyTuple_GET_ITEM(object, index);
            let told = if item.is_null() || ffi::PyTuple_CheckExact(item) != 0 {
                item as u64
            } else {
                fingerprint(item)
            };
            print.rotate_left(5) ^ told
        })
    }
}

/// The text of an attribute of an object, read from memory.
pub fn attribute_text(object: &Bound<'_, PyAny>, name: &str) -> Option<String> {
    let py = object.py();
    let layout = object::Layout::of(py, object.get_type_ptr(), object::access(py));
    let value = standard::attribute(&layout, object.as_ptr(), name)?;
    text::is_str(value).then(|| text::whole(value))
}
