//! Text on one line: what would break the line, or reorder it on the screen, is escaped as Python does.
//!
//! Owns: which characters are escaped. Must not: cut.

/// Appends `text` as it is, but for characters that are escaped.
pub fn push_bare(out: &mut String, text: &str) {
    if is_plain(text) {
        return out.push_str(text);
    }
    for character in text.chars() {
        push_character(out, character);
    }
}

/// Appends `text` as Python's `repr` would: quoted, backslashes doubled.
pub fn push_quoted(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    if is_plain(text) && !text.contains([quote, '\\']) {
        out.push_str(text);
        out.push(quote);
        return;
    }
    for character in text.chars() {
        if character == quote || character == '\\' {
            out.push('\\');
            out.push(character);
        } else {
            push_character(out, character);
        }
    }
    out.push(quote);
}

/// Whether no character is escaped.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn push_character(out: &mut String, character: char) {
    match character {
        ' '..='~' => out.push(character),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if !must_be_escaped(character) => out.push(character),
        _ => {
            let number = u32::from(character);
            out.push_str(&if number < 0x100 {
                format!("\\x{number:02x}")
            } else {
                format!("\\u{number:04x}")
            });
        }
    }
}

/// Control characters, the two line separators of Unicode, marks of direction, and the byte order mark.
fn must_be_escaped(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}
