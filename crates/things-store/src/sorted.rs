//! Puts tasks into the order of a query.
//!
//! SQLite's own sorter carries every column of every row through it, notes included; that costs more than to read them. What
//! is sorted here are a few numbers for each task.

use crate::error::Result;
use crate::model::Task;
use crate::query::By;
use crate::row::Fields;
use rusqlite::types::ValueRef;
use std::cmp::Ordering;

/// Tasks as they come, with what they are ordered by.
pub(crate) struct Unsorted {
    by: Vec<By>,
    /// For each task as many as `by` has.
    keys: Vec<Number>,
}

impl Unsorted {
    pub(crate) fn new(by: Vec<By>) -> Unsorted {
        Unsorted { by, keys: Vec::new() }
    }

    /// Takes the keys of the next task from its row, whose values are known to be numbers or NULL.
    pub(crate) fn push(&mut self, row: &(impl Fields + ?Sized)) -> Result<()> {
        for by in &self.by {
            self.keys.push(Number::of(row.field(by.place)?));
        }
        Ok(())
    }

    /// `tasks`, whose keys were pushed in the same order, as `ORDER BY` would give them: by their keys, and where these are
    /// equal by their identifiers.
    pub(crate) fn sort(&self, tasks: Vec<Task>) -> Vec<Task> {
        let mut order: Vec<(&[Number], &Task, usize)> = self
            .keys
            .chunks(self.by.len())
            .zip(&tasks)
            .enumerate()
            .map(|(at, (keys, task))| (keys, task, at))
            .collect();
        order.sort_unstable_by(|(a, one, _), (b, other, _)| {
            let mut by_keys = self.by.iter().zip(a.iter().zip(*b)).map(|(by, (a, b))| match by.descending {
                true => b.compare(*a),
                false => a.compare(*b),
            });
            by_keys.find(|order| order.is_ne()).unwrap_or(Ordering::Equal).then_with(|| one.id.cmp(&other.id))
        });
        let order: Vec<usize> = order.into_iter().map(|(_, _, at)| at).collect();
        let mut slots: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
        order.into_iter().filter_map(|at| slots.get_mut(at)?.take()).collect()
    }
}

/// A number or NULL, ordered as SQLite does it: NULL first, and integers against reals by their value.
#[derive(Clone, Copy, Debug)]
struct Number {
    real: f64,
    /// Decides between integers that are the same as reals.
    integer: i64,
}

impl Number {
    fn of(value: ValueRef<'_>) -> Number {
        match value {
            ValueRef::Integer(integer) => Number { real: integer as f64, integer },
            ValueRef::Real(real) => Number { real, integer: real as i64 },
            _ => Number { real: f64::NEG_INFINITY, integer: i64::MIN },
        }
    }

    fn compare(self, other: Number) -> Ordering {
        // SQLite stores no NaN.
        let by_real = self.real.partial_cmp(&other.real).unwrap_or(Ordering::Equal);
        by_real.then(self.integer.cmp(&other.integer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
        Number::of(a).compare(Number::of(b))
    }

    #[test]
    fn numbers_are_ordered_as_sqlite_orders_them() {
        use ValueRef::{Integer, Null, Real};
        let ascending = [
            Null,
            Integer(i64::MIN),
            Real(-1.0e15 - 0.5),
            Integer(-7),
            Real(-0.5),
            Integer(0),
            Real(0.25),
            Integer(1),
            Real(1.5),
            Integer(1 << 53),
            Integer((1 << 53) + 1),
            Integer(i64::MAX - 1),
            Integer(i64::MAX),
            Real(1.0e300),
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(compare(*a, *b), at.cmp(&other), "{a:?} {b:?}");
            }
        }
        for (a, b) in [(Integer(3), Real(3.0)), (Real(0.0), Real(-0.0)), (Integer(0), Real(-0.0)), (Null, Null)] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
    }
}
