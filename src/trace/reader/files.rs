//! Which files of a trace folder are to be read.
//!
//! Owns: which of them count, and what of the metadata readers need. Must not: read an event.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{trouble, unreadable};
use crate::error::Result;
use crate::trace::folder::{METADATA, Part, stream_name};
use crate::trace::{Format, Status};

/// Bytes of metadata that are read at the most.
const METADATA_LIMIT: u64 = 16 << 20;

/// A trace folder as found.
#[derive(Debug, Clone)]
pub struct TraceFiles {
    /// The file of the event stream.
    pub events: PathBuf,
    /// The form of its content.
    pub format: Format,
    /// What the recorder says of the trace.
    pub metadata: Metadata,
    /// Files of other threads' events that were never joined to the stream, by number; these are not read.
    pub parts: Vec<PathBuf>,
    /// Where the stream's own events end, if it holds some of a part's, too: that was being joined.
    pub own_end: Option<u64>,
}

impl TraceFiles {
    /// Looks into the folder `dir`.
    ///
    /// Where both forms lie, the policy in the metadata says which of them is meant; else it is the newer file.
    ///
    /// # Errors
    /// `Error::Trace` if it is no folder, or holds no event stream.
    pub fn find(dir: &Path) -> Result<Self> {
        let mut found = find_parts(dir)?;
        let metadata = Metadata::read(&dir.join(METADATA));
        let [json, binary] =
            [Format::Json, Format::Binary].map(|format| dir.join(stream_name(format)));
        let (format, events) = match (modified(&json), modified(&binary)) {
            (None, None) => {
                return Err(trouble(
                    dir,
                    "no trace here: neither trace.json nor trace.bin (give the folder that --trace-dir named)",
                ));
            }
            (Some(_), None) => (Format::Json, json),
            (None, Some(_)) => (Format::Binary, binary),
            (json_time, binary_time) => match metadata.format {
                Some(Format::Json) => (Format::Json, json),
                None if json_time > binary_time => (Format::Json, json),
                _ => (Format::Binary, binary),
            },
        };
        found.retain(|(part, _)| part.format == format);
        Ok(Self {
            events,
            format,
            metadata,
            own_end: found.iter().filter_map(|(part, _)| part.joined_at).min(),
            parts: found.into_iter().map(|(_, path)| path).collect(),
        })
    }

    /// One of the parts, as if it were the event stream.
    pub fn part(&self, part: &Path) -> Self {
        Self {
            events: part.to_owned(),
            parts: Vec::new(),
            own_end: None,
            ..self.clone()
        }
    }
}

/// When a file was changed last; none if there is no such file. What is no regular file (a pipe, a folder) is none
/// either: opening it could wait for ever.
fn modified(path: &Path) -> Option<SystemTime> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(found.modified().unwrap_or(SystemTime::UNIX_EPOCH))
}

fn find_parts(dir: &Path) -> Result<Vec<(Part, PathBuf)>> {
    match fs::metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(trouble(
                dir,
                "no such folder (give the folder that --trace-dir named)",
            ));
        }
        Err(error) => return Err(unreadable(dir, &error)),
        Ok(found) if !found.is_dir() => {
            return Err(trouble(
                dir,
                "not a folder (give the folder that the trace lies in)",
            ));
        }
        Ok(_) => {}
    }
    let entries = fs::read_dir(dir).map_err(|error| unreadable(dir, &error))?;
    let mut parts: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some((Part::of(&name)?, dir.join(name)))
        })
        .collect();
    parts.sort();
    Ok(parts)
}

/// What `trace_metadata.json` says, as far as readers need it. A trace can be read without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Folder in which the program was started.
    pub workdir: Option<String>,
    /// How far it has come; none in other recorders' traces.
    pub status: Option<Status>,
    /// Why it is partial.
    pub reason: Option<String>,
    /// The form that the policy asked for.
    pub format: Option<Format>,
    /// Why nothing of this is known.
    pub fault: Option<&'static str>,
}

impl Metadata {
    fn read(path: &Path) -> Self {
        if modified(path).is_none() {
            return Self::unknown("trace_metadata.json is missing");
        }
        let mut text = Vec::new();
        let read = fs::File::open(path)
            .and_then(|file| file.take(METADATA_LIMIT).read_to_end(&mut text))
            .is_ok();
        match serde_json::from_slice(&text) {
            Ok(Value::Object(found)) if read => Self::new(found),
            _ => Self::unknown("trace_metadata.json cannot be read, or is not a JSON object"),
        }
    }

    fn unknown(fault: &'static str) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    fn new(found: Map<String, Value>) -> Self {
        let status = Status::of(&found);
        let found = Value::Object(found);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            workdir: text(&found["workdir"]),
            status,
            reason: text(&found["reason"]),
            format: serde_json::from_value(found["policy"]["resolved"]["format"].clone()).ok(),
            fault: None,
        }
    }
}
