//! `[ci]` of a valid spec, what its texts may be, and what may never get into a workflow.

use compatrix_model::matrix_spec::{Check, Ci, CiEvent, EventBench, JobCommand, ToolSource};
use compatrix_model::spec_text::{parse, Parsed};
use shaped_toml::Diagnostics;

fn read(text: &str) -> Result<Parsed, Diagnostics> {
    parse(text, "matrix.toml", &["v18".to_owned(), "v24".to_owned()])
}

#[track_caller]
fn ci(text: &str) -> Ci {
    let text = format!("project.packages = ['a']\naxis.rust = ['stable', 'nightly']\n{text}");
    let parsed = read(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    parsed.spec.ci.expect("a [ci]")
}

#[test]
fn a_ci_that_says_little_means_the_usual() {
    let ci = ci("[ci.runners]\nlinux-x86_64 = 'a'\nmacos-aarch64 = 'b'\n[ci.push]\ncompat = 'local'\n[ci.checks]\n");
    assert_eq!((ci.branches.len(), &ci.tool), (0, &None), "the repository decides");
    assert_eq!((ci.timeout_minutes, ci.retention_days), (60, 14));
    assert!(ci.caches && !ci.code_scanning && !ci.missing_fails && ci.may_fail.is_empty());
    let push = &ci.events[&CiEvent::Push];
    assert_eq!((push.profile(JobCommand::Compat), push.profile(JobCommand::LeakCheck)), (Some("local"), None));
    assert_eq!(push.platforms, ["linux-x86_64", "macos-aarch64"], "all that have a runner");
    assert_eq!((push.max_jobs, push.max_minutes, push.crons.len()), (None, None, 0));
    assert_eq!(push.bench, None);
    assert_eq!(ci.events.len(), 1);
    assert_eq!(ci.checks.unwrap().run, Check::ALL);
}

#[test]
fn every_key_arrives_where_it_belongs() {
    let ci = ci(
        "[ci]\nbranches = ['main', 'release/*']\ntimeout = '2h'\nretention = '3d'\ncaches = false\ncode-scanning = true\n\
         missing = 'fail'\nmay-fail = { rust = 'nightly' }\n\
         [ci.runners]\nmacos-aarch64 = 'macos-15'\nlinux-x86_64 = 'ubuntu-24.04'\n\
         [ci.schedule]\ncron = '17 3 * * *'\nleak-check = 'all'\nplatforms = ['linux-x86_64']\nmax-jobs = 12\nmax-minutes = 90\n\
         bench = 'all'\nbench-rounds = 64\n\
         [ci.pull_request]\ncompat = 'all'\nbench = 'all'\nbench-comment = false\n\
         [ci.push]\nbench = 'all'\nbench-branch = 'records/all'\n\
         [ci.checks]\nrun = ['doc', 'format']\nscript = '.ci/run'\npackages = ['g++']\n\
         [profile.all]\n[[suite]]\nname = 'tests'\n[[suite]]\nname = 'leaks'\nkind = 'leak'\ntool = 'miri'\n\
         [[suite]]\nname = 'speed'\nkind = 'bench'\n",
    );
    assert_eq!(ci.branches, ["main", "release/*"]);
    assert_eq!((ci.timeout_minutes, ci.retention_days), (120, 3));
    assert!(!ci.caches && ci.code_scanning && ci.missing_fails);
    assert_eq!(ci.may_fail.iter().map(ToString::to_string).collect::<Vec<_>>(), ["rust=nightly"]);
    let runner = |platform: &str, label: &str| (platform.to_owned(), label.to_owned());
    let expected = [runner("macos-aarch64", "macos-15"), runner("linux-x86_64", "ubuntu-24.04")];
    assert_eq!(ci.runners, expected, "in the spec's order");
    let schedule = &ci.events[&CiEvent::Schedule];
    assert_eq!((schedule.profile(JobCommand::Compat), schedule.profile(JobCommand::LeakCheck)), (None, Some("all")));
    assert_eq!((schedule.platforms.len(), schedule.max_jobs, schedule.max_minutes), (1, Some(12), Some(90)));
    assert_eq!(schedule.crons, ["17 3 * * *"]);
    let bench = |event| ci.events[&event].bench.clone().expect("it has benchmarks");
    let usual = EventBench { profile: "all".into(), rounds: None, comment: true, branch: "bench-evidence".into() };
    assert_eq!(bench(CiEvent::Schedule), EventBench { rounds: Some(64), ..usual.clone() });
    assert_eq!(bench(CiEvent::PullRequest), EventBench { comment: false, ..usual.clone() });
    assert_eq!(bench(CiEvent::Push), EventBench { branch: "records/all".into(), ..usual });
    let checks = ci.checks.unwrap();
    assert_eq!(checks.run, [Check::Doc, Check::Format], "in the spec's order");
    assert_eq!((checks.script.as_deref(), checks.packages.as_slice()), (Some(".ci/run"), &["g++".to_owned()][..]));
}

/// The spec with one of its texts in another's place.
struct Place {
    /// What the text is.
    what: &'static str,
    /// The spec; `@` is the text, quoted.
    spec: &'static str,
    /// Signs that may stand in it beside letters, digits, `.`, `_`, `+` and `-`.
    more: &'static str,
}

const fn place(what: &'static str, spec: &'static str, more: &'static str) -> Place {
    Place { what, spec, more }
}

/// Each text of a spec that can get into a workflow: by name, as part of a job's or a build's name, or as it stands.
const PLACES: &[Place] = &[
    place("a branch", "ci.branches = [@]", "/*"),
    place("a tool's repository", "ci.tool = { git = @, rev = '0123456789012345678901234567890123456789' }", ":/~"),
    place("a tool's commit", "ci.tool = { git = 'https://x.org/y', rev = @ }", ""),
    place("a tool's version", "ci.tool.version = @", ""),
    place("a tool's folder", "ci.tool.path = @", "/"),
    place("a runner's label", "ci.runners.macos-aarch64 = @", ""),
    place("a runner's platform", "ci.runners.@ = 'x'", ""),
    place("an event's platform", "ci.push.platforms = [@]", ""),
    place("an event's profile", "ci.push.leak-check = @", ""),
    place("an event's benchmarks", "ci.push.bench = @", ""),
    place(
        "a branch of records",
        "suite = [{ name = 'tests' }, { name = 'speed', kind = 'bench' }]\nci.push.bench = 'local'\nci.push.bench-branch = @",
        "/",
    ),
    place("a time limit", "ci.timeout = @", ""),
    place("days", "ci.retention = @", ""),
    place("what missing cells are", "ci.missing = @", ""),
    place("a cron", "[ci.schedule]\ncompat = 'local'\ncron = @", "*,/ "),
    place("a cron of several", "[ci.schedule]\ncompat = 'local'\ncron = ['1 1 * * *', @]", "*,/ "),
    place("a check", "ci.checks.run = [@]", ""),
    place("a script", "ci.checks.script = @", "/"),
    place("a package of checks", "ci.checks.packages = [@]", ""),
    place("a profile", "profile.@.budget = 1", ""),
    place("a suite", "suite = [{ name = @ }]", ""),
    place("an axis", "axis.@ = { env = 'OWN', values = ['x'] }", ""),
    place("a value", "axis.own = { env = 'OWN', values = [@] }", ""),
    place("a value with a text", "axis.own = { env = 'OWN', values = { @ = 'x' } }", ""),
    place("a variable", "axis.own = { env = @, values = ['x'] }", ""),
    place("a toolchain's name", "axis.rust = [{ name = @, path = 'x' }]", ""),
    place("a toolchain", "axis.rust = [@]", ""),
    place("a SQLite", "axis.sqlite = [@]", ""),
    place("a feature set", "axis.features.@ = []", ""),
    place("a feature", "axis.features.x = [@]", "/?"),
    place("a kind of dependencies", "axis.deps = [@]", ""),
    place("a distribution", "distro.@.apt = { suite = 'bookworm', sqlite = 'libsqlite3-0' }", ""),
    place("a lockset", "lock = [{ name = @, rust = 'stable' }]", ""),
    place("a tier", "claims.platforms.@ = ['linux-x86_64']", ""),
    place("a package under test", "project.packages = [@]", ""),
];

/// A spec with this text in this place, and a `[ci]`; keys that the place has itself are left out.
fn spec_with(place: &Place, text: &str) -> String {
    let mut spec = place.spec.replace('@', &quoted(text));
    let usual = [
        ("project.packages", "project.packages = ['a']"),
        ("axis.rust", "axis.rust = ['stable']"),
        ("suite", "suite = [{ name = 'tests' }]"),
        ("ci.push.compat", "ci.push.compat = 'local'"),
        ("ci.runners.linux-x86_64", "ci.runners.linux-x86_64 = 'x'"),
    ];
    for (key, line) in usual {
        if !place.spec.starts_with(key) {
            spec = format!("{line}\n{spec}");
        }
    }
    spec
}

/// The text as TOML's basic string, every sign but letters and digits escaped.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() => c.to_string(),
        c => format!("\\U{:08X}", u32::from(c)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// A text that is right in the place.
fn right(what: &str) -> &'static str {
    match what {
        "a branch" => "release/*",
        "a tool's repository" => "https://example.org/~me/compatrix.git",
        "a tool's commit" => "0123456789abcdef0123456789abcdef01234567",
        "a tool's version" => "0.4.1-rc.1",
        "a tool's folder" => "tools/compatrix",
        "a runner's label" => "ubuntu-24.04",
        "a runner's platform" => "windows-x86_64",
        "an event's platform" => "linux-x86_64",
        "an event's profile" | "an event's benchmarks" => "local",
        "a branch of records" => "records/bench",
        "a time limit" => "30m",
        "days" => "3d",
        "what missing cells are" => "skip",
        "a cron" | "a cron of several" => "17 3 1-7/2 JAN,feb *",
        "a check" => "doc",
        "a script" => ".ci/run-1.sh",
        "a package of checks" => "libstdc++6",
        "a toolchain" => "nightly-2026-05-19",
        "a SQLite" => "3.46.0",
        "a feature" => "dep?/json",
        "a kind of dependencies" => "latest",
        "an axis" => "my-axis_1",
        "a variable" => "MY_VARIABLE",
        "a package under test" => "things-store",
        _ => "Some-1.2_x+y",
    }
}

/// Whether the spec could be read, or what was wrong lay elsewhere: at names that nobody uses, at suites of other kinds.
fn passes(place: &Place, text: &str) -> bool {
    match read(&spec_with(place, text)) {
        Ok(_) => true,
        // The profile that is named exists; that it has no suite of the kind is all that is wrong with it.
        Err(problems) => problems.list.iter().all(|problem| problem.message.contains("has no suite of kind `")),
    }
}

#[test]
fn texts_of_workflows_have_no_signs_that_mean_something_there() {
    for place in PLACES {
        let good = right(place.what);
        assert!(
            passes(place, good),
            "{}: {good:?} is refused: {}",
            place.what,
            read(&spec_with(place, good)).unwrap_err()
        );
        let odd =
            (0..128).filter_map(char::from_u32).chain(['\u{85}', '\u{a0}', 'é', '\u{2028}', '\u{feff}', '\u{202e}']);
        for sign in odd {
            let plain = sign.is_ascii_alphanumeric() || "._+-".contains(sign) || place.more.contains(sign);
            let middle = good.len() / 2;
            let texts = [
                format!("{sign}{good}"),
                format!("{good}{sign}"),
                format!("{}{sign}{}", &good[..middle], &good[middle..]),
                sign.to_string(),
            ];
            for text in texts.iter().filter(|_| !plain) {
                assert!(!passes(place, text), "{}: {text:?} passes", place.what);
            }
        }
    }
}

#[test]
fn texts_that_would_do_something_in_a_workflow_are_refused() {
    const HOSTILE: &[&str] = &[
        "${{ github.token }}",
        "${{github.event.pull_request.title}}",
        "main\n      - run: id",
        "main\r\n- x",
        "\" ; id #",
        "'; id #",
        "`id`",
        "$(id)",
        "$HOME",
        "a\\\nb",
        "::set-output name=a::b",
        "::add-mask::a",
        "##[command]id",
        "&anchor x",
        "*alias: x",
        "!!python/object:os.system",
        "<<: *x",
        "a: b",
        "a #b",
        "- a",
        "? a",
        "{ a: b }",
        "[a, b]",
        "| a",
        "> a",
        "%0A%0D",
        "-n",
        "--help",
        "../../etc/passwd",
        "/etc/passwd",
        "a b",
        "",
        " ",
        "\u{0}",
        "\u{1b}[31m",
        "\u{202e}nimda",
    ];
    for place in PLACES {
        for text in HOSTILE {
            // A tool may be beside the workspace; `gen-ci` refuses what is outside of the repository.
            let may_go_up = place.what == "a tool's folder" && text.starts_with("../");
            assert_eq!(passes(place, text), may_go_up, "{}: {text:?}", place.what);
        }
    }
}

#[test]
fn what_is_wrong_is_told_at_its_line() {
    for place in PLACES {
        let text = spec_with(place, "${{ x }}\n");
        let problems = read(&text).unwrap_err();
        let line = text.lines().position(|line| line.contains("\\U00000024")).unwrap() + 1;
        assert!(problems.list.iter().any(|problem| problem.line == line), "{}: {problems}", place.what);
        assert!(!problems.render(false, 100).contains("${{ x }}\n`"), "{}: a line end is shown as it is", place.what);
    }
}

#[test]
fn a_fixture_folder_of_an_odd_name_is_no_value() {
    for name in ["${{ x }}", "a b", "a\nb", "-x", "a:b", "`id`", "a\"b"] {
        let text = "project.packages = ['a']\naxis.schema = 'fixtures/*'\n";
        assert!(parse(text, "matrix.toml", &[name.to_owned()]).is_err(), "{name:?}");
    }
}

#[test]
fn limits_of_github_hold() {
    #[track_caller]
    fn check(key: &str, text: &str, good: bool) {
        let text = format!(
            "project.packages = ['a']\naxis.rust = ['stable']\nci.push.compat = 'local'\nci.runners.linux-x86_64 = 'x'\n\
             ci.{key} = {text}\n"
        );
        assert_eq!(read(&text).is_ok(), good, "{text}");
    }
    for (text, good) in [("5m", true), ("300s", true), ("6h", true), ("360m", true), ("4m", false), ("361m", false)] {
        check("timeout", &format!("'{text}'"), good);
    }
    for text in
        ["0h", "330s", "1d", "1", "1 h", "h", "-1h", "99999999999999999999h", "18446744073709551615h", "1H", "1.5h"]
    {
        check("timeout", &format!("'{text}'"), false);
    }
    for (text, good) in
        [("1d", true), ("90d", true), ("0d", false), ("91d", false), ("99999999999d", false), ("2w", false)]
    {
        check("retention", &format!("'{text}'"), good);
    }
    for text in ["main", "release/*", "**", "v1.x", "a/b/c", "feature/**/x", "*-stable", "dependabot-1_2"] {
        check("branches", &format!("['{text}']"), true);
    }
    for text in
        ["refs/heads/main", "a//b", "/a", "a/", "a.", ".a", "a/.b", "a.lock", "a.lock/b", "a..b", "HEAD", "@", "a@{1}"]
    {
        check("branches", &format!("['{text}']"), false);
    }
    for text in ["!a", "a?", "a+", "[ab]", "***", "a^", "a~1", "a:b", "-a", "main', 'main", "é"] {
        check("branches", &format!("['{text}']"), false);
    }
    for (text, good) in [("1", true), ("2000", true), ("0", false), ("2001", false), ("-1", false), ("'3'", false)] {
        check("push.max-jobs", text, good);
    }
    for (text, good) in [("1", true), ("0", false), ("-1", false), ("9999999999999", false)] {
        check("push.max-minutes", text, good);
    }
    for text in [".ci/run", "run", "a/b-c_d.sh", "a/..b"] {
        check("checks.script", &format!("'{text}'"), true);
    }
    for text in ["../run", "/run", "a/../../b", "./run", "a//b", "a/", "-x", "~/x", "C:/x", "a\\b", ""] {
        check("checks.script", &format!("'{text}'"), false);
    }
    for text in ["x-", "x=1", "X", "x y", "x/sid", "x:i386", "x*", "-x", "xx+", "a"] {
        check("checks.packages", &format!("['{text}']"), text == "xx+");
    }
}

#[test]
fn a_tool_has_exactly_one_source() {
    const REV: &str = "0123456789abcdef0123456789abcdef01234567";
    let rest = "[ci.runners]\nlinux-x86_64 = 'a'\n[ci.push]\ncompat = 'local'\n";
    let tool = |text: &str| ci(&format!("[ci.tool]\n{text}\n{rest}")).tool.expect("a tool");
    let git = ToolSource::Git { url: "https://example.org/me/compatrix.git".to_owned(), rev: REV.to_owned() };
    assert_eq!(tool(&format!("git = 'https://example.org/me/compatrix.git'\nrev = '{REV}'")), git);
    assert_eq!(tool("version = '0.4.1-rc.1'"), ToolSource::Registry { version: "0.4.1-rc.1".to_owned() });
    for path in ["tools/compatrix", "../compatrix", "../../a/b", "..", "a+b/.c"] {
        assert_eq!(tool(&format!("path = '{path}'")), ToolSource::Path(path.to_owned()));
    }

    #[track_caller]
    fn refused(text: &str, expected: &[&str]) {
        let text = format!(
            "project.packages = ['a']\naxis.rust = ['stable']\n[ci.runners]\nlinux-x86_64 = 'a'\n[ci.push]\n\
             compat = 'local'\n[ci.tool]\n{text}\n"
        );
        let problems = read(&text).expect_err("refused").render(false, 100);
        for expected in expected {
            assert!(problems.contains(expected), "no {expected:?} in\n{problems}");
        }
    }
    refused("", &["`[ci.tool]` names no source", "matrix.toml:7:5", "`git` with `rev`, `version`, or `path`"]);
    refused("git = 'https://example.org/a'", &["`git` has no `rev`", "all 40 hex digits", "matrix.toml:8:1"]);
    refused(&format!("rev = '{REV}'"), &["`rev` names a commit, but no repository", "matrix.toml:8:1"]);
    refused(
        &format!("version = '1.0.0'\nrev = '{REV}'"),
        &["`rev` names a commit, but no repository", "matrix.toml:9:1"],
    );
    refused("version = '1.0.0'\npath = 'x'", &["two sources of one tool", "a second source", "the first"]);
    refused(&format!("git = 'https://x.org/a'\nrev = '{REV}'\npath = 'x'"), &["`git` and `path` are two sources"]);
    refused("verison = '1.0.0'", &["unknown key `verison`", "did you mean `version`?"]);
    for (url, said) in [
        ("git@example.org:me/it.git", "did you mean `https://example.org/me/it.git`?"),
        ("http://example.org/me/it", "did you mean `https://example.org/me/it`?"),
        ("https://example.org/me/it/", "did you mean `https://example.org/me/it`?"),
        ("https://user:key@example.org/me/it", "without a user, a password"),
        ("ssh://example.org/me/it", "https://HOST/OWNER/NAME"),
        ("https://example.org", "https://HOST/OWNER/NAME"),
        ("https://example.org/a/../b", "https://HOST/OWNER/NAME"),
        ("https://example.org/$(id)", "https://HOST/OWNER/NAME"),
        ("https://example.org/-u", "https://HOST/OWNER/NAME"),
        ("https://example.org/a?b=c", "https://HOST/OWNER/NAME"),
        ("file:///tmp/x", "https://HOST/OWNER/NAME"),
    ] {
        refused(&format!("git = '{url}'\nrev = '{REV}'"), &[said]);
    }
    for (rev, said) in [
        ("main", "all 40 hex digits"),
        ("v1.0.0", "all 40 hex digits"),
        (&REV[1..], "all 40 hex digits"),
        (&REV.to_uppercase(), &format!("did you mean `{REV}`?")),
    ] {
        refused(&format!("git = 'https://x.org/a'\nrev = '{rev}'"), &[said]);
    }
    for (version, said) in [
        ("v1.2.3", "did you mean `1.2.3`?"),
        ("=1.2.3", "did you mean `1.2.3`?"),
        ("1", "0.4.1"),
        ("*", "0.4.1"),
        ("1.2.3+x", "0.4.1"),
    ] {
        refused(&format!("version = '{version}'"), &[said]);
    }
    for path in ["/abs", "~/x", "a/../b", "a//b", "-x", "a b", "C:/x", "a\\b", "$(id)", ".", ""] {
        refused(&format!("path = '{path}'"), &["matrix.toml:8:8"]);
    }
    refused("path = './tools/x/'", &["did you mean `tools/x`?"]);
}
