//! The callbacks: from what the interpreter hands over to the recorder's methods.
//!
//! Owns: the arguments of each event. Must not: know what an event means.

use std::sync::atomic::Ordering;

use pyo3::ffi;

use super::{Monitor, callback};
use crate::frame::Object;
use crate::recorder::{Recorder, Verdict};

/// What is called for which event.
pub(super) fn callbacks() -> [(&'static str, callback::Function); 8] {
    [
        ("PY_START", py_start),
        ("LINE", line),
        ("PY_RETURN", py_return),
        ("PY_YIELD", py_yield),
        ("PY_RESUME", py_resume),
        ("PY_THROW", py_throw),
        ("PY_UNWIND", py_unwind),
        ("RAISE", raise),
    ]
}

#[inline]
fn none() -> Object {
    // SAFETY: the GIL is held; None lives forever.
    unsafe {
        ffi::Py_INCREF(ffi::Py_None());
        ffi::Py_None()
    }
}

/// A line or an offset: a small int.
#[inline]
unsafe fn number(object: Object) -> i32 {
    // SAFETY: a live int.
    i32::try_from(unsafe { ffi::PyLong_AsLong(object) }).unwrap_or(-1)
}

/// Hands an event to the recorder; the answer is None whatever happens.
#[inline]
unsafe fn deliver(callable: Object, code: Object, event: impl FnOnce(&mut Recorder)) -> Object {
    // SAFETY: `callable` is one of ours, alive while it is called; a live object. Since 3.13 a C extension may hand over what only looks like code.
    let (monitor, is_code) = unsafe {
        (
            callback::receiver::<Monitor>(callable),
            ffi::PyCode_Check(code) != 0,
        )
    };
    if let Some(monitor) = monitor.filter(|_| is_code) {
        monitor.enter(event);
    }
    none()
}

/// Hands an event to the recorder by which code may be met; what is never to be told of again is disabled.
#[inline]
unsafe fn deliver_first(
    callable: Object,
    code: Object,
    event: impl FnOnce(&mut Recorder) -> Verdict,
) -> Object {
    // SAFETY: as in `deliver`.
    let (monitor, is_code) = unsafe {
        (
            callback::receiver::<Monitor>(callable),
            ffi::PyCode_Check(code) != 0,
        )
    };
    let Some(monitor) = monitor.filter(|_| is_code) else {
        return none();
    };
    let verdict = monitor.enter(|recorder| {
        if recorder.writer().failed() {
            monitor.alive.store(false, Ordering::Relaxed);
            return Verdict::Go;
        }
        event(recorder)
    });
    if verdict == Some(Verdict::Skip) {
        let disable = monitor.api.disable.as_ptr();
        // SAFETY: the GIL is held; the sentinel lives as long as the monitor.
        unsafe { ffi::Py_INCREF(disable) };
        return disable;
    }
    none()
}

unsafe extern "C" fn py_start(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `PY_START` hands over (code, offset) (PEP 669).
    unsafe { deliver_first(callable, *args, |recorder| recorder.start(*args)) }
}

unsafe extern "C" fn line(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `LINE` hands over (code, line number), the latter a small int.
    unsafe {
        let line = u32::try_from(number(*args.add(1))).unwrap_or(0);
        deliver(callable, *args, |recorder| recorder.line(*args, line))
    }
}

unsafe extern "C" fn py_return(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `PY_RETURN` hands over (code, offset, result).
    unsafe {
        deliver(callable, *args, |recorder| {
            recorder.returned(*args, *args.add(2))
        })
    }
}

unsafe extern "C" fn py_yield(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `PY_YIELD` hands over (code, offset, result).
    unsafe {
        deliver(callable, *args, |recorder| {
            recorder.yielded(*args, *args.add(2))
        })
    }
}

unsafe extern "C" fn py_resume(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `PY_RESUME` hands over (code, offset).
    unsafe {
        let offset = number(*args.add(1));
        deliver_first(callable, *args, |recorder| recorder.resumed(*args, offset))
    }
}

unsafe extern "C" fn py_throw(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `PY_THROW` hands over (code, offset, exception).
    unsafe {
        deliver(callable, *args, |recorder| {
            recorder.thrown(*args, number(*args.add(1)), *args.add(2))
        })
    }
}

unsafe extern "C" fn py_unwind(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `PY_UNWIND` hands over (code, offset, exception).
    unsafe {
        deliver(callable, *args, |recorder| {
            recorder.unwound(*args, *args.add(2))
        })
    }
}

unsafe extern "C" fn raise(
    callable: Object,
    args: *const Object,
    _count: usize,
    _names: Object,
) -> Object {
    // SAFETY: `RAISE` hands over (code, offset, exception).
    unsafe {
        deliver(callable, *args, |recorder| {
            recorder.raised(*args, *args.add(2))
        })
    }
}
