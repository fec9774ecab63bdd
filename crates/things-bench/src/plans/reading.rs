//! Lists, queries and counts.

use things_store::{AreaId, Kind, List, Query, Store, TagId, Task, TaskId};

use super::given::{open, today, FEW, USUAL};
use crate::report::{Effort, Handled, Report};

/// The sizes at which each list is measured.
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
/// The size at which the plans want queries and counts.
const QUERIES: u32 = 50_000;

/// Reads a list; how many rows it has.
type Reader = fn(&Store) -> things_store::Result<usize>;

/// Reads a list.
type Lister = fn(&Store) -> things_store::Result<Vec<Task>>;

/// What a user opens.
const LISTS: [(&str, Reader); 5] = [
    ("inbox", |store| store.inbox().map(|tasks| tasks.len())),
    ("search", |store| store.search("review").map(|tasks| tasks.len())),
    ("projects-and-areas", |store| Ok(store.projects()?.len() + store.areas()?.len())),
    ("tags", |store| {
        let tags = store.tags()?;
        let tagged = tags.first().map(|tag| store.by_tag(&tag.id)).transpose()?;
        Ok(tags.len() + tagged.map_or(0, |tasks| tasks.len()))
    }),
    ("logbook", |store| store.logbook().map(|tasks| tasks.len())),
];

/// Each list at each size.
pub(super) fn lists(report: &mut Report) {
    for size in SIZES.into_iter().filter(|size| report.affords(*size)).collect::<Vec<u32>>() {
        let store = open(report, size);
        let effort = if size < 100_000 { USUAL } else { FEW };
        for (name, list) in LISTS {
            let act = || list(&store).expect("a list");
            let found = act() as u64;
            assert!(found > 0, "{name} of {size} is empty");
            report.time(&format!("{name}/{size}"), effort, Some(Handled(found, "elements")), act);
        }
    }
}

/// What the plans call simple, complex and aggregate.
pub(super) fn queries(report: &mut Report) {
    let store = open(report, QUERIES);
    let id = |n: u32| TaskId::from(format!("Task{n:018}").as_str());
    // One row by its key, as for each link that is opened.
    let mut n = 900;
    report.time(&format!("simple-query/{QUERIES}"), USUAL, None, || {
        n = 901 + (n * 7919) % (QUERIES - 901);
        store.task(&id(n)).expect("a task")
    });
    // Words, days, and a tag with those below it or an area by way of projects: joins over the whole table.
    let due = |query: Query| query.text("e").due(None, today().plus_days(900));
    let complex = [
        due(Query::all().tag(&TagId::from("Tag0000000000000000001"))),
        due(Query::all().area(&AreaId::from("Area000000000000000003"))),
    ];
    let act = |query: &Query| store.tasks(query).expect("tasks");
    assert!(complex.iter().all(|query| !act(query).is_empty()), "a complex query finds nothing");
    let mut next = complex.iter().cycle();
    report.time(&format!("complex-query/{QUERIES}"), USUAL, None, || next.next().map(act));
    // How many tasks each list has, one list after the other.
    let aggregates =
        [List::Inbox, List::Today(today()), List::Upcoming(today()), List::Anytime, List::Someday, List::Logbook];
    let mut next = aggregates.iter().cycle();
    report.time(&format!("aggregate/{QUERIES}"), USUAL, None, || {
        let list = next.next().copied().unwrap_or(List::Inbox);
        store.count(&Query::list(list)).expect("a count")
    });
    // A user's hour: what is looked at often comes often.
    let mixed: [Lister; 8] = [
        Store::inbox,
        |store| store.today(today()),
        |store| store.upcoming(today()),
        |store| store.tasks(&Query::all().kind(Kind::Project)),
        |store| store.search("Buy 12"),
        |store| store.tasks(&Query::list(List::Logbook).limit(100)),
        |store| store.deadlines(today().plus_days(7)),
        |store| store.tasks(&Query::list(List::Anytime).limit(100)),
    ];
    let mut next = mixed.iter().cycle();
    report.time(&format!("mixed/{QUERIES}"), Effort { least: 60, ..USUAL }, None, || {
        next.next().map(|list| list(&store).expect("a list"))
    });
}

/// All tasks one at a time, and all at once.
pub(super) fn streams(report: &mut Report) {
    let size = 100_000;
    if !report.affords(size) {
        return;
    }
    let store = open(report, size);
    let rows = store.count(&Query::all()).expect("a count");
    let rows = Some(Handled(rows, "elements"));
    report.time(&format!("stream/{size}"), FEW, rows, || stream(&store));
    report.time(&format!("collect/{size}"), FEW, rows, || store.tasks(&Query::all()).expect("tasks"));
}

/// Reads every task and keeps none.
pub(super) fn stream(store: &Store) -> usize {
    let mut stream = store.stream(&Query::all()).expect("a stream");
    let tasks = stream.tasks().expect("tasks");
    tasks.map(|task| task.expect("a task")).map(std::hint::black_box).count()
}
