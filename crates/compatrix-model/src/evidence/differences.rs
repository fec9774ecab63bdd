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
        let mut notes = Vec::new();
        let list = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let features = |names: &[String]| if names.len() == 1 { "feature" } else { "features" };
        if !self.left_out.is_empty() {
            let one = |out: &LeftOut| {
                format!("`{}` (requires the {} {})", out.target, features(&out.requires), list(&out.requires))
            };
            notes.push(format!("not built: {}", self.left_out.iter().map(one).collect::<Vec<_>>().join(", ")));
        }
        if !self.added_features.is_empty() {
            notes.push(format!(
                "cargo also switched on the {} {}, which a dev-dependency or another package of the build asks for",
                features(&self.added_features),
                list(&self.added_features)
            ));
        }
        if !self.missing_features.is_empty() {
            let verb = if self.missing_features.len() == 1 { "is" } else { "are" };
            notes.push(format!("the {} {} {verb} off", features(&self.missing_features), list(&self.missing_features)));
        }
        notes
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
                "the features `a`, `b` are off",
            ]
        );
        assert!(Differences::default().notes().is_empty() && Differences::default().is_none());
    }
}
