//! Values of objects that have not changed since they were written: what a variable holds at one line, it mostly holds at
//! the next.
//!
//! Owns: how long a value stands for its object, and what of it and around it that depends on. Must not: write a value.

use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::object::words::{self, Words};
use crate::object::{self, Layout};
use crate::trace::{Excerpt, LONGEST_KEPT, PLACES};

use super::classes::{Classes, Reading};
use super::{Bounds, Encoder, Truncations, standard, text};

/// Times in a row that an object had changed before it is taken for one that always has.
const PATIENCE: u32 = 4;
/// One of so many values of such an object is kept all the same.
const NOW_AND_THEN: u32 = 16;

/// An object that was met, and its value.
#[derive(Default)]
struct Met {
    address: usize,
    /// How often in a row no value of it could be used again.
    failures: u32,
    /// Whether a value is kept.
    is_kept: bool,
    /// What it was made from.
    words: Words,
    bounds: Bounds,
    followed: usize,
    /// Its length as JSON text.
    length: u64,
    /// The value itself, unless the main stream keeps it at the object's place.
    value: Option<Excerpt>,
    truncations: Truncations,
    /// The value in any case.
    #[cfg(debug_assertions)]
    made: Option<Excerpt>,
}

impl Met {
    /// Whether the value that is kept may be written for the object, under these limits while so many texts are followed.
    #[inline]
    fn stands(&self, bounds: &Bounds, followed: usize, keeps: bool) -> bool {
        self.is_kept
            && self.followed == followed
            && self.bounds == *bounds
            && (keeps || self.value.is_some())
            && self.words.hold()
    }
}

/// Values of objects, each at the place that the address names.
pub struct Unchanged {
    is_on: bool,
    places: Vec<Met>,
}

/// What is known of an object that is to be written.
enum Known {
    /// Its value.
    Value,
    /// That its value may be worth keeping.
    Again,
    /// Nothing.
    Nothing,
}

#[inline]
fn place(object: Object) -> u16 {
    let address = object as u64 >> 4;
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())) as u16
}

impl Unchanged {
    pub fn new() -> Self {
        Self {
            is_on: Python::attach(words::are_known),
            places: Vec::new(),
        }
    }

    /// What is known of an object, to be shown under these limits while so many texts are followed, in a stream that
    /// keeps values or one that does not.
    #[inline]
    fn find(&mut self, object: Object, bounds: &Bounds, followed: usize, keeps: bool) -> Known {
        if self.places.is_empty() {
            if !self.is_on {
                return Known::Nothing;
            }
            self.places.resize_with(PLACES, Met::default);
        }
        let met = &mut self.places[usize::from(place(object))];
        if met.address != object as usize {
            met.address = object as usize;
            met.failures = 0;
            met.is_kept = false;
            met.value = None;
            return Known::Nothing;
        }
        if met.stands(bounds, followed, keeps) {
            met.failures = 0;
            return Known::Value;
        }
        met.is_kept = false;
        met.failures = met.failures.wrapping_add(1);
        if met.failures <= PATIENCE || met.failures.is_multiple_of(NOW_AND_THEN) {
            Known::Again
        } else {
            Known::Nothing
        }
    }
}

impl Encoder<'_> {
    /// A value that is no part of another: as it was, if nothing that it shows has changed.
    pub(super) fn whole(&mut self, object: Object) {
        let (values, keeps) = (&mut *self.values, self.out.keeps());
        let followed = values.redaction.followed();
        match (values.unchanged).find(object, &values.bounds, followed, keeps) {
            Known::Value => {
                #[cfg(debug_assertions)]
                self.compare(object);
                self.append_kept(object);
            }
            Known::Again => self.keep_whole(object, followed),
            Known::Nothing => self.value(object, 0),
        }
    }

    /// Appends the value that is kept of an object.
    fn append_kept(&mut self, object: Object) {
        let (values, place) = (&mut *self.values, place(object));
        let met = &values.unchanged.places[usize::from(place)];
        match &met.value {
            Some(value) => self.out.append(value),
            None => self.out.again(place, met.length),
        }
        values.truncations.add(&met.truncations);
    }

    /// Holds the value that is kept of an object against one made now.
    #[cfg(debug_assertions)]
    fn compare(&mut self, object: Object) {
        let (begun, truncations) = (self.out.place(), self.values.truncations);
        self.value(object, 0);
        let made = self.out.since(begun);
        let met = &self.values.unchanged.places[usize::from(place(object))];
        assert_eq!(met.made, Some(made), "a value is stale");
        assert_eq!(met.truncations, self.values.truncations.since(&truncations));
        self.out.go_back(begun);
        self.values.truncations = truncations;
    }

    /// Writes a value and keeps it, if words decide it all.
    fn keep_whole(&mut self, object: Object, followed: usize) {
        let (passing, truncations) = (self.values.passing, self.values.truncations);
        let (keeps, at) = (self.out.keeps(), place(object));
        if keeps {
            self.out.keep(at);
        }
        let begun = self.out.place();
        self.value(object, 0);
        let values = &mut *self.values;
        let length = self.out.length_since(begun);
        if passing != values.passing
            || followed != values.redaction.followed()
            || length > LONGEST_KEPT
        {
            return;
        }
        let met = &mut values.unchanged.places[usize::from(at)];
        met.words.clear();
        let mut walk = Walk {
            words: &mut met.words,
            classes: &mut values.classes,
            bounds: values.bounds,
        };
        walk.object(object, 0);
        met.is_kept = met.words.are_all();
        met.bounds = values.bounds;
        met.followed = followed;
        met.length = length;
        met.value = (met.is_kept && !keeps).then(|| self.out.since(begun));
        met.truncations = values.truncations.since(&truncations);
        #[cfg(debug_assertions)]
        (met.made = Some(self.out.since(begun)));
    }
}

/// The way through all that a value shows.
struct Walk<'a> {
    words: &'a mut Words,
    classes: &'a mut Classes,
    bounds: Bounds,
}

impl Walk<'_> {
    fn object(&mut self, object: Object, depth: usize) {
        if !self.words.are_all() {
            return;
        }
        // SAFETY: a live object; each branch notes what its exact type has.
        unsafe {
            let class = ffi::Py_TYPE(object);
            if is_constant(object) {
            } else if is_scalar(class) {
                self.words.scalar(object);
            } else if class == &raw mut ffi::PyList_Type {
                self.words.type_of(object);
                self.content(object, Reading::List, depth);
            } else if class == &raw mut ffi::PyTuple_Type {
                self.words.type_of(object);
                self.content(object, Reading::Tuple, depth);
            } else if class == &raw mut ffi::PyDict_Type {
                self.words.type_of(object);
                self.content(object, Reading::Dict, depth);
            } else {
                self.other(object, class, depth);
            }
        }
    }

    fn other(&mut self, object: Object, class: *mut ffi::PyTypeObject, depth: usize) {
        let place = self.classes.place(class);
        let known = self.classes.get(place);
        // SAFETY: a live object.
        unsafe { self.words.class_of(object) };
        if known.reading == Reading::Instance && depth >= self.bounds.depth {
            return known.layout.note(object, self.words, false);
        }
        let (reading, layout) = (known.reading, Rc::clone(&known.layout));
        // SAFETY: a live object of the kind that the reading stands for.
        unsafe {
            match reading {
                Reading::Opaque => {}
                Reading::Class => self.words.class(object.cast()),
                Reading::Enum => {
                    layout.note(object, self.words, true);
                    match standard::attribute(&layout, object, "_name_") {
                        Some(name) if text::is_str(name) => self.words.scalar(name),
                        _ => self.words.doubt(),
                    }
                }
                Reading::Instance
                | Reading::List
                | Reading::Tuple
                | Reading::NamedTuple
                | Reading::Dict
                | Reading::Set => {
                    self.attributes(object, &layout, depth);
                    self.content(object, reading, depth);
                }
                _ => self.words.doubt(),
            }
        }
    }

    fn attributes(&mut self, object: Object, layout: &Layout, depth: usize) {
        let is_open = depth < self.bounds.depth;
        layout.note(object, self.words, is_open);
        if is_open && self.words.are_all() {
            let mut left = self.bounds.items;
            layout.attributes(object).for_each(|_, value| {
                self.object(value, depth + 1);
                left = left.saturating_sub(1);
                left > 0
            });
        }
    }

    /// What an object holds beside attributes.
    unsafe fn content(&mut self, object: Object, reading: Reading, depth: usize) {
        let is_open = depth < self.bounds.depth;
        // SAFETY: a live object of the kind that the reading stands for; items below the size.
        unsafe {
            match reading {
                Reading::List => {
                    self.words.size(object);
                    if is_open {
                        let items = self.words.items_of_list(object);
                        self.items(items, ffi::PyList_GET_SIZE(object), depth);
                    }
                }
                Reading::Tuple | Reading::NamedTuple => {
                    self.words.size(object);
                    if is_open {
                        let items = &raw const (*object.cast::<ffi::PyTupleObject>()).ob_item;
                        self.items(items.cast(), ffi::PyTuple_GET_SIZE(object), depth);
                    }
                }
                Reading::Dict if is_open => {
                    self.words.dict(object, self.bounds.items);
                    self.pairs(object, depth);
                }
                Reading::Dict => self.words.size_of_dict(object),
                Reading::Set => {
                    self.words.size_of_set(object);
                    if is_open && ffi::PySet_Size(object) > 0 {
                        self.words.doubt();
                    }
                }
                _ => {}
            }
        }
    }

    unsafe fn items(&mut self, items: *const Object, size: ffi::Py_ssize_t, depth: usize) {
        for index in 0..size.cast_unsigned().min(self.bounds.items) {
            // SAFETY: the index is below the size.
            unsafe {
                let item = items.add(index);
                self.words.word(item);
                if !(*item).is_null() {
                    self.object(*item, depth + 1);
                }
            }
            if !self.words.are_all() {
                return;
            }
        }
    }

    /// The items of a dict that words say to be the same: what cannot change need not be looked at.
    fn pairs(&mut self, dict: Object, depth: usize) {
        let mut left = self.bounds.items;
        object::each_item(dict, |key, value| {
            for object in [key, value] {
                // SAFETY: a live object.
                if !is_scalar(unsafe { ffi::Py_TYPE(object) }) {
                    self.object(object, depth + 1);
                }
            }
            left = left.saturating_sub(1);
            left > 0 && self.words.are_all()
        });
    }
}

/// Whether a value of this object has no parts, so that it is written as fast as it is found.
#[inline]
pub fn is_simple(object: Object) -> bool {
    // SAFETY: a live object.
    is_constant(object) || is_scalar(unsafe { ffi::Py_TYPE(object) })
}

/// `None`, `True`, `False`: an address says all.
#[inline]
fn is_constant(object: Object) -> bool {
    // SAFETY: constants of the interpreter.
    unsafe { object == ffi::Py_None() || object == ffi::Py_True() || object == ffi::Py_False() }
}

#[inline]
fn is_scalar(class: *mut ffi::PyTypeObject) -> bool {
    class == &raw mut ffi::PyLong_Type
        || class == &raw mut ffi::PyUnicode_Type
        || class == &raw mut ffi::PyFloat_Type
}
