//! Lines of the program's files, read when a step first asks for one.
//!
//! Owns: the cache and its limits. Must not: fail; a line that is not to be had is none.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// A longer file is not read.
const LARGEST: u64 = 4 << 20;
/// Bytes of text kept in memory.
const KEPT: usize = 16 << 20;
/// Characters of a line that are shown.
const SHOWN: usize = 200;

/// The files read so far, those used last.
#[derive(Debug, Default)]
pub struct Sources {
    files: HashMap<u32, File>,
    kept: usize,
    clock: u64,
}

#[derive(Debug, Default)]
struct File {
    text: String,
    /// Where each line begins, and the end of the text.
    borders: Vec<usize>,
    used: u64,
}

impl Sources {
    /// Line `line` (from 1) of the file `path`, which is the id's, without the white space around it.
    pub fn line(&mut self, id: u32, path: &Path, line: i64) -> Option<String> {
        self.clock += 1;
        if !self.files.contains_key(&id) {
            self.insert(id, File::read(path));
        }
        let file = self.files.get_mut(&id)?;
        file.used = self.clock;
        let text = file.line(line)?.trim();
        let cut = if text.len() > SHOWN {
            text.char_indices().nth(SHOWN)
        } else {
            None
        };
        Some(match cut {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.to_owned(),
        })
    }

    fn insert(&mut self, id: u32, file: File) {
        self.kept += file.text.len();
        while self.kept > KEPT {
            let texts = self.files.iter().filter(|(_, file)| !file.text.is_empty());
            let Some(oldest) = texts.min_by_key(|(_, file)| file.used).map(|(id, _)| *id) else {
                break;
            };
            self.kept -= self.files.remove(&oldest).map_or(0, |file| file.text.len());
        }
        self.files.insert(id, file);
    }
}

impl File {
    /// A file that cannot be read has no lines.
    fn read(path: &Path) -> Self {
        let Some(bytes) = read_regular(path) else {
            return Self::default();
        };
        // Python refuses a file that is not UTF-8 unless it names its encoding; in practice that is Latin-1.
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect());
        let borders = borders(text.as_bytes());
        Self {
            text,
            borders,
            used: 0,
        }
    }

    fn line(&self, line: i64) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let (start, end) = (self.borders.get(index)?, self.borders.get(index + 1)?);
        self.text.get(*start..*end)
    }
}

/// The content of a regular file: opening a pipe could wait for ever.
fn read_regular(path: &Path) -> Option<Vec<u8>> {
    let found = fs::metadata(path).ok()?;
    if !found.is_file() || found.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Lines end as Python's tokenizer has it: `\n`, `\r\n` or `\r`.
fn borders(text: &[u8]) -> Vec<usize> {
    let mut borders = vec![0];
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\n' || (*byte == b'\r' && text.get(at + 1) != Some(&b'\n')) {
            borders.push(at + 1);
        }
    }
    if borders.last() != Some(&text.len()) {
        borders.push(text.len());
    }
    borders
}
