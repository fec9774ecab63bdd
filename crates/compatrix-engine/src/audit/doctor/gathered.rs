//! The facts gathered for lints.

use std::path::Path;

use compatrix_audit::lint::{Finding, Lint, Unchecked, WorkspaceFacts};
use compatrix_audit::manifest;
use compatrix_audit::manifest::Manifest;
use shaped_toml::Severity;

use crate::sys::files;

/// Facts about a workspace, and problems found while gathering them.
#[derive(Debug, Default)]
pub struct DoctorFacts {
    /// For the lints.
    pub facts: WorkspaceFacts,
    /// Files that cannot be read.
    pub findings: Vec<Finding>,
    /// Lints that could not check everything.
    pub unchecked: Vec<Unchecked>,
}

impl DoctorFacts {
    /// A manifest of the workspace; one that is broken is a finding.
    pub(super) fn manifest(&mut self, path: &Path, file: &str) -> Option<Manifest> {
        let read = files::read_text(path).map_err(|error| format!("{file}: {error:#}"));
        match read.and_then(|text| manifest::read(file, &text)) {
            Ok(manifest) => Some(manifest),
            Err(what) => {
                self.unreadable(file, what);
                None
            }
        }
    }

    pub(super) fn unreadable(&mut self, file: &str, what: String) {
        self.findings.push(Finding {
            id: Lint::WorkspaceUnreadable,
            severity: Severity::Error,
            file: file.to_owned(),
            line: None,
            quote: String::new(),
            what,
            mend: "fix the manifest; `cargo metadata --no-deps` shows whether cargo can read it".to_owned(),
            items: Vec::new(),
        });
    }
}
