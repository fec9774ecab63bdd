//! The most memory that a process needs which does nothing else.

use things_store::{Query, Store};

use super::given::today;
use super::reading::stream;
use crate::database::Kept;
use crate::report::Report;

/// Streaming against collecting, and everything at once.
pub(super) fn memory(report: &mut Report) {
    if !report.affords(100_000) {
        return;
    }
    for size in [100_000, 1_000_000] {
        report.peak_of(&format!("stream-memory/{size}"), |kept| {
            stream(&of(kept, size));
        });
    }
    report.peak_of("collect-memory/100000", |kept| {
        std::hint::black_box(of(kept, 100_000).tasks(&Query::all()).expect("tasks"));
    });
    // All lists of 100,000 tasks, held at the same time.
    report.peak_of("whole-memory/100000", |kept| {
        let store = of(kept, 100_000);
        let lists = [
            store.inbox(),
            store.today(today()),
            store.upcoming(today()),
            store.anytime(),
            store.someday(),
            store.logbook(),
            store.trash(),
            store.projects(),
            store.search("e"),
        ];
        let tasks: usize = lists.iter().map(|list| list.as_ref().map_or(0, Vec::len)).sum();
        assert!(tasks > 100_000, "{tasks}");
    });
}

fn of(kept: &Kept, tasks: u32) -> Store {
    // The database is there: it must not be made in the process whose memory counts.
    Store::open(kept.with(tasks)).expect("a database that was made")
}
