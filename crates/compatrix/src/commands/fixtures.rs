//! `fixtures`: list, build, verify.

use compatrix_engine::find::fixture;
use compatrix_engine::find::fixture::Fixture;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::host::Host;
use compatrix_render::fixtures::{json, table, FixtureRow};

use crate::cli::{FixturesCommand, Format, Global};
use crate::terminal::Terminal;
use crate::workspace::{no_work, Opened};

pub(crate) fn run(global: &Global, command: &FixturesCommand, terminal: &Terminal) -> Result<u8, Error> {
    let opened = Opened::new(global, terminal)?;
    let exclusive = !matches!(command, FixturesCommand::List { .. });
    let session = opened.session(no_work(), exclusive, terminal)?;
    let host = &session.host;
    match command {
        FixturesCommand::List { format: Format::Human } => {
            terminal.print(&table(&list(host)?, terminal.look().width));
        }
        FixturesCommand::List { format: Format::Json } => terminal.print(&json(&list(host)?)),
        FixturesCommand::Build { names } => each(host, names, terminal, |fixture| {
            let was_built = fixture.built(host).is_some();
            fixture.build(host)?;
            Ok(if was_built { "already built".to_owned() } else { "built".to_owned() })
        })?,
        FixturesCommand::Verify { names } => each(host, names, terminal, |fixture| fixture.verify(host))?,
    }
    session.ledger.save_memo(&host.memo)?;
    Ok(0)
}

/// Does something with each fixture; a broken one does not hide the others.
fn each(
    host: &Host,
    names: &[String],
    terminal: &Terminal,
    act: impl Fn(&Fixture) -> anyhow::Result<String>,
) -> Result<(), Error> {
    let all = fixture::names(&host.root)?;
    let unknown: Vec<&String> = names.iter().filter(|name| !all.contains(name)).collect();
    if let Some(first) = unknown.first() {
        return Err(Error::usage(format!("no fixture `{first}` in {} (known: {})", fixture::FOLDER, all.join(", "))));
    }
    let mut broken = Vec::new();
    for name in if names.is_empty() { &all } else { names } {
        match Fixture::read(host, name).and_then(|fixture| act(&fixture)) {
            Ok(said) => terminal.print(&format!("{name}: {said}")),
            Err(error) => broken.push(format!("{error:#}")),
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Error::Usage(broken.join("\n")))
    }
}

fn list(host: &Host) -> Result<Vec<FixtureRow>, Error> {
    let row = |name: String| {
        let fixture = Fixture::read(host, &name).map_err(|error| Error::usage(format!("{error:#}")))?;
        Ok(FixtureRow {
            name,
            built: fixture.built(host).is_some(),
            vintage: fixture.manifest.vintage,
            rows: fixture.manifest.rows.values().sum(),
            app: fixture.manifest.app,
            expect: fixture.manifest.expect,
            intent: fixture.manifest.intent,
            recipe_sha256: fixture.recipe.to_string(),
        })
    };
    fixture::names(&host.root)?.into_iter().map(row).collect()
}
