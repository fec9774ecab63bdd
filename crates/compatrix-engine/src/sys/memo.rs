//! Caches facts that are slow to find, keyed by a stamp of their inputs.
//!
//! In memory, loaded from and saved to the ledger. Losing it costs time, never a result.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::de::DeserializeOwned;
use serde::Serialize;

/// Remembered facts: name → (stamp, value).
#[derive(Debug, Default)]
pub struct Memo {
    facts: Mutex<HashMap<String, Fact>>,
}

#[derive(Debug, Clone)]
struct Fact {
    stamp: String,
    value: String,
    saved: bool,
}

impl Memo {
    /// A memo of facts saved earlier.
    pub fn load(saved: impl IntoIterator<Item = (String, String, String)>) -> Self {
        let facts = saved.into_iter().map(|(name, stamp, value)| (name, Fact { stamp, value, saved: true }));
        Self { facts: Mutex::new(facts.collect()) }
    }

    /// The fact of this name, if its stamp is still this.
    pub fn get(&self, name: &str, stamp: &str) -> Option<String> {
        self.lock().get(name).filter(|fact| fact.stamp == stamp).map(|fact| fact.value.clone())
    }

    /// Remembers a fact.
    pub fn put(&self, name: &str, stamp: &str, value: &str) {
        let fact = Fact { stamp: stamp.to_owned(), value: value.to_owned(), saved: false };
        self.lock().insert(name.to_owned(), fact);
    }

    /// The fact with this name, computed again if the stamp has changed.
    pub fn fact<T: Serialize + DeserializeOwned, E>(
        &self,
        name: &str,
        stamp: &str,
        find: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(known) = self.get(name, stamp).and_then(|text| serde_json::from_str(&text).ok()) {
            return Ok(known);
        }
        let found = find()?;
        if let Ok(text) = serde_json::to_string(&found) {
            self.put(name, stamp, &text);
        }
        Ok(found)
    }

    /// The same of a fact that only this process may rely on: it is never saved.
    pub fn for_now<T: Serialize + DeserializeOwned, E>(
        &self,
        name: &str,
        find: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.for_now_while(name, |_| true, find)
    }

    /// The same, found again unless the known one is still good.
    pub fn for_now_while<T: Serialize + DeserializeOwned, E>(
        &self,
        name: &str,
        is_good: impl FnOnce(&T) -> bool,
        find: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let stamp = format!("process {}", std::process::id());
        let known = self.get(name, &stamp).and_then(|text| serde_json::from_str(&text).ok());
        if let Some(known) = known.filter(is_good) {
            return Ok(known);
        }
        let found = find()?;
        if let Ok(value) = serde_json::to_string(&found) {
            self.lock().insert(name.to_owned(), Fact { stamp, value, saved: true });
        }
        Ok(found)
    }

    /// The facts that are not saved yet; they count as saved from now on.
    pub fn take_unsaved(&self) -> Vec<(String, String, String)> {
        let mut facts = self.lock();
        let unsaved = facts.iter_mut().filter(|(_, fact)| !fact.saved).map(|(name, fact)| {
            fact.saved = true;
            (name.clone(), fact.stamp.clone(), fact.value.clone())
        });
        unsaved.collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Fact>> {
        self.facts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_for_now_is_never_saved() {
        let memo = Memo::default();
        let find = |n: u32| memo.for_now_while("a", |known: &u32| *known != 2, || Ok::<u32, ()>(n));
        assert_eq!((find(1), find(5), memo.take_unsaved().len()), (Ok(1), Ok(1), 0));
        assert_eq!(memo.for_now("b", || Ok::<u32, ()>(2)), Ok(2));
        let again = memo.for_now_while("b", |known: &u32| *known != 2, || Ok::<u32, ()>(3));
        assert_eq!((again, memo.take_unsaved().len()), (Ok(3), 0));
    }
}
