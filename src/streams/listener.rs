//! Who is told what was written and read.
//!
//! Owns: the recording that listens, and which part of an object's text it is handed. Must not: know which method was
//! called.

use std::ffi::CStr;
use std::ptr;
use std::rc::Rc;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::frame::{Frame, Object};
use crate::interpreter;
use crate::monitoring::Monitor;
use crate::object;
use crate::recorder::Channel;
use crate::value::{class_attribute, text};

use super::layers::Layers;

/// Modules of the interpreter's library whose classes, written in C, are memory: how the names of these begin.
const BUFFERS: [&[u8]; 3] = [b"array.", b"mmap.", b"_ctypes."];

/// Characters of a prompt that are looked at.
const PROMPT: usize = 4096;

/// Bytes that a text layer keeps back: of a longer text that it was given it begins to write. Fact: `chunk_size` in
/// `Modules/_io/textio.c`, the same in 3.12 to 3.15.
const KEPT_BACK: usize = 8192;

/// What listens, and what it needs to know.
pub struct Listener {
    /// The recording.
    pub tool: Rc<Monitor>,
    /// Which stream an object ends in.
    pub layers: Layers,
    /// `__name__`
    name: Py<PyString>,
}

/// The recording that listens; followed only with the GIL held.
static LISTENER: AtomicPtr<Listener> = AtomicPtr::new(ptr::null_mut());

/// Lets `tool` listen.
pub fn set(py: Python<'_>, tool: Rc<Monitor>) {
    let listener = Box::new(Listener {
        tool,
        layers: Layers::find(py),
        name: PyString::intern(py, "__name__").unbind(),
    });
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
    /// The program asks with the characters of a str.
    pub fn ask(&self, prompt: Object) {
        let mut scratch = String::new();
        let piece = text::read(prompt, PROMPT, &mut scratch);
        self.tool.asks(piece.text);
    }

    /// Whether it is the library's `getpass` that calls.
    pub fn is_getpass(&self) -> bool {
        let Some(frame) = Frame::calling() else {
            return false;
        };
        let name = interpreter::attached(|py| {
            object::item_interned(py, frame.globals(), self.name.as_ptr())
        });
        let is_its = |name| text::read(name, PROMPT, &mut String::new()).text == "getpass";
        !name.is_null() && text::is_exact(name) && is_its(name)
    }

    /// The program asks for a secret, in whatever words.
    pub fn ask_secret(&self) {
        self.tool.asks("Password: ");
    }

    /// This is the secret that was asked for.
    pub fn answer(&self, line: Object) {
        self.tool.answers(&text::whole(line));
    }

    /// What was asked for was read, or never will be.
    pub fn is_answered(&self) {
        self.tool.asks("");
    }

    /// The characters of a str.
    pub fn tell_str(&self, channel: Channel, object: Object) {
        self.tell_str_and(channel, object, "");
    }

    /// The characters of a str, and the end of the line that the interpreter has taken from them.
    pub fn tell_line(&self, channel: Channel, object: Object) {
        self.tell_str_and(channel, object, "\n");
    }

    /// What was written of a str whose writing broke off after so many bytes; of a short one none was: they were others'.
    pub fn tell_begun(&self, channel: Channel, object: Object, count: usize) {
        let room = self.tool.room(channel).min(count);
        if room == 0 {
            return;
        }
        let mut scratch = String::new();
        let piece = text::read(object, room, &mut scratch);
        let bytes = piece.text.as_bytes();
        if bytes.len() + piece.rest > KEPT_BACK {
            self.tool.text(channel, &bytes[..bytes.len().min(count)], 0);
        }
    }

    fn tell_str_and(&self, channel: Channel, object: Object, behind: &str) {
        let room = self.tool.room(channel);
        if room == 0 {
            return;
        }
        let mut scratch = String::new();
        let piece = text::read(object, room, &mut scratch);
        for part in [piece.text, behind] {
            if !part.is_empty() {
                self.tool.text(channel, part.as_bytes(), piece.rest);
            }
        }
    }

    /// The first `count` bytes of an object; how many there are of them, if that is known and wanted.
    pub fn tell_bytes(&self, channel: Channel, object: Object, count: usize) -> Option<usize> {
        let room = self.tool.room(channel);
        if room == 0 {
            return None;
        }
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
    pub fn tell_buffers(&self, channel: Channel, buffers: Object, count: usize) {
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

/// Hands on the bytes of an object that has any, where none of the program's code is asked for them.
fn with_bytes<R>(object: Object, act: impl FnOnce(&[u8]) -> R) -> Option<R> {
    // SAFETY: a live object; what hands out its bytes holds them until they are given back.
    unsafe {
        if ffi::PyBytes_Check(object) != 0 || ffi::PyByteArray_Check(object) != 0 {
            return Some(act(text::bytes_of(object)));
        }
        if !is_own_buffer(object) {
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

/// Whether an object hands out its bytes, and takes them back, by code of the interpreter's own library; others' may be
/// the program's.
fn is_own_buffer(object: Object) -> bool {
    // SAFETY: a live object.
    let class = unsafe { ffi::Py_TYPE(object) };
    if class == &raw mut ffi::PyMemoryView_Type {
        return true;
    }
    interpreter::attached(|py| {
        let [gives, takes] =
            [c"__buffer__", c"__release_buffer__"].map(|name| class_attribute(py, class, name));
        gives.is_some_and(|gives| is_own(&gives)) && takes.is_none_or(|takes| is_own(&takes))
    })
}

/// Whether an attribute stands for a slot of a class of these modules.
fn is_own(attribute: &Bound<'_, PyAny>) -> bool {
    // SAFETY: a live object, whose exact type tells what it is; the name of a class is a C string.
    unsafe {
        let wrapper = attribute.as_ptr().cast::<ffi::PyWrapperDescrObject>();
        if ffi::Py_TYPE(attribute.as_ptr()) != &raw mut ffi::PyWrapperDescr_Type {
            return false;
        }
        let name = CStr::from_ptr((*(*wrapper).d_common.d_type).tp_name).to_bytes();
        BUFFERS.iter().any(|module| name.starts_with(module))
    }
}
