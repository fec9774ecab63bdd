//! Ranks with ties.

/// Twice the average rank of each value, which is a whole number even for ties, and the sizes of the groups of ties.
pub(super) fn doubled(values: &[f64]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0; values.len()];
    let mut ties = Vec::new();
    let mut before = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        for at in group {
            ranks[*at] = 2 * before + group.len() + 1;
        }
        before += group.len();
        ties.push(group.len());
    }
    (ranks, ties)
}

/// What ties take from the variance of a rank sum: the sum of t³ − t.
pub(super) fn tie_term(ties: &[usize]) -> f64 {
    ties.iter().map(|ties| *ties as f64).map(|t| t * t * t - t).sum()
}
