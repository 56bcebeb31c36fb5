//! Events in, records out: call stacks per thread, steps, activation.
//!
//! Owns: what becomes of an event. Must not: match a pattern, or touch a file.
//!
//! Every method runs with the GIL held and calls no Python code, so that nothing is re-entered and
//! no other thread runs in between. Stream locks are held for one event at most.

mod adopt;
mod events;
mod output;
mod scenes;
mod scope;
mod tally;
mod variables;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use foldhash::fast::RandomState;
use pyo3::{Py, PyAny};

use crate::code::{self, CodeInfo, Touched};
use crate::error::Result;
use crate::fault;
use crate::frame::{Access, Frame, Object};
use crate::policy::{Capture, CompiledPolicy, Limits, Redaction, Stream as Heard};
use crate::source::Sources;
use crate::trace::{Compact, Definitions, OWN_ERROR, PathId, RESUMED, ROOT, Stream, Writer};
use crate::value::{self, Manner, Truncations, Values};

use scenes::{Scenes, Shot};
use tally::Tally;
use variables::View;

pub use output::Channel;

/// What to do about a code object that starts for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Never tell us of it again.
    Skip,
    /// Nothing.
    Go,
}

/// Stands for the frame of the root call's step, while nothing comes after that.
const ROOT_STEP: usize = usize::MAX;

/// Stands for a value that is not written any more, for `limits.trace-bytes`.
const LEFT_OUT: &str = "<left out>";

/// A frame that is open in the trace.
struct Activation {
    frame: usize,
    line: u32,
    /// Fingerprint of its variables at its last step.
    state: u64,
}

/// How a generator or coroutine goes on.
struct Resumption<'a> {
    line: u32,
    /// What comes into it is called.
    name: &'a str,
    value: Option<Object>,
}

/// What is kept of a thread that runs recorded code.
struct Thread {
    stream: Rc<Stream>,
    calls: Vec<Activation>,
    /// The frame that the stream's last step belongs to.
    stepped: usize,
    /// The exception that has just left a recorded frame, by identity.
    unwound: usize,
    /// The exceptions that came up in frames whose values are hidden, by identity, and how they are shown.
    veiled: Vec<(usize, Rc<Manner>)>,
    output: Option<output::Waiting>,
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
    /// Values cut, by the limit.
    pub truncations: Truncations,
    /// Code objects that the policy skips.
    pub skipped_code_objects: u64,
}

/// The program, where its code has no file: `-c` and standard input.
pub struct MainCode {
    /// Its code object and those nested in it.
    pub codes: HashSet<usize>,
    /// The kept text.
    pub path: String,
    /// What its file is called, where the interpreter has yet to compile it.
    pub comes_as: Option<String>,
    /// The code object that came, held so that no other gets its address.
    pub held: Option<Py<PyAny>>,
}

/// What the recorder is told when it is made.
pub struct Setup {
    /// Distinguishes this session from those before it.
    pub session: u64,
    /// How frames are read.
    pub access: Access,
    /// Where records go.
    pub writer: Writer,
    /// `[limits]`.
    pub limits: Limits,
    /// `[capture]`.
    pub capture: Capture,
    /// The file whose first run activates the recording; none: recording is on from the start.
    pub activation: Option<String>,
    /// The program where it has no file.
    pub main: Option<MainCode>,
    /// Names in namespaces that are not the program's.
    pub surroundings: Rc<HashSet<String>>,
    /// The path that the root call stands at.
    pub root: String,
    /// The working directory at start: what a relative file name is relative to.
    pub cwd: String,
}

/// What outlasts a recording in a series of them.
pub struct Knowledge {
    policy: CompiledPolicy,
    /// What is hidden, and what was hidden before.
    pub redaction: Redaction,
    sources: Sources,
    touched: Rc<Touched>,
}

impl Knowledge {
    /// What is known when nothing has run yet.
    pub fn new(policy: CompiledPolicy, redaction: Redaction) -> Self {
        Self {
            policy,
            redaction,
            sources: Sources::default(),
            touched: Rc::default(),
        }
    }

    /// The code objects that local events were set on.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }
}

/// A file whose code is recorded; before recording has begun, any that was met.
struct File {
    name: String,
    /// Recording begins with it.
    activates: bool,
}

/// The recorder of one session.
pub struct Recorder {
    setup: Setup,
    policy: CompiledPolicy,
    sources: Sources,
    touched: Rc<Touched>,
    definitions: Definitions,
    /// How values are shown where no rule says otherwise.
    manner: Rc<Manner>,
    values: Values,
    scenes: Scenes,
    files: HashMap<Box<str>, File, RandomState>,
    threads: Vec<Thread>,
    thread_names: Vec<String>,
    vacant: Vacant,
    unarmed: Vec<Object>,
    /// Whether parts have begun and none is open: what is written now is not the program's.
    between_parts: bool,
    active: bool,
    detail: Detail,
    written: u64,
    output_left: [u64; 3],
    /// What was written and read so far, a stream each.
    heard: [Heard; 3],
    /// The first bytes of a character whose others have not come yet, a stream each.
    begun: [Vec<u8>; 3],
    /// What `input()` asks with.
    prompt: Heard,
    /// What is being read of an answer to `Password: `.
    answer: Option<output::Answer>,
    counters: Counters,
    tally: Tally,
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
        // Never waited for: in a forked child its holder may not exist. A place that is not given back is not used again.
        if let Ok(mut vacant) = self.vacant.try_lock() {
            vacant.push(self.place);
        }
    }
}

/// Appends what belongs to one event to a thread's stream; definitions go to the main stream, before it.
fn append<R>(
    main: &Rc<Stream>,
    stream: &Rc<Stream>,
    definitions: &mut Definitions,
    written: &mut u64,
    write: impl FnOnce(&mut Compact, &mut Definitions) -> R,
) -> R {
    let mut out = stream.lock();
    let start = out.place();
    let length = out.length();
    let result = write(&mut out, definitions);
    *written += out.length() - length;
    if definitions.are_pending() {
        if Rc::ptr_eq(main, stream) {
            definitions.put(&mut out, start);
        } else {
            let mut main = main.lock();
            let end = main.place();
            definitions.put(&mut main, end);
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

impl Recorder {
    /// A recorder whose trace holds the root call.
    pub fn new(setup: Setup, knowledge: Knowledge) -> Self {
        let manner = Rc::new(Manner::plain(&setup.limits));
        let values = Values::new(&manner, knowledge.redaction);
        let output = if setup.limits.output_bytes == 0 {
            u64::MAX
        } else {
            setup.limits.output_bytes
        };
        let main = Thread::new(Rc::clone(setup.writer.main()));
        let mut recorder = Self {
            policy: knowledge.policy,
            sources: knowledge.sources,
            touched: knowledge.touched,
            definitions: Definitions::new(),
            scenes: Scenes::new(),
            manner,
            values,
            files: HashMap::default(),
            threads: vec![main],
            thread_names: vec!["MainThread".to_owned()],
            vacant: Vacant::default(),
            unarmed: Vec::new(),
            between_parts: false,
            active: setup.activation.is_none(),
            detail: Detail::Values,
            written: 0,
            output_left: [output; 3],
            heard: Default::default(),
            begun: Default::default(),
            prompt: Heard::default(),
            answer: None,
            counters: Counters::default(),
            tally: Tally::default(),
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
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.setup.writer
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
        &self.policy
    }

    fn open_root(&mut self) {
        let (path, _) = self.path_id(&self.setup.root.clone());
        let function = self.definitions.function(path, 1, ROOT);
        emit!(self, 0, |out, _| {
            out.call(function, 0);
            out.step(path, 1);
        });
        self.threads[0].stepped = ROOT_STEP;
    }

    fn path_id(&mut self, path: &str) -> (PathId, bool) {
        let (id, is_new) = self.definitions.path(path);
        if is_new {
            self.setup.writer.add_path(path.to_owned());
        }
        (id, is_new)
    }

    fn arm(&mut self, code: Object, info: &CodeInfo) {
        if !info.armed.replace(true) {
            self.unarmed.push(code);
        }
    }

    /// The place of the calling thread, which is met here when it is new.
    #[inline(always)]
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
        resumed: Option<Resumption<'_>>,
    ) {
        self.flush_output(thread);
        let (line, function, argument) = match &resumed {
            None => (info.line, info.function, None),
            Some(Resumption { line, name, value }) => (
                info.source.clamp(*line),
                self.resumed_function(info),
                value.map(|value| (self.definitions.variable(name), value)),
            ),
        };
        let is_first =
            self.threads[thread].stepped == ROOT_STEP && info.path == PathId(0) && line == 1;
        let with_values = self.detail == Detail::Values;
        let (view, values, scenes) = (self.view(info, frame), &mut self.values, &mut self.scenes);
        let depth = self.threads[thread].calls.len();
        values.obey(&info.manner);
        fault::point("call");
        let state = emit!(self, thread, |out, definitions| {
            if !is_first {
                out.step(info.path, line);
            }
            match argument {
                Some((variable, value)) => {
                    out.call(function, 1);
                    out.argument(variable);
                    if with_values {
                        values.write(out, definitions, value);
                    } else {
                        value::write_mark(out, definitions, LEFT_OUT);
                    }
                    None
                }
                None if resumed.is_none() && with_values => {
                    let mut shot = Shot::new(view, depth, out, definitions, values);
                    scenes.call(&mut shot, function)
                }
                None => {
                    out.call(function, 0);
                    None
                }
            }
        });
        self.counters.steps += u64::from(!is_first);
        self.counters.calls += 1;
        let state = match state {
            Some(state) => state,
            None if info.steps => variables::state(view),
            None => 0,
        };
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
            let name = info.facts.names.qualname.clone() + RESUMED;
            let function = self.definitions.function(info.path, info.line, &name);
            info.resumed.set(Some(function));
            function
        })
    }

    /// The facts and the frame of an event in recorded code; none for code that is not recorded.
    #[inline(always)]
    fn ours<'a>(&self, code: Object) -> Option<(&'a CodeInfo, Frame)> {
        let info = code::info(code, self.setup.session)?;
        if !self.active {
            return None;
        }
        Some((info, Frame::executing(code)?))
    }

    #[inline]
    fn view<'a>(&self, info: &'a CodeInfo, frame: Frame) -> View<'a> {
        View {
            info,
            frame,
            access: self.setup.access,
        }
    }

    /// A step with all visible variables of a frame that is the innermost open one.
    fn step(&mut self, thread: usize, info: &CodeInfo, frame: Frame, line: u32) {
        let detail = self.detail;
        if detail == Detail::Calls || !info.steps {
            return;
        }
        fault::point("step");
        let view = self.view(info, frame);
        let depth = self.threads[thread].calls.len().saturating_sub(1);
        let (values, scenes, counter) = (
            &mut self.values,
            &mut self.scenes,
            &mut self.counters.values,
        );
        values.obey(&info.manner);
        let state = emit!(self, thread, |out, definitions| {
            if detail != Detail::Values || info.manner.drops {
                out.step(info.path, line);
                return 0;
            }
            let mut shot = Shot::new(view, depth, out, definitions, values);
            scenes.step(&mut shot, line, counter)
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

    /// Closes the innermost call, which is made to be the one of the current frame, after the frame's last state.
    fn close_with(
        &mut self,
        code: Object,
        write: impl FnOnce(&CodeInfo, &mut Values, &mut Compact, &mut Definitions),
    ) {
        let Some((info, frame)) = self.ours(code) else {
            return;
        };
        let thread = self.thread();
        self.flush_output(thread);
        self.settle(thread, frame);
        self.last_state(thread, info, frame);
        let values = &mut self.values;
        values.obey(&info.manner);
        emit!(self, thread, |out, definitions| {
            out.result();
            write(info, values, out, definitions);
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
        let shows = self.detail == Detail::Values && info.steps && !info.manner.drops;
        if shows && variables::state(self.view(info, frame)) != call.state {
            let line = call.line;
            self.step(thread, info, frame, line);
        }
    }

    fn go_on(&mut self, info: &CodeInfo, frame: Frame, resumed: Resumption<'_>) {
        let thread = self.thread();
        if self.threads[thread]
            .calls
            .last()
            .is_some_and(|call| call.frame == frame.id())
        {
            return;
        }
        self.close_stale(thread, frame);
        self.open(thread, info, frame, Some(resumed));
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

    /// Hides the secrets in texts that are to go into the metadata.
    pub fn redact(&mut self, texts: &mut serde_json::Value) {
        self.values.redaction.json(texts);
    }

    /// Drops the trace; what is known is handed back.
    ///
    /// # Errors
    /// `Trace` where files could not be removed.
    pub fn discard(self) -> (Result<()>, Knowledge) {
        let (writer, knowledge) = self.apart();
        (writer.discard(), knowledge)
    }

    /// What writes, and what outlasts the recording.
    fn apart(self) -> (Writer, Knowledge) {
        let knowledge = Knowledge {
            policy: self.policy,
            redaction: self.values.redaction,
            sources: self.sources,
            touched: self.touched,
        };
        (self.setup.writer, knowledge)
    }

    /// Closes everything that is still open and hands the trace over; what is known is handed back.
    ///
    /// # Errors
    /// `Trace` where the files could not be completed.
    pub fn finish(
        mut self,
        change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>),
    ) -> (Result<()>, Knowledge) {
        let closed = catch_unwind(AssertUnwindSafe(|| {
            fault::point("finish");
            self.end_output();
            for thread in 0..self.threads.len() {
                self.close_thread(thread);
            }
        }));
        if closed.is_err() {
            self.setup.writer.give_up(OWN_ERROR);
        }
        let (tallies, reached) = (self.tallies(), self.limits_reached());
        let order: Vec<_> = self
            .threads
            .iter()
            .skip(1)
            .map(|thread| thread.stream.number())
            .collect();
        let threads = mem::take(&mut self.thread_names);
        let (writer, knowledge) = self.apart();
        let finished = writer.finish(&order, |metadata| {
            metadata.extend(tallies);
            metadata.insert("threads".to_owned(), threads.into());
            metadata.insert("limits_reached".to_owned(), reached.into());
            change(metadata);
        });
        (finished, knowledge)
    }

    /// What has kept something out of the trace, as the metadata name it.
    fn limits_reached(&self) -> Vec<String> {
        let limits = [
            ("limits.trace-bytes", self.detail != Detail::Values),
            ("limits.output-bytes", self.output_left.contains(&0)),
            ("secrets that are followed", self.values.redaction.is_full()),
        ];
        let limits = limits.into_iter().filter(|(_, is_reached)| *is_reached);
        let long_code = self.long_code.iter();
        limits
            .map(|(name, _)| name.to_owned())
            .chain(long_code.map(|place| format!("line events of {place} (too long)")))
            .collect()
    }

    /// Leaves the parent's trace alone, in a forked child.
    pub fn abandon(self) {
        self.setup.writer.abandon();
    }

    /// Closes what is open in a thread, its root call last.
    fn close_thread(&mut self, thread: usize) {
        while self.threads[thread].calls.pop().is_some() {
            self.close_unseen(thread, "<still open>");
        }
        emit!(self, thread, |out, _| {
            out.result();
            value::write_none(out);
        });
    }

    fn close_unseen(&mut self, thread: usize, mark: &str) {
        emit!(self, thread, |out, definitions| {
            out.result();
            value::write_mark(out, definitions, mark);
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
    fn new(stream: Rc<Stream>) -> Self {
        Self {
            stream,
            calls: Vec::new(),
            stepped: 0,
            unwound: 0,
            veiled: Vec::new(),
            output: None,
        }
    }
}
