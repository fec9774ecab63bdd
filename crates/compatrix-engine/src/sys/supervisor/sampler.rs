//! Looks at the living process groups: what they use of the machine, and how long they wait for it.
//!
//! A look costs a few system calls a process. It comes about every 100 ms, less often where many processes make it
//! expensive, seldom at groups that sleep, and not at all while the machine has nothing to do: then nobody runs, waits, or
//! takes memory.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::sys::account::Seen;
use crate::sys::machine::Machine;
use crate::sys::os::machine::thread_time;
use crate::sys::processes::{MachineTime, Process, Processes, ThreadTime};
use crate::sys::supervisor::had::{Part, Taken};

/// The interval between looks.
const INTERVAL: Duration = Duration::from_millis(100);
/// The longest interval, however expensive a look is and however idle the machine.
const LONGEST: Duration = Duration::from_secs(2);
/// A look may cost this part of the time until the next one: a third of a per cent of a core.
const COST: u32 = 300;
/// The most of a core that is in use on a machine that has nothing to do.
const IDLE: f64 = 0.1;
/// A group that used less than this part of a core is quiet, and is left out of so many looks.
const QUIET: (f64, u32) = (0.01, 3);
/// How old a process's peak of memory may be.
const PEAK_AGE: Duration = Duration::from_secs(1);
/// The processor time that a group has used before it is a surprise that its threads have none.
const KNOWN: Duration = Duration::from_millis(20);
/// The processor time that threads of a group were seen to use before what they waited says something of the others.
const TYPICAL: Duration = Duration::from_millis(5);

/// What a group used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Reading {
    /// What was seen since its start.
    pub seen: Seen,
    /// What it did since the last look at it.
    pub part: Part,
    /// What its threads waited for a core and is known since then, all together.
    pub waited: Duration,
}

/// Looks at process groups, and remembers what it saw.
#[derive(Debug)]
pub(super) struct Sampler {
    processes: Processes,
    /// The supervised process to which each process belongs, if to any.
    known: HashMap<u32, Option<u32>>,
    groups: HashMap<u32, Group>,
    /// The last process or thread when new ones were searched for.
    last: Option<u32>,
    next: Option<Instant>,
    machine: Machine,
    machine_time: Option<(Instant, MachineTime)>,
    /// The part of the processor time that other virtual machines took lately.
    stolen: f64,
    /// When all groups were looked at.
    looked: Option<Instant>,
    /// How many looks leave a quiet group out.
    quiet_looks: u32,
}

/// A supervised process and those that belong to it.
#[derive(Debug)]
struct Group {
    looked: Instant,
    /// How many of the next looks leave it out.
    leave_out: u32,
    members: HashMap<u32, Member>,
    cpu: Duration,
    peak_memory: u64,
    /// What threads were seen to run and to wait.
    times: ThreadTime,
    /// What threads ran that began and ended between two looks.
    unseen: Duration,
    /// How long all of it seemed to do nothing. Some of it may be the wait of threads that nobody saw.
    idle: Duration,
}

#[derive(Debug)]
struct Member {
    /// Its identity, once it was looked at.
    started: Option<u64>,
    threads: HashMap<u32, Thread>,
    peak_seen: Instant,
}

#[derive(Debug, Clone, Copy, Default)]
struct Thread {
    time: ThreadTime,
    /// How long it seemed to do nothing. It may have waited: the kernel adds a wait when it ends.
    idle: Duration,
}

impl Sampler {
    /// One that has seen nothing yet.
    pub(super) fn new(processes: Processes, machine: Machine) -> Self {
        Self {
            processes,
            known: HashMap::new(),
            groups: HashMap::new(),
            last: None,
            next: None,
            machine,
            machine_time: None,
            stolen: 0.0,
            looked: None,
            quiet_looks: QUIET.1,
        }
    }

    /// Whether it is time to look at all groups.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Looks at the groups of these processes, of which it is known when they started. Empty while the machine has nothing
    /// to do: then they used nothing that is worth a look, and nobody took time from them.
    pub(super) fn look(&mut self, leaders: &[(u32, Instant)], now: Instant) -> HashMap<u32, Reading> {
        let began = thread_time();
        let idle = self.is_machine_idle(now);
        let readings = if idle {
            HashMap::new()
        } else {
            self.looked = Some(now);
            let quiet = self.left_out();
            self.look_at(leaders, now, |leader| !quiet.contains(&leader))
        };
        let cost = thread_time().saturating_sub(began);
        self.next = Some(now + (cost * COST).clamp(INTERVAL, LONGEST));
        readings
    }

    /// The groups that this look leaves out.
    fn left_out(&mut self) -> HashSet<u32> {
        let quiet = self.groups.iter_mut().filter_map(|(leader, group)| {
            group.leave_out = group.leave_out.checked_sub(1)?;
            Some(*leader)
        });
        quiet.collect()
    }

    /// Looks now at those of the groups that are wanted.
    pub(super) fn look_at(
        &mut self,
        leaders: &[(u32, Instant)],
        now: Instant,
        wanted: impl Fn(u32) -> bool,
    ) -> HashMap<u32, Reading> {
        self.search(leaders);
        let wanted = leaders.iter().filter(|(leader, _)| wanted(*leader));
        wanted.filter_map(|(leader, _)| Some((*leader, self.read(*leader, now)?))).collect()
    }

    /// What the machine takes from all groups. Pressure is read only where a group needs it.
    pub(super) fn taken(&self, readings: &HashMap<u32, Reading>) -> Taken {
        let needed = readings.values().any(|reading| reading.part.waited.is_none());
        let pressure = if needed { self.machine.pressure() } else { None };
        Taken { cores: self.machine.cores, stolen: self.stolen, pressure }
    }

    fn is_machine_idle(&mut self, now: Instant) -> bool {
        let Some(time) = self.processes.machine() else { return false };
        let Some((before, last)) = self.machine_time.replace((now, time)) else { return false };
        let length = now.saturating_duration_since(before).as_secs_f64();
        let stolen = time.stolen.saturating_sub(last.stolen).as_secs_f64();
        let used = time.used.saturating_sub(last.used).as_secs_f64() + stolen;
        self.stolen = if used > 0.0 { stolen / used } else { 0.0 };
        let recent = self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < LONGEST);
        recent && used < IDLE * self.machine.cores.min(1.0) * length
    }

    /// Finds the processes that belong to groups.
    fn search(&mut self, leaders: &[(u32, Instant)]) {
        let alive: HashSet<u32> = leaders.iter().map(|(leader, _)| *leader).collect();
        self.groups.retain(|leader, _| alive.contains(leader));
        for (leader, started) in leaders {
            self.known.insert(*leader, Some(*leader));
            self.groups.entry(*leader).or_insert_with(|| Group::new(*started)).add(*leader, *started);
        }
        let last = self.processes.last();
        if last.is_some() && last == self.last {
            return;
        }
        self.last = last;
        let all: HashSet<u32> = self.processes.all().into_iter().collect();
        self.known.retain(|number, _| all.contains(number));
        let mut new: Vec<(u32, Process)> = all
            .into_iter()
            .filter(|number| !self.known.contains_key(number))
            .filter_map(|number| Some((number, self.processes.process(number)?)))
            .collect();
        // A child may have a lower number than its parent, where the numbers went round.
        loop {
            let before = new.len();
            new.retain(|(number, process)| {
                let by_parent = self.known.get(&process.parent).copied().flatten();
                let Some(leader) = alive.get(&process.group).copied().or(by_parent) else { return true };
                self.known.insert(*number, Some(leader));
                if let Some(group) = self.groups.get_mut(&leader) {
                    group.add(*number, group.looked);
                }
                false
            });
            if new.is_empty() || new.len() == before {
                break;
            }
        }
        self.known.extend(new.into_iter().map(|(number, _)| (number, None)));
    }

    fn read(&mut self, leader: u32, now: Instant) -> Option<Reading> {
        let group = self.groups.get_mut(&leader)?;
        let length = now.saturating_duration_since(group.looked);
        let (mut cpu, mut memory) = (Duration::ZERO, 0);
        let (mut times, mut overdue) = (ThreadTime::default(), (Duration::ZERO, 0));
        let (processes, known) = (&self.processes, &mut self.known);
        let (hidden, mut ready) = (group.hides_waits(), false);
        group.members.retain(|number, member| {
            let same = |process: &Process| *member.started.get_or_insert(process.started) == process.started;
            let Some(process) = processes.process(*number).filter(same) else {
                // Whoever has its number now is looked up again.
                known.remove(number);
                return false;
            };
            cpu += process.cpu;
            memory += process.memory;
            let mut threads = HashMap::new();
            let mut active = false;
            for (id, time) in processes.thread_times(*number) {
                let mut thread = member.threads.get(&id).copied().unwrap_or_default();
                let mut used = thread.see(time, length);
                let new = !member.threads.contains_key(&id);
                if new || (hidden && !ready) {
                    let age = processes.age_if_ready(*number, id);
                    ready |= age.is_some();
                    used.waited += if new { thread.wait_of_new(age.unwrap_or_default()) } else { Duration::ZERO };
                }
                active |= used.ran + used.waited + used.overdue > Duration::ZERO;
                times.ran += used.ran;
                times.waited += used.waited;
                overdue = (overdue.0 + used.overdue, overdue.1 + u32::from(!used.overdue.is_zero()));
                threads.insert(id, thread);
            }
            member.threads = threads;
            if active && now.saturating_duration_since(member.peak_seen) >= PEAK_AGE {
                member.peak_seen = now;
                group.peak_memory = group.peak_memory.max(processes.peak_memory(*number).unwrap_or(0));
            }
            true
        });
        let (ran_before, unseen_before) = (group.cpu, group.unseen);
        group.looked = now;
        group.times.ran += times.ran;
        group.times.waited += times.waited + overdue.0;
        // An orphan that ended takes its time away, and ticks lag behind: what was used stays used.
        group.cpu = group.cpu.max(cpu).max(group.times.ran);
        group.unseen = group.unseen.max(group.cpu.saturating_sub(group.times.ran));
        let unseen = unseen_wait(group.unseen - unseen_before, group.times);
        let ran = group.cpu - ran_before;
        let (waited, unseen_overdue) = group.place(length, ran, times.waited, unseen);
        // Where little is seen, what is so at the moment of the look is taken to be so all the time.
        let waited = if hidden && ready { waited.max(length.saturating_sub(ran)) } else { waited };
        let active = (ran + times.waited + overdue.0).as_secs_f64();
        group.leave_out = if active < QUIET.0 * length.as_secs_f64() { self.quiet_looks } else { 0 };
        let threads = overdue.1.max(1);
        // Some kernels have the files and keep no times.
        let is_told = group.times != ThreadTime::default() || group.cpu < KNOWN;
        Some(Reading {
            seen: Seen { cpu: group.cpu, memory, peak_memory: group.peak_memory },
            part: Part {
                length,
                ran,
                waited: is_told.then_some(waited),
                // Threads that waited at the same time lost that time once.
                overdue: overdue.0 / threads + unseen_overdue,
            },
            waited: times.waited + overdue.0 + unseen,
        })
    }
}

/// What a thread did since the last look.
struct Used {
    ran: Duration,
    waited: Duration,
    /// What it waited before the last look.
    overdue: Duration,
}

impl Thread {
    /// Its time is this now, so long after the last look.
    fn see(&mut self, time: ThreadTime, length: Duration) -> Used {
        let ran = time.ran.saturating_sub(self.time.ran);
        let waited = time.waited.saturating_sub(self.time.waited);
        self.time = ThreadTime { waited: time.waited.max(self.time.waited), ..time };
        self.idle += length.saturating_sub(ran + waited);
        // More than fits in was before, in time that seemed idle. Where it did not, this look is a little late.
        let overdue = (ran + waited).saturating_sub(length).min(waited).min(self.idle);
        self.idle -= overdue;
        Used { ran, waited: waited - overdue, overdue }
    }

    /// What it waits now: it was seen for the first time, is so old, and is ready to run. One that is soon gone is not
    /// asked again. What the kernel says of this wait later is no other one.
    fn wait_of_new(&mut self, age: Duration) -> Duration {
        let waits = age.saturating_sub(self.time.ran + self.time.waited);
        self.time.waited += waits;
        self.idle = self.idle.saturating_sub(waits);
        waits
    }
}

impl Group {
    fn new(started: Instant) -> Self {
        Self {
            looked: started,
            leave_out: 0,
            members: HashMap::new(),
            cpu: Duration::ZERO,
            peak_memory: 0,
            times: ThreadTime::default(),
            unseen: Duration::ZERO,
            idle: Duration::ZERO,
        }
    }

    /// Whether it waits for cores, with threads or processes of which most begin and end between two looks.
    fn hides_waits(&self) -> bool {
        self.unseen * 5 > self.cpu && self.times.waited * 2 > self.times.ran
    }

    /// Waits of the interval, and those before it, of which `unseen` is known by the clock tick only: what does not fit in
    /// was before, in time that seemed idle.
    fn place(&mut self, length: Duration, ran: Duration, seen: Duration, unseen: Duration) -> (Duration, Duration) {
        self.idle += length.saturating_sub(ran + seen + unseen);
        let overdue = (ran + seen + unseen).saturating_sub(length).min(unseen).min(self.idle);
        self.idle -= overdue;
        (seen + unseen - overdue, overdue)
    }

    fn add(&mut self, number: u32, since: Instant) {
        let new = || Member { started: None, threads: HashMap::new(), peak_seen: since };
        self.members.entry(number).or_insert_with(new);
    }
}

/// What threads that began and ended between two looks waited while they ran so long: as others of their group did.
fn unseen_wait(ran: Duration, seen: ThreadTime) -> Duration {
    /// More than this is an accident of few numbers.
    const MOST: f64 = 20.0;
    if seen.ran < TYPICAL {
        return Duration::ZERO;
    }
    ran.mul_f64((seen.waited.as_secs_f64() / seen.ran.as_secs_f64()).min(MOST))
}
