//! The decision on a code object, and its reason.
//!
//! Owns: the order in which lists and kinds of code count. Must not: match patterns or ask the file
//! system itself.

use std::fmt;
use std::sync::Arc;

use super::compile::{CompiledPolicy, List};
use super::kind::{CodeKind, is_generated};
use super::matcher::Hit;
use super::path::absolute_path;
use super::rules::Ruled;
use super::spec::{Limits, Pattern, Record, Rule, Visibility};

/// Where a code object comes from.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Its file name as the interpreter has it: relative maybe, or `<string>`.
    pub path: &'a str,
    /// The `__name__` of the globals it first ran with.
    pub module: Option<&'a str>,
    /// Its qualname.
    pub qualname: &'a str,
    /// It belongs to a program that has no file (`-c`, standard input).
    pub is_main: bool,
}

/// What is recorded of a code object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is, and its lines.
    pub record: Record,
    /// How its values are shown.
    pub values: Visibility,
    /// How much of them.
    pub limits: Limits,
    /// What decided on `record`.
    pub reason: Reason,
    /// The rules about it, and which of them decided.
    pub ruled: Ruled,
}

/// What decided; displayed, it is what a user reads after "recorded:" or "not recorded:".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason(Why);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Why {
    Recorder,
    Generated,
    Script,
    /// With the project root.
    Own(Arc<str>),
    /// With the project root.
    Other(Arc<str>),
    Pattern(List, Arc<Pattern>),
    Rule(Arc<Rule>),
    NotIncluded,
    /// With the kind and the module.
    NotInPackages(CodeKind, Box<str>),
}

impl Reason {
    /// The same for all modules of a package that `packages` does not name.
    fn of_package(&self) -> Self {
        match &self.0 {
            Why::NotInPackages(kind, module) => {
                let package = module.split('.').next().unwrap_or_default();
                Self(Why::NotInPackages(*kind, package.into()))
            }
            why => Self(why.clone()),
        }
    }

    /// One word for what it is: the list of the pattern, `rule`, or what the code is.
    pub fn kind(&self) -> &'static str {
        match &self.0 {
            Why::Recorder => "recorder",
            Why::Generated => "generated",
            Why::Script => "script",
            Why::Own(_) => "own",
            Why::Other(_) => "other",
            Why::Pattern(list, _) => list.name(),
            Why::Rule(_) => "rule",
            Why::NotIncluded => "not included",
            Why::NotInPackages(CodeKind::Installed, _) => "installed",
            Why::NotInPackages(..) => "standard library",
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
            Why::Rule(rule) => write!(f, "{rule}"),
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

impl List {
    /// The key of the policy.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::ExtendInclude => "extend-include",
            Self::Exclude => "exclude",
            Self::Packages => "packages",
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of a file once and for all.
#[derive(Debug, Clone)]
pub(super) struct FileFacts {
    why: Why,
    kind: Option<CodeKind>,
    /// The rules whose path selector matches it.
    rules: Arc<[usize]>,
    /// The patterns that match it, in order.
    pub(super) hits: Arc<[usize]>,
}

impl FileFacts {
    pub(super) fn is_library(&self) -> bool {
        matches!(
            self.kind,
            Some(CodeKind::StandardLibrary | CodeKind::Installed)
        )
    }
}

impl CompiledPolicy {
    /// Decides on a code object. A further one of a known file and module costs a few look-ups, and where there are
    /// rules a match of its qualname.
    pub fn decide(&mut self, scope: &Scope<'_>) -> Decision {
        let facts = self.facts(scope);
        let module = scope.module.unwrap_or_default();
        let package = facts.is_library().then(|| self.package(module)).flatten();
        let why = match (facts.why, package) {
            (Why::NotInPackages(..), Some(number)) => self.pattern(number),
            (Why::NotInPackages(kind, _), None) => Why::NotInPackages(kind, module.into()),
            (why, _) => why,
        };
        let ruled = self.rule(scope, &facts.rules, facts.kind);
        let why = match &ruled.record {
            Some(rule) => Why::Rule(Arc::clone(rule)),
            None => why,
        };
        let reason = Reason(why);
        Decision {
            record: self.record(&reason),
            values: ruled.visibility(),
            limits: ruled.limits(&self.limits),
            reason,
            ruled,
        }
    }

    /// What is recorded of a code object that was decided on for this reason.
    pub fn record(&self, Reason(why): &Reason) -> Record {
        match why {
            Why::Script | Why::Own(_) => self.record,
            Why::Pattern(list, _) if *list != List::Exclude => self.record,
            Why::Rule(rule) => rule.record.unwrap_or(self.record),
            Why::Pattern(..)
            | Why::Recorder
            | Why::Generated
            | Why::Other(_)
            | Why::NotIncluded
            | Why::NotInPackages(..) => Record::None,
        }
    }

    /// Counts a code object that was decided on, for its reason and its rules.
    pub fn count(&mut self, decision: &Decision) {
        self.rules.count(&decision.ruled);
        *self
            .decisions
            .entry(decision.reason.of_package())
            .or_default() += 1;
    }

    /// What the rules say of a code object in a file with these hits.
    fn rule(&mut self, scope: &Scope<'_>, file: &[usize], kind: Option<CodeKind>) -> Ruled {
        if self.rules.is_empty() || kind == Some(CodeKind::Recorder) {
            return Ruled::default();
        }
        let mut modules = vec![scope.module.unwrap_or_default()];
        let import_name = self.script_module.clone();
        if kind == Some(CodeKind::Script) && modules == ["__main__"] {
            modules.extend(import_name.as_deref());
        }
        self.rules.decide(file, &modules, scope.qualname)
    }

    /// What is known of a code object's file, learnt and kept.
    pub(super) fn facts(&mut self, scope: &Scope<'_>) -> FileFacts {
        if scope.is_main {
            return self.main_facts(scope.path);
        }
        match self.files.get(scope.path) {
            Some(facts) => facts.clone(),
            None => self.look_at(scope.path),
        }
    }

    fn main_facts(&mut self, name: &str) -> FileFacts {
        if let Some(facts) = &self.main {
            return facts.clone();
        }
        let hits = self.paths.matches_everywhere(name);
        let rules = self.rules.of_main(name);
        let facts = self.judged(Some(CodeKind::Script), &hits, rules);
        self.main = Some(facts.clone());
        facts
    }

    fn look_at(&mut self, path: &str) -> FileFacts {
        if is_generated(path) {
            // Not kept: a program may make any number of such names.
            let kind = self.territory.is_script(path).then_some(CodeKind::Script);
            return self.judged(kind, &[], self.rules.of_generated(path));
        }
        let names = self.links.both_names(&absolute_path(path, &self.cwd));
        let facts = match self.territory.kind(&names) {
            CodeKind::Recorder => self.judged(Some(CodeKind::Recorder), &[], Arc::default()),
            kind => {
                let hits = self.paths.matches(&names);
                let rules = self.rules.of_file(&names);
                self.judged(Some(kind), &hits, rules)
            }
        };
        self.files.insert(path.into(), facts.clone());
        facts
    }

    fn judged(&mut self, kind: Option<CodeKind>, hits: &[Hit], rules: Arc<[usize]>) -> FileFacts {
        self.count_hits(hits);
        FileFacts {
            why: kind.map_or(Why::Generated, |kind| self.judge(kind, hits)),
            kind,
            rules,
            hits: hits.iter().map(|hit| hit.pattern).collect(),
        }
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

    /// The reason that a pattern is where it decides.
    pub(super) fn reason_of(&self, number: usize) -> Reason {
        Reason(self.pattern(number))
    }

    fn pattern(&self, number: usize) -> Why {
        let counted = &self.patterns[number];
        Why::Pattern(counted.list, Arc::clone(&counted.pattern))
    }

    /// The first pattern of `packages` that matches a module, and a match counted for each at its first sight.
    pub(super) fn package(&mut self, module: &str) -> Option<usize> {
        if let Some(&known) = self.modules.get(module) {
            return known;
        }
        let hits = self.packages.matches(module);
        self.count_hits(&hits);
        let first = hits.first().map(|hit| hit.pattern);
        self.modules.insert(module.into(), first);
        first
    }

    /// Counts a match for each pattern; a pattern stands twice where it names a place in one alternative only.
    fn count_hits(&mut self, hits: &[Hit]) {
        for same in hits.chunk_by(|a, b| a.pattern == b.pattern) {
            self.patterns[same[0].pattern].matches += 1;
        }
    }
}
