//! The trial of a drafted spec: the planner plans it, and each feature set is built once, as `compat` will build it.
//!
//! A set that cannot be built is narrowed to the part that can, or left out, with the compiler's reason. Nothing of it is
//! lost: `compat` finds what was built here.

use std::sync::mpsc::Sender;

use anyhow::Context;
use compatrix_audit::first_spec::{BuildTrouble, Draft, FeatureSet, Member, Narrowing};
use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::condition::Condition;
use compatrix_model::matrix_spec::Profile;
use compatrix_model::outcome::Outcome;
use compatrix_model::plan::{plan, Build, Choice, Plan, Targets};
use compatrix_model::spec_text::Parsed;

use crate::build::{self, NotBuilt};
use crate::event::Event;
use crate::find::facts::ToolchainFacts;
use crate::ledger::Spent;
use crate::run::inputs::build_inputs;
use crate::session::{NarrowBy, Session};
use crate::survey::Survey;
use crate::sys::error::Error;
use crate::sys::files;

/// What the trial came to.
#[derive(Debug)]
pub struct Tried {
    /// The draft, without what cannot be built.
    pub draft: Draft,
    /// The toolchain that built it; `None` if none of the axis is installed.
    pub toolchain: Option<String>,
    /// The reason why not even the default features build.
    pub default_fails: Option<String>,
    /// What could not be tried, as sentences.
    pub untried: Vec<String>,
}

/// Reads the spec of a draft.
pub type Read<'r> = &'r dyn Fn(&Draft) -> Result<Parsed, Error>;

/// Plans the draft, and builds each feature set with the newest installed toolchain of its axis.
///
/// # Errors
/// The planner refuses the spec; the machine fails; an interrupt.
pub fn trial(
    session: &Session,
    mut draft: Draft,
    members: &[&Member],
    read: Read<'_>,
    tell: &Sender<Event>,
) -> Result<Tried, Error> {
    let parsed = read(&draft)?;
    let survey = session.survey(&parsed)?;
    let mut tried = Tried { toolchain: None, default_fails: None, untried: Vec::new(), draft: draft.clone() };
    let Some((rust, _)) = newest(&survey) else { return Ok(tried) };
    tried.toolchain = Some(rust.clone());
    let trial = Trial { session, read, tell, rust };
    let Some((survey, base)) = trial.prepare(&parsed)? else {
        tried
            .untried
            .push("nothing of the axis `sqlite` that could be linked is here, so no build was tried".to_owned());
        return Ok(tried);
    };
    let sets = std::mem::take(&mut draft.features);
    if sets.is_empty() {
        if let Err(failure) = trial.build(&parsed, &survey, &base, None)? {
            trial.note(&mut tried, "the packages", &failure);
        }
        tried.draft = draft;
        return Ok(tried);
    }
    let mut kept: Vec<(FeatureSet, bool)> = Vec::new();
    let mut default_cause: Option<String> = None;
    let mut same_cause: Vec<FeatureSet> = Vec::new();
    for set in sets {
        let mut narrowing = Narrowing::new(set.clone(), members, default_cause.is_none() && !kept.is_empty());
        let mut judged = true;
        while let Some(next) = narrowing.next().filter(|_| judged) {
            let mut alone = Draft { features: vec![next], ..draft.clone() };
            alone.choose_local();
            match trial.try_set(&alone, &survey)? {
                Ok(()) => narrowing.built(Ok(())),
                Err(failure) if !is_of_the_set(&failure) => {
                    tried.untried.push(format!("the set `{}` was not tried: {}", set.name, failure.cause));
                    judged = false;
                }
                Err(failure) if set.is_base() || default_cause.as_ref() == Some(&failure.cause) => {
                    default_cause = Some(failure.cause);
                    same_cause.push(set.clone());
                    judged = false;
                }
                Err(failure) => narrowing.built(Err(&trial.trouble(&failure))),
            }
        }
        if judged {
            let narrowed = narrowing.finish();
            let same = |one: &FeatureSet, other: &FeatureSet| {
                one.default_features == other.default_features && one.features == other.features
            };
            let new = narrowed.set.filter(|set| !kept.iter().any(|(other, _)| same(set, other)));
            kept.extend(new.map(|set| (set, true)));
            draft.feature_remarks.extend(narrowed.remarks.into_iter().map(|remark| format!("{remark}.")));
        } else {
            kept.push((set, false));
        }
    }
    // Where other sets build, default features may be too few by design; where none does, a red grid is true.
    if let Some(cause) = default_cause {
        let others_build = kept.iter().any(|(_, builds)| *builds);
        let drop = |set: &FeatureSet| others_build && same_cause.contains(set) && (!set.is_base() || set.is_drafted());
        for (set, _) in kept.iter().filter(|(set, _)| drop(set)) {
            draft.feature_remarks.push(format!("the set `{}` cannot be built: {cause}.", set.name));
        }
        kept.retain(|(set, _)| !drop(set));
        if kept.iter().any(|(set, _)| set.is_base()) {
            tried.default_fails = Some(cause);
        }
    }
    draft.features = kept.into_iter().map(|(set, _)| set).collect();
    draft.choose_local();
    tried.draft = draft;
    Ok(tried)
}

struct Trial<'t> {
    session: &'t Session,
    read: Read<'t>,
    tell: &'t Sender<Event>,
    /// The value of the axis `rust`.
    rust: String,
}

impl Trial<'_> {
    /// The facts after provisions, and a plan that has a build: with SQLite compiled in if possible.
    fn prepare(&self, parsed: &Parsed) -> Result<Option<(Survey, Plan)>, Error> {
        for cells in self.choices(parsed)? {
            let profile = Profile::default();
            let choice = Choice { profile: &profile, cells: &[cells], packages: &[] };
            let (survey, plan) = self.session.prepare(parsed, &choice, &NarrowBy::default(), self.tell)?;
            if !plan.builds.is_empty() {
                return Ok(Some((survey, plan)));
            }
        }
        Ok(None)
    }

    /// Conditions for the cells to build, best first.
    fn choices(&self, parsed: &Parsed) -> Result<Vec<Condition>, Error> {
        let space = &parsed.spec.space;
        let rust = format!("rust={}", self.rust);
        let sqlite: Vec<String> = match space.axis_of(&AxisKind::Sqlite) {
            None => vec![rust],
            Some((_, axis)) => {
                let mut values: Vec<_> = axis.values.iter().collect();
                values.sort_by_key(|value| match value.setting {
                    Setting::SqliteBundled => 0,
                    Setting::SqliteHost => 1,
                    _ => 2,
                });
                values.iter().take(2).map(|value| format!("{rust} {}={}", axis.name, value.name)).collect()
            }
        };
        let parse =
            |text: &String| Condition::parse_expr(text, space).map_err(|problems| Error::Spec(Box::new(problems)));
        sqlite.iter().map(parse).collect()
    }

    /// Builds the only set of a draft.
    fn try_set(&self, draft: &Draft, survey: &Survey) -> Result<Result<(), NotBuilt>, Error> {
        let parsed = (self.read)(draft)?;
        for cells in self.choices(&parsed)? {
            let profile = Profile::default();
            let choice = Choice { profile: &profile, cells: &[cells], packages: &[] };
            let plan = plan(&parsed.spec, &choice, &survey.facts.plan_facts());
            if !plan.builds.is_empty() {
                return self.build(&parsed, survey, &plan, draft.features.first());
            }
        }
        Ok(Ok(()))
    }

    /// Makes the first build of a plan.
    fn build(
        &self,
        parsed: &Parsed,
        survey: &Survey,
        plan: &Plan,
        set: Option<&FeatureSet>,
    ) -> Result<Result<(), NotBuilt>, Error> {
        let Some(planned) = plan.builds.first() else { return Ok(Ok(())) };
        let host = &self.session.host;
        // What documentation tests say is the grid's business.
        let targets = match planned.targets {
            Targets::Tests { .. } => Targets::Tests { doctests: false },
            Targets::Packages => Targets::Packages,
            Targets::Benches => Targets::Benches,
        };
        let planned = Build { targets, ..planned.clone() };
        let features = set.map(|set| format!(" features={}", set.name)).unwrap_or_default();
        let named = format!("rust={}{features}", self.rust);
        let _ = self.tell.send(Event::BuildStarted { build: named.clone() });
        let tokens = jobserver::Client::new(host.limits.jobs.max(1)).context("no job tokens")?;
        let token = tokens.acquire().context("no job token")?;
        let inputs = build_inputs(host, &parsed.spec, survey, &planned)?;
        let built = build::build(host, &planned, &inputs, &tokens)?;
        drop(token);
        if host.supervisor.is_interrupted() {
            return Err(Error::Interrupted);
        }
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let spent = Spent { wall_ms: ms(built.wall), cpu_ms: ms(built.cpu), ..Spent::default() };
        self.session.ledger.put_build(&planned.id(), built.result.is_ok(), &spent, host.now)?;
        let _ = self.tell.send(Event::BuildFinished {
            build: named,
            trouble: built.result.as_ref().err().map(|failure| failure.cause.clone()),
            output: String::new(),
            wall_ms: spent.wall_ms,
            cpu_ms: spent.cpu_ms,
        });
        Ok(built.result.map(drop))
    }

    /// Notes that not even this builds.
    fn note(&self, tried: &mut Tried, what: &str, failure: &NotBuilt) {
        if is_of_the_set(failure) {
            tried.default_fails = Some(failure.cause.clone());
        } else {
            tried.untried.push(format!("{what} could not be built here: {}", failure.cause));
        }
    }

    /// What helps to find the feature that is to blame.
    fn trouble(&self, failure: &NotBuilt) -> BuildTrouble {
        BuildTrouble {
            cause: failure.cause.clone(),
            output: failure.output.clone(),
            source: self.source(&failure.cause),
        }
    }

    /// The lines of a source up to the place at the end of a cause: `error: … (src/lib.rs:5:1)`.
    fn source(&self, cause: &str) -> String {
        let places = cause.split(['(', ')', ' ']).filter_map(|word| {
            let mut parts = word.trim_end_matches([',', ':', ';']).split(':');
            Some((parts.next()?, parts.next()?.parse::<usize>().ok()?))
        });
        for (file, line) in places.filter(|(file, _)| file.ends_with(".rs")) {
            if let Ok(text) = files::read_text(&self.session.host.root.join(file)) {
                let lines: Vec<&str> = text.lines().take(line).collect();
                return attribute(&lines);
            }
        }
        String::new()
    }
}

/// The last line and what belongs to it: the attributes above, up to an empty line or the end of another item.
fn attribute(lines: &[&str]) -> String {
    let start = lines.iter().rposition(|line| line.trim().is_empty() || line.trim_end().ends_with(['}', ';']));
    // The error's own line may end an item.
    let start = match start {
        Some(at) if at + 1 == lines.len() => {
            let above = &lines[..at];
            let end = above.iter().rposition(|line| line.trim().is_empty() || line.trim_end().ends_with(['}', ';']));
            end.map_or(0, |end| end + 1)
        }
        Some(at) => at + 1,
        None => 0,
    };
    lines[start.max(lines.len().saturating_sub(12))..].join("\n")
}

/// Whether a failure says something of what was to be built, not of our side or of an hour.
fn is_of_the_set(failure: &NotBuilt) -> bool {
    matches!(failure.outcome, Outcome::BuildFailed | Outcome::Unavailable)
}

/// The newest installed toolchain: a release if there is one.
fn newest(survey: &Survey) -> Option<(String, &ToolchainFacts)> {
    let ready = survey.facts.toolchains.iter().filter_map(|(name, found)| Some((name, found.ready()?)));
    let newest = ready
        .filter(|(_, facts)| facts.misnamed.is_none())
        .max_by(|(_, a), (_, b)| (a.version.pre.is_empty(), &a.version).cmp(&(b.version.pre.is_empty(), &b.version)));
    newest.map(|(name, facts)| (name.to_string(), facts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attribute_of_an_error_is_found() {
        let text = "use x;\n#[cfg(all(feature = \"a\",\n    feature = \"b\"))]\ncompile_error!(\"no\");";
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(attribute(&lines), lines[1..].join("\n"));
        assert_eq!(attribute(&["fn a() {", "    b(1)"]), "fn a() {\n    b(1)");
        assert_eq!(attribute(&["x;"]), "x;");
        assert_eq!(attribute(&[]), "");
    }
}
