//! Lending connections.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use things_store::{Pool, PoolOptions};

use super::given::USUAL;
use crate::report::{nanoseconds, Handled, Report};

const TASKS: u32 = 10_000;
/// The sizes that are compared.
const SIZES: [u32; 3] = [5, 10, 20];
/// The threads that share a pool of any of them.
const THREADS: usize = 20;

/// Acquisition, reuse, recovery and sizes.
pub(super) fn pool(report: &mut Report) {
    let path = report.kept.with(TASKS);
    let with = |size: u32, wait: Duration| {
        let options = PoolOptions { size, wait, ..PoolOptions::default() };
        Pool::with(&path, options).expect("a pool")
    };
    let idle = with(4, Duration::from_secs(5));
    drop(idle.get().expect("a connection"));
    report.time("pool-acquire", USUAL, None, || idle.get().expect("a connection"));
    if report.wants("pool-reuse") {
        let share = reuse(&with(4, Duration::from_secs(5)), report.times(500));
        report.value("pool-reuse", "reuse", "%", "more", share * 100.0);
    }
    if report.wants("pool-recovery") {
        let pool = with(5, Duration::from_millis(20));
        let samples: Vec<f64> = (0..report.times(24)).map(|_| nanoseconds(recovery(&pool))).collect();
        report.samples("pool-recovery", &samples, None);
    }
    for size in SIZES {
        let pool = with(size, Duration::from_secs(30));
        let each = report.times(10);
        let handled = Some(Handled((each * THREADS) as u64, "elements"));
        report.time(&format!("pool-of/{size}"), USUAL, handled, || share_among_threads(&pool, each));
    }
}

/// The share of loans that needed no new connection, with four threads on four connections.
fn reuse(pool: &Pool, loans: usize) -> f64 {
    const BORROWERS: usize = 4;
    thread::scope(|scope| {
        for _ in 0..BORROWERS {
            scope.spawn(|| {
                for _ in 0..loans {
                    pool.get().expect("a connection").areas().expect("areas");
                }
            });
        }
    });
    1.0 - f64::from(pool.connections()) / (BORROWERS * loans) as f64
}

/// How long it takes from the end of a saturation until a thread that was refused has a connection.
fn recovery(pool: &Pool) -> Duration {
    let held: Vec<_> = (0..5).map(|_| pool.get().expect("a connection")).collect();
    let is_refused = AtomicBool::new(false);
    thread::scope(|scope| {
        let (got, when) = mpsc::channel();
        let is_refused = &is_refused;
        scope.spawn(move || loop {
            match pool.get() {
                Ok(store) => {
                    let at = Instant::now();
                    drop(store);
                    let _ = got.send(at);
                    break;
                }
                Err(_) => is_refused.store(true, Ordering::Release),
            }
        });
        while !is_refused.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
        let freed = Instant::now();
        drop(held);
        when.recv().expect("a connection").saturating_duration_since(freed)
    })
}

/// More threads than connections, each with a few short reads.
fn share_among_threads(pool: &Pool, each: usize) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..each {
                    pool.get().expect("a connection").tags().expect("tags");
                }
            });
        }
    });
}
