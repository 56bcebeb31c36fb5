//! The standard streams, listened to inside the interpreter's own C methods.
//!
//! Owns: which native methods are hooked, and how. Must not: replace, wrap or subclass an object of
//! the program: `sys.stdout` stays what it is, and so do its type, its buffer and its descriptor.
//!
//! While a recording is on, the methods are hooked: the hook calls the original, and then tells what was
//! written or read when the stream ends in descriptor 0, 1 or 2, or is what the program has put in the place of
//! `sys.stdout`, `sys.stderr` or `sys.stdin` (pytest does, to capture them). Of the layers of a stream the one that the
//! program called tells; so what hands data to a lower one is hooked, too. A method whose entry is not of the
//! expected form is left alone, and its texts are not captured.

mod layers;
mod listener;

use std::cell::Cell;
use std::ffi::CStr;
use std::rc::Rc;
use std::thread::LocalKey;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::hook::{Form, Hook, OS, Slot};
use crate::monitoring::Monitor;
use crate::recorder::Channel;
use crate::value::text;

use layers::of_descriptor;
use listener::{Listener, listener};

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
static TEXT_TELL: Hook = of_text(c"tell", Form::None(text_tell));
static TEXT_SEEK: Hook = of_text(c"seek", Form::Fast(text_seek));
static TEXT_RECONFIGURE: Hook = of_text(c"reconfigure", Form::Named(text_reconfigure));
static TEXT_READLINE: Hook = of_text(c"readline", Form::Fast(text_readline));
static TEXT_READ: Hook = of_text(c"read", Form::Fast(text_read));
static WRITER_WRITE: Hook = of_writer(c"write", Form::One(writer_write));
static WRITER_FLUSH: Hook = of_writer(c"flush", Form::None(writer_flush));
static WRITER_SEEK: Hook = of_writer(c"seek", Form::Fast(writer_seek));
static WRITER_TRUNCATE: Hook = of_writer(c"truncate", Form::Method(writer_truncate));
static READER_READ: Hook = of_reader(c"read", Form::Fast(reader_read));
static READER_READ1: Hook = of_reader(c"read1", Form::Fast(reader_read1));
static READER_READLINE: Hook = of_reader(c"readline", Form::Fast(reader_readline));
static READER_READINTO: Hook = of_reader(c"readinto", Form::One(reader_readinto));
static READER_READINTO1: Hook = of_reader(c"readinto1", Form::One(reader_readinto1));
static READER_PEEK: Hook = of_reader(c"peek", Form::Fast(reader_peek));
static FILE_WRITE: Hook = of_file(c"write", Form::Method(file_write));
static FILE_READ: Hook = of_file(c"read", Form::Method(file_read));
static FILE_READALL: Hook = of_file(c"readall", Form::None(file_readall));
static FILE_READINTO: Hook = of_file(c"readinto", Form::Method(file_readinto));
static OS_WRITE: Hook = Hook::function(OS, c"write", Form::Fast(os_write));
static OS_WRITEV: Hook = Hook::function(OS, c"writev", Form::Fast(os_writev));
static OS_READ: Hook = Hook::function(OS, c"read", Form::Fast(os_read));
static OS_READV: Hook = Hook::function(OS, c"readv", Form::Fast(os_readv));
static INPUT: Hook = Hook::function(c"builtins", c"input", Form::Fast(input));

static HOOKS: [&Hook; 28] = [
    &TEXT_WRITE,
    &TEXT_FLUSH,
    &TEXT_CLOSE,
    &TEXT_DETACH,
    &TEXT_TELL,
    &TEXT_SEEK,
    &TEXT_RECONFIGURE,
    &TEXT_READLINE,
    &TEXT_READ,
    &WRITER_WRITE,
    &WRITER_FLUSH,
    &WRITER_SEEK,
    &WRITER_TRUNCATE,
    &READER_READ,
    &READER_READ1,
    &READER_READLINE,
    &READER_READINTO,
    &READER_READINTO1,
    &READER_PEEK,
    &FILE_WRITE,
    &FILE_READ,
    &FILE_READALL,
    &FILE_READINTO,
    &OS_WRITE,
    &OS_WRITEV,
    &OS_READ,
    &OS_READV,
    &INPUT,
];

/// `for line in sys.stdin` goes through a slot of the type, not a method.
static TEXT_NEXT: Slot = Slot::of(c"_io", c"TextIOWrapper", text_next);
static READER_NEXT: Slot = Slot::of(c"_io", c"BufferedReader", reader_next);

static SLOTS: [&Slot; 2] = [&TEXT_NEXT, &READER_NEXT];

const fn of_text(method: &'static CStr, form: Form) -> Hook {
    Hook::method(c"_io", c"TextIOWrapper", method, form)
}

const fn of_writer(method: &'static CStr, form: Form) -> Hook {
    Hook::method(c"_io", c"BufferedWriter", method, form)
}

const fn of_reader(method: &'static CStr, form: Form) -> Hook {
    Hook::method(c"_io", c"BufferedReader", method, form)
}

const fn of_file(method: &'static CStr, form: Form) -> Hook {
    Hook::method(c"_io", c"FileIO", method, form)
}

/// Lets `tool` listen.
pub fn hook(py: Python<'_>, tool: Rc<Monitor>) {
    listener::set(py, tool);
    HOOKS.iter().for_each(|hook| hook.set(py));
    SLOTS.iter().for_each(|slot| slot.set(py));
}

/// Puts every method back as it was.
pub fn unhook() {
    Python::attach(|py| {
        HOOKS.iter().for_each(|hook| hook.unset(py));
        SLOTS.iter().for_each(|slot| slot.unset(py));
        listener::unset(py);
    });
}

/// Runs `call` as part of an upper layer's work.
fn inside<R>(depth: &'static LocalKey<Cell<u32>>, call: impl FnOnce() -> R) -> R {
    depth.with(|depth| depth.set(depth.get() + 1));
    let result = call();
    depth.with(|depth| depth.set(depth.get() - 1));
    result
}

/// The recording that a method's result is to be told to, where it has one and no upper layer tells it.
fn listening<'a>(depth: &'static LocalKey<Cell<u32>>, result: Object) -> Option<&'a Listener> {
    if result.is_null() || depth.get() > 0 {
        return None;
    }
    listener()
}

/// Runs `call`, a method of a buffered stream, as part of an upper layer's work where that stream ends in a standard one,
/// which is returned, too: where it ends in an object of the program's, what that writes or reads is told.
fn buffered(
    depth: &'static LocalKey<Cell<u32>>,
    this: Object,
    call: impl FnOnce() -> Object,
) -> (Object, Option<Channel>) {
    let listener = listener().filter(|_| depth.get() == 0);
    let channel = listener.and_then(|listener| listener.layers.of_buffer(this));
    let result = if channel.is_some() {
        inside(depth, call)
    } else {
        call()
    };
    (result, channel)
}

/// A replacement that makes what lower layers do meanwhile part of this one's work, and tells no more.
macro_rules! upper {
    ($depth:ident: $function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            inside(&$depth, || unsafe { $hook.$form(this, $($argument),*) })
        }
    };
}

/// The same of a buffered stream.
macro_rules! upper_buffered {
    ($depth:ident: $function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            buffered(&$depth, this, || unsafe { $hook.$form(this, $($argument),*) }).0
        }
    };
}

/// A replacement that tells what the method, one of a text layer, has read and returns.
macro_rules! reads_text {
    ($function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            let result = inside(&READING, || unsafe { $hook.$form(this, $($argument),*) });
            if let Some(listener) = listening(&READING, result)
                && text::is_str(result)
            {
                listener.tell_str(of_input(listener.layers.of_text(this)), result);
            }
            result
        }
    };
}

/// The same of a buffered stream, or a FileIO.
macro_rules! reads {
    ($function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            let call = || unsafe { $hook.$form(this, $($argument),*) };
            let (result, channel) = buffered(&READING, this, call);
            if let Some(listener) = listening(&READING, result) {
                listener.tell_bytes(of_input(channel), result, usize::MAX);
            }
            result
        }
    };
}

/// The same of a method that puts what it has read into its argument.
macro_rules! reads_into {
    ($function:ident = $hook:ident) => {
        unsafe extern "C" fn $function(this: Object, argument: Object) -> Object {
            // SAFETY: called as the interpreter called us.
            let call = || unsafe { $hook.plain(this, argument) };
            let (result, channel) = buffered(&READING, this, call);
            if let Some(listener) = listening(&READING, result) {
                listener.tell_bytes(of_input(channel), argument, size(result));
            }
            result
        }
    };
}

upper!(WRITING: text_close(argument: Object) = TEXT_CLOSE.plain);
upper!(WRITING: text_detach(argument: Object) = TEXT_DETACH.plain);
upper!(WRITING: text_tell(argument: Object) = TEXT_TELL.plain);
upper!(WRITING: text_reconfigure(args: *const Object, count: isize, names: Object)
    = TEXT_RECONFIGURE.named);

upper_buffered!(WRITING: writer_flush(argument: Object) = WRITER_FLUSH.plain);
upper_buffered!(WRITING: writer_seek(args: *const Object, count: isize) = WRITER_SEEK.fast);
upper_buffered!(WRITING: writer_truncate(class: Object, args: *const Object, count: isize, names: Object)
    = WRITER_TRUNCATE.of_class);
upper_buffered!(READING: reader_peek(args: *const Object, count: isize) = READER_PEEK.fast);

reads_text!(text_readline(args: *const Object, count: isize) = TEXT_READLINE.fast);
reads_text!(text_read(args: *const Object, count: isize) = TEXT_READ.fast);
reads_text!(text_next() = TEXT_NEXT.plain);

reads!(reader_read(args: *const Object, count: isize) = READER_READ.fast);
reads!(reader_read1(args: *const Object, count: isize) = READER_READ1.fast);
reads!(reader_readline(args: *const Object, count: isize) = READER_READLINE.fast);
reads!(reader_next() = READER_NEXT.plain);
reads!(file_read(class: Object, args: *const Object, count: isize, names: Object)
    = FILE_READ.of_class);
reads!(file_readall(argument: Object) = FILE_READALL.plain);

reads_into!(reader_readinto = READER_READINTO);
reads_into!(reader_readinto1 = READER_READINTO1);

/// It writes what waits, and reads again what lies before the place.
unsafe extern "C" fn text_seek(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let seek = || unsafe { TEXT_SEEK.fast(this, args, count) };
    inside(&READING, || inside(&WRITING, seek))
}

unsafe extern "C" fn text_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { TEXT_WRITE.plain(this, argument) });
    if let Some(listener) = listening(&WRITING, result)
        && text::is_str(argument)
    {
        listener.tell_str(of_output(listener.layers.of_text(this)), argument);
    }
    result
}

unsafe extern "C" fn text_flush(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&WRITING, || unsafe { TEXT_FLUSH.plain(this, argument) });
    if let Some(listener) = listening(&WRITING, result) {
        listener.tool.flushed();
    }
    result
}

unsafe extern "C" fn writer_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let call = || unsafe { WRITER_WRITE.plain(this, argument) };
    let (result, channel) = buffered(&WRITING, this, call);
    if let Some(listener) = listening(&WRITING, result) {
        listener.tell_bytes(of_output(channel), argument, usize::MAX);
    }
    result
}

unsafe extern "C" fn file_write(
    this: Object,
    class: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        let result = FILE_WRITE.of_class(this, class, args, count, names);
        tell_file(&WRITING, of_output, this, args, count, result);
        result
    }
}

unsafe extern "C" fn file_readinto(
    this: Object,
    class: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        let result = FILE_READINTO.of_class(this, class, args, count, names);
        tell_file(&READING, of_input, this, args, count, result);
        result
    }
}

unsafe extern "C" fn os_write(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        let result = OS_WRITE.fast(this, args, count);
        if let Some((listener, channel, data)) = system_call(&WRITING, args, count, result) {
            listener.tell_bytes(of_output(channel), data, size(result));
        }
        result
    }
}

unsafe extern "C" fn os_writev(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        let result = OS_WRITEV.fast(this, args, count);
        if let Some((listener, channel, buffers)) = system_call(&WRITING, args, count, result) {
            listener.tell_buffers(of_output(channel), buffers, size(result));
        }
        result
    }
}

unsafe extern "C" fn os_read(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        let result = OS_READ.fast(this, args, count);
        if let Some((listener, channel, _)) = system_call(&READING, args, count, result) {
            listener.tell_bytes(of_input(channel), result, usize::MAX);
        }
        result
    }
}

unsafe extern "C" fn os_readv(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    unsafe {
        let result = OS_READV.fast(this, args, count);
        if let Some((listener, channel, buffers)) = system_call(&READING, args, count, result) {
            listener.tell_buffers(of_input(channel), buffers, size(result));
        }
        result
    }
}

unsafe extern "C" fn input(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = inside(&READING, || unsafe { INPUT.fast(this, args, count) });
    if let Some(listener) = listening(&READING, result) {
        listener.tell_str(Some(Channel::Stdin), result);
        listener.tool.text(Channel::Stdin, b"\n", 0);
    }
    result
}

/// A standard stream that is written to.
fn of_output(channel: Option<Channel>) -> Option<Channel> {
    channel.filter(|&channel| channel != Channel::Stdin)
}

/// A standard stream that is read from.
fn of_input(channel: Option<Channel>) -> Option<Channel> {
    channel.filter(|&channel| channel == Channel::Stdin)
}

/// How many bytes a method says that it wrote or read; it is None where it would have had to wait.
fn size(result: Object) -> usize {
    // SAFETY: a live object; only an exact int is asked for its value.
    unsafe {
        if ffi::PyLong_CheckExact(result) == 0 {
            return 0;
        }
        usize::try_from(ffi::PyLong_AsSsize_t(result)).unwrap_or(0)
    }
}

/// Tells what a method of FileIO has written from its only argument, or read into it.
///
/// # Safety
/// `args` points to `count` arguments.
unsafe fn tell_file(
    depth: &'static LocalKey<Cell<u32>>,
    side: fn(Option<Channel>) -> Option<Channel>,
    this: Object,
    args: *const Object,
    count: isize,
    result: Object,
) {
    if count == 1
        && let Some(listener) = listening(depth, result)
    {
        let channel = side(listener.layers.of_buffer(this));
        // SAFETY: there is one argument.
        listener.tell_bytes(channel, unsafe { *args }, size(result));
    }
}

/// Of a system call that is to be told: who listens, the stream that its first argument is the descriptor of, and its
/// second argument.
///
/// # Safety
/// `args` points to `count` arguments, the first of which the call took.
unsafe fn system_call<'a>(
    depth: &'static LocalKey<Cell<u32>>,
    args: *const Object,
    count: isize,
    result: Object,
) -> Option<(&'a Listener, Option<Channel>, Object)> {
    let listener = listening(depth, result)?;
    // SAFETY: two arguments; only an exact int is asked for its value.
    unsafe {
        if count != 2 || ffi::PyLong_CheckExact(*args) == 0 {
            return None;
        }
        let channel = of_descriptor(ffi::PyLong_AsLong(*args));
        Some((listener, channel, *args.add(1)))
    }
}
