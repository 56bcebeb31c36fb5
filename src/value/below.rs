//! The texts below a value: of its items, keys and attributes, and of those of these.
//!
//! Owns: how far a value is walked. Must not: run code of the program, or know what is done with a text.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use foldhash::fast::RandomState;
use pyo3::ffi;

use crate::frame::Object;
use crate::object;
use crate::policy::Redaction;

use super::classes::Reading;
use super::{Values, containers, standard, text};

/// Levels of a value that are walked.
const LEVELS: usize = 8;
/// Objects of a value that are looked at.
const OBJECTS: usize = 1000;
/// Characters of the shortest key that may be a secret, and changes between letter and digit in it.
const KEY: usize = 12;
const CHANGES: usize = 3;

/// What is done with a text, which is a str, bytes or an int.
type Visit<'a> = dyn FnMut(&mut Redaction, Object) + 'a;

/// A walk through what lies below a value.
struct Walk<'a> {
    values: &'a mut Values,
    visit: &'a mut Visit<'a>,
    left: usize,
    /// The objects that were walked, and how many levels of each. What is walked is held by what it was reached from: no
    /// address stands for two objects.
    walked: HashMap<Object, usize, RandomState>,
}

impl Values {
    /// Calls `visit` with each text below an object, itself included; of keys with those that look like no names.
    pub(super) fn each_text<'a>(&'a mut self, object: Object, visit: &'a mut Visit<'a>) {
        let mut walk = Walk {
            values: self,
            visit,
            left: OBJECTS,
            walked: HashMap::default(),
        };
        let _ = walk.object(object, LEVELS);
    }
}

impl Walk<'_> {
    /// Breaks where there were too many.
    fn object(&mut self, object: Object, levels: usize) -> ControlFlow<()> {
        let Some(left) = self.left.checked_sub(1) else {
            return ControlFlow::Break(());
        };
        self.left = left;
        if is_text(object) {
            (self.visit)(&mut self.values.redaction, object);
        } else if self.goes_deeper(object, levels) {
            return self.inside(object, levels - 1);
        }
        ControlFlow::Continue(())
    }

    /// Whether so many levels of an object are more than were walked.
    fn goes_deeper(&mut self, object: Object, levels: usize) -> bool {
        let walked = self.walked.entry(object).or_default();
        let is_deeper = levels > *walked;
        *walked = levels.max(*walked);
        is_deeper
    }

    fn inside(&mut self, object: Object, levels: usize) -> ControlFlow<()> {
        // SAFETY: a live object.
        let place = self.values.classes.place(unsafe { ffi::Py_TYPE(object) });
        let class = self.values.classes.get(place);
        let (reading, layout) = (class.reading, Rc::clone(&class.layout));
        match reading {
            // What is written in code is none of the program's data.
            Reading::Function | Reading::Class | Reading::Module => {
                return ControlFlow::Continue(());
            }
            Reading::Enum => {
                let value = standard::attribute(&layout, object, "_value_");
                return value.map_or(ControlFlow::Continue(()), |value| {
                    self.object(value, levels)
                });
            }
            Reading::Dict => self.items_of_dict(object, levels)?,
            Reading::List | Reading::Tuple | Reading::NamedTuple => self.items(object, levels)?,
            Reading::Set | Reading::Iterated => {
                containers::each_new(object, reading, |item| self.object(item, levels))?;
            }
            _ => {}
        }
        let mut flow = ControlFlow::Continue(());
        layout.attributes(object).for_each(|_, value| {
            flow = self.object(value, levels);
            flow.is_continue()
        });
        flow
    }

    fn items_of_dict(&mut self, dict: Object, levels: usize) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        object::each_item(dict, |key, value| {
            if !is_text(key) || looks_random(key) {
                flow = self.object(key, levels);
            }
            if flow.is_continue() {
                flow = self.object(value, levels);
            }
            flow.is_continue()
        });
        flow
    }

    fn items(&mut self, object: Object, levels: usize) -> ControlFlow<()> {
        // SAFETY: a list or tuple; nothing changes it while it is read.
        unsafe {
            let is_list = ffi::PyList_Check(object) != 0;
            for index in 0..ffi::Py_SIZE(object) {
                let item = if is_list {
                    ffi::PyList_GET_ITEM(object, index)
                } else {
                    ffi::PyTuple_GET_ITEM(object, index)
                };
                if !item.is_null() {
                    self.object(item, levels)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn is_text(object: Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        text::is_str(object)
            || ffi::PyBytes_Check(object) != 0
            || ffi::PyByteArray_Check(object) != 0
            || ffi::PyLong_CheckExact(object) != 0
    }
}

/// Whether the key of a dict is a secret rather than the name of one: letters and digits in turn.
fn looks_random(key: Object) -> bool {
    if !text::is_str(key) {
        return false;
    }
    let mut scratch = String::new();
    let key = text::read(key, KEY * 4, &mut scratch).text.as_bytes();
    let changes = key.windows(2).filter(|pair| {
        let (one, other) = (pair[0], pair[1]);
        one.is_ascii_digit() && other.is_ascii_alphabetic()
            || one.is_ascii_alphabetic() && other.is_ascii_digit()
    });
    key.len() >= KEY && changes.count() >= CHANGES
}
