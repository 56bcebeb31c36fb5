//! The program's code compiled and run at the bottom of the stack, and its uncaught exception told as the interpreter
//! does.
//!
//! Owns: where the program's frames begin. Must not: know whether anything is recorded.

use std::ffi::CString;

use pyo3::exceptions::PySyntaxError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyString, PyTuple};

use crate::frame::{self, Bottom};

/// Source of a file, compiled as `compile` does it. That one makes all types of the `ast` module first, which plain
/// Python never does to run a script, and which takes two milliseconds (`PyAST_Check` in `Python/bltinmodule.c`).
///
/// # Errors
/// What `compile` raises.
pub fn compile<'py>(source: &[u8], filename: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let py = filename.py();
    let source = CString::new(source)
        .map_err(|_| PySyntaxError::new_err("source code string cannot contain null bytes"))?;
    let mut flags = ffi::PyCompilerFlags {
        cf_flags: 0,
        cf_feature_version: py.version_info().minor.into(),
    };
    // SAFETY: the GIL is held; a text that ends in a null byte and a str; the code object is a new reference.
    unsafe {
        let code = ffi::Py_CompileStringObject(
            source.as_ptr(),
            filename.as_ptr(),
            ffi::Py_file_input,
            &raw mut flags,
            -1,
        );
        Bound::from_owned_ptr_or_err(py, code)
    }
}

/// Runs code as `__main__` with no frame beneath it; returns the exception that escaped, and the module.
///
/// # Errors
/// Where there is no such module.
pub fn run<'py>(code: &Bound<'py, PyCode>) -> PyResult<(Option<Py<PyAny>>, Bound<'py, PyAny>)> {
    let py = code.py();
    // SAFETY: the GIL is held. The one reference that is taken here is the interpreter's own in `_PyRun_SimpleFile`;
    // the names are borrowed, as there: the program may count the references.
    unsafe {
        let module = ffi::PyImport_AddModule(c"__main__".as_ptr());
        let module = Bound::from_borrowed_ptr_or_err(py, module)?;
        let names = ffi::PyModule_GetDict(module.as_ptr());
        let outcome = at_bottom(py, || {
            let result = ffi::PyEval_EvalCode(code.as_ptr(), names, names);
            Bound::from_owned_ptr_or_err(py, result)
        });
        Ok((outcome, module))
    }
}

/// Calls a function with no frame beneath it; returns the exception that escaped.
pub fn call(function: &Bound<'_, PyAny>, arguments: &Bound<'_, PyTuple>) -> Option<Py<PyAny>> {
    at_bottom(function.py(), || function.call1(arguments))
}

fn at_bottom<'py>(
    py: Python<'py>,
    act: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> Option<Py<PyAny>> {
    let bottom = Bottom::hide(frame::access(py));
    let result = act();
    drop(bottom);
    result.err().map(|error| error.into_value(py).into_any())
}

/// Tells of an exception as the interpreter tells of an uncaught one: `sys.last_exc`, `sys.excepthook`.
pub fn print_uncaught(exception: Bound<'_, PyAny>) {
    let _bottom = Bottom::hide(frame::access(exception.py()));
    // SAFETY: the GIL is held; the exception's reference is handed over.
    unsafe {
        ffi::PyErr_SetRaisedException(exception.into_ptr());
        ffi::PyErr_PrintEx(1);
    }
}
