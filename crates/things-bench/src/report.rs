//! What a bench reports: JSON lines of raw samples, as docs/SPEC.md describes them under `lines`.

use std::fmt::Write;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::database::Kept;

/// The argument with which a bench starts itself to measure memory: a process has one peak.
const ALONE: &str = "--alone";

/// Runs benches and collects their lines.
#[derive(Debug)]
pub struct Report {
    /// The databases.
    pub kept: Kept,
    only: Option<String>,
    is_measured: bool,
    text: String,
}

impl Report {
    /// As the arguments of the process ask: `--bench` measures, without it each bench runs once. `--exact NAME` runs one.
    pub fn from_args(kept: Kept) -> Self {
        let args: Vec<String> = std::env::args().collect();
        let only = args.iter().skip_while(|arg| *arg != "--exact").nth(1).cloned();
        Self { kept, only, is_measured: args.iter().any(|arg| arg == "--bench"), text: String::new() }
    }

    /// Runs each bench of any name once, for tests.
    pub fn brief(kept: Kept) -> Self {
        Self { kept, only: None, is_measured: false, text: String::new() }
    }

    /// The lines so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this bench is to run.
    pub fn wants(&self, bench: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == bench)
    }

    /// Whether nothing is measured.
    pub fn is_brief(&self) -> bool {
        !self.is_measured
    }

    /// How many of `full` to do: one or few where nothing is measured.
    pub fn times(&self, full: usize) -> usize {
        if self.is_measured {
            full
        } else {
            full.min(3)
        }
    }

    /// Whether a database of this many tasks is worth its making: a run that measures nothing leaves out the large ones.
    pub fn affords(&self, tasks: u32) -> bool {
        self.is_measured || tasks <= 50_000
    }

    /// Samples of `act`. Each handles `handled` of a unit, and what it returns is dropped outside of
    /// the measured time.
    pub fn time<T>(&mut self, bench: &str, effort: Effort, handled: Option<Handled>, mut act: impl FnMut() -> T) {
        self.time_with(bench, effort, handled, || (), |()| act());
    }

    /// The same, with fresh input before each sample, outside of the measured time.
    pub fn time_with<S, T>(
        &mut self,
        bench: &str,
        effort: Effort,
        handled: Option<Handled>,
        mut make: impl FnMut() -> S,
        mut act: impl FnMut(S) -> T,
    ) {
        if !self.wants(bench) {
            return;
        }
        black_box(act(make()));
        let (began, mut samples) = (Instant::now(), Vec::new());
        let least = self.times(effort.least);
        while samples.len() < least || (self.is_measured && began.elapsed() < effort.time) {
            let made = make();
            let before = Instant::now();
            let done = black_box(act(made));
            samples.push(nanoseconds(before.elapsed()));
            drop(done);
        }
        self.samples(bench, &samples, handled);
    }

    /// Samples of times that were taken elsewhere, in nanoseconds.
    pub fn samples(&mut self, bench: &str, samples: &[f64], handled: Option<Handled>) {
        let samples: Vec<String> = samples.iter().map(f64::to_string).collect();
        let throughput =
            handled.map(|Handled(count, unit)| format!(r#","throughput":{{"count":{count},"unit":"{unit}"}}"#));
        let (samples, throughput) = (samples.join(","), throughput.unwrap_or_default());
        writeln!(self.text, r#"{{"bench":"{bench}","metric":"time","unit":"ns","samples":[{samples}]{throughput}}}"#)
            .expect("a string takes text");
    }

    /// One value of a metric; `better` is `more` or `less`.
    pub fn value(&mut self, bench: &str, metric: &str, unit: &str, better: &str, value: f64) {
        writeln!(
            self.text,
            r#"{{"bench":"{bench}","metric":"{metric}","unit":"{unit}","better":"{better}","value":{value}}}"#
        )
        .expect("a string takes text");
    }

    /// The peak memory of a process that does nothing but `act`, by starting this one again. Linux only.
    pub fn peak_of(&mut self, bench: &str, act: impl FnOnce(&Kept)) {
        if !self.wants(bench) {
            return;
        }
        if std::env::args().any(|arg| arg == ALONE) {
            act(&self.kept);
            println!("{}", high_water_mark(std::process::id()).unwrap_or(0));
            std::process::exit(0);
        }
        if !self.is_measured {
            act(&self.kept);
            return;
        }
        let myself: PathBuf = std::env::current_exe().expect("the path of this program");
        let said = std::process::Command::new(myself).args(["--bench", ALONE, "--exact", bench]).output();
        let said = said.expect("this program starts again");
        assert!(said.status.success(), "{bench} alone: {}", String::from_utf8_lossy(&said.stderr));
        let bytes: f64 = String::from_utf8_lossy(&said.stdout).trim().parse().expect("a number of bytes");
        if bytes > 0.0 {
            self.value(bench, "peak-memory", "B", "less", bytes);
        }
    }
}

/// How much one process does of a bench: until the time is over, and at least so many samples. Six processes together need
/// 59 of them for a p95, and 299 for a p99.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How long.
    pub time: Duration,
    /// How many samples.
    pub least: usize,
}

impl Effort {
    /// Of most benches: enough for a p95.
    pub const USUAL: Effort = Effort { time: Duration::from_millis(100), least: 12 };
    /// Of what takes long and has no target on a percentile.
    pub const FEW: Effort = Effort { time: Duration::from_millis(50), least: 3 };
}

/// How much one operation handles, and of what.
#[derive(Debug, Clone, Copy)]
pub struct Handled(pub u64, pub &'static str);

/// A duration as samples have it.
pub fn nanoseconds(time: Duration) -> f64 {
    // No clock is finer; zero would not be a time.
    time.as_nanos().max(1) as f64
}

/// The most memory that a process has had, in bytes. `getrusage` could have the parent's. Linux only.
pub fn high_water_mark(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> (tempfile::TempDir, Report) {
        let dir = tempfile::TempDir::new().unwrap();
        let report = Report::brief(Kept::below(dir.path()));
        (dir, report)
    }

    #[test]
    fn lines_are_what_the_engine_reads() {
        let (_dir, mut report) = report();
        report.samples("a", &[1.0, 2.5], Some(Handled(5, "elements")));
        report.value("b", "hits", "%", "more", 95.5);
        let lines: Vec<&str> = report.text().lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"bench":"a","metric":"time","unit":"ns","samples":[1,2.5],"throughput":{"count":5,"unit":"elements"}}"#,
                r#"{"bench":"b","metric":"hits","unit":"%","better":"more","value":95.5}"#,
            ]
        );
    }

    #[test]
    fn what_is_made_for_a_sample_is_not_measured() {
        let (_dir, mut report) = report();
        let mut made = 0;
        report.time_with(
            "slow to make",
            Effort { time: Duration::ZERO, least: 12 },
            None,
            || {
                made += 1;
                std::thread::sleep(Duration::from_millis(20));
            },
            |()| (),
        );
        assert_eq!(made, 4);
        let samples = report.text().split_once("samples\":[").unwrap().1.split(']').next().unwrap();
        assert!(samples.split(',').all(|one| one.parse::<f64>().unwrap() < 10e6), "{samples}");
    }

    #[test]
    fn memory_that_was_used_is_seen() {
        let Some(before) = high_water_mark(std::process::id()) else { return };
        let memory = vec![1_u8; 50 << 20];
        black_box(&memory);
        assert!(high_water_mark(std::process::id()).unwrap() >= before.max(50 << 20));
    }
}
