//! What GitHub makes of a workflow: which jobs run on an event, and how a matrix is expanded.
//!
//! Rules: docs.github.com, "Running variations of jobs in a workflow" and "Evaluate expressions in workflows and actions".

use std::collections::BTreeMap;

use crate::yaml::Node;

/// One combination of a matrix.
pub(crate) type Row = BTreeMap<String, String>;

/// The combinations of a matrix: all of its vectors, without those that `exclude` names, then `include`.
pub(crate) fn expand(matrix: &Node) -> Vec<Row> {
    let row = |node: &Node| -> Row {
        node.entries().iter().map(|(key, value)| (key.clone(), value.text().to_owned())).collect()
    };
    let vectors = matrix.entries().iter().filter(|(key, _)| key != "include" && key != "exclude");
    let mut rows: Vec<Row> = Vec::new();
    for (n, (key, values)) in vectors.enumerate() {
        let before = if n == 0 { vec![Row::new()] } else { std::mem::take(&mut rows) };
        for row in before {
            for value in values.texts() {
                let mut row = row.clone();
                row.insert(key.clone(), value.to_owned());
                rows.push(row);
            }
        }
    }
    // A combination that has all that an entry names is left out.
    let excluded: Vec<Row> =
        matrix.get("exclude").map(|list| list.items().iter().map(row).collect()).unwrap_or_default();
    rows.retain(|row| !excluded.iter().any(|not| not.iter().all(|(key, value)| row.get(key) == Some(value))));
    // An entry goes into each combination of which it overwrites nothing that the vectors gave; if there is none, it is
    // a combination itself. What an earlier entry added may be overwritten.
    let original = rows.clone();
    for entry in matrix.get("include").map(Node::items).unwrap_or_default().iter().map(row) {
        let mut used = false;
        for (row, original) in rows.iter_mut().zip(&original) {
            if entry.iter().all(|(key, value)| original.get(key).is_none_or(|known| known == value)) {
                row.extend(entry.clone());
                used = true;
            }
        }
        if !used {
            rows.push(entry);
        }
    }
    rows
}

/// What an expression is evaluated in: values of contexts, by their dotted names. What is not there is empty.
pub(crate) type Contexts = BTreeMap<String, String>;

/// Whether a job's `if` holds, given whether all that it needs has succeeded.
pub(crate) fn holds(condition: Option<&str>, contexts: &Contexts, succeeded: bool) -> bool {
    let Some(condition) = condition else { return succeeded };
    let mut reader = Reader { rest: condition, contexts, asks_status: false };
    let value = reader.either();
    assert!(reader.rest.trim().is_empty(), "not read: {} of {condition}", reader.rest);
    // Without a function of status, `success() &&` stands in front.
    truth(&value) && (succeeded || reader.asks_status)
}

/// A text with expressions in it, evaluated.
pub(crate) fn interpolate(text: &str, contexts: &Contexts) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (inner, tail) = after.split_once("}}").expect("an expression ends");
        let mut reader = Reader { rest: inner, contexts, asks_status: false };
        out.push_str(before);
        out.push_str(&reader.either());
        assert!(reader.rest.trim().is_empty(), "not read: {} of {text}", reader.rest);
        rest = tail;
    }
    out + rest
}

fn truth(value: &str) -> bool {
    !matches!(value, "" | "false" | "0")
}

/// A reader of the part of the language that workflows use. Values are texts; false is `false`.
struct Reader<'a> {
    rest: &'a str,
    contexts: &'a Contexts,
    asks_status: bool,
}

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn either(&mut self) -> String {
        let mut value = self.both();
        while self.takes("||") {
            let other = self.both();
            value = if truth(&value) { value } else { other };
        }
        value
    }

    fn both(&mut self) -> String {
        let mut value = self.equal();
        while self.takes("&&") {
            let other = self.equal();
            value = if truth(&value) { other } else { value };
        }
        value
    }

    fn equal(&mut self) -> String {
        let value = self.one();
        if self.takes("==") {
            return value.eq_ignore_ascii_case(&self.one()).to_string();
        }
        if self.takes("!=") {
            return (!value.eq_ignore_ascii_case(&self.one())).to_string();
        }
        value
    }

    fn one(&mut self) -> String {
        if self.takes("!") {
            return (!truth(&self.one())).to_string();
        }
        if self.takes("(") {
            let value = self.either();
            assert!(self.takes(")"), "a bracket closes before {}", self.rest);
            return value;
        }
        if self.takes("'") {
            let (text, rest) = self.rest.split_once('\'').expect("a text ends");
            self.rest = rest;
            return text.to_owned();
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        if !self.takes("(") {
            assert!(name.contains('.') || self.contexts.contains_key(name), "{name} is no context");
            return self.contexts.get(name).cloned().unwrap_or_default();
        }
        let argument = if self.takes(")") { String::new() } else { self.argument() };
        match name {
            "always" => {
                self.asks_status = true;
                "true".to_owned()
            }
            "cancelled" => {
                self.asks_status = true;
                "false".to_owned()
            }
            "toJSON" | "hashFiles" => argument,
            other => panic!("{other} is no function that workflows use"),
        }
    }

    fn argument(&mut self) -> String {
        let value = self.either();
        assert!(self.takes(")"), "a call ends before {}", self.rest);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn shown(matrix: &str) -> Vec<String> {
        let show = |row: &Row| row.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ");
        expand(&parse(matrix).unwrap()).iter().map(show).collect()
    }

    /// The example of docs.github.com, "Expanding or adding matrix configurations".
    #[test]
    fn entries_of_include_extend_combinations_or_are_some() {
        let matrix =
            "fruit: [apple, pear]\nanimal: [cat, dog]\ninclude:\n  - color: green\n  - {color: pink, animal: cat}\n  \
                      - {fruit: apple, shape: circle}\n  - fruit: banana\n  - {fruit: banana, animal: cat}\n";
        let expected = [
            "animal=cat color=pink fruit=apple shape=circle",
            "animal=dog color=green fruit=apple shape=circle",
            "animal=cat color=pink fruit=pear",
            "animal=dog color=green fruit=pear",
            "fruit=banana",
            "animal=cat fruit=banana",
        ];
        assert_eq!(shown(matrix), expected);
    }

    #[test]
    fn exclude_names_parts_of_combinations_and_include_comes_after_it() {
        let matrix = "os: [l, m]\nv: [1, 2]\nexclude:\n  - {os: m}\n  - {os: l, v: 1}\ninclude:\n  - {os: m, v: 2}\n";
        assert_eq!(shown(matrix), ["os=l v=2", "os=m v=2"]);
        assert_eq!(shown("include:\n  - {a: 1}\n  - {a: 1}\n  - {b: 2}\n"), ["a=1", "a=1", "b=2"]);
    }

    #[test]
    fn conditions_are_evaluated_as_github_does() {
        let contexts: Contexts = [("github.event_name", "push"), ("inputs.event", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let check = |condition: &str, succeeded: bool, expected: bool| {
            assert_eq!(holds(Some(condition), &contexts, succeeded), expected, "{condition}");
        };
        check("github.event_name == 'push'", true, true);
        check("github.event_name == 'push'", false, false);
        check("always() && github.event_name == 'PUSH'", false, true);
        check("github.event_name == 'x' || github.event_name == 'push' && inputs.event == 'y'", true, false);
        check("!(github.event_name == 'x') && inputs.event == ''", true, true);
        assert!(holds(None, &contexts, true) && !holds(None, &contexts, false));
        assert_eq!(
            interpolate("a-${{ github.event_name == 'x' && 'y' || github.event_name }}-b", &contexts),
            "a-push-b"
        );
    }
}
