//! `name = value` and `name: value` in any text: JSON, YAML, INI, URL queries, headers, command lines, `repr`s.
//!
//! Owns: where in a text a name stands, and how far its value goes. Must not: judge a name.
//!
//! Where a value has no end that can be told, it goes on to the end of the text.

use std::ops::Range;

/// A name in a text, and its value; both are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    pub name: &'a str,
    pub value: Range<usize>,
    /// Whether the value's end is in the text.
    pub ends: bool,
}

/// Bytes between a name and its value, at the most.
const BETWEEN: usize = 8;
/// Bytes of a name, at the most.
const NAME: usize = 128;

/// Calls `is_telling` with each name that has a value in the text, and what finds the value; returns the pairs of those
/// it says yes to.
pub(super) fn find<'a>(
    text: &'a str,
    mut is_telling: impl FnMut(&str, &dyn Fn() -> &'a str) -> bool,
) -> Vec<Pair<'a>> {
    let mut found: Vec<Pair<'a>> = Vec::new();
    let mut done = 0;
    for at in memchr::memchr3_iter(b'=', b':', b'-', text.as_bytes()) {
        if at < done {
            continue;
        }
        let name = match text.as_bytes()[at] {
            b'-' => option(text, at),
            _ => before(text, at),
        };
        let Some(name) = name else { continue };
        let begin = if text.as_bytes()[at] == b'-' {
            name.end
        } else {
            at
        };
        let shown = || &text[value(text, begin).0];
        let Some(telling) = candidates(name, text).find(|name| is_telling(name, &shown)) else {
            continue;
        };
        let (value, ends) = value(text, begin);
        done = value.end;
        found.push(Pair {
            name: telling,
            value,
            ends,
        });
    }
    found
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

/// The identifier before a separator: `"api key" :`, `X-Api-Key:`, `\"token\":`, `self.token=`, `data['token'] =`.
fn before(text: &str, separator: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let lowest = separator.saturating_sub(BETWEEN);
    let mut end = separator;
    while end > lowest
        && matches!(
            bytes[end - 1],
            b' ' | b'\t' | b'"' | b'\'' | b'\\' | b']' | b'`'
        )
    {
        end -= 1;
    }
    let lowest = end.saturating_sub(NAME);
    let mut start = end;
    while start > lowest && is_name_byte(bytes[start - 1]) {
        start -= 1;
    }
    while !text.is_char_boundary(start) {
        start += 1;
    }
    (start < end && text.is_char_boundary(end)).then_some(start..end)
}

/// The name of an option whose value is the next word: `--token abc`. `at` is its first `-`.
fn option(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_first = at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b'"' | b'\'');
    if !is_first || bytes.get(at + 1).is_none_or(|byte| !is_name_byte(*byte)) {
        return None;
    }
    let length = bytes[at..]
        .iter()
        .take(NAME)
        .position(|byte| !is_name_byte(*byte))?;
    let end = at + length;
    (bytes[end] == b' ' && text.is_char_boundary(end)).then_some(at..end)
}

/// The name itself, and with the words before it: `API key: …`.
fn candidates(name: Range<usize>, text: &str) -> impl Iterator<Item = &str> {
    let mut starts = vec![name.start];
    let mut start = name.start;
    for _ in 0..2 {
        let rest = &text[..start];
        let Some(trimmed) = rest.strip_suffix([' ', '_']) else {
            break;
        };
        let begin = trimmed
            .rfind(|unit: char| !unit.is_alphanumeric())
            .map_or(0, |at| {
                at + trimmed[at..].chars().next().map_or(1, char::len_utf8)
            });
        if begin >= trimmed.len() {
            break;
        }
        start = begin;
        starts.push(start);
    }
    starts.into_iter().map(move |start| &text[start..name.end])
}

/// The value behind a separator (or an option's name) at `at`, and whether its end is there.
fn value(text: &str, at: usize) -> (Range<usize>, bool) {
    let bytes = text.as_bytes();
    let separator = bytes[at];
    let mut start = at;
    while start < bytes.len() && matches!(bytes[start], b'=' | b':' | b'>') {
        start += 1;
    }
    let blanks = bytes[start..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    start += blanks;
    let is_spaced = blanks > 0 && separator != b' ';
    let Some(&first) = bytes.get(start) else {
        return (start..start, false);
    };
    match first {
        b'\n' | b'\r' => block(text, at, start),
        b'"' | b'\'' | b'`' => quoted(text, start, 1),
        b'\\' if matches!(bytes.get(start + 1), Some(b'"' | b'\'')) => quoted(text, start, 2),
        b'b' | b'r' | b'f' | b'u' if matches!(bytes.get(start + 1), Some(b'"' | b'\'')) => {
            quoted(text, start + 1, 1)
        }
        b'{' | b'[' | b'(' => bracketed(text, start),
        _ if is_spaced => line(text, start, separator),
        _ => word(text, start, separator == b' '),
    }
}

/// From a quote to the same quote; `width` 2: both are escaped. The quotes stay.
fn quoted(text: &str, start: usize, width: usize) -> (Range<usize>, bool) {
    let bytes = text.as_bytes();
    let quote = &bytes[start..start + width];
    let mut at = start + width;
    let begin = at;
    while at < bytes.len() {
        if bytes[at..].starts_with(quote) {
            return (begin..at, true);
        }
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (begin..bytes.len(), false)
}

/// From a bracket to the one that closes it, quotes looked over. The brackets stay.
fn bracketed(text: &str, start: usize) -> (Range<usize>, bool) {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_u32, start);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    return (start + 1..at, true);
                }
            }
            b'"' | b'\'' => {
                let (inner, ends) = quoted(text, at, 1);
                if !ends {
                    break;
                }
                at = inner.end;
            }
            _ => {}
        }
        at += 1;
    }
    (start + 1..bytes.len(), false)
}

/// To the end of the line, to the end of the quotes that all this stands in, or to where another pair begins.
fn line(text: &str, start: usize, separator: u8) -> (Range<usize>, bool) {
    let bytes = text.as_bytes();
    let end = memchr::memchr2(b'\n', b'\r', &bytes[start..]).map(|at| start + at);
    let until = end.unwrap_or(bytes.len());
    let line = &bytes[start..until];
    for (at, byte) in line.iter().enumerate() {
        let ends = match byte {
            b',' | b' ' => is_pair(&line[at..], separator) && (*byte == b',' || separator == b'='),
            b'"' | b'\'' => matches!(line.get(at + 1), None | Some(b',' | b')' | b']' | b'}')),
            _ => false,
        };
        if ends {
            return (start..start + at, true);
        }
    }
    (start..until, end.is_some())
}

/// Whether what follows a blank or a comma is a name with this separator.
fn is_pair(rest: &[u8], separator: u8) -> bool {
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    let name = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
    let after = rest[name..].trim_ascii_start();
    let is_spaced = || separator == b'=' || after.get(1) == Some(&b' ');
    name > 0 && after.first() == Some(&separator) && is_spaced()
}

/// To the next blank, or to where another pair begins behind `&`, `;` or `,`.
fn word(text: &str, start: usize, is_option: bool) -> (Range<usize>, bool) {
    let bytes = text.as_bytes();
    for at in start..bytes.len() {
        let ends = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'<' | b'>' => true,
            b')' | b']' | b'}' => !is_option,
            b'&' | b';' | b',' => {
                let rest = bytes[at + 1..].trim_ascii_start();
                let name = rest.iter().take_while(|byte| is_name_byte(**byte)).count();
                rest.is_empty() || (name > 0 && matches!(rest.get(name), Some(b'=' | b':')))
            }
            _ => false,
        };
        if ends {
            return (start..at, true);
        }
    }
    (start..bytes.len(), false)
}

/// The lines below a key that are indented deeper than it, as YAML has them.
fn block(text: &str, at: usize, start: usize) -> (Range<usize>, bool) {
    let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let own = indent(&text[line_start..at]);
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        if !line.trim().is_empty() && indent(line) <= own {
            return (start..end, true);
        }
        end += line.len();
    }
    (start..end, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts that stand for the values of telling names.
    fn values(text: &str) -> Vec<&str> {
        let telling = [
            "password",
            "token",
            "api_key",
            "X-Api-Key",
            "API key",
            "Cookie",
            "--token",
            "secrets",
            "self.token",
        ];
        let pairs = find(text, |name, _| telling.contains(&name));
        pairs.into_iter().map(|pair| &text[pair.value]).collect()
    }

    #[test]
    fn values_are_found_in_their_forms() {
        for (text, expected) in [
            (
                r#"{"password": "hun\"ter2", "user": "bob"}"#,
                vec![r#"hun\"ter2"#],
            ),
            ("{'token': b'abc', 'n': 1}", vec!["abc"]),
            (r#"{\"password\": \"hunter2\", \"a\": 1}"#, vec!["hunter2"]),
            ("user=bob password=hunter2 host=db", vec!["hunter2"]),
            ("https://x/?token=abc&page=2", vec!["abc"]),
            ("token=a&b&page=2", vec!["a&b"]),
            ("Server=x;password=p,w;d;User=me", vec!["p,w;d"]),
            (
                "password: correct horse battery\nuser: bob",
                vec!["correct horse battery"],
            ),
            ("token: abc, user: bob", vec!["abc"]),
            (
                "Cookie: sid=abc; theme=dark\r\nHost: x",
                vec!["sid=abc; theme=dark"],
            ),
            ("password = a b\nuser = c", vec!["a b"]),
            ("run --token abc --verbose", vec!["abc"]),
            ("X-Api-Key: 12 34", vec!["12 34"]),
            ("API key: 123", vec!["123"]),
            ("('bad password: x y', 'bob')", vec!["x y"]),
            (
                r#""secrets": {"a": "}", "b": [1]}, "c": 2"#,
                vec![r#""a": "}", "b": [1]"#],
            ),
            (
                "secrets:\n  a: 1\n  b: 2\nuser: bob\n",
                vec!["\n  a: 1\n  b: 2\n"],
            ),
            ("User(name='bob', password='x y', age=3)", vec!["x y"]),
            ("api_key=x)", vec!["x"]),
            ("self.token = 'abc'", vec!["abc"]),
            ("password=", vec![""]),
            ("the password is long", vec![]),
            ("a == b: c", vec![]),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn an_open_value_goes_on_to_the_end() {
        for text in ["password: \"abc", "token=abc", "secrets: {\"a\": 1"] {
            let pairs = find(text, |_, _| true);
            assert!(!pairs[0].ends, "{text}");
            assert_eq!(pairs[0].value.end, text.len());
        }
    }
}
