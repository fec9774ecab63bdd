//! Checks a TOML tree against its shape: reports everything that does not fit, and returns the rest.

use std::collections::HashMap;
use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};
use toml::Spanned;

use crate::format::TextFormat;
use crate::nearest::nearest;
use crate::problem::{Collector, Problem};
use crate::shape::{Need, Shape, TableShape};
use crate::tree::{Entry, List, Node, Table, Value};

/// Checks the root table. Parts that do not fit are reported and left out.
pub(crate) fn document(root: &DeTable<'_>, shape: &TableShape, c: &mut Collector<'_>) -> Table {
    Check { root, c }.table(root, 0..0, shape)
}

/// The state of a check.
struct Check<'w, 'a, 't> {
    root: &'w DeTable<'t>,
    c: &'w mut Collector<'a>,
}

impl Check<'_, '_, '_> {
    fn node(&mut self, value: &Spanned<DeValue<'_>>, shape: &Shape, name: &str) -> Option<Node> {
        let span = value.span();
        let value = match (value.get_ref(), shape) {
            (DeValue::String(found), Shape::Text(format)) => self.text(found, *format, &span)?,
            (DeValue::Datetime(found), Shape::Text(format)) if format.takes_dates() => {
                self.text(&found.to_string(), *format, &span)?
            }
            (DeValue::Integer(found), Shape::Integer { min, max }) => {
                match i64::from_str_radix(found.as_str(), found.radix()) {
                    Ok(number) if (*min..=*max).contains(&number) => Value::Integer(number),
                    _ => {
                        let problem =
                            Problem::new(format!("`{name}` must be {}", shape.describe())).label("out of range");
                        self.c.error(span, problem);
                        return None;
                    }
                }
            }
            (DeValue::Boolean(found), Shape::Flag) => Value::Flag(*found),
            (DeValue::Array(found), Shape::List { item, min, unique }) => {
                if found.len() < *min {
                    self.c.error(span.clone(), Problem::new(format!("`{name}` is empty")).help("name at least one"));
                }
                Value::List(self.list(found, item, *unique, name))
            }
            (DeValue::Table(found), Shape::Table(shape)) => Value::Table(self.table(found, span.clone(), shape)),
            (found, Shape::OneOf(shapes)) => match shapes.iter().find(|shape| fits(found, shape)) {
                Some(shape) => return self.node(value, shape, name),
                None => return self.wrong_type(value, shape, name),
            },
            _ => return self.wrong_type(value, shape, name),
        };
        Some(Node { span, value })
    }

    fn wrong_type(&mut self, value: &Spanned<DeValue<'_>>, shape: &Shape, name: &str) -> Option<Node> {
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
        let raw = self.c.text().get(value.span()).unwrap_or_default();
        let scalar = !value.get_ref().is_array() && !value.get_ref().is_table();
        let only = value.get_ref().as_array().filter(|list| list.len() == 1).map(|list| &list[0]);
        let list_of = |shape: &Shape| matches!(shape, Shape::List { item, .. } if fits(value.get_ref(), item));
        let takes_list = match shape {
            Shape::OneOf(shapes) => shapes.iter().any(list_of),
            shape => list_of(shape),
        };
        let unquoted = value.get_ref().as_str().filter(|text| match shape {
            Shape::Integer { .. } => text.parse::<i64>().is_ok(),
            Shape::Flag => text.parse::<bool>().is_ok(),
            _ => false,
        });
        let format = match shape {
            Shape::Text(format) => Some(format),
            Shape::OneOf(shapes) => {
                shapes.iter().find_map(|s| if let Shape::Text(format) = s { Some(format) } else { None })
            }
            _ => None,
        };
        if let (true, Some(format)) = (scalar, format) {
            problem = match format.check(raw) {
                Ok(()) => problem.help(format!("put it in quotes: `\"{raw}\"`")),
                Err(wrong) => problem.hints_of(wrong),
            };
        } else if let Some(text) = unquoted {
            problem = problem.help(format!("remove the quotes: `{text}`"));
        } else if let Some(only) = only.filter(|only| fits(only.get_ref(), shape)) {
            let raw = self.c.text().get(only.span()).unwrap_or_default();
            problem = problem.help(format!("remove the brackets: `{raw}`"));
        } else if scalar && takes_list {
            problem = problem.help(format!("put it in brackets: `[{raw}]`"));
        } else if value.get_ref().is_table() && takes_list {
            problem = problem.help(format!("put it in double brackets: `[[{name}]]`"));
        }
        self.c.error(value.span(), problem);
        None
    }

    fn text(&mut self, found: &str, format: &dyn TextFormat, span: &Range<usize>) -> Option<Value> {
        let Err(problem) = format.check(found) else { return Some(Value::Text(found.to_owned())) };
        // Other accepted texts are defined elsewhere in the document.
        let table = format.or_key_of().and_then(|key| self.root.get(key)?.get_ref().as_table());
        let keys = || table.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().as_ref());
        if keys().any(|key| key == found) {
            return Some(Value::Text(found.to_owned()));
        }
        let meant = nearest(found, keys()).filter(|_| problem.nearest_text().is_none()).map(str::to_owned);
        self.c.error(span.clone(), if meant.is_some() { problem.nearest(meant) } else { problem });
        None
    }

    fn list(&mut self, array: &DeArray<'_>, item: &Shape, unique: bool, name: &str) -> List {
        let mut list = List::default();
        let mut seen: HashMap<String, Range<usize>> = HashMap::new();
        for element in array.iter() {
            let Some(node) = self.node(element, item, name) else {
                let raw = self.c.text().get(element.span()).unwrap_or_default();
                list.rejected.push(element.get_ref().as_str().unwrap_or(raw).to_owned());
                continue;
            };
            if let (true, Some(text)) = (unique, node.text()) {
                if let Some(first) = seen.get(text) {
                    self.c.error(node.span.clone(), twice(text, name, first));
                    continue;
                }
                seen.insert(text.to_owned(), node.span.clone());
            }
            list.items.push(node);
        }
        list
    }

    fn table(&mut self, found: &DeTable<'_>, span: Range<usize>, shape: &TableShape) -> Table {
        let mut table = Table::default();
        let mut keys: Vec<_> = found.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in keys {
            let name: &str = key.get_ref();
            let node = match shape.key(name) {
                Some(known) => self.node(value, &known.shape, name),
                None => self.other_key(key.span(), name, value, shape),
            };
            match node {
                Some(node) => table.entries.push(Entry { key: name.to_owned(), key_span: key.span(), node }),
                None => table.rejected.push(name.to_owned()),
            }
        }
        if found.iter().count() < shape.min {
            let first = shape.keys.first().map(|key| format!("`{}` or another key", key.name));
            let what = first.or(shape.rest.as_ref().map(|rest| rest.what.to_owned())).unwrap_or_default();
            self.c.error(
                span.clone(),
                Problem::new(format!("{} is empty", shape.title)).help(format!("name at least {what}")),
            );
        }
        for key in shape.keys.iter().filter(|key| !found.contains_key(key.name)) {
            let lacks = format!("{} lacks the key `{}`", shape.title, key.name);
            let (at, problem) = match key.need {
                Need::Optional | Need::Text(_) | Need::Texts(_) | Need::Integer(_) | Need::Flag(_) => continue,
                Need::Required => (span.clone(), Problem::new(lacks)),
                Need::RequiredIf { key: other, is } => match table.node(other).filter(|node| node.text() == Some(is)) {
                    None => continue,
                    Some(node) => (node.span.clone(), Problem::new(format!("{lacks}, which `{is}` needs"))),
                },
            };
            self.c.error(
                at,
                problem.needs_whole().help(format!("add `{}`: {}", key.name, uncapital(key.doc.trim_end_matches('.')))),
            );
        }
        table.entries.extend(defaults(shape, &span).filter(|entry| !found.contains_key(entry.key.as_str())));
        table
    }

    /// A key that is not fixed: named by the user, reserved for a later version, or a mistake.
    fn other_key(
        &mut self,
        span: Range<usize>,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        shape: &TableShape,
    ) -> Option<Node> {
        let known = || shape.keys.iter().map(|key| key.name);
        if let Some(later) = shape.later.problem(name, &format!("`{name}` in {}", shape.title)) {
            self.c.error(span, later.known("", known()));
            return None;
        }
        let Some(rest) = &shape.rest else {
            self.c.error(span, Problem::new(format!("unknown key `{name}` in {}", shape.title)).known(name, known()));
            return None;
        };
        if let Err(problem) = rest.name.check(name) {
            self.c.error(span, problem.part(0..name.len()));
            return None;
        }
        if !shape.keys.is_empty() && !fits(value.get_ref(), rest.shape) {
            let problem = Problem::new(format!("unknown key `{name}` in {}", shape.title)).known(name, known());
            self.c.error(span, problem.help(format!("{} must be {}", rest.what, rest.shape.describe())));
            return None;
        }
        let mark = self.c.mark();
        let node = self.node(value, rest.shape, name);
        // A key that is no valid user-defined name was probably meant as a known one.
        if self.c.since(mark) && nearest(name, known()).is_some() {
            self.c.forget(mark);
            self.c.error(span, Problem::new(format!("unknown key `{name}` in {}", shape.title)).known(name, known()));
            return None;
        }
        node
    }
}

/// Whether the value has the shape's TOML type.
fn fits(value: &DeValue<'_>, shape: &Shape) -> bool {
    match shape {
        Shape::Text(format) => value.is_str() || (format.takes_dates() && value.is_datetime()),
        Shape::Integer { .. } => value.is_integer(),
        Shape::Flag => value.is_bool(),
        Shape::List { .. } => value.is_array(),
        Shape::Table(_) => value.is_table(),
        Shape::OneOf(shapes) => shapes.iter().any(|shape| fits(value, shape)),
    }
}

/// The problem of a duplicate name.
pub fn twice(name: &str, of: &str, first: &Range<usize>) -> Problem {
    Problem::new(format!("`{name}` appears twice in `{of}`"))
        .label("second time")
        .related(first.clone(), "first time")
        .help("remove one of them")
}

/// The entries of an empty table of this shape: its defaults.
pub fn defaults(shape: &TableShape, span: &Range<usize>) -> impl Iterator<Item = Entry> {
    let span = span.clone();
    shape.keys.iter().filter_map(move |key| {
        let value = match key.need {
            Need::Required | Need::RequiredIf { .. } | Need::Optional => return None,
            Need::Text(text) => Value::Text(text.to_owned()),
            Need::Texts(texts) => Value::List(List {
                items: texts
                    .iter()
                    .map(|text| Node { span: span.clone(), value: Value::Text((*text).to_owned()) })
                    .collect(),
                rejected: Vec::new(),
            }),
            Need::Integer(number) => Value::Integer(number),
            Need::Flag(flag) => Value::Flag(flag),
        };
        let node = Node { span: span.clone(), value };
        Some(Entry { key: key.name.to_owned(), key_span: span.clone(), node })
    })
}

/// A sentence in the form after a colon; names such as `SQLite` keep their capitals.
fn uncapital(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
