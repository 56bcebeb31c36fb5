//! Programs started by the calls that POSIX has.
//!
//! Owns: the hooks on these calls, and the environment that they hand over. Must not: choose what is followed.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::slice;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::super::python::is_followed;
use super::super::{STARTING, forget, live, note, process_id};
use crate::frame::Object;
use crate::hook::{Form, Hook, OS};
use crate::interpreter;
use crate::policy::Processes;
use crate::value::{self, text};

/// The variable by which a program knows that it is to be recorded.
const VARIABLE: &str = "CODETRACER_PYTHON_RECORDER_PLAN";
/// A longer plan is not handed over: Linux takes 128 KiB for one variable.
const MAX_PLAN: usize = 100 << 10;
/// Where `_posixsubprocess.fork_exec` takes the environment, in 3.12 to 3.15.
const FORK_EXEC_ENVIRONMENT: usize = 5;
/// Where `posix_spawn` and `execve` take it.
const ENVIRONMENT: usize = 2;

static FORK_EXEC: Hook = Hook::function(c"_posixsubprocess", c"fork_exec", Form::Fast(fork_exec));
static SPAWN: Hook = Hook::function(OS, c"posix_spawn", Form::Named(spawn));
static SPAWN_BY_NAME: Hook = Hook::function(OS, c"posix_spawnp", Form::Named(spawn_by_name));
static EXECV: Hook = Hook::function(OS, c"execv", Form::Fast(execv));
static EXECVE: Hook = Hook::function(OS, c"execve", Form::Named(execve));
/// By these a module written in C is loaded: the module of `fork_exec` is when the program needs it.
static LOAD: Hook = Hook::function(c"_imp", c"exec_dynamic", Form::One(load));
static LOAD_BUILTIN: Hook = Hook::function(c"_imp", c"exec_builtin", Form::One(load_builtin));
static HOOKS: [&Hook; 7] = [
    &FORK_EXEC,
    &LOAD,
    &LOAD_BUILTIN,
    &SPAWN,
    &SPAWN_BY_NAME,
    &EXECV,
    &EXECVE,
];

/// Follows what is started from now on.
pub fn watch(py: Python<'_>) {
    HOOKS.iter().for_each(|hook| hook.set(py));
}

/// Puts every method back as it was.
pub fn unwatch(py: Python<'_>) {
    HOOKS.iter().for_each(|hook| hook.unset(py));
}

/// A program that is about to be started, and is followed.
struct Start<'py> {
    place: String,
    /// What it is given in place of the caller's environment.
    environment: Bound<'py, PyAny>,
}

impl<'py> Start<'py> {
    fn new(
        py: Python<'py>,
        program: Option<&Path>,
        arguments: Object,
        environment: impl FnOnce(Python<'py>, &str) -> Option<Bound<'py, PyAny>>,
    ) -> Option<Self> {
        let live = live()?;
        let family = live.family.borrow();
        let family = family.as_ref()?;
        let processes = family.processes;
        if processes == Processes::None || !is_followed(processes, program?, &texts(arguments)) {
            return None;
        }
        let place = family.next_place()?;
        let plan = family.plan(&place, live.tool.is_active());
        let plan = serde_json::to_string(&plan).ok()?;
        if plan.len() > MAX_PLAN {
            return None;
        }
        let environment = environment(py, &plan)?;
        Some(Self { place, environment })
    }
}

/// The texts in a list or tuple; what is neither str nor bytes is left out.
fn texts(sequence: Object) -> Vec<Vec<u8>> {
    items(sequence)
        .iter()
        .filter_map(|&item| bytes_of(item))
        .collect()
}

/// What lies in an exact list or tuple.
fn items<'a>(sequence: Object) -> &'a [Object] {
    // SAFETY: a live object; its items are looked at before anything else of the program runs.
    unsafe {
        if ffi::PyList_CheckExact(sequence) != 0 {
            let size = usize::try_from(ffi::PyList_GET_SIZE(sequence)).unwrap_or(0);
            let first = (*sequence.cast::<ffi::PyListObject>()).ob_item;
            if size > 0 {
                return slice::from_raw_parts(first, size);
            }
        } else if ffi::PyTuple_CheckExact(sequence) != 0 {
            let size = usize::try_from(ffi::PyTuple_GET_SIZE(sequence)).unwrap_or(0);
            let first = (&raw const (*sequence.cast::<ffi::PyTupleObject>()).ob_item).cast();
            return slice::from_raw_parts(first, size);
        }
    }
    &[]
}

fn bytes_of(object: Object) -> Option<Vec<u8>> {
    if text::is_str(object) {
        return Some(text::whole(object).into_bytes());
    }
    // SAFETY: a live object.
    let is_bytes = unsafe { ffi::PyBytes_CheckExact(object) != 0 };
    is_bytes.then(|| text::bytes_of(object).to_vec())
}

fn path_of(object: Object) -> Option<PathBuf> {
    bytes_of(object).map(|bytes| OsString::from_vec(bytes).into())
}

/// The first file of that name along `PATH`.
fn along_path(name: &Path) -> Option<PathBuf> {
    if name.as_os_str().as_bytes().contains(&b'/') {
        return Some(name.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// An environment as `fork_exec` takes it, `NAME=value` each, and the plan.
fn as_list<'py>(py: Python<'py>, current: Object, plan: &str) -> Option<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    // SAFETY: a live object.
    if unsafe { current == ffi::Py_None() } {
        for (name, value) in env::vars_os() {
            let entry = [name.as_bytes(), b"=", value.as_bytes()].concat();
            list.append(PyBytes::new(py, &entry)).ok()?;
        }
    } else {
        // SAFETY: as above.
        let is_known = unsafe {
            ffi::PyList_CheckExact(current) != 0 || ffi::PyTuple_CheckExact(current) != 0
        };
        if !is_known {
            return None;
        }
        for &item in items(current) {
            // SAFETY: a live object.
            list.append(unsafe { Bound::from_borrowed_ptr(py, item) })
                .ok()?;
        }
    }
    list.append(PyBytes::new(py, format!("{VARIABLE}={plan}").as_bytes()))
        .ok()?;
    Some(list.into_any())
}

/// An environment as `posix_spawn` and `execve` take it, a mapping, and the plan.
fn as_dict<'py>(py: Python<'py>, current: Option<Object>, plan: &str) -> Option<Bound<'py, PyAny>> {
    // SAFETY: live objects.
    let current = current
        .filter(|&current| current != unsafe { ffi::Py_None() })
        .map(|current| unsafe { Bound::from_borrowed_ptr(py, current) });
    let dict = match current {
        None => {
            let dict = PyDict::new(py);
            for (name, value) in env::vars_os() {
                let (name, value) = (name.as_bytes(), value.as_bytes());
                dict.set_item(PyBytes::new(py, name), PyBytes::new(py, value))
                    .ok()?;
            }
            dict
        }
        Some(current) => {
            let environ = value::loaded(py, c"os", c"_Environ")?;
            let mapping = if current.get_type().is(&environ) {
                current.getattr("_data").ok()?
            } else {
                current
            };
            mapping.cast_exact::<PyDict>().ok()?.copy().ok()?
        }
    };
    dict.set_item(VARIABLE, plan).ok()?;
    Some(dict.into_any())
}

/// The arguments of a call with `other` in one place.
///
/// # Safety
/// `args` holds `count` arguments, and as many more as `names` names.
unsafe fn with_other(
    args: *const Object,
    count: isize,
    names: Object,
    place: usize,
    other: Object,
) -> Vec<Object> {
    // SAFETY: the caller's promise.
    unsafe {
        let named = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names)
        };
        let mut changed = slice::from_raw_parts(args, (count + named).cast_unsigned()).to_vec();
        changed[place] = other;
        changed
    }
}

unsafe extern "C" fn load(this: Object, module: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe { loaded(LOAD.plain(this, module), module) }
}

unsafe extern "C" fn load_builtin(this: Object, module: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe { loaded(LOAD_BUILTIN.plain(this, module), module) }
}

/// Follows `fork_exec`, where this is its module, and it was loaded.
///
/// # Safety
/// A live object.
unsafe fn loaded(result: Object, module: Object) -> Object {
    if !result.is_null() && interpreter::is_home() && live().is_some() {
        // SAFETY: the caller's promise.
        interpreter::attached(|py| unsafe { FORK_EXEC.set_in(py, module) });
    }
    result
}

unsafe extern "C" fn fork_exec(this: Object, args: *const Object, count: isize) -> Object {
    interpreter::attached(|py| {
        // SAFETY: as many arguments as `count` says; called as the interpreter called us.
        unsafe {
            let start = (count > FORK_EXEC_ENVIRONMENT.cast_signed())
                .then(|| {
                    let mut candidates =
                        items(*args.add(1)).iter().filter_map(|&item| path_of(item));
                    let program = candidates.find(|file| file.is_file());
                    let current = *args.add(FORK_EXEC_ENVIRONMENT);
                    Start::new(py, program.as_deref(), *args, |py, plan| {
                        as_list(py, current, plan)
                    })
                })
                .flatten();
            STARTING.set(true);
            let result = match &start {
                Some(start) => {
                    let other = start.environment.as_ptr();
                    let changed = with_other(
                        args,
                        count,
                        std::ptr::null_mut(),
                        FORK_EXEC_ENVIRONMENT,
                        other,
                    );
                    FORK_EXEC.fast(this, changed.as_ptr(), count)
                }
                None => FORK_EXEC.fast(this, args, count),
            };
            STARTING.set(false);
            if let (Some(start), Some(child)) = (start, process_id(result)) {
                note(&start.place, child);
            }
            result
        }
    })
}

unsafe fn spawn_by(
    hook: &Hook,
    find: fn(&Path) -> Option<PathBuf>,
    call: (Object, *const Object, isize, Object),
) -> Object {
    let (this, args, count, names) = call;
    interpreter::attached(|py| {
        // SAFETY: as many arguments as `count` says; called as the interpreter called us.
        unsafe {
            let start = (count > ENVIRONMENT.cast_signed())
                .then(|| {
                    let program = path_of(*args).and_then(|name| find(&name));
                    let current = *args.add(ENVIRONMENT);
                    Start::new(py, program.as_deref(), *args.add(1), |py, plan| {
                        as_dict(py, Some(current), plan)
                    })
                })
                .flatten();
            let Some(start) = start else {
                return hook.named(this, args, count, names);
            };
            let changed = with_other(args, count, names, ENVIRONMENT, start.environment.as_ptr());
            let result = hook.named(this, changed.as_ptr(), count, names);
            if let Some(child) = process_id(result) {
                note(&start.place, child);
            }
            result
        }
    })
}

unsafe extern "C" fn spawn(
    this: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        spawn_by(
            &SPAWN,
            |path| Some(path.to_owned()),
            (this, args, count, names),
        )
    }
}

unsafe extern "C" fn spawn_by_name(
    this: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe { spawn_by(&SPAWN_BY_NAME, along_path, (this, args, count, names)) }
}

/// What is done before this process becomes another program, unless the call fails: the trace ends here as it lies.
fn becoming(start: Option<&Start<'_>>, call: impl FnOnce() -> Object) -> Object {
    if let Some(start) = start {
        note(&start.place, std::process::id());
    }
    if let Some(live) = live() {
        // What cannot be written has been said.
        let _ = live.tool.flush();
    }
    let result = call();
    if start.is_some() {
        forget();
    }
    result
}

unsafe extern "C" fn execv(this: Object, args: *const Object, count: isize) -> Object {
    interpreter::attached(|py| {
        // SAFETY: as many arguments as `count` says; called as the interpreter called us, or `execve` as it would be.
        unsafe {
            let start = (count == 2)
                .then(|| {
                    let program = path_of(*args);
                    Start::new(py, program.as_deref(), *args.add(1), |py, plan| {
                        as_dict(py, None, plan)
                    })
                })
                .flatten();
            becoming(start.as_ref(), || match &start {
                Some(start) => {
                    let changed = [*args, *args.add(1), start.environment.as_ptr()];
                    EXECVE.named(this, changed.as_ptr(), 3, std::ptr::null_mut())
                }
                None => EXECV.fast(this, args, count),
            })
        }
    })
}

unsafe extern "C" fn execve(
    this: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    interpreter::attached(|py| {
        // SAFETY: as many arguments as `count` says; called as the interpreter called us.
        unsafe {
            let start = (count == 3)
                .then(|| {
                    let (program, current) = (path_of(*args), *args.add(ENVIRONMENT));
                    Start::new(py, program.as_deref(), *args.add(1), |py, plan| {
                        as_dict(py, Some(current), plan)
                    })
                })
                .flatten();
            becoming(start.as_ref(), || match &start {
                Some(start) => {
                    let changed =
                        with_other(args, count, names, ENVIRONMENT, start.environment.as_ptr());
                    EXECVE.named(this, changed.as_ptr(), count, names)
                }
                None => EXECVE.named(this, args, count, names),
            })
        }
    })
}
