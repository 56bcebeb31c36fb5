//! Texts that ask for something: `Password: `, `Enter your API key [none]? `.
//!
//! Owns: what of a text that was shown is the question. Must not: judge a name, or know who answers.

/// What may stand around what is asked for, and behind it.
const MARKS: [char; 9] = [':', '?', '=', '.', '…', '*', '"', '\'', '`'];

/// What was asked for last.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// Without what stands behind it: `Enter your API key`. Nothing where the line asks for nothing.
    pub(super) subject: String,
    /// Whether it is answered on its own line.
    pub is_open: bool,
}

impl Question {
    /// The same without its last word.
    pub(super) fn before(&self) -> &str {
        (self.subject.rsplit_once(char::is_whitespace)).map_or("", |(before, _)| before.trim_end())
    }
}

/// What a text asks for: in its last line that says anything. A shell's prompt (`secrets> `) asks for nothing, and a line
/// that has ended and is a sentence (`Wrong password.`) does not either.
pub(super) fn question(shown: &str) -> Option<Question> {
    let mut lines = shown.rsplit(['\n', '\r']).map(plain).enumerate();
    let (place, line) = lines.find(|(_, line)| line.contains(char::is_alphanumeric))?;
    let is_open = place == 0;
    let is_sentence = !is_open && line.trim_end().ends_with(['.', '…', '!']);
    let subject = subject(&line);
    let asks = subject.ends_with(char::is_alphanumeric) && !is_sentence;
    Some(Question {
        subject: if asks {
            subject.to_owned()
        } else {
            String::new()
        },
        is_open,
    })
}

/// A line without what a terminal does not show: colours, and the bytes by which readline knows them.
fn plain(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut units = line.chars();
    while let Some(unit) = units.next() {
        if unit != '\x1b' {
            shown.extend((!unit.is_control()).then_some(unit));
        } else if units.next() == Some('[') {
            // ECMA-48, 5.4: a control sequence ends in one of these.
            let _ = units.find(|unit| matches!(unit, '@'..='~'));
        }
    }
    shown
}

/// A line without the marks at its end and what stands there in brackets: a default, a hint.
fn subject(line: &str) -> &str {
    let left = line.trim_end_matches(|unit: char| unit.is_whitespace() || MARKS.contains(&unit));
    let brackets = [('[', ']'), ('(', ')')];
    let open = (brackets.iter())
        .find(|(_, close)| left.ends_with(*close))
        .and_then(|(open, _)| left.rfind(*open));
    match open {
        Some(at) => subject(&left[..at]),
        None => left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_the_last_line_that_says_anything() {
        for (shown, subject, is_open) in [
            ("Password: ", "Password", true),
            ("Name: bob\nPassword: ", "Name: bob\nPassword", true),
            ("Enter it [none] (again)? ", "Enter it", true),
            ("\x1b[1;31mPassword\x1b[0m: ", "Password", true),
            ("\x01\x1b[1m\x02Password:\x01\x1b[0m\x02 ", "Password", true),
            ("Password:\n> ", "Password", false),
            ("Enter your password\n\n", "Enter your password", false),
            ("working\rPassword for 'bob': ", "Password for 'bob", true),
        ] {
            let subject = subject.rsplit('\n').next().unwrap().to_owned();
            assert_eq!(question(shown), Some(Question { subject, is_open }));
        }
        for shown in ["secrets> ", "Wrong password.\n", "Password!\n"] {
            assert_eq!(question(shown).unwrap().subject, "", "{shown}");
        }
        assert_eq!(question("> "), None);
    }
}
