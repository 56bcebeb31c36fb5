//! `sys.monitoring`: tool id, event sets, the thin callbacks.
//!
//! Owns: what is armed in the interpreter. Must not: know of values, files or patterns.
//!
//! `PY_START` is set globally and answered once per code object (DISABLE for what is skipped); the
//! events of recorded code are set on its code objects. Before 3.15 `RAISE`, `PY_UNWIND` and `PY_THROW`
//! cannot be local (PEP 669, gh-142186), and DISABLE from them is an error in the program: they look first
//! whether the code object is ours, and return None whatever happens.

mod api;
mod callback;
mod events;

use std::cell::{Cell, RefCell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::code::{self, Touched};
use crate::error::{Error, Result};
use crate::fault;
use crate::frame::Object;
use crate::interpreter;
use crate::memory;
use crate::recorder::{Channel, Counters, Knowledge, Recorder, Setup};
use crate::trace::OWN_ERROR;

use api::Api;

type Metadata = serde_json::Map<String, serde_json::Value>;

/// Tool ids in the order they are tried: those without a meaning (PEP 669) first.
const TOOL_IDS: [i32; 6] = [3, 4, 0, 1, 2, 5];
const TOOL_NAME: &str = "codetracer-python-recorder";

/// Events set for all code; `PY_RESUME` and `PY_THROW` tell of what began before the recording did.
const GLOBAL_EVENTS: [&str; 3] = ["PY_START", "PY_RESUME", "PY_THROW"];
/// Events set on recorded code where they can be; else for all code, but not before any is recorded: what is skipped is
/// called back for each of them.
const EXCEPTION_EVENTS: [&str; 2] = ["PY_UNWIND", "RAISE"];
const EXCEPTIONS_ARE_LOCAL: bool = cfg!(Py_3_15);
/// Events set on recorded code; `PY_START` among them, since without it `LINE` stays away from
/// the first line of a one-line function (gh-155992, 3.13).
const LOCAL_EVENTS: [&str; 4] = ["PY_START", "PY_RETURN", "PY_YIELD", "PY_RESUME"];

/// Until when the writer has no thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// Until something is recorded.
    Briefly,
    /// Until it is told to go on.
    Held,
}

/// What a session ended with.
pub struct Outcome {
    /// What was recorded.
    pub counters: Counters,
    /// Whether the activation file ever ran.
    pub activated: bool,
    /// Why most of the skipped code objects were skipped, and how many.
    pub skipped: Option<(String, u64)>,
    /// Origins of the patterns and rules that matched nothing.
    pub unmatched: Vec<String>,
    /// Why the trace is partial, if it is.
    pub problem: Option<String>,
}

/// One armed recorder: what the callbacks find through their `self`.
pub struct Monitor {
    recorder: UnsafeCell<Option<Recorder>>,
    /// What is known between two recordings.
    knowledge: RefCell<Option<Knowledge>>,
    alive: Arc<AtomicBool>,
    busy: Cell<bool>,
    paused: Cell<Option<Pause>>,
    tool: Cell<i32>,
    callables: RefCell<Vec<(&'static str, Py<PyAny>)>>,
    global_events: Cell<i32>,
    local_events: [i32; 2],
    api: &'static Api,
}

impl Monitor {
    /// Takes a tool id, registers the callbacks and sets the events.
    ///
    /// # Errors
    /// Where every tool id is taken, or `sys.monitoring` does not do as documented.
    pub fn arm(py: Python<'_>, recorder: Recorder, alive: Arc<AtomicBool>) -> PyResult<Rc<Self>> {
        let api = Api::get(py)?;
        let tool = take_tool_id(py, api, None)?;
        let mut without_lines = api.mask(&LOCAL_EVENTS);
        if EXCEPTIONS_ARE_LOCAL {
            without_lines |= api.mask(&EXCEPTION_EVENTS);
        }
        let monitor = Rc::new(Self {
            recorder: UnsafeCell::new(Some(recorder)),
            knowledge: RefCell::default(),
            alive,
            busy: Cell::new(false),
            paused: Cell::new(None),
            tool: Cell::new(tool),
            callables: RefCell::default(),
            global_events: Cell::new(api.mask(&GLOBAL_EVENTS)),
            local_events: [without_lines, without_lines | api.mask(&["LINE"])],
            api,
        });
        for (event, function) in events::callbacks() {
            let callable = callback::new(py, &monitor, function)?.unbind();
            monitor.callables.borrow_mut().push((event, callable));
        }
        monitor.register(py)?;
        api.restart_events.call0(py)?;
        monitor.enter(Recorder::adopt_callers);
        monitor.set_global(py)?;
        Ok(monitor)
    }

    /// Has the callables called for the tool id.
    fn register(&self, py: Python<'_>) -> PyResult<()> {
        let api = self.api;
        for (event, callable) in self.callables.borrow().iter() {
            let arguments = (self.tool.get(), api.mask(&[event]), callable);
            api.register_callback.call1(py, arguments)?;
        }
        Ok(())
    }

    fn set_global(&self, py: Python<'_>) -> PyResult<()> {
        let arguments = (self.tool.get(), self.global_events.get());
        self.api.set_events.call1(py, arguments)?;
        Ok(())
    }

    /// Moves everything that is armed to another tool id.
    fn move_tool(&self, py: Python<'_>, recorder: &Recorder) -> PyResult<()> {
        let old = self.tool.get();
        let new = take_tool_id(py, self.api, Some(old))?;
        self.free_tool(py, recorder.touched())?;
        self.tool.set(new);
        self.register(py)?;
        self.set_global(py)?;
        for code in recorder.touched().all() {
            self.arm_code(recorder, code.cast());
        }
        Ok(())
    }

    /// Runs `act` on the recorder, unless it has stopped or is at work already. A panic ends the recording.
    #[inline]
    fn enter<R>(&self, act: impl FnOnce(&mut Recorder) -> R) -> Option<R> {
        if !self.is_alive() || self.busy.replace(true) {
            return None;
        }
        // SAFETY: the GIL is held, and `busy` keeps out whoever comes while the recorder is at work.
        let mut recorder = unsafe { (*self.recorder.get()).as_mut() };
        if let Some(pause) = self.paused.get() {
            self.end_pause(pause, recorder.as_deref_mut());
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            let recorder = recorder.as_deref_mut()?;
            let result = act(recorder);
            self.arm_new(recorder);
            Some(result)
        }));
        if result.is_err() {
            self.give_up(recorder, OWN_ERROR);
        } else if memory::is_short() {
            self.give_up(recorder, "memory ran out");
        }
        self.busy.set(false);
        result.unwrap_or_default()
    }

    /// Ends the recording, but not the program; what was recorded so far is kept.
    #[cold]
    fn give_up(&self, recorder: Option<&mut Recorder>, why: &str) {
        self.alive.store(false, Ordering::Relaxed);
        if let Some(recorder) = recorder {
            recorder.writer().give_up(why);
        }
    }

    /// Ends a pause that is brief; in one that is held what waits to be written must not be too much.
    #[cold]
    fn end_pause(&self, pause: Pause, recorder: Option<&mut Recorder>) {
        let Some(recorder) = recorder else {
            return;
        };
        if pause == Pause::Held {
            return recorder.writer().relieve();
        }
        self.paused.set(None);
        if let Err(error) = recorder.writer().resume() {
            self.give_up(Some(recorder), &error.to_string());
        }
    }

    /// Sets the events of code objects that the recorder has just begun to record.
    fn arm_new(&self, recorder: &mut Recorder) {
        while let Some(code) = recorder.take_unarmed().filter(|_| self.is_alive()) {
            self.arm_exceptions(recorder);
            self.arm_code(recorder, code);
        }
    }

    /// Sets the events of exceptions for all code, where they have to be and are not yet.
    fn arm_exceptions(&self, recorder: &mut Recorder) {
        if EXCEPTIONS_ARE_LOCAL {
            return;
        }
        let events = self.global_events.get() | self.api.mask(&EXCEPTION_EVENTS);
        if self.global_events.replace(events) == events {
            return;
        }
        if let Err(error) = interpreter::attached(|py| self.set_global(py)) {
            self.give_up(Some(recorder), &format!("sys.monitoring: {error}"));
        }
    }

    fn arm_code(&self, recorder: &Recorder, code: Object) {
        if let Some(info) = code::info(code, recorder.session()).filter(|info| info.armed.get()) {
            let lines = info.facts.lines && info.steps;
            self.set_local(code, self.local_events[usize::from(lines)]);
        }
    }

    fn set_local(&self, code: Object, events: i32) {
        interpreter::attached(|py| {
            // SAFETY: a live code object.
            let code = unsafe { Bound::from_borrowed_ptr(py, code) };
            // The code object's own events are all that can fail to be set, and then it is not recorded.
            let _ = self
                .api
                .set_local_events
                .call1(py, (self.tool.get(), code, events));
        });
    }

    /// Takes everything out of the interpreter that `arm` put there (`free_tool_id` leaves it, before 3.14).
    fn disarm(&self, touched: &Touched) {
        self.alive.store(false, Ordering::Relaxed);
        if let Err(error) = interpreter::attached(|py| self.clear(py, touched)) {
            // What is left armed does nothing: the monitor is no longer alive.
            fault::say(&format!("sys.monitoring could not be cleared: {error}"));
        }
    }

    fn clear(&self, py: Python<'_>, touched: &Touched) -> PyResult<()> {
        if self.callables.borrow().is_empty() {
            return Ok(()); // done before, and the id may be the program's by now
        }
        self.free_tool(py, touched)?;
        touched.drain().into_iter().for_each(code::detach);
        // They hold us as we hold them.
        self.callables.take();
        Ok(())
    }

    /// Takes everything out of the interpreter that belongs to the tool id, and gives the id back; what fails keeps
    /// nothing else from it.
    fn free_tool(&self, py: Python<'_>, touched: &Touched) -> PyResult<()> {
        let (api, tool) = (self.api, self.tool.get());
        let mut done = vec![api.set_events.call1(py, (tool, 0))];
        for (event, _) in self.callables.borrow().iter() {
            let arguments = (tool, api.mask(&[event]), py.None());
            done.push(api.register_callback.call1(py, arguments));
        }
        for code in touched.all() {
            self.set_local(code.cast(), 0);
        }
        done.push(api.free_tool_id.call1(py, (tool,)));
        done.into_iter().try_for_each(|step| step.map(|_| ()))
    }

    fn take(&self) -> Option<Recorder> {
        if self.busy.get() {
            return None;
        }
        // SAFETY: the GIL is held and nobody is at work in the recorder.
        unsafe { (*self.recorder.get()).take() }
    }

    /// Takes everything out of the interpreter between two recordings.
    fn disarm_at_rest(&self) {
        if let Some(knowledge) = self.knowledge.take() {
            self.disarm(knowledge.touched());
        }
    }
}

impl Outcome {
    fn of(recorder: &Recorder) -> Self {
        let policy = recorder.policy();
        let patterns = policy.pattern_matches().filter(|one| one.matches == 0);
        let rules = policy.rule_matches().filter(|(_, count)| *count == 0);
        let unmatched = patterns
            .map(|one| one.origin)
            .chain(rules.map(|(rule, _)| &*rule.origin));
        Self {
            counters: recorder.counters(),
            activated: recorder.is_active(),
            skipped: recorder.skipped(),
            unmatched: unmatched.map(str::to_owned).collect(),
            problem: None,
        }
    }
}

impl Monitor {
    /// Whether it still records.
    #[inline]
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// How many characters of a standard stream's texts are still wanted.
    pub fn room(&self, channel: Channel) -> usize {
        self.enter(|recorder| recorder.room(channel)).unwrap_or(0)
    }

    /// The bytes of a text that the calling thread wrote or read, and how many characters more it had.
    pub fn text(&self, channel: Channel, text: &[u8], rest: usize) {
        self.enter(|recorder| recorder.text(channel, text, rest));
    }

    /// The program asks for a line with this text, wherever that is written; with none it does not.
    pub fn asks(&self, prompt: &str) {
        self.enter(|recorder| recorder.asks(prompt));
    }

    /// This is the secret that the program has asked for, read from wherever.
    pub fn answers(&self, text: &str) {
        self.enter(|recorder| recorder.answers(text));
    }

    /// The calling thread flushed a standard stream.
    pub fn flushed(&self) {
        self.enter(Recorder::flushed);
    }

    /// Puts what was recorded so far on disk.
    ///
    /// # Errors
    /// `Trace` where it cannot be written.
    pub fn flush(&self) -> Result<()> {
        self.enter(|recorder| {
            recorder.flushed();
            recorder.writer().flush()
        })
        .unwrap_or(Ok(()))
    }

    /// Disarms everything and completes the trace; none between two recordings.
    ///
    /// # Errors
    /// `Session` where the recorder is at work.
    pub fn stop(&self, change: &mut dyn FnMut(&mut Metadata)) -> Result<Option<Outcome>> {
        self.disarm_at_rest();
        let Some(recorder) = self.take() else {
            return if self.busy.get() {
                Err(Error::Session("stop: the recorder is at work".to_owned()))
            } else {
                Ok(None)
            };
        };
        self.disarm(recorder.touched());
        let mut outcome = Outcome::of(&recorder);
        let (finished, _) = recorder.finish(change);
        outcome.problem = finished.err().map(|error| error.to_string());
        Ok(Some(outcome))
    }

    /// Ends the recording, but leaves everything armed for `renew`; a trace that is not kept is removed.
    ///
    /// # Errors
    /// `Session` where the recorder is at work.
    pub fn rest(&self, keep: bool, change: &mut dyn FnMut(&mut Metadata)) -> Result<Outcome> {
        let Some(recorder) = self.take() else {
            return Err(Error::Session("stop: the recorder is at work".to_owned()));
        };
        let mut outcome = Outcome::of(&recorder);
        let (finished, knowledge) = if keep {
            recorder.finish(change)
        } else {
            recorder.discard()
        };
        outcome.problem = finished.err().map(|error| error.to_string());
        self.knowledge.replace(Some(knowledge));
        Ok(outcome)
    }

    /// What is known of the program, for `renew`; none but after `rest`.
    pub fn knowledge(&self) -> Option<Knowledge> {
        self.knowledge.take()
    }

    /// Begins another recording with what is armed.
    pub fn renew(&self, setup: Setup, knowledge: Knowledge) {
        let recorder = Recorder::new(setup, knowledge);
        // SAFETY: the GIL is held, and between two recordings there is nothing to be at work in.
        unsafe { *self.recorder.get() = Some(recorder) };
        self.enter(Recorder::adopt_callers);
    }

    /// Opens a call that stands for a part of the program, at this line of this file.
    pub fn open_part(&self, name: &str, path: &str, line: u32) {
        self.enter(|recorder| recorder.open_part(name, path, line));
    }

    /// Closes the part that is open, and what is open in it.
    pub fn close_part(&self) {
        self.enter(Recorder::close_part);
    }

    /// Ends the writer's thread until `resume`, or, with `briefly`, until something is recorded again.
    pub fn pause(&self, briefly: bool) {
        self.enter(|recorder| recorder.writer().pause());
        self.paused
            .set(Some(if briefly { Pause::Briefly } else { Pause::Held }));
    }

    /// Goes on after `pause`.
    pub fn resume(&self) {
        if self.paused.get().is_some() {
            self.paused.set(Some(Pause::Briefly));
            self.enter(|_| ());
        }
    }

    /// Disarms everything in a forked child and leaves the parent's trace alone; whether the activation file has run.
    pub fn abandon(&self) -> bool {
        self.disarm_at_rest();
        self.take().is_some_and(|recorder| {
            self.disarm(recorder.touched());
            let is_active = recorder.is_active();
            recorder.abandon();
            is_active
        })
    }

    /// Our id among the tools of `sys.monitoring`; none where nothing is armed, and while it is us who ask.
    pub fn tool_id(&self) -> Option<i32> {
        (self.is_alive() && !self.busy.get()).then(|| self.tool.get())
    }

    /// Takes another tool id, for the program wants ours; without one the recording ends.
    pub fn make_way(&self) {
        self.disarm_at_rest();
        self.enter(|recorder| {
            if interpreter::attached(|py| self.move_tool(py, recorder)).is_err() {
                self.give_up(
                    Some(recorder),
                    "the program takes all tool ids of sys.monitoring",
                );
                self.disarm(recorder.touched());
            }
        });
    }

    /// Whether the activation file has run.
    pub fn is_active(&self) -> bool {
        self.enter(|recorder| recorder.is_active()).unwrap_or(false)
    }

    /// Hides the secrets in texts that are to go into the metadata.
    pub fn redact(&self, texts: &mut Metadata) {
        self.enter(|recorder| texts.values_mut().for_each(|one| recorder.redact(one)));
    }

    /// Changes the metadata, which are written soon.
    pub fn note(&self, change: &mut dyn FnMut(&mut Metadata)) {
        self.enter(|recorder| recorder.writer().metadata(change));
    }
}

/// Takes a tool id that is free, and another than `but`.
fn take_tool_id(py: Python<'_>, api: &Api, but: Option<i32>) -> PyResult<i32> {
    let mut holders = Vec::new();
    for id in TOOL_IDS.into_iter().filter(|id| Some(*id) != but) {
        let holder = api.get_tool.call1(py, (id,))?;
        if holder.is_none(py) && api.use_tool_id.call1(py, (id, TOOL_NAME)).is_ok() {
            return Ok(id);
        }
        holders.push(format!("{id}: {holder}"));
    }
    let message = format!(
        "all tool ids of sys.monitoring are taken ({}): stop one of these tools first",
        holders.join(", ")
    );
    Err(PyRuntimeError::new_err(message))
}
