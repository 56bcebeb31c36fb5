//! Files held open beside a program that may close any descriptor.
//!
//! Owns: where our descriptors lie, and whether they are still ours. Must not: know what the files hold.
//!
//! A program finds the numbers of its own files as it would without us: ours lie high. A daemon closes all descriptors,
//! known or not, and may get their numbers for files of its own; so a file is looked at before it is written to or closed,
//! and what failed because the program closed it in between is done again.

use std::fs::{File, OpenOptions};
use std::io;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::platform;

/// How often the same may be broken by a program that closes descriptors.
const TRIES: usize = 100;

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

    /// Whether the file at this path is this one.
    pub(super) fn lies_at(&self, path: &Path) -> io::Result<bool> {
        Ok(identity_at(path)? == self.identity)
    }

    /// Takes what was opened anew in the place of what the program has closed; whether it is the same file.
    pub(super) fn renew(&mut self, again: Self) -> bool {
        let is_same = again.identity == self.identity;
        if is_same {
            // The number that was closed may be the new one's: it is not closed again.
            mem::forget(mem::replace(self, again));
        }
        is_same
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

/// A file that is written, opened anew where the program has closed it.
#[derive(Debug)]
pub(super) struct OutFile {
    path: PathBuf,
    held: Held,
}

impl OutFile {
    /// An empty file at this path.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        Self::new(path, options().create(true).truncate(true))
    }

    /// The file at this path.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        Self::new(path, &options())
    }

    fn new(path: PathBuf, options: &OpenOptions) -> io::Result<Self> {
        let held = undisturbed(|| Held::new(options.open(&path)?))?;
        Ok(Self { path, held })
    }

    /// What is open.
    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// Writes all of `bytes`, from `offset` on.
    pub(super) fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        undisturbed(|| platform::write_at(self.ours()?, bytes, offset))
    }

    /// Writes one thing and at once, with nothing in between, another; each with its offset.
    pub(super) fn write_both(
        &mut self,
        (first, at): (&[u8], u64),
        (second, then): (&[u8], u64),
    ) -> io::Result<()> {
        undisturbed(|| {
            let file = self.ours()?;
            platform::write_at(file, first, at)?;
            platform::write_at(file, second, then)
        })
    }

    /// Writes `block` again and again, from `offset` up to `end`.
    pub(super) fn fill_at(&mut self, block: &[u8], offset: u64, end: u64) -> io::Result<()> {
        undisturbed(|| platform::fill_at(self.ours()?, block, offset, end))
    }

    /// Asks for room on the disk for what is to be written there; whether it is had.
    pub(super) fn reserve(&mut self, offset: u64, length: u64) -> bool {
        self.ours()
            .is_ok_and(|file| platform::reserve(file, offset, length))
    }

    /// Makes the file so long.
    pub(super) fn set_len(&mut self, length: u64) -> io::Result<()> {
        undisturbed(|| self.ours()?.set_len(length))
    }

    /// The file; an error where another one, or none, lies at the path of one that was closed.
    fn ours(&mut self) -> io::Result<&File> {
        if !self.held.is_ours() {
            let again = Held::new(options().open(&self.path)?)?;
            if !self.held.renew(again) {
                let message = "the program closed the file, and another lies in its place";
                return Err(io::Error::other(message));
            }
        }
        Ok(&self.held)
    }
}

fn options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    options
}

/// Does what comes out the same when it is done twice, again where a descriptor was closed in between.
pub(super) fn undisturbed<R>(mut act: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    for _ in 1..TRIES {
        match act() {
            Err(error) if is_closed(&error) => {}
            result => return result,
        }
    }
    act()
}

#[cfg(unix)]
fn is_closed(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EBADF)
}

#[cfg(not(unix))]
fn is_closed(_error: &io::Error) -> bool {
    false
}

/// Device and number of a file.
#[cfg(unix)]
pub(super) type Identity = (u64, u64);
/// A handle is nobody's but ours here, and a folder with open files in it stays where it is.
#[cfg(not(unix))]
pub(super) type Identity = ();

#[cfg(unix)]
fn identity(file: &File) -> io::Result<Identity> {
    file.metadata().map(|metadata| identity_of(&metadata))
}

#[cfg(not(unix))]
fn identity(_file: &File) -> io::Result<Identity> {
    Ok(())
}

/// Which file lies at a path.
#[cfg(unix)]
pub(super) fn identity_at(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|metadata| identity_of(&metadata))
}

/// Nothing that could be told from others.
#[cfg(not(unix))]
pub(super) fn identity_at(_path: &Path) -> io::Result<Identity> {
    Ok(())
}

#[cfg(unix)]
fn identity_of(metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
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
    use std::fs;
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn a_file_that_was_closed_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("file"), folder.path().join("other"));
        let mut file = OutFile::create(path.clone()).unwrap();
        // SAFETY: the descriptor is open.
        unsafe { libc::close(file.held().as_raw_fd()) };
        file.write_at(b"some text", 0).unwrap();
        let theirs = File::create(&other).unwrap();
        // SAFETY: both descriptors are open; the program's file takes the place of ours.
        unsafe { libc::dup2(theirs.as_raw_fd(), file.held().as_raw_fd()) };
        file.write_at(b" more", 9).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"some text more");
        assert_eq!(fs::read(&other).unwrap(), b"");
    }

    #[test]
    fn another_file_in_its_place_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = OutFile::create(path.clone()).unwrap();
        // SAFETY: the descriptor is open.
        unsafe { libc::close(file.held().as_raw_fd()) };
        fs::rename(&path, folder.path().join("moved")).unwrap();
        File::create_new(&path).unwrap();
        assert!(file.write_at(b"text", 0).is_err());
        assert!(file.set_len(0).is_err());
    }

    #[test]
    fn descriptors_lie_out_of_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = OutFile::create(folder.path().join("file")).unwrap();
        assert!(file.held().as_raw_fd() > 100);
    }
}
