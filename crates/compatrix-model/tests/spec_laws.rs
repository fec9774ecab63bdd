//! Laws of specs, cells and conditions, as properties.

// The spec of this repository is the seed of mutations.
#![allow(clippy::disallowed_methods)]

use compatrix_model::axis::{Axis, AxisKind, AxisName, AxisValue, Setting, ValueName};
use compatrix_model::cell::{CellId, CellIndex, Space};
use compatrix_model::condition::{value_version, Condition, Match, ValueTest, Versions};
use compatrix_model::matrix_spec::json_schema;
use compatrix_model::spec_text::{parse, parse_bytes};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const SEED: &str = include_str!("../../../compat/matrix.toml");

fn fixtures() -> Vec<String> {
    ["v18", "v24", "v24-empty", "v24-wal", "v24-truncated"].map(str::to_owned).to_vec()
}

/// A space of up to five axes with up to six values each; versions, words and both.
fn spaces() -> impl Strategy<Value = Space> {
    let names = subsequence(vec!["rust", "sqlite", "schema", "features", "mode"], 1..=5);
    let values = || {
        let pool = vec!["1.70", "1.80", "3.35.4", "3.46.0", "stable", "bundled", "v24", "v24-wal", "json", "a+b_c.d-e"];
        subsequence(pool, 1..=6)
    };
    (names, prop::collection::vec(values(), 5)).prop_map(|(names, values)| {
        let axis = |(name, values): (&str, Vec<&str>)| Axis {
            name: AxisName::new(name).unwrap(),
            kind: match name {
                "rust" => AxisKind::Rust,
                "sqlite" => AxisKind::Sqlite,
                _ => AxisKind::Env { var: name.to_uppercase() },
            },
            values: values
                .into_iter()
                .map(|v| AxisValue { name: ValueName::new(v).unwrap(), setting: Setting::Env(v.to_owned()) })
                .collect(),
        };
        Space::new(names.into_iter().zip(values).map(axis).collect())
    })
}

/// A condition on some axes of the space, with several terms on an axis now and then.
fn conditions(space: Space) -> impl Strategy<Value = (Space, Condition)> {
    let axes: Vec<AxisName> = space.axes().iter().map(|axis| axis.name.clone()).collect();
    let names: Vec<ValueName> = space.axes().iter().flat_map(|a| a.values.iter().map(|v| v.name.clone())).collect();
    let requirements = select(vec!["<1.80", ">=3.38, <3.46", "=3.46", "^1.70", "~3.35.4", ">1", "=1.*"]);
    let test = prop_oneof![
        select(names).prop_map(ValueTest::Is),
        select(vec!["v24*", "*", "?.??", "*a*", "3.*"]).prop_map(|glob| ValueTest::Glob(glob.to_owned())),
        requirements.prop_map(|text| ValueTest::Version(text.parse().unwrap())),
    ];
    let terms = prop::collection::vec((select(axes), prop::collection::vec(test, 1..4)), 0..5);
    terms.prop_map(move |terms| (space.clone(), Condition { terms }))
}

/// What a condition says, cell by cell, by its definition.
fn naive(condition: &Condition, space: &Space, cell: CellIndex, versions: &Versions) -> Match {
    let id = space.id(cell);
    let mut all = Match::Yes;
    for (axis, tests) in &condition.terms {
        let value = id.value(axis.as_str()).unwrap();
        let version = value_version(axis, value, versions);
        let results: Vec<Match> = tests.iter().map(|test| test.holds(value, version.as_ref())).collect();
        let any = if results.contains(&Match::Yes) {
            Match::Yes
        } else if results.contains(&Match::Unknown) {
            Match::Unknown
        } else {
            Match::No
        };
        all = match (all, any) {
            (Match::No, _) | (_, Match::No) => Match::No,
            (Match::Unknown, _) | (_, Match::Unknown) => Match::Unknown,
            (Match::Yes, Match::Yes) => Match::Yes,
        };
    }
    all
}

proptest! {
    #[test]
    fn cells_round_trip(space in spaces()) {
        prop_assert_eq!(space.cells().count() as u128, space.len());
        for cell in space.cells().take(500) {
            let coords = space.coords(cell);
            prop_assert_eq!(space.index(&coords), cell);
            let id = space.id(cell);
            prop_assert_eq!(space.find(&id), Some(cell));
            prop_assert_eq!(id.to_string().parse::<CellId>().unwrap(), id.clone());
            for (axis, &c) in coords.iter().enumerate() {
                prop_assert_eq!(space.value(cell, axis), &space.axes()[axis].values[c]);
            }
            // A cell's id is an expression that means just this cell.
            let condition = Condition::parse_expr(&id.to_string(), &space).unwrap();
            prop_assert!(condition.matcher(&space, &Versions::new()).holds(&coords));
            prop_assert_eq!(condition.to_string(), id.to_string());
        }
    }

    #[test]
    fn a_matcher_says_what_the_definition_says((space, condition) in spaces().prop_flat_map(conditions), known in any::<bool>()) {
        let mut versions = Versions::new();
        if known {
            let name = (AxisName::new("rust").unwrap(), ValueName::new("stable").unwrap());
            versions.insert(name, "1.95.0-nightly".parse().unwrap());
        }
        let matcher = condition.matcher(&space, &versions);
        let mut met = false;
        for cell in space.cells().take(2000) {
            let expected = naive(&condition, &space, cell, &versions);
            prop_assert_eq!(matcher.matches(&space.coords(cell)), expected, "{} in {}", space.id(cell), condition);
            met |= expected != Match::No;
        }
        if space.len() <= 2000 {
            prop_assert_eq!(matcher.is_void(), !met);
        }
    }

    #[test]
    fn an_expression_that_reads_means_what_it_prints((space, condition) in spaces().prop_flat_map(conditions)) {
        let text = condition.to_string();
        // Random conditions often hold nowhere, which is an error; a valid one reads back as itself.
        match Condition::parse_expr(&text, &space) {
            Ok(read) => {
                prop_assert_eq!(&read, &condition, "{}", text);
                prop_assert!(!read.matcher(&space, &Versions::new()).is_void());
            }
            Err(diagnostics) => prop_assert!(diagnostics.has_errors() && !diagnostics.render(false, 80).is_empty()),
        }
    }

    #[test]
    fn no_expression_is_too_odd(text in "[a-z0-9.*?=<>~^|, !☃-]{0,40}", space in spaces()) {
        if let Err(diagnostics) = Condition::parse_expr(&text, &space) {
            prop_assert!(diagnostics.render(false, 80).contains("error"));
        }
    }

    #[test]
    fn no_text_is_too_odd(text in any::<String>()) {
        let _ = parse(&text, "any.toml", &[]).map_err(|d| d.render(true, 80));
    }

    #[test]
    fn no_toml_is_too_odd(text in r#"([a-z]{1,8}( = |\.|"|')|\[|\]|\[\[|\]\]|\{|\}|"[a-z*<>=.0-9{}]{0,6}"|[0-9.-]{1,10}|, |\n|axis|rule|suite|rust|when|profile| = |true|"""|\\|\r\n|☃){0,60}"#) {
        let _ = parse(&text, "any.toml", &fixtures()).map_err(|d| d.render(false, 80));
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_bytes(&bytes, "any.toml", &[]).map_err(|d| d.render(false, 80));
    }

    /// A valid spec with parts cut out, doubled or put elsewhere: an answer always comes, and its places are in the text.
    #[test]
    fn no_mutation_is_too_odd(edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, any::<prop::sample::Index>(), 0u8..4), 1..6)) {
        let mut bytes = SEED.as_bytes().to_vec();
        for (at, length, to, kind) in edits {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            let part: Vec<u8> = bytes[start..end].to_vec();
            match kind {
                0 => drop(bytes.drain(start..end)),
                1 => drop(bytes.splice(start..start, part)),
                2 => { let to = to.index(bytes.len()); drop(bytes.splice(to..to, part)); }
                _ => bytes[start] = b"\"[]{}=.,\n#*<"[to.index(12)],
            }
        }
        match parse_bytes(&bytes, "matrix.toml", &fixtures()) {
            Ok(parsed) => {
                prop_assert!(!parsed.warnings.has_errors());
                prop_assert!(!parsed.spec.suites.is_empty() && !parsed.spec.space.is_empty());
                prop_assert!(!parsed.spec.project.packages.is_empty());
            }
            Err(diagnostics) => {
                prop_assert!(diagnostics.has_errors());
                for d in &diagnostics.list {
                    prop_assert!(d.line >= 1 && d.column >= 1);
                    prop_assert_eq!(diagnostics.text.get(d.span.clone()), Some(d.found.as_str()));
                    prop_assert!(d.message.chars().next().is_some_and(|c| !c.is_ascii_uppercase() || d.message.starts_with("SQLite")), "{}", d.message);
                }
                diagnostics.render(true, 20);
            }
        }
    }
}

#[test]
fn the_schema_is_json_and_always_the_same() {
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    assert_eq!(json_schema(), json_schema());
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let expected = [
        "axis", "ci", "claims", "distro", "lock", "profile", "project", "rule", "sqlite", "suite", "target", "version",
    ];
    assert_eq!(keys, expected);
    let suite = &schema["properties"]["suite"]["items"];
    assert_eq!(suite["properties"]["kind"]["default"], "test");
    assert_eq!(suite["properties"]["repeat"]["default"], 12);
    // Another kind, another default: that is told in words.
    assert!(suite["properties"]["timeout"]["description"].as_str().unwrap().contains("Default: `5m`; `30m`"));
    assert_eq!(suite["allOf"][0]["then"]["required"][0], "tool");
    assert_eq!(schema["properties"]["rule"]["items"]["allOf"][0]["then"]["required"][0], "reason");
}
