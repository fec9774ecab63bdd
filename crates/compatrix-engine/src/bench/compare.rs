//! `bench` from spec to report.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use compatrix_bench::gate::{self, Look};
use compatrix_bench::reached;
use compatrix_bench::{Canary, Comparison, Rules, Series, Target};
use compatrix_model::axis::ValueName;
use compatrix_model::cell::CellId;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{Choice, Run};
use compatrix_model::spec_text::Parsed;
use compatrix_model::speed::{self, GroupTrouble, Question, Sources, SpeedReport};

use super::base::{self, Base, Found};
use super::counts::Profile;
use super::groups::{Contender, Group};
use super::machine;
use super::overlay::Overlay;
use super::random::Random;
use super::rounds::Rounds;
use super::side::{skipped, Place, Side};
use super::spin::Spin;
use super::trees::{Ground, BASE, HEAD};

use crate::event::Event;
use crate::find::workspace;
use crate::session::Session;
use crate::survey::Survey;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::git::Git;
use crate::sys::host::Host;
use crate::sys::os::cores;

/// What to compare, and how.
#[derive(Debug)]
pub struct BenchRequest<'a> {
    /// The spec, with all packages that have benches of the chosen suites among those under test.
    pub parsed: &'a Parsed,
    /// The cells, in a profile with suites of kind `bench` only.
    pub choice: &'a Choice<'a>,
    /// What head is compared with.
    pub base: &'a Base,
    /// The axis whose values are compared instead, and the value that the others are compared with.
    pub across: Option<(&'a str, Option<&'a ValueName>)>,
    /// The name under which head's sources are saved.
    pub save: Option<&'a str>,
    /// The rounds of the first look, instead of the suites'.
    pub rounds: Option<u32>,
    /// Where the random order comes from.
    pub seed: u64,
    /// Whether executables that are the same are measured, too.
    pub same_too: bool,
}

/// What a `bench` came to.
#[derive(Debug)]
pub struct Benched {
    /// All that was found.
    pub report: SpeedReport,
    /// Of benches that are slower: where the instructions went. Only with valgrind.
    pub profiles: Vec<Profile>,
}

/// Builds both sides and compares them.
///
/// # Errors
/// The spec or the request names something that does not exist; our own side fails; an interrupt.
pub fn bench(session: &Session, request: &BenchRequest<'_>, tell: &Sender<Event>) -> Result<Benched, Error> {
    let host = &session.host;
    let survey = session.survey(request.parsed)?;
    let top = top(host)?;
    let ground = Ground::new(host, &survey.workspace.layout, top.clone());
    let git = top.and_then(|top| Some(Git::find(host)?.at(top)));
    let head = head_sources(host, git.as_ref(), &survey)?;
    let files_of_head = ground.of_working_tree(git.as_ref())?;
    let root = ground.root(HEAD);
    ground.renew(&ground.tree(HEAD), &files_of_head, Some(&root.join("target")))?;
    own_repository(host, &ground.tree(HEAD))?;
    if let Some(name) = request.save {
        save(host, &ground, name, &files_of_head, &head)?;
    }
    let found = match request.across {
        Some(_) => Found::None(String::new()),
        None => base::find(host, git.as_ref(), request.base, &head)?,
    };
    let place = |name, tree: &str, sources: &Sources| Place {
        name,
        tree: ground.tree(tree),
        root: ground.root(tree),
        sources: sources.clone(),
    };
    let head_side = Side::build(session, place("head", HEAD, &head), request.parsed, request.choice, None, tell)?;
    let mut notes = Vec::new();
    let (base_side, no_base) = match found {
        Found::None(why) => (None, why),
        Found::Commit(sources) => {
            let aside = host.dir.join("bench").join("export");
            files::remove_dir(&aside)?;
            let git = git.as_ref().ok_or_else(|| Error::usage("--base needs git, which is not on PATH; install it"))?;
            let commit = sources.commit.clone().unwrap_or_default();
            let exported = ground.of_commit(git, &commit, &aside).map_err(Error::from);
            let side = exported.and_then(|files| {
                notes.extend(ground.configured(git, &commit, &files)?);
                let place = place("base", BASE, &sources);
                base_of(session, request, &ground, (files, &files_of_head), &place, &head_side, tell)
            });
            files::remove_dir(&aside)?;
            side.or_else(unusable)?
        }
        Found::Saved(sources, dir) => {
            let files = ground.of_saved(&dir)?;
            let place = place("base", BASE, &sources);
            base_of(session, request, &ground, (files, &files_of_head), &place, &head_side, tell).or_else(unusable)?
        }
    };
    let question = match (&request.across, &base_side) {
        (Some((axis, _)), _) => Question::Across {
            axis: (*axis).to_owned(),
            reference: reference(request, &head_side)?.to_string(),
            head: head.clone(),
        },
        (None, Some(base)) => Question::Change { base: base.sources.clone(), head: head.clone() },
        (None, None) => Question::Targets { head: head.clone() },
    };
    let mut groups = groups(request, &head_side, base_side.as_ref(), &no_base)?;
    let mut benched = measure(session, request, question, &mut groups, tell)?;
    benched.report.notes.extend(notes);
    session.ledger.put_speed(&benched.report, host.now)?;
    Ok(benched)
}

/// The base's side, or why there is none.
fn base_of(
    session: &Session,
    request: &BenchRequest<'_>,
    ground: &Ground<'_>,
    (mut files, of_head): (super::trees::Files, &super::trees::Files),
    place: &Place,
    head: &Side,
    tell: &Sender<Event>,
) -> Result<(Option<Side>, String), Error> {
    let host = &session.host;
    let overlay = Overlay::of(host, request.parsed, request.choice, ground)?;
    overlay.lay(of_head, &mut files);
    ground.renew(&place.tree, &files, Some(&place.root.join("target")))?;
    own_repository(host, &place.tree)?;
    let joined = overlay.join(host, &ground.root(HEAD), &place.root);
    let place = Place { tree: place.tree.clone(), root: place.root.clone(), sources: place.sources.clone(), ..*place };
    joined.map_err(|error| Error::Usage(format!("{error:#}")))?;
    let parsed = of_base(host, request.parsed, &place.root)?;
    let side = Side::build(session, place, &parsed, request.choice, Some(head), tell)?;
    Ok((Some(side), String::new()))
}

/// The spec for the base, which need not have all packages that head has.
fn of_base(host: &Host, parsed: &Parsed, root: &Path) -> Result<Parsed, Error> {
    let metadata = workspace::members(&host.ambient, root)?;
    Ok(parsed.for_members(&metadata.packages.iter().map(|package| package.name.to_string()).collect()))
}

/// A base that is mistaken is no mistake of the user's now; why there is none.
fn unusable(error: Error) -> Result<(Option<Side>, String), Error> {
    match error {
        Error::Usage(_) | Error::Spec(_) => Ok((None, format!("the base cannot be used: {error}"))),
        Error::Infrastructure(_) | Error::Interrupted => Err(error),
    }
}

/// Measures the groups, in one look or two, and reports.
fn measure(
    session: &Session,
    request: &BenchRequest<'_>,
    question: Question,
    groups: &mut [Group<'_>],
    tell: &Sender<Event>,
) -> Result<Benched, Error> {
    let host = &session.host;
    let spec = &request.parsed.spec;
    let settings = groups.iter().filter_map(|group| spec.suites[group.suite].bench());
    let most = settings.map(|settings| settings.rounds).max().unwrap_or(16);
    let rules = Rules { rounds: request.rounds.unwrap_or(most), ..Rules::default() };
    // A target of a suite that was not chosen is no question of this run.
    let is_asked = |target: &&Target| {
        let Some(suite) = &target.suite else { return true };
        groups.iter().any(|group| spec.suites[group.suite].name == *suite)
    };
    let targets: Vec<Target> = spec.targets.iter().filter(is_asked).cloned().collect();
    let has_targets = !targets.is_empty();
    for program in groups.iter_mut().flat_map(|group| &mut group.programs) {
        program.same &= !request.same_too;
        program.over |= program.same && !has_targets;
    }
    let core = cores::idlest();
    let mut rounds = Rounds {
        host,
        core,
        random: Random::new(request.seed),
        spin: Spin::new(host, core)?,
        spun: Vec::new(),
        wall: Default::default(),
        processes: Default::default(),
    };
    let is_to_run = |groups: &[Group<'_>]| groups.iter().any(|group| group.programs.iter().any(|one| !one.over));
    let mut compared: Vec<Comparison> = Vec::new();
    if is_to_run(groups) {
        rounds.go(groups, rules.rounds, rules.rounds, tell)?;
        for group in groups.iter_mut() {
            group.count(host)?;
        }
        compared = gate::compare(&rules, &series(groups, request), Look::First);
        close_settled(groups, &compared);
        if is_to_run(groups) || !rounds.canary(&rules).proven {
            rounds.go(groups, rules.rounds, 2 * rules.rounds, tell)?;
            compared = gate::compare(&rules, &series(groups, request), Look::Second(&compared));
        }
    }
    let canary = (!rounds.spun.is_empty()).then(|| rounds.canary(&rules));
    let mut profiles = Vec::new();
    for (at, group) in positions(groups).filter(|_| matches!(question, Question::Change { .. })) {
        let of_group: Vec<Comparison> = compared.iter().filter(|one| one.group == at).cloned().collect();
        profiles.extend(group.profiles(host, &of_group)?);
    }
    for (at, group) in positions(groups) {
        compared.extend(group.same(at));
    }
    if host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let report = SpeedReport {
        platform: Host::platform(),
        machine: machine::look(core),
        question,
        seed: request.seed,
        alpha: rules.alpha,
        groups: positions(groups).flat_map(|(_, group)| shown(group, request)).collect(),
        comparisons: compared,
        notes: canary.iter().filter_map(Canary::note).collect(),
        canary,
        targets: reached::verdicts(
            &targets,
            &positions(groups).flat_map(|(at, group)| group.seen(at)).collect::<Vec<_>>(),
        ),
        rounds_ms: u64::try_from(rounds.wall.as_millis()).unwrap_or(u64::MAX),
        processes_ms: u64::try_from(rounds.processes.as_millis()).unwrap_or(u64::MAX),
    };
    Ok(Benched { report, profiles })
}

/// Groups with the position in the report of their first comparison: each contender after the first is one.
fn positions<'g, 's>(groups: &'g [Group<'s>]) -> impl Iterator<Item = (usize, &'g Group<'s>)> {
    groups.iter().scan(0, |next, group| {
        let at = *next;
        *next += group.contenders.len().saturating_sub(1).max(1);
        Some((at, group))
    })
}

fn series(groups: &[Group<'_>], request: &BenchRequest<'_>) -> Vec<Series> {
    let tolerance = |group: &Group<'_>| {
        let settings = request.parsed.spec.suites[group.suite].bench();
        settings.map_or(0.03, |settings| f64::from(settings.tolerance) / 100.0)
    };
    positions(groups).flat_map(|(at, group)| group.series(at, tolerance(group))).collect()
}

/// Programs all of whose benches are settled need no more rounds.
fn close_settled(groups: &mut [Group<'_>], compared: &[Comparison]) {
    let at: Vec<usize> = positions(groups).map(|(at, _)| at).collect();
    for (group, at) in groups.iter_mut().zip(at) {
        let last = at + group.contenders.len().saturating_sub(1);
        let open: Vec<String> = compared
            .iter()
            .filter(|one| (at..last).contains(&one.group) && !one.is_settled())
            .map(|one| one.bench.clone())
            .collect();
        for n in 0..group.programs.len() {
            let is_open = group.names(n).iter().any(|name| open.contains(name));
            group.programs[n].over |= !is_open;
        }
    }
}

fn shown(group: &Group<'_>, request: &BenchRequest<'_>) -> Vec<speed::Group> {
    let suite = request.parsed.spec.suites[group.suite].name.clone();
    let side = |n: usize| speed::Side {
        name: group.contenders[n].name.clone(),
        proof: group.contenders[n].proof.clone(),
        peak_memory: group.peak_memory(n),
        cpu_ms: group.cpu_ms(n),
    };
    let one = |sides: Vec<speed::Side>, cell: CellId, only| speed::Group {
        suite: suite.clone(),
        cell,
        sides,
        same: !group.programs.is_empty() && group.programs.iter().all(|program| program.same),
        only,
        rounds: group.rounds.clone(),
        trouble: group.trouble.clone(),
        unusable: group.unusable.iter().cloned().collect(),
    };
    match group.contenders.len() {
        0 | 1 => vec![one((0..group.contenders.len()).map(side).collect(), group.cell.clone(), Vec::new())],
        n => (1..n)
            .map(|other| {
                let cell = group.contenders[other].side.cell(group.contenders[other].run);
                one(vec![side(0), side(other)], cell, group.only(other))
            })
            .collect(),
    }
}

/// The groups of what was built.
fn groups<'s>(
    request: &BenchRequest<'_>,
    head: &'s Side,
    base: Option<&'s Side>,
    no_base: &str,
) -> Result<Vec<Group<'s>>, Error> {
    let contender = |name: &str, side: &'s Side, run: Run| Contender { name: name.to_owned(), side, run, proof: None };
    let mut groups = Vec::new();
    let unavailable =
        |side: &str, cause: String| GroupTrouble { outcome: Outcome::Unavailable, side: side.to_owned(), cause };
    for skip in head.plan.skips.iter().filter(|skip| head.plan.reasons[skip.reason].is_unavailable()) {
        let cell = head.parsed.spec.space.id(skip.cell);
        let (outcome, cause) = skipped(&head.plan.reasons[skip.reason]);
        groups.push(Group::of_trouble(skip.suite, cell, GroupTrouble { outcome, side: "head".to_owned(), cause }));
    }
    if let Some((axis, _)) = request.across {
        let reference = reference(request, head)?;
        let mut left: Vec<Run> = head.plan.runs.clone();
        while let Some(first) = left.first().copied() {
            let of = |run: &Run| {
                let cell = head.cell(*run);
                let others = cell.pairs().iter().filter(|(name, _)| name.as_str() != axis).cloned();
                (run.suite, others.collect::<Vec<_>>())
            };
            let (mut same, others): (Vec<Run>, Vec<Run>) = left.into_iter().partition(|run| of(run) == of(&first));
            left = others;
            let value = |run: &Run| head.cell(*run).value(axis).cloned();
            same.sort_by_key(|run| value(run).as_ref() != Some(&reference));
            let named = same
                .iter()
                .map(|run| contender(&value(run).map(|value| value.to_string()).unwrap_or_default(), head, *run));
            let contenders: Vec<Contender<'s>> = named.collect();
            let cell = head.cell(same[0]);
            if contenders.len() < 2 || value(&same[0]).as_ref() != Some(&reference) {
                let cause = format!("it has no cell with {axis}={reference} beside another value to compare");
                groups.push(Group::of_trouble(first.suite, cell, unavailable("", cause)));
            } else {
                groups.push(Group::new(first.suite, cell, contenders)?);
            }
        }
        return Ok(groups);
    }
    for run in head.plan.runs.iter().copied() {
        let cell = head.cell(run);
        let ours = contender("head", head, run);
        let group = match base {
            None if no_base.is_empty() => Group::new(run.suite, cell, vec![ours])?,
            None => Group::of_trouble(run.suite, cell, unavailable("base", no_base.to_owned())),
            Some(base) => match base.run(run.suite, &cell) {
                Some(theirs) => Group::new(run.suite, cell, vec![contender("base", base, theirs), ours])?,
                None => {
                    let why = base.skipped(run.suite, &cell).unwrap_or_else(|| "it has no such cell".to_owned());
                    Group::of_trouble(run.suite, cell, unavailable("base", why))
                }
            },
        };
        groups.push(group);
    }
    Ok(groups)
}

/// The value that others are compared with: the one asked for, else the last of the axis that can be had.
fn reference(request: &BenchRequest<'_>, head: &Side) -> Result<ValueName, Error> {
    let Some((axis, asked)) = request.across else { return Err(Error::usage("no axis")) };
    if let Some(asked) = asked {
        return Ok(asked.clone());
    }
    let space = &head.parsed.spec.space;
    let values =
        space.axis(axis).map(|(_, axis)| axis.values.iter().map(|value| value.name.clone()).collect::<Vec<_>>());
    let runs: Vec<CellId> = head.plan.runs.iter().map(|run| head.cell(*run)).collect();
    let is_there = |value: &ValueName| runs.iter().any(|cell| cell.value(axis) == Some(value));
    let last = values.unwrap_or_default().into_iter().rev().find(is_there);
    last.ok_or_else(|| Error::usage(format!("no value of `{axis}` is available here; nothing can be compared")))
}

/// The top of the repository that the workspace is in, without links in its path.
fn top(host: &Host) -> Result<Option<PathBuf>, Error> {
    let Some(git) = Git::find(host) else { return Ok(None) };
    Ok(git.top()?.ok().and_then(|top| files::real(&top).ok()))
}

fn head_sources(host: &Host, git: Option<&Git<'_>>, survey: &Survey) -> Result<Sources, Error> {
    let name = "working tree";
    let Some(git) = git else { return Ok(Sources { name: name.to_owned(), dirty: true, ..Sources::default() }) };
    let Some(commit) = git.commit("HEAD")? else {
        return Ok(Sources { name: name.to_owned(), dirty: true, ..Sources::default() });
    };
    let status = git.ask(&["status", "--porcelain", "--untracked-files=normal"])?.unwrap_or_default();
    let _ = (host, survey);
    Ok(Sources { dirty: !status.trim().is_empty(), ..base::sources(git, name, commit)? })
}

/// A repository of its own in the tree, so that its files are not taken for ignored ones of the user's.
fn own_repository(host: &Host, tree: &Path) -> Result<(), Error> {
    if files::exists(&tree.join(".git")) {
        return Ok(());
    }
    if let Some(git) = Git::find(host) {
        git.at(tree.to_owned()).need(&["init", "--quiet", "."])?;
    }
    Ok(())
}

fn save(
    host: &Host,
    ground: &Ground<'_>,
    name: &str,
    files_of_head: &super::trees::Files,
    head: &Sources,
) -> Result<(), Error> {
    if !base::is_name(name) {
        return Err(Error::usage(format!(
            "`{name}` cannot name a baseline; use letters, digits, `-`, `_` and `.`, at most 64, not beginning with `.` nor \
             ending with `.json`"
        )));
    }
    ground.renew(&base::place(host, name), files_of_head, None)?;
    let about = serde_json::to_vec(head).map_err(|error| Error::Infrastructure(error.into()))?;
    Ok(files::write(&base::about(host, name), &about)?)
}
