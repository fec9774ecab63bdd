//! The results of a rehearsal's jobs, as a terminal table.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use compatrix_ci::workflow::rehearsal::{JobResult, JobRow};

use crate::look::{count, cut, duration, pad, width, Look};

/// One row per job that ran or was omitted; jobs of other events are only counted.
pub fn table(rows: &[JobRow], look: &Look) -> String {
    let shown: Vec<&JobRow> = rows.iter().filter(|row| row.result != Some(JobResult::Skipped)).collect();
    let word = |row: &JobRow| match row.result {
        None => "omitted",
        Some(result) => result.as_str(),
    };
    let took = |row: &JobRow| row.result.map(|_| duration(row.wall_ms)).unwrap_or_default();
    let predicted = |row: &JobRow| row.minutes.map(|minutes| format!("{minutes} min")).unwrap_or_default();
    let widest = |text: &dyn Fn(&JobRow) -> String, head: &str| {
        shown.iter().map(|row| width(&text(row))).max().unwrap_or_default().max(width(head))
    };
    let results = widest(&|row| word(row).to_owned(), "result");
    let times = widest(&took, "time");
    let predictions = widest(&predicted, "predicted");
    let names = widest(&|row| row.name.clone(), "job");
    // Two spaces between columns, and room for a note of ten.
    let names = names.min(look.width.saturating_sub(results + times + predictions + 6 + 10).max(12));
    let columns = names + results + times + predictions + 6;
    let mut out = String::new();
    let head = format!("{:<names$}  {:<results$}  {:>times$}  {:>predictions$}", "job", "result", "time", "predicted");
    let _ = writeln!(out, "{}", look.bold(&head));
    for row in &shown {
        let result = look.paint(style(row), &format!("{:<results$}", word(row)));
        let note = match (row.result, row.may_fail) {
            (None, _) => "  of another platform",
            (Some(JobResult::Failure | JobResult::Cancelled), true) => "  may fail",
            (Some(_), _) => "",
        };
        let note = if columns + width(note) <= look.width { note } else { "" };
        let line = format!(
            "{}  {result}  {:>times$}  {:>predictions$}{note}",
            pad(&cut(&row.name, names), names),
            took(row),
            predicted(row)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let skipped = rows.len() - shown.len();
    if skipped > 0 {
        let _ = writeln!(out, "{}", look.dim(&format!("{} of other events skipped", count(skipped, "job"))));
    }
    out
}

fn style(row: &JobRow) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match row.result {
        Some(JobResult::Success) => color(AnsiColor::Green),
        Some(JobResult::Failure | JobResult::Cancelled) if row.may_fail => color(AnsiColor::Yellow),
        Some(JobResult::Failure | JobResult::Cancelled) => color(AnsiColor::Red).bold(),
        Some(JobResult::Skipped) | None => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_jobs() {
        let row = |name: &str, result, may_fail, wall_ms, minutes| JobRow {
            name: name.to_owned(),
            result,
            may_fail,
            wall_ms,
            minutes,
        };
        let rows = [
            row("orchestrator-linux-x86_64", Some(JobResult::Success), false, 61_000, None),
            row("pull-request-linux-x86_64 (linux-x86_64-stable)", Some(JobResult::Failure), true, 400, Some(3)),
            row("orchestrator-macos-aarch64", None, false, 0, None),
            row("schedule-linux-x86_64 (a)", Some(JobResult::Skipped), false, 0, Some(2)),
            row("verdict", Some(JobResult::Failure), false, 2_000, None),
        ];
        let text = table(&rows, &Look::plain(100));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("job  ") && lines[0].ends_with("predicted"), "{text}");
        assert!(lines[2].contains("failure") && lines[2].ends_with("3 min  may fail"), "{text}");
        assert!(lines[3].ends_with("of another platform"), "{text}");
        assert_eq!(lines[5], "1 job of other events skipped", "{text}");
        for (width, most) in [(40, 44), (80, 80)] {
            let text = table(&rows[..2], &Look::plain(width));
            assert!(text.lines().all(|line| line.chars().count() <= most), "{width}:\n{text}");
        }
    }
}
