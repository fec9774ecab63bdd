//! Rules of the packages that are published: what the registry and a stranger's installation need.

use std::path::Path;

use serde_json::Value;

use crate::manifests::metadata;
use crate::{root, text, Violations};

/// What a published package contains besides its manifest.
const CONTAINED: [&str; 4] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "src"];

/// The packages of this workspace that may be published: name, folder relative to the root, metadata.
fn published() -> Vec<(String, String, Value)> {
    let metadata = metadata();
    let members = metadata["packages"].as_array().cloned().unwrap_or_default();
    let members = members.into_iter().filter(|package| package["source"].is_null());
    let published = members.filter(|package| package["publish"].as_array().is_none_or(|list| !list.is_empty()));
    let described = published.map(|package| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let folder = Path::new(manifest).parent().and_then(|dir| dir.file_name()).unwrap_or_default();
        let folder = format!("crates/{}", folder.to_string_lossy());
        (package["name"].as_str().unwrap_or_default().to_owned(), folder, package)
    });
    described.collect()
}

#[test]
fn published_packages_are_complete() {
    let published = published();
    assert!(
        published.len() > 5
            && published.iter().all(|(name, ..)| !["xtask", "things-bench", "things-store"].contains(&&**name))
    );
    let own = text("Cargo.toml").unwrap_or_default();
    let version = own.lines().find_map(|line| line.strip_prefix("version = \"")).unwrap_or_default().trim_matches('"');
    let mut violations = Violations::default();
    for (name, folder, package) in &published {
        let manifest = format!("{folder}/Cargo.toml");
        for key in ["description", "license", "repository", "readme", "rust_version"] {
            if package[key].as_str().unwrap_or_default().is_empty() {
                violations.add(&manifest, 1, format!("no `{key}`"));
            }
        }
        for key in ["keywords", "categories"] {
            let list = package[key].as_array().cloned().unwrap_or_default();
            if !(1..=5).contains(&list.len()) {
                violations.add(&manifest, 1, format!("{} `{key}`; the registry takes one to five", list.len()));
            }
            for word in list.iter().filter_map(Value::as_str).filter(|word| key == "keywords" && word.len() > 20) {
                violations.add(&manifest, 1, format!("the keyword `{word}` is longer than 20 letters"));
            }
        }
        if !text(&manifest).unwrap_or_default().contains("\ninclude.workspace = true\n") {
            violations.add(&manifest, 1, "tests and fixtures would be packaged; say `include.workspace = true`");
        }
        for file in CONTAINED.iter().filter(|file| !root().join(folder).join(file).exists()) {
            violations.add(&manifest, 1, format!("the package has no {file}"));
        }
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"].iter().filter(|file| root().join(folder).join(file).exists()) {
            if text(&format!("{folder}/{licence}")) != text(licence) {
                violations.add(
                    &format!("{folder}/{licence}"),
                    1,
                    "differs from that of the repository; make it a link",
                );
            }
        }
        let exact = format!("{name} = {{ path = \"{folder}\", version = \"={version}\" }}");
        if !own.lines().any(|line| line == exact) {
            violations.add("Cargo.toml", 1, format!("not published as it is used here: write `{exact}`"));
        }
    }
    violations.none();
}

#[test]
fn releasing_lists_the_packages_in_their_order() {
    let page = text("docs/RELEASING.md").unwrap_or_default();
    let listed: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| ")?.split('`').nth(1)).collect();
    let place = |name: &str| listed.iter().position(|other| *other == name);
    let mut violations = Violations::default();
    for (name, _, package) in published() {
        let Some(own) = place(&name) else {
            violations.add("docs/RELEASING.md", 1, format!("`{name}` is not in the table of packages"));
            continue;
        };
        let dependencies = package["dependencies"].as_array().cloned().unwrap_or_default();
        for dependency in dependencies.iter().filter(|one| !one["path"].is_null()) {
            let on = dependency["name"].as_str().unwrap_or_default();
            if place(on).is_none_or(|at| at >= own) {
                violations.add(
                    "docs/RELEASING.md",
                    1,
                    format!("`{name}` depends on `{on}`, which must come before it"),
                );
            }
        }
    }
    violations.none();
}
