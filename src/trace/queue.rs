//! How the recording threads and the writer thread wait for each other.
//!
//! Owns: what is pending, requests to the writer, and that nobody waits for a writer that has ended.
//! Must not: hold an event.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The writer is woken when full chunks of so much weight wait for it.
const WAKE: usize = 2 << 20;
/// Who recorded an event waits while more than this is pending: memory stays bounded, and so does what is left to write
/// when the program ends.
const LIMIT: usize = 32 << 20;

/// Takes a lock whatever happened to its last holder: what our locks guard is never half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the writer is asked for.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Requests {
    /// Enough is pending.
    due: bool,
    /// Somebody waits for this round.
    waited_for: bool,
    /// Flushes asked for so far.
    flushes: u64,
    /// No more events will come.
    pub(super) stop: bool,
    /// What is not written yet is not wanted.
    pub(super) discard: bool,
    /// The thread must not be there for a while.
    pub(super) pause: bool,
}

impl Requests {
    /// Whether everything must be in the files after this round, small files too.
    pub(super) fn at_once(&self) -> bool {
        self.stop || self.pause || self.waited_for
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        !(self.due || self.at_once())
    }
}

#[derive(Debug, Default)]
struct State {
    requests: Requests,
    /// Flushes done so far.
    flushed: u64,
}

/// Between the streams and the writer thread.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pending: AtomicUsize,
    closed: AtomicBool,
    state: Mutex<State>,
    asked: Condvar,
    progress: Condvar,
}

impl Queue {
    /// Whether the writer has ended, well or not: what is recorded from now on is dropped.
    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Counts a full chunk; returns the weight pending.
    pub(super) fn add(&self, weight: usize) -> usize {
        self.pending.fetch_add(weight, Ordering::Relaxed) + weight
    }

    /// Whether more is pending than may be.
    pub(super) fn is_full(&self) -> bool {
        self.pending.load(Ordering::Relaxed) > LIMIT
    }

    /// Wakes the writer when it pays, and waits while too much is pending, unless the writer is paused. No lock may be
    /// held but the interpreter's: so the writer must never wait for what needs that one.
    pub(super) fn settle(&self, pending: usize) {
        if pending < WAKE {
            return;
        }
        let mut state = lock(&self.state);
        if !mem::replace(&mut state.requests.due, true) {
            self.asked.notify_one();
        }
        while self.is_full() && !self.closed() && !state.requests.pause {
            state = self
                .progress
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until all that was committed before is in the files, or the writer has ended.
    pub(super) fn flush(&self) {
        let mut state = lock(&self.state);
        state.requests.flushes += 1;
        let ticket = state.requests.flushes;
        self.asked.notify_one();
        while state.flushed < ticket && !self.closed() {
            state = self
                .progress
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Asks the writer to end after one more round.
    pub(super) fn stop(&self) {
        lock(&self.state).requests.stop = true;
        self.asked.notify_one();
    }

    /// What is not written yet is not wanted any more.
    pub(super) fn discard(&self) {
        lock(&self.state).requests.discard = true;
    }

    /// Asks the writer to end for a while, after one more round.
    pub(super) fn pause(&self) {
        lock(&self.state).requests.pause = true;
        self.asked.notify_one();
    }

    /// The writer goes on.
    pub(super) fn resume(&self) {
        lock(&self.state).requests.pause = false;
    }

    /// The writer waits here, for a request or until `tick`.
    pub(super) fn next(&self, tick: Instant) -> Requests {
        let mut state = lock(&self.state);
        loop {
            let waited_for = state.requests.flushes > state.flushed;
            let requests = Requests {
                waited_for,
                ..state.requests
            };
            let left = tick.saturating_duration_since(Instant::now());
            if !requests.is_empty() || left.is_zero() {
                state.requests.due = false;
                return requests;
            }
            state = self
                .asked
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The writer has done with full chunks of so much weight.
    pub(super) fn written(&self, weight: usize) {
        self.pending.fetch_sub(weight, Ordering::Relaxed);
        // Under the lock: nobody may look before this and wait after it.
        let _state = lock(&self.state);
        self.progress.notify_all();
    }

    /// The writer has done a round for these requests.
    pub(super) fn answer(&self, requests: Requests) {
        lock(&self.state).flushed = requests.flushes;
        self.progress.notify_all();
    }

    /// The writer ends: nobody waits for it any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let _state = lock(&self.state);
        self.progress.notify_all();
    }
}
