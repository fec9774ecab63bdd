//! What a walk built with debug information after all, because it was in doubt without.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compatrix_model::evidence::Record;

use crate::build::{Doctests, NotBuilt, Product};

/// What was built in full after all.
#[derive(Debug, Default)]
pub(super) struct InFull {
    /// Made to confirm runs, by the position of the build in the plan.
    pub(super) products: Mutex<HashMap<usize, Result<Arc<Full>, NotBuilt>>>,
    /// Jobs that could not be built otherwise.
    pub(super) at_last: Mutex<BTreeSet<usize>>,
    /// Known failures, with the position of their build in the plan, which were the same in full.
    pub(super) same: Mutex<Vec<(usize, Record)>>,
}

/// What was made to confirm runs.
#[derive(Debug)]
pub(super) struct Full {
    pub(super) product: Product,
    pub(super) doctests: Option<Doctests>,
}

/// A poisoned one too: what is in it is whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
