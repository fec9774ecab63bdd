//! Paths as texts: those of another system than this one.

/// What is after the last `/` or `\`.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The folder of a path; `.` of a bare name.
pub(super) fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => &path[..at],
        None => ".",
    }
}

/// A file in a folder. An empty folder is the current one.
pub(super) fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    }
}

/// The path from the root.
pub(super) fn absolute(current: &str, path: &str) -> String {
    match path.starts_with('/') {
        true => path.to_owned(),
        false => join(current, path.strip_prefix("./").unwrap_or(path)),
    }
}
