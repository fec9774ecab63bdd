//! Proves a run: identifies the compiler and the SQLite of the executables, and compares them with the plan.

use std::collections::BTreeMap;

use anyhow::Result;
use compatrix_model::evidence::{Differences, ExecutableProof, FixtureProof, Proof, ToolchainProof};

use crate::build::{Executable, Product};
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
    let mut mismatch = wrong_compiler(inputs, product);
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
pub(crate) fn wrong_compiler(inputs: &RunInputs<'_>, product: &Product) -> Option<String> {
    let release = inputs.toolchain.version.to_string();
    product.executables.iter().rev().find_map(|executable| {
        let makers = &executable.inspection.rustc;
        let wrong = !makers.is_empty() && !makers.contains(&release);
        wrong.then(|| format!("{} was made by rustc {}, not {release}", executable.target, makers.join(", ")))
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
