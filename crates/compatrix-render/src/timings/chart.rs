//! The charts: bars in rows over one axis of time, and curves below them.

use std::fmt::Write;

use compatrix_model::timeline::{Bar, BarEnd, BarKind, Sample, Timeline};

use super::words::{bytes, class, cores, seconds, share, text, title};

/// Pixels of a row of builds, and of one of runs.
const HIGH: usize = 20;
const LOW: usize = 14;
/// Pixels of a curve.
const CURVE: usize = 80;
/// A bar narrower than this part of the width has no room for letters.
const ROOM_FOR_LETTERS: f64 = 3.0;
/// Of more bars than this, the shortest are left out, unless they failed.
const MOST_BARS: usize = 10_000;
/// Of more samples than this, neighbours are averaged.
const MOST_SAMPLES: usize = 400;

/// Milliseconds between lines: the smallest of these that gives no more than ten.
const STEPS: [u64; 23] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    1_800_000, 3_600_000, 7_200_000, 14_400_000,
];
const DAY: u64 = 86_400_000;

/// The axis of time.
pub(super) struct Scale {
    ms: f64,
    /// Where lines are drawn, in percent, with their labels.
    ticks: Vec<(f64, String)>,
}

impl Scale {
    pub(super) fn of(timeline: &Timeline) -> Self {
        let last = timeline.bars.iter().map(|bar| bar.to_ms).max().unwrap_or(0);
        let ms = last.max(timeline.elapsed_ms).max(1) as f64;
        let step = STEPS.into_iter().find(|step| ms / *step as f64 <= 10.0).unwrap_or(DAY);
        let label = |at: u64| match step {
            60_000.. => format!("{} min", at / 60_000),
            1000.. => format!("{} s", at / 1000),
            _ => format!("{} s", share(at as f64 / 1000.0)),
        };
        let at = (0..).map(|n| n * step).take_while(|at| *at as f64 <= ms);
        let ticks = at.map(|at| (100.0 * at as f64 / ms, label(at))).collect();
        Self { ms, ticks }
    }

    fn percent(&self, ms: u64) -> f64 {
        100.0 * ms as f64 / self.ms
    }

    /// The lines behind a row.
    fn grid(&self, out: &mut String) {
        for (at, _) in &self.ticks {
            let _ = write!(out, "<line class=\"grid\" x1=\"{at:.3}%\" x2=\"{at:.3}%\" y1=\"0\" y2=\"100%\"/>");
        }
    }

    /// The labels below a chart.
    fn axis(&self, out: &mut String) {
        out.push_str("<div class=\"row\"><span></span><svg class=\"axis\" width=\"100%\" height=\"16\">");
        for (at, label) in &self.ticks {
            let anchor = match at {
                at if *at < 3.0 => "start",
                at if *at > 97.0 => "end",
                _ => "middle",
            };
            let _ = write!(out, "<text x=\"{at:.3}%\" y=\"12\" text-anchor=\"{anchor}\">{label}</text>");
        }
        out.push_str("</svg></div>\n");
    }
}

fn legend(out: &mut String, entries: &[(&str, &str)]) {
    out.push_str("<ul class=\"legend\">");
    for (class, name) in entries {
        let _ = write!(out, "<li><i class=\"{class}\"></i>{name}</li>");
    }
    out.push_str("</ul>\n");
}

/// The bars: a row a lane of builds, runs below them.
pub(super) fn schedule(out: &mut String, timeline: &Timeline, scale: &Scale) {
    out.push_str("<h2>Schedule</h2>\n");
    let has = |what: &dyn Fn(&Bar) -> bool| timeline.bars.iter().any(what);
    let kinds = [
        (BarKind::Provision, "provision", "provision"),
        (BarKind::Build, "build", "build"),
        (BarKind::Doctests, "doctests", "doctests"),
        (BarKind::Run, "run", "run"),
        (BarKind::Alone, "alone", "run alone, or again to confirm"),
    ];
    let ends = [
        (BarEnd::Red, "red", "failed"),
        (BarEnd::Known, "known", "failed as the spec expects"),
        (BarEnd::Cut, "cut", "interrupted"),
    ];
    let kinds = kinds.iter().filter(|(kind, ..)| has(&|bar| bar.kind == *kind)).map(|(_, class, name)| (*class, *name));
    let ends = ends.iter().filter(|(end, ..)| has(&|bar| bar.end == *end)).map(|(_, class, name)| (*class, *name));
    legend(out, &kinds.chain(ends).collect::<Vec<_>>());
    let shortest = shortest(timeline);
    out.push_str("<div class=\"scroll\"><figure class=\"chart\">\n");
    let mut above = None;
    for row in timeline.rows() {
        let name = match row.kind {
            BarKind::Build => row.lane.as_str(),
            BarKind::Provision => "provisions",
            BarKind::Doctests => "doctests",
            BarKind::Run => "runs",
            BarKind::Alone => "runs alone",
        };
        let is_first = above.replace((row.kind, row.lane.clone())) != Some((row.kind, row.lane.clone()));
        let name = if is_first { text(name) } else { String::new() };
        let high = if matches!(row.kind, BarKind::Build | BarKind::Provision) { HIGH } else { LOW };
        let _ = write!(
            out,
            "<div class=\"row\"><span title=\"{name}\">{name}</span><svg width=\"100%\" height=\"{high}\" role=\"img\" \
             aria-label=\"{name}\">"
        );
        scale.grid(out);
        // What failed is drawn last, so that its outline is on top.
        let bars = row.bars.iter().map(|&n| &timeline.bars[n]);
        let is_drawn = |bar: &&Bar| bar.ms() >= shortest || bar.end == BarEnd::Red;
        let (red, rest): (Vec<&Bar>, Vec<&Bar>) = bars.filter(is_drawn).partition(|bar| bar.end == BarEnd::Red);
        rest.into_iter().chain(red).for_each(|one| bar(out, one, scale, high));
        out.push_str("</svg></div>\n");
    }
    scale.axis(out);
    if shortest > 0 {
        let _ = writeln!(
            out,
            "<figcaption>Work of less than {} that did not fail is not drawn.</figcaption>",
            seconds(shortest)
        );
    }
    out.push_str("</figure></div>\n");
}

/// The shortest time that is drawn.
fn shortest(timeline: &Timeline) -> u64 {
    if timeline.bars.len() <= MOST_BARS {
        return 0;
    }
    let mut all: Vec<u64> = timeline.bars.iter().map(Bar::ms).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all[MOST_BARS] + 1
}

fn bar(out: &mut String, bar: &Bar, scale: &Scale, high: usize) {
    let (x, wide) = (scale.percent(bar.from_ms), scale.percent(bar.ms()));
    let _ = write!(
        out,
        "<g><title>{}</title><rect class=\"bar {}\" x=\"{x:.3}%\" y=\"1\" width=\"{wide:.3}%\" height=\"{}\" rx=\"2\"/>",
        title(bar),
        class(bar),
        high - 2
    );
    if wide >= ROOM_FOR_LETTERS && high == HIGH {
        let _ = write!(
            out,
            "<svg x=\"{x:.3}%\" width=\"{wide:.3}%\" height=\"{high}\"><text class=\"in\" x=\"5\" y=\"14\">{}</text></svg>",
            text(&bar.name)
        );
    }
    out.push_str("</g>");
}

/// A curve's part of the page: its heading, legend, and the figure with its scale in the gutter.
struct Curve<'a> {
    heading: &'a str,
    legend: &'a [(&'a str, &'a str)],
    /// The label at the top of the scale, and its value.
    top: (String, f64),
    /// A value with a line across.
    limit: Option<f64>,
}

impl Curve<'_> {
    fn draw(&self, out: &mut String, scale: &Scale, body: &str, titles: &[(u64, u64, String)]) {
        let _ = writeln!(out, "<h2>{}</h2>", self.heading);
        legend(out, self.legend);
        let _ = write!(
            out,
            "<div class=\"scroll\"><figure class=\"chart\">\n<div class=\"row\"><span class=\"ends\"><span>{}</span>\
             <span>0</span></span><svg width=\"100%\" height=\"{CURVE}\" role=\"img\" aria-label=\"{}\">",
            self.top.0, self.heading
        );
        scale.grid(out);
        let _ = write!(
            out,
            "<svg width=\"100%\" height=\"{CURVE}\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\">{body}"
        );
        if let Some(limit) = self.limit {
            let y = self.y(limit);
            let _ = write!(out, "<line class=\"limit\" x1=\"0\" x2=\"1000\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        }
        out.push_str("</svg>");
        for (from, to, said) in titles {
            let (x, wide) = (scale.percent(*from), scale.percent(to.saturating_sub(*from)));
            let _ = write!(
                out,
                "<rect class=\"hit\" x=\"{x:.3}%\" width=\"{wide:.3}%\" y=\"0\" height=\"{CURVE}\"><title>{said}</title></rect>"
            );
        }
        out.push_str("</svg></div>\n");
        scale.axis(out);
        out.push_str("</figure></div>\n");
    }

    fn y(&self, value: f64) -> f64 {
        100.0 - 100.0 * (value / self.top.1).clamp(0.0, 1.0)
    }

    /// A filled area of steps.
    fn area(&self, class: &str, scale: &Scale, samples: &[Sample], value: impl Fn(&Sample) -> f64) -> String {
        let mut path = String::from("M0 100");
        let mut from = 0.0;
        for sample in samples {
            let (to, y) = (10.0 * scale.percent(sample.at_ms), self.y(value(sample)));
            let _ = write!(path, "L{from:.1} {y:.1}L{to:.1} {y:.1}");
            from = to;
        }
        format!("<path class=\"{class}\" d=\"{path}L{from:.1} 100Z\"/>")
    }
}

/// Samples, neighbours averaged if there are many.
fn averaged(samples: &[Sample]) -> Vec<Sample> {
    let many = samples.len().div_ceil(MOST_SAMPLES).max(1);
    let mean =
        |part: &[Sample], value: &dyn Fn(&Sample) -> f64| part.iter().map(value).sum::<f64>() / part.len() as f64;
    let one = |part: &[Sample]| Sample {
        at_ms: part.last().map_or(0, |last| last.at_ms),
        ours: mean(part, &|sample| sample.ours),
        machine: mean(part, &|sample| sample.machine),
        memory: part.iter().map(|sample| sample.memory).max().unwrap_or(0),
    };
    samples.chunks(many).map(one).collect()
}

/// What each sample says, over its time.
fn titles(samples: &[Sample], said: impl Fn(&Sample) -> String) -> Vec<(u64, u64, String)> {
    let starts = std::iter::once(0).chain(samples.iter().map(|sample| sample.at_ms));
    let one =
        |(from, sample): (u64, &Sample)| (from, sample.at_ms, format!("{}: {}", seconds(sample.at_ms), said(sample)));
    starts.zip(samples).map(one).collect()
}

/// Processor use over time.
pub(super) fn processor(out: &mut String, timeline: &Timeline, scale: &Scale) {
    let samples = averaged(&timeline.samples);
    if samples.is_empty() {
        return;
    }
    let most = samples.iter().map(|sample| sample.ours.max(sample.machine)).fold(timeline.cores, f64::max);
    // The clocks of a machine are not exact: a little more than its cores is all of them.
    let most = if most < timeline.cores * 1.1 { timeline.cores } else { most };
    let curve = Curve {
        heading: "Processor",
        legend: &[("ours", "this command's processes"), ("machine", "the whole machine")],
        top: (cores(most), most.max(0.01)),
        limit: Some(timeline.cores).filter(|cores| *cores > 0.0 && *cores < most),
    };
    let body = curve.area("machine", scale, &samples, |sample| sample.machine.max(sample.ours))
        + &curve.area("ours", scale, &samples, |sample| sample.ours);
    let said = |sample: &Sample| {
        format!("{} of {} used, {} by this command", share(sample.machine), cores(timeline.cores), share(sample.ours))
    };
    curve.draw(out, scale, &body, &titles(&samples, said));
}

/// Memory over time.
pub(super) fn memory(out: &mut String, timeline: &Timeline, scale: &Scale) {
    let samples = averaged(&timeline.samples);
    let most = samples.iter().map(|sample| sample.memory).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let top = most.max(timeline.memory);
    let curve = Curve {
        heading: "Memory",
        legend: &[("machine", "in use on the machine")],
        top: (bytes(top), top as f64),
        limit: None,
    };
    let body = curve.area("machine", scale, &samples, |sample| sample.memory as f64);
    curve.draw(out, scale, &body, &titles(&samples, |sample| format!("{} of {}", bytes(sample.memory), bytes(top))));
}

/// What was predicted as the end, at each moment.
pub(super) fn estimates(out: &mut String, timeline: &Timeline, scale: &Scale) {
    let (Some(first), Some(end)) = (timeline.estimates.first(), timeline.bars.iter().map(|bar| bar.to_ms).max()) else {
        return;
    };
    let took = end.saturating_sub(first.at_ms);
    if timeline.interrupted || took == 0 {
        return;
    }
    let top = 2 * took;
    let curve = Curve {
        heading: "Estimate",
        legend: &[("ours", "the total as predicted at each moment"), ("band", "within 30 % of what it was")],
        top: (seconds(top), top as f64),
        limit: Some(took as f64),
    };
    let total = |at_ms: u64, left_ms: u64| at_ms.saturating_sub(first.at_ms) + left_ms;
    let (from, to) = (10.0 * scale.percent(first.at_ms), 10.0 * scale.percent(end));
    let (high, low) = (curve.y(1.3 * took as f64), curve.y(0.7 * took as f64));
    let mut body = format!(
        "<rect class=\"band\" x=\"{from:.1}\" width=\"{:.1}\" y=\"{high:.1}\" height=\"{:.1}\"/><path class=\"guess\" d=\"",
        to - from,
        low - high
    );
    for (n, estimate) in timeline.estimates.iter().enumerate() {
        let (x, y) = (10.0 * scale.percent(estimate.at_ms), curve.y(total(estimate.at_ms, estimate.left_ms) as f64));
        let _ = write!(body, "{}{x:.1} {y:.1}", if n == 0 { 'M' } else { 'L' });
    }
    body.push_str("\"/>");
    let next = timeline.estimates.iter().skip(1).map(|estimate| estimate.at_ms).chain([end]);
    let many = timeline.estimates.len().div_ceil(MOST_SAMPLES).max(1);
    let said = timeline.estimates.iter().zip(next).step_by(many).map(|(estimate, next)| {
        let said = format!(
            "{}: {} left, so {} in all",
            seconds(estimate.at_ms),
            seconds(estimate.left_ms),
            seconds(total(estimate.at_ms, estimate.left_ms))
        );
        (estimate.at_ms, next, said)
    });
    curve.draw(out, scale, &body, &said.collect::<Vec<_>>());
}
