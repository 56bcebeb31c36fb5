//! File names as text: made absolute, links resolved, one below the other.
//!
//! Owns: what it means for one name to lie below another. Must not: know patterns or kinds of code.
//!
//! Inside the policy a path is absolute, separated by `/` (on Windows too) and does not end in one;
//! the file system's root is the empty text, or `C:` on Windows.

use std::borrow::Cow;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// No file system takes a longer name, no import a longer module: such a text is matched by nothing.
pub(super) const LONGEST: usize = 4096;

/// The name of a file made absolute as `os.path.abspath` does it: relative to `cwd`, without `.`,
/// `..` and doubled separators, links left alone.
pub fn absolute_path(path: &str, cwd: &str) -> String {
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

/// A slashed path with its links resolved, as far as it exists: the member of a zip file, or a file
/// that is gone, keeps its last parts.
pub(super) fn resolved(path: &str) -> String {
    let mut known = path;
    loop {
        // The root's own text is empty or a drive; with its separator it always names a folder.
        let asked = if known.contains('/') {
            Cow::Borrowed(known)
        } else {
            Cow::Owned(format!("{known}/"))
        };
        if let Ok(real) = fs::canonicalize(&*asked) {
            let real = real.to_string_lossy();
            let real = slashed(real.strip_prefix(r"\\?\").unwrap_or(&real));
            return real + &path[known.len()..];
        }
        match parent(known) {
            Some(folder) => known = folder,
            None => return path.to_owned(),
        }
    }
}

/// The path and, where it differs, its name with links resolved.
pub(super) fn both_names(path: &str) -> Vec<String> {
    let given = slashed(path);
    let resolved = resolved(&given);
    if resolved == given {
        vec![given]
    } else {
        vec![given, resolved]
    }
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
