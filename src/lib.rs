//! The native module as Python sees it: exports only.

pub mod code;
pub mod error;
pub mod frame;
pub mod monitoring;
pub mod object;
pub mod policy;
pub mod program;
pub mod recorder;
pub mod session;
pub mod source;
pub mod streams;
pub mod trace;
pub mod value;

use pyo3::prelude::*;

/// What decides and records, behind `codetracer_python_recorder`.
#[pymodule(gil_used = true)]
mod _native {
    use std::path::PathBuf;

    use pyo3::prelude::*;
    use pyo3::types::{PyCode, PyDict};

    use crate::error::Result;
    use crate::{policy, program, session, trace};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pyfunction]
    fn check_glob(kind: &str, text: &str) -> Option<String> {
        policy::GlobKind::from_name(kind).and_then(|kind| policy::problem(kind, text))
    }

    #[pyfunction]
    #[pyo3(signature = (trace_dir, spec, metadata, main=None, main_source=None))]
    fn start(
        py: Python<'_>,
        trace_dir: PathBuf,
        spec: &str,
        metadata: &str,
        main: Option<Bound<'_, PyCode>>,
        main_source: Option<&str>,
    ) -> Result<()> {
        let main = main.zip(main_source);
        session::start(py, session::Request { folder: trace_dir, spec, metadata, main })
    }

    #[pyfunction]
    #[pyo3(signature = (exit_status=None))]
    fn stop(py: Python<'_>, exit_status: Option<i32>) -> Result<Bound<'_, PyDict>> {
        session::stop(py, exit_status)
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
    fn after_fork(py: Python<'_>) {
        session::after_fork(py);
    }

    #[pyfunction]
    fn run_main(py: Python<'_>, code: &Bound<'_, PyCode>, globals: &Bound<'_, PyDict>) -> Option<Py<PyAny>> {
        program::run(py, code, globals)
    }

    #[pyfunction]
    fn print_uncaught(py: Python<'_>, exception: Bound<'_, PyAny>) {
        program::print_uncaught(py, exception);
    }

    #[pyfunction]
    fn dump(py: Python<'_>, trace_dir: PathBuf, as_json: bool) -> Result<bool> {
        py.detach(|| trace::dump(&trace_dir, as_json, &mut std::io::stdout().lock()))
    }
}
