//! A lockfile for a workspace that has none: made in a stage, kept as long as the manifests ask for the same.

use std::collections::BTreeMap;

use anyhow::Result;
use compatrix_model::lockset::manifest::Edit;

use crate::deps::stage;
use crate::deps::stage::layout::Layout;
use crate::deps::stage::resolve;
use crate::sys::files;
use crate::sys::host::Host;

/// The text of the lockfile; with `--fresh` the newest versions are chosen anew.
///
/// # Errors
/// cargo finds no versions, or cannot reach the registry.
pub(crate) fn make(host: &Host, layout: &Layout) -> Result<String> {
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
        // Newer versions cannot be had now; those that are here serve on.
        (Err(_), Some(text)) => return Ok(text),
        (Err(error), None) => return Err(error),
    };
    files::write(&kept, text.as_bytes())?;
    Ok(text)
}
