//! The canary: work of our own, of which it is known how long it takes. Against itself it must not be slower, against
//! itself and a tenth more it must.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{anyhow, Context, Result};

use super::random::Random;
use crate::build::stand_in;
use crate::sys::clock;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// The name under which our executable spins.
const NAME: &str = "compatrix-spin";
/// How many turns.
const TURNS: &str = "COMPATRIX_SPIN";
/// About how long one turn of work is to take.
const AIM_NS: u64 = 1_000_000;
/// How often a process does it: as with a bench, what disturbs one does not move the median.
const SAMPLES: usize = 15;

/// The times of one round in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spun {
    pub(super) plain: f64,
    pub(super) same: f64,
    /// With a tenth more turns.
    pub(super) slow: f64,
}

/// The canary of one machine.
#[derive(Debug)]
pub(super) struct Spin {
    program: PathBuf,
    turns: u64,
    core: Option<usize>,
}

impl Spin {
    /// Finds how many turns take about as long as they should.
    pub(super) fn new(host: &Host, core: Option<usize>) -> Result<Self> {
        let mut turns = 1 << 12;
        while turns < 1 << 40 && spin(turns) < AIM_NS {
            turns *= 2;
        }
        Ok(Self { program: stand_in::link(host, NAME)?, turns, core })
    }

    /// One round: the three in random order, a process each.
    pub(super) fn round(&self, host: &Host, random: &mut Random) -> Result<Spun> {
        let mut spun = [0.0; 3];
        for which in random.order(3) {
            let turns = if which == 2 { self.turns + self.turns / 10 } else { self.turns };
            let mut command = Command::new(self.program.to_string_lossy(), &host.dir).env(TURNS, turns.to_string());
            command.core = self.core;
            let output = host.output(&command)?;
            let said = output.text();
            spun[which] = said.trim().parse().map_err(|_| anyhow!("our own spin said {said:?}"))?;
        }
        Ok(Spun { plain: spun[0], same: spun[1], slow: spun[2] })
    }
}

/// Works this many turns; how long it took, in nanoseconds.
fn spin(turns: u64) -> u64 {
    let began = clock::instant();
    let mut x = 1_u64;
    for n in 0..turns {
        x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n));
    }
    black_box(x);
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// If this process was started as the canary, spins and returns the exit code.
#[allow(clippy::disallowed_methods, reason = "it reads its own task")]
pub fn act() -> Option<ExitCode> {
    if !stand_in::is_called(NAME) {
        return None;
    }
    let turns = || -> Result<u64> { std::env::var(TURNS)?.parse().context("not a number") };
    Some(match turns() {
        Ok(turns) => {
            // Once before, so that pages and frequency are there.
            spin(turns);
            let mut times: Vec<u64> = (0..SAMPLES).map(|_| spin(turns)).collect();
            times.sort_unstable();
            println!("{}", times[SAMPLES / 2]);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{NAME}: {TURNS}: {error:#}");
            ExitCode::FAILURE
        }
    })
}
