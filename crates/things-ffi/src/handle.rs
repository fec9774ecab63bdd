//! Handles: numbers that C sees as pointers to incomplete types.
//!
//! A number is given out once in the life of the process, so a freed handle is never mistaken for a new one. Its low bits say
//! what it is a handle of. Nothing is read through it: any value that C can pass is either live, or an error.

use crate::status::{Failure, ThingsStatus};
use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, PoisonError, RwLock};

/// Bits of a handle that say what it is of.
const KIND_BITS: u32 = 4;

/// What handles are of, in the order of their low bits. No handle has 0 there.
const KINDS: [&str; 8] =
    ["store", "query", "list of tasks", "stream", "list of tags", "list of areas", "checklist", "batch"];

/// The live handles of one kind; `H` is the type that C sees.
pub(crate) struct Registry<H, T> {
    /// From 1; see [`KINDS`].
    kind: usize,
    live: RwLock<Live<T>>,
    seen_as: std::marker::PhantomData<fn() -> H>,
}

struct Live<T> {
    next: usize,
    objects: BTreeMap<usize, Arc<T>>,
}

impl<H, T> Registry<H, T> {
    pub(crate) const fn new(kind: usize) -> Registry<H, T> {
        let live = Live { next: 1, objects: BTreeMap::new() };
        Registry { kind, live: RwLock::new(live), seen_as: std::marker::PhantomData }
    }

    /// A handle of `object`.
    pub(crate) fn insert(&self, object: T) -> Result<*mut H, Failure> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let number = live.next;
        if number > usize::MAX >> KIND_BITS {
            return Err(Failure::new(ThingsStatus::BadArgument, "no handles are left: restart the program"));
        }
        live.next += 1;
        let handle = number << KIND_BITS | self.kind;
        live.objects.insert(handle, Arc::new(object));
        // No cast from a number: there is nothing to be reached through this pointer.
        Ok(ptr::null_mut::<u8>().wrapping_add(handle).cast())
    }

    /// The object, which stays alive while it is used here, even if another thread frees the handle.
    pub(crate) fn get(&self, handle: *const H) -> Result<Arc<T>, Failure> {
        let found = {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            live.objects.get(&(handle as usize)).cloned()
        };
        found.ok_or_else(|| self.refused(handle as usize))
    }

    /// Takes the handle out. NULL is no handle, and none is taken.
    pub(crate) fn free(&self, handle: *mut H) -> Result<(), Failure> {
        if handle.is_null() {
            return Ok(());
        }
        let removed = {
            let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
            live.objects.remove(&(handle as usize))
        };
        // Dropped without the lock: closing a database takes time.
        removed.map(drop).ok_or_else(|| self.refused(handle as usize))
    }

    pub(crate) fn live(&self) -> usize {
        self.live.read().unwrap_or_else(PoisonError::into_inner).objects.len()
    }

    fn refused(&self, handle: usize) -> Failure {
        let name = |kind: usize| kind.checked_sub(1).and_then(|at| KINDS.get(at)).copied();
        let wanted = name(self.kind).unwrap_or("handle");
        if handle == 0 {
            return Failure::new(ThingsStatus::NullArgument, format!("the handle of a {wanted} is NULL"));
        }
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let (number, kind) = (handle >> KIND_BITS, handle & ((1 << KIND_BITS) - 1));
        let why = match name(kind) {
            Some(_) if kind == self.kind && number < live.next => "has been freed".to_owned(),
            // What has a small number looks like one of ours, what has an address does not.
            Some(found) if kind != self.kind && number < 1 << 20 => format!("is one of a {found}"),
            _ => "was not given out by this library".to_owned(),
        };
        Failure::new(ThingsStatus::BadHandle, format!("a handle of a {wanted} was expected; this one {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown;

    #[test]
    fn a_handle_works_until_it_is_freed_and_its_number_is_not_given_out_again() {
        let registry: Registry<Shown, &str> = Registry::new(1);
        let first = registry.insert("first").unwrap();
        assert_eq!(*registry.get(first).unwrap(), "first");
        registry.free(first).unwrap();
        let failure = registry.get(first).unwrap_err();
        assert_eq!(failure.status, ThingsStatus::BadHandle);
        assert!(failure.message.ends_with("has been freed"), "{}", failure.message);
        assert_eq!(registry.free(first).unwrap_err().status, ThingsStatus::BadHandle);
        for _ in 0..100 {
            let next = registry.insert("next").unwrap();
            assert_ne!(next, first);
            registry.free(next).unwrap();
        }
        assert_eq!(registry.live(), 0);
    }

    #[test]
    fn any_other_value_is_refused_and_the_message_says_what_it_is() {
        let stores: Registry<Shown, u8> = Registry::new(1);
        let queries: Registry<Shown, u8> = Registry::new(2);
        let query = queries.insert(0).unwrap();
        let on_the_stack = Shown;
        for (handle, status, why) in [
            (ptr::null(), ThingsStatus::NullArgument, "is NULL"),
            (query.cast_const(), ThingsStatus::BadHandle, "is one of a query"),
            (&on_the_stack as *const Shown, ThingsStatus::BadHandle, "was not given out by this library"),
            (ptr::null::<Shown>().wrapping_byte_sub_1(), ThingsStatus::BadHandle, "was not given out by this library"),
            (
                ptr::null::<u8>().wrapping_add(0x7f1).cast(),
                ThingsStatus::BadHandle,
                "was not given out by this library",
            ),
        ] {
            let failure = stores.get(handle).unwrap_err();
            assert_eq!(failure.status, status, "{handle:?}");
            assert!(failure.message.ends_with(why), "{}", failure.message);
        }
        assert!(stores.free(ptr::null_mut()).is_ok());
        assert_eq!(stores.free(query).unwrap_err().status, ThingsStatus::BadHandle);
        assert_eq!(*queries.get(query).unwrap(), 0);
    }

    trait Odd {
        fn wrapping_byte_sub_1(self) -> *const Shown;
    }

    impl Odd for *const Shown {
        fn wrapping_byte_sub_1(self) -> *const Shown {
            self.cast::<u8>().wrapping_sub(1).cast()
        }
    }

    #[test]
    fn an_object_in_use_outlives_its_handle() {
        let registry: Registry<Shown, String> = Registry::new(3);
        let handle = registry.insert("kept".to_owned()).unwrap();
        let used = registry.get(handle).unwrap();
        registry.free(handle).unwrap();
        assert_eq!(*used, "kept");
    }

    #[test]
    fn threads_that_free_one_handle_free_it_once() {
        let registry: Registry<Shown, u8> = Registry::new(1);
        let handle = registry.insert(0).unwrap() as usize;
        let freed: usize = std::thread::scope(|scope| {
            let free = || registry.free(ptr::null_mut::<u8>().wrapping_add(handle).cast()).is_ok();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(free)).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(freed, 1);
    }
}
