//! Random numbers from a seed that a report names, so that the same order can be had again.

/// A generator (splitmix64, doi 10.1145/2660193.2660195).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // The bias of the remainder is far below what anything here can notice.
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    /// The numbers below this one in random order.
    pub(super) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for n in (1..count).rev() {
            order.swap(n, self.below(n + 1));
        }
        order
    }

    /// Orders for this many rounds of two: each order is as frequent as the other, in random places.
    pub(super) fn orders_of_two(&mut self, rounds: usize) -> Vec<Vec<usize>> {
        self.order(rounds).into_iter().map(|n| if n % 2 == 0 { vec![0, 1] } else { vec![1, 0] }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_as_frequent_and_the_seed_decides() {
        let of = |seed| Random::new(seed).orders_of_two(16);
        assert_eq!(of(7).iter().filter(|order| order[0] == 0).count(), 8);
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        let mut three = Random::new(1).order(3);
        three.sort_unstable();
        assert_eq!(three, [0, 1, 2]);
    }
}
