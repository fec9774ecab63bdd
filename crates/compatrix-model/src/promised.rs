//! Which packages under test the Rust of a cell is promised for. The others are left out of its builds.
//!
//! A spec without `[claims.packages]` leaves nothing out: below its one claim, cells find out what still works.

use std::collections::BTreeSet;

use semver::Version;

use crate::axis::{AxisKind, AxisName, ValueName};
use crate::cell::Space;
use crate::condition::{value_version, Versions};
use crate::matrix_spec::Spec;

/// The name of the toolchain on PATH if the spec has no `rust` axis.
pub const AMBIENT_TOOLCHAIN: &str = "default";

/// The toolchain of the cell at these coordinates.
pub fn toolchain(space: &Space, coords: &[usize]) -> ValueName {
    match space.axis_of(&AxisKind::Rust) {
        Some((n, axis)) => axis.values[coords[n]].name.clone(),
        None => ValueName::new(AMBIENT_TOOLCHAIN).expect("a valid name"),
    }
}

/// The packages under test that promise a newer Rust than this toolchain is. One whose version is not known, neither here
/// nor from its name, is taken to be new enough: so are `stable`, `beta` and `nightly`.
pub fn left_out(spec: &Spec, toolchain: &ValueName, versions: &Versions) -> BTreeSet<String> {
    if spec.claims.packages.is_empty() {
        return BTreeSet::new();
    }
    let rust = AxisName::new("rust").expect("a valid name");
    match value_version(&rust, toolchain, versions) {
        Some(version) => below(spec, &version).map(str::to_owned).collect(),
        None => BTreeSet::new(),
    }
}

/// The packages under test that promise a newer Rust than this one. A pre-release counts as the release that it leads to.
pub fn below<'s>(spec: &'s Spec, version: &Version) -> impl Iterator<Item = &'s str> {
    let version = Version::new(version.major, version.minor, version.patch);
    let packages = spec.project.packages.iter().filter(|_| !spec.claims.packages.is_empty());
    let is_below = move |name: &&String| spec.claims.rust_of(name).is_some_and(|claim| version < claim.version);
    packages.filter(is_below).map(String::as_str)
}

/// What these packages promise, for people: "`a` promises Rust 1.65".
pub fn promises<'p>(spec: &Spec, packages: impl IntoIterator<Item = &'p String>) -> String {
    let one = |name: &String| {
        let claim = spec.claims.rust_of(name).map_or("no", |claim| claim.text.as_str());
        format!("`{name}` promises Rust {claim}")
    };
    packages.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claims: &str, toolchain: &str, resolved: Option<&str>, expected: &[&str]) {
        let text =
            format!("[project]\npackages = [\"a\", \"b\", \"c\"]\n[axis]\nrust = [\"1.70\"]\n[claims]\n{claims}\n");
        let spec = crate::spec_text::parse(&text, "matrix.toml", &[]).unwrap_or_else(|e| panic!("{e:?}")).spec;
        let toolchain = ValueName::new(toolchain).unwrap();
        let known = resolved.map(|text| ((AxisName::new("rust").unwrap(), toolchain.clone()), text.parse().unwrap()));
        let left_out = left_out(&spec, &toolchain, &known.into_iter().collect());
        assert_eq!(left_out.into_iter().collect::<Vec<_>>(), expected, "{claims} on {toolchain}");
    }

    #[test]
    fn packages_are_left_out_below_their_own_claims() {
        let own = "packages.a = { rust = \"1.56\" }\npackages.b = { rust = \"1.65.1\" }";
        check(own, "1.55", None, &["a", "b"]);
        check(own, "1.56", None, &["b"]);
        check(own, "1.65", None, &["b"]);
        check(own, "1.65", Some("1.65.1"), &[]);
        check(own, "1.66", None, &[]);
        check(own, "debian-12", Some("1.63.0"), &["b"]);
        check(own, "nightly", Some("1.65.1-nightly"), &[]);
        for unknown in ["stable", "beta", "debian-12"] {
            check(own, unknown, None, &[]);
        }
        let rest = "rust = \"1.70\"\npackages.a = { rust = \"1.56\" }";
        check(rest, "1.60", None, &["b", "c"]);
        check(rest, "1.70", None, &[]);
        check("rust = \"1.70\"", "1.60", None, &[]);
    }
}
