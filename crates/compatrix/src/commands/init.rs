//! `init`: a first spec for a workspace that has none.

use compatrix_audit::first_spec::draft;
use compatrix_engine::audit::first_spec::gather;
use compatrix_engine::sys::environment::Ambient;
use compatrix_engine::sys::error::Error;
use compatrix_engine::sys::files;
use compatrix_model::spec_text;
use compatrix_render::first_spec::first_spec;
use compatrix_render::first_spec::summary::summary;

use crate::cli::{command_name, Global, InitArgs};
use crate::terminal::Terminal;
use crate::workspace::{self, SPEC};

pub(crate) fn run(global: &Global, args: &InitArgs, terminal: &Terminal) -> Result<u8, Error> {
    let ambient = Ambient::capture();
    let root = workspace::root(global, &ambient)?;
    let path = root.join(SPEC);
    if !args.stdout && files::exists(&path) {
        return Err(Error::usage(format!(
            "{} already exists, and nothing is overwritten; `{} init --stdout` prints what `init` would write",
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
        // A bug, but better reported here than by the next command, which would refuse the file.
        Err(problems) => {
            return Err(Error::Infrastructure(anyhow::anyhow!(
                "the drafted spec cannot be read, which is a bug in compatrix; nothing was written:\n{problems}\n{text}"
            )))
        }
    };
    if args.stdout {
        terminal.print(&text);
        return Ok(0);
    }
    files::write_new(&path, text.as_bytes())?;
    if !gathered.locked {
        terminal.warning(
            "there is no Cargo.lock, so versions are chosen on this machine, in a stage; commit one (`cargo \
             generate-lockfile`) to have the same results everywhere",
        );
    }
    summary(&draft, &spec, SPEC, command_name()).iter().for_each(|(word, text)| terminal.say(word, text));
    Ok(0)
}
