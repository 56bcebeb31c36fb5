//! What is read once per code object, and its place on the code object itself.
//!
//! Owns: `CodeInfo` and the slot of `co_extra` it hangs on. Must not: decide, or write records.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use crate::frame::{self, Object, Slot};
use crate::policy::Told;
use crate::source::Source;
use crate::trace::{FunctionId, PathId, VariableId};
use crate::value::{self, Manner, Patience};

/// Bytes of a code object's line table beyond which its line events are not asked for: finding a
/// line takes the interpreter time in proportion to it (gh-127953, 3.12 to 3.14).
const LONG_LINE_TABLE: usize = 64 * 1024;

/// What a code object suspends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspends {
    /// It yields values: a generator.
    Yielding,
    /// It waits: a coroutine.
    Waiting,
    /// Both: an asynchronous generator.
    Both,
}

/// One variable of function code.
pub struct Variable {
    /// Where it lies in a frame.
    pub slot: Slot,
    /// Its name in the trace.
    pub id: VariableId,
    /// What its name says of its value.
    pub told: Told,
}

/// Whether the variable of a name is shown.
pub enum Shown {
    /// Never: a name that a module's own variables do not have.
    Never,
    /// When it holds data; it never did so far.
    NotYet,
    /// It is: its name in the trace, and what that says of its value.
    As(VariableId, Told),
}

/// One name of a namespace, at its place in the dict's order.
pub struct NamespaceEntry {
    /// The key, held so that its address means this name; one that may have code of the program's is not held.
    pub key: Option<Py<PyAny>>,
    /// How it is shown.
    pub shown: Shown,
}

/// Lines told apart.
const LINES: usize = 16;

/// What is known of a recorded code object.
pub struct CodeInfo {
    session: u64,
    touched: Rc<Touched>,
    code: *mut ffi::PyCodeObject,
    /// Facts read from the code object.
    pub facts: Facts,
    /// Its file in the trace.
    pub path: PathId,
    /// Facts about the file.
    pub source: Rc<Source>,
    /// Line of the `def`.
    pub line: u32,
    /// Its function in the trace.
    pub function: FunctionId,
    /// The function that stands for its going on, once there is one.
    pub resumed: Cell<Option<FunctionId>>,
    /// Its variables, arguments first; empty for code with a namespace.
    pub variables: Box<[Variable]>,
    /// How many of the variables are arguments.
    pub arguments: usize,
    /// Whether a name among them tells of a secret.
    pub tells: bool,
    /// What its name says of its results.
    pub told: Told,
    /// How its values are shown.
    pub manner: Rc<Manner>,
    /// Whether its lines are recorded, and not only its calls.
    pub steps: bool,
    /// Names in namespaces that are not the program's.
    pub surroundings: Rc<HashSet<String>>,
    /// Names met in its namespace, by their place in the dict.
    pub namespace: RefCell<Vec<NamespaceEntry>>,
    /// Whether local events are set.
    pub armed: Cell<bool>,
    /// No other code object of the process has it.
    pub number: u64,
    /// Whether what its frames showed is likely to come again, by the line where they did.
    patience: [Patience; LINES],
}

/// What a code object is called: all that is read of one that is not recorded.
pub struct Names {
    /// `co_filename`, lone surrogates replaced.
    pub file: String,
    /// `co_qualname`.
    pub qualname: String,
    /// `co_name`.
    pub name: String,
}

/// What a code object itself tells.
pub struct Facts {
    /// What it is called.
    pub names: Names,
    /// `co_firstlineno`.
    pub first_line: u32,
    /// Whether locals live in slots (function code) or in a namespace (module and class code).
    pub has_slots: bool,
    /// What it suspends with, if it does.
    pub suspends: Option<Suspends>,
    /// Its slots, arguments first.
    pub slots: Vec<Slot>,
    /// How many of the slots are arguments.
    pub arguments: usize,
    /// Whether line events are asked for.
    pub lines: bool,
}

impl Names {
    /// Reads a code object's names.
    ///
    /// # Errors
    /// Where an attribute of the code object is not as documented.
    pub fn of(code: &Bound<'_, PyAny>) -> PyResult<Self> {
        // Not by `intern!`, which lets other threads run where it is met first: frames that are looked at would go on.
        static ATTRIBUTES: OnceLock<[Py<PyString>; 3]> = OnceLock::new();
        let py = code.py();
        let [file, qualname, name] = ATTRIBUTES.get_or_init(|| {
            ["co_filename", "co_qualname", "co_name"]
                .map(|name| PyString::intern(py, name).unbind())
        });
        let text = |name: &Py<PyString>| -> PyResult<String> {
            Ok(value::text::whole(code.getattr(name)?.as_ptr()))
        };
        Ok(Self {
            file: text(file)?,
            qualname: text(qualname)?,
            name: text(name)?,
        })
    }
}

impl Facts {
    /// Reads what there is to a code object beside its names.
    ///
    /// # Errors
    /// Where an attribute of the code object is not as documented.
    pub fn of(code: &Bound<'_, PyAny>, names: Names) -> PyResult<Self> {
        let number = |name: &str| -> PyResult<i32> { code.getattr(name)?.extract() };
        let flags = number("co_flags")?;
        let has = |flag: c_int| flags & flag != 0;
        let suspends =
            match flags & (ffi::CO_GENERATOR | ffi::CO_COROUTINE | ffi::CO_ASYNC_GENERATOR) {
                ffi::CO_GENERATOR => Some(Suspends::Yielding),
                ffi::CO_COROUTINE => Some(Suspends::Waiting),
                ffi::CO_ASYNC_GENERATOR => Some(Suspends::Both),
                _ => None,
            };
        let arguments = number("co_argcount")?
            + number("co_kwonlyargcount")?
            + i32::from(has(ffi::CO_VARARGS))
            + i32::from(has(ffi::CO_VARKEYWORDS));
        Ok(Self {
            names,
            first_line: u32::try_from(number("co_firstlineno")?).unwrap_or(1).max(1),
            has_slots: has(ffi::CO_OPTIMIZED),
            suspends,
            slots: frame::slots(code)?,
            arguments: usize::try_from(arguments).unwrap_or(0),
            lines: code.getattr("co_linetable")?.len()? <= LONG_LINE_TABLE,
        })
    }
}

/// The recorded code objects of a session that are alive, without keeping them so.
#[derive(Default)]
pub struct Touched(RefCell<HashSet<usize>>);

impl Touched {
    /// All of them.
    pub fn all(&self) -> Vec<*mut ffi::PyCodeObject> {
        let all = self.0.borrow();
        all.iter()
            .map(|address| *address as *mut ffi::PyCodeObject)
            .collect()
    }

    /// Takes all of them out.
    pub fn drain(&self) -> Vec<*mut ffi::PyCodeObject> {
        self.0
            .borrow_mut()
            .drain()
            .map(|address| address as *mut ffi::PyCodeObject)
            .collect()
    }
}

impl Drop for CodeInfo {
    fn drop(&mut self) {
        if let Ok(mut touched) = self.touched.0.try_borrow_mut() {
            touched.remove(&(self.code as usize));
        }
    }
}

static EXTRA_INDEX: PyOnceLock<isize> = PyOnceLock::new();

/// Called by the interpreter when a code object dies, or its `CodeInfo` is replaced.
unsafe extern "C" fn free(info: *mut c_void) {
    if is_info(info) {
        // SAFETY: `attach` made the pointer from a box, and nobody else frees it.
        drop(unsafe { Box::from_raw(info.cast::<CodeInfo>()) });
    }
}

/// Asks the interpreter for a place on code objects; once per process.
pub fn reserve(py: Python<'_>) -> bool {
    // SAFETY: the GIL is held; `free` lives as long as the module, which is never unloaded.
    *EXTRA_INDEX.get_or_init(py, || unsafe {
        ffi::PyUnstable_Eval_RequestCodeExtraIndex(free)
    }) >= 0
}

#[inline]
fn index() -> isize {
    // SAFETY: the GIL is held whenever code objects are looked at.
    let py = unsafe { Python::assume_attached() };
    EXTRA_INDEX.get(py).copied().unwrap_or(-1)
}

impl CodeInfo {
    /// Whether what is shown at a line is likely to come again.
    #[inline]
    pub fn patience(&self, line: u32) -> &Patience {
        &self.patience[line as usize % LINES]
    }
}

/// Whether a `CodeInfo` hangs there: not nothing, nor `skip`'s mark, which is odd.
#[inline]
fn is_info(extra: *mut c_void) -> bool {
    !extra.is_null() && extra.addr() & 1 == 0
}

/// What hangs on a code object.
#[inline]
fn extra(code: Object) -> *mut c_void {
    let mut extra: *mut c_void = ptr::null_mut();
    // SAFETY: a live code object.
    let failed = unsafe { ffi::PyUnstable_Code_GetExtra(code, index(), &raw mut extra) };
    if failed == 0 { extra } else { ptr::null_mut() }
}

/// Hangs something else on a live code object; whether that was possible.
fn hang(code: Object, extra: *mut c_void) -> bool {
    // SAFETY: a live code object; the interpreter frees what hung there by `free`.
    unsafe {
        let failed = ffi::PyUnstable_Code_SetExtra(code, index(), extra) != 0;
        if failed {
            ffi::PyErr_Clear();
        }
        !failed
    }
}

/// Stands on a code object that the policy of a session skips.
fn mark(session: u64) -> *mut c_void {
    ptr::without_provenance_mut((session as usize) << 1 | 1)
}

/// Notes on a code object that this session skips it, for events that cannot be disabled.
pub fn skip(code: Object, session: u64) {
    hang(code, mark(session));
}

/// Whether this session has noted that it skips the code object.
pub fn is_skipped(code: Object, session: u64) -> bool {
    extra(code) == mark(session)
}

/// What this session knows of a recorded code object; none for code that it does not record.
#[inline]
pub fn info<'a>(code: Object, session: u64) -> Option<&'a CodeInfo> {
    let extra = extra(code);
    if !is_info(extra) {
        return None;
    }
    // SAFETY: it was put there by `attach` and lives as long as the code object does, which the caller's event or frame
    // holds.
    let info = unsafe { &*extra.cast::<CodeInfo>() };
    (info.session == session).then_some(info)
}

/// The line of the instruction at an offset in bytes; 0 where it has none.
pub fn line(code: Object, offset: i32) -> u32 {
    // SAFETY: a live code object; its table of lines is looked up, and nothing is called.
    u32::try_from(unsafe { ffi::PyCode_Addr2Line(code.cast(), offset) }).unwrap_or(0)
}

/// The parts of a `CodeInfo` that the recorder makes.
pub struct Parts {
    /// See [`CodeInfo::path`].
    pub path: PathId,
    /// See [`CodeInfo::source`].
    pub source: Rc<Source>,
    /// See [`CodeInfo::line`].
    pub line: u32,
    /// See [`CodeInfo::function`].
    pub function: FunctionId,
    /// See [`CodeInfo::variables`].
    pub variables: Box<[Variable]>,
    /// See [`CodeInfo::arguments`].
    pub arguments: usize,
    /// See [`CodeInfo::told`].
    pub told: Told,
    /// See [`CodeInfo::manner`].
    pub manner: Rc<Manner>,
    /// See [`CodeInfo::steps`].
    pub steps: bool,
    /// See [`CodeInfo::surroundings`].
    pub surroundings: Rc<HashSet<String>>,
}

/// Hangs a `CodeInfo` on a code object.
pub fn attach<'a>(
    code: Object,
    session: u64,
    touched: &Rc<Touched>,
    facts: Facts,
    parts: Parts,
) -> Option<&'a CodeInfo> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let info = Box::new(CodeInfo {
        session,
        touched: Rc::clone(touched),
        code: code.cast(),
        arguments: parts.arguments,
        told: parts.told,
        manner: parts.manner,
        steps: parts.steps,
        facts,
        path: parts.path,
        source: parts.source,
        line: parts.line,
        function: parts.function,
        resumed: Cell::new(None),
        tells: (parts.variables.iter()).any(|variable| matches!(variable.told, Told::Secret(_))),
        variables: parts.variables,
        surroundings: parts.surroundings,
        namespace: RefCell::default(),
        armed: Cell::new(false),
        number: COUNT.fetch_add(1, Ordering::Relaxed),
        patience: Default::default(),
    });
    let pointer = Box::into_raw(info);
    // SAFETY: a box of ours; where it hangs on the code object the interpreter owns it and frees it by `free`.
    unsafe {
        if !hang(code, pointer.cast()) {
            drop(Box::from_raw(pointer));
            return None;
        }
        touched.0.borrow_mut().insert(code as usize);
        Some(&*pointer)
    }
}

/// Takes the `CodeInfo` off a live code object.
pub fn detach(code: *mut ffi::PyCodeObject) {
    hang(code.cast(), ptr::null_mut());
}
