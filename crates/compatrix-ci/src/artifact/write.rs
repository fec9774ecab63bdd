//! Writes artifacts in one pass: shared data goes before its first use.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Artifact, BuildPart, First, Header, Rest, FORMAT, HASH, START, TOOL};
use compatrix_model::evidence::{Counts, Proof, Record};
use compatrix_model::hash::or_empty;

impl Artifact {
    /// The text of the file. The same records in the same order give the same bytes.
    pub fn to_text(&self) -> String {
        let mut writer = Writer::default();
        writer.part(&self.header);
        self.records.iter().for_each(|record| writer.record(record));
        writer.finish()
    }
}

/// Writes parts, each of a header and its records.
#[derive(Debug, Default)]
pub struct Writer {
    body: String,
    lines: usize,
    records: usize,
    /// Numbers of shared lines by their first word and text.
    shared: HashMap<&'static str, HashMap<String, usize>>,
}

impl Writer {
    /// Starts a part; the following records belong to it.
    pub fn part(&mut self, header: &Header) {
        self.line("part", &json(header));
    }

    /// Adds a record to the last part.
    pub fn record(&mut self, record: &Record) {
        let Record { suite, cell, key, outcome, cause, attempts, tests, doctests, failures, leaks, measured, .. } =
            record;
        let pair = |(axis, value): &(_, _)| format!("{},{}", json(axis), json(value));
        let values: Vec<usize> = cell.pairs().iter().map(|at| self.shared("value", pair(at))).collect();
        let proof = match &record.proof {
            Some(proof) => self.proof(proof),
            None => "null,null".to_owned(),
        };
        let Counts { passed, failed, ignored, filtered, compiled } = *tests;
        let compiled = if compiled > 0 { format!(",{compiled}") } else { String::new() };
        let Record { started, duration_ms, executables_ms, .. } = record;
        let mut line = format!(
            "{},{},{},\"{outcome}\",{attempts},[{passed},{failed},{ignored},{filtered}{compiled}],{started},{duration_ms},\
             {executables_ms},{proof}",
            json(suite),
            json(&values),
            json(&or_empty::text(key))
        );
        let rest = Rest {
            cause: cause.clone(),
            doctests: *doctests,
            failures: failures.clone(),
            leaks: leaks.clone(),
            measured: measured.clone(),
        };
        if rest != Rest::default() {
            let _ = write!(line, ",{}", json(&rest));
        }
        self.line("record", &line);
        self.records += 1;
    }

    /// Prepends the first line with counts and hash.
    pub fn finish(self) -> String {
        let first = First {
            format: FORMAT,
            sha256: String::new(),
            tool: TOOL.to_owned(),
            lines: self.lines,
            records: self.records,
        };
        let first = json(&first);
        let (before, after) = first.split_at(START.len() + FORMAT.to_string().len() + HASH.len());
        let mut hash = Sha256::new();
        for piece in [before, after, "\n", &self.body] {
            hash.update(piece);
        }
        before.to_owned() + &base16ct::lower::encode_string(&hash.finalize()) + after + "\n" + &self.body
    }

    fn proof(&mut self, proof: &Proof) -> String {
        let Proof {
            platform,
            toolchain,
            source,
            features,
            not_promised,
            debug,
            target,
            differences,
            sqlite,
            fixture,
            executables,
            env,
        } = proof;
        let build = BuildPart {
            platform: platform.clone(),
            toolchain: toolchain.clone(),
            source: source.clone(),
            features: features.clone(),
            not_promised: not_promised.clone(),
            debug: *debug,
            target: target.clone(),
            differences: differences.clone(),
            executables: executables.clone(),
        };
        let build = self.shared("build", json(&build));
        let sqlite = sqlite.as_ref().map_or(-1, |sqlite| self.shared("sqlite", json(sqlite)) as i64);
        let fixture = fixture.as_ref().map_or(-1, |fixture| self.shared("fixture", json(fixture)) as i64);
        let pair = |(name, value): (&String, &String)| format!("{},{}", json(name), json(value));
        let env: Vec<usize> = env.iter().map(|at| self.shared("env", pair(at))).collect();
        format!("[{build},{sqlite},{fixture}],{}", json(&env))
    }

    /// The number of a shared line, which is written on first use.
    fn shared(&mut self, word: &'static str, text: String) -> usize {
        let known = self.shared.entry(word).or_default();
        if let Some(n) = known.get(&text) {
            return *n;
        }
        let n = known.len();
        known.insert(text.clone(), n);
        self.line(word, &text);
        n
    }

    fn line(&mut self, word: &str, rest: &str) {
        let _ = writeln!(self.body, "[\"{word}\",{rest}]");
        self.lines += 1;
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data with text keys is always JSON")
}
