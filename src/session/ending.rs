//! Ways to end that pass our own end of the recording by.
//!
//! Owns: `os._exit`, and `atexit` functions that the program clears or runs. Must not: know what a recording holds.

use std::ffi::CStr;
use std::panic::catch_unwind;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::{flush, stop};
use crate::apart;
use crate::frame::Object;
use crate::hook::{Form, Hook, OS};
use crate::interpreter;
use crate::value;

const ATEXIT: &CStr = c"atexit";

static EXIT: Hook = Hook::function(OS, c"_exit", Form::Named(exit_at_once));
static CLEAR: Hook = Hook::function(ATEXIT, c"_clear", Form::None(clear));
static RUN: Hook = Hook::function(ATEXIT, c"_run_exitfuncs", Form::None(run));
static COUNT: Hook = Hook::function(ATEXIT, c"_ncallbacks", Form::None(count));
static HOOKS: [&Hook; 3] = [&CLEAR, &RUN, &COUNT];

/// What ends the recording, and in which process.
static LAST: Mutex<Option<(u32, Py<PyAny>)>> = Mutex::new(None);
/// The process in which `finish` is registered with `atexit`.
static REGISTERED: AtomicU32 = AtomicU32::new(0);
/// Whether the program itself runs what is registered, which is not its end.
static EARLY: AtomicBool = AtomicBool::new(false);

/// Has `end` called when the interpreter ends: after all that is registered with `atexit` from now on, whatever the
/// program does with that.
///
/// # Errors
/// Where `atexit` is not loaded, or fails.
pub fn at_exit(end: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = end.py();
    if REGISTERED.load(Ordering::Relaxed) != process::id() {
        register(py)?;
    }
    keep(py, end.clone().unbind());
    Ok(())
}

fn register(py: Python<'_>) -> PyResult<()> {
    if let Some(register) = value::loaded(py, ATEXIT, c"register") {
        let finish =
            PyCFunction::new_closure(py, None, None, |arguments, _| finish(arguments.py()))?;
        register.call1((finish,))?;
        REGISTERED.store(process::id(), Ordering::Relaxed);
    }
    Ok(())
}

/// What is registered: it stays so when the recording has ended, and does nothing then.
fn finish(py: Python<'_>) -> PyResult<()> {
    if EARLY.load(Ordering::Relaxed) {
        return Ok(());
    }
    match own_end(py) {
        Some(end) => apart::run(py, |py| end.call0(py).map(drop)).unwrap_or(Ok(())),
        None => Ok(()),
    }
}

/// What ends the recording of this process.
fn own_end(py: Python<'_>) -> Option<Py<PyAny>> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let own = last.as_ref().filter(|(id, _)| *id == process::id());
    own.map(|(_, end)| end.clone_ref(py))
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
    HOOKS.iter().for_each(|hook| hook.set(py));
}

/// Puts every method back as it was.
pub(super) fn unwatch(py: Python<'_>) {
    EXIT.unset(py);
    HOOKS.iter().for_each(|hook| hook.unset(py));
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(last);
}

/// `atexit._clear`: test frameworks call it. A child that `multiprocessing` has forked does, too, but ends by `os._exit`.
unsafe extern "C" fn clear(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = unsafe { CLEAR.plain(this, argument) };
    register_again();
    result
}

/// `atexit._run_exitfuncs`: the program runs what is registered, which is gone then, and goes on.
unsafe extern "C" fn run(this: Object, argument: Object) -> Object {
    EARLY.store(true, Ordering::Relaxed);
    // SAFETY: called as the interpreter called us.
    let result = unsafe { RUN.plain(this, argument) };
    EARLY.store(false, Ordering::Relaxed);
    register_again();
    result
}

/// Where the program has taken it away. The program may have an exception on its way meanwhile.
fn register_again() {
    // SAFETY: the GIL is held: the interpreter called us. The exception taken is put back.
    unsafe {
        let raised = ffi::PyErr_GetRaisedException();
        interpreter::attached(|py| {
            if own_end(py).is_some() {
                // Without it the trace is left as it lies.
                let _ = register(py);
            }
        });
        ffi::PyErr_SetRaisedException(raised);
    }
}

/// `atexit._ncallbacks`: how many the program has registered.
unsafe extern "C" fn count(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us; what it returns is an int, or null.
    unsafe {
        let all = COUNT.plain(this, argument);
        if all.is_null() || REGISTERED.load(Ordering::Relaxed) != process::id() {
            return all;
        }
        let programs = ffi::PyLong_FromSsize_t(ffi::PyLong_AsSsize_t(all) - 1);
        ffi::Py_DECREF(all);
        programs
    }
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
