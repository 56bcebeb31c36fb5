//! The few calls that differ from system to system.
//!
//! Owns: positioned reads and writes, room on the disk, the folder's lock, signal masks, which threads there are and what
//! they have seen, descriptors after a fork.
//! Must not: know what is written.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::held::Held;

/// Writes all of `bytes` at `offset`.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            match std::os::windows::fs::FileExt::seek_write(file, rest, offset + done as u64)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => done += written,
            }
        }
        Ok(())
    }
}

/// Writes `block` again and again from `offset` up to `end`. A small one stays near while it is copied.
#[cfg(unix)]
pub(super) fn fill_at(file: &File, block: &[u8], mut offset: u64, end: u64) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;
    /// Blocks that are written with one call.
    const MOST: usize = 64;
    while offset < end {
        let left = usize::try_from(end - offset).unwrap_or(usize::MAX);
        let mut blocks = [io::IoSlice::new(block); MOST];
        let mut count = (left / block.len()).min(MOST);
        if count < MOST && !left.is_multiple_of(block.len()) {
            blocks[count] = io::IoSlice::new(&block[..left % block.len()]);
            count += 1;
        }
        let (list, at) = (blocks.as_ptr().cast(), offset.try_into());
        let at = at.map_err(|_| io::ErrorKind::FileTooLarge)?;
        // SAFETY: the descriptor is the file's; so many slices are live, and laid out as the system's own.
        let written = unsafe { libc::pwritev(file.as_raw_fd(), list, count as libc::c_int, at) };
        match u64::try_from(written) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => offset += written,
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn fill_at(file: &File, block: &[u8], mut offset: u64, end: u64) -> io::Result<()> {
    while offset < end {
        let length = block
            .len()
            .min(usize::try_from(end - offset).unwrap_or(usize::MAX));
        write_at(file, &block[..length], offset)?;
        offset += length as u64;
    }
    Ok(())
}

/// Asks for room on the disk from `offset` on, which need not lie inside the file, where that makes writing there faster;
/// whether it is had. On ext4 it does, by a fifth: it counts a block that has no place yet for itself, whenever a new one
/// is written (fs/ext4/inode.c, `ext4_da_get_block_prep`). Others would lose by it: tmpfs time, btrfs its compression.
#[cfg(target_os = "linux")]
pub(super) fn reserve(file: &File, offset: u64, length: u64) -> bool {
    use std::os::fd::AsRawFd as _;
    let mut system = std::mem::MaybeUninit::<libc::statfs>::uninit();
    let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else {
        return false;
    };
    // SAFETY: the descriptor is the file's; `system` is read only where fstatfs has filled it.
    unsafe {
        libc::fstatfs(file.as_raw_fd(), system.as_mut_ptr()) == 0
            && i128::from(system.assume_init().f_type) == i128::from(libc::EXT4_SUPER_MAGIC)
            && libc::fallocate(file.as_raw_fd(), libc::FALLOC_FL_KEEP_SIZE, offset, length) == 0
    }
}

/// None is asked for here.
#[cfg(not(target_os = "linux"))]
pub(super) fn reserve(_file: &File, _offset: u64, _length: u64) -> bool {
    false
}

/// Fills `bytes` from `offset`.
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset);
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &mut bytes[done..];
            match std::os::windows::fs::FileExt::seek_read(file, rest, offset + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }
}

/// Opens what carries a folder's lock: the folder itself, so that no file of ours is left behind.
#[cfg(unix)]
fn open_lock(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

/// A folder cannot be locked here: a file in it is, which the system removes with its handle.
#[cfg(windows)]
fn open_lock(folder: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    options
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .open(folder.join("trace_lock"))
}

/// Takes the folder's lock, which ends with the returned file or with the process, however it
/// ends. `None`: another process holds it. Where a file system knows no locks, none is kept.
pub(super) fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = open_lock(folder)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
    }
}

/// Runs `act` with all signals blocked; a thread that it starts keeps them so. The program's handlers
/// then run, and interrupt system calls, in the program's own threads only.
#[cfg(unix)]
pub(super) fn without_signals<T>(act: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises `all`; pthread_sigmask reads it and initialises `before`.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = act();
    // SAFETY: `before` was initialised above; a null pointer asks for no answer.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut()) };
    result
}

/// There are no signal masks here.
#[cfg(windows)]
pub(super) fn without_signals<T>(act: impl FnOnce() -> T) -> T {
    act()
}

/// Where the system shows the thread that asks, as long as there is one. `None`: it shows no threads.
pub(super) fn this_thread() -> Option<PathBuf> {
    let thread = fs::read_link("/proc/thread-self").ok()?;
    Some(Path::new("/proc").join(thread))
}

/// Whether the calling thread is the only one left of its process, which would have ended with the one before: a child that
/// was forked by another thread than the main one ends when that returns. Not known where the system shows no threads.
pub(super) fn is_alone() -> bool {
    let state = |stat: String| Some(stat.rsplit_once(") ")?.1.starts_with('Z'));
    let first_has_ended = fs::read_to_string("/proc/self/stat").ok().and_then(state);
    let count = || fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    first_has_ended == Some(true) && count() == 2
}

/// Waits until the system shows a thread no more, which it does a moment after the thread can be joined; not for long.
pub(super) fn await_end(thread: &Path) {
    const LONGEST: Duration = Duration::from_millis(200);
    let begin = Instant::now();
    while thread.exists() && begin.elapsed() < LONGEST {
        thread::yield_now();
    }
}

/// Whether `pass_barriers` can be had in this process.
#[cfg(target_os = "linux")]
pub(super) fn can_pass_barriers() -> bool {
    membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
}

/// Has each thread of this process pass a memory barrier before this returns (membarrier(2)).
#[cfg(target_os = "linux")]
pub(super) fn pass_barriers() {
    /// No store takes so long to be seen.
    const SEEN_BY_ALL: Duration = Duration::from_millis(10);
    if !membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
        // The program has forbidden itself the call, since it could be had.
        thread::sleep(SEEN_BY_ALL);
    }
}

#[cfg(target_os = "linux")]
fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: takes three numbers, and reads and writes no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// There is no such call here.
#[cfg(not(target_os = "linux"))]
pub(super) fn can_pass_barriers() -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(super) fn pass_barriers() {}

/// Closes the descriptor of a file that a forked child inherited and cannot own.
///
/// # Safety
/// `file` must never be used or dropped again in this process.
#[cfg(unix)]
pub(super) unsafe fn close_inherited(file: &Held) {
    use std::os::fd::AsRawFd;
    if file.is_ours() {
        // SAFETY: the caller gives the descriptor up.
        unsafe { libc::close(file.as_raw_fd()) };
    }
}

/// There is no fork here.
///
/// # Safety
/// None needed; the other systems ask for it.
#[cfg(windows)]
pub(super) unsafe fn close_inherited(_file: &Held) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_is_waited_for_until_it_is_not_counted() {
        for _ in 0..20_000 {
            let thread = thread::spawn(this_thread).join();
            let thread = thread.expect("it ends").expect("it is shown");
            await_end(&thread);
            assert!(!thread.exists());
        }
    }
}
