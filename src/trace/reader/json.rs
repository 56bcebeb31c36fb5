//! Reading `trace.json`: the events of one JSON array, in whatever layout.
//!
//! Owns: the array around the events. Must not: know the shape of an event.

use std::io::{self, Read};
use std::rc::Rc;

use super::met::Met;
use super::window::{More, Window};
use super::{Found, HALF_A_RECORD, TOO_LONG};
use crate::trace::Record;

/// Bytes in which the end of a line is looked for.
const LONGEST_LINE: usize = 4096;

/// What the reader expects next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// An event or `]`.
    EventOrEnd,
    /// `,` or `]`.
    CommaOrEnd,
    /// An event.
    Event,
    /// Nothing but white space.
    Nothing,
}

/// The events of a JSON array.
#[derive(Debug)]
pub struct JsonReader<R> {
    window: Window<R>,
    expect: Expect,
    met: Met,
}

impl<R: Read> JsonReader<R> {
    /// A reader of `source`; none if no array begins there.
    pub fn new(source: R) -> io::Result<Option<Self>> {
        let mut reader = Self {
            window: Window::new(source),
            expect: Expect::EventOrEnd,
            met: Met::new(),
        };
        if reader.next_mark()? != Some(b'[') {
            return Ok(None);
        }
        reader.window.consume(1);
        Ok(Some(reader))
    }

    /// Offset in the file of what comes next.
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
            let Some(byte) = self.next_mark()? else {
                return Ok(match self.expect {
                    Expect::Nothing => Found::End,
                    _ => Found::torn("the closing `]` is missing"),
                });
            };
            self.expect = match (self.expect, byte) {
                (Expect::EventOrEnd | Expect::CommaOrEnd, b']') => Expect::Nothing,
                (Expect::CommaOrEnd, b',') => Expect::Event,
                (Expect::EventOrEnd | Expect::Event, b'{' | b'"') => return self.event(),
                (Expect::CommaOrEnd, _) => {
                    return Ok(Found::torn("neither `,` nor `]` follows the last record"));
                }
                (Expect::Nothing, _) => {
                    return Ok(Found::torn("something follows the closing `]`"));
                }
                (_, _) => return Ok(Found::torn("no record stands where one must")),
            };
            self.window.consume(1);
        }
    }

    /// The first byte that is not white space; it stays in the window.
    fn next_mark(&mut self) -> io::Result<Option<u8>> {
        loop {
            let bytes = self.window.bytes();
            let is_mark = |byte: &u8| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
            let blanks = bytes.iter().position(is_mark);
            let mark = blanks.map(|at| bytes[at]);
            let blanks = blanks.unwrap_or(bytes.len());
            self.window.consume(blanks);
            if mark.is_some() || self.window.more()? == More::End {
                return Ok(mark);
            }
        }
    }

    /// The event that begins at the window's first byte. A window that ends within it is
    /// widened, and the event read anew: rare, since a window holds thousands of events.
    fn event(&mut self) -> io::Result<Found> {
        let line = first_line(self.window.bytes());
        if let Some((record, length)) = line.and_then(|line| self.met.record(line, event_of_line)) {
            return Ok(self.found(record, length));
        }
        loop {
            let mut events = serde_json::Deserializer::from_slice(self.window.bytes()).into_iter();
            let cut = match events.next() {
                Some(Ok(record)) => {
                    let length = events.byte_offset();
                    return Ok(self.found(Rc::new(record), length));
                }
                Some(Err(error)) if !error.is_eof() => {
                    return Ok(Found::torn(without_place(&error)));
                }
                Some(Err(_)) | None => HALF_A_RECORD,
            };
            match self.window.more()? {
                More::Bytes => {}
                More::End => return Ok(Found::torn(cut)),
                More::TooLong => return Ok(Found::torn(TOO_LONG)),
            }
        }
    }

    /// Goes on behind an event of this length.
    fn found(&mut self, record: Rc<Record>, length: usize) -> Found {
        self.window.consume(length);
        self.expect = Expect::CommaOrEnd;
        Found::Record(record)
    }
}

/// The line that begins here, unless it is long.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = &bytes[..bytes.len().min(LONGEST_LINE)];
    Some(&bytes[..memchr::memchr(b'\n', bytes)?])
}

/// The event that begins a line and is whole in it, and its length: known to be UTF-8, it is read faster.
fn event_of_line(line: &[u8]) -> Option<(Record, usize)> {
    let line = str::from_utf8(line).ok()?;
    let mut events = serde_json::Deserializer::from_str(line).into_iter();
    let record = events.next()?.ok()?;
    Some((record, events.byte_offset()))
}

/// What serde_json says, without its line and column, which count from the event's own beginning.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
