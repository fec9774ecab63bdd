//! The steps of a repair: which packages to hold back so that an old toolchain can build the rest.
//!
//! Pure: maps a resolution and the results of builds to steps.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

/// A resolved package that is not in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The package resolved.
    pub name: String,
    /// The version chosen.
    pub version: Version,
    /// Its declared `rust-version`, or that of its edition if higher.
    pub needs: Option<Version>,
    /// Whether that is declared, so that the resolver has seen it.
    pub declared: bool,
    /// Whether no other version can be chosen: it is from git, or a patch.
    pub fixed: bool,
    /// Positions of those that depend on it; absent for members of the workspace.
    pub parents: Vec<usize>,
    /// Members of the workspace that depend on it, with the requirement.
    pub members: Vec<(String, String)>,
}

/// The upper bounds of packages so far.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Direct dependencies of the members: any lower version that their manifests admit.
    pub direct: BTreeMap<String, Version>,
    /// Others, by name and compatible range: a lower version of that range.
    pub deep: BTreeMap<(String, String), Version>,
    /// Packages without a lower version.
    pub stuck: BTreeSet<(String, String)>,
    /// Packages that the toolchain could not compile, by name and version.
    pub blamed: BTreeMap<(String, Version), String>,
}

/// A step: an upper bound for a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The package to hold back.
    pub name: String,
    /// The new exclusive upper bound.
    pub below: Version,
    /// The compatible range; absent for direct dependencies, of which any lower version will do.
    pub range: Option<String>,
    /// The previous upper bound.
    pub before: Option<Version>,
}

impl Step {
    /// Package and compatible range.
    pub fn key(&self) -> (String, String) {
        (self.name.clone(), range(&self.below))
    }

    /// Takes it back.
    pub fn undo(&self, held: &mut Held) {
        match (&self.range, &self.before) {
            (None, None) => drop(held.direct.remove(&self.name)),
            (None, Some(before)) => drop(held.direct.insert(self.name.clone(), before.clone())),
            (Some(range), None) => drop(held.deep.remove(&(self.name.clone(), range.clone()))),
            (Some(range), Some(before)) => {
                drop(held.deep.insert((self.name.clone(), range.clone()), before.clone()));
            }
        }
    }
}

/// Applies steps and records how to undo them.
pub fn take(held: &mut Held, steps: Vec<Step>) -> Vec<Step> {
    let taken = steps.into_iter().map(|step| {
        let before = match &step.range {
            None => held.direct.insert(step.name.clone(), step.below.clone()),
            Some(range) => held.deep.insert((step.name.clone(), range.clone()), step.below.clone()),
        };
        Step { before, ..step }
    });
    taken.collect()
}

/// The lowest version that cargo considers compatible with this one: `1.0.0`, `0.3.0`, `0.0.7`.
pub fn range(version: &Version) -> String {
    match (version.major, version.minor) {
        (0, 0) => format!("0.0.{}", version.patch),
        (0, minor) => format!("0.{minor}.0"),
        (major, _) => format!("{major}.0.0"),
    }
}

/// Which packages to hold lower, so that this resolution needs no more than this Rust; none if it does not. Where that
/// cannot be, what stands in the way.
pub fn next_steps(rust: &Version, held: &Held, packages: &[Resolution]) -> Result<Vec<Step>, Vec<String>> {
    let blamed = |n: usize| held.blamed.get(&(packages[n].name.clone(), packages[n].version.clone()));
    let too_new = |n: usize| packages[n].needs.as_ref().is_some_and(|needs| needs > rust);
    let bad: Vec<usize> = (0..packages.len()).filter(|&n| too_new(n) || blamed(n).is_some()).collect();
    let mut steps: BTreeSet<Step> = BTreeSet::new();
    let mut hopeless: Vec<String> = Vec::new();
    for &start in &bad {
        let why = match (blamed(start), &packages[start].needs) {
            (Some(why), _) => why.clone(),
            (None, Some(needs)) => format!("needs Rust {}.{}", needs.major, needs.minor),
            (None, None) => String::new(),
        };
        // Those that have been looked at, each with the one that led to it.
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        let mut todo = vec![(start, start)];
        while let Some((n, led_by)) = todo.pop() {
            if seen.contains_key(&n) {
                continue;
            }
            seen.insert(n, led_by);
            let package = &packages[n];
            let direct = !package.members.is_empty();
            let stuck = held.stuck.contains(&(package.name.clone(), range(&package.version)));
            // The resolver already considered declarations, and found no lower version that declares less.
            let useless = package.fixed || (package.declared && too_new(n) && blamed(n).is_none());
            // Held below this version already, and chosen all the same.
            let held_in_vain = held.direct.get(&package.name).is_some_and(|below| direct && *below <= package.version);
            if !stuck && !held_in_vain && !useless && package.version > Version::new(0, 0, 0) {
                let range = (!direct).then(|| range(&package.version));
                steps.insert(Step { name: package.name.clone(), below: package.version.clone(), range, before: None });
                continue;
            }
            if direct {
                let (member, required) = &package.members[0];
                let start = &packages[start];
                // From what is in the way up to what a member requires.
                let mut chain = vec![n];
                while let Some(&below) =
                    chain.last().and_then(|last| seen.get(last)).filter(|below| !chain.contains(below))
                {
                    chain.push(below);
                }
                chain.pop();
                hopeless.push(match chain.as_slice() {
                    [] => format!("{} {}, which {member} requires as `{required}`, {why}", start.name, start.version),
                    chain => {
                        let by =
                            chain.iter().rev().map(|&n| format!("by {} {}", packages[n].name, packages[n].version));
                        let by = by.collect::<Vec<_>>().join(", ");
                        format!(
                            "{} {} {why}; it comes {by}, which {member} requires as `{required}`",
                            start.name, start.version
                        )
                    }
                });
            }
            todo.extend(package.parents.iter().map(|&parent| (parent, n)));
        }
    }
    if steps.is_empty() && !bad.is_empty() {
        hopeless.dedup();
        return Err(hopeless);
    }
    Ok(steps.into_iter().collect())
}

/// The packages of a resolution that need more than this Rust, each with how it comes in: one line each.
pub fn too_new(rust: &Version, packages: &[Resolution]) -> Vec<String> {
    let fixed: Vec<Resolution> = packages.iter().map(|package| Resolution { fixed: true, ..package.clone() }).collect();
    next_steps(rust, &Held::default(), &fixed).err().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: Version = Version::new(1, 63, 0);

    fn package(name: &str, version: &str, needs: Option<u64>, declared: bool, parents: &[usize]) -> Resolution {
        Resolution {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            needs: needs.map(|minor| Version::new(1, minor, 0)),
            declared,
            fixed: false,
            parents: parents.to_vec(),
            members: Vec::new(),
        }
    }

    fn required(mut package: Resolution, req: &str) -> Resolution {
        package.members.push(("mine".to_owned(), req.to_owned()));
        package
    }

    fn steps(held: &Held, packages: &[Resolution]) -> Vec<String> {
        match next_steps(&RUST, held, packages) {
            Ok(steps) => steps.iter().map(|s| format!("{} <{} {:?}", s.name, s.below, s.range.as_deref())).collect(),
            Err(because) => because,
        }
    }

    #[test]
    fn what_says_nothing_is_stepped_back_itself_and_what_says_so_by_those_that_ask_for_it() {
        let top = required(package("top", "1.2.0", None, true, &[]), "^1");
        // By its edition only: an older version may be of an older one.
        let silent = package("silent", "0.3.4", Some(85), false, &[0]);
        assert_eq!(steps(&Held::default(), &[top.clone(), silent]), ["silent <0.3.4 Some(\"0.3.0\")"]);
        // The resolver has looked for a version that declares less, and there is none.
        let honest = package("honest", "2.0.0", Some(71), true, &[0]);
        assert_eq!(steps(&Held::default(), &[top.clone(), honest]), ["top <1.2.0 None"]);
        let fine = package("fine", "2.0.0", Some(63), true, &[0]);
        assert_eq!(steps(&Held::default(), &[top, fine]), [""; 0]);
    }

    #[test]
    fn what_the_compiler_blames_is_stepped_back_whatever_it_says() {
        let top = required(package("top", "1.2.0", Some(60), true, &[]), "^1");
        let mut held = Held::default();
        held.blamed.insert(("top".into(), Version::new(1, 2, 0)), "it does not compile".into());
        assert_eq!(steps(&held, std::slice::from_ref(&top)), ["top <1.2.0 None"]);
        // Of another version nothing is known.
        let older = Resolution { version: Version::new(1, 1, 0), ..top.clone() };
        assert_eq!(steps(&held, &[older]), [""; 0]);
        held.stuck.insert(("top".into(), "1.0.0".into()));
        assert_eq!(steps(&held, &[top]), ["top 1.2.0, which mine requires as `^1`, it does not compile"]);
    }

    #[test]
    fn where_the_way_ends_at_a_requirement_it_is_named() {
        let top = required(package("top", "1.2.0", None, true, &[]), "^1.2");
        let deep = package("deep", "0.5.0", Some(85), true, &[0]);
        let mut held = Held::default();
        held.stuck.insert(("top".into(), "1.0.0".into()));
        let expected = "deep 0.5.0 needs Rust 1.85; it comes by top 1.2.0, which mine requires as `^1.2`";
        assert_eq!(steps(&held, &[top.clone(), deep]), [expected]);
        // The whole way is shown.
        let (mid, deep) = (package("mid", "0.2.0", None, true, &[0]), package("deep", "0.5.0", Some(85), true, &[1]));
        held.stuck.insert(("mid".into(), "0.2.0".into()));
        let expected = "deep 0.5.0 needs Rust 1.85; it comes by mid 0.2.0, by top 1.2.0, which mine requires as `^1.2`";
        assert_eq!(steps(&held, &[top, mid, deep]), [expected]);
    }

    #[test]
    fn what_has_no_other_version_is_not_stepped_back() {
        let git = Resolution { fixed: true, ..required(package("git", "1.2.0", Some(85), false, &[]), "*") };
        let expected = "git 1.2.0, which mine requires as `*`, needs Rust 1.85";
        assert_eq!(steps(&Held::default(), std::slice::from_ref(&git)), [expected]);
        // A limit that the resolver did not take, as where a patch decides the version.
        let mut held = Held::default();
        held.direct.insert("git".into(), Version::new(1, 2, 0));
        assert_eq!(steps(&held, &[Resolution { fixed: false, ..git }]), [expected]);
    }

    #[test]
    fn what_is_too_new_is_listed_with_how_it_comes_in() {
        let top = required(package("top", "1.2.0", Some(60), true, &[]), "^1");
        let (deep, fine) =
            (package("deep", "0.5.0", Some(85), false, &[0]), package("fine", "1.0.0", None, true, &[0]));
        let expected = "deep 0.5.0 needs Rust 1.85; it comes by top 1.2.0, which mine requires as `^1`";
        assert_eq!(too_new(&RUST, &[top, deep, fine]), [expected]);
    }

    #[test]
    fn a_step_that_is_undone_leaves_what_was_before() {
        let mut held = Held::default();
        let step = |below: &str, range: Option<&str>| Step {
            name: "a".into(),
            below: below.parse().unwrap(),
            range: range.map(str::to_owned),
            before: None,
        };
        for range in [None, Some("1.0.0")] {
            let first = take(&mut held, vec![step("1.9.0", range)]);
            let second = take(&mut held, vec![step("1.5.0", range)]);
            second[0].undo(&mut held);
            let now = held.direct.get("a").or_else(|| held.deep.get(&("a".to_owned(), "1.0.0".to_owned())));
            assert_eq!(now, Some(&Version::new(1, 9, 0)));
            first[0].undo(&mut held);
            assert!(held.direct.is_empty() && held.deep.is_empty());
        }
    }

    #[test]
    fn ranges_are_what_cargo_takes_for_compatible() {
        let range = |text: &str| range(&text.parse().unwrap());
        assert_eq!([range("1.4.3"), range("0.3.5"), range("0.0.7")], ["1.0.0", "0.3.0", "0.0.7"]);
    }
}
