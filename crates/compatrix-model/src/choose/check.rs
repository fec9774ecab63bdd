//! Profiles of a text that cannot be chosen from: too many cells, pins that no cell meets.

use shaped_toml::{Collector, Problem};

use super::{can_meet, check, TooMuch, MAX_CELLS, MAX_TUPLES};
use crate::cell::Space;
use crate::matrix_spec::axes::sizes;
use crate::matrix_spec::document::Lowered;
use crate::matrix_spec::profiles::ProfileMarks;
use crate::matrix_spec::{Profile, Spec};

/// Reports them.
pub(crate) fn check_profiles(lowered: &Lowered, c: &mut Collector<'_>) {
    let spec = &lowered.spec;
    for marks in &lowered.profiles {
        let Some(profile) = spec.profiles.get(&marks.name) else { continue };
        refuse_too_much(&spec.space, profile, marks, c);
        refuse_pins(spec, profile, marks, c);
    }
}

fn refuse_too_much(space: &Space, profile: &Profile, marks: &ProfileMarks, c: &mut Collector<'_>) {
    let Err(much) = check(space, profile) else { return };
    let name = &marks.name;
    let problem = match much {
        TooMuch::Cells(cells) => {
            let count = match cells {
                0..=999_999_999_999 => cells.to_string(),
                _ => "far too many".to_owned(),
            };
            Problem::new(format!("the profile `{name}` chooses {count} cells, more than {MAX_CELLS}"))
                .help("write `strategy = \"pairwise\"`, narrow `when`, or remove values from the longest axes")
        }
        TooMuch::Tuples(tuples, strength) => {
            let less = if strength > 2 { "choose a lower strength" } else { "remove values from the longest axes" };
            let problem = format!("`{name}` has {tuples} tuples of {strength} values to cover, more than {MAX_TUPLES}");
            Problem::new(problem).help(format!("{less}, or narrow `when`"))
        }
    };
    c.error(marks.strategy.clone(), problem.label(sizes(space)));
}

/// Pins that no cell of the profile can meet.
fn refuse_pins(spec: &Spec, profile: &Profile, marks: &ProfileMarks, c: &mut Collector<'_>) {
    for (span, pin) in marks.pins.iter().zip(&profile.pin) {
        if !can_meet(&spec.space, &spec.suites, &spec.rules, profile, pin) {
            let problem = Problem::new(format!("no cell of the profile can meet the pin `{pin}`"));
            let help = "`when`, the suites or the rules leave all its cells out; correct one of them";
            c.error(span.clone(), problem.help(help).needs_whole());
        }
    }
}
