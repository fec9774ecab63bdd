//! `fixtures`: list, build, verify.

use std::fmt::Write;

use compatrix_engine::find::fixture;
use compatrix_engine::find::fixture::Fixture;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Host;
use compatrix_render::look::wrap;
use serde::Serialize;

use crate::cli::{FixturesCommand, Format, Global};
use crate::terminal::Terminal;
use crate::workspace::{no_work, Opened};

/// A fixture as `--format json` shows it.
#[derive(Serialize)]
struct Listed {
    name: String,
    vintage: i64,
    app: String,
    expect: String,
    intent: String,
    rows: i64,
    built: bool,
    recipe_sha256: String,
}

pub(crate) fn run(global: &Global, command: &FixturesCommand, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let exclusive = !matches!(command, FixturesCommand::List { .. });
    let session = opened.session(no_work(), exclusive, terminal)?;
    let host = &session.host;
    let code = match command {
        FixturesCommand::List { format } => {
            let listed = list(host)?;
            match format {
                Format::Human => terminal.print(&table(&listed, terminal.look().width)),
                Format::Json => terminal.print(&serde_json::to_string_pretty(&listed).map_err(anyhow::Error::from)?),
            }
            0
        }
        FixturesCommand::Build { names } => each(host, names, terminal, |fixture| {
            let was_built = fixture.built(host).is_some();
            fixture.build(host)?;
            Ok(if was_built { "is built already".to_owned() } else { "built".to_owned() })
        })?,
        FixturesCommand::Verify { names } => each(host, names, terminal, |fixture| fixture.verify(host))?,
    };
    session.ledger.save_memo(&host.memo)?;
    Ok(code)
}

/// Does something with each fixture; a broken one does not hide the others.
fn each(
    host: &Host,
    names: &[String],
    terminal: &Terminal,
    act: impl Fn(&Fixture) -> anyhow::Result<String>,
) -> Result<u8, Error> {
    let all = fixture::names(&host.root)?;
    let unknown: Vec<&String> = names.iter().filter(|name| !all.contains(name)).collect();
    if let Some(first) = unknown.first() {
        return Err(Error::usage(format!("no fixture `{first}` in {}; there are {}", fixture::FOLDER, all.join(", "))));
    }
    let mut broken = Vec::new();
    for name in if names.is_empty() { &all } else { names } {
        match Fixture::read(host, name).and_then(|fixture| act(&fixture)) {
            Ok(said) => terminal.print(&format!("{name}: {said}")),
            Err(error) => broken.push(format!("{error:#}")),
        }
    }
    if broken.is_empty() {
        Ok(0)
    } else {
        Err(Error::Usage(broken.join("\n")))
    }
}

fn list(host: &Host) -> Result<Vec<Listed>, Error> {
    let mut listed = Vec::new();
    for name in fixture::names(&host.root)? {
        let fixture = Fixture::read(host, &name).map_err(|error| Error::usage(format!("{error:#}")))?;
        listed.push(Listed {
            built: fixture.built(host).is_some(),
            rows: fixture.manifest.rows.values().sum(),
            name,
            vintage: fixture.manifest.vintage,
            app: fixture.manifest.app,
            expect: fixture.manifest.expect,
            intent: fixture.manifest.intent,
            recipe_sha256: fixture.recipe.to_string(),
        });
    }
    Ok(listed)
}

fn table(listed: &[Listed], width: usize) -> String {
    let longest = |of: fn(&Listed) -> usize, least: usize| listed.iter().map(of).max().unwrap_or(0).max(least);
    let name = longest(|l| l.name.len(), 4);
    let app = longest(|l| l.app.len(), 3);
    let expect = longest(|l| l.expect.len(), 6);
    let mut out = String::new();
    let _ = writeln!(out, "{:name$}  vintage  {:app$}  {:expect$}    rows  intent", "name", "app", "expect");
    let before = name + app + expect + 23;
    for l in listed {
        let room = width.saturating_sub(before).max(20);
        let mut lines = wrap(&l.intent, room).into_iter();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(
            out,
            "{:name$}  {:>7}  {:app$}  {:expect$}  {:>6}  {first}",
            l.name, l.vintage, l.app, l.expect, l.rows
        );
        for line in lines {
            let _ = writeln!(out, "{:before$}{line}", "");
        }
    }
    out
}
