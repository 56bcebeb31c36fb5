//! Decimals, told apart by their memory: to make a text of one takes longer than all else at a line.
//!
//! Owns: where a Decimal keeps its digits. Must not: read them (`str` does).

use std::slice;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::interpreter;
use crate::trace::TypeKind;

use super::classes::made_by_class_statement;
use super::memo::Kind;
use super::scalars::Again;
use super::{Encoder, standard};

const WORD: usize = size_of::<usize>();

/// What was found in a Decimal of our own.
struct Known {
    /// Held, so that the address of its class means that class.
    zero: Py<PyAny>,
    /// Which word of its body points at the digits, where these lie in the body, too.
    digits: usize,
}

/// The class `decimal.Decimal`, once one of its instances was met.
#[derive(Default)]
pub struct Decimals {
    /// None inside: its instances keep nothing that they can be told by.
    known: Option<Option<Known>>,
}

/// What lies in an object behind its header.
fn body<'a>(object: Object) -> &'a [u8] {
    let header = size_of::<ffi::PyObject>();
    // SAFETY: a live object takes at least the basic size of its class (`Include/cpython/object.h`).
    unsafe {
        let size = (*ffi::Py_TYPE(object)).tp_basicsize.cast_unsigned();
        let start = object.cast::<u8>().add(header);
        slice::from_raw_parts(start, size.saturating_sub(header))
    }
}

/// Whether this word of a body points into it.
fn is_inner(body: &[u8], place: usize) -> bool {
    let (words, _) = body.as_chunks::<WORD>();
    let range = body.as_ptr_range();
    words.get(place).is_some_and(|word| {
        let address = usize::from_ne_bytes(*word);
        (range.start as usize..range.end as usize).contains(&address)
    })
}

impl Decimals {
    /// The memory that makes up the value of a Decimal and of no other: none where a part of it lies elsewhere.
    ///
    /// A Decimal is immutable, and holds numbers and one pointer, at its digits (`Modules/_decimal/_decimal.c`).
    fn content<'a>(&mut self, object: Object) -> Option<&'a [u8]> {
        // SAFETY: a live object.
        let class = unsafe { ffi::Py_TYPE(object) };
        if made_by_class_statement(class) {
            return None;
        }
        let known = self.known.get_or_insert_with(|| Known::of(class));
        let known = known.as_ref()?;
        // SAFETY: the Decimal of our own is alive.
        if unsafe { ffi::Py_TYPE(known.zero.as_ptr()) } != class {
            return None;
        }
        let body = body(object);
        is_inner(body, known.digits).then_some(body)
    }
}

impl Known {
    fn of(class: *mut ffi::PyTypeObject) -> Option<Self> {
        interpreter::attached(|py| {
            // SAFETY: a live class, written in C: to make an instance of it runs no code of the program.
            let class = unsafe { Bound::from_borrowed_ptr(py, class.cast()) };
            let zero = apart(|| class.call0().ok())?;
            let body = body(zero.as_ptr());
            let mut inner = (0..body.len() / WORD).filter(|&place| is_inner(body, place));
            let digits = inner.next()?;
            let is_alone = inner.next().is_none();
            is_alone.then(|| Self {
                zero: zero.unbind(),
                digits,
            })
        })
    }
}

/// `str()` of a Decimal.
pub fn text(object: Object) -> Option<String> {
    apart(|| standard::decimal_text(object))
}

/// Does something in a context that is nobody's: what `_decimal` is asked for makes the context of the thread where there
/// is none yet, and the program would not find there what it makes of `DefaultContext` later.
fn apart<R>(act: impl FnOnce() -> Option<R>) -> Option<R> {
    // SAFETY: the GIL is held; the context is entered and left by the same thread.
    unsafe {
        let context = ffi::PyContext_New();
        if context.is_null() || ffi::PyContext_Enter(context) != 0 {
            ffi::PyErr_Clear();
            ffi::Py_XDECREF(context);
            return None;
        }
        let result = act();
        if ffi::PyContext_Exit(context) != 0 {
            ffi::PyErr_Clear();
        }
        ffi::Py_DECREF(context);
        result
    }
}

impl Encoder<'_> {
    /// A Decimal as `str` writes it.
    pub(super) fn decimal(&mut self, object: Object, place: usize) {
        let content = self.values.decimals.content(object);
        let source = content.map(|content| self.source(Kind::Decimal, content, 0));
        if source.is_some_and(|source| matches!(self.again(&source), Again::Written)) {
            return self.note_content(content);
        }
        let begun = self.begin();
        let Some(text) = text(object) else {
            self.note_content(None);
            return self.by_type(object);
        };
        let type_id = self.class_type(place, TypeKind::Raw);
        let is_hidden = self.shown(&text, type_id);
        // The sign of an exponent is as `DefaultContext` wants it now.
        let is_settled = !text.contains(['e', 'E']);
        self.note_content(content.filter(|_| is_settled));
        if let Some(source) = source
            && !is_hidden
            && is_settled
        {
            self.keep(&source, begun);
        }
    }

    /// Notes the memory that decides what is shown of a Decimal; without it, that more does.
    fn note_content(&mut self, content: Option<&[u8]>) {
        self.note(|words| match content {
            // SAFETY: the body of a live object, which has a header before it.
            Some(content) => unsafe { words.bytes(content.as_ptr(), content.len()) },
            None => words.doubt(),
        });
    }
}
