//! Narrows a feature set that does not build, in few builds, to the part of it that does.
//!
//! What the compiler's error names is left out first; where it names nothing, halves are tried. The engine builds.

use super::closure::closure;
use super::draft::FeatureSet;
use super::found::Member;

/// The most builds of one set, the first included.
const MOST: usize = 6;

/// Why a build failed, as far as it helps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildTrouble {
    /// The first error in one line, with file and line.
    pub cause: String,
    /// The end of cargo's output.
    pub output: String,
    /// The lines of the source that end with the one that the error points to.
    pub source: String,
}

/// A set that is tried.
#[derive(Debug)]
pub struct Narrowing<'m> {
    members: &'m [&'m Member],
    set: FeatureSet,
    /// Features of which a build is known to work; `None` if not even the set without any was built.
    works: Option<Vec<String>>,
    /// Features that the next build adds to these.
    adds: Vec<String>,
    /// Further features to add after that.
    later: Vec<Vec<String>>,
    left_out: Vec<(Vec<String>, String)>,
    /// The cause of the last build that failed.
    cause: String,
    builds: usize,
}

/// What is left of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// The set that builds; `None` if no part of it does.
    pub set: Option<FeatureSet>,
    /// What was left out, and the compiler's reason.
    pub remarks: Vec<String>,
}

impl<'m> Narrowing<'m> {
    /// Begins with the whole set. `default_works`: whether default features alone are known to build.
    pub fn new(set: FeatureSet, members: &'m [&'m Member], default_works: bool) -> Self {
        let works = (set.default_features && default_works).then(Vec::new);
        let adds = set.features.clone();
        Self { members, set, works, adds, later: Vec::new(), left_out: Vec::new(), cause: String::new(), builds: 0 }
    }

    /// The set to build next; `None` if all is known.
    pub fn next(&self) -> Option<FeatureSet> {
        let begun = self.builds > 0;
        if begun && self.adds.is_empty() || self.builds >= MOST {
            return None;
        }
        let works = self.works.iter().flatten();
        Some(FeatureSet { features: works.chain(&self.adds).cloned().collect(), ..self.set.clone() })
    }

    /// Takes the result of building what [`Narrowing::next`] said.
    pub fn built(&mut self, result: Result<(), &BuildTrouble>) {
        self.builds += 1;
        let adds = std::mem::take(&mut self.adds);
        let Err(trouble) = result else {
            self.works.get_or_insert_default().extend(adds);
            self.adds = self.later.pop().unwrap_or_default();
            return;
        };
        self.cause.clone_from(&trouble.cause);
        let named: Vec<String> = adds.iter().filter(|name| self.names(trouble, name)).cloned().collect();
        let (out, rest) = match named.as_slice() {
            _ if adds.len() <= 1 => (adds, Vec::new()),
            [] => {
                let mut half = adds;
                self.later.push(half.split_off(half.len().div_ceil(2)));
                (Vec::new(), half)
            }
            // Of features that exclude each other, one may stay.
            [_] => (named.clone(), without(&adds, &named)),
            [_, others @ ..] => (others.to_vec(), without(&adds, others)),
        };
        if !out.is_empty() {
            self.left_out.push((out, trouble.cause.clone()));
        }
        self.adds = if rest.is_empty() { self.later.pop().unwrap_or_default() } else { rest };
    }

    /// Whether this trouble names the feature: beside `cfg`, in its message, or through the dependency that failed.
    fn names(&self, trouble: &BuildTrouble, feature: &str) -> bool {
        let quoted =
            |text: &str| ['"', '`', '\''].iter().any(|quote| text.contains(&format!("{quote}{feature}{quote}")));
        let message = trouble.cause.contains("feature") && is_word(&trouble.cause, feature);
        if quoted(&trouble.source) || quoted(&trouble.cause) || message {
            return true;
        }
        let failed = failed_packages(&trouble.output);
        let enables = |member: &&Member| {
            let closure = closure(member, feature);
            let items = closure.iter().filter_map(|name| member.features.get(*name)).flatten();
            let dependencies =
                items.map(|item| item.trim_start_matches("dep:").split(['/', '?']).next().unwrap_or(item));
            dependencies.into_iter().any(|name| failed.iter().any(|failed| failed == name))
        };
        self.members.iter().any(enables)
    }

    /// What is left.
    pub fn finish(mut self) -> Narrowed {
        let untried: Vec<String> = self.adds.drain(..).chain(self.later.drain(..).flatten()).collect();
        if !untried.is_empty() || (self.works.is_none() && self.left_out.is_empty()) {
            self.left_out.push((untried, self.cause));
        }
        let name = &self.set.name;
        let whole = self.works.as_ref().is_some_and(|works| works.len() == self.set.features.len());
        // What is left of a set that adds features is of use only if it still adds one.
        let features = self.works.filter(|works| whole || !works.is_empty());
        let remark = |(features, why): &(Vec<String>, String)| match (features.is_empty(), &self.set.default_features) {
            (false, _) => format!("{} cannot be built in the set `{name}`: {why}", list(features)),
            (true, true) => format!("the set `{name}` cannot be built: {why}"),
            (true, false) => format!("the set `{name}`, without default features, cannot be built: {why}"),
        };
        let remarks = self.left_out.iter().map(remark).collect();
        Narrowed { set: features.map(|features| FeatureSet { features, ..self.set.clone() }), remarks }
    }
}

fn list(features: &[String]) -> String {
    features.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn without(list: &[String], out: &[String]) -> Vec<String> {
    list.iter().filter(|name| !out.contains(name)).cloned().collect()
}

/// Whether a name stands alone in a text: `tls-a` is no part of `tls-ab`.
fn is_word(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(name).any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}

/// The packages that cargo says failed.
fn failed_packages(output: &str) -> Vec<String> {
    let signs = ["could not compile `", "failed to run custom build command for `"];
    let named =
        output.lines().flat_map(|line| signs.iter().filter_map(|sign| line.split_once(sign)).map(|(_, rest)| rest));
    named.filter_map(|rest| rest.split(['`', ' ']).next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Narrows a set while `fails` says which of these features do not go together, and what is said then.
    #[track_caller]
    fn check(
        features: &[&str],
        fails: impl Fn(&[&str]) -> Option<BuildTrouble>,
        left: Option<&[&str]>,
        remarks: &[&str],
    ) -> usize {
        let member = Member { features: [("net".to_owned(), vec!["dep:curl".to_owned()])].into(), ..Member::default() };
        let members = [&member];
        let features = features.iter().map(|name| (*name).to_owned()).collect();
        let set = FeatureSet { name: "all".to_owned(), default_features: true, features, why: String::new() };
        let mut narrowing = Narrowing::new(set, &members, true);
        let mut builds = 0;
        while let Some(set) = narrowing.next() {
            builds += 1;
            let on: Vec<&str> = set.features.iter().map(String::as_str).collect();
            let result = fails(&on);
            narrowing.built(result.as_ref().map_or(Ok(()), Err));
        }
        let narrowed = narrowing.finish();
        let set = narrowed.set.as_ref().map(|set| set.features.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(set.as_deref(), left);
        assert_eq!(narrowed.remarks, remarks);
        builds
    }

    fn trouble(cause: &str, source: &str, output: &str) -> Option<BuildTrouble> {
        Some(BuildTrouble { cause: cause.to_owned(), output: output.to_owned(), source: source.to_owned() })
    }

    #[test]
    fn what_the_error_names_is_left_out() {
        let both = |on: &[&str]| {
            let cfg = "#[cfg(all(feature = \"a\", feature = \"b\"))]\ncompile_error!(\"one of them\");";
            if on.contains(&"a") && on.contains(&"b") {
                trouble("error: one of them (src/lib.rs:2)", cfg, "")
            } else {
                None
            }
        };
        let said = "`b` cannot be built in the set `all`: error: one of them (src/lib.rs:2)";
        assert_eq!(check(&["a", "b", "x", "y"], both, Some(&["a", "x", "y"]), &[said]), 2);
        let message = |on: &[&str]| {
            if on.contains(&"asan") {
                trouble("error: the feature asan needs a nightly", "", "")
            } else {
                None
            }
        };
        let said = "`asan` cannot be built in the set `all`: error: the feature asan needs a nightly";
        assert_eq!(check(&["asan", "x"], message, Some(&["x"]), &[said]), 2);
        let dependency = |on: &[&str]| {
            let output = "error: failed to run custom build command for `curl v0.4.1`";
            if on.contains(&"net") {
                trouble("curl: no library", "", output)
            } else {
                None
            }
        };
        assert_eq!(
            check(
                &["net", "x"],
                dependency,
                Some(&["x"]),
                &["`net` cannot be built in the set `all`: curl: no library"]
            ),
            2
        );
    }

    #[test]
    fn without_a_name_halves_are_tried_and_builds_are_few() {
        let bad = |on: &[&str]| if on.contains(&"c") { trouble("E0001", "", "") } else { None };
        let said = "`c` cannot be built in the set `all`: E0001";
        assert!(check(&["a", "b", "c", "d"], bad, Some(&["a", "b", "d"]), &[said]) <= MOST);
        let all = |on: &[&str]| if on.is_empty() { None } else { trouble("E0001", "", "") };
        let features: Vec<String> = (0..40).map(|n| format!("f{n}")).collect();
        let features: Vec<&str> = features.iter().map(String::as_str).collect();
        let member = Member::default();
        let members = [&member];
        let set = FeatureSet {
            name: "all".to_owned(),
            default_features: true,
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            why: String::new(),
        };
        let mut narrowing = Narrowing::new(set, &members, true);
        while let Some(set) = narrowing.next() {
            let on: Vec<&str> = set.features.iter().map(String::as_str).collect();
            narrowing.built(all(&on).as_ref().map_or(Ok(()), Err));
        }
        let narrowed = narrowing.finish();
        assert_eq!(narrowed.set, None, "a set that adds nothing is the default one");
        assert!(narrowed.remarks.iter().all(|remark| remark.ends_with("E0001")));
    }

    #[test]
    fn a_set_without_features_builds_or_not() {
        let member = Member::default();
        let members = [&member];
        let set = FeatureSet {
            name: "minimal".to_owned(),
            default_features: false,
            features: Vec::new(),
            why: String::new(),
        };
        let mut narrowing = Narrowing::new(set.clone(), &members, true);
        assert_eq!(narrowing.next(), Some(set.clone()));
        narrowing.built(Ok(()));
        assert_eq!(
            (narrowing.next(), narrowing.finish()),
            (None, Narrowed { set: Some(set.clone()), remarks: vec![] })
        );
        let mut narrowing = Narrowing::new(set, &members, true);
        let cause = trouble("error: one of `a` and `b` (src/lib.rs:1)", "", "");
        narrowing.built(cause.as_ref().map_or(Ok(()), Err));
        assert_eq!(narrowing.next(), None);
        let said =
            "the set `minimal`, without default features, cannot be built: error: one of `a` and `b` (src/lib.rs:1)";
        assert_eq!(narrowing.finish(), Narrowed { set: None, remarks: vec![said.to_owned()] });
    }
}
