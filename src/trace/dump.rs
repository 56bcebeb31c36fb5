//! The whole trace as text, one record a line: what users look at, and what the tests compare.
//!
//! Owns: the order of the output and its last line. Must not: judge the trace; a wrong id is shown as `?7`.
//!
//! The output is a documented form (`docs/trace.md`) and the same for both forms of a trace: nothing in it may come
//! from the file instead of its records, but for the line that says where a file is torn.

mod integer;
mod json;
mod quote;
mod select;
mod source;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use self::select::{Selected, Shown};
use self::story::Story;
use super::reader::{Health, Reader};
use super::record::Record;
use super::{EventKind, Status};
use crate::error::{Error, Result, in_words};

pub use self::select::Selection;

/// What a dump has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dumped {
    /// Whether the trace is whole.
    pub is_whole: bool,
    /// Whether anything of it was shown.
    pub has_shown: bool,
}

/// Prints what is asked for of the trace in `dir` on `out`, as text or as one JSON object a line.
///
/// Nothing more is printed once the other end of `out` is closed; the trace then counts as whole.
///
/// # Errors
/// `Error::Trace` if there is no trace (`Reader::open`), or it cannot be read on, or `out` cannot be written.
pub fn dump(
    dir: &Path,
    as_json: bool,
    selection: Selection<'_>,
    out: &mut impl Write,
) -> Result<Dumped> {
    let mut reader = Reader::open(dir)?;
    let mut out = BufWriter::with_capacity(64 << 10, out);
    let form: &dyn Form = if as_json { &json::Json } else { &text::Text };
    match print(&mut reader, form, selection, &mut out) {
        Ok(dumped) => Ok(dumped),
        Err(Stop::Unreadable(error)) => Err(error),
        Err(Stop::Unwritable(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Dumped {
            is_whole: true,
            has_shown: true,
        }),
        Err(Stop::Unwritable(error)) => {
            let why = in_words(&error);
            Err(Error::Trace(format!("the dump cannot be written: {why}")))
        }
    }
}

/// How a line looks; each function appends one without its end.
trait Form {
    /// The line of `record`, which the story already knows of.
    fn record(&self, line: &mut String, record: &Record, story: &mut Story);
    /// The last line of a trace that is not whole.
    fn partial(&self, line: &mut String, why: &str);
}

/// The name of an `EventLogKind`, by number.
pub(super) fn event_name(kind: u8) -> Cow<'static, str> {
    const NAMES: [(EventKind, &str); 4] = [
        (EventKind::Stdout, "stdout"),
        (EventKind::Stderr, "stderr"),
        (EventKind::Stdin, "stdin"),
        (EventKind::Error, "exception"),
    ];
    match NAMES.iter().find(|(number, _)| *number as u8 == kind) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("event {kind}")),
    }
}

/// Why printing ended early.
enum Stop {
    Unreadable(Error),
    Unwritable(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error)
    }
}

fn print(
    reader: &mut Reader,
    form: &dyn Form,
    selection: Selection<'_>,
    out: &mut impl Write,
) -> std::result::Result<Dumped, Stop> {
    let mut story = Story::new(reader.files().metadata.workdir.as_deref());
    let mut selected = Selected::new(selection);
    let mut lines = Lines {
        form,
        out,
        line: String::new(),
        has_shown: false,
    };
    for record in reader.by_ref() {
        let record = record.map_err(Stop::Unreadable)?;
        story.before(&record);
        let Shown { step, is_shown } = selected.next(&record, &story);
        if let Some(step) = step {
            lines.record(&Record::Step(step), &mut story)?;
        }
        if is_shown {
            lines.record(&record, &mut story)?;
        }
        story.after(&record);
    }
    if let Some(step) = selected.last() {
        lines.record(&Record::Step(step), &mut story)?;
    }
    let faults = faults(reader);
    if !faults.is_empty() {
        lines.partial(&faults.join("; "))?;
    }
    lines.out.flush()?;
    Ok(Dumped {
        is_whole: faults.is_empty(),
        has_shown: lines.has_shown,
    })
}

/// The lines on their way out.
struct Lines<'a, W> {
    form: &'a dyn Form,
    out: &'a mut W,
    /// The one at hand; its room is used again.
    line: String,
    has_shown: bool,
}

impl<W: Write> Lines<'_, W> {
    fn record(&mut self, record: &Record, story: &mut Story) -> io::Result<()> {
        self.has_shown = true;
        self.form.record(&mut self.line, record, story);
        self.end()
    }

    fn partial(&mut self, why: &str) -> io::Result<()> {
        self.form.partial(&mut self.line, why);
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

/// All that keeps the trace from being whole.
pub(super) fn faults(reader: &Reader) -> Vec<String> {
    let files = reader.files();
    let mut faults = Vec::new();
    if let Health::Torn(tear) = reader.health() {
        faults.push(tear.to_string());
    }
    match files.metadata.status {
        None | Some(Status::Complete | Status::Recovered) => {}
        Some(Status::Recording) => {
            faults.push("the recording has not ended: it still runs, or was killed".to_owned());
        }
        Some(Status::Partial) => faults.push(match &files.metadata.reason {
            Some(reason) => reason.clone(),
            None => "the recorder says so, and gives no reason".to_owned(),
        }),
    }
    faults.extend(files.metadata.fault.map(str::to_owned));
    if !files.parts.is_empty() {
        faults.push(format!(
            "{} part file(s) of other threads lie beside it and are not shown (`trace recover` joins them)",
            files.parts.len()
        ));
    }
    faults
}
