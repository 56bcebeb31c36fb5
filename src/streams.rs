//! The standard streams, listened to inside the interpreter's own C methods.
//!
//! Owns: which native methods are hooked, and how. Must not: replace, wrap or subclass an object of
//! the program: `sys.stdout` stays what it is, and so do its type, its buffer and its descriptor.
//!
//! While a recording is on, the methods are hooked: the hook calls the original, and then tells what was
//! written or read when the stream ends in descriptor 0, 1 or 2, or is what the program has put in the place of
//! `sys.stdout`, `sys.stderr` or `sys.stdin` (pytest does, to capture them). A method whose entry is not of the
//! expected form is left alone, and its texts are not captured.

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr;
use std::rc::Rc;
use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::hook::{Form, Hook, OS};
use crate::interpreter;
use crate::monitoring::Monitor;
use crate::recorder::Channel;
use crate::value::text;

/// The recording that listens; followed only with the GIL held.
static LISTENER: AtomicPtr<Rc<Monitor>> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    /// How many hooked writes, and reads, of upper layers the thread is inside of: what a lower layer
    /// does then is theirs.
    static WRITING: Cell<u32> = const { Cell::new(0) };
    static READING: Cell<u32> = const { Cell::new(0) };
}

static TEXT_WRITE: Hook = of_text(c"write", Form::One(text_write));
static TEXT_FLUSH: Hook = of_text(c"flush", Form::None(text_flush));
static TEXT_CLOSE: Hook = of_text(c"close", Form::None(text_close));
static TEXT_DETACH: Hook = of_text(c"detach", Form::None(text_detach));
static TEXT_SEEK: Hook = of_text(c"seek", Form::Fast(text_seek));
static TEXT_RECONFIGURE: Hook = of_text(c"reconfigure", Form::Named(text_reconfigure));
static TEXT_READLINE: Hook = of_text(c"readline", Form::Fast(text_readline));
static TEXT_READ: Hook = of_text(c"read", Form::Fast(text_read));
static BUFFER_WRITE: Hook =
    Hook::method(c"_io", c"BufferedWriter", c"write", Form::One(buffer_write));
static OS_WRITE: Hook = Hook::function(OS, c"write", Form::Fast(os_write));
static INPUT: Hook = Hook::function(c"builtins", c"input", Form::Fast(input));

static HOOKS: [&Hook; 11] = [
    &TEXT_WRITE,
    &TEXT_FLUSH,
    &TEXT_CLOSE,
    &TEXT_DETACH,
    &TEXT_SEEK,
    &TEXT_RECONFIGURE,
    &TEXT_READLINE,
    &TEXT_READ,
    &BUFFER_WRITE,
    &OS_WRITE,
    &INPUT,
];

const fn of_text(method: &'static CStr, form: Form) -> Hook {
    Hook::method(c"_io", c"TextIOWrapper", method, form)
}

/// Lets `tool` listen.
pub fn hook(py: Python<'_>, tool: Rc<Monitor>) {
    LISTENER.store(Box::into_raw(Box::new(tool)), Ordering::Release);
    HOOKS.iter().for_each(|hook| hook.set(py));
    hook_lines(py);
}

/// Puts every method back as it was.
pub fn unhook() {
    Python::attach(|py| {
        HOOKS.iter().for_each(|hook| hook.unset(py));
        unhook_lines(py);
    });
    let listener = LISTENER.swap(ptr::null_mut(), Ordering::AcqRel);
    if !listener.is_null() {
        // SAFETY: the box that `hook` leaked, taken back once, with the GIL held.
        drop(unsafe { Box::from_raw(listener) });
    }
}

fn listener<'a>() -> Option<&'a Rc<Monitor>> {
    if !interpreter::is_home() {
        return None;
    }
    // SAFETY: null or the box that `hook` leaked; freed only with this interpreter's GIL held, as here.
    unsafe { LISTENER.load(Ordering::Acquire).as_ref() }
}

/// Runs `call` as part of an upper layer's work.
fn inside<R>(depth: &'static std::thread::LocalKey<Cell<u32>>, call: impl FnOnce() -> R) -> R {
    depth.with(|depth| depth.set(depth.get() + 1));
    let result = call();
    depth.with(|depth| depth.set(depth.get() - 1));
    result
}

unsafe extern "C" fn text_close(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe { TEXT_CLOSE.plain(this, argument) })
}

unsafe extern "C" fn text_detach(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe { TEXT_DETACH.plain(this, argument) })
}

unsafe extern "C" fn text_seek(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe { TEXT_SEEK.fast(this, args, count) })
}

unsafe extern "C" fn text_reconfigure(
    this: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe {
        TEXT_RECONFIGURE.named(this, args, count, names)
    })
}

unsafe extern "C" fn text_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { TEXT_WRITE.plain(this, argument) });
    if !result.is_null() && WRITING.get() == 0 && listener().is_some() && text::is_str(argument) {
        // SAFETY: `this` is a TextIOWrapper, since the original took it.
        tell_str(unsafe { channel(this) }, argument);
    }
    result
}

unsafe extern "C" fn text_flush(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { TEXT_FLUSH.plain(this, argument) });
    if !result.is_null()
        && WRITING.get() == 0
        && let Some(listener) = listener()
    {
        listener.flushed();
    }
    result
}

unsafe extern "C" fn buffer_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { BUFFER_WRITE.plain(this, argument) });
    if !result.is_null() && WRITING.get() == 0 && listener().is_some() {
        // SAFETY: `this` is a BufferedWriter, since the original took it.
        tell_bytes(unsafe { buffer_channel(this) }, argument, usize::MAX);
    }
    result
}

unsafe extern "C" fn os_write(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = unsafe { OS_WRITE.fast(this, args, count) };
    if !result.is_null() && WRITING.get() == 0 && count == 2 {
        // SAFETY: two arguments; only an exact int is asked for its value.
        unsafe {
            let (descriptor, data) = (*args, *args.add(1));
            if ffi::PyLong_CheckExact(descriptor) != 0 {
                let written = usize::try_from(ffi::PyLong_AsSsize_t(result)).unwrap_or(0);
                tell_bytes(of_descriptor(ffi::PyLong_AsLong(descriptor)), data, written);
            }
        }
    }
    result
}

unsafe extern "C" fn text_readline(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe {
        TEXT_READLINE.fast(this, args, count)
    });
    tell_read(this, result);
    result
}

unsafe extern "C" fn text_read(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe { TEXT_READ.fast(this, args, count) });
    tell_read(this, result);
    result
}

unsafe extern "C" fn input(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe { INPUT.fast(this, args, count) });
    if !result.is_null() && READING.get() == 0 {
        tell_str(Some(Channel::Stdin), result);
        if let Some(listener) = listener() {
            listener.text(Channel::Stdin, "\n", 0);
        }
    }
    result
}

fn tell_read(this: Object, result: Object) {
    if !result.is_null() && READING.get() == 0 && listener().is_some() && text::is_str(result) {
        // SAFETY: `this` is a TextIOWrapper, since the original took it.
        tell_str(unsafe { channel(this) }, result);
    }
}

fn tell_str(channel: Option<Channel>, object: Object) {
    let (Some(channel), Some(listener)) = (channel, listener()) else {
        return;
    };
    let room = listener.room(channel);
    if room > 0 {
        let mut scratch = String::new();
        let piece = text::read(object, room, &mut scratch);
        if !piece.text.is_empty() {
            listener.text(channel, piece.text, piece.rest);
        }
    }
}

fn tell_bytes(channel: Option<Channel>, object: Object, written: usize) {
    let (Some(channel), Some(listener)) = (channel, listener()) else {
        return;
    };
    let room = listener.room(channel);
    if room > 0 {
        with_bytes(object, |bytes| {
            let bytes = &bytes[..bytes.len().min(written)];
            let shown = &bytes[..bytes.len().min(room)];
            let rest = bytes.len() - shown.len();
            listener.text(channel, &String::from_utf8_lossy(shown), rest);
        });
    }
}

/// Hands on the bytes of a bytes, a bytearray or a memoryview; other objects that have any may have code to be asked by.
fn with_bytes(object: Object, act: impl FnOnce(&[u8])) {
    // SAFETY: a live object; an exact memoryview holds its buffer, and hands it out itself, until it is given back.
    unsafe {
        if ffi::PyBytes_Check(object) != 0 || ffi::PyByteArray_Check(object) != 0 {
            return act(text::bytes_of(object));
        }
        if ffi::Py_TYPE(object) != &raw mut ffi::PyMemoryView_Type {
            return;
        }
        let mut view = ffi::Py_buffer::new();
        if ffi::PyObject_GetBuffer(object, &raw mut view, ffi::PyBUF_SIMPLE) != 0 {
            return ffi::PyErr_Clear();
        }
        if !view.buf.is_null() {
            act(slice::from_raw_parts(
                view.buf.cast(),
                view.len.cast_unsigned(),
            ));
        }
        ffi::PyBuffer_Release(&raw mut view);
    }
}

fn of_descriptor(descriptor: i64) -> Option<Channel> {
    match descriptor {
        0 => Some(Channel::Stdin),
        1 => Some(Channel::Stdout),
        2 => Some(Channel::Stderr),
        _ => None,
    }
}

/// The standard stream that a TextIOWrapper ends in, or stands for.
unsafe fn channel(stream: Object) -> Option<Channel> {
    Python::attach(|py| {
        let buffer = member(py, stream, c"TextIOWrapper", c"buffer")?;
        // SAFETY: a live object.
        unsafe { buffer_channel(buffer.as_ptr()) }.or_else(|| standing_for(stream))
    })
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

/// The standard stream that a buffered stream, or a FileIO, ends in.
unsafe fn buffer_channel(buffer: Object) -> Option<Channel> {
    Python::attach(|py| {
        let raw = [c"BufferedWriter", c"BufferedReader"]
            .iter()
            .find_map(|class| member(py, buffer, class, c"raw"));
        // SAFETY: a live object.
        let raw = raw.unwrap_or_else(|| unsafe { Bound::from_borrowed_ptr(py, buffer) });
        if !crate::value::is_of_c(raw.get_type_ptr(), c"_io", c"FileIO") {
            return None;
        }
        // By the class: an instance may have a function of the program's under the name.
        let fileno = crate::value::class_attribute(py, raw.get_type_ptr(), c"fileno")?;
        of_descriptor(fileno.call1((raw,)).ok()?.extract().ok()?)
    })
}

/// A C member of an instance of a class of `_io`, through the class's own descriptor.
fn member<'py>(
    py: Python<'py>,
    object: Object,
    class: &CStr,
    name: &CStr,
) -> Option<Bound<'py, PyAny>> {
    let class = crate::value::loaded(py, c"_io", class)?;
    // SAFETY: live objects; a member descriptor's getter reads the instance's memory.
    unsafe {
        if ffi::PyObject_TypeCheck(object, class.as_ptr().cast()) == 0 {
            return None;
        }
        let descriptor = crate::value::class_attribute(py, class.as_ptr().cast(), name)?;
        let get = (*ffi::Py_TYPE(descriptor.as_ptr())).tp_descr_get?;
        let found = get(descriptor.as_ptr(), object, class.as_ptr());
        if found.is_null() {
            ffi::PyErr_Clear();
        }
        Bound::from_owned_ptr_or_opt(py, found)
    }
}

/// `for line in sys.stdin` goes through a slot of the type, not a method.
static NEXT_LINE: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn next_line(this: Object) -> Object {
    // SAFETY: the address came from the type's slot.
    let original: unsafe extern "C" fn(Object) -> Object =
        unsafe { std::mem::transmute(NEXT_LINE.load(Ordering::Acquire)) };
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe { original(this) });
    tell_read(this, result);
    result
}

fn text_class(py: Python<'_>) -> Option<*mut ffi::PyTypeObject> {
    crate::value::loaded(py, c"_io", c"TextIOWrapper").map(|class| class.as_ptr().cast())
}

fn is_ours(slot: ffi::iternextfunc) -> bool {
    slot as usize == next_line as *const () as usize
}

fn hook_lines(py: Python<'_>) {
    let Some(class) = text_class(py) else { return };
    // SAFETY: the slot of a live type; the GIL is held.
    unsafe {
        if let Some(original) = (*class).tp_iternext.filter(|&slot| !is_ours(slot)) {
            NEXT_LINE.store(original as usize, Ordering::Release);
            (*class).tp_iternext = Some(next_line);
        }
    }
}

fn unhook_lines(py: Python<'_>) {
    let (Some(class), address) = (text_class(py), NEXT_LINE.load(Ordering::Acquire)) else {
        return;
    };
    if address != 0 {
        // SAFETY: the slot's own original.
        unsafe {
            (*class).tp_iternext = Some(std::mem::transmute::<usize, ffi::iternextfunc>(address))
        };
    }
}
