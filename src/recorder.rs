//! Events in, records out: call stacks per thread, steps, activation.
//!
//! Owns: what becomes of an event. Must not: match a pattern, or touch a file.
//!
//! Every method runs with the GIL held and calls no Python code, so that nothing is re-entered and
//! no other thread runs in between. Stream locks are held for one event at most.

mod adopt;
mod output;
mod variables;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::code::{self, CodeInfo, Facts, Parts, Suspends, Touched, Variable};
use crate::error::Result;
use crate::frame::{Access, Frame, Object};
use crate::policy::{Capture, CompiledPolicy, Limits, Scope, absolute_path};
use crate::source::{Source, Sources};
use crate::trace::{Definitions, Encoding, EventKind, PathId, Stream, Writer};
use crate::value::{self, Values};

pub use output::Channel;

/// What to do about a code object that starts for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Never tell us of it again.
    Skip,
    /// Nothing.
    Go,
}

/// A frame that is open in the trace.
struct Activation {
    frame: usize,
    line: u32,
    /// Fingerprint of its variables at its last step.
    state: u64,
}

/// What is kept of a thread that runs recorded code.
struct Thread {
    stream: Arc<Stream>,
    calls: Vec<Activation>,
    /// The frame that the stream's last step belongs to.
    stepped: usize,
    /// The exception that has just left a recorded frame, by identity.
    unwound: usize,
    output: Option<(Channel, String)>,
}

/// How much is still recorded, as `limits.trace-bytes` is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Detail {
    Calls,
    Lines,
    Values,
}

/// What was recorded so far.
#[derive(Debug, Default, Clone, Copy, serde::Serialize)]
pub struct Counters {
    /// Steps, the recorder's own at calls included.
    pub steps: u64,
    /// Calls and resumptions.
    pub calls: u64,
    /// Values of variables.
    pub values: u64,
    /// Values cut by a limit.
    pub truncations: u64,
    /// Code objects that the policy skips.
    pub skipped_code_objects: u64,
}

/// The program, where its code has no file: `-c` and standard input.
pub struct MainCode {
    /// Its code object and those nested in it.
    pub codes: HashSet<usize>,
    /// The kept text.
    pub path: String,
}

/// What the recorder is told when it is made.
pub struct Setup {
    /// Distinguishes this session from those before it.
    pub session: u64,
    /// How frames are read.
    pub access: Access,
    /// Where records go.
    pub writer: Writer,
    /// What is recorded.
    pub policy: CompiledPolicy,
    /// `[limits]`.
    pub limits: Limits,
    /// `[capture]`.
    pub capture: Capture,
    /// The file whose first run activates the recording; none: recording is on from the start.
    pub activation: Option<String>,
    /// The program where it has no file.
    pub main: Option<MainCode>,
    /// The path that the root call stands at.
    pub root: String,
    /// The working directory at start: what a relative file name is relative to.
    pub cwd: String,
}

struct File {
    name: String,
    id: Option<PathId>,
    activates: bool,
    source: Rc<Source>,
}

/// The recorder of one session, for one form of the trace.
pub struct Recorder<E> {
    setup: Setup,
    definitions: Definitions<E>,
    values: Values,
    sources: Sources,
    files: HashMap<Box<str>, File>,
    touched: Rc<Touched>,
    threads: Vec<Thread>,
    thread_names: Vec<String>,
    vacant: Vacant,
    unarmed: Vec<Object>,
    active: bool,
    detail: Detail,
    written: u64,
    output_left: [u64; 3],
    counters: Counters,
    long_code: Vec<String>,
}

thread_local! {
    /// Session and place in `threads` of the calling thread.
    static CURRENT: Cell<(u64, usize)> = const { Cell::new((0, 0)) };
    /// What gives the place back when the thread ends.
    static TENANCY: RefCell<Option<Tenancy>> = const { RefCell::new(None) };
}

/// Places in `threads` whose threads have ended.
type Vacant = Arc<Mutex<Vec<usize>>>;

/// A thread's hold on its place, for as long as the thread lives.
struct Tenancy {
    place: usize,
    vacant: Vacant,
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        self.vacant
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.place);
    }
}

/// Appends what belongs to one event to a thread's stream; definitions go to the main stream, before it.
fn append<E: Encoding, R>(
    main: &Arc<Stream>,
    stream: &Arc<Stream>,
    definitions: &mut Definitions<E>,
    written: &mut u64,
    write: impl FnOnce(&mut Vec<u8>, &mut Definitions<E>) -> R,
) -> R {
    let mut out = stream.lock();
    let start = out.len();
    let result = write(&mut out, definitions);
    *written += (out.len() - start) as u64;
    if definitions.are_pending() {
        if Arc::ptr_eq(main, stream) {
            definitions.place(&mut out, start);
        } else {
            let mut main = main.lock();
            let end = main.len();
            definitions.place(&mut main, end);
            main.keep();
        }
    }
    out.commit();
    result
}

macro_rules! emit {
    ($self:ident, $thread:expr, $write:expr) => {
        $crate::recorder::append(
            $self.setup.writer.main(),
            &$self.threads[$thread].stream,
            &mut $self.definitions,
            &mut $self.written,
            $write,
        )
    };
}
use emit;

impl<E: Encoding> Recorder<E> {
    /// A recorder whose trace holds the root call.
    pub fn new(setup: Setup) -> Self {
        let values = Values::new(&setup.limits);
        let output = if setup.limits.output_bytes == 0 {
            u64::MAX
        } else {
            setup.limits.output_bytes
        };
        let main = Thread::new(Arc::clone(setup.writer.main()));
        let mut recorder = Self {
            definitions: Definitions::new(),
            values,
            sources: Sources::default(),
            files: HashMap::new(),
            touched: Rc::default(),
            threads: vec![main],
            thread_names: vec!["MainThread".to_owned()],
            vacant: Vacant::default(),
            unarmed: Vec::new(),
            active: setup.activation.is_none(),
            detail: Detail::Values,
            written: 0,
            output_left: [output; 3],
            counters: Counters::default(),
            long_code: Vec::new(),
            setup,
        };
        CURRENT.set((recorder.setup.session, 0));
        recorder.open_root();
        recorder
    }

    /// The session this recorder belongs to.
    pub fn session(&self) -> u64 {
        self.setup.session
    }

    /// Where the records go.
    pub fn writer(&self) -> &Writer {
        &self.setup.writer
    }

    /// Whether anything of the program was recorded, and whether recording was activated.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// What was recorded so far.
    pub fn counters(&self) -> Counters {
        Counters {
            truncations: self.values.truncations,
            ..self.counters
        }
    }

    /// Code objects that wait for their local events.
    pub fn take_unarmed(&mut self) -> Option<Object> {
        self.unarmed.pop()
    }

    /// The code objects that local events were set on.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// Patterns that matched nothing, each with its origin.
    pub fn policy(&self) -> &CompiledPolicy {
        &self.setup.policy
    }

    fn open_root(&mut self) {
        let (path, _) = self.path_id(&self.setup.root.clone());
        let function = self.definitions.function(path, 1, "<toplevel>");
        emit!(self, 0, |out, _| {
            E::call_begin(out, function, 0);
            E::call_end(out);
            E::step(out, path, 1);
        });
        self.threads[0].stepped = usize::MAX;
    }

    fn path_id(&mut self, path: &str) -> (PathId, bool) {
        let (id, is_new) = self.definitions.path(path);
        if is_new {
            self.setup.writer.add_path(path.to_owned());
        }
        (id, is_new)
    }

    /// `PY_START`: decides about a code object that is new to the session, and opens the call.
    pub fn start(&mut self, code: Object) -> Verdict {
        let Some(frame) = Frame::current() else {
            return Verdict::Go;
        };
        let Some(info) = self.known(code, frame) else {
            return Verdict::Skip;
        };
        if !self.active {
            return Verdict::Go;
        }
        self.arm(code, info);
        let thread = self.thread();
        self.open(thread, info, frame, None);
        Verdict::Go
    }

    fn arm(&mut self, code: Object, info: &CodeInfo) {
        if !info.armed.replace(true) {
            self.unarmed.push(code);
        }
    }

    /// What is known of a code object that is recorded; none where the policy skips it.
    fn known<'a>(&mut self, code: Object, frame: Frame) -> Option<&'a CodeInfo> {
        if let Some(info) = code::info(code, self.setup.session) {
            return Some(info);
        }
        Python::attach(|py| {
            // SAFETY: a live code object.
            let bound = unsafe { Bound::from_borrowed_ptr(py, code) };
            let facts = Facts::of(&bound).ok()?;
            self.decide(code, facts, frame)
        })
    }

    fn decide<'a>(&mut self, code: Object, facts: Facts, frame: Frame) -> Option<&'a CodeInfo> {
        let is_main = self
            .setup
            .main
            .as_ref()
            .is_some_and(|main| main.codes.contains(&(code as usize)));
        let key = if is_main {
            String::new()
        } else {
            facts.file.clone()
        };
        self.meet_file(&key, is_main);
        let module = module_name(frame);
        let scope = Scope {
            path: &facts.file,
            module: module.as_deref(),
            is_main,
        };
        let record = self.setup.policy.decide(&scope).record;
        let activates = self.files.get(&*key).is_some_and(|file| file.activates);
        if activates && !self.active {
            self.activate(frame);
        }
        if !record {
            self.counters.skipped_code_objects += 1;
            return None;
        }
        let parts = self.parts(&key, &facts);
        if !facts.lines {
            self.long_code.push(format!(
                "{}:{} {}",
                facts.file, facts.first_line, facts.qualname
            ));
        }
        code::attach(code, self.setup.session, &self.touched, facts, parts)
    }

    fn meet_file(&mut self, key: &str, is_main: bool) {
        if self.files.contains_key(key) {
            return;
        }
        let name = match &self.setup.main {
            Some(main) if is_main => main.path.clone(),
            _ => absolute_path(key, &self.setup.cwd),
        };
        let activation = self.setup.activation.as_deref();
        let resolves = || {
            Path::new(&name)
                .canonicalize()
                .is_ok_and(|path| Some(&*path.to_string_lossy()) == activation)
        };
        let activates = activation.is_some() && (Some(&*name) == activation || resolves());
        let source = self.sources.get(&name);
        self.files.insert(
            key.into(),
            File {
                name,
                id: None,
                activates,
                source,
            },
        );
    }

    fn parts(&mut self, key: &str, facts: &Facts) -> Parts {
        let (name, known, source) = match self.files.get(key) {
            Some(file) => (file.name.clone(), file.id, Rc::clone(&file.source)),
            None => (key.to_owned(), None, Rc::default()),
        };
        let path = known.unwrap_or_else(|| self.path_id(&name).0);
        if let Some(file) = self.files.get_mut(key) {
            file.id = Some(path);
        }
        let line = source.clamp(source.definition(facts.first_line, &facts.name));
        let function = self.definitions.function(path, line, &facts.qualname);
        let variables = if facts.has_slots {
            self.variables_of(facts)
        } else {
            Box::default()
        };
        Parts {
            path,
            source,
            line,
            function,
            variables,
        }
    }

    fn variables_of(&mut self, facts: &Facts) -> Box<[Variable]> {
        let shown = facts.slots.iter().map(|slot| {
            let variable = self.definitions.variable(&value::text::whole(slot.name));
            let (mut value_begin, mut argument_begin) = (Vec::new(), Vec::new());
            E::value_begin(&mut value_begin, variable);
            E::argument_begin(&mut argument_begin, variable);
            Variable {
                slot: *slot,
                value_begin: value_begin.into(),
                argument_begin: argument_begin.into(),
            }
        });
        shown.collect()
    }

    /// The place of the calling thread, which is met here when it is new.
    #[inline]
    fn thread(&mut self) -> usize {
        let (session, place) = CURRENT.get();
        if session == self.setup.session {
            place
        } else {
            self.meet_thread()
        }
    }

    /// Opens a call: a step at its line, then the call with its arguments.
    fn open(
        &mut self,
        thread: usize,
        info: &CodeInfo,
        frame: Frame,
        resumed: Option<(&str, Option<Object>)>,
    ) {
        self.flush_output(thread);
        let line = match resumed {
            None => info.line,
            Some(_) => info.source.clamp(frame.line()),
        };
        let (function, argument) = match resumed {
            None => (info.function, None),
            Some((name, value)) => (
                self.resumed_function(info),
                value.map(|value| (self.definitions.variable(name), value)),
            ),
        };
        let is_first =
            self.threads[thread].stepped == usize::MAX && info.path == PathId(0) && line == 1;
        let with_values = self.detail == Detail::Values;
        let (access, values) = (self.setup.access, &mut self.values);
        emit!(self, thread, |out, definitions| {
            if !is_first {
                E::step(out, info.path, line);
            }
            match argument {
                Some((variable, value)) => {
                    E::call_begin(out, function, 1);
                    E::argument_begin(out, variable);
                    values.write(out, definitions, value);
                    E::argument_end(out);
                }
                None if resumed.is_none() && with_values => variables::write_arguments(
                    out,
                    definitions,
                    values,
                    info,
                    frame,
                    access,
                    function,
                ),
                None => E::call_begin(out, function, 0),
            }
            E::call_end(out);
        });
        self.counters.steps += u64::from(!is_first);
        self.counters.calls += 1;
        let state = variables::state(info, frame, access);
        let thread = &mut self.threads[thread];
        thread.stepped = frame.id();
        thread.unwound = 0;
        thread.calls.push(Activation {
            frame: frame.id(),
            line,
            state,
        });
        self.watch_size();
    }

    fn resumed_function(&mut self, info: &CodeInfo) -> crate::trace::FunctionId {
        info.resumed.get().unwrap_or_else(|| {
            let name = format!("{} (resumed)", info.facts.qualname);
            let function = self.definitions.function(info.path, info.line, &name);
            info.resumed.set(Some(function));
            function
        })
    }

    /// `LINE`
    pub fn line(&mut self, code: Object, line: u32) {
        let Some((info, frame)) = self.ours(code) else {
            return;
        };
        let thread = self.thread();
        self.flush_output(thread);
        self.settle(thread, frame);
        self.step(thread, info, frame, info.source.clamp(line));
        self.threads[thread].unwound = 0;
    }

    /// The facts and the frame of an event in recorded code; none for code that is not recorded.
    #[inline]
    fn ours<'a>(&self, code: Object) -> Option<(&'a CodeInfo, Frame)> {
        let info = code::info(code, self.setup.session)?;
        if !self.active {
            return None;
        }
        Some((info, Frame::current()?))
    }

    /// A step with all visible variables of a frame that is the innermost open one.
    fn step(&mut self, thread: usize, info: &CodeInfo, frame: Frame, line: u32) {
        let detail = self.detail;
        if detail == Detail::Calls {
            return;
        }
        let (access, values, counters) = (self.setup.access, &mut self.values, &mut self.counters);
        let state = emit!(self, thread, |out, definitions| {
            E::step(out, info.path, line);
            if detail == Detail::Values {
                variables::write(
                    out,
                    definitions,
                    values,
                    info,
                    frame,
                    access,
                    &mut counters.values,
                )
            } else {
                0
            }
        });
        self.counters.steps += 1;
        let thread = &mut self.threads[thread];
        thread.stepped = frame.id();
        if let Some(call) = thread.calls.last_mut() {
            (call.line, call.state) = (line, state);
        }
        self.watch_size();
    }

    fn watch_size(&mut self) {
        let limit = self.setup.limits.trace_bytes;
        if limit > 0 && self.written >= limit {
            self.detail = if self.written >= limit.saturating_mul(2) {
                Detail::Calls
            } else {
                Detail::Values.min_lines()
            };
        }
    }

    /// `PY_RETURN`
    pub fn returned(&mut self, code: Object, result: Object) {
        let with_values = self.detail == Detail::Values;
        self.close_with(code, |values, out, definitions| {
            if with_values {
                values.write(out, definitions, result);
            } else {
                value::write_mark(out, definitions, "<left out>");
            }
        });
    }

    /// `PY_YIELD`
    pub fn yielded(&mut self, code: Object, result: Object) {
        let Some(info) = code::info(code, self.setup.session) else {
            return;
        };
        let wrapped = yielded_by_generator(result);
        let waits = match info.facts.suspends {
            Some(Suspends::Waiting) => true,
            Some(Suspends::Both) => wrapped.is_none(),
            _ => false,
        };
        self.close_with(code, |values, out, definitions| {
            if waits {
                values.write_awaited(out, definitions, result);
            } else {
                values.write_yielded(out, definitions, wrapped.unwrap_or(result));
            }
        });
    }

    /// `PY_UNWIND`: a frame is left by an exception. Frames that are not open are unknown (gh-113486).
    pub fn unwound(&mut self, code: Object, exception: Object) {
        let Some((_, frame)) = self.ours(code) else {
            return;
        };
        let thread = self.thread();
        if !self.threads[thread]
            .calls
            .iter()
            .any(|call| call.frame == frame.id())
        {
            return;
        }
        self.close_with(code, |values, out, definitions| {
            values.write_raised(out, definitions, exception)
        });
        self.threads[thread].unwound = exception as usize;
    }

    /// Closes the innermost call, which is made to be the one of the current frame, after the frame's last state.
    fn close_with(
        &mut self,
        code: Object,
        write: impl FnOnce(&mut Values, &mut Vec<u8>, &mut Definitions<E>),
    ) {
        let Some((info, frame)) = self.ours(code) else {
            return;
        };
        let thread = self.thread();
        self.flush_output(thread);
        self.settle(thread, frame);
        self.last_state(thread, info, frame);
        let values = &mut self.values;
        emit!(self, thread, |out, definitions| {
            E::return_begin(out);
            write(values, out, definitions);
            E::return_end(out);
        });
        let thread = &mut self.threads[thread];
        thread.calls.pop();
        thread.unwound = 0;
        self.watch_size();
    }

    /// One more step on the frame's last line, where a variable was bound, rebound or deleted after it.
    fn last_state(&mut self, thread: usize, info: &CodeInfo, frame: Frame) {
        let Some(call) = self.threads[thread].calls.last() else {
            return;
        };
        if self.detail == Detail::Values
            && variables::state(info, frame, self.setup.access) != call.state
        {
            let line = call.line;
            self.step(thread, info, frame, line);
        }
    }

    /// `PY_RESUME`: a generator or coroutine goes on with the value sent into it.
    pub fn resumed(&mut self, code: Object) {
        let Some((info, frame)) = self.ours(code) else {
            return;
        };
        let sent = frame.sent(self.setup.access, info.facts.slots.len());
        self.go_on(info, frame, "sent", sent);
    }

    /// `PY_THROW`: a generator or coroutine goes on with an exception thrown into it.
    pub fn thrown(&mut self, code: Object, exception: Object) {
        let Some((info, frame)) = self.ours(code) else {
            return;
        };
        self.go_on(info, frame, "thrown", Some(exception));
    }

    fn go_on(&mut self, info: &CodeInfo, frame: Frame, name: &str, value: Option<Object>) {
        let thread = self.thread();
        if self.threads[thread]
            .calls
            .last()
            .is_some_and(|call| call.frame == frame.id())
        {
            return;
        }
        self.close_stale(thread, frame);
        self.open(thread, info, frame, Some((name, value)));
    }

    /// `RAISE`: an exception comes up in a frame; told once, in the first recorded frame it comes up in.
    pub fn raised(&mut self, code: Object, exception: Object) {
        let Some((info, frame)) = self.ours(code) else {
            return;
        };
        if !has_traceback(exception) {
            return;
        }
        let thread = self.thread();
        let passes =
            self.threads[thread].unwound == exception as usize && came_from_below(exception);
        self.threads[thread].unwound = 0;
        if passes || !self.setup.capture.exceptions {
            return;
        }
        self.flush_output(thread);
        self.settle(thread, frame);
        self.back_to_line(thread, info, frame);
        let text = self.values.exception_text(exception);
        emit!(self, thread, |out, _| E::event(
            out,
            EventKind::Error,
            "",
            &text
        ));
    }

    /// A further step on the frame's line, where steps of a callee came after it, so that what follows
    /// belongs to that line.
    fn back_to_line(&mut self, thread: usize, info: &CodeInfo, frame: Frame) {
        if self.threads[thread].stepped == frame.id() {
            return;
        }
        if let Some(line) = self.threads[thread].calls.last().map(|call| call.line) {
            self.step(thread, info, frame, line);
        }
    }

    /// Closes everything that is still open and hands the trace over.
    ///
    /// # Errors
    /// `Trace` where the files could not be completed.
    pub fn finish(
        mut self,
        change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
    ) -> Result<()> {
        for thread in 0..self.threads.len() {
            self.close_thread(thread);
        }
        let counters = self.counters();
        let mut reached = Vec::new();
        if self.detail != Detail::Values {
            reached.push("limits.trace-bytes".to_owned());
        }
        if self.output_left.contains(&0) {
            reached.push("limits.output-bytes".to_owned());
        }
        reached.extend(
            self.long_code
                .iter()
                .map(|place| format!("line events of {place} (too long)")),
        );
        let streams: Vec<_> = self
            .threads
            .iter()
            .skip(1)
            .map(|thread| Arc::clone(&thread.stream))
            .collect();
        self.setup.writer.finish(&streams, |metadata| {
            metadata.insert(
                "counters".to_owned(),
                serde_json::to_value(counters).unwrap_or_default(),
            );
            metadata.insert("threads".to_owned(), self.thread_names.into());
            metadata.insert("limits_reached".to_owned(), reached.into());
            change(metadata);
        })
    }

    /// Leaves the parent's trace alone, in a forked child.
    pub fn abandon(self) {
        self.setup.writer.abandon();
    }

    /// Closes what is open in a thread, its root call last.
    fn close_thread(&mut self, thread: usize) {
        self.flush_output(thread);
        while self.threads[thread].calls.pop().is_some() {
            self.close_unseen(thread, "<still open>");
        }
        emit!(self, thread, |out, _| {
            E::return_begin(out);
            value::write_none::<E>(out);
            E::return_end(out);
        });
    }

    fn close_unseen(&mut self, thread: usize, mark: &str) {
        emit!(self, thread, |out, definitions| {
            E::return_begin(out);
            value::write_mark(out, definitions, mark);
            E::return_end(out);
        });
    }
}

impl Detail {
    fn min_lines(self) -> Self {
        if self > Self::Lines {
            Self::Lines
        } else {
            self
        }
    }
}

impl Thread {
    fn new(stream: Arc<Stream>) -> Self {
        Self {
            stream,
            calls: Vec::new(),
            stepped: 0,
            unwound: 0,
            output: None,
        }
    }
}

/// `__name__` of the globals that a frame runs with, read from the dict.
fn module_name(frame: Frame) -> Option<String> {
    let globals = frame.globals();
    // SAFETY: the globals of a frame are a dict; the look-up of a str key runs no code of the program.
    let name = unsafe {
        if globals.is_null() {
            return None;
        }
        ffi::PyDict_GetItemString(globals, c"__name__".as_ptr())
    };
    (!name.is_null() && value::text::is_str(name)).then(|| value::text::whole(name))
}

/// The value in the wrapper that an asynchronous generator's `PY_YIELD` hands over (gh-129013); none
/// for anything else.
fn yielded_by_generator(object: Object) -> Option<Object> {
    #[repr(C)]
    struct Wrapped {
        head: ffi::PyObject,
        value: Object,
    }
    // SAFETY: a live object; a static type of this name is the interpreter's own (`Objects/genobject.c`).
    unsafe {
        let class = ffi::Py_TYPE(object);
        let is_static = ffi::PyType_GetFlags(class) & ffi::Py_TPFLAGS_HEAPTYPE == 0;
        let name = std::ffi::CStr::from_ptr((*class).tp_name);
        (is_static && name == c"async_generator_wrapped_value")
            .then(|| (*object.cast::<Wrapped>()).value)
    }
}

fn traceback(exception: Object) -> Object {
    // SAFETY: a live exception; its traceback is null or a traceback.
    unsafe { (*exception.cast::<ffi::PyBaseExceptionObject>()).traceback }
}

/// Whether an exception was raised, rather than made by the interpreter to end a loop over a
/// generator that returns a value (`FOR_ITER` tells of that StopIteration by `RAISE` too).
fn has_traceback(exception: Object) -> bool {
    !traceback(exception).is_null()
}

/// Whether an exception has passed a frame before the one it is in now.
fn came_from_below(exception: Object) -> bool {
    #[repr(C)]
    struct Traceback {
        head: ffi::PyObject,
        next: Object,
    }
    let traceback = traceback(exception).cast::<Traceback>();
    // SAFETY: null or a live traceback (`Include/cpython/traceback.h`).
    !traceback.is_null() && unsafe { !(*traceback).next.is_null() }
}
