//! Roots: a whole userland made by mmdebstrap from an archive that the tests make, and entered by bubblewrap. The network is
//! not used. Its cargo is a script that says what it sees.

#![allow(clippy::disallowed_methods, reason = "tests make files and start tools")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository::{names, on_path, Repository};
use crate::support::{text_of, Workspace};

/// Programs of this system that make a userland in which dpkg works.
const PROGRAMS: [&str; 26] = [
    "sh",
    "dpkg",
    "dpkg-deb",
    "dpkg-split",
    "dpkg-query",
    "tar",
    "rm",
    "cat",
    "env",
    "getconf",
    "true",
    "ls",
    "touch",
    "id",
    "ldconfig",
    "start-stop-daemon",
    "sleep",
    "find",
    "sed",
    "chmod",
    "mkdir",
    "nice",
    "diff",
    "mv",
    "cp",
    "readlink",
];

const RUSTC: &str = "#!/bin/sh
printf 'rustc 1.80.0 (made 2024-01-01)\\nbinary: rustc\\nhost: x86_64-unknown-linux-gnu\\nrelease: 1.80.0\\n'
";

/// Says what a build in the root sees, and then that it does not compile.
const CARGO: &str = "#!/bin/sh
[ \"$1\" = -V ] && echo 'cargo 1.80.0' && exit 0
touch \"WORKSPACE/touched\" 2>/dev/null && echo 'error: the workspace can be written' >&2
touch /usr/touched 2>/dev/null && echo 'error: the root can be written' >&2
touch \"$CARGO_BUILD_BUILD_DIR/touched\" || echo 'error: the target folder cannot be written' >&2
touch /tmp/touched || echo 'error: no folder for temporary files' >&2
[ \"$(ls /proc | sed -n '/^[0-9]/p' | sed -n '9p')\" ] && echo 'error: processes of outside are seen' >&2
[ \"$(sed -n '4p' /proc/net/dev)\" ] && echo 'error: there is a network' >&2
[ -e /etc/passwd-of-the-host ] || [ -d /home/somebody ] && echo 'error: files of outside are seen' >&2
[ \"$CC$SHELL$TMPDIR\" ] && echo 'error: variables of outside are seen' >&2
echo \"error: seen by $RUSTC with $PATH\" >&2
sleep 600 >/dev/null 2>&1 &
exit 101
";

/// The file at the end of all links, and where a package has it: as it is named.
fn files_of(program: &str) -> Vec<(String, PathBuf)> {
    let dirs = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"].map(Path::new);
    let path = dirs.iter().map(|dir| dir.join(program)).find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("{program} is not on this system"));
    let real = path.canonicalize().expect("a file");
    let asked = Command::new("ldd").arg(&real).output().expect("ldd starts");
    let listed = text_of(asked.stdout);
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
    let place = |path: &Path| path.to_string_lossy().trim_start_matches('/').to_owned();
    let of_libraries = libraries.map(|library| (place(&library), library.canonicalize().expect("a file")));
    // Under both names, so that no link is needed.
    [format!("bin/{program}"), format!("usr/bin/{program}")]
        .map(|to| (to, real.clone()))
        .into_iter()
        .chain(of_libraries)
        .collect()
}

/// An archive with a suite `made`: a userland of this system's programs, and a stand-in toolchain.
pub(crate) fn archive(workspace: &Path) -> Option<Repository> {
    if let Some(tool) = ["mmdebstrap", "bwrap", "ldd"].iter().find(|tool| !on_path(tool)) {
        eprintln!("not tested: {tool} is not on PATH, so no root can be made");
        return None;
    }
    let repository = Repository::new()?;
    let mut files: Vec<(String, PathBuf)> = PROGRAMS.iter().flat_map(|program| files_of(program)).collect();
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
    let write = |name: &str, text: &str| {
        let path = repository.path(name);
        fs::write(&path, text).expect("writes");
        let _ = Command::new("chmod").arg("755").arg(&path).status();
        path
    };
    files.push(("usr/lib/os-release".to_owned(), write("os-release", "NAME=\"Made GNU/Linux\"\nVERSION_ID=\"7\"\n")));
    let files: Vec<(&str, &Path)> = files.iter().map(|(to, from)| (to.as_str(), from.as_path())).collect();
    repository.add("made", "Package: base\nVersion: 1\nSection: admin\nEssential: yes\nPriority: required\n", &files);
    for name in ["gcc", "libc6-dev", "pkg-config", "ca-certificates", "libsqlite3-dev"] {
        repository.add("made", &format!("Package: {name}\nVersion: 1\nSection: devel\n"), &[]);
    }
    let cargo = CARGO.replace("WORKSPACE", &workspace.to_string_lossy());
    for (name, text) in [("rustc", RUSTC), ("cargo", &cargo)] {
        let program = write(name, text);
        let control = format!("Package: {name}\nVersion: 1.80.0-1\nSection: rust\n");
        repository.add("made", &control, &[(&format!("usr/bin/{name}"), &program)]);
    }
    repository.publish("made", "archive");
    Some(repository)
}

/// Writes a spec whose only toolchain is in a root of this suite, by this line of apt's sources.
pub(crate) fn write_spec(made: &Workspace, suite: &str, line: &str) {
    let spec = format!(
        "[project]\npackages = [\"made\"]\n[axis]\nrust = [\"made\"]\n[distro.made]\nroot = true\napt = {{ suite = \
         {suite:?}, rust = \"rustc\", cargo = \"cargo\", sources = [{line:?}] }}\n"
    );
    made.write("compat/matrix.toml", spec);
}

#[test]
fn a_root_is_made_and_shut_off() {
    let made = Workspace::bare();
    let Some(repository) = archive(&made.path("")) else { return };
    write_spec(&made, "made", &repository.line("made"));
    // What a killed one left.
    let left = made.cache().join("compatrix/distro/.making-left/root/usr");
    fs::create_dir_all(&left).expect("makes the folder");

    let plan = made.run(&["plan"]);
    plan.expect(0).says(&[]);
    assert!(plan.stdout.contains("a root of made with rustc cargo, by mmdebstrap"), "{plan}");
    let ran = made.run(&["compat", "--format", "json"]);
    let json = ran.expect(1).json();
    let said = format!("{json:#}");
    assert!(
        said.contains("seen by /usr/bin/rustc with /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        "{ran}"
    );
    for wrong in ["can be written", "cannot be written", "no folder for", "are seen", "there is a network"] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
    made.expect_no_processes();
    assert!(!left.exists(), "what was half made is removed");
    let folders = names(&made.cache().join("compatrix/distro"));
    let folder = folders.iter().find(|name| name.starts_with("made-")).expect("the folder");
    let note = made.cache().join("compatrix/distro").join(folder).join("built.json");
    let note = fs::read_to_string(note).expect("reads");
    assert!(note.contains("\"Made 7, glibc 2."), "{note}");
    assert!(note.contains("libsqlite3-dev") && note.contains("\"base\""), "{note}");

    // By a key that did not sign it: nothing is made.
    let stranger = repository.line("made").replace("archive.gpg", "stranger.gpg");
    write_spec(&made, "made", &stranger);
    let json = made.run(&["compat", "--format", "json"]);
    json.expect(0).says(&["not trusted"]);
    // And what is here is used without network.
    drop(repository);
    let folders = names(&made.cache().join("compatrix/distro"));
    assert!(!folders.iter().any(|name| name.starts_with(".making")), "{folders:?}");
}
