//! The one watcher of all child processes: time limits, interrupts, and what a killed orchestrator left behind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rustix::process::{kill_process_group, Pid, Signal};

/// The variable that marks our child processes, so that those which escape their group can be found.
pub const MARK: &str = "COMPATRIX_MARK";

/// How often limits and the interrupt flag are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long a process may take to stop after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, or by a signal that was not ours.
    Itself,
    /// Its time limit ended it.
    TimedOut,
    /// An interrupt (Ctrl-C, SIGTERM) ended it.
    Interrupted,
}

/// Watches the process groups that are alive.
#[derive(Debug, Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    mark: String,
    groups: Mutex<HashMap<u64, Group>>,
    next: AtomicU64,
    interrupted: Arc<AtomicBool>,
    watching: AtomicBool,
}

#[derive(Debug)]
struct Group {
    pid: Pid,
    deadline: Option<Instant>,
    end: End,
    /// When SIGTERM was sent.
    asked: Option<Instant>,
}

/// A registered process; [`Guard::finish`] takes it off the watch.
#[derive(Debug)]
pub struct Guard<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Supervisor {
    /// A watcher whose children carry this mark, one for each workspace.
    pub fn new(mark: &str) -> Self {
        Self {
            shared: Arc::new(Shared {
                mark: mark.to_owned(),
                groups: Mutex::new(HashMap::new()),
                next: AtomicU64::new(0),
                interrupted: Arc::new(AtomicBool::new(false)),
                watching: AtomicBool::new(false),
            }),
        }
    }

    /// Makes SIGINT, SIGTERM and SIGHUP end all children instead of this process. A second signal ends this process.
    pub fn take_signals(&self) -> std::io::Result<()> {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            // Registered first, so that it sees the flag of an earlier signal only.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&self.shared.interrupted))?;
            signal_hook::flag::register(signal, Arc::clone(&self.shared.interrupted))?;
        }
        Ok(())
    }

    /// Whether an interrupt came.
    pub fn is_interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::SeqCst)
    }

    /// Acts as if an interrupt had come.
    pub fn interrupt(&self) {
        self.shared.interrupted.store(true, Ordering::SeqCst);
    }

    /// The text that marks our children.
    pub fn mark(&self) -> &str {
        &self.shared.mark
    }

    /// Watches the group that this process leads.
    pub fn register(&self, pid: Pid, deadline: Option<Instant>) -> Guard<'_> {
        let id = self.shared.next.fetch_add(1, Ordering::SeqCst);
        self.shared.lock().insert(id, Group { pid, deadline, end: End::Itself, asked: None });
        if !self.shared.watching.swap(true, Ordering::SeqCst) {
            let shared = Arc::downgrade(&self.shared);
            std::thread::spawn(move || {
                while let Some(shared) = shared.upgrade() {
                    shared.look();
                    drop(shared);
                    std::thread::sleep(TICK);
                }
            });
        }
        Guard { shared: &self.shared, id }
    }

    /// Ends every marked process that left the group of this one, a child of ours that has ended.
    ///
    /// A daemon that redirects its streams escapes even this; it is found at the next start.
    pub fn kill_marked(&self, leader: Pid) {
        let groups: Vec<Pid> = self.shared.lock().values().map(|group| group.pid).collect();
        for pid in marked(&self.shared.mark) {
            let own = pid == leader || groups.contains(&pid);
            let watched = rustix::process::getpgid(Some(pid)).is_ok_and(|group| groups.contains(&group));
            if !own && !watched && is_orphan(pid) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Ends every process that an earlier, killed orchestrator with the same mark left running; says how many. The
    /// caller holds the workspace's lock, so no living orchestrator owns them.
    pub fn kill_leftovers(&self) -> usize {
        marked(&self.shared.mark)
            .into_iter()
            .filter(|pid| rustix::process::kill_process(*pid, Signal::KILL).is_ok())
            .count()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Group>> {
        self.groups.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn look(&self) {
        let now = crate::clock::instant();
        let interrupted = self.interrupted.load(Ordering::SeqCst);
        for group in self.lock().values_mut() {
            let expired = group.deadline.is_some_and(|deadline| now >= deadline);
            match group.asked {
                None if expired || interrupted => {
                    group.end = if expired { End::TimedOut } else { End::Interrupted };
                    group.asked = Some(now);
                    // A test over its limit gets no chance to say goodbye; cargo does, to release its locks.
                    let signal = if expired { Signal::KILL } else { Signal::TERM };
                    let _ = kill_process_group(group.pid, signal);
                }
                Some(asked) if now >= asked + PATIENCE => kill_group(group.pid),
                Some(_) | None => {}
            }
        }
    }
}

impl Guard<'_> {
    /// Takes the process off the watch and says why it ended. To be called after its end, before it is reaped.
    pub fn finish(self) -> End {
        self.shared.lock().remove(&self.id).map_or(End::Itself, |group| group.end)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.shared.lock().remove(&self.id);
    }
}

/// Kills every process of the group that this process leads.
pub fn kill_group(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

/// Processes whose environment carries this mark; only where `/proc` is.
#[allow(clippy::disallowed_methods, reason = "the process table")]
fn marked(mark: &str) -> Vec<Pid> {
    let wanted = format!("{MARK}={mark}");
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse::<i32>().ok()?;
            let environ = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
            environ.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes()).then(|| Pid::from_raw(pid))?
        })
        .collect()
}

/// Whether the process's parent is gone, so that init or a reaper has adopted it.
#[allow(clippy::disallowed_methods, reason = "the process table")]
fn is_orphan(pid: Pid) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) else { return false };
    let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<i32>().ok());
    let ours = std::process::id() as i32;
    match parent.and_then(Pid::from_raw) {
        Some(parent) if parent.as_raw_nonzero().get() != 1 && parent.as_raw_nonzero().get() != ours => {
            // A living, marked parent still answers for it.
            let environ = std::fs::read(format!("/proc/{}/environ", parent.as_raw_nonzero())).unwrap_or_default();
            !environ.windows(MARK.len()).any(|w| w == MARK.as_bytes())
        }
        Some(_) | None => true,
    }
}
