//! End to end: the real executable on small workspaces that the tests make, good and bad input, faults of the machine.
//!
//! Nothing here uses the network or the user's own cache; every test has folders of its own, so that all may run at once.

mod as_cargo;
mod choose;
mod ci_part;
mod distros;
mod distros_bad;
mod disturb;
mod doctor;
mod environment;
mod evidence_merge;
mod features;
mod fixtures;
mod gen_ci;
mod init;
mod inputs;
mod interrupt;
mod leaks_miri;
mod leaks_noise;
mod leaks_pages;
mod leaks_proof;
mod leaks_resources;
mod leaks_sanitizers;
mod leaks_valgrind;
mod ledger;
mod locks;
mod machine;
mod members;
mod moods;
mod output;
mod pages;
mod registry;
mod rehearse;
mod repository;
mod since;
mod spec;
mod sqlite;
mod sqlite_kinds;
mod stages;
mod support;
mod toolchains;
mod tree;
mod verdicts;
mod workspaces;
