//! Reading `trace.bin`: CBOR items back to back, out of compressed frames.
//!
//! Owns: the border between items. Must not: know the shape of an event, or zstd.

use std::convert::Infallible;
use std::fs::File;
use std::io;

use cbor4ii::core::dec::{Read, Reference};
use serde::Deserialize as _;

use super::frames::Frames;
use super::window::{More, Window};
use super::{Found, HALF_A_RECORD, TOO_LONG};
use crate::trace::record::Record;
use crate::trace::zstd_file::HEADER;

/// Levels of an item, as in JSON.
const DEPTH: usize = 128;

/// The events of a compressed stream.
#[derive(Debug)]
pub struct BinaryReader {
    window: Window<Frames>,
}

impl BinaryReader {
    /// A reader of `file`, which stands behind its header.
    pub fn new(file: File) -> Self {
        Self {
            window: Window::new(Frames::new(file, HEADER.len() as u64)),
        }
    }

    /// Offset in the decompressed stream of what comes next.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// The bytes of the event found last.
    pub fn bytes(&self) -> &[u8] {
        self.window.last()
    }

    /// The next event, or why there is none.
    pub fn next(&mut self) -> io::Result<Found> {
        loop {
            let mut item = Item::new(self.window.bytes());
            match Record::deserialize(&mut cbor4ii::serde::Deserializer::new(&mut item)) {
                Ok(record) => {
                    let length = self.window.bytes().len() - item.left.len();
                    self.window.consume(length);
                    return Ok(Found::Record(record));
                }
                Err(error) if !item.cut => return Ok(Found::torn(plain(&error))),
                Err(_) => {}
            }
            match self.window.more()? {
                More::Bytes => {}
                More::End => return Ok(self.end()),
                More::TooLong => return Ok(Found::torn(TOO_LONG)),
            }
        }
    }

    fn end(&self) -> Found {
        match (self.window.source().fault(), self.window.bytes()) {
            (Some(fault), _) => Found::torn(fault),
            (None, []) => Found::End,
            (None, _) => Found::torn(HALF_A_RECORD),
        }
    }
}

/// What cbor4ii says, without the names of its own types.
fn plain(error: &cbor4ii::serde::DecodeError<Infallible>) -> String {
    match error {
        cbor4ii::serde::DecodeError::Custom(text) => text.to_string(),
        cbor4ii::serde::DecodeError::Core(_) => "not an event in CBOR".to_owned(),
    }
}

/// An item that may go on beyond the bytes at hand.
///
/// A text or list that announces more than is there gets nothing, so no announced length is
/// ever believed.
struct Item<'a> {
    left: &'a [u8],
    depth: usize,
    cut: bool,
}

impl<'a> Item<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            left: bytes,
            depth: DEPTH,
            cut: false,
        }
    }
}

impl<'a> Read<'a> for Item<'a> {
    type Error = Infallible;

    fn fill<'b>(&'b mut self, want: usize) -> Result<Reference<'a, 'b>, Infallible> {
        if self.left.len() < want {
            self.cut = true;
            self.left = &[];
        }
        Ok(Reference::Long(self.left))
    }

    fn advance(&mut self, count: usize) {
        self.left = self.left.get(count..).unwrap_or_default();
    }

    fn step_in(&mut self) -> bool {
        let deeper = self.depth.checked_sub(1);
        self.depth = deeper.unwrap_or_default();
        deeper.is_some()
    }

    fn step_out(&mut self) {
        self.depth += 1;
    }
}
