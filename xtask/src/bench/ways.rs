//! Twenty ways to leak, and what each tool can see of them by its nature. A tool is excused by a reason written down here,
//! or not at all.

use compatrix::pure::leak::Tool;

/// A way to leak: the tests `leak::NAME` and `twin::NAME` of `xtask/planted`.
pub(super) struct Way {
    pub(super) name: &'static str,
    /// What leaks, for people.
    pub(super) what: &'static str,
    /// What the tools that look at memory at the end of a process see of it: valgrind and the sanitizers.
    memory: Sight,
    /// What is left behind of it.
    resources: Sight,
    /// What the interpreter sees of it.
    miri: Sight,
}

/// What a tool sees of a leak.
#[derive(Clone, Copy)]
pub(super) enum Sight {
    /// A finding of this kind.
    Sees(&'static str),
    /// Nothing, for this reason.
    Cannot(&'static str),
}

impl Way {
    /// The test that leaks.
    pub(super) fn leak(&self) -> String {
        format!("leak::{}", self.name)
    }

    /// The test that does the same and does not leak.
    pub(super) fn twin(&self) -> String {
        format!("twin::{}", self.name)
    }

    pub(super) fn sight(&self, tool: Tool) -> Sight {
        match tool {
            Tool::Valgrind | Tool::Asan | Tool::Lsan => self.memory,
            Tool::Resources => self.resources,
            Tool::Miri => self.miri,
        }
    }
}

const LOST: Sight = Sight::Sees("definite");
const GROWS: Sight = Sight::Sees("growth");
const NO_MEMORY: Sight = Sight::Cannot("it looks at memory only");
const KEPT: Sight = Sight::Cannot("at the end a static still points to it, as to all that is meant to be kept");
const RUNS: Sight = Sight::Cannot("what a thread that still runs holds is in use");
const FOREIGN: Sight = Sight::Cannot("it cannot call C code");
const ISOLATED: Sight = Sight::Cannot("it cannot start processes");

const fn of_memory(name: &'static str, what: &'static str) -> Way {
    Way { name, what, memory: LOST, resources: GROWS, miri: LOST }
}

const fn of_c(name: &'static str, what: &'static str) -> Way {
    Way { name, what, memory: LOST, resources: GROWS, miri: FOREIGN }
}

const fn left(name: &'static str, what: &'static str, kind: &'static str) -> Way {
    Way { name, what, memory: NO_MEMORY, resources: Sight::Sees(kind), miri: NO_MEMORY }
}

/// All of them.
pub(super) const WAYS: &[Way] = &[
    of_memory("box_leak", "Box::leak"),
    of_memory("mem_forget", "mem::forget of a vector"),
    of_memory("rc_cycle", "a cycle of Rc"),
    of_memory("arc_cycle", "a cycle of two Arcs"),
    of_memory("into_raw", "Box::into_raw without from_raw"),
    of_memory("manually_drop", "ManuallyDrop that is never dropped"),
    of_memory("thread_never_joined", "the handle of a thread, forgotten: never joined, never detached"),
    of_memory("channel_kept_alive", "a channel with its own receiver in a message"),
    Way { memory: KEPT, miri: KEPT, ..of_memory("static_growth", "a static list that only grows") },
    of_c("unfinalised_statement", "a statement of SQLite that is never finalised"),
    of_c("unclosed_connection", "a connection to SQLite that is never closed"),
    of_c("blob_handle", "a handle on a blob in SQLite that is never closed"),
    of_memory("c_malloc", "a block of C's malloc"),
    left("temp_file", "a temporary file", "leftover-file"),
    left("directory", "a temporary folder with a folder in it", "leftover-file"),
    left("descriptor", "an open file, forgotten", "leftover-descriptor"),
    Way { miri: ISOLATED, ..left("child_process", "a child that nobody waits for", "leftover-process") },
    Way { memory: RUNS, ..left("running_thread", "a thread that never ends", "leftover-thread") },
    Way {
        memory: KEPT,
        miri: KEPT,
        ..of_memory("growth_per_call", "a cache that forgets nothing, a few bytes a call")
    },
    of_memory("error_path", "a buffer that is forgotten on the way to an error"),
];
