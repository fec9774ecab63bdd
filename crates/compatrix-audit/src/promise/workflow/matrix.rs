//! Expands a job's matrix by GitHub's rules. Source: docs.github.com, "Running variations of jobs in a workflow".

use compatrix_ci::workflow::evaluate::to_text;
use serde_json::{Map, Value};

use super::super::yaml::{self, Node};
use super::context::{Context, Leaf};

/// GitHub's limit of jobs that a matrix makes in a run.
const MOST: usize = 256;

/// A value of a matrix with the places of its scalars.
#[derive(Debug, Clone)]
struct Cell {
    value: Value,
    leaves: Vec<Leaf>,
}

/// The values of one job.
#[derive(Debug, Clone, Default)]
pub(in crate::promise) struct Combination {
    cells: Vec<(String, Cell)>,
}

impl Combination {
    /// The context `matrix`.
    pub(in crate::promise) fn values(&self) -> Map<String, Value> {
        self.cells.iter().map(|(key, cell)| (key.clone(), cell.value.clone())).collect()
    }

    pub(in crate::promise) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.cells.iter().flat_map(|(_, cell)| &cell.leaves)
    }

    fn get(&self, key: &str) -> Option<&Cell> {
        self.cells.iter().find(|(name, _)| name == key).map(|(_, cell)| cell)
    }

    fn set(&mut self, key: &str, cell: Cell) {
        match self.cells.iter_mut().find(|(name, _)| name == key) {
            Some((_, known)) => *known = cell,
            None => self.cells.push((key.to_owned(), cell)),
        }
    }
}

/// The combinations of a matrix, and those of its values that no combination has.
///
/// # Errors
/// The line of a value that cannot be known, and why.
pub(in crate::promise) fn expand(
    matrix: &Node,
    context: &Context,
) -> Result<(Vec<Combination>, Vec<Leaf>), (usize, String)> {
    // `matrix: ${{ fromJson(…) }}`
    let whole = cell("matrix", matrix, context)?;
    let Value::Object(_) = whole.value else { return Ok((vec![Combination::default()], Vec::new())) };
    let entries: Vec<(String, Cell)> = match &matrix.value {
        yaml::Value::Map(_) => matrix
            .entries()
            .map(|(key, node)| Ok((key.to_owned(), cell(key, node, context)?)))
            .collect::<Result<_, (usize, String)>>()?,
        _ => parts(&whole),
    };
    let list = |name: &str| -> Vec<Cell> {
        entries.iter().find(|(key, _)| key == name).map(|(_, cell)| items(cell)).unwrap_or_default()
    };
    let (excludes, includes) = (list("exclude"), list("include"));
    let axes: Vec<(String, Vec<Cell>)> = entries
        .iter()
        .filter(|(key, _)| key != "exclude" && key != "include")
        .map(|(key, cell)| (key.clone(), items(cell)))
        .collect();
    let mut all = product(&axes);
    let excluded = |combination: &Combination| {
        excludes.iter().any(|exclude| {
            let wanted = exclude.value.as_object();
            wanted.is_some_and(|wanted| {
                let holds =
                    |(key, value): (&String, &Value)| combination.get(key).is_some_and(|c| covers(value, &c.value));
                !wanted.is_empty() && wanted.iter().all(holds)
            })
        })
    };
    all.retain(|combination| !excluded(combination));
    let originals = all.clone();
    for include in &includes {
        let own = parts(include);
        // An entry joins each combination whose original values it does not change; one that joins none is its own.
        let fits = |original: &Combination| {
            own.iter().all(|(key, cell)| original.get(key).is_none_or(|known| same(&known.value, &cell.value)))
        };
        let mut joined = false;
        for (combination, original) in all.iter_mut().zip(&originals) {
            if fits(original) {
                joined = true;
                own.iter().for_each(|(key, cell)| combination.set(key, cell.clone()));
            }
        }
        if !joined {
            all.push(Combination { cells: own });
        }
    }
    all.truncate(MOST);
    let kept: std::collections::BTreeSet<(&str, &str)> =
        all.iter().flat_map(Combination::leaves).map(|leaf| (leaf.name.as_str(), leaf.value.as_str())).collect();
    let dropped = axes.iter().flat_map(|(_, cells)| cells).flat_map(|cell| cell.leaves.clone());
    let dropped = dropped.filter(|leaf| !kept.contains(&(leaf.name.as_str(), leaf.value.as_str()))).collect();
    Ok((all, dropped))
}

fn product(axes: &[(String, Vec<Cell>)]) -> Vec<Combination> {
    if axes.is_empty() {
        return Vec::new();
    }
    let mut all = vec![Combination::default()];
    for (key, cells) in axes {
        let mut next = Vec::new();
        for combination in &all {
            for cell in cells {
                // Excluded ones still count here; a matrix far beyond the limit is cut.
                if next.len() < MOST * 16 {
                    let mut with = combination.clone();
                    with.cells.push((key.clone(), cell.clone()));
                    next.push(with);
                }
            }
        }
        all = next;
    }
    all
}

/// A node as JSON, with the places of its scalars.
fn cell(key: &str, node: &Node, context: &Context) -> Result<Cell, (usize, String)> {
    let mut leaves = Vec::new();
    let value = match &node.value {
        yaml::Value::Scalar { .. } => {
            let value = context.value(node).map_err(|because| (node.line, because))?;
            scalars(key, &value, 0, &mut |name, text| {
                leaves.push(context.leaf(name, &format!("matrix.{name}"), node, text));
            });
            value
        }
        yaml::Value::Seq(nodes) => {
            let mut list = Vec::new();
            for node in nodes {
                let cell = cell(key, node, context)?;
                list.push(cell.value);
                leaves.extend(cell.leaves);
            }
            Value::Array(list)
        }
        yaml::Value::Map(_) => {
            let mut map = Map::new();
            for (name, node) in node.entries() {
                let cell = cell(name, node, context)?;
                map.insert(name.to_owned(), cell.value);
                leaves.extend(cell.leaves);
            }
            Value::Object(map)
        }
    };
    Ok(Cell { value, leaves })
}

/// Calls `found` with the name and the text of each scalar of a value.
fn scalars(name: &str, value: &Value, depth: usize, found: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Array(list) if depth < 8 => list.iter().for_each(|item| scalars(name, item, depth + 1, found)),
        Value::Object(map) if depth < 8 => map.iter().for_each(|(key, item)| scalars(key, item, depth + 1, found)),
        Value::Array(_) | Value::Object(_) | Value::Null => {}
        value => found(name, &to_text(value)),
    }
}

/// The elements of a list, each with the places of its scalars; anything else is its only element.
fn items(cell: &Cell) -> Vec<Cell> {
    let Value::Array(list) = &cell.value else { return vec![cell.clone()] };
    let mut rest = cell.leaves.as_slice();
    list.iter().map(|value| take(value, &mut rest)).collect()
}

/// The entries of a mapping, likewise.
fn parts(cell: &Cell) -> Vec<(String, Cell)> {
    let Value::Object(map) = &cell.value else { return Vec::new() };
    // The places are in the order of the file, the entries in that of their names.
    map.iter()
        .map(|(key, value)| {
            let mut wanted = Vec::new();
            scalars(key, value, 0, &mut |name, text| wanted.push((name.to_owned(), text.to_owned())));
            let is_wanted = |leaf: &&Leaf| wanted.iter().any(|(name, text)| *name == leaf.name && *text == leaf.value);
            (
                key.clone(),
                Cell { value: value.clone(), leaves: cell.leaves.iter().filter(is_wanted).cloned().collect() },
            )
        })
        .collect()
}

/// Takes as many places as the value has scalars.
fn take(value: &Value, rest: &mut &[Leaf]) -> Cell {
    let mut count = 0;
    scalars("", value, 0, &mut |_, _| count += 1);
    let (own, others) = rest.split_at(count.min(rest.len()));
    *rest = others;
    Cell { value: value.clone(), leaves: own.to_vec() }
}

/// Whether an excluded value is this one; of a mapping, only the named keys must agree.
fn covers(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Object(wanted), Value::Object(value)) => {
            wanted.iter().all(|(key, of)| value.get(key).is_some_and(|value| covers(of, value)))
        }
        _ => same(wanted, value),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => left == right,
        _ => to_text(left) == to_text(right),
    }
}
