//! The table at the end of a seekable zstd file: how many frames it has, and how large they are.
//!
//! Owns: the layout of the table, and of skippable frames, of which it is one. Must not: know where in the file frames
//! go, or be needed for reading them.
//!
//! Layout: a skippable frame; per frame its packed and unpacked size (u32 each) and, if bit 7 of the descriptor is
//! set, a checksum; then the number of frames (u32), the descriptor (u8) and a magic number (u32), little-endian.
//! Format: "Zstandard Seekable Format", in zstd's repository under `contrib/seekable_format`.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

/// Skippable frames have sixteen numbers; the last digit is the application's.
const SKIPPABLE_MAGIC: u32 = 0x184D_2A50;
const TABLE_MAGIC: u32 = SKIPPABLE_MAGIC | 0xE;
/// Magic number and size of a skippable frame.
pub(super) const SKIPPABLE_HEAD: usize = 8;

/// A frame's entry, which the writer gives no checksum.
pub(super) const ENTRY: usize = 8;
/// Number of frames, descriptor, magic number.
const FOOT: usize = 9;
const FOOT_MAGIC: u32 = 0x8F92_EAB1;
const CHECKSUMS: u8 = 1 << 7;
const RESERVED: u8 = 0x1F << 2;

/// Packed and unpacked bytes of one frame, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) packed: u64,
    pub(super) unpacked: u64,
}

/// Whether a frame that begins with this number is a skippable one.
pub(super) fn is_skippable(magic: u32) -> bool {
    magic & !0xF == SKIPPABLE_MAGIC
}

/// What a skippable frame of nothing but room begins with.
pub(super) fn room_head(size: u64) -> io::Result<[u8; SKIPPABLE_HEAD]> {
    Ok(pair(SKIPPABLE_MAGIC, narrow(size)?))
}

/// Two numbers, as they stand in the file.
fn pair(first: u32, second: u32) -> [u8; 8] {
    (u64::from(second) << 32 | u64::from(first)).to_le_bytes()
}

fn narrow(size: u64) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

/// A table that grows, in the bytes that stand in the file: each change of it says which of them are others now.
pub(super) struct SeekTable {
    bytes: Vec<u8>,
    /// What the frames hold together.
    unpacked: u64,
}

impl SeekTable {
    /// Of no frames.
    pub(super) fn new() -> io::Result<Self> {
        let mut table = Self {
            bytes: vec![0; SKIPPABLE_HEAD],
            unpacked: 0,
        };
        table.close()?;
        Ok(table)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the frames hold together, unpacked.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    pub(super) fn frames(&self) -> impl DoubleEndedIterator<Item = Sizes> + ExactSizeIterator {
        let (entries, _) = self.bytes[SKIPPABLE_HEAD..self.foot()].as_chunks::<ENTRY>();
        entries.iter().map(|entry| {
            let entry = u64::from_le_bytes(*entry);
            Sizes {
                packed: entry & u64::from(u32::MAX),
                unpacked: entry >> 32,
            }
        })
    }

    /// Adds a frame; all bytes change.
    pub(super) fn push(&mut self, frame: Sizes) -> io::Result<Range<usize>> {
        let entry = pair(narrow(frame.packed)?, narrow(frame.unpacked)?);
        self.bytes.truncate(self.foot());
        self.bytes.extend_from_slice(&entry);
        self.unpacked += frame.unpacked;
        self.close()?;
        Ok(0..self.bytes.len())
    }

    /// Gives the last frame other sizes.
    pub(super) fn resize_last(&mut self, frame: Sizes) -> io::Result<Range<usize>> {
        let entry = pair(narrow(frame.packed)?, narrow(frame.unpacked)?);
        let before = self.frames().next_back().unwrap_or_default();
        let changed = self.foot() - ENTRY..self.foot();
        self.bytes[changed.clone()].copy_from_slice(&entry);
        self.unpacked = self.unpacked - before.unpacked + frame.unpacked;
        Ok(changed)
    }

    /// Offset of what follows the last entry.
    fn foot(&self) -> usize {
        self.bytes.len() - FOOT
    }

    /// Sets head and foot around the entries.
    fn close(&mut self) -> io::Result<()> {
        let entries = self.bytes.len() - SKIPPABLE_HEAD;
        let count = narrow((entries / ENTRY) as u64)?;
        let head = pair(TABLE_MAGIC, narrow((entries + FOOT) as u64)?);
        self.bytes[..SKIPPABLE_HEAD].copy_from_slice(&head);
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.push(0);
        self.bytes.extend_from_slice(&FOOT_MAGIC.to_le_bytes());
        Ok(())
    }
}

/// A skippable frame that was read and may be the table: its number, and place and size of its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) magic: u32,
    /// Offset in the file of its content.
    pub(super) offset: u64,
    pub(super) size: u32,
}

impl Found {
    /// Whether this is a seek table, and one of so many frames, of these sizes together.
    pub(super) fn fits(&self, file: &mut File, count: u64, sums: Sizes) -> io::Result<bool> {
        let Some(entries) = u64::from(self.size).checked_sub(FOOT as u64) else {
            return Ok(false);
        };
        file.seek(SeekFrom::Start(self.offset + entries))?;
        let listed = u64::from(read_u32(file)?);
        let [descriptor] = read_bytes(file)?;
        let foot_magic = read_u32(file)?;
        let with_checksums = descriptor & CHECKSUMS != 0;
        let entry = ENTRY as u64 + if with_checksums { 4 } else { 0 };
        if (self.magic, foot_magic) != (TABLE_MAGIC, FOOT_MAGIC)
            || descriptor & RESERVED != 0
            || listed != count
            || count * entry != entries
        {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(sum_entries(BufReader::new(file), count, with_checksums)? == sums)
    }
}

fn sum_entries(mut table: impl Read, count: u64, with_checksums: bool) -> io::Result<Sizes> {
    let mut sums = Sizes::default();
    for _ in 0..count {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as another implementation writes it.
    fn written_by_zeekstd(frames: &[(u32, u32)]) -> Vec<u8> {
        let mut table = zeekstd::SeekTable::new();
        for (packed, unpacked) in frames {
            table.log_frame(*packed, *unpacked).unwrap();
        }
        let mut bytes = Vec::new();
        table.into_serializer().read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn sizes((packed, unpacked): (u32, u32)) -> Sizes {
        Sizes {
            packed: packed.into(),
            unpacked: unpacked.into(),
        }
    }

    #[test]
    fn changes_in_place_give_the_table_of_its_frames() {
        let mut table = SeekTable::new().unwrap();
        let mut in_file = table.bytes().to_vec();
        let mut frames: Vec<(u32, u32)> = Vec::new();
        for number in 1..2000 {
            let frame = (number * 7919, u32::MAX / number);
            let changed = if number % 3 == 1 {
                frames.push(frame);
                table.push(sizes(frame)).unwrap()
            } else {
                *frames.last_mut().unwrap() = frame;
                table.resize_last(sizes(frame)).unwrap()
            };
            in_file.resize(table.bytes().len(), 0);
            in_file[changed.clone()].copy_from_slice(&table.bytes()[changed]);
        }
        assert_eq!(in_file, written_by_zeekstd(&frames));
        assert!(table.frames().eq(frames.iter().copied().map(sizes)));
        let unpacked: u64 = frames.iter().map(|frame| u64::from(frame.1)).sum();
        assert_eq!(table.unpacked(), unpacked);
    }
}
