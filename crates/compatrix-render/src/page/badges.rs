//! The badges of the claims, and how a README shows them.

use std::fmt::Write;

use super::facts::Facts;
use crate::badge::Badge;
use crate::markdown::{code, text, Table};
use crate::reliability::relative;

/// Empty if the spec asks for no badges, or there is no claim.
pub(super) fn table(facts: &Facts<'_>) -> String {
    let (project, claims) = (&facts.spec.project, &facts.claims.claims);
    let Some(folder) = project.badges.as_deref().filter(|_| !claims.is_empty()) else { return String::new() };
    let folder = folder.trim_end_matches('/');
    let mut out = String::from(
        "A badge shows what the evidence says about one promise, and changes with it. In a README at the root of the \
         workspace:\n\n",
    );
    let mut table = Table::new(&["Badge", "Markdown"]);
    let page = relative("README.md", &project.report);
    for badge in claims.iter().map(Badge::of) {
        let file = format!("{folder}/{}.svg", badge.name);
        let label = text(&badge.label);
        let here = format!("![{label}]({})", relative(&project.report, &file));
        table.row([here, code(&format!("[![{}]({})]({page})", badge.label, relative("README.md", &file)))]);
    }
    out.push_str(&table.finish());
    let _ = writeln!(
        out,
        "\nFor a badge of shields.io, give it the address of the JSON file beside the picture: {}.",
        code("https://img.shields.io/endpoint?url=ADDRESS")
    );
    out
}
