//! Choosing cells: which of a profile's cells are run, by its strategy, pins and budget.
//!
//! A function of the spec and of the versions that values stand for, of nothing else: what a host can have changes no
//! choice, its cells are skips. What is wanted of a covering array are tuples of values (pairs, triples …) that some cell
//! contains which `when` admits and no rule leaves out. A cell that a rule expects to fail hides what else is in it, so a
//! tuple counts as covered only by a cell that is expected to pass, unless all its cells are expected to fail.

pub(crate) mod check;
mod problem;

use std::collections::{BTreeSet, BinaryHeap};

use crate::cell::{CellIndex, Space};
use crate::condition::{Condition, Match, Versions};
use crate::matrix_spec::{Profile, Rule, Spec, Strategy, Suite};

use covering::{Area, Row, Tuples};
use problem::Problem;

/// More cells than this are surely a mistake, and no plan of them could be run.
pub const MAX_CELLS: u128 = 10_000_000;
/// More tuples than this take minutes to cover, with more cells than could be run.
pub const MAX_TUPLES: u64 = 10_000_000;
/// The budget for counting cells, in parts of the space visited.
const COUNTING: u32 = 10_000;

/// The cells that a profile chooses.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The cells, in order.
    pub cells: Vec<CellIndex>,
    /// The coverage; `None` if every cell is chosen, or cells were requested explicitly.
    pub coverage: Option<Coverage>,
    targets: Option<Targets>,
}

/// The coverage of a covering strategy or a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// `pairwise`, `3-way`, or `all` within a budget.
    pub strategy: Strategy,
    /// How many values the tuples that are counted have.
    pub strength: usize,
    /// Cells chosen.
    pub cells: usize,
    /// Cells that `when` admits and no rule excludes; `None` if counting takes too long.
    pub of: Option<u128>,
    /// Tuples that the chosen cells cover.
    pub covered: u64,
    /// Tuples that cells could cover.
    pub wanted: u64,
    /// Tuples that `when` admits and that rules leave no cell for.
    pub excluded: u64,
    /// Tuples that those chosen cells cover which can be tried on this host.
    pub tried: u64,
    /// Pins that no chosen cell meets: no cell can, or the budget is too small. As expressions.
    pub unmet: Vec<String>,
}

/// Too much to choose from or to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// The strategy `all` with a budget of cells.
    Cells(u128),
    /// The number of tuples and their length.
    Tuples(u64, usize),
}

/// The relevant tuples, to compute the coverage of other cells.
#[derive(Debug, Clone)]
struct Targets {
    problem: Problem,
    passing: Tuples,
    failing: Tuples,
}

/// The profile's cells among which these conditions, if any, choose: of the cells that the strategy has chosen those that
/// meet one. A condition that none of those meets names cells of its own: all that it and `when` admit. Where the version
/// of a value that is not here decides, the cell is chosen, so that it is shown as not tried.
pub fn choose(spec: &Spec, profile: &Profile, cells: &[Condition], versions: &Versions) -> Chosen {
    let area = |condition: &Condition| problem::area(condition, &spec.space, versions, |m| m != Match::No);
    let when: Vec<Area> = match profile.when.as_slice() {
        [] => vec![Area(Vec::new())],
        list => list.iter().filter_map(area).collect(),
    };
    let asked: Vec<Area> = cells.iter().filter_map(area).collect();
    if profile.strategy == Strategy::All && profile.budget.is_none() {
        let areas = if cells.is_empty() { when } else { problem::common(&spec.space, &when, &asked) };
        return Chosen { cells: problem::cells(&spec.space, &areas), ..Chosen::default() };
    }
    let chosen = array(spec, profile, &when, versions);
    if cells.is_empty() {
        return chosen;
    }
    let mut picked: BTreeSet<CellIndex> = BTreeSet::new();
    for area in &asked {
        let meets = |cell: &CellIndex| area.holds(&spec.space.coords(*cell));
        let meet: Vec<CellIndex> = chosen.cells.iter().copied().filter(meets).collect();
        if !meet.is_empty() {
            picked.extend(meet);
            continue;
        }
        let areas = problem::common(&spec.space, &when, std::slice::from_ref(area));
        if problem::most(&spec.space, &areas) <= MAX_CELLS {
            picked.extend(problem::cells(&spec.space, &areas));
        } else {
            picked.extend(array(spec, profile, &areas, versions).cells);
        }
    }
    Chosen { cells: picked.into_iter().collect(), ..Chosen::default() }
}

impl Chosen {
    /// Just these cells, chosen before.
    pub fn only(cells: impl Iterator<Item = CellIndex>) -> Self {
        let cells: BTreeSet<CellIndex> = cells.collect();
        Self { cells: cells.into_iter().collect(), ..Self::default() }
    }

    /// The coverage, when only these cells can be tried.
    pub fn coverage_of(&self, space: &Space, tried: impl Iterator<Item = CellIndex>) -> Option<Coverage> {
        let (coverage, targets) = (self.coverage.clone()?, self.targets.as_ref()?);
        let rows = tried.filter_map(|cell| targets.problem.row(&space.coords(cell)));
        Some(Coverage { tried: targets.covered(rows), ..coverage })
    }
}

impl Targets {
    fn covered(&self, rows: impl Iterator<Item = Row>) -> u64 {
        let (mut passing, mut failing) = (self.passing.clone(), self.failing.clone());
        for row in rows {
            if self.problem.fails(&row) {
                failing.cover(&row);
            } else {
                passing.cover(&row);
            }
        }
        self.passing.len() + self.failing.len() - passing.len() - failing.len()
    }
}

impl Spec {
    /// The profile with only those of its suites that a command runs, and only those of its pins that a cell of these can
    /// meet: the others are the other command's. None if there are no such suites.
    pub fn narrowed(&self, profile: &Profile, runs: impl Fn(&Suite) -> bool) -> Option<Profile> {
        let named = |suite: &&Suite| profile.suites.is_empty() || profile.suites.contains(&suite.name);
        let suites = self.suites.iter().filter(named).filter(|suite| runs(suite)).map(|suite| suite.name.clone());
        let suites: Vec<String> = suites.collect();
        if suites.is_empty() {
            return None;
        }
        let narrowed = Profile { suites, ..profile.clone() };
        let met = |pin: &&Condition| can_meet(&self.space, &self.suites, &self.rules, &narrowed, pin);
        let pin = narrowed.pin.iter().filter(met).cloned().collect();
        Some(Profile { pin, ..narrowed })
    }
}

/// Whether there are too many cells to choose from, whatever versions its values resolve to.
pub fn check(space: &Space, profile: &Profile) -> Result<(), TooMuch> {
    let possible = |condition| problem::area(condition, space, &Versions::new(), |m| m != Match::No);
    let areas: Vec<Area> = match profile.when.as_slice() {
        [] => vec![Area(Vec::new())],
        list => list.iter().filter_map(possible).collect(),
    };
    match strength(space, profile.strategy) {
        None => match problem::most(space, &areas) {
            0..=MAX_CELLS => Ok(()),
            cells => Err(TooMuch::Cells(cells)),
        },
        Some(strength) => {
            let sizes: Vec<usize> = problem::kept(space, &[areas]).iter().map(Vec::len).collect();
            match covering::count(&sizes, strength) {
                0..=MAX_TUPLES => Ok(()),
                tuples => Err(TooMuch::Tuples(tuples, strength)),
            }
        }
    }
}

/// Whether some cell of the profile can match the pin, whatever versions its values resolve to.
pub fn can_meet(space: &Space, suites: &[Suite], rules: &[Rule], profile: &Profile, pin: &Condition) -> bool {
    let versions = Versions::new();
    let possible = |condition: &Condition| problem::area(condition, space, &versions, |m| m != Match::No);
    let when: Vec<Area> = match profile.when.as_slice() {
        [] => vec![Area(Vec::new())],
        list => list.iter().filter_map(possible).collect(),
    };
    let Some(pin) = possible(pin) else { return false };
    let problem = Problem::new(space, suites, rules, &profile.suites, &when, &versions, |m| m != Match::No);
    let rules = problem.admitted_by_rules();
    problem.domain(&pin).is_some_and(|domain| rules.solve(domain, &rules.involved()))
}

/// How many values the tuples have that a strategy covers; nothing for `all`.
fn strength(space: &Space, strategy: Strategy) -> Option<usize> {
    match strategy {
        Strategy::All => None,
        Strategy::Covering { strength } => Some(usize::from(strength).min(space.axes().len()).max(1)),
    }
}

/// The covering array of a profile, within its budget.
fn array(spec: &Spec, profile: &Profile, when: &[Area], versions: &Versions) -> Chosen {
    let space = &spec.space;
    let sure = |m| m == Match::Yes;
    let perhaps = |m| m != Match::No;
    let problem = Problem::new(space, &spec.suites, &spec.rules, &profile.suites, when, versions, perhaps);
    if problem.sizes().contains(&0) {
        return Chosen::default();
    }
    let strength = strength(space, profile.strategy).unwrap_or(2).clamp(2, problem.sizes().len());
    let rules = problem.admitted_by_rules();
    let (passing_rules, failing_rules) = (problem.passing(), problem.failing());
    let all = Tuples::possible(&rules, strength);
    let passing = match &failing_rules {
        Some(_) => Tuples::possible(&passing_rules, strength),
        None => all.clone(),
    };
    let failing = all.without(&passing);
    let excluded = Tuples::possible(&problem.admitted(), strength).len() - all.len();

    let mut left = [passing.clone(), failing.clone()];
    let mut seeds: Vec<Row> = Vec::new();
    let pins: Vec<(Option<Area>, String)> = profile
        .pin
        .iter()
        .map(|pin| (problem::area(pin, space, versions, sure).and_then(|area| problem.project(&area)), pin.to_string()))
        .collect();
    let within = |area: &Area, left: &[Tuples; 2]| {
        let domain = problem.domain_of(area);
        let row = covering::row_within(&passing_rules, &domain, &left[0]).map(|row| (row, 0));
        row.or_else(|| {
            let rules = failing_rules.as_ref()?;
            covering::row_within(rules, &domain, &left[1]).map(|row| (row, 1))
        })
    };
    // Whole cells first, so that pins that leave a choice may be met by them.
    for whole in [true, false] {
        let areas = pins.iter().filter_map(|(area, _)| area.as_ref());
        for area in areas.filter(|area| problem.is_cell(area) == whole) {
            if seeds.iter().any(|row| area.holds(row)) {
                continue;
            }
            if let Some((row, class)) = within(area, &left) {
                left[class].cover(&row);
                seeds.push(row);
            }
        }
    }
    let budget = profile.budget.unwrap_or(usize::MAX);
    let mut rows = covering::rows(&passing_rules, &left[0], budget);
    if let Some(rules) = &failing_rules {
        rows.extend(covering::rows(rules, &left[1], budget));
        // Test each rule that expects a failure with at least one cell; otherwise a fix would go unnoticed.
        for area in problem.failures() {
            if !seeds.iter().chain(&rows).any(|row| area.holds(row)) {
                rows.extend(covering::row_within(rules, &problem.domain_of(area), &failing));
            }
        }
    }
    let targets = Targets { problem, passing, failing };
    if seeds.len() + rows.len() > budget {
        seeds.truncate(budget);
        rows = best(&targets, &seeds, rows, budget - seeds.len());
    }
    rows.splice(0..0, seeds);
    let is_met = |area: &Option<Area>| area.as_ref().is_some_and(|area| rows.iter().any(|row| area.holds(row)));
    let unmet = pins.iter().filter(|(area, _)| !is_met(area)).map(|(_, text)| text.clone()).collect();
    let index = |row: &Row| space.index(&targets.problem.coords(row));
    let mut cells: Vec<CellIndex> = rows.iter().map(index).collect();
    cells.sort_unstable();
    cells.dedup();
    if profile.strategy == Strategy::All && cells.len() < budget {
        fill(&mut cells, space, when, &targets.problem, budget);
    }
    let covered = targets.covered(cells.iter().filter_map(|cell| targets.problem.row(&space.coords(*cell))));
    let coverage = Coverage {
        strategy: profile.strategy,
        strength: strength.min(space.axes().len()),
        cells: cells.len(),
        of: rules.count(rules.whole(), &mut { COUNTING }),
        covered,
        wanted: all.len(),
        excluded,
        tried: covered,
        unmet,
    };
    Chosen { cells, coverage: Some(coverage), targets: Some(targets) }
}

/// Selects rows greedily by the tuples that they add.
fn best(targets: &Targets, seeds: &[Row], rows: Vec<Row>, most: usize) -> Vec<Row> {
    let mut left = [targets.passing.clone(), targets.failing.clone()];
    let class = |row: &Row| usize::from(targets.problem.fails(row));
    for row in seeds {
        left[class(row)].cover(row);
    }
    // Gains only shrink, so a gain that is still the greatest when recomputed is the greatest of all.
    let gain = |left: &[Tuples; 2], n: usize| left[class(&rows[n])].gain(&rows[n]);
    let mut queue: BinaryHeap<(u64, std::cmp::Reverse<usize>)> =
        (0..rows.len()).map(|n| (gain(&left, n), std::cmp::Reverse(n))).collect();
    let mut taken = Vec::new();
    while let Some((stale, std::cmp::Reverse(n))) = queue.pop() {
        if taken.len() == most {
            break;
        }
        let now = gain(&left, n);
        if now < stale {
            queue.push((now, std::cmp::Reverse(n)));
            continue;
        }
        left[class(&rows[n])].cover(&rows[n]);
        taken.push(n);
    }
    taken.into_iter().map(|n| rows[n].clone()).collect()
}

/// Spreads the rest of a budget evenly over other cells once all pairs are covered.
fn fill(cells: &mut Vec<CellIndex>, space: &Space, when: &[Area], problem: &Problem, budget: usize) {
    let known: BTreeSet<CellIndex> = cells.iter().copied().collect();
    let rules = problem.admitted_by_rules();
    let allowed = |cell: &CellIndex| problem.row(&space.coords(*cell)).is_some_and(|row| rules.allows(&row));
    let others: Vec<CellIndex> =
        problem::cells(space, when).into_iter().filter(|cell| !known.contains(cell) && allowed(cell)).collect();
    let wanted = (budget - cells.len()).min(others.len());
    cells.extend((0..wanted).map(|n| others[n * others.len() / wanted]));
    cells.sort_unstable();
}
