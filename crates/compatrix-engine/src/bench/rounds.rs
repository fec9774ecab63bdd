//! Rounds: every program of every contender once, in random order, and the canary.

use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Result;
use compatrix_bench::reached::Process;
use compatrix_bench::{canary, Canary, Rules};
use compatrix_model::outcome::Outcome;
use compatrix_model::speed::{GroupTrouble, Round};
use compatrix_model::time_limit;

use super::groups::Group;
use super::machine;
use super::process::Ran;
use super::random::Random;
use super::spin::{Spin, Spun};
use crate::event::Event;
use crate::run::executable::signal_name;
use crate::sys::clock;
use crate::sys::error::Error;
use crate::sys::host::{last_lines, Host};
use crate::sys::os::children::signal;
use crate::sys::supervisor::End;

/// What all rounds have in common, and what they came to.
pub(super) struct Rounds<'a> {
    pub(super) host: &'a Host,
    pub(super) core: Option<usize>,
    pub(super) random: Random,
    pub(super) spin: Spin,
    pub(super) spun: Vec<Spun>,
    /// Wall time of all rounds.
    pub(super) wall: Duration,
    /// The processes' part of it.
    pub(super) processes: Duration,
}

impl Rounds<'_> {
    /// Does this many rounds of all groups whose programs are not over. Rounds count on from those before.
    ///
    /// # Errors
    /// An interrupt; our own side fails.
    pub(super) fn go(
        &mut self,
        groups: &mut [Group<'_>],
        rounds: u32,
        of: u32,
        tell: &Sender<Event>,
    ) -> Result<(), Error> {
        let began = clock::instant();
        let first = u32::try_from(self.spun.len()).unwrap_or(u32::MAX);
        let orders: Vec<Vec<Vec<Vec<usize>>>> =
            groups.iter().map(|group| group.programs.iter().map(|_| self.orders(group, rounds)).collect()).collect();
        for n in 0..rounds {
            let _ = tell.send(Event::Round { done: first + n, of });
            let before = clock::instant();
            self.spun.push(self.spin.round(self.host, &mut self.random)?);
            self.processes += before.elapsed();
            for (group, orders) in groups.iter_mut().zip(&orders) {
                let mut done = Round { order: Vec::new(), load: machine::load() };
                for (program, orders) in orders.iter().enumerate() {
                    if group.programs[program].over {
                        continue;
                    }
                    let order = orders[n as usize].iter().copied();
                    let order: Vec<usize> = order.filter(|one| group.needs(program, *one)).collect();
                    for contender in order {
                        self.one(group, program, contender, first + n)?;
                        done.order.push(contender);
                    }
                }
                if !done.order.is_empty() {
                    group.rounds.push(done);
                }
                group.close_idle();
            }
        }
        self.wall += began.elapsed();
        Ok(())
    }

    /// What our own spin says so far.
    pub(super) fn canary(&self, rules: &Rules) -> Canary {
        let of = |which: fn(&Spun) -> f64| self.spun.iter().map(which).collect::<Vec<f64>>();
        canary(rules, &of(|spun| spun.plain), &of(|spun| spun.same), &of(|spun| spun.slow))
    }

    fn orders(&mut self, group: &Group<'_>, rounds: u32) -> Vec<Vec<usize>> {
        match group.contenders.len() {
            2 => self.random.orders_of_two(rounds as usize),
            n => (0..rounds).map(|_| self.random.order(n)).collect(),
        }
    }

    fn one(&mut self, group: &mut Group<'_>, program: usize, contender: usize, round: u32) -> Result<(), Error> {
        let of = &group.contenders[contender];
        let Some(measurer) = &group.programs[program].of[contender] else { return Ok(()) };
        // A name of one length for all.
        let name = format!("{:04}-{:02}", self.spun.len() % 10_000, program % 100);
        let random = &mut self.random;
        let ran = of.placed(self.core, |place| measurer.run(place, &name, random))?;
        if self.host.supervisor.is_interrupted() {
            return Err(Error::Interrupted);
        }
        self.processes += ran.finished.wall;
        let limit = of.side.parsed.spec.suites[group.suite].timeout;
        let (target, side) = (group.programs[program].name.clone(), of.name.clone());
        let trouble = trouble(&ran, &target, &side, limit);
        group.take(program, contender, round, ran);
        if let Some(trouble) = trouble {
            group.programs[program].over = true;
            group.trouble.get_or_insert(trouble);
        }
        Ok(())
    }
}

impl Group<'_> {
    /// Keeps what a process reported.
    fn take(&mut self, program: usize, contender: usize, round: u32, ran: Ran) {
        let (program, name) = (&mut self.programs[program], &self.contenders[contender].name);
        let seen = &mut program.seen[contender];
        seen.processes.push(Process {
            round,
            measured: ran.reading.measured.clone(),
            peak_memory: ran.finished.peak_memory,
            cpu: Some(ran.finished.cpu.as_secs_f64()).filter(|cpu| *cpu > 0.0),
            wall: Some(ran.finished.wall.as_secs_f64()),
        });
        seen.add(round, ran.reading.measured);
        for trouble in ran.reading.troubles {
            let bench = trouble.bench.map(|bench| format!("{bench}: ")).unwrap_or_default();
            self.unusable.insert(format!("{} ({name}): {bench}{}", program.name, trouble.why));
        }
    }

    /// What measures nothing on any side is not started again: cargo has an executable of the library, too, that may have no
    /// benches.
    fn close_idle(&mut self) {
        for program in &mut self.programs {
            let ran = program.seen.iter().any(|seen| !seen.processes.is_empty());
            program.over |= ran && program.seen.iter().all(|seen| seen.measured.is_empty());
        }
    }
}

/// How a process did not end as it should.
fn trouble(ran: &Ran, target: &str, side: &str, limit: Duration) -> Option<GroupTrouble> {
    let finished = &ran.finished;
    let said = || last_lines(&finished.stderr.text(), 2);
    let (outcome, cause) = match (finished.end, signal(finished.status), finished.status.code()) {
        (End::TimedOut, ..) => time_limit::Ended { limit, had: finished.had, wall: finished.wall }.outcome(target, ""),
        (End::Interrupted, ..) => (Outcome::Infrastructure, "interrupted".to_owned()),
        (End::Itself, Some(signal), _) => {
            (Outcome::Crashed, format!("{target} was ended by {}: {}", signal_name(signal), said()))
        }
        (End::Itself, None, Some(0)) => return None,
        (End::Itself, None, code) => {
            (Outcome::Failed, format!("{target} ended with code {}: {}", code.unwrap_or(-1), said()))
        }
    };
    Some(GroupTrouble { outcome, side: side.to_owned(), cause })
}
