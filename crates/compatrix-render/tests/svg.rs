//! The grid as a picture.

mod common;

use common::*;
use compatrix_model::results::matrix::Matrix;
use compatrix_render::svg::svg;

#[test]
fn the_sample() {
    let text = svg(&sample(), "things-store: what works with what");
    golden("sample.svg", &text);
    well_formed(&text);
    assert_eq!(text, svg(&sample(), "things-store: what works with what"), "deterministic");
}

#[test]
fn many_columns_stand_upright() {
    let names: Vec<String> = (0..28).map(|n| format!("1.{}.0-nightly", 60 + n)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = svg(&small(vec![rust_axis(&names), sqlite_axis(&["bundled", "host"])]), "Many");
    golden("many.svg", &text);
    well_formed(&text);
}

#[test]
fn every_sign() {
    golden("every-verdict.svg", &svg(&every_verdict(), "Every sign"));
}

#[test]
fn one_axis_and_none() {
    golden("one-axis.svg", &svg(&small(vec![rust_axis(&["1.70", "stable"])]), ""));
    let nothing = Matrix::new(sample_space(), Vec::new(), Default::default(), "");
    well_formed(&svg(&nothing, "a < b & \"c\""));
}
