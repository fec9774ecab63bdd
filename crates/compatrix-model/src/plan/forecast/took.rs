//! What work took, and what work ahead is taken to need.

/// What overdue work is still taken to need, as a part of the time that it had.
const OVERDUE: f64 = 0.25;
/// What a piece of work took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Took {
    /// Wall time.
    pub wall_ms: u64,
    /// Processor time; none if it was not measured.
    pub cpu_ms: Option<u64>,
    /// Time that it ran or waited for a core; none if it was not measured.
    pub wanted_ms: Option<u64>,
}

/// Work ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ahead {
    /// How long it takes if it gets the cores that it wants.
    pub wall_ms: f64,
    /// The cores that it wants.
    pub cores: f64,
    /// The cores that it is taken to want when it is to be admitted: with what it waits, as on a machine that others use too.
    pub wants: f64,
}

impl Ahead {
    /// What is left of it after this time.
    pub(super) fn after(self, had_ms: u64) -> Self {
        let had = had_ms as f64;
        Self { wall_ms: (self.wall_ms - had).max(had * OVERDUE), ..self }
    }

    /// What work takes that had this time and is still not done, if that is more than was predicted.
    pub(super) fn overdue(self, had_ms: u64) -> Option<Took> {
        let had = had_ms as f64;
        (had > self.wall_ms).then_some(Took { wall_ms: (had * (1.0 + OVERDUE)) as u64, ..Took::default() })
    }
}

/// The cores that work used on average. Nothing is taken to use none.
pub(super) fn cores(cpu_ms: f64, wall_ms: f64) -> Option<f64> {
    (wall_ms > 0.0).then(|| (cpu_ms / wall_ms).max(0.01))
}

impl Took {
    /// The cores that it used on average; none if that is not known.
    pub(super) fn cores(self) -> Option<f64> {
        cores(self.cpu_ms? as f64, self.wall_ms as f64)
    }

    /// The cores that it wanted on average; none if that is not known.
    pub(super) fn wants(self) -> Option<f64> {
        cores(self.wanted_ms.or(self.cpu_ms)? as f64, self.wall_ms as f64)
    }
}
