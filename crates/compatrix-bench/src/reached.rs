//! Whether targets are reached: bounds on a figure against its limit.
//!
//! A target is *proven* if the figure's confidence bound at 95 % is within the limit, *contradicted* if the bound on the
//! other side is beyond it, and otherwise unproven. The bounds are order statistics and assume no distribution. Of
//! percentiles the values are raw samples; of everything else one value a process.

mod seen;

use std::collections::BTreeSet;

use shaped_toml::nearest;

use crate::stats::{median, quantile};
use crate::target::{Bound, Judged, Proven, Target};
use crate::units;

use seen::Values;
pub use seen::{Process, Seen};

/// The confidence of each bound by itself.
const CONFIDENCE: f64 = 0.95;

/// How far apart two values of an exact metric may be.
const AGREEMENT: f64 = 0.001;

/// A figure, its bounds, and its base unit.
#[derive(Debug, Clone, PartialEq)]
struct Figure {
    value: f64,
    lower: Option<f64>,
    upper: Option<f64>,
    unit: String,
    /// What a missing bound would need.
    needs: String,
}

/// Judges each target in each group that has its bench, in the order of the targets.
pub fn verdicts(targets: &[Target], seen: &[Seen]) -> Vec<Judged> {
    let mut judged = Vec::new();
    for target in targets {
        let is_of = |group: &&Seen| target.suite.as_ref().is_none_or(|suite| *suite == group.suite);
        let groups: Vec<&Seen> = seen.iter().filter(is_of).filter(|group| group.has(&target.bench)).collect();
        if groups.is_empty() {
            judged.push(unproven(target, None, no_bench(&target.bench, seen)));
        }
        judged.extend(groups.into_iter().map(|group| match figure(target, group, seen) {
            Ok(figure) => compared(target, group.group, figure),
            Err(why) => unproven(target, Some(group.group), why),
        }));
    }
    judged
}

/// Why there is nothing to see of a bench.
fn no_bench(bench: &str, seen: &[Seen]) -> String {
    let benches: BTreeSet<&str> = seen.iter().flat_map(Seen::benches).collect();
    match nearest(bench, benches.iter().copied()) {
        Some(nearest) => format!("no bench `{bench}` was measured; the nearest is `{nearest}`"),
        None if benches.is_empty() => format!("no bench `{bench}` was measured, nor any other"),
        None => format!("no bench `{bench}` was measured, and none has a similar name"),
    }
}

fn unproven(target: &Target, group: Option<usize>, why: String) -> Judged {
    let (direction, _) = direction(target.bound);
    Judged {
        group,
        bench: target.bench.clone(),
        metric: target.metric.clone(),
        limit: format!("{direction} {}", target.text),
        tier: target.tier,
        proven: Proven::Unproven,
        figure: None,
        interval: None,
        unit: units::limit(&target.text).map_or("1", |(_, unit)| unit).to_owned(),
        why,
    }
}

fn direction(bound: Bound) -> (&'static str, f64) {
    match bound {
        Bound::AtMost(limit) => ("at most", limit),
        Bound::AtLeast(limit) => ("at least", limit),
    }
}

/// The figure that a target is about.
fn figure(target: &Target, group: &Seen, seen: &[Seen]) -> Result<Figure, String> {
    let bench = target.bench.as_str();
    let limit = units::limit(&target.text).map(|(_, unit)| unit);
    match target.metric.as_str() {
        "p50" => percentile(group, bench, "p50", 0.5),
        "p95" => percentile(group, bench, "p95", 0.95),
        "p99" => percentile(group, bench, "p99", 0.99),
        "throughput" => of_processes(group.throughput(bench)?),
        "ratio" => {
            let to = target.to.as_deref().ok_or("a ratio needs the bench that it is compared with, as `to`")?;
            if !group.has(to) {
                return Err(no_bench(to, seen));
            }
            of_processes(group.ratio(bench, to)?)
        }
        "peak-memory" => highest(group.peak_memory(bench)?, target.bound),
        "cpu" => of_processes(group.cpu(bench, limit == Some("1"))?),
        own => {
            let (values, is_exact) = group.values(bench, own)?;
            if is_exact {
                exact(values)
            } else {
                of_processes(values)
            }
        }
    }
}

fn percentile(group: &Seen, bench: &str, name: &str, q: f64) -> Result<Figure, String> {
    let (samples, unit) = group.raw_samples(bench, name)?;
    let needed = quantile::needed(q, CONFIDENCE);
    let needs = format!("{} raw samples are too few for {name}: {needed} are needed", samples.len());
    let mut sorted = samples.clone();
    sorted.sort_by(f64::total_cmp);
    let place = ((q * sorted.len() as f64).ceil() as usize).saturating_sub(1);
    let value = *sorted.get(place).ok_or("it has no samples")?;
    let bounds = quantile::bounds(&samples, q, CONFIDENCE);
    Ok(Figure { value, lower: bounds.lower, upper: bounds.upper, unit, needs })
}

/// The median of one value a process.
fn of_processes((values, unit): Values) -> Result<Figure, String> {
    let value = median(&values).ok_or("no process measured it")?;
    let bounds = quantile::bounds(&values, 0.5, CONFIDENCE);
    let needed = quantile::needed(0.5, CONFIDENCE);
    let needs = format!("{} processes are too few: {needed} are needed", values.len());
    Ok(Figure { value, lower: bounds.lower, upper: bounds.upper, unit, needs })
}

/// The worst of all processes. It is what was seen and no estimate, so it is its own bound.
fn highest((values, unit): Values, bound: Bound) -> Result<Figure, String> {
    let worst = match bound {
        Bound::AtMost(_) => values.into_iter().reduce(f64::max),
        Bound::AtLeast(_) => values.into_iter().reduce(f64::min),
    };
    let value = worst.ok_or("no process measured it")?;
    Ok(Figure { value, lower: Some(value), upper: Some(value), unit, needs: String::new() })
}

/// The value that all processes agree on.
fn exact((values, unit): Values) -> Result<Figure, String> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let value = median(&values).ok_or("no process measured it")?;
    if greatest - least > greatest.abs().max(least.abs()) * AGREEMENT {
        return Err(format!(
            "it is declared exact, and its repeats differ by more than 0.1 %: {least} to {greatest} {unit}"
        ));
    }
    Ok(Figure { value, lower: Some(least), upper: Some(greatest), unit, needs: String::new() })
}

fn compared(target: &Target, group: usize, figure: Figure) -> Judged {
    let judged = unproven(target, Some(group), String::new());
    let (_, limit) = direction(target.bound);
    let unit = units::limit(&target.text).map(|(_, unit)| unit);
    // A metric of an own unit, such as `rows`, has a limit without one.
    let is_own = unit == Some("1") && units::base(&figure.unit).is_none();
    if unit != Some(&figure.unit) && !is_own {
        let why = format!("the limit `{}` and {} are not in the same unit", target.text, named(&figure.unit));
        return Judged { figure: Some(figure.value), unit: figure.unit, why, ..judged };
    }
    let (within, beyond) = match target.bound {
        Bound::AtMost(_) => (figure.upper.map(|upper| upper <= limit), figure.lower.map(|lower| lower > limit)),
        Bound::AtLeast(_) => (figure.lower.map(|lower| lower >= limit), figure.upper.map(|upper| upper < limit)),
    };
    let (proven, why) = match (within, beyond) {
        (Some(true), _) => (Proven::Proven, String::new()),
        (_, Some(true)) => (Proven::Contradicted, String::new()),
        (None, _) => (Proven::Unproven, figure.needs),
        _ => (Proven::Unproven, "the limit lies within the interval of the figure".to_owned()),
    };
    Judged {
        proven,
        figure: Some(figure.value),
        interval: figure.lower.zip(figure.upper).filter(|(lower, upper)| lower < upper),
        unit: figure.unit,
        why,
        ..judged
    }
}

/// A base unit as the subject of a sentence.
fn named(unit: &str) -> String {
    match unit {
        "s" => "the seconds that it took".to_owned(),
        "B" => "the bytes that it took".to_owned(),
        "1" => "its figure, a plain number,".to_owned(),
        other => format!("its figure in `{other}`"),
    }
}

#[cfg(test)]
mod tests;
