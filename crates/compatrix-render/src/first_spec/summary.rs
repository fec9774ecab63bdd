//! The summary that `init` prints after writing a spec.

use compatrix_audit::first_spec::{Draft, Noted};
use compatrix_model::condition::Versions;
use compatrix_model::matrix_spec::Spec;

use crate::look::{count, wrap};

/// The most places named that were not taken over.
const MOST_NOT_TAKEN: usize = 4;

/// Lines of a word and a text: claims, axes, and the next step. `file` is the spec's path relative to the root; `command`
/// is the prefix to show; `columns` is the width of the terminal.
pub fn summary(draft: &Draft, spec: &Spec, file: &str, command: &str, columns: usize) -> Vec<(&'static str, String)> {
    let claims = &draft.claims;
    let claim = |what: &str, claim: &Option<Noted>| {
        claim.as_ref().map(|claim| format!("{what} {} and newer ({})", claim.value, place(&claim.why)))
    };
    let own = claims.packages.iter().map(|(package, claim)| format!("Rust {} for {package}", claim.value));
    let own: Vec<String> = own.collect();
    let more = own.len().saturating_sub(MOST_NOT_TAKEN);
    let own =
        own.into_iter().take(MOST_NOT_TAKEN).chain((more > 0).then(|| format!("{more} more packages with their own")));
    let claimed: Vec<String> = claim("Rust", &claims.rust)
        .into_iter()
        .chain(own)
        .chain(claim("SQLite", &claims.sqlite))
        .chain((!claims.platforms.is_empty()).then(|| names(&claims.platforms)))
        .collect();
    let claimed = match (claimed.is_empty(), draft.not_taken.is_empty()) {
        (true, true) => "nothing found".to_owned(),
        (true, false) => "nothing of what was found".to_owned(),
        (false, _) => claimed.join("; "),
    };
    let axes = spec.space.axes().iter().map(|axis| {
        let values: Vec<&str> = axis.values.iter().map(|value| value.name.as_str()).collect();
        format!("{} {}", axis.name, values.join(", "))
    });
    let mut lines = vec![
        ("Wrote", format!("{file}, for {}", names(&draft.packages))),
        ("Claimed", claimed),
        ("Tested", axes.collect::<Vec<_>>().join("; ")),
    ];
    if !draft.builds_only.is_empty() {
        lines.push(("Built", format!("and not tested: rust {}, as in the workflows", names(&draft.builds_only))));
    }
    lines.push(("Planned", planned(spec)));
    if !draft.locks.is_empty() {
        let rust = draft.locks.iter().map(|lock| lock.toolchain.as_str()).collect::<Vec<_>>().join(", ");
        lines.push(("Locked", format!("rust {rust} with dependency versions of their own; see [[lock]] in the spec")));
    }
    if let Some(report) = &draft.report {
        lines.push(("Page", format!("{}, because {}", report.value, report.why)));
    }
    for one in draft.not_taken.iter().take(MOST_NOT_TAKEN) {
        lines.push(("Not taken", format!("{}:{}: {}", one.file, one.line, one.because)));
    }
    let more = draft.not_taken.len().saturating_sub(MOST_NOT_TAKEN);
    if more > 0 {
        lines.push(("", format!("and {more} more, listed at the end of the spec")));
    }
    let open = draft.remarks.len() + draft.left_out.len() + draft.feature_remarks.len();
    if open > 0 {
        lines.push(("Left", format!("{} not used; comments in the spec say why", count(open, "thing"))));
    }
    lines.push(("Next", format!("`{command} compat` runs it; `{command} plan` shows what that would do")));
    let wrapped = lines.into_iter().flat_map(|(word, text)| {
        let words = std::iter::once(word).chain(std::iter::repeat(""));
        words.zip(wrap(&text, columns.saturating_sub(INDENT))).collect::<Vec<_>>()
    });
    wrapped.collect()
}

/// The columns before a text: the word and a space.
const INDENT: usize = 11;

/// The number of cells, and how many of them are in the profile `local`.
fn planned(spec: &Spec) -> String {
    let cells = spec.space.cells().count();
    let local = spec.profiles.get("local").map_or(cells, |profile| {
        let matchers: Vec<_> =
            profile.when.iter().map(|condition| condition.matcher(&spec.space, &Versions::new())).collect();
        let holds = |coords: &[usize]| matchers.is_empty() || matchers.iter().any(|matcher| matcher.holds(coords));
        spec.space.cells().filter(|cell| holds(&spec.space.coords(*cell))).count()
    });
    let of = if local == cells { String::new() } else { format!(", {local} of them in the profile `local`") };
    format!("{}{of}", count(cells, "cell"))
}

/// The first names of a list.
fn names(list: &[Noted]) -> String {
    const MOST: usize = 5;
    let mut names: Vec<&str> = list.iter().take(MOST).map(|noted| noted.value.as_str()).collect();
    let more = format!("{} more", list.len().saturating_sub(MOST));
    if list.len() > MOST {
        names.push(&more);
    }
    names.join(", ")
}

/// The place at the start of a reason.
fn place(why: &str) -> &str {
    why.split([';', ' ']).next().unwrap_or(why).trim_end_matches([':', ','])
}
