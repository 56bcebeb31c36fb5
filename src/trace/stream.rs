//! One thread's events, in memory until the writer takes them.
//!
//! Owns: the buffer, and handing it over. Must not: know a record, or a file.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use super::biased::{Owned, Owner, Visitor, biased};
use super::compact::DENSITY;
use super::queue::{Queue, lock};
use super::{Compact, Place};

/// The main thread's buffer is handed over at this size, or as much to write.
const MAIN_CHUNK: usize = 64 << 10;
/// Another thread's is; with a thousand of them at work that must not be much.
const OTHER_CHUNK: usize = 8 << 10;
/// Buffers kept for the main stream's next chunks.
const SPARES: usize = 32;

/// The events of one thread, as they are recorded.
pub struct Stream {
    open: Owner<Open>,
    shared: Arc<Shared>,
}

/// The same stream, as the writer sees it.
pub(super) struct Tap {
    open: Visitor<Open>,
    shared: Arc<Shared>,
}

/// What both sides know.
struct Shared {
    number: usize,
    chunk: usize,
    queue: Arc<Queue>,
    chunks: Mutex<Chunks>,
}

/// Where events are appended.
#[derive(Default)]
struct Open {
    events: Compact,
    /// Where the whole events end.
    committed: Place,
}

#[derive(Default)]
struct Chunks {
    full: Vec<Compact>,
    spares: Vec<Compact>,
}

/// What the writer took from a stream, in order.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Chunks that count as pending.
    pub(super) full: Vec<Compact>,
    /// What came after them.
    pub(super) rest: Compact,
}

impl Taken {
    pub(super) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.rest.bytes().is_empty()
    }
}

/// A stream's two sides. Number 0 is the main thread's.
pub(super) fn stream(number: usize, queue: Arc<Queue>) -> (Stream, Tap) {
    let chunk = if number == 0 { MAIN_CHUNK } else { OTHER_CHUNK };
    let shared = Arc::new(Shared {
        number,
        chunk,
        queue,
        chunks: Mutex::default(),
    });
    let (owner, visitor) = biased(Open::default());
    let stream = Stream {
        open: owner,
        shared: Arc::clone(&shared),
    };
    let tap = Tap {
        open: visitor,
        shared,
    };
    (stream, tap)
}

impl Stream {
    /// The stream's number; 0 is the main thread's.
    pub fn number(&self) -> usize {
        self.shared.number
    }

    /// The buffer, to append whole events to. No Python code may run while it is held.
    ///
    /// # Panics
    /// Where it is held already.
    #[inline(always)]
    pub fn lock(&self) -> StreamGuard<'_> {
        let mut open = self.open.lock();
        // Of the others there may be many, and what the writer keeps is kept for one.
        open.events.set_keeps(self.shared.number == 0);
        StreamGuard {
            shared: &self.shared,
            open,
        }
    }
}

impl Tap {
    /// The stream's number; 0 is the main thread's.
    pub(super) fn number(&self) -> usize {
        self.shared.number
    }

    /// Takes all whole events. A buffer is not kept for a thread that may never need it again.
    pub(super) fn take(&self) -> Taken {
        let Some(mut open) = self.open.visit() else {
            return Taken::default();
        };
        open.committed = Place::default();
        Taken {
            full: mem::take(&mut lock(&self.shared.chunks).full),
            rest: mem::take(&mut open.events),
        }
    }

    /// Gives a buffer back for the next chunk.
    pub(super) fn reuse(&self, mut chunk: Compact) {
        let mut chunks = lock(&self.shared.chunks);
        let is_wanted = self.shared.number == 0 && chunks.spares.len() < SPARES;
        if is_wanted && chunk.capacity() == self.shared.capacity() {
            chunk.clear();
            chunks.spares.push(chunk);
        }
    }
}

impl Shared {
    /// A new buffer's: the event that fills a chunk seldom makes it grow.
    fn capacity(&self) -> usize {
        self.chunk + self.chunk / 16
    }
}

/// A stream's buffer, held. Bytes that were not committed are taken back when it is let go.
pub struct StreamGuard<'a> {
    shared: &'a Shared,
    open: Owned<'a, Open>,
}

impl StreamGuard<'_> {
    /// Ends an event, or several. When the buffer is full it goes to the writer; where that has too
    /// much to do, this waits.
    #[inline(always)]
    pub fn commit(mut self) {
        self.open.committed = self.open.events.place();
        if self.open.events.weight() >= self.shared.chunk * DENSITY {
            self.pass_on();
        }
    }

    #[cold]
    fn pass_on(mut self) {
        let shared = self.shared;
        let pending = self.hand_over();
        drop(self);
        shared.queue.settle(pending);
    }

    /// Ends an event, or several, without handing a full buffer over: for who holds another stream too,
    /// and must not wait.
    pub fn keep(mut self) {
        self.open.committed = self.open.events.place();
    }

    fn hand_over(&mut self) -> usize {
        let Self { shared, open } = self;
        let mut chunks = lock(&shared.chunks);
        open.committed = Place::default();
        if shared.queue.closed() {
            open.events.clear();
            chunks.full.clear();
            return 0;
        }
        let fresh = chunks.spares.pop();
        let fresh = fresh.unwrap_or_else(|| Compact::with_capacity(shared.capacity()));
        let full = mem::replace(&mut open.events, fresh);
        let pending = shared.queue.add(full.weight());
        chunks.full.push(full);
        pending
    }
}

impl Drop for StreamGuard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let committed = self.open.committed;
        self.open.events.go_back(committed);
    }
}

impl Deref for StreamGuard<'_> {
    type Target = Compact;

    #[inline(always)]
    fn deref(&self) -> &Compact {
        &self.open.events
    }
}

impl DerefMut for StreamGuard<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Compact {
        &mut self.open.events
    }
}
