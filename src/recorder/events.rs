//! The events of `sys.monitoring` as the recorder takes them: one method each.
//!
//! Owns: what an event means for the calls of its thread. Must not: encode a record itself where
//! the recorder has a method for it.

use std::rc::Rc;

use pyo3::ffi;

use crate::code::{self, CodeInfo, Suspends};
use crate::fault;
use crate::frame::{Frame, Object};
use crate::trace::EventKind;
use crate::value::{self, Manner};

use super::{Detail, LEFT_OUT, Recorder, Resumption, Verdict, emit};

/// Exceptions of a thread that are known to come from where values are hidden, the oldest forgotten first.
const MOST_VEILED: usize = 64;

impl Recorder {
    /// `PY_START`: decides about a code object that is new to the session, and opens the call.
    pub fn start(&mut self, code: Object) -> Verdict {
        let Some(frame) = Frame::executing(code) else {
            return Verdict::Go;
        };
        let info = match self.known(code, frame) {
            Ok(info) => info,
            Err(verdict) => return verdict,
        };
        self.arm(code, info);
        let thread = self.thread();
        self.open(thread, info, frame, None);
        Verdict::Go
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

    /// `PY_RETURN`
    pub fn returned(&mut self, code: Object, result: Object) {
        let with_values = self.detail == Detail::Values;
        self.close_with(code, |info, values, out, definitions| {
            if with_values {
                values.write_named(out, definitions, &info.told, result);
            } else {
                value::write_mark(out, definitions, LEFT_OUT);
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
        let with_values = self.detail == Detail::Values;
        self.close_with(code, |info, values, out, definitions| {
            if waits {
                values.write_awaited(out, definitions, result);
            } else if !with_values {
                values.write_yielded_mark(out, definitions, LEFT_OUT);
            } else {
                values.write_yielded(out, definitions, &info.told, wrapped.unwrap_or(result));
            }
        });
    }

    /// `PY_UNWIND`: a frame is left by an exception. Frames that are not open are unknown (gh-113486).
    pub fn unwound(&mut self, code: Object, exception: Object) {
        let Some((info, frame)) = self.ours(code) else {
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
        let manner = self.manner_of(thread, info, exception);
        self.close_with(code, |_, values, out, definitions| {
            values.obey(&manner);
            values.write_raised(out, definitions, exception)
        });
        self.threads[thread].unwound = exception as usize;
    }

    /// `PY_RESUME`: a generator or coroutine goes on with the value sent into it.
    /// The code may be new to the session, which its first run came before.
    pub fn resumed(&mut self, code: Object, offset: i32) -> Verdict {
        let Some(frame) = Frame::executing(code) else {
            return Verdict::Go;
        };
        let info = match self.known(code, frame) {
            Ok(info) => info,
            Err(verdict) => return verdict,
        };
        self.arm(code, info);
        let resumed = Resumption {
            line: code::line(code, offset),
            name: "sent",
            value: frame.sent(self.setup.access, info.facts.slots.len()),
        };
        self.go_on(info, frame, resumed);
        Verdict::Go
    }

    /// `PY_THROW`: a generator or coroutine goes on with an exception thrown into it.
    /// The code may be new to the session, as with `PY_RESUME`; but this event cannot be disabled.
    pub fn thrown(&mut self, code: Object, offset: i32, exception: Object) {
        let Some(frame) = Frame::executing(code) else {
            return;
        };
        let info = match self.known(code, frame) {
            Ok(info) => info,
            Err(Verdict::Skip) => return code::skip(code, self.setup.session),
            Err(Verdict::Go) => return,
        };
        self.arm(code, info);
        // What a generator throws back into the one that delegates to it has been told of there.
        let thread = self.thread();
        let unwound = self.threads[thread].unwound;
        let resumed = Resumption {
            line: code::line(code, offset),
            name: "thrown",
            value: Some(exception),
        };
        self.go_on(info, frame, resumed);
        if unwound == exception as usize {
            self.threads[thread].unwound = unwound;
        }
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
        let from_below = came_from_below(exception);
        if !from_below {
            // A new one, which may lie where another one has lain.
            let veiled = &mut self.threads[thread].veiled;
            veiled.retain(|(known, _)| *known != exception as usize);
        }
        let manner = self.manner_of(thread, info, exception);
        let passes = self.threads[thread].unwound == exception as usize && from_below;
        self.threads[thread].unwound = 0;
        if passes || !self.setup.capture.exceptions {
            return;
        }
        self.flush_output(thread);
        self.settle(thread, frame);
        self.back_to_line(thread, info, frame);
        fault::point("exception");
        self.values.obey(&manner);
        let text = self.values.exception_text(exception);
        emit!(self, thread, |out, _| out.event(
            EventKind::Error,
            "",
            &text
        ));
    }
}

impl Recorder {
    /// How an exception is shown in a frame that it came up in: what was raised where values are hidden stays hidden in
    /// the frames that it passes.
    fn manner_of(&mut self, thread: usize, info: &CodeInfo, exception: Object) -> Rc<Manner> {
        let veiled = &mut self.threads[thread].veiled;
        let known = veiled.iter().position(|(id, _)| *id == exception as usize);
        if info.manner.hides() {
            if let Some(place) = known {
                veiled.remove(place);
            } else if veiled.len() >= MOST_VEILED {
                veiled.remove(0);
            }
            veiled.push((exception as usize, Rc::clone(&info.manner)));
            return Rc::clone(&info.manner);
        }
        Rc::clone(known.map_or(&info.manner, |place| &veiled[place].1))
    }
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
