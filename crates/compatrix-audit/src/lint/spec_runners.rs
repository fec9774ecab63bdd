//! Labels of `[ci.runners]` on which jobs would never start, or on another system.

use compatrix_ci::runners::{misfit, Misfit};
use compatrix_model::matrix_spec::Spec;
use shaped_toml::Severity;

use super::finding::{Finding, Lint};

/// Labels of the spec that cannot be runners of their platforms. `file` and `text` are the spec's, `today` is `YYYY-MM-DD`.
pub fn spec_runners(spec: &Spec, file: &str, text: &str, today: &str) -> Vec<Finding> {
    let all = spec.ci.iter().flat_map(|ci| &ci.runners);
    let found = all.filter_map(|(of, label)| Some((of, label, misfit(of, label, today)?)));
    found.map(|(of, label, misfit)| finding(of, label, &misfit, file, text)).collect()
}

fn finding(of: &str, label: &str, misfit: &Misfit, file: &str, text: &str) -> Finding {
    let is_it = |line: &&str| line.contains(&format!("\"{label}\"")) || line.contains(&format!("'{label}'"));
    let place = text.lines().enumerate().filter(|(_, line)| line.contains(of)).find(|(_, line)| is_it(line));
    let mend = match misfit {
        Misfit::Elsewhere(platform) => format!("name a label of {of}, or move `{label}` to `{platform}`"),
        Misfit::Retired(_) => "name a label that GitHub has, or one of your own machines".to_owned(),
    };
    Finding {
        id: Lint::RunnerUnfit,
        severity: Severity::Error,
        file: file.to_owned(),
        line: place.map(|(n, _)| n + 1),
        quote: place.map(|(_, line)| line.trim().to_owned()).unwrap_or_default(),
        what: format!("`[ci.runners]` has `{label}` for {of}, but it {misfit}"),
        mend,
        items: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use compatrix_model::spec_text::parse;

    use super::*;

    #[test]
    fn retired_labels_and_those_of_other_systems_are_found_at_their_lines() {
        let text = "project.packages = ['a']\naxis.rust = ['stable']\n[ci.push]\ncompat = 'local'\n[ci.runners]\n\
                    linux-x86_64 = 'windows-2025'\nlinux-aarch64 = \"ubuntu-24.04-arm\"\nmacos-x86_64 = 'macos-12'\n\
                    windows-x86_64 = 'my-machine'\n";
        let spec = parse(text, "compat/matrix.toml", &[]).unwrap_or_else(|e| panic!("{}", e.render(false, 80))).spec;
        let found = spec_runners(&spec, "compat/matrix.toml", text, "2026-11-29");
        let found: Vec<(Option<usize>, &str)> = found.iter().map(|of| (of.line, of.what.as_str())).collect();
        assert_eq!(
            found,
            [
                (Some(6), "`[ci.runners]` has `windows-2025` for linux-x86_64, but it is a runner of windows-x86_64"),
                (
                    Some(8),
                    "`[ci.runners]` has `macos-12` for macos-x86_64, but it was retired by GitHub in December 2024, so a job \
                     on it never starts"
                ),
            ]
        );
    }
}
