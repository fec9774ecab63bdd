//! What is still possible on each axis, and the constraints that narrow it: sound and complete, by propagation and search.
//!
//! A constraint is an [`Area`]: a set of values on some axes. Areas are forbidden, or one of a group of them is needed.
//! Nothing here enumerates cells, so a space may have any number of them.

use std::sync::Arc;

/// A set of values on some axes; axes not named are free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area(pub Vec<(usize, Values)>);

/// Values of one axis, a bit each. Never changed, so that the many domains of a search share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(Arc<[u64]>);

impl Values {
    /// All of an axis of this size.
    pub fn all(size: usize) -> Self {
        Self::of(size, |_| true)
    }

    /// Those of an axis of this size for which this holds.
    pub fn of(size: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut words = vec![0u64; size.div_ceil(64)];
        (0..size).filter(|&v| holds(v)).for_each(|v| words[v / 64] |= 1 << (v % 64));
        Self(words.into())
    }

    /// Just this value of an axis of this size.
    pub fn only(size: usize, value: usize) -> Self {
        let mut words = vec![0u64; size.div_ceil(64)];
        words[value / 64] = 1 << (value % 64);
        Self(words.into())
    }

    /// Whether the value is among them.
    pub fn has(&self, value: usize) -> bool {
        self.0[value / 64] >> (value % 64) & 1 == 1
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The values, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|&v| self.has(v))
    }

    /// Those that are in both.
    pub fn and(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(a, b)| a & b).collect())
    }

    fn without(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(a, b)| a & !b).collect())
    }

    fn meets(&self, other: &Self) -> bool {
        self.pairs(other).any(|(a, b)| a & b != 0)
    }

    fn lies_in(&self, other: &Self) -> bool {
        self.pairs(other).all(|(a, b)| a & !b == 0)
    }

    fn pairs<'v>(&'v self, other: &'v Self) -> impl Iterator<Item = (u64, u64)> + 'v {
        self.0.iter().copied().zip(other.0.iter().copied())
    }
}

impl Area {
    /// Whether the row lies in it.
    pub fn holds(&self, row: &[usize]) -> bool {
        self.0.iter().all(|(axis, values)| values.has(row[*axis]))
    }
}

/// What is still possible on each axis.
pub type Domain = Vec<Values>;

/// Which rows are allowed: those in no forbidden area, and in one area of each group.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// How many values each axis has.
    pub sizes: Vec<usize>,
    /// No row may lie in one of these.
    pub forbidden: Vec<Area>,
    /// Of each group, a row must lie in at least one area.
    pub needed: Vec<Vec<Area>>,
}

/// How an area lies to a domain.
enum Lies {
    /// No row of the domain is in it.
    Outside,
    /// All are.
    Around,
    /// Some may be: an axis on which part of the domain is in it, and how many such axes there are.
    Across { axis: usize, axes: usize },
}

fn lies(area: &Area, domain: &Domain) -> Lies {
    let mut across = None;
    let mut axes = 0;
    for (n, (axis, values)) in area.0.iter().enumerate() {
        if !domain[*axis].meets(values) {
            return Lies::Outside;
        }
        if !domain[*axis].lies_in(values) {
            across = Some(n);
            axes += 1;
        }
    }
    across.map_or(Lies::Around, |axis| Lies::Across { axis, axes })
}

impl Rules {
    /// Every value of every axis.
    pub fn whole(&self) -> Domain {
        self.sizes.iter().map(|&size| Values::all(size)).collect()
    }

    /// For each axis, the values that a constraint may turn on. Any other can stand in every allowed row.
    pub fn involved(&self) -> Vec<Values> {
        let named = |areas: &mut dyn Iterator<Item = &Area>, axis: usize, value: usize| {
            areas.flat_map(|area| &area.0).any(|(at, values)| *at == axis && values.has(value))
        };
        let axis = |(axis, size): (usize, &usize)| {
            // What is needed turns on the values that are not named, too.
            let needed = self.needed.iter().flatten().any(|area| area.0.iter().any(|(at, _)| *at == axis));
            Values::of(*size, |value| needed || named(&mut self.forbidden.iter(), axis, value))
        };
        self.sizes.iter().enumerate().map(axis).collect()
    }

    /// About what a search for a solution costs, in words looked at.
    pub fn cost(&self) -> u64 {
        let areas = self.forbidden.len() + self.needed.iter().map(Vec::len).sum::<usize>();
        (self.sizes.len() + 4 * areas) as u64
    }

    /// Whether the row is allowed.
    pub fn allows(&self, row: &[usize]) -> bool {
        !self.forbidden.iter().any(|area| area.holds(row))
            && self.needed.iter().all(|group| group.iter().any(|area| area.holds(row)))
    }

    /// Narrows the domain by what surely follows; false if nothing is left.
    fn propagate(&self, domain: &mut Domain) -> bool {
        if domain.iter().any(Values::is_empty) {
            return false;
        }
        loop {
            let mut changed = false;
            for area in &self.forbidden {
                match lies(area, domain) {
                    Lies::Around => return false,
                    Lies::Across { axis, axes: 1 } => {
                        let (axis, values) = &area.0[axis];
                        domain[*axis] = domain[*axis].without(values);
                        changed = true;
                    }
                    Lies::Outside | Lies::Across { .. } => {}
                }
            }
            for group in &self.needed {
                let mut alive = group.iter().filter(|area| !matches!(lies(area, domain), Lies::Outside));
                match (alive.next(), alive.next()) {
                    (None, _) => return false,
                    (Some(only), None) => {
                        for (axis, values) in &only.0 {
                            if !domain[*axis].lies_in(values) {
                                domain[*axis] = domain[*axis].and(values);
                                changed = true;
                            }
                        }
                    }
                    (Some(_), Some(_)) => {}
                }
            }
            if !changed {
                return true;
            }
        }
    }

    /// An axis on which a constraint is still open, and what part of it the constraint names; nothing if all rows of the
    /// domain are allowed.
    fn open(&self, domain: &Domain) -> Option<(usize, Values)> {
        let open = |area: &Area| match lies(area, domain) {
            Lies::Across { axis, .. } => Some(area.0[axis].clone()),
            Lies::Outside | Lies::Around => None,
        };
        let group = |group: &Vec<Area>| {
            let entailed = group.iter().any(|area| matches!(lies(area, domain), Lies::Around));
            if entailed {
                None
            } else {
                group.iter().find_map(open)
            }
        };
        self.forbidden.iter().find_map(open).or_else(|| self.needed.iter().find_map(group))
    }

    /// Whether some row of the domain is allowed. `involved` is what [`Rules::involved`] gives.
    pub fn solve(&self, mut domain: Domain, involved: &[Values]) -> bool {
        // A value that no constraint turns on takes nothing away, so that its axis need not be tried.
        for (values, involved) in domain.iter_mut().zip(involved) {
            let harmless = values.without(involved);
            if !harmless.is_empty() {
                *values = harmless;
            }
        }
        self.search(domain)
    }

    fn search(&self, mut domain: Domain) -> bool {
        if !self.propagate(&mut domain) {
            return false;
        }
        let Some((axis, _)) = self.open(&domain) else { return true };
        // One value of an axis decides about all constraints on it.
        let size = self.sizes[axis];
        domain[axis].clone().iter().any(|value| {
            let mut part = domain.clone();
            part[axis] = Values::only(size, value);
            self.search(part)
        })
    }

    /// How many rows of the domain are allowed, saturating; nothing if that takes more than so many steps to know.
    pub fn count(&self, mut domain: Domain, steps: &mut u32) -> Option<u128> {
        *steps = steps.checked_sub(1)?;
        if !self.propagate(&mut domain) {
            return Some(0);
        }
        let Some((axis, values)) = self.open(&domain) else {
            return Some(domain.iter().fold(1, |n, values| n.saturating_mul(values.len() as u128)));
        };
        let (mut outside, mut inside) = (domain.clone(), domain);
        outside[axis] = outside[axis].without(&values);
        inside[axis] = inside[axis].and(&values);
        Some(self.count(outside, steps)?.saturating_add(self.count(inside, steps)?))
    }

    /// The whole domain with these values fixed.
    pub fn with(&self, fixed: &[(usize, usize)]) -> Domain {
        let mut domain = self.whole();
        for &(axis, value) in fixed {
            domain[axis] = Values::only(self.sizes[axis], value);
        }
        domain
    }
}
