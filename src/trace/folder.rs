//! The trace folder: whose it is, and the small files in it.
//!
//! Owns: names in the folder, its lock, atomic replacement. Must not: know the event stream.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::Format;
use super::held::{Held, OutFile};
use super::platform;
use crate::error::{Error, Result};

const METADATA: &str = "trace_metadata.json";
const PATHS: &str = "trace_paths.json";
/// Begins the name of every kept text, so that the next recording knows it as ours.
const KEPT: &str = "trace_text_";
const PART: &str = "trace.part-";
/// The folder of the traces of child processes.
pub const CHILDREN: &str = "processes";
/// Ends the name of a file that is still being made.
const UNFINISHED: &str = ".new";

/// A trace folder, which this recording holds once it is claimed.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether it was not there before this recording: what lies in it belongs to this one.
    is_fresh: bool,
    lock: OnceLock<Held>,
}

fn extension(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Binary => "bin",
    }
}

/// Name of the file of the whole event stream.
pub(super) fn stream_name(format: Format) -> String {
    format!("trace.{}", extension(format))
}

/// Name of the file of another thread's events while the recording goes on.
pub(super) fn part_name(format: Format, number: usize) -> String {
    format!("{PART}{number}.{}", extension(format))
}

/// Whether a recorder made a file of this name.
fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(UNFINISHED).unwrap_or(name);
    let part = || {
        let (number, extension) = name.strip_prefix(PART)?.split_once('.')?;
        Some(
            number.bytes().all(|byte| byte.is_ascii_digit()) && matches!(extension, "json" | "bin"),
        )
    };
    matches!(name, "trace.json" | "trace.bin" | METADATA | PATHS)
        || name.starts_with(KEPT)
        || part().unwrap_or(false)
}

/// As `Error::Trace`, with the place.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| Error::Trace(format!("{}: {error}", path.display()))
}

impl Folder {
    /// The folder of a recording that begins, which may not be there yet.
    pub(super) fn new(dir: &Path) -> Result<Self> {
        let path = std::path::absolute(dir).map_err(at(dir))?;
        Ok(Self {
            is_fresh: !path.exists(),
            lock: OnceLock::new(),
            path,
        })
    }

    /// Whether it was not there when the recording began.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Makes the folder and takes it; an older trace in it is removed, other files stay.
    pub(super) fn claim(&self) -> Result<()> {
        let path = &self.path;
        let unusable = |error: io::Error| {
            let why = if path.exists() && !path.is_dir() {
                "not a folder".to_owned()
            } else {
                error.to_string()
            };
            Error::Trace(format!(
                "{}: {why} (choose another folder with --trace-dir)",
                path.display()
            ))
        };
        fs::create_dir_all(path).map_err(unusable)?;
        let Some(lock) = platform::lock(path).map_err(unusable)? else {
            return Err(Error::Session(refusal(path)));
        };
        let _ = self.lock.set(Held::new(lock).map_err(unusable)?);
        if !self.is_fresh {
            clear(path).map_err(unusable)?;
        }
        Ok(())
    }

    /// Removes the trace, and the folder unless it holds files of others.
    pub(super) fn remove(&self) -> Result<()> {
        if self.path.exists() {
            clear(&self.path).map_err(at(&self.path))?;
            let _ = fs::remove_dir(&self.path);
        }
        Ok(())
    }

    /// Takes a folder with a trace that no live recorder writes.
    pub(super) fn hold(dir: &Path) -> Result<Self> {
        let path = std::path::absolute(dir).map_err(at(dir))?;
        let lock = platform::lock(&path).map_err(at(&path))?;
        let lock = lock.ok_or_else(|| Error::Session(refusal(&path)))?;
        let lock = Held::new(lock).map_err(at(&path))?;
        Ok(Self {
            is_fresh: false,
            lock: OnceLock::from(lock),
            path,
        })
    }

    /// Where a file of this name lies.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a file of this name lies while it is made.
    pub(super) fn unfinished(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}{UNFINISHED}"))
    }

    /// Puts a file that is made into its place.
    pub(super) fn publish(&self, name: &str) -> Result<()> {
        let path = self.file(name);
        fs::rename(self.unfinished(name), &path).map_err(at(&path))
    }

    /// The metadata as they lie there; empty where they cannot be read.
    pub(super) fn read_metadata(&self) -> Map<String, Value> {
        let text = fs::read(self.file(METADATA)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes a file at one moment: readers see the old one or the new one, whole.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (path, unfinished) = (self.file(name), self.unfinished(name));
        let replace = || {
            OutFile::create(unfinished.clone())?.write_at(bytes, 0)?;
            fs::rename(&unfinished, &path)
        };
        replace().map_err(|error| {
            // What is half made is of no use, and may be what fills the disk.
            let _ = fs::remove_file(&unfinished);
            at(&path)(error)
        })
    }

    /// Replaces the metadata.
    pub(super) fn write_metadata(&self, metadata: &Map<String, Value>) -> Result<()> {
        self.replace(METADATA, &pretty(metadata))
    }

    /// Writes the metadata over the old ones, for where nothing can be replaced any more: a full disk, a
    /// folder that takes no new file.
    pub(super) fn overwrite_metadata(&self, metadata: &Map<String, Value>) -> io::Result<()> {
        let bytes = pretty(metadata);
        let mut file = OutFile::open(self.file(METADATA))?;
        file.write_at(&bytes, 0)?;
        file.set_len(bytes.len() as u64)
    }

    /// Replaces the list of paths.
    pub(super) fn write_paths(&self, paths: &[String]) -> Result<()> {
        let bytes =
            serde_json::to_vec(paths).map_err(|error| at(&self.file(PATHS))(error.into()))?;
        self.replace(PATHS, &bytes)
    }

    /// Writes a text that steps point to.
    pub(super) fn keep(&self, name: &str, text: &[u8]) -> Result<PathBuf> {
        let name = format!("{KEPT}{name}");
        self.replace(&name, text)?;
        Ok(self.file(&name))
    }

    /// The file that carries the lock, once the folder is claimed.
    pub(super) fn lock(&self) -> Option<&Held> {
        self.lock.get()
    }
}

/// Removes a trace, and the traces of its child processes; what is not ours stays, and so does what a process that still
/// runs is writing.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_ours) {
            fs::remove_file(entry.path())?;
        }
    }
    let children = folder.join(CHILDREN);
    let Ok(entries) = fs::read_dir(&children) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let is_child = entry.file_name().to_str().is_some_and(is_child);
        if is_child && let Some(_lock) = platform::lock(&entry.path())? {
            clear(&entry.path())?;
            // What holds files of others stays.
            let _ = fs::remove_dir(entry.path());
        }
    }
    let _ = fs::remove_dir(children);
    Ok(())
}

/// Whether a child's trace lies in a folder of this name: `3-4711`.
fn is_child(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('-')
        .is_some_and(|(number, process)| is_number(number) && is_number(process))
}

fn pretty(metadata: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = format!("{:#}", Value::Object(metadata.clone())).into_bytes();
    bytes.push(b'\n');
    bytes
}

/// Why a live recorder's folder is not taken; its metadata know its process id.
fn refusal(path: &Path) -> String {
    let metadata = fs::read(path.join(METADATA)).unwrap_or_default();
    let metadata: Value = serde_json::from_slice(&metadata).unwrap_or_default();
    let process = metadata["pid"]
        .as_u64()
        .map(|pid| format!(" (process {pid})"))
        .unwrap_or_default();
    let path = path.display();
    format!(
        "{path}: another recorder{process} is writing a trace there (choose another folder with --trace-dir)"
    )
}
