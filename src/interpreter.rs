//! Whether the calling thread is in the interpreter that is recorded, and whether that is whole.
//!
//! Owns: the identity of the recorded interpreter, and how code of ours comes to hold its GIL. Must not: know what is
//! recorded.
//!
//! C methods are shared by all interpreters of a process, each of which may have a GIL of its own (PEP 684): what our
//! hooks may touch belongs to the one that began the recording.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

static HOME: AtomicPtr<ffi::PyInterpreterState> = AtomicPtr::new(ptr::null_mut());

/// The calling thread's interpreter is the one that is recorded from now on.
pub fn settle() {
    // SAFETY: the GIL is held.
    HOME.store(unsafe { ffi::PyInterpreterState_Get() }, Ordering::Release);
}

/// Whether the calling thread is in the recorded interpreter, and the interpreter does not end yet: from then on it has
/// no modules, and may have no thread state.
pub fn is_home() -> bool {
    // SAFETY: callers run as part of a call that the interpreter made, with its GIL held.
    unsafe { !is_ending() && ffi::PyInterpreterState_Get() == HOME.load(Ordering::Acquire) }
}

/// Does `act` with the GIL, also while the interpreter still starts up: a child process is recorded from before it imports
/// `site`, when `Python::attach` would not take it for initialized (since 3.15). Once it ends, for its main thread alone:
/// another would wait for ever.
#[inline]
pub fn attached<R>(act: impl FnOnce(Python<'_>) -> R) -> R {
    // SAFETY: this library was loaded by the interpreter, which therefore is there.
    unsafe { Python::attach_unchecked(act) }
}

#[cfg(Py_3_13)]
unsafe fn is_ending() -> bool {
    // SAFETY: reads one atomic; no GIL is needed.
    unsafe { ffi::Py_IsFinalizing() != 0 }
}

#[cfg(not(Py_3_13))]
unsafe fn is_ending() -> bool {
    unsafe extern "C" {
        /// `Include/cpython/pylifecycle.h` of 3.12; 3.13 made it public.
        fn _Py_IsFinalizing() -> std::ffi::c_int;
    }
    // SAFETY: reads one atomic; no GIL is needed.
    unsafe { _Py_IsFinalizing() != 0 }
}
