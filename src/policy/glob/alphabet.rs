//! The alphabet in which names and patterns meet globset.
//!
//! Owns: the spelling of one character. Must not: know patterns.
//!
//! globset matches bytes, and to it `?` and `[é]` are one byte, which no character beyond ASCII is.
//! So each such character is spelt with ASCII alone: a mark and six digits, drawn from the control
//! characters, which are therefore spelt the same way. A `*` cannot take half a character: what
//! follows it starts with a printable character or with a mark. The separator is spelt `/`.

use std::borrow::Cow;

use super::Kind;
use super::class::Ranges;

const MARK: char = '\u{1}';
const DIGITS: u32 = 6;

/// Stands for the hexadecimal digit `value`.
fn digit(value: u32) -> char {
    char::from(0x10 | (value & 0xf) as u8)
}

/// The name in globset's alphabet; ordinary file names are spelt as they are.
pub(in crate::policy) fn spell(kind: Kind, name: &str) -> Cow<'_, str> {
    if kind == Kind::Path && name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(name);
    }
    let mut spelt = String::with_capacity(name.len());
    for c in name.chars() {
        if c == kind.separator() {
            spelt.push('/');
        } else {
            push(&mut spelt, c);
        }
    }
    Cow::Owned(spelt)
}

/// Appends a character that is no separator.
fn push(out: &mut String, c: char) {
    if plain(c) {
        out.push(c);
    } else {
        out.push(MARK);
        let code = u32::from(c);
        out.extend((0..DIGITS).rev().map(|place| digit(code >> (4 * place))));
    }
}

/// Whether a character is spelt as itself. `/` never is: in a module's name it separates nothing.
fn plain(c: char) -> bool {
    (' '..='~').contains(&c) && c != '/'
}

/// Appends the glob of exactly this character.
pub(super) fn push_literal(glob: &mut String, c: char) {
    if "*?[]{},!^-\\".contains(c) {
        glob.push('\\');
    }
    push(glob, c);
}

/// Appends the glob of any one character.
pub(super) fn push_any(glob: &mut String) {
    glob.push_str("{[ -.0-~],");
    glob.push(MARK);
    glob.extend((0..DIGITS).map(|_| '?'));
    glob.push('}');
}

/// Appends the glob of any one character of these ranges.
pub(super) fn push_class(glob: &mut String, ranges: &Ranges) {
    let mut members = String::new();
    let mut alternatives = Vec::new();
    for &(first, last) in ranges {
        let within = |c: char| (first..=last).contains(&u32::from(c));
        for (low, high) in MEMBERS {
            let (low, high) = (first.max(u32::from(low)), last.min(u32::from(high)));
            if let (true, Some(low), Some(high)) =
                (low <= high, char::from_u32(low), char::from_u32(high))
            {
                members.extend([low, '-', high]);
            }
        }
        let outsiders = OUTSIDERS.into_iter().filter(|&c| within(c));
        alternatives.extend(outsiders.map(|c| format!("\\{c}")));
        for (low, high) in [(0, 0x1f), (0x2f, 0x2f), (0x7f, u32::from(char::MAX))] {
            push_spellings(&mut alternatives, first.max(low), last.min(high));
        }
    }
    if !members.is_empty() {
        alternatives.push(format!("[{members}]"));
    }
    glob.push('{');
    glob.push_str(&alternatives.join(","));
    glob.push('}');
}

/// The characters spelt as themselves, as far as they can stand in a class of globset's, which has no escape.
const MEMBERS: [(char, char); 5] = [(' ', ' '), ('"', ','), ('.', '.'), ('0', '\\'), ('_', '~')];

/// The others that are spelt as themselves.
const OUTSIDERS: [char; 4] = ['!', '-', ']', '^'];

/// Appends globs of the spellings of a range of characters that are not spelt as themselves: one for each
/// block of numbers that share their leading digits.
fn push_spellings(alternatives: &mut Vec<String>, first: u32, last: u32) {
    let mut next = first;
    while next <= last {
        let fits = |&free: &u32| {
            next.is_multiple_of(16 << (4 * free)) && next + (16 << (4 * free)) - 1 <= last
        };
        // How many digits at the end are free, and how many of the digit before them follow each other.
        let free = (0..DIGITS - 1).take_while(fits).count() as u32;
        let size = 1 << (4 * free);
        let here = (next / size) % 16;
        let count = ((last - next + 1) / size).min(16 - here);
        let mut spelling = String::from(MARK);
        spelling.extend(
            (free + 1..DIGITS)
                .rev()
                .map(|place| digit(next >> (4 * place))),
        );
        spelling.extend(['[', digit(here), '-', digit(here + count - 1), ']']);
        spelling.extend((0..free).map(|_| '?'));
        alternatives.push(spelling);
        next += count * size;
    }
}
