//! The shape of `[ci]`.

use shaped_toml::{Key, Later, Need, Rest, Shape, TableShape, Words};

use super::format::CiFormat;
use crate::matrix_spec::conditions::CONDITIONS_THAT_NAME;
use crate::matrix_spec::format::Format;

pub(in crate::matrix_spec) static CI: TableShape = TableShape {
    title: "`[ci]`",
    keys: &[
        Key::optional(
            "branches",
            "Branches whose pushes and incoming pull requests are tested; `*` matches any part of a name without \
             `/`, `**` for any. Default: those that the repository's other workflows name, otherwise its default branch.",
            Shape::List { item: &Shape::Text(&CiFormat::Branch), min: 1, unique: true },
        ),
        Key::optional(
            "tool",
            "Where jobs install Compatrix from. Default: the workspace's own `cargo xtask`, if it depends on compatrix.",
            Shape::Table(&TOOL),
        ),
        Key::required("runners", "The label of the runner of each platform.", Shape::Table(&RUNNERS)),
        Key::default(
            "timeout",
            "The time limit of a job, whole minutes or hours, from `5m` to GitHub's `6h`.",
            Shape::Text(&CiFormat::JobTime),
            Need::Text("1h"),
        ),
        Key::default(
            "retention",
            "How long artifacts are kept, from `1d` to `90d`.",
            Shape::Text(&CiFormat::Days),
            Need::Text("14d"),
        ),
        Key::default("caches", "Whether GitHub's caches are used.", Shape::Flag, Need::Flag(true)),
        Key::default(
            "code-scanning",
            "Whether findings of suites of kind `leak` go to GitHub's code scanning.",
            Shape::Flag,
            Need::Flag(false),
        ),
        Key::default(
            "missing",
            "How cells count that no job could try.",
            Shape::Text(&MISSING),
            Need::Text("skip"),
        ),
        Key::optional(
            "may-fail",
            "Cells that do not fail the verdict of CI when they are broken; they are shown all the same. Default: none.",
            CONDITIONS_THAT_NAME,
        ),
        Key::optional(
            "pull_request",
            "What runs for a pull request, and in a merge queue. Default: nothing.",
            Shape::Table(&PULL_REQUEST),
        ),
        Key::optional("push", "What runs on a push to one of the branches. Default: nothing.", Shape::Table(&PUSH)),
        Key::optional("schedule", "What runs on a schedule. Default: nothing.", Shape::Table(&SCHEDULE)),
        Key::optional(
            "checks",
            "The ordinary lints and tests, on every event but `schedule`. Default: no such workflow.",
            Shape::Table(&CHECKS),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static RUNNERS: TableShape = TableShape {
    title: "`[ci.runners]`",
    keys: &[],
    later: Later::NONE,
    rest: Some(Rest {
        what: "a platform",
        name: &Format::Platform,
        doc: "The label of its runner: `ubuntu-24.04`.",
        shape: &Shape::OneOf(&[Shape::Text(&CiFormat::RunnerLabel), Shape::Table(&RUNNER)]),
    }),
    min: 1,
};

static RUNNER: TableShape = TableShape {
    title: "a runner",
    keys: &[
        Key::required("label", "Its label.", Shape::Text(&CiFormat::RunnerLabel)),
        Key::default(
            "may-fail",
            "Whether the platform is only tried: its jobs do not fail the verdict of CI, whatever becomes of them.",
            Shape::Flag,
            Need::Flag(false),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static TOOL: TableShape = TableShape {
    title: "`[ci.tool]`",
    keys: &[
        Key::optional("git", "A git repository that has it, by https; needs `rev`.", Shape::Text(&CiFormat::GitUrl)),
        Key::optional("rev", "The commit of the `git` repository, all 40 hex digits.", Shape::Text(&CiFormat::Rev)),
        Key::optional("version", "A published version, all three numbers.", Shape::Text(&CiFormat::ToolVersion)),
        Key::optional(
            "path",
            "A folder of this repository that has its manifest, relative to the workspace root.",
            Shape::Text(&CiFormat::ToolPath),
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

const COMPAT: Key = Key::optional(
    "compat",
    "The profile that `compat` runs. Default: `compat` does not run on this event.",
    Shape::Text(&Format::ValueName),
);
const LEAK_CHECK: Key = Key::optional(
    "leak-check",
    "The profile that `leak-check` runs. Default: `leak-check` does not run on this event.",
    Shape::Text(&Format::ValueName),
);
const BENCH: Key = Key::optional(
    "bench",
    "The profile whose benchmarks are compared: those of a pull request with its merge base, those of a push with the \
     commit before it, those of a schedule with the commit of a week ago. Default: `bench` does not run on this event.",
    Shape::Text(&Format::ValueName),
);
const BENCH_ROUNDS: Key = Key::optional(
    "bench-rounds",
    "How often each build is measured before the first verdict. Default: `rounds` of each suite.",
    Shape::Integer { min: 6, max: 128 },
);
const PLATFORMS: Key = Key::optional(
    "platforms",
    "The platforms, each with a runner. Default: all that have one.",
    Shape::List { item: &Shape::Text(&Format::Platform), min: 1, unique: true },
);
const MAX_JOBS: Key = Key::optional(
    "max-jobs",
    "The most jobs that run cells; beyond that, builds share a job. Default: one job per build, but builds too short to be \
     worth a start-up share one.",
    Shape::Integer { min: 1, max: 2000 },
);
const MAX_MINUTES: Key = Key::optional(
    "max-minutes",
    "The most predicted minutes of all jobs together; a longer plan is refused. Default: no limit.",
    Shape::Integer { min: 1, max: 1_000_000 },
);

static PULL_REQUEST: TableShape = TableShape {
    title: "`[ci.pull_request]`",
    keys: &[
        COMPAT,
        LEAK_CHECK,
        BENCH,
        BENCH_ROUNDS,
        Key::optional(
            "bench-comment",
            "Whether a comment on the pull request has the result of `bench`, also on one from a fork. Default: true.",
            Shape::Flag,
        ),
        PLATFORMS,
        MAX_JOBS,
        MAX_MINUTES,
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static PUSH: TableShape = TableShape {
    title: "`[ci.push]`",
    keys: &[
        COMPAT,
        LEAK_CHECK,
        BENCH,
        BENCH_ROUNDS,
        Key::optional(
            "bench-branch",
            "The branch that keeps a record of the benchmarks of each commit; CI creates it. Default: `bench-evidence`.",
            Shape::Text(&CiFormat::OwnBranch),
        ),
        PLATFORMS,
        MAX_JOBS,
        MAX_MINUTES,
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static SCHEDULE: TableShape = TableShape {
    title: "`[ci.schedule]`",
    keys: &[
        Key::required(
            "cron",
            "When, in UTC, as GitHub reads five fields: minute, hour, day of the month, month, day of the week; one text or \
             several. At least five minutes between two runs.",
            Shape::OneOf(&[
                Shape::Text(&CiFormat::Cron),
                Shape::List { item: &Shape::Text(&CiFormat::Cron), min: 1, unique: true },
            ]),
        ),
        COMPAT,
        LEAK_CHECK,
        BENCH,
        BENCH_ROUNDS,
        PLATFORMS,
        MAX_JOBS,
        MAX_MINUTES,
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static CHECKS: TableShape = TableShape {
    title: "`[ci.checks]`",
    keys: &[
        Key::optional(
            "run",
            "Which: `format`, `clippy`, `test`, `doc`, `generated` (generated files are as they would be written). Default: \
             all.",
            Shape::List { item: &Shape::Text(&CHECK), min: 0, unique: true },
        ),
        Key::optional(
            "script",
            "A script that bash runs after them, relative to the workspace root. Default: none.",
            Shape::Text(&CiFormat::ScriptPath),
        ),
        Key::optional(
            "packages",
            "Debian packages that they need. Default: none.",
            Shape::List { item: &Shape::Text(&CiFormat::DebianPackage), min: 0, unique: true },
        ),
    ],
    later: Later::NONE,
    rest: None,
    min: 0,
};

static MISSING: Words = Words {
    what: "word for `missing`",
    known: &[
        ("skip", "They are shown as unproven and do not change the verdict."),
        ("fail", "They fail the verdict, too."),
    ],
    later: Later::NONE,
};

static CHECK: Words = Words {
    what: "check",
    known: &[
        ("format", "`cargo fmt --all --check`."),
        ("clippy", "`cargo clippy` for the workspace; warnings are errors."),
        ("test", "`cargo test` for the workspace."),
        ("doc", "`cargo doc`; warnings are errors."),
        ("generated", "Generated files are as they would be written."),
    ],
    later: Later::NONE,
};
