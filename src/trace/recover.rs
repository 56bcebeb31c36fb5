//! A trace that its process did not finish, made whole.
//!
//! Owns: what is kept of a torn trace, and in which order. Must not: invent an event, but for ends of open calls.
//!
//! Everything is copied into a new file, byte by byte of its events, which then takes the old one's place; until then
//! nothing of the old events is changed.
//!
//! A kill may fall between any two of the steps: the new file is made; the metadata note what is in it, and still call the
//! trace unfinished; the new file takes the old one's place; the parts are removed; the metadata call the trace recovered.
//! While the new file has a name of its own the next attempt begins anew, and then it goes on from there.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::compressor::Compressor;
use super::definitions::MARK;
use super::expand::Expander;
use super::folder::{self, Folder};
use super::held::OutFile;
use super::reader::{Health, Reader, TraceFiles};
use super::record::Record;
use super::sink::{self, Sink};
use super::{Compact, Format, Status, TypeId, TypeKind};
use crate::error::Result;

/// Stands for the result of a call that was open when the process ended.
const OPEN: &str = "<open at the end>";
/// Events are handed on in pieces of about this size.
const PIECE: usize = 256 << 10;

/// The key of the metadata for what became of the trace.
const RECOVERED: &str = "recovered";

/// What became of a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// Whether there was anything to do.
    #[serde(skip)]
    pub changed: bool,
    /// Part files joined to the event stream.
    pub parts: u64,
    /// Calls that were open.
    pub open_calls: u64,
    /// Records that are in the trace now.
    pub records: u64,
    /// Size of the event stream now.
    pub bytes: u64,
}

/// Makes the trace in `dir` whole: takes what of it is, joins other threads' parts to it, ends open calls.
///
/// # Errors
/// `Error::Trace` if there is no trace (`Reader::open`), or it cannot be read or written; `Error::Session` if a live
/// recorder writes it.
pub fn recover(dir: &Path) -> Result<Recovered> {
    TraceFiles::find(dir)?;
    let folder = Folder::hold(dir)?;
    // Nobody else changes it from here on.
    let files = TraceFiles::find(dir)?;
    if let Some(done) = made_earlier(&folder, &files)? {
        end(&folder, &files)?;
        return Ok(done);
    }
    if is_whole(&files)? {
        return Ok(Recovered::default());
    }
    Copy::make(&folder, &files)
}

/// What an attempt made that was ended after its new file took the old one's place, and before it had done.
fn made_earlier(folder: &Folder, files: &TraceFiles) -> Result<Option<Recovered>> {
    let has_ended = files.parts.is_empty() && files.metadata.status == Some(Status::Recovered);
    let noted = folder.read_metadata().remove(RECOVERED);
    let noted: Option<Recovered> = noted.and_then(|noted| serde_json::from_value(noted).ok());
    let size = fs::metadata(&files.events).map_err(folder::at(&files.events))?;
    let is_in_place = !folder
        .unfinished(&folder::stream_name(files.format))
        .exists();
    let done = noted.filter(|done| !has_ended && is_in_place && done.bytes == size.len());
    Ok(done.map(|done| Recovered {
        changed: true,
        ..done
    }))
}

/// Once the new file is in its place: removes what is in it now, and says that the trace is whole.
fn end(folder: &Folder, files: &TraceFiles) -> Result<()> {
    for part in &files.parts {
        fs::remove_file(part).map_err(folder::at(part))?;
    }
    let mut metadata = folder.read_metadata();
    Status::Recovered.note(&mut metadata);
    folder.write_metadata(&metadata)
}

/// Notes what is in the new file; where the metadata cannot be read they hold nothing else.
fn note(folder: &Folder, done: Recovered) -> Result<()> {
    let mut metadata = folder.read_metadata();
    Status::Recording.note(&mut metadata);
    let done = serde_json::to_value(done).unwrap_or_default();
    metadata.insert(RECOVERED.to_owned(), done);
    folder.write_metadata(&metadata)
}

fn is_whole(files: &TraceFiles) -> Result<bool> {
    if files.parts.is_empty()
        && matches!(
            files.metadata.status,
            Some(Status::Complete | Status::Recovered)
        )
    {
        let mut reader = Reader::of(files.clone())?;
        for record in reader.by_ref() {
            record?;
        }
        return Ok(*reader.health() == Health::Whole);
    }
    Ok(false)
}

/// What the events so far have defined.
#[derive(Default)]
struct Known {
    paths: Vec<String>,
    variables: usize,
    functions: usize,
    types: u32,
    mark: Option<TypeId>,
}

impl Known {
    /// Takes note of a definition; whether the record refers to nothing that is not defined.
    fn admits(&mut self, record: &Record) -> bool {
        match record {
            Record::Path(path) => self.paths.push(path.clone()),
            Record::VariableName(_) => self.variables += 1,
            Record::Function(_) => self.functions += 1,
            Record::Type(found) => {
                if (found.kind, &*found.name) == (TypeKind::NonExpanded as u8, MARK) {
                    self.mark = Some(TypeId(self.types));
                }
                self.types += 1;
            }
            Record::Step(step) => return (step.path_id.0 as usize) < self.paths.len(),
            Record::Call(call) => return (call.function_id.0 as usize) < self.functions,
            Record::Value(value) => return (value.variable_id.0 as usize) < self.variables,
            _ => {}
        }
        true
    }
}

/// The new event stream.
struct Copy {
    format: Format,
    path: PathBuf,
    file: OutFile,
    sink: Sink,
    compressor: Compressor,
    piece: Vec<u8>,
    known: Known,
    done: Recovered,
}

impl Copy {
    fn make(folder: &Folder, files: &TraceFiles) -> Result<Recovered> {
        let name = folder::stream_name(files.format);
        let mut copy = Self::new(folder, files.format)?;
        copy.add(Reader::of(files.clone())?)?;
        for part in &files.parts {
            copy.add(Reader::of(files.part(part))?)?;
            copy.done.parts += 1;
        }
        copy.finish()?;
        folder.write_paths(&copy.known.paths)?;
        note(folder, copy.done)?;
        folder.publish(&name)?;
        end(folder, files)?;
        Ok(copy.done)
    }

    fn new(folder: &Folder, format: Format) -> Result<Self> {
        let name = folder::stream_name(format);
        let path = folder.unfinished(&name);
        let at = path.clone();
        let failure = folder::at(&at);
        fs::write(&path, sink::empty(format).map_err(&failure)?).map_err(&failure)?;
        Ok(Self {
            format,
            file: OutFile::open(path.clone()).map_err(&failure)?,
            sink: Sink::new(format).map_err(&failure)?,
            compressor: Compressor::new().map_err(&failure)?,
            path,
            piece: Vec::with_capacity(PIECE),
            known: Known::default(),
            done: Recovered {
                changed: true,
                ..Recovered::default()
            },
        })
    }

    /// Takes the events of one file, as far as they are whole, and ends its open calls.
    fn add(&mut self, mut reader: Reader) -> Result<()> {
        let mut open = 0_u64;
        while let Some(record) = reader.next() {
            let record = record?;
            if !self.known.admits(&record) {
                break;
            }
            match *record {
                Record::Call(_) => open += 1,
                Record::Return(_) => open = open.saturating_sub(1),
                _ => {}
            }
            self.push(reader.bytes())?;
        }
        self.done.open_calls += open;
        for _ in 0..open {
            let mark = self.mark()?;
            let mut end = Compact::default();
            end.result();
            end.raw(OPEN, mark);
            self.add_own(&end)?;
        }
        Ok(())
    }

    /// The type of marks, which is defined if it is not.
    fn mark(&mut self) -> Result<TypeId> {
        if let Some(known) = self.known.mark {
            return Ok(known);
        }
        let mark = TypeId(self.known.types);
        let mut definition = Compact::default();
        definition.plain_type(TypeKind::NonExpanded, MARK);
        self.add_own(&definition)?;
        self.known.types += 1;
        self.known.mark = Some(mark);
        Ok(mark)
    }

    /// Appends an event of our own.
    fn add_own(&mut self, event: &Compact) -> Result<()> {
        let mut bytes = Vec::new();
        let hand_on = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        Expander::new(self.format)
            .expand(event.bytes(), hand_on)
            .map_err(folder::at(&self.path))?;
        self.append(&bytes)
    }

    /// Appends an event as it lies in a file.
    fn push(&mut self, event: &[u8]) -> Result<()> {
        if self.format == Format::Binary {
            return self.append(event);
        }
        // A line of its own, whatever layout it had: between an event's tokens a line break is a blank.
        let line = [b",", event, b"\n"].concat();
        let inner = 1..line.len() - 1;
        if memchr::memchr(b'\n', &line[inner.clone()]).is_none() {
            return self.append(&line);
        }
        let mut line = line;
        for byte in &mut line[inner] {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        self.append(&line)
    }

    /// Appends an event as our own files hold it.
    fn append(&mut self, event: &[u8]) -> Result<()> {
        self.piece.extend_from_slice(event);
        self.done.records += 1;
        if self.piece.len() >= PIECE {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let result = self
            .sink
            .append(&mut self.file, &mut self.compressor, &self.piece);
        self.piece.clear();
        result.map_err(folder::at(&self.path))
    }

    fn finish(&mut self) -> Result<()> {
        self.write()?;
        let end = self.sink.end(&mut self.file, &mut self.compressor);
        let size = end
            .and_then(|()| self.sink.cut(&mut self.file))
            .and_then(|()| self.file.held().sync_all())
            .and_then(|()| self.file.held().metadata());
        self.done.bytes = size.map_err(folder::at(&self.path))?.len();
        Ok(())
    }
}
