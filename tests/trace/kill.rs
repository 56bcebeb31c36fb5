//! Owns: that a process killed at any moment leaves files that load. Must not: end one well.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use _native::trace::Format;
use tempfile::TempDir;

use crate::child::{Task, start};
use crate::load;

/// Kills of each task in each form; with STRESS in the environment (`make stress`) there are many.
fn kills() -> u64 {
    if std::env::var_os("STRESS").is_some() {
        250
    } else {
        8
    }
}

/// A process that has begun to record, in a folder of its own.
fn recording(task: Task, format: Format) -> (Child, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let child = start(task, format, dir.path());
    let begun = Instant::now();
    // The last file of a new trace.
    while !dir.path().join("trace_metadata.json").exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the other process does not begin"
        );
        std::thread::sleep(Duration::from_micros(200));
    }
    (child, dir)
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A number from 0 to 1 that differs from run to run: the moment is the point, not its repetition.
fn random() -> f64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.finish() as f64 / u64::MAX as f64
}

/// All that must be true of what a kill leaves; returns the steps of the main stream.
fn check(dir: &Path, format: Format) -> usize {
    let main = load::main_events(dir, format);
    let lines = load::lines(&main);
    assert!(
        lines.iter().copied().eq(1..=lines.len() as u64),
        "a step is missing"
    );
    let defined = main
        .iter()
        .filter(|event| event.get("Path").is_some())
        .count();
    assert!(defined <= load::paths(dir).len(), "a path is not listed");
    for part in load::part_events(dir, format) {
        let lines = load::lines(&part);
        assert!(
            lines.iter().copied().eq(1..=lines.len() as u64),
            "a step of a part is missing"
        );
        let used = part
            .iter()
            .filter_map(|event| event["Step"]["path_id"].as_u64())
            .max();
        assert!(
            used.is_none_or(|used| used < defined as u64),
            "a path is used before it is defined"
        );
    }
    assert_eq!(load::metadata(dir)["status"], "recording");
    lines.len()
}

/// Many kills, up to `longest` after the start; returns the most steps that a trace had.
fn kill_often(task: Task, format: Format, longest: Duration) -> usize {
    let kills = (0..kills()).map(|_| {
        let (mut child, dir) = recording(task, format);
        std::thread::sleep(longest.mul_f64(random()));
        kill(&mut child);
        check(dir.path(), format)
    });
    kills.max().unwrap()
}

#[test]
fn json_at_full_speed() {
    assert!(kill_often(Task::Fast, Format::Json, Duration::from_millis(120)) > 1000);
}

#[test]
fn json_with_threads() {
    assert!(kill_often(Task::Threads, Format::Json, Duration::from_millis(120)) > 1000);
}

#[test]
fn json_slowly() {
    assert!(kill_often(Task::Slow, Format::Json, Duration::from_millis(800)) > 100);
}

#[test]
fn binary_at_full_speed() {
    assert!(kill_often(Task::Fast, Format::Binary, Duration::from_millis(120)) > 1000);
}

#[test]
fn binary_with_threads() {
    assert!(kill_often(Task::Threads, Format::Binary, Duration::from_millis(120)) > 1000);
}

#[test]
fn binary_slowly() {
    assert!(kill_often(Task::Slow, Format::Binary, Duration::from_millis(800)) > 100);
}

#[test]
fn binary_with_large_events() {
    assert!(kill_often(Task::Large, Format::Binary, Duration::from_millis(120)) > 100);
}

#[test]
fn a_slow_program_is_on_disk_soon() {
    for format in [Format::Json, Format::Binary] {
        let (mut child, dir) = recording(Task::Slow, format);
        std::thread::sleep(Duration::from_millis(1000));
        kill(&mut child);
        let written = fs::metadata(dir.path().join("trace_metadata.json")).unwrap();
        // At most 300 µs a step and 0.25 s of them lost; the rest is for a busy machine.
        assert!(check(dir.path(), format) > 500 && written.is_file());
    }
}
