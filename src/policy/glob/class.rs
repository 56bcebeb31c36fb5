//! Character classes: `[a-z]`, `[!a]`.
//!
//! Owns: reading one, as sets of characters. Must not: know where in a pattern it stands.

use std::iter::Peekable;
use std::str::Chars;

use super::Problem;

/// Inclusive ranges of code points, sorted, that do not touch.
pub(super) type Ranges = Vec<(u32, u32)>;

/// Reads a class whose `[` has been read; `separator` is not in it, whatever it says.
pub(super) fn read(
    rest: &mut Peekable<Chars<'_>>,
    separator: char,
    escapes: bool,
) -> Result<Ranges, Problem> {
    let negated = rest.next_if(|&c| c == '!' || c == '^').is_some();
    let mut ranges = Vec::new();
    loop {
        match next(rest)? {
            ']' if !ranges.is_empty() => break,
            '[' if names_a_class(rest.clone()) => {
                let way_out = "write its ranges, as in [a-zA-Z]";
                return Err(Problem::with_way_out("a named class", way_out));
            }
            c => {
                let first = member(c, rest, escapes)?;
                let last = if range_follows(rest.clone()) {
                    rest.next();
                    let c = next(rest)?;
                    member(c, rest, escapes)?
                } else {
                    first
                };
                if last < first {
                    return Err(Problem::new(format!("range {first}-{last} runs backwards")));
                }
                ranges.push((u32::from(first), u32::from(last)));
            }
        }
    }
    // Both ways the complement merges and sorts; the separator is taken out on the way.
    let mut others = if negated { ranges } else { complement(ranges) };
    others.push((u32::from(separator), u32::from(separator)));
    let ranges = complement(others);
    if ranges.is_empty() {
        return Err(Problem::new("a class that holds nothing but the separator"));
    }
    Ok(ranges)
}

fn next(rest: &mut Peekable<Chars<'_>>) -> Result<char, Problem> {
    let way_out = "[[] is the character itself";
    rest.next()
        .ok_or_else(|| Problem::with_way_out("unclosed '['", way_out))
}

/// The member that begins with `c`.
fn member(c: char, rest: &mut Peekable<Chars<'_>>, escapes: bool) -> Result<char, Problem> {
    if c == '\\' && escapes {
        next(rest)
    } else {
        Ok(c)
    }
}

/// Whether a `-` and the end of a range follow; before `]` it is a member itself.
fn range_follows(mut rest: Peekable<Chars<'_>>) -> bool {
    rest.next() == Some('-') && rest.next().is_some_and(|c| c != ']')
}

/// Whether `:name:]` follows, as in POSIX classes.
fn names_a_class(mut rest: Peekable<Chars<'_>>) -> bool {
    rest.next() == Some(':')
        && rest.find(|c| !c.is_ascii_alphabetic()) == Some(':')
        && rest.next() == Some(']')
}

/// All characters that lie in none of the ranges.
fn complement(mut ranges: Vec<(u32, u32)>) -> Ranges {
    ranges.sort_unstable();
    let mut rest = Vec::new();
    let mut next = 0;
    for (first, last) in ranges {
        if next < first {
            rest.push((next, first - 1));
        }
        next = next.max(last + 1);
    }
    if next <= u32::from(char::MAX) {
        rest.push((next, u32::from(char::MAX)));
    }
    rest
}
