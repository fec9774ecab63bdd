//! `ci/ffi/surface`, the check of the C surface, on small headers: what it calls broken, and what it does not.
//!
//! Where pycparser or gcc is absent it says so, and these tests say that they skip.

#![allow(clippy::disallowed_methods)] // It runs a script and a compiler in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The surface that was released.
const RELEASED: &str = r"
#ifndef T_H
#define T_H
#include <stddef.h>
#include <stdint.h>
#define THINGS_ABI_VERSION 1
#define THINGS_MOST 10
enum ThingsColour {
  /* A comment. */
  THINGS_COLOUR_RED = 0,
  THINGS_COLOUR_GREEN,
  THINGS_COLOUR_BLUE = -5,
};
typedef int32_t ThingsColour;
typedef struct ThingsStore ThingsStore;
typedef struct ThingsPoint {
  int32_t x;
  uint8_t y;
} ThingsPoint;
ThingsColour things_open(const char *path, ThingsStore **out);
void things_close(ThingsStore *store);
size_t things_count(const struct ThingsStore *store, ThingsPoint *at, int64_t (*each)(void *, int));
#endif
";

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ffi-surface-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a new folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("writes");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Its exit code and what it printed; none if it lacks something here.
fn run(released: &Path, header: &Path, more: &[&str]) -> Option<(i32, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(root.join("ci/ffi/surface"));
    command.arg("--released").arg(released).arg("--header").arg(header).args(more);
    let Ok(output) = command.output() else {
        eprintln!("skipped: the interpreter of ci/ffi/surface is not here");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.contains("\"unavailable\"") {
        eprintln!("skipped: {said}");
        return None;
    }
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((output.status.code().expect("an exit code"), said))
}

/// The findings of a header that is the released one with each `(old, new)` replaced.
fn changed(changes: &[(&str, &str)]) -> Option<(i32, Vec<String>)> {
    let folder = Folder::new();
    let text = changes.iter().fold(RELEASED.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old:?} is in the header");
        text.replace(old, new)
    });
    let (released, header) = (folder.write("released.h", RELEASED), folder.write("new.h", &text));
    let (code, said) = run(&released, &header, &[])?;
    let findings = said.lines().filter(|line| line.starts_with("{\"finding\""));
    let shown = findings.map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        format!("{}: {}", line["level"].as_str().expect("a level"), line["finding"].as_str().expect("a text"))
    });
    Some((code, shown.collect()))
}

#[track_caller]
fn broken(changes: &[(&str, &str)], expected: &[&str]) {
    let Some((code, findings)) = changed(changes) else { return };
    assert_eq!(findings, expected, "{changes:?}");
    assert_eq!(code, 1, "{changes:?}");
}

#[track_caller]
fn compatible(changes: &[(&str, &str)], expected: &[&str]) {
    let Some((code, findings)) = changed(changes) else { return };
    assert_eq!(findings, expected, "{changes:?}");
    assert_eq!(code, 0, "{changes:?}");
}

#[test]
fn the_same_surface_has_no_finding_however_it_is_written() {
    compatible(&[], &[]);
    compatible(&[("  /* A comment. */\n", ""), ("const char *path,", "\n  const char\n  *where ,")], &[]);
    compatible(&[("const struct ThingsStore *store", "const ThingsStore *store")], &[]);
    compatible(&[("THINGS_COLOUR_GREEN,", "THINGS_COLOUR_GREEN = 1,")], &[]);
    compatible(&[("size_t things_count", "unsigned long int things_count")], &[]);
    compatible(&[("int64_t (*each)(void *, int)", "long (*call)(void *data, signed int n)")], &[]);
}

#[test]
fn what_was_removed_is_broken() {
    broken(&[("void things_close(ThingsStore *store);\n", "")], &["error: function `things_close` was removed"]);
    broken(&[("  THINGS_COLOUR_BLUE = -5,\n", "")], &["error: constant `THINGS_COLOUR_BLUE` was removed"]);
    broken(&[("#define THINGS_MOST 10\n", "")], &["error: constant `THINGS_MOST` was removed"]);
    broken(
        &[("ThingsColour things_open", "int32_t things_open"), ("typedef int32_t ThingsColour;\n", "")],
        &["error: type `ThingsColour` was removed"],
    );
    broken(
        &[(" {\n  int32_t x;\n  uint8_t y;\n} ThingsPoint", " ThingsPoint")],
        &["error: structure `struct ThingsPoint` was removed"],
    );
}

#[test]
fn what_was_changed_is_broken() {
    broken(
        &[("things_close(ThingsStore *store)", "things_close(ThingsStore **store)")],
        &["error: function `things_close` has changed: it was `void (struct ThingsStore *)` and is \
           `void (struct ThingsStore * *)`"],
    );
    broken(
        &[("void things_close(ThingsStore *store)", "int things_close(ThingsStore *store)")],
        &["error: function `things_close` has changed: it was `void (struct ThingsStore *)` and is \
           `int (struct ThingsStore *)`"],
    );
    broken(
        &[("things_close(ThingsStore *store)", "things_close(ThingsStore *store, int flags)")],
        &["error: function `things_close` has changed: it was `void (struct ThingsStore *)` and is \
           `void (struct ThingsStore *, int)`"],
    );
    broken(
        &[("things_close(ThingsStore *store)", "things_close(const ThingsStore *store)")],
        &["error: function `things_close` has changed: it was `void (struct ThingsStore *)` and is \
           `void (const struct ThingsStore *)`"],
    );
    broken(
        &[("(void *, int)", "(void *, unsigned)")],
        &["error: function `things_count` has changed: it was `unsigned long (const struct ThingsStore *, \
           struct ThingsPoint *, long (void *, int) *)` and is `unsigned long (const struct ThingsStore *, \
           struct ThingsPoint *, long (void *, unsigned int) *)`"],
    );
    broken(
        &[("#define THINGS_MOST 10", "#define THINGS_MOST 11")],
        &["error: constant `THINGS_MOST` has changed: it was `10` and is `11`"],
    );
    broken(
        &[("THINGS_COLOUR_RED = 0", "THINGS_COLOUR_RED = 4")],
        &[
            "error: constant `THINGS_COLOUR_RED` has changed: it was `0` and is `4`",
            "error: constant `THINGS_COLOUR_GREEN` has changed: it was `1` and is `5`",
        ],
    );
}

#[test]
fn a_structure_may_not_change_its_layout_or_its_names() {
    let was = "error: structure `struct ThingsPoint` has changed: it was `int x; unsigned char y` and is ";
    for (old, new, is) in [
        ("  int32_t x;\n  uint8_t y;\n", "  uint8_t y;\n  int32_t x;\n", "`unsigned char y; int x`"),
        ("  uint8_t y;\n", "  uint8_t y;\n  uint8_t z;\n", "`int x; unsigned char y; unsigned char z`"),
        ("  uint8_t y;\n", "", "`int x`"),
        ("  uint8_t y;\n", "  int8_t y;\n", "`int x; signed char y`"),
        ("  uint8_t y;\n", "  uint8_t y : 3;\n", "`int x; unsigned char y : 3`"),
        ("  uint8_t y;\n", "  uint8_t why;\n", "`int x; unsigned char why`"),
        ("  uint8_t y;\n", "  uint8_t y[2];\n", "`int x; unsigned char [2] y`"),
    ] {
        broken(&[(old, new)], &[&format!("{was}{is}")]);
    }
}

#[test]
fn structures_without_a_name_and_those_within_others_are_compared() {
    let with = |text: &str| format!("{text}\nvoid things_close");
    let within = |old: &str, new: &str, expected: &[&str]| {
        let folder = Folder::new();
        let both = [old, new].map(|text| RELEASED.replace("void things_close", &with(text)));
        let (released, header) = (folder.write("released.h", &both[0]), folder.write("new.h", &both[1]));
        let Some((code, said)) = run(&released, &header, &[]) else { return };
        assert_eq!(code, i32::from(!expected.is_empty()), "{new}: {said}");
        assert_eq!(said.matches("\"finding\"").count(), expected.len(), "{new}: {said}");
        for text in expected {
            assert!(said.contains(text), "no {text:?} in {said}");
        }
    };
    let two = "typedef struct { int a; } ThingsA; typedef struct { long b; } ThingsB;";
    within(two, two, &[]);
    within(
        two,
        "typedef struct { long a; } ThingsA; typedef struct { long b; } ThingsB;",
        &["type `ThingsA` has changed: it was `struct { int a }` and is `struct { long a }`"],
    );
    within(
        "struct ThingsO { struct { int x; } in; };",
        "struct ThingsO { struct { long x; } in; };",
        &["it was `struct { int x } in` and is `struct { long x } in`"],
    );
    within(
        "struct ThingsO { struct ThingsI { int x; } in; };",
        "struct ThingsO { struct ThingsI { int y; } in; };",
        &["structure `struct ThingsI` has changed"],
    );
    within(
        "struct ThingsO { union { int u; float f; }; };",
        "struct ThingsO { union { int u; double f; }; };",
        &["structure `struct ThingsO` has changed"],
    );
}

#[test]
fn macros_with_arguments_and_variables_are_compared_and_numbers_by_value() {
    let before = "#define THINGS_MOST 10\n#define THINGS_NEXT(x) ((x) + 1)\nextern const int things_level;\n\
                  enum { THINGS_HALF = (1 << 3) / 2, THINGS_LINE = '\\n' };\n";
    let same = before.replace("10", "(0xA)").replace("(1 << 3) / 2", "4").replace("'\\n'", "10");
    for (after, code, expected) in [
        (same, 0, vec![]),
        (before.replace("+ 1", "+ 2"), 1, vec!["constant `THINGS_NEXT` has changed"]),
        (before.replace("#define THINGS_NEXT(x) ((x) + 1)\n", ""), 1, vec!["constant `THINGS_NEXT` was removed"]),
        (before.replace("extern const int things_level;\n", ""), 1, vec!["variable `things_level` was removed"]),
        (before.replace("const int", "int"), 1, vec!["variable `things_level` has changed"]),
        (before.replace("'\\n'", "sizeof(int)"), 1, vec!["a constant that is not known here"]),
        (before.replace("/ 2", "/ 0"), 1, vec!["cannot compare"]),
    ] {
        let folder = Folder::new();
        let (released, header) = (folder.write("released.h", before), folder.write("new.h", &after));
        let Some((found, said)) = run(&released, &header, &[]) else { return };
        assert_eq!(found, code, "{after}: {said}");
        assert_eq!(said.matches("\"finding\"").count(), expected.len(), "{said}");
        for text in expected {
            assert!(said.contains(text), "no {text:?} in {said}");
        }
    }
}

#[test]
fn a_type_that_is_renamed_and_stays_the_same_is_fine_while_the_old_name_is_there() {
    let renamed = ("ThingsColour things_open", "ThingsPaint things_open");
    compatible(
        &[
            ("typedef int32_t ThingsColour;", "typedef int32_t ThingsPaint;\ntypedef ThingsPaint ThingsColour;"),
            renamed,
        ],
        &["note: type `ThingsPaint` is new"],
    );
    // Programs that name it do not compile any more.
    broken(
        &[("typedef int32_t ThingsColour;", "typedef int32_t ThingsPaint;"), renamed],
        &["error: type `ThingsColour` was removed", "note: type `ThingsPaint` is new"],
    );
    broken(
        &[("typedef int32_t ThingsColour;", "typedef int64_t ThingsColour;")],
        &[
            "error: function `things_open` has changed: it was `int (const char *, struct ThingsStore * *)` and is \
             `long (const char *, struct ThingsStore * *)`",
            "error: type `ThingsColour` has changed: it was `int` and is `long`",
        ],
    );
}

#[test]
fn what_was_added_is_a_note() {
    compatible(
        &[("void things_close", "int things_more(void);\nvoid things_close")],
        &["note: function `things_more` is new"],
    );
    compatible(
        &[("THINGS_COLOUR_BLUE = -5,", "THINGS_COLOUR_BLUE = -5,\n  THINGS_COLOUR_PINK = 9,")],
        &["note: constant `THINGS_COLOUR_PINK` is new"],
    );
    compatible(&[("#define THINGS_ABI_VERSION 1", "#define THINGS_ABI_VERSION 2")], &[]);
}

#[test]
fn a_header_that_cannot_be_read_is_broken() {
    let folder = Folder::new();
    let released = folder.write("released.h", RELEASED);
    for (text, why) in [("int things_open(;\n", "cannot compare"), ("#include <no/such.h>\n", "no/such.h")] {
        let header = folder.write("new.h", text);
        let Some((code, said)) = run(&released, &header, &[]) else { return };
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(why), "{said}");
    }
    let Some((code, said)) = run(&released, &folder.0.join("gone.h"), &[]) else { return };
    assert!(code == 1 && said.contains("gone.h"), "{said}");
}

#[test]
fn the_library_has_what_the_header_says_and_no_more() {
    let folder = Folder::new();
    let header = folder.write("things.h", "int things_one(void);\nint things_two(void);\n");
    let library = folder.0.join("libthings.so");
    let path = library.to_str().expect("UTF-8");
    for (source, expected, code) in [
        ("int things_one(void) { return 1; } int things_two(void) { return 2; }", vec![], 0),
        ("int things_one(void) { return 1; }", vec!["function `things_two` is not exported"], 1),
        (
            "int things_one(void) { return 1; } static int things_two(void) { return 2; } int f(void) { return things_two(); }",
            vec!["function `things_two` is not exported", "symbol `f` is exported and not in the header"],
            1,
        ),
        ("int things_one(void) { return 1; } int things_two = 2;", vec!["function `things_two` is not exported"], 1),
    ] {
        let c = folder.write("things.c", source);
        let compiled = Command::new("gcc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&c).status();
        let Ok(true) = compiled.map(|status| status.success()) else {
            eprintln!("skipped: gcc is not here");
            return;
        };
        let Some((found, said)) = run(&header, &header, &["--library", path]) else { return };
        assert_eq!(found, code, "{source}: {said}");
        assert_eq!(said.matches("\"finding\"").count(), expected.len(), "{said}");
        for text in expected {
            assert!(said.contains(text), "no {text:?} in {said}");
        }
    }
}

#[test]
fn the_checklist_is_written_between_its_markers_and_compared() {
    let folder = Folder::new();
    let released = folder.write("released.h", RELEASED);
    let begin = "<!-- The checklist. Generated by `ci/ffi/surface`. -->";
    let page = folder.write("page.md", &format!("# Before\n{begin}\nold\n<!-- The end of the checklist. -->\nAfter\n"));
    let page_name = page.to_str().expect("UTF-8");
    let docs = ["--docs", page_name];
    let Some((code, said)) = run(&released, &released, &["--docs", page_name, "--check"]) else { return };
    assert!(code == 1 && said.contains("out of date"), "{said}");
    assert_eq!(run(&released, &released, &docs).expect("here").0, 0);
    let text = std::fs::read_to_string(&page).expect("the page");
    assert!(text.starts_with("# Before\n") && text.ends_with("\nAfter\n"), "{text}");
    assert!(text.contains("| No function was removed | 3 functions | yes |"), "{text}");
    assert_eq!(run(&released, &released, &["--docs", page_name, "--check"]).expect("here").0, 0);
    // A page without a place for it.
    std::fs::write(&page, "# Nothing\n").expect("writes");
    let (code, said) = run(&released, &released, &docs).expect("here");
    assert!(code == 1 && said.contains("has no place"), "{said}");
}
