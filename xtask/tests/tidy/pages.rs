//! Rules of pages and other text: links that lead somewhere, commands that exist, no paths of a machine.

use std::collections::BTreeSet;
use std::process::Command;

use clap::{CommandFactory, Parser};
use compatrix::cli::Cli;

use crate::rust::is_test;
use crate::{files, files_ending, lines, root, text, Violations};

#[test]
fn no_file_names_a_path_of_one_machine() {
    // Put together here, so that this file does not find itself.
    let paths = ["work", "root", "tmp"].map(|name| format!("/{name}/"));
    let mut violations = Violations::default();
    for file in files().into_iter().filter(|file| !is_test(file)) {
        let Some(text) = text(&file) else { continue };
        let before_tests = lines(&text).take_while(|(_, line)| line.trim() != "mod tests {");
        for (n, line) in before_tests {
            for path in paths.iter().filter(|path| names_path(line, path)) {
                violations.add(&file, n, format!("`{path}` is a path of one machine"));
            }
        }
    }
    violations.none();
}

/// Whether the line has this folder at the start of a path, and not in the middle of one.
fn names_path(line: &str, path: &str) -> bool {
    let starts = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}*/…".contains(c));
    line.match_indices(path).any(|(at, _)| starts(at))
}

fn is_page(file: &str) -> bool {
    file.ends_with(".md") && !is_test(file)
}

/// The lines of a page outside of blocks of code, numbered, without code spans.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (n, line) in lines(text) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let outside = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
            found.push((n, outside));
        }
    }
    found
}

/// The parts of addresses that lead to the headings of a page, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = lines(text).filter(|(_, line)| line.starts_with('#')).map(|(_, l)| l.trim_start_matches('#').trim());
    let keep = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.chars().filter(keep).collect::<String>().to_lowercase().replace(' ', "-")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut violations = Violations::default();
    let files = files();
    for file in files.iter().filter(|file| is_page(file)) {
        let page = text(file).unwrap_or_default();
        for (n, line) in prose(&page) {
            for (at, _) in line.match_indices("](") {
                let target = line[at + 2..].split(')').next().unwrap_or_default();
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let path = if path.is_empty() { file.clone() } else { resolve(file, path) };
                let is_there = files.contains(&path) || files.iter().any(|f| f.starts_with(&format!("{path}/")));
                if !is_there {
                    violations.add(file, n, format!("`{target}` leads to no file of the repository"));
                } else if !anchor.is_empty() && !anchors(&text(&path).unwrap_or_default()).contains(anchor) {
                    violations.add(file, n, format!("`{target}` leads to no heading"));
                }
            }
        }
    }
    violations.none();
}

/// A relative path of a page, from the root.
fn resolve(page: &str, path: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Every command line of ours on a page: in code, after `cargo xtask` or `cargo compatrix`, or in a table whose first
/// heading is that.
fn commands(page: &str) -> Vec<(usize, String)> {
    let ours = |text: &str| {
        ["cargo xtask ", "cargo compatrix "].iter().find_map(|own| Some(text.strip_prefix(own)?.to_owned()))
    };
    let mut found = Vec::new();
    let (mut in_block, mut in_table) = (false, false);
    for (n, line) in lines(page) {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.extend(ours(line.trim_start()).map(|rest| (n, rest)));
        } else {
            in_table = line.starts_with('|') && (in_table || line.contains("| `cargo xtask …` |"));
            let first = line.split(" | ").next().unwrap_or_default();
            let spans = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            if in_table {
                found.extend(spans(first).into_iter().map(|rest| (n, rest)));
            }
            let all = spans(line).into_iter();
            found.extend(all.filter_map(|span| Some((n, ours(&span)?))));
        }
    }
    found.retain(|(_, command)| !command.contains('…') && !command.is_empty());
    found
}

/// The words of a command as a shell splits them; a comment ends it.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '#') => break,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    // What pages write where a reader puts something.
    let fill = |word: String| match word.as_str() {
        "SHELL" => "bash".to_owned(),
        "CELL" => "rust=stable".to_owned(),
        "EVENT" => "pull_request".to_owned(),
        _ => word,
    };
    words.into_iter().map(fill).collect()
}

#[test]
fn commands_on_pages_exist() {
    let mut violations = Violations::default();
    let mut seen = 0;
    for file in files_ending(".md").iter().filter(|file| is_page(file)) {
        for (n, command) in commands(&text(file).unwrap_or_default()) {
            seen += 1;
            if let Err(error) = parse(&words(&command)) {
                let first = error.lines().next().unwrap_or_default().to_owned();
                violations.add(file, n, format!("`cargo xtask {command}`: {first}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} commands found");
    violations.none();
}

fn parse(words: &[String]) -> Result<(), String> {
    if words.first().is_some_and(|word| word == "self-bench") {
        // A chore of this repository, which only the executable knows.
        let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).arg("--help").output();
        let output = output.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return if output.status.success() { Ok(()) } else { Err(said) };
    }
    let program = ["cargo xtask".to_owned()];
    match Cli::try_parse_from(program.iter().chain(words)) {
        Err(error) if error.use_stderr() => Err(error.to_string()),
        Err(_) | Ok(_) => Ok(()),
    }
}

#[test]
fn the_readme_names_every_command() {
    let mut violations = Violations::default();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let named: BTreeSet<String> =
        commands(&readme).iter().filter_map(|(_, command)| words(command).first().cloned()).collect();
    for command in Cli::command().get_subcommands() {
        if !named.contains(command.get_name()) {
            violations.add("README.md", 1, format!("the table of commands has no `{}`", command.get_name()));
        }
    }
    violations.none();
}

#[test]
fn the_excerpt_on_the_readme_is_of_the_spec() {
    let mut violations = Violations::default();
    let spec = text("compat/matrix.toml").unwrap_or_default();
    let readme = text("README.md").unwrap_or_default();
    let excerpt = lines(&readme).skip_while(|(_, line)| *line != "```toml").skip(1);
    let excerpt: Vec<_> = excerpt.take_while(|(_, line)| *line != "```").collect();
    assert!(excerpt.len() > 5, "README.md has no excerpt of the spec");
    for (n, line) in excerpt {
        if !spec.lines().any(|real| real == line) {
            violations.add("README.md", n, format!("compat/matrix.toml has no line `{line}`"));
        }
    }
    violations.none();
}

#[test]
fn every_invariant_names_what_holds_it() {
    let mut violations = Violations::default();
    let tests = files_ending(".rs").into_iter().filter(|file| is_test(file)).filter_map(|file| text(&file));
    let tests: String = tests.collect();
    let page = text("docs/ARCHITECTURE.md").unwrap_or_default();
    let files = files();
    let (without, count) = without_holder(&page, &|name| {
        files.iter().any(|file| file == name) || tests.contains(&format!("#[test]\nfn {name}()"))
    });
    assert!(count > 5, "docs/ARCHITECTURE.md has only {count} invariants");
    for n in without {
        violations.add("docs/ARCHITECTURE.md", n, "this invariant names no test and no lint's file that holds it");
    }
    violations.none();
}

/// The lines of a page's invariants that name, as code, nothing that holds them; how many invariants there are.
fn without_holder(page: &str, is_holder: &dyn Fn(&str) -> bool) -> (Vec<usize>, usize) {
    let (mut without, mut count) = (Vec::new(), 0);
    for (n, _) in lines(page).filter(|(_, line)| line.starts_with("**Invariant")) {
        count += 1;
        let paragraph: Vec<&str> = page.lines().skip(n - 1).take_while(|line| !line.is_empty()).collect();
        if !paragraph.join(" ").split('`').skip(1).step_by(2).any(is_holder) {
            without.push(n);
        }
    }
    (without, count)
}

#[test]
fn an_invariant_that_nothing_holds_is_found() {
    let page = "**Invariant:** pure,\nheld by `it_is_pure`.\n\n**Invariant:** not `pure`.\n\nBy `it_is_pure`.";
    assert_eq!(without_holder(page, &|name| name == "it_is_pure"), (vec![4], 2));
}

#[test]
fn what_a_record_proves_is_shown_by_tests_that_exist() {
    let mut violations = Violations::default();
    let page = text("docs/EVIDENCE.md").unwrap_or_default();
    let tests: Vec<(String, String)> =
        files_ending(".rs").into_iter().filter_map(|file| Some((file.clone(), text(&file)?))).collect();
    // `module::name` is a test of the file `module.rs`, `name` alone one of any file.
    let exists = |test: &str| {
        let (module, name) = test.rsplit_once("::").map_or((None, test), |(module, name)| (Some(module), name));
        let is_in = |file: &str| module.is_none_or(|module| file.ends_with(&format!("/e2e/{module}.rs")));
        tests.iter().any(|(file, text)| is_in(file) && text.contains(&format!("#[test]\nfn {name}()")))
    };
    let (without, count) = rows_without_test(&page, &exists);
    assert!(count > 15, "docs/EVIDENCE.md has only {count} lines of what a record proves");
    for n in without {
        violations.add("docs/EVIDENCE.md", n, "this line names no test, or one that does not exist");
    }
    violations.none();
}

/// The rows of the table of proofs whose last column names no test, or one that does not exist; how many rows there are.
fn rows_without_test(page: &str, exists: &dyn Fn(&str) -> bool) -> (Vec<usize>, usize) {
    let table = lines(page).skip_while(|(_, line)| !line.starts_with("| a record proves that")).skip(2);
    let rows: Vec<(usize, &str)> = table.take_while(|(_, line)| line.starts_with('|')).collect();
    let is_shown = |row: &str| {
        let column = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        let named: Vec<&str> =
            column.split('`').skip(1).step_by(2).filter(|name| !name.starts_with("compatrix-")).collect();
        !named.is_empty() && named.into_iter().all(exists)
    };
    (rows.iter().filter(|(_, row)| !is_shown(row)).map(|(n, _)| *n).collect(), rows.len())
}

#[test]
fn a_proof_that_no_test_shows_is_found() {
    let page = "| a record proves that | shown by |\n|---|---|\n| x | `m::a`, `b` in `compatrix-x` |\n| y `z` | |\n| z | `c` |\n";
    assert_eq!(rows_without_test(page, &|name| ["m::a", "b"].contains(&name)), (vec![4, 5], 3));
}
