//! Tasks into columns, and into JSON.

use things_bench::{Effort, Handled, Report};
use things_server::answer::TaskAnswer;
use things_server::columns::Columns;
use things_store::{Query, Store, Task};

/// How many tasks there are, and how many make a batch.
const TASKS: u32 = 10_000;
const BATCH: usize = 1_024;

/// Rows a second of each, from the same tasks in memory.
pub(super) fn encoding(report: &mut Report) {
    let store = Store::open(report.kept.with(TASKS)).expect("a database that was made");
    let tasks = store.tasks(&Query::all()).expect("tasks");
    let rows = Some(Handled(tasks.len() as u64, "elements"));
    report.time(&format!("encode-arrow/{TASKS}"), Effort::USUAL, rows, || columns(&tasks));
    // What is encoded consists of texts of its own, as in an answer of the server.
    report.time_with(&format!("encode-json/{TASKS}"), Effort::USUAL, rows, || tasks.clone(), json);
}

fn columns(tasks: &[Task]) -> usize {
    let mut columns = Columns::default();
    let batch = |tasks: &[Task]| {
        tasks.iter().for_each(|task| columns.push(task));
        columns.finish().expect("a batch").num_rows()
    };
    tasks.chunks(BATCH).map(batch).sum()
}

fn json(tasks: Vec<Task>) -> Vec<u8> {
    let answers: Vec<TaskAnswer> = tasks.into_iter().map(TaskAnswer::from).collect();
    serde_json::to_vec(&answers).expect("JSON")
}
