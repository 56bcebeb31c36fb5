//! What the metadata say of the recording beside its events: counters, decisions, matches of patterns and rules.
//!
//! Owns: when they are written while the program runs. Must not: cost anything where no new code object is met.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::policy::{Decision, Record};

use super::Recorder;

/// The metadata of a running program are no older than this, as far as code objects are new.
const INTERVAL: Duration = Duration::from_secs(1);
/// Reasons why code is skipped that are told of: those that are about most code objects.
const MAX_REASONS: usize = 100;

/// How many code objects were decided on, and when the metadata were brought up to date with how many of them.
#[derive(Default)]
pub(super) struct Tally {
    decisions: u64,
    told: Option<(Instant, u64)>,
}

impl Recorder {
    /// Counts a code object that was decided on. Once `tell` has begun with it, the metadata are brought up to date each
    /// time that their number has doubled, and once a second.
    pub(super) fn count(&mut self, decision: &Decision) {
        self.policy.count(decision);
        self.tally.decisions += 1;
        let count = self.tally.decisions;
        let is_due = |(last, told): (Instant, u64)| count >= 2 * told || last.elapsed() >= INTERVAL;
        if self.tally.told.is_some_and(is_due) {
            self.tell();
        }
    }

    /// Brings the metadata up to date.
    pub(super) fn tell(&mut self) {
        self.tally.told = Some((Instant::now(), self.tally.decisions));
        let tallies = self.tallies();
        self.setup
            .writer
            .metadata(|metadata| metadata.extend(tallies));
    }

    /// Why most code objects were skipped that were, and how many.
    pub fn skipped(&self) -> Option<(String, u64)> {
        let policy = &self.policy;
        let skipped = policy.decisions().filter(|(reason, _)| {
            policy.record(reason) == Record::None && reason.kind() != "recorder"
        });
        let most = skipped.max_by_key(|(reason, count)| (*count, reason.to_string()))?;
        Some((most.0.to_string(), most.1))
    }

    /// All that was counted, as it stands in the metadata.
    pub(super) fn tallies(&self) -> Map<String, Value> {
        let policy = &self.policy;
        let mut decisions: Vec<_> = policy.decisions().collect();
        decisions.sort_by_cached_key(|(reason, count)| (u64::MAX - count, reason.to_string()));
        let decisions = decisions.into_iter().take(MAX_REASONS);
        let decisions: Vec<_> = decisions
            .map(|(reason, count)| {
                json!({
                    "record": policy.record(reason).name(),
                    "kind": reason.kind(),
                    "reason": reason.to_string(),
                    "code_objects": count,
                })
            })
            .collect();
        let patterns: Vec<_> = policy.pattern_matches().collect();
        let rules: Vec<_> = policy
            .rule_matches()
            .map(|(rule, matches)| json!({"rule": rule.to_string(), "code_objects": matches}))
            .collect();
        let counters = serde_json::to_value(self.counters()).unwrap_or_default();
        let tallies = [
            ("activated", self.active.into()),
            ("counters", counters),
            ("decisions", decisions.into()),
            ("patterns", json!(patterns)),
            ("rules", rules.into()),
        ];
        tallies
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}
