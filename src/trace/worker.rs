//! The writer thread: from the streams' buffers into the files.
//!
//! Owns: the order in which things are written. Must not: know a record, or panic.
//!
//! One round takes the other streams' events first, then the main stream's, then the paths; and writes
//! them the other way round. So nothing is on disk before what it refers to: definitions are in the
//! main stream only, and a path is listed before the event that defines it is committed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::compact::Compact;
use super::compressor::Compressor;
use super::crash::{self, Running};
use super::expand::Expander;
use super::folder::{self, Part};
use super::held::{Held, OutFile};
use super::platform;
use super::queue::{Requests, lock};
use super::sink::{self, Appending, Sink};
use super::stream::Taken;
use super::writer::Shared;
use crate::error::Result;
use crate::fault;

/// Events lie in memory no longer than this, also while the program does nothing that is recorded.
const TICK: Duration = Duration::from_millis(200);

/// What the writer thread works with.
pub(super) struct Worker {
    shared: Arc<Shared>,
    /// None until the folder is taken.
    files: Option<Files>,
    /// Part files by the number of their stream. They are opened for each round that needs them, and their
    /// frames end with it: there may be many.
    parts: BTreeMap<usize, Sink>,
    metadata_written: Option<Instant>,
    /// When the last round began.
    last_round: Instant,
    /// The thread that it runs in, or ran in last.
    thread: Option<PathBuf>,
}

/// What is written into the files with.
struct Files {
    /// The event stream's file.
    stream: OutFile,
    main: Sink,
    /// Holds the main stream's open frame.
    compressor: Compressor,
    parts_compressor: Compressor,
    expander: Expander,
    parts_expander: Expander,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            files: None,
            parts: BTreeMap::new(),
            metadata_written: None,
            last_round: Instant::now(),
            thread: None,
        }
    }

    /// Makes files that load. The metadata are the last of them: where they are there is a trace.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.open()?;
        self.write_metadata(Requests::default())
    }

    /// Takes the folder and makes the files for events, unless that is done, or the trace is not wanted any more.
    fn open(&mut self) -> Result<()> {
        let mut begun = lock(&self.shared.begun);
        if *begun {
            return Ok(());
        }
        *begun = true;
        drop(begun);
        self.shared.folder.claim()?;
        self.write_paths()?;
        let (name, path) = (folder::stream_name(self.shared.format), self.main_path());
        let empty = sink::empty(self.shared.format).map_err(folder::at(&path))?;
        self.shared.folder.replace(&name, &empty)?;
        let stream = self.shared.folder.open(&name)?;
        let open = || {
            Ok(Files {
                stream,
                main: Sink::new(self.shared.format)?,
                compressor: Compressor::new()?,
                parts_compressor: Compressor::new()?,
                expander: Expander::new(self.shared.format),
                parts_expander: Expander::without_places(self.shared.format),
            })
        };
        self.files = Some(open().map_err(folder::at(&path))?);
        Ok(())
    }

    /// Does rounds until asked to stop or pause, or until writing fails.
    pub(super) fn run(&mut self) {
        let _running = Running::new();
        self.thread = platform::this_thread();
        loop {
            let requests = self.shared.queue.next(Instant::now() + TICK);
            if self.shared.failure.get().is_some() {
                return self.leave();
            }
            if requests.discard {
                return self.shared.queue.close();
            }
            if let Err(error) = self.round(requests) {
                self.fail(error);
                return;
            }
            crash::written();
            self.shared.queue.answer(requests);
            let ends = requests.stop || (requests.is_empty() && platform::is_alone());
            if ends {
                self.shared.queue.close();
            }
            if ends || requests.pause {
                return;
            }
        }
    }

    /// Does a round on the calling thread, `at_once` or if too much waits to be written, or for too long.
    pub(super) fn relieve(&mut self, at_once: bool) {
        let is_due = at_once || self.shared.queue.is_full() || self.last_round.elapsed() >= TICK;
        if is_due
            && !self.shared.queue.closed()
            && let Err(error) = self.round(Requests::default())
        {
            self.fail(error);
        }
    }

    /// After `run`: makes one whole file of all streams, in this order of their numbers, those not named last.
    pub(super) fn close(&mut self, order: &[usize]) {
        if self.shared.failure.get().is_some() {
            return;
        }
        let mut numbers: Vec<usize> = self.parts.keys().copied().collect();
        numbers.sort_by_key(|number| {
            order
                .iter()
                .position(|name| name == number)
                .unwrap_or(usize::MAX)
        });
        if let Err(error) = self.join(&numbers) {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: crate::error::Error) {
        self.shared.fail(error);
        self.leave();
    }

    /// After a failure, here or elsewhere: what was recorded since is not written, for something before it is missing.
    fn leave(&mut self) {
        // The file loads as it is; without its room it may leave space for the metadata.
        let _ = self.cut();
        let _ = self
            .shared
            .write_failure(&mut lock(&self.shared.texts).metadata);
    }

    /// Removes the room from the file, where it is still ours.
    fn cut(&mut self) -> io::Result<()> {
        match &mut self.files {
            Some(files) => files.main.cut(&mut files.stream),
            None => Ok(()),
        }
    }

    /// After `run`, when its thread was joined: waits until the system counts the thread no more.
    pub(super) fn await_end(&self) {
        if let Some(thread) = &self.thread {
            platform::await_end(thread);
        }
    }

    /// The event stream's file.
    pub(super) fn file(&self) -> Option<&Held> {
        self.files.as_ref().map(|files| files.stream.held())
    }

    fn round(&mut self, requests: Requests) -> Result<()> {
        fault::point("writer");
        self.last_round = Instant::now();
        self.open()?;
        let others = lock(&self.shared.others).clone();
        let taken: Vec<_> = others
            .iter()
            .map(|tap| (tap.number(), tap.take()))
            .collect();
        let main = self.shared.main.take();
        // Where these cannot be written any more (the program has given up its rights), what was recorded before is.
        let told = self
            .write_paths()
            .and_then(|()| self.write_metadata(requests));
        self.write_main(main)?;
        for (number, taken) in taken {
            if !taken.is_empty() {
                self.write_part(number, &taken)?;
                self.shared
                    .queue
                    .written(taken.full.iter().map(Compact::weight).sum());
            }
        }
        told
    }

    fn write_paths(&self) -> Result<()> {
        let mut texts = lock(&self.shared.texts);
        if texts.paths_changed {
            self.shared.folder.write_paths(&texts.paths)?;
            texts.paths_changed = false;
        }
        Ok(())
    }

    /// Writes the metadata where they have changed. The last ones are not written here, but when all else is.
    fn write_metadata(&mut self, requests: Requests) -> Result<()> {
        let mut texts = lock(&self.shared.texts);
        let is_old = (self.metadata_written).is_none_or(|written| written.elapsed() >= TICK);
        if texts.metadata_changed && (is_old || requests.at_once()) && !requests.stop {
            self.shared.folder.write_metadata(&texts.metadata)?;
            texts.metadata_changed = false;
            self.metadata_written = Some(Instant::now());
        }
        Ok(())
    }

    fn write_main(&mut self, taken: Taken) -> Result<()> {
        let path = self.main_path();
        let failure = folder::at(&path);
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        let Files {
            stream,
            main,
            compressor,
            expander,
            ..
        } = files;
        let mut expand = |events: &Compact| {
            let target = Appending {
                sink: &mut *main,
                file: &mut *stream,
                compressor: &mut *compressor,
            };
            expander.expand(events.bytes(), target)
        };
        for chunk in taken.full {
            expand(&chunk).map_err(&failure)?;
            self.shared.queue.written(chunk.weight());
            self.shared.main.reuse(chunk);
        }
        expand(&taken.rest).map_err(&failure)?;
        main.flush(stream, compressor).map_err(&failure)
    }

    fn write_part(&mut self, number: usize, taken: &Taken) -> Result<()> {
        let name = self.part(number).name();
        let path = self.shared.folder.file(&name);
        let failure = folder::at(&path);
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        let part = match self.parts.entry(number) {
            Entry::Occupied(part) => part.into_mut(),
            Entry::Vacant(part) => {
                let empty = sink::empty(self.shared.format).map_err(&failure)?;
                self.shared.folder.replace(&name, &empty)?;
                part.insert(Sink::new(self.shared.format).map_err(&failure)?)
            }
        };
        let mut file = self.shared.folder.open(&name)?;
        for events in taken.full.iter().chain([&taken.rest]) {
            let target = Appending {
                sink: &mut *part,
                file: &mut file,
                compressor: &mut files.parts_compressor,
            };
            files
                .parts_expander
                .expand(events.bytes(), target)
                .map_err(&failure)?;
        }
        part.end(&mut file, &mut files.parts_compressor)
            .map_err(&failure)
    }

    fn join(&mut self, numbers: &[usize]) -> Result<()> {
        fault::point("join");
        let path = self.main_path();
        let failure = folder::at(&path);
        if let Some(files) = &mut self.files {
            let (main, file) = (&mut files.main, &mut files.stream);
            main.end(file, &mut files.compressor).map_err(&failure)?;
        }
        for number in numbers {
            self.join_part(*number)?;
        }
        self.cut().map_err(&failure)
    }

    /// Appends a part's events to the main stream. Until its file is removed its name tells where they begin there, so that
    /// after a kill they are not taken twice.
    fn join_part(&mut self, number: usize) -> Result<()> {
        let path = self.main_path();
        let waiting = self.part(number);
        let (Some(files), Some(part)) = (&mut self.files, self.parts.get(&number)) else {
            return Ok(());
        };
        let folder = &self.shared.folder;
        let joined_at = Some(files.main.end_of_events());
        let name = Part {
            joined_at,
            ..waiting
        }
        .name();
        folder.rename(&waiting.name(), &name)?;
        let part_file = folder.open(&name)?;
        files
            .main
            .join(&mut files.stream, part, part_file.held())
            .map_err(folder::at(&path))?;
        drop(part_file);
        folder.remove_file(&name)
    }

    fn main_path(&self) -> PathBuf {
        self.shared
            .folder
            .file(&folder::stream_name(self.shared.format))
    }

    fn part(&self, number: usize) -> Part {
        Part {
            number: number as u64,
            joined_at: None,
            format: self.shared.format,
        }
    }
}
