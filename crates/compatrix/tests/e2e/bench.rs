//! `bench`: two builds compared. The benches here print made-up figures, so that what is tested is the road from a program
//! to a verdict, and no clock. Only the canary measures: where it finds the machine too busy, the command must say so.

#![allow(clippy::disallowed_methods, reason = "tests start git and read files")]

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{exists, git, signal, wait_for, with_here, Ran, Workspace};

const ROOT: &str =
    "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\nmembers = [\"speed\"]\n";
const SPEED: &str = "[package]\nname = \"speed\"\nversion = \"0.1.0\"\nedition = \"2021\"\npublish = false\n\n[dependencies]\nmade = { path = \"..\" }\n\n[lib]\nbench = false\n\n[[bench]]\nname = \"figures\"\nharness = false\n";
const LOCK: &str = "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"speed\"\nversion = \"0.1.0\"\ndependencies = [\n \"made\",\n]\n";
pub(crate) const FIGURES: &str =
    "fn main() {\n    for line in made::LINES {\n        println!(\"{line}\");\n    }\n}\n";
pub(crate) const SPEC: &str = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"tests\"\n\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\npackages = [\"speed\"]\nrounds = 12\n";

/// The library that says what the benches print.
pub(crate) fn lines(lines: &[&str]) -> String {
    format!("pub const LINES: &[&str] = &{lines:?};\n")
}

pub(crate) fn time(bench: &str, ns: &[f64]) -> String {
    format!("{{\"bench\":\"{bench}\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":{ns:?}}}")
}

/// A repository with one commit, whose benches print this.
pub(crate) fn workspace(spec: &str, of_base: &[&str]) -> Workspace {
    let made = Workspace::new(spec)
        .file("Cargo.toml", ROOT)
        .file("Cargo.lock", LOCK)
        .file("src/lib.rs", &lines(of_base))
        .file("speed/Cargo.toml", SPEED)
        .file("speed/src/lib.rs", "")
        .file("speed/benches/figures.rs", FIGURES)
        .file(".gitignore", "target\n");
    git(&made, &["init", "-q", "-b", "main"]);
    commit(&made, "first");
    made
}

pub(crate) fn commit(made: &Workspace, message: &str) {
    git(made, &["add", "-A"]);
    git(made, &["commit", "-q", "-m", message]);
}

/// What `bench` found. A machine that was too busy to tell is said to be, whatever the figures.
pub(crate) fn report(ran: &Ran, code: i32) -> Value {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{ran}"));
    let is_blind = report["canary"]["proven"] == Value::Bool(false);
    ran.expect(if is_blind { 3 } else { code });
    report
}

pub(crate) fn changes(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["comparisons"].as_array().expect("a list");
    all.iter().map(|one| (text(&one["bench"]), text(&one["change"]))).collect()
}

pub(crate) fn is(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(bench, change)| ((*bench).to_owned(), (*change).to_owned())).collect()
}

pub(crate) const JSON: [&str; 3] = ["bench", "--format", "json"];

#[test]
fn equal_executables_are_the_same_without_a_run() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    made.write("NOTES.md", "a file that no build reads\n");
    commit(&made, "second");
    let ran = made.assert_tree_unchanged(|| made.run(&JSON));
    let report = report(&ran, 0);
    assert_eq!(changes(&report), is(&[("figures", "same")]));
    assert_eq!(report["question"]["base"]["name"], "HEAD^");
    assert_eq!(report["canary"], Value::Null, "nothing was measured");
    let ran = made.run(&[&JSON[..], &["--same-too", "--seed", "7"]].concat());
    let report = self::report(&ran, 0);
    assert_eq!(changes(&report), is(&[("a", "not-slower")]));
    assert_eq!((&report["seed"], &report["comparisons"][0]["ratio"]), (&Value::from(7), &Value::from(1.0)));
    let rounds = report["groups"][0]["rounds"].as_array().unwrap();
    let first: usize = rounds.iter().filter(|round| round["order"][0] == 0).count();
    assert_eq!(first * 2, rounds.len(), "each side goes first as often as the other");
    for side in report["groups"][0]["sides"].as_array().unwrap() {
        assert!(side["proof"]["source"]["commit"].is_string(), "{side}");
        assert_eq!(side["proof"]["source"]["dirty"], Value::Bool(false));
    }
}

#[test]
fn exactly_what_is_slower_is_called_slower() {
    let made = workspace(SPEC, &[&time("a", &[100.0]), &time("b", &[100.0]), &time("c", &[100.0])]);
    made.write("src/lib.rs", lines(&[&time("a", &[110.0]), &time("b", &[100.0]), &time("c", &[80.0])]));
    let junit = made.path("target/b.xml");
    let ran = made.run(&[&JSON[..], &["--junit", junit.to_str().unwrap()]].concat());
    let report = report(&ran, 1);
    assert_eq!(changes(&report), is(&[("a", "slower"), ("b", "not-slower"), ("c", "faster")]));
    let kept: String = made.ledger().query_row("SELECT report FROM comparisons", [], |row| row.get(0)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap()["seed"], report["seed"]);
    assert_eq!(report["question"]["base"]["name"], "HEAD");
    assert_eq!(report["question"]["head"]["dirty"], Value::Bool(true));
    let ratio = report["comparisons"][0]["ratio"].as_f64().unwrap();
    assert!((ratio - 1.1).abs() < 1e-9, "{ratio}");
    let xml = std::fs::read_to_string(junit).unwrap();
    let is_blind = report["canary"]["proven"] == Value::Bool(false);
    assert_eq!(xml.matches("<failure").count(), usize::from(!is_blind), "{xml}");
    // A slowdown that the suite tolerates.
    made.write("compat/matrix.toml", with_here(SPEC_OF_TWENTY));
    assert_eq!(changes(&self::report(&made.run(&JSON), 0))[0], ("a".to_owned(), "not-slower".to_owned()));
}

const SPEC_OF_TWENTY: &str = "[project]\npackages = [\"made\"]\n\n[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\npackages = [\"speed\"]\ntolerance = 20\nrounds = 12\n";

#[test]
fn counts_need_no_test_and_units_must_agree() {
    let count = |n: u64| {
        format!("{{\"bench\":\"a\",\"metric\":\"allocations\",\"unit\":\"1\",\"exact\":true,\"samples\":[{n}]}}")
    };
    let hits = |n: f64| {
        format!("{{\"bench\":\"a\",\"metric\":\"hits\",\"unit\":\"%\",\"better\":\"more\",\"exact\":true,\"samples\":[{n}]}}")
    };
    let size = |unit: &str| format!("{{\"bench\":\"b\",\"metric\":\"size\",\"unit\":\"{unit}\",\"samples\":[5]}}");
    let made = workspace(SPEC, &[&count(1000), &hits(90.0), &size("kB")]);
    made.write("src/lib.rs", lines(&[&count(1020), &hits(80.0), &size("KiB")]));
    let report = report(&made.run(&JSON), 1);
    assert_eq!(changes(&report), is(&[("a", "slower"), ("a", "slower"), ("b", "unproven")]));
    assert!(report["comparisons"][2]["why"].as_str().unwrap().len() > 10, "{report:#}");
    assert!(report["comparisons"][2]["unit"].as_str().unwrap().contains("kB and KiB"), "{report:#}");
}

#[test]
fn without_a_base_nothing_is_fine() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    let ran = made.run(&["bench"]);
    ran.expect(3);
    assert!(ran.stdout.contains("first commit"), "{ran}");
    // A shallow clone.
    commit_again(&made);
    let clone = Workspace::of_files("clone", &[(".here", "")]);
    let url = format!("file://{}", made.root().display());
    std::fs::remove_file(clone.path(".here")).unwrap();
    git(&clone, &["clone", "-q", "--depth", "1", &url, "."]);
    let ran = clone.run(&["bench"]);
    ran.expect(3);
    assert!(ran.stdout.contains("shallow") && ran.stdout.contains("git fetch"), "{ran}");
    clone.run(&["bench", "--base", "v1"]).expect(2).says(&["git knows no revision `v1`", "git fetch origin v1"]);
    // No repository at all.
    std::fs::remove_dir_all(clone.path(".git")).unwrap();
    let ran = clone.run(&["bench"]);
    ran.expect(3);
    assert!(ran.stdout.contains("--save-baseline"), "{ran}");
}

fn commit_again(made: &Workspace) {
    made.write("NOTES.md", "more\n");
    commit(made, "again");
}

#[test]
fn a_saved_baseline_is_what_later_sources_are_compared_with() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    made.run(&["bench", "--save-baseline", "before"]).expect(3);
    made.write("src/lib.rs", lines(&[&time("a", &[150.0])]));
    let report = report(&made.run(&[&JSON[..], &["--baseline", "before"]].concat()), 1);
    assert_eq!(changes(&report), is(&[("a", "slower")]));
    assert_eq!(report["question"]["base"]["name"], "before");
    made.run(&["bench", "--baseline", "befor"]).expect(2).says(&["no baseline is called `befor`", "saved: `before`"]);
    made.run(&["bench", "--save-baseline", "../x"]).expect(2).says(&["cannot name a baseline"]);
    made.run(&["bench", "--save-baseline", "before.json"]).expect(2).says(&["cannot name a baseline"]);
}

/// A record is of two commits: what was compared is written below the evidence, and the page follows from it.
#[test]
fn a_commit_is_recorded_for_the_trend() {
    let slower: Vec<f64> = (0..12).map(|n| 1500.0 + f64::from(n)).collect();
    let base = time("search", &[1000.0, 1001.0, 999.0]);
    let made = workspace(SPEC, &[&base]);
    made.run(&["bench", "--record", "--across", "rust"]).expect(2).says(&["--across"]);
    made.write("src/lib.rs", lines(&[&time("search", &slower)]));
    let ran = made.run(&["bench", "--record", "--format", "json"]);
    let report_of = |ran: &Ran| serde_json::from_str::<Value>(&ran.stdout).expect("a report");
    let is_blind = |ran: &Ran| report_of(ran)["canary"]["proven"] == Value::Bool(false);
    assert!(!exists(made.path("compat/evidence/bench")), "what is not committed has no record\n{ran}");
    ran.expect(if is_blind(&ran) { 3 } else { 1 }).says(&["not recorded: the head is no commit"]);

    commit(&made, "second");
    let ran = made.run(&["bench", "--base", "HEAD~1", "--record", "--format", "json"]);
    if is_blind(&ran) {
        ran.expect(3).says(&["nothing is recorded"]);
        return;
    }
    ran.expect(1);
    let head = report_of(&ran)["question"]["head"]["commit"].as_str().expect("a commit")[..12].to_owned();
    let record = std::fs::read_dir(made.path("compat/evidence/bench")).expect("a folder").next().expect("a platform");
    let record = record.expect("a platform").path().join(format!("{head}.toml"));
    let text = std::fs::read_to_string(&record).expect("a record");
    assert!(text.contains("name = \"search\"") && text.contains("change = \"slower\""), "{text}");
    assert!(!text.contains("1500"), "no durations\n{text}");
    made.run(&["report"]).expect(0);
    let page = std::fs::read_to_string(made.path("docs/BENCHMARKS.md")).expect("a page");
    assert!(page.contains(&head) && page.contains("1 slower"), "{page}");
    made.run(&["report", "--check"]).expect(0);
}

#[test]
fn a_base_that_does_not_build_is_no_fault_of_the_head() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    made.write("src/lib.rs", "this is no Rust\n");
    commit(&made, "broken");
    made.write("src/lib.rs", lines(&[&time("a", &[100.0])]));
    let ran = made.run(&["bench"]);
    ran.expect(3).says(&["Not built", "base: "]);
    assert!(ran.stdout.contains("base") && ran.stdout.contains("build-failed"), "{ran}");
    // The other way round it is.
    made.run(&["bench", "--base", "HEAD^"]).expect(0);
    made.write("src/lib.rs", "this is no Rust\n");
    made.run(&["bench", "--base", "HEAD^"]).expect(1).says(&["Not built", "head: "]);
}

#[test]
fn head_s_benches_are_laid_over_a_base_that_has_none() {
    let made = Workspace::new("[axis]\nrust = [HERE]\n")
        .file("Cargo.toml", "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
        .file("Cargo.lock", "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n")
        .file("src/lib.rs", &lines(&[&time("a", &[100.0])]))
        .file(".gitignore", "target\n");
    git(&made, &["init", "-q", "-b", "main"]);
    commit(&made, "no benches");
    let inherited = ROOT.to_owned()
        + "\n[workspace.package]\nversion = \"0.1.0\"\n\n[workspace.dependencies]\nmade = { path = \".\" }\n";
    let speed = SPEED
        .replace("version = \"0.1.0\"", "version.workspace = true")
        .replace("{ path = \"..\" }", "{ workspace = true }");
    let made = made
        .file("Cargo.toml", &inherited)
        .file("Cargo.lock", LOCK)
        .file("speed/Cargo.toml", &speed)
        .file("speed/src/lib.rs", "")
        .file("speed/benches/figures.rs", FIGURES)
        .file("src/lib.rs", &lines(&[&time("a", &[120.0])]));
    made.write("compat/matrix.toml", with_here(&SPEC_OF_TWENTY.replace("tolerance = 20", "tolerance = 3")));
    let report = report(&made.assert_tree_unchanged(|| made.run(&JSON)), 1);
    assert_eq!(changes(&report), is(&[("a", "slower")]));
}

#[test]
fn figures_that_cannot_be_used_lose_nothing_else() {
    let odd = [
        time("one side", &[1.0]),
        "{\"bench\":\"zero\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[0,0]}".to_owned(),
        "{\"bench\":\"cut\",\"metric\":\"time\",\"unit\":\"ns\",\"samp".to_owned(),
        "{\"bench\":\"nan\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[null]}".to_owned(),
        time("good", &[120.0]),
    ];
    let odd: Vec<&str> = odd.iter().map(String::as_str).collect();
    let made = workspace(SPEC, &[&time("good", &[100.0])]);
    made.write("src/lib.rs", lines(&odd));
    let ran = made.run(&JSON);
    let report = report(&ran, 1);
    assert_eq!(changes(&report), is(&[("good", "slower")]));
    let group = &report["groups"][0];
    assert_eq!(group["only"], serde_json::json!([["one side", 1]]));
    let unusable = group["unusable"].as_array().unwrap();
    assert_eq!(unusable.len(), 3, "{unusable:#?}");
    assert!(unusable.iter().all(|why| why.as_str().unwrap().contains("(head)")), "{unusable:#?}");
}

#[test]
fn files_that_only_head_has_are_not_in_the_base() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    // cargo finds it by its name, and the base would not build with it.
    made.write("build.rs", "fn main() {\n    assert!(std::path::Path::new(\"of-head\").exists());\n}\n");
    made.write("of-head", "");
    made.write("src/lib.rs", lines(&[&time("a", &[80.0])]));
    let report = report(&made.run(&JSON), 0);
    assert_eq!(changes(&report), is(&[("a", "faster")]));
    assert!(!exists(made.path("target/compat/bench/base/build.rs")));
    assert!(exists(made.path("target/compat/bench/head/build.rs")));
    // What git ignores and a build reads is in both.
    made.write(".gitignore", "target\nmade.txt\n");
    made.write("made.txt", "100");
    made.write("src/lib.rs", "pub const LINES: &[&str] = &[include_str!(\"../made.txt\")];\n");
    commit(&made, "ignored");
    made.write("NOTES.md", "more\n");
    commit(&made, "more");
    made.run(&["bench"]).expect(0);
}

#[test]
fn a_bench_that_panics_is_broken() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    made.write("src/lib.rs", "pub const LINES: &[&str] = &[];\n");
    made.write("speed/benches/figures.rs", "fn main() {\n    assert!(made::LINES.len() > 0, \"nothing to measure\");\n    println!(\"{}\", made::LINES[0]);\n}\n");
    let ran = made.run(&["bench"]);
    ran.expect(1);
    assert!(ran.stdout.contains("nothing to measure") && ran.stdout.contains("failed"), "{ran}");
}

#[test]
fn reports_of_criterion_are_read_from_a_fresh_folder_and_damaged_ones_are_named() {
    let writes = "fn main() {
    let home = std::path::PathBuf::from(std::env::var(\"CRITERION_HOME\").unwrap());
    assert!(std::env::args().any(|arg| arg == \"--bench\"));
    for (name, cut) in [(\"whole\", false), (\"cut\", made::LINES.len() > 1)] {
        let dir = home.join(name).join(\"new\");
        assert!(!dir.exists(), \"a fresh folder\");
        std::fs::create_dir_all(&dir).unwrap();
        let id = format!(r#\"{{\"group_id\":\"{name}\",\"function_id\":null,\"value_str\":null,\"throughput\":null,\"full_id\":\"{name}\",\"directory_name\":\"{name}\",\"title\":\"{name}\"}}\"#);
        std::fs::write(dir.join(\"benchmark.json\"), id).unwrap();
        let sample = r#\"{\"sampling_mode\":\"Linear\",\"iters\":[1.0,2.0],\"times\":[100.0,200.0]}\"#;
        std::fs::write(dir.join(\"sample.json\"), if cut { &sample[..40] } else { sample }).unwrap();
    }
}
";
    let made = workspace(SPEC, &["base"]);
    made.write("speed/benches/figures.rs", writes);
    made.write("src/lib.rs", lines(&["head", "more"]));
    let report = report(&made.run(&JSON), 0);
    assert_eq!(changes(&report), is(&[("whole", "not-slower")]));
    assert_eq!(report["groups"][0]["only"], serde_json::json!([["cut", 0]]));
    let unusable = report["groups"][0]["unusable"].to_string();
    assert!(unusable.contains("cut/new/sample.json"), "{unusable}");
}

#[test]
fn targets_are_proven_contradicted_or_unproven() {
    let many: Vec<f64> = (0..100).map(|n| 1_000_000.0 + f64::from(n)).collect();
    let target = |bench: &str, metric: &str, limit: &str, tier: &str| {
        format!("\n[[target]]\nbench = \"{bench}\"\nmetric = \"{metric}\"\n{limit}\ntier = \"{tier}\"\n")
    };
    let spec = SPEC.to_owned()
        + &target("a", "p95", "at-most = \"5 ms\"", "must")
        + &target("a", "p95", "at-most = \"0.5 ms\"", "should")
        + &target("aa", "p95", "at-most = \"5 ms\"", "must");
    let made = workspace(&spec, &[&time("a", &many)]);
    commit_again(&made);
    let words = |report: &Value| -> Vec<String> {
        let all = report["targets"].as_array().unwrap();
        all.iter().map(|target| target["proven"].as_str().unwrap().to_owned()).collect()
    };
    let found = report(&made.run(&JSON), 0);
    assert_eq!(words(&found), ["proven", "contradicted", "unproven"]);
    assert!(found["targets"][2]["why"].as_str().unwrap().contains("nearest is `a`"), "{found:#}");
    // The same, where it must hold.
    made.write(
        "compat/matrix.toml",
        std::fs::read_to_string(made.path("compat/matrix.toml")).unwrap().replace("should", "must"),
    );
    report(&made.run(&[&JSON[..], &["--no-base"]].concat()), 1);
    report(&made.run(&[&JSON[..], &["--no-base", "--missing", "fail"]].concat()), 1);
}

#[test]
fn targets_of_a_suite_are_judged_and_recorded_with_it_alone() {
    let other =
        "\n[[suite]]\nname = \"other\"\nkind = \"bench\"\npackages = [\"speed\"]\nbenches = [\"others\"]\nrounds = 6\n";
    let wanted = |suite: &str, bench: &str, metric: &str, limit: &str, tier: &str| {
        format!(
            "\n[[target]]\nsuite = \"{suite}\"\nbench = \"{bench}\"\nmetric = \"{metric}\"\n{limit}\ntier = \"{tier}\"\n"
        )
    };
    let profiles = "\n[profile.one]\nstrategy = \"all\"\nsuites = [\"speed\"]\n[profile.two]\nstrategy = \"all\"\nsuites = [\"other\"]\n";
    let spec = SPEC.replace("rounds", "benches = [\"figures\"]\nrounds")
        + other
        + &wanted("speed", "a", "time", "at-most = \"5 ms\"", "must")
        + &wanted("other", "hits", "hits", "at-least = \"90 %\"", "should")
        + profiles;
    let made = workspace(&spec, &[&time("a", &[100.0])]);
    made.write("speed/benches/others.rs", "fn main() {\n    println!(\"{{\\\"bench\\\":\\\"hits\\\",\\\"metric\\\":\\\"hits\\\",\\\"unit\\\":\\\"%\\\",\\\"better\\\":\\\"more\\\",\\\"value\\\":85.5}}\");\n    let _ = made::LINES;\n}\n");
    let manifest = std::fs::read_to_string(made.path("speed/Cargo.toml")).unwrap();
    made.write("speed/Cargo.toml", manifest + "\n[[bench]]\nname = \"others\"\nharness = false\n");
    commit(&made, "two suites");
    for (profile, bench, proven, also) in
        [("one", "a", "proven", &[][..]), ("two", "hits", "contradicted", &["--record"])]
    {
        let found = report(&made.run(&[&JSON[..], &["--no-base", "--profile", profile], also].concat()), 0);
        let targets = found["targets"].as_array().unwrap();
        assert_eq!(targets.len(), 1, "{profile}: {found:#}");
        if found["canary"]["proven"] == Value::Bool(false) {
            println!("skipped: this machine is too noisy to prove anything");
            return;
        }
        assert_eq!((targets[0]["bench"].as_str(), targets[0]["proven"].as_str()), (Some(bench), Some(proven)));
    }
    let folder = made.path("compat/evidence/bench");
    let platform = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let files: Vec<_> = std::fs::read_dir(platform).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    assert!(file.to_string_lossy().ends_with("-targets.toml"), "{files:?}");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("figure = 0.855") && !text.contains("base ="), "{text}");
    made.run(&["report"]).expect(0);
    let page = std::fs::read_to_string(made.path("docs/BENCHMARKS.md")).unwrap();
    assert!(page.contains("| `hits` | hits at least 90 % | should | 0.855 | contradicted"), "{page}");
}

#[test]
fn a_command_measures_with_the_program_of_its_side() {
    let spec = "[axis]\nrust = [HERE]\n\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\nrounds = 12\ncommand = [\"sh\", \"gate.sh\", \"{program.made}\"]\n";
    let made = workspace(spec, &[]);
    made.write("src/main.rs", "fn main() {\n    println!(\"{}\", 100);\n}\n");
    made.write("tests/it.rs", "");
    let gate = "echo \"{\\\"bench\\\":\\\"a\\\",\\\"metric\\\":\\\"steps\\\",\\\"unit\\\":\\\"1\\\",\\\"exact\\\":true,\\\"samples\\\":[$($1)]}\"\n";
    made.write("gate.sh", gate);
    commit(&made, "a program");
    made.write("src/main.rs", "fn main() {\n    println!(\"{}\", 150);\n}\n");
    let report = report(&made.run(&JSON), 1);
    assert_eq!(changes(&report), is(&[("a", "slower")]));
    // One that cannot be had is not tried.
    let spec = with_here(&spec.replace("\"sh\", \"gate.sh\", ", "\"no-such-tool-anywhere\", "));
    made.write("compat/matrix.toml", format!("[project]\npackages = [\"made\"]\n\n{spec}"));
    let ran = made.run(&["bench"]);
    ran.expect(3);
    assert!(ran.stdout.contains("no-such-tool-anywhere"), "{ran}");
}

#[test]
fn only_the_benches_that_are_named_run() {
    let two = format!("{SPEED}\n[[bench]]\nname = \"other\"\nharness = false\n");
    let made = workspace(&SPEC.replace("rounds", "benches = [\"figures\"]\nrounds"), &[&time("a", &[100.0])]);
    made.write("speed/Cargo.toml", two);
    made.write("speed/benches/other.rs", "fn main() {\n    panic!(\"not asked for\");\n}\n");
    made.write("src/lib.rs", lines(&[&time("a", &[90.0])]));
    assert_eq!(changes(&report(&made.run(&JSON), 0)), is(&[("a", "faster")]));
}

#[test]
fn instructions_are_counted_where_valgrind_is() {
    if !std::process::Command::new("valgrind").arg("--version").output().is_ok_and(|said| said.status.success()) {
        eprintln!("skipped: no valgrind");
        return;
    }
    let made = workspace(&SPEC.replace("rounds", "instructions = true\nrounds"), &[&time("a", &[100.0])]);
    let works =
        "\n#[inline(never)]\npub fn work() {\n    for n in 0..TURNS {\n        std::hint::black_box(n);\n    }\n}\n";
    let figures = "fn main() {\n    made::work();\n    println!(\"{}\", made::LINES[0]);\n}\n";
    let with = |turns: u64| lines(&[&time("a", &[100.0])]) + works + &format!("const TURNS: u64 = {turns};\n");
    made.write("speed/benches/figures.rs", figures);
    made.write("src/lib.rs", with(10_000_000));
    commit(&made, "work");
    made.write("src/lib.rs", with(10_300_000));
    let report = report(&made.run(&JSON), 1);
    let of = |metric: &str| {
        let all = report["comparisons"].as_array().unwrap();
        all.iter().find(|one| one["metric"] == metric).unwrap_or_else(|| panic!("{metric}\n{report:#}")).clone()
    };
    assert_eq!(
        (of("instructions")["change"].as_str(), of("time")["change"].as_str()),
        (Some("slower"), Some("not-slower"))
    );
    let ratio = of("instructions")["ratio"].as_f64().unwrap();
    assert!((1.02..1.04).contains(&ratio), "{ratio}");
    assert!(report["notes"].to_string().contains("flame-1.svg"), "{report:#}");
    let picture = std::fs::read_to_string(made.path("target/compat/bench/flame-1.svg")).unwrap();
    assert!(picture.contains("made::work"), "{picture}");
}

#[test]
fn values_of_an_axis_are_compared_in_one_build() {
    let spec = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"100\", \"130\"]\n\n[[suite]]\nname = \"speed\"\nkind = \"bench\"\npackages = [\"speed\"]\nrounds = 12\n";
    let made = workspace(spec, &[]);
    made.write("speed/benches/figures.rs", "fn main() {\n    let n = std::env::var(\"N\").unwrap();\n    println!(\"{{\\\"bench\\\":\\\"a\\\",\\\"metric\\\":\\\"time\\\",\\\"unit\\\":\\\"ns\\\",\\\"samples\\\":[{n}]}}\");\n    let _ = made::LINES;\n}\n");
    let report = report(&made.run(&[&JSON[..], &["--across", "n", "--reference", "100"]].concat()), 0);
    assert_eq!(changes(&report), is(&[("a", "slower")]), "a cost, and no fault");
    assert!(report["groups"][0]["cell"].as_str().unwrap().contains("n=130"), "{report:#}");
    made.run(&["bench", "--across", "m"]).expect(2).says(&["no axis `m`"]);
    made.run(&["bench", "--across", "n", "--reference", "7"]).expect(2).says(&["no value `7`"]);
}

#[test]
fn mistakes_in_the_spec_are_named() {
    Workspace::new("[axis]\nrust = [HERE]\n")
        .run(&["bench"])
        .expect(2)
        .says(&["no suite of kind `bench`", "[[suite]]"]);
    let made = workspace(&SPEC.replace("\"speed\"]", "\"spede\"]"), &[]);
    made.run(&["bench"]).expect(2).says(&["package `spede` is not in this workspace", "did you mean `speed`?"]);
    let bad = "\n[[target]]\nbench = \"a\"\nmetric = \"p95\"\nat-most = \"5 MB\"\n";
    let made = workspace(&(SPEC.to_owned() + bad), &[]);
    made.run(&["bench"]).expect(2).says(&["`p95` is not measured in this unit"]);
    let made = workspace(SPEC, &[]);
    made.run(&["bench", "--no-base"]).expect(2).says(&["no [[target]]"]);
}

#[test]
fn an_interrupt_leaves_nothing() {
    let made = workspace(SPEC, &[&time("a", &[100.0])]);
    made.write("speed/benches/figures.rs", "fn main() {\n    if let Some(path) = option_env!(\"NEVER\") {\n        println!(\"{path}\");\n    }\n    std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../../../started\"), made::LINES[0]).unwrap();\n    std::thread::sleep(std::time::Duration::from_secs(300));\n}\n");
    made.write("src/lib.rs", lines(&[&time("a", &[101.0])]));
    let mut command = made.command(&["bench"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("a bench", || exists(made.path("target/started")));
    signal(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    made.expect_no_processes();
}
