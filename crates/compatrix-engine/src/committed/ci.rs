//! Inputs of the CI plan: only committed files, so that every machine computes the same plan.

use std::path::Path;

use compatrix_ci::artifact::Header;
use compatrix_ci::durations;
use compatrix_ci::{CiPlan, Committed};
use compatrix_model::condition::Versions;
use compatrix_model::evidence::SourceProof;
use compatrix_model::facts::Durations;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::spec_text::Parsed;

use super::evidence::read_all;
use crate::deps::locked;
use crate::find::workspace;
use crate::survey::with_bundled_feature;
use crate::sys::error::Error;
use crate::sys::files;
use crate::sys::host::Host;

/// Reads the committed files. `command` is the command prefix for messages.
///
/// # Errors
/// The workspace cannot be read; evidence or durations are not in our format.
pub fn read(host: &Host, parsed: &Parsed, spec_file: &Path, command: &str) -> Result<Committed, Error> {
    let packages = with_bundled_feature(locked::packages(host, parsed, spec_file)?, &parsed.spec);
    let packages = packages.into_iter().map(|package| package.facts).collect();
    let path = host.root.join(durations::FILE);
    let durations = if files::exists(&path) {
        durations::parse(&files::read_text(&path)?, command).map_err(Error::Usage)?
    } else {
        Durations::default()
    };
    Ok(Committed { packages, versions: versions(host, &parsed.spec)?, durations })
}

/// The versions that committed evidence names; computed once for the same files and axes.
fn versions(host: &Host, spec: &Spec) -> Result<Versions, Error> {
    let mut stamp = Vec::new();
    for path in files::list(&host.root.join(&spec.project.evidence))? {
        if path.extension().is_some_and(|extension| extension == "toml") {
            stamp.push(files::sha256(&path, &host.memo)?.to_string());
        }
    }
    let axes = spec.space.axes().iter();
    stamp.extend(axes.flat_map(|axis| axis.values.iter().map(move |value| format!("{}={}", axis.name, value.name))));
    let found: Result<Vec<_>, Error> = host.memo.fact("versions of evidence", &stamp.join(" "), || {
        let evidence = read_all(&host.root, spec)?;
        let found = Committed::new(spec, Vec::new(), &evidence, Durations::default());
        Ok(found.versions.into_iter().collect())
    });
    Ok(found?.into_iter().collect())
}

/// The header of an artifact made here and now, by this version of the tool; `job` is empty for all jobs of the platform.
pub fn header(host: &Host, tool: &str, plan: &CiPlan, job: &str, source: &SourceProof) -> Header {
    Header {
        tool: tool.to_owned(),
        repository: workspace::repository(host),
        commit: source.commit.clone().unwrap_or_default(),
        dirty: source.dirty,
        sources: source.sources,
        plan: plan.id.clone(),
        event: plan.event,
        work: plan.work,
        platform: Host::platform(),
        job: job.to_owned(),
        attempt: host.ambient.get("GITHUB_RUN_ATTEMPT").and_then(|text| text.parse().ok()).unwrap_or(1),
    }
}
