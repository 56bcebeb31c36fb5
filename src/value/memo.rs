//! Values of immutable objects as they were written: a program shows the same ones at line after line.
//!
//! Owns: which these are. Must not: read an object, judge a text, or grow without bound.

use crate::trace::{Excerpt, TypeId};

/// Bytes of a content that is remembered.
const LONGEST: usize = 2048;
/// Values remembered, one at each place.
const PLACES: usize = 1 << 9;

/// How a content is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An exact str.
    Str,
    /// An exact bytes.
    Bytes,
    /// An exact float.
    Float,
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

/// A value that was written.
#[derive(Debug)]
pub struct Kept {
    kind: Kind,
    limit: usize,
    content: Box<[u8]>,
    rest: usize,
    pub value: Excerpt,
    /// Whether it is cut.
    pub is_cut: bool,
}

impl Kept {
    fn is_of(&self, source: &Source<'_>) -> bool {
        self.kind == source.kind
            && self.limit == source.limit
            && self.rest == source.rest
            && *self.content == *source.content
    }
}

/// Values, each at the place that its content names.
#[derive(Debug, Default)]
pub struct Memo {
    places: Vec<Option<Kept>>,
    /// How many texts were followed when these were written: one more may stand in any of them.
    followed: usize,
}

/// A place by the first and the last bytes of a content: what lies between is compared, not hashed.
fn place(content: &[u8]) -> usize {
    let mix =
        |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let words = |hash: u64, bytes: &[u8]| {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let words = words.iter().chain([&last]);
        words.fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)))
    };
    let size = content.len();
    let hash = if size <= 64 {
        words(size as u64, content)
    } else {
        words(words(size as u64, &content[..32]), &content[size - 32..])
    };
    (hash >> (u64::BITS - PLACES.ilog2())) as usize
}

impl Memo {
    /// The value that was made from the same while so many texts were followed.
    #[inline]
    pub fn find(&self, source: &Source<'_>, followed: usize) -> Option<&Kept> {
        if self.followed != followed || self.places.is_empty() {
            return None;
        }
        let kept = self.places[place(source.content)].as_ref();
        kept.filter(|kept| kept.is_of(source))
    }

    /// Remembers a value that was made while so many texts were followed.
    pub fn keep(&mut self, source: &Source<'_>, followed: usize, value: Excerpt, is_cut: bool) {
        if source.content.len() > LONGEST {
            return;
        }
        if self.followed != followed || self.places.is_empty() {
            self.places.clear();
            self.places.resize_with(PLACES, || None);
            self.followed = followed;
        }
        self.places[place(source.content)] = Some(Kept {
            kind: source.kind,
            limit: source.limit,
            content: source.content.into(),
            rest: source.rest,
            value,
            is_cut,
        });
    }
}
