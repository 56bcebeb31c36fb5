//! Owns: reading a trace folder as strictly as CodeTracer's readers do: whole files, or a panic. Must not: use our
//! reader.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use _native::trace::Format;
use serde_json::Value;

const HEADER: [u8; 8] = [0xC0, 0xDE, 0x72, 0xAC, 0xE2, 1, 0, 0];

/// All events of one file.
pub fn events(path: &Path, format: Format) -> Vec<Value> {
    let bytes = fs::read(path).unwrap();
    match format {
        Format::Json => json_events(&bytes),
        Format::Binary => binary_events(&bytes),
    }
}

/// Whether frames, skippable ones too, fill the file from its header to its end: then any zstd reads it.
pub fn is_plain_zstd(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap();
    let mut rest = bytes.strip_prefix(&HEADER).unwrap();
    while !rest.is_empty() {
        let Ok(size) = zstd_safe::find_frame_compressed_size(rest) else {
            return false;
        };
        rest = &rest[size..];
    }
    true
}

/// The array; while its end is moved (src/trace/json_file.rs) it has two, with blanks between them.
fn json_events(bytes: &[u8]) -> Vec<Value> {
    let mut arrays = serde_json::Deserializer::from_slice(bytes).into_iter();
    let events = arrays.next().unwrap().unwrap();
    let rest = bytes[arrays.byte_offset()..].trim_ascii();
    assert!(
        matches!(rest, b"" | b"]"),
        "something stands behind the end"
    );
    events
}

fn binary_events(bytes: &[u8]) -> Vec<Value> {
    let frames = bytes.strip_prefix(&HEADER).unwrap();
    let mut decoder = zeekstd::Decoder::new(zeekstd::BytesWrapper::new(frames)).unwrap();
    let mut items = Vec::new();
    decoder.read_to_end(&mut items).unwrap();
    let (mut rest, mut events) = (items.as_slice(), Vec::new());
    while !rest.is_empty() {
        events.push(cbor4ii::serde::from_reader(&mut rest).unwrap());
    }
    events
}

/// The event stream of a trace folder.
pub fn main_events(dir: &Path, format: Format) -> Vec<Value> {
    let name = if format == Format::Json {
        "trace.json"
    } else {
        "trace.bin"
    };
    events(&dir.join(name), format)
}

/// The part files of a trace folder.
pub fn part_events(dir: &Path, format: Format) -> Vec<Vec<Value>> {
    let parts = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let parts = parts.filter(|entry| {
        entry
            .file_name()
            .to_str()
            .unwrap()
            .starts_with("trace.part-")
    });
    parts
        .filter(|entry| !entry.file_name().to_str().unwrap().ends_with(".new"))
        .map(|entry| events(&entry.path(), format))
        .collect()
}

pub fn metadata(dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(dir.join("trace_metadata.json")).unwrap()).unwrap()
}

pub fn paths(dir: &Path) -> Vec<String> {
    serde_json::from_slice(&fs::read(dir.join("trace_paths.json")).unwrap()).unwrap()
}

/// The lines of the steps, in order.
pub fn lines(events: &[Value]) -> Vec<u64> {
    events
        .iter()
        .filter_map(|event| event["Step"]["line"].as_u64())
        .collect()
}
