//! Cargo's JSON messages: which executables a build made, and which of cargo's targets each is of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use compatrix_model::plan::Targets;
use serde::Deserialize;

use super::inspect;
use super::product::{BuildInputs, Executable, Product, Recorded, TargetKind};
use super::units::Used;
use crate::deps::stage;
use crate::sys::files;
use crate::sys::host::Host;

/// Reads cargo's JSON messages as they come.
#[derive(Debug, Default)]
pub(super) struct Messages {
    line: Vec<u8>,
    artifacts: Vec<Artifact>,
    archive: Option<PathBuf>,
    /// cargo's name for the package whose build script made it.
    archive_of: String,
    /// By package: the folders of its build script's runs.
    script_runs: Vec<(String, PathBuf)>,
}

/// What cargo says of one thing that it made; see cargo's reference, "External tools", JSON messages.
#[derive(Debug, Deserialize)]
struct Artifact {
    #[serde(default)]
    package_id: String,
    /// Since Rust 1.51.
    manifest_path: Option<PathBuf>,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    features: Vec<String>,
}

/// What a build script asks cargo to link.
#[derive(Debug, Deserialize)]
struct BuildScript {
    #[serde(default)]
    package_id: String,
    out_dir: PathBuf,
    /// `static=sqlite3`, `static:+whole-archive=sqlite3`, `sqlite3`.
    #[serde(default)]
    linked_libs: Vec<String>,
    /// `native=/folder`, or the folder alone.
    #[serde(default)]
    linked_paths: Vec<String>,
}

impl BuildScript {
    /// Where the static SQLite would be that it links, by whatever crate: `libsqlite3.a`, `libsqlcipher.a`.
    fn archives(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let last = |text: &'_ str| text.rsplit('=').next().unwrap_or_default().to_owned();
        let named = self.linked_libs.iter().map(move |lib| last(lib)).filter(|name| name.contains("sql"));
        let dirs = self.linked_paths.iter().map(move |path| PathBuf::from(last(path)));
        let dirs: Vec<PathBuf> = std::iter::once(self.out_dir.clone()).chain(dirs).collect();
        named.flat_map(move |name| dirs.clone().into_iter().map(move |dir| dir.join(format!("lib{name}.a"))))
    }
}

/// The messages that matter here.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    BuildScriptExecuted(BuildScript),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    #[serde(default)]
    kind: Vec<String>,
    #[serde(default)]
    src_path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Profile {
    test: bool,
}

/// What an artifact is to a build of this kind.
#[derive(Debug, PartialEq, Eq)]
enum Use {
    /// It is what the suite is about.
    Product,
    /// A program or shared library that a test can start or load by its path.
    Reachable,
}

impl Artifact {
    fn of(&self, targets: Targets) -> Option<(Use, &PathBuf)> {
        let is_test = self.profile.test;
        match (targets, &self.executable) {
            (Targets::Tests { .. } | Targets::Benches, Some(path)) if is_test => Some((Use::Product, path)),
            (Targets::Tests { .. } | Targets::Benches, Some(path)) if !self.is_build_script() => {
                Some((Use::Reachable, path))
            }
            (Targets::Tests { .. } | Targets::Benches, _) => {
                let kinds = ["cdylib", "dylib"];
                let shared = self.target.kind.iter().any(|kind| kinds.contains(&kind.as_str()));
                let library =
                    |path: &&PathBuf| path.extension().is_some_and(|e| ["so", "dylib", "dll"].iter().any(|x| e == *x));
                self.filenames.iter().find(library).filter(|_| shared).map(|path| (Use::Reachable, path))
            }
            (Targets::Packages, _) => {
                // Metadata alone is not a product.
                let product = |path: &&PathBuf| path.extension().is_none_or(|e| e != "rmeta" && e != "d");
                self.filenames.iter().find(product).filter(|_| !is_test).map(|path| (Use::Product, path))
            }
        }
    }

    /// The package's folder. Where cargo does not say where its manifest is: the nearest one above the sources.
    fn dir(&self) -> Option<PathBuf> {
        match &self.manifest_path {
            Some(manifest) => manifest.parent().map(Path::to_owned),
            None => self
                .target
                .src_path
                .ancestors()
                .skip(1)
                .find(|dir| files::exists(&dir.join("Cargo.toml")))
                .map(Path::to_owned),
        }
    }

    fn is_build_script(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "custom-build")
    }
}

impl Messages {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                // Other lines were printed by something else; cargo's reference says to ignore them.
                if let Ok(message) = serde_json::from_slice(&line) {
                    self.take(message);
                }
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::CompilerArtifact(artifact) => self.artifacts.push(artifact),
            Message::BuildScriptExecuted(script) => {
                self.script_runs.extend(script.out_dir.parent().map(|run| (script.package_id.clone(), run.to_owned())));
                let found = script.archives().find(|archive| files::exists(archive));
                if found.is_some() {
                    self.archive = found;
                    self.archive_of = script.package_id;
                }
            }
            Message::Other => {}
        }
    }

    /// The units that the build used: all that its messages name.
    pub(super) fn used(&self) -> Used {
        let mut used = Used::default();
        for artifact in &self.artifacts {
            let files = artifact.filenames.iter().chain(&artifact.executable);
            let hashes: Vec<String> = files.flat_map(|path| hashes_in(path)).collect();
            if hashes.is_empty() {
                used.crates.insert(artifact.target.name.replace('-', "_"));
            }
            used.hashes.extend(hashes);
        }
        used.hashes.extend(self.script_runs.iter().filter_map(|(_, run)| hash_of(run)));
        used
    }

    /// The package's folder of each run of a build script, by the name of its unit.
    pub(super) fn packages_of_scripts(&self) -> BTreeMap<String, PathBuf> {
        let dir_of = |id: &str| self.artifacts.iter().find(|artifact| artifact.package_id == id)?.dir();
        let one = |(id, run): &(String, PathBuf)| Some((run.file_name()?.to_string_lossy().into_owned(), dir_of(id)?));
        self.script_runs.iter().filter_map(one).collect()
    }

    pub(super) fn product(self, host: &Host, inputs: &BuildInputs<'_>, targets: Targets) -> Result<Product> {
        let workspace = inputs.workspace;
        let carrier = self.artifacts.iter().find(|artifact| artifact.package_id == self.archive_of);
        let carrier = carrier.filter(|_| self.archive.is_some()).and_then(Artifact::dir);
        let mut product = Product { archive: self.archive, carrier, ..Product::default() };
        // Those of the tests, as a build script's dependencies may have the package with other features.
        let mut others: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for artifact in &self.artifacts {
            let dir = artifact.dir().unwrap_or_default();
            let origin = stage::origin(&workspace.layout, inputs.stage.as_ref(), &dir);
            let package = workspace.packages.iter().find(|p| Path::new(&p.dir) == origin);
            if let Some(package) = package.filter(|_| !artifact.is_build_script()) {
                let is_test = artifact.profile.test || targets == Targets::Packages;
                let features = if is_test { &mut product.features } else { &mut others };
                features.entry(package.facts.name.clone()).or_default().extend(artifact.features.iter().cloned());
            }
            let Some((used, path)) = artifact.of(targets) else { continue };
            if package.is_none() && targets == Targets::Packages {
                // A dependency, or a build script of one.
                continue;
            }
            let package = package.map_or_else(String::new, |p| p.facts.name.clone());
            let target = artifact.target.name.clone();
            let executable = Executable {
                own_harness: workspace.own_harness.contains(&(package.clone(), target.clone())),
                package,
                target,
                kind: TargetKind::of(&artifact.target.kind),
                path: path.clone(),
                recorded: Recorded::unasked(dir),
                root: inputs.stage.as_ref().map_or(&host.root, |stage| &stage.root).clone(),
                inspection: inspect::executable(host, path)?,
            };
            product.tmpdir = product.tmpdir.or_else(|| tmpdir_in(path));
            match used {
                Use::Product => product.executables.push(executable),
                Use::Reachable => product.programs.push(executable),
            }
        }
        for (package, features) in others {
            product.features.entry(package).or_insert(features);
        }
        for list in [&mut product.executables, &mut product.programs] {
            list.sort_by(|a, b| (&a.package, &a.target, &a.path).cmp(&(&b.package, &b.target, &b.path)));
            list.dedup_by(|a, b| a.path == b.path);
        }
        Ok(product)
    }
}

/// The units' hashes in the name of a file and in that of its folder.
fn hashes_in(path: &Path) -> Vec<String> {
    [Some(path), path.parent()].into_iter().flatten().filter_map(hash_of).collect()
}

/// The hash at the end of a name, as in `libdemo-0a1b2c3d4e5f6a7b.rlib`.
fn hash_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let (_, hash) = name.split('.').next()?.rsplit_once('-')?;
    (hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then(|| hash.to_owned())
}

/// The folder for temporary files that is compiled into a test executable, if any: rustc notes in its dependency file which
/// variables `env!` read.
fn tmpdir_in(executable: &Path) -> Option<PathBuf> {
    let noted = files::read_text(&executable.with_extension("d")).ok()?;
    let line = noted.lines().find_map(|line| line.strip_prefix("# env-dep:CARGO_TARGET_TMPDIR="))?;
    Some(PathBuf::from(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_old_and_new_messages_cut_anywhere() {
        let old = r#"{"reason":"compiler-artifact","package_id":"a 0.1.0 (path+file:///w/a)","manifest_path":"/w/a/Cargo.toml","target":{"kind":["lib"],"name":"a"},"profile":{"test":true},"executable":"/t/a-1","fresh":true}"#;
        let new = r#"{"reason":"compiler-artifact","package_id":"path+file:///w/a#0.1.0","manifest_path":"/w/a/Cargo.toml","target":{"kind":["test"],"name":"it"},"profile":{"test":true},"executable":"/t/it-1","fresh":false}"#;
        let plain = r#"{"reason":"compiler-artifact","package_id":"x","manifest_path":"/w/x/Cargo.toml","target":{"name":"x"},"profile":{"test":false},"executable":null,"fresh":false}"#;
        let text = format!("noise\n{old}\n{plain}\n{new}\n{{\"reason\":\"build-finished\",\"success\":true}}\n");
        for size in [1, 7, 4096] {
            let mut messages = Messages::default();
            text.as_bytes().chunks(size).for_each(|chunk| messages.feed(chunk));
            let tests = Targets::Tests { doctests: false };
            let of = |artifact: &Artifact| artifact.of(tests).map(|(used, path)| (used, path.clone()));
            let found: Vec<_> = messages.artifacts.iter().filter_map(of).collect();
            assert_eq!(found, [(Use::Product, PathBuf::from("/t/a-1")), (Use::Product, PathBuf::from("/t/it-1"))]);
            let choice =
                |artifact: &Artifact| TargetKind::of(&artifact.target.kind).choice(&artifact.target.name).join(" ");
            assert_eq!(messages.artifacts.iter().map(choice).collect::<Vec<_>>(), ["--lib", "--lib", "--test it"]);
        }
    }

    #[test]
    fn a_cargo_that_names_no_manifest_is_understood() {
        let package = tempfile::tempdir().unwrap();
        files::write(&package.path().join("Cargo.toml"), b"[package]").unwrap();
        let source = package.path().join("src/lib.rs");
        let line = serde_json::json!({
            "reason": "compiler-artifact", "package_id": "a 0.1.0", "profile": {"test": true}, "executable": "/t/a-1",
            "target": {"kind": ["lib"], "name": "a", "src_path": source},
        });
        let mut messages = Messages::default();
        messages.feed(format!("{line}\n").as_bytes());
        let dirs: Vec<_> = messages.artifacts.iter().map(Artifact::dir).collect();
        assert_eq!(dirs, [Some(package.path().to_owned())]);
    }

    #[test]
    fn a_static_sqlite_is_found_whichever_crate_links_it() {
        let archives = |libs: &str, paths: &str| {
            let text = format!(r#"{{"out_dir":"/o","linked_libs":{libs},"linked_paths":{paths}}}"#);
            let script: BuildScript = serde_json::from_str(&text).unwrap();
            script.archives().map(|path| files::slashed(&path)).collect::<Vec<_>>()
        };
        assert_eq!(archives(r#"["static=sqlite3"]"#, r#"["native=/o"]"#), ["/o/libsqlite3.a", "/o/libsqlite3.a"]);
        let cipher = archives(r#"["dylib=crypto","static:+whole-archive=sqlcipher"]"#, r#"["/a b"]"#);
        assert_eq!(cipher, ["/o/libsqlcipher.a", "/a b/libsqlcipher.a"]);
        assert_eq!(archives(r#"["static=z"]"#, "[]"), [] as [&str; 0]);
    }

    #[test]
    fn what_a_test_can_reach_by_path_is_told_apart_from_what_it_cannot() {
        let one = |target: &str, executable: &str, files: &str| {
            let text = format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/Cargo.toml","target":{target},"profile":{{"test":false}},"executable":{executable},"filenames":{files}}}"#
            );
            let mut messages = Messages::default();
            messages.feed(format!("{text}\n").as_bytes());
            let artifact = messages.artifacts.pop().unwrap();
            let of =
                |targets| artifact.of(targets).map(|(used, path): (Use, &PathBuf)| (used, path.display().to_string()));
            (of(Targets::Tests { doctests: false }), of(Targets::Packages))
        };
        let reach = |path: &str| Some((Use::Reachable, path.to_owned()));
        let make = |path: &str| Some((Use::Product, path.to_owned()));
        let bin = one(r#"{"name":"t","kind":["bin"]}"#, r#""/t/t""#, r#"["/t/t"]"#);
        assert_eq!(bin, (reach("/t/t"), make("/t/t")));
        let both = one(r#"{"name":"l","kind":["rlib","cdylib"]}"#, "null", r#"["/t/libl.rlib","/t/libl.so"]"#);
        assert_eq!(both, (reach("/t/libl.so"), make("/t/libl.rlib")));
        let script = one(r#"{"name":"build-script-build","kind":["custom-build"]}"#, r#""/t/b""#, r#"["/t/b"]"#);
        assert_eq!(script.0, None);
        assert_eq!(one(r#"{"name":"m","kind":["proc-macro"]}"#, "null", r#"["/t/libm-1.so"]"#).0, None);
    }
}
