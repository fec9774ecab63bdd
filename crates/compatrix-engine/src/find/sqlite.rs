//! SQLite: the host's, exact versions built from amalgamations, and the question which one a file really is.

pub(crate) mod carried;
mod exact;
mod identity;
mod kit;
pub(crate) mod options;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, Context, Result};
use compatrix_model::condition::partial_version;
use compatrix_model::facts::Availability;
use semver::Version;

use crate::find::bundling::SqliteCrate;
use crate::find::c_compiler;
use crate::find::facts::SqliteFacts;
use crate::sys::enclosure::Enclosure;
use crate::sys::files;
use crate::sys::host::Host;

pub use exact::content_key;
pub(crate) use exact::{build_all, find as find_exact, ExactVersion};
pub(crate) use identity::of_any_library;
pub use identity::{of_archive, of_library, Identity};
pub(crate) use kit::Kit;

/// The bundled SQLite according to the lockfile: that of this crate.
pub(crate) fn bundled(carrier: Option<&SqliteCrate>) -> Result<Availability<SqliteFacts>> {
    let carrier = carrier
        .ok_or_else(|| anyhow!("no dependency of the packages links SQLite; remove the `sqlite` axis from the spec"))?;
    Ok(Availability::Ready(SqliteFacts {
        version: sqlite_of_crate(carrier),
        library: None,
        sha256: None,
        link_dir: None,
        include_dir: None,
        promised: None,
        foreign: None,
    }))
}

/// The SQLite in this libsqlite3-sys: of the newest known version that is not newer. What other crates carry is not known.
fn sqlite_of_crate(carrier: &SqliteCrate) -> Option<Version> {
    let carrier = partial_version(&carrier.version).filter(|_| carrier.reads_the_environment())?;
    let known = compatrix_model::matrix_spec::sqlite::AMALGAMATIONS;
    known.iter().rev().find(|(_, of)| partial_version(of).is_some_and(|of| of <= carrier))?.0.parse().ok()
}

/// How a library is another version than its name or package promises, as a sentence; `None` if it is that one, or if
/// nothing is promised.
///
/// # Errors
/// Nothing could ask it: there is no compiler, or wine starts no program.
pub(crate) fn other_than_promised(
    host: &Host,
    root: Option<&Arc<Enclosure>>,
    facts: &SqliteFacts,
) -> Result<Option<String>> {
    let (Some(promised), Some(library)) = (facts.promised.as_ref(), facts.library.as_ref()) else { return Ok(None) };
    // One that was cut off ends whoever loads it, often without a word.
    let said = match identity::of_any_library(host, (root, facts.foreign.as_ref()), Path::new(library)) {
        Ok(identity) => identity.version,
        Err(error) if error.is::<identity::SaysNothing>() => {
            return Ok(Some(format!(
                "{library} does not say which SQLite it is, and may be damaged; remove its folder and run again"
            )));
        }
        Err(error) => return Err(error.context(format!("cannot ask {library} which SQLite it is"))),
    };
    let is_that = said.parse::<Version>().is_ok_and(|version| version == promised.version);
    Ok((!is_that).then(|| {
        format!(
            "{library} says that it is SQLite {said}, but {} promises {}; remove its folder and run again",
            promised.by, promised.version
        )
    }))
}

/// The SQLite that the loader and the linker find on this host.
pub(crate) fn find_host(host: &Host) -> Result<Availability<SqliteFacts>> {
    let found = identity::of_library(host, None, Path::new("libsqlite3.so.0"))
        .context("the loader finds no SQLite on this host; `apt-get install libsqlite3-dev` or its like installs it")?;
    let library = PathBuf::from(&found.file);
    let library = files::real(&library).with_context(|| format!("cannot find {}", library.display()))?;
    let link_dir = c_compiler::library_dir(host, "libsqlite3.so")?;
    let header =
        ["/usr/include/sqlite3.h", "/usr/local/include/sqlite3.h"].map(Path::new).into_iter().find(|p| p.exists());
    Ok(Availability::Ready(SqliteFacts {
        version: partial_version(&found.version),
        sha256: Some(files::sha256(&library, &host.memo)?),
        library: Some(library.to_string_lossy().into_owned()),
        link_dir,
        include_dir: header.and_then(Path::parent).map(|dir| dir.to_string_lossy().into_owned()),
        promised: None,
        foreign: None,
    }))
}
