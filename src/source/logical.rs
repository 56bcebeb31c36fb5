//! The logical lines of a Python source file (The Python Language Reference, sections 2.1 and 2.4).
//!
//! Owns: where a logical line begins and ends, whatever strings, brackets and comments it holds. Must not: name tokens.

/// How deep strings may stand in replacement fields of strings; CPython's own bound, `MAXFSTRINGLEVEL`, is the same.
const DEEPEST_STRING: u32 = 150;

/// Bytes that open, close or escape something, or end a line.
const MEANS: [bool; 256] = {
    let mut means = [false; 256];
    let bytes = b"#\"'\\()[]{}:\n\r";
    let mut at = 0;
    while at < bytes.len() {
        means[bytes[at] as usize] = true;
        at += 1;
    }
    means
};

/// A statement, or the head of a compound one.
#[derive(Debug, PartialEq, Eq)]
pub struct LogicalLine {
    /// Line of its first token.
    pub first: u32,
    /// Line of its last token.
    pub last: u32,
    /// Whether it begins with `@`.
    pub decorator: bool,
}

/// Reads a text logical line by logical line.
pub struct LogicalLines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> LogicalLines<'a> {
    /// Starts at the first line, which has number 1.
    pub fn of(text: &'a [u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// Physical lines met so far; all lines of the text once the iterator has ended.
    pub fn physical(&self) -> u32 {
        let ended = matches!(self.text[..self.at].last(), None | Some(b'\n' | b'\r'));
        self.line - u32::from(ended)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn advance(&mut self) {
        let end = match self.text[self.at..] {
            [b'\r', b'\n', ..] => 2,
            _ => 1,
        };
        self.line += u32::from(matches!(self.text[self.at], b'\n' | b'\r'));
        self.at += end;
    }

    /// Passes a byte, and all behind it that mean nothing in a string or outside.
    fn pass(&mut self) {
        self.advance();
        let rest = &self.text[self.at..];
        self.at += rest
            .iter()
            .position(|&byte| MEANS[usize::from(byte)])
            .unwrap_or(rest.len());
    }

    fn skip_comment(&mut self) {
        let rest = &self.text[self.at..];
        self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    }

    fn skip_between(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | 0x0c | b'\n' | b'\r' => self.advance(),
                b'#' => self.skip_comment(),
                _ => break,
            }
        }
    }

    /// Passes a backslash and what it escapes.
    fn skip_escaped(&mut self) {
        self.advance();
        if self.at < self.text.len() {
            self.advance();
        }
    }

    /// Whether the quote that comes next opens a string with replacement fields.
    fn is_formatted(&self) -> bool {
        let before = &self.text[..self.at];
        let word = before
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..))
            .count();
        let prefix = &before[before.len() - word..];
        word <= 2 && prefix.iter().any(|byte| matches!(byte | 0x20, b'f' | b't'))
    }

    fn skip_string(&mut self, level: u32) {
        let formatted = self.is_formatted() && level < DEEPEST_STRING;
        let quote = self.text[self.at];
        let triple = self.text[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' if formatted && self.text.get(self.at + 1) == Some(&b'{') => self.advance(),
                b'\\' => self.skip_escaped(),
                b'{' if formatted => self.skip_field(level + 1),
                b'\n' | b'\r' if !triple => return,
                _ if byte == quote && !triple => return self.advance(),
                _ if byte == quote && self.text[self.at..].starts_with(&[quote; 3]) => {
                    self.at += 3;
                    return;
                }
                _ => self.pass(),
            }
        }
    }

    /// Passes `{{`, or a replacement field with its format.
    fn skip_field(&mut self, level: u32) {
        self.advance();
        if self.peek() == Some(b'{') {
            return self.advance();
        }
        let mut depth = 0_u32;
        while let Some(byte) = self.peek() {
            match byte {
                b'}' if depth == 0 => return self.advance(),
                b':' if depth == 0 => return self.skip_format(level),
                _ => self.skip_token(byte, &mut depth, level),
            }
        }
    }

    fn skip_format(&mut self, level: u32) {
        while let Some(byte) = self.peek() {
            match byte {
                b'{' if level < DEEPEST_STRING => self.skip_field(level + 1),
                b'}' => return self.advance(),
                b'\n' | b'\r' | b'"' | b'\'' => return,
                _ => self.pass(),
            }
        }
    }

    fn skip_token(&mut self, byte: u8, depth: &mut u32, level: u32) {
        match byte {
            b'#' => self.skip_comment(),
            b'"' | b'\'' => self.skip_string(level),
            b'\\' => self.skip_escaped(),
            _ => {
                match byte {
                    b'(' | b'[' | b'{' => *depth += 1,
                    b')' | b']' | b'}' => *depth = depth.saturating_sub(1),
                    _ => {}
                }
                self.pass();
            }
        }
    }
}

impl Iterator for LogicalLines<'_> {
    type Item = LogicalLine;

    fn next(&mut self) -> Option<LogicalLine> {
        self.skip_between();
        let decorator = self.peek()? == b'@';
        let first = self.line;
        let mut depth = 0;
        while let Some(byte) = self.peek() {
            if depth == 0 && matches!(byte, b'\n' | b'\r') {
                break;
            }
            self.skip_token(byte, &mut depth, 0);
        }
        Some(LogicalLine {
            first,
            last: self.line,
            decorator,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and last lines of each logical line of a text.
    fn lines(text: &str) -> Vec<(u32, u32)> {
        LogicalLines::of(text.as_bytes())
            .map(|line| (line.first, line.last))
            .collect()
    }

    #[test]
    fn logical_lines_end_where_python_ends_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("\n# a\n  \n", &[]),
            ("a\nb", &[(1, 1), (2, 2)]),
            ("a = [\n  1, # ]\n]\nb\n", &[(1, 3), (4, 4)]),
            ("a = \\\n  1\r\nb\r\n", &[(1, 2), (3, 3)]),
            ("'''\n(\n'''\nb", &[(1, 3), (4, 4)]),
            ("'\\'('\nb", &[(1, 1), (2, 2)]),
            ("r'\\'('\nb", &[(1, 1), (2, 2)]),
            ("'open (\nb", &[(1, 1), (2, 2)]),
            ("f'{a['(']}'\nb", &[(1, 1), (2, 2)]),
            ("f'{{('\nb", &[(1, 1), (2, 2)]),
            ("f'{a:>{b['[']}}('\nb", &[(1, 1), (2, 2)]),
            ("rf'''{\na # '''\n}\n'''\nb", &[(1, 4), (5, 5)]),
            ("f'\\{a['(']}'\nb", &[(1, 1), (2, 2)]),
            ("half'{' \nb", &[(1, 1), (2, 2)]),
            ("\u{feff}a\nb", &[(1, 1), (2, 2)]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn strings_in_strings_are_bounded() {
        let text = "f'{".repeat(100_000);
        assert_eq!(lines(&text).len(), 1);
    }
}
