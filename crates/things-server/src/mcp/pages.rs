//! Reading part of a list, in memory that does not grow with the list or with the length of its notes.

use super::arguments::Part;
use crate::answer::{all, TaskAnswer, TaskDetails, TaskPage};
use things_store::{Error, Query, Result, Store, Task, TaskId};

/// A page ends after the task with which its titles and notes reach this many bytes.
const MOST_BYTES: usize = 1 << 20;

/// The tasks of `query` in `part`, and how many there are, of one state of the database.
pub(super) fn page(store: &Store, query: Query, part: Part) -> Result<TaskPage> {
    let snapshot = store.snapshot()?;
    let total = snapshot.count(&query)?;
    let wanted = query.limit(part.offset.saturating_add(part.limit.0));
    let mut stream = snapshot.stream(&wanted)?;
    let tasks = stream.tasks()?;
    collect(tasks, total, part)
}

/// The open projects in `part`.
pub(super) fn projects(store: &Store, part: Part) -> Result<TaskPage> {
    let projects = store.projects()?;
    let total = projects.len() as u64;
    collect(projects.into_iter().map(Ok), total, part)
}

fn collect(tasks: impl Iterator<Item = Result<Task>>, total: u64, part: Part) -> Result<TaskPage> {
    let Part { limit, offset } = part;
    let (mut given, mut bytes, mut place) = (Vec::new(), 0, 0_u32);
    for task in tasks {
        // Before it is skipped: an error ends the list wherever it occurs.
        let task = task?;
        place = place.saturating_add(1);
        if place <= offset {
            continue;
        }
        bytes += task.title.len() + task.notes.len();
        given.push(TaskAnswer::from(task));
        if bytes >= MOST_BYTES || given.len() >= limit.0 as usize {
            break;
        }
    }
    let end = u64::from(offset) + given.len() as u64;
    let next_offset = u32::try_from(end).ok().filter(|_| !given.is_empty() && end < total);
    Ok(TaskPage { tasks: given, total, offset, next_offset })
}

/// The task with its tags and checklist, of one state of the database.
pub(super) fn details(store: &Store, id: &str) -> Result<TaskDetails> {
    let id = TaskId::from(id);
    let snapshot = store.snapshot()?;
    let task = snapshot.task(&id)?.ok_or_else(|| Error::NoSuch { what: "task", id: id.to_string() })?;
    Ok(TaskDetails { task: task.into(), tags: all(snapshot.tags_of(&id)?), checklist: all(snapshot.checklist(&id)?) })
}

/// Refuses what is not an existing task of the kind `what` says, so that an empty list means an empty list.
pub(super) fn existing(store: &Store, what: &'static str, id: &str, right: fn(&Task) -> bool) -> Result<TaskId> {
    let id = TaskId::from(id);
    match store.task(&id)? {
        Some(task) if right(&task) => Ok(id),
        _ => Err(Error::NoSuch { what, id: id.to_string() }),
    }
}
