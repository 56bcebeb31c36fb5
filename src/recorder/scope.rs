//! What is found out about a code object when it first runs: its file, whether it is recorded, its parts.
//!
//! Owns: the way from a code object to its `CodeInfo`. Must not: match a pattern (the policy does), or
//! write an event.

use std::path::Path;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyCode, PyTuple};

use crate::code::{self, CodeInfo, Facts, Names, Parts, Variable};
use crate::fault;
use crate::frame::{Frame, Object};
use crate::interpreter;
use crate::object;
use crate::policy::{Decision, Record, Scope, Visibility, absolute_path};
use crate::trace::REDACTED;
use crate::value::{self, Manner};

use super::{File, MainCode, Recorder, Verdict};

impl Recorder {
    /// What is known of a code object that is recorded; else what to do about it: the policy skips it, or recording has
    /// yet to begin and it is asked about again.
    pub(super) fn known<'a>(
        &mut self,
        code: Object,
        frame: Frame,
    ) -> std::result::Result<&'a CodeInfo, Verdict> {
        if let Some(info) = code::info(code, self.setup.session) {
            return Ok(info);
        }
        if code::is_skipped(code, self.setup.session) {
            return Err(Verdict::Skip);
        }
        interpreter::attached(|py| {
            // SAFETY: a live code object.
            let bound = unsafe { Bound::from_borrowed_ptr(py, code) };
            let names = Names::of(&bound).map_err(|_| Verdict::Skip)?;
            self.decide(&bound, names, frame)
        })
    }

    fn decide<'a>(
        &mut self,
        code: &Bound<'_, PyAny>,
        names: Names,
        frame: Frame,
    ) -> std::result::Result<&'a CodeInfo, Verdict> {
        let module = module_name(frame);
        let is_main = self.is_main(code, &names, frame, module.as_deref());
        fault::point("decide");
        let decision = self.policy.decide(&Scope {
            path: &names.file,
            module: module.as_deref(),
            qualname: &names.qualname,
            is_main,
        });
        if !self.active && self.file(&names.file, is_main).activates {
            self.activate(frame);
        }
        self.admit(&decision)?;
        self.attach(code, names, is_main, &decision)
    }

    /// Counts a code object that was decided on for good; what to do about it unless it is recorded.
    fn admit(&mut self, decision: &Decision) -> std::result::Result<(), Verdict> {
        if decision.record == Record::None {
            self.counters.skipped_code_objects += 1;
            self.count(decision);
            return Err(Verdict::Skip);
        }
        if !self.active {
            return Err(Verdict::Go);
        }
        self.count(decision);
        Ok(())
    }

    /// Hangs on a recorded code object what is needed of it.
    fn attach<'a>(
        &mut self,
        code: &Bound<'_, PyAny>,
        names: Names,
        is_main: bool,
        decision: &Decision,
    ) -> std::result::Result<&'a CodeInfo, Verdict> {
        let facts = Facts::of(code, names).map_err(|_| Verdict::Skip)?;
        let parts = self.parts(is_main, &facts, decision);
        if !facts.lines && parts.steps {
            self.long_code.push(format!(
                "{}:{} {}",
                facts.names.file, facts.first_line, facts.names.qualname
            ));
        }
        let (session, touched) = (self.setup.session, &self.touched);
        code::attach(code.as_ptr(), session, touched, facts, parts).ok_or(Verdict::Skip)
    }

    /// Whether the code is that of a program without a file, which may be met here.
    fn is_main(
        &mut self,
        code: &Bound<'_, PyAny>,
        names: &Names,
        frame: Frame,
        module: Option<&str>,
    ) -> bool {
        let Some(main) = &mut self.setup.main else {
            return false;
        };
        let comes = main.comes_as.as_ref() == Some(&names.file)
            && module == Some("__main__")
            && names.name == "<module>"
            && frame.back().is_none();
        if comes {
            main.comes_as = None;
            main.held = Some(code.clone().unbind());
            main.add(code);
        }
        main.codes.contains(&(code.as_ptr() as usize))
    }

    /// What is known of the file of a code object; that of a program without a file goes by no name.
    fn file(&mut self, name: &str, is_main: bool) -> &File {
        let key = if is_main { "" } else { name };
        if !self.files.contains_key(key) {
            let file = self.new_file(key, is_main);
            self.files.insert(key.into(), file);
        }
        &self.files[key]
    }

    fn new_file(&self, key: &str, is_main: bool) -> File {
        let name = match &self.setup.main {
            Some(main) if is_main => main.path.clone(),
            _ => absolute_path(key, &self.setup.cwd),
        };
        let activation = self.setup.activation.as_deref();
        let resolves = || {
            Path::new(&name)
                .canonicalize()
                .is_ok_and(|path| Some(&*path.to_string_lossy()) == activation)
        };
        let activates = !self.active && (Some(&*name) == activation || resolves());
        File { name, activates }
    }

    fn parts(&mut self, is_main: bool, facts: &Facts, decision: &Decision) -> Parts {
        let name = self.file(&facts.names.file, is_main).name.clone();
        let (path, _) = self.path_id(&name);
        let source = if facts.names.name == "<module>" {
            self.sources.begin(&name)
        } else {
            self.sources.get(&name)
        };
        let line = source.clamp(source.definition(facts.first_line, &facts.names.name));
        let function = self.definitions.function(path, line, &facts.names.qualname);
        let (variables, arguments) = if facts.has_slots {
            self.variables_of(facts)
        } else {
            Default::default()
        };
        Parts {
            path,
            source,
            line,
            function,
            variables,
            arguments,
            told: self.values.redaction.name(&facts.names.name),
            manner: self.manner(decision),
            steps: decision.record == Record::Lines,
            surroundings: Rc::clone(&self.setup.surroundings),
        }
    }

    /// How the values of a code object are shown: nearly always as those of all others.
    fn manner(&self, decision: &Decision) -> Rc<Manner> {
        let Decision { limits, ruled, .. } = decision;
        let hides = ruled
            .values
            .as_ref()
            .filter(|_| decision.values != Visibility::Keep);
        if let Some(rule) = hides {
            let mark = format!("{REDACTED}rule {}>", rule.known_by());
            let drops = decision.values == Visibility::Drop;
            return Rc::new(Manner::hidden(limits, &mark, drops));
        }
        if *limits == self.setup.limits {
            return Rc::clone(&self.manner);
        }
        Rc::new(Manner::plain(limits))
    }

    /// The variables that a frame of the code shows, arguments first, and how many are arguments. What the
    /// compiler names for itself (`.0`, the iterator of a generator expression) is none, nor is what pytest's rewritten
    /// assertions do (`@py_assert1`).
    fn variables_of(&mut self, facts: &Facts) -> (Box<[Variable]>, usize) {
        let (mut shown, mut arguments) = (Vec::new(), 0);
        for (index, slot) in facts.slots.iter().enumerate() {
            let name = value::text::whole(slot.name);
            if name.starts_with(['.', '@']) {
                continue;
            }
            arguments += usize::from(index < facts.arguments);
            shown.push(Variable {
                slot: *slot,
                id: self.definitions.variable(&name),
                told: self.values.redaction.name(&name),
            });
        }
        (shown.into(), arguments)
    }
}

impl MainCode {
    /// Knows the program by its code object, and the code objects nested in that.
    pub fn add(&mut self, code: &Bound<'_, PyAny>) {
        self.codes.insert(code.as_ptr() as usize);
        let constants = code
            .getattr("co_consts")
            .ok()
            .and_then(|found| found.cast_into::<PyTuple>().ok());
        for constant in constants.iter().flatten() {
            if constant.is_instance_of::<PyCode>() {
                self.add(&constant);
            }
        }
    }
}

/// `__name__` of the globals that a frame runs with, read from the dict.
fn module_name(frame: Frame) -> Option<String> {
    let globals = frame.globals();
    if globals.is_null() {
        return None;
    }
    let name = interpreter::attached(|py| object::item_named(py, globals, c"__name__"));
    (!name.is_null() && value::text::is_str(name)).then(|| value::text::whole(name))
}
