//! Structs: the attributes of an instance, the fields of a named tuple.
//!
//! Owns: fields one after another, up to the limits. Must not: know where attributes lie in memory.

use std::rc::Rc;
use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::frame::Object;
use crate::interpreter;
use crate::object::Attribute;
use crate::policy::Told;
use crate::trace::{MARK, Place};

use super::shapes::Walk;
use super::{Encoder, Known};

/// A struct that is being written.
struct Fields {
    /// Place of its class.
    place: usize,
    /// Levels around its fields.
    depth: usize,
    /// How many there are.
    size: usize,
    begun: Place,
    walk: Walk,
    /// Whether the class has a shape for it.
    fits: bool,
}

impl Encoder<'_> {
    /// The fields of a named tuple.
    pub(super) fn named_tuple(&mut self, object: Object, place: usize, depth: usize) {
        let names = Rc::clone(&self.values.classes.get(place).fields);
        // SAFETY: a tuple.
        let size = unsafe { usize::try_from(ffi::Py_SIZE(object)).unwrap_or(0) };
        if size != names.len() {
            return self.list(object, Known::Tuple, Some(place), depth);
        }
        // SAFETY: a tuple.
        self.note(|words| unsafe { words.size(object) });
        let Some(mut fields) = self.begin_fields(object, place, size, depth) else {
            return;
        };
        let items = self.items_of(object);
        for (index, name) in names.iter().enumerate() {
            // SAFETY: the index is below the size.
            let item = unsafe { self.item_at(items, index) };
            if !self.field(&mut fields, name.as_ptr(), item) {
                break;
            }
        }
        self.end_fields(fields, object);
    }

    /// An object's attributes, after the content it inherits from a built-in.
    pub(super) fn instance(&mut self, object: Object, place: usize, depth: usize) {
        let class = self.values.classes.get(place);
        let layout = Rc::clone(&class.layout);
        let base = class.base.as_ref().map(Py::as_ptr);
        let attributes = layout.attributes(object);
        let size = attributes.count() + usize::from(base.is_some());
        let Some(mut fields) = self.begin_fields(object, place, size, depth) else {
            return;
        };
        if base.is_none_or(|base| self.inherited(&mut fields, base, object)) {
            if depth == 0 {
                self.values.notes.begin_parts();
            }
            attributes.each(|attribute| self.attribute(&mut fields, &attribute));
        }
        self.end_fields(fields, object);
    }

    #[inline(always)]
    fn begin_fields(
        &mut self,
        object: Object,
        place: usize,
        size: usize,
        depth: usize,
    ) -> Option<Fields> {
        if !self.enter(object, depth, size == 0) {
            return None;
        }
        let begun = self.out.place();
        let planned = size.min(self.values.bounds.items.saturating_add(1));
        self.out.struct_begin(planned);
        self.values.nesting += 2;
        Some(Fields {
            place,
            depth: depth + 1,
            size,
            begun,
            walk: self.values.classes.get(place).shapes.walk(),
            fits: true,
        })
    }

    /// One field; whether there may be more.
    #[inline(always)]
    fn field(&mut self, fields: &mut Fields, name: Object, value: Object) -> bool {
        if !self.next_field(fields, name) {
            return false;
        }
        self.named_value(fields.walk.told(), value, fields.depth);
        true
    }

    /// An attribute as a field; whether there may be more.
    #[inline(always)]
    fn attribute(&mut self, fields: &mut Fields, attribute: &Attribute) -> bool {
        if !self.values.notes.is_on() {
            return attribute.value.is_null()
                || self.field(fields, attribute.name, attribute.value);
        }
        self.noted_attribute(fields, attribute)
    }

    /// The same, which words decide that are noted.
    fn noted_attribute(&mut self, fields: &mut Fields, attribute: &Attribute) -> bool {
        let word = self.values.notes.words().count();
        if attribute.place.is_null() {
            self.values.notes.give_up_parts();
        }
        // SAFETY: an attribute of a live instance.
        self.note(|words| unsafe { words.attribute(attribute) });
        if attribute.value.is_null() {
            return true;
        }
        if !self.next_field(fields, attribute.name) {
            return false;
        }
        let is_part = fields.depth == 1;
        let begun = is_part.then(|| self.begin_part(word));
        self.named_value(fields.walk.told(), attribute.value, fields.depth);
        if !matches!(fields.walk.told(), Told::Nothing) {
            self.values.notes.give_up_parts();
        } else if let Some(begun) = begun {
            self.end_part(&begun);
        }
        true
    }

    /// The field that holds the content which an object inherits from the built-in of this name.
    fn inherited(&mut self, fields: &mut Fields, name: Object, object: Object) -> bool {
        if !self.next_field(fields, name) {
            return false;
        }
        self.values.open.pop();
        let reading = self.values.classes.get(fields.place).reading;
        self.content(object, fields.place, reading, fields.depth - 1);
        self.values.open.push(object);
        true
    }

    /// Whether there is a next field, whose value is to be written now.
    #[inline(always)]
    fn next_field(&mut self, fields: &mut Fields, name: Object) -> bool {
        let written = fields.walk.count;
        self.separate(written);
        if self.is_full(written) {
            if self.meet(fields, more_key()) {
                self.more(fields.size - written);
            }
            return false;
        }
        fields.walk.meet(name) || self.meet(fields, name)
    }

    /// Meets a field that may not be the next of the shape.
    #[cold]
    fn meet(&mut self, fields: &mut Fields, name: Object) -> bool {
        let values = &mut *self.values;
        let shapes = &values.classes.get(fields.place).shapes;
        fields.fits = fields.walk.meet(name)
            || shapes.meet_other(&mut fields.walk, name, &mut values.redaction);
        fields.fits
    }

    #[inline(always)]
    fn end_fields(&mut self, fields: Fields, object: Object) {
        self.values.nesting -= 2;
        let class = self.values.classes.get_mut(fields.place);
        let shape = if fields.fits {
            class.shapes.end(fields.walk)
        } else {
            None
        };
        match shape {
            Some(shape) => {
                let type_id = shape.type_id.get().unwrap_or_else(|| {
                    let id = self.definitions.struct_type(&class.name, &shape.names());
                    shape.type_id.set(Some(id));
                    id
                });
                self.out.struct_end(type_id);
            }
            None => {
                self.values.notes.give_up_parts();
                self.out.go_back(fields.begun);
                self.by_type(object);
            }
        }
        self.leave();
    }
}

/// The name of the field that stands for those left out.
fn more_key() -> Object {
    // Not PyO3's, which lets other threads run meanwhile.
    static KEY: OnceLock<Py<PyString>> = OnceLock::new();
    interpreter::attached(|py| {
        KEY.get_or_init(|| PyString::intern(py, MARK).unbind())
            .as_ptr()
    })
}
