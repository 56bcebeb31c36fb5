//! Owns: what the crate is told of the interpreter it is built for. Must not: generate anything.

fn main() {
    // `cfg(Py_3_13)` and the like, for what differs by version.
    pyo3_build_config::use_pyo3_cfgs();
    // Test binaries embed the interpreter, whose shared library need not lie where the loader looks (pyenv's does not).
    // The extension module links no libpython and gets no such path.
    pyo3_build_config::add_libpython_rpath_link_args();
}
