//! The layers of a stream: a text layer upon a buffer upon a file.
//!
//! Owns: which standard stream the objects of `_io` end in. Must not: ask the program's own classes.

use std::ffi::{CStr, c_long};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::frame::Object;
use crate::object;
use crate::recorder::Channel;
use crate::value;

/// Where the layers of `_io` keep what lies beneath them; looked up once, since each write and read asks.
pub struct Layers {
    text: Option<Member>,
    buffers: [Option<Member>; 2],
    file: Option<File>,
    standing: Option<Standing>,
}

/// An attribute that a class written in C keeps in its instances.
struct Member {
    class: Py<PyAny>,
    offset: isize,
}

/// The class of files, and its `fileno`: an instance may have a function of the program's under the name.
struct File {
    class: Py<PyAny>,
    fileno: Py<PyAny>,
}

/// The names in `sys` of the standard streams, in whose place the program may put others.
struct Standing {
    namespace: Py<PyAny>,
    names: [(Py<PyString>, Channel); 3],
}

impl Layers {
    /// Those of the interpreter.
    pub fn find(py: Python<'_>) -> Self {
        let buffers = [c"BufferedWriter", c"BufferedReader"];
        Self {
            text: Member::find(py, c"TextIOWrapper", c"buffer"),
            buffers: buffers.map(|class| Member::find(py, class, c"raw")),
            file: File::find(py),
            standing: Standing::find(py),
        }
    }

    /// The standard stream that a TextIOWrapper ends in, or stands for.
    pub fn of_text(&self, stream: Object) -> Option<Channel> {
        let buffer = self.text.as_ref()?.of(stream)?;
        self.of_buffer(buffer)
            .or_else(|| self.standing.as_ref()?.channel(stream))
    }

    /// The standard stream that a buffered stream, or a FileIO, ends in.
    pub fn of_buffer(&self, buffer: Object) -> Option<Channel> {
        let mut members = self.buffers.iter().flatten();
        let raw = members.find_map(|member| member.of(buffer));
        self.file.as_ref()?.channel(raw.unwrap_or(buffer))
    }
}

impl Member {
    fn find(py: Python<'_>, class: &CStr, name: &CStr) -> Option<Self> {
        let class = value::loaded(py, c"_io", class)?;
        let found = value::class_attribute(py, class.as_ptr().cast(), name)?;
        Some(Self {
            offset: object::member_offset(found.as_ptr())?,
            class: class.unbind(),
        })
    }

    /// What an instance of the class, or of one that inherits from it, has; borrowed.
    #[inline]
    fn of(&self, object: Object) -> Option<Object> {
        // SAFETY: a live object; the member lies at this offset in all instances, and holds null or an object.
        unsafe {
            if ffi::PyObject_TypeCheck(object, self.class.as_ptr().cast()) == 0 {
                return None;
            }
            let found = *object.byte_offset(self.offset).cast::<Object>();
            (!found.is_null()).then_some(found)
        }
    }
}

impl File {
    fn find(py: Python<'_>) -> Option<Self> {
        let class = value::loaded(py, c"_io", c"FileIO")?;
        let fileno = value::class_attribute(py, class.as_ptr().cast(), c"fileno")?;
        Some(Self {
            class: class.unbind(),
            fileno: fileno.unbind(),
        })
    }

    /// The standard stream that an object stands for which is an open file, and nothing that inherits from one.
    fn channel(&self, file: Object) -> Option<Channel> {
        // SAFETY: a live object, held by who was called; `fileno` runs no code of the program. No error was raised before.
        unsafe {
            if ffi::Py_TYPE(file).cast() != self.class.as_ptr() {
                return None;
            }
            let number = ffi::PyObject_CallOneArg(self.fileno.as_ptr(), file);
            if number.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            let descriptor = ffi::PyLong_AsLong(number);
            ffi::Py_DECREF(number);
            of_descriptor(descriptor)
        }
    }
}

impl Standing {
    fn find(py: Python<'_>) -> Option<Self> {
        let name = |name, channel| (PyString::intern(py, name).unbind(), channel);
        Some(Self {
            namespace: value::namespace(py, c"sys")?.unbind(),
            names: [
                name("stdout", Channel::Stdout),
                name("stderr", Channel::Stderr),
                name("stdin", Channel::Stdin),
            ],
        })
    }

    /// The stream that an object stands for.
    fn channel(&self, stream: Object) -> Option<Channel> {
        Python::attach(|py| {
            let mut names = self.names.iter();
            let namespace = self.namespace.as_ptr();
            names.find_map(|(name, channel)| {
                let found = object::item_interned(py, namespace, name.as_ptr());
                (found == stream).then_some(*channel)
            })
        })
    }
}

/// The standard stream of a descriptor.
pub fn of_descriptor(descriptor: c_long) -> Option<Channel> {
    match descriptor {
        0 => Some(Channel::Stdin),
        1 => Some(Channel::Stdout),
        2 => Some(Channel::Stderr),
        _ => None,
    }
}
