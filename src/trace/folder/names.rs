//! What the files of a trace folder are called.
//!
//! Owns: their names, and which names are a recorder's. Must not: look at the disk.

use crate::trace::Format;

/// What the recorder says of the trace.
pub const METADATA: &str = "trace_metadata.json";
/// The list of paths.
pub const PATHS: &str = "trace_paths.json";
/// Begins the name of every kept text, so that the next recording knows it as ours.
pub const KEPT: &str = "trace_text_";
/// The folder of the traces of child processes.
pub const CHILDREN: &str = "processes";
const PART: &str = "trace.part-";
/// Stands between a part's number and where it is joined.
const AT: &str = ".at-";
/// Ends the name of a file that is still being made.
const UNFINISHED: &str = ".new";

const FORMATS: [Format; 2] = [Format::Json, Format::Binary];

/// Name of the file of the whole event stream.
pub fn stream(format: Format) -> String {
    format!("trace.{}", extension(format))
}

fn extension(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Binary => "bin",
    }
}

fn format_of(extension: &str) -> Option<Format> {
    FORMATS
        .into_iter()
        .find(|format| self::extension(*format) == extension)
}

/// Name of a file while it is made.
pub fn unfinished(name: &str) -> String {
    format!("{name}{UNFINISHED}")
}

fn finished(name: &str) -> &str {
    name.strip_suffix(UNFINISHED).unwrap_or(name)
}

/// A part file: another thread's events while the recording goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The number of its thread's stream.
    pub number: u64,
    /// Where the event stream ended before this part was begun to be joined to it. What stands behind is the part's,
    /// whole or not, until its file is gone.
    pub joined_at: Option<u64>,
    /// The form of its content.
    pub format: Format,
}

impl Part {
    /// The name of its file: `trace.part-3.json`, or `trace.part-3.at-5813.json` while it is joined.
    pub fn name(self) -> String {
        let at = self.joined_at.map(|at| format!("{AT}{at}"));
        let (number, at) = (self.number, at.unwrap_or_default());
        format!("{PART}{number}{at}.{}", extension(self.format))
    }

    /// The part of which this is the name.
    pub fn of(name: &str) -> Option<Self> {
        let (name, extension) = name.strip_prefix(PART)?.rsplit_once('.')?;
        let (number, joined_at) = match name.split_once(AT) {
            Some((number, at)) => (number, Some(as_number(at)?)),
            None => (name, None),
        };
        Some(Self {
            number: as_number(number)?,
            joined_at,
            format: format_of(extension)?,
        })
    }
}

/// Whether a recorder makes files of this name.
pub fn is_ours(name: &str) -> bool {
    let name = finished(name);
    matches!(name, METADATA | PATHS)
        || name.starts_with(KEPT)
        || FORMATS.into_iter().any(|format| name == stream(format))
        || Part::of(name).is_some()
}

/// Whether a file of this name tells that a recorder was here.
pub fn tells_of_a_recorder(name: &str) -> bool {
    matches!(finished(name), METADATA | PATHS)
}

/// Whether a child's trace lies in a folder of this name: `3-4711`.
pub fn is_child(name: &str) -> bool {
    name.split_once('-').is_some_and(|(number, process)| {
        as_number(number).is_some() && as_number(process).is_some()
    })
}

/// The number that stands there in digits, and nothing else.
fn as_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_part_tells_all_of_it() {
        for joined_at in [None, Some(0), Some(5813)] {
            for format in FORMATS {
                let part = Part {
                    number: 12,
                    joined_at,
                    format,
                };
                assert_eq!(Part::of(&part.name()), Some(part));
            }
        }
        for name in [
            "trace.json",
            "trace.part-.json",
            "trace.part-+1.json",
            "trace.part-1.at-.json",
            "trace.part-1.at-2.at-3.json",
            "trace.part-1.json.new",
        ] {
            assert_eq!(Part::of(name), None, "{name}");
        }
    }
}
