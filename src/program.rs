//! The program's code run at the bottom of the stack, and its uncaught exception told as the interpreter does.
//!
//! Owns: where the program's frames begin. Must not: know whether anything is recorded.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::frame::{self, Bottom};

/// Calls a function with no frame beneath it; returns the exception that escaped.
pub fn run(function: &Bound<'_, PyAny>, arguments: &Bound<'_, PyTuple>) -> Option<Py<PyAny>> {
    let bottom = Bottom::hide(function.py(), frame::access(function.py()));
    let result = function.call1(arguments);
    drop(bottom);
    result
        .err()
        .map(|error| error.into_value(function.py()).into_any())
}

/// Tells of an exception as the interpreter tells of an uncaught one: `sys.last_exc`, `sys.excepthook`.
pub fn print_uncaught(exception: Bound<'_, PyAny>) {
    let _bottom = Bottom::hide(exception.py(), frame::access(exception.py()));
    // SAFETY: the GIL is held; the exception's reference is handed over.
    unsafe {
        ffi::PyErr_SetRaisedException(exception.into_ptr());
        ffi::PyErr_PrintEx(1);
    }
}
