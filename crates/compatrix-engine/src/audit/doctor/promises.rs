//! Finds, reads and scans files that make promises outside the spec.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use compatrix_audit::lint::{Lint, Unchecked};
use compatrix_audit::promise;
use compatrix_audit::promise::{PromiseSource, Scanned};

use super::gathered::DoctorFacts;
use super::members::relative;
use crate::sys::clock;
use crate::sys::files;
use crate::sys::host::Host;

/// Folders of pages and workflows.
const FOLDERS: [&str; 5] = ["", "docs", "doc", ".github", ".github/workflows"];

/// Longer files, in bytes, are not written by hand.
const LONGEST: usize = 1 << 20;

pub(super) fn gather(host: &Host, gathered: &mut DoctorFacts) {
    let members: Vec<PathBuf> = gathered.facts.members.iter().map(|m| host.root.join(m.folder())).collect();
    let (scanned, unreadable) = scan(&host.root, &members);
    gathered.facts.promises = scanned.promises;
    gathered.facts.not_taken = scanned.not_taken;
    gathered.unchecked.extend(unreadable.into_iter().map(|reason| Unchecked {
        id: Lint::PromiseNotTested,
        reason,
        mend: "fix the file; its promises are unknown".to_owned(),
    }));
}

/// What the files say that are in the folders of pages and workflows, and of the READMEs in these folders; and what could
/// not be read.
pub fn scan(root: &Path, members: &[PathBuf]) -> (Scanned, Vec<String>) {
    let (mut found, mut unreadable) = (Scanned::default(), Vec::new());
    let mut seen = BTreeSet::new();
    // Below the top of its repository, a workspace has the workflows and the README there.
    let top = root.ancestors().find(|folder| files::exists(&folder.join(".git"))).unwrap_or(root);
    let above =
        ["", ".github", ".github/workflows"].iter().filter(|_| top != root).map(|folder| (top.join(folder), true));
    let pages = FOLDERS.iter().map(|folder| (root.join(folder), true)).chain(above);
    for (folder, is_pages) in pages.chain(members.iter().map(|folder| (folder.clone(), false))) {
        for path in files::list(&folder).unwrap_or_default() {
            let file = relative(root, &path);
            let base = if path.starts_with(root) { root } else { top };
            let Some(source) = promise::source_of(&relative(base, &path)) else { continue };
            if !is_pages && source != PromiseSource::Readme {
                continue;
            }
            // A link to another README adds no promise; one that leaves the workspace is not the workspace's text.
            let Ok(real) = path.canonicalize() else { continue };
            if !real.starts_with(base) || !real.is_file() || !seen.insert(real.clone()) {
                continue;
            }
            let scanned = files::read(&real).map_err(|error| format!("{error:#}")).and_then(|bytes| {
                if bytes.len() > LONGEST {
                    return Err(format!("{file}: {} bytes are more than a page has", bytes.len()));
                }
                promise::scan(&file, source, &text_of(&bytes))
            });
            match scanned {
                Ok(scanned) => found.extend(scanned),
                Err(reason) => unreadable.push(format!("promises could not be checked: {reason}")),
            }
        }
    }
    (found.without_unreleased(&clock::day(clock::now())), unreadable)
}

/// The text of a file, which editors of Windows may write in UTF-16.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let decoded = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, ..] => decoded(u16::from_le_bytes),
        [0xfe, 0xff, ..] => decoded(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes),
    }
}
