//! What the plan of CI promises: each cell in one job, each build in one job, jobs of about the same length, plain names.

use std::collections::{BTreeMap, BTreeSet};

use compatrix_ci::plan::{JOB_MS, MATRIX_JOBS, MOST_JOBS, ORCHESTRATOR_MS, VERDICT_MS, WORTH_MS};
use compatrix_ci::{ci_plan, CiPlan, Committed};
use compatrix_model::condition::Condition;
use compatrix_model::facts::{Durations, PackageFacts};
use compatrix_model::matrix_spec::Spec;
use compatrix_model::matrix_spec::{Ci, CiEvent, EventSettings, JobCommand};
use compatrix_model::plan::predict::LATER_BUILD_MS;
use compatrix_model::plan::{plan, Choice};
use compatrix_model::spec_text::parse;
use proptest::prelude::*;

fn settings(platforms: &[&str]) -> EventSettings {
    EventSettings {
        compat: Some("local".to_owned()),
        leak_check: Some("local".to_owned()),
        bench: None,
        platforms: platforms.iter().map(|platform| (*platform).to_owned()).collect(),
        max_jobs: None,
        max_minutes: None,
        crons: Vec::new(),
    }
}

/// A spec with these axes and suites; `pull_request` runs its profile `local` on these platforms.
fn spec(text: &str, platforms: &[&str]) -> Spec {
    let text = format!("[project]\npackages = [\"store\"]\n{text}");
    let fixtures = ["v18", "v24"].map(str::to_owned);
    let parsed =
        parse(&text, "matrix.toml", &fixtures).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    let mut spec = parsed.spec;
    spec.ci = Some(Ci {
        branches: vec!["main".to_owned()],
        tool: None,
        runners: platforms.iter().map(|platform| ((*platform).to_owned(), format!("runner-of-{platform}"))).collect(),
        events: BTreeMap::from([(CiEvent::PullRequest, settings(platforms))]),
        timeout_minutes: 60,
        retention_days: 14,
        caches: true,
        code_scanning: false,
        missing_fails: false,
        may_fail: Vec::new(),
        tried_platforms: Vec::new(),
        checks: None,
    });
    spec
}

fn change(spec: &mut Spec, change: impl FnOnce(&mut EventSettings)) {
    let ci = spec.ci.as_mut().expect("made with one");
    change(ci.events.get_mut(&CiEvent::PullRequest).expect("made with one"));
}

fn may_fail(spec: &mut Spec, condition: &str) {
    let condition = Condition::parse_expr(condition, &spec.space).expect("a condition");
    spec.ci.as_mut().expect("made with one").may_fail.push(condition);
}

#[track_caller]
fn planned(spec: &Spec, committed: &Committed) -> CiPlan {
    ci_plan(spec, committed, CiEvent::PullRequest, JobCommand::Compat)
        .unwrap_or_else(|error| panic!("{error}"))
        .expect("a plan")
}

/// Of a package whose default feature makes a difference.
fn committed() -> Committed {
    let features = [("default", vec!["x".to_owned()]), ("x", Vec::new())];
    let store = PackageFacts {
        name: "store".to_owned(),
        features: features.into_iter().map(|(name, on)| (name.to_owned(), on)).collect(),
        ..PackageFacts::default()
    };
    Committed { packages: vec![store], ..Committed::default() }
}

fn jobs_of(spec: &Spec) -> CiPlan {
    planned(spec, &committed())
}

/// The spec with a job for each build, whether it is worth one or not.
fn one_each(mut spec: Spec) -> Spec {
    change(&mut spec, |event| event.max_jobs = Some(2 * MOST_JOBS as u32));
    spec
}

const LINUX: &str = "linux-x86_64";
const AXES: &str = "[axis]\nrust = [\"1.70\", \"1.80\", \"stable\"]\nsqlite = [\"bundled\", \"3.46.0\", \"3.50.2\"]\n\
                    schema = \"fixtures/*\"\nfeatures = { default = [], none = { default-features = false } }\n";

/// Each cell of the platform's plan is in one job, no build is in two, no job is empty, names are plain and unique.
fn check(spec: &Spec, committed: &Committed, jobs: &CiPlan) {
    let ci = spec.ci.as_ref().expect("made with one");
    let settings = &ci.events[&CiEvent::PullRequest];
    let profile = spec.narrowed(&spec.profiles["local"], |suite| suite.leak().is_none()).expect("a suite");
    let mut names = BTreeSet::new();
    for platform in &settings.platforms {
        let facts = committed.runner(spec, platform);
        let whole = plan(spec, &Choice { profile: &profile, cells: &[], packages: &[] }, &facts);
        let build_of: BTreeMap<(usize, u128), usize> =
            whole.runs.iter().map(|run| ((run.suite, run.cell.0), run.build)).collect();
        let mut seen = BTreeSet::new();
        let mut owner: BTreeMap<usize, &str> = BTreeMap::new();
        for (group, job) in jobs.jobs().filter(|(group, _)| group.platform == *platform) {
            assert!(!job.cells.is_empty() && !job.builds.is_empty() && !job.toolchains.is_empty(), "{job:?}");
            assert!(job.cells.is_sorted_by_key(|(suite, cell)| (*cell, *suite)), "in cell order: {job:?}");
            assert!(group.jobs.len() <= MATRIX_JOBS);
            for (suite, cell) in &job.cells {
                assert!(seen.insert((*suite, cell.0)), "{} is in two jobs", spec.space.id(*cell));
                let build = build_of[&(*suite, cell.0)];
                assert_eq!(*owner.entry(build).or_insert(&job.id), job.id, "a build is in two jobs");
                assert!(job.builds.contains(&whole.builds[build].id()), "{job:?}");
            }
        }
        assert_eq!(seen, build_of.keys().copied().collect(), "all cells, and no others");
        let untried = jobs.untried.iter().filter(|untried| untried.platform == *platform).count();
        assert_eq!(untried + seen.len(), whole.runs.len() + whole.skips.len());
    }
    let mut shown = BTreeSet::new();
    for (_, job) in jobs.jobs() {
        assert!(names.insert(job.id.to_ascii_lowercase()), "two jobs `{}`", job.id);
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_+".contains(c);
        assert!(job.id.chars().all(plain) && job.id.len() < 100, "{}", job.id);
        assert!(shown.insert(job.name.to_ascii_lowercase()), "two jobs {:?}", job.name);
        assert!(job.name.len() <= 90, "GitHub cuts {:?}", job.name);
    }
}

proptest! {
    #[test]
    fn each_cell_is_in_one_job_and_each_build(
        rusts in 1usize..6, values in 1usize..5, most in 0u32..12, both in any::<bool>(),
        nightly_may_fail in any::<bool>(), distro in any::<bool>(),
        times in proptest::collection::vec((0usize..20, 1u64..500_000), 0..20),
    ) {
        let mut names: Vec<String> = (0..rusts).map(|n| format!("1.{}", 70 + n)).collect();
        names.push("nightly".to_owned());
        names.extend(distro.then(|| "debian-12".to_owned()));
        let texts: Vec<String> = (0..values).map(|n| format!("v{n}")).collect();
        let archive = "[distro.debian-12]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n";
        let mut spec = spec(&format!(
            "[axis]\nrust = {names:?}\nfeatures = {{ default = [], none = {{ default-features = false }} }}\n\
             [axis.own]\nenv = \"OWN\"\nvalues = {texts:?}\n{}",
            if distro { archive } else { "" }
        ), if both { &[LINUX, "macos-aarch64"] } else { &[LINUX] });
        if nightly_may_fail {
            may_fail(&mut spec, "rust=nightly");
        }
        let mut committed = committed();
        check(&spec, &committed, &planned(&spec, &committed));
        let one_each = planned(&one_each(spec.clone()), &committed);
        check(&spec, &committed, &one_each);
        for (n, ms) in times {
            let build = one_each.jobs().nth(n).map(|(_, job)| job.builds[0].clone());
            committed.durations.builds.extend(build.clone().map(|build| (build, ms)));
            committed.durations.averages.extend(build.map(|build| (("tests".to_owned(), build), ms / 100)));
        }
        change(&mut spec, |event| event.max_jobs = (most > 0).then_some(most));
        let jobs = planned(&spec, &committed);
        check(&spec, &committed, &jobs);
        if most > 0 {
            let kinds = one_each.jobs().map(|(group, job)| (&group.platform, &group.container, job.may_fail));
            let kinds = kinds.collect::<BTreeSet<_>>().len();
            prop_assert!(jobs.jobs().count() <= (most as usize).max(kinds), "{} jobs of {most}", jobs.jobs().count());
            prop_assert!(jobs.jobs().count() >= (most as usize).min(one_each.jobs().count()).min(1));
        }
        for (group, job) in jobs.jobs() {
            prop_assert_eq!(group.container.is_some(), job.toolchains.iter().all(|name| name.as_str() == "debian-12"));
            let nightly = job.toolchains.iter().any(|name| name.as_str() == "nightly");
            prop_assert_eq!(job.may_fail, nightly && nightly_may_fail, "{:?}", job.toolchains);
        }
    }
}

#[test]
fn jobs_that_are_packed_take_about_as_long() {
    let mut spec = spec(AXES, &[LINUX]);
    let mut committed = committed();
    let builds: Vec<String> = jobs_of(&one_each(spec.clone())).jobs().map(|(_, job)| job.builds[0].clone()).collect();
    assert_eq!(builds.len(), 12);
    for (n, build) in builds.iter().enumerate() {
        committed.durations.builds.insert(build.clone(), 10_000 * (n as u64 + 1));
        committed.durations.averages.insert(("tests".to_owned(), build.clone()), 1);
    }
    change(&mut spec, |event| event.max_jobs = Some(4));
    let jobs = planned(&spec, &committed);
    let mut loads: Vec<u64> = jobs.jobs().map(|(_, job)| (job.predicted_ms - JOB_MS) / 1_000).collect();
    loads.sort_unstable();
    // 780 s in all, and 40 s for dependencies that a second job compiles too.
    assert_eq!((loads.len(), loads.iter().sum::<u64>()), (4, 820), "{loads:?}");
    assert!(loads[3] - loads[0] <= 30, "{loads:?}");
}

#[test]
fn jobs_go_where_they_make_the_longest_shorter() {
    let mut spec = spec(AXES, &[LINUX]);
    may_fail(&mut spec, "rust=1.70");
    let mut committed = committed();
    for (_, job) in jobs_of(&one_each(spec.clone())).jobs().filter(|(_, job)| job.may_fail) {
        committed.durations.builds.insert(job.builds[0].clone(), 1_000_000);
    }
    change(&mut spec, |event| event.max_jobs = Some(5));
    let jobs = planned(&spec, &committed);
    // Four of the five builds that may fail take most of the time: each has a job of its own, the other eight share one.
    let mut builds: Vec<(bool, usize)> = jobs.jobs().map(|(_, job)| (job.may_fail, job.builds.len())).collect();
    builds.sort_unstable();
    assert_eq!(builds, [(false, 8), (true, 1), (true, 1), (true, 1), (true, 1)]);
}

#[test]
fn a_matrix_that_is_too_large_is_split_and_a_plan_that_is_too_large_refused() {
    let many = |rusts: usize, max_jobs: Option<u32>| {
        let names: Vec<String> = (0..rusts).map(|n| format!("1.{}", 60 + n)).collect();
        let mut spec = spec(&format!("[axis]\nrust = {names:?}\n"), &[LINUX]);
        change(&mut spec, |event| event.max_jobs = max_jobs);
        spec
    };
    let all = Some(2 * MOST_JOBS as u32);
    let plan = jobs_of(&many(600, all));
    let groups: Vec<(&str, usize)> = plan.groups.iter().map(|group| (group.id.as_str(), group.jobs.len())).collect();
    let id = |n: usize| format!("pull-request-{LINUX}-{n}");
    assert_eq!(groups, [(id(1).as_str(), 200), (id(2).as_str(), 200), (id(3).as_str(), 200)]);
    assert_eq!(jobs_of(&many(MATRIX_JOBS, all)).groups.len(), 1);
    assert_eq!(jobs_of(&many(MATRIX_JOBS + 1, all)).groups.len(), 2);

    let too_many = many(MOST_JOBS + 1, all);
    let error = ci_plan(&too_many, &committed(), CiEvent::PullRequest, JobCommand::Compat).unwrap_err();
    assert!(error.contains("2001 jobs") && error.contains("max-jobs"), "{error}");
    let packed = jobs_of(&many(MOST_JOBS + 1, Some(20)));
    assert_eq!(packed.jobs().count(), 20);
    assert_eq!(packed.jobs().map(|(_, job)| job.cells.len()).sum::<usize>(), MOST_JOBS + 1);
}

#[test]
fn a_distribution_s_cells_are_in_its_container() {
    let text = "[axis]\nrust = [\"stable\", \"debian-12\"]\n\
                [distro.debian-12]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n";
    let plan = jobs_of(&spec(text, &[LINUX, "macos-aarch64"]));
    let places: Vec<(&str, Option<&str>, bool)> =
        plan.groups.iter().map(|group| (group.id.as_str(), group.container.as_deref(), group.needs.archives)).collect();
    assert_eq!(
        places,
        [
            ("pull-request-linux-x86_64", None, false),
            ("pull-request-linux-x86_64-debian-bookworm", Some("debian:bookworm"), true),
            ("pull-request-macos-aarch64", None, false),
        ]
    );
    assert_eq!(plan.untried.len(), 1, "macOS has no packages of Debian");
    assert_eq!((plan.untried[0].platform.as_str(), plan.platforms()), ("macos-aarch64", vec![LINUX, "macos-aarch64"]));
}

/// Of targets, a job has what Debian's packages make and start; the rest is left out with a reason.
#[test]
fn cells_of_a_target_are_in_a_job_that_installs_what_starts_them() {
    let text = "[axis]\nrust = [\"stable\", \"debian-12\"]\n\
                [axis.os]\nhere = {}\n\
                wine = { target = \"x86_64-pc-windows-gnu\", runner = \"wine64\" }\n\
                emulated = { target = \"aarch64-unknown-linux-gnu\", runner = \"qemu-aarch64\" }\n\
                other = { target = \"x86_64-pc-windows-gnu\", runner = \"winery\" }\n\
                [distro.debian-12]\n\
                apt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\", src = \"rust-src\" }\n";
    let spec = spec(text, &[LINUX, "macos-aarch64"]);
    let plan = jobs_of(&spec);
    let needs: Vec<_> = plan
        .groups
        .iter()
        .map(|group| (group.id.as_str(), group.jobs.len(), group.needs.mingw, group.needs.wine))
        .collect();
    assert_eq!(
        needs,
        [
            ("pull-request-linux-x86_64", 1, false, false),
            ("pull-request-linux-x86_64-debian-bookworm", 1, true, true),
            ("pull-request-macos-aarch64", 1, false, false),
        ]
    );
    let mut untried: Vec<String> = plan
        .untried
        .iter()
        .filter(|untried| untried.platform == LINUX)
        .map(|untried| format!("{}: {}", spec.space.id(untried.cell), untried.reason))
        .collect();
    untried.sort();
    let foreign = "no job installs a linker for aarch64-unknown-linux-gnu; run it locally";
    let winery = "no job installs winery, the runner; run it locally";
    assert_eq!(
        untried,
        [
            format!("rust=debian-12 os=emulated: {foreign}"),
            format!("rust=debian-12 os=other: {winery}"),
            format!("rust=stable os=emulated: {foreign}"),
            format!("rust=stable os=other: {winery}"),
            "rust=stable os=wine: no job installs a std for x86_64-pc-windows-gnu: only a distribution with `src` builds \
             one"
                .to_owned(),
        ]
    );
}

#[test]
fn only_a_root_s_container_may_make_namespaces() {
    let text = "[axis]\nrust = [\"debian-12\", \"debian-13\"]\n\
                [distro.debian-12]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n\
                [distro.debian-13]\nroot = true\napt = { suite = \"trixie\", rust = \"rustc\", cargo = \"cargo\" }\n";
    let plan = jobs_of(&spec(text, &[LINUX]));
    let places: Vec<(Option<&str>, bool)> =
        plan.groups.iter().map(|group| (group.container.as_deref(), group.needs.roots)).collect();
    assert_eq!(places, [(Some("debian:bookworm"), false), (Some("debian:trixie"), true)]);
}

#[test]
fn the_id_changes_with_every_cell() {
    let mut ids = BTreeSet::new();
    let rules = ["", "rust=1.70 features=none schema=v18", "rust=1.80 features=none schema=v18 sqlite=bundled"];
    for when in rules {
        let mut text = AXES.to_owned();
        if !when.is_empty() {
            let pairs = when.split(' ').map(|pair| pair.split_once('=').expect("a pair"));
            let pairs: Vec<String> = pairs.map(|(axis, value)| format!("{axis} = \"{value}\"")).collect();
            text.push_str(&format!("[[rule]]\nwhen = {{ {} }}\nexpect = \"skip\"\nreason = \"r\"\n", pairs.join(", ")));
        }
        assert!(ids.insert(jobs_of(&spec(&text, &[LINUX])).id), "{when}");
    }
    assert!(ids.insert(jobs_of(&spec(&AXES.replace("v24", "v25"), &["linux-aarch64"])).id), "another platform");
    let mut packed = spec(AXES, &[LINUX]);
    change(&mut packed, |event| event.max_jobs = Some(5));
    assert!(ids.insert(jobs_of(&packed).id), "other jobs");
    assert_eq!(jobs_of(&packed).id, jobs_of(&packed).id);
    let mut dispatched = spec(AXES, &[LINUX]);
    let ci = dispatched.ci.as_mut().unwrap();
    ci.events.insert(CiEvent::Push, settings(&[LINUX]));
    let push = ci_plan(&dispatched, &committed(), CiEvent::Push, JobCommand::Compat).unwrap().unwrap();
    assert!(ids.insert(push.id), "another event");
}

#[test]
fn the_cost_is_that_of_all_jobs() {
    let mut spec = one_each(spec("[axis]\nrust = [\"1.70\", \"1.80\"]\n", &[LINUX]));
    let first = jobs_of(&spec);
    let mut committed = committed();
    let ids: Vec<String> = first.jobs().map(|(_, job)| job.builds[0].clone()).collect();
    committed.durations = Durations {
        builds: BTreeMap::from([(ids[0].clone(), 600_000), (ids[1].clone(), LATER_BUILD_MS)]),
        averages: ids.iter().map(|id| (("tests".to_owned(), id.clone()), 5_000)).collect(),
        ..Durations::default()
    };
    let plan = planned(&spec, &committed);
    let cost = plan.cost();
    // 605 s and 45 s beside it are 11 minutes, 15 s and 45 s are one; the orchestrator takes three, the verdict one.
    assert_eq!((cost.jobs, cost.minutes), (4, 11 + 1 + 3 + 1));
    assert_eq!(cost.longest_ms, ORCHESTRATOR_MS + 605_000 + JOB_MS + VERDICT_MS);

    change(&mut spec, |event| event.max_minutes = Some(15));
    let error = ci_plan(&spec, &committed, CiEvent::PullRequest, JobCommand::Compat).unwrap_err();
    assert!(error.contains("16 minutes in 4 jobs") && error.contains("max-minutes = 15"), "{error}");
    change(&mut spec, |event| event.max_minutes = Some(16));
    assert_eq!(planned(&spec, &committed), plan);
}

#[test]
fn names_are_plain_and_unique_whatever_the_values_are_called() {
    let text = "[axis]\nrust = [\"1.70\"]\n[axis.features]\na = [\"x\"]\nb = [\"X\"]\nc = [\"x_\"]\n";
    let mut committed = committed();
    committed.packages[0].features = ["x", "X", "x_"].map(|name| (name.to_owned(), Vec::new())).into_iter().collect();
    let spec = one_each(spec(text, &[LINUX]));
    let plan = planned(&spec, &committed);
    check(&spec, &committed, &plan);
    let shown: Vec<&str> = plan.jobs().map(|(_, job)| job.name.as_str()).collect();
    assert_eq!(shown, ["Rust 1.70, features a", "Rust 1.70, features b", "Rust 1.70, features c"]);
    let names: Vec<&str> = plan.jobs().map(|(_, job)| job.id.as_str()).collect();
    assert_eq!(names, ["linux-x86_64-1.70-x", "linux-x86_64-1.70-X-2", "linux-x86_64-1.70-x_"]);
    assert_eq!(plan.job("linux-x86_64-1.70-X-2").map(|(_, job)| job.cells.len()), Ok(1));
    let error = plan.job("linux-x86_64-1.70-y").unwrap_err();
    assert!(error.contains("did you mean `linux-x86_64-1.70-x`?"), "{error}");
}

#[test]
fn a_name_says_once_that_sqlite_is_compiled_in() {
    let mut committed = committed();
    committed.packages[0].features = ["a", "bundled"].map(|name| (name.to_owned(), Vec::new())).into_iter().collect();
    committed.packages[0].bundled_feature = Some("bundled".to_owned());
    let text = "[axis]\nrust = [\"1.70\"]\nsqlite = [\"bundled\", \"host\"]\nfeatures = { a = [\"a\"], none = [] }\n";
    let plan = planned(&one_each(spec(text, &[LINUX])), &committed);
    let shown: Vec<&str> = plan.jobs().map(|(_, job)| job.name.as_str()).collect();
    let expected = [
        "Rust 1.70, bundled SQLite, features a",
        "Rust 1.70, bundled SQLite, features none",
        "Rust 1.70, the runner's SQLite, features a",
        "Rust 1.70, the runner's SQLite, features none",
    ];
    assert_eq!(shown, expected);
    let names: Vec<&str> = plan.jobs().map(|(_, job)| job.id.as_str()).collect();
    let expected =
        ["-bundled-a", "-bundled", "-dynamic-a", "-dynamic-none"].map(|end| format!("linux-x86_64-1.70{end}"));
    assert_eq!(names, expected);
}

#[test]
fn a_plan_without_cells_is_refused() {
    let text = "[axis]\nrust = [\"debian-12\"]\n\
                [distro.debian-12]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n";
    let error = ci_plan(&spec(text, &["macos-aarch64"]), &committed(), CiEvent::PullRequest, JobCommand::Compat);
    let error = error.unwrap_err();
    assert!(error.contains("[ci.pull_request]") && error.contains("no cell that a runner of macos-aarch64"), "{error}");
    let error = ci_plan(&spec(AXES, &[LINUX]), &committed(), CiEvent::PullRequest, JobCommand::LeakCheck).unwrap_err();
    assert!(error.contains("has no suite of kind `leak`"), "{error}");
    assert_eq!(ci_plan(&spec(AXES, &[LINUX]), &committed(), CiEvent::Schedule, JobCommand::Compat), Ok(None));
}

#[test]
fn cells_that_take_less_than_a_start_up_share_a_job() {
    // Six cells of three toolchains, with nothing known of how long they take.
    let spec =
        spec("[axis]\nrust = [\"1.70\", \"1.80\", \"stable\"]\n[axis.features]\ndefault = []\nx = [\"x\"]\n", &[LINUX]);
    let mut committed = committed();
    committed.packages[0].features.insert("default".to_owned(), Vec::new());
    let plan = planned(&spec, &committed);
    check(&spec, &committed, &plan);
    let names: Vec<&str> = plan.jobs().map(|(_, job)| job.name.as_str()).collect();
    assert_eq!(names, ["Rust 1.70, 1.80 and stable, features default and x"]);
    let builds: Vec<String> = plan.jobs().flat_map(|(_, job)| job.builds.clone()).collect();
    assert_eq!(builds.len(), 6);

    // Known to be long, each has a job of its own; known to be short, all share one.
    let mut with = |build_ms: u64| {
        committed.durations.builds = builds.iter().map(|build| (build.clone(), build_ms)).collect();
        let averages = builds.iter().map(|build| (("tests".to_owned(), build.clone()), 100));
        committed.durations.averages = averages.collect();
        planned(&spec, &committed).jobs().count()
    };
    assert_eq!((with(WORTH_MS), with(WORTH_MS / 2), with(1_000)), (6, 4, 1));
}

#[test]
fn a_job_of_many_values_has_a_name_that_github_shows() {
    let rusts: Vec<String> = (60..70).map(|n| format!("\"1.{n}\"")).collect();
    let sets: Vec<String> = (0..6).map(|n| format!("\"a-set-with-a-long-name-{n}\" = []")).collect();
    let text = format!(
        "[axis]\nrust = [{}]\nsqlite = [\"bundled\", \"3.46.0\"]\nschema = \"fixtures/*\"\nfeatures = {{ {} }}\n",
        rusts.join(", "),
        sets.join(", ")
    );
    let mut spec = spec(&text, &[LINUX, "macos-aarch64"]);
    change(&mut spec, |event| event.max_jobs = Some(1));
    let plan = jobs_of(&spec);
    check(&spec, &committed(), &plan);
    let names: Vec<&str> = plan.jobs().map(|(_, job)| job.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "10 toolchains, SQLite bundled and 3.46.0, 6 feature sets on linux-x86_64",
            "10 toolchains, bundled SQLite, 6 feature sets on macos-aarch64",
        ]
    );
}

#[test]
fn evidence_changes_no_job() {
    let text = "[claims]\npackages.store = { rust = \"1.70\" }\n[axis]\nrust = [\"1.70\", \"stable\", \"old\"]\n\
                sqlite = [\"bundled\", \"host\"]\nfeatures = { default = [], none = { default-features = false } }\n\
                [distro.old]\napt = { suite = \"bookworm\", rust = \"rustc\", cargo = \"cargo\" }\n\
                [[lock]]\nrust = \"<1.80\"\n[[suite]]\nname = \"tests\"\nwhen = { rust = \"<1.90\", sqlite = \">=3.40\" }\n\
                [[suite]]\nname = \"built\"\nkind = \"build\"\n\
                [[rule]]\nwhen = { sqlite = \"<3.41\" }\nexpect = \"skip\"\nreason = \"r\"\n\
                [[rule]]\nwhen = { rust = \"<1.65\" }\nexpect = \"fail\"\nreason = \"r\"\n\
                [profile.local]\nstrategy = \"pairwise\"\nwhen = { rust = [\"<1.60\", \">=1.63\"] }\n";
    let mut spec = spec(text, &[LINUX]);
    may_fail(&mut spec, "rust<1.65");
    let before = committed();
    let mut after = committed();
    let versions = [
        ("rust", "1.70", "1.70.0"),
        ("rust", "stable", "1.95.0"),
        ("rust", "old", "1.63.0"),
        ("sqlite", "host", "3.40.1"),
    ];
    for (axis, value, version) in versions {
        let name = (axis.parse().expect("an axis"), value.parse().expect("a value"));
        after.versions.insert(name, version.parse().expect("a version"));
    }
    let plan = planned(&spec, &before);
    assert!(plan.jobs().any(|(_, job)| job.toolchains.iter().any(|name| name.as_str() == "old")));
    assert_eq!(planned(&spec, &after), plan);
}
