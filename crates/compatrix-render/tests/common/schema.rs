//! JSON Schema, as far as the schema of SARIF needs it. A word that is not known here is an error: nothing is taken for
//! checked that was not.

use serde_json::Value;

/// A schema with its definitions.
pub struct Schema(Value);

/// Words that demand nothing.
const SILENT: [&str; 7] = ["description", "title", "default", "$schema", "$id", "definitions", "format"];

impl Schema {
    /// SARIF 2.1.0.
    pub fn sarif() -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/sarif-schema-2.1.0.json");
        Schema(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// The schema of this text.
    pub fn of(text: &str) -> Self {
        Schema(serde_json::from_str(text).unwrap())
    }

    /// What is wrong with a document, with the place of each.
    pub fn check(&self, document: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.node(&self.0, document, "", &mut wrong);
        wrong
    }

    fn node(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        for (word, wants) in schema.as_object().expect("a schema is an object") {
            let mut say = |what: String| wrong.push(format!("{at}: {what}"));
            match word.as_str() {
                silent if SILENT.contains(&silent) => {}
                "$ref" => {
                    let name = wants.as_str().and_then(|name| name.strip_prefix('#')).expect("a local reference");
                    self.node(self.0.pointer(name).expect("a definition"), value, at, wrong);
                }
                "type" if !has_type(value, wants) => say(format!("is no {wants}")),
                "enum" if !wants.as_array().unwrap().contains(value) => say(format!("{value} is none of {wants}")),
                "required" => {
                    for name in wants.as_array().unwrap() {
                        if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                            say(format!("lacks {name}"));
                        }
                    }
                }
                "properties" => {
                    for (name, inner) in wants.as_object().unwrap() {
                        if let Some(inside) = value.get(name) {
                            self.node(inner, inside, &format!("{at}/{name}"), wrong);
                        }
                    }
                }
                "additionalProperties" => {
                    let known = schema.get("properties").and_then(Value::as_object);
                    for (name, inside) in value.as_object().into_iter().flatten() {
                        if known.is_some_and(|known| known.contains_key(name)) {
                            continue;
                        }
                        match wants {
                            Value::Bool(true) => {}
                            Value::Bool(false) => wrong.push(format!("{at}: does not know {name:?}")),
                            inner => self.node(inner, inside, &format!("{at}/{name}"), wrong),
                        }
                    }
                }
                "items" => {
                    for (n, inside) in value.as_array().into_iter().flatten().enumerate() {
                        self.node(wants, inside, &format!("{at}/{n}"), wrong);
                    }
                }
                "minItems" if value.as_array().is_some_and(|list| (list.len() as u64) < wants.as_u64().unwrap()) => {
                    say(format!("has fewer than {wants} items"));
                }
                "maxItems" if value.as_array().is_some_and(|list| (list.len() as u64) > wants.as_u64().unwrap()) => {
                    say(format!("has more than {wants} items"));
                }
                "uniqueItems" if *wants == Value::Bool(true) => {
                    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    if list.iter().enumerate().any(|(n, one)| list[..n].contains(one)) {
                        say("has one item twice".into());
                    }
                }
                "minimum" if value.as_f64().is_some_and(|n| n < wants.as_f64().unwrap()) => {
                    say(format!("{value} is less than {wants}"));
                }
                "maximum" if value.as_f64().is_some_and(|n| n > wants.as_f64().unwrap()) => {
                    say(format!("{value} is more than {wants}"));
                }
                "anyOf" | "oneOf" => {
                    let fits = wants.as_array().unwrap().iter().filter(|one| {
                        let mut inside = Vec::new();
                        self.node(one, value, at, &mut inside);
                        inside.is_empty()
                    });
                    let fits = fits.count();
                    if fits == 0 || (word == "oneOf" && fits > 1) {
                        say(format!("{fits} of {word} fit"));
                    }
                }
                "type" | "enum" | "minItems" | "maxItems" | "uniqueItems" | "minimum" | "maximum" => {}
                // `pattern` is only for values that are not written so far (GUIDs, languages).
                other => panic!("{at}: the schema's word {other:?} is not known to this check"),
            }
        }
    }
}

fn has_type(value: &Value, wants: &Value) -> bool {
    match wants {
        Value::Array(any) => any.iter().any(|one| has_type(value, one)),
        one => match one.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        },
    }
}
