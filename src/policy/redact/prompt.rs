//! Texts that ask for something: `Password: `, `Enter your API key [none]? `.
//!
//! Owns: what of a text that was shown is the question. Must not: judge a name, or know who answers.

use super::terminal::Plain;

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

/// What a text asks for: in its last line that says anything. A sentence asks for nothing: a line that has ended in a full
/// stop (`Wrong password.`), or any in an exclamation mark.
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
    let shown = Plain::of(line).text;
    shown.chars().filter(|unit| !unit.is_control()).collect()
}

/// A line without the marks at its end (`: `, `> `, `$ `) and what stands there in brackets: a default, a hint. In brackets
/// alone is what is asked for.
fn subject(line: &str) -> &str {
    let is_mark = |unit: char| !unit.is_alphanumeric() && !matches!(unit, ']' | ')' | '!');
    let left = line.trim_end_matches(is_mark);
    let brackets = [('[', ']'), ('(', ')')];
    let open = (brackets.iter())
        .find(|(_, close)| left.ends_with(*close))
        .and_then(|(open, _)| left.rfind(*open));
    match open {
        Some(at) if left[..at].contains(char::is_alphanumeric) => subject(&left[..at]),
        Some(at) => subject(&left[at + 1..left.len() - 1]),
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
            ("Password> ", "Password", true),
            ("Password -> ", "Password", true),
            ("[Password] \u{276f} ", "Password", true),
            ("password [q to quit]> ", "password", true),
            ("\x1b[1mPassword>\x1b[0m ", "Password", true),
            ("(password): ", "password", true),
        ] {
            let subject = subject.rsplit('\n').next().unwrap().to_owned();
            assert_eq!(question(shown), Some(Question { subject, is_open }));
        }
        for shown in ["Wrong password!", "Wrong password.\n", "Password!\n"] {
            assert_eq!(question(shown).unwrap().subject, "", "{shown}");
        }
        assert_eq!(question("> "), None);
    }
}
