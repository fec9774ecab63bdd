//! Stable names of leftovers: without random parts and system-assigned numbers.

/// The folders of a test, to which paths are made relative, and its names.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The test's TMPDIR.
    pub temporary: &'a str,
    /// The folder of its run, which includes the fixture.
    pub run: &'a str,
    /// The absolute workspace root.
    pub root: &'a str,
    /// The executable's file name.
    pub process: &'a str,
    /// The test by libtest's name, which is also its thread's name.
    pub test: &'a str,
}

/// Replaces random parts and numbers by `*`: `.tmpX3k9Qa` becomes `.tmp*`, `things-8f2c11d0.db` becomes `things-*.db`.
pub fn stable(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(word);
        out.push_str(&stable_word(run));
        let separator = after.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(after.len());
        out.push_str(&after[..separator]);
        rest = &after[separator..];
    }
    out
}

/// Prefixes that programs and libraries put before random letters.
const PREFIXES: [&str; 2] = ["tmp", "temp"];
/// The length of the shortest random part in use: that of mkstemp(3) and of the crate `tempfile`.
const RANDOM: usize = 6;

fn stable_word(word: &str) -> String {
    let known = PREFIXES.iter().find_map(|prefix| Some((*prefix, word.strip_prefix(prefix)?)));
    match known {
        Some((prefix, rest)) if rest.len() >= RANDOM => return format!("{prefix}*"),
        _ => {}
    }
    if word.len() >= RANDOM && is_random(word) {
        return "*".to_owned();
    }
    match word.bytes().all(|b| b.is_ascii_digit()) {
        true if !word.is_empty() => "*".to_owned(),
        _ => word.to_owned(),
    }
}

/// Whether the letters cannot be a word: digits before letters, or capitals after lower-case letters that do not start a
/// new word. Six letters of mixed classes are random unless they form a capitalised or numbered word.
fn is_random(word: &str) -> bool {
    let bytes = word.as_bytes();
    if bytes.windows(2).any(|w| w[0].is_ascii_digit() && w[1].is_ascii_alphabetic()) {
        return true;
    }
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let tail = letters.get(1..).unwrap_or_default();
    let plain = tail.bytes().all(|b| b.is_ascii_lowercase()) || letters.bytes().all(|b| b.is_ascii_uppercase());
    if word.len() == RANDOM {
        return !plain;
    }
    let turns = bytes.windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count();
    let camels = bytes
        .windows(3)
        .filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase() && w[2].is_ascii_lowercase());
    turns > camels.count()
}

/// The length of a thread name in bytes, see prctl(2).
const THREAD_NAME: usize = 15;

/// Names a thread. An unnamed thread has the name of its creator: of the test, or, in older Rust, of the process.
pub(super) fn thread(name: &str, places: &Places<'_>) -> String {
    let as_kept = |whole: &str| {
        let bytes = &whole.as_bytes()[..whole.len().min(THREAD_NAME)];
        String::from_utf8_lossy(bytes).into_owned()
    };
    match name.is_empty() || [places.process, places.test].iter().any(|whole| as_kept(whole) == name) {
        true => "a thread without a name".to_owned(),
        false => format!("the thread `{}`", stable(name)),
    }
}

/// Describes a descriptor: `a socket`, `a pipe`, or a path relative to TMPDIR or the workspace.
pub(super) fn descriptor(target: &str, places: &Places<'_>) -> String {
    let target = target.strip_suffix(" (deleted)").unwrap_or(target);
    if let Some((kind, _)) = target.split_once(":[") {
        return format!("a {kind}");
    }
    if let Some(kind) = target.strip_prefix("anon_inode:") {
        return format!("an {}", kind.trim_matches(['[', ']']));
    }
    let memory = target.strip_prefix("/memfd:").map(|name| format!("memory `{}`", stable(name)));
    memory.unwrap_or_else(|| path(target, places))
}

fn path(path: &str, places: &Places<'_>) -> String {
    let below = |dir: &str| path.strip_prefix(dir.trim_end_matches('/'))?.strip_prefix('/');
    let text = if let Some(rest) = below(places.temporary) {
        format!("TMPDIR/{rest}")
    } else if let Some(rest) = below(places.run).or_else(|| below(places.root)) {
        rest.to_owned()
    } else {
        path.to_owned()
    };
    stable(&text)
}
