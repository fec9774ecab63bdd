//! What Miri says, from outside: a golden folder of its standard error, and the same cut anywhere.

// Golden files are read and, when asked, written here.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use compatrix_leak::{
    attribute::{complete, Context},
    miri::{parse, Read, Trouble},
    Finding, FindingKind, Frame,
};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leak/miri");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|e| e == "stderr")).collect();
    files.sort();
    assert!(files.len() > 40, "the golden folder is gone");
    files
}

fn sample(name: &str) -> String {
    let file = samples().into_iter().find(|file| file.file_stem().is_some_and(|stem| stem == name));
    std::fs::read_to_string(file.unwrap_or_else(|| panic!("no sample {name}"))).unwrap()
}

/// Each `tests/leak/miri/NAME.stderr` gives what is in `NAME.txt`. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn golden_readings() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for file in samples() {
        let golden = file.with_extension("txt");
        let actual = shown(parse(&std::fs::read_to_string(&file).unwrap()));
        if update {
            std::fs::write(&golden, &actual).unwrap();
        } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(&actual) {
            wrong.push(format!("{}:\n{actual}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 writes these, if they are right:\n{}", wrong.join("\n"));
}

fn shown(mut read: Read) -> String {
    let tests = ["tests::soup".to_owned()];
    let context = Context { executable: "kitchen", tests: &tests, root: "/srv/kitchen", not_own: &["target"] };
    let mut out = String::new();
    for finding in &mut read.findings {
        complete(finding, &context);
        let Finding { kind, what, bytes, blocks, stack, related, .. } = finding;
        writeln!(out, "{kind}: {what} ({bytes} bytes, {blocks} blocks)").unwrap();
        stack.iter().for_each(|frame| line(&mut out, "  ", frame));
        for further in related {
            writeln!(out, "  {}", further.what).unwrap();
            further.stack.iter().for_each(|frame| line(&mut out, "    ", frame));
        }
    }
    if let Some(reason) = read.not_runnable {
        writeln!(out, "not runnable: {reason}").unwrap();
    }
    if let Some(trouble) = read.trouble {
        writeln!(out, "trouble: {trouble:?}").unwrap();
    }
    if !read.failing_seeds.is_empty() {
        writeln!(out, "failing seeds: {:?}", read.failing_seeds).unwrap();
    }
    read.notes.iter().for_each(|note| writeln!(out, "note: {note}").unwrap());
    out
}

fn line(out: &mut String, indent: &str, frame: &Frame) {
    let Frame { function, file, line, column, origin, .. } = frame;
    let number = |n: &Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
    let file = file.as_deref().unwrap_or("?");
    writeln!(out, "{indent}{origin:?} {function} {file}:{}:{}", number(line), number(column)).unwrap();
}

#[test]
fn every_kind_that_miri_can_find_is_in_the_samples() {
    let found: BTreeSet<FindingKind> = samples()
        .iter()
        .flat_map(|file| parse(&std::fs::read_to_string(file).unwrap()).findings)
        .map(|finding| finding.kind)
        .collect();
    let expected = [
        FindingKind::Definite,
        FindingKind::UseAfterFree,
        FindingKind::InvalidAccess,
        FindingKind::InvalidFree,
        FindingKind::MismatchedFree,
        FindingKind::Uninitialised,
        FindingKind::Race,
        FindingKind::UndefinedBehaviour,
        FindingKind::Deadlock,
        FindingKind::LeftoverThread,
    ];
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn old_and_new_stacks_have_the_same_fingerprint_inputs() {
    let own = |name: &str| {
        let finding = parse(&sample(name)).findings.remove(0);
        let own = |frame: &&Frame| frame.file.as_deref().is_some_and(|file| file.starts_with("src/"));
        let frames = finding.stack.iter().filter(own).map(|frame| (frame.file.clone(), frame.line));
        (finding.kind, finding.bytes, frames.collect::<Vec<_>>())
    };
    assert_eq!(own("leak"), own("leak-old-backtrace"));
}

#[test]
fn a_text_cut_anywhere_is_read_and_nothing_is_made_up() {
    for file in samples() {
        let text = std::fs::read_to_string(&file).unwrap();
        let whole = parse(&text);
        let kinds: BTreeSet<_> = whole.findings.iter().map(|finding| finding.kind).collect();
        let mut most = 0;
        for (at, _) in text.char_indices() {
            let read = parse(&text[..at]);
            // What a thing is may be said late, that there is one never goes away again.
            // What another seed shows too is one once it is whole.
            if text.contains("SEED") {
                continue;
            }
            let now = read.findings.iter().map(|finding| finding.blocks.max(1)).sum::<u64>();
            assert!(now >= most, "{} cut at {at} lost a finding", file.display());
            most = now;
            let others = read.findings.iter().any(|finding| {
                use FindingKind::*;
                let vague = [UndefinedBehaviour, UseAfterFree, InvalidAccess, InvalidFree];
                !kinds.contains(&finding.kind) && !vague.contains(&finding.kind)
            });
            assert!(!others, "{} cut at {at} shows {:?}", file.display(), read.findings);
            assert!(
                whole.trouble.is_some() || !matches!(read.trouble, Some(Trouble::Aborted(_))),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn line_ends_of_another_system_change_nothing() {
    for file in samples() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(parse(&text.replace('\n', "\r\n")), parse(&text), "{}", file.display());
    }
}

#[test]
fn text_of_anything_else_is_no_finding() {
    for text in
        ["", "\n\n", "Undefined Behavior", "memory leaked: alloc1", "= note: inside `x`", "| ^", "--> ", "🦀 |^"]
    {
        assert_eq!(parse(text), Read::default(), "{text:?}");
    }
}

#[test]
fn what_differs_from_run_to_run_is_left_out() {
    let one = parse(&sample("stacked-borrows"));
    let other = parse(&sample("stacked-borrows").replace("3311", "98").replace("1492", "777"));
    assert_eq!(one, other);
    assert!(!one.findings[0].what.contains("1492") && one.findings[0].what.contains("[0x0]"));
}
