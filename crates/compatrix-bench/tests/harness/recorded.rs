//! Real output.

use compatrix_bench::harness::{callgrind, criterion, divan, gungraun, hyperfine, libtest, reading, Outputs};
use compatrix_bench::{Harness, Measured, Reading, Throughput};

use crate::{benches, folder, troubles};

const CRITERION: [(&str, &str); 4] = [
    ("0.3", include_str!("recorded/criterion-0.3.json")),
    ("0.4", include_str!("recorded/criterion-0.4.json")),
    ("0.5", include_str!("recorded/criterion-0.5.json")),
    ("0.8", include_str!("recorded/criterion-0.8.json")),
];
const GUNGRAUN: &str = include_str!("recorded/gungraun-0.20.json");
const DIVAN: &str = include_str!("recorded/divan-0.1.txt");
const DIVAN_ALLOCATIONS: &str = include_str!("recorded/divan-0.1-allocations.txt");
const LIBTEST: &str = include_str!("recorded/libtest.txt");

fn one<'a>(reading: &'a Reading, bench: &str, metric: &str) -> &'a Measured {
    let mut all = reading.measured.iter().filter(|one| one.bench == bench && one.metric == metric);
    all.next().unwrap_or_else(|| panic!("no {metric} of {bench}: {:?}", benches(reading)))
}

#[test]
fn each_version_of_criterion_is_read() {
    let long = "search/a name that is much longer than sixty-four bytes so that its folder is cut short";
    for (version, files) in CRITERION {
        let reading = criterion::reading(&folder(files));
        assert_eq!(troubles(&reading), [""; 0], "{version}");
        let mut names: Vec<&str> = reading.measured.iter().map(|one| one.bench.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["größe und / schräg", "plain", long, "search/fts/10000", "slow/once"], "{version}");
        for measured in &reading.measured {
            let Measured { bench, metric, unit, samples, raw, exact, .. } = measured;
            assert_eq!((metric.as_str(), unit.as_str(), samples.len()), ("time", "ns", 10), "{version}");
            // Only there did each sample have one iteration.
            assert_eq!(*raw, version == "0.5" && bench == "slow/once", "{version}: {bench}");
            assert!(!exact);
        }
        let throughput = |bench: &str| one(&reading, bench, "time").throughput.clone();
        let of = |count: f64, unit: &str| Some(Throughput { count, unit: unit.to_owned() });
        assert_eq!(throughput("search/fts/10000"), of(10000.0, "elements"), "{version}");
        assert_eq!(throughput(long), of(4096.0, "B"), "{version}");
        assert_eq!(throughput("plain"), None, "{version}");
        // 10,000,000 additions take milliseconds.
        let slow = one(&reading, "slow/once", "time").value().expect("samples");
        assert!((1e6..1e8).contains(&slow), "{version}: {slow}");
    }
}

#[test]
fn criterion_s_samples_are_times_by_iterations() {
    let files = [
        ("a/new/benchmark.json", r#"{"full_id":"a"}"#),
        ("a/new/sample.json", r#"{"sampling_mode":"Linear","iters":[1.0,2.0,4.0],"times":[10.0,24.0,44.0]}"#),
        ("b/new/benchmark.json", r#"{"full_id":"b","throughput":{"ElementsAndBytes":{"elements":5,"bytes":80}}}"#),
        ("b/new/sample.json", r#"{"sampling_mode":"Flat","iters":[1.0,1.0],"times":[10.0,24.0]}"#),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let reading = criterion::reading(&files);
    assert_eq!(one(&reading, "a", "time").samples, [10.0, 12.0, 11.0]);
    assert!(!one(&reading, "a", "time").raw);
    // An iteration a sample: that is a latency.
    assert!(one(&reading, "b", "time").raw);
    assert_eq!(one(&reading, "b", "time").throughput.as_ref().map(|of| of.count), Some(5.0));
}

#[test]
fn gungraun_s_instructions_and_allocations_are_read() {
    let reading = gungraun::reading(&folder(GUNGRAUN));
    assert_eq!(troubles(&reading), [""; 0]);
    let value = |bench: &str, metric: &str| one(&reading, bench, metric).value();
    assert_eq!(value("g::queries::no_id", "instructions"), Some(36.0));
    assert_eq!(value("g::queries::search small", "instructions"), Some(1332.0));
    assert_eq!(value("g::queries::search small", "allocations"), Some(1.0));
    assert_eq!(value("g::queries::search large", "allocated"), Some(80000.0));
    assert_eq!(value("g::queries::search large", "peak-allocated"), Some(80000.0));
    assert_eq!(value("g::queries::no_id", "allocations"), Some(0.0));
    assert!(reading.measured.iter().all(|one| one.exact));
    assert_eq!(reading.measured.len(), 4 * 4);
}

#[test]
fn an_earlier_run_s_values_are_not_taken() {
    let text = r#"{"version":"7","module_path":"m::g::f","profiles":[{"tool":"Callgrind","data":{"parts":[],"total":
        {"metrics":{"Ir":{"diffs":{"diff_pct":"1","factor":"1"},"values":{"new":11,"old":10}}},"regressions":[]}}}]}"#;
    let reading = gungraun::reading(&[("m/summary.json".to_owned(), text.to_owned())].into());
    assert_eq!(one(&reading, "m::g::f", "instructions").samples, [11.0]);
}

#[test]
fn callgrind_s_parts_are_summed() {
    assert_eq!(callgrind::instructions(include_str!("recorded/callgrind.out")), Ok(36));
    // What the same program counts in one part.
    assert_eq!(callgrind::instructions(include_str!("recorded/callgrind-parts.out")), Ok(345_267));
    assert_eq!(callgrind::instructions("events: Dr Ir Dw\n0 1 2 3\ntotals: 1 2 3\n"), Ok(2));
    assert_eq!(callgrind::instructions("events: Ir\nsummary: 5\n0 4\ntotals: 4\n"), Ok(5));
}

#[test]
fn divan_s_table_is_read() {
    let reading = divan::reading(DIVAN);
    assert_eq!(troubles(&reading), [""; 0]);
    let names: Vec<&str> = reading.measured.iter().map(|one| one.bench.as_str()).collect();
    let expected = [
        "e/allocates",
        "e/plain",
        "e/texts/a b",
        "e/texts/größe",
        "e/threaded/t=1",
        "e/threaded/t=2",
        "e/with_args/10",
        "e/with_args/1000",
        "e/with_args/100000",
        "e/generic/String/4",
        "e/generic/String/8",
        "e/generic/Vec<u8>/4",
        "e/generic/Vec<u8>/8",
        "e/outer group/named bench",
        "e/outer group/inner/items/1",
        "e/outer group/inner/items/2",
        "e/outer group/inner/sleeps",
    ];
    assert_eq!(names, expected);
    let value = |bench: &str| one(&reading, bench, "time").value().map(f64::round);
    assert_eq!(value("e/plain"), Some(74.0));
    assert_eq!(value("e/with_args/100000"), Some(81_220.0));
    assert_eq!(value("e/outer group/inner/sleeps"), Some(20_080_000.0));
    // Divan prints 1.225 Mitem/s beside 815.9 ns.
    let items = one(&reading, "e/outer group/inner/items/1", "time").throughput.clone().expect("items");
    assert_eq!((items.count.round(), items.unit.as_str()), (1.0, "elements"));
}

#[test]
fn divan_s_allocations_are_exact() {
    let reading = divan::reading(DIVAN_ALLOCATIONS);
    assert_eq!(troubles(&reading), [""; 0]);
    let of: Vec<(&str, f64, &str, bool)> = reading
        .measured
        .iter()
        .filter(|one| one.bench == "d/texts/größe" && one.metric != "time")
        .map(|one| (one.metric.as_str(), one.samples[0], one.unit.as_str(), one.exact))
        .collect();
    assert_eq!(
        of,
        [("peak-allocated", 21.0, "B", true), ("allocations", 1.0, "1", true), ("allocated", 21.0, "B", true)]
    );
    assert_eq!(one(&reading, "d/allocates", "allocated").value(), Some(8000.0));
    assert_eq!(reading.measured.iter().filter(|one| one.metric == "time").count(), 17);
}

#[test]
fn colours_and_output_of_the_bench_do_not_matter() {
    let coloured = DIVAN.replace("├─ plain", "├─ \u{1b}[1mplain\u{1b}[0m");
    assert_eq!(divan::reading(&coloured).measured, divan::reading(DIVAN).measured);
    // Divan prints the name, runs the bench, then prints the figures.
    let plain = DIVAN.lines().find(|line| line.contains("plain")).expect("plain");
    let (name, figures) = plain.split_at(plain.find("73.25").expect("figures"));
    let talking = DIVAN.replace(plain, &format!("{name}said by the bench\n│                {figures}"));
    assert_eq!(divan::reading(&talking), divan::reading(DIVAN));
}

#[test]
fn both_forms_of_libtest_s_line_are_read() {
    let reading = libtest::reading(LIBTEST);
    assert_eq!(troubles(&reading), ["fails: line 9: the bench failed"]);
    assert_eq!(benches(&reading), [("group::bytes", "time"), ("group::fast", "time"), ("group::slow", "time")]);
    assert_eq!(one(&reading, "group::slow", "time").samples, [1_580_256.2]);
    let bytes = one(&reading, "group::bytes", "time").throughput.clone().expect("bytes");
    assert_eq!((bytes.count / 4096.0 * 100.0).round(), 100.0);
    let old = libtest::reading("test tests::a ... bench:   1,234,567 ns/iter (+/- 12)\n");
    assert_eq!(one(&old, "tests::a", "time").samples, [1_234_567.0]);
}

#[test]
fn hyperfine_s_times_are_raw_and_its_memory_is_a_metric() {
    for text in [include_str!("recorded/hyperfine-1.20.json"), include_str!("recorded/hyperfine-1.20-stdout.txt")] {
        let reading = hyperfine::reading(text);
        assert_eq!(troubles(&reading), [""; 0]);
        assert_eq!(reading.measured.len(), 4);
        for measured in &reading.measured {
            let unit = if measured.metric == "time" { "s" } else { "B" };
            assert!(measured.raw && measured.unit == unit && measured.samples.len() >= 3, "{measured:?}");
        }
    }
    let named = hyperfine::reading(include_str!("recorded/hyperfine-1.20.json"));
    let expected = [("a name", "time"), ("a name", "peak-memory"), ("echo x", "time"), ("echo x", "peak-memory")];
    assert_eq!(benches(&named), expected);
    assert_eq!(one(&named, "a name", "time").samples[0], 0.012010639);
    // It has no memory in its file.
    assert_eq!(benches(&hyperfine::reading(include_str!("recorded/hyperfine-1.15.json"))), [("sleep 0.01", "time")]);
}

#[test]
fn a_failing_command_of_hyperfine_has_no_time() {
    let reading = hyperfine::reading(include_str!("recorded/hyperfine-1.20-failed.json"));
    assert_eq!(troubles(&reading), ["exit 3: hyperfine's JSON, result 1: run 1 ended with exit code 3"]);
    assert!(reading.measured.is_empty());
}

#[test]
fn auto_finds_whichever_left_results() {
    let text = |stdout: &str| Outputs { stdout: stdout.to_owned(), ..Outputs::default() };
    let cases = [
        (Harness::Criterion, Outputs { criterion: folder(CRITERION[3].1), ..Outputs::default() }),
        (Harness::Gungraun, Outputs { gungraun: folder(GUNGRAUN), ..Outputs::default() }),
        (Harness::Divan, text(DIVAN)),
        (Harness::Libtest, text(LIBTEST)),
        (Harness::Hyperfine, text(include_str!("recorded/hyperfine-1.20-stdout.txt"))),
        (Harness::Lines, text("hello\n{\"bench\":\"a\",\"metric\":\"time\",\"unit\":\"ns\",\"samples\":[1]}\n")),
    ];
    for (harness, outputs) in cases {
        let found = reading(Harness::Auto, &outputs);
        assert!(!found.measured.is_empty(), "{harness:?}");
        assert_eq!(found, reading(harness, &outputs), "{harness:?}");
    }
}
