//! `doctor`: what the host has and lacks, and promises of the workspace that cannot hold.

use std::path::Path;

use compatrix_audit::doctor::{checks, Counts, Report, SpecState, FORMAT};
use compatrix_audit::lint::{broken_spec, lint, spec_runners, Finding};
use compatrix_engine::audit::doctor;
use compatrix_engine::audit::doctor::DoctorFacts;
use compatrix_engine::find::workspace as engine_workspace;
use compatrix_engine::sys::clock;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_model::matrix_spec::Spec;
use compatrix_render::doctor as render;

use crate::cli::{command_name, DoctorArgs, Format, Global};
use crate::terminal::Terminal;
use crate::workspace::{self, SPEC};

pub(crate) fn run(global: &Global, args: &DoctorArgs, terminal: &Terminal) -> Result<u8, Error> {
    let ambient = Ambient::capture().without_installs();
    let start = workspace::start(global)?;
    // cargo finds no root where a member is broken, and where there is no cargo.
    let root = engine_workspace::find_root(&ambient, &start).ok().or_else(|| doctor::nearest_root(&start));
    let (state, spec, broken) = match &root {
        Some(root) => read_spec(root, terminal)?,
        None => (SpecState::Absent, None, None),
    };
    let examined = doctor::examine(root.as_ref().unwrap_or(&start), ambient)?;
    let host = &examined.host;
    let spec = spec.as_ref();
    let (tools, gathered) = std::thread::scope(|scope| {
        let gathered =
            scope.spawn(|| root.as_ref().map(|_| doctor::gather(host, command_name(), spec)).unwrap_or_default());
        let tools = doctor::tools(host, spec, root.is_some(), command_name());
        (tools, gathered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    if host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let DoctorFacts { facts, findings: unreadable, unchecked } = gathered;
    let text = root.as_ref().and_then(|root| files::read_text(&root.join(SPEC)).ok()).unwrap_or_default();
    let unfit = spec.map(|spec| spec_runners(spec, SPEC, &text, &clock::day(clock::now()))).unwrap_or_default();
    // Outside of a workspace nothing says that SQLite is of no interest.
    let uses_sqlite = root.is_none() || facts.graph.uses_sqlite();
    let findings = broken.into_iter().chain(unreadable).chain(unfit).chain(lint(&facts, spec, &tools.versions()));
    let mut report = Report {
        format: FORMAT,
        platform: Host::platform(),
        root: root.as_ref().map(|root| root.to_string_lossy().into_owned()),
        spec: state,
        checks: checks(&tools, spec, uses_sqlite),
        findings: findings.collect(),
        unchecked,
        counts: Counts::default(),
    };
    report.count();
    match args.format {
        Format::Human => terminal.print(&render::doctor(&report, terminal.quiet, &terminal.look())),
        Format::Json => terminal.print(&render::json(&report)),
    }
    Ok(u8::from(report.counts.errors > 0))
}

/// Reads the spec. One that is broken is a finding; its errors are printed.
fn read_spec(root: &Path, terminal: &Terminal) -> Result<(SpecState, Option<Spec>, Option<Finding>), Error> {
    if !files::exists(&root.join(SPEC)) {
        return Ok((SpecState::Absent, None, None));
    }
    let finding = match workspace::read_spec(root) {
        Ok(parsed) => return Ok((SpecState::Valid, Some(parsed.spec), None)),
        Err(Error::Spec(problems)) => {
            let look = terminal.look_of_messages();
            terminal.message(&problems.render(look.color, look.width));
            broken_spec::with_errors(SPEC, &problems, command_name())
        }
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        Err(other) => broken_spec::unreadable(SPEC, other.to_string(), command_name()),
    };
    Ok((SpecState::Broken, None, Some(finding)))
}
