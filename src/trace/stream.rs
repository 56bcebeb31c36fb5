//! One thread's events, in memory until the writer takes them.
//!
//! Owns: the buffer, and handing it over. Must not: know the form of the events, or a file.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};

use super::queue::{Queue, lock};

/// The main thread's buffer is handed over at this size.
const MAIN_CHUNK: usize = 256 << 10;
/// Another thread's is; with a thousand of them at work that must not be much.
const OTHER_CHUNK: usize = 8 << 10;
/// Buffers kept for the main stream's next chunks.
const SPARES: usize = 16;

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
    events: Vec<u8>,
    /// Bytes of `events` that are whole events.
    committed: usize,
    full: Vec<Vec<u8>>,
    spares: Vec<Vec<u8>>,
}

/// What the writer took from a stream, in order.
#[derive(Debug)]
pub(super) struct Taken {
    /// Chunks that count as pending.
    pub(super) full: Vec<Vec<u8>>,
    /// What came after them.
    pub(super) rest: Vec<u8>,
}

impl Taken {
    pub(super) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.rest.is_empty()
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
        StreamGuard {
            stream: self,
            buffer: lock(&self.buffer),
        }
    }

    /// A new buffer's: the event that fills a chunk seldom makes it grow.
    fn capacity(&self) -> usize {
        self.chunk + self.chunk / 16
    }

    /// Takes all whole events. A buffer is not kept for a thread that may never need it again.
    pub(super) fn take(&self) -> Taken {
        let mut buffer = lock(&self.buffer);
        buffer.committed = 0;
        Taken {
            full: mem::take(&mut buffer.full),
            rest: mem::take(&mut buffer.events),
        }
    }

    /// Gives a buffer back for the next chunk.
    pub(super) fn reuse(&self, mut chunk: Vec<u8>) {
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
    pub fn commit(mut self) {
        self.buffer.committed = self.buffer.events.len();
        if self.buffer.committed < self.stream.chunk {
            return;
        }
        let stream = self.stream;
        let pending = self.hand_over();
        drop(self);
        stream.queue.settle(pending);
    }

    /// Ends an event, or several, without handing a full buffer over: for who holds another stream too,
    /// and must not wait.
    pub fn keep(mut self) {
        self.buffer.committed = self.buffer.events.len();
    }

    fn hand_over(&mut self) -> usize {
        let buffer = &mut *self.buffer;
        buffer.committed = 0;
        if self.stream.queue.closed() {
            buffer.events.clear();
            buffer.full.clear();
            return 0;
        }
        let fresh = buffer.spares.pop();
        let fresh = fresh.unwrap_or_else(|| Vec::with_capacity(self.stream.capacity()));
        let full = mem::replace(&mut buffer.events, fresh);
        let pending = self.stream.queue.add(full.len());
        buffer.full.push(full);
        pending
    }
}

impl Drop for StreamGuard<'_> {
    fn drop(&mut self) {
        let committed = self.buffer.committed;
        self.buffer.events.truncate(committed);
    }
}

impl Deref for StreamGuard<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.buffer.events
    }
}

impl DerefMut for StreamGuard<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.buffer.events
    }
}
