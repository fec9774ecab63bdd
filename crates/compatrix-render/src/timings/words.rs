//! Times, cores and names as the page shows them.

use compatrix_model::timeline::{Bar, BarEnd, BarKind};

use crate::markdown::html;

/// A name, safe in HTML: no markup, no control characters.
pub(super) fn text(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    html(&name)
}

/// `0.35 s`, `12.3 s`, `3 min 20 s`.
pub(super) fn seconds(ms: u64) -> String {
    match ms {
        0..=9_999 => format!("{:.2} s", ms as f64 / 1000.0),
        10_000..=119_999 => format!("{:.1} s", ms as f64 / 1000.0),
        _ => {
            let seconds = (ms + 500) / 1000;
            format!("{} min {:02} s", seconds / 60, seconds % 60)
        }
    }
}

/// `1 core`, `2 cores`, `0.5 cores`.
pub(super) fn cores(cores: f64) -> String {
    match (cores - 1.0).abs() < 0.005 {
        true => "1 core".to_owned(),
        false => format!("{} cores", share(cores)),
    }
}

/// Cores in use: `0.04`, `1.5`, `12`.
pub(super) fn share(cores: f64) -> String {
    let said = format!("{cores:.2}");
    match said.trim_end_matches('0').trim_end_matches('.') {
        "" | "-" => "0".to_owned(),
        short => short.to_owned(),
    }
}

/// `640 MiB`, `1.5 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib < 1024.0 {
        true => format!("{mib:.0} MiB"),
        false => format!("{:.1} GiB", mib / 1024.0),
    }
}

/// The class that colours a bar: how it ended, or else its kind.
pub(super) fn class(bar: &Bar) -> &'static str {
    match (bar.end, bar.kind) {
        (BarEnd::Red, _) => "red",
        (BarEnd::Known, _) => "known",
        (BarEnd::Cut, _) => "cut",
        (BarEnd::Ok, BarKind::Provision) => "provision",
        (BarEnd::Ok, BarKind::Build) => "build",
        (BarEnd::Ok, BarKind::Doctests) => "doctests",
        (BarEnd::Ok, BarKind::Run) => "run",
        (BarEnd::Ok, BarKind::Alone) => "alone",
    }
}

/// What a bar was, for its title.
pub(super) fn title(bar: &Bar) -> String {
    let mut said = format!(
        "{}\n{}, {}: {} from {} to {}",
        text(&bar.name),
        bar.kind.as_str(),
        bar.end.as_str(),
        seconds(bar.ms()),
        seconds(bar.from_ms),
        seconds(bar.to_ms)
    );
    if let (Some(cpu), Some(used)) = (bar.cpu_ms, bar.share()) {
        said.push_str(&format!("\nprocessor time {}, {}", seconds(cpu), cores(used)));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_as_people_say_them() {
        assert_eq!([0, 350, 12_345, 200_499].map(seconds), ["0.00 s", "0.35 s", "12.3 s", "3 min 20 s"]);
        assert_eq!([0.0, 0.04, 0.5, 1.0, 1.5, 12.0, 100.0].map(share), ["0", "0.04", "0.5", "1", "1.5", "12", "100"]);
        assert_eq!([0.5, 1.0, 2.0].map(cores), ["0.5 cores", "1 core", "2 cores"]);
        assert_eq!([640 << 20, 3 << 29].map(bytes), ["640 MiB", "1.5 GiB"]);
        assert_eq!(text("<a href=\"x\">\n&'"), "&lt;a href=&quot;x&quot;&gt; &amp;'");
    }
}
