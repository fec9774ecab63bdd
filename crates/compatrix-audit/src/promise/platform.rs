//! Translates foreign platform names to the spec's: `aarch64-apple-darwin` is `macos-aarch64`.

pub use compatrix_ci::runners::platform as of_runner;

/// The platform of a target triple: `aarch64-apple-darwin` is `macos-aarch64`. `None` for targets without an operating
/// system, such as `wasm32-unknown-unknown`.
pub fn of_triple(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let arch = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    if rest.len() < 2 || !is_arch(arch) {
        return None;
    }
    let has = |word: &str| rest.contains(&word);
    let os = if has("darwin") {
        "macos"
    } else if has("windows") {
        "windows"
    } else if has("linux") && !rest.iter().any(|part| part.starts_with("android")) {
        "linux"
    } else if has("freebsd") {
        "freebsd"
    } else {
        return None;
    };
    Some(format!("{os}-{}", if arch == "arm64" { "aarch64" } else { arch }))
}

fn is_arch(text: &str) -> bool {
    let starts =
        ["x86_64", "i586", "i686", "aarch64", "arm", "thumb", "riscv", "powerpc", "s390x", "loongarch", "mips"];
    starts.iter().any(|start| text.starts_with(start))
}

/// Names of systems in prose with the spec's name, longer ones first.
pub(super) const SYSTEMS: [(&str, &str); 12] = [
    ("apple silicon", "macos-aarch64"),
    ("mac os x", "macos"),
    ("macos", "macos"),
    ("mac os", "macos"),
    ("os x", "macos"),
    ("windows", "windows"),
    ("freebsd", "freebsd"),
    ("ubuntu", "linux"),
    ("debian", "linux"),
    ("fedora", "linux"),
    ("alpine", "linux"),
    ("linux", "linux"),
];
