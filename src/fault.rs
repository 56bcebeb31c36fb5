//! Failures of ours: how they are said, and such that are made on purpose, so that tests see what they do to the program:
//! nothing.
//!
//! Owns: standard error, where the native side writes to it; a memory that fails from value to value. Must not: fail on
//! purpose in a build without the feature `faults`.

use std::any::Any;
use std::io::{self, Write as _};
use std::panic;

/// Has a panic of ours say one line, as everything of ours on standard error.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        say(&format!(
            "an error of the recorder's own (please report it): {} at {}",
            text(panic.payload()),
            place.unwrap_or_default()
        ));
    }));
}

/// What a pipe that is not full takes at once (`PIPE_BUF` of Linux).
const AT_ONCE: usize = 4096;

/// Says a line on standard error, in our name, unless that would have to wait: for a reader of a pipe, say, which may be a
/// thread of the program that waits for us.
pub fn say(what: &str) {
    let mut line = format!("codetracer-python-recorder: {what}").into_bytes();
    line.truncate(AT_ONCE - 1);
    line.push(b'\n');
    #[cfg(unix)]
    {
        let mut standard_error = libc::pollfd {
            fd: libc::STDERR_FILENO,
            events: libc::POLLOUT,
            revents: 0,
        };
        // SAFETY: one descriptor is asked for, in a struct that lives through the call.
        if unsafe { libc::poll(&raw mut standard_error, 1, 0) } <= 0 {
            return;
        }
    }
    // A closed standard error is no reason to disturb the program.
    let _ = io::stderr().write_all(&line);
}

fn text(payload: &dyn Any) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic")
}

/// Panics at the stage that the environment names, the n-th time it is come by: `CODETRACER_FAULT=step:3`.
#[cfg(feature = "faults")]
#[allow(clippy::panic)]
pub fn point(stage: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let wanted = std::env::var("CODETRACER_FAULT").unwrap_or_default();
    if let Some((wanted, count)) = wanted.split_once(':')
        && wanted == stage
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == count.parse().unwrap_or(1)
    {
        panic!("injected at {stage}");
    }
}

/// Nothing.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_stage: &str) {}

/// Whether nothing is remembered from one value to the next: `CODETRACER_FAULT=cold`.
#[cfg(feature = "faults")]
pub fn is_cold() -> bool {
    use std::sync::OnceLock;
    static IS_COLD: OnceLock<bool> = OnceLock::new();
    *IS_COLD.get_or_init(|| std::env::var("CODETRACER_FAULT").is_ok_and(|fault| fault == "cold"))
}

/// Never.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn is_cold() -> bool {
    false
}
