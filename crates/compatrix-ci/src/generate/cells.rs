//! The jobs that run cells: one workflow job per group, with a static matrix.

use crate::workflow::{Container, Matrix, MatrixValue, MayFail, Step, Text, WorkflowJob};
use crate::{CiPlan, Group, Job, Needs};
use compatrix_model::matrix_spec::JobCommand;

use super::about::{count, minutes};
use super::expression;
use super::scene::{Program, Scene};
use super::steps::{self, run, uses, Also, EVIDENCE};

impl Scene<'_> {
    /// The workflow job of a group.
    pub(super) fn cells(&self, plan: &CiPlan, group: &Group) -> WorkflowJob {
        let mut steps = Vec::new();
        match &group.container {
            Some(_) => {
                steps.extend([container_packages(group.needs), steps::checkout("1"), container_settings()]);
            }
            None => {
                steps.extend(steps::as_committed(&group.platform));
                steps.push(steps::checkout("1"));
                steps.extend(packages(group.needs));
            }
        }
        steps.push(steps::toolchain());
        if group.needs.miri {
            let line = "rustup toolchain install nightly --profile minimal --component miri,rust-src --no-self-update";
            steps.push(run("Install Miri", vec![line]).installs());
        }
        // A library built on the runner may need a newer C library than a container has, so containers build theirs.
        if let (None, Some(key)) = (&group.container, self.sqlite_key(&group.platform)) {
            let with = steps::sqlite_cache(&group.platform, key);
            steps.push(uses("Restore exact SQLite versions", "actions/cache/restore", with));
        }
        steps.extend(steps::take_orchestrator(self.options, &group.platform));
        steps.push(
            run("Run the cells", vec![self.command()])
                .env("EVENT", Text::literal(plan.event.as_str()))
                .env("JOB", Text::Expression(expression::JOB)),
        );
        let name = Text::Expression(match self.work {
            JobCommand::Compat => expression::EVIDENCE_COMPAT,
            JobCommand::LeakCheck => expression::EVIDENCE_LEAK_CHECK,
        });
        let upload = steps::upload(name, &self.options.place.path(EVIDENCE), self.ci.retention_days);
        steps.push(uses("Upload the evidence", "actions/upload-artifact", upload).when(expression::ALWAYS));
        let mut env = steps::handed_env(self.options);
        if group.container.is_some() {
            env.extend(container_env());
        }
        WorkflowJob {
            id: group.id.clone(),
            name: Text::Expression(expression::NAME),
            about: self.about_group(plan, group),
            condition: expression::on_any(&[plan.event]),
            needs: vec![format!("orchestrator-{}", group.platform)],
            runs_on: group.runner.clone(),
            container: group.container.as_deref().map(|image| container(image, group.needs)),
            permissions: vec![steps::READS_CODE],
            timeout_minutes: self.ci.timeout_minutes,
            matrix: Some(Matrix { include: group.jobs.iter().map(row).collect() }),
            continue_on_error: MayFail::Where(expression::ALLOW_FAILURE),
            env,
            steps,
        }
    }

    fn command(&self) -> &'static str {
        match (self.options.program, self.work) {
            (Program::Xtask(_), JobCommand::Compat) => {
                "cargo xtask compat --event \"$EVENT\" --job \"$JOB\" --evidence \"target/ci/evidence/$JOB.jsonl\""
            }
            (Program::Xtask(_), JobCommand::LeakCheck) => {
                "cargo xtask leak-check --event \"$EVENT\" --job \"$JOB\" --evidence \"target/ci/evidence/$JOB.jsonl\""
            }
            (Program::Compatrix(_), JobCommand::Compat) => {
                "cargo compatrix compat --event \"$EVENT\" --job \"$JOB\" --evidence \"target/ci/evidence/$JOB.jsonl\""
            }
            (Program::Compatrix(_), JobCommand::LeakCheck) => {
                "cargo compatrix leak-check --event \"$EVENT\" --job \"$JOB\" --evidence \"target/ci/evidence/$JOB.jsonl\""
            }
        }
    }

    fn about_group(&self, plan: &CiPlan, group: &Group) -> Vec<String> {
        let cells = group.jobs.iter().map(|job| job.cells.len()).sum();
        let predicted = group.jobs.iter().map(|job| minutes(job.predicted_ms)).sum();
        let place = match &group.container {
            Some(image) => format!("{} in {image}", group.platform),
            None => group.platform.clone(),
        };
        let mut about = vec![format!(
            "{} on {place}: {} of {}, predicted to take {} in total.",
            plan.event,
            count(group.jobs.len(), "job"),
            count(cells, "cell"),
            count(predicted, "minute"),
        )];
        let same = |other: &&Group| other.platform == group.platform && other.container == group.container;
        let parts: Vec<&Group> = plan.groups.iter().filter(same).collect();
        if parts.len() > 1 {
            let part = parts.iter().position(|part| part.id == group.id).unwrap_or_default() + 1;
            let jobs = parts.iter().map(|part| part.jobs.len()).sum();
            about.push(format!(
                "Part {part} of {}: these are {}, and GitHub allows at most {} per matrix.",
                parts.len(),
                count(jobs, "job"),
                crate::plan::MATRIX_JOBS
            ));
        }
        about
    }
}

/// A job's row of the matrix, as GitHub reads it and a reviewer sees it.
fn row(job: &Job) -> Vec<(String, MatrixValue)> {
    let toolchains: Vec<&str> = job.toolchains.iter().map(|toolchain| toolchain.as_str()).collect();
    [
        ("job", MatrixValue::Text(job.id.clone())),
        ("name", MatrixValue::Text(job.name.clone())),
        ("builds", MatrixValue::Text(job.builds.join("; "))),
        ("toolchains", MatrixValue::Text(toolchains.join(", "))),
        ("cells", MatrixValue::Number(job.cells.len() as u64)),
        ("minutes", MatrixValue::Number(minutes(job.predicted_ms) as u64)),
        ("allow_failure", MatrixValue::Bool(job.may_fail)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// A container of this image, with the runner's rustup.
pub(super) fn container(image: &str, needs: Needs) -> Container {
    let volumes = ["/home/runner/.rustup:/opt/rustup", "/home/runner/.cargo:/opt/cargo"].map(str::to_owned).into();
    Container { image: image.to_owned(), volumes, privileged: needs.roots }
}

/// Environment of a job in a container.
pub(super) fn container_env() -> [(String, Text); 3] {
    [("RUSTUP_HOME", "/opt/rustup"), ("CARGO_HOME", "/opt/cargo"), ("DEBIAN_FRONTEND", "noninteractive")]
        .map(|(name, value)| (name.to_owned(), Text::literal(value)))
}

/// The line that installs packages on a runner, and the one in a container.
macro_rules! install {
    ($packages:literal) => {
        [
            concat!("sudo apt-get install --yes --no-install-recommends ", $packages),
            concat!("apt-get install --yes --no-install-recommends ", $packages),
        ]
    };
}

/// A tool's need, and the lines that install it.
type Tool = (fn(&Needs) -> bool, [&'static str; 2]);
/// What some jobs need besides, on a runner and in a container.
const TOOLS: [Tool; 3] = [
    (|needs| needs.valgrind, install!("valgrind")),
    (|needs| needs.mingw, install!("gcc-mingw-w64-x86-64-win32")),
    (|needs| needs.wine, install!("wine64")),
];

/// Packages for a runner, which already has a compiler.
pub(super) fn packages(needs: Needs) -> Option<Step> {
    let mut lines = vec!["sudo apt-get update"];
    if needs.sqlite {
        lines.push("sudo apt-get install --yes --no-install-recommends libsqlite3-dev pkg-config");
    }
    lines.extend(TOOLS.iter().filter(|(is_needed, _)| is_needed(&needs)).map(|(_, [runner, _])| runner));
    if needs.archives {
        lines.push("sudo apt-get install --yes --no-install-recommends debian-archive-keyring gpgv patchelf");
    }
    (lines.len() > 1).then(|| run("Install packages", lines).installs())
}

/// Packages for a container, which has nothing. Without git, the checkout would have no history.
pub(super) fn container_packages(needs: Needs) -> Step {
    let mut lines = vec![
        "apt-get update",
        "apt-get install --yes --no-install-recommends ca-certificates gcc git libc6-dev patchelf pkg-config",
    ];
    if needs.sqlite {
        lines.push("apt-get install --yes --no-install-recommends libsqlite3-dev");
    }
    lines.extend(TOOLS.iter().filter(|(is_needed, _)| is_needed(&needs)).map(|(_, [_, container])| container));
    if needs.roots {
        lines.push("apt-get install --yes --no-install-recommends bubblewrap mmdebstrap");
    }
    // The checkout needs git, so there is no folder of the workspace yet.
    run("Install packages", lines).installs().at_top()
}

/// Uses the runner's mounted rustup, and trusts the checkout although another user owns it.
pub(super) fn container_settings() -> Step {
    let lines = vec![
        "echo \"$CARGO_HOME/bin\" >> \"$GITHUB_PATH\"",
        "git config --global --add safe.directory \"$GITHUB_WORKSPACE\"",
    ];
    run("Use the runner's rustup", lines)
}
