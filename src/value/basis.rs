//! What the values that a step shows were made from, each apart from the others.
//!
//! Owns: whether one of them is as it was. Must not: write a value, or know which variable it is of.

use std::ops::Range;

use pyo3::ffi;

use crate::frame::Object;
use crate::object::words::Words;
use crate::policy::Told;

use super::Values;
use super::redacted::{self, has_say, looks_inside};
use super::unchanged::{Made, is_brief, is_constant, is_scalar};

/// What one value, or the want of one, was made from.
struct Share {
    /// From the one that says which object it is of.
    words: Range<usize>,
    /// The value of that object, where it is kept.
    made: Option<Made>,
    /// Whether that is all.
    is_all: bool,
}

/// What values that were written one after another were made from.
#[derive(Default)]
pub struct Basis {
    words: Words,
    shares: Vec<Share>,
    /// Words of one of them, before they take their place.
    next: Words,
}

impl Basis {
    /// Begins anew.
    pub fn clear(&mut self) {
        self.words.clear();
        self.shares.clear();
    }

    /// Whether anything can be told from it.
    pub fn is_known(&self) -> bool {
        self.words.are_all()
    }

    /// Whether it tells of one value.
    #[cfg(debug_assertions)]
    pub fn tells(&self, index: usize) -> bool {
        self.shares[index].is_all
    }
}

impl Values {
    /// Adds a value that was just written, or the want of one: `locate` notes which object it is of. One that must not be
    /// taken for the same is `passing`.
    #[inline]
    pub fn base(
        &self,
        basis: &mut Basis,
        told: &Told,
        passing: bool,
        locate: impl FnOnce(&mut Words) -> Object,
    ) {
        let start = basis.words.count();
        let made = self.note(told, &mut basis.words, locate);
        let is_all = !passing && basis.words.are_all();
        if !is_all {
            basis.words.cut(start);
        }
        basis.shares.push(Share {
            words: start..basis.words.count(),
            made,
            is_all,
        });
    }

    /// Puts what a value was made from now in the place of what it was made from before.
    #[inline]
    pub fn base_again(
        &self,
        basis: &mut Basis,
        index: usize,
        told: &Told,
        passing: bool,
        locate: impl FnOnce(&mut Words) -> Object,
    ) {
        basis.next.clear();
        let made = self.note(told, &mut basis.next, locate);
        let is_all = !passing && basis.next.are_all();
        if !is_all {
            basis.next.clear();
        }
        let share = &mut basis.shares[index];
        basis.words.replace(share.words.clone(), &basis.next);
        let (old, end) = (share.words.end, share.words.start + basis.next.count());
        (share.words.end, share.made, share.is_all) = (end, made, is_all);
        if end != old {
            for share in &mut basis.shares[index + 1..] {
                share.words = share.words.start - old + end..share.words.end - old + end;
            }
        }
    }

    /// Notes what decides a value.
    #[inline]
    fn note(
        &self,
        told: &Told,
        words: &mut Words,
        locate: impl FnOnce(&mut Words) -> Object,
    ) -> Option<Made> {
        let object = locate(words);
        if object.is_null() {
            return None;
        }
        // SAFETY: a live object.
        let class = unsafe { ffi::Py_TYPE(object) };
        if has_say(told, object) || looks_inside(told, object) {
            words.doubt();
            return None;
        }
        if is_constant(object) {
            return None;
        }
        let made = match is_scalar(class) && is_brief(class, object) {
            true => None,
            false => self.unchanged.kept(object),
        };
        if made.is_none() && is_scalar(class) {
            // SAFETY: an exact int, float or str.
            unsafe { words.scalar(object, redacted::window(self.bounds.string)) }
        } else if made.is_none() {
            words.doubt();
        }
        made
    }

    /// The first value, or want of one, of which not all is as it was.
    ///
    /// # Safety
    /// What the first word of each lies in is alive.
    #[inline(always)]
    pub unsafe fn changed(&self, basis: &Basis) -> Option<usize> {
        // SAFETY: the caller's promise.
        let word = unsafe { basis.words.changed(0..basis.words.count()) };
        let end = word.unwrap_or(usize::MAX);
        let stands = |share: &Share| {
            share.is_all
                && share.words.end <= end
                // SAFETY: where its words are as they were the object whose value is kept is the same, and held.
                && share.made.is_none_or(|made| unsafe { self.unchanged.stands(made) })
        };
        basis.shares.iter().position(|share| !stands(share))
    }

    /// Whether all that one value was made from is as it was.
    ///
    /// # Safety
    /// What its first word lies in is alive.
    #[inline]
    pub unsafe fn stands_on(&self, basis: &Basis, index: usize) -> bool {
        let share = &basis.shares[index];
        // SAFETY: the caller's promise, and as above.
        share.is_all
            && unsafe {
                basis.words.changed(share.words.clone()).is_none()
                    && share.made.is_none_or(|made| self.unchanged.stands(made))
            }
    }
}
