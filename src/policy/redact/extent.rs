//! How far the value behind a name in a text goes.
//!
//! Owns: the forms of values, and where each ends. Must not: look for names.
//!
//! A value ends on its line, but for forms that are known to have more of them: triple quotes, brackets that are printed in
//! lines, lines below a key. A quote that its line does not close is an apostrophe, or cut: it hides the line.

use std::ops::Range;

/// Where a value stands, and whether its end is in the text.
pub(super) type Extent = (Range<usize>, bool);

/// The value behind a separator (or an option's name) at `at`.
pub(super) fn behind(text: &str, at: usize) -> Extent {
    let bytes = text.as_bytes();
    let start = skip(bytes, at, b"=:>");
    let begin = skip(bytes, start, b" \t");
    let is_option = is_blank(bytes[at]);
    match bytes.get(begin) {
        None => (begin..begin, false),
        Some(b'\n' | b'\r') if is_quoted_key(bytes, at) => {
            let begin = skip(bytes, begin, b" \t\r\n");
            inline(bytes, begin, bytes[at], false)
        }
        Some(b'\n' | b'\r') => block(text, at, begin),
        _ => match block_header(bytes, begin) {
            Some(end) => block(text, at, end),
            None => {
                let is_literal = is_quoted_key(bytes, at) && is_literal(&bytes[begin..]);
                let is_spaced = begin > start && !is_option && !is_literal;
                inline(bytes, begin, bytes[at], is_spaced)
            }
        },
    }
}

/// A value that begins here; `is_spaced`: behind a blank, as where lines are `name: value`.
fn inline(bytes: &[u8], start: usize, separator: u8, is_spaced: bool) -> Extent {
    if let Some(quote) = Quote::at(bytes, start) {
        return match (quote.end(bytes), quote.is_triple) {
            (Some(end), _) => (quote.begin..end, true),
            (None, true) => (quote.begin..bytes.len(), false),
            (None, false) => {
                let end = line_end(bytes, quote.begin);
                (quote.begin..end, end < bytes.len())
            }
        };
    }
    match bytes.get(start) {
        None => (start..start, false),
        Some(b'{' | b'[' | b'(') => bracketed(bytes, start),
        _ if is_spaced => line(bytes, start, separator),
        _ => word(bytes, start, is_blank(separator)),
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The first place from `at` on where none of these bytes stands.
fn skip(bytes: &[u8], at: usize, what: &[u8]) -> usize {
    let rest = bytes[at..].iter();
    at + rest.take_while(|byte| what.contains(byte)).count()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end)
}

/// Whether a byte goes on with a word.
fn is_of_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

/// Whether the name before a separator stands in quotes, as in JSON: there a line break is a blank.
fn is_quoted_key(bytes: &[u8], separator: usize) -> bool {
    let before = bytes[..separator].trim_ascii_end();
    matches!(before.last(), Some(b'"' | b'\''))
}

/// An opening quote: `"`, `b'`, `\"` (in a text in quotes), `"""`.
struct Quote {
    /// Behind it.
    begin: usize,
    mark: u8,
    /// Backslashes before it: one less than a power of two, the levels of quotes around.
    escapes: usize,
    is_triple: bool,
}

impl Quote {
    fn at(bytes: &[u8], start: usize) -> Option<Self> {
        let is_prefix = |byte: &&u8| b"bBrRuUfF".contains(byte);
        let start = start + bytes[start..].iter().take(2).take_while(is_prefix).count();
        let mark = skip(bytes, start, b"\\");
        let escapes = mark - start;
        let begin = mark + 1;
        let mark = *bytes.get(mark)?;
        let is_triple = escapes == 0 && bytes[begin..].starts_with(&[mark, mark]);
        matches!(mark, b'"' | b'\'' | b'`').then_some(Self {
            begin: if is_triple { begin + 2 } else { begin },
            mark,
            escapes,
            is_triple,
        })
    }

    /// Where what it opens ends; none where its line does not close it.
    fn end(&self, bytes: &[u8]) -> Option<usize> {
        if self.is_triple {
            let end = memchr::memmem::find(&bytes[self.begin..], &[self.mark; 3])?;
            return Some(self.begin + end);
        }
        let mut backslashes = 0;
        for (at, &byte) in bytes.iter().enumerate().skip(self.begin) {
            match byte {
                b'\\' => {
                    backslashes += 1;
                    continue;
                }
                b'\n' | b'\r' if backslashes % 2 == 0 => return None,
                _ if byte == self.mark && self.is_closed(backslashes, bytes.get(at + 1)) => {
                    return Some(at - backslashes.min(self.escapes));
                }
                _ => backslashes = 0,
            }
        }
        None
    }

    /// Whether its own kind closes it behind so many backslashes and before this byte: an apostrophe in a word does not.
    fn is_closed(&self, backslashes: usize, next: Option<&u8>) -> bool {
        let is_apostrophe = self.mark == b'\'' && is_of_word(next);
        let is_outer = backslashes < self.escapes;
        !is_apostrophe && (is_outer || backslashes % (2 * (self.escapes + 1)) == self.escapes)
    }
}

/// From a bracket to the one that closes it, quotes looked over. The brackets stay.
fn bracketed(bytes: &[u8], start: usize) -> Extent {
    let (mut depth, mut at) = (0_u32, start);
    // Up to where a quote is known to be closed by none.
    let mut plain = start;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    return (start + 1..at, true);
                }
            }
            b'\n' if !goes_on(bytes, start, at) => return (start + 1..at, true),
            b'"' | b'\'' | b'\\' if at >= plain && !is_of_word(bytes.get(at - 1)) => {
                if let Some(quote) = Quote::at(bytes, at) {
                    match quote.end(bytes) {
                        Some(end) => at = end + quote.escapes + if quote.is_triple { 2 } else { 0 },
                        None if quote.is_triple => break,
                        None => plain = line_end(bytes, at),
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    (start + 1..bytes.len(), false)
}

/// Whether what a bracket opens goes on behind this line break: the line has opened or listed something, or the next one
/// is indented or closes.
fn goes_on(bytes: &[u8], start: usize, at: usize) -> bool {
    let line = bytes[start..at].trim_ascii_end();
    let next = &bytes[at + 1..];
    let first = next.iter().find(|byte| !is_blank(**byte));
    matches!(line.last(), Some(b'{' | b'[' | b'(' | b',' | b':'))
        || matches!(first, None | Some(b'}' | b']' | b')'))
        || next.first().is_some_and(|byte| is_blank(*byte))
}

/// To the end of the line, to the end of the quotes that all this stands in, or to where another pair begins.
fn line(bytes: &[u8], start: usize, separator: u8) -> Extent {
    let until = line_end(bytes, start);
    let mut inner = None::<u8>;
    for at in start..until {
        let (byte, next) = (bytes[at], bytes[..until].get(at + 1));
        let ends = match byte {
            b'"' | b'\'' if inner == Some(byte) => {
                inner = None;
                false
            }
            b'"' | b'\'' if inner.is_none() => {
                let before = bytes.get(at - 1);
                if before == Some(&b'=') || is_of_word(next) && !is_of_word(before) {
                    inner = Some(byte);
                }
                inner.is_none() && matches!(next, None | Some(b',' | b')' | b']' | b'}'))
            }
            b',' | b' ' if inner.is_none() && (byte == b',' || separator == b'=') => {
                is_pair(&bytes[at..until], separator)
            }
            _ => false,
        };
        if ends {
            return (start..at, true);
        }
    }
    (start..until, until < bytes.len())
}

/// Whether what follows a blank or a comma is a name with this separator.
fn is_pair(rest: &[u8], separator: u8) -> bool {
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    let Some(after) = behind_name(rest) else {
        return false;
    };
    let after = after.trim_ascii_start();
    let is_spaced = || separator == b'=' || after.get(1) == Some(&b' ');
    after.first() == Some(&separator) && is_spaced()
}

/// What follows a name that a text begins with, quoted or not.
fn behind_name(text: &[u8]) -> Option<&[u8]> {
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
    let quote = text.first().copied().filter(is_quote);
    let text = &text[usize::from(quote.is_some())..];
    let name = text.iter().take_while(|byte| is_name_byte(**byte)).count();
    let behind = &text[name..];
    match quote {
        _ if name == 0 => None,
        Some(quote) => behind.strip_prefix(&[quote]),
        None => Some(behind),
    }
}

/// To the next blank that stands in no brackets, to what closes what all this stands in, or to where another pair begins
/// behind `&`, `;` or `,`.
fn word(bytes: &[u8], start: usize, is_option: bool) -> Extent {
    let mut at = start;
    let mut has_brackets = !is_option;
    while at < bytes.len() {
        let next = bytes.get(at + 1);
        let ends = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => true,
            b'"' | b'\'' | b'>' => !is_of_word(next),
            b'<' => matches!(next, None | Some(b'/' | b'!' | b' ')),
            b')' | b']' | b'}' => !is_option && !is_of_word(next),
            b'&' | b';' | b',' => is_next_pair(&bytes[at + 1..]),
            b'(' | b'[' | b'{' if has_brackets => {
                let line = &bytes[..line_end(bytes, at)];
                let (inner, ends) = bracketed(line, at);
                has_brackets = ends;
                at = if ends { inner.end } else { at };
                false
            }
            _ => false,
        };
        if ends {
            return (start..at, true);
        }
        at += 1;
    }
    (start..bytes.len(), false)
}

/// Whether nothing follows, or a name and a separator.
fn is_next_pair(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let separator = behind_name(rest).and_then(<[u8]>::first);
    rest.is_empty() || matches!(separator, Some(b'=' | b':'))
}

/// Whether this is a number or a word of JSON or Python, and no text: `null`, `12`.
fn is_literal(text: &[u8]) -> bool {
    let length = text.iter().take_while(|byte| is_name_byte(**byte)).count();
    let next = text.get(length);
    length > 0 && matches!(next, None | Some(b',' | b'}' | b']' | b'\n' | b'\r'))
}

/// The end of the line if this is all of it: `|`, `>-`, `|2+ # comment`, which YAML has before lines of text.
fn block_header(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(bytes[start], b'|' | b'>') {
        return None;
    }
    let end = skip(bytes, skip(bytes, start + 1, b"+-0123456789"), b" \t");
    match bytes.get(end) {
        Some(b'\n' | b'\r') => Some(end),
        Some(b'#') => Some(line_end(bytes, end)).filter(|end| *end < bytes.len()),
        _ => None,
    }
}

/// The lines below a key that are indented deeper than it, as YAML has them; `start` is the end of the key's line.
fn block(text: &str, at: usize, start: usize) -> Extent {
    let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let own = indent(&text[line_start..at]);
    let begin = text[start..]
        .find('\n')
        .map_or(text.len(), |at| start + at + 1);
    let (mut place, mut end) = (begin, begin);
    for line in text[begin..].split_inclusive('\n') {
        let is_empty = line.trim().is_empty();
        if !is_empty && indent(line) <= own {
            return (begin..end, true);
        }
        place += line.len();
        if !is_empty {
            end = place - (line.len() - line.trim_end_matches(['\r', '\n']).len());
        }
    }
    (begin..if end > begin { text.len() } else { begin }, false)
}
