//! GitHub's expressions, evaluated: conditions, and texts with `${{ … }}` in them.
//!
//! A rehearsal must not be kinder than GitHub, nor guess: what is not known here is an error that names it, never false.
//! Source of the rules: docs.github.com, "Evaluate expressions in workflows and actions" and "Contexts reference".

mod functions;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

pub use parse::Expr;
use parse::{Op, Postfix};

/// What an expression can ask for.
pub struct Scope<'a> {
    /// The contexts by name: `github`, `needs`, `matrix` …
    pub contexts: Map<String, Value>,
    /// Paths of objects of which a property that is not there is null, as on GitHub; `*` stands for any one name. Of all
    /// others it is an error.
    pub open: &'a [&'a str],
    /// Paths that hold what only GitHub has: its token, secrets.
    pub withheld: &'a [&'a str],
    /// What `success()` and its like answer.
    pub status: Status,
    /// `hashFiles()` of these patterns.
    pub hash_files: HashFiles<'a>,
}

/// Gives the hash of the files that these patterns match.
pub type HashFiles<'a> = Box<dyn Fn(&[String]) -> Result<String, String> + 'a>;

/// How what came before has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// All of it succeeded.
    pub success: bool,
    /// Some of it failed.
    pub failure: bool,
    /// It was cancelled.
    pub cancelled: bool,
}

impl Status {
    /// Nothing went wrong yet.
    pub const GOOD: Status = Status { success: true, failure: false, cancelled: false };
}

/// Why an expression has no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It asks for what only GitHub has; the path.
    Withheld(String),
    /// It cannot be read, or names what is not known; a text for people.
    Unknown(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Withheld(path) => write!(f, "`{path}` is GitHub's alone"),
            Trouble::Unknown(text) => f.write_str(text),
        }
    }
}

/// A condition (`if`). One that asks for no status holds only where all before has succeeded, as on GitHub; so does none.
///
/// # Errors
/// It cannot be read, or names what is not known.
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

/// A text in which each `${{ … }}` is replaced by its value.
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

/// The value of a text that is one `${{ … }}`, else the text.
///
/// # Errors
/// As [`condition`].
pub fn value(whole: &str, scope: &Scope<'_>) -> Result<Value, Trouble> {
    match parts(whole).map_err(Trouble::Unknown)?.as_slice() {
        [Part::Expr(expr)] => evaluate(expr, scope),
        _ => text(whole, scope).map(Value::String),
    }
}

/// All expressions of a text, read: an error where one cannot be.
///
/// # Errors
/// Which expression, and what is wrong with it.
pub fn check(text: &str) -> Result<(), String> {
    parts(text).map(|_| ())
}

/// As [`check`] for a condition, which may stand without `${{ }}`.
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
        let end = end.ok_or_else(|| format!("`{rest}` has a `${{{{` without its `}}}}`"))?;
        found.push(Part::Expr(Expr::parse(&inner[..end])?));
        rest = &inner[end + 2..];
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest));
    }
    Ok(found)
}

/// A value, and the path of contexts that led to it, while there is one.
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
            // The value of one side, and the other side is not looked at, as in JavaScript.
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

/// The property of this name.
fn step(of: Found, name: &str, scope: &Scope<'_>) -> Result<Found, Trouble> {
    let path = of.path.map(|mut path| {
        path.push(name.to_owned());
        path
    });
    if let Some(path) = &path {
        refuse_withheld(path, scope)?;
    }
    match (of.value, path) {
        // `needs.*.result`: of each, where it has one.
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

/// Names of properties are compared without regard to case.
fn property<'m>(map: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Whether GitHub takes it for true: all but `false`, 0, the empty text and null.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(so) => *so,
        Value::Number(n) => n.as_f64().is_some_and(|n| n != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A value as text, as it is put into one.
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

/// A value as a number, for comparisons of different types; none: not a number, which is equal to nothing.
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

/// Loose equality: texts without regard to case, different types as numbers.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        // The same one, on GitHub; no two expressions give the same one here.
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
