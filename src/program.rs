//! The program's code run at the bottom of the stack, and its uncaught exception told as the interpreter does.
//!
//! Owns: where the program's frames begin. Must not: know whether anything is recorded.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyDict};

use crate::frame::{self, Bottom};

/// Runs code in its globals with no frame beneath it; returns the exception that escaped.
pub fn run(py: Python<'_>, code: &Bound<'_, PyCode>, globals: &Bound<'_, PyDict>) -> Option<Py<PyAny>> {
    let bottom = Bottom::hide(py, frame::access(py));
    // SAFETY: the GIL is held; a code object and its globals, which serve as its locals too.
    let result = unsafe { ffi::PyEval_EvalCode(code.as_ptr(), globals.as_ptr(), globals.as_ptr()) };
    drop(bottom);
    // SAFETY: a new reference or null; with null, an exception is set.
    unsafe {
        if result.is_null() {
            return Bound::from_owned_ptr_or_opt(py, ffi::PyErr_GetRaisedException()).map(Bound::unbind);
        }
        ffi::Py_DECREF(result);
    }
    None
}

/// Tells of an exception as the interpreter tells of an uncaught one: `sys.last_exc`, `sys.excepthook`.
pub fn print_uncaught(py: Python<'_>, exception: Bound<'_, PyAny>) {
    let _bottom = Bottom::hide(py, frame::access(py));
    // SAFETY: the GIL is held; the exception's reference is handed over.
    unsafe {
        ffi::PyErr_SetRaisedException(exception.into_ptr());
        ffi::PyErr_PrintEx(1);
    }
}
