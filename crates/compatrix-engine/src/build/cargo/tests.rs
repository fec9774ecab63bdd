//! cargo's messages, whole and cut, and whose fault a failed build is.

use super::*;

#[test]
fn the_crate_s_failures_and_the_machine_s_are_told_apart() {
    let rustc = "   Compiling a v0.1.0\nerror[E0425]: cannot find value `x` in this scope\n --> src/lib.rs:1:14\n  |\n";
    let failure = classify(rustc);
    assert_eq!(failure.outcome, Outcome::BuildFailed);
    assert_eq!(failure.cause, "error[E0425]: cannot find value `x` in this scope (src/lib.rs:1:14)");
    let cargo = "error: failed to parse lock file at: /w/Cargo.lock\n\nCaused by:\n  lock file version 4 requires `-Znext-lockfile-bump`\n";
    assert_eq!(
        classify(cargo).cause,
        "error: failed to parse lock file at: /w/Cargo.lock: lock file version 4 requires `-Znext-lockfile-bump`"
    );
    let disk = "error: failed to write /t/x\n\nCaused by:\n  No space left on device (os error 28)\n";
    assert_eq!(classify(disk).outcome, Outcome::Infrastructure);
}

#[test]
fn only_what_is_tested_is_sanitized() {
    let words = sanitized(Sanitizer::Leak, "x86_64-unknown-linux-gnu");
    let flags = r#"target.x86_64-unknown-linux-gnu.rustflags=["-Zsanitizer=leak","-Cdebuginfo=1","-Cstrip=none"]"#;
    assert_eq!(words, ["--target", "x86_64-unknown-linux-gnu", "--config", flags]);
}
