//! Owns: what is read of whole, torn, foreign and hostile traces. Must not: use our own writer.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value as Event, json};

use super::{Health, Reader};
use crate::error::Error;
use crate::trace::record::{Record, Value};
use crate::trace::sample;

/// The records of an event stream, and whether it is whole.
fn read(name: &str, content: &[u8]) -> (Vec<Record>, bool) {
    let dir = sample::folder(name, content);
    let (records, health) = sample::read(dir.path());
    (records, health == Health::Whole)
}

fn error(dir: &Path) -> String {
    match Reader::open(dir).map(|_| ()) {
        Err(Error::Trace(text)) => text,
        other => panic!("expected a trace error, got {other:?}"),
    }
}

/// The sample in three frames.
fn sample_binary() -> Vec<u8> {
    let events = sample::events();
    let (first, rest) = events.split_at(20);
    let (second, third) = rest.split_at(10);
    let frames = [first, second, third].map(sample::cbor);
    sample::binary(&frames.each_ref().map(Vec::as_slice))
}

#[test]
fn both_forms_give_the_same_records() {
    let (from_json, json_whole) = read("trace.json", &sample::json(&sample::events()));
    let (from_binary, binary_whole) = read("trace.bin", &sample_binary());
    assert!(json_whole && binary_whole);
    assert_eq!(from_json.len(), sample::events().len());
    assert_eq!(from_json, from_binary);
    assert!(
        !from_json
            .iter()
            .any(|record| matches!(record, Record::Other(_)))
    );
}

#[test]
fn records_that_come_again_are_read_again() {
    let events = sample::events();
    let (once, _) = read("trace.json", &sample::json(&events));
    let thrice = [&events[..]; 3].concat();
    let items = sample::cbor(&thrice);
    let forms = [
        ("trace.json", sample::json(&thrice)),
        ("trace.bin", sample::binary(&[&items])),
        // Of a text in pieces no length is announced.
        (
            "trace.bin",
            sample::binary(&[&items, &b"\xa1\x64Path\x7f\x62/a\x61b\xff".repeat(2)]),
        ),
    ];
    for (name, content) in forms {
        let (records, is_whole) = read(name, &content);
        let (told, more) = records.split_at(thrice.len());
        assert!(is_whole && told == [&once[..]; 3].concat());
        assert!(more.iter().all(|path| *path == Record::Path("/ab".into())));
    }
}

#[test]
fn json_cut_at_every_byte_gives_its_whole_events() {
    let events = sample::events();
    let content = sample::json(&events);
    let (all, _) = read("trace.json", &content);
    let dir = sample::folder("trace.json", &content);
    let ends: Vec<usize> = events
        .iter()
        .scan(0, |at, event| {
            *at += 1 + event.to_string().len();
            let end = *at;
            *at += 1;
            Some(end)
        })
        .collect();
    for cut in 1..content.len() {
        fs::write(dir.path().join("trace.json"), &content[..cut]).unwrap();
        let (records, health) = sample::read(dir.path());
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(records, all[..whole], "cut at byte {cut}");
        assert!(matches!(health, Health::Torn(tear) if tear.records == whole as u64));
    }
}

/// Of a part that was being joined the stream holds nothing, some, or all, and it is read from its own file.
#[test]
fn what_is_being_joined_is_not_read() {
    let (own, joined) = (sample::events(), sample::events());
    let all = [own.clone(), joined.clone()].concat();
    let (first, second) = (sample::cbor(&own), sample::cbor(&joined));
    let json_end = sample::json(&own).len() - 1;
    for (name, form, end, content) in [
        ("trace.json", "json", json_end, sample::json(&all)),
        (
            "trace.bin",
            "bin",
            first.len(),
            sample::binary(&[&first, &second]),
        ),
    ] {
        let (whole, _) = read(name, &sample_of(name, &own));
        let dir = sample::folder(name, &content);
        fs::write(dir.path().join(format!("trace.part-1.at-{end}.{form}")), "").unwrap();
        for cut in 0..=content.len() / 3 {
            fs::write(dir.path().join(name), &content[..content.len() - cut]).unwrap();
            let (records, health) = sample::read(dir.path());
            assert_eq!(records, whole, "{name} without its last {cut} bytes");
            assert_eq!(health, Health::Whole);
        }
    }
}

fn sample_of(name: &str, events: &[Event]) -> Vec<u8> {
    match name {
        "trace.json" => sample::json(events),
        _ => sample::binary(&[&sample::cbor(events)]),
    }
}

#[test]
fn binary_cut_at_every_byte_gives_a_prefix() {
    let content = sample_binary();
    let (all, _) = read("trace.bin", &content);
    let dir = sample::folder("trace.bin", &content);
    let mut most = 0;
    for cut in 1..content.len() {
        fs::write(dir.path().join("trace.bin"), &content[..cut]).unwrap();
        let (records, health) = sample::read(dir.path());
        assert!(all.starts_with(&records), "cut at byte {cut}");
        assert!(records.len() >= most, "cut at byte {cut}");
        assert_ne!(health, Health::Whole, "cut at byte {cut}");
        most = records.len();
    }
    assert_eq!(
        most,
        all.len(),
        "all records are there before the seek table is"
    );
}

#[test]
fn items_cut_at_every_byte_give_their_whole_events() {
    let items = sample::cbor(&sample::events());
    let (all, _) = read("trace.bin", &sample::binary(&[&items]));
    for cut in (0..items.len()).step_by(3) {
        let (records, whole) = read("trace.bin", &sample::binary(&[&items[..cut]]));
        assert!(all.starts_with(&records), "cut at byte {cut}");
        let border = sample::cbor(&sample::events()[..records.len()]).len() == cut;
        assert_eq!(whole, border, "cut at byte {cut}");
    }
}

#[test]
fn an_item_may_go_on_in_the_next_frame() {
    let items = sample::cbor(&sample::events());
    let frames: Vec<&[u8]> = items.chunks(7).collect();
    let (records, whole) = read("trace.bin", &sample::binary(&frames));
    assert_eq!((records.len(), whole), (sample::events().len(), true));
}

#[test]
fn any_layout_of_the_array_is_read() {
    let events = sample::events();
    let (expected, _) = read("trace.json", &sample::json(&events));
    let array = Event::Array(events.clone());
    let mut blanks = sample::json(&events);
    blanks.pop();
    blanks.extend_from_slice(&[b' '; 100_000]);
    blanks.extend_from_slice(b"]\n");
    for content in [
        array.to_string().into_bytes(),
        serde_json::to_vec_pretty(&array).unwrap(),
        format!(" \r\n\t{array} \n").into_bytes(),
        blanks,
    ] {
        assert_eq!(read("trace.json", &content), (expected.clone(), true));
    }
}

#[test]
fn keys_stand_in_any_order_and_unknown_ones_are_passed_over() {
    let (records, whole) = read(
        "trace.json",
        br#"[{"Value":{"value":{"x":[{}],"type_id":7,"i":1,"kind":"Int"},"variable_id":3}},
            {"Event":{"content":"\u0000\ud83d\ude00","metadata":"","kind":0,"more":null}}]"#,
    );
    assert!(whole);
    assert!(matches!(&records[0], Record::Value(value) if value.variable_id.0 == 3));
    assert!(matches!(&records[1], Record::Event(event) if event.content == "\0😀"));
}

#[test]
fn events_and_values_of_other_recorders_are_kept_by_name() {
    let (records, whole) = read(
        "trace.json",
        br#"["DropLastStep",{"ThreadStart":1},{"Return":{"return_value":{"kind":"Cell","place":5}}}]"#,
    );
    assert!(whole);
    assert_eq!(records[0], Record::Other("DropLastStep".into()));
    assert_eq!(records[1], Record::Other("ThreadStart".into()));
    assert!(matches!(&records[2], Record::Return(Value::Other { kind, .. }) if kind == "Cell"));
}

#[test]
fn a_float_is_a_number_or_text() {
    for f in [json!(1.5), json!("1.5")] {
        let event = json!({"Return": {"return_value": {"kind": "Float", "f": f, "type_id": 0}}});
        let items = sample::cbor(std::slice::from_ref(&event));
        for (records, whole) in [
            read("trace.json", &sample::json(&[event])),
            read("trace.bin", &sample::binary(&[&items])),
        ] {
            assert!(whole);
            assert!(matches!(&records[0], Record::Return(Value::Float { f, .. }) if *f == 1.5));
        }
    }
}

#[test]
fn a_record_longer_than_the_window_is_read() {
    let long = "x".repeat(3 << 20);
    let event = json!({"Event": {"kind": 0, "metadata": "", "content": long}});
    let events = [json!({"Path": "/a"}), event, json!({"Path": "/b"})];
    let items = sample::cbor(&events);
    for (records, whole) in [
        read("trace.json", &sample::json(&events)),
        read("trace.bin", &sample::binary(&[&items])),
    ] {
        assert!(whole);
        assert!(matches!(&records[1], Record::Event(event) if event.content == long));
        assert_eq!(records[2], Record::Path("/b".into()));
    }
}

#[test]
fn torn_json_ends_at_the_tear() {
    let page = " ".repeat(64);
    for (content, records) in [
        ("[".to_owned(), 0),
        (r#"[{"Path":"/a"},]"#.to_owned(), 1),
        (r#"[{"Path":"/a"},{"Path":"/b"}  ]  ]"#.to_owned(), 2),
        (r#"[{"Path":"/a"} {"Path":"/b"}]"#.to_owned(), 1),
        // An event whose first page was never written, its later pages were.
        (format!("[{{\"Path\":\"/a\"}}\n{page}ng/path\"}}\n]"), 1),
        (format!("[{{\"Path\":\"/a\"}}\n,{page}\"}}}}\n]"), 1),
        ("[{\"Path\":\"/a\"}\0\0\0\0".to_owned(), 1),
        (r#"[{"Path":"/a"},{"Step":{"path_id":0}}]"#.to_owned(), 1),
        (r#"[{"Path":"/a"},{"Path":"/b","Step":0}]"#.to_owned(), 1),
        (r#"[{"Path":"/a"},{}]"#.to_owned(), 1),
        (r#"[{"Path":"/a"},12]"#.to_owned(), 1),
        (r#"[{"Path":"\ud800"}]"#.to_owned(), 0),
    ] {
        let (found, whole) = read("trace.json", content.as_bytes());
        assert_eq!((found.len(), whole), (records, false), "{content}");
    }
}

#[test]
fn a_wrong_seek_table_tears_the_trace_behind_its_last_record() {
    let items = sample::cbor(&sample::events());
    let (first, second) = items.split_at(items.len() / 2);
    let whole = sample::binary(&[first, second]);
    let other = sample::binary(&[first]);
    let table_of_other = &other[other.len() - 25..];
    let frames = &whole[..whole.len() - 33];
    let mut damaged = whole.clone();
    damaged[whole.len() - 20] ^= 1;
    for content in [
        frames.to_vec(),
        [frames, table_of_other].concat(),
        [&whole[..], table_of_other].concat(),
        damaged,
    ] {
        let (records, is_whole) = read("trace.bin", &content);
        assert_eq!((records.len(), is_whole), (sample::events().len(), false));
    }
    assert!(read("trace.bin", &whole).1);
}

#[test]
fn a_tear_says_where_and_why() {
    let dir = sample::folder("trace.json", br#"[{"Path":"/a"},{"Step":{"path_id":0}}]"#);
    let Health::Torn(tear) = sample::read(dir.path()).1 else {
        panic!("torn");
    };
    assert_eq!(
        tear.to_string(),
        "torn after record 1, at byte 15 of the events: missing field `line`"
    );
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for depth in [130, 100_000] {
        let open = r#"{"kind":"Tuple","type_id":0,"elements":["#.repeat(depth);
        let value = format!(
            r#"[{{"Return":{{"return_value":{open}{}}}}}]"#,
            "]}".repeat(depth)
        );
        assert_eq!(read("trace.json", value.as_bytes()), (vec![], false));
        let cbor = |event: &[u8], open: &[u8]| [event, &open.repeat(depth), b"\xa0"].concat();
        let open = b"\xa3\x64kind\x65Tuple\x67type_id\x00\x68elements\x81";
        let value = cbor(b"\xa1\x66Return\xa1\x6creturn_value", open);
        assert_eq!(
            read("trace.bin", &sample::binary(&[&value])),
            (vec![], false)
        );
        let unknown = cbor(b"\xa1\x64Else", &[0x81; 3]);
        assert_eq!(
            read("trace.bin", &sample::binary(&[&unknown])),
            (vec![], false)
        );
    }
}

#[test]
fn values_are_read_as_deep_as_json_allows_in_both_forms() {
    let mut value = json!({"kind": "None", "type_id": 0});
    for _ in 0..60 {
        value = json!({"kind": "Tuple", "elements": [value], "type_id": 0});
    }
    let events = [json!({"Return": {"return_value": value}})];
    let items = sample::cbor(&events);
    assert!(read("trace.json", &sample::json(&events)).1);
    assert!(read("trace.bin", &sample::binary(&[&items])).1);
}

#[test]
fn announced_lengths_are_not_believed() {
    let enormous = [0x1b, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for major in [0x40, 0x60, 0x80, 0xa0] {
        let mut head = enormous;
        head[0] |= major;
        for before in ["Path", "Call", "Else"] {
            let item = [&[0xa1, 0x64], before.as_bytes(), &head, &[0; 50]].concat();
            assert_eq!(
                read("trace.bin", &sample::binary(&[&item])),
                (vec![], false)
            );
        }
    }
}

#[test]
fn what_is_no_trace_is_refused_with_place_and_way_out() {
    let none = tempfile::tempdir().unwrap();
    let at = |name: &str| none.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("folders")).unwrap();
    fs::create_dir(at("folders/trace.json")).unwrap();
    assert!(
        error(&at("missing"))
            .ends_with("missing: no such folder (give the folder that --trace-dir named)")
    );
    assert!(
        error(&at("file")).ends_with("file: not a folder (give the folder that the trace lies in)")
    );
    assert!(error(none.path()).contains("no trace here"));
    assert!(error(&at("folders")).contains("no trace here"));
    for (name, content, expected) in [
        ("trace.json", b"".as_slice(), "trace.json: empty"),
        ("trace.bin", b"", "trace.bin: empty"),
        ("trace.json", b"{\"a\": 1}", "trace.json: not a trace"),
        ("trace.json", b"  \n ", "trace.json: not a trace"),
        ("trace.json", &sample::HEADER, "trace.json: not a trace"),
        ("trace.bin", b"[]", "trace.bin: not a trace"),
        (
            "trace.bin",
            b"\x28\xb5\x2f\xfd\0\0\0\0",
            "trace.bin: not a trace",
        ),
        (
            "trace.bin",
            b"\xC0\xDE\x72\xAC\xE2\x00\x00\x00",
            "the Cap'n Proto form",
        ),
    ] {
        let dir = sample::folder(name, content);
        let text = error(dir.path());
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn of_two_forms_the_metadata_or_else_the_newer_file_decides() {
    let dir = sample::folder("trace.json", b"[]");
    fs::write(dir.path().join("trace.bin"), sample::binary(&[])).unwrap();
    let name = |dir: &Path| {
        let reader = Reader::open(dir).unwrap();
        reader.files().events.file_name().unwrap().to_owned()
    };
    assert_eq!(name(dir.path()), "trace.bin");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let json = fs::File::options()
        .append(true)
        .open(dir.path().join("trace.json"))
        .unwrap();
    json.set_modified(later).unwrap();
    assert_eq!(name(dir.path()), "trace.json");
    let metadata = r#"{"policy": {"resolved": {"format": "binary"}}}"#;
    fs::write(dir.path().join("trace_metadata.json"), metadata).unwrap();
    assert_eq!(name(dir.path()), "trace.bin");
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        read("trace.json", &[b"[{\"Path\":", &bytes[..]].concat());
        read("trace.bin", &[&sample::HEADER, &bytes[..]].concat());
        read("trace.bin", &sample::binary(&[&bytes]));
    }

    #[test]
    fn mutated_traces_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mutate = |mut bytes: Vec<u8>, from: usize| {
            for (at, byte) in &changes {
                let at = from + at.index(bytes.len() - from);
                bytes[at] = *byte;
            }
            bytes
        };
        read("trace.json", &mutate(sample::json(&sample::events()), 1));
        read("trace.bin", &mutate(sample_binary(), sample::HEADER.len()));
        read("trace.bin", &sample::binary(&[&mutate(sample::cbor(&sample::events()), 0)]));
    }
}
