//! How many bytes of memory a value holds on to.

use crate::model::Task;
use std::mem::size_of;

/// The bytes of `task` outside of the value itself.
fn beyond(task: &Task) -> usize {
    let Task { id, title, notes, area, project, heading, repeats_from, .. } = task;
    let reference = |id: Option<&str>| id.map_or(0, str::len);
    id.as_str().len()
        + title.capacity()
        + notes.capacity()
        + reference(area.as_ref().map(|id| id.as_str()))
        + reference(project.as_ref().map(|id| id.as_str()))
        + reference(heading.as_ref().map(|id| id.as_str()))
        + reference(repeats_from.as_ref().map(|id| id.as_str()))
}

/// The bytes of `task` with everything that it points to.
pub(crate) fn of_task(task: &Task) -> usize {
    size_of::<Task>() + beyond(task)
}

#[cfg(feature = "cache")]
/// The bytes of `tasks` in one piece of memory, with everything that they point to.
pub(crate) fn of_tasks(tasks: &[Task]) -> usize {
    tasks.iter().map(of_task).sum()
}
