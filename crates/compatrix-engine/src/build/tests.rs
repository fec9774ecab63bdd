//! cargo's messages, whole and cut, and whose fault a failed build is.

use super::*;

#[test]
fn executables_are_read_from_old_and_new_messages_cut_anywhere() {
    let old = r#"{"reason":"compiler-artifact","package_id":"a 0.1.0 (path+file:///w/a)","manifest_path":"/w/a/Cargo.toml","target":{"kind":["lib"],"name":"a"},"profile":{"test":true},"executable":"/t/a-1","fresh":true}"#;
    let new = r#"{"reason":"compiler-artifact","package_id":"path+file:///w/a#0.1.0","manifest_path":"/w/a/Cargo.toml","target":{"kind":["test"],"name":"it"},"profile":{"test":true},"executable":"/t/it-1","fresh":false}"#;
    let plain = r#"{"reason":"compiler-artifact","package_id":"x","manifest_path":"/w/x/Cargo.toml","target":{"name":"x"},"profile":{"test":false},"executable":null,"fresh":false}"#;
    let text = format!("noise\n{old}\n{plain}\n{new}\n{{\"reason\":\"build-finished\",\"success\":true}}\n");
    for size in [1, 7, 4096] {
        let mut messages = Messages::default();
        text.as_bytes().chunks(size).for_each(|chunk| messages.feed(chunk));
        let found: Vec<_> = messages.executables.keys().map(|(_, name, path)| (name.clone(), path.clone())).collect();
        assert_eq!(found, [("a".to_owned(), PathBuf::from("/t/a-1")), ("it".to_owned(), PathBuf::from("/t/it-1"))]);
        let choices = messages.executables.iter().map(|((_, name, _), kind)| kind.choice(name).join(" "));
        assert_eq!(choices.collect::<Vec<_>>(), ["--lib", "--test it"]);
    }
}

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
