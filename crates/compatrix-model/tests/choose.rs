//! What choosing promises: sizes of covering arrays, nothing left out, nothing forbidden, the same each time.

use std::collections::BTreeSet;
use std::fmt::Write;

use compatrix_model::cell::CellIndex;
use compatrix_model::choose::{choose, Chosen, Coverage};
use compatrix_model::condition::{Condition, Versions};
use compatrix_model::matrix_spec::{Expect, Spec};
use compatrix_model::spec_text::parse;
use proptest::prelude::*;

/// A spec with axes `a0`, `a1` … of these sizes, whose values are `v0`, `v1` …; the rest of its text follows.
fn spec(sizes: &[usize], rest: &str) -> Spec {
    read(sizes, rest).unwrap_or_else(|problems| panic!("{problems}"))
}

fn read(sizes: &[usize], rest: &str) -> Result<Spec, String> {
    let mut text = String::from("version = 1\n[project]\npackages = [\"store\"]\n");
    for (axis, size) in sizes.iter().enumerate() {
        let values: Vec<String> = (0..*size).map(|value| format!("v{value}")).collect();
        let _ = writeln!(text, "[axis.a{axis}]\nenv = \"A{axis}\"\nvalues = {values:?}");
    }
    text.push_str(rest);
    parse(&text, "matrix.toml", &[]).map(|parsed| parsed.spec).map_err(|problems| problems.render(false, 100))
}

fn of(spec: &Spec, profile: &str) -> Chosen {
    choose(spec, &spec.profiles[profile], &[], &Versions::new())
}

fn coverage(chosen: &Chosen) -> &Coverage {
    chosen.coverage.as_ref().expect("a strategy that covers")
}

fn ids(spec: &Spec, cells: &[CellIndex]) -> Vec<String> {
    cells.iter().map(|cell| spec.space.id(*cell).to_string()).collect()
}

/// Row counts published for PICT (<https://www.pairwise.org/efficiency.html>), and 10 % more.
#[test]
fn pairwise_arrays_are_about_as_short_as_those_of_pict() {
    #[track_caller]
    fn check(axes: &[(usize, usize)], most: usize) {
        let sizes: Vec<usize> = axes.iter().flat_map(|&(size, times)| vec![size; times]).collect();
        let spec = spec(&sizes, "[profile.local]\nstrategy = \"pairwise\"\n");
        let chosen = of(&spec, "local");
        let coverage = coverage(&chosen);
        assert!(chosen.cells.len() <= most, "{axes:?}: {} cells, more than {most}", chosen.cells.len());
        assert_eq!((coverage.covered, coverage.excluded), (coverage.wanted, 0));
        let pairs: usize = (0..sizes.len()).map(|n| sizes[n] * sizes[n + 1..].iter().sum::<usize>()).sum();
        assert_eq!(coverage.wanted, pairs as u64);
        assert_eq!(coverage.of, Some(spec.space.len()));
    }
    check(&[(3, 4)], 9);
    check(&[(3, 13)], 19);
    check(&[(4, 15), (3, 17), (2, 29)], 40);
    check(&[(4, 1), (3, 39), (2, 35)], 29);
    check(&[(2, 100)], 16);
    check(&[(10, 20)], 231);
}

const RULES: &str = r#"
[[rule]]
when = { a0 = "v0", a1 = "v0" }
expect = "skip"
reason = "never together"
[[rule]]
when = { a0 = "v1", a1 = "v1" }
expect = "fail"
reason = "known"
[[rule]]
when = { a0 = "v2", a1 = "v2", a2 = "v0" }
expect = "fail"
reason = "known too"
"#;

#[test]
fn what_is_expected_to_fail_hides_nothing_and_is_tried_once() {
    let spec = spec(&[3, 3, 3, 3], &format!("{RULES}[profile.local]\nstrategy = \"pairwise\"\n"));
    let chosen = of(&spec, "local");
    let coverage = coverage(&chosen);
    assert_eq!((coverage.covered, coverage.wanted, coverage.excluded), (53, 53, 1));
    assert_eq!(coverage.of, Some(81 - 9));
    let failing = |coords: &[usize]| coords[..2] == [1, 1] || coords[..3] == [2, 2, 0];
    let coords: Vec<Vec<usize>> = chosen.cells.iter().map(|cell| spec.space.coords(*cell)).collect();
    // The pair that is only in failing cells is in one of them; the triple that no pair asks for is tried all the same.
    assert_eq!(coords.iter().filter(|c| c[..2] == [1, 1]).count(), 1);
    assert_eq!(coords.iter().filter(|c| c[..3] == [2, 2, 0]).count(), 1);
    // Every other pair is in a cell that is expected to pass.
    let passing: Vec<&Vec<usize>> = coords.iter().filter(|c| !failing(c)).collect();
    for (a, b) in [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        for (x, y) in (0..3).flat_map(|x| (0..3).map(move |y| (x, y))) {
            assert!(passing.iter().any(|c| c[a] == x && c[b] == y), "a{a}=v{x} a{b}=v{y}");
        }
    }
}

#[test]
fn pins_are_met_and_come_first() {
    let rest = "[profile.local]\nstrategy = \"pairwise\"\npin = [{ a0 = \"v1\", a1 = \"v2\", a2 = \"v0\" }, \
                { a0 = \"v2\", a1 = \"v2\", a2 = \"v2\", a3 = \"v2\" }, { a3 = \"v2\" }]\n\
                [profile.short]\nstrategy = \"pairwise\"\nbudget = 1\npin = [{ a0 = \"v1\" }, { a1 = \"v1\", a0 = \"v0\" }]\n";
    let spec = spec(&[3, 3, 3, 3], rest);
    let chosen = of(&spec, "local");
    let list = ids(&spec, &chosen.cells);
    assert!(list.contains(&"a0=v2 a1=v2 a2=v2 a3=v2".to_owned()), "{list:?}");
    assert!(list.iter().any(|id| id.starts_with("a0=v1 a1=v2 a2=v0")), "{list:?}");
    assert_eq!((coverage(&chosen).covered, coverage(&chosen).unmet.len()), (54, 0));
    let short = of(&spec, "short");
    assert_eq!(short.cells.len(), 1);
    assert!(ids(&spec, &short.cells)[0].starts_with("a0=v1"));
    assert_eq!(coverage(&short).unmet, ["a1=v1 a0=v0"]);
}

#[test]
fn a_budget_buys_the_best_coverage() {
    let profile = |strategy: &str, budget: usize| {
        format!("[profile.{strategy}-{budget}]\nstrategy = \"{strategy}\"\nbudget = {budget}\n")
    };
    let budgets = [1, 5, 9, 20, 81, 500];
    let rest: String = budgets.iter().map(|&n| profile("all", n) + &profile("pairwise", n)).collect();
    let spec = spec(&[3, 3, 3, 3], &format!("{rest}[profile.local]\nstrategy = \"pairwise\"\n"));
    for budget in budgets {
        let all = of(&spec, &format!("all-{budget}"));
        assert_eq!(all.cells.len(), budget.min(81));
        let pairwise = of(&spec, &format!("pairwise-{budget}"));
        assert_eq!(pairwise.cells.len(), budget.min(9));
        // Each of the first rows of this array covers six new pairs.
        assert_eq!(coverage(&pairwise).covered, 6 * budget.min(9) as u64);
        assert_eq!(coverage(&all).covered, 6 * budget.min(9) as u64);
        assert_eq!(coverage(&all).wanted, 54);
        let distinct: BTreeSet<_> = all.cells.iter().collect();
        assert_eq!(distinct.len(), all.cells.len());
    }
}

#[test]
fn a_cell_can_always_be_asked_for_by_name() {
    let spec = spec(&[3, 3, 3, 3], "[profile.local]\nstrategy = \"pairwise\"\nwhen = { a3 = [\"v0\", \"v1\"] }\n");
    let asked = |cells: &[&str]| {
        let cells: Vec<Condition> = cells.iter().map(|c| Condition::parse_expr(c, &spec.space).unwrap()).collect();
        choose(&spec, &spec.profiles["local"], &cells, &Versions::new()).cells
    };
    let chosen = asked(&[]);
    let other = spec.space.cells().find(|cell| spec.space.coords(*cell)[3] == 0 && !chosen.contains(cell)).unwrap();
    assert_eq!(asked(&[&spec.space.id(other).to_string()]), [other]);
    let first = spec.space.id(chosen[0]).to_string();
    assert_eq!(asked(&[&first]), [chosen[0]]);
    // What the chosen cells have is taken from them.
    let some = asked(&["a0=v0"]);
    assert!(some.len() < 18 && some.iter().all(|cell| chosen.contains(cell)), "{some:?}");
    assert_eq!(asked(&["a0=v0 a3=v2"]), [], "what `when` does not admit is not to be had");
}

#[test]
fn far_more_cells_than_a_number_of_64_bits_are_no_matter() {
    let spec = spec(&[10; 30], "[profile.local]\nstrategy = \"pairwise\"\nbudget = 3\n[profile.one]\nwhen = { a0 = \"v0\" }\nstrategy = \"pairwise\"\nbudget = 1\n");
    assert_eq!(spec.space.len(), 10u128.pow(30));
    let chosen = of(&spec, "local");
    assert_eq!((chosen.cells.len(), coverage(&chosen).covered), (3, 3 * 435));
    assert_eq!(coverage(&chosen).of, Some(10u128.pow(30)));
    for cell in chosen.cells {
        assert_eq!(spec.space.find(&spec.space.id(cell)), Some(cell));
    }
}

#[test]
fn one_axis_is_covered_by_its_values() {
    let spec = spec(&[4], "[profile.local]\nstrategy = \"pairwise\"\n");
    let chosen = of(&spec, "local");
    assert_eq!((chosen.cells.len(), coverage(&chosen).covered, coverage(&chosen).strength), (4, 4, 1));
}

/// A condition on some axes, as TOML.
fn condition(sizes: &[usize]) -> impl Strategy<Value = String> {
    let axes = proptest::sample::subsequence((0..sizes.len()).collect::<Vec<_>>(), 1..=sizes.len().min(3));
    let sizes = sizes.to_vec();
    axes.prop_flat_map(move |axes| {
        let values: Vec<_> = axes
            .iter()
            .map(|&axis| proptest::sample::subsequence((0..sizes[axis]).collect::<Vec<_>>(), 1..=sizes[axis]))
            .collect();
        values.prop_map(move |values| {
            let terms = axes.iter().zip(values).map(|(axis, values)| {
                let names: Vec<String> = values.iter().map(|value| format!("v{value}")).collect();
                format!("a{axis} = {names:?}")
            });
            format!("{{ {} }}", terms.collect::<Vec<_>>().join(", "))
        })
    })
}

/// Sizes, strength, conditions of `when`, conditions of suites.
type Choice = (Vec<usize>, usize, Vec<String>, Vec<String>);
/// A choice, conditions left out, conditions expected to fail.
type Case = (Choice, Vec<String>, Vec<String>);

fn cases() -> impl Strategy<Value = Case> {
    (proptest::collection::vec(1usize..4, 2..6), 2usize..4).prop_flat_map(|(sizes, strength)| {
        let list = |most| proptest::collection::vec(condition(&sizes), 0..most);
        ((Just(sizes.clone()), Just(strength), list(3), list(3)), list(4), list(3))
    })
}

fn text(((_, strength, when, suites), skip, fail): &Case) -> String {
    let mut text = String::new();
    for (n, when) in suites.iter().enumerate() {
        let _ = writeln!(text, "[[suite]]\nname = \"s{n}\"\nwhen = {when}");
    }
    for (list, expect) in [(skip, "skip"), (fail, "fail")] {
        for when in list {
            let _ = writeln!(text, "[[rule]]\nwhen = {when}\nexpect = \"{expect}\"\nreason = \"so\"");
        }
    }
    let _ = writeln!(text, "[profile.local]\nstrategy = \"t-way\"\nstrength = {strength}");
    if !when.is_empty() {
        let _ = writeln!(text, "when = [{}]", when.join(", "));
    }
    text
}

/// Each choice of so many of the row's values.
fn tuples(row: &[usize], strength: usize) -> Vec<Vec<(usize, usize)>> {
    let pairs: Vec<(usize, usize)> = row.iter().copied().enumerate().collect();
    let sets = (0u32..1 << pairs.len()).filter(|set| set.count_ones() as usize == strength);
    sets.map(|set| pairs.iter().copied().filter(|(axis, _)| set >> axis & 1 == 1).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Against a search of every cell: all chosen are allowed, every tuple that an allowed cell has is covered, by a cell
    /// expected to pass where there is one.
    #[test]
    fn arrays_are_sound_and_complete(case in cases()) {
        let (choice, skip, _) = &case;
        let (sizes, strength, ..) = choice;
        // Rules that contradict each other are refused; then the case goes on without those that expect a failure.
        let spec = read(sizes, &text(&case))
            .or_else(|_| read(sizes, &text(&(choice.clone(), skip.clone(), Vec::new()))));
        let spec = spec.map_err(TestCaseError::fail)?;
        let chosen = of(&spec, "local");
        let matcher = |condition: &Condition| condition.matcher(&spec.space, &Versions::new());
        let when: Vec<_> = spec.profiles["local"].when.iter().map(matcher).collect();
        let rules = |expect: Expect| spec.rules.iter().filter(move |r| r.expect == expect).map(|r| matcher(&r.when)).collect::<Vec<_>>();
        let (skip, fail) = (rules(Expect::Skip), rules(Expect::Fail));
        let suites: Vec<_> = spec.suites.iter().map(|suite| matcher(&suite.when)).collect();
        let admitted = |c: &[usize]| {
            (when.is_empty() || when.iter().any(|m| m.holds(c))) && suites.iter().any(|m| m.holds(c))
        };
        let allowed = |c: &[usize]| admitted(c) && !skip.iter().any(|m| m.holds(c));
        let fails = |c: &[usize]| fail.iter().any(|m| m.holds(c));
        let strength = (*strength).min(sizes.len());
        let (mut passing, mut failing, mut all) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut count = 0u128;
        for coords in spec.space.cells().map(|cell| spec.space.coords(cell)) {
            if admitted(&coords) {
                all.extend(tuples(&coords, strength));
            }
            if allowed(&coords) {
                count += 1;
                if fails(&coords) { failing.extend(tuples(&coords, strength)) } else { passing.extend(tuples(&coords, strength)) }
            }
        }
        let failing: BTreeSet<_> = failing.difference(&passing).cloned().collect();
        let (mut by_passing, mut by_failing) = (BTreeSet::new(), BTreeSet::new());
        for coords in chosen.cells.iter().map(|cell| spec.space.coords(*cell)) {
            prop_assert!(allowed(&coords), "{coords:?} is not allowed");
            if fails(&coords) { by_failing.extend(tuples(&coords, strength)) } else { by_passing.extend(tuples(&coords, strength)) }
        }
        prop_assert!(passing.is_subset(&by_passing), "missing: {:?}", passing.difference(&by_passing).collect::<Vec<_>>());
        prop_assert!(failing.is_subset(&by_failing), "missing: {:?}", failing.difference(&by_failing).collect::<Vec<_>>());
        for rule in &fail {
            let met = |cell: CellIndex| { let c = spec.space.coords(cell); allowed(&c) && rule.holds(&c) };
            prop_assert_eq!(spec.space.cells().any(met), chosen.cells.iter().copied().any(met));
        }
        if let Some(coverage) = &chosen.coverage {
            let wanted = (passing.len() + failing.len()) as u64;
            prop_assert_eq!((coverage.covered, coverage.wanted, coverage.of), (wanted, wanted, Some(count)));
            prop_assert_eq!(coverage.excluded, all.len() as u64 - wanted);
        } else {
            prop_assert_eq!(count, 0);
        }
        prop_assert_eq!(of(&spec, "local").cells, chosen.cells, "the same spec gives the same cells");
    }
}
