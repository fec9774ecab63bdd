//! What was seen of the head: its processes, and the values of a bench over them, in base units.

use std::collections::BTreeSet;

use shaped_toml::nearest;

use crate::measured::Measured;
use crate::units;

/// Values in a base unit.
pub(super) type Values = (Vec<f64>, String);

/// All processes of the head in one group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// The group, by position.
    pub group: usize,
    /// The name of the suite that it is a cell of.
    pub suite: String,
    /// One for each round and executable.
    pub processes: Vec<Process>,
}

/// One process of the head.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Process {
    /// The round, so that benches of two executables can be compared.
    pub round: u32,
    /// What it measured.
    pub measured: Vec<Measured>,
    /// The most memory that it had at once, in bytes: that of all benches in it.
    pub peak_memory: Option<u64>,
    /// Processor time in seconds: that of all benches in it.
    pub cpu: Option<f64>,
    /// How long it ran, in seconds.
    pub wall: Option<f64>,
}

impl Process {
    fn has(&self, bench: &str) -> bool {
        self.measured.iter().any(|one| one.bench == bench)
    }

    /// The median of a metric, in the base unit.
    fn value(&self, bench: &str, metric: &str) -> Option<f64> {
        let one = self.measured.iter().find(|one| one.bench == bench && one.metric == metric)?;
        let value = one.value()? * converted(&one.unit).0;
        value.is_finite().then_some(value)
    }
}

/// The factor to the base unit, and that unit; an own unit is its own base.
fn converted(unit: &str) -> (f64, String) {
    units::base(unit).map_or_else(|| (1.0, unit.to_owned()), |(factor, base)| (factor, base.to_owned()))
}

/// All samples in the base unit.
fn samples(of: &Measured) -> impl Iterator<Item = f64> + '_ {
    let (factor, _) = converted(&of.unit);
    of.samples.iter().map(move |sample| sample * factor).filter(|sample| sample.is_finite())
}

impl Seen {
    /// The names of all benches that were measured.
    pub(super) fn benches(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().flat_map(|process| &process.measured).map(|one| one.bench.as_str())
    }

    pub(super) fn has(&self, bench: &str) -> bool {
        self.processes.iter().any(|process| process.has(bench))
    }

    /// The processes that ran a bench.
    fn of<'a>(&'a self, bench: &'a str) -> impl Iterator<Item = &'a Process> {
        self.processes.iter().filter(move |process| process.has(bench))
    }

    /// What was measured of a bench in a metric; an error that names the metrics that there are.
    fn measured(&self, bench: &str, metric: &str) -> Result<Vec<&Measured>, String> {
        let all = self.processes.iter().flat_map(|process| &process.measured).filter(|one| one.bench == bench);
        let (found, others): (Vec<&Measured>, Vec<&Measured>) = all.partition(|one| one.metric == metric);
        let [first, ..] = found[..] else {
            let known: BTreeSet<&str> = others.iter().map(|one| one.metric.as_str()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return Err(match nearest(metric, known.iter().copied()) {
                Some(nearest) => format!("`{bench}` has no metric `{metric}`; the nearest is `{nearest}`"),
                None => format!("`{bench}` has no metric `{metric}`, only {}", list(&known)),
            });
        };
        match found.iter().find(|one| converted(&one.unit).1 != converted(&first.unit).1) {
            Some(other) => Err(format!("its units differ: `{}` and `{}`", first.unit, other.unit)),
            None => Ok(found),
        }
    }

    /// One value a process in a metric of the bench, and whether the metric is exact.
    pub(super) fn values(&self, bench: &str, metric: &str) -> Result<(Values, bool), String> {
        let found = self.measured(bench, metric)?;
        let is_exact = found.iter().all(|one| one.exact);
        let unit = found.first().map(|one| converted(&one.unit).1).unwrap_or_default();
        let values = self.of(bench).filter_map(|process| process.value(bench, metric)).collect();
        Ok(((values, unit), is_exact))
    }

    /// One time a process, in seconds.
    fn times(&self, bench: &str) -> Result<Vec<f64>, String> {
        let ((times, unit), _) = self.values(bench, "time")?;
        match unit.as_str() {
            "s" => Ok(times),
            other => Err(format!("its time is in `{other}`, which is no unit of time: ns, us, ms or s are")),
        }
    }

    /// Every raw sample of the bench's time, in seconds.
    pub(super) fn raw_samples(&self, bench: &str, percentile: &str) -> Result<Values, String> {
        self.times(bench)?;
        let found = self.measured(bench, "time")?;
        if found.iter().any(|one| !one.raw) {
            return Err(format!(
                "its samples are averages over many iterations, which are no latencies: {percentile} needs raw samples, \
                 such as JSON lines give"
            ));
        }
        Ok((found.into_iter().flat_map(samples).collect(), "s".to_owned()))
    }

    /// How much the bench handles in a second, one value a process. One that does not say how much an operation handles
    /// does one operation at a time.
    pub(super) fn throughput(&self, bench: &str) -> Result<Values, String> {
        if let Ok((values, _)) = self.values(bench, "throughput") {
            return Ok(values);
        }
        self.times(bench)?;
        let found = self.measured(bench, "time")?;
        let unit = |one: &Measured| one.throughput.as_ref().map(|handled| units::base(&handled.unit));
        let is_bytes = found.iter().all(|one| matches!(unit(one), Some(Some((_, "B")))));
        let rate = |one: &&Measured| {
            let time = one.value()? * converted(&one.unit).0;
            let factor = if is_bytes { unit(one)??.0 } else { 1.0 };
            let handled = one.throughput.as_ref().map_or(1.0, |handled| handled.count * factor);
            Some(handled / time).filter(|rate| rate.is_finite())
        };
        let unit = if is_bytes { "B/s" } else { "1/s" };
        Ok((found.iter().filter_map(rate).collect(), unit.to_owned()))
    }

    /// The time of another bench over that of this one, one value a round: 4 is four times as fast as the other.
    pub(super) fn ratio(&self, bench: &str, to: &str) -> Result<Values, String> {
        self.times(bench)?;
        self.times(to)?;
        let time = |round: u32, bench: &str| {
            self.of(bench).filter(|process| process.round == round).find_map(|process| process.value(bench, "time"))
        };
        let rounds: BTreeSet<u32> = self.processes.iter().map(|process| process.round).collect();
        let ratios = rounds.into_iter().filter_map(|round| Some(time(round, to)? / time(round, bench)?));
        let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
        if ratios.is_empty() {
            return Err(format!("no round measured both it and `{to}`"));
        }
        Ok((ratios, "1".to_owned()))
    }

    /// The peak of memory of each process that ran the bench, in bytes; what the bench itself reports goes first.
    pub(super) fn peak_memory(&self, bench: &str) -> Result<Values, String> {
        if let Ok(found) = self.measured(bench, "peak-memory") {
            let unit = found.first().map(|one| converted(&one.unit).1).unwrap_or_default();
            return Ok((found.into_iter().flat_map(samples).collect(), unit));
        }
        let peaks: Vec<f64> =
            self.of(bench).filter_map(|process| process.peak_memory).map(|peak| peak as f64).collect();
        if peaks.is_empty() {
            return Err("the peak of its memory could not be read on this platform".to_owned());
        }
        Ok((peaks, "B".to_owned()))
    }

    /// The processor time of each process that ran the bench: in seconds, or as a share of its wall time.
    pub(super) fn cpu(&self, bench: &str, as_share: bool) -> Result<Values, String> {
        if let Ok((values, _)) = self.values(bench, "cpu") {
            return Ok(values);
        }
        let value = |process: &Process| match (process.cpu, process.wall) {
            (Some(cpu), Some(wall)) if as_share => Some(cpu / wall).filter(|share| share.is_finite()),
            (cpu, _) => cpu.filter(|_| !as_share),
        };
        let values: Vec<f64> = self.of(bench).filter_map(value).collect();
        if values.is_empty() {
            return Err("its processor time could not be read on this platform".to_owned());
        }
        Ok((values, if as_share { "1" } else { "s" }.to_owned()))
    }
}

/// `a`, `b` and `c` in backticks.
fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
