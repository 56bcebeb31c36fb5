//! What becomes of the recording when the process forks, or starts another program.
//!
//! Owns: which processes are followed, and how a child is told of it. Must not: know what a recording holds.
//!
//! A forked child begins a recording of its own before any code of the program runs in it. A Python program that is
//! started finds a variable in its environment, which the package's `.pth` file takes out before the program begins;
//! the variable is added in the system call alone, and only for programs that are Python.

mod programs;
mod python;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::atomic::Ordering;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{LIVE, Live, ORPHAN, Program, Request, ending, live, start, take};
use crate::error::{Error, Result};
use crate::fault;
use crate::frame::Object;
use crate::hook::{Form, Hook, OS};
use crate::interpreter;
use crate::policy::Processes;
use crate::trace::{CHILDREN, FolderPlace, await_discarded};
use crate::value;

/// Children that the metadata name; the folders of all are there.
const MAX_NOTED: usize = 1000;

static FORK: Hook = Hook::function(OS, c"fork", Form::None(fork));
static FORKPTY: Hook = Hook::function(OS, c"forkpty", Form::None(forkpty));
static HOOKS: [&Hook; 2] = [&FORK, &FORKPTY];

thread_local! {
    /// The place kept for the child of the fork that the thread is in.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether the thread is in a fork that we see the end of.
    static FORKING: Cell<bool> = const { Cell::new(false) };
    /// Whether the thread is starting a program: a child that only leads to it is not recorded.
    static STARTING: Cell<bool> = const { Cell::new(false) };
}

/// What the children of a recorded process are begun with.
pub(super) struct Family {
    request: Request,
    processes: Processes,
    count: Cell<u32>,
    place: FolderPlace,
}

/// What a Python program that is started is told.
#[derive(Serialize, Deserialize)]
struct Plan {
    /// Its trace folder, but for the process id at the end.
    place: String,
    spec: String,
    metadata: Map<String, Value>,
    at_once: bool,
}

impl Family {
    pub(super) fn new(request: Request, processes: Processes) -> Self {
        Self {
            place: FolderPlace::new(&request.folder),
            request,
            processes,
            count: Cell::new(0),
        }
    }

    /// The folder of the next child below this trace's, but for the process id: `processes/3-`. None where this trace's
    /// folder was moved or replaced: what lies there now is not ours.
    fn next_place(&self) -> Option<String> {
        if !self.place.is_kept() {
            return None;
        }
        self.count.set(self.count.get() + 1);
        Some(format!("{CHILDREN}/{}-", self.count.get()))
    }

    fn metadata(&self) -> Map<String, Value> {
        let mut metadata = self.request.metadata.clone();
        let parent = json!({"pid": process::id(), "folder": "../.."});
        metadata.insert("parent".to_owned(), parent);
        metadata
    }

    fn plan(&self, place: &str, at_once: bool) -> Plan {
        Plan {
            place: self.request.folder.join(place).to_string_lossy().into(),
            spec: self.request.spec.clone(),
            metadata: self.metadata(),
            at_once,
        }
    }

    /// What this process, a forked child, is begun with; `parent` is the process that forked.
    fn forked(mut self, place: &str, parent: u32, is_active: bool) -> Request {
        let mut metadata = self.metadata();
        metadata["parent"]["pid"] = parent.into();
        self.request.metadata = metadata;
        self.request.folder = self
            .request
            .folder
            .join(format!("{place}{}", process::id()));
        self.request.at_once |= is_active;
        self.request.in_series = false;
        self.request
    }
}

/// Begins the recording of a program that a recorded process has started with this plan. `facts` is what Python knows
/// for the metadata, `script` the names of the file that will run as `__main__`, `text` the program where it has none.
///
/// # Errors
/// As `start`.
pub fn follow(
    py: Python<'_>,
    plan: &str,
    facts: Map<String, Value>,
    script: &[String],
    text: Option<String>,
) -> Result<()> {
    let malformed = |error: serde_json::Error| {
        Error::Session(format!("the parent's plan is malformed: {error}"))
    };
    let plan: Plan = serde_json::from_str(plan).map_err(malformed)?;
    let mut spec: Value = serde_json::from_str(&plan.spec).map_err(malformed)?;
    spec["scope"]["cwd"] = facts.get("workdir").cloned().unwrap_or_default();
    if !script.is_empty() || text.is_some() {
        spec["scope"]["script"] = script.into();
        spec["scope"]["script_module"] = Value::Null;
    }
    let mut metadata = plan.metadata;
    for (key, value) in facts {
        match (metadata.get_mut(&key), value) {
            (Some(Value::Object(known)), Value::Object(new)) => known.extend(new),
            (_, value) => _ = metadata.insert(key, value),
        }
    }
    let program = text.map(|text| Program {
        text,
        code: None,
        comes_as: Some("<string>".to_owned()),
    });
    let request = Request {
        folder: format!("{}{}", plan.place, process::id()).into(),
        spec: spec.to_string(),
        metadata,
        program,
        at_once: plan.at_once,
        root: None,
        in_series: false,
    };
    start(py, request)
}

/// Follows the process from now on.
pub(super) fn watch(py: Python<'_>) -> PyResult<()> {
    HOOKS.iter().for_each(|hook| hook.set(py));
    programs::watch(py);
    watch_forks(py)
}

/// Puts every method back as it was.
pub(super) fn unwatch(py: Python<'_>) {
    HOOKS.iter().for_each(|hook| hook.unset(py));
    programs::unwatch(py);
}

/// Sees to it that the recording is not gone on with in a forked child; once per process.
#[cfg(unix)]
fn watch_forks(py: Python<'_>) -> PyResult<()> {
    static ONCE: PyOnceLock<()> = PyOnceLock::new();
    ONCE.get_or_try_init(py, || {
        // SAFETY: all that the handler does is atomic, which is safe in a child of a threaded process.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        let hook = |act: fn()| {
            PyCFunction::new_closure(py, None, None, move |_, _| {
                // A panic of ours is none of the program's.
                let _ = catch_unwind(AssertUnwindSafe(act));
            })
        };
        let options = PyDict::new(py);
        options.set_item("before", hook(before_fork)?)?;
        options.set_item("after_in_child", hook(after_fork)?)?;
        if let Some(register) = value::loaded(py, OS, c"register_at_fork") {
            register.call((), Some(&options))?;
        }
        Ok(())
    })
    .copied()
}

#[cfg(not(unix))]
fn watch_forks(_py: Python<'_>) -> PyResult<()> {
    Ok(())
}

/// In a forked child, before any Python code runs: the recording is the parent's.
#[cfg(unix)]
extern "C" fn in_child() {
    let left = LIVE.swap(std::ptr::null_mut(), Ordering::AcqRel);
    if !left.is_null() {
        // SAFETY: the box that `start` leaked; only its flag is touched here.
        unsafe { (*left).alive.store(false, Ordering::Relaxed) };
        ORPHAN.store(left, Ordering::Release);
    }
}

/// Before a fork: the program has no thread that it does not know of.
#[cfg(unix)]
fn before_fork() {
    await_discarded();
    if let Some(live) = live() {
        live.tool.pause(!FORKING.get());
        let family = live.family.borrow();
        let family = family
            .as_ref()
            .filter(|family| family.processes != Processes::None && !STARTING.get());
        PLACE.set(family.and_then(Family::next_place));
    }
}

#[cfg(unix)]
fn after_fork() {
    let Some(orphan) = take(&ORPHAN) else { return };
    let Live { tool, family, .. } = *orphan;
    let end = ending::inherited();
    super::unhook();
    let is_active = tool.abandon();
    let Some(place) = PLACE.take() else { return };
    let Some(family) = family.into_inner() else {
        return;
    };
    let request = family.forked(&place, std::os::unix::process::parent_id(), is_active);
    let started = interpreter::attached(|py| {
        start(py, request)?;
        if let Some(end) = end {
            ending::keep(py, end);
        }
        Ok::<(), Error>(())
    });
    if let Err(error) = started {
        fault::say(&format!(
            "the child process {} is not recorded: {error}",
            process::id()
        ));
    }
}

/// Names a child in the metadata.
fn note(place: &str, child: u32) {
    let Some(live) = live() else { return };
    live.tool.note(&mut |metadata| {
        let children = metadata
            .entry(CHILDREN)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(children) = children.as_array_mut().filter(|all| all.len() < MAX_NOTED) {
            children.push(json!({"pid": child, "folder": format!("{place}{child}")}));
        }
    });
}

/// Takes the child named last out of the metadata: it did not come to be.
fn forget() {
    let Some(live) = live() else { return };
    live.tool.note(&mut |metadata| {
        if let Some(children) = metadata.get_mut(CHILDREN).and_then(Value::as_array_mut) {
            children.pop();
        }
    });
}

/// A process id that a call gave; none after an error, and in the child.
fn process_id(result: Object) -> Option<u32> {
    // SAFETY: null or a live object, asked for its value if it is an exact int.
    let id = unsafe {
        (!result.is_null() && ffi::PyLong_CheckExact(result) != 0)
            .then(|| ffi::PyLong_AsLong(result))
    };
    id.and_then(|id| u32::try_from(id).ok())
        .filter(|&id| id > 0)
}

/// Makes a fork, and names the child. The writer's thread begins again when the interpreter has counted the threads,
/// which it does after the program's own hooks.
fn forking(fork: impl FnOnce() -> Object, child: impl FnOnce(Object) -> Option<u32>) -> Object {
    FORKING.set(true);
    let result = fork();
    FORKING.set(false);
    if let Some(live) = live() {
        live.tool.resume();
    }
    if let (Some(place), Some(child)) = (PLACE.take(), child(result)) {
        note(&place, child);
    }
    result
}

unsafe extern "C" fn fork(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    forking(|| unsafe { FORK.plain(this, argument) }, process_id)
}

unsafe extern "C" fn forkpty(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let fork = || unsafe { FORKPTY.plain(this, argument) };
    forking(fork, |result| {
        // SAFETY: null or a live object; of a tuple the first of two items.
        unsafe {
            let is_pair = !result.is_null() && ffi::PyTuple_Check(result) != 0;
            process_id(if is_pair {
                ffi::PyTuple_GET_ITEM(result, 0)
            } else {
                std::ptr::null_mut()
            })
        }
    })
}
