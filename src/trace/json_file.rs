//! A JSON array that is whole at every moment while it grows.
//!
//! Owns: where events go in `trace.json`. Must not: look into an event, or open a file.
//!
//! JSON allows blanks before `]`. Events are written over a region of blanks in front of it, each inside one
//! page of the file: a kill falls between two pages of a write, never inside one. Only an event larger than a
//! page is written across pages. A new region is made behind the `]`, where blanks are as good, and then the `]`
//! is moved by two one-byte writes: between these the file is not whole. At the end it is moved once more, to the last
//! event, and what comes after it cut off: two calls again, unless both places lie in one page.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use super::held::OutFile;

const PAGE: u64 = 4096;
/// What is written over soon is still near: a region of 4 MiB takes a quarter longer to make and fill. In a large file it
/// begins and ends at a multiple of this, so that the system can hold it in large pieces: a sixth faster than elsewhere.
const LARGEST_REGION: u64 = 512 << 10;
/// Room on the disk is asked for in pieces of this size: what a kill leaves of one behind the file's end stays its own.
const PIECE_OF_DISK: u64 = 2 << 20;
/// So much room there is behind the events at every moment: of a full disk it is left over, at the end, for the metadata
/// that tell of it.
const RESERVE: u64 = 32 << 10;
static BLANKS: [u8; 16 << 10] = [b' '; 16 << 10];
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
    /// Offset up to which there is room on the disk, or need not be.
    reserved: u64,
}

impl JsonFile {
    /// Of a file that holds `EMPTY`.
    pub(super) fn new() -> Self {
        Self {
            at: 1,
            bracket: 1,
            reserved: 0,
        }
    }

    /// Where the next event goes.
    pub(super) fn end_of_events(&self) -> u64 {
        self.at
    }

    /// Whether so many bytes, at `start` in what is to be written next, lie in one page.
    #[inline]
    pub(super) fn is_one_page(&self, start: usize, length: usize) -> bool {
        (self.at + start as u64) % PAGE + length as u64 <= PAGE
    }

    /// Moves the last event of what is to be written next to the next page, if it would lie in two.
    #[inline]
    pub(super) fn lay(&self, events: &mut Vec<u8>, start: usize) {
        let (begin, end) = (self.at + start as u64, self.at + events.len() as u64);
        let next_page = begin - begin % PAGE + PAGE;
        if end > next_page && end - begin <= PAGE {
            shift(events, start, (next_page - begin) as usize);
        }
    }

    /// Writes events that were laid out, each `,{…}` and a line break; all are in the file on return, and after an error
    /// for want of room as many as have some.
    pub(super) fn write(&mut self, file: &mut OutFile, events: &mut [u8]) -> io::Result<()> {
        let result = self.write_all(file, events);
        if result.as_ref().is_err_and(is_full)
            && let Some(end) = middle(events)
        {
            let (first, rest) = events.split_at_mut(end + 1);
            self.write(file, first)?;
            return self.write(file, rest);
        }
        result
    }

    fn write_all(&mut self, file: &mut OutFile, events: &mut [u8]) -> io::Result<()> {
        let comma = events.iter_mut().find(|byte| **byte != b' ');
        if let Some(comma) = comma.filter(|byte| self.at == 1 && **byte == b',') {
            *comma = b' ';
        }
        let end = self.at + events.len() as u64;
        if end + RESERVE > self.bracket {
            let needed = events.len() as u64 + RESERVE;
            let region = self.bracket.min(LARGEST_REGION);
            match self.grow(file, region.max(needed)) {
                Err(error) if is_full(&error) => {
                    file.set_len(self.bracket + 1)?;
                    self.grow(file, needed)?;
                }
                result => result?,
            }
        }
        file.write_at(events, self.at)?;
        self.at = end;
        Ok(())
    }

    /// Lays events out and writes them.
    pub(super) fn append(&mut self, file: &mut OutFile, events: &[u8]) -> io::Result<()> {
        let mut laid = Vec::with_capacity(events.len() + events.len() / 4);
        for event in events.split_inclusive(|&byte| byte == b'\n') {
            let start = laid.len();
            laid.extend_from_slice(event);
            self.lay(&mut laid, start);
        }
        self.write(file, &mut laid)
    }

    /// Adds at least `length` bytes of blanks, with the bracket as the last byte of a page.
    fn grow(&mut self, file: &mut OutFile, length: u64) -> io::Result<()> {
        let is_large = length >= LARGEST_REGION;
        let unit = if is_large { LARGEST_REGION } else { PAGE };
        let end = (self.bracket + length).next_multiple_of(unit);
        if is_large {
            self.reserve(file, end);
        }
        file.fill_at(&BLANKS, self.bracket + 1, end)?;
        file.write_both((b"]", end - 1), (b" ", self.bracket))?;
        self.bracket = end - 1;
        Ok(())
    }

    /// Asks for room on the disk up to `end` and further. Where there is none, or it is of no use, it is not asked again.
    fn reserve(&mut self, file: &mut OutFile, end: u64) {
        if end > self.reserved {
            let begin = self.bracket + 1;
            let length = (end - begin).next_multiple_of(PIECE_OF_DISK);
            let is_had = file.reserve(begin, length);
            self.reserved = if is_had { begin + length } else { u64::MAX };
        }
    }

    /// Ends the array behind the last event, and the file behind it.
    pub(super) fn cut(&mut self, file: &mut OutFile) -> io::Result<()> {
        let blanks = (self.bracket - self.at) as usize;
        if self.at / PAGE == self.bracket / PAGE {
            file.write_at(&[b"]", &BLANKS[..blanks]].concat(), self.at)?;
        } else {
            file.write_at(b"]", self.at)?;
        }
        file.set_len(self.at + 1)?;
        self.bracket = self.at;
        Ok(())
    }

    /// Appends the events of another file of this form; all or, after an error and `cut`, none.
    pub(super) fn join(&mut self, file: &mut OutFile, part: &File) -> io::Result<()> {
        let start = self.at;
        let result = self.copy(file, part);
        if result.is_err() {
            self.at = start;
        }
        result
    }

    fn copy(&mut self, file: &mut OutFile, part: &File) -> io::Result<()> {
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

/// Puts so many blanks at a place.
#[cold]
fn shift(events: &mut Vec<u8>, start: usize, gap: usize) {
    let length = events.len();
    events.resize(length + gap, b' ');
    events.copy_within(start..length, start + gap);
    events[start..start + gap].fill(b' ');
}

/// Where a line break stands that is not the last, about in the middle if there is one.
fn middle(events: &[u8]) -> Option<usize> {
    let (before, behind) = events.split_at(events.len() / 2);
    let last = events.len().checked_sub(1)?;
    memchr::memrchr(b'\n', before).or_else(|| {
        let place = before.len() + memchr::memchr(b'\n', behind)?;
        (place < last).then_some(place)
    })
}

/// Whether there was no room, on the disk or in what the user may use of it.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
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

    #[test]
    fn regions_of_a_large_file_lie_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.json");
        fs::write(&path, EMPTY).unwrap();
        let mut file = OutFile::open(path.clone()).unwrap();
        let mut json = JsonFile::new();
        let events = format!(",\"{}\"\n", "x".repeat(500)).repeat(400);
        for count in 1..20 {
            json.append(&mut file, events.as_bytes()).unwrap();
            assert_eq!(items(&fs::read(&path).unwrap()), count * 400);
            assert!(
                json.at < 2 * LARGEST_REGION || (json.bracket + 1).is_multiple_of(LARGEST_REGION)
            );
        }
        json.cut(&mut file).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), json.at + 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            assert!(
                metadata.blocks() * 512 < json.at + LARGEST_REGION,
                "not given back"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        /// A kill may fall between any two pages of a write.
        #[test]
        fn every_page_of_a_write_leaves_an_array(appends in prop::collection::vec(lengths(), 1..12)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("trace.json");
            fs::write(&path, EMPTY).unwrap();
            let mut file = OutFile::open(path.clone()).unwrap();
            let (mut json, mut count) = (JsonFile::new(), 0);
            for lengths in appends {
                let (before, bracket) = (fs::read(&path).unwrap(), json.bracket);
                let event = |&length: &usize| format!(",\"{}\"\n", "x".repeat(length));
                let events: String = lengths.iter().map(event).collect();
                json.append(&mut file, events.as_bytes()).unwrap();
                let after = fs::read(&path).unwrap();
                prop_assert_eq!(items(&after), count + lengths.len());
                prop_assert!(json.bracket - json.at >= RESERVE, "a full disk keeps no room");
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
