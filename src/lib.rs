//! The native module as Python sees it: exports only.

pub mod error;
pub mod policy;
pub mod trace;

use pyo3::prelude::*;

/// What decides and records, behind `codetracer_python_recorder`.
#[pymodule(gil_used = true)]
mod _native {
    #[pymodule_export]
    const __VERSION__: &str = env!("CARGO_PKG_VERSION");
}
