//! The schedule of a walk as one HTML page: no scripts, nothing loaded from elsewhere, light or dark by the reader's setting.
//!
//! Bars and curves are inline SVG in percent of the width, so that letters keep their size on narrow and wide screens; what
//! a bar was is its title. A table lists the work that matters most.

mod chart;
mod words;

use std::fmt::Write;

use compatrix_model::timeline::{Bar, BarEnd, BarKind, Bound, Timeline};

use crate::look::count;
use chart::Scale;
use words::{class, cores, seconds, share, text};

/// The style of the page.
const STYLE: &str = include_str!("timings/style.css");
/// The most rows of the table.
const MOST_ROWS: usize = 100;

/// How each page begins.
pub const DOCTYPE: &str = "<!doctype html>";

/// The page of a walk; the same timeline gives the same bytes.
pub fn page(timeline: &Timeline) -> String {
    let command = text(&timeline.command);
    let mut out = format!(
        "{DOCTYPE}\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Timings of {command}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Timings</h1>\n<p class=\"soft\"><code>{command}</code></p>\n"
    );
    if timeline.interrupted {
        out.push_str("<p><strong>Interrupted:</strong> the picture ends where the command was stopped.</p>\n");
    }
    facts(&mut out, timeline);
    let scale = Scale::of(timeline);
    let _ = match timeline.bound() {
        Some(bound) => writeln!(out, "<p>{}</p>", bounded_by(timeline, &bound)),
        None => writeln!(out, "<p><strong>{}</strong></p>", nothing_ran(timeline)),
    };
    if !timeline.bars.is_empty() {
        chart::schedule(&mut out, timeline, &scale);
    }
    chart::processor(&mut out, timeline, &scale);
    chart::memory(&mut out, timeline, &scale);
    chart::estimates(&mut out, timeline, &scale);
    if !timeline.bars.is_empty() {
        table(&mut out, timeline);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn nothing_ran(timeline: &Timeline) -> String {
    match timeline.reused {
        0 => "nothing ran".to_owned(),
        1 => "nothing ran: 1 result was known".to_owned(),
        n => format!("nothing ran: {n} results were known"),
    }
}

/// The figures on top.
fn facts(out: &mut String, timeline: &Timeline) {
    let counts = timeline.counts();
    let of = |kind: BarKind| counts.get(&kind).copied().unwrap_or(0);
    out.push_str("<dl>\n");
    let mut fact = |name: &str, value: String, more: String| {
        let more = if more.is_empty() { more } else { format!("<small>{more}</small>") };
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{value}{more}</dd></div>");
    };
    let red = timeline.bars.iter().filter(|bar| bar.end == BarEnd::Red).count();
    let alone = of(BarKind::Alone);
    let mut runs = Vec::new();
    if alone > 0 {
        runs.push(format!("{alone} of them alone"));
    }
    if timeline.reused > 0 {
        runs.push(format!("{} more known", timeline.reused));
    }
    fact("Elapsed", seconds(timeline.elapsed_ms), count(timeline.jobs, "job"));
    fact("Builds", of(BarKind::Build).to_string(), String::new());
    fact("Runs", (of(BarKind::Run) + alone).to_string(), runs.join(", "));
    if red > 0 {
        fact("Failed", red.to_string(), "builds and runs, drawn red".to_owned());
    }
    let cpu = timeline.cpu_ms();
    let per_core = if timeline.cores > 0.0 { cpu as f64 / timeline.cores } else { 0.0 };
    let over = format!("{} on {}", seconds(per_core as u64), cores(timeline.cores));
    fact("Processor time", seconds(cpu), over);
    if let Some((ours, machine)) = timeline.mean_use().filter(|_| timeline.cores > 0.0) {
        let percent = |used: f64| format!("{:.0} %", 100.0 * used / timeline.cores);
        fact("Cores busy", percent(machine), format!("{} with this command", percent(ours)));
    }
    if let Some(most) = timeline.samples.iter().map(|sample| sample.memory).max().filter(|most| *most > 0) {
        fact("Most memory", words::bytes(most), "in use on the machine".to_owned());
    }
    if let Some(accuracy) = timeline.accuracy() {
        let worst = format!("± {:.0} %", 100.0 * accuracy.worst);
        fact("Estimate", worst, "at worst, from half-time on".to_owned());
    }
    out.push_str("</dl>\n");
}

/// What bounded the walk from below, in a sentence.
fn bounded_by(timeline: &Timeline, bound: &Bound) -> String {
    let mut said = format!("Builds and runs took {}", seconds(bound.took_ms));
    if bound.ms() > 0 && !timeline.interrupted {
        let _ = write!(said, ", {:.2} times the least possible", bound.took_ms as f64 / bound.ms() as f64);
    }
    said.push_str(". ");
    if bound.chain.ms >= bound.cpu_ms {
        let names = bound.chain.bars.iter().map(|&n| text(&timeline.bars[n].name));
        let names: Vec<String> = names.map(|name| format!("<code>{name}</code>")).collect();
        let _ = write!(
            said,
            "The longest chain of work that cannot overlap bounded them: {} ({}).",
            seconds(bound.chain.ms),
            names.join(", then ")
        );
    } else {
        let _ = write!(
            said,
            "Processor time bounded them: {} on {}; the longest chain of work that cannot overlap took {}.",
            seconds(bound.cpu_ms),
            cores(timeline.cores),
            seconds(bound.chain.ms)
        );
    }
    if bound.alone_ms > 0 {
        let _ = write!(said, " Runs that must be alone took another {}.", seconds(bound.alone_ms));
    }
    said
}

/// What failed, and the longest of the rest.
fn table(out: &mut String, timeline: &Timeline) {
    let mut order: Vec<&Bar> = timeline.bars.iter().collect();
    order.sort_by_key(|bar| (bar.end != BarEnd::Red, std::cmp::Reverse(bar.ms()), bar.from_ms));
    let _ = match order.len() > MOST_ROWS {
        true => writeln!(
            out,
            "<h2>The work</h2>\n<p class=\"soft\">{MOST_ROWS} of {}: what failed, then the longest.</p>",
            order.len()
        ),
        false => writeln!(out, "<h2>The work</h2>\n<p class=\"soft\">What failed, then the longest.</p>"),
    };
    out.push_str(
        "<div class=\"scroll\"><table>\n<tr><th>What</th><th>Kind</th><th>Lane</th><th class=\"n\">Began</th>\
         <th class=\"n\">Took</th><th class=\"n\">Processor</th><th class=\"n\">Cores</th><th>Result</th></tr>\n",
    );
    for bar in order.into_iter().take(MOST_ROWS) {
        let cpu = bar.cpu_ms.map(seconds).unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr><td class=\"what\"><i class=\"{}\"></i>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{cpu}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            class(bar),
            text(&bar.name),
            bar.kind.as_str(),
            text(&bar.lane),
            seconds(bar.from_ms),
            seconds(bar.ms()),
            bar.share().map(share).unwrap_or_default(),
            bar.end.as_str()
        );
    }
    out.push_str("</table></div>\n");
}

/// The line that says where the page is and what it shows.
pub fn wrote(timeline: &Timeline) -> String {
    let counts = timeline.counts();
    let of = |kind: BarKind| counts.get(&kind).copied().unwrap_or(0);
    let runs = of(BarKind::Run) + of(BarKind::Alone);
    match of(BarKind::Build) + runs {
        0 => nothing_ran(timeline),
        _ => format!("the timings of {} and {}", count(of(BarKind::Build), "build"), count(runs, "run")),
    }
}
