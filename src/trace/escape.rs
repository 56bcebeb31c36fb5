//! Text as it stands inside a JSON string.
//!
//! Owns: which bytes are escaped, and how. Must not: know what the text is part of.
//!
//! Only `"`, `\` and what lies below 0x20 must be escaped (RFC 8259, section 7); all other bytes of UTF-8
//! stand for themselves. Most texts need no escape at all, so bytes are looked at eight at a time, and clean runs
//! are copied whole.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Whether one of eight bytes must be escaped.
#[inline]
fn is_dirty(bytes: &[u8; 8]) -> bool {
    let word = u64::from_le_bytes(*bytes);
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let zeros =
        (quotes.wrapping_sub(ONES) & !quotes) | (backslashes.wrapping_sub(ONES) & !backslashes);
    (controls | zeros) & HIGHS != 0
}

/// Whether one of the last bytes of a text must be escaped: of the `rest` that fills no eight.
#[inline]
fn is_rest_dirty(text: &[u8], rest: &[u8]) -> bool {
    !rest.is_empty()
        && text.last_chunk().is_none_or(is_dirty)
        && rest.iter().any(|&byte| form(byte).length > 1)
}

/// The longest form of a byte.
const LONGEST: usize = 6;

/// A byte as it stands in a string.
#[derive(Clone, Copy)]
struct Form {
    /// The form and what is overwritten by the next.
    bytes: [u8; LONGEST],
    length: usize,
}

const fn escaped(letter: u8) -> Form {
    Form {
        bytes: [b'\\', letter, 0, 0, 0, 0],
        length: 2,
    }
}

/// The forms of all bytes.
static FORMS: [Form; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut forms = [escaped(0); 256];
    let mut byte = 0;
    while byte < forms.len() {
        forms[byte] = match byte as u8 {
            letter @ (b'"' | b'\\') => escaped(letter),
            0x08 => escaped(b'b'),
            b'\t' => escaped(b't'),
            b'\n' => escaped(b'n'),
            0x0c => escaped(b'f'),
            b'\r' => escaped(b'r'),
            0..0x20 => Form {
                bytes: [
                    b'\\',
                    b'u',
                    b'0',
                    b'0',
                    DIGITS[byte >> 4],
                    DIGITS[byte & 15],
                ],
                length: LONGEST,
            },
            clean => Form {
                bytes: [clean, 0, 0, 0, 0, 0],
                length: 1,
            },
        };
        byte += 1;
    }
    forms
};

/// The form of a byte.
fn form(byte: u8) -> &'static Form {
    &FORMS[usize::from(byte)]
}

/// Appends up to eight bytes of which some must be escaped.
fn push_forms(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut text = [0; 8 * LONGEST];
    let mut length = 0;
    for &byte in bytes {
        let form = form(byte);
        text[length..length + LONGEST].copy_from_slice(&form.bytes);
        length += form.length;
    }
    out.extend_from_slice(&text[..length]);
}

/// Appends `text` with a quote on either side.
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let (words, rest) = text.as_chunks();
    let mut clean = 0;
    for (place, word) in words.iter().enumerate() {
        if is_dirty(word) {
            out.extend_from_slice(&text[clean..place * 8]);
            push_forms(out, word);
            clean = place * 8 + 8;
        }
    }
    if is_rest_dirty(text, rest) {
        out.extend_from_slice(&text[clean..text.len() - rest.len()]);
        push_forms(out, rest);
    } else {
        out.extend_from_slice(&text[clean..]);
    }
    out.push(b'"');
}

/// The bytes that `push_quoted` would append.
pub(super) fn quoted_length(text: &str) -> usize {
    let text = text.as_bytes();
    let (words, rest) = text.as_chunks();
    let more = |bytes: &[u8]| -> usize { bytes.iter().map(|&byte| form(byte).length - 1).sum() };
    let dirty = words.iter().filter(|word| is_dirty(word));
    let of_words: usize = dirty.map(|word| more(word)).sum();
    let of_rest = if is_rest_dirty(text, rest) {
        more(rest)
    } else {
        0
    };
    text.len() + 2 + of_words + of_rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str) {
        let mut out = Vec::new();
        push_quoted(&mut out, text.as_bytes());
        assert_eq!(out, serde_json::to_vec(text).unwrap());
        assert_eq!(out.len(), quoted_length(text));
    }

    #[test]
    fn every_character_at_every_offset_of_a_word() {
        for character in (0..0x180).filter_map(char::from_u32) {
            for before in 0..17 {
                for after in 0..9 {
                    check(&format!(
                        "{}{character}{}",
                        "x".repeat(before),
                        "~".repeat(after)
                    ));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn as_serde_json_writes_it(text in r#"[\x00-\x22\\\u{80}-\u{ff}a!"é😀\n]{0,60}"#) {
            check(&text);
        }
    }
}
