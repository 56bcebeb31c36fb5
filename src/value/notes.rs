//! What a value that is being written depends on: words of memory, noted where the value is made from them.
//!
//! Owns: whether that is noted, and what is noted of an instance. Must not: write a value.

use std::ptr;

use pyo3::ffi;

use crate::frame::Object;
use crate::object::words::Words;
use crate::trace::Place;

use super::classes::Reading;
use super::parts::Parts;
use super::unchanged::is_scalar;
use super::{Encoder, standard, text};

/// What the value at hand depends on.
pub struct Notes {
    /// Whether it is to be known, and is decided by words so far.
    pub(super) is_on: bool,
    pub(super) words: Words,
    pub(super) parts: Parts,
    /// Where the value begins.
    pub(super) begun: Place,
    /// Classes that were noted, and how many.
    classes: [*mut ffi::PyTypeObject; 8],
    count: usize,
    /// How many of them for all parts.
    shared: usize,
}

impl Notes {
    /// Off.
    pub fn new() -> Self {
        Self {
            is_on: false,
            words: Words::default(),
            parts: Parts::default(),
            begun: Place::default(),
            classes: [ptr::null_mut(); 8],
            count: 0,
            shared: 0,
        }
    }

    /// Notes what the value depends on that begins here.
    pub fn begin(&mut self, place: Place) {
        self.words.clear();
        self.parts.clear();
        self.begun = place;
        self.count = 0;
        self.is_on = true;
    }

    /// What was noted since is all.
    pub fn end(&mut self) {
        self.is_on = false;
    }

    /// What was noted so far is so for all parts.
    pub(super) fn begin_parts(&mut self) {
        self.shared = self.count;
    }

    /// What is noted from now on is so for one part.
    pub(super) fn begin_part(&mut self) {
        self.count = self.shared;
    }

    /// Notes how a class stands, unless that was noted.
    fn class(&mut self, class: *mut ffi::PyTypeObject) {
        if self.classes[..self.count].contains(&class) {
            return;
        }
        if let Some(free) = self.classes.get_mut(self.count) {
            *free = class;
            self.count += 1;
        }
        // SAFETY: a live type.
        unsafe { self.words.class(class) };
    }
}

impl Encoder<'_> {
    /// Notes words that the value at hand depends on, if these are to be known.
    #[inline(always)]
    pub(super) fn note(&mut self, note: impl FnOnce(&mut Words)) {
        let notes = &mut self.values.notes;
        if notes.is_on {
            note(&mut notes.words);
            notes.is_on = notes.words.are_all();
        }
    }

    /// Notes what decides how an instance is shown, but for the items that it may have.
    #[inline(always)]
    pub(super) fn note_instance(&mut self, object: Object, place: usize, depth: usize) {
        if self.values.notes.is_on {
            self.note_instance_now(object, place, depth);
        }
    }

    fn note_instance_now(&mut self, object: Object, place: usize, depth: usize) {
        let values = &mut *self.values;
        let (notes, known) = (&mut values.notes, values.classes.get(place));
        let is_open = depth < values.bounds.depth;
        // SAFETY: a live object of the kind that the reading stands for.
        unsafe {
            notes.words.type_of(object);
            notes.class((*object).ob_type);
            match known.reading {
                Reading::Opaque => {}
                Reading::Class => notes.class(object.cast()),
                Reading::Enum => {
                    known.layout.note(object, &mut notes.words, true);
                    known.layout.attributes(object).each(|attribute| {
                        notes.words.attribute(&attribute);
                        true
                    });
                    match standard::attribute(&known.layout, object, "_name_") {
                        Some(name) if text::is_str(name) => notes.words.scalar(name),
                        _ => notes.words.doubt(),
                    }
                }
                Reading::Set => {
                    known.layout.note(object, &mut notes.words, is_open);
                    notes.words.size_of_set(object);
                    if is_open && ffi::PySet_Size(object) > 0 {
                        notes.words.doubt();
                    }
                }
                Reading::List | Reading::Tuple => {
                    known.layout.note(object, &mut notes.words, is_open);
                    notes.words.size(object);
                }
                Reading::Dict => {
                    known.layout.note(object, &mut notes.words, is_open);
                    notes.words.size_of_dict(object);
                }
                Reading::Instance | Reading::NamedTuple => {
                    known.layout.note(object, &mut notes.words, is_open);
                }
                _ => notes.words.doubt(),
            }
        }
        notes.is_on = notes.words.are_all();
    }

    /// Writes an object that a dict holds whose words were noted: what cannot change need not be noted.
    pub(super) fn held(&mut self, object: Object, write: impl FnOnce(&mut Self)) {
        let was_on = self.values.notes.is_on;
        // SAFETY: a live object.
        self.values.notes.is_on = was_on && !is_scalar(unsafe { ffi::Py_TYPE(object) });
        write(self);
        let notes = &mut self.values.notes;
        notes.is_on = was_on && notes.words.are_all();
    }
}
