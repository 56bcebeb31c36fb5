//! The trace folder of a recording, and the small files in it.
//!
//! Owns: when a folder is taken, what of an older trace is removed, and that a file changes at one moment. Must not: know
//! the event stream.

mod lock;
mod names;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use self::lock::FolderPlace;
use self::lock::{FolderLock, refusal, take, try_take};
pub use self::names::CHILDREN;
use self::names::{KEPT, PATHS, is_child, is_ours, tells_of_a_recorder};
pub(super) use self::names::{METADATA, Part, stream as stream_name};
use super::held::OutFile;
use crate::error::{Error, Result, in_words};

/// A trace folder, which this recording holds once it is claimed.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether it was not there before this recording: what lies in it belongs to this one.
    is_fresh: bool,
    lock: FolderLock,
}

/// As `Error::Trace`, with the place.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| Error::Trace(format!("{}: {}", path.display(), in_words(&error)))
}

impl Folder {
    /// The folder of a recording that begins, which may not be there yet.
    pub(super) fn new(dir: &Path) -> Result<Self> {
        let path = std::path::absolute(dir).map_err(at(dir))?;
        Ok(Self {
            is_fresh: !path.exists(),
            lock: FolderLock::default(),
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
                in_words(&error)
            };
            Error::Trace(format!(
                "{}: {why} (choose another folder with --trace-dir)",
                path.display()
            ))
        };
        fs::create_dir_all(path).map_err(unusable)?;
        let held = try_take(path).map_err(unusable)?;
        let held = held.ok_or_else(|| refusal(path))?;
        if !self.is_fresh {
            if let Some(name) = strangers(path).map_err(unusable)? {
                return Err(foreign(&self.file(&name)));
            }
            clear(path).map_err(unusable)?;
        }
        self.lock.keep(held);
        Ok(())
    }

    /// Whether this recording holds the folder.
    pub(super) fn is_claimed(&self) -> bool {
        self.lock.is_taken()
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
        Ok(Self {
            is_fresh: false,
            lock: FolderLock::new(take(&path)?),
            path,
        })
    }

    fn in_place(&self) -> Result<()> {
        self.lock.in_place(&self.path)
    }

    /// Where a file of this name lies.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a file of this name lies while it is made.
    pub(super) fn unfinished(&self, name: &str) -> PathBuf {
        self.file(&names::unfinished(name))
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
        // SAFETY: the caller gives the folder up.
        unsafe { self.lock.close_inherited() };
    }
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
    if let Some(_held) = try_take(folder)?
        && strangers(folder)?.is_none()
    {
        clear(folder)?;
        // What holds files of others stays.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn pretty(metadata: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = format!("{:#}", Value::Object(metadata.clone())).into_bytes();
    bytes.push(b'\n');
    bytes
}

/// Why a folder is not taken in which a file lies that would be replaced, and that no recorder made.
fn foreign(file: &Path) -> Error {
    let path = file.display();
    Error::Session(format!(
        "{path}: would be replaced, and is no recorder's: no {METADATA} lies beside it (choose another folder with \
         --trace-dir, or remove the file)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_moved_is_followed_by_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (place, kept) = (dir.path().join("place"), dir.path().join("kept"));
        let folder = Folder::new(&place).unwrap();
        let kept_place = FolderPlace::new(&place);
        folder.claim().unwrap();
        folder.replace(METADATA, b"{}").unwrap();
        let taken = FolderPlace::new(&place);
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
