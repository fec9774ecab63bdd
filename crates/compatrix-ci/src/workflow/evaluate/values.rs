//! Values as GitHub compares and converts them.

use serde_json::{Map, Value};

/// Looks a property up, ignoring case.
pub(super) fn property<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Whether GitHub treats it as true: everything except `false`, 0, the empty string and null.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(so) => *so,
        Value::Number(n) => n.as_f64().is_some_and(|n| n != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A value as text, as GitHub inserts it.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(so) => so.to_string(),
        Value::Number(n) => {
            n.as_f64().filter(|n| n.fract() == 0.0).map_or_else(|| n.to_string(), |n| format!("{n:.0}"))
        }
        Value::String(text) => text.clone(),
        Value::Array(_) => "Array".to_owned(),
        Value::Object(_) => "Object".to_owned(),
    }
}

/// A value as a number, for comparing different types. `None` is NaN, which equals nothing.
pub(super) fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(so) => Some(f64::from(u8::from(*so))),
        Value::Number(n) => n.as_f64(),
        Value::String(text) if text.trim().is_empty() => Some(0.0),
        Value::String(text) => number(text.trim()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Loose equality: strings ignoring case, different types as numbers.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        // GitHub compares identity; no two expressions here yield the same object.
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => false,
        _ => compare(left, right).is_some_and(|order| order.is_eq()),
    }
}

pub(super) fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.to_uppercase().cmp(&right.to_uppercase())),
        _ => to_number(left)?.partial_cmp(&to_number(right)?),
    }
}

/// Parses a JSON number, or a hexadecimal one.
pub(super) fn number(text: &str) -> Option<f64> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok().map(f64::from),
        None if text.contains(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))) => None,
        None => text.parse().ok(),
    }
}
