//! How the interpreter lays out a frame, a cell and the state of a thread, from version to version.
//!
//! Owns: what differs between the versions. Must not: know whether a layout holds (the self-check does), or what is read.
//!
//! Facts: `Include/internal/pycore_frame.h` (`_PyInterpreterFrame`; since 3.14 `pycore_interpframe_structs.h`, and
//! `pycore_stackref.h`), `Include/cpython/pystate.h` (`_ts`), `Include/cpython/cellobject.h`.

use std::ptr;

use pyo3::ffi;

use super::Object;

/// A reference as a frame holds it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Reference(usize);

impl Reference {
    /// The object, borrowed; null where there is none. Since 3.14 the lowest two bits tell what it is: whether it
    /// counts, or that it is no object.
    #[inline]
    pub fn object(self) -> Object {
        match self.0 & 3 {
            _ if cfg!(not(Py_3_14)) => self.0 as Object,
            tag @ (0 | 1) => (self.0 - tag) as Object,
            _ => ptr::null_mut(),
        }
    }
}

/// How many of the slots are in use, or where they end.
#[cfg(not(Py_3_14))]
type StackTop = i32;
#[cfg(Py_3_14)]
type StackTop = *const Reference;

/// `_PyInterpreterFrame`: what is being executed.
#[repr(C)]
pub struct InterpreterFrame {
    pub executable: Reference,
    pub previous: *mut InterpreterFrame,
    function: Reference,
    pub globals: Object,
    builtins: Object,
    pub namespace: Object,
    pub frame_object: *mut ffi::PyFrameObject,
    instruction: *mut u16,
    stack_top: StackTop,
    return_offset: u16,
    owner: [u8; 2],
    slots: [Reference; 0],
}

impl InterpreterFrame {
    /// Where a local slot lies.
    #[inline]
    pub unsafe fn slot(this: *const Self, index: usize) -> *const Reference {
        // SAFETY: the caller's promise: a live frame that has so many.
        unsafe { (&raw const (*this).slots).cast::<Reference>().add(index) }
    }

    /// How many slots are in use, those of its stack included.
    #[cfg(not(Py_3_14))]
    pub unsafe fn height(this: *const Self) -> Option<usize> {
        // SAFETY: a live frame.
        usize::try_from(unsafe { (*this).stack_top }).ok()
    }

    /// How many slots are in use, those of its stack included.
    #[cfg(Py_3_14)]
    pub unsafe fn height(this: *const Self) -> Option<usize> {
        // SAFETY: a live frame.
        let (top, first) = unsafe { ((*this).stack_top, Self::slot(this, 0)) };
        let bytes = top.addr().checked_sub(first.addr())?;
        Some(bytes / size_of::<Reference>())
    }
}

/// `PyFrameObject`: what stands for it as an object.
#[repr(C)]
pub struct FrameObject {
    head: ffi::PyObject,
    back: *mut ffi::PyFrameObject,
    pub inner: *mut InterpreterFrame,
}

/// `PyCellObject`: what functions share a variable by.
#[repr(C)]
pub struct CellObject {
    head: ffi::PyObject,
    pub content: Object,
}

/// `PyThreadState`, up to what is read of it.
#[cfg(not(Py_3_13))]
#[repr(C)]
pub struct ThreadState {
    links: [*mut (); 3],
    status: u32,
    pub recursion_remaining: i32,
    pub recursion_limit: i32,
    pub native_recursion_remaining: i32,
    rest: [i32; 3],
    current: *mut *mut InterpreterFrame,
}

/// What lies before the recursion limits: `_status`, `holds_gil` (3.14), `gil_requested` (3.15), `_whence`, `state`.
#[cfg(Py_3_13)]
const STATES: usize = if cfg!(Py_3_15) {
    5
} else if cfg!(Py_3_14) {
    4
} else {
    3
};

/// `PyThreadState`, up to what is read of it.
#[cfg(Py_3_13)]
#[repr(C)]
pub struct ThreadState {
    links: [*mut (); 3],
    breaker: usize,
    status: [u32; STATES],
    pub recursion_remaining: i32,
    pub recursion_limit: i32,
    #[cfg(not(Py_3_14))]
    pub native_recursion_remaining: i32,
    rest: [i32; 3],
    current: *mut InterpreterFrame,
    #[cfg(Py_3_15)]
    base: *mut InterpreterFrame,
}

impl ThreadState {
    /// Where the thread keeps the innermost frame.
    #[cfg(not(Py_3_13))]
    pub unsafe fn innermost(this: *mut Self) -> *mut *mut InterpreterFrame {
        // SAFETY: the caller hands over the calling thread's own state.
        unsafe { (*this).current }
    }

    #[cfg(Py_3_13)]
    pub unsafe fn innermost(this: *mut Self) -> *mut *mut InterpreterFrame {
        // SAFETY: the caller hands over the calling thread's own state.
        unsafe { &raw mut (*this).current }
    }

    /// What lies beneath all frames of code: nothing.
    #[cfg(not(Py_3_15))]
    pub unsafe fn bottom(_this: *mut Self) -> *mut InterpreterFrame {
        ptr::null_mut()
    }

    /// What lies beneath all frames of code: one that has none.
    #[cfg(Py_3_15)]
    pub unsafe fn bottom(this: *mut Self) -> *mut InterpreterFrame {
        // SAFETY: the caller hands over the calling thread's own state.
        unsafe { (*this).base }
    }
}
