//! The walk of a TOML tree along its shape: reports all that does not fit, and gives what does.

use std::collections::HashMap;
use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};
use toml::Spanned;

use super::format::{not_yet, Format};
use super::problem::{nearest, Collector, Problem};
use super::shape::{Need, Shape, TableShape};
use super::tree::{Entry, List, Node, Table, Value};

/// Checks the root table. What does not fit is reported and left out.
pub(crate) fn document(root: &DeTable<'_>, shape: &TableShape, c: &mut Collector<'_>) -> Table {
    table(root, 0..0, shape, c)
}

fn node(value: &Spanned<DeValue<'_>>, shape: &Shape, name: &str, c: &mut Collector<'_>) -> Option<Node> {
    let span = value.span();
    let value = match (value.get_ref(), shape) {
        (DeValue::String(found), Shape::Text(format)) => text(found, *format, &span, c)?,
        // A date may stand without quotes.
        (DeValue::Datetime(found), Shape::Text(format @ Format::Date)) => text(&found.to_string(), *format, &span, c)?,
        (DeValue::Integer(found), Shape::Integer { min, max }) => {
            match i64::from_str_radix(found.as_str(), found.radix()) {
                Ok(number) if (*min..=*max).contains(&number) => Value::Integer(number),
                _ => {
                    let problem = Problem::new(format!("`{name}` is {}", shape.describe())).label("out of range");
                    c.error(span, problem);
                    return None;
                }
            }
        }
        (DeValue::Boolean(found), Shape::Flag) => Value::Flag(*found),
        (DeValue::Array(found), Shape::List { item, min, unique }) => {
            Value::List(list(found, &span, (item, *min, *unique), name, c))
        }
        (DeValue::Table(found), Shape::Table(shape)) => Value::Table(table(found, span.clone(), shape, c)),
        (found, Shape::OneOf(shapes)) => match shapes.iter().find(|shape| fits(found, shape)) {
            Some(shape) => return node(value, shape, name, c),
            None => return wrong_type(value, shape, name, c),
        },
        _ => return wrong_type(value, shape, name, c),
    };
    Some(Node { span, value })
}

/// Whether the value is of the shape's TOML type.
fn fits(value: &DeValue<'_>, shape: &Shape) -> bool {
    match shape {
        Shape::Text(Format::Date) => value.is_str() || value.is_datetime(),
        Shape::Text(_) => value.is_str(),
        Shape::Integer { .. } => value.is_integer(),
        Shape::Flag => value.is_bool(),
        Shape::List { .. } => value.is_array(),
        Shape::Table(_) => value.is_table(),
        Shape::OneOf(shapes) => shapes.iter().any(|shape| fits(value, shape)),
    }
}

fn wrong_type(value: &Spanned<DeValue<'_>>, shape: &Shape, name: &str, c: &mut Collector<'_>) -> Option<Node> {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let mut problem = Problem::new(format!("`{name}` must be {}, not {found}", shape.describe())).label(found);
    let raw = c.text().get(value.span()).unwrap_or_default();
    let scalar = !value.get_ref().is_array() && !value.get_ref().is_table();
    let takes_text = fits(&DeValue::String("".into()), shape);
    let takes_list = matches!(shape, Shape::List { item, .. } if fits(value.get_ref(), item));
    if scalar && takes_text {
        problem = problem.help(format!("put it in quotes: `\"{raw}\"`"));
    } else if scalar && takes_list {
        problem = problem.help(format!("put it in brackets: `[{raw}]`"));
    } else if value.get_ref().is_table() && takes_list {
        problem = problem.help(format!("put it in double brackets: `[[{name}]]`"));
    }
    c.error(value.span(), problem);
    None
}

fn text(found: &str, format: Format, span: &Range<usize>, c: &mut Collector<'_>) -> Option<Value> {
    match format.check(found) {
        Ok(()) => Some(Value::Text(found.to_owned())),
        Err(problem) => {
            c.error(span.clone(), problem);
            None
        }
    }
}

fn list(
    array: &DeArray<'_>,
    span: &Range<usize>,
    (item, min, unique): (&Shape, usize, bool),
    name: &str,
    c: &mut Collector<'_>,
) -> List {
    let mut list = List::default();
    let mut seen: HashMap<String, Range<usize>> = HashMap::new();
    for element in array.iter() {
        let Some(node) = node(element, item, name, c) else {
            let raw = c.text().get(element.span()).unwrap_or_default();
            list.rejected.push(element.get_ref().as_str().unwrap_or(raw).to_owned());
            continue;
        };
        if let (true, Some(text)) = (unique, node.text()) {
            if let Some(first) = seen.get(text) {
                c.error(node.span.clone(), twice(text, name, first));
                continue;
            }
            seen.insert(text.to_owned(), node.span.clone());
        }
        list.items.push(node);
    }
    if array.len() < min {
        c.error(
            span.clone(),
            Problem::new(format!("`{name}` is empty")).help("name at least one, or leave the key out"),
        );
    }
    list
}

/// The same name a second time.
pub(crate) fn twice(name: &str, of: &str, first: &Range<usize>) -> Problem {
    Problem::new(format!("`{name}` stands twice in `{of}`"))
        .label("second time")
        .related(first.clone(), "first time")
        .help("leave one of them out")
}

fn table(found: &DeTable<'_>, span: Range<usize>, shape: &TableShape, c: &mut Collector<'_>) -> Table {
    let mut table = Table::default();
    let mut keys: Vec<_> = found.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in keys {
        let name: &str = key.get_ref();
        let node = match shape.key(name) {
            Some(known) => node(value, &known.shape, name, c),
            None => other_key(key.span(), name, value, shape, c),
        };
        match node {
            Some(node) => table.entries.push(Entry { key: name.to_owned(), key_span: key.span(), node }),
            None => table.rejected.push(name.to_owned()),
        }
    }
    if found.iter().count() < shape.min {
        let what = shape.rest.as_ref().map_or("a key", |rest| rest.what);
        c.error(span.clone(), Problem::new(format!("{} is empty", shape.title)).help(format!("name at least {what}")));
    }
    for key in shape.keys.iter().filter(|key| !found.contains_key(key.name)) {
        let value = match key.need {
            Need::Optional => continue,
            Need::Required => {
                let problem = Problem::new(format!("{} lacks the key `{}`", shape.title, key.name)).needs_whole();
                c.error(span.clone(), problem.help(format!("`{}`: {}", key.name, key.doc)));
                continue;
            }
            Need::Text(text) => Value::Text(text.to_owned()),
            Need::Integer(number) => Value::Integer(number),
            Need::Flag(flag) => Value::Flag(flag),
        };
        let node = Node { span: span.clone(), value };
        table.entries.push(Entry { key: key.name.to_owned(), key_span: span.clone(), node });
    }
    table
}

/// A key that the shape does not name: the user's own, a word of a later version, or a mistake.
fn other_key(
    span: Range<usize>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
    shape: &TableShape,
    c: &mut Collector<'_>,
) -> Option<Node> {
    let known = || shape.keys.iter().map(|key| key.name);
    if shape.later.contains(&name) {
        c.error(span, not_yet(&format!("`{name}` in {}", shape.title)).known("", known()));
        return None;
    }
    let Some(rest) = &shape.rest else {
        c.error(span, Problem::new(format!("unknown key `{name}` in {}", shape.title)).known(name, known()));
        return None;
    };
    if let Err(problem) = rest.name.check(name) {
        c.error(span, problem.part(0..name.len()));
        return None;
    }
    let mark = c.mark();
    let node = node(value, rest.shape, name, c);
    // What fits neither the user's own keys nor, by a letter or two, a known one was meant as the known one.
    if c.since(mark) && nearest(name, known()).is_some() {
        c.forget(mark);
        c.error(span, Problem::new(format!("unknown key `{name}` in {}", shape.title)).known(name, known()));
        return None;
    }
    node
}
