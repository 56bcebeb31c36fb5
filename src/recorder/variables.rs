//! The variables of a frame: all visible ones at a step, the arguments at a call, their state at the end.
//!
//! Owns: which variables a frame shows. Must not: know of threads or files.

use pyo3::ffi;
use pyo3::prelude::*;

use crate::code::{CodeInfo, NamespaceEntry, Shown, Variable};
use crate::frame::{Access, Frame, Object};
use crate::interpreter;
use crate::object;
use crate::policy::Told;
use crate::trace::{Compact, Definitions, VariableId};
use crate::value::{self, Values};

/// Variables written at one step at the most; one more, named `…`, tells how many there are beyond.
pub const MAX_VARIABLES: usize = 1000;
/// Names of a namespace looked at for one step at the most.
const MAX_NAMES: usize = 10_000;

/// A frame whose variables are looked at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What is known of its code object.
    pub info: &'a CodeInfo,
    /// The frame.
    pub frame: Frame,
    /// How its locals are read.
    pub access: Access,
}

impl View<'_> {
    /// What a variable holds, borrowed from the frame; null when unbound.
    #[inline]
    pub fn local(&self, variable: &Variable) -> Object {
        self.frame.local(self.access, &variable.slot)
    }
}

/// Folds one variable into the fingerprint of a frame's state.
#[inline]
pub fn fold(state: u64, object: Object) -> u64 {
    (state.rotate_left(5) ^ value::fingerprint(object)).wrapping_mul(value::SPREAD)
}

/// Appends the `Value`s of a step; returns the fingerprint of the frame's state.
#[inline]
pub fn write(
    out: &mut Compact,
    definitions: &mut Definitions,
    values: &mut Values,
    view: View<'_>,
    counter: &mut u64,
) -> u64 {
    if !view.info.facts.has_slots {
        return write_namespace(out, definitions, values, view, counter);
    }
    foresee(values, view, view.info.variables.len());
    let mut state = 0;
    for (index, variable) in view.info.variables.iter().enumerate() {
        let object = view.local(variable);
        state = fold(state, object);
        if object.is_null() || index >= MAX_VARIABLES {
            continue;
        }
        out.value(variable.id);
        values.write_foreseen(out, definitions, &variable.told, object);
        *counter += 1;
    }
    note_rest(out, definitions, view.info.variables.len());
    state
}

/// Lets the secrets be known that stand under names of their own: they are hidden in the other variables, too.
#[inline(always)]
fn foresee(values: &mut Values, view: View<'_>, count: usize) {
    if view.info.tells {
        for variable in &view.info.variables[..count] {
            if let Told::Secret(_) = variable.told {
                values.foresee(&variable.told, view.local(variable));
            }
        }
    }
}

#[inline(always)]
fn note_rest(out: &mut Compact, definitions: &mut Definitions, count: usize) {
    if count > MAX_VARIABLES {
        let variable = definitions.variable("…");
        out.value(variable);
        value::write_mark(
            out,
            definitions,
            &format!("… {} more", count - MAX_VARIABLES),
        );
    }
}

fn write_namespace(
    out: &mut Compact,
    definitions: &mut Definitions,
    values: &mut Values,
    view: View<'_>,
    counter: &mut u64,
) -> u64 {
    let (mut state, mut shown, mut place) = (0, 0, 0);
    let Ok(mut names) = view.info.namespace.try_borrow_mut() else {
        return 0;
    };
    each_name(view, |key, object| {
        if names.get(place).is_none_or(|entry| !entry.is_of(key)) {
            names.truncate(place);
            names.push(entry(key, view.info));
        }
        let entry = &mut names[place];
        if !matches!(entry.shown, Shown::Never) && value::is_data(object) {
            state = fold(fold(state, key), object);
            if shown < MAX_VARIABLES {
                if let Some((id, told)) = entry.name(key, definitions, values) {
                    out.value(id);
                    values.write_named(out, definitions, told, object);
                }
                *counter += 1;
            }
            shown += 1;
        }
        place += 1;
        place < MAX_NAMES
    });
    note_rest(out, definitions, shown);
    state
}

/// Calls `visit(key, value)` for each item of the namespace of module or class code, if it is a dict.
fn each_name(view: View<'_>, visit: impl FnMut(Object, Object) -> bool) {
    let namespace = view.frame.namespace(view.access);
    // SAFETY: null or a live object, held by the frame.
    if !namespace.is_null() && unsafe { ffi::PyDict_Check(namespace) } != 0 {
        object::each_item(namespace, visit);
    }
}

/// Whether a key of a namespace is the name of a variable of the program's own.
fn is_shown(key: Object, info: &CodeInfo) -> bool {
    value::text::is_str(key) && {
        let name = value::text::whole(key);
        let is_reserved = name.starts_with("__") && name.ends_with("__");
        !is_reserved && !info.surroundings.contains(&name)
    }
}

fn entry(key: Object, info: &CodeInfo) -> NamespaceEntry {
    let held = value::text::is_exact(key).then(|| {
        // SAFETY: the GIL is held; the key is a live object.
        interpreter::attached(|py| unsafe { Bound::from_borrowed_ptr(py, key).unbind() })
    });
    NamespaceEntry {
        key: held,
        shown: if is_shown(key, info) {
            Shown::NotYet
        } else {
            Shown::Never
        },
    }
}

impl NamespaceEntry {
    fn is_of(&self, key: Object) -> bool {
        self.key.as_ref().is_some_and(|held| held.as_ptr() == key)
    }

    /// The name of a variable in the trace, and what it says of the value.
    fn name(
        &mut self,
        key: Object,
        definitions: &mut Definitions,
        values: &mut Values,
    ) -> Option<(VariableId, &Told)> {
        if let Shown::NotYet = self.shown {
            let name = value::text::whole(key);
            let redaction = &mut values.redaction;
            let told = redaction.name(&name);
            let shown = redaction.text(&name).unwrap_or(name);
            self.shown = Shown::As(definitions.variable(&shown), told);
        }
        match &self.shown {
            Shown::As(id, told) => Some((*id, told)),
            _ => None,
        }
    }
}

/// The fingerprint of a frame's state now.
pub fn state(view: View<'_>) -> u64 {
    if view.info.facts.has_slots {
        let slots = view.info.variables.iter();
        return slots.fold(0, |state, variable| fold(state, view.local(variable)));
    }
    let (mut state, mut place) = (0, 0);
    let Ok(names) = view.info.namespace.try_borrow() else {
        return 0;
    };
    each_name(view, |key, object| {
        let shown = match names.get(place) {
            Some(entry) if entry.is_of(key) => !matches!(entry.shown, Shown::Never),
            _ => is_shown(key, view.info),
        };
        if shown && value::is_data(object) {
            state = fold(fold(state, key), object);
        }
        place += 1;
        place < MAX_NAMES
    });
    state
}

/// The arguments that are bound.
fn arguments<'a>(view: View<'a>) -> impl Iterator<Item = (&'a Variable, Object)> {
    view.info.variables[..view.info.arguments]
        .iter()
        .take(MAX_VARIABLES)
        .map(move |argument| (argument, view.local(argument)))
        .filter(|(_, object)| !object.is_null())
}

/// How many arguments are bound.
#[inline]
pub fn count_arguments(view: View<'_>) -> usize {
    arguments(view).count()
}

/// Appends the arguments that are bound.
#[inline]
pub fn write_arguments(
    out: &mut Compact,
    definitions: &mut Definitions,
    values: &mut Values,
    view: View<'_>,
) {
    foresee(values, view, view.info.arguments);
    for (index, (argument, object)) in arguments(view).enumerate() {
        if index > 0 {
            out.separator();
        }
        out.argument(argument.id);
        values.write_foreseen(out, definitions, &argument.told, object);
    }
}
