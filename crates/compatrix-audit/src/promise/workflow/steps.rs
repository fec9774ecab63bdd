//! The container and the steps of a job; composite actions of the repository are followed.

use super::super::names::{self, Toolchain};
use super::super::yaml::Node;
use super::context::{self, Context};
use super::inputs::Inputs;
use super::places::{Done, Idle};
use super::session::{Script, Session};

/// How deep workflows and actions may call each other, as on GitHub.
pub(in crate::promise) const DEEPEST: usize = 4;

pub(in crate::promise) fn container(session: &mut Session<'_>, node: Option<&Node>) {
    let Some(node) = node.and_then(|node| node.get("image").or(Some(node))) else { return };
    let value = session.context.expand(node.text());
    let place = |session: &Session<'_>, name: &str| session.context.source(node.line, "container", node.text(), name);
    match names::image(&value) {
        Some(Toolchain::Name(name, _)) => {
            let source = place(session, &name);
            session.default = session.toolchains(&name, source, true).pop();
        }
        Some(_) => {
            let because = if value.contains("${{") {
                context::unknown(&value)
            } else {
                "its tag names no release of Rust".to_owned()
            };
            session.places.not_taken(session.context.file, node.line, because);
        }
        None => {}
    }
}

pub(in crate::promise) fn run_step(
    session: &mut Session<'_>,
    step: &Node,
    documents: &[(String, Node)],
    folder: &Option<String>,
    depth: usize,
    left: &mut usize,
) {
    if *left == 0 || !session.context.may_run(step.get("if")) {
        return;
    }
    *left -= 1;
    let may_fail = session.context.is_true(step.get("continue-on-error")).then_some(Idle::MayFail);
    let before = may_fail.map(|_| session.places.set_idle(may_fail));
    one_step(session, step, documents, folder, depth, left);
    if let Some(before) = before {
        session.places.set_idle(before);
    }
}

fn one_step(
    session: &mut Session<'_>,
    step: &Node,
    documents: &[(String, Node)],
    folder: &Option<String>,
    depth: usize,
    left: &mut usize,
) {
    let (env, leaves) = (session.context.env.clone(), session.context.leaves.len());
    session.context.add_env(step.get("env"));
    session.folder =
        step.get("working-directory").map(|node| session.context.expand(node.text())).or_else(|| folder.clone());
    if let Some(uses) = step.get("uses") {
        let local = uses.text().strip_prefix("./").map(|path| path.trim_end_matches('/'));
        let of = |path: &str| {
            documents.iter().find(|(of, _)| {
                of.strip_prefix(path).is_some_and(|rest| matches!(rest, "/action.yml" | "/action.yaml"))
            })
        };
        match (local, local.and_then(of)) {
            (Some(_), Some((_, action))) if depth < DEEPEST => {
                composite(session, action, step.get("with"), documents, folder, depth, left)
            }
            (Some(path), _) => {
                session.unknown = true;
                session.done = session.done.max(Done::Built);
                session.action(uses, step.get("with"));
                session.other(uses.line, &["./".to_owned() + path]);
            }
            (None, _) => session.action(uses, step.get("with")),
        }
    }
    if let Some(run) = step.get("run") {
        let text = session.context.expand(run.text());
        let line = run.lines().next().map_or(run.line, |(line, _)| line);
        let shell = step.get("shell").map(Node::text).unwrap_or("bash");
        if ["bash", "sh", "pwsh", "powershell", "cmd"].iter().any(|known| shell.starts_with(known)) {
            session.script(&Script { text: &text, raw: run.text(), line });
        } else {
            session.unknown = true;
        }
        if text.contains("GITHUB_ENV") {
            // What the script set stays; what the step set does not.
            let set = session.context.env.iter().filter(|(name, _)| !env.contains_key(*name));
            let own =
                step.get("env").map(|env| env.entries().map(|(name, _)| name).collect::<Vec<_>>()).unwrap_or_default();
            let set: Vec<_> =
                set.filter(|(name, _)| !own.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect();
            session.context.env = env;
            session.context.env.extend(set);
            session.context.leaves.truncate(leaves);
            return;
        }
    }
    session.context.env = env;
    session.context.leaves.truncate(leaves);
}

/// An action of the repository whose steps are in its file.
fn composite(
    session: &mut Session<'_>,
    action: &Node,
    with: Option<&Node>,
    documents: &[(String, Node)],
    folder: &Option<String>,
    depth: usize,
    left: &mut usize,
) {
    let file = documents.iter().position(|(_, node)| std::ptr::eq(node, action)).unwrap_or_default();
    let mut inputs = Inputs::default();
    inputs.add_defaults(file, action.get("inputs"));
    for (name, node) in with.into_iter().flat_map(Node::entries) {
        inputs.add(name, node, &session.context);
    }
    let inner = Context {
        file,
        inputs: inputs.values,
        leaves: session
            .context
            .leaves
            .iter()
            .filter(|leaf| leaf.source.key.starts_with("env."))
            .cloned()
            .chain(inputs.leaves)
            .collect(),
        env: session.context.env.clone(),
        runner: session.context.runner.clone(),
        matrix: session.context.matrix.clone(),
    };
    let outer = (
        std::mem::replace(&mut session.context, inner),
        std::mem::replace(&mut session.path, documents[file].0.clone()),
    );
    for step in action.get("runs").and_then(|runs| runs.get("steps")).map(Node::items).unwrap_or_default() {
        run_step(session, step, documents, folder, depth + 1, left);
    }
    (session.context, session.path) = outer;
}
