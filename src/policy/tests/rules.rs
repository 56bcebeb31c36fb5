//! Owns: what rules decide, each action for itself, and what `explain` says of it. Must not: test the lists.

use serde_json::{Value, json};

use super::*;

/// A rule for the project in `/p`, of `key = value` pairs.
fn rule(settings: &[(&str, Value)]) -> Rule {
    let mut rule = json!({
        "path": null, "module": null, "function": null, "record": null, "values": null, "depth": null, "items": null,
        "string": null, "value_bytes": null, "reason": null, "origin": "r.toml:1: rules[0]"
    });
    for (key, value) in settings {
        rule[*key] = match (*key, value) {
            ("path" | "module" | "function", Value::String(text)) => {
                json!({"text": text, "anchor": "/p", "origin": "r.toml:1: rules[0]"})
            }
            _ => value.clone(),
        };
    }
    serde_json::from_value(rule).unwrap()
}

fn policy(rules: &[&[(&str, Value)]]) -> CompiledPolicy {
    changed(rules, |_| ())
}

fn changed(rules: &[&[(&str, Value)]], change: impl FnOnce(&mut Spec)) -> CompiledPolicy {
    let mut spec = spec("/p");
    spec.rules = rules.iter().map(|settings| rule(settings)).collect();
    change(&mut spec);
    CompiledPolicy::compile(spec).unwrap()
}

fn decide(policy: &mut CompiledPolicy, path: &str, module: &str, qualname: &str) -> Decision {
    policy.decide(&Scope {
        path,
        module: Some(module),
        qualname,
        is_main: false,
    })
}

/// Whether one rule with this selector is about a code object.
fn selects(selector: &str, pattern: &str, path: &str, module: &str, qualname: &str) -> bool {
    let mut policy = policy(&[&[(selector, pattern.into()), ("record", "calls".into())]]);
    decide(&mut policy, path, module, qualname).record == Record::Calls
}

#[test]
fn functions_match_at_any_depth_and_take_what_is_inside() {
    for (pattern, qualname, expected) in [
        ("charge", "charge", true),
        ("charge", "Order.charge", true),
        ("charge", "Order.recharge", false),
        ("Order", "Order.charge", true),
        ("make", "make.<locals>.inner", true),
        ("Order.charge", "Order.charge", true),
        ("Order.charge", "app.Order.charge", false),
        ("**.charge", "Order.charge", true),
        ("Order.*", "Order", false),
        ("Order.**", "Order.charge.<locals>.f", true),
        ("test_*", "Suite.test_one", true),
        ("test_*", "untested", false),
        ("<module>", "<module>", true),
        ("<lambda>", "f.<locals>.<lambda>", true),
        ("{a,b}", "b", true),
        ("été", "Saison.été", true),
    ] {
        assert_eq!(
            name_matches(Kind::Function, pattern, qualname),
            expected,
            "{pattern} {qualname}"
        );
        assert_eq!(
            selects("function", pattern, "/p/a.py", "a", qualname),
            expected
        );
    }
    for (pattern, problem) in [
        ("", "no pattern in \"\""),
        (
            "a..b",
            "an empty part in \"a..b\" (the parts of a name are joined by single dots)",
        ),
        (
            "a/b",
            "'/' in \"a/b\" (the parts of a function's name are joined by '.')",
        ),
        ("[", "unclosed '[' in \"[\" ([[] is the character itself)"),
    ] {
        assert_eq!(
            super::super::problem(Kind::Function, pattern).as_deref(),
            Some(problem)
        );
    }
}

#[test]
fn all_selectors_given_must_match() {
    let rules: &[&[(&str, Value)]] = &[&[
        ("path", "app/**".into()),
        ("module", "app.pay".into()),
        ("function", "charge".into()),
        ("record", "none".into()),
    ]];
    let mut policy = policy(rules);
    for (path, module, qualname, record) in [
        ("/p/app/pay.py", "app.pay", "charge", Record::None),
        (
            "/p/app/pay.py",
            "app.pay.card",
            "Order.charge",
            Record::None,
        ),
        ("/p/lib/pay.py", "app.pay", "charge", Record::Lines),
        ("/p/app/pay.py", "app.payment", "charge", Record::Lines),
        ("/p/app/pay.py", "app.pay", "refund", Record::Lines),
    ] {
        assert_eq!(
            decide(&mut policy, path, module, qualname).record,
            record,
            "{path} {module} {qualname}"
        );
    }
}

#[test]
fn the_last_rule_with_an_action_decides_it_each_action_for_itself() {
    let mut policy = policy(&[
        &[
            ("path", "app".into()),
            ("record", "calls".into()),
            ("depth", 1.into()),
            ("items", 1.into()),
        ],
        &[
            ("module", "app.pay".into()),
            ("values", "redact".into()),
            ("reason", "cards".into()),
        ],
        &[
            ("function", "charge".into()),
            ("record", "lines".into()),
            ("depth", 9.into()),
        ],
        &[
            ("function", "refund".into()),
            ("values", "drop".into()),
            ("string", 0.into()),
            ("value_bytes", 7.into()),
        ],
    ]);
    let mut of = |module: &str, qualname: &str| {
        let decision = decide(&mut policy, "/p/app/x.py", module, qualname);
        let Limits {
            depth,
            items,
            string,
            value_bytes,
            ..
        } = decision.limits;
        (
            decision.record,
            decision.values,
            [depth, items, string, value_bytes],
        )
    };
    assert_eq!(
        of("app.x", "f"),
        (Record::Calls, Visibility::Keep, [1, 1, 500, 16384])
    );
    assert_eq!(
        of("app.pay", "f"),
        (Record::Calls, Visibility::Redact, [1, 1, 500, 16384])
    );
    assert_eq!(
        of("app.pay", "charge"),
        (Record::Lines, Visibility::Redact, [9, 1, 500, 16384])
    );
    assert_eq!(
        of("app.pay", "refund"),
        (Record::Calls, Visibility::Drop, [1, 1, 0, 7])
    );
}

#[test]
fn a_rule_brings_in_any_kind_and_back_what_is_excluded() {
    let rules: &[&[(&str, Value)]] = &[
        &[
            ("path", "app/gen/keep.py".into()),
            ("record", "lines".into()),
        ],
        &[
            ("module", "json".into()),
            ("record", "calls".into()),
            ("reason", "why so slow".into()),
        ],
        &[("path", "<string>".into()), ("record", "lines".into())],
        &[("path", "../other/**".into()), ("record", "lines".into())],
        &[("module", "email".into()), ("depth", 9.into())],
    ];
    let mut policy = changed(rules, |spec| {
        spec.exclude = vec![pattern_at("/p", "app/gen/**")]
    });
    for (path, module, record, reason) in [
        (
            "/p/app/gen/keep.py",
            "k",
            Record::Lines,
            "rule path \"app/gen/keep.py\" (r.toml:1: rules[0])",
        ),
        (
            "/p/app/gen/other.py",
            "o",
            Record::None,
            "exclude \"app/gen/**\" (recorder.toml:7)",
        ),
        (
            "/usr/lib/python3.12/json/decoder.py",
            "json.decoder",
            Record::Calls,
            "rule module \"json\" (r.toml:1: rules[0]: why so slow)",
        ),
        (
            "/usr/lib/python3.12/email/x.py",
            "email.x",
            Record::None,
            "standard library, and no pattern of packages matches email.x",
        ),
        (
            "<string>",
            "a",
            Record::Lines,
            "rule path \"<string>\" (r.toml:1: rules[0])",
        ),
        (
            "<stdin>",
            "a",
            Record::None,
            "generated code without a file",
        ),
        (
            "/other/x.py",
            "x",
            Record::Lines,
            "rule path \"../other/**\" (r.toml:1: rules[0])",
        ),
        (
            "/opt/recorder/codetracer_python_recorder/cli.py",
            "json",
            Record::None,
            "the recorder itself",
        ),
    ] {
        let decision = decide(&mut policy, path, module, "f");
        assert_eq!(
            (decision.record, &*decision.reason.to_string()),
            (record, reason),
            "{path}"
        );
    }
}

#[test]
fn the_key_record_is_for_code_that_no_rule_with_one_is_about() {
    let rules: &[&[(&str, Value)]] = &[
        &[("function", "f".into()), ("record", "lines".into())],
        &[("function", "g".into()), ("depth", 9.into())],
    ];
    let mut policy = changed(rules, |spec| spec.record = Record::Calls);
    let mut of = |path: &str, qualname: &str| decide(&mut policy, path, "a", qualname).record;
    assert_eq!(of("/p/a.py", "f"), Record::Lines);
    assert_eq!(of("/p/a.py", "g"), Record::Calls);
    assert_eq!(of("/other/a.py", "g"), Record::None);
}

#[test]
fn only_a_path_that_names_it_or_another_selector_is_about_generated_code() {
    for (selector, pattern, expected) in [
        ("path", "**", false),
        ("path", "*", false),
        ("path", "<string>", true),
        ("path", "<*", true),
        ("path", "{<string>,a.py}", true),
        ("path", "<other>", false),
        ("module", "app", true),
        ("function", "f", true),
    ] {
        assert_eq!(
            selects(selector, pattern, "<string>", "app", "f"),
            expected,
            "{selector} {pattern}"
        );
    }
}

#[test]
fn the_script_goes_by_its_import_name_too() {
    for (script_module, module, expected) in [
        (Some("tool.cli"), "tool.cli", true),
        (Some("tool.cli"), "tool", true),
        (Some("tool.cli"), "__main__", true),
        (None, "tool.cli", false),
    ] {
        let rules: &[&[(&str, Value)]] =
            &[&[("module", module.into()), ("record", "calls".into())]];
        let mut policy = changed(rules, |spec| {
            spec.scope.script_module = script_module.map(str::to_owned)
        });
        let decision = decide(&mut policy, "/p/main.py", "__main__", "f");
        assert_eq!(
            decision.record == Record::Calls,
            expected,
            "{script_module:?} {module}"
        );
        assert_eq!(
            decide(&mut policy, "/p/other.py", "__main__", "f").record == Record::Calls,
            module == "__main__"
        );
    }
}

#[test]
fn what_was_counted_is_told() {
    let mut policy = policy(&[
        &[("function", "f".into()), ("record", "calls".into())],
        &[("function", "never".into()), ("record", "calls".into())],
    ]);
    for qualname in ["f", "f.<locals>.g", "h"] {
        let decision = decide(&mut policy, "/p/a.py", "a", qualname);
        policy.count(&decision);
    }
    let rules: Vec<_> = policy.rule_matches().map(|(_, count)| count).collect();
    assert_eq!(rules, [2, 0]);
    let mut decisions: Vec<_> = policy
        .decisions()
        .map(|(reason, count)| (reason.kind(), count))
        .collect();
    decisions.sort_unstable();
    assert_eq!(decisions, [("own", 1), ("rule", 2)]);
}

#[test]
fn an_explanation_names_what_decided_and_what_lost() {
    let pattern =
        |text: &str| json!({"text": text, "anchor": "/p", "origin": format!("r.toml: {text}")});
    let rule = |number: usize, settings: &[(&str, Value)]| {
        let mut rule = serde_json::to_value(json!({
            "path": null, "module": null, "function": pattern("f"), "record": null, "values": null, "depth": null,
            "items": null, "string": null, "value_bytes": null, "reason": null, "origin": format!("rules[{number}]")
        }))
        .unwrap();
        settings
            .iter()
            .for_each(|(key, value)| rule[*key] = value.clone());
        rule
    };
    let spec = json!({
        "format": "json", "activation_path": null,
        "scope": {"cwd": "/p", "home": null, "project_root": "/p", "script": [], "script_module": null,
                  "standard_library": [], "recorder": "/r"},
        "include": [pattern("app")], "extend_include": [], "exclude": [pattern("gen"), pattern("x.py")],
        "packages": [pattern("json")],
        "record": "lines", "rules": [
            rule(0, &[("record", "none".into())]),
            rule(1, &[("record", "lines".into()), ("depth", 8.into())]),
            rule(2, &[("values", "drop".into())]),
        ],
        "redact": {"names": [], "allow": [], "detect": true, "enabled": true}, "limits": {"depth": 3, "items": 50, "string": 500, "value_bytes": 1, "output_bytes": 1, "trace_bytes": 0},
        "capture": {"stdout": true, "stderr": true, "stdin": true, "exceptions": true, "processes": "mine"}
    });
    let questions = json!([
        {"path": "/p/app/gen/x.py", "module": "app.gen.x", "qualname": "f", "is_main": false},
        {"path": "/p/app/gen/x.py", "module": "app.gen.x", "qualname": "g", "is_main": false}
    ]);
    let answer = explain(&spec.to_string(), &questions.to_string()).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let [first, second] = &answer["decisions"].as_array().unwrap()[..] else {
        panic!("two")
    };
    assert_eq!(first["record"], "lines");
    assert_eq!(first["reason"], "rule function \"f\" (rules[1])");
    assert_eq!(
        (&first["matching"], &first["deciding"]),
        (&json!([0, 1, 2]), &json!([1, 2]))
    );
    assert_eq!(first["values_rule"], "rule function \"f\" (rules[2])");
    assert_eq!(
        first["limits"][0],
        json!({"limit": "depth", "value": 8, "rule": "rule function \"f\" (rules[1])"})
    );
    assert_eq!(
        first["lost"],
        json!([
            "include \"app\" (r.toml: app)",
            "exclude \"gen\" (r.toml: gen)",
            "exclude \"x.py\" (r.toml: x.py)",
            "rule function \"f\" (rules[0])"
        ])
    );
    assert_eq!(
        (&second["record"], &second["kind"]),
        (&json!("none"), &json!("exclude"))
    );
    assert_eq!(
        second["lost"],
        json!([
            "include \"app\" (r.toml: app)",
            "exclude \"x.py\" (r.toml: x.py)"
        ])
    );
    let counts: Vec<_> = answer["patterns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["matches"].as_u64())
        .collect();
    assert_eq!(counts, [Some(1), Some(1), Some(1), Some(0)]);
    assert!(explain(&spec.to_string(), "{").is_err());
}
