//! Where one stream's events go, in either form.
//!
//! Owns: the choice of the form. Must not: decide when something is written.

use std::fs::File;
use std::io;

use super::Format;
use super::compressor::Compressor;
use super::expand::Target;
use super::held::OutFile;
use super::json_file::{self, JsonFile};
use super::zstd_file::{self, ZstdFile};

/// Where the events of one file end; the file itself is opened when it is needed.
pub(super) enum Sink {
    Json(JsonFile),
    Binary(ZstdFile),
}

/// What a file without events holds.
pub(super) fn empty(format: Format) -> io::Result<Vec<u8>> {
    match format {
        Format::Json => Ok(json_file::EMPTY.to_vec()),
        Format::Binary => zstd_file::empty(),
    }
}

/// A file, to which what is expanded goes.
pub(super) struct Appending<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) file: &'a mut OutFile,
    pub(super) compressor: &'a mut Compressor,
}

impl Target for Appending<'_> {
    #[inline]
    fn may_lie(&self, start: usize, length: usize) -> bool {
        match &self.sink {
            Sink::Json(json) => json.is_one_page(start, length),
            Sink::Binary(_) => true,
        }
    }

    fn lay(&self, piece: &mut Vec<u8>, start: usize) {
        if let Sink::Json(json) = &self.sink {
            json.lay(piece, start);
        }
    }

    fn take(&mut self, piece: &mut [u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Json(json) => json.write(self.file, piece),
            Sink::Binary(zstd) => zstd.append(self.file, self.compressor, piece),
        }
    }
}

impl Sink {
    /// Of a file that holds `empty`.
    pub(super) fn new(format: Format) -> io::Result<Self> {
        match format {
            Format::Json => Ok(Self::Json(JsonFile::new())),
            Format::Binary => ZstdFile::new().map(Self::Binary),
        }
    }

    /// Adds whole events; `flush` or `end` brings them into the file at the latest.
    pub(super) fn append(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
        events: &[u8],
    ) -> io::Result<()> {
        match self {
            Self::Json(json) => json.append(file, events),
            Self::Binary(zstd) => zstd.append(file, compressor, events),
        }
    }

    /// Brings all events into the file; the compressor keeps what it knows of them.
    pub(super) fn flush(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
    ) -> io::Result<()> {
        match self {
            Self::Json(_) => Ok(()),
            Self::Binary(zstd) => zstd.flush(file, compressor),
        }
    }

    /// Brings all events into the file; the compressor is free for another one.
    pub(super) fn end(
        &mut self,
        file: &mut OutFile,
        compressor: &mut Compressor,
    ) -> io::Result<()> {
        match self {
            Self::Json(_) => Ok(()),
            Self::Binary(zstd) => zstd.end(file, compressor),
        }
    }

    /// Where the next event begins, as readers count: in the file, or in what is decompressed. After `end` only.
    pub(super) fn end_of_events(&self) -> u64 {
        match self {
            Self::Json(json) => json.end_of_events(),
            Self::Binary(zstd) => zstd.end_of_events(),
        }
    }

    /// Removes the room behind the events.
    pub(super) fn cut(&mut self, file: &mut OutFile) -> io::Result<()> {
        match self {
            Self::Json(json) => json.cut(file),
            Self::Binary(zstd) => zstd.cut(file),
        }
    }

    /// Appends another file's events by copying bytes; after `end` only.
    pub(super) fn join(
        &mut self,
        file: &mut OutFile,
        part: &Self,
        part_file: &File,
    ) -> io::Result<()> {
        match (self, part) {
            (Self::Json(json), Self::Json(_)) => json.join(file, part_file),
            (Self::Binary(zstd), Self::Binary(part)) => zstd.join(file, part, part_file),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}
