//! What a compilation read, as rustc and build scripts say it.
//!
//! rustc writes a dependency file beside each product: rules as make(1) has them, and a line for each variable that `env!`
//! or `option_env!` looked at. A build script prints lines to cargo.

use std::collections::BTreeSet;

/// The files and variables that a compilation or a build script names as its inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Paths as they are written: relative to a folder that the text does not say.
    pub paths: BTreeSet<String>,
    /// Names of variables.
    pub variables: BTreeSet<String>,
}

/// Reads a dependency file of rustc (`demo-0a1b.d`); `None` if it is not whole: one that was cut off names too little.
///
/// rustc ends each file with a rule without prerequisites for every path, and then with the lines of variables
/// (`rustc_interface`, `write_out_deps`).
pub fn of_rustc(text: &str) -> Option<Named> {
    let mut named = Named::default();
    let mut own_rules = BTreeSet::new();
    if !text.ends_with('\n') {
        return None;
    }
    for line in text.lines() {
        if let Some(variable) = line.strip_prefix("# env-dep:") {
            let name = variable.split_once('=').map_or(variable, |(name, _)| name);
            named.variables.insert(unescaped_variable(name));
        } else if line.starts_with('#') || line.is_empty() {
            // Checksums of an unstable option, comments.
        } else if let Some((_, paths)) = line.split_once(": ") {
            named.paths.extend(words(paths));
        } else {
            own_rules.extend(words(line.strip_suffix(':')?));
        }
    }
    (!own_rules.is_empty() && named.paths.is_subset(&own_rules)).then_some(named)
}

/// The words of a rule; a backslash before a space makes it a part of the word.
fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('\\', Some(' ')) => {
                word.push(' ');
                chars.next();
            }
            (' ', _) => all.push(std::mem::take(&mut word)),
            (char, _) => word.push(char),
        }
    }
    all.push(word);
    all.retain(|word| !word.is_empty());
    all
}

fn unescaped_variable(name: &str) -> String {
    name.replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\")
}

/// Where the libraries may be that a build script asks cargo to link: each that it names, in each folder that it names.
pub fn libraries_of_build_script(output: &str) -> BTreeSet<String> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")));
    let (mut folders, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut link_arguments = BTreeSet::new();
    for (key, value) in lines.filter_map(|line| line.split_once('=')) {
        // `native=/folder`, `static:+whole-archive=name:renamed`.
        let last = value.rsplit('=').next().unwrap_or(value);
        match key {
            "rustc-link-search" => drop(folders.insert(last)),
            "rustc-link-lib" => drop(names.insert(last.split(':').next().unwrap_or(last))),
            _ if key.starts_with("rustc-link-arg") => {
                link_arguments.extend(value.find('/').map(|at| value[at..].to_owned()))
            }
            _ => {}
        }
    }
    let files = |folder: &&str| {
        let of = |name: &&str| [format!("{folder}/lib{name}.a"), format!("{folder}/lib{name}.so")];
        names.iter().flat_map(of).collect::<Vec<_>>()
    };
    folders.iter().flat_map(files).chain(link_arguments).collect()
}

/// Reads what a build script printed for cargo: `rerun-if-changed` and `rerun-if-env-changed`, each with one colon or two
/// (cargo's reference, "Build Scripts"). `None` if it names no input, whereupon cargo takes its whole package for one.
pub fn of_build_script(output: &str) -> Option<Named> {
    let mut named = Named::default();
    for line in output.lines() {
        let Some(line) = line.strip_prefix("cargo::").or_else(|| line.strip_prefix("cargo:")) else { continue };
        match line.split_once('=') {
            Some(("rerun-if-changed", path)) => drop(named.paths.insert(path.to_owned())),
            Some(("rerun-if-env-changed", name)) => drop(named.variables.insert(name.to_owned())),
            _ => {}
        }
    }
    (named != Named::default()).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As rustc 1.63 to 1.97 write it.
    const WHOLE: &str =
        "/t/deps/demo-6f.d: src/lib.rs src/../../a\\ b/x\\ y.txt\n\n/t/deps/libdemo-6f.rmeta: src/lib.rs \
                         src/../../a\\ b/x\\ y.txt\n\nsrc/lib.rs:\nsrc/../../a\\ b/x\\ y.txt:\n\n# env-dep:NOPE\n# \
                         env-dep:PATH=/a:/b\n";

    fn set(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn paths_and_variables_are_read_with_spaces() {
        let named = of_rustc(WHOLE).unwrap();
        assert_eq!(named.paths, set(&["src/lib.rs", "src/../../a b/x y.txt"]));
        assert_eq!(named.variables, set(&["NOPE", "PATH"]));
        let windows = "C:\\t\\a.d: src\\lib.rs\n\nsrc\\lib.rs:\n";
        assert_eq!(of_rustc(windows).unwrap().paths, set(&["src\\lib.rs"]));
        assert!(of_rustc("/t/a.d: a.rs\n\na.rs:\n# checksum:blake3=00 file_len:1 a.rs\n").is_some());
    }

    #[test]
    fn what_was_cut_off_among_the_paths_is_not_taken() {
        let variables = WHOLE.find("\n# env").unwrap();
        for cut in (0..variables).filter(|&cut| WHOLE.is_char_boundary(cut)) {
            assert_eq!(of_rustc(&WHOLE[..cut]), None, "{:?}", &WHOLE[..cut]);
        }
        assert_eq!(of_rustc(&WHOLE[..WHOLE.len() - 1]), None);
    }

    #[test]
    fn libraries_are_looked_for_in_each_folder() {
        let output = "cargo:rustc-link-search=native=/a\ncargo::rustc-link-lib=static=x\ncargo:rustc-link-lib=y\n\
                      cargo:rustc-link-arg=-Wl,-T/a/script.ld\ncargo:rustc-cfg=z\n";
        let found = libraries_of_build_script(output);
        assert_eq!(found, set(&["/a/libx.a", "/a/libx.so", "/a/liby.a", "/a/liby.so", "/a/script.ld"]));
    }

    #[test]
    fn a_build_script_names_inputs_in_both_spellings() {
        let output = "cargo:rerun-if-changed=a b.txt\nnoise\ncargo::rerun-if-env-changed=CFLAGS\ncargo:rustc-cfg=x\n";
        let named = of_build_script(output).unwrap();
        assert_eq!((named.paths, named.variables), (set(&["a b.txt"]), set(&["CFLAGS"])));
        assert_eq!(of_build_script("cargo:rustc-cfg=x\n"), None);
        let many: String = (0..10_000).map(|n| format!("cargo:rerun-if-changed=src/{n}\n")).collect();
        assert_eq!(of_build_script(&many).unwrap().paths.len(), 10_000);
    }
}
