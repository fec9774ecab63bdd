//! What each tool can see and what it cannot. Sources: the manuals of valgrind ("Memcheck"), clang ("AddressSanitizer",
//! "LeakSanitizer"), the Rust unstable book ("sanitizer"), and Miri's README.

use compatrix_leak::Tool;

use super::facts::Facts;
use crate::markdown::{text, Table};

/// A row for each tool that the spec uses.
pub(super) fn abilities(facts: &Facts<'_>) -> String {
    let mut table = Table::new(&["Tool", "Sees", "Does not see", "Needs"]);
    for tool in Tool::ALL.into_iter().filter(|tool| facts.suites.iter().any(|suite| suite.tool == *tool)) {
        let [sees, blind, needs] = ability(tool);
        table.row([text(tool.title()), text(sees), text(blind), text(needs)]);
    }
    table.finish()
}

fn ability(tool: Tool) -> [&'static str; 3] {
    match tool {
        Tool::Valgrind => [
            "every block that Rust, C and libraries take from malloc: lost, kept by lost blocks, or still reachable at the \
             end; use after free; overruns of heap blocks; decisions on memory never written",
            "overruns on the stack and in static data; data races; what lies within one large block of an allocator of its \
             own, such as a page cache",
            "any toolchain; the executables run as they are, ten to fifty times slower",
        ],
        Tool::Asan => [
            "use after free and overruns of heap, stack and static data in code that the nightly compiled; double free; at \
             the end of each process, blocks that nothing points to",
            "reads of memory never written; data races; wrong accesses within C code, which is compiled as ever (its leaks \
             and frees are seen)",
            "a nightly toolchain, and a build of its own",
        ],
        Tool::Lsan => [
            "at the end of each process, blocks of Rust and C that nothing points to",
            "memory errors; blocks that a static still points to; anything while a debugger is attached",
            "a nightly toolchain, and a build of its own; fast",
        ],
        Tool::Miri => [
            "every rule of the language that unsafe code can break: aliasing, validity, alignment, memory never written, \
             use after free; data races; leaks",
            "anything behind a call into C, SQLite's included: such tests are counted as not runnable, never as passed",
            "the component miri of a nightly toolchain; a hundred times slower and more",
        ],
        Tool::Resources => [
            "what a test leaves behind: files in its temporary folder, open descriptors, child processes, threads, and \
             memory that grows from call to call though something still points to it",
            "memory errors; files that a test leaves elsewhere; a leak that happens once and never again",
            "nothing beside the test executables, which run at their own speed",
        ],
    }
}
