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
use crate::trace::Excerpt;

use super::classes::{Classes, Reading};
use super::{Bounds, Encoder, Truncations, standard};

/// Objects whose values are kept, one at each place.
const PLACES: usize = 1 << 9;
/// Bytes of a value that is kept, in the compact form.
const LONGEST: usize = 8192;
/// Times in a row that an object had changed before it is taken for one that always has.
const PATIENCE: u32 = 4;
/// One of so many values of such an object is kept all the same.
const NOW_AND_THEN: u32 = 16;

/// A value, and what it was made from.
struct Kept {
    words: Words,
    bounds: Bounds,
    followed: usize,
    value: Excerpt,
    truncations: Truncations,
}

/// An object that was met.
#[derive(Default)]
struct Met {
    address: usize,
    /// How often in a row no value of it could be used again.
    failures: u32,
    kept: Option<Box<Kept>>,
}

/// Values of objects, each at the place that the address names.
pub struct Unchanged {
    is_on: bool,
    places: Vec<Met>,
    /// Where words are gathered.
    words: Words,
}

/// What is known of an object that is to be written.
enum Known<'a> {
    /// Its value.
    Value(&'a Kept),
    /// That its value may be worth keeping.
    Again,
    /// Nothing.
    Nothing,
}

fn place(object: Object) -> usize {
    let address = object as u64 >> 4;
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())) as usize
}

impl Unchanged {
    pub fn new() -> Self {
        Self {
            is_on: Python::attach(words::are_known),
            places: Vec::new(),
            words: Words::default(),
        }
    }

    /// What is known of an object, to be shown under these limits while so many texts are followed.
    #[inline]
    fn find(&mut self, object: Object, bounds: &Bounds, followed: usize) -> Known<'_> {
        if self.places.is_empty() {
            if !self.is_on {
                return Known::Nothing;
            }
            self.places.resize_with(PLACES, Met::default);
        }
        let met = &mut self.places[place(object)];
        if met.address != object as usize {
            *met = Met {
                address: object as usize,
                ..Met::default()
            };
            return Known::Nothing;
        }
        match &met.kept {
            Some(kept)
                if kept.followed == followed && kept.bounds == *bounds && kept.words.hold() =>
            {
                met.failures = 0;
            }
            _ => {
                met.kept = None;
                met.failures = met.failures.wrapping_add(1);
            }
        }
        match &met.kept {
            Some(kept) => Known::Value(kept),
            None if met.failures <= PATIENCE || met.failures.is_multiple_of(NOW_AND_THEN) => {
                Known::Again
            }
            None => Known::Nothing,
        }
    }
}

impl Encoder<'_> {
    /// A value that is no part of another: as it was, if nothing that it shows has changed.
    pub(super) fn whole(&mut self, object: Object) {
        let values = &mut *self.values;
        let followed = values.redaction.followed();
        match values.unchanged.find(object, &values.bounds, followed) {
            Known::Value(kept) if cfg!(debug_assertions) => {
                let expected = kept.value.clone();
                let begun = self.out.place();
                self.value(object, 0);
                assert_eq!(self.out.since(begun), expected, "a value is stale");
            }
            Known::Value(kept) => {
                self.out.append(&kept.value);
                values.truncations.add(&kept.truncations);
            }
            Known::Again => self.keep_whole(object, followed),
            Known::Nothing => self.value(object, 0),
        }
    }

    /// Writes a value and keeps it, if words decide it all.
    fn keep_whole(&mut self, object: Object, followed: usize) {
        let (begun, truncations) = (self.out.place(), self.values.truncations);
        let given = self.values.given;
        self.value(object, 0);
        let values = &mut *self.values;
        let value = self.out.since(begun);
        // Where texts were given to be followed, this is to be done each time.
        if given != values.given
            || followed != values.redaction.followed()
            || value.size() > LONGEST
        {
            return;
        }
        let unchanged = &mut values.unchanged;
        unchanged.words.clear();
        let mut walk = Walk {
            words: &mut unchanged.words,
            classes: &mut values.classes,
            bounds: values.bounds,
        };
        walk.object(object, 0);
        if unchanged.words.are_all() {
            unchanged.places[place(object)].kept = Some(Box::new(Kept {
                words: unchanged.words.kept(),
                bounds: values.bounds,
                followed,
                value,
                truncations: values.truncations.since(&truncations),
            }));
        }
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
        let (reading, layout) = (known.reading, Rc::clone(&known.layout));
        // SAFETY: a live object of the kind that the reading stands for.
        unsafe {
            self.words.class_of(object);
            match reading {
                Reading::Opaque => {}
                Reading::Class => self.words.class(object.cast()),
                Reading::Enum => {
                    layout.note(object, self.words, true);
                    match standard::attribute(&layout, object, "_name_") {
                        Some(name) if is_scalar(ffi::Py_TYPE(name)) => self.words.scalar(name),
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
                    self.words.dict(object);
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
