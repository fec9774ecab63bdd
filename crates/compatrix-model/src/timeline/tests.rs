//! Rows, chains and accuracy of timelines.

use super::*;

/// A bar from kind, lane, build, and its span.
fn bar(kind: BarKind, lane: &str, build: usize, (from_ms, to_ms): (u64, u64)) -> Bar {
    let build = (kind != BarKind::Provision).then_some(build);
    Bar { kind, lane: lane.to_owned(), build, from_ms, to_ms, cpu_ms: Some(to_ms - from_ms), ..Bar::default() }
}

fn timeline(bars: Vec<Bar>) -> Timeline {
    Timeline { cores: 2.0, bars, ..Timeline::default() }
}

#[test]
fn a_lane_has_a_row_and_runs_are_packed_without_overlap() {
    use BarKind::*;
    let timeline = timeline(vec![
        bar(Run, "a", 0, (10, 20)),
        bar(Build, "b", 1, (1, 9)),
        bar(Build, "a", 0, (0, 10)),
        bar(Run, "a", 0, (10, 14)),
        bar(Build, "a", 2, (10, 12)),
        bar(Run, "b", 1, (14, 18)),
        bar(Alone, "b", 1, (20, 22)),
        bar(Provision, "", 0, (0, 1)),
        bar(Run, "b", 1, (19, 19)),
    ]);
    let rows = timeline.rows();
    let rows: Vec<_> = rows.iter().map(|row| (row.kind, row.lane.as_str(), row.bars.as_slice())).collect();
    assert_eq!(
        rows,
        [
            (Provision, "", &[7][..]),
            (Build, "b", &[1]),
            (Build, "a", &[2, 4]),
            (Run, "", &[3, 5, 8]),
            (Run, "", &[0]),
            (Alone, "", &[6]),
        ]
    );
    assert_eq!(timeline.counts()[&Run], 4);
}

#[test]
fn a_walk_is_bound_by_its_longest_chain_or_by_its_cores() {
    use BarKind::*;
    let mut made = timeline(vec![
        bar(Provision, "", 0, (0, 500)),
        bar(Build, "a", 0, (500, 600)),
        bar(Build, "b", 1, (500, 650)),
        bar(Build, "a", 2, (600, 640)),
        bar(Run, "a", 2, (700, 760)),
        bar(Run, "b", 1, (650, 690)),
        bar(Alone, "b", 1, (760, 790)),
    ]);
    let bound = made.bound().unwrap();
    assert_eq!(bound.chain, Chain { bars: vec![1, 3, 4], ms: 200 });
    assert_eq!((bound.took_ms, bound.cpu_ms, bound.alone_ms, bound.ms()), (290, 195, 30, 230));
    made.cores = 0.5;
    assert_eq!(made.bound().unwrap().ms(), 780 + 30, "half a core");
    assert_eq!(timeline(Vec::new()).bound(), None);
    assert_eq!(timeline(vec![bar(Provision, "", 0, (0, 9))]).bound(), None);
}

#[test]
fn accuracy_counts_from_half_time_and_against_the_total() {
    let at = |at_ms, left_ms| Estimate { at_ms, left_ms };
    let mut made = timeline(vec![bar(BarKind::Build, "a", 0, (100, 1100))]);
    made.estimates = vec![at(100, 9000), at(599, 0), at(600, 700), at(1000, 50), at(1200, 9000)];
    let accuracy = made.accuracy().unwrap();
    assert_eq!((accuracy.worst, accuracy.at_ms), (0.2, 600));
    made.estimates = vec![at(100, 9000), at(599, 0)];
    assert_eq!(made.accuracy(), None, "nothing was said in the second half");
    made.estimates.push(at(600, 700));
    made.interrupted = true;
    assert_eq!(made.accuracy(), None);
    assert_eq!(Timeline::default().accuracy(), None);
}

#[test]
fn the_mean_use_weighs_samples_by_their_time() {
    let at = |at_ms, ours, machine| Sample { at_ms, ours, machine, memory: 0 };
    let made = Timeline { samples: vec![at(100, 1.0, 2.0), at(400, 2.0, 2.0)], ..Timeline::default() };
    assert_eq!(made.mean_use(), Some((1.75, 2.0)));
    assert_eq!(Timeline::default().mean_use(), None);
}
