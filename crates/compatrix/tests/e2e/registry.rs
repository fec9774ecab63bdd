//! A registry of packages on loopback, made for a test: cargo speaks to it as to the real one.

#![allow(clippy::disallowed_methods, reason = "tests make files and start processes")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use compatrix_engine::sys::files::hash_bytes;

use crate::support::Workspace;

/// A package to publish.
pub(crate) struct Published {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Its manifest, below `name` and `version`: edition, rust-version, dependencies.
    pub(crate) manifest: &'static str,
    /// Its library.
    pub(crate) lib: &'static str,
    /// Its dependencies as the index has them: name, requirement, target; `?name` is optional.
    pub(crate) dependencies: &'static [(&'static str, &'static str, Option<&'static str>)],
    /// Its features as the index has them, as JSON.
    pub(crate) features: &'static str,
    /// Its `rust-version` as the index has it.
    pub(crate) rust: Option<&'static str>,
}

/// A package of edition 2021 without anything.
pub(crate) const PLAIN: Published = Published {
    name: "",
    version: "1.0.0",
    manifest: "edition = \"2021\"\n",
    lib: "",
    dependencies: &[],
    features: "{}",
    rust: None,
};

/// The registry; its server ends when it is dropped.
pub(crate) struct Registry {
    dir: tempfile::TempDir,
    address: String,
    stopped: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Registry {
    pub(crate) fn new(packages: &[Published]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("an address").to_string();
        let served = dir.path().join("served");
        let mut lines: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
        for package in packages {
            let bytes = pack(dir.path(), package);
            let crates = served.join("dl");
            fs::create_dir_all(&crates).expect("makes");
            let file = format!("{}-{}.crate", package.name, package.version);
            let hash = hash_bytes(&bytes).to_string();
            fs::write(crates.join(file), bytes).expect("writes");
            let dependencies: Vec<serde_json::Value> = package
                .dependencies
                .iter()
                .map(|(name, req, target)| {
                    serde_json::json!({ "name": name.trim_start_matches('?'), "req": req, "features": [], "optional": name.starts_with('?'),
                        "default_features": true, "target": target, "kind": "normal" })
                })
                .collect();
            let features: serde_json::Value = serde_json::from_str(package.features).expect("JSON");
            let line = serde_json::json!({ "name": package.name, "vers": package.version, "deps": dependencies,
                "cksum": hash, "features": {}, "features2": features, "v": 2, "yanked": false, "rust_version": package.rust });
            let _ = writeln!(lines.entry(package.name.to_owned()).or_default(), "{line}");
        }
        for (name, text) in lines {
            let path = served.join(compatrix_model::lockset::index::path(&name));
            fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
            fs::write(path, text).expect("writes");
        }
        let config = format!("{{\"dl\":\"http://{address}/dl/{{crate}}-{{version}}.crate\"}}");
        fs::write(served.join("config.json"), config).expect("writes");
        let stopped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flag = stopped.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if flag.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
                let served = served.clone();
                std::thread::spawn(move || answer(stream, &served));
            }
        });
        Self { dir, address, stopped }
    }

    /// From now on nobody answers.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, std::sync::atomic::Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }

    /// A cargo home of its own, whose registry this is.
    pub(crate) fn cargo_home(&self) -> PathBuf {
        let home = self.dir.path().join("cargo-home");
        let config = format!(
            "[source.crates-io]\nreplace-with = \"made\"\n[source.made]\nregistry = \"sparse+http://{}/\"\n\
             [net]\nretry = 0\n",
            self.address
        );
        fs::create_dir_all(&home).expect("makes");
        fs::write(home.join("config.toml"), config).expect("writes");
        home
    }

    /// The executable in this workspace, with this registry.
    pub(crate) fn command(&self, workspace: &Workspace, args: &[&str]) -> Command {
        let mut command = workspace.command(args);
        command.env("CARGO_HOME", self.cargo_home()).env("CARGO_NET_OFFLINE", "false");
        command
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The package as a .crate file: a tar of its folder.
fn pack(dir: &std::path::Path, package: &Published) -> Vec<u8> {
    let name = format!("{}-{}", package.name, package.version);
    let folder = dir.join("packed").join(&name);
    fs::create_dir_all(folder.join("src")).expect("makes");
    let manifest =
        format!("[package]\nname = \"{}\"\nversion = \"{}\"\n{}", package.name, package.version, package.manifest);
    fs::write(folder.join("Cargo.toml"), manifest).expect("writes");
    fs::write(folder.join("src/lib.rs"), package.lib).expect("writes");
    let output = Command::new("tar").args(["czf", "-", &name]).current_dir(dir.join("packed")).output().expect("tar");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn answer(stream: TcpStream, served: &std::path::Path) {
    let mut reader = BufReader::new(&stream);
    let mut request = String::new();
    if reader.read_line(&mut request).is_err() {
        return;
    }
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|n| n > 2) {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
    let body = fs::read(served.join(path)).ok();
    let (status, body) = body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(&body));
}
