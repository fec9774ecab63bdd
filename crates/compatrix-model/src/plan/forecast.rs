//! How long a walk still takes, learned while it goes on.
//!
//! Each piece of work has a prediction: from what it took before, else from what similar work took in this walk, else a
//! rule of thumb. [`Forecast::left_ms`] lets a simulated machine do what is left of it. Work that takes longer than
//! predicted raises the prediction of itself and of all that is like it, so that an overdue walk never shows zero.

mod learned;
mod machine;
#[cfg(test)]
mod tests;
mod took;

use learned::Learned;
use machine::Machine;
use took::Ahead;

pub use machine::Room;
pub use took::Took;

/// A build that is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildAhead {
    /// Its lane, by number. Builds of one lane go one after another.
    pub lane: usize,
    /// What it took before.
    pub seen: Option<Took>,
}

/// A run ahead, or the doctests of a build, which are a suite of their own here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunAhead {
    /// The position of its build.
    pub build: usize,
    /// Its suite, by number.
    pub suite: usize,
    /// Whether nothing else may run meanwhile.
    pub alone: bool,
    /// What it took before.
    pub seen: Option<Took>,
    /// What one of its suite usually takes, or by a rule of thumb.
    pub usual: Took,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Going {
        since_ms: u64,
        /// What it used so far.
        used: Option<Took>,
    },
    Done,
}

impl State {
    fn uses(&mut self, took: Took) {
        if let Self::Going { used, .. } = self {
            *used = Some(took);
        }
    }
}

/// The builds and runs of a walk, how far they are, and what they taught.
#[derive(Debug, Clone)]
pub struct Forecast {
    builds: Vec<BuildAhead>,
    runs: Vec<RunAhead>,
    build_states: Vec<State>,
    run_states: Vec<State>,
    /// The first build of each lane in this walk: it compiles the dependencies.
    first: Vec<bool>,
    room: Room,
    learned: Learned,
}

impl Forecast {
    /// A walk that begins: builds, runs with the positions of their builds, and the machine.
    pub fn new(builds: Vec<BuildAhead>, runs: Vec<RunAhead>, room: Room) -> Self {
        let (build_states, run_states) = (vec![State::Waiting; builds.len()], vec![State::Waiting; runs.len()]);
        let mut first = vec![true; builds.len()];
        let mut lanes = std::collections::BTreeSet::new();
        for (build, first) in builds.iter().zip(&mut first) {
            *first = lanes.insert(build.lane);
        }
        Self { builds, runs, build_states, run_states, first, room, learned: Learned::default() }
    }

    /// A build begins.
    pub fn build_began(&mut self, build: usize, at_ms: u64) {
        // The lane's dependencies are compiled by whichever of its builds comes first.
        let lane = self.builds[build].lane;
        let of_lane: Vec<usize> = (0..self.builds.len()).filter(|&n| self.builds[n].lane == lane).collect();
        if of_lane.iter().all(|&n| self.build_states[n] == State::Waiting) {
            of_lane.iter().for_each(|&n| self.first[n] = n == build);
        }
        self.build_states[build] = State::Going { since_ms: at_ms, used: None };
    }

    /// A build ended. If it made nothing, its runs will not start.
    pub fn build_ended(&mut self, build: usize, took: Took, made: bool) {
        self.build_states[build] = State::Done;
        if made {
            let ahead = self.builds[build];
            self.learned.build(ahead.lane, self.first[build], ahead.seen, took);
        } else {
            let of_build = self.runs.iter().zip(&mut self.run_states).filter(|(run, _)| run.build == build);
            of_build.for_each(|(_, state)| *state = State::Done);
        }
    }

    /// A run begins.
    pub fn run_began(&mut self, run: usize, at_ms: u64) {
        self.run_states[run] = State::Going { since_ms: at_ms, used: None };
    }

    /// A run has its result.
    pub fn run_ended(&mut self, run: usize, took: Took) {
        self.run_states[run] = State::Done;
        let ahead = self.runs[run];
        self.learned.run(ahead.suite, ahead.build, ahead.seen, took);
    }

    /// A run will be done again while nothing else runs.
    pub fn run_again(&mut self, run: usize, took: Took) {
        self.run_states[run] = State::Waiting;
        self.runs[run].alone = true;
        self.runs[run].seen = Some(took);
    }

    /// What a build under way took so far.
    pub fn build_uses(&mut self, build: usize, used: Took) {
        self.build_states[build].uses(used);
    }

    /// What a run under way took so far.
    pub fn run_uses(&mut self, run: usize, used: Took) {
        self.run_states[run].uses(used);
    }

    /// Predicted milliseconds until all is done.
    pub fn left_ms(&self, now_ms: u64) -> u64 {
        let learned = self.with_overdue(now_ms);
        let mut machine = Machine::new(self.room);
        let mut runs: Vec<Vec<usize>> = vec![Vec::new(); self.builds.len()];
        for (n, run) in self.runs.iter().enumerate() {
            let ahead = self.run_ahead(&learned, run);
            match self.run_states[n] {
                State::Done => {}
                State::Going { since_ms, .. } => machine.going(ahead.after(now_ms.saturating_sub(since_ms)), run.alone),
                State::Waiting if run.alone => machine.alone(ahead.wall_ms),
                State::Waiting => runs[run.build].push(n),
            }
        }
        for (n, build) in self.builds.iter().enumerate() {
            let after: Vec<Ahead> = runs[n].iter().map(|&n| self.run_ahead(&learned, &self.runs[n])).collect();
            let ahead = || self.build_ahead(&learned, n);
            match self.build_states[n] {
                State::Done => machine.ready(&after),
                State::Going { since_ms, .. } => {
                    machine.building(build.lane, ahead().after(now_ms.saturating_sub(since_ms)), after);
                }
                State::Waiting => machine.waiting(build.lane, ahead(), after),
            }
        }
        machine.run().round() as u64
    }

    /// What was learned, with the work that is under way: the cores that it uses, and of what is overdue, that it takes
    /// longer.
    fn with_overdue(&self, now_ms: u64) -> Learned {
        let mut learned = self.learned.clone();
        for (n, build) in self.builds.iter().enumerate() {
            if let State::Going { since_ms, used } = self.build_states[n] {
                used.into_iter().for_each(|used| learned.build_uses(build.lane, self.first[n], used));
                let ahead = self.build_ahead(&self.learned, n);
                if let Some(took) = ahead.overdue(now_ms.saturating_sub(since_ms)) {
                    learned.build(build.lane, self.first[n], build.seen, took);
                }
            }
        }
        for (n, run) in self.runs.iter().enumerate() {
            if let State::Going { since_ms, used } = self.run_states[n] {
                used.into_iter().for_each(|used| learned.run_uses(run.suite, run.build, used));
                if let Some(took) = self.run_ahead(&self.learned, run).overdue(now_ms.saturating_sub(since_ms)) {
                    learned.run(run.suite, run.build, run.seen, took);
                }
            }
        }
        learned
    }

    fn build_ahead(&self, learned: &Learned, build: usize) -> Ahead {
        let BuildAhead { lane, seen } = self.builds[build];
        learned.build_ahead(lane, self.first[build], seen)
    }

    fn run_ahead(&self, learned: &Learned, run: &RunAhead) -> Ahead {
        learned.run_ahead(run.suite, run.build, run.seen, run.usual)
    }
}
