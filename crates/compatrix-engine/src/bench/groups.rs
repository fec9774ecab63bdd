//! A suite in a cell with its contenders: which programs they have in common, and what was seen of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{bail, Result};
use compatrix_bench::figures::figures;
use compatrix_bench::reached::{self, Process};
use compatrix_bench::{BenchSettings, Comparison, Measured, Series};
use compatrix_model::cell::CellId;
use compatrix_model::evidence::Proof;
use compatrix_model::matrix_spec::Suite;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::Run;
use compatrix_model::speed::{GroupTrouble, Round};

use super::differ;
use super::process::{Place, Program};
use super::side::Side;
use crate::build::{Executable, Product};
use crate::run::inputs::environment;
use crate::run::{command, program, proof};
use crate::sys::files;

/// One build in one cell.
#[derive(Debug, Clone)]
pub(super) struct Contender<'s> {
    pub(super) name: String,
    pub(super) side: &'s Side,
    pub(super) run: Run,
    pub(super) proof: Option<Proof>,
}

impl Contender<'_> {
    /// Calls with where its programs run.
    ///
    /// # Errors
    /// As the callee; or it was not built.
    pub(super) fn placed<T>(&self, core: Option<usize>, act: impl FnOnce(Place<'_>) -> Result<T>) -> Result<T> {
        let Ok(product) = &self.side.products[self.run.build] else { bail!("{} was not built", self.name) };
        let host = &self.side.session.host;
        self.side.with_inputs(self.run, |inputs| act(Place { host, inputs, product, core }))
    }
}

/// A suite in a cell. The first contender is what the others are compared with.
#[derive(Debug)]
pub(super) struct Group<'s> {
    pub(super) suite: usize,
    pub(super) cell: CellId,
    pub(super) contenders: Vec<Contender<'s>>,
    pub(super) programs: Vec<Measurer>,
    pub(super) rounds: Vec<Round>,
    pub(super) trouble: Option<GroupTrouble>,
    pub(super) unusable: BTreeSet<String>,
}

/// A program that measures, and what was seen of it.
#[derive(Debug)]
pub(super) struct Measurer {
    pub(super) name: String,
    /// Of each contender, if it has it.
    pub(super) of: Vec<Option<Program>>,
    /// Whether it is the same everywhere.
    pub(super) same: bool,
    /// Whether it needs no more rounds.
    pub(super) over: bool,
    /// Of each contender.
    pub(super) seen: Vec<Seen>,
}

/// What was seen of one program of one contender.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By bench and metric: what each round measured, in the order in which benches were seen first.
    pub(super) measured: Vec<((String, String), BTreeMap<u32, Measured>)>,
    /// Each process by itself.
    pub(super) processes: Vec<Process>,
}

impl Seen {
    pub(super) fn add(&mut self, round: u32, measured: Vec<Measured>) {
        for one in measured {
            let key = (one.bench.clone(), one.metric.clone());
            let at = match self.measured.iter().position(|(known, _)| *known == key) {
                Some(at) => at,
                None => {
                    self.measured.push((key, BTreeMap::new()));
                    self.measured.len() - 1
                }
            };
            self.measured[at].1.insert(round, one);
        }
    }

    fn of(&self, key: &(String, String)) -> Option<&BTreeMap<u32, Measured>> {
        self.measured.iter().find(|(known, _)| known == key).map(|(_, rounds)| rounds)
    }
}

impl<'s> Group<'s> {
    /// Finds the programs of the contenders, and proves what would run.
    ///
    /// # Errors
    /// Our own side fails.
    pub(super) fn new(suite: usize, cell: CellId, contenders: Vec<Contender<'s>>) -> Result<Self> {
        let (programs, rounds, unusable) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut group = Self { suite, cell, contenders, programs, rounds, trouble: None, unusable };
        if let Some(missing) = group.missing() {
            group.trouble = Some(missing);
            return Ok(group);
        }
        for n in 0..group.contenders.len() {
            if let Some(trouble) = group.prove(n)? {
                group.trouble = Some(trouble);
                return Ok(group);
            }
        }
        if let Some(unbuilt) = group.unbuilt()? {
            group.trouble = Some(unbuilt);
            return Ok(group);
        }
        group.programs = group.measurers()?;
        if group.programs.is_empty() {
            let cause =
                "no benchmarks: the packages have no target of kind `bench`; add one, or name the package that has \
                         them under `packages` in the suite";
            group.trouble =
                Some(GroupTrouble { outcome: Outcome::Failed, side: String::new(), cause: cause.to_owned() });
        }
        Ok(group)
    }

    /// A group that cannot be compared.
    pub(super) fn of_trouble(suite: usize, cell: CellId, trouble: GroupTrouble) -> Self {
        let (programs, rounds, unusable) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { suite, cell, contenders: Vec::new(), programs, rounds, trouble: Some(trouble), unusable }
    }

    /// Whether the program of the suite's command is not installed.
    fn missing(&self) -> Option<GroupTrouble> {
        let (first, host) = (self.suite().command.first()?, &self.contenders[0].side.session.host);
        let cause = program::missing(host, first, &self.cell)?;
        Some(GroupTrouble { outcome: Outcome::Unavailable, side: String::new(), cause })
    }

    /// Whether the suite's command names a program that a contender's build did not make.
    fn unbuilt(&self) -> Result<Option<GroupTrouble>> {
        for contender in &self.contenders {
            let words = |place: Place<'_>| Ok(command::words(place.inputs, place.product, Path::new("")));
            if let Err(cause) = contender.placed(None, words)? {
                return Ok(Some(GroupTrouble { outcome: Outcome::Failed, side: contender.name.clone(), cause }));
            }
        }
        Ok(None)
    }

    /// Identifies what a contender would run. The result says how it is something else than planned.
    fn prove(&mut self, n: usize) -> Result<Option<GroupTrouble>> {
        let contender = &self.contenders[n];
        let (side, run) = (contender.side, contender.run);
        let trouble = |outcome, cause| GroupTrouble { outcome, side: contender.name.clone(), cause };
        let product = match &side.products[run.build] {
            Ok(product) => product,
            Err(failure) => return Ok(Some(trouble(failure.outcome, failure.cause.clone()))),
        };
        let host = &side.session.host;
        let dir = host.dir.join("run").join("proof");
        files::make_dir(&dir)?;
        let (mut proof, mismatch) = side.with_inputs(run, |inputs| {
            let env = environment(
                host,
                inputs,
                &product.executables.first().map(|e| e.recorded.clone()).unwrap_or_default(),
                &dir,
            );
            proof::prove(host, inputs, product, env)
        })?;
        // The tree has no commits.
        proof.source.commit.clone_from(&side.sources.commit);
        proof.source.dirty = side.sources.dirty;
        // A report leaves the machine; paths and variables of the user stay.
        proof.env.clear();
        if let Some(mismatch) = mismatch {
            return Ok(Some(trouble(Outcome::Misidentified, mismatch)));
        }
        self.contenders[n].proof = Some(proof);
        Ok(None)
    }

    /// The names of a program's benches.
    pub(super) fn names(&self, program: usize) -> Vec<String> {
        let program = &self.programs[program];
        let keys = program.seen.iter().flat_map(|seen| &seen.measured).map(|(key, _)| key);
        keys.map(|key| self.shown(program, key)).collect()
    }

    /// The median processor time of a contender's rounds, all programs together.
    pub(super) fn cpu_ms(&self, contender: usize) -> Option<u64> {
        let median = |program: &Measurer| {
            let processes = &program.seen[contender].processes;
            let mut all: Vec<f64> = processes.iter().filter_map(|process| process.cpu).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied()
        };
        let all = self.programs.iter().filter_map(median).reduce(|sum, next| sum + next);
        all.map(|seconds| (seconds * 1000.0).round() as u64)
    }

    /// The highest peak memory of a contender's processes.
    pub(super) fn peak_memory(&self, contender: usize) -> Option<u64> {
        let processes = self.programs.iter().flat_map(|program| &program.seen[contender].processes);
        processes.filter_map(|process| process.peak_memory).max()
    }

    /// What was seen of the contenders that targets are about: head, and across an axis all but the reference. `group` is the
    /// position of the first in the report.
    pub(super) fn seen(&self, group: usize) -> Vec<reached::Seen> {
        let first = usize::from(self.contenders.len() > 1);
        let one = |contender: usize| {
            let processes = self.programs.iter().flat_map(|program| &program.seen[contender].processes);
            let suite = self.suite().name.clone();
            reached::Seen { group: group + contender - first, suite, processes: processes.cloned().collect() }
        };
        (first..self.contenders.len()).map(one).collect()
    }

    /// Whether a contender's program has to run, too: of what is the same, only the head's figures are of interest.
    pub(super) fn needs(&self, program: usize, contender: usize) -> bool {
        !self.programs[program].same || contender + 1 == self.contenders.len()
    }

    /// The programs that measure: cargo's benches of the packages that have them, or the suite's command.
    fn measurers(&self) -> Result<Vec<Measurer>> {
        let suite = self.suite();
        if let Some(first) = suite.command.first() {
            let name = first.to_string();
            let of = self.contenders.iter().map(|_| Some(Program::of_command())).collect();
            let seen = self.contenders.iter().map(|_| Seen::default()).collect();
            return Ok(vec![Measurer { name, of, same: false, over: false, seen }]);
        }
        let mut names: Vec<(String, String)> = Vec::new();
        let mut of: Vec<BTreeMap<(String, String), Program>> = Vec::new();
        for contender in &self.contenders {
            let Ok(product) = &contender.side.products[contender.run.build] else { continue };
            let mut programs = BTreeMap::new();
            for executable in self.of_benches(product) {
                let key = (executable.package.clone(), executable.target.clone());
                let program = contender.placed(None, |place| Program::of_cargo(place, executable))?;
                // cargo has an executable of the library, too, that may have no benches.
                if program.has_none {
                    continue;
                }
                if !names.contains(&key) {
                    names.push(key.clone());
                }
                programs.insert(key, program);
            }
            of.push(programs);
        }
        let mut measurers = Vec::new();
        for key in names {
            let programs: Vec<Option<Program>> = of.iter().map(|programs| programs.get(&key).cloned()).collect();
            let seen = programs.iter().map(|_| Seen::default()).collect();
            let same = self.are_same(&programs)?;
            measurers.push(Measurer { name: key.1, of: programs, same, over: false, seen });
        }
        Ok(measurers)
    }

    /// The suite that runs.
    pub(super) fn suite(&self) -> &Suite {
        &self.contenders[0].side.parsed.spec.suites[self.suite]
    }

    /// The executables with benches, of the packages and with the names that the suite asks for.
    fn of_benches<'p>(&self, product: &'p Product) -> Vec<&'p Executable> {
        let settings = self.suite().bench();
        let named = |of: fn(&BenchSettings) -> &Vec<String>| settings.map(of).filter(|named| !named.is_empty());
        let (packages, benches) = (named(|one| &one.packages), named(|one| &one.benches));
        let is_wanted = |executable: &&Executable| {
            packages.is_none_or(|named| named.contains(&executable.package))
                && benches.is_none_or(|named| named.contains(&executable.target))
        };
        product.executables.iter().filter(is_wanted).collect()
    }

    /// Whether all contenders would run the same program with the same libraries.
    fn are_same(&self, programs: &[Option<Program>]) -> Result<bool> {
        // What differs between cells is read while it runs.
        let cells: BTreeSet<CellId> = self.contenders.iter().map(|one| one.side.cell(one.run)).collect();
        if cells.len() > 1 {
            return Ok(false);
        }
        let mut known = BTreeSet::new();
        for (contender, program) in self.contenders.iter().zip(programs) {
            let Some(executable) = program.as_ref().and_then(|program| program.executable.as_ref()) else {
                return Ok(false);
            };
            let content = differ::content(&executable.path, &contender.side.tree)?;
            let sqlite = contender.proof.as_ref().and_then(|proof| Some(proof.sqlite.as_ref()?.sha256));
            // A bundled one is in the executable.
            let is_bundled = contender.side.plan.builds[contender.run.build].against.is_none();
            known.insert((content, sqlite.filter(|_| !is_bundled)));
        }
        Ok(known.len() == 1 && self.contenders.len() > 1)
    }

    /// What is known of each bench so far, compared with the first contender. `group` is the position of the first of these
    /// groups in the report; each further contender is the next.
    pub(super) fn series(&self, group: usize, tolerance: f64) -> Vec<Series> {
        let mut all = Vec::new();
        for other in 1..self.contenders.len() {
            for program in self.programs.iter().filter(|program| !program.same) {
                for (key, base) in &program.seen[0].measured {
                    let Some(head) = program.seen[other].of(key) else { continue };
                    all.extend(series(group + other - 1, (&self.shown(program, key), &key.1), base, head, tolerance));
                }
            }
        }
        all
    }

    /// The name of a bench; with its program, if another one has a bench of this name.
    fn shown(&self, program: &Measurer, key: &(String, String)) -> String {
        let has_it = |other: &Measurer| other.seen.iter().any(|seen| seen.of(key).is_some());
        match self.programs.iter().filter(|other| has_it(other)).count() {
            0 | 1 => key.0.clone(),
            _ => format!("{}: {}", program.name, key.0),
        }
    }

    /// Benches that not all contenders have, with the position of one that has it.
    pub(super) fn only(&self, other: usize) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for program in self.programs.iter().filter(|program| !program.same) {
            for (here, there, side) in [(0, other, 0), (other, 0, 1)] {
                let missing =
                    program.seen[here].measured.iter().filter(|(key, _)| program.seen[there].of(key).is_none());
                found.extend(missing.map(|(key, _)| (self.shown(program, key), side)));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// What need not run: the same program on all sides.
    pub(super) fn same(&self, group: usize) -> Vec<Comparison> {
        let mut all = Vec::new();
        for other in 1..self.contenders.len() {
            for program in self.programs.iter().filter(|program| program.same) {
                let names = match program.of[other].as_ref().and_then(|one| one.listed.clone()) {
                    Some(listed) => listed.into_iter().map(|name| (name, "time")).collect(),
                    // One that ran for targets has named them.
                    None if !program.seen[other].measured.is_empty() => {
                        program.seen[other].measured.iter().map(|(key, _)| (self.shown(program, key), "time")).collect()
                    }
                    None => vec![(program.name.clone(), "executable")],
                };
                let same =
                    |(bench, metric): (String, &str)| Comparison::same(group + other - 1, bench, metric.to_owned());
                all.extend(names.into_iter().map(same));
            }
        }
        all
    }
}

/// The series of one bench: the rounds that both have.
fn series(
    group: usize,
    (bench, metric): (&str, &str),
    base: &BTreeMap<u32, Measured>,
    head: &BTreeMap<u32, Measured>,
    tolerance: f64,
) -> Option<Series> {
    let first = base.values().next()?;
    let other = head.values().next()?;
    let both: Vec<u32> = base.keys().copied().filter(|round| head.contains_key(round)).collect();
    let value = |of: &BTreeMap<u32, Measured>, round: u32| of[&round].value().unwrap_or(f64::NAN);
    let units_differ = first.unit != other.unit;
    Some(Series {
        group,
        bench: bench.to_owned(),
        metric: metric.to_owned(),
        unit: if units_differ { format!("{} and {}", first.unit, other.unit) } else { first.unit.clone() },
        better: first.better,
        exact: first.exact && other.exact,
        tolerance: Some(tolerance),
        // Values in two units have no ratio.
        base: if units_differ { Vec::new() } else { both.iter().map(|&round| value(base, round)).collect() },
        head: if units_differ { Vec::new() } else { both.iter().map(|&round| value(head, round)).collect() },
        of_base: figures(&base.values().collect::<Vec<_>>()),
        of_head: figures(&head.values().collect::<Vec<_>>()),
    })
}
