//! What a value that is being written depends on: words of memory, noted where the value is made from them.
//!
//! Owns: whether that is noted, and what is noted of an instance. Must not: write a value.

use std::mem::{self, offset_of};
use std::ptr;

use pyo3::ffi;

use crate::frame::Object;
use crate::object::Layout;
use crate::object::words::Words;
use crate::trace::Place;

use super::classes::Reading;
use super::parts::{Kept, Parts};
use super::standard::{self, Standard};
use super::unchanged::{Extent, is_scalar};
use super::{Encoder, objects, redacted, text};

/// What the value at hand depends on.
pub struct Notes {
    /// Whether it is to be known, and is decided by words so far.
    is_on: bool,
    words: Words,
    parts: Parts,
    /// Where the value begins.
    begun: Place,
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

    /// Whether what the value depends on is noted, so far.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// What was noted.
    #[inline]
    pub(super) fn words(&self) -> &Words {
        &self.words
    }

    /// Gives what was noted of a value to be kept with it, and takes what was kept.
    pub(super) fn swap(&mut self, kept: &mut Kept) {
        mem::swap(&mut kept.words, &mut self.words);
        mem::swap(&mut kept.parts, &mut self.parts);
    }

    /// What was noted so far is so for all parts.
    pub(super) fn begin_parts(&mut self) {
        self.shared = self.count;
    }

    /// What is noted from now on is so for one part.
    pub(super) fn begin_part(&mut self) {
        self.count = self.shared;
    }

    /// What was noted since a word is the share of an attribute, which is written between these places.
    #[inline]
    pub(super) fn end_part(&mut self, word: usize, from: Place, to: Place, extent: Extent) {
        let words = word..self.words.count();
        let bytes = from.after(self.begun)..to.after(self.begun);
        self.parts.add(words, bytes, extent);
    }

    /// The value has no parts that can be told apart.
    #[inline]
    pub(super) fn give_up_parts(&mut self) {
        self.parts.give_up();
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
        let seen = redacted::window(values.bounds.string);
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
                        Some(name) if text::is_str(name) => notes.words.scalar(name, usize::MAX),
                        _ => notes.words.doubt(),
                    }
                }
                Reading::Set => {
                    known.layout.note(object, &mut notes.words, is_open);
                    notes.words.size_of_set(object);
                    if is_open {
                        notes.words.items_of_set(object, values.bounds.items);
                    }
                }
                Reading::Function if ffi::PyFunction_Check(object) != 0 => {
                    let name = objects::function_name(object);
                    notes.words.function(object, name, seen);
                }
                Reading::Str => {
                    known.layout.note(object, &mut notes.words, is_open);
                    notes.words.text_elsewhere(object, seen);
                }
                Reading::Bytes => {
                    known.layout.note(object, &mut notes.words, is_open);
                    if ffi::PyBytes_Check(object) != 0 {
                        notes.words.literal(object, seen);
                    } else {
                        notes.words.buffer(object, seen);
                    }
                }
                Reading::Standard(standard) => {
                    if known.base.is_some() {
                        known.layout.note(object, &mut notes.words, is_open);
                    }
                    note_standard(standard, &known.layout, object, &mut notes.words);
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

    /// Writes an object that a dict holds whose words were noted: what cannot change need not be noted, where the dict has
    /// a version. Another may come to lie where it has lain.
    pub(super) fn held(&mut self, object: Object, write: impl FnOnce(&mut Self)) {
        let was_on = self.values.notes.is_on;
        // SAFETY: a live object.
        let is_told = cfg!(not(Py_3_14)) && is_scalar(unsafe { ffi::Py_TYPE(object) });
        self.values.notes.is_on = was_on && !is_told;
        write(self);
        let notes = &mut self.values.notes;
        notes.is_on = was_on && notes.words.are_all();
    }
}

/// Notes what decides the text of a well-known type's instance.
///
/// # Safety
/// A live object, which is read so.
unsafe fn note_standard(standard: Standard, layout: &Layout, object: Object, words: &mut Words) {
    // SAFETY: the caller's promise. Objects of types written in C say all in their own memory, unless they have a zone.
    unsafe {
        let end = match standard {
            // It is noted where it is read; there is one object alone.
            Standard::Decimal | Standard::Constant => return,
            Standard::Fraction | Standard::Uuid | Standard::Path => {
                return note_plain_attributes(layout, object, words);
            }
            Standard::Complex => size_of::<ffi::PyComplexObject>(),
            Standard::Date => size_of::<ffi::PyDateTime_Date>(),
            Standard::Delta => size_of::<ffi::PyDateTime_Delta>(),
            Standard::Time if (*object.cast::<ffi::PyDateTime_Time>()).hastzinfo == 0 => {
                offset_of!(ffi::PyDateTime_Time, fold)
            }
            Standard::DateTime if (*object.cast::<ffi::PyDateTime_DateTime>()).hastzinfo == 0 => {
                offset_of!(ffi::PyDateTime_DateTime, fold)
            }
            _ => return words.doubt(),
        };
        let head = size_of::<ffi::PyObject>();
        words.bytes(object.cast::<u8>().add(head), end - head);
    }
}

/// Notes attributes that are numbers, texts, or lists of such; others leave doubt.
///
/// # Safety
/// A live instance of the class that has this layout.
unsafe fn note_plain_attributes(layout: &Layout, object: Object, words: &mut Words) {
    // SAFETY: the caller's promise; each object is held by what was noted before.
    unsafe {
        layout.note(object, words, true);
        layout.attributes(object).each(|attribute| {
            words.attribute(&attribute);
            let value = attribute.value;
            if !value.is_null() && ffi::PyList_CheckExact(value) != 0 {
                words.type_of(value);
                words.size(value);
                let items = words.items_of_list(value);
                for index in 0..ffi::PyList_GET_SIZE(value) {
                    if !words.are_all() {
                        return false;
                    }
                    words.word(items.offset(index));
                    words.scalar(*items.offset(index), usize::MAX);
                }
            } else if !value.is_null() {
                words.scalar(value, usize::MAX);
            }
            words.are_all()
        });
    }
}
