//! Words of memory that decide what is read of objects: as long as they are the same, so is what was read.
//!
//! Owns: which words and runs of bytes there are, and whether they are as they were. Must not: know where the content of an
//! object lies (`content` does), or hold an object (the program could see that).
//!
//! A word is read again only where all before it are the same. So they are noted from the outside in: the word that holds
//! an object before those of the object. Then whatever a word lies in is alive: what refers to it still does. What has
//! taken the place of a dead object has other words, or is the same for its reader.

use std::mem;
use std::ops::Range;
use std::slice;

use crate::frame::Object;

/// Words noted of one object and what it holds.
const MOST: usize = 512;
/// Bytes that are noted as words: a run of more is compared faster as one.
const LONGEST: usize = 128;
/// Bytes of all runs noted of one object and what it holds.
const MOST_IN_RUNS: usize = 16 << 10;
/// Bytes that the words of one object take at the most.
pub const MOST_BYTES: usize = MOST * size_of::<Word>() + 2 * MOST_IN_RUNS;

/// Some word, as it was.
#[derive(Debug, Clone, Copy)]
struct Word {
    at: *const u64,
    content: u64,
}

/// Many bytes in a row.
#[derive(Debug, Clone)]
struct Run {
    /// How many words come before it.
    place: usize,
    at: *const u8,
    /// Where its bytes are kept, as they were.
    kept: Range<usize>,
}

/// Words, in the order in which they may be read.
#[derive(Debug, Default)]
pub struct Words {
    list: Vec<Word>,
    /// Read after all words.
    runs: Vec<Run>,
    in_runs: Vec<u8>,
    in_doubt: bool,
}

/// The place of the first word that is not as it was.
///
/// # Safety
/// What the first of them lie in is alive.
#[inline(always)]
unsafe fn changed(words: &[Word]) -> Option<usize> {
    let is_same = |word: &Word| {
        // SAFETY: the words before this one are the same, so what it lies in is alive and laid out as it was.
        unsafe { word.at.read_unaligned() == word.content }
    };
    // Four at a time: the loop takes longer than what it looks at.
    let (fours, rest) = words.as_chunks();
    for (place, [a, b, c, d]) in fours.iter().enumerate() {
        if !(is_same(a) && is_same(b) && is_same(c) && is_same(d)) {
            let within = [a, b, c].into_iter().take_while(|word| is_same(word));
            return Some(place * 4 + within.count());
        }
    }
    let place = rest.iter().position(|word| !is_same(word))?;
    Some(fours.len() * 4 + place)
}

impl Words {
    /// Whether they are as they were.
    ///
    /// # Safety
    /// What the first of them lie in is alive.
    #[inline(always)]
    pub unsafe fn hold(&self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { changed(&self.list).is_none() && (self.runs.is_empty() || self.runs_hold()) }
    }

    /// # Safety
    /// All words are as they were.
    #[inline(never)]
    unsafe fn runs_hold(&self) -> bool {
        // SAFETY: the caller's promise.
        self.runs.iter().all(|run| unsafe { self.holds(run) })
    }

    /// Whether the bytes of a run are as they were.
    ///
    /// # Safety
    /// The words before it are.
    unsafe fn holds(&self, run: &Run) -> bool {
        let kept = &self.in_runs[run.kept.clone()];
        // SAFETY: the words before say that so many bytes lie there.
        unsafe { slice::from_raw_parts(run.at, kept.len()) == kept }
    }

    /// The place of the first one among these that is not as it was.
    ///
    /// # Safety
    /// Those before on which they depend are as they were, and what the first of them lie in is alive.
    #[inline(always)]
    pub unsafe fn changed(&self, words: Range<usize>) -> Option<usize> {
        // SAFETY: the caller's promise.
        let changed = unsafe { changed(&self.list[words.clone()]) };
        let changed = changed.map(|place| words.start + place);
        if self.runs.is_empty() {
            return changed;
        }
        // SAFETY: the words before these are as they were.
        let run = unsafe { self.changed_run(words.start..changed.unwrap_or(words.end)) };
        run.or(changed)
    }

    /// The word before the first run behind some of these that is not as it was.
    ///
    /// # Safety
    /// All of these words are as they were.
    #[inline(never)]
    unsafe fn changed_run(&self, words: Range<usize>) -> Option<usize> {
        let mut runs = self.runs.iter();
        // SAFETY: the caller's promise.
        let is_changed = |run: &&Run| unsafe {
            words.start < run.place && run.place <= words.end && !self.holds(run)
        };
        runs.find(is_changed).map(|run| run.place - 1)
    }

    /// Where the object lies that a word says.
    pub fn place(&self, word: usize) -> *const Object {
        self.list[word].at.cast()
    }

    /// How many there are.
    #[inline]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Puts others in the place of some.
    pub fn replace(&mut self, words: Range<usize>, others: &Self) {
        self.in_doubt |= others.in_doubt || self.list.len() - words.len() + others.count() > MOST;
        if !self.runs.is_empty() || !others.runs.is_empty() {
            self.replace_runs(&words, others);
        }
        if words.len() == others.count() {
            self.list[words].copy_from_slice(&others.list);
        } else {
            self.list.splice(words, others.list.iter().copied());
        }
    }

    fn replace_runs(&mut self, words: &Range<usize>, others: &Self) {
        let (runs, bytes) = (mem::take(&mut self.runs), mem::take(&mut self.in_runs));
        let end = words.start + others.count();
        for run in runs {
            if run.place <= words.start {
                self.push_run(run.place, run.at, &bytes[run.kept]);
            } else if run.place > words.end {
                let place = run.place - words.end + end;
                self.push_run(place, run.at, &bytes[run.kept]);
            }
        }
        for run in &others.runs {
            let place = words.start + run.place;
            self.push_run(place, run.at, &others.in_runs[run.kept.clone()]);
        }
        self.runs.sort_unstable_by_key(|run| run.place);
    }

    /// Notes so many bytes, and none before them.
    ///
    /// # Safety
    /// As for `word`, of these bytes; the words before say where they lie, and how many there are.
    pub(super) unsafe fn run(&mut self, start: *const u8, size: usize) {
        if size > 0 {
            // SAFETY: the caller's promise.
            let bytes = unsafe { slice::from_raw_parts(start, size) };
            self.push_run(self.count(), start, bytes);
        }
    }

    #[cold]
    fn push_run(&mut self, place: usize, at: *const u8, bytes: &[u8]) {
        let start = self.in_runs.len();
        if start + bytes.len() > MOST_IN_RUNS {
            return self.doubt();
        }
        self.in_runs.extend_from_slice(bytes);
        let kept = start..self.in_runs.len();
        self.runs.push(Run { place, at, kept });
    }

    /// Bytes that they take.
    pub fn weight(&self) -> usize {
        self.list.capacity() * size_of::<Word>()
            + self.runs.capacity() * size_of::<Run>()
            + self.in_runs.capacity()
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.list.clear();
        self.runs.clear();
        self.in_runs.clear();
        self.in_doubt = false;
    }

    /// Takes back all but so many, and the doubt that came with the others.
    #[cold]
    pub fn cut(&mut self, count: usize) {
        self.list.truncate(count);
        self.runs.retain(|run| run.place <= count);
        let end = self.runs.iter().map(|run| run.kept.end).max();
        self.in_runs.truncate(end.unwrap_or(0));
        self.in_doubt = false;
    }

    /// Something was read that no words decide, or too many.
    #[inline]
    pub fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// Whether they decide all that was read.
    #[inline]
    pub fn are_all(&self) -> bool {
        !self.in_doubt
    }

    /// Notes the word at an address.
    ///
    /// # Safety
    /// It lies in an object that is alive as long as the words before it are the same.
    #[inline]
    pub unsafe fn word<T>(&mut self, at: *const T) {
        let at = at.cast::<u64>();
        if self.list.len() >= MOST {
            return self.doubt();
        }
        // SAFETY: the caller's promise.
        let content = unsafe { at.read_unaligned() };
        self.list.push(Word { at, content });
    }

    /// Notes so many bytes, and some before them where they are no whole words.
    ///
    /// # Safety
    /// As for `word`, of these bytes and seven before them; a word before them says how many there are.
    #[inline]
    pub unsafe fn bytes(&mut self, start: *const u8, size: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if size > LONGEST {
                return self.push_run(self.count(), start, slice::from_raw_parts(start, size));
            }
            for index in 0..size / size_of::<u64>() {
                self.word(start.cast::<u64>().add(index));
            }
            if !size.is_multiple_of(size_of::<u64>()) {
                self.word(start.add(size).sub(size_of::<u64>()));
            }
        }
    }
}
