//! The JSON Schema of a report.

use serde_json::{json, Value};

use super::FORMAT;

/// Words that an enum of the report has in JSON.
fn words(list: &[&str]) -> Value {
    json!({ "type": "string", "enum": list })
}

/// An object without other keys: those that are always there, and those that may be.
fn object(description: &str, required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let properties: serde_json::Map<String, Value> =
        required.iter().chain(optional).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn described(description: &str, mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.insert("description".to_owned(), description.into());
    }
    value
}

fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The schema as indented JSON, ending in a newline.
pub fn schema() -> String {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "number" });
    let maybe = json!({ "type": ["number", "null"] });
    let whole = json!({ "type": "integer", "minimum": 0 });
    let share = json!({ "type": "number", "minimum": 0 });
    let pair = json!({ "type": ["array", "null"], "items": number, "minItems": 2, "maxItems": 2 });
    let flag = json!({ "type": "boolean" });
    let p = json!({ "type": ["number", "null"], "minimum": 0, "maximum": 1 });
    let outcomes = compatrix_model::outcome::Outcome::ALL.map(|outcome| outcome.as_str());

    let sources = object(
        "A state of the sources.",
        &[
            ("name", described("A revision, the name of a baseline, `working tree`.", text.clone())),
            ("dirty", described("Whether files differ from the commit.", flag.clone())),
        ],
        &[
            ("commit", text.clone()),
            ("committed", described("In seconds since the Unix epoch.", json!({ "type": "integer" }))),
        ],
    );
    let machine = object(
        "The machine that measured.",
        &[("processor", text.clone()), ("kernel", text.clone()), ("cores", number.clone())],
        &[
            ("core", described("The core that benches ran on.", whole.clone())),
            ("governor", described("What regulates the frequency.", text.clone())),
        ],
    );
    let of = |word: &str| words(&[word]);
    let question = json!({
        "description": "What is compared with what.",
        "oneOf": [
            object("Two states of the sources.", &[("of", of("change")), ("base", reference("sources")), ("head", reference("sources"))], &[]),
            object(
                "Values of an axis, in the same sources.",
                &[("of", of("across")), ("axis", text.clone()), ("reference", text.clone()), ("head", reference("sources"))],
                &[],
            ),
            object("Only targets.", &[("of", of("targets")), ("head", reference("sources"))], &[]),
        ],
    });
    let side = object(
        "One build of a comparison.",
        &[("name", described("`base`, `head`, or a value of the axis.", text.clone()))],
        &[
            ("proof", described("What proves what ran, as in the evidence of tests.", json!({ "type": "object" }))),
            ("peak_memory", described("The highest of its processes, in bytes.", whole.clone())),
            ("cpu_ms", described("The median processor time of its rounds, in milliseconds.", whole.clone())),
        ],
    );
    let round = object(
        "One round: a process of each side.",
        &[
            ("order", described("The positions of the sides, in the order in which they ran.", list(&whole))),
            ("load", described("The load of the machine over the last minute.", number.clone())),
        ],
        &[],
    );
    let trouble = object(
        "Why a group was not compared.",
        &[("outcome", words(&outcomes)), ("cause", text.clone())],
        &[("side", described("On which side; absent if on none in particular.", text.clone()))],
    );
    let group = object(
        "A suite in a cell.",
        &[
            ("suite", text.clone()),
            ("cell", text.clone()),
            ("sides", list(&reference("side"))),
            ("same", described("Whether all executables are equal, so that nothing had to run.", flag)),
        ],
        &[
            (
                "only",
                described(
                    "Benches that only one side has, with the position of that side.",
                    list(
                        &json!({ "type": "array", "items": { "type": ["string", "integer"] }, "minItems": 2, "maxItems": 2 }),
                    ),
                ),
            ),
            ("rounds", list(&reference("round"))),
            ("trouble", reference("trouble")),
            ("unusable", described("Parts of reports that could not be used.", list(&text))),
        ],
    );
    let figures = object(
        "Figures over the samples of all processes of one side, in the unit of the comparison.",
        &[
            ("samples", whole.clone()),
            ("p50", maybe.clone()),
            ("p95", described("Only of raw samples, 59 or more.", maybe.clone())),
            ("p99", described("Only of raw samples, 299 or more.", maybe.clone())),
            (
                "per_second",
                described(
                    "How much is handled a second, and of what.",
                    json!({ "type": ["array", "null"], "items": { "type": ["number", "string"] }, "minItems": 2, "maxItems": 2 }),
                ),
            ),
        ],
        &[],
    );
    let comparison = object(
        "One bench in one metric. Ratios are costs of the second side over the first: above 1 is worse.",
        &[
            ("group", described("The position of the group.", whole.clone())),
            ("bench", text.clone()),
            ("metric", text.clone()),
            ("unit", text.clone()),
            ("change", words(&["same", "slower", "faster", "not-slower", "unproven"])),
            ("ratio", described("Hodges-Lehmann; null where nothing was run.", maybe.clone())),
            ("interval", pair.clone()),
            ("smallest", described("The smallest ratio that would have been called slower.", maybe.clone())),
            ("spread", described("Of a round: 0.02 is 2 %.", maybe.clone())),
            ("rounds", whole.clone()),
            ("p", described("Signed-rank, one-sided, before the correction.", p.clone())),
            ("p_corrected", described("After Holm's correction over the whole gate.", p.clone())),
            ("p_mann_whitney", p.clone()),
            ("p_welch", p),
            ("base", reference("figures")),
            ("head", reference("figures")),
        ],
        &[("why", described("Why it is unproven.", text.clone()))],
    );
    let canary = object(
        "What the spin of our own says of the machine.",
        &[
            (
                "proven",
                described(
                    "Whether no change was called none, and 10 % more were called slower.",
                    json!({ "type": "boolean" }),
                ),
            ),
            ("rounds", whole.clone()),
        ],
        &[
            ("why", described("Why not.", text.clone())),
            ("spread", maybe.clone()),
            ("same", maybe.clone()),
            ("slow", maybe.clone()),
            ("drift", maybe.clone()),
        ],
    );
    let target = object(
        "A target of the spec and what was seen of it.",
        &[
            (
                "group",
                described(
                    "The position of the group; null if it was seen in none.",
                    json!({ "type": ["integer", "null"] }),
                ),
            ),
            ("bench", text.clone()),
            ("metric", text.clone()),
            ("limit", described("With its direction: `at most 5 ms`.", text.clone())),
            ("tier", words(&["must", "should", "nice"])),
            ("proven", words(&["proven", "contradicted", "unproven"])),
            ("figure", described("In the base unit.", maybe)),
            ("interval", described("At 95 %, in the base unit.", pair)),
            ("unit", text.clone()),
        ],
        &[("why", described("Why it is unproven.", text.clone()))],
    );
    let mut document = object(
        "What `bench --format json` prints.",
        &[
            ("format", json!({ "type": "integer", "enum": [FORMAT] })),
            (
                "counts",
                described("Comparisons by what they say.", json!({ "type": "object", "additionalProperties": whole })),
            ),
            ("platform", text.clone()),
            ("machine", reference("machine")),
            ("question", question),
            ("seed", described("What the random order came from.", whole.clone())),
            ("alpha", described("The chance of any false alarm in the whole gate.", share)),
            ("groups", list(&reference("group"))),
            ("comparisons", list(&reference("comparison"))),
            ("rounds_ms", described("Wall time of the rounds.", whole.clone())),
            ("processes_ms", described("The part of benches and canaries in it.", whole)),
        ],
        &[
            ("canary", described("Absent where nothing had to be measured.", reference("canary"))),
            ("targets", list(&reference("target"))),
            ("notes", list(&text)),
        ],
    );
    let top = document.as_object_mut().expect("an object");
    top.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    top.insert("title".to_owned(), "Compatrix: report of bench".into());
    top.insert(
        "definitions".to_owned(),
        json!({
            "sources": sources, "machine": machine, "side": side, "round": round, "trouble": trouble, "group": group,
            "figures": figures, "comparison": comparison, "canary": canary, "target": target,
        }),
    );
    let mut text = serde_json::to_string_pretty(&document).expect("plain data with text keys is always JSON");
    text.push('\n');
    text
}
