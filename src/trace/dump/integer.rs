//! A whole number beyond 64 bits, written out.
//!
//! Owns: the way from magnitude to digits. Must not: take longer than its length allows.

use std::fmt::Write as _;

/// Bytes up to which a number is written in decimal: about the 4300 digits at which Python stops too, for the same
/// reason, that the time grows with the square of the length.
const DECIMAL_LIMIT: usize = 1800;
const CHUNK: u64 = 1_000_000_000;
const CHUNK_DIGITS: usize = 9;

/// The digits of the number with this big-endian magnitude: decimal, or hexadecimal if it is very long.
pub fn digits(magnitude: &[u8], negative: bool) -> String {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let magnitude = &magnitude[zeros..];
    let mut text = String::from(if negative && !magnitude.is_empty() {
        "-"
    } else {
        ""
    });
    if magnitude.len() > DECIMAL_LIMIT {
        text.push_str("0x");
        for byte in magnitude {
            let _ = write!(text, "{byte:02x}");
        }
    } else {
        push_decimal(&mut text, magnitude);
    }
    text
}

fn push_decimal(text: &mut String, magnitude: &[u8]) {
    let mut chunks = Vec::new();
    let mut rest = limbs(magnitude);
    while !rest.is_empty() {
        chunks.push(divide(&mut rest));
    }
    let _ = write!(text, "{}", chunks.pop().unwrap_or(0));
    for chunk in chunks.iter().rev() {
        let _ = write!(text, "{chunk:0width$}", width = CHUNK_DIGITS);
    }
}

/// The number in base 2³², highest first.
fn limbs(magnitude: &[u8]) -> Vec<u32> {
    let limb = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |limb, byte| limb << 8 | u32::from(*byte))
    };
    let mut limbs: Vec<u32> = magnitude.rchunks(4).map(limb).collect();
    limbs.reverse();
    limbs
}

/// Divides by `CHUNK` in place, without leading zeros; returns the remainder.
fn divide(limbs: &mut Vec<u32>) -> u64 {
    let mut rest = 0;
    for limb in limbs.iter_mut() {
        let part = rest << 32 | u64::from(*limb);
        *limb = (part / CHUNK) as u32;
        rest = part % CHUNK;
    }
    let zeros = limbs.iter().take_while(|limb| **limb == 0).count();
    limbs.drain(..zeros);
    rest
}
