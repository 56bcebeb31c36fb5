//! What patterns match, what is wrong with them, and what is decided: tables, git as a second opinion, and chance.
//!
//! Owns: how the tests below state a policy. Must not: hold a case.

mod decisions;
mod git;
mod globs;
mod properties;
mod rules;

use std::collections::HashSet;

use super::glob::{Kind, Platform, globs};
use super::matcher::{Entry, Hit, NameMatcher};
use super::*;

/// Whether a path pattern whose anchor is `/p` matches the file of this absolute name, with gitignore's manners.
fn path_matches(pattern: &str, file: &str) -> bool {
    let mut spec = spec("/p");
    spec.include = Some(vec![pattern_at("/p", pattern)]);
    CompiledPolicy::compile(spec)
        .unwrap()
        .paths
        .matches(&[file.to_owned()])
        .len()
        == 1
}

fn module_matches(pattern: &str, module: &str) -> bool {
    name_matches(Kind::Module, pattern, module)
}

fn name_matches(kind: Kind, pattern: &str, name: &str) -> bool {
    let hit = Hit {
        pattern: 0,
        names_place: false,
    };
    let entry = |glob: super::glob::Glob| Entry {
        text: glob.text,
        folders_only: glob.folders_only,
        hit,
    };
    let globs = globs(kind, pattern, Platform::Posix).unwrap();
    let matcher = NameMatcher::new(kind, globs.into_iter().map(entry).collect()).unwrap();
    !matcher.matches(name).is_empty()
}

/// A policy without patterns for the project in `root`.
fn spec(root: &str) -> Spec {
    Spec {
        redact: Redact {
            names: Vec::new(),
            allow: Vec::new(),
            detect: true,
            enabled: true,
        },
        format: Format::Binary,
        activation_path: None,
        scope: Places {
            cwd: root.to_owned(),
            home: Some("/home/me".to_owned()),
            project_root: root.to_owned(),
            script: vec![format!("{root}/main.py")],
            surroundings: HashSet::new(),
            script_module: None,
            standard_library: vec!["/usr/lib/python3.12".to_owned()],
            recorder: "/opt/recorder/codetracer_python_recorder".to_owned(),
        },
        include: None,
        extend_include: vec![],
        exclude: vec![],
        packages: vec![],
        record: Record::Lines,
        rules: vec![],
        limits: Limits {
            depth: 3,
            items: 50,
            string: 500,
            value_bytes: 16384,
            output_bytes: 1 << 20,
            trace_bytes: 0,
        },
        capture: Capture {
            stdout: true,
            stderr: true,
            stdin: true,
            exceptions: true,
            processes: Processes::Mine,
        },
    }
}

fn pattern_at(anchor: &str, text: &str) -> Pattern {
    Pattern {
        text: text.to_owned(),
        anchor: anchor.to_owned(),
        origin: "recorder.toml:7".to_owned(),
    }
}
