//! Applies a batch in one transaction.
//!
//! Refusals, the order of changes and the recounting go through [`Tables`], so they are tested without a
//! database.

use crate::batch::{allowed, Applied, Batch, Change, Destination};
use crate::change_sql;
use crate::error::{Error, Result};
use crate::model::{AreaId, Kind, TaskId};
use crate::query::Sql;
use crate::schema;
use crate::vintage::Vintage;
use rusqlite::{params_from_iter, Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::collections::BTreeSet;

/// Makes all changes of `batch` or none, if `check` of the state that they are made to is fine. One attempt: the caller
/// waits for locks and tries again.
///
/// What `before_commit` makes of the changed tables is returned after the commit, and dropped if that fails.
pub(crate) fn apply<P>(
    connection: &Connection,
    vintage: Vintage,
    batch: &Batch,
    check: impl FnOnce(&Connection) -> Result<()>,
    before_commit: impl FnOnce(&Connection) -> Result<P>,
) -> Result<(Applied, P)> {
    // IMMEDIATE takes the write lock now, so that no change is made that could not be committed.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(Error::sqlite)?;
    check(&transaction)?;
    let tasks = change_all(&Open { connection: &transaction, vintage }, vintage, batch)?;
    let prepared = before_commit(&transaction)?;
    transaction.commit().map_err(Error::sqlite)?;
    Ok((Applied { changes: batch.len(), tasks }, prepared))
}

/// The database operations that a batch needs.
trait Tables {
    /// The row of a task.
    fn find(&self, task: &TaskId) -> Result<Option<Found>>;

    /// Whether there is such an area.
    fn has_area(&self, area: &AreaId) -> Result<bool>;

    /// Runs a statement that changes rows, and says how many.
    fn run(&self, sql: &Sql) -> Result<usize>;
}

/// The state of a task before it is changed.
#[derive(Clone, Debug)]
struct Found {
    kind: Kind,
    template: bool,
    /// The project it is in, directly or under a heading.
    project: Option<String>,
}

/// Returns how many rows of `TMTask` were changed. After an error the caller rolls back.
fn change_all(tables: &dyn Tables, vintage: Vintage, batch: &Batch) -> Result<usize> {
    let mut tasks = 0_usize;
    let mut projects = BTreeSet::new();
    for (task, change) in &batch.changes {
        let before = tables.find(task)?.ok_or_else(|| no_such("task", task.as_str()))?;
        check(tables, task, &before, change)?;
        let mut changed = 0;
        for sql in change_sql::statements(task, change, batch, vintage) {
            changed = tables.run(&sql)?;
        }
        // The last statement is the one on `TMTask`.
        tasks = tasks.saturating_add(changed);
        let after = tables.find(task)?.and_then(|found| found.project);
        projects.insert(task.as_str().to_owned());
        projects.extend(before.project.into_iter().chain(after));
    }
    for project in &projects {
        tables.run(&Sql::fixed(&change_sql::recount(vintage)).with(project))?;
    }
    Ok(tasks)
}

fn check(tables: &dyn Tables, task: &TaskId, found: &Found, change: &Change) -> Result<()> {
    let refuse = |why| Error::NotAllowed { id: task.to_string(), why };
    if found.template {
        return Err(refuse("it is a repeating template: change it in Things 3"));
    }
    allowed(found.kind, change).map_err(refuse)?;
    let (what, kind, id) = match change {
        Change::Move(Destination::Area(id)) => {
            return match tables.has_area(id)? {
                true => Ok(()),
                false => Err(no_such("area", id.as_str())),
            };
        }
        Change::Move(Destination::Project(id)) => ("project", Kind::Project, id),
        Change::Move(Destination::Heading(id)) => ("heading", Kind::Heading, id),
        _ => return Ok(()),
    };
    match tables.find(id)? {
        Some(destination) if destination.template => {
            Err(refuse("its new project is a repeating template: choose another"))
        }
        Some(destination) if destination.kind == kind => Ok(()),
        _ => Err(no_such(what, id.as_str())),
    }
}

fn no_such(what: &'static str, id: &str) -> Error {
    Error::NoSuch { what, id: id.to_owned() }
}

/// The tables of an open database.
struct Open<'c> {
    connection: &'c Connection,
    vintage: Vintage,
}

impl Tables for Open<'_> {
    fn find(&self, task: &TaskId) -> Result<Option<Found>> {
        let names = schema::columns(self.vintage);
        let text = format!(
            "SELECT t.\"type\", t.\"{rule}\" IS NOT NULL, coalesce(h.\"project\", t.\"project\") \
             FROM \"TMTask\" t LEFT JOIN \"TMTask\" h ON h.\"uuid\" = t.\"{heading}\" WHERE t.\"uuid\" = ?1",
            rule = names.recurrence_rule,
            heading = names.heading,
        );
        let mut statement = self.connection.prepare_cached(&text).map_err(Error::sqlite)?;
        let row = statement
            .query_row([task.as_str()], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get(1)?, row.get(2)?)))
            .optional()
            .map_err(Error::sqlite)?;
        let Some((code, template, project)) = row else {
            return Ok(None);
        };
        let code = code.unwrap_or(0);
        let kind = Kind::from_code(code)
            .ok_or_else(|| Error::BadValue { column: "TMTask.type".to_owned(), found: code.to_string() })?;
        Ok(Some(Found { kind, template, project }))
    }

    fn has_area(&self, area: &AreaId) -> Result<bool> {
        let text = "SELECT 1 FROM \"TMArea\" WHERE \"uuid\" = ?1";
        let mut statement = self.connection.prepare_cached(text).map_err(Error::sqlite)?;
        statement.exists([area.as_str()]).map_err(Error::sqlite)
    }

    fn run(&self, sql: &Sql) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(Error::sqlite)?;
        statement.execute(params_from_iter(&sql.params)).map_err(Error::sqlite)
    }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
