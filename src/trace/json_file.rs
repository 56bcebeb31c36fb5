//! A JSON array that is whole at every moment while it grows.
//!
//! Owns: where events go in `trace.json`. Must not: look into an event, or open a file.
//!
//! JSON allows blanks before `]`. Events are written over a region of blanks in front of it, each inside one
//! page of the file: a kill falls between two pages of a write, never inside one. Only an event larger than a
//! page is written across pages. A new region is made behind the `]`, where blanks are as good, and then the `]`
//! is moved: the only other moment, two one-byte writes long, at which the file is not whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use super::platform::write_at;

const PAGE: u64 = 4096;
const SMALLEST_REGION: u64 = 16 << 10;
const LARGEST_REGION: u64 = 4 << 20;
static BLANKS: [u8; 64 << 10] = [b' '; 64 << 10];
/// Events are copied from one file to another in pieces of this size.
const PIECE: usize = 256 << 10;

/// What a new file holds.
pub(super) const EMPTY: &[u8] = b"[]";

/// Where the events of one file end.
#[derive(Debug)]
pub(super) struct JsonFile {
    /// Offset at which the next event goes; from here to `bracket` there are blanks only.
    at: u64,
    /// Offset of the `]`.
    bracket: u64,
}

impl JsonFile {
    /// Of a file that holds `EMPTY`.
    pub(super) fn new() -> Self {
        Self { at: 1, bracket: 1 }
    }

    /// Writes events, each `,{…}` and a line break; all are in the file on return.
    pub(super) fn append(&mut self, file: &File, mut events: &[u8]) -> io::Result<()> {
        if self.at == 1 {
            events = events.strip_prefix(b",").unwrap_or(events);
        }
        let mut pages = Vec::with_capacity(events.len());
        while !events.is_empty() {
            let next = self.at + pages.len() as u64;
            match self.fitting(next, events) {
                0 => self.make_room(file, &mut pages, events)?,
                length => {
                    let (now, later) = events.split_at(length);
                    pages.extend_from_slice(now);
                    events = later;
                }
            }
        }
        self.write(file, &mut pages)
    }

    /// Length of the whole events that fit behind `next` up to the page's end, or to the bracket; of one that is larger
    /// than a page, if it fits up to the bracket.
    fn fitting(&self, next: u64, events: &[u8]) -> usize {
        let room = self.bracket - next;
        let window = &events[..events.len().min(room.min(PAGE - next % PAGE) as usize)];
        if let Some(last) = memchr::memrchr(b'\n', window) {
            return last + 1;
        }
        let first = first_length(events);
        let fits = first as u64 > PAGE && first as u64 <= room;
        if fits { first } else { 0 }
    }

    /// Fills the page with blanks, or makes a region that has one more.
    fn make_room(&mut self, file: &File, pages: &mut Vec<u8>, events: &[u8]) -> io::Result<()> {
        let length = first_length(events) as u64;
        let next = self.at + pages.len() as u64;
        let next_page = (next + 1).next_multiple_of(PAGE);
        if length > PAGE || next_page > self.bracket {
            self.write(file, pages)?;
            return self.grow(file, length);
        }
        pages.extend_from_slice(&BLANKS[..(next_page - next) as usize]);
        Ok(())
    }

    /// Writes what was laid out, and empties it.
    fn write(&mut self, file: &File, pages: &mut Vec<u8>) -> io::Result<()> {
        write_at(file, pages, self.at)?;
        self.at += pages.len() as u64;
        pages.clear();
        Ok(())
    }

    /// Adds blanks for at least `length` bytes more, with the bracket as the last byte of a page.
    fn grow(&mut self, file: &File, length: u64) -> io::Result<()> {
        let region = self.bracket.clamp(SMALLEST_REGION, LARGEST_REGION);
        let end = (self.bracket + region.max(length + PAGE)).next_multiple_of(PAGE);
        let mut offset = self.bracket + 1;
        while offset < end {
            let blanks = (end - offset).min(BLANKS.len() as u64) as usize;
            write_at(file, &BLANKS[..blanks], offset)?;
            offset += blanks as u64;
        }
        write_at(file, b"]", end - 1)?;
        write_at(file, b" ", self.bracket)?;
        self.bracket = end - 1;
        Ok(())
    }

    /// Ends the array behind the last event, and the file behind it.
    pub(super) fn cut(&mut self, file: &File) -> io::Result<()> {
        write_at(file, b"]", self.at)?;
        file.set_len(self.at + 1)?;
        self.bracket = self.at;
        Ok(())
    }

    /// Appends the events of another file of this form; all or, after an error and `cut`, none.
    pub(super) fn join(&mut self, file: &File, part: &File) -> io::Result<()> {
        let start = self.at;
        let result = self.copy(file, part);
        if result.is_err() {
            self.at = start;
        }
        result
    }

    fn copy(&mut self, file: &File, part: &File) -> io::Result<()> {
        let mut lines = BufReader::with_capacity(PIECE, part);
        let (mut line, mut piece) = (Vec::new(), Vec::with_capacity(PIECE));
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line)?;
            let Some(event) = as_event(&mut line) else {
                break;
            };
            if piece.len() + event.len() > PIECE {
                self.append(file, &piece)?;
                piece.clear();
            }
            piece.extend_from_slice(event);
        }
        self.append(file, &piece)
    }
}

/// Length of the first event.
fn first_length(events: &[u8]) -> usize {
    memchr::memchr(b'\n', events).map_or(events.len(), |last| last + 1)
}

/// The event of a line, without the blanks of the page before it, and with its comma; `None`: the end.
fn as_event(line: &mut [u8]) -> Option<&[u8]> {
    let start = line.iter().position(|&byte| byte != b' ')?;
    let event = &mut line[start..];
    if event.last() != Some(&b'\n') {
        return None;
    }
    event[0] = b',';
    Some(event)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn items(bytes: &[u8]) -> usize {
        serde_json::from_slice::<Vec<String>>(bytes).unwrap().len()
    }

    /// Lengths of events that are no larger than a page.
    fn lengths() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(prop_oneof![8 => 0..800_usize, 1 => 4070..4093_usize], 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        /// A kill may fall between any two pages of a write.
        #[test]
        fn every_page_of_a_write_leaves_an_array(appends in prop::collection::vec(lengths(), 1..12)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("trace.json");
            fs::write(&path, EMPTY).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            let (mut json, mut count) = (JsonFile::new(), 0);
            for lengths in appends {
                let (before, bracket) = (fs::read(&path).unwrap(), json.bracket);
                let event = |&length: &usize| format!(",\"{}\"\n", "x".repeat(length));
                let events: String = lengths.iter().map(event).collect();
                json.append(&file, events.as_bytes()).unwrap();
                let after = fs::read(&path).unwrap();
                prop_assert_eq!(items(&after), count + lengths.len());
                let first = before.iter().zip(&after).position(|(a, b)| a != b).unwrap_or(0);
                let pages = (first.next_multiple_of(PAGE as usize)..json.at as usize).step_by(PAGE as usize);
                for page in pages.filter(|_| bracket == json.bracket) {
                    let killed = [&after[..page], &before[page..]].concat();
                    prop_assert!((count..count + lengths.len()).contains(&items(&killed)));
                }
                count += lengths.len();
            }
        }
    }
}
