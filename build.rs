//! Tells the crate which interpreter it is built for (`cfg(Py_3_13)` and the like), and test
//! binaries where its library lies.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    pyo3_build_config::add_libpython_rpath_link_args();
}
