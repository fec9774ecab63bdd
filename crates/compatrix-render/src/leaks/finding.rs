//! One finding in full: the workspace's code first, then the rest.

use compatrix_leak::{attribute, Frame, FrameOrigin, Standing};

use super::frames::{first, fold, function, place, Line};
use super::gather::Group;
use super::kinds::{amount, title};
use crate::look::{count, width, wrap, Look};

/// The most lines shown of a stack.
const MAX_LINES: usize = 16;

/// `valgrind: definite leak, 77 bytes in 1 block, in 5 cells`.
pub(crate) fn headline(group: &Group<'_>) -> String {
    let finding = group.finding;
    let mut parts = vec![format!("{}: {}", finding.tool, title(finding.kind))];
    parts.push(amount(group));
    if group.rows.len() > 1 {
        parts.push(format!("in {}", count(group.rows.len(), "cell")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// The test (`it::opens_twice`), or a phrase if it is not known.
pub(crate) fn test(group: &Group<'_>) -> String {
    let finding = group.finding;
    match &finding.test {
        Some(test) if finding.executable.is_empty() => test.clone(),
        Some(test) => format!("{}::{test}", finding.executable),
        None if finding.executable.is_empty() => "unknown".to_owned(),
        None => match attribute::outside(finding) {
            Some(place) => format!("none: {place} of {}", finding.executable),
            None => format!("one of {}; the tool does not say which", finding.executable),
        },
    }
}

/// Details of a suppression or baseline entry; `None` for plain errors and noted findings.
pub(crate) fn standing(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Error | Standing::Noted => None,
        Standing::Suppressed { by, reason } => Some(format!("suppressed by {by}: {reason}")),
        Standing::Accepted { reason, issue, until } => {
            let issue = issue.as_ref().map(|issue| format!(" {issue}")).unwrap_or_default();
            Some(format!("accepted until {until}: {reason}{issue}"))
        }
        Standing::Grew { bytes, blocks } => {
            let most = |n: &Option<u64>, what| n.map(|n| format!("{n} {what}"));
            let most: Vec<String> = [most(bytes, "bytes"), most(blocks, "blocks")].into_iter().flatten().collect();
            Some(format!("the baseline accepts {}, and it has grown beyond", most.join(" in ")))
        }
        Standing::Expired { until } => Some(format!("accepted by the baseline until {until}, now expired")),
    }
}

/// The lines below the headline, not yet indented.
pub(crate) fn body(group: &Group<'_>, repro: &str, look: &Look) -> Vec<String> {
    let finding = group.finding;
    let mut out = Vec::new();
    let shown = first(finding);
    if let Some(frame) = shown {
        for (nth, line) in at(frame, look).into_iter().enumerate() {
            out.push(if nth == 0 { look.bold(&line) } else { line });
        }
    }
    let mut field = |name: &str, value: &str| {
        for (nth, line) in wrap(value, look.width.saturating_sub(12).max(16)).iter().enumerate() {
            let name = if nth == 0 { name } else { "" };
            out.push(format!("{}{line}", look.dim(&format!("{name:<12}"))));
        }
    };
    field("test", &test(group));
    if let Some(child) = &finding.child {
        field("process", &format!("a child of the test's: {child}"));
    }
    if finding.should_panic {
        field("", "this test expects a panic (`#[should_panic]`), which may have cut short what frees it");
    }
    if let Some(said) = group.fails_too() {
        field("", &said);
    }
    if let Some(said) = standing(&finding.standing) {
        field("standing", &said);
    }
    if !finding.what.is_empty() {
        field("the tool", &finding.what);
    }
    // The first frame is already shown above; a stack of it alone adds nothing.
    let said = finding.stack.len() == 1 && finding.stack.first() == shown;
    if !finding.stack.is_empty() && !said {
        stack(&mut out, &finding.stack, look);
    }
    for related in &finding.related {
        out.extend(wrap(&related.what, look.width.max(16)));
        stack(&mut out, &related.stack, look);
    }
    out.push(format!("{}{}", look.dim("fingerprint "), finding.fingerprint));
    out.push(look.dim(repro));
    out
}

/// `src/store.rs:120 in things_store::Store::open`, split over two lines if too wide.
fn at(frame: &Frame, look: &Look) -> Vec<String> {
    let place = place(frame);
    let name = function(frame, look.width.saturating_sub(3), ellipsis(look));
    if place.is_empty() {
        return vec![name];
    }
    if frame.function.is_empty() {
        return vec![place];
    }
    let whole = format!("{place} in {}", frame.function);
    if width(&whole) <= look.width {
        vec![whole]
    } else {
        vec![place, format!("  in {name}")]
    }
}

fn stack(out: &mut Vec<String>, frames: &[Frame], look: &Look) {
    let lines = fold(frames);
    let dots = ellipsis(look);
    for line in lines.iter().take(MAX_LINES) {
        match line {
            Line::Std(n) => out.push(look.dim(&format!("  {dots} {} in std", count(*n, "frame")))),
            Line::Callers(n) => out.push(look.dim(&format!("  {dots} {} that call it", count(*n, "frame")))),
            Line::Frame(frame) => {
                let (place, own) = (place(frame), frame.origin == FrameOrigin::Own);
                let name = function(frame, look.width.saturating_sub(2), dots);
                let paint = |text: &str| if own { look.bold(text) } else { text.to_owned() };
                if place.is_empty() {
                    out.push(format!("  {}", paint(&name)));
                } else if width(&frame.function) + width(&place) + 4 <= look.width {
                    out.push(format!("  {}  {}", paint(&name), look.dim(&place)));
                } else {
                    out.push(format!("  {}", paint(&name)));
                    out.push(format!("      {}", look.dim(&place)));
                }
            }
        }
    }
    if lines.len() > MAX_LINES {
        let more = count(lines.len() - MAX_LINES, "more line");
        out.push(look.dim(&format!("  {dots} and {more}; see --format json")));
    }
}

pub(crate) fn ellipsis(look: &Look) -> &'static str {
    if look.unicode {
        "…"
    } else {
        "..."
    }
}
