//! `compat/planted.toml`: planted leaks, and which tool finds which. Written by `self-bench --only leaks`.
//!
//! It describes the abilities of tools, so it contains nothing about the machine that measured them.

use std::fmt::{self, Write as _};

use serde::Deserialize;
use shaped_toml::quoted;

use super::tool::Tool;

/// Path relative to the workspace root.
pub const FILE: &str = "compat/planted.toml";

/// A table of planted leaks (rows) and tools (columns).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedTable {
    /// The tools, in column order.
    pub tools: Vec<Tool>,
    /// The leaks, in row order.
    #[serde(default, rename = "leak")]
    pub leaks: Vec<PlantedLeak>,
}

/// A test that leaks on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedLeak {
    /// The test's name.
    pub name: String,
    /// A description of the leak.
    pub what: String,
    /// Per tool: `found` (and attributed to this test), `missed` or `cannot: why`.
    pub found: Vec<String>,
    /// The result of its twin, which does the same without leaking: `clean` or `alarm`.
    pub twin: String,
}

/// Why a text is no [`PlantedTable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlantedError {
    /// In the TOML parser's words.
    Toml(String),
    /// A row with another number of words than there are tools.
    Row {
        /// The row's name.
        name: String,
        /// How many words it has.
        words: usize,
        /// How many words it needs.
        tools: usize,
    },
}

impl fmt::Display for PlantedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlantedError::Toml(error) => write!(f, "{FILE}: {error}"),
            PlantedError::Row { name, words, tools } => write!(
                f,
                "{FILE}: `{name}` has {words} words for {tools} tools; regenerate the file with `self-bench --only leaks`",
            ),
        }
    }
}

impl std::error::Error for PlantedError {}

impl PlantedTable {
    /// Parses the file.
    ///
    /// # Errors
    /// It is not such a file, or a row has not a word for each tool.
    pub fn parse(text: &str) -> Result<Self, PlantedError> {
        let table: Self = toml::from_str(text).map_err(|error| PlantedError::Toml(error.message().to_owned()))?;
        match table.leaks.iter().find(|leak| leak.found.len() != table.tools.len()) {
            Some(leak) => {
                Err(PlantedError::Row { name: leak.name.clone(), words: leak.found.len(), tools: table.tools.len() })
            }
            None => Ok(table),
        }
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let list = |texts: Vec<&str>| texts.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
        let mut out = String::from(
            "# Leaks planted on purpose, and which tool finds which. Written by `cargo xtask self-bench --only leaks`.\n",
        );
        let _ = writeln!(out, "tools = [{}]", list(self.tools.iter().map(|tool| tool.as_str()).collect()));
        for leak in &self.leaks {
            let _ = write!(out, "\n[[leak]]\nname = {}\nwhat = {}\n", quoted(&leak.name), quoted(&leak.what));
            let _ = writeln!(out, "found = [{}]", list(leak.found.iter().map(String::as_str).collect()));
            let _ = writeln!(out, "twin = {}", quoted(&leak.twin));
        }
        out
    }

    /// Failures, one line each: leaks that a tool can detect but missed, and false alarms in twins.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for leak in &self.leaks {
            for (tool, _) in self.tools.iter().zip(&leak.found).filter(|(_, word)| *word == "missed") {
                faults.push(format!("{tool} missed `{}`: {}", leak.name, leak.what));
            }
            if leak.twin != "clean" {
                faults.push(format!("a false alarm in the twin of `{}`", leak.name));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PlantedTable {
        let leak = |name: &str, found: [&str; 2], twin: &str| PlantedLeak {
            name: name.to_owned(),
            what: "a \"box\" nobody frees".to_owned(),
            found: found.map(str::to_owned).to_vec(),
            twin: twin.to_owned(),
        };
        PlantedTable {
            tools: vec![Tool::Valgrind, Tool::Resources],
            leaks: vec![
                leak("box_leak", ["found", "cannot: it looks at no memory"], "clean"),
                leak("child", ["missed", "found"], "alarm"),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = table().to_text();
        assert_eq!(PlantedTable::parse(&text).unwrap(), table(), "{text}");
        assert!(text.contains("found = [\"found\", \"cannot: it looks at no memory\"]\n"), "{text}");
        assert_eq!(PlantedTable::parse(&PlantedTable::default().to_text()).unwrap(), PlantedTable::default());
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused() {
        let short = "tools = [\"asan\", \"lsan\"]\n[[leak]]\nname = \"a\"\nwhat = \"b\"\nfound = [\"found\"]\ntwin = \"clean\"\n";
        assert!(PlantedTable::parse(short).unwrap_err().to_string().contains("`a` has 1 words for 2 tools"));
        assert!(PlantedTable::parse("tools = [\"gdb\"]\n").is_err());
    }

    #[test]
    fn misses_and_alarms_are_faults() {
        let faults = table().faults();
        assert_eq!(faults, ["valgrind missed `child`: a \"box\" nobody frees", "a false alarm in the twin of `child`"]);
    }
}
