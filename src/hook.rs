//! Functions of ours in the place of the interpreter's own C methods.
//!
//! Owns: how a method is found, replaced and put back. Must not: know what a replacement does.
//!
//! The function pointer of a method lies in its `PyMethodDef`, which every bound or unbound method object of it points
//! to: `sys.stdout.write`, taken before the hook was set, goes through it too, and no object is replaced that the program
//! could look at. Fact: `Include/methodobject.h`, `Objects/descrobject.c`, the same in 3.12 to 3.15.

use std::ffi::{CStr, c_void};
use std::mem::transmute;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::object;

/// The module of the system's own calls.
pub const OS: &CStr = if cfg!(windows) { c"nt" } else { c"posix" };

/// A replacement, in one of the forms that C methods have.
#[derive(Clone, Copy)]
pub enum Form {
    /// `METH_O`
    One(Plain),
    /// `METH_NOARGS`
    None(Plain),
    /// `METH_FASTCALL`
    Fast(Fast),
    /// `METH_FASTCALL | METH_KEYWORDS`
    Named(Named),
    /// `METH_METHOD | METH_FASTCALL | METH_KEYWORDS`
    Method(Method),
}

/// What `METH_O` and `METH_NOARGS` stand for.
pub type Plain = unsafe extern "C" fn(Object, Object) -> Object;
/// What `METH_FASTCALL` stands for.
pub type Fast = unsafe extern "C" fn(Object, *const Object, isize) -> Object;
/// What `METH_FASTCALL | METH_KEYWORDS` stands for.
pub type Named = unsafe extern "C" fn(Object, *const Object, isize, Object) -> Object;
/// What `METH_METHOD | METH_FASTCALL | METH_KEYWORDS` stands for: the second argument is the class that has the method.
pub type Method = unsafe extern "C" fn(Object, Object, *const Object, isize, Object) -> Object;
/// What `tp_iternext` stands for.
pub type Next = unsafe extern "C" fn(Object) -> Object;

/// A method and its replacement.
pub struct Hook {
    module: &'static CStr,
    class: Option<&'static CStr>,
    method: &'static CStr,
    form: Form,
    /// Where the function pointer lies, once found.
    entry: AtomicPtr<usize>,
    /// Address of the method's own function, since the first time it was replaced.
    original: AtomicUsize,
}

/// The slot of a class by which `for` and `next()` ask for the next item, and its replacement.
pub struct Slot {
    module: &'static CStr,
    class: &'static CStr,
    ours: Next,
    /// Address of the slot's own function, since the first time it was replaced.
    original: AtomicUsize,
}

impl Form {
    fn flags(self) -> i32 {
        match self {
            Self::One(_) => ffi::METH_O,
            Self::None(_) => ffi::METH_NOARGS,
            Self::Fast(_) => ffi::METH_FASTCALL,
            Self::Named(_) => ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            Self::Method(_) => ffi::METH_METHOD | ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        }
    }

    fn address(self) -> usize {
        match self {
            Self::One(function) | Self::None(function) => function as usize,
            Self::Fast(function) => function as usize,
            Self::Named(function) => function as usize,
            Self::Method(function) => function as usize,
        }
    }
}

impl Hook {
    /// Of a function of a module.
    pub const fn function(module: &'static CStr, method: &'static CStr, form: Form) -> Self {
        Self::new(module, None, method, form)
    }

    /// Of a method of a class.
    pub const fn method(
        module: &'static CStr,
        class: &'static CStr,
        method: &'static CStr,
        form: Form,
    ) -> Self {
        Self::new(module, Some(class), method, form)
    }

    const fn new(
        module: &'static CStr,
        class: Option<&'static CStr>,
        method: &'static CStr,
        form: Form,
    ) -> Self {
        Self {
            module,
            class,
            method,
            form,
            entry: AtomicPtr::new(ptr::null_mut()),
            original: AtomicUsize::new(0),
        }
    }

    /// Replaces the method, where its module is loaded and it has the form expected.
    pub fn set(&self, py: Python<'_>) {
        if let Some(entry) = self.find(py) {
            self.replace(entry);
        }
    }

    /// The same of a function, where this is its module, which need not be among those that are loaded.
    ///
    /// # Safety
    /// A live object.
    pub unsafe fn set_in(&self, py: Python<'_>, module: Object) {
        // SAFETY: the caller's promise; the definition of a module lives forever, and with it its name.
        let function = unsafe {
            if ffi::PyModule_Check(module) == 0 {
                return;
            }
            let definition = ffi::PyModule_GetDef(module);
            if definition.is_null() || CStr::from_ptr((*definition).m_name) != self.module {
                return;
            }
            object::item_named(py, ffi::PyModule_GetDict(module), self.method)
        };
        if !function.is_null()
            && let Some(entry) = self.entry_of(function)
        {
            self.replace(entry);
        }
    }

    fn replace(&self, entry: *mut usize) {
        let ours = self.form.address();
        // SAFETY: the entry lies in writable static memory of the interpreter; the GIL is held. The union holds one
        // function pointer of the form that the flags tell.
        unsafe {
            if *entry != ours {
                self.original.store(*entry, Ordering::Release);
                *entry = ours;
            }
        }
        self.entry.store(entry, Ordering::Release);
    }

    /// Puts the method back. Its address is kept for calls that are still inside the hook.
    pub fn unset(&self, _py: Python<'_>) {
        let entry = self.entry.swap(ptr::null_mut(), Ordering::AcqRel);
        if !entry.is_null() {
            // SAFETY: as in `set`; the interpreter unloads no module written in C.
            unsafe { *entry = self.original.load(Ordering::Acquire) };
        }
    }

    /// Where the method's function pointer lies.
    fn find(&self, py: Python<'_>) -> Option<*mut usize> {
        let found = match self.class {
            None => crate::value::loaded(py, self.module, self.method)?,
            Some(class) => {
                let class = crate::value::loaded(py, self.module, class)?;
                crate::value::class_attribute(py, class.as_ptr().cast(), self.method)?
            }
        };
        self.entry_of(found.as_ptr())
    }

    /// Where the function pointer of this live object lies, if it has the form expected.
    fn entry_of(&self, found: Object) -> Option<*mut usize> {
        // SAFETY: the exact types tell where the entry is.
        unsafe {
            let kind = ffi::Py_TYPE(found);
            let definition = if kind == &raw mut ffi::PyMethodDescr_Type {
                (*found.cast::<ffi::PyMethodDescrObject>()).d_method
            } else if kind == &raw mut ffi::PyCFunction_Type {
                (*found.cast::<ffi::PyCFunctionObject>()).m_ml
            } else {
                return None;
            };
            ((*definition).ml_flags == self.form.flags())
                .then(|| (&raw mut (*definition).ml_meth).cast())
        }
    }

    /// Calls the method's own function.
    ///
    /// # Safety
    /// From the replacement only, which has this form, with what the interpreter called it with.
    pub unsafe fn plain(&self, this: Object, argument: Object) -> Object {
        // SAFETY: the address came from an entry whose flags tell this form.
        unsafe { transmute::<usize, Plain>(self.original.load(Ordering::Acquire))(this, argument) }
    }

    /// Calls the method's own function.
    ///
    /// # Safety
    /// As `plain`.
    pub unsafe fn fast(&self, this: Object, args: *const Object, count: isize) -> Object {
        // SAFETY: as `plain`.
        unsafe {
            transmute::<usize, Fast>(self.original.load(Ordering::Acquire))(this, args, count)
        }
    }

    /// Calls the method's own function.
    ///
    /// # Safety
    /// As `plain`.
    pub unsafe fn named(
        &self,
        this: Object,
        args: *const Object,
        count: isize,
        names: Object,
    ) -> Object {
        // SAFETY: as `plain`.
        unsafe {
            transmute::<usize, Named>(self.original.load(Ordering::Acquire))(
                this, args, count, names,
            )
        }
    }

    /// Calls the method's own function.
    ///
    /// # Safety
    /// As `plain`.
    pub unsafe fn of_class(
        &self,
        this: Object,
        class: Object,
        args: *const Object,
        count: isize,
        names: Object,
    ) -> Object {
        // SAFETY: as `plain`.
        unsafe {
            transmute::<usize, Method>(self.original.load(Ordering::Acquire))(
                this, class, args, count, names,
            )
        }
    }
}

impl Slot {
    /// Of a class of a module.
    pub const fn of(module: &'static CStr, class: &'static CStr, ours: Next) -> Self {
        Self {
            module,
            class,
            ours,
            original: AtomicUsize::new(0),
        }
    }

    /// Replaces the function, where the class has one.
    pub fn set(&self, py: Python<'_>) {
        let Some(class) = self.class(py) else { return };
        // SAFETY: the slot of a live type; the GIL is held.
        if let Some(original) = unsafe { (*class).tp_iternext } {
            let (original, ours) = (original as usize, self.ours as usize);
            if original != ours {
                self.original.store(original, Ordering::Release);
                put(py, class, original, ours);
            }
        }
    }

    /// Puts the function back. Its address is kept for calls that are still inside ours.
    pub fn unset(&self, py: Python<'_>) {
        let original = self.original.load(Ordering::Acquire);
        if let Some(class) = self.class(py).filter(|_| original != 0) {
            put(py, class, self.ours as usize, original);
        }
    }

    fn class(&self, py: Python<'_>) -> Option<*mut ffi::PyTypeObject> {
        crate::value::loaded(py, self.module, self.class).map(|class| class.as_ptr().cast())
    }

    /// Calls the slot's own function.
    ///
    /// # Safety
    /// As [`Hook::plain`].
    pub unsafe fn plain(&self, this: Object) -> Object {
        // SAFETY: the address came from the slot.
        unsafe { transmute::<usize, Next>(self.original.load(Ordering::Acquire))(this) }
    }
}

/// Puts another function into the slot of a class and into its `__next__`, which has the slot's.
fn put(py: Python<'_>, class: *mut ffi::PyTypeObject, before: usize, function: usize) {
    // SAFETY: a live type, with the GIL held; the exact type of its attribute tells what that holds.
    unsafe {
        (*class).tp_iternext = Some(transmute::<usize, Next>(function));
        let Some(found) = crate::value::class_attribute(py, class, c"__next__") else {
            return;
        };
        let wrapper = found.as_ptr().cast::<ffi::PyWrapperDescrObject>();
        if ffi::Py_TYPE(found.as_ptr()) == &raw mut ffi::PyWrapperDescr_Type
            && (*wrapper).d_wrapped as usize == before
        {
            (*wrapper).d_wrapped = function as *mut c_void;
        }
    }
}
