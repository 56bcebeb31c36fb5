//! A part of the trace: the calls of some functions, or the lines at which some variables stand.
//!
//! Owns: which records belong to it. Must not: know by what a function is chosen, or format a line.

use super::story::Story;
use crate::trace::definitions::RESUMED;
use crate::trace::record::{Record, Step};

/// Whether a function is meant, by its file and its qualname.
pub type Means<'a> = &'a mut dyn FnMut(&str, &str) -> bool;

/// What is asked for of a trace.
#[derive(Default)]
pub struct Selection<'a> {
    /// Which functions are meant; none where all are.
    pub functions: Option<Means<'a>>,
    /// The names of the variables that are meant; none where all are.
    pub variables: &'a [String],
}

/// What was asked for, up to a record.
pub(super) struct Selected<'a> {
    of: Selection<'a>,
    /// Of each function whether it is meant.
    functions: Vec<bool>,
    /// The same of the open calls.
    calls: Vec<bool>,
    /// The last step, where the record behind it tells whether it is shown.
    step: Option<Step>,
}

/// What is shown at a record.
#[derive(Default)]
pub(super) struct Shown {
    /// The step before it that has waited.
    pub step: Option<Step>,
    /// Whether the record itself is.
    pub is_shown: bool,
}

impl<'a> Selected<'a> {
    pub(super) fn new(of: Selection<'a>) -> Self {
        Self {
            of,
            functions: Vec::new(),
            calls: Vec::new(),
            step: None,
        }
    }

    /// Takes in the next record, which the story already knows of. Definitions belong to the whole trace alone.
    pub(super) fn next(&mut self, record: &Record, story: &Story) -> Shown {
        if self.of.functions.is_none() && self.of.variables.is_empty() {
            return Shown {
                step: None,
                is_shown: true,
            };
        }
        let is_meant = match record {
            Record::Path(_) | Record::VariableName(_) | Record::Type(_) => return Shown::default(),
            Record::Function(function) => {
                let path = story.real_path(function.path_id);
                let is_meant = self.means(&path, &function.name);
                self.functions.push(is_meant);
                return Shown::default();
            }
            Record::Call(call) => {
                let function = self.functions.get(call.function_id.0 as usize);
                self.calls.push(function.copied().unwrap_or_default());
                self.is_within()
            }
            Record::Return(_) => self.calls.pop().unwrap_or_default(),
            _ => self.is_within(),
        };
        if self.of.variables.is_empty() {
            self.of_calls(record, is_meant)
        } else {
            self.of_variables(record, is_meant, story)
        }
    }

    /// The step that still waits at the end of the trace.
    pub(super) fn last(&mut self) -> Option<Step> {
        self.step.take().filter(|_| self.of.variables.is_empty())
    }

    fn means(&mut self, path: &str, name: &str) -> bool {
        let name = name.strip_suffix(RESUMED).unwrap_or(name);
        (self.of.functions.as_mut()).is_none_or(|is_meant| is_meant(path, name))
    }

    fn is_within(&self) -> bool {
        self.calls.last().copied().unwrap_or_default()
    }

    /// A call has a step of its own before it, in the one that calls.
    fn of_calls(&mut self, record: &Record, is_meant: bool) -> Shown {
        let before = self.step.take();
        match record {
            Record::Step(step) => {
                self.step = Some(*step);
                Shown {
                    step: before.filter(|_| is_meant),
                    is_shown: false,
                }
            }
            _ => Shown {
                step: before.filter(|_| is_meant),
                is_shown: is_meant,
            },
        }
    }

    /// Of steps those with a variable that is meant, and of these that alone.
    fn of_variables(&mut self, record: &Record, is_meant: bool, story: &Story) -> Shown {
        match record {
            Record::Value(value) => {
                let name = story.variable(value.variable_id);
                let is_shown = is_meant && self.of.variables.iter().any(|one| *one == name);
                Shown {
                    step: if is_shown { self.step.take() } else { None },
                    is_shown,
                }
            }
            Record::Step(step) => {
                self.step = Some(*step);
                Shown::default()
            }
            _ => {
                self.step = None;
                Shown::default()
            }
        }
    }
}
