//! A simulated machine: work that uses part of a core or several, all slowed alike when it wants more than there is.

use std::collections::{BTreeMap, VecDeque};

use super::took::Ahead;

/// More ready runs than this are simulated in bundles: the answer is about the same.
const MOST_READY: usize = 400;

/// What a machine does at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// Cores that work may use.
    pub cores: f64,
    /// Builds at once.
    pub builds: usize,
    /// Builds and runs at once, however little they use.
    pub tasks: usize,
}

struct Waiting {
    ahead: Ahead,
    runs: Vec<Ahead>,
}

struct Going {
    ahead: Ahead,
    /// Of a build: its lane, and what becomes ready when it ends.
    build: Option<(usize, Vec<Ahead>)>,
}

pub(super) struct Machine {
    room: Room,
    lanes: BTreeMap<usize, VecDeque<Waiting>>,
    going: Vec<Going>,
    ready: Vec<Ahead>,
    alone_ms: f64,
}

impl Machine {
    pub(super) fn new(room: Room) -> Self {
        let (lanes, going, ready) = Default::default();
        Self { room, lanes, going, ready, alone_ms: 0.0 }
    }

    /// A run that is under way; nothing else is if it is alone.
    pub(super) fn going(&mut self, ahead: Ahead, alone: bool) {
        match alone {
            true => self.alone(ahead.wall_ms),
            false => self.going.push(Going { ahead, build: None }),
        }
    }

    /// A build that is under way.
    pub(super) fn building(&mut self, lane: usize, ahead: Ahead, runs: Vec<Ahead>) {
        self.going.push(Going { ahead, build: Some((lane, runs)) });
    }

    /// A build that waits for its lane.
    pub(super) fn waiting(&mut self, lane: usize, ahead: Ahead, runs: Vec<Ahead>) {
        self.lanes.entry(lane).or_default().push_back(Waiting { ahead, runs });
    }

    /// Runs that may start.
    pub(super) fn ready(&mut self, runs: &[Ahead]) {
        self.ready.extend(runs);
    }

    /// A run that waits until all else is done.
    pub(super) fn alone(&mut self, wall_ms: f64) {
        self.alone_ms += wall_ms;
    }

    /// Milliseconds until all is done.
    pub(super) fn run(mut self) -> f64 {
        let total = self.ready.len() + self.lanes.values().flatten().map(|build| build.runs.len()).sum::<usize>();
        let bundle = total / MOST_READY + 1;
        bundled(&mut self.ready, bundle);
        self.ready.sort_by(|a, b| a.wall_ms.total_cmp(&b.wall_ms));
        let mut now = 0.0;
        loop {
            self.admit();
            let wanted: f64 = self.going.iter().map(|going| going.ahead.cores).sum();
            let speed = if wanted > self.room.cores { self.room.cores / wanted } else { 1.0 };
            let Some(next) = self.going.iter().map(|going| going.ahead.wall_ms).min_by(f64::total_cmp) else {
                return now + self.alone_ms;
            };
            now += next / speed;
            self.going.iter_mut().for_each(|going| going.ahead.wall_ms -= next);
            let ended = self.going.extract_if(.., |going| going.ahead.wall_ms <= 0.0);
            let ended: Vec<Going> = ended.collect();
            for (_, mut runs) in ended.into_iter().filter_map(|ended| ended.build) {
                bundled(&mut runs, bundle);
                self.ready.extend(runs);
                self.ready.sort_by(|a, b| a.wall_ms.total_cmp(&b.wall_ms));
            }
        }
    }

    /// Starts what may start: builds of free lanes, the lane with the most work first, and then one run, and
    /// more while they find a core, the longest first.
    fn admit(&mut self) {
        let tasks = self.room.tasks.max(1);
        while self.going.len() < tasks {
            let busy: Vec<usize> = self.going.iter().filter_map(|going| Some(going.build.as_ref()?.0)).collect();
            let left = |builds: &VecDeque<Waiting>| builds.iter().map(|build| build.ahead.wall_ms).sum::<f64>();
            let free = self.lanes.iter().filter(|(lane, builds)| !busy.contains(lane) && !builds.is_empty());
            let most = free.max_by(|a, b| left(a.1).total_cmp(&left(b.1))).map(|(lane, _)| *lane);
            let next = most.filter(|_| busy.len() < self.room.builds.max(1));
            let Some((lane, next)) = next.and_then(|lane| Some((lane, self.lanes.get_mut(&lane)?.pop_front()?))) else {
                break;
            };
            self.going.push(Going { ahead: next.ahead, build: Some((lane, next.runs)) });
        }
        // Taken from the end: the longest first.
        let mut wanted: f64 = self.going.iter().map(|going| going.ahead.wants).sum();
        let mut runs = self.going.iter().filter(|going| going.build.is_none()).count();
        let room = self.room;
        while self.going.len() < tasks {
            let is_admitted = |next: &mut Ahead| runs == 0 || wanted + next.wants <= room.for_run(next);
            let Some(ahead) = self.ready.pop_if(is_admitted) else { break };
            (wanted, runs) = (wanted + ahead.wants, runs + 1);
            self.going.push(Going { ahead, build: None });
        }
    }
}

impl Room {
    /// The cores that may be wanted with this run: about as the schedule admits it, more for one that only sleeps.
    fn for_run(self, run: &Ahead) -> f64 {
        let sleeps = 1.0 - run.wants.min(1.0);
        self.cores * (1.25 + 0.5 * sleeps * sleeps)
    }
}

/// Runs in bundles of this many, one after another.
fn bundled(runs: &mut Vec<Ahead>, many: usize) {
    if many > 1 {
        runs.sort_by(|a, b| a.wall_ms.total_cmp(&b.wall_ms));
        *runs = runs.chunks(many).map(bundle).collect();
    }
}

fn bundle(runs: &[Ahead]) -> Ahead {
    let wall_ms: f64 = runs.iter().map(|run| run.wall_ms).sum();
    let cpu_ms: f64 = runs.iter().map(|run| run.wall_ms * run.cores).sum();
    let wanted_ms: f64 = runs.iter().map(|run| run.wall_ms * run.wants).sum();
    let share = |ms: f64| if wall_ms > 0.0 { ms / wall_ms } else { 0.0 };
    Ahead { wall_ms, cores: share(cpu_ms), wants: share(wanted_ms) }
}
