//! A decision in words: what decided, and the patterns and rules that lost.
//!
//! Owns: the form in which Python is told. Must not: decide.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::compile::CompiledPolicy;
use super::decide::{Decision, Scope};
use super::rules::Ruled;
use super::spec::{Rule, Spec};
use crate::error::{Error, Result};

/// A code object that is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    path: String,
    module: Option<String>,
    qualname: String,
    is_main: bool,
}

/// What a policy decides on code objects that have not run. `spec` is the policy and `questions` a list of
/// `{path, module, qualname, is_main}`, both JSON, as is the answer: the `decisions`, in order, and how many of these
/// code objects' files and modules each of the `patterns` matches.
///
/// # Errors
/// `Error::Policy` for a policy that does not compile.
pub fn explain(spec: &str, questions: &str) -> Result<String> {
    let mut policy = CompiledPolicy::compile(Spec::from_json(spec)?)?;
    let questions: Vec<Question> = serde_json::from_str(questions)
        .map_err(|error| Error::Policy(format!("the questions are malformed: {error}")))?;
    let decisions: Vec<_> = questions.iter().map(|one| policy.explain(one)).collect();
    let patterns: Vec<_> = policy.pattern_matches().collect();
    Ok(json!({"decisions": decisions, "patterns": patterns}).to_string())
}

impl CompiledPolicy {
    fn explain(&mut self, question: &Question) -> Value {
        let scope = Scope {
            path: &question.path,
            module: question.module.as_deref(),
            qualname: &question.qualname,
            is_main: question.is_main,
        };
        let decision = self.decide(&scope);
        let Decision {
            record,
            values,
            limits,
            reason,
            ruled,
        } = &decision;
        let by = |rule: &Option<Arc<Rule>>| rule.as_ref().map(ToString::to_string);
        let [depth, items, string, value_bytes] = &ruled.limits;
        let of_limits = [
            ("depth", limits.depth, depth),
            ("items", limits.items, items),
            ("string", limits.string, string),
            ("value-bytes", limits.value_bytes, value_bytes),
        ]
        .map(|(name, value, rule)| json!({"limit": name, "value": value, "rule": by(rule)}));
        json!({
            "record": record.name(),
            "kind": reason.kind(),
            "reason": reason.to_string(),
            "values": values.name(),
            "values_rule": by(&ruled.values),
            "limits": of_limits,
            "matching": ruled.matching,
            "deciding": self.deciding(ruled),
            "lost": self.lost(&scope, &decision),
        })
    }

    /// The numbers of the rules that decide anything.
    fn deciding(&self, ruled: &Ruled) -> Vec<usize> {
        let decides = |number: &usize| {
            let rule = self.rules.get(*number);
            let mut deciders = [&ruled.record, &ruled.values]
                .into_iter()
                .chain(&ruled.limits);
            deciders.any(|one| one.as_ref().is_some_and(|one| Arc::ptr_eq(one, rule)))
        };
        ruled.matching.iter().copied().filter(decides).collect()
    }

    /// The patterns and rules that match, and decide nothing.
    fn lost(&mut self, scope: &Scope<'_>, decision: &Decision) -> Vec<String> {
        let facts = self.facts(scope);
        let mut patterns = facts.hits.to_vec();
        if facts.is_library() {
            let hits = self.packages.matches(scope.module.unwrap_or_default());
            patterns.extend(hits.iter().map(|hit| hit.pattern));
        }
        patterns.dedup();
        let deciding = self.deciding(&decision.ruled);
        let patterns = patterns.iter().map(|number| self.reason_of(*number));
        let patterns = patterns.filter(|reason| *reason != decision.reason);
        let rules = decision.ruled.matching.iter();
        let rules = rules.filter(|number| !deciding.contains(number));
        patterns
            .map(|reason| reason.to_string())
            .chain(rules.map(|number| self.rules.get(*number).to_string()))
            .collect()
    }
}
