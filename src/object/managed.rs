//! Where an instance keeps the attributes that are no slots: in a dict, or in values beside it.
//!
//! Owns: the layout of these values. Must not: make a dict.
//!
//! Layouts: `Include/internal/pycore_dict.h` and `pycore_object.h` of 3.12 to 3.15 (values of instances whose `__dict__`
//! nobody asked for yet).

use pyo3::ffi;

use crate::frame::Object;

use super::Attribute;
use super::dict::{DictKeys, KeyEntry};
#[cfg(Py_3_13)]
use super::flags;
use super::words::Words;

/// `Py_TPFLAGS_INLINE_VALUES`, since 3.13.
#[cfg(Py_3_13)]
const INLINE_VALUES: u64 = 1 << 2;

pub(super) enum Stored {
    None,
    Dict(Object),
    Values(Values),
}

impl Stored {
    pub(super) fn of_dict(dict: Object) -> Self {
        // SAFETY: null or a live object.
        if dict.is_null() || unsafe { ffi::PyDict_Check(dict) } == 0 {
            Self::None
        } else {
            Self::Dict(dict)
        }
    }
}

/// Attribute values kept beside an instance without a dict: in the order of the class's shared
/// keys, with a list of indices in the order of insertion.
pub(super) struct Values {
    values: *const Object,
    order: *const u8,
    step: isize,
    count: u8,
    /// Where it stands how many there are.
    size: (*const u8, usize),
    /// Where it stands in which order they are, and how many.
    head: (*const u8, usize),
}

impl Values {
    /// Notes how many there are and, if it `is_open`, where each lies.
    unsafe fn note(&self, words: &mut Words, is_open: bool) {
        // SAFETY: as for `each`.
        unsafe {
            // Before the rest: it says, too, how far that reaches.
            words.bytes(self.size.0, self.size.1);
            if is_open {
                words.bytes(self.head.0, self.head.1);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.count)
    }

    #[inline]
    pub(super) fn each(&self, keys: *const DictKeys, mut visit: impl FnMut(Attribute) -> bool) {
        if keys.is_null() {
            return;
        }
        // SAFETY: 3.12 to 3.15, proven by the self-check: `count` indices, each below the number of
        // shared keys, whose entries are pairs of key and value behind the index table.
        unsafe {
            let entries = DictKeys::entries(keys).cast::<KeyEntry>();
            for position in 0..isize::from(self.count) {
                let index = usize::from(*self.order.offset(position * self.step));
                let name = (*entries.add(index)).key;
                if !visit(Attribute::at(self.values.add(index), name)) {
                    return;
                }
            }
        }
    }
}

/// 3.12: one word before the object holds a dict, or values marked by their lowest bit.
#[cfg(not(Py_3_13))]
#[inline]
pub(super) unsafe fn managed(object: Object) -> Stored {
    // SAFETY: the type has `Py_TPFLAGS_MANAGED_DICT`, so the word is there.
    unsafe {
        let word = *object.cast::<usize>().sub(3);
        if word & 1 == 0 {
            return Stored::of_dict(word as Object);
        }
        let values = (word + 1) as *const u8;
        let size = usize::from(*values.sub(2));
        Stored::Values(Values {
            values: values.cast(),
            order: values.sub(3),
            step: -1,
            count: *values.sub(2),
            size: (values.sub(2), 2),
            head: (values.sub(size + 2), size + 2),
        })
    }
}

/// Notes the word before the object, and what it leads to.
#[cfg(not(Py_3_13))]
pub(super) unsafe fn note_managed(object: Object, words: &mut Words, is_open: bool) {
    // SAFETY: as for `managed`.
    unsafe {
        let place = object.cast::<Object>().sub(3);
        match managed(object) {
            Stored::Values(values) => {
                words.word(place);
                values.note(words, is_open);
            }
            _ => note_dict(place, words),
        }
    }
}

/// Since 3.13: what begins where the object's head ends, or what its class has there.
#[cfg(Py_3_13)]
#[repr(C)]
struct Inline {
    capacity: u8,
    size: u8,
    embedded: u8,
    valid: u8,
    values: [Object; 0],
}

#[cfg(Py_3_13)]
impl Inline {
    /// That of an object, if its class has such values.
    #[inline]
    unsafe fn of(object: Object) -> Option<*const Self> {
        // SAFETY: a live object; the type has `Py_TPFLAGS_MANAGED_DICT`.
        unsafe {
            let class = (*object).ob_type;
            let begin = if cfg!(Py_3_14) {
                (*class).tp_basicsize
            } else {
                size_of::<ffi::PyObject>().cast_signed()
            };
            let has_any = flags(class) & INLINE_VALUES != 0;
            has_any.then(|| object.byte_offset(begin).cast::<Self>().cast_const())
        }
    }
}

/// Since 3.13: values lie in the object itself as long as `valid` says so; else the word before it holds a dict.
#[cfg(Py_3_13)]
#[inline]
pub(super) unsafe fn managed(object: Object) -> Stored {
    // SAFETY: the type has `Py_TPFLAGS_MANAGED_DICT`, so the word is there, and with
    // `Py_TPFLAGS_INLINE_VALUES` the values are there.
    unsafe {
        if let Some(inline) = Inline::of(object).filter(|inline| (**inline).valid != 0) {
            let values = (&raw const (*inline).values).cast::<Object>();
            let order = values.add(usize::from((*inline).capacity)).cast();
            return Stored::Values(Values {
                values,
                order,
                step: 1,
                count: (*inline).size,
                // `note_managed` notes it.
                size: (order, 0),
                head: (order, usize::from((*inline).size)),
            });
        }
        Stored::of_dict(*object.cast::<Object>().sub(3))
    }
}

/// Notes where the values are said to be, and what is there.
#[cfg(Py_3_13)]
pub(super) unsafe fn note_managed(object: Object, words: &mut Words, is_open: bool) {
    // SAFETY: as for `managed`.
    unsafe {
        if let Some(inline) = Inline::of(object) {
            words.word(inline);
        }
        match managed(object) {
            Stored::Values(values) => values.note(words, is_open),
            _ => note_dict(object.cast::<Object>().sub(3), words),
        }
    }
}

/// Notes the dict, if there is one, that an instance holds at this place.
pub(super) unsafe fn note_dict(place: *const Object, words: &mut Words) {
    // SAFETY: a place of a live instance.
    unsafe {
        words.word(place);
        if let Stored::Dict(dict) = Stored::of_dict(*place) {
            words.type_of(dict);
            words.dict(dict, usize::MAX);
            words.names_of_dict(dict);
        }
    }
}
