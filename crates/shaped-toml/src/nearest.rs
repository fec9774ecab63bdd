//! Finds the name that was probably meant by a misspelt one.

/// The most similar known name, if any is similar enough.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = found.to_lowercase();
    let limit = (lower.chars().count() / 3).max(1);
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let prefix = lower.len() >= 3 && name.len() >= 3 && (name.starts_with(&lower) || lower.starts_with(&name));
        // A prefix is a better guess than a text with as many letters changed.
        let distance = strsim::damerau_levenshtein(&lower, &name);
        (distance <= limit || prefix).then_some(if prefix { distance.min(limit) } else { distance })
    };
    // Long texts are not misspelt names, and the distance takes time proportional to the product of the lengths.
    let known = known.into_iter().filter(|name| lower.len() <= 100 && name.len() <= 100);
    known.filter_map(|name| distance(name).map(|d| (d, name))).min_by_key(|(d, _)| *d).map(|(_, name)| name)
}
