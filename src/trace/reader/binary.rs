//! Reading `trace.bin`: CBOR items back to back, out of compressed frames.
//!
//! Owns: the border between items. Must not: know the shape of an event, or zstd.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::rc::Rc;

use cbor4ii::core::dec::{Read, Reference};
use serde::Deserialize as _;

use super::frames::Frames;
use super::met::Met;
use super::window::{More, Window};
use super::{Found, HALF_A_RECORD, TOO_LONG};
use crate::trace::record::Record;
use crate::trace::zstd_file::HEADER;

/// Bytes in which the end of an item is looked for.
const LONGEST_ITEM: usize = 4096;
/// Levels of an item, as in JSON.
const DEPTH: usize = 128;

/// The events of a compressed stream.
#[derive(Debug)]
pub struct BinaryReader {
    window: Window<Frames>,
    met: Met,
}

impl BinaryReader {
    /// A reader of `file`, which stands behind its header.
    pub fn new(file: File) -> Self {
        Self {
            window: Window::new(Frames::new(file, HEADER.len() as u64)),
            met: Met::new(),
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
        let item = first_item(self.window.bytes());
        if let Some((record, length)) = item.and_then(|item| self.met.record(item, event_of_item)) {
            return Ok(self.found(record, length));
        }
        loop {
            let mut item = Item::new(self.window.bytes());
            match item.record() {
                Ok(record) => {
                    let length = self.window.bytes().len() - item.left.len();
                    return Ok(self.found(Rc::new(record), length));
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

    /// Goes on behind an event of this length.
    fn found(&mut self, record: Rc<Record>, length: usize) -> Found {
        self.window.consume(length);
        Found::Record(record)
    }

    fn end(&self) -> Found {
        match (self.window.source().fault(), self.window.bytes()) {
            (Some(fault), _) => Found::torn(fault),
            (None, []) => Found::End,
            (None, _) => Found::torn(HALF_A_RECORD),
        }
    }
}

/// The item that begins here, if it is whole and not long; what it holds may still be no event.
fn first_item(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = &bytes[..bytes.len().min(LONGEST_ITEM)];
    let (mut at, mut items) = (0, 1_usize);
    while items > 0 {
        let (major, argument, head) = head(bytes.get(at..)?)?;
        let more = match major {
            2 | 3 => (argument, 0),
            4 => (0, argument),
            5 => (0, argument.checked_mul(2)?),
            6 => (0, 1),
            _ => (0, 0),
        };
        at = (at + head).checked_add(more.0)?;
        items = (items - 1).checked_add(more.1)?;
    }
    bytes.get(..at)
}

/// An item's major type, its argument, and the length of both; none where no argument stands.
fn head(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, rest) = bytes.split_first()?;
    let width = match first & 31 {
        small @ 0..24 => return Some((first >> 5, small.into(), 1)),
        width @ 24..28 => 1 << (width - 24),
        _ => return None,
    };
    let argument = rest.get(..width)?.iter();
    let argument = argument.fold(0_u64, |argument, byte| argument << 8 | u64::from(*byte));
    Some((first >> 5, argument.try_into().ok()?, 1 + width))
}

/// The event that an item is, and its length.
fn event_of_item(bytes: &[u8]) -> Option<(Record, usize)> {
    let mut item = Item::new(bytes);
    let record = item.record().ok()?;
    Some((record, bytes.len() - item.left.len()))
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

    fn record(&mut self) -> Result<Record, cbor4ii::serde::DecodeError<Infallible>> {
        Record::deserialize(&mut cbor4ii::serde::Deserializer::new(self))
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

#[cfg(test)]
mod tests {
    use super::first_item;

    #[test]
    fn where_an_item_ends() {
        let ends = |bytes: &[u8]| first_item(bytes).map(<[u8]>::len);
        let item = b"\xa2\x61a\x83\x01\x18\x20\x19\x01\x00\x61b\xc1\x78\x02xy rest";
        assert_eq!(ends(item), Some(item.len() - 5));
        assert_eq!(ends(&item[..10]), None);
        for announced in [b"\x9b", b"\xbb", b"\x5b"] {
            assert_eq!(ends(&[&announced[..], &[0xff; 8], b"\x01"].concat()), None);
        }
        assert_eq!(ends(b"\x7f\x61a\xff"), None);
        assert_eq!(
            ends(&[b"\x79\x10\x00".to_vec(), vec![b'x'; 4096]].concat()),
            None
        );
    }
}
