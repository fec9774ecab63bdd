//! The table that divan 0.1 prints. It has no other output.
//!
//! A bench's name is its path in the tree, from the name of the executable: `search/outer/inner/10`. Its value is the
//! median. What divan counts of allocations is exact.

use crate::harness::checked::{self, without_colours};
use crate::measured::{Reading, Throughput};

/// What the table reports.
pub fn reading(stdout: &str) -> Reading {
    let mut table = Table::default();
    for (n, line) in stdout.lines().enumerate() {
        table.see(n + 1, &without_colours(line));
    }
    table.end_row();
    checked::only_once(&mut table.reading);
    table.reading
}

#[derive(Default)]
struct Table {
    reading: Reading,
    /// The names from the root to the last row of the tree.
    path: Vec<String>,
    /// A row whose figures have not come: the bench printed something, or the process ended.
    open: Option<usize>,
    /// The bench that further lines are about, and its median.
    bench: Option<(String, f64)>,
    /// The part of its allocations that the next lines are about, and how many of them have been seen.
    part: Option<(Part, usize)>,
}

#[derive(Clone, Copy)]
enum Part {
    Allocated,
    Peak,
    /// Those that grow, shrink or free.
    Other,
}

/// The columns after the first.
const COLUMNS: [&str; 5] = ["slowest", "median", "mean", "samples", "iters"];

impl Table {
    fn see(&mut self, n: usize, line: &str) {
        let cells = cells(line);
        let is_head = cells.as_ref().is_some_and(|(_, rest)| *rest == COLUMNS);
        if let (Some((first, _)), true) = (&cells, is_head) {
            self.end_row();
            self.path = vec![first.strip_suffix("fastest").unwrap_or(first).trim().to_owned()];
            self.bench = None;
        } else if self.path.is_empty() {
            // Before the table.
        } else if let Some((depth, row)) = branch(line) {
            self.end_row();
            self.bench = None;
            self.path.truncate(depth.max(1));
            match cells {
                // The row begins with the tree, which may have the sign that divides cells.
                Some((_, rest)) if rest.iter().any(|cell| !cell.is_empty()) => {
                    let name = row.split('│').next().unwrap_or_default().trim_end();
                    let (name, _fastest) = name.rsplit_once("  ").unwrap_or((name, ""));
                    self.path.push(name.trim().to_owned());
                    self.figures(n, &rest);
                }
                Some(_) => {
                    let name = row.split('│').next().unwrap_or_default().trim_end();
                    self.path.push(name.trim_end_matches("(ignored)").trim_end().to_owned());
                }
                None => {
                    self.path.push(row.split("  ").next().unwrap_or_default().trim().to_owned());
                    self.open = Some(n);
                }
            }
        } else if let Some((first, rest)) = cells {
            match self.open.take() {
                Some(row) => self.figures(row, &rest),
                None => self.more(n, first.trim_start_matches(['│', ' ']), &rest),
            }
        }
    }

    /// The figures of the last row.
    fn figures(&mut self, n: usize, rest: &[&str; 5]) {
        let (bench, place) = (self.path.join("/"), format!("line {n}"));
        match nanoseconds(rest[1]) {
            Some(median) => {
                checked::add(&mut self.reading, &place, checked::time(&bench, vec![median]));
                self.bench = Some((bench, median));
                self.part = None;
            }
            None => checked::trouble(&mut self.reading, Some(&bench), &place, "its median is no time"),
        }
    }

    /// A further line of the last bench.
    fn more(&mut self, n: usize, first: &str, rest: &[&str; 5]) {
        let Some((bench, median)) = self.bench.clone() else { return };
        self.part = match (first, self.part) {
            ("alloc:", _) => Some((Part::Allocated, 0)),
            ("max alloc:", _) => Some((Part::Peak, 0)),
            ("dealloc:" | "grow:" | "shrink:", _) => Some((Part::Other, 0)),
            (_, Some((part, seen))) => {
                let (metric, unit) = match (part, seen) {
                    (Part::Allocated, 0) => ("allocations", "1"),
                    (Part::Allocated, 1) => ("allocated", "B"),
                    (Part::Peak, 1) => ("peak-allocated", "B"),
                    _ => ("", ""),
                };
                let value = if unit == "1" { rest[1].parse().ok() } else { scaled(rest[1], "B") };
                if let (Some(value), false) = (value, metric.is_empty()) {
                    let count = checked::count(&bench, metric, unit, value);
                    checked::add(&mut self.reading, &format!("line {n}"), count);
                }
                Some((part, seen + 1))
            }
            (_, None) => {
                self.throughput(&bench, median, rest[1]);
                None
            }
        };
    }

    /// What is handled a second. Items, where there are any, come after bytes.
    fn throughput(&mut self, bench: &str, median: f64, rate: &str) {
        let units = [("item/s", "elements"), ("char/s", "chars"), ("B/s", "B"), ("Hz", "cycles")];
        let found = units.into_iter().find_map(|(theirs, ours)| Some((scaled(rate, theirs)?, ours)));
        let measured = self.reading.measured.iter_mut().rev().find(|one| one.bench == bench && one.metric == "time");
        if let (Some((rate, unit)), Some(measured)) = (found, measured) {
            let count = rate * median / 1e9;
            if count > 0.0 && count.is_finite() {
                measured.throughput = Some(Throughput { count, unit: unit.to_owned() });
            }
        }
    }

    /// No more lines belong to the last row.
    fn end_row(&mut self) {
        let Some(n) = self.open.take() else { return };
        let bench = self.path.join("/");
        checked::trouble(&mut self.reading, Some(&bench), &format!("line {n}"), "its row ends before the figures");
    }
}

/// The first cell, with all before it, and the other five; nothing if the line has fewer.
fn cells(line: &str) -> Option<(&str, [&str; 5])> {
    let mut cells = line.rsplitn(6, '│');
    let mut rest = [""; 5];
    for cell in rest.iter_mut().rev() {
        *cell = cells.next()?.trim();
    }
    Some((cells.next()?.trim_end(), rest))
}

/// How deep in the tree a row is, and what follows its branch.
fn branch(line: &str) -> Option<(usize, &str)> {
    let (before, row) = line.split_once("├─ ").or_else(|| line.split_once("╰─ "))?;
    let is_tree = before.chars().all(|c| c == '│' || c == ' ');
    is_tree.then(|| (before.chars().count() / 3 + 1, row))
}

fn nanoseconds(cell: &str) -> Option<f64> {
    let (number, unit) = cell.split_once(' ')?;
    let factor = match unit {
        "ps" => 1e-3,
        "ns" => 1.0,
        "µs" | "μs" | "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        "d" => 86400e9,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

/// `1.229 Mitem/s` for the unit `item/s`: 1229000. Prefixes are those of divan, K for 1000 and Ki for 1024.
fn scaled(cell: &str, unit: &str) -> Option<f64> {
    let (number, prefix) = cell.strip_suffix(unit)?.split_once(' ')?;
    let (letter, base) = match prefix.strip_suffix('i') {
        Some(letter) => (letter, 1024_f64),
        None => (prefix, 1000_f64),
    };
    let power = ["", "K", "M", "G", "T", "P"].iter().position(|known| *known == letter)?;
    number.parse::<f64>().ok().map(|number| number * base.powi(i32::try_from(power).unwrap_or_default()))
}
