//! Frames that the trace does not know of yet, and calls that ended unseen.
//!
//! Owns: the balance between a thread's open calls and its live frames. Must not: say what an event means (`events` does).
//!
//! A frame may be left without an event (gh-140373), go on in another thread, or have been there before the recording
//! began.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::code::CodeInfo;
use crate::frame::{self, Frame};
use crate::interpreter;
use crate::trace::{PathId, root_of};
use crate::value;

use super::{Activation, CURRENT, Recorder, TENANCY, Tenancy, Thread, emit, variables};

/// Stands for the result of a call whose end nobody told.
const UNSEEN: &str = "<left unseen>";
/// Stands for the frame of a part, which has none: no frame has this address.
const PART: usize = 1;
/// Names of threads kept for the metadata.
const MAX_THREAD_NAMES: usize = 1000;

impl Recorder {
    /// Makes the call of `frame` the innermost open one of the thread.
    #[inline(always)]
    pub(super) fn settle(&mut self, thread: usize, frame: Frame) {
        let innermost = self.threads[thread].calls.last();
        if innermost.is_none_or(|call| call.frame != frame.id()) {
            self.settle_slowly(thread, frame);
        }
    }

    #[cold]
    fn settle_slowly(&mut self, thread: usize, frame: Frame) {
        match self.place_of(thread, frame) {
            Some(place) => self.close_above(thread, place + 1),
            None => self.adopt(thread, Some(frame)),
        }
    }

    fn place_of(&self, thread: usize, frame: Frame) -> Option<usize> {
        self.threads[thread]
            .calls
            .iter()
            .rposition(|call| call.frame == frame.id())
    }

    fn close_above(&mut self, thread: usize, count: usize) {
        while self.threads[thread].calls.len() > count {
            self.threads[thread].calls.pop();
            self.close_unseen(thread, UNSEEN);
        }
    }

    /// Closes the call of a frame that goes on although nobody told that it was suspended.
    pub(super) fn close_stale(&mut self, thread: usize, frame: Frame) {
        if let Some(place) = self.place_of(thread, frame) {
            self.close_above(thread, place);
        }
    }

    /// Opens calls for the recorded frames from `innermost` outwards, up to one that is open already.
    pub(super) fn adopt(&mut self, thread: usize, innermost: Option<Frame>) {
        let (mut found, mut skipped) = (Vec::new(), HashSet::new());
        let mut next = innermost;
        while let Some(frame) = next {
            if let Some(place) = self.place_of(thread, frame) {
                self.close_above(thread, place + 1);
                break;
            }
            if !skipped.contains(&frame.code()) {
                match self.known(frame.code().cast(), frame) {
                    Ok(info) => found.push((frame, info)),
                    Err(_) => _ = skipped.insert(frame.code()),
                }
            }
            next = frame.back();
        }
        for (frame, info) in found.into_iter().rev() {
            self.arm(frame.code().cast(), info);
            self.open_adopted(thread, info, frame);
        }
    }

    fn open_adopted(&mut self, thread: usize, info: &CodeInfo, frame: Frame) {
        let (view, values) = (self.view(info, frame), &mut self.values);
        values.obey(&info.manner);
        emit!(self, thread, |out, definitions| {
            out.step(info.path, info.line);
            out.call(info.function, variables::count_arguments(view));
            variables::write_arguments(out, definitions, values, view);
        });
        self.counters.steps += 1;
        self.counters.calls += 1;
        let state = variables::state(view);
        let line = info.source.clamp(frame.line());
        let thread = &mut self.threads[thread];
        thread.stepped = 0;
        thread.calls.push(Activation {
            frame: frame.id(),
            line,
            state,
        });
    }

    /// Recording begins: code of the activation file is about to run in `frame`.
    pub(super) fn activate(&mut self, frame: Frame) {
        self.active = true;
        let thread = self.thread();
        self.adopt(thread, frame.back());
        self.arm_others(Some(frame));
    }

    /// Recording begins at once, inside the frames that call us.
    pub fn adopt_callers(&mut self) {
        if self.active {
            let here = Frame::current();
            self.adopt(0, here);
            self.arm_others(here);
        }
        self.tell();
    }

    /// The frames of other threads than that of `here` are adopted at the next event in them.
    fn arm_others(&mut self, here: Option<Frame>) {
        let here = here.map(Frame::id);
        interpreter::attached(|py| {
            frame::with_all(py, |running| {
                for innermost in running.iter().filter(|frame| Some(frame.id()) != here) {
                    self.arm_callers(*innermost);
                }
            });
        });
    }

    fn arm_callers(&mut self, innermost: Frame) {
        let mut next = Some(innermost);
        while let Some(frame) = next {
            if let Ok(info) = self.known(frame.code().cast(), frame) {
                self.arm(frame.code().cast(), info);
            }
            next = frame.back();
        }
    }

    /// Opens a call that stands for a part of the program rather than for a function of it.
    pub fn open_part(&mut self, name: &str, path: &str, line: u32) {
        let thread = self.thread();
        self.flush_output(thread);
        self.between_parts = false;
        let line = self.sources.get(path).clamp(line);
        let (path, _) = self.path_id(path);
        let function = self.definitions.function(path, line, name);
        emit!(self, thread, |out, _| {
            out.step(path, line);
            out.call(function, 0);
        });
        self.counters.steps += 1;
        self.counters.calls += 1;
        let thread = &mut self.threads[thread];
        thread.stepped = PART;
        thread.calls.push(Activation {
            frame: PART,
            line,
            state: 0,
        });
    }

    /// Closes the part that is open, and what is open in it.
    pub fn close_part(&mut self) {
        let thread = self.thread();
        self.flush_output(thread);
        let calls = &self.threads[thread].calls;
        let Some(place) = calls.iter().rposition(|call| call.frame == PART) else {
            return;
        };
        self.close_above(thread, place + 1);
        self.between_parts = true;
        self.threads[thread].calls.pop();
        emit!(self, thread, |out, _| {
            out.result();
            value::write_none(out);
        });
    }

    /// Gives the calling thread a stream, under a root call with the thread's name.
    #[cold]
    pub(super) fn meet_thread(&mut self) -> usize {
        let place = self.vacant_place();
        let name = thread_name().unwrap_or_else(|| format!("thread {}", self.thread_names.len()));
        let name = self.values.redaction.text(&name).unwrap_or(name);
        let function = self.definitions.function(PathId(0), 1, &root_of(&name));
        if self.thread_names.len() < MAX_THREAD_NAMES {
            self.thread_names.push(name);
        }
        emit!(self, place, |out, _| {
            out.step(PathId(0), 1);
            out.call(function, 0);
        });
        CURRENT.set((self.setup.session, place));
        let vacant = Arc::clone(&self.vacant);
        TENANCY.with_borrow_mut(|tenancy| *tenancy = Some(Tenancy { place, vacant }));
        self.adopt(place, Frame::current().and_then(Frame::back));
        place
    }

    /// A place that a thread has left, or a new one: there are as many streams as threads alive at once.
    fn vacant_place(&mut self) -> usize {
        let left = self
            .vacant
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(place) = left {
            self.close_thread(place);
            self.threads[place] = Thread::new(Rc::clone(&self.threads[place].stream));
            return place;
        }
        let place = self.threads.len();
        self.threads.push(Thread::new(self.setup.writer.stream()));
        place
    }
}

/// The name of the calling thread as `threading` keeps it, read from its table.
fn thread_name() -> Option<String> {
    interpreter::attached(|py| {
        let active = value::loaded(py, c"threading", c"_active")?;
        // SAFETY: the GIL is held; `_active` is a dict from int to Thread, read without running code.
        unsafe {
            if ffi::PyDict_Check(active.as_ptr()) == 0 {
                return None;
            }
            let ident = Bound::from_owned_ptr_or_opt(
                py,
                ffi::PyLong_FromUnsignedLong(ffi::PyThread_get_thread_ident()),
            )?;
            let thread = ffi::PyDict_GetItemWithError(active.as_ptr(), ident.as_ptr());
            let thread = Bound::from_borrowed_ptr_or_opt(py, thread)?;
            value::attribute_text(&thread, "_name")
        }
    })
}
