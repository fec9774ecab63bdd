//! For which machine the files of a platform are, in the words of what is read from them.

/// What files for this platform are: `PE x86_64` of `windows-x86_64`; `None` where no format is known.
pub(crate) fn of_platform(platform: &str) -> Option<String> {
    let (system, arch) = platform.split_once('-')?;
    let format = match system {
        "windows" => "PE",
        "macos" | "ios" => "Mach-O",
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "illumos" => "ELF",
        _ => return None,
    };
    Some(format!("{format} {arch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_has_a_format() {
        assert_eq!(of_platform("windows-x86_64").as_deref(), Some("PE x86_64"));
        assert_eq!(of_platform("wasip1-wasm32"), None);
    }
}
