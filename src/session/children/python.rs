//! What a Python program is recognised by before it is started.
//!
//! Owns: which programs are followed. Must not: start one.

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::policy::Processes;

/// Bytes of a program's file that a `#!` line is looked for in.
const FIRST_LINE: u64 = 256;

/// Whether a program that is started with these arguments, its own name first, is recorded.
pub(super) fn is_followed(processes: Processes, program: &Path, arguments: &[Vec<u8>]) -> bool {
    match processes {
        Processes::None => false,
        Processes::Mine => is_of_multiprocessing(arguments),
        Processes::All => is_python(program) && !starts_server(arguments, "resource_tracker"),
    }
}

/// Whether these are the arguments with which `multiprocessing` starts the process of a `Process`
/// (`multiprocessing/spawn.py`), or the server that forks them (`multiprocessing/forkserver.py`).
fn is_of_multiprocessing(arguments: &[Vec<u8>]) -> bool {
    arguments
        .iter()
        .any(|argument| argument == b"--multiprocessing-fork")
        || starts_server(arguments, "forkserver")
}

/// Whether these are the arguments with which `multiprocessing` starts this server.
fn starts_server(arguments: &[Vec<u8>], server: &str) -> bool {
    let text = format!("from multiprocessing.{server} import main");
    arguments.iter().any(|argument| {
        let argument = argument.strip_prefix(b"import sys; ").unwrap_or(argument); // since 3.14
        argument.starts_with(text.as_bytes())
    })
}

/// Whether the file is an interpreter of Python, or a script for one.
fn is_python(program: &Path) -> bool {
    has_name_of_python(program)
        || same_file(program)
        || interpreter_of(program).is_some_and(|name| has_name_of_python(Path::new(&name)))
}

fn same_file(program: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().ok();
    env::current_exe()
        .is_ok_and(|own| resolved(&own).is_some_and(|own| resolved(program) == Some(own)))
}

/// `python`, `python3`, `python3.13`, `python3.13t`, `pypy3`.
fn has_name_of_python(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let rest = name.as_deref().and_then(|name| {
        name.strip_prefix("python")
            .or_else(|| name.strip_prefix("pypy"))
    });
    rest.is_some_and(|rest| {
        rest.trim_end_matches(['t', 'd'])
            .chars()
            .all(|unit| unit.is_ascii_digit() || unit == '.')
    })
}

/// The interpreter that a script's first line names, without what `env` takes before it.
fn interpreter_of(program: &Path) -> Option<String> {
    let mut start = Vec::new();
    let file = File::open(program).ok()?;
    file.take(FIRST_LINE).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    let first = words.next()?;
    if Path::new(first).file_name()? == "env" {
        return words.find(|word| !word.starts_with('-')).map(str::to_owned);
    }
    Some(first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(processes: Processes, program: &str, arguments: &[&str]) -> bool {
        let arguments: Vec<_> = arguments
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .collect();
        is_followed(processes, Path::new(program), &arguments)
    }

    #[test]
    fn python_is_known_by_its_name() {
        for (name, expected) in [
            ("/usr/bin/python", true),
            ("python3", true),
            ("/opt/python3.13t", true),
            ("pypy3.11", true),
            ("/usr/bin/python-config", false),
            ("/bin/sh", false),
            ("/python/env", false),
        ] {
            assert_eq!(followed(Processes::All, name, &[]), expected, "{name}");
        }
    }

    #[test]
    fn scripts_are_known_by_their_first_line() {
        let folder = tempfile::tempdir().unwrap();
        for (line, expected) in [
            ("#!/usr/bin/python3", true),
            ("#!/usr/bin/env python3.12", true),
            ("#!/usr/bin/env -S python3 -u", true),
            ("#! /venv/bin/python -I", true),
            ("#!/bin/sh", false),
            ("import os", false),
            ("", false),
        ] {
            let script = folder.path().join("script");
            std::fs::write(&script, format!("{line}\npython\n")).unwrap();
            let name = script.to_str().unwrap();
            assert_eq!(followed(Processes::All, name, &[]), expected, "{line}");
        }
    }

    #[test]
    fn mine_are_the_processes_of_multiprocessing() {
        let spawn = [
            "python",
            "-c",
            "from multiprocessing.spawn import spawn_main",
            "--multiprocessing-fork",
        ];
        let server = [
            "python",
            "-c",
            "from multiprocessing.forkserver import main; main(3)",
        ];
        let later_server = [
            "python",
            "-c",
            "import sys; from multiprocessing.forkserver import main; main(3, sys_argv=sys.argv[1:])",
            "its",
            "arguments",
        ];
        let tracker = [
            "python",
            "-c",
            "from multiprocessing.resource_tracker import main;main(3)",
        ];
        for (arguments, mine, all) in [
            (&spawn[..], true, true),
            (&server, true, true),
            (&later_server, true, true),
            (&tracker, false, false),
            (&["python", "script.py"], false, true),
        ] {
            assert_eq!(
                followed(Processes::Mine, "python", arguments),
                mine,
                "{arguments:?}"
            );
            assert_eq!(
                followed(Processes::All, "python", arguments),
                all,
                "{arguments:?}"
            );
            assert!(!followed(Processes::None, "python", arguments));
        }
    }
}
