//! Well-known types of the standard library (and NumPy's arrays): who they are and how they read.
//!
//! Owns: the table of these types. Must not: import a module (a type whose module is not loaded has
//! no instances), or run Python code (what is called here is written in C and takes no callbacks).

use std::ffi::CStr;
use std::fmt::Write;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::frame::Object;
use crate::interpreter;
use crate::object::{self, Layout};

use super::classes::{self, Reading};
use super::{decimal, text};

/// A type that reads as one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    Complex,
    Range,
    Slice,
    Constant,
    Date,
    Time,
    DateTime,
    Delta,
    Decimal,
    Fraction,
    Uuid,
    Path,
    NumpyArray,
    NumpyInt,
    NumpyFloat,
}

/// Types known by module and name, and how each is read.
const NAMED: [(&CStr, &CStr, Reading); 17] = [
    (c"datetime", c"date", Reading::Standard(Standard::Date)),
    (c"datetime", c"time", Reading::Standard(Standard::Time)),
    (
        c"datetime",
        c"datetime",
        Reading::Standard(Standard::DateTime),
    ),
    (
        c"datetime",
        c"timedelta",
        Reading::Standard(Standard::Delta),
    ),
    (c"decimal", c"Decimal", Reading::Standard(Standard::Decimal)),
    (
        c"fractions",
        c"Fraction",
        Reading::Standard(Standard::Fraction),
    ),
    (c"uuid", c"UUID", Reading::Standard(Standard::Uuid)),
    (c"pathlib", c"PosixPath", Reading::Standard(Standard::Path)),
    (
        c"pathlib",
        c"WindowsPath",
        Reading::Standard(Standard::Path),
    ),
    (
        c"pathlib",
        c"PurePosixPath",
        Reading::Standard(Standard::Path),
    ),
    (
        c"pathlib",
        c"PureWindowsPath",
        Reading::Standard(Standard::Path),
    ),
    (c"collections", c"deque", Reading::Iterated),
    (c"array", c"array", Reading::Array),
    (
        c"numpy",
        c"ndarray",
        Reading::Standard(Standard::NumpyArray),
    ),
    (c"collections", c"OrderedDict", Reading::Dict),
    (c"collections", c"Counter", Reading::Dict),
    (c"collections", c"defaultdict", Reading::Dict),
];

/// How a class of this table is read; none for any other class.
pub fn find(py: Python<'_>, class: *mut ffi::PyTypeObject) -> Option<Reading> {
    // SAFETY: the singletons and static types live forever.
    let built_in = unsafe {
        [
            (&raw mut ffi::PyComplex_Type, Standard::Complex),
            (&raw mut ffi::PyRange_Type, Standard::Range),
            (&raw mut ffi::PySlice_Type, Standard::Slice),
            (ffi::Py_TYPE(ffi::Py_Ellipsis()), Standard::Constant),
            (ffi::Py_TYPE(ffi::Py_NotImplemented()), Standard::Constant),
        ]
    };
    if let Some((_, standard)) = built_in.iter().find(|(known, _)| *known == class) {
        return Some(Reading::Standard(*standard));
    }
    if let Some(reading) = numpy_scalar(class) {
        return Some(reading);
    }
    // SAFETY: a live type.
    let name = unsafe { CStr::from_ptr((*class).tp_name) }.to_bytes();
    let name = name.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    NAMED
        .iter()
        .find(|(module, known, reading)| {
            known.to_bytes() == name
                && module_type(py, module, known) == class
                && fits(*reading, class, module, known)
        })
        .map(|&(.., reading)| reading)
        .or_else(|| is_enum(py, class).then_some(Reading::Enum))
}

/// Whether a class can be read so, whatever a program has put in the place of the standard library's own.
fn fits(reading: Reading, class: *mut ffi::PyTypeObject, module: &CStr, name: &CStr) -> bool {
    match reading {
        Reading::Standard(Standard::Fraction | Standard::Uuid | Standard::Path) => true,
        Reading::Dict => classes::inherits(class, &raw mut ffi::PyDict_Type),
        _ => is_of_c(class, module, name),
    }
}

/// Whether a class is written in C, under this name.
fn is_of_c(class: *mut ffi::PyTypeObject, module: &CStr, name: &CStr) -> bool {
    // SAFETY: a live type.
    let full = unsafe { CStr::from_ptr((*class).tp_name) }.to_bytes();
    let rest = full.strip_prefix(module.to_bytes());
    !classes::made_by_class_statement(class)
        && rest.and_then(|rest| rest.strip_prefix(b".")) == Some(name.to_bytes())
}

/// The type that a loaded module has under this name, or null.
fn module_type(py: Python<'_>, module: &CStr, name: &CStr) -> *mut ffi::PyTypeObject {
    loaded(py, module, name).map_or(ptr::null_mut(), |found| found.as_ptr().cast())
}

/// What a loaded module has under a name, read from the dicts themselves.
pub fn loaded<'py>(py: Python<'py>, module: &CStr, name: &CStr) -> Option<Bound<'py, PyAny>> {
    let namespace = namespace(py, module)?;
    let found = object::item_named(py, namespace.as_ptr(), name);
    // SAFETY: null or a live object.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, found) }
}

/// The dict of a loaded module.
pub fn namespace<'py>(py: Python<'py>, module: &CStr) -> Option<Bound<'py, PyAny>> {
    if !interpreter::is_home() {
        return None; // without modules the interpreter would end the process
    }
    // SAFETY: the GIL is held; look-ups of str keys in exact dicts run no code of the program.
    unsafe {
        let found = if module == c"sys.monitoring" {
            // A module that is in `sys` alone.
            ffi::PySys_GetObject(c"monitoring".as_ptr())
        } else {
            object::item_named(py, ffi::PyImport_GetModuleDict(), module)
        };
        let module = Bound::from_borrowed_ptr_or_opt(py, found)?;
        if ffi::PyModule_Check(module.as_ptr()) == 0 {
            return None;
        }
        Bound::from_borrowed_ptr_or_opt(py, ffi::PyModule_GetDict(module.as_ptr()))
    }
}

fn is_enum(py: Python<'_>, class: *mut ffi::PyTypeObject) -> bool {
    let metaclass = module_type(py, c"enum", c"EnumType");
    // SAFETY: a live type has a type.
    !metaclass.is_null() && classes::inherits(unsafe { ffi::Py_TYPE(class.cast()) }, metaclass)
}

/// A class attribute, looked up in the namespaces of the class and its bases, without descriptors.
pub fn class_attribute<'py>(
    py: Python<'py>,
    class: *mut ffi::PyTypeObject,
    name: &CStr,
) -> Option<Bound<'py, PyAny>> {
    // SAFETY: live types, whose namespaces are dicts.
    bases(class).find_map(|base| unsafe {
        let namespace = ffi::PyType_GetDict(base);
        if namespace.is_null() {
            return None;
        }
        let found = object::item_named(py, namespace, name);
        let found = Bound::from_borrowed_ptr_or_opt(py, found);
        ffi::Py_DECREF(namespace);
        found
    })
}

/// A class and those that it inherits from, in the order in which they are looked up.
fn bases(class: *mut ffi::PyTypeObject) -> impl Iterator<Item = *mut ffi::PyTypeObject> {
    // SAFETY: a live type, whose bases lie in a tuple.
    unsafe {
        let order = (*class).tp_mro;
        let count = if order.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(order)
        };
        (0..count).map(move |index| ffi::PyTuple_GET_ITEM(order, index).cast())
    }
}

/// How instances of a class are read that inherits from one of these types, if all of their content lies where C has put
/// it, and the name of that type.
pub fn inherited(py: Python<'_>, class: *mut ffi::PyTypeObject) -> Option<(Reading, &'static str)> {
    let object = &raw mut ffi::PyBaseObject_Type;
    let mut of_c =
        bases(class).filter(|&base| base != object && !classes::made_by_class_statement(base));
    of_c.find_map(|base| {
        let reading = find(py, base)?;
        let name = match reading {
            Reading::Standard(Standard::Complex) => "complex",
            Reading::Standard(Standard::Date) => "date",
            Reading::Standard(Standard::Time) => "time",
            Reading::Standard(Standard::DateTime) => "datetime",
            Reading::Standard(Standard::Delta) => "timedelta",
            Reading::Standard(Standard::Decimal) => "Decimal",
            Reading::Iterated => "deque",
            _ => return None,
        };
        Some((reading, name))
    })
}

/// `collections.deque`, if a class is that or inherits from it.
pub fn deque_of(class: *mut ffi::PyTypeObject) -> Option<*mut ffi::PyTypeObject> {
    bases(class).find(|&base| is_of_c(base, c"collections", c"deque"))
}

/// A Decimal, or what inherits from it, as `str` writes a Decimal.
pub fn decimal_text(object: Object) -> Option<String> {
    // SAFETY: a live object; a Decimal's own `str` looks at it and at the context of the thread.
    unsafe {
        let mut bases = bases(ffi::Py_TYPE(object));
        let decimal = bases.find(|&base| is_of_c(base, c"decimal", c"Decimal"))?;
        text::made_by((*decimal).tp_str, object)
    }
}

/// Whether a class belongs to a package whose objects are too large, or too much code, to be opened.
pub fn is_numeric_package(py: Python<'_>, class: *mut ffi::PyTypeObject) -> bool {
    let module = class_attribute(py, class, c"__module__");
    let Some(module) = module.filter(|module| text::is_str(module.as_ptr())) else {
        return false;
    };
    let module = text::whole(module.as_ptr());
    let root = module.split('.').next().unwrap_or_default();
    matches!(
        root,
        "numpy" | "pandas" | "torch" | "polars" | "pyarrow" | "tensorflow" | "jax" | "jaxlib"
    )
}

fn numpy_scalar(class: *mut ffi::PyTypeObject) -> Option<Reading> {
    // SAFETY: a live type; its tables of functions are null or valid.
    unsafe {
        let is_numpy = CStr::from_ptr((*class).tp_name)
            .to_bytes()
            .starts_with(b"numpy.");
        if classes::is_heap(class) || !is_numpy || (*class).tp_as_number.is_null() {
            return None;
        }
        let numbers = &*(*class).tp_as_number;
        let name = CStr::from_ptr((*class).tp_name).to_bytes();
        if name.starts_with(b"numpy.int")
            || name.starts_with(b"numpy.uint")
            || name.starts_with(b"numpy.long")
        {
            numbers
                .nb_index
                .map(|_| Reading::Standard(Standard::NumpyInt))
        } else if name.starts_with(b"numpy.float") {
            numbers
                .nb_float
                .map(|_| Reading::Standard(Standard::NumpyFloat))
        } else {
            None
        }
    }
}

/// The text of an instance, or none where it is not as expected (then it reads by type only).
pub fn read(standard: Standard, object: Object, layout: &Layout, max: usize) -> Option<String> {
    interpreter::attached(|py| {
        // SAFETY: a live object; the class was matched by identity.
        let bound = unsafe { Bound::from_borrowed_ptr(py, object) };
        match standard {
            Standard::Complex => Some(complex(object)),
            Standard::Range => members(&bound, "range", &["start", "stop", "step"]),
            Standard::Slice => members(&bound, "slice", &["start", "stop", "step"]),
            Standard::Constant => Some(constant(object).to_owned()),
            Standard::Date => Some(date(object)),
            Standard::Time => Some(time(object)),
            Standard::DateTime => Some(date_time(object)),
            Standard::Delta => Some(delta(object)),
            Standard::Decimal => decimal::text(object),
            Standard::NumpyInt | Standard::NumpyFloat => c_text(object),
            Standard::Fraction => fraction(layout, object, max),
            Standard::Uuid => uuid(py, layout, object),
            Standard::Path => path(layout, object, max),
            Standard::NumpyArray => numpy_array(&bound),
        }
    })
}

fn constant(object: Object) -> &'static str {
    // SAFETY: a singleton that lives forever.
    if object == unsafe { ffi::Py_Ellipsis() } {
        "Ellipsis"
    } else {
        "NotImplemented"
    }
}

/// `str()` of an object whose type is written in C and looks at nothing of the program's.
fn c_text(object: Object) -> Option<String> {
    interpreter::attached(|py| {
        // SAFETY: a live object.
        let text = unsafe { Bound::from_borrowed_ptr(py, object) }.str().ok()?;
        Some(text::whole(text.as_ptr()))
    })
}

fn complex(object: Object) -> String {
    // SAFETY: a complex, or what inherits from it.
    let (real, imaginary) = unsafe {
        (
            ffi::PyComplex_RealAsDouble(object),
            ffi::PyComplex_ImagAsDouble(object),
        )
    };
    let (mut left, mut right) = (String::new(), String::new());
    text::float(real, &mut left);
    text::float(imaginary.abs(), &mut right);
    format!(
        "{left}{}{right}j",
        if imaginary.is_sign_negative() {
            '-'
        } else {
            '+'
        }
    )
}

/// `name(a, b, c)` from members of a C type.
fn members(object: &Bound<'_, PyAny>, name: &str, attributes: &[&str]) -> Option<String> {
    let mut text = format!("{name}(");
    for (index, attribute) in attributes.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text::scalar(
            object.getattr(*attribute).ok()?.as_ptr(),
            true,
            100,
            &mut text,
        );
    }
    text.push(')');
    Some(text)
}

fn date(object: Object) -> String {
    // SAFETY: a date or datetime, or what inherits from one (`Include/datetime.h`).
    unsafe {
        format!(
            "{:04}-{:02}-{:02}",
            ffi::PyDateTime_GET_YEAR(object),
            ffi::PyDateTime_GET_MONTH(object),
            ffi::PyDateTime_GET_DAY(object)
        )
    }
}

fn clock(hour: i32, minute: i32, second: i32, micro: i32) -> String {
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if micro != 0 {
        let _ = write!(text, ".{micro:06}");
    }
    text
}

fn time(object: Object) -> String {
    // SAFETY: a time, or what inherits from it.
    unsafe {
        clock(
            ffi::PyDateTime_TIME_GET_HOUR(object),
            ffi::PyDateTime_TIME_GET_MINUTE(object),
            ffi::PyDateTime_TIME_GET_SECOND(object),
            ffi::PyDateTime_TIME_GET_MICROSECOND(object),
        ) + &zone(ffi::PyDateTime_TIME_GET_TZINFO(object))
    }
}

fn date_time(object: Object) -> String {
    // SAFETY: a datetime, or what inherits from it.
    unsafe {
        let clock = clock(
            ffi::PyDateTime_DATE_GET_HOUR(object),
            ffi::PyDateTime_DATE_GET_MINUTE(object),
            ffi::PyDateTime_DATE_GET_SECOND(object),
            ffi::PyDateTime_DATE_GET_MICROSECOND(object),
        );
        format!(
            "{}T{clock}{}",
            date(object),
            zone(ffi::PyDateTime_DATE_GET_TZINFO(object))
        )
    }
}

/// ` UTC+02:00` of the standard library's own fixed zones; other zones, whose offset only their code
/// knows, by type.
fn zone(zone: Object) -> String {
    // SAFETY: None or a live object.
    unsafe {
        if zone.is_null() || zone == ffi::Py_None() {
            return String::new();
        }
        let class = ffi::Py_TYPE(zone);
        interpreter::attached(|py| {
            let is_standard = module_type(py, c"datetime", c"timezone") == class
                && is_of_c(class, c"datetime", c"timezone");
            if is_standard {
                let text = c_text(zone).unwrap_or_default();
                format!(" {text}")
            } else {
                format!(" <{}>", text::class_name(class))
            }
        })
    }
}

fn delta(object: Object) -> String {
    // SAFETY: a timedelta, or what inherits from it.
    let (days, seconds, micros) = unsafe {
        (
            ffi::PyDateTime_DELTA_GET_DAYS(object),
            ffi::PyDateTime_DELTA_GET_SECONDS(object),
            ffi::PyDateTime_DELTA_GET_MICROSECONDS(object),
        )
    };
    let clock = clock(seconds / 3600, seconds / 60 % 60, seconds % 60, micros);
    match days {
        0 => clock,
        1 | -1 => format!("{days} day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

/// The value of one attribute of an instance, borrowed.
pub fn attribute(layout: &Layout, object: Object, name: &str) -> Option<Object> {
    let mut found = None;
    let mut scratch = String::new();
    layout.attributes(object).for_each(|key, value| {
        if text::is_str(key) && text::read(key, usize::MAX, &mut scratch).text == name {
            found = Some(value);
        }
        found.is_none()
    });
    found
}

fn fraction(layout: &Layout, object: Object, max: usize) -> Option<String> {
    let mut text = String::new();
    text::scalar(
        attribute(layout, object, "_numerator")?,
        false,
        max,
        &mut text,
    );
    text.push('/');
    text::scalar(
        attribute(layout, object, "_denominator")?,
        false,
        max,
        &mut text,
    );
    Some(text)
}

fn uuid(py: Python<'_>, layout: &Layout, object: Object) -> Option<String> {
    let number = attribute(layout, object, "int")?;
    // SAFETY: a live object; only an exact int is asked for its value.
    let number = unsafe { Bound::from_borrowed_ptr(py, number) };
    let number: u128 = number
        .cast_exact::<pyo3::types::PyInt>()
        .ok()?
        .extract()
        .ok()?;
    let digits = format!("{number:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    Some(parts.map(|part| digits[part].to_owned()).join("-"))
}

fn path(layout: &Layout, object: Object, max: usize) -> Option<String> {
    let mut scratch = String::new();
    if let Some(known) = attribute(layout, object, "_str").filter(|&known| text::is_str(known)) {
        return Some(text::read(known, max, &mut scratch).text.to_owned());
    }
    let parts = attribute(layout, object, "_raw_paths")?;
    let mut joined = String::new();
    // SAFETY: a live object, read only when it is a list; its items are borrowed.
    unsafe {
        if ffi::PyList_Check(parts) == 0 {
            return None;
        }
        for index in 0..ffi::PyList_GET_SIZE(parts) {
            let part = ffi::PyList_GET_ITEM(parts, index);
            if !text::is_str(part) {
                return None;
            }
            let part = text::read(part, max, &mut scratch).text;
            if part.starts_with('/') {
                joined.clear();
            } else if !joined.is_empty() && !joined.ends_with('/') {
                joined.push('/');
            }
            joined.push_str(part);
        }
    }
    // SAFETY: a live object.
    let class = text::class_name(unsafe { ffi::Py_TYPE(object) });
    let is_posix = joined.is_empty() || !class.contains("Windows");
    Some(if is_posix {
        posix_path(&joined)
    } else {
        joined
    })
}

/// A path as `str` writes it: without empty parts, and without those that stay where they are.
fn posix_path(path: &str) -> String {
    let relative = path.trim_start_matches('/');
    let root = match path.len() - relative.len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let parts = relative.split('/');
    let parts: Vec<&str> = parts.filter(|part| !matches!(*part, "" | ".")).collect();
    match parts.as_slice() {
        [] if root.is_empty() => ".".to_owned(),
        parts => root.to_owned() + &parts.join("/"),
    }
}

fn numpy_array(object: &Bound<'_, PyAny>) -> Option<String> {
    let shape = object
        .getattr("shape")
        .ok()?
        .cast_into_exact::<pyo3::types::PyTuple>()
        .ok()?;
    let kind = object.getattr("dtype").ok()?.getattr("str").ok()?;
    let mut text = "<ndarray shape=(".to_owned();
    for (index, size) in shape.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text::scalar(size.as_ptr(), false, 20, &mut text);
    }
    text.push_str(") dtype=");
    text::scalar(kind.as_ptr(), false, 20, &mut text);
    text.push('>');
    Some(text)
}
