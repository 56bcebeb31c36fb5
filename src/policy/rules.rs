//! `[[rules]]`: which of them are about a code object, and what they decide of it.
//!
//! Owns: their selectors' matchers, and that of each action the last matching rule decides. Must not: know lists or
//! kinds of code; `decide` does.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::matcher::{Entry, NameMatcher, PathMatcher};
use super::spec::{Limits, Rule, Visibility};

/// A rule, and how many code objects it was about.
#[derive(Debug)]
struct Counted {
    rule: Arc<Rule>,
    matches: u64,
}

/// The matchers of the rules' selectors; a hit's `pattern` is the number of the rule.
#[derive(Debug)]
pub(super) struct Matchers {
    pub paths: PathMatcher,
    /// Paths that name code without a file.
    pub generated: NameMatcher,
    pub modules: NameMatcher,
    pub functions: NameMatcher,
}

/// Globs of selectors on their way into `Matchers`.
#[derive(Debug, Default)]
pub(super) struct Selectors {
    pub paths: Vec<(String, Entry)>,
    pub generated: Vec<Entry>,
    pub modules: Vec<Entry>,
    pub functions: Vec<Entry>,
}

/// All rules of a policy, in order.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Counted>,
    matchers: Matchers,
    /// Of each module name: the rules whose module selector matches it.
    modules: HashMap<Box<str>, Arc<[usize]>, RandomState>,
}

/// What the matching rules decide of a code object: each action by the last rule that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruled {
    /// The numbers of the rules that match, in order.
    pub matching: Vec<usize>,
    /// The one that says what is recorded.
    pub record: Option<Arc<Rule>>,
    /// The one that says how values are shown.
    pub values: Option<Arc<Rule>>,
    /// Those of `depth`, `items`, `string` and `value-bytes`.
    pub limits: [Option<Arc<Rule>>; 4],
}

impl Rules {
    /// The rules, and the matchers of their selectors.
    pub fn new(rules: Vec<Rule>, matchers: Matchers) -> Self {
        let counted = |rule| Counted {
            rule: Arc::new(rule),
            matches: 0,
        };
        Self {
            rules: rules.into_iter().map(counted).collect(),
            matchers,
            modules: HashMap::default(),
        }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules whose path selector matches a file that goes by these names.
    pub fn of_file(&mut self, names: &[String]) -> Arc<[usize]> {
        numbers(self.matchers.paths.matches(names))
    }

    /// The rules whose path selector matches a program without a file.
    pub fn of_main(&self, name: &str) -> Arc<[usize]> {
        numbers(self.matchers.paths.matches_everywhere(name))
    }

    /// The rules whose path selector names this code without a file.
    pub fn of_generated(&self, name: &str) -> Arc<[usize]> {
        numbers(self.matchers.generated.matches(name))
    }

    /// What is decided of a code object in a file with these hits.
    pub fn decide(&mut self, file: &[usize], modules: &[&str], qualname: &str) -> Ruled {
        let modules: Vec<_> = modules
            .iter()
            .map(|module| self.of_module(module))
            .collect();
        let functions = numbers(self.matchers.functions.matches(qualname));
        let all = self.rules.iter().enumerate();
        let matching = all.filter(|(number, Counted { rule, .. })| {
            let among = |hits: &[usize]| hits.binary_search(number).is_ok();
            (rule.path.is_none() || among(file))
                && (rule.module.is_none() || modules.iter().any(|hits| among(hits)))
                && (rule.function.is_none() || among(&functions))
        });
        self.ruled(matching.map(|(number, _)| number).collect())
    }

    fn of_module(&mut self, module: &str) -> Arc<[usize]> {
        if let Some(known) = self.modules.get(module) {
            return Arc::clone(known);
        }
        let found = numbers(self.matchers.modules.matches(module));
        self.modules.insert(module.into(), Arc::clone(&found));
        found
    }

    fn ruled(&self, matching: Vec<usize>) -> Ruled {
        let last = |has: &dyn Fn(&Rule) -> bool| {
            let mut backwards = matching
                .iter()
                .rev()
                .map(|number| &self.rules[*number].rule);
            backwards.find(|rule| has(rule)).map(Arc::clone)
        };
        Ruled {
            record: last(&|rule| rule.record.is_some()),
            values: last(&|rule| rule.values.is_some()),
            limits: [0, 1, 2, 3].map(|place| last(&|rule| rule.limits()[place].is_some())),
            matching,
        }
    }

    /// Counts a code object for each of its rules.
    pub fn count(&mut self, ruled: &Ruled) {
        for number in &ruled.matching {
            self.rules[*number].matches += 1;
        }
    }

    /// Each rule, and how many code objects it was about.
    pub fn matches(&self) -> impl Iterator<Item = (&Rule, u64)> {
        self.rules
            .iter()
            .map(|counted| (&*counted.rule, counted.matches))
    }

    /// The rule of a number in `Ruled::matching`.
    pub fn get(&self, number: usize) -> &Arc<Rule> {
        &self.rules[number].rule
    }
}

/// The numbers of the rules that were hit, in order and once each.
fn numbers(hits: Vec<super::matcher::Hit>) -> Arc<[usize]> {
    let mut numbers: Vec<_> = hits.into_iter().map(|hit| hit.pattern).collect();
    numbers.dedup();
    numbers.into()
}

impl Rule {
    /// Its own limits, in the order of `Ruled::limits`.
    fn limits(&self) -> [Option<u64>; 4] {
        [self.depth, self.items, self.string, self.value_bytes]
    }

    /// What it is known by: the user's reason, or its place.
    pub fn known_by(&self) -> &str {
        self.reason.as_deref().unwrap_or(&self.origin)
    }
}

impl Ruled {
    /// How values are shown.
    pub fn visibility(&self) -> Visibility {
        let said = self.values.as_ref().and_then(|rule| rule.values);
        said.unwrap_or(Visibility::Keep)
    }

    /// The limits in force for the code object.
    pub fn limits(&self, all: &Limits) -> Limits {
        let own = |place: usize, otherwise: u64| {
            let said = self.limits[place].as_ref();
            said.and_then(|rule| rule.limits()[place])
                .unwrap_or(otherwise)
        };
        Limits {
            depth: own(0, all.depth),
            items: own(1, all.items),
            string: own(2, all.string),
            value_bytes: own(3, all.value_bytes),
            ..*all
        }
    }
}

/// As a reason names it: `rule path "app/**", function "charge" (recorder.toml:7: rules[1]: card data)`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rule")?;
        let selectors = [
            ("path", &self.path),
            ("module", &self.module),
            ("function", &self.function),
        ];
        let given = selectors.iter().filter_map(|(name, pattern)| {
            let pattern = pattern.as_ref()?;
            Some((name, &pattern.text))
        });
        for (number, (name, text)) in given.enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma} {name} {text:?}")?;
        }
        write!(f, " ({}", self.origin)?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        f.write_str(")")
    }
}
