//! Whose code a file holds: the user's, the standard library's, an installer's.
//!
//! Owns: the kinds of code and the places that tell them apart. Must not: know patterns.

use std::collections::HashMap;
use std::path::Path;

use foldhash::fast::RandomState;

use super::glob::INSTALLED;
use super::path::{LONGEST, at_or_below, below, both_names, parent, slashed};
use super::spec::Places;

/// Kinds of code that lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CodeKind {
    /// What runs as `__main__`.
    Script,
    /// The interpreter's own library.
    StandardLibrary,
    /// Below `site-packages`, `dist-packages` or a virtual environment, wherever that lies.
    Installed,
    /// Any other file under the project root.
    Own,
    /// A file elsewhere.
    Other,
    /// This package.
    Recorder,
}

/// Whether the name says that there is no file: `<string>`, `<attrs generated …>`, `<stdin>-0` (the
/// prompt of 3.13), nothing, or more than any file system takes.
pub(super) fn is_generated(path: &str) -> bool {
    path.is_empty() || (path.starts_with('<') && path.contains('>')) || path.len() > LONGEST
}

/// The places of `Places`, each by both its names, and the virtual environments found so far.
#[derive(Debug)]
pub(super) struct Territory {
    project_root: Vec<String>,
    script: Vec<String>,
    standard_library: Vec<String>,
    recorder: Vec<String>,
    /// Whether a folder is a virtual environment or lies in one: asked of the file system once.
    environments: HashMap<String, bool, RandomState>,
}

impl Territory {
    /// These places, and no environment known yet.
    pub fn new(places: &Places) -> Self {
        Self {
            project_root: both_names(&places.project_root),
            script: places.script.iter().map(|name| slashed(name)).collect(),
            standard_library: places
                .standard_library
                .iter()
                .map(|name| slashed(name))
                .collect(),
            recorder: both_names(&places.recorder),
            environments: HashMap::default(),
        }
    }

    /// Whether code of this name, which has no file, is what runs as `__main__`.
    pub fn is_script(&self, path: &str) -> bool {
        self.script.iter().any(|name| name == path)
    }

    /// The kind of a file, whose first name is the interpreter's.
    pub fn kind(&mut self, names: &[String]) -> CodeKind {
        let covered = |folders: &[String]| {
            names
                .iter()
                .any(|name| folders.iter().any(|f| below(name, f).is_some()))
        };
        if covered(&self.recorder) {
            CodeKind::Recorder
        } else if names.iter().any(|name| self.script.contains(name)) {
            CodeKind::Script
        } else if let Some(kind) = parent(&names[0]).and_then(|folder| self.library(folder)) {
            kind
        } else if covered(&self.project_root) {
            CodeKind::Own
        } else {
            CodeKind::Other
        }
    }

    /// The kind of the code in a folder, if it is not the user's.
    pub fn library(&mut self, folder: &str) -> Option<CodeKind> {
        // `site-packages` often lies in the standard library's folder, never the other way round.
        if folder.split('/').any(|part| INSTALLED.contains(&part)) || self.in_environment(folder) {
            Some(CodeKind::Installed)
        } else if self
            .standard_library
            .iter()
            .any(|library| at_or_below(folder, library))
        {
            Some(CodeKind::StandardLibrary)
        } else {
            None
        }
    }

    fn in_environment(&mut self, folder: &str) -> bool {
        let mut asked = Vec::new();
        let mut next = Some(folder);
        let mut found = false;
        while let Some(folder) = next {
            if let Some(&known) = self.environments.get(folder) {
                found = known;
                break;
            }
            asked.push(folder.to_owned());
            if Path::new(&format!("{folder}/pyvenv.cfg")).is_file() {
                found = true;
                break;
            }
            next = parent(folder);
        }
        self.environments
            .extend(asked.into_iter().map(|folder| (folder, found)));
        found
    }
}
