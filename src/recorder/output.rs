//! What the program writes and reads on its standard streams, on the line that caused it.
//!
//! Owns: when a text becomes an `Event`. Pieces of one line written one by one (as `print` does) are
//! one event; a piece waits for the rest of its line until the thread goes on, or the stream is flushed.
//! Must not: know how a stream is listened to.

use std::fmt::Write;
use std::mem;

use crate::code;
use crate::fault;
use crate::frame::Frame;
use crate::policy::{Mark, Stream as Heard};
use crate::trace::EventKind;

use super::{ROOT_STEP, Recorder, emit};

/// A standard stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Standard input.
    Stdin,
}

/// Bytes of a text that waits for the end of its line.
const MAX_WAITING: usize = 2048;
/// Characters behind `limits.output-bytes` that are looked at: a secret that begins before it may be known by them alone.
const BEHIND: usize = 1024;

/// A text that waits for the rest of its line.
pub(super) struct Waiting {
    channel: Channel,
    /// In bytes, since a character may come in parts.
    text: Vec<u8>,
    /// Characters behind it that were left out.
    rest: usize,
}

/// What has come so far of a line that is secret.
pub(super) struct Answer {
    text: String,
    mark: Mark,
}

impl Channel {
    fn kind(self) -> EventKind {
        match self {
            Self::Stdout => EventKind::Stdout,
            Self::Stderr => EventKind::Stderr,
            Self::Stdin => EventKind::Stdin,
        }
    }
}

impl Recorder {
    /// How many characters of a stream's texts are looked at: what the policy wants and has room for, and those behind. Of
    /// what is not shown as many as may ask for a secret, or be one.
    pub fn room(&self, channel: Channel) -> usize {
        if !self.active || self.between_parts {
            0
        } else if self.shows(channel) {
            let left = self.output_left[channel as usize];
            usize::try_from(left).map_or(usize::MAX, |left| left.saturating_add(BEHIND))
        } else {
            BEHIND
        }
    }

    /// Whether the policy wants a stream's texts, and has room for more.
    fn shows(&self, channel: Channel) -> bool {
        let capture = &self.setup.capture;
        let is_wanted = match channel {
            Channel::Stdout => capture.stdout,
            Channel::Stderr => capture.stderr,
            Channel::Stdin => capture.stdin,
        };
        is_wanted && self.output_left[channel as usize] > 0
    }

    /// The bytes of a text that the calling thread has written or read, and how many characters more it had.
    pub fn text(&mut self, channel: Channel, text: &[u8], rest: usize) {
        fault::point("output");
        if !self.shows(channel) {
            return self.hear(channel, &String::from_utf8_lossy(text));
        }
        let thread = self.speaking_thread();
        if let Some(frame) = self.threads[thread].calls.last().map(|call| call.frame) {
            self.back_to_frame(thread, frame);
        }
        let waits = self.threads[thread].output.as_ref();
        if waits.is_some_and(|waiting| waiting.channel != channel) {
            self.flush_output(thread);
        }
        let begun = &mut self.begun[channel as usize];
        let new = || Waiting {
            channel,
            text: mem::take(begun),
            rest: 0,
        };
        let waiting = self.threads[thread].output.get_or_insert_with(new);
        waiting.text.extend_from_slice(text);
        waiting.rest = rest;
        if rest > 0 || waiting.text.ends_with(b"\n") || waiting.text.len() >= MAX_WAITING {
            self.flush_output(thread);
        }
    }

    /// Takes a text in that is not shown: it may ask for a secret, or be the answer.
    fn hear(&mut self, channel: Channel, text: &str) {
        if channel == Channel::Stdin {
            self.flush_output(self.speaking_thread());
            self.redacted(channel, text);
        } else {
            self.heard[channel as usize].hear(text);
        }
    }

    /// The thread whose last step a text belongs to: the calling one, or where it runs no recorded code, the main one.
    fn speaking_thread(&self) -> usize {
        let (session, place) = super::CURRENT.get();
        if session == self.setup.session {
            place
        } else {
            0
        }
    }

    fn back_to_frame(&mut self, thread: usize, id: usize) {
        if self.threads[thread].stepped == id {
            return;
        }
        let mut next = Frame::current();
        while let Some(frame) = next {
            if frame.id() == id {
                if let Some(info) = code::info(frame.code().cast(), self.setup.session) {
                    self.back_to_line(thread, info, frame);
                }
                return;
            }
            next = frame.back();
        }
    }

    /// What of a text, of which `rest` more characters were left out, there is room for.
    fn within_limit(&mut self, channel: Channel, mut text: String, rest: usize) -> String {
        let left = &mut self.output_left[channel as usize];
        if *left == 0 {
            return String::new();
        }
        let mut end = usize::try_from(*left).map_or(text.len(), |left| left.min(text.len()));
        if end == text.len() && rest == 0 {
            *left -= end as u64;
            return text;
        }
        *left = 0;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let rest = text[end..].chars().count() + rest;
        text.truncate(end);
        let _ = write!(text, "… (+{rest} chars)");
        text
    }

    /// The calling thread has flushed a stream: what waits belongs to this line.
    pub fn flushed(&mut self) {
        let thread = self.speaking_thread();
        self.flush_output(thread);
    }

    /// The program asks for a line with this text, wherever that is written; with none it does not.
    pub fn asks(&mut self, prompt: &str) {
        let thread = self.speaking_thread();
        let waits = self.threads[thread].output.as_ref();
        if waits.is_some_and(|waiting| waiting.channel == Channel::Stdin) {
            self.flush_output(thread);
        }
        self.prompt = Heard::default();
        self.prompt.next(&mut self.values.redaction, prompt);
    }

    /// This is the secret that the program has asked for, read from wherever.
    pub fn answers(&mut self, text: &str) {
        let redaction = &mut self.values.redaction;
        let question = self.prompt.question();
        if let Some(mark) = question.and_then(|question| redaction.asked(&question)) {
            redaction.follow_answer(text.trim_end_matches(['\r', '\n']), &mark);
        }
    }

    /// A text without its secrets, seen with what came before it on its stream.
    fn redacted(&mut self, channel: Channel, text: &str) -> String {
        if channel == Channel::Stdin {
            if let Some(shown) = self.answered(text) {
                return shown;
            }
            if text.contains('\n') {
                let asking = self.heard.iter_mut().chain([&mut self.prompt]);
                asking.for_each(Heard::forget_question);
            }
        }
        self.heard[channel as usize].next(&mut self.values.redaction, text)
    }

    /// What is shown of a text that is read where `Password: ` was asked for: of all up to the end of its line, which
    /// may come in pieces, one mark.
    fn answered(&mut self, text: &str) -> Option<String> {
        let redaction = &mut self.values.redaction;
        let is_first = self.answer.is_none();
        if is_first {
            let [output, errors, _] = &mut self.heard;
            let mut prompts = [&mut self.prompt, output, errors];
            let mut questions: Vec<_> = prompts.iter().filter_map(|one| one.question()).collect();
            if questions.iter().any(|question| question.is_open) {
                // What was asked on a line before was another question.
                questions.retain(|question| question.is_open);
            }
            let mark = questions.iter().find_map(|one| redaction.asked(one))?;
            prompts.iter_mut().for_each(|prompt| prompt.answered());
            self.answer = Some(Answer {
                text: String::new(),
                mark,
            });
        }
        let answer = self.answer.as_mut()?;
        if answer.text.len() < MAX_WAITING {
            answer.text.push_str(text);
        }
        let shown = if is_first {
            format!("{}\n", answer.mark)
        } else {
            String::new()
        };
        // A terminal that hands on each key as it is ends a line with the second.
        let ends = text.contains(['\n', '\r']);
        if is_first || ends {
            redaction.follow(answer.text.trim(), &answer.mark);
        }
        if ends {
            self.answer = None;
        }
        Some(shown)
    }

    /// Writes the text that waits for the rest of its line.
    #[inline]
    pub(super) fn flush_output(&mut self, thread: usize) {
        if let Some(waiting) = self.threads[thread].output.take() {
            self.write_output(thread, waiting);
        }
    }

    #[cold]
    fn write_output(&mut self, thread: usize, mut waiting: Waiting) {
        if waiting.rest == 0 {
            let whole = whole_characters(&waiting.text);
            self.begun[waiting.channel as usize] = waiting.text.split_off(whole);
        }
        self.write_text(thread, &waiting);
    }

    fn write_text(&mut self, thread: usize, waiting: &Waiting) {
        if waiting.text.is_empty() {
            return;
        }
        let channel = waiting.channel;
        let text = self.redacted(channel, &String::from_utf8_lossy(&waiting.text));
        let text = self.within_limit(channel, text, waiting.rest);
        for piece in pieces(&text) {
            emit!(self, thread, |out, _| out.event(channel.kind(), "", piece));
            let stepped = &mut self.threads[thread].stepped;
            if *stepped == ROOT_STEP {
                *stepped = 0; // no longer what lies right before the program's call
            }
        }
    }

    /// Writes all that waits, parts of characters too: there is no more to come.
    pub(super) fn end_output(&mut self) {
        for thread in 0..self.threads.len() {
            self.flush_output(thread);
        }
        for channel in [Channel::Stdout, Channel::Stderr, Channel::Stdin] {
            let text = mem::take(&mut self.begun[channel as usize]);
            let waiting = Waiting {
                channel,
                text,
                rest: 0,
            };
            self.write_text(0, &waiting);
        }
    }
}

/// How many of a text's bytes are not the beginning of a character that goes on behind them.
fn whole_characters(text: &[u8]) -> usize {
    let tail = text.len().saturating_sub(3);
    let starts = (tail..text.len()).rev();
    let mut begun = starts.filter(|&at| text[at] >= 0xc0);
    let goes_on = |&at: &usize| {
        let problem = str::from_utf8(&text[at..]).err();
        problem.is_some_and(|problem| problem.valid_up_to() == 0 && problem.error_len().is_none())
    };
    begun.next().filter(goes_on).unwrap_or(text.len())
}

/// A text in parts of at most [`MAX_WAITING`] bytes, each a text of its own.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(MAX_WAITING);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}
