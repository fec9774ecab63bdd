//! The context `inputs` of workflows and actions that are called, or started by hand.

use serde_json::{Map, Value};

use super::super::yaml::Node;
use super::context::{Context, Leaf};

/// The context `inputs`, with the places of its values.
#[derive(Default)]
pub(in crate::promise) struct Inputs {
    pub(in crate::promise) values: Map<String, Value>,
    pub(in crate::promise) leaves: Vec<Leaf>,
}

impl Inputs {
    /// The defaults of a workflow that is called, or started by hand.
    pub(in crate::promise) fn defaults(file: usize, document: &Node) -> Self {
        let triggers = triggers(document);
        let by_hand = |trigger: &&str| matches!(*trigger, "workflow_call" | "workflow_dispatch");
        let on = document.get("on").or_else(|| document.get("true"));
        let mut inputs = Inputs::default();
        // On other events, the inputs are empty.
        if !triggers.is_empty() && triggers.iter().all(by_hand) {
            for trigger in ["workflow_call", "workflow_dispatch"] {
                inputs.add_defaults(file, on.and_then(|on| on.get(trigger)).and_then(|of| of.get("inputs")));
            }
        }
        inputs
    }

    pub(in crate::promise) fn add_defaults(&mut self, file: usize, declared: Option<&Node>) {
        let context = Context { file, ..Context::default() };
        for (name, input) in declared.into_iter().flat_map(Node::entries) {
            if let Some(node) = input.get("default") {
                self.add(name, node, &context);
            }
        }
    }

    /// An input that a caller gives, or its default.
    pub(in crate::promise) fn add(&mut self, name: &str, node: &Node, context: &Context) {
        self.leaves.retain(|leaf| leaf.name != name);
        self.values.remove(name);
        if let Ok(value) = context.value(node) {
            let text = context.text(node).unwrap_or_default();
            self.leaves.push(context.leaf(name, &format!("inputs.{name}"), node, &text));
            self.values.insert(name.to_owned(), value);
        }
    }
}

/// The events that start a workflow.
pub(in crate::promise) fn triggers(document: &Node) -> Vec<&str> {
    let Some(on) = document.get("on").or_else(|| document.get("true")) else { return Vec::new() };
    let names = on.entries().map(|(name, _)| name);
    let listed = on.items().iter().map(Node::text).filter(|text| !text.is_empty());
    names.chain(listed).collect()
}
