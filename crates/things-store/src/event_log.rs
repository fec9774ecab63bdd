//! The latest deliveries of a feed, numbered, within bounds. Pure.
//!
//! One log for all subscriptions: each has only its place in it, so ten thousand cost as much memory as one does, and
//! adding to it takes the same time.

use crate::delivery::Delivery;
use crate::weight;
use std::collections::VecDeque;
use std::mem::size_of;

/// What there is at a place.
#[derive(Debug)]
pub(crate) enum Read {
    /// The end.
    Nothing,
    Next(Delivery),
    /// Something that is there no more.
    Dropped,
}

pub(crate) struct Log {
    kept: VecDeque<Delivery>,
    /// The number of the delivery that will be added next.
    next: u64,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    ended: bool,
}

impl Log {
    /// Keeps at most so many deliveries and bytes, but the latest delivery in any case.
    pub(crate) fn new(most: usize, most_bytes: usize) -> Log {
        Log { kept: VecDeque::new(), next: 0, bytes: 0, most, most_bytes, ended: false }
    }

    pub(crate) fn push(&mut self, delivery: Delivery) {
        if self.ended {
            return;
        }
        self.bytes += weigh(&delivery);
        self.kept.push_back(delivery);
        self.next += 1;
        while self.kept.len() > self.most || (self.bytes > self.most_bytes && self.kept.len() > 1) {
            if let Some(dropped) = self.kept.pop_front() {
                self.bytes -= weigh(&dropped);
            }
        }
    }

    pub(crate) fn read(&self, number: u64) -> Read {
        let first = self.next - self.kept.len() as u64;
        match number.checked_sub(first) {
            None => Read::Dropped,
            Some(at) => match usize::try_from(at).ok().and_then(|at| self.kept.get(at)) {
                Some(delivery) => Read::Next(delivery.clone()),
                None => Read::Nothing,
            },
        }
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// From now on nothing is added.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }
}

fn weigh(delivery: &Delivery) -> usize {
    let beyond = match delivery {
        Delivery::Event(event) => event.id.as_str().len() + event.task.as_ref().map_or(0, weight::of_task),
        Delivery::Lagged { .. } => 0,
        Delivery::Stalled { detail, .. } => detail.len(),
    };
    size_of::<Delivery>() + beyond
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{EventKind, TaskEvent};
    use crate::error::ErrorKind;
    use std::sync::Arc;

    fn deleted(id: &str) -> Delivery {
        Delivery::Event(Arc::new(TaskEvent { id: id.into(), kind: EventKind::Deleted, task: None }))
    }

    fn at(log: &Log, number: u64) -> String {
        match log.read(number) {
            Read::Nothing => "nothing".to_owned(),
            Read::Dropped => "dropped".to_owned(),
            Read::Next(Delivery::Event(event)) => event.id.to_string(),
            Read::Next(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn each_delivery_has_a_number_until_it_is_dropped() {
        let mut log = Log::new(2, 1 << 20);
        assert_eq!(at(&log, 0), "nothing");
        for id in ["a", "b", "c"] {
            log.push(deleted(id));
        }
        assert_eq!([0, 1, 2, 3, u64::MAX].map(|number| at(&log, number)), ["dropped", "b", "c", "nothing", "nothing"]);
        assert_eq!(log.next(), 3);
    }

    #[test]
    fn bytes_are_bounded_but_for_the_latest() {
        let mut log = Log::new(1_000, 1_000);
        for _ in 0..100 {
            log.push(Delivery::Stalled { kind: ErrorKind::Corrupt, detail: "long ".repeat(50).into() });
            assert!(log.bytes <= 1_000);
        }
        assert!((2..5).contains(&log.kept.len()), "{}", log.kept.len());
        log.push(deleted(&"x".repeat(5_000)));
        assert_eq!((log.kept.len(), at(&log, 99)), (1, "dropped".to_owned()));
        log.push(deleted("y"));
        assert_eq!((log.kept.len(), at(&log, 101)), (1, "y".to_owned()));
        let weight = weigh(&deleted("y"));
        assert_eq!(log.bytes, weight, "what is dropped is not counted any more");
    }
}
