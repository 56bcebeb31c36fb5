//! Start, stop, flush: the one recording of a process.
//!
//! Owns: the recording that is live in this process. Must not: know an event or a value.

mod children;
mod ending;
mod series;
mod tools;

use std::cell::RefCell;
use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::{PyCode, PyDict};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::frame::{self, Frame};
use crate::interpreter;
use crate::monitoring::{Monitor, Outcome};
use crate::object;
use crate::policy::{self, CompiledPolicy, Redaction, Spec, Told};
use crate::recorder::{Knowledge, MainCode, Recorder, Setup};
use crate::streams;
use crate::trace::{Format, Status, Writer};
use crate::{code, value};

use children::Family;
pub use children::follow;
pub use ending::at_exit;
pub use series::{close_part, open_part, rest};

/// The recording that is on. Only threads that hold the GIL follow the pointer; a fork in the child
/// clears it before any Python code runs there.
static LIVE: AtomicPtr<Live> = AtomicPtr::new(ptr::null_mut());
/// The recording that a fork left behind in the child, until it is put away there.
static ORPHAN: AtomicPtr<Live> = AtomicPtr::new(ptr::null_mut());

struct Live {
    tool: Rc<Monitor>,
    alive: Arc<AtomicBool>,
    /// None between two recordings of a series.
    family: RefCell<Option<Family>>,
    /// The policy, as it was handed over.
    spec: String,
    /// Whether it may stay armed between two recordings. Code that is skipped is not told of again, and the file that
    /// activates may be skipped.
    can_rest: bool,
}

impl Live {
    fn is_recording(&self) -> bool {
        self.family.borrow().is_some()
    }
}

fn live<'a>() -> Option<&'a Live> {
    if !interpreter::is_home() {
        return None;
    }
    // SAFETY: null or the box that `start` leaked; freed only by `take`, with the GIL held as here.
    unsafe { LIVE.load(Ordering::Acquire).as_ref() }
}

fn take(from: &AtomicPtr<Live>) -> Option<Box<Live>> {
    let pointer = from.swap(ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: the box that `start` leaked, taken back once.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// What a recording is begun with.
#[derive(Clone)]
pub struct Request {
    /// The trace folder.
    pub folder: PathBuf,
    /// The resolved policy as JSON.
    pub spec: String,
    /// What Python knows for the metadata.
    pub metadata: Map<String, Value>,
    /// The program, where it has no file.
    pub program: Option<Program>,
    /// Whether recording begins at once, whatever activation path the policy names.
    pub at_once: bool,
    /// The file that the root call stands at, where it is not the program's.
    pub root: Option<String>,
    /// Whether others of the same policy follow: then files are made later, and what is armed stays so.
    pub in_series: bool,
}

/// A program that has no file.
#[derive(Clone)]
pub struct Program {
    /// Its text.
    pub text: String,
    /// Its code object; none where the interpreter has yet to compile it, or cannot.
    pub code: Option<Arc<Py<PyCode>>>,
    /// What its file is called, where the interpreter has yet to compile it.
    pub comes_as: Option<String>,
}

/// Starts recording.
///
/// # Errors
/// `Session` when a recording is on, or the interpreter cannot be watched; `Policy` for a wrong
/// policy; `Session` or `Trace` where the folder cannot be written.
pub fn start(py: Python<'_>, request: Request) -> Result<()> {
    if let Some(live) = live() {
        if live.is_recording() {
            return Err(Error::Session(
                "start: a recording is on already; stop() it first".to_owned(),
            ));
        }
        if request.in_series && live.spec == request.spec && live.tool.is_alive() {
            return series::go_on(py, request);
        }
        stop(None)?;
    }
    let spec = Spec::from_json(&request.spec)?;
    if !code::reserve(py) {
        return Err(Error::Session(
            "start: the interpreter has no place left on its code objects".to_owned(),
        ));
    }
    interpreter::settle();
    let processes = spec.capture.processes;
    let mut redaction = Redaction::compile(&spec.redact)?;
    follow_environment(&mut redaction);
    let mut knowledge = Knowledge::new(CompiledPolicy::compile(spec.clone())?, redaction);
    let writer = create_writer(py, &request, spec.format, &mut knowledge)?;
    let prepared = prepare(py, &request, spec.clone(), writer, knowledge)?;
    let alive = Arc::new(AtomicBool::new(true));
    let tool = arm(py, prepared, &alive, request.in_series)?;
    streams::hook(py, Rc::clone(&tool));
    ending::watch(py);
    tools::watch(py);
    if let Err(error) = children::watch(py) {
        unhook();
        tool.stop(&mut |_| ())?;
        return Err(Error::Session(format!("start: {error}")));
    }
    let live = Live {
        tool,
        alive,
        spec: request.spec.clone(),
        family: RefCell::new(Some(Family::new(request, processes))),
        can_rest: spec.activation_path.is_none(),
    };
    LIVE.store(Box::into_raw(Box::new(live)), Ordering::Release);
    Ok(())
}

fn create_writer(
    py: Python<'_>,
    request: &Request,
    format: policy::Format,
    knowledge: &mut Knowledge,
) -> Result<Writer> {
    let mut metadata = request.metadata.clone();
    redact_arguments(&mut knowledge.redaction, &mut metadata);
    if let Some(test) = metadata.get_mut("test") {
        knowledge.redaction.json(test);
    }
    metadata.insert("pid".to_owned(), std::process::id().into());
    metadata.insert("started".to_owned(), now().into());
    metadata.insert("locals".to_owned(), frame::access(py).name().into());
    metadata.insert("attributes".to_owned(), object::access(py).name().into());
    let format = match format {
        policy::Format::Json => Format::Json,
        policy::Format::Binary => Format::Binary,
    };
    if request.in_series {
        Writer::create_later(&request.folder, format, metadata)
    } else {
        Writer::create(&request.folder, format, metadata)
    }
}

fn prepare(
    py: Python<'_>,
    request: &Request,
    spec: Spec,
    writer: Writer,
    mut knowledge: Knowledge,
) -> Result<(Setup, Knowledge)> {
    let main = request
        .program
        .as_ref()
        .map(|program| keep_main(py, &writer, &mut knowledge.redaction, program))
        .transpose()?;
    let root = (request.root.clone())
        .or_else(|| spec.scope.script.first().cloned())
        .or_else(|| main.as_ref().map(|main| main.path.clone()))
        .or_else(|| caller_file(&spec.scope.cwd));
    let setup = Setup {
        session: next_session(),
        access: frame::access(py),
        writer,
        limits: spec.limits,
        capture: spec.capture,
        activation: spec.activation_path.filter(|_| !request.at_once),
        main,
        root: root.unwrap_or_else(|| "<unknown>".to_owned()),
        surroundings: Rc::new(spec.scope.surroundings),
        cwd: spec.scope.cwd,
    };
    Ok((setup, knowledge))
}

fn arm(
    py: Python<'_>,
    (setup, knowledge): (Setup, Knowledge),
    alive: &Arc<AtomicBool>,
    in_series: bool,
) -> Result<Rc<Monitor>> {
    let mut recorder = Recorder::new(setup, knowledge);
    if !in_series {
        // From here on the trace loads: it holds the root call and its step.
        recorder.writer().flush()?;
    }
    Monitor::arm(py, recorder, Arc::clone(alive))
        .map_err(|error| Error::Session(format!("start: {}", error.value(py))))
}

/// Puts every method of the interpreter back as it was.
fn unhook() {
    streams::unhook();
    interpreter::attached(|py| {
        ending::unwatch(py);
        tools::unwatch(py);
        children::unwatch(py);
    });
}

/// The time in UTC, as the metadata tell it.
fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

fn next_session() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// Hides the secrets in the program's arguments.
fn redact_arguments(redaction: &mut Redaction, metadata: &mut Map<String, Value>) {
    let Some(Value::Array(arguments)) = metadata.get_mut("args") else {
        return;
    };
    let texts = arguments
        .iter()
        .map(|one| one.as_str().unwrap_or_default().to_owned());
    let shown = redaction.arguments(&texts.collect::<Vec<_>>());
    *arguments = shown.into_iter().map(Value::from).collect();
}

/// Follows what the environment's variables with telling names hold: the program may take it from there by any name. The
/// name of a file that is there (`PWD`, `DB_PASSWORD_FILE`) is no secret.
fn follow_environment(redaction: &mut Redaction) {
    for (name, value) in env::vars_os() {
        if let Told::Secret(mark) = redaction.name(&name.to_string_lossy())
            && !Path::new(&value).exists()
        {
            redaction.follow(&value.to_string_lossy(), &mark);
        }
    }
}

/// Keeps the text of a program without a file in the trace folder, and knows its code objects.
fn keep_main(
    py: Python<'_>,
    writer: &Writer,
    redaction: &mut Redaction,
    program: &Program,
) -> Result<MainCode> {
    let shown = redaction.source(&program.text);
    let text = shown.as_ref().unwrap_or(&program.text);
    let path = writer.keep("program.py", text.as_bytes())?;
    let mut main = MainCode {
        codes: HashSet::new(),
        path: path.to_string_lossy().into_owned(),
        comes_as: program.comes_as.clone(),
        held: None,
    };
    if let Some(code) = &program.code {
        main.add(code.bind(py));
    }
    Ok(main)
}

/// The file of the innermost frame that has one: where the root call stands when no script is known.
fn caller_file(cwd: &str) -> Option<String> {
    let mut next = Frame::current();
    while let Some(frame) = next {
        let file = interpreter::attached(|py| {
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

/// Stops recording and completes the trace; none when no recording is on.
///
/// # Errors
/// `Session` where the recorder is at work.
pub fn stop(exit_status: Option<i32>) -> Result<Option<Outcome>> {
    let Some(tool) = live().map(|live| Rc::clone(&live.tool)) else {
        return Ok(None);
    };
    let change = &mut |metadata: &mut Map<String, Value>| {
        metadata.insert("exit_status".to_owned(), exit_status.into());
        metadata.insert("ended".to_owned(), now().into());
    };
    // Where the recorder is at work it stays live.
    let outcome = tool.stop(change)?;
    unhook();
    drop(take(&LIVE));
    Ok(outcome)
}

impl Outcome {
    /// The form in which Python is told.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = PyDict::new(py);
        let status = match self.problem {
            None => Status::Complete,
            Some(_) => Status::Partial,
        };
        report.set_item(Status::KEY, status.name())?;
        report.set_item("reason", self.problem.as_deref())?;
        report.set_item("steps", self.counters.steps)?;
        report.set_item("calls", self.counters.calls)?;
        report.set_item("activated", self.activated)?;
        report.set_item("skipped_code_objects", self.counters.skipped_code_objects)?;
        report.set_item("skipped", &self.skipped)?;
        report.set_item("truncations", self.counters.truncations.by_limit())?;
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
    live().is_some_and(|live| live.is_recording() && live.tool.is_alive())
}
