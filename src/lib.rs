//! The native module as Python sees it: exports only.

mod code;
pub mod error;
mod frame;
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
    use std::path::PathBuf;

    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use pyo3::types::{PyCode, PyDict, PyTuple};

    use crate::error::Result;
    use crate::{policy, program, session, trace};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pyfunction]
    fn check_glob(kind: &str, text: &str) -> PyResult<Option<String>> {
        let kind = policy::GlobKind::from_name(kind)
            .ok_or_else(|| PyValueError::new_err(format!("no kind of glob: {kind}")))?;
        Ok(policy::problem(kind, text))
    }

    #[pyfunction]
    #[pyo3(signature = (trace_dir, spec, metadata, main, main_source))]
    fn start(
        py: Python<'_>,
        trace_dir: PathBuf,
        spec: &str,
        metadata: &str,
        main: Option<Bound<'_, PyCode>>,
        main_source: Option<&str>,
    ) -> Result<()> {
        session::start(
            py,
            session::Request {
                folder: trace_dir,
                spec,
                metadata,
                main,
                main_source,
            },
        )
    }

    #[pyfunction]
    #[pyo3(signature = (exit_status, ended))]
    fn stop<'py>(
        py: Python<'py>,
        exit_status: Option<i32>,
        ended: &str,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        session::stop(exit_status, ended)?
            .map(|outcome| outcome.to_dict(py))
            .transpose()
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
    #[pyo3(signature = (function, /, *arguments))]
    fn run_main(function: &Bound<'_, PyAny>, arguments: &Bound<'_, PyTuple>) -> Option<Py<PyAny>> {
        program::run(function, arguments)
    }

    #[pyfunction]
    #[pyo3(signature = (error, /))]
    fn print_uncaught(error: Bound<'_, PyAny>) {
        program::print_uncaught(error);
    }

    #[pyfunction]
    fn dump(py: Python<'_>, trace_dir: PathBuf, as_json: bool) -> Result<bool> {
        py.detach(|| trace::dump(&trace_dir, as_json, &mut std::io::stdout().lock()))
    }
}
