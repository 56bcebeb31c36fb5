//! Where the content of each kind of object lies, noted as words: what says which object is read, and what it holds.
//!
//! Owns: where the content of a built-in lies, and the self-check that proves it. Must not: know what is made of it, or
//! how long words stand.
//!
//! Layouts: `Include/cpython/` of 3.12 to 3.15; a dict's version, before 3.14: PEP 509.

use std::slice;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyDict, PyList, PySet};

use super::dict::DictKeys;
use super::words::Words;
use super::{Attribute, places, sets};
use crate::frame::{Access, Frame, Object, Slot};

/// `_PyLong_NON_SIZE_BITS`: bits of `lv_tag` beside the number of digits.
const TAG_BITS: u32 = 3;

/// `PyLongObject` (`Include/cpython/longintrepr.h`).
#[repr(C)]
struct Int {
    head: ffi::PyObject,
    tag: usize,
    digits: [u32; 0],
}

impl Words {
    /// Notes which object a local variable of a running frame is, and returns it; null where it is unbound. By the fast
    /// path only.
    ///
    /// # Safety
    /// The slot is one of the frame's code; the words are read again only while the frame runs that.
    #[inline]
    pub unsafe fn local(&mut self, frame: Frame, slot: &Slot) -> Object {
        let (place, object, content) = frame.places(slot);
        // SAFETY: a slot of a running frame, and a cell in it.
        unsafe {
            self.word(place);
            match content {
                Some(content) => {
                    self.type_of(object);
                    self.word(content);
                    *content
                }
                None => object,
            }
        }
    }
}

/// What decides what is read of an object: each is a live one of the type that is named, whose address is decided by the
/// words before.
impl Words {
    /// Which object an attribute is, unless a dict says that.
    #[inline]
    pub unsafe fn attribute(&mut self, attribute: &Attribute) {
        if !attribute.place.is_null() {
            // SAFETY: a live instance holds it there.
            unsafe { self.word(attribute.place) }
        }
    }

    /// Of which type it is.
    pub unsafe fn type_of(&mut self, object: Object) {
        // SAFETY: a live object.
        unsafe { self.word(&raw const (*object).ob_type) }
    }

    /// How a type stands, and what its name is: a class that is renamed keeps its version (since 3.13).
    pub unsafe fn class(&mut self, class: *mut ffi::PyTypeObject) {
        // SAFETY: a live type; its version lies behind other fields; a heap type holds its name.
        unsafe {
            let version = &raw const (*class).tp_version_tag;
            if *version == 0 {
                return self.doubt();
            }
            self.bytes(version.cast(), size_of_val(&*version));
            if (*class).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
                let name = &raw const (*class.cast::<ffi::PyHeapTypeObject>()).ht_name;
                self.word(name);
                self.scalar(*name, usize::MAX);
            }
        }
    }

    /// An exact int or float, or so many characters of an exact str and how many it has; others leave doubt.
    pub unsafe fn scalar(&mut self, object: Object, characters: usize) {
        // SAFETY: a live object of the exact type that each branch has checked.
        unsafe {
            if is_immortal(object) {
                return;
            }
            self.type_of(object);
            let class = (*object).ob_type;
            if class == &raw mut ffi::PyLong_Type {
                self.int(object);
            } else if class == &raw mut ffi::PyFloat_Type {
                self.word(&raw const (*object.cast::<ffi::PyFloatObject>()).ob_fval);
            } else if class == &raw mut ffi::PyUnicode_Type {
                self.text(object, characters);
            } else {
                // A class may have a name whose own class inherits from str, and whose characters lie elsewhere.
                self.doubt();
            }
        }
    }

    unsafe fn int(&mut self, object: Object) {
        // SAFETY: an int.
        unsafe {
            self.word(&raw const (*object.cast::<Int>()).tag);
            let digits = digits(object);
            self.bytes(digits.as_ptr(), digits.len());
        }
    }

    #[inline]
    unsafe fn text(&mut self, object: Object, characters: usize) {
        // SAFETY: an exact str: its characters follow its head.
        unsafe {
            let text = object.cast::<ffi::PyASCIIObject>();
            let count = (*text).length.cast_unsigned().min(characters);
            self.word(&raw const (*text).length);
            self.word(&raw const (*text).state);
            let size = count * ffi::PyUnicode_KIND(object) as usize;
            self.bytes(ffi::PyUnicode_DATA(object).cast(), size);
        }
    }

    /// So many bytes of bytes, or of what inherits from them, and how many there are.
    pub unsafe fn literal(&mut self, object: Object, most: usize) {
        // SAFETY: bytes: what they are follows their head, in which the last word is a hash.
        unsafe {
            self.size(object);
            let size = (*object.cast::<ffi::PyVarObject>()).ob_size.cast_unsigned();
            self.bytes(ffi::PyBytes_AsString(object).cast(), size.min(most));
        }
    }

    /// So many bytes of a bytearray, or of what inherits from one, and how many it has.
    pub unsafe fn buffer(&mut self, object: Object, most: usize) {
        // SAFETY: a bytearray: it says how many bytes it has, and where they lie.
        unsafe {
            self.size(object);
            let start = &raw const (*object.cast::<ffi::PyByteArrayObject>()).ob_start;
            self.word(start);
            let size = (*object.cast::<ffi::PyVarObject>()).ob_size.cast_unsigned();
            self.run((*start).cast(), size.min(most));
        }
    }

    /// So many characters of what inherits from str, and how many it has.
    pub unsafe fn text_elsewhere(&mut self, object: Object, characters: usize) {
        // SAFETY: a str of a class of its own, which has room to say where its characters lie.
        unsafe {
            let text = object.cast::<ffi::PyUnicodeObject>();
            let start = &raw const (*text).data.any;
            if *start != ffi::PyUnicode_DATA(object) {
                return self.doubt();
            }
            let head = object.cast::<ffi::PyASCIIObject>();
            self.word(&raw const (*head).length);
            self.word(&raw const (*head).state);
            self.word(start);
            let count = (*head).length.cast_unsigned().min(characters);
            self.run(
                (*start).cast(),
                count * ffi::PyUnicode_KIND(object) as usize,
            );
        }
    }

    /// So many characters of the name that a function carries.
    pub unsafe fn function(&mut self, object: Object, name: Object, characters: usize) {
        // SAFETY: an exact function, which holds its name.
        unsafe {
            let place = &raw const (*object.cast::<ffi::PyFunctionObject>()).func_qualname;
            if *place != name {
                return self.doubt();
            }
            self.word(place);
            self.scalar(name, characters);
        }
    }

    /// The number of items of a list or tuple, or of what inherits from one.
    pub unsafe fn size(&mut self, object: Object) {
        // SAFETY: a list or tuple.
        unsafe { self.word(&raw const (*object.cast::<ffi::PyVarObject>()).ob_size) }
    }

    /// The number of items of a set, or of what inherits from one.
    pub unsafe fn size_of_set(&mut self, object: Object) {
        // SAFETY: a set.
        unsafe { self.word(&raw const (*object.cast::<ffi::PySetObject>()).used) }
    }

    /// Which objects the first so many items of a set are.
    pub unsafe fn items_of_set(&mut self, object: Object, limit: usize) {
        // SAFETY: a set. An item is its entry's first word.
        unsafe {
            let set = object.cast::<ffi::PySetObject>();
            self.word(&raw const (*set).mask);
            self.word(&raw const (*set).table);
            let mut left = limit.min((*set).used.cast_unsigned());
            let mut entry = sets::entries(object);
            for _ in 0..sets::count(object) {
                if left == 0 || !self.are_all() {
                    break;
                }
                self.word(entry.cast::<Object>());
                left -= usize::from(sets::is_item(entry));
                entry = entry.add(1);
            }
        }
    }

    /// The number of items of a dict, or of what inherits from one.
    pub unsafe fn size_of_dict(&mut self, object: Object) {
        // SAFETY: a dict.
        unsafe { self.word(&raw const (*object.cast::<ffi::PyDictObject>()).ma_used) }
    }

    /// Where the items of a list are; returns the place of the first.
    pub unsafe fn items_of_list(&mut self, object: Object) -> *const Object {
        // SAFETY: a list.
        unsafe {
            let items = &raw const (*object.cast::<ffi::PyListObject>()).ob_item;
            self.word(items);
            (*items).cast_const()
        }
    }

    /// The items of a dict, or of what inherits from one: which objects the first so many of them are. Where the dict has a
    /// version, that they are held, too.
    pub unsafe fn dict(&mut self, object: Object, limit: usize) {
        // SAFETY: a dict.
        unsafe {
            let dict = object.cast::<ffi::PyDictObject>();
            if !(*dict).ma_values.is_null() {
                // Values that it shares with an instance change without its version.
                return self.doubt();
            }
            self.items_of_dict(dict, limit);
        }
    }

    /// By its version: PEP 509.
    #[cfg(not(Py_3_14))]
    #[allow(deprecated)] // since 3.12
    unsafe fn items_of_dict(&mut self, dict: *mut ffi::PyDictObject, limit: usize) {
        // SAFETY: a dict with all its values among its entries.
        unsafe {
            self.word(&raw const (*dict).ma_version_tag);
            // 3.12: `STORE_ATTR_WITH_HINT` lets an old value go before the dict has another version, so that code which
            // runs then sees the old one. The place of the value has changed before.
            if cfg!(not(Py_3_13)) {
                self.entries_of_dict(dict, limit);
            }
        }
    }

    /// By the entries that are looked at, and how many there are: no dict has a version any more.
    #[cfg(Py_3_14)]
    unsafe fn items_of_dict(&mut self, dict: *mut ffi::PyDictObject, limit: usize) {
        // SAFETY: a dict with all its values among its entries.
        unsafe {
            self.word(&raw const (*dict).ma_used);
            self.entries_of_dict(dict, limit);
        }
    }

    /// What the keys are that are strs: which objects they are says a dict's version, where it has one.
    #[cfg(not(Py_3_14))]
    pub unsafe fn names_of_dict(&mut self, _dict: Object) {}

    /// What the keys are that are strs.
    #[cfg(Py_3_14)]
    pub unsafe fn names_of_dict(&mut self, dict: Object) {
        super::dict::each_item(dict, |key, _| {
            // SAFETY: the dict holds it.
            unsafe { self.scalar(key, usize::MAX) };
            self.are_all()
        });
    }

    /// The entries that are looked at, up to so many that are in use: their values and, where no version tells of the rest,
    /// how the keys are laid out, how many entries there are, which are free, and their keys.
    unsafe fn entries_of_dict(&mut self, dict: *mut ffi::PyDictObject, limit: usize) {
        let is_all = cfg!(Py_3_14);
        // SAFETY: a dict with all its values among the entries behind the table of indices (`pycore_dict.h`).
        unsafe {
            let keys = &raw const (*dict).ma_keys;
            self.word(keys);
            let keys = (*keys).cast::<DictKeys>();
            if is_all {
                self.word(DictKeys::form(keys));
                self.word(&raw const (*keys).entries);
            }
            let mut left = limit;
            for place in places::looked_at((*keys).entries.cast_unsigned(), limit) {
                if left == 0 || !self.are_all() {
                    break;
                }
                let [key, value] = DictKeys::item(keys, place);
                let is_free = (*value).is_null();
                if is_all || !is_free {
                    self.word(value);
                }
                if is_all && !is_free {
                    self.word(key);
                }
                left -= usize::from(!is_free);
            }
        }
    }
}

/// Whether an exact int has few digits.
///
/// # Safety
/// A live int.
#[inline]
pub unsafe fn is_short(int: Object) -> bool {
    // SAFETY: the caller's promise.
    unsafe { count_digits(int) <= 3 }
}

/// Whether an int, or what inherits from it, has less than 2000 bits.
///
/// # Safety
/// A live one.
pub unsafe fn is_moderate(int: Object) -> bool {
    // SAFETY: the caller's promise.
    unsafe { count_digits(int) <= 64 }
}

/// The digits of an int as they lie in memory.
///
/// # Safety
/// A live one.
pub unsafe fn digits<'a>(int: Object) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe {
        let digits = (&raw const (*int.cast::<Int>()).digits).cast();
        slice::from_raw_parts(digits, count_digits(int) * size_of::<u32>())
    }
}

/// Digits of 30 bits.
#[inline]
unsafe fn count_digits(int: Object) -> usize {
    // SAFETY: the callers' promise; proven by the self-check.
    unsafe { (*int.cast::<Int>()).tag >> TAG_BITS }
}

/// Objects that never die (PEP 683).
unsafe fn is_immortal(object: Object) -> bool {
    // SAFETY: a live object.
    unsafe { (ffi::Py_REFCNT(object) as i32) < 0 }
}

/// Whether words tell what this file says that they tell; found out at the first call.
pub fn are_known(py: Python<'_>) -> bool {
    static KNOWN: PyOnceLock<bool> = PyOnceLock::new();
    *KNOWN.get_or_init(py, || {
        super::access(py) == Access::Fast && self_check(py).unwrap_or(false)
    })
}

/// Reads known objects, changes them, and says whether their words tell of it.
fn self_check(py: Python<'_>) -> PyResult<bool> {
    Ok(digits_are_known(py)? && changes_are_seen(py)?)
}

fn digits_are_known(py: Python<'_>) -> PyResult<bool> {
    let number = ((5_u128 << 60) | (7 << 30) | 9).into_pyobject(py)?;
    // SAFETY: an int of two digits at least, in all layouts that there were.
    let (tag, first) = unsafe {
        let int = number.as_ptr().cast::<Int>();
        ((*int).tag, (*int).digits.as_ptr().cast::<[u32; 2]>().read())
    };
    Ok(tag >> TAG_BITS == 3 && first == [9, 7])
}

fn changes_are_seen(py: Python<'_>) -> PyResult<bool> {
    let (list, dict) = (PyList::new(py, [1, 2])?, PyDict::new(py));
    let set = PySet::new(py, [1])?;
    let buffer = PyByteArray::new(py, b"some bytes");
    dict.set_item("key", 1)?;
    // SAFETY: live objects of the type that is named.
    let note_list = |words: &mut Words| unsafe {
        words.size(list.as_ptr());
        let items = words.items_of_list(list.as_ptr());
        words.word(items.add(1));
    };
    // SAFETY: as above.
    let note_dict = |words: &mut Words| unsafe { words.dict(dict.as_ptr(), 1) };
    // SAFETY: as above, without the version.
    let note_entries =
        |words: &mut Words| unsafe { words.entries_of_dict(dict.as_ptr().cast(), 2) };
    // SAFETY: as above.
    let note_set = |words: &mut Words| unsafe { words.size_of_set(set.as_ptr()) };
    // SAFETY: as above.
    let note_items = |words: &mut Words| unsafe { words.items_of_set(set.as_ptr(), 2) };
    // SAFETY: as above.
    let note_bytes = |words: &mut Words| unsafe { words.buffer(buffer.as_ptr(), 9) };
    Ok(is_seen(note_list, || list.set_item(1, 3))?
        && is_seen(note_list, || list.append(4))?
        && is_seen(note_dict, || dict.set_item("key", 2))?
        && is_seen(note_entries, || dict.set_item("key", 3))?
        && dict.set_item((), 4).is_ok() // with hashes among the entries, now
        && is_seen(note_entries, || dict.set_item("key", 5))?
        && is_seen(note_entries, || dict.set_item((), 6))?
        && is_seen(note_dict, || dict.del_item("key"))?
        && is_seen(note_set, || set.add(2))?
        && is_seen(note_items, || set.discard(2).map(drop))?
        && is_seen(note_bytes, || buffer.set_item(8, 1))?
        && is_seen(note_bytes, || buffer.del_item(0))?
        && is_seen(note_bytes, || buffer.resize(20))?)
}

/// Whether what is noted is the same before a change, and is not after it.
fn is_seen(note: impl Fn(&mut Words), change: impl Fn() -> PyResult<()>) -> PyResult<bool> {
    let mut words = Words::default();
    note(&mut words);
    // SAFETY: the object that is noted outlives this.
    let hold = |words: &Words| unsafe { words.hold() };
    let stood = words.are_all() && hold(&words);
    change()?;
    Ok(stood && !hold(&words))
}
