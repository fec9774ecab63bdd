//! Whole gates with made noise: how often they alarm, and what they catch.

use super::{compare, Look};
use crate::comparison::{Change, Comparison, Figures, Rules, Series};
use crate::measured::Better;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Above 0, below 1.
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }

    /// Student's t with three degrees of freedom, of a standard deviation of one.
    fn heavy(&mut self) -> f64 {
        let chi = (0..3).map(|_| self.normal().powi(2)).sum::<f64>();
        self.normal() / chi.sqrt()
    }
}

/// How the log of a time varies, from one process to the next.
type Noise = fn(&mut Dice, &mut f64) -> f64;

/// Independent, of a spread that gives 2 % a round.
fn normal(dice: &mut Dice, _: &mut f64) -> f64 {
    0.02 / std::f64::consts::SQRT_2 * dice.normal()
}

/// What a busy machine does: it wanders, every process is late by another bit, and some by a fifth.
fn busy(dice: &mut Dice, state: &mut f64) -> f64 {
    *state = 0.9 * *state + 0.01 * dice.heavy();
    let late = if dice.share() < 0.05 { 0.2 * dice.share() } else { 0.0 };
    *state + 0.02 * dice.heavy() + late
}

/// One process in ten is late by up to a half, and the machine becomes slower all the time.
fn outliers(dice: &mut Dice, state: &mut f64) -> f64 {
    *state += 0.005;
    let late = if dice.share() < 0.1 { 0.5 * dice.share() } else { 0.0 };
    *state + late + 0.01 * dice.normal()
}

/// Whole nanoseconds of a short operation: most rounds are ties.
fn quantised(dice: &mut Dice, state: &mut f64) -> f64 {
    (1e6 * normal(dice, state).exp() / 20_000.0).round().ln() - 50_f64.ln()
}

/// A gate of fifteen benches, head slower by these ratios: both looks, rounds in random order within B H | H B.
fn gate(dice: &mut Dice, noise: Noise, slower: [f64; 15]) -> [Vec<Comparison>; 2] {
    let rules = Rules::default();
    let mut states = [0.0; 15];
    let mut series: Vec<Series> = (0..15).map(|bench| empty(&format!("{bench}"))).collect();
    let mut round = |series: &mut Vec<Series>| {
        let head_first = dice.share() < 0.5;
        for (bench, one) in series.iter_mut().enumerate() {
            let first = noise(dice, &mut states[bench]);
            let second = noise(dice, &mut states[bench]);
            let (head, base) = if head_first { (first, second) } else { (second, first) };
            one.base.push(1e6 * base.exp());
            one.head.push(1e6 * slower[bench] * head.exp());
        }
    };
    (0..rules.rounds).for_each(|_| round(&mut series));
    let first = compare(&rules, &series, Look::First);
    if first.iter().all(Comparison::is_settled) {
        return [first.clone(), first];
    }
    (0..rules.rounds).for_each(|_| round(&mut series));
    let second = compare(&rules, &series, Look::Second(&first));
    [first, second]
}

fn empty(bench: &str) -> Series {
    Series {
        group: 0,
        bench: bench.to_owned(),
        metric: "time".to_owned(),
        unit: "ns".to_owned(),
        better: Better::Less,
        exact: false,
        tolerance: None,
        base: Vec::new(),
        head: Vec::new(),
        of_base: Figures::default(),
        of_head: Figures::default(),
    }
}

fn is_alarm(gate: &[Comparison]) -> bool {
    gate.iter().any(|one| one.change == Change::Slower)
}

#[test]
fn equal_builds_give_no_alarms_on_a_busy_machine() {
    let mut dice = Dice(1);
    let alarms = (0..2000).filter(|_| is_alarm(&gate(&mut dice, busy, [1.0; 15])[1])).count();
    assert_eq!(alarms, 0);
}

#[test]
fn builds_at_the_tolerance_alarm_no_more_often_than_alpha_says() {
    // 1 % of 500 gates is 5; 12 or more have a chance of 1 in 200.
    let mut dice = Dice(2);
    let alarms = (0..500).filter(|_| is_alarm(&gate(&mut dice, busy, [1.03; 15])[1])).count();
    assert!(alarms < 12, "{alarms}");
}

#[test]
fn neither_outliers_nor_ties_are_alarms_or_claims() {
    for (noise, seed) in [(outliers as Noise, 4), (quantised, 5)] {
        let mut dice = Dice(seed);
        let alarms = (0..300).filter(|_| is_alarm(&gate(&mut dice, noise, [1.0; 15])[1])).count();
        assert_eq!(alarms, 0, "seed {seed}");
        // Of 15 benches that are slower by the tolerance, a few may be called not slower, but none that are by a tenth.
        let claimed = |dice: &mut Dice, ratio| {
            let gates = (0..100).flat_map(|_| gate(dice, noise, [ratio; 15])[1].clone());
            gates.filter(|one| one.change == Change::NotSlower).count()
        };
        let (at_tolerance, at_a_tenth) = (claimed(&mut dice, 1.03), claimed(&mut dice, 1.1));
        assert!(at_tolerance <= 1500 / 20 && at_a_tenth == 0, "seed {seed}: {at_tolerance} {at_a_tenth}");
    }
}

#[test]
fn planted_slowdowns_are_caught() {
    for (ratio, at_first, at_second) in [(1.05, 0.33, 0.91), (1.1, 1.0, 1.0)] {
        let mut dice = Dice(3);
        let mut slower = [1.0; 15];
        slower[4] = ratio;
        let mut caught = [0, 0];
        for _ in 0..300 {
            for (look, compared) in gate(&mut dice, normal, slower).iter().enumerate() {
                caught[look] += i32::from(compared[4].change == Change::Slower);
            }
        }
        let [first, second] = caught.map(|count| f64::from(count) / 300.0);
        assert!((first - at_first).abs() < 0.1 && (second - at_second).abs() < 0.05, "{ratio}: {first} {second}");
    }
}
