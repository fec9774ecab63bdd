//! What kind of machine this is, and how busy.

use std::path::Path;

use crate::sys::machine::groups::text;
use crate::sys::os::machine;

/// What kind of machine this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    /// Its processor: the model, or else the kind.
    pub(crate) processor: String,
    /// The name and release of the system.
    pub(crate) system: String,
    /// What decides how fast a core is, if that is known.
    pub(crate) governor: Option<String>,
}

/// This machine; the governor is the one of this core, or of the first.
pub(crate) fn look(core: Option<usize>) -> About {
    let (processor, system) = machine::processor_and_system();
    let Some(root) = machine::ROOT.map(Path::new) else { return About { processor, system, governor: None } };
    let core = core.unwrap_or_default();
    let governor = format!("sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor");
    About {
        processor: text(root, "proc/cpuinfo").and_then(|text| model(&text)).unwrap_or(processor),
        system,
        governor: text(root, governor).map(|text| text.trim().to_owned()),
    }
}

/// The load over the last minute (proc_loadavg(5)).
pub(crate) fn load() -> Option<f64> {
    text(Path::new(machine::ROOT?), "proc/loadavg")?.split_whitespace().next()?.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_a_processor_is_found() {
        let intel = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some Processor @ 2.00GHz\n";
        assert_eq!(model(intel).as_deref(), Some("Some Processor @ 2.00GHz"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(model(arm).as_deref(), Some("ARM 0x41 0xd0c"));
        assert_eq!(model(""), None);
    }

    #[test]
    fn every_machine_says_what_it_is() {
        let about = look(None);
        assert!(!about.processor.is_empty() && !about.system.is_empty(), "{about:?}");
        // Where files say more than the kind of processor.
        let said = machine::ROOT.is_some_and(|root| Path::new(root).join("proc/loadavg").exists());
        assert_eq!(load().is_some(), said);
    }
}
