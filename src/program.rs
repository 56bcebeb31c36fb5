//! The program's code run at the bottom of the stack, from which nothing returns to ours.
//!
//! Owns: where the program's frames begin. Must not: know whether anything is recorded.

mod end;

use std::ffi::{CStr, c_int};
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCode, PyTuple};

use crate::frame::{self, Bottom, Object};

pub use end::status;
use end::{End, Kind};

static NEVER_BEGAN: AtomicBool = AtomicBool::new(false);

/// Whether the program has ended before any code of it could run.
pub fn never_began() -> bool {
    NEVER_BEGAN.load(Ordering::Relaxed)
}

/// Has the interpreter read an open file and run it as `__main__`, with no frame beneath it, and ends the process;
/// returns the exit status where the interpreter's prompt follows. Of a file the interpreter tells other mistakes, and in
/// other words, than `compile` does of its bytes: it reads line by line.
///
/// # Errors
/// Where there is no such module, no such file, or `sys.flags` is not as documented.
pub fn run_source(
    py: Python<'_>,
    descriptor: c_int,
    name: &CStr,
    skips_line: bool,
    status: Option<&Bound<'_, PyAny>>,
) -> PyResult<i32> {
    let end = End::new(py, Kind::File, status)?;
    // SAFETY: a text that ends in a null byte; the file is closed by the interpreter.
    let file = unsafe { libc::fdopen(descriptor, c"rb".as_ptr()) };
    if file.is_null() {
        return Err(io::Error::last_os_error().into());
    }
    if skips_line {
        skip_line(file);
    }
    let mut flags = ffi::PyCompilerFlags {
        cf_flags: 0,
        cf_feature_version: py.version_info().minor.into(),
    };
    // SAFETY: the GIL is held; `names` is a dict; an open file, which is closed when it was read (`Python/pythonrun.c`).
    let read = |names| unsafe {
        let (start, closes) = (ffi::Py_file_input, 1);
        let name = name.as_ptr();
        ffi::PyRun_FileExFlags(file, name, start, names, names, closes, &raw mut flags)
    };
    run(py, end, read)
}

/// Goes to the end of the first line, as `pymain_run_file_obj` does (`Modules/main.c`).
fn skip_line(file: *mut libc::FILE) {
    // SAFETY: an open file.
    unsafe {
        loop {
            match libc::fgetc(file) {
                libc::EOF => return,
                character if character == c_int::from(b'\n') => {
                    libc::ungetc(character, file);
                    return;
                }
                _ => {}
            }
        }
    }
}

/// Runs code, or shows why there is none, as `run_source` does it with a file.
///
/// # Errors
/// As `run_source`, but for the file.
pub fn run_code(
    program: &Bound<'_, PyAny>,
    is_file: bool,
    status: Option<&Bound<'_, PyAny>>,
) -> PyResult<i32> {
    let kind = if is_file { Kind::File } else { Kind::Text };
    let end = End::new(program.py(), kind, status)?;
    // SAFETY: the GIL is held; `names` is a dict; what is raised takes over a reference.
    run(program.py(), end, |names| unsafe {
        if let Ok(code) = program.cast::<PyCode>() {
            return ffi::PyEval_EvalCode(code.as_ptr(), names, names);
        }
        ffi::PyErr_SetRaisedException(program.clone().into_ptr());
        ptr::null_mut()
    })
}

/// Calls `act` with the names of `__main__` at the bottom of the stack, and ends the process.
fn run(py: Python<'_>, end: End<'_>, act: impl FnOnce(Object) -> Object) -> PyResult<i32> {
    // SAFETY: the GIL is held. The one reference that is taken here is the interpreter's own in `_PyRun_SimpleFile`;
    // the names are borrowed, as there: the program may count the references.
    unsafe {
        let module = ffi::PyImport_AddModule(c"__main__".as_ptr());
        let module = Bound::from_borrowed_ptr_or_err(py, module)?;
        let _bottom = Bottom::hide(frame::access(py));
        ffi::Py_XDECREF(act(ffi::PyModule_GetDict(module.as_ptr())));
        NEVER_BEGAN.store(came_from_nowhere(), Ordering::Relaxed);
        Ok(end.reach(Some(module)))
    }
}

/// Whether what is raised has come up in no frame.
fn came_from_nowhere() -> bool {
    // SAFETY: the GIL is held; what is raised is taken out and put back.
    unsafe {
        let raised = ffi::PyErr_GetRaisedException();
        if raised.is_null() {
            return false;
        }
        let traceback = ffi::PyException_GetTraceback(raised);
        ffi::Py_XDECREF(traceback);
        ffi::PyErr_SetRaisedException(raised);
        traceback.is_null()
    }
}

/// Calls what runs a module as `__main__`, as `run_source` does it with a file.
///
/// # Errors
/// Where `sys.flags` is not as documented.
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
