//! Records that were met not long ago: a trace tells the same ones again and again.
//!
//! Owns: which these are. Must not: read a record, or grow with the trace.

use std::hash::BuildHasher as _;
use std::rc::Rc;

use foldhash::fast::FixedState;

use crate::trace::record::Record;

/// Records remembered, one at each place.
const PLACES: usize = 1 << 12;
/// Bytes of a record that is remembered.
const LONGEST: usize = 1024;

/// A record, and the length of what it was made of.
type Made = (Rc<Record>, usize);

/// Records, each at the place that its bytes name.
#[derive(Debug)]
pub struct Met {
    places: Vec<Option<(Box<[u8]>, Made)>>,
}

impl Met {
    /// None yet.
    pub fn new() -> Self {
        Self {
            places: vec![None; PLACES],
        }
    }

    /// The record that these bytes hold, and its length: what came of the same bytes before, or is made now.
    pub fn record(
        &mut self,
        bytes: &[u8],
        make: impl FnOnce(&[u8]) -> Option<(Record, usize)>,
    ) -> Option<Made> {
        let make = || make(bytes).map(|(record, length)| (Rc::new(record), length));
        if bytes.len() > LONGEST {
            return make();
        }
        let place = FixedState::default().hash_one(bytes) as usize % PLACES;
        if let Some((_, made)) = self.places[place].as_ref().filter(|met| *met.0 == *bytes) {
            return Some(made.clone());
        }
        let made = make()?;
        self.places[place] = Some((bytes.into(), made.clone()));
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_are_read_once() {
        let mut met = Met::new();
        let path = |bytes: &[u8]| Some((Record::Path(format!("{bytes:?}")), bytes.len()));
        let first = met.record(b"a record", path);
        assert_eq!(met.record(b"a record", |_| panic!("read again")), first);
        assert_ne!(met.record(b"another", path), first);
        assert_eq!(met.record(b"none", |_| None), None);
        assert_eq!(met.record(b"none", path).map(|made| made.1), Some(4));
    }

    #[test]
    fn what_is_long_is_not_kept() {
        let mut met = Met::new();
        let long = [b'x'; LONGEST + 1];
        let path = |_: &[u8]| Some((Record::Path("long".to_owned()), 1));
        let [first, second] = [(); 2].map(|()| met.record(&long, path).unwrap().0);
        assert_eq!(Rc::strong_count(&first) + Rc::strong_count(&second), 2);
    }
}
