//! Cargo's JSON messages: which executables a build made, and which of cargo's targets each is of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use compatrix_model::plan::Targets;
use serde::Deserialize;

use super::inspect;
use super::product::{BuildInputs, Executable, Product, TargetKind};
use crate::deps::stage;
use crate::find::facts::ToolchainFacts;
use crate::sys::host::Host;

/// Reads cargo's JSON messages as they come.
#[derive(Debug, Default)]
pub(super) struct Messages {
    line: Vec<u8>,
    executables: BTreeMap<(PathBuf, String, PathBuf), TargetKind>,
    /// Libraries and programs that are not tests; used if nothing else is built.
    others: BTreeMap<(PathBuf, String, PathBuf), TargetKind>,
    archive: Option<PathBuf>,
}

/// The parts of cargo's messages that matter here; see cargo's reference, "External tools", JSON messages.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        manifest_path: PathBuf,
        target: Target,
        profile: Profile,
        executable: Option<PathBuf>,
        #[serde(default)]
        filenames: Vec<PathBuf>,
    },
    BuildScriptExecuted {
        package_id: String,
        out_dir: PathBuf,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    #[serde(default)]
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
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
            Message::CompilerArtifact { manifest_path, target, profile, executable: Some(path), .. }
                if profile.test =>
            {
                self.executables.insert((manifest_path, target.name, path), TargetKind::of(&target.kind));
            }
            Message::CompilerArtifact { manifest_path, target, filenames, .. } => {
                // Metadata alone is not a product.
                let product =
                    filenames.into_iter().find(|path| path.extension().is_none_or(|e| e != "rmeta" && e != "d"));
                if let Some(path) = product {
                    self.others.insert((manifest_path, target.name, path), TargetKind::of(&target.kind));
                }
            }
            Message::BuildScriptExecuted { package_id, out_dir } if package_id.contains("libsqlite3-sys") => {
                let archive = out_dir.join("libsqlite3.a");
                if crate::sys::files::exists(&archive) {
                    self.archive = Some(archive);
                }
            }
            Message::BuildScriptExecuted { .. } | Message::Other => {}
        }
    }

    pub(super) fn product(self, host: &Host, inputs: &BuildInputs<'_>, targets: Targets) -> Result<Product> {
        let workspace = inputs.workspace;
        let mut executables = Vec::new();
        let products = match targets {
            Targets::Tests { .. } => self.executables,
            Targets::Packages => self.others,
        };
        for ((manifest, target, path), kind) in products {
            let dir = manifest.parent().map(Path::to_owned).unwrap_or_default();
            let origin = stage::origin(&workspace.layout, inputs.stage.as_ref(), &dir);
            let package = workspace.packages.iter().find(|p| Path::new(&p.dir) == origin);
            if package.is_none() && targets == Targets::Packages {
                // A dependency, or a build script of one.
                continue;
            }
            let package = package.map_or_else(String::new, |p| p.facts.name.clone());
            let own_harness = workspace.own_harness.contains(&(package.clone(), target.clone()));
            let inspection = inspect::executable(host, &path)?;
            let search = inspect::misses_libraries(host, &path, inspection.sha256);
            let search = search.then(|| library_dirs(inputs.toolchain, &path));
            let root = inputs.stage.as_ref().map_or(&host.root, |stage| &stage.root).clone();
            executables.push(Executable { package, target, kind, path, dir, root, own_harness, inspection, search });
        }
        executables.sort_by(|a, b| (&a.package, &a.target, &a.path).cmp(&(&b.package, &b.target, &b.path)));
        Ok(Product { executables, archive: self.archive, doctests: None })
    }
}

/// Where `cargo test` leads the loader for this executable: the build's own libraries, then the toolchain's (cargo's
/// reference, "Environment variables", dynamic library paths).
fn library_dirs(toolchain: &ToolchainFacts, executable: &Path) -> String {
    let deps = executable.parent().unwrap_or(Path::new(""));
    let sysroot = Path::new(&toolchain.rustc).ancestors().nth(2).unwrap_or(Path::new(""));
    let dirs = [
        deps.to_owned(),
        deps.parent().unwrap_or(deps).to_owned(),
        sysroot.join("lib/rustlib").join(&toolchain.host).join("lib"),
        sysroot.join("lib"),
    ];
    dirs.map(|dir| dir.to_string_lossy().into_owned()).join(":")
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
            let found: Vec<_> =
                messages.executables.keys().map(|(_, name, path)| (name.clone(), path.clone())).collect();
            assert_eq!(found, [("a".to_owned(), PathBuf::from("/t/a-1")), ("it".to_owned(), PathBuf::from("/t/it-1"))]);
            let choices = messages.executables.iter().map(|((_, name, _), kind)| kind.choice(name).join(" "));
            assert_eq!(choices.collect::<Vec<_>>(), ["--lib", "--test it"]);
        }
    }
}
