//! What the store costs on top of SQLite: whole lists, against a loop written by hand over the same statement, with the same
//! columns decoded into the same types. Both take turns, so that a busy machine slows both down. The cost of each
//! turn, as a ratio, is a sample: `cargo bench -p things-bench --bench plain`.

#![allow(clippy::disallowed_methods, reason = "a bench reads how it is asked, and the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row};
use things_bench::{Scene, Size};
use things_store::{unpack_date, unpack_time, Date, List, Query, TimeOfDay, Timestamp};

/// For each list; its two loops share it.
const TIME: Duration = Duration::from_secs(1);
/// Fewer turns than this say nothing.
const TURNS: usize = 30;

/// What `Task` holds, in the types that a program without things-store would choose.
#[allow(dead_code, reason = "written, and never read: what is measured is the writing")]
struct Plain {
    id: String,
    kind: i64,
    status: i64,
    trashed: bool,
    title: String,
    notes: String,
    start: i64,
    start_date: Option<Date>,
    evening: bool,
    reminder: Option<TimeOfDay>,
    deadline: Option<Date>,
    stopped: Option<Timestamp>,
    created: Option<Timestamp>,
    modified: Option<Timestamp>,
    area: Option<String>,
    project: Option<String>,
    heading: Option<String>,
    repeats_from: Option<String>,
    index: i64,
    today_index: i64,
    checklist_items: i64,
    open_checklist_items: i64,
}

fn date(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Date>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(unpack_date))
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<f64>>(column)?.and_then(Timestamp::from_unix_seconds))
}

fn plain(row: &Row<'_>) -> rusqlite::Result<Plain> {
    Ok(Plain {
        id: row.get(0)?,
        kind: row.get(1)?,
        status: row.get(2)?,
        trashed: row.get(3)?,
        title: row.get(4)?,
        notes: row.get(5)?,
        start: row.get(6)?,
        start_date: date(row, 7)?,
        evening: row.get(8)?,
        reminder: row.get::<_, Option<i64>>(9)?.and_then(unpack_time),
        deadline: date(row, 10)?,
        stopped: instant(row, 11)?,
        created: instant(row, 12)?,
        modified: instant(row, 13)?,
        area: row.get(14)?,
        project: row.get(15)?,
        heading: row.get(16)?,
        repeats_from: row.get(17)?,
        index: row.get(18)?,
        today_index: row.get(19)?,
        checklist_items: row.get(20)?,
        open_checklist_items: row.get(21)?,
    })
}

const SELECT: &str = r#"
    SELECT t."uuid", t."type", t."status", t."trashed", t."title", t."notes", t."start", t."startDate", t."startBucket",
        t."reminderTime", t."deadline", t."stopDate", t."creationDate", t."userModificationDate", t."area", p."uuid",
        t."heading", t."rt1_repeatingTemplate", t."index", t."todayIndex", t."checklistItemsCount",
        t."openChecklistItemsCount"
    FROM "TMTask" t LEFT JOIN "TMTask" h ON h."uuid" = t."heading"
    LEFT JOIN "TMTask" p ON p."uuid" = coalesce(h."project", t."project")
    WHERE t."rt1_recurrenceRule" IS NULL AND p."rt1_recurrenceRule" IS NULL AND t."trashed" = 0
        AND coalesce(p."trashed", 0) = 0 AND t."type" <> 2
"#;

/// A list, and the end of the statement that reads it by hand.
const LISTS: [(&str, Option<List>, &str); 3] = [
    ("plain/all", None, r#"ORDER BY t."index", t."uuid""#),
    ("plain/logbook", Some(List::Logbook), r#"AND t."status" <> 0 ORDER BY t."stopDate" DESC, t."uuid""#),
    (
        "plain/anytime",
        Some(List::Anytime),
        r#"AND t."status" = 0 AND t."start" = 1 AND coalesce(p."start", 1) <> 2 ORDER BY t."index", t."uuid""#,
    ),
];

fn by_hand(connection: &Connection, text: &str) -> rusqlite::Result<Vec<Plain>> {
    let mut statement = connection.prepare_cached(text)?;
    let tasks = statement.query_map([], plain)?.collect();
    tasks
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let result = black_box(run());
    (result, began.elapsed().as_secs_f64())
}

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let is_measured = std::env::args().any(|arg| arg == "--bench");
    let (time, turns) = if is_measured { (TIME, TURNS) } else { (Duration::ZERO, 1) };
    let scene = Scene::built(Size::Large);
    let connection = Connection::open(scene.path()).expect("the database once more");
    for (name, list, end) in LISTS {
        let query = list.map_or_else(Query::all, Query::list);
        let text = format!("{SELECT}{end}");
        let store = || scene.store().tasks(&query).expect("tasks");
        let hand = || by_hand(&connection, &text).expect("tasks");
        assert_eq!(store().len(), hand().len(), "{name}");
        let (began, mut ratios) = (Instant::now(), Vec::new());
        while ratios.len() < turns || began.elapsed() < time {
            // Whoever comes second finds the memory of the first: they swap places. Letting go of the tasks counts.
            let mut both = [0.0; 2];
            for side in [ratios.len() % 2, (ratios.len() + 1) % 2] {
                both[side] = match side {
                    0 => timed(|| store().len()).1,
                    _ => timed(|| hand().len()).1,
                };
            }
            ratios.push((both[0] / both[1]).to_string());
        }
        let samples = ratios.join(",");
        println!(r#"{{"bench":"{name}","metric":"cost","unit":"1","samples":[{samples}]}}"#);
    }
}
