//! The terminal grid, in every width and dress.

mod common;

use common::*;
use compatrix_render::grid::report;
use compatrix_render::look::Look;

/// The widest line, escapes not counted.
fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn the_sample_in_every_width() {
    for width in [40, 80, 120, 200] {
        let text = report(&sample(), &Look::plain(width));
        golden(&format!("grid-{width}.txt"), &text);
        // Commands and names of tests are not cut, so that they can be copied.
        let grid = compatrix_render::grid::cells(&sample(), &Look::plain(width));
        assert!(widest(&grid) <= width, "{width}: {}", widest(&grid));
        assert!(!text.contains('\u{1b}'));
        assert!(text.lines().all(|line| line.trim_end() == line), "no spaces at line ends");
    }
}

#[test]
fn ascii_and_colour() {
    let ascii = report(&sample(), &Look { unicode: false, ..Look::plain(80) });
    golden("grid-ascii.txt", &ascii);
    assert!(ascii.is_ascii(), "{:?}", ascii.chars().find(|c| !c.is_ascii()));
    let color = report(&sample(), &Look { color: true, ..Look::plain(80) });
    golden("grid-color.txt", &color);
}

#[test]
fn axes_that_a_spec_lacks() {
    let rust = || rust_axis(&["1.70", "stable"]);
    let tables = [
        ("rust only", vec![rust()]),
        ("rust and features", vec![rust(), features_axis(&["default", "json"])]),
        ("sqlite only", vec![sqlite_axis(&["bundled", "3.46.0"])]),
        ("features only", vec![features_axis(&["default", "json", "pool"])]),
        ("sqlite and schema", vec![sqlite_axis(&["bundled", "3.46.0"]), schema_axis(&["v18", "v24"])]),
        ("one cell", vec![rust_axis(&["1.70"])]),
    ];
    let mut all = String::new();
    for (name, axes) in tables {
        all.push_str(&format!("=== {name}\n{}\n", report(&small(axes), &Look::plain(80))));
    }
    all.push_str(&format!("=== nothing\n{}", report(&small_nothing(), &Look::plain(80))));
    golden("grid-axes.txt", &all);
}

fn small_nothing() -> compatrix_render::matrix::Matrix {
    compatrix_render::matrix::Matrix::new(sample_space(), Vec::new(), Default::default(), "cargo xtask repro")
}
