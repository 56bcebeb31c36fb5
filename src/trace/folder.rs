//! The trace folder: whose it is, and the small files in it.
//!
//! Owns: names in the folder, its lock, atomic replacement. Must not: know the event stream.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Map, Value};

use super::Format;
use super::held::{Held, Identity, OutFile, identity_at, undisturbed};
use super::platform;
use super::queue::lock;
use crate::error::{Error, Result};

const METADATA: &str = "trace_metadata.json";
const PATHS: &str = "trace_paths.json";
/// Begins the name of every kept text, so that the next recording knows it as ours.
const KEPT: &str = "trace_text_";
const PART: &str = "trace.part-";
/// Stands between a part's number and where it is joined.
const AT: &str = ".at-";
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
    /// What carries the lock, once the folder is taken.
    lock: Mutex<Option<Held>>,
}

fn format_of(extension: &str) -> Option<Format> {
    let both = [Format::Json, Format::Binary];
    both.into_iter()
        .find(|format| self::extension(*format) == extension)
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

/// A part file: another thread's events while the recording goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) number: u64,
    /// Where the event stream ended before this part was begun to be joined to it. What stands behind is the part's,
    /// whole or not, until its file is gone.
    pub(super) joined_at: Option<u64>,
    pub(super) format: Format,
}

impl Part {
    /// The name of its file: `trace.part-3.json`, or `trace.part-3.at-5813.json` while it is joined.
    pub(super) fn name(self) -> String {
        let at = self.joined_at.map(|at| format!("{AT}{at}"));
        let (number, at) = (self.number, at.unwrap_or_default());
        format!("{PART}{number}{at}.{}", extension(self.format))
    }

    /// The part of which this is the name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (name, extension) = name.strip_prefix(PART)?.rsplit_once('.')?;
        let (number, joined_at) = match name.split_once(AT) {
            Some((number, at)) => (number, Some(as_number(at)?)),
            None => (name, None),
        };
        Some(Self {
            number: as_number(number)?,
            joined_at,
            format: format_of(extension)?,
        })
    }
}

fn finished(name: &str) -> &str {
    name.strip_suffix(UNFINISHED).unwrap_or(name)
}

/// Whether a file of this name tells that a recorder was here.
fn tells_of_a_recorder(name: &str) -> bool {
    matches!(finished(name), METADATA | PATHS)
}

/// Whether a recorder makes files of this name.
fn is_ours(name: &str) -> bool {
    let name = finished(name);
    matches!(name, "trace.json" | "trace.bin" | METADATA | PATHS)
        || name.starts_with(KEPT)
        || Part::of(name).is_some()
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
            lock: Mutex::default(),
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
        let Some(held) = take(path).map_err(unusable)? else {
            return Err(Error::Session(refusal(path)));
        };
        if !self.is_fresh {
            if let Some(name) = strangers(path).map_err(unusable)? {
                return Err(Error::Session(foreign(&self.file(&name))));
            }
            clear(path).map_err(unusable)?;
        }
        *lock(&self.lock) = Some(held);
        Ok(())
    }

    /// Whether this recording holds the folder.
    pub(super) fn is_claimed(&self) -> bool {
        lock(&self.lock).is_some()
    }

    /// Removes the trace, and the folder unless it holds files of others.
    pub(super) fn remove(&self) -> Result<()> {
        if self.is_claimed() && self.in_place().is_ok() {
            clear(&self.path).map_err(at(&self.path))?;
            let _ = fs::remove_dir(&self.path);
        }
        Ok(())
    }

    /// Takes a folder with a trace that no live recorder writes.
    pub(super) fn hold(dir: &Path) -> Result<Self> {
        let path = std::path::absolute(dir).map_err(at(dir))?;
        let held = take(&path).map_err(at(&path))?;
        let held = held.ok_or_else(|| Error::Session(refusal(&path)))?;
        Ok(Self {
            is_fresh: false,
            lock: Mutex::new(Some(held)),
            path,
        })
    }

    /// Fails unless the folder that was taken still lies at its path: what lies there else is not ours to touch. The
    /// lock is taken anew where the program has closed it.
    fn in_place(&self) -> Result<()> {
        let mut lock = lock(&self.lock);
        let Some(held) = lock.as_mut() else {
            return Ok(());
        };
        let lies_there = match held.lies_at(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            looked => looked.map_err(at(&self.path))?,
        };
        if lies_there && (held.is_ours() || held.renew(self.again()?)) {
            return Ok(());
        }
        let path = self.path.display();
        Err(Error::Trace(format!(
            "{path}: the trace folder was moved, replaced or removed"
        )))
    }

    fn again(&self) -> Result<Held> {
        let held = take(&self.path).map_err(at(&self.path))?;
        held.ok_or_else(|| Error::Session(refusal(&self.path)))
    }

    /// Where a file of this name lies.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a file of this name lies while it is made.
    pub(super) fn unfinished(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}{UNFINISHED}"))
    }

    /// Opens the file of this name.
    pub(super) fn open(&self, name: &str) -> Result<OutFile> {
        self.in_place()?;
        let path = self.file(name);
        OutFile::open(path.clone()).map_err(at(&path))
    }

    /// Gives a file another name.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.in_place()?;
        let path = self.file(from);
        fs::rename(&path, self.file(to)).map_err(at(&path))
    }

    /// Removes the file of this name.
    pub(super) fn remove_file(&self, name: &str) -> Result<()> {
        self.in_place()?;
        let path = self.file(name);
        fs::remove_file(&path).map_err(at(&path))
    }

    /// Puts a file that is made into its place.
    pub(super) fn publish(&self, name: &str) -> Result<()> {
        self.in_place()?;
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
        self.in_place()?;
        let unfinished = self.unfinished(name);
        let made = OutFile::create(unfinished.clone()).and_then(|mut file| file.write_at(bytes, 0));
        // To write may take long: the folder is looked at once more.
        let replaced = made
            .map_err(at(&self.file(name)))
            .and_then(|()| self.publish(name));
        if replaced.is_err() && self.in_place().is_ok() {
            // What is half made is of no use, and may be what fills the disk.
            let _ = fs::remove_file(&unfinished);
        }
        replaced
    }

    /// Replaces the metadata.
    pub(super) fn write_metadata(&self, metadata: &Map<String, Value>) -> Result<()> {
        self.replace(METADATA, &pretty(metadata))
    }

    /// Writes the metadata over the old ones, for where nothing can be replaced any more: a full disk, a
    /// folder that takes no new file.
    pub(super) fn overwrite_metadata(&self, metadata: &Map<String, Value>) -> Result<()> {
        let bytes = pretty(metadata);
        let mut file = self.open(METADATA)?;
        file.write_at(&bytes, 0)
            .and_then(|()| file.set_len(bytes.len() as u64))
            .map_err(at(&self.file(METADATA)))
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

    /// After a fork, in the child: closes the descriptor that it inherited. Waits for nothing.
    ///
    /// # Safety
    /// The folder must never be used or dropped again in this process.
    pub(super) unsafe fn close_inherited(&self) {
        if let Ok(lock) = self.lock.try_lock()
            && let Some(held) = lock.as_ref()
        {
            // SAFETY: the caller gives the folder up.
            unsafe { platform::close_inherited(held) };
        }
    }
}

/// Where a trace folder lay when its recording began.
pub struct Place {
    path: PathBuf,
    /// None where there was no folder yet.
    identity: Option<Identity>,
}

impl Place {
    /// The place of the folder at this path.
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.to_owned(),
            identity: identity_at(folder).ok(),
        }
    }

    /// Whether no other folder lies there, and none is missing.
    pub fn is_kept(&self) -> bool {
        self.identity
            .is_none_or(|identity| identity_at(&self.path).is_ok_and(|found| found == identity))
    }
}

/// Takes a folder's lock. `None`: another process holds it.
fn take(folder: &Path) -> io::Result<Option<Held>> {
    let held = undisturbed(|| platform::lock(folder)?.map(Held::new).transpose())?;
    // Who held it before may have removed it, and somebody else made another one.
    if let Some(held) = &held
        && !held.lies_at(folder)?
    {
        return Err(io::Error::other("replaced in this moment"));
    }
    Ok(held)
}

/// The names in a folder that a recorder makes; those that tell of one come last.
fn ours(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string();
        names.extend(name.ok().filter(|name| is_ours(name)));
    }
    names.sort();
    names.sort_by_key(|name| tells_of_a_recorder(name));
    Ok(names)
}

/// The file of somebody else that bears a name of ours, if there is one: where a recorder was, one of its small files is,
/// which it makes first and removes last.
fn strangers(folder: &Path) -> io::Result<Option<String>> {
    let names = ours(folder)?;
    let is_recorders = names.last().is_some_and(|name| tells_of_a_recorder(name));
    Ok(names.into_iter().next().filter(|_| !is_recorders))
}

/// Removes a trace, and the traces of its child processes; what is not ours stays, and so does what a process that still
/// runs is writing.
fn clear(folder: &Path) -> io::Result<()> {
    for name in ours(folder)? {
        fs::remove_file(folder.join(name))?;
    }
    let children = folder.join(CHILDREN);
    let Ok(entries) = fs::read_dir(&children) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_child) {
            clear_child(&entry.path())?;
        }
    }
    let _ = fs::remove_dir(children);
    Ok(())
}

fn clear_child(folder: &Path) -> io::Result<()> {
    if let Some(_held) = take(folder)?
        && strangers(folder)?.is_none()
    {
        clear(folder)?;
        // What holds files of others stays.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

/// Whether a child's trace lies in a folder of this name: `3-4711`.
fn is_child(name: &str) -> bool {
    name.split_once('-').is_some_and(|(number, process)| {
        as_number(number).is_some() && as_number(process).is_some()
    })
}

/// The number that stands there in digits, and nothing else.
fn as_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn pretty(metadata: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = format!("{:#}", Value::Object(metadata.clone())).into_bytes();
    bytes.push(b'\n');
    bytes
}

/// Why a folder is not taken in which a file lies that would be replaced, and that no recorder made.
fn foreign(file: &Path) -> String {
    let path = file.display();
    format!(
        "{path}: would be replaced, and is no recorder's: no {METADATA} lies beside it (choose another folder with \
         --trace-dir, or remove the file)"
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_part_tells_all_of_it() {
        for joined_at in [None, Some(0), Some(5813)] {
            for format in [Format::Json, Format::Binary] {
                let part = Part {
                    number: 12,
                    joined_at,
                    format,
                };
                assert_eq!(Part::of(&part.name()), Some(part));
            }
        }
        for name in [
            "trace.json",
            "trace.part-.json",
            "trace.part-+1.json",
            "trace.part-1.at-.json",
            "trace.part-1.at-2.at-3.json",
            "trace.part-1.json.new",
        ] {
            assert_eq!(Part::of(name), None, "{name}");
        }
    }

    #[test]
    fn a_folder_that_was_moved_is_followed_by_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (place, kept) = (dir.path().join("place"), dir.path().join("kept"));
        let folder = Folder::new(&place).unwrap();
        let kept_place = Place::new(&place);
        folder.claim().unwrap();
        folder.replace(METADATA, b"{}").unwrap();
        let taken = Place::new(&place);
        assert!(taken.is_kept() && kept_place.is_kept());
        if fs::rename(&place, &kept).is_err() {
            return; // The system keeps it in its place.
        }
        fs::create_dir(&place).unwrap();
        fs::write(place.join(METADATA), "theirs").unwrap();
        assert!(!taken.is_kept());
        assert!(folder.replace(METADATA, b"{}").is_err());
        assert!(folder.overwrite_metadata(&Map::new()).is_err());
        assert!(folder.rename(METADATA, PATHS).is_err());
        assert!(folder.remove_file(METADATA).is_err());
        folder.remove().unwrap();
        assert_eq!(fs::read(place.join(METADATA)).unwrap(), b"theirs");
        assert_eq!(fs::read(kept.join(METADATA)).unwrap(), b"{}");
    }
}
