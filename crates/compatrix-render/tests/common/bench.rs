//! Reports of `bench`, as the tests need them.

use compatrix_bench::Canary;
use compatrix_bench::{Change, Comparison, Figures, Judged, Proven, Tier};
use compatrix_model::cell::CellId;
use compatrix_model::outcome::Outcome;
use compatrix_model::speed::{Group, GroupTrouble, Machine, Question, Round, Side, Sources, SpeedReport};

use super::record;

pub const COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";
pub const PARENT: &str = "0123456789abcdef0123456789abcdef01234567";

pub fn cell(text: &str) -> CellId {
    text.parse().unwrap()
}

pub fn base() -> Sources {
    Sources { name: "main".into(), commit: Some(PARENT.into()), committed: Some(1_790_000_000), dirty: false }
}

pub fn head() -> Sources {
    Sources { name: "working tree".into(), commit: Some(COMMIT.into()), committed: Some(1_790_003_600), dirty: false }
}

pub fn side(name: &str, cell: &CellId) -> Side {
    let proof = record(cell, Outcome::Passed).proof;
    Side { name: name.into(), proof, peak_memory: Some(12_582_912), cpu_ms: Some(1834) }
}

pub fn group(suite: &str, id: &str) -> Group {
    let cell = cell(id);
    Group {
        suite: suite.into(),
        sides: vec![side("base", &cell), side("head", &cell)],
        cell,
        same: false,
        only: Vec::new(),
        rounds: vec![Round { order: vec![0, 1], load: 0.31 }, Round { order: vec![1, 0], load: 0.42 }],
        trouble: None,
        unusable: Vec::new(),
    }
}

pub fn figures(p50: f64) -> Figures {
    Figures { samples: 1600, p50: Some(p50), p95: Some(p50 * 1.08), p99: Some(p50 * 1.21), per_second: None }
}

/// A comparison of times with a ratio and half the width of its interval.
pub fn time(bench: &str, change: Change, ratio: f64, half: f64) -> Comparison {
    let p = match change {
        Change::Slower => 0.000_015,
        Change::Same | Change::Faster | Change::NotSlower | Change::Unproven => 0.61,
    };
    Comparison {
        group: 0,
        bench: bench.into(),
        metric: "time".into(),
        unit: "ns".into(),
        change,
        ratio: Some(ratio),
        interval: Some((ratio - half, ratio + half)),
        smallest: (change == Change::Unproven).then_some(1.094),
        spread: Some(half * 1.4),
        rounds: if change == Change::Unproven { 32 } else { 16 },
        p: Some(p),
        p_corrected: Some((p * 5.0_f64).min(1.0)),
        p_mann_whitney: Some(p * 1.5),
        p_welch: Some(p / 2.0),
        base: figures(1_234_567.0),
        head: figures(1_234_567.0 * ratio),
        why: match change {
            Change::Unproven => "the interval contains the tolerance of 3 %".into(),
            Change::Same | Change::Slower | Change::Faster | Change::NotSlower => String::new(),
        },
    }
}

pub fn same(bench: &str) -> Comparison {
    Comparison {
        ratio: None,
        interval: None,
        smallest: None,
        spread: None,
        rounds: 0,
        p: None,
        p_corrected: None,
        p_mann_whitney: None,
        p_welch: None,
        base: Figures::default(),
        head: Figures::default(),
        ..time(bench, Change::Same, 1.0, 0.0)
    }
}

/// Instructions, which need no test.
pub fn instructions(bench: &str, change: Change, ratio: f64) -> Comparison {
    let count = |n: f64| Figures { samples: 2, p50: Some(n), ..Figures::default() };
    Comparison {
        metric: "instructions".into(),
        unit: "1".into(),
        change,
        ratio: Some(ratio),
        rounds: 2,
        base: count(41_234_567.0),
        head: count((41_234_567.0 * ratio).round()),
        ..same(bench)
    }
}

pub fn report(groups: Vec<Group>, comparisons: Vec<Comparison>) -> SpeedReport {
    SpeedReport {
        platform: "linux-x86_64".into(),
        machine: Machine {
            processor: "AMD EPYC 9V74 80-Core Processor".into(),
            kernel: "Linux 6.1.0-28-amd64".into(),
            cores: 4.0,
            core: Some(3),
            governor: Some("performance".into()),
        },
        question: Question::Change { base: base(), head: head() },
        seed: 4_242_424_242,
        alpha: 0.01,
        groups,
        comparisons,
        canary: Some(Canary {
            proven: true,
            why: String::new(),
            spread: Some(0.011),
            same: Some(1.0),
            slow: Some(1.1),
            drift: Some(0.0),
            rounds: 32,
        }),
        targets: Vec::new(),
        notes: Vec::new(),
        rounds_ms: 312_000,
        processes_ms: 303_264,
    }
}

/// Executables that are equal.
pub fn all_same() -> SpeedReport {
    let group = Group { same: true, rounds: Vec::new(), ..group("search", "rust=stable sqlite=bundled") };
    let list = ["search/1000", "search/100000", "open"].map(same).to_vec();
    SpeedReport { canary: None, rounds_ms: 0, processes_ms: 0, ..report(vec![group], list) }
}

/// One bench slower, one faster, one unproven, one of instructions.
pub fn one_slower() -> SpeedReport {
    let mut open = time("open", Change::NotSlower, 1.001, 0.006);
    open.head.per_second = Some((1_200_000.0, "elements".into()));
    open.base.per_second = Some((1_201_200.0, "elements".into()));
    let list = vec![
        time("search/1000", Change::NotSlower, 0.998, 0.004),
        time("search/100000", Change::Slower, 1.102, 0.0137),
        open,
        time("insert in a transaction", Change::Faster, 0.912, 0.009),
        time("backup", Change::Unproven, 1.021, 0.031),
        instructions("search/1000", Change::Slower, 1.0312),
    ];
    let mut report = report(vec![group("search", "rust=stable sqlite=bundled")], list);
    report.notes = vec!["benches of `things-bench` of head ran against both libraries".into()];
    report.groups[0].unusable = vec!["`vacuum`: sample.json ends in the middle of a number".into()];
    report
}

/// Nothing is decided.
pub fn unproven() -> SpeedReport {
    let list = vec![
        time("search/1000", Change::Unproven, 1.012, 0.041),
        Comparison {
            ratio: None,
            interval: None,
            smallest: None,
            spread: None,
            why: "one round has a time of zero".into(),
            ..time("open", Change::Unproven, 1.0, 0.0)
        },
    ];
    report(vec![group("search", "rust=stable sqlite=bundled")], list)
}

/// The machine cannot tell.
pub fn blind() -> SpeedReport {
    let mut report = one_slower();
    report.canary = Some(Canary {
        proven: false,
        why: "10 % more work was not called slower, because the frequency fell from 3.7 to 2.1 GHz in the middle"
            .into(),
        spread: Some(0.23),
        same: Some(1.0),
        slow: Some(1.1),
        drift: Some(0.0),
        rounds: 32,
    });
    report
}

/// A base that does not build, a head that crashes, a cell without its toolchain, and benches of one side.
pub fn troubles() -> SpeedReport {
    let trouble = |outcome, side: &str, cause: &str| GroupTrouble { outcome, side: side.into(), cause: cause.into() };
    let mut groups = vec![
        group("search", "rust=stable sqlite=bundled"),
        group("search", "rust=1.75 sqlite=bundled"),
        group("search", "rust=nightly sqlite=bundled"),
        group("store", "rust=stable sqlite=bundled"),
        group("store", "rust=stable sqlite=3.46.0"),
    ];
    groups[0].trouble =
        Some(trouble(Outcome::BuildFailed, "base", "error[E0433]: cannot find `Store` in `things_store`"));
    groups[1].trouble =
        Some(trouble(Outcome::Unavailable, "", "rust 1.75 is not installed here; rustup toolchain install 1.75"));
    groups[2].trouble = Some(trouble(Outcome::Crashed, "head", "SIGSEGV in the bench `open`"));
    groups[3].only = vec![("vacuum".into(), 0), ("search/rare".into(), 1), ("search/new".into(), 1)];
    groups[4].trouble = Some(trouble(Outcome::Infrastructure, "", "no space left on device"));
    for group in &mut groups[..3] {
        group
            .sides
            .iter_mut()
            .for_each(|side| *side = Side { proof: None, peak_memory: None, cpu_ms: None, ..side.clone() });
    }
    let mut list = vec![time("open", Change::NotSlower, 1.0, 0.005)];
    list[0].group = 3;
    report(groups, list)
}

/// `--across sqlite`.
pub fn across() -> SpeedReport {
    let of = |value: &str| {
        let reference = cell("rust=stable sqlite=3.54.1");
        let other = cell(&format!("rust=stable sqlite={value}"));
        let sides = vec![side("3.54.1", &reference), side(value, &other)];
        Group { sides, cell: other, ..group("search", "rust=stable sqlite=3.54.1") }
    };
    let mut list = vec![
        time("search", Change::Slower, 1.31, 0.0462),
        time("open", Change::NotSlower, 1.004, 0.0092),
        time("search", Change::Faster, 0.94, 0.012),
        time("open", Change::Unproven, 1.02, 0.05),
    ];
    for (nth, one) in list.iter_mut().enumerate() {
        one.group = nth / 2;
    }
    let question = Question::Across { axis: "sqlite".into(), reference: "3.54.1".into(), head: head() };
    SpeedReport { question, ..report(vec![of("3.35.4"), of("3.46.0")], list) }
}

/// Targets of every tier with every verdict.
pub fn targets() -> SpeedReport {
    let target =
        |bench: &str, metric: &str, limit: &str, tier, proven, figure: Option<(f64, f64)>, unit: &str| Judged {
            group: Some(0),
            bench: bench.into(),
            metric: metric.into(),
            limit: limit.into(),
            tier,
            proven,
            figure: figure.map(|(figure, _)| figure),
            interval: figure.map(|(figure, half)| (figure - half, figure + half)),
            unit: unit.into(),
            why: match proven {
                Proven::Unproven => "a p95 needs 59 raw samples, and there are 20".into(),
                Proven::Proven | Proven::Contradicted => String::new(),
            },
        };
    let mut report = one_slower();
    report.targets = vec![
        target("search/1000", "p95", "at most 5 ms", Tier::Must, Proven::Proven, Some((0.0042, 0.0002)), "s"),
        target("search/100000", "p95", "at most 5 ms", Tier::Must, Proven::Contradicted, Some((0.0071, 0.0004)), "s"),
        target(
            "open",
            "throughput",
            "at least 1000000/s",
            Tier::Should,
            Proven::Contradicted,
            Some((900_000.0, 12_000.0)),
            "1/s",
        ),
        target(
            "open",
            "peak-memory",
            "at most 10 MB",
            Tier::Nice,
            Proven::Contradicted,
            Some((12_582_912.0, 0.0)),
            "B",
        ),
        target("backup", "p95", "at most 1 s", Tier::Must, Proven::Unproven, None, "s"),
        Judged {
            group: None,
            why: "no bench has this name; did you mean `search/1000`?".into(),
            ..target("serach/1000", "p50", "at most 1 ms", Tier::Should, Proven::Unproven, None, "s")
        },
    ];
    report
}

/// The same without a base.
pub fn only_targets() -> SpeedReport {
    let mut report = SpeedReport { question: Question::Targets { head: head() }, comparisons: Vec::new(), ..targets() };
    report.groups[0].sides.remove(0);
    report
}

/// Names that try to break out of what they stand in.
pub fn hostile() -> SpeedReport {
    let names = [
        "a|b ||| `c` **d** @octocat <script>alert(1)</script> <!-- x -->",
        "line\nbreak\r\n| --- | @team/all #12 https://evil.example/?a=b www.evil.example",
        "</details></table>\u{1b}[31mred\u{202e}txt.exe\u{0}",
        "::error::not a command ``` ~~~ ![x](https://evil.example/x.png) [y](javascript:alert(1))",
        "`````",
        "",
    ];
    let mut report = one_slower();
    report.comparisons = names.map(|name| time(name, Change::Slower, 1.2, 0.01)).to_vec();
    report.comparisons[1].change = Change::Unproven;
    report.comparisons[1].why = names[1].into();
    report.comparisons[2].unit = names[0].into();
    report.comparisons[3].metric = names[1].into();
    report.comparisons[0].head.per_second = Some((3.0, names[2].into()));
    report.groups[0].unusable = vec![names[3].into()];
    report.groups[0].only = vec![(names[0].into(), 0), (names[1].into(), 7)];
    report.notes = names.map(str::to_owned).to_vec();
    report.targets = targets().targets;
    report.targets[1].bench = names[0].into();
    report.targets[2].why = names[1].into();
    report.machine.processor = names[2].into();
    report
}
