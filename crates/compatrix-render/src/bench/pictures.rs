//! Pictures of records: the intervals of the newest ones, and the trend of each bench. Light or dark by the reader's
//! setting.
//!
//! The same records give the same bytes. Text uses the reader's fonts, so widths are generous estimates.

mod flame;
mod intervals;
mod scale;
mod trend;

pub use flame::{flame, Stacks};
pub use intervals::intervals;
pub use trend::trend;

use std::fmt::Write;

use compatrix_bench::Change;

use super::words;
use crate::markdown::html;

/// The width of a picture in pixels.
const WIDTH: usize = 880;
const MARGIN: usize = 16;

const STYLE: &str = "\
text{font:11px -apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans','DejaVu Sans',Helvetica,Arial,sans-serif;fill:#59636e}\
.t{font-size:13px;font-weight:600;fill:#1f2328}.n{fill:#1f2328}.e{text-anchor:end}.m{text-anchor:middle}\
.g{stroke:#d1d9e0;stroke-width:1}.z{stroke:#818b98;stroke-width:1.5}.d{stroke-dasharray:3 3}\
.l{fill:none;stroke:#818b98;stroke-width:1.5}.w{stroke-width:2}\
.c{stroke:#8250df;stroke-width:1.5;stroke-dasharray:4 3}.cl{fill:#8250df}\
.slower{stroke:#cf222e;fill:#cf222e}.faster{stroke:#0969da;fill:#0969da}.not-slower{stroke:#1a7f37;fill:#1a7f37}\
.f{fill:#e6eaef}.up{fill:#cf222e}.down{fill:#0969da}\
.unproven{stroke:#818b98;fill:#fff}.same{stroke:#818b98;fill:#818b98}\
@media(prefers-color-scheme:dark){text{fill:#9198a1}.t,.n{fill:#f0f6fc}\
.g{stroke:#3d444d}.z{stroke:#9198a1}.l{stroke:#9198a1}.c{stroke:#d2a8ff}.cl{fill:#d2a8ff}\
.slower{stroke:#ff7b72;fill:#ff7b72}.faster{stroke:#79c0ff;fill:#79c0ff}.not-slower{stroke:#3fb950;fill:#3fb950}\
.f{fill:#2a313c}.up{fill:#ff7b72}.down{fill:#58a6ff}\
.unproven{stroke:#9198a1;fill:#0d1117}.same{stroke:#9198a1;fill:#9198a1}}";

/// The document around a body; `title` and `description` are for screen readers.
fn document(wide: usize, high: usize, title: &str, description: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
         <style>{STYLE}</style>\n{body}</svg>\n",
        html(title),
        html(&words::visible(description))
    )
}

/// The sign of what a comparison said, by shape and colour, centred at a point.
fn mark(change: Change, x: f64, y: f64) -> String {
    let class = class(change);
    match change {
        Change::Slower => format!(r#"<path class="{class}" d="M{:.1} {:.1}l5 9h-10z"/>"#, x, y - 5.0),
        Change::Faster => format!(r#"<path class="{class}" d="M{:.1} {:.1}l5 -9h-10z"/>"#, x, y + 5.0),
        Change::NotSlower => format!(r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#),
        Change::Unproven => format!(r#"<circle class="{class} w" cx="{x:.1}" cy="{y:.1}" r="3.5"/>"#),
        Change::Same => format!(r#"<path class="{class} w" d="M{:.1} {:.1}h8m-8 4h8"/>"#, x - 4.0, y - 2.0),
    }
}

/// The class of its colour.
fn class(change: Change) -> &'static str {
    match change {
        Change::Same => "same",
        Change::Slower => "slower",
        Change::Faster => "faster",
        Change::NotSlower => "not-slower",
        Change::Unproven => "unproven",
    }
}

/// Draws the signs that occur, with their words.
fn legend(out: &mut String, seen: &[Change], y: usize) {
    let mut x = MARGIN + 6;
    for change in words::CHANGES.into_iter().filter(|change| seen.contains(change)) {
        let word = words::verdict(change, true);
        out.push_str(&mark(change, x as f64, y as f64));
        let _ = writeln!(out, r#"<text x="{}" y="{}">{word}</text>"#, x + 10, y + 4);
        x += 34 + word.len() * 7;
    }
}
