//! Who is told what was written and read.
//!
//! Owns: the recording that listens, and which part of an object's text it is handed. Must not: know which method was
//! called.

use std::ptr;
use std::rc::Rc;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::interpreter;
use crate::monitoring::Monitor;
use crate::recorder::Channel;
use crate::value::text;

use super::layers::Layers;

/// What listens, and what it needs to know.
pub struct Listener {
    /// The recording.
    pub tool: Rc<Monitor>,
    /// Which stream an object ends in.
    pub layers: Layers,
}

/// The recording that listens; followed only with the GIL held.
static LISTENER: AtomicPtr<Listener> = AtomicPtr::new(ptr::null_mut());

/// Lets `tool` listen.
pub fn set(py: Python<'_>, tool: Rc<Monitor>) {
    let layers = Layers::find(py);
    let listener = Box::new(Listener { tool, layers });
    LISTENER.store(Box::into_raw(listener), Ordering::Release);
}

/// Nobody listens any more.
pub fn unset(_py: Python<'_>) {
    let listener = LISTENER.swap(ptr::null_mut(), Ordering::AcqRel);
    if !listener.is_null() {
        // SAFETY: the box that `set` leaked, taken back once, with the GIL held.
        drop(unsafe { Box::from_raw(listener) });
    }
}

/// Who listens to what is done in the calling thread's interpreter, if anybody does.
pub fn listener<'a>() -> Option<&'a Listener> {
    if !interpreter::is_home() {
        return None;
    }
    // SAFETY: null or the box that `set` leaked; freed only with this interpreter's GIL held, as here.
    unsafe { LISTENER.load(Ordering::Acquire).as_ref() }
}

impl Listener {
    /// The characters of a str.
    pub fn tell_str(&self, channel: Option<Channel>, object: Object) {
        let Some((channel, room)) = self.room(channel) else {
            return;
        };
        let mut scratch = String::new();
        let piece = text::read(object, room, &mut scratch);
        if !piece.text.is_empty() {
            self.tool.text(channel, piece.text.as_bytes(), piece.rest);
        }
    }

    /// The first `count` bytes of an object; how many there are of them, if that is known and wanted.
    pub fn tell_bytes(
        &self,
        channel: Option<Channel>,
        object: Object,
        count: usize,
    ) -> Option<usize> {
        let (channel, room) = self.room(channel)?;
        with_bytes(object, |bytes| {
            let bytes = &bytes[..bytes.len().min(count)];
            let shown = &bytes[..bytes.len().min(room)];
            if !shown.is_empty() {
                self.tool.text(channel, shown, bytes.len() - shown.len());
            }
            bytes.len()
        })
    }

    /// The first `count` bytes of a list or tuple of objects, one after another.
    pub fn tell_buffers(&self, channel: Option<Channel>, buffers: Object, count: usize) {
        let mut left = count;
        for index in 0.. {
            if left > 0
                && let Some(buffer) = item(buffers, index)
                && let Some(told) = self.tell_bytes(channel, buffer, left)
            {
                left -= told;
            } else {
                return;
            }
        }
    }

    /// How many characters of a stream's text are wanted, where any are.
    fn room(&self, channel: Option<Channel>) -> Option<(Channel, usize)> {
        let channel = channel?;
        let room = self.tool.room(channel);
        (room > 0).then_some((channel, room))
    }
}

/// An item of an exact list or tuple.
fn item(buffers: Object, index: isize) -> Option<Object> {
    // SAFETY: a live object of the exact type, whose length is asked for.
    unsafe {
        if ffi::PyList_CheckExact(buffers) != 0 {
            (index < ffi::PyList_GET_SIZE(buffers)).then(|| ffi::PyList_GET_ITEM(buffers, index))
        } else if ffi::PyTuple_CheckExact(buffers) != 0 {
            (index < ffi::PyTuple_GET_SIZE(buffers)).then(|| ffi::PyTuple_GET_ITEM(buffers, index))
        } else {
            None
        }
    }
}

/// Hands on the bytes of a bytes, a bytearray or a memoryview; other objects that have any may have code to be asked by.
fn with_bytes<R>(object: Object, act: impl FnOnce(&[u8]) -> R) -> Option<R> {
    // SAFETY: a live object; an exact memoryview holds its buffer, and hands it out itself, until it is given back.
    unsafe {
        if ffi::PyBytes_Check(object) != 0 || ffi::PyByteArray_Check(object) != 0 {
            return Some(act(text::bytes_of(object)));
        }
        if ffi::Py_TYPE(object) != &raw mut ffi::PyMemoryView_Type {
            return None;
        }
        let mut view = ffi::Py_buffer::new();
        if ffi::PyObject_GetBuffer(object, &raw mut view, ffi::PyBUF_SIMPLE) != 0 {
            ffi::PyErr_Clear();
            return None;
        }
        let bytes = if view.buf.is_null() {
            &[]
        } else {
            slice::from_raw_parts(view.buf.cast(), view.len.cast_unsigned())
        };
        let result = act(bytes);
        ffi::PyBuffer_Release(&raw mut view);
        Some(result)
    }
}
