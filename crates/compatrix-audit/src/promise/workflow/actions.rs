//! What `uses:` of a step does: installs a toolchain, runs cargo, or runs a script in a machine of its own.

use super::super::names::{self, Toolchain};
use super::super::yaml::Node;
use super::session::{Script, Session};

/// Inputs that hold a toolchain, of any action.
const INPUTS: [&str; 9] = [
    "toolchain",
    "rust-version",
    "rust_version",
    "rust",
    "rust-toolchain",
    "rust_toolchain",
    "toolchain-version",
    "default-toolchain",
    "msrv",
];

/// Inputs that hold a toolchain if the action is about Rust.
const OF_RUST: [&str; 2] = ["channel", "version"];

impl Session<'_> {
    /// A step that uses an action which is not in the repository.
    pub(in crate::promise) fn action(&mut self, uses: &Node, with: Option<&Node>) {
        let text = self.context.expand(uses.text());
        if let Some(found) = names::image(&text).filter(|_| text.starts_with("docker://")) {
            if let Toolchain::Name(name, _) = found {
                let source = self.context.source(uses.line, "uses", uses.text(), &name);
                self.default = self.toolchains(&name, source, true).pop();
            }
            return;
        }
        let (name, reference) = text.split_once('@').unwrap_or((&text, ""));
        let lower = name.to_ascii_lowercase();
        let about_rust = lower.contains("rust") || lower.contains("toolchain");
        let installs = about_rust
            && !["audit", "semver", "cache", "binary", "cross", "clippy", "fmt"]
                .iter()
                .any(|word| lower.contains(word));
        let mut named = false;
        for (key, node) in with.into_iter().flat_map(Node::entries) {
            let input = key.to_ascii_lowercase();
            let known = INPUTS.contains(&input.as_str()) || (installs && OF_RUST.contains(&input.as_str()));
            if !known || node.text().is_empty() {
                continue;
            }
            named = true;
            let value = self.context.text(node).unwrap_or_else(|_| node.text().to_owned());
            let place = format!("with.{key}");
            let source = self.context.leaf(key, &place, node, &value).source;
            let found = self.toolchains(&value, source.clone(), about_rust).pop();
            if let (Some((toolchain, _)), true) = (&found, names::is_lowest(key)) {
                self.places.lowest(&source, toolchain);
            }
            if installs {
                self.default = found;
            }
        }
        if installs && !named {
            self.reference(uses, name, reference);
        }
        self.runs(uses, &lower, with);
    }

    /// `dtolnay/rust-toolchain@1.65`: the reference is the toolchain. Others are versions of the action.
    fn reference(&mut self, uses: &Node, name: &str, reference: &str) {
        let is_commit = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
        if names::one(reference) != Toolchain::Other || reference.contains("${{") {
            let source = self.context.source(uses.line, "uses", uses.text(), reference);
            self.default = self.toolchains(reference, source, true).pop();
        } else if let (true, Some(tool)) = (name == "dtolnay/rust-toolchain", tool_of(reference)) {
            self.default = None;
            self.places.not_taken(self.context.file, uses.line, format!("it only runs {tool}"));
        } else if is_commit && name == "dtolnay/rust-toolchain" {
            self.default = None;
            let because = "the action is pinned to a commit, which does not say the toolchain";
            self.places.not_taken(self.context.file, uses.line, because);
        }
    }

    /// Actions that run cargo or a script.
    fn runs(&mut self, uses: &Node, name: &str, with: Option<&Node>) {
        let input = |key: &str| with.and_then(|with| with.get(key));
        let text = |session: &Self, key: &str| {
            input(key).map(|node| session.context.expand(node.text())).filter(|text| !text.is_empty())
        };
        let target = text(self, "target").map(|target| format!(" --target {target}")).unwrap_or_default();
        let args = text(self, "args").unwrap_or_default();
        let command = text(self, "command");
        let script = if name.ends_with("/cargo") || name.ends_with("rs-cargo") {
            command.map(|command| format!("cargo {command} {args}"))
        } else if name.ends_with("/actions-rust-cross") {
            let command = command.unwrap_or_else(|| "build".to_owned());
            let command = if command == "both" { "test".to_owned() } else { command };
            Some(format!("cross {command}{target} {args}"))
        } else if name.ends_with("upload-rust-binary-action") || name.ends_with("/maturin-action") {
            Some(format!("cargo build{target}"))
        } else if name.contains("clippy") {
            Some(format!("cargo clippy {args}"))
        } else if name.ends_with("/rustfmt-check") || name.ends_with("/rustfmt") {
            Some("cargo fmt".to_owned())
        } else if name.ends_with("/tarpaulin") {
            Some("cargo tarpaulin".to_owned())
        } else {
            None
        };
        let raw: String =
            with.into_iter().flat_map(Node::entries).map(|(_, node)| format!("{}\n", node.text())).collect();
        if let Some(script) = script {
            let line = input("command").or_else(|| input("args")).map_or(uses.line, |node| node.line);
            let before = self.default.clone();
            // Such an action takes its toolchain from the input, without making it the default.
            if let Some(value) = text(self, "toolchain") {
                self.default = match names::one(&value) {
                    Toolchain::Name(name, host) => Some((name, host)),
                    _ => before.clone(),
                };
            }
            self.script(&Script { text: &script.replace('\n', " "), raw: &raw, line });
            self.default = before;
        } else if let Some(machine) =
            machine(name, text(self, "operating_system"), text(self, "arch").or_else(|| text(self, "architecture")))
        {
            let Some(node) = input("run") else { return };
            let script = self.context.expand(node.text());
            let line = node.lines().next().map_or(node.line, |(line, _)| line);
            let before = (self.machine.replace(machine), self.default.take());
            self.script(&Script { text: &script, raw: node.text(), line });
            (self.machine, self.default) = before;
        }
    }
}

/// References of dtolnay/rust-toolchain that install a tool with a nightly that has it.
fn tool_of(reference: &str) -> Option<&'static str> {
    match reference {
        "miri" => Some("Miri"),
        "clippy" => Some("Clippy"),
        _ => None,
    }
}

/// The platform of a virtual machine that an action starts.
fn machine(name: &str, system: Option<String>, arch: Option<String>) -> Option<String> {
    let arch = match arch.as_deref().unwrap_or("x86_64") {
        "x86-64" | "x86_64" | "amd64" => "x86_64".to_owned(),
        "arm64" | "aarch64" => "aarch64".to_owned(),
        arch => arch.replace('-', "_"),
    };
    if let Some(system) = name.strip_prefix("vmactions/").and_then(|name| name.strip_suffix("-vm")) {
        return Some(format!("{system}-{arch}"));
    }
    match name {
        "cross-platform-actions/action" => system.map(|system| format!("{}-{arch}", system.to_ascii_lowercase())),
        "uraimo/run-on-arch-action" => Some(format!("linux-{arch}")),
        _ => None,
    }
}
