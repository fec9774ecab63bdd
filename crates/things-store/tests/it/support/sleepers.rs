//! Who waits in tests: nobody. The waits are noted, and a lock may be given up during one of them.

use rusqlite::Connection;
use std::sync::Mutex;
use std::time::Duration;
use things_store::{Backoff, Sleep};

/// Notes the waits; during wait number `release_at` (from 1) drops the connection that holds the lock.
pub struct Sleeper {
    pub waits: Mutex<Vec<Duration>>,
    holder: Mutex<Option<Connection>>,
    release_at: usize,
}

impl Sleeper {
    /// The lock is never given up.
    pub fn never(holder: Connection) -> Sleeper {
        Sleeper::after(usize::MAX, holder)
    }

    pub fn after(release_at: usize, holder: Connection) -> Sleeper {
        Sleeper { waits: Mutex::default(), holder: Mutex::new(Some(holder)), release_at }
    }

    pub fn count(&self) -> usize {
        self.waits.lock().unwrap().len()
    }

    /// From now on it is `holder` whose lock is given up.
    pub fn hold(&self, holder: Connection) {
        *self.holder.lock().unwrap() = Some(holder);
    }

    /// Gives the lock up now.
    pub fn release(&self) {
        drop(self.holder.lock().unwrap().take());
    }
}

impl Sleep for Sleeper {
    fn sleep(&self, duration: Duration) {
        let mut waits = self.waits.lock().unwrap();
        waits.push(duration);
        if waits.len() == self.release_at {
            self.release();
        }
    }
}

/// Three waits of 1, 2 and 3 ms.
pub fn short() -> Backoff {
    Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(3), retries: 3 }
}
