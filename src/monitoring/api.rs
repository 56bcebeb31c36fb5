//! What of `sys` and `sys.monitoring` is called.
//!
//! Owns: these functions, held from the first time that they are wanted: what the program puts in their place later is
//! its own, and is not called by us. Must not: arm anything.

use std::ffi::CStr;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The interpreter's functions and constants (PEP 669).
pub(super) struct Api {
    pub(super) use_tool_id: Py<PyAny>,
    pub(super) free_tool_id: Py<PyAny>,
    pub(super) get_tool: Py<PyAny>,
    pub(super) register_callback: Py<PyAny>,
    pub(super) set_events: Py<PyAny>,
    pub(super) set_local_events: Py<PyAny>,
    pub(super) restart_events: Py<PyAny>,
    /// What a callback returns in order not to be called again.
    pub(super) disable: Py<PyAny>,
    /// Each event by its name, with its bit.
    events: Vec<(&'static str, i32)>,
}

/// The events that callbacks are registered for, or that are set.
const EVENTS: [&str; 8] = [
    "PY_START",
    "LINE",
    "PY_RETURN",
    "PY_YIELD",
    "PY_RESUME",
    "PY_THROW",
    "PY_UNWIND",
    "RAISE",
];

impl Api {
    /// The functions of this process.
    ///
    /// # Errors
    /// Where `sys.monitoring` is not as documented.
    pub(super) fn get(py: Python<'_>) -> PyResult<&'static Self> {
        static API: PyOnceLock<Api> = PyOnceLock::new();
        API.get_or_try_init(py, || Self::find(py))
    }

    fn find(py: Python<'_>) -> PyResult<Self> {
        let monitoring = of_sys(py, c"monitoring")?;
        let part = |name: &str| monitoring.getattr(name).map(Bound::unbind);
        let events = monitoring.getattr("events")?;
        let bits = EVENTS.iter().map(|&name| {
            let bit: i32 = events.getattr(name)?.extract()?;
            Ok((name, bit))
        });
        Ok(Self {
            use_tool_id: part("use_tool_id")?,
            free_tool_id: part("free_tool_id")?,
            get_tool: part("get_tool")?,
            register_callback: part("register_callback")?,
            set_events: part("set_events")?,
            set_local_events: part("set_local_events")?,
            restart_events: part("restart_events")?,
            disable: part("DISABLE")?,
            events: bits.collect::<PyResult<_>>()?,
        })
    }

    /// The bits of these events together.
    pub(super) fn mask(&self, names: &[&str]) -> i32 {
        let named = self.events.iter().filter(|(name, _)| names.contains(name));
        named.fold(0, |mask, (_, bit)| mask | bit)
    }
}

/// What `sys` has by this name; nothing is imported, since that may be a function of the program's.
fn of_sys<'py>(py: Python<'py>, name: &CStr) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the GIL is held; a borrowed reference to what `sys` holds.
    let found = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(name.as_ptr())) };
    found.ok_or_else(|| {
        PyRuntimeError::new_err(format!("there is no sys.{}", name.to_string_lossy()))
    })
}
