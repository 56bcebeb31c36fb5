//! Secrets in values: under names that tell of one, and in texts.
//!
//! Owns: where in a value a name stands. Must not: judge a name or a text (the policy does).

use pyo3::ffi;

use crate::frame::Object;
use crate::object;
use crate::object::words::Words;
use crate::policy::{Mark, Redaction, Told};

use super::unchanged::is_simple;
use super::{Encoder, Values, classes, text};

/// Characters behind a limit that are looked at: what begins before it may be known by them alone.
const BEHIND: usize = 1024;
/// Characters of a text that is followed.
const FOLLOWED: usize = 1100;
/// Characters of a name.
const NAME: usize = 256;
/// Characters of a text that may be the number of a payment card, blanks around and between its digits included.
const CARD: std::ops::RangeInclusive<usize> = 13..=100;
/// Levels of containers below a name that may be a card's, and how many of the items of each are looked at at every line.
const CARD_LEVELS: usize = 2;
const CARD_ITEMS: usize = 50;
/// Flags of the types that inherit from int, str, bytes, list, tuple or dict.
const BUILT_IN: u64 = ffi::Py_TPFLAGS_LONG_SUBCLASS
    | ffi::Py_TPFLAGS_UNICODE_SUBCLASS
    | ffi::Py_TPFLAGS_BYTES_SUBCLASS
    | ffi::Py_TPFLAGS_LIST_SUBCLASS
    | ffi::Py_TPFLAGS_TUPLE_SUBCLASS
    | ffi::Py_TPFLAGS_DICT_SUBCLASS;
/// The smallest number of thirteen digits.
const SMALLEST_CARD: i64 = 1_000_000_000_000;

/// How much of a text is looked at to show this much.
pub(super) fn window(limit: usize) -> usize {
    limit.saturating_add(BEHIND)
}

/// The first `limit` characters of a text that is followed by `behind` more.
pub(super) fn cut(mut text: String, limit: usize, behind: usize) -> String {
    if text.len() > limit
        && let Some((end, _)) = text.char_indices().nth(limit)
    {
        let rest = text[end..].chars().count() + behind;
        text.truncate(end);
        text.push_str(&format!("… (+{rest} chars)"));
    }
    text
}

/// Whether a name that says this has a say in how this object is shown.
#[inline]
pub(super) fn has_say(told: &Told, object: Object) -> bool {
    match told {
        Told::Nothing => false,
        Told::Number => may_hold_card(object, CARD_LEVELS),
        Told::Secret(_) => true,
    }
}

/// Whether a name that says this asks for more of an object than what is shown of it, so that no words decide the answer.
#[inline]
pub(super) fn looks_inside(told: &Told, object: Object) -> bool {
    matches!(told, Told::Number) && !is_simple(object) && !is_small_instance(object)
}

impl Encoder<'_> {
    /// The value of something whose name says this of it.
    #[inline(always)]
    pub(super) fn named_value(&mut self, told: &Told, object: Object, depth: usize) {
        match told {
            Told::Nothing => self.value(object, depth),
            _ => self.telling_value(told, object, depth),
        }
    }

    fn telling_value(&mut self, told: &Told, object: Object, depth: usize) {
        let card = match told {
            Told::Secret(mark) => {
                self.values.follow(object, mark);
                return self.marked(object, mark);
            }
            Told::Number => {
                if looks_inside(told, object) {
                    self.note(Words::doubt);
                }
                let may_be = may_hold_card(object, CARD_LEVELS);
                may_be.then(|| self.values.card(object)).flatten()
            }
            Told::Nothing => None,
        };
        match card {
            Some(mark) => self.marked(object, &mark),
            None => self.value(object, depth),
        }
    }

    /// What a dict's key says of its value.
    pub(super) fn key(&mut self, key: Object) -> Told {
        let mut scratch = String::new();
        // SAFETY: a live object; what is read is of the type that was checked.
        unsafe {
            if text::is_str(key) {
                let name = text::read(key, NAME, &mut scratch).text;
                self.values.redaction.name(name)
            } else if ffi::PyBytes_CheckExact(key) != 0 {
                let name = text::bytes_of(key);
                let name = String::from_utf8_lossy(&name[..name.len().min(NAME)]);
                self.values.redaction.name(&name)
            } else {
                Told::Nothing
            }
        }
    }

    /// What an item of a list says of the next one: it is an option of a command, `--token`.
    pub(super) fn option(&mut self, item: Object) -> Told {
        if !text::is_str(item) {
            return Told::Nothing;
        }
        let mut scratch = String::new();
        let argument = text::read(item, NAME, &mut scratch).text;
        self.values.redaction.option(argument)
    }

    /// What the first of a tuple of two says of the second.
    pub(super) fn pair_name(&mut self, item: Object) -> Told {
        // SAFETY: a live object; the items of an exact tuple.
        unsafe {
            if ffi::PyTuple_CheckExact(item) == 0 || ffi::PyTuple_GET_SIZE(item) != 2 {
                return Told::Nothing;
            }
            self.key(ffi::PyTuple_GET_ITEM(item, 0))
        }
    }
}

impl Values {
    /// Follows the texts in a value that is hidden.
    pub(super) fn follow(&mut self, object: Object, mark: &Mark) {
        self.passing += 1;
        self.each_text(object, &mut |redaction, text| follow(redaction, text, mark));
    }

    /// Follows the numbers of payment cards in a value whose name says that there may be one; the mark in its place where
    /// it is one itself, or holds one that is an int, which is not looked at anywhere else.
    #[cold]
    fn card(&mut self, object: Object) -> Option<Mark> {
        self.passing += 1;
        let mut found = None;
        let mut scratch = String::new();
        self.each_text(object, &mut |redaction, text| {
            if may_hold_card(text, 0)
                && let Some(mark) =
                    text_of(text, &mut scratch).and_then(|text| redaction.card(text))
            {
                // SAFETY: a live object.
                let is_int = unsafe { ffi::PyLong_Check(text) != 0 };
                if text == object || is_int {
                    found = Some(mark);
                }
            }
        });
        found
    }
}

/// Follows what of an object is a text.
fn follow(redaction: &mut Redaction, object: Object, mark: &Mark) {
    // SAFETY: a live object; what is read is of the type that was checked.
    unsafe {
        if ffi::PyBytes_Check(object) != 0 || ffi::PyByteArray_Check(object) != 0 {
            let bytes = text::bytes_of(object);
            return redaction.follow_bytes(&bytes[..bytes.len().min(FOLLOWED)], mark);
        }
    }
    if let Some(text) = text_of(object, &mut String::new()) {
        redaction.follow(text, mark);
    }
}

/// Whether an object is as long as the number of a payment card, with what may stand between its digits, or holds one that
/// is among its first items.
fn may_hold_card(object: Object, levels: usize) -> bool {
    // SAFETY: a live object; what is read is of the type that was checked.
    unsafe {
        if is_small_instance(object) {
            false
        } else if ffi::PyLong_CheckExact(object) != 0 {
            let mut overflow = 0;
            let number = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
            overflow != 0 || number >= SMALLEST_CARD
        } else if text::is_str(object) {
            CARD.contains(&ffi::PyUnicode_GET_LENGTH(object).cast_unsigned())
        } else if ffi::PyBytes_Check(object) != 0 || is_of(object, &raw mut ffi::PyByteArray_Type) {
            CARD.contains(&text::bytes_of(object).len())
        } else {
            levels > 0 && holds_card(object, levels - 1)
        }
    }
}

/// Whether an object's type tells at a glance that it holds neither text nor items: it inherits from none of the types
/// that have a flag for that, and is smaller than those that have none.
#[inline]
fn is_small_instance(object: Object) -> bool {
    // SAFETY: a live object, and types.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let smallest = ffi::PyByteArray_Type.tp_basicsize;
        object::flags(class) & BUILT_IN == 0 && (*class).tp_basicsize < smallest
    }
}

/// Whether an object is of a type, or of one that inherits from it. Those are made at run time, and their instances are no
/// smaller (`Objects/typeobject.c`, `inherit_special`): that is found out sooner.
fn is_of(object: Object, class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: a live object, and types.
    unsafe {
        let own = ffi::Py_TYPE(object);
        let may_inherit = || (*own).tp_basicsize >= (*class).tp_basicsize && classes::is_heap(own);
        own == class || (may_inherit() && classes::inherits(own, class))
    }
}

fn holds_card(container: Object, levels: usize) -> bool {
    // SAFETY: a live object; items below the size of a list or tuple.
    unsafe {
        let items = || ffi::Py_SIZE(container).min(CARD_ITEMS.cast_signed());
        // One that is still being filled has places without an item.
        let holds = |item: Object| !item.is_null() && may_hold_card(item, levels);
        if ffi::PyList_Check(container) != 0 {
            (0..items()).any(|index| holds(ffi::PyList_GET_ITEM(container, index)))
        } else if ffi::PyTuple_Check(container) != 0 {
            (0..items()).any(|index| holds(ffi::PyTuple_GET_ITEM(container, index)))
        } else if ffi::PyDict_Check(container) != 0 {
            let (mut found, mut left) = (false, CARD_ITEMS);
            object::each_item(container, |_, value| {
                found = may_hold_card(value, levels);
                left -= 1;
                !found && left > 0
            });
            found
        } else {
            let sets = [&raw mut ffi::PySet_Type, &raw mut ffi::PyFrozenSet_Type];
            sets.into_iter().any(|class| is_of(container, class)) && ffi::PySet_Size(container) > 0
        }
    }
}

/// What of an object is a text: of a str, of bytes, of an int; `scratch` holds it where it does not lie there as it is.
fn text_of(object: Object, scratch: &mut String) -> Option<&str> {
    // SAFETY: a live object; what is read is of the type that was checked.
    unsafe {
        if text::is_str(object) {
            return Some(text::read(object, FOLLOWED, scratch).text);
        }
        if ffi::PyBytes_Check(object) != 0 || ffi::PyByteArray_Check(object) != 0 {
            let bytes = text::bytes_of(object);
            *scratch = String::from_utf8_lossy(&bytes[..bytes.len().min(FOLLOWED)]).into_owned();
        } else if ffi::PyLong_CheckExact(object) != 0 {
            scratch.clear();
            text::scalar(object, false, FOLLOWED, scratch);
        } else {
            return None;
        }
    }
    Some(scratch)
}
