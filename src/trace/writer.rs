//! The writer of a trace, as the recorder sees it.
//!
//! Owns: the life of a trace folder from `create` to `finish`, and all that recorder and writer thread
//! share. Must not: know the form of an event, or wait for the interpreter.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};

use serde_json::{Map, Value};

use super::Format;
use super::crash;
use super::folder::Folder;
use super::platform;
use super::queue::{Queue, lock};
use super::status::Status;
use super::stream::{Stream, Tap, stream};
use super::worker::Worker;
use crate::error::{Error, Result, in_words};
use crate::fault;

/// Why a recording has ended that nothing outside is to blame for.
pub const OWN_ERROR: &str = "an error of the recorder's own";

/// Writes one trace: takes events from streams and brings them into the trace folder, on a thread of its own,
/// so that the files load at every moment and hold what is older than a quarter of a second.
pub struct Writer {
    shared: Arc<Shared>,
    main: Rc<Stream>,
    thread: Option<JoinHandle<Option<Worker>>>,
    /// What the thread works with, while there is none.
    resting: Option<Worker>,
}

/// Threads of discarded recordings that may not have ended yet.
static ENDING: Mutex<Vec<JoinHandle<Option<Worker>>>> = Mutex::new(Vec::new());

/// Waits until the threads of discarded recordings have ended.
pub fn await_discarded() {
    for thread in mem::take(&mut *lock(&ENDING)) {
        if let Ok(Some(worker)) = thread.join() {
            worker.await_end();
        }
    }
}

/// The small files' content.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) metadata: Map<String, Value>,
    pub(super) metadata_changed: bool,
    pub(super) paths: Vec<String>,
    pub(super) paths_changed: bool,
}

/// What the recorder's side and the writer thread share.
pub(super) struct Shared {
    pub(super) format: Format,
    pub(super) folder: Folder,
    pub(super) queue: Arc<Queue>,
    pub(super) main: Tap,
    pub(super) others: Mutex<Vec<Arc<Tap>>>,
    pub(super) texts: Mutex<Texts>,
    /// Whether the folder is taken, or never will be.
    pub(super) begun: Mutex<bool>,
    /// Why writing has failed.
    pub(super) failure: OnceLock<Error>,
}

impl Writer {
    /// Makes the trace folder (its parents too) and takes it, removes an older trace in it, writes
    /// files that load from the first moment on, and starts the writer thread.
    ///
    /// # Errors
    /// `Error::Session` if another live recorder holds the folder, `Error::Trace` if it cannot be used.
    pub fn create(dir: &Path, format: Format, metadata: Map<String, Value>) -> Result<Self> {
        Self::new(dir, format, metadata, false)
    }

    /// As `create`, but a folder that is not there yet is made, and its files, when something is older than a quarter of
    /// a second or cannot wait: a recording that is over before, and is discarded, costs no file.
    ///
    /// # Errors
    /// As `create`; what goes wrong later ends the recording.
    pub fn create_later(dir: &Path, format: Format, metadata: Map<String, Value>) -> Result<Self> {
        Self::new(dir, format, metadata, true)
    }

    fn new(
        dir: &Path,
        format: Format,
        mut metadata: Map<String, Value>,
        may_wait: bool,
    ) -> Result<Self> {
        let folder = Folder::new(dir)?;
        let waits = may_wait && folder.is_fresh();
        Status::Recording.note(&mut metadata);
        let queue = Arc::<Queue>::default();
        let (main, main_tap) = stream(0, queue.clone());
        let shared = Arc::new(Shared {
            format,
            folder,
            main: main_tap,
            others: Mutex::default(),
            texts: Mutex::new(Texts {
                metadata,
                metadata_changed: true,
                paths: Vec::new(),
                paths_changed: true,
            }),
            begun: Mutex::default(),
            failure: OnceLock::new(),
            queue,
        });
        let mut worker = Worker::new(shared.clone());
        if !waits {
            worker.begin()?;
        }
        crash::watch();
        let thread = start(worker, shared.clone())?;
        Ok(Self {
            shared,
            main: Rc::new(main),
            thread: Some(thread),
            resting: None,
        })
    }

    /// The stream of the main thread's events and of all definitions.
    pub fn main(&self) -> &Rc<Stream> {
        &self.main
    }

    /// A stream for another thread, numbered from 1. Its events lie in a part file until `finish`. A thread may go on with
    /// the stream of one that has ended.
    pub fn stream(&self) -> Rc<Stream> {
        let mut others = lock(&self.shared.others);
        let (stream, tap) = stream(others.len() + 1, self.shared.queue.clone());
        others.push(Arc::new(tap));
        Rc::new(stream)
    }

    /// Keeps a text that has no file (of `-c`, of standard input) in the trace folder; returns its path.
    ///
    /// # Errors
    /// `Error::Trace` if it cannot be written.
    pub fn keep(&self, name: &str, text: &[u8]) -> Result<PathBuf> {
        self.shared.folder.keep(name, text)
    }

    /// Lists the next path; before the event that defines it is committed.
    pub fn add_path(&self, path: String) {
        let mut texts = lock(&self.shared.texts);
        texts.paths.push(path);
        texts.paths_changed = true;
    }

    /// Changes the metadata, which are written soon.
    pub fn metadata(&self, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut texts = lock(&self.shared.texts);
        change(&mut texts.metadata);
        texts.metadata_changed = true;
    }

    /// Returns when all that was committed and changed before is in the files.
    ///
    /// # Errors
    /// `Error::Trace` if writing has failed, now or before; it was said on standard error.
    pub fn flush(&mut self) -> Result<()> {
        if self.thread.is_some() {
            self.shared.queue.flush();
        }
        self.write_at_rest(true);
        self.shared
            .failure
            .get()
            .map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Whether writing has failed (a full disk, a folder removed): all events are dropped from now on.
    pub fn failed(&self) -> bool {
        self.shared.failure.get().is_some()
    }

    /// Ends the recording where it stands, for a reason that is none of writing; it is said on standard error.
    pub fn give_up(&mut self, why: &str) {
        // What is asked for here is what can be had: whether it could be written does not matter any more.
        let _ = self.flush();
        self.shared.fail(Error::Trace(why.to_owned()));
    }

    /// Writes what is left, appends the other streams in this order of their numbers (those not named last), removes
    /// their part files and all room, and writes the metadata after a last change. If that leaves the status as it
    /// was, it becomes `complete`.
    ///
    /// # Errors
    /// `Error::Trace` if writing has failed, now or before; it was said on standard error, the status is
    /// `partial`, and what was written loads.
    pub fn finish(
        mut self,
        order: &[usize],
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<()> {
        if let Some(mut worker) = self.stop() {
            let closed = catch_unwind(AssertUnwindSafe(|| worker.close(order)));
            if closed.is_err() {
                self.shared.fail(Error::Trace(OWN_ERROR.to_owned()));
            }
        }
        let mut metadata = mem::take(&mut lock(&self.shared.texts).metadata);
        change(&mut metadata);
        if self.shared.failure.get().is_none() {
            if Status::of(&metadata) == Some(Status::Recording) {
                Status::Complete.note(&mut metadata);
            }
            match self.shared.folder.write_metadata(&metadata) {
                Ok(()) => return Ok(()),
                Err(error) => self.shared.fail(error),
            }
        }
        self.shared.write_failure(&mut metadata)
    }

    /// Ends the recording and removes its trace; what was committed and is not written yet never is.
    ///
    /// # Errors
    /// `Error::Trace` if it cannot be removed.
    pub fn discard(mut self) -> Result<()> {
        self.shared.queue.discard();
        let has_begun = mem::replace(&mut *lock(&self.shared.begun), true);
        if !has_begun && let Some(thread) = self.thread.take() {
            // It has nothing to do any more, and to wait for its end may take longer than the test did.
            self.shared.queue.stop();
            let mut ending = lock(&ENDING);
            ending.retain(|thread| !thread.is_finished());
            ending.push(thread);
        }
        self.stop();
        self.shared.folder.remove()
    }

    /// After a fork, in the child: lets go of the trace, which is the parent's. Takes no lock and
    /// waits for nothing, since whoever held a lock at the fork does not exist here; so its streams must
    /// not be used any more either.
    pub fn abandon(self) {
        // SAFETY: `self` is forgotten below, and the thread that used the files is not in this process.
        unsafe {
            if let Some(file) = self.resting.as_ref().and_then(Worker::file) {
                platform::close_inherited(file);
            }
            self.shared.folder.close_inherited();
        }
        mem::forget(self);
    }

    /// Writes what is left and ends the thread, until `resume`: the process may have to be without
    /// threads of ours (a fork with threads is warned of, since 3.12). Nothing may be committed meanwhile.
    pub fn pause(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.shared.queue.pause();
            self.resting = thread.join().ok().flatten();
            if let Some(worker) = &self.resting {
                worker.await_end();
            }
        }
    }

    /// During `pause`: writes what waits, on the calling thread, where that is much, or old.
    pub fn relieve(&mut self) {
        self.write_at_rest(false);
    }

    fn write_at_rest(&mut self, at_once: bool) {
        let Some(worker) = &mut self.resting else {
            return;
        };
        let written = catch_unwind(AssertUnwindSafe(|| worker.relieve(at_once)));
        if written.is_err() {
            self.shared.fail(Error::Trace(OWN_ERROR.to_owned()));
        }
    }

    /// Goes on after `pause`.
    ///
    /// # Errors
    /// `Error::Session` if no thread can be started.
    pub fn resume(&mut self) -> Result<()> {
        if let Some(worker) = self.resting.take() {
            self.shared.queue.resume();
            self.thread = Some(start(worker, self.shared.clone())?);
        }
        Ok(())
    }

    /// Lets the thread write what is left, and end.
    fn stop(&mut self) -> Option<Worker> {
        if let Err(error) = self.resume() {
            self.shared.fail(error);
        }
        let thread = self.thread.take()?;
        self.shared.queue.stop();
        thread.join().ok().flatten()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start(mut worker: Worker, shared: Arc<Shared>) -> Result<JoinHandle<Option<Worker>>> {
    let run = move || {
        let result = catch_unwind(AssertUnwindSafe(|| worker.run()));
        result
            .map_err(|_| shared.fail(Error::Trace(OWN_ERROR.to_owned())))
            .ok()?;
        Some(worker)
    };
    let thread = thread::Builder::new().name("codetracer-writer".into());
    let thread = platform::without_signals(|| thread.spawn(run));
    thread.map_err(|error| {
        let why = in_words(&error);
        Error::Session(format!("the writer thread cannot be started: {why}"))
    })
}

impl Shared {
    /// Ends the recording, but not the program: nothing is taken from the streams any more, and nobody
    /// waits for it.
    pub(super) fn fail(&self, error: Error) {
        let line = format!("recording stopped: {error}; the program goes on");
        let _ = self.failure.set(error);
        self.queue.close();
        self.main.take();
        for tap in lock(&self.others).iter() {
            tap.take();
        }
        fault::say(&line);
    }

    /// Says in the metadata that writing has failed, and why, if they can still be written.
    pub(super) fn write_failure(&self, metadata: &mut Map<String, Value>) -> Result<()> {
        let Some(error) = self.failure.get() else {
            return Ok(());
        };
        Status::Partial.note(metadata);
        metadata.insert("reason".into(), error.to_string().into());
        // A folder that could not be taken is somebody else's.
        if self.folder.is_claimed() && self.folder.write_metadata(metadata).is_err() {
            let _ = self.folder.overwrite_metadata(metadata);
        }
        Err(error.clone())
    }
}
