//! The table at the end of a seekable zstd file: does it fit the frames that were read?
//!
//! Owns: the layout of the table. Must not: be needed for reading the frames.
//!
//! Layout: a skippable frame; per frame its packed and unpacked size (u32 each) and, if bit 7 of the descriptor is
//! set, a checksum; then the number of frames (u32), the descriptor (u8) and a magic number (u32), little-endian.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// A skippable frame that may be the table: its number, and place and size of its content.
#[derive(Debug, Clone, Copy)]
pub struct SeekTable {
    /// The magic number it begins with.
    pub magic: u32,
    /// Offset in the file of its content.
    pub offset: u64,
    /// Bytes of its content.
    pub size: u32,
}

/// Frames read, and their bytes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Number of frames.
    pub frames: u64,
    /// Compressed bytes.
    pub packed: u64,
    /// Decompressed bytes.
    pub unpacked: u64,
}

const TABLE_MAGIC: u32 = 0x184D_2A5E;
const FOOTER_MAGIC: u32 = 0x8F92_EAB1;
const FOOTER: u64 = 9;
const CHECKSUMS: u8 = 1 << 7;
const RESERVED: u8 = 0x1F << 2;

impl SeekTable {
    /// Whether this is a seek table, and one of just these frames.
    pub fn fits(&self, file: &mut File, read: Sums) -> io::Result<bool> {
        let size = u64::from(self.size);
        let Some(entries_size) = size.checked_sub(FOOTER) else {
            return Ok(false);
        };
        file.seek(SeekFrom::Start(self.offset + entries_size))?;
        let frames = u64::from(read_u32(file)?);
        let [descriptor] = read_bytes(file)?;
        let footer_magic = read_u32(file)?;
        let with_checksums = descriptor & CHECKSUMS != 0;
        let entry_size = if with_checksums { 12 } else { 8 };
        if (self.magic, footer_magic) != (TABLE_MAGIC, FOOTER_MAGIC)
            || descriptor & RESERVED != 0
            || frames * entry_size != entries_size
        {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let sums = sum_entries(BufReader::new(file), frames, with_checksums)?;
        Ok(sums == read)
    }
}

fn sum_entries(mut table: impl Read, frames: u64, with_checksums: bool) -> io::Result<Sums> {
    let mut sums = Sums {
        frames,
        ..Sums::default()
    };
    for _ in 0..frames {
        sums.packed += u64::from(read_u32(&mut table)?);
        sums.unpacked += u64::from(read_u32(&mut table)?);
        if with_checksums {
            read_u32(&mut table)?;
        }
    }
    Ok(sums)
}

fn read_u32(from: &mut impl Read) -> io::Result<u32> {
    read_bytes(from).map(u32::from_le_bytes)
}

fn read_bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}
