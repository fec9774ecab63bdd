//! The predicted cost of each CI event, as a terminal table.

use std::fmt::Write;

use compatrix_ci::CiPlan;

use crate::look::{count, wrap, Look};

/// One row per event and command, then notes on cells that no runner can try and jobs that need several matrices.
pub fn cost_table(plans: &[CiPlan], look: &Look) -> String {
    let head = ["event", "command", "profile", "jobs", "cells", "minutes", "to the verdict"].map(str::to_owned);
    let rows = plans.iter().map(|plan| {
        let cost = plan.cost();
        let cells: usize = plan.jobs().map(|(_, job)| job.cells.len()).sum();
        [
            plan.event.as_str().to_owned(),
            plan.work.as_str().to_owned(),
            plan.profile.clone(),
            cost.jobs.to_string(),
            cells.to_string(),
            cost.minutes.to_string(),
            format!("{} min", cost.longest_ms.div_ceil(60_000)),
        ]
    });
    let rows: Vec<[String; 7]> = rows.collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|n| std::iter::once(&head).chain(&rows).map(|row| row[n].chars().count()).max().unwrap_or_default())
        .collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(n, (cell, &width))| {
            // Left-align names, right-align numbers.
            if n < 3 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = format!("{}\n", look.bold(&line(&head)));
    for row in &rows {
        let _ = writeln!(out, "{}", line(row));
    }
    for text in plans.iter().flat_map(notes) {
        for (n, line) in wrap(&text, look.width.saturating_sub(2).max(20)).iter().enumerate() {
            let _ = writeln!(out, "{}{line}", if n == 0 { "" } else { "  " });
        }
    }
    out
}

fn notes(plan: &CiPlan) -> Vec<String> {
    let of = format!("{}, {}", plan.event, plan.work.as_str());
    let mut notes = Vec::new();
    for platform in plan.platforms() {
        let groups: Vec<_> = plan.groups.iter().filter(|group| group.platform == platform).collect();
        let mut containers: Vec<_> = groups.iter().map(|group| &group.container).collect();
        containers.dedup();
        for container in containers {
            let same: Vec<_> = groups.iter().filter(|group| group.container == *container).collect();
            let jobs: usize = same.iter().map(|group| group.jobs.len()).sum();
            if same.len() > 1 {
                notes.push(format!(
                    "{of}: {jobs} jobs of {platform} are in {} matrices, because one holds at most {}",
                    same.len(),
                    compatrix_ci::plan::MATRIX_JOBS
                ));
            }
        }
    }
    if !plan.untried.is_empty() {
        notes.push(format!(
            "{of}: no runner can try {}; the comment at the top of the workflow says why",
            count(plan.untried.len(), "cell")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use compatrix_ci::plan::{Untried, JOB_MS};
    use compatrix_ci::{Group, Job, Needs};
    use compatrix_model::cell::CellIndex;
    use compatrix_model::matrix_spec::{CiEvent, JobCommand};

    use super::*;

    #[test]
    fn rows_are_aligned_and_what_is_special_is_said() {
        let job = |n: usize| Job {
            id: format!("j{n}"),
            name: format!("job {n}"),
            builds: vec![n.to_string()],
            toolchains: Vec::new(),
            cells: vec![(0, CellIndex(n as u128))],
            may_fail: false,
            predicted_ms: JOB_MS + 30_000,
        };
        let group = |n: usize, jobs: usize| Group {
            id: format!("g{n}"),
            platform: "linux-x86_64".to_owned(),
            runner: "ubuntu-24.04".to_owned(),
            container: None,
            needs: Needs::default(),
            jobs: (0..jobs).map(job).collect(),
        };
        let plan = |event, groups, untried: usize| CiPlan {
            event,
            work: JobCommand::Compat,
            profile: "local".to_owned(),
            groups,
            untried: (0..untried)
                .map(|n| Untried {
                    platform: "linux-x86_64".to_owned(),
                    suite: 0,
                    cell: CellIndex(n as u128),
                    reason: "r".to_owned(),
                })
                .collect(),
            id: String::new(),
        };
        let plans = [
            plan(CiEvent::PullRequest, vec![group(1, 1)], 0),
            plan(CiEvent::Schedule, vec![group(1, 200), group(2, 200)], 3),
        ];
        let look = Look { width: 60, color: false, unicode: true };
        assert_eq!(
            cost_table(&plans, &look),
            "event         command  profile  jobs  cells  minutes  to the verdict\n\
             pull_request  compat   local       3      1        6           5 min\n\
             schedule      compat   local     402    400      804           5 min\n\
             schedule, compat: 400 jobs of linux-x86_64 are in 2\n\
             \u{20}\u{20}matrices, because one holds at most 256\n\
             schedule, compat: no runner can try 3 cells; the comment\n\
             \u{20}\u{20}at the top of the workflow says why\n"
        );
        assert!(cost_table(&plans, &Look { color: true, ..look }).contains("\u{1b}["));
    }
}
