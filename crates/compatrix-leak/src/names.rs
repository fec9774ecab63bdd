//! Names of functions, made independent of how rustc mangles them and of what it inlines.

/// A function's name without the hash suffix of legacy symbols.
pub(crate) fn without_hash(function: &str) -> &str {
    match function.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => function,
    }
}

/// The path of a function in its source, without type arguments and closures: `a::S::f` for `a::S<T>::f` (legacy),
/// `<a::S<u8>>::f` (v0), `a::m::<impl a::S>::f` and `a::S::f::{closure#0}`; of a trait's method the trait's path.
pub(crate) fn plain(function: &str) -> String {
    let mut segments: Vec<String> = Vec::new();
    for segment in segments_of(without_hash(function)) {
        let inside = segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        match inside {
            // Type arguments after a path: `f::<u8>`.
            Some(_) if !segments.is_empty() && !segment.starts_with("<impl ") => {}
            Some(inside) => {
                let path = inside.strip_prefix("impl ").unwrap_or(inside);
                let path = match (outer(path, " as "), outer(path, " for ")) {
                    (Some((_, of_trait)), _) => of_trait,
                    (None, Some((of_trait, _))) => of_trait,
                    (None, None) => path,
                };
                segments = segments_of(path).into_iter().map(without_arguments).collect();
            }
            None if segment.starts_with('{') => break,
            None => segments.push(without_arguments(segment)),
        }
    }
    segments.join("::")
}

/// The parts between `::` outside of any brackets.
fn segments_of(path: &str) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (Vec::new(), 0usize, 0);
    let bytes = path.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            // The `>` of `->` closes nothing.
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && bytes.get(at + 1) == Some(&b':') && at >= start => {
                out.push(&path[start..at]);
                start = at + 2;
            }
            _ => {}
        }
    }
    out.push(path.get(start..).unwrap_or_default());
    out.retain(|segment| !segment.is_empty());
    out
}

/// Splits at a word outside of any brackets.
fn outer<'p>(path: &'p str, word: &str) -> Option<(&'p str, &'p str)> {
    let depth =
        |at: usize| path[..at].matches('<').count() as i64 - path[..at].replace("->", "").matches('>').count() as i64;
    let (at, _) = path.match_indices(word).find(|(at, _)| depth(*at) == 0)?;
    Some((&path[..at], &path[at + word.len()..]))
}

/// `Vec` for `Vec<u8>`.
fn without_arguments(segment: &str) -> String {
    segment.find('<').filter(|at| *at > 0).map_or(segment, |at| &segment[..at]).to_owned()
}

/// As fingerprints had it before: closures stay, as does what is outside of any `<`.
pub(crate) fn plain_with_closures(function: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    let mut previous = ' ';
    for c in without_hash(function).chars() {
        match c {
            '<' => depth += 1,
            // The `>` of `->` closes nothing.
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        previous = c;
    }
    // The legacy and the v0 spelling of a closure; its number changes with the code.
    let mut name = out.replace("{{closure}}", "{closure}");
    while let Some(at) = name.find("{closure#") {
        let end = name[at..].find('}').map_or(name.len(), |end| at + end);
        name.replace_range(at + "{closure".len()..end, "");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_function_has_one_name_however_it_is_mangled() {
        let same = |all: &[&str], expected: &str| {
            for name in all {
                assert_eq!(plain(name), expected, "{name}");
            }
        };
        same(&["a::keeps", "a::keeps::h0123456789abcdef", "a::keeps::<u8>", "a::keeps::{{closure}}"], "a::keeps");
        same(&["a::keeps::{closure#3}", "a::keeps::<fn() -> u8>::{closure#0}::{closure#1}"], "a::keeps");
        same(
            &["a::S::f", "a::S<T>::f", "<a::S>::f", "<a::S<u8>>::f", "a::m::<impl a::S>::f", "<a::S<a::X>>::f::<u8>"],
            "a::S::f",
        );
        same(&["<a::S as a::T>::f", "<a::S<u8> as a::T<u16>>::f", "a::m::<impl a::T for a::S>::f"], "a::T::f");
        same(&["sqlite3_open_v2"], "sqlite3_open_v2");
        same(&["<a::S<<u8 as a::X>::Y> as a::T>::f"], "a::T::f");
    }

    #[test]
    fn odd_names_are_no_trouble() {
        for name in ["", "::", "<", ">", "->", "<>::<>", "a::<impl ", "<é as ü>::ß", "{closure#", "a:::b"] {
            let _ = (plain(name), plain_with_closures(name));
        }
    }
}
