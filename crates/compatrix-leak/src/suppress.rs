//! Suppressions: findings for which the code under test is not at fault, each with a reason. From files in
//! `compat/suppressions`, or built in.
//!
//! A suppression should be narrow: tool, kinds, toolchains, test and stack. Whether one hides too much is not checked here:
//! the canary is judged with the same suppressions, and if one covers it, the tool is not proven.

use std::sync::OnceLock;

use semver::{Version, VersionReq};
use shaped_toml::{
    read, twice, utf8, Collector, Diagnostics, Key, Later, Node, Plain, Problem, Shape, Table, TableShape,
};
use wildmatch::WildMatch;

use super::finding::{Finding, FindingKind, Frame};
use super::tool::Tool;
use crate::format::LeakFormat;
use crate::words::{FINDINGS, TOOLS};

/// A pattern for findings, with the reason to ignore them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Unique among all suppressions.
    pub name: String,
    /// The tools that it applies to; never empty.
    pub tools: Vec<Tool>,
    /// The toolchains that it applies to; `None` for all. A pre-release counts as its release.
    pub rust: Option<VersionReq>,
    /// The kinds that it covers; empty for all.
    pub kinds: Vec<FindingKind>,
    /// The start of the stack, innermost frame first; empty for any stack.
    pub frames: Vec<FramePattern>,
    /// A glob on the tool's message.
    pub what: Option<String>,
    /// A glob on `executable::test` or on the test alone.
    pub test: Option<String>,
    /// Why the code is not at fault.
    pub reason: String,
    /// URL of an issue.
    pub issue: Option<String>,
    /// The file that defines it; `None` if built in.
    pub file: Option<String>,
}

/// A pattern for stack frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FramePattern {
    /// `...`: any number of frames, including none.
    Any,
    /// A glob on the function's name.
    Function(String),
    /// `obj:` with a glob on the object that contains the code.
    Object(String),
}

/// The format of a suppression file.
pub static DOCUMENT: TableShape = TableShape {
    title: "the suppression file",
    keys: &[Key::optional(
        "suppression",
        "A pattern for findings for which the code is not at fault.",
        Shape::List { item: &Shape::Table(&SUPPRESSION), min: 0, unique: false },
    )],
    later: Later::NONE,
    rest: None,
    min: 0,
};

const TEXTS: Shape = Shape::Text(&Plain::Sentence);

static SUPPRESSION: TableShape = TableShape {
    title: "`[[suppression]]`",
    keys: &[
        Key::required("name", "Its name, as shown in reports.", Shape::Text(&LeakFormat::Name)),
        Key::required(
            "tool",
            "The tool that it applies to, or a list of tools.",
            Shape::OneOf(&[
                Shape::Text(&TOOLS),
                Shape::List { item: &Shape::Text(&TOOLS), min: 1, unique: true },
            ]),
        ),
        Key::optional("rust", "The toolchains that it applies to, as a range. Default: all.", Shape::Text(&LeakFormat::Requirement)),
        Key::optional(
            "kind",
            "The kind of finding, or a list. Default: any.",
            Shape::OneOf(&[
                Shape::Text(&FINDINGS),
                Shape::List { item: &Shape::Text(&FINDINGS), min: 1, unique: true },
            ]),
        ),
        Key::optional(
            "frames",
            "The start of the stack, innermost frame first: a glob on each function's name, `obj:` and a glob on an object, \
             or `...` for any number of frames.",
            Shape::List { item: &Shape::Text(&LeakFormat::Frame), min: 1, unique: false },
        ),
        Key::optional("what", "A glob on the tool's message, for findings without a stack.", TEXTS),
        Key::optional("test", "A glob on the test's name. Default: any test.", TEXTS),
        Key::required("reason", "Why the code is not at fault; reports show it.", TEXTS),
        Key::optional("issue", "URL of an issue.", Shape::Text(&Plain::Url)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

impl Suppression {
    /// Whether it covers this finding in an executable built by this Rust. A suppression for a range of toolchains covers
    /// nothing if the toolchain is unknown.
    pub fn covers(&self, finding: &Finding, rust: Option<&Version>) -> bool {
        let glob = |glob: &Option<String>, holds: &dyn Fn(&str) -> bool| glob.as_deref().is_none_or(holds);
        self.tools.contains(&finding.tool)
            && (self.kinds.is_empty() || self.kinds.contains(&finding.kind))
            && self.is_for(rust)
            && glob(&self.what, &|glob| glob_matches(glob, &finding.what))
            && glob(&self.test, &|glob| finding.test.as_deref().is_some_and(|test| names(glob, finding, test)))
            && begins_with(&finding.stack, &self.frames)
    }

    /// Whether it applies to this Rust.
    pub fn is_for(&self, rust: Option<&Version>) -> bool {
        match (&self.rust, rust) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(range), Some(rust)) => range.matches(&Version::new(rust.major, rust.minor, rust.patch)),
        }
    }

    /// Whether it is part of Compatrix.
    pub fn is_built_in(&self) -> bool {
        self.file.is_none()
    }
}

/// Whether a glob matches a test, with or without its executable.
fn names(glob: &str, finding: &Finding, test: &str) -> bool {
    glob_matches(glob, test) || glob_matches(glob, &format!("{}::{test}", finding.executable))
}

/// Whether a stack starts with frames that match the patterns.
fn begins_with(stack: &[Frame], patterns: &[FramePattern]) -> bool {
    let (mut p, mut f) = (0, 0);
    // The last `...` and the length of its match, to extend it by one after a mismatch.
    let mut run: Option<(usize, usize)> = None;
    while let Some(pattern) = patterns.get(p) {
        let fits = match pattern {
            FramePattern::Any => {
                run = Some((p, f));
                p += 1;
                continue;
            }
            FramePattern::Function(glob) => stack.get(f).is_some_and(|frame| glob_matches(glob, &frame.function)),
            FramePattern::Object(glob) => {
                stack.get(f).is_some_and(|frame| frame.object.as_deref().is_some_and(|file| glob_matches(glob, file)))
            }
        };
        if fits {
            (p, f) = (p + 1, f + 1);
        } else if let Some((at, reached)) = run.filter(|(_, reached)| *reached < stack.len()) {
            run = Some((at, reached + 1));
            (p, f) = (at + 1, reached + 1);
        } else {
            return false;
        }
    }
    true
}

impl FramePattern {
    fn of(text: &str) -> Self {
        match text.strip_prefix("obj:") {
            _ if text == "..." => FramePattern::Any,
            Some(glob) => FramePattern::Object(glob.to_owned()),
            None => FramePattern::Function(text.to_owned()),
        }
    }

    /// Whether the pattern does not match every frame.
    fn says_something(&self) -> bool {
        match self {
            FramePattern::Any => false,
            FramePattern::Function(glob) | FramePattern::Object(glob) => glob_says_something(glob),
        }
    }
}

fn glob_says_something(glob: &str) -> bool {
    glob.contains(|c: char| c.is_alphanumeric())
}

/// Parses a suppression file. `file` is its name in messages; `earlier` are the suppressions read before, including
/// built-in ones, whose names are taken.
///
/// # Errors
/// All problems of the file, in text order.
pub fn parse_bytes(bytes: &[u8], file: &str, earlier: &[Suppression]) -> Result<Vec<Suppression>, Diagnostics> {
    let text = utf8(bytes, file)?;
    let mut c = Collector::new(text, file);
    let tree = read(&DOCUMENT, &mut c).unwrap_or_default();
    let mut found: Vec<(Suppression, std::ops::Range<usize>)> = Vec::new();
    for (node, table) in tree.tables("suppression") {
        let Some(name) = table.node("name") else { continue };
        let suppression = lower(table, file);
        if let Some((_, first)) = found.iter().find(|(other, _)| other.name == suppression.name) {
            c.error(name.span.clone(), twice(&suppression.name, "suppression", first));
        }
        if let Some(other) = earlier.iter().find(|other| other.name == suppression.name) {
            let whose = other.file.as_ref().map_or("is built in".to_owned(), |file| format!("is in {file}"));
            let problem = Problem::new(format!("a suppression `{}` already exists: it {whose}", suppression.name));
            c.error(name.span.clone(), problem.help("give it another name"));
        }
        refuse_too_wide(node, table, &suppression, &mut c);
        found.push((suppression, name.span.clone()));
    }
    let (found, _) = c.result(found)?;
    Ok(found.into_iter().map(|(suppression, _)| suppression).collect())
}

fn lower(table: &Table, file: &str) -> Suppression {
    let words = |key: &str| table.node(key).map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::text);
    Suppression {
        name: table.owned("name").unwrap_or_default(),
        tools: words("tool").filter_map(Tool::from_word).collect(),
        rust: table.text("rust").and_then(|text| VersionReq::parse(text).ok()),
        kinds: words("kind").filter_map(FindingKind::from_word).collect(),
        frames: words("frames").map(FramePattern::of).collect(),
        what: table.owned("what"),
        test: table.owned("test"),
        reason: table.owned("reason").unwrap_or_default(),
        issue: table.owned("issue"),
        file: Some(file.to_owned()),
    }
}

/// Refuses a suppression that matches by place only.
fn refuse_too_wide(node: &Node, table: &Table, suppression: &Suppression, c: &mut Collector<'_>) {
    let lost = |key: &str| table.rejected.iter().any(|rejected| rejected == key);
    let frames_lost =
        lost("frames") || table.node("frames").and_then(Node::list).is_some_and(|l| !l.rejected.is_empty());
    let says = suppression.frames.iter().any(FramePattern::says_something)
        || suppression.what.as_deref().is_some_and(glob_says_something);
    if says || frames_lost || lost("what") {
        return;
    }
    let help = "name a function of the stack in `frames`, or a part of the tool's message in `what`";
    match table.entry("frames").or_else(|| table.entry("what")) {
        Some(entry) => {
            let problem = Problem::new(format!("`{}` hides everything", suppression.name)).label("matches any finding");
            c.error(entry.node.span.clone(), problem.help(help));
        }
        None => {
            let problem = Problem::new(format!("`{}` does not describe the findings that it hides", suppression.name));
            c.error(node.span.clone(), problem.needs_whole().help(help));
        }
    }
}

/// Known false positives of the standard library and libtest.
pub fn built_in() -> &'static [Suppression] {
    static BUILT_IN: OnceLock<Vec<Suppression>> = OnceLock::new();
    BUILT_IN.get_or_init(|| {
        let parsed = parse_bytes(include_bytes!("built_in.toml"), "built_in.toml", &[]);
        let parsed = parsed.unwrap_or_else(|problems| panic!("{problems}"));
        parsed.into_iter().map(|suppression| Suppression { file: None, ..suppression }).collect()
    })
}

/// Whether `text` matches `glob`: `*` matches any sequence of characters, `?` exactly one.
fn glob_matches(glob: &str, text: &str) -> bool {
    WildMatch::new(glob).matches(text)
}
