//! What is known of a class: how its instances are read, and the shapes they came in.
//!
//! Owns: the table from class to `Class`, valid for one version of the class. Must not: hold a
//! class alive (its version tells when its address belongs to another).

use std::collections::HashMap;
use std::ffi::c_char;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::interpreter;
use crate::object::{self, Layout};
use crate::trace::{Excerpt, TypeId};

use super::memo::SPREAD;
use super::shapes::Shapes;
use super::{standard, text};

unsafe extern "C" {
    /// Bound methods (`Include/cpython/classobject.h`).
    pub(super) static mut PyMethod_Type: ffi::PyTypeObject;
    /// The function behind a bound method, borrowed.
    pub(super) fn PyMethod_Function(method: Object) -> Object;
}

/// Classes known at one time; the table starts anew beyond.
const MAX_CLASSES: usize = 4096;

/// How an instance is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Int,
    Float,
    Str,
    Bytes,
    List,
    Tuple,
    NamedTuple,
    Dict,
    Set,
    /// Items through the type's own C iterator.
    Iterated,
    Array,
    Enum,
    Exception,
    Function,
    Class,
    Module,
    Standard(standard::Standard),
    /// A struct of its attributes.
    Instance,
    /// By type only.
    Opaque,
}

/// What is known of a class.
pub struct Class {
    version: u32,
    /// Where its name lies: a class that is renamed keeps its version (since 3.13).
    name_at: *const c_char,
    /// What it lies in, held so that no other name comes to lie there; of one that cannot be held nothing is kept.
    _name_in: Option<Py<PyAny>>,
    pub name: Rc<str>,
    pub reading: Reading,
    pub layout: Rc<Layout>,
    /// Name of the built-in it inherits its content from; a field of that name holds the content
    /// where the instance has attributes too.
    pub base: Option<Py<PyAny>>,
    /// Field names of a named tuple.
    pub fields: Rc<[Py<PyAny>]>,
    /// What instances of it came with.
    pub shapes: Shapes,
    /// The type that the class stands for, once it is defined.
    pub type_id: Option<TypeId>,
    /// The type of what stands for an instance that is not opened, once it is defined.
    pub closed_type: Option<TypeId>,
    /// What stands for an instance that is not opened: at 0 for one that has no size, at size + 1 for others.
    pub closed: Vec<Option<Excerpt>>,
}

/// Places of classes that are looked up before the index.
const NEAR: usize = 256;

/// Hashes an address.
#[derive(Default)]
pub struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(usize::from(byte));
        }
    }

    fn write_usize(&mut self, value: usize) {
        self.0 = (self.0 ^ value as u64).wrapping_mul(SPREAD).rotate_left(32);
    }
}

/// Types lie at addresses that are multiples of 16.
#[inline]
fn near(class: *mut ffi::PyTypeObject) -> usize {
    (class as usize >> 4) % NEAR
}

/// All classes met so far.
pub struct Classes {
    index: HashMap<usize, usize, BuildHasherDefault<AddressHasher>>,
    list: Vec<Class>,
    /// Address and place of the class met last of those that an address's bits bring here.
    near: Box<[(usize, usize)]>,
}

impl Classes {
    /// None so far.
    pub fn new() -> Self {
        Self {
            index: HashMap::default(),
            list: Vec::new(),
            near: vec![(0, 0); NEAR].into(),
        }
    }

    /// Starts anew when too many classes are known; only between two values.
    pub fn bound(&mut self) {
        if self.list.len() > MAX_CLASSES {
            self.index.clear();
            self.list.clear();
            self.near.fill((0, 0));
        }
    }

    /// The place of a class in the table.
    #[inline(always)]
    pub fn place(&mut self, class: *mut ffi::PyTypeObject) -> usize {
        let (address, place) = self.near[near(class)];
        if address == class as usize && self.is_current(place, class) {
            return place;
        }
        self.find(class)
    }

    #[inline(always)]
    fn is_current(&self, place: usize, class: *mut ffi::PyTypeObject) -> bool {
        let (version, known) = (object::known_version(class), &self.list[place]);
        // SAFETY: a live type.
        version != 0 && known.version == version && known.name_at == unsafe { (*class).tp_name }
    }

    #[cold]
    #[inline(never)]
    fn find(&mut self, class: *mut ffi::PyTypeObject) -> usize {
        let place = match self.index.get(&(class as usize)) {
            Some(&place) if self.is_current(place, class) => place,
            Some(&place) => {
                let mut fresh = Self::read(class);
                if fresh.name == self.list[place].name {
                    fresh.shapes = std::mem::take(&mut self.list[place].shapes);
                }
                self.list[place] = fresh;
                place
            }
            None => {
                let place = self.list.len();
                let fresh = Self::read(class);
                self.list.push(fresh);
                self.index.insert(class as usize, place);
                place
            }
        };
        self.near[near(class)] = (class as usize, place);
        place
    }

    /// What is known of the class at a place.
    pub fn get(&self, place: usize) -> &Class {
        &self.list[place]
    }

    /// The same, to be added to.
    pub fn get_mut(&mut self, place: usize) -> &mut Class {
        &mut self.list[place]
    }

    fn read(class: *mut ffi::PyTypeObject) -> Class {
        interpreter::attached(|py| {
            let layout = Layout::of(py, class, object::access(py));
            let (reading, base) = classify(py, class, &layout);
            let fields = if reading == Reading::NamedTuple {
                named_fields(py, class)
            } else {
                Vec::new()
            };
            let name_in = name_object(class).map(|name| {
                // SAFETY: the GIL is held; a live type holds its name.
                unsafe { Bound::from_borrowed_ptr(py, name).unbind() }
            });
            Class {
                version: if name_in.is_some() || !is_heap(class) {
                    object::version(class)
                } else {
                    0
                },
                // SAFETY: a live type.
                name_at: unsafe { (*class).tp_name },
                _name_in: name_in,
                name: text::class_name(class).into(),
                reading,
                layout: Rc::new(layout),
                base: base.map(|base| pyo3::types::PyString::intern(py, base).into_any().unbind()),
                fields: fields.into(),
                shapes: Shapes::default(),
                type_id: None,
                closed_type: None,
                closed: Vec::new(),
            }
        })
    }
}

/// Whether a class was made at run time, by a `class` statement or an extension.
pub fn is_heap(class: *mut ffi::PyTypeObject) -> bool {
    object::flags(class) & ffi::Py_TPFLAGS_HEAPTYPE != 0
}

/// The name of a class that was made at run time, where that is no object with code of the program's.
fn name_object(class: *mut ffi::PyTypeObject) -> Option<Object> {
    // SAFETY: a heap type has a name.
    is_heap(class)
        .then(|| unsafe { (*class.cast::<ffi::PyHeapTypeObject>()).ht_name })
        .filter(|&name| text::is_exact(name))
}

/// Whether `class` inherits from `base`, by the method resolution order alone.
pub fn inherits(class: *mut ffi::PyTypeObject, base: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: live types; walks `tp_mro`, calls nothing.
    unsafe { ffi::PyType_IsSubtype(class, base) != 0 }
}

/// The reading of a class and, for a class that inherits from a built-in, that built-in's name.
fn classify(
    py: Python<'_>,
    class: *mut ffi::PyTypeObject,
    layout: &Layout,
) -> (Reading, Option<&'static str>) {
    if let Some(reading) = by_name_only(class) {
        return (reading, None);
    }
    if let Some(standard) = standard::find(py, class) {
        return (standard, None);
    }
    match inherited(class) {
        Some((Reading::Exception, _)) => (Reading::Exception, None),
        Some((Reading::Tuple, _)) if !named_fields(py, class).is_empty() => {
            (Reading::NamedTuple, None)
        }
        Some(inherited) => content_and_attributes(inherited, layout),
        None if standard::is_numeric_package(py, class) => (Reading::Opaque, None),
        None => match standard::inherited(py, class) {
            Some(inherited) => content_and_attributes(inherited, layout),
            None if layout.is_empty() && !made_by_class_statement(class) => (Reading::Opaque, None),
            None => (Reading::Instance, None),
        },
    }
}

/// The name of a built-in is needed where instances have attributes beside its content.
fn content_and_attributes(
    (reading, base): (Reading, &'static str),
    layout: &Layout,
) -> (Reading, Option<&'static str>) {
    (reading, (!layout.is_empty()).then_some(base))
}

fn by_name_only(class: *mut ffi::PyTypeObject) -> Option<Reading> {
    let functions = [
        &raw mut ffi::PyFunction_Type,
        &raw mut ffi::PyCFunction_Type,
        &raw mut PyMethod_Type,
        &raw mut ffi::PyMethodDescr_Type,
        &raw mut ffi::PyClassMethodDescr_Type,
        &raw mut ffi::PyWrapperDescr_Type,
    ];
    if functions.contains(&class) {
        Some(Reading::Function)
    } else if inherits(class, &raw mut ffi::PyType_Type) {
        Some(Reading::Class)
    } else if inherits(class, &raw mut ffi::PyModule_Type) {
        Some(Reading::Module)
    } else {
        None
    }
}

fn inherited(class: *mut ffi::PyTypeObject) -> Option<(Reading, &'static str)> {
    // SAFETY: the static exception types live forever.
    let exception = unsafe { ffi::PyExc_BaseException }.cast::<ffi::PyTypeObject>();
    let table = [
        (&raw mut ffi::PyLong_Type, Reading::Int, "int"),
        (&raw mut ffi::PyUnicode_Type, Reading::Str, "str"),
        (&raw mut ffi::PyFloat_Type, Reading::Float, "float"),
        (&raw mut ffi::PyBytes_Type, Reading::Bytes, "bytes"),
        (&raw mut ffi::PyByteArray_Type, Reading::Bytes, "bytearray"),
        (&raw mut ffi::PyList_Type, Reading::List, "list"),
        (&raw mut ffi::PyTuple_Type, Reading::Tuple, "tuple"),
        (&raw mut ffi::PyDict_Type, Reading::Dict, "dict"),
        (&raw mut ffi::PySet_Type, Reading::Set, "set"),
        (&raw mut ffi::PyFrozenSet_Type, Reading::Set, "frozenset"),
        (exception, Reading::Exception, "exception"),
    ];
    table
        .iter()
        .find(|(base, ..)| inherits(class, *base))
        .map(|&(_, reading, name)| (reading, name))
}

/// Whether a class was made by a `class` statement, as far as its type tells: its methods stand in no table of C's, or
/// its instances share the keys of their dicts (`type_new` in `Objects/typeobject.c`).
pub fn made_by_class_statement(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: a live heap type.
    is_heap(class)
        && unsafe {
            !(*class.cast::<ffi::PyHeapTypeObject>())
                .ht_cached_keys
                .is_null()
                || (*class).tp_methods.is_null()
        }
}

/// The field names that `collections.namedtuple` left in the class, or none.
fn named_fields(py: Python<'_>, class: *mut ffi::PyTypeObject) -> Vec<Py<PyAny>> {
    let Some(fields) = standard::class_attribute(py, class, c"_fields") else {
        return Vec::new();
    };
    let Ok(fields) = fields.cast_into_exact::<pyo3::types::PyTuple>() else {
        return Vec::new();
    };
    if fields
        .iter()
        .all(|field| field.is_exact_instance_of::<pyo3::types::PyString>())
    {
        fields.iter().map(Bound::unbind).collect()
    } else {
        Vec::new()
    }
}
