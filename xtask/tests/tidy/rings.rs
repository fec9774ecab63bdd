//! No ring of modules, in any crate.
//!
//! A module is taken with all that is below it: at each module, its own file and each of its children are one part, and
//! no part may come back to itself by uses. So `a/x → b/y` and `b/z → a/w` are a ring of `a` and `b`, and a parent whose
//! code calls a child that uses what the parent defines is one, too. To re-export a child is no use of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::{Arrow, Modules};
use crate::{house, Violations};

mod tests;

#[test]
fn no_ring_of_modules() {
    let mut violations = Violations::default();
    for modules in house() {
        violations.0.extend(rings(modules));
    }
    violations.none();
}

/// The uses between the parts of a module.
type Uses<'a> = BTreeMap<(usize, usize), Vec<&'a Arrow>>;

/// The rings of a crate, the outermost modules first. Each is a shortest one, and is taken to be broken at the use of
/// the fewest names before the next is searched; so all that is listed has to be broken somewhere.
fn rings(modules: &Modules) -> Vec<String> {
    let arrows = modules.arrows();
    let mut found = Vec::new();
    for module in modules.files() {
        let mut uses = Uses::new();
        for arrow in &arrows {
            if let (Some(from), Some(to)) = (modules.part(module, arrow.from), modules.part(module, arrow.to)) {
                if from != to {
                    uses.entry((from, to)).or_default().push(arrow);
                }
            }
        }
        while let Some(ring) = shortest(&uses) {
            found.push(print(modules, &ring, &uses));
            let lightest = ring.iter().min_by_key(|arrow| weight(&uses[arrow])).expect("a ring has arrows");
            uses.remove(lightest);
        }
    }
    found
}

/// On how many lines they are.
fn weight(arrows: &[&Arrow]) -> usize {
    arrows.iter().map(|arrow| (arrow.from, arrow.line)).collect::<BTreeSet<_>>().len()
}

/// The first of the shortest ways from a part back to itself.
fn shortest(uses: &Uses<'_>) -> Option<Vec<(usize, usize)>> {
    let parts: BTreeSet<usize> = uses.keys().map(|(from, _)| *from).collect();
    let rings = parts.into_iter().filter_map(|part| way_back(uses, part));
    rings.min_by_key(Vec::len)
}

fn way_back(uses: &Uses<'_>, part: usize) -> Option<Vec<(usize, usize)>> {
    let mut came_from = BTreeMap::new();
    let mut queue = VecDeque::from([part]);
    while let Some(at) = queue.pop_front() {
        for (_, to) in uses.range((at, 0)..=(at, usize::MAX)).map(|(arrow, _)| *arrow) {
            if to == part {
                let mut ring = vec![(at, to)];
                while ring[0].0 != part {
                    ring.insert(0, (came_from[&ring[0].0], ring[0].0));
                }
                return Some(ring);
            }
            came_from.entry(to).or_insert_with(|| {
                queue.push_back(to);
                at
            });
        }
    }
    None
}

/// A ring, and under it where each part uses the next.
fn print(modules: &Modules, ring: &[(usize, usize)], uses: &Uses<'_>) -> String {
    let parts = ring.iter().map(|(from, _)| *from).chain([ring[0].0]).map(|part| modules.path(part));
    let mut lines = vec![format!("ring in {}: {}", modules.name, parts.collect::<Vec<_>>().join(" → "))];
    for arrow in ring {
        let first = uses[arrow][0];
        let more = match weight(&uses[arrow]) {
            1 => String::new(),
            lines => format!(", {lines} lines in all"),
        };
        let to = modules.path(first.to);
        lines.push(format!("{}:{}: uses `{}` of {to}{more}", modules.file(first.from), first.line, first.path));
    }
    lines.join("\n    ")
}
