//! The built-in functions of expressions.

use serde_json::Value;

use super::scope::Scope;
use super::values::{equal, to_text};

/// Each function in lower case, with its minimum and maximum number of arguments.
const FUNCTIONS: [(&str, usize, usize); 12] = [
    ("always", 0, 0),
    ("cancelled", 0, 0),
    ("contains", 2, 2),
    ("endswith", 2, 2),
    ("failure", 0, 0),
    ("format", 1, usize::MAX),
    ("fromjson", 1, 1),
    ("hashfiles", 1, usize::MAX),
    ("join", 1, 2),
    ("startswith", 2, 2),
    ("success", 0, 0),
    ("tojson", 1, 1),
];

/// Whether it is a status function, such as `success()`.
pub(super) fn is_status(name: &str) -> bool {
    matches!(name, "always" | "cancelled" | "failure" | "success")
}

pub(super) fn known(name: &str) -> Result<(), String> {
    match FUNCTIONS.iter().any(|(known, ..)| *known == name) {
        true => Ok(()),
        false => Err(format!("the function `{name}` is not known here")),
    }
}

pub(super) fn arity(name: &str, count: usize) -> Result<(), String> {
    let found = FUNCTIONS.iter().find(|(known, ..)| *known == name);
    match found.is_some_and(|(_, least, most)| (*least..=*most).contains(&count)) {
        true => Ok(()),
        false => Err(format!("`{name}` does not take {count} arguments")),
    }
}

pub(super) fn call(name: &str, args: &[Value], scope: &Scope<'_>) -> Result<Value, String> {
    let text = |n: usize| to_text(&args[n]);
    Ok(match name {
        "always" => Value::Bool(true),
        "success" => Value::Bool(scope.status.success),
        "failure" => Value::Bool(scope.status.failure),
        "cancelled" => Value::Bool(scope.status.cancelled),
        "contains" => Value::Bool(match &args[0] {
            Value::Array(list) => list.iter().any(|item| equal(item, &args[1])),
            _ => text(0).to_uppercase().contains(&text(1).to_uppercase()),
        }),
        "startswith" => Value::Bool(text(0).to_uppercase().starts_with(&text(1).to_uppercase())),
        "endswith" => Value::Bool(text(0).to_uppercase().ends_with(&text(1).to_uppercase())),
        "format" => Value::String(format(&text(0), &args[1..])?),
        "join" => {
            let between = if args.len() > 1 { text(1) } else { ",".to_owned() };
            Value::String(match &args[0] {
                Value::Array(list) => list.iter().map(to_text).collect::<Vec<_>>().join(&between),
                one => to_text(one),
            })
        }
        "tojson" => Value::String(serde_json::to_string_pretty(&args[0]).map_err(|error| error.to_string())?),
        "fromjson" => {
            serde_json::from_str(&text(0)).map_err(|error| format!("fromJSON cannot read `{}`: {error}", text(0)))?
        }
        "hashfiles" => Value::String((scope.hash_files)(&args.iter().map(to_text).collect::<Vec<_>>())?),
        other => return Err(format!("the function `{other}` is not known here")),
    })
}

/// Implements `format`: `{0}` is the first argument, `{{` and `}}` are braces.
fn format(pattern: &str, args: &[Value]) -> Result<String, String> {
    let refused = || format!("format cannot read `{pattern}` with {} arguments", args.len());
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
        } else if brace == "{" {
            let (index, after) = rest.split_once('}').ok_or_else(refused)?;
            let arg = index.parse::<usize>().ok().and_then(|index| args.get(index)).ok_or_else(refused)?;
            out.push_str(&to_text(arg));
            rest = after;
        } else {
            return Err(refused());
        }
    }
    out.push_str(rest);
    Ok(out)
}
