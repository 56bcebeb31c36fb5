//! Owns: decisions over a real tree of folders, with links, a virtual environment and installed code inside the
//! project. Must not: state what a single pattern matches.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// A folder `T` that holds:
///
/// ```text
/// proj/                     the project root, also reached as T/link
///   main.py app/a.py app/gen/g.py env/lib/site-packages/req/r.py env/tool.py env/pyvenv.cfg
///   vendor -> T/elsewhere
/// elsewhere/v.py            elsewhere/back -> T/proj/app
/// std/json/decoder.py std/site-packages/req.py
/// home/lib/h.py
/// ```
struct Tree {
    _folder: tempfile::TempDir,
    root: String,
}

impl Tree {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for file in [
            "proj/main.py",
            "proj/app/a.py",
            "proj/app/gen/g.py",
            "proj/env/lib/site-packages/req/r.py",
            "proj/env/tool.py",
            "proj/env/pyvenv.cfg",
            "elsewhere/v.py",
            "std/json/decoder.py",
            "std/site-packages/req.py",
            "home/lib/h.py",
            "rec/codetracer_python_recorder/cli.py",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let link = |to: &str, at: &str| symlink(root.join(to), root.join(at)).unwrap();
        link("proj", "link");
        link("elsewhere", "proj/vendor");
        link("proj/app", "elsewhere/back");
        link("proj/app/a.py", "proj/one.py");
        link("gone.py", "proj/app/dangling.py");
        Self {
            root: root.to_str().unwrap().to_owned(),
            _folder: folder,
        }
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    fn spec(&self) -> Spec {
        let mut spec = spec(&self.path("proj"));
        spec.scope.home = Some(self.path("home"));
        spec.scope.standard_library = vec![self.path("std")];
        spec.scope.recorder = self.path("rec/codetracer_python_recorder");
        spec
    }

    fn pattern(&self, text: &str) -> Pattern {
        pattern_at(&self.path("proj"), text)
    }

    fn patterns(&self, texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| self.pattern(text)).collect()
    }
}

/// Decides on a file of the tree; the reason comes back with the tree's root written as `T`.
fn decide(policy: &mut CompiledPolicy, tree: &Tree, file: &str, module: &str) -> (bool, String) {
    let path = if file.starts_with(['<', '.']) || file == "app/a.py" {
        file.to_owned()
    } else {
        tree.path(file)
    };
    let decision = policy.decide(&Scope {
        path: &path,
        module: Some(module),
        qualname: "f",
        is_main: false,
    });
    (
        decision.record != Record::None,
        decision.reason.to_string().replace(&tree.root, "T"),
    )
}

/// Checks `(file, module, recorded?, reason)` under the policy that `change` makes.
fn check(tree: &Tree, change: impl FnOnce(&mut Spec), cases: &[(&str, &str, bool, &str)]) {
    let mut spec = tree.spec();
    change(&mut spec);
    let mut policy = CompiledPolicy::compile(spec).unwrap();
    for _known_by_then in [false, true] {
        for &(file, module, record, reason) in cases {
            assert_eq!(
                decide(&mut policy, tree, file, module),
                (record, reason.to_owned()),
                "{file}"
            );
        }
    }
}

#[test]
fn only_my_code_when_nothing_is_said() {
    let tree = Tree::new();
    let own = "own code under the project root T/proj";
    let other = "outside the project root T/proj, and no pattern of extend-include matches";
    let cases = [
        ("proj/main.py", "__main__", true, "the script"),
        ("proj/app/a.py", "app.a", true, own),
        ("app/a.py", "app.a", true, own),
        ("./app/../app/a.py", "app.a", true, own),
        ("link/app/a.py", "app.a", true, own),
        ("proj/vendor/v.py", "v", true, own),
        ("elsewhere/back/a.py", "a", true, own),
        ("elsewhere/v.py", "v", false, other),
        ("proj/gone/later.zip/m.py", "m", true, own),
        (
            "proj/env/tool.py",
            "tool",
            false,
            "installed, and no pattern of packages matches tool",
        ),
        (
            "proj/env/lib/site-packages/req/r.py",
            "req.r",
            false,
            "installed, and no pattern of packages matches req.r",
        ),
        (
            "proj/app/dist-packages/x.py",
            "x",
            false,
            "installed, and no pattern of packages matches x",
        ),
        (
            "std/json/decoder.py",
            "json.decoder",
            false,
            "standard library, and no pattern of packages matches json.decoder",
        ),
        (
            "std/site-packages/req.py",
            "",
            false,
            "installed, and no pattern of packages matches it: it has no module",
        ),
        ("stdlib/x.py", "x", false, other),
        ("<string>", "app.a", false, "generated code without a file"),
        (
            "<stdin>-0",
            "__main__",
            false,
            "generated code without a file",
        ),
        (
            "<frozen importlib._bootstrap>",
            "importlib._bootstrap",
            false,
            "generated code without a file",
        ),
        (
            "rec/codetracer_python_recorder/cli.py",
            "x",
            false,
            "the recorder itself",
        ),
    ];
    check(&tree, |_| (), &cases);
    let mut policy = CompiledPolicy::compile(tree.spec()).unwrap();
    let empty = policy.decide(&Scope {
        path: "",
        module: None,
        qualname: "f",
        is_main: false,
    });
    assert_eq!(empty.reason.to_string(), "generated code without a file");
}

#[test]
fn exclude_beats_include_and_the_script() {
    let tree = Tree::new();
    let change = |spec: &mut Spec| {
        spec.include = Some(tree.patterns(&["app/**", "env/**", "~/lib/**", "../elsewhere"]));
        spec.extend_include = tree.patterns(&["./*.py"]);
        spec.exclude = tree.patterns(&["**/gen/**", "json"]);
    };
    let cases = [
        (
            "proj/main.py",
            "__main__",
            true,
            r#"extend-include "./*.py" (recorder.toml:7)"#,
        ),
        (
            "proj/app/a.py",
            "a",
            true,
            r#"include "app/**" (recorder.toml:7)"#,
        ),
        (
            "link/app/a.py",
            "a",
            true,
            r#"include "app/**" (recorder.toml:7)"#,
        ),
        (
            "proj/app/gen/g.py",
            "g",
            false,
            r#"exclude "**/gen/**" (recorder.toml:7)"#,
        ),
        (
            "proj/env/tool.py",
            "tool",
            true,
            r#"include "env/**" (recorder.toml:7)"#,
        ),
        (
            "proj/vendor/v.py",
            "v",
            true,
            r#"include "../elsewhere" (recorder.toml:7)"#,
        ),
        (
            "home/lib/h.py",
            "h",
            true,
            r#"include "~/lib/**" (recorder.toml:7)"#,
        ),
        (
            "home/h.py",
            "h",
            false,
            "no pattern of include or extend-include matches",
        ),
        (
            "std/json/decoder.py",
            "json",
            false,
            "standard library, and no pattern of packages matches json",
        ),
    ];
    check(&tree, change, &cases);
    check(
        &tree,
        |spec| spec.exclude = tree.patterns(&["main.py"]),
        &[(
            "proj/main.py",
            "__main__",
            false,
            r#"exclude "main.py" (recorder.toml:7)"#,
        )],
    );
}

#[test]
fn a_library_comes_in_by_packages_or_by_a_pattern_that_names_its_place() {
    let tree = Tree::new();
    let installed = "installed, and no pattern of packages matches req.r";
    let r = "proj/env/lib/site-packages/req/r.py";
    let included = |texts: &[&str], record: bool, reason: &str| {
        check(
            &tree,
            |spec| spec.include = Some(tree.patterns(texts)),
            &[(r, "req.r", record, reason)],
        );
        let reason = reason.replace("include", "extend-include");
        check(
            &tree,
            |spec| spec.extend_include = tree.patterns(texts),
            &[(r, "req.r", record, &reason)],
        );
    };
    included(&["**"], false, installed);
    included(&["env"], false, installed);
    included(&["r.py", "./*/lib/**"], false, installed);
    included(&["./env"], true, r#"include "./env" (recorder.toml:7)"#);
    included(
        &["**", "env/lib/*/req"],
        true,
        r#"include "env/lib/*/req" (recorder.toml:7)"#,
    );
    included(
        &["**/site-packages/req/**"],
        true,
        r#"include "**/site-packages/req/**" (recorder.toml:7)"#,
    );
    included(&["{**,env/*}/r.py"], false, installed);
    included(
        &["{**,env/**}/r.py"],
        true,
        r#"include "{**,env/**}/r.py" (recorder.toml:7)"#,
    );
    let json = (
        "std/json/decoder.py",
        "json.decoder",
        true,
        r#"packages "json" (recorder.toml:7)"#,
    );
    let change = |spec: &mut Spec| {
        spec.packages = vec![pattern_at("", "email"), pattern_at("", "json")];
        spec.exclude = tree.patterns(&["r.py"]);
    };
    check(
        &tree,
        change,
        &[
            json,
            (r, "json", false, r#"exclude "r.py" (recorder.toml:7)"#),
        ],
    );
    let named =
        [tree.path("std/json/**"), tree.path("std/**")].map(|text| pattern_at("/elsewhere", &text));
    let change = |spec: &mut Spec| spec.include = Some(named.to_vec());
    check(
        &tree,
        change,
        &[(
            "std/json/decoder.py",
            "json.decoder",
            true,
            r#"include "T/std/json/**" (recorder.toml:7)"#,
        )],
    );
}

#[test]
fn a_program_without_a_file_lies_wherever_a_pattern_looks() {
    let tree = Tree::new();
    let main = Scope {
        path: "<string>",
        module: Some("__main__"),
        qualname: "f",
        is_main: true,
    };
    let decision = |change: &dyn Fn(&mut Spec)| {
        let mut spec = tree.spec();
        change(&mut spec);
        let mut policy = CompiledPolicy::compile(spec).unwrap();
        let first = policy.decide(&main);
        assert_eq!(policy.decide(&main), first);
        let generated = policy.decide(&Scope {
            qualname: "f",
            is_main: false,
            ..main
        });
        assert_eq!(generated.record, Record::None);
        (first.record != Record::None, first.reason.to_string())
    };
    assert_eq!(decision(&|_| ()), (true, "the script".to_owned()));
    let include =
        |text: &'static str| decision(&|spec| spec.include = Some(tree.patterns(&[text]))).0;
    assert!(
        include("**")
            && include("<string>")
            && include("*")
            && !include("app/**")
            && !include("*.py")
    );
    assert!(!decision(&|spec| spec.exclude = tree.patterns(&["**"])).0);
}

#[test]
fn the_root_and_the_script_go_by_both_names() {
    let tree = Tree::new();
    let change = |spec: &mut Spec| {
        spec.scope.project_root = tree.path("link");
        spec.scope.script = vec![tree.path("link/main.py"), tree.path("proj/main.py")];
        spec.include = Some(vec![
            pattern_at(&tree.path("link"), "app/a.py"),
            pattern_at(&tree.path("link"), "main.py"),
        ]);
    };
    let a = r#"include "app/a.py" (recorder.toml:7)"#;
    let cases = [
        ("proj/app/a.py", "a", true, a),
        ("link/app/a.py", "a", true, a),
        ("elsewhere/back/a.py", "a", true, a),
    ];
    check(&tree, change, &cases);
    let change = |spec: &mut Spec| {
        spec.scope.script = vec![tree.path("link/main.py"), tree.path("proj/main.py")]
    };
    check(
        &tree,
        change,
        &[
            ("proj/main.py", "x", true, "the script"),
            ("link/main.py", "x", true, "the script"),
        ],
    );
}

/// What is remembered of a folder says the same as asking anew.
#[test]
fn a_decision_does_not_depend_on_those_before() {
    let tree = Tree::new();
    let files = [
        "proj/app/a.py",
        "proj/app/dangling.py",
        "proj/app/gen/g.py",
        "proj/app/gone/m.py",
        "proj/app/gone/n.py",
        "proj/main.py",
        "proj/one.py",
        "proj/app.zip/app/a.py",
        "proj/vendor/v.py",
        "link/one.py",
        "link/app/gen/g.py",
        "elsewhere/v.py",
        "elsewhere/back/gen",
        "elsewhere/back/gen/g.py",
    ];
    for texts in [
        ["gen/", "app/a.py"],
        ["app/**", "v.py"],
        ["gone", "../elsewhere/"],
    ] {
        let policy = || {
            let mut spec = tree.spec();
            spec.include = Some(tree.patterns(&texts));
            CompiledPolicy::compile(spec).unwrap()
        };
        let alone = files.map(|file| decide(&mut policy(), &tree, file, "m"));
        for first in 0..files.len() {
            let mut policy = policy();
            for place in (first..files.len()).chain(0..first) {
                let decided = decide(&mut policy, &tree, files[place], "m");
                assert_eq!(
                    decided, alone[place],
                    "{texts:?} {} first {first}",
                    files[place]
                );
            }
        }
    }
    let mut spec = tree.spec();
    spec.exclude = tree.patterns(&["app/gen/"]);
    let mut policy = CompiledPolicy::compile(spec).unwrap();
    let own = (true, "own code under the project root T/proj".to_owned());
    assert_eq!(decide(&mut policy, &tree, "proj/later/f.py", "m"), own);
    symlink(tree.path("proj/app/gen"), tree.path("proj/later")).unwrap();
    assert!(!decide(&mut policy, &tree, "proj/later/g.py", "m").0);
    let include = |spec: &mut Spec| spec.include = Some(tree.patterns(&["app/a.py"]));
    let reason = r#"include "app/a.py" (recorder.toml:7)"#;
    check(
        &tree,
        include,
        &[
            ("proj/one.py", "one", true, reason),
            ("link/one.py", "one", true, reason),
        ],
    );
}

#[test]
fn matches_are_counted_per_file_and_module() {
    let tree = Tree::new();
    let mut spec = tree.spec();
    spec.include = Some(tree.patterns(&["app/**", "**/{gen,gen/*.py}", "nothing"]));
    spec.packages = vec![pattern_at("", "json"), pattern_at("", "nothing")];
    let mut policy = CompiledPolicy::compile(spec).unwrap();
    for _ in 0..3 {
        decide(&mut policy, &tree, "proj/app/a.py", "app.a");
        decide(&mut policy, &tree, "proj/app/gen/g.py", "app.gen.g");
        decide(&mut policy, &tree, "std/json/decoder.py", "json.decoder");
    }
    let counts: Vec<_> = policy
        .pattern_matches()
        .map(|one| (one.text.to_owned(), one.matches))
        .collect();
    let expected = [
        ("app/**", 2),
        ("**/{gen,gen/*.py}", 1),
        ("nothing", 0),
        ("json", 1),
        ("nothing", 0),
    ];
    assert_eq!(
        counts,
        expected.map(|(text, count)| (text.to_owned(), count))
    );
}

#[test]
fn mistakes_name_their_origin_and_come_all_at_once() {
    let mut spec = spec("/p");
    spec.scope.home = None;
    spec.exclude = vec![pattern_at("/p", "src/["), pattern_at("/p", "~/x")];
    spec.packages = vec![pattern_at("", "a..b")];
    let error = CompiledPolicy::compile(spec).unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(
        lines[0],
        "recorder.toml:7: unclosed '[' in \"src/[\" ([[] is the character itself)"
    );
    assert_eq!(
        lines[1],
        "recorder.toml:7: no home folder is known for \"~/x\""
    );
    assert_eq!(
        lines[2],
        "recorder.toml:7: an empty part in \"a..b\" (the parts of a name are joined by single dots)"
    );
}

#[test]
fn names_made_absolute() {
    let absolute = |path: &str| absolute_path(path, "/w/d");
    for (path, expected) in [
        ("a.py", "/w/d/a.py"),
        ("./a.py", "/w/d/a.py"),
        ("../a.py", "/w/a.py"),
        ("/x//y/./z/../a.py", "/x/y/a.py"),
        ("../../../a.py", "/a.py"),
        ("z.zip/m.py", "/w/d/z.zip/m.py"),
    ] {
        assert_eq!(absolute(path), expected);
    }
    assert!(Path::new(&absolute(&"a/".repeat(2000))).is_absolute());
}

/// A file name is whatever the program made of it.
#[test]
fn absurd_names_take_no_time() {
    let tree = Tree::new();
    let mut spec = tree.spec();
    spec.include = Some(tree.patterns(&["**/a/**/b", "*x*y*z*"]));
    spec.packages = vec![pattern_at("", "**.x*y*z")];
    let mut policy = CompiledPolicy::compile(spec).unwrap();
    for unit in ["a/", "x", "xyz/", "../", "/", "\u{1}", "é/"] {
        for count in [100, 2000, 1_000_000] {
            let path = tree.path(&unit.repeat(count));
            let module = unit.replace('/', ".").repeat(count);
            policy.decide(&Scope {
                path: &path,
                module: Some(&module),
                qualname: "f",
                is_main: false,
            });
            policy.decide(&Scope {
                path: &tree.path("std/x.py"),
                module: Some(&module),
                qualname: "f",
                is_main: false,
            });
        }
    }
}

#[test]
fn the_spec_is_read_strictly() {
    let text = r#"{"format": "json", "activation_path": null,
        "scope": {"cwd": "/p", "home": null, "project_root": "/p", "script": [], "script_module": null, "standard_library": [], "recorder": "/r"},
        "include": null, "extend_include": [], "exclude": [], "packages": [{"text": "json", "anchor": "", "origin": "--packages"}], "record": "lines", "rules": [],
        "redact": {"names": [], "allow": [], "detect": true, "enabled": true}, "limits": {"depth": 3, "items": 50, "string": 500, "value_bytes": 16384, "output_bytes": 1048576, "trace_bytes": 0},
        "capture": {"stdout": true, "stderr": true, "stdin": true, "exceptions": true, "processes": "mine"}}"#;
    let spec = Spec::from_json(text).unwrap();
    assert_eq!(
        (spec.format, spec.limits.items, spec.packages.len()),
        (Format::Json, 50, 1)
    );
    assert!(CompiledPolicy::compile(spec).is_ok());
    assert!(Spec::from_json(&text.replace("\"depth\"", "\"deep\"")).is_err());
    assert!(Spec::from_json("{").is_err());
}
