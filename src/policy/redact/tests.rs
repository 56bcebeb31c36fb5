//! Owns: redaction as a whole: names of the default policy, shapes, texts in pieces. Must not: know of values.

use super::tokens::SHAPES;
use super::*;

fn redaction(names: &[&str], allow: &[&str]) -> Redaction {
    let spec = Redact {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        allow: allow.iter().map(|name| (*name).to_owned()).collect(),
        detect: true,
        enabled: true,
    };
    Redaction::compile(&spec).expect("it compiles")
}

fn usual() -> Redaction {
    redaction(
        &[
            "password",
            "secrets",
            "api_key",
            "authorization",
            "cookie",
            "*_token",
            "=pin",
        ],
        &["csrf_token"],
    )
}

/// What of the example is secret.
fn secret_of(shape: &tokens::Shape, redaction: &Redaction) -> &'static str {
    let mut found = Vec::new();
    redaction.shapes.find(shape.example, &mut found);
    &shape.example[found.remove(0).range]
}

#[test]
fn every_shape_finds_its_example_whole() {
    let mut redaction = redaction(&[], &[]);
    for shape in SHAPES {
        for text in [
            shape.example.to_owned(),
            format!("a {} b", shape.example),
            format!("x='{}'", shape.example),
        ] {
            let shown = redaction
                .text(&text)
                .unwrap_or_else(|| panic!("{}: {text}", shape.name));
            let secret = secret_of(shape, &redaction);
            for slice in secret.as_bytes().windows(8) {
                let slice = str::from_utf8(slice).expect("ASCII");
                assert!(!shown.contains(slice), "{}: {shown}", shape.name);
            }
            assert!(shown.contains("<redacted: content "), "{shown}");
        }
        assert!(!shape.source.is_empty());
        assert!(
            shape
                .needles
                .iter()
                .any(|needle| shape.example.contains(needle))
        );
    }
}

#[test]
fn a_shape_that_goes_on_in_the_next_piece_is_hidden_to_its_end() {
    let mut redaction = redaction(&[], &[]);
    for shape in SHAPES.iter().filter(|shape| shape.begin != tokens::NONE) {
        for cut in 1..shape.example.len() {
            let mut stream = Stream::default();
            let (first, second) = shape.example.split_at(cut);
            let shown = stream.next(&mut redaction, first)
                + &stream.next(&mut redaction, second)
                + &stream.next(&mut redaction, "\n");
            // Behind what all secrets of the shape begin with.
            let secret = secret_of(shape, &redaction);
            let secret = &secret[secret.len() / 4..];
            let leaks = secret
                .as_bytes()
                .windows(12)
                .any(|slice| shown.as_bytes().windows(12).any(|other| other == slice));
            assert!(!leaks, "{} cut at {cut}: {shown}", shape.name);
        }
    }
}

#[test]
fn a_password_in_a_url_may_hold_quotes() {
    for password in ["pa'ss", "pa\"ss"] {
        let shown = usual().text(&format!("'pg://me:{password}@db/x'"));
        assert_eq!(
            shown.as_deref(),
            Some("'pg://me:<redacted: content password in a URL>@db/x'")
        );
    }
}

#[test]
fn plain_text_stays() {
    let mut redaction = usual();
    for text in [
        "the password was wrong",
        "author: Jane, authority=7, secretary: Bob",
        "basic functionality and bearer authentication",
        "tokens_used=17 tokenizer: bpe keys: 4",
        "https://example.org:8080/path?page=2&sort=name#top",
        "csrf_token=abcdefgh",
        "2026-01-02 12:34:56 INFO: number=4111111111111112",
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "task-0123456789abcdef0123456789abcdef",
        "-----BEGIN CERTIFICATE-----",
        r#"["http://db:80","me@db"], ['http://db:80', 'a@b'], <a>http://db:80</a>x@y http://db:80<br>x@y"#,
        "the company's author said: 'expand it'",
    ] {
        assert_eq!(redaction.text(text), None, "{text}");
    }
}

#[test]
fn names_decide_and_are_allowed() {
    let mut redaction = usual();
    assert_eq!(
        redaction.name("db_password"),
        Told::Secret("<redacted: name password>".into())
    );
    assert_eq!(redaction.name("csrf_token"), Told::Nothing);
    assert_eq!(redaction.name("author"), Told::Nothing);
    assert_eq!(redaction.name("card_number"), Told::Number);
}

#[test]
fn a_card_is_one_below_a_name_that_says_so() {
    let mut redaction = usual();
    assert!(redaction.card("4111 1111 1111 1111").is_some());
    assert!(
        redaction.card("4111111111111112").is_none() && redaction.card("0000000000000").is_none()
    );
    assert_eq!(
        redaction.text("card: 4111-1111-1111-1111\n").as_deref(),
        Some("card: <redacted: content card number>\n")
    );
    assert_eq!(usual().text("order: 4111111111111111"), None);
}

#[test]
fn a_card_that_was_hidden_is_followed() {
    let mut redaction = usual();
    for text in [
        "card: 4111-1111-1111-1111\n",
        "{\"card\": [\"4012888888881881\"]}",
    ] {
        assert!(redaction.text(text).is_some(), "{text}");
    }
    for number in [
        "4111-1111-1111-1111",
        "4111111111111111",
        "4012888888881881",
    ] {
        let shown = redaction.text(&format!("paid by {number}"));
        assert_eq!(
            shown.as_deref(),
            Some("paid by <redacted: content card number>")
        );
    }
}

#[test]
fn texts_in_quotes_below_a_name_are_followed() {
    let mut redaction = usual();
    let text = r#"{"secrets": {"user_name": "zQ8431wX"}} f(password=SecretStr('zR8431wX'))"#;
    assert!(redaction.text(text).is_some());
    for secret in ["zQ8431wX", "zR8431wX"] {
        assert!(
            redaction.text(&format!("it is {secret}")).is_some(),
            "{secret}"
        );
    }
    assert_eq!(redaction.text("user_name SecretStr"), None);
}

#[test]
fn what_a_name_has_hidden_is_followed() {
    let mut redaction = usual();
    assert!(redaction.text("password=hunter2hunter2 ok").is_some());
    assert_eq!(
        redaction.text("it was hunter2hunter2!").as_deref(),
        Some("it was <redacted: name password>!")
    );
}

#[test]
fn words_behind_a_name_are_not_followed() {
    let mut redaction = usual();
    for text in ["password: required", "password: This field is required."] {
        assert!(redaction.text(text).is_some());
    }
    assert_eq!(
        redaction.text("user required. This field is required."),
        None
    );
}

#[test]
fn lines_of_a_source_keep_their_numbers() {
    let source = "secrets = {\n  'a': 1,\n}\nx = 1\n";
    let shown = usual().source(source).expect("it holds a secret");
    assert_eq!(shown.lines().nth(3), Some("x = 1"));
}

#[test]
fn arguments_of_a_command() {
    let given = [
        "--user",
        "bob",
        "--api-key",
        "k-1",
        "--password=x1 \"a\"b c",
        "-v",
        "run",
    ]
    .map(str::to_owned);
    let expected = [
        "--user",
        "bob",
        "--api-key",
        "<redacted: name api_key>",
        "--password=<redacted: name password>",
        "-v",
        "run",
    ];
    assert_eq!(usual().arguments(&given), expected);
}

#[test]
fn colours_stand_for_nothing() {
    for (text, expected) in [
        (
            "\x1b[36mpassword\x1b[0m=\x1b[35mzQ8431wX\x1b[0m b",
            "\x1b[36mpassword\x1b[0m=\x1b[35m<redacted: name password>\x1b[0m b",
        ),
        (
            "\x1b[1mpassword: \x1b[0mzQ8431wX\n",
            "\x1b[1mpassword: \x1b[0m<redacted: name password>\n",
        ),
    ] {
        assert_eq!(usual().text(text).as_deref(), Some(expected));
    }
}

#[test]
fn the_lines_of_a_key_are_followed() {
    let mut redaction = usual();
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\n-----END PRIVATE KEY-----";
    assert!(redaction.text(key).is_some());
    assert!(redaction.text("MIIEpAIBAAKCAQEA7bq").is_some());
    assert_eq!(redaction.text("-----BEGIN CERTIFICATE-----"), None);
}

#[test]
fn a_followed_text_is_found_in_the_forms_of_the_standard_library() {
    let mut redaction = usual();
    redaction.follow("zQ8 431/é\"", &"<redacted: name password>".into());
    for text in [
        "?p=zQ8+431%2F%C3%A9%22",
        "pg://me:zQ8%20431/%C3%A9%22 x",
        r#"["zQ8 431/\u00e9\""]"#,
    ] {
        assert!(redaction.text(text).is_some(), "{text}");
    }
}

#[test]
fn values_in_pieces() {
    for (pieces, expected) in [
        (
            vec!["password=", "hunter2", " ok\n", "x\n"],
            "password=<redacted: name password> ok\nx\n",
        ),
        (
            vec!["pass", "word: a ", "b\n", "c\n"],
            "password: <redacted: name password>\nc\n",
        ),
        (vec!["plain ", "text", "\n"], "plain text\n"),
        (
            vec!["secrets: {\n", "  'a': 1,\n", "}\n", "x\n"],
            "secrets: {<redacted: name secrets>}\nx\n",
        ),
        (
            vec![
                "-----BEGIN PRIVATE KEY-----\n",
                "MIIEabcdefgh\n",
                "-----END PRIVATE KEY-----\n",
                "x\n",
            ],
            "<redacted: content private key>\nx\n",
        ),
    ] {
        let shown = streamed(pieces.iter().copied());
        assert_eq!(shown, expected, "{pieces:?}");
    }
}

/// What a stream shows of these pieces.
fn streamed<'a>(pieces: impl IntoIterator<Item = &'a str>) -> String {
    let (mut redaction, mut stream) = (usual(), Stream::default());
    let pieces = pieces.into_iter();
    pieces
        .map(|piece| stream.next(&mut redaction, piece))
        .collect()
}

#[test]
fn what_is_not_closed_hides_no_other_lines() {
    for begin in [
        "Password: 'tis required",
        "password: \"abc",
        "secrets: {see 'below",
        "api_key=[x",
        "-----BEGIN PRIVATE KEY-----\n12 bytes were read",
        "password:",
    ] {
        let lines = ["\n", "line 1 of more\n", "line 2 of more\n"];
        let shown = streamed([begin].into_iter().chain(lines));
        assert!(
            shown.ends_with("line 1 of more\nline 2 of more\n"),
            "{shown}"
        );
    }
}

#[test]
fn what_is_lost_is_said_and_the_stream_goes_on() {
    let piece = "x".repeat(4000);
    for begin in [
        "password: \"",
        "password = \"\"\"\n",
        "-----BEGIN PRIVATE KEY-----\n",
    ] {
        let long = std::iter::repeat_n(piece.as_str(), 20);
        let pieces = [begin]
            .into_iter()
            .chain(long)
            .chain(["x\"\n", "visible\n"]);
        let shown = streamed(pieces);
        assert!(!shown.contains('x'), "{shown}");
        assert!(
            shown.ends_with("<redacted: no end in 64 kB>\nvisible\n"),
            "{shown}"
        );
    }
}

#[test]
fn a_prompt_asks_for_a_secret() {
    let mut redaction = usual();
    for (prompt, is_secret) in [
        ("Password: ", true),
        ("Password for bob [none]? ", true),
        ("Enter your API key\n", true),
        ("Wrong password\nName: ", false),
        ("Your passwords were changed\n", false),
        ("Your name: ", false),
    ] {
        let mut stream = Stream::default();
        stream.next(&mut redaction, prompt);
        let question = stream.question().expect("it asks for something");
        assert_eq!(redaction.asked(&question).is_some(), is_secret, "{prompt}");
        stream.answered();
        assert_eq!(stream.question(), None);
    }
}

#[test]
fn a_short_answer_is_hidden_where_it_stands_alone() {
    let mut redaction = usual();
    let mark = "<redacted: name password>".into();
    for text in ["pear", "hunter2", "p\u{e4}\u{df}w\u{f6}rt", "y"] {
        redaction.follow_answer(text, &mark);
        let is_hidden = redaction.text(text).is_some();
        assert_eq!(is_hidden, text != "y", "{text}");
        assert_eq!(redaction.text(&format!("a {text} and more of it")), None);
    }
    redaction.follow_answer("correct horse", &mark);
    assert!(redaction.text("hunter2").is_some());
    assert!(redaction.text("a correct horse").is_some());
}

#[test]
fn nothing_is_hidden_where_it_is_off() {
    let spec = Redact {
        names: vec!["password".to_owned()],
        allow: Vec::new(),
        detect: true,
        enabled: false,
    };
    let mut redaction = Redaction::compile(&spec).expect("it compiles");
    assert_eq!(redaction.name("password"), Told::Nothing);
    assert_eq!(redaction.text("password=abc AKIAIOSFODNN7EXAMPLE"), None);
}

#[test]
fn a_text_that_hid_nothing_does_when_a_part_of_it_is_followed() {
    let mut redaction = usual();
    let text = "one of correct horse battery";
    assert_eq!(redaction.text(text), None);
    redaction.follow("correct horse battery", &"<redacted: name password>".into());
    assert!(!redaction.text(text).unwrap().contains("horse"));
}
