//! What each tool detects and misses. Sources: the manuals of valgrind ("Memcheck") and clang ("AddressSanitizer",
//! "LeakSanitizer"), the Rust unstable book ("sanitizer"), and Miri's README.

use compatrix_leak::Tool;

use super::facts::Facts;
use crate::markdown::{text, Table};

pub(super) fn abilities(facts: &Facts<'_>) -> String {
    let mut table = Table::new(&["Tool", "Detects", "Misses", "Needs"]);
    for tool in Tool::ALL.into_iter().filter(|tool| facts.suites.iter().any(|suite| suite.tool == *tool)) {
        let [sees, blind, needs] = ability(tool);
        table.row([text(tool.title()), text(sees), text(blind), text(needs)]);
    }
    table.finish()
}

fn ability(tool: Tool) -> [&'static str; 3] {
    match tool {
        Tool::Valgrind => [
            "every block that Rust, C or a library takes from malloc and that is lost, kept by a lost block, or still reachable \
             at exit; use after free; heap overruns; branches on uninitialised memory",
            "overruns on the stack and in static data; data races; errors inside one large block of a custom allocator, such as \
             a page cache",
             "any toolchain; runs the unchanged executables, ten to fifty times slower",
        ],
        Tool::Asan => [
            "use after free and overruns of heap, stack and static data in code compiled by the nightly; double free; at process \
             exit, blocks that nothing points to",
             "reads of uninitialised memory; data races; invalid accesses within C code, which is not instrumented (its leaks \
             and frees are detected)",
             "a nightly toolchain and a separate build",
        ],
        Tool::Lsan => [
            "at process exit, blocks of Rust and C that nothing points to",
            "memory errors; blocks that a static still points to; anything while a debugger is attached",
            "a nightly toolchain and a separate build; fast",
        ],
        Tool::Miri => [
            "violations of every language rule that unsafe code can break: aliasing, validity, alignment, uninitialised memory, \
             use after free; data races; leaks",
             "anything behind a call into C: such tests count as not runnable, never as passed",
             "a nightly toolchain's miri component; at least a hundred times slower",
        ],
        Tool::Resources => [
            "what a test leaves behind: files in its temporary folder, open descriptors, child processes, threads, and memory \
             that is still reachable but grows from call to call",
             "memory errors; files left outside the temporary folder; a leak that happens only once",
             "nothing beyond the test executables, which run at full speed",
        ],
    }
}
