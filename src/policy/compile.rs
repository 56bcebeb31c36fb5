//! The resolved policy → matchers, built once.
//!
//! Owns: the patterns with their lists and counts. Must not: decide; `decide` does.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::Serialize;

use super::decide::{FileFacts, Reason};
use super::glob::{Base, Glob, Kind, Platform, globs};
use super::kind::Territory;
use super::matcher::{Entry, Hit, NameMatcher, PathMatcher};
use super::path::{Links, parent, slashed};
use super::rules::{Matchers, Rules, Selectors};
use super::spec::{Limits, Pattern, Places, Record, Rule, Spec};
use crate::error::{Error, Result};

/// The lists of a policy that hold patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// What is told of a pattern.
#[derive(Debug, Serialize)]
pub struct PatternMatches<'a> {
    /// Where it stands.
    pub origin: &'a str,
    /// What the user wrote.
    pub text: &'a str,
    /// How many files it has matched, of `packages` modules.
    pub matches: u64,
}

/// The policy as the recorder asks it; see `decide`.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// In the order of the lists; a pattern's place here is its number.
    pub(super) patterns: Vec<Counted>,
    pub(super) paths: PathMatcher,
    pub(super) packages: NameMatcher,
    pub(super) rules: Rules,
    pub(super) record: Record,
    pub(super) limits: Limits,
    pub(super) territory: Territory,
    pub(super) links: Links,
    pub(super) has_include: bool,
    pub(super) cwd: String,
    pub(super) script_module: Option<String>,
    pub(super) project_root: Arc<str>,
    /// What is known of each file, by the interpreter's name for it.
    pub(super) files: HashMap<Box<str>, FileFacts, RandomState>,
    /// The first pattern of `packages` that matches each module of a library.
    pub(super) modules: HashMap<Box<str>, Option<usize>, RandomState>,
    /// What is known of a program without a file.
    pub(super) main: Option<FileFacts>,
    /// How many code objects were decided on for each reason.
    pub(super) decisions: HashMap<Reason, u64, RandomState>,
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
        let selectors = compiler.selectors(&spec.rules);
        if !compiler.problems.is_empty() {
            return Err(Error::Policy(compiler.problems.join("\n")));
        }
        Ok(Self {
            patterns: compiler.patterns,
            paths: PathMatcher::new(compiler.paths).map_err(Error::Policy)?,
            packages: NameMatcher::new(Kind::Module, compiler.modules).map_err(Error::Policy)?,
            rules: Rules::new(spec.rules, Matchers::new(selectors).map_err(Error::Policy)?),
            record: spec.record,
            limits: spec.limits,
            territory: compiler.territory,
            links: Links::default(),
            has_include,
            cwd: spec.scope.cwd,
            script_module: spec.scope.script_module,
            project_root: spec.scope.project_root.into(),
            files: HashMap::default(),
            modules: HashMap::default(),
            main: None,
            decisions: HashMap::default(),
        })
    }

    /// How often each reason has decided on a code object, of those that `count` was told of.
    pub fn decisions(&self) -> impl Iterator<Item = (&Reason, u64)> {
        self.decisions
            .iter()
            .map(|(reason, count)| (reason, *count))
    }

    /// Each rule, and how many code objects it was about, of those that `count` was told of.
    pub fn rule_matches(&self) -> impl Iterator<Item = (&Rule, u64)> {
        self.rules.matches()
    }

    /// Each pattern, and how much it has matched so far.
    pub fn pattern_matches(&self) -> impl Iterator<Item = PatternMatches<'_>> {
        self.patterns.iter().map(|counted| PatternMatches {
            origin: &counted.pattern.origin,
            text: &counted.pattern.text,
            matches: counted.matches,
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
        let number = self.patterns.len();
        if list == List::Packages {
            self.modules.extend(names(Kind::Module, pattern, number)?);
            return Ok(());
        }
        for glob in globs(Kind::Path, &pattern.text, Platform::HERE)? {
            let folder = self.folder(&glob, pattern)?;
            let fixed = if glob.fixed.is_empty() {
                folder.clone()
            } else {
                format!("{folder}/{}", glob.fixed)
            };
            let names_place = glob.names_installed || self.territory.library(&fixed).is_some();
            self.paths.push((folder, entry(glob, number, names_place)));
        }
        Ok(())
    }

    /// The selectors of the rules, each with the number of its rule.
    fn selectors(&mut self, rules: &[Rule]) -> Selectors {
        let mut selectors = Selectors::default();
        for (number, rule) in rules.iter().enumerate() {
            if let Err(problem) = self.add_rule(&mut selectors, number, rule) {
                self.problems.push(format!("{}: {problem}", rule.origin));
            }
        }
        selectors
    }

    fn add_rule(
        &self,
        selectors: &mut Selectors,
        number: usize,
        rule: &Rule,
    ) -> std::result::Result<(), String> {
        if let Some(pattern) = &rule.path {
            for glob in globs(Kind::Path, &pattern.text, Platform::HERE)? {
                if glob.text.trim_start_matches("**/").starts_with('<') {
                    selectors.generated.push(entry(glob.clone(), number, false));
                }
                let folder = self.folder(&glob, pattern)?;
                selectors.paths.push((folder, entry(glob, number, false)));
            }
        }
        if let Some(pattern) = &rule.module {
            selectors
                .modules
                .extend(names(Kind::Module, pattern, number)?);
        }
        if let Some(pattern) = &rule.function {
            selectors
                .functions
                .extend(names(Kind::Function, pattern, number)?);
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

impl Matchers {
    fn new(selectors: Selectors) -> std::result::Result<Self, String> {
        Ok(Self {
            paths: PathMatcher::new(selectors.paths)?,
            generated: NameMatcher::new(Kind::Path, selectors.generated)?,
            modules: NameMatcher::new(Kind::Module, selectors.modules)?,
            functions: NameMatcher::new(Kind::Function, selectors.functions)?,
        })
    }
}

fn entry(glob: Glob, pattern: usize, names_place: bool) -> Entry {
    Entry {
        text: glob.text,
        folders_only: glob.folders_only,
        hit: Hit {
            pattern,
            names_place,
        },
    }
}

/// The globs of a pattern for names that are relative to nothing.
fn names(kind: Kind, pattern: &Pattern, number: usize) -> std::result::Result<Vec<Entry>, String> {
    let globs = globs(kind, &pattern.text, Platform::HERE)?;
    let entries = globs.into_iter().map(|glob| entry(glob, number, false));
    Ok(entries.collect())
}
