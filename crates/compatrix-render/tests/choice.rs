//! How a choice is told, in two widths and in JSON.

mod common;

use common::*;
use compatrix_model::choose::Coverage;
use compatrix_model::matrix_spec::Strategy;
use compatrix_model::plan::{Dealt, Narrowed, Since};
use compatrix_model::results::matrix::{Chosen, Matrix};
use compatrix_render::choice::{entry, lines};
use compatrix_render::grid;
use compatrix_render::look::Look;

fn full() -> Chosen {
    let coverage = Coverage {
        strategy: Strategy::Covering { strength: 3 },
        strength: 3,
        cells: 4210,
        of: Some(10u128.pow(30)),
        covered: 4_060_000,
        wanted: 4_060_000,
        excluded: 1,
        tried: 12,
        unmet: vec!["rust=1.70 sqlite=bundled".to_owned()],
    };
    let since = Since {
        rev: "origin/main".to_owned(),
        changed: 12,
        affected: 40,
        of: 4210,
        why: (0..8).map(|n| format!("schema=v{n}: compat/fixtures/v{n}/with/a/rather/long/path/data.sql")).collect(),
    };
    let shard = Dealt {
        shard: "2/4".parse().unwrap(),
        builds: 1,
        builds_of: 9,
        runs: 11,
        runs_of: 40,
        predicted_ms: 61_000,
        longest_ms: 65_000,
        deal: "00c0ffee".to_owned(),
    };
    Chosen { coverage: Some(coverage), narrowed: Narrowed { of: 4210, since: Some(since), shard: Some(shard) } }
}

fn pairwise() -> Chosen {
    let mut choice = full();
    choice.narrowed = Narrowed::default();
    let coverage = choice.coverage.as_mut().unwrap();
    *coverage = Coverage {
        strategy: Strategy::Covering { strength: 2 },
        strength: 2,
        cells: 42,
        of: Some(1440),
        covered: 391,
        wanted: 391,
        excluded: 6,
        tried: 391,
        unmet: Vec::new(),
    };
    choice
}

#[test]
fn a_choice_in_two_widths() {
    let said = [80, 200].map(|width| lines(&full(), &Look::plain(width)));
    golden("choice-80.txt", &said[0]);
    golden("choice-200.txt", &said[1]);
    assert!(said[0].lines().all(|line| line.chars().count() <= 80), "{}", said[0]);
    let json = serde_json::to_string_pretty(&entry(&full())).unwrap();
    golden("choice.json", &(json + "\n"));
}

#[test]
fn every_cell_of_a_profile_needs_no_words() {
    assert_eq!(lines(&Chosen::default(), &Look::plain(80)), "");
    assert_eq!(serde_json::to_string(&entry(&Chosen::default())).unwrap(), "{}");
    assert_eq!(
        lines(&pairwise(), &Look::plain(80)),
        "pairwise: 42 of 1440 cells cover 391 of 391 pairs (6 pairs excluded by rules)\n"
    );
}

#[test]
fn the_report_ends_with_what_its_cells_cover() {
    let report = grid::report(&Matrix { chosen: pairwise(), ..sample() }, &Look::plain(80));
    let totals = report.find(" in ").unwrap_or_default();
    let said = report.find("pairwise: 42 of 1440").unwrap();
    assert!(totals < said, "{report}");
}
