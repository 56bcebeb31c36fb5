//! What a trace defines before it is used: paths, names, types, functions, each once, with dense ids.
//!
//! Owns: the ids. Must not: write to a file; definitions wait in `pending` until the event that
//! needs them is committed behind them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Compact, FunctionId, PathId, Place, TypeId, TypeKind, VariableId};

/// The id of type `None`, the first of every trace.
pub const NONE_TYPE: TypeId = TypeId(0);

/// Name of the type of marks, which stand for what was left out.
pub const MARK: &str = "…";
/// Begins every mark of a value that is hidden; why, and `>`, follow.
pub const REDACTED: &str = "<redacted: ";
/// Stands behind the name of a function that goes on.
pub const RESUMED: &str = " (resumed)";
/// The function of the main thread's root call, which all others lie in.
pub const ROOT: &str = "<toplevel>";
const THREAD: &str = "<thread ";

/// The function of another thread's root call.
pub fn root_of(thread: &str) -> String {
    format!("{THREAD}{thread}>")
}

/// Whether a function is a root call's.
pub fn is_root(name: &str) -> bool {
    name == ROOT || name.starts_with(THREAD)
}

type Fields = Box<[Box<str>]>;

/// Interned definitions of one trace and those that no stream holds yet.
pub struct Definitions {
    pending: Compact,
    paths: HashMap<Box<str>, PathId>,
    variables: HashMap<Box<str>, VariableId, RandomState>,
    types: HashMap<(TypeKind, Box<str>), TypeId>,
    structs: HashMap<Box<str>, HashMap<Fields, TypeId>>,
    type_count: u32,
    functions: HashMap<(PathId, u32, Box<str>), FunctionId>,
}

fn next(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Definitions {
    /// Definitions of a new trace: type 0 is `None`.
    pub fn new() -> Self {
        let mut new = Self {
            pending: Compact::default(),
            paths: HashMap::new(),
            variables: HashMap::default(),
            types: HashMap::new(),
            structs: HashMap::new(),
            type_count: 0,
            functions: HashMap::new(),
        };
        new.plain_type(TypeKind::None, "None");
        new
    }

    /// Whether definitions wait to be written.
    pub fn are_pending(&self) -> bool {
        !self.pending.bytes().is_empty()
    }

    /// Puts the waiting definitions into `out` at a place that is a record's start.
    pub fn put(&mut self, out: &mut Compact, place: Place) {
        if self.are_pending() {
            out.insert(place, &mut self.pending);
        }
    }

    /// The id of a path; `true` when it is new.
    pub fn path(&mut self, path: &str) -> (PathId, bool) {
        if let Some(id) = self.paths.get(path) {
            return (*id, false);
        }
        let id = PathId(next(self.paths.len()));
        self.pending.path(path);
        self.paths.insert(path.into(), id);
        (id, true)
    }

    /// The id of a variable's name.
    pub fn variable(&mut self, name: &str) -> VariableId {
        if let Some(id) = self.variables.get(name) {
            return *id;
        }
        let id = VariableId(next(self.variables.len()));
        self.pending.variable_name(name);
        self.variables.insert(name.into(), id);
        id
    }

    /// The id of a function: its file, the line of its `def` and its qualname.
    pub fn function(&mut self, path: PathId, line: u32, name: &str) -> FunctionId {
        let key = (path, line, name.into());
        if let Some(id) = self.functions.get(&key) {
            return *id;
        }
        let id = FunctionId(next(self.functions.len()));
        self.pending.function(path, line, name);
        self.functions.insert(key, id);
        id
    }

    /// The id of a type without fields.
    pub fn plain_type(&mut self, kind: TypeKind, name: &str) -> TypeId {
        let key = (kind, name.into());
        if let Some(id) = self.types.get(&key) {
            return *id;
        }
        self.pending.plain_type(kind, name);
        let id = self.new_type();
        self.types.insert(key, id);
        id
    }

    /// The id of a type of kind `Struct` with these fields, in order.
    pub fn struct_type(&mut self, name: &str, fields: &[&str]) -> TypeId {
        let key: Fields = fields.iter().map(|&field| field.into()).collect();
        if let Some(id) = self.structs.get(name).and_then(|shapes| shapes.get(&key)) {
            return *id;
        }
        let any = self.plain_type(TypeKind::Any, "object");
        self.pending.struct_type(name, fields, any);
        let id = self.new_type();
        self.structs.entry(name.into()).or_default().insert(key, id);
        id
    }

    fn new_type(&mut self) -> TypeId {
        let id = TypeId(self.type_count);
        self.type_count += 1;
        id
    }
}

impl Default for Definitions {
    fn default() -> Self {
        Self::new()
    }
}
