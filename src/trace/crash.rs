//! Signals by which a process ends because of a fault in it: the writer gets the time to write what waits.
//!
//! Owns: the handlers of these signals. Must not: allocate, take a lock or write in a handler.
//!
//! Others have such handlers, too (`faulthandler`), set before ours or after: what was there before comes after us.

#[cfg(unix)]
pub(super) use unix::{Running, watch, written};

/// There are no such signals here.
#[cfg(not(unix))]
pub(super) fn watch() {}

#[cfg(not(unix))]
pub(super) fn written() {}

#[cfg(not(unix))]
pub(super) struct Running;

#[cfg(not(unix))]
impl Running {
    pub(super) fn new() -> Self {
        Self
    }
}

#[cfg(unix)]
mod unix {
    use std::mem::MaybeUninit;
    use std::ptr::{null, null_mut};
    use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

    use libc::{c_int, c_void, siginfo_t};

    /// Sent by the system for a fault, or by `abort`.
    const SIGNALS: [c_int; 5] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGABRT,
    ];
    /// How often a handler looks whether the writer is done, and how long it waits in between.
    const LOOKS: usize = 200;
    static PAUSE: libc::timespec = libc::timespec {
        tv_sec: 0,
        tv_nsec: 5_000_000,
    };

    /// Threads that write, and the process that they are in.
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    static PROCESS: AtomicI32 = AtomicI32::new(0);
    /// Rounds that were written.
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    /// The thread that the process ends by.
    static ENDING: AtomicUsize = AtomicUsize::new(0);
    /// What was in force before our handlers; never freed.
    static BEFORE: [AtomicPtr<libc::sigaction>; SIGNALS.len()] =
        [const { AtomicPtr::new(null_mut()) }; SIGNALS.len()];

    /// Says, as long as it lives, that a thread of this process writes.
    pub struct Running(());

    impl Running {
        pub fn new() -> Self {
            // SAFETY: has no preconditions.
            PROCESS.store(unsafe { libc::getpid() }, Ordering::Relaxed);
            THREADS.fetch_add(1, Ordering::Relaxed);
            Self(())
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            THREADS.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A round was written.
    pub fn written() {
        ROUNDS.fetch_add(1, Ordering::Release);
    }

    /// Sets the handlers that are not in force. The program's thread does: what it sets itself comes before or after.
    pub fn watch() {
        let handler = handle as *const () as usize;
        for (signal, before) in SIGNALS.into_iter().zip(&BEFORE) {
            // SAFETY: of plain numbers; zero is a value of each.
            let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
            // SAFETY: valid actions; the handler keeps to what a handler may do, and finds what it needs when it is set.
            unsafe {
                if libc::sigaction(signal, null(), &raw mut action) != 0
                    || action.sa_sigaction == handler
                {
                    continue;
                }
                before.store(Box::into_raw(Box::new(action)), Ordering::Release);
                action.sa_sigaction = handler;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigaction(signal, &raw const action, null_mut());
            }
        }
    }

    unsafe extern "C" fn handle(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
        // SAFETY: calls that a handler may make (signal-safety(7)); `info` is the system's, what was before is ours.
        unsafe {
            let this = libc::pthread_self() as usize;
            let ending = ENDING
                .compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed)
                .unwrap_or_else(|other| other);
            if ending != this && PROCESS.load(Ordering::Relaxed) == libc::getpid() {
                await_writer();
            }
            if ending != 0 {
                // Handed back by one that was there before, or a thread beside the one that the process ends by.
                libc::signal(signal, libc::SIG_DFL);
            } else {
                let place = SIGNALS.iter().position(|&one| one == signal);
                let before = place.map(|place| BEFORE[place].load(Ordering::Acquire));
                libc::sigaction(signal, before.unwrap_or(null_mut()), null_mut());
            }
            // A fault comes again with the instruction that made it; what was sent is sent again, and comes on return.
            if (*info).si_code <= 0 {
                libc::raise(signal);
            }
        }
    }

    /// Waits for a round that has begun after this, not for long: whoever holds what the writer needs may be the one that
    /// the fault is in.
    unsafe fn await_writer() {
        let round = ROUNDS.load(Ordering::Acquire) + 2;
        for _ in 0..LOOKS {
            if THREADS.load(Ordering::Relaxed) == 0 || ROUNDS.load(Ordering::Acquire) >= round {
                return;
            }
            // SAFETY: a time that lives forever; what is left of it is not asked for.
            unsafe { libc::nanosleep(&raw const PAUSE, null_mut()) };
        }
    }
}
