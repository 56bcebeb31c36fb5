//! Source files as the recorder needs them: how many lines there are, and where a `def` stands.
//!
//! Owns: what is read of a source file, once per file. Must not: see the interpreter, or keep texts.

use std::collections::HashMap;
use std::fs;
use std::rc::Rc;

/// What is known of one source file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Number of lines; 0 where the file cannot be read.
    pub lines: u32,
    /// Lines that begin with `def NAME`, `async def NAME` or `class NAME`, in order.
    definitions: Vec<(u32, Box<str>)>,
    /// Lines that begin with `@`.
    decorators: Vec<u32>,
}

impl Source {
    /// Reads the text of a file.
    pub fn of(text: &[u8]) -> Self {
        let mut source = Self::default();
        let text = String::from_utf8_lossy(text);
        for line in Lines(&text) {
            source.lines += 1;
            let start = line.trim_start_matches([' ', '\t', '\u{c}', '\u{feff}']);
            if start.starts_with('@') {
                source.decorators.push(source.lines);
            } else if let Some(name) = defined_name(start) {
                source.definitions.push((source.lines, name.into()));
            }
        }
        source
    }

    /// The line of the `def` (or `class`) of a code object whose first line, as the interpreter tells it, is
    /// that of the first decorator.
    pub fn definition(&self, first: u32, name: &str) -> u32 {
        if self.decorators.binary_search(&first).is_err() {
            return first;
        }
        let from = self.definitions.partition_point(|(line, _)| *line < first);
        self.definitions[from..]
            .iter()
            .find(|(_, defined)| &**defined == name)
            .map_or(first, |(line, _)| *line)
    }

    /// A line within the file.
    #[inline]
    pub fn clamp(&self, line: u32) -> u32 {
        if self.lines == 0 {
            line.max(1)
        } else {
            line.clamp(1, self.lines)
        }
    }
}

fn defined_name(start: &str) -> Option<&str> {
    let start = start.strip_prefix("async").map_or(start, str::trim_start);
    let rest = start
        .strip_prefix("def")
        .or_else(|| start.strip_prefix("class"))?;
    let name = rest.trim_start();
    if name.len() == rest.len() {
        return None;
    }
    let end = name
        .find(|unit: char| !unit.is_alphanumeric() && unit != '_')
        .unwrap_or(name.len());
    (end > 0).then(|| &name[..end])
}

/// Lines as Python counts them: ended by `\n`, `\r\n` or `\r`.
struct Lines<'a>(&'a str);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.find(['\n', '\r']).unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest
            .strip_prefix("\r\n")
            .or_else(|| rest.get(1..))
            .unwrap_or_default();
        Some(line)
    }
}

/// All source files met so far.
#[derive(Default)]
pub struct Sources(HashMap<Box<str>, Rc<Source>>);

impl Sources {
    /// What is known of the file at `path`; read at the first call.
    pub fn get(&mut self, path: &str) -> Rc<Source> {
        if let Some(source) = self.0.get(path) {
            return Rc::clone(source);
        }
        let source = Rc::new(
            fs::read(path)
                .map(|text| Source::of(&text))
                .unwrap_or_default(),
        );
        self.0.insert(path.into(), Rc::clone(&source));
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_as_python_does() {
        for (text, lines) in [
            ("", 0),
            ("a", 1),
            ("a\n", 1),
            ("a\nb", 2),
            ("a\r\nb\rc\n", 3),
            ("\n\n", 2),
        ] {
            assert_eq!(Source::of(text.as_bytes()).lines, lines, "{text:?}");
        }
    }

    #[test]
    fn finds_the_def_below_its_decorators() {
        let text = "@first(\n    'def other():'\n)\n@second\nasync  def run(a):\n    pass\n@third\nclass Made: pass\ndef plain(): pass\n";
        let source = Source::of(text.as_bytes());
        assert_eq!(source.definition(1, "run"), 5);
        assert_eq!(source.definition(7, "Made"), 8);
        assert_eq!(source.definition(9, "plain"), 9);
        assert_eq!(source.definition(1, "absent"), 1);
    }

    #[test]
    fn clamps_lines() {
        let source = Source::of(b"a\nb\n");
        assert_eq!(
            [source.clamp(0), source.clamp(2), source.clamp(9)],
            [1, 2, 2]
        );
        assert_eq!(Source::default().clamp(9), 9);
    }
}
