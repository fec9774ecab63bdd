//! The arguments that cargo gets.

use super::*;

#[test]
fn only_what_is_tested_is_sanitized() {
    let words = sanitized(Sanitizer::Leak, "x86_64-unknown-linux-gnu");
    let flags = r#"target.x86_64-unknown-linux-gnu.rustflags=["-Zsanitizer=leak","-Cdebuginfo=1","-Cstrip=none"]"#;
    assert_eq!(words, ["--target", "x86_64-unknown-linux-gnu", "--config", flags]);
}
