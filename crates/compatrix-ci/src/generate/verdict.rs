//! The last jobs: the verdict for all evidence, which is the required check, and the report of a failed schedule.

use crate::workflow::{MayFail, Permission, Text, WorkflowJob};
use compatrix_model::matrix_spec::{CiEvent, JobCommand};

use super::scene::{Program, Scene};
use super::steps::{self, run, uses, Also, EVIDENCE};
use super::{expression, report};

const TIMEOUT_MINUTES: u32 = 15;

impl Scene<'_> {
    /// The verdict job, which needs the jobs `before`.
    pub(super) fn verdict(&self, before: Vec<String>) -> WorkflowJob {
        let (platform, runner) = self.home();
        let place = self.options.place;
        let sarif = self.work == JobCommand::LeakCheck && self.ci.code_scanning;
        // The parent commit is the base: for a pull request's merge commit, the target branch.
        let mut steps = vec![steps::checkout("2"), steps::toolchain()];
        steps.extend(steps::take_orchestrator(self.options, platform));
        let pattern = format!("evidence-{}-*", self.work.as_str());
        let all = vec![
            ("pattern", Text::literal(pattern)),
            ("path", Text::literal(self.options.place.path(EVIDENCE))),
            ("merge-multiple", Text::literal("true")),
        ];
        steps.push(uses("Download the evidence of all jobs", "actions/download-artifact", all));
        steps.push(
            run("Merge the evidence and report the verdict", vec![self.merge(sarif)])
                .env("EVENT", Text::Expression(expression::EVENT))
                .env("NEEDS", Text::Expression(expression::NEEDS)),
        );
        let mut permissions = vec![steps::READS_CODE];
        if sarif {
            permissions.extend([
                Permission {
                    scope: "actions",
                    write: false,
                    why: "code scanning reads the run in private repositories",
                },
                Permission { scope: "security-events", write: true, why: "to upload findings to code scanning" },
            ]);
            let with = vec![
                ("sarif_file", Text::literal(place.path("target/ci/leaks.sarif"))),
                ("category", Text::literal(place.key("leak-check"))),
            ];
            let upload = uses("Upload findings to code scanning", "github/codeql-action/upload-sarif", with);
            let found =
                if place.folder().is_some() { expression::HAS_FINDINGS_BELOW } else { expression::HAS_FINDINGS };
            steps.push(upload.when(found));
        }
        WorkflowJob {
            id: "verdict".to_owned(),
            name: Text::literal(place.name(match self.work {
                JobCommand::Compat => "compatibility verdict: all cells as expected",
                JobCommand::LeakCheck => "leak-check verdict: all cells as expected",
            })),
            about: vec![
                "Make this the required check. It runs whatever happened above, and fails if a job of the event failed, was".into(),
                "skipped or lost, or if a planned cell has no evidence.".into(),
            ],
            condition: Some(expression::ALWAYS),
            needs: before,
            runs_on: runner.to_owned(),
            container: None,
            permissions,
            timeout_minutes: TIMEOUT_MINUTES,
            matrix: None,
            continue_on_error: MayFail::Never,
            env: steps::handed_env(self.options),
            steps,
        }
    }

    fn merge(&self, sarif: bool) -> &'static str {
        match (self.options.program, self.work, sarif) {
            (Program::Xtask(_), JobCommand::Compat, _) => {
                "cargo xtask evidence merge target/ci/evidence --event \"$EVENT\" --of compat --needs \"$NEEDS\" --base HEAD^1"
            }
            (Program::Xtask(_), JobCommand::LeakCheck, false) => {
                "cargo xtask evidence merge target/ci/evidence --event \"$EVENT\" --of leak-check --needs \"$NEEDS\" --base HEAD^1"
            }
            (Program::Xtask(_), JobCommand::LeakCheck, true) => {
                "cargo xtask evidence merge target/ci/evidence --event \"$EVENT\" --of leak-check --needs \"$NEEDS\" --base HEAD^1 --sarif target/ci/leaks.sarif"
            }
            (Program::Compatrix(_), JobCommand::Compat, _) => {
                "cargo compatrix evidence merge target/ci/evidence --event \"$EVENT\" --of compat --needs \"$NEEDS\" --base HEAD^1"
            }
            (Program::Compatrix(_), JobCommand::LeakCheck, false) => {
                "cargo compatrix evidence merge target/ci/evidence --event \"$EVENT\" --of leak-check --needs \"$NEEDS\" --base HEAD^1"
            }
            (Program::Compatrix(_), JobCommand::LeakCheck, true) => {
                "cargo compatrix evidence merge target/ci/evidence --event \"$EVENT\" --of leak-check --needs \"$NEEDS\" --base HEAD^1 --sarif target/ci/leaks.sarif"
            }
        }
    }

    /// The job that reports a scheduled run without a good verdict.
    pub(super) fn report(&self) -> Option<WorkflowJob> {
        let title = match self.work {
            JobCommand::Compat => "The scheduled compatibility run fails",
            JobCommand::LeakCheck => "The scheduled leak-check run fails",
        };
        let job = || {
            report::job(self.options, title, (vec!["verdict".to_owned()], expression::SCHEDULE_FAILED), self.home().1)
        };
        self.events().contains(&CiEvent::Schedule).then(job)
    }
}
