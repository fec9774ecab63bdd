//! The search for rings, on sources made up here.

use std::collections::BTreeMap;

use super::rings;
use crate::modules::crates;

/// The rings of a crate `made` with these files below its `src`.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let files: BTreeMap<String, String> =
        files.iter().map(|(file, text)| (format!("crates/made/src/{file}"), (*text).to_owned())).collect();
    let found: Vec<String> = crates(&files).expect("it is Rust").iter().flat_map(rings).collect();
    assert_eq!(found.join("\n"), expected.join("\n"));
}

#[test]
fn two_siblings() {
    check(
        &[
            ("lib.rs", "//! It.\nmod a;\nmod b;\nmod c;"),
            ("a.rs", "use std::fmt;\n\nuse crate::{b::{B, Other}, c};\npub struct A(B,\nOther);"),
            ("b.rs", "pub struct B;\npub struct Other;\nfn f() -> crate::a::A { loop {} }"),
            ("c.rs", "pub fn f(_: crate::b::B) {}"),
        ],
        &["ring in made: a → b → a\n    \
           crates/made/src/a.rs:3: uses `crate::b::B` of b, 3 lines in all\n    \
           crates/made/src/b.rs:3: uses `crate::a::A` of a"],
    );
}

#[test]
fn three_siblings_and_another_ring_beside_them() {
    check(
        &[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::c; pub struct B; fn f() { c::f() }"),
            ("c.rs", "use crate::a::A; use crate::d::D; pub fn f() {}"),
            ("d.rs", "pub struct D; impl D { fn f() { crate::c::f() } }"),
        ],
        &[
            "ring in made: c → d → c\n    \
             crates/made/src/c.rs:1: uses `crate::d::D` of d\n    \
             crates/made/src/d.rs:1: uses `crate::c::f` of c",
            "ring in made: a → b → c → a\n    \
             crates/made/src/a.rs:1: uses `crate::b::B` of b\n    \
             crates/made/src/b.rs:1: uses `c::f` of c\n    \
             crates/made/src/c.rs:1: uses `crate::a::A` of a",
        ],
    );
}

#[test]
fn by_super_and_by_the_childs_name() {
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod child;\npub struct A;\npub fn f() { child::g() }"),
            ("a/child.rs", "use super::A;\npub fn g() {}"),
        ],
        &["ring in made: a → a::child → a\n    \
           crates/made/src/a.rs:3: uses `child::g` of a::child\n    \
           crates/made/src/a/child.rs:1: uses `super::A` of a"],
    );
}

#[test]
fn by_what_is_inline_and_in_a_mod_rs() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "pub mod inner { use super::super::b::B; pub struct A; }"),
            ("b.rs", "pub struct B(crate::a::inner::A);"),
        ],
        &["ring in made: a → b → a\n    \
           crates/made/src/a/mod.rs:1: uses `super::super::b::B` of b\n    \
           crates/made/src/b.rs:1: uses `crate::a::inner::A` of a"],
    );
}

#[test]
fn by_a_re_export_by_a_glob_and_by_an_import_of_the_parent() {
    let b = "crates/made/src/b.rs:1: uses `crate::a::A` of a";
    for (root, used) in [
        ("pub use b::B as Renamed;", "crate::Renamed"),
        ("pub use b::*;", "crate::B"),
        ("mod c { pub(crate) use crate::b::B; } use c::*; ", "super::B"),
    ] {
        // What leads to `b` in the root is a ring of the root only if the root defines something; here it does not.
        check(
            &[
                ("lib.rs", &format!("mod a; mod b; {root}")),
                ("a.rs", &format!("pub struct A; fn f(_: {used}) {{}}")),
                ("b.rs", "pub struct B; use crate::a::A;"),
            ],
            &[&format!("ring in made: a → b → a\n    crates/made/src/a.rs:1: uses `{used}` of b\n    {b}")],
        );
    }
}

#[test]
fn by_a_re_export_that_comes_through_its_own_module() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "mod inner; pub use crate::a::inner::A; pub use self::circle as circle;"),
            ("a/inner.rs", "pub struct A; use crate::b::B;"),
            ("b.rs", "pub struct B(crate::a::A, crate::a::circle);"),
        ],
        &["ring in made: a → b → a\n    \
           crates/made/src/a/inner.rs:1: uses `crate::b::B` of b\n    \
           crates/made/src/b.rs:1: uses `crate::a::A` of a::inner"],
    );
}

#[test]
fn of_folders() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub mod x; pub mod w;"),
            ("a/x.rs", "use crate::b::y::Y;"),
            ("a/w.rs", "pub struct W;"),
            ("b.rs", "pub mod y; pub mod z;"),
            ("b/y.rs", "pub struct Y;"),
            ("b/z.rs", "use crate::a::w::W;"),
        ],
        &["ring in made: a → b → a\n    \
           crates/made/src/a/x.rs:1: uses `crate::b::y::Y` of b::y\n    \
           crates/made/src/b/z.rs:1: uses `crate::a::w::W` of a::w"],
    );
}

#[test]
fn in_a_macro_and_in_an_attribute() {
    check(
        &[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub fn a() -> String { format!(\"{}\", crate::b::B::new().len()) }"),
            ("b.rs", "pub struct B(#[serde(with = \"crate::a\")] u8);"),
            ("c.rs", "macro_rules! made { () => { $crate::c::f() } }"),
        ],
        &["ring in made: a → b → a\n    \
           crates/made/src/a.rs:1: uses `crate::b::B::new` of b\n    \
           crates/made/src/b.rs:1: uses `crate::a` of a"],
    );
}

#[test]
fn of_a_parent_that_calls_what_it_re_exports() {
    let child = ("a/child.rs", "pub fn g(_: super::A) {}");
    check(
        &[("lib.rs", "mod a;"), ("a.rs", "mod child; pub use child::g; pub struct A; fn f(a: A) { g(a) }"), child],
        &["ring in made: a → a::child → a\n    \
           crates/made/src/a.rs:1: uses `g` of a::child\n    \
           crates/made/src/a/child.rs:1: uses `super::A` of a"],
    );
    // A variable of the name is no use of it, and neither is a field.
    let other = "mod child; pub use child::g; pub struct A { g: u8 } fn f(g: u8) -> A { println!(\"{}\", g); A { g } }";
    check(&[("lib.rs", "mod a;"), ("a.rs", other), child], &[]);
}

#[test]
fn a_facade_is_none() {
    check(
        &[
            ("lib.rs", "pub mod a; pub use a::child::B;"),
            ("a.rs", "pub mod child; mod other; pub use child::B; pub(crate) use other::*; pub struct A;"),
            ("a/child.rs", "use super::A; use crate::a::other::O; pub struct B;"),
            ("a/other.rs", "pub struct O(super::A);"),
        ],
        &[],
    );
}

#[test]
fn what_is_not_code_of_the_crate_is_none() {
    let uses = [
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(test)] use crate::b::B;",
        "#[cfg(test)] mod tests;",
        "#[test] fn f() { crate::b::f() }",
        "/// See [`crate::b::B`].\nfn f() {} // crate::b::B",
        "fn f() -> &'static str { \"crate::b::B\" }",
        "use b::B;",
        "fn f() { b::f(::b::g) }",
        "pub(in crate::b) fn f() {}",
        "use crate::b;",
    ];
    for text in uses {
        check(
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", &format!("pub struct A; {text}")),
                ("a/tests.rs", "use crate::b::B;"),
                ("b.rs", "pub struct B; use crate::a::A;"),
            ],
            &[],
        );
    }
}

#[test]
fn modules_and_items_of_one_name() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "mod growth; pub use growth::growth; use crate::b::B; "),
            ("a/growth.rs", "pub fn growth() {}"),
            ("b.rs", "pub struct B; use crate::a::growth; fn f() { growth() }"),
        ],
        &["ring in made: a → b → a\n    \
           crates/made/src/a.rs:1: uses `crate::b::B` of b\n    \
           crates/made/src/b.rs:1: uses `crate::a::growth` of a::growth"],
    );
}

#[test]
fn an_executable_is_a_crate_beside_its_library() {
    check(
        &[
            ("lib.rs", "pub mod a; pub fn run() { a::f() }"),
            ("a.rs", "pub fn f() {}"),
            ("main.rs", "mod b; fn main() { b::f(made::a::f) } struct M;"),
            ("b.rs", "use super::M;\npub fn f<T>(_: T) {}"),
        ],
        &["ring in made: made → b → made\n    \
           crates/made/src/main.rs:1: uses `b::f` of b\n    \
           crates/made/src/b.rs:1: uses `super::M` of made"],
    );
}
