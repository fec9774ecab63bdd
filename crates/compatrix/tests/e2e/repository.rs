//! A small Debian archive made for the occasion: packages, lists, signatures; a server for it on this machine; and
//! workspaces that use it.

#![allow(clippy::disallowed_methods, reason = "tests start tools and make files")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{finish, text_of, Workspace};

/// What it takes to make and read an archive.
const TOOLS: [&str; 7] = ["apt-get", "dpkg-deb", "dpkg", "gpg", "gpgconf", "sha256sum", "cc"];

/// An archive in a temporary folder, with a key that signs it and another that does not.
pub(crate) struct Repository {
    dir: tempfile::TempDir,
    arch: String,
}

impl Repository {
    /// None, and says why, where a tool for it is missing.
    pub(crate) fn new() -> Option<Self> {
        if let Some(tool) = TOOLS.iter().find(|tool| !on_path(tool)) {
            eprintln!("not tested: {tool} is not on PATH, so no Debian archive can be made");
            return None;
        }
        let dir = tempfile::Builder::new().prefix("apt").tempdir().expect("a folder");
        let arch = Command::new("dpkg").arg("--print-architecture").output().expect("dpkg starts");
        let made = Self { dir, arch: text_of(arch.stdout).trim().to_owned() };
        for (key, export) in [("archive", "archive.gpg"), ("stranger", "stranger.gpg")] {
            made.gpg(&["--passphrase", "", "--quick-gen-key", key, "ed25519", "sign", "never"]);
            let export = made.path(export);
            made.gpg(&["--output", export.to_str().expect("UTF-8"), "--export", key]);
        }
        Some(made)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Signs a suite by a key that has expired since: a name for `signed-by`.
    pub(crate) fn publish_expired(&self, suite: &str) -> String {
        let then = ["--faked-system-time", "20240101T000000!"];
        let key = ["--passphrase", "", "--quick-gen-key", "expired", "ed25519", "sign", "1d"];
        self.gpg(&[&then[..], &key].concat());
        let export = self.path("expired.gpg");
        self.gpg(&["--output", export.to_str().expect("UTF-8"), "--export", "expired"]);
        self.sign(suite, "expired", &then);
        "expired.gpg".to_owned()
    }

    fn gpg(&self, args: &[&str]) {
        let home = self.path("gnupg");
        fs::create_dir_all(&home).expect("makes the folder");
        let mut command = Command::new("gpg");
        command.args(["--batch", "--yes", "--quiet", "--no-permission-warning", "--pinentry-mode", "loopback"]);
        command.arg("--homedir").arg(home).args(args);
        finish(command).expect(0);
    }

    /// Compiles C into a shared library, or a program where `soname` is empty; with these further arguments.
    pub(crate) fn compile(&self, file: &str, soname: &str, text: &str, args: &[&str]) -> PathBuf {
        let (source, made) = (self.path(&format!("{file}.c")), self.path(file));
        fs::write(&source, text).expect("writes");
        let mut command = Command::new("cc");
        command.args(["-w", "-o"]).arg(&made).arg(source);
        if !soname.is_empty() {
            command.args(["-shared", "-fPIC", &format!("-Wl,-soname,{soname}")]);
        }
        command.args(args).current_dir(self.dir.path());
        finish(command).expect(0);
        made
    }

    /// Adds a package to a suite: the first lines of its control file, and its files.
    pub(crate) fn add(&self, suite: &str, control: &str, files: &[(&str, &Path)]) -> PathBuf {
        self.package(suite, control, |root| {
            for (path, source) in files {
                fs::copy(source, parent_made(&root.join(path))).expect("copies");
            }
        })
    }

    /// Adds a package with nothing but a symbolic link.
    pub(crate) fn add_linked(&self, suite: &str, control: &str, path: &str, target: &Path) -> PathBuf {
        self.package(suite, control, |root| {
            std::os::unix::fs::symlink(target, parent_made(&root.join(path))).expect("links");
        })
    }

    fn package(&self, suite: &str, control: &str, fill: impl FnOnce(&Path)) -> PathBuf {
        let field = |name: &str| {
            let line = control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.expect("the field").to_owned()
        };
        let (name, version) = (field("Package"), field("Version"));
        let root = self.path("building");
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("DEBIAN")).expect("makes the folder");
        let control = format!(
            "{}\nArchitecture: {}\nMaintainer: A Test <test@example.org>\nDescription: made by a test\n",
            control.trim_end(),
            self.arch
        );
        fs::write(root.join("DEBIAN/control"), &control).expect("writes");
        fill(&root);
        let pool = format!("pool/{suite}/{name}_{version}_{}.deb", self.arch);
        let deb = parent_made(&self.path(&pool));
        let mut command = Command::new("dpkg-deb");
        command.args(["--root-owner-group", "-Znone", "--build"]).arg(&root).arg(&deb);
        finish(command).expect(0);
        let size = deb.metadata().expect("a size").len();
        let stanza = format!("{control}Filename: {pool}\nSize: {size}\nSHA256: {}\n\n", sha256(&deb));
        let list = parent_made(&self.list(suite));
        let before = fs::read_to_string(&list).unwrap_or_default();
        fs::write(&list, before + &stanza).expect("writes");
        deb
    }

    /// The list of a suite's packages.
    fn list(&self, suite: &str) -> PathBuf {
        self.path(&format!("dists/{suite}/main/binary-{}/Packages", self.arch))
    }

    /// Forgets the packages of a suite.
    pub(crate) fn empty(&self, suite: &str) {
        fs::remove_file(self.list(suite)).expect("removes");
    }

    /// Signs a suite with `archive` or with `stranger`.
    pub(crate) fn publish(&self, suite: &str, key: &str) {
        self.sign(suite, key, &[]);
    }

    fn sign(&self, suite: &str, key: &str, when: &[&str]) {
        let list = self.list(suite);
        let date = Command::new("date").args(["-u", "-R"]).env("LC_ALL", "C").output().expect("date starts");
        let release = format!(
            "Suite: {suite}\nCodename: {suite}\nArchitectures: {0}\nComponents: main\nDate: {1}SHA256:\n \
             {2} {3} main/binary-{0}/Packages\n",
            self.arch,
            text_of(date.stdout),
            sha256(&list),
            list.metadata().expect("a size").len()
        );
        let dir = self.path(&format!("dists/{suite}"));
        let plain = dir.join("Release");
        fs::write(&plain, release).expect("writes");
        let (signed, plain) = (dir.join("InRelease"), plain.to_str().expect("UTF-8").to_owned());
        let sign = ["-u", key, "--clearsign", "--output", signed.to_str().expect("UTF-8"), &plain];
        self.gpg(&[when, &sign].concat());
    }

    /// The line of apt's sources for a suite of this archive.
    pub(crate) fn line(&self, suite: &str) -> String {
        format!("deb [signed-by={0}/archive.gpg] file:{0} {suite} main", self.dir.path().display())
    }

    /// The stanza of apt's sources for a suite of this archive, with the key in it.
    pub(crate) fn stanza(&self, suite: &str) -> String {
        let armor = self.path("archive.asc");
        self.gpg(&["--armor", "--output", armor.to_str().expect("UTF-8"), "--export", "archive"]);
        let key = fs::read_to_string(armor).expect("reads");
        let lines = key.lines().map(|line| if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") });
        let key: String = lines.collect();
        let dir = self.dir.path().display();
        format!("Types: deb\nURIs: file:{dir}\nSuites: {suite}\nComponents: main\nSigned-By:\n{key}")
    }

    /// Serves the archive over HTTP for as long as the test process lives; the line of apt's sources.
    pub(crate) fn serve(&self, suite: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let root = self.dir.path().to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut request = String::new();
                let _ = reader.read_line(&mut request);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                    line.clear();
                }
                let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').replace("%2b", "+");
                let (status, body) = match fs::read(root.join(path)) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(&body));
            }
        });
        format!("deb [signed-by={}/archive.gpg] http://127.0.0.1:{port} {suite} main", self.dir.path().display())
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.path("gnupg")).args(["--kill", "all"]).output();
    }
}

/// Whether a program is on PATH.
pub(crate) fn on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(tool).is_file())
}

fn parent_made(path: &Path) -> PathBuf {
    fs::create_dir_all(path.parent().expect("a folder")).expect("makes the folder");
    path.to_owned()
}

fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().expect("sha256sum starts");
    text_of(output.stdout).split(' ').next().expect("a hash").to_owned()
}

pub(crate) const SQLITE: &str = "\
const char *sqlite3_libversion(void) { return \"VERSION\"; }
const char *sqlite3_sourceid(void) { return \"2099-01-01 00:00:00 VERSION0123456789012345678901234567890123456789\"; }
const char *sqlite3_compileoption_get(int n) { return n ? 0 : \"MADE_BY_A_TEST\"; }
";

/// Links what `SQLITE3_LIB_DIR` has, as libsqlite3-sys does.
const BUILD: &str = r#"
fn main() {
    if let Ok(dir) = std::env::var("SQLITE3_LIB_DIR") {
        println!("cargo:rustc-link-search=native={dir}");
    }
}
"#;

/// A test that calls the SQLite it is linked with, which takes `extern`: text, not code of this repository.
const TESTS: &str = include_str!("links_sqlite.rs.txt");

pub(crate) const CONTROL: &str = "Package: libsqlite3-0\nVersion: VERSION-1\nSection: libs\nDepends: libsecond1\n";
pub(crate) const SECOND: &str = "Package: libsecond1\nVersion: 1\nSection: libs\n";
pub(crate) const PLACE: &str = "usr/lib/x/libsqlite3.so.0";

/// A suite with a SQLite of this version, which depends on another library.
pub(crate) fn add_sqlite(repository: &Repository, suite: &str, version: &str) -> PathBuf {
    let library = repository.compile(
        &format!("sqlite-{suite}-{version}"),
        "libsqlite3.so.0",
        &SQLITE.replace("VERSION", version),
        &[],
    );
    let second = repository.compile("second", "libsecond.so.1", "int second;", &[]);
    repository.add(suite, SECOND, &[("usr/lib/x/libsecond.so.1", &second)]);
    repository.add(suite, &CONTROL.replace("VERSION", version), &[(PLACE, &library)])
}

/// A workspace whose `sqlite` axis is these distributions: name, `apt` without suite's quotes, source.
pub(crate) fn workspace(distros: &[(&str, String)]) -> Workspace {
    let mut spec = String::from("[axis]\nrust = [HERE]\nsqlite = [");
    spec.push_str(&distros.iter().map(|(name, _)| format!("{name:?}")).collect::<Vec<_>>().join(", "));
    spec.push_str("]\n[[suite]]\nname = \"tests\"\nenv = { WANTED = \"{sqlite.name}\" }\n");
    for (name, apt) in distros {
        spec.push_str(&format!("[distro.{name:?}]\napt = {{ {apt} }}\n"));
    }
    Workspace::new(&spec).tests(TESTS).file("build.rs", BUILD)
}

pub(crate) fn apt(suite: &str, package: &str, source: &str) -> String {
    format!("suite = {suite:?}, sqlite = {package:?}, sources = [{source:?}]")
}

/// The names of what is in a folder.
#[track_caller]
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect()
}
