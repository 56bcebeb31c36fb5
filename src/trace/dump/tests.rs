//! Owns: the dump's form, line by line. Must not: test what a reader takes from a damaged file.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::integer::digits;
use super::source::Sources;
use super::{Selection, dump, quote};
use crate::error::Error;
use crate::trace::sample;

fn dump_folder(dir: &Path, as_json: bool) -> (String, bool) {
    let mut out = Vec::new();
    let dumped = dump(dir, as_json, Selection::default(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), dumped.is_whole)
}

/// The dump of these events, which is the same from both forms.
fn dump_events(events: &[Value], as_json: bool) -> String {
    let json = sample::folder("trace.json", &sample::json(events));
    let items = sample::cbor(events);
    let binary = sample::folder("trace.bin", &sample::binary(&[&items]));
    let from_json = dump_folder(json.path(), as_json);
    assert_eq!(from_json, dump_folder(binary.path(), as_json));
    assert!(from_json.1, "whole");
    from_json.0
}

/// The lines of `dump` that are no definitions.
fn story(dump: &str) -> String {
    let lines = dump.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// How a value is shown; the types are those of the sample.
fn shown(value: Value) -> String {
    let mut events = sample::events();
    events.push(json!({"Value": {"variable_id": 0, "value": value}}));
    let text = dump_events(&events, false);
    let last = text.lines().last().unwrap();
    last.trim_start().strip_prefix("a = ").unwrap().to_owned()
}

#[test]
fn the_story_reads_as_the_program_ran() {
    assert_eq!(
        story(&dump_events(&sample::events(), false)),
        r#"call <toplevel>()
  step main.py:1
  call <module>()
    step main.py:1
    step main.py:4
    call f(a=3)
      step main.py:2
        a = -3
        b = [1, … 98 more]
        b = {'k': 1}
        b = Order(id=1, total=9.5)
        b = "it's\x1b[1m é\n… (+9 chars)" (cut)
        b = -18446744073709551616
        b = 1.5
        b = True
        b = &5
        b = frozenset({1})
        b = (1,)
        b = <redacted: name password>
      exception ValueError: bad
      raise ValueError: bad
    stdout '[3, 1.5]\n'
    step /lib/other.py:7
    resume gen(value=None)
      yield 'x'
    return None
  return None
"#
    );
}

#[test]
fn definitions_are_lines_of_their_own_where_they_stand() {
    let text = dump_events(&sample::events(), false);
    for line in [
        "# type 3 str (cut) (String)",
        "# type 8 Order (Struct: id, total)",
        "# path 0 main.py",
        "# path 1 /lib/other.py",
        "# function 3 gen (resumed) at /lib/other.py:7",
        "# name 2 value",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
    assert_eq!(text.lines().count(), sample::events().len());
}

#[test]
fn as_json_each_line_is_an_object() {
    let text = dump_events(&sample::events(), true);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), sample::events().len());
    for line in [
        json!({"depth": 0, "record": "type", "id": 8, "name": "Order", "kind": 6, "fields": ["id", "total"]}),
        json!({"depth": 0, "record": "path", "id": 0, "path": "main.py"}),
        json!({"depth": 0, "record": "function", "id": 2, "name": "f", "path": "main.py", "line": 1}),
        json!({"depth": 2, "record": "call", "function": "f",
            "args": [{"name": "a", "value": {"kind": "Int", "type": "int", "i": 3}}]}),
        json!({"depth": 3, "record": "step", "path": "main.py", "line": 2, "source": null}),
        json!({"depth": 3, "record": "value", "name": "b", "value": {"kind": "Struct", "type": "Order", "fields": [
            {"name": "id", "value": {"kind": "Int", "type": "int", "i": 1}},
            {"name": "total", "value": {"kind": "Raw", "type": "float", "r": "9.5"}}]}}),
        json!({"depth": 3, "record": "return", "value": {"kind": "Error", "type": "raise", "msg": "ValueError: bad"}}),
        json!({"depth": 2, "record": "event", "kind": "stdout", "content": "[3, 1.5]\n", "metadata": ""}),
    ] {
        assert!(lines.contains(&line), "{line}");
    }
}

#[test]
fn values_are_shown_as_python_prints_them() {
    let int = |i: i64| json!({"kind": "Int", "i": i, "type_id": 1});
    let list = |elements: Value, type_id: u32| json!({"kind": "Sequence", "elements": elements, "is_slice": false, "type_id": type_id});
    let tuple = |elements: Value, type_id: u32| json!({"kind": "Tuple", "elements": elements, "type_id": type_id});
    let text = |text: &str| json!({"kind": "String", "text": text, "type_id": 2});
    let raw = |text: &str, type_id: u32| json!({"kind": "Raw", "r": text, "type_id": type_id});
    for (value, expected) in [
        (list(json!([]), 5), "[]"),
        (list(json!([]), 6), "{}"),
        (
            list(
                json!([tuple(json!([int(1), int(2)]), 7), raw("… 2 more", 11)]),
                6,
            ),
            "{1: 2, … 2 more}",
        ),
        (list(json!([]), 12), "frozenset()"),
        (tuple(json!([]), 7), "()"),
        (tuple(json!([int(1), int(2)]), 7), "(1, 2)"),
        (tuple(json!([int(1)]), 8), "Order(1)"),
        (text("it's"), r#""it's""#),
        (text(r#"'"\"#), r#"'\'"\\'"#),
        (
            text("\0\u{85}\u{2028}\u{202e}\t"),
            r"'\x00\x85\u2028\u202e\t'",
        ),
        (json!({"kind": "Bool", "b": false, "type_id": 13}), "False"),
        (json!({"kind": "Int", "i": 1, "type_id": 13}), "bool(1)"),
        (json!({"kind": "Float", "f": 1e300, "type_id": 4}), "1e300"),
        (
            json!({"kind": "Error", "msg": "no", "type_id": 8}),
            "Order(no)",
        ),
        (
            json!({"kind": "Struct", "field_values": [int(1), raw("… 3 more", 11)], "type_id": 8}),
            "Order(id=1, … 3 more)",
        ),
        (raw("<list of 12>", 11), "<list of 12>"),
        (raw("deep\nOrder", 11), "deep\\nOrder"),
        (raw("nan", 4), "nan"),
        (raw("1.5", 8), "Order(1.5)"),
        (raw("Order('1.5')", 8), "Order('1.5')"),
        (json!({"kind": "Cell", "place": 3}), "<Cell>"),
    ] {
        assert_eq!(shown(value.clone()), expected, "{value}");
    }
}

#[test]
fn wrong_ids_are_shown_with_a_question_mark() {
    let events = [
        json!({"Return": {"return_value": {"kind": "None", "type_id": 9}}}),
        json!({"Call": {"function_id": 7, "args": [{"variable_id": 8, "value": {"kind": "Int", "i": 1, "type_id": 9}}]}}),
        json!({"Step": {"path_id": 7, "line": -1}}),
        json!({"Value": {"variable_id": 4294967295_u32, "value": {"kind": "Struct", "field_values": [
            {"kind": "Sequence", "elements": [], "is_slice": false, "type_id": 9}], "type_id": 9}}}),
        json!({"Function": {"path_id": 3, "line": 0, "name": "f"}}),
        json!({"Type": {"kind": 77, "lang_type": "odd", "specific_info": {"kind": "None"}}}),
        json!({"Event": {"kind": 5, "metadata": "more\n", "content": "x"}}),
        json!({"ThreadStart": 1}),
    ];
    assert_eq!(
        dump_events(&events, false),
        "return None\n\
         call ?7(?8=?9(1))\n\
         \x20 step ?7:-1\n\
         \x20   ?4294967295 = ?9(?0=?9([]))\n\
         # function 0 f at ?3:0\n\
         # type 0 odd (kind 77)\n\
         \x20 event 5 'x' # more\\n\n\
         \x20 ? ThreadStart\n"
    );
    assert_eq!(dump_events(&events, true).lines().count(), events.len());
}

#[test]
fn a_deep_recursion_is_not_indented_without_end() {
    let mut events = vec![json!({"Call": {"function_id": 0, "args": []}}); 1000];
    events.push(json!({"Step": {"path_id": 0, "line": 1}}));
    let text = dump_events(&events, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[40], format!("{}call ?0()", " ".repeat(80)));
    assert_eq!(lines[41], format!("{}[41] call ?0()", " ".repeat(80)));
    assert_eq!(lines[1000], format!("{}[1000] step ?0:1", " ".repeat(80)));
}

#[test]
fn source_lines_stand_beside_the_steps() {
    let dir = tempfile::tempdir().unwrap();
    let main = dir.path().join("main.py");
    fs::write(&main, "x = 1\r\n\n    y\t= 2  # end\x1b\n").unwrap();
    let metadata = json!({"workdir": dir.path(), "program": "main.py", "args": []});
    fs::write(dir.path().join("trace_metadata.json"), metadata.to_string()).unwrap();
    let mut events = vec![json!({"Path": main}), json!({"Path": dir.path()})];
    for (path, line) in [(0, 1), (0, 2), (0, 3), (0, 4), (0, 0), (1, 1)] {
        events.push(json!({"Step": {"path_id": path, "line": line}}));
    }
    fs::write(dir.path().join("trace.json"), sample::json(&events)).unwrap();
    let folder = dir.path().display();
    assert_eq!(
        story(&dump_folder(dir.path(), false).0),
        format!(
            "step main.py:1 | x = 1\nstep main.py:2\nstep main.py:3 | y\\t= 2  # end\\x1b\n\
             step main.py:4\nstep main.py:0\nstep {folder}:1\n"
        )
    );
}

#[test]
fn source_files_are_read_as_python_reads_them_and_not_kept_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let mut sources = Sources::default();
    let latin = dir.path().join("latin.py");
    fs::write(&latin, b"# coding: latin-1\rname = 'caf\xe9'").unwrap();
    assert_eq!(sources.line(0, &latin, 2).unwrap(), "name = 'café'");
    let long = dir.path().join("long.py");
    fs::write(&long, "é".repeat(3 << 20)).unwrap();
    assert_eq!(sources.line(1, &long, 1), None, "too large a file");
    fs::write(&long, "é".repeat(1 << 20)).unwrap();
    for id in 2..20 {
        let line = sources.line(id, &long, 1).unwrap();
        assert_eq!(line, format!("{}…", "é".repeat(200)));
    }
    fs::remove_file(&latin).unwrap();
    fs::remove_file(&long).unwrap();
    assert_eq!(sources.line(0, &latin, 2), None, "used longest ago");
    assert!(sources.line(19, &long, 1).is_some(), "used last");
}

#[test]
fn the_last_line_says_why_a_trace_is_partial() {
    let dir = sample::folder("trace.json", br#"[{"Path":"/app/a.py"}]"#);
    let set = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    let last_line = || {
        let (text, whole) = dump_folder(dir.path(), false);
        let last = text.lines().last().unwrap().to_owned();
        let (json, _) = dump_folder(dir.path(), true);
        let object: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
        assert_eq!(whole, !last.starts_with("partial: "));
        assert_eq!(whole, object["record"] != "partial");
        last
    };
    assert_eq!(last_line(), "# path 0 a.py");
    set("trace_metadata.json", r#"{"status": "recording"}"#);
    assert_eq!(
        last_line(),
        "partial: the recording has not ended: it still runs, or was killed"
    );
    set(
        "trace_metadata.json",
        r#"{"status": "partial", "reason": "disk full\n"}"#,
    );
    assert_eq!(last_line(), "partial: disk full\\n");
    set("trace_metadata.json", r#"{"status": "partial"}"#);
    assert_eq!(
        last_line(),
        "partial: the recorder says so, and gives no reason"
    );
    set("trace_metadata.json", "[]");
    assert!(last_line().ends_with("cannot be read, or is not a JSON object"));
    set("trace_metadata.json", "{}");
    set("trace.part-1.json", "");
    set("trace.part-x.bin.tmp", "");
    assert_eq!(
        last_line(),
        "partial: 1 part file(s) of other threads lie beside it and are not shown (`trace recover` joins them)"
    );
    set("trace.json", r#"[{"Path":"/app/a.py"}"#);
    assert!(last_line().starts_with(
        "partial: torn after record 1, at byte 21 of the events: the closing `]` is missing; 1 part"
    ));
}

/// A sink that fails from its second kilobyte on.
struct Failing(io::ErrorKind, usize);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 += bytes.len();
        if self.1 > 1024 {
            return Err(self.0.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_the_dump_quietly_and_a_full_disk_does_not() {
    let dir = sample::folder("trace.json", &sample::json(&sample::events()));
    let to = |kind| {
        dump(
            dir.path(),
            true,
            Selection::default(),
            &mut Failing(kind, 0),
        )
    };
    assert!(to(io::ErrorKind::BrokenPipe).is_ok_and(|dumped| dumped.is_whole));
    let full = to(io::ErrorKind::StorageFull);
    assert!(
        matches!(full, Err(Error::Trace(text)) if text.starts_with("the dump cannot be written: "))
    );
}

#[test]
fn large_numbers_are_written_out() {
    let power = |exponent: usize| [vec![1], vec![0; exponent / 8]].concat();
    assert_eq!(digits(&[], true), "0");
    assert_eq!(digits(&[0, 0, 7], true), "-7");
    assert_eq!(digits(&power(64), false), "18446744073709551616");
    assert_eq!(
        digits(&power(128), true),
        "-340282366920938463463374607431768211456"
    );
    assert_eq!(
        digits(&1_000_000_000_000_000_000_u64.to_be_bytes(), false),
        "1000000000000000000"
    );
    let largest = digits(&power(8 * 1799), false);
    assert_eq!(largest.len(), 4333);
    assert_eq!(
        digits(&power(8 * 1800), false),
        format!("0x01{}", "00".repeat(1800))
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_line(text in any::<String>()) {
        let (mut bare, mut quoted) = (String::new(), String::new());
        quote::push_bare(&mut bare, &text);
        quote::push_quoted(&mut quoted, &text);
        prop_assert!(!bare.chars().chain(quoted.chars()).any(char::is_control));
    }

    #[test]
    fn a_mutated_trace_is_dumped_a_line_a_record(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[0-9a-zA-Z\\[{\":,]"), 1..8),
    ) {
        let mut content = sample::json(&sample::events());
        for (at, byte) in &changes {
            let at = 1 + at.index(content.len() - 1);
            content[at] = byte.as_bytes()[0];
        }
        let dir = sample::folder("trace.json", &content);
        let (records, _) = sample::read(dir.path());
        for as_json in [false, true] {
            let (text, whole) = dump_folder(dir.path(), as_json);
            prop_assert_eq!(text.lines().count(), records.len() + usize::from(!whole));
        }
    }
}
