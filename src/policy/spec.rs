//! The resolved policy as Python hands it over: every value filled in, every pattern with its origin.
//!
//! Owns: the shape of that JSON. Must not: judge what it says; `compile` does.

use std::collections::HashSet;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The resolved policy. Texts are Unicode: what a file name holds beyond it is U+FFFD on both sides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The form of the event stream.
    pub format: Format,
    /// Absolute path, links resolved, of the file that starts the recording; `None`: it begins at once.
    pub activation_path: Option<String>,
    /// The places that tell one kind of code from another.
    pub scope: Places,
    /// Which of the user's own files are recorded; `None`: all under the project root.
    pub include: Option<Vec<Pattern>>,
    /// What is recorded besides.
    pub extend_include: Vec<Pattern>,
    /// What is never recorded; `extend-exclude` is in it.
    pub exclude: Vec<Pattern>,
    /// Installed and standard-library modules to record too.
    pub packages: Vec<Pattern>,
    /// What is recorded of all this, where no rule says otherwise.
    pub record: Record,
    /// What is decided more finely; later ones beat earlier ones.
    pub rules: Vec<Rule>,
    /// What is hidden.
    pub redact: Redact,
    /// How much of a value, of an output stream and of the trace is kept.
    pub limits: Limits,
    /// What is recorded besides lines and calls.
    pub capture: Capture,
}

impl Spec {
    /// Reads the JSON that Python's `Policy.spec()` made; `Error::Policy` if it is not of that shape.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::Policy(format!("the policy handed over is malformed: {error}")))
    }
}

/// The form of the event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// CBOR in seekable zstd.
    Binary,
    /// One JSON array.
    Json,
}

/// The places that tell one kind of code from another; every path is absolute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The working directory at start: what a relative file name of a code object is relative to.
    pub cwd: String,
    /// What `~/` stands for in a pattern; `None` where the user has no home folder.
    pub home: Option<String>,
    /// Code below it is the user's own.
    pub project_root: String,
    /// The names of the file that runs as `__main__`: as given, and with links resolved.
    pub script: Vec<String>,
    /// Variables of its namespace that what it runs in has put there.
    #[serde(default)]
    pub surroundings: HashSet<String>,
    /// The import name of that file, where it was run by `-m`.
    pub script_module: Option<String>,
    /// The folders of the standard library.
    pub standard_library: Vec<String>,
    /// The folder of this package, which is never recorded.
    pub recorder: String,
}

/// A pattern as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The glob.
    pub text: String,
    /// The absolute folder a path pattern is relative to; empty for a module pattern.
    pub anchor: String,
    /// Place and key, as messages name them: `recorder.toml:7: include[0]`.
    pub origin: String,
}

/// One of `[[rules]]`: which code objects it is about, and what it decides of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Their files.
    pub path: Option<Pattern>,
    /// Their modules.
    pub module: Option<Pattern>,
    /// Their qualnames.
    pub function: Option<Pattern>,
    /// What is recorded.
    pub record: Option<Record>,
    /// How their values are shown.
    pub values: Option<Visibility>,
    /// `limits.depth` for them.
    pub depth: Option<u64>,
    /// `limits.items` for them.
    pub items: Option<u64>,
    /// `limits.string` for them.
    pub string: Option<u64>,
    /// `limits.value-bytes` for them.
    pub value_bytes: Option<u64>,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// Place and key, as messages name them: `recorder.toml:7: rules[1]`.
    pub origin: String,
}

/// What is recorded of a code object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// Its calls, and every line.
    Lines,
    /// Its calls.
    Calls,
    /// Nothing.
    None,
}

impl Record {
    /// The name in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Calls => "calls",
            Self::None => "none",
        }
    }
}

/// How the values that a code object shows of itself are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// As they are.
    Keep,
    /// By their types.
    Redact,
    /// Not at all, where they can be left out.
    Drop,
}

impl Visibility {
    /// The name in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Redact => "redact",
            Self::Drop => "drop",
        }
    }
}

/// What is hidden, by name and by content.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// Patterns of names that tell of a secret.
    pub names: Vec<String>,
    /// Patterns of names that do not.
    pub allow: Vec<String>,
    /// Whether secrets are known by their shape, too.
    pub detect: bool,
    /// Whether anything is hidden.
    pub enabled: bool,
}

/// How much is kept; 0 = no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Levels of a value that are opened.
    pub depth: u64,
    /// Items of a container, attributes of an object.
    pub items: u64,
    /// Characters of a `str`, bytes of `bytes`.
    pub string: u64,
    /// Bytes of one variable's value, as JSON text.
    pub value_bytes: u64,
    /// Captured bytes per output stream.
    pub output_bytes: u64,
    /// Bytes of the event stream, as JSON text.
    pub trace_bytes: u64,
}

/// What is recorded besides lines and calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Text written to standard output.
    pub stdout: bool,
    /// Text written to standard error.
    pub stderr: bool,
    /// Text read from standard input.
    pub stdin: bool,
    /// Exceptions raised.
    pub exceptions: bool,
    /// Which child processes.
    pub processes: Processes,
}

/// Which child processes are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Processes {
    /// None.
    None,
    /// Those of `os.fork` and of `multiprocessing`.
    Mine,
    /// These, and Python programs that are started.
    All,
}
