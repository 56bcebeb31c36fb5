//! Plain attributes of live objects: `__slots__` and `__dict__`, read from memory.
//!
//! Owns: the layout of instances and the self-check that proves it. Must not: run any code of the
//! program (no descriptor, no `__getattr__`), nor change an object (no `__dict__` is made).
//!
//! `managed` knows the values of instances whose `__dict__` nobody asked for yet, in 3.12 to 3.15. Elsewhere such a
//! `__dict__` is had through the public `PyObject_GenericGetDict`, which makes it.

pub mod content;
mod dict;
mod managed;
mod ordered;
pub mod places;
mod sets;
pub mod words;

use std::ffi::{c_char, c_int};
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::frame::{Access, Object, PROBE};

use dict::DictKeys;
use managed::{Stored, managed, note_dict, note_managed};
use words::Words;

pub use dict::{each_found, each_item, item_interned, item_named};
pub use ordered::{each_in_order, is_ordered};
pub use sets::{found_in_set, is_large_set};

/// `Py_T_OBJECT_EX` and the older `_Py_T_OBJECT` (`Include/descrobject.h`): members that hold an object.
const OBJECT_MEMBERS: [c_int; 2] = [16, 6];

unsafe extern "C" {
    fn _PyObject_GetDictPtr(object: Object) -> *mut Object;
    /// Gives the type a version tag if it has none (`Include/cpython/object.h`); 0 when it cannot.
    fn PyUnstable_Type_AssignVersionTag(class: *mut ffi::PyTypeObject) -> c_int;
}

/// A number that no other state of any type ever had, or 0: changes whenever the type, or one it
/// inherits from, is changed, and is not used again when a type dies.
pub fn version(class: *mut ffi::PyTypeObject) -> u32 {
    // SAFETY: a live type, the GIL is held.
    unsafe {
        if (*class).tp_version_tag == 0 {
            PyUnstable_Type_AssignVersionTag(class);
        }
        (*class).tp_version_tag
    }
}

/// The version as it stands, without giving one.
#[inline]
pub fn known_version(class: *mut ffi::PyTypeObject) -> u32 {
    // SAFETY: a live type, the GIL is held.
    unsafe { (*class).tp_version_tag }
}

/// `tp_flags` of a type.
#[inline]
pub fn flags(class: *mut ffi::PyTypeObject) -> u64 {
    // SAFETY: a live type, the GIL is held.
    unsafe { (*class).tp_flags }
}

struct Member {
    offset: isize,
    name: Py<PyAny>,
}

enum DictStore {
    None,
    Managed,
    At(isize),
    Computed,
}

/// Where instances of one type keep their attributes.
pub struct Layout {
    members: Vec<Member>,
    store: DictStore,
    keys: *const DictKeys,
    access: Access,
}

impl Layout {
    /// Reads the layout of a class.
    pub fn of(py: Python<'_>, class: *mut ffi::PyTypeObject, access: Access) -> Self {
        // SAFETY: a live type with its tuple of bases in method resolution order.
        unsafe {
            let order = (*class).tp_mro;
            let mut members = Vec::new();
            let count = if order.is_null() {
                0
            } else {
                ffi::PyTuple_GET_SIZE(order)
            };
            for index in (0..count).rev() {
                let base = ffi::PyTuple_GET_ITEM(order, index).cast::<ffi::PyTypeObject>();
                if flags(base) & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
                    add_members(py, base, &mut members);
                }
            }
            let store = if flags(class) & ffi::Py_TPFLAGS_MANAGED_DICT != 0 {
                DictStore::Managed
            } else {
                match (*class).tp_dictoffset {
                    0 => DictStore::None,
                    offset if offset > 0 => DictStore::At(offset),
                    _ => DictStore::Computed,
                }
            };
            let keys = if flags(class) & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
                (*class.cast::<ffi::PyHeapTypeObject>())
                    .ht_cached_keys
                    .cast_const()
                    .cast()
            } else {
                ptr::null()
            };
            Self {
                members,
                store,
                keys,
                access,
            }
        }
    }

    /// Whether instances may have attributes at all.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && matches!(self.store, DictStore::None)
    }

    /// The attributes of one instance.
    #[inline]
    pub fn attributes(&self, object: Object) -> Attributes<'_> {
        Attributes {
            layout: self,
            object,
            stored: self.stored(object),
        }
    }

    #[inline]
    fn stored(&self, object: Object) -> Stored {
        // SAFETY: a live instance of the class; offsets are the type's own.
        let dict = unsafe {
            match self.store {
                DictStore::None => return Stored::None,
                DictStore::At(offset) => *object.byte_offset(offset).cast::<Object>(),
                DictStore::Computed => {
                    let place = _PyObject_GetDictPtr(object);
                    if place.is_null() {
                        ptr::null_mut()
                    } else {
                        *place
                    }
                }
                DictStore::Managed if self.access == Access::Fast => return managed(object),
                DictStore::Managed => {
                    let dict = ffi::PyObject_GenericGetDict(object, ptr::null_mut());
                    if dict.is_null() {
                        ffi::PyErr_Clear();
                    } else {
                        ffi::Py_DECREF(dict);
                    }
                    dict
                }
            }
        };
        Stored::of_dict(dict)
    }

    /// Notes what decides how many attributes an instance has and, if it `is_open`, where each lies.
    pub fn note(&self, object: Object, words: &mut Words, is_open: bool) {
        // SAFETY: a live instance of the class, at whose offset its dict lies.
        unsafe {
            match self.store {
                DictStore::None => {}
                DictStore::At(offset) => note_dict(object.byte_offset(offset).cast(), words),
                DictStore::Managed if self.access == Access::Fast => {
                    note_managed(object, words, is_open);
                }
                DictStore::Managed | DictStore::Computed => words.doubt(),
            }
        }
    }
}

/// One attribute, as it stands.
pub struct Attribute {
    pub name: Object,
    /// Null where it is not set.
    pub value: Object,
    /// Where the instance holds the value; null where a dict of its own does.
    pub place: *const Object,
}

impl Attribute {
    /// # Safety
    /// A live instance holds its attribute there.
    #[inline]
    unsafe fn at(place: *const Object, name: Object) -> Self {
        // SAFETY: the caller's promise.
        let value = unsafe { *place };
        Self { name, value, place }
    }
}

/// The attributes of one instance, as they stand.
pub struct Attributes<'a> {
    layout: &'a Layout,
    object: Object,
    stored: Stored,
}

impl Attributes<'_> {
    /// How many there are at the most.
    #[inline]
    pub fn count(&self) -> usize {
        let stored = match &self.stored {
            Stored::None => 0,
            // SAFETY: `stored` gives live dicts and values only.
            Stored::Dict(dict) => unsafe { usize::try_from(ffi::PyDict_Size(*dict)).unwrap_or(0) },
            Stored::Values(values) => values.len(),
        };
        self.layout.members.len() + stored
    }

    /// Calls `visit(name, value)` for each, slots of base classes first, until it says false.
    #[inline]
    pub fn for_each(&self, mut visit: impl FnMut(Object, Object) -> bool) {
        self.each(|attribute| attribute.value.is_null() || visit(attribute.name, attribute.value));
    }

    /// The same of those that are not set, too.
    #[inline]
    pub fn each(&self, mut visit: impl FnMut(Attribute) -> bool) {
        for member in &self.layout.members {
            // SAFETY: the member lies at this offset in every instance of the class.
            let attribute = unsafe {
                let place = self.object.byte_offset(member.offset).cast();
                Attribute::at(place, member.name.as_ptr())
            };
            if !visit(attribute) {
                return;
            }
        }
        match &self.stored {
            Stored::None => {}
            Stored::Dict(dict) => each_item(*dict, |name, value| {
                let place = ptr::null();
                visit(Attribute { name, value, place })
            }),
            Stored::Values(values) => values.each(self.layout.keys, visit),
        }
    }
}

unsafe fn add_members(py: Python<'_>, class: *mut ffi::PyTypeObject, members: &mut Vec<Member>) {
    // SAFETY: `tp_members` is null or an array that ends with a null name.
    unsafe {
        let mut member = (*class).tp_members;
        while !member.is_null() && !(*member).name.is_null() {
            if OBJECT_MEMBERS.contains(&(*member).type_code)
                && (*member).flags & ffi::Py_RELATIVE_OFFSET == 0
            {
                let name = ffi::PyUnicode_InternFromString((*member).name.cast::<c_char>());
                if let Some(name) = Bound::from_owned_ptr_or_opt(py, name) {
                    members.push(Member {
                        offset: (*member).offset,
                        name: name.unbind(),
                    });
                }
            }
            member = member.add(1);
        }
    }
}

/// Where the instances of a class written in C keep the object that this descriptor stands for; none for one that does
/// more than to read it there.
pub fn member_offset(descriptor: Object) -> Option<isize> {
    // SAFETY: a live object, whose exact type tells what it is.
    unsafe {
        if ffi::Py_TYPE(descriptor) != &raw mut ffi::PyMemberDescr_Type {
            return None;
        }
        let member = (*descriptor.cast::<ffi::PyMemberDescrObject>()).d_member;
        OBJECT_MEMBERS
            .contains(&(*member).type_code)
            .then(|| (*member).offset)
    }
}

/// How objects are read in this process; found out at the first call.
pub fn access(py: Python<'_>) -> Access {
    static ACCESS: PyOnceLock<Access> = PyOnceLock::new();
    *ACCESS.get_or_init(py, || {
        let access = self_check(py, crate::frame::access(py));
        // It is not needed again. A module that cannot be taken out is left where it is.
        let _ = unload(py);
        access
    })
}

/// Takes the module of the self-check out again: the program could count what it holds.
fn unload(py: Python<'_>) -> PyResult<()> {
    let (package, name) = PROBE.split_once('.').unwrap_or((PROBE, ""));
    py.import("sys")?.getattr("modules")?.del_item(PROBE)?;
    py.import(package)?.delattr(name)
}

/// Reads known instances and says whether the layout is as this file knows it.
fn self_check(py: Python<'_>, access: Access) -> Access {
    match probe_agrees(py, access) {
        Ok(true) => access,
        _ => Access::Public,
    }
}

fn probe_agrees(py: Python<'_>, access: Access) -> PyResult<bool> {
    let cases = py.import(PROBE)?.call_method0("objects")?;
    for case in cases.try_iter()? {
        let (object, expected) = case?.extract::<(Bound<'_, PyAny>, Bound<'_, PyDict>)>()?;
        let layout = Layout::of(py, object.get_type_ptr(), access);
        let read = PyDict::new(py);
        let mut sound = true;
        layout.attributes(object.as_ptr()).for_each(|name, value| {
            // SAFETY: both are live, borrowed from the object.
            sound &= unsafe { ffi::PyDict_SetItem(read.as_ptr(), name, value) } == 0;
            sound
        });
        let same_order = read.keys().eq(expected.keys())?;
        if !sound || !same_order || !read.eq(&expected)? {
            return Ok(false);
        }
    }
    Ok(true)
}
