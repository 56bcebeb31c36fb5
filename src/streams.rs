//! The standard streams, listened to inside the interpreter's own C methods.
//!
//! Owns: which native methods are hooked, and how. Must not: replace, wrap or subclass an object of
//! the program: `sys.stdout` stays what it is, and so do its type, its buffer and its descriptor.
//!
//! While a recording is on, the methods are hooked: the hook calls the original, and then tells what was
//! written or read when the stream ends in descriptor 0, 1 or 2, or is what the program has put in the place of
//! `sys.stdout`, `sys.stderr` or `sys.stdin` (pytest does, to capture them). Of the layers of a stream the one that the
//! program called tells; so what hands data to a lower one is hooked, too. Where a layer is the program's own, those above
//! it are none of a standard stream's: it is told what that writes or reads. A method whose entry is not of the expected
//! form is left alone, and its texts are not captured.

mod layers;
mod listener;
mod turn;

use std::ffi::CStr;
use std::io::{self, IsTerminal};
use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::hook::{Form, Hook, OS, Slot};
use crate::interpreter;
use crate::monitoring::Monitor;
use crate::recorder::Channel;
use crate::value::text;

use layers::{Layers, of_descriptor};
use listener::{Listener, listener};
use turn::End;

/// Who is to be told of what was done, and at which stream; none where it is nobody's, or told elsewhere.
type Told<'a> = Option<(&'a Listener, Channel)>;

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
static FILE_READALL: Hook = of_file(c"readall", FORM_OF_READALL);
static FILE_READINTO: Hook = of_file(c"readinto", Form::Method(file_readinto));
static OS_WRITE: Hook = Hook::function(OS, c"write", Form::Fast(os_write));
static OS_WRITEV: Hook = Hook::function(OS, c"writev", Form::Fast(os_writev));
static OS_PWRITE: Hook = Hook::function(OS, c"pwrite", Form::Fast(os_pwrite));
static OS_PWRITEV: Hook = Hook::function(OS, c"pwritev", Form::Fast(os_pwritev));
static OS_READ: Hook = Hook::function(OS, c"read", Form::Fast(os_read));
static OS_READV: Hook = Hook::function(OS, c"readv", Form::Fast(os_readv));
static OS_PREAD: Hook = Hook::function(OS, c"pread", Form::Fast(os_pread));
static OS_PREADV: Hook = Hook::function(OS, c"preadv", Form::Fast(os_preadv));
static INPUT: Hook = Hook::function(c"builtins", c"input", Form::Fast(input));

static HOOKS: [&Hook; 32] = [
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
    &OS_PWRITE,
    &OS_PWRITEV,
    &OS_READ,
    &OS_READV,
    &OS_PREAD,
    &OS_PREADV,
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
    interpreter::attached(|py| {
        HOOKS.iter().for_each(|hook| hook.unset(py));
        SLOTS.iter().for_each(|slot| slot.unset(py));
        listener::unset(py);
    });
}

/// Runs `call`, a method of a layer above others, and says who is to be told of what it has done.
fn layer<'a>(
    find: impl FnOnce(&Layers) -> Option<End>,
    call: impl FnOnce() -> Object,
) -> (Object, Told<'a>) {
    let (result, told) = attempt(find, call);
    (result, told.filter(|_| !result.is_null()))
}

/// The same also where it raises an exception.
fn attempt<'a>(
    find: impl FnOnce(&Layers) -> Option<End>,
    call: impl FnOnce() -> Object,
) -> (Object, Told<'a>) {
    let Some((_, end)) = telling(find) else {
        return (call(), None);
    };
    let result = turn::take(end, call);
    (result, listener().map(|listener| (listener, end.channel)))
}

/// Who is to be told of what a method of the lowest layer has done.
fn lowest<'a>(result: Object, find: impl FnOnce(&Layers) -> Option<End>) -> Told<'a> {
    if result.is_null() {
        return None;
    }
    telling(find).map(|(listener, end)| (listener, end.channel))
}

/// Who is to be told of what is done at the end that is found; none where a call tells it that this one is part of.
fn telling<'a>(find: impl FnOnce(&Layers) -> Option<End>) -> Option<(&'a Listener, End)> {
    let listener = listener().filter(|_| !turn::is_within())?;
    let end = find(&listener.layers)?;
    (!turn::is_stood_for(end.channel)).then_some((listener, end))
}

/// What was done was to write: nothing that is known where it was done to standard input.
fn written(told: Told<'_>) -> Told<'_> {
    told.filter(|(_, channel)| *channel != Channel::Stdin)
}

/// What was done was to read.
fn read(told: Told<'_>) -> Told<'_> {
    told.filter(|(_, channel)| *channel == Channel::Stdin)
        .inspect(|_| turn::read())
}

/// A replacement that makes what lower layers do meanwhile part of this one's work, and tells no more.
macro_rules! upper {
    ($find:ident: $function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            let call = || unsafe { $hook.$form(this, $($argument),*) };
            layer(|layers| layers.$find(this), call).0
        }
    };
}

/// A replacement that tells what the method, one of a text layer, has read and returns.
macro_rules! reads_text {
    ($function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            let call = || unsafe { $hook.$form(this, $($argument),*) };
            let (result, told) = layer(|layers| layers.of_text(this), call);
            if let Some((listener, channel)) = read(told)
                && text::is_str(result)
            {
                listener.tell_str(channel, result);
            }
            result
        }
    };
}

/// The same of a buffered stream.
macro_rules! reads {
    ($function:ident($($argument:ident: $kind:ty),*) = $hook:ident.$form:ident) => {
        unsafe extern "C" fn $function(this: Object, $($argument: $kind),*) -> Object {
            // SAFETY: called as the interpreter called us.
            let call = || unsafe { $hook.$form(this, $($argument),*) };
            let (result, told) = layer(|layers| layers.of_buffer(this), call);
            if let Some((listener, channel)) = read(told) {
                listener.tell_bytes(channel, result, usize::MAX);
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
            let (result, told) = layer(|layers| layers.of_buffer(this), call);
            if let Some((listener, channel)) = read(told) {
                listener.tell_bytes(channel, argument, size(result));
            }
            result
        }
    };
}

upper!(of_text: text_close(argument: Object) = TEXT_CLOSE.plain);
upper!(of_text: text_detach(argument: Object) = TEXT_DETACH.plain);
upper!(of_text: text_tell(argument: Object) = TEXT_TELL.plain);
upper!(of_text: text_reconfigure(args: *const Object, count: isize, names: Object)
    = TEXT_RECONFIGURE.named);
// It writes what waits, and reads again what lies before the place.
upper!(of_text: text_seek(args: *const Object, count: isize) = TEXT_SEEK.fast);

upper!(of_buffer: writer_flush(argument: Object) = WRITER_FLUSH.plain);
upper!(of_buffer: writer_seek(args: *const Object, count: isize) = WRITER_SEEK.fast);
upper!(of_buffer: writer_truncate(class: Object, args: *const Object, count: isize, names: Object)
    = WRITER_TRUNCATE.of_class);
upper!(of_buffer: reader_peek(args: *const Object, count: isize) = READER_PEEK.fast);

reads_text!(text_read(args: *const Object, count: isize) = TEXT_READ.fast);
reads_text!(text_next() = TEXT_NEXT.plain);

reads!(reader_read(args: *const Object, count: isize) = READER_READ.fast);
reads!(reader_read1(args: *const Object, count: isize) = READER_READ1.fast);
reads!(reader_readline(args: *const Object, count: isize) = READER_READLINE.fast);
reads!(reader_next() = READER_NEXT.plain);

reads_into!(reader_readinto = READER_READINTO);
reads_into!(reader_readinto1 = READER_READINTO1);

unsafe extern "C" fn text_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let call = || unsafe { TEXT_WRITE.plain(this, argument) };
    let (result, told) = attempt(|layers| layers.of_text(this), call);
    if let Some((listener, channel)) = written(told)
        && text::is_str(argument)
    {
        tell_taken(result, |count| match count {
            None => listener.tell_str(channel, argument),
            Some(count) => listener.tell_begun(channel, argument, count),
        });
    }
    result
}

/// A line that `getpass` asks for is secret, whatever it asks with, and whatever it reads from: mostly the terminal itself.
unsafe extern "C" fn text_readline(this: Object, args: *const Object, count: isize) -> Object {
    let asking = listener().filter(|listener| listener.is_getpass());
    if let Some(listener) = asking {
        listener.ask_secret();
    }
    // SAFETY: called as the interpreter called us.
    let call = || unsafe { TEXT_READLINE.fast(this, args, count) };
    let (result, told) = layer(|layers| layers.of_text(this), call);
    let line = Some(result).filter(|&result| !result.is_null() && text::is_str(result));
    // It may be another than before, or none.
    let asking = asking.and_then(|_| listener());
    if let (Some(listener), Some(line)) = (asking, line) {
        listener.answer(line);
    }
    if let (Some((listener, channel)), Some(line)) = (read(told), line) {
        listener.tell_str(channel, line);
    }
    if let Some(listener) = asking {
        listener.is_answered();
    }
    result
}

unsafe extern "C" fn text_flush(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let call = || unsafe { TEXT_FLUSH.plain(this, argument) };
    let (result, told) = layer(|layers| layers.of_text(this), call);
    if let Some((listener, _)) = told {
        listener.tool.flushed();
    }
    result
}

unsafe extern "C" fn writer_write(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    let call = || unsafe { WRITER_WRITE.plain(this, argument) };
    let (result, told) = attempt(|layers| layers.of_buffer(this), call);
    if let Some((listener, channel)) = written(told) {
        tell_taken(result, |count| {
            listener.tell_bytes(channel, argument, count.unwrap_or(usize::MAX));
        });
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
    // SAFETY: called as the interpreter called us; what it wrote was its first argument.
    unsafe {
        let result = FILE_WRITE.of_class(this, class, args, count, names);
        if let Some((listener, channel)) = written(lowest(result, |layers| layers.of_file(this))) {
            listener.tell_bytes(channel, *args, size(result));
        }
        result
    }
}

unsafe extern "C" fn file_read(
    this: Object,
    class: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    let result = unsafe { FILE_READ.of_class(this, class, args, count, names) };
    if let Some((listener, channel)) = read(lowest(result, |layers| layers.of_file(this))) {
        listener.tell_bytes(channel, result, usize::MAX);
    }
    result
}

#[cfg(not(Py_3_14))]
const FORM_OF_READALL: Form = Form::None(file_readall);
#[cfg(Py_3_14)]
const FORM_OF_READALL: Form = Form::Method(file_readall);

#[cfg(not(Py_3_14))]
unsafe extern "C" fn file_readall(this: Object, argument: Object) -> Object {
    // SAFETY: called as the interpreter called us.
    tell_all(this, unsafe { FILE_READALL.plain(this, argument) })
}

#[cfg(Py_3_14)]
unsafe extern "C" fn file_readall(
    this: Object,
    class: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us.
    tell_all(this, unsafe {
        FILE_READALL.of_class(this, class, args, count, names)
    })
}

/// Tells all that a file had to be read.
fn tell_all(this: Object, result: Object) -> Object {
    if let Some((listener, channel)) = read(lowest(result, |layers| layers.of_file(this))) {
        listener.tell_bytes(channel, result, usize::MAX);
    }
    result
}

unsafe extern "C" fn file_readinto(
    this: Object,
    class: Object,
    args: *const Object,
    count: isize,
    names: Object,
) -> Object {
    // SAFETY: called as the interpreter called us; what it read lies in its first argument.
    unsafe {
        let result = FILE_READINTO.of_class(this, class, args, count, names);
        if let Some((listener, channel)) = read(lowest(result, |layers| layers.of_file(this))) {
            listener.tell_bytes(channel, *args, size(result));
        }
        result
    }
}

/// A replacement of a system call that writes its second argument to the first: what it has written is told by this.
macro_rules! writes_to {
    ($function:ident = $hook:ident, $tell:ident) => {
        unsafe extern "C" fn $function(this: Object, args: *const Object, count: isize) -> Object {
            // SAFETY: called as the interpreter called us; it takes two arguments at least.
            unsafe {
                let result = $hook.fast(this, args, count);
                if let Some((listener, channel)) = written(lowest(result, |_| of_descriptor(*args)))
                {
                    listener.$tell(channel, *args.add(1), size(result));
                }
                result
            }
        }
    };
}

/// The same of one that returns what it has read.
macro_rules! reads_from {
    ($function:ident = $hook:ident) => {
        unsafe extern "C" fn $function(this: Object, args: *const Object, count: isize) -> Object {
            // SAFETY: as above.
            unsafe {
                let result = $hook.fast(this, args, count);
                if let Some((listener, channel)) = read(lowest(result, |_| of_descriptor(*args))) {
                    listener.tell_bytes(channel, result, usize::MAX);
                }
                result
            }
        }
    };
}

/// The same of one that reads into its second argument.
macro_rules! reads_into_from {
    ($function:ident = $hook:ident) => {
        unsafe extern "C" fn $function(this: Object, args: *const Object, count: isize) -> Object {
            // SAFETY: as above.
            unsafe {
                let result = $hook.fast(this, args, count);
                if let Some((listener, channel)) = read(lowest(result, |_| of_descriptor(*args))) {
                    listener.tell_buffers(channel, *args.add(1), size(result));
                }
                result
            }
        }
    };
}

writes_to!(os_write = OS_WRITE, tell_bytes);
writes_to!(os_pwrite = OS_PWRITE, tell_bytes);
writes_to!(os_writev = OS_WRITEV, tell_buffers);
writes_to!(os_pwritev = OS_PWRITEV, tell_buffers);

reads_from!(os_read = OS_READ);
reads_from!(os_pread = OS_PREAD);

reads_into_from!(os_readv = OS_READV);
reads_into_from!(os_preadv = OS_PREADV);

/// What is asked for is known by the prompt, wherever that is shown.
unsafe extern "C" fn input(this: Object, args: *const Object, count: isize) -> Object {
    // SAFETY: there are `count` arguments.
    let prompt = (count == 1).then(|| unsafe { *args });
    let prompt = prompt.filter(|&prompt| text::is_str(prompt));
    if let (Some(listener), Some(prompt)) = (listener(), prompt) {
        listener.ask(prompt);
    }
    // SAFETY: called as the interpreter called us.
    let (result, has_read) = turn::has_read(|| unsafe { INPUT.fast(this, args, count) });
    if let Some(listener) = listener() {
        if !has_read {
            // SAFETY: there is a result, or an exception.
            unsafe { tell_typed(listener, prompt, result) };
        }
        listener.is_answered();
    }
    result
}

/// Tells what was read by none of the methods: at a terminal the interpreter shows the prompt and reads the line itself.
///
/// # Safety
/// The result is null where an exception was raised.
unsafe fn tell_typed(listener: &Listener, prompt: Option<Object>, result: Object) {
    // SAFETY: the exception, if there is one, is put back as it was.
    unsafe {
        let error = ffi::PyErr_GetRaisedException();
        let was_shown = error.is_null() || has_broken_off(error);
        let prompt = prompt.filter(|&prompt| was_shown && text::is_exact(prompt));
        if let Some(prompt) = prompt.filter(|_| is_at_terminal(listener)) {
            listener.tell_str(Channel::Stdout, prompt);
        }
        ffi::PyErr_SetRaisedException(error);
    }
    if !result.is_null() {
        listener.tell_line(Channel::Stdin, result);
    }
}

/// Whether the interpreter reads a line from the terminal itself.
fn is_at_terminal(listener: &Listener) -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && listener.layers.is_input_reached()
}

/// Whether an exception is of those that a line is not typed to its end with.
///
/// # Safety
/// A live exception.
unsafe fn has_broken_off(error: Object) -> bool {
    // SAFETY: its class is looked for among those that it inherits from.
    unsafe {
        [ffi::PyExc_EOFError, ffi::PyExc_KeyboardInterrupt]
            .iter()
            .any(|class| ffi::PyErr_GivenExceptionMatches(error, *class) != 0)
    }
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

/// Tells what a layer has taken of what it was given: all, or as many bytes as its exception says, if it would have had to
/// wait for the rest. Nothing that is done to tell it meets the exception.
fn tell_taken(result: Object, tell: impl FnOnce(Option<usize>)) {
    if !result.is_null() {
        return tell(None);
    }
    // SAFETY: an exception was raised, and is put back as it was; one of this very class is laid out as the interpreter's.
    unsafe {
        let error = ffi::PyErr_GetRaisedException();
        if ffi::Py_TYPE(error).cast() == ffi::PyExc_BlockingIOError {
            let count = (*error.cast::<ffi::PyOSErrorObject>()).written;
            tell(Some(usize::try_from(count).unwrap_or(0)));
        }
        ffi::PyErr_SetRaisedException(error);
    }
}
