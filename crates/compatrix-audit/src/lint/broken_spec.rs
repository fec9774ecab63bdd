//! A spec that cannot be read, as a finding: nothing is known then of what it claims.

use shaped_toml::{Diagnostics, Severity};

use super::{Finding, Lint};

/// A spec with errors; the first of them is quoted. `file` is the spec's, `program` how the user starts compatrix.
pub fn with_errors(file: &str, problems: &Diagnostics, program: &str) -> Finding {
    let first = problems.list.iter().find(|problem| problem.severity == Severity::Error);
    let what = first.map(|first| format!("{}; first: {}", problems.summary(), first.message));
    finding(file, what.unwrap_or_else(|| problems.summary()), first.map(|first| first.line), program)
}

/// A spec whose file or fixtures cannot be read, for this reason.
pub fn unreadable(file: &str, reason: String, program: &str) -> Finding {
    finding(file, reason, None, program)
}

fn finding(file: &str, what: String, line: Option<usize>, program: &str) -> Finding {
    Finding {
        id: Lint::SpecInvalid,
        severity: Severity::Error,
        file: file.to_owned(),
        line,
        quote: String::new(),
        what,
        mend: format!("fix the spec; `{program} plan` shows its errors too"),
        items: Vec::new(),
    }
}
