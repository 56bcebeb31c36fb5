//! The layers of a stream: a text layer upon a buffer upon a file.
//!
//! Owns: which standard stream the objects of `_io` end in. Must not: ask the program's own classes.

use std::ffi::{CStr, c_long};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::frame::Object;
use crate::interpreter;
use crate::object;
use crate::recorder::Channel;
use crate::value;

use super::turn::End;

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
    place: Place,
}

/// How it is read.
enum Place {
    /// From where it lies.
    Offset(isize),
    /// By a function of the class's own (`TextIOWrapper.buffer`, since 3.14).
    Getter(Py<PyAny>),
}

/// The class of files, and its `fileno`: an instance may have a function of the program's under the name.
struct File {
    class: Py<PyAny>,
    fileno: Py<PyAny>,
}

/// The names in `sys` of the standard streams, in whose place the program may put others, and what a TextIOWrapper has
/// that writes.
struct Standing {
    namespace: Py<PyAny>,
    names: [(Py<PyString>, Channel); 3],
    write: Py<PyAny>,
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

    /// What a TextIOWrapper ends in, or stands for.
    pub fn of_text(&self, stream: Object) -> Option<End> {
        let buffer = self.text.as_ref()?.of(stream)?;
        self.beneath(buffer)
            .map(End::reached)
            .or_else(|| self.standing.as_ref()?.end(stream))
    }

    /// What a BufferedWriter or BufferedReader ends in.
    pub fn of_buffer(&self, buffer: Object) -> Option<End> {
        let mut members = self.buffers.iter().flatten();
        let raw = members.find_map(|member| member.of(buffer))?;
        Some(End::reached(self.file.as_ref()?.exact(raw)?))
    }

    /// What a FileIO ends in.
    pub fn of_file(&self, file: Object) -> Option<End> {
        Some(End::reached(self.file.as_ref()?.channel(file)?))
    }

    /// Whether `sys.stdin` ends in standard input.
    pub fn is_input_reached(&self) -> bool {
        let standing = self.standing.as_ref();
        let stream = standing.and_then(|standing| standing.stream(Channel::Stdin));
        let end = stream.and_then(|stream| self.of_text(stream));
        end.is_some_and(|end| end.channel == Channel::Stdin && !end.stands)
    }

    /// The standard stream that what lies beneath a text layer ends in. What inherits from a class of the interpreter may
    /// do otherwise: it tells itself what it does in the end.
    fn beneath(&self, buffer: Object) -> Option<Channel> {
        let mut members = self.buffers.iter().flatten();
        let raw = members
            .find(|member| member.is_of(buffer))
            .and_then(|member| member.of(buffer));
        self.file.as_ref()?.exact(raw.unwrap_or(buffer))
    }
}

impl End {
    fn reached(channel: Channel) -> Self {
        Self {
            channel,
            stands: false,
        }
    }
}

impl Member {
    fn find(py: Python<'_>, class: &CStr, name: &CStr) -> Option<Self> {
        let class = value::loaded(py, c"_io", class)?;
        let found = value::class_attribute(py, class.as_ptr().cast(), name)?;
        Some(Self {
            place: Place::of(found)?,
            class: class.unbind(),
        })
    }

    /// Whether an object is of this very class.
    fn is_of(&self, object: Object) -> bool {
        // SAFETY: a live object.
        unsafe { ffi::Py_TYPE(object).cast() == self.class.as_ptr() }
    }

    /// What an instance of the class, or of one that inherits from it, has; borrowed.
    #[inline]
    fn of(&self, object: Object) -> Option<Object> {
        // SAFETY: a live object of the class.
        unsafe {
            let is_its = ffi::PyObject_TypeCheck(object, self.class.as_ptr().cast()) != 0;
            is_its.then(|| self.place.read(object))?
        }
    }
}

impl Place {
    fn of(descriptor: Bound<'_, PyAny>) -> Option<Self> {
        if let Some(offset) = object::member_offset(descriptor.as_ptr()) {
            return Some(Self::Offset(offset));
        }
        // SAFETY: a live object.
        let is_getter =
            unsafe { ffi::Py_TYPE(descriptor.as_ptr()) == &raw mut ffi::PyGetSetDescr_Type };
        is_getter.then(|| Self::Getter(descriptor.unbind()))
    }

    /// What an instance holds; borrowed.
    #[inline]
    unsafe fn read(&self, object: Object) -> Option<Object> {
        // SAFETY: an instance of the class: the member lies at this offset in all, and holds null or an object; the function
        // gives a reference to what the instance holds, or fails where it holds nothing. No error was raised before.
        unsafe {
            let found = match self {
                Self::Offset(offset) => *object.byte_offset(*offset).cast::<Object>(),
                Self::Getter(descriptor) => {
                    let get = (*ffi::Py_TYPE(descriptor.as_ptr())).tp_descr_get?;
                    let class = ffi::Py_TYPE(object).cast();
                    let found = get(descriptor.as_ptr(), object, class);
                    if found.is_null() {
                        ffi::PyErr_Clear();
                    } else {
                        ffi::Py_DECREF(found);
                    }
                    found
                }
            };
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

    /// The standard stream of an open file that is of this very class.
    fn exact(&self, file: Object) -> Option<Channel> {
        // SAFETY: a live object, held by who was called.
        let class = unsafe { ffi::Py_TYPE(file) };
        (class.cast() == self.class.as_ptr()).then(|| self.channel(file))?
    }

    /// The standard stream of an open file, which may inherit from the class.
    fn channel(&self, file: Object) -> Option<Channel> {
        // SAFETY: a live object, held by who was called; `fileno` runs no code of the program. No error was raised before.
        unsafe {
            let number = ffi::PyObject_CallOneArg(self.fileno.as_ptr(), file);
            if number.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            let descriptor = ffi::PyLong_AsLong(number);
            ffi::Py_DECREF(number);
            channel_of(descriptor)
        }
    }
}

impl Standing {
    fn find(py: Python<'_>) -> Option<Self> {
        let name = |name, channel| (PyString::intern(py, name).unbind(), channel);
        let class = value::loaded(py, c"_io", c"TextIOWrapper")?;
        Some(Self {
            namespace: value::namespace(py, c"sys")?.unbind(),
            names: [
                name("stdout", Channel::Stdout),
                name("stderr", Channel::Stderr),
                name("stdin", Channel::Stdin),
            ],
            write: value::class_attribute(py, class.as_ptr().cast(), c"write")?.unbind(),
        })
    }

    /// What stands under the name of a stream; borrowed.
    fn stream(&self, channel: Channel) -> Option<Object> {
        let (name, _) = self.names.iter().find(|(_, named)| *named == channel)?;
        let found = interpreter::attached(|py| {
            object::item_interned(py, self.namespace.as_ptr(), name.as_ptr())
        });
        (!found.is_null()).then_some(found)
    }

    /// The stream that an object stands for. One with a `write` of the program's does not: that may pass on what it
    /// writes, to the stream itself, say, and there it is told.
    fn end(&self, stream: Object) -> Option<End> {
        let mut channels = self.names.iter().map(|(_, channel)| *channel);
        let channel = channels.find(|channel| self.stream(*channel) == Some(stream))?;
        let is_as_built = interpreter::attached(|py| {
            // SAFETY: a live object.
            let class = unsafe { ffi::Py_TYPE(stream) };
            let write = value::class_attribute(py, class, c"write");
            write.is_some_and(|write| write.is(&self.write))
        });
        is_as_built.then_some(End {
            channel,
            stands: true,
        })
    }
}

/// What a system call's first argument, which it took, ends in.
pub fn of_descriptor(number: Object) -> Option<End> {
    // SAFETY: a live object; an int, also one that inherits from it, is read as it is.
    let descriptor = unsafe {
        if ffi::PyLong_Check(number) == 0 {
            return None;
        }
        ffi::PyLong_AsLong(number)
    };
    channel_of(descriptor).map(End::reached)
}

/// The standard stream of a descriptor.
fn channel_of(descriptor: c_long) -> Option<Channel> {
    match descriptor {
        0 => Some(Channel::Stdin),
        1 => Some(Channel::Stdout),
        2 => Some(Channel::Stderr),
        _ => None,
    }
}
