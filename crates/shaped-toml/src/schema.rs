//! Generates JSON Schema from the shape that checks a document, for completion and validation in editors.
//!
//! The schema is weaker than a check: it cannot express dependencies between parts of the file.

use serde_json::{json, Map, Value};

use crate::format::TextFormat;
use crate::shape::{Need, Shape, TableShape};

/// The JSON Schema (draft 7, which editors' TOML plug-ins support) of a document: pretty-printed, with sorted keys and
/// deterministic.
pub fn json_schema(document: &TableShape, title: &str, description: &str) -> String {
    let mut schema = table(document);
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!(title));
    schema.insert("description".to_owned(), json!(description));
    let text = serde_json::to_string_pretty(&sorted(Value::Object(schema)));
    // A tree of strings and numbers always serialises.
    text.unwrap_or_default() + "\n"
}

fn shape(shape: &Shape) -> Map<String, Value> {
    match shape {
        Shape::Text(format) => text(*format),
        Shape::Integer { min, max } => object(json!({ "type": "integer", "minimum": min, "maximum": max })),
        Shape::Flag => object(json!({ "type": "boolean" })),
        Shape::List { item, min, unique } => object(json!({
            "type": "array",
            "items": self::shape(item),
            "minItems": min,
            "uniqueItems": unique,
        })),
        Shape::Table(shape) => table(shape),
        Shape::OneOf(shapes) => {
            let alternatives: Vec<_> = shapes.iter().map(self::shape).collect();
            object(json!({ "anyOf": alternatives }))
        }
    }
}

fn text(format: &dyn TextFormat) -> Map<String, Value> {
    let mut schema = format.schema();
    schema.insert("type".to_owned(), json!("string"));
    schema
}

fn table(table: &TableShape) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut conditions = Vec::new();
    for key in table.keys {
        let mut schema = shape(&key.shape);
        schema.insert("description".to_owned(), json!(key.doc));
        let default = match key.need {
            Need::Optional => None,
            Need::Required => {
                required.push(key.name);
                None
            }
            Need::RequiredIf { key: other, is } => {
                conditions.push(json!({
                    "if": { "properties": { other: { "const": is } }, "required": [other] },
                    "then": { "required": [key.name] },
                }));
                None
            }
            Need::Text(text) => Some(json!(text)),
            Need::Texts(texts) => Some(json!(texts)),
            Need::Integer(number) => Some(json!(number)),
            Need::Flag(flag) => Some(json!(flag)),
        };
        if let Some(default) = default {
            schema.insert("default".to_owned(), default);
        }
        properties.insert(key.name.to_owned(), Value::Object(schema));
    }
    let mut schema = object(json!({ "type": "object", "properties": properties, "additionalProperties": false }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if !conditions.is_empty() {
        schema.insert("allOf".to_owned(), json!(conditions));
    }
    if table.min > 0 {
        schema.insert("minProperties".to_owned(), json!(table.min));
    }
    if let Some(rest) = &table.rest {
        let mut other = shape(rest.shape);
        other.insert("description".to_owned(), json!(rest.doc));
        schema.insert("additionalProperties".to_owned(), Value::Object(other));
        schema.insert("propertyNames".to_owned(), Value::Object(text(rest.name)));
        if !table.later.words.is_empty() {
            schema.insert("not".to_owned(), json!({ "anyOf": later(table) }));
        }
    }
    schema
}

/// Reserved words must not pass as user-defined names.
fn later(table: &TableShape) -> Vec<Value> {
    table.later.words.iter().map(|word| json!({ "required": [word] })).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Sorts keys, whichever map serde_json was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        other => other,
    }
}
