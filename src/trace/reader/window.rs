//! A stretch of a stream in memory, long enough for the record being read.
//!
//! Owns: the one buffer of a reader and its limit. Must not: know what the bytes mean.

use std::io::{self, Read};

/// Bytes that are read ahead.
const USUAL: usize = 256 << 10;
/// Bytes that one record may have; a longer one is not believed.
const LONGEST: usize = 256 << 20;

/// What came of reading on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// There are more bytes in the window than before.
    Bytes,
    /// The stream has ended.
    End,
    /// The window has reached its limit.
    TooLong,
}

/// The bytes of `source` from a point that moves on.
#[derive(Debug)]
pub struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    /// How many bytes were moved on by last; they lie before `start` until `more`.
    last: usize,
}

impl<R: Read> Window<R> {
    /// A window at the beginning of `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; USUAL],
            start: 0,
            end: 0,
            offset: 0,
            last: 0,
        }
    }

    /// Where the bytes come from.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// What is in the window now.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Offset in the stream of the window's first byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What was moved on by last.
    pub fn last(&self) -> &[u8] {
        &self.buffer[self.start - self.last..self.start]
    }

    /// Moves on by `count` bytes, which are in the window.
    pub fn consume(&mut self, count: usize) {
        self.last = count;
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads on behind what is in the window: as much as fits, so that a record is
    /// tried again only when the window has grown by half at least.
    pub fn more(&mut self) -> io::Result<More> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        (self.start, self.last) = (0, 0);
        if self.end > self.buffer.len() / 2 {
            if self.buffer.len() >= LONGEST {
                return Ok(More::TooLong);
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let before = self.end;
        while self.end < self.buffer.len() {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if self.end > before {
            More::Bytes
        } else {
            More::End
        })
    }
}
