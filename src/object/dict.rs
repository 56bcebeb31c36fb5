//! Dicts, read from memory: their items, and what lies under a name.
//!
//! Owns: the layout of a dict's keys. Must not: compare keys as a look-up does, which may run code of the program.
//!
//! Layouts: `Include/internal/pycore_dict.h` of 3.12 to 3.15.

use std::ffi::CStr;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;

use super::places;
use crate::frame::{Access, Object};

#[repr(C)]
pub(super) struct DictKeys {
    references: isize,
    log2_size: u8,
    log2_index_bytes: u8,
    kind: u8,
    version: u32,
    usable: isize,
    pub(super) entries: isize,
    indices: [u8; 0],
}

impl DictKeys {
    /// The entries, behind the table of indices.
    pub(super) unsafe fn entries(keys: *const Self) -> *const u8 {
        // SAFETY: the keys of a live dict or class.
        unsafe {
            let table = (&raw const (*keys).indices).cast::<u8>();
            table.add(1 << (*keys).log2_index_bytes)
        }
    }

    /// A word that says how the keys are laid out; it lies before the number of entries.
    pub(super) unsafe fn form(keys: *const Self) -> *const u64 {
        // SAFETY: the keys of a live dict.
        unsafe { (&raw const (*keys).log2_size).cast() }
    }

    /// What stands at a place of the table of indices: the number of an entry, `EMPTY`, or that one was taken out.
    unsafe fn index(keys: *const Self, place: usize) -> isize {
        // SAFETY: the keys of a live dict, in whose table there is such a place.
        unsafe {
            let table = (&raw const (*keys).indices).cast::<u8>();
            match (*keys).log2_size {
                ..8 => isize::from(*table.cast::<i8>().add(place)),
                8..16 => isize::from(*table.cast::<i16>().add(place)),
                16..32 => *table.cast::<i32>().add(place) as isize,
                _ => *table.cast::<isize>().add(place),
            }
        }
    }

    /// Bytes of an entry: key and value, before them a hash where not every key is an exact str.
    pub(super) unsafe fn entry_size(keys: *const Self) -> usize {
        // SAFETY: the keys of a live dict; `DICT_KEYS_GENERAL` is 0.
        let has_hash = unsafe { (*keys).kind } == 0;
        size_of::<KeyEntry>() + if has_hash { size_of::<isize>() } else { 0 }
    }

    /// Where the key and the value of an entry lie, its last words; the value is null in a free one.
    pub(super) unsafe fn item(keys: *const Self, place: usize) -> [*const Object; 2] {
        // SAFETY: the keys of a live dict, and one of its entries.
        unsafe {
            let size = Self::entry_size(keys);
            let behind = Self::entries(keys).add((place + 1) * size).cast::<Object>();
            [behind.sub(2), behind.sub(1)]
        }
    }
}

/// `DKIX_EMPTY`: no entry is at this place of the table of indices.
const EMPTY: isize = -1;
/// `PERTURB_SHIFT`.
const SHIFT: u32 = 5;

#[repr(C)]
pub(super) struct KeyEntry {
    pub(super) key: Object,
    value: Object,
}

/// Calls `visit(key, value)` for each item of a dict (or of what inherits from dict) until it says false.
#[inline]
pub fn each_item(dict: Object, mut visit: impl FnMut(Object, Object) -> bool) {
    let (mut position, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
    // SAFETY: a live dict; nothing that `visit` does can change it, since no code of the program runs.
    while unsafe { ffi::PyDict_Next(dict, &raw mut position, &raw mut key, &raw mut value) } != 0 {
        if !visit(key, value) {
            return;
        }
    }
}

/// The same of the items that are found where a dict is looked at for so many, which are all of one that has not very many
/// entries.
///
/// # Safety
/// The layout is known.
pub unsafe fn each_found(
    dict: Object,
    wanted: usize,
    mut visit: impl FnMut(Object, Object) -> bool,
) {
    // SAFETY: the caller's promise; a dict that shares its keys has few.
    unsafe {
        let keys = (*dict.cast::<ffi::PyDictObject>()).ma_keys;
        let keys = keys.cast::<DictKeys>().cast_const();
        let count = (*keys).entries.cast_unsigned();
        if places::are_all(count, wanted) {
            return each_item(dict, visit);
        }
        each_at(keys, places::looked_at(count, wanted), &mut visit);
    }
}

/// # Safety
/// The keys of a live dict, which holds its values among them, and places of theirs.
#[cold]
unsafe fn each_at(
    keys: *const DictKeys,
    places: impl Iterator<Item = usize>,
    visit: &mut dyn FnMut(Object, Object) -> bool,
) {
    // SAFETY: the caller's promise.
    unsafe {
        for place in places {
            let [key, value] = DictKeys::item(keys, place);
            if !(*value).is_null() && !visit(*key, *value) {
                return;
            }
        }
    }
}

/// The value under a name, borrowed; null where there is none.
pub fn item_named(py: Python<'_>, dict: Object, name: &CStr) -> Object {
    let mut found = ptr::null_mut();
    if !has_names_only(py, dict) {
        each_item(dict, |key, value| {
            if is_named(key, name) {
                found = value;
            }
            found.is_null()
        });
        return found;
    }
    // SAFETY: a live dict, whose keys are compared by what they are; an error, for want of memory, is none of the program's.
    unsafe {
        found = ffi::PyDict_GetItemString(dict, name.as_ptr());
    }
    found
}

/// The same of a name that is interned, as that of an attribute is: no text is made of it.
pub fn item_interned(py: Python<'_>, dict: Object, name: Object) -> Object {
    if has_names_only(py, dict) {
        // SAFETY: a live dict and a str, whose hash is known: nothing can fail.
        return unsafe { ffi::PyDict_GetItemWithError(dict, name) };
    }
    let mut found = ptr::null_mut();
    each_item(dict, |key, value| {
        if key == name {
            found = value;
        }
        found.is_null()
    });
    found
}

/// The value under this very key, which has this hash, borrowed; null where there is none.
///
/// # Safety
/// A live dict, of a layout that is known, whose values lie among its entries.
pub(super) unsafe fn item_of_hash(dict: Object, key: Object, hash: isize) -> Object {
    // SAFETY: the caller's promise; the table has a power of two places, and an empty one among them.
    unsafe {
        let keys = (*dict.cast::<ffi::PyDictObject>())
            .ma_keys
            .cast::<DictKeys>();
        let (entries, size) = (DictKeys::entries(keys), DictKeys::entry_size(keys));
        let mask = (1 << (*keys).log2_size) - 1;
        let mut rest = hash.cast_unsigned();
        let mut place = rest & mask;
        loop {
            let index = DictKeys::index(keys, place);
            if index == EMPTY {
                return ptr::null_mut();
            }
            if let Ok(index) = usize::try_from(index) {
                // Key and value are an entry's last words.
                let entry = entries.add((index + 1) * size).cast::<KeyEntry>().sub(1);
                if (*entry).key == key {
                    return (*entry).value;
                }
            }
            rest >>= SHIFT;
            place = (place * 5 + rest + 1) & mask;
        }
    }
}

/// Whether all keys are exact strs, so that no key has code of its own to be compared by.
fn has_names_only(py: Python<'_>, dict: Object) -> bool {
    // SAFETY: a live dict; `DICT_KEYS_GENERAL` is 0.
    super::access(py) == Access::Fast
        && unsafe {
            (*(*dict.cast::<ffi::PyDictObject>())
                .ma_keys
                .cast::<DictKeys>())
            .kind
                != 0
        }
}

fn is_named(key: Object, name: &CStr) -> bool {
    // SAFETY: a live object; an exact str is compared by its characters.
    unsafe {
        ffi::PyUnicode_CheckExact(key) != 0
            && ffi::PyUnicode_CompareWithASCIIString(key, name.as_ptr()) == 0
    }
}
