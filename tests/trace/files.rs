//! Owns: what a recording leaves when it ends, well or not. Must not: kill one.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use _native::trace::{Format, TypeId, VariableId, Writer};
use serde_json::{Map, Value, json};

use crate::child::{Task, path, start, step};
use crate::load;

const FORMATS: [Format; 2] = [Format::Json, Format::Binary];

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn record_streams(dir: &Path, format: Format, steps: u32) {
    let writer = Writer::create(dir, format, Map::new()).unwrap();
    path(&writer, 0);
    let streams: Vec<_> = (1..=40).map(|_| writer.stream()).collect();
    for line in 1..=steps {
        step(writer.main(), 0, line, "main");
        for stream in &streams {
            step(stream, 0, line, &stream.number().to_string());
        }
    }
    let reversed: Vec<_> = streams.iter().rev().map(|stream| stream.number()).collect();
    writer
        .finish(&reversed, |metadata| {
            drop(metadata.insert("ended".into(), "now".into()))
        })
        .unwrap();
}

fn text_of_first_value(step: &[Value]) -> &str {
    step.iter()
        .find_map(|event| event["Value"]["value"]["text"].as_str())
        .unwrap()
}

#[test]
fn streams_are_joined_in_order() {
    for format in FORMATS {
        for steps in [1, 3, 700] {
            let dir = tempfile::tempdir().unwrap();
            record_streams(dir.path(), format, steps);
            let name = if format == Format::Json {
                "trace.json"
            } else {
                "trace.bin"
            };
            assert_eq!(
                names(dir.path()),
                [name, "trace_metadata.json", "trace_paths.json"]
            );
            assert_eq!(
                load::metadata(dir.path()),
                json!({"status": "complete", "ended": "now"})
            );
            let events = load::main_events(dir.path(), format);
            let streams: Vec<_> = events[1..].chunks(3 * steps as usize).collect();
            assert_eq!(streams.len(), 41);
            for (index, stream) in streams.iter().enumerate() {
                let number = 41 - index;
                let expected = if index == 0 {
                    "main".to_owned()
                } else {
                    number.to_string()
                };
                assert_eq!(text_of_first_value(stream), expected);
                assert!(load::lines(stream).iter().copied().eq(1..=u64::from(steps)));
            }
        }
    }
}

#[test]
fn nothing_recorded_loads() {
    for format in FORMATS {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::create(dir.path(), format, Map::new()).unwrap();
        assert_eq!(load::main_events(dir.path(), format), [] as [Value; 0]);
        writer.finish(&[], |_| {}).unwrap();
        assert_eq!(load::main_events(dir.path(), format), [] as [Value; 0]);
    }
}

/// One value of every length around those where pages and regions end.
fn record_lengths(writer: &Writer, lengths: &[usize]) {
    for &length in lengths {
        let mut out = writer.main().lock();
        out.value(VariableId(0));
        out.string(&"x".repeat(length), TypeId(0));
        out.commit();
    }
}

#[test]
fn events_of_every_length() {
    let pages = (3900..4200)
        .chain(8000..8300)
        .chain(1..200)
        .chain([2_000_000, 1, 50_000, 4096, 300_000]);
    let mut lengths: Vec<usize> = pages.collect();
    lengths.extend((0..3000).map(|n| n * 7919 % 9001));
    for format in FORMATS {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), format, Map::new()).unwrap();
        record_lengths(&writer, &lengths);
        writer.flush().unwrap();
        let plain = || format == Format::Json || load::is_plain_zstd(&dir.path().join("trace.bin"));
        assert!(plain());
        let read = |event: &Value| event["Value"]["value"]["text"].as_str().unwrap().len();
        let read = || -> Vec<usize> {
            load::main_events(dir.path(), format)
                .iter()
                .map(read)
                .collect()
        };
        assert_eq!(read(), lengths);
        writer.finish(&[], |_| {}).unwrap();
        assert_eq!(read(), lengths);
        assert!(plain());
    }
}

#[test]
fn what_is_not_committed_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path(), Format::Json, Map::new()).unwrap();
    step(writer.main(), 0, 1, "");
    writer.main().lock().value(VariableId(0));
    step(writer.main(), 0, 2, "");
    writer.finish(&[], |_| {}).unwrap();
    assert_eq!(
        load::lines(&load::main_events(dir.path(), Format::Json)),
        [1, 2]
    );
}

#[test]
fn who_records_on_after_the_end_does_not_wait() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path(), Format::Json, Map::new()).unwrap();
    let (main, other) = (writer.main().clone(), writer.stream());
    writer.finish(&[], |_| {}).unwrap();
    for line in 1..100_000 {
        step(&main, 0, line, "too late");
        step(&other, 0, line, "too late");
    }
    assert_eq!(load::main_events(dir.path(), Format::Json).len(), 0);
}

#[test]
fn an_idle_program_is_on_disk_after_a_tick() {
    for format in FORMATS {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::create(dir.path(), format, Map::new()).unwrap();
        for line in 1..4 {
            step(writer.main(), 0, line, "");
            writer.metadata(|metadata| drop(metadata.insert("steps".into(), line.into())));
            std::thread::sleep(Duration::from_millis(400));
            assert_eq!(
                load::lines(&load::main_events(dir.path(), format)).len(),
                line as usize
            );
            assert_eq!(load::metadata(dir.path())["steps"], line);
        }
    }
}

#[test]
fn a_full_disk_ends_the_recording_only() {
    for format in FORMATS {
        let dir = tempfile::tempdir().unwrap();
        let mut child = start(Task::Limited, format, dir.path());
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert!(child.wait().unwrap().success(), "{said}");
        let lines: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("codetracer-python-recorder: "))
            .collect();
        assert_eq!(lines.len(), 1, "{said}");
        assert!(
            lines[0].contains("recording stopped: ") && lines[0].contains("File too large"),
            "{said}"
        );
        let metadata = load::metadata(dir.path());
        assert_eq!(
            (&metadata["status"], &metadata["ended"]),
            (&json!("partial"), &json!("now"))
        );
        assert!(
            metadata["reason"]
                .as_str()
                .unwrap()
                .contains("File too large")
        );
        let lines = load::lines(&load::main_events(dir.path(), format));
        assert!(lines.len() > 500 && lines.iter().copied().eq(1..=lines.len() as u64));
    }
}

#[test]
fn a_folder_removed_ends_the_recording_only() {
    for format in FORMATS {
        let dir = tempfile::tempdir().unwrap();
        let mut child = start(Task::Homeless, format, dir.path());
        while !dir.path().join("trace_paths.json").exists() || load::paths(dir.path()).is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        fs::rename(dir.path(), dir.path().with_extension("gone")).unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert!(child.wait().unwrap().success(), "{said}");
        assert_eq!(said.matches("recording stopped: ").count(), 1, "{said}");
        let gone = dir.path().with_extension("gone");
        assert!(load::lines(&load::main_events(&gone, format)).len() <= 1);
        fs::remove_dir_all(gone).unwrap();
    }
}
