//! Our own environment, and the clean ones made from it for builds and runs.

#![allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::sys::os::env;

/// Variables passed to every child if set: the user's identity, folders and locale.
const EVERYWHERE: [&str; 9] = ["HOME", "PATH", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SHELL"];

/// Whether a variable is passed to every child.
fn is_everywhere(name: &str) -> bool {
    EVERYWHERE.contains(&name) || env::NEEDED.contains(&name) || name.starts_with("LC_")
}

/// Further variables for builds that can change what they make: the C compiler, and where libraries are.
const BUILDS: [&str; 6] = ["CC", "AR", "CFLAGS", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "PKG_CONFIG_PATH"];

/// Further variables for builds: folders of cargo and rustup. A build that reads them names them.
const RUST_FOLDERS: [&str; 2] = ["CARGO_HOME", "RUSTUP_HOME"];

/// Further variables for builds: ways to the network, which change no product.
const NETWORK: [&str; 15] = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "SSH_AUTH_SOCK",
    "RUSTUP_DIST_SERVER",
    "RUSTUP_AUTO_INSTALL",
];

/// Whether a variable that builds get changes none of their products by itself.
fn is_no_input(name: &str) -> bool {
    ["HOME", "TMPDIR"].contains(&name)
        || env::NEEDED.contains(&name)
        || RUST_FOLDERS.contains(&name)
        || NETWORK.contains(&name)
        || ["CARGO_HTTP_", "CARGO_NET_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Prefixes of further variables of builds.
const BUILD_PREFIXES: [&str; 3] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_"];

/// A snapshot of our own environment.
#[derive(Debug, Clone, Default)]
pub struct Ambient {
    vars: BTreeMap<String, String>,
    /// The user's home: what HOME says, else what the system's user database does.
    home: Option<PathBuf>,
    /// The working folder that we were started in, canonical.
    dir: Option<PathBuf>,
}

impl Ambient {
    /// The environment of this process, without variables that are not UTF-8.
    pub fn capture() -> Self {
        let vars =
            std::env::vars_os().filter_map(|(k, v)| Some((env::name(k.into_string().ok()?), v.into_string().ok()?)));
        Self {
            vars: vars.collect(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            dir: std::env::current_dir().and_then(|dir| crate::sys::files::real(&dir)).ok(),
        }
    }

    /// A made-up environment.
    pub fn of<const N: usize>(vars: [(&str, &str); N]) -> Self {
        let vars: BTreeMap<String, String> = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let home = vars.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        Self { vars, home, dir: None }
    }

    /// Whether we were started in this folder, canonical, or below it.
    pub(crate) fn is_in(&self, dir: &Path) -> bool {
        self.dir.as_ref().is_some_and(|here| here.starts_with(dir))
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The folders of cargo and rustup that exist, by the names of their variables: those of the variables, else the ones
    /// in the home folder.
    pub(crate) fn rust_homes(&self) -> Vec<(&'static str, PathBuf)> {
        let one = |(name, folder): (&'static str, &str)| {
            let set = self.get(name).map(PathBuf::from);
            let path = set.or_else(|| Some(self.home.as_ref()?.join(folder)).filter(|path| path.exists()))?;
            Some((name, path))
        };
        [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")].into_iter().filter_map(one).collect()
    }

    /// The same, but no shim of rustup installs a toolchain that a `rust-toolchain.toml` names.
    pub fn without_installs(mut self) -> Self {
        self.vars.insert("RUSTUP_AUTO_INSTALL".to_owned(), "0".to_owned());
        self
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All variables.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The environment that a run starts from.
    pub fn for_runs(&self) -> BTreeMap<String, String> {
        self.pick(is_everywhere)
    }

    /// The environment that a build, or a question to a tool, starts from.
    pub fn for_builds(&self) -> BTreeMap<String, String> {
        self.pick(|name| {
            is_everywhere(name)
                || BUILDS.contains(&name)
                || RUST_FOLDERS.contains(&name)
                || NETWORK.contains(&name)
                || BUILD_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER"))
        })
    }

    /// The variables of builds that are inputs of what they make: all but folders, which a build names if it reads them, and
    /// ways to the network.
    pub(crate) fn inputs_of_builds(&self) -> BTreeMap<String, String> {
        let mut vars = self.for_builds();
        vars.retain(|name, _| !is_no_input(name));
        self.with_plain_path(vars)
    }

    /// The variables of runs that are inputs of their results; HOME and TMPDIR are a run's own.
    pub(crate) fn inputs_of_runs(&self) -> BTreeMap<String, String> {
        let mut vars = self.for_runs();
        vars.retain(|name, _| !is_no_input(name));
        self.with_plain_path(vars)
    }

    /// PATH without what adds nothing or differs with the way in which we were started: folders that are absent or come
    /// twice, and those of cargo and rustup, before which each cell has its own toolchain.
    fn with_plain_path(&self, mut vars: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let homes = self.rust_homes();
        let mut dirs: Vec<&str> = Vec::new();
        for dir in self.get("PATH").unwrap_or_default().split(env::SEPARATOR) {
            let of_rust = homes.iter().any(|(_, home)| Path::new(dir).starts_with(home));
            if !of_rust && !dirs.contains(&dir) && Path::new(dir).is_dir() {
                dirs.push(dir);
            }
        }
        vars.insert("PATH".to_owned(), dirs.join(env::SEPARATOR));
        vars
    }

    fn pick(&self, keep: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        self.vars.iter().filter(|(name, _)| keep(name)).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// The cache folder that all workspaces of the user share: `compatrix` under XDG_CACHE_HOME, else where this
    /// system has caches, such as `~/.cache` (XDG Base Directory Specification; relative values are to be ignored).
    pub fn cache_dir(&self) -> Option<PathBuf> {
        let xdg = self.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let base = xdg.or_else(|| env::cache_folder(self.get("LOCALAPPDATA"), self.home()))?;
        Some(base.join("compatrix"))
    }

    /// The cargo for this workspace: the one that started us, otherwise the one on PATH.
    pub fn cargo(&self) -> Option<PathBuf> {
        self.get("CARGO").map(PathBuf::from).filter(|path| path.exists()).or_else(|| self.find("cargo"))
    }

    /// A program on our PATH.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        which::which_in(program, self.get("PATH"), env::NOWHERE).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_and_rustup_put_in_ours_does_not_leak() {
        let ours = Ambient::of([
            ("PATH", "/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("RUSTUP_TOOLCHAIN", "nightly"),
            ("CARGO", "/c"),
            ("CARGO_MANIFEST_DIR", "/m"),
            ("CARGO_HOME", "/h"),
            ("CARGO_NET_OFFLINE", "true"),
            ("RUSTFLAGS", "-Cx"),
            ("LD_LIBRARY_PATH", "/l"),
            ("SECRET_TOKEN", "s"),
        ]);
        assert_eq!(ours.for_runs().keys().collect::<Vec<_>>(), ["LC_ALL", "PATH"]);
        let builds = ours.for_builds();
        assert_eq!(builds.keys().collect::<Vec<_>>(), ["CARGO_HOME", "CARGO_NET_OFFLINE", "LC_ALL", "PATH"]);
    }

    #[test]
    #[cfg(unix)] // what is between folders
    fn inputs_are_variables_that_can_change_a_product() {
        let ours = Ambient::of([
            ("PATH", "/usr/bin:/nowhere:/usr/bin:/h/bin"),
            ("CARGO_HOME", "/h"),
            ("HOME", "/root"),
            ("TZ", "UTC"),
            ("CFLAGS", "-O"),
            ("https_proxy", "p"),
            ("CARGO_NET_OFFLINE", "true"),
        ]);
        let texts = |vars: BTreeMap<String, String>| {
            vars.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(texts(ours.inputs_of_builds()), ["CFLAGS=-O", "PATH=/usr/bin", "TZ=UTC"]);
        assert_eq!(texts(ours.inputs_of_runs()), ["PATH=/usr/bin", "TZ=UTC"]);
    }

    #[test]
    #[cfg(unix)] // what an absolute path is
    fn the_cache_is_where_xdg_says() {
        let of = |vars| Ambient::cache_dir(&Ambient::of(vars));
        assert_eq!(of([("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]), Some("/x/compatrix".into()));
        assert_eq!(of([("XDG_CACHE_HOME", "rel"), ("HOME", "/h")]), Some("/h/.cache/compatrix".into()));
        assert_eq!(of([("XDG_CACHE_HOME", ""), ("HOME", "")]), None);
    }
}
