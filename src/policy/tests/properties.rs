//! Owns: what holds whatever the text: no panic, no hang, and the check before agrees with the compiler after.
//! Must not: name single cases.

use proptest::prelude::*;

use super::*;
use crate::policy::glob::problem;

/// Texts rich in what means something, and any text at all.
fn texts() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "a", "é", "*", "**", "/", "?", "[", "]", "!", "^", "-", "{", "}", ",", "\\", ".", "..",
        "~", ":", "\0", "\n", " ", "#", "\u{1}", "😀",
    ]);
    prop_oneof![
        proptest::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat()),
        any::<String>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_is_sound_if_and_only_if_it_compiles(text in texts(), name in texts()) {
        let mut with_path = spec("/p");
        with_path.include = Some(vec![pattern_at("/p", &text)]);
        let compiled = CompiledPolicy::compile(with_path);
        prop_assert_eq!(compiled.is_ok(), problem(Kind::Path, &text).is_none());
        if let Ok(mut policy) = compiled {
            policy.paths.matches(&[format!("/p/{name}"), name.clone()]);
        }
        let mut with_module = spec("/p");
        with_module.packages = vec![pattern_at("", &text)];
        let compiled = CompiledPolicy::compile(with_module);
        prop_assert_eq!(compiled.is_ok(), problem(Kind::Module, &text).is_none());
        if let Ok(policy) = compiled {
            policy.packages.matches(&name);
        }
    }

    /// A name, each character that means something escaped, matches itself and nothing else.
    #[test]
    fn an_escaped_name_matches_itself(name in "[^/\0\n\r]{1,12}", other in "[^/\0\n\r]{1,12}") {
        prop_assume!(name != "." && name != ".." && name != other);
        let escaped: String = name.chars().flat_map(|c| ['\\', c]).collect();
        let (pattern, file, other) = (format!("./{escaped}"), format!("/p/{name}"), format!("/p/{other}"));
        prop_assert!(path_matches(&pattern, &file) && !path_matches(&pattern, &other));
    }

    /// `?` and a class see characters, not bytes.
    #[test]
    fn one_character_is_one(c in any::<char>(), other in any::<char>()) {
        prop_assume!(![c, other].iter().any(|c| ['/', '\0', '\n', '\r'].contains(c)) && c != other);
        let (file, other_file) = (format!("/p/a{c}"), format!("/p/a{other}"));
        prop_assert!(path_matches("./a?", &file));
        let (only, without) = (format!("./a[\\{c}]"), format!("./a[!\\{c}]"));
        prop_assert!(path_matches(&only, &file) && !path_matches(&only, &other_file));
        prop_assert!(path_matches(&without, &other_file) && !path_matches(&without, &file));
        let (low, high) = (c.min(other), c.max(other));
        let range = format!("./a[\\{low}-\\{high}]");
        prop_assert!(path_matches(&range, &file) && path_matches(&range, &other_file));
    }
}

/// The heaviest patterns there are.
#[test]
fn long_patterns_compile() {
    let matches_something = [
        "?".repeat(4096),
        "*a".repeat(2048),
        "**/a/".repeat(819),
        "[!é]".repeat(819),
        "[!\u{801}-\u{10fffe}]".repeat(372),
        "日".repeat(1365),
        "[é-日]".repeat(512),
    ];
    for pattern in matches_something {
        let mut spec = spec("/p");
        spec.include = Some(vec![pattern_at("/p", &pattern)]);
        let mut policy = CompiledPolicy::compile(spec).unwrap();
        policy.paths.matches(&[
            format!("/p/{}", "a".repeat(4000)),
            format!("/p/{}", "é/a".repeat(1000)),
        ]);
    }
}
