//! The made workspace of the gate's experiment: fifteen benches of one library, and what is changed in it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};

/// How many benches there are.
pub(super) const BENCHES: usize = 15;

/// The kernels of the benches: each takes a few microseconds and is called `times` over. Each bench has a copy that the
/// compiler cannot join with others, and how often it is called is data, so that a planted slowdown moves no code.
const KERNELS: [&str; 5] = [
    "let mut x = 1u64; for n in 0..2_000u64 { x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n)); } x",
    "let mut all: Vec<u64> = (0..256u64).map(|n| n.wrapping_mul(0x9E37_79B9) % 1_009).collect(); all.sort_unstable(); all[7]",
    "let all: std::collections::BTreeMap<u64, u64> = (0..96).map(|n| (n * 7_919 % 97, n)).collect(); all.values().sum()",
    "let text: String = (0..64).map(|n| format!(\"{n};\")).collect(); text.split(';').map(|part| part.len() as u64).sum()",
    "let all = black_box([3u64; 512]); (0..8).map(|turn| all.iter().map(|x| x ^ turn).sum::<u64>()).sum()",
];

/// What the library's functions do, and how they lie.
#[derive(Debug, Clone)]
pub(super) struct Library {
    /// How often each bench calls its kernel.
    times: [u32; BENCHES],
    /// In which order the functions stand.
    order: Vec<usize>,
    /// Functions that are called once, and what they are named after.
    more: Vec<u64>,
}

impl Library {
    pub(super) fn plain() -> Self {
        Self { times: [100; BENCHES], order: (0..BENCHES).collect(), more: Vec::new() }
    }

    /// One bench slower by so many percent.
    pub(super) fn slower(bench: usize, percent: u32) -> Self {
        let mut library = Self::plain();
        library.times[bench] += percent;
        library
    }

    /// The same work from code that lies elsewhere: other functions between, another order. Another for each seed.
    pub(super) fn moved(seed: u64) -> Self {
        let mut library = Self::plain();
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for last in (1..BENCHES).rev() {
            library.order.swap(last, (next() % (last as u64 + 1)) as usize);
        }
        library.more = (0..1 + seed % 5).map(|_| next() % 1_000).collect();
        library
    }

    fn text(&self) -> String {
        let mut text = "//! Fifteen pieces of work.\n\nuse std::hint::black_box;\n".to_owned();
        let _ = writeln!(text, "\npub static TIMES: [u32; {BENCHES}] = {:?};", self.times);
        for (at, bench) in self.order.iter().enumerate() {
            if let Some(more) = self.more.get(at) {
                let _ = writeln!(
                    text,
                    "\n#[inline(never)]\npub fn more_{at}(n: u64) -> u64 {{\n    (0..n + {more}).map(|x| black_box(x ^ {more})).sum()\n}}"
                );
            }
            let kernel = KERNELS[bench % KERNELS.len()];
            let _ = writeln!(
                text,
                "\n#[inline(never)]\nfn kernel_{bench}() -> u64 {{\n    black_box({bench});\n    {kernel}\n}}"
            );
            let _ = writeln!(
                text,
                "\npub fn work_{bench}() -> u64 {{\n    \
                 (0..black_box(&TIMES)[{bench}]).fold(0, |sum: u64, _| sum.wrapping_add(black_box(kernel_{bench}())))\n}}"
            );
        }
        let more: Vec<String> = (0..self.more.len()).map(|at| format!(".wrapping_add(more_{at}(n))")).collect();
        let _ = writeln!(text, "\npub fn more(n: u64) -> u64 {{\n    n{}\n}}", more.concat());
        let works: Vec<String> = (0..BENCHES).map(|bench| format!("work_{bench}")).collect();
        let _ = writeln!(text, "\npub const WORKS: [fn() -> u64; {BENCHES}] = [{}];", works.join(", "));
        text
    }
}

/// The benches: raw samples, and what is counted exactly, as JSON lines.
const GATE: &str = r#"use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    black_box(made::more(black_box(1)));
    for (bench, work) in made::WORKS.iter().enumerate() {
        black_box(work());
        let (began, mut samples) = (Instant::now(), Vec::new());
        while samples.len() < 5 || began.elapsed() < Duration::from_millis(6) {
            let before = Instant::now();
            black_box(work());
            samples.push(before.elapsed().as_nanos().to_string());
        }
        let (samples, calls) = (samples.join(","), made::TIMES[bench]);
        println!("{{\"bench\":\"work-{bench}\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[{samples}]}}");
        println!("{{\"bench\":\"work-{bench}\",\"metric\":\"calls\",\"unit\":\"1\",\"value\":{calls},\"exact\":true}}");
    }
}
"#;

/// The same work for criterion, whose warm-up and measurement are short: its five seconds a bench would take minutes a gate.
const CRITERION: &str = r#"use criterion::{criterion_group, criterion_main, Criterion};
use std::time::Duration;

fn all(criterion: &mut Criterion) {
    for (bench, work) in made::WORKS.iter().enumerate() {
        criterion.bench_function(&format!("work-{bench}"), |bencher| bencher.iter(work));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    targets = all
}
criterion_main!(benches);
"#;

const MANIFEST: &str =
    "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nbench = false\n\n\
    [[bench]]\nname = \"gate\"\nharness = false\n\n[workspace]\nexclude = [\"by-criterion\"]\n";

const BY_CRITERION: &str = "[package]\nname = \"by-criterion\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
    [dependencies]\nmade = { path = \"..\" }\n\
    criterion = { version = \"0.8\", default-features = false, features = [\"cargo_bench_support\"] }\n\n\
    [lib]\npath = \"lib.rs\"\nbench = false\n\n[[bench]]\nname = \"all\"\nharness = false\n\n[workspace]\n";

const SPEC: &str =
    "version = 1\n[project]\npackages = [\"made\"]\n[axis.cell]\nenv = \"AXIS_CELL\"\nvalues = [\"0\"]\n\
    [[suite]]\nname = \"speed\"\nkind = \"bench\"\nharness = \"lines\"\n";

/// The workspace, with the plain library committed.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
}

impl Workspace {
    pub(super) fn new(root: PathBuf) -> Result<Self> {
        let files = [
            ("Cargo.toml", MANIFEST),
            ("Cargo.lock", "version = 3\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n"),
            (".gitignore", "target\n/by-criterion/Cargo.lock\n"),
            ("benches/gate.rs", GATE),
            ("compat/matrix.toml", SPEC),
            ("by-criterion/Cargo.toml", BY_CRITERION),
            ("by-criterion/lib.rs", ""),
            ("by-criterion/benches/all.rs", CRITERION),
        ];
        for (path, text) in files {
            write(&root.join(path), text)?;
        }
        let workspace = Self { root };
        workspace.set(&Library::plain())?;
        workspace.git(&["init", "--quiet"])?;
        workspace.git(&["add", "--all"])?;
        workspace.git(&["commit", "--quiet", "--allow-empty", "--message", "plain"])?;
        Ok(workspace)
    }

    /// Puts this library into the working tree.
    pub(super) fn set(&self, library: &Library) -> Result<()> {
        write(&self.root.join("src/lib.rs"), &library.text())
    }

    fn git(&self, args: &[&str]) -> Result<()> {
        let who = ["-c", "user.name=self-bench", "-c", "user.email=self-bench@localhost"];
        let status = Command::new("git").args(who).args(args).current_dir(&self.root).status();
        ensure!(status.context("git does not run")?.success(), "git {args:?} failed");
        Ok(())
    }
}

/// Writes what differs: cargo builds again what is newer.
fn write(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
