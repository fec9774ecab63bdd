//! Preparing statements.

use things_store::{AreaId, List, Query, Store, TagId, TaskId};

use super::given::{open, today, USUAL};
use crate::report::Report;
use crate::workload::{Step, Workload};

/// The first query of a connection, on a database without tasks: the statement is prepared, and running it takes next to
/// nothing. Each shape of query has a statement of its own.
pub(super) fn statements(report: &mut Report) {
    let empty = report.kept.with(1);
    let queries = shapes();
    let mut next = queries.iter().cycle();
    let make = || (Store::open(&empty).expect("a database that was made"), next.next());
    report.time_with("statement-prepare", USUAL, None, make, |(store, query)| {
        let found = query.map(|query| store.tasks(query).expect("tasks"));
        (store, found)
    });
    if report.wants("statement-hits") {
        let store = open(report, 10_000);
        for step in Workload::new(report.times(1_000)) {
            match step {
                Step::Ask(query) => drop(store.tasks(&query).expect("tasks")),
                Step::Open(task) => drop(store.task(&task).expect("a task")),
                // The store is read-only; what changes needs other statements.
                Step::Write(_) => {}
            }
        }
        let rate = store.statistics().statement_hit_rate().expect("statements");
        report.value("statement-hits", "hits", "%", "more", rate * 100.0);
    }
}

fn shapes() -> Vec<Query> {
    let lists = [
        List::Inbox,
        List::Today(today()),
        List::Upcoming(today()),
        List::Anytime,
        List::Someday,
        List::Logbook,
        List::Trash,
    ];
    let narrowed: [fn(Query) -> Query; 6] = [
        |query| query,
        |query| query.text("x"),
        |query| query.tag(&TagId::from("x")),
        |query| query.area(&AreaId::from("x")),
        |query| query.project(&TaskId::from("x")),
        |query| query.due(None, None),
    ];
    let of_list = |list: &List| narrowed.map(|narrow| narrow(Query::list(*list)));
    lists.iter().flat_map(of_list).collect()
}
