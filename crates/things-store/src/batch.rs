//! Changes as a value: what shall happen to which task, before anything happens.
//!
//! Pure. `Store::apply` carries a batch out in one transaction; because the batch is only read, it can be
//! tried again from the start when somebody else holds the lock.

use crate::date::Date;
use crate::model::{AreaId, Kind, TaskId};
use crate::timestamp::Timestamp;

/// Where a task is moved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The inbox. Start date, reminder, area, project and heading are taken away. To-dos only.
    Inbox,
    /// An area. To-dos and projects.
    Area(AreaId),
    /// A project. To-dos and headings.
    Project(TaskId),
    /// A heading of a project. To-dos only.
    Heading(TaskId),
    /// No area, project or heading. To-dos and projects.
    Loose,
}

/// When a task shall start.
///
/// A reminder is a time on the start date: it goes when the date goes, and stays where there is a new date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Any time, without a start date and without a reminder.
    Anytime,
    /// Some day, without a start date and without a reminder.
    Someday,
    /// On a day: in Today if that is the batch's today or earlier, otherwise in Upcoming.
    On(Date),
    /// On the batch's today, in the evening.
    ThisEvening,
}

/// What happens to one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Completes it, including the open to-dos in a project or heading.
    Complete,
    /// Cancels it, including the open to-dos in a project or heading.
    Cancel,
    /// Makes it incomplete again. Its contents do not change.
    Reopen,
    /// Moves it. What leaves the inbox starts any time.
    Move(Destination),
    /// Changes when it starts. To-dos and projects.
    Schedule(When),
    /// Sets or takes away the deadline. To-dos and projects.
    Deadline(Option<Date>),
    /// Puts it into the trash.
    Trash,
    /// Takes it out of the trash.
    Restore,
    /// Removes it for ever, with all that is in it and its checklist, and leaves the tombstones that syncing
    /// needs.
    Delete,
}

/// Changes to be made together: all of them, or none.
///
/// ```
/// use things_store::{Batch, Change, TaskId, Timestamp};
///
/// let now = Timestamp::from_unix_seconds(1_718_184_600.0).unwrap();
/// let batch = Batch::new(now, now.date_utc())
///     .change(&TaskId::from("RhAzEf6qDxCD5PmnZVtBZR"), Change::Complete)
///     .change(&TaskId::from("8mEdTY1VZcHtvNLc6Njgxb"), Change::Deadline(None));
/// assert_eq!(batch.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub(crate) now: Timestamp,
    pub(crate) today: Date,
    pub(crate) changes: Vec<(TaskId, Change)>,
}

impl Batch {
    /// An empty batch. `now` is written as the time of completion, change and deletion; `today`, the day on
    /// the user's own wall, decides whether a start date lies in Today or Upcoming.
    pub fn new(now: Timestamp, today: Date) -> Batch {
        Batch { now, today, changes: Vec::new() }
    }

    /// Adds one change. They are made in the order in which they were added.
    pub fn change(mut self, task: &TaskId, change: Change) -> Batch {
        self.changes.push((task.clone(), change));
        self
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Extend<(TaskId, Change)> for Batch {
    fn extend<T: IntoIterator<Item = (TaskId, Change)>>(&mut self, changes: T) {
        self.changes.extend(changes);
    }
}

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Changes made, which is all of the batch.
    pub changes: usize,
    /// Rows of `TMTask` changed or removed, those in projects included.
    pub tasks: usize,
}

/// Whether `change` makes sense for a task of `kind`; if not, why not.
pub(crate) fn allowed(kind: Kind, change: &Change) -> Result<(), &'static str> {
    match (kind, change) {
        (Kind::Project, Change::Move(Destination::Inbox)) => {
            Err("a project cannot be in the inbox: move it to an area")
        }
        (Kind::Project, Change::Move(Destination::Project(_) | Destination::Heading(_))) => {
            Err("a project cannot be in a project: move it to an area")
        }
        (
            Kind::Heading,
            Change::Move(Destination::Inbox | Destination::Area(_) | Destination::Heading(_) | Destination::Loose),
        ) => Err("a heading is always in a project: move it to a project"),
        (Kind::Heading, Change::Schedule(_) | Change::Deadline(_)) => {
            Err("a heading has no dates: change its project's")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_keep_their_order() {
        let now = Timestamp::from_unix_seconds(0.0).unwrap();
        let (a, b) = (TaskId::from("a"), TaskId::from("b"));
        let mut batch = Batch::new(now, now.date_utc());
        assert!(batch.is_empty());
        batch = batch.change(&b, Change::Trash).change(&a, Change::Delete);
        batch.extend([(b.clone(), Change::Restore)]);
        assert_eq!(batch.len(), 3);
        let order = [(b.clone(), Change::Trash), (a, Change::Delete), (b, Change::Restore)];
        assert_eq!(batch.changes, order);
    }

    #[test]
    fn each_kind_has_places_it_cannot_be_in() {
        let area = Destination::Area(AreaId::from("a"));
        let project = Destination::Project(TaskId::from("p"));
        let heading = Destination::Heading(TaskId::from("h"));
        for (kind, destination, fine) in [
            (Kind::ToDo, &Destination::Inbox, true),
            (Kind::ToDo, &area, true),
            (Kind::ToDo, &project, true),
            (Kind::ToDo, &heading, true),
            (Kind::ToDo, &Destination::Loose, true),
            (Kind::Project, &Destination::Inbox, false),
            (Kind::Project, &area, true),
            (Kind::Project, &project, false),
            (Kind::Project, &heading, false),
            (Kind::Project, &Destination::Loose, true),
            (Kind::Heading, &Destination::Inbox, false),
            (Kind::Heading, &area, false),
            (Kind::Heading, &project, true),
            (Kind::Heading, &heading, false),
            (Kind::Heading, &Destination::Loose, false),
        ] {
            let change = Change::Move(destination.clone());
            assert_eq!(allowed(kind, &change).is_ok(), fine, "{kind:?} {change:?}");
        }
    }

    #[test]
    fn headings_have_no_dates() {
        for change in [Change::Deadline(None), Change::Schedule(When::Someday)] {
            assert!(allowed(Kind::Heading, &change).is_err());
            assert!(allowed(Kind::ToDo, &change).is_ok());
            assert!(allowed(Kind::Project, &change).is_ok());
        }
        assert!(allowed(Kind::Heading, &Change::Delete).is_ok());
    }
}
