//! A differential flame graph: where instructions went that the base did not need.
//!
//! The width of a frame is its share of head's instructions, its callees above it. Colour is the difference of its own
//! instructions, without those of its callees, so that the frame that grew stands out, and not all that call it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{document, MARGIN, WIDTH};
use crate::bench::words;
use crate::look::cut;
use crate::markdown::html;

const LINE: usize = 18;
/// The tenths of a pixel of a letter.
const LETTER: f64 = 6.4;
/// The narrowest frame that is drawn, and the highest stack.
const NARROWEST: f64 = 0.4;
const HIGHEST: usize = 80;
/// The most functions that are listed as gone.
const MOST_GONE: usize = 5;

/// Stacks with counts, the outermost function first.
pub type Stacks = [(Vec<String>, u64)];

#[derive(Default)]
struct Frame<'a> {
    /// Of base and head, callees included.
    all: [f64; 2],
    /// Of the function itself.
    own: [f64; 2],
    callees: BTreeMap<&'a str, Frame<'a>>,
}

impl<'a> Frame<'a> {
    fn add(&mut self, side: usize, stacks: &'a Stacks) {
        for (stack, count) in stacks {
            let count = *count as f64;
            let mut frame = &mut *self;
            frame.all[side] += count;
            for name in stack.iter().take(HIGHEST) {
                frame = frame.callees.entry(name).or_default();
                frame.all[side] += count;
            }
            frame.own[side] += count;
        }
    }

    fn depth(&self) -> usize {
        let deepest = self.callees.values().filter(|frame| frame.all[1] > 0.0).map(Frame::depth).max();
        1 + deepest.unwrap_or(0)
    }

    /// The greatest difference of what functions do themselves.
    fn greatest(&self) -> f64 {
        self.callees.values().map(Frame::greatest).fold((self.own[1] - self.own[0]).abs(), f64::max)
    }

    /// What the base has and head has not, by the name of the function.
    fn gone(&self, found: &mut BTreeMap<&'a str, f64>) {
        for (name, frame) in &self.callees {
            if frame.all[1] == 0.0 && frame.own[0] > 0.0 {
                *found.entry(name).or_default() += frame.own[0];
            }
            frame.gone(found);
        }
    }
}

/// The picture of a bench's two profiles.
pub fn flame(title: &str, base: &Stacks, head: &Stacks) -> String {
    let mut root = Frame::default();
    root.add(0, base);
    root.add(1, head);
    let greatest = root.greatest();
    let high = (root.depth() - 1) * LINE;
    let mut body = String::new();
    let title = words::visible(title);
    let _ = writeln!(body, r#"<text class="t" x="{MARGIN}" y="{}">{}</text>"#, MARGIN + 12, html(&cut(&title, 100)));
    let counts = format!("{} instructions", differs(root.all));
    let _ = writeln!(body, r#"<text x="{MARGIN}" y="{}">{}</text>"#, MARGIN + 30, html(&counts));
    let _ = writeln!(
        body,
        "<rect class=\"up\" x=\"{MARGIN}\" y=\"{0}\" width=\"12\" height=\"10\"/><text x=\"{1}\" y=\"{2}\">more of its own than \
         base</text><rect class=\"down\" x=\"{3}\" y=\"{0}\" width=\"12\" height=\"10\"/><text x=\"{4}\" y=\"{2}\">fewer</text>\
         <text x=\"{5}\" y=\"{2}\">width: instructions of head, callees above callers</text>",
        MARGIN + 39,
        MARGIN + 18,
        MARGIN + 48,
        MARGIN + 176,
        MARGIN + 194,
        MARGIN + 260,
    );
    let bottom = MARGIN + 60 + high;
    let scale = if root.all[1] > 0.0 { (WIDTH - 2 * MARGIN) as f64 / root.all[1] } else { 0.0 };
    let mut x = MARGIN as f64;
    for (name, frame) in &root.callees {
        draw(&mut body, name, frame, (x, bottom), scale, greatest);
        x += frame.all[1] * scale;
    }
    let mut gone = BTreeMap::new();
    root.gone(&mut gone);
    let mut gone: Vec<(&str, f64)> = gone.into_iter().collect();
    gone.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut y = bottom + MARGIN;
    for (name, count) in gone.iter().take(MOST_GONE) {
        let line = format!("only in base: {} ({} instructions)", words::visible(name), words::grouped(*count));
        let _ = writeln!(body, r#"<text x="{MARGIN}" y="{y}">{}</text>"#, html(&cut(&line, 120)));
        y += LINE;
    }
    if gone.len() > MOST_GONE {
        let _ = writeln!(body, r#"<text x="{MARGIN}" y="{y}">and {} more only in base</text>"#, gone.len() - MOST_GONE);
        y += LINE;
    }
    document(WIDTH, y, &format!("Instructions of {title}, base and head"), &counts, &body)
}

/// A frame, from its left edge and the bottom of its line, and its callees above.
fn draw(out: &mut String, name: &str, frame: &Frame<'_>, (x, bottom): (f64, usize), scale: f64, greatest: f64) {
    let wide = frame.all[1] * scale;
    if wide < NARROWEST {
        return;
    }
    let y = bottom - LINE;
    let name = words::visible(name);
    let difference = frame.own[1] - frame.own[0];
    let about = format!("{name}: {} instructions, of its own {}", differs(frame.all), differs(frame.own));
    let _ = write!(
        out,
        r#"<g><title>{}</title><rect class="f" x="{x:.1}" y="{y}" width="{:.1}" height="{}"/>"#,
        html(&about),
        (wide - 0.5).max(NARROWEST),
        LINE - 1
    );
    let strength = if greatest > 0.0 { difference.abs() / greatest } else { 0.0 };
    if strength >= 0.01 {
        let class = if difference > 0.0 { "up" } else { "down" };
        let _ = write!(
            out,
            r#"<rect class="{class}" x="{x:.1}" y="{y}" width="{:.1}" height="{}" fill-opacity="{:.2}"/>"#,
            (wide - 0.5).max(NARROWEST),
            LINE - 1,
            0.15 + 0.65 * strength
        );
    }
    let letters = ((wide - 6.0) / LETTER).max(0.0) as usize;
    if letters >= 3 {
        let _ =
            write!(out, r#"<text class="n" x="{:.1}" y="{}">{}</text>"#, x + 3.0, y + 13, html(&cut(&name, letters)));
    }
    out.push_str("</g>\n");
    let mut x = x;
    for (name, callee) in &frame.callees {
        draw(out, name, callee, (x, y), scale, greatest);
        x += callee.all[1] * scale;
    }
}

/// `1,447 → 5,012 (+246.4 %)`.
fn differs([base, head]: [f64; 2]) -> String {
    let change =
        if base > 0.0 && base != head { format!(" ({})", words::percent(head / base, 1)) } else { String::new() };
    format!("{} → {}{change}", words::grouped(base), words::grouped(head))
}
