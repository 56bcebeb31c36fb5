//! Identifiers as words, and patterns of such names.
//!
//! Owns: the grammar of name patterns. Must not: know which patterns are in force.

/// Characters of a name that are looked at: longer ones are no identifiers.
const LONGEST: usize = 256;

/// The words of an identifier, in lower case: it is cut at `_`, `-`, `.`, blanks, digits and changes of case.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut units = name.chars().take(LONGEST).peekable();
    let mut before = None::<char>;
    while let Some(unit) = units.next() {
        if !unit.is_alphabetic() {
            finish(&mut words, &mut word);
            before = None;
            continue;
        }
        let rises = unit.is_uppercase() && before.is_some_and(char::is_lowercase);
        // The last capital of a run begins the word that goes on in lower case: `APIKey`.
        let ends_run = unit.is_uppercase()
            && before.is_some_and(char::is_uppercase)
            && units.peek().is_some_and(|next| next.is_lowercase());
        if rises || ends_run {
            finish(&mut words, &mut word);
        }
        word.extend(unit.to_lowercase());
        before = Some(unit);
    }
    finish(&mut words, &mut word);
    words
}

fn finish(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// A pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamePattern(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// These words, one after the other, anywhere.
    Anywhere(Vec<String>),
    /// The whole name.
    Whole(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    /// Any words, or none.
    Any,
}

impl NamePattern {
    /// Reads a pattern: `api_key`, `*_token`, `=pin`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (text, is_exact) = match text.strip_prefix('=') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let misplaced = |unit: &char| {
            !(unit.is_alphanumeric() || matches!(unit, '_' | '-' | '.' | ' '))
                && (is_exact || *unit != '*')
        };
        if let Some(unit) = text.chars().find(misplaced) {
            return Err(format!(
                "{unit:?} in a name pattern (letters, digits, '_', '-' and '*', or '=' before a whole name)"
            ));
        }
        let parts: Vec<Part> = text
            .split('*')
            .enumerate()
            .flat_map(|(index, piece)| {
                let any = (index > 0).then_some(Part::Any);
                any.into_iter()
                    .chain(words(piece).into_iter().map(Part::Word))
            })
            .collect();
        if !parts.iter().any(|part| matches!(part, Part::Word(_))) {
            return Err("a name pattern without a letter (a word, as \"ticket\")".to_owned());
        }
        Ok(Self(if is_exact || text.contains('*') {
            Form::Whole(parts)
        } else {
            Form::Anywhere(words(text))
        }))
    }

    /// Whether a name, given as its words, is meant.
    pub(super) fn matches(&self, name: &[String]) -> bool {
        match &self.0 {
            Form::Anywhere(pattern) => {
                (0..name.len()).any(|start| follows(pattern, &name[start..]).is_some())
            }
            Form::Whole(pattern) => covers(pattern, name),
        }
    }
}

/// How many words at the start of `name` these words are; they may be written together there: `apikey`.
fn follows(pattern: &[String], name: &[String]) -> Option<usize> {
    let (mut word, mut rest) = (0, "");
    for part in pattern {
        if rest.is_empty() {
            rest = name.get(word)?;
            word += 1;
        }
        rest = rest.strip_prefix(part.as_str())?;
    }
    rest.is_empty().then_some(word)
}

/// Whether the parts are the whole name.
fn covers(pattern: &[Part], name: &[String]) -> bool {
    match pattern.first() {
        None => name.is_empty(),
        Some(Part::Any) => (0..=name.len()).any(|skipped| covers(&pattern[1..], &name[skipped..])),
        Some(Part::Word(_)) => {
            let run: Vec<String> = pattern
                .iter()
                .map_while(|part| match part {
                    Part::Word(word) => Some(word.clone()),
                    Part::Any => None,
                })
                .collect();
            follows(&run, name).is_some_and(|taken| covers(&pattern[run.len()..], &name[taken..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        NamePattern::parse(pattern)
            .expect("a pattern")
            .matches(&words(name))
    }

    #[test]
    fn identifiers_are_cut_into_words() {
        for (name, expected) in [
            ("dbPassword2", vec!["db", "password"]),
            ("X-Api-Key", vec!["x", "api", "key"]),
            ("APIKey", vec!["api", "key"]),
            ("api_key", vec!["api", "key"]),
            ("HTTPSConnection", vec!["https", "connection"]),
            ("__secret__", vec!["secret"]),
            ("tokens_used", vec!["tokens", "used"]),
            ("ÄußereKraft", vec!["äußere", "kraft"]),
            ("_1", vec![]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn plain_patterns_match_anywhere_by_words() {
        for name in [
            "password",
            "password_hash",
            "db_password",
            "DBPassword",
            "user.password2",
        ] {
            assert!(matches("password", name), "{name}");
        }
        for name in ["passwords", "compass", "passwordless"] {
            assert!(!matches("password", name), "{name}");
        }
        for name in ["my_api_key_2", "apikey", "MyApiKey", "x-api-key", "APIKEY"] {
            assert!(matches("api_key", name), "{name}");
        }
        for name in ["api", "key_api", "api_the_key", "apikeys"] {
            assert!(!matches("api_key", name), "{name}");
        }
    }

    #[test]
    fn stars_and_equals_cover_the_whole_name() {
        for name in ["token", "auth_token", "accessToken", "TOKEN", "token2"] {
            assert!(matches("*_token", name), "{name}");
        }
        for name in ["token_count", "tokens", "tokenizer", "token_url"] {
            assert!(!matches("*_token", name), "{name}");
        }
        assert!(matches("=pin", "pin") && matches("=pin", "PIN_2"));
        assert!(!matches("=pin", "pin_code") && !matches("=pin", "spin"));
        assert!(matches("my*key*", "my_own_key_file") && !matches("my*key*", "own_key"));
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for text in ["", "=", "*", "a/b", "=a*", "__", "[a-z]"] {
            assert!(NamePattern::parse(text).is_err(), "{text}");
        }
    }
}
