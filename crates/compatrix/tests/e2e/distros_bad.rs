//! Distributions that cannot be had, or would do harm: each with its reason, and nothing changed.

#![allow(clippy::disallowed_methods, reason = "tests make files and start tools")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::repository::{add_sqlite, apt, names, workspace, Repository, CONTROL, PLACE, SQLITE};
use crate::support::{finish, judged, sysroot, Workspace};

fn causes(json: &Value, names: &[&str]) -> Vec<String> {
    let cause = |name: &&str| {
        let (verdict, _, cause) = judged(json, &format!("sqlite={name}"));
        assert_eq!(verdict, "unproven", "{name}");
        cause
    };
    names.iter().map(cause).collect()
}

#[test]
fn what_cannot_be_had_is_unproven_with_its_reason_told_once() {
    let Some(repository) = Repository::new() else { return };
    for suite in ["good", "forged", "tampered", "gone"] {
        add_sqlite(&repository, suite, "3.98.0");
    }
    let unmet = "Package: libunmet0\nVersion: 1\nSection: libs\nDepends: libabsent1 (>= 2)\n";
    repository.add("good", unmet, &[]);
    repository.add("good", "Package: libempty0\nVersion: 1\nSection: libs\n", &[]);
    newer_glibc(&repository);
    let tampered = add_sqlite(&repository, "tampered", "3.99.0");
    let gone = add_sqlite(&repository, "gone", "3.99.0");
    for suite in ["good", "tampered", "gone"] {
        repository.publish(suite, "archive");
    }
    repository.publish("forged", "stranger");
    let mut bytes = fs::read(&tampered).expect("reads");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&tampered, bytes).expect("writes");
    fs::remove_file(gone).expect("removes");

    let line = |suite: &str| repository.line(suite);
    let no_key = line("good").replace("archive.gpg", "absent.gpg");
    let unreachable = "deb [signed-by=/k.gpg] http://127.0.0.1:9 good main";
    let cases: Vec<(&str, String, &str)> = vec![
        ("forged", apt("forged", "libsqlite3-0", &line("forged")), "libsqlite3-0 of forged: not trusted: "),
        ("no-key", apt("good", "libsqlite3-0", &no_key), "libsqlite3-0 of good: not trusted: "),
        ("tampered", apt("tampered", "libsqlite3-0", &line("tampered")), "libsqlite3-0 of tampered: not trusted: "),
        ("no-suite", apt("nowhere", "libsqlite3-0", &line("nowhere")), "there is no suite `nowhere` there: "),
        (
            "no-suite-http",
            apt("nowhere", "libsqlite3-0", &repository.serve("nowhere")),
            "there is no suite `nowhere` there: ",
        ),
        (
            "no-package",
            apt("good", "libnothing0", &line("good")),
            "the suite `good` does not have it: Unable to locate package libnothing0",
        ),
        (
            "no-version",
            apt("good", "libsqlite3-0=9.9", &line("good")),
            "the suite `good` does not have it: Version '9.9' for 'libsqlite3-0' was not found",
        ),
        (
            "unmet",
            apt("good", "libunmet0", &line("good")),
            "its dependencies cannot be met in the suite `good`: libunmet0 : Depends: libabsent1 (>= 2)",
        ),
        ("gone", apt("gone", "libsqlite3-0", &line("gone")), "the archive lacks a file from its list: "),
        (
            "gone-http",
            apt("gone", "libsqlite3-0", &repository.serve("gone")),
            "the archive lacks a file from its list: ",
        ),
        ("empty", apt("good", "libempty0", &line("good")), "there is no libsqlite3.so.0 in libempty0"),
        ("newer", apt("good", "libnewer0", &line("good")), "libnewer0 of good: needs glibc 2.99, and this host has 2."),
        ("unreachable", apt("good", "libsqlite3-0", unreachable), "its archive cannot be reached: "),
    ];
    let distros: Vec<(&str, String)> = cases.iter().map(|(name, apt, _)| (*name, apt.clone())).collect();
    let made = workspace(&distros);
    let ran = made.run(&["compat", "--format", "json"]);
    ran.expect(0);
    let told = causes(&ran.json(), &cases.iter().map(|(name, _, _)| *name).collect::<Vec<_>>());
    for ((name, _, expected), cause) in cases.iter().zip(&told) {
        assert!(cause.contains(expected), "{name}: expected {expected:?} in {cause:?}");
        assert!(!cause.contains("E: ") && !cause.ends_with(": "), "{name}: {cause:?}");
        assert_eq!(ran.stderr.matches(cause.as_str()).count(), 1, "{name}: told once\n{ran}");
    }
    assert!(names(&made.cache().join("compatrix/distro")).iter().all(|name| !name.starts_with(".making")));

    // Remembered; and what this host's C library cannot run is known for good, as it was unpacked once.
    let again = made.run(&["compat", "--format", "json"]);
    again.expect(0).never_says("Providing");
    assert_eq!(causes(&again.json(), &["unmet", "newer"]), [told[7].clone(), told[11].clone()]);
    made.run(&["compat", "--missing", "fail"]).expect(1);
    let offline = made.json(0, &["--offline"]);
    let expected = "libsqlite3-0 of forged: not downloaded yet, and --offline is set; run once without it";
    assert_eq!(causes(&offline, &["forged"]), [expected]);
    let offline = made.json(0, &["--no-install"]);
    assert!(causes(&offline, &["newer"])[0].contains("needs glibc 2.99"));
}

/// A SQLite that asks for a version of the C library's symbols that no C library has yet.
fn newer_glibc(repository: &Repository) {
    fs::write(repository.path("versions"), "GLIBC_2.99 { of_tomorrow; };\n").expect("writes");
    repository.compile(
        "libc.so.6",
        "libc.so.6",
        "void of_tomorrow(void) {}",
        &["-nostdlib", "-Wl,--version-script=versions"],
    );
    let text = SQLITE.replace("VERSION", "3.98.0") + "void of_tomorrow(void); void use(void) { of_tomorrow(); }\n";
    let library = repository.compile("newer", "libsqlite3.so.0", &text, &["-nostdlib", "./libc.so.6"]);
    repository.add("good", "Package: libnewer0\nVersion: 1\nSection: libs\n", &[(PLACE, &library)]);
}

#[test]
fn a_package_whose_links_lead_outside_of_it_changes_nothing_there() {
    let Some(repository) = Repository::new() else { return };
    let outside = repository.path("outside");
    fs::create_dir_all(&outside).expect("makes the folder");
    let library = repository.compile("evil", "libsqlite3.so.0", &SQLITE.replace("VERSION", "3.98.0"), &[]);
    // One package makes a folder a link to elsewhere, another has a file in that folder.
    repository.add_linked("linked", "Package: libsecond1\nVersion: 1\nSection: libs\n", "usr/lib/x", &outside);
    repository.add("linked", &CONTROL.replace("VERSION", "3.98.0"), &[(PLACE, &library)]);
    fs::write(outside.join("libsqlite3.so.0"), "theirs").expect("writes");
    repository.add_linked(
        "alone",
        "Package: libsqlite3-0\nVersion: 1\nSection: libs\n",
        PLACE,
        &outside.join("libsqlite3.so.0"),
    );
    let rust = "Package: rustc\nVersion: 1\nSection: rust\nDepends: libsecond1\n";
    repository.add("linked", rust, &[("usr/lib/x/rustc", &library), ("usr/lib/x/cargo", &library)]);
    repository.publish("linked", "archive");
    repository.publish("alone", "archive");
    let made = Workspace::new(&format!(
        "[axis]\nrust = [HERE, \"linked\"]\nsqlite = [\"alone\"]\n[distro.linked]\napt = {{ suite = \"linked\", \
         rust = \"rustc\", cargo = \"rustc\", sources = [{:?}] }}\n[distro.alone]\napt = {{ {} }}\n",
        repository.line("linked"),
        apt("alone", "libsqlite3-0", &repository.line("alone"))
    ));
    let json = made.json(0, &[]);
    let cause = judged(&json, "rust=linked").2;
    assert!(cause.contains("would be written outside of its folder"), "{cause}");
    let cause = judged(&json, "rust=here").2;
    assert!(cause.contains("which is not of these packages"), "{cause}");
    assert_eq!(names(&outside), ["libsqlite3.so.0"]);
    assert_eq!(fs::read(outside.join("libsqlite3.so.0")).expect("reads"), b"theirs");
}

#[test]
fn without_apt_a_distribution_is_unproven() {
    let spec = "[axis]\nrust = [HERE, \"debian-12\"]\n[distro.debian-12]\n\
                apt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n";
    let made = Workspace::new(spec);
    let mut command = made.command(&["plan"]);
    let ran = finish({
        command.env("PATH", Path::new(sysroot()).join("bin"));
        command
    });
    let expected = "apt-get is not on PATH; distributions are had by apt, on Debian, Ubuntu and their like";
    assert!(ran.expect(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(expected), "{ran}");
}
