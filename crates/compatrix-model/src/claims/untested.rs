//! Claims that no value of their axis meets, once it is known which versions values such as `stable` stand for.

use std::fmt;

use semver::Version;

use crate::axis::{AxisKind, ValueName};
use crate::condition::{partial_version, value_version, Versions};
use crate::matrix_spec::{meets_claim, what_to_add, ClaimedVersion, Spec};

/// A claimed version that no value of its axis is known to be. Evidence of this host cannot prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untested {
    /// The package whose claim it is; `None` if it is that of all.
    pub package: Option<String>,
    /// The axis of Rust or of SQLite.
    pub kind: AxisKind,
    /// The claim as the spec spells it.
    pub claim: String,
    /// The values that do not spell a version, with the version that each stands for here; `None` if that is not known.
    pub values: Vec<(ValueName, Option<Version>)>,
}

/// The claims that no value meets under these versions.
pub fn untested(spec: &Spec, versions: &Versions) -> Vec<Untested> {
    let all = |kind, claim| std::iter::once((None, kind, claim));
    let of_packages = spec.claims.packages.iter().map(|(package, claim)| (Some(package), AxisKind::Rust, claim));
    let claims = spec.claims.rust.iter().flat_map(|claim| all(AxisKind::Rust, claim));
    let claims = claims.chain(of_packages).chain(spec.claims.sqlite.iter().flat_map(|c| all(AxisKind::Sqlite, c)));
    let untested = |(package, kind, claim): (Option<&String>, AxisKind, &ClaimedVersion)| {
        let (_, axis) = spec.space.axis_of(&kind)?;
        let version = |value: &ValueName| value_version(&axis.name, value, versions);
        let is_met = |value: &ValueName| version(value).is_some_and(|version| meets_claim(&claim.text, &version));
        if axis.values.iter().any(|value| is_met(&value.name)) {
            return None;
        }
        let floating = axis.values.iter().filter(|value| partial_version(value.name.as_str()).is_none());
        let values = floating.map(|value| (value.name.clone(), version(&value.name))).collect();
        Some(Untested { package: package.cloned(), kind, claim: claim.text.clone(), values })
    };
    claims.filter_map(untested).collect()
}

impl Untested {
    /// Whether the names of the values show it, so that reading the spec reports it.
    pub fn is_plain(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether no value can be the claimed version, because the version of each is known.
    pub fn is_certain(&self) -> bool {
        self.values.iter().all(|(_, version)| version.is_some())
    }

    /// What to do: `` add `"1.70"` to `axis.rust` ``.
    pub fn mend(&self) -> String {
        what_to_add(&self.kind, &self.claim)
    }
}

impl fmt::Display for Untested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Untested { package, kind, claim, values } = self;
        let axis = if *kind == AxisKind::Sqlite { "sqlite" } else { "rust" };
        let of = package.as_ref().map_or(String::new(), |package| format!(" of `{package}`"));
        write!(f, "the claim `{axis} = \"{claim}\"`{of} stays unproven: no value of the axis `{axis}` is {claim}")?;
        if self.is_plain() {
            return Ok(());
        }
        let values = values.iter().map(|(value, version)| match version {
            Some(version) => format!("`{value}` is {version}"),
            None => format!("`{value}` is not available"),
        });
        write!(f, " here ({})", values.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::AxisName;

    /// What is said of the claim `rust` with this axis, given the versions of `stable` and `nightly` on the host.
    #[track_caller]
    fn claimed(rust: &str, axis: &str, stable: &str, expect: &[&str]) {
        let text = format!(
            "version = 1\n[project]\npackages = [\"p\"]\n[claims]\nrust = \"{rust}\"\n[axis]\nrust = [{axis}]\n"
        );
        let parsed = crate::spec_text::parse(&text, "matrix.toml", &[]).unwrap_or_else(|e| panic!("{e:?}"));
        let value = |name: &str| ValueName::new(name).unwrap();
        let versions = [("stable", stable), ("nightly", "1.97.0-nightly")]
            .into_iter()
            .filter(|(_, version)| !version.is_empty())
            .map(|(name, version)| ((AxisName::new("rust").unwrap(), value(name)), Version::parse(version).unwrap()));
        let found = untested(&parsed.spec, &versions.collect());
        let said: Vec<String> = found.iter().map(|claim| format!("{claim}; {}", claim.mend())).collect();
        assert_eq!(said, expect);
        let warned = parsed.warnings.render(false, 200);
        let is_plain = found.iter().any(Untested::is_plain);
        assert_eq!(
            warned.contains("stays unproven"),
            is_plain,
            "the spec's text alone shows it, or does not: {warned}"
        );
    }

    #[test]
    fn a_channel_may_be_the_claimed_version() {
        for axis in ["\"stable\"", "\"stable\", \"1.60\"", "\"nightly\", \"stable\""] {
            claimed("1.95", axis, "1.95.1", &[]);
        }
        claimed("1.95.1", "\"stable\"", "1.95.1", &[]);
        let nightly =
            "the claim `rust = \"1.97\"` stays unproven: no value of the axis `rust` is 1.97 here (`nightly` is \
                       1.97.0-nightly); add `\"1.97\"` to `axis.rust`";
        claimed("1.97", "\"nightly\"", "", &[nightly]);
        let here = "the claim `rust = \"1.95\"` stays unproven: no value of the axis `rust` is 1.95";
        let mend = "add `\"1.95\"` to `axis.rust`";
        claimed("1.95", "\"stable\"", "1.96.0", &[&format!("{here} here (`stable` is 1.96.0); {mend}")]);
        claimed("1.95", "\"1.60\", \"stable\"", "", &[&format!("{here} here (`stable` is not available); {mend}")]);
        claimed("1.95", "\"1.60\", \"1.96\"", "1.95.0", &[&format!("{here}; {mend}")]);
        claimed("1.95", "\"1.95.0\"", "", &[]);
    }
}
