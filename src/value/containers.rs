//! Containers: their items under the limits, with a mark where they are cut.
//!
//! Owns: depth, cycles and the number of items. Must not: run code of the program.

use std::mem;
use std::ops::ControlFlow;

use pyo3::ffi;

use crate::frame::Object;
use crate::object;
use crate::policy::Told;
use crate::trace::{MARK, NONE_TYPE, TypeId, TypeKind};

use super::classes::Reading;
use super::objects::size;
use super::{Encoder, KNOWN, Known, MAX_NESTING, standard, text};

/// The two forms of a container of items.
#[derive(Clone, Copy)]
enum Form {
    Sequence,
    Tuple,
}

impl Encoder<'_> {
    /// Takes a container onto the path to the value at hand, or says what stands in its place.
    #[inline]
    pub(super) fn enter(&mut self, object: Object, depth: usize, is_empty: bool) -> bool {
        if self.values.open.contains(&object) {
            self.cycle(object);
            return false;
        }
        let too_deep = depth >= self.values.bounds.depth || self.values.nesting >= MAX_NESTING;
        if too_deep && !is_empty {
            self.values.truncations.depth += 1;
            self.by_type(object);
            return false;
        }
        self.values.open.push(object);
        true
    }

    /// An object that is among those around it.
    #[cold]
    fn cycle(&mut self, object: Object) {
        // SAFETY: a live object.
        let name = text::class_name(unsafe { ffi::Py_TYPE(object) });
        let type_id = self.definitions.plain_type(TypeKind::Recursion, &name);
        self.raw(&format!("<cycle {name}>"), type_id);
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.values.open.pop();
    }

    /// Whether there is no room for the next element.
    #[inline]
    pub(super) fn is_full(&self, written: usize) -> bool {
        written >= self.values.bounds.items || self.used() >= self.values.bounds.bytes
    }

    /// The mark that ends a cut container, of which so many elements are left out.
    pub(super) fn more(&mut self, rest: usize) {
        if self.used() < self.values.bounds.bytes {
            self.values.truncations.items += 1;
        } else {
            self.values.truncations.value_bytes += 1;
        }
        let type_id = self.known(Known::More);
        let mut text = mem::take(&mut self.values.scratch);
        text.clear();
        text.push_str(MARK);
        text.push(' ');
        text.push_str(itoa::Buffer::new().format(rest));
        text.push_str(" more");
        self.out.raw(&text, type_id);
        self.values.scratch = text;
    }

    #[inline]
    pub(super) fn separate(&mut self, written: usize) {
        if written > 0 {
            self.out.separator();
        }
    }

    fn open(&mut self, form: Form, size: usize) {
        let planned = size.min(self.values.bounds.items.saturating_add(1));
        match form {
            Form::Sequence => self.out.sequence_begin(planned),
            Form::Tuple => self.out.tuple_begin(planned),
        }
    }

    fn close(&mut self, form: Form, type_id: TypeId) {
        match form {
            Form::Sequence => self.out.sequence_end(type_id),
            Form::Tuple => self.out.tuple_end(type_id),
        }
    }

    /// A list or tuple, or what inherits from one (`place`: its class).
    pub(super) fn list(
        &mut self,
        object: Object,
        known: Known,
        place: Option<usize>,
        depth: usize,
    ) {
        // SAFETY: a list or tuple; nothing changes it while it is read.
        let size = unsafe { usize::try_from(ffi::Py_SIZE(object)).unwrap_or(0) };
        // SAFETY: as above.
        self.note(|words| unsafe { words.size(object) });
        let form = if matches!(known, Known::Tuple) {
            Form::Tuple
        } else {
            Form::Sequence
        };
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = match place {
            None => self.known(known),
            Some(place) => self.class_type(place, KNOWN[known as usize].0),
        };
        let items = self.items_of(object);
        let mut option = Told::Nothing;
        self.items(form, size, type_id, |encoder, index| {
            // SAFETY: the index is below the size.
            let item = unsafe { encoder.item_at(items, index) };
            if item.is_null() {
                encoder.out.none(NONE_TYPE);
                return true;
            }
            let told = mem::replace(&mut option, encoder.option(item));
            encoder.item(&told, item, depth + 1);
            true
        });
        self.leave();
    }

    /// Where the first item of a list or tuple lies.
    #[inline]
    pub(super) fn items_of(&mut self, object: Object) -> *const Object {
        // SAFETY: a list or tuple; the items of a list lie elsewhere.
        unsafe {
            if ffi::PyList_Check(object) == 0 {
                let items = &raw const (*object.cast::<ffi::PyTupleObject>()).ob_item;
                return items.cast();
            }
            self.note(|words| _ = words.items_of_list(object));
            (*object.cast::<ffi::PyListObject>()).ob_item.cast_const()
        }
    }

    /// The item at an index, which is below the size; null in a list or tuple that is still being filled.
    #[inline]
    pub(super) unsafe fn item_at(&mut self, items: *const Object, index: usize) -> Object {
        // SAFETY: the caller's promise.
        unsafe {
            let place = items.add(index);
            self.note(|words| words.word(place));
            *place
        }
    }

    /// A container of `size` items. `write` writes the one at an index and says whether there may be more.
    #[inline]
    fn items(
        &mut self,
        form: Form,
        size: usize,
        type_id: TypeId,
        mut write: impl FnMut(&mut Self, usize) -> bool,
    ) {
        self.open(form, size);
        self.values.nesting += 2;
        let mut written = 0;
        while written < size {
            self.separate(written);
            let full = self.is_full(written);
            if full {
                self.more(size - written);
            }
            let goes_on = !full && write(self, written);
            written += 1;
            if !goes_on {
                break;
            }
        }
        self.values.nesting -= 2;
        self.close(form, type_id);
    }

    /// Writes an item that is a new reference, and gives it back; false, with a mark, where there was none to get.
    fn new_item(&mut self, item: Object, depth: usize) -> bool {
        // SAFETY: null with an exception set, or a new reference, which its container or nobody else keeps.
        unsafe {
            if item.is_null() {
                ffi::PyErr_Clear();
                self.mark("<changed>");
                return false;
            }
            self.item(&Told::Nothing, item, depth);
            ffi::Py_DECREF(item);
        }
        true
    }

    /// A dict, or what inherits from dict (`place`: its class): pairs of key and value.
    pub(super) fn dict(&mut self, object: Object, place: Option<usize>, depth: usize) {
        // SAFETY: a dict.
        let size = unsafe { usize::try_from(ffi::PyDict_Size(object)).unwrap_or(0) };
        let bounds = self.values.bounds;
        let is_ordered = place.is_some() && object::is_ordered(object);
        // SAFETY: as above.
        self.note(|words| unsafe {
            if depth >= bounds.depth {
                words.size_of_dict(object);
            } else if is_ordered {
                words.ordered_dict(object);
            } else {
                words.dict(object, bounds.items);
            }
        });
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = match place {
            None => self.known(Known::Dict),
            Some(place) => self.class_type(place, TypeKind::Seq),
        };
        self.open(Form::Sequence, size);
        self.values.nesting += 4;
        let knows_layout = self.values.unchanged.is_on;
        let (mut written, mut full) = (0, false);
        let write = |key, value| {
            full = self.is_full(written);
            if !full {
                self.separate(written);
                self.pair(key, value, depth + 1);
                written += 1;
            }
            !full
        };
        if is_ordered {
            // SAFETY: as is said.
            unsafe { object::each_in_order(object, write) }
        } else if knows_layout {
            // SAFETY: as above.
            unsafe { object::each_found(object, bounds.items, write) };
        } else {
            object::each_item(object, write);
        }
        if written < size {
            self.separate(written);
            self.more(size - written);
        }
        self.values.nesting -= 4;
        self.close(Form::Sequence, type_id);
        self.leave();
    }

    /// An item of a sequence or set, of which the one before it says this; it may be a pair of name and value.
    fn item(&mut self, told: &Told, item: Object, depth: usize) {
        match self.pair_name(item) {
            Told::Nothing => self.named_value(told, item, depth),
            name => self.pair_tuple(item, &name, depth),
        }
    }

    /// A tuple of two whose first item is the name of the second.
    fn pair_tuple(&mut self, tuple: Object, told: &Told, depth: usize) {
        // SAFETY: a live tuple.
        self.note(|words| unsafe {
            words.type_of(tuple);
            words.size(tuple);
        });
        if !self.enter(tuple, depth, false) {
            return;
        }
        let type_id = self.known(Known::Tuple);
        let items = self.items_of(tuple);
        self.items(Form::Tuple, 2, type_id, |encoder, index| {
            // SAFETY: an exact tuple of two items.
            let item = unsafe { encoder.item_at(items, index) };
            let told = if index == 0 { &Told::Nothing } else { told };
            encoder.named_value(told, item, depth + 1);
            true
        });
        self.leave();
    }

    fn pair(&mut self, key: Object, value: Object, depth: usize) {
        let type_id = self.known(Known::Item);
        self.out.tuple_begin(2);
        let told = self.key(key);
        self.held(key, |encoder| encoder.value(key, depth));
        self.out.separator();
        self.held(value, |encoder| encoder.named_value(&told, value, depth));
        self.out.tuple_end(type_id);
    }

    /// Items through the C iterator of an exact type (or of the built-in set type).
    pub(super) fn iterated(&mut self, object: Object, place: usize, kind: TypeKind, depth: usize) {
        let reading = self.values.classes.get(place).reading;
        let size = size(object, reading).unwrap_or(0);
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = self.class_type(place, kind);
        let wanted = self.values.bounds.items;
        // SAFETY: a set.
        if reading == Reading::Set && unsafe { object::is_large_set(object, wanted) } {
            self.found_in_set(object, size, type_id, depth);
            return self.leave();
        }
        let iterator = built_in_iterator(object, reading);
        let size = if iterator.is_null() { 0 } else { size };
        self.items(Form::Sequence, size, type_id, |encoder, _| {
            // SAFETY: the iterator is the built-in type's own.
            let item = unsafe { ffi::PyIter_Next(iterator) };
            encoder.new_item(item, depth + 1)
        });
        // SAFETY: null or a new reference.
        unsafe { ffi::Py_XDECREF(iterator) };
        self.leave();
    }

    /// The items of a large set, as far as they are found.
    #[cold]
    fn found_in_set(&mut self, set: Object, size: usize, type_id: TypeId, depth: usize) {
        // SAFETY: a set; nothing changes it while it is read.
        let mut found = unsafe { object::found_in_set(set, self.values.bounds.items) };
        self.items(Form::Sequence, size, type_id, |encoder, written| {
            let item = found.next();
            match item {
                Some(item) => encoder.item(&Told::Nothing, item, depth + 1),
                None => encoder.more(size - written),
            }
            item.is_some()
        });
    }

    /// An `array.array`: its items are made anew, as ints, floats or characters, and given back.
    pub(super) fn array(&mut self, object: Object, place: usize, depth: usize) {
        let size = size(object, Reading::Array).unwrap_or(0);
        if !self.enter(object, depth, size == 0) {
            return;
        }
        let type_id = self.class_type(place, TypeKind::Array);
        self.items(Form::Sequence, size, type_id, |encoder, index| {
            // SAFETY: an exact array; the item is an exact built-in.
            let item = unsafe { ffi::PySequence_GetItem(object, index.cast_signed()) };
            encoder.new_item(item, depth + 1)
        });
        self.leave();
    }
}

/// Calls `visit` with the items of an object that is read through an iterator, until it breaks.
pub(super) fn each_new(
    object: Object,
    reading: Reading,
    mut visit: impl FnMut(Object) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let iterator = built_in_iterator(object, reading);
    let mut flow = ControlFlow::Continue(());
    // SAFETY: null or the built-in type's own iterator, whose items the object holds.
    unsafe {
        while !iterator.is_null() && flow.is_continue() {
            let item = ffi::PyIter_Next(iterator);
            if item.is_null() {
                ffi::PyErr_Clear();
                break;
            }
            flow = visit(item);
            ffi::Py_DECREF(item);
        }
        ffi::Py_XDECREF(iterator);
    }
    flow
}

/// A new iterator of the built-in type that an object is of or inherits from; null where there is none.
fn built_in_iterator(object: Object, reading: Reading) -> Object {
    // SAFETY: a live object, of a type that has the slot; the slot is a function of the interpreter's own.
    unsafe {
        let class = if reading == Reading::Set {
            Some(&raw mut ffi::PySet_Type)
        } else {
            standard::deque_of(ffi::Py_TYPE(object))
        };
        let iterator = class
            .and_then(|class| (*class).tp_iter)
            .map_or(std::ptr::null_mut(), |make| make(object));
        if iterator.is_null() {
            ffi::PyErr_Clear();
        }
        iterator
    }
}
