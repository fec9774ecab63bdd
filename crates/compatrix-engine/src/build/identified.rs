//! A build by the toolchain and against the library that the plan names. What is something else under that name is not
//! built with: any result, red or green, would be of another cell.

use std::sync::Arc;

use anyhow::Result;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::Build;

use super::product::{BuildInputs, Built, NotBuilt};
use super::share::target_dir;
use super::{cargo, cc};
use crate::find::{root, sqlite};
use crate::sys::host::Host;

/// Builds.
///
/// # Errors
/// Our own side fails.
pub(crate) fn build(host: &Host, build: &Build, inputs: &BuildInputs<'_>, jobs: &jobserver::Client) -> Result<Built> {
    let root = inputs.toolchain.root.as_ref().map(|root| Arc::new(root::of_cell(host, root)));
    let wrong = match &inputs.toolchain.misnamed {
        Some(wrong) => Some(wrong.clone()),
        None => match inputs.link {
            Some(link) => sqlite::other_than_promised(host, root.as_ref(), link)?,
            None => None,
        },
    };
    if let Some(cause) = wrong {
        let failure = NotBuilt::because(Outcome::Misidentified, cause, String::new());
        let failure = NotBuilt { debug: build.debug, ..failure };
        return Ok(Built { result: Err(failure), wall: Default::default(), cpu: Default::default() });
    }
    let mut built = cargo::build(host, build, inputs, jobs)?;
    if let Ok(product) = &mut built.result {
        product.notes.extend(cc::take_notes(host, &target_dir(host, build)));
    }
    Ok(built)
}
