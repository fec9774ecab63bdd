//! The terminal grid, in every width and dress.

mod common;

use common::*;
use compatrix_model::outcome::Outcome;
use compatrix_model::results::matrix::Matrix;
use compatrix_model::results::row::Row;
use compatrix_model::verdict::Verdict;
use compatrix_render::grid::report;
use compatrix_render::look::Look;
use proptest::prelude::*;

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
    let wide = report(&sample(), &Look { color: true, ..Look::plain(200) });
    golden("grid-color-200.txt", &wide);
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

fn small_nothing() -> Matrix {
    Matrix::new(sample_space(), Vec::new(), Default::default(), "cargo xtask repro")
}

/// The sample with some of its rows only, as a run that was cut short or a `--cell` leaves it.
fn part_of_sample(keep: &[bool]) -> Matrix {
    let mut matrix = sample();
    let mut keep = keep.iter().cycle();
    matrix.rows.retain(|_| *keep.next().unwrap());
    matrix
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_part_fits_any_width(keep in proptest::collection::vec(any::<bool>(), 1..40), width in 40usize..220) {
        let matrix = part_of_sample(&keep);
        let cells = compatrix_render::grid::cells(&matrix, &Look::plain(width));
        prop_assert!(widest(&cells) <= width, "{}", cells);
        well_formed(&compatrix_render::svg::svg(&matrix, "any"));
        let _ = report(&matrix, &Look { width: width / 20, color: true, unicode: false });
    }

    #[test]
    fn folding_loses_nothing(patterns in proptest::collection::vec(0usize..3, 6)) {
        // Blocks of a few patterns, so that many agree; then each row must be in one block, with its own verdict.
        let axes = vec![
            rust_axis(&["1.70", "stable"]),
            sqlite_axis(&["bundled", "host"]),
            schema_axis(&["v18", "v24", "v26"]),
            features_axis(&["default", "json"]),
        ];
        let mut matrix = small(axes);
        for (n, row) in matrix.rows.iter_mut().enumerate() {
            let (pattern, place) = (patterns[n % 6], n / 6);
            row.verdict = if place == pattern { Verdict::Broken } else { Verdict::Ok };
        }
        let blocks = compatrix_render::blocks::Blocks::new(&matrix);
        for row in &matrix.rows {
            let value = |axis: &str| row.cell.value(axis).unwrap().to_string();
            let (x, y) = (value("rust"), value("sqlite"));
            let (x, y) = (blocks.columns.iter().position(|c| *c == x), blocks.rows.iter().position(|r| *r == y));
            let mine: Vec<_> = blocks
                .blocks
                .iter()
                .filter(|b| b.heading.iter().all(|part| part.values.contains(&value(&part.axis))))
                .collect();
            prop_assert_eq!(mine.len(), 1, "{}", row.cell);
            prop_assert_eq!(mine[0].cells[y.unwrap()][x.unwrap()], Some(row.verdict), "{}", row.cell);
        }
    }
}

#[test]
fn fewer_tests_than_in_other_cells_are_one_line() {
    let mut matrix = sample();
    let row = matrix.rows.iter_mut().find(|row| row.outcome() == Some(Outcome::Passed)).expect("a pass");
    let mut record = row.record().expect("a record").clone();
    record.tests.passed -= 2;
    *row = Row::from_record(record, row.expectation.clone(), false);
    let (cell, text) = (row.cell.to_string(), report(&matrix, &Look::plain(200)));
    let lines: Vec<&str> = text.lines().skip_while(|line| *line != "fewer tests than in other cells").collect();
    assert!(lines[1].starts_with("    1  ") && lines[1].contains(" tests ran with "), "{text}");
    assert!(lines[2].is_empty(), "one line: {text}");
    let json: serde_json::Value = serde_json::from_str(&compatrix_render::json::json(&matrix)).expect("JSON");
    for row in json["rows"].as_array().expect("rows") {
        assert_eq!(row["fewer_tests"].is_object(), row["cell"] == cell.as_str(), "{row}");
    }
    assert!(!report(&sample(), &Look::plain(200)).contains("fewer tests"));
}
