//! A profile's choice as a problem of rows: axes cut down to the values that may be chosen, conditions as areas.

use crate::cell::{CellIndex, Space};
use crate::condition::{Condition, Match, Versions};
use crate::matrix_spec::{Expect, Rule, Suite};
use covering::Row;
use covering::{Area, Domain, Rules, Values};

/// The cells to choose from, and the mapping of rows to cells: only values that `when` admits are numbered.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The admitted values per axis. If there is only one axis, a second one with a single value is added.
    kept: Vec<Vec<usize>>,
    /// How many axes the space has.
    axes: usize,
    needed: Vec<Vec<Area>>,
    left_out: Vec<Area>,
    failures: Vec<Area>,
}

/// The values that match a condition according to `counts`; `None` if it names a missing axis.
pub(crate) fn area(
    condition: &Condition,
    space: &Space,
    versions: &Versions,
    counts: impl Fn(Match) -> bool,
) -> Option<Area> {
    let matcher = condition.matcher(space, versions);
    if condition.terms.iter().any(|(name, _)| space.axis(name.as_str()).is_none()) {
        return None;
    }
    let named = (0..space.axes().len()).filter_map(|axis| Some((axis, matcher.row(axis)?)));
    Some(Area(named.map(|(axis, row)| (axis, Values::of(row.len(), |v| counts(row[v])))).collect()))
}

/// The intersections of each area of one list with each of another.
pub(crate) fn common(space: &Space, one: &[Area], other: &[Area]) -> Vec<Area> {
    let both = |a: &Area, b: &Area| {
        let of = |axis: usize| {
            let size = space.axes()[axis].values.len();
            let sides = [a, b].into_iter().flat_map(|area| &area.0).filter(|(at, _)| *at == axis);
            let named = sides.map(|(_, values)| values.clone()).reduce(|x, y| x.and(&y))?;
            debug_assert!(named.len() <= size);
            Some((axis, named))
        };
        Area((0..space.axes().len()).filter_map(of).collect())
    };
    one.iter().flat_map(|a| other.iter().map(move |b| both(a, b))).collect()
}

/// The values of each axis within an area.
fn within(space: &Space, area: &Area) -> Vec<Vec<usize>> {
    let all = space.axes().iter().enumerate().map(|(axis, values)| {
        let named = area.0.iter().find(|(at, _)| *at == axis);
        named.map_or_else(|| (0..values.values.len()).collect(), |(_, values)| values.iter().collect())
    });
    all.collect()
}

/// How many cells these areas have at most, saturating.
pub(crate) fn most(space: &Space, areas: &[Area]) -> u128 {
    let cells = |area| within(space, area).iter().fold(1u128, |n, values| n.saturating_mul(values.len() as u128));
    areas.iter().map(cells).fold(0, u128::saturating_add)
}

/// The cells of these areas, each once, in order.
pub(crate) fn cells(space: &Space, areas: &[Area]) -> Vec<CellIndex> {
    let mut cells = Vec::new();
    if space.is_empty() {
        return cells;
    }
    for area in areas {
        let lists = within(space, area);
        if lists.iter().any(Vec::is_empty) {
            continue;
        }
        let mut digits = vec![0; lists.len()];
        loop {
            let coords: Vec<usize> = lists.iter().zip(&digits).map(|(list, &digit)| list[digit]).collect();
            cells.push(space.index(&coords));
            let Some(at) = (0..digits.len()).rev().find(|&at| digits[at] + 1 < lists[at].len()) else { break };
            digits[at] += 1;
            digits[at + 1..].fill(0);
        }
    }
    if areas.len() > 1 {
        cells.sort_unstable();
        cells.dedup();
    }
    cells
}

/// For each axis, the values that some cell has which is in one area of each group.
pub(crate) fn kept(space: &Space, groups: &[Vec<Area>]) -> Vec<Vec<usize>> {
    let sizes: Vec<usize> = space.axes().iter().map(|axis| axis.values.len()).collect();
    let rules = Rules { sizes, forbidden: Vec::new(), needed: groups.to_vec() };
    let involved = rules.involved();
    let values = |axis: usize| {
        let possible = |value: &usize| rules.solve(rules.with(&[(axis, *value)]), &involved);
        (0..rules.sizes[axis]).filter(possible).collect()
    };
    (0..rules.sizes.len()).map(values).collect()
}

impl Problem {
    /// The choice among the cells of these areas in which one of these suites runs (all, if none is named). `counts` says
    /// what of a condition that must hold is good enough; rules hold only where they surely do.
    pub(crate) fn new(
        space: &Space,
        suites: &[Suite],
        rules: &[Rule],
        named: &[String],
        when: &[Area],
        versions: &Versions,
        counts: impl Fn(Match) -> bool + Copy,
    ) -> Self {
        let mut groups = vec![when.to_vec()];
        let suites = suites.iter().filter(|suite| named.is_empty() || named.contains(&suite.name));
        groups.push(suites.filter_map(|suite| area(&suite.when, space, versions, counts)).collect());
        // A group with an area that is everywhere is no constraint.
        groups.retain(|group| !group.iter().any(|area| area.0.is_empty()));
        let kept = kept(space, &groups);
        let mut problem =
            Self { kept, axes: space.axes().len(), needed: Vec::new(), left_out: Vec::new(), failures: Vec::new() };
        while problem.kept.len() < 2 {
            problem.kept.push(vec![0]);
        }
        let project = |group: &[Area]| group.iter().filter_map(|area| problem.project(area)).collect::<Vec<Area>>();
        let needed: Vec<Vec<Area>> = groups.iter().map(|group| project(group)).collect();
        let of = |expect: Expect| -> Vec<Area> {
            let rules = rules.iter().filter(|rule| rule.expect == expect);
            project(&rules.filter_map(|r| area(&r.when, space, versions, |m| m == Match::Yes)).collect::<Vec<_>>())
        };
        let (left_out, failures) = (of(Expect::Skip), of(Expect::Fail));
        // A condition alone was used up when the axes were cut down.
        let open = |group: &Vec<Area>| !group.iter().any(|area| area.0.is_empty());
        Self { needed: needed.into_iter().filter(open).collect(), left_out, failures, ..problem }
    }

    /// Maps an area of the space to rows; `None` if no row is in it. Axes with all values are omitted.
    pub(crate) fn project(&self, area: &Area) -> Option<Area> {
        let mut list = Vec::new();
        for (axis, values) in &area.0 {
            let kept = &self.kept[*axis];
            let inside = Values::of(kept.len(), |n| values.has(kept[n]));
            if inside.is_empty() {
                return None;
            }
            if inside.len() < kept.len() {
                list.push((*axis, inside));
            }
        }
        Some(Area(list))
    }

    /// An area of the space as a domain of rows.
    pub(crate) fn domain(&self, area: &Area) -> Option<Domain> {
        Some(self.domain_of(&self.project(area)?))
    }

    /// An area of rows as a domain.
    pub(crate) fn domain_of(&self, area: &Area) -> Domain {
        let mut domain = self.admitted().whole();
        area.0.iter().for_each(|(axis, values)| domain[*axis] = values.clone());
        domain
    }

    /// Whether only one row is in the area.
    pub(crate) fn is_cell(&self, area: &Area) -> bool {
        self.domain_of(area).iter().all(|values| values.len() == 1)
    }

    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.kept.iter().map(Vec::len).collect()
    }

    /// Rows that `when` and suites admit.
    pub(crate) fn admitted(&self) -> Rules {
        Rules { sizes: self.sizes(), forbidden: Vec::new(), needed: self.needed.clone() }
    }

    /// Those of them that no rule leaves out.
    pub(crate) fn admitted_by_rules(&self) -> Rules {
        Rules { forbidden: self.left_out.clone(), ..self.admitted() }
    }

    /// Those of them that are expected to pass.
    pub(crate) fn passing(&self) -> Rules {
        let mut rules = self.admitted_by_rules();
        rules.forbidden.extend(self.failures.iter().cloned());
        rules
    }

    /// Those that are expected to fail, if there may be any.
    pub(crate) fn failing(&self) -> Option<Rules> {
        let mut rules = self.admitted_by_rules();
        rules.needed.push(self.failures.clone());
        (!self.failures.is_empty()).then_some(rules)
    }

    /// The areas of rules that expect a failure.
    pub(crate) fn failures(&self) -> &[Area] {
        &self.failures
    }

    /// Whether a row is expected to fail.
    pub(crate) fn fails(&self, row: &[usize]) -> bool {
        self.failures.iter().any(|area| area.holds(row))
    }

    /// The coordinates of a row's cell.
    pub(crate) fn coords(&self, row: &[usize]) -> Vec<usize> {
        row.iter().zip(&self.kept).take(self.axes).map(|(&n, kept)| kept[n]).collect()
    }

    /// The row of a cell, if it may be chosen at all as far as single values go.
    pub(crate) fn row(&self, coords: &[usize]) -> Option<Row> {
        let mut row: Row = Vec::with_capacity(self.kept.len());
        for (kept, coord) in self.kept.iter().zip(coords) {
            row.push(kept.binary_search(coord).ok()?);
        }
        row.resize(self.kept.len(), 0);
        Some(row)
    }
}
