//! OrderedDicts: their items in the order that they keep, which is not a dict's own once an item was moved.
//!
//! Owns: the layout of that order, and the self-check that proves it. Must not: compare keys as a look-up does, which may
//! run code of the program.
//!
//! Layout: `Objects/odictobject.c` of 3.12 to 3.15.

use std::mem::offset_of;
use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::dict::item_of_hash;
use super::words::Words;
use crate::frame::{Access, Object};
use crate::interpreter;

unsafe extern "C" {
    static mut PyODict_Type: ffi::PyTypeObject;
    fn PyODict_New() -> Object;
}

#[repr(C)]
struct OrderedDict {
    dict: ffi::PyDictObject,
    first: *const Node,
    last: *const Node,
    fast_nodes: *const *const Node,
    fast_nodes_size: isize,
    resize_sentinel: *const u8,
    /// Changes with the order.
    state: usize,
}

/// Holds its key.
#[repr(C)]
struct Node {
    key: Object,
    hash: isize,
    next: *const Node,
}

/// Whether a dict is one that keeps an order which can be read.
pub fn is_ordered(dict: Object) -> bool {
    // SAFETY: a live dict, and types.
    unsafe { ffi::PyObject_TypeCheck(dict, &raw mut PyODict_Type) != 0 && is_known() }
}

/// Calls `visit(key, value)` for each item in that order until it says false.
///
/// # Safety
/// `is_ordered` says yes.
pub unsafe fn each_in_order(dict: Object, mut visit: impl FnMut(Object, Object) -> bool) {
    // SAFETY: nothing that `visit` does can change it, since no code of the program runs; the nodes hold their keys.
    unsafe {
        let mut node = (*dict.cast::<OrderedDict>()).first;
        while !node.is_null() {
            let Node { key, hash, next } = node.read();
            let value = item_of_hash(dict, key, hash);
            // It has a node and no value while the dict is cleared.
            if !value.is_null() && !visit(key, value) {
                return;
            }
            node = next;
        }
    }
}

impl Words {
    /// The items of an OrderedDict, as `dict` notes them, and their order.
    ///
    /// # Safety
    /// `is_ordered` says yes.
    pub unsafe fn ordered_dict(&mut self, object: Object) {
        // SAFETY: an OrderedDict.
        unsafe {
            self.word(object.byte_add(offset_of!(OrderedDict, state)));
            // The first ones are not the first of the dict's own.
            self.dict(object, usize::MAX);
        }
    }
}

/// Whether an OrderedDict is laid out as this file says; found out at the first call.
fn is_known() -> bool {
    // Not PyO3's, which lets other threads run meanwhile: nothing here does.
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| interpreter::attached(|py| self_check(py).unwrap_or(false)))
}

/// Moves an item, and says whether it is seen where it is then.
fn self_check(py: Python<'_>) -> PyResult<bool> {
    if super::access(py) != Access::Fast {
        return Ok(false);
    }
    // SAFETY: a new reference, or null with an exception set.
    let ordered = unsafe { Bound::from_owned_ptr_or_err(py, PyODict_New())? };
    for item in 0..20 {
        ordered.set_item(item, -item)?;
    }
    // SAFETY: an OrderedDict, in which a word lies there in any case.
    let state = || unsafe { (*ordered.as_ptr().cast::<OrderedDict>()).state };
    let before = state();
    ordered.del_item(7)?;
    ordered.call_method1("move_to_end", (0,))?;
    let (read, mut is_sound) = (PyDict::new(py), state() != before);
    // SAFETY: an OrderedDict, laid out as is found out here: where it is not, what stands there is no chain.
    unsafe {
        each_in_order(ordered.as_ptr(), |key, value| {
            is_sound &= ffi::PyDict_SetItem(read.as_ptr(), key, value) == 0;
            is_sound
        });
    }
    let items = ordered.call_method0("items")?;
    let expected = py.get_type::<PyList>().call1((items,))?;
    Ok(is_sound && read.items().eq(expected)?)
}
