//! `doctor`: what the host has and lacks, and promises of the workspace that cannot hold.

use std::path::Path;

use compatrix_audit::doctor::{checks, Counts, Report, SpecState, FORMAT};
use compatrix_audit::lint::{lint, Finding, Lint};
use compatrix_engine::audit::doctor;
use compatrix_engine::audit::doctor::Gathered;
use compatrix_engine::find::workspace as engine_workspace;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_engine::sys::host::Host;
use compatrix_model::condition::Versions;
use compatrix_model::facts::HostFacts;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::spec_text::Parsed;
use compatrix_render::doctor as render;
use shaped_toml::{Diagnostics, Severity};

use crate::cli::{command_name, DoctorArgs, Format, Global};
use crate::terminal::Terminal;
use crate::workspace::{self, SPEC};

pub(crate) fn run(global: &Global, args: &DoctorArgs, terminal: &Terminal) -> Result<u8, Error> {
    let ambient = Ambient::capture().without_installs();
    let start = workspace::start(global)?;
    // cargo finds no root where a member is broken, and where there is no cargo.
    let root = engine_workspace::find_root(&ambient, &start).ok().or_else(|| doctor::nearest_root(&start));
    let (spec, mut findings) = match &root {
        Some(root) => spec(root, terminal)?,
        None => (Read::Absent, Vec::new()),
    };
    let examined = doctor::examine(root.as_ref().unwrap_or(&start), ambient)?;
    let host = &examined.host;
    let parsed = spec.parsed();
    let (tools, gathered) = std::thread::scope(|scope| {
        let gathered = scope.spawn(|| root.as_ref().map(|_| doctor::gather(host, command_name())).unwrap_or_default());
        let tools = doctor::tools(host, parsed, root.is_some(), command_name());
        (tools, gathered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    if host.supervisor.is_interrupted() {
        return Err(Error::Interrupted);
    }
    let Gathered { facts, findings: unreadable, unchecked } = gathered;
    findings.extend(unreadable);
    let versions = versions(&tools.toolchains);
    findings.extend(lint(&facts, parsed, &versions));
    let mut report = Report {
        format: FORMAT,
        platform: Host::platform(),
        root: root.as_ref().map(|root| root.to_string_lossy().into_owned()),
        spec: spec.state(),
        checks: checks(&tools, parsed),
        findings,
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

/// What became of the spec.
enum Read {
    Valid(Box<Parsed>),
    Broken,
    Absent,
}

impl Read {
    fn parsed(&self) -> Option<&Spec> {
        if let Read::Valid(parsed) = self {
            Some(&parsed.spec)
        } else {
            None
        }
    }

    fn state(&self) -> SpecState {
        match self {
            Read::Valid(_) => SpecState::Valid,
            Read::Broken => SpecState::Broken,
            Read::Absent => SpecState::Absent,
        }
    }
}

/// Reads the spec; one that is broken is told with all its errors, and is a finding.
fn spec(root: &Path, terminal: &Terminal) -> Result<(Read, Vec<Finding>), Error> {
    if !files::exists(&root.join(SPEC)) {
        return Ok((Read::Absent, Vec::new()));
    }
    let broken = |what: String, line: Option<usize>| {
        let finding = Finding {
            id: Lint::SpecInvalid,
            severity: Severity::Error,
            file: SPEC.to_owned(),
            line,
            quote: String::new(),
            what,
            mend: format!("mend the spec; `{} plan` shows its errors too", command_name()),
            items: Vec::new(),
        };
        Ok((Read::Broken, vec![finding]))
    };
    match workspace::read_spec(root) {
        Ok(parsed) => Ok((Read::Valid(Box::new(parsed)), Vec::new())),
        Err(Error::Spec(problems)) => {
            let look = terminal.look_of_messages();
            terminal.message(&problems.render(look.color, look.width));
            let Diagnostics { list, .. } = &*problems;
            let first = list.iter().find(|problem| problem.severity == Severity::Error);
            let what = first.map(|first| format!("{}; first: {}", problems.summary(), first.message));
            broken(what.unwrap_or_else(|| problems.summary()), first.map(|first| first.line))
        }
        Err(Error::Interrupted) => Err(Error::Interrupted),
        Err(other) => broken(other.to_string(), None),
    }
}

/// The versions that values of the `rust` axis stand for here.
fn versions(toolchains: &std::collections::BTreeMap<compatrix_model::axis::ValueName, Toolchain>) -> Versions {
    HostFacts { toolchains: toolchains.clone(), ..HostFacts::default() }.versions()
}

type Toolchain = compatrix_model::facts::Availability<compatrix_model::facts::ToolchainFacts>;
