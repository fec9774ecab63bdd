//! Laws of generated workflows, over random specs and over a large one.

use std::sync::atomic::{AtomicUsize, Ordering};

use compatrix_ci::generate::Reason;
use compatrix_ci::{CiPlan, Committed, Place};
use compatrix_model::matrix_spec::JobCommand;
use compatrix_model::matrix_spec::Spec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::commands::Seen;
use crate::random::{self, Tape, HOSTILE, MARK};
use crate::{committed, files, files_in, held, plans, spec, yaml, By, EVERY_WAY};

/// Each file parses, has the checklist's shape, and runs exactly the plans' cells.
fn check(
    spec: &Spec,
    committed: &Committed,
    plans: &[CiPlan],
    by: By,
    place: &Place,
    seen: &mut Seen,
) -> Result<usize, String> {
    let files = files_in(spec, plans, by, place).map_err(|refused| refused.to_string())?;
    for (name, text) in &files {
        let file = yaml::parse(text).map_err(|error| format!("{name}: {error}\n{text}"))?;
        let work = JobCommand::ALL.into_iter().find(|work| place.file(work.file()) == *name);
        let checked = match work {
            Some(work) => held::check(spec, committed, plans, work, &file, seen),
            None => held::shape(&file).and_then(|()| held::runs(&file, seen)),
        };
        checked.map_err(|wrong| format!("{name}: {wrong}\n{text}"))?;
    }
    Ok(files.len())
}

/// A spec of 5,000 cells and more builds than one matrix holds.
pub(crate) fn large() -> String {
    let modes: Vec<String> = (0..10).map(|n| format!("\"m{n}\"")).collect();

    let rust: Vec<String> = (30..130).map(|n| format!("\"1.{n}\"")).collect();

    format!(
        "version = 1\n[project]\npackages = [\"store\"]\n[axis]\nrust = [{}]\n\
         features = {{ default = [], json = [\"json\"], minimal = {{ default-features = false }}, \
         both = {{ features = [\"json\"], default-features = false }} }}\nsqlite = [\"bundled\", \"3.46.0\", \"3.54.1\"]\n\
         [axis.mode]\nenv = \"MODE\"\nvalues = [{}]\n[profile.full]\n\
         [ci.runners]\nlinux-x86_64 = \"ubuntu-24.04\"\n[ci.schedule]\ncron = \"17 3 * * *\"\ncompat = \"full\"\n\
         max-jobs = 2000\n",
        rust.join(", "),
        modes.join(", ")
    )
}

#[test]
fn a_large_plan_goes_into_several_matrices() {
    let spec = spec(&large()).unwrap_or_else(|problems| panic!("{problems}"));
    let committed = committed(&spec);
    let plans = plans(&spec, &committed).unwrap();
    let cells: usize = plans.iter().flat_map(CiPlan::jobs).map(|(_, job)| job.cells.len()).sum();
    assert!(cells >= 5_000, "{cells}");
    assert!(plans[0].groups.len() > 1, "{} groups", plans[0].groups.len());
    let done = check(&spec, &committed, &plans, By::Xtask, &Place::default(), &mut Seen::new());
    assert_eq!(done, Ok(1), "{}", done.clone().unwrap_err());
    let (_, text) = &files(&spec, &plans, By::Xtask).unwrap()[0];
    assert!(text.contains("# Part 1 of "), "{text}");
    assert_eq!(files(&spec, &plans, By::Xtask), files(&spec, &plans, By::Xtask));
}

/// How many random specs: `CASES`, or so many.
fn cases(usual: usize) -> usize {
    std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// A law held by so many random tapes, on two threads.
fn hold(cases: usize, law: impl Fn(&[u16], &mut Seen) -> Result<(), TestCaseError> + Sync) {
    const THREADS: usize = 2;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let law = &law;
            scope.spawn(move || {
                let config = Config {
                    cases: u32::try_from(cases / THREADS).expect("a few thousand"),
                    failure_persistence: None,
                    max_shrink_iters: 400,
                    ..Config::default()
                };
                let tape = proptest::collection::vec(any::<u16>(), 40..90);
                let seen = std::cell::RefCell::new(Seen::new());
                let held = TestRunner::new(config).run(&tape, |tape| law(&tape, &mut seen.borrow_mut()));
                held.unwrap_or_else(|error| panic!("thread {thread}: {error}"));
            });
        }
    });
}

#[test]
fn random_specs_give_workflows_of_exactly_their_cells() {
    let [refused, generated, rows] = [const { AtomicUsize::new(0) }; 3];
    let cases = cases(10_000);
    hold(cases, |tape, seen| {
        let mut tape = Tape(tape);
        let text = random::spec(&mut tape);
        let spec = spec(&text).map_err(|problems| TestCaseError::fail(format!("{problems}\n{text}")))?;
        let committed = committed(&spec);
        let Ok(plans) = plans(&spec, &committed) else {
            refused.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let by = EVERY_WAY[tape.one(&["0", "1", "2", "3"]).parse::<usize>().expect("a number")];
        let place = Place::new(tape.one(&["", "pool", "crates/pool"]), tape.once_in(2)).expect("a plain folder");
        let files = check(&spec, &committed, &plans, by, &place, seen);
        let files = files.map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{text}")))?;
        generated.fetch_add(files, Ordering::Relaxed);
        rows.fetch_add(plans.iter().flat_map(CiPlan::jobs).count(), Ordering::Relaxed);
        Ok(())
    });
    let [refused, generated, rows] = [refused, generated, rows].map(AtomicUsize::into_inner);
    println!("{cases} specs: {generated} workflows with {rows} rows; {refused} specs refused");
    assert!(refused < cases * 3 / 10, "{refused} of {cases} specs were refused");
    assert!(generated > cases / 2, "{generated} workflows");
}

/// What the parser of the spec would refuse, put behind its back: it stays in its quotes, or nothing is written.
#[test]
fn hostile_values_are_kept_in_their_quotes_or_refused() {
    let [refused, written] = [const { AtomicUsize::new(0) }; 2];
    let cases = cases(2_000);
    hold(cases, |tape, seen| {
        let mut tape = Tape(tape);
        let text = random::spec(&mut tape);
        let mut spec = spec(&text).map_err(TestCaseError::fail)?;
        let committed = committed(&spec);
        let Ok(mut plans) = plans(&spec, &committed) else { return Ok(()) };
        // Most without an expression, since one is enough to be refused.
        let inert: Vec<&str> = HOSTILE.iter().copied().filter(|text| !text.contains("${{")).collect();
        let texts = if tape.once_in(4) { HOSTILE } else { inert.as_slice() };
        let mut evil = || tape.one(texts).to_owned();
        let ci = spec.ci.as_mut().expect("each has it");
        ci.branches.push(evil());
        ci.runners.iter_mut().for_each(|(_, label)| *label = evil());
        ci.events.values_mut().for_each(|event| event.crons = vec![evil()]);
        if let Some(checks) = &mut ci.checks {
            checks.script = Some(evil());
            checks.packages.push(evil());
        }
        for plan in &mut plans {
            plan.profile = evil();
            plan.untried.iter_mut().for_each(|untried| untried.reason = evil());
            for group in &mut plan.groups {
                group.runner = evil();
                group.jobs.iter_mut().for_each(|job| job.builds.push(evil()));
            }
        }
        let files = match files(&spec, &plans, By::Xtask) {
            Ok(files) => files,
            Err(refusals) => {
                let evaluated =
                    |reason: &Reason| matches!(reason, Reason::Expression { text, .. } if text.contains("${{"));
                prop_assert!(refusals.0.iter().all(evaluated), "{refusals}");
                refused.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        };
        for (name, text) in &files {
            let file = yaml::parse(text).map_err(|error| TestCaseError::fail(format!("{name}: {error}\n{text}")))?;
            let wrong = held::shape(&file).and_then(|()| held::runs(&file, seen)).err();
            prop_assert_eq!(&wrong, &None, "{}", text);
            let mut loose = Vec::new();
            file.each(&mut Vec::new(), &mut |path, text, style| {
                let kept = style == saphyr_parser::ScalarStyle::DoubleQuoted && !text.contains("${{ github.token");
                if path.iter().any(|key| key.contains(MARK)) || (text.contains(MARK) && !kept) {
                    loose.push(format!("{path:?} {text}"));
                }
            });
            prop_assert!(loose.is_empty(), "{loose:?}\n{text}");
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        }
        written.fetch_add(files.len(), Ordering::Relaxed);
        Ok(())
    });
    let [refused, written] = [refused, written].map(AtomicUsize::into_inner);
    println!("{written} workflows with hostile values written; {refused} specs refused");
    assert!(written > cases / 2 && refused > cases / 50, "{written} written, {refused} refused");
}
