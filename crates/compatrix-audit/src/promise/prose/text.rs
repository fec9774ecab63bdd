//! Searching words in a plain text.

/// The places of a word or phrase as a whole, from the right.
pub(super) fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let inside = |c: char| c.is_alphanumeric();
    // `doesn't` ends in `n't`.
    let (first, last) = (word.starts_with(inside) && !word.starts_with("n't"), word.ends_with(inside));
    let whole = move |at: &usize| {
        let (before, after) = (&text[..*at], &text[at + word.len()..]);
        !(first && before.ends_with(inside) || last && after.starts_with(inside))
    };
    text.rmatch_indices(word).map(|(at, _)| at).filter(whole)
}

/// Whether a text has a word or phrase as a whole.
pub(super) fn has(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

/// The first of these that a text has.
pub(super) fn first_of<'w>(text: &str, words: &[&'w str]) -> Option<&'w str> {
    words.iter().copied().find(|word| has(text, word))
}

/// Whether a text begins with one of these, as a whole word.
pub(super) fn begins(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        text.strip_prefix(word).is_some_and(|rest| {
            !word.ends_with(char::is_alphanumeric) || !rest.starts_with(|c: char| c.is_alphanumeric())
        })
    })
}

/// The sentences of a text with their places.
pub(super) fn sentences(text: &str) -> Vec<(usize, &str)> {
    const SHORT: [&str; 9] = ["e.g", "i.e", "vs", "etc", "min", "ver", "approx", "cf", "incl"];
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next();
        let ends = match c {
            '.' | '!' | '?' => next.is_none_or(|next| next == ' ' || next == ')'),
            ';' => true,
            _ => false,
        };
        let word = text[start..at].rsplit([' ', '(']).next().unwrap_or_default();
        if ends && !(c == '.' && SHORT.contains(&word)) {
            found.push((start, &text[start..at]));
            start = at + 1;
        }
    }
    found.push((start, &text[start..]));
    found
}

/// The words of a text that only joins others: what is left is told apart by blanks and these marks.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "-_:=<>≤≥^()[]|/!,\"'~".contains(c)).filter(|word| !word.is_empty())
}
