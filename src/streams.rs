//! The standard streams, listened to inside the interpreter's own C methods.
//!
//! Owns: which native methods are hooked, and how. Must not: replace, wrap or subclass an object of
//! the program: `sys.stdout` stays what it is, and so do its type, its buffer and its descriptor.
//!
//! A method written in C is reached through its `PyMethodDef`, which lies in writable memory of the
//! interpreter and is read at each call (`Objects/descrobject.c`, `Objects/methodobject.c`). While a
//! recording is on, that entry points here: the hook calls the original, and then tells what was
//! written or read when the stream ends in descriptor 0, 1 or 2. A method whose entry is not of the
//! expected form is left alone, and its texts are not captured.

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::monitoring::Tool;
use crate::recorder::Channel;
use crate::value::text;

/// The recording that listens; followed only with the GIL held.
static LISTENER: AtomicPtr<Rc<dyn Tool>> = AtomicPtr::new(ptr::null_mut());
/// The addresses of the original functions, by place in `TABLE`; 0 where a method is not hooked.
static ORIGINALS: [AtomicUsize; TABLE.len()] = [const { AtomicUsize::new(0) }; TABLE.len()];

thread_local! {
    /// How many hooked writes, and reads, of upper layers the thread is inside of: what a lower layer
    /// does then is theirs.
    static WRITING: Cell<u32> = const { Cell::new(0) };
    static READING: Cell<u32> = const { Cell::new(0) };
}

/// A hook in the form of the method that it stands in for.
#[derive(Clone, Copy)]
enum Form {
    /// `METH_O` or `METH_NOARGS`
    Plain(unsafe extern "C" fn(Object, Object) -> Object),
    /// `METH_FASTCALL`
    Fast(unsafe extern "C" fn(Object, *const Object, isize) -> Object),
    /// `METH_FASTCALL | METH_KEYWORDS`
    Keywords(unsafe extern "C" fn(Object, *const Object, isize, Object) -> Object),
}

const O: i32 = ffi::METH_O;
const NONE: i32 = ffi::METH_NOARGS;
const FAST: i32 = ffi::METH_FASTCALL;
const NAMED: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

/// Module, class (or none), method, flags, hook.
type Row = (
    &'static CStr,
    Option<&'static CStr>,
    &'static CStr,
    i32,
    Form,
);

const TEXT: Option<&CStr> = Some(c"TextIOWrapper");
const TABLE: [Row; 12] = [
    (c"_io", TEXT, c"write", O, Form::Plain(text_write)),
    (c"_io", TEXT, c"flush", NONE, Form::Plain(text_flush)),
    (c"_io", TEXT, c"close", NONE, Form::Plain(below_text::<2>)),
    (c"_io", TEXT, c"detach", NONE, Form::Plain(below_text::<3>)),
    (
        c"_io",
        TEXT,
        c"seek",
        FAST,
        Form::Fast(below_text_fast::<4>),
    ),
    (
        c"_io",
        TEXT,
        c"reconfigure",
        NAMED,
        Form::Keywords(below_text_named::<5>),
    ),
    (c"_io", TEXT, c"readline", FAST, Form::Fast(text_read::<6>)),
    (c"_io", TEXT, c"read", FAST, Form::Fast(text_read::<7>)),
    (
        c"_io",
        Some(c"BufferedWriter"),
        c"write",
        O,
        Form::Plain(buffer_write),
    ),
    (c"posix", None, c"write", FAST, Form::Fast(os_write)),
    (c"builtins", None, c"input", FAST, Form::Fast(input)),
    (c"nt", None, c"write", FAST, Form::Fast(os_write_windows)),
];

/// Lets `tool` listen.
pub fn hook(py: Python<'_>, tool: Rc<dyn Tool>) {
    LISTENER.store(Box::into_raw(Box::new(tool)), Ordering::Release);
    for (row, original) in TABLE.iter().zip(&ORIGINALS) {
        if let Some(method) = find(py, row) {
            // SAFETY: the entry lies in writable static memory of the interpreter; the GIL is held.
            unsafe { original.store(swap(method, row.4), Ordering::Release) };
        }
    }
    hook_lines(py);
}

/// Puts every method back as it was.
pub fn unhook() {
    Python::attach(|py| {
        for (row, original) in TABLE.iter().zip(&ORIGINALS) {
            let address = original.load(Ordering::Acquire);
            if let Some(method) = find(py, row).filter(|_| address != 0) {
                // SAFETY: as in `hook`. The address is kept for calls that are still inside a hook.
                unsafe { *(&raw mut (*method).ml_meth).cast::<usize>() = address };
            }
        }
        unhook_lines(py);
    });
    let listener = LISTENER.swap(ptr::null_mut(), Ordering::AcqRel);
    if !listener.is_null() {
        // SAFETY: the box that `hook` leaked, taken back once, with the GIL held.
        drop(unsafe { Box::from_raw(listener) });
    }
}

unsafe fn swap(method: *mut ffi::PyMethodDef, form: Form) -> usize {
    // SAFETY: the union holds one function pointer of the form that the flags tell.
    unsafe {
        let entry = (&raw mut (*method).ml_meth).cast::<usize>();
        let original = *entry;
        *entry = match form {
            Form::Plain(hook) => hook as usize,
            Form::Fast(hook) => hook as usize,
            Form::Keywords(hook) => hook as usize,
        };
        original
    }
}

/// The entry of a row's method, where it is of the expected form.
fn find(py: Python<'_>, row: &Row) -> Option<*mut ffi::PyMethodDef> {
    let (module, class, method, flags, _) = *row;
    let found = match class {
        None => crate::value::loaded(py, module, method)?,
        Some(class) => {
            let class = crate::value::loaded(py, module, class)?;
            crate::value::class_attribute(py, class.as_ptr().cast(), method)?
        }
    };
    // SAFETY: the exact types tell where the entry is.
    let definition = unsafe {
        let kind = ffi::Py_TYPE(found.as_ptr());
        if kind == &raw mut ffi::PyMethodDescr_Type {
            (*found.as_ptr().cast::<ffi::PyMethodDescrObject>()).d_method
        } else if kind == &raw mut ffi::PyCFunction_Type {
            (*found.as_ptr().cast::<ffi::PyCFunctionObject>()).m_ml
        } else {
            return None;
        }
    };
    // SAFETY: a method's entry is valid as long as its type or module.
    (unsafe { (*definition).ml_flags } == flags).then_some(definition)
}

fn listener<'a>() -> Option<&'a Rc<dyn Tool>> {
    // SAFETY: null or the box that `hook` leaked; freed only with the GIL held, as here.
    unsafe { LISTENER.load(Ordering::Acquire).as_ref() }
}

/// Runs `call` as part of an upper layer's work.
fn inside<R>(depth: &'static std::thread::LocalKey<Cell<u32>>, call: impl FnOnce() -> R) -> R {
    depth.with(|depth| depth.set(depth.get() + 1));
    let result = call();
    depth.with(|depth| depth.set(depth.get() - 1));
    result
}

unsafe fn plain(place: usize, this: Object, argument: Object) -> Object {
    // SAFETY: the address came from an entry whose flags tell this form.
    let original: unsafe extern "C" fn(Object, Object) -> Object =
        unsafe { std::mem::transmute(ORIGINALS[place].load(Ordering::Acquire)) };
    // SAFETY: called as the interpreter called us.
    unsafe { original(this, argument) }
}

unsafe fn fast(place: usize, this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: as `plain`.
    let original: unsafe extern "C" fn(Object, *const Object, isize) -> Object =
        unsafe { std::mem::transmute(ORIGINALS[place].load(Ordering::Acquire)) };
    // SAFETY: called as the interpreter called us.
    unsafe { original(this, args, count) }
}

unsafe extern "C" fn below_text<const PLACE: usize>(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe { plain(PLACE, this, argument) })
}

unsafe extern "C" fn below_text_fast<const PLACE: usize>(
    this: Object,
    args: *const Object,
    count: isize,
) -> Object {
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe { fast(PLACE, this, args, count) })
}

unsafe extern "C" fn below_text_named<const PLACE: usize>(
    this: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: as `plain`.
    let original: unsafe extern "C" fn(Object, *const Object, isize, Object) -> Object =
        unsafe { std::mem::transmute(ORIGINALS[PLACE].load(Ordering::Acquire)) };
    // SAFETY: called as the interpreter called us.
    inside(&WRITING, || unsafe { original(this, args, count, names) })
}

unsafe extern "C" fn text_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { plain(0, this, argument) });
    if !result.is_null() && WRITING.get() == 0 && text::is_str(argument) {
        // SAFETY: `this` is a TextIOWrapper, since the original took it.
        tell_str(unsafe { channel(this) }, argument);
    }
    result
}

unsafe extern "C" fn text_flush(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { plain(1, this, argument) });
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
    let result = inside(&WRITING, || unsafe { plain(8, this, argument) });
    if !result.is_null() && WRITING.get() == 0 {
        // SAFETY: `this` is a BufferedWriter, since the original took it.
        tell_bytes(unsafe { buffer_channel(this) }, argument, usize::MAX);
    }
    result
}

unsafe fn os_write_at(place: usize, this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = unsafe { fast(place, this, args, count) };
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

unsafe extern "C" fn os_write(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe { os_write_at(9, this, args, count) }
}

unsafe extern "C" fn os_write_windows(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe { os_write_at(11, this, args, count) }
}

unsafe extern "C" fn text_read<const PLACE: usize>(
    this: Object,
    args: *const Object,
    count: isize,
) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe { fast(PLACE, this, args, count) });
    tell_read(this, result);
    result
}

unsafe extern "C" fn input(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe { fast(10, this, args, count) });
    if !result.is_null() && READING.get() == 0 {
        tell_str(Some(Channel::Stdin), result);
        if let Some(listener) = listener() {
            listener.text(Channel::Stdin, "\n", 0);
        }
    }
    result
}

fn tell_read(this: Object, result: Object) {
    if !result.is_null() && READING.get() == 0 && text::is_str(result) {
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
    // SAFETY: a live object.
    let is_bytes =
        unsafe { ffi::PyBytes_Check(object) != 0 || ffi::PyByteArray_Check(object) != 0 };
    if room > 0 && is_bytes {
        let bytes = text::bytes_of(object);
        let bytes = &bytes[..bytes.len().min(written)];
        let shown = &bytes[..bytes.len().min(room)];
        listener.text(
            channel,
            &String::from_utf8_lossy(shown),
            bytes.len() - shown.len(),
        );
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

/// The standard stream that a TextIOWrapper ends in.
unsafe fn channel(stream: Object) -> Option<Channel> {
    Python::attach(|py| {
        let buffer = member(py, stream, c"TextIOWrapper", c"buffer")?;
        // SAFETY: a live object.
        unsafe { buffer_channel(buffer.as_ptr()) }
    })
}

/// The standard stream that a buffered stream, or a FileIO, ends in.
unsafe fn buffer_channel(buffer: Object) -> Option<Channel> {
    Python::attach(|py| {
        let raw = [c"BufferedWriter", c"BufferedReader"]
            .iter()
            .find_map(|class| member(py, buffer, class, c"raw"));
        // SAFETY: a live object.
        let raw = raw.unwrap_or_else(|| unsafe { Bound::from_borrowed_ptr(py, buffer) });
        let is_file =
            crate::value::loaded(py, c"_io", c"FileIO")?.as_ptr() == raw.get_type().as_ptr();
        if !is_file {
            return None;
        }
        of_descriptor(raw.call_method0("fileno").ok()?.extract().ok()?)
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

fn hook_lines(py: Python<'_>) {
    let Some(class) = text_class(py) else { return };
    // SAFETY: the slot of a live type; the GIL is held.
    unsafe {
        if let Some(original) = (*class).tp_iternext {
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
