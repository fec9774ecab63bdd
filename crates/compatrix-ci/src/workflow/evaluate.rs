//! Evaluates GitHub's expressions: conditions, and texts that contain `${{ … }}`.
//!
//! A rehearsal must be neither more lenient than GitHub nor guess: an unknown name is an error, never false.
//! Source of the rules: docs.github.com, "Evaluate expressions in workflows and actions" and "Contexts reference".

mod functions;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

pub use parse::Expr;
use parse::{Op, Postfix};

/// The values that an expression can use.
pub struct Scope<'a> {
    /// Contexts by name: `github`, `needs`, `matrix` …
    pub contexts: Map<String, Value>,
    /// Paths of objects whose missing properties are null, as on GitHub; `*` matches any one name. Elsewhere a missing
    /// property is an error.
    pub open: &'a [&'a str],
    /// Paths to values that only GitHub has: token, secrets.
    pub withheld: &'a [&'a str],
    /// The answers of `success()` and similar functions.
    pub status: Status,
    /// Implements `hashFiles()`.
    pub hash_files: HashFiles<'a>,
}

/// Returns the hash of the files that match these patterns.
pub type HashFiles<'a> = Box<dyn Fn(&[String]) -> Result<String, String> + 'a>;

/// The combined result of everything before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Everything succeeded.
    pub success: bool,
    /// Something failed.
    pub failure: bool,
    /// Something was cancelled.
    pub cancelled: bool,
}

impl Status {
    /// Nothing went wrong yet.
    pub const GOOD: Status = Status { success: true, failure: false, cancelled: false };
}

/// Why an expression cannot be evaluated here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It needs a value that only GitHub has; the path.
    Withheld(String),
    /// It does not parse, or uses an unknown name; the message.
    Unknown(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Withheld(path) => write!(f, "only GitHub has `{path}`"),
            Trouble::Unknown(text) => f.write_str(text),
        }
    }
}

/// Evaluates a condition (`if`). As on GitHub, a condition without a status function, or no condition, also requires that
/// everything before succeeded.
///
/// # Errors
/// It does not parse, or uses an unknown name.
pub fn condition(text: Option<&str>, scope: &Scope<'_>) -> Result<bool, Trouble> {
    let Some(text) = text else { return Ok(scope.status.success) };
    let bare = text.trim();
    let inner =
        bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).filter(|inner| !inner.contains("${{"));
    let expr = Expr::parse(inner.unwrap_or(bare)).map_err(Trouble::Unknown)?;
    if !expr.asks_for_status() && !scope.status.success {
        return Ok(false);
    }
    Ok(truthy(&evaluate(&expr, scope)?))
}

/// Replaces each `${{ … }}` in a text by its value.
///
/// # Errors
/// As [`condition`].
pub fn text(text: &str, scope: &Scope<'_>) -> Result<String, Trouble> {
    let mut out = String::new();
    for part in parts(text).map_err(Trouble::Unknown)? {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Expr(expr) => out.push_str(&to_text(&evaluate(&expr, scope)?)),
        }
    }
    Ok(out)
}

/// The value of a text that is a single `${{ … }}`, otherwise the text with replacements.
///
/// # Errors
/// As [`condition`].
pub fn value(whole: &str, scope: &Scope<'_>) -> Result<Value, Trouble> {
    match parts(whole).map_err(Trouble::Unknown)?.as_slice() {
        [Part::Expr(expr)] => evaluate(expr, scope),
        _ => text(whole, scope).map(Value::String),
    }
}

/// Parses all expressions of a text.
///
/// # Errors
/// The expression and its problem.
pub fn check(text: &str) -> Result<(), String> {
    parts(text).map(|_| ())
}

/// Like [`check`], for a condition, which may omit `${{ }}`.
///
/// # Errors
/// As [`check`].
pub fn check_condition(text: &str) -> Result<(), String> {
    if text.contains("${{") {
        return check(text);
    }
    Expr::parse(text).map(|_| ())
}

enum Part<'a> {
    Text(&'a str),
    Expr(Expr),
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        if start > 0 {
            found.push(Part::Text(&rest[..start]));
        }
        let inner = &rest[start + 3..];
        let mut quoted = false;
        let end = inner.char_indices().find_map(|(at, c)| {
            quoted ^= c == '\'';
            (!quoted && inner[at..].starts_with("}}")).then_some(at)
        });
        let end = end.ok_or_else(|| format!("`{rest}` has a `${{{{` without `}}}}`"))?;
        found.push(Part::Expr(Expr::parse(&inner[..end])?));
        rest = &inner[end + 2..];
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest));
    }
    Ok(found)
}

/// A value, with its path of contexts if it has one.
struct Found {
    value: Value,
    path: Option<Vec<String>>,
}

fn evaluate(expr: &Expr, scope: &Scope<'_>) -> Result<Value, Trouble> {
    Ok(find(expr, scope)?.value)
}

fn find(expr: &Expr, scope: &Scope<'_>) -> Result<Found, Trouble> {
    let plain = |value| Ok(Found { value, path: None });
    match expr {
        Expr::Literal(value) => plain(value.clone()),
        Expr::Context(name) => {
            refuse_withheld(std::slice::from_ref(name), scope)?;
            let value = property(&scope.contexts, name).cloned();
            let value = value.ok_or_else(|| Trouble::Unknown(format!("the context `{name}` is not known here")))?;
            Ok(Found { value, path: Some(vec![name.clone()]) })
        }
        Expr::Call(name, args) => {
            let values = args.iter().map(|arg| evaluate(arg, scope)).collect::<Result<Vec<_>, _>>()?;
            plain(functions::call(name, &values, scope).map_err(Trouble::Unknown)?)
        }
        Expr::Not(of) => plain(Value::Bool(!truthy(&evaluate(of, scope)?))),
        Expr::Binary(left, op, right) => {
            let left = evaluate(left, scope)?;
            // The value of one side without evaluating the other, as in JavaScript.
            match op {
                Op::And if !truthy(&left) => return plain(left),
                Op::Or if truthy(&left) => return plain(left),
                _ => {}
            }
            let right = evaluate(right, scope)?;
            plain(match op {
                Op::And | Op::Or => right,
                Op::Equal => Value::Bool(equal(&left, &right)),
                Op::NotEqual => Value::Bool(!equal(&left, &right)),
                Op::Less => Value::Bool(compare(&left, &right).is_some_and(|order| order.is_lt())),
                Op::LessEqual => Value::Bool(compare(&left, &right).is_some_and(|order| order.is_le())),
                Op::Greater => Value::Bool(compare(&left, &right).is_some_and(|order| order.is_gt())),
                Op::GreaterEqual => Value::Bool(compare(&left, &right).is_some_and(|order| order.is_ge())),
            })
        }
        Expr::Postfix(of, postfix) => {
            let of = find(of, scope)?;
            match postfix {
                Postfix::All => plain(Value::Array(match of.value {
                    Value::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
                    Value::Array(list) => list,
                    _ => Vec::new(),
                })),
                Postfix::Name(name) => step(of, name, scope),
                Postfix::Index(index) => match evaluate(index, scope)? {
                    Value::Number(n) => {
                        let at = n.as_f64().filter(|n| *n >= 0.0).map(|n| n as usize);
                        plain(at.and_then(|at| of.value.get(at).cloned()).unwrap_or(Value::Null))
                    }
                    other => step(of, &to_text(&other), scope),
                },
            }
        }
    }
}

/// Accesses the property with this name.
fn step(of: Found, name: &str, scope: &Scope<'_>) -> Result<Found, Trouble> {
    let path = of.path.map(|mut path| {
        path.push(name.to_owned());
        path
    });
    if let Some(path) = &path {
        refuse_withheld(path, scope)?;
    }
    match (of.value, path) {
        // `needs.*.result`: of each element that has one.
        (Value::Array(list), _) => {
            let each = list.iter().filter_map(|item| property(item.as_object()?, name).cloned());
            Ok(Found { value: Value::Array(each.collect()), path: None })
        }
        (Value::Object(map), path) => match (property(&map, name), path) {
            (Some(value), path) => Ok(Found { value: value.clone(), path }),
            (None, Some(path)) if !is_in(&path[..path.len() - 1], scope.open) => {
                Err(Trouble::Unknown(format!("`{}` is not known here", path.join("."))))
            }
            (None, _) => Ok(Found { value: Value::Null, path: None }),
        },
        _ => Ok(Found { value: Value::Null, path: None }),
    }
}

fn refuse_withheld(path: &[String], scope: &Scope<'_>) -> Result<(), Trouble> {
    match is_in(path, scope.withheld) {
        true => Err(Trouble::Withheld(path.join("."))),
        false => Ok(()),
    }
}

fn is_in(path: &[String], patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| {
        let words: Vec<&str> = pattern.split('.').collect();
        words.len() == path.len()
            && words.iter().zip(path).all(|(word, name)| *word == "*" || word.eq_ignore_ascii_case(name))
    })
}

/// Looks a property up, ignoring case.
fn property<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
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
fn to_number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(0.0),
        Value::Bool(so) => Some(f64::from(u8::from(*so))),
        Value::Number(n) => n.as_f64(),
        Value::String(text) if text.trim().is_empty() => Some(0.0),
        Value::String(text) => parse::number(text.trim()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Loose equality: strings ignoring case, different types as numbers.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        // GitHub compares identity; no two expressions here yield the same object.
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => false,
        _ => compare(left, right).is_some_and(|order| order.is_eq()),
    }
}

fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.to_uppercase().cmp(&right.to_uppercase())),
        _ => to_number(left)?.partial_cmp(&to_number(right)?),
    }
}
