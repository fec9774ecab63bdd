//! Reads a file of criteria.

use std::collections::BTreeMap;
use std::ops::Range;

use compatrix_bench::words::TIERS;
use compatrix_bench::Tier;
use shaped_toml::{
    Collector, Diagnostics, Key, Later, Need, Node, Plain, Problem, Shape, Table, TableShape, TextFormat,
};

use super::{Cells, Criterion, Source, TestPlace};
use crate::condition::Condition;
use crate::matrix_spec::format::Format;
use crate::matrix_spec::Spec;

static DOCUMENT: TableShape = TableShape {
    title: "the criteria",
    keys: &[Key::required(
        "criterion",
        "The criteria.",
        Shape::List { item: &Shape::Table(&CRITERION), min: 1, unique: false },
    )],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static CRITERION: TableShape = TableShape {
    title: "`[[criterion]]`",
    keys: &[
        Key::required("id", "Short and unique.", Shape::Text(&Plain::Sentence)),
        Key::required("text", "What is wanted.", Shape::Text(&Plain::Sentence)),
        Key::optional("figure", "The figure that it names.", Shape::Text(&Plain::Sentence)),
        Key::default("tier", "How much it counts.", Shape::Text(&TIERS), Need::Text("must")),
        Key::optional(
            "by",
            "What shows it; all of it must.",
            Shape::List { item: &Shape::Table(&SOURCE), min: 1, unique: false },
        ),
        Key::optional("unproven", "Why something of it is not shown.", Shape::Text(&Plain::Sentence)),
        Key::optional("not-applicable", "Why it does not apply.", Shape::Text(&Plain::Sentence)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static SOURCE: TableShape = TableShape {
    title: "`by`",
    keys: &[
        Key::optional("suite", "Results of this suite.", Shape::Text(&Plain::Sentence)),
        Key::optional("cells", "Those in these cells: `rust=1.75`.", Shape::Text(&Plain::Sentence)),
        Key::optional(
            "tests",
            "Tests of the suite, as `FILE#NAME`.",
            Shape::List { item: &Shape::Text(&Plain::Sentence), min: 1, unique: true },
        ),
        Key::optional("target", "The targets of this bench.", Shape::Text(&Plain::Sentence)),
        Key::optional("metric", "The one of this metric.", Shape::Text(&Plain::Sentence)),
        Key::optional(
            "claim",
            "`rust`, `rust PACKAGE`, `sqlite`, `schema NAME` or `platform NAME`.",
            Shape::Text(&Plain::Sentence),
        ),
        Key::optional("file", "A committed file.", Shape::Text(&Format::RelativePath)),
        Key::optional("has", "What the file contains.", Shape::Text(&Plain::Sentence)),
    ],
    later: Later::NONE,
    rest: None,
    min: 1,
};

/// The names that criteria may use.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The spec that they belong to.
    pub spec: &'a Spec,
}

impl Known<'_> {
    fn suites(self) -> Vec<String> {
        self.spec.suites.iter().map(|suite| suite.name.clone()).collect()
    }

    fn benches(self) -> Vec<String> {
        self.spec.targets.iter().map(|target| target.bench.clone()).collect()
    }

    fn metrics(self, bench: &str) -> Vec<String> {
        self.spec.targets.iter().filter(|target| target.bench == bench).map(|target| target.metric.clone()).collect()
    }

    fn claims(self) -> Vec<String> {
        let claims = &self.spec.claims;
        let mut all = Vec::new();
        match claims.packages.is_empty() {
            true => all.extend(claims.rust.iter().map(|_| "rust".to_owned())),
            false => all.extend(self.spec.project.packages.iter().map(|package| format!("rust {package}"))),
        }
        all.extend(claims.sqlite.iter().map(|_| "sqlite".to_owned()));
        all.extend(claims.schema.iter().map(|name| format!("schema {name}")));
        all.extend(claims.platforms.iter().flat_map(|(_, list)| list).map(|name| format!("platform {name}")));
        all
    }
}

/// Reads the criteria of a file; `file` is only a name for messages.
///
/// # Errors
/// All problems in text order: syntax, shape, names that the spec does not have, the same id twice.
pub fn read(text: &str, file: &str, known: Known<'_>) -> Result<Vec<Criterion>, Diagnostics> {
    let mut c = Collector::new(text, file);
    let Some(tree) = shaped_toml::read(&DOCUMENT, &mut c) else {
        c.error(0..0, Problem::new("there are no criteria").help("add a `[[criterion]]` with `id`, `text` and `by`"));
        return Err(c.finish());
    };
    let mut ids: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let mut all = Vec::new();
    for (node, table) in tree.tables("criterion") {
        if let Some(id) = table.node("id") {
            let text = id.text().unwrap_or_default().to_owned();
            if ids.insert(text.clone(), id.span.clone()).is_some() {
                c.error(
                    id.span.clone(),
                    Problem::new(format!("`{text}` is the id of another criterion")).help("rename one"),
                );
            }
        }
        all.push(criterion(table, node, known, &mut c));
    }
    Ok(c.result(all)?.0)
}

fn criterion(table: &Table, node: &Node, known: Known<'_>, c: &mut Collector<'_>) -> Criterion {
    let criterion = Criterion {
        id: table.owned("id").unwrap_or_default(),
        text: table.owned("text").unwrap_or_default(),
        figure: table.owned("figure"),
        tier: match table.text("tier") {
            Some("should") => Tier::Should,
            Some("nice") => Tier::Nice,
            _ => Tier::Must,
        },
        by: table.tables("by").filter_map(|(node, table)| source(table, node, known, c)).collect(),
        unproven: table.owned("unproven"),
        not_applicable: table.owned("not-applicable"),
    };
    let has = |key: &str| table.entry(key).is_some();
    if !has("by") && !has("unproven") && !has("not-applicable") {
        let problem = Problem::new(format!("nothing shows the criterion `{}`", criterion.id));
        let help = "name what does under `by`, or say why nothing can: `unproven` or `not-applicable`";
        c.error(node.span.clone(), problem.help(help));
    }
    if has("not-applicable") && (has("by") || has("unproven")) {
        let problem = Problem::new("a criterion that does not apply has neither `by` nor `unproven`");
        c.error(node.span.clone(), problem.help("remove them, or `not-applicable`"));
    }
    criterion
}

fn source(table: &Table, node: &Node, known: Known<'_>, c: &mut Collector<'_>) -> Option<Source> {
    const KINDS: [&str; 4] = ["suite", "target", "claim", "file"];
    let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| table.entry(kind).is_some()).collect();
    let [kind] = kinds.as_slice() else {
        let problem = Problem::new("name one of `suite`, `target`, `claim` and `file`");
        c.error(node.span.clone(), problem.help("each of several is an entry of its own in `by`"));
        return None;
    };
    for (key, of) in [("cells", "suite"), ("tests", "suite"), ("metric", "target"), ("has", "file")] {
        if let Some(entry) = table.entry(key).filter(|_| of != *kind) {
            c.error(entry.key_span.clone(), Problem::new(format!("`{key}` goes with `{of}`")).help("remove it"));
        }
    }
    let named = table.node(kind)?;
    let name = named.text()?.to_owned();
    let mut check = |node: &Node, what: &str, name: &str, names: Vec<String>| {
        if !names.iter().any(|known| known == name) {
            c.error(node.span.clone(), Problem::new(format!("the spec has no {what} `{name}`")).known(name, &names));
        }
    };
    match *kind {
        "suite" => {
            check(named, "suite", &name, known.suites());
            let cells = table.node("cells").and_then(|node| cells(node, known, c));
            let tests = table.node("tests").map(Node::one_or_many).unwrap_or_default();
            let tests = tests.iter().filter_map(|node| test(node, c)).collect();
            Some(Source::Suite { suite: name, cells, tests })
        }
        "target" => {
            check(named, "target of a bench", &name, known.benches());
            if let Some(metric) = table.node("metric") {
                check(metric, "target with the metric", metric.text().unwrap_or_default(), known.metrics(&name));
            }
            Some(Source::Target { bench: name, metric: table.owned("metric") })
        }
        "claim" => {
            check(named, "claim", &name, known.claims());
            Some(Source::Claim(name))
        }
        _ => Some(Source::File { path: name, has: table.owned("has") }),
    }
}

fn cells(node: &Node, known: Known<'_>, c: &mut Collector<'_>) -> Option<Cells> {
    let text = node.text()?;
    match Condition::parse_expr(text, &known.spec.space) {
        Ok(condition) => Some(Cells { text: text.to_owned(), condition }),
        Err(_) => {
            let problem = Problem::new(format!("`{text}` names no cells of the spec"));
            c.error(node.span.clone(), problem.help("write it as for `--cell`, such as `rust=1.75 schema=v24`"));
            None
        }
    }
}

fn test(node: &Node, c: &mut Collector<'_>) -> Option<TestPlace> {
    let text = node.text()?;
    let test = TestPlace::parse(text);
    match &test {
        None => {
            let problem = Problem::new(format!("`{text}` is no test"));
            c.error(node.span.clone(), problem.help("write the file and the function: `crates/a/tests/it.rs#works`"));
        }
        Some(place) => {
            if let Err(problem) = Format::RelativePath.check(&place.path) {
                c.error(node.span.clone(), problem);
            }
        }
    }
    test
}
