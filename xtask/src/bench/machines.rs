//! A plan dealt to many machines, simulated: when the last one is done.

use std::time::Instant;

use compatrix::pure::model::plan::machines::MadeUp;

const MACHINES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// What Miri takes with many seeds, in milliseconds.
const LONG_RUN_MS: u64 = 3_600_000;

pub(super) fn machines() {
    table("500 builds, 100,000 runs", &MadeUp::new());
    table("the same, one run an hour", &MadeUp::with_longest(Some(LONG_RUN_MS)));
}

/// Minutes until the last machine is done, and what that is of the bound.
fn table(what: &str, made_up: &MadeUp) {
    println!("{what}");
    println!("{:>10}{:>10}{:>18}{:>18}{:>18}", "machines", "bound", "alike", "uneven", "uneven, waiting");
    let started = Instant::now();
    for machines in MACHINES {
        let simulated = made_up.simulate(machines);
        let minutes = |ms: u64| ms as f64 / 60_000.0;
        let shown = |ms: u64| format!("{:.1} ({:.2})", minutes(ms), ms as f64 / simulated.bound_ms as f64);
        let [alike, uneven, waiting] = [simulated.alike_ms, simulated.uneven_ms, simulated.waiting_ms].map(shown);
        println!("{machines:>10}{:>10.1}{alike:>18}{uneven:>18}{waiting:>18}", minutes(simulated.bound_ms));
    }
    println!("{} deals in {:.2} s", 2 * MACHINES.len(), started.elapsed().as_secs_f64());
}
