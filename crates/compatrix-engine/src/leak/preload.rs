//! Libraries of ours that are loaded into test processes: compiled once, and loaded so that the tests and what they start
//! do not see it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::find::c_compiler;
use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::os::env;
use crate::sys::process::Command;

/// A library that is compiled from one file of C.
#[derive(Debug)]
pub(super) struct Preload {
    /// Its file name; the loader finds it by its search path, for LD_PRELOAD knows no folder with a space.
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    /// How its variables begin. It puts the loader's variables back to what `_PRELOAD` and `_PATH` say.
    pub(super) prefix: &'static str,
}

impl Preload {
    /// The folder of the library.
    pub(super) fn folder(&self, host: &Host) -> Result<PathBuf> {
        let hash = files::hash_parts([self.source, &c_compiler::fingerprint(host)]);
        let stem = self.name.trim_start_matches("libcompatrix-").trim_end_matches(".so");
        let dir = host.dir.join("probe").join(format!("{stem}-{hash:.16}"));
        if files::exists(&dir.join(self.name)) {
            return Ok(dir);
        }
        files::make_dir(&dir)?;
        // Built elsewhere and renamed, so that threads never see a partial file.
        let scratch = tempfile::Builder::new().prefix("half").tempdir_in(&dir)?;
        let (source, made) = (scratch.path().join("source.c"), scratch.path().join(self.name));
        files::write(&source, self.source.as_bytes())?;
        let command = c_compiler::cc(host, None, scratch.path())?
            // Every function is a frame in the tools' stacks.
            .args([
                "-O1",
                "-fPIC",
                "-shared",
                "-pthread",
                "-w",
                "-fno-omit-frame-pointer",
                "-fno-optimize-sibling-calls",
            ])
            .args(["-o".to_owned(), made.to_string_lossy().into_owned(), source.to_string_lossy().into_owned()])
            .args(["-ldl"]);
        c_compiler::compile(host, &command, "the library for test processes")?;
        files::rename(&made, &dir.join(self.name))?;
        Ok(dir)
    }

    /// The command with the library from this folder loaded.
    pub(super) fn load(&self, command: Command, folder: &Path) -> Command {
        let theirs = |name: &str| command.env.get(name).filter(|value| !value.is_empty()).cloned();
        let before = |ours: String, theirs: &Option<String>| match theirs {
            Some(theirs) => format!("{ours}{}{theirs}", env::SEPARATOR),
            None => ours,
        };
        let (preload, path) = (theirs("LD_PRELOAD"), theirs(env::LIBRARY_PATH));
        let prefix = self.prefix;
        command
            .env("LD_PRELOAD", before(self.name.to_owned(), &preload))
            .env(format!("{prefix}_PRELOAD"), preload.unwrap_or_default())
            .env(env::LIBRARY_PATH, before(folder.to_string_lossy().into_owned(), &path))
            .env(format!("{prefix}_PATH"), path.unwrap_or_default())
    }
}
