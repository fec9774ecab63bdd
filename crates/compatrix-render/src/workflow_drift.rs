//! How the work tree differs from the workflows that the spec asks for, and what keeps `gen-ci` from writing them.
//!
//! `command` is how the user starts compatrix: `cargo xtask`.

use compatrix_ci::generate::header::Origin;
use compatrix_ci::pins::{self, Bump, Refusal};
use compatrix_ci::update::{Blocked, Change, Update};

use crate::drift::diff;

/// Each difference: the diff of a workflow, or a line on one that is obsolete.
pub fn differences(update: &Update, command: &str) -> Vec<String> {
    let changed = update.workflows.iter().filter_map(|change| drift(change, &format!("{command} gen-ci")));
    let obsolete = update.obsolete.iter().map(|(path, origin)| {
        let (edited, flag) = match origin {
            Origin::Edited => (", and was edited by hand", " --overwrite"),
            Origin::Generated | Origin::Foreign => ("", ""),
        };
        format!("{path} is no longer in the spec{edited}; `{command} gen-ci{flag}` removes it")
    });
    changed.chain(obsolete).collect()
}

fn drift(change: &Change, fix: &str) -> Option<String> {
    diff(&change.old, &change.new, &change.path, fix)
}

/// That there are no pins yet.
pub fn pins_missing(command: &str) -> String {
    format!("{} does not exist; `{command} gen-ci` writes a first one", pins::FILE)
}

/// What blocks the update, for stdout; and a warning, for stderr.
pub fn blocked(update: &Update, blocked: Blocked, command: &str) -> (Vec<String>, Option<String>) {
    match (blocked, &update.raised) {
        (Blocked::Edited, _) => edited(update, command),
        (Blocked::RaisedPins, raised) => {
            let bumps = raised.iter().flatten().map(Bump::told).collect::<Vec<_>>().join("\n");
            let what = format!(
                "{bumps}\nnothing was written; `{command} gen-ci --adopt-pins` carries them back, `--overwrite` lowers them \
                 again"
            );
            (vec![what], None)
        }
        (Blocked::ChangedPins, raised) => {
            let refusals = raised.as_ref().err().into_iter().flatten().map(Refusal::to_string);
            let what = format!(
                "{}\na pin is raised by its version and its commit together, wherever it is used; or edit {} and run \
                 `{command} gen-ci --overwrite`",
                refusals.collect::<Vec<_>>().join("\n"),
                pins::FILE
            );
            let mut said = differences(update, command);
            said.push(what);
            (said, None)
        }
    }
}

/// What would be lost of workflows that were edited by hand.
fn edited(update: &Update, command: &str) -> (Vec<String>, Option<String>) {
    let fix = format!("{command} gen-ci --overwrite");
    let changes: Vec<&Change> = update.workflows.iter().filter(|change| change.is_edited()).collect();
    let obsolete = || update.obsolete.iter().filter(|(_, origin)| *origin == Origin::Edited).map(|(path, _)| path);
    let diffs = changes.iter().filter_map(|change| drift(change, &fix));
    let said = diffs.chain(obsolete().map(|path| format!("{path} is no longer in the spec"))).collect();
    let names: Vec<&str> = changes.iter().map(|change| &change.path).chain(obsolete()).map(String::as_str).collect();
    let were = match names.as_slice() {
        [one] => format!("{one} was"),
        many => format!("{} were", many.join(" and ")),
    };
    let warning = format!(
        "{were} edited by hand, and nothing was written; put the change into compat/matrix.toml instead, or discard it with \
         `{fix}`"
    );
    (said, Some(warning))
}
