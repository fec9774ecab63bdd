//! Follows the tasks of a walk: notes each in the recording, and forecasts how long the rest takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use compatrix_model::plan::forecast::{BuildAhead, Forecast, Room, RunAhead, Took};
use compatrix_model::plan::predict::LATER_BUILD_MS;
use compatrix_model::timeline::{Bar, BarEnd, BarKind};
use compatrix_model::verdict::Verdict;

use crate::event::Event;
use crate::sys::account::Account;
use crate::sys::clock::instant;
use crate::sys::recording::{BarId, Recording};
use crate::walk::schedule::{Job, PlannedRun};

/// Doctests are a suite of their own for the forecast.
const DOCTESTS: usize = usize::MAX;
/// The doctests of a build that was never seen.
const DOCTESTS_MS: u64 = LATER_BUILD_MS / 2;

/// A task, by the position of its build among those to do, or of its run in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doing {
    Build(usize),
    Doctests(usize),
    Run { job: usize, run: usize, alone: bool },
}

/// What is under way and what is left.
pub(super) struct Tracker<'a> {
    recording: &'a Recording,
    pub(super) jobs: &'a [Job<'a>],
    /// By run of the plan and by build: their positions in the forecast.
    runs: HashMap<usize, usize>,
    doctests: HashMap<usize, usize>,
    state: Mutex<State>,
}

struct State {
    forecast: Forecast,
    /// With when each began.
    going: BTreeMap<Doing, (Account, u64)>,
    /// By run: its newest bar, and what it took.
    bars: HashMap<usize, (BarId, Took)>,
}

impl<'a> Tracker<'a> {
    /// Of these jobs, on a machine with this room. `unseen` is what a run of a suite takes by a rule of thumb.
    pub(super) fn new(
        recording: &'a Recording,
        jobs: &'a [Job<'a>],
        unseen: impl Fn(usize) -> u64,
        room: Room,
    ) -> Self {
        let mut lanes: BTreeMap<String, usize> = BTreeMap::new();
        let builds = jobs.iter().map(|job| {
            let next = lanes.len();
            let lane = *lanes.entry(job.build.lane()).or_insert(next);
            BuildAhead { lane, seen: job.predicted_ms.map(took) }
        });
        let builds = builds.collect();
        let (mut ahead, mut runs, mut doctests) = (Vec::new(), HashMap::new(), HashMap::new());
        for (build, job) in jobs.iter().enumerate() {
            for planned in &job.runs {
                let PlannedRun { run, suite, alone, .. } = *planned;
                let usual = took(unseen(suite));
                runs.insert(run, ahead.len());
                ahead.push(RunAhead { build, suite, alone, seen: seen(planned, unseen(suite)), usual });
            }
            if job.build.targets.doctests() {
                let seen = job.doctests_ms.map(took);
                doctests.insert(build, ahead.len());
                let usual = took(DOCTESTS_MS);
                ahead.push(RunAhead { build, suite: DOCTESTS, alone: false, seen, usual });
            }
        }
        let (going, bars) = Default::default();
        let state = State { forecast: Forecast::new(builds, ahead, room), going, bars };
        Self { recording, jobs, runs, doctests, state: Mutex::new(state) }
    }

    /// Does a task; `end` says how it ended.
    pub(super) fn during<T>(
        &self,
        doing: Doing,
        name: String,
        account: &Account,
        work: impl FnOnce(BarId) -> T,
        end: impl FnOnce(&T) -> BarEnd,
    ) -> T {
        let (job, kind) = match doing {
            Doing::Build(job) => (job, BarKind::Build),
            Doing::Doctests(job) => (job, BarKind::Doctests),
            Doing::Run { job, alone: false, .. } => (job, BarKind::Run),
            Doing::Run { job, alone: true, .. } => (job, BarKind::Alone),
        };
        let lane = self.jobs[job].build.lane();
        let id = self.recording.begin(Bar { kind, name, lane, build: Some(job), ..Bar::default() }, account);
        let from = self.recording.now_ms();
        {
            let mut state = self.lock();
            state.going.insert(doing, (account.clone(), from));
            match self.position(doing) {
                Ok(build) => state.forecast.build_began(build, from),
                Err(run) => state.forecast.run_began(run, from),
            }
        }
        let done = work(id);
        let how = end(&done);
        self.recording.end(id, how);
        let took = used(account, self.recording.now_ms().saturating_sub(from));
        let mut state = self.lock();
        state.going.remove(&doing);
        match self.position(doing) {
            Ok(build) => state.forecast.build_ended(build, took, how == BarEnd::Ok),
            Err(run) => state.forecast.run_ended(run, took),
        }
        if let Doing::Run { run, .. } = doing {
            state.bars.insert(run, (id, took));
        }
        done
    }

    /// Work of this bar began at this time.
    pub(super) fn began_before(&self, id: BarId, from_ms: u64) {
        self.recording.began_before(id, from_ms);
    }

    /// A run will be done again, alone.
    pub(super) fn again(&self, run: usize) {
        let mut state = self.lock();
        if let (Some(&(_, took)), Some(&position)) = (state.bars.get(&run), self.runs.get(&run)) {
            state.forecast.run_again(position, took);
        }
    }

    /// The verdict of a run's result.
    pub(super) fn judged(&self, run: usize, verdict: Verdict) {
        if let Some((id, _)) = self.lock().bars.get(&run) {
            self.recording.ended_as(*id, verdict.into());
        }
    }

    /// The milliseconds that the rest takes, noted in the recording.
    pub(super) fn left_ms(&self) -> u64 {
        let now = self.recording.now_ms();
        let mut state = self.lock();
        let State { forecast, going, .. } = &mut *state;
        for (doing, (account, from)) in going.iter() {
            let used = used(account, now.saturating_sub(*from));
            match self.position(*doing) {
                Ok(build) => forecast.build_uses(build, used),
                Err(run) => forecast.run_uses(run, used),
            }
        }
        let left = state.forecast.left_ms(now);
        drop(state);
        self.recording.estimate(now, left);
        left
    }

    /// Its position among the builds of the forecast, or among its runs.
    fn position(&self, doing: Doing) -> Result<usize, usize> {
        match doing {
            Doing::Build(job) => Ok(job),
            Doing::Doctests(job) => Err(self.doctests[&job]),
            Doing::Run { run, .. } => Err(self.runs[&run]),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what is left about twice a second, between messages. A forecast of very much work may take long; then it comes
/// less often.
pub(super) struct Pulse<'a> {
    tracker: &'a Tracker<'a>,
    tell: &'a Sender<Event>,
    next: Instant,
}

/// The least time between two forecasts, and what part of the time they may take.
const PULSE: Duration = Duration::from_millis(500);
const COST: u32 = 50;

impl<'a> Pulse<'a> {
    pub(super) fn new(tracker: &'a Tracker<'a>, tell: &'a Sender<Event>) -> Self {
        Self { tracker, tell, next: instant() }
    }

    /// The next message; none when nobody can send one any more.
    pub(super) fn next<T>(&mut self, messages: &Receiver<T>) -> Option<T> {
        loop {
            let now = instant();
            if now >= self.next {
                let _ = self.tell.send(Event::Left(self.tracker.left_ms()));
                self.next = now + PULSE.max(now.elapsed() * COST);
            }
            match messages.recv_timeout(self.next.saturating_duration_since(now)) {
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

/// Wall time of which nothing else is known.
fn took(wall_ms: u64) -> Took {
    Took { wall_ms, ..Took::default() }
}

/// What the processes of an account used in this time.
fn used(account: &Account, wall_ms: u64) -> Took {
    let usage = account.usage();
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).ok();
    Took { wall_ms, cpu_ms: ms(usage.cpu), wanted_ms: ms(usage.wanted_time.max(usage.cpu)) }
}

/// What a run took before, if it was seen. The rule of thumb of a suite stands in for those that were not.
fn seen(planned: &PlannedRun, unseen_ms: u64) -> Option<Took> {
    let is_seen = |ms: &u64| planned.usual.is_some() || *ms != unseen_ms;
    let wall_ms = planned.predicted_ms.filter(is_seen)?;
    let cores = planned.usual.and_then(|habit| habit.cores());
    let wanted_ms = cores.map(|cores| (wall_ms as f64 * cores) as u64);
    Some(Took { wall_ms, cpu_ms: wanted_ms, wanted_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use compatrix_model::facts::Habit;

    #[test]
    fn what_was_seen_is_expected_again_and_a_rule_of_thumb_is_not_taken_for_it() {
        let run = |predicted_ms, usual| PlannedRun { run: 0, suite: 0, predicted_ms, usual, alone: false };
        let of = |wall_ms, ms| Took { wall_ms, cpu_ms: Some(ms), wanted_ms: Some(ms) };
        let mut habit = Habit::default();
        habit.add(5_000, 500, 0);
        assert_eq!(seen(&run(None, None), 300), None);
        assert_eq!(seen(&run(Some(30_000), None), 30_000), None, "a rule of thumb");
        assert_eq!(seen(&run(Some(6_000), None), 300), Some(took(6_000)), "nothing is known of its cores");
        assert_eq!(seen(&run(Some(6_000), Some(habit)), 300), Some(of(6_000, 600)));
        assert_eq!(seen(&run(Some(300), Some(habit)), 300), Some(of(300, 30)));
    }
}
