//! Tool ids of `sys.monitoring` that the program asks for: ours is never in its way.
//!
//! Owns: the functions by which a program could see the id. Must not: set an event.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::live;
use crate::frame::Object;
use crate::hook::{Form, Hook};
use crate::interpreter;

const MONITORING: &CStr = c"sys.monitoring";

static USE: Hook = Hook::function(MONITORING, c"use_tool_id", Form::Fast(use_tool_id));
static GET: Hook = Hook::function(MONITORING, c"get_tool", Form::One(get_tool));
static EVENTS: Hook = Hook::function(MONITORING, c"get_events", Form::One(get_events));
static FREE: Hook = Hook::function(MONITORING, c"free_tool_id", Form::One(free_tool_id));
static LOCAL: Hook = Hook::function(
    MONITORING,
    c"get_local_events",
    Form::Fast(get_local_events),
);
static REGISTER: Hook = Hook::function(
    MONITORING,
    c"register_callback",
    Form::Fast(register_callback),
);
static ALL: Hook = Hook::function(MONITORING, c"_all_events", Form::None(all_events));
static HOOKS: [&Hook; 7] = [&USE, &GET, &EVENTS, &FREE, &LOCAL, &REGISTER, &ALL];

/// Follows what the program asks for from now on.
pub(super) fn watch(py: Python<'_>) {
    HOOKS.iter().for_each(|hook| hook.set(py));
}

/// Puts the functions back as they were.
pub(super) fn unwatch(py: Python<'_>) {
    HOOKS.iter().for_each(|hook| hook.unset(py));
}

/// Whether the object is the number of our tool id.
fn is_ours(object: Object) -> bool {
    // SAFETY: a live object, asked for its value if it is an exact int.
    let id = unsafe {
        if ffi::PyLong_CheckExact(object) == 0 {
            return false;
        }
        let mut overflow = 0;
        ffi::PyLong_AsLongAndOverflow(object, &raw mut overflow)
    };
    live().is_some_and(|live| live.tool.tool_id().map(i64::from) == Some(id))
}

/// `use_tool_id(tool_id, name)`: whoever asks for our id gets it.
unsafe extern "C" fn use_tool_id(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: as many arguments as `count` says; called as the interpreter called us.
    unsafe {
        if count == 2
            && is_ours(*args)
            && let Some(live) = live()
        {
            live.tool.make_way();
        }
        USE.fast(this, args, count)
    }
}

/// `get_tool(tool_id)`: ours is free, as far as the program can see.
unsafe extern "C" fn get_tool(this: Object, id: Object) -> Object {
    // SAFETY: called as the interpreter called us; None lives forever.
    unsafe {
        if is_ours(id) {
            ffi::Py_INCREF(ffi::Py_None());
            return ffi::Py_None();
        }
        GET.plain(this, id)
    }
}

/// `get_events(tool_id)`: nobody has asked for any under our id.
unsafe extern "C" fn get_events(this: Object, id: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        if is_ours(id) {
            return ffi::PyLong_FromLong(0);
        }
        EVENTS.plain(this, id)
    }
}

/// `get_local_events(tool_id, code)`: as `get_events`.
unsafe extern "C" fn get_local_events(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: as many arguments as `count` says; called as the interpreter called us.
    unsafe {
        if count == 2 && is_ours(*args) {
            return ffi::PyLong_FromLong(0);
        }
        LOCAL.fast(this, args, count)
    }
}

/// `free_tool_id(tool_id)`: ours is free already, as far as the program can see.
unsafe extern "C" fn free_tool_id(this: Object, id: Object) -> Object {
    // SAFETY: called as the interpreter called us; None lives forever.
    unsafe {
        if is_ours(id) {
            ffi::Py_INCREF(ffi::Py_None());
            return ffi::Py_None();
        }
        FREE.plain(this, id)
    }
}

/// `register_callback(tool_id, event, callback)`: the interpreter lets anybody do so, for an id that nobody has asked for.
unsafe extern "C" fn register_callback(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: as many arguments as `count` says; called as the interpreter called us.
    unsafe {
        if count == 3
            && is_ours(*args)
            && let Some(live) = live()
        {
            live.tool.make_way();
        }
        REGISTER.fast(this, args, count)
    }
}

/// `_all_events()`: a dict from the name of an event to the tools that want it, a bit each. Ours is none of them.
unsafe extern "C" fn all_events(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us; the dict is new, and nobody else has it.
    let all = unsafe { ALL.plain(this, argument) };
    let tool = live().and_then(|live| live.tool.tool_id());
    let (Some(tool), false) = (tool, all.is_null()) else {
        return all;
    };
    interpreter::attached(|py| {
        // SAFETY: a new reference, which is given back below.
        let all = unsafe { Bound::from_owned_ptr(py, all) };
        // What is not as documented stays as it is.
        let _ = leave_out(&all, tool);
        all.into_ptr()
    })
}

fn leave_out(all: &Bound<'_, PyAny>, tool: i32) -> PyResult<()> {
    let all = all.cast::<PyDict>()?;
    for (event, tools) in &all.copy()? {
        match tools.extract::<i32>()? & !(1 << tool) {
            0 => all.del_item(event)?,
            others => all.set_item(event, others)?,
        }
    }
    Ok(())
}
