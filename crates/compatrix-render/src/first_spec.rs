//! The spec that `init` writes, with a comment on the source of each value.

pub mod summary;

use compatrix_audit::first_spec::{Draft, DraftAxis, FeatureSet, Noted};
use shaped_toml::{key, quoted};

use crate::look::{count, cut, width, wrap};

/// Width limit for comments, and for lines with a trailing comment.
const COLUMNS: usize = 110;
/// The most places listed that were not taken over.
const MOST_NOT_TAKEN: usize = 40;

/// The text of `compat/matrix.toml`. `command` is the prefix to show: `cargo compatrix`.
pub fn first_spec(draft: &Draft, command: &str) -> String {
    let mut out = Lines::default();
    out.remark(&format!(
        "The promises of this workspace, and the tests that prove them. `{command} init` generated this first version; \
         edit it freely. `{command} plan` shows the plan, `{command} compat` runs it. `{command} help spec` explains \
         the format; `{command} schema` writes its whole reference here."
    ));
    out.line("");
    out.line("version = 1");
    project(draft, &mut out);
    claims(draft, &mut out);
    axes(draft, &mut out);
    locks(draft, command, &mut out);
    suites(draft, &mut out);
    profiles(draft, command, &mut out);
    if !draft.remarks.is_empty() {
        out.line("");
        out.remark("Found, but not used:");
        draft.remarks.iter().for_each(|remark| out.item(remark));
    }
    if !draft.not_taken.is_empty() {
        out.line("");
        out.remark("Not taken over, because:");
        let shown = draft.not_taken.iter().take(MOST_NOT_TAKEN);
        shown.for_each(|one| out.item(&format!("{}:{}: {}: {}", one.file, one.line, one.because, excerpt(&one.text))));
        let more = draft.not_taken.len().saturating_sub(MOST_NOT_TAKEN);
        if more > 0 {
            out.item(&format!("and {}", count(more, "further place")));
        }
    }
    out.0
}

fn project(draft: &Draft, out: &mut Lines) {
    out.table("[project]");
    out.list("packages", &draft.packages);
    if !draft.left_out.is_empty() {
        out.remark("Not under test:");
        draft.left_out.iter().for_each(|member| out.item(&format!("`{}`: {}", member.value, member.why)));
    }
    if let Some(report) = &draft.report {
        out.remark(&format!("Not the default path: {}.", report.why));
        out.line(&format!("report = {}", quoted(&report.value)));
    }
}

fn claims(draft: &Draft, out: &mut Lines) {
    let claims = &draft.claims;
    out.line("");
    out.remark("Promises to users. The compatibility page shows each as proven, unproven or contradicted.");
    out.line("[claims]");
    for (key, claim) in [("rust", &claims.rust), ("sqlite", &claims.sqlite)] {
        if let Some(claim) = claim {
            out.noted(&format!("{key} = {}", quoted(&claim.value)), &claim.why);
        }
    }
    claims.remarks.iter().for_each(|remark| out.remark(remark));
    for (package, claim) in &claims.packages {
        out.line(&format!("[claims.packages.{}]", key(package)));
        out.noted(&format!("rust = {}", quoted(&claim.value)), &claim.why);
    }
    if !claims.platforms.is_empty() {
        out.line("[claims.platforms]");
        out.list("tested", &claims.platforms);
    }
}

fn axes(draft: &Draft, out: &mut Lines) {
    out.line("");
    out.remark("The dimensions of the matrix; a cell is one value per axis.");
    out.line("[axis]");
    out.axis("rust", &draft.rust);
    if let Some(axis) = &draft.sqlite {
        out.axis("sqlite", axis);
    }
    if draft.schema {
        out.noted("schema = \"fixtures/*\"", "one value per folder in compat/fixtures");
    }
    if draft.features.is_empty() {
        draft.feature_remarks.iter().for_each(|remark| out.remark(remark));
        return;
    }
    out.line("");
    out.remark("Each set needs a separate build per toolchain.");
    draft.feature_remarks.iter().for_each(|remark| out.remark(remark));
    out.line("[axis.features]");
    for set in &draft.features {
        out.noted(&format!("{} = {}", key(&set.name), features(set)), &set.why);
    }
}

fn features(set: &FeatureSet) -> String {
    let list: Vec<String> = set.features.iter().map(|feature| quoted(feature)).collect();
    let list = format!("[{}]", list.join(", "));
    match (set.default_features, set.features.is_empty()) {
        (true, _) => list,
        (false, true) => "{ default-features = false }".to_owned(),
        (false, false) => format!("{{ default-features = false, features = {list} }}"),
    }
}

/// Groups of toolchains with dependency versions of their own.
fn locks(draft: &Draft, command: &str, out: &mut Lines) {
    for (n, lock) in draft.locks.iter().enumerate() {
        out.line("");
        if n == 0 {
            out.remark(&format!(
                "Old toolchains get dependency versions that they can build, from compat/locks; `{command} lock` chooses them."
            ));
        }
        out.line("[[lock]]");
        out.line(&format!("name = {}", quoted(&format!("rust-{}", lock.toolchain))));
        out.noted(&format!("rust = {}", quoted(&lock.rust)), &lock.why);
    }
}

fn suites(draft: &Draft, out: &mut Lines) {
    let only: Vec<&str> = draft.builds_only.iter().map(|value| value.value.as_str()).collect();
    let others = draft.rust.values.iter().map(|value| value.value.as_str()).filter(|value| !only.contains(value));
    let when = |values: Vec<&str>| {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        format!("when = {{ rust = [{}] }}", values.join(", "))
    };
    out.table("[[suite]]");
    out.line("name = \"tests\"");
    if let Some(why) = &draft.doctests {
        out.noted("doctests = true", why);
    }
    for arg in &draft.args {
        out.noted(&format!("args = [{}]", quoted(&arg.value)), &arg.why);
    }
    if !only.is_empty() {
        out.line(&when(others.collect()));
    }
    if !draft.env.is_empty() || draft.schema {
        out.line("[suite.env]");
        if draft.schema {
            out.remark("Each run gets a fresh copy of its cell's database. Use the variable name that the tests read.");
            out.line("TEST_DATABASE = \"{schema.database}\"");
        }
        for (name, value) in &draft.env {
            out.noted(&format!("{name} = {}", quoted(&value.value)), &value.why);
        }
    }
    if only.is_empty() {
        return;
    }
    out.line("");
    for value in &draft.builds_only {
        out.remark(&format!("{}: {}.", value.value, value.why));
    }
    out.line("[[suite]]");
    out.line("name = \"builds\"");
    out.line("kind = \"build\"");
    out.line(&when(only));
}

/// The start of a line that was found.
fn excerpt(text: &str) -> String {
    cut(&plain(text), 80)
}

fn profiles(draft: &Draft, command: &str, out: &mut Lines) {
    out.line("");
    if draft.local.is_empty() {
        out.remark(&format!("`{command} compat` without flags. The matrix is small, so this includes every cell."));
    } else {
        out.remark(&format!("`{command} compat` without flags: only the ends of the long axes, for daily use."));
    }
    out.line("[profile.local]");
    out.line("strategy = \"all\"");
    if !draft.local.is_empty() {
        out.line("[profile.local.when]");
        for (axis, values) in &draft.local {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            out.line(&format!("{axis} = [{}]", values.join(", ")));
        }
    }
    out.line("");
    out.remark(&format!("Every cell: `{command} compat --profile full`."));
    out.line("[profile.full]");
    out.line("strategy = \"all\"");
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn table(&mut self, header: &str) {
        self.line("");
        self.line(header);
    }

    /// A comment on its own lines.
    fn remark(&mut self, text: &str) {
        for line in wrap(&plain(text), COLUMNS - 2) {
            self.line(&format!("# {line}"));
        }
    }

    /// A list item in a comment.
    fn item(&mut self, text: &str) {
        for (n, line) in wrap(&plain(text), COLUMNS - 4).iter().enumerate() {
            self.line(&format!("# {} {line}", if n == 0 { "-" } else { " " }));
        }
    }

    /// A line with its reason as a trailing comment if it fits, otherwise above.
    fn noted(&mut self, text: &str, why: &str) {
        let why = plain(why);
        if why.is_empty() {
            self.line(text);
        } else if width(text) + width(&why) + 4 <= COLUMNS {
            self.line(&format!("{text}  # {why}"));
        } else {
            let indent = text.len() - text.trim_start().len();
            for line in wrap(&why, COLUMNS - 2 - indent) {
                self.line(&format!("{:indent$}# {line}", ""));
            }
            self.line(text);
        }
    }

    /// An array with one value per line, each with its reason.
    fn list(&mut self, key: &str, values: &[Noted]) {
        self.line(&format!("{key} = ["));
        for value in values {
            self.noted(&format!("    {},", quoted(&value.value)), &value.why);
        }
        self.line("]");
    }

    fn axis(&mut self, key: &str, axis: &DraftAxis) {
        axis.remarks.iter().for_each(|remark| self.remark(remark));
        self.list(key, &axis.values);
    }
}

/// Makes text safe for a comment: TOML forbids control characters there.
fn plain(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}
