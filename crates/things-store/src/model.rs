//! What is in a Things database, as types: tasks, areas, tags, checklist items.
//!
//! Pure data, the same for every vintage.

use crate::date::{Date, TimeOfDay};
use crate::timestamp::Timestamp;
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as text, as the `uuid` column has it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(uuid: String) -> $name {
                $name(uuid.into())
            }
        }

        impl From<&str> for $name {
            fn from(uuid: &str) -> $name {
                $name(uuid.into())
            }
        }

        impl From<Box<str>> for $name {
            fn from(uuid: Box<str>) -> $name {
                $name(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// Identifies a row of `TMTask`: a to-do, a project or a heading.
    TaskId,
    /// Identifies an area.
    AreaId,
    /// Identifies a tag.
    TagId,
    /// Identifies a checklist item.
    ChecklistItemId,
}

/// What a row of `TMTask` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A thing to do.
    ToDo,
    /// A project, which holds to-dos and headings.
    Project,
    /// A heading within a project.
    Heading,
}

/// How far a task or checklist item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Still open.
    Incomplete,
    /// Given up.
    Cancelled,
    /// Done.
    Completed,
}

/// Where a task waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// Not looked at yet.
    Inbox,
    /// To be done when there is time, or today once the start date has come.
    Anytime,
    /// Not now: without a start date some day, with one upcoming.
    Someday,
}

impl Kind {
    /// The number in `TMTask.type`.
    pub(crate) fn code(self) -> i64 {
        match self {
            Kind::ToDo => 0,
            Kind::Project => 1,
            Kind::Heading => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Kind> {
        match code {
            0 => Some(Kind::ToDo),
            1 => Some(Kind::Project),
            2 => Some(Kind::Heading),
            _ => None,
        }
    }
}

impl Status {
    /// The number in `TMTask.status` and `TMChecklistItem.status`.
    pub(crate) fn code(self) -> i64 {
        match self {
            Status::Incomplete => 0,
            Status::Cancelled => 2,
            Status::Completed => 3,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Status> {
        match code {
            0 => Some(Status::Incomplete),
            2 => Some(Status::Cancelled),
            3 => Some(Status::Completed),
            _ => None,
        }
    }
}

impl Start {
    /// The number in `TMTask.start`.
    pub(crate) fn code(self) -> i64 {
        match self {
            Start::Inbox => 0,
            Start::Anytime => 1,
            Start::Someday => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Start> {
        match code {
            0 => Some(Start::Inbox),
            1 => Some(Start::Anytime),
            2 => Some(Start::Someday),
            _ => None,
        }
    }
}

/// A to-do, a project or a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Its identifier.
    pub id: TaskId,
    /// To-do, project or heading.
    pub kind: Kind,
    /// Incomplete, cancelled or completed.
    pub status: Status,
    /// Whether it lies in the trash itself. A to-do in a trashed project does not.
    pub trashed: bool,
    /// The title, possibly empty.
    pub title: String,
    /// The notes, possibly empty.
    pub notes: String,
    /// Inbox, anytime or someday.
    pub start: Start,
    /// The day it starts.
    pub start_date: Option<Date>,
    /// Whether it belongs to the evening of its start date.
    pub evening: bool,
    /// When to remind, on the start date, on the wall clock.
    pub reminder: Option<TimeOfDay>,
    /// The day it must be done by.
    pub deadline: Option<Date>,
    /// When it was completed or cancelled.
    pub stopped: Option<Timestamp>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was last changed by its user.
    pub modified: Option<Timestamp>,
    /// The area it is directly in.
    pub area: Option<AreaId>,
    /// The project it is in, directly or through a heading.
    pub project: Option<TaskId>,
    /// The heading it is under.
    pub heading: Option<TaskId>,
    /// The repeating template that it was made from.
    pub repeats_from: Option<TaskId>,
    /// Its place in its list; lower is higher up.
    pub index: i64,
    /// Its place in Today; lower is higher up.
    pub today_index: i64,
    /// How many checklist items it has.
    pub checklist_items: i64,
    /// How many of them are open.
    pub open_checklist_items: i64,
}

/// The part of a [`Task`] that a list shows, for those who do not need the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Its identifier.
    pub id: TaskId,
    /// To-do, project or heading.
    pub kind: Kind,
    /// Incomplete, cancelled or completed.
    pub status: Status,
    /// Whether it lies in the trash itself.
    pub trashed: bool,
    /// The title, possibly empty.
    pub title: String,
    /// Inbox, anytime or someday.
    pub start: Start,
    /// The day it starts.
    pub start_date: Option<Date>,
    /// The day it must be done by.
    pub deadline: Option<Date>,
}

/// An area of responsibility.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Area {
    /// Its identifier.
    pub id: AreaId,
    /// Possibly empty.
    pub title: String,
    /// Whether the app shows it.
    pub visible: bool,
    /// Its place among the areas; lower is higher up.
    pub index: i64,
}

/// A tag, possibly below another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tag {
    /// Its identifier.
    pub id: TagId,
    /// Possibly empty.
    pub title: String,
    /// The key that sets it.
    pub shortcut: Option<String>,
    /// The tag above it.
    pub parent: Option<TagId>,
    /// Its place among the tags; lower is higher up.
    pub index: i64,
}

/// A line of a to-do's checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChecklistItem {
    /// Its identifier.
    pub id: ChecklistItemId,
    /// The to-do it belongs to.
    pub task: TaskId,
    /// Possibly empty.
    pub title: String,
    /// Incomplete, cancelled or completed.
    pub status: Status,
    /// When it was completed or cancelled.
    pub stopped: Option<Timestamp>,
    /// Its place in the checklist; lower is higher up.
    pub index: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_app() {
        assert_eq!(
            [0, 1, 2, 3].map(Kind::from_code),
            [Some(Kind::ToDo), Some(Kind::Project), Some(Kind::Heading), None]
        );
        assert_eq!(
            [0, 1, 2, 3].map(Status::from_code),
            [Some(Status::Incomplete), None, Some(Status::Cancelled), Some(Status::Completed)]
        );
        assert_eq!(
            [0, 1, 2, -1].map(Start::from_code),
            [Some(Start::Inbox), Some(Start::Anytime), Some(Start::Someday), None]
        );
    }

    #[test]
    fn codes_are_read_as_they_are_written() {
        for kind in [Kind::ToDo, Kind::Project, Kind::Heading] {
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
        }
        for status in [Status::Incomplete, Status::Cancelled, Status::Completed] {
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        for start in [Start::Inbox, Start::Anytime, Start::Someday] {
            assert_eq!(Start::from_code(start.code()), Some(start));
        }
    }

    #[test]
    fn identifiers_are_their_text() {
        let id = TaskId::from("RhAzEf6qDxCD5PmnZVtBZR");
        assert_eq!(id.to_string(), id.as_str());
        assert_eq!(id, TaskId::from(String::from("RhAzEf6qDxCD5PmnZVtBZR")));
    }
}
