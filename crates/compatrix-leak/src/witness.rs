//! The witness: a library in the process of an executable under a tool, which leaks blocks on purpose (plants). A tool
//! that reports them sees what this very executable allocates, and is on when its threads and itself come to their end.

use crate::finding::{Finding, FindingKind};

/// The file name of the library; frames in it are never shown.
pub const LIBRARY: &str = "libcompatrix-witness.so";
/// How the names of the functions that leave something begin.
const PLANT: &str = "compatrix_plant_";
/// How many blocks each call of such a function leaves: an address left on a stack makes one of them reachable.
const COPIES: u64 = 4;

/// What the library wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witness {
    /// Where files were loaded: the address that their own addresses are relative to.
    pub maps: Vec<(u64, String)>,
    /// The exit status of a process that came to its end by `exit`.
    pub ended: Option<i32>,
    /// How many threads came to their end.
    pub threads: u64,
}

/// Parses the library's report; `None` if it was not loaded.
pub fn parse(text: &str) -> Option<Witness> {
    let mut lines = text.lines();
    if lines.next() != Some("begin") {
        return None;
    }
    let mut witness = Witness::default();
    for line in lines {
        match line.split_once(' ') {
            Some(("map", rest)) => {
                let map = rest
                    .split_once(' ')
                    .and_then(|(base, path)| Some((u64::from_str_radix(base, 16).ok()?, path.to_owned())));
                witness.maps.extend(map.filter(|map| !witness.maps.contains(map)));
            }
            Some(("threads", n)) => witness.threads = n.parse().unwrap_or(0),
            Some(("exit", status)) => witness.ended = status.parse().ok(),
            _ => {}
        }
    }
    Some(witness)
}

/// What the tool reported of the plants: the name of each, and how many times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plants(Vec<(String, u64)>);

/// Whether a finding is a plant.
pub fn is_plant(finding: &Finding) -> bool {
    finding.stack.iter().any(|frame| frame.function.starts_with(PLANT))
}

/// Takes the plants out of a process's findings, and the library's frames out of what remains.
pub fn take(findings: &mut Vec<Finding>) -> Plants {
    let mut plants = Plants::default();
    findings.retain_mut(|finding| {
        // Between the tool's own function and the plant's there may be an allocator of any depth.
        let plant = finding.stack.iter().find_map(|frame| frame.function.strip_prefix(PLANT));
        if let Some(plant) = plant {
            // What something still points to was not lost, and would not have been found either.
            if finding.kind != FindingKind::Reachable {
                plants.0.push((plant.to_owned(), finding.blocks.max(1)));
            }
            return false;
        }
        let related = finding.related.iter_mut().map(|related| &mut related.stack);
        for stack in std::iter::once(&mut finding.stack).chain(related) {
            stack.retain(|frame| !frame.object.as_deref().is_some_and(|object| object.ends_with(LIBRARY)));
        }
        true
    });
    plants
}

impl Plants {
    fn count(&self, name: &str) -> u64 {
        self.0.iter().filter(|(plant, _)| plant == name).map(|(_, n)| n).sum()
    }
}

/// What a trial asked for: its plants came from these allocators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The executable's own and C's.
    Both,
    /// Only C's, because the executable does not say where its own is.
    Malloc,
}

/// The sizes of the plants of a trial, with their allocator.
const TRIAL: [(&str, &str); 7] = [
    ("malloc_32", "32 bytes"),
    ("malloc_5000", "5,000 bytes"),
    ("malloc_3000000", "3 MB"),
    ("rust_32", "32 bytes"),
    ("rust_1000", "1,000 bytes"),
    ("rust_40000", "40,000 bytes"),
    ("rust_3000000", "3 MB"),
];

/// Why a tool is not proven for an executable after a trial; `None` if what it allocates reaches the tool.
pub fn hidden(asked: Asked, plants: &Plants, tool: &str) -> Option<String> {
    let missing = |allocator: &str| -> Vec<&str> {
        let of_it = TRIAL.iter().filter(|(name, _)| name.starts_with(allocator) && plants.count(name) == 0);
        of_it.map(|(_, size)| *size).collect()
    };
    let (malloc, rust) = (missing("malloc"), missing("rust"));
    if !malloc.is_empty() {
        let sizes = malloc.join(", ");
        return Some(format!(
            "a leak of `malloc` planted in it was not reported ({sizes}): either `malloc` is replaced by an allocator that \
             hides its blocks from {tool}, or the check is switched off in it"
        ));
    }
    match asked {
        Asked::Malloc => Some(format!(
            "it has no symbol `__rust_alloc`, so nothing shows that what its allocator gives out reaches {tool}; build it \
             with `strip = false`"
        )),
        Asked::Both if rust.is_empty() => None,
        Asked::Both => Some(format!(
            "its global allocator (`#[global_allocator]`) hides its blocks from {tool}: a leak planted in it was not reported \
             ({}); use the system's allocator in these tests",
            rust.join(", ")
        )),
    }
}

/// Why a tool is not proven for a process that ran tests; `None` if it was on to the end.
pub fn switched_off(witness: &Witness, plants: &Plants, reads: bool, tool: &str) -> Option<String> {
    // One that did not, left nothing.
    witness.ended?;
    if plants.count("exit") == 0 {
        return Some(format!(
            "{tool} was switched off in it: a leak planted at the end of the process was not reported"
        ));
    }
    let dark = (witness.threads * COPIES).saturating_sub(plants.count("thread")) / COPIES;
    if dark > 0 {
        return Some(format!(
            "{tool} was left disabled in {dark} of {} threads (`__lsan_disable` without `__lsan_enable`): a leak planted at \
             their end was not reported",
            witness.threads
        ));
    }
    let silent = (witness.threads + 1).saturating_sub(plants.count("read"));
    (reads && silent > 0).then(|| {
        format!("{tool} was told to be silent in {silent} threads: a read planted at their end was not reported")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Frame;
    use crate::tool::Tool;

    fn leak(functions: &[&str], blocks: u64, kind: FindingKind) -> Finding {
        let frame = |name: &&str| Frame {
            function: (*name).to_owned(),
            object: Some(if name.starts_with("whole") { format!("/x/{LIBRARY}") } else { "/x/it".to_owned() }),
            ..Frame::default()
        };
        let stack = functions.iter().map(frame).collect();
        Finding { blocks, stack, ..Finding::raw(Tool::Valgrind, kind, "") }
    }

    fn plants(names: &[(&str, u64)]) -> Plants {
        Plants(names.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect())
    }

    const MALLOC: [(&str, u64); 3] = [("malloc_32", 4), ("malloc_5000", 4), ("malloc_3000000", 3)];

    #[test]
    fn a_report_is_read_and_a_missing_one_is_none() {
        let text = "begin\nmap 108000 /a b/it\nmap zz /c\nmap 108000 /a b/it\nthreads 3\nexit 101\n";
        let maps = vec![(0x0010_8000, "/a b/it".to_owned())];
        assert_eq!(parse(text), Some(Witness { maps, ended: Some(101), threads: 3 }));
        assert_eq!(parse("begin\n"), Some(Witness::default()));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn plants_and_frames_of_the_library_are_taken_out() {
        let mut findings = vec![
            leak(&["malloc", "mine::alloc", "compatrix_plant_rust_32"], 4, FindingKind::Definite),
            leak(&["malloc", "compatrix_plant_exit"], 4, FindingKind::Reachable),
            leak(&["malloc", "it::leaks", "whole_thread", "start_thread"], 1, FindingKind::Definite),
        ];
        let taken = take(&mut findings);
        assert_eq!(taken, plants(&[("rust_32", 4)]));
        let names: Vec<&str> = findings[0].stack.iter().map(|frame| frame.function.as_str()).collect();
        assert_eq!((findings.len(), names), (1, vec!["malloc", "it::leaks", "start_thread"]));
    }

    #[test]
    fn an_allocator_is_proven_only_by_blocks_of_every_size() {
        let rust = [("rust_32", 4), ("rust_1000", 4), ("rust_40000", 4), ("rust_3000000", 4)];
        let all = plants(&[&MALLOC[..], &rust].concat());
        assert_eq!(hidden(Asked::Both, &all, "valgrind"), None);
        let small = hidden(Asked::Both, &plants(&[&MALLOC[..], &rust[..3]].concat()), "valgrind").unwrap();
        assert!(small.contains("its global allocator") && small.contains("not reported (3 MB)"), "{small}");
        assert!(hidden(Asked::Malloc, &plants(&MALLOC), "valgrind").unwrap().contains("strip = false"));
        assert!(hidden(Asked::Both, &plants(&rust), "lsan").unwrap().contains("`malloc` is replaced"));
    }

    #[test]
    fn a_tool_that_is_off_at_any_end_is_not_proven() {
        let ended = Witness { ended: Some(0), threads: 5, maps: Vec::new() };
        let off = |names: &[(&str, u64)], reads| switched_off(&ended, &plants(names), reads, "lsan");
        assert_eq!(off(&[("exit", 4), ("thread", 20)], false), None);
        // One block that a stale address still reaches is no thread.
        assert_eq!(off(&[("exit", 1), ("thread", 17)], false), None);
        assert!(off(&[("exit", 4), ("thread", 16)], false).unwrap().contains("disabled in 1 of 5 threads"));
        assert!(off(&[("thread", 20)], false).unwrap().contains("switched off"));
        assert_eq!(off(&[("exit", 4), ("thread", 20), ("read", 5), ("read", 1)], true), None);
        assert!(off(&[("exit", 4), ("thread", 20), ("read", 5)], true).unwrap().contains("silent in 1 threads"));
        // A process that came to no end of its own leaves nothing.
        assert_eq!(switched_off(&Witness::default(), &Plants::default(), true, "lsan"), None);
    }
}
