//! What expressions of a job can read, and from which line each value came.

use compatrix_ci::workflow::evaluate::{self, Scope, Status};
use serde_json::{Map, Value};

use super::super::yaml::{self, Node};

/// The place of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::promise) struct Source {
    /// Index of the file.
    pub(in crate::promise) file: usize,
    /// 1-based.
    pub(in crate::promise) line: usize,
    /// `matrix.rust`, `env.MSRV`, `with.toolchain`, `run` …
    pub(in crate::promise) key: String,
    /// The spelling, if YAML reads it differently.
    pub(in crate::promise) spelled: Option<String>,
}

/// A scalar that expressions can read.
#[derive(Debug, Clone)]
pub(in crate::promise) struct Leaf {
    /// The last part of its path.
    pub(in crate::promise) name: String,
    /// As YAML reads it.
    pub(in crate::promise) value: String,
    pub(in crate::promise) source: Source,
}

/// The contexts of a job in one combination of its matrix.
#[derive(Debug, Clone, Default)]
pub(in crate::promise) struct Context {
    pub(in crate::promise) file: usize,
    pub(in crate::promise) env: Map<String, Value>,
    /// `None` if the matrix cannot be known.
    pub(in crate::promise) matrix: Option<Map<String, Value>>,
    pub(in crate::promise) inputs: Map<String, Value>,
    /// `runner.os` and `runner.arch`.
    pub(in crate::promise) runner: Map<String, Value>,
    /// Everything above with its places.
    pub(in crate::promise) leaves: Vec<Leaf>,
}

impl Context {
    fn scope(&self) -> Scope<'_> {
        let mut contexts = Map::new();
        contexts.insert("env".to_owned(), Value::Object(self.env.clone()));
        contexts.insert("inputs".to_owned(), Value::Object(self.inputs.clone()));
        if let Some(matrix) = &self.matrix {
            contexts.insert("matrix".to_owned(), Value::Object(matrix.clone()));
        }
        if !self.runner.is_empty() {
            contexts.insert("runner".to_owned(), Value::Object(self.runner.clone()));
        }
        // A variable that no file sets may be set by a step; a missing key of a matrix or an input is null on GitHub.
        Scope {
            contexts,
            open: &["matrix", "matrix.*", "inputs"],
            withheld: &[],
            status: Status::GOOD,
            hash_files: Box::new(|_| Err("the hash of files is not known here".to_owned())),
        }
    }

    /// The value of a scalar, its expressions evaluated.
    ///
    /// # Errors
    /// Why it cannot be known, in a few words.
    pub(in crate::promise) fn value(&self, node: &Node) -> Result<Value, String> {
        let text = node.text();
        if text.contains("${{") {
            return evaluate::value(text, &self.scope()).map_err(|_| unknown(text));
        }
        Ok(plain(node))
    }

    /// As [`Context::value`], as text.
    pub(in crate::promise) fn text(&self, node: &Node) -> Result<String, String> {
        if node.text().contains("${{") {
            return self.value(node).map(|value| evaluate::to_text(&value));
        }
        Ok(node.reading())
    }

    /// A text in which the expressions that can be known are replaced; others stay.
    pub(in crate::promise) fn expand(&self, text: &str) -> String {
        if !text.contains("${{") {
            return text.to_owned();
        }
        let scope = self.scope();
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${{") {
            let Some(end) = rest[at..].find("}}") else { break };
            let (expression, after) = (&rest[at..at + end + 2], &rest[at + end + 2..]);
            out.push_str(&rest[..at]);
            match evaluate::value(expression, &scope) {
                // A line more would move all that follow.
                Ok(value) if !self.is_unset_input(expression) => {
                    out.push_str(&evaluate::to_text(&value).replace(['\n', '\r'], " "))
                }
                // One word for a shell.
                _ => out.extend(expression.chars().filter(|c| c.is_alphanumeric() || "${}._-".contains(*c))),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// Whether it is an input that has no value here, but may have one from whoever starts the workflow.
    fn is_unset_input(&self, expression: &str) -> bool {
        let inner = expression.trim_start_matches("${{").trim_end_matches("}}").trim();
        let name = inner.strip_prefix("inputs.");
        name.is_some_and(|name| words(name).contains(name) && !self.inputs.contains_key(name))
    }

    /// Whether a step or job with this condition can run. True if it cannot be known.
    pub(in crate::promise) fn may_run(&self, condition: Option<&Node>) -> bool {
        let condition = condition.map(Node::text).filter(|text| !text.is_empty());
        evaluate::condition(condition, &self.scope()).unwrap_or(true)
    }

    /// Whether a key is set to true. False if it cannot be known.
    pub(in crate::promise) fn is_true(&self, node: Option<&Node>) -> bool {
        node.and_then(|node| self.value(node).ok()).is_some_and(|value| evaluate::to_text(&value) == "true")
    }

    /// Where a value came from: the leaf that the text mentions, otherwise the text's own place.
    pub(in crate::promise) fn source(&self, line: usize, key: &str, raw: &str, value: &str) -> Source {
        let near =
            || self.mentioned(raw).into_iter().next().map(|leaf| Source { spelled: None, ..leaf.source.clone() });
        let own = || Source { file: self.file, line, key: key.to_owned(), spelled: None };
        self.exact(raw, value).or_else(near).unwrap_or_else(own)
    }

    /// As [`Context::source`], for a long text, in which a mere mention says little.
    pub(in crate::promise) fn source_in_script(&self, line: usize, raw: &str, value: &str) -> Source {
        let own = || Source { file: self.file, line, key: "run".to_owned(), spelled: None };
        self.exact(raw, value).unwrap_or_else(own)
    }

    fn exact(&self, raw: &str, value: &str) -> Option<Source> {
        self.mentioned(raw).into_iter().find(|leaf| leaf.value == value).map(|leaf| leaf.source.clone())
    }

    /// The leaves whose names stand in a text with expressions or variables, the innermost first.
    fn mentioned(&self, raw: &str) -> Vec<&Leaf> {
        if !raw.contains(['$', '%']) {
            return Vec::new();
        }
        let words = words(raw);
        self.leaves.iter().rev().filter(|leaf| words.contains(leaf.name.as_str())).collect()
    }

    /// Adds the variables of `env:`; those that cannot be known are taken out.
    pub(in crate::promise) fn add_env(&mut self, env: Option<&Node>) {
        for (name, node) in env.into_iter().flat_map(Node::entries) {
            match self.value(node) {
                Ok(value) => {
                    let text = evaluate::to_text(&value);
                    let leaf = self.leaf(name, &format!("env.{name}"), node, &text);
                    self.leaves.push(leaf);
                    self.env.insert(name.to_owned(), Value::String(text));
                }
                Err(_) => drop(self.env.remove(name)),
            }
        }
    }

    /// The leaf of a scalar with this value; one that only passes a value on keeps the place of that value.
    pub(in crate::promise) fn leaf(&self, name: &str, key: &str, node: &Node, value: &str) -> Leaf {
        let passes_on = node.text().contains("${{");
        let raw = if passes_on { node.text() } else { "" };
        let mut source = self.source(node.line, key, raw, value);
        if source.file == self.file && source.line == node.line && source.key == key {
            source.spelled = (node.reading() != node.text()).then(|| node.text().to_owned());
        }
        Leaf { name: name.to_owned(), value: value.to_owned(), source }
    }
}

/// The names that a text mentions.
pub(in crate::promise) fn words(text: &str) -> std::collections::BTreeSet<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).filter(|word| !word.is_empty()).collect()
}

/// A scalar without expressions, as GitHub reads it. Versions stay text, so that none gains or loses a digit.
fn plain(node: &Node) -> Value {
    let text = node.reading();
    let yaml::Value::Scalar { plain: true, .. } = node.value else { return Value::String(text) };
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "" | "~" | "null" => Value::Null,
        text => text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}

/// Why the value of an expression cannot be known.
pub(in crate::promise) fn unknown(text: &str) -> String {
    let reasons = [
        ("needs.", "it is an output of another job, which only a run knows"),
        ("steps.", "it is an output of a step, which only a run knows"),
        ("secrets.", "it is a secret on GitHub"),
        ("vars.", "it is a variable on GitHub, not in the repository"),
        ("github.", "it depends on the event"),
        ("inputs.", "it is an input that nothing in the repository sets"),
        ("env.", "its variable is set by no file of the repository"),
        ("matrix.", "its matrix cannot be known before a run"),
    ];
    let found = reasons.iter().find(|(sign, _)| text.contains(sign)).map(|(_, reason)| *reason);
    found.unwrap_or("its expression cannot be evaluated here").to_owned()
}
