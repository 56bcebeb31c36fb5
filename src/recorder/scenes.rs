//! What frames showed last: most lines change no variable, and their step says only that all is as it was.
//!
//! Owns: how long it stands what a frame showed. Must not: write a value, or know of threads.

use pyo3::prelude::*;

use crate::fault;
use crate::object::content;
use crate::trace::{Compact, Definitions, FunctionId, LONGEST_KEPT, SCENES, length_as_values};
use crate::value::{Basis, Extent, Values};

use super::variables::{self, MAX_VARIABLES, View};

/// What the values of a frame were, and what that was made from.
#[derive(Default)]
struct Scene {
    /// None is at 0.
    frame: usize,
    /// The number of its code.
    code: u64,
    line: u32,
    standing: usize,
    basis: Basis,
    /// The fingerprint of the frame's state.
    state: u64,
    /// How many values there are.
    count: u64,
    extent: Extent,
    #[cfg(debug_assertions)]
    made: Vec<(crate::trace::Excerpt, Extent)>,
}

/// Scenes of the main stream, each at the place that the depth of its call names.
pub struct Scenes {
    is_on: bool,
    places: Vec<Scene>,
}

/// What is written of a frame, and where to.
pub struct Shot<'a> {
    view: View<'a>,
    depth: usize,
    out: &'a mut Compact,
    definitions: &'a mut Definitions,
    values: &'a mut Values,
}

impl<'a> Shot<'a> {
    /// `depth`: how many calls are open around the frame's.
    #[inline]
    pub fn new(
        view: View<'a>,
        depth: usize,
        out: &'a mut Compact,
        definitions: &'a mut Definitions,
        values: &'a mut Values,
    ) -> Self {
        Self {
            view,
            depth,
            out,
            definitions,
            values,
        }
    }

    fn place(&self) -> usize {
        self.depth % SCENES
    }
}

impl Scenes {
    pub fn new() -> Self {
        Self {
            is_on: Python::attach(content::are_known) && !fault::is_cold(),
            places: Vec::new(),
        }
    }

    /// Appends a step with all visible variables, and counts them; returns the fingerprint of the frame's state.
    #[inline]
    pub fn step(&mut self, shot: &mut Shot<'_>, line: u32, counter: &mut u64) -> u64 {
        let info = shot.view.info;
        if let Some(scene) = self.find(shot) {
            info.patience(scene.line).renew();
            let place = shot.place() as u16;
            (shot.out).same_step(place, info.path, line, scene.extent.length);
            shot.values.count(&scene.extent);
            *counter += scene.count;
            return scene.state;
        }
        let is_kept = info.patience(line).lasts() && self.begin(shot);
        shot.out.step(info.path, line);
        let (moment, before) = (shot.values.moment(shot.out), *counter);
        let state = variables::write(shot.out, shot.definitions, shot.values, shot.view, counter);
        if is_kept && let Some(extent) = shot.values.extent_since(moment, shot.out) {
            self.keep(shot, line, extent, *counter - before, state);
        }
        state
    }

    /// Appends a call with its arguments; returns the fingerprint of the frame's state, where that was taken.
    #[inline]
    pub fn call(&mut self, shot: &mut Shot<'_>, function: FunctionId) -> Option<u64> {
        let info = shot.view.info;
        let is_kept = info.patience(info.line).lasts() && self.begin(shot);
        let count = variables::count_arguments(shot.view);
        shot.out.call(function, count);
        let moment = shot.values.moment(shot.out);
        variables::write_arguments(shot.out, shot.definitions, shot.values, shot.view);
        if !is_kept {
            return None;
        }
        let state = variables::state(shot.view);
        if let Some(mut extent) = shot.values.extent_since(moment, shot.out) {
            extent.length = length_as_values(extent.length, count);
            self.keep(shot, info.line, extent, count as u64, state);
        }
        Some(state)
    }

    /// The scene of the frame, if that shows the same now.
    #[inline]
    fn find(&self, shot: &mut Shot<'_>) -> Option<&Scene> {
        let scene = self.places.get(shot.place())?;
        let stands = scene.frame == shot.view.frame.id()
            && scene.code == shot.view.info.number
            && scene.standing == shot.values.standing()
            && shot.out.keeps()
            // SAFETY: the first words are the slots of this very frame, which runs this very code.
            && unsafe { shot.values.stand_on(&scene.basis) };
        #[cfg(debug_assertions)]
        if stands {
            assert_eq!(scene.made, made_now(shot), "a step is stale");
        }
        stands.then_some(scene)
    }

    /// Has the values that come next kept, where they may stand: those of a function that has no secrets.
    fn begin(&mut self, shot: &mut Shot<'_>) -> bool {
        let info = shot.view.info;
        let may_stand = self.is_on
            && shot.out.keeps()
            && info.steps
            && info.facts.has_slots
            && !info.tells
            && !info.manner.hides()
            && info.variables.len() <= MAX_VARIABLES;
        if may_stand {
            if self.places.is_empty() {
                self.places.resize_with(SCENES, Scene::default);
            }
            self.places[shot.place()].frame = 0;
            shot.out.scene(shot.place() as u16);
        }
        may_stand
    }

    /// The values that were just written are what the frame shows as long as the words of all its variables are the same.
    fn keep(&mut self, shot: &mut Shot<'_>, line: u32, extent: Extent, count: u64, state: u64) {
        if extent.length > LONGEST_KEPT {
            return;
        }
        let View { info, frame, .. } = shot.view;
        let scene = &mut self.places[shot.place()];
        scene.basis.clear();
        let mut bound = 0;
        for variable in &info.variables {
            // SAFETY: a slot of the frame's own code; words are known where scenes are on.
            let object = unsafe { scene.basis.words.local(frame, &variable.slot) };
            if !object.is_null() {
                bound += 1;
                (shot.values).note(&variable.told, object, &mut scene.basis);
            }
            if !scene.basis.words.are_all() {
                return;
            }
        }
        // A call shows its arguments alone.
        if bound != count {
            return;
        }
        scene.frame = frame.id();
        (scene.code, scene.line) = (info.number, line);
        scene.standing = shot.values.standing();
        (scene.extent, scene.count, scene.state) = (extent, count, state);
        #[cfg(debug_assertions)]
        (scene.made = made_now(shot));
    }
}

/// What the frame shows now.
#[cfg(debug_assertions)]
fn made_now(shot: &mut Shot<'_>) -> Vec<(crate::trace::Excerpt, Extent)> {
    let view = shot.view;
    let locals = (view.info.variables.iter()).map(|variable| view.local(variable));
    locals
        .filter(|object| !object.is_null())
        .map(|object| (shot.values).made_now(shot.out, shot.definitions, object))
        .collect()
}
