//! The shape of `compat/matrix.toml`: every key with its meaning and format. The one place to add a key.

mod choice;
mod ci;
mod distro;
mod supply;

use compatrix_leak::words;
use shaped_toml::{Key, Later, Need, Plain, Rest, Shape, TableShape, Words};

use super::format::Format;
use choice::{CONDITION, PROFILES, RULE_CONDITION};
use supply::{DEPS, LOCK};

/// The whole document.
pub static DOCUMENT: TableShape = TableShape {
    title: "the spec",
    keys: &[
        Key::default(
            "version",
            "The version of this file's format. There is one so far.",
            Shape::Integer { min: 1, max: 1 },
            Need::Integer(1),
        ),
        Key::required("project", "The packages under test, and the paths of pages.", Shape::Table(&PROJECT)),
        Key::optional(
            "claims",
            "Promises to users. The compatibility page shows each as proven, unproven or contradicted.",
            Shape::Table(&CLAIMS),
        ),
        Key::required("axis", "The dimensions of the matrix; a cell is one value per axis.", Shape::Table(&AXIS)),
        Key::optional("sqlite", "How SQLite is built and linked.", Shape::Table(&SQLITE)),
        Key::optional(
            "lock",
            "Separate dependency versions for a group of toolchains, in `compat/locks/`; the command `lock` creates them.",
            Shape::List { item: &Shape::Table(&LOCK), min: 0, unique: false },
        ),
        Key::optional(
            "distro",
            "Distributions: where their own rustc, cargo and SQLite come from. Their names are values of `axis.rust` and \
             `axis.sqlite`.",
            Shape::Table(&distro::DISTROS),
        ),
        Key::optional(
            "suite",
            "The suites that run in a cell. Default: one suite `tests`, of kind `test`.",
            Shape::List { item: &Shape::Table(&SUITE), min: 1, unique: false },
        ),
        Key::optional(
            "rule",
            "Expectations other than a pass.",
            Shape::List { item: &Shape::Table(&RULE), min: 0, unique: false },
        ),
        Key::optional(
            "profile",
            "Named choices of cells. `local` is used if no other is named. Default: all cells.",
            Shape::Table(&PROFILES),
        ),
        Key::optional("ci", "What CI runs on which event; the command `gen-ci` generates its workflows.", Shape::Table(&ci::CI)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

/// The JSON Schema of `compat/matrix.toml`: always the same.
pub fn json_schema() -> String {
    let what = "What a project promises to work with, and the tests that prove it.";
    shaped_toml::json_schema(&DOCUMENT, "Compatrix spec", what)
}

/// Words reserved for later versions.
const fn later(words: &'static [&'static str]) -> Later {
    Later { words, program: "compatrix" }
}

static PROJECT: TableShape = TableShape {
    title: "`[project]`",
    keys: &[
        Key::required(
            "packages",
            "The packages under test, members of the workspace; their path dependencies come along.",
            Shape::List { item: &Shape::Text(&Format::PackageName), min: 1, unique: true },
        ),
        Key::default(
            "report",
            "The compatibility page, relative to the workspace root.",
            Shape::Text(&Format::RelativePath),
            Need::Text("docs/COMPATIBILITY.md"),
        ),
        Key::default(
            "reliability",
            "The page on leaks and memory errors, relative to the workspace root; written if a suite is of kind `leak`.",
            Shape::Text(&Format::RelativePath),
            Need::Text("docs/RELIABILITY.md"),
        ),
        Key::default(
            "evidence",
            "The folder of committed evidence, relative to the workspace root.",
            Shape::Text(&Format::RelativePath),
            Need::Text("compat/evidence"),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static CLAIMS: TableShape = TableShape {
    title: "`[claims]`",
    keys: &[
        Key::optional("rust", "The lowest Rust that works.", Shape::Text(&Format::Version)),
        Key::optional("sqlite", "The lowest SQLite that works.", Shape::Text(&Format::Version)),
        Key::optional(
            "schema",
            "Schemas that work, values of the `schema` axis.",
            Shape::List { item: &Shape::Text(&Format::ValueName), min: 1, unique: true },
        ),
        Key::optional("platforms", "Platforms that work, by tier.", Shape::Table(&PLATFORMS)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static PLATFORMS: TableShape = TableShape {
    title: "`platforms`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a tier",
        name: &Format::ValueName,
        doc: "The platforms of this tier, operating system and architecture.",
        shape: &Shape::List { item: &Shape::Text(&Format::Platform), min: 1, unique: true },
    }),
    min: 1,
};

static AXIS: TableShape = TableShape {
    title: "`[axis]`",
    keys: &[
        Key::optional(
            "rust",
            "Toolchains: rustup's names, names of distributions, or folders with `bin/rustc` and `bin/cargo`.",
            Shape::List {
                item: &Shape::OneOf(&[Shape::Text(&Format::Toolchain), Shape::Table(&PATH_TOOLCHAIN)]),
                min: 1,
                unique: true,
            },
        ),
        Key::optional(
            "sqlite",
            "SQLite libraries: `bundled` (compiled in), `host` (the one installed here), exact versions, names of \
             distributions.",
            Shape::List { item: &Shape::Text(&Format::Sqlite), min: 1, unique: true },
        ),
        Key::optional(
            "schema",
            "Fixtures: `fixtures/*` for every folder in `compat/fixtures`, or a list of their names and globs.",
            Shape::OneOf(&[
                Shape::Text(&Format::Fixture),
                Shape::List { item: &Shape::Text(&Format::Fixture), min: 1, unique: true },
            ]),
        ),
        Key::optional(
            "features",
            "Cargo feature sets: a name for each, and the features it switches on.",
            Shape::Table(&FEATURES),
        ),
        Key::optional(
            "deps",
            "Which dependency versions. Without this axis each toolchain has the lockset of its `[[lock]]` group, if any.",
            Shape::List { item: &Shape::Text(&DEPS), min: 1, unique: true },
        ),
    ],
    later: later(&["os"]),
    rest: Some(Rest {
        what: "an axis of your own",
        name: &Format::AxisName,
        doc: "An axis of your own: an environment variable that is set in each run.",
        shape: &Shape::Table(&OWN_AXIS),
    }),
    min: 1,
};

static PATH_TOOLCHAIN: TableShape = TableShape {
    title: "a toolchain",
    keys: &[
        Key::required("name", "The value's name.", Shape::Text(&Format::ValueName)),
        Key::required(
            "path",
            "A folder with `bin/rustc` and `bin/cargo`; a relative one starts at the workspace root.",
            Shape::Text(&Format::Path),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static FEATURES: TableShape = TableShape {
    title: "`[axis.features]`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a feature set",
        name: &Format::ValueName,
        doc: "A feature set: the features to enable, in addition to the default ones or instead of them.",
        shape: &Shape::OneOf(&[FEATURE_LIST, Shape::Table(&FEATURE_SET)]),
    }),
    min: 1,
};

const FEATURE_LIST: Shape = Shape::List { item: &Shape::Text(&Format::FeatureName), min: 0, unique: true };

static FEATURE_SET: TableShape = TableShape {
    title: "a feature set",
    keys: &[
        Key::default(
            "default-features",
            "Whether the packages' default features stay on.",
            Shape::Flag,
            Need::Flag(true),
        ),
        Key::optional("features", "Features to switch on. Default: none.", FEATURE_LIST),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static OWN_AXIS: TableShape = TableShape {
    title: "an axis of your own",
    keys: &[
        Key::required("env", "The environment variable that each run gets.", Shape::Text(&Format::EnvVar)),
        Key::required(
            "values",
            "The variable's values: a list of texts that are also their names, or a table of name and text.",
            Shape::OneOf(&[
                Shape::List { item: &Shape::Text(&Format::ValueName), min: 1, unique: true },
                Shape::Table(&OWN_VALUES),
            ]),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static OWN_VALUES: TableShape = TableShape {
    title: "`values`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a value",
        name: &Format::ValueName,
        doc: "The variable's text.",
        shape: &Shape::Text(&Plain::Any),
    }),
    min: 1,
};

static SQLITE: TableShape = TableShape {
    title: "`[sqlite]`",
    keys: &[
        Key::optional(
            "bundled-feature",
            "The packages' own feature that compiles SQLite in. Default: found from the dependency graph.",
            Shape::Text(&Format::FeatureName),
        ),
        Key::optional(
            "compile-options",
            "Compile-time options of exact versions, `NAME` or `NAME=VALUE`. Default: those of the bundled build.",
            Shape::List { item: &Shape::Text(&Format::CompileOption), min: 0, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

pub(crate) static SUITE: TableShape = TableShape {
    title: "`[[suite]]`",
    keys: &[
        Key::required("name", "Its name, unique.", Shape::Text(&Format::ValueName)),
        Key::default("kind", "The kind of suite.", Shape::Text(&SUITE_KINDS), Need::Text("test")),
        Key::default(
            "doctests",
            "Whether documentation tests run too, once per build.",
            Shape::Flag,
            Need::Flag(false),
        ),
        Key::optional(
            "timeout",
            "The time limit of one test executable, and of the documentation tests of a build: `90s`, `5m`, `2h`, `500ms`. \
             Default: `5m`; `30m` for the kind `leak`, because tools slow tests down.",
            Shape::Text(&Format::Duration),
        ),
        Key::default(
            "retries",
            "How often a failing cell is tried again; a later pass counts as flaky.",
            Shape::Integer { min: 0, max: 5 },
            Need::Integer(0),
        ),
        Key::optional(
            "env",
            "Environment variables of each run, with placeholders such as `{schema.database}`.",
            Shape::Table(&SUITE_ENV),
        ),
        Key::optional(
            "args",
            "Arguments to each test executable.",
            Shape::List { item: &Shape::Text(&Plain::Any), min: 0, unique: false },
        ),
        Key::optional("when", "In which cells it runs. Default: all.", Shape::Table(&CONDITION)),
        Key::default(
            "tool",
            "Kind `leak`: the tool that its tests run under.",
            Shape::Text(&words::TOOLS),
            Need::RequiredIf { key: "kind", is: "leak" },
        ),
        Key::optional(
            "errors-for",
            "Kind `leak`: the kinds of findings that fail it; others are only noted. Default: definite leaks, every memory \
             error, everything left behind.",
            Shape::List { item: &Shape::Text(&words::FINDINGS), min: 1, unique: true },
        ),
        Key::default(
            "each",
            "Kind `leak`: how tests are distributed over processes under the tool.",
            Shape::Text(&words::EACH),
            Need::Text("auto"),
        ),
        Key::default(
            "repeat",
            "Tool `resources`: how often a test is called in one process to see whether memory grows; 0 does not look.",
            Shape::Integer { min: 0, max: 1000 },
            Need::Integer(12),
        ),
        Key::default(
            "seeds",
            "Tool `miri`: how many seeds of its scheduler each test is tried with.",
            Shape::Integer { min: 1, max: 256 },
            Need::Integer(1),
        ),
        Key::optional(
            "flags",
            "Kind `leak`: further options of the tool: arguments of valgrind, MIRIFLAGS, settings of ASAN_OPTIONS or \
             LSAN_OPTIONS. Miri's isolation is off unless they contain `-Zmiri-isolation-error=abort` or similar.",
            Shape::List { item: &Shape::Text(&Plain::Any), min: 1, unique: false },
        ),
    ],
    later: later(&["command"]),
    rest: None,
    min: 0,
};

static SUITE_KINDS: Words = Words {
    what: "suite kind",
    known: &[
        ("test", "The packages' test executables."),
        ("build", "Nothing is run: the packages compile, without their dev-dependencies."),
        ("leak", "The packages' test executables under a tool that looks for leaks; run by `leak-check`."),
    ],
    later: later(&["bench", "command"]),
};

static SUITE_ENV: TableShape = TableShape {
    title: "`env`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "an environment variable",
        name: &Format::EnvVar,
        doc: "The variable's text, with placeholders; `{{` and `}}` are one brace.",
        shape: &Shape::Text(&Format::Template),
    }),
    min: 0,
};

static RULE: TableShape = TableShape {
    title: "`[[rule]]`",
    keys: &[
        Key::required("when", "The cells it is about.", Shape::Table(&RULE_CONDITION)),
        Key::required("expect", "The expected result.", Shape::Text(&EXPECTATIONS)),
        Key::default(
            "reason",
            "The reason, shown on the page. Required for `expect = \"fail\"`.",
            Shape::Text(&Plain::Sentence),
            Need::RequiredIf { key: "expect", is: "fail" },
        ),
        Key::optional("issue", "URL of an issue.", Shape::Text(&Plain::Url)),
        Key::optional("until", "The last day on which the rule applies, `YYYY-MM-DD`.", Shape::Text(&Plain::Date)),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static EXPECTATIONS: Words = Words {
    what: "expectation",
    known: &[
        ("fail", "The cell does not work, for the reason given."),
        ("skip", "The combination makes no sense and is excluded from the plan."),
        ("pass", "The cell works, as everywhere."),
    ],
    later: Later::NONE,
};
