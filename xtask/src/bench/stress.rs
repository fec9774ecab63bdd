//! Runs beside spinning processes on every core: none may time out that does not without them, and memory in use stays
//! below what admission allows. The workspace is made up; the spinners are ours and end with the measure.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{ensure, Context, Result};
use serde_json::Value;

use super::process::{measure, row, Cost};
use super::programs::{compat_program, remove};
use super::scene::Bench;

/// How many cells, and what a test in them needs: processor time, sleep and memory.
const CELLS: usize = 24;
const SPIN_MS: u64 = 1_500;
const SLEEP_MS: u64 = 500;
const MEGABYTES: usize = 200;
/// The suite's limit: enough for the test alone, not for one that shares its core with several others.
const TIMEOUT: &str = "4s";
/// Spins until it is killed or this benchmark is gone.
const SPINNER: &str = "while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done; done";
/// Spinners on each core.
const SPINNERS_OF_CORE: u32 = 2;
/// The share of the machine's memory that runs may bring it to, in percent.
const MOST_MEMORY: u64 = 80;

/// Whether nothing timed out because of the spinners and memory stayed below its limit.
pub(super) fn stress(bench: &Bench) -> Result<bool> {
    let root = workspace(bench)?;
    let quiet = walk(bench, &root)?;
    row("24 cells that spin, sleep and allocate", quiet.cost);
    let spinners = Spinners::start(SPINNERS_OF_CORE * bench.cores)?;
    let stressed = walk(bench, &root)?;
    drop(spinners);
    row(&format!("the same beside {SPINNERS_OF_CORE} spinners a core"), stressed.cost);
    let lost = stressed.timed_out.iter().filter(|cell| !quiet.timed_out.contains(cell)).count();
    println!("timed out: {} of {CELLS} without spinners, {lost} more with them", quiet.timed_out.len());
    let peak = quiet.peak_percent.max(stressed.peak_percent);
    println!("memory in use: at most {peak} % of the machine's (limit {MOST_MEMORY} %)");
    Ok(lost == 0 && peak <= MOST_MEMORY)
}

/// What came of a walk.
struct Walked {
    cost: Cost,
    timed_out: Vec<String>,
    peak_percent: u64,
}

fn walk(bench: &Bench, root: &Path) -> Result<Walked> {
    let log = bench.scratch.join("stress.json");
    let mut command = compat_program(bench, root, &bench.scratch.join("cache"));
    command.args(["compat", "--fresh", "--no-install", "--offline", "--quiet", "--format", "json"]);
    let watch = MemoryWatch::start();
    let cost = measure(&mut command, &log, &[0, 1]);
    let peak_percent = watch.end();
    let text = std::fs::read_to_string(&log)?;
    let from = text.find('{').context("compat gives no JSON")?;
    let report: Value = serde_json::from_str(&text[from..]).context("compat gives no JSON")?;
    let rows = report["rows"].as_array().context("no rows in the report")?;
    ensure!(rows.len() == CELLS, "{} rows, not {CELLS}", rows.len());
    let timed_out = rows.iter().filter(|row| row["record"]["outcome"] == "timed-out");
    let timed_out = timed_out.map(|row| row["cell"].as_str().unwrap_or_default().to_owned()).collect();
    Ok(Walked { cost: cost?, timed_out, peak_percent })
}

/// A package whose test works, sleeps and allocates, and a spec with so many cells of one build.
fn workspace(bench: &Bench) -> Result<PathBuf> {
    let root = bench.scratch.join("stress");
    remove(&root)?;
    let values: Vec<String> = (0..CELLS).map(|n| format!("\"{n}\"")).collect();
    let spec = format!(
        "version = 1\n[project]\npackages = [\"made-up\"]\n[axis.cell]\nenv = \"AXIS_CELL\"\nvalues = [{}]\n\
         [[suite]]\nname = \"tests\"\nkind = \"test\"\ntimeout = \"{TIMEOUT}\"\n",
        values.join(", ")
    );
    let test = format!(
        "use std::time::Duration;\n\n#[test]\nfn works() {{\n    \
         let memory = vec![1u8; {MEGABYTES} << 20];\n    std::thread::sleep(Duration::from_millis({SLEEP_MS}));\n    \
         let mut n = 0u64;\n    let started = cpu();\n    while cpu() - started < {SPIN_MS} {{\n        \
         for _ in 0..100_000 {{\n            n = std::hint::black_box(n + 1);\n        }}\n    }}\n    \
         assert_eq!(std::hint::black_box(&memory)[7], 1);\n}}\n\n\
         /// Processor time of this process in milliseconds: proc_pid_stat(5), in hundredths of a second.\n\
         fn cpu() -> u64 {{\n    let stat = std::fs::read_to_string(\"/proc/self/stat\").unwrap();\n    \
         let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);\n    \
         fields.map(|ticks| 10 * ticks.parse::<u64>().unwrap()).sum()\n}}\n"
    );
    let manifest = "[package]\nname = \"made-up\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    let lock = "version = 3\n\n[[package]]\nname = \"made-up\"\nversion = \"0.1.0\"\n";
    let files = [
        ("Cargo.toml", manifest),
        ("Cargo.lock", lock),
        ("src/lib.rs", ""),
        ("tests/it.rs", test.as_str()),
        ("compat/matrix.toml", spec.as_str()),
    ];
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, text)?;
    }
    Ok(root)
}

/// Processes that do nothing but take processor time, until this is dropped.
pub(super) struct Spinners(Vec<Child>);

impl Spinners {
    pub(super) fn start(count: u32) -> Result<Self> {
        let mut spinners = Self(Vec::new());
        for _ in 0..count {
            let mut spinner = Command::new("sh");
            spinner.args(["-c", SPINNER]).stdin(Stdio::null());
            spinners.0.push(spinner.spawn().context("sh does not start")?);
        }
        Ok(spinners)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        for spinner in &mut self.0 {
            let _ = spinner.kill();
            let _ = spinner.wait();
        }
    }
}

/// Looks at the memory in use every 50 ms.
struct MemoryWatch {
    done: Arc<AtomicBool>,
    percent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    fn start() -> Self {
        let (done, percent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (end, most) = (Arc::clone(&done), Arc::clone(&percent));
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                most.fetch_max(memory_percent().unwrap_or_default(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { done, percent, thread }
    }

    /// The most that was in use, in percent of the machine's memory.
    fn end(self) -> u64 {
        self.done.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.percent.load(Ordering::Relaxed)
    }
}

/// What is not available, in percent (proc_meminfo(5)).
fn memory_percent() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let of =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok();
    let (total, available): (u64, u64) = (of("MemTotal:")?, of("MemAvailable:")?);
    Some((total - available.min(total)) * 100 / total.max(1))
}
