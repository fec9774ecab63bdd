//! Records what a command does and how busy the machine is meanwhile: the timeline that `--timings` draws.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use compatrix_model::timeline::{Bar, BarEnd, Estimate, Sample, Timeline};

use crate::sys::account::Account;
use crate::sys::clock::{instant, system};
use crate::sys::machine::Machine;
use crate::sys::processes::Processes;

/// The interval between samples of the machine.
const INTERVAL: Duration = Duration::from_millis(250);
/// Of more samples than this, each two become one, and the interval doubles.
const MOST_SAMPLES: usize = 4000;

/// What happened so far. Clones are the same recording.
#[derive(Debug, Clone)]
pub struct Recording {
    began: Instant,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    bars: Vec<Bar>,
    /// Of bars under way, with their accounts.
    going: Vec<(BarId, Account)>,
    samples: Vec<Sample>,
    estimates: Vec<Estimate>,
    /// Processor time of bars that ended.
    ended: Duration,
}

/// A bar of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BarId(usize);

impl Default for Recording {
    fn default() -> Self {
        Self { began: instant(), state: Arc::default() }
    }
}

impl Recording {
    /// Milliseconds since the beginning.
    pub(crate) fn now_ms(&self) -> u64 {
        ms(self.began.elapsed())
    }

    /// A moment of the system's clock, in milliseconds since the beginning.
    pub(crate) fn ms_of(&self, moment: SystemTime) -> u64 {
        let ago = system().duration_since(moment).unwrap_or_default();
        self.now_ms().saturating_sub(ms(ago))
    }

    /// Work begins whose processes are on this account.
    pub(crate) fn begin(&self, bar: Bar, account: &Account) -> BarId {
        let now = self.now_ms();
        let mut state = self.lock();
        let id = BarId(state.bars.len());
        state.bars.push(Bar { from_ms: now, to_ms: now, ..bar });
        state.going.push((id, account.clone()));
        id
    }

    /// Work began earlier than its bar.
    pub(crate) fn began_before(&self, id: BarId, from_ms: u64) {
        let bar = &mut self.lock().bars[id.0];
        bar.from_ms = bar.from_ms.min(from_ms);
    }

    /// Work ended.
    pub(crate) fn end(&self, id: BarId, end: BarEnd) {
        let now = self.now_ms();
        let mut state = self.lock();
        let Some(at) = state.going.iter().position(|(going, _)| *going == id) else { return };
        let cpu = state.going.swap_remove(at).1.usage().cpu;
        state.ended += cpu;
        let bar = &mut state.bars[id.0];
        (bar.to_ms, bar.end, bar.cpu_ms) = (now, end, Some(ms(cpu)));
    }

    /// What the result of work is worth, when it is known only after its end.
    pub(crate) fn ended_as(&self, id: BarId, end: BarEnd) {
        self.lock().bars[id.0].end = end;
    }

    /// Does work as a bar, on an account of its own.
    pub(crate) fn during<T>(&self, bar: Bar, work: impl FnOnce(&Account) -> T) -> T {
        let account = Account::default();
        let id = self.begin(bar, &account);
        let done = work(&account);
        self.end(id, BarEnd::Ok);
        done
    }

    /// An estimate is shown.
    pub(crate) fn estimate(&self, at_ms: u64, left_ms: u64) {
        self.lock().estimates.push(Estimate { at_ms, left_ms });
    }

    /// Samples the machine until the result is dropped.
    pub fn sampling(&self) -> Sampling {
        let (recording, stop) = (self.clone(), Arc::new((Mutex::new(false), Condvar::new())));
        let until = Arc::clone(&stop);
        let thread = std::thread::spawn(move || recording.sample_until(&until));
        Sampling { stop, thread: Some(thread) }
    }

    fn sample_until(&self, stop: &(Mutex<bool>, Condvar)) {
        let (processes, machine) = (Processes::here(), Machine::look());
        let used = || processes.machine().map(|time| time.used);
        let mut interval = INTERVAL;
        let (mut before, mut cpu, mut busy) = (instant(), self.cpu(), used());
        loop {
            let stopped = stop.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (stopped, _) = stop.1.wait_timeout(stopped, interval).unwrap_or_else(PoisonError::into_inner);
            let last = *stopped;
            drop(stopped);
            let (now, cpu_now, busy_now) = (instant(), self.cpu(), used());
            let seconds = now.duration_since(before).as_secs_f64().max(0.001);
            let machine_cores =
                busy_now.zip(busy).map(|(now, before)| now.saturating_sub(before).as_secs_f64() / seconds);
            let mut ran = cpu_now.saturating_sub(cpu);
            // What is known only at the end of a process was used before: it is spread over what follows.
            if let Some(cores) = machine_cores {
                ran = ran.min(Duration::from_secs_f64(cores * seconds));
            }
            let ours = ran.as_secs_f64() / seconds;
            let sample = Sample {
                at_ms: self.now_ms(),
                ours,
                machine: machine_cores.unwrap_or(ours),
                memory: machine.memory_in_use(),
            };
            (before, cpu, busy) = (now, cpu + ran, busy_now);
            if self.add(sample) {
                interval *= 2;
            }
            if last {
                return;
            }
        }
    }

    /// Adds a sample; whether there were so many that each two became one.
    fn add(&self, sample: Sample) -> bool {
        let samples = &mut self.lock().samples;
        samples.push(sample);
        let is_full = samples.len() >= MOST_SAMPLES;
        if is_full {
            *samples = samples.chunks(2).filter_map(halved).collect();
        }
        is_full
    }

    /// Processor time of all bars until now.
    fn cpu(&self) -> Duration {
        let state = self.lock();
        state.ended + state.going.iter().map(|(_, account)| account.usage().cpu).sum::<Duration>()
    }

    /// The timeline until now. What is under way is cut short.
    pub fn timeline(&self) -> Timeline {
        let (now, machine) = (self.now_ms(), Machine::look());
        let state = self.lock();
        let mut bars = state.bars.clone();
        for (id, account) in &state.going {
            let bar = &mut bars[id.0];
            (bar.to_ms, bar.end, bar.cpu_ms) = (now, BarEnd::Cut, Some(ms(account.usage().cpu)));
        }
        Timeline {
            elapsed_ms: now,
            cores: machine.cores,
            memory: if machine.memory == u64::MAX { 0 } else { machine.memory },
            bars,
            samples: state.samples.clone(),
            estimates: state.estimates.clone(),
            ..Timeline::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Samples the machine until it is dropped.
#[derive(Debug)]
pub struct Sampling {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Sampling {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        // A thread that panicked has no more samples; what it has is shown.
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

/// Two samples as one.
fn halved(pair: &[Sample]) -> Option<Sample> {
    let last = *pair.last()?;
    let count = pair.len() as f64;
    Some(Sample {
        ours: pair.iter().map(|sample| sample.ours).sum::<f64>() / count,
        machine: pair.iter().map(|sample| sample.machine).sum::<f64>() / count,
        memory: pair.iter().map(|sample| sample.memory).max().unwrap_or(last.memory),
        ..last
    })
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use compatrix_model::timeline::BarKind;

    fn bar(name: &str) -> Bar {
        Bar { kind: BarKind::Run, name: name.to_owned(), ..Bar::default() }
    }

    #[test]
    fn what_is_under_way_is_cut_and_what_ended_keeps_its_end() {
        let recording = Recording::default();
        let ids = ["a", "b", "c"].map(|name| recording.begin(bar(name), &Account::default()));
        recording.end(ids[1], BarEnd::Red);
        recording.ended_as(ids[1], BarEnd::Known);
        recording.end(ids[0], BarEnd::Ok);
        recording.end(ids[0], BarEnd::Red);
        let ends: Vec<BarEnd> = recording.timeline().bars.iter().map(|bar| bar.end).collect();
        assert_eq!(ends, [BarEnd::Ok, BarEnd::Known, BarEnd::Cut]);
        assert_eq!(recording.clone().timeline().bars.len(), 3, "clones are the same recording");
    }

    #[test]
    fn very_many_samples_are_halved() {
        let recording = Recording::default();
        let sample = |n| Sample { at_ms: n, ours: (n % 2) as f64, machine: 2.0, memory: n };
        let full = (1..=MOST_SAMPLES as u64).filter(|&n| recording.add(sample(n))).count();
        let samples = recording.timeline().samples;
        assert_eq!((full, samples.len()), (1, MOST_SAMPLES / 2));
        assert_eq!(samples[0], Sample { at_ms: 2, ours: 0.5, machine: 2.0, memory: 2 });
    }

    #[test]
    fn sampling_ends_with_a_sample() {
        let recording = Recording::default();
        drop(recording.sampling());
        assert_eq!(recording.timeline().samples.len(), 1);
    }
}
