//! The tests that criteria name, by the sources in which they stood when results of these were recorded.
//!
//! Evidence has no names of tests that passed. A result shows a named test only if the test was in its sources.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::hash::Sha256;

/// Below the folder of evidence.
pub const RAN_FILE: &str = "criteria/tests.toml";

const HEAD: &str = "# The tests that criteria name, by the sources in which they stood when results were recorded.\n\
                    # Written by `evidence record`; not edited by hand.\n";

/// Tests as `FILE#NAME`, by the hash of their sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ran {
    #[serde(default)]
    sources: BTreeMap<String, BTreeSet<String>>,
}

impl Ran {
    /// Parses the file.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub fn from_text(text: &str) -> Result<Ran, String> {
        toml::from_str(text).map_err(|error| error.message().replace('\n', ", "))
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEAD}\n[sources]\n");
        for (sources, tests) in &self.sources {
            out.push_str(&format!("{sources} = [\n"));
            tests.iter().for_each(|test| out.push_str(&format!("    {test:?},\n")));
            out.push_str("]\n");
        }
        out
    }

    /// Whether this test stood in these sources.
    pub fn has(&self, sources: &Sha256, test: &str) -> bool {
        self.sources.get(&sources.to_string()).is_some_and(|tests| tests.contains(test))
    }

    /// Notes what stands in these sources, and forgets all sources that no result is of.
    pub fn note(&mut self, sources: &Sha256, tests: BTreeSet<String>, used: &BTreeSet<Sha256>) {
        self.sources.insert(sources.to_string(), tests);
        let used: BTreeSet<String> = used.iter().map(ToString::to_string).collect();
        self.sources.retain(|hash, _| used.contains(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_nothing_is_of_is_forgotten() {
        let [old, new]: [Sha256; 2] = [[1; 32].into(), [2; 32].into()];
        let tests = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let mut ran = Ran::default();
        ran.note(&old, tests(&["a.rs#waits"]), &[old].into());
        ran.note(&new, tests(&["a.rs#waits", "b.rs#ends"]), &[old, new].into());
        assert_eq!(Ran::from_text(&ran.to_text()).unwrap(), ran, "{}", ran.to_text());
        assert!(ran.has(&old, "a.rs#waits") && !ran.has(&old, "b.rs#ends") && ran.has(&new, "b.rs#ends"));
        ran.note(&new, tests(&["b.rs#ends"]), &[new].into());
        assert!(!ran.has(&old, "a.rs#waits") && !ran.has(&new, "a.rs#waits"));
        assert!(Ran::from_text("tests = 1").is_err());
    }
}
