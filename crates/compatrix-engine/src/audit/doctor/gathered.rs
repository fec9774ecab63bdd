//! What is gathered of a workspace for the lints.

use std::path::Path;

use compatrix_audit::lint::{Finding, Lint, Unchecked, WorkspaceFacts};
use compatrix_audit::manifest;
use compatrix_audit::manifest::Manifest;
use shaped_toml::Severity;

use crate::sys::files;

/// What is known of a workspace, and what is wrong already with finding it out.
#[derive(Debug, Default)]
pub struct DoctorFacts {
    /// For the lints.
    pub facts: WorkspaceFacts,
    /// Files that cannot be read.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
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
            mend: "mend the manifest; `cargo metadata --no-deps` shows when cargo can read it".to_owned(),
            items: Vec::new(),
        });
    }
}
