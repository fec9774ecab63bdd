//! The features that were really on, as cargo reports them, and how what was built differs from what was asked for.

use std::collections::BTreeSet;

use compatrix_model::evidence::{Differences, LeftOut};
use compatrix_model::plan::Targets;

use crate::build::Product;
use crate::find::facts::{GatedTarget, TestedPackage};
use crate::run::inputs::RunInputs;

/// The features that were planned.
pub(crate) fn planned(inputs: &RunInputs<'_>) -> Vec<String> {
    let features = &inputs.build.features;
    let named = features.iter().flat_map(|(package, on)| on.iter().map(move |name| (package, name)));
    named.map(|(package, name)| qualified(inputs, package, name, "/")).collect()
}

/// The features that cargo reports, and the differences.
pub(crate) fn built(inputs: &RunInputs<'_>, product: &Product) -> (Vec<String>, Differences) {
    let (mut on, mut differences) = (Vec::new(), Differences::default());
    for (package, asked) in &inputs.build.features {
        let reported = product.features.get(package).unwrap_or(asked);
        let spell = |names: BTreeSet<String>| names.into_iter().map(|name| qualified(inputs, package, &name, "/"));
        on.extend(spell(reported.clone()));
        let Some(tested) = inputs.packages.iter().find(|tested| tested.facts.name == *package) else { continue };
        let found = tested.facts.difference(asked, inputs.named, reported);
        differences.added_features.extend(spell(found.added));
        differences.missing_features.extend(spell(found.missing));
        differences.left_out.extend(left_out(inputs, tested, product));
    }
    (on, differences)
}

/// The targets that this kind of build would have, were it not for features that they require.
fn left_out(inputs: &RunInputs<'_>, package: &TestedPackage, product: &Product) -> Vec<LeftOut> {
    let name = &package.facts.name;
    let is_built = |target: &str| product.executables.iter().any(|made| made.package == *name && made.target == target);
    let wanted = package.gated.iter().filter(|target| match inputs.build.targets {
        Targets::Tests { .. } => target.is_tested,
        Targets::Packages => target.kind == "bin",
        Targets::Benches => target.kind == "bench",
    });
    let missing = wanted.filter(|target| !is_built(&target.name));
    let one = |target: &GatedTarget| LeftOut {
        target: qualified(inputs, name, &format!("{} {}", target.kind, target.name), " "),
        requires: target.requires.clone(),
    };
    missing.map(one).collect()
}

/// The package before a name, if there are several.
fn qualified(inputs: &RunInputs<'_>, package: &str, name: &str, between: &str) -> String {
    match inputs.build.features.len() {
        1 => name.to_owned(),
        _ => format!("{package}{between}{name}"),
    }
}
