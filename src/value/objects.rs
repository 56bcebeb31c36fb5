//! One object as a value: built-in scalars by exact type, everything else as its class is read.
//!
//! Owns: the choice of a form for an object. Must not: run code of the program.

use std::rc::Rc;

use pyo3::ffi;

use crate::frame::Object;
use crate::interpreter;
use crate::object;
use crate::trace::{NONE_TYPE, TypeId, TypeKind};

use super::classes::{self, Reading};
use super::{Encoder, KNOWN, Known, redacted, standard, text};

/// Forms of what is not opened that are remembered of a class: without a size, of size 0, of size 1, ….
const CLOSED_FORMS: usize = 256;

impl Encoder<'_> {
    #[inline]
    pub(super) fn value(&mut self, object: Object, depth: usize) {
        // SAFETY: a live object; each branch reads what its exact type has.
        unsafe {
            let class = ffi::Py_TYPE(object);
            if class == &raw mut ffi::PyLong_Type {
                self.note(|words| words.scalar(object, 0));
                let type_id = self.known(Known::Int);
                self.int(object, type_id);
            } else if class == &raw mut ffi::PyUnicode_Type {
                let seen = redacted::window(self.values.bounds.string);
                self.note(|words| words.scalar(object, seen));
                self.string(object, None);
            } else if object == ffi::Py_None() {
                self.out.none(NONE_TYPE);
            } else if class == &raw mut ffi::PyBool_Type {
                let type_id = self.known(Known::Bool);
                self.out.bool(object == ffi::Py_True(), type_id);
            } else if class == &raw mut ffi::PyFloat_Type {
                self.note(|words| words.scalar(object, 0));
                self.exact_float(ffi::PyFloat_AS_DOUBLE(object));
            } else if class == &raw mut ffi::PyList_Type {
                self.note(|words| words.type_of(object));
                self.list(object, Known::List, None, depth);
            } else if class == &raw mut ffi::PyTuple_Type {
                self.note(|words| words.type_of(object));
                self.list(object, Known::Tuple, None, depth);
            } else if class == &raw mut ffi::PyDict_Type {
                self.note(|words| words.type_of(object));
                self.dict(object, None, depth);
            } else {
                self.other(object, class, depth);
            }
        }
    }

    #[inline(always)]
    pub(super) fn known(&mut self, known: Known) -> TypeId {
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
    pub(super) fn class_type(&mut self, place: usize, kind: TypeKind) -> TypeId {
        let class = self.values.classes.get_mut(place);
        let definitions = &mut *self.definitions;
        *class
            .type_id
            .get_or_insert_with(|| definitions.plain_type(kind, &class.name))
    }

    /// What stands for something that is not opened.
    pub(super) fn mark(&mut self, text: &str) {
        self.values.truncations.depth += 1;
        let type_id = self.known(Known::More);
        self.raw(text, type_id);
    }

    /// The type of an object of a class that is not opened.
    pub(super) fn closed_type(&mut self, place: usize) -> TypeId {
        let class = self.values.classes.get_mut(place);
        let definitions = &mut *self.definitions;
        *class
            .closed_type
            .get_or_insert_with(|| definitions.plain_type(TypeKind::NonExpanded, &class.name))
    }

    /// `<list of 12>`, `<Order>`.
    pub(super) fn by_type(&mut self, object: Object) {
        // SAFETY: a live object.
        let place = self.values.classes.place(unsafe { ffi::Py_TYPE(object) });
        let known = self.values.classes.get(place);
        let size = size(object, known.reading);
        let form = size.map_or(0, |size| size.saturating_add(1));
        if let Some(Some(closed)) = known.closed.get(form) {
            self.out.append(closed);
            return;
        }
        let type_id = self.closed_type(place);
        let known = self.values.classes.get_mut(place);
        let start = self.out.place();
        let text = &mut self.values.scratch;
        text.clear();
        text.push('<');
        text.push_str(&known.name);
        if let Some(size) = size {
            text.push_str(" of ");
            text.push_str(itoa::Buffer::new().format(size));
        }
        text.push('>');
        self.out.raw(text, type_id);
        if form < CLOSED_FORMS {
            let count = known.closed.len().max(form + 1);
            known.closed.resize_with(count, || None);
            known.closed[form] = Some(self.out.since(start));
        }
    }

    /// An instance that is not opened, of a class of which one was not opened before: most of what is met at the
    /// innermost level is that.
    #[inline(always)]
    fn closed_again(&mut self, object: Object, place: usize) -> bool {
        let known = self.values.classes.get(place);
        let Some(Some(closed)) = known.closed.first() else {
            return false;
        };
        let is_closed = known.reading == Reading::Instance
            && known.layout.attributes(object).count() > 0
            && !self.values.open.contains(&object);
        if is_closed {
            self.values.truncations.depth += 1;
            self.out.append(closed);
        }
        is_closed
    }

    fn other(&mut self, object: Object, class: *mut ffi::PyTypeObject, depth: usize) {
        let place = self.values.classes.place(class);
        self.note_instance(object, place, depth);
        if depth >= self.values.bounds.depth && self.closed_again(object, place) {
            return;
        }
        let known = self.values.classes.get(place);
        if known.base.is_some() && known.layout.attributes(object).count() > 0 {
            return self.instance(object, place, depth);
        }
        self.content(object, place, known.reading, depth);
    }

    /// An object as its class is read, attributes beside the content left out.
    pub(super) fn content(&mut self, object: Object, place: usize, reading: Reading, depth: usize) {
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
                let message = self.values.message(object, text::exception_message);
                self.out.error(text::fit(&message, self.room()), type_id);
            }
            Reading::Function | Reading::Class | Reading::Module => self.named(object, reading),
            Reading::Standard(standard::Standard::Decimal) => self.decimal(object, place),
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
                self.shown(&text, type_id);
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
        self.shown(&text, type_id);
    }

    /// `<function NAME>`, `<class NAME>`, `<module NAME>`.
    fn named(&mut self, object: Object, reading: Reading) {
        let known = match reading {
            Reading::Function => Known::Function,
            Reading::Class => Known::Class,
            _ => Known::Module,
        };
        let (type_id, (_, word)) = (self.known(known), KNOWN[known as usize]);
        let seen = redacted::window(self.values.bounds.string);
        let (name, behind) = own_name(object, reading, seen).unwrap_or_default();
        let name = self.values.name_as_value(name, behind);
        let blank = if name.is_empty() { "" } else { " " };
        self.shown(&["<", word, blank, &name, ">"].concat(), type_id);
    }
}

/// How many items an object has, where its type tells without running code.
pub(super) fn size(object: Object, reading: Reading) -> Option<usize> {
    // SAFETY: a live object of the kind that the reading stands for.
    unsafe {
        let size = match reading {
            // Not `len`, which a class may have in its own way.
            Reading::List | Reading::Tuple | Reading::Iterated | Reading::Array => {
                ffi::Py_SIZE(object)
            }
            Reading::Dict => ffi::PyDict_Size(object),
            Reading::Set => ffi::PySet_Size(object),
            _ => return None,
        };
        usize::try_from(size).ok()
    }
}

/// The name that an exact function holds; null where memory has run out.
///
/// # Safety
/// A live function.
pub(super) unsafe fn function_name(function: Object) -> Object {
    // SAFETY: the caller's promise; the function holds what it gives.
    unsafe {
        let name = ffi::PyObject_GetAttrString(function, c"__qualname__".as_ptr());
        ffi::Py_XDECREF(name);
        if name.is_null() {
            ffi::PyErr_Clear();
        }
        name
    }
}

/// The name that a function, class or module carries, read without running code of the program: so many characters of
/// it, since the program may have made it of any length, and how many more there are.
fn own_name(object: Object, reading: Reading, most: usize) -> Option<(String, usize)> {
    // SAFETY: a live object of that kind.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if reading == Reading::Class {
            return Some((text::class_name(object.cast()), 0));
        }
        let name = if reading == Reading::Module {
            let namespace = ffi::PyModule_GetDict(object);
            interpreter::attached(|py| object::item_named(py, namespace, c"__name__"))
        } else if class == &raw mut ffi::PyFunction_Type {
            function_name(object)
        } else if class == &raw mut classes::PyMethod_Type {
            return own_name(classes::PyMethod_Function(object), Reading::Function, most);
        } else if class == &raw mut ffi::PyCFunction_Type {
            let definition = (*object.cast::<ffi::PyCFunctionObject>()).m_ml;
            let name = std::ffi::CStr::from_ptr((*definition).ml_name);
            return Some((name.to_string_lossy().into_owned(), 0));
        } else {
            std::ptr::null_mut()
        };
        if name.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        text::is_str(name).then(|| {
            let mut scratch = String::new();
            let piece = text::read(name, most, &mut scratch);
            (piece.text.to_owned(), piece.rest)
        })
    }
}
