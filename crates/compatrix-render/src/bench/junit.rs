//! JUnit XML of benches: a test suite a group, a test case a bench and metric; a suite for targets and one for the canary.
//!
//! | result | in JUnit |
//! |---|---|
//! | same, faster, not slower | a pass |
//! | slower | a failure of type `slower`; of `--across` a pass, because a cost is no regression |
//! | unproven | skipped, with the reason |
//! | any of these where the canary is not proven | an error of type `infrastructure`: no verdict counts |
//! | a group that does not work | a failure whose type is the outcome |
//! | a group that could not be compared | skipped if nothing promises it or it is not available here, else an error |
//! | nothing could be shown | an error of type `infrastructure`, in the suite `machine` |
//! | target: proven | a pass |
//! | target: contradicted | a failure of type `contradicted` for `must`; skipped, with the reason, for `should` and `nice` |
//! | target: unproven | skipped, with the reason |

use std::time::Duration;

use compatrix_bench::{Change, Comparison, Judged, Proven, Tier};
use compatrix_model::speed::{Group, SpeedReport};
use compatrix_model::verdict::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{sentences, words};
use crate::junit::xml_text;

/// The XML of a report. `name` is the project's. Characters that XML does not allow are dropped.
pub fn junit(report: &SpeedReport, name: &str) -> String {
    let mut out = Report::new(xml_text(name));
    out.set_time(Duration::from_millis(report.rounds_ms));
    let mut suites: Vec<TestSuite> = Vec::new();
    for (nth, group) in report.groups.iter().enumerate() {
        suites.push(of_group(report, nth, group));
    }
    if !report.targets.is_empty() {
        let mut suite = TestSuite::new("targets");
        suite.add_test_cases(report.targets.iter().map(|target| of_target(report, target)));
        suites.push(suite);
    }
    let mut machine = Vec::new();
    if let Some(canary) = &report.canary {
        let status = match canary.proven {
            true => TestCaseStatus::success(),
            false => status(NonSuccessKind::Error, "infrastructure", &sentences::canary(canary)),
        };
        let mut case = TestCase::new("canary", status);
        case.set_classname("machine").set_system_out(xml_text(&sentences::canary(canary)));
        machine.push(case);
    }
    let is_blind = report.canary.as_ref().is_some_and(|canary| !canary.proven);
    if let Some(why) = sentences::cannot_tell(report).filter(|_| !is_blind) {
        let mut case = TestCase::new("compared", status(NonSuccessKind::Error, "infrastructure", &why));
        case.set_classname("machine");
        machine.push(case);
    }
    if !machine.is_empty() {
        let mut suite = TestSuite::new("machine");
        suite.add_test_cases(machine);
        suites.push(suite);
    }
    out.add_test_suites(suites);
    out.to_string().expect("a report in memory is always written")
}

fn of_group(report: &SpeedReport, nth: usize, group: &Group) -> TestSuite {
    let name = xml_text(&format!("{} {}", group.suite, group.cell));
    let mut suite = TestSuite::new(name.as_str());
    for line in sentences::sides(group) {
        suite.add_property(("sides", xml_text(&line).as_str()));
    }
    for remark in sentences::remarks(group) {
        suite.add_property(("remark", xml_text(&remark).as_str()));
    }
    let mut add = |case: &str, status: TestCaseStatus, body: String| {
        let mut case = TestCase::new(xml_text(case), status);
        case.set_classname(name.as_str());
        if !body.is_empty() {
            case.set_system_out(xml_text(&body));
        }
        suite.add_test_case(case);
    };
    if let Some(trouble) = &group.trouble {
        let why = sentences::trouble(trouble);
        let outcome = trouble.outcome.as_str();
        let result = match words::trouble(trouble) {
            Verdict::Broken => status(NonSuccessKind::Failure, outcome, &why),
            _ if trouble.is_of_base() => status(NonSuccessKind::Error, outcome, &why),
            Verdict::Error => status(NonSuccessKind::Error, outcome, &why),
            Verdict::Ok
            | Verdict::Known
            | Verdict::UnexpectedPass
            | Verdict::Flaky
            | Verdict::Stale
            | Verdict::Unproven
            | Verdict::NotPromised => skipped(outcome, &why),
        };
        add("compared", result, String::new());
    }
    for one in report.of_group(nth) {
        add(&sentences::bench(one), of_comparison(report, one), body(report, group, one));
    }
    for (bench, side) in &group.only {
        let side = group.sides.get(*side).map_or("one side", |side| side.name.as_str());
        add(bench, skipped("one-side", &format!("only in {side}, so not compared")), String::new());
    }
    suite
}

fn of_comparison(report: &SpeedReport, one: &Comparison) -> TestCaseStatus {
    let blind = report.canary.as_ref().filter(|canary| !canary.proven);
    if let (Some(canary), false) = (blind, one.change == Change::Same) {
        return status(NonSuccessKind::Error, "infrastructure", &sentences::canary(canary));
    }
    match one.change {
        Change::Same | Change::Faster | Change::NotSlower => TestCaseStatus::success(),
        Change::Slower if !words::is_change(report) => TestCaseStatus::success(),
        Change::Slower => {
            let message = format!("slower: {}", words::change(one));
            status(NonSuccessKind::Failure, "slower", &message)
        }
        Change::Unproven => {
            let why =
                sentences::unproven(one).unwrap_or_else(|| "neither slower nor not slower could be shown".to_owned());
            skipped("unproven", &why)
        }
    }
}

/// What was seen, with all that a reader of a verdict asks for.
fn body(report: &SpeedReport, group: &Group, one: &Comparison) -> String {
    let mut lines = vec![match words::is_change(report) {
        true => format!("{} {}", words::verdict(one.change, true), words::change(one)),
        false => sentences::across(Some(group), one),
    }];
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    };
    fact("rounds", if one.rounds == 0 { String::new() } else { one.rounds.to_string() });
    fact("spread of a round", one.spread.map(words::share).unwrap_or_default());
    fact("p after Holm", words::p(one.p_corrected));
    fact("p before", words::p(one.p));
    fact("p of Mann-Whitney U", words::p(one.p_mann_whitney));
    fact("p of Welch's t", words::p(one.p_welch));
    for (nth, figures) in [&one.base, &one.head].into_iter().enumerate().filter(|(_, figures)| figures.samples > 0) {
        let name = group.sides.get(nth).map_or(["base", "head"][nth], |side| side.name.as_str());
        let percentiles = [("p50", figures.p50), ("p95", figures.p95), ("p99", figures.p99)];
        let seen =
            percentiles.iter().filter_map(|(p, value)| Some(format!("{p} {}", words::figure((*value)?, &one.unit))));
        let rate = figures.per_second.iter().map(|(value, what)| words::rate(*value, what));
        fact(name, seen.chain(rate).collect::<Vec<_>>().join(", "));
    }
    lines.join("\n")
}

fn of_target(report: &SpeedReport, target: &Judged) -> TestCase {
    let seen = match target.figure {
        Some(figure) => format!("; seen: {}", words::figure(figure, &target.unit)),
        None => String::new(),
    };
    let why = if target.why.is_empty() { String::new() } else { format!("; {}", target.why) };
    let said = format!("{} ({}): {}{seen}{why}", words::proven(target.proven), words::tier(target.tier), target.limit);
    let status = match (target.proven, target.tier) {
        (Proven::Proven, _) => TestCaseStatus::success(),
        (Proven::Contradicted, Tier::Must) => status(NonSuccessKind::Failure, "contradicted", &said),
        (Proven::Contradicted, Tier::Should | Tier::Nice) => skipped("contradicted", &said),
        (Proven::Unproven, _) => skipped("unproven", &said),
    };
    let name = format!("{} {} {}", target.bench, target.metric, target.limit);
    let mut case = TestCase::new(xml_text(&name), status);
    let group = target.group.and_then(|group| report.groups.get(group));
    case.set_classname(xml_text(
        &group.map_or("targets".to_owned(), |group| format!("{} {}", group.suite, group.cell)),
    ));
    case.set_system_out(xml_text(&said));
    case
}

fn status(kind: NonSuccessKind, what: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(what).set_message(xml_text(message));
    status
}

fn skipped(what: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type(what).set_message(xml_text(message));
    status
}
