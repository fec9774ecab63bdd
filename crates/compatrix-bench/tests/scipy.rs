//! The statistics against SciPy's: `scipy/values.py` made the values.

use compatrix_bench::stats::{holm, quantile, signed_rank, two_samples};
use compatrix_bench::trend;
use serde_json::Value;

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("scipy/values.json")).expect("it is JSON");
    let cases = all[name].as_array().cloned().unwrap_or_default();
    assert!(cases.len() >= 3, "{name}");
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

/// Equal up to 1e-9, of the value or at all.
#[track_caller]
fn same(found: f64, case: &Value, key: &str) {
    let expected = case[key].as_f64().unwrap_or_else(|| panic!("no {key} in {case}"));
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs().max(1e-6),
        "{key} is {found:e}, SciPy's {expected:e}: {case}"
    );
}

#[test]
fn signed_rank_is_scipys() {
    for case in cases("signed_rank") {
        let found = signed_rank::signed_rank(&numbers(&case["differences"]));
        same(found.greater, &case, "greater");
        same(found.less, &case, "less");
    }
}

#[test]
fn the_center_and_its_bounds_are_those_that_scipys_test_does_not_reject() {
    for case in cases("center") {
        let values = numbers(&case["values"]);
        let center = signed_rank::Center::of(&values);
        same(center.estimate().expect("values"), &case, "estimate");
        let (lower, upper) = center.bounds(0.025).expect("enough values");
        same(lower, &case, "lower");
        same(upper, &case, "upper");
    }
}

#[test]
fn tests_of_two_samples_are_scipys() {
    for case in cases("two_samples") {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        same(two_samples::mann_whitney(&x, &y).expect("a p"), &case, "mann_whitney");
        same(two_samples::welch(&x, &y).expect("a p"), &case, "welch");
    }
}

#[test]
fn bounds_of_quantiles_are_scipys() {
    for case in cases("quantiles") {
        let p = case["p"].as_f64().expect("a number");
        let found = quantile::bounds(&numbers(&case["samples"]), p, 0.95);
        same(found.lower.expect("a bound"), &case, "lower");
        same(found.upper.expect("a bound"), &case, "upper");
    }
}

#[test]
fn holm_is_that_of_statsmodels() {
    for case in cases("holm") {
        let expected = numbers(&case["adjusted"]);
        for (found, expected) in holm::holm(&numbers(&case["p"])).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{case}");
        }
    }
}

#[test]
fn energy_distance_is_scipys() {
    for case in cases("energy") {
        let found = trend::distance(&numbers(&case["x"]), &numbers(&case["y"])).expect("samples");
        same(found, &case, "distance");
    }
}
