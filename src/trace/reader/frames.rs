//! The decompressed stream of a seekable zstd file, read from its beginning to its end.
//!
//! Owns: frames, and whether the seek table tells the truth. Must not: know what the stream holds.
//!
//! A tear in the file is no error here: the stream ends before it, and `fault` says why. The seek table is not
//! needed for reading; it is compared with what was read, since other readers refuse a file in which it is wrong.
//! Format: "Zstandard Seekable Format", in zstd's repository under `contrib/seekable_format`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use zstd_safe::{DCtx, InBuffer, OutBuffer};

use crate::trace::seek_table::{Found, SKIPPABLE_HEAD, Sizes, is_skippable};

/// Bytes of the compressed file that are read at once.
const INPUT: usize = 64 << 10;
const FRAME_MAGIC: u32 = 0xFD2F_B528;

const HALF_A_FRAME: &str = "the file ends within a compressed frame";
const NO_TABLE: &str = "the seek table at the end is missing";
const WRONG_TABLE: &str = "the seek table at the end does not fit the frames";

/// Where in the file the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Border,
    Frame,
    Skippable { left: u64 },
    End,
}

/// The decompressed bytes of all frames.
pub struct Frames {
    file: File,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the file of `input[start]`.
    offset: u64,
    context: Option<DCtx<'static>>,
    place: Place,
    /// Frames that were read, and their sizes together.
    count: u64,
    sums: Sizes,
    table: Option<Found>,
    fault: Option<String>,
}

impl Frames {
    /// The frames of `file`, which stands at `offset`, where they begin.
    pub fn new(file: File, offset: u64) -> Self {
        Self {
            file,
            input: vec![0; INPUT],
            start: 0,
            end: 0,
            offset,
            context: None,
            place: Place::Border,
            count: 0,
            sums: Sizes::default(),
            table: None,
            fault: None,
        }
    }

    /// Why the stream has ended, if not because it is whole.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    fn tear(&mut self, why: impl Into<String>) {
        let why: String = why.into();
        self.fault = Some(format!("{why} (byte {} of the file)", self.offset));
        self.place = Place::End;
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads on until `count` bytes are at hand, or the file has ended.
    fn need(&mut self, count: usize) -> io::Result<usize> {
        if self.end - self.start < count {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count {
            match self.file.read(&mut self.input[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end - self.start)
    }

    /// Looks at what begins here: a frame, a skippable one, or the end.
    fn border(&mut self) -> io::Result<()> {
        let at_hand = self.need(SKIPPABLE_HEAD)?;
        let head = &self.input[self.start..self.end];
        let magic = head.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        match magic {
            None if at_hand == 0 => self.finish()?,
            None => self.tear(HALF_A_FRAME),
            Some(FRAME_MAGIC) => {
                self.table = None;
                self.place = Place::Frame;
            }
            Some(magic) if is_skippable(magic) => match head.get(4..SKIPPABLE_HEAD) {
                Some(&[a, b, c, d]) => {
                    let size = u32::from_le_bytes([a, b, c, d]);
                    self.consume(SKIPPABLE_HEAD);
                    self.table = Some(Found {
                        magic,
                        offset: self.offset,
                        size,
                    });
                    self.place = Place::Skippable { left: size.into() };
                }
                _ => self.tear(HALF_A_FRAME),
            },
            Some(_) => self.tear("no compressed frame begins where one must"),
        }
        Ok(())
    }

    fn skip(&mut self, left: u64) -> io::Result<()> {
        if left == 0 {
            self.place = Place::Border;
        } else {
            match self.need(1)? {
                0 => self.tear("the file ends within the seek table"),
                at_hand => {
                    let count = left.min(at_hand as u64);
                    self.consume(count as usize);
                    self.place = Place::Skippable { left: left - count };
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.place = Place::End;
        match &self.table {
            None => self.tear(NO_TABLE),
            Some(table) if table.fits(&mut self.file, self.count, self.sums)? => {}
            Some(_) => self.tear(WRONG_TABLE),
        }
        Ok(())
    }

    /// Decompresses a piece of the frame at hand into `out`; returns its length.
    fn decompress(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let at_hand = self.need(1)?;
        let context = match &mut self.context {
            Some(context) => context,
            none => none.insert(DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?),
        };
        let mut input = InBuffer::around(&self.input[self.start..self.end]);
        let mut output = OutBuffer::around(out);
        let hint = context.decompress_stream(&mut output, &mut input);
        let (packed, unpacked) = (input.pos(), output.pos());
        self.consume(packed);
        self.sums.packed += packed as u64;
        self.sums.unpacked += unpacked as u64;
        match hint {
            Ok(0) => {
                self.count += 1;
                self.place = Place::Border;
            }
            Ok(_) if at_hand == 0 && unpacked == 0 => self.tear(HALF_A_FRAME),
            Ok(_) => {}
            Err(code) => self.tear(zstd_safe::get_error_name(code)),
        }
        Ok(unpacked)
    }
}

impl Read for Frames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.place {
                Place::Border => self.border()?,
                Place::Skippable { left } => self.skip(left)?,
                Place::Frame => match self.decompress(out)? {
                    0 => {}
                    count => return Ok(count),
                },
                Place::End => return Ok(0),
            }
        }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("offset", &self.offset)
            .field("place", &self.place)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
