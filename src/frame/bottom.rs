//! The bottom of the stack: the program runs as if nothing of ours stood below it.
//!
//! Owns: what of the thread state is hidden, and put back. Must not: know what runs above.

use pyo3::ffi;

use super::layout::{InterpreterFrame, ThreadState};
use super::{Access, Frame};

/// Hides the calling thread's frames for as long as it lives: what runs now is the bottom of the
/// stack, as the program's own `__main__` is in a plain interpreter, with the whole recursion
/// limits ahead of it, Python's and C's.
pub struct Bottom {
    hidden: Option<Hidden>,
}

struct Hidden {
    innermost: *mut InterpreterFrame,
    levels: i32,
    native_levels: i32,
}

impl Bottom {
    /// Hides the frames, where the layout of the thread state is as known; else does nothing.
    pub fn hide(access: Access) -> Self {
        let hidden = (access == Access::Fast).then(Self::try_hide).flatten();
        Self { hidden }
    }

    fn try_hide() -> Option<Hidden> {
        let frame = Frame::current()?;
        // SAFETY: 3.12 to 3.15: the GIL is held; the state is this thread's own; before anything is changed, two
        // facts that the public API tells (limit, innermost frame) are found where the layout says.
        unsafe {
            let limit = ffi::Py_GetRecursionLimit();
            let state = ffi::PyThreadState_Get().cast::<ThreadState>();
            if (*state).recursion_limit != limit {
                return None;
            }
            let place = ThreadState::innermost(state);
            let innermost = frame.inner;
            if place.is_null() || *place != innermost {
                return None;
            }
            let hidden = Hidden {
                innermost,
                levels: limit - (*state).recursion_remaining,
                native_levels: native_levels(state)?,
            };
            *place = ThreadState::bottom(state);
            (*state).recursion_remaining += hidden.levels;
            give_native_levels(state, hidden.native_levels);
            Some(hidden)
        }
    }
}

impl Drop for Bottom {
    fn drop(&mut self) {
        let Some(hidden) = &self.hidden else {
            return;
        };
        // SAFETY: as in `try_hide`; what ran above has returned, so the innermost frame is ours again.
        unsafe {
            let state = ffi::PyThreadState_Get().cast::<ThreadState>();
            *ThreadState::innermost(state) = hidden.innermost;
            (*state).recursion_remaining -= hidden.levels;
            give_native_levels(state, -hidden.native_levels);
        }
    }
}

/// How many levels of calls in C lie beneath: what a new thread state begins with is more by so many.
#[cfg(not(Py_3_14))]
fn native_levels(state: *mut ThreadState) -> Option<i32> {
    // SAFETY: the GIL is held; the new state is never made current, and deleted here. Its layout was checked on this
    // thread's own.
    unsafe {
        let new = ffi::PyThreadState_New(ffi::PyInterpreterState_Get());
        if new.is_null() {
            return None;
        }
        let limit = (*new.cast::<ThreadState>()).native_recursion_remaining;
        ffi::PyThreadState_Clear(new);
        ffi::PyThreadState_Delete(new);
        Some(limit - (*state).native_recursion_remaining)
    }
}

/// Since 3.14 calls in C are bounded by the stack itself.
#[cfg(Py_3_14)]
fn native_levels(_state: *mut ThreadState) -> Option<i32> {
    Some(0)
}

#[cfg(not(Py_3_14))]
unsafe fn give_native_levels(state: *mut ThreadState, levels: i32) {
    // SAFETY: the calling thread's own state, of a layout that was checked.
    unsafe { (*state).native_recursion_remaining += levels }
}

#[cfg(Py_3_14)]
unsafe fn give_native_levels(_state: *mut ThreadState, _levels: i32) {}

/// How deep code of ours may nest on a thread of its own.
const DEPTH: i32 = 1000;

/// Lets the calling thread, which is one of ours, nest as deep as it needs, whatever the program has set as the limit.
pub fn deepen(access: Access) {
    if access != Access::Fast {
        return;
    }
    // SAFETY: as in `try_hide`: what is changed is this thread's own, and lies where the limit is found.
    unsafe {
        let limit = ffi::Py_GetRecursionLimit();
        let state = ffi::PyThreadState_Get().cast::<ThreadState>();
        if (*state).recursion_limit == limit && limit < DEPTH {
            (*state).recursion_limit = DEPTH;
            (*state).recursion_remaining += DEPTH - limit;
        }
    }
}
