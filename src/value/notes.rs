//! What a value that is being written depends on: words of memory, noted where the value is made from them.
//!
//! Owns: whether that is noted, and what is noted of an instance. Must not: write a value.

use std::mem;
use std::ptr;

use pyo3::ffi;

use crate::frame::Object;
use crate::object::words::Words;

use super::classes::Reading;
use super::unchanged::is_scalar;
use super::{Encoder, standard, text};

/// What the value at hand depends on.
pub struct Notes {
    /// Whether it is to be known, and is decided by words so far.
    is_on: bool,
    words: Words,
    /// Classes that were noted lately, and how many were.
    lately: ([*mut ffi::PyTypeObject; 8], usize),
}

impl Notes {
    /// Off.
    pub fn new() -> Self {
        Self {
            is_on: false,
            words: Words::default(),
            lately: ([ptr::null_mut(); 8], 0),
        }
    }

    /// Notes what the next value depends on, in the room of other words.
    pub fn begin(&mut self, mut room: Words) {
        room.clear();
        self.words = room;
        self.lately = ([ptr::null_mut(); 8], 0);
        self.is_on = true;
    }

    /// What was noted since.
    pub fn end(&mut self) -> Words {
        self.is_on = false;
        mem::take(&mut self.words)
    }

    /// Notes how a class stands, unless that was noted lately.
    fn class(&mut self, class: *mut ffi::PyTypeObject) {
        let (lately, count) = &mut self.lately;
        if !lately.contains(&class) {
            lately[*count % lately.len()] = class;
            *count += 1;
            // SAFETY: a live type.
            unsafe { self.words.class(class) };
        }
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
                Reading::Instance
                | Reading::List
                | Reading::Tuple
                | Reading::NamedTuple
                | Reading::Dict => known.layout.note(object, &mut notes.words, is_open),
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
