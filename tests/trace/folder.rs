//! Owns: whose the trace folder is, and what happens to what lies in it. Must not: test how a file is written.

use std::fs;
use std::time::Duration;

use _native::error::Error;
use _native::trace::{Format, Writer};
use serde_json::Map;

use crate::child::{Task, start, step};
use crate::load;

#[test]
fn an_older_trace_is_replaced_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let ours = [
        "trace.json",
        "trace.bin",
        "trace_metadata.json",
        "trace_metadata.json.new",
        "trace_paths.json",
        "trace.part-1.json",
        "trace.part-12.bin",
        "trace.part-2.at-5813.json",
        "trace_text_command.py",
    ];
    let others = [
        "notes.txt",
        "trace.json.gz",
        "trace.part-x.json",
        "trace.part-1.txt",
        "trace.part-1.at-.json",
        "trace",
        "other.new",
        "files",
    ];
    for name in ours.iter().chain(&others) {
        fs::write(dir.path().join(name), "old").unwrap();
    }
    let writer = Writer::create(dir.path(), Format::Json, Map::new()).unwrap();
    let kept = writer.keep("command.py", b"print(1)\n").unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "print(1)\n");
    writer.finish(&[], |_| {}).unwrap();
    for name in others {
        assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), "old");
    }
    for name in [
        "trace.bin",
        "trace_metadata.json.new",
        "trace.part-1.json",
        "trace.part-12.bin",
        "trace.part-2.at-5813.json",
    ] {
        assert!(!dir.path().join(name).exists(), "{name}");
    }
    assert_eq!(load::main_events(dir.path(), Format::Json).len(), 0);
    // The kept text is an older trace's for the next recording.
    Writer::create(dir.path(), Format::Binary, Map::new())
        .unwrap()
        .finish(&[], |_| {})
        .unwrap();
    assert!(!kept.exists() && !dir.path().join("trace.json").exists());
}

#[test]
fn a_live_recorders_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start(Task::Slow, Format::Json, dir.path());
    while !dir.path().join("trace.json").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let refused = Writer::create(dir.path(), Format::Json, Map::new())
        .err()
        .unwrap();
    let Error::Session(message) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        message.contains(&format!("(process {})", child.id())),
        "{message}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    // Nothing was touched, and the lock ended with its holder.
    load::main_events(dir.path(), Format::Json);
    Writer::create(dir.path(), Format::Json, Map::new()).unwrap();
}

#[test]
fn one_process_may_record_into_a_folder_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    for count in 1..30 {
        let writer = Writer::create(&deep, Format::Json, Map::new()).unwrap();
        assert!(Writer::create(&deep, Format::Json, Map::new()).is_err());
        (1..=count).for_each(|line| step(writer.main(), 0, line, ""));
        writer.finish(&[], |_| {}).unwrap();
        assert_eq!(
            load::lines(&load::main_events(&deep, Format::Json)).len(),
            count as usize
        );
    }
}

#[test]
fn a_file_is_not_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("trace-out");
    fs::write(&file, "mine").unwrap();
    for place in [file.clone(), file.join("below")] {
        let Err(Error::Trace(message)) = Writer::create(&place, Format::Json, Map::new()) else {
            panic!()
        };
        assert!(
            message.starts_with(&place.display().to_string()) && message.contains("--trace-dir"),
            "{message}"
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_discarded_recording_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("new");
    let writer = Writer::create_later(&place, Format::Json, Map::new()).unwrap();
    assert!(!place.exists());
    writer.discard().unwrap();
    let mut writer = Writer::create_later(&place, Format::Json, Map::new()).unwrap();
    writer.flush().unwrap();
    assert!(place.join("trace.json").exists());
    writer.discard().unwrap();
    assert!(!place.exists());
    let writer = Writer::create_later(&place, Format::Json, Map::new()).unwrap();
    writer.finish(&[], |_| ()).unwrap();
    assert!(place.join("trace.json").exists());
}

#[test]
fn a_folder_that_is_there_is_taken_at_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("mine.txt"), "mine").unwrap();
    fs::write(dir.path().join("trace.bin"), "old").unwrap();
    fs::write(dir.path().join("trace_paths.json"), "[]").unwrap();
    let writer = Writer::create_later(dir.path(), Format::Json, Map::new()).unwrap();
    assert!(!dir.path().join("trace.bin").exists());
    assert!(Writer::create_later(dir.path(), Format::Json, Map::new()).is_err());
    writer.discard().unwrap();
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn a_recording_that_lasts_is_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("new");
    let _writer = Writer::create_later(&place, Format::Json, Map::new()).unwrap();
    let begin = std::time::Instant::now();
    while !place.join("trace_metadata.json").exists() {
        assert!(begin.elapsed().as_secs() < 10);
        std::thread::yield_now();
    }
}

#[test]
fn a_folder_that_is_somebody_elses_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("new");
    let writer = Writer::create_later(&place, Format::Json, Map::new()).unwrap();
    fs::create_dir(&place).unwrap();
    fs::write(place.join("trace_metadata.json"), "theirs").unwrap();
    writer.discard().unwrap();
    assert!(place.join("trace_metadata.json").exists());
}
