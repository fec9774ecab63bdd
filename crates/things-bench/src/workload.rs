//! What an assistant or a widget does with a store in a day, the same each time.
//!
//! One step in two hundred sets a deadline. Of the others, nine in ten ask for one of twelve lists, as a sidebar or an
//! assistant does; one in ten opens one of fifty tasks. Which list and which task follows Zipf's law with the exponent 1:
//! the second is asked for half as often as the first, the third a third as often.

use things_store::{AreaId, Batch, Change, Date, Kind, List, Query, TagId, TaskId, Timestamp};

/// One in so many steps writes.
const WRITES: u64 = 200;
/// One in so many reads opens a task.
const OPENS: u64 = 10;
/// How many tasks are ever opened.
const TASKS: usize = 50;

/// What is done next.
#[derive(Debug)]
pub enum Step {
    /// The tasks of a query are read.
    Ask(Query),
    /// A task is read.
    Open(TaskId),
    /// A change is made.
    Write(Batch),
}

/// The steps, from one seed.
#[derive(Debug)]
pub struct Workload {
    left: usize,
    written: u32,
    state: u64,
    lists: Vec<Query>,
}

impl Workload {
    /// So many steps, on the database with 10,000 tasks.
    pub fn new(steps: usize) -> Self {
        Self { left: steps, written: 0, state: 42, lists: lists() }
    }

    /// A number below `limit`: splitmix64.
    fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// A place below `places`; the first is the most frequent.
    fn zipf(&mut self, places: usize) -> usize {
        let weight = |place: usize| 1.0 / (place + 1) as f64;
        let all: f64 = (0..places).map(weight).sum();
        let mut at = self.below(1 << 53) as f64 / (1_u64 << 53) as f64 * all;
        for place in 0..places {
            at -= weight(place);
            if at < 0.0 {
                return place;
            }
        }
        places - 1
    }
}

impl Iterator for Workload {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.left = self.left.checked_sub(1)?;
        if self.below(WRITES) == 0 {
            self.written += 1;
            let now = Timestamp::from_unix_seconds(1_718_184_600.0)?;
            let deadline = today().plus_days(i64::from(self.written % 30) as _);
            return Some(Step::Write(Batch::new(now, today()).change(&id(1), Change::Deadline(deadline))));
        }
        if self.below(OPENS) == 0 {
            let place = self.zipf(TASKS);
            return Some(Step::Open(id(901 + place as u32 * 101)));
        }
        let place = self.zipf(self.lists.len());
        self.lists.get(place).cloned().map(Step::Ask)
    }
}

fn lists() -> Vec<Query> {
    vec![
        Query::list(List::Today(today())),
        Query::list(List::Inbox),
        Query::list(List::Upcoming(today())),
        Query::list(List::Anytime),
        Query::all().kind(Kind::Project),
        Query::list(List::Someday),
        Query::all().due(None, today().plus_days(7)),
        Query::list(List::Logbook).limit(100),
        Query::all().area(&AreaId::from("Area000000000000000001")),
        Query::all().tag(&TagId::from("Tag0000000000000000001")),
        Query::all().project(&id(1)),
        Query::all().text("review"),
    ]
}

fn today() -> Date {
    "2024-06-12".parse().expect("a date")
}

fn id(n: u32) -> TaskId {
    TaskId::from(format!("Task{n:018}").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_that_are_described_and_the_same_each_time() {
        let (mut writes, mut opens, mut first, mut last) = (0, 0, 0, 0);
        let lists = lists();
        for step in Workload::new(20_000) {
            match step {
                Step::Write(_) => writes += 1,
                Step::Open(_) => opens += 1,
                Step::Ask(query) if query == lists[0] => first += 1,
                Step::Ask(query) if query == lists[11] => last += 1,
                Step::Ask(_) => {}
            }
        }
        assert!((70..130).contains(&writes), "{writes}");
        assert!((1_800..2_200).contains(&opens), "{opens}");
        assert!((9..15).contains(&(first / last)), "{first} and {last}");
        let text = |steps| format!("{:?}", Workload::new(steps).collect::<Vec<Step>>());
        assert_eq!(text(500), text(500));
    }
}
