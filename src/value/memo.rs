//! Values of immutable objects as they were written: a program shows the same ones at line after line.
//!
//! Owns: which these are, and what tells contents apart. Must not: read an object, judge a text, or grow without bound.

use crate::trace::{Excerpt, TypeId};

/// Bytes of a content that is remembered.
const LONGEST: usize = 2048;
/// Values remembered, one at each place.
const PLACES: usize = 1 << 11;
/// What spreads the bits of a content over its hash: 2 to the 64th divided by the golden ratio.
pub const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// How a content is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An exact str.
    Str,
    /// An exact bytes.
    Bytes,
    /// An exact Decimal.
    Decimal,
    /// A text that stands for an object of this type.
    Text(TypeId),
}

/// What a value is made from: equal ones are written alike, as long as the same texts are followed.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub kind: Kind,
    /// `limits.string`, if that cuts it.
    pub limit: usize,
    /// What is looked at.
    pub content: &'a [u8],
    /// Characters or bytes behind it.
    pub rest: usize,
}

/// A value that was written, in which nothing was hidden.
#[derive(Debug)]
pub struct Kept {
    kind: Kind,
    limit: usize,
    content: Box<[u8]>,
    rest: usize,
    /// How many texts were followed when it was written: one more may stand in it.
    followed: usize,
    pub value: Excerpt,
    /// Whether it is cut.
    pub is_cut: bool,
}

/// What is known of a value before it is written.
#[derive(Debug)]
pub enum Seen<'a> {
    /// All: it was written.
    Whole(&'a Kept),
    /// That nothing in it is to be hidden: what is looked at is that of one that was written, under another limit or with
    /// another number of characters behind it.
    Harmless,
    /// Nothing.
    Never,
}

impl Kept {
    /// Whether what is looked at in order to write it is the same.
    fn is_like(&self, source: &Source<'_>) -> bool {
        self.kind == source.kind
            && (self.rest == 0) == (source.rest == 0)
            && *self.content == *source.content
    }
}

/// Values, each at the place that its content names.
#[derive(Debug, Default)]
pub struct Memo {
    places: Vec<Option<Kept>>,
}

/// The place of a content.
fn place(content: &[u8]) -> usize {
    upper(digest(content))
}

/// What tells contents apart by their first and last bytes: what lies between is not looked at.
pub fn digest(content: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(SPREAD);
    let words = |hash: u64, bytes: &[u8]| {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let words = words.iter().chain([&last]);
        words.fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)))
    };
    let size = content.len();
    if size <= 64 {
        words(size as u64, content)
    } else {
        words(words(size as u64, &content[..32]), &content[size - 32..])
    }
}

/// The place that the upper bits of a hash name: those that depend on all of its content.
#[inline]
fn upper(hash: u64) -> usize {
    (hash >> (u64::BITS - PLACES.ilog2())) as usize
}

impl Memo {
    /// What is known of a value while so many texts are followed.
    #[inline]
    pub fn find(&self, source: &Source<'_>, followed: usize) -> Seen<'_> {
        let kept = if self.places.is_empty() {
            None
        } else {
            self.places[place(source.content)].as_ref()
        };
        match kept.filter(|kept| kept.followed == followed && kept.is_like(source)) {
            Some(kept) if kept.limit == source.limit && kept.rest == source.rest => {
                Seen::Whole(kept)
            }
            Some(_) => Seen::Harmless,
            None => Seen::Never,
        }
    }

    /// Remembers a value that was made while so many texts were followed.
    pub fn keep(&mut self, source: &Source<'_>, followed: usize, value: Excerpt, is_cut: bool) {
        if source.content.len() > LONGEST {
            return;
        }
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let slot = &mut self.places[place(source.content)];
        let content = match slot.take() {
            Some(kept) if kept.is_like(source) => kept.content,
            _ => source.content.into(),
        };
        *slot = Some(Kept {
            kind: source.kind,
            limit: source.limit,
            content,
            rest: source.rest,
            followed,
            value,
            is_cut,
        });
    }
}

/// Floats, each at the place that its bits name.
#[derive(Debug, Default)]
pub struct Floats {
    places: Vec<Option<(u64, Excerpt)>>,
}

impl Floats {
    /// The float as it was written.
    #[inline]
    pub fn find(&self, float: f64) -> Option<&Excerpt> {
        let bits = float.to_bits();
        let place = upper(bits.wrapping_mul(SPREAD));
        let (kept, value) = self.places.get(place)?.as_ref()?;
        (*kept == bits).then_some(value)
    }

    /// Remembers a float that was written.
    pub fn keep(&mut self, float: f64, value: Excerpt) {
        let bits = float.to_bits();
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        self.places[upper(bits.wrapping_mul(SPREAD))] = Some((bits, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Compact;

    #[test]
    fn what_is_known_of_a_value() {
        let one = Source {
            kind: Kind::Str,
            limit: 3,
            content: b"a text",
            rest: 5,
        };
        let mut memo = Memo::default();
        let seen = |memo: &Memo, source: Source<'_>, followed| match memo.find(&source, followed) {
            Seen::Whole(_) => "whole",
            Seen::Harmless => "harmless",
            Seen::Never => "never",
        };
        assert_eq!(seen(&memo, one, 0), "never");
        let out = Compact::default();
        memo.keep(&one, 0, out.since(out.place()), true);
        assert_eq!(seen(&memo, one, 0), "whole");
        assert_eq!(seen(&memo, Source { rest: 9, ..one }, 0), "harmless");
        assert_eq!(seen(&memo, Source { limit: 4, ..one }, 0), "harmless");
        // What a text ends in is judged otherwise where it goes on.
        assert_eq!(seen(&memo, Source { rest: 0, ..one }, 0), "never");
        let kind = Kind::Bytes;
        assert_eq!(seen(&memo, Source { kind, ..one }, 0), "never");
        assert_eq!(seen(&memo, one, 1), "never");
    }
}
