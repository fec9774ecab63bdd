//! Proves a run: identifies the compiler and the SQLite of the executables, and compares them with the plan.

use std::collections::BTreeMap;

use anyhow::Result;
use compatrix_model::axis::platform_of_target;
use compatrix_model::evidence::{Differences, ExecutableProof, FixtureProof, Proof, TargetProof, ToolchainProof};

use crate::build::inspect::Inspection;
use crate::build::{machine, mark, Executable, Product};
use crate::run::features;
use crate::run::inputs::RunInputs;
use crate::run::which_sqlite::{self, Identified};
use crate::sys::host::Host;

/// Identifies what is about to run. The second part says how it differs from the plan, if it does.
pub(crate) fn prove(
    host: &Host,
    inputs: &RunInputs<'_>,
    product: &Product,
    env: BTreeMap<String, String>,
) -> Result<(Proof, Option<String>)> {
    let mut mismatch = wrong_compiler(host, inputs, product).or_else(|| wrong_machine(inputs, product));
    let sqlite = match which_sqlite::identify(host, inputs, product)? {
        Identified::As(proof) => Some(proof),
        Identified::None => None,
        Identified::Wrong(proof, reason) => {
            mismatch = mismatch.or(Some(reason));
            proof
        }
    };
    let proof = Proof { sqlite, env, ..proof_of_product(inputs, product) };
    Ok((proof, mismatch))
}

/// The proof of a build: its products, and the features that cargo reports.
pub(crate) fn proof_of_product(inputs: &RunInputs<'_>, product: &Product) -> Proof {
    let (features, differences) = features::built(inputs, product);
    Proof { features, differences, executables: executables(product), ..proof_of_inputs(inputs) }
}

/// The products with their hashes, and the programs and libraries that tests can start or load.
fn executables(product: &Product) -> Vec<ExecutableProof> {
    let one = |name: String, e: &Executable| ExecutableProof { name, sha256: e.inspection.sha256 };
    let tests = product.executables.iter().map(|e| one(e.target.clone(), e));
    tests.chain(product.programs.iter().map(|e| one(format!("{} {}", e.kind.word(), e.target), e))).collect()
}

/// The products built by another compiler than planned, if any.
pub(crate) fn wrong_compiler(host: &Host, inputs: &RunInputs<'_>, product: &Product) -> Option<String> {
    let release = inputs.toolchain.version.to_string();
    // The compiler of a root is not started outside of it; what it makes records its release.
    let toolchain = Some(inputs.toolchain).filter(|toolchain| toolchain.root.is_none());
    let mark = || mark::of(host, &toolchain?.rustc).ok().flatten();
    product.executables.iter().rev().find_map(|executable| {
        let Inspection { rustc, marks, .. } = &executable.inspection;
        let made_by = other_makers((rustc, marks), &release, &mark)?;
        Some(format!("{} was made by {made_by}, not {release}", executable.target))
    })
}

/// Who made an executable with these releases and marks in it, if not the compiler of this release. A release may be a text
/// of the program; the compiler's own mark is none.
fn other_makers(
    (makers, marks): (&[String], &[String]),
    release: &str,
    own_mark: &dyn Fn() -> Option<String>,
) -> Option<String> {
    if makers.iter().any(|maker| maker == release) {
        return None;
    }
    let own = Some(marks).filter(|marks| !marks.is_empty()).and_then(|_| own_mark());
    match own {
        Some(own) if marks.contains(&own) => None,
        _ if !makers.is_empty() => Some(format!("rustc {}", makers.join(", "))),
        own => Some(format!("a rustc that marks what it makes with {} instead of {}", marks.join(", "), own?)),
    }
}

/// Executables that are for another machine than the build's target, if any.
pub(crate) fn wrong_machine(inputs: &RunInputs<'_>, product: &Product) -> Option<String> {
    let triple = &inputs.build.target.as_ref()?.triple;
    let planned = machine::of_platform(&platform_of_target(triple))?;
    product.executables.iter().find_map(|executable| {
        let is = executable.inspection.machine();
        let wrong = is.as_ref() != Some(&planned);
        let is = is.as_deref().unwrap_or("of no known format");
        wrong.then(|| format!("{} is {is}, but a program of {triple} is {planned}", executable.target))
    })
}

/// The proof before a build: the planned compiler and sources.
pub(crate) fn proof_of_inputs(inputs: &RunInputs<'_>) -> Proof {
    Proof {
        platform: Host::platform(),
        toolchain: ToolchainProof {
            release: inputs.toolchain.version.to_string(),
            rustc: inputs.toolchain.rustc_verbose.clone(),
            cargo: inputs.toolchain.cargo_version.clone(),
            packages: inputs.toolchain.packages.clone(),
        },
        source: inputs.source.clone(),
        features: features::planned(inputs),
        not_promised: inputs.build.lockset.left_out.iter().filter(|name| inputs.suite.builds(name)).cloned().collect(),
        debug: inputs.build.debug,
        target: inputs.build.target.as_ref().zip(inputs.target).map(|(target, (system, std))| TargetProof {
            triple: target.triple.clone(),
            runner: system.version.clone(),
            std: std.built_from.clone(),
        }),
        differences: Differences::default(),
        sqlite: None,
        fixture: inputs.fixture.map(|(name, fixture)| FixtureProof {
            name: name.to_owned(),
            vintage: fixture.vintage,
            sha256: fixture.sha256,
        }),
        executables: Vec::new(),
        env: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_where_no_release_is_recorded() {
        let of = |makers: &[&str], marks: &[&str], own: Option<&str>| {
            let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>();
            other_makers((&list(makers), &list(marks)), "1.96.0", &|| own.map(str::to_owned))
        };
        assert_eq!(of(&["1.96.0", "1.70.0"], &["x"], Some("y")), None, "one of several compiled it");
        assert_eq!(of(&["1.70.0"], &["x"], Some("y")).as_deref(), Some("rustc 1.70.0"));
        assert_eq!(of(&["1.70.0"], &[], Some("y")).as_deref(), Some("rustc 1.70.0"));
        assert_eq!(of(&[], &["x", "y"], Some("y")), None);
        assert_eq!(of(&["1.70.0"], &["y"], Some("y")), None, "a text of the program, as its mark shows");
        let other = of(&[], &["x"], Some("y")).expect("another");
        assert_eq!(other, "a rustc that marks what it makes with x instead of y");
        // A stripped executable, and a compiler that marks nothing, prove nothing.
        assert_eq!((of(&[], &[], Some("y")), of(&[], &["x"], None)), (None, None));
    }
}
