//! What is known at a point of the trace: the definitions so far, and how many calls are open.
//!
//! Owns: the way from an id to a name. Must not: format a line.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::source::Sources;
use crate::trace::record::{Function, Record, Step, Type};
use crate::trace::{FunctionId, PathId, TypeId, VariableId};

/// A file of the program.
#[derive(Debug)]
struct SourcePath {
    /// Where it lies.
    real: PathBuf,
    /// As it is shown: relative to the working directory, if it lies below it.
    shown: String,
}

/// The definitions up to a record, and its depth.
#[derive(Debug, Default)]
pub struct Story {
    workdir: PathBuf,
    paths: Vec<SourcePath>,
    variables: Vec<String>,
    functions: Vec<Function>,
    types: Vec<Type>,
    depth: usize,
    sources: Sources,
}

impl Story {
    /// The story before the first record of a program started in `workdir`.
    pub fn new(workdir: Option<&str>) -> Self {
        Self {
            workdir: PathBuf::from(workdir.unwrap_or_default()),
            ..Self::default()
        }
    }

    /// Takes in what a record defines; its id is then that of the last of its kind.
    pub fn before(&mut self, record: &Record) {
        match record {
            Record::Path(path) => self.paths.push(SourcePath {
                real: self.workdir.join(path),
                shown: shown(path, &self.workdir),
            }),
            Record::VariableName(name) => self.variables.push(name.clone()),
            Record::Function(function) => self.functions.push(function.clone()),
            Record::Type(definition) => self.types.push(definition.clone()),
            _ => {}
        }
    }

    /// Takes in that a record begins or ends a call.
    pub fn after(&mut self, record: &Record) {
        match record {
            Record::Call(_) => self.depth += 1,
            Record::Return(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Open calls.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The id of the definition that `record` is, which was taken in last.
    pub fn last_id(&self, record: &Record) -> usize {
        let count = match record {
            Record::Path(_) => self.paths.len(),
            Record::VariableName(_) => self.variables.len(),
            Record::Function(_) => self.functions.len(),
            Record::Type(_) => self.types.len(),
            _ => 0,
        };
        count.saturating_sub(1)
    }

    /// The path defined last, as it is shown.
    pub fn last_path(&self) -> &str {
        self.paths.last().map_or("", |path| &path.shown)
    }

    /// A path as it is shown.
    pub fn path(&self, id: PathId) -> Cow<'_, str> {
        known(self.paths.get(id.0 as usize).map(|path| &*path.shown), id.0)
    }

    /// Where a file lies.
    pub fn real_path(&self, id: PathId) -> Cow<'_, str> {
        let path = self.paths.get(id.0 as usize);
        path.map_or_else(Cow::default, |path| path.real.to_string_lossy())
    }

    /// A variable's name.
    pub fn variable(&self, id: VariableId) -> Cow<'_, str> {
        known(self.variables.get(id.0 as usize).map(String::as_str), id.0)
    }

    /// A function, if it was defined.
    pub fn function(&self, id: FunctionId) -> Option<&Function> {
        self.functions.get(id.0 as usize)
    }

    /// A function's name.
    pub fn function_name(&self, id: FunctionId) -> Cow<'_, str> {
        known(self.function(id).map(|function| &*function.name), id.0)
    }

    /// A type, if it was defined.
    pub fn type_of(&self, id: TypeId) -> Option<&Type> {
        self.types.get(id.0 as usize)
    }

    /// A type's name.
    pub fn type_name(&self, id: TypeId) -> Cow<'_, str> {
        known(self.type_of(id).map(|known| &*known.name), id.0)
    }

    /// The source line of a step, if it can be had and is not blank.
    pub fn source(&mut self, step: Step) -> Option<String> {
        let path: &Path = &self.paths.get(step.path_id.0 as usize)?.real;
        let line = self.sources.line(step.path_id.0, path, step.line)?;
        (!line.is_empty()).then_some(line)
    }
}

fn known(name: Option<&str>, id: u32) -> Cow<'_, str> {
    match name {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(format!("?{id}")),
    }
}

fn shown(path: &str, workdir: &Path) -> String {
    if workdir.as_os_str().is_empty() {
        return path.to_owned();
    }
    match Path::new(path).strip_prefix(workdir) {
        Ok(below) if !below.as_os_str().is_empty() => below.to_string_lossy().into_owned(),
        _ => path.to_owned(),
    }
}
