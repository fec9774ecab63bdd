//! What the machine is, for the proof: figures of another one may differ.

use std::path::Path;

use compatrix_model::speed;

use crate::sys::files;
use crate::sys::machine::Machine;
use crate::sys::os::machine;

/// The machine, with the core that benches run on.
pub(super) fn look(core: Option<usize>) -> speed::Machine {
    let line = |path: &str| files::read_text(Path::new(path)).ok().map(|text| text.trim().to_owned());
    let (processor, kernel) = machine::processor_and_system();
    speed::Machine {
        processor: line("/proc/cpuinfo").and_then(|text| model(&text)).unwrap_or(processor),
        kernel,
        cores: Machine::look().cores,
        core,
        governor: line(&format!("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", core.unwrap_or_default())),
    }
}

/// The processor's model (proc_cpuinfo(5)); on ARM the numbers that stand for it.
fn model(text: &str) -> Option<String> {
    let of = |name: &str| {
        let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let arm = || Some(format!("ARM {} {}", of("CPU implementer")?, of("CPU part")?));
    of("model name").or_else(arm)
}

/// The load over the last minute (proc_loadavg(5)); zero if unknown.
pub(super) fn load() -> f64 {
    let text = files::read_text(Path::new("/proc/loadavg")).unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::model;

    #[test]
    fn the_model_of_a_processor_is_found() {
        let intel = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some Processor @ 2.00GHz\n";
        assert_eq!(model(intel).as_deref(), Some("Some Processor @ 2.00GHz"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(model(arm).as_deref(), Some("ARM 0x41 0xd0c"));
        assert_eq!(model(""), None);
    }
}
