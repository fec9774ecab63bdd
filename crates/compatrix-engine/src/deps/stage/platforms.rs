//! The platforms that a stage is for: their triples and values of `cfg(…)`.

use std::collections::BTreeSet;
use std::str::FromStr;

use anyhow::{anyhow, Result};
use cargo_metadata::cargo_platform::{Cfg, Platform};

use crate::sys::host::Host;

/// Target triples of platforms as spelled in claims; unknown ones are skipped.
pub(crate) fn triples<'p>(platforms: impl IntoIterator<Item = &'p str>) -> BTreeSet<&'static str> {
    const KNOWN: [(&str, &str); 6] = [
        ("linux-x86_64", "x86_64-unknown-linux-gnu"),
        ("linux-aarch64", "aarch64-unknown-linux-gnu"),
        ("macos-x86_64", "x86_64-apple-darwin"),
        ("macos-aarch64", "aarch64-apple-darwin"),
        ("windows-x86_64", "x86_64-pc-windows-msvc"),
        ("windows-aarch64", "aarch64-pc-windows-msvc"),
    ];
    let find = |platform: &str| KNOWN.iter().find(|(name, _)| *name == platform).map(|(_, triple)| *triple);
    platforms.into_iter().filter_map(find).collect()
}

/// The values of `cfg(…)` on the platforms.
#[derive(Debug)]
pub(crate) struct Platforms {
    triples: Vec<(String, Vec<Cfg>)>,
}

impl Platforms {
    /// Asks the rustc on PATH, which also knows targets without an installed standard library.
    ///
    /// # Errors
    /// There is no rustc, or it does not know a triple.
    pub(crate) fn ask(host: &Host, triples: &BTreeSet<&str>) -> Result<Self> {
        let rustc =
            host.ambient.find("rustc").ok_or_else(|| anyhow!("no rustc on PATH; install Rust from rustup.rs"))?;
        let stamp = host.ask_version(&rustc)?;
        let one = |triple: &&str| {
            let text: String = host
                .memo
                .fact(&format!("cfg {triple}"), &stamp, || host.ask(&rustc, &["--print", "cfg", "--target", triple]))?;
            Ok(((*triple).to_owned(), text.lines().filter_map(|line| Cfg::from_str(line).ok()).collect()))
        };
        Ok(Self { triples: triples.iter().map(one).collect::<Result<_>>()? })
    }

    /// Whether a `target` table applies to any of them; an unreadable condition counts as true.
    pub(crate) fn matches(&self, target: &str) -> bool {
        let Ok(platform) = Platform::from_str(target) else { return true };
        self.triples.iter().any(|(triple, cfgs)| platform.matches(triple, cfgs))
    }
}
