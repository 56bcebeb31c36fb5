//! This test program run again as another process, which records until it is stopped.
//!
//! Owns: what that process does. Must not: read what it has written.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;
use std::{env, thread};

use _native::trace::{Format, PathId, Stream, TypeId, VariableId, Writer};
use serde_json::{Map, json};

const TASK: &str = "TRACE_TEST_TASK";

/// What the other process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Task {
    /// Records as fast as it can until it is killed.
    Fast,
    /// The same, with other threads beside the main one.
    Threads,
    /// Records events larger than a page.
    Large,
    /// Records an event now and then.
    Slow,
    /// Records twenty megabytes with no more than 300 kB per file, then ends.
    Limited,
    /// Records on while its folder goes away, then ends.
    Homeless,
}

/// Starts the other process.
pub fn start(task: Task, format: Format, dir: &Path) -> Child {
    let order = json!([task, format, dir]).to_string();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "child::other_process", "--nocapture"])
        .env(TASK, order);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Not a test: what the other process runs.
#[test]
fn other_process() {
    let Ok(order) = env::var(TASK) else { return };
    let (task, format, dir): (Task, Format, PathBuf) = serde_json::from_str(&order).unwrap();
    let mut metadata = Map::new();
    metadata.insert("pid".into(), std::process::id().into());
    let mut writer = Writer::create(&dir, format, metadata).unwrap();
    record(task, &mut writer);
    let result = writer.finish(&[], |metadata| {
        metadata.insert("ended".into(), "now".into());
    });
    assert!(result.is_err());
}

/// Appends one step with its values.
pub fn step(stream: &Stream, path: u32, line: u32, text: &str) {
    let mut out = stream.lock();
    out.step(PathId(path), line);
    out.value(VariableId(0));
    out.int(i64::from(line) * 7919, TypeId(1));
    out.value(VariableId(1));
    out.string(text, TypeId(2));
    out.commit();
}

/// Defines the next path.
pub fn path(writer: &Writer, number: u32) {
    let path = format!("/somewhere/file{number}.py");
    writer.add_path(path.clone());
    let mut out = writer.main().lock();
    out.path(&path);
    out.commit();
}

fn record(task: Task, writer: &mut Writer) {
    path(writer, 0);
    let main = writer.main();
    let count = |lines: &mut dyn Iterator<Item = u32>, text: &str| {
        lines.for_each(|line| step(main, 0, line, text))
    };
    match task {
        Task::Fast => count(&mut (1..), "some text"),
        Task::Large => count(&mut (1..), &"0123456789".repeat(900)),
        Task::Slow => count(
            &mut (1..).inspect(|_| thread::sleep(Duration::from_micros(300))),
            "some text",
        ),
        Task::Threads => threads(writer),
        Task::Limited => {
            limit_files();
            (1..100_000).for_each(|line| {
                step(
                    main,
                    0,
                    line,
                    &format!("{:x}", line.wrapping_mul(2_654_435_761)),
                )
            });
        }
        Task::Homeless => {
            step(main, 0, 1, "");
            writer.flush().unwrap();
            let metadata =
                |n: i32| writer.metadata(|metadata| drop(metadata.insert("n".into(), n.into())));
            (0..).take_while(|_| !writer.failed()).for_each(|n| {
                metadata(n);
                thread::sleep(Duration::from_millis(10));
            });
        }
    }
}

/// Steps in three streams at once; each new path is defined in the main one and used in another.
fn threads(writer: &Writer) {
    let others: Vec<Rc<Stream>> = (1..=3).map(|_| writer.stream()).collect();
    for line in 1.. {
        if line % 500 == 0 {
            path(writer, line / 500);
        }
        for other in &others {
            step(other, line / 500, line, "some text");
        }
        step(writer.main(), line / 500, line, "some text");
    }
}

/// Files of at most 300 kB, as if the disk were full; beyond, a write fails.
fn limit_files() {
    let limit = libc::rlimit {
        rlim_cur: 300_000,
        rlim_max: 300_000,
    };
    // SAFETY: both calls read their arguments only.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
    }
}
