//! Clients that nobody here wrote. `ci/clients/install` installs them; where it did not run, these tests say so and pass.

use crate::support::Database;
use std::path::{Path, PathBuf};
use std::process::Command;

fn passes(script: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../../target/clients/venv/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: {script} needs {}; ci/clients/install makes it", python.display());
        return;
    }
    let database = Database::new();
    let script: PathBuf = here.join("tests/clients").join(script);
    // No bytecode: it would lie among the sources.
    let output = Command::new(python)
        .arg("-B")
        .arg(&script)
        .arg(env!("CARGO_BIN_EXE_things-server"))
        .arg(&database.path)
        .output()
        .expect("python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("checks passed"),
        "{}: {}\n{said}\n{}",
        script.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_python_mcp_sdk_is_served() {
    passes("mcp_client.py");
}

#[test]
fn pyarrow_is_served() {
    passes("flight_client.py");
}

#[test]
fn a_prometheus_parser_understands_the_metrics() {
    passes("metrics_client.py");
}
