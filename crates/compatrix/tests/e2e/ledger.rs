//! A ledger that is damaged, locked, in the way, or of another version: nothing is lost, and the message says what to do.

#![allow(clippy::disallowed_methods, reason = "tests damage files")]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{totals, Ran, Workspace};

const SPEC: &str = "[axis]\nrust = [HERE]\n[axis.n]\nenv = \"N\"\nvalues = [\"a\", \"b\", \"c\"]\n";

/// A workspace whose ledger knows three cells.
fn made() -> Workspace {
    let made = Workspace::new(SPEC);
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0]);
    made
}

fn compat(made: &Workspace) -> Ran {
    made.run(&["compat", "--format", "json"])
}

/// Ledgers that were set aside, oldest first.
fn aside(made: &Workspace) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(made.compat("")).expect("lists").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().contains(".damaged-")).collect();
    found.retain(|path| !path.to_string_lossy().ends_with("-wal") && !path.to_string_lossy().ends_with("-shm"));
    found.sort();
    found
}

#[test]
fn a_ledger_that_is_garbage_is_set_aside_and_the_run_goes_on() {
    let made = made();
    let path = made.compat("ledger.sqlite");
    let garbage = "this is no database. ".repeat(1000);
    for n in 1..=2 {
        std::fs::write(&path, &garbage).expect("writes");
        let ran = compat(&made);
        ran.expect(0).says(&["warning", "set aside as", &format!("ledger.sqlite.damaged-{n}"), "a new one begins"]);
        assert_eq!(totals(&ran.json()), [1, 3, 0], "what is not known runs");
        assert_eq!(aside(&made).len(), n);
        assert_eq!(std::fs::read_to_string(&aside(&made)[n - 1]).expect("reads"), garbage, "not a byte is lost");
    }
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3]);
}

#[test]
fn a_truncated_ledger_is_set_aside() {
    let made = made();
    let path = made.compat("ledger.sqlite");
    let whole = std::fs::read(&path).expect("reads");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("writes");
    let ran = compat(&made);
    ran.expect(0).says(&["set aside as"]);
    assert_eq!(std::fs::read(&aside(&made)[0]).expect("reads"), &whole[..whole.len() / 2]);
}

#[test]
fn damage_anywhere_in_the_ledger_costs_at_most_one_more_start() {
    let made = made();
    let path = made.compat("ledger.sqlite");
    let whole = std::fs::read(&path).expect("reads");
    let pages = whole.len() / 4096;
    assert!(pages > 4, "{pages} pages");
    for page in 0..pages {
        let mut damaged = whole.clone();
        damaged[page * 4096 + 100..(page + 1) * 4096].fill(0xa5);
        std::fs::write(&path, &damaged).expect("writes");
        let before = aside(&made).len();
        let first = compat(&made);
        if first.code == Some(3) {
            first.says(&["the ledger is damaged", "set aside as", "run again"]);
        } else {
            first.expect(0).json();
        }
        if aside(&made).len() > before {
            let kept = std::fs::read(aside(&made).last().expect("one")).expect("reads");
            assert_eq!(kept.len(), damaged.len(), "page {page}");
        }
        compat(&made).expect(0).json();
    }
}

#[test]
fn a_ledger_locked_by_another_program_is_told_so() {
    let made = made();
    let other = rusqlite::Connection::open(made.compat("ledger.sqlite")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let ran = compat(&made);
    ran.expect(3).says(&["ledger.sqlite is locked by another program", "run again"]);
    drop(other);
    assert_eq!(totals(&made.json(0, &[])), [0, 0, 3], "nothing was lost");
}

#[test]
fn a_ledger_that_cannot_be_opened_says_why_and_is_left_alone() {
    let made = Workspace::new(SPEC);
    std::fs::create_dir_all(made.compat("ledger.sqlite/keep")).expect("a folder");
    compat(&made).expect(3).says(&["ledger.sqlite cannot be opened", "or move the file away"]);
    assert!(made.compat("ledger.sqlite/keep").exists());
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() {
    let made = made();
    let path = made.compat("ledger.sqlite");
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("PRAGMA user_version = 99").expect("writes");
    drop(other);
    let before = std::fs::read(&path).expect("reads");
    compat(&made).expect(3).says(&["written by a newer compatrix", "format 99"]);
    assert_eq!(std::fs::read(&path).expect("reads"), before);
    assert!(aside(&made).is_empty());
}

#[test]
fn a_ledger_that_cannot_be_written_says_so() {
    let made = made();
    let path = made.compat("ledger.sqlite");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("sets");
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        eprintln!("not tested: this user may write everything");
        return;
    }
    compat(&made).expect(3).says(&["ledger.sqlite cannot be written", "write permission"]);
}

#[test]
fn records_of_another_format_are_as_good_as_none() {
    let made = made();
    let other = rusqlite::Connection::open(made.compat("ledger.sqlite")).expect("opens");
    other.execute_batch("UPDATE records SET record = '{\"old\": true}'").expect("writes");
    drop(other);
    assert_eq!(totals(&made.json(0, &[])), [1, 3, 0]);
    let count: i64 = made.ledger().query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect("counts");
    assert_eq!(count, 6, "the old ones are kept");
}
