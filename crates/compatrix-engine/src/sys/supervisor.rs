//! Supervises all child processes: time limits, interrupts, use of the machine, and leftovers of a killed orchestrator.

mod had;
mod sampler;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::sys::account::Account;
use crate::sys::machine::Machine;
use crate::sys::os::children::{self, Child, Tree};
use crate::sys::processes::Processes;
use crate::sys::supervisor::had::Had;
use crate::sys::supervisor::sampler::{Reading, Sampler};

pub use crate::sys::os::MARK;

/// The interval for checking limits and the interrupt flag.
const TICK: Duration = Duration::from_millis(20);
/// How long a process may take to stop after it was asked to.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, or by a foreign signal.
    Itself,
    /// Its time limit ended it.
    TimedOut,
    /// An interrupt (Ctrl-C, SIGTERM) ended it.
    Interrupted,
}

/// The purpose of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// A cargo and its compilers. What it leaves running (a compiler cache's server) may be of use to others.
    Build,
    /// Everything else, above all tests. Nothing that it starts may outlive it.
    Run,
}

/// Watches the process groups that are alive.
#[derive(Debug, Clone)]
pub struct Supervisor {
    shared: Arc<Watch>,
    /// The account of what it starts.
    account: Option<Account>,
}

#[derive(Debug)]
struct Watch {
    mark: String,
    groups: Mutex<HashMap<u64, Group>>,
    /// The accounts that have, or lately had, a process.
    accounts: Mutex<Vec<Account>>,
    next: AtomicU64,
    interrupted: Arc<AtomicBool>,
    watching: AtomicBool,
}

#[derive(Debug)]
struct Group {
    tree: Tree,
    started: Instant,
    account: Option<Account>,
    limit: Option<Duration>,
    had: Had,
    patience: Option<Duration>,
    end: End,
    /// When it was asked to end.
    asked: Option<Instant>,
}

/// A registered process; [`Guard::finish`] takes it off the watch.
#[derive(Debug)]
pub struct Guard<'a> {
    shared: &'a Watch,
    id: u64,
    mark: String,
    tree: Tree,
}

impl Supervisor {
    /// A watcher whose children carry this mark, one for each workspace.
    pub fn new(mark: &str) -> Self {
        Self {
            shared: Arc::new(Watch {
                mark: mark.to_owned(),
                groups: Mutex::new(HashMap::new()),
                accounts: Mutex::new(Vec::new()),
                next: AtomicU64::new(0),
                interrupted: Arc::new(AtomicBool::new(false)),
                watching: AtomicBool::new(false),
            }),
            account: None,
        }
    }

    /// The same watcher, which puts what is started through this on the account.
    pub(crate) fn on_account(&self, account: &Account) -> Self {
        Self { shared: Arc::clone(&self.shared), account: Some(account.clone()) }
    }

    /// A watcher for the workspace at this root, canonical.
    pub fn of_workspace(root: &std::path::Path) -> Self {
        Self::new(&format!("{:.16}", crate::sys::files::hash_bytes(root.to_string_lossy().as_bytes())))
    }

    /// Makes Ctrl-C and the signals that ask for an end ask all children to end instead of this process. A second one ends
    /// them, and then this process, at once.
    ///
    /// # Errors
    /// The system refuses.
    pub fn take_signals(&self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        children::take_signals(Arc::clone(&self.shared.interrupted), move || {
            // Held until the end, so that nothing else starts.
            let groups = shared.lock();
            groups.values().for_each(|group| group.tree.kill());
            std::mem::forget(groups);
        })
    }

    /// Whether an interrupt came.
    pub fn is_interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::SeqCst)
    }

    /// Acts as if an interrupt had come.
    pub fn interrupt(&self) {
        self.shared.interrupted.store(true, Ordering::SeqCst);
    }

    /// Starts a process as leader of a new group, marks it, and watches the group. Its time limit counts the time that the
    /// group had, which is less than the time on the clock while others use the cores.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn spawn(
        &self,
        mut command: std::process::Command,
        kind: ProcessKind,
        limit: Option<Duration>,
        patience: Option<Duration>,
    ) -> io::Result<(Child, Guard<'_>)> {
        let id = self.shared.next.fetch_add(1, Ordering::SeqCst);
        let mark = format!("{}{}-{id}", self.prefix(kind), std::process::id());
        let (child, tree) = {
            // The watcher knows every living child.
            let mut groups = self.shared.lock();
            command.env(MARK, &mark);
            let (child, tree) = children::spawn(command)?;
            let started = crate::sys::clock::instant();
            let account = self.account.clone();
            if let Some(account) = &account {
                self.shared.watch_account(account);
                account.begin(tree.number(), started);
            }
            let (had, end) = (Had::new(started), End::Itself);
            let group = Group { tree: tree.clone(), started, account, limit, had, patience, end, asked: None };
            groups.insert(id, group);
            (child, tree)
        };
        if !self.shared.watching.swap(true, Ordering::SeqCst) {
            let shared = Arc::downgrade(&self.shared);
            std::thread::spawn(move || {
                let mut sampler = Sampler::new(Processes::here(), Machine::look());
                while let Some(shared) = shared.upgrade() {
                    let now = crate::sys::clock::instant();
                    shared.measure(&mut sampler, now);
                    shared.look(now);
                    drop(shared);
                    std::thread::sleep(TICK);
                }
            });
        }
        Ok((child, Guard { shared: &self.shared, id, mark, tree }))
    }

    fn prefix(&self, kind: ProcessKind) -> String {
        match kind {
            ProcessKind::Build => format!("{}-build-", self.shared.mark),
            ProcessKind::Run => format!("{}-run-", self.shared.mark),
        }
    }

    /// Ends every process that an earlier, killed orchestrator of this workspace left running; says how many. The
    /// caller holds the workspace's lock, so no living orchestrator owns them.
    pub fn kill_leftovers(&self) -> usize {
        let prefix = format!("{}-", self.shared.mark);
        children::kill_marked(|mark| mark.starts_with(&prefix))
    }

    /// Ends every process that runs have left behind, daemons that let go of all streams included; says how many. To be
    /// called when no run is alive.
    pub fn kill_left_by_runs(&self) -> usize {
        let prefix = self.prefix(ProcessKind::Run);
        children::kill_marked(|mark| mark.starts_with(&prefix))
    }
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Group>> {
        self.groups.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn accounts(&self) -> MutexGuard<'_, Vec<Account>> {
        self.accounts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn watch_account(&self, account: &Account) {
        let mut accounts = self.accounts();
        if !accounts.iter().any(|known| known.is(account)) {
            accounts.push(account.clone());
        }
    }

    /// Looks at what the groups use if it is time, and at what those had that seem to be over their limit.
    fn measure(&self, sampler: &mut Sampler, now: Instant) {
        let due = sampler.is_due(now);
        let (leaders, over): (Vec<_>, Vec<_>) = {
            let groups = self.lock();
            let over: Vec<_> = groups.values().filter(|group| group.is_over(now)).map(|g| g.tree.number()).collect();
            let wanted = groups.values().filter(|_| due || !over.is_empty());
            (wanted.map(|group| (group.tree.number(), group.started)).collect(), over)
        };
        // Without the lock: nobody waits for files of `/proc`.
        let readings = match leaders.is_empty() {
            false if due => sampler.look(&leaders, now),
            false => sampler.look_at(&leaders, now, |leader| over.contains(&leader)),
            true => HashMap::new(),
        };
        if !readings.is_empty() {
            let taken = sampler.taken(&readings);
            for group in self.lock().values_mut() {
                let process = group.tree.number();
                let Some(Reading { seen, part, waited }) = readings.get(&process).copied() else { continue };
                // What ended it stays as it was.
                if group.asked.is_none() {
                    group.had.add(part, taken, now);
                }
                if let Some(account) = &group.account {
                    account.see(process, seen, waited);
                }
            }
        }
        if due {
            self.accounts().retain(|account| !account.close_window(now) && !account.is_forgotten());
        }
    }

    fn look(&self, now: Instant) {
        let interrupted = self.interrupted.load(Ordering::SeqCst);
        for group in self.lock().values_mut() {
            let expired = group.is_over(now);
            match group.asked {
                None if expired || interrupted => {
                    group.end = if expired { End::TimedOut } else { End::Interrupted };
                    group.asked = Some(now);
                    // A test over its limit is killed at once; cargo gets a chance to release its locks.
                    let at_once = expired && group.patience.is_none();
                    match at_once {
                        true => group.tree.kill(),
                        false => group.tree.ask(),
                    }
                }
                Some(asked) if now >= asked + group.patience.unwrap_or(PATIENCE) => group.tree.kill(),
                Some(_) | None => {}
            }
        }
    }
}

impl Group {
    fn is_over(&self, now: Instant) -> bool {
        self.limit.is_some_and(|limit| self.had.is_over(limit, now))
    }
}

impl Guard<'_> {
    /// Ends the group of the watched process. To be called before it is reaped.
    pub(crate) fn kill(&self) {
        self.tree.kill();
    }

    /// Ends every process that the watched one started, in its group or out of it, but not itself: it has ended.
    pub(crate) fn kill_descendants(&self) {
        children::kill_marked(|mark| mark == self.mark);
    }

    /// As [`Guard::kill_descendants`], and says how many there were. Fast, as it looks only at younger processes; where
    /// numbers went round, they are found by [`Supervisor::kill_left_by_runs`].
    pub(crate) fn kill_left(&self) -> usize {
        self.tree.kill_left(&self.mark)
    }

    /// Takes the process, which used this much processor time, off the watch; says why it ended and how much time it had.
    /// To be called after its end, before it is reaped.
    pub fn finish(&self, cpu: Duration) -> (End, Duration) {
        let Some(group) = self.shared.lock().remove(&self.id) else { return (End::Itself, Duration::ZERO) };
        if let Some(account) = &group.account {
            account.end(group.tree.number(), cpu);
        }
        (group.end, group.had.until(crate::sys::clock::instant()))
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.finish(Duration::ZERO);
    }
}
