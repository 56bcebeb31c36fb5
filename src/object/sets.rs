//! Sets, read from memory: their items.
//!
//! Owns: the layout of a set's table (`Include/cpython/setobject.h`). Must not: hash or compare an item.

use pyo3::ffi;

use super::places;
use crate::frame::Object;

/// An entry: the item, null in a free one, and its hash.
type Entry = [Object; 2];
/// The hash of what is left where an item was taken out (`Objects/setobject.c`).
const TAKEN_OUT: usize = usize::MAX;

/// Whether a set has so many places that not all of them are looked at for so many items.
///
/// # Safety
/// A live set, or what inherits from one.
pub unsafe fn is_large_set(set: Object, wanted: usize) -> bool {
    // SAFETY: the caller's promise.
    !places::are_all(unsafe { count(set) }, wanted)
}

/// The items that are found where a set is looked at for so many, borrowed.
///
/// # Safety
/// As above, as long as they are asked for; nothing changes it.
pub unsafe fn found_in_set(set: Object, wanted: usize) -> impl Iterator<Item = Object> {
    // SAFETY: the caller's promise: the places are the table's.
    let (entries, count) = unsafe { (entries(set), count(set)) };
    places::looked_at(count, wanted).filter_map(move |place| {
        // SAFETY: as above.
        let entry = unsafe { entries.add(place) };
        // SAFETY: as above.
        unsafe { is_item(entry) }.then(|| unsafe { (*entry)[0] })
    })
}

/// The entries of a set's table.
///
/// # Safety
/// As above.
pub(super) unsafe fn entries(set: Object) -> *const Entry {
    // SAFETY: the caller's promise.
    unsafe { (*set.cast::<ffi::PySetObject>()).table.cast() }
}

/// How many they are: a power of two, which `mask` is one less than.
///
/// # Safety
/// As above.
pub(super) unsafe fn count(set: Object) -> usize {
    // SAFETY: the caller's promise.
    unsafe { (*set.cast::<ffi::PySetObject>()).mask.cast_unsigned() + 1 }
}

/// Whether an item lies in an entry.
///
/// # Safety
/// An entry of a live set.
pub(super) unsafe fn is_item(entry: *const Entry) -> bool {
    // SAFETY: the caller's promise.
    let [item, hash] = unsafe { *entry };
    !item.is_null() && hash.addr() != TAKEN_OUT
}
