//! Evaluates GitHub's expressions: conditions, and texts that contain `${{ … }}`.
//!
//! A rehearsal must be neither more lenient than GitHub nor guess: an unknown name is an error, never false.
//! Source of the rules: docs.github.com, "Evaluate expressions in workflows and actions" and "Contexts reference".

mod functions;
mod parse;
mod scope;
#[cfg(test)]
mod tests;
mod values;

use serde_json::Value;

pub use parse::Expr;
use parse::{Op, Postfix};
pub use scope::{HashFiles, Scope, Status, Trouble};
use values::{compare, equal, property};
pub use values::{to_text, truthy};

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
            TextPart::Text(text) => out.push_str(text),
            TextPart::Expr(expr) => out.push_str(&to_text(&evaluate(&expr, scope)?)),
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
        [TextPart::Expr(expr)] => evaluate(expr, scope),
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

enum TextPart<'a> {
    Text(&'a str),
    Expr(Expr),
}

fn parts(text: &str) -> Result<Vec<TextPart<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        if start > 0 {
            found.push(TextPart::Text(&rest[..start]));
        }
        let inner = &rest[start + 3..];
        let mut quoted = false;
        let end = inner.char_indices().find_map(|(at, c)| {
            quoted ^= c == '\'';
            (!quoted && inner[at..].starts_with("}}")).then_some(at)
        });
        let end = end.ok_or_else(|| format!("`{rest}` has a `${{{{` without `}}}}`"))?;
        found.push(TextPart::Expr(Expr::parse(&inner[..end])?));
        rest = &inner[end + 2..];
    }
    if !rest.is_empty() {
        found.push(TextPart::Text(rest));
    }
    Ok(found)
}

/// A value, with its path of contexts if it has one.
struct FoundValue {
    value: Value,
    path: Option<Vec<String>>,
}

fn evaluate(expr: &Expr, scope: &Scope<'_>) -> Result<Value, Trouble> {
    Ok(find(expr, scope)?.value)
}

fn find(expr: &Expr, scope: &Scope<'_>) -> Result<FoundValue, Trouble> {
    let plain = |value| Ok(FoundValue { value, path: None });
    match expr {
        Expr::Literal(value) => plain(value.clone()),
        Expr::Context(name) => {
            refuse_withheld(std::slice::from_ref(name), scope)?;
            let value = property(&scope.contexts, name).cloned();
            let value = value.ok_or_else(|| Trouble::Unknown(format!("the context `{name}` is not known here")))?;
            Ok(FoundValue { value, path: Some(vec![name.clone()]) })
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
fn step(of: FoundValue, name: &str, scope: &Scope<'_>) -> Result<FoundValue, Trouble> {
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
            Ok(FoundValue { value: Value::Array(each.collect()), path: None })
        }
        (Value::Object(map), path) => match (property(&map, name), path) {
            (Some(value), path) => Ok(FoundValue { value: value.clone(), path }),
            (None, Some(path)) if !is_in(&path[..path.len() - 1], scope.open) => {
                Err(Trouble::Unknown(format!("`{}` is not known here", path.join("."))))
            }
            (None, _) => Ok(FoundValue { value: Value::Null, path: None }),
        },
        _ => Ok(FoundValue { value: Value::Null, path: None }),
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
