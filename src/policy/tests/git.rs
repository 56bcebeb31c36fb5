//! Owns: git as a second opinion, where the manners are gitignore's: same patterns, same files, same answer. Must not:
//! state an answer of its own.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::policy::glob::problem;

const FILES: &[&str] = &[
    "a",
    "b",
    "c.py",
    "ab",
    ".a",
    ".b.py",
    "x.py",
    "d/a",
    "d/b",
    "d/ab",
    "d/c.py",
    "d/e/a",
    "d/e/c.py",
    "d/e/f/a",
    "d/e/f/.a",
    "e/a",
    "e/d/a",
    "e/d/c.py",
    "app/x.py",
    "app/a/x.py",
    "src/app/x.py",
    "src/app/a/x.py",
    "src/a.py",
    "gen/x.py",
    "src/gen/x.py",
    "src/gen/a/b.py",
    "f/-",
    "f/]",
    "f/[a]",
    "f/a b",
    "f/*",
    "f/?a",
    "f/\\",
    "f/#a",
    "f/!a",
    "f/^",
    "f/a-b",
    "f/A",
    "f/~",
    "f/a,b",
];

const PATTERNS: &[&str] = &[
    "a",
    "a/",
    "ab",
    "*",
    "*/",
    "**",
    "**/",
    "?",
    "??",
    "*.py",
    "./*.py",
    "d",
    "d/",
    "d/a",
    "d/*",
    "d/**",
    "d/*/a",
    "d/**/a",
    "d/**/",
    "d/*/",
    "**/a",
    "**/d/a",
    "**/e/**",
    "**/*",
    "**/**",
    "**/**/a",
    "d/**/**",
    "d/**/*.py",
    "**/e",
    "e",
    "e/d",
    "app",
    "app/",
    "app/**",
    "app/*",
    "src/app",
    "src/**/x.py",
    "s*/app",
    "s*/*/a",
    "src/*.py",
    "gen",
    "**/gen/**",
    "[ab]",
    "[!ab]",
    "[^ab]",
    "[a-c].py",
    "[a-c]*",
    "[]]",
    "[!]]",
    "[-]",
    "[a-]",
    "[]-]",
    "[--a]",
    "f/[+--]",
    "f/[!-a]",
    "[\\]]",
    "[\\\\]",
    "[a\\-b]",
    "[[]a]",
    "[[]*",
    "f/[[]?[]]",
    "\\a",
    "\\*",
    "\\?a",
    "a\\ b",
    "a b",
    "\\#a",
    "\\!a",
    "f/#a",
    "f/!a",
    "*-*",
    "a*",
    "*a",
    "*a*",
    "a**",
    "**a",
    "d**",
    "d**/a",
    "**d/a",
    "d/**a",
    "d/a**",
    ".*",
    "*.*",
    "[.]a",
    "?a",
    "d/?",
    "d?a",
    "d[/]a",
    "d[!x]a",
    "d*a",
    "f/~",
    "~",
    "A",
    "a,b",
    "*,*",
    "f/*b",
    "*/*",
    "*/*/*",
    "*/**",
    "**/*/a",
    "*/**/a",
    "d/e/f/a/**",
    "x.py/",
    "c.py/**",
    "**/.a",
    "d/e/**/.a",
];

/// A repository with all of `FILES`, as empty files.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new("git")
        .args(["init", "--quiet"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(ran.success());
    for file in FILES {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    folder
}

/// The files that git ignores when this pattern is all it is told.
fn ignored_by_git(repository: &Path, pattern: &str) -> BTreeSet<String> {
    fs::write(repository.join(".git/info/exclude"), format!("{pattern}\n")).unwrap();
    let mut git = Command::new("git")
        .current_dir(repository)
        .args([
            "-c",
            "core.excludesFile=",
            "check-ignore",
            "--no-index",
            "--stdin",
            "-z",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin
        .take()
        .unwrap()
        .write_all(FILES.join("\0").as_bytes())
        .unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(
        output.status.code() < Some(2),
        "git check-ignore failed on {pattern:?}"
    );
    let names = String::from_utf8(output.stdout).unwrap();
    names.split_terminator('\0').map(str::to_owned).collect()
}

fn matched_by_us(pattern: &str) -> BTreeSet<String> {
    let mut spec = spec("/p");
    spec.include = Some(vec![pattern_at("/p", pattern)]);
    let mut policy = CompiledPolicy::compile(spec).unwrap();
    let matches = |file: &&&str| !policy.paths.matches(&[format!("/p/{file}")]).is_empty();
    FILES
        .iter()
        .filter(matches)
        .map(|file| (*file).to_owned())
        .collect()
}

/// Whether the language is gitignore's here. It is not where the pattern is a mistake, for `#`, blanks at the
/// end, a leading `/`, `./`, `..` and `~/`, and in two things that git does and does not document: a run of
/// three stars is `**` to it, and so are two behind the name that a pattern starts with (`src**/x`).
fn same_manners(pattern: &str) -> bool {
    let wildcard = pattern.find(['*', '?', '[', '\\']).unwrap_or(pattern.len());
    let (name, rest) = pattern.split_at(wildcard);
    let glued_stars = rest.starts_with("**") && !name.is_empty() && !name.ends_with('/');
    let dots = |part: &str| matches!(part.replace('\\', "").as_str(), "." | "..");
    problem(Kind::Path, pattern).is_none()
        && !pattern.starts_with(['#', '/'])
        && !pattern.starts_with("~/")
        && !pattern.ends_with(' ')
        && !pattern.contains(['{', '}'])
        && !pattern.contains("\\/")
        && !pattern.split('/').any(dots)
        && !pattern.contains("***")
        && !glued_stars
}

#[test]
fn known_patterns() {
    let repository = repository();
    let mut compared = 0;
    for pattern in PATTERNS.iter().filter(|pattern| same_manners(pattern)) {
        assert_eq!(
            matched_by_us(pattern),
            ignored_by_git(repository.path(), pattern),
            "{pattern:?}"
        );
        compared += 1;
    }
    assert!(compared >= 100, "only {compared} patterns compared");
}

/// `POLICY_GIT_CASES` patterns made by chance from `POLICY_GIT_SEED` (a byte).
#[test]
fn random_patterns() {
    let number = |name: &str, default: u32| {
        std::env::var(name).map_or(default, |text| text.parse().unwrap())
    };
    let cases = number("POLICY_GIT_CASES", 300);
    let seed = [number("POLICY_GIT_SEED", 7) as u8; 32];
    let config = Config {
        cases,
        max_global_rejects: 100 * cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let repository = repository();
    let piece = proptest::sample::select(vec![
        "a", "b", "d", "e", "f", "x", ".py", "src", "app", "gen", "*", "*", "**", "/", "/", "/",
        "/**/", "**/", "/**", "?", "[ab]", "[!a]", "[^a-z]", "[a-e]", "[]]", "[!]-a]", "[[-^]",
        "[\\]-a]", "[.-]", "[*?]", "]", "-", "\\", "\\a", "\\*", ".", "!", "~", " ", ",",
    ]);
    let pattern = proptest::collection::vec(piece, 1..7);
    let outcome = runner.run(&pattern, |pieces| {
        let pattern = pieces.concat();
        proptest::prop_assume!(same_manners(&pattern));
        proptest::prop_assert_eq!(
            matched_by_us(&pattern),
            ignored_by_git(repository.path(), &pattern),
            "{:?}",
            pattern
        );
        Ok(())
    });
    outcome.unwrap();
}
