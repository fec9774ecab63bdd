//! Whether a machine can tell a slowdown: a spin of our own, measured in every round beside the benches.

use serde::{Deserialize, Serialize};

use crate::comparison::Rules;
use crate::stats::signed_rank::{signed_rank, Center};
use crate::stats::{median, spread};

/// How much slower the slow spin is: it turns this often for each turn of the plain one.
pub const SLOWER: f64 = 1.10;

/// The slowdown beyond which the slow spin must be seen.
const SEEN: f64 = 0.03;

/// The chance of an alarm of the spin against itself, in either direction.
const ALARM: f64 = 0.001;

/// What the canary says of a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// Whether the spin against itself gave no alarm, and the slow spin one.
    pub proven: bool,
    /// Why this machine cannot tell, in one sentence without a period; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How many rounds there were.
    pub rounds: u32,
    /// The ratio of the spin to itself.
    pub same: Option<f64>,
    /// The ratio of the slow spin to the plain one: about [`SLOWER`].
    pub slow: Option<f64>,
    /// The spread of a round: 0.02 is 2 %.
    pub spread: Option<f64>,
    /// How much longer the spin took in the last third of the rounds than in the first, for a note: 0.1 is 10 %. A
    /// machine that changes its frequency shows it; ratios within a round hardly feel it.
    pub drift: Option<f64>,
}

/// A change of the machine's speed that is worth a note.
const NOTED: f64 = 0.05;

impl Canary {
    /// What is to be said of a machine that was not equally fast all the time.
    pub fn note(&self) -> Option<String> {
        let drift = self.drift.filter(|drift| drift.abs() >= NOTED)?;
        let percent = format!("{:.0} % {}", (drift * 100.0).abs(), if drift > 0.0 { "slower" } else { "faster" });
        Some(format!(
            "the machine was {percent} in the last third of the rounds than in the first; both sides of a round ran at \
             about the same speed"
        ))
    }
}

/// Judges the times of the plain spin, of the same again, and of the slow one, a value each a round.
pub fn canary(rules: &Rules, plain: &[f64], same: &[f64], slow: &[f64]) -> Canary {
    let rounds = u32::try_from(plain.len().min(same.len()).min(slow.len())).unwrap_or(u32::MAX);
    let mut canary =
        Canary { proven: false, why: String::new(), rounds, same: None, slow: None, spread: None, drift: None };
    canary.why = match looked_at(rules, plain, same, slow, &mut canary) {
        Ok(()) => String::new(),
        Err(why) => why,
    };
    canary.proven = canary.why.is_empty();
    canary
}

fn looked_at(rules: &Rules, plain: &[f64], same: &[f64], slow: &[f64], canary: &mut Canary) -> Result<(), String> {
    let [plains, sames, slows] = [plain, same, slow].map(<[f64]>::len);
    if plains == 0 || plains != sames || plains != slows {
        return Err(format!(
            "the spin was measured {plains} times, the same again {sames} times and the slow one {slows} times"
        ));
    }
    if [plain, same, slow].concat().iter().any(|time| !time.is_finite() || *time <= 0.0) {
        return Err("a spin took no time at all: the clock cannot be used".to_owned());
    }
    let logs = |of: &[f64]| -> Vec<f64> { of.iter().zip(plain).map(|(one, plain)| one.ln() - plain.ln()).collect() };
    let (of_same, of_slow) = (logs(same), logs(slow));
    canary.same = Center::of(&of_same).estimate().map(f64::exp);
    canary.slow = Center::of(&of_slow).estimate().map(f64::exp);
    canary.spread = spread(&of_same);
    canary.drift = drift(plain);
    let as_percent = |ratio: Option<f64>| format!("{:+.1} %", (ratio.unwrap_or(1.0) - 1.0) * 100.0);
    let alarm = signed_rank(&of_same);
    if 2.0 * alarm.greater.min(alarm.less) <= ALARM {
        return Err(format!("a spin against itself differs by {}", as_percent(canary.same)));
    }
    let beyond: Vec<f64> = of_slow.iter().map(|d| d - SEEN.ln_1p()).collect();
    if signed_rank(&beyond).greater > rules.alpha / 2.0 {
        return Err(format!(
            "a spin that is 10 % slower was not seen to be: {} in {plains} rounds",
            as_percent(canary.slow)
        ));
    }
    Ok(())
}

/// The last third over the first, less one; `None` of fewer than six rounds.
fn drift(times: &[f64]) -> Option<f64> {
    let third = times.len() / 3;
    (third >= 2).then(|| Some(median(&times[times.len() - third..])? / median(&times[..third])? - 1.0)).flatten()
}

#[cfg(test)]
mod tests {
    use super::canary;
    use crate::comparison::Rules;

    #[test]
    fn a_machine_that_changes_its_speed_is_noted() {
        let rules = Rules::default();
        let plain: Vec<f64> = (0..16).map(|n| if n < 8 { 100.0 } else { 150.0 }).collect();
        let slow: Vec<f64> = plain.iter().map(|time| time * 1.1).collect();
        let found = canary(&rules, &plain, &plain, &slow);
        assert!(found.proven, "{found:?}");
        assert!(found.note().is_some_and(|note| note.contains("50 % slower")), "{found:?}");
        let steady = canary(&rules, &[100.0; 16], &[100.0; 16], &[110.0; 16]);
        assert_eq!(steady.note(), None);
    }

    /// Times around 100 with a share of noise, another for each seed.
    fn times(rounds: u64, seed: u64, noise: f64) -> Vec<f64> {
        let mixed = |at: u64| {
            let mixed = (at * 7919 + seed * 104_729).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40
        };
        (0..rounds).map(|at| 100.0 * (1.0 + noise * (mixed(at) as f64 / f64::from(1_u32 << 24) - 0.5))).collect()
    }

    fn slower(times: &[f64], by: f64) -> Vec<f64> {
        times.iter().map(|time| time * by).collect()
    }

    #[test]
    fn a_quiet_machine_can_tell() {
        let (plain, same, slow) = (times(16, 1, 0.02), times(16, 2, 0.02), slower(&times(16, 3, 0.02), 1.1));
        let found = canary(&Rules::default(), &plain, &same, &slow);
        assert!(found.proven && found.why.is_empty(), "{found:?}");
        assert!((found.slow.unwrap() - 1.1).abs() < 0.01 && found.spread.unwrap() < 0.02, "{found:?}");
        assert!(found.drift.unwrap().abs() < 0.02);
    }

    #[test]
    fn machines_that_cannot_tell_say_why() {
        let rules = Rules::default();
        let (plain, same) = (times(16, 1, 0.02), times(16, 2, 0.02));
        let slow = slower(&times(16, 3, 0.02), 1.1);
        for (plain, same, slow, why) in [
            (plain.clone(), slower(&same, 1.05), slow.clone(), "a spin against itself differs by +"),
            (plain.clone(), slower(&same, 0.95), slow.clone(), "a spin against itself differs by -"),
            (plain.clone(), same.clone(), same.clone(), "a spin that is 10 % slower was not seen to be: "),
            (times(16, 1, 0.9), times(16, 2, 0.9), slower(&times(16, 3, 0.9), 1.1), "a spin that is 10 % slower"),
            (plain[..4].to_vec(), same[..4].to_vec(), slow[..4].to_vec(), "a spin that is 10 % slower was not seen"),
            (vec![], vec![], vec![], "the spin was measured 0 times"),
            (plain.clone(), same[1..].to_vec(), slow.clone(), "the spin was measured 16 times, the same again 15"),
            (vec![0.0; 16], same.clone(), slow.clone(), "a spin took no time"),
            (vec![f64::NAN; 16], same.clone(), slow.clone(), "a spin took no time"),
        ] {
            let found = canary(&rules, &plain, &same, &slow);
            assert!(!found.proven && found.why.starts_with(why), "{why}: {found:?}");
        }
    }

    #[test]
    fn a_change_of_frequency_is_a_note_and_no_alarm() {
        let halfway = |times: Vec<f64>| -> Vec<f64> {
            times.iter().enumerate().map(|(at, time)| if at < 8 { *time } else { time * 1.4 }).collect()
        };
        let (plain, same) = (halfway(times(16, 1, 0.02)), halfway(times(16, 2, 0.02)));
        let slow = slower(&halfway(times(16, 3, 0.02)), 1.1);
        let found = canary(&Rules::default(), &plain, &same, &slow);
        assert!(found.proven && (found.drift.unwrap() - 0.4).abs() < 0.03, "{found:?}");
    }
}
