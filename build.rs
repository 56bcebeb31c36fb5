//! Owns: where test binaries find libpython. Must not: generate anything.

fn main() {
    // Test binaries embed the interpreter, whose shared library need not lie where the loader looks (pyenv's does not).
    // The extension module links no libpython and gets no such path.
    pyo3_build_config::add_libpython_rpath_link_args();
}
