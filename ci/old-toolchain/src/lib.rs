//! Nothing but a test that any compiler runs.

#![forbid(unsafe_code)]

#[test]
fn it_runs() {
    assert_eq!(1 + 1, 2);
}
