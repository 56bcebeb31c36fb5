//! `name = value` and `name: value` in any text: JSON, YAML, INI, URL queries, headers, command lines, `repr`s.
//!
//! Owns: where in a text a name stands that has a value. Must not: judge a name.

use std::ops::Range;

use super::extent::{self, is_name_byte};

/// A name in a text, and its value; both are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    pub name: &'a str,
    pub value: Range<usize>,
    /// Whether the value's end is in the text.
    pub ends: bool,
}

/// Bytes between a name and its value, at the most.
const BETWEEN: usize = 64;
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
        let shown = || &text[extent::behind(text, begin).0];
        let Some(telling) = candidates(name, text).find(|name| is_telling(name, &shown)) else {
            continue;
        };
        let (value, ends) = extent::behind(text, begin);
        done = value.end;
        found.push(Pair {
            name: telling,
            value,
            ends,
        });
    }
    found
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
    (matches!(bytes[end], b' ' | b'\t') && text.is_char_boundary(end)).then_some(at..end)
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
            "Authorization",
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
                vec!["  a: 1\n  b: 2"],
            ),
            ("User(name='bob', password='x y', age=3)", vec!["x y"]),
            ("api_key=x)", vec!["x"]),
            ("self.token = 'abc'", vec!["abc"]),
            ("password=", vec![""]),
            ("{'password': None, 'user': 'bob'} ok", vec!["None"]),
            ("{\"password\": 12, \"user\": 1} ok", vec!["12"]),
            ("{\"password\": 12} ok", vec!["12"]),
            ("\"password\": a b c\nuser: d", vec!["a b c"]),
            ("password: it's me\nx: 1", vec!["it's me"]),
            ("password: 'tis required\nline 'two'", vec!["tis required"]),
            ("password='it's', n=1", vec!["it's"]),
            ("password = \"\"\"a\nb\"\"\"\nx = 1", vec!["a\nb"]),
            ("password = \"a\nb = \"c\"", vec!["a"]),
            ("secrets: (below\nx y\n)", vec!["below"]),
            ("secrets = [\n'a'\n]\nb", vec!["\n'a'\n"]),
            (
                "password: |-\n  a b\n\n  c\nport: 3\n",
                vec!["  a b\n\n  c"],
            ),
            ("password: >  # folded\n  a\n", vec!["  a\n"]),
            (
                "Authorization: Digest user=\"b\", qop=\"\", response=\"x\"\r\nHost: y",
                vec!["Digest user=\"b\", qop=\"\", response=\"x\""],
            ),
            (
                "Cookie: a=\"b\", sid=\"x\"\nHost: y",
                vec!["a=\"b\", sid=\"x\""],
            ),
            ("password                     = a\nb = c", vec!["a"]),
            ("{\"password\":\n  \"a\"}", vec!["a"]),
            (
                "f(token=Cred(user='x', key='y'), n=1)",
                vec!["Cred(user='x', key='y')"],
            ),
            ("password=SecretStr('a b') x", vec!["SecretStr('a b')"]),
            ("password=b'a' x", vec!["a"]),
            ("password=rb'a' x", vec!["a"]),
            ("password=ab)cd<ef'gh x", vec!["ab)cd<ef'gh"]),
            ("run --token\tabc -v", vec!["abc"]),
            (
                r#"{"a":"{\"b\":\"{\\\"password\\\":\\\"x\\\\\\\"y\\\"}\"}"}"#,
                vec![r#"x\\\\\\\"y"#],
            ),
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
