//! Answers that are kept until the database changes.
//!
//! # Why no answer is ever stale
//!
//! `PRAGMA data_version` says of one connection whether *another* one, of this process or not, has committed since the
//! last time it was asked. Its values cannot be compared between connections, so they are not part of any key. Instead
//! the cache has a clock that only counts, and time is taken from it in two places:
//!
//! 1. An answer is stamped *before* its query begins. Whatever was committed before the stamp is in the answer.
//! 2. Each store keeps a floor. Before anything else it asks for `data_version`; if that is not what it was (or was never
//!    asked for), somebody has committed, and *after* that the floor is raised to a new time. Its own commits, which
//!    `data_version` leaves out, raise it too, after they have ended.
//!
//! A store takes only answers with a stamp above its floor. Let it find one, having asked at the time *t*, and let *f* be
//! when its floor was raised. The stamp is later than *f*, so the answer has in it everything that was committed before
//! *f*. Since then the store has not written, and each `data_version` up to *t* has been the same, so nobody has committed
//! between the asking that raised the floor and *t*. Therefore the answer is what a query begun at *t* would give.
//!
//! In the race "read the answer, another process commits, keep the answer" the stamp is older than the commit, and every
//! store that has seen the commit has a higher floor. For the same reason nothing that is kept survives the opening of
//! a store: its first floor is above all of it. A rollback leaves `data_version` as it was or raises a floor for nothing.
//!
//! Answers are kept for a file, which is what a [`FileId`] stands for, not for a path: a store that still
//! holds a file which was since replaced gives nothing to the stores of the new one. Nor do stores give answers to each
//! other that were opened before and after a migration. Within a snapshot, which may be older
//! than what others have read since, the cache is neither asked nor filled.
//!
//! What the above costs: when somebody commits, each store of a pool reads an answer once for itself, unless another one
//! has done so after both have seen the commit.

use crate::clock::{Clock, MonotonicClock};
use crate::error::{Error, Result};
use crate::model::Task;
use crate::origin::{FileId, Origin};
use crate::query::Query;
use crate::weight;
use moka::notification::RemovalCause;
use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// How a cache is made.
#[derive(Clone)]
pub struct CacheOptions {
    /// At most this many bytes, with everything that keeping an answer costs. An answer that is larger alone is not kept.
    /// The cache by itself takes some 150 kB more.
    pub capacity: u64,
    /// An answer is read again after this time even if nothing has changed.
    pub time_to_live: Option<Duration>,
    /// The clock of `time_to_live`. If it jumps ahead, answers are read again; if back, they are kept for longer.
    pub clock: Arc<dyn Clock>,
}

impl Default for CacheOptions {
    /// 16 MiB and no time to live.
    fn default() -> CacheOptions {
        CacheOptions { capacity: 16 << 20, time_to_live: None, clock: Arc::new(MonotonicClock::default()) }
    }
}

impl fmt::Debug for CacheOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheOptions")
            .field("capacity", &self.capacity)
            .field("time_to_live", &self.time_to_live)
            .finish_non_exhaustive()
    }
}

/// What a cache has done so far, and what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Answers that were there.
    pub hits: u64,
    /// Answers that were not, were too old, or were from before a commit.
    pub misses: u64,
    /// Answers that were removed because their space was needed, or that were not worth removing others.
    pub evictions: u64,
    /// Answers that were removed because their time to live was over.
    pub expirations: u64,
    /// How often a store has found the database changed.
    pub invalidations: u64,
    /// Answers that were larger than the whole cache, and were not kept.
    pub oversized: u64,
    /// Answers in the cache.
    pub entries: u64,
    /// What they take, in bytes; never more than the capacity.
    pub bytes: u64,
}

impl CacheStats {
    /// The part of hits in all lookups, from 0 to 1; 0 where there were none.
    pub fn hit_ratio(&self) -> f64 {
        match self.hits + self.misses {
            0 => 0.0,
            lookups => self.hits as f64 / lookups as f64,
        }
    }
}

/// Answers of [`Store::cached`](crate::Store::cached), kept until the database changes. `Send`, `Sync`, and cheap to clone: the clones are one
/// cache, which many stores, pools and databases can share.
///
/// Which answers stay when space is short is decided by how often they are asked for: a new one has to have been asked
/// for more often than those it would replace (TinyLFU).
///
/// # Examples
///
/// ```no_run
/// use things_store::{Access, Cache, CacheOptions, List, OpenOptions, Query};
///
/// let cache = Cache::new(CacheOptions { capacity: 4 << 20, ..CacheOptions::default() })?;
/// let store = OpenOptions::new().cache(&cache).open("main.sqlite", Access::ReadOnly)?;
/// let inbox = Query::list(List::Inbox);
/// let first = store.cached(&inbox)?; // read from the database
/// let again = store.cached(&inbox)?; // the same tasks, unless somebody has committed in between
/// println!("{} tasks, {} hits", first.len().max(again.len()), cache.stats().hits);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    answers: moka::sync::Cache<Key, Answer>,
    counts: Arc<Counts>,
    /// See the module: it orders stamps and floors.
    time: AtomicU64,
    capacity: u64,
    time_to_live: Option<Duration>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    /// Evictions that no store has reported yet.
    unreported: AtomicU64,
    expirations: AtomicU64,
    invalidations: AtomicU64,
    oversized: AtomicU64,
}

/// The version is a part: a store from before a migration must not get what was read by one from after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    file: FileId,
    version: i64,
    query: Query,
}

#[derive(Clone)]
struct Answer {
    tasks: Arc<[Task]>,
    stamp: u64,
    /// By the clock of the options.
    read_at: Duration,
}

/// What keeping an answer costs besides itself: nodes of the map and of the two queues, and reference counts.
/// Measured, with room to spare.
const NODES: usize = 320;

/// The longest time to live that the underlying cache takes.
const LONGEST: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

impl Key {
    /// The bytes that an answer takes in the cache.
    fn weigh(&self, tasks: &[Task]) -> u64 {
        let key = size_of::<Key>() + self.query.beyond();
        (key + size_of::<Answer>() + NODES + weight::of_tasks(tasks)) as u64
    }
}

impl Cache {
    /// An empty cache. It allocates as it fills.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](Error::InvalidOption) for a capacity that no answer fits into or that is larger than the memory
    /// of the machine, as far as the system says, and for a time to live of zero or of more than a thousand years.
    pub fn new(options: CacheOptions) -> Result<Cache> {
        let CacheOptions { capacity, time_to_live, clock } = options;
        validate(capacity, time_to_live)?;
        let counts = Arc::new(Counts::default());
        let listener = counts.clone();
        let mut answers = moka::sync::Cache::builder()
            .max_capacity(capacity)
            .weigher(|key: &Key, answer: &Answer| u32::try_from(key.weigh(&answer.tasks)).unwrap_or(u32::MAX))
            .eviction_listener(move |_, _, cause| match cause {
                RemovalCause::Size => {
                    listener.evictions.fetch_add(1, Ordering::Relaxed);
                    listener.unreported.fetch_add(1, Ordering::Relaxed);
                }
                RemovalCause::Expired => {
                    listener.expirations.fetch_add(1, Ordering::Relaxed);
                }
                RemovalCause::Explicit | RemovalCause::Replaced => {}
            });
        if let Some(longest) = time_to_live {
            // Frees the space of what nobody asks for again. Whether an answer is too old is decided by our own clock.
            answers = answers.time_to_live(longest);
        }
        let inner = Inner { answers: answers.build(), counts, time: AtomicU64::new(1), capacity, time_to_live, clock };
        Ok(Cache { inner: Arc::new(inner) })
    }

    /// Removes every answer.
    pub fn clear(&self) {
        self.inner.answers.invalidate_all();
        self.inner.answers.run_pending_tasks();
    }

    /// What the cache has done, and what is in it now.
    pub fn stats(&self) -> CacheStats {
        let Inner { answers, counts, .. } = &*self.inner;
        answers.run_pending_tasks();
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CacheStats {
            hits: read(&counts.hits),
            misses: read(&counts.misses),
            evictions: read(&counts.evictions),
            expirations: read(&counts.expirations),
            invalidations: read(&counts.invalidations),
            oversized: read(&counts.oversized),
            entries: answers.entry_count(),
            bytes: answers.weighted_size(),
        }
    }

    /// A time after every one that was taken before.
    fn tick(&self) -> u64 {
        self.inner.time.fetch_add(1, Ordering::SeqCst)
    }

    /// The answer for `key`, if it was read after `floor` and is not too old.
    fn find(&self, key: &Key, floor: u64) -> Option<Arc<[Task]>> {
        let answer = self.inner.answers.get(key).filter(|answer| answer.stamp > floor);
        answer.filter(|answer| !self.is_too_old(answer)).map(|answer| answer.tasks)
    }

    fn is_too_old(&self, answer: &Answer) -> bool {
        let age = || self.inner.clock.now().saturating_sub(answer.read_at);
        self.inner.time_to_live.is_some_and(|longest| age() >= longest)
    }

    fn keep(&self, key: Key, tasks: &Arc<[Task]>, stamp: u64, read_at: Duration) {
        // Here, because the underlying cache takes everything at first and then removes it.
        if key.weigh(tasks) > self.inner.capacity.min(u64::from(u32::MAX)) {
            self.inner.counts.oversized.fetch_add(1, Ordering::Relaxed);
            // What it had for the key is older still.
            self.inner.answers.invalidate(&key);
        } else {
            self.inner.answers.insert(key, Answer { tasks: tasks.clone(), stamp, read_at });
        }
        // At once and not after some more: the answers in between may be larger than the cache.
        self.inner.answers.run_pending_tasks();
    }
}

fn validate(capacity: u64, time_to_live: Option<Duration>) -> Result<()> {
    if capacity < (size_of::<Key>() + size_of::<Answer>() + NODES) as u64 {
        return refuse("cache.capacity", capacity, "a thousand bytes or more, for no answer fits into less");
    }
    if capacity > memory() {
        return refuse("cache.capacity", capacity, "less than the memory of this machine");
    }
    match time_to_live {
        Some(Duration::ZERO) => {
            refuse("cache.time_to_live", "0 s", "more than zero; open the store without a cache to keep nothing")
        }
        Some(longest) if longest > LONGEST => {
            let value = format!("{} s", longest.as_secs());
            refuse("cache.time_to_live", value, "at most a thousand years; none keeps answers without limit")
        }
        _ => Ok(()),
    }
}

/// The memory of the machine in bytes where the system says it, and otherwise what can be addressed.
fn memory() -> u64 {
    let mut text = String::new();
    let read = std::fs::File::open("/proc/meminfo").and_then(|mut file| file.read_to_string(&mut text)).ok();
    read.and_then(|_| total_of(&text)).unwrap_or(u64::MAX).min(isize::MAX as u64)
}

/// The total in the text of Linux's `/proc/meminfo`.
fn total_of(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn refuse(option: &'static str, value: impl ToString, needs: &'static str) -> Result<()> {
    Err(Error::InvalidOption { option, value: value.to_string(), needs: needs.to_owned() })
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("capacity", &self.inner.capacity).finish_non_exhaustive()
    }
}

/// What a store sees of its cache.
pub(crate) struct View {
    cache: Cache,
    file: FileId,
    version: i64,
    /// The last `data_version`.
    seen: Cell<Option<i64>>,
    floor: Cell<u64>,
}

impl View {
    /// That of a store which has just been opened.
    pub(crate) fn new(cache: &Cache, origin: &Origin) -> View {
        let (file, version) = (origin.id(), origin.version());
        View { cache: cache.clone(), file, version, seen: Cell::new(None), floor: Cell::new(cache.tick()) }
    }

    pub(crate) fn key(&self, query: &Query) -> Key {
        Key { file: self.file.clone(), version: self.version, query: query.clone() }
    }

    /// The answer for `key`, if the store may give it. A hit or a miss.
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<[Task]>> {
        let found = self.cache.find(key, self.floor.get());
        let counts = &self.cache.inner.counts;
        let count = if found.is_some() { &counts.hits } else { &counts.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// The stamp of an answer, and when it is read by the clock of the options: taken before its query begins.
    pub(crate) fn stamp(&self) -> (u64, Duration) {
        (self.cache.tick(), self.cache.inner.clock.now())
    }

    pub(crate) fn keep(&self, key: Key, tasks: &Arc<[Task]>, (stamp, read_at): (u64, Duration)) {
        self.cache.keep(key, tasks, stamp, read_at);
    }

    /// The number of answers in the cache, and their bytes.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.cache.inner.answers.entry_count(), self.cache.inner.answers.weighted_size())
    }

    /// Evictions since anybody last asked.
    pub(crate) fn take_evictions(&self) -> u64 {
        self.cache.inner.counts.unreported.swap(0, Ordering::Relaxed)
    }

    /// Raises the floor when the result is dropped: for a write of the store itself, however that ends.
    pub(crate) fn raise_at_end(&self) -> impl Drop + '_ {
        Raise(self)
    }

    fn raise_floor(&self) {
        self.floor.set(self.cache.tick());
        self.cache.inner.counts.invalidations.fetch_add(1, Ordering::Relaxed);
    }

    /// Raises the floor if somebody else has committed, and says whether that was so.
    pub(crate) fn look(&self, data_version: i64) -> bool {
        match self.seen.replace(Some(data_version)) {
            Some(before) if before == data_version => false,
            Some(_) => {
                self.raise_floor();
                true
            }
            // The first look: the floor is still that of the opening, before which nobody may have looked.
            None => {
                self.floor.set(self.cache.tick());
                false
            }
        }
    }
}

struct Raise<'store>(&'store View);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.raise_floor();
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
