//! `init`: a first spec for a workspace that has none.

use compatrix_audit::first_spec::{draft, Draft, Noted};
use compatrix_engine::audit::first_spec::{gather, Gathered};
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::condition::Versions;
use compatrix_model::matrix_spec::Spec;
use compatrix_model::spec_text;
use compatrix_render::first_spec::first_spec;
use compatrix_render::look::count;

use crate::cli::{command_name, Global, InitArgs};
use crate::terminal::Terminal;
use crate::workspace::{self, SPEC};

pub(crate) fn run(global: &Global, args: &InitArgs, terminal: &Terminal) -> Result<u8, Error> {
    let ambient = Ambient::capture();
    let root = workspace::root(global, &ambient)?;
    let path = root.join(SPEC);
    if !args.stdout && files::exists(&path) {
        return Err(Error::usage(format!(
            "{} is there already, and nothing is overwritten; `{} init --stdout` prints what a first one would say",
            path.display(),
            command_name()
        )));
    }
    let gathered = gather(&ambient, &root)?;
    if gathered.found.members.is_empty() {
        return Err(Error::usage(format!(
            "the workspace at {} has no member; there is nothing to test",
            root.display()
        )));
    }
    let draft = draft(&gathered.found);
    let text = first_spec(&draft, workspace::command_of_pages(&root));
    let spec = match spec_text::parse(&text, SPEC, &gathered.found.fixtures) {
        Ok(parsed) => parsed.spec,
        // Never to be seen; but better than a file that the next command refuses.
        Err(problems) => {
            return Err(Error::Infrastructure(anyhow::anyhow!(
                "the spec that was drafted cannot be read, a mistake of compatrix; nothing was written:\n{problems}\n{text}"
            )))
        }
    };
    if args.stdout {
        terminal.print(&text);
        return Ok(0);
    }
    files::write_new(&path, text.as_bytes())?;
    summary(&draft, &spec, &gathered, terminal);
    Ok(0)
}

fn summary(draft: &Draft, spec: &Spec, gathered: &Gathered, terminal: &Terminal) {
    let command = command_name();
    terminal.say("Wrote", &format!("{SPEC}, for {}", names(&draft.packages)));
    let claims = &draft.claims;
    let claim = |what: &str, claim: &Option<Noted>| {
        claim.as_ref().map(|claim| format!("{what} {} and newer ({})", claim.value, place(&claim.why)))
    };
    let claimed: Vec<String> = [claim("Rust", &claims.rust), claim("SQLite", &claims.sqlite)]
        .into_iter()
        .flatten()
        .chain((!claims.platforms.is_empty()).then(|| names(&claims.platforms)))
        .collect();
    terminal.say("Claimed", &if claimed.is_empty() { "nothing that was found".to_owned() } else { claimed.join("; ") });
    let axes: Vec<String> = spec
        .space
        .axes()
        .iter()
        .map(|axis| {
            let values: Vec<&str> = axis.values.iter().map(|value| value.name.as_str()).collect();
            format!("{} {}", axis.name, values.join(", "))
        })
        .collect();
    terminal.say("Tested", &axes.join("; "));
    let cells = spec.space.cells().count();
    let local = spec.profiles.get("local").map_or(cells, |profile| {
        let matchers: Vec<_> =
            profile.when.iter().map(|condition| condition.matcher(&spec.space, &Versions::new())).collect();
        let holds = |coords: &[usize]| matchers.is_empty() || matchers.iter().any(|matcher| matcher.holds(coords));
        spec.space.cells().filter(|cell| holds(&spec.space.coords(*cell))).count()
    });
    let of = if local == cells { String::new() } else { format!(", {local} of them in the profile `local`") };
    terminal.say("Planned", &format!("{}{of}", count(cells, "cell")));
    if let Some(report) = &draft.report {
        terminal.say("Page", &format!("{}, since {}", report.value, report.why));
    }
    let open = draft.remarks.len() + draft.left_out.len();
    if open > 0 {
        terminal.say("Left", &format!("{} not taken over; comments in the spec say why", count(open, "thing")));
    }
    if !gathered.locked {
        terminal.warning(
            "there is no Cargo.lock, so versions are chosen on this machine, in a stage; commit one (`cargo \
             generate-lockfile`) to have the same results everywhere",
        );
    }
    terminal.say("Next", &format!("`{command} compat` runs it; `{command} plan` shows first what that would do"));
}

/// The first names of a list.
fn names(list: &[Noted]) -> String {
    const MOST: usize = 5;
    let mut names: Vec<&str> = list.iter().take(MOST).map(|noted| noted.value.as_str()).collect();
    let more = format!("{} more", list.len().saturating_sub(MOST));
    if list.len() > MOST {
        names.push(&more);
    }
    names.join(", ")
}

/// The place that a reason begins with.
fn place(why: &str) -> &str {
    why.split([';', ' ']).next().unwrap_or(why).trim_end_matches([':', ','])
}
