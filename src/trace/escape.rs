//! Text as it stands inside a JSON string.
//!
//! Owns: which bytes are escaped, and how. Must not: know what the text is part of.
//!
//! Only `"`, `\` and what lies below 0x20 must be escaped (RFC 8259, section 7); all other bytes of UTF-8
//! stand for themselves. Most texts need no escape at all, so clean runs are found eight bytes at a time
//! and copied whole.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte that must be escaped. Above the first such byte a borrow may set
/// more; the lowest set bit, and whether there is any, are exact.
fn marks(word: u64) -> u64 {
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let zeros =
        (quotes.wrapping_sub(ONES) & !quotes) | (backslashes.wrapping_sub(ONES) & !backslashes);
    (controls | zeros) & HIGHS
}

fn must_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Offset of the first byte that must be escaped, or the length.
fn clean_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return index * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let clean = rest.iter().position(|&byte| must_escape(byte));
    clean.map_or(bytes.len(), |offset| words.len() * 8 + offset)
}

/// What follows the backslash of a two-byte escape; `None`: `\u00XX`.
fn short_form(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0c => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match short_form(byte) {
        Some(letter) => out.extend_from_slice(&[b'\\', letter]),
        None => {
            let (high, low) = (
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            );
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
    }
}

/// Appends `text` with a quote on either side.
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    out.reserve(rest.len() + 2);
    out.push(b'"');
    loop {
        let (clean, dirty) = rest.split_at(clean_length(rest));
        out.extend_from_slice(clean);
        let Some((&byte, after)) = dirty.split_first() else {
            break;
        };
        push_escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

/// The bytes that `push_quoted` would append.
pub(super) fn quoted_length(text: &str) -> usize {
    let mut rest = text.as_bytes();
    let mut length = rest.len() + 2;
    while let Some((&byte, after)) = rest[clean_length(rest)..].split_first() {
        length += if short_form(byte).is_some() { 1 } else { 5 };
        rest = after;
    }
    length
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
