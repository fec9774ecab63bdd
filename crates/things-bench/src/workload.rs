//! What a user interface asks of a store: the workload that the cache is judged by.
//!
//! A window and a menu bar show lists, and now and then one task. Of 199 reads, nine in ten are of twelve queries, the
//! others of one in a hundred tasks; both are chosen by Zipf's law with exponent 1, so the second is asked for half as
//! often as the first, the third a third as often. Then somebody commits, and everything has to be read again. A cache
//! that keeps all of it answers 87 in 100 reads.

use things_store::{Date, List, Query, TaskId};

/// One step of the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Reads the tasks of a query.
    Tasks(Query),
    /// Reads one task.
    Task(TaskId),
    /// Somebody else commits.
    Commit,
}

/// Every so many steps is a commit.
pub const COMMIT_EVERY: usize = 200;
/// How many tasks are read one by one, of those that are given.
pub const TASKS: usize = 100;

/// Steps without end, the same ones each time, for the lists of `today` and the first [`TASKS`] of `tasks`.
///
/// # Panics
///
/// Without tasks.
pub fn workload(today: Date, tasks: &[TaskId]) -> impl Iterator<Item = Step> {
    assert!(!tasks.is_empty(), "a workload reads tasks");
    let queries = queries(today);
    let tasks = tasks[..tasks.len().min(TASKS)].to_vec();
    let (of_queries, of_tasks) = (Zipf::new(queries.len()), Zipf::new(tasks.len()));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (1_usize..).map(move |step| match step % COMMIT_EVERY {
        0 => Step::Commit,
        _ if random.next() < 0.9 => Step::Tasks(queries[of_queries.choose(random.next())].clone()),
        _ => Step::Task(tasks[of_tasks.choose(random.next())].clone()),
    })
}

/// The queries, the most frequent first.
fn queries(today: Date) -> Vec<Query> {
    let list = Query::list;
    vec![
        list(List::Today(today)),
        list(List::Inbox),
        list(List::Upcoming(today)),
        list(List::Anytime),
        list(List::Anytime).limit(20),
        list(List::Someday),
        Query::all().due(None, Some(today)),
        list(List::Logbook).limit(100),
        Query::all().text("review"),
        list(List::Trash),
        Query::all().text("call"),
        list(List::Logbook),
    ]
}

/// Chooses number `n`, counted from 0, `n + 1` times less often than number 0.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(count: usize) -> Self {
        let mut sum = 0.0;
        Self(
            (1..=count)
                .map(|rank| {
                    sum += 1.0 / rank as f64;
                    sum
                })
                .collect(),
        )
    }

    /// The choice for a number from 0 to 1.
    fn choose(&self, random: f64) -> usize {
        let sum = self.0.last().copied().unwrap_or(0.0);
        self.0.partition_point(|&up_to| up_to < random * sum).min(self.0.len().saturating_sub(1))
    }
}

/// Xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    /// From 0 to 1, without 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> Vec<TaskId> {
        (0..300).map(|number| TaskId::from(format!("task {number}"))).collect()
    }

    fn today() -> Date {
        "2024-06-12".parse().unwrap()
    }

    #[test]
    fn steps_are_the_same_each_time_and_in_the_described_proportions() {
        let steps: Vec<Step> = workload(today(), &tasks()).take(20_000).collect();
        assert!(workload(today(), &tasks()).take(20_000).eq(steps.iter().cloned()));
        let count = |is: &dyn Fn(&Step) -> bool| steps.iter().filter(|step| is(step)).count();
        assert_eq!(count(&|step| *step == Step::Commit), 100);
        let tasks = count(&|step| matches!(step, Step::Task(_)));
        assert!((1_800..2_200).contains(&tasks), "{tasks}");
        let [first, second, last] =
            [0, 1, 11].map(|at| count(&|step| *step == Step::Tasks(queries(today())[at].clone())));
        assert!((1.8..2.2).contains(&(first as f64 / second as f64)), "{first} {second}");
        assert!((10.0..14.0).contains(&(first as f64 / last as f64)), "{first} {last}");
    }

    #[test]
    fn numbers_are_chosen_by_rank() {
        let zipf = Zipf::new(3);
        // 6/11, 3/11, 2/11.
        let chosen = [0.0, 0.54, 0.55, 0.81, 0.82, 0.999_999].map(|random| zipf.choose(random));
        assert_eq!(chosen, [0, 0, 1, 1, 2, 2]);
        assert_eq!(Zipf::new(1).choose(0.5), 0);
    }

    #[cfg(feature = "cache")]
    #[test]
    fn of_this_workload_a_cache_answers_85_in_100_reads_and_none_of_them_wrongly() {
        use crate::{Scene, Size};
        use things_store::{Access, Cache, CacheOptions, Kind, OpenOptions};

        let scene = Scene::built(Size::Medium);
        let cache = Cache::new(CacheOptions::default()).unwrap();
        let store = OpenOptions::new().cache(&cache).open(&scene.path, Access::ReadOnly).unwrap();
        let other = rusqlite::Connection::open(&scene.path).unwrap();
        other.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let tasks = store.tasks(&Query::all().kind(Kind::ToDo).limit(TASKS as u32)).unwrap();
        let tasks: Vec<TaskId> = tasks.into_iter().map(|task| task.id).collect();
        let mut commits = 0;
        for (number, step) in workload(scene.today, &tasks).take(10_100).enumerate() {
            // Compared now and then: reading is slow.
            let compare = number % 37 == 0;
            match step {
                Step::Tasks(query) => {
                    let answer = store.cached(&query).unwrap();
                    assert!(!compare || answer[..] == store.tasks(&query).unwrap(), "{query:?}");
                }
                Step::Task(id) => {
                    let answer = store.cached_task(&id).unwrap();
                    assert!(!compare || answer.first() == store.task(&id).unwrap().as_ref(), "{id}");
                }
                Step::Commit => {
                    commits += 1;
                    let sql = "UPDATE TMTask SET title = ?1 WHERE uuid = ?2";
                    other.execute(sql, (commits, tasks[commits % TASKS].as_str())).unwrap();
                }
            }
        }
        let stats = cache.stats();
        assert_eq!((stats.invalidations, stats.evictions, stats.oversized), (commits as u64, 0, 0), "{stats:?}");
        assert!(stats.hit_ratio() >= 0.85, "{:.3}: {stats:?}", stats.hit_ratio());
    }
}
