//! The workspace with its lockfile. Where it has none, one is made in a stage, and kept as long as the manifests ask for
//! the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context, Result};
use compatrix_model::lockset::file::Lockfile;
use compatrix_model::lockset::manifest::Edit;
use compatrix_model::spec_text::Parsed;

use crate::deps::stage;
use crate::deps::stage::resolve::{self, Unresolved};
use crate::find::facts::TestedPackage;
use crate::find::layout::{Layout, OwnLockfile};
use crate::find::workspace::{self, Workspace};
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;

/// Reads facts about the packages under test.
///
/// # Errors
/// A package or feature of the spec that the workspace does not have, no lockfile, a manifest that cargo refuses.
pub fn read(host: &Host, parsed: &Parsed) -> Result<Workspace, Error> {
    let unlocked = workspace::read(host, parsed)?;
    let own = lockfile(host, &unlocked.layout)?;
    Ok(unlocked.with_lockfile(host, &parsed.spec.project, own)?)
}

/// The packages under test, remembered as long as the spec, the lockfile and their manifests are the same.
///
/// # Errors
/// As [`read`].
pub fn packages(host: &Host, parsed: &Parsed, spec: &Path) -> Result<Vec<TestedPackage>, Error> {
    type Known = (Vec<(PathBuf, String)>, Vec<TestedPackage>);
    let of = |path: &Path| files::stamp(path).unwrap_or_else(|_| "none".to_owned());
    let (name, stamp) = ("packages under test", files::sha256(spec, &host.memo)?.to_string());
    let known = host.memo.get(name, &stamp).and_then(|text| serde_json::from_str::<Known>(&text).ok());
    if let Some((manifests, packages)) = known {
        if manifests.iter().all(|(path, stamp)| of(path) == *stamp) {
            return Ok(packages);
        }
    }
    let found = read(host, parsed)?;
    let manifests = found.dirs.folders().map(|dir| dir.join("Cargo.toml"));
    let manifests = manifests.chain(["Cargo.toml", "Cargo.lock"].map(|name| host.root.join(name)));
    let known: Known = (manifests.map(|path| (path.clone(), of(&path))).collect(), found.packages);
    host.memo.put(name, &stamp, &serde_json::to_string(&known).context("texts and flags")?);
    Ok(known.1)
}

/// The workspace's lockfile. If there is none, because libraries often do not commit theirs, one is made in a stage.
fn lockfile(host: &Host, layout: &Layout) -> Result<OwnLockfile, Error> {
    let path = host.root.join("Cargo.lock");
    let made = !files::exists(&path);
    let text = if made {
        make(host, layout).map_err(|error| {
            let is_mistake = matches!(error, Unresolved::Package { .. } | Unresolved::Refused(_));
            let text = format!(
                "no Cargo.lock in {}, and none could be made: {:#}; every result depends on it, and `cargo \
                 generate-lockfile` makes one to keep",
                host.root.display(),
                error.into_error()
            );
            if is_mistake {
                Error::Usage(text)
            } else {
                Error::Infrastructure(anyhow!(text))
            }
        })?
    } else {
        files::read_text(&path)?
    };
    let file = Lockfile::parse(&text).map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
    Ok(OwnLockfile { text, file, made })
}

/// The text of the lockfile; `--fresh` chooses the newest versions again.
///
/// # Errors
/// cargo finds no versions, or cannot reach the registry.
fn make(host: &Host, layout: &Layout) -> Result<String, Unresolved> {
    let dir = host.dir.join("stage").join(".own");
    let kept = dir.join("Cargo.lock");
    let parts = layout.requirements()?;
    let inputs = format!("# compatrix: made from {}\n", files::hash_parts(parts.iter().map(String::as_str)));
    let fits = files::read_text(&kept).ok().filter(|text| text.starts_with(&inputs));
    if let (false, Some(text)) = (host.limits.fresh, &fits) {
        return Ok(text.clone());
    }
    files::make_dir(&dir)?;
    let root = stage::resolving(layout, &dir.join("tree"), &Edit::default(), &BTreeMap::new(), None)?;
    let text = match (resolve::lockfile(host, &root), fits) {
        (Ok(text), _) => inputs + &text,
        // Newer versions are not available now, so the existing ones stay in use.
        (Err(_), Some(text)) => return Ok(text),
        (Err(error), None) => return Err(error),
    };
    files::write(&kept, text.as_bytes())?;
    Ok(text)
}
