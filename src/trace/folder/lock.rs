//! Whose a trace folder is.
//!
//! Owns: its lock, and whether the folder that was taken still lies at its path. Must not: change what is in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use super::{at, names};
use crate::error::{Error, Result};
use crate::trace::held::{Held, Identity, identity_at, undisturbed};
use crate::trace::platform;
use crate::trace::queue::lock;

/// The lock on a folder, once this recording has taken it.
#[derive(Debug, Default)]
pub struct FolderLock(Mutex<Option<Held>>);

impl FolderLock {
    /// A lock that is taken.
    pub fn new(held: Held) -> Self {
        Self(Mutex::new(Some(held)))
    }

    /// Keeps what was taken.
    pub fn keep(&self, held: Held) {
        *lock(&self.0) = Some(held);
    }

    /// Whether this recording holds the folder.
    pub fn is_taken(&self) -> bool {
        lock(&self.0).is_some()
    }

    /// Fails unless the folder that was taken still lies at its path: what lies there else is not ours to touch. The
    /// lock is taken anew where the program has closed it.
    pub fn in_place(&self, folder: &Path) -> Result<()> {
        let mut lock = lock(&self.0);
        let Some(held) = lock.as_mut() else {
            return Ok(());
        };
        let lies_there = match held.lies_at(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            looked => looked.map_err(at(folder))?,
        };
        if lies_there && (held.is_ours() || held.renew(take(folder)?)) {
            return Ok(());
        }
        Err(Error::Trace(format!(
            "{}: the trace folder was moved, replaced or removed",
            folder.display()
        )))
    }

    /// After a fork, in the child: closes the descriptor that it inherited. Waits for nothing.
    ///
    /// # Safety
    /// The lock must never be used or dropped again in this process.
    pub unsafe fn close_inherited(&self) {
        if let Ok(lock) = self.0.try_lock()
            && let Some(held) = lock.as_ref()
        {
            // SAFETY: the caller gives the lock up.
            unsafe { platform::close_inherited(held) };
        }
    }
}

/// Takes a folder's lock.
pub fn take(folder: &Path) -> Result<Held> {
    let held = try_take(folder).map_err(at(folder))?;
    held.ok_or_else(|| refusal(folder))
}

/// Takes a folder's lock. `None`: another process holds it.
pub fn try_take(folder: &Path) -> io::Result<Option<Held>> {
    let held = undisturbed(|| platform::lock(folder)?.map(Held::new).transpose())?;
    // Who held it before may have removed it, and somebody else made another one.
    if let Some(held) = &held
        && !held.lies_at(folder)?
    {
        return Err(io::Error::other("replaced in this moment"));
    }
    Ok(held)
}

/// Why a live recorder's folder is not taken; its metadata know its process id.
pub fn refusal(folder: &Path) -> Error {
    let metadata = fs::read(folder.join(names::METADATA)).unwrap_or_default();
    let metadata: Value = serde_json::from_slice(&metadata).unwrap_or_default();
    let process = metadata["pid"]
        .as_u64()
        .map(|pid| format!(" (process {pid})"))
        .unwrap_or_default();
    let folder = folder.display();
    Error::Session(format!(
        "{folder}: another recorder{process} is writing a trace there (choose another folder with --trace-dir)"
    ))
}

/// Where a trace folder lay when its recording began.
pub struct FolderPlace {
    path: PathBuf,
    /// None where there was no folder yet.
    identity: Option<Identity>,
}

impl FolderPlace {
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
