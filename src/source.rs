//! Source files as the recorder needs them: how many lines there are, and where a `def` stands.
//!
//! Owns: what is read of a source file, once for each state of it. Must not: see the interpreter, or keep texts.

mod logical;

use std::collections::HashMap;
use std::fs;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::SystemTime;

use logical::LogicalLines;

/// What is known of one source file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Number of lines; 0 where the file cannot be read.
    pub lines: u32,
    /// The functions and classes with decorators, in order.
    decorated: Vec<Decorated>,
}

/// A `def` or `class` with decorators.
#[derive(Debug, PartialEq, Eq)]
struct Decorated {
    /// The lines of the first decorator.
    decorator: RangeInclusive<u32>,
    /// The line of the `def` or `class`.
    definition: u32,
}

impl Source {
    /// Reads the text of a file.
    pub fn of(text: &[u8]) -> Self {
        let mut decorated = Vec::new();
        let mut above = None;
        let mut logical = LogicalLines::of(text);
        for line in logical.by_ref() {
            if line.decorator {
                above.get_or_insert(line.first..=line.last);
            } else if let Some(decorator) = above.take() {
                decorated.push(Decorated {
                    decorator,
                    definition: line.first,
                });
            }
        }
        Self {
            lines: logical.physical(),
            decorated,
        }
    }

    /// The line of the `def` (or `class`) of a code object whose first line, as the interpreter tells it, is
    /// that of the first decorator's expression. Names in `<>` are those of code without a `def`.
    pub fn definition(&self, first: u32, name: &str) -> u32 {
        if name.starts_with('<') {
            return first;
        }
        let at = self
            .decorated
            .partition_point(|entry| *entry.decorator.end() < first);
        self.decorated
            .get(at)
            .filter(|entry| entry.decorator.contains(&first))
            .map_or(first, |entry| entry.definition)
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

/// By what a file is told from what it was before: its length, and when it was changed.
type State = Option<(u64, SystemTime)>;

/// All source files met so far, each as it was when it was read.
#[derive(Default)]
pub struct Sources(HashMap<Box<str>, (State, Rc<Source>)>);

impl Sources {
    /// What is known of the file at `path`; read at the first call.
    pub fn get(&mut self, path: &str) -> Rc<Source> {
        match self.0.get(path) {
            Some((_, source)) => Rc::clone(source),
            None => self.read(path, state(path)),
        }
    }

    /// The same where the file's module begins; read again if the file has changed: the program may have written more.
    pub fn begin(&mut self, path: &str) -> Rc<Source> {
        let now = state(path);
        match self.0.get(path) {
            Some((then, source)) if *then == now => Rc::clone(source),
            _ => self.read(path, now),
        }
    }

    fn read(&mut self, path: &str, state: State) -> Rc<Source> {
        let text = state.and_then(|_| fs::read(path).ok());
        let source = Rc::new(text.map_or_else(Source::default, |text| Source::of(&text)));
        self.0.insert(path.into(), (state, Rc::clone(&source)));
        source
    }
}

/// The state of a regular file: what is none may have the program's input in it, or nothing for ever.
fn state(path: &str) -> State {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((
        found.len(),
        found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
    ))
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
        let text = "\
@first(
    '''
def run(): not code
''', lambda: 0)
@second
# a remark
async  def run(a):
    pass
@(
    third
)
class Made: pass
def plain(): pass
";
        let source = Source::of(text.as_bytes());
        assert_eq!(source.definition(1, "run"), 7);
        assert_eq!(source.definition(4, "<lambda>"), 4);
        assert_eq!(source.definition(10, "Made"), 12);
        assert_eq!(source.definition(13, "plain"), 13);
        assert_eq!(source.definition(99, "absent"), 99);
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
