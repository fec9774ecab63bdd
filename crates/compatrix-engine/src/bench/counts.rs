//! Instructions, counted by valgrind's callgrind: of each bench by itself, twice a side, because a count that is not the same
//! again proves nothing. And where they went, of a bench that became slower.

use anyhow::Result;
use compatrix_bench::harness::callgrind;
use compatrix_bench::{Better, Change, Comparison, Measured};

use super::groups::Group;
use super::process::folder;
use crate::sys::files;
use crate::sys::host::{last_lines, Host};

/// How often a side is counted.
const REPEATS: u32 = 2;
/// The flags for stacks of this depth.
const STACKS: [&str; 1] = ["--separate-callers=12"];
/// The most benches whose stacks are recorded.
const MOST_PROFILES: usize = 3;

/// Where the instructions of a bench went on each side: what callgrind wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// As its harness names it.
    pub bench: String,
    /// The base's report.
    pub base: String,
    /// The head's.
    pub head: String,
}

impl Group<'_> {
    /// Counts the instructions of all benches that can be asked for by name, if the suite wants that.
    ///
    /// # Errors
    /// Our own side fails.
    pub(super) fn count(&mut self, host: &Host) -> Result<()> {
        if self.programs.is_empty() || !self.suite().bench().is_some_and(|settings| settings.instructions) {
            return Ok(());
        }
        if host.ambient.find("valgrind").is_none() {
            self.unusable.insert("instructions are not counted: valgrind is not on PATH; install it".to_owned());
            return Ok(());
        }
        for program in 0..self.programs.len() {
            if self.programs[program].same {
                continue;
            }
            for bench in self.benches(program) {
                for repeat in 0..REPEATS {
                    for contender in 0..self.contenders.len() {
                        if host.supervisor.is_interrupted() {
                            return Ok(());
                        }
                        self.count_one(program, contender, &bench, repeat)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The benches of a program by its own names.
    fn benches(&self, program: usize) -> Vec<String> {
        let program = &self.programs[program];
        let listed = program.of.iter().flatten().find_map(|one| one.listed.clone());
        listed.unwrap_or_else(|| {
            let mut names: Vec<String> = Vec::new();
            for ((bench, _), _) in program.seen.iter().flat_map(|seen| &seen.measured) {
                if !names.contains(bench) {
                    names.push(bench.clone());
                }
            }
            names
        })
    }

    fn count_one(&mut self, program: usize, contender: usize, bench: &str, repeat: u32) -> Result<()> {
        let name = &self.contenders[contender].name;
        match self.under_callgrind(program, contender, bench, &[])?.and_then(|text| callgrind::instructions(&text)) {
            Ok(count) => {
                let measured = Measured {
                    bench: bench.to_owned(),
                    metric: "instructions".to_owned(),
                    unit: "1".to_owned(),
                    samples: vec![count as f64],
                    raw: true,
                    exact: true,
                    better: Better::Less,
                    throughput: None,
                };
                self.programs[program].seen[contender].add(repeat, vec![measured]);
            }
            Err(why) => {
                let why = format!("{} ({name}): {bench}: instructions: {why}", self.programs[program].name);
                self.unusable.insert(why);
            }
        }
        Ok(())
    }

    /// What callgrind wrote of one bench, or why it did not.
    fn under_callgrind(
        &self,
        program: usize,
        contender: usize,
        bench: &str,
        flags: &[&str],
    ) -> Result<Result<String, String>> {
        let Some(one) = &self.programs[program].of[contender] else { return Ok(Err("this side has none".to_owned())) };
        self.contenders[contender].placed(None, |place| {
            let dir = folder(place, "counted")?;
            let (command, report) = match one.counted(place, &dir, bench, flags) {
                Ok(command) => command,
                Err(why) => return Ok(Err(format!("{why:#}"))),
            };
            let finished = place.host.run(&command)?;
            let said = if finished.status.success() && files::exists(&report) {
                Ok(String::from_utf8_lossy(&files::read(&report)?).into_owned())
            } else {
                Err(format!(
                    "under callgrind it ended with {}: {}",
                    finished.status,
                    last_lines(&finished.stderr.text(), 1)
                ))
            };
            files::remove_dir(&dir)?;
            Ok(said)
        })
    }

    /// Where the instructions of benches that are slower went, base and head.
    ///
    /// # Errors
    /// Our own side fails.
    pub(super) fn profiles(&self, host: &Host, compared: &[Comparison]) -> Result<Vec<Profile>> {
        let mut profiles: Vec<Profile> = Vec::new();
        if self.contenders.len() != 2 || host.ambient.find("valgrind").is_none() {
            return Ok(profiles);
        }
        let is_slower = |bench: &str| compared.iter().any(|one| one.change == Change::Slower && one.bench == bench);
        for program in 0..self.programs.len() {
            for bench in self.benches(program).into_iter().filter(|bench| is_slower(bench)) {
                if profiles.len() == MOST_PROFILES || host.supervisor.is_interrupted() {
                    return Ok(profiles);
                }
                let base = self.under_callgrind(program, 0, &bench, &STACKS)?;
                let head = self.under_callgrind(program, 1, &bench, &STACKS)?;
                if let (Ok(base), Ok(head)) = (base, head) {
                    profiles.push(Profile { bench, base, head });
                }
            }
        }
        Ok(profiles)
    }
}
