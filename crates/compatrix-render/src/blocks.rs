//! Splits a matrix into blocks of two axes, and merges blocks with equal results.
//!
//! The terminal grid, the SVG and the job summary all draw these, so they never disagree.

use std::cmp::max_by_key;
use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::AxisKind;
use compatrix_model::cell::Finder;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::rank;
use compatrix_model::verdict::Verdict;

/// All blocks, with their common columns and rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// The axis across; empty if the spec has none.
    pub column_axis: String,
    /// The axis down; empty if there is only one row.
    pub row_axis: String,
    /// One heading per column.
    pub columns: Vec<String>,
    /// One heading per row; a single empty heading if `row_axis` is empty.
    pub rows: Vec<String>,
    /// In the spec's order.
    pub blocks: Vec<Block>,
}

/// One block, valid for each combination of the values in its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The other axes, each with the values that this block covers.
    pub heading: Vec<Part>,
    /// Verdicts by row, then column; `None` if the cell was not planned.
    pub cells: Vec<Vec<Option<Verdict>>>,
}

/// One axis of a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The axis's name, or `suite`.
    pub axis: String,
    /// In the spec's order.
    pub values: Vec<String>,
    /// Whether `values` are all of the axis's values in the matrix, and more than one.
    pub all: bool,
}

/// A block while merging: the values that it covers on each dimension, and its verdicts.
type Group = (Vec<BTreeSet<usize>>, Vec<Vec<Option<Verdict>>>);

/// An axis that runs neither across nor down.
struct Dimension {
    name: String,
    values: Vec<String>,
    /// Its index among the space's axes; `None` for the suites.
    axis: Option<usize>,
}

impl Part {
    /// `schema v18, v24`, or `every schema (4)` if no value is missing.
    pub fn text(&self) -> String {
        const MOST: usize = 8;
        if self.all {
            return format!("every {} ({})", self.axis, self.values.len());
        }
        let shown = self.values.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.values.len().saturating_sub(MOST) {
            0 => format!("{} {shown}", self.axis),
            more => format!("{} {shown} and {more} more", self.axis),
        }
    }
}

impl Block {
    /// The heading in one line.
    pub fn title(&self) -> String {
        self.heading.iter().map(Part::text).collect::<Vec<_>>().join(" · ")
    }
}

impl Blocks {
    /// Rust runs across and SQLite down if those axes exist; otherwise the first axes do.
    pub fn new(matrix: &Matrix) -> Self {
        let space = &matrix.space;
        let placed: Vec<(usize, Vec<usize>, Verdict)> = {
            let suites = matrix.suites();
            let suite = |name: &str| suites.iter().position(|s| *s == name).unwrap_or(0);
            let mut finder = Finder::new(space);
            matrix
                .rows
                .iter()
                .filter_map(|row| Some((suite(&row.suite), finder.coords(&row.cell)?.to_vec(), row.verdict)))
                .collect()
        };
        let mut shown: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); space.axes().len()];
        for (_, coords, _) in &placed {
            for (seen, coord) in shown.iter_mut().zip(coords) {
                seen.insert(*coord);
            }
        }
        let column = space.axis_of(&AxisKind::Rust).map(|(n, _)| n).or(if shown.is_empty() { None } else { Some(0) });
        let free = |n: &usize| Some(*n) != column && shown[*n].len() > 1;
        let row = match space.axis_of(&AxisKind::Sqlite) {
            Some((n, _)) if Some(n) != column => Some(n),
            Some(_) | None => (0..shown.len()).find(free),
        };
        let names = |axis: usize| -> Vec<String> {
            shown[axis].iter().map(|v| space.axes()[axis].values[*v].name.to_string()).collect()
        };
        let suites: Vec<String> = matrix.suites().into_iter().map(str::to_owned).collect();
        let mut dimensions = Vec::new();
        if suites.len() > 1 {
            dimensions.push(Dimension { name: "suite".to_owned(), values: suites, axis: None });
        }
        for (n, axis) in space.axes().iter().enumerate() {
            if Some(n) != column && Some(n) != row {
                let values = names(n);
                dimensions.push(Dimension { name: axis.name.to_string(), values, axis: Some(n) });
            }
        }
        // Maps a value's index on its axis to its index among the values shown.
        let ranks: Vec<BTreeMap<usize, usize>> =
            shown.iter().map(|shown| shown.iter().enumerate().map(|(rank, coord)| (*coord, rank)).collect()).collect();
        let rank = |axis: usize, coord: usize| ranks[axis][&coord];
        let columns = column.map_or_else(|| vec![String::new()], names);
        let rows = row.map_or_else(|| vec![String::new()], names);
        let mut found: BTreeMap<Vec<usize>, Vec<Vec<Option<Verdict>>>> = BTreeMap::new();
        for (suite, coords, verdict) in &placed {
            let key: Vec<usize> =
                dimensions.iter().map(|d| d.axis.map_or(*suite, |axis| rank(axis, coords[axis]))).collect();
            let grid = found.entry(key).or_insert_with(|| vec![vec![None; columns.len()]; rows.len()]);
            let y = row.map_or(0, |axis| rank(axis, coords[axis]));
            let x = column.map_or(0, |axis| rank(axis, coords[axis]));
            grid[y][x] = Some(
                grid[y][x].map_or(*verdict, |old| max_by_key(old, *verdict, |verdict| rank::of_verdict(*verdict))),
            );
        }
        let axis_name = |axis: Option<usize>| axis.map_or(String::new(), |n| space.axes()[n].name.to_string());
        let groups = fold(found, &dimensions);
        let blocks = groups.into_iter().map(|group| block(group, &dimensions)).collect();
        Blocks { column_axis: axis_name(column), row_axis: axis_name(row), columns, rows, blocks }
    }

    /// The distinct verdicts shown.
    pub fn verdicts(&self) -> BTreeSet<Verdict> {
        self.blocks.iter().flat_map(|block| block.cells.iter().flatten().flatten().copied()).collect()
    }
}

/// Merges blocks that have the same verdicts and differ in only one dimension, until none remain.
fn fold(found: BTreeMap<Vec<usize>, Vec<Vec<Option<Verdict>>>>, dimensions: &[Dimension]) -> Vec<Group> {
    let alone = |key: Vec<usize>| key.into_iter().map(|value| BTreeSet::from([value])).collect();
    let mut groups: Vec<Group> = found.into_iter().map(|(key, grid)| (alone(key), grid)).collect();
    let mut order: Vec<usize> = (0..dimensions.len()).collect();
    order.sort_by_key(|d| std::cmp::Reverse(dimensions[*d].values.len()));
    for dimension in order {
        let mut kept: Vec<Group> = Vec::new();
        for (sets, grid) in groups {
            let twin = kept.iter_mut().find(|(other, same)| {
                *same == grid && other.iter().zip(&sets).enumerate().all(|(n, (a, b))| n == dimension || a == b)
            });
            match twin {
                Some((other, _)) => other[dimension].extend(&sets[dimension]),
                None => kept.push((sets, grid)),
            }
        }
        groups = kept;
    }
    groups
}

fn block((sets, cells): Group, dimensions: &[Dimension]) -> Block {
    let part = |(set, dimension): (&BTreeSet<usize>, &Dimension)| Part {
        axis: dimension.name.clone(),
        values: set.iter().map(|v| dimension.values[*v].clone()).collect(),
        all: set.len() > 1 && set.len() == dimension.values.len(),
    };
    Block { heading: sets.iter().zip(dimensions).map(part).collect(), cells }
}
