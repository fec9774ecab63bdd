//! What is still possible on each axis, and the constraints that narrow it: sound and complete, by propagation and search.
//!
//! A constraint is an [`Area`]: a set of values on some axes. Areas are forbidden, or one of a group of them is needed.
//! Nothing here enumerates cells, so a space may have any number of them.

/// A set of values on some axes; axes not named are free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Area(pub(crate) Vec<(usize, Values)>);

/// Values of one axis, a bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Values(Vec<u64>);

impl Values {
    /// None of an axis of this size.
    pub(crate) fn none(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }

    /// All of an axis of this size.
    pub(crate) fn all(size: usize) -> Self {
        Self::of(size, |_| true)
    }

    /// Those of an axis of this size for which this holds.
    pub(crate) fn of(size: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut values = Self::none(size);
        (0..size).filter(|&v| holds(v)).for_each(|v| values.insert(v));
        values
    }

    pub(crate) fn only(size: usize, value: usize) -> Self {
        let mut values = Self::none(size);
        values.insert(value);
        values
    }

    pub(crate) fn insert(&mut self, value: usize) {
        self.0[value / 64] |= 1 << (value % 64);
    }

    pub(crate) fn has(&self, value: usize) -> bool {
        self.0[value / 64] >> (value % 64) & 1 == 1
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|&v| self.has(v))
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    fn lies_in(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }
}

impl Area {
    /// Whether the row lies in it.
    pub(crate) fn holds(&self, row: &[usize]) -> bool {
        self.0.iter().all(|(axis, values)| values.has(row[*axis]))
    }
}

/// What is still possible on each axis.
pub(crate) type Domain = Vec<Values>;

/// Which rows are allowed: those in no forbidden area, and in one area of each group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) sizes: Vec<usize>,
    pub(crate) forbidden: Vec<Area>,
    pub(crate) needed: Vec<Vec<Area>>,
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
    pub(crate) fn whole(&self) -> Domain {
        self.sizes.iter().map(|&size| Values::all(size)).collect()
    }

    /// Axes that some constraint names.
    pub(crate) fn involved(&self) -> Vec<bool> {
        let mut involved = vec![false; self.sizes.len()];
        for area in self.forbidden.iter().chain(self.needed.iter().flatten()) {
            area.0.iter().for_each(|(axis, _)| involved[*axis] = true);
        }
        involved
    }

    /// Whether the row is allowed.
    pub(crate) fn allows(&self, row: &[usize]) -> bool {
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

    /// Two parts of a domain in which a constraint is still open; nothing if all rows of the domain are allowed.
    fn split(&self, domain: &Domain) -> Option<[Domain; 2]> {
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
        let (axis, values) = self.forbidden.iter().find_map(open).or_else(|| self.needed.iter().find_map(group))?;
        let (mut outside, mut inside) = (domain.clone(), domain.clone());
        outside[axis] = domain[axis].without(&values);
        inside[axis] = domain[axis].and(&values);
        Some([outside, inside])
    }

    /// A part of the domain of which every row is allowed; nothing if no row of the domain is.
    pub(crate) fn solve(&self, mut domain: Domain) -> Option<Domain> {
        if !self.propagate(&mut domain) {
            return None;
        }
        match self.split(&domain) {
            None => Some(domain),
            Some(parts) => parts.into_iter().find_map(|part| self.solve(part)),
        }
    }

    /// How many rows of the domain are allowed, saturating; nothing if that takes more than so many steps to know.
    pub(crate) fn count(&self, mut domain: Domain, steps: &mut u32) -> Option<u128> {
        *steps = steps.checked_sub(1)?;
        if !self.propagate(&mut domain) {
            return Some(0);
        }
        match self.split(&domain) {
            None => Some(domain.iter().fold(1, |n, values| n.saturating_mul(values.len() as u128))),
            Some([a, b]) => Some(self.count(a, steps)?.saturating_add(self.count(b, steps)?)),
        }
    }

    /// The whole domain with these values fixed.
    pub(crate) fn with(&self, fixed: &[(usize, usize)]) -> Domain {
        let mut domain = self.whole();
        for &(axis, value) in fixed {
            domain[axis] = Values::only(self.sizes[axis], value);
        }
        domain
    }
}
