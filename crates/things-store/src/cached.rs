//! Reads by way of the cache.

use crate::error::Result;
use crate::model::{Task, TaskId};
use crate::origin::data_version;
use crate::query::Query;
use crate::store::Store;
use crate::telemetry::Event;
use std::sync::Arc;

impl Store {
    /// The tasks that `query` asks for, in its order: from the cache if they are there and nobody has committed since,
    /// or from the database. Never what was there before a commit that had ended when this was called.
    ///
    /// A hit costs one look at the database's version, and copies no task. Within a [`snapshot`](Store::snapshot) and
    /// without a cache in the options, the database is read.
    ///
    /// # Errors
    ///
    /// As [`tasks`](Store::tasks); nothing of an answer that failed is kept.
    pub fn cached(&self, query: &Query) -> Result<Arc<[Task]>> {
        let view = match self.cache_view() {
            // A file that is read without locks has no version that changes.
            Some(view) if self.connection().is_autocommit() && !self.origin().is_frozen() => view,
            _ => return Ok(self.tasks(query)?.into()),
        };
        if view.look(self.data_version()?) {
            self.telemetry().note(Event::CacheInvalidated);
        }
        let key = view.key(query);
        if let Some(tasks) = view.find(&key) {
            self.telemetry().note(Event::CacheHit);
            return Ok(tasks);
        }
        self.telemetry().note(Event::CacheMiss);
        // Before the query begins.
        let stamp = view.stamp();
        let tasks: Arc<[Task]> = self.tasks(query)?.into();
        view.keep(key, &tasks, stamp);
        let (entries, bytes) = view.size();
        self.telemetry().note(Event::CacheSize { entries, bytes });
        for _ in 0..view.take_evictions() {
            self.telemetry().note(Event::CacheEvicted);
        }
        Ok(tasks)
    }

    /// The task of this identifier, as [`task`](Store::task) finds it, by way of the cache: no task or one.
    pub fn cached_task(&self, id: &TaskId) -> Result<Arc<[Task]>> {
        self.cached(&Query::by_id(id))
    }

    /// A number that changes when another connection has committed, of the file that is still in its place.
    fn data_version(&self) -> Result<i64> {
        self.read("data_version", |connection| {
            self.in_place()?;
            data_version(connection)
        })
    }
}
