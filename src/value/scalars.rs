//! Values of one text or number: int, float, str, bytes, and what reads as a text.
//!
//! Owns: where a text is cut, and that what is hidden in it is hidden before. Must not: run code of the program.

use std::rc::Rc;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::interpreter;
use crate::trace::{Place, TypeId, TypeKind};

use super::memo::{Kind, Seen, Source};
use super::{Encoder, Known, Truncations, redacted, text};

/// The longest JSON form of a character, or of a byte in a literal.
pub(super) const LONGEST_FORM: usize = 6;

/// What an earlier value has left to do of one that is made from the same.
pub(super) enum Again {
    /// Nothing.
    Written,
    /// To write it: nothing in it is to be hidden.
    Harmless,
    /// All.
    New,
}

/// Where a value begins that may be remembered.
pub(super) struct Begun {
    place: Place,
    truncations: Truncations,
}

impl Encoder<'_> {
    pub(super) fn room(&self) -> usize {
        self.values.bounds.bytes.saturating_sub(self.used())
    }

    pub(super) fn raw(&mut self, text: &str, type_id: TypeId) {
        let text = text::fit(text, self.room().max(64));
        self.out.raw(text, type_id);
    }

    /// A text that stands for an object, its secrets hidden; whether there was one.
    pub(super) fn shown(&mut self, text: &str, type_id: TypeId) -> bool {
        let source = self.source(Kind::Text(type_id), text.as_bytes(), 0);
        if let Again::Written = self.again(&source) {
            return false;
        }
        let begun = self.begin();
        let hidden = self.values.redaction.text(text);
        self.raw(hidden.as_deref().unwrap_or(text), type_id);
        if hidden.is_none() {
            self.keep(&source, begun);
        }
        hidden.is_some()
    }

    pub(super) fn int(&mut self, object: Object, type_id: TypeId) {
        let mut overflow = 0;
        // SAFETY: an int; for one, nothing of the program's is called.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
        if overflow == 0 {
            self.out.int(value, type_id);
        } else {
            self.big_int(object, overflow < 0, type_id);
        }
    }

    /// An int beyond 64 bits: its magnitude, or its size alone where that is beyond the limit.
    fn big_int(&mut self, object: Object, negative: bool, type_id: TypeId) {
        let room = self.values.bounds.string.min(self.room() / 2);
        let magnitude = interpreter::attached(|py| -> PyResult<Result<Vec<u8>, usize>> {
            // SAFETY: an int; the methods of the exact type are called, not those of a subclass.
            let number = unsafe { Bound::from_borrowed_ptr(py, object) };
            let int = py.get_type::<pyo3::types::PyInt>();
            let bits: usize = int.call_method1("bit_length", (&number,))?.extract()?;
            let size = bits.div_ceil(8);
            if size > room {
                return Ok(Err(bits));
            }
            let number = int.call_method1("__abs__", (number,))?;
            Ok(Ok(int
                .call_method1("to_bytes", (number, size, "big"))?
                .extract()?))
        });
        match magnitude {
            Ok(Ok(bytes)) => self.out.big_int(&bytes, negative, type_id),
            Ok(Err(bits)) => self.mark_int(&format!("<int of {bits} bits>")),
            Err(_) => {
                self.values.passing += 1;
                self.mark_int("<int>");
            }
        }
    }

    fn mark_int(&mut self, text: &str) {
        self.count_cut(self.room() / 2);
        let type_id = self.definitions.plain_type(TypeKind::NonExpanded, "int");
        self.raw(text, type_id);
    }

    /// An exact float.
    pub(super) fn exact_float(&mut self, value: f64) {
        if let Some(digits) = self.values.floats.find(value) {
            return self.out.append(digits);
        }
        let type_id = self.known(Known::Float);
        let begun = self.out.place();
        self.float(value, type_id);
        self.values.floats.keep(value, self.out.since(begun));
    }

    pub(super) fn float(&mut self, value: f64, type_id: TypeId) {
        let mut digits = std::mem::take(&mut self.values.scratch);
        text::float(value, &mut digits);
        self.out.float(&digits, type_id);
        self.values.scratch = digits;
    }

    /// A str, or what inherits from str (`place`: its class); looked at whole before it is cut.
    pub(super) fn string(&mut self, object: Object, place: Option<usize>) {
        let mut scratch = std::mem::take(&mut self.values.scratch);
        let limit = self.values.bounds.string.min(self.room());
        let seen = text::read(object, redacted::window(limit), &mut scratch);
        let source = self.source(Kind::Str, seen.text.as_bytes(), seen.rest);
        let again = match place {
            None => self.again(&source),
            Some(_) => Again::New,
        };
        if !matches!(again, Again::Written) {
            let begun = self.begin();
            let hidden = match again {
                Again::Harmless => None,
                _ => self.values.redaction.part(seen.text, seen.rest),
            };
            let text = hidden.as_deref().unwrap_or(seen.text);
            self.text(text, seen.rest, limit, place);
            if place.is_none() && hidden.is_none() {
                self.keep(&source, begun);
            }
        }
        self.values.scratch = scratch;
    }

    /// The first `limit` characters of a text that is followed by `rest` more.
    fn text(&mut self, text: &str, rest: usize, limit: usize, place: Option<usize>) {
        let room = self.room();
        let end = if text.len() > limit {
            let end = text.char_indices().nth(limit);
            end.map_or(text.len(), |(end, _)| end)
        } else {
            text.len()
        };
        let shown = text::fit(&text[..end], room);
        if shown.len() == text.len() && rest == 0 {
            let type_id = match place {
                None => self.known(Known::Str),
                Some(place) => self.class_type(place, TypeKind::String),
            };
            self.out.string(shown, type_id);
            return;
        }
        let cut = text[shown.len()..].chars().count() + rest;
        let type_id = match place {
            None => self.known(Known::CutStr),
            Some(place) => {
                let name = format!("{} (cut)", self.values.classes.get(place).name);
                self.definitions.plain_type(TypeKind::String, &name)
            }
        };
        self.count_cut(room);
        self.out
            .string(&format!("{shown}… (+{cut} chars)"), type_id);
    }

    /// Bytes, or a bytearray, or what inherits from one.
    pub(super) fn bytes(&mut self, object: Object, place: usize) {
        let whole = text::bytes_of(object);
        let max = self.values.bounds.string.min(self.room() / 5);
        let (seen, behind) = whole.split_at(whole.len().min(redacted::window(max)));
        let source = self.source(Kind::Bytes, seen, behind.len());
        // SAFETY: a live object.
        let is_exact = unsafe { ffi::PyBytes_CheckExact(object) } != 0;
        let again = if is_exact {
            self.again(&source)
        } else {
            Again::New
        };
        let begun = self.begin();
        let hidden = match again {
            Again::Written => return,
            Again::Harmless => None,
            Again::New => {
                let text = String::from_utf8_lossy(seen);
                self.values.redaction.part(&text, behind.len())
            }
        };
        let (bytes, rest) = match &hidden {
            Some(text) => (text.as_bytes(), behind.len()),
            None => (whole, 0),
        };
        self.literal(bytes, rest, max, place);
        if is_exact && hidden.is_none() {
            self.keep(&source, begun);
        }
    }

    /// The first `max` bytes of those that are followed by `rest` more.
    fn literal(&mut self, bytes: &[u8], rest: usize, max: usize, place: usize) {
        let name = Rc::clone(&self.values.classes.get(place).name);
        let mut literal = text::bytes_literal(bytes, max);
        if &*name != "bytes" {
            literal = format!("{name}({literal})");
        }
        let size = bytes.len() + rest;
        if size <= max {
            let type_id = self.class_type(place, TypeKind::String);
            return self.out.raw(&literal, type_id);
        }
        self.count_cut(self.room() / 5);
        let name = format!("{name} (cut)");
        let type_id = self.definitions.plain_type(TypeKind::String, &name);
        let cut = size - max;
        self.out.raw(&format!("{literal}… (+{cut} bytes)"), type_id);
    }

    /// Counts a text or number that was cut.
    fn count_cut(&mut self, room: usize) {
        let Truncations {
            string,
            value_bytes,
            ..
        } = &mut self.values.truncations;
        let limit = if room < self.values.bounds.string {
            value_bytes
        } else {
            string
        };
        *limit += 1;
    }
}

/// Values that are written again.
impl Encoder<'_> {
    #[inline]
    pub(super) fn source<'a>(&self, kind: Kind, content: &'a [u8], rest: usize) -> Source<'a> {
        let limit = match kind {
            Kind::Str | Kind::Bytes => self.values.bounds.string,
            Kind::Decimal | Kind::Text(_) => usize::MAX,
        };
        Source {
            kind,
            limit,
            content,
            rest,
        }
    }

    /// Whether the value at hand leaves so much room that this one is not cut for it.
    #[inline]
    fn is_ample(&self, source: &Source<'_>) -> bool {
        let shown = source.limit.min(source.content.len() + source.rest);
        shown.saturating_mul(LONGEST_FORM) <= self.room()
    }

    /// Appends what was made from the same before, if it was.
    #[inline]
    pub(super) fn again(&mut self, source: &Source<'_>) -> Again {
        let values = &self.values;
        let kept = match values.memo.find(source, values.redaction.followed()) {
            Seen::Never => return Again::New,
            Seen::Whole(kept) if self.is_ample(source) => kept,
            Seen::Whole(_) | Seen::Harmless => return Again::Harmless,
        };
        self.out.append(&kept.value);
        let is_cut = kept.is_cut;
        self.values.truncations.string += u64::from(is_cut);
        Again::Written
    }

    #[inline]
    pub(super) fn begin(&self) -> Begun {
        Begun {
            place: self.out.place(),
            truncations: self.values.truncations,
        }
    }

    /// Remembers what was written since; nothing that was cut for want of room, since that has left none.
    pub(super) fn keep(&mut self, source: &Source<'_>, begun: Begun) {
        if !self.is_ample(source) {
            return;
        }
        let is_cut = self.values.truncations != begun.truncations;
        let followed = self.values.redaction.followed();
        let value = self.out.since(begun.place);
        self.values.memo.keep(source, followed, value, is_cut);
    }
}
