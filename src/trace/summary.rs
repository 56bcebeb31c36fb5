//! What a trace holds, counted in one pass over its records.
//!
//! Owns: the counts and what they belong to. Must not: know the policy, or word anything; Python does.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::definitions::{REDACTED, RESUMED, is_root};
use super::reader::Reader;
use super::record::{Function, Record, Value};
use super::{FunctionId, Status, dump};
use crate::error::Result;

/// What a trace holds.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// The word for what it is: `partial` where anything keeps it from being whole.
    pub health: &'static str,
    /// What keeps it from being whole; empty if it is.
    pub faults: Vec<String>,
    /// Entries of all kinds.
    pub records: u64,
    /// Lines that ran.
    pub steps: u64,
    /// Calls, those of the recorder's own at the root left out.
    pub calls: u64,
    /// Bytes of the event stream before compression.
    pub bytes: u64,
    /// Exceptions, text written and read.
    pub events: BTreeMap<String, u64>,
    /// Values that a mark stands for, by what the mark says.
    pub redacted: BTreeMap<String, u64>,
    /// Files, those with most bytes first.
    pub files: Vec<FileSummary>,
    /// Functions, those with most steps first.
    pub functions: Vec<FunctionSummary>,
}

/// What happened in a file.
#[derive(Debug, Default, Clone, Serialize)]
pub struct FileSummary {
    /// Its absolute path.
    pub path: String,
    /// Lines of it that ran.
    pub steps: u64,
    /// Calls of its functions.
    pub calls: u64,
    /// Functions of it that were called.
    pub functions: u64,
    /// Bytes of the events in it.
    pub bytes: u64,
}

/// What happened in a function.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionSummary {
    /// Its qualname.
    pub name: String,
    /// Its file.
    pub path: String,
    /// The line of its `def`.
    pub line: i64,
    /// Lines of it that ran.
    pub steps: u64,
    /// Calls of it, without those that go on.
    pub calls: u64,
}

/// Counts what the trace in `dir` holds, also what lies in the part files of one that is not whole.
///
/// # Errors
/// As `Reader::open`.
pub fn summarize(dir: &Path) -> Result<Summary> {
    let mut reader = Reader::open(dir)?;
    let mut count = Count::default();
    count.read(&mut reader)?;
    for part in reader.files().parts.clone() {
        let mut part = Reader::of(reader.files().part(&part))?;
        count.read(&mut part)?;
    }
    let mut summary = count.end();
    summary.faults = dump::faults(&reader);
    summary.health = health(&reader, &summary.faults).name();
    Ok(summary)
}

/// A trace that loads may still not be whole, and one of another recorder says nothing of itself.
fn health(reader: &Reader, faults: &[String]) -> Status {
    if faults.is_empty() {
        reader.files().metadata.status.unwrap_or(Status::Complete)
    } else {
        Status::Partial
    }
}

/// The counts up to a record.
#[derive(Default)]
struct Count {
    summary: Summary,
    paths: Vec<FileSummary>,
    functions: Vec<Function>,
    /// Steps and calls of each function.
    of_functions: Vec<(u64, u64)>,
    open: Vec<FunctionId>,
    /// The file of the last step.
    path: Option<usize>,
    /// The last step, which belongs to the call that may follow it.
    is_stepping: bool,
}

impl Count {
    fn read(&mut self, reader: &mut Reader) -> Result<()> {
        while let Some(record) = reader.next() {
            let bytes = reader.bytes().len() as u64;
            self.record(&*record?, bytes);
        }
        self.settle_step(None);
        self.open.clear();
        Ok(())
    }

    fn record(&mut self, record: &Record, bytes: u64) {
        self.summary.records += 1;
        self.summary.bytes += bytes;
        match record {
            Record::Path(path) => self.paths.push(FileSummary {
                path: path.clone(),
                ..FileSummary::default()
            }),
            Record::Function(function) => {
                self.functions.push(function.clone());
                self.of_functions.push((0, 0));
            }
            Record::VariableName(_) | Record::Type(_) | Record::Other(_) => {}
            story => self.story(story, bytes),
        }
    }

    fn story(&mut self, record: &Record, bytes: u64) {
        let call = match record {
            Record::Call(call) => Some(call.function_id),
            _ => None,
        };
        self.settle_step(call);
        match record {
            Record::Step(step) => {
                self.summary.steps += 1;
                self.is_stepping = true;
                self.path = Some(step.path_id.0 as usize);
                if let Some(file) = self.file() {
                    file.steps += 1;
                }
            }
            Record::Call(call) => {
                self.call(call.function_id);
                call.args
                    .iter()
                    .for_each(|argument| self.value(&argument.value));
            }
            Record::Return(value) => {
                self.open.pop();
                self.value(value);
            }
            Record::Value(variable) => self.value(&variable.value),
            Record::Event(event) => {
                let name = dump::event_name(event.kind).into_owned();
                *self.summary.events.entry(name).or_default() += 1;
                self.mark(&event.content);
            }
            _ => {}
        }
        if let Some(file) = self.file() {
            file.bytes += bytes;
        }
    }

    fn file(&mut self) -> Option<&mut FileSummary> {
        self.paths.get_mut(self.path?)
    }

    /// Counts the last step for the call that it led to, else for the innermost open one.
    fn settle_step(&mut self, called: Option<FunctionId>) {
        if !std::mem::take(&mut self.is_stepping) {
            return;
        }
        let function = called.or(self.open.last().copied());
        let function = function.and_then(|id| self.of_functions.get_mut(id.0 as usize));
        if let Some((steps, _)) = function {
            *steps += 1;
        }
    }

    fn call(&mut self, id: FunctionId) {
        self.open.push(id);
        let number = id.0 as usize;
        let Some(function) = self.functions.get(number) else {
            return;
        };
        if is_root(&function.name) || function.name.ends_with(RESUMED) {
            return;
        }
        self.summary.calls += 1;
        self.of_functions[number].1 += 1;
        if let Some(file) = self.paths.get_mut(function.path_id.0 as usize) {
            file.calls += 1;
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Raw { r: text, .. } | Value::Error { msg: text, .. } => self.mark(text),
            Value::Sequence { elements, .. } | Value::Tuple { elements, .. } => {
                elements.iter().for_each(|element| self.value(element));
            }
            Value::Struct { field_values, .. } => {
                field_values.iter().for_each(|field| self.value(field));
            }
            Value::Reference { dereferenced, .. } => self.value(dereferenced),
            _ => {}
        }
    }

    /// Counts the mark that a text holds.
    fn mark(&mut self, text: &str) {
        let Some((_, rest)) = text.split_once(REDACTED) else {
            return;
        };
        let why = rest.split('>').next().unwrap_or_default();
        match self.summary.redacted.get_mut(why) {
            Some(count) => *count += 1,
            None => _ = self.summary.redacted.insert(why.to_owned(), 1),
        }
    }

    fn end(mut self) -> Summary {
        let mut functions: BTreeMap<(u32, i64, &str), (u64, u64)> = BTreeMap::new();
        for (function, (steps, calls)) in self.functions.iter().zip(&self.of_functions) {
            let name = function.name.as_str();
            let name = name.strip_suffix(RESUMED).unwrap_or(name);
            if steps + calls > 0 && !is_root(name) {
                let key = (function.path_id.0, function.line, name);
                let counts = functions.entry(key).or_default();
                (counts.0, counts.1) = (counts.0 + steps, counts.1 + calls);
            }
        }
        for ((path, ..), (_, calls)) in &functions {
            if let Some(file) = self.paths.get_mut(*path as usize).filter(|_| *calls > 0) {
                file.functions += 1;
            }
        }
        let path = |id: u32| {
            self.paths
                .get(id as usize)
                .map_or_else(String::new, |file| file.path.clone())
        };
        let functions = functions.into_iter();
        self.summary.functions = functions
            .map(|((id, line, name), (steps, calls))| FunctionSummary {
                name: name.to_owned(),
                path: path(id),
                line,
                steps,
                calls,
            })
            .collect();
        self.summary
            .functions
            .sort_by_key(|function| u64::MAX - function.steps);
        self.summary.files = self.paths;
        self.summary.files.sort_by_key(|file| u64::MAX - file.bytes);
        self.summary
    }
}

#[cfg(test)]
mod tests {
    use super::super::definitions::Definitions;
    use super::super::{Compact, EventKind, Format, NONE_TYPE, TypeKind, Writer};
    use super::*;

    /// A program of two files: `main` calls `f` twice, which yields once; the second thread is in a part file.
    fn summary(format: Format) -> Summary {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::create(folder.path(), format, serde_json::Map::new()).unwrap();
        let mut definitions = Definitions::new();
        let mut out = writer.main().lock();
        let (main, _) = definitions.path("/p/main.py");
        let (other, _) = definitions.path("/p/other.py");
        let root = definitions.function(main, 1, "<toplevel>");
        let f = definitions.function(other, 3, "f");
        let resumed = definitions.function(other, 3, "f (resumed)");
        let mark = definitions.plain_type(TypeKind::NonExpanded, "str");
        let start = out.place();
        let end = |out: &mut Compact, text: Option<&str>| {
            out.result();
            match text {
                Some(text) => out.raw(text, mark),
                None => out.none(NONE_TYPE),
            }
        };
        out.call(root, 0);
        out.step(main, 1);
        for function in [f, resumed] {
            out.step(other, 3);
            out.call(function, 0);
            out.step(other, 4);
            out.event(EventKind::Stdout, "", "hello");
            end(&mut out, Some("<redacted: rule cards>"));
        }
        out.step(main, 2);
        end(&mut out, None);
        definitions.put(&mut out, start);
        out.commit();
        for path in ["/p/main.py", "/p/other.py"] {
            writer.add_path(path.to_owned());
        }
        writer.finish(&[], |_| ()).unwrap();
        summarize(folder.path()).unwrap()
    }

    #[test]
    fn both_forms_are_counted_alike() {
        for summary in [summary(Format::Json), summary(Format::Binary)] {
            assert!(summary.faults.is_empty(), "{:?}", summary.faults);
            assert_eq!(summary.health, "complete");
            assert_eq!((summary.steps, summary.calls), (6, 1));
            let functions: Vec<_> = summary
                .functions
                .iter()
                .map(|f| (&*f.name, f.steps, f.calls))
                .collect();
            assert_eq!(functions, [("f", 4, 1)]);
            let files: Vec<_> = summary
                .files
                .iter()
                .map(|f| (&*f.path, f.steps, f.calls, f.functions))
                .collect();
            assert_eq!(files, [("/p/other.py", 4, 1, 1), ("/p/main.py", 2, 0, 0)]);
            assert_eq!(summary.redacted["rule cards"], 2);
            assert_eq!(summary.events["stdout"], 2);
            assert!(summary.files[0].bytes > summary.files[1].bytes);
        }
    }
}
