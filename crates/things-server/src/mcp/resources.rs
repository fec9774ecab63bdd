//! Resources: each list, task, project, area and tag under an address of its own.

use super::{pages, tools};
use crate::answer::{all, Areas, Tags};
use crate::database::Failure;
use crate::filter::{Filter, KindName, ListName, Words};
use crate::moment::Moment;
use crate::telemetry::Outcome;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use rmcp::ErrorData;
use serde::Serialize;
use serde_json::{json, Value};
use things_store::{Error, ErrorKind, Kind, Result, Store};

const JSON: &str = "application/json";
const SCHEME: &str = "things:///";

/// The resources that exist in every database.
pub(super) fn lists() -> Vec<Resource> {
    let fixed = ["projects", "areas", "tags"];
    let names = ListName::ALL.iter().map(|list| list.as_str()).chain(fixed);
    let resource = |name: &str| {
        let what = match name {
            "areas" | "tags" => format!("All {name}"),
            name => format!("The first tasks of the list {name}; `next` in its JSON is the address that continues it"),
        };
        Resource::new(format!("{SCHEME}list/{name}"), name).with_description(what).with_mime_type(JSON)
    };
    names.map(resource).collect()
}

/// The addresses of everything else.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let template = |path: &str, name: &str, what: &str| {
        ResourceTemplate::new(format!("{SCHEME}{path}"), name).with_description(what).with_mime_type(JSON)
    };
    vec![
        template("list/{name}{?offset}", "list", "A list of the sidebar, `projects`, `areas` or `tags`"),
        template("task/{id}", "task", "A to-do, project or heading with its tags and checklist"),
        template("project/{id}", "project", "A project with its headings and the first of its to-dos"),
        template("area/{id}{?offset}", "area", "The to-dos and projects in an area"),
        template("tag/{id}{?offset}", "tag", "The to-dos and projects that carry a tag or one below it"),
    ]
}

/// What an address means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    List(ListName, u32),
    Projects(u32),
    Areas,
    Tags,
    Task(String),
    Project(String),
    Area(Words, u32),
    Tag(Words, u32),
}

/// The place that `uri` names, if there can be one.
pub(super) fn place(uri: &str) -> Option<Place> {
    let path = uri.strip_prefix(SCHEME)?;
    let (path, offset) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query.strip_prefix("offset=")?.parse::<u32>().ok()?)),
        None => (path, None),
    };
    let (kind, name) = path.split_once('/')?;
    let from = offset.unwrap_or(0);
    let words = || Words::try_from(decode(name)?).ok();
    let place = match (kind, name) {
        ("list", "projects") => Place::Projects(from),
        ("list", "areas") => Place::Areas,
        ("list", "tags") => Place::Tags,
        ("list", list) => Place::List(ListName::named(list)?, from),
        ("task", _) => Place::Task(words()?.into()),
        ("project", _) => Place::Project(words()?.into()),
        ("area", _) => Place::Area(words()?, from),
        ("tag", _) => Place::Tag(words()?, from),
        _ => return None,
    };
    let whole = matches!(place, Place::Areas | Place::Tags | Place::Task(_) | Place::Project(_));
    (!whole || offset.is_none()).then_some(place)
}

impl Place {
    /// What is there, as JSON.
    pub(super) fn read(self, store: &Store, moment: Moment) -> Result<Value> {
        let listed = |filter: &Filter, path: String, from: u32| {
            page(tools::listed(store, filter, tools::most_from(from), moment)?, &path)
        };
        match self {
            Place::List(list, from) => listed(&Filter::list(list), format!("list/{}", list.as_str()), from),
            Place::Projects(from) => page(pages::projects(store, tools::most_from(from))?, "list/projects"),
            Place::Areas => value(Areas { areas: all(store.areas()?) }),
            Place::Tags => value(Tags { tags: all(store.tags()?) }),
            Place::Task(id) => value(pages::details(store, &id)?),
            Place::Project(id) => {
                let snapshot = store.snapshot()?;
                pages::existing(&snapshot, "project", &id, |task| task.kind == Kind::Project)?;
                let inside = Filter { project: Words::try_from(id.clone()).ok(), ..Filter::default() };
                let headings = Filter { kind: Some(KindName::Heading), ..inside.clone() };
                Ok(json!({
                    "project": pages::details(&snapshot, &id)?,
                    "headings": tools::listed(&snapshot, &headings, tools::most_from(0), moment)?.tasks,
                    "tasks": tools::listed(&snapshot, &inside, tools::most_from(0), moment)?,
                }))
            }
            Place::Area(area, from) => {
                let path = format!("area/{}", encode(area.as_str()));
                listed(&Filter { area: Some(area), ..Filter::default() }, path, from)
            }
            Place::Tag(tag, from) => {
                let path = format!("tag/{}", encode(tag.as_str()));
                listed(&Filter { tag: Some(tag), ..Filter::default() }, path, from)
            }
        }
    }
}

/// A page, with the address that continues it.
fn page(page: crate::answer::TaskPage, path: &str) -> Result<Value> {
    let next = page.next_offset.map(|offset| format!("{SCHEME}{path}?offset={offset}"));
    let mut json = value(page)?;
    if let Some(object) = json.as_object_mut() {
        object.insert("next".to_owned(), json!(next));
    }
    Ok(json)
}

fn value(answer: impl Serialize) -> Result<Value> {
    // Types of this crate, whose keys are texts: this cannot fail.
    Ok(serde_json::to_value(answer).unwrap_or_default())
}

/// The error for an address at which there is nothing.
pub(super) fn missing(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(
        format!("there is no resource `{uri}`: see resources/list and resources/templates/list"),
        Some(json!({ "uri": uri })),
    )
}

/// The answer to a read, and how it is counted.
pub(super) fn answer(uri: String, read: Result<Value, Failure>) -> (Result<ReadResourceResult, ErrorData>, Outcome) {
    match read {
        Ok(json) => {
            let contents = ResourceContents::text(json.to_string(), uri).with_mime_type(JSON);
            (Ok(ReadResourceResult::new(vec![contents])), Outcome::Ok)
        }
        Err(Failure::Store(Error::NoSuch { .. })) => (Err(missing(&uri)), Outcome::Error),
        Err(Failure::Store(error)) => (Err(unreadable(&error)), Outcome::Error),
        Err(Failure::Cancelled) => {
            (Err(ErrorData::internal_error("the request was cancelled", None)), Outcome::Cancelled)
        }
        Err(Failure::Lost) => {
            (Err(ErrorData::internal_error("the server lost the request: try it again", None)), Outcome::Error)
        }
    }
}

fn unreadable(error: &Error) -> ErrorData {
    let kind: ErrorKind = error.kind();
    ErrorData::internal_error(error.to_string(), Some(json!({ "kind": kind.as_str() })))
}

/// The text of which `name` is the percent-encoding.
fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Percent-encodes all but what an address may hold anywhere.
fn encode(name: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_places() {
        let words = |text: &str| Words::try_from(text.to_owned()).unwrap();
        for (uri, wanted) in [
            ("things:///list/inbox", Place::List(ListName::Inbox, 0)),
            ("things:///list/logbook?offset=1000", Place::List(ListName::Logbook, 1_000)),
            ("things:///list/projects", Place::Projects(0)),
            ("things:///list/areas", Place::Areas),
            ("things:///task/a%2Fb%F0%9F%9B%92", Place::Task("a/b🛒".to_owned())),
            ("things:///task/a/b", Place::Task("a/b".to_owned())),
            ("things:///area/Home%20office", Place::Area(words("Home office"), 0)),
            ("things:///tag/%00?offset=7", Place::Tag(words("\0"), 7)),
        ] {
            assert_eq!(place(uri), Some(wanted), "{uri}");
        }
    }

    #[test]
    fn other_addresses_name_nothing() {
        for uri in [
            "",
            "things:///",
            "things:///list",
            "things:///list/",
            "things:///list/Inbox",
            "things:///list/inbox?offset=-1",
            "things:///list/inbox?limit=5",
            "things:///list/areas?offset=1",
            "things:///task/",
            "things:///task/%",
            "things:///task/%G0",
            "things:///task/%FF",
            "things:///task/x?offset=1",
            "things://host/list/inbox",
            "file:///etc/passwd",
            "things:///../list/inbox",
        ] {
            assert_eq!(place(uri), None, "{uri}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["plain-1.0_~", "a b/c?d=e%", "🛒", "\0\n"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn every_listed_resource_is_a_place() {
        for resource in lists() {
            assert!(place(&resource.uri).is_some(), "{}", resource.uri);
        }
    }
}
