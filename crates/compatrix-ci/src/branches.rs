//! The branches whose pushes and incoming pull requests start the workflows.
//!
//! What is committed decides: the spec, otherwise the repository's other workflows, otherwise the workflows that were
//! generated before. Only the first `gen-ci` of a repository that says nothing asks git, so that a checkout of another
//! branch, or of none, generates the same bytes.

use compatrix_model::matrix_spec::is_branch;

/// Branches that workflows name, each with its file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedBranches {
    /// Without a wildcard: `main`.
    pub names: Vec<(String, String)>,
    /// Patterns of branches: `release/**`.
    pub patterns: Vec<(String, String)>,
}

/// What git knows of the repository's branches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownBranches {
    /// The remote's default branch, `origin/HEAD`.
    pub default: Option<String>,
    /// The branch of HEAD, which may have no commit yet; `None` if HEAD is detached.
    pub current: Option<String>,
    /// All local branches, and those of the remote `origin`.
    pub all: Vec<String>,
}

/// The branches of the workflows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branches {
    /// Names and patterns; never empty.
    pub names: Vec<String>,
    /// The committed files that name them, unless that is the spec.
    pub from: Option<String>,
    /// What to look at, with what to do.
    pub warnings: Vec<String>,
}

/// Decides. `spec` are those of `[ci]`, `others` those of workflows of other origin, `generated` those of our own workflows
/// on disk.
pub fn decide(spec: &[String], others: &NamedBranches, generated: &[String], git: &KnownBranches) -> Branches {
    if !spec.is_empty() {
        return Branches { names: spec.to_vec(), from: None, warnings: left_out(spec, git).into_iter().collect() };
    }
    let mut names: Vec<String> = Vec::new();
    let mut files: Vec<&str> = Vec::new();
    for (name, file) in others.names.iter().filter(|(name, _)| is_branch(name)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
        if !files.contains(&file.as_str()) {
            files.push(file);
        }
    }
    if !names.is_empty() {
        let mut warnings: Vec<String> = left_out(&names, git).into_iter().collect();
        warnings.extend(patterns(&others.patterns, &names));
        return Branches { names, from: Some(files.join(", ")), warnings };
    }
    if !generated.is_empty() {
        let from = Some("the generated workflows".to_owned());
        return Branches { names: generated.to_vec(), from, warnings: left_out(generated, git).into_iter().collect() };
    }
    let usual = ["main", "master"].into_iter().find(|usual| git.all.iter().any(|name| name == usual));
    let candidates = [
        (git.default.as_deref(), "the default branch of origin"),
        (usual, "a branch of the repository"),
        (git.current.as_deref(), "the current branch"),
        (Some("main"), "the usual one"),
    ];
    let (name, from) = candidates
        .into_iter()
        .find_map(|(name, from)| Some((name.filter(|name| is_branch(name))?.to_owned(), from)))
        .unwrap_or_default();
    let warning = format!(
        "no committed file names a branch, so the workflows run for `{name}` ({from}); to say so, or to change it, add \
         `branches = [\"{name}\"]` under [ci] in compat/matrix.toml"
    );
    Branches { names: vec![name], from: None, warnings: vec![warning] }
}

/// A warning if the workflows would never run for the repository's default branch, or for no branch of it at all.
fn left_out(names: &[String], git: &KnownBranches) -> Option<String> {
    let runs_for = |branch: &str| names.iter().any(|pattern| matches(pattern, branch));
    let quoted = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if let Some(default) = git.default.as_deref().filter(|default| !runs_for(default)) {
        return Some(format!(
            "the workflows run for {}, but the default branch of origin is `{default}`; set `branches` under [ci] in \
             compat/matrix.toml",
            quoted(names)
        ));
    }
    if git.default.is_some() {
        return None;
    }
    let mut all = git.all.clone();
    if all.is_empty() {
        all.extend(git.current.clone());
    }
    let some: Vec<String> = all.iter().take(3).cloned().collect();
    (!all.is_empty() && !all.iter().any(|branch| runs_for(branch))).then(|| {
        format!(
            "the workflows run for {}, which the repository does not have (it has {}); set `branches` under [ci] in \
             compat/matrix.toml",
            quoted(names),
            quoted(&some)
        )
    })
}

/// A warning for patterns of other workflows, which are not taken over.
fn patterns(patterns: &[(String, String)], names: &[String]) -> Option<String> {
    let mut left: Vec<&str> = Vec::new();
    for (pattern, _) in patterns {
        if !left.contains(&pattern.as_str()) && !names.contains(pattern) {
            left.push(pattern);
        }
    }
    let (_, file) = patterns.first().filter(|_| !left.is_empty())?;
    let left: Vec<String> = left.iter().map(|pattern| format!("`{pattern}`")).collect();
    Some(format!(
        "the workflows do not run for the other branches of {file} ({}); add them to `branches` under [ci] if they should",
        left.join(", ")
    ))
}

/// Whether a pattern has this branch: `*` is any part of a name without `/`, `**` any part.
/// Source: docs.github.com, "Workflow syntax", filter pattern cheat sheet.
fn matches(pattern: &str, branch: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return branch.char_indices().map(|(n, _)| n).chain([branch.len()]).any(|n| matches(rest, &branch[n..]));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let end = branch.find('/').unwrap_or(branch.len());
        let mut ends = branch.char_indices().map(|(n, _)| n).chain([branch.len()]).take_while(|n| *n <= end);
        return ends.any(|n| matches(rest, &branch[n..]));
    }
    let (mut left, mut right) = (pattern.chars(), branch.chars());
    match (left.next(), right.next()) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => matches(left.as_str(), right.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn named(names: &[&str], patterns: &[&str]) -> NamedBranches {
        let of = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "ci.yml".to_owned())).collect();
        NamedBranches { names: of(names), patterns: of(patterns) }
    }

    fn git(default: &str, current: &str, all: &[&str]) -> KnownBranches {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        KnownBranches { default: some(default), current: some(current), all: texts(all) }
    }

    #[test]
    fn committed_files_decide_before_git() {
        let feature = git("", "feature/x", &["feature/x", "master"]);
        let others = named(&["master", "develop", "master"], &[]);
        assert_eq!(decide(&texts(&["master"]), &others, &[], &feature).names, ["master"]);
        assert_eq!(decide(&[], &others, &texts(&["old"]), &feature).names, ["master", "develop"]);
        for git in [&feature, &git("", "", &[]), &git("trunk", "x", &["trunk"])] {
            let decided = decide(&[], &NamedBranches::default(), &texts(&["master"]), git);
            assert_eq!(decided.names, ["master"], "the same in every checkout");
        }
    }

    #[test]
    fn without_a_committed_file_git_is_asked_and_the_line_to_add_given() {
        #[track_caller]
        fn check(git: &KnownBranches, expected: &str) {
            let decided = decide(&[], &NamedBranches::default(), &[], git);
            assert_eq!(decided.names, [expected]);
            assert!(decided.warnings[0].contains(&format!("branches = [\"{expected}\"]")), "{:?}", decided.warnings);
        }
        check(&git("trunk", "feature/x", &["feature/x", "main", "trunk"]), "trunk");
        check(&git("", "feature/x", &["feature/x", "master"]), "master");
        check(&git("", "develop", &["develop"]), "develop");
        check(&git("", "trunk", &[]), "trunk");
        check(&git("", "", &[]), "main");
        // A branch that a workflow cannot name.
        check(&git("", "$(id)", &["$(id)"]), "main");
        // Patterns of others say nothing of the default branch.
        let decided = decide(&[], &named(&["$default-branch"], &["**"]), &[], &git("", "develop", &["develop"]));
        assert_eq!(decided.names, ["develop"]);
    }

    #[test]
    fn a_default_branch_that_is_left_out_is_a_warning() {
        #[track_caller]
        fn check(names: &[&str], git: &KnownBranches, warned: &str) {
            let warnings = decide(&texts(names), &NamedBranches::default(), &[], git).warnings.join("\n");
            assert_eq!(warnings.is_empty(), warned.is_empty(), "{warnings}");
            assert!(warnings.contains(warned), "{warnings}");
        }
        check(&["main"], &git("master", "x", &["x"]), "the default branch of origin is `master`");
        check(&["main"], &git("main", "x", &["x"]), "");
        check(&["**"], &git("a/b", "", &[]), "");
        check(&["main"], &git("", "master", &["master"]), "does not have (it has `master`)");
        check(&["main"], &git("", "trunk", &[]), "does not have (it has `trunk`)");
        check(&["main"], &git("", "x", &["x", "main"]), "");
        // A checkout of CI has no branch, and says nothing.
        check(&["main"], &git("", "", &[]), "");
        let decided = decide(&[], &named(&["main"], &["release/**", "release/**"]), &[], &git("main", "", &[]));
        assert!(decided.warnings[0].contains("(`release/**`)"), "{:?}", decided.warnings);
    }

    #[test]
    fn patterns_are_those_of_github() {
        for (pattern, branch, expected) in [
            ("main", "main", true),
            ("main", "mainline", false),
            ("*", "main", true),
            ("*", "a/b", false),
            ("**", "a/b/c", true),
            ("release/*", "release/1.0", true),
            ("release/*", "release/1/2", false),
            ("release/**", "release/1/2", true),
            ("*-stable", "1.0-stable", true),
            ("**/x", "a/b/x", true),
            ("v*.x", "v1.x", true),
            ("v*.x", "v1.y", false),
        ] {
            assert_eq!(matches(pattern, branch), expected, "{pattern} {branch}");
        }
    }
}
