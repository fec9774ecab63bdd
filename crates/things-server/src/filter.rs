//! What clients may ask for, as JSON, and the store's query that it becomes.
//!
//! Each type refuses what it cannot mean while it is parsed, so that a wrong argument never reaches the database.

use crate::moment::Moment;
use rmcp::schemars::{self, JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use things_store::{AreaId, Date, Error, Kind, List, Query, Result, Store, TagId, TaskId};

/// A day, written as 2024-06-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
pub struct Day(pub Date);

impl TryFrom<Cow<'_, str>> for Day {
    type Error = things_store::ParseDateError;

    fn try_from(text: Cow<'_, str>) -> Result<Day, things_store::ParseDateError> {
        text.parse().map(Day)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.0.to_string()
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        })
    }
}

/// A text of at least one character.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Words(String);

impl Words {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Words {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Words, &'static str> {
        match text.is_empty() {
            true => Err("the text is empty: give at least one character"),
            false => Ok(Words(text)),
        }
    }
}

impl From<Words> for String {
    fn from(words: Words) -> String {
        words.0
    }
}

impl JsonSchema for Words {
    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// A list of the app's sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "rmcp::schemars", inline)]
pub enum ListName {
    /// Open to-dos that nobody has looked at yet.
    Inbox,
    /// Open, and started or due by today.
    Today,
    /// Open, with a start date after today.
    Upcoming,
    /// Open and startable.
    Anytime,
    /// Open, put off without a date.
    Someday,
    /// Completed or cancelled.
    Logbook,
    /// Thrown away.
    Trash,
}

impl ListName {
    /// Every list, in the sidebar's order.
    pub const ALL: [ListName; 7] = [
        ListName::Inbox,
        ListName::Today,
        ListName::Upcoming,
        ListName::Anytime,
        ListName::Someday,
        ListName::Logbook,
        ListName::Trash,
    ];

    /// Its name in requests and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            ListName::Inbox => "inbox",
            ListName::Today => "today",
            ListName::Upcoming => "upcoming",
            ListName::Anytime => "anytime",
            ListName::Someday => "someday",
            ListName::Logbook => "logbook",
            ListName::Trash => "trash",
        }
    }

    /// The list that requests call `name`; nothing for other spellings.
    pub fn named(name: &str) -> Option<ListName> {
        ListName::ALL.into_iter().find(|list| list.as_str() == name)
    }

    /// The store's list on the day `today`.
    pub fn on(self, today: Date) -> List {
        match self {
            ListName::Inbox => List::Inbox,
            ListName::Today => List::Today(today),
            ListName::Upcoming => List::Upcoming(today),
            ListName::Anytime => List::Anytime,
            ListName::Someday => List::Someday,
            ListName::Logbook => List::Logbook,
            ListName::Trash => List::Trash,
        }
    }
}

/// A kind of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "rmcp::schemars", inline)]
pub enum KindName {
    /// A thing to do.
    ToDo,
    /// A project, which holds to-dos and headings.
    Project,
    /// A heading within a project.
    Heading,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Kind {
        match name {
            KindName::ToDo => Kind::ToDo,
            KindName::Project => Kind::Project,
            KindName::Heading => Kind::Heading,
        }
    }
}

/// Which tasks. All conditions given must hold; without any it is every to-do and project that is not in the trash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(crate = "rmcp::schemars")]
pub struct Filter {
    /// Only tasks of this list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListName>,
    /// The day on which the lists `today` and `upcoming` turn. Default: the current day in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Day>,
    /// Only this kind. Headings are included only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindName>,
    /// Only tasks with this text in title or notes. ASCII letters match in either case; `%` and `_` are ordinary
    /// characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Words>,
    /// Only tasks that carry this tag, or one below it: its identifier or its exact title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Words>,
    /// Only tasks in this area, directly or through a project: its identifier or its exact title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Words>,
    /// Only tasks in the project with this identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Words>,
    /// Only open tasks with a deadline on this day or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_from: Option<Day>,
    /// Only open tasks with a deadline on this day or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_until: Option<Day>,
}

impl Filter {
    /// One list, on the current day.
    pub fn list(list: ListName) -> Filter {
        Filter { list: Some(list), ..Filter::default() }
    }

    /// The store's query.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuch`] for a tag or area that the database does not have, and any error of reading them.
    pub(crate) fn query(&self, store: &Store, moment: Moment) -> Result<Query> {
        let today = self.today.map_or(moment.today, |day| day.0);
        let mut query = match self.list {
            Some(list) => Query::list(list.on(today)),
            None => Query::all(),
        };
        if let Some(kind) = self.kind {
            query = query.kind(kind.into());
        }
        if let Some(text) = &self.text {
            query = query.text(text.as_str());
        }
        if let Some(tag) = &self.tag {
            query = query.tag(&tag_named(store, tag.as_str())?);
        }
        if let Some(area) = &self.area {
            query = query.area(&area_named(store, area.as_str())?);
        }
        if let Some(project) = &self.project {
            query = query.project(&TaskId::from(project.as_str()));
        }
        if self.due_from.is_some() || self.due_until.is_some() {
            query = query.due(self.due_from.map(|day| day.0), self.due_until.map(|day| day.0));
        }
        Ok(query)
    }
}

/// The tag with that identifier, otherwise the first one with that title.
fn tag_named(store: &Store, name: &str) -> Result<TagId> {
    let tags = store.tags()?;
    let found = tags.iter().find(|tag| tag.id.as_str() == name).or_else(|| tags.iter().find(|tag| tag.title == name));
    found.map(|tag| tag.id.clone()).ok_or_else(|| Error::NoSuch { what: "tag", id: name.to_owned() })
}

/// The area with that identifier, otherwise the first one with that title.
fn area_named(store: &Store, name: &str) -> Result<AreaId> {
    let areas = store.areas()?;
    let by_id = areas.iter().find(|area| area.id.as_str() == name);
    let found = by_id.or_else(|| areas.iter().find(|area| area.title == name));
    found.map(|area| area.id.clone()).ok_or_else(|| Error::NoSuch { what: "area", id: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, why: &str) {
        let error = serde_json::from_str::<Filter>(json).expect_err(json).to_string();
        assert!(error.contains(why), "{json}: {error}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        refused(r#"{"list":"inboxes"}"#, "unknown variant `inboxes`, expected one of `inbox`");
        refused(r#"{"today":"12.6.2024"}"#, "is no date: write it as");
        refused(r#"{"today":"2023-02-29"}"#, "is no date");
        refused(r#"{"today":20240612}"#, "expected");
        refused(r#"{"text":""}"#, "at least one character");
        refused(r#"{"lists":"inbox"}"#, "unknown field `lists`");
        refused(r#"{"kind":"todo"}"#, "unknown variant `todo`");
    }

    #[test]
    fn a_filter_survives_its_own_json() {
        let json =
            r#"{"list":"upcoming","today":"2024-06-12","kind":"to-do","text":"🛒\u0000","due_until":"9999-12-31"}"#;
        let filter: Filter = serde_json::from_str(json).unwrap();
        assert_eq!(filter.text.as_ref().unwrap().as_str(), "🛒\0");
        let again = serde_json::to_string(&filter).unwrap();
        assert_eq!(serde_json::from_str::<Filter>(&again).unwrap(), filter);
        assert_eq!(serde_json::to_string(&Filter::default()).unwrap(), "{}");
    }

    #[test]
    fn every_list_has_its_name() {
        for list in ListName::ALL {
            assert_eq!(ListName::named(list.as_str()), Some(list));
            assert_eq!(serde_json::to_string(&list).unwrap(), format!("\"{}\"", list.as_str()));
        }
        assert_eq!(ListName::named("Inbox"), None);
    }
}
