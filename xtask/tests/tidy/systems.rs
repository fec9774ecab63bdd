//! One place knows which system it is on: the engine's `sys`. Elsewhere no code is chosen by the system.

use proc_macro2::{TokenStream, TokenTree};

use crate::rust::is_test;
use crate::{files_ending, text, Violations};

/// Where it may be known, and Compatrix' own crates.
const PLACE: &str = "crates/compatrix-engine/src/sys/";
const OURS: [&str; 4] = ["crates/compatrix", "crates/covering/", "crates/shaped-toml/", "xtask/"];
/// Crates that are of one system, or are told apart by it.
const OF_SYSTEMS: [&str; 6] = ["ctrlc", "process_wrap", "rustix", "same_file", "signal_hook", "win32job"];
/// What only some systems have, at the beginning of a text in the code.
const NAMED: [&str; 3] = ["/proc/", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];
/// These are about the loaders of all systems.
const OF_LOADERS: [&str; 2] = ["crates/compatrix-binary/", "crates/compatrix-engine/src/build/loader/elsewhere.rs"];
/// What a `cfg` asks of the system.
const ASKED: [&str; 5] = ["target_family", "target_os", "target_vendor", "unix", "windows"];

#[test]
fn systems_differ_in_one_place() {
    let mut violations = Violations::default();
    for file in files_ending(".rs") {
        let is_ours = OURS.iter().any(|ours| file.starts_with(ours)) && !file.starts_with(PLACE) && !is_test(&file);
        if is_ours {
            let text = text(&file).expect("is UTF-8");
            let found = found(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            // What a chore of this repository asks about paths is shown to nobody, and its benchmarks are of Linux.
            let may_be = |what: &str| {
                let is_named = NAMED.iter().any(|name| what == format!("`{name}`"));
                file.starts_with("xtask/") && (is_named || what.starts_with("`canonicalize`"))
                    || is_named && OF_LOADERS.iter().any(|place| file.starts_with(place))
            };
            for (line, what) in found.into_iter().filter(|(_, what)| !may_be(what)) {
                violations.add(&file, line, format!("{what}: what differs between systems is in {PLACE}"));
            }
        }
    }
    violations.none();
}

/// What a file knows of systems, by line. Tests at its end may be of one system.
fn found(text: &str) -> Result<Vec<(usize, String)>, proc_macro2::LexError> {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    look(code.parse()?, &mut found);
    Ok(found)
}

fn look(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => look(group.stream(), found),
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                if OF_SYSTEMS.contains(&word.as_str()) {
                    found.push((line, format!("`{word}`")));
                }
                if word == "canonicalize" {
                    found.push((line, "`canonicalize`, for which `sys::files::real` is".to_owned()));
                }
                let is_cfg = ["cfg", "cfg_attr"].contains(&word.as_str());
                let asked = tokens[at + 1..].iter().take(2).find_map(|next| match next {
                    TokenTree::Group(group) if is_cfg => asks(group.stream()),
                    _ => None,
                });
                found.extend(asked.map(|what| (line, format!("`{word}` of `{what}`"))));
                let after: String = tokens[at..].iter().take(4).map(ToString::to_string).collect();
                if after == "std::os" {
                    found.push((line, "`std::os`".to_owned()));
                }
            }
            TokenTree::Literal(literal) => {
                let literal = literal.to_string();
                let named = NAMED.iter().find(|name| literal.starts_with(&format!("\"{name}")));
                found.extend(named.map(|name| (line, format!("`{name}`"))));
            }
            TokenTree::Punct(_) => {}
        }
    }
}

/// What of the system a condition asks.
fn asks(condition: TokenStream) -> Option<String> {
    condition.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => asks(group.stream()),
        TokenTree::Ident(ident) => Some(ident.to_string()).filter(|word| ASKED.contains(&word.as_str())),
        TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

#[test]
fn what_is_of_a_system_is_found() {
    for (code, expected) in [
        ("use std::os::unix::fs::MetadataExt;", vec!["`std::os`"]),
        ("fn f() { g(std::os::fd::AsFd::as_fd(&a)) }", vec!["`std::os`"]),
        ("#[cfg(unix)]\nfn f() {}", vec!["`cfg` of `unix`"]),
        ("fn f() { if cfg!(all(debug_assertions, not(windows))) {} }", vec!["`cfg` of `windows`"]),
        ("#[cfg_attr(target_os = \"linux\", allow(x))] mod a;", vec!["`cfg_attr` of `target_os`"]),
        ("use rustix::fs;", vec!["`rustix`"]),
        ("#[cfg(test)] const A: &str = \"cfg(windows)\"; // std::os", vec![]),
        ("fn f() {}\n#[cfg(test)]\nmod tests {\n use std::os::unix; }", vec![]),
        ("fn f() { path.canonicalize() }", vec!["`canonicalize`, for which `sys::files::real` is"]),
        ("use std::osmosis; use a::os;", vec![]),
        ("fn f() { read(\"/proc/loadavg\") }", vec!["`/proc/`"]),
        ("fn f() { g(\"DYLD_LIBRARY_PATH\", \"see /proc/self\") } // \"LD_LIBRARY_PATH\"", vec!["`DYLD_LIBRARY_PATH`"]),
    ] {
        let said: Vec<String> = found(code).unwrap().into_iter().map(|(_, what)| what).collect();
        assert_eq!(said, expected, "{code}");
    }
}
