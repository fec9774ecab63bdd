//! `[meaning.N]`: what suites and values meant, once for all records that agree on it.
//!
//! Records of one recording share a table, and a value that means something else since makes a second one; so a changed
//! feature set is one changed line in a diff, and not one for each of its cells.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use shaped_toml::{key, quoted};

use crate::axis::{AxisName, ValueName};
use crate::cell::CellId;
use crate::evidence::Record;
use crate::meaning::{Digest, Meaning};

/// A table as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMeaning {
    suite: BTreeMap<String, Digest>,
    #[serde(default)]
    axis: BTreeMap<AxisName, BTreeMap<ValueName, Digest>>,
}

/// The meaning of a record by this table, or what the table lacks.
pub(super) fn known(table: &RawMeaning, suite: &str, cell: &CellId, expects: &str) -> Result<Meaning, String> {
    let of_suite = table.suite.get(suite).ok_or_else(|| format!("suite `{suite}`"))?;
    let value = |(axis, value): &(AxisName, ValueName)| {
        let digest = table.axis.get(axis).and_then(|values| values.get(value));
        Ok((axis.clone(), digest.ok_or_else(|| format!("`{axis}={value}`"))?.clone()))
    };
    let values = cell.pairs().iter().map(value).collect::<Result<_, String>>()?;
    Ok(Meaning { suite: of_suite.clone(), values, expects: expects.to_owned() })
}

/// The tables of a file that is being written; a record goes to the first that does not contradict it.
#[derive(Debug, Default)]
pub(super) struct Snapshots<'a>(Vec<Snapshot<'a>>);

#[derive(Debug, Default)]
struct Snapshot<'a> {
    suites: BTreeMap<&'a str, &'a str>,
    axes: BTreeMap<&'a AxisName, BTreeMap<&'a ValueName, &'a str>>,
}

impl<'a> Snapshots<'a> {
    /// The name of the table for a record.
    pub(super) fn name(&mut self, record: &'a Record, meaning: &'a Meaning) -> String {
        let fits = self.0.iter().position(|snapshot| snapshot.fits(record, meaning));
        let at = fits.unwrap_or_else(|| {
            self.0.push(Snapshot::default());
            self.0.len() - 1
        });
        self.0[at].add(record, meaning);
        (at + 1).to_string()
    }

    /// Writes all tables.
    pub(super) fn write(&self, out: &mut String) {
        let mut table = |heading: String, lines: Vec<(&str, &str)>| {
            let _ = write!(out, "\n[{heading}]\n");
            for (name, digest) in lines {
                let _ = writeln!(out, "{} = {}", key(name), quoted(digest));
            }
        };
        for (n, Snapshot { suites, axes }) in self.0.iter().enumerate() {
            let n = n + 1;
            table(format!("meaning.{n}.suite"), suites.iter().map(|(name, digest)| (*name, *digest)).collect());
            for (axis, values) in axes {
                let lines = values.iter().map(|(value, digest)| (value.as_str(), *digest));
                table(format!("meaning.{n}.axis.{}", key(axis.as_str())), lines.collect());
            }
        }
    }
}

impl<'a> Snapshot<'a> {
    fn fits(&self, record: &Record, meaning: &Meaning) -> bool {
        let same = |known: Option<&&str>, digest: &str| known.is_none_or(|known| *known == digest);
        same(self.suites.get(record.suite.as_str()), &meaning.suite)
            && record.cell.pairs().iter().all(|(axis, value)| {
                let known = self.axes.get(axis).and_then(|values| values.get(value));
                meaning.values.get(axis).is_none_or(|digest| same(known, digest))
            })
    }

    fn add(&mut self, record: &'a Record, meaning: &'a Meaning) {
        self.suites.insert(&record.suite, &meaning.suite);
        for (axis, value) in record.cell.pairs() {
            if let Some(digest) = meaning.values.get(axis) {
                self.axes.entry(axis).or_default().insert(value, digest);
            }
        }
    }
}
