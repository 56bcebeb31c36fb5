//! The program's code compiled and run at the bottom of the stack, from which nothing returns to ours.
//!
//! Owns: where the program's frames begin. Must not: know whether anything is recorded.

mod end;

use std::ffi::CString;
use std::ptr;

use pyo3::exceptions::PySyntaxError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyString, PyTuple};

use crate::frame::{self, Bottom};

pub use end::status;
use end::{End, Kind};

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

/// Runs code as `__main__` with no frame beneath it, or shows why there is none, and ends the process; returns the exit
/// status where the interpreter's prompt follows.
///
/// # Errors
/// Where there is no such module.
pub fn run(
    program: &Bound<'_, PyAny>,
    is_file: bool,
    status: Option<&Bound<'_, PyAny>>,
) -> PyResult<i32> {
    let py = program.py();
    let kind = if is_file { Kind::File } else { Kind::Text };
    let end = End::new(py, kind, status)?;
    // SAFETY: the GIL is held. The one reference that is taken here is the interpreter's own in `_PyRun_SimpleFile`;
    // the names are borrowed, as there: the program may count the references.
    unsafe {
        let module = ffi::PyImport_AddModule(c"__main__".as_ptr());
        let module = Bound::from_borrowed_ptr_or_err(py, module)?;
        let _bottom = Bottom::hide(frame::access(py));
        if let Ok(code) = program.cast::<PyCode>() {
            let names = ffi::PyModule_GetDict(module.as_ptr());
            ffi::Py_XDECREF(ffi::PyEval_EvalCode(code.as_ptr(), names, names));
        } else {
            ffi::PyErr_SetRaisedException(program.clone().into_ptr());
        }
        Ok(end.reach(Some(module)))
    }
}

/// Calls what runs a module as `__main__`, as `run` does it with code.
///
/// # Errors
/// As `run`.
pub fn call(
    function: &Bound<'_, PyAny>,
    arguments: &Bound<'_, PyTuple>,
    status: Option<&Bound<'_, PyAny>>,
) -> PyResult<i32> {
    let py = function.py();
    let end = End::new(py, Kind::Module, status)?;
    let _bottom = Bottom::hide(frame::access(py));
    // SAFETY: the GIL is held; a callable, a tuple and no keywords; what is raised stays so.
    unsafe {
        let none = ptr::null_mut();
        let result = ffi::PyObject_Call(function.as_ptr(), arguments.as_ptr(), none);
        ffi::Py_XDECREF(result);
        Ok(end.reach(None))
    }
}
