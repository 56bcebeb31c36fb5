//! Values of objects that have not changed since they were written: what a variable holds at one line, it mostly holds at
//! the next.
//!
//! Owns: how long a value stands for its object. Must not: write a value, or say what of an object it depends on (`notes`).

use std::cell::Cell;
use std::mem;

use pyo3::ffi;

use crate::frame::Object;
use crate::interpreter;
use crate::object::content;
use crate::object::words;
use crate::policy::Told;
#[cfg(debug_assertions)]
use crate::trace::Excerpt;
use crate::trace::{Compact, LONGEST_KEPT, PLACES};

use super::memo::SPREAD;
use super::parts::{Kept, leaves_room};
use super::{Bounds, Encoder, Truncations, Values};

/// Whether it is worth while to keep what could not be used again lately.
#[derive(Debug, Default)]
pub struct Patience {
    failures: Cell<u32>,
}

impl Patience {
    /// Times in a row that something had changed before it is taken for what always has.
    const LENGTH: u32 = 4;
    /// What always has changed is kept once in so many times all the same.
    const NOW_AND_THEN: u32 = 16;

    /// It was used again.
    #[inline]
    pub fn renew(&self) {
        self.failures.set(0);
    }

    /// It could not be used again; whether the next is worth while.
    #[inline]
    pub fn lasts(&self) -> bool {
        let failures = self.failures.get().wrapping_add(1);
        self.failures.set(failures);
        failures <= Self::LENGTH || failures.is_multiple_of(Self::NOW_AND_THEN)
    }
}

/// What values that stand showed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Their length as JSON text.
    pub length: u64,
    pub(super) truncations: Truncations,
}

impl Extent {
    /// Counts one share more.
    pub fn add(&mut self, more: &Self) {
        self.length += more.length;
        self.truncations.add(&more.truncations);
    }

    /// Counts one share instead of another.
    pub fn replace(&mut self, old: &Self, new: &Self) {
        self.length = self.length - old.length + new.length;
        self.truncations = self.truncations.since(&old.truncations);
        self.truncations.add(&new.truncations);
    }
}

/// A moment between two values.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    length: u64,
    pub(super) truncations: Truncations,
    passing: u64,
    standing: usize,
}

impl Values {
    /// Changes where a value may be another one although its object and the limits are the same.
    #[inline]
    pub fn standing(&self) -> usize {
        self.redaction.followed()
    }

    /// This moment.
    #[inline]
    pub fn moment(&self, out: &Compact) -> Moment {
        Moment {
            length: out.length(),
            truncations: self.truncations,
            passing: self.passing,
            standing: self.standing(),
        }
    }

    /// What was written since.
    #[inline]
    pub fn since(&self, moment: Moment, out: &Compact) -> Extent {
        Extent {
            length: out.length() - moment.length,
            truncations: self.truncations.since(&moment.truncations),
        }
    }

    /// Whether something was written since that must not be taken for the same again.
    #[inline]
    pub fn has_passing_since(&self, moment: Moment) -> bool {
        moment.passing != self.passing || moment.standing != self.standing()
    }

    /// What was written since, if that may be shown again as long as nothing changes.
    #[inline]
    pub(super) fn extent_since(&self, moment: Moment, out: &Compact) -> Option<Extent> {
        let extent = self.since(moment, out);
        let stands = !self.has_passing_since(moment) && extent.length <= LONGEST_KEPT;
        stands.then_some(extent)
    }

    /// So much is shown again.
    #[inline]
    pub fn count(&mut self, extent: &Extent) {
        self.truncations.add(&extent.truncations);
    }

    /// So much is not shown again although it was counted.
    #[inline]
    pub fn count_off(&mut self, extent: &Extent) {
        self.truncations = self.truncations.since(&extent.truncations);
    }

    /// A value made now.
    #[cfg(debug_assertions)]
    pub fn made_now(
        &mut self,
        out: &mut Compact,
        definitions: &mut crate::trace::Definitions,
        object: Object,
    ) -> (Excerpt, Extent) {
        let (begun, truncations) = (out.place(), self.truncations);
        Encoder {
            out: &mut *out,
            definitions,
            values: self,
        }
        .anew(&Told::Nothing, object);
        let made = out.since(begun);
        let extent = Extent {
            length: out.length_since(begun),
            truncations: self.truncations.since(&truncations),
        };
        out.go_back(begun);
        self.truncations = truncations;
        (made, extent)
    }
}

/// A value that was made to be kept: where, and which one of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    place: u16,
    count: u64,
}

/// An object that was met, and its value.
#[derive(Default)]
struct Met {
    address: usize,
    patience: Patience,
    /// When the value that is kept was made; 0 where none is.
    made: u64,
    /// Behind a pointer, since it is taken out and put back whenever the value is made.
    kept: Option<Box<Kept>>,
    /// Whether who reads the main stream keeps it at this place.
    is_read: bool,
    /// The value in any case.
    #[cfg(debug_assertions)]
    made_of: Option<Excerpt>,
}

impl Met {
    /// The value that was made of the object, if it would be made in the same way under these limits as all stands.
    #[inline]
    fn valid(&self, bounds: &Bounds, standing: usize, keeps: bool) -> Option<&Kept> {
        let kept = self.kept.as_deref().filter(|_| self.made != 0)?;
        if kept.standing != standing || kept.bounds != *bounds {
            return None;
        }
        (keeps && self.is_read || !kept.bytes.is_empty()).then_some(kept)
    }
}

/// Values of objects, each at the place that the address names.
pub struct Unchanged {
    pub(super) is_on: bool,
    places: Vec<Met>,
    /// How many values were made to be kept.
    count: u64,
    /// What they weigh together.
    weight: usize,
    /// Whether the main stream keeps values that are forgotten here.
    is_behind: bool,
}

/// What all values that are kept may weigh.
const MOST: usize = 4 << 20;

/// What is known of an object that is to be written.
enum Known {
    /// Its value.
    Value,
    /// A value in which attributes may have changed.
    Near,
    /// That its value may be worth keeping.
    Again,
    /// Nothing.
    Nothing,
}

#[inline]
fn place(object: Object) -> u16 {
    let address = object as u64 >> 4;
    (address.wrapping_mul(SPREAD) >> (u64::BITS - PLACES.ilog2())) as u16
}

impl Unchanged {
    pub fn new() -> Self {
        Self {
            is_on: interpreter::attached(content::are_known),
            places: Vec::new(),
            count: 0,
            weight: 0,
            is_behind: false,
        }
    }

    /// What is known of an object, to be shown under these limits as all stands, in a stream that keeps values or one
    /// that does not.
    #[inline]
    fn find(&mut self, object: Object, bounds: &Bounds, standing: usize, keeps: bool) -> Known {
        if self.places.is_empty() {
            if !self.is_on {
                return Known::Nothing;
            }
            self.places.resize_with(PLACES, Met::default);
        }
        let met = &mut self.places[usize::from(place(object))];
        if met.address != object as usize {
            met.address = object as usize;
            met.patience.renew();
            met.made = 0;
            return Known::Nothing;
        }
        let valid = met.valid(bounds, standing, keeps);
        // SAFETY: the object is alive: it is to be written.
        if valid.is_some_and(|kept| unsafe { kept.words.hold() }) {
            met.patience.renew();
            return Known::Value;
        }
        if !met.patience.lasts() {
            met.made = 0;
            Known::Nothing
        } else if valid.is_some_and(|kept| !kept.parts.are_none()) {
            Known::Near
        } else {
            Known::Again
        }
    }

    /// The value of an object that was just written, if it is kept.
    #[inline]
    pub(super) fn kept(&self, object: Object) -> Option<Made> {
        let place = place(object);
        let met = self.places.get(usize::from(place))?;
        let is_kept = met.address == object as usize && met.made != 0;
        is_kept.then_some(Made {
            place,
            count: met.made,
        })
    }

    /// Whether a value is still kept, and all it was made from is as it was.
    ///
    /// # Safety
    /// The object is alive.
    #[inline]
    pub(super) unsafe fn stands(&self, made: Made) -> bool {
        let met = &self.places[usize::from(made.place)];
        // SAFETY: the caller's promise.
        let holds = |kept: &Kept| unsafe { kept.words.hold() };
        let stands = met.made == made.count && met.kept.as_deref().is_some_and(holds);
        if stands {
            met.patience.renew();
        }
        stands
    }

    /// Takes what is kept at a place, which stands for nothing until it is put back.
    fn take(&mut self, place: u16) -> Box<Kept> {
        let met = &mut self.places[usize::from(place)];
        met.made = 0;
        let kept = met.kept.take().unwrap_or_default();
        self.weight -= kept.weight;
        kept
    }

    /// Forgets all values where there would be too much with one more.
    fn make_room(&mut self) {
        if self.weight + LONGEST_KEPT as usize + words::MOST_BYTES > MOST {
            self.places.fill_with(Met::default);
            self.weight = 0;
            self.is_behind = true;
        }
    }
}

impl Encoder<'_> {
    /// A value that is no part of another: as it was, if nothing that it shows has changed.
    #[inline(always)]
    pub(super) fn whole(&mut self, object: Object) {
        let (values, keeps) = (&mut *self.values, self.out.keeps());
        let standing = values.standing();
        match (values.unchanged).find(object, &values.bounds, standing, keeps) {
            Known::Value => {
                #[cfg(debug_assertions)]
                self.compare(object);
                self.append_kept(object);
            }
            Known::Near => self.keep_whole(object, true),
            Known::Again => self.keep_whole(object, false),
            Known::Nothing => self.anew(&Told::Nothing, object),
        }
    }

    /// Appends the value that is kept of an object.
    #[inline(always)]
    fn append_kept(&mut self, object: Object) {
        let (values, place) = (&mut *self.values, place(object));
        let Met { kept, is_read, .. } = &values.unchanged.places[usize::from(place)];
        let Some(kept) = kept else {
            return self.anew(&Told::Nothing, object); // a value must stand there, whatever went wrong
        };
        if *is_read && self.out.keeps() {
            self.out.again(place, kept.extent.length);
        } else {
            self.out.append_bytes(&kept.bytes, kept.extent.length);
        }
        values.truncations.add(&kept.extent.truncations);
    }

    /// Holds the value that is kept of an object against one made now.
    #[cfg(debug_assertions)]
    fn compare(&mut self, object: Object) {
        let made = (self.values).made_now(self.out, self.definitions, object);
        let met = &self.values.unchanged.places[usize::from(place(object))];
        assert_eq!(met.made_of, Some(made.0), "a value is stale");
        assert_eq!(met.kept.as_ref().map(|kept| kept.extent), Some(made.1));
    }

    /// Writes a value and keeps it, if words decide it all; one that is near may be had from what is kept.
    #[inline(never)]
    fn keep_whole(&mut self, object: Object, is_near: bool) {
        let at = place(object);
        self.announce(at);
        let (moment, begun) = (self.values.moment(self.out), self.out.place());
        let mut kept = self.values.unchanged.take(at);
        let is_renewed = is_near && self.renew(object, &mut kept);
        let stands = if is_renewed {
            self.out.append_bytes(&kept.bytes, kept.extent.length);
            self.values.truncations.add(&kept.extent.truncations);
            true
        } else {
            self.make(object, &mut kept, moment)
        };
        // Whoever reads it keeps it in any case, unless it is too long.
        let length = self.out.length_since(begun);
        let read = if length > LONGEST_KEPT { 0 } else { length };
        kept.weight = read as usize + kept.size();
        (kept.bounds, kept.standing) = (self.values.bounds, moment.standing);
        let unchanged = &mut self.values.unchanged;
        unchanged.weight += kept.weight;
        let met = &mut unchanged.places[usize::from(at)];
        if stands && kept.words.are_all() {
            unchanged.count += 1;
            met.made = unchanged.count;
        }
        if is_renewed {
            met.patience.renew();
        }
        (met.address, met.is_read) = (object as usize, self.out.keeps());
        met.kept = Some(kept);
        #[cfg(debug_assertions)]
        if met.made != 0 {
            met.made_of = Some(self.out.since(begun));
            self.compare(object);
        }
    }

    /// Says where the next value is kept.
    fn announce(&mut self, place: u16) {
        let unchanged = &mut self.values.unchanged;
        unchanged.make_room();
        if self.out.keeps() {
            if mem::take(&mut unchanged.is_behind) {
                self.out.forget();
            }
            self.out.keep(place);
        }
    }

    /// Writes a value; whether it may be shown again as long as nothing changes.
    fn make(&mut self, object: Object, kept: &mut Kept, moment: Moment) -> bool {
        let begun = self.out.place();
        self.values.notes.begin(begun);
        self.anew(&Told::Nothing, object);
        let notes = &mut self.values.notes;
        notes.end();
        notes.swap(kept);
        kept.bytes.clear();
        let Some(extent) = self.values.extent_since(moment, self.out) else {
            return false;
        };
        kept.extent = extent;
        if !leaves_room(&self.values.bounds, extent.length) {
            kept.parts.give_up();
        }
        if !kept.parts.are_none() || !self.out.keeps() {
            (kept.bytes).extend_from_slice(self.out.bytes_since(begun));
        }
        true
    }
}

/// Whether a value of this object has no parts.
#[inline]
pub fn is_simple(object: Object) -> bool {
    // SAFETY: a live object.
    is_constant(object) || is_scalar(unsafe { ffi::Py_TYPE(object) })
}

/// Characters of a text that are written as fast as they are found.
const BRIEF: usize = 64;

/// Whether a value of this object is written as fast as it is found.
#[inline]
pub fn is_brief_or_constant(object: Object) -> bool {
    // SAFETY: a live object.
    let class = unsafe { ffi::Py_TYPE(object) };
    is_scalar(class) && is_brief(class, object) || is_constant(object)
}

/// Whether an exact int, str or float is short.
#[inline]
pub(super) fn is_brief(class: *mut ffi::PyTypeObject, object: Object) -> bool {
    // SAFETY: a live object of the exact type that each branch has checked.
    unsafe {
        if class == &raw mut ffi::PyLong_Type {
            content::is_short(object)
        } else if class == &raw mut ffi::PyUnicode_Type {
            ffi::PyUnicode_GET_LENGTH(object) <= BRIEF.cast_signed()
        } else {
            true
        }
    }
}

/// `None`, `True`, `False`: an address says all.
#[inline]
pub(super) fn is_constant(object: Object) -> bool {
    // SAFETY: constants of the interpreter.
    unsafe { object == ffi::Py_None() || object == ffi::Py_True() || object == ffi::Py_False() }
}

/// An exact int, str or float.
#[inline]
pub fn is_scalar(class: *mut ffi::PyTypeObject) -> bool {
    class == &raw mut ffi::PyLong_Type
        || class == &raw mut ffi::PyUnicode_Type
        || class == &raw mut ffi::PyFloat_Type
}
