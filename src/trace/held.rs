//! A file held open beside a program that may close any descriptor.
//!
//! Owns: where our descriptors lie, and whether they are still ours. Must not: know what the file holds.
//!
//! A program finds the numbers of its own files as it would without us: ours lie high. A daemon closes all descriptors,
//! known or not, and may get their numbers for files of its own; so a file is looked at before it is written to or closed.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::path::Path;

/// An open file, recognised by its place on the disk.
#[derive(Debug)]
pub(super) struct Held {
    file: ManuallyDrop<File>,
    identity: Identity,
}

impl Held {
    /// Takes a file, and moves its descriptor out of the program's way.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let file = moved(file);
        Ok(Self {
            identity: identity(&file)?,
            file: ManuallyDrop::new(file),
        })
    }

    /// Whether the descriptor still stands for the file.
    pub(super) fn is_ours(&self) -> bool {
        identity(&self.file).is_ok_and(|identity| identity == self.identity)
    }

    /// Sees to it that the descriptor stands for the file, which lies at `path`; opens it anew if need be.
    ///
    /// # Errors
    /// Where another file, or none, lies there.
    pub(super) fn ensure(&mut self, path: &Path) -> io::Result<()> {
        if self.is_ours() {
            return Ok(());
        }
        let again = Self::new(File::options().read(true).write(true).open(path)?)?;
        if again.identity != self.identity {
            let message = "the program closed the file, and another lies in its place";
            return Err(io::Error::other(message));
        }
        *self = again;
        Ok(())
    }
}

impl Deref for Held {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_ours() {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

/// Device and number of a file.
#[cfg(unix)]
type Identity = (u64, u64);
/// A handle is nobody's but ours here.
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(file: &File) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_file: &File) -> io::Result<Identity> {
    Ok(())
}

/// The file with a high descriptor, if one can be had; the same lock is held by both.
#[cfg(unix)]
fn moved(file: File) -> File {
    use std::os::fd::{AsRawFd as _, FromRawFd as _};
    /// Below it our descriptors lie, unless the process may have fewer: the system's table grows with the number.
    const HIGHEST: libc::rlim_t = 4096;
    /// Room between the first number tried and the highest.
    const ROOM: libc::rlim_t = 64;
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the calls take what is passed here; a descriptor that is given is new and ours.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return file;
        }
        let lowest = limit.rlim_cur.min(HIGHEST).saturating_sub(ROOM);
        let high = i32::try_from(lowest).map_or(-1, |lowest| {
            libc::fcntl(file.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest)
        });
        if high < 0 {
            return file;
        }
        File::from_raw_fd(high)
    }
}

#[cfg(not(unix))]
fn moved(file: File) -> File {
    file
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn a_descriptor_that_was_closed_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut held = Held::new(File::create_new(&path).unwrap()).unwrap();
        let other = File::create(folder.path().join("other")).unwrap();
        // SAFETY: both descriptors are open; the program's file takes the place of ours.
        unsafe { libc::dup2(other.as_raw_fd(), held.as_raw_fd()) };
        assert!(!held.is_ours());
        held.ensure(&path).unwrap();
        assert!(held.is_ours());
    }

    #[test]
    fn another_file_in_its_place_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut held = Held::new(File::create_new(&path).unwrap()).unwrap();
        // SAFETY: the descriptor is open.
        unsafe { libc::close(held.as_raw_fd()) };
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        File::create_new(&path).unwrap();
        assert!(held.ensure(&path).is_err());
    }

    #[test]
    fn descriptors_lie_out_of_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let held = Held::new(File::create(folder.path().join("file")).unwrap()).unwrap();
        assert!(held.as_raw_fd() > 100);
    }
}
