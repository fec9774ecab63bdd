//! A compiler's mark, which is part of the names of Rust's runtime. An executable that records no release of rustc, such as a
//! Mach-O, is compared by its mark with the compiler that was planned.

use anyhow::Result;
use compatrix_binary::rustc;

use crate::sys::files;
use crate::sys::host::Host;
use crate::sys::process::Command;

/// A library that asks the runtime for memory.
const SOURCE: &str = "pub fn f() -> Box<u8> { Box::new(1) }\n";

/// The mark of this rustc, as it compiles it itself; `None` of an older one that has none.
///
/// # Errors
/// It compiles nothing.
pub(crate) fn of(host: &Host, rustc: &str) -> Result<Option<String>> {
    let stamp = files::stamp(rustc.as_ref())?;
    host.memo.fact(&format!("mark of {rustc}"), &stamp, || {
        let scratch = tempfile::Builder::new().prefix("mark").tempdir_in(&host.dir)?;
        files::write(&scratch.path().join("lib.rs"), SOURCE.as_bytes())?;
        let command = Command::new(rustc, scratch.path())
            .args(["--crate-type=lib", "--emit=obj", "-o", "lib.o", "lib.rs"])
            .envs(&host.ambient.for_builds());
        let finished = host.run(&command)?;
        anyhow::ensure!(finished.status.success(), "{rustc} compiles no library: {}", finished.stderr.text());
        let object = files::read(&scratch.path().join("lib.o"))?;
        Ok(rustc::marks(&object).into_iter().next())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the test's own executable and compiler")]
    #[cfg(unix)] // the rustc beside tests under wine is of Linux
    fn a_compiler_s_mark_is_in_what_it_made() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::for_test(dir.path());
        files::make_dir(&host.dir).unwrap();
        let rustc = Path::new(&std::env::var("CARGO").unwrap_or_default()).with_file_name("rustc");
        if !rustc.is_file() {
            println!("skipped: there is no rustc beside cargo");
            return;
        }
        let own = files::read(&std::env::current_exe().unwrap()).unwrap();
        let mark = of(&host, &rustc.to_string_lossy()).unwrap().expect("a mark");
        assert!(rustc::marks(&own).contains(&mark), "{mark}");
        let error = of(&host, "/bin/false").unwrap_err().to_string();
        assert!(error.starts_with("/bin/false compiles no library"), "{error}");
    }
}
