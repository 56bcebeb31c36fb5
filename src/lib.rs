//! The native module as Python sees it: exports only.
//!
//! Owns: their names and arguments, as `_native.pyi` has them. Must not: do what it exports.

mod apart;
mod code;
pub mod error;
mod fault;
mod frame;
mod hook;
mod interpreter;
mod memory;
mod monitoring;
mod object;
pub mod policy;
mod program;
mod recorder;
mod session;
mod source;
mod streams;
pub mod trace;
mod value;

use pyo3::prelude::*;

/// What decides and records, behind `codetracer_python_recorder`.
#[pymodule(gil_used = true)]
mod _native {
    use std::ffi::CString;
    use std::path::PathBuf;
    use std::sync::Arc;

    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use pyo3::types::{PyCode, PyDict, PyTuple};
    use serde_json::{Map, Value};

    use crate::error::{Error, Result};
    use crate::{policy, program, session, trace};

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::fault::report_panics();
        Ok(())
    }

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pyfunction]
    fn check_glob(kind: &str, text: &str) -> PyResult<Option<String>> {
        if kind == "name" {
            return Ok(policy::name_problem(text));
        }
        let kind = policy::GlobKind::from_name(kind)
            .ok_or_else(|| PyValueError::new_err(format!("no kind of glob: {kind}")))?;
        Ok(policy::problem(kind, text))
    }

    #[pyfunction]
    fn explain(spec: &str, questions: &str) -> Result<String> {
        policy::explain(spec, questions)
    }

    #[pyfunction]
    fn explain_name(
        names: Vec<String>,
        allow: Vec<String>,
        name: &str,
    ) -> Result<(Option<usize>, Option<usize>)> {
        let redact = policy::Redact {
            names,
            allow,
            detect: true,
            enabled: true,
        };
        Ok(policy::Redaction::compile(&redact)?.explain(name))
    }

    #[pyfunction]
    #[pyo3(signature = (trace_dir, spec, metadata, main_source, main, main_comes_as))]
    fn start(
        py: Python<'_>,
        trace_dir: PathBuf,
        spec: String,
        metadata: &str,
        main_source: Option<String>,
        main: Option<Py<PyCode>>,
        main_comes_as: Option<String>,
    ) -> Result<()> {
        let program = main_source.map(|text| session::Program {
            text,
            code: main.map(Arc::new),
            comes_as: main_comes_as,
        });
        session::start(
            py,
            session::Request {
                folder: trace_dir,
                spec,
                metadata: object(metadata)?,
                program,
                at_once: false,
                root: None,
                in_series: false,
            },
        )
    }

    #[pyfunction]
    fn start_in_series(
        py: Python<'_>,
        trace_dir: PathBuf,
        spec: String,
        metadata: &str,
        root: String,
    ) -> Result<()> {
        session::start(
            py,
            session::Request {
                folder: trace_dir,
                spec,
                metadata: object(metadata)?,
                program: None,
                at_once: false,
                root: Some(root),
                in_series: true,
            },
        )
    }

    #[pyfunction]
    fn stop_in_series<'py>(
        py: Python<'py>,
        keep: bool,
        metadata: &str,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        session::rest(keep, &object(metadata)?)?
            .map(|outcome| outcome.to_dict(py))
            .transpose()
    }

    #[pyfunction]
    fn open_part(name: &str, path: &str, line: u32) {
        session::open_part(name, path, line);
    }

    #[pyfunction]
    fn close_part() {
        session::close_part();
    }

    #[pyfunction]
    #[pyo3(signature = (plan, metadata, script, main_source))]
    fn follow(
        py: Python<'_>,
        plan: &str,
        metadata: &str,
        script: Vec<String>,
        main_source: Option<String>,
    ) -> Result<()> {
        session::follow(py, plan, object(metadata)?, &script, main_source)
    }

    /// A JSON object that Python hands over.
    fn object(text: &str) -> Result<Map<String, Value>> {
        serde_json::from_str(text).map_err(|error| {
            Error::Session(format!("the metadata handed over are malformed: {error}"))
        })
    }

    #[pyfunction]
    #[pyo3(signature = (exit_status))]
    fn stop(py: Python<'_>, exit_status: Option<i32>) -> PyResult<Option<Bound<'_, PyDict>>> {
        session::stop(exit_status)?
            .map(|outcome| outcome.to_dict(py))
            .transpose()
    }

    #[pyfunction]
    #[pyo3(signature = (end, /))]
    fn at_exit(end: &Bound<'_, PyAny>) -> PyResult<()> {
        session::at_exit(end)
    }

    #[pyfunction]
    fn flush() -> Result<()> {
        session::flush()
    }

    #[pyfunction]
    fn is_tracing() -> bool {
        session::is_tracing()
    }

    #[pyfunction]
    #[pyo3(signature = (status, descriptor, name, skips_line, /))]
    fn run_source(
        py: Python<'_>,
        status: Option<&Bound<'_, PyAny>>,
        descriptor: i32,
        name: &[u8],
        skips_line: bool,
    ) -> PyResult<i32> {
        let name = CString::new(name)?;
        program::run_source(py, descriptor, &name, skips_line, status)
    }

    #[pyfunction]
    #[pyo3(signature = (status, code, is_file, /))]
    fn run_code(
        status: Option<&Bound<'_, PyAny>>,
        code: &Bound<'_, PyAny>,
        is_file: bool,
    ) -> PyResult<i32> {
        program::run_code(code, is_file, status)
    }

    #[pyfunction]
    #[pyo3(signature = (status, function, /, *arguments))]
    fn run_function(
        status: Option<&Bound<'_, PyAny>>,
        function: &Bound<'_, PyAny>,
        arguments: &Bound<'_, PyTuple>,
    ) -> PyResult<i32> {
        program::call(function, arguments, status)
    }

    #[pyfunction]
    fn never_began() -> bool {
        program::never_began()
    }

    #[pyfunction]
    fn exit_status() -> Option<i32> {
        program::status()
    }

    #[pyfunction]
    fn recover(py: Python<'_>, trace_dir: PathBuf) -> PyResult<Option<Bound<'_, PyDict>>> {
        let done = py.detach(|| trace::recover(&trace_dir))?;
        if !done.changed {
            return Ok(None);
        }
        let report = PyDict::new(py);
        report.set_item("parts", done.parts)?;
        report.set_item("open_calls", done.open_calls)?;
        report.set_item("records", done.records)?;
        Ok(Some(report))
    }

    #[pyfunction]
    fn summarize(py: Python<'_>, trace_dir: PathBuf) -> Result<String> {
        let summary = py.detach(|| trace::summarize(&trace_dir))?;
        serde_json::to_string(&summary)
            .map_err(|error| Error::Trace(format!("the summary cannot be told: {error}")))
    }

    #[pyfunction]
    #[pyo3(signature = (trace_dir, as_json, functions, variables))]
    fn dump(
        py: Python<'_>,
        trace_dir: PathBuf,
        as_json: bool,
        functions: Option<&str>,
        variables: Vec<String>,
    ) -> Result<(bool, bool)> {
        let compile = |spec| policy::CompiledPolicy::compile(policy::Spec::from_json(spec)?);
        let mut policy = functions.map(compile).transpose()?;
        let mut is_meant = |path: &str, qualname: &str| {
            let scope = policy::Scope {
                path,
                module: None,
                qualname,
                is_main: false,
            };
            let decision = policy.as_mut().map(|policy| policy.decide(&scope));
            decision.is_some_and(|decision| decision.record != policy::Record::None)
        };
        py.detach(|| {
            let selection = trace::Selection {
                functions: match functions {
                    Some(_) => Some(&mut is_meant),
                    None => None,
                },
                variables: &variables,
            };
            let dumped = trace::dump(
                &trace_dir,
                as_json,
                selection,
                &mut std::io::stdout().lock(),
            )?;
            Ok((dumped.is_whole, dumped.has_shown))
        })
    }
}
