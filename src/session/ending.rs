//! Ways to end that pass our own end of the recording by.
//!
//! Owns: `os._exit`, and `atexit` functions that the program clears. Must not: know what a recording holds.

use std::panic::catch_unwind;
use std::process;
use std::sync::{Mutex, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;

use super::{flush, live, stop};
use crate::frame::Object;
use crate::hook::{Form, Hook, OS};
use crate::value;

static EXIT: Hook = Hook::function(OS, c"_exit", Form::Named(exit_at_once));
static CLEAR: Hook = Hook::function(c"atexit", c"_clear", Form::None(clear));

/// What is registered with `atexit`, and in which process.
static LAST: Mutex<Option<(u32, Py<PyAny>)>> = Mutex::new(None);

/// Registers what ends the recording with `atexit`, and again where the program clears that.
///
/// # Errors
/// Where `atexit` is not loaded, or fails.
pub fn at_exit(end: &Bound<'_, PyAny>) -> PyResult<()> {
    register(end)?;
    let last = (process::id(), end.clone().unbind());
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    CLEAR.set(end.py());
    Ok(())
}

fn register(end: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Some(register) = value::loaded(end.py(), c"atexit", c"register") {
        register.call1((end,))?;
    }
    Ok(())
}

/// Follows the process to its end from now on.
pub(super) fn watch(py: Python<'_>) {
    EXIT.set(py);
}

/// What is registered in the parent is registered in a forked child, too; taken before `unwatch`, for `keep`.
pub(super) fn inherited() -> Option<Py<PyAny>> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
    last.map(|(_, end)| end)
}

/// Goes on in a forked child with what the parent has registered.
pub(super) fn keep(py: Python<'_>, end: Py<PyAny>) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((process::id(), end));
    CLEAR.set(py);
}

/// Puts every method back as it was.
pub(super) fn unwatch(py: Python<'_>) {
    EXIT.unset(py);
    CLEAR.unset(py);
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(last);
}

/// `atexit._clear`: test frameworks call it. A child that `multiprocessing` has forked does, too, but ends by `os._exit`.
unsafe extern "C" fn clear(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = unsafe { CLEAR.plain(this, argument) };
    if !result.is_null() && live().is_some() {
        Python::attach(|py| {
            let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
            let own = last.as_ref().filter(|(id, _)| *id == process::id());
            let end = own.map(|(_, end)| end.clone_ref(py));
            drop(last);
            if let Some(end) = end {
                // Without it the trace is left as it lies.
                let _ = register(end.bind(py));
            }
        });
    }
    result
}

/// `os._exit`: nothing of the program runs after it, so the recording ends before.
unsafe extern "C" fn exit_at_once(
    this: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: as many arguments as `count` says; only an exact int is asked for its value.
    unsafe {
        let is_plain = count == 1 && names.is_null() && ffi::PyLong_CheckExact(*args) != 0;
        let status = is_plain.then(|| ffi::PyLong_AsLong(*args));
        if is_plain && !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        // What cannot be written has been said; the process ends as it was told.
        let _ = match status.map(i32::try_from) {
            Some(Ok(status)) => catch_unwind(|| stop(Some(status)).map(|_| ())),
            _ => catch_unwind(flush), // it may end, or be an error of the program's
        };
        EXIT.named(this, args, count, names)
    }
}
