//! The attributes of an instance whose value is kept: where one of them has changed, the others are as they were.
//!
//! Owns: what of a value belongs to which attribute, and a value in which some are written anew. Must not: say how long a
//! value stands.

use std::ops::Range;

use crate::frame::Object;
use crate::object::words::Words;
use crate::trace::{LONGEST_KEPT, Place};

use super::scalars::LONGEST_FORM;
use super::unchanged::{Extent, Moment};
use super::{Bounds, Encoder, OUTER_NESTING};

/// The share of one attribute.
struct Part {
    /// From the one that says which object it is.
    words: Range<usize>,
    bytes: Range<usize>,
    extent: Extent,
}

/// The attributes that a value shows, or none where they cannot be told apart.
#[derive(Default)]
pub struct Parts {
    list: Vec<Part>,
    is_off: bool,
}

/// Where the share of an attribute begins.
pub(super) struct Begun {
    word: usize,
    place: Place,
    moment: Moment,
}

/// A value, what it was made from, and what it showed.
#[derive(Default)]
pub(super) struct Kept {
    pub words: Words,
    pub parts: Parts,
    /// None where the main stream keeps the value at the object's place, and it has no parts.
    pub bytes: Vec<u8>,
    pub extent: Extent,
    /// How it was made: under these limits, as all stood.
    pub bounds: Bounds,
    pub standing: usize,
    /// Bytes that it takes here and as it is written.
    pub weight: usize,
}

impl Parts {
    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.is_off = false;
    }

    /// Adds the share of the next attribute.
    #[inline]
    pub(super) fn add(&mut self, words: Range<usize>, bytes: Range<usize>, extent: Extent) {
        if !self.is_off {
            self.list.push(Part {
                words,
                bytes,
                extent,
            });
        }
    }

    /// Says that attributes cannot be told apart.
    pub(super) fn give_up(&mut self) {
        self.list.clear();
        self.is_off = true;
    }

    pub(super) fn are_none(&self) -> bool {
        self.list.is_empty()
    }

    /// The attribute that a word belongs to.
    fn of_word(&self, word: usize) -> Option<usize> {
        (self.list.iter()).position(|part| part.words.contains(&word))
    }
}

impl Kept {
    /// Bytes that it takes here.
    pub(super) fn size(&self) -> usize {
        let parts = self.parts.list.capacity() * size_of::<Part>();
        self.words.weight() + parts + self.bytes.capacity()
    }

    /// Puts another share in the place of an attribute's.
    fn replace(&mut self, index: usize, words: &Words, bytes: &[u8], extent: Extent) {
        let part = &mut self.parts.list[index];
        self.words.replace(part.words.clone(), words);
        if bytes.len() == part.bytes.len() {
            self.bytes[part.bytes.clone()].copy_from_slice(bytes);
        } else {
            (self.bytes).splice(part.bytes.clone(), bytes.iter().copied());
        }
        self.extent.replace(&part.extent, &extent);
        let (old_word, old_byte) = (part.words.end, part.bytes.end);
        let (word, byte) = (
            part.words.start + words.count(),
            part.bytes.start + bytes.len(),
        );
        (part.words.end, part.bytes.end, part.extent) = (word, byte, extent);
        if (word, byte) != (old_word, old_byte) {
            let moved = |range: &Range<usize>, old: usize, new: usize| {
                range.start - old + new..range.end - old + new
            };
            for part in &mut self.parts.list[index + 1..] {
                part.words = moved(&part.words, old_word, word);
                part.bytes = moved(&part.bytes, old_byte, byte);
            }
        }
    }
}

impl Encoder<'_> {
    /// The share of an attribute begins here, and with a word that was noted.
    pub(super) fn begin_part(&mut self, word: usize) -> Begun {
        self.values.notes.begin_part();
        Begun {
            word,
            place: self.out.place(),
            moment: self.values.moment(self.out),
        }
    }

    /// What was shown and noted since is the share of an attribute.
    pub(super) fn end_part(&mut self, begun: &Begun) {
        let Some(extent) = self.values.extent_since(begun.moment, self.out) else {
            return self.values.notes.give_up_parts();
        };
        let (from, to) = (begun.place, self.out.place());
        self.values.notes.end_part(begun.word, from, to, extent);
    }

    /// Brings the value that is kept of an object to what it shows now, if nothing but attributes has changed; whether
    /// that was so.
    pub(super) fn renew(&mut self, object: Object, kept: &mut Kept) -> bool {
        if kept.parts.are_none() {
            return false;
        }
        let mut from = 0;
        // SAFETY: the object is alive: it is to be written. All words before those that are looked at are as they were.
        while let Some(word) = unsafe { kept.words.changed(from..kept.words.count()) } {
            let Some(index) = kept.parts.of_word(word) else {
                return false;
            };
            if !self.renew_part(object, kept, index) {
                return false;
            }
            from = kept.parts.list[index].words.end;
        }
        let length = kept.extent.length;
        length <= LONGEST_KEPT && leaves_room(&self.values.bounds, length)
    }

    /// Writes an attribute anew, and takes it from where it was written into the value that is kept.
    fn renew_part(&mut self, object: Object, kept: &mut Kept, index: usize) -> bool {
        let place = kept.words.place(kept.parts.list[index].words.start);
        // SAFETY: all words before this one are as they were, so that the object has its attribute there.
        let value = unsafe { *place };
        if value.is_null() {
            return false;
        }
        let (begun, moment) = (self.out.place(), self.values.moment(self.out));
        self.values.notes.begin(begun);
        self.begin_value(OUTER_NESTING + 2);
        self.values.open.push(object);
        // SAFETY: as above.
        self.note(|words| unsafe { words.word(place) });
        self.value(value, 1);
        let values = &mut *self.values;
        values.notes.end();
        let words = values.notes.words();
        let extent = (values.extent_since(moment, self.out)).filter(|_| words.are_all());
        if let Some(extent) = extent {
            kept.replace(index, words, self.out.bytes_since(begun), extent);
        }
        values.truncations = moment.truncations;
        self.out.go_back(begun);
        extent.is_some()
    }
}

/// Whether a value of this length leaves so much room that nothing in it is cut for want of it.
pub(super) fn leaves_room(bounds: &Bounds, length: u64) -> bool {
    let room = (bounds.bytes as u64).saturating_sub(length);
    room >= (bounds.string.saturating_mul(LONGEST_FORM) as u64).saturating_add(64)
}
