//! The branches for which workflows run.

use compatrix_ci::branches::NamedBranches;

use super::yaml::{self, Node};

/// The branches for which these workflows, by path and text, run on pushes and pull requests. Where one runs on pull requests,
/// only such count: others deploy pages or make releases. A text that is no YAML names none.
pub fn branches<'a>(workflows: impl IntoIterator<Item = (&'a str, &'a str)>) -> NamedBranches {
    let read = |(file, text): (&'a str, &'a str)| Some((file, of_workflow(&yaml::parse(text).ok()?)?));
    let mut all: Vec<(&str, OfWorkflow)> = workflows.into_iter().filter_map(read).collect();
    if all.iter().any(|(_, of)| of.on_pull_requests) {
        all.retain(|(_, of)| of.on_pull_requests);
    }
    let mut found = NamedBranches::default();
    for (file, branch) in all.into_iter().flat_map(|(file, of)| of.branches.into_iter().map(move |name| (file, name))) {
        // `!` takes back what other patterns have; `$default-branch` is a placeholder of templates.
        if branch.is_empty() || branch.starts_with('!') || branch.contains('$') {
            continue;
        }
        let of = if branch.contains(['*', '?', '+', '[']) { &mut found.patterns } else { &mut found.names };
        if !of.iter().any(|(known, _)| *known == branch) {
            of.push((branch, file.to_owned()));
        }
    }
    found
}

struct OfWorkflow {
    on_pull_requests: bool,
    branches: Vec<String>,
}

/// What a workflow runs for; `None` if it runs neither on pushes nor on pull requests.
fn of_workflow(root: &Node) -> Option<OfWorkflow> {
    let on = root.get("on")?;
    let plain: Vec<&str> = on.items().iter().map(Node::text).collect();
    let has = |event: &str| on.get(event).is_some() || plain.contains(&event);
    let events = ["push", "pull_request", "pull_request_target", "merge_group"];
    if !events.iter().any(|event| has(event)) {
        return None;
    }
    let branches = events.iter().filter_map(|event| on.get(event)?.get("branches")).flat_map(Node::items);
    Some(OfWorkflow {
        on_pull_requests: has("pull_request") || has("pull_request_target"),
        branches: branches.map(|branch| branch.text().trim().to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], names: &[&str], patterns: &[&str]) {
        let found = branches(texts.iter().map(|text| ("ci.yml", *text)));
        let of = |named: &[(String, String)]| named.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(of(&found.names), names, "{texts:?}");
        assert_eq!(of(&found.patterns), patterns, "{texts:?}");
    }

    #[test]
    fn branches_of_pushes_and_pull_requests_are_read() {
        check(
            &["on:\n  push:\n    branches: [master]\n  pull_request:\n    branches: [master, develop]\n"],
            &["master", "develop"],
            &[],
        );
        check(&["on:\n  push:\n    branches: master\n"], &["master"], &[]);
        check(&["'on':\n  push: { branches: [\"release/*\", '**', main] }\n"], &["main"], &["release/*", "**"]);
        check(&["on: [push, pull_request]\n"], &[], &[]);
        check(&["on: push\n"], &[], &[]);
        check(&["on:\n  push:\n    tags: ['v*']\n  pull_request:\n"], &[], &[]);
        check(&["on:\n  push:\n    branches: [$default-branch, '!old', '']\n"], &[], &[]);
        check(&["on:\n  push:\n    branches-ignore: [gh-pages]\n"], &[], &[]);
        check(&["on:\n  workflow_dispatch:\n    branches: [x]\n"], &[], &[]);
        check(&["\t: [", "", "- a"], &[], &[]);
    }

    #[test]
    fn workflows_that_deploy_do_not_count_beside_those_that_test() {
        let deploy = "on:\n  push:\n    branches: [gh-pages]\n";
        check(&[deploy, "on:\n  push:\n    branches: [trunk]\n  pull_request:\n"], &["trunk"], &[]);
        check(&[deploy], &["gh-pages"], &[]);
    }
}
