//! The decision on a code object, and its reason.
//!
//! Owns: the order in which lists and kinds of code count. Must not: match patterns or ask the file
//! system itself.

use std::fmt;
use std::sync::Arc;

use super::compile::{CompiledPolicy, List};
use super::kind::{CodeKind, is_generated};
use super::matcher::Hit;
use super::path::{absolute_path, both_names};
use super::spec::Pattern;

/// Where a code object comes from.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Its file name as the interpreter has it: relative maybe, or `<string>`.
    pub path: &'a str,
    /// The `__name__` of the globals it first ran with.
    pub module: Option<&'a str>,
    /// It belongs to a program that has no file (`-c`, standard input).
    pub is_main: bool,
}

/// Whether a code object is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// It is.
    pub record: bool,
    /// What decided.
    pub reason: Reason,
}

impl From<Reason> for Decision {
    fn from(reason: Reason) -> Self {
        Self {
            record: reason.records(),
            reason,
        }
    }
}

/// What decided; displayed, it is what a user reads after "recorded:" or "not recorded:".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Why);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Recorder,
    Generated,
    Script,
    /// With the project root.
    Own(Arc<str>),
    /// With the project root.
    Other(Arc<str>),
    Pattern(List, Arc<Pattern>),
    NotIncluded,
    /// With the kind and the module.
    NotInPackages(CodeKind, Box<str>),
}

impl Reason {
    fn records(&self) -> bool {
        match &self.0 {
            Why::Script | Why::Own(_) => true,
            Why::Pattern(list, _) => *list != List::Exclude,
            Why::Recorder
            | Why::Generated
            | Why::Other(_)
            | Why::NotIncluded
            | Why::NotInPackages(..) => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Recorder => f.write_str("the recorder itself"),
            Why::Generated => f.write_str("generated code without a file"),
            Why::Script => f.write_str("the script"),
            Why::Own(root) => write!(f, "own code under the project root {root}"),
            Why::Other(root) => write!(
                f,
                "outside the project root {root}, and no pattern of extend-include matches"
            ),
            Why::Pattern(list, pattern) => {
                write!(f, "{list} {:?} ({})", pattern.text, pattern.origin)
            }
            Why::NotIncluded => f.write_str("no pattern of include or extend-include matches"),
            Why::NotInPackages(kind, module) => {
                let kind = if *kind == CodeKind::Installed {
                    "installed"
                } else {
                    "standard library"
                };
                let module = if module.is_empty() {
                    "it: it has no module"
                } else {
                    module
                };
                write!(f, "{kind}, and no pattern of packages matches {module}")
            }
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Include => "include",
            Self::ExtendInclude => "extend-include",
            Self::Exclude => "exclude",
            Self::Packages => "packages",
        })
    }
}

/// What is known of a file once and for all.
#[derive(Debug, Clone)]
pub(super) struct FileFacts {
    why: Why,
    /// It is a library's: `packages` is asked for each of its modules.
    library: bool,
}

impl CompiledPolicy {
    /// Decides whether a code object is recorded. A further one of a known file and module costs two look-ups.
    pub fn decide(&mut self, scope: &Scope<'_>) -> Decision {
        if scope.is_main {
            return self.decide_main(scope.path);
        }
        if is_generated(scope.path) {
            return Reason(Why::Generated).into();
        }
        let FileFacts { why, library } = match self.files.get(scope.path) {
            Some(facts) => facts.clone(),
            None => self.look_at(scope.path),
        };
        if !library {
            return Reason(why).into();
        }
        let module = scope.module.unwrap_or_default();
        let package = self.package(module);
        Reason(match (why, package) {
            (Why::NotInPackages(..), Some(number)) => self.pattern(number),
            (Why::NotInPackages(kind, _), None) => Why::NotInPackages(kind, module.into()),
            (why, _) => why,
        })
        .into()
    }

    fn decide_main(&mut self, name: &str) -> Decision {
        if let Some(decision) = &self.main {
            return decision.clone();
        }
        let hits = self.paths.matches_everywhere(name);
        self.count(&hits);
        let decision = Decision::from(Reason(self.judge(CodeKind::Script, &hits)));
        self.main = Some(decision.clone());
        decision
    }

    /// What is to be known of a file, learnt and kept.
    fn look_at(&mut self, path: &str) -> FileFacts {
        let names = both_names(&absolute_path(path, &self.cwd));
        let kind = self.territory.kind(&names);
        let hits = match kind {
            CodeKind::Recorder => Vec::new(),
            _ => self.paths.matches(&names),
        };
        self.count(&hits);
        let library = matches!(kind, CodeKind::StandardLibrary | CodeKind::Installed);
        let facts = FileFacts {
            why: self.judge(kind, &hits),
            library,
        };
        self.files.insert(path.into(), facts.clone());
        facts
    }

    /// The decision on a file by its kind and the path patterns that match it, which are those of
    /// `include`, `extend-include` and `exclude`, in this order.
    fn judge(&self, kind: CodeKind, hits: &[Hit]) -> Why {
        let first = |wanted: fn(List, &Hit) -> bool| {
            let mut hits = hits.iter();
            let hit = hits.find(|hit| wanted(self.patterns[hit.pattern].list, hit));
            hit.map(|hit| self.pattern(hit.pattern))
        };
        if let Some(excluded) = first(|list, _| list == List::Exclude) {
            return excluded;
        }
        match kind {
            CodeKind::Recorder => Why::Recorder,
            CodeKind::StandardLibrary | CodeKind::Installed => first(|_, hit| hit.names_place)
                .unwrap_or_else(|| Why::NotInPackages(kind, Box::default())),
            _ if self.has_include => first(|_, _| true).unwrap_or(Why::NotIncluded),
            CodeKind::Script => Why::Script,
            CodeKind::Own => Why::Own(Arc::clone(&self.project_root)),
            CodeKind::Other => {
                first(|_, _| true).unwrap_or_else(|| Why::Other(Arc::clone(&self.project_root)))
            }
        }
    }

    fn pattern(&self, number: usize) -> Why {
        let counted = &self.patterns[number];
        Why::Pattern(counted.list, Arc::clone(&counted.pattern))
    }

    /// The first pattern of `packages` that matches a module, and a match counted for each at its first sight.
    fn package(&mut self, module: &str) -> Option<usize> {
        if let Some(&known) = self.modules.get(module) {
            return known;
        }
        let hits = self.packages.matches(module);
        self.count(&hits);
        let first = hits.first().map(|hit| hit.pattern);
        self.modules.insert(module.into(), first);
        first
    }

    /// Counts a match for each pattern; a pattern stands twice where it names a place in one alternative only.
    fn count(&mut self, hits: &[Hit]) {
        for same in hits.chunk_by(|a, b| a.pattern == b.pattern) {
            self.patterns[same[0].pattern].matches += 1;
        }
    }
}
