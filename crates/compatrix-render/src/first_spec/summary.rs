//! What `init` reports of the spec that it wrote.

use compatrix_audit::first_spec::{Draft, Noted};
use compatrix_model::condition::Versions;
use compatrix_model::matrix_spec::Spec;

use crate::look::count;

/// Lines of a word and a text: what the spec claims and tests, and what to do next. `file` is the spec's, below the root;
/// `command` is how the user starts compatrix.
pub fn summary(draft: &Draft, spec: &Spec, file: &str, command: &str) -> Vec<(&'static str, String)> {
    let claims = &draft.claims;
    let claim = |what: &str, claim: &Option<Noted>| {
        claim.as_ref().map(|claim| format!("{what} {} and newer ({})", claim.value, place(&claim.why)))
    };
    let claimed: Vec<String> = [claim("Rust", &claims.rust), claim("SQLite", &claims.sqlite)]
        .into_iter()
        .flatten()
        .chain((!claims.platforms.is_empty()).then(|| names(&claims.platforms)))
        .collect();
    let claimed = if claimed.is_empty() { "nothing that was found".to_owned() } else { claimed.join("; ") };
    let axes = spec.space.axes().iter().map(|axis| {
        let values: Vec<&str> = axis.values.iter().map(|value| value.name.as_str()).collect();
        format!("{} {}", axis.name, values.join(", "))
    });
    let mut lines = vec![
        ("Wrote", format!("{file}, for {}", names(&draft.packages))),
        ("Claimed", claimed),
        ("Tested", axes.collect::<Vec<_>>().join("; ")),
        ("Planned", planned(spec)),
    ];
    if let Some(report) = &draft.report {
        lines.push(("Page", format!("{}, because {}", report.value, report.why)));
    }
    let open = draft.remarks.len() + draft.left_out.len();
    if open > 0 {
        lines.push(("Left", format!("{} not taken over; comments in the spec say why", count(open, "thing"))));
    }
    lines.push(("Next", format!("`{command} compat` runs it; `{command} plan` shows what that would do")));
    lines
}

/// How many cells there are, and how many of them the profile `local` has.
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

/// The place that a reason begins with.
fn place(why: &str) -> &str {
    why.split([';', ' ']).next().unwrap_or(why).trim_end_matches([':', ','])
}
