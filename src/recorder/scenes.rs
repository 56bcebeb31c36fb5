//! What frames showed last: most lines change no variable, and their step says only that all is as it was; others say
//! what has changed.
//!
//! Owns: how long it stands what a frame showed. Must not: write a value, or know of threads.

use crate::code::Variable;
use crate::fault;
use crate::frame::Object;
use crate::interpreter;
use crate::object::content;
use crate::trace::{Compact, Definitions, FunctionId, LONGEST_KEPT, SCENES, length_as_value};
use crate::value::{Basis, Extent, Values};

use super::variables::{self, MAX_VARIABLES, View};

/// What a frame showed, and what that was made from.
#[derive(Default)]
struct Scene {
    /// None is at 0.
    frame: usize,
    /// The number of its code.
    code: u64,
    line: u32,
    standing: usize,
    basis: Basis,
    /// What each variable showed, if it had a value.
    shown: Vec<Option<Extent>>,
    /// What all of them showed together, and how many that are.
    extent: Extent,
    count: u64,
    /// The fingerprint of the frame's state.
    state: u64,
    #[cfg(debug_assertions)]
    made: Vec<Made>,
}

/// The value of a variable in any case.
#[cfg(debug_assertions)]
type Made = Option<(crate::trace::Excerpt, Extent)>;

/// Scenes of the main stream, each at the place that the depth of its call names. The writer has the same ones: what is
/// written of them here is committed, or the recording ends.
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

    /// Writes a variable that has a value, behind what `begin` writes; what it showed, and whether that is passing.
    #[inline]
    fn write(
        &mut self,
        variable: &Variable,
        object: Object,
        begin: impl FnOnce(&mut Compact),
    ) -> (Extent, bool) {
        let moment = self.values.moment(self.out);
        begin(self.out);
        (self.values).write_foreseen(self.out, self.definitions, &variable.told, object);
        let extent = self.values.since(moment, self.out);
        (extent, self.values.has_passing_since(moment))
    }
}

impl Scenes {
    pub fn new() -> Self {
        Self {
            is_on: interpreter::attached(content::are_known) && !fault::is_cold(),
            places: Vec::new(),
        }
    }

    /// Appends a step with all visible variables, and counts them; returns the fingerprint of the frame's state.
    #[inline]
    pub fn step(&mut self, shot: &mut Shot<'_>, line: u32, counter: &mut u64) -> u64 {
        let info = shot.view.info;
        let Some(scene) = self.find(shot) else {
            let is_kept = info.patience(line).lasts() && self.begin(shot);
            shot.out.step(info.path, line);
            if is_kept {
                let scene = &mut self.places[shot.place()];
                scene.begin(shot, line);
                scene.show_values(shot);
                *counter += scene.count;
                return scene.state;
            }
            return variables::write(shot.out, shot.definitions, shot.values, shot.view, counter);
        };
        if let Some(first) = scene.changed(shot) {
            scene.show_changes(shot, line, first);
        } else {
            info.patience(scene.line).renew();
            let (place, length) = (shot.place() as u16, scene.extent.length);
            shot.out.same_step(place, info.path, line, length);
            shot.values.count(&scene.extent);
        }
        *counter += scene.count;
        scene.state
    }

    /// Appends a call with its arguments; returns the fingerprint of the frame's state, where that was taken.
    #[inline]
    pub fn call(&mut self, shot: &mut Shot<'_>, function: FunctionId) -> Option<u64> {
        let info = shot.view.info;
        let is_kept = info.patience(info.line).lasts() && self.begin(shot);
        let count = variables::count_arguments(shot.view);
        shot.out.call(function, count);
        if !is_kept {
            variables::write_arguments(shot.out, shot.definitions, shot.values, shot.view);
            return None;
        }
        let scene = &mut self.places[shot.place()];
        scene.begin(shot, info.line);
        scene.show_arguments(shot);
        Some(scene.state)
    }

    /// What the frame showed last, if that was kept.
    #[inline]
    fn find(&mut self, shot: &Shot<'_>) -> Option<&mut Scene> {
        let scene = self.places.get_mut(shot.place())?;
        let is_its = scene.frame == shot.view.frame.id()
            && scene.code == shot.view.info.number
            && scene.standing == shot.values.standing()
            && shot.out.keeps();
        is_its.then_some(scene)
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
            shot.out.scene(shot.place() as u16);
        }
        may_stand
    }
}

impl Scene {
    /// Nothing was shown yet of a frame.
    fn begin(&mut self, shot: &Shot<'_>, line: u32) {
        let View { info, frame, .. } = shot.view;
        (self.frame, self.code, self.line) = (frame.id(), info.number, line);
        self.standing = shot.values.standing();
        self.basis.clear();
        self.shown.clear();
        (self.extent, self.count, self.state) = (Extent::default(), 0, 0);
        #[cfg(debug_assertions)]
        self.made.clear();
    }

    /// Appends the variables that have a value.
    fn show_values(&mut self, shot: &mut Shot<'_>) {
        for variable in &shot.view.info.variables {
            let object = shot.view.local(variable);
            let written = (!object.is_null())
                .then(|| shot.write(variable, object, |out| out.value(variable.id)));
            self.add(shot, variable, object, written);
        }
        self.end();
    }

    /// Appends the arguments that have a value; as a step shows them they are kept.
    fn show_arguments(&mut self, shot: &mut Shot<'_>) {
        let info = shot.view.info;
        for (index, variable) in info.variables.iter().enumerate() {
            let object = shot.view.local(variable);
            let written = (index < info.arguments && !object.is_null()).then(|| {
                if self.count > 0 {
                    shot.out.separator();
                }
                let (mut extent, is_passing) =
                    shot.write(variable, object, |out| out.argument(variable.id));
                extent.length = length_as_value(extent.length);
                (extent, is_passing)
            });
            self.add(shot, variable, object, written);
        }
        self.end();
    }

    /// Adds the next variable; `written`: what it showed, if anything, and whether that is passing.
    #[inline]
    fn add(
        &mut self,
        shot: &mut Shot<'_>,
        variable: &Variable,
        object: Object,
        written: Option<(Extent, bool)>,
    ) {
        let frame = shot.view.frame;
        // What has a value and was not shown is shown by the next step.
        let passing = written.map_or(!object.is_null(), |(_, is_passing)| is_passing);
        (shot.values).base(&mut self.basis, &variable.told, passing, |words| {
            // SAFETY: a slot of the frame's own code; words are known where scenes are on.
            unsafe { words.local(frame, &variable.slot) }
        });
        let shown = written.map(|(extent, _)| extent);
        self.shown.push(shown);
        if let Some(extent) = shown {
            self.extent.add(&extent);
            self.count += 1;
        }
        self.state = variables::fold(self.state, object);
        #[cfg(debug_assertions)]
        self.made.push(self.made_at(shot, self.made.len()));
    }

    /// What is too much is not shown again.
    fn end(&mut self) {
        if self.extent.length > LONGEST_KEPT || !self.basis.is_known() {
            self.frame = 0;
        }
    }

    /// The first variable that is not shown as it was.
    #[inline(always)]
    fn changed(&self, shot: &mut Shot<'_>) -> Option<usize> {
        // SAFETY: the first words are slots of this very frame, which runs this very code.
        let changed = unsafe { shot.values.changed(&self.basis) };
        #[cfg(debug_assertions)]
        for index in 0..changed.unwrap_or(self.made.len()) {
            self.compare(shot, index);
        }
        changed
    }

    /// Whether a variable is shown as it was.
    #[inline]
    fn stands_at(&self, shot: &mut Shot<'_>, index: usize) -> bool {
        // What was hidden since may lie in any of them.
        let stands = self.standing == shot.values.standing()
            // SAFETY: as in `changed`.
            && unsafe { shot.values.stands_on(&self.basis, index) };
        #[cfg(debug_assertions)]
        if stands {
            self.compare(shot, index);
        }
        stands
    }

    /// Appends a step that shows the same as the last one but for what has changed, from the `first` variable on.
    fn show_changes(&mut self, shot: &mut Shot<'_>, line: u32, first: usize) {
        let (info, before) = (shot.view.info, self.line);
        let at = shot.place() as u16;
        (shot.out).next_step(at, info.path, line, self.extent.length);
        shot.values.count(&self.extent);
        (self.line, self.state) = (line, 0);
        let (mut place, mut unchanged) = (0, 0);
        for (index, variable) in info.variables.iter().enumerate() {
            let object = shot.view.local(variable);
            self.state = variables::fold(self.state, object);
            let had_value = u16::from(self.shown[index].is_some());
            if index < first || index > first && self.stands_at(shot, index) {
                unchanged += had_value;
            } else {
                self.change(shot, index, object, place);
            }
            place += had_value;
        }
        self.end();
        if unchanged > 0 {
            info.patience(before).renew();
        } else if !info.patience(line).lasts() {
            self.frame = 0;
        }
    }

    /// Appends what a variable shows now; `place`: of its value among all, or of the next one's.
    fn change(&mut self, shot: &mut Shot<'_>, index: usize, object: Object, place: u16) {
        let View { info, frame, .. } = shot.view;
        let variable = &info.variables[index];
        let old = self.shown[index];
        if let Some(old) = old {
            shot.out.count_off(old.length);
            shot.values.count_off(&old);
        }
        let written = (!object.is_null()).then(|| {
            shot.write(variable, object, |out| match old {
                Some(_) => out.changed(place, variable.id),
                None => out.added(place, variable.id),
            })
        });
        if old.is_some() && written.is_none() {
            shot.out.gone(place);
        }
        let passing = written.is_some_and(|(_, is_passing)| is_passing);
        (shot.values).base_again(&mut self.basis, index, &variable.told, passing, |words| {
            // SAFETY: as in `add`.
            unsafe { words.local(frame, &variable.slot) }
        });
        let shown = written.map(|(extent, _)| extent);
        self.shown[index] = shown;
        (self.extent).replace(&old.unwrap_or_default(), &shown.unwrap_or_default());
        self.count = self.count - u64::from(old.is_some()) + u64::from(shown.is_some());
        #[cfg(debug_assertions)]
        (self.made[index] = self.made_at(shot, index));
    }

    /// Holds what a variable showed against what it shows now.
    #[cfg(debug_assertions)]
    fn compare(&self, shot: &mut Shot<'_>, index: usize) {
        let made = self.made_at(shot, index);
        assert_eq!(self.made[index], made, "a step is stale");
    }

    /// What a variable shows, where that can be told again; made now.
    #[cfg(debug_assertions)]
    fn made_at(&self, shot: &mut Shot<'_>, index: usize) -> Made {
        let object = shot.view.local(&shot.view.info.variables[index]);
        let is_told = !object.is_null() && self.basis.tells(index);
        is_told.then(|| (shot.values).made_now(shot.out, shot.definitions, object))
    }
}
