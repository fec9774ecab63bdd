//! Whole walks on a simulated clock: what the forecast said at each moment, against the truth.

use super::*;

/// Milliseconds a step of the simulated clock.
const STEP: u64 = 50;

/// What a run takes of which nothing is known.
const USUAL: Took = Took { wall_ms: 300, cpu_ms: None, wanted_ms: None };

/// Work as it really is: how long it takes on an idle machine, and the cores that it uses.
#[derive(Debug, Clone, Copy)]
struct Work {
    ms: u64,
    cores: f64,
}

#[derive(Debug, Clone, Default)]
struct Matrix {
    /// With their lanes.
    builds: Vec<(usize, Work)>,
    /// With their builds, and whether they are alone.
    runs: Vec<(usize, bool, Work)>,
}

/// What may run at once.
#[derive(Debug, Clone, Copy)]
enum Policy {
    /// As many as there are tokens, whatever they use.
    Tokens(usize),
    /// As many builds as there are cores, one run, and more while cores are idle.
    Load { cores: usize, most: usize },
}

impl Policy {
    fn cores(self) -> usize {
        match self {
            Self::Tokens(cores) | Self::Load { cores, .. } => cores,
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Tokens(most) | Self::Load { most, .. } => most,
        }
    }

    fn room(self) -> Room {
        Room { cores: self.cores() as f64, builds: self.cores(), tasks: self.most() }
    }
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    /// About this many, up to a part more or less.
    fn about(&mut self, ms: u64, part: f64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (self.0 >> 40) as f64 / (1u64 << 24) as f64;
        (ms as f64 * (1.0 + part * (2.0 * unit - 1.0))) as u64
    }
}

/// Lanes of builds, the first of each with the dependencies, and runs of each build.
fn matrix((lanes, builds, runs): (usize, usize, usize), first: Work, later: Work, run: Work) -> Matrix {
    let (mut dice, mut made) = (Dice(7), Matrix::default());
    for lane in 0..lanes {
        for n in 0..builds {
            let work = if n == 0 { first } else { later };
            made.builds.push((lane, Work { ms: dice.about(work.ms, 0.3), ..work }));
            for _ in 0..runs {
                made.runs.push((made.builds.len() - 1, false, Work { ms: dice.about(run.ms, 0.5), ..run }));
            }
        }
    }
    made
}

fn work(ms: u64, cores: f64) -> Work {
    Work { ms, cores }
}

fn many_short_runs() -> Matrix {
    matrix((3, 4, 168), work(30_000, 1.5), work(5_000, 1.0), work(100, 0.8))
}

fn few_long_sleeping_runs() -> Matrix {
    matrix((4, 2, 4), work(25_000, 1.2), work(6_000, 1.0), work(16_000, 0.05))
}

fn builds_dominate() -> Matrix {
    matrix((6, 6, 5), work(40_000, 1.4), work(12_000, 1.1), work(200, 0.9))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Task {
    Build(usize),
    Run(usize),
}

#[derive(Debug, Clone, Copy)]
struct Going {
    task: Task,
    work: Work,
    since: u64,
    left: f64,
}

/// Walks a matrix; `history` is how much of the truth was seen before. Every two seconds: the time, and what was said to be
/// left. Then the time at the end.
fn walk(matrix: &Matrix, policy: Policy, history: impl Fn(Work) -> Option<Took>) -> (Vec<(u64, u64)>, u64) {
    let builds = matrix.builds.iter().map(|(lane, work)| BuildAhead { lane: *lane, seen: history(*work) });
    let runs = matrix.runs.iter().map(|&(build, alone, work)| RunAhead {
        build,
        suite: 0,
        alone,
        seen: history(work),
        usual: USUAL,
    });
    let mut forecast = Forecast::new(builds.collect(), runs.collect(), policy.room());
    let mut waiting: Vec<usize> = (0..matrix.builds.len()).collect();
    let (mut ready, mut alone): (Vec<usize>, Vec<usize>) = Default::default();
    let (mut going, mut now, mut said): (Vec<Going>, u64, Vec<(u64, u64)>) = Default::default();
    loop {
        loop {
            let wanted: f64 = going.iter().map(|going| going.work.cores).sum();
            let is_free = |n: &usize| {
                let lane = matrix.builds[*n].0;
                !going.iter().any(|going| matches!(going.task, Task::Build(n) if matrix.builds[n].0 == lane))
            };
            let builds = going.iter().filter(|going| matches!(going.task, Task::Build(_))).count();
            let build =
                waiting.iter().position(is_free).filter(|_| builds < policy.cores() && going.len() < policy.most());
            let idle = match policy {
                Policy::Tokens(most) => going.len() < most,
                Policy::Load { cores, most } => {
                    let runs = going.iter().filter(|going| matches!(going.task, Task::Run(_))).count();
                    (wanted < cores as f64 || runs == 0) && going.len() < most
                }
            };
            let next = match (build, idle) {
                (Some(at), _) => Task::Build(waiting.remove(at)),
                (None, true) if !ready.is_empty() => Task::Run(ready.remove(0)),
                (None, true) if going.is_empty() && waiting.is_empty() && !alone.is_empty() => {
                    Task::Run(alone.remove(0))
                }
                _ => break,
            };
            let work = match next {
                Task::Build(n) => matrix.builds[n].1,
                Task::Run(n) => matrix.runs[n].2,
            };
            going.push(Going { task: next, work, since: now, left: work.ms as f64 });
            match next {
                Task::Build(n) => forecast.build_began(n, now),
                Task::Run(n) => forecast.run_began(n, now),
            }
        }
        if now % 2000 == 0 || going.is_empty() {
            for going in going.iter().filter(|going| now > going.since) {
                // What a fair machine gave it so far.
                let cpu_ms = ((going.work.ms as f64 - going.left) * going.work.cores) as u64;
                let used = Took { wall_ms: now - going.since, cpu_ms: Some(cpu_ms), ..Took::default() };
                match going.task {
                    Task::Build(n) => forecast.build_uses(n, used),
                    Task::Run(n) => forecast.run_uses(n, used),
                }
            }
            said.push((now, forecast.left_ms(now)));
        }
        if going.is_empty() {
            return (said, now);
        }
        now += STEP;
        let wanted: f64 = going.iter().map(|going| going.work.cores).sum();
        let speed = (policy.cores() as f64 / wanted).min(1.0);
        going.iter_mut().for_each(|going| going.left -= STEP as f64 * speed);
        let (ended, on): (Vec<Going>, Vec<Going>) = going.iter().partition(|going| going.left <= 0.0);
        going = on;
        for Going { task, work, since, .. } in ended {
            let took =
                Took { wall_ms: now - since, cpu_ms: Some((work.ms as f64 * work.cores) as u64), ..Took::default() };
            match task {
                Task::Build(n) => {
                    forecast.build_ended(n, took, true);
                    let runs = matrix.runs.iter().enumerate().filter(|(_, run)| run.0 == n);
                    runs.for_each(|(n, run)| if run.1 { alone.push(n) } else { ready.push(n) });
                }
                Task::Run(n) => forecast.run_ended(n, took),
            }
        }
    }
}

/// The largest error from half-time on, as a part of the true total, and when it was.
fn worst((said, total): &(Vec<(u64, u64)>, u64)) -> (f64, u64) {
    let late = said.iter().filter(|(at, _)| at * 2 >= *total);
    let error = |&(at, left): &(u64, u64)| ((at + left).abs_diff(*total) as f64 / *total as f64, at);
    late.map(error).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

const POLICIES: [Policy; 3] =
    [Policy::Tokens(2), Policy::Load { cores: 2, most: 16 }, Policy::Load { cores: 8, most: 64 }];

fn matrices() -> [(&'static str, Matrix); 3] {
    [
        ("many short runs", many_short_runs()),
        ("few long sleeping runs", few_long_sleeping_runs()),
        ("builds dominate", builds_dominate()),
    ]
}

#[test]
fn from_half_time_on_a_forecast_is_close_with_and_without_history() {
    let mut bad = Vec::new();
    for (name, matrix) in matrices() {
        for policy in POLICIES {
            // Nothing was seen before; what was seen is the truth, half of it, or half as much again.
            for (history, most) in [(None, 0.3), (Some(1.0), 0.2), (Some(0.5), 0.3), (Some(1.5), 0.3)] {
                let seen = |work: Work| {
                    let ms = history.map(|part| work.ms as f64 * part)?;
                    Some(Took { wall_ms: ms as u64, cpu_ms: Some((ms * work.cores) as u64), ..Took::default() })
                };
                let walked = walk(&matrix, policy, seen);
                let (error, at) = worst(&walked);
                let line = format!("{name}, {policy:?}, seen {history:?}: {error:.3} at {at} of {}", walked.1);
                println!("{line}");
                bad.extend((error > most).then_some(line));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// A forecast of one lane with this many builds of one run each, nothing seen before, on two cores.
fn forecast(builds: usize) -> Forecast {
    let ahead = |build| RunAhead { build, suite: 0, alone: false, seen: None, usual: USUAL };
    let room = Room { cores: 2.0, builds: 2, tasks: 8 };
    Forecast::new(vec![BuildAhead { lane: 0, seen: None }; builds], (0..builds).map(ahead).collect(), room)
}

fn took(wall_ms: u64) -> Took {
    Took { wall_ms, cpu_ms: Some(wall_ms), ..Took::default() }
}

#[test]
fn overdue_work_raises_the_forecast_of_all_that_is_like_it() {
    let mut forecast = forecast(3);
    assert_eq!(forecast.left_ms(0), 60_300, "by rules of thumb");
    forecast.build_began(0, 0);
    forecast.build_ended(0, took(2_000), true);
    assert_eq!(forecast.left_ms(2_000), 1_300, "later builds take a quarter of the first");
    forecast.build_began(1, 2_000);
    forecast.run_began(0, 2_000);
    let left: Vec<u64> = [2_250, 3_000, 10_000, 100_000].map(|now| forecast.left_ms(now)).to_vec();
    assert!(left.windows(2).skip(1).all(|pair| pair[0] < pair[1]), "{left:?}");
    assert!(left[3] > 98_000, "the last build is like the one that takes so long: {left:?}");
}

#[test]
fn nothing_left_is_zero_and_runs_of_a_failed_build_are_not_left() {
    let mut walk = forecast(2);
    walk.build_began(0, 0);
    walk.build_ended(0, took(4_000), false);
    assert_eq!(walk.left_ms(4_000), 10_300, "a build that made nothing teaches nothing");
    walk.build_began(1, 4_000);
    walk.build_ended(1, took(1_000), true);
    assert_eq!(walk.left_ms(5_000), 300);
    walk.run_began(1, 5_000);
    walk.run_ended(1, took(700));
    assert_eq!(walk.left_ms(5_700), 0);
    walk.run_again(1, took(700));
    assert_eq!(walk.left_ms(5_700), 700, "it is confirmed alone");
    assert_eq!(forecast(0).left_ms(0), 0);
}

#[test]
fn sleeping_runs_overlap_as_soon_as_it_is_known_that_they_sleep() {
    let run = |build| RunAhead {
        build,
        suite: 0,
        alone: false,
        seen: None,
        usual: Took { wall_ms: 8_000, cpu_ms: None, ..Took::default() },
    };
    let room = Room { cores: 1.0, builds: 1, tasks: 4 };
    let mut forecast = Forecast::new(vec![BuildAhead { lane: 0, seen: None }], vec![run(0); 4], room);
    forecast.build_began(0, 0);
    forecast.build_ended(0, took(100), true);
    assert_eq!(forecast.left_ms(100), 32_000);
    forecast.run_began(0, 100);
    forecast.run_uses(0, Took { wall_ms: 500, cpu_ms: Some(10), ..Took::default() });
    assert_eq!(forecast.left_ms(600), 8_000);
    forecast.run_uses(0, took(500));
    assert_eq!(forecast.left_ms(600), 31_500);
}

#[test]
fn runs_that_are_alone_come_after_all_else() {
    let run = |alone| RunAhead { build: 0, suite: 0, alone, seen: Some(took(1_000)), usual: USUAL };
    let room = Room { cores: 4.0, builds: 4, tasks: 4 };
    let builds = vec![BuildAhead { lane: 0, seen: Some(took(5_000)) }];
    let forecast = Forecast::new(builds, vec![run(false), run(true), run(false), run(true)], room);
    assert_eq!(forecast.left_ms(0), 8_000);
}

#[test]
fn a_hundred_thousand_runs_are_forecast_in_bundles() {
    let run = |n: usize| RunAhead { build: n % 500, suite: 0, alone: false, seen: Some(took(100)), usual: USUAL };
    let builds = (0..500).map(|n| BuildAhead { lane: n % 16, seen: Some(took(1_000)) }).collect();
    let room = Room { cores: 4.0, builds: 4, tasks: 32 };
    let left = Forecast::new(builds, (0..100_000).map(run).collect(), room).left_ms(0);
    let bound = (500 * 1_000 + 100_000 * 100) / 4;
    assert!((bound..bound * 11 / 10).contains(&left), "{left} of {bound}");
}

#[test]
fn on_a_machine_that_others_use_runs_that_wait_for_a_core_do_not_overlap() {
    // A tenth of the time at work, and the rest in the queue.
    let waits = Took { wall_ms: 2_000, cpu_ms: Some(200), wanted_ms: Some(1_900) };
    let run = RunAhead { build: 0, suite: 0, alone: false, seen: Some(waits), usual: USUAL };
    let room = Room { cores: 2.0, builds: 2, tasks: 34 };
    let mut forecast = Forecast::new(vec![BuildAhead { lane: 0, seen: None }], vec![run; 40], room);
    forecast.build_began(0, 0);
    forecast.build_ended(0, took(100), true);
    assert_eq!(forecast.left_ms(100), 40_000, "two at a time");
}

#[test]
fn a_first_build_that_takes_longer_than_before_says_nothing_of_later_ones() {
    let build = BuildAhead { lane: 0, seen: Some(took(10_000)) };
    let mut forecast = Forecast::new(vec![build; 3], Vec::new(), Room { cores: 2.0, builds: 2, tasks: 8 });
    forecast.build_began(0, 0);
    forecast.build_ended(0, took(60_000), true);
    assert_eq!(forecast.left_ms(60_000), 20_000, "its dependencies were gone");
    forecast.build_began(1, 60_000);
    forecast.build_ended(1, took(40_000), true);
    assert_eq!(forecast.left_ms(100_000), 20_000, "once is twice as long, not four times");
}
