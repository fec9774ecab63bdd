//! How what was built differs from what the spec asked for.

use serde::{Deserialize, Serialize};

/// How what was built differs from what the spec asked for. It is no failure: cargo does the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Differences {
    /// Features that cargo switched on though neither the feature set nor the linkage asks for them: another package of the
    /// build or the package's own dev-dependencies do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_features: Vec<String>,
    /// Features of the feature set that are off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_features: Vec<String>,
    /// Targets that were not built, since features that they require are off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// A target that was not built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeftOut {
    /// What cargo calls it: `test big`, with the package before it if there are several.
    pub target: String,
    /// The features that it requires.
    pub requires: Vec<String>,
}

impl Differences {
    /// Whether everything was built as asked.
    pub fn is_none(&self) -> bool {
        *self == Differences::default()
    }

    /// One sentence each, for people.
    pub fn notes(&self) -> Vec<String> {
        self.of_targets().into_iter().chain(self.of_features()).collect()
    }

    /// Which targets were not built, so that fewer tests ran.
    pub fn of_targets(&self) -> Option<String> {
        let one = |out: &LeftOut| {
            format!("`{}` (requires the {} {})", out.target, features(&out.requires), list(&out.requires))
        };
        let all = self.left_out.iter().map(one).collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then(|| format!("not built: {all}"))
    }

    /// How the features differ.
    pub fn of_features(&self) -> Vec<String> {
        let (added, missing) = (&self.added_features, &self.missing_features);
        let added = (!added.is_empty()).then(|| {
            format!(
                "cargo also switched on the {} {}, which a dev-dependency or another package of the build asks for",
                features(added),
                list(added)
            )
        });
        let missing = (!missing.is_empty()).then(|| {
            let verb = if missing.len() == 1 { "is" } else { "are" };
            format!(
                "the {} {} {verb} off; one that compiles SQLite in is left out where a shared one is linked",
                features(missing),
                list(missing)
            )
        });
        added.into_iter().chain(missing).collect()
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn features(names: &[String]) -> &'static str {
    match names {
        [_] => "feature",
        _ => "features",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_a_sentence() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let differences = Differences {
            added_features: names(&["std"]),
            missing_features: names(&["a", "b"]),
            left_out: vec![
                LeftOut { target: "test big".into(), requires: names(&["json"]) },
                LeftOut { target: "bin x".into(), requires: names(&["a", "b"]) },
            ],
        };
        assert_eq!(
            differences.notes(),
            [
                "not built: `test big` (requires the feature `json`), `bin x` (requires the features `a`, `b`)",
                "cargo also switched on the feature `std`, which a dev-dependency or another package of the build asks for",
                "the features `a`, `b` are off; one that compiles SQLite in is left out where a shared one is linked",
            ]
        );
        assert!(Differences::default().notes().is_empty() && Differences::default().is_none());
    }
}
