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
//! writes leaves a file that loads, but for a table larger than a page while it moves, once a frame.
//!
//! Format: "Zstandard Seekable Format", in zstd's repository under `contrib/seekable_format`.

use std::fs::File;
use std::io::{self, Read as _};

use zeekstd::SeekTable;

use super::compressor::{Compressor, FRAME_END};
use super::held::OutFile;
use super::platform::read_at;

/// How the file begins; `codetracer_trace_format_cbor_zstd` calls it `HEADERV1`. The table's offsets count
/// from behind it.
pub(super) const HEADER: [u8; 8] = [0xC0, 0xDE, 0x72, 0xAC, 0xE2, 1, 0, 0];
/// A frame of nothing, which stands first in every file: readers fail on a table without frames.
const EMPTY_FRAME: [u8; 9] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0, 1, 0, 0];
/// Begins a skippable frame; its size follows.
const SKIPPABLE: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
const SKIPPABLE_HEAD: u64 = 8;
/// What follows the last entry in the table: count, descriptor, magic number.
const TABLE_FOOT: usize = 9;
const TABLE_ENTRY: usize = 8;

const PAGE: u64 = 4096;
const SMALLEST_ROOM: u64 = 16 << 10;
const LARGEST_ROOM: u64 = 1 << 20;
/// A frame is ended when it holds so much.
const FRAME: u64 = 4 << 20;
/// Compressed bytes that may wait in memory.
const OUTPUT: usize = 64 << 10;
/// Frames are copied from one file to another in pieces of this size.
const PIECE: usize = 256 << 10;

/// The frames of a file, as its table lists them.
#[derive(Clone)]
struct Frames {
    closed: SeekTable,
    /// Packed (without its end) and unpacked bytes of the frame that is open.
    open: Option<(u32, u32)>,
}

/// Where the frames of one file end.
pub(super) struct ZstdFile {
    frames: Frames,
    /// Offset at which the next block goes.
    at: u64,
    /// Length of the file, a multiple of a page.
    length: u64,
}

fn too_large<E>(_: E) -> io::Error {
    io::ErrorKind::FileTooLarge.into()
}

/// What a new file holds.
pub(super) fn empty() -> io::Result<Vec<u8>> {
    let mut bytes = [HEADER.as_slice(), &EMPTY_FRAME].concat();
    let table = Frames::new()?.table()?;
    let room = PAGE - bytes.len() as u64 - SKIPPABLE_HEAD - table.len() as u64;
    bytes.extend_from_slice(&skippable_head(room)?);
    bytes.resize(PAGE as usize - table.len(), 0);
    bytes.extend_from_slice(&table);
    Ok(bytes)
}

fn skippable_head(size: u64) -> io::Result<[u8; SKIPPABLE_HEAD as usize]> {
    let mut head = [0; SKIPPABLE_HEAD as usize];
    head[..4].copy_from_slice(&SKIPPABLE);
    head[4..].copy_from_slice(&u32::try_from(size).map_err(too_large)?.to_le_bytes());
    Ok(head)
}

impl Frames {
    fn new() -> io::Result<Self> {
        let mut closed = SeekTable::new();
        closed
            .log_frame(EMPTY_FRAME.len() as u32, 0)
            .map_err(io::Error::other)?;
        Ok(Self { closed, open: None })
    }

    fn count(&self) -> u32 {
        self.closed.num_frames() + u32::from(self.open.is_some())
    }

    /// The table in its bytes; the open frame is in it as if it ended behind its last block.
    fn table(&self) -> io::Result<Vec<u8>> {
        let mut table = self.closed.clone();
        if let Some((packed, unpacked)) = self.open {
            let packed = packed + FRAME_END.len() as u32;
            table
                .log_frame(packed, unpacked)
                .map_err(io::Error::other)?;
        }
        let mut bytes = Vec::new();
        table.into_serializer().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// These, and blocks added to the open frame, or to a new one.
    fn with_blocks(&self, packed: usize, unpacked: u64, end: bool) -> io::Result<Self> {
        let mut frames = self.clone();
        let before = frames
            .open
            .take()
            .map_or(0, |(packed, _)| u64::from(packed));
        let packed = u32::try_from(before + packed as u64).map_err(too_large)?;
        let unpacked = u32::try_from(unpacked).map_err(too_large)?;
        if end {
            frames
                .closed
                .log_frame(packed, unpacked)
                .map_err(io::Error::other)?;
        } else {
            frames.open = Some((packed, unpacked));
        }
        Ok(frames)
    }

    /// These, and the closed ones of another file.
    fn with_frames(&self, part: &Self) -> io::Result<Self> {
        let mut frames = self.clone();
        for index in 1..part.closed.num_frames() {
            let packed = part
                .closed
                .frame_size_comp(index)
                .map_err(io::Error::other)?;
            let unpacked = part
                .closed
                .frame_size_decomp(index)
                .map_err(io::Error::other)?;
            frames
                .closed
                .log_frame(packed as u32, unpacked as u32)
                .map_err(io::Error::other)?;
        }
        Ok(frames)
    }
}

impl ZstdFile {
    /// Of a file that holds `empty()`.
    pub(super) fn new() -> io::Result<Self> {
        let at = (HEADER.len() + EMPTY_FRAME.len()) as u64;
        Ok(Self {
            frames: Frames::new()?,
            at,
            length: PAGE,
        })
    }

    /// How much the closed frames hold, decompressed.
    pub(super) fn end_of_events(&self) -> u64 {
        self.frames.closed.size_decomp()
    }

    /// Compresses bytes. They are in the file after `flush` or `end`, or when much has come together.
    pub(super) fn append(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
        bytes: &[u8],
    ) -> io::Result<()> {
        compressor.push(bytes)?;
        if compressor.taken() >= FRAME {
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
        let added = blocks.len();
        if added > 0 {
            let frames = self.frames.with_blocks(added, unpacked, false)?;
            blocks.extend_from_slice(&FRAME_END);
            self.store(file, blocks, added, frames)?;
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
            let frames = self.frames.with_blocks(blocks.len(), unpacked, true)?;
            self.store(file, blocks, blocks.len(), frames)?;
            blocks.clear();
        }
        Ok(())
    }

    /// Lays `blocks` behind the frames, then shows them; the next ones go `kept` bytes on.
    fn store(
        &mut self,
        file: &mut OutFile,
        blocks: &[u8],
        kept: usize,
        frames: Frames,
    ) -> io::Result<()> {
        let table = frames.table()?;
        self.make_room(file, blocks.len() as u64, table.len() as u64)?;
        // The first three bytes may stand on the end of the frame that readers see.
        let (first, others) = blocks.split_at(FRAME_END.len());
        file.write_at(others, self.at + FRAME_END.len() as u64)?;
        file.write_at(first, self.at)?;
        self.show(file, &table, frames)?;
        self.at += kept as u64;
        Ok(())
    }

    /// Makes the file longer, if it must be, for so many bytes of blocks and table; what is left of the
    /// room behind the blocks becomes a skippable frame, for tools that read without the table.
    fn make_room(&mut self, file: &mut OutFile, blocks: u64, table: u64) -> io::Result<()> {
        let needed = self.at + blocks + SKIPPABLE_HEAD + table;
        if needed > self.length {
            let table = self.frames.table()?;
            let room = self.length.clamp(SMALLEST_ROOM, LARGEST_ROOM);
            let length = (needed + room).next_multiple_of(PAGE);
            file.write_at(&table, length - table.len() as u64)?;
            self.length = length;
        }
        file.write_at(&skippable_head(self.length - needed)?, self.at + blocks)
    }

    /// Lets the table at the file's end list these frames.
    fn show(&mut self, file: &mut OutFile, table: &[u8], frames: Frames) -> io::Result<()> {
        let start = self.length - table.len() as u64;
        if frames.count() == self.frames.count() {
            let entry = table.len() - TABLE_FOOT - TABLE_ENTRY;
            file.write_at(&table[entry..entry + TABLE_ENTRY], start + entry as u64)?;
        } else {
            file.write_at(table, start)?;
        }
        self.frames = frames;
        Ok(())
    }

    /// Ends the file behind its last frame.
    pub(super) fn cut(&mut self, file: &mut OutFile) -> io::Result<()> {
        let table = self.frames.table()?;
        let mut end = self.at;
        if self.frames.open.is_some() {
            file.write_at(&FRAME_END, end)?;
            end += FRAME_END.len() as u64;
        }
        file.write_at(&table, end)?;
        file.set_len(end + table.len() as u64)
    }

    /// Appends the frames of another file of this form, all at one moment. No frame may be open.
    pub(super) fn join(
        &mut self,
        file: &mut OutFile,
        part: &Self,
        part_file: &File,
    ) -> io::Result<()> {
        let frames = self.frames.with_frames(&part.frames)?;
        let table = frames.table()?;
        let start = (HEADER.len() + EMPTY_FRAME.len()) as u64;
        self.make_room(file, part.at - start, table.len() as u64)?;
        let mut piece = vec![0; PIECE];
        for from in (start..part.at).step_by(PIECE) {
            let length = (part.at - from).min(PIECE as u64) as usize;
            read_at(part_file, &mut piece[..length], from)?;
            file.write_at(&piece[..length], self.at + from - start)?;
        }
        self.show(file, &table, frames)?;
        self.at += part.at - start;
        Ok(())
    }
}
