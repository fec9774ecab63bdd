//! Processes measured whole: wall time, processor time of all descendants, peak memory of the process itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, Context, Result};

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) wall: Duration,
    /// Of it and all its descendants.
    pub(super) cpu: Duration,
    /// Peak resident memory of the process itself, without its children, in MB (10^6 bytes).
    pub(super) peak_mb: f64,
}

/// Runs a command to its end; what it prints goes into a file.
pub(super) fn measure(command: &mut Command, output: &Path, accept: &[i32]) -> Result<Cost> {
    let file = std::fs::File::create(output).with_context(|| format!("cannot make {}", output.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let before = children_cpu()?;
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0u64;
    let status = loop {
        // VmHWM only grows, so that the last look before the end is right to within one pause.
        peak_kb = peak_kb.max(peak(&status_file).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = started.elapsed();
    if !status.success() && !status.code().is_some_and(|code| accept.contains(&code)) {
        let said = std::fs::read_to_string(output).unwrap_or_default();
        let end: Vec<&str> = said.lines().rev().take(20).collect();
        bail!("{command:?} ended with {status}:\n{}", end.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    Ok(Cost { wall, cpu: children_cpu()? - before, peak_mb: peak_kb as f64 * 1024.0 / 1e6 })
}

fn peak(status_file: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status_file).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().split(' ').next()?.parse().ok()
}

/// Processor time of all our children that have ended, theirs included: fields 16 and 17 of proc_pid_stat(5).
fn children_cpu() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("this benchmark needs Linux's /proc")?;
    let (_, rest) = stat.rsplit_once(')').context("/proc/self/stat cannot be read")?;
    let ticks: u64 = rest.split_whitespace().skip(13).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// The first line that a program prints.
pub(super) fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The median of several counts.
pub(super) fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The median of several measurements of the same thing.
pub(super) fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by_key(|cost| cost.wall);
    costs[costs.len() / 2]
}

/// Prints one row.
pub(super) fn row(what: &str, cost: Cost) {
    println!(
        "{what:<42} wall {:>8.2} s   cpu {:>8.2} s   peak {:>6.1} MB",
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        cost.peak_mb
    );
}
