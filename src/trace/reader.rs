//! The way back from the files of a trace to its records, also where the files are torn.
//!
//! Owns: `Reader`, `Health`, and what a user reads when there is no trace. Must not: write.
//!
//! Nothing in the files is believed: a tear, damage or a foreign event ends the records there, and
//! `Reader::health` says so. Memory does not grow with the trace, only with its longest record.

mod binary;
mod files;
mod frames;
mod json;
mod met;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::rc::Rc;

pub use files::{Metadata, TraceFiles};

use self::binary::BinaryReader;
use self::json::JsonReader;
use super::Format;
use super::record::Record;
use super::zstd_file::HEADER;
use crate::error::{Error, Result, in_words};

const HALF_A_RECORD: &str = "the file ends within a record";
const TOO_LONG: &str = "a record longer than 256 MiB";

/// What a form's reader finds next.
enum Found {
    Record(Rc<Record>),
    End,
    Torn(String),
}

impl Found {
    fn torn(why: impl Into<String>) -> Self {
        Self::Torn(why.into())
    }
}

/// Whether a trace is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// All that was read, to the end of the file, is as it must be.
    Whole,
    /// The records before this place were read, and nothing after it.
    Torn(Tear),
}

/// Where and why a trace is torn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tear {
    /// Records before it.
    pub records: u64,
    /// Byte of the event stream (decompressed, where it is compressed).
    pub offset: u64,
    /// What is wrong there.
    pub why: String,
}

impl fmt::Display for Tear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            records,
            offset,
            why,
        } = self;
        write!(
            f,
            "torn after record {records}, at byte {offset} of the events: {why}"
        )
    }
}

#[derive(Debug)]
enum Form {
    Json(JsonReader<File>),
    Binary(BinaryReader),
}

/// The records of a trace, in order. After an error, or where the trace is torn, it ends.
#[derive(Debug)]
pub struct Reader {
    files: TraceFiles,
    form: Form,
    records: u64,
    ended: bool,
    health: Health,
}

impl Reader {
    /// Opens the trace in the folder `dir`.
    ///
    /// # Errors
    /// `Error::Trace` if `dir` is no folder, holds no trace, or one that is empty, foreign or unreadable.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::of(TraceFiles::find(dir)?)
    }

    /// Opens a trace whose files are known.
    ///
    /// # Errors
    /// As `open`.
    pub fn of(files: TraceFiles) -> Result<Self> {
        let form = open_events(&files.events, files.format)?;
        Ok(Self {
            files,
            form,
            records: 0,
            ended: false,
            health: Health::Whole,
        })
    }

    /// The files that are read.
    pub fn files(&self) -> &TraceFiles {
        &self.files
    }

    /// The bytes of the record that was read last, as they lie in the stream.
    pub fn bytes(&self) -> &[u8] {
        match &self.form {
            Form::Json(reader) => reader.bytes(),
            Form::Binary(reader) => reader.bytes(),
        }
    }

    /// Whether the trace is whole, as far as it has been read.
    pub fn health(&self) -> &Health {
        &self.health
    }

    fn advance(&mut self) -> io::Result<Option<Rc<Record>>> {
        let (found, offset) = match &mut self.form {
            Form::Json(reader) => (reader.next()?, reader.offset()),
            Form::Binary(reader) => (reader.next()?, reader.offset()),
        };
        match found {
            found if self.is_of_a_part(&found, offset) => {}
            Found::Record(record) => {
                self.records += 1;
                return Ok(Some(record));
            }
            Found::End => {}
            Found::Torn(why) => {
                self.health = Health::Torn(Tear {
                    records: self.records,
                    offset,
                    why,
                });
            }
        }
        Ok(None)
    }

    /// Whether what ends at this offset, or is torn there, is a part's, which is read from its own file.
    fn is_of_a_part(&self, found: &Found, offset: u64) -> bool {
        let is_record = matches!(found, Found::Record(_));
        self.files
            .own_end
            .is_some_and(|end| offset >= end + u64::from(is_record))
    }
}

impl Iterator for Reader {
    type Item = Result<Rc<Record>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self
            .advance()
            .map_err(|error| unreadable(&self.files.events, &error))
            .transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn open_events(path: &Path, format: Format) -> Result<Form> {
    let failed = |error| unreadable(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() == 0 {
        return Err(trouble(
            path,
            "empty: no event was ever written (record the program again)",
        ));
    }
    match format {
        Format::Json => match JsonReader::new(file).map_err(failed)? {
            Some(reader) => Ok(Form::Json(reader)),
            None => Err(trouble(
                path,
                "not a trace: a JSON array of events begins with `[` (is it another program's file?)",
            )),
        },
        Format::Binary => {
            check_header(path, &mut file)?;
            Ok(Form::Binary(BinaryReader::new(file)))
        }
    }
}

/// Leaves `file` behind its header. A file that ends within the header is a torn trace, no foreign file.
fn check_header(path: &Path, file: &mut File) -> Result<()> {
    let failed = |error| unreadable(path, &error);
    let mut head = Vec::with_capacity(HEADER.len());
    file.by_ref()
        .take(HEADER.len() as u64)
        .read_to_end(&mut head)
        .map_err(failed)?;
    match head.get(5) {
        Some(0) if head[..5] == HEADER[..5] => Err(trouble(
            path,
            "the Cap'n Proto form, which another recorder writes and this one does not read \
             (use that recorder's tools, or record again)",
        )),
        _ if HEADER.starts_with(&head) => Ok(()),
        _ => Err(trouble(
            path,
            "not a trace: it does not begin as one (is it another program's file?)",
        )),
    }
}

fn trouble(path: &Path, what: &str) -> Error {
    Error::Trace(format!("{}: {what}", path.display()))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    trouble(path, &format!("cannot be read: {}", in_words(error)))
}
