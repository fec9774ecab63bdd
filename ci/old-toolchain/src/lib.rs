//! Nothing but a test that any compiler runs.

#[test]
fn it_runs() {
    assert_eq!(1 + 1, 2);
}
