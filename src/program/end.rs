//! From the end of the main module to the end of the process, as the interpreter goes that way.
//!
//! Owns: what is flushed and shown, the exit status, and what ends the process. Must not: enter a frame of ours: a signal
//! that waits would be handled there, and what the program has left behind to trace, profile or watch it would see us.
//!
//! Facts: `Modules/main.c` (`pymain_run_python`, `Py_RunMain`), `Python/pythonrun.c` (`_PyRun_SimpleFile`,
//! `_PyErr_PrintEx`, `_Py_HandleSystemExit`). An uncaught `SystemExit` ends the process where it is shown, but for
//! modules, which go on to the prompt if there is to be one; that of a `sys.excepthook` ends it always. With `-i` it is
//! shown as any other exception. Where later versions go another way, `Since` tells which.

use std::env;
use std::ffi::{c_char, c_int, c_void};
use std::io::{IsTerminal as _, stdin};
use std::process;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::apart;
use crate::frame::Object;

/// What a shell makes of a process that SIGINT ended.
const INTERRUPTED: i32 = 128 + 2;
/// The status of a process for which its status cannot be found out.
const UNKNOWN: i32 = 2;

unsafe extern "C" {
    fn fflush(stream: *mut c_void) -> c_int;
}

/// The program's exit status, once it has ended.
static STATUS: Mutex<Option<i32>> = Mutex::new(None);

/// The program's exit status as its parent sees it, if it has ended.
pub fn status() -> Option<i32> {
    *STATUS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(status: i32) {
    let seen = if cfg!(unix) { status & 0xFF } else { status };
    *STATUS.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
}

/// How a program is given, by which the interpreter ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `-c`
    Text,
    /// A script, or standard input.
    File,
    /// `-m`, a folder, a zip file.
    Module,
}

/// What the end depends on, but for the program.
pub(super) struct End<'py> {
    py: Python<'py>,
    kind: Kind,
    prompt: Prompt,
    /// What gives the process an exit status other than the program's.
    status: Option<Bound<'py, PyAny>>,
}

/// What the interpreter was told about its prompt, before the program could change that.
struct Prompt {
    /// `-i`, or the variable.
    follows: bool,
    /// `-i`: whatever standard input is.
    is_forced: bool,
    /// Neither `-E` nor `-I`: the variable, which the program may set, counts.
    heeds_variable: bool,
}

/// How the process ends.
#[derive(Default)]
struct Outcome {
    status: i32,
    /// By SIGINT, unless the prompt follows.
    is_interrupt: bool,
    /// Whatever follows otherwise.
    ends_here: bool,
}

impl<'py> End<'py> {
    /// To be made before the program runs.
    pub(super) fn new(
        py: Python<'py>,
        kind: Kind,
        status: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let prompt = Prompt::of(py)?;
        let status = status.cloned();
        Ok(Self {
            py,
            kind,
            prompt,
            status,
        })
    }

    /// Ends the process in which the main module has ended, with what it raised as the thread's exception, if it raised;
    /// returns its exit status where the prompt follows. `module` is the main module, where the interpreter holds it.
    ///
    /// # Safety
    /// With the program's frames gone, and ours hidden.
    pub(super) unsafe fn reach(self, mut module: Option<Bound<'py, PyAny>>) -> i32 {
        let returns = is_since(self.py, RETURNS);
        // SAFETY: the GIL is held; classes are compared by what they are, and `raised` is one, or null.
        unsafe {
            let raised = ffi::PyErr_Occurred();
            let is_interrupt = interrupts() || raised == ffi::PyExc_KeyboardInterrupt;
            if self.kind == Kind::File {
                flush_streams();
            }
            let mut names = module
                .as_ref()
                .filter(|_| self.kind == Kind::File)
                .map(names_of);
            if !raised.is_null() {
                drop(module.take());
            }
            if returns {
                names.take().iter().for_each(forget_file);
            }
            let mut outcome = Outcome::default();
            if !raised.is_null() {
                outcome = self.show_raised(is_interrupt, returns);
            }
            if !outcome.ends_here {
                names.iter().for_each(forget_file);
            }
            // Nothing comes back from `leave`, and what is held then is never taken apart.
            drop((names, module));
            if returns && !outcome.ends_here && ffi::PyErr_CheckSignals() < 0 {
                let was_interrupt = outcome.is_interrupt;
                outcome = self.show_raised(interrupts(), returns);
                outcome.is_interrupt |= was_interrupt;
            }
            note(outcome.status);
            self.leave(outcome)
        }
    }

    /// Shows what is raised.
    unsafe fn show_raised(&self, is_interrupt: bool, returns: bool) -> Outcome {
        // SAFETY: the GIL is held, and an exception is raised.
        unsafe {
            if self.is_exit() {
                return Outcome {
                    status: show_exit(self.py),
                    is_interrupt: false,
                    ends_here: !returns && self.kind != Kind::Module,
                };
            }
            let status = if is_interrupt { INTERRUPTED } else { 1 };
            note(status);
            let is_interrupt = self.show() || is_interrupt;
            if self.is_exit() {
                return Outcome {
                    status: show_exit(self.py),
                    is_interrupt: false,
                    ends_here: true,
                };
            }
            Outcome {
                status: if is_interrupt { INTERRUPTED } else { 1 },
                is_interrupt,
                ends_here: false,
            }
        }
    }

    /// Whether what is raised ends the process where it is shown.
    unsafe fn is_exit(&self) -> bool {
        // SAFETY: the GIL is held.
        unsafe {
            !ffi::PyErr_Occurred().is_null()
                && !self.prompt.follows
                && ffi::PyErr_ExceptionMatches(ffi::PyExc_SystemExit) != 0
        }
    }

    unsafe fn leave(self, outcome: Outcome) -> i32 {
        let is_interrupt = outcome.is_interrupt && self.status.is_none();
        let status = if is_interrupt { 1 } else { outcome.status };
        let status = self.status_of_process().unwrap_or(status);
        let ends_here = outcome.ends_here || !self.prompt.is_wanted();
        drop(self.status);
        // SAFETY: the GIL is held, and nothing of the program runs any more.
        unsafe {
            if ends_here {
                finish(status, is_interrupt);
            }
            ffi::PyErr_Clear();
            if is_interrupt {
                interrupt_later(self.py);
            }
        }
        status
    }

    /// `_PyErr_PrintEx`: shows what was raised, as `sys.last_exc` and by `sys.excepthook`. Where that exits, its
    /// `SystemExit` is raised, and what was to be shown is kept, as the interpreter keeps it. Whether it has interrupted
    /// the process.
    unsafe fn show(&self) -> bool {
        // SAFETY: the GIL is held, and an exception is raised, whose reference is taken over.
        unsafe {
            let raised = ffi::PyErr_GetRaisedException();
            let class = ffi::Py_TYPE(raised).cast::<ffi::PyObject>();
            ffi::Py_INCREF(class);
            let mut traceback = ffi::PyException_GetTraceback(raised);
            if traceback.is_null() {
                traceback = ffi::Py_None();
                ffi::Py_INCREF(traceback);
            }
            for (name, value) in [
                (c"last_exc", raised),
                (c"last_type", class),
                (c"last_value", raised),
                (c"last_traceback", traceback),
            ] {
                if ffi::PySys_SetObject(name.as_ptr(), value) < 0 {
                    ffi::PyErr_Clear();
                }
            }
            let hook = ffi::PySys_GetObject(c"excepthook".as_ptr());
            ffi::Py_XINCREF(hook);
            let what = [class, raised, traceback];
            let has_interrupted = is_allowed(hook, what) && self.call_hook(hook, what);
            if !self.is_exit() {
                for object in [hook, traceback, class, raised] {
                    ffi::Py_XDECREF(object);
                }
            }
            has_interrupted
        }
    }

    /// Whether it has interrupted the process.
    unsafe fn call_hook(&self, hook: Object, what: [Object; 3]) -> bool {
        let [_, raised, _] = what;
        // SAFETY: the GIL is held; three arguments. The texts are formats that take none.
        unsafe {
            if hook.is_null() {
                ffi::PySys_WriteStderr(c"sys.excepthook is missing\n".as_ptr());
                ffi::PyErr_DisplayException(raised);
                return false;
            }
            let result = ffi::PyObject_Vectorcall(hook, what.as_ptr(), what.len(), ptr::null_mut());
            let has_interrupted = interrupts();
            if !result.is_null() {
                ffi::Py_DECREF(result);
            } else if !self.is_exit() {
                let error = ffi::PyErr_GetRaisedException();
                fflush(ptr::null_mut());
                ffi::PySys_WriteStderr(c"Error in sys.excepthook:\n".as_ptr());
                ffi::PyErr_DisplayException(error);
                ffi::PySys_WriteStderr(c"\nOriginal exception was:\n".as_ptr());
                ffi::PyErr_DisplayException(raised);
                ffi::Py_DECREF(error);
            }
            has_interrupted
        }
    }

    /// What the process tells in place of the program's status, if it does.
    fn status_of_process(&self) -> Option<i32> {
        let status = self.status.as_ref()?.clone().unbind();
        let told = apart::run(self.py, |py| status.call0(py)?.extract(py));
        Some(told.and_then(PyResult::ok).unwrap_or(UNKNOWN))
    }
}

impl Prompt {
    fn of(py: Python<'_>) -> PyResult<Self> {
        let flags = py.import("sys")?.getattr("flags")?;
        let is_set = |name| flags.getattr(name)?.extract::<i32>().map(|flag| flag != 0);
        Ok(Self {
            follows: is_set("inspect")?,
            is_forced: is_set("interactive")?,
            heeds_variable: !is_set("ignore_environment")?,
        })
    }

    /// Whether the interpreter goes on to its prompt.
    fn is_wanted(&self) -> bool {
        let is_set = || env::var_os("PYTHONINSPECT").is_some_and(|value| !value.is_empty());
        (self.follows || (self.heeds_variable && is_set()))
            && (self.is_forced || stdin().is_terminal())
    }
}

/// The module's names; its own reference to them, since the module may go before they are needed.
fn names_of<'py>(module: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    // SAFETY: the GIL is held; a module, as `PyImport_AddModule` found it.
    unsafe { Bound::from_borrowed_ptr(module.py(), ffi::PyModule_GetDict(module.as_ptr())) }
}

/// `flush_io`: after a file's main module, and before its traceback.
unsafe fn flush_streams() {
    // SAFETY: the GIL is held; the stream is borrowed from `sys`, so it is held meanwhile.
    unsafe {
        let raised = ffi::PyErr_GetRaisedException();
        for name in [c"stderr", c"stdout"] {
            let stream = ffi::PySys_GetObject(name.as_ptr());
            if !stream.is_null() {
                ffi::Py_INCREF(stream);
                let method = ffi::PyObject_GetAttrString(stream, c"flush".as_ptr());
                if !method.is_null() {
                    ffi::Py_XDECREF(ffi::PyObject_CallNoArgs(method));
                    ffi::Py_DECREF(method);
                }
                ffi::Py_DECREF(stream);
                ffi::PyErr_Clear();
            }
        }
        ffi::PyErr_SetRaisedException(raised);
    }
}

/// Whether no audit hook forbids to show what was raised, which one does by a `RuntimeError`.
unsafe fn is_allowed(hook: Object, [class, raised, traceback]: [Object; 3]) -> bool {
    unsafe extern "C" {
        fn PySys_Audit(event: *const c_char, format: *const c_char, ...) -> c_int;
        #[cfg(Py_3_13)]
        fn PyErr_FormatUnraisable(format: *const c_char, ...);
        #[cfg(not(Py_3_13))]
        fn _PyErr_WriteUnraisableMsg(place: *const c_char, object: Object);
    }
    // SAFETY: the GIL is held; each format takes what stands behind it.
    unsafe {
        let hook = if hook.is_null() { ffi::Py_None() } else { hook };
        let event = c"sys.excepthook".as_ptr();
        if PySys_Audit(event, c"OOOO".as_ptr(), hook, class, raised, traceback) == 0 {
            return true;
        }
        if ffi::PyErr_ExceptionMatches(ffi::PyExc_RuntimeError) != 0 {
            ffi::PyErr_Clear();
            return false;
        }
        #[cfg(Py_3_13)]
        PyErr_FormatUnraisable(c"Exception ignored in audit hook".as_ptr());
        #[cfg(not(Py_3_13))]
        _PyErr_WriteUnraisableMsg(c"in audit hook".as_ptr(), ptr::null_mut());
        true
    }
}

/// `_Py_HandleSystemExit`: the status in the `SystemExit` that was raised, or 1 for another object, which is shown. An
/// error of that stays raised where the interpreter leaves it so.
unsafe fn show_exit(py: Python<'_>) -> i32 {
    // SAFETY: the GIL is held; a SystemExit is raised, whose reference is taken over, as is its code's.
    unsafe {
        fflush(ptr::null_mut());
        let exception = ffi::PyErr_GetRaisedException();
        let code = ffi::PyObject_GetAttrString(exception, c"code".as_ptr());
        let shown = if code.is_null() {
            exception
        } else {
            ffi::Py_DECREF(exception);
            code
        };
        let status = if shown == ffi::Py_None() {
            0
        } else if ffi::PyLong_Check(shown) != 0 {
            status_of(py, shown)
        } else {
            ffi::PyErr_Clear();
            show_code(shown);
            1
        };
        ffi::Py_DECREF(shown);
        if is_since(py, MENDED) {
            ffi::PyErr_Clear();
        }
        status
    }
}

/// The low bits of an int, as the interpreter takes them; -1 for one that is too big.
#[allow(clippy::cast_possible_truncation, clippy::unnecessary_cast)]
unsafe fn status_of(py: Python<'_>, code: Object) -> i32 {
    // SAFETY: the GIL is held; an int, of which no method is called.
    unsafe {
        if is_since(py, MENDED) {
            ffi::PyLong_AsLongLong(code) as i32
        } else {
            ffi::PyLong_AsLong(code) as i32
        }
    }
}

/// Writes what `SystemExit` holds on `sys.stderr`; where that is gone, on the process's own.
unsafe fn show_code(code: Object) {
    // SAFETY: the GIL is held, and so is the stream meanwhile. The formats take no argument, and an object.
    unsafe {
        let stream = ffi::PySys_GetObject(c"stderr".as_ptr());
        if stream.is_null() || stream == ffi::Py_None() {
            ffi::PySys_FormatStderr(c"%S".as_ptr(), code);
        } else {
            ffi::Py_INCREF(stream);
            ffi::PyFile_WriteObject(code, stream, ffi::Py_PRINT_RAW);
            ffi::Py_DECREF(stream);
        }
        ffi::PySys_WriteStderr(c"\n".as_ptr());
    }
}

/// What a script's main module loses once it has run.
fn forget_file(names: &Bound<'_, PyAny>) {
    // SAFETY: the GIL is held; a dict and texts; what is raised stays so.
    unsafe {
        let raised = ffi::PyErr_GetRaisedException();
        let all = [c"__file__", c"__cached__"];
        for name in &all[..if cfg!(Py_3_15) { 1 } else { 2 }] {
            ffi::PyDict_DelItemString(names.as_ptr(), name.as_ptr());
            ffi::PyErr_Clear();
        }
        ffi::PyErr_SetRaisedException(raised);
    }
}

/// Whether what is raised interrupts the process where it is shown, as since 3.14 (before, where it is raised).
unsafe fn interrupts() -> bool {
    // SAFETY: the GIL is held.
    unsafe {
        cfg!(Py_3_14)
            && !ffi::PyErr_Occurred().is_null()
            && ffi::PyErr_ExceptionMatches(ffi::PyExc_KeyboardInterrupt) != 0
    }
}

/// Ends the process as the interpreter ends it.
unsafe fn finish(status: i32, is_interrupt: bool) -> ! {
    // SAFETY: the GIL is held, and nothing comes after.
    unsafe {
        if !is_interrupt {
            ffi::Py_Exit(status);
        }
        ffi::Py_FinalizeEx();
        end_by_interrupt()
    }
}

/// `exit_sigint`: who waits for the process is to see that SIGINT has ended it.
unsafe fn end_by_interrupt() -> ! {
    #[cfg(unix)]
    // SAFETY: the interpreter is gone, and no code of the program's runs on this thread.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::kill(libc::getpid(), libc::SIGINT);
    }
    process::exit(if cfg!(windows) {
        0xC000_013A_u32.cast_signed() // STATUS_CONTROL_C_EXIT
    } else {
        INTERRUPTED
    })
}

/// Has the interpreter end so after its prompt. It does where code that it was given as text has raised
/// `KeyboardInterrupt`, in whichever thread (`run_eval_code_obj` in `Python/pythonrun.c`).
#[cfg(not(Py_3_14))]
fn interrupt_later(py: Python<'_>) {
    apart::run(py, |_| {
        // SAFETY: the GIL is held; a namespace of its own, so that the name means what it says.
        unsafe {
            let names = ffi::PyDict_New();
            let interrupt = ffi::PyExc_KeyboardInterrupt;
            ffi::PyDict_SetItemString(names, c"__builtins__".as_ptr(), names);
            ffi::PyDict_SetItemString(names, c"Interrupt".as_ptr(), interrupt);
            let text = c"raise Interrupt".as_ptr();
            ffi::Py_XDECREF(ffi::PyRun_String(text, ffi::Py_file_input, names, names));
            ffi::PyErr_Clear();
            ffi::PyDict_Clear(names);
            ffi::Py_DECREF(names);
        }
    });
}

/// Has the interpreter end so after its prompt. It does where a `KeyboardInterrupt` was shown, in whichever thread
/// (`_Py_HandleSystemExitAndKeyboardInterrupt` in `Python/pythonrun.c`).
#[cfg(Py_3_14)]
fn interrupt_later(py: Python<'_>) {
    apart::run(py, |_| {
        // SAFETY: the GIL is held; what stands for `sys.excepthook` meanwhile takes three objects and does nothing with them.
        unsafe {
            let name = c"excepthook".as_ptr();
            let hook = ffi::PySys_GetObject(name);
            ffi::Py_XINCREF(hook);
            ffi::PySys_SetObject(name, (&raw mut ffi::PySlice_Type).cast());
            ffi::PyErr_SetNone(ffi::PyExc_KeyboardInterrupt);
            ffi::PyErr_PrintEx(0);
            ffi::PySys_SetObject(name, hook);
            ffi::Py_XDECREF(hook);
        }
    });
}

/// The first patch of each minor version in which something is so; it is in all later ones.
type Since = &'static [(u8, u8)];

/// The interpreter forgets an error of showing what a `SystemExit` holds, and takes more bits of an int (gh-125842).
const MENDED: Since = &[(12, 8), (13, 1)];
/// A `SystemExit` that the program raised ends the process after the main module has lost its names, which is before
/// anything is shown, and after a signal that waits was handled (gh-152132).
const RETURNS: Since = &[(13, 15), (14, 7)];

fn is_since(py: Python<'_>, first: Since) -> bool {
    let version = py.version_info();
    reaches((version.minor, version.patch), first)
}

fn reaches((minor, patch): (u8, u8), first: Since) -> bool {
    match first.iter().find(|one| one.0 == minor) {
        Some(one) => patch >= one.1,
        None => first.iter().all(|one| one.0 < minor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_patch_brings_is_in_all_later_versions() {
        for (version, mended, returns) in [
            ((12, 7), false, false),
            ((12, 8), true, false),
            ((12, 99), true, false),
            ((13, 0), false, false),
            ((13, 1), true, false),
            ((13, 14), true, false),
            ((13, 15), true, true),
            ((14, 6), true, false),
            ((14, 7), true, true),
            ((15, 0), true, true),
        ] {
            assert_eq!(reaches(version, MENDED), mended, "{version:?}");
            assert_eq!(reaches(version, RETURNS), returns, "{version:?}");
        }
    }
}
