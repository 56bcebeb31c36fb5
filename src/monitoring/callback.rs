//! The callable objects that `sys.monitoring` calls.
//!
//! Owns: their type and memory. Must not: know of events.
//!
//! Their type has a slot for vectorcall (PEP 590), so that the interpreter calls us without a check of C's recursion
//! limit: a builtin function would fail where the program itself has one level left, and the program would see that.

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr;
use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::frame::Object;

/// What a callback is called with: itself, the event's arguments, their number, no names.
pub(super) type Function = unsafe extern "C" fn(Object, *const Object, usize, Object) -> Object;

#[repr(C)]
struct Callback {
    base: ffi::PyObject,
    function: Function,
    /// A share in the receiver, by its address.
    share: *const c_void,
    give_back: unsafe fn(*const c_void),
}

/// A callable that calls `function`, and has a share in the receiver.
///
/// # Errors
/// Where memory runs out.
pub(super) fn new<'py, T>(
    py: Python<'py>,
    receiver: &Rc<T>,
    function: Function,
) -> PyResult<Bound<'py, PyAny>> {
    let class = class(py)?;
    // SAFETY: the type is ready, and its instances have the layout of `Callback`; all fields are set before it is used.
    unsafe {
        let object = ffi::PyType_GenericAlloc(class, 0);
        let callable = Bound::from_owned_ptr_or_err(py, object)?;
        let callback = object.cast::<Callback>();
        (*callback).function = function;
        (*callback).give_back = |share| drop(Rc::from_raw(share.cast::<T>()));
        (*callback).share = Rc::into_raw(Rc::clone(receiver)).cast();
        Ok(callable)
    }
}

/// The receiver of a callback.
///
/// # Safety
/// `callable` was made by `new`, for a `T`, and is alive as long as the answer is used.
#[inline]
pub(super) unsafe fn receiver<'a, T>(callable: Object) -> Option<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { (*callable.cast::<Callback>()).share.cast::<T>().as_ref() }
}

unsafe extern "C" fn dealloc(object: Object) {
    // SAFETY: called once, by the dying object; the share came from `Rc::into_raw`, where it is there at all.
    unsafe {
        let callback = object.cast::<Callback>();
        if !(*callback).share.is_null() {
            ((*callback).give_back)((*callback).share);
        }
        ffi::PyObject_Free(object.cast());
    }
}

/// The callables' type: a static one, which the garbage collector does not list.
fn class(py: Python<'_>) -> PyResult<*mut ffi::PyTypeObject> {
    static CLASS: PyOnceLock<usize> = PyOnceLock::new();
    let address = CLASS.get_or_try_init(py, || {
        // SAFETY: all zero is what a type that is not ready yet has in its fields. It is never freed.
        let class: &'static mut ffi::PyTypeObject =
            Box::leak(Box::new(unsafe { std::mem::zeroed() }));
        class.ob_base.ob_base = ffi::PyObject_HEAD_INIT;
        class.tp_name = c"codetracer_python_recorder.Callback".as_ptr();
        class.tp_basicsize = size_of::<Callback>().cast_signed();
        class.tp_dealloc = Some(dealloc);
        class.tp_vectorcall_offset = offset_of!(Callback, function).cast_signed();
        class.tp_call = Some(ffi::PyVectorcall_Call);
        class.tp_flags = ffi::Py_TPFLAGS_DEFAULT
            | ffi::Py_TPFLAGS_HAVE_VECTORCALL
            | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
        // SAFETY: the GIL is held; the type lives forever.
        if unsafe { ffi::PyType_Ready(ptr::from_mut(class)) } < 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(ptr::from_mut(class) as usize)
    })?;
    Ok(ptr::with_exposed_provenance_mut(*address))
}
