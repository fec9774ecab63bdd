//! The shell steps of the comment on a pull request, executed with a stand-in for GitHub's own `gh`.

use std::process::Command;

use crate::bench_scripts::{bash, program, step};

/// A `gh` that answers from files, by way of `jq` as the real one does, and writes down what it is asked to change.
const GH: &str = r#"
shift
query=.
while [ $# -gt 0 ]; do
  case "$1" in
    --jq) query="$2"; shift ;;
    --method) method="$2"; shift ;;
    -F) body="$2"; shift ;;
    --paginate|--silent) ;;
    *) url="$1" ;;
  esac
  shift
done
if [ -n "$method" ]; then echo "$method $url $body" >> "$HOME/changed"; exit; fi
case "$url" in
  */zip) cat "$HOME/report.zip" ;;
  */artifacts*) jq -r "$query" "$HOME/artifacts.json" ;;
  */pulls*) jq -r "$query" "$HOME/pulls.json" ;;
  */comments*) jq -r "$query" "$HOME/comments.json" ;;
  *) exit 1 ;;
esac
"#;

fn has(program: &str) -> bool {
    let has = Command::new(program).arg("--help").output().is_ok();
    if !has {
        eprintln!("skipped: {program} is not on PATH");
    }
    has
}

/// What the step changes, given open pull requests and comments.
fn changes(pulls: &str, comments: &str) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    program(dir.path(), "gh", GH);
    std::fs::write(dir.path().join("pulls.json"), pulls).expect("a file");
    std::fs::write(dir.path().join("comments.json"), comments).expect("a file");
    let env = [("GITHUB_REPOSITORY", "me/it"), ("HEAD_SHA", "abc"), ("HEAD_REPOSITORY", "fork/it")];
    let ran = bash(&step("comment", "Post the comment"), dir.path(), &env);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let changed = std::fs::read_to_string(dir.path().join("changed")).unwrap_or_default();
    changed.lines().map(str::to_owned).collect()
}

#[test]
fn there_is_one_comment_on_the_pull_request_that_was_measured() {
    if !has("jq") {
        return;
    }
    let pull = |number: u32, sha: &str, repository: &str| {
        format!("{{\"number\":{number},\"head\":{{\"sha\":{sha:?},\"ref\":\"$(id)\",\"repo\":{repository}}}}}")
    };
    let fork = "{\"full_name\":\"fork/it\"}";
    let others =
        [pull(3, "abd", fork), pull(4, "abc", "{\"full_name\":\"other/it\"}"), pull(5, "abc", "null")].join(",");
    let ours = format!("[{others},{}]", pull(7, "abc", fork));
    let post = ["POST repos/me/it/issues/7/comments body=@rendered/comment.md"];
    assert_eq!(changes(&ours, "[]"), post);
    let comment = |id: u32, login: &str, body: &str| {
        format!("{{\"id\":{id},\"user\":{{\"login\":{login:?}}},\"body\":{body:?}}}")
    };
    let mark = "<!-- compatrix: benchmarks -->";
    let bot = "github-actions[bot]";
    // Of another person, of another workspace, and with the mark elsewhere than at the start.
    let foreign = [
        comment(1, "mallory", mark),
        comment(2, bot, "<!-- compatrix: benchmarks of crates/pool -->"),
        comment(3, bot, &format!("> {mark}")),
    ]
    .join(",");
    assert_eq!(changes(&ours, &format!("[{foreign}]")), post);
    let there = format!("[{foreign},{},{}]", comment(8, bot, &format!("{mark}\ntext")), comment(9, bot, mark));
    assert_eq!(changes(&ours, &there), ["PATCH repos/me/it/issues/comments/8 body=@rendered/comment.md"]);
    // A newer commit, a closed pull request, and two of one head: no comment is better than one in the wrong place.
    assert_eq!(changes(&format!("[{others}]"), &there), Vec::<String>::new());
    assert_eq!(changes("[]", "[]"), Vec::<String>::new());
    assert_eq!(changes(&format!("[{},{}]", pull(7, "abc", fork), pull(8, "abc", fork)), "[]"), Vec::<String>::new());
}

/// What of an artifact arrives; `None` if the step fails.
fn downloaded(artifacts: &str, make: &str) -> Option<Vec<(String, u64)>> {
    let dir = tempfile::tempdir().expect("a folder");
    program(dir.path(), "gh", GH);
    std::fs::write(dir.path().join("artifacts.json"), artifacts).expect("a file");
    let made = Command::new("bash").args(["-ec", make]).current_dir(dir.path()).status().expect("bash");
    assert!(made.success());
    let env = [("GITHUB_REPOSITORY", "me/it"), ("COMPLETED_RUN", "12")];
    let ran = bash(&step("render", "Download the reports"), dir.path(), &env);
    assert!(!dir.path().join("evil").exists() && !dir.path().join("work/evil").exists());
    if !ran.status.success() {
        return None;
    }
    let folder = std::fs::read_dir(dir.path().join("work/target/ci/reports")).expect("a folder");
    let mut files: Vec<(String, u64)> = folder
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("a file").len()))
        .collect();
    files.sort();
    Some(files)
}

#[test]
fn of_a_hostile_artifact_only_one_small_file_arrives() {
    if !(has("jq") && has("unzip") && has("zip")) {
        return;
    }
    let one = r#"{"artifacts":[{"id":5,"expired":false,"size_in_bytes":900}]}"#;
    let both =
        vec![("bench-report-linux-x86_64.json".to_owned(), 3), ("bench-report-macos-aarch64.json".to_owned(), 3)];
    assert_eq!(
        downloaded(one, "printf abc > report.json; echo x > evil; zip -q report.zip report.json evil; rm evil"),
        Some(both)
    );
    let up = "mkdir a; cd a; echo x > ../evil; printf abc > report.json; zip -q ../report.zip ../evil report.json; rm ../evil";
    assert_eq!(downloaded(one, up).map(|files| files.len()), Some(2), "paths are not followed");
    let bomb = "head -c 200000000 /dev/zero > report.json; zip -q report.zip report.json; rm report.json";
    assert_eq!(downloaded(one, bomb), None, "it is cut off, and the step fails");
    assert_eq!(downloaded(one, "echo x > other; zip -q report.zip other"), None);
    assert_eq!(downloaded(one, "echo 'not a zip' > report.zip"), None);
    for none in [
        r#"{"artifacts":[]}"#,
        r#"{"artifacts":[{"id":5,"expired":false,"size_in_bytes":1000000}]}"#,
        r#"{"artifacts":[{"id":5,"expired":true,"size_in_bytes":9}]}"#,
    ] {
        assert_eq!(downloaded(none, "true"), Some(Vec::new()), "{none}");
    }
}
