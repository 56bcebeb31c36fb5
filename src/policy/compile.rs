//! The resolved policy → matchers, built once.
//!
//! Owns: the patterns with their lists and counts. Must not: decide; `decide` does.

use std::collections::HashMap;
use std::sync::Arc;

use super::decide::{Decision, FileFacts};
use super::glob::{Base, Glob, Kind, Platform, globs};
use super::kind::Territory;
use super::matcher::{Entry, Hit, ModuleMatcher, PathMatcher};
use super::path::{parent, slashed};
use super::spec::{Pattern, Places, Spec};
use crate::error::{Error, Result};

/// The lists of a policy that hold patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Include,
    ExtendInclude,
    Exclude,
    Packages,
}

/// A pattern, and how many files or modules it has matched.
#[derive(Debug)]
pub(super) struct Counted {
    pub list: List,
    pub pattern: Arc<Pattern>,
    pub matches: u64,
}

/// The policy as the recorder asks it; see `decide`.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// In the order of the lists; a pattern's place here is its number.
    pub(super) patterns: Vec<Counted>,
    pub(super) paths: PathMatcher,
    pub(super) packages: ModuleMatcher,
    pub(super) territory: Territory,
    pub(super) has_include: bool,
    pub(super) cwd: String,
    pub(super) project_root: Arc<str>,
    /// What is known of each file, by the interpreter's name for it.
    pub(super) files: HashMap<Box<str>, FileFacts>,
    /// The first pattern of `packages` that matches each module of a library.
    pub(super) modules: HashMap<Box<str>, Option<usize>>,
    /// The decision on a program without a file.
    pub(super) main: Option<Decision>,
}

impl CompiledPolicy {
    /// Compiles a policy; `Error::Policy` names the origin of each bad pattern, a line each.
    pub fn compile(spec: Spec) -> Result<Self> {
        let mut compiler = Compiler::new(&spec.scope);
        let has_include = spec.include.is_some();
        compiler.add(List::Include, spec.include.unwrap_or_default());
        compiler.add(List::ExtendInclude, spec.extend_include);
        compiler.add(List::Exclude, spec.exclude);
        compiler.add(List::Packages, spec.packages);
        if !compiler.problems.is_empty() {
            return Err(Error::Policy(compiler.problems.join("\n")));
        }
        Ok(Self {
            patterns: compiler.patterns,
            paths: PathMatcher::new(compiler.paths).map_err(Error::Policy)?,
            packages: ModuleMatcher::new(compiler.modules).map_err(Error::Policy)?,
            territory: compiler.territory,
            has_include,
            cwd: spec.scope.cwd,
            project_root: spec.scope.project_root.into(),
            files: HashMap::new(),
            modules: HashMap::new(),
            main: None,
        })
    }

    /// Origin and text of each pattern, and how many files (of `packages`: modules) it has matched so far.
    pub fn pattern_matches(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.patterns.iter().map(|counted| {
            let Pattern { origin, text, .. } = &*counted.pattern;
            (origin.as_str(), text.as_str(), counted.matches)
        })
    }
}

/// The patterns on their way into the matchers, and what is wrong with them.
struct Compiler {
    home: Option<String>,
    territory: Territory,
    patterns: Vec<Counted>,
    paths: Vec<(String, Entry)>,
    modules: Vec<Entry>,
    problems: Vec<String>,
}

impl Compiler {
    fn new(places: &Places) -> Self {
        Self {
            home: places.home.as_deref().map(slashed),
            territory: Territory::new(places),
            patterns: Vec::new(),
            paths: Vec::new(),
            modules: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn add(&mut self, list: List, patterns: Vec<Pattern>) {
        for pattern in patterns {
            if let Err(problem) = self.add_pattern(list, &pattern) {
                self.problems.push(format!("{}: {problem}", pattern.origin));
            }
            self.patterns.push(Counted {
                list,
                pattern: Arc::new(pattern),
                matches: 0,
            });
        }
    }

    fn add_pattern(&mut self, list: List, pattern: &Pattern) -> std::result::Result<(), String> {
        let kind = if list == List::Packages {
            Kind::Module
        } else {
            Kind::Path
        };
        let number = self.patterns.len();
        for glob in globs(kind, &pattern.text, Platform::HERE)? {
            let mut hit = Hit {
                pattern: number,
                names_place: false,
            };
            if kind == Kind::Module {
                self.modules.push(Entry {
                    text: glob.text,
                    folders_only: glob.folders_only,
                    hit,
                });
                continue;
            }
            let folder = self.folder(&glob, pattern)?;
            let fixed = if glob.fixed.is_empty() {
                folder.clone()
            } else {
                format!("{folder}/{}", glob.fixed)
            };
            hit.names_place = glob.names_installed || self.territory.library(&fixed).is_some();
            self.paths.push((
                folder,
                Entry {
                    text: glob.text,
                    folders_only: glob.folders_only,
                    hit,
                },
            ));
        }
        Ok(())
    }

    /// The folder a glob is relative to.
    fn folder(&self, glob: &Glob, pattern: &Pattern) -> std::result::Result<String, String> {
        let anchor = slashed(&pattern.anchor);
        let above = |folder: &str, levels: usize| {
            (0..levels)
                .fold(folder, |folder, _| parent(folder).unwrap_or(folder))
                .to_owned()
        };
        match glob.base {
            Base::Anchor(levels) => Ok(above(&anchor, levels)),
            Base::Home(levels) => match &self.home {
                Some(home) => Ok(above(home, levels)),
                None => Err(format!("no home folder is known for {:?}", pattern.text)),
            },
            Base::Root => Ok(anchor.split('/').next().unwrap_or_default().to_owned()),
            Base::Drive(drive) => Ok(format!("{drive}:")),
        }
    }
}
