//! Calls of tools over the program's pipes.

use serde_json::{json, Value};
use things_bench::{Effort, Handled, Report};

use crate::program::Program;

const TASKS: u32 = 10_000;
/// How many calls are under way at once, and in all.
const WINDOW: usize = 8;
const CALLS: usize = 200;

/// Latency of one call at a time, calls a second of several, and the memory of the server afterwards.
pub(super) fn talking(report: &mut Report, server: &str) {
    let mut program = Program::talking(server, &report.kept.with(TASKS));
    let page = json!({ "limit": 50 });
    report.time(&format!("mcp-inbox/{TASKS}"), Effort::USUAL, None, || program.call("inbox", &page));
    let task = json!({ "id": format!("Task{:018}", 1_000) });
    report.time(&format!("mcp-task/{TASKS}"), Effort::USUAL, None, || program.call("task", &task));
    let calls = report.times(CALLS);
    let handled = Some(Handled(calls as u64, "elements"));
    report.time(&format!("mcp-calls/{TASKS}"), Effort::FEW, handled, || several(&mut program, calls, &task));
    if let Some(peak) = program.peak_memory().filter(|_| report.wants("mcp-memory")) {
        report.value("mcp-memory", "peak-memory", "B", "less", peak as f64);
    }
}

fn several(program: &mut Program, calls: usize, arguments: &Value) {
    for n in 0..calls + WINDOW {
        if n < calls {
            program.ask("task", arguments);
        }
        if n >= WINDOW {
            program.answered();
        }
    }
}
