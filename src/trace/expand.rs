//! The compact form → one of the two forms of the trace.
//!
//! Owns: reading the compact form. Must not: change what a record says, or panic.

use std::io;
use std::ops::Range;

use super::compact::{LONGEST_KEPT, PLACES, SCENES, Tag};
use super::{
    Cbor, Encoding, EventKind, Format, FunctionId, Json, PathId, TypeId, TypeKind, VariableId,
};

/// What is left of the compact form to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    #[inline]
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    #[inline]
    fn tag(&mut self) -> Option<Tag> {
        let [byte] = self.take()?;
        Tag::of(byte)
    }

    #[inline]
    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    #[inline]
    fn place(&mut self) -> Option<usize> {
        self.take().map(u16::from_le_bytes).map(usize::from)
    }

    #[inline]
    fn type_id(&mut self) -> Option<TypeId> {
        self.number().map(TypeId)
    }

    /// What has changed in a scene, where that follows.
    #[inline]
    fn change(&mut self) -> Option<Tag> {
        let (byte, rest) = self.0.split_first()?;
        let tag = Tag::of(*byte)?;
        matches!(tag, Tag::Changed | Tag::Added | Tag::Gone).then(|| {
            self.0 = rest;
            tag
        })
    }

    /// A text, or other bytes.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// Bytes that are handed on at once, or a little more.
const PIECE: usize = 256 << 10;
/// Variables whose latest value is known.
const VARIABLES: usize = 128;
/// Bytes of a latest value that is known, in the compact form.
const LONGEST: usize = 2048;

/// What was made of the values that may come again, each at its place; where there is nothing, none comes.
#[derive(Debug, Default)]
struct Kept(Vec<Box<[u8]>>);

impl Kept {
    fn keep(&mut self, place: usize, expanded: &[u8]) -> Option<()> {
        // What is longer as JSON text does not come again; in the other form it is never longer than that.
        let is_kept = expanded.len() as u64 <= LONGEST_KEPT;
        *self.0.get_mut(place)? = if is_kept {
            expanded.into()
        } else {
            Box::default()
        };
        Some(())
    }

    fn again(&self, place: usize) -> Option<&[u8]> {
        let kept = self.0.get(place)?;
        (!kept.is_empty()).then_some(kept)
    }

    fn forget(&mut self) {
        self.0.fill_with(Box::default);
    }
}

/// The values that a step or call showed, as records of their own.
#[derive(Debug, Default)]
struct Scene {
    /// Whether it may be shown.
    is_kept: bool,
    records: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Scene {
    /// Puts a record in the place of another, before it, or nothing there, as the tag says.
    fn change(&mut self, tag: Tag, place: usize, record: &[u8]) -> Option<()> {
        let start = match place {
            0 => 0,
            _ => *self.ends.get(place - 1)?,
        };
        if tag == Tag::Added {
            self.ends.insert(place, start);
        }
        let old = start..*self.ends.get(place)?;
        if old.len() != record.len() {
            self.make_room(place, old.clone(), record.len());
        }
        self.records[start..start + record.len()].copy_from_slice(record);
        if tag == Tag::Gone {
            self.ends.remove(place);
        }
        Some(())
    }

    /// Moves what comes after the old bytes of a record to where its new ones end.
    fn make_room(&mut self, place: usize, old: Range<usize>, length: usize) {
        let (end, whole) = (old.start + length, self.records.len());
        self.records.resize(whole + length, 0);
        self.records.copy_within(old.end..whole, end);
        self.records.truncate(end + whole - old.end);
        for moved in &mut self.ends[place..] {
            *moved = *moved - old.end + end;
        }
    }
}

/// The scenes that are kept, each at its place.
#[derive(Debug)]
struct Scenes {
    places: Vec<Scene>,
    /// The one whose values are being read.
    open: Option<usize>,
    /// A record that is to be put into one.
    record: Vec<u8>,
}

impl Scenes {
    fn begin(&mut self, place: usize) -> Option<()> {
        let scene = self.places.get_mut(place)?;
        scene.is_kept = true;
        scene.records.clear();
        scene.ends.clear();
        self.open = Some(place);
        Some(())
    }

    /// The scene that is open, where there is room for so many bytes more in it: what is longer as JSON text is not shown
    /// again, and in the other form it is never longer than that.
    #[inline]
    fn room(&mut self, more: usize) -> Option<&mut Scene> {
        let scene = self.places.get_mut(self.open?)?;
        scene.is_kept = (scene.records.len() + more) as u64 <= LONGEST_KEPT;
        if !scene.is_kept {
            self.open = None;
            return None;
        }
        Some(scene)
    }

    /// Adds the record of a variable to the scene that is open, if one is.
    #[inline]
    fn add(&mut self, record: &[u8]) {
        if let Some(scene) = self.room(record.len()) {
            scene.records.extend_from_slice(record);
            scene.ends.push(scene.records.len());
        }
    }

    /// Adds an argument of a call, as the variable that it is; `value`: in the form of the trace.
    #[inline]
    fn add_argument<E: Encoding>(&mut self, id: VariableId, value: &[u8]) {
        if let Some(scene) = self.room(value.len()) {
            E::value_begin(&mut scene.records, id);
            scene.records.extend_from_slice(value);
            E::value_end(&mut scene.records);
            scene.ends.push(scene.records.len());
        }
    }
}

/// The value that a variable had last, in both forms: it is the next one, too, at most lines. None is known here that
/// is kept, or made faster than compared.
///
/// Since no value's compact bytes are the beginning of another's, what begins with these is this value.
#[derive(Debug, Clone, Default)]
struct Latest {
    compact: Vec<u8>,
    expanded: Vec<u8>,
}

impl Latest {
    /// What follows this value, where the compact bytes begin with it.
    #[inline]
    fn before<'a>(&self, compact: &'a [u8]) -> Option<&'a [u8]> {
        // An empty `Vec` lies at no address: there even the comparison of no bytes, a masked load, takes a processor with
        // AVX-512 longer than all else of a number.
        if self.compact.is_empty() {
            return None;
        }
        compact.strip_prefix(&*self.compact)
    }

    fn keep(&mut self, compact: &[u8], expanded: &[u8]) {
        self.compact.clear();
        self.expanded.clear();
        if compact.len() <= LONGEST {
            self.compact.extend_from_slice(compact);
            self.expanded.extend_from_slice(expanded);
        }
    }
}

/// What takes the records in the form of the trace.
pub trait Target {
    /// Whether records of this length may lie at `start` of a piece as they are.
    fn may_lie(&self, _start: usize, _length: usize) -> bool {
        true
    }

    /// The last record of a piece begins at `start`; it may be moved back to where it must begin.
    fn lay(&self, _piece: &mut Vec<u8>, _start: usize) {}

    /// Takes a piece: whole records.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn take(&mut self, piece: &mut [u8]) -> io::Result<()>;
}

impl<F: FnMut(&[u8]) -> io::Result<()>> Target for F {
    fn take(&mut self, piece: &mut [u8]) -> io::Result<()> {
        self(piece)
    }
}

/// Makes one of the two forms of the trace.
#[derive(Debug)]
pub struct Expander {
    format: Format,
    piece: Vec<u8>,
    kept: Kept,
    scenes: Scenes,
    latest: Vec<Latest>,
}

impl Expander {
    /// Of this form.
    pub fn new(format: Format) -> Self {
        let mut expander = Self::without_places(format);
        (expander.kept.0).resize_with(PLACES, Box::default);
        (expander.scenes.places).resize_with(SCENES, Scene::default);
        expander
    }

    /// Of this form, for streams that keep nothing.
    pub fn without_places(format: Format) -> Self {
        Self {
            format,
            piece: Vec::new(),
            kept: Kept::default(),
            scenes: Scenes {
                places: Vec::new(),
                open: None,
                record: Vec::new(),
            },
            latest: vec![Latest::default(); VARIABLES],
        }
    }

    /// Gives the records to a target in the form of the trace, piece by piece.
    ///
    /// # Errors
    /// What the target fails with; `InvalidData` where something else than records is met.
    pub fn expand(&mut self, compact: &[u8], mut target: impl Target) -> io::Result<()> {
        let mut input = Input(compact);
        // Events are whole, and so is what a step shows.
        self.scenes.open = None;
        while !input.0.is_empty() {
            self.piece.clear();
            match self.format {
                Format::Json => self.fill::<Json>(&mut input, &target),
                Format::Binary => self.fill::<Cbor>(&mut input, &target),
            }
            .ok_or(io::ErrorKind::InvalidData)?;
            target.take(&mut self.piece)?;
        }
        Ok(())
    }

    fn fill<E: Encoding>(&mut self, input: &mut Input<'_>, target: &impl Target) -> Option<()> {
        while !input.0.is_empty() && self.piece.len() < PIECE {
            let start = self.piece.len();
            match input.tag()? {
                Tag::Value => self.variable::<E>(input)?,
                tag @ (Tag::SameStep | Tag::NextStep) => {
                    self.scenes.open = None;
                    let place = input.place()?;
                    E::step(&mut self.piece, PathId(input.number()?), input.number()?);
                    target.lay(&mut self.piece, start);
                    if tag == Tag::NextStep {
                        self.change::<E>(place, input)?;
                    }
                    let scene = self.scenes.places.get_mut(place);
                    let scene = scene.filter(|scene| scene.is_kept)?;
                    show(scene, &mut self.piece, target);
                    if scene.records.len() as u64 > LONGEST_KEPT {
                        *scene = Scene::default();
                    }
                    continue;
                }
                Tag::Scene => {
                    self.scenes.begin(input.place()?)?;
                    self.record::<E>(input.tag()?, input)?;
                }
                tag => {
                    self.scenes.open = None;
                    self.record::<E>(tag, input)?;
                }
            }
            target.lay(&mut self.piece, start);
        }
        Some(())
    }

    /// A record that is no value of a variable.
    fn record<E: Encoding>(&mut self, tag: Tag, input: &mut Input<'_>) -> Option<()> {
        let (out, kept) = (&mut self.piece, &mut self.kept);
        match tag {
            Tag::Step => E::step(out, PathId(input.number()?), input.number()?),
            Tag::Call => call::<E>(input, out, kept, &mut self.scenes)?,
            Tag::Return => {
                E::return_begin(out);
                value::<E>(input, out, kept)?;
                E::return_end(out);
            }
            Tag::Event => {
                let [kind] = input.take()?;
                let (metadata, content) = (input.text()?, input.text()?);
                E::event(out, EventKind::of(kind)?, metadata, content);
            }
            definition => define::<E>(definition, input, out)?,
        }
        Some(())
    }

    /// A variable and its value.
    fn variable<E: Encoding>(&mut self, input: &mut Input<'_>) -> Option<()> {
        let begun = self.piece.len();
        variable::<E>(input, &mut self.piece, &mut self.kept, &mut self.latest)?;
        self.scenes.add(&self.piece[begun..]);
        Some(())
    }

    /// Changes the scene at a place as the tags that follow say.
    fn change<E: Encoding>(&mut self, place: usize, input: &mut Input<'_>) -> Option<()> {
        let Scenes { places, record, .. } = &mut self.scenes;
        let scene = places.get_mut(place)?;
        let before = scene.ends.len();
        while let Some(tag) = input.change() {
            // It is told among those that there were before, and all before it have been changed.
            let place = (input.place()? + scene.ends.len()).checked_sub(before)?;
            record.clear();
            if tag != Tag::Gone {
                variable::<E>(input, record, &mut self.kept, &mut self.latest)?;
            }
            scene.change(tag, place, record)?;
        }
        record.shrink_to(LONGEST_KEPT as usize);
        Some(())
    }
}

/// A variable and its value.
fn variable<E: Encoding>(
    input: &mut Input<'_>,
    out: &mut Vec<u8>,
    kept: &mut Kept,
    latest: &mut [Latest],
) -> Option<()> {
    let id = input.number()?;
    E::value_begin(out, VariableId(id));
    let (compact, start) = (input.0, out.len());
    let latest = &mut latest[id as usize % VARIABLES];
    if let Some(rest) = latest.before(compact) {
        out.extend_from_slice(&latest.expanded);
        input.0 = rest;
    } else {
        let tag = input.tag()?;
        element::<E>(tag, input, out, kept)?;
        if is_worth_knowing(tag) {
            let length = compact.len() - input.0.len();
            latest.keep(&compact[..length], &out[start..]);
        }
    }
    E::value_end(out);
    Some(())
}

/// Appends the values of a scene, each laid out.
#[inline]
fn show(scene: &Scene, piece: &mut Vec<u8>, target: &impl Target) {
    if target.may_lie(piece.len(), scene.records.len()) {
        piece.extend_from_slice(&scene.records);
        return;
    }
    let mut rest = 0;
    for &end in &scene.ends {
        let start = piece.len();
        piece.extend_from_slice(&scene.records[rest..end]);
        target.lay(piece, start);
        rest = end;
    }
}

/// Whether a value takes longer to make than to compare, and to make it is all that its tag asks for.
fn is_worth_knowing(tag: Tag) -> bool {
    !matches!(
        tag,
        Tag::Int | Tag::True | Tag::False | Tag::None | Tag::Keep | Tag::Again | Tag::Forget
    )
}

fn define<E: Encoding>(tag: Tag, input: &mut Input<'_>, out: &mut Vec<u8>) -> Option<()> {
    match tag {
        Tag::Path => E::path(out, input.text()?),
        Tag::VariableName => E::variable_name(out, input.text()?),
        Tag::PlainType => {
            let [kind] = input.take()?;
            E::plain_type(out, TypeKind::of(kind)?, input.text()?);
        }
        Tag::StructType => {
            let (field_type, name) = (input.type_id()?, input.text()?);
            let count = input.number()?;
            let fields = (0..count).map(|_| input.text()).collect::<Option<Vec<_>>>();
            E::struct_type(out, name, &fields?, field_type);
        }
        Tag::Function => {
            let (path, line) = (PathId(input.number()?), input.number()?);
            E::function(out, path, line, input.text()?);
        }
        _ => return None,
    }
    Some(())
}

fn call<E: Encoding>(
    input: &mut Input<'_>,
    out: &mut Vec<u8>,
    kept: &mut Kept,
    scenes: &mut Scenes,
) -> Option<()> {
    let (function, count) = (FunctionId(input.number()?), input.number()?);
    E::call_begin(out, function, count as usize);
    for index in 0..count {
        if index > 0 {
            E::separator(out);
        }
        let id = VariableId(input.number()?);
        E::argument_begin(out, id);
        let start = out.len();
        value::<E>(input, out, kept)?;
        scenes.add_argument::<E>(id, &out[start..]);
        E::argument_end(out);
    }
    E::call_end(out);
    Some(())
}

fn value<E: Encoding>(input: &mut Input<'_>, out: &mut Vec<u8>, kept: &mut Kept) -> Option<()> {
    let tag = input.tag()?;
    element::<E>(tag, input, out, kept)
}

/// One value whose tag was read.
fn element<E: Encoding>(
    tag: Tag,
    input: &mut Input<'_>,
    out: &mut Vec<u8>,
    kept: &mut Kept,
) -> Option<()> {
    match tag {
        Tag::Int => {
            let type_id = input.type_id()?;
            E::int(out, i64::from_le_bytes(input.take()?), type_id);
        }
        Tag::BigInt => {
            let (type_id, [negative]) = (input.type_id()?, input.take()?);
            E::big_int(out, input.text()?, negative != 0, type_id);
        }
        Tag::False => E::bool(out, false, input.type_id()?),
        Tag::True => E::bool(out, true, input.type_id()?),
        Tag::None => E::none(out, input.type_id()?),
        Tag::String => {
            let type_id = input.type_id()?;
            E::string(out, input.text()?, type_id);
        }
        Tag::Raw => {
            let type_id = input.type_id()?;
            E::raw(out, input.text()?, type_id);
        }
        Tag::Error => {
            let type_id = input.type_id()?;
            E::error(out, input.text()?, type_id);
        }
        Tag::Sequence => {
            let open = E::sequence_begin(out, input.number()? as usize);
            let count = elements::<E>(input, out, kept)?;
            E::sequence_end(out, open, count, input.type_id()?);
        }
        Tag::Tuple => {
            let open = E::tuple_begin(out, input.number()? as usize);
            let count = elements::<E>(input, out, kept)?;
            E::tuple_end(out, open, count, input.type_id()?);
        }
        Tag::Struct => {
            let open = E::struct_begin(out, input.number()? as usize);
            let count = elements::<E>(input, out, kept)?;
            E::struct_end(out, open, count, input.type_id()?);
        }
        Tag::Keep => {
            let (place, start) = (input.place()?, out.len());
            value::<E>(input, out, kept)?;
            kept.keep(place, &out[start..])?;
        }
        Tag::Again => out.extend_from_slice(kept.again(input.place()?)?),
        Tag::Forget => {
            kept.forget();
            value::<E>(input, out, kept)?;
        }
        _ => return None,
    }
    Some(())
}

/// The elements of a container up to its end; returns how many there are.
fn elements<E: Encoding>(
    input: &mut Input<'_>,
    out: &mut Vec<u8>,
    kept: &mut Kept,
) -> Option<usize> {
    let mut count = 0;
    loop {
        let tag = input.tag()?;
        if tag == Tag::End {
            return Some(count);
        }
        if count > 0 {
            E::separator(out);
        }
        element::<E>(tag, input, out, kept)?;
        count += 1;
    }
}
