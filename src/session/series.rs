//! Recordings one after another under one policy: the tests of a run.
//!
//! Owns: what is kept between two of them. Must not: know what a test is.
//!
//! To arm the interpreter costs it more than a short test does: it instruments each code object anew. So everything
//! stays armed from one recording to the next, and what the policy skips stays skipped.

use std::rc::Rc;

use pyo3::prelude::*;
use serde_json::{Map, Value};

use super::children::Family;
use super::{Request, create_writer, live, now, prepare, stop};
use crate::error::{Error, Result};
use crate::monitoring::Outcome;
use crate::policy::Spec;

/// Begins the next recording of the series that is at rest.
pub(super) fn go_on(py: Python<'_>, request: Request) -> Result<()> {
    let spec = Spec::from_json(&request.spec)?;
    let processes = spec.capture.processes;
    let tool = live().map(|live| Rc::clone(&live.tool));
    let Some((tool, mut knowledge)) = tool.and_then(|tool| Some((tool.clone(), tool.knowledge()?)))
    else {
        return Err(Error::Session(
            "start: there is no series at rest".to_owned(),
        ));
    };
    let writer = create_writer(py, &request, spec.format, &mut knowledge)?;
    let (setup, knowledge) = prepare(py, &request, spec, writer, knowledge)?;
    tool.renew(setup, knowledge);
    if let Some(live) = live() {
        live.family.replace(Some(Family::new(request, processes)));
    }
    Ok(())
}

/// Ends a recording of a series; a trace that is not kept is removed. `more` goes into the metadata.
///
/// # Errors
/// `Session` where the recorder is at work, `Trace` where the trace could not be completed.
pub fn rest(keep: bool, more: &Map<String, Value>) -> Result<Option<Outcome>> {
    let Some(live) = live().filter(|live| live.is_recording()) else {
        return Ok(None);
    };
    let tool = Rc::clone(&live.tool);
    let mut more = more.clone();
    tool.redact(&mut more);
    let change = &mut |metadata: &mut Map<String, Value>| {
        metadata.insert("ended".to_owned(), now().into());
        metadata.append(&mut more);
    };
    let outcome = tool.rest(keep, change)?;
    live.family.take();
    if !(tool.is_alive() && live.can_rest) {
        stop(None)?;
    }
    Ok(Some(outcome))
}

/// Opens a call that stands for a part of the program; nothing happens when no recording is on.
pub fn open_part(name: &str, path: &str, line: u32) {
    if let Some(live) = live() {
        live.tool.open_part(name, path, line);
    }
}

/// Closes the part that is open.
pub fn close_part() {
    if let Some(live) = live() {
        live.tool.close_part();
    }
}
