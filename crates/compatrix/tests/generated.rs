//! Pages are as this source would have them: generated ones, and the doctor's, which is written by hand.
#![allow(clippy::disallowed_methods, reason = "a test reads files")]

use std::path::Path;

use compatrix_render::drift;

#[test]
fn the_pages_of_the_spec_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let differences = compatrix::spec_pages("cargo xtask").into_iter().filter_map(|(path, text)| {
        let old = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
        drift::diff(&old, &text, &path, "cargo xtask schema")
    });
    let differences: String = differences.collect();
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn the_page_of_the_doctor_has_each_check_and_each_lint() {
    use compatrix_audit::doctor::CHECKS;
    use compatrix_audit::lint::Lint;

    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/DOCTOR.md")).unwrap_or_default();
    let rows = |heading: &str| -> Vec<String> {
        let section =
            page.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with('#'));
        section.filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned())).collect()
    };
    assert_eq!(rows("## Checks of the host"), CHECKS);
    assert_eq!(rows("## Lints of the workspace"), Lint::ALL.map(Lint::as_str));
}
