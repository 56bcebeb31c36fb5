//! Bytes in, a zstd frame out.
//!
//! Owns: the compressor's state and its settings. Must not: know files, or what the bytes mean.

use std::io;

use zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

/// On recorded programs as fast as level 1 and as small as level 3 (140 to 260 times smaller than the CBOR),
/// in 2 MB. Larger windows gain 1 %; long-distance matching costs ten times the time and packs worse.
const LEVEL: i32 = 2;

/// The end of a frame: an empty last block. Set behind flushed blocks it makes a frame of them, and is
/// overwritten when more blocks come.
pub(super) const FRAME_END: [u8; 3] = [1, 0, 0];

/// One frame at a time, given out piece by piece.
pub(super) struct Compressor {
    context: CCtx<'static>,
    /// Bytes that the open frame got so far.
    taken: u64,
    /// What the compressor gave and nobody took yet.
    out: Vec<u8>,
}

fn failure(code: zstd_safe::ErrorCode) -> io::Error {
    io::Error::other(zstd_safe::get_error_name(code))
}

impl Compressor {
    pub(super) fn new() -> io::Result<Self> {
        let no_memory = || io::Error::from(io::ErrorKind::OutOfMemory);
        let mut context = CCtx::try_create().ok_or_else(no_memory)?;
        context
            .set_parameter(CParameter::CompressionLevel(LEVEL))
            .map_err(failure)?;
        Ok(Self {
            context,
            taken: 0,
            out: Vec::new(),
        })
    }

    /// Bytes that the open frame got so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes all that was given out so far.
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Adds to the open frame, or opens one.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.run(bytes, ZSTD_EndDirective::ZSTD_e_continue)?;
        self.taken += bytes.len() as u64;
        Ok(())
    }

    /// Gives out, as whole blocks, all that the open frame holds.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.run(&[], ZSTD_EndDirective::ZSTD_e_flush)
    }

    /// Ends the open frame.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.run(&[], ZSTD_EndDirective::ZSTD_e_end)?;
        self.taken = 0;
        Ok(())
    }

    fn run(&mut self, bytes: &[u8], directive: ZSTD_EndDirective) -> io::Result<()> {
        let mut input = InBuffer::around(bytes);
        loop {
            self.out.reserve(CCtx::out_size());
            let start = self.out.len();
            let mut output = OutBuffer::around_pos(&mut self.out, start);
            let left = self
                .context
                .compress_stream2(&mut output, &mut input, directive)
                .map_err(failure)?;
            let done = match directive {
                ZSTD_EndDirective::ZSTD_e_continue => input.pos() == bytes.len(),
                _ => left == 0,
            };
            if done {
                return Ok(());
            }
        }
    }
}
