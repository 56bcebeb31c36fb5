//! Many patterns asked at once: which of them match this file, this module?
//!
//! Owns: the glob sets, one per folder that patterns are relative to, and a folder's taking its
//! subtree. Must not: know which list a pattern is in, or what its match leads to.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use foldhash::fast::RandomState;
use globset::{Candidate, GlobBuilder, GlobSet};

use super::glob::{self, Kind, Platform};
use super::path::{LONGEST, below, both_names, parent};

/// What is known of a pattern's glob besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// The number of the pattern.
    pub pattern: usize,
    /// It names a place of installed or standard-library code itself.
    pub names_place: bool,
}

/// A glob on its way into a matcher.
#[derive(Debug)]
pub(super) struct Entry {
    /// The glob, in globset's language.
    pub text: String,
    /// It matches folders only.
    pub folders_only: bool,
    /// What its match tells.
    pub hit: Hit,
}

/// Globs for names that are relative to the same place.
#[derive(Debug)]
struct Globs {
    kind: Kind,
    entries: Vec<Entry>,
    /// The sets, and which of the entries each holds.
    sets: Vec<(Range<usize>, GlobSet)>,
}

impl Globs {
    fn new(kind: Kind, entries: Vec<Entry>) -> Result<Self, String> {
        let globs = entries
            .iter()
            .map(|entry| parsed(kind, &entry.text))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sets = Vec::new();
        build(&globs, 0..globs.len(), &mut sets)?;
        Ok(Self {
            kind,
            entries,
            sets,
        })
    }

    /// Calls `found` for each glob that matches the name or something above it.
    fn matches(&self, name: &str, found: &mut impl FnMut(Hit)) {
        if name.len() > LONGEST {
            return;
        }
        let name = glob::spell(self.kind, name);
        self.match_above(&name, found);
        self.match_itself(&name, false, found);
    }

    /// The same for a folder.
    fn match_folder(&self, name: &str, found: &mut impl FnMut(Hit)) {
        let name = glob::spell(self.kind, name);
        self.match_above(&name, found);
        self.match_itself(&name, true, found);
    }

    /// The same for a file, of which what matches its folder is known.
    fn match_file(&self, name: &str, found: &mut impl FnMut(Hit)) {
        self.match_itself(&glob::spell(self.kind, name), false, found);
    }

    /// The same for what is above a name, spelt.
    fn match_above(&self, name: &str, found: &mut impl FnMut(Hit)) {
        for (end, _) in name.match_indices('/') {
            self.match_itself(&name[..end], true, found);
        }
    }

    /// The same for a name, spelt, and nothing above it.
    fn match_itself(&self, name: &str, is_folder: bool, found: &mut impl FnMut(Hit)) {
        let candidate = Candidate::new(name);
        let mut numbers = Vec::new();
        for (range, set) in &self.sets {
            // Most names match nothing, which is told faster than what one matches.
            if !set.is_match_candidate(&candidate) {
                continue;
            }
            set.matches_candidate_into(&candidate, &mut numbers);
            let entries = numbers
                .iter()
                .map(|number| &self.entries[range.start + number]);
            entries
                .filter(|entry| !entry.folders_only || is_folder)
                .for_each(|entry| found(entry.hit));
        }
    }
}

fn parsed(kind: Kind, text: &str) -> Result<globset::Glob, String> {
    GlobBuilder::new(&in_one_pass(text))
        .literal_separator(true)
        .backslash_escape(true)
        .case_insensitive(kind == Kind::Path && Platform::HERE == Platform::Windows)
        .build()
        .map_err(|error| error.to_string())
}

/// globset tries globs with wildcards that end in one extension (`a*.py`, `b*.py`) one by one, all others in
/// a single pass: a last letter written as a class makes them others. Plain names and `*.py` it looks up.
fn in_one_pass(text: &str) -> Cow<'_, str> {
    let wild = |text: &str| text.contains(['*', '?', '[', '{']);
    let rest = text.strip_prefix("**/").unwrap_or(text);
    let looked_up = !wild(rest.strip_prefix("*.").unwrap_or(rest));
    match text.char_indices().next_back() {
        Some((at, last)) if !looked_up && last.is_ascii_alphanumeric() => {
            Cow::Owned(format!("{}[{last}]", &text[..at]))
        }
        _ => Cow::Borrowed(text),
    }
}

/// One set of all, or of each half where globset finds a set too large.
fn build(
    globs: &[globset::Glob],
    range: Range<usize>,
    sets: &mut Vec<(Range<usize>, GlobSet)>,
) -> Result<(), String> {
    match GlobSet::new(&globs[range.clone()]) {
        Ok(set) => sets.push((range, set)),
        Err(_) if range.len() > 1 => {
            let middle = range.start + range.len() / 2;
            build(globs, range.start..middle, sets)?;
            build(globs, middle..range.end, sets)?;
        }
        Err(error) => return Err(error.to_string()),
    }
    Ok(())
}

/// All path patterns of a policy.
#[derive(Debug)]
pub(super) struct PathMatcher {
    /// Globs by the folder they are relative to, which goes by both its names.
    places: Vec<(Vec<String>, Globs)>,
    /// What matches a folder or something above it, found once.
    folders: HashMap<Box<str>, Box<[Hit]>, RandomState>,
}

impl PathMatcher {
    /// `entries` with the (slashed) folder each is relative to.
    pub fn new(entries: Vec<(String, Entry)>) -> Result<Self, String> {
        let mut by_folder: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for (folder, entry) in entries {
            by_folder.entry(folder).or_default().push(entry);
        }
        let places = by_folder
            .into_iter()
            .map(|(folder, entries)| Ok((both_names(&folder), Globs::new(Kind::Path, entries)?)));
        Ok(Self {
            places: places.collect::<Result<_, String>>()?,
            folders: HashMap::default(),
        })
    }

    /// The patterns that match a file by one of its names, in order.
    pub fn matches(&mut self, names: &[String]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for name in names.iter().filter(|name| name.len() <= LONGEST) {
            if let Some(folder) = parent(name) {
                hits.extend(self.folder(folder));
            }
            self.relative(name, |globs, name| {
                globs.match_file(name, &mut |hit| hits.push(hit));
            });
        }
        in_order(hits)
    }

    fn folder(&mut self, folder: &str) -> &[Hit] {
        if !self.folders.contains_key(folder) {
            let mut hits = Vec::new();
            self.relative(folder, |globs, name| {
                globs.match_folder(name, &mut |hit| hits.push(hit));
            });
            self.folders.insert(folder.into(), in_order(hits).into());
        }
        &self.folders[folder]
    }

    /// Calls `asked` with the globs of each place that a name lies below, and the name relative to it.
    fn relative(&self, name: &str, mut asked: impl FnMut(&Globs, &str)) {
        for (folders, globs) in &self.places {
            let below = folders.iter().filter_map(|folder| below(name, folder));
            below.for_each(|name| asked(globs, name));
        }
    }

    /// The patterns that match a program without a file, which lies in every folder under this name.
    pub fn matches_everywhere(&self, name: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.places
            .iter()
            .for_each(|(_, globs)| globs.matches(name, &mut |hit| hits.push(hit)));
        in_order(hits)
    }
}

/// Patterns for names that are relative to nothing: of modules, of functions, of code without a file.
#[derive(Debug)]
pub(super) struct NameMatcher(Globs);

impl NameMatcher {
    /// Of globs for names of this kind.
    pub fn new(kind: Kind, entries: Vec<Entry>) -> Result<Self, String> {
        Globs::new(kind, entries).map(Self)
    }

    /// The patterns that match a name or what it is in (a package, a class), in order.
    pub fn matches(&self, name: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.0.matches(name, &mut |hit| hits.push(hit));
        in_order(hits)
    }
}

fn in_order(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_unstable();
    hits.dedup();
    hits
}
