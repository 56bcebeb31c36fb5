//! One thread's events, in memory until the writer takes them.
//!
//! Owns: the buffer, and handing it over. Must not: know a record, or a file.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};

use super::compact::DENSITY;
use super::queue::{Queue, lock};
use super::{Compact, Place};

/// The main thread's buffer is handed over at this size, or as much to write.
const MAIN_CHUNK: usize = 64 << 10;
/// Another thread's is; with a thousand of them at work that must not be much.
const OTHER_CHUNK: usize = 8 << 10;
/// Buffers kept for the main stream's next chunks.
const SPARES: usize = 32;

/// The events of one thread.
#[derive(Debug)]
pub struct Stream {
    number: usize,
    chunk: usize,
    queue: Arc<Queue>,
    buffer: Mutex<Buffer>,
}

#[derive(Debug, Default)]
struct Buffer {
    events: Compact,
    /// Where the whole events end.
    committed: Place,
    full: Vec<Compact>,
    spares: Vec<Compact>,
}

/// What the writer took from a stream, in order.
#[derive(Debug)]
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

impl Stream {
    /// Number 0 is the main thread's.
    pub(super) fn new(number: usize, queue: Arc<Queue>) -> Self {
        let chunk = if number == 0 { MAIN_CHUNK } else { OTHER_CHUNK };
        Self {
            number,
            chunk,
            queue,
            buffer: Mutex::default(),
        }
    }

    /// The stream's number; 0 is the main thread's.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The buffer, to append whole events to. No Python code may run while it is held.
    pub fn lock(&self) -> StreamGuard<'_> {
        let mut buffer = lock(&self.buffer);
        // Of the others there may be many, and what the writer keeps is kept for one.
        buffer.events.set_keeps(self.number == 0);
        StreamGuard {
            stream: self,
            buffer,
        }
    }

    /// A new buffer's: the event that fills a chunk seldom makes it grow.
    fn capacity(&self) -> usize {
        self.chunk + self.chunk / 16
    }

    /// Takes all whole events. A buffer is not kept for a thread that may never need it again.
    pub(super) fn take(&self) -> Taken {
        let mut buffer = lock(&self.buffer);
        buffer.committed = Place::default();
        Taken {
            full: mem::take(&mut buffer.full),
            rest: mem::take(&mut buffer.events),
        }
    }

    /// Gives a buffer back for the next chunk.
    pub(super) fn reuse(&self, mut chunk: Compact) {
        let mut buffer = lock(&self.buffer);
        if self.number == 0 && chunk.capacity() == self.capacity() && buffer.spares.len() < SPARES {
            chunk.clear();
            buffer.spares.push(chunk);
        }
    }
}

/// A stream's buffer, held. Bytes that were not committed are taken back when it is let go.
#[derive(Debug)]
pub struct StreamGuard<'a> {
    stream: &'a Stream,
    buffer: MutexGuard<'a, Buffer>,
}

impl StreamGuard<'_> {
    /// Ends an event, or several. When the buffer is full it goes to the writer; where that has too
    /// much to do, this waits.
    #[inline(always)]
    pub fn commit(mut self) {
        self.buffer.committed = self.buffer.events.place();
        if self.buffer.events.weight() >= self.stream.chunk * DENSITY {
            self.pass_on();
        }
    }

    #[cold]
    fn pass_on(mut self) {
        let stream = self.stream;
        let pending = self.hand_over();
        drop(self);
        stream.queue.settle(pending);
    }

    /// Ends an event, or several, without handing a full buffer over: for who holds another stream too,
    /// and must not wait.
    pub fn keep(mut self) {
        self.buffer.committed = self.buffer.events.place();
    }

    fn hand_over(&mut self) -> usize {
        let buffer = &mut *self.buffer;
        buffer.committed = Place::default();
        if self.stream.queue.closed() {
            buffer.events.clear();
            buffer.full.clear();
            return 0;
        }
        let fresh = buffer.spares.pop();
        let fresh = fresh.unwrap_or_else(|| Compact::with_capacity(self.stream.capacity()));
        let full = mem::replace(&mut buffer.events, fresh);
        let pending = self.stream.queue.add(full.weight());
        buffer.full.push(full);
        pending
    }
}

impl Drop for StreamGuard<'_> {
    fn drop(&mut self) {
        let committed = self.buffer.committed;
        self.buffer.events.go_back(committed);
    }
}

impl Deref for StreamGuard<'_> {
    type Target = Compact;

    fn deref(&self) -> &Compact {
        &self.buffer.events
    }
}

impl DerefMut for StreamGuard<'_> {
    fn deref_mut(&mut self) -> &mut Compact {
        &mut self.buffer.events
    }
}
