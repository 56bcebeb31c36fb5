//! Live frames: their local slots, their namespace, what was sent into them, and who called them.
//!
//! Owns: how a frame is read, and the self-check that proves its layout.
//! Must not: know what a policy or a record is.
//!
//! Where the self-check fails, or the version is not one of 3.12 to 3.15, the public API serves (`PyFrame_GetVar`,
//! `PyFrame_GetLocals`), slower and just as right.

mod bottom;
mod layout;

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyTuple};

use crate::interpreter;

pub use bottom::{Bottom, deepen};

use layout::{CellObject, FrameObject, InterpreterFrame, ThreadState};

/// A borrowed object of the interpreter. Who hands one on vouches for it: it is alive, and stays so
/// until the call is over, since the GIL is held and no Python code runs meanwhile.
pub type Object = *mut ffi::PyObject;

/// How the locals of frames are read in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By index from the interpreter's frame, proven by the self-check.
    Fast,
    /// Through the public API.
    Public,
}

impl Access {
    /// The words of the metadata key `locals`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Public => "public API",
        }
    }
}

/// One local variable of a code object: where it lies in a frame.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Index into the frame's local slots (`co_localsplus`).
    pub index: usize,
    /// Whether the slot holds a cell around the value.
    pub cell: bool,
    /// The name, borrowed from the code object.
    pub name: Object,
}

/// Whether `access` has found the fast path to hold.
static IS_FAST: AtomicBool = AtomicBool::new(false);

/// A frame of the calling thread; borrowed, valid while it runs.
#[derive(Clone, Copy)]
pub struct Frame {
    /// Null where the public API serves.
    inner: *mut InterpreterFrame,
    /// Null for the one that is being executed: the interpreter has none for most frames, and making it takes as long as
    /// recording a line.
    object: *mut ffi::PyFrameObject,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Frame {
    /// The frame whose code is being executed by the calling thread.
    pub fn current() -> Option<Self> {
        // SAFETY: the GIL is held; the frame returned is borrowed and lives while it runs.
        let object = unsafe { ffi::PyEval_GetFrame() };
        (!object.is_null()).then(|| Self::of(object))
    }

    /// The same for who is told of an event in this code; none where it has no frame (a C extension may tell of code that
    /// stands for its own, since 3.13).
    #[inline]
    pub fn executing(code: Object) -> Option<Self> {
        if !IS_FAST.load(Ordering::Relaxed) {
            return Self::current().filter(|frame| frame.code().cast() == code);
        }
        // SAFETY: 3.12 to 3.15, proven by the self-check: the GIL is held, so there is a thread state, and its innermost
        // frame is alive, if it has one.
        unsafe {
            let state = ffi::PyThreadState_Get().cast::<ThreadState>();
            let inner = *ThreadState::innermost(state);
            let is_its = !inner.is_null() && (*inner).executable.object() == code;
            is_its.then_some(Self {
                inner,
                object: ptr::null_mut(),
            })
        }
    }

    /// The same for a C function that the code calls.
    pub fn calling() -> Option<Self> {
        if !IS_FAST.load(Ordering::Relaxed) {
            return Self::current();
        }
        // SAFETY: as in `executing`.
        let (inner, bottom) = unsafe {
            let state = ffi::PyThreadState_Get().cast::<ThreadState>();
            (*ThreadState::innermost(state), ThreadState::bottom(state))
        };
        (inner != bottom).then_some(Self {
            inner,
            object: ptr::null_mut(),
        })
    }

    fn of(object: *mut ffi::PyFrameObject) -> Self {
        let inner = if IS_FAST.load(Ordering::Relaxed) {
            // SAFETY: a live frame, laid out as the self-check has found it.
            unsafe { (*object.cast::<FrameObject>()).inner }
        } else {
            ptr::null_mut()
        };
        Self { inner, object }
    }

    /// What the public API takes; null where there is no memory for it.
    fn object(self) -> *mut ffi::PyFrameObject {
        if !self.object.is_null() {
            return self.object;
        }
        match Self::current() {
            Some(current) if current == self => current.object,
            _ => ptr::null_mut(),
        }
    }

    /// Identity of the frame among those alive.
    #[inline]
    pub fn id(self) -> usize {
        if self.inner.is_null() {
            self.object as usize
        } else {
            self.inner as usize
        }
    }

    /// Its code object, borrowed: the frame holds it.
    pub fn code(self) -> *mut ffi::PyCodeObject {
        // SAFETY: a live frame, laid out as the self-check has found it, or one of the public API's; the new reference is
        // given back, the frame keeps its own.
        unsafe {
            if !self.inner.is_null() {
                return (*self.inner).executable.object().cast();
            }
            let code = ffi::PyFrame_GetCode(self.object);
            ffi::Py_DECREF(code.cast());
            code
        }
    }

    /// The line being executed, or 0 where there is none.
    pub fn line(self) -> u32 {
        let object = self.object();
        if object.is_null() {
            return 0;
        }
        // SAFETY: a live frame.
        u32::try_from(unsafe { ffi::PyFrame_GetLineNumber(object) }).unwrap_or(0)
    }

    /// Its globals, borrowed: the frame's function holds them.
    pub fn globals(self) -> Object {
        // SAFETY: as in `code`.
        unsafe {
            if !self.inner.is_null() {
                return (*self.inner).globals;
            }
            let globals = ffi::PyFrame_GetGlobals(self.object);
            ffi::Py_XDECREF(globals);
            globals
        }
    }

    /// The frame that called it, if it was called from Python code.
    pub fn back(self) -> Option<Self> {
        let object = self.object();
        if object.is_null() {
            return None;
        }
        // SAFETY: a live frame; its caller outlives it, so the reference can be given back.
        let back = unsafe { ffi::PyFrame_GetBack(object) };
        if back.is_null() {
            return None;
        }
        // SAFETY: as above.
        unsafe { ffi::Py_DECREF(back.cast()) };
        Some(Self::of(back))
    }

    /// The value of a local variable, borrowed from the frame; null when unbound.
    #[inline]
    pub fn local(self, access: Access, slot: &Slot) -> Object {
        match access {
            Access::Fast => self.fast_local(slot),
            Access::Public => self.public_local(slot),
        }
    }

    #[inline]
    fn fast_local(self, slot: &Slot) -> Object {
        // SAFETY: 3.12 to 3.15, proven by the self-check: a running frame's `inner` is valid and
        // has a slot for each name of its code object; a slot of kind cell or free holds null or a cell.
        unsafe {
            let value = (*InterpreterFrame::slot(self.inner, slot.index)).object();
            if !slot.cell || value.is_null() || ffi::PyCell_Check(value) == 0 {
                return value;
            }
            (*value.cast::<CellObject>()).content
        }
    }

    /// The word that says which object lies in a slot; what lies there and, where that is a cell, where it stands what is
    /// in it. By the fast path only.
    #[inline]
    pub fn places(self, slot: &Slot) -> (*const usize, Object, Option<*const Object>) {
        // SAFETY: as in `fast_local`.
        unsafe {
            let place = InterpreterFrame::slot(self.inner, slot.index);
            let value = (*place).object();
            let is_cell = slot.cell && !value.is_null() && ffi::PyCell_Check(value) != 0;
            let content = || &raw const (*value.cast::<CellObject>()).content;
            (place.cast(), value, is_cell.then(content))
        }
    }

    fn public_local(self, slot: &Slot) -> Object {
        // SAFETY: a live frame and a str; the frame keeps its own reference to the value.
        unsafe {
            let value = ffi::PyFrame_GetVar(self.object, slot.name);
            if value.is_null() {
                ffi::PyErr_Clear();
            } else {
                ffi::Py_DECREF(value);
            }
            value
        }
    }

    /// The namespace of module or class code, borrowed from the frame; null where it cannot be had.
    pub fn namespace(self, access: Access) -> Object {
        if access == Access::Fast {
            // SAFETY: 3.12 to 3.15, proven by the self-check.
            return unsafe { (*self.inner).namespace };
        }
        // SAFETY: a live frame. Before 3.13 this call may write into the namespace of class code
        // (Objects/frameobject.c), so there only module code, whose namespace is its globals, is read.
        unsafe {
            if cfg!(not(Py_3_13)) {
                return self.globals();
            }
            let namespace = ffi::PyFrame_GetLocals(self.object);
            if namespace.is_null() {
                ffi::PyErr_Clear();
            } else {
                ffi::Py_DECREF(namespace);
            }
            namespace
        }
    }

    /// The value just sent into a generator or coroutine that is being resumed, borrowed.
    pub fn sent(self, access: Access, slots: usize) -> Option<Object> {
        if access == Access::Public {
            return None;
        }
        // SAFETY: 3.12 to 3.15, whose headers have it behind what the self-check proves: while a callback runs
        // the frame's stack pointer is stored, and what was sent lies on top of the stack (Objects/genobject.c).
        unsafe {
            let top = InterpreterFrame::height(self.inner)?;
            if top <= slots {
                return None;
            }
            let value = (*InterpreterFrame::slot(self.inner, top - 1)).object();
            (!value.is_null()).then_some(value)
        }
    }
}

/// Identity of the frame whose code is being executed by the calling thread; the same for all where the public API would
/// have to make an object for it.
pub fn innermost() -> usize {
    if !IS_FAST.load(Ordering::Relaxed) {
        return 0;
    }
    // SAFETY: as in `Frame::executing`.
    unsafe { *ThreadState::innermost(ffi::PyThreadState_Get().cast()) as usize }
}

/// Hands over the innermost frame of each thread that runs Python code. No other thread may go on meanwhile, and what is
/// made once with `PyOnceLock` or `intern!` lets them. (`sys._current_frames` would tell the program's audit hooks.)
pub fn with_all<R>(py: Python<'_>, act: impl FnOnce(&[Frame]) -> R) -> R {
    let mut held = Vec::new();
    // SAFETY: the GIL is held, so that no thread goes; one that comes is put in front of the list, complete
    // (`add_threadstate` in `Python/pystate.c`). A frame is a new reference.
    unsafe {
        let mut state = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        while !state.is_null() {
            let frame = ffi::PyThreadState_GetFrame(state).cast();
            held.extend(Bound::from_owned_ptr_or_opt(py, frame));
            state = ffi::PyThreadState_Next(state);
        }
    }
    let frames = held.iter().map(|frame| Frame::of(frame.as_ptr().cast()));
    act(&frames.collect::<Vec<_>>())
}

/// Takes a tuple of names off the garbage collector's list, as its next run would: the code object keeps the tuple, and
/// the program could count it.
fn untrack(names: &Bound<'_, PyTuple>) {
    // SAFETY: a live tuple; str objects refer to nothing.
    unsafe {
        if !names.is_empty() && ffi::PyObject_GC_IsTracked(names.as_ptr()) != 0 {
            ffi::PyObject_GC_UnTrack(names.as_ptr().cast());
        }
    }
}

/// The slots of a code object in the order of the interpreter: locals (arguments first), cells
/// that are no arguments, free variables (`Objects/codeobject.c`).
pub fn slots(code: &Bound<'_, PyAny>) -> PyResult<Vec<Slot>> {
    let names = |attribute: &str| -> PyResult<Bound<'_, PyTuple>> {
        let names = code.getattr(attribute)?.cast_into::<PyTuple>()?;
        untrack(&names);
        Ok(names)
    };
    let (locals, cells, free) = (
        names("co_varnames")?,
        names("co_cellvars")?,
        names("co_freevars")?,
    );
    let mut slots: Vec<Slot> = Vec::with_capacity(locals.len() + cells.len() + free.len());
    for name in locals.iter() {
        let cell = cells.iter().any(|cell| cell.is(&name));
        slots.push(Slot {
            index: slots.len(),
            cell,
            name: name.as_ptr(),
        });
    }
    for name in cells.iter() {
        if !locals.iter().any(|local| local.is(&name)) {
            slots.push(Slot {
                index: slots.len(),
                cell: true,
                name: name.as_ptr(),
            });
        }
    }
    for name in free.iter() {
        slots.push(Slot {
            index: slots.len(),
            cell: true,
            name: name.as_ptr(),
        });
    }
    Ok(slots)
}

/// The package's module with frames and objects of known content.
pub const PROBE: &str = "codetracer_python_recorder.probe";

/// Reads a known frame both ways and says which way may be used.
fn self_check(py: Python<'_>) -> Access {
    let is_known = py.version_info() < (3, 16);
    if !is_known || cfg!(any(not(target_pointer_width = "64"), Py_GIL_DISABLED)) {
        return Access::Public;
    }
    match probe_agrees(py) {
        Ok(true) => Access::Fast,
        _ => Access::Public,
    }
}

fn probe_agrees(py: Python<'_>) -> PyResult<bool> {
    thread_local!(static SEEN: Cell<(usize, usize)> = const { Cell::new((0, 0)) });
    SEEN.set((0, 0));
    let probe = PyCFunction::new_closure(py, Some(c"probe"), None, |_, _| {
        let agrees = Frame::current()
            .is_some_and(|frame| interpreter::attached(|py| frame.agrees(py).unwrap_or(false)));
        let (calls, agreed) = SEEN.get();
        SEEN.set((calls + 1, agreed + usize::from(agrees)));
    })?;
    let calls = py.import(PROBE)?.call_method1("frames", (probe,))?;
    let calls: usize = calls.extract()?;
    Ok(SEEN.get() == (calls, calls))
}

impl Frame {
    /// Whether the fast path and the public API tell the same of this frame, which is being executed.
    fn agrees(self, py: Python<'_>) -> PyResult<bool> {
        // SAFETY: a live frame, and so are its code object and the values read below; what is found is looked at only
        // where the frame and the thread state name the same, and then only where it is what the public API names.
        unsafe {
            let inner = (*self.object.cast::<FrameObject>()).inner;
            let state = ffi::PyThreadState_Get().cast::<ThreadState>();
            if inner.is_null()
                || (*state).recursion_limit != ffi::Py_GetRecursionLimit()
                || *ThreadState::innermost(state) != inner
                || (*inner).frame_object != self.object
                || (*inner).executable.object() != self.code().cast()
                || (*inner).globals != self.globals()
                || !has_bottom(state)
            {
                return Ok(false);
            }
            let fast = Self { inner, ..self };
            let code = Bound::from_borrowed_ptr(py, self.code().cast());
            let flags: i32 = code.getattr("co_flags")?.extract()?;
            if flags & ffi::CO_OPTIMIZED == 0 {
                let public = ffi::PyFrame_GetLocals(self.object);
                ffi::Py_XDECREF(public);
                return Ok(!public.is_null() && public == (*inner).namespace);
            }
            let slots = slots(&code)?;
            Ok(slots
                .iter()
                .all(|slot| fast.fast_local(slot) == self.public_local(slot)))
        }
    }
}

/// Whether what lies beneath all frames is where the layout says.
unsafe fn has_bottom(state: *mut ThreadState) -> bool {
    // SAFETY: the caller hands over the calling thread's own state.
    unsafe {
        let bottom = ThreadState::bottom(state);
        cfg!(not(Py_3_15)) || !bottom.is_null() && (*bottom).previous.is_null()
    }
}

/// How frames are read in this process; found out at the first call.
pub fn access(py: Python<'_>) -> Access {
    static ACCESS: PyOnceLock<Access> = PyOnceLock::new();
    *ACCESS.get_or_init(py, || {
        let access = self_check(py);
        IS_FAST.store(access == Access::Fast, Ordering::Relaxed);
        access
    })
}
