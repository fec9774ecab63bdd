//! Random specs as text, from a tape of numbers: shorter tapes and lower numbers are simpler specs.

use std::fmt::Write;

use shaped_toml::quoted;

/// The numbers that a spec is made from; zeros once it has ended.
pub(crate) struct Tape<'a>(pub(crate) &'a [u16]);

impl Tape<'_> {
    fn number(&mut self) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first)
            }
            None => 0,
        }
    }

    /// True once in so many.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.number() % times == times - 1
    }

    pub(crate) fn one<'v>(&mut self, of: &[&'v str]) -> &'v str {
        of[self.number() % of.len()]
    }

    /// At least one, at most so many, in their order.
    fn some<'v>(&mut self, of: &[&'v str], most: usize) -> Vec<&'v str> {
        let bits = self.number();
        let mut some: Vec<&str> = of.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1).map(|(_, v)| *v).collect();
        some.truncate(most);
        if some.is_empty() {
            some.push(of[bits % of.len()]);
        }
        some
    }
}

/// Texts that would do harm where they are not kept in quotes. Each has a mark.
pub(crate) const HOSTILE: &[&str] = &[
    "${{ github.token }}MARK",
    "x\"MARK",
    "'MARK",
    "a\nMARK: b",
    "`touch MARK`",
    "$(touch MARK)",
    "::set-output name=MARK::1",
    "&MARK",
    "*MARK",
    "!!MARK x",
    "a: MARK",
    "a #MARK",
    "- MARK",
    "{MARK: 1}",
    "[MARK]",
    "|\n  MARK",
    "\u{85}MARK:\u{2028}x: 1",
    "\r\nMARK: 1",
    "\\MARK\\",
    "%MARK",
    "@MARK",
    "\u{202e}MARK",
    "\0MARK",
    "MARK\u{feff}",
    "---\nMARK: 1\n---",
    "?MARK",
    "\u{1f980}MARK\u{e0001}",
    "-oMARK",
    "; MARK",
    "~MARK",
    "$\u{7b}{MARK}}",
];

/// A text that must never reach a shell or an expression.
pub(crate) const MARK: &str = "MARK";

const RUST: &[&str] = &["stable", "1.70", "nightly", "debian-12", "beta", "1.80", "debian-11", "1.75"];
const SQLITE: &[&str] = &["bundled", "host", "3.35.4", "debian-12", "3.46.0", "3.54.1"];
const PLATFORMS: &[(&str, &[&str])] = &[
    ("linux-x86_64", &["ubuntu-24.04", "ubuntu-22.04"]),
    ("macos-aarch64", &["macos-15", "macos-14"]),
    ("windows-x86_64", &["windows-2025"]),
    ("linux-aarch64", &["ubuntu-24.04-arm"]),
];

/// A list, as TOML has it.
fn list(values: &[&str]) -> String {
    format!("[{}]", values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", "))
}

/// A random spec with `[ci]`.
#[allow(clippy::too_many_lines, reason = "one part of a spec after the other")]
pub(crate) fn spec(t: &mut Tape<'_>) -> String {
    let mut out = "version = 1\n[project]\npackages = [\"store\"]\n[axis]\n".to_owned();
    let rust = t.some(RUST, 3);
    writeln!(out, "rust = {}", list(&rust)).unwrap();
    let sqlite = if t.once_in(3) { Vec::new() } else { t.some(SQLITE, 2) };
    if !sqlite.is_empty() {
        writeln!(out, "sqlite = {}", list(&sqlite)).unwrap();
    }
    if t.once_in(2) {
        writeln!(out, "schema = {}", list(&t.some(&["v24", "v18"], 2))).unwrap();
    }
    if t.once_in(2) {
        out.push_str("features = { default = [], json = [\"json\"], minimal = { default-features = false } }\n");
    }
    if t.once_in(3) {
        let value = quoted(t.one(HOSTILE)).replace("\\u0000", "");
        writeln!(out, "[axis.mode]\nenv = \"MODE\"\nvalues = {{ a = \"1\", b = {value} }}").unwrap();
    }
    out.push_str("[distro.debian-11]\napt = { suite = \"bullseye\", rust = \"rustc-web\", cargo = \"cargo-web\" }\n");
    out.push_str("[distro.debian-12]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\", sqlite = \"libsqlite3-0\" }\n");
    let tools = t.some(&["valgrind", "miri", "asan", "lsan", "resources"], 3);
    writeln!(out, "[[suite]]\nname = \"tests\"\ndoctests = {}", t.once_in(2)).unwrap();
    if t.once_in(3) {
        writeln!(out, "env = {{ X = {} }}", quoted(&t.one(HOSTILE).replace(['{', '}', '\0'], ""))).unwrap();
    }
    if t.once_in(3) {
        out.push_str("[[suite]]\nname = \"builds\"\nkind = \"build\"\n");
    }
    out.push_str("[[suite]]\nname = \"speed\"\nkind = \"bench\"\n");
    for tool in &tools {
        writeln!(out, "[[suite]]\nname = \"{tool}\"\nkind = \"leak\"\ntool = \"{tool}\"").unwrap();
        if t.once_in(2) {
            writeln!(out, "when = {{ rust = {:?} }}", t.one(&rust)).unwrap();
        }
    }
    if t.once_in(3) {
        let expect = t.one(&["fail", "skip"]);
        let reason = quoted(&t.one(HOSTILE).replace('\0', ""));
        writeln!(out, "[[rule]]\nwhen = {{ rust = {:?} }}\nexpect = {expect:?}\nreason = {reason}", t.one(&rust))
            .unwrap();
    }
    for name in ["local", "some", "all"] {
        writeln!(out, "[profile.{name}]").unwrap();
        match t.number() % 4 {
            0 => {}
            1 => out.push_str("strategy = \"pairwise\"\n"),
            2 => writeln!(out, "when = {{ rust = {} }}", list(&t.some(&rust, 3))).unwrap(),
            _ => writeln!(out, "budget = {}", 1 + t.number() % 9).unwrap(),
        }
    }
    ci(t, &rust, &mut out);
    out
}

fn ci(t: &mut Tape<'_>, rust: &[&str], out: &mut String) {
    out.push_str("[ci]\n");
    if t.once_in(2) {
        writeln!(out, "branches = {}", list(&t.some(&["main", "release/*", "v1.x", "topic/**", "next"], 5))).unwrap();
    }
    writeln!(out, "timeout = \"{}m\"", 5 + t.number() % 300).unwrap();
    writeln!(out, "retention = \"{}d\"", 1 + t.number() % 90).unwrap();
    writeln!(out, "caches = {}\ncode-scanning = {}", !t.once_in(3), t.once_in(2)).unwrap();
    if t.once_in(3) {
        writeln!(out, "may-fail = [{{ rust = {:?} }}]", t.one(rust)).unwrap();
    }
    let many = [1, 1, 1, 1, 2, 2, 3, 4][t.number() % 8];
    out.push_str("[ci.runners]\n");
    // Any of them may be the first, Linux is so mostly: the others can try little.
    let first = if t.once_in(5) { t.number() } else { 0 };
    let platforms: Vec<&str> = (0..many)
        .map(|n| {
            let (platform, labels) = PLATFORMS[(first + n) % PLATFORMS.len()];
            let label = t.one(labels);
            match t.once_in(4) {
                true => writeln!(out, "{platform} = {{ label = {label:?}, may-fail = true }}").unwrap(),
                false => writeln!(out, "{platform} = {label:?}").unwrap(),
            }
            platform
        })
        .collect();
    let events = t.some(&["pull_request", "push", "schedule"], 3);
    for event in &events {
        writeln!(out, "[ci.{event}]").unwrap();
        let which = t.number() % 3;
        if which != 1 {
            writeln!(out, "compat = {:?}", t.one(&["local", "some", "all"])).unwrap();
        }
        if which != 0 {
            writeln!(out, "leak-check = {:?}", t.one(&["local", "some", "all"])).unwrap();
        }
        if t.once_in(2) {
            writeln!(out, "bench = {:?}", t.one(&["local", "some", "all"])).unwrap();
            if t.once_in(2) {
                writeln!(out, "bench-rounds = {}", 6 + t.number() % 100).unwrap();
            }
            match *event {
                "pull_request" if t.once_in(3) => out.push_str("bench-comment = false\n"),
                "push" if t.once_in(2) => out.push_str("bench-branch = \"records/bench\"\n"),
                _ => {}
            }
        }
        if t.once_in(4) {
            writeln!(out, "platforms = {}", list(&t.some(&platforms, 4))).unwrap();
        }
        if t.once_in(2) {
            writeln!(out, "max-jobs = {}", 1 + t.number() % 12).unwrap();
        }
        if t.once_in(6) {
            writeln!(out, "max-minutes = {}", 60 + t.number() % 2000).unwrap();
        }
        if *event == "schedule" {
            let crons = ["17 3 * * *", "17 3 * * *", "17 3 * * *", "0 */6 * * MON-FRI", "5,35 1 1 jan,jul *"];
            writeln!(out, "cron = {}", list(&[t.one(&crons)])).unwrap();
        }
    }
    if t.once_in(2) {
        let run = t.some(&["format", "clippy", "test", "doc", "generated"], 5);
        writeln!(out, "[ci.checks]\nrun = {}", list(&run)).unwrap();
        if t.once_in(2) {
            writeln!(out, "script = {:?}", t.one(&[".ci/run", "ci/a+b.sh"])).unwrap();
        }
        if t.once_in(2) {
            writeln!(out, "packages = {}", list(&t.some(&["valgrind", "g++", "libsqlite3-dev"], 3))).unwrap();
        }
    }
}
