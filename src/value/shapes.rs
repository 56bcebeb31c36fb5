//! The fields that instances of a class come with, and in which order.
//!
//! Owns: the shapes of a class. Must not: read an instance, or define a type.

use std::cell::Cell;
use std::rc::Rc;

use pyo3::prelude::*;

use crate::frame::Object;
use crate::interpreter;
use crate::policy::{Redaction, Told};
use crate::trace::TypeId;

use super::text;

/// Shapes told apart per class; instances of a class with more are written by type only.
const MAX_SHAPES: usize = 256;

/// One field.
struct Field {
    /// Held so that its address means this name.
    key: Py<PyAny>,
    name: Box<str>,
    told: Told,
}

/// Fields in their order.
pub struct Shape {
    fields: Vec<Rc<Field>>,
    /// The type of what has these fields, once it is defined.
    pub type_id: Cell<Option<TypeId>>,
}

impl Shape {
    fn new(fields: Vec<Rc<Field>>) -> Rc<Self> {
        Rc::new(Self {
            fields,
            type_id: Cell::new(None),
        })
    }

    /// The names of the fields.
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|field| &*field.name).collect()
    }

    #[inline]
    fn has(&self, place: usize, key: Object) -> bool {
        self.fields
            .get(place)
            .is_some_and(|field| field.key.as_ptr() == key)
    }

    fn begins_with(&self, fields: &[Rc<Field>]) -> bool {
        self.fields.len() >= fields.len()
            && fields
                .iter()
                .zip(&self.fields)
                .all(|(a, b)| Rc::ptr_eq(a, b))
    }
}

/// The shapes of one class.
pub struct Shapes {
    all: Vec<Rc<Shape>>,
    latest: Rc<Shape>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            latest: Shape::new(Vec::new()),
        }
    }
}

/// The way through the fields of one instance.
pub struct Walk {
    /// A shape that begins with the fields met so far, unless these are new together.
    shape: Rc<Shape>,
    /// How many were met.
    pub count: usize,
    /// The fields met so far, where no shape begins with them.
    fresh: Vec<Rc<Field>>,
}

impl Walk {
    /// What the name says of the field that was met last.
    #[inline]
    pub fn told(&self) -> &Told {
        let fields = if self.fresh.is_empty() {
            &self.shape.fields
        } else {
            &self.fresh
        };
        &fields[self.count - 1].told
    }

    /// Meets the field of this name, if it is the next of the shape.
    #[inline]
    pub fn meet(&mut self, key: Object) -> bool {
        let meets = self.fresh.is_empty() && self.shape.has(self.count, key);
        self.count += usize::from(meets);
        meets
    }
}

impl Shapes {
    /// The way of an instance that may be like the one before it.
    #[inline]
    pub fn walk(&self) -> Walk {
        Walk {
            shape: Rc::clone(&self.latest),
            count: 0,
            fresh: Vec::new(),
        }
    }

    /// Meets a field that is not the next of the shape; false where the class has too many shapes, or the name may have
    /// code of the program's, so that it cannot be held.
    pub fn meet_other(&self, walk: &mut Walk, key: Object, redaction: &mut Redaction) -> bool {
        if !text::is_exact(key) {
            return false;
        }
        if walk.fresh.is_empty() {
            let met = &walk.shape.fields[..walk.count];
            let other = self
                .all
                .iter()
                .find(|shape| shape.has(walk.count, key) && shape.begins_with(met));
            if let Some(other) = other {
                walk.shape = Rc::clone(other);
                walk.count += 1;
                return true;
            }
            if self.all.len() >= MAX_SHAPES {
                return false;
            }
            walk.fresh = met.to_vec();
        }
        walk.fresh.push(self.field(key, redaction));
        walk.count += 1;
        true
    }

    /// The field of this name, one of a known shape if there is one.
    fn field(&self, key: Object, redaction: &mut Redaction) -> Rc<Field> {
        let mut known = self.all.iter().flat_map(|shape| &shape.fields);
        if let Some(known) = known.find(|field| field.key.as_ptr() == key) {
            return Rc::clone(known);
        }
        let name = text::whole(key);
        Rc::new(Field {
            // SAFETY: the GIL is held while values are read; the key is a live object.
            key: interpreter::attached(|py| unsafe { Bound::from_borrowed_ptr(py, key).unbind() }),
            told: redaction.name(&name),
            name: redaction.text(&name).unwrap_or(name).into(),
        })
    }

    /// The shape of an instance that has no more fields; none where the class has too many.
    #[inline]
    pub fn end(&mut self, walk: Walk) -> Option<Rc<Shape>> {
        if walk.fresh.is_empty() && walk.shape.fields.len() == walk.count {
            if !Rc::ptr_eq(&self.latest, &walk.shape) {
                self.latest = Rc::clone(&walk.shape);
            }
            return Some(walk.shape);
        }
        self.end_other(walk)
    }

    fn end_other(&mut self, walk: Walk) -> Option<Rc<Shape>> {
        let fields = if walk.fresh.is_empty() {
            walk.shape.fields[..walk.count].to_vec()
        } else {
            walk.fresh
        };
        let known =
            |shape: &&Rc<Shape>| shape.fields.len() == fields.len() && shape.begins_with(&fields);
        let shape = match self.all.iter().find(known) {
            Some(known) => Rc::clone(known),
            None if self.all.len() >= MAX_SHAPES => return None,
            None => {
                let shape = Shape::new(fields);
                self.all.push(Rc::clone(&shape));
                shape
            }
        };
        self.latest = Rc::clone(&shape);
        Some(shape)
    }
}
