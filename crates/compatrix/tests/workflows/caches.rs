//! Which workflow keeps what is compiled: one whose runs pull requests can restore from.

use compatrix_ci::Place;

use crate::yaml::Node;
use crate::{committed, files_in, plans, spec, yaml, By};

/// The `save-if` of each orchestrator, by file and job, for these events.
fn saves(events: &str) -> Vec<(String, String)> {
    let text = format!(
        "[project]\npackages = [\"store\"]\n[axis]\nrust = [\"nightly\"]\n[[suite]]\nname = \"tests\"\n[[suite]]\n\
         name = \"miri\"\nkind = \"leak\"\ntool = \"miri\"\n[ci.runners]\nlinux-x86_64 = \"ubuntu-24.04\"\n\
         macos-aarch64 = \"macos-15\"\n{events}"
    );
    let spec = spec(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let plans = plans(&spec, &committed(&spec)).expect("plans");
    let mut found = Vec::new();
    for (file, text) in files_in(&spec, &plans, By::Git, &Place::default()).expect("workflows") {
        let tree = yaml::parse(&text).expect("it is YAML");
        for (id, job) in tree.at("jobs").entries() {
            let cached =
                |step: &&Node| step.get("uses").is_some_and(|uses| uses.text().starts_with("Swatinem/rust-cache@"));
            let save =
                job.at("steps").items().iter().find(cached).map(|step| step.at("with/save-if").text().to_owned());
            found.extend(save.map(|save| (format!("{file} {id}"), save)));
        }
    }
    found
}

const ON_BRANCH: &str = "${{ github.event_name != 'pull_request' && github.event_name != 'merge_group' }}";
const ON_PULL_REQUEST: &str = "${{ github.event_name != 'merge_group' }}";

#[track_caller]
fn check(events: &str, expected: &[(&str, &str)]) {
    let found = saves(events);
    let found: Vec<(&str, &str)> = found.iter().map(|(job, save)| (job.as_str(), save.as_str())).collect();
    assert_eq!(found, expected, "{events}");
}

#[test]
fn a_cache_is_kept_where_pull_requests_can_restore_it() {
    let linux = "platforms = [\"linux-x86_64\"]\n";
    let pulls = format!("[ci.pull_request]\ncompat = \"local\"\n{linux}");
    check(&pulls, &[("compatibility.yml orchestrator-linux-x86_64", ON_PULL_REQUEST)]);
    let pushes = format!("{pulls}[ci.push]\ncompat = \"local\"\n{linux}");
    check(&pushes, &[("compatibility.yml orchestrator-linux-x86_64", ON_BRANCH)]);
    // Only the leak checks run on a branch, so they keep what both restore.
    let leaks = format!("{pulls}[ci.schedule]\ncron = \"17 3 * * *\"\nleak-check = \"local\"\n{linux}");
    check(
        &leaks,
        &[
            ("compatibility.yml orchestrator-linux-x86_64", "false"),
            ("leak-check.yml orchestrator-linux-x86_64", ON_BRANCH),
        ],
    );
    // Each platform for itself: macOS runs on pull requests alone.
    let both = format!("[ci.pull_request]\ncompat = \"local\"\n[ci.push]\ncompat = \"local\"\n{linux}");
    check(
        &both,
        &[
            ("compatibility.yml orchestrator-linux-x86_64", ON_BRANCH),
            ("compatibility.yml orchestrator-macos-aarch64", ON_PULL_REQUEST),
        ],
    );
}
