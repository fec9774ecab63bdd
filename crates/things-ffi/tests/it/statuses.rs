//! Statuses: one for each kind of error, each with a name, and the same numbers in the header.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::Path;
use things_ffi::things_status_name;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn name(status: i32) -> &'static str {
    // SAFETY: it gives a string that is never freed.
    unsafe { CStr::from_ptr(things_status_name(status)) }.to_str().unwrap()
}

/// The constants of the header's `ThingsStatus`.
fn constants(header: &str) -> BTreeMap<String, i32> {
    let body = header.split("enum ThingsStatus").nth(1).and_then(|rest| rest.split("};").next()).expect("the enum");
    let lines = body.lines().filter_map(|line| line.trim().strip_prefix("THINGS_STATUS_")?.split_once(" = "));
    lines.map(|(name, number)| (name.to_owned(), number.trim_end_matches(',').parse().unwrap())).collect()
}

#[test]
fn each_status_of_the_header_has_its_name() {
    let constants = constants(&read("include/things.h"));
    assert!(constants.len() > 20, "{constants:?}");
    for (constant, number) in constants {
        assert_eq!(name(number), constant.to_lowercase().replace('_', "-"), "{number}");
    }
}

/// A kind of error that things-store gets must get a number here, too: `THINGS_STATUS_OTHER` is for programs that were
/// built with a newer store than this surface knows.
#[test]
fn each_kind_of_error_has_a_status_of_its_own() {
    let source = read("../things-store/src/error.rs");
    let body = source.split("pub fn as_str").nth(1).and_then(|rest| rest.split("\n    }\n").next()).expect("names");
    let names: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
    assert!(names.len() >= 18, "{names:?}");
    let known: Vec<&str> = (0..1000).map(name).collect();
    for kind in names {
        assert!(known.contains(&kind), "{kind} has no status: add one to status.rs, and run ci/ffi/header");
    }
}
