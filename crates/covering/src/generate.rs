//! Generates covering arrays row by row: each row is the best of several greedy candidates, improved value by value. This
//! is repeated, and the shortest array wins.
//!
//! The one-row-at-a-time scheme is that of AETG (Cohen, Dalal, Fredman, Patton: "The AETG System", IEEE TSE 23(7), 1997).
//! The seed is fixed and effort is counted in words read, not in time: the same problem gives the same rows anywhere.

use super::chance::Chance;
use super::domain::{Rules, Values};
use super::tuples::Tuples;

/// One value per axis.
pub type Row = Vec<usize>;

/// The budget in words read; the remainder decides whether to make another attempt.
const EFFORT: u64 = 6_000_000;
/// The most greedy candidates per row.
const MOST_CANDIDATES: u64 = 6;
/// The most attempts without a shorter array.
const PATIENCE: u64 = 60;
/// The number of improvement passes over a row.
const PASSES: usize = 6;

/// Rows that cover the wanted tuples, most productive first. All wanted tuples must be possible under these rules. At
/// `most` this many rows, chosen to cover as much as possible.
pub fn rows(rules: &Rules, wanted: &Tuples, most: usize) -> Vec<Row> {
    let mut sizes = rules.sizes.clone();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    // Without constraints, no array is shorter than the product of its longest axes.
    let least = sizes.iter().take(wanted.strength()).fold(1usize, |n, &size| n.saturating_mul(size));
    let mut best: Option<(u64, Vec<Row>)> = None;
    let (mut used, mut candidates, mut found) = (0, 1, 0);
    for seed in 0.. {
        let mut search = Search { rules, involved: rules.involved(), chance: Chance::new(seed), looked: 0 };
        if seed == 0 {
            // The cost of one row, to know how many the budget allows.
            search.candidate(wanted);
            let cost = search.looked.max(1).saturating_mul(2 * least as u64);
            candidates = (EFFORT / cost).clamp(1, MOST_CANDIDATES);
        }
        let shortest = best.as_ref().map_or(usize::MAX, |(_, rows)| rows.len());
        let (left, rows) = search.array(wanted.clone(), candidates, most, shortest);
        used += search.looked;
        let better = best.as_ref().is_none_or(|(other, list)| (left, rows.len()) < (*other, list.len()));
        if better {
            best = Some((left, rows));
            found = seed;
        }
        let done = best.as_ref().is_some_and(|(left, rows)| *left == 0 && rows.len() <= least);
        if done || seed - found > PATIENCE || used + search.looked > EFFORT {
            break;
        }
    }
    best.map(|(_, rows)| rows).unwrap_or_default()
}

/// The best row found in this domain for the wanted tuples; `None` if the rules allow no row.
pub fn row_within(rules: &Rules, domain: &super::domain::Domain, wanted: &Tuples) -> Option<Row> {
    let involved = rules.involved();
    if !rules.solve(domain.clone(), &involved) {
        return None;
    }
    let mut best: Option<(u64, Row)> = None;
    for seed in 0..MOST_CANDIDATES {
        let mut search = Search { rules, involved: involved.clone(), chance: Chance::new(seed), looked: 0 };
        let row = search.fill(domain.clone(), wanted)?;
        let gain = wanted.gain(&row);
        if best.as_ref().is_none_or(|(other, _)| gain > *other) {
            best = Some((gain, row));
        }
    }
    best.map(|(_, row)| row)
}

struct Search<'a> {
    rules: &'a Rules,
    involved: Vec<Values>,
    chance: Chance,
    /// Words read so far.
    looked: u64,
}

impl Search<'_> {
    /// Adds rows until nothing is left or the limit is reached; returns how much is left, and the rows. Stops early once it
    /// is as long as the shortest array.
    fn array(&mut self, mut left: Tuples, candidates: u64, most: usize, shortest: usize) -> (u64, Vec<Row>) {
        let mut rows = Vec::new();
        while !left.is_empty() && rows.len() < most && rows.len() < shortest {
            let mut best: Option<(u64, Row)> = None;
            for _ in 0..candidates {
                let Some(row) = self.candidate(&left) else { break };
                let gain = left.gain(&row);
                if best.as_ref().is_none_or(|(other, _)| gain > *other) {
                    best = Some((gain, row));
                }
                if gain == left.most_of_a_row() {
                    break;
                }
            }
            let Some((_, row)) = best else { break };
            left.cover(&row);
            rows.push(row);
        }
        (left.len(), rows)
    }

    /// A row that covers at least one of the tuples left.
    fn candidate(&mut self, left: &Tuples) -> Option<Row> {
        let start = left.some(&mut self.chance)?;
        self.fill(self.rules.with(&start), left)
    }

    /// A row of this domain. In random order, each axis with a choice gets the value that completes most new tuples with the
    /// axes before; then every value is reconsidered.
    fn fill(&mut self, mut domain: Vec<Values>, left: &Tuples) -> Option<Row> {
        let axes = domain.len();
        let mut row: Row = vec![0; axes];
        let mut set: Vec<usize> = Vec::with_capacity(axes);
        let mut open: Vec<usize> = Vec::with_capacity(axes);
        for (axis, values) in domain.iter().enumerate() {
            match values.len() {
                1 => {
                    row[axis] = values.iter().next()?;
                    set.push(axis);
                }
                _ => open.push(axis),
            }
        }
        let mut mask = left.mask_of(set.iter().map(|&axis| (axis, row[axis])));
        let limits = domain.clone();
        let mut gains = Vec::new();
        self.chance.shuffle(&mut open);
        for &axis in &open {
            self.looked += left.gains(axis, &row, &set, &mask, &mut gains);
            let value = self.pick(axis, &gains, &mut domain)?;
            row[axis] = value;
            left.flip(&mut mask, axis, value);
            let at = set.partition_point(|&other| other < axis);
            set.insert(at, axis);
        }
        for _ in 0..PASSES {
            let mut better = false;
            self.chance.shuffle(&mut open);
            for &axis in &open {
                let old = row[axis];
                left.flip(&mut mask, axis, old);
                let at = set.partition_point(|&other| other < axis);
                set.remove(at);
                self.looked += left.gains(axis, &row, &set, &mask, &mut gains);
                let mut equals = 0;
                for value in 0..gains.len() {
                    if value == old || gains[value] < gains[row[axis]] || !limits[axis].has(value) {
                        continue;
                    }
                    let before = std::mem::replace(&mut row[axis], value);
                    // Ties are equally likely, including the old value.
                    let more = gains[value] > gains[before];
                    equals = if more { 0 } else { equals + 1 };
                    let moves = more || self.chance.below(equals + 1) == 0;
                    if !moves || (self.involved[axis].has(value) && !self.rules.allows(&row)) {
                        row[axis] = before;
                    } else {
                        better |= more;
                    }
                }
                left.flip(&mut mask, axis, row[axis]);
                set.insert(at, axis);
            }
            if !better {
                break;
            }
        }
        Some(row)
    }

    /// The value with the greatest gain that keeps the rest solvable; ties are broken at random.
    fn pick(&mut self, axis: usize, gains: &[u64], domain: &mut [Values]) -> Option<usize> {
        let mut order: Vec<usize> = domain[axis].iter().collect();
        self.chance.shuffle(&mut order);
        order.sort_by_key(|&value| std::cmp::Reverse(gains[value]));
        for value in order {
            let all = std::mem::replace(&mut domain[axis], Values::only(gains.len(), value));
            if !self.involved[axis].has(value) {
                return Some(value);
            }
            self.looked += self.rules.cost();
            if self.rules.solve(domain.to_vec(), &self.involved) {
                return Some(value);
            }
            domain[axis] = all;
        }
        None
    }
}
