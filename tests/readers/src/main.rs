//! Owns: reading traces by the crates that CodeTracer reads them with. Must not: use anything of the recorder's.
//!
//! usage: readers TRACE_DIR…
//! Prints a JSON object for each trace: how many events of each name each reader has found. What a reader refuses ends
//! the program with its reason.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

type Counts = BTreeMap<String, usize>;

fn main() -> Result<(), Box<dyn Error>> {
    for folder in std::env::args_os().skip(1).map(PathBuf::from) {
        let (file, is_json) = stream(&folder);
        let metadata: runtime_tracing::TraceMetadata = read(&folder.join("trace_metadata.json"))?;
        let paths: Vec<PathBuf> = read(&folder.join("trace_paths.json"))?;
        let at = |error| format!("{}: {error}", file.display());
        let found = json!({
            "program": metadata.program,
            "paths": paths.len(),
            "runtime_tracing": by_runtime_tracing(&file, is_json).map_err(at)?,
            "codetracer_trace_reader": by_trace_reader(&file, is_json).map_err(at)?,
        });
        println!("{found}");
    }
    Ok(())
}

fn stream(folder: &Path) -> (PathBuf, bool) {
    let json = folder.join("trace.json");
    if json.exists() {
        (json, true)
    } else {
        (folder.join("trace.bin"), false)
    }
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

fn by_runtime_tracing(file: &Path, is_json: bool) -> Result<Counts, Box<dyn Error>> {
    use runtime_tracing::TraceEventsFileFormat::{Binary, Json};
    let mut reader = runtime_tracing::create_trace_reader(if is_json { Json } else { Binary });
    count(&reader.load_trace_events(file)?)
}

fn by_trace_reader(file: &Path, is_json: bool) -> Result<Counts, Box<dyn Error>> {
    use codetracer_trace_reader::TraceEventsFileFormat::{Binary, Json};
    let format = if is_json { Json } else { Binary };
    let mut reader = codetracer_trace_reader::create_trace_reader(format);
    count(&reader.load_trace_events(file)?)
}

/// How many events there are of each name.
fn count(events: &[impl serde::Serialize]) -> Result<Counts, Box<dyn Error>> {
    let mut counts = Counts::new();
    for event in events {
        if let Value::Object(event) = serde_json::to_value(event)? {
            for name in event.keys() {
                *counts.entry(name.clone()).or_default() += 1;
            }
        }
    }
    Ok(counts)
}
