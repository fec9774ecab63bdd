//! A constraint solver: the values still possible on each axis, narrowed by propagation and search. Sound and complete.
//!
//! A constraint is an [`Area`]: a set of values on some axes. An area is forbidden, or a row needs one of a group of
//! areas. Rows are never enumerated, so a space may have any number of them.

use std::sync::Arc;

/// A set of values on some axes; axes not named are free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area(pub Vec<(usize, Values)>);

/// A set of values of one axis, one bit each. Immutable, so that the many domains of a search can share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(Arc<[u64]>);

impl Values {
    /// All values of an axis of this size.
    pub fn all(size: usize) -> Self {
        Self::of(size, |_| true)
    }

    /// The values of an axis of this size that satisfy `holds`.
    pub fn of(size: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut words = vec![0u64; size.div_ceil(64)];
        (0..size).filter(|&v| holds(v)).for_each(|v| words[v / 64] |= 1 << (v % 64));
        Self(words.into())
    }

    /// A single value of an axis of this size.
    pub fn only(size: usize, value: usize) -> Self {
        let mut words = vec![0u64; size.div_ceil(64)];
        words[value / 64] = 1 << (value % 64);
        Self(words.into())
    }

    /// Whether the set contains the value.
    pub fn has(&self, value: usize) -> bool {
        self.0[value / 64] >> (value % 64) & 1 == 1
    }

    /// The number of values in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set has no value.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The values in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|&v| self.has(v))
    }

    /// The intersection.
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
    /// Whether the row is in the area.
    pub fn holds(&self, row: &[usize]) -> bool {
        self.0.iter().all(|(axis, values)| values.has(row[*axis]))
    }
}

/// The values still possible, by axis.
pub type Domain = Vec<Values>;

/// The constraints: an allowed row is in no forbidden area, and in at least one area of each group.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The number of values per axis.
    pub sizes: Vec<usize>,
    /// No row may be in one of these.
    pub forbidden: Vec<Area>,
    /// A row must be in at least one area of each group.
    pub needed: Vec<Vec<Area>>,
}

/// How an area relates to a domain.
enum Lies {
    /// No row of the domain is in the area.
    Outside,
    /// All rows of the domain are.
    Around,
    /// Some may be: an axis on which only part of the domain is in the area, and the number of such axes.
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
    /// The domain with every value of every axis.
    pub fn whole(&self) -> Domain {
        self.sizes.iter().map(|&size| Values::all(size)).collect()
    }

    /// For each axis, the values on which a constraint may depend. Any other value is possible in every allowed row.
    pub fn involved(&self) -> Vec<Values> {
        let named = |areas: &mut dyn Iterator<Item = &Area>, axis: usize, value: usize| {
            areas.flat_map(|area| &area.0).any(|(at, values)| *at == axis && values.has(value))
        };
        let axis = |(axis, size): (usize, &usize)| {
            // A needed area also depends on the values that it does not name.
            let needed = self.needed.iter().flatten().any(|area| area.0.iter().any(|(at, _)| *at == axis));
            Values::of(*size, |value| needed || named(&mut self.forbidden.iter(), axis, value))
        };
        self.sizes.iter().enumerate().map(axis).collect()
    }

    /// The approximate cost of a search for a solution, in words read.
    pub fn cost(&self) -> u64 {
        let areas = self.forbidden.len() + self.needed.iter().map(Vec::len).sum::<usize>();
        (self.sizes.len() + 4 * areas) as u64
    }

    /// Whether the row is allowed.
    pub fn allows(&self, row: &[usize]) -> bool {
        !self.forbidden.iter().any(|area| area.holds(row))
            && self.needed.iter().all(|group| group.iter().any(|area| area.holds(row)))
    }

    /// Narrows the domain by all direct consequences; false if nothing is left.
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

    /// An axis on which a constraint is undecided, and the values that the constraint names; `None` if all rows of the
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

    /// Whether some row of the domain is allowed. `involved` must come from [`Rules::involved`].
    pub fn solve(&self, mut domain: Domain, involved: &[Values]) -> bool {
        // A value on which no constraint depends excludes nothing, so its axis need not be tried.
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
        // A single value of an axis decides all constraints on it.
        let size = self.sizes[axis];
        domain[axis].clone().iter().any(|value| {
            let mut part = domain.clone();
            part[axis] = Values::only(size, value);
            self.search(part)
        })
    }

    /// The number of allowed rows of the domain, saturating; `None` if `steps` do not suffice to count them.
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
