//! A matrix as blocks of two axes, blocks that look the same folded into one.
//!
//! The terminal grid, the SVG and the job summary all draw these, so they never disagree.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_model::axis::AxisKind;
use compatrix_model::cell::Finder;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::verdict::Verdict;

/// All blocks, with the columns and rows that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// The axis that runs across; empty where the spec has none.
    pub column_axis: String,
    /// The axis that runs down; empty where there is one row.
    pub row_axis: String,
    /// The columns' headings.
    pub columns: Vec<String>,
    /// The rows' headings; one empty heading where there is no axis for them.
    pub rows: Vec<String>,
    /// The blocks, in the spec's order.
    pub blocks: Vec<Block>,
}

/// One block, standing for each combination of the values in its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The other axes, each with the values that this block holds for.
    pub heading: Vec<Part>,
    /// The verdicts by row, then column; `None` where nothing was planned.
    pub cells: Vec<Vec<Option<Verdict>>>,
}

/// An axis in a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The axis, or `suite`.
    pub axis: String,
    /// The values, in the spec's order.
    pub values: Vec<String>,
    /// Whether these are all the values shown, and more than one.
    pub all: bool,
}

/// Blocks under way: the values on each dimension that they stand for, and their verdicts.
type Group = (Vec<BTreeSet<usize>>, Vec<Vec<Option<Verdict>>>);

/// An axis that neither runs across nor down.
struct Dimension {
    name: String,
    values: Vec<String>,
    /// Its place among the space's axes; `None` for the suites.
    axis: Option<usize>,
}

impl Part {
    /// `schema v18, v24`, or `every schema` where nothing is left out.
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
    /// The heading as one line.
    pub fn title(&self) -> String {
        self.heading.iter().map(Part::text).collect::<Vec<_>>().join(" · ")
    }
}

impl Blocks {
    /// The blocks of a matrix. Rust runs across where there is such an axis, SQLite down; else the first axes do.
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
        // From a value's place on its axis to its place among those shown.
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
            grid[y][x] = Some(grid[y][x].map_or(*verdict, |old| if verdict.outranks(old) { *verdict } else { old }));
        }
        let axis_name = |axis: Option<usize>| axis.map_or(String::new(), |n| space.axes()[n].name.to_string());
        let groups = fold(found, &dimensions);
        let blocks = groups.into_iter().map(|group| block(group, &dimensions)).collect();
        Blocks { column_axis: axis_name(column), row_axis: axis_name(row), columns, rows, blocks }
    }

    /// The verdicts that are to be seen, each once.
    pub fn verdicts(&self) -> BTreeSet<Verdict> {
        self.blocks.iter().flat_map(|block| block.cells.iter().flatten().flatten().copied()).collect()
    }
}

/// Puts blocks together that have the same verdicts and differ in one dimension only, until none is left.
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
