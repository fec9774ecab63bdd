//! Translates foreign platform names to the spec's: `windows-latest` is `windows-x86_64`.

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

/// The platform of a GitHub-hosted runner's label. Source: docs.github.com, "GitHub-hosted runners".
pub fn of_runner(label: &str) -> Option<String> {
    let label = label.to_ascii_lowercase();
    let (system, rest) = label.split_once('-')?;
    let version = rest.split('-').next().unwrap_or_default();
    let is_version =
        version == "latest" || (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    if !is_version {
        return None;
    }
    let arm = rest.split('-').any(|part| part == "arm" || part == "arm64");
    let arch = match system {
        "ubuntu" | "windows" => {
            if arm {
                "aarch64"
            } else {
                "x86_64"
            }
        }
        // Apple silicon from macos-14 on; `large` and `intel` labels mean Intel machines.
        "macos" => {
            let intel = rest.ends_with("-large") || rest.ends_with("-intel");
            let old = version.split('.').next().and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n < 14);
            if intel || (old && !rest.ends_with("-xlarge")) {
                "x86_64"
            } else {
                "aarch64"
            }
        }
        _ => return None,
    };
    Some(format!("{}-{arch}", if system == "ubuntu" { "linux" } else { system }))
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
