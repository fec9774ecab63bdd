//! Sets of t-tuples (one value on each of t axes), stored so that the tuples covered by a row can be counted a word at a
//! time.
//!
//! For each tuple of t − 1 values there is a bit row over all values of all axes: the values that complete it to a tuple
//! of the set. So each t-tuple is stored t times.

use std::collections::HashMap;

use super::domain::{Rules, Values};

/// The fixed cost of reading an axis, in words.
const CALL: u64 = 16;

/// A set of t-tuples.
#[derive(Debug, Clone)]
pub struct Tuples {
    shape: Shape,
    bits: Vec<u64>,
    left: u64,
}

/// The layout shared by all sets over the same axes.
#[derive(Debug, Clone)]
struct Shape {
    sizes: Vec<usize>,
    strength: usize,
    /// The index of each axis's first value among all values.
    base: Vec<usize>,
    /// The number of words for one bit per value.
    words: usize,
    /// `binomial[n][k]`.
    binomial: Vec<Vec<usize>>,
    /// The number of the first tuple, by rank of the choice of t − 1 axes.
    first: Vec<usize>,
}

/// The number of t-tuples on axes of these sizes, saturating.
pub fn count(sizes: &[usize], strength: usize) -> u64 {
    // Elementary symmetric polynomials.
    let mut sums = vec![0u64; strength + 1];
    sums[0] = 1;
    for &size in sizes {
        for n in (1..=strength).rev() {
            sums[n] = sums[n].saturating_add(sums[n - 1].saturating_mul(size as u64));
        }
    }
    sums[strength]
}

/// Calls `call` with each ascending choice of `choose` numbers from `0..n`, in lexicographic order.
pub(crate) fn combinations(n: usize, choose: usize, mut call: impl FnMut(&[usize])) {
    let mut chosen: Vec<usize> = (0..choose).collect();
    if choose > n {
        return;
    }
    loop {
        call(&chosen);
        let Some(at) = (0..choose).rev().find(|&at| chosen[at] < n - choose + at) else { return };
        chosen[at] += 1;
        for after in at + 1..choose {
            chosen[after] = chosen[after - 1] + 1;
        }
    }
}

/// Calls `call` with each choice of one number from `0..radix` per radix, until it returns false.
fn counting(radices: &[usize], mut call: impl FnMut(&[usize])) {
    let mut digits = vec![0; radices.len()];
    if radices.contains(&0) {
        return;
    }
    loop {
        call(&digits);
        let Some(at) = (0..digits.len()).rev().find(|&at| digits[at] + 1 < radices[at]) else { return };
        digits[at] += 1;
        digits[at + 1..].fill(0);
    }
}

impl Shape {
    fn new(sizes: &[usize], strength: usize) -> Self {
        let axes = sizes.len();
        let mut binomial = vec![vec![0usize; strength + 1]; axes + 1];
        for n in 0..=axes {
            binomial[n][0] = 1;
            for k in 1..=strength.min(n) {
                binomial[n][k] = binomial[n - 1][k - 1] + if k < n { binomial[n - 1][k] } else { 0 };
            }
        }
        let mut base = Vec::with_capacity(axes);
        let mut values = 0;
        for &size in sizes {
            base.push(values);
            values += size;
        }
        let mut shape =
            Self { sizes: sizes.to_vec(), strength, base, words: values.div_ceil(64), binomial, first: Vec::new() };
        let mut first = vec![0; shape.binomial[axes][strength - 1]];
        combinations(axes, strength - 1, |axes| {
            first[shape.rank(axes.iter().copied())] = axes.iter().map(|&axis| sizes[axis]).product();
        });
        let mut keys = 0;
        for slot in &mut first {
            let count = *slot;
            *slot = keys;
            keys += count;
        }
        first.push(keys);
        shape.first = first;
        shape
    }

    /// The rank of an ascending choice of axes among all choices of that length.
    fn rank(&self, axes: impl Iterator<Item = usize>) -> usize {
        axes.enumerate().map(|(n, axis)| self.binomial[axis][n + 1]).sum()
    }

    fn keys(&self) -> usize {
        self.first[self.first.len() - 1]
    }

    /// The first word of the bit row for these t − 1 values, axes ascending.
    fn at(&self, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> usize {
        let rank = self.rank(pairs.clone().map(|(axis, _)| axis));
        let number = pairs.fold(0, |n, (axis, value)| n * self.sizes[axis] + value);
        (self.first[rank] + number) * self.words
    }
}

/// The location of the bit rows that involve an axis: the word for its first value, and the distance to the next.
struct Span {
    start: usize,
    stride: usize,
}

impl Tuples {
    /// All t-tuples that some allowed row contains. `strength` must be at least 2 and at most the number of axes.
    pub fn possible(rules: &Rules, strength: usize) -> Self {
        let mut tuples = Self::all(&rules.sizes, strength);
        let involved = rules.involved();
        let mut known: HashMap<Vec<(usize, usize)>, bool> = HashMap::new();
        let (sizes, mut gone) = (&rules.sizes, Vec::new());
        if !rules.solve(rules.whole(), &involved) {
            tuples.bits.fill(0);
            tuples.left = 0;
        }
        if tuples.is_empty() || involved.iter().all(Values::is_empty) {
            return tuples;
        }
        combinations(sizes.len(), strength, |axes| {
            // Values of other axes combine with all values possible here.
            let (bound, free): (Vec<usize>, Vec<usize>) = axes.iter().partition(|axis| !involved[**axis].is_empty());
            let radices: Vec<usize> = bound.iter().map(|&axis| sizes[axis]).collect();
            counting(&radices, |digits| {
                let pairs = bound.iter().copied().zip(digits.iter().copied());
                let part: Vec<(usize, usize)> = pairs.filter(|&(axis, value)| involved[axis].has(value)).collect();
                let possible = match known.get(&part) {
                    Some(possible) => *possible,
                    None => {
                        let possible = rules.solve(rules.with(&part), &involved);
                        known.insert(part, possible);
                        possible
                    }
                };
                if !possible {
                    let radices: Vec<usize> = free.iter().map(|&axis| sizes[axis]).collect();
                    counting(&radices, |more| {
                        let rest = free.iter().copied().zip(more.iter().copied());
                        let mut tuple: Vec<(usize, usize)> =
                            bound.iter().copied().zip(digits.iter().copied()).chain(rest).collect();
                        tuple.sort_unstable();
                        gone.push(tuple);
                    });
                }
            });
            for tuple in gone.drain(..) {
                tuples.remove(&tuple);
            }
        });
        tuples
    }

    fn all(sizes: &[usize], strength: usize) -> Self {
        let shape = Shape::new(sizes, strength);
        let mut bits = vec![0u64; shape.keys() * shape.words];
        let values: usize = sizes.iter().sum();
        let mut full = vec![0u64; shape.words];
        (0..values).for_each(|value| full[value / 64] |= 1 << (value % 64));
        combinations(sizes.len(), strength - 1, |axes| {
            let mut row = full.clone();
            for &axis in axes {
                for value in shape.base[axis]..shape.base[axis] + sizes[axis] {
                    row[value / 64] &= !(1 << (value % 64));
                }
            }
            let rank = shape.rank(axes.iter().copied());
            let (start, end) = (shape.first[rank], shape.first[rank + 1]);
            bits[start * shape.words..end * shape.words]
                .chunks_mut(shape.words)
                .for_each(|key| key.copy_from_slice(&row));
        });
        Self { left: count(sizes, strength), shape, bits }
    }

    /// The number of tuples in the set.
    pub fn len(&self) -> u64 {
        self.left
    }

    /// Whether every tuple is covered.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The difference: tuples of this set that are not in the other.
    pub fn without(&self, other: &Self) -> Self {
        let bits: Vec<u64> = self.bits.iter().zip(&other.bits).map(|(a, b)| a & !b).collect();
        let left = bits.iter().map(|word| u64::from(word.count_ones())).sum::<u64>() / self.shape.strength as u64;
        Self { shape: self.shape.clone(), bits, left }
    }

    fn remove(&mut self, tuple: &[(usize, usize)]) {
        for n in 0..tuple.len() {
            let rest = tuple.iter().enumerate().filter(move |(other, _)| *other != n).map(|(_, pair)| *pair);
            let value = self.shape.base[tuple[n].0] + tuple[n].1;
            let word = self.shape.at(rest) + value / 64;
            self.bits[word] &= !(1 << (value % 64));
        }
        self.left -= 1;
    }

    /// The number of values per tuple.
    pub fn strength(&self) -> usize {
        self.shape.strength
    }

    /// The number of tuples in a row, an upper bound for [`Self::gain`].
    pub fn most_of_a_row(&self) -> u64 {
        let (axes, strength) = (self.shape.sizes.len(), self.shape.strength);
        self.shape.binomial[axes][strength] as u64
    }

    fn mask(&self, row: &[usize]) -> Vec<u64> {
        self.mask_of(row.iter().copied().enumerate())
    }

    /// A bit mask of these values.
    pub fn mask_of(&self, pairs: impl Iterator<Item = (usize, usize)>) -> Vec<u64> {
        let mut mask = vec![0; self.shape.words];
        pairs.for_each(|(axis, value)| self.flip(&mut mask, axis, value));
        mask
    }

    /// Toggles a value in the mask.
    pub fn flip(&self, mask: &mut [u64], axis: usize, value: usize) {
        let value = self.shape.base[axis] + value;
        mask[value / 64] ^= 1 << (value % 64);
    }

    /// The number of tuples of the set that the row covers.
    pub fn gain(&self, row: &[usize]) -> u64 {
        let (shape, mask) = (&self.shape, self.mask(row));
        let mut times = 0;
        combinations(row.len(), shape.strength - 1, |axes| {
            let start = shape.at(axes.iter().map(|&axis| (axis, row[axis])));
            times += common(&self.bits[start..start + shape.words], &mask);
        });
        times / shape.strength as u64
    }

    /// Removes the tuples that the row covers; returns their number.
    pub fn cover(&mut self, row: &[usize]) -> u64 {
        let (shape, mask) = (&self.shape, self.mask(row));
        let (bits, mut times) = (&mut self.bits, 0);
        combinations(row.len(), shape.strength - 1, |axes| {
            let start = shape.at(axes.iter().map(|&axis| (axis, row[axis])));
            for (word, mask) in bits[start..start + shape.words].iter_mut().zip(&mask) {
                times += u64::from((*word & mask).count_ones());
                *word &= !mask;
            }
        });
        let covered = times / shape.strength as u64;
        self.left -= covered;
        covered
    }

    /// For each value of the axis, the number of tuples that it completes with the values already set. `set` lists those
    /// axes, ascending and without this one; `mask` holds their values. Each tuple counts t − 1 times. Returns the words read.
    pub fn gains(&self, axis: usize, row: &[usize], set: &[usize], mask: &[u64], out: &mut Vec<u64>) -> u64 {
        let shape = &self.shape;
        out.clear();
        out.resize(shape.sizes[axis], 0);
        let mut looked = 0;
        let mut look = |span: Span| {
            for (n, slot) in out.iter_mut().enumerate() {
                let start = span.start + n * span.stride;
                *slot += common(&self.bits[start..start + shape.words], mask);
            }
            looked += (shape.sizes[axis] * shape.words) as u64;
        };
        if shape.strength == 2 {
            look(Span { start: (shape.first[axis]) * shape.words, stride: shape.words });
            return looked + CALL;
        }
        combinations(set.len(), shape.strength - 2, |chosen| {
            let before = chosen.iter().take_while(|&&n| set[n] < axis).count();
            let pairs = |n: usize| {
                let (at, value) = if n < before {
                    (set[chosen[n]], row[set[chosen[n]]])
                } else if n == before {
                    (axis, 0)
                } else {
                    (set[chosen[n - 1]], row[set[chosen[n - 1]]])
                };
                (at, value)
            };
            let start = shape.at((0..=chosen.len()).map(pairs));
            let after: usize = chosen[before..].iter().map(|&n| shape.sizes[set[n]]).product();
            look(Span { start, stride: after * shape.words });
        });
        looked + CALL
    }

    /// A tuple of the set. For pairs, one with the value that has most pairs left, ties broken at random; for larger tuples,
    /// one near a random position.
    pub(crate) fn some(&self, chance: &mut super::chance::Chance) -> Option<Vec<(usize, usize)>> {
        let (shape, keys) = (&self.shape, self.shape.keys());
        if self.left == 0 {
            return None;
        }
        let row = |key: usize| &self.bits[key * shape.words..(key + 1) * shape.words];
        let from = chance.below(keys);
        let order = (from..keys).chain(0..from);
        let key = if shape.strength == 2 {
            order.max_by_key(|&key| ones(row(key)))
        } else {
            order.into_iter().find(|&key| ones(row(key)) > 0)
        }?;
        let pick = chance.below(usize::try_from(ones(row(key))).unwrap_or(usize::MAX));
        let last = (0..shape.words * 64).filter(|&v| row(key)[v / 64] >> (v % 64) & 1 == 1).nth(pick)?;
        let mut tuple = self.unkey(key);
        let axis = shape.base.partition_point(|&base| base <= last) - 1;
        tuple.push((axis, last - shape.base[axis]));
        tuple.sort_unstable();
        Some(tuple)
    }

    /// The t − 1 values of a tuple number; inverse of the numbering in `at`.
    fn unkey(&self, key: usize) -> Vec<(usize, usize)> {
        let shape = &self.shape;
        let rank = shape.first.partition_point(|&first| first <= key) - 1;
        let (mut rest, mut number) = (rank, key - shape.first[rank]);
        let mut axes = Vec::new();
        for n in (1..shape.strength).rev() {
            let axis = (0..shape.sizes.len()).rev().find(|&axis| shape.binomial[axis][n] <= rest).unwrap_or(0);
            rest -= shape.binomial[axis][n];
            axes.push(axis);
        }
        // From last to first, because the last value varies fastest.
        let mut pairs = Vec::new();
        for axis in axes {
            pairs.push((axis, number % shape.sizes[axis]));
            number /= shape.sizes[axis];
        }
        pairs
    }
}

/// The number of common bits. A plain loop, because this dominates the run time even in unoptimised builds.
fn common(a: &[u64], b: &[u64]) -> u64 {
    let (mut sum, mut n) = (0, 0);
    while n < a.len() {
        sum += (a[n] & b[n]).count_ones();
        n += 1;
    }
    u64::from(sum)
}

fn ones(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}
