//! Texts in which nothing is hidden, known when they come again: a program shows the same ones at line after line.
//!
//! Owns: which these are. Must not: judge a text, or grow without bound.

/// Bytes of a text that is remembered.
const LONGEST: usize = 2048;
/// Texts remembered, one at each place.
const PLACES: usize = 1 << 9;

/// The texts, each at the place that its hash names.
#[derive(Default)]
pub(super) struct Clean {
    texts: Vec<Box<[u8]>>,
    /// How many texts were followed when these were judged: one more may stand in any of them.
    followed: usize,
}

fn place(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mix = |hash: u64, word: [u8; 8]| {
        (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let hash = mix(
        words
            .iter()
            .fold(text.len() as u64, |hash, word| mix(hash, *word)),
        last,
    );
    (hash >> (u64::BITS - PLACES.ilog2())) as usize
}

impl Clean {
    /// Whether a text is known to hide nothing while so many texts are followed.
    #[inline]
    pub(super) fn knows(&self, text: &[u8], followed: usize) -> bool {
        self.followed == followed
            && text.len() <= LONGEST
            && self
                .texts
                .get(place(text))
                .is_some_and(|known| **known == *text)
    }

    /// Remembers a text that hides nothing while so many texts are followed.
    pub(super) fn add(&mut self, text: &[u8], followed: usize) {
        if text.len() > LONGEST || text.is_empty() {
            return;
        }
        if self.followed != followed || self.texts.is_empty() {
            self.texts.clear();
            self.texts.resize_with(PLACES, Box::default);
            self.followed = followed;
        }
        self.texts[place(text)] = text.into();
    }
}
