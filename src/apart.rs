//! Code of ours that runs once the program has ended, apart from it.
//!
//! Owns: a place where nothing that the program has left behind sees us. Must not: know what runs there.
//!
//! That place is a thread of its own. Handlers of signals run in the main thread alone (`Modules/signalmodule.c`), so a
//! signal that waits to be handled there waits on, as if we were not; a trace or profile function is set for a thread, and
//! a tool of `sys.monitoring` is called in none that is told to be tracing; and no frame lies beneath.

use std::thread::{self, Builder};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame;

/// Does `act` there, while the calling thread waits; none where `act` panics. Where no thread can be started it is done
/// here: then signals are handled meanwhile.
pub fn run<T: Send>(py: Python<'_>, act: impl Fn(Python<'_>) -> T + Sync) -> Option<T> {
    frame::access(py);
    let alone = || {
        Python::attach(|py| {
            frame::deepen(frame::access(py));
            unseen(py, &act)
        })
    };
    let done = py.detach(|| {
        thread::scope(|scope| {
            let thread = Builder::new().name("codetracer-end".into());
            let thread = thread.spawn_scoped(scope, alone).ok()?;
            Some(thread.join().ok())
        })
    });
    done.unwrap_or_else(|| Some(unseen(py, &act)))
}

/// Does `act` with no event of it told to anybody, and no finalizer of the program's run for the objects that it makes.
fn unseen<T>(py: Python<'_>, act: impl Fn(Python<'_>) -> T) -> T {
    // SAFETY: the GIL is held; the state is the calling thread's own, and is left as it was found.
    unsafe {
        let state = ffi::PyThreadState_Get();
        ffi::PyThreadState_EnterTracing(state);
        let collects = ffi::PyGC_Disable() != 0;
        let result = act(py);
        if collects {
            ffi::PyGC_Enable();
        }
        ffi::PyThreadState_LeaveTracing(state);
        result
    }
}
