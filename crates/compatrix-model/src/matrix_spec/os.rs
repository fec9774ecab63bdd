//! `[axis.os]`: which systems the cells are of.

use shaped_toml::{Collector, Entry, Key, Later, Problem, Rest, Shape, Table, TableShape};

use super::format::Format;
use crate::axis::{AxisValue, Setting, System, ValueName};

pub(super) static OS: TableShape = TableShape {
    title: "`[axis.os]`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a system",
        name: &Format::ValueName,
        doc: "A system: `{}` is this host; a target is compiled here and started by its runner, if it needs one; a label is a machine of CI.",
        shape: &Shape::Table(&SYSTEM),
    }),
    min: 1,
};

static SYSTEM: TableShape = TableShape {
    title: "a system",
    keys: &[
        Key::optional(
            "target",
            "The target that builds are for, as rustc calls it: `x86_64-pc-windows-gnu`.",
            Shape::Text(&Format::Target),
        ),
        Key::optional(
            "runner",
            "The program that starts the target's executables, with its arguments: on PATH, or a file below the workspace root. Default: this host starts them itself.",
            Shape::OneOf(&[
                Shape::Text(&Format::RunnerWord),
                Shape::List { item: &Shape::Text(&Format::RunnerWord), min: 1, unique: false },
            ]),
        ),
        Key::optional(
            "label",
            "The label of a CI runner that is such a system, one of `[ci.runners]`: `macos-15`. Its cells are unproven outside of its jobs.",
            Shape::Text(&Format::ValueName),
        ),
        Key::optional("platform", "The platform of that CI runner.", Shape::Text(&Format::Platform)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// Lowers the axis.
pub(super) fn systems(table: &Table, c: &mut Collector<'_>) -> Vec<AxisValue> {
    let mut here: Option<&Entry> = None;
    let mut values = Vec::new();
    for entry in &table.entries {
        let Some(system) = entry.node.table().and_then(|table| system(entry, table, c)) else { continue };
        if system == System::Here {
            if let Some(first) = here {
                let problem = Problem::new(format!("`{}` is this host, as `{}` is", entry.key, first.key))
                    .related(first.key_span.clone(), "the first one");
                c.error(entry.key_span.clone(), problem.help("give it a `target` or a `label`, or remove it"));
                continue;
            }
            here = Some(entry);
        }
        // The shape check has let only valid names through.
        let Ok(name) = ValueName::new(entry.key.as_str()) else { continue };
        values.push(AxisValue { name, setting: Setting::Os(system) });
    }
    values
}

fn system(entry: &Entry, table: &Table, c: &mut Collector<'_>) -> Option<System> {
    if !table.rejected.is_empty() {
        return None;
    }
    let alone = |key: &str, needs: &str, c: &mut Collector<'_>| {
        if let Some(found) = table.entry(key) {
            let problem = Problem::new(format!("`{key}` without `{needs}`")).needs_whole();
            c.error(found.key_span.clone(), problem.help(format!("add `{needs}`, or remove `{key}`")));
        }
    };
    match (table.entry("target"), table.entry("label")) {
        (Some(target), Some(label)) => {
            let problem = Problem::new(format!("`{}` has both a target and a label", entry.key))
                .related(target.key_span.clone(), "the target is compiled and started here")
                .help("make two values of it: a target is of this machine, a label of CI's");
            c.error(label.key_span.clone(), problem);
            None
        }
        (Some(target), None) => {
            alone("platform", "label", c);
            let runner = table.entry("runner");
            let words = runner.iter().flat_map(|runner| runner.node.one_or_many()).filter_map(|word| word.text());
            let triple = target.node.text()?.to_owned();
            Some(System::Target { triple, runner: words.map(str::to_owned).collect() })
        }
        (None, Some(label)) => {
            alone("runner", "target", c);
            let Some(platform) = table.owned("platform") else {
                let problem = Problem::new(format!("`{}` does not say which platform it is", entry.key)).needs_whole();
                c.error(label.key_span.clone(), problem.help("add `platform = \"macos-aarch64\"`"));
                return None;
            };
            Some(System::Machine { label: label.node.text()?.to_owned(), platform })
        }
        (None, None) => {
            alone("runner", "target", c);
            alone("platform", "label", c);
            // What was meant is not known.
            table.entries.is_empty().then_some(System::Here)
        }
    }
}
