//! File names as text: made absolute, links resolved, one below the other.
//!
//! Owns: what it means for one name to lie below another. Must not: know patterns or kinds of code.
//!
//! Inside the policy a path is absolute, separated by `/` (on Windows too) and does not end in one;
//! the file system's root is the empty text, or `C:` on Windows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use foldhash::fast::RandomState;

/// No file system takes a longer name, no import a longer module: such a text is matched by nothing.
pub(super) const LONGEST: usize = 4096;

/// The name of a file made absolute as `os.path.abspath` does it: relative to `cwd`, without `.`,
/// `..` and doubled separators, links left alone.
pub fn absolute_path(path: &str, cwd: &str) -> String {
    let is_done = |rest: &str| !rest.split('/').any(|part| matches!(part, "" | "." | ".."));
    if cfg!(unix) && path.strip_prefix('/').is_some_and(is_done) {
        return path.to_owned();
    }
    let mut absolute = PathBuf::new();
    for component in Path::new(cwd).join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                absolute.pop();
            }
            other => absolute.push(other),
        }
    }
    absolute.to_string_lossy().into_owned()
}

/// An absolute path in the form that the policy compares.
pub(super) fn slashed(path: &str) -> String {
    let path = if cfg!(windows) {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        Cow::Borrowed(path)
    };
    path.trim_end_matches('/').to_owned()
}

/// Names with their links resolved. A folder that exists is asked of the file system once, so of a file only whether it
/// is a link.
#[derive(Debug, Default)]
pub(super) struct Links {
    folders: HashMap<Box<str>, Box<str>, RandomState>,
}

impl Links {
    /// The path and, where it differs, its name with links resolved.
    pub fn both_names(&mut self, path: &str) -> Vec<String> {
        let given = slashed(path);
        let resolved = self.resolved(&given);
        if resolved == given {
            vec![given]
        } else {
            vec![given, resolved]
        }
    }

    /// A slashed path with its links resolved, as far as it exists: the member of a zip file, or a file
    /// that is gone, keeps its last parts.
    fn resolved(&mut self, path: &str) -> String {
        let Some(folder) = parent(path) else {
            return self.folder(path);
        };
        // Where case does not count, the last part may be spelt otherwise than the file system has it.
        let is_asked = cfg!(any(windows, target_os = "macos")) || fs::read_link(path).is_ok();
        let target = is_asked.then(|| canonical(path)).flatten();
        target.unwrap_or_else(|| self.folder(folder) + &path[folder.len()..])
    }

    fn folder(&mut self, folder: &str) -> String {
        let mut known = folder;
        loop {
            if let Some(real) = self.existing(known) {
                return real.to_owned() + &folder[known.len()..];
            }
            match parent(known) {
                Some(above) => known = above,
                None => return folder.to_owned(),
            }
        }
    }

    /// A folder that exists. One that does not may come to be.
    fn existing(&mut self, folder: &str) -> Option<&str> {
        if !self.folders.contains_key(folder) {
            let real = canonical(folder)?;
            self.folders.insert(folder.into(), real.into());
        }
        self.folders.get(folder).map(|real| &**real)
    }
}

/// A slashed path as the file system has it, if it exists.
fn canonical(path: &str) -> Option<String> {
    // The root's own text is empty or a drive; with its separator it always names a folder.
    let asked = if path.contains('/') {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("{path}/"))
    };
    let real = fs::canonicalize(&*asked).ok()?;
    let real = real.to_string_lossy();
    Some(slashed(real.strip_prefix(r"\\?\").unwrap_or(&real)))
}

/// The path and, where it differs, its name with links resolved.
pub(super) fn both_names(path: &str) -> Vec<String> {
    Links::default().both_names(path)
}

/// The folder that a slashed path lies in; `None` for the root.
pub(super) fn parent(path: &str) -> Option<&str> {
    path.rfind('/').map(|at| &path[..at])
}

/// The name of `path` relative to `folder`, if it lies below it (the folder itself does not).
pub(super) fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let start = path.get(..folder.len())?;
    let same = if cfg!(windows) {
        start.eq_ignore_ascii_case(folder)
    } else {
        start == folder
    };
    same.then(|| path[folder.len()..].strip_prefix('/'))?
        .filter(|rest| !rest.is_empty())
}

/// Whether `path` is `folder` or lies below it.
pub(super) fn at_or_below(path: &str, folder: &str) -> bool {
    path == folder || below(path, folder).is_some()
}
