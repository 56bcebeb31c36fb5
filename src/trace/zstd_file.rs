//! A seekable zstd stream that is whole at every moment while it grows.
//!
//! Owns: where frames and the seek table go in `trace.bin`. Must not: know what the frames hold.
//!
//! ```text
//! header | frames … | skippable frame, nothing but room | seek table, at the file's very end
//! ```
//!
//! Readers begin at the table, and look at no byte that it does not cover. So new blocks are laid into the
//! room first, unseen; then the table's last entry is changed, by one write of eight bytes inside a page.
//! The last frame stays open: the three bytes that end it (an empty last block) are overwritten by the
//! first three of the next block. Room is made by writing the table further back, over what the
//! file system fills with zeros (a hole, where it knows holes). A kill between any two pages of any of these
//! writes leaves a file that loads, but for a table larger than a page while it moves, once a frame. Frames grow
//! with the file, so that it takes some hundred gigabytes of events for such a table, or, in another thread's file, where
//! each round ends its frame, five hundred rounds.
//!
//! Format: "Zstandard Seekable Format", in zstd's repository under `contrib/seekable_format`.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::compressor::{Compressor, FRAME_END};
use super::held::OutFile;
use super::platform::read_at;
use super::seek_table::{ENTRY, SKIPPABLE_HEAD, SeekTable, Sizes, room_head};

/// How the file begins; `codetracer_trace_format_cbor_zstd` calls it `HEADERV1`. The table's offsets count
/// from behind it.
pub(super) const HEADER: [u8; 8] = [0xC0, 0xDE, 0x72, 0xAC, 0xE2, 1, 0, 0];
/// A frame of nothing, which stands first in every file: readers fail on a table without frames.
const EMPTY_FRAME: [u8; 9] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0, 1, 0, 0];
/// Where the frames that hold something begin.
const FIRST: u64 = (HEADER.len() + EMPTY_FRAME.len()) as u64;

const PAGE: u64 = 4096;
const SMALLEST_ROOM: u64 = 16 << 10;
const LARGEST_ROOM: u64 = 1 << 20;
/// A frame is ended when it holds this part of what the file does, within these limits.
const FRAME_SHARE: u64 = 64;
const SMALLEST_FRAME: u64 = 4 << 20;
const LARGEST_FRAME: u64 = 512 << 20;
/// Compressed bytes that may wait in memory.
const OUTPUT: usize = 64 << 10;
/// Frames are copied from one file to another in pieces of this size.
const PIECE: usize = 256 << 10;

/// Where the frames of one file end.
pub(super) struct ZstdFile {
    /// What the file's table shows, or is to show next: the open frame too, as if it ended behind its last block.
    table: SeekTable,
    /// Packed bytes of the frame that is open, without its end.
    open: Option<u64>,
    /// Offset at which the next block goes.
    at: u64,
    /// Length of the file, a multiple of a page.
    length: u64,
}

/// What a new file holds.
pub(super) fn empty() -> io::Result<Vec<u8>> {
    let table = first_table()?;
    let table = table.bytes();
    let mut bytes = [HEADER.as_slice(), &EMPTY_FRAME].concat();
    let room = PAGE as usize - bytes.len() - SKIPPABLE_HEAD - table.len();
    bytes.extend_from_slice(&room_head(room as u64)?);
    bytes.resize(PAGE as usize - table.len(), 0);
    bytes.extend_from_slice(table);
    Ok(bytes)
}

fn first_table() -> io::Result<SeekTable> {
    let mut table = SeekTable::new()?;
    table.push(Sizes {
        packed: EMPTY_FRAME.len() as u64,
        unpacked: 0,
    })?;
    Ok(table)
}

impl ZstdFile {
    /// Of a file that holds `empty()`.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            table: first_table()?,
            open: None,
            at: FIRST,
            length: PAGE,
        })
    }

    /// How much the frames hold, decompressed.
    pub(super) fn end_of_events(&self) -> u64 {
        self.table.unpacked()
    }

    /// Compresses bytes. They are in the file after `flush` or `end`, or when much has come together.
    pub(super) fn append(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
        bytes: &[u8],
    ) -> io::Result<()> {
        compressor.push(bytes)?;
        let share = self.table.unpacked() / FRAME_SHARE;
        if compressor.taken() >= share.clamp(SMALLEST_FRAME, LARGEST_FRAME) {
            self.end(file, compressor)
        } else if compressor.output().len() >= OUTPUT {
            self.flush(file, compressor)
        } else {
            Ok(())
        }
    }

    /// Brings all that was appended into the file; the frame goes on.
    pub(super) fn flush(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
    ) -> io::Result<()> {
        compressor.flush()?;
        let unpacked = compressor.taken();
        let blocks = compressor.output();
        if !blocks.is_empty() {
            blocks.extend_from_slice(&FRAME_END);
            self.store(file, blocks, unpacked, true)?;
            blocks.clear();
        }
        Ok(())
    }

    /// Brings all that was appended into the file and ends the frame.
    pub(super) fn end(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
    ) -> io::Result<()> {
        let unpacked = compressor.taken();
        if unpacked > 0 {
            compressor.end()?;
            let blocks = compressor.output();
            self.store(file, blocks, unpacked, false)?;
            blocks.clear();
        }
        Ok(())
    }

    /// Lays `blocks`, which end the frame, behind what it has, then shows them. A frame that is to go on loses its end to
    /// the next ones.
    fn store(
        &mut self,
        file: &mut OutFile,
        blocks: &[u8],
        unpacked: u64,
        goes_on: bool,
    ) -> io::Result<()> {
        let entry = if self.open.is_none() { ENTRY } else { 0 };
        self.make_room(file, blocks.len() as u64, entry)?;
        // The first three bytes may stand on the end of the frame that readers see.
        let (first, others) = blocks.split_at(FRAME_END.len());
        file.write_at(others, self.at + FRAME_END.len() as u64)?;
        file.write_at(first, self.at)?;
        let packed = self.open.unwrap_or(0) + blocks.len() as u64;
        let frame = Sizes { packed, unpacked };
        let changed = match self.open {
            None => self.table.push(frame)?,
            Some(_) => self.table.resize_last(frame)?,
        };
        let end = FRAME_END.len() as u64;
        self.at += blocks.len() as u64 - if goes_on { end } else { 0 };
        self.open = goes_on.then(|| packed - end);
        self.show(file, changed)
    }

    /// Makes the file longer, if it must be, for so many bytes of blocks and of new entries in the table; what is left of
    /// the room behind the blocks becomes a skippable frame, for tools that read without the table.
    fn make_room(&mut self, file: &mut OutFile, blocks: u64, entries: usize) -> io::Result<()> {
        let table = self.table.bytes();
        let needed = self.at + blocks + (SKIPPABLE_HEAD + table.len() + entries) as u64;
        if needed > self.length {
            let room = self.length.clamp(SMALLEST_ROOM, LARGEST_ROOM);
            let length = (needed + room).next_multiple_of(PAGE);
            file.write_at(table, length - table.len() as u64)?;
            self.length = length;
        }
        file.write_at(&room_head(self.length - needed)?, self.at + blocks)
    }

    /// Writes what has changed of the table at the file's end.
    fn show(&self, file: &mut OutFile, changed: Range<usize>) -> io::Result<()> {
        let table = self.table.bytes();
        let start = self.length - table.len() as u64;
        file.write_at(&table[changed.clone()], start + changed.start as u64)
    }

    /// Ends the file behind its last frame.
    pub(super) fn cut(&mut self, file: &mut OutFile) -> io::Result<()> {
        let mut end = self.at;
        if self.open.is_some() {
            file.write_at(&FRAME_END, end)?;
            end += FRAME_END.len() as u64;
        }
        let table = self.table.bytes();
        file.write_at(table, end)?;
        file.set_len(end + table.len() as u64)
    }

    /// Appends the frames of another file of this form, all at one moment. No frame may be open.
    pub(super) fn join(
        &mut self,
        file: &mut OutFile,
        part: &Self,
        part_file: &File,
    ) -> io::Result<()> {
        let frames = part.table.frames().skip(1);
        self.make_room(file, part.at - FIRST, frames.len() * ENTRY)?;
        let mut piece = vec![0; PIECE];
        for from in (FIRST..part.at).step_by(PIECE) {
            let length = (part.at - from).min(PIECE as u64) as usize;
            read_at(part_file, &mut piece[..length], from)?;
            file.write_at(&piece[..length], self.at + from - FIRST)?;
        }
        for frame in frames {
            self.table.push(frame)?;
        }
        self.at += part.at - FIRST;
        self.show(file, 0..self.table.bytes().len())
    }
}
