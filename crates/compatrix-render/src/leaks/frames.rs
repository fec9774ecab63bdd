//! Condenses stacks for display: which frames get a line, and how a frame is written.

use compatrix_leak::{Finding, Frame, FrameOrigin};

use crate::look::{fitting, width};

/// A line of a condensed stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Frame(&'a Frame),
    /// The number of consecutive frames of the standard library.
    Std(usize),
    /// The number of frames that call the workspace's code: test harness, thread start.
    Callers(usize),
}

/// The stack with frames of the standard library and all callers of the workspace's code folded.
pub(crate) fn fold(stack: &[Frame]) -> Vec<Line<'_>> {
    let outermost = stack.iter().rposition(|frame| frame.origin == FrameOrigin::Own);
    let callers = outermost.map_or(stack.len(), |own| own + 1);
    let callers = if stack[callers..].iter().all(|frame| frame.origin != FrameOrigin::Dependency) {
        callers
    } else {
        stack.len()
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for frame in &stack[..callers] {
        match (is_std(frame), lines.last_mut()) {
            (true, Some(Line::Std(n))) => *n += 1,
            (true, _) => lines.push(Line::Std(1)),
            (false, _) => lines.push(Line::Frame(frame)),
        }
    }
    if callers < stack.len() {
        lines.push(Line::Callers(stack.len() - callers));
    }
    lines
}

fn is_std(frame: &Frame) -> bool {
    match frame.origin {
        FrameOrigin::Toolchain => true,
        FrameOrigin::Own | FrameOrigin::Dependency => false,
        // Without debug information, only the name identifies the origin.
        FrameOrigin::Other => {
            let name = frame.function.trim_start_matches('<');
            ["std::", "core::", "alloc::", "test::", "__rust_", "__rustc"].iter().any(|start| name.starts_with(start))
        }
    }
}

/// The place of a frame, `src/store.rs:120`: relative to the workspace for its own code, to the package for
/// dependencies, the bare file name otherwise. Falls back to the library's name, then to an empty string.
pub(crate) fn place(frame: &Frame) -> String {
    let Some(file) = &frame.file else {
        return frame.object.as_deref().map(base_name).unwrap_or_default().to_owned();
    };
    let file = match frame.origin {
        FrameOrigin::Own => file.as_str(),
        FrameOrigin::Dependency => package_path(file),
        FrameOrigin::Toolchain | FrameOrigin::Other => base_name(file),
    };
    match frame.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}

/// `rusqlite-0.31.0/src/lib.rs` for a file in cargo's registry or git folders; otherwise the path from the parent of
/// the last `/src/`.
fn package_path(file: &str) -> &str {
    for (mark, skip) in [("/registry/src/", 1), ("/git/checkouts/", 0)] {
        if let Some((_, rest)) = file.split_once(mark) {
            let mut rest = rest;
            for _ in 0..skip {
                rest = rest.split_once('/').map_or(rest, |(_, below)| below);
            }
            return rest;
        }
    }
    file.strip_prefix('/').map_or(file, |_| base_name(file))
}

pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The function's name. If longer than `columns`, type arguments become `<…>`, then the middle is cut; the end is the
/// most specific part and stays.
pub(crate) fn function(frame: &Frame, columns: usize, ellipsis: &str) -> String {
    let name = if frame.function.is_empty() { "(unknown function)" } else { &frame.function };
    let long = |text: &str| width(text) > columns;
    if !long(name) {
        return name.to_owned();
    }
    let mut short = String::new();
    let mut depth = 0usize;
    let mut previous = ' ';
    for (at, c) in name.char_indices() {
        match c {
            // `<T as Trait>::f` keeps its first part.
            '<' if at > 0 => {
                if depth == 0 {
                    short.push('<');
                    short.push_str(ellipsis);
                }
                depth += 1;
            }
            '>' if previous != '-' && depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    short.push('>');
                }
            }
            c if depth == 0 => short.push(c),
            _ => {}
        }
        previous = c;
    }
    if !long(&short) {
        return short;
    }
    let keep = columns.saturating_sub(width(ellipsis)).max(8);
    if width(&short) <= keep {
        return short;
    }
    let start = fitting(short.chars(), keep / 3);
    let end = short.len() - fitting(short.chars().rev(), keep - keep / 3);
    format!("{}{ellipsis}{}", &short[..start], &short[end..])
}

/// The frame to show first: the workspace's own code, otherwise the first outside the standard library and the tool,
/// otherwise the first.
pub(crate) fn first(finding: &Finding) -> Option<&Frame> {
    let frames = || finding.stack.iter().chain(finding.related.iter().flat_map(|related| &related.stack));
    let known = |frame: &&Frame| !frame.function.is_empty() || frame.file.is_some();
    finding
        .own_frame()
        .or_else(|| frames().find(|frame| frame.origin == FrameOrigin::Dependency))
        .or_else(|| frames().filter(known).find(|frame| !is_std(frame) && !is_allocator(frame)))
        .or_else(|| frames().find(known))
}

/// Allocator functions, which end every allocation's stack.
fn is_allocator(frame: &Frame) -> bool {
    let name = frame.function.trim_start_matches('_');
    ["malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "interceptor_"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// `src/store.rs:120 in things_store::store::Store::open`.
pub(crate) fn sentence(frame: &Frame) -> String {
    let place = place(frame);
    match (place.is_empty(), frame.function.is_empty()) {
        (true, true) => "an unknown location".to_owned(),
        (true, false) => frame.function.clone(),
        (false, true) => place,
        (false, false) => format!("{place} in {}", frame.function),
    }
}
