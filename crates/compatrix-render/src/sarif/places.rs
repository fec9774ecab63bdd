//! Frames as SARIF locations. Only workspace files are named by path; other paths differ between machines.

use std::collections::BTreeMap;

use compatrix_leak::{Finding, Frame, FrameOrigin};
use serde_json::{json, Value};

use crate::leaks::frames::{base_name, first, place};

/// Context that the findings do not contain.
#[derive(Debug, Clone, Copy)]
pub struct SarifOptions<'a> {
    /// Compatrix's version, `0.1.0`.
    pub version: &'a str,
    /// Compatrix's home page; empty for none.
    pub about: &'a str,
    /// The source file of each test executable by its name, relative to the root: the location of findings that have no
    /// frame in the workspace's code.
    pub sources: &'a BTreeMap<String, String>,
    /// The manifest of the package under test, relative to the root: the location of findings without a known executable.
    pub manifest: &'a str,
}

/// The base that paths are relative to. GitHub and others take it to be the source root.
pub(super) const ROOT: &str = "%SRCROOT%";

/// The location of a finding: its frame in the workspace, otherwise its test executable's source, otherwise the
/// manifest.
pub(super) fn main(finding: &Finding, options: &SarifOptions<'_>) -> Value {
    if let Some(location) = finding.own_frame().and_then(own) {
        return location;
    }
    let file = options.sources.get(&finding.executable).map_or(options.manifest, String::as_str);
    let mut location = json!({ "physicalLocation": physical(file, 1, None) });
    let function = first(finding).map(|frame| frame.function.as_str()).or(finding.test.as_deref());
    if let Some(function) = function.filter(|function| !function.is_empty()) {
        location["logicalLocations"] = logical(function);
    }
    location
}

/// The location of a frame in the workspace's code; `None` for other frames.
pub(super) fn own(frame: &Frame) -> Option<Value> {
    let file = frame.file.as_ref().filter(|_| frame.origin == FrameOrigin::Own)?;
    let mut location = json!({ "physicalLocation": physical(file, frame.line.unwrap_or(1), frame.column) });
    if !frame.function.is_empty() {
        location["logicalLocations"] = logical(&frame.function);
    }
    Some(location)
}

/// A frame of a stack. A frame outside the workspace has its place as text.
pub(super) fn stack_frame(frame: &Frame) -> Value {
    let location = own(frame).unwrap_or_else(|| {
        let mut location = json!({});
        if !frame.function.is_empty() {
            location["logicalLocations"] = logical(&frame.function);
        }
        let place = place(frame);
        if !place.is_empty() {
            location["message"] = json!({ "text": place });
        }
        location
    });
    let mut out = json!({ "location": location });
    if let Some(object) = frame.object.as_deref().map(base_name).filter(|name| !name.is_empty()) {
        out["module"] = json!(object);
    }
    out
}

fn physical(file: &str, line: u32, column: Option<u32>) -> Value {
    let mut region = json!({ "startLine": line.max(1) });
    if let Some(column) = column.filter(|column| *column > 0) {
        region["startColumn"] = json!(column);
    }
    json!({ "artifactLocation": { "uri": uri(file), "uriBaseId": ROOT }, "region": region })
}

fn logical(function: &str) -> Value {
    json!([{ "fullyQualifiedName": function, "kind": "function" }])
}

/// A relative path as an RFC 3986 relative reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
