//! The gate on made series: each verdict, the correction, both looks, exact metrics, and what cannot be compared.

use proptest::prelude::*;

use super::{compare, Look};
use crate::comparison::{Change, Comparison, Figures, Rules, Series};
use crate::measured::Better;

/// Differences of 16 rounds around zero, none equal, of about 1 %.
const NOISE: [f64; 16] = [
    0.011, -0.004, 0.002, -0.013, 0.007, -0.009, 0.0005, 0.015, -0.0075, 0.003, -0.0015, 0.009, -0.011, 0.005, -0.006,
    0.0008,
];

fn series(bench: &str, base: Vec<f64>, head: Vec<f64>) -> Series {
    Series {
        group: 0,
        bench: bench.to_owned(),
        metric: "time".to_owned(),
        unit: "ns".to_owned(),
        better: Better::Less,
        exact: false,
        tolerance: None,
        base,
        head,
        of_base: Figures::default(),
        of_head: Figures::default(),
    }
}

/// A head that takes `ratio` times as long, with noise of this size.
fn slower(bench: &str, ratio: f64, noise: f64) -> Series {
    let head = NOISE.iter().map(|d| 100.0 * ratio * (d * noise).exp()).collect();
    series(bench, vec![100.0; 16], head)
}

fn exact(base: &[f64], head: &[f64]) -> Series {
    Series { exact: true, metric: "instructions".to_owned(), ..series("a", base.to_vec(), head.to_vec()) }
}

fn one(series: Series) -> Comparison {
    compare(&Rules::default(), &[series], Look::First).remove(0)
}

#[test]
fn each_change_is_seen() {
    for (ratio, change) in [
        (1.10, Change::Slower),
        (1.05, Change::Slower),
        (1.03, Change::Unproven),
        (1.0, Change::NotSlower),
        (0.98, Change::NotSlower),
        (0.9, Change::Faster),
        (5.0, Change::Slower),
        (0.01, Change::Faster),
    ] {
        let found = one(slower("a", ratio, 1.0));
        assert_eq!(found.change, change, "{ratio}: {found:?}");
        assert!((found.ratio.unwrap() / ratio - 1.0).abs() < 0.01);
        let (low, high) = found.interval.unwrap();
        assert!(low <= found.ratio.unwrap() && found.ratio.unwrap() <= high && low > ratio * 0.98);
        assert_eq!(found.why.is_empty(), change != Change::Unproven, "{}", found.why);
        assert_eq!(found.is_settled(), change != Change::Unproven);
        let more = Series { better: Better::More, ..slower("a", 1.0 / ratio, 1.0) };
        assert_eq!(one(more).change, change, "{ratio} where more is better");
    }
}

#[test]
fn what_cannot_be_compared_says_why() {
    let good = vec![100.0; 16];
    let with = |at: usize, value: f64| {
        let mut values = slower("a", 1.0, 1.0).head;
        values[at] = value;
        values
    };
    for (base, head, why) in [
        (good.clone(), with(2, 0.0), "round 3 of the head gave 0 ns"),
        (good.clone(), with(0, f64::NAN), "round 1 of the head gave NaN ns"),
        (with(15, f64::INFINITY), good.clone(), "round 16 of the base gave inf ns"),
        (with(1, -5.0), good.clone(), "round 2 of the base gave -5 ns"),
        (good.clone(), good[1..].to_vec(), "the base measured it in 16 rounds and the head in 15"),
        (vec![], good.clone(), "only the head measured it"),
        (good.clone(), vec![], "only the base measured it"),
        (vec![], vec![], "no round measured it"),
        (vec![100.0], vec![200.0], "1 round is too few to call one of 1 slower: it takes 8"),
        (vec![100.0, 101.0], vec![200.0, 210.0], "2 rounds are too few"),
    ] {
        let found = one(series("a", base.clone(), head.clone()));
        assert_eq!(found.change, Change::Unproven, "{found:?}");
        assert!(found.why.starts_with(why), "{why}: {}", found.why);
        let exact = one(exact(&base, &head));
        assert!(
            exact.change == Change::Unproven || head.iter().chain(&base).all(|value| value.is_finite()),
            "{exact:?}"
        );
    }
}

#[test]
fn the_correction_is_over_all_series() {
    // Slower in 14 rounds of 16, seen alone and not among a hundred.
    let mut weak = slower("weak", 1.06, 1.0);
    weak.head[0] = 99.0;
    weak.head[1] = 101.0;
    assert_eq!(one(weak.clone()).change, Change::Slower);
    let mut gate: Vec<Series> = (0..99).map(|at| slower(&format!("same {at}"), 1.0, 1.0)).collect();
    gate.push(weak);
    let found = compare(&Rules::default(), &gate, Look::First);
    assert_eq!(found[99].change, Change::Unproven);
    assert!(found[99].p_corrected > found[99].p && found[99].smallest > one(gate[99].clone()).smallest);
    assert!(found[..99].iter().all(|one| one.change == Change::NotSlower));
    // Sixteen rounds can call one of 300 slower, and not one of 400.
    let many: Vec<Series> = (0..400).map(|at| slower(&format!("{at}"), 2.0, 1.0)).collect();
    assert!(compare(&Rules::default(), &many[..300], Look::First).iter().all(|one| one.change == Change::Slower));
    let found = compare(&Rules::default(), &many, Look::First);
    assert!(
        found[0].why.starts_with("16 rounds are too few to call one of 400 slower: it takes 17"),
        "{}",
        found[0].why
    );
}

#[test]
fn the_smallest_slowdown_is_where_the_verdict_turns() {
    for noise in [0.5, 1.0, 3.0] {
        let smallest = one(slower("a", 1.0, noise)).smallest.unwrap();
        let center = one(slower("a", 1.0, noise)).ratio.unwrap();
        assert!(smallest > 1.03);
        assert_eq!(one(slower("a", smallest / center * 1.0001, noise)).change, Change::Slower);
        assert_ne!(one(slower("a", smallest / center * 0.9999, noise)).change, Change::Slower);
    }
    let unproven = one(slower("a", 1.03, 3.0));
    assert!(unproven
        .why
        .starts_with("neither a slowdown of more than 3 % nor its absence could be shown in 16 rounds; one of "));
}

#[test]
fn what_the_first_look_settled_stays_settled() {
    let rules = Rules::default();
    let gate =
        [slower("slow", 1.2, 1.0), slower("same", 1.0, 1.0), slower("open", 1.03, 1.0), slower("gone", 1.03, 1.0)];
    let first = compare(&rules, &gate, Look::First);
    assert_eq!(first.iter().map(super::Comparison::is_settled).collect::<Vec<_>>(), [true, true, false, false]);
    // By then the other way round, and one bench no longer measured.
    let now = [slower("open", 1.2, 1.0), slower("slow", 1.0, 1.0), slower("new", 1.0, 1.0)];
    let second = compare(&rules, &now, Look::Second(&first));
    let changes: Vec<_> = second.iter().map(|one| (one.bench.as_str(), one.change)).collect();
    assert_eq!(
        changes,
        [
            ("open", Change::Slower),
            ("slow", Change::Slower),
            ("new", Change::NotSlower),
            ("same", Change::NotSlower),
            ("gone", Change::Unproven),
        ]
    );
    assert_eq!(second[1], first[0]);
    assert_eq!(second[4].why, first[3].why);
    // All five count.
    assert!(
        (second[0].p_corrected.unwrap() / second[0].p.unwrap() - 4.0).abs() < 1e-9,
        "the slow one is rejected already"
    );
}

#[test]
fn exact_metrics_are_compared_without_a_test() {
    for (base, head, change, ratio) in [
        (&[1000.0, 1000.0][..], &[1000.0, 1000.0][..], Change::NotSlower, Some(1.0)),
        (&[1000.0, 1000.0], &[1010.0, 1010.0], Change::NotSlower, Some(1.01)),
        (&[1000.0, 1000.0], &[1011.0, 1011.0], Change::Slower, Some(1.011)),
        (&[1000.0, 1000.0], &[980.0, 980.0], Change::Faster, Some(0.98)),
        (&[1000.0, 1001.0], &[1000.5, 1000.0], Change::NotSlower, Some(1000.25 / 1000.5)),
        (&[0.0, 0.0], &[0.0, 0.0], Change::NotSlower, Some(1.0)),
        (&[0.0, 0.0], &[5.0, 5.0], Change::Slower, None),
        (&[5.0, 5.0], &[0.0, 0.0], Change::Faster, None),
    ] {
        let found = one(exact(base, head));
        assert_eq!((found.change, found.p), (change, None), "{base:?} {head:?}");
        assert!(found.ratio.zip(ratio).map_or(found.ratio == ratio, |(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        let more = Series { better: Better::More, ..exact(head, base) };
        assert_eq!(one(more).change, change, "{base:?} {head:?} where more is better");
    }
    for (base, head, why) in [
        (&[1000.0][..], &[1000.0][..], "the base was measured once, and two repeats must agree"),
        (
            &[1000.0, 1002.0],
            &[1000.0, 1000.0],
            "repeats of the base differ by 0.2 %, and an exact metric may differ by 0.1 %",
        ),
        (&[1000.0, 1000.0], &[0.0, 1.0], "repeats of the head differ by 100 %"),
        (&[-1.0, -1.0], &[1.0, 1.0], "the base gave -1 ns, which is no count"),
        (&[1.0, f64::NAN], &[1.0, 1.0], "the base gave NaN ns"),
        (&[1.0, 1.0], &[], "only the base measured it"),
    ] {
        let found = one(exact(base, head));
        assert!(found.change == Change::Unproven && found.why.starts_with(why), "{why}: {found:?}");
    }
}

#[test]
fn exact_metrics_make_no_test_stricter() {
    let mut gate: Vec<Series> = (0..200).map(|_| exact(&[1.0, 1.0], &[1.0, 1.0])).collect();
    gate.push(slower("a", 1.05, 1.0));
    let found = compare(&Rules::default(), &gate, Look::First);
    assert_eq!(found[200].p, found[200].p_corrected);
}

#[test]
fn an_empty_gate_has_no_comparisons() {
    assert_eq!(compare(&Rules::default(), &[], Look::First), []);
}

proptest! {
    #[test]
    fn any_values_are_compared_without_a_panic(
        base in prop::collection::vec(prop::num::f64::ANY, 0..20),
        head in prop::collection::vec(prop::num::f64::ANY, 0..20),
        exact in any::<bool>(),
        tolerance in prop::num::f64::ANY,
    ) {
        let rules = Rules { tolerance, ..Rules::default() };
        let gate = [Series { exact, ..series("a", base, head) }, slower("b", 1.0, 1.0)];
        let first = compare(&rules, &gate, Look::First);
        prop_assert_eq!(first.len(), 2);
        prop_assert_eq!(compare(&rules, &gate, Look::Second(&first)).len(), 2);
        prop_assert!(first.iter().all(|one| one.is_settled() || !one.why.is_empty()));
    }
}

#[test]
fn rounds_that_all_give_one_ratio_are_taken_for_what_they_are() {
    let good = vec![100.0; 16];
    assert_eq!(one(series("a", good.clone(), good.clone())).change, Change::NotSlower);
    assert_eq!(one(series("a", good.clone(), vec![130.0; 16])).change, Change::Slower);
}

#[test]
fn a_ratio_equal_to_the_tolerance_is_no_sign() {
    // Logarithms of these differ from ln(1.03) in their last digit, all to one side.
    for (base, head) in [(100.0, 103.0), (200.0, 206.0), (1000.0, 1030.0), (7000.0, 7210.0), (103_000.0, 106_090.0)] {
        let counted = |base, head| Series { unit: "1".to_owned(), ..series("a", vec![base; 16], vec![head; 16]) };
        let found = one(counted(base, head));
        assert_eq!((found.change, found.p), (Change::Unproven, Some(1.0)), "{base} {head}");
        assert_eq!(one(counted(head, base)).change, Change::NotSlower, "{head} {base}");
    }
}

#[test]
fn what_rounding_hides_is_not_claimed() {
    for (base, head, change) in [
        // Equal may be 3.0 and 3.3; one more may be 3.49 and 3.51.
        (3.0, 3.0, Change::Unproven),
        (3.0, 4.0, Change::Unproven),
        (4.0, 3.0, Change::Unproven),
        (3.0, 6.0, Change::Slower),
        (6.0, 3.0, Change::Faster),
        (34.0, 34.0, Change::NotSlower),
        (33.0, 33.0, Change::Unproven),
        (3.01, 3.01, Change::NotSlower),
        (3.01, 3.31, Change::Slower),
        (0.25, 0.25, Change::Unproven),
    ] {
        let found = one(series("a", vec![base; 16], vec![head; 16]));
        assert_eq!(found.change, change, "{base} {head}: {found:?}");
    }
    let found = one(series("a", vec![3.0; 16], vec![4.0; 16]));
    assert_eq!(
        found.why,
        "times are reported in steps of 33.3 %, which hide 3 %; a slowdown of 43.7 % would have been seen"
    );
    // Pages of memory and rows are counted, not rounded.
    for unit in ["1", "B", "rows"] {
        let counted = Series { unit: unit.to_owned(), ..series("a", vec![3.0; 16], vec![4.0; 16]) };
        assert_eq!(one(counted).change, Change::Slower, "{unit}");
    }
}
