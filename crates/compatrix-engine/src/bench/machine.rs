//! What the machine is, for the proof: figures of another one may differ.

use compatrix_model::speed;

use crate::sys::machine::{about, Machine};

/// The machine, with the core that benches run on.
pub(super) fn look(core: Option<usize>) -> speed::Machine {
    let about = about::look(core);
    speed::Machine {
        processor: about.processor,
        kernel: about.system,
        cores: Machine::look().cores,
        core,
        governor: about.governor,
    }
}

/// The load over the last minute; zero if unknown.
pub(super) fn load() -> f64 {
    about::load().unwrap_or_default()
}
