//! Files outside of the packages that paths in their source text lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use compatrix_model::outside_paths::{outside_paths, OutsidePath};

use crate::find::cargo_config::plain;
use crate::find::places::Places;
use crate::sys::files;
use crate::sys::host::Host;

/// What bounds the search.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) places: &'a Places,
    /// The top folder of the workspace's repository; the workspace's root if it is in none.
    pub(super) top: PathBuf,
}

/// What paths in source texts lead to.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Files and folders of the repository outside of all packages, whether they exist or not.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Those of which nothing can be hashed.
    pub(super) unclear: Vec<Unclear>,
}

/// A path that leads to something that exists, but to too much, or out of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unclear {
    /// The source file.
    pub(crate) file: PathBuf,
    /// 1-based.
    pub(crate) line: usize,
    /// As the text has it.
    pub(crate) path: String,
}

/// What the paths in these sources lead to. Tests are started in their package's folder; `include!` and its like begin at
/// the file.
pub(super) fn named<'s>(host: &Host, scope: &Scope<'_>, sources: impl Iterator<Item = &'s PathBuf>) -> Outside {
    let mut by_package: BTreeMap<&Path, Vec<&PathBuf>> = BTreeMap::new();
    for source in sources.filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let package = source.ancestors().find(|dir| scope.places.packages.contains(*dir));
        if let Some(package) = package {
            by_package.entry(package).or_default().push(source);
        }
    }
    let mut outside = Outside::default();
    for (package, sources) in by_package {
        for (file, OutsidePath { line, path }) in texts(host, package, &sources) {
            let from_file = file.parent().unwrap_or(package);
            let from_package = scope.leads_to(package, &plain(&package.join(&path)));
            let included = plain(&from_file.join(&path));
            // What includes, includes a file.
            let from_file = if included.is_dir() { Led::Nowhere } else { scope.leads_to(package, &included) };
            let led = [from_package, from_file];
            if led.iter().any(|led| matches!(led, Led::TooFar)) && !led.iter().any(|led| matches!(led, Led::Known)) {
                outside.unclear.push(Unclear { file, line, path });
            }
            outside
                .paths
                .extend(led.into_iter().filter_map(|led| if let Led::To(path) = led { Some(path) } else { None }));
        }
    }
    outside
}

/// The paths in these files of a package, remembered while the files are the same.
fn texts(host: &Host, package: &Path, sources: &[&PathBuf]) -> Vec<(PathBuf, OutsidePath)> {
    let stamps = sources.iter().map(|path| format!("{} {}", path.display(), files::stamp(path).unwrap_or_default()));
    let stamps: Vec<String> = stamps.collect();
    let stamp = files::hash_parts(stamps.iter().map(String::as_str)).to_string();
    let find = || -> Result<Vec<(PathBuf, usize, String)>, Infallible> {
        let of = |path: &PathBuf| {
            // What cannot be read as text, cargo does not compile.
            let text = files::read_text(path).unwrap_or_default();
            outside_paths(&text).into_iter().map(|found| (path.clone(), found.line, found.path)).collect::<Vec<_>>()
        };
        Ok(sources.iter().flat_map(|path| of(path)).collect())
    };
    let Ok(found) = host.memo.fact(&format!("outside {}", package.display()), &stamp, find);
    found.into_iter().map(|(file, line, path)| (file, OutsidePath { line, path })).collect()
}

enum Led {
    /// Into a package, or into what cargo builds.
    Known,
    To(PathBuf),
    /// To all of a repository, or out of it.
    TooFar,
    Nowhere,
}

impl Scope<'_> {
    fn leads_to(&self, package: &Path, path: &Path) -> Led {
        if self.places.folders().any(|dir| path.starts_with(dir)) || self.places.is_built(path) {
            Led::Known
        } else if !package.starts_with(path) && path.starts_with(&self.top) {
            Led::To(path.to_owned())
        } else if files::exists(path) {
            Led::TooFar
        } else {
            Led::Nowhere
        }
    }
}

/// One line for all of them.
pub(super) fn warning(host: &Host, unclear: &[Unclear]) -> Option<String> {
    let Unclear { file, line, path } = unclear.first()?;
    let more = match unclear.len() - 1 {
        0 => String::new(),
        n => format!(" ({n} more, see `doctor`)"),
    };
    let file = files::slashed(file.strip_prefix(&host.root).unwrap_or(file));
    Some(format!(
        "{file}:{line} names `{path}`{more}: no key holds what tests read there. Name such files in compat/matrix.toml, \
         `inputs = [\"data/**\"]` under [project], or `inputs = []` if there are none"
    ))
}
