//! Owns: pattern by pattern, files below the anchor `/p` (or absolute ones) that match, and that do not. Must not:
//! touch the disk.

use super::*;
use crate::policy::glob::{Base, problem};

/// `pattern: matches…, !: no matches…`; a file without a leading `/` lies below `/p`.
fn check_path(pattern: &str, matches: &[&str], others: &[&str]) {
    for (files, expected) in [(matches, true), (others, false)] {
        for file in files {
            let full = if file.starts_with('/') {
                (*file).to_owned()
            } else {
                format!("/p/{file}")
            };
            assert_eq!(
                path_matches(pattern, &full),
                expected,
                "{pattern:?} and {file:?}"
            );
        }
    }
}

#[test]
fn a_name_matches_at_any_depth_and_takes_its_subtree() {
    check_path(
        "app",
        &["app", "app/x.py", "a/app/b/x.py", "a/app"],
        &["apps/x.py", "app.py", "a/myapp/x.py", "/q/app/x.py", "/app"],
    );
    check_path(
        "app/",
        &["app/x.py", "a/app/b/x.py"],
        &["app", "a/app", "apps/x.py"],
    );
    check_path(
        "*.py",
        &["x.py", "a/b/x.py", ".py", "a/x.py/data"],
        &["x.pyc", "/q/x.py"],
    );
    check_path("*", &["x.py", "a/b/x.py"], &["/q/x.py"]);
    check_path("*/", &["a/x.py", "a/b/x.py"], &["x.py"]);
}

#[test]
fn a_separator_anchors() {
    check_path(
        "src/app",
        &["src/app", "src/app/x.py"],
        &["a/src/app/x.py", "src/apps"],
    );
    check_path("./app", &["app", "app/a/x.py"], &["a/app/x.py"]);
    check_path("./app/", &["app/a/x.py"], &["app", "a/app/x.py"]);
    check_path(
        "app/**",
        &["app/x.py", "app/a/x.py"],
        &["app", "a/app/x.py"],
    );
    check_path("app/*", &["app/x.py", "app/a/x.py"], &["app", "a/app/x.py"]);
    check_path("./x.py", &["x.py"], &["a/x.py"]);
    check_path("./*.py", &["x.py"], &["a/x.py"]);
    check_path(
        "{src/app,lib}",
        &["src/app/x.py", "a/lib/x.py"],
        &["a/src/app/x.py"],
    );
}

#[test]
fn dots_name_the_anchor_and_what_is_above() {
    for all in [".", "./", "./**", "**", "**/**", "**/*", "a/.."] {
        check_path(all, &["x.py", "a/b/x.py"], &["/q/x.py"]);
    }
    check_path("..", &["x.py", "/q/x.py"], &[]);
    check_path("../q/**", &["/q/x.py", "/q/a/x.py"], &["q/x.py", "/q"]);
    check_path("./../q", &["/q/x.py", "/q"], &["q/x.py"]);
    check_path("../../../q", &["/q/x.py"], &["q/x.py"]);
    check_path("a/../b", &["b/x.py"], &["a/x.py", "c/b"]);
    check_path("..a/...", &["..a/...", "..a/.../x"], &["/...", "..."]);
}

#[test]
fn absolute_and_home_patterns_name_places_outside() {
    check_path(
        "/srv/lib/**",
        &["/srv/lib/x.py"],
        &["srv/lib/x.py", "/p/lib/x.py", "/srv/lib"],
    );
    check_path("/x.py", &["/x.py"], &["x.py"]);
    check_path("/**/x.py", &["/x.py", "/q/r/x.py", "a/x.py"], &["x.pyc"]);
    check_path("/", &["/x.py", "a/x.py"], &[]);
    check_path(
        "~/lib/**",
        &["/home/me/lib/x.py"],
        &["lib/x.py", "~/lib/x.py"],
    );
    check_path("~/../you", &["/home/you/x.py"], &["/home/me/x.py"]);
    check_path("{~/lib,/srv}/a", &["/home/me/lib/a/x.py", "/srv/a"], &["a"]);
    check_path("~", &["~", "a/~/x.py"], &["/home/me/x.py"]);
    check_path(r"\~/a", &["~/a"], &["/home/me/a"]);
    check_path("~me/a", &["~me/a"], &["/home/me/a"]);
}

#[test]
fn stars_span_folders_only_as_a_part_of_their_own() {
    check_path(
        "**/gen/**",
        &["gen/x.py", "a/gen/b/x.py"],
        &["gen", "a/gen", "agen/x.py"],
    );
    check_path("**/gen", &["gen", "a/b/gen", "gen/x.py"], &["agen"]);
    check_path(
        "a/**/b",
        &["a/b", "a/x/b", "a/x/y/b/z"],
        &["ab", "x/a/b", "a/xb"],
    );
    check_path("a/**/**/b", &["a/b", "a/x/y/b"], &["ab"]);
    check_path("a/**/*.py", &["a/x.py", "a/b/c/x.py"], &["x.py", "b/x.py"]);
    check_path("a/**/", &["a/b/x.py"], &["a/x.py", "a"]);
    check_path("**/", &["a/x.py"], &["x.py"]);
    check_path("a**/x.py", &["a/x.py", "abc/x.py"], &["a/b/x.py"]);
    check_path("a/**b", &["a/b", "a/xxb"], &["a/x/b"]);
    check_path("***/x.py", &["a/x.py"], &["x.py", "a/b/x.py"]);
    check_path("a*b", &["ab", "axxb", "c/a.b"], &["a/b"]);
    check_path("a/*/b", &["a/x/b"], &["a/b", "a/x/y/b"]);
}

#[test]
fn classes_and_question_marks_stop_at_separators() {
    check_path(
        "./a?b",
        &["axb", "a.b", "aéb", "a日b", "a\u{7f}b"],
        &["a/b", "ab", "axxb"],
    );
    check_path("./a[!x]b", &["ayb", "aéb"], &["axb", "a/b", "ab"]);
    check_path("./a[^x]b", &["ayb"], &["axb", "a/b"]);
    check_path("./a[+-9]b", &["a.b", "a5b"], &["a/b"]);
    check_path("./[a-cx-z]", &["b", "y"], &["d", "B"]);
    check_path("./[]a]", &["]", "a"], &["b"]);
    check_path("./[!]a]", &["b"], &["]", "a"]);
    check_path("./[a-]", &["a", "-"], &["b"]);
    check_path("./[--0]", &["-", ".", "0"], &["/"]);
    check_path("./[a-c-e]", &["a", "-", "e"], &["d"]);
    check_path(r"./[\]\-\\]", &["]", "-", r"\"], &["a"]);
    check_path("./[[]", &["["], &["]"]);
    check_path("./[{,}]", &["{", ",", "}"], &["a"]);
    check_path("./[[:x]", &["[", ":", "x"], &["a"]);
}

#[test]
fn characters_beyond_ascii_are_one_character() {
    check_path("é?.py", &["éa.py", "éü.py", "é😀.py"], &["é.py", "éab.py"]);
    check_path("./[à-ü]*", &["é", "éx"], &["e", "z", "日"]);
    check_path("./[а-я][!а-я]", &["жx", "ж日"], &["жж", "xж"]);
    check_path("./*é", &["é", "xé", "日é"], &["x", "éx"]);
    check_path(
        "./?",
        &["\u{10ffff}", "\u{80}", "\u{1}", "\u{10}"],
        &["\u{1}\u{10}"],
    );
    check_path("./[\u{1}-\u{20}]", &["\u{1}", "\u{12}", " "], &["!", "x"]);
}

#[test]
fn braces_alternate() {
    check_path("*.{py,pyi}", &["x.py", "a/x.pyi"], &["x.pyc"]);
    check_path("{a,b}/{c,d}", &["a/c", "b/d/x"], &["a/b", "c"]);
    check_path("{a}", &["a", "x/a"], &["b"]);
    check_path("x{,.py}", &["x", "x.py"], &["x.p"]);
    check_path("{a,b/}", &["a", "b/x"], &["b"]);
    check_path("a,b", &["a,b"], &["a", "b"]);
    check_path(r"\{a\}", &["{a}"], &["a"]);
    check_path(r"{a\,b,[,]}", &["a,b", ","], &["a", "b"]);
    check_path("[{]a[}]", &["{a}"], &["a"]);
    check_path("{**,a}/x", &["x", "b/c/x"], &["xx"]);
    check_path("{a,b/**}/c", &["a/c", "b/c", "b/x/c"], &["x/c"]);
}

#[test]
fn nothing_else_is_special() {
    check_path("#x", &["#x", "a/#x"], &["x"]);
    check_path(" a b ", &[" a b ", "c/ a b /x"], &["a b"]);
    check_path(" ", &[" "], &["a"]);
    check_path("*", &[".hidden", "a/.b/c"], &[]);
    check_path("?hidden", &[".hidden"], &[]);
    check_path(r"\!a", &["!a"], &["a"]);
    check_path(r"\*", &["*"], &["a", r"\*"]);
    check_path(r"a\bc", &["abc"], &[r"a\bc"]);
    check_path("a.c", &["a.c"], &["abc"]);
    check_path("(a|b)+$", &["(a|b)+$"], &["a"]);
    check_path("a]", &["a]"], &["a"]);
    check_path("A", &["A"], &["a"]);
}

#[test]
fn modules() {
    let check = |pattern: &str, matches: &[&str], others: &[&str]| {
        for (modules, expected) in [(matches, true), (others, false)] {
            for module in modules {
                assert_eq!(
                    module_matches(pattern, module),
                    expected,
                    "{pattern:?} and {module:?}"
                );
            }
        }
    };
    check(
        "requests",
        &["requests", "requests.adapters", "requests.a.b"],
        &["requests2", "a.requests", "", "Requests"],
    );
    check(
        "*.tests",
        &["a.tests", "a.tests.b"],
        &["tests", "a.b.tests"],
    );
    check(
        "**.tests",
        &["a.tests", "a.b.tests", "tests", "a.tests.b"],
        &["atests"],
    );
    check("a.**", &["a.b", "a.b.c"], &["a", "b.a"]);
    check("a.*", &["a.b", "a.b.c"], &["a"]);
    check("**", &["a", "a.b", ""], &[]);
    check("*", &["a", "a.b"], &[]);
    check("a?c", &["abc", "a/c"], &["a.c"]);
    check("a[!b]c", &["axc"], &["a.c", "abc"]);
    check(
        "{json,email}.*r",
        &["json.decoder", "email.header.x"],
        &["json", "json.tool"],
    );
    check("~a", &["~a"], &[]);
    check("_*", &["_strptime"], &["json._x"]);
    check("données", &["données.x"], &["donnees"]);
}

#[test]
fn mistakes_are_told_in_words() {
    let path = |text: &str| problem(Kind::Path, text).unwrap_or_default();
    assert_eq!(
        path("src/["),
        "unclosed '[' in \"src/[\" ([[] is the character itself)"
    );
    assert_eq!(path(""), "no pattern in \"\"");
    assert_eq!(
        path("!keep.py"),
        "'!' at the start in \"!keep.py\" (a pattern cannot take back another one: list what is not wanted under exclude)"
    );
    assert_eq!(path("a\0"), "NUL in \"a\\0\"");
    assert_eq!(path("[z-a]"), "range z-a runs backwards in \"[z-a]\"");
    for text in [
        "a\nb",
        "a\r",
        "a//b",
        "//a",
        "a//",
        "a/./b",
        "a/.",
        "/./a",
        "././a",
        "~/./a",
        "[a",
        "[]",
        "[!]",
        "[!",
        "[",
        "[a-",
        "[a\\",
        "{a",
        "{a,b",
        "{}",
        "{,}",
        "{a,{b,c}}",
        "}",
        "a}",
        "{a,}",
        "{a,}/b",
        "a/{b,}/c",
        "a/{,b}",
        "a/{/b,c}",
        "a\\",
        "\\",
        "[/]",
        "[[:alpha:]]",
        "*/..",
        "**/../a",
        "[^-\\",
        "{a,b}{c,d}{a,b}{c,d}{a,b}{c,d}{a,b}{c,d}{a,b}{c,d}{a,b}{c,d}{a,b}",
    ] {
        assert_ne!(path(text), "", "{text:?} is a mistake");
    }
    for text in [
        "a", "[", "{a", "a\\", "!a", "a..b", ".a", "a.", "", "a/b", "a\\/b", "[/]", "a\nb", "[.]",
    ] {
        assert_eq!(
            problem(Kind::Module, text).is_none(),
            text == "a",
            "{text:?}"
        );
    }
    let long = "é".repeat(3000);
    assert_eq!(
        path(&long),
        format!("more than 4096 bytes in \"{}\"…", "é".repeat(80))
    );
    assert_eq!(Kind::from_name("path"), Some(Kind::Path));
    assert_eq!(Kind::from_name("regex"), None);
}

/// On Windows `\` separates, drives are roots, and classes escape; the globs come out the same as with `/`.
#[test]
fn windows_manners() {
    let glob = |text: &str| {
        globs(Kind::Path, text, Platform::Windows)
            .unwrap()
            .remove(0)
    };
    assert_eq!(glob(r"src\app\**"), glob("src/app/**"));
    assert_eq!(glob(r".\app"), glob("./app"));
    assert_eq!(glob(r"~\lib").base, Base::Home(0));
    assert_eq!(
        (glob(r"C:\lib").base, glob(r"C:\lib").text),
        (Base::Drive('C'), "lib".to_owned())
    );
    assert_eq!(glob(r"\lib").base, Base::Root);
    assert_eq!(glob("[*]").text, "**/{[*-*]}");
    assert!(globs(Kind::Path, r"a\\b", Platform::Windows).is_err());
    assert!(globs(Kind::Path, r"a\", Platform::Windows).is_ok());
    assert_eq!(
        globs(Kind::Path, "C:/lib", Platform::Posix).unwrap()[0].base,
        Base::Anchor(0)
    );
}
