//! Start, stop, flush, fork, exit: the one recording of a process.
//!
//! Owns: the only static with the state of a recording. Must not: know an event or a value.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyCode, PyDict, PyTuple};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::frame::{self, Frame};
use crate::monitoring::{Monitor, Outcome, Tool};
use crate::object;
use crate::policy::{self, CompiledPolicy, Spec};
use crate::recorder::{MainCode, Recorder, Setup};
use crate::streams;
use crate::trace::{Cbor, Format, Json, Writer};
use crate::{code, value};

/// The recording that is on. Only threads that hold the GIL follow the pointer; a fork in the child
/// clears it before any Python code runs there.
static LIVE: AtomicPtr<Live> = AtomicPtr::new(ptr::null_mut());
/// The recording that a fork left behind in the child, until it is put away there.
static ORPHAN: AtomicPtr<Live> = AtomicPtr::new(ptr::null_mut());

struct Live {
    tool: Rc<dyn Tool>,
    alive: Arc<AtomicBool>,
}

fn live<'a>() -> Option<&'a Live> {
    // SAFETY: null or the box that `start` leaked; freed only by `take`, with the GIL held as here.
    unsafe { LIVE.load(Ordering::Acquire).as_ref() }
}

fn take(from: &AtomicPtr<Live>) -> Option<Box<Live>> {
    let pointer = from.swap(ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: the box that `start` leaked, taken back once.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// What a caller of `start` hands over.
pub struct Request<'py> {
    /// The trace folder.
    pub folder: PathBuf,
    /// The resolved policy as JSON.
    pub spec: &'py str,
    /// Metadata as a JSON object.
    pub metadata: &'py str,
    /// The program's code object, where it has no file and compiles.
    pub main: Option<Bound<'py, PyCode>>,
    /// The program's text, where it has no file.
    pub main_source: Option<&'py str>,
}

/// Starts recording.
///
/// # Errors
/// `Session` when a recording is on, or the interpreter cannot be watched; `Policy` for a wrong
/// policy; `Session` or `Trace` where the folder cannot be written.
pub fn start(py: Python<'_>, request: Request<'_>) -> Result<()> {
    if live().is_some() {
        return Err(Error::Session(
            "start: a recording is on already; stop() it first".to_owned(),
        ));
    }
    let spec = Spec::from_json(request.spec)?;
    let metadata: Map<String, Value> = serde_json::from_str(request.metadata).map_err(|error| {
        Error::Session(format!(
            "start: the metadata handed over is malformed: {error}"
        ))
    })?;
    if !code::reserve(py) {
        return Err(Error::Session(
            "start: the interpreter has no place left on its code objects".to_owned(),
        ));
    }
    match spec.format {
        policy::Format::Json => arm::<Json>(py, request, spec, metadata, Format::Json),
        policy::Format::Binary => arm::<Cbor>(py, request, spec, metadata, Format::Binary),
    }
}

fn arm<E: crate::trace::Encoding>(
    py: Python<'_>,
    request: Request<'_>,
    spec: Spec,
    mut metadata: Map<String, Value>,
    format: Format,
) -> Result<()> {
    let access = frame::access(py);
    metadata.insert("locals".to_owned(), access.name().into());
    metadata.insert("attributes".to_owned(), object::access(py).name().into());
    let (limits, capture, activation) = (spec.limits, spec.capture, spec.activation_path.clone());
    let (script, cwd) = (spec.scope.script.first().cloned(), spec.scope.cwd.clone());
    let policy = CompiledPolicy::compile(spec)?;
    let writer = Writer::create(&request.folder, format, metadata)?;
    let main = request
        .main_source
        .map(|text| keep_main(&writer, request.main.as_ref(), text))
        .transpose()?;
    let root = script
        .or_else(|| main.as_ref().map(|main| main.path.clone()))
        .or_else(|| caller_file(&cwd));
    let session = next_session();
    let setup = Setup {
        session,
        access,
        writer,
        policy,
        limits,
        capture,
        activation,
        main,
        root: root.unwrap_or_else(|| "<unknown>".to_owned()),
        cwd,
    };
    let alive = Arc::new(AtomicBool::new(true));
    let mut recorder = Recorder::<E>::new(setup);
    // From here on the trace loads: it holds the root call and its step.
    recorder.writer().flush()?;
    let tool = Monitor::arm(py, recorder, Arc::clone(&alive))
        .map_err(|error| Error::Session(format!("start: {}", error.value(py))))?;
    streams::hook(py, Rc::clone(&tool));
    watch_forks(py).map_err(|error| Error::Session(format!("start: {error}")))?;
    LIVE.store(
        Box::into_raw(Box::new(Live { tool, alive })),
        Ordering::Release,
    );
    Ok(())
}

fn next_session() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// Keeps the text of a program without a file in the trace folder, and knows its code objects.
fn keep_main(writer: &Writer, code: Option<&Bound<'_, PyCode>>, text: &str) -> Result<MainCode> {
    let path = writer.keep("program.py", text.as_bytes())?;
    let mut codes = HashSet::new();
    if let Some(code) = code {
        collect(code.as_any(), &mut codes);
    }
    Ok(MainCode {
        codes,
        path: path.to_string_lossy().into_owned(),
    })
}

fn collect(code: &Bound<'_, PyAny>, codes: &mut HashSet<usize>) {
    codes.insert(code.as_ptr() as usize);
    let constants = code
        .getattr("co_consts")
        .ok()
        .and_then(|found| found.cast_into::<PyTuple>().ok());
    for constant in constants.iter().flatten() {
        if constant.is_instance_of::<PyCode>() {
            collect(&constant, codes);
        }
    }
}

/// The file of the innermost frame that has one: where the root call stands when no script is known.
fn caller_file(cwd: &str) -> Option<String> {
    let mut next = Frame::current();
    while let Some(frame) = next {
        let file = Python::attach(|py| {
            // SAFETY: a live code object.
            let code = unsafe { Bound::from_borrowed_ptr(py, frame.code().cast()) };
            code.getattr("co_filename")
                .ok()
                .map(|name| value::text::whole(name.as_ptr()))
        })?;
        let file = policy::absolute_path(&file, cwd);
        let is_ours = Path::new(&file)
            .parent()
            .is_some_and(|folder| folder.ends_with("codetracer_python_recorder"));
        if !is_ours && Path::new(&file).is_file() {
            return Some(file);
        }
        next = frame.back();
    }
    None
}

/// Stops recording and completes the trace; none when no recording is on. `ended` is the time now, as the
/// metadata tell it.
///
/// # Errors
/// `Trace` where the trace could not be completed.
pub fn stop(exit_status: Option<i32>, ended: &str) -> Result<Option<Outcome>> {
    let Some(live) = take(&LIVE) else {
        return Ok(None);
    };
    streams::unhook();
    let change = &mut |metadata: &mut Map<String, Value>| {
        metadata.insert("exit_status".to_owned(), exit_status.into());
        metadata.insert("ended".to_owned(), ended.into());
    };
    live.tool.stop(change).map(Some)
}

impl Outcome {
    /// The form in which Python is told.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = PyDict::new(py);
        report.set_item(
            "status",
            if self.problem.is_none() {
                "complete"
            } else {
                "partial"
            },
        )?;
        report.set_item("reason", self.problem.as_deref())?;
        report.set_item("steps", self.counters.steps)?;
        report.set_item("calls", self.counters.calls)?;
        report.set_item("activated", self.activated)?;
        report.set_item("unmatched_patterns", &self.unmatched)?;
        Ok(report)
    }
}

/// Puts what was recorded so far on disk; does nothing when no recording is on.
///
/// # Errors
/// `Trace` where it cannot be written.
pub fn flush() -> Result<()> {
    live().map_or(Ok(()), |live| live.tool.flush())
}

/// Whether a recording is on.
pub fn is_tracing() -> bool {
    live().is_some_and(|live| live.tool.is_alive())
}

/// In a forked child, before any Python code runs: the recording is the parent's.
#[cfg(unix)]
extern "C" fn in_child() {
    let left = LIVE.swap(ptr::null_mut(), Ordering::AcqRel);
    if !left.is_null() {
        // SAFETY: the box that `start` leaked; only its flag is touched here.
        unsafe { (*left).alive.store(false, Ordering::Relaxed) };
        ORPHAN.store(left, Ordering::Release);
    }
}

/// Sees to it that a forked child takes out of its interpreter what the parent armed; once per process.
#[cfg(unix)]
fn watch_forks(py: Python<'_>) -> PyResult<()> {
    static ONCE: PyOnceLock<()> = PyOnceLock::new();
    ONCE.get_or_try_init(py, || {
        // SAFETY: the handler does two atomic stores, which is safe in a child of a threaded process.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        let hook = |act: fn()| PyCFunction::new_closure(py, None, None, move |_, _| act());
        let options = PyDict::new(py);
        options.set_item("before", hook(before_fork)?)?;
        options.set_item("after_in_child", hook(after_fork)?)?;
        py.import("posix")?
            .getattr("register_at_fork")?
            .call((), Some(&options))?;
        Ok(())
    })
    .copied()
}

#[cfg(not(unix))]
fn watch_forks(_py: Python<'_>) -> PyResult<()> {
    Ok(())
}

/// Before a fork: the program has no thread that it does not know of.
#[cfg(unix)]
fn before_fork() {
    if let Some(live) = live() {
        live.tool.pause();
    }
}

#[cfg(unix)]
fn after_fork() {
    if let Some(live) = take(&ORPHAN) {
        streams::unhook();
        live.tool.abandon();
    }
}
