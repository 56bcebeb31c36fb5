//! The layers of a stream: a text layer upon a buffer upon a file.
//!
//! Owns: which standard stream the objects of `_io` end in. Must not: ask the program's own classes.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::recorder::Channel;
use crate::value;

/// What of `_io` tells what lies beneath; looked up once, since each write and read asks.
pub struct Layers {
    text: Option<Member>,
    buffers: [Option<Member>; 2],
    /// The class of files, and its `fileno`: an instance may have a function of the program's under the name.
    file: Option<Member>,
}

/// An attribute that a class written in C gives its instances.
struct Member {
    class: Py<PyAny>,
    descriptor: Py<PyAny>,
}

impl Layers {
    /// Those of the interpreter.
    pub fn find(py: Python<'_>) -> Self {
        let buffers = [c"BufferedWriter", c"BufferedReader"];
        Self {
            text: Member::find(py, c"TextIOWrapper", c"buffer"),
            buffers: buffers.map(|class| Member::find(py, class, c"raw")),
            file: Member::find(py, c"FileIO", c"fileno"),
        }
    }

    /// The standard stream that a TextIOWrapper ends in, or stands for.
    pub fn of_text(&self, stream: Object) -> Option<Channel> {
        Python::attach(|py| {
            let buffer = self.text.as_ref()?.get(py, stream)?;
            self.of_buffer(buffer.as_ptr())
                .or_else(|| standing_for(stream))
        })
    }

    /// The standard stream that a buffered stream, or a FileIO, ends in.
    pub fn of_buffer(&self, buffer: Object) -> Option<Channel> {
        Python::attach(|py| {
            let mut members = self.buffers.iter().flatten();
            let raw = members.find_map(|member| member.get(py, buffer));
            // SAFETY: a live object.
            let raw = raw.unwrap_or_else(|| unsafe { Bound::from_borrowed_ptr(py, buffer) });
            let file = self.file.as_ref()?;
            if raw.get_type_ptr().cast() != file.class.as_ptr() {
                return None;
            }
            of_descriptor(file.descriptor.call1(py, (raw,)).ok()?.extract(py).ok()?)
        })
    }
}

impl Member {
    fn find(py: Python<'_>, class: &CStr, name: &CStr) -> Option<Self> {
        let class = value::loaded(py, c"_io", class)?;
        let descriptor = value::class_attribute(py, class.as_ptr().cast(), name)?;
        Some(Self {
            class: class.unbind(),
            descriptor: descriptor.unbind(),
        })
    }

    /// What an instance of the class, or of one that inherits from it, has.
    fn get<'py>(&self, py: Python<'py>, object: Object) -> Option<Bound<'py, PyAny>> {
        let class = self.class.as_ptr();
        // SAFETY: live objects; a member descriptor's getter reads the instance's memory.
        unsafe {
            if ffi::PyObject_TypeCheck(object, class.cast()) == 0 {
                return None;
            }
            let descriptor = self.descriptor.as_ptr();
            let get = (*ffi::Py_TYPE(descriptor)).tp_descr_get?;
            let found = get(descriptor, object, class);
            if found.is_null() {
                ffi::PyErr_Clear();
            }
            Bound::from_owned_ptr_or_opt(py, found)
        }
    }
}

fn standing_for(stream: Object) -> Option<Channel> {
    // SAFETY: the GIL is held; the address of what `sys` holds is compared, no more.
    let is = |name: &CStr| unsafe { ffi::PySys_GetObject(name.as_ptr()) == stream };
    [
        (c"stdout", Channel::Stdout),
        (c"stderr", Channel::Stderr),
        (c"stdin", Channel::Stdin),
    ]
    .into_iter()
    .find_map(|(name, channel)| is(name).then_some(channel))
}

/// The standard stream of a descriptor.
pub fn of_descriptor(descriptor: i64) -> Option<Channel> {
    match descriptor {
        0 => Some(Channel::Stdin),
        1 => Some(Channel::Stdout),
        2 => Some(Channel::Stderr),
        _ => None,
    }
}
