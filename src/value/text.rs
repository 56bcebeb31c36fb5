//! Texts of objects: str and bytes read from memory, numbers, and messages of exceptions.
//!
//! Owns: how an exact built-in reads as text. Must not: call anything that could run the program's
//! code, or leave a trace in the object (`PyUnicode_AsUTF8` would cache its result there).

use std::ffi::CStr;
use std::fmt::Write;
use std::slice;

use pyo3::ffi;

use crate::frame::Object;
use crate::object::content;

use super::classes::{inherits, is_heap};

/// What stands for a lone surrogate, which UTF-8 has no form for.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Hides the secrets in a text that is followed by so many characters more; none where it holds none.
pub type Veil<'a> = dyn FnMut(&str, usize) -> Option<String> + 'a;

/// The first part of a text, and how many characters follow it.
pub struct Piece<'a> {
    /// The part.
    pub text: &'a str,
    /// Characters left out behind it.
    pub rest: usize,
}

/// Whether the object is a str, subclasses included.
#[inline]
pub fn is_str(object: Object) -> bool {
    // SAFETY: a live object.
    unsafe { ffi::PyUnicode_Check(object) != 0 }
}

/// Whether the object is a str of the exact type: no code of the program runs when it goes.
#[inline]
pub fn is_exact(object: Object) -> bool {
    // SAFETY: a live object.
    unsafe { ffi::PyUnicode_CheckExact(object) != 0 }
}

/// Whether the first so many characters of a str are ASCII, a byte each; the str itself may say so.
#[cfg(not(Py_3_14))]
#[inline]
unsafe fn is_ascii(object: Object, _data: *const u8, _count: usize) -> bool {
    // SAFETY: a live str.
    unsafe { ffi::PyUnicode_IS_COMPACT_ASCII(object) != 0 }
}

#[cfg(Py_3_14)]
#[inline]
unsafe fn is_ascii(object: Object, data: *const u8, count: usize) -> bool {
    // SAFETY: a live str, whose characters lie there, so many of them at least.
    unsafe {
        ffi::PyUnicode_KIND(object) == ffi::PyUnicode_1BYTE_KIND
            && slice::from_raw_parts(data, count).is_ascii()
    }
}

/// The first `max` characters of a str; `scratch` holds them where the str is not ASCII.
#[inline]
pub fn read<'a>(object: Object, max: usize, scratch: &'a mut String) -> Piece<'a> {
    // SAFETY: a live str in its canonical form (every str is, since 3.12); an ASCII str is valid UTF-8.
    unsafe {
        let length = usize::try_from(ffi::PyUnicode_GET_LENGTH(object)).unwrap_or(0);
        let shown = length.min(max);
        let data = ffi::PyUnicode_DATA(object);
        if is_ascii(object, data.cast(), shown) {
            let bytes = slice::from_raw_parts(data.cast::<u8>(), shown);
            return Piece {
                text: str::from_utf8_unchecked(bytes),
                rest: length - shown,
            };
        }
        scratch.clear();
        match ffi::PyUnicode_KIND(object) {
            ffi::PyUnicode_1BYTE_KIND => {
                let bytes = slice::from_raw_parts(data.cast::<u8>(), shown);
                scratch.extend(bytes.iter().map(|&unit| char::from(unit)));
            }
            ffi::PyUnicode_2BYTE_KIND => {
                push_units(scratch, slice::from_raw_parts(data.cast::<u16>(), shown))
            }
            _ => push_units(scratch, slice::from_raw_parts(data.cast::<u32>(), shown)),
        }
        Piece {
            text: scratch,
            rest: length - shown,
        }
    }
}

fn push_units<U: Copy + Into<u32>>(scratch: &mut String, units: &[U]) {
    scratch.extend(
        units
            .iter()
            .map(|&unit| char::from_u32(unit.into()).unwrap_or(REPLACEMENT)),
    );
}

/// The whole of a str as UTF-8, lone surrogates replaced.
pub fn whole(object: Object) -> String {
    let mut scratch = String::new();
    read(object, usize::MAX, &mut scratch).text.to_owned()
}

/// The longest start of `text` whose JSON text takes at most `room` bytes.
pub fn fit(text: &str, room: usize) -> &str {
    if text.len() <= room / 6 {
        return text;
    }
    let mut used = 0;
    for (at, unit) in text.char_indices() {
        used += match unit {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            unit if unit < ' ' => 6,
            unit => unit.len_utf8(),
        };
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// The first `max` bytes as Python writes them, `b'…'`.
pub fn bytes_literal(bytes: &[u8], max: usize) -> String {
    let shown = &bytes[..bytes.len().min(max)];
    let quote = quote_around(shown);
    let mut text = String::with_capacity(shown.len() + 3);
    text.push('b');
    text.push(quote);
    for &byte in shown {
        match byte {
            b'\n' | b'\r' | b'\t' | b' '..=b'~' => push_quoted(byte.into(), quote, &mut text),
            byte => {
                let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
                text.push_str("\\x");
                text.push(digit(byte >> 4));
                text.push(digit(byte & 15));
            }
        }
    }
    text.push(quote);
    text
}

/// The memory of a bytes or bytearray object (or of what inherits from them), borrowed.
pub fn bytes_of<'a>(object: Object) -> &'a [u8] {
    // SAFETY: a live bytes or bytearray; its memory stays while no code of the program runs.
    unsafe {
        let (data, size) = if ffi::PyBytes_Check(object) != 0 {
            (ffi::PyBytes_AS_STRING(object), ffi::PyBytes_Size(object))
        } else {
            (
                ffi::PyByteArray_AsString(object).cast_const(),
                ffi::PyByteArray_Size(object),
            )
        };
        if data.is_null() {
            return &[];
        }
        slice::from_raw_parts(data.cast::<u8>(), usize::try_from(size).unwrap_or(0))
    }
}

/// A float as Python's `repr` writes it: the shortest digits that read back as the same float, with an exponent below
/// 1e-4 and from 1e16 on (`Python/pystrtod.c`, `format_float_short`).
pub fn float(value: f64, text: &mut String) {
    text.clear();
    if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value);
        if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
            text.push_str(shortest);
        } else {
            with_exponent(shortest, text);
        }
    } else if value.is_nan() {
        text.push_str("nan");
    } else {
        text.push_str(if value > 0.0 { "inf" } else { "-inf" });
    }
}

/// `1e16`, `1.5e-7` or `0.000012` (the smallest that zmij writes without an exponent) as Python writes it: with a sign and
/// at least two digits of exponent.
fn with_exponent(shortest: &str, text: &mut String) {
    if let Some((digits, exponent)) = shortest.split_once('e') {
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let _ = write!(text, "{digits}e{exponent:+03}");
        return;
    }
    let minus = if shortest.starts_with('-') { "-" } else { "" };
    let digits = shortest.trim_start_matches(['-', '0', '.']);
    let (first, others) = digits.split_at(1);
    let point = if others.is_empty() { "" } else { "." };
    let _ = write!(text, "{minus}{first}{point}{others}e-05");
}

/// A short text of an exact built-in scalar, as it stands in a message; others by type only.
/// `literal`: str as Python's `repr` would quote it.
pub fn scalar(object: Object, literal: bool, max: usize, text: &mut String) {
    veiled(object, literal, max, &mut |_, _| None, text);
}

/// The same, with secrets hidden that could not be seen any more when their text is quoted or cut.
fn veiled(object: Object, literal: bool, max: usize, veil: &mut Veil<'_>, text: &mut String) {
    // SAFETY: a live object; each branch has checked the exact type it reads.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if is_str(object) {
            push_str(object, literal, max, veil, text);
        } else if object == ffi::Py_None() {
            text.push_str("None");
        } else if class == &raw mut ffi::PyBool_Type {
            text.push_str(if object == ffi::Py_True() {
                "True"
            } else {
                "False"
            });
        } else if ffi::PyLong_Check(object) != 0 {
            push_int(object, max, text);
        } else if class == &raw mut ffi::PyFloat_Type {
            let mut digits = String::new();
            float(ffi::PyFloat_AS_DOUBLE(object), &mut digits);
            text.push_str(&digits);
        } else if class == &raw mut ffi::PyBytes_Type {
            push_bytes(object, max, veil, text);
        } else {
            let _ = write!(text, "<{}>", class_name(class));
        }
    }
}

fn push_str(object: Object, literal: bool, max: usize, veil: &mut Veil<'_>, text: &mut String) {
    let mut scratch = String::new();
    let piece = read(object, max, &mut scratch);
    let is_changed = literal || piece.rest > 0;
    let hidden = is_changed.then(|| veil(piece.text, piece.rest)).flatten();
    let shown = hidden.as_deref().unwrap_or(piece.text);
    if literal {
        push_literal(shown, text);
    } else {
        text.push_str(shown);
    }
    if piece.rest > 0 {
        let _ = write!(text, "… (+{} chars)", piece.rest);
    }
}

fn push_int(object: Object, max: usize, text: &mut String) {
    let mut overflow = 0;
    // SAFETY: a live int, or what inherits from it.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
    if overflow == 0 {
        let _ = write!(text, "{value}");
        return;
    }
    match big_int(object).filter(|digits| digits.len() <= max) {
        Some(digits) => text.push_str(&digits),
        None => text.push_str("<int>"),
    }
}

/// An int as `int` writes it; none that has so many digits that it might do so by code in Python, or not at all
/// (`long_to_decimal_string_internal` in `Objects/longobject.c`).
fn big_int(object: Object) -> Option<String> {
    // SAFETY: a live int, or what inherits from it.
    unsafe {
        content::is_moderate(object)
            .then(|| made_by(ffi::PyLong_Type.tp_repr, object))
            .flatten()
    }
}

/// The text that the function of a type written in C makes of an object of that type, or of what inherits from it.
///
/// # Safety
/// A live object of that kind, in which the function calls nothing of the program's.
pub unsafe fn made_by(write: Option<ffi::reprfunc>, object: Object) -> Option<String> {
    // SAFETY: the caller's promise; null with an exception set, or a new str.
    unsafe {
        let made = write?(object);
        if made.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let text = whole(made);
        ffi::Py_DECREF(made);
        Some(text)
    }
}

fn push_bytes(object: Object, max: usize, veil: &mut Veil<'_>, text: &mut String) {
    let bytes = bytes_of(object);
    let seen = &bytes[..bytes.len().min(max)];
    let hidden = veil(&String::from_utf8_lossy(seen), bytes.len() - seen.len());
    let shown = hidden.as_ref().map_or(seen, |hidden| hidden.as_bytes());
    text.push_str(&bytes_literal(shown, max));
}

fn push_literal(piece: &str, text: &mut String) {
    let quote = quote_around(piece.as_bytes());
    text.push(quote);
    for unit in piece.chars() {
        push_quoted(unit, quote, text);
    }
    text.push(quote);
}

/// The quotes that Python's `repr` would set around a text.
fn quote_around(text: &[u8]) -> char {
    if text.contains(&b'\'') && !text.contains(&b'"') {
        '"'
    } else {
        '\''
    }
}

/// A character as it stands between these quotes.
fn push_quoted(unit: char, quote: char, text: &mut String) {
    match unit {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        unit => {
            if unit == quote || unit == '\\' {
                text.push('\\');
            }
            text.push(unit);
        }
    }
}

/// The `__name__` of a class, read from the type itself.
pub fn class_name(class: *mut ffi::PyTypeObject) -> String {
    // SAFETY: a live type; a heap type holds its name as a str, another's `tp_name` is a C string,
    // with the module before it.
    unsafe {
        if is_heap(class) {
            return whole((*class.cast::<ffi::PyHeapTypeObject>()).ht_name);
        }
        let name = CStr::from_ptr((*class).tp_name).to_string_lossy();
        name.rsplit('.').next().unwrap_or_default().to_owned()
    }
}

/// `Type: message` of an exception.
pub fn exception(object: Object, max: usize, veil: &mut Veil<'_>) -> String {
    // SAFETY: a live object.
    let mut text = class_name(unsafe { ffi::Py_TYPE(object) });
    let message = exception_message(object, max, veil);
    if !message.is_empty() {
        text.push_str(": ");
        text.push_str(&message);
    }
    text
}

/// The message of an exception, made from its arguments as the built-in exceptions make it; an own
/// `__str__` is not called.
pub fn exception_message(object: Object, max: usize, veil: &mut Veil<'_>) -> String {
    // SAFETY: a live instance of BaseException (`Include/cpython/pyerrors.h`).
    unsafe {
        let args = (*object.cast::<ffi::PyBaseExceptionObject>()).args;
        let mut message = String::new();
        if inherits(ffi::Py_TYPE(object), ffi::PyExc_OSError.cast()) {
            os_error(object, max, veil, &mut message);
        }
        if message.is_empty() && !args.is_null() {
            arguments(object, args, max, veil, &mut message);
        }
        message
    }
}

unsafe fn arguments(
    object: Object,
    args: Object,
    max: usize,
    veil: &mut Veil<'_>,
    message: &mut String,
) {
    // SAFETY: `args` of an exception is always a tuple (`Objects/exceptions.c`).
    unsafe {
        let key_error = inherits(ffi::Py_TYPE(object), ffi::PyExc_KeyError.cast());
        match ffi::PyTuple_GET_SIZE(args) {
            0 => {}
            1 => veiled(
                ffi::PyTuple_GET_ITEM(args, 0),
                key_error,
                max,
                veil,
                message,
            ),
            count => {
                message.push('(');
                for index in 0..count {
                    if index > 0 {
                        message.push_str(", ");
                    }
                    if message.len() > max {
                        message.push('…');
                        break;
                    }
                    veiled(ffi::PyTuple_GET_ITEM(args, index), true, max, veil, message);
                }
                message.push(')');
            }
        }
    }
}

/// `[Errno 2] No such file or directory: 'name'`, where number and text are there.
unsafe fn os_error(object: Object, max: usize, veil: &mut Veil<'_>, message: &mut String) {
    // SAFETY: an instance of OSError has this layout (`Include/cpython/pyerrors.h`).
    unsafe {
        let error = object.cast::<ffi::PyOSErrorObject>();
        let (number, problem) = ((*error).myerrno, (*error).strerror);
        if number.is_null() || problem.is_null() {
            return;
        }
        message.push_str("[Errno ");
        veiled(number, false, max, veil, message);
        message.push_str("] ");
        veiled(problem, false, max, veil, message);
        let names = [((*error).filename, ": "), ((*error).filename2, " -> ")];
        for (name, before) in names {
            if !name.is_null() && name != ffi::Py_None() {
                message.push_str(before);
                veiled(name, true, max, veil, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_python_writes_them() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-0.1, "-0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-0.000_012_5, "-1.25e-05"),
            (0.000_000_1, "1e-07"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (-1.5e100, "-1.5e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (-f64::NAN, "nan"),
        ] {
            let mut text = String::new();
            float(value, &mut text);
            assert_eq!(text, expected);
        }
    }
}
