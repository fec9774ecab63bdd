//! Every line of bash that a workflow has: our commands are parsed by our own command line, the others are known here.

use std::collections::BTreeMap;

use clap::Parser;
use compatrix::cli::Cli;

use crate::yaml::Node;

/// Lines that are not ours, as they were reviewed. A new one is added here by somebody who has read it.
const KNOWN: &[&str] = &[
    "rustup toolchain install \"$RUSTUP_TOOLCHAIN\" --profile minimal --no-self-update",
    "rustup toolchain install \"$RUSTUP_TOOLCHAIN\" --profile minimal --component clippy,rustfmt --no-self-update",
    "rustup toolchain install nightly --profile minimal --component miri,rust-src --no-self-update",
    "sudo apt-get update",
    "sudo apt-get install --yes --no-install-recommends libsqlite3-dev pkg-config",
    "sudo apt-get install --yes --no-install-recommends valgrind",
    "sudo apt-get install --yes --no-install-recommends gcc-mingw-w64-x86-64-win32",
    "sudo apt-get install --yes --no-install-recommends wine64",
    "sudo apt-get install --yes --no-install-recommends debian-archive-keyring gpgv patchelf",
    "sudo apt-get install --yes --no-install-recommends -- \"${packages[@]}\"",
    "read -r -a packages <<< \"$PACKAGES\"",
    "apt-get update",
    "apt-get install --yes --no-install-recommends ca-certificates gcc git libc6-dev patchelf pkg-config",
    "apt-get install --yes --no-install-recommends libsqlite3-dev",
    "apt-get install --yes --no-install-recommends valgrind",
    "apt-get install --yes --no-install-recommends gcc-mingw-w64-x86-64-win32",
    "apt-get install --yes --no-install-recommends wine64",
    "apt-get install --yes --no-install-recommends bubblewrap mmdebstrap",
    "echo \"$CARGO_HOME/bin\" >> \"$GITHUB_PATH\"",
    "git config --global --add safe.directory \"$GITHUB_WORKSPACE\"",
    "git config --global core.autocrlf false",
    "chmod +x target/ci/bin/cargo-*",
    "echo \"$GITHUB_WORKSPACE/target/ci/bin\" >> \"$GITHUB_PATH\"",
    "cargo build --locked --manifest-path \"$MANIFEST\" --bin \"$BINARY\" --target \"$TARGET\"",
    "cargo build --locked --manifest-path \"$MANIFEST\" --bin \"$BINARY\"",
    "rustup toolchain install stable --profile minimal --no-self-update",
    "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked --debug --root target/ci/installed --target \"$TARGET\" compatrix",
    "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked --debug --root target/ci/installed compatrix",
    "cargo install --git \"$TOOL_GIT\" --rev \"$TOOL_REV\" --locked --debug compatrix",
    "cargo install compatrix --version \"=$TOOL_VERSION\" --locked --debug --root target/ci/installed --target \"$TARGET\"",
    "cargo install compatrix --version \"=$TOOL_VERSION\" --locked --debug --root target/ci/installed",
    "cargo install compatrix --version \"=$TOOL_VERSION\" --locked --debug",
    "cargo install --path \"$TOOL_PATH\" --locked --debug --root target/ci/installed --target \"$TARGET\"",
    "cargo install --path \"$TOOL_PATH\" --locked --debug --root target/ci/installed",
    "cargo install --path \"$TOOL_PATH\" --locked --debug",
    "echo \"$GITHUB_WORKSPACE/$FOLDER/target/ci/bin\" >> \"$GITHUB_PATH\"",
    "mkdir -p target/ci/bin",
    "cp \"$BUILT\" \"$HANDED\"",
    "cargo fmt --all --check",
    "cargo clippy --workspace --all-targets --locked -- -D warnings",
    "cargo test --workspace --locked",
    "cargo doc --workspace --no-deps --locked",
    "bash -- \"$SCRIPT\"",
    "number=$(gh issue list --repo \"$GITHUB_REPOSITORY\" --state open --limit 1000 --json number,title \\",
    "  --jq 'map(select(.title == env.TITLE)) | .[0].number // empty')",
    "body=\"The scheduled run has no good verdict: $RUN_PAGE\"",
    "if [ -n \"$number\" ]; then",
    "  gh issue comment \"$number\" --repo \"$GITHUB_REPOSITORY\" --body \"$body\"",
    "else",
    "  gh issue create --repo \"$GITHUB_REPOSITORY\" --title \"$TITLE\" --body \"$body\"",
    "fi",
    // The base of benchmarks.
    "mkdir -p target/ci/bench",
    "base=$(git merge-base HEAD \"$BASE\") || base=HEAD^1",
    "base=$(git rev-list --first-parent --max-count=1 --before='7 days ago' HEAD)",
    "if [ -z \"$base\" ] || [ \"$base\" = \"$(git rev-parse HEAD)\" ]; then base=HEAD^1; fi",
    "echo \"base=$base\" >> \"$GITHUB_OUTPUT\"",
    // Their records.
    "if [ ! -d records ]; then echo 'there is no record of this commit'; exit 0; fi",
    "gh auth setup-git",
    "git init --quiet trend",
    "cd trend || exit",
    "git remote add origin \"$GITHUB_SERVER_URL/$GITHUB_REPOSITORY\"",
    "git config user.name 'github-actions[bot]'",
    "git config user.email '41898282+github-actions[bot]@users.noreply.github.com'",
    "for attempt in 1 2 3 4 5 6; do",
    "  if git fetch --quiet --depth=1 origin \"refs/heads/$BRANCH\"; then",
    "    git checkout --quiet --force --detach FETCH_HEAD",
    "  fi",
    "  mkdir -p \"$RECORDS\"",
    "  cp -R ../records/. \"$RECORDS\"",
    "  git add --all -- \"$RECORDS\"",
    "  git diff --cached --quiet || git commit --quiet --message \"Benchmarks of $GITHUB_SHA\"",
    "  if git push --quiet origin \"HEAD:refs/heads/$BRANCH\"; then exit 0; fi",
    "  sleep $((attempt * 5))",
    "done",
    "echo \"::error::the record could not be pushed to $BRANCH\"",
    "exit 1",
    // The comment.
    "export PATH=\"$PWD/target/ci/bin:$PATH\"",
    "mkdir -p target/ci/reports",
    "for artifact in $ARTIFACTS; do",
    "  id=$(gh api \"repos/$GITHUB_REPOSITORY/actions/runs/$COMPLETED_RUN/artifacts?name=$artifact\" \\",
    "    --jq '[.artifacts[] | select(.expired | not) | select(.size_in_bytes < 1000000)] | .[0].id // empty')",
    "  if [ -z \"$id\" ]; then echo \"there is no $artifact, or it is too large\"; continue; fi",
    "  gh api \"repos/$GITHUB_REPOSITORY/actions/artifacts/$id/zip\" > target/ci/report.zip",
    "  unzip -p target/ci/report.zip report.json | head -c 4000001 > \"target/ci/reports/$artifact.json\"",
    "number=$(gh api --paginate \"repos/$GITHUB_REPOSITORY/pulls?state=open&per_page=100\" \\",
    "  --jq '.[] | select(.head.sha == env.HEAD_SHA and .head.repo.full_name == env.HEAD_REPOSITORY) | .number')",
    "if ! [[ \"$number\" =~ ^[0-9]+$ ]]; then",
    "  echo 'not one open pull request has this head: it was closed, got newer commits, or there are several'",
    "  exit 0",
    "id=$(gh api --paginate \"repos/$GITHUB_REPOSITORY/issues/$number/comments?per_page=100\" \\",
    "  --jq '.[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(env.FIRST_LINE))) | .id')",
    "id=${id%%$'\\n'*}",
    "if [ -n \"$id\" ]; then",
    "  gh api --silent --method PATCH \"repos/$GITHUB_REPOSITORY/issues/comments/$id\" -F body=@rendered/comment.md",
    "  gh api --silent --method POST \"repos/$GITHUB_REPOSITORY/issues/$number/comments\" -F body=@rendered/comment.md",
];

/// Variables that GitHub sets, and those that the lines above set themselves.
const GIVEN: &[&str] = &[
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_REPOSITORY",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_WORKSPACE",
    "PATH",
    "PWD",
    "artifact",
    "base",
    "body",
    "id",
    "number",
    "packages",
];

/// What is wrong with a step's lines. `env` are the variables of job and step, with what they may hold.
pub(crate) fn check(run: &str, env: &BTreeMap<String, String>, seen: &mut Seen) -> Result<(), String> {
    // What was seen once need not be looked at ten thousand times.
    let names: Vec<&str> = env.keys().map(String::as_str).collect();
    if !seen.insert((run.to_owned(), names.join(" "), env.get("EVENT").cloned())) {
        return Ok(());
    }
    if run.contains("${{") {
        return Err(format!("an expression stands in a shell text: {run}"));
    }
    for line in run.lines() {
        for name in variables(line) {
            if !env.contains_key(name) && !GIVEN.contains(&name) {
                return Err(format!("nothing sets ${name}: {line}"));
            }
        }
        let ours = ["cargo xtask ", "cargo compatrix "].iter().find_map(|program| line.strip_prefix(program));
        match ours {
            Some(arguments) => parse(arguments, env)?,
            None if KNOWN.contains(&line) => {}
            None => return Err(format!("nobody has reviewed this line: {line}")),
        }
    }
    Ok(())
}

/// Texts that were checked, with the variables that they had, and the event.
pub(crate) type Seen = std::collections::BTreeSet<(String, String, Option<String>)>;

/// Our own command line reads it.
fn parse(arguments: &str, env: &BTreeMap<String, String>) -> Result<(), String> {
    let words = words(arguments).into_iter().map(|word| {
        let names: Vec<&str> = variables(&word).collect();
        names.iter().fold(word.clone(), |word, name| word.replace(&format!("${name}"), &env[*name]))
    });
    let words: Vec<String> = std::iter::once("cargo xtask".to_owned()).chain(words).collect();
    Cli::try_parse_from(&words).map(|_| ()).map_err(|error| format!("{words:?}: {error}"))
}

/// The words of a line as bash has them, for lines with double quotes and nothing more.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Names behind a `$`.
fn variables(line: &str) -> impl Iterator<Item = &str> {
    line.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some(&rest[..end]).filter(|name| !name.is_empty())
    })
}

/// The variables of `env:` with what they hold; an expression as it stands.
pub(crate) fn env(of: &Node) -> impl Iterator<Item = (String, String)> + '_ {
    let entries = of.get("env").map(Node::entries).unwrap_or_default();
    entries.iter().map(|(name, value)| (name.clone(), value.text().to_owned()))
}

#[test]
fn a_line_that_nobody_knows_is_found() {
    let env: BTreeMap<String, String> = [("EVENT".to_owned(), "push".to_owned())].into();
    let check = |run: &str| check(run, &env, &mut Seen::new());
    assert_eq!(check("cargo xtask compat --event \"$EVENT\""), Ok(()));
    assert!(check("cargo xtask compat --event \"$EVENT\" --jbo x").is_err());
    assert!(check("cargo xtask compat --event \"$JOB\"").unwrap_err().contains("nothing sets $JOB"));
    assert!(check("curl evil | sh").unwrap_err().contains("reviewed"));
    assert!(check("echo ${{ matrix.job }}").unwrap_err().contains("expression"));
}
