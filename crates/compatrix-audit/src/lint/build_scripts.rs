//! Lints build scripts that print `cargo::KEY=VALUE`. cargo before 1.77 ignores such lines without a word, so that other
//! code is compiled and other tests run there.

use compatrix_model::axis::AxisKind;
use compatrix_model::condition::{value_version, Versions};
use compatrix_model::results::neighbours::READS_TWO_COLONS;
use semver::Version;
use shaped_toml::Severity;

use super::context::{short, Context};
use super::finding::{Finding, Lint};

pub(super) fn lint(context: &Context<'_>, versions: &Versions, found: &mut Vec<Finding>) {
    let Some((rust, who)) = oldest(context, versions) else { return };
    for script in &context.facts.build_scripts {
        let Some((line, quote)) = two_colons(&script.text) else { continue };
        found.push(Finding {
            id: Lint::BuildScriptTooNew,
            severity: Severity::Warning,
            file: script.file.clone(),
            line: Some(line),
            quote: quote.to_owned(),
            what: format!(
                "`cargo::` in the output of a build script needs cargo 1.77; {who}, whose cargo ignores such lines"
            ),
            mend: format!("print `cargo:KEY=VALUE`, which every cargo reads, or leave Rust {rust} out"),
            items: Vec::new(),
        });
    }
}

/// The oldest Rust that is promised or tested, if its cargo is too old, and the clause about it.
fn oldest(context: &Context<'_>, versions: &Versions) -> Option<(String, String)> {
    let promised = context.lowest().map(|promised| {
        let who = format!("`{}` promises Rust {} ({})", promised.package, promised.rust, promised.by);
        (promised.version.clone(), promised.rust.clone(), who)
    });
    let axis = context.spec.and_then(|spec| spec.space.axis_of(&AxisKind::Rust)).map(|(_, axis)| axis);
    let tested = axis.into_iter().flat_map(|axis| {
        axis.values.iter().filter_map(|value| {
            let version = value_version(&axis.name, &value.name, versions)?;
            let version = Version::new(version.major, version.minor, version.patch);
            let rust = short(&version);
            Some((version, rust, format!("the spec tests `rust={}`", value.name)))
        })
    });
    let (version, rust, who) = promised.into_iter().chain(tested).min_by(|a, b| a.0.cmp(&b.0))?;
    (version < READS_TWO_COLONS).then_some((rust, who))
}

/// The first line of a script that prints the new form: a text that begins with `cargo::`, outside of comments.
fn two_colons(text: &str) -> Option<(usize, &str)> {
    let mut comment = false;
    text.lines().map(str::trim).enumerate().find_map(|(n, line)| {
        let was = comment;
        comment = (comment || line.starts_with("/*")) && !line.contains("*/");
        if was || comment || line.starts_with("//") {
            return None;
        }
        let code = line.split(" // ").next().unwrap_or_default();
        // `"cargo::a"`, `r#"cargo::a"#`, `b"cargo::a"`, `"\\ncargo::a"`, and lines of a longer text.
        let prints =
            ["\"cargo::", "\\ncargo::"].iter().any(|start| code.contains(start)) || code.starts_with("cargo::");
        prints.then_some((n + 1, line))
    })
}
